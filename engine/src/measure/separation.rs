//! How often friends and neutrals come too near to each other, for how long, and whether their plans told.
//!
//! Only where the scenario asks for it. `losses[sides=italy+us]` is of pairs with one aircraft of each of the two sides, in the order of their names;
//! `[sides=us+us]` of two of one side. The exposure is the flight hours of both sides' aircraft together, of one side those of that side.

use std::collections::BTreeSet;

use super::Header;
use super::scene::Scene;
use crate::ids::AircraftId;
use crate::record::{Affiliation, Cast, Event, Fact};

/// Its columns.
#[derive(Debug, Clone)]
pub(super) struct Separation {
    losses: usize,
    losses_by_sides: usize,
    lost_s: usize,
    lost_s_by_sides: usize,
    near_midair: usize,
    near_midair_by_sides: usize,
    conflicts: usize,
    conflicts_by_sides: usize,
    foreseen: usize,
    hours_by_sides: usize,
    /// Which pairs of sides there are, by number: one of the side, and of the other.
    sides: Vec<(usize, usize)>,
}

/// The unordered pairs of sides neither of which holds the other for hostile.
fn pairs(cast: &Cast) -> Vec<(usize, usize)> {
    let hostile = |a: usize, b: usize| cast.relations[a][b] == Affiliation::Hostile;
    let all = 0..cast.sides.len();
    let pairs = all.clone().flat_map(|a| all.clone().map(move |b| (a, b)));
    pairs
        .filter(|&(a, b)| a <= b && !hostile(a, b) && !hostile(b, a))
        .collect()
}

impl Separation {
    /// The columns, if the scenario asks for them.
    pub fn new(header: &mut Header) -> Option<Separation> {
        let cast = header.cast;
        if !cast.separation {
            return None;
        }
        let sides = pairs(cast);
        let names: Vec<String> = sides
            .iter()
            .map(|&(a, b)| format!("{}+{}", cast.sides[a], cast.sides[b]))
            .collect();
        let mut by =
            |name, meaning| header.by(name, "sides", names.iter().map(String::as_str), meaning);
        let losses_by_sides = by(
            "separation_losses",
            "losses of separation, by the two sides",
        );
        let lost_s_by_sides = by(
            "separation_lost_s",
            "time below the minima, by the two sides, s",
        );
        let near_midair_by_sides = by("near_midair", "near mid-air collisions, by the two sides");
        let conflicts_by_sides = by(
            "filed_conflicts",
            "conflicts of filed plans, by the two sides",
        );
        let hours_by_sides = by(
            "separation_hours",
            "flight hours of the aircraft of both sides together, by the two sides",
        );
        Some(Separation {
            losses: header.one(
                "separation_losses",
                "longest intervals in which two aircraft that are no enemies undercut both minima",
            ),
            losses_by_sides,
            lost_s: header.one("separation_lost_s", "time in them, s"),
            lost_s_by_sides,
            near_midair: header.one("near_midair", "the same below 500 ft and 100 ft"),
            near_midair_by_sides,
            conflicts: header.one(
                "filed_conflicts",
                "pairs of filed plans that share a volume in space and time",
            ),
            conflicts_by_sides,
            foreseen: header.one(
                "separation_losses_filed",
                "losses of separation of two aircraft whose filed plans conflict",
            ),
            hours_by_sides,
            sides,
        })
    }

    fn sides(&self, scene: &Scene, one: AircraftId, other: AircraftId) -> Option<usize> {
        let side = |aircraft: AircraftId| scene.log.sorties[aircraft.index()].side.index();
        let (a, b) = (side(one), side(other));
        let pair = (a.min(b), a.max(b));
        self.sides.iter().position(|sides| *sides == pair)
    }

