//! A site's air picture: the tracks it holds, and what it makes of them.
//!
//! A site knows tracks, not aircraft. What it makes of a track is in `track`; what brings it its plots is either
//! `jointly`, which visits every scan, or, where aircraft do not influence one another's tracks, `apart`, which skips the
//! scans that cannot matter. Three observers work it off: a site scans, an aircraft leaves the sky, a channel is free again.

mod apart;
mod jointly;
mod readiness;
#[cfg(test)]
mod reference;
mod sample;
mod sharing;
mod track;

use std::sync::Arc;

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use nalgebra::Vector3;

use self::apart::{Pair, PairScene};
use self::jointly::{Jointly, SetScene};
use crate::calendar::{
    ChannelFreed, Clock, EntityIndex, EventCalendar, Log, ScanDue, SourceGone, TrackEnded,
};
use crate::coordination::{
    ApprovalQueues, AskedAbout, CommandLink, FriendlyForceTrackingSpec, NodeQuery, Rules, TrackView,
};
use crate::geometry::{Point, Span};
use crate::identification::plan_check::{PlanAtNode, PlanOutcome, PlannedPaths};
use crate::identification::{CivilRows, Emitter, IdSources, Identifier, MAX_COLUMNS, Operator};
use crate::ids::{AircraftId, ClassId, Key, NodeId, SideId, SiteId};
use crate::platform::trajectory::Trajectory;
use crate::platform::{Equipment, Planned, Vitality};
use crate::record::{
    Affiliation, Decision, Detail, EventRecorder, Identity, NotReady, Place, Reason, RuleWord,
    Tally, TrackEnd,
};
use crate::sensing::coverage::{ScanClock, Sight, Window};
use crate::sensing::detections::PairDetections;
use crate::sensing::readiness::{Absence, Absences, GoLiveSpec};
use crate::streams::{Purpose, Streams};
use crate::terrain::Masks;
use crate::tracking::TrackerSpec;
use crate::units::Millis;

pub use readiness::Leakers;
pub use sample::{Sampler, take_samples};
pub use sharing::{SharedIdentity, TrackLink, TrackLinks};
pub use track::{Authorization, Course, ENCOUNTER_GAP, Outlet, TrackNumber, Verdict};

use track::{ScanContext, Track};

/// A site as an observer: what does not change within a replication.
#[derive(Debug, Clone, Component)]
pub struct Observer {
    /// Which site.
    pub id: SiteId,
    /// What its draws are keyed by.
    pub key: Key,
    /// Whose it is.
    pub side: SideId,
    /// What the draws of its side are keyed by.
    pub side_key: Key,
    /// What draws of the approval queue that releases its fire are keyed by.
    pub approval_queue: Key,
    /// The node that commands it.
    pub command: Option<NodeId>,
    /// Where it is.
    pub place: Point,
    /// When it scans.
    pub clock: ScanClock,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identifier: Arc<Identifier>,
    /// What it may ask besides declarations and plans, and the faults its looks share.
    pub id_sources: Arc<IdSources>,
    /// The rows of its matrix that rule R10 takes for civil.
    pub civil: CivilRows,
    /// Who goes by the identity that follows from the evidence; without one it stands.
    pub operator: Option<Arc<Operator>>,
    /// Whether more goes into an identity than declarations and plans.
    pub asks_more: bool,
    /// Where its weapon reaches, if it has one.
    pub envelope: Option<Envelope>,
    /// What the ground hides from it, where there is any.
    pub masks: Option<Arc<Masks>>,
    /// The rules it fires by.
    pub rules: Arc<Rules>,
    /// Its class.
    pub class: ClassId,
    /// Its command link.
    pub command_link: Arc<CommandLink>,
    /// What cues it, if it is silent until then.
    pub go_live: Option<GoLiveSpec>,
    /// When word from a node has it live.
    pub cued: Vec<(Millis, Millis)>,
}

impl Observer {
    /// Scans from one declaration to the next.
    pub fn declares_every(&self) -> u64 {
        (self.identifier.spacing.0 / self.clock.period_ms) as u64
    }

    /// Whether the ground hides nothing of a trajectory from the weapon, wherever in the envelope it is.
    fn is_clear(&self, trajectory: &Trajectory, envelope: Envelope) -> bool {
        self.masks.as_ref().is_none_or(|masks| {
            let lowest = trajectory.legs.iter().map(|leg| leg.altitudes_m().0);
            let lowest_m = lowest.fold(f64::INFINITY, f64::min);
            masks.weapon.sees_all(lowest_m, envelope.range_m.1)
        })
    }

    /// Whether the weapon reaches a place: inside its envelope, and nothing in between.
    pub fn in_reach(&self, place: Vector3<f64>) -> bool {
        let inside = |envelope: Envelope| envelope.contains(self.place, place);
        let sees = |masks: &Arc<Masks>| masks.weapon.sees(place.xy(), place.z);
        self.envelope.is_some_and(inside) && self.masks.as_ref().is_none_or(sees)
    }

    /// What optics must resolve of an aircraft at a place, m: nothing is left of what the ground hides.
    pub fn visible_dimension_m(&self, dimension_m: f64, place: Vector3<f64>) -> f64 {
        let hidden = |masks: &Arc<Masks>| !masks.optics.sees(place.xy(), place.z);
        if self.masks.as_ref().is_some_and(hidden) {
            0.0
        } else {
            dimension_m
        }
    }

    /// Finds the scans in which an aircraft may be inside the envelope, and those in which a track on it may be that coasts: for as
    /// long as it lives without a plot it flies straight on, and the aircraft where it will.
    pub fn reach(&self, trajectory: &Trajectory, runs: &mut Runs) {
        let Runs { inside, near } = runs;
        inside.clear();
        near.clear();
        let Some(envelope) = self.envelope else {
            return;
        };
        envelope.scans(self.place, trajectory, &self.clock, inside);
        if !self.is_clear(trajectory, envelope) {
            // What the ground hides is asked scan by scan.
            inside.iter_mut().for_each(|run| run.exact = false);
        }
        let tracker = &self.tracker;
        if trajectory.is_straight() && tracker.loss_seen {
            near.extend_from_slice(inside);
            return;
        }
        let coasts_ms = i64::from(tracker.drop_misses) * self.clock.period_ms;
        let coasts_s = Millis(coasts_ms).seconds();
        let margin_m = 2.0 * trajectory.fastest_mps() * coasts_s;
        envelope
            .widened(margin_m)
            .scans(self.place, trajectory, &self.clock, near);
        if !tracker.loss_seen {
            // A track coasts on where the aircraft flies no more.
            for run in near.iter_mut() {
                run.end += u64::from(tracker.drop_misses);
            }
            near.dedup_by(|later, run| {
                let joins = later.from <= run.end;
                run.end = if joins {
                    run.end.max(later.end)
                } else {
                    run.end
                };
                joins
            });
        }
    }
}

/// What is fixed for one aircraft as seen from one site.
#[derive(Debug, Clone)]
pub struct PairParams {
    /// The aircraft.
    pub aircraft: AircraftId,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its affiliation to the site.
    pub affiliation: Affiliation,
    /// The row of the confusion matrix that is true of it.
    pub truth_row: u8,
    /// Whose it is.
    pub side: SideId,
    /// What the draws of its side are keyed by.
    pub side_key: Key,
    /// What it carries to be known by.
    pub equipment: Equipment,
    /// What optics must resolve of it, m.
    pub critical_dimension_m: f64,
    /// How the sensor sees it.
    pub sight: Sight,
    /// What becomes of its flight plan here, where the site checks plans.
    pub plan: Option<PlanOutcome>,
    /// What is kept of its detections, where the replication is run under several rule sets.
    pub detections: Option<Arc<PairDetections>>,
}

