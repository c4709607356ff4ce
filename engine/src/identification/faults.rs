//! Common-cause faults: what all looks of a site within an hour share.
//!
//! *World*: in every hour of the UTC clock each kind of fault is there or not, one draw per site and hour, so looks
//! within the hour fail together and hours fail independently. n looks with fault probability f in one hour see the
//! fault with probability f and not 1 - (1 - f)^n; the number of looks lost has variance n^2 f (1 - f) and not
//! n f (1 - f). The key of the day ([`super::id_sources::iff`]) is common to a side and a day in the same way, the operator's
//! expectancy ([`super::operator`]) to all tracks after an alert.
//!
//! Kinds: the IFF interrogator gets no reply; the transponder receiver gets no code; haze hides everything from the
//! optics; the radar is misaligned: every bearing it measures is off by `bearing_deg`. 105 degrees at 20 km moves a plot
//! by 2 R sin(105/2 deg) = 31.7 km.
//!
//! *Belief*: none. The crew does not know; reliability below 1 is how it can allow for faults it cannot see.
//!
//! Assumes that faults begin and end on the hour and have no memory.
//! Source: the misaligned radar of 8 January 2020 (flight PS752), final report of the AAIB of Iran (15 March 2021); common-cause
//! failure: NUREG/CR-4780 (beta factor).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id_sources::optical::contrast_left;
use crate::ids::Key;
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Faults that all looks of a site within an hour share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultsSpec {
    /// Probability that the IFF interrogator of a site is faulty in an hour: nobody answers.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub interrogator_per_hour: f64,
    /// Probability that the transponder receiver of a site is down in an hour: nobody is heard.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub receiver_per_hour: f64,
    /// Probability that a site's hour is hazy: optics see as `haze_visibility_km` says.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub haze_per_hour: f64,
    /// Meteorological visibility in such hours, km; without it optics see nothing in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 300.0))]
    pub haze_visibility_km: Option<f64>,
    /// A radar that is not aligned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misalignment: Option<MisalignmentSpec>,
}

/// A radar that is not aligned to north.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MisalignmentSpec {
    /// Probability that a site's radar is misaligned in an hour.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability_per_hour: f64,
    /// By how much it then adds to every bearing, degrees clockwise.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub bearing_deg: f64,
}

/// The faults of a class, ready to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    spec: FaultsSpec,
    start_of_day_ms: i64,
}

impl Faults {
    /// Faults of a scenario that starts so long after UTC midnight.
    pub fn new(spec: FaultsSpec, start_of_day_s: f64) -> Faults {
        Faults {
            spec,
            start_of_day_ms: Millis::from_seconds(start_of_day_s).0,
        }
    }

    /// Whether a site's radar may be misaligned.
    pub fn misaligns(&self) -> bool {
        let probability = |fault: &MisalignmentSpec| fault.probability_per_hour;
        self.spec
            .misalignment
            .as_ref()
            .is_some_and(|fault| probability(fault) > 0.0)
    }

    /// What the site's radar adds to every bearing it measures now, degrees clockwise; 0 when it is aligned.
    pub fn bearing_bias_deg(&self, streams: &Streams, site_key: Key, time: Millis) -> f64 {
        let Some(misalignment) = self.spec.misalignment else {
            return 0.0;
        };
        let probability = misalignment.probability_per_hour;
        if self.strikes(Purpose::Misalignment, probability, streams, site_key, time) {
            misalignment.bearing_deg
        } else {
            0.0
        }
    }

    /// Whether the site's interrogator is faulty now.
    pub(super) fn interrogator_down(&self, streams: &Streams, site_key: Key, time: Millis) -> bool {
        let probability = self.spec.interrogator_per_hour;
        self.strikes(
            Purpose::InterrogatorFault,
            probability,
            streams,
            site_key,
            time,
        )
    }

    /// Whether the site's transponder receiver is down now.
    pub(super) fn receiver_down(&self, streams: &Streams, site_key: Key, time: Millis) -> bool {
        let probability = self.spec.receiver_per_hour;
        self.strikes(
            Purpose::TransponderReply,
            probability,
            streams,
            site_key,
            time,
        )
    }

    /// What haze leaves of the chance that the site's optics make something out at a slant range now.
    pub(super) fn haze(&self, streams: &Streams, site_key: Key, time: Millis, range_m: f64) -> f64 {
        let visibility_km = self.spec.haze_visibility_km;
        let left = |visibility_km| contrast_left(range_m, visibility_km);
        if self.hazy(streams, site_key, time) {
            visibility_km.map_or(0.0, left)
        } else {
            1.0
        }
    }

    /// Whether the site's hour is hazy now.
    pub fn hazy(&self, streams: &Streams, site_key: Key, time: Millis) -> bool {
        let probability = self.spec.haze_per_hour;
        self.strikes(Purpose::Optical, probability, streams, site_key, time)
    }

    /// Days of the UTC clock since the one on which the scenario started.
    pub(super) fn day(&self, time: Millis) -> u64 {
        self.clock_ms(time).div_euclid(DAY_MS) as u64
    }

