//! An air picture kept in step with the clock: every scan of the site, all its tracks at once.
//!
//! Where tracks influence one another, or what a site thinks of one depends on what happened elsewhere, a file of its
//! own for each aircraft ([`TrackFile`](super::TrackFile)) will not do: plots are associated with tracks and may go to
//! the wrong one, false alarms become tracks, misaligned radars move all of them, cues age, other sites share theirs.
//! A site whose class or links ask for any of this keeps a live picture instead. It costs a visit at every scan with
//! something to see; all other sites go on as before.
//!
//! Both kinds mean the same: without errors of measurement, cues and links a live picture writes the same log as files
//! would, which the tests hold it to.
//!
//! `plots` is what the sensor brings at a scan, and reads the truth; `track` is what the site makes of a track. Who is
//! *behind* a track is the aircraft that last fed it, or nobody after a false alarm; a missile flies at what is behind
//! the track when it leaves. Assumption: a track ends when the aircraft behind it leaves the sky.

mod plots;
mod sharing;
mod track;

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_ecs::prelude::*;
use nalgebra::Vector3;

pub use self::sharing::{SharedIdentity, TrackLink, TrackLinks};

pub use self::plots::Carrier;

use self::plots::Target;
use self::sharing::{Inbox, Report};
use self::track::{LiveTrack, Shared, Situation};
use super::sample::Known;
use super::{Begun, Post, Subject, Verdict};
use crate::coordination::{BlueForceFeedSpec, Desk, Line};
use crate::identification::{CueScene, Gathered, Judgement, Operator};
use crate::ids::{AircraftId, Key};
use crate::platform::trajectory::Trajectory;
use crate::platform::{Planned, Vitality};
use crate::record::{Decision, Detail, Fact, Identity, Place, Rank, Recorder, Tally, TrackEnd};
use crate::sensing::coverage::Window;
use crate::streams::{BLOCK, Streams};
use crate::tick::{Agenda, Clock, Due, Entry, Log, Roster};
use crate::tracking::association::{Costs, assign};
use crate::tracking::false_alarms::false_alarms;
use crate::tracking::plot::misaligned;
use crate::tracking::tracks::{Change, Feed, TrackSet};
use crate::units::Millis;

/// The live picture of one site.
#[derive(Debug, Clone, Component)]
pub struct LivePicture {
    /// The aircraft it may ever see, in the order of their ids.
    targets: Vec<Target>,
    set: TrackSet,
    /// Its confirmed tracks, in the order of their numbers.
    tracks: Vec<LiveTrack>,
    /// Shots and engagements of tracks with nobody behind.
    shots_at_nobody: u32,
    engagements_of_nobody: u32,
    inbox: Inbox,
    /// Who goes by what is identified here, and what his side's draws are keyed by.
    console: Console,
    /// What holds for all its tracks.
    situation: Situation,
    /// Reported tracks so far.
    reported: u32,
    /// The scan not yet done.
    next: u64,
}

/// Reported tracks are numbered from here, the site's own from 0.
const FIRST_REPORTED: u32 = 1 << 31;

/// The people of a site.
#[derive(Debug, Clone)]
pub struct Console {
    /// What the draws of their side are keyed by.
    pub side_key: Key,
    /// Who goes by the identity that follows from the evidence; without one it stands.
    pub operator: Option<Arc<Operator>>,
    /// What draws of the desk that releases its fire are keyed by.
    pub desk: Key,
}

/// What is asked of a track before it is engaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Who is behind it.
    pub target: AircraftId,
    /// Since when it has been eligible without a break.
    pub eligible_since: Millis,
    /// Where the site holds it to be, m.
    pub place: Vector3<f64>,
    /// Its velocity as the site holds it, m/s.
    pub velocity: Vector3<f64>,
}

type Aircraft<'w, 's> = Query<'w, 's, (&'static Trajectory, &'static Planned, &'static Vitality)>;

/// The aircraft of the replication as one system sees them.
struct Sky<'a, 'w, 's> {
    roster: &'a Roster,
    aircraft: &'a Aircraft<'w, 's>,
}

