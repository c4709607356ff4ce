//! Air pictures held against the sky, at fixed intervals, for measures of their quality.
//!
//! A sample at time t sees what sites know from all scans before t; samples change nothing. An aircraft is an *object* of
//! a site while it flies and the site's latest scan had it in coverage, or a track follows it. A track says what fits when it is
//! identified as Friend or AssumedFriend and its aircraft is a friend, Neutral and it is neutral, Suspect or Hostile and it is
//! hostile; as Pending and Unknown it says nothing. An aircraft is undeclared if none of its tracks says anything, correct if all say
//! what fits, incorrect if all say something else. A track that coasts after its aircraft has left the sky is spurious. Source of
//! the terms: SIAP (Votruba 2001) as Stone Soup's `SIAPMetrics` and `IDSIAPMetrics` take it; see the measures of air-picture quality.

use bevy_ecs::prelude::*;
use nalgebra::Vector3;

use super::{At, Held, Known, Observer, Outlet, Picture, Sky};
use crate::calendar::{EventCalendar, Log};
use crate::ids::{AircraftId, Key, SiteId};
use crate::record::{
    Affiliation, EventRecorder, Fact, Identity, PictureContinuity, PictureSample, Rank, SiteRecord,
};
use crate::units::Millis;

/// When samples are taken, and the affiliation of each aircraft to each site.
#[derive(Debug, Resource)]
pub struct Sampler {
    every: Millis,
    next: Millis,
    affiliations: Vec<Vec<Affiliation>>,
    /// Which tracks followed which aircraft, by site.
    followed: Vec<Followed>,
}

impl Sampler {
    /// Samples at this interval, the first one interval after the start; affiliations by site, then aircraft.
    pub fn new(every: Millis, affiliations: Vec<Vec<Affiliation>>) -> Sampler {
        Sampler {
            every,
            next: every,
            followed: vec![Followed::default(); affiliations.len()],
            affiliations,
        }
    }

    /// Writes down, at the end, how steadily the tracks of each site followed aircraft.
    pub fn close(&self, end: Millis, sites: &[SiteRecord], recorder: &mut EventRecorder) {
        for (number, (followed, site)) in self.followed.iter().zip(sites).enumerate() {
            let fact = Fact::PictureContinuity {
                site: SiteId(number as u32),
                continuity: followed.continuity(self.every.seconds()),
            };
            recorder.record(end, Rank::Closing, site.place, fact);
        }
    }

    /// Whether a sample is due before anything of `time` happens.
    pub fn is_due(&self, time: Millis) -> bool {
        self.next <= time
    }
}

/// Takes all samples that are due: everything before them is done, and nothing at or after them.
pub fn take_samples(
    sky: Sky,
    calendar: Res<EventCalendar>,
    mut sampler: ResMut<Sampler>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Observer, &mut Picture)>,
) {
    let until = calendar
        .next()
        .map_or(sky.end(), |next| next.min(sky.end()));
    let mut ended = Vec::new();
    while sampler.is_due(until) {
        let time = sampler.next;
        sampler.next = time + sampler.every;
        for &site in &sky.index.sites {
            let Ok((observer, mut picture)) = sites.get_mut(site) else {
                continue;
            };
            let at = At::new(observer, &sky, &calendar);
            let mut outlet = Outlet {
                recorder: &mut log.0,
                approval_queues: None,
                ended: &mut ended,
                end: sky.end(),
            };
            let mut known = picture.known(time, &at, &mut outlet);
            let flies = |aircraft: AircraftId| {
                let flight = sky.flight(aircraft);
                flight.is_some_and(|flight| flight.airborne(time - Millis(1)))
            };
            for known in &mut known {
                if !flies(known.aircraft) {
                    known.aircraft = AircraftId::NOBODY;
                }
            }
            known.retain(|known| known.aircraft != AircraftId::NOBODY || known.held.is_some());
            let (site, place) = (observer.id, observer.place);
            let mut sample = count(&mut known, &sampler.affiliations[site.index()]);
            for Known { aircraft, held, .. } in &known {
                if let (Some(held), Some(flight)) = (held, sky.flight(*aircraft)) {
                    let truth = flight.trajectory.state(time);
                    let (position_m, velocity_mps) = errors(held, truth, time);
                    sample.position_error_m += position_m;
                    sample.velocity_error_mps += velocity_mps;
                }
            }
            let number = (time.0 / sampler.every.0) as u32;
            sampler.followed[site.index()].add(number, &known);
            let fact = Fact::PictureSampled { site, sample };
            let place = [place.x, place.y, 0.0];
            log.0.record(time, Rank::Sample, place, fact);
        }
    }
}

