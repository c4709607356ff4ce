//! The tick: which instants there are, and what happens in which order at each.
//!
//! The clock does not tick by seconds. An [`Agenda`] knows every instant at which something decisive is due, and the
//! schedule runs once for each of them, in this order:
//!
//! | phase | system | what |
//! |---|---|---|
//! | [`Phase::Begin`] | `next_instant` | the clock jumps to the earliest entry; all entries of that instant become due |
//! | [`Phase::Move`] | `report_movements` | take-offs, stations, objectives, landings |
//! | [`Phase::Resolve`] | `resolve_shots` | due launches and impacts, sites in order: shots resolve before scans |
//! | [`Phase::Observe`] | `close_live`, `close_files`, `release_channels`, `look_ahead`, `keep_watch` | what sites know, as far as it matters now |
//! | [`Phase::Engage`] | `open_fire` | sites that may fire at this very scan choose a target |
//!
//! Sensing, tracking, identification and the rules are called from Observe and Engage for one (site, aircraft) pair at
//! a time, see [`picture`](crate::picture). Flight paths and notices are drawn before the first instant.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{ScheduleBuildSettings, SingleThreadedExecutor};

use crate::ids::{AircraftId, SiteId};
use crate::record::{Notebook, TrackEnd};
use crate::units::Millis;

/// The order of things at one instant.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The clock jumps.
    Begin,
    /// Aircraft take off, arrive, land.
    Move,
    /// Due shots are launched and resolved.
    Resolve,
    /// Sites look.
    Observe,
    /// Sites decide.
    Engage,
}

/// The present instant, and the last.
#[derive(Resource, Debug, Clone, Copy)]
pub struct Clock {
    /// Now.
    pub now: Millis,
    /// The end of the scenario.
    pub end: Millis,
}

/// Something due at an instant; the order of the variants is the order in which one kind is worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A stage of a flight.
    Movement(AircraftId, Movement),
    /// An order to cease fire reaches a site.
    CeaseFire(SiteId),
    /// The next launch of an engagement.
    Launch(SiteId, u32),
    /// A missile arrives; the number of the engagement and of the missile in it.
    Impact(SiteId, u32, u32),
    /// The assessment of an engagement is over.
    Assess(SiteId, u32),
    /// An aircraft may now be inside the site's envelope; the index of its file there.
    Enter(SiteId, u32),
    /// The first scan at which the rules may let the site fire; the index of the file.
    Ripe(SiteId, u32),
    /// A scan of a site that keeps a live picture.
    Scan(SiteId),
}

/// A stage of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    /// It takes off.
    Depart,
    /// It reaches its station.
    BeginStation,
    /// It leaves its station.
    EndStation,
    /// It reaches its objective.
    ReachObjective,
    /// It lands.
    Land,
}

/// All that is due, earliest first.
#[derive(Resource, Debug, Default)]
pub struct Agenda(BinaryHeap<Reverse<(Millis, Entry)>>);

impl Agenda {
    /// Enters something due at `time`.
    pub fn enter(&mut self, time: Millis, entry: Entry) {
        self.0.push(Reverse((time, entry)));
    }

    /// The next instant.
    pub fn next(&self) -> Option<Millis> {
        self.0.peek().map(|Reverse((time, _))| *time)
    }
}

/// What is due at the present instant, by kind.
#[derive(Resource, Debug, Default)]
pub struct Due {
    /// Stages of flights.
    pub movements: Vec<(AircraftId, Movement)>,
    /// Orders to cease fire, launches, impacts, assessments.
    pub shots: Vec<Entry>,
    /// Files to be looked at.
    pub entering: Vec<(SiteId, u32)>,
    /// Files, or tracks of a live picture, whose next possible shot is now.
    pub ripe: Vec<(SiteId, u32)>,
    /// Sites with a scan now.
    pub scans: Vec<SiteId>,
    /// Aircraft that left the sky at this instant, and how.
    pub gone: Vec<(AircraftId, TrackEnd)>,
    /// Sites that got a fire channel back, and the file or track that had held it.
    pub freed: Vec<(SiteId, u32)>,
}

impl Due {
    /// Whether anything of one kind is due: the system that works it off runs on this condition, as nothing else costs as
    /// much at an instant as a system that finds nothing to do.
    pub fn any<T>(kind: impl Fn(&Due) -> &Vec<T> + Clone) -> impl Fn(Res<Due>) -> bool + Clone {
        move |due: Res<Due>| !kind(&due).is_empty()
    }
}

/// Where facts are written down.
#[derive(Resource, Debug, Default)]
pub struct Log(pub Notebook);

/// The entities, by id.
#[derive(Resource, Debug, Default)]
pub struct Roster {
    /// By [`AircraftId`].
    pub aircraft: Vec<Entity>,
    /// By [`SiteId`].
    pub sites: Vec<Entity>,
}

fn next_instant(mut clock: ResMut<Clock>, mut agenda: ResMut<Agenda>, mut due: ResMut<Due>) {
    let Some(now) = agenda.next() else { return };
    clock.now = now;
    while let Some(&Reverse((time, entry))) = agenda.0.peek()
        && time == now
    {
        agenda.0.pop();
        match entry {
            Entry::Movement(aircraft, movement) => due.movements.push((aircraft, movement)),
            Entry::CeaseFire(_) | Entry::Launch(..) | Entry::Impact(..) | Entry::Assess(..) => {
                due.shots.push(entry)
            }
            Entry::Enter(site, file) => due.entering.push((site, file)),
            Entry::Ripe(site, file) => due.ripe.push((site, file)),
            Entry::Scan(site) => due.scans.push(site),
        }
    }
}

/// The schedule of one instant, before any room has added its systems.
pub fn schedule() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.set_build_settings(ScheduleBuildSettings {
        auto_insert_apply_deferred: false,
        ..Default::default()
    });
    schedule.configure_sets(
        (
            Phase::Begin,
            Phase::Move,
            Phase::Resolve,
            Phase::Observe,
            Phase::Engage,
        )
            .chain(),
    );
    schedule.add_systems(next_instant.in_set(Phase::Begin));
    schedule
}
