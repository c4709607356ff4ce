//! Origin and lane: where was the track first seen, and is it in a lane now?
//!
//! *World*: nothing is drawn here; the places are the tracker's own estimates, with their errors.
//!
//! *Belief*: each of the two lists names zones with P(inside | affiliation). A place is in the first zone of the list that
//! holds it, or in none; P(none | affiliation) = 1 - the sum of the list. So a list is one question with exclusive answers,
//! however many zones it names, and counts once. Where the track was first seen is asked once, the lane at every
//! declaration.
//!
//! Fails by: deviation from the lane, a hostile that uses it, a neutral from the wrong direction, a late first detection
//! far from the true origin.
//! Source: safe-passage and origin evidence as in NATO STANAG 4162 and ATP-3.3.5.1 (airspace control); numbers are
//! assumptions.

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Belief, Heard, IdSource, IdSourceScene, Reading, Recalled, Said, Surroundings, Trust};
use crate::airspace::Zone;
use crate::identification::faults::Faults;
use crate::identification::{AffiliationProbabilities, IdentificationSpec};
use crate::units::Millis;

/// Origin and lane: what it means to the site where a track was first seen, and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginSpec {
    /// Belief: zones in which a track may have been first seen; the first that holds it counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_seen: Vec<ZoneBelief>,
    /// Belief: lanes in which a track may be now; the first that holds it counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<ZoneBelief>,
    /// Belief: how far the site trusts the ID source, 0 not at all, 1 as the tables say.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
}

/// A zone and who is expected in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneBelief {
    /// The zone.
    pub zone: String,
    /// P(inside | affiliation).
    pub inside: AffiliationProbabilities,
}

/// Which of the two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::identification) enum List {
    FirstSeen,
    Lane,
}

/// The ID source, ready to use.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub reliability: f64,
    first_seen: Vec<(Zone, AffiliationProbabilities)>,
    lanes: Vec<(Zone, AffiliationProbabilities)>,
}

impl Origin {
    /// A zone that is not among `zones` holds nothing; the checks report it.
    pub(super) fn new(spec: &OriginSpec, zones: &[Zone]) -> Origin {
        let list = |entries: &[ZoneBelief]| {
            let found = entries.iter().filter_map(|entry| {
                let zone = zones.iter().find(|zone| zone.name == entry.zone)?;
                Some((zone.clone(), entry.inside))
            });
            found.take(usize::from(u8::MAX)).collect()
        };
        Origin {
            reliability: spec.reliability,
            first_seen: list(&spec.first_seen),
            lanes: list(&spec.lanes),
        }
    }

    fn list(&self, which: List) -> &[(Zone, AffiliationProbabilities)] {
        match which {
            List::FirstSeen => &self.first_seen,
            List::Lane => &self.lanes,
        }
    }

    /// Whether the question is asked at all.
    pub(super) fn asks(&self, which: List) -> bool {
        !self.list(which).is_empty()
    }

    /// The entry of a list that holds a place.
    pub(super) fn within(&self, which: List, place: Vector3<f64>) -> Option<u8> {
        let holds = |(zone, _): &(Zone, AffiliationProbabilities)| {
            (zone.floor_m..=zone.top_m).contains(&place.z) && zone.area.contains(place.xy())
        };
        let found = self.list(which).iter().position(holds);
        found.map(|entry| entry as u8)
    }

    /// The name of the zone of an entry.
    pub(super) fn zone(&self, which: List, entry: u8) -> &str {
        let entry = self.list(which).get(usize::from(entry));
        entry.map_or("", |(zone, _)| &zone.name)
    }

    /// Belief: ln P(in this entry, or in none | affiliation).
    pub(super) fn likelihood(&self, which: List, within: Option<u8>) -> [f64; 3] {
        let list = self.list(which);
        match within.and_then(|entry| list.get(usize::from(entry))) {
            Some((_, inside)) => super::ln_of(inside),
            None => {
                let mut inside = [0.0; 3];
                for (_, of_zone) in list {
                    for (sum, inside) in inside.iter_mut().zip(of_zone.by_affiliation()) {
                        *sum += inside;
                    }
                }
                inside.map(|inside| libm::log(super::remainder(inside)))
            }
        }
    }
}

/// What the two questions were answered last.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Latest {
    pub(super) first_seen: Option<Reading<Option<u8>>>,
    pub(super) lane: Option<Reading<Option<u8>>>,
}

impl Recalled for Latest {
    fn recalled(self, kept: f64) -> Latest {
        Latest {
            first_seen: self.first_seen.recalled(kept),
            lane: self.lane.recalled(kept),
        }
    }
}

impl IdSource for Origin {
    type Latest = Latest;

