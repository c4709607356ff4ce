//! Tracks that influence one another, or are reported to others: every scan of the site, all its tracks at once.
//!
//! This is the general path. Plots are associated with tracks and may go to the wrong one, false alarms become tracks, a
//! misaligned radar moves all of them, other sites report theirs. A site whose class or links ask for any of this is kept
//! scan by scan, in step with the clock; all other sites skip what cannot matter ([`super::apart`]), with the same outcome.
//! The tests keep whole scenarios this way to hold that to it.
//!
//! Whose *source* a track has is the aircraft that last fed it, or nobody after a false alarm; a missile flies at the source
//! that the track has when it leaves.

use bevy_ecs::entity::Entity;
use nalgebra::Vector3;

use super::sharing::{Inbox, Report, SharedIdentity, TrackLinks};
use super::track::{Course, Declaration, Outlet, ScanContext, Shared, Source, Track, TrackNumber};
use super::{Counts, FlightPath, Held, Known, Lists, Observer, PairParams};
use crate::identification::{Glimpse, Told};
use crate::ids::{AircraftId, Key, SiteId};
use crate::platform::trajectory::Trajectory;
use crate::record::{Detail, EventRecorder, Fact, Place, Rank, TrackEnd};
use crate::sensing::coverage::{Window, covered, look};
use crate::streams::{BLOCK, OpenBlock, Purpose};
use crate::tracking::association::{Costs, assign};
use crate::tracking::false_alarms::false_alarms;
use crate::tracking::memory::LastSeen;
use crate::tracking::plot::{Plot, misaligned};
use crate::tracking::tracks::{Change, Feed, KeptTrack, TrackSet};
use crate::units::Millis;

/// All tracks of one site, kept scan by scan.
#[derive(Debug, Clone)]
pub(super) struct Jointly {
    /// What the sensor finds of each aircraft, in the order of the pairs.
    seen: Vec<Seen>,
    set: TrackSet,
    /// Its confirmed tracks, by the numbers that `set` gives them, then those it has from links alone.
    tracks: Vec<(u32, Track)>,
    inbox: Inbox,
    /// Tracks from links so far.
    reported: Vec<(SiteId, u32)>,
    /// Tracks that were dropped and are remembered, in the order in which they were.
    lost: Vec<Track>,
    /// The first scan not yet done.
    next: u64,
    /// Until when it is live, if it is silent until it is cued.
    live_until: Option<Millis>,
    /// When word from a node has it live.
    cued: Vec<(Millis, Millis)>,
}

/// Tracks from links are numbered from here, the site's own from 0.
const FIRST_REPORTED: u32 = 1 << 31;

/// What the sensor finds of one aircraft, and what was counted about it.
#[derive(Debug, Clone)]
struct Seen {
    /// The block of scans that is open, and what they find.
    block: u64,
    looks: u64,
    hits: u64,
    open: OpenBlock,
    glimpse: Glimpse,
    /// When a track on it was last inside the envelope.
    last_inside: Millis,
    counts: Counts,
}

/// One scan of the site, and all that it is done with.
#[derive(Clone, Copy)]
pub(super) struct SetScene<'a> {
    pub cx: ScanContext<'a>,
    pub params: &'a [PairParams],
    pub windows: &'a Lists<Window>,
    /// Where the aircraft of the replication fly.
    pub flight: &'a dyn Fn(AircraftId) -> Option<FlightPath<'a>>,
    /// Where sites report tracks to one another.
    pub links: Option<&'a TrackLinks>,
    pub time: Millis,
}

impl<'a> SetScene<'a> {
    fn pair(&self, aircraft: AircraftId) -> Option<usize> {
        self.params
            .binary_search_by_key(&aircraft, |params| params.aircraft)
            .ok()
    }

