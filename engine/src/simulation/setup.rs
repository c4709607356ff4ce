//! The world of a replication before its first instant: every draw that can be made beforehand is made here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bevy_ecs::prelude::*;

use crate::airspace::notice::Filing;
use crate::calendar::{EntityIndex, EventCalendar};
use crate::coordination::{
    ApprovalQueues, AuthorityLevel, CommandLink, Deviation, Intent, PlannedFlight, Rules,
};
use crate::engagement::{self, CeaseFires, FireDistribution, Obeying};
use crate::identification::plan_check::{OtherPlan, PlanAtNode, PlanOutcome};
use crate::identification::{CivilRows, side_key};
use crate::ids::{AircraftId, FlightId, Key, NodeId, SideId, SiteId};
use crate::picture::{
    FriendlyFeed, Leakers, NodeBook, NodeKnowledge, Observer, PairParams, Picture, Reach, Runs,
    TrackLinks,
};
use crate::platform::trajectory::Trajectory;
use crate::platform::{self, Flight, Planned, Route, Start, Vitality};
use crate::record::{
    Affiliation, EventRecorder, Fact, Place, Rank, Replication, SiteRecord, Sortie,
};
use crate::sensing::coverage::{ScanClock, Sight, Window};
use crate::sensing::detection::Law;
use crate::sensing::detections::{About, ReplicationDetections};
use crate::sensing::{ScanPhase, SensorModel};
use crate::streams::{Purpose, Streams};
use crate::terrain::{Horizon, Masks};
use crate::theatre::{Position, SiteClass, SiteEntry, Theatre};
use crate::units::Millis;

/// An aircraft of the replication, before it flies.
pub(super) struct Aircraft {
    key: Key,
    pub(super) sortie: Sortie,
    pub(super) trajectory: Trajectory,
    /// The same as it is kept, where detections are.
    kept: Option<Arc<Trajectory>>,
    pub(super) planned: Planned,
    rcs_m2: f64,
    pub(super) filing: Option<Filing>,
    /// Whether it does not fly: when and where it would have departed.
    cancelled: Option<(Millis, Place)>,
    /// When it is off its plan, where somebody watches that.
    deviations: Vec<Deviation>,
}

pub(super) struct Setup<'a> {
    scenario: &'a Theatre,
    /// Whether every site is kept scan by scan.
    every_scan: bool,
    streams: Streams,
    pub(super) end: Millis,
    world: &'a mut World,
    pub(super) index: EntityIndex,
    pub(super) calendar: EventCalendar,
    pub(super) recorder: EventRecorder,
    /// Pictures that are not needed any more.
    old: &'a mut Vec<Picture>,
    /// Of the pair that was set up last: when the site sees the aircraft, and when that is inside its envelope.
    windows: Vec<Window>,
    runs: Runs,
    /// What rules do not decide, from the rule sets under which this replication was run before.
    pub(super) detections: Option<Arc<ReplicationDetections>>,
}

