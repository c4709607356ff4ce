//! Speed and altitude profile: does the track fly as this row would?
//!
//! *World*: nothing is drawn here; what the ID source reads are the tracker's own estimates, with their errors.
//!
//! *Belief*: by row k, speed v (m/s) and altitude h (m) are independent Gaussians:
//! ln L = -((v - mean_v)^2 / sigma_v^2 + (h - mean_h)^2 / sigma_h^2) / 2 - ln(sigma_v sigma_h). The sigmas hold the
//! spread of the type and the error of the estimate together. A dimension that the row does not state, or a speed that
//! is not yet estimated, would bias rows against each other; so every row states both, and without a speed the ID source is
//! silent.
//!
//! Fails by: an aircraft off its usual profile, noisy estimates, look-alike profiles. The tails of a Gaussian are thin: a
//! single estimate far out can outweigh every other ID source, which is why the default reliability is .9 and not 1.
//! Source: Gaussian class-conditional densities, R. O. Duda, P. E. Hart and D. G. Stork, "Pattern Classification" (2001).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Belief, Heard, IdSource, IdSourceScene, Reading, Said, Surroundings, Trust};
use crate::identification::faults::Faults;
use crate::identification::{IdentificationSpec, MAX_ROWS};
use crate::units::Millis;

/// Speed and altitude profile: what the site expects of each row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSpec {
    /// Belief: what is expected, by row of the class's matrix; every row must be there.
    pub rows: BTreeMap<String, ProfileRow>,
    /// Belief: how far the site trusts the ID source, 0 not at all, 1 as the densities say.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
    /// Belief: age at which the latest estimate counts no more, s; it fades linearly until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub max_age_s: Option<f64>,
}

fn mostly() -> f64 {
    0.9
}

/// What a site expects of the flight of one row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileRow {
    /// Mean ground speed, m/s.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub speed_mps: f64,
    /// Its standard deviation, m/s.
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub speed_sigma_mps: f64,
    /// Mean altitude, m above ground.
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub altitude_m: f64,
    /// Its standard deviation, m.
    #[schemars(range(min = 0.1, max = 40_000.0))]
    pub altitude_sigma_m: f64,
}

/// What the ID source reads off a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::identification) struct Estimate {
    /// Ground speed, m/s.
    pub(super) speed_mps: f64,
    /// Altitude, m.
    pub(super) altitude_m: f64,
}

impl Estimate {
    /// As the ledger writes it: speed and altitude in whole m/s and m.
    pub(super) fn code(&self) -> String {
        format!("{:.0}mps_{:.0}m", self.speed_mps, self.altitude_m)
    }
}

/// The track's speed and altitude, once both are estimated.
pub(super) fn estimate(scene: &IdSourceScene) -> Option<Estimate> {
    let altitude_m = scene.place.z;
    let speed_mps = scene.speed_mps?;
    (speed_mps.is_finite() && altitude_m.is_finite()).then_some(Estimate {
        speed_mps,
        altitude_m,
    })
}

/// The ID source, ready to use.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub reliability: f64,
    pub max_age_s: Option<f64>,
    rows: Vec<Option<ProfileRow>>,
}

impl Profile {
    pub(super) fn new(spec: &ProfileSpec, rows: &[String]) -> Profile {
        let expected = rows.iter().take(MAX_ROWS).map(|row| spec.rows.get(row));
        Profile {
            reliability: spec.reliability,
            max_age_s: spec.max_age_s,
            rows: expected.map(|row| row.copied()).collect(),
        }
    }

    /// Belief: ln L of an estimate by row, up to a constant.
    pub(super) fn ln_likelihood(&self, estimate: Estimate) -> ([f64; MAX_ROWS], usize) {
        let mut ln = [f64::NEG_INFINITY; MAX_ROWS];
        for (ln, row) in ln.iter_mut().zip(&self.rows) {
            let Some(row) = row else { continue };
            let off_speed = (estimate.speed_mps - row.speed_mps) / row.speed_sigma_mps;
            let off_altitude = (estimate.altitude_m - row.altitude_m) / row.altitude_sigma_m;
            *ln = -0.5 * (off_speed * off_speed + off_altitude * off_altitude)
                - libm::log(row.speed_sigma_mps * row.altitude_sigma_m);
        }
        (ln, self.rows.len())
    }
}

