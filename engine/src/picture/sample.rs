//! Air pictures held against the sky, at fixed intervals, for measures of their quality.
//!
//! A sample at time t sees what sites know from all scans before t; samples change nothing. An aircraft is an *object* of
//! a site while it flies and the site's latest scan had it in coverage, or a track follows it. Its tracks are *correct*
//! when held Friend or AssumedFriend and it is a friend, Neutral and it is neutral, Suspect or Hostile and it is hostile;
//! Pending and Unknown are undeclared. Source of the terms: SIAP (Votruba 2001); see the measures of air-picture quality.

use bevy_ecs::prelude::*;

use super::{LivePicture, Picture, Post, SpentSince};
use crate::ids::AircraftId;
use crate::platform::trajectory::Trajectory;
use crate::platform::{Planned, Vitality};
use crate::record::{Fact, Identity, PictureSample, Rank, Recorder, Regard};
use crate::streams::Streams;
use crate::tick::{Log, Roster};
use crate::units::Millis;

/// When samples are taken, and what each site should hold each aircraft for.
#[derive(Debug)]
pub struct Sampler {
    every: Millis,
    next: Millis,
    regards: Vec<Vec<Regard>>,
}

/// What a site knows of one aircraft, or of nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Who that is.
    pub aircraft: AircraftId,
    /// Whether the latest scan had it in coverage.
    pub covered: bool,
    /// The identity of one of its tracks, if there is one.
    pub identity: Option<Identity>,
}

impl Sampler {
    /// Samples at this interval, the first one interval after the start; regards by site, then aircraft.
    pub fn new(every: Millis, regards: Vec<Vec<Regard>>) -> Sampler {
        Sampler {
            every,
            next: every,
            regards,
        }
    }

    /// Takes all samples due at or before `until`; every instant before them is done, none at or after.
    pub fn take(&mut self, world: &mut World, until: Millis) {
        while self.next <= until {
            self.sample(world, self.next);
            self.next = self.next + self.every;
        }
    }

    fn sample(&self, world: &mut World, time: Millis) {
        let streams = *world.resource::<Streams>();
        let roster = std::mem::take(&mut *world.resource_mut::<Roster>());
        let mut notebook = std::mem::take(&mut world.resource_mut::<Log>().0);
        let mut flights = world.query::<(&Trajectory, &Planned, &Vitality)>();
        let mut sites = world.query::<(&Post, AnyOf<(&Picture, &LivePicture)>, &SpentSince)>();
        let now: &World = world;
        let flights = flights.query(now);
        let flying = |aircraft: AircraftId| {
            let entity = *roster.aircraft.get(aircraft.index())?;
            let (trajectory, planned, vitality) = flights.get(entity).ok()?;
            vitality.flying.then_some((trajectory, planned))
        };
        let mut seen = Vec::new();
        let mut pictures = Vec::new();
        for &site in &roster.sites {
            let Ok((post, (files, live), spent)) = sites.get(now, site) else {
                continue;
            };
            let mut known: Vec<Known> = live.map_or_else(Vec::new, |live| live.known(post, time));
            if let Some(files) = files {
                let mut files = files.clone();
                for index in 0..files.subjects.len() {
                    let Some((trajectory, planned)) = flying(files.aircraft(index)) else {
                        continue;
                    };
                    let (file, scene) =
                        files.open(index, post, spent.0, &streams, trajectory, planned);
                    file.advance_to(time, &scene, &mut notebook);
                    known.push(file.known(time, &scene));
                }
                pictures.push((site, files));
            }
            known.retain(|known| {
                known.aircraft == AircraftId::NOBODY || flying(known.aircraft).is_some()
            });
            seen.push((post.id, [post.place.x, post.place.y, 0.0], known));
        }
        for (site, files) in pictures {
            if let Some(mut picture) = world.get_mut::<Picture>(site) {
                *picture = files;
            }
        }
        for (site, place, known) in seen {
            let sample = count(known, &self.regards[site.index()]);
            notebook.record(
                time,
                Rank::Sample,
                place,
                Fact::PictureSampled { site, sample },
            );
        }
        world.resource_mut::<Log>().0 = notebook;
        *world.resource_mut::<Roster>() = roster;
    }
}

fn count(mut known: Vec<Known>, regards: &[Regard]) -> PictureSample {
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
            Identity::AssumedFriend | Identity::Friend => Some(Regard::Friend),
            Identity::Neutral => Some(Regard::Neutral),
            Identity::Suspect | Identity::Hostile => Some(Regard::Hostile),
        };
        let held = identities.into_iter().filter_map(fits);
        let (right, wrong): (Vec<_>, Vec<_>) =
            held.partition(|regard| *regard == regards[aircraft.index()]);
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
    fn a_sample_counts_objects_and_what_they_are_held_for() {
        use Identity::*;
        let known = |aircraft, covered, identity| Known {
            aircraft: AircraftId(aircraft),
            covered,
            identity,
        };
        let regards = [
            Regard::Friend,
            Regard::Neutral,
            Regard::Hostile,
            Regard::Neutral,
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
            &regards,
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
        let wrong = count(vec![known(1, true, Some(Hostile))], &regards);
        assert_eq!((wrong.incorrect, wrong.correct), (1, 0));
        assert_eq!(
            count(vec![known(3, false, None)], &regards),
            PictureSample::default()
        );
    }
}
