//! One replication: (scenario, replication) to event log, a pure function.
//!
//! No file, no clock, no global, no thread: parallelism is across replications. A fresh world is set up with every draw
//! that can be made before the first instant (sites, flights, plans, notices), the schedule of [`crate::tick`] is run
//! from instant to instant, and at the end every file is advanced to the last scan and closed.

use std::sync::Arc;

use bevy_ecs::prelude::*;

use crate::airspace::notice::Filing;
use crate::identification::plan_check::PlanFile;
use crate::ids::{AircraftId, FlightId, Key, SiteId};
use crate::picture::{Picture, Post, SpentSince, Subject, TrackFile};
use crate::platform::trajectory::{Luck, Trajectory};
use crate::platform::{self, Flight, Planned, Route, Start, Vitality};
use crate::record::{
    Detail, EventLog, Fact, Notebook, Rank, Recorder, Replication, SiteRecord, Sortie, Tally,
    TrackEnd,
};
use crate::scenario::{Position, Scenario};
use crate::sensing::coverage::{ScanClock, Sight, Window};
use crate::sensing::detection::Law;
use crate::sensing::{ScanPhase, SensorModel};
use crate::streams::{Purpose, Streams};
use crate::tick::{self, Agenda, Clock, Due, Entry, Log, Roster};
use crate::units::Millis;
use crate::{engagement, picture};

/// Flies one replication of a scenario.
pub fn simulate(scenario: &Scenario, replication: Replication, detail: Detail) -> EventLog {
    simulate_with(schedule(), scenario, replication, detail)
}

/// The same with a schedule of the caller's: [`schedule`] built with other settings, for tests of the order of systems.
pub fn simulate_with(
    mut schedule: Schedule,
    scenario: &Scenario,
    replication: Replication,
    detail: Detail,
) -> EventLog {
    let streams = Streams::new(replication);
    let mut setup = Setup::new(scenario, streams, detail);
    let aircraft = setup.spawn_aircraft();
    let sites = setup.spawn_sites(&aircraft);
    let Setup {
        mut world,
        roster,
        agenda,
        notebook,
        end,
        ..
    } = setup;
    world.insert_resource(streams);
    world.insert_resource(Clock {
        now: Millis::ZERO,
        end,
    });
    world.insert_resource(Due::default());
    world.insert_resource(Log(notebook));
    world.insert_resource(roster);
    world.insert_resource(agenda);
    while world
        .resource::<Agenda>()
        .next()
        .is_some_and(|next| next <= end)
    {
        schedule.run(&mut world);
    }
    let tallies = close_all(&mut world, end);
    let log = std::mem::take(&mut world.resource_mut::<Log>().0);
    EventLog {
        replication,
        end,
        cast: Arc::clone(&scenario.cast),
        sorties: aircraft
            .into_iter()
            .map(|aircraft| aircraft.sortie)
            .collect(),
        sites,
        events: log.into_events(),
        tallies,
    }
}

/// Where every aircraft of a replication flies if nothing happens to it, by [`AircraftId`]: for maps of a log, which has
/// places but no paths. Nothing is flown, and the paths are those that [`simulate`] flies.
pub fn trajectories(scenario: &Scenario, replication: Replication) -> Vec<Trajectory> {
    let mut setup = Setup::new(scenario, Streams::new(replication), Detail::Measures);
    let aircraft = setup.spawn_aircraft();
    aircraft
        .into_iter()
        .map(|aircraft| aircraft.trajectory)
        .collect()
}

/// The schedule of one instant with the systems of every room.
pub fn schedule() -> Schedule {
    let mut schedule = tick::schedule();
    platform::install(&mut schedule);
    picture::install(&mut schedule);
    engagement::install(&mut schedule);
    schedule
}

/// An aircraft of the replication, before it flies.
struct Aircraft {
    key: Key,
    sortie: Sortie,
    trajectory: Trajectory,
    planned: Planned,
    rcs_m2: f64,
    filing: Option<Filing>,
}