/// How far a track is from its aircraft at a time, in place and in velocity.
fn errors(
    held: &Held,
    (place, velocity): (Vector3<f64>, Vector3<f64>),
    time: Millis,
) -> (f64, f64) {
    let course = &held.course;
    (
        (course.place_at(time) - place).norm(),
        (course.velocity_mps - velocity).norm(),
    )
}

/// Counts what is known, and sorts it by aircraft.
fn count(known: &mut [Known], affiliations: &[Affiliation]) -> PictureSample {
    known.sort_by_key(|known| known.aircraft);
    let mut sample = PictureSample::default();
    for of_one in known.chunk_by(|one, other| one.aircraft == other.aircraft) {
        let aircraft = of_one[0].aircraft;
        let held = of_one.iter().filter_map(|known| known.held);
        let identities: Vec<Identity> = held.map(|held| held.identity).collect();
        sample.tracks += identities.len() as u32;
        if aircraft == AircraftId::NOBODY {
            sample.spurious += identities.len() as u32;
            continue;
        }
        if identities.is_empty() {
            sample.objects += u32::from(of_one.iter().any(|known| known.covered));
            continue;
        }
        sample.objects += 1;
        sample.tracked_objects += 1;
        let fits = |identity: Identity| match identity {
            Identity::Pending | Identity::Unknown => None,
            Identity::AssumedFriend | Identity::Friend => Some(Affiliation::Friend),
            Identity::Neutral => Some(Affiliation::Neutral),
            Identity::Suspect | Identity::Hostile => Some(Affiliation::Hostile),
        };
        let truth = Some(affiliations[aircraft.index()]);
        let said = || identities.iter().map(|identity| fits(*identity));
        if said().all(|said| said.is_none()) {
            sample.undeclared += 1;
        } else if said().all(|said| said == truth) {
            sample.correct += 1;
        } else if said().all(|said| said.is_some() && said != truth) {
            sample.incorrect += 1;
        }
    }
    sample
}

/// Which tracks of a site followed which aircraft, from sample to sample.
#[derive(Debug, Clone, Default)]
struct Followed(Vec<Object>);

/// An aircraft that was an object of a site.
#[derive(Debug, Clone)]
struct Object {
    aircraft: AircraftId,
    /// The samples at which it was.
    samples: Vec<u32>,
    /// The tracks that followed it, each as long as it did so without a break.
    spans: Vec<Span>,
}

/// A track that followed an aircraft from one sample to another.
#[derive(Debug, Clone, Copy)]
struct Span {
    track: Key,
    from: u32,
    to: u32,
}

impl Followed {
    /// Takes note of a sample, what is known being sorted by aircraft.
    fn add(&mut self, sample: u32, known: &[Known]) {
        for of_one in known.chunk_by(|one, other| one.aircraft == other.aircraft) {
            let aircraft = of_one[0].aircraft;
            let is_object = of_one
                .iter()
                .any(|known| known.covered || known.held.is_some());
            if aircraft == AircraftId::NOBODY || !is_object {
                continue;
            }
            let at = match self
                .0
                .binary_search_by_key(&aircraft, |object| object.aircraft)
            {
                Ok(at) => at,
                Err(at) => {
                    let object = Object {
                        aircraft,
                        samples: Vec::new(),
                        spans: Vec::new(),
                    };
                    self.0.insert(at, object);
                    at
                }
            };
            let object = &mut self.0[at];
            object.samples.push(sample);
            for track in of_one
                .iter()
                .filter_map(|known| known.held)
                .map(|held| held.track)
            {
                let follows = |span: &&mut Span| span.track == track && span.to + 1 == sample;
                match object.spans.iter_mut().find(follows) {
                    Some(span) => span.to = sample,
                    None => object.spans.push(Span {
                        track,
                        from: sample,
                        to: sample,
                    }),
                }
            }
        }
    }