impl Sky<'_, '_, '_> {
    fn of(&self, aircraft: AircraftId) -> Option<(&Trajectory, &Planned, bool)> {
        let entity = *self.roster.aircraft.get(aircraft.index())?;
        let (trajectory, planned, vitality) = self.aircraft.get(entity).ok()?;
        Some((trajectory, planned, vitality.flying))
    }

    /// Where an event about a track happens: where the aircraft behind it is, or the track if nobody is.
    fn whereabouts(&self, track: &LiveTrack, time: Millis) -> Place {
        self.of(track.behind)
            .map_or(track.place_at(time), |(trajectory, ..)| {
                trajectory.position(time)
            })
            .into()
    }
}

impl LivePicture {
    /// The picture of a site that may see these aircraft.
    pub fn new(
        post: &Post,
        console: Console,
        subjects: Vec<(Subject, Box<[Window]>, Carrier)>,
    ) -> LivePicture {
        let target = |(subject, windows, carrier)| Target::new(subject, windows, carrier);
        LivePicture {
            targets: subjects.into_iter().map(target).collect(),
            set: TrackSet::new(&post.tracker),
            tracks: Vec::new(),
            shots_at_nobody: 0,
            engagements_of_nobody: 0,
            inbox: Inbox::default(),
            console,
            situation: Situation {
                engaged: None,
                ceased_until: Millis(i64::MIN),
            },
            reported: 0,
            next: 0,
        }
    }

    /// When the next scan falls at which anything can be seen or lost, if there is one.
    pub fn next_scan(&self, post: &Post) -> Option<Millis> {
        let scan = if self.busy() || post.tracker.false_alarms.is_some() {
            Some(self.next)
        } else {
            self.targets
                .iter()
                .filter_map(|target| target.next_look(self.next))
                .min()
        };
        scan.map(|scan| Millis(post.clock.time_ms(scan)))
    }

    /// Whether there is something to keep up to date at every scan.
    fn busy(&self) -> bool {
        !self.set.tracks().is_empty() || !self.inbox.is_empty() || !self.tracks.is_empty()
    }

    fn target(&mut self, aircraft: AircraftId) -> Option<&mut Target> {
        let at = self
            .targets
            .binary_search_by_key(&aircraft, |target| target.subject.aircraft)
            .ok()?;
        self.targets.get_mut(at)
    }

    fn find(&self, track: u32) -> Option<usize> {
        self.tracks
            .binary_search_by_key(&track, |track| track.number)
            .ok()
    }

    /// Who is behind a track, while there is one of this number.
    pub fn behind(&self, track: u32) -> Option<AircraftId> {
        self.find(track).map(|at| self.tracks[at].behind)
    }

    /// Where the site last held a track to be.
    pub fn place(&self, track: u32) -> Option<Vector3<f64>> {
        self.find(track).map(|at| self.tracks[at].place)
    }

    /// What the rules say of a track now.
    pub fn verdict(&self, track: u32, now: Millis, post: &Post) -> Verdict {
        let verdict = |at: usize| self.tracks[at].verdict(now, post, &self.situation);
        self.find(track).map_or(Verdict::NoTrack, verdict)
    }

    /// A track that may be fired at and is not engaged.
    pub fn candidate(&self, track: u32, now: Millis) -> Option<Candidate> {
        let track = &self.tracks[self.find(track)?];
        if track.engaged {
            return None;
        }
        track.permit()?;
        Some(Candidate {
            target: track.behind,
            eligible_since: track.eligible_since.unwrap_or(now),
            place: track.place_at(now),
            velocity: track.velocity,
        })
    }

    /// The engagement of a track begins.
    pub fn engage(
        &mut self,
        track: u32,
        now: Millis,
        post: &Post,
        whereabouts: Place,
        detail: Detail,
    ) -> Option<Begun> {
        let at = self.find(track)?;
        let track = &mut self.tracks[at];
        let permit = track.permit()?;
        track.engaged = true;
        let words = if detail >= Detail::Full {
            track.words(now, post, &self.situation)
        } else {
            Vec::new()
        };
        self.situation.engaged = Some((now, track.number));
        let (behind, number) = (track.behind, track.number);
        let (key, nth) = match self.target(behind) {
            Some(target) => {
                target.engagements += 1;
                (target.subject.key, target.engagements - 1)
            }
            None => {
                self.engagements_of_nobody += 1;
                (nobody(number), self.engagements_of_nobody - 1)
            }
        };
        Some(Begun {
            permit,
            key,
            nth: u64::from(nth),
            place: whereabouts,
            words: words.into(),
        })
    }