    pub fn source(&self, track: &Track) -> Source<'a> {
        let params = self.pair(track.source).map(|pair| &self.params[pair]);
        let flight = (self.flight)(track.source);
        Source {
            key: params.map_or(track.key, |params| params.key),
            params,
            path: flight.map(|flight| (flight.trajectory, flight.planned)),
            gone: flight.map_or(Millis::NEVER, |flight| flight.gone),
        }
    }

    /// Where a fact about a track happens.
    pub fn place(&self, track: &Track, time: Millis) -> Place {
        self.source(track).place(time, track.course.place_at(time))
    }
}

impl Jointly {
    /// Nothing is known of nobody.
    pub fn new(observer: &Observer) -> Jointly {
        let tracker = &observer.tracker;
        Jointly {
            seen: Vec::new(),
            set: TrackSet::new(tracker),
            tracks: Vec::new(),
            inbox: Inbox::default(),
            reported: Vec::new(),
            lost: Vec::new(),
            next: 0,
            live_until: observer.go_live.is_some().then_some(Millis::ZERO),
            cued: observer.cued.clone(),
        }
    }

    /// Adds an aircraft of which nothing is known.
    pub fn add(&mut self) {
        self.seen.push(Seen {
            block: u64::MAX,
            looks: 0,
            hits: 0,
            open: OpenBlock::none(),
            glimpse: Glimpse::none(),
            last_inside: Millis(i64::MIN / 2),
            counts: Counts::default(),
        });
    }

    /// The next scan at which anything can be seen or lost, if there is one.
    pub fn next_scan(&self, observer: &Observer, windows: &Lists<Window>) -> Option<u64> {
        if self.busy() || observer.tracker.false_alarms.is_some() {
            return Some(self.next);
        }
        let next_look = |pair: usize| {
            let windows = windows.get(pair);
            let upcoming = windows.partition_point(|window| window.end <= self.next);
            windows
                .get(upcoming)
                .map(|window| window.from.max(self.next))
        };
        (0..self.seen.len()).filter_map(next_look).min()
    }

    /// Whether there is something to keep up to date at every scan.
    fn busy(&self) -> bool {
        !self.set.tracks().is_empty() || !self.inbox.is_empty() || !self.tracks.is_empty()
    }

    /// Until when it is live, if it is silent until it is cued.
    pub fn live_until(&self) -> Option<Millis> {
        self.live_until
    }

    /// Whether it waits for a cue at `time`.
    pub fn silent(&self, time: Millis) -> bool {
        let by_node = || {
            self.cued
                .iter()
                .any(|(from, until)| (*from..*until).contains(&time))
        };
        self.live_until.is_some_and(|until| time >= until) && !by_node()
    }

    /// Whether it is not ready, for whatever reason.
    fn absent(&self, scene: &SetScene<'_>) -> bool {
        self.silent(scene.time) || scene.cx.situation.absences.at(scene.time).is_some()
    }

    /// Takes a report that will arrive.
    pub fn expect(&mut self, report: Report) {
        self.inbox.expect(report);
    }

    fn find(&self, number: u32) -> Option<usize> {
        self.tracks
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()
    }

    /// The track of a number.
    pub fn track(&mut self, number: u32) -> Option<&mut Track> {
        let at = self.find(number)?;
        Some(&mut self.tracks[at].1)
    }

    /// All tracks.
    pub fn tracks(&mut self) -> impl Iterator<Item = &mut Track> {
        self.tracks.iter_mut().map(|(_, track)| track)
    }

    /// The track that an engagement is about.
    pub fn engaged_by(&mut self, engagement: Entity) -> Option<&mut Track> {
        let about = |track: &&mut Track| track.engagement == Some(engagement);
        self.tracks().find(about)
    }

    /// An engagement is over: no track is engaged in it, not even one that was lost.
    pub fn release(&mut self, engagement: Entity) {
        for track in self
            .lost
            .iter_mut()
            .chain(self.tracks.iter_mut().map(|(_, track)| track))
        {
            track.release(engagement);
        }
    }