    /// Time of day, UTC hours.
    pub(super) fn hour_of_day(&self, time: Millis) -> f64 {
        Millis(self.clock_ms(time).rem_euclid(DAY_MS)).hours()
    }

    fn clock_ms(&self, time: Millis) -> i64 {
        self.start_of_day_ms.saturating_add(time.0)
    }

    /// One draw per site and hour; the streams about a site alone are apart from those about a site and an aircraft.
    fn strikes(
        &self,
        purpose: Purpose,
        probability: f64,
        streams: &Streams,
        site_key: Key,
        time: Millis,
    ) -> bool {
        let hour = self.clock_ms(time).div_euclid(HOUR_MS) as u64;
        probability > 0.0
            && streams
                .about(purpose, site_key, Key::NONE)
                .happens(hour, probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    fn streams() -> Streams {
        Streams::new(Replication { seed: 7, index: 0 })
    }

    fn often(probability: f64) -> Faults {
        let spec = FaultsSpec {
            interrogator_per_hour: probability,
            receiver_per_hour: probability,
            haze_per_hour: probability,
            haze_visibility_km: None,
            misalignment: Some(MisalignmentSpec {
                probability_per_hour: probability,
                bearing_deg: 105.0,
            }),
        };
        Faults::new(spec, 1800.0)
    }

    /// Twenty looks an hour over many hours: all of them or none fail, so the variance of looks lost is n^2 f (1 - f), 20
    /// times what independent looks would have. Mean and variance within 4.9 standard errors (1e-6).
    #[test]
    fn looks_within_an_hour_fail_together() {
        let (streams, faults, site) = (streams(), often(0.3), Key::of("site"));
        let (hours, looks) = (20_000, 20);
        let mut lost = Vec::new();
        for hour in 0..hours {
            // The scenario starts at half past: the hours of the clock begin half an hour into it.
            let start = Millis(1_800_000 + hour * HOUR_MS);
            let down = (0..looks)
                .filter(|look| {
                    faults.interrogator_down(&streams, site, start + Millis(look * 180_000))
                })
                .count();
            assert!(down == 0 || down == looks as usize, "{down} of {looks}");
            lost.push(down as f64);
        }
        let (n, count) = (looks as f64, hours as f64);
        let mean = lost.iter().sum::<f64>() / count;
        let variance = lost.iter().map(|lost| (lost - mean).powi(2)).sum::<f64>() / count;
        let of_one = 0.3 * 0.7;
        assert!(
            (mean / n - 0.3).abs() < 4.9 * (of_one / count).sqrt(),
            "{mean}"
        );
        // Var of p (1 - p) as estimated: (1 - 2p)^2 p (1 - p) / hours.
        let bound = 4.9 * (0.4f64.powi(2) * of_one / count).sqrt();
        assert!((variance / (n * n) - of_one).abs() < bound, "{variance}");
        assert!(
            variance > 15.0 * n * of_one,
            "independent looks would have n f (1 - f)"
        );
    }

    /// Sites and kinds of fault are independent of each other, and what cannot happen does not.
    #[test]
    fn sites_and_kinds_fail_each_for_itself() {
        let (streams, faults) = (streams(), often(0.5));
        let sites = [Key::of("one"), Key::of("other")];
        let hours = 4000;
        let mut both = [0u32; 4];
        for hour in 0..hours {
            let time = Millis(hour * HOUR_MS);
            let of_site = |site| {
                [
                    faults.interrogator_down(&streams, site, time),
                    faults.receiver_down(&streams, site, time),
                    faults.hazy(&streams, site, time),
                    faults.bearing_bias_deg(&streams, site, time) == 105.0,
                ]
            };
            let [one, other] = sites.map(of_site);
            both[0] += u32::from(one[0] && other[0]);
            both[1] += u32::from(one[0] && one[1]);
            both[2] += u32::from(one[1] && one[2]);
            both[3] += u32::from(one[2] && one[3]);
        }
        let bound = 4.9 * (0.25 * 0.75 / hours as f64).sqrt();
        for both in both.map(|both| f64::from(both) / hours as f64) {
            assert!(
                (both - 0.25).abs() < bound,
                "{both}, expected .25 (1e-6 each)"
            );
        }
        let none = often(0.0);
        assert!(!none.hazy(&streams, sites[0], Millis::ZERO));
        assert_eq!(none.bearing_bias_deg(&streams, sites[0], Millis::ZERO), 0.0);
        assert_eq!(
            Faults::new(FaultsSpec::default(), 0.0).bearing_bias_deg(
                &streams,
                sites[0],
                Millis::ZERO
            ),
            0.0
        );
    }

    #[test]
    fn days_are_those_of_the_clock() {
        let faults = Faults::new(FaultsSpec::default(), 22.0 * 3600.0);
        assert_eq!(faults.day(Millis(2 * HOUR_MS - 1)), 0);
        assert_eq!(faults.day(Millis(2 * HOUR_MS)), 1);
        assert_eq!(faults.hour_of_day(Millis(HOUR_MS)), 23.0);
    }
}
