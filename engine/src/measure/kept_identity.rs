//! Until when identities were wrong: the time to the identity that is right and kept, changes, Suspect.
//!
//! Only where the scenario measures air pictures. A hostile aircraft is identified right as Hostile, any other as neither Suspect nor
//! Hostile, and an identity is *kept* that is right without a break until the track ends. Of an aircraft, as a site saw it, over all
//! its tracks there: from that time on none of them was wrong, and the last to end was right. Times are of those that kept one; read
//! them beside the share that did. A track counts for the aircraft behind it at its end.

use std::collections::BTreeMap;

use super::{Header, affiliation_index};
use crate::ids::{AircraftId, SiteId};
use crate::record::{EventLog, Fact, IdentityHistory};
use crate::units::Millis;

/// A count of all, and of each affiliation.
#[derive(Debug, Clone, Copy)]
struct Counted {
    all: usize,
    by_affiliation: usize,
}

impl Counted {
    fn new(header: &mut Header, name: &str, meaning: &'static str) -> Counted {
        Counted {
            all: header.one(name, meaning),
            by_affiliation: header.by_affiliation(name, meaning),
        }
    }

    fn add(self, row: &mut [f64], affiliation: usize, amount: f64) {
        row[self.all] += amount;
        row[self.by_affiliation + affiliation] += amount;
    }
}

/// Its columns.
#[derive(Debug, Clone)]
pub(super) struct KeptIdentity {
    seen: Counted,
    kept: Counted,
    kept_s: Counted,
    tracks: Counted,
    track_kept: Counted,
    track_kept_s: Counted,
    changes: Counted,
    hours: Counted,
    suspect: Counted,
}

/// A track that has ended: its history, and when it did.
type Ended = (IdentityHistory, Millis);

impl KeptIdentity {
    /// The columns, if the scenario asks for them.
    pub fn new(header: &mut Header) -> Option<KeptIdentity> {
        if !header.cast.air_picture {
            return None;
        }
        let mut of = |name, meaning| Counted::new(header, name, meaning);
        Some(KeptIdentity {
            seen: of(
                "identity_seen",
                "pairs of a site and an aircraft that it had a confirmed track of",
            ),
            kept: of(
                "identity_kept",
                "of these, with an identity that was right and kept until the last track ended",
            ),
            kept_s: of(
                "identity_kept_s",
                "time tracked from the first confirmation to that identity, gaps between tracks left out, summed over these, s",
            ),
            tracks: of(
                "identity_tracks",
                "confirmed tracks, of the aircraft behind them at their end",
            ),
            track_kept: of(
                "track_identity_kept",
                "of these, with an identity that was right and kept until they ended",
            ),
            track_kept_s: of(
                "track_identity_kept_s",
                "time from confirmation to that identity, summed over these, s",
            ),
            changes: of(
                "identity_changes",
                "changes of the identity of a track, the first identity included",
            ),
            hours: of("identity_track_hours", "time with these tracks, h"),
            suspect: of("suspect_hours", "of that, the time as Suspect, h"),
        })
    }

    /// Counts what the log says.
    pub fn count(&self, log: &EventLog, row: &mut [f64]) {
        let mut seen: BTreeMap<(SiteId, AircraftId), Vec<Ended>> = BTreeMap::new();
        for event in &log.events {
            let Fact::IdentityHistory {
                site,
                aircraft,
                history,
            } = event.fact
            else {
                continue;
            };
            if aircraft == AircraftId::NOBODY {
                continue;
            }
            let affiliation = log.affiliation(site, aircraft);
            let index = affiliation_index(affiliation);
            let hours = |time: Millis| time.seconds() / 3600.0;
            self.tracks.add(row, index, 1.0);
            self.changes.add(row, index, f64::from(history.changes));
            self.hours
                .add(row, index, hours(event.time - history.confirmed));
            self.suspect.add(row, index, hours(history.suspect));
            if let Some(since) = history.right_since(affiliation) {
                self.track_kept.add(row, index, 1.0);
                let time = since - history.confirmed;
                self.track_kept_s.add(row, index, time.seconds());
            }
            seen.entry((site, aircraft))
                .or_default()
                .push((history, event.time));
        }
        for ((site, aircraft), tracks) in seen {
            let affiliation = log.affiliation(site, aircraft);
            let index = affiliation_index(affiliation);
            self.seen.add(row, index, 1.0);
            let kept = kept(&tracks, |history| history.right_since(affiliation));
            if let Some(time) = kept {
                self.kept.add(row, index, 1.0);
                self.kept_s.add(row, index, time.seconds());
            }
        }
    }
}