    /// What was counted about the aircraft of a pair.
    pub fn counts(&mut self, pair: usize) -> &mut Counts {
        &mut self.seen[pair].counts
    }

    /// Does a scan and asks the rules about every track; those that they let the site fire at are noted in `candidates`.
    pub fn scan(
        &mut self,
        scan: u64,
        scene: &SetScene<'_>,
        outlet: &mut Outlet<'_>,
        candidates: &mut Vec<u32>,
    ) {
        if scan < self.next {
            return;
        }
        self.next = scan + 1;
        let absent = self.absent(scene);
        let feeds = if absent {
            Vec::new()
        } else {
            self.feeds(scan, scene)
        };
        let mut confirmed = Vec::new();
        for change in self.set.scan(scene.time, scan, &feeds) {
            match change {
                Change::Dropped { track, .. } => {
                    if let Some(at) = self.find(track.number) {
                        self.close(at, TrackEnd::Dropped, scene, outlet);
                    }
                }
                Change::Confirmed { track } => confirmed.push(track),
                Change::Fed { .. } | Change::Began { .. } | Change::Lapsed { .. } => {}
            }
        }
        self.begin(&confirmed, scan, scene, outlet.recorder);
        let own = self.tracks.partition_point(|(_, track)| !track.reported);
        for at in 0..own {
            self.follow(at, scene, outlet.recorder);
            if self.tracks[at].1.next_declaration <= scan {
                self.declare(at, scan, scene, outlet.recorder);
            }
        }
        if let Some(links) = scene.links {
            self.hear(scan, links, scene, outlet);
        }
        for (_, track) in &mut self.tracks {
            if track.next_check() <= scan {
                let source = scene.source(track);
                track.check_due(scan, &source, &scene.cx, outlet.recorder);
            }
        }
        self.consider(absent, scene, outlet, candidates);
    }

    /// What the sensor brings.
    fn feeds(&mut self, scan: u64, scene: &SetScene<'_>) -> Vec<Feed> {
        let observer = scene.cx.observer;
        let bias_deg = (observer.id_sources.faults).bearing_bias_deg(
            scene.cx.streams,
            observer.key,
            scene.time,
        );
        let mut feeds = Vec::new();
        for (pair, seen) in self.seen.iter_mut().enumerate() {
            let windows = scene.windows.get(pair);
            if !covered(windows, scan) {
                continue;
            }
            let params = &scene.params[pair];
            let Some(flight) = (scene.flight)(params.aircraft) else {
                continue;
            };
            if !flight.airborne(scene.time)
                || !seen.look(scan, params, windows, flight.trajectory, scene)
            {
                continue;
            }
            feeds.push(Feed {
                plot: plot(scan, params, flight.trajectory, bias_deg, scene),
                origin: Some(params.aircraft.0),
            });
        }
        let tracker = &observer.tracker;
        if let (Some(alarms), Some(measurement)) = (&tracker.false_alarms, &tracker.measurement) {
            let (key, place) = (observer.key, observer.place);
            let plots = false_alarms(scene.cx.streams, key, place, scan, alarms, measurement);
            feeds.extend(plots.into_iter().map(|plot| Feed { plot, origin: None }));
        }
        feeds
    }

    /// Begins the tracks that the set has confirmed; each may be one that was lost.
    fn begin(
        &mut self,
        confirmed: &[u32],
        scan: u64,
        scene: &SetScene<'_>,
        recorder: &mut EventRecorder,
    ) {
        let mut new: Vec<(u32, Track)> = confirmed
            .iter()
            .filter_map(|&number| Some((number, self.confirmed(number, scan, scene)?)))
            .collect();
        self.recall(&mut new, scan, scene);
        for (number, mut track) in new {
            track.announce(&scene.cx, scene.place(&track, scene.time), recorder);
            track.reconsider(scan, &scene.source(&track), &scene.cx, recorder);
            let at = self.tracks.partition_point(|(other, _)| *other < number);
            self.tracks.insert(at, (number, track));
        }
    }