impl PairParams {
    /// As the world sides of ID sources see it.
    fn emitter(&self) -> Emitter<'_> {
        Emitter {
            affiliation: self.affiliation,
            truth_row: self.truth_row,
            side_key: self.side_key,
            equipment: &self.equipment,
            critical_dimension_m: self.critical_dimension_m,
        }
    }

    /// As whoever looks at it, where it is, before he answers a question sees it.
    fn subject(&self, place: Vector3<f64>) -> AskedAbout<'_> {
        AskedAbout {
            truth_row: self.truth_row,
            place,
            critical_dimension_m: self.critical_dimension_m,
            side: self.side,
            equipment: &self.equipment,
        }
    }

    fn hostile(&self) -> bool {
        self.affiliation == Affiliation::Hostile
    }
}

/// Where a weapon reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// Whether ranges are along the line of sight, or along the ground.
    pub slant: bool,
    /// Nearest and farthest, m.
    pub range_m: (f64, f64),
    /// Lowest and highest, m above ground.
    pub altitude_m: (f64, f64),
}

impl Envelope {
    /// Whether a place is inside the envelope of a weapon at `site`.
    pub fn contains(&self, site: Point, place: Vector3<f64>) -> bool {
        let ground2 = (place.xy() - site).norm_squared();
        let range2 = if self.slant {
            ground2 + place.z * place.z
        } else {
            ground2
        };
        let (nearest_m, farthest_m) = self.range_m;
        (nearest_m * nearest_m..=farthest_m * farthest_m).contains(&range2)
            && (self.altitude_m.0..=self.altitude_m.1).contains(&place.z)
    }

    /// Collects the runs of scans in which an aircraft may be inside, solved leg by leg.
    pub fn scans(
        &self,
        site: Point,
        trajectory: &Trajectory,
        clock: &ScanClock,
        runs: &mut Vec<Run>,
    ) {
        runs.clear();
        for leg in &trajectory.legs {
            let (lowest_m, highest_m) = leg.altitudes_m();
            if highest_m < self.altitude_m.0 || lowest_m > self.altitude_m.1 {
                continue;
            }
            let height_m = if self.slant { lowest_m } else { 0.0 };
            let limit2 = self.range_m.1 * self.range_m.1 - height_m * height_m;
            if limit2 < 0.0 {
                continue;
            }
            let mut exact = lowest_m == highest_m;
            if self.range_m.0 > 0.0 {
                leg.within(site, self.range_m.0, |_| exact = false);
            }
            leg.within(site, libm::sqrt(limit2), |span: Span| {
                let (from, end) = clock.scans_in(span);
                match runs.last_mut() {
                    Some(last) if from <= last.end => {
                        last.end = last.end.max(end);
                        last.exact &= exact;
                    }
                    _ if from < end => runs.push(Run { from, end, exact }),
                    _ => {}
                }
            });
        }
    }

    /// The same with a margin all around.
    pub fn widened(&self, margin_m: f64) -> Envelope {
        let (nearest_m, farthest_m) = self.range_m;
        let (lowest_m, highest_m) = self.altitude_m;
        Envelope {
            slant: self.slant,
            range_m: ((nearest_m - margin_m).max(0.0), farthest_m + margin_m),
            altitude_m: (lowest_m - margin_m, highest_m + margin_m),
        }
    }
}

/// The runs of scans of a pair about an envelope.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// In which the aircraft may be inside.
    pub inside: Vec<Run>,
    /// In which a track on it may be that coasts.
    pub near: Vec<Run>,
}

/// A run of scans in which an aircraft may be inside an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub from: u64,
    /// One beyond the last.
    pub end: u64,
    /// Whether it is inside at every one of them. If not (near a dead zone, on a climbing leg), [`Envelope::contains`] decides
    /// scan by scan.
    pub exact: bool,
}

/// Short lists, one after another in one place.
#[derive(Debug, Clone)]
struct Lists<T> {
    items: Vec<T>,
    ends: Vec<u32>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists {
            items: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl<T: Copy> Lists<T> {
    fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
    }

    fn push(&mut self, list: &[T]) {
        self.items.extend_from_slice(list);
        self.ends.push(self.items.len() as u32);
    }

    fn get(&self, index: usize) -> &[T] {
        let from = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[from as usize..self.ends[index] as usize]
    }
}

/// What holds for all tracks of a site, now and before: what is asked about an earlier time is answered as it was then.
#[derive(Debug, Clone)]
pub struct Situation {
    /// When it had no missile left, or none but for engagements that have begun: from when until when.
    spent: Vec<(Millis, Millis)>,
    /// When it is not ready.
    absences: Absences,
    /// Engagements it has begun, and of which tracks.
    engagements: Vec<(Millis, TrackNumber)>,
    /// Orders to cease fire: from when until when each holds.
    orders: Vec<(Millis, Millis)>,
    /// When hostile aircraft came through, where the site heeds that.
    leaked: Vec<Millis>,
    /// What other sites of the side have claimed.
    claims: Vec<Claim>,
    /// From when on the rules may say something else, because of one of these; in order.
    changes: Vec<Millis>,
}

impl Situation {
    fn new(magazine: u32, absences: Absences) -> Situation {
        let mut changes: Vec<Millis> = absences.edges().collect();
        changes.sort_unstable();
        let never = (magazine == 0).then_some((Millis(i64::MIN), Millis::NEVER));
        Situation {
            spent: never.into_iter().collect(),
            absences,
            engagements: Vec::new(),
            orders: Vec::new(),
            leaked: Vec::new(),
            claims: Vec::new(),
            changes,
        }
    }

    /// From `time` on the rules may say something else.
    fn change(&mut self, time: Millis) {
        let at = self.changes.partition_point(|change| *change <= time);
        self.changes.insert(at, time);
    }

    /// When it last began an engagement before `time`.
    fn engaged_before(&self, time: Millis) -> Option<Millis> {
        let before = |(begun, _): &&(Millis, TrackNumber)| *begun < time;
        self.engagements
            .iter()
            .rfind(before)
            .map(|(begun, _)| *begun)
    }

    /// When a hostile aircraft last came through up to `time`.
    fn leaked_before(&self, time: Millis) -> Option<Millis> {
        let before = |leaked: &&Millis| **leaked <= time;
        self.leaked.iter().rfind(before).copied()
    }

    /// When it last began an engagement of another track before `time`.
    fn engaged_another(&self, time: Millis, number: &TrackNumber) -> Option<Millis> {
        let other = |(begun, other): &&(Millis, TrackNumber)| *begun < time && other != number;
        self.engagements
            .iter()
            .rfind(other)
            .map(|(begun, _)| *begun)
    }

    /// Whether the claim that was made for an engagement of another site holds.
    fn claims(&self, engagement: Entity, time: Millis) -> bool {
        let about = |claim: &&Claim| claim.engagement == engagement;
        let claim = self.claims.iter().find(about);
        claim.is_some_and(|claim| (claim.from..claim.until).contains(&time))
    }

    /// Until when an order to cease fire that is there at `time` holds.
    fn ceased_until(&self, time: Millis) -> Option<Millis> {
        let holds = |(from, until): &&(Millis, Millis)| (*from..*until).contains(&time);
        let orders = self.orders.iter().filter(holds);
        orders.map(|(_, until)| *until).max()
    }