struct Setup<'a> {
    scenario: &'a Scenario,
    streams: Streams,
    end: Millis,
    world: World,
    roster: Roster,
    agenda: Agenda,
    notebook: Notebook,
    /// Where the windows of one pair after the other are collected.
    windows: Vec<Window>,
}

impl Setup<'_> {
    fn new(scenario: &Scenario, streams: Streams, detail: Detail) -> Setup<'_> {
        Setup {
            scenario,
            streams,
            end: scenario.duration,
            world: World::new(),
            roster: Roster::default(),
            agenda: Agenda::default(),
            notebook: Notebook::new(detail),
            windows: Vec::new(),
        }
    }

    fn spawn_aircraft(&mut self) -> Vec<Aircraft> {
        let mut all = Vec::new();
        for (index, flight) in self.scenario.flights.iter().enumerate() {
            let flight_id = FlightId(index as u32);
            for (number, departs_s) in self.departures(flight).into_iter().enumerate() {
                let aircraft = self.aircraft(flight_id, flight, number as u32, departs_s);
                self.spawn_one(AircraftId(all.len() as u32), flight, &aircraft);
                all.push(aircraft);
            }
        }
        all
    }

    /// Planned departures of a flight's aircraft, s.
    fn departures(&self, flight: &Flight) -> Vec<f64> {
        let waves = match &flight.start {
            Start::Airborne => vec![0.0],
            Start::Departs { after_s, .. } => vec![*after_s],
            Start::Poisson { rate_per_day } => {
                let mut luck = self.streams.about(Purpose::Arrival, flight.key, Key::NONE);
                let mut waves = Vec::new();
                let mut time_s = luck.exponential(0) * 86_400.0 / rate_per_day;
                while time_s < self.end.seconds() {
                    waves.push(time_s);
                    time_s += luck.exponential(waves.len() as u64) * 86_400.0 / rate_per_day;
                }
                waves
            }
        };
        let in_wave = |start_s: &f64| {
            let start_s = *start_s;
            (0..flight.count).map(move |number| start_s + f64::from(number) * flight.spacing_s)
        };
        waves.iter().flat_map(in_wave).collect()
    }

    fn aircraft(
        &self,
        flight_id: FlightId,
        flight: &Flight,
        number: u32,
        planned_s: f64,
    ) -> Aircraft {
        let spec = &self.scenario.types[flight.type_id.index()].spec;
        let key = flight.key.nth(number);
        let draw = |purpose| self.streams.about(purpose, key, Key::NONE);
        let filing = flight.plan.as_ref().map(|plan| {
            Filing::draw(
                plan,
                key,
                planned_s,
                &self.scenario.nodes,
                &self.scenario.links,
                &self.streams,
            )
        });
        let amendment = flight.plan.as_ref().and_then(|plan| plan.amendment);
        let amended = filing.as_ref().is_some_and(|filing| filing.amended);
        let later_s = amendment
            .filter(|_| amended)
            .map_or(0.0, |change| change.departs_later_s);
        let (delay_s, grounded) = match &flight.start {
            Start::Departs {
                delay, at_altitude, ..
            } => {
                let delay_s = delay
                    .as_ref()
                    .map_or(0.0, |delay| draw(Purpose::DepartureDelay).delay_s(0, delay));
                (delay_s, !at_altitude)
            }
            Start::Airborne | Start::Poisson { .. } => (0.0, false),
        };
        let loop_start = match flight.route {
            Route::Loop {
                random_start: true, ..
            } => draw(Purpose::LoopStart).uniform(0),
            _ => 0.0,
        };
        let fly = |departs_s: f64, deviation_m: &mut dyn FnMut(u64) -> f64| {
            let luck = Luck {
                departs_s,
                loop_start,
                deviation_m,
            };
            Trajectory::fly(flight, spec, luck, grounded, self.end.seconds())
        };
        let mut aside = draw(Purpose::CrossTrack);
        let sigma_m = flight.cross_track_sigma_m;
        let mut deviation = |leg| {
            if sigma_m > 0.0 {
                sigma_m * aside.normal(leg)
            } else {
                0.0
            }
        };
        let trajectory = fly(planned_s + later_s + delay_s, &mut deviation);
        let planned = Planned(if filing.as_ref().is_some_and(|filing| filing.filed) {
            [
                Some(fly(planned_s, &mut |_| 0.0)),
                amended.then(|| fly(planned_s + later_s, &mut |_| 0.0)),
            ]
        } else {
            [None, None]
        });
        let rcs_m2 = if spec.rcs_spread_db > 0.0 {
            let spread_db = spec.rcs_spread_db * draw(Purpose::CrossSection).normal(0);
            spec.rcs_m2 * libm::exp10(spread_db / 10.0)
        } else {
            spec.rcs_m2
        };
        let alone = flight.count == 1 && !matches!(flight.start, Start::Poisson { .. });
        let sortie = Sortie {
            name: if alone {
                flight.name.clone()
            } else {
                format!("{}/{}", flight.name, number + 1)
            },
            flight: flight_id,
            type_id: flight.type_id,
            side: flight.side,
            has_objective: flight.objective.is_some(),
            departs: trajectory.departs(),
            lands: trajectory.lands(),
            station_planned_s: trajectory.station.end_s - trajectory.station.start_s,
            station: [trajectory.station.start_s, trajectory.station.end_s]
                .map(Millis::from_seconds),
        };
        Aircraft {
            key,
            sortie,
            trajectory,
            planned,
            rcs_m2,
            filing,
        }
    }

    fn spawn_one(&mut self, id: AircraftId, flight: &Flight, aircraft: &Aircraft) {
        let objective = flight
            .objective
            .and_then(|(at, radius_m)| aircraft.trajectory.reaches(at, radius_m));
        let has_station = matches!(flight.route, Route::Station { .. });
        platform::stages(
            id,
            &aircraft.trajectory,
            has_station,
            objective,
            self.end,
            &mut self.agenda,
        );
        if let Some(filing) = aircraft.filing.as_ref().filter(|filing| filing.filed) {
            for (version, &sent) in filing
                .sent
                .iter()
                .enumerate()
                .filter(|(_, sent)| **sent != Millis::NEVER)
            {
                let fact = Fact::PlanFiled {
                    aircraft: id,
                    version: version as u32 + 1,
                    astray: filing.astray,
                };
                self.write_notice(sent, aircraft, fact);
            }
        }
        let bundle = (
            aircraft.trajectory.clone(),
            aircraft.planned.clone(),
            Vitality { flying: false },
        );
        self.roster.aircraft.push(self.world.spawn(bundle).id());
    }

    /// Notices before the start are recorded at the start, those after the end not at all.
    fn write_notice(&mut self, time: Millis, aircraft: &Aircraft, fact: Fact) {
        let time = time.max(Millis::ZERO);
        if time <= self.end {
            let place = aircraft.trajectory.position(time).into();
            self.notebook.record(time, Rank::Notice, place, fact);
        }
    }

    fn spawn_sites(&mut self, aircraft: &[Aircraft]) -> Vec<SiteRecord> {
        let scenario = self.scenario;
        let mut records = Vec::new();
        for (index, entry) in scenario.sites.iter().enumerate() {
            let (fewest, most) = entry.count;
            let mut luck = self.streams.about(Purpose::SiteCount, entry.key, Key::NONE);
            let extra = libm::floor(luck.uniform(0) * f64::from(most - fewest + 1)) as u32;
            for number in 0..(fewest + extra).min(most) {
                let key = entry.key.nth(number);
                let place = match entry.position {
                    Position::At(place) => place,
                    Position::DrawnIn(area) => {
                        let mut luck = self.streams.about(Purpose::SitePlace, key, Key::NONE);
                        area.sample(luck.uniform(0), luck.uniform(1))
                    }
                };
                let id = SiteId(records.len() as u32);
                let name = if most == 1 {
                    entry.name.clone()
                } else {
                    format!("{}/{}", entry.name, number + 1)
                };
                let (class, side) = (entry.class, entry.side);
                records.push(SiteRecord {
                    name,
                    entry: index as u32,
                    class,
                    side,
                    place: [place.x, place.y, 0.0],
                });
                self.spawn_site(id, key, place, index, aircraft);
            }
        }
        records
    }

    fn spawn_site(
        &mut self,
        id: SiteId,
        key: Key,
        place: crate::geometry::Point,
        entry: usize,
        aircraft: &[Aircraft],
    ) {
        let scenario = self.scenario;
        let entry_spec = &scenario.sites[entry];
        let class = &scenario.classes[entry_spec.class.index()];
        let period_ms = (libm::round(class.sensor.scan_s * 1000.0) as i64).max(1);
        let first_ms = match class.sensor.scan_phase {
            ScanPhase::Random => {
                let share = self
                    .streams
                    .about(Purpose::ScanPhase, key, Key::NONE)
                    .uniform(0);
                1 + libm::floor(share * period_ms as f64) as i64
            }
            ScanPhase::Fixed(phase) => match Millis::from_seconds(phase.first_s).0 {
                0 => period_ms,
                first_ms => first_ms,
            },
        };
        let post = Post {
            id,
            key,
            place,
            clock: ScanClock {
                first_ms,
                period_ms,
            },
            tracker: class.tracker.clone(),
            identifier: Arc::clone(&class.identifier),
            envelope: class.weapon.as_ref().map(|weapon| weapon.envelope()),
            rules: Arc::clone(&scenario.rules),
        };
        let mut picture = Picture::with_capacity(aircraft.len());
        for (index, target) in aircraft.iter().enumerate() {
            let aircraft_id = AircraftId(index as u32);
            if let Some(subject) = self.subject(&post, aircraft_id, target, entry) {
                let file = picture.files.len() as u32;
                for run in &subject.envelope {
                    self.agenda
                        .enter(Millis(post.clock.time_ms(run.from)), Entry::Enter(id, file));
                }
                picture.files.push(TrackFile::new());
                picture.ripe_at.push(Millis::NEVER);
                picture.subjects.push(subject);
            }
        }
        let magazine = class.weapon.as_ref().map_or(0, |weapon| weapon.magazine);
        let spent = SpentSince(if magazine == 0 {
            Millis(i64::MIN)
        } else {
            Millis::NEVER
        });
        let mut site = self.world.spawn((post, picture, spent));
        if let Some(weapon) = &class.weapon {
            site.insert(engagement::Battery::new(Arc::clone(weapon)));
        }
        let site = site.id();
        self.roster.sites.push(site);
    }

    /// What is fixed for an aircraft as seen from a site; nothing if the site can never see it.
    fn subject(
        &mut self,
        post: &Post,
        aircraft: AircraftId,
        target: &Aircraft,
        entry: usize,
    ) -> Option<Subject> {
        let scenario = self.scenario;
        let entry_spec = &scenario.sites[entry];
        let class = &scenario.classes[entry_spec.class.index()];
        let draw = |purpose| self.streams.about(purpose, post.key, target.key);
        let cue = class.identifier.spec.flight_plan.as_ref();
        let plan = cue.map(|cue| {
            let filed = target.filing.as_ref().filter(|filing| filing.filed);
            let arrives = filed.map_or([Millis::NEVER; 2], |filing| {
                filing.at_site(
                    target.key,
                    post.key,
                    entry_spec.command.as_ref(),
                    &self.streams,
                )
            });
            PlanFile {
                filed: filed.is_some(),
                astray: filed.is_some_and(|filing| filing.astray),
                covered: scenario.cast.covered[target.sortie.flight.index()][entry],
                amended: filed.is_some_and(|filing| filing.amended),
                arrives,
                correlates: draw(Purpose::Correlation).happens(0, cue.correlation),
                chance_match: draw(Purpose::ChanceMatch).happens(0, cue.chance_match),
            }
        });
        let heeds_plans = scenario
            .rules
            .honour()
            .is_some_and(|honour| draw(Purpose::Honour).happens(0, honour));
        if let Some(plan) = &plan {
            for (version, time) in plan
                .arrives
                .into_iter()
                .enumerate()
                .filter(|(_, time)| *time != Millis::NEVER)
            {
                let fact = Fact::NoticeReceived {
                    site: post.id,
                    aircraft,
                    version: version as u32 + 1,
                };
                self.write_notice(time, target, fact);
            }
        }
        let (law, blind_beyond_m) = Law::new(&class.sensor, target.rcs_m2);
        let sight = Sight {
            site: post.place,
            antenna_m: class.sensor.antenna_m,
            law,
            blind_beyond_m,
            horizon: !matches!(class.sensor.model, SensorModel::Disc(_)),
        };
        let windows = &mut self.windows;
        windows.clear();
        sight.windows(&target.trajectory, &post.clock, windows);
        // The last scan is the last one at or before the end.
        let after_end = post.clock.first_from(self.end.0 + 1);
        windows.retain_mut(|window| {
            window.end = window.end.min(after_end);
            window.from < window.end
        });
        if windows.is_empty() {
            return None;
        }
        let regard = scenario.cast.relations[entry_spec.side.index()][target.sortie.side.index()];
        let mut envelope = post.envelope.map_or(Vec::new(), |envelope| {
            envelope.scans(post.place, &target.trajectory, &post.clock)
        });
        envelope.retain_mut(|run| {
            run.end = run.end.min(after_end);
            run.from < run.end
        });
        Some(Subject {
            aircraft,
            key: target.key,
            truth_row: class.identifier.truth_row(target.sortie.type_id, regard),
            sight,
            windows: windows.clone(),
            envelope,
            plan,
            heeds_plans,
        })
    }
}