    /// What that amounts to, at so many seconds a sample.
    fn continuity(&self, every_s: f64) -> PictureContinuity {
        let mut all = PictureContinuity::default();
        let lasts = |samples: u32| f64::from(samples) * every_s;
        for object in &self.0 {
            all.objects += 1;
            all.number_changes += object.fewest_tracks().saturating_sub(1);
            let followed = |pair: &&[u32]| {
                let mut spans = object.spans.iter();
                spans.any(|span| span.from <= pair[0] && pair[1] <= span.to)
            };
            let pairs = object.samples.windows(2).filter(followed);
            all.tracked_s += lasts(pairs.map(|pair| pair[1] - pair[0]).sum());
            let longest = object.spans.iter().map(|span| span.to - span.from).max();
            all.longest_s += lasts(longest.unwrap_or(0));
            if let [first, .., last] = object.samples[..] {
                all.lifetime_s += lasts(last - first);
            }
        }
        all
    }
}

impl Object {
    /// The fewest of its tracks that follow it at every sample at which any does: the one that lasts longest at each moment, and on
    /// from its end.
    fn fewest_tracks(&self) -> u32 {
        let (mut tracks, mut from) = (0, 0);
        for &sample in &self.samples {
            if sample < from {
                continue;
            }
            let there = self
                .spans
                .iter()
                .filter(|span| span.from <= sample && sample <= span.to);
            if let Some(to) = there.map(|span| span.to).max() {
                tracks += 1;
                from = to + 1;
            }
        }
        tracks
    }
}

#[cfg(test)]
mod tests {
    use super::super::track::Course;
    use super::*;

    /// What is known of an aircraft by a track, or without one.
    fn known(aircraft: u32, covered: bool, track: Option<(u64, Identity)>) -> Known {
        let course = Course {
            place: Vector3::zeros(),
            velocity_mps: Vector3::zeros(),
            at: Millis::ZERO,
        };
        Known {
            aircraft: AircraftId(aircraft),
            covered,
            held: track.map(|(track, identity)| Held {
                track: Key(track),
                identity,
                course,
            }),
        }
    }

    fn counted(mut known: Vec<Known>, affiliations: &[Affiliation]) -> PictureSample {
        count(&mut known, affiliations)
    }

    #[test]
    fn a_sample_counts_objects_and_what_they_are_identified_as() {
        use Identity::*;
        let known = |aircraft, covered, identity: Option<Identity>| {
            known(aircraft, covered, identity.map(|identity| (0, identity)))
        };
        let affiliations = [
            Affiliation::Friend,
            Affiliation::Neutral,
            Affiliation::Hostile,
            Affiliation::Neutral,
        ];
        let nobody = AircraftId::NOBODY.0;
        let sample = counted(
            vec![
                known(2, true, Some(Suspect)),
                known(0, true, None),
                known(1, true, Some(Neutral)),
                known(1, true, Some(Hostile)),
                known(nobody, false, Some(Hostile)),
                known(3, false, None),
                known(3, false, Some(Unknown)),
            ],
            &affiliations,
        );
        let expected = PictureSample {
            objects: 4,
            tracked_objects: 3,
            tracks: 5,
            spurious: 1,
            undeclared: 1,
            correct: 1,
            incorrect: 0,
            ..PictureSample::default()
        };
        assert_eq!(
            sample, expected,
            "0 untracked, 1 ambiguous, 2 right, 3 undeclared"
        );
        let wrong = counted(vec![known(1, true, Some(Hostile))], &affiliations);
        assert_eq!((wrong.incorrect, wrong.correct), (1, 0));
        assert_eq!(
            counted(vec![known(3, false, None)], &affiliations),
            PictureSample::default()
        );
    }