    /// When something next changes after `time`, as far as it has.
    fn unchanged_until(&self, time: Millis) -> Millis {
        let later = self.changes.partition_point(|change| *change <= time);
        self.changes.get(later).copied().unwrap_or(Millis::NEVER)
    }

    /// Why it does not fire at a track at `time` although the rules let it.
    fn why_not(&self, time: Millis) -> Reason {
        let holds = |(from, until): &(Millis, Millis)| (*from..*until).contains(&time);
        if self.spent.iter().any(holds) {
            Reason::MagazineEmpty
        } else {
            Reason::NoChannel
        }
    }
}

/// What another site of the side has claimed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claim {
    /// The engagement it is claimed for.
    pub engagement: Entity,
    /// Where that site held the target to be.
    pub course: Course,
    /// How near it a track must be to be taken for it, m.
    pub gate_m: f64,
    /// From when on the claim is known.
    pub from: Millis,
    /// Until when; [`Millis::NEVER`] while the engagement goes on.
    pub until: Millis,
}

/// What one site did about one aircraft, counted.
#[derive(Debug, Clone, Default)]
struct Counts {
    /// Scans with the aircraft in coverage.
    looks: u64,
    /// Scans that detected it.
    detections: u64,
    /// Time with a confirmed track, summed over tracks.
    tracked: Millis,
    /// Declarations about tracks on it that have ended, by column.
    declared: [u32; MAX_COLUMNS],
    /// Tracks on it.
    tracks: u32,
    /// Shots at it.
    shots: u32,
    /// Engagements of it.
    engagements: u32,
}

/// What a site knows of one aircraft, or of nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    /// Who that is.
    aircraft: AircraftId,
    /// Whether the latest scan had it in coverage.
    covered: bool,
    /// What is held of it by one of its tracks, if there is one.
    held: Option<Held>,
}

/// What a track says of whoever is behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    /// Which track it is.
    track: Key,
    /// What it is identified as.
    identity: Identity,
    /// Where it is held to be, and how it moves.
    course: Course,
}

impl Held {
    fn of(track: &Track) -> Held {
        Held {
            track: track.key,
            identity: track.identity,
            course: track.course,
        }
    }
}

/// Where an aircraft flies, and how long.
#[derive(Clone, Copy)]
struct FlightPath<'a> {
    trajectory: &'a Trajectory,
    planned: &'a PlannedPaths,
    departs: Millis,
    gone: Millis,
}

impl FlightPath<'_> {
    fn airborne(&self, time: Millis) -> bool {
        (self.departs..self.gone).contains(&time)
    }
}

/// The feed of positions (rule R14).
#[derive(Debug, Resource)]
pub struct FriendlyFeed {
    /// The rule.
    pub spec: FriendlyForceTrackingSpec,
    /// Who reports: the aircraft, what its draws are keyed by, and when the feed of its side is up.
    pub members: Vec<(AircraftId, Key, Arc<CommandLink>)>,
}

/// What the nodes of the coordination graph that somebody asks know: plans that reach them, and flights of their own side.
#[derive(Debug, Resource)]
pub struct NodeBook {
    /// The nodes that are asked.
    pub nodes: Vec<NodeKnowledge>,
    /// What each side holds each other for: by the one that holds, then by the other.
    pub relations: Vec<Vec<Affiliation>>,
    /// Whose each aircraft is, and what its draws are keyed by.
    pub aircraft: Vec<(SideId, Key)>,
}

/// What one node knows.
#[derive(Debug)]
pub struct NodeKnowledge {
    /// The node.
    pub node: NodeId,
    /// What its draws are keyed by.
    pub key: Key,
    /// Whose it is.
    pub side: SideId,
    /// The plans that ever reach it.
    pub plans: Vec<PlanAtNode>,
}

/// The world outside a site as one observer sees it: time, the aircraft, the feed, the nodes.
#[derive(SystemParam)]
pub struct Sky<'w, 's> {
    clock: Res<'w, Clock>,
    streams: Res<'w, Streams>,
    index: Res<'w, EntityIndex>,
    feed: Option<Res<'w, FriendlyFeed>>,
    nodes: Option<Res<'w, NodeBook>>,
    links: Option<Res<'w, TrackLinks>>,
    aircraft: Query<'w, 's, (&'static Trajectory, &'static Planned, &'static Vitality)>,
}

impl Sky<'_, '_> {
    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now
    }

    /// The end of the scenario.
    pub fn end(&self) -> Millis {
        self.clock.end
    }

    /// The random numbers of the replication.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Where an aircraft is, if there is such an aircraft, and whether it is in the sky.
    pub fn whereabouts(&self, aircraft: AircraftId) -> Option<(Vector3<f64>, bool)> {
        let flight = self.flight(aircraft)?;
        let (now, gone) = (self.clock.now, flight.gone);
        Some((
            flight.trajectory.position(now.min(gone)),
            flight.airborne(now),
        ))
    }

    /// The entity of a site.
    pub fn site(&self, site: SiteId) -> Option<Entity> {
        self.index.sites.get(site.index()).copied()
    }

    /// The entity of an aircraft.
    pub fn entity(&self, aircraft: AircraftId) -> Option<Entity> {
        self.index.aircraft.get(aircraft.index()).copied()
    }

    fn flight(&self, aircraft: AircraftId) -> Option<FlightPath<'_>> {
        let (trajectory, planned, vitality) = self.aircraft.get(self.entity(aircraft)?).ok()?;
        Some(FlightPath {
            trajectory,
            planned: &planned.0,
            departs: vitality.departs,
            gone: vitality.gone,
        })
    }

    /// What a node knows a track for, if it knows it for a friend or a neutral of whoever asks: a plan of such a side fits, or a
    /// flight of the node's own, if that is no enemy, is near.
    fn known(&self, query: &NodeQuery) -> Option<Affiliation> {
        let book = self.nodes.as_ref()?;
        let node = book.nodes.iter().find(|node| node.node == query.node)?;
        let affiliation = |side: SideId| {
            let affiliation = book.relations[query.asker.index()][side.index()];
            (affiliation != Affiliation::Hostile).then_some(affiliation)
        };
        let by_plan = node.plans.iter().find_map(|plan| {
            let (side, _) = book.aircraft[plan.aircraft.index()];
            let affiliation = affiliation(side)?;
            let planned = self.flight(plan.aircraft)?.planned;
            let asked = (query.time, query.place);
            plan.fits(&query.gate, planned, asked, query.answered)
                .then_some(affiliation)
        });
        by_plan.or_else(|| {
            let affiliation = affiliation(node.side).filter(|_| query.own_flights > 0.0)?;
            let near = |(index, (side, key)): (usize, &(SideId, Key))| {
                let flight = self.flight(AircraftId(index as u32));
                *side == node.side
                    && flight.is_some_and(|flight| {
                        let place = flight.trajectory.position(query.time);
                        flight.airborne(query.time)
                            && (place.xy() - query.place.xy()).norm() <= query.gate.lateral_m
                    })
                    && (self.streams)
                        .about(Purpose::OwnFlight, node.key, *key)
                        .happens(0, query.own_flights)
            };
            book.aircraft
                .iter()
                .enumerate()
                .any(near)
                .then_some(affiliation)
        })
    }

    /// The places that the feed of rule R14 has at `time`: of all that are in the sky then, the latest that is there.
    fn reported(&self, time: Millis) -> Vec<Vector3<f64>> {
        let Some(feed) = &self.feed else {
            return Vec::new();
        };
        let latest = |(aircraft, key, line): &(AircraftId, Key, Arc<CommandLink>)| {
            let flight = self
                .flight(*aircraft)
                .filter(|flight| flight.airborne(time))?;
            let sent = feed.spec.latest(&self.streams, *key, line, time)?;
            (sent >= flight.departs).then(|| flight.trajectory.position(sent))
        };
        feed.members.iter().filter_map(latest).collect()
    }
}