    /// The site may fire at a track and cannot.
    pub fn decline<R: Recorder>(
        &mut self,
        track: u32,
        now: Millis,
        decision: Decision,
        post: &Post,
        whereabouts: Place,
        recorder: &mut R,
    ) {
        if let Some(at) = self.find(track) {
            self.tracks[at].decline(now, decision, post, whereabouts, recorder);
        }
    }

    /// An engagement of a track is over.
    pub fn release(&mut self, track: u32) {
        if let Some(at) = self.find(track) {
            self.tracks[at].engaged = false;
        }
    }

    /// Notes a shot at a track, at `target`, while this identity was held: what its draws are keyed by, and its number among
    /// the shots at this target.
    pub fn note_shot(&mut self, track: u32, target: AircraftId, identity: Identity) -> (Key, u32) {
        if let Some(at) = self.find(track) {
            self.tracks[at].note_shot(identity);
        }
        match self.target(target) {
            Some(target) => {
                target.shots += 1;
                (target.subject.key, target.shots)
            }
            None => {
                self.shots_at_nobody += 1;
                (nobody(track), self.shots_at_nobody)
            }
        }
    }

    /// What is known from all scans before `time`: of each aircraft, and of nobody.
    pub(in crate::picture) fn known(&self, post: &Post, time: Millis) -> Vec<Known> {
        let latest = post.clock.first_from(time.0).checked_sub(1);
        let objects = self.targets.iter().map(|target| Known {
            aircraft: target.subject.aircraft,
            covered: latest.is_some_and(|scan| target.covered(scan)),
            identity: None,
        });
        let tracks = self.tracks.iter().map(|track| Known {
            aircraft: track.behind,
            covered: false,
            identity: Some(track.identity),
        });
        objects.chain(tracks).collect()
    }

    /// Ends a track.
    fn close<R: Recorder>(
        &mut self,
        at: usize,
        time: Millis,
        end: TrackEnd,
        post: &Post,
        whereabouts: Place,
        recorder: &mut R,
    ) {
        let track = self.tracks.remove(at);
        self.credit(track.behind, time - track.behind_since);
        track.close(time, end, post, whereabouts, recorder);
    }

    /// Puts time with a track down to the aircraft behind it.
    fn credit(&mut self, behind: AircraftId, time: Millis) {
        if let Some(target) = self.target(behind) {
            target.tracked = target.tracked + time;
        }
    }
}

/// Place and velocity as a misaligned radar has them.
fn turned(
    place: Vector3<f64>,
    velocity: Vector3<f64>,
    watch: &Watch<'_, '_, '_>,
) -> (Vector3<f64>, Vector3<f64>) {
    if watch.bias_deg == 0.0 {
        return (place, velocity);
    }
    let seen = |place| misaligned(place, watch.post.place, watch.bias_deg);
    (seen(place), seen(place + velocity) - seen(place))
}

/// For each report the track it is paired with, so that the distances of all pairs sum up to least.
fn pairs(
    reports: &[Report],
    tracks: &[LiveTrack],
    links: &TrackLinks,
    time: Millis,
) -> Vec<Option<usize>> {
    // One without a pair costs more than any pair.
    let gate_m = |report: &Report| links.link(report.link).gate_m;
    let farthest_m = reports.iter().map(gate_m).fold(0.0, f64::max);
    let mut costs = Costs::none(reports.len(), tracks.len(), 2.0 * farthest_m + 1.0);
    for (one, report) in reports.iter().enumerate() {
        for (other, track) in tracks.iter().enumerate() {
            let apart_m = (track.place_at(time) - report.place_at(time)).xy().norm();
            if apart_m <= gate_m(report) {
                costs.allow(one, other, apart_m);
            }
        }
    }
    assign(&costs)
}

/// What the draws about a track of false alarms are keyed by.
fn nobody(track: u32) -> Key {
    Key::of("false track").nth(track)
}

/// One scan of one site, and all it is done with.
struct Watch<'a, 'w, 's> {
    post: &'a Post,
    streams: &'a Streams,
    sky: Sky<'a, 'w, 's>,
    /// Where sites report tracks to one another.
    links: Option<&'a TrackLinks>,
    scan: u64,
    time: Millis,
    /// What the radar adds to every bearing, degrees.
    bias_deg: f64,
    /// The feed of positions, and what it has at this instant.
    feed: Option<&'a BlueFeed>,
    reported: Vec<Vector3<f64>>,
}

/// The desks that release fire (rule R3), by what their draws are keyed by.
#[derive(Debug, Resource)]
pub struct Desks {
    /// Requests that may wait at each.
    pub capacity: u32,
    desks: BTreeMap<Key, Desk>,
}

