//! Sites that are not always there: ready and not ready by turns, moving after shots, silent until they are cued, lost.
//!
//! A site that is not ready neither looks nor reports nor decides; its tracks coast until they are dropped, and what it has in
//! the air flies on. Times at which it is ready by turns are drawn before the first instant; what happens to it is added as it
//! happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coverage::ScanClock;
use super::detection::bits_between;
use crate::ids::Key;
use crate::record::NotReady;
use crate::streams::{Alternating, BLOCK, Delay, Purpose, Streams};
use crate::units::Millis;

/// When the sites of a class are ready to look and to fire; without it always.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadinessSpec {
    /// Ready and not ready by turns, each site by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<RenewalSpec>,
    /// Moves after it has fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relocates: Option<RelocationSpec>,
    /// Silent until it is cued: by a track that is reported to it and comes near, or by a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_live: Option<GoLiveSpec>,
    /// May be destroyed by a hostile aircraft that reaches its objective close by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_to_leaker: Option<LostToLeakerSpec>,
}

/// Ready and not ready by turns: both exponential, in equilibrium at the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalSpec {
    /// Mean time ready at a stretch, h.
    #[schemars(range(min = 0.001, max = 100_000.0))]
    pub mean_on_h: f64,
    /// Mean time not ready at a stretch, h; 0: always ready.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub mean_off_h: f64,
}

/// Moves to another position, which is as good: only the time is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelocationSpec {
    /// Shots after which it moves, as soon as the engagement is over.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub after_shots: u32,
    /// How long it is not ready then, h.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub hours: f64,
}

impl RelocationSpec {
    /// How long it is not ready.
    pub fn lasts(&self) -> Millis {
        Millis::from_seconds(self.hours * 3600.0)
    }
}

/// Silent until it is cued: by a track that another site reports, or by a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoLiveSpec {
    /// How near a reported track must be along the ground, m; without it no report cues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub within_m: Option<f64>,
    /// How long after the latest such report it stays live, s.
    #[serde(default = "GoLiveSpec::stays_s")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub stays_s: f64,
    /// The node that passes on word of hostile aircraft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeCueSpec>,
}

impl GoLiveSpec {
    fn stays_s() -> f64 {
        300.0
    }
}

/// A node of the coordination graph hears of hostile aircraft as they take off, or come into the world in flight, and passes word on: to
/// all sites of the class, whatever else they see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeCueSpec {
    /// The node.
    pub from: String,
    /// Probability that it hears of an aircraft.
    #[serde(default = "NodeCueSpec::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hears: f64,
    /// Time from then to the sites, one draw for all; without it none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Delay>,
    /// How long after such word a site stays live, s.
    #[serde(default = "NodeCueSpec::stays_s")]
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub stays_s: f64,
}

impl NodeCueSpec {
    fn certain() -> f64 {
        1.0
    }

    fn stays_s() -> f64 {
        3600.0
    }

    /// From when and until when sites are live for word of an aircraft that takes off at a time, if the node hears of it.
    pub fn live(
        &self,
        streams: &Streams,
        aircraft: Key,
        departs: Millis,
    ) -> Option<(Millis, Millis)> {
        let node = Key::of(&format!("node/{}", self.from));
        if !streams
            .about(Purpose::NodeCue, node, aircraft)
            .happens(0, self.hears)
        {
            return None;
        }
        let latency_s = self.latency.as_ref().map_or(0.0, |latency| {
            let mut draws = streams.about(Purpose::NodeCueLatency, node, aircraft);
            draws.delay_s(0, latency)
        });
        let from = departs + Millis::from_seconds(latency_s);
        Some((from, from + Millis::from_seconds(self.stays_s)))
    }
}

/// What a hostile aircraft that reaches its objective may do to a site near it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostToLeakerSpec {
    /// How near the objective the site must be, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub within_m: f64,
    /// Probability that it is destroyed, for each such aircraft.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
}

impl ReadinessSpec {
    /// Whether nothing is said, so that a site is always ready.
    pub fn is_always(&self) -> bool {
        *self == ReadinessSpec::default()
    }

    /// When a site is not ready by turns, up to `end`.
    pub fn absences(&self, streams: &Streams, site: Key, end: Millis) -> Absences {
        let by_turns = |renewal: &RenewalSpec| {
            let turns = Alternating {
                on_s: renewal.mean_on_h * 3600.0,
                off_s: renewal.mean_off_h * 3600.0,
            };
            turns.off(streams, Purpose::Readiness, site, end)
        };
        let spans = self.renewal.as_ref().map(by_turns).unwrap_or_default();
        let absence = |(from, until): (Millis, Millis)| Absence {
            from: from.max(Millis::ZERO),
            until,
            cause: NotReady::ByTurns,
        };
        let absences = spans.into_iter().map(absence);
        Absences(absences.filter(|one| one.from < one.until).collect())
    }

    /// Whether a hostile aircraft that reaches its objective, so far from a site, destroys it.
    pub fn loses(&self, streams: &Streams, site: Key, aircraft: Key, distance_m: f64) -> bool {
        self.lost_to_leaker.is_some_and(|spec| {
            distance_m <= spec.within_m
                && streams
                    .about(Purpose::SiteLost, site, aircraft)
                    .happens(0, spec.probability)
        })
    }
}