/// The tracks of one site.
#[derive(Debug, Clone, Component)]
pub struct Picture {
    /// What is fixed for each aircraft it may ever see, in the order of their numbers.
    params: Vec<PairParams>,
    /// By pair: when the sensor sees it.
    windows: Lists<Window>,
    situation: Situation,
    kept: Kept,
    /// Whether it could fire: a channel is free and a missile there.
    ready: bool,
    /// Tracks that the rules let it fire at, by what the picture calls them, until it decides.
    candidates: Vec<u32>,
    /// The next scan entered in the calendar.
    entered: u64,
    /// Why the site is not ready, as was written down last.
    told_absent: Option<NotReady>,
}

/// How the tracks are kept.
#[derive(Debug, Clone)]
enum Kept {
    Apart(Apart),
    Jointly(Box<Jointly>),
}

impl Kept {
    /// The track of an engagement, while there is one.
    fn engaged(&mut self, slot: u32, engagement: Entity) -> Option<&mut Track> {
        match self {
            Kept::Apart(apart) => {
                let track = apart.track(slot)?;
                (track.engagement == Some(engagement)).then_some(track)
            }
            // Where the track was lost and found again it is called something else.
            Kept::Jointly(jointly) => jointly.engaged_by(engagement),
        }
    }
}

/// Pairs, each by itself.
#[derive(Debug, Clone, Default)]
struct Apart {
    /// By pair: the scans in which it may be inside the envelope, and in which a track that coasts may be.
    inside: Lists<Run>,
    near: Lists<Run>,
    /// What is known of each that was ever looked into.
    pairs: Vec<Option<Box<Pair>>>,
    /// When each comes near the envelope, in order; those before `come` have come.
    coming: Vec<(u64, u32)>,
    come: usize,
    /// Pairs near the envelope or engaged.
    watched: Vec<Watched>,
}

/// A pair that is watched.
#[derive(Debug, Clone, Copy)]
struct Watched {
    pair: u32,
    /// The scan of the next visit.
    visit: Option<u64>,
    /// One beyond the last scan in which it is near the envelope.
    end: u64,
}

/// What a site chooses among tracks by: one that the rules let it fire at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// What the picture calls it.
    pub slot: u32,
    /// The track as the site holds it.
    pub view: TrackView,
    /// Its number.
    pub number: TrackNumber,
    /// Since when the rules have let the site fire at it without a break.
    pub eligible_since: Millis,
    /// What it is called in comparisons that go by names.
    pub name: AircraftId,
}

/// An engagement as it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// What allows it.
    pub authorization: Authorization,
    /// Who is behind the track.
    pub target: AircraftId,
    /// What draws about the target are keyed by.
    pub key: Key,
    /// Engagements of this target before it.
    pub nth: u64,
    /// Where that happens.
    pub place: Place,
    /// What the rules have to say of it, where that is recorded.
    pub words: Box<[RuleWord]>,
}

/// When and where one aircraft can be seen from a site, and be fired at.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// When the sensor sees it.
    pub windows: &'a [Window],
    /// The scans in which it may be inside the envelope.
    pub runs: &'a Runs,
}

/// A site among the others: what its picture is worked with.
#[derive(Clone, Copy)]
pub struct At<'a, 'w, 's> {
    /// The site.
    pub observer: &'a Observer,
    /// The world outside.
    pub sky: &'a Sky<'w, 's>,
    /// The first scan that is not before now, and not done.
    scan: u64,
}

impl<'a, 'w, 's> At<'a, 'w, 's> {
    /// A site at the present instant.
    pub fn new(
        observer: &'a Observer,
        sky: &'a Sky<'w, 's>,
        calendar: &EventCalendar,
    ) -> At<'a, 'w, 's> {
        let now = sky.now();
        let after = i64::from(calendar.scanned(now));
        let scan = observer.clock.first_from(now.0 + after);
        At {
            observer,
            sky,
            scan,
        }
    }
}

impl Apart {
    fn add(&mut self, reach: Reach<'_>) {
        let pair = self.pairs.len() as u32;
        let Runs { inside, near } = reach.runs;
        self.inside.push(inside);
        self.near.push(near);
        self.pairs.push(None);
        self.coming.extend(near.iter().map(|run| (run.from, pair)));
    }

    fn clear(&mut self) {
        self.inside.clear();
        self.near.clear();
        self.pairs.clear();
        self.coming.clear();
        self.come = 0;
        self.watched.clear();
    }

    /// Watches what has come near the envelope by a scan.
    fn welcome(&mut self, scan: u64, visit: Option<u64>) {
        while let Some(&(from, pair)) = self.coming.get(self.come)
            && from <= scan
        {
            self.come += 1;
            let near = self.near.get(pair as usize);
            let run = near.get(near.partition_point(|run| run.from < from));
            let end = run.map_or(from, |run| run.end);
            match self.watched.iter_mut().find(|watched| watched.pair == pair) {
                Some(watched) => (watched.visit, watched.end) = (visit, end),
                None => self.watched.push(Watched { pair, visit, end }),
            }
        }
    }

    /// The track of a pair, if there is one.
    fn track(&mut self, pair: u32) -> Option<&mut Track> {
        self.pairs.get_mut(pair as usize)?.as_mut()?.track.as_mut()
    }
}

impl Picture {
    /// The picture of a site with so many missiles that sees nobody yet; `jointly` keeps it scan by scan. The memory of `old`,
    /// which is not needed any more, is used again.
    pub fn new(
        observer: &Observer,
        magazine: u32,
        absences: Absences,
        jointly: bool,
        old: Option<Picture>,
    ) -> Picture {
        let mut picture = old.unwrap_or(Picture {
            params: Vec::new(),
            windows: Lists::default(),
            situation: Situation::new(0, Absences::default()),
            kept: Kept::Apart(Apart::default()),
            ready: false,
            candidates: Vec::new(),
            entered: u64::MAX,
            told_absent: None,
        });
        picture.params.clear();
        picture.windows.clear();
        picture.candidates.clear();
        picture.situation = Situation::new(magazine, absences);
        picture.ready = magazine > 0 && observer.envelope.is_some();
        picture.entered = u64::MAX;
        picture.told_absent = None;
        match &mut picture.kept {
            Kept::Apart(apart) if !jointly => apart.clear(),
            kept if jointly => *kept = Kept::Jointly(Box::new(Jointly::new(observer))),
            kept => *kept = Kept::Apart(Apart::default()),
        }
        picture
    }

    /// Adds an aircraft that the site may see, after those before it.
    pub fn add(&mut self, params: PairParams, reach: Reach<'_>) {
        self.params.push(params);
        self.windows.push(reach.windows);
        match &mut self.kept {
            Kept::Apart(apart) => apart.add(reach),
            Kept::Jointly(jointly) => jointly.add(),
        }
    }

    /// All aircraft have been added; when the first scan falls that may matter, if there is one.
    pub fn begin(&mut self, observer: &Observer) -> Option<Millis> {
        if let Kept::Apart(apart) = &mut self.kept {
            apart.coming.sort_unstable();
        }
        self.next_scan(observer, 0)
    }