    /// The values of the tests of Stone Soup's `IDSIAPMetrics` (`test_constant_id`, `test_variable_id`): an ally, identified by all, some
    /// or none of its tracks as an ally, as an enemy, or not at all.
    #[test]
    fn identities_are_counted_as_stone_soup_does() {
        use Identity::{Friend as Ally, Hostile as Enemy, Unknown as Nothing};
        let ally = [Affiliation::Friend; 4];
        let of = |tracks: &[(u32, Identity)]| {
            let known = tracks
                .iter()
                .map(|(of, identity)| known(*of, true, Some((0, *identity))));
            let sample = counted(known.collect(), &ally);
            let PictureSample {
                tracked_objects,
                undeclared: ju,
                correct: jc,
                incorrect: ji,
                ..
            } = sample;
            [ju, jc, ji, tracked_objects - ju - jc - ji]
        };
        let constant = [(0, Ally), (1, Enemy), (2, Nothing), (3, Ally), (3, Enemy)];
        assert_eq!(of(&constant), [1, 1, 1, 1]);
        for (varying, steady, counts) in [
            (Nothing, Nothing, [1, 0, 0, 0]),
            (Nothing, Ally, [0, 0, 0, 1]),
            (Ally, Ally, [0, 1, 0, 0]),
            (Enemy, Ally, [0, 0, 0, 1]),
            (Ally, Ally, [0, 1, 0, 0]),
        ] {
            assert_eq!(
                of(&[(0, varying), (0, steady)]),
                counts,
                "{varying:?} {steady:?}"
            );
        }
    }

    /// The values of Stone Soup's `test_nu_j` and `test_compute_metric`: an aircraft for 40 s, and nine tracks that follow it for a while,
    /// one 1 m beside it for each number after the first.
    #[test]
    fn tracks_that_take_turns_are_counted_as_stone_soup_does() {
        let ids = [1, 3, 0, 1, 0, 0, 0, 0, 0]; // ally, enemy or nothing
        let spans = [
            (0, 3),
            (5, 10),
            (7, 15),
            (13, 20),
            (18, 28),
            (22, 26),
            (30, 40),
            (30, 35),
            (35, 40),
        ];
        let mut followed = Followed::default();
        let mut sums = [0; 7];
        let mut position_m = 0.0;
        for second in 0..40 {
            let mut all = vec![known(0, true, None)];
            for (number, (from, until)) in spans.iter().enumerate() {
                if (*from..*until).contains(&second) {
                    let identity = match ids[number] {
                        1 => Identity::Friend,
                        3 => Identity::Hostile,
                        _ => Identity::Pending,
                    };
                    let mut one = known(0, true, Some((number as u64, identity)));
                    let held = one.held.as_mut().expect("a track");
                    held.course.place.x = number as f64 + 1.0;
                    let truth = (Vector3::x(), Vector3::zeros());
                    let (position, velocity) = errors(held, truth, Millis::ZERO);
                    position_m += position;
                    assert_eq!(velocity, 0.0);
                    all.push(one);
                }
            }
            let sample = count(&mut all, &[Affiliation::Friend]);
            followed.add(second, &all);
            let counts = [
                sample.objects,
                sample.tracked_objects,
                sample.tracks,
                sample.spurious,
                sample.undeclared,
                sample.correct,
                sample.incorrect,
            ];
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        // J 40, JT 36, N 57, none spurious; of the 36, JU 21, JC 6, JI 2 and so JA 7.
        assert_eq!(sums, [40, 36, 57, 0, 21, 6, 2]);
        assert_eq!(position_m, 237.0);
        // Six of the nine follow it as long as any: R = 5 / 33 s; the longest is the seventh, LS = 9 s / 39 s.
        let expected = PictureContinuity {
            objects: 1,
            number_changes: 5,
            tracked_s: 33.0,
            longest_s: 9.0,
            lifetime_s: 39.0,
        };
        assert_eq!(followed.continuity(1.0), expected);
        // Three tracks, one of them beginning before the other ends (`test_tt_j`): 11 s tracked.
        let mut followed = Followed::default();
        for second in 0..20 {
            let there = [(0, 3), (5, 10), (7, 15)].iter().enumerate();
            let there = there.filter(|(_, (from, until))| (*from..*until).contains(&second));
            let held =
                there.map(|(number, _)| known(0, true, Some((number as u64, Identity::Pending))));
            let all: Vec<Known> = held.chain([known(0, true, None)]).collect();
            followed.add(second, &all);
        }
        assert_eq!(followed.continuity(1.0).tracked_s, 11.0);
    }
}
