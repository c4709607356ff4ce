//! One replication: (scenario, replication) to event log, a pure function.
//!
//! No file, no clock, no global, no thread: parallelism is across replications. A cleared world is set up with every draw
//! that can be made before the first instant (sites, flights, plans, deliveries); the [`calendar`] is worked off entry by
//! entry, each an event with one observer; at the end every site does the scans that are left and closes its tracks.

mod separating;
mod setup;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{LogLevel, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor};

use crate::calendar::{self, Clock, EntityIndex, EventCalendar, Log};
use crate::coordination::ApprovalQueues;
use crate::engagement::{CeaseFires, FireDistribution};
use crate::ids::FlightId;
use crate::picture::{FriendlyFeed, Leakers, NodeBook, Picture, Sampler, Tallies, TrackLinks};
use crate::platform::trajectory::Trajectory;
use crate::record::{
    Affiliation, Detail, Event, EventLog, EventRecorder, Replication, SiteRecord, Tally,
};
use crate::sensing::detections::{Detections, ReplicationDetections};
use crate::streams::Streams;
use crate::theatre::Theatre;
use crate::units::Millis;
use crate::{engagement, picture, platform};

use setup::{Aircraft, Setup};

/// The version of the model: what was made by different ones is not compared.
pub const MODEL: u32 = 9;

/// Replications that an engine keeps detections of, besides one a thread.
const KEPT: usize = 4;

/// Runs one replication of a scenario.
pub fn simulate(scenario: &Theatre, replication: Replication, detail: Detail) -> EventLog {
    Simulator::new().run(scenario, (false, None), replication, detail)
}

/// The same with every scan of every site visited: slower, and nothing else. What [`simulate`] skips cannot matter, which is
/// held to this.
pub fn simulate_every_scan(
    scenario: &Theatre,
    replication: Replication,
    detail: Detail,
) -> EventLog {
    Simulator::new().run(scenario, (true, None), replication, detail)
}

/// Runs replications, on any number of threads at once: what [`simulate`] does, but what one replication leaves that the
/// next can use, a world, its observers and memory for what is written down, is kept.
#[derive(Debug, Default)]
pub struct Engine {
    /// Those that run nothing at the moment, the one that ended last at the end.
    idle: Mutex<Vec<Simulator>>,
    /// What does not depend on the rules, where replications are run under several of them.
    detections: Option<Detections>,
}

impl Engine {
    /// One that runs each replication under several rule sets, one soon after the other, on so many threads at once: what rules do not decide is
    /// kept from one to the next, of some replications more than there are threads (half a megabyte each, as a rule). No byte depends on it.
    pub fn of_rule_sets(jobs: usize) -> Engine {
        Engine {
            detections: Some(Detections::new(jobs + KEPT)),
            ..Engine::default()
        }
    }

    /// Runs one replication of a scenario. If it panics, all that was kept for it is thrown away.
    pub fn simulate(
        &self,
        scenario: &Theatre,
        replication: Replication,
        detail: Detail,
    ) -> Flown<'_> {
        let kept = self.idle().pop();
        let mut simulator = kept.unwrap_or_else(Simulator::new);
        let kept = self.detections.as_ref();
        let kept = kept.map(|detections| detections.of(replication));
        let log = simulator.run(scenario, (false, kept), replication, detail);
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

/// The log of a replication that an engine ran. Once it is dropped, what ran it and the room it took serve the next.
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
            simulator.buffers.take_back(&mut self.log);
            self.engine.idle().push(simulator);
        }
    }
}

/// The schedule that samples air pictures.
#[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sampling;

/// The schedule of the end, when every site does what is left to do.
#[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Closing;

/// The schedules: what is done to all sites at once. Systems whose order is not fixed must not be able to tell the difference.
pub fn schedules() -> [Schedule; 2] {
    let mut sampling = Schedule::new(Sampling);
    sampling.add_systems(picture::take_samples);
    let mut closing = Schedule::new(Closing);
    closing.add_systems(picture::close_all);
    [sampling, closing].map(|mut schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.set_build_settings(ScheduleBuildSettings {
            ambiguity_detection: LogLevel::Error,
            ..Default::default()
        });
        schedule
    })
}

/// What runs one replication after another.
struct Simulator {
    world: World,
    buffers: Buffers,
}

/// Memory that a replication took, emptied for the next.
#[derive(Default)]
struct Buffers {
    recorder: EventRecorder,
    calendar: EventCalendar,
    events: Vec<Event>,
    tallies: Vec<Tally>,
    pictures: Vec<Picture>,
}

impl Buffers {
    fn take_back(&mut self, log: &mut EventLog) {
        self.events = std::mem::take(&mut log.events);
        self.events.clear();
        self.tallies = std::mem::take(&mut log.tallies);
        self.tallies.clear();
    }
}