    /// When the next scan from `earliest` on falls that may matter, unless it is in the calendar already; it must be entered now.
    fn next_scan(&mut self, observer: &Observer, earliest: u64) -> Option<Millis> {
        let next = match &self.kept {
            Kept::Jointly(jointly) => jointly.next_scan(observer, &self.windows),
            Kept::Apart(apart) => {
                let watches = self.ready || observer.rules.queues();
                let coming = apart.coming.get(apart.come).map(|(scan, _)| *scan);
                let visits = apart.watched.iter().filter_map(|watched| watched.visit);
                visits.chain(coming.filter(|_| watches)).min()
            }
        }?;
        let next = next.max(earliest);
        (next < self.entered).then(|| {
            self.entered = next;
            Millis(observer.clock.time_ms(next))
        })
    }

    /// The same from now on.
    pub fn enter_next(&mut self, at: &At<'_, '_, '_>) -> Option<Millis> {
        self.next_scan(at.observer, at.scan)
    }

    fn pair_of(&self, aircraft: AircraftId) -> Option<usize> {
        self.params
            .binary_search_by_key(&aircraft, |params| params.aircraft)
            .ok()
    }

    /// Does something with the picture's parts and the context of the site.
    fn with<T>(
        &mut self,
        at: &At<'_, '_, '_>,
        does: impl FnOnce(&mut Kept, &Scenes<'_>, &mut Vec<u32>) -> T,
    ) -> T {
        let sky = at.sky;
        let reported = |time: Millis| sky.reported(time);
        let nodes = |query: &NodeQuery| sky.known(query);
        let flight = |aircraft: AircraftId| sky.flight(aircraft);
        let scenes = Scenes {
            cx: ScanContext {
                observer: at.observer,
                situation: &self.situation,
                streams: &sky.streams,
                reported: &reported,
                nodes: &nodes,
            },
            params: &self.params,
            windows: &self.windows,
            flight: &flight,
            links: sky.links.as_deref(),
            ready: self.ready,
            now: sky.now(),
            scan: at.scan,
        };
        does(&mut self.kept, &scenes, &mut self.candidates)
    }

    /// Does a scan; which tracks the rules let the site fire at is noted.
    fn scan(&mut self, scan: u64, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) {
        if scan >= self.entered {
            self.entered = u64::MAX;
        }
        self.with(at, |kept, scenes, candidates| match kept {
            Kept::Apart(apart) => scenes.visit(apart, scan, outlet, candidates),
            Kept::Jointly(jointly) => {
                jointly.scan(scan, &scenes.jointly(scenes.now), outlet, candidates);
            }
        });
    }

    /// Plans anew when to visit pairs that were visited at the present scan, now that the site has decided.
    pub fn plan(&mut self, slots: &[u32], at: &At<'_, '_, '_>) {
        self.with(at, |kept, scenes, _| {
            if let Kept::Apart(apart) = kept {
                for &pair in slots {
                    scenes.plan(apart, pair);
                }
            }
        });
    }

    /// The site could fire again from a scan on: every track near the envelope is asked about then.
    fn wake(&mut self, scan: u64) {
        if let Kept::Apart(apart) = &mut self.kept {
            apart.welcome(scan, Some(scan));
            for watched in &mut apart.watched {
                watched.visit = Some(scan);
            }
        }
    }

    /// The same for a site that may have means again; when the next scan falls, if it must be entered.
    pub fn look_again(&mut self, at: &At<'_, '_, '_>) -> Option<Millis> {
        if self.ready {
            self.wake(at.scan);
        }
        self.enter_next(at)
    }

    /// Brings what is known of a pair up to now: all scans done that the instant leaves behind.
    fn catch_up(&mut self, pair: usize, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) {
        self.with(at, |kept, scenes, _| {
            if let Kept::Apart(apart) = kept {
                scenes.open(apart, pair, |pair, scene| {
                    pair.catch_up(scenes.scan, scene, outlet);
                });
            }
        });
    }

    fn track(&mut self, slot: u32) -> Option<&mut Track> {
        match &mut self.kept {
            Kept::Apart(apart) => apart.track(slot),
            Kept::Jointly(jointly) => jointly.track(slot),
        }
    }

    fn engaged(&mut self, slot: u32, engagement: Entity) -> Option<&mut Track> {
        self.kept.engaged(slot, engagement)
    }

    fn counts(&mut self, pair: usize) -> Option<&mut Counts> {
        match &mut self.kept {
            Kept::Apart(apart) => apart.pairs[pair].as_mut().map(|pair| &mut pair.counts),
            Kept::Jointly(jointly) => Some(jointly.counts(pair)),
        }
    }

    /// Tells the picture what the site could fire with from now on: free channels, missiles that no engagement has been promised, and
    /// those in the magazine.
    pub fn set_means(&mut self, channels: u32, missiles: u32, magazine: u32, now: Millis) {
        self.ready = channels > 0 && missiles > 0;
        // Channels are asked about first, unless there is nothing at all.
        let spent = magazine == 0 || channels > 0 && missiles == 0;
        let last = self.situation.spent.last_mut();
        let open = last.filter(|(_, until)| *until == Millis::NEVER);
        match (open, spent) {
            (None, true) => self.situation.spent.push((now, Millis::NEVER)),
            (Some(open), false) => open.1 = now,
            _ => return,
        }
        self.change(now);
    }

    /// An order to cease fire is there now.
    pub fn cease(&mut self, now: Millis, until: Millis) {
        self.situation.orders.push((now, until));
        self.change(now);
    }

    /// Another site of the side has claimed a target.
    pub fn claim(&mut self, claim: Claim) {
        self.situation.claims.push(claim);
        self.change(claim.from);
    }

    /// From `time` on it is known that an engagement for which a target was claimed is over.
    pub fn release_claim(&mut self, engagement: Entity, time: Millis) {
        let about = |claim: &&mut Claim| claim.engagement == engagement;
        if let Some(claim) = self.situation.claims.iter_mut().find(about) {
            claim.until = time;
            self.change(time);
        }
    }

    /// Where the track of an engagement is held to be now, all scans before done.
    pub fn course_of(
        &mut self,
        (slot, engagement): (u32, Entity),
        at: &At<'_, '_, '_>,
        outlet: &mut Outlet<'_>,
    ) -> Option<Course> {
        self.engaged(slot, engagement)?;
        self.catch_up(slot as usize, at, outlet);
        Some(self.engaged(slot, engagement)?.course)
    }

    /// Claims come now: each is for the track that is nearest to where the target was held to be, if one is within the gate. The
    /// engagements of these tracks.
    pub fn heed_claims(&mut self, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) -> Vec<Entity> {
        let now = at.sky.now();
        for pair in 0..self.params.len() {
            self.catch_up(pair, at, outlet);
        }
        let come = self
            .situation
            .claims
            .iter()
            .filter(|claim| claim.from == now);
        let come: Vec<Claim> = come.copied().collect();
        let mut concerned = Vec::new();
        for claim in come {
            let place = claim.course.place_at(now);
            let apart_m = |track: &Track| (track.course.place_at(now) - place).xy().norm();
            let nearest = |one: &&mut Track, other: &&mut Track| {
                let by_distance = apart_m(one).total_cmp(&apart_m(other));
                by_distance.then_with(|| one.number.order(&other.number))
            };
            let tracks: &mut dyn Iterator<Item = &mut Track> = match &mut self.kept {
                Kept::Apart(apart) => {
                    let pairs = apart.pairs.iter_mut().flatten();
                    &mut pairs.filter_map(|pair| pair.track.as_mut())
                }
                Kept::Jointly(jointly) => &mut jointly.tracks(),
            };
            let track = tracks.min_by(nearest);
            if let Some(track) = track.filter(|track| apart_m(track) <= claim.gate_m) {
                track.claim(claim.engagement);
                concerned.extend(track.engagement);
            }
        }
        concerned
    }

    /// The track of an engagement is taken for destroyed from now on, all scans before done.
    pub fn take_for_destroyed(
        &mut self,
        (slot, engagement): (u32, Entity),
        at: &At<'_, '_, '_>,
        outlet: &mut Outlet<'_>,
    ) {
        if self.engaged(slot, engagement).is_some() {
            self.catch_up(slot as usize, at, outlet);
        }
        if let Some(track) = self.engaged(slot, engagement) {
            track.take_for_destroyed();
        }
    }

    /// Whether the site engages what is within `gate_m` of a place, or might as the rules stood at its latest scan and could. Asked
    /// only of sites that visit every scan.
    pub fn fires_near(&mut self, place: Vector3<f64>, gate_m: f64, now: Millis) -> bool {
        if self.absent(now).is_some() {
            return false;
        }
        let able = self.ready;
        let Kept::Jointly(jointly) = &mut self.kept else {
            return false;
        };
        jointly.tracks().any(|track| {
            let near = (track.course.place_at(now) - place).xy().norm() <= gate_m;
            near && (track.engagement.is_some() || able && track.authorization().is_some())
        })
    }

    /// A track is left to another site for now: it is asked about at the next scan.
    pub fn leave_to_others(&mut self, slot: u32, now: Millis) {
        if let Some(track) = self.track(slot) {
            track.unsettle(now);
        }
    }

    /// Whether an order to cease fire holds.
    pub fn ceased(&self, now: Millis) -> bool {
        self.situation.ceased_until(now).is_some()
    }

    /// From `time` on the rules may say something else of every track.
    fn change(&mut self, time: Millis) {
        self.situation.change(time);
        let unsettle = |track: &mut Track| track.unsettle(time);
        match &mut self.kept {
            Kept::Apart(apart) => {
                let pairs = apart.pairs.iter_mut().flatten();
                pairs
                    .filter_map(|pair| pair.track.as_mut())
                    .for_each(unsettle);
            }
            Kept::Jointly(jointly) => jointly.tracks().for_each(unsettle),
        }
    }

    /// Takes the tracks that the rules let the site fire at, as long as they are there and not engaged.
    pub fn take_candidates(&mut self, now: Millis, observer: &Observer) -> Vec<Candidate> {
        let slots = std::mem::take(&mut self.candidates);
        let candidate = |slot: u32| {
            let track = self
                .track(slot)
                .filter(|track| track.engagement.is_none())?;
            track.authorization()?;
            Some(Candidate {
                slot,
                view: track.view(now, observer),
                number: track.number,
                eligible_since: track.eligible_since.unwrap_or(now),
                name: track.source,
            })
        };
        slots.into_iter().filter_map(candidate).collect()
    }

    /// What the rules say of a track now; nothing if there is none.
    pub fn verdict(&mut self, slot: u32, at: &At<'_, '_, '_>) -> Option<Verdict> {
        self.with(at, |kept, scenes, _| {
            let track = match kept {
                Kept::Apart(apart) => apart.track(slot),
                Kept::Jointly(jointly) => jointly.track(slot),
            }?;
            let about = scenes.about(track);
            Some(track.verdict(scenes.now, about, &scenes.cx))
        })
    }

    /// What the rules say now of the track of an engagement, all scans before now done; nothing if it has ended.
    pub fn verdict_on(
        &mut self,
        (slot, engagement): (u32, Entity),
        at: &At<'_, '_, '_>,
        outlet: &mut Outlet<'_>,
    ) -> Option<Verdict> {
        self.engaged(slot, engagement)?;
        self.catch_up(slot as usize, at, outlet);
        self.engaged(slot, engagement)?;
        self.with(at, |kept, scenes, _| {
            let track = kept.engaged(slot, engagement)?;
            let source = scenes.jointly(scenes.now).source(track);
            Some(track.verdict_asked(scenes.now, &source, &scenes.cx, outlet))
        })
    }

    /// Writes down that the site could have fired at a track and did not.
    pub fn decline(
        &mut self,
        slot: u32,
        decision: Option<Decision>,
        at: &At<'_, '_, '_>,
        recorder: &mut EventRecorder,
    ) {
        let now = at.sky.now();
        let reason = self.situation.why_not(now);
        let decision = decision.unwrap_or(Decision {
            rule: "weapon",
            reason,
        });
        if let Some(track) = self.track(slot) {
            let held = track.course.place_at(now);
            let there = at.sky.whereabouts(track.source);
            let place = there.map_or(held, |(place, _)| place).into();
            track.decline(now, decision, at.observer.id, place, recorder);
        }
    }

    /// The engagement of a track begins.
    pub fn engage(
        &mut self,
        slot: u32,
        engagement: Entity,
        at: &At<'_, '_, '_>,
        detail: Detail,
    ) -> Option<Begun> {
        let now = at.sky.now();
        let words = self.with(at, |kept, scenes, _| {
            let track = match kept {
                Kept::Apart(apart) => apart.track(slot),
                Kept::Jointly(jointly) => jointly.track(slot),
            }?;
            let words = || track.words(now, scenes.about(track), &scenes.cx);
            Some(if detail >= Detail::Full {
                words()
            } else {
                Vec::new()
            })
        })?;
        let (target, key) = self.target(slot)?;
        let track = self.track(slot)?;
        let authorization = track.authorization()?;
        track.engagement = Some(engagement);
        let (number, held) = (track.number, track.course.place_at(now));
        let there = at.sky.whereabouts(target);
        self.situation.engagements.push((now, number));
        if at.observer.rules.pauses() {
            self.change(now + Millis(1));
        }
        let nth = match self.pair_of(target).and_then(|pair| self.counts(pair)) {
            Some(counts) => {
                counts.engagements += 1;
                counts.engagements - 1
            }
            None => 0,
        };
        Some(Begun {
            authorization,
            target,
            key,
            nth: u64::from(nth),
            place: there.map_or(held, |(place, _)| place).into(),
            words: words.into(),
        })
    }

    fn target(&mut self, slot: u32) -> Option<(AircraftId, Key)> {
        let track = self.track(slot)?;
        let (source, key) = (track.source, track.key);
        let pair = self.pair_of(source);
        Some((source, pair.map_or(key, |pair| self.params[pair].key)))
    }

    /// Who is behind the track of an engagement now, what draws about that are keyed by, and where the site holds the track to be;
    /// nothing if it has ended.
    pub fn target_of(
        &mut self,
        (slot, engagement): (u32, Entity),
        now: Millis,
    ) -> Option<(AircraftId, Key, Vector3<f64>)> {
        let held = self.engaged(slot, engagement)?.course.place_at(now);
        let (target, key) = self.target(slot)?;
        Some((target, key, held))
    }

    /// Notes a shot at a target, fired at the track of an engagement while this identity was held; its number among the site's
    /// shots at this target.
    pub fn note_shot(
        &mut self,
        (slot, engagement): (u32, Entity),
        target: AircraftId,
        identity: Identity,
    ) -> u32 {
        if let Some(track) = self.engaged(slot, engagement) {
            track.note_shot(identity);
        }
        match self.pair_of(target).and_then(|pair| self.counts(pair)) {
            Some(counts) => {
                counts.shots += 1;
                counts.shots
            }
            None => 1,
        }
    }

    /// How long after the first shot at an aircraft its owner calls for a cease-fire, if he does.
    pub fn owner_calls(
        &self,
        aircraft: AircraftId,
        observer: &Observer,
        streams: &Streams,
    ) -> Option<Millis> {
        let params = &self.params[self.pair_of(aircraft)?];
        let rule = observer.rules.cease_fire()?;
        rule.owner_calls(streams, observer.side_key, params.key, !params.hostile())
    }

    /// What draws about an aircraft are keyed by.
    pub fn key_of(&self, aircraft: AircraftId) -> Option<Key> {
        Some(self.params[self.pair_of(aircraft)?].key)
    }

    /// An engagement is over: its track, if there still is one, may be engaged again.
    fn release(&mut self, engagement: Entity, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) {
        let Kept::Apart(apart) = &self.kept else {
            if let Kept::Jointly(jointly) = &mut self.kept {
                jointly.release(engagement);
            }
            return;
        };
        let about = |pair: &Option<Box<Pair>>| {
            let pair = pair.as_deref();
            pair.is_some_and(|pair| {
                pair.tracks()
                    .any(|track| track.engagement == Some(engagement))
            })
        };
        let Some(pair) = apart.pairs.iter().position(about) else {
            return;
        };
        self.catch_up(pair, at, outlet);
        if let Kept::Apart(apart) = &mut self.kept
            && let Some(pair) = &mut apart.pairs[pair]
        {
            pair.release(engagement);
        }
    }

    /// An aircraft leaves the sky.
    fn lose(
        &mut self,
        aircraft: AircraftId,
        end: TrackEnd,
        at: &At<'_, '_, '_>,
        outlet: &mut Outlet<'_>,
    ) {
        let seen = at.observer.tracker.loss_seen.then_some(end);
        let Some(pair) = self.pair_of(aircraft) else {
            if let (Some(end), Kept::Jointly(_)) = (seen, &self.kept) {
                self.leave_jointly(aircraft, end, at, outlet);
            }
            return;
        };
        match &self.kept {
            Kept::Jointly(_) => {
                if let Some(end) = seen {
                    self.leave_jointly(aircraft, end, at, outlet);
                }
            }
            Kept::Apart(_) => self.with(at, |kept, scenes, _| {
                if let Kept::Apart(apart) = kept {
                    scenes.open(apart, pair, |pair, scene| {
                        pair.catch_up(scenes.scan, scene, outlet);
                        pair.leave(scenes.now, scenes.scan, seen, scene, outlet);
                    });
                    scenes.plan(apart, pair as u32);
                }
            }),
        }
    }

    fn leave_jointly(
        &mut self,
        aircraft: AircraftId,
        end: TrackEnd,
        at: &At<'_, '_, '_>,
        outlet: &mut Outlet<'_>,
    ) {
        self.with(at, |kept, scenes, _| {
            if let Kept::Jointly(jointly) = kept {
                jointly.leave(aircraft, end, &scenes.jointly(scenes.now), outlet);
            }
        });
    }

    /// What is known from all scans before `time`.
    fn known(&mut self, time: Millis, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>) -> Vec<Known> {
        self.with(at, |kept, scenes, _| match kept {
            Kept::Jointly(jointly) => jointly.known(&scenes.jointly(time)),
            Kept::Apart(apart) => (0..scenes.params.len())
                .filter_map(|pair| {
                    scenes.open(apart, pair, |pair, scene| {
                        let scan = scenes.cx.observer.clock.first_from(time.0);
                        pair.catch_up(scan, scene, outlet);
                        pair.known(time, scene)
                    })
                })
                .collect(),
        })
    }

    /// Does all scans that are left and ends all tracks; what was counted, by aircraft.
    fn close(&mut self, at: &At<'_, '_, '_>, outlet: &mut Outlet<'_>, tallies: &mut Vec<Tally>) {
        let end = at.sky.end();
        let scan = at.observer.clock.first_from(end.0 + 1);
        self.with(at, |kept, scenes, _| match kept {
            Kept::Jointly(jointly) => jointly.close_all(&scenes.jointly(end), outlet),
            Kept::Apart(apart) => {
                for pair in 0..scenes.params.len() {
                    scenes.open(apart, pair, |pair, scene| {
                        pair.advance(scan, false, scene, outlet);
                        pair.close(end, TrackEnd::EndOfRun, scene, outlet);
                    });
                }
            }
        });
        let columns = at.observer.identifier.rows.len();
        for pair in 0..self.params.len() {
            if self.windows.get(pair).is_empty() {
                continue;
            }
            let (aircraft, truth) = (self.params[pair].aircraft, self.params[pair].truth_row);
            let Some(counts) = self.counts(pair) else {
                continue;
            };
            tallies.push(Tally {
                site: at.observer.id,
                aircraft,
                looks: counts.looks,
                detections: counts.detections,
                tracked_s: counts.tracked.seconds(),
                truth,
                declared: counts.declared[..=columns].into(),
            });
        }
    }
}

/// The context of a site, from which the scenes of its tracks are made.
struct Scenes<'a> {
    cx: ScanContext<'a>,
    params: &'a [PairParams],
    windows: &'a Lists<Window>,
    flight: &'a dyn Fn(AircraftId) -> Option<FlightPath<'a>>,
    links: Option<&'a TrackLinks>,
    ready: bool,
    now: Millis,
    scan: u64,
}

