//! Plots that went to the wrong track: swaps between aircraft, tracks of nothing, and shots at them.

use super::Header;
use crate::ids::AircraftId;
use crate::record::{Event, Fact};

#[derive(Debug, Clone)]
pub(super) struct Association {
    swaps: usize,
    false_tracks: usize,
    shots_at_false_tracks: usize,
}

impl Association {
    pub fn new(header: &mut Header) -> Association {
        Association {
            swaps: header.one(
                "track_swaps",
                "times that a confirmed track went from one aircraft to another",
            ),
            false_tracks: header.one(
                "false_tracks",
                "confirmed tracks that ended with nobody behind them; in no other count of tracks",
            ),
            shots_at_false_tracks: header.one(
                "shots_at_false_tracks",
                "shots at tracks with nobody behind them; in no other count of shots",
            ),
        }
    }

    pub fn event(&self, event: &Event, row: &mut [f64]) {
        let nobody = event.fact.aircraft().is_none();
        match event.fact {
            Fact::TrackSwapped { before, .. } if !nobody && before != AircraftId::NOBODY => {
                row[self.swaps] += 1.0;
            }
            Fact::TrackEnded { .. } if nobody => row[self.false_tracks] += 1.0,
            Fact::ShotFired { .. } if nobody => row[self.shots_at_false_tracks] += 1.0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::ids::{AircraftId, SiteId};
    use crate::record::{Event, Fact};
    use crate::units::Millis;

    #[test]
    fn what_is_about_nobody_is_counted_apart() {
        let mut log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let before = columns.measure(&log).values;
        // The shots and tracks of the log once more, at nobody; a swap from one aircraft to another, and two to nobody.
        let again: Vec<Event> = log
            .events
            .iter()
            .filter_map(|event| {
                let mut fact = event.fact.clone();
                match &mut fact {
                    Fact::ShotFired { aircraft, .. } | Fact::TrackEnded { aircraft, .. } => {
                        *aircraft = AircraftId::NOBODY;
                    }
                    _ => return None,
                }
                Some(Event {
                    fact,
                    ..event.clone()
                })
            })
            .collect();
        let swaps = [(0, 1), (u32::MAX, 0), (1, u32::MAX)].map(|(aircraft, before)| Event {
            time: Millis(7_100_000),
            place: [0.0; 3],
            fact: Fact::TrackSwapped {
                site: SiteId(0),
                aircraft: AircraftId(aircraft),
                before: AircraftId(before),
            },
        });
        log.events.extend(again);
        log.events.extend(swaps);
        let after = columns.measure(&log).values;
        for (position, column) in columns.columns().iter().enumerate() {
            let added = after[position] - before[position];
            let expected = match column.name.as_str() {
                "track_swaps" => 1.0,
                "false_tracks" => before[columns.position("tracks").unwrap()],
                "shots_at_false_tracks" => 3.0,
                _ => 0.0,
            };
            assert_eq!(added, expected, "{}", column.name);
        }
    }
}
