//! Air pictures held against the sky, at fixed intervals, for measures of their quality.
//!
//! A sample at time t sees what sites know from all scans before t; samples change nothing. An aircraft is an *object* of
//! a site while it flies and the site's latest scan had it in coverage, or a track follows it. Its tracks are *correct*
//! when identified as Friend or AssumedFriend and it is a friend, Neutral and it is neutral, Suspect or Hostile and it is hostile;
//! Pending and Unknown are undeclared. A track that coasts after its aircraft has left the sky is spurious. Source of the
//! terms: SIAP (Votruba 2001); see the measures of air-picture quality.

use bevy_ecs::prelude::*;

use super::{At, Known, Observer, Outlet, Picture, Sky};
use crate::calendar::{EventCalendar, Log};
use crate::ids::AircraftId;
use crate::record::{Affiliation, Fact, Identity, PictureSample, Rank};
use crate::units::Millis;

/// When samples are taken, and the affiliation of each aircraft to each site.
#[derive(Debug, Resource)]
pub struct Sampler {
    every: Millis,
    next: Millis,
    affiliations: Vec<Vec<Affiliation>>,
}

impl Sampler {
    /// Samples at this interval, the first one interval after the start; affiliations by site, then aircraft.
    pub fn new(every: Millis, affiliations: Vec<Vec<Affiliation>>) -> Sampler {
        Sampler {
            every,
            next: every,
            affiliations,
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
            known.retain(|known| known.aircraft != AircraftId::NOBODY || known.identity.is_some());
            let (site, place) = (observer.id, observer.place);
            let sample = count(known, &sampler.affiliations[site.index()]);
            let fact = Fact::PictureSampled { site, sample };
            let place = [place.x, place.y, 0.0];
            log.0.record(time, Rank::Sample, place, fact);
        }
    }
}

fn count(mut known: Vec<Known>, affiliations: &[Affiliation]) -> PictureSample {
    known.sort_by_key(|known| known.aircraft);
    let mut sample = PictureSample::default();
    for of_one in known.chunk_by(|one, other| one.aircraft == other.aircraft) {
        let aircraft = of_one[0].aircraft;
        let identities: Vec<Identity> = of_one.iter().filter_map(|known| known.identity).collect();
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
        let held = identities.into_iter().filter_map(fits);
        let (right, wrong): (Vec<_>, Vec<_>) =
            held.partition(|affiliation| *affiliation == affiliations[aircraft.index()]);
        match (right.is_empty(), wrong.is_empty()) {
            (true, true) => sample.undeclared += 1,
            (false, true) => sample.correct += 1,
            (true, false) => sample.incorrect += 1,
            (false, false) => {}
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_counts_objects_and_what_they_are_identified_as() {
        use Identity::*;
        let known = |aircraft, covered, identity| Known {
            aircraft: AircraftId(aircraft),
            covered,
            identity,
        };
        let affiliations = [
            Affiliation::Friend,
            Affiliation::Neutral,
            Affiliation::Hostile,
            Affiliation::Neutral,
        ];
        let nobody = AircraftId::NOBODY.0;
        let sample = count(
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
        };
        assert_eq!(
            sample, expected,
            "0 untracked, 1 ambiguous, 2 right, 3 undeclared"
        );
        let wrong = count(vec![known(1, true, Some(Hostile))], &affiliations);
        assert_eq!((wrong.incorrect, wrong.correct), (1, 0));
        assert_eq!(
            count(vec![known(3, false, None)], &affiliations),
            PictureSample::default()
        );
    }
}