    /// A track that the set has confirmed, of which nothing is known.
    fn confirmed(&mut self, number: u32, scan: u64, scene: &SetScene<'_>) -> Option<Track> {
        let kept = self.set.get(number)?;
        let (course, source) = (course(kept), source(kept));
        let key = match scene.pair(source) {
            Some(pair) => {
                let tracks = &mut self.seen[pair].counts.tracks;
                *tracks += 1;
                scene.params[pair].key.nth(*tracks - 1)
            }
            None => false_track(course.place),
        };
        let site = scene.cx.observer.place;
        let order = TrackNumber::new(scan, site, course.place, source.0);
        Some(Track::new(order, key, source, scan, course))
    }

    /// Takes new tracks for some that were lost. Where association is perfect the link reads who it is.
    fn recall(&mut self, new: &mut [(u32, Track)], scan: u64, scene: &SetScene<'_>) {
        let tracker = &scene.cx.observer.tracker;
        let memory = &tracker.memory;
        (self.lost).retain(|lost| memory.kept(scene.time - lost.course.at).is_some());
        if self.lost.is_empty() || new.is_empty() {
            return;
        }
        let lost: Vec<LastSeen> = self.lost.iter().map(Track::last_seen).collect();
        let places: Vec<Vector3<f64>> = new.iter().map(|(_, track)| track.course.place).collect();
        let known = tracker.association.is_perfect();
        // A false alarm is nobody, and not the same nobody again.
        let may = |one: usize, other: usize| {
            let source = new[one].1.source;
            !known || source != AircraftId::NOBODY && source == self.lost[other].source
        };
        let taken = memory.assign(&lost, &places, scene.time, may);
        for ((_, track), at) in new.iter_mut().zip(&taken) {
            if let Some(at) = *at {
                *track = track.clone().recall(self.lost[at].clone(), scan, &scene.cx);
            }
        }
        let mut at = 0..;
        (self.lost).retain(|_| !taken.contains(&at.next()));
    }

    /// Brings a track up to date with the scan: where it is, and whose it is.
    fn follow(&mut self, at: usize, scene: &SetScene<'_>, recorder: &mut EventRecorder) {
        let Some(kept) = self.set.get(self.tracks[at].0) else {
            return;
        };
        let (course, source) = (course(kept), source(kept));
        self.tracks[at].1.course = course;
        self.hand_over(at, source, scene, recorder);
    }

    /// Notes whose a track is from now on.
    fn hand_over(
        &mut self,
        at: usize,
        source: AircraftId,
        scene: &SetScene<'_>,
        recorder: &mut EventRecorder,
    ) {
        let before = self.tracks[at].1.source;
        if source == before {
            return;
        }
        self.credit(at, scene);
        let track = &mut self.tracks[at].1;
        track.source = source;
        track.source_since = scene.time;
        track.hand_over(scene.time, &scene.source(track), &scene.cx);
        let fact = Fact::TrackSwapped {
            site: scene.cx.observer.id,
            aircraft: source,
            before,
        };
        let place = scene.place(track, scene.time);
        recorder.record(scene.time, Rank::Observation, place, fact);
    }