impl<'a> Setup<'a> {
    pub(super) fn new(
        scenario: &'a Theatre,
        every_scan: bool,
        replication: Replication,
        recorder: EventRecorder,
        calendar: EventCalendar,
        world: &'a mut World,
        old: &'a mut Vec<Picture>,
    ) -> Setup<'a> {
        Setup {
            scenario,
            every_scan,
            streams: Streams::new(replication),
            end: scenario.duration,
            world,
            index: EntityIndex::default(),
            calendar,
            recorder,
            old,
            windows: Vec::new(),
            runs: Runs::default(),
            detections: None,
        }
    }

    fn visits_every_scan(&self, entry: usize) -> bool {
        self.every_scan || self.scenario.visits_every_scan(entry)
    }

    pub(super) fn spawn_aircraft(&mut self) -> Vec<Aircraft> {
        let mut all = Vec::new();
        for (index, flight) in self.scenario.flights.iter().enumerate() {
            let flight_id = FlightId(index as u32);
            for (number, departs_s) in self.departures(flight).into_iter().enumerate() {
                let aircraft = self.aircraft(flight_id, flight, number as u32, departs_s);
                self.spawn_one(AircraftId(all.len() as u32), flight, &aircraft);
                all.push(aircraft);
            }
        }
        self.monitor(&mut all);
        all
    }

    /// Planned departures of a flight's aircraft, s.
    pub(super) fn departures(&self, flight: &Flight) -> Vec<f64> {
        let waves = match &flight.start {
            Start::Airborne => vec![0.0],
            Start::Departs { after_s, .. } => vec![*after_s],
            Start::Poisson { rate_per_day, .. } => {
                let mut draws = self.streams.about(Purpose::Arrival, flight.key, Key::NONE);
                let mut waves = Vec::new();
                let mut time_s = draws.exponential(0) * 86_400.0 / rate_per_day;
                while time_s < self.end.seconds() {
                    waves.push(time_s);
                    time_s += draws.exponential(waves.len() as u64) * 86_400.0 / rate_per_day;
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

    pub(super) fn aircraft(
        &self,
        flight_id: FlightId,
        flight: &Flight,
        number: u32,
        planned_s: f64,
    ) -> Aircraft {
        let spec = &self.scenario.types[flight.type_id.index()].spec;
        let key = flight.key.nth(number);
        let draw = |purpose| self.streams.about(purpose, key, Key::NONE);
        let loop_start = match flight.route {
            Route::Loop {
                random_start: true, ..
            } => draw(Purpose::LoopStart).uniform(0),
            _ => 0.0,
        };
        let mut planned = PlannedFlight {
            intent: Intent {
                flight: Cow::Borrowed(flight),
                spec,
                departs_s: planned_s,
                loop_start,
                until_s: self.end.seconds(),
                relations: &self.scenario.cast.relations,
            },
            plan: flight.plan.as_ref().map(Cow::Borrowed),
            cancelled: false,
            side: &self.scenario.cast.sides[flight.side.index()],
            key,
            number,
            graph: (&self.scenario.nodes, &self.scenario.links),
            streams: &self.streams,
        };
        let rules = &self.scenario.rules;
        rules.amend(&mut planned);
        let filing = planned.filing();
        let PlannedFlight {
            intent,
            plan,
            cancelled: stays_out,
            ..
        } = planned;
        let (flight, planned_s) = (&*intent.flight, intent.departs_s);
        // One aircraft of a flight may have its plan sent to others than the next.
        let coordinated = match &plan {
            Some(Cow::Owned(amended)) => Some(self.scenario.covered_by(amended)),
            _ => None,
        };
        let amended = filing.as_ref().is_some_and(|filing| filing.amended);
        let later_s = plan
            .and_then(|plan| plan.amendment)
            .filter(|_| amended)
            .map_or(0.0, |change| change.departs_later_s);
        let delay_s = match &flight.start {
            Start::Departs {
                delay: Some(delay), ..
            } => draw(Purpose::DepartureDelay).delay_s(0, delay),
            _ => 0.0,
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
        let trajectory = intent.path(planned_s + later_s + delay_s, &mut deviation);
        let planned = Planned(if filing.as_ref().is_some_and(|filing| filing.filed) {
            [
                Some(intent.planned(planned_s)),
                amended.then(|| intent.planned(planned_s + later_s)),
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
            coordinated,
        };
        let departs = trajectory.departs();
        let cancelled = stays_out.then(|| (departs, trajectory.position(departs).into()));
        let (trajectory, filing) = if stays_out {
            (Trajectory::cancelled(), None)
        } else {
            (trajectory, filing)
        };
        Aircraft {
            key,
            sortie,
            kept: (self.detections.as_ref()).map(|kept| kept.trajectory(key, &trajectory)),
            trajectory,
            planned,
            rcs_m2,
            filing,
            cancelled,
            deviations: Vec::new(),
        }
    }

    /// Rule R15: when each flight that is watched is off its plan, and when the monitor is done with that.
    fn monitor(&self, aircraft: &mut [Aircraft]) {
        let Some(rule) = self.scenario.rules.conformance_monitoring() else {
            return;
        };
        for one in aircraft.iter_mut() {
            let side = &self.scenario.cast.sides[one.sortie.side.index()];
            let current = one.filing.as_ref().filter(|filing| filing.filed);
            let version = current.map(|filing| usize::from(filing.amended));
            let planned = version.and_then(|version| one.planned.0[version].as_ref());
            if let Some(planned) = planned.filter(|_| rule.watches(side)) {
                one.deviations = rule.deviations(&one.trajectory, planned, self.end);
            }
        }
        let mut all: Vec<(Key, u64, &mut Deviation)> = (aircraft.iter_mut())
            .flat_map(|one| {
                let key = one.key;
                let numbered = one.deviations.iter_mut().enumerate();
                numbered.map(move |(number, deviation)| (key, number as u64, deviation))
            })
            .collect();
        rule.work_off(&self.streams, &mut all, self.end);
    }

    fn spawn_one(&mut self, id: AircraftId, flight: &Flight, aircraft: &Aircraft) {
        let objective = flight
            .objective
            .and_then(|(at, radius_m)| aircraft.trajectory.reaches(at, radius_m));
        let has_station = matches!(flight.route, Route::Station { .. });
        let bundle = (
            aircraft.trajectory.clone(),
            aircraft.planned.clone(),
            Vitality {
                departs: aircraft.trajectory.departs(),
                gone: Millis::NEVER,
            },
        );
        let entity = self.world.spawn(bundle).id();
        self.index.aircraft.push(entity);
        platform::stages(
            id,
            entity,
            &aircraft.trajectory,
            has_station,
            objective,
            self.end,
            &mut self.calendar,
        );
        if let Some((time, place)) = aircraft.cancelled.filter(|(time, _)| *time <= self.end) {
            let fact = Fact::SortieCancelled { aircraft: id };
            self.recorder.record(time, Rank::Movement, place, fact);
        }
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
    }

    /// Notices before the start are recorded at the start, those after the end not at all.
    fn write_notice(&mut self, time: Millis, aircraft: &Aircraft, fact: Fact) {
        let time = time.max(Millis::ZERO);
        if time <= self.end {
            let place = aircraft.trajectory.position(time).into();
            self.recorder.record(time, Rank::Notice, place, fact);
        }
    }

    pub(super) fn spawn_sites(&mut self, aircraft: &[Aircraft]) -> Vec<SiteRecord> {
        let scenario = self.scenario;
        let mut records = Vec::new();
        for (index, entry) in scenario.sites.iter().enumerate() {
            let (fewest, most) = entry.count;
            let mut draws = self.streams.about(Purpose::SiteCount, entry.key, Key::NONE);
            let extra = libm::floor(draws.uniform(0) * f64::from(most - fewest + 1)) as u32;
            for number in 0..(fewest + extra).min(most) {
                let key = entry.key.nth(number);
                let place = match &entry.position {
                    Position::At(place) => *place,
                    Position::DrawnIn(area) => {
                        let mut draws = self.streams.about(Purpose::SitePlace, key, Key::NONE);
                        area.sample(draws.uniform(0), draws.uniform(1))
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

    /// Where sites report tracks to one another, if any do.
    pub(super) fn track_links(&self, sites: &[SiteRecord]) -> Option<TrackLinks> {
        let links = &self.scenario.track_links;
        let mut numbers = vec![0; self.scenario.sites.len()];
        let keyed: Vec<(u32, Key)> = sites
            .iter()
            .map(|site| {
                let entry = site.entry as usize;
                let key = self.scenario.sites[entry].key.nth(numbers[entry]);
                numbers[entry] += 1;
                (site.entry, key)
            })
            .collect();
        (!links.is_empty()).then(|| TrackLinks::new(links, &keyed))
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
        let period_ms = class.sensor.scan().0;
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
        let identifies = &class.identifier.spec;
        let (identifier, id_sources) =
            scenario.identification_at(entry_spec.class, entry_spec.side);
        let zone = scenario.rules.restricted_operations_zone();
        let observer = Observer {
            id,
            key,
            side: entry_spec.side,
            side_key: self.side_key(entry_spec.side),
            approval_queue: self.approval_queue(key, entry_spec),
            command: entry_spec.command.as_ref().map(|command| command.node),
            place,
            clock: ScanClock {
                first_ms,
                period_ms,
            },
            tracker: class.tracker.clone(),
            identifier: Arc::clone(identifier),
            id_sources: Arc::clone(id_sources),
            civil: zone.map_or(CivilRows::NONE, |zone| {
                CivilRows::new(identifier, zone.civil())
            }),
            operator: class.operator.clone(),
            asks_more: !id_sources.is_empty() || class.operator.is_some(),
            envelope: class.weapon.as_ref().map(|weapon| weapon.envelope()),
            masks: self.masks((entry, key), place, class.sensor.antenna_m),
            rules: Arc::clone(scenario.rules_at(entry_spec.side)),
            class: entry_spec.class,
            command_link: Arc::new(self.command_link(key, entry_spec)),
            go_live: class.readiness.go_live.clone(),
            cued: self.cued(class, entry_spec.side, aircraft),
        };
        let others = if identifies
            .flight_plan
            .as_ref()
            .is_some_and(|id_source| id_source.any_plan)
        {
            self.plans_at(&observer, entry_spec, aircraft)
        } else {
            Vec::new()
        };
        let magazine = class.weapon.as_ref().map_or(0, |weapon| weapon.magazine);
        let jointly = self.visits_every_scan(entry);
        let readiness = &class.readiness;
        let absences = readiness.absences(&self.streams, key, self.end);
        let cued = observer
            .cued
            .iter()
            .flat_map(|(from, until)| [*from, *until]);
        let turns: Vec<Millis> = absences.edges().chain(cued).collect();
        let mut picture = Picture::new(&observer, magazine, absences, jointly, self.old.pop());
        if let Some(cause) = picture.absent_at_start() {
            let fact = Fact::SiteNotReady { site: id, cause };
            let here = place.push(0.0);
            self.recorder
                .record(Millis::ZERO, Rank::Notice, here.into(), fact);
        }
        for (index, target) in aircraft.iter().enumerate() {
            let aircraft_id = AircraftId(index as u32);
            let params = self.params(&observer, aircraft_id, target, entry, &others);
            if let Some(params) = params {
                let reach = Reach {
                    windows: &self.windows,
                    runs: &self.runs,
                };
                picture.add(params, reach);
            }
        }
        let first = picture.begin(&observer);
        let mut site = self.world.spawn((observer, picture));
        if let Some(weapon) = &class.weapon {
            let relocates = readiness.relocates.as_ref();
            let relocates = relocates.map(|spec| (spec.after_shots, spec.lasts()));
            site.insert(engagement::Battery::new(Arc::clone(weapon), relocates));
        }
        let site = site.id();
        self.index.sites.push(site);
        for time in turns {
            if Millis::ZERO < time && time <= self.end {
                self.calendar.readiness(time, id, site);
            }
        }
        if let Some(first) = first {
            self.calendar.scan(first, id, site);
        }
    }

    /// When word of hostile aircraft has the sites of a class live, on a side.
    fn cued(
        &self,
        class: &SiteClass,
        side: SideId,
        aircraft: &[Aircraft],
    ) -> Vec<(Millis, Millis)> {
        let cue = class.readiness.go_live.as_ref();
        let Some(cue) = cue.and_then(|spec| spec.node.as_ref()) else {
            return Vec::new();
        };
        let relations = &self.scenario.cast.relations[side.index()];
        let hostile = aircraft.iter().filter(|one| {
            let departs = one.sortie.departs != Millis::NEVER;
            departs && relations[one.sortie.side.index()] == Affiliation::Hostile
        });
        hostile
            .filter_map(|one| cue.live(&self.streams, one.key, one.sortie.departs))
            .collect()
    }

    /// What the ground hides from a site: known beforehand where its place is.
    fn masks(
        &self,
        (entry, site): (usize, Key),
        place: crate::geometry::Point,
        antenna_m: f64,
    ) -> Option<Arc<Masks>> {
        let terrain = self.scenario.terrain.as_ref()?;
        let known = terrain.known.get(entry).cloned().flatten();
        let work_out = || known.unwrap_or_else(|| Arc::new(terrain.masks(place, antenna_m)));
        Some(match &self.detections {
            Some(kept) => kept.masks(site, terrain, (place, antenna_m), work_out),
            None => work_out(),
        })
    }

    /// When the command link of a site is down.
    fn command_link(&self, site: Key, entry: &SiteEntry) -> CommandLink {
        let node = entry
            .command
            .as_ref()
            .map(|command| self.node_key(command.node));
        let rules = self.scenario.rules_at(entry.side);
        let command_link = rules.command_link(&self.streams, site, node, self.end);
        command_link.unwrap_or_default()
    }

    fn node_key(&self, node: NodeId) -> Key {
        Key::of(&format!("node/{}", self.scenario.nodes[node.index()].name))
    }

    /// What draws of the approval queue that releases a site's fire are keyed by.
    fn approval_queue(&self, site: Key, entry: &SiteEntry) -> Key {
        let level = self
            .scenario
            .rules_at(entry.side)
            .engagement_authority()
            .map(|rule| rule.level);
        match (level, &entry.command) {
            (Some(AuthorityLevel::Joint), _) => self.side_key(entry.side),
            (Some(AuthorityLevel::Sector), Some(command)) => self.node_key(command.node),
            _ => site,
        }
    }

    /// Nodes that some site may ask.
    fn asked_nodes(&self) -> BTreeSet<NodeId> {
        let of_site = |site: &SiteEntry| {
            let command = site.command.as_ref().map(|command| command.node);
            self.scenario.rules_at(site.side).asked_nodes(command)
        };
        self.scenario.sites.iter().flat_map(of_site).collect()
    }

    /// Which sites each hostile aircraft destroys or alerts if it reaches its objective.
    fn leakers(&self, aircraft: &[Aircraft]) -> Leakers {
        let scenario = self.scenario;
        let mut leakers = Leakers::default();
        for site in &self.index.sites {
            let Some(site) = self.world.get::<Observer>(*site) else {
                continue;
            };
            let readiness = &scenario.classes[site.class.index()].readiness;
            let alerted = (site.operator.as_ref()).is_some_and(|operator| operator.heeds_leakers());
            if readiness.lost_to_leaker.is_none() && !alerted {
                continue;
            }
            let relations = &scenario.cast.relations[site.side.index()];
            for (index, one) in aircraft.iter().enumerate() {
                let flight = &scenario.flights[one.sortie.flight.index()];
                let hostile = relations[one.sortie.side.index()] == Affiliation::Hostile;
                let Some((objective, _)) = flight.objective.filter(|_| hostile) else {
                    continue;
                };
                let pair = (AircraftId(index as u32), site.id);
                let distance_m = (objective - site.place).norm();
                if readiness.loses(&self.streams, site.key, one.key, distance_m) {
                    leakers.destroy.push(pair);
                }
                if alerted {
                    leakers.alert.push(pair);
                }
            }
        }
        leakers
    }

    /// What rules need that act between sites: the feed of positions, approval queues, and orders; and who is lost to whom.
    pub(super) fn between_sites(&mut self, aircraft: &[Aircraft], sites: &[SiteRecord]) {
        let scenario = self.scenario;
        let rules = &scenario.rules;
        if let Some(rule) = rules.friendly_force_tracking() {
            let mut command_links: BTreeMap<&str, Arc<CommandLink>> = BTreeMap::new();
            let mut members = Vec::new();
            for (index, one) in aircraft.iter().enumerate() {
                let side = scenario.cast.sides[one.sortie.side.index()].as_str();
                if rule.sides.iter().any(|reporting| reporting == side) {
                    let draw = || Arc::new(rule.feed(&self.streams, side_key(side), self.end));
                    let command_link = command_links.entry(side).or_insert_with(draw);
                    members.push((AircraftId(index as u32), one.key, Arc::clone(command_link)));
                }
            }
            let spec = rule.clone();
            self.world.insert_resource(FriendlyFeed { spec, members });
        }
        if scenario.all_rules().any(Rules::queues) {
            self.world.insert_resource(ApprovalQueues::default());
        }
        let asked = self.asked_nodes();
        if !asked.is_empty() {
            let knows = |&node: &NodeId| NodeKnowledge {
                node,
                key: self.node_key(node),
                side: scenario.nodes[node.index()].side,
                plans: plans_at_node(node, aircraft),
            };
            let book = NodeBook {
                nodes: asked.iter().map(knows).collect(),
                relations: scenario
                    .cast
                    .relations
                    .iter()
                    .map(|row| row.to_vec())
                    .collect(),
                aircraft: (aircraft.iter())
                    .map(|one| (one.sortie.side, one.key))
                    .collect(),
            };
            self.world.insert_resource(book);
        }
        if let Some(rule) = rules.cease_fire() {
            let obeying: Vec<Obeying> = sites
                .iter()
                .enumerate()
                .filter_map(|(index, site)| {
                    let observer = self.world.get::<Observer>(self.index.sites[index])?;
                    Some(Obeying {
                        site: observer.id,
                        key: observer.key,
                        side: self.side_key(site.side),
                        command_link: Arc::clone(&observer.command_link),
                    })
                })
                .collect();
            let orders = CeaseFires::new(rule.clone(), self.streams, obeying);
            for (number, ordered_h) in rule.ordered_h.iter().enumerate() {
                let order = Key::of("order").nth(number as u32);
                let given = Millis::from_seconds(ordered_h * 3600.0);
                for (site, there) in orders.order(order, None, given) {
                    let entity = self.index.sites[site.index()];
                    self.calendar.order(there, site, entity);
                }
            }
            self.world.insert_resource(orders);
        }
        if scenario.fire_distribution.iter().any(Option::is_some) {
            let distribution = FireDistribution(scenario.fire_distribution.clone());
            self.world.insert_resource(distribution);
        }
        let leakers = self.leakers(aircraft);
        if !leakers.is_empty() {
            self.world.insert_resource(leakers);
        }
    }

    /// What the draws of a side are keyed by.
    fn side_key(&self, side: SideId) -> Key {
        side_key(&self.scenario.cast.sides[side.index()])
    }

    /// When each version of an aircraft's plan is with the crew of a site.
    fn arrives(&self, observer: &Observer, entry: &SiteEntry, target: &Aircraft) -> [Millis; 2] {
        let filed = target.filing.as_ref().filter(|filing| filing.filed);
        let arrives = filed.map_or([Millis::NEVER; 2], |filing| {
            let command = entry.command.as_ref();
            filing.at_site(target.key, observer.key, command, &self.streams)
        });
        arrives.map(|time| observer.command_link.passes(time))
    }

    /// The plans of all aircraft that ever reach a site.
    fn plans_at(
        &self,
        observer: &Observer,
        entry: &SiteEntry,
        aircraft: &[Aircraft],
    ) -> Vec<OtherPlan> {
        let plan = |(index, target): (usize, &Aircraft)| {
            let arrives = self.arrives(observer, entry, target);
            (arrives != [Millis::NEVER; 2]).then(|| OtherPlan {
                aircraft: AircraftId(index as u32),
                arrives,
                planned: target.planned.0.clone(),
            })
        };
        aircraft.iter().enumerate().filter_map(plan).collect()
    }

    /// When a site that holds an aircraft's plan knows that it is off it.
    fn told(
        &self,
        observer: &Observer,
        target: &Aircraft,
        arrives: [Millis; 2],
    ) -> Vec<(Millis, Millis)> {
        let Some(rule) = self.scenario.rules.conformance_monitoring() else {
            return Vec::new();
        };
        let held = arrives[0].min(arrives[1]);
        let notice = |(number, deviation): (usize, &Deviation)| {
            let (site, aircraft) = (observer.key, target.key);
            let there = rule.at_site(&self.streams, site, aircraft, number as u64, deviation)?;
            // It says nothing before the plan is there.
            let there = observer.command_link.passes(there).max(held);
            (there < deviation.until).then_some((there, deviation.until))
        };
        target
            .deviations
            .iter()
            .enumerate()
            .filter_map(notice)
            .collect()
    }

    /// What is fixed for an aircraft as seen from a site; nothing if the site can never see it. When it does is left behind.
    fn params(
        &mut self,
        observer: &Observer,
        aircraft: AircraftId,
        target: &Aircraft,
        entry: usize,
        others: &[OtherPlan],
    ) -> Option<PairParams> {
        let scenario = self.scenario;
        let entry_spec = &scenario.sites[entry];
        let class = &scenario.classes[entry_spec.class.index()];
        let draw = |purpose| self.streams.about(purpose, observer.key, target.key);
        let id_source = class.identifier.spec.flight_plan.as_ref();
        let plan = id_source.map(|id_source| {
            let filed = target.filing.as_ref().filter(|filing| filing.filed);
            let arrives = self.arrives(observer, entry_spec, target);
            PlanOutcome {
                filed: filed.is_some(),
                astray: filed.is_some_and(|filing| filing.astray),
                coordinated: target.sortie.reaches(&scenario.cast, entry),
                amended: filed.is_some_and(|filing| filing.amended),
                arrives,
                told: self.told(observer, target, arrives),
                others: others
                    .iter()
                    .filter(|other| other.aircraft != aircraft)
                    .cloned()
                    .collect(),
                correlates: draw(Purpose::Correlation).happens(0, id_source.correlation),
                chance_match: draw(Purpose::ChanceMatch).happens(0, id_source.chance_match),
            }
        });
        if let Some(plan) = &plan {
            for &(time, _) in &plan.told {
                let fact = Fact::DeviationNoticed {
                    site: observer.id,
                    aircraft,
                };
                self.write_notice(time, target, fact);
            }
            for (version, time) in plan
                .arrives
                .into_iter()
                .enumerate()
                .filter(|(_, time)| *time != Millis::NEVER)
            {
                let fact = Fact::PlanDelivered {
                    site: observer.id,
                    aircraft,
                    version: version as u32 + 1,
                };
                self.write_notice(time, target, fact);
            }
        }
        let (law, blind_beyond_m) = Law::new(&class.sensor, target.rcs_m2);
        let sight = Sight {
            site: observer.place,
            antenna_m: class.sensor.antenna_m
                + observer.masks.as_ref().map_or(0.0, |masks| masks.ground_m),
            law,
            blind_beyond_m,
            horizon: !matches!(class.sensor.model, SensorModel::Disc(_)),
        };
        // The last scan is the last one at or before the end.
        let after_end = observer.clock.first_from(self.end.0 + 1);
        let find = |windows: &mut Vec<Window>| {
            sight.windows(&target.trajectory, &observer.clock, windows);
            if let Some(masks) = &observer.masks {
                masked(
                    windows,
                    &masks.radar,
                    &target.trajectory,
                    &observer.clock,
                    blind_beyond_m,
                );
            }
            windows.retain_mut(|window| {
                window.end = window.end.min(after_end);
                window.from < window.end
            });
        };
        let windows = &mut self.windows;
        windows.clear();
        let detections = self.detections.as_ref().zip(target.kept.as_ref());
        let detections = detections.map(|(kept, trajectory)| {
            let about = About {
                sight,
                clock: observer.clock,
                end: after_end,
                trajectory: Arc::clone(trajectory),
                masks: observer.masks.clone(),
            };
            kept.pair((observer.key, target.key), about, find)
        });
        match &detections {
            Some(kept) => windows.extend_from_slice(kept.windows()),
            None => find(windows),
        }
        // Whom a site cannot see itself it may still be told of.
        if windows.is_empty() && !self.visits_every_scan(entry) {
            return None;
        }
        observer.reach(&target.trajectory, &mut self.runs);
        let Runs { inside, near } = &mut self.runs;
        for runs in [inside, near] {
            runs.retain_mut(|run| {
                run.end = run.end.min(after_end);
                run.from < run.end
            });
        }
        let affiliation =
            scenario.cast.relations[entry_spec.side.index()][target.sortie.side.index()];
        Some(PairParams {
            aircraft,
            key: target.key,
            affiliation,
            truth_row: class
                .identifier
                .truth_row(target.sortie.type_id, affiliation),
            side: target.sortie.side,
            side_key: self.side_key(target.sortie.side),
            equipment: scenario.flights[target.sortie.flight.index()].equipment,
            critical_dimension_m: (scenario.types[target.sortie.type_id.index()].spec)
                .critical_dimension_m,
            sight,
            plan,
            detections,
        })
    }
}

/// Leaves of the windows in which a radar may see a trajectory the scans in which no ground is in between.
fn masked(
    windows: &mut Vec<Window>,
    horizon: &Horizon,
    trajectory: &Trajectory,
    clock: &ScanClock,
    farthest_m: f64,
) {
    let lowest = trajectory.legs.iter().map(|leg| leg.altitudes_m().0);
    if horizon.sees_all(lowest.fold(f64::INFINITY, f64::min), farthest_m) {
        return;
    }
    let mut leg = 0;
    for window in std::mem::take(windows) {
        let mut keep = |from: u64, end: u64| {
            let mut part = window;
            (part.from, part.end) = (from, end);
            windows.push(part);
        };
        let mut begun = None;
        for scan in window.from..window.end {
            let place = trajectory.position_from(Millis(clock.time_ms(scan)), &mut leg);
            let seen = horizon.sees(place.xy(), place.z);
            if seen {
                begun.get_or_insert(scan);
            } else if let Some(from) = begun.take() {
                keep(from, scan);
            }
        }
        if let Some(from) = begun {
            keep(from, window.end);
        }
    }
}

/// The plans that ever reach a node.
fn plans_at_node(node: NodeId, aircraft: &[Aircraft]) -> Vec<PlanAtNode> {
    let plan = |(index, one): (usize, &Aircraft)| {
        let arrives = one.filing.as_ref()?.at_node(node);
        (arrives != [Millis::NEVER; 2]).then_some(PlanAtNode {
            aircraft: AircraftId(index as u32),
            arrives,
        })
    };
    aircraft.iter().enumerate().filter_map(plan).collect()
}