impl Desks {
    /// Desks at which nobody waits.
    pub fn new(capacity: u32) -> Desks {
        Desks {
            capacity,
            desks: BTreeMap::new(),
        }
    }
}

/// The feed of positions (rule R14).
#[derive(Debug, Resource)]
pub struct BlueFeed {
    /// The rule.
    pub spec: BlueForceFeedSpec,
    /// Who reports: the aircraft, what its draws are keyed by, and when the feed of its side is up.
    pub members: Vec<(AircraftId, Key, Arc<Line>)>,
}

impl BlueFeed {
    /// The places that count at `time`: of all that are in the sky, the latest that is there.
    fn reported(
        &self,
        streams: &Streams,
        sky: &Sky<'_, '_, '_>,
        time: Millis,
    ) -> Vec<Vector3<f64>> {
        let latest = |(aircraft, key, line): &(AircraftId, Key, Arc<Line>)| {
            let (trajectory, _, true) = sky.of(*aircraft)? else {
                return None;
            };
            let sent = self.spec.latest(streams, *key, line, time)?;
            (sent >= trajectory.departs()).then(|| trajectory.position(sent))
        };
        self.members.iter().filter_map(latest).collect()
    }
}

impl LivePicture {
    /// Does a scan; the tracks that may be fired at.
    fn scan<R: Recorder>(&mut self, watch: &Watch<'_, '_, '_>, recorder: &mut R) -> Vec<u32> {
        self.next = watch.scan + 1;
        let feeds = self.feeds(watch);
        for change in self.set.scan(watch.time, watch.scan, &feeds) {
            match change {
                Change::Dropped { track, .. } => {
                    if let Some(at) = self.find(track.number) {
                        let whereabouts = watch.sky.whereabouts(&self.tracks[at], watch.time);
                        let (time, end) = (watch.time, TrackEnd::Dropped);
                        self.close(at, time, end, watch.post, whereabouts, recorder);
                    }
                }
                Change::Confirmed { track } => self.begin(track, watch, recorder),
                Change::Fed { .. } | Change::Began { .. } | Change::Lapsed { .. } => {}
            }
        }
        let own = self.tracks.partition_point(|track| track.source.is_none());
        for at in 0..own {
            self.follow(at, watch, recorder);
            if self.tracks[at].next_declaration <= watch.scan {
                self.declare(at, watch, recorder);
            }
        }
        if let Some(links) = watch.links {
            self.hear(links, watch, recorder);
        }
        self.consider(watch, recorder)
    }

    /// What the sensor brings.
    fn feeds(&mut self, watch: &Watch<'_, '_, '_>) -> Vec<Feed> {
        let mut feeds = Vec::new();
        for target in &mut self.targets {
            let aircraft = target.subject.aircraft;
            let Some((trajectory, _, true)) = watch.sky.of(aircraft) else {
                continue;
            };
            let place = target.look(watch.scan, watch.post, watch.streams, trajectory);
            if let Some(place) = place {
                let plot =
                    target.plot(watch.scan, watch.post, watch.streams, place, watch.bias_deg);
                feeds.push(Feed {
                    plot,
                    origin: Some(aircraft.0),
                });
            }
        }
        let tracker = &watch.post.tracker;
        if let (Some(alarms), Some(measurement)) = (&tracker.false_alarms, &tracker.measurement) {
            let post = watch.post;
            let plots = false_alarms(
                watch.streams,
                post.key,
                post.place,
                watch.scan,
                alarms,
                measurement,
            );
            feeds.extend(plots.into_iter().map(|plot| Feed { plot, origin: None }));
        }
        feeds
    }

    fn begin<R: Recorder>(&mut self, number: u32, watch: &Watch<'_, '_, '_>, recorder: &mut R) {
        let behind = self.fed_by(number);
        let seen = self
            .set
            .get(number)
            .map(|track| track.position_at(watch.time));
        let begun = (watch.time, watch.scan);
        let track = LiveTrack::new(number, behind, begun, seen.unwrap_or_default());
        let whereabouts = watch.sky.whereabouts(&track, watch.time);
        track.announce(watch.post, whereabouts, recorder);
        let at = self.tracks.partition_point(|track| track.number < number);
        self.tracks.insert(at, track);
    }

