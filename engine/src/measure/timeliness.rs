//! How long it takes until a track has an identity, and whether that is before the first opportunity to fire.
//!
//! Times are of the tracks that got an identity; read them beside the share that did.

use super::Header;
use crate::record::{Event, Fact};
use crate::units::Millis;

#[derive(Debug, Clone)]
pub(super) struct Timeliness {
    identified: usize,
    time_s: usize,
    looks: usize,
    engageable: usize,
    identified_before: usize,
}

impl Timeliness {
    pub fn new(header: &mut Header) -> Timeliness {
        Timeliness {
            identified: header.one(
                "tracks_identified",
                "tracks that got an identity other than Pending and Unknown at any time",
            ),
            time_s: header.one(
                "time_to_identify_s",
                "time from confirmation to that identity, summed over those tracks",
            ),
            looks: header.one(
                "declarations_to_identify",
                "declarations up to and including that identity, summed over those tracks",
            ),
            engageable: header.one(
                "tracks_engageable",
                "tracks that were inside the engagement envelope of an armed site",
            ),
            identified_before: header.one(
                "tracks_identified_in_time",
                "of these, identified before or at that moment",
            ),
        }
    }

    pub fn event(&self, event: &Event, row: &mut [f64], times: &mut Vec<Millis>) {
        let Fact::TrackEnded { track, .. } = &event.fact else {
            return;
        };
        if let Some(identified) = track.identified {
            let time = identified - track.confirmed;
            row[self.identified] += 1.0;
            row[self.time_s] += time.seconds();
            row[self.looks] += f64::from(track.looks);
            times.push(time);
        }
        if let Some(engageable) = track.engageable {
            row[self.engageable] += 1.0;
            if track.identified.is_some_and(|time| time <= engageable) {
                row[self.identified_before] += 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::units::Millis;

    #[test]
    fn times_run_from_confirmation() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let summary = columns.measure(&log);
        let value = |name: &str| summary.values[columns.position(name).unwrap()];
        assert_eq!(
            summary.times_to_identify,
            [Millis(40_000), Millis(20_000), Millis(0)]
        );
        assert_eq!(value("time_to_identify_s"), 60.0);
        assert_eq!(value("tracks_identified"), 3.0);
        assert_eq!(value("tracks_engageable"), 3.0);
        assert_eq!(value("tracks_identified_in_time"), 2.0);
    }
}
