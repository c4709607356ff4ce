//! Hostile sorties and their objectives: reached, stopped, or not decided when the scenario ended.
//!
//! Only sorties with an objective that took off and that are hostile to at least one site present. A sortie
//! that reached its objective has leaked, whatever became of it later.

use super::Header;
use super::scene::Scene;

#[derive(Debug, Clone)]
pub(super) struct Leakage {
    sorties: usize,
    leaked: usize,
    stopped: usize,
    turned_back: usize,
    in_progress_at_end: usize,
    decided: usize,
}

impl Leakage {
    pub fn new(header: &mut Header) -> Leakage {
        Leakage {
            sorties: header.one(
                "objective_sorties",
                "hostile sorties with an objective that took off",
            ),
            leaked: header.one("leaked_sorties", "of these, reached the objective alive"),
            stopped: header.one("stopped_sorties", "of these, shot down before"),
            turned_back: header.one(
                "turned_back_sorties",
                "of these, landed without having reached it",
            ),
            in_progress_at_end: header.one(
                "sorties_in_progress_at_end",
                "of these, still under way at the end of the scenario",
            ),
            decided: header.one(
                "completed_objective_sorties",
                "hostile sorties with an objective, less those in progress at the end",
            ),
        }
    }

    pub fn sorties(&self, scene: &Scene, row: &mut [f64]) {
        for (index, sortie, ..) in scene.flown() {
            if !sortie.hostile || !scene.log.sorties[index].has_objective {
                continue;
            }
            row[self.sorties] += 1.0;
            let outcome = if sortie.reached {
                self.leaked
            } else if sortie.destroyed {
                self.stopped
            } else if sortie.gone.is_some() {
                self.turned_back
            } else {
                self.in_progress_at_end
            };
            row[outcome] += 1.0;
            if outcome != self.in_progress_at_end {
                row[self.decided] += 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::ids::AircraftId;
    use crate::record::{Event, Fact};
    use crate::units::Millis;

    #[test]
    fn sorties_in_progress_at_end_are_counted_apart() {
        let mut log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let value = |log: &_, name: &str| {
            let row = columns.measure(log).values;
            row[columns.position(name).unwrap()]
        };
        assert_eq!(value(&log, "objective_sorties"), 1.0);
        assert_eq!(value(&log, "sorties_in_progress_at_end"), 1.0);
        assert_eq!(value(&log, "completed_objective_sorties"), 0.0);
        log.events.push(Event {
            time: Millis(7_000_000),
            place: [0.0; 3],
            fact: Fact::ObjectiveReached {
                aircraft: AircraftId(1),
            },
        });
        assert_eq!(value(&log, "leaked_sorties"), 1.0);
        assert_eq!(value(&log, "completed_objective_sorties"), 1.0);
        assert_eq!(value(&log, "sorties_in_progress_at_end"), 0.0);
    }
}