impl IdSource for Profile {
    type Latest = Option<Reading<Estimate>>;

    fn of(class: &IdentificationSpec, surroundings: Surroundings<'_>) -> Option<Profile> {
        let spec = class.profile.as_ref()?;
        Some(Profile::new(spec, surroundings.rows))
    }

    fn counts_as(class: &IdentificationSpec) -> u32 {
        u32::from(class.profile.is_some())
    }

    fn look(&self, latest: &mut Self::Latest, _: &Faults, scene: &IdSourceScene) {
        let now = estimate(scene).map(|said| Reading::new(said, scene.time));
        *latest = now.or(*latest);
    }

    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        if let Some(reading) = latest {
            let belief = Belief::Rows(self.ln_likelihood(reading.said));
            let said = Said::Estimate(reading.said);
            let trust = Trust::of(self.reliability, self.max_age_s, reading, time);
            tell(Heard::new("profile", said, belief, trust));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::id_sources::tests::{AFFILIATIONS, decides_alone, scene, streams};
    use crate::platform::Equipment;
    use crate::record::Affiliation;

    /// Friends at 85 m/s and 6000 m, neutrals at 200 m/s and 10 km, hostiles at 40 m/s and 3000 m.
    fn spec(reliability: f64) -> ProfileSpec {
        let row = |speed_mps, altitude_m| ProfileRow {
            speed_mps,
            speed_sigma_mps: 10.0,
            altitude_m,
            altitude_sigma_m: 1000.0,
        };
        let rows = [row(85.0, 6000.0), row(200.0, 10_000.0), row(40.0, 3000.0)];
        ProfileSpec {
            rows: AFFILIATIONS
                .map(str::to_owned)
                .into_iter()
                .zip(rows)
                .collect(),
            reliability,
            max_age_s: None,
        }
    }

    #[test]
    fn a_slow_low_neutral_is_taken_for_hostile_and_a_fast_high_one_is_not() {
        let (streams, equipment) = (streams(1), Equipment::default());
        let slow = scene(&streams, &equipment, Affiliation::Neutral);
        let mut fast = slow;
        (fast.speed_mps, fast.place.z) = (Some(200.0), 10_000.0);
        decides_alone(|class| class.profile = Some(spec(1.0)), &[], &slow, &fast);
    }

    /// One sigma off in each dimension costs a factor e; a wider row is less sure by its area.
    #[test]
    fn the_likelihood_is_the_gaussian_density() {
        let mut spec = spec(1.0);
        if let Some(row) = spec.rows.get_mut("friend") {
            (row.speed_sigma_mps, row.altitude_sigma_m) = (20.0, 2000.0);
        }
        let id_source = Profile::new(&spec, &AFFILIATIONS.map(str::to_owned));
        let at = |speed_mps, altitude_m| {
            id_source
                .ln_likelihood(Estimate {
                    speed_mps,
                    altitude_m,
                })
                .0
        };
        assert!((at(40.0, 3000.0)[2] - at(50.0, 4000.0)[2] - 1.0).abs() < 1e-12);
        let wider = at(40.0, 3000.0)[2] - at(85.0, 6000.0)[0];
        assert!((wider - libm::log(4.0)).abs() < 1e-12);
    }

    #[test]
    fn without_a_speed_there_is_no_estimate() {
        let (streams, equipment) = (streams(1), Equipment::default());
        let mut scene = scene(&streams, &equipment, Affiliation::Neutral);
        assert_eq!(
            estimate(&scene).map(|one| one.code()),
            Some("50mps_3000m".to_owned())
        );
        scene.speed_mps = None;
        assert_eq!(estimate(&scene), None);
    }
}
