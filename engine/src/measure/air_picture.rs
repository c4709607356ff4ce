//! How well the tracks of a site show the sky: SIAP attributes of a single integrated air picture.
//!
//! A sample counts, at one instant and for one site, J aircraft in coverage, JT of them tracked, and the N tracks held, NA of
//! them with an aircraft behind. Of the JT tracked aircraft JU are undeclared, JC identified as what they are by all their tracks, JI
//! as something else by all; the rest, JA = JT - JC - JI - JU, have tracks that say different things, or only some of them anything.
//! PA and VA are how far a track is from its aircraft, in place and in velocity. Over all samples, sums over sums:
//!
//! ```text
//! completeness                  sum JT / sum J
//! ambiguity                     sum NA / sum JT
//! spuriousness                  sum (N - NA) / sum N
//! position accuracy             sum PA / sum NA
//! velocity accuracy             sum VA / sum NA
//! ID completeness               sum (JT - JU) / sum JT
//! ID correctness                sum JC / sum JT
//! ID ambiguity                  sum JA / sum JT
//! rate of track number change   sum (NU - 1) / sum TT
//! longest track segment         sum TL / sum T
//! ```
//!
//! The last two are over the aircraft of each site: NU is the fewest tracks that follow one for as long as any does, TT the time for
//! which any does, TL the longest for which one does, T the time from the first sample at which it was an object to the last. A
//! track that was lost and is remembered keeps its number. The names are those of Stone Soup's `SIAPMetrics` and `IDSIAPMetrics`; there
//! the rate is per second, and an aircraft that is never tracked counts as -1 change, here as none.
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
    position_error_m: usize,
    velocity_error_mps: usize,
    number_changes: usize,
    tracked_hours: usize,
    longest_hours: usize,
    lifetime_hours: usize,
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
                "of these, with tracks that say different things, or only some of them anything",
            ),
            position_error_m: header.one(
                "picture_position_error_m",
                "distance of tracks from the aircraft behind them, summed over the samples, m",
            ),
            velocity_error_mps: header.one(
                "picture_velocity_error_mps",
                "difference of their velocities, summed over the samples, m/s",
            ),
            number_changes: header.one(
                "picture_number_changes",
                "fewest tracks that follow an aircraft for as long as any does, less one, summed over sites and aircraft",
            ),
            tracked_hours: header.one(
                "picture_tracked_hours",
                "time between samples at both of which one track followed it, summed, h",
            ),
            longest_hours: header.one(
                "picture_longest_hours",
                "longest time for which one track followed it, summed, h",
            ),
            lifetime_hours: header.one(
                "picture_lifetime_hours",
                "time from the first sample with it in coverage or tracked to the last, summed, h",
            ),
        }
    }

    pub fn event(&self, event: &Event, row: &mut [f64]) {
        let sample = match event.fact {
            Fact::PictureSampled { sample, .. } => sample,
            Fact::PictureContinuity { continuity, .. } => {
                row[self.number_changes] += f64::from(continuity.number_changes);
                row[self.tracked_hours] += continuity.tracked_s / 3600.0;
                row[self.longest_hours] += continuity.longest_s / 3600.0;
                row[self.lifetime_hours] += continuity.lifetime_s / 3600.0;
                return;
            }
            _ => return,
        };
        let PictureSample {
            objects,
            tracked_objects,
            tracks,
            spurious,
            undeclared,
            correct,
            incorrect,
            position_error_m,
            velocity_error_mps,
        } = sample;
        row[self.position_error_m] += position_error_m;
        row[self.velocity_error_mps] += velocity_error_mps;
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
    use crate::record::{Event, Fact, PictureContinuity, PictureSample};
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
                position_error_m: 900.0,
                velocity_error_mps: 9.0,
            },
            PictureSample {
                objects: 2,
                tracked_objects: 2,
                tracks: 2,
                spurious: 0,
                undeclared: 0,
                correct: 1,
                incorrect: 1,
                position_error_m: 200.0,
                velocity_error_mps: 13.0,
            },
        ]);
        assert_eq!(of("siap_completeness"), 10.0 / 12.0);
        assert_eq!(of("siap_ambiguity"), 11.0 / 10.0);
        assert_eq!(of("siap_spuriousness"), 1.0 / 12.0);
        assert_eq!(of("siap_id_completeness"), 8.0 / 10.0);
        assert_eq!(of("siap_id_correctness"), 5.0 / 10.0);
        assert_eq!(of("siap_id_ambiguity"), 1.0 / 10.0);
        assert_eq!(of("siap_position_accuracy"), 1100.0 / 11.0);
        assert_eq!(of("siap_velocity_accuracy"), 22.0 / 11.0);
    }

    /// What `picture::sample` counts of Stone Soup's nine tracks, at two sites: R = 5 / 33 s and LS = 9 / 39, however many sites.
    #[test]
    fn rates_are_per_hour_of_all_sites() {
        let mut log = handwritten::log();
        let continuity = PictureContinuity {
            objects: 1,
            number_changes: 5,
            tracked_s: 33.0,
            longest_s: 9.0,
            lifetime_s: 39.0,
        };
        let one = |site| Event {
            time: Millis(60_000),
            place: [0.0; 3],
            fact: Fact::PictureContinuity {
                site: SiteId(site),
                continuity,
            },
        };
        log.events = vec![one(0), one(1)];
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        for (name, expected) in [
            ("siap_rate_of_track_number_change", 5.0 / 33.0 * 3600.0),
            ("siap_longest_track_segment", 9.0 / 39.0),
        ] {
            let derived = columns
                .derived()
                .iter()
                .find(|derived| derived.name == name)
                .unwrap();
            let value = row[derived.numerator] / row[derived.denominator.unwrap()];
            assert!((value - expected).abs() < 1e-9, "{name}: {value}");
        }
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
            ("siap_completeness", 1.0),
            ("siap_ambiguity", 1.0),
            ("siap_spuriousness", 0.0),
            ("siap_id_completeness", 1.0),
            ("siap_id_correctness", 1.0),
            ("siap_id_ambiguity", 0.0),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        let of = measures(&[PictureSample::default()]);
        assert!(of("siap_completeness").is_nan(), "nothing to divide by");
    }
}