/// The time from the first confirmation of some tracks of one aircraft to the instant from which on none was wrong, if the last to end
/// was right; `right_since` says since when one was, at its end.
fn kept(
    tracks: &[Ended],
    right_since: impl Fn(&IdentityHistory) -> Option<Millis>,
) -> Option<Millis> {
    let first = tracks.iter().map(|(history, _)| history.confirmed).min()?;
    let last = tracks.iter().map(|(_, end)| *end).max()?;
    let wrong_until = |(history, end): &Ended| match right_since(history) {
        // It was right from its first moment on, and so says nothing of the time before.
        Some(since) if since == history.confirmed => first,
        Some(since) => since,
        None => *end,
    };
    let from = tracks.iter().map(wrong_until).max()?;
    let ended_wrong = |(history, end): &Ended| *end == last && right_since(history).is_none();
    (!tracks.iter().any(ended_wrong)).then_some(from - first)
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use super::*;
    use crate::record::{Affiliation, Event, Identity};
    use std::sync::Arc;

    /// A history told by its changes, and its end.
    fn told(confirmed: i64, changes: &[(i64, Identity)], end: i64) -> Ended {
        let mut history = IdentityHistory::begin(Millis(confirmed));
        let mut before = (Identity::Pending, Millis(confirmed));
        for &(at, identity) in changes {
            history.change(before, identity, Millis(at));
            before = (identity, Millis(at));
        }
        history.end(before, Millis(end));
        (history, Millis(end))
    }

    #[test]
    fn an_identity_is_kept_that_is_right_to_the_end() {
        use Identity::*;
        let hostile = Affiliation::Hostile;
        let neutral = Affiliation::Neutral;
        let walk = [
            (10, Suspect),
            (20, Hostile),
            (30, Unknown),
            (40, Hostile),
            (50, Suspect),
            (60, Neutral),
        ];
        for (changes, as_hostile, as_neutral) in [
            (&walk[..0], None, Some(0)),
            (&walk[..1], None, None),
            (&walk[..2], Some(20), None),
            (&walk[..3], None, Some(30)),
            (&walk[..4], Some(40), None),
            (&walk[..5], None, None),
            (&walk[..6], None, Some(60)),
        ] {
            let (history, _) = told(0, changes, 100);
            assert_eq!(
                history.right_since(hostile),
                as_hostile.map(Millis),
                "{changes:?}"
            );
            assert_eq!(
                history.right_since(neutral),
                as_neutral.map(Millis),
                "{changes:?}"
            );
        }
        let (history, _) = told(0, &walk, 100);
        assert_eq!((history.changes, history.suspect), (6, Millis(20)));
        let (history, _) = told(0, &walk[..1], 100);
        assert_eq!(history.suspect, Millis(90), "up to the end");
    }

    #[test]
    fn an_aircraft_has_the_identity_of_all_its_tracks() {
        use Identity::*;
        let neutral = |tracks: &[Ended]| {
            kept(tracks, |history| history.right_since(Affiliation::Neutral)).map(|time| time.0)
        };
        let right = told(100, &[(110, Neutral)], 200);
        let late = told(100, &[(110, Hostile), (150, Neutral)], 200);
        let wrong = told(100, &[(110, Hostile)], 200);
        let before = told(0, &[(50, Suspect)], 90);
        let after = told(300, &[], 400);
        assert_eq!(neutral(&[right]), Some(0));
        assert_eq!(neutral(&[late]), Some(50));
        assert_eq!(neutral(&[wrong]), None);
        // The first was wrong until it ended, at 90, and the second from its first moment on is not.
        assert_eq!(neutral(&[before, right]), Some(90));
        assert_eq!(neutral(&[before, late]), Some(150));
        assert_eq!(neutral(&[before, wrong]), None);
        assert_eq!(neutral(&[wrong, after]), Some(100));
        // Two at once: right is only what both are.
        assert_eq!(neutral(&[right, late]), Some(50));
        assert_eq!(neutral(&[right, wrong]), None);
    }

    #[test]
    fn columns_are_there_where_they_are_asked_for() {
        let mut log = handwritten::log();
        assert_eq!(Columns::new(&log.cast).position("identity_kept"), None);
        let mut cast = (*log.cast).clone();
        cast.air_picture = true;
        log.cast = Arc::new(cast);
        let tb2 = told(
            0,
            &[(600_000, Identity::Suspect), (1_800_000, Identity::Hostile)],
            3_600_000,
        );
        let us = told(0, &[(600_000, Identity::Hostile)], 3_600_000);
        let fact = |aircraft, (history, time): Ended| Event {
            time,
            place: [0.0; 3],
            fact: Fact::IdentityHistory {
                site: SiteId(0),
                aircraft: AircraftId(aircraft),
                history,
            },
        };
        log.events = vec![fact(0, us), fact(1, tb2), fact(u32::MAX, us)];
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| {
            let derived = columns
                .derived()
                .iter()
                .find(|derived| derived.name == name);
            let derived = derived.unwrap_or_else(|| panic!("{name}"));
            row[derived.numerator] / row[derived.denominator.unwrap()]
        };
        assert_eq!(value("identity_kept"), 0.5);
        assert_eq!(value("identity_kept[affiliation=hostile]"), 1.0);
        assert_eq!(value("identity_kept[affiliation=neutral]"), 0.0);
        assert_eq!(value("time_to_kept_identity_mean_s"), 1800.0);
        assert_eq!(
            value("time_to_kept_identity_per_track_mean_s[affiliation=hostile]"),
            1800.0
        );
        assert_eq!(value("identity_changes_per_track_hour"), 1.5);
        assert_eq!(
            value("suspect_share_of_track_time[affiliation=hostile]"),
            1.0 / 3.0
        );
        assert_eq!(value("track_identity_kept"), 0.5);
    }
}