    /// Makes the declaration that is due.
    fn declare(
        &mut self,
        at: usize,
        scan: u64,
        scene: &SetScene<'_>,
        recorder: &mut EventRecorder,
    ) {
        let cx = &scene.cx;
        let identifier = &*cx.observer.identifier;
        let track = &mut self.tracks[at].1;
        let source = scene.source(track);
        let nobody = identifier.rows.len() as u8;
        let truth_row = source.params.map_or(nobody, |params| params.truth_row);
        let pair = scene.pair(track.source);
        let columns = identifier.declare(truth_row);
        let mut nobody = Glimpse::none();
        let glimpse = match pair {
            Some(pair) => &mut self.seen[pair].glimpse,
            None => &mut nobody,
        };
        let declared = match cx.look(scan, source.key, glimpse) {
            Some(piece) => Declaration {
                column: columns.column(piece.word),
                appearance: piece.number,
            },
            None => {
                let draws = cx.streams.looks(cx.observer.key, source.key);
                let (block, nth) = (scan / BLOCK as u64, (scan % BLOCK as u64) as usize);
                let leading = match pair {
                    Some(pair) => self.seen[pair].open.leading(&draws, block).declarations[nth],
                    None => draws.leading(block).declarations[nth],
                };
                let word = || draws.declaration_word(scan, leading);
                Declaration {
                    column: columns.column_by(leading, word),
                    appearance: 0,
                }
            }
        };
        if let Some(pair) = pair {
            self.seen[pair].counts.declared[usize::from(declared.column)] += 1;
        }
        track.declare(scan, declared, &source, cx, recorder);
    }

    /// Pairs what other sites report with the site's own tracks; what is left are tracks of its own kind.
    fn hear(
        &mut self,
        scan: u64,
        links: &TrackLinks,
        scene: &SetScene<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        let own = self.tracks.partition_point(|(_, track)| !track.reported);
        let reports = self.inbox.read(scene.time, links).to_vec();
        self.cue(&reports, scene, outlet.recorder);
        let mut told: Vec<Option<Shared>> = vec![None; own];
        let mut declared = vec![Told::NOTHING; own];
        let mut kept = Vec::new();
        let mut joined = Vec::new();
        // What one sender reports is one aircraft a report; two senders may report the same.
        let by_sender = reports.chunk_by(|one, other| one.source.0 == other.source.0);
        let paired =
            by_sender.flat_map(|reports| pairs(reports, &self.tracks[..own], links, scene.time));
        let paired: Vec<Option<usize>> = paired.collect();
        let alone = reports
            .iter()
            .zip(&paired)
            .filter(|(_, pair)| pair.is_none());
        let mut new = self.new_reported(scan, alone.map(|(report, _)| report), scene);
        for (report, pair) in reports.iter().zip(paired) {
            let link = links.link(report.link);
            let shared = Shared {
                by: report.source.0,
                identity: report.identity,
                policy: link.identity,
                engage: link.engage,
            };
            match pair {
                Some(at) => {
                    joined.push((report.source, at));
                    if link.identity == SharedIdentity::Fuse {
                        declared[at].add(&report.told);
                    }
                    let earlier = told[at].filter(|shared| shared.identity.declared());
                    told[at] = earlier.or(Some(shared));
                }
                None => {
                    kept.push(report.source);
                    let known = self.reported_at(report.source);
                    let at = known.unwrap_or_else(|| {
                        let (number, track) = new.remove(0);
                        self.reported.push(report.source);
                        track.announce(&scene.cx, scene.place(&track, scene.time), outlet.recorder);
                        self.tracks.push((number, track));
                        self.tracks.len() - 1
                    });
                    self.tracks[at].1.course = report.course();
                    self.hand_over(at, report.behind, scene, outlet.recorder);
                    self.adopt(at, Some(shared), scene, outlet.recorder);
                }
            }
        }
        for (at, declared) in declared.iter().enumerate() {
            let track = &mut self.tracks[at].1;
            let source = scene.source(track);
            track.be_told(declared, scene.time, &source, &scene.cx, outlet.recorder);
        }
        for (at, shared) in told.into_iter().enumerate() {
            self.adopt(at, shared, scene, outlet.recorder);
        }
        while let Some((at, source)) = self.stale(&kept) {
            let into = joined.iter().find(|(joined, _)| *joined == source);
            let end = match into {
                Some(&(_, into)) => {
                    // The site's own come first.
                    let (own, reported) = self.tracks.split_at_mut(at);
                    own[into].1.take_over(&mut reported[0].1, &scene.cx);
                    TrackEnd::Merged
                }
                None => TrackEnd::Dropped,
            };
            self.close(at, end, scene, outlet);
        }
    }

