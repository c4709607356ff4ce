//! How well the tracks of a site show the sky: SIAP attributes of a single integrated air picture.
//!
//! A sample counts, at one instant and for one site, J aircraft in coverage, JT of them tracked, and the tracks held, of
//! which some are spurious. Of the JT tracked aircraft JU are undeclared, JC identified as what they are, JI for something
//! else; the rest, JA = JT - JC - JI - JU, have tracks that contradict each other. Over all samples, sums over sums:
//!
//! ```text
//! completeness           sum JT / sum J
//! ambiguity              sum (tracks - spurious) / sum JT
//! spuriousness           sum spurious / sum tracks
//! identity completeness  sum (JT - JU) / sum JT
//! identity correctness   sum JC / sum JT
//! identity ambiguity     sum JA / sum JT
//! ```
//!
//! Samples of one replication are alike, which the intervals allow for by going from replication to replication. Source:
//! Votruba et al., *Single Integrated Air Picture (SIAP) Metrics Implementation*, SIAP System Engineering Task Force,
//! Technical Report 2001-001 (2001).

use super::Header;
use crate::record::{Event, Fact, PictureSample};

#[derive(Debug, Clone)]
pub(super) struct AirPicture {
    samples: usize,
    objects: usize,
    tracked: usize,
    tracks: usize,
    spurious: usize,
    on_objects: usize,
    declared: usize,
    correct: usize,
    contradictory: usize,
}

impl AirPicture {
    pub fn new(header: &mut Header) -> AirPicture {
        AirPicture {
            samples: header.one("picture_samples", "samples of the air picture of a site"),
            objects: header.one(
                "picture_objects",
                "aircraft in coverage of the site, summed over the samples",
            ),
            tracked: header.one(
                "picture_tracked_objects",
                "of these, with at least one confirmed track",
            ),
            tracks: header.one(
                "picture_tracks",
                "confirmed tracks of the site, summed over the samples",
            ),
            spurious: header.one(
                "picture_spurious_tracks",
                "of these, with no aircraft behind them",
            ),
            on_objects: header.one(
                "picture_tracks_on_objects",
                "of these, with an aircraft behind them",
            ),
            declared: header.one(
                "picture_objects_declared",
                "tracked aircraft with an identity, summed over the samples",
            ),
            correct: header.one(
                "picture_objects_correct",
                "of these, all their tracks identified as what they are",
            ),
            contradictory: header.one(
                "picture_objects_contradictory",
                "of these, with tracks that contradict each other",
            ),
        }
    }

    pub fn event(&self, event: &Event, row: &mut [f64]) {
        let Fact::PictureSampled { sample, .. } = event.fact else {
            return;
        };
        let PictureSample {
            objects,
            tracked_objects,
            tracks,
            spurious,
            undeclared,
            correct,
            incorrect,
        } = sample;
        let declared = tracked_objects.saturating_sub(undeclared);
        let contradictory = declared.saturating_sub(correct.saturating_add(incorrect));
        for (column, count) in [
            (self.samples, 1),
            (self.objects, objects),
            (self.tracked, tracked_objects),
            (self.tracks, tracks),
            (self.spurious, spurious),
            (self.on_objects, tracks.saturating_sub(spurious)),
            (self.declared, declared),
            (self.correct, correct),
            (self.contradictory, contradictory),
        ] {
            row[column] += f64::from(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::ids::SiteId;
    use crate::record::{Event, Fact, PictureSample};
    use crate::units::Millis;

    fn measures(samples: &[PictureSample]) -> impl Fn(&str) -> f64 + use<> {
        let mut log = handwritten::log();
        log.events = samples
            .iter()
            .map(|&sample| Event {
                time: Millis(60_000),
                place: [0.0; 3],
                fact: Fact::PictureSampled {
                    site: SiteId(0),
                    sample,
                },
            })
            .collect();
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        assert_eq!(
            row[columns.position("picture_samples").unwrap()],
            samples.len() as f64
        );
        move |name| {
            let derived = columns
                .derived()
                .iter()
                .find(|derived| derived.name == name);
            let derived = derived.unwrap();
            row[derived.numerator] / row[derived.denominator.unwrap()]
        }
    }

    /// Two samples, by hand:
    ///
    /// - 10 in coverage, 8 tracked by 9 tracks on objects and 1 spurious; 2 undeclared, 4 right, 1 wrong: 1 contradictory;
    /// - 2 in coverage, 2 tracked by 2 tracks, none spurious; none undeclared, 1 right, 1 wrong.
    ///
    /// Sums: J 12, JT 10, tracks 12, spurious 1, JU 2, JC 5, JA 1. Means of the two ratios would be .9, not 10/12.
    #[test]
    fn ratios_are_of_sums() {
        let of = measures(&[
            PictureSample {
                objects: 10,
                tracked_objects: 8,
                tracks: 10,
                spurious: 1,
                undeclared: 2,
                correct: 4,
                incorrect: 1,
            },
            PictureSample {
                objects: 2,
                tracked_objects: 2,
                tracks: 2,
                spurious: 0,
                undeclared: 0,
                correct: 1,
                incorrect: 1,
            },
        ]);
        assert_eq!(of("picture_completeness"), 10.0 / 12.0);
        assert_eq!(of("picture_ambiguity"), 11.0 / 10.0);
        assert_eq!(of("picture_spuriousness"), 1.0 / 12.0);
        assert_eq!(of("picture_identity_completeness"), 8.0 / 10.0);
        assert_eq!(of("picture_identity_correctness"), 5.0 / 10.0);
        assert_eq!(of("picture_identity_ambiguity"), 1.0 / 10.0);
    }

    #[test]
    fn a_perfect_picture_and_an_empty_one() {
        let of = measures(&[PictureSample {
            objects: 3,
            tracked_objects: 3,
            tracks: 3,
            correct: 3,
            ..PictureSample::default()
        }]);
        for (name, expected) in [
            ("picture_completeness", 1.0),
            ("picture_ambiguity", 1.0),
            ("picture_spuriousness", 0.0),
            ("picture_identity_completeness", 1.0),
            ("picture_identity_correctness", 1.0),
            ("picture_identity_ambiguity", 0.0),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        let of = measures(&[PictureSample::default()]);
        assert!(of("picture_completeness").is_nan(), "nothing to divide by");
    }
}
