//! One replication: (scenario, replication) to event log, a pure function.
//!
//! No file, no clock, no global, no thread: parallelism is across replications. A cleared world is set up with every draw
//! that can be made before the first instant (sites, flights, plans, notices), the schedule of [`crate::tick`] is run
//! from instant to instant, and at the end every file is advanced to the last scan and closed.

mod setup;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_ecs::prelude::*;

use crate::engagement::CeaseFires;
use crate::ids::{AircraftId, FlightId};
use crate::picture::{
    BlueFeed, Desks, LivePicture, Picture, Post, Sampler, SpentSince, TrackLinks,
};
use crate::platform::trajectory::Trajectory;
use crate::platform::{self, Planned};
use crate::record::{
    Detail, Event, EventLog, Notebook, Regard, Replication, SiteRecord, Tally, TrackEnd,
};
use crate::streams::Streams;
use crate::theatre::Theatre;
use crate::tick::{self, Agenda, Clock, Due, Log, Roster};
use crate::units::Millis;
use crate::{engagement, picture};

use setup::{Aircraft, Setup};

/// Flies one replication of a scenario.
pub fn simulate(scenario: &Theatre, replication: Replication, detail: Detail) -> EventLog {
    simulate_with(schedule(), scenario, replication, detail)
}

/// The same with a schedule of the caller's: [`schedule`] built with other settings, for tests of the order of systems.
pub fn simulate_with(
    schedule: Schedule,
    scenario: &Theatre,
    replication: Replication,
    detail: Detail,
) -> EventLog {
    Simulator::new(schedule).fly(scenario, replication, detail)
}

/// Flies replications, on any number of threads at once: what [`simulate`] does, but what one replication leaves that the
/// next can use, a world, its schedule and room for what is written down, is kept.
#[derive(Debug, Default)]
pub struct Engine {
    /// Those that fly nothing at the moment, the one that landed last at the end.
    idle: Mutex<Vec<Simulator>>,
}

impl Engine {
    /// Flies one replication of a scenario. If it panics, all that was kept for it is thrown away.
    pub fn simulate(
        &self,
        scenario: &Theatre,
        replication: Replication,
        detail: Detail,
    ) -> Flown<'_> {
        let kept = self.idle().pop();
        let mut simulator = kept.unwrap_or_else(|| Simulator::new(schedule()));
        let log = simulator.fly(scenario, replication, detail);
        Flown {
            engine: self,
            simulator: Some(simulator),
            log,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Simulator>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log of a replication that an engine flew. Once it is dropped, what flew it and the room it took serve the next.
#[derive(Debug)]
pub struct Flown<'a> {
    engine: &'a Engine,
    /// There until this is dropped.
    simulator: Option<Simulator>,
    log: EventLog,
}

impl Deref for Flown<'_> {
    type Target = EventLog;

    fn deref(&self) -> &EventLog {
        &self.log
    }
}

impl Drop for Flown<'_> {
    fn drop(&mut self) {
        if let Some(mut simulator) = self.simulator.take() {
            simulator.room.take_back(&mut self.log);
            self.engine.idle().push(simulator);
        }
    }
}

/// What flies one replication after another.
struct Simulator {
    world: World,
    schedule: Schedule,
    room: Room,
}

/// Room that a replication made for itself, emptied for the next.
#[derive(Default)]
struct Room {
    notebook: Notebook,
    events: Vec<Event>,
    tallies: Vec<Tally>,
    pictures: Vec<Picture>,
}

impl Room {
    fn take_back(&mut self, log: &mut EventLog) {
        self.events = std::mem::take(&mut log.events);
        self.events.clear();
        self.tallies = std::mem::take(&mut log.tallies);
        self.tallies.clear();
    }
}

/// A schedule has no representation of its own.
impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Simulator")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    fn new(schedule: Schedule) -> Simulator {
        Simulator {
            world: World::new(),
            schedule,
            room: Room::default(),
        }
    }

    fn fly(&mut self, scenario: &Theatre, replication: Replication, detail: Detail) -> EventLog {
        let (world, room) = (&mut self.world, &mut self.room);
        clear(world);
        let notebook = std::mem::take(&mut room.notebook).with_detail(detail);
        let mut setup = Setup::new(scenario, replication, notebook, world, &mut room.pictures);
        let aircraft = setup.spawn_aircraft();
        let sites = setup.spawn_sites(&aircraft);
        let links = setup.track_links(&sites);
        setup.between_sites(&aircraft, &sites);
        let Setup {
            roster,
            agenda,
            notebook,
            end,
            ..
        } = setup;
        world.insert_resource(Streams::new(replication));
        world.insert_resource(Clock {
            now: Millis::ZERO,
            end,
        });
        world.insert_resource(Due::default());
        world.insert_resource(Log(notebook));
        world.insert_resource(roster);
        world.insert_resource(agenda);
        if let Some(links) = links {
            world.insert_resource(links);
        }
        let mut sampler = scenario
            .sample_pictures_every
            .map(|every| Sampler::new(every, regards(scenario, &aircraft, &sites)));
        while let Some(next) = world.resource::<Agenda>().next()
            && next <= end
        {
            if let Some(sampler) = &mut sampler {
                sampler.take(world, next);
            }
            self.schedule.run(world);
        }
        if let Some(sampler) = &mut sampler {
            sampler.take(world, end);
        }
        let mut tallies = std::mem::take(&mut room.tallies);
        close_all(world, end, &mut tallies, &mut room.pictures);
        let mut events = std::mem::take(&mut room.events);
        room.notebook = std::mem::take(&mut world.resource_mut::<Log>().0);
        room.notebook.put_in_order(&mut events);
        EventLog {
            replication,
            end,
            cast: Arc::clone(&scenario.cast),
            sorties: aircraft
                .into_iter()
                .map(|aircraft| aircraft.sortie)
                .collect(),
            sites,
            events,
            tallies,
        }
    }
}