    fn fed_by(&self, number: u32) -> AircraftId {
        self.set
            .get(number)
            .and_then(|track| track.fed_by)
            .map_or(AircraftId::NOBODY, AircraftId)
    }

    /// Brings a track up to date with the scan: where it is, and who is behind it.
    fn follow<R: Recorder>(&mut self, at: usize, watch: &Watch<'_, '_, '_>, recorder: &mut R) {
        let number = self.tracks[at].number;
        let behind = self.fed_by(number);
        self.hand_over(at, behind, watch, recorder);
        let crew = self.target(behind).map(|target| target.subject.crew);
        let estimate = self
            .set
            .get(number)
            .map(|track| (track.position_at(watch.time), track.estimate.velocity()));
        let exact = watch.post.tracker.measurement.is_none();
        let truth = watch.sky.of(behind).filter(|_| exact);
        let (place, velocity) = match (truth, estimate) {
            (Some((trajectory, ..)), _) => {
                let (place, velocity) = trajectory.state(watch.time);
                turned(place, velocity, watch)
            }
            (None, Some(estimate)) => estimate,
            (None, None) => return,
        };
        let track = &mut self.tracks[at];
        track.crew = crew.unwrap_or(track.crew);
        track.place = place;
        track.velocity = velocity;
        track.at = watch.time;
    }

    /// Notes who is behind a track from now on.
    fn hand_over<R: Recorder>(
        &mut self,
        at: usize,
        behind: AircraftId,
        watch: &Watch<'_, '_, '_>,
        recorder: &mut R,
    ) {
        let before = self.tracks[at].behind;
        if behind == before {
            return;
        }
        self.credit(before, watch.time - self.tracks[at].behind_since);
        let track = &mut self.tracks[at];
        track.behind = behind;
        track.behind_since = watch.time;
        let whereabouts = watch.sky.whereabouts(track, watch.time);
        let fact = Fact::TrackSwapped {
            site: watch.post.id,
            aircraft: behind,
            before,
        };
        recorder.record(watch.time, Rank::Observation, whereabouts, fact);
    }

    /// Makes the declaration that is due, asks the cues, and lets the operator judge.
    fn declare<R: Recorder>(&mut self, at: usize, watch: &Watch<'_, '_, '_>, recorder: &mut R) {
        let post = watch.post;
        let identifier = &*post.identifier;
        let (behind, number, place) = {
            let track = &self.tracks[at];
            (track.behind, track.number, track.place)
        };
        let behind_it = watch.sky.of(behind);
        let mut notice = None;
        let (key, truth_row, carrier) = match self.target(behind) {
            Some(target) => {
                if let (Some(cue), Some(plan), Some((_, planned, _))) = (
                    &identifier.spec.flight_plan,
                    &target.subject.plan,
                    behind_it,
                ) {
                    notice = Some(plan.check(cue, &planned.0, watch.time, place));
                }
                (target.subject.key, target.subject.truth_row, target.carrier)
            }
            None => (nobody(number), identifier.rows.len() as u8, Carrier::NOBODY),
        };
        let luck = watch.streams.looks(post.key, key);
        let columns = identifier.declare(truth_row);
        let (block, nth) = (watch.scan / BLOCK as u64, watch.scan % BLOCK as u64);
        let leading = luck.leading(block).declarations[nth as usize];
        let declared = columns.column_by(leading, || luck.declaration_word(watch.scan, leading));
        if let Some(target) = self.target(behind) {
            target.declared[usize::from(declared)] += 1;
        }
        let operator = self.console.operator.clone();
        let shift_log_odds = operator.as_ref().map_or(0.0, |operator| {
            let engaged = self.situation.engaged.map(|(time, _)| time);
            operator.shift_log_odds(watch.time, engaged)
        });
        let site_side_key = self.console.side_key;
        let track = &mut self.tracks[at];
        track.next_declaration = watch.scan + post.declares_every();
        identifier.add(&mut track.evidence, declared);
        if let Some(notice) = notice {
            track.notice = notice;
        }
        let truly_at = behind_it.map_or(place, |(trajectory, ..)| trajectory.position(watch.time));
        post.cues.look(
            &mut track.cues,
            &CueScene {
                time: watch.time,
                streams: watch.streams,
                site_key: post.key,
                site_side_key,
                aircraft_key: key,
                emitter: carrier.emitter(truth_row),
                range_m: (truly_at - post.place.push(0.0)).norm(),
                speed_mps: Some(track.velocity.xy().norm()),
                place,
                first_seen: track.first_seen,
            },
        );
        let gathered = Gathered {
            evidence: &track.evidence,
            matched: notice.map(|notice| notice.matched()),
            cues: &post.cues,
            state: &track.cues,
            time: watch.time,
            shift_log_odds,
        };
        let fused = identifier.fuse(&gathered);
        let full = recorder.detail() >= Detail::Full;
        let ledger = full.then(|| identifier.ledger(&gathered));
        let identity = operator.map_or(fused.identity, |operator| {
            let judgement = Judgement {
                streams: watch.streams,
                site_key: post.key,
                track_key: key.nth(number),
                aid: fused.identity,
            };
            operator.judge(&judgement, carrier.hostile())
        });
        let from = track.declare(watch.time, identity);
        let (site, notice, to) = (post.id, track.notice, track.identity);
        let whereabouts = watch.sky.whereabouts(track, watch.time);
        if let Some(ledger) = ledger {
            let fact = Fact::Declared {
                site,
                aircraft: behind,
                declared,
                posterior: fused.posterior.regard,
                notice,
                ledger: ledger.into(),
            };
            recorder.record(watch.time, Rank::Observation, whereabouts, fact);
        }
        if from != to && recorder.detail() >= Detail::Decisive {
            let fact = Fact::IdentityChanged {
                site,
                aircraft: behind,
                from,
                to,
                declared,
                notice,
            };
            recorder.record(watch.time, Rank::Observation, whereabouts, fact);
        }
    }