/// What has no representation of its own is left out.
impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Simulator")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    fn new() -> Simulator {
        let mut world = World::new();
        platform::install(&mut world);
        picture::install(&mut world);
        engagement::install(&mut world);
        for schedule in schedules() {
            world.add_schedule(schedule);
        }
        Simulator {
            world,
            buffers: Buffers::default(),
        }
    }

    fn run(
        &mut self,
        scenario: &Theatre,
        (every_scan, detections): (bool, Option<Arc<ReplicationDetections>>),
        replication: Replication,
        detail: Detail,
    ) -> EventLog {
        let (world, buffers) = (&mut self.world, &mut self.buffers);
        clear(world);
        let recorder = std::mem::take(&mut buffers.recorder)
            .with_detail(detail)
            .with_histories(scenario.sample_pictures_every.is_some());
        let calendar = std::mem::take(&mut buffers.calendar);
        let old = &mut buffers.pictures;
        let mut setup = Setup::new(
            scenario,
            every_scan,
            replication,
            recorder,
            calendar,
            world,
            old,
        );
        setup.detections = detections;
        let aircraft = setup.spawn_aircraft();
        let sites = setup.spawn_sites(&aircraft);
        let links = setup.track_links(&sites);
        setup.between_sites(&aircraft, &sites);
        let Setup {
            index,
            calendar,
            recorder,
            end,
            ..
        } = setup;
        world.insert_resource(Streams::new(replication));
        world.insert_resource(Clock {
            now: Millis::ZERO,
            end,
        });
        world.insert_resource(Log(recorder));
        world.insert_resource(index);
        world.insert_resource(calendar);
        world.insert_resource(Tallies(std::mem::take(&mut buffers.tallies)));
        if let Some(links) = links {
            world.insert_resource(links);
        }
        match scenario.sample_pictures_every {
            Some(every) => {
                let affiliations = affiliations(scenario, &aircraft, &sites);
                world.insert_resource(Sampler::new(every, affiliations));
                loop {
                    let next = world.resource::<EventCalendar>().next();
                    let next = next.map_or(end, |next| next.min(end));
                    if world.resource::<Sampler>().is_due(next) {
                        world.run_schedule(Sampling);
                    }
                    if !calendar::work_off(world) {
                        break;
                    }
                }
            }
            None => while calendar::work_off(world) {},
        }
        world.run_schedule(Closing);
        let mut events = std::mem::take(&mut buffers.events);
        buffers.recorder = std::mem::take(&mut world.resource_mut::<Log>().0);
        if let Some(sampler) = world.get_resource::<Sampler>() {
            sampler.close(end, &sites, &mut buffers.recorder);
        }
        if let Some(separation) = &scenario.separation {
            let recorder = &mut buffers.recorder;
            separating::record(separation, scenario, world, &aircraft, recorder);
        }
        buffers.recorder.put_in_order(&mut events);
        buffers.calendar = std::mem::take(&mut *world.resource_mut::<EventCalendar>());
        buffers.calendar.clear();
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
            tallies: std::mem::take(&mut world.resource_mut::<Tallies>().0),
        }
    }
}

/// Takes out of a world all that a replication may have left in it. What every replication puts in is replaced as it comes.
fn clear(world: &mut World) {
    if let Some(index) = world.remove_resource::<EntityIndex>() {
        // Engagements and missiles go with their sites.
        for entity in index.sites.into_iter().chain(index.aircraft) {
            world.despawn(entity);
        }
    }
    world.remove_resource::<FriendlyFeed>();
    world.remove_resource::<CeaseFires>();
    world.remove_resource::<ApprovalQueues>();
    world.remove_resource::<FireDistribution>();
    world.remove_resource::<Leakers>();
    world.remove_resource::<NodeBook>();
    world.remove_resource::<TrackLinks>();
    world.remove_resource::<Sampler>();
    // A world remembers what was removed until it is told that nobody asks.
    world.clear_trackers();
}

/// The affiliation of each aircraft to each site.
fn affiliations(
    scenario: &Theatre,
    aircraft: &[Aircraft],
    sites: &[SiteRecord],
) -> Vec<Vec<Affiliation>> {
    let by_site = |site: &SiteRecord| {
        let relations = &scenario.cast.relations[site.side.index()];
        let of = |aircraft: &Aircraft| relations[aircraft.sortie.side.index()];
        aircraft.iter().map(of).collect()
    };
    sites.iter().map(by_site).collect()
}

/// Where the aircraft of a replication fly if nothing happens to them, by [`AircraftId`](crate::ids::AircraftId), as a pure function: no site looks
/// and nothing is fired.
///
/// Draws are looked up and not consumed, so these are the very trajectories of [`simulate`]; its log says when one was cut
/// short by a missile. A log holds no trajectories, because no measure needs them.
pub fn trajectories(scenario: &Theatre, replication: Replication) -> Vec<Trajectory> {
    let mut world = World::new();
    let mut pictures = Vec::new();
    let (recorder, calendar) = (EventRecorder::default(), EventCalendar::default());
    let setup = Setup::new(
        scenario,
        false,
        replication,
        recorder,
        calendar,
        &mut world,
        &mut pictures,
    );
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