impl<'a> Scenes<'a> {
    fn params(&self, aircraft: AircraftId) -> Option<&'a PairParams> {
        let found = self
            .params
            .binary_search_by_key(&aircraft, |params| params.aircraft);
        Some(&self.params[found.ok()?])
    }

    /// What draws about whoever is behind a track are keyed by.
    fn about(&self, track: &Track) -> Key {
        let params = self.params(track.source);
        params.map_or(track.key, |params| params.key)
    }

    fn jointly(&self, time: Millis) -> SetScene<'a> {
        SetScene {
            cx: self.cx,
            params: self.params,
            windows: self.windows,
            flight: self.flight,
            links: self.links,
            time,
        }
    }

    /// Does something with a pair in its scene.
    fn open<T>(
        &self,
        apart: &mut Apart,
        pair: usize,
        does: impl FnOnce(&mut Pair, &PairScene<'_>) -> T,
    ) -> Option<T> {
        let params = self.params.get(pair)?;
        let flight = (self.flight)(params.aircraft)?;
        let Apart {
            inside,
            near,
            pairs,
            ..
        } = apart;
        let scene = PairScene {
            cx: self.cx,
            params,
            windows: self.windows.get(pair),
            inside: inside.get(pair),
            near: near.get(pair),
            trajectory: flight.trajectory,
            planned: flight.planned,
            gone: flight.gone,
        };
        let pair = pairs[pair].get_or_insert_with(|| Box::new(Pair::new()));
        Some(does(pair, &scene))
    }

    /// Whether pairs near the envelope are watched although they are not engaged.
    fn watches(&self) -> bool {
        self.ready || self.cx.observer.rules.queues()
    }

    /// Visits every pair that is due at a scan.
    fn visit(
        &self,
        apart: &mut Apart,
        scan: u64,
        outlet: &mut Outlet<'_>,
        candidates: &mut Vec<u32>,
    ) {
        let watches = self.watches();
        apart.welcome(scan, watches.then_some(scan));
        let due = |watched: &Watched| {
            let due = watched.visit.is_some_and(|visit| visit <= scan);
            due.then_some(watched.pair)
        };
        let mut due: Vec<u32> = apart.watched.iter().filter_map(due).collect();
        if self.cx.observer.rules.queues() {
            self.put_in_order(apart, &mut due, scan, outlet);
        }
        for pair in due {
            let asked = self.open(apart, pair as usize, |pair, scene| {
                pair.advance(scan + 1, true, scene, outlet)
            });
            if asked == Some(true) {
                candidates.push(pair);
            }
            self.plan(apart, pair);
        }
        // What is engaged is visited until it is no more.
        (apart.watched).retain(|watched| watched.visit.is_some() || watched.end > scan);
    }

    /// Puts pairs in the order of the numbers of their tracks, in which they ask others; those that have no track before a scan come
    /// last, as their tracks would be numbered by it.
    fn put_in_order(&self, apart: &mut Apart, due: &mut [u32], scan: u64, outlet: &mut Outlet<'_>) {
        let mut number = |pair: u32| {
            self.open(apart, pair as usize, |pair, scene| {
                pair.advance(scan, false, scene, outlet);
                pair.number_at(scan, scene)
            })
        };
        let mut numbered: Vec<(u32, Option<TrackNumber>)> =
            due.iter().map(|&pair| (pair, number(pair))).collect();
        numbered.sort_by(|one, other| match (&one.1, &other.1) {
            (Some(one), Some(other)) => one.order(other),
            _ => one.0.cmp(&other.0),
        });
        for (due, (pair, _)) in due.iter_mut().zip(numbered) {
            *due = pair;
        }
    }

    /// Plans the next visit of a pair that is watched and has done all scans so far.
    fn plan(&self, apart: &mut Apart, pair: u32) {
        let watches = self.watches();
        let visit = self.open(apart, pair as usize, |pair, scene| {
            pair.next_visit(watches, scene)
        });
        let watched = apart
            .watched
            .iter_mut()
            .find(|watched| watched.pair == pair);
        if let (Some(watched), Some(visit)) = (watched, visit) {
            watched.visit = visit;
        }
    }
}