    /// Pairs what other sites report with the site's own tracks; what is left are tracks of its own kind.
    fn hear<R: Recorder>(
        &mut self,
        links: &TrackLinks,
        watch: &Watch<'_, '_, '_>,
        recorder: &mut R,
    ) {
        let time = watch.time;
        let own = self.tracks.partition_point(|track| track.source.is_none());
        let reports = self.inbox.read(time, links).to_vec();
        let mut told: Vec<Option<Shared>> = vec![None; own];
        let mut kept = Vec::new();
        // What one sender reports is one aircraft a report; two senders may report the same.
        let by_sender = reports.chunk_by(|one, other| one.source.0 == other.source.0);
        let paired = by_sender.flat_map(|reports| pairs(reports, &self.tracks[..own], links, time));
        for (report, pair) in reports.iter().zip(paired.collect::<Vec<_>>()) {
            let link = links.link(report.link);
            let shared = Shared {
                by: report.source.0,
                identity: report.identity,
                policy: link.identity,
                engage: link.engage,
            };
            match pair {
                Some(at) => {
                    let earlier = told[at].filter(|shared| shared.identity.declared());
                    told[at] = earlier.or(Some(shared));
                }
                None => {
                    kept.push(report.source);
                    self.keep_reported(report, shared, watch, recorder);
                }
            }
        }
        for (at, shared) in told.into_iter().enumerate() {
            self.adopt(at, shared, watch, recorder);
        }
        while let Some(at) = self
            .tracks
            .iter()
            .position(|track| track.source.is_some_and(|source| !kept.contains(&source)))
        {
            let source = self.tracks[at].source;
            let merged = reports.iter().any(|report| Some(report.source) == source);
            let end = if merged {
                TrackEnd::Merged
            } else {
                TrackEnd::Dropped
            };
            let whereabouts = watch.sky.whereabouts(&self.tracks[at], time);
            self.close(at, time, end, watch.post, whereabouts, recorder);
        }
    }

    /// A reported track without a pair: begins, or goes on.
    fn keep_reported<R: Recorder>(
        &mut self,
        report: &Report,
        shared: Shared,
        watch: &Watch<'_, '_, '_>,
        recorder: &mut R,
    ) {
        let known = self
            .tracks
            .iter()
            .position(|track| track.source == Some(report.source));
        let at = known.unwrap_or_else(|| {
            let number = FIRST_REPORTED + self.reported;
            self.reported += 1;
            let mut track =
                LiveTrack::new(number, report.behind, (watch.time, u64::MAX), report.place);
            track.source = Some(report.source);
            let whereabouts = watch.sky.whereabouts(&track, watch.time);
            track.announce(watch.post, whereabouts, recorder);
            self.tracks.push(track);
            self.tracks.len() - 1
        });
        self.hand_over(at, report.behind, watch, recorder);
        let crew = self.target(report.behind).map(|target| target.subject.crew);
        let track = &mut self.tracks[at];
        track.crew = crew.unwrap_or(track.crew);
        track.place = report.place;
        track.velocity = report.velocity;
        track.at = report.seen;
        self.adopt(at, Some(shared), watch, recorder);
    }