/// A time at which a site is not ready: from an instant up to, and not including, another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// Its first instant.
    pub from: Millis,
    /// The first after it.
    pub until: Millis,
    /// Why.
    pub cause: NotReady,
}

/// When a site is not ready, as far as is known; what is known of the past stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Absences(Vec<Absence>);

impl Absences {
    /// Why it is not ready at `time`, if it is not.
    pub fn at(&self, time: Millis) -> Option<NotReady> {
        let holds = |absence: &&Absence| (absence.from..absence.until).contains(&time);
        self.0.iter().find(holds).map(|absence| absence.cause)
    }

    /// The first instant from `time` on at which it is ready.
    pub fn over(&self, mut time: Millis) -> Millis {
        let until = |time: Millis| {
            let holds = |absence: &&Absence| (absence.from..absence.until).contains(&time);
            self.0.iter().find(holds).map(|absence| absence.until)
        };
        while let Some(until) = until(time) {
            time = until;
        }
        time
    }

    /// Of the block of scans from `base` on those at which it is not ready.
    pub fn scans(&self, clock: &ScanClock, base: u64) -> u64 {
        let mut absent = 0;
        for absence in &self.0 {
            let nth = |time: Millis| {
                let scan = match time {
                    Millis::NEVER => u64::MAX,
                    time => clock.first_from(time.0),
                };
                scan.saturating_sub(base).min(BLOCK as u64) as usize
            };
            absent |= bits_between(nth(absence.from), nth(absence.until));
        }
        absent
    }

    /// The instants at which something changes.
    pub fn edges(&self) -> impl Iterator<Item = Millis> {
        self.0
            .iter()
            .flat_map(|absence| [absence.from, absence.until])
            .filter(|edge| *edge != Millis::NEVER)
    }

    /// It will not be ready for a time that has not begun before now.
    pub fn add(&mut self, absence: Absence) {
        self.0.push(absence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    fn streams(index: u64) -> Streams {
        Streams::new(Replication { seed: 7, index })
    }

    fn turns(mean_on_h: f64, mean_off_h: f64) -> ReadinessSpec {
        ReadinessSpec {
            renewal: Some(RenewalSpec {
                mean_on_h,
                mean_off_h,
            }),
            ..ReadinessSpec::default()
        }
    }

    /// Ready at an instant with a = on / (on + off), whatever the instant; ready at some time in a stay of T with
    /// 1 - (1 - a) exp(-T / off). 20 000 sites: standard error .0035, bounds of four.
    #[test]
    fn a_site_is_there_as_often_as_the_closed_forms_say() {
        let (on_h, off_h, stay_h) = (2.0, 6.0, 3.0);
        let spec = turns(on_h, off_h);
        let (mut now, mut later, mut ever) = (0u32, 0u32, 0u32);
        let count = 20_000;
        for index in 0..count {
            let absences = spec.absences(
                &streams(index),
                Key::of("site"),
                Millis::from_seconds(36_000.0),
            );
            let hour = Millis::from_seconds(3600.0 * 5.0);
            let end = hour + Millis::from_seconds(3600.0 * stay_h);
            now += u32::from(absences.at(Millis::ZERO).is_none());
            later += u32::from(absences.at(hour).is_none());
            let covered = absences
                .0
                .iter()
                .any(|absence| absence.from <= hour && end < absence.until);
            ever += u32::from(!covered);
        }
        let close = |found: u32, expected: f64| {
            let found = f64::from(found) / f64::from(count as u32);
            let bound = 4.0 * libm::sqrt(expected * (1.0 - expected) / count as f64);
            assert!((found - expected).abs() < bound, "{found} {expected}");
        };
        let share = on_h / (on_h + off_h);
        close(now, share);
        close(later, share);
        close(ever, 1.0 - (1.0 - share) * libm::exp(-stay_h / off_h));
    }

    /// Scans 0, 10, 20 ... s; absent from 20 up to 40 s: scans 2 and 3.
    #[test]
    fn scans_in_an_absence_are_those_from_its_first_instant_up_to_its_last() {
        let clock = ScanClock {
            first_ms: 0,
            period_ms: 10_000,
        };
        let mut absences = Absences::default();
        assert_eq!(absences.scans(&clock, 0), 0);
        absences.add(Absence {
            from: Millis(20_000),
            until: Millis(40_000),
            cause: NotReady::Relocating,
        });
        assert_eq!(absences.scans(&clock, 0), 0b1100);
        assert_eq!(absences.scans(&clock, 64), 0);
        absences.add(Absence {
            from: Millis(600_001),
            until: Millis::NEVER,
            cause: NotReady::Lost,
        });
        assert_eq!(absences.scans(&clock, 0), 0b1100 | 0b111 << 61);
        assert_eq!(absences.scans(&clock, 64), u64::MAX);
        assert_eq!(absences.at(Millis(39_999)), Some(NotReady::Relocating));
        assert_eq!(absences.at(Millis(40_000)), None);
        assert_eq!(absences.at(Millis::from_seconds(1e9)), Some(NotReady::Lost));
    }

    #[test]
    fn without_time_off_it_is_always_ready() {
        let absences = turns(1.0, 0.0).absences(&streams(0), Key::of("site"), Millis(86_400_000));
        assert_eq!(absences, Absences::default());
    }
}