    /// A report of a track close by has a silent site go live from its next scan on, and a live one stay so.
    fn cue(&mut self, reports: &[Report], scene: &SetScene<'_>, recorder: &mut EventRecorder) {
        let observer = scene.cx.observer;
        let Some(spec) = &observer.go_live else {
            return;
        };
        let Some(within_m) = spec.within_m else {
            return;
        };
        let near = |report: &Report| {
            let place = report.course().place_at(scene.time);
            (place.xy() - observer.place).norm() <= within_m
        };
        if !reports.iter().any(near) {
            return;
        }
        let stays = Millis::from_seconds(spec.stays_s);
        let silent = self.silent(scene.time);
        self.live_until = Some(scene.time + stays.max(Millis(1)));
        if silent && scene.cx.situation.absences.at(scene.time).is_none() {
            let fact = Fact::SiteReady { site: observer.id };
            let here = observer.place.push(0.0);
            recorder.record(scene.time, Rank::Notice, here.into(), fact);
        }
    }

    /// A track from links that is not reported any more.
    fn stale(&self, kept: &[(SiteId, u32)]) -> Option<(usize, (SiteId, u32))> {
        let reported = |(at, (number, _)): (usize, &(u32, Track))| {
            let source = self.reported[number.checked_sub(FIRST_REPORTED)? as usize];
            (!kept.contains(&source)).then_some((at, source))
        };
        self.tracks.iter().enumerate().find_map(reported)
    }

    /// Where the track stands that is had from links alone under this number of a sender.
    fn reported_at(&self, source: (SiteId, u32)) -> Option<usize> {
        self.tracks.iter().position(|(number, _)| {
            let nth = number.checked_sub(FIRST_REPORTED);
            nth.is_some_and(|nth| self.reported[nth as usize] == source)
        })
    }