    /// What is reported about a track, or that nothing is any more.
    fn adopt<R: Recorder>(
        &mut self,
        at: usize,
        shared: Option<Shared>,
        watch: &Watch<'_, '_, '_>,
        recorder: &mut R,
    ) {
        let track = &mut self.tracks[at];
        let reported_by = shared.or(track.shared).map(|shared| shared.by);
        let from = track.hear(watch.time, shared);
        if let Some(reported_by) = reported_by
            && from != track.identity
            && recorder.detail() >= Detail::Decisive
        {
            let fact = Fact::IdentityAdopted {
                site: watch.post.id,
                aircraft: track.behind,
                reported_by,
                from,
                to: track.identity,
            };
            let whereabouts = watch.sky.whereabouts(track, watch.time);
            recorder.record(watch.time, Rank::Observation, whereabouts, fact);
        }
    }

    /// What the site reports to others after a scan: its own tracks, each with what the draws about it are keyed by.
    fn reports(&mut self, watch: &Watch<'_, '_, '_>) -> Vec<(Key, Report)> {
        let own = self.tracks.partition_point(|track| track.source.is_none());
        (0..own)
            .map(|at| {
                let track = &self.tracks[at];
                let report = Report {
                    source: (watch.post.id, track.number),
                    link: 0,
                    arrives: watch.time,
                    seen: watch.time,
                    place: track.place,
                    velocity: track.velocity,
                    identity: track.own,
                    behind: track.behind,
                };
                let (behind, number) = (track.behind, track.number);
                let key = self
                    .target(behind)
                    .map_or(nobody(number), |target| target.subject.key);
                (key, report)
            })
            .collect()
    }

    /// What the rules say of each track; those that may be fired at.
    fn consider<R: Recorder>(&mut self, watch: &Watch<'_, '_, '_>, recorder: &mut R) -> Vec<u32> {
        let mut ripe = Vec::new();
        for at in 0..self.tracks.len() {
            let behind = self.tracks[at].behind;
            let last_inside = self.target(behind).map(|target| target.last_inside);
            let track = &mut self.tracks[at];
            let inside_before = last_inside.unwrap_or(track.last_inside);
            let whereabouts = watch.sky.whereabouts(track, watch.time);
            if let Some(feed) = watch.feed {
                let place = track.place_at(watch.time);
                track.near_report = feed.spec.near(place, &watch.reported);
            }
            let (inside, permitted) = track.consider(
                watch.time,
                watch.post,
                &self.situation,
                whereabouts,
                inside_before,
                recorder,
            );
            if permitted {
                ripe.push(track.number);
            }
            if inside && let Some(target) = self.target(behind) {
                target.last_inside = watch.time;
            }
        }
        ripe
    }

    /// Takes the requests for release that are to be made now to the desk.
    fn ask_for_release<R: Recorder>(
        &mut self,
        watch: &Watch<'_, '_, '_>,
        desks: &mut Desks,
        end: Millis,
        recorder: &mut R,
    ) {
        let capacity = desks.capacity;
        let desk = desks.desks.entry(self.console.desk).or_default();
        for track in &mut self.tracks {
            let Some(file) = track.requests(watch.time, watch.post) else {
                continue;
            };
            let mut answer = desk.request(watch.time, &file, capacity);
            // It comes back over the same line.
            answer.time = watch.post.line.passes(answer.time);
            track.answered(answer);
            if answer.time <= end {
                let fact = Fact::RequestAnswered {
                    site: watch.post.id,
                    aircraft: track.behind,
                    waited: answer.time - watch.time,
                    granted: answer.granted,
                };
                let whereabouts = watch.sky.whereabouts(track, answer.time);
                recorder.record(answer.time, Rank::Decision, whereabouts, fact);
            }
        }
    }

    /// An order to cease fire has come.
    pub fn cease(&mut self, until: Millis) {
        self.situation.ceased_until = self.situation.ceased_until.max(until);
    }

    /// Whether an order to cease fire holds.
    pub fn ceased(&self, now: Millis) -> bool {
        now < self.situation.ceased_until
    }

    /// How long after the first shot at an aircraft its owner calls for a cease-fire, if he does.
    pub fn owner_calls(&mut self, aircraft: AircraftId) -> Option<Millis> {
        self.target(aircraft)?.subject.crew.owner_calls
    }

