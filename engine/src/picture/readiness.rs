//! Sites that are ready, or not any more: what that does to a picture.

use bevy_ecs::prelude::*;

use super::{Absence, At, Kept, Observer, Outlet, Picture, Sky, tell};
use crate::calendar::{
    Clock, EventCalendar, Log, ObjectiveReached, ReadinessDue, SiteOff, SiteWithdraws,
};
use crate::ids::{AircraftId, SiteId};
use crate::record::{Fact, NotReady, Rank};
use crate::units::Millis;

/// What hostile aircraft that reach their objectives do to sites.
#[derive(Debug, Default, Resource)]
pub struct Leakers {
    /// Which sites each destroys.
    pub destroy: Vec<(AircraftId, SiteId)>,
    /// Which sites each alerts.
    pub alert: Vec<(AircraftId, SiteId)>,
}

impl Leakers {
    /// Whether none does anything.
    pub fn is_empty(&self) -> bool {
        self.destroy.is_empty() && self.alert.is_empty()
    }
}

/// Adds the observers of this module.
pub(super) fn install(world: &mut World) {
    world.add_observer(on_readiness);
    world.add_observer(on_withdraw);
    world.add_observer(on_objective);
}

impl Picture {
    /// Why the site is not ready at `time`, if it is not.
    pub fn absent(&self, time: Millis) -> Option<NotReady> {
        let silent = || match &self.kept {
            Kept::Jointly(jointly) => jointly.silent(time).then_some(NotReady::Silent),
            Kept::Apart(_) => None,
        };
        self.situation.absences.at(time).or_else(silent)
    }

    /// Whether the site does not fire at `time` because it is not ready: what withdraws after the scan of an instant is off at once.
    pub fn is_off(&self, time: Millis) -> bool {
        let withdrawn = matches!(
            self.told_absent,
            Some(NotReady::Relocating | NotReady::Lost)
        );
        withdrawn || self.absent(time).is_some()
    }

    /// Why the site is not ready at the start, if it is not: that is written down by whoever asks.
    pub fn absent_at_start(&mut self) -> Option<NotReady> {
        self.told_absent = self.absent(Millis::ZERO);
        self.told_absent
    }

    /// Until when it is live, if it is silent until it is cued.
    pub(super) fn live_until(&self) -> Option<Millis> {
        match &self.kept {
            Kept::Jointly(jointly) => jointly.live_until(),
            Kept::Apart(_) => None,
        }
    }

    /// The site is not ready from now on: all scans before now are done as if that had not come, none after it sees anything.
    fn withdraw(&mut self, absence: Absence, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) {
        for pair in 0..self.params.len() {
            self.catch_up(pair, at, outlet);
        }
        self.situation.absences.add(absence);
        self.change(absence.from);
        if absence.until != Millis::NEVER {
            self.situation.change(absence.until);
        }
        self.with(at, |kept, scenes, _| {
            let Kept::Apart(apart) = kept else { return };
            for pair in 0..scenes.params.len() {
                scenes.open(apart, pair, |pair, scene| pair.look_anew(scene));
                scenes.plan(apart, pair as u32);
            }
        });
    }
}

/// Writes down what a site is from now on, if that is something else than what was written last; that it is lost, in any case.
fn note(
    observer: &Observer,
    picture: &mut Picture,
    absent: Option<NotReady>,
    at: Millis,
    log: &mut Log,
) {
    let site = observer.id;
    if picture.told_absent == Some(NotReady::Lost) {
        return;
    }
    let before = std::mem::replace(&mut picture.told_absent, absent);
    let fact = match (before, absent) {
        (None, Some(cause)) | (Some(_), Some(cause @ NotReady::Lost)) => {
            Fact::SiteNotReady { site, cause }
        }
        (Some(_), None) => Fact::SiteReady { site },
        _ => return,
    };
    let here = observer.place.push(0.0);
    log.0.record(at, Rank::Notice, here.into(), fact);
}

/// A site is ready, or not any more, as was known before.
fn on_readiness(
    due: On<ReadinessDue>,
    clock: Res<Clock>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Observer, &mut Picture)>,
    mut commands: Commands,
) {
    let Ok((observer, mut picture)) = sites.get_mut(due.entity) else {
        return;
    };
    let absent = picture.absent(clock.now);
    note(observer, &mut picture, absent, clock.now, &mut log);
    if absent.is_some() {
        commands.trigger(SiteOff { entity: due.entity });
    }
}

/// A site moves, or is destroyed.
fn on_withdraw(
    withdraws: On<SiteWithdraws>,
    sky: Sky,
    mut calendar: ResMut<EventCalendar>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Observer, &mut Picture)>,
    mut commands: Commands,
) {
    let SiteWithdraws {
        entity,
        until,
        cause,
    } = *withdraws;
    let Ok((observer, mut picture)) = sites.get_mut(entity) else {
        return;
    };
    let now = sky.now();
    // A scan of this very instant that is done has seen what it saw.
    let done = i64::from(calendar.scanned_by(now, observer.id));
    let at = At {
        scan: observer.clock.first_from(now.0 + done),
        ..At::new(observer, &sky, &calendar)
    };
    note(observer, &mut picture, Some(cause), now, &mut log);
    let mut ended = Vec::new();
    let mut outlet = Outlet {
        recorder: &mut log.0,
        approval_queues: None,
        ended: &mut ended,
        end: sky.end(),
    };
    let absence = Absence {
        from: now + Millis(done),
        until,
        cause,
    };
    picture.withdraw(absence, &at, &mut outlet);
    if until <= sky.end() {
        calendar.readiness(until, observer.id, entity);
    }
    if let Some(time) = picture.enter_next(&at) {
        calendar.scan(time, observer.id, entity);
    }
    tell(ended, &mut commands);
    commands.trigger(SiteOff { entity });
}

/// A hostile aircraft has come through: sites may be lost to it, and others expect more of them.
fn on_objective(
    reached: On<ObjectiveReached>,
    leakers: Option<Res<Leakers>>,
    sky: Sky,
    mut sites: Query<&mut Picture>,
    mut commands: Commands,
) {
    let Some(leakers) = leakers else { return };
    let it = |(aircraft, _): &&(AircraftId, SiteId)| *aircraft == reached.aircraft;
    for (_, site) in leakers.alert.iter().filter(it) {
        let picture = sky.site(*site).map(|entity| sites.get_mut(entity));
        if let Some(Ok(mut picture)) = picture {
            picture.situation.leaked.push(sky.now());
        }
    }
    for (_, site) in leakers.destroy.iter().filter(it) {
        if let Some(entity) = sky.site(*site) {
            commands.trigger(SiteWithdraws {
                entity,
                until: Millis::NEVER,
                cause: NotReady::Lost,
            });
        }
    }
}