/// Advances every file to the end, closes it and counts.
fn close_all(world: &mut World, end: Millis) -> Vec<Tally> {
    let streams = *world.resource::<Streams>();
    let roster = std::mem::take(&mut *world.resource_mut::<Roster>());
    let mut notebook = std::mem::take(&mut world.resource_mut::<Log>().0);
    let mut sites = world.query::<(&Post, &mut Picture, &SpentSince)>();
    let mut flights = world.query::<(&Trajectory, &Planned)>();
    let mut pictures: Vec<(Post, Picture, SpentSince)> = Vec::new();
    for &site in &roster.sites {
        if let Ok((post, mut picture, spent)) = sites.get_mut(world, site) {
            pictures.push((post.clone(), std::mem::take(&mut *picture), *spent));
        }
    }
    let mut tallies = Vec::new();
    for (post, picture, spent) in &mut pictures {
        for index in 0..picture.files.len() {
            let target = roster.aircraft[picture.subjects[index].aircraft.index()];
            let Ok((trajectory, planned)) = flights.get(world, target) else {
                continue;
            };
            let (file, scene) = picture.open(index, post, spent.0, &streams, trajectory, planned);
            file.advance(post.clock.first_from(end.0 + 1), &scene, &mut notebook);
            file.close(end, TrackEnd::EndOfRun, &scene, &mut notebook);
            tallies.push(Tally {
                site: post.id,
                aircraft: scene.subject.aircraft,
                looks: file.looks,
                detections: file.detections,
                tracked_s: file.tracked.seconds(),
                truth: scene.subject.truth_row,
                declared: file.declared[..=post.identifier.rows.len()].to_vec(),
            });
        }
    }
    world.resource_mut::<Log>().0 = notebook;
    tallies
}