    fn of(class: &IdentificationSpec, surroundings: Surroundings<'_>) -> Option<Origin> {
        let spec = class.origin.as_ref()?;
        let origin = Origin::new(spec, surroundings.zones);
        Some(origin).filter(|origin| origin.asks(List::FirstSeen) || origin.asks(List::Lane))
    }

    fn counts_as(class: &IdentificationSpec) -> u32 {
        let lists = class
            .origin
            .as_ref()
            .map(|spec| [&spec.first_seen, &spec.lanes]);
        let asked = lists.into_iter().flatten().filter(|list| !list.is_empty());
        asked.count() as u32
    }

    fn look(&self, latest: &mut Latest, _: &Faults, scene: &IdSourceScene) {
        let within = |which, place| Reading::new(self.within(which, place), scene.time);
        latest
            .first_seen
            .get_or_insert_with(|| within(List::FirstSeen, scene.first_seen));
        latest.lane = Some(within(List::Lane, scene.place));
    }

    fn hear(&self, latest: &Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        for (name, which, reading) in [
            ("origin", List::FirstSeen, &latest.first_seen),
            ("lane", List::Lane, &latest.lane),
        ] {
            let Some(reading) = reading.as_ref().filter(|_| self.asks(which)) else {
                continue;
            };
            let belief = Belief::Affiliations(self.likelihood(which, reading.said));
            let said = Said::Zone(which, reading.said);
            let trust = Trust::of(self.reliability, None, reading, time);
            tell(Heard::new(name, said, belief, trust));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Area, Point};
    use crate::identification::id_sources::tests::{assumed, decides_alone, scene, streams};
    use crate::platform::Equipment;
    use crate::record::Affiliation;

    fn zone(name: &str, east_m: f64) -> Zone {
        Zone {
            name: name.to_owned(),
            area: Area::Circle {
                center: Point::new(east_m, east_m),
                radius_m: 5000.0,
            },
            floor_m: 1000.0,
            top_m: 5000.0,
        }
    }

    fn entry(zone: &str, friend: f64, neutral: f64, hostile: f64) -> ZoneBelief {
        ZoneBelief {
            zone: zone.to_owned(),
            inside: assumed(friend, neutral, hostile),
        }
    }

    /// Hostiles come from the base in the north-east; friends and neutrals use the lane at the origin.
    fn spec() -> OriginSpec {
        OriginSpec {
            first_seen: vec![entry("base", 0.01, 0.1, 0.9)],
            lanes: vec![entry("lane", 0.8, 0.8, 0.02), entry("wide", 0.1, 0.1, 0.1)],
            reliability: 1.0,
        }
    }

    #[test]
    fn a_neutral_from_the_wrong_place_is_taken_for_hostile_and_one_in_the_lane_is_not() {
        let (streams, equipment) = (streams(1), Equipment::default());
        let zones = [zone("base", 20_000.0), zone("lane", 0.0)];
        let damning = scene(&streams, &equipment, Affiliation::Neutral);
        let mut clearing = damning;
        (clearing.place.x, clearing.place.y) = (0.0, 0.0);
        (clearing.first_seen.x, clearing.first_seen.y) = (0.0, 0.0);
        let both = |class: &mut crate::identification::IdentificationSpec| {
            class.origin = Some(spec());
        };
        decides_alone(both, &zones, &damning, &clearing);
    }

    /// The first zone of the list counts, by ground plan and height; outside is what the list leaves.
    #[test]
    fn a_list_is_one_question_with_exclusive_answers() {
        let id_source = Origin::new(&spec(), &[zone("lane", 0.0), zone("wide", 2000.0)]);
        assert!(id_source.asks(List::Lane));
        assert!(!id_source.asks(List::FirstSeen), "its zone does not exist");
        let at = |east_m: f64, height_m| {
            id_source.within(List::Lane, Vector3::new(east_m, east_m, height_m))
        };
        assert_eq!(at(1000.0, 3000.0), Some(0), "in both");
        assert_eq!(at(5000.0, 3000.0), Some(1));
        assert_eq!(at(9000.0, 3000.0), None);
        assert_eq!(at(1000.0, 999.0), None, "too low");
        assert_eq!(at(1000.0, 5001.0), None, "too high");
        for (within, expected) in [
            (Some(0), [0.8, 0.8, 0.02]),
            (Some(1), [0.1, 0.1, 0.1]),
            (None, [0.1, 0.1, 0.88]),
        ] {
            let likelihood = id_source.likelihood(List::Lane, within).map(libm::exp);
            for (found, expected) in likelihood.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{likelihood:?}");
            }
        }
        assert_eq!(id_source.zone(List::Lane, 1), "wide");
    }
}