/// Adds the observers of this module.
pub fn install(world: &mut World) {
    readiness::install(world);
    world.add_observer(on_scan);
    world.add_observer(on_source_gone);
    world.add_observer(on_channel_freed);
}

fn tell(ended: Vec<(Entity, TrackEnd)>, commands: &mut Commands) {
    for (entity, end) in ended {
        commands.trigger(TrackEnded { entity, end });
    }
}

/// A site scans, and tells others of its tracks.
fn on_scan(
    due: On<ScanDue>,
    sky: Sky,
    mut calendar: ResMut<EventCalendar>,
    mut log: ResMut<Log>,
    mut approval_queues: Option<ResMut<ApprovalQueues>>,
    mut sites: Query<(&Observer, &mut Picture)>,
    mut commands: Commands,
) {
    let Ok((observer, mut picture)) = sites.get_mut(due.entity) else {
        return;
    };
    let at = At::new(observer, &sky, &calendar);
    let scan = observer.clock.first_from(sky.now().0);
    let mut ended = Vec::new();
    let mut outlet = Outlet {
        recorder: &mut log.0,
        approval_queues: approval_queues.as_deref_mut(),
        ended: &mut ended,
        end: sky.end(),
    };
    let live_until = picture.live_until();
    picture.scan(scan, &at, &mut outlet);
    if let Some(until) = picture.live_until()
        && live_until != Some(until)
    {
        picture.told_absent = picture.absent(sky.now());
        calendar.readiness(until, observer.id, due.entity);
    }
    if !picture.candidates.is_empty() {
        calendar.decision(sky.now(), observer.id, due.entity);
    }
    if let Some(time) = picture.next_scan(observer, scan + 1) {
        calendar.scan(time, observer.id, due.entity);
    }
    tell(ended, &mut commands);
    let Some(links) = &sky.links else { return };
    let reports = picture.with(&at, |kept, scenes, _| match kept {
        Kept::Jointly(jointly) => jointly.reports(&scenes.jointly(scenes.now)),
        Kept::Apart(_) => Vec::new(),
    });
    let mut told = Vec::new();
    links.send(observer.id, scan, &sky.streams, &reports, |site, report| {
        told.push((site, report));
    });
    for (site, report) in told {
        let entity = sky.index.sites[site.index()];
        let Ok((observer, mut picture)) = sites.get_mut(entity) else {
            continue;
        };
        if let Kept::Jointly(jointly) = &mut picture.kept {
            jointly.expect(report);
        }
        // A site that had nothing to look for has now.
        let next = observer.clock.first_from(sky.now().0 + 1);
        if let Some(time) = picture.next_scan(observer, next) {
            calendar.scan(time, site, entity);
        }
    }
}

