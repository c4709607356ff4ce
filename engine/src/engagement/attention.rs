//! Which tracks a site has to watch: those inside its envelope, while it could fire.
//!
//! A site that could fire looks ahead in the file of every aircraft inside its envelope, to the first scan at which the
//! rules would let it fire; that instant goes into the agenda. A site without a free channel or a missile looks at
//! nothing: its files are advanced later, when somebody asks.

use bevy_ecs::prelude::*;

use super::Battery;
use crate::picture::{Ahead, LivePicture, Picture, Post, Run, SpentSince, TrackFile};
use crate::platform::trajectory::Trajectory;
use crate::platform::{Planned, Vitality};
use crate::streams::Streams;
use crate::tick::{Agenda, Clock, Due, Entry, Log, Roster};
use crate::units::Millis;

/// Closes the account of the file that held a freed channel, and notes which files are worth a look now.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters of a system are its access list"
)]
pub(super) fn release_channels(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Post, &mut Picture, &Battery, &SpentSince)>,
    mut live: Query<&mut LivePicture>,
    aircraft: Query<(&Trajectory, &Planned)>,
) {
    for (site, index) in std::mem::take(&mut due.freed) {
        if let Ok(mut live) = live.get_mut(roster.sites[site.index()]) {
            live.release(index);
            continue;
        }
        let Ok((post, mut picture, battery, spent)) = sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        let index = index as usize;
        let target = picture.aircraft(index);
        let Ok((trajectory, planned)) = aircraft.get(roster.aircraft[target.index()]) else {
            continue;
        };
        let (file, scene) = picture.open(index, post, spent.0, &streams, trajectory, planned);
        file.advance_to(clock.now, &scene, &mut log.0);
        file.engaged = false;
        if battery.ready() {
            let scan = post.clock.first_from(clock.now.0);
            let files = picture.inside(scan).iter();
            due.entering.extend(files.map(|&file| (site, file)));
        }
    }
}

/// Looks ahead in the files of aircraft inside the envelope of sites that could fire.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters of a system are its access list"
)]
pub(super) fn look_ahead(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut agenda: ResMut<Agenda>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Post, &mut Picture, &Battery, &SpentSince)>,
    aircraft: Query<(&Trajectory, &Planned, &Vitality)>,
) {
    let mut entering = std::mem::take(&mut due.entering);
    entering.sort_unstable();
    entering.dedup();
    for (site, index) in entering {
        let Ok((post, mut picture, battery, spent)) = sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        picture.enter(index);
        let file = index as usize;
        let target = picture.aircraft(file);
        let Ok((trajectory, planned, vitality)) = aircraft.get(roster.aircraft[target.index()])
        else {
            continue;
        };
        let engaged = |file: &TrackFile| file.engaged;
        if !vitality.flying || !battery.ready() || picture.file(file).is_some_and(engaged) {
            continue;
        }
        let scan = post.clock.first_from(clock.now.0);
        let envelope = picture.envelope(file);
        let Some(&Run { end: until, .. }) =
            envelope.get(envelope.partition_point(|run| run.end <= scan))
        else {
            continue;
        };
        let known = picture.ahead(file).first_ripe(scan, until);
        let ripe = known.unwrap_or_else(|| {
            let (opened, scene) = picture.open(file, post, spent.0, &streams, trajectory, planned);
            // What is past is done for good, so that only what lies ahead is done twice.
            opened.advance(scan, &scene, &mut log.0);
            let ripe = opened.look_ahead(scan, until, &scene);
            let found = Ahead {
                unripe_before: ripe.unwrap_or(until),
                ripe: ripe.is_some(),
            };
            picture.note_ahead(file, found);
            ripe
        });
        let Some(ripe_at) = ripe.map(|scan| Millis(post.clock.time_ms(scan))) else {
            continue;
        };
        if ripe_at == clock.now {
            due.ripe.push((site, index));
        } else if known.is_none() {
            agenda.enter(ripe_at, Entry::Ripe(site, index));
        }
    }
}
