//! R14: a feed of own and friendly positions.

use std::sync::Arc;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lost_comms::{CommandLink, CommonOutages, Fallback, LostCommsRule, LostCommsSpec};
use super::{Consultation, Held, Named, Offer, Rule, RulePage, Spec, Stage};
use crate::airspace::{Delay, FixedDelay};
use crate::ids::Key;
use crate::record::Reason;
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R14",
    key: "friendly_force_tracking",
    title: "Friendly force tracking: aircraft that take part report their positions to the shooters",
    page: "\
Every aircraft of `sides` in the air reports its position every `interval_s`, at whole multiples of it. A report gets through with
probability `delivery`, and is there after a time drawn from `latency`; the feed of a side as a whole is down for exponential times
of mean `gap_mttr_min` after exponential times up of mean `gap_mtbf_h`. A site does not fire at a track within `gate_m` on the ground
of the latest report it has of some aircraft, if that is not older than `max_age_s` (reason friendly_force_report); with probability
`compliance`, drawn once per site and aircraft, the crew acts on it. Whose track it is is not asked. Stops self-defence (R5) and the
restricted operations zone (R10) too. An aircraft that is shot down or lands is off the feed at once.

A report is where the aircraft was: its error is speed times age, so a report protects its own aircraft while
speed * age <= gate.

Fails by: age, loss, gaps of the whole feed; a hostile that flies near a reported aircraft is as safe.
Costs: messages, and disclosure to whoever listens.
Source: friendly force tracking and position reporting as in JP 3-52. All figures are assumptions.",
    reasons: &["friendly_force_report"],    stages: &[Stage::Protection],
    amends: None,
    binds_all: true,
    offer: Ok(Offer {
        words: "a feed of the positions of everybody who is no enemy",
        spec: r#"{ "sides": "PROTECTED" }"#,
        band: [
            "half of the reports delivered and half of the crews heed them, to all",
            r#"{ "delivery": 0.5, "compliance": 0.5 }"#,
            r#"{ "delivery": 1.0, "compliance": 1.0 }"#,
        ],
    }),
};

/// R14: friendly force tracking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FriendlyForceTrackingSpec {
    /// Sides whose aircraft report.
    #[serde(default)]
    pub sides: Vec<String>,
    /// Time between two reports, s.
    #[serde(default = "half_a_minute")]
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub interval_s: f64,
    /// Time until a report is there; one draw per aircraft and report.
    #[serde(default = "ten_seconds")]
    pub latency: Delay,
    /// Probability that a report gets through; one draw per aircraft and report.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
    /// Distance within which a report is held for the track's, m.
    #[serde(default = "five_km")]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub gate_m: f64,
    /// Age above which a report counts no more, s.
    #[serde(default = "two_minutes")]
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub max_age_s: f64,
    /// Probability that a crew acts on it; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
    /// Mean time the feed of a side is up, hours.
    #[serde(default = "twelve")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 8784.0))]
    pub gap_mtbf_h: f64,
    /// Mean time it is down, minutes; 0: never.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1440.0))]
    pub gap_mttr_min: f64,
}

fn half_a_minute() -> f64 {
    30.0
}

fn ten_seconds() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 10.0 })
}

fn mostly() -> f64 {
    0.95
}

fn five_km() -> f64 {
    5000.0
}

fn two_minutes() -> f64 {
    120.0
}

fn certain() -> f64 {
    1.0
}

fn twelve() -> f64 {
    12.0
}

impl FriendlyForceTrackingSpec {
    /// When the feed of a side is up.
    pub fn feed(&self, streams: &Streams, side: Key, end: Millis) -> CommandLink {
        let gaps = LostCommsSpec {
            mtbf_h: self.gap_mtbf_h,
            mttr_min: self.gap_mttr_min,
            common: CommonOutages::Site,
            outages: Vec::new(),
            timeout_s: 0.0,
            fallback: Fallback::Keep,
        };
        LostCommsRule::new(&gaps).command_link(streams, side.and(Key::of("feed")), end)
    }

    /// When the latest report of an aircraft that counts at `time` was sent, if there is one.
    pub fn latest(
        &self,
        streams: &Streams,
        aircraft: Key,
        feed: &CommandLink,
        time: Millis,
    ) -> Option<Millis> {
        let mut draws = streams.about(Purpose::FeedReport, aircraft, Key::NONE);
        let mut way = streams.about(Purpose::FeedReport, aircraft, Key::of("latency"));
        let interval_ms = Millis::from_seconds(self.interval_s).0.max(1);
        let oldest = time - Millis::from_seconds(self.max_age_s);
        let mut number = time.0.div_euclid(interval_ms);
        while number >= 0 && Millis(number * interval_ms) >= oldest {
            let sent = Millis(number * interval_ms);
            let index = number as u64;
            if feed.down_since(sent).is_none()
                && draws.happens(index, self.delivery)
                && sent + Millis::from_seconds(way.delay_s(index, &self.latency)) <= time
            {
                return Some(sent);
            }
            number -= 1;
        }
        None
    }

    /// Whether a track is close enough to one of the reported places.
    pub fn near(&self, place: Vector3<f64>, reported: &[Vector3<f64>]) -> bool {
        let near = |other: &Vector3<f64>| (other.xy() - place.xy()).norm() <= self.gate_m;
        reported.iter().any(near)
    }
}

impl Spec for FriendlyForceTrackingSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl Rule for FriendlyForceTrackingSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        on.holds_fire(Held {
            rule: PAGE.id,
            here: on.request.near_report,
            heeded: on.request.draws.complies(3, self.compliance),
            settled: false,
            reason: Reason::FriendlyForceReport,
            yields: false,
            otherwise: ["report_not_heeded", "no_report_near"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    /// A report every 30 s, there after 10 s: ages run from 10 to 40 s, and the one before counts until the next is there.
    #[test]
    fn the_age_of_the_latest_report_is_a_saw_tooth() {
        let spec: FriendlyForceTrackingSpec =
            serde_json::from_str(r#"{ "delivery": 1.0 }"#).unwrap();
        let streams = Streams::new(Replication { seed: 1, index: 0 });
        let age_s = |time_s: f64| {
            let time = Millis::from_seconds(time_s);
            let sent = spec.latest(&streams, Key::of("a"), CommandLink::UP, time);
            sent.map(|sent| (time - sent).seconds())
        };
        assert_eq!(age_s(5.0), None);
        assert_eq!(age_s(10.0), Some(10.0));
        assert_eq!(age_s(39.999), Some(39.999));
        assert_eq!(age_s(40.0), Some(10.0));
        assert_eq!(age_s(99.0), Some(39.0));
    }
}