    /// The tracks that begin with reports without a pair, in the order of these; each may be one that was lost.
    fn new_reported<'r>(
        &mut self,
        scan: u64,
        reports: impl Iterator<Item = &'r Report>,
        scene: &SetScene<'_>,
    ) -> Vec<(u32, Track)> {
        let site = scene.cx.observer.place;
        let mut new = Vec::new();
        let mut begun: Vec<(SiteId, u32)> = Vec::new();
        for report in reports {
            if self.reported_at(report.source).is_some() || begun.contains(&report.source) {
                continue;
            }
            let number = FIRST_REPORTED + (self.reported.len() + begun.len()) as u32;
            begun.push(report.source);
            let order = TrackNumber::new(scan, site, report.place, report.behind.0);
            let course = Course {
                at: scene.time,
                ..report.course()
            };
            let track = Track::new(order, report.key, report.behind, scan, course).reported();
            new.push((number, track));
        }
        self.recall(&mut new, scan, scene);
        new
    }

    /// What is reported about a track, or that nothing is any more.
    fn adopt(
        &mut self,
        at: usize,
        shared: Option<Shared>,
        scene: &SetScene<'_>,
        recorder: &mut EventRecorder,
    ) {
        let track = &mut self.tracks[at].1;
        let reported_by = shared.or(track.shared).map(|shared| shared.by);
        let from = track.hear(scene.time, shared);
        if let Some(reported_by) = reported_by
            && from != track.identity
            && recorder.detail() >= Detail::Decisive
        {
            let fact = Fact::IdentityAdopted {
                site: scene.cx.observer.id,
                aircraft: track.source,
                reported_by,
                from,
                to: track.identity,
            };
            let place = scene.place(track, scene.time);
            recorder.record(scene.time, Rank::Observation, place, fact);
        }
    }

    /// What the site reports to others after a scan: its own tracks, if it is ready.
    pub fn reports(&self, scene: &SetScene<'_>) -> Vec<Report> {
        if self.absent(scene) {
            return Vec::new();
        }
        let own = self.tracks.partition_point(|(_, track)| !track.reported);
        let report = |(number, track): &(u32, Track)| Report {
            source: (scene.cx.observer.id, *number),
            key: scene.source(track).key,
            link: 0,
            arrives: scene.time,
            seen: scene.time,
            place: track.course.place_at(scene.time),
            velocity: track.course.velocity_mps,
            identity: track.own,
            told: scene.cx.observer.identifier.tells(track.evidence()),
            behind: track.source,
        };
        self.tracks[..own].iter().map(report).collect()
    }

    /// Asks the rules about each track, in the order of their numbers, unless the site is not ready.
    fn consider(
        &mut self,
        absent: bool,
        scene: &SetScene<'_>,
        outlet: &mut Outlet<'_>,
        candidates: &mut Vec<u32>,
    ) {
        let mut order: Vec<usize> = (0..self.tracks.len()).collect();
        order.sort_by(|&one, &other| {
            let number = |at: usize| &self.tracks[at].1.number;
            number(one).order(number(other)).then(one.cmp(&other))
        });
        for at in order {
            let (number, track) = &mut self.tracks[at];
            let source = scene.source(track);
            let pair = scene.pair(track.source);
            let inside_before = pair.map(|pair| self.seen[pair].last_inside);
            track.watch_zone(scene.time, &scene.cx);
            if absent {
                continue;
            }
            let considered = track.consider(scene.time, &source, inside_before, &scene.cx, outlet);
            if considered.candidate {
                candidates.push(*number);
            }
            if considered.inside
                && let Some(pair) = pair
            {
                self.seen[pair].last_inside = scene.time;
            }
        }
    }

    /// Ends the tracks on an aircraft that left the sky.
    pub fn leave(
        &mut self,
        aircraft: AircraftId,
        end: TrackEnd,
        scene: &SetScene<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        let behind = |(_, track): &(u32, Track)| track.source == aircraft;
        while let Some(at) = self.tracks.iter().position(behind) {
            self.set.remove(self.tracks[at].0);
            self.close(at, end, scene, outlet);
        }
    }

    /// Ends all tracks at the end of the run.
    pub fn close_all(&mut self, scene: &SetScene<'_>, outlet: &mut Outlet<'_>) {
        while !self.tracks.is_empty() {
            self.close(0, TrackEnd::EndOfRun, scene, outlet);
        }
    }

    fn close(&mut self, at: usize, end: TrackEnd, scene: &SetScene<'_>, outlet: &mut Outlet<'_>) {
        self.credit(at, scene);
        let (_, mut track) = self.tracks.remove(at);
        let place = scene.place(&track, scene.time);
        track.close(scene.time, end, place, &scene.cx, outlet);
        let tracker = &scene.cx.observer.tracker;
        if end == TrackEnd::Dropped && tracker.memory.remembers() {
            if tracker.association.is_perfect() {
                self.lost.retain(|lost| lost.source != track.source);
            }
            self.lost.push(track);
        }
    }

    /// Puts time with a track down to the aircraft that fed it.
    fn credit(&mut self, at: usize, scene: &SetScene<'_>) {
        let track = &self.tracks[at].1;
        if let Some(pair) = scene.pair(track.source) {
            let tracked = &mut self.seen[pair].counts.tracked;
            *tracked = *tracked + (scene.time - track.source_since);
        }
    }

    /// What is known from all scans before the time of the scene: of each aircraft, and of nobody.
    pub fn known(&self, scene: &SetScene<'_>) -> Vec<Known> {
        let clock = &scene.cx.observer.clock;
        let latest = clock.first_from(scene.time.0).checked_sub(1);
        let objects = scene.params.iter().enumerate().map(|(pair, params)| Known {
            aircraft: params.aircraft,
            covered: latest.is_some_and(|scan| {
                let absences = &scene.cx.situation.absences;
                let there = absences.at(Millis(clock.time_ms(scan))).is_none();
                there && covered(scene.windows.get(pair), scan)
            }),
            held: None,
        });
        let tracks = self.tracks.iter().map(|(_, track)| Known {
            aircraft: track.source,
            covered: false,
            held: Some(Held::of(track)),
        });
        objects.chain(tracks).collect()
    }
}