/// Takes out of a world all that a replication may have left in it. What every replication puts in is replaced as it comes.
fn clear(world: &mut World) {
    if let Some(roster) = world.remove_resource::<Roster>() {
        for entity in roster.sites.into_iter().chain(roster.aircraft) {
            world.despawn(entity);
        }
    }
    world.remove_resource::<BlueFeed>();
    world.remove_resource::<CeaseFires>();
    world.remove_resource::<Desks>();
    world.remove_resource::<TrackLinks>();
    // A world remembers what was removed until it is told that nobody asks.
    world.clear_trackers();
}

/// What each site should hold each aircraft for.
fn regards(scenario: &Theatre, aircraft: &[Aircraft], sites: &[SiteRecord]) -> Vec<Vec<Regard>> {
    let by_site = |site: &SiteRecord| {
        let relations = &scenario.cast.relations[site.side.index()];
        let of = |aircraft: &Aircraft| relations[aircraft.sortie.side.index()];
        aircraft.iter().map(of).collect()
    };
    sites.iter().map(by_site).collect()
}

/// Where the aircraft of a replication fly if nothing happens to them, by [`AircraftId`], as a pure function: no site looks
/// and nothing is fired.
///
/// Draws are looked up and not consumed, so these are the very trajectories of [`simulate`]; its log says when one was cut
/// short by a missile. A log holds no trajectories, because no measure needs them.
pub fn trajectories(scenario: &Theatre, replication: Replication) -> Vec<Trajectory> {
    let mut world = World::new();
    let mut pictures = Vec::new();
    let notebook = Notebook::default();
    let setup = Setup::new(scenario, replication, notebook, &mut world, &mut pictures);
    let mut all = Vec::new();
    for (index, flight) in scenario.flights.iter().enumerate() {
        for (number, departs_s) in setup.departures(flight).into_iter().enumerate() {
            let id = FlightId(index as u32);
            let aircraft = setup.aircraft(id, flight, number as u32, departs_s);
            all.push(aircraft.trajectory);
        }
    }
    all
}

/// The schedule of one instant with the systems of every room.
pub fn schedule() -> Schedule {
    let mut schedule = tick::schedule();
    platform::install(&mut schedule);
    picture::install(&mut schedule);
    engagement::install(&mut schedule);
    schedule
}

/// Advances every file to the end, closes it and counts; the pictures, emptied, go to `emptied`.
fn close_all(world: &mut World, end: Millis, tallies: &mut Vec<Tally>, emptied: &mut Vec<Picture>) {
    let streams = *world.resource::<Streams>();
    let roster = std::mem::take(&mut *world.resource_mut::<Roster>());
    let mut notebook = std::mem::take(&mut world.resource_mut::<Log>().0);
    let mut sites = world.query::<(&Post, AnyOf<(&mut Picture, &mut LivePicture)>, &SpentSince)>();
    let mut flights = world.query::<(&Trajectory, &Planned)>();
    let mut pictures = Vec::new();
    for &site in &roster.sites {
        if let Ok((post, (picture, live), spent)) = sites.get_mut(world, site) {
            let picture = picture.map(|mut picture| std::mem::take(&mut *picture));
            let live = live.map(|live| live.clone());
            pictures.push((post.clone(), picture, live, *spent));
        }
    }
    for (post, picture, live, spent) in pictures {
        if let Some(mut live) = live {
            let place = |aircraft: AircraftId, time| {
                let entity = *roster.aircraft.get(aircraft.index())?;
                let (trajectory, _) = flights.get(world, entity).ok()?;
                Some(trajectory.position(time))
            };
            live.close_all(&post, end, place, &mut notebook);
            tallies.extend(live.tallies(&post));
        }
        let Some(mut picture) = picture else {
            continue;
        };
        for index in 0..picture.subjects.len() {
            let target = roster.aircraft[picture.aircraft(index).index()];
            let Ok((trajectory, planned)) = flights.get(world, target) else {
                continue;
            };
            let (file, scene) = picture.open(index, &post, spent.0, &streams, trajectory, planned);
            file.advance(post.clock.first_from(end.0 + 1), &scene, &mut notebook);
            file.close(end, TrackEnd::EndOfRun, &scene, &mut notebook);
            tallies.push(Tally {
                site: post.id,
                aircraft: scene.subject.aircraft,
                looks: file.looks,
                detections: file.detections,
                tracked_s: file.tracked.seconds(),
                truth: scene.subject.truth_row,
                declared: file.declared()[..=post.identifier.rows.len()].into(),
            });
            picture.put_away(index);
        }
        picture.clear();
        emptied.push(picture);
    }
    world.resource_mut::<Log>().0 = notebook;
    world.insert_resource(roster);
}