    /// Counts what the log says.
    pub fn count(&self, scene: &Scene, row: &mut [f64]) {
        let pair = |event: &Event| Some((event.fact.aircraft()?, event.fact.other_aircraft()?));
        let filed: BTreeSet<_> = (scene.log.events.iter())
            .filter(|event| matches!(event.fact, Fact::PlansConflict { .. }))
            .filter_map(pair)
            .collect();
        for event in &scene.log.events {
            let Some((one, other)) = pair(event) else {
                continue;
            };
            let mut add = |column: usize, by_sides: usize, amount: f64| {
                row[column] += amount;
                if let Some(sides) = self.sides(scene, one, other) {
                    row[by_sides + sides] += amount;
                }
            };
            match event.fact {
                Fact::SeparationLost { approach, .. } => {
                    add(self.losses, self.losses_by_sides, 1.0);
                    let lost_s = (approach.until - event.time).seconds();
                    add(self.lost_s, self.lost_s_by_sides, lost_s);
                    let both = [(one, other), (other, one)];
                    if both.iter().any(|pair| filed.contains(pair)) {
                        row[self.foreseen] += 1.0;
                    }
                }
                Fact::NearMidair { .. } => add(self.near_midair, self.near_midair_by_sides, 1.0),
                Fact::PlansConflict { .. } => add(self.conflicts, self.conflicts_by_sides, 1.0),
                _ => {}
            }
        }
        for (index, _, departed, gone) in scene.flown() {
            let side = scene.log.sorties[index].side.index();
            let hours = (gone - departed).hours().max(0.0);
            for (at, &(a, b)) in self.sides.iter().enumerate() {
                if a == side || b == side {
                    row[self.hours_by_sides + at] += hours;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Columns, handwritten};
    use crate::ids::AircraftId;
    use crate::record::{ApproachRecord, Event, Fact};
    use crate::units::Millis;

    /// The two US aircraft lose separation for 90 s, nearly collide within it, and their plans told; one of them and the TB2,
    /// which the US hold for neutral, once more for 10 s.
    #[test]
    fn a_loss_counts_once_by_its_sides() {
        let mut log = handwritten::log();
        let [us1, tb2, us2] = [0, 1, 2].map(AircraftId);
        let approach = |until| ApproachRecord {
            until: Millis(until),
            closest: Millis(until),
            lateral_m: 100.0,
            vertical_m: 0.0,
        };
        let lost = |aircraft, other, until| Fact::SeparationLost {
            aircraft,
            other,
            approach: approach(until),
        };
        let near = Fact::NearMidair {
            aircraft: us1,
            other: us2,
            approach: approach(1_000_000),
        };
        let filed = Fact::PlansConflict {
            aircraft: us1,
            other: us2,
            first: Millis(900_000),
        };
        for (time, fact) in [
            (0, filed),
            (930_000, lost(us1, us2, 1_020_000)),
            (990_000, near),
            (2_000_000, lost(tb2, us2, 2_010_000)),
        ] {
            let (time, place) = (Millis(time), [0.0; 3]);
            log.events.push(Event { time, place, fact });
        }
        let unasked = Columns::new(&log.cast);
        assert_eq!(unasked.position("separation_losses"), None);
        assert!(
            unasked
                .derived()
                .iter()
                .all(|one| !one.name.contains("separation"))
        );
        let mut cast = (*log.cast).clone();
        cast.separation = true;
        log.cast = Arc::new(cast);
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| row[columns.position(name).unwrap()];
        assert_eq!(value("separation_losses"), 2.0);
        assert_eq!(value("separation_losses[sides=us+us]"), 1.0);
        assert_eq!(value("separation_losses[sides=gna+us]"), 1.0);
        assert_eq!(value("separation_lost_s"), 100.0);
        assert_eq!(value("separation_lost_s[sides=us+us]"), 90.0);
        assert_eq!(value("near_midair"), 1.0);
        assert_eq!(value("filed_conflicts[sides=us+us]"), 1.0);
        assert_eq!(value("separation_losses_filed"), 1.0);
        assert_eq!(value("separation_hours[sides=us+us]"), 3.0);
        assert_eq!(value("separation_hours[sides=gna+us]"), 5.0);
        assert_eq!(
            columns.position("separation_losses[sides=gna+lna]"),
            None,
            "enemies"
        );
        let rate = columns
            .derived()
            .iter()
            .find(|one| one.name == "separation_losses_per_flight_hour[sides=us+us]");
        let rate = rate.unwrap();
        assert_eq!(
            row[rate.numerator] / row[rate.denominator.unwrap()],
            1.0 / 3.0
        );
    }
}