    /// Ends all tracks at the end of the run; `place` is where an aircraft is.
    pub fn close_all<R: Recorder>(
        &mut self,
        post: &Post,
        end: Millis,
        mut place: impl FnMut(AircraftId, Millis) -> Option<Vector3<f64>>,
        recorder: &mut R,
    ) {
        while let Some(track) = self.tracks.first() {
            let whereabouts = place(track.behind, end).unwrap_or(track.place_at(end));
            self.close(
                0,
                end,
                TrackEnd::EndOfRun,
                post,
                whereabouts.into(),
                recorder,
            );
        }
    }

    /// What was counted, by aircraft.
    pub fn tallies(&self, post: &Post) -> impl Iterator<Item = Tally> {
        let (site, rows) = (post.id, post.identifier.rows.len());
        self.targets
            .iter()
            .filter(|target| target.ever_seen())
            .map(move |target| Tally {
                site,
                aircraft: target.subject.aircraft,
                looks: target.looks,
                detections: target.detections,
                tracked_s: target.tracked.seconds(),
                truth: target.subject.truth_row,
                declared: target.declared[..=rows].into(),
            })
    }
}

/// Does the scans that are due.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters of a system are its access list"
)]
pub(crate) fn keep_watch(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut agenda: ResMut<Agenda>,
    mut log: ResMut<Log>,
    links: Option<Res<TrackLinks>>,
    feed: Option<Res<BlueFeed>>,
    mut desks: Option<ResMut<Desks>>,
    mut sites: Query<(&Post, &mut LivePicture)>,
    aircraft: Aircraft,
) {
    for site in std::mem::take(&mut due.scans) {
        let Ok((post, mut live)) = sites.get_mut(roster.sites[site.index()]) else {
            continue;
        };
        let scan = post.clock.first_from(clock.now.0);
        if scan < live.next {
            // Entered twice, and done.
            continue;
        }
        let sky = Sky {
            roster: &roster,
            aircraft: &aircraft,
        };
        let reported = feed
            .as_ref()
            .map_or(Vec::new(), |feed| feed.reported(&streams, &sky, clock.now));
        let watch = Watch {
            post,
            streams: &streams,
            sky,
            feed: feed.as_deref(),
            reported,
            links: links.as_deref(),
            scan,
            time: clock.now,
            bias_deg: post
                .cues
                .faults
                .bearing_bias_deg(&streams, post.key, clock.now),
        };
        let ripe = live.scan(&watch, &mut log.0);
        if let Some(desks) = &mut desks {
            live.ask_for_release(&watch, desks, clock.end, &mut log.0);
        }
        due.ripe.extend(ripe.into_iter().map(|track| (site, track)));
        if let Some(next) = live.next_scan(post) {
            agenda.enter(next, Entry::Scan(site));
        }
        let Some(links) = &links else { continue };
        let reports = live.reports(&watch);
        let mut told = Vec::new();
        links.send(site, scan, &streams, &reports, |receiver, report| {
            told.push((receiver, report))
        });
        for (receiver, report) in told {
            let Ok((post, mut live)) = sites.get_mut(roster.sites[receiver.index()]) else {
                continue;
            };
            // A site that had nothing to look for has now.
            if !live.busy() {
                let next = post.clock.first_from(clock.now.0 + 1).max(live.next);
                agenda.enter(Millis(post.clock.time_ms(next)), Entry::Scan(receiver));
            }
            live.inbox.expect(report);
        }
    }
}

/// Ends the tracks on aircraft that left the sky at this instant, or all of them at the end.
pub(crate) fn close_live(
    clock: Res<Clock>,
    roster: Res<Roster>,
    due: Res<Due>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Post, &mut LivePicture)>,
    aircraft: Aircraft,
) {
    let sky = Sky {
        roster: &roster,
        aircraft: &aircraft,
    };
    for &(gone, end) in &due.gone {
        for &site in &roster.sites {
            if let Ok((post, mut live)) = sites.get_mut(site) {
                while let Some(at) = live.tracks.iter().position(|track| track.behind == gone) {
                    let whereabouts = sky.whereabouts(&live.tracks[at], clock.now);
                    let number = live.tracks[at].number;
                    live.set.remove(number);
                    live.close(at, clock.now, end, post, whereabouts, &mut log.0);
                }
            }
        }
    }
}
