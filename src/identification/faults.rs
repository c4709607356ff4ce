//! Common-cause faults: what all looks of a site within an hour share.
//!
//! *World*: in every hour of the UTC clock each kind of fault is there or not, one draw per site and hour, so looks
//! within the hour fail together and hours fail independently. n looks with fault probability f in one hour see the
//! fault with probability f and not 1 - (1 - f)^n; the number of looks lost has variance n^2 f (1 - f) and not
//! n f (1 - f). The key of the day ([`super::cues::iff`]) is common to a side and a day in the same way, the operator's
//! expectancy ([`super::operator`]) to all tracks after an alert.
//!
//! Kinds: the IFF interrogator gets no reply; the transponder receiver gets no code; haze hides everything from the
//! optics; the radar is misaligned: every bearing it measures is off by `bearing_deg`. 105 degrees at 20 km moves a plot
//! by 2 R sin(105/2 deg) = 31.7 km.
//!
//! *Belief*: none. The crew does not know; reliability below 1 is how it can allow for faults it cannot see.
//!
//! Assumes that faults begin and end on the hour and have no memory.
//! Source: the misaligned radar of 8 January 2020 (flight PS752), final report of the AAIB of Iran (2021); common-cause
//! failure: NUREG/CR-4780 (beta factor).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Probability that a site's hour is hazy: optics see nothing.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub haze_per_hour: f64,
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

    /// Whether haze hides everything from the site's optics now.
    pub(super) fn hazy(&self, streams: &Streams, site_key: Key, time: Millis) -> bool {
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