/// Whoever follows an aircraft that leaves the sky loses it.
fn on_source_gone(
    gone: On<SourceGone>,
    sky: Sky,
    mut calendar: ResMut<EventCalendar>,
    mut log: ResMut<Log>,
    mut sites: Query<(Entity, &Observer, &mut Picture)>,
    mut commands: Commands,
) {
    let mut ended = Vec::new();
    let mut outlet = Outlet {
        recorder: &mut log.0,
        approval_queues: None,
        ended: &mut ended,
        end: sky.end(),
    };
    for (entity, observer, mut picture) in &mut sites {
        let at = At::new(observer, &sky, &calendar);
        picture.lose(gone.aircraft, gone.end, &at, &mut outlet);
        if let Some(time) = picture.enter_next(&at) {
            calendar.scan(time, observer.id, entity);
        }
    }
    tell(ended, &mut commands);
}

/// A site that has a channel again may fire at the tracks near its envelope.
fn on_channel_freed(
    freed: On<ChannelFreed>,
    sky: Sky,
    mut calendar: ResMut<EventCalendar>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Observer, &mut Picture)>,
    mut commands: Commands,
) {
    let Ok((observer, mut picture)) = sites.get_mut(freed.entity) else {
        return;
    };
    let at = At::new(observer, &sky, &calendar);
    let mut ended = Vec::new();
    let mut outlet = Outlet {
        recorder: &mut log.0,
        approval_queues: None,
        ended: &mut ended,
        end: sky.end(),
    };
    picture.release(freed.engagement, &at, &mut outlet);
    if let Some(time) = picture.look_again(&at) {
        calendar.scan(time, observer.id, freed.entity);
    }
    tell(ended, &mut commands);
}

/// Does what is left to do at every site at the end, and counts.
pub fn close_all(
    sky: Sky,
    calendar: Res<EventCalendar>,
    mut log: ResMut<Log>,
    mut tallies: ResMut<Tallies>,
    mut sites: Query<(&Observer, &mut Picture)>,
) {
    let mut ended = Vec::new();
    let mut outlet = Outlet {
        recorder: &mut log.0,
        approval_queues: None,
        ended: &mut ended,
        end: sky.end(),
    };
    for &site in &sky.index.sites {
        if let Ok((observer, mut picture)) = sites.get_mut(site) {
            let at = At::new(observer, &sky, &calendar);
            picture.close(&at, &mut outlet, &mut tallies.0);
        }
    }
}

/// What all sites have counted, once all is over.
#[derive(Debug, Default, Resource)]
pub struct Tallies(pub Vec<Tally>);