impl Seen {
    /// Looks at the aircraft at a scan: whether it is detected.
    fn look(
        &mut self,
        scan: u64,
        params: &PairParams,
        windows: &[Window],
        trajectory: &Trajectory,
        scene: &SetScene<'_>,
    ) -> bool {
        let (block, observer) = (scan / BLOCK as u64, scene.cx.observer);
        if block != self.block {
            let draws = scene.cx.streams.looks(observer.key, params.key);
            let (sight, clock) = (&params.sight, &observer.clock);
            let scans = look(
                sight,
                trajectory,
                windows,
                clock,
                block,
                &draws,
                &mut self.open,
            );
            self.block = block;
            self.looks = scans.looks;
            self.hits = scans.hits;
        }
        let bit = 1u64 << (scan % BLOCK as u64);
        let hit = self.hits & bit != 0;
        self.counts.looks += u64::from(self.looks & bit != 0);
        self.counts.detections += u64::from(hit);
        hit
    }
}

/// The plot of a detection: the true place and course, or, with errors of measurement, a place off by normal errors that are
/// drawn for each scan of each aircraft; a misaligned radar turns it about the site.
fn plot(
    scan: u64,
    params: &PairParams,
    trajectory: &Trajectory,
    bias_deg: f64,
    scene: &SetScene<'_>,
) -> Plot {
    let observer = scene.cx.observer;
    let Some(measurement) = &observer.tracker.measurement else {
        let (place, velocity_mps) = trajectory.state(scene.time);
        if bias_deg == 0.0 {
            return Plot::exact(place, velocity_mps);
        }
        let seen = |place| misaligned(place, observer.place, bias_deg);
        return Plot::exact(seen(place), seen(place + velocity_mps) - seen(place));
    };
    let place = trajectory.position(scene.time);
    let streams = scene.cx.streams;
    let mut stream = streams.about(Purpose::Measurement, observer.key, params.key);
    let normals = stream.normals(3 * scan);
    Plot::measured(place, observer.place, measurement, normals, bias_deg)
}

fn course(kept: &KeptTrack) -> Course {
    Course {
        place: kept.estimate.position(),
        velocity_mps: kept.estimate.velocity(),
        at: kept.fed_at,
    }
}

fn source(kept: &KeptTrack) -> AircraftId {
    kept.fed_by.map_or(AircraftId::NOBODY, AircraftId)
}

/// What the draws about a track of false alarms are keyed by: the place at which it was confirmed.
fn false_track(place: Vector3<f64>) -> Key {
    Key::of("false track")
        .and(Key(place.x.to_bits()))
        .and(Key(place.y.to_bits()))
}

/// For each report the track it is paired with, so that the distances of all pairs sum up to least.
fn pairs(
    reports: &[Report],
    tracks: &[(u32, Track)],
    links: &TrackLinks,
    time: Millis,
) -> Vec<Option<usize>> {
    // One without a pair costs more than any pair.
    let gate_m = |report: &Report| links.link(report.link).gate_m;
    let farthest_m = reports.iter().map(gate_m).fold(0.0, f64::max);
    let mut costs = Costs::none(reports.len(), tracks.len(), 2.0 * farthest_m + 1.0);
    for (one, report) in reports.iter().enumerate() {
        for (other, (_, track)) in tracks.iter().enumerate() {
            let (held, told) = (track.course.place_at(time), report.course().place_at(time));
            let apart_m = (held - told).xy().norm();
            if apart_m <= gate_m(report) {
                costs.allow(one, other, apart_m);
            }
        }
    }
    assign(&costs)
}
