//! What one site knows of one aircraft.
//!
//! That depends on the aircraft, the site's own draws and the plans it was sent, and on nothing that other sites or other
//! aircraft do. So a file need not keep step with the clock: it is advanced when somebody needs it, through the scans
//! since it was last looked at, 64 at a time. Three things are asked of it:
//!
//! - [`TrackFile::advance`]: do all scans before a given one, writing down what happened;
//! - [`TrackFile::look_ahead`]: on a copy that is then thrown away, find the first scan at which the rules would let
//!   the site fire. Nothing has to be taken back if the aircraft is shot down before;
//! - [`TrackFile::close`]: end the track.
//!
//! Only scans that can matter are visited: those that confirm or drop the track, those with a declaration, and, with
//! the aircraft inside the engagement envelope, those at which the verdict of the rules may change. The tests hold this
//! to a slow, obvious scan-by-scan twin.

use nalgebra::Vector3;

use super::sample::Known;
use super::{Envelope, Post, Run};
use crate::coordination::{Case, Crew, Enquiries};
use crate::identification::plan_check::{PlanFile, PlannedPaths};
use crate::identification::{
    Columns, CueState, DeclaredBlock, Evidence, Gathered, MAX_COLUMNS, Noted,
};
use crate::ids::{AircraftId, Key};
use crate::platform::trajectory::Trajectory;
use crate::record::{
    Decision, Detail, Fact, Identity, NoticeState, Place, Rank, Reason, Recorder, RuleWord,
    Silence, TrackEnd, TrackRecord,
};
use crate::sensing::coverage::{Sight, Window, covered, look};
use crate::sensing::detection::bits_between;
use crate::streams::{BLOCK, OpenBlock, PairLuck, Streams};
use crate::tracking::history::History;
use crate::units::Millis;

/// A gap of more than this between two looks inside the envelope starts another encounter.
pub const ENCOUNTER_GAP: Millis = Millis(300_000);

/// What is fixed for one aircraft as seen from one site.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The aircraft.
    pub aircraft: AircraftId,
    /// What its draws are keyed by.
    pub key: Key,
    /// The row of the confusion matrix that is true of it.
    pub truth_row: u8,
    /// How the sensor sees it.
    pub sight: Sight,
    /// What becomes of its flight plan here, where the site checks plans.
    pub plan: Option<PlanFile>,
    /// How the crew handles it.
    pub crew: Crew,
}

/// What one site knows of one aircraft, up to a scan.
#[derive(Debug, Clone)]
pub struct TrackFile {
    /// The first scan not yet done.
    next: u64,
    block: u64,
    looks_mask: u64,
    hits_mask: u64,
    history: History,
    track: Option<Track>,
    last_inside: Millis,
    /// Whether the site is engaging it.
    pub engaged: bool,
    /// Shots of this site at it.
    pub shots: u32,
    /// Engagements of it by this site.
    pub engagements: u32,
    /// Scans with the aircraft in coverage.
    pub looks: u64,
    /// Scans that detected it.
    pub detections: u64,
    /// Time with a confirmed track.
    pub tracked: Millis,
    /// Declarations by column about tracks that have ended.
    declared_before: [u32; MAX_COLUMNS],
    leg: u32,
    /// The first window that ends after the scans done.
    window: u32,
}

/// A confirmed track.
#[derive(Debug, Clone)]
struct Track {
    confirmed: Millis,
    next_declaration: u64,
    evidence: Evidence,
    /// The identity held, or one held before if the present one is still to be worked out.
    identity: Identity,
    identity_due: bool,
    notice: NoticeState,
    looks: u32,
    identified: Option<(Millis, Identity, u32)>,
    hostile: Option<Millis>,
    engageable: Option<Millis>,
    held_at_first_shot: Option<Identity>,
    declined: u64,
    permit: Option<Decision>,
    eligible_since: Option<Millis>,
    enquiries: Enquiries,
}

/// What a site holds of a track it may fire at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Permit {
    /// The rule and the reason.
    pub decision: Decision,
    /// Identity held.
    pub identity: Identity,
    /// What the plan check found.
    pub notice: NoticeState,
}

/// What the rules say of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// There is no track.
    NoTrack,
    /// It is outside the envelope.
    Outside,
    /// A rule is against firing.
    Declined(Decision),
    /// No rule is.
    Permitted(Decision),
}

impl From<Result<Decision, Decision>> for Verdict {
    fn from(verdict: Result<Decision, Decision>) -> Verdict {
        match verdict {
            Ok(decision) => Verdict::Permitted(decision),
            Err(decision) => Verdict::Declined(decision),
        }
    }
}

/// An engagement as it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// What allows it.
    pub permit: Permit,
    /// What draws about the target are keyed by.
    pub key: Key,
    /// Engagements of this target before it.
    pub nth: u64,
    /// Where the target is.
    pub place: Place,
    /// What the rules have to say of it, where that is recorded.
    pub words: Box<[RuleWord]>,
}

/// The scene in which a file is advanced.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The site.
    pub post: &'a Post,
    /// When its last missile left; [`Millis::NEVER`] while it has any.
    pub spent_since: Millis,
    /// The luck of the replication.
    pub streams: Streams,
    /// The aircraft as seen from it.
    pub subject: &'a Subject,
    /// When its sensor sees it.
    pub windows: &'a [Window],
    /// The scans in which it may be inside the engagement envelope.
    pub envelope: &'a [Run],
    /// Where the aircraft flies.
    pub trajectory: &'a Trajectory,
    /// Where its plans say it flies.
    pub planned: &'a PlannedPaths,
}

impl Scene<'_> {
    fn time(&self, scan: u64) -> Millis {
        Millis(self.post.clock.time_ms(scan))
    }

    /// What the site declares about the aircraft: the one place where the truth is read.
    fn declare(&self) -> &Columns {
        self.post.identifier.declare(self.subject.truth_row)
    }

    fn luck(&self) -> PairLuck {
        self.streams.looks(self.post.key, self.subject.key)
    }

    fn place(&self, time: Millis) -> Vector3<f64> {
        self.trajectory.position(time)
    }

    fn record<R: Recorder>(&self, recorder: &mut R, time: Millis, rank: Rank, fact: Fact) {
        recorder.record(time, rank, self.place(time).into(), fact);
    }
}

impl Default for TrackFile {
    fn default() -> Self {
        TrackFile::new()
    }
}

impl TrackFile {
    /// An empty file.
    pub fn new() -> TrackFile {
        TrackFile {
            next: 0,
            block: u64::MAX,
            looks_mask: 0,
            hits_mask: 0,
            history: History::default(),
            track: None,
            last_inside: Millis(i64::MIN / 2),
            engaged: false,
            shots: 0,
            engagements: 0,
            looks: 0,
            detections: 0,
            tracked: Millis::ZERO,
            declared_before: [0; MAX_COLUMNS],
            leg: 0,
            window: 0,
        }
    }

    /// Does all scans before scan `until`.
    pub fn advance<R: Recorder>(&mut self, until: u64, scene: &Scene<'_>, recorder: &mut R) {
        self.run(until, scene, recorder, None);
    }

    /// Does all scans before `time`.
    pub fn advance_to<R: Recorder>(&mut self, time: Millis, scene: &Scene<'_>, recorder: &mut R) {
        self.advance(scene.post.clock.first_from(time.0), scene, recorder);
    }

    /// Does no more scans: the aircraft has left the sky.
    pub fn stop(&mut self) {
        self.next = u64::MAX;
    }

    /// The first scan from `from` on, before `until`, at which the rules would let the site fire.
    pub fn look_ahead(&self, from: u64, until: u64, scene: &Scene<'_>) -> Option<u64> {
        self.clone().run(until, scene, &mut Silence, Some(from))
    }

    /// What is known of the aircraft from all scans before `time`, which must be done.
    pub(super) fn known(&self, time: Millis, scene: &Scene<'_>) -> Known {
        let latest = scene.post.clock.first_from(time.0).checked_sub(1);
        Known {
            aircraft: scene.subject.aircraft,
            covered: latest.is_some_and(|scan| covered(scene.windows, scan)),
            identity: self.track.as_ref().map(|track| track.identity),
        }
    }

    /// Declarations by column.
    pub fn declared(&self) -> [u32; MAX_COLUMNS] {
        let mut sums = self.declared_before;
        if let Some(track) = &self.track {
            for (sum, count) in sums.iter_mut().zip(track.evidence.counts()) {
                *sum += count;
            }
        }
        sums
    }

    /// Whether a track is held.
    pub fn tracked_now(&self) -> bool {
        self.track.is_some()
    }

    /// What the site holds of the track if, when last looked at, it might have fired at it.
    pub fn permit(&self) -> Option<Permit> {
        let track = self.track.as_ref()?;
        let decision = track.permit?;
        Some(Permit {
            decision,
            identity: track.identity,
            notice: track.notice,
        })
    }

    /// Since when the track has been eligible without a break.
    pub fn eligible_since(&self) -> Option<Millis> {
        self.track.as_ref()?.eligible_since
    }

    /// What the rules say of the track at `time`, with the identity held. All scans before `time` must be done. Nothing
    /// is asked that has not been asked before.
    pub fn decide_at(&mut self, time: Millis, scene: &Scene<'_>) -> Verdict {
        let enquiries = self.track.as_ref().map(|track| track.enquiries);
        self.verdict(time, scene, &mut enquiries.unwrap_or_default())
    }

    /// The same with what has been asked about the track, to which the rules may add.
    fn verdict(&mut self, time: Millis, scene: &Scene<'_>, enquiries: &mut Enquiries) -> Verdict {
        let Some(case) = self.case(time, scene) else {
            return Verdict::NoTrack;
        };
        let post = scene.post;
        let inside = |envelope: Envelope| envelope.contains(post.place, case.place);
        if !post.envelope.is_some_and(inside) {
            return Verdict::Outside;
        }
        post.rules.decide(&case, enquiries).into()
    }

    /// The track as the rules see it at `time`, if there is one.
    fn case<'a>(&mut self, time: Millis, scene: &Scene<'a>) -> Option<Case<'a>> {
        let track = self.track.as_ref()?;
        let (post, trajectory) = (scene.post, scene.trajectory);
        let moving = post.rules.wants_velocity();
        Some(Case {
            time,
            place: trajectory.position_from(time, &mut self.leg),
            velocity_mps: moving.then(|| trajectory.state(time).1),
            site: post.place,
            identity: track.identity,
            notice: track.notice,
            crew: scene.subject.crew,
            class: post.class,
            line: &post.line,
            engaged_another: None,
            near_report: false,
            ceased: false,
        })
    }

    /// Does the present scan of a track that might be fired at, as one that is engaged if it is `chosen`; the engagement, if
    /// one begins.
    pub fn engage<R: Recorder>(
        &mut self,
        chosen: bool,
        now: Millis,
        scene: &Scene<'_>,
        recorder: &mut R,
    ) -> Option<Begun> {
        self.engaged = chosen;
        let scan = scene.post.clock.first_from(now.0);
        self.advance(scan + 1, scene, recorder);
        let Some(permit) = self.permit().filter(|_| chosen) else {
            self.engaged = false;
            return None;
        };
        let nth = u64::from(self.engagements);
        self.engagements += 1;
        let words = if recorder.detail() >= Detail::Full {
            let enquiries = self.track.as_ref().map(|track| track.enquiries);
            let case = self.case(now, scene);
            case.map_or(Vec::new(), |case| {
                let enquiries = enquiries.unwrap_or_default();
                scene.post.rules.words(&case, &enquiries)
            })
        } else {
            Vec::new()
        };
        Some(Begun {
            permit,
            key: scene.subject.key,
            nth,
            place: scene.place(now).into(),
            words: words.into(),
        })
    }

    /// Notes that a shot was fired at the track while this identity was held.
    pub fn note_shot(&mut self, identity: Identity) -> u32 {
        self.shots += 1;
        if let Some(track) = &mut self.track {
            track.held_at_first_shot.get_or_insert(identity);
        }
        self.shots
    }

    /// Ends the track, if there is one. All scans before `time` must be done.
    pub fn close<R: Recorder>(
        &mut self,
        time: Millis,
        end: TrackEnd,
        scene: &Scene<'_>,
        recorder: &mut R,
    ) {
        self.work_out_identity(scene);
        self.declared_before = self.declared();
        let Some(track) = self.track.take() else {
            return;
        };
        self.tracked = self.tracked + (time - track.confirmed);
        let (site, aircraft) = (scene.post.id, scene.subject.aircraft);
        let (identified, first_identity, looks) = match track.identified {
            Some((time, identity, looks)) => (Some(time), identity, looks),
            None => (None, Identity::Unknown, track.looks),
        };
        let record = TrackRecord {
            confirmed: track.confirmed,
            identified,
            first_identity,
            looks,
            hostile: track.hostile,
            engageable: track.engageable,
            identity: track.held_at_first_shot.unwrap_or(track.identity),
            shot_at: track.held_at_first_shot.is_some(),
            end,
        };
        let place = scene.trajectory.position_from(time, &mut self.leg);
        let fact = Fact::TrackEnded {
            site,
            aircraft,
            track: record,
        };
        recorder.record(time, Rank::Closing, place.into(), fact);
    }

    fn run<R: Recorder>(
        &mut self,
        until: u64,
        scene: &Scene<'_>,
        recorder: &mut R,
        looking_from: Option<u64>,
    ) -> Option<u64> {
        let mut pass = Pass::new(scene.post.declares_every());
        while self.next < until {
            if self.track.is_none() {
                // Nothing can happen before the next scan with the aircraft in coverage.
                let upcoming = self.upcoming(scene.windows).first();
                let first = upcoming.map_or(u64::MAX, |window| window.from);
                self.next = self.next.max(first);
                if self.next >= until {
                    self.next = until;
                    break;
                }
            }
            let block = self.next / BLOCK as u64;
            if block != self.block {
                self.open_block(block, &mut pass, scene);
            }
            let base = block * BLOCK as u64;
            let (from, to) = (
                (self.next - base) as usize,
                (until - base).min(BLOCK as u64) as usize,
            );
            let found =
                self.within_block(base, (from, to), &mut pass, scene, recorder, looking_from);
            if found.is_some() {
                return found;
            }
            self.next = base + to as u64;
        }
        self.work_out_identity(scene);
        None
    }

    /// The windows that have not ended.
    fn upcoming<'a>(&mut self, windows: &'a [Window]) -> &'a [Window] {
        let left = windows.get(self.window as usize..).unwrap_or_default();
        let ended = left.iter().take_while(|window| window.end <= self.next);
        let ended = ended.count();
        self.window += ended as u32;
        &left[ended..]
    }

    fn open_block(&mut self, block: u64, pass: &mut Pass, scene: &Scene<'_>) {
        let before = if self.block.wrapping_add(1) == block {
            self.history.hits
        } else {
            0
        };
        let post = scene.post;
        let scans = look(
            &scene.subject.sight,
            scene.trajectory,
            self.upcoming(scene.windows),
            &post.clock,
            block,
            &scene.luck(),
            &mut pass.open,
        );
        self.block = block;
        self.looks_mask = scans.looks;
        self.hits_mask = scans.hits;
        self.history = History {
            hits: scans.hits,
            before,
        };
    }

    /// Scans `from` up to and not including `to` of the open block.
    fn within_block<R: Recorder>(
        &mut self,
        base: u64,
        (from, to): (usize, usize),
        pass: &mut Pass,
        scene: &Scene<'_>,
        recorder: &mut R,
        looking_from: Option<u64>,
    ) -> Option<u64> {
        let post = scene.post;
        let all = bits_between(from, to);
        self.looks += u64::from((self.looks_mask & all).count_ones());
        self.detections += u64::from((self.hits_mask & all).count_ones());
        // What confirms is asked only while there is no track.
        let mut confirms = 0;
        if self.track.is_none() {
            confirms = self.history.confirms(&post.tracker);
            if confirms & all == 0 {
                return None;
            }
        }
        let mut drops = self.history.drops(&post.tracker);
        let Inside {
            scans: inside,
            exact,
        } = inside_scans(scene.envelope, base);
        let inside = inside & all;
        if inside != 0 {
            self.work_out_identity(scene);
        }
        // Where a verdict can only change with a declaration, the scans between are passed over once it is known; but not
        // the first inside, the first that is looked for, and the first without a missile.
        let steady = exact && post.rules.steady() && post.clock.period_ms < ENCOUNTER_GAP.0;
        let bit_of = |scan: u64| {
            if (base..base + BLOCK as u64).contains(&scan) {
                1 << (scan - base)
            } else {
                0
            }
        };
        let turning = bit_of(looking_from.unwrap_or(u64::MAX))
            | if (1..Millis::NEVER.0).contains(&scene.spent_since.0) {
                bit_of(post.clock.first_from(scene.spent_since.0))
            } else {
                0
            }
            | !(inside << 1);
        let mut settled = false;
        let mut at = from;
        while at < to {
            if self.track.is_none() {
                let confirming = confirms & bits_between(at, to);
                if confirming == 0 {
                    break;
                }
                at = confirming.trailing_zeros() as usize;
                self.begin_track(base + at as u64, scene, recorder);
                settled = false;
                // A track that is just confirmed is not dropped at the same scan.
                drops &= !(1 << at);
            }
            let rest = bits_between(at, to);
            let mut visits = drops | if settled { inside & turning } else { inside };
            if let Some(track) = &self.track
                && track.next_declaration < base + to as u64
            {
                visits |= 1 << track.next_declaration.saturating_sub(base);
            }
            let next = (visits & rest).trailing_zeros() as usize;
            let passed = inside & bits_between(at, next.min(to));
            if settled && passed != 0 {
                self.last_inside = scene.time(base + u64::from(63 - passed.leading_zeros()));
            }
            if next >= to {
                break;
            }
            at = next;
            let scan = base + at as u64;
            if drops >> at & 1 == 1 {
                self.close(scene.time(scan), TrackEnd::Dropped, scene, recorder);
                self.history.forget_through(at as u32);
                confirms = self.history.confirms(&post.tracker);
                drops = self.history.drops(&post.tracker);
            } else {
                // What only a look at the place can tell is not known beforehand.
                settled &= (inside & turning) >> at & 1 == 0;
                let due = self
                    .track
                    .as_ref()
                    .is_some_and(|track| track.next_declaration <= scan);
                if due {
                    // Up to the next scan that is visited for another reason there are only declarations.
                    let others = drops | if settled { inside & turning } else { inside };
                    let stop =
                        ((others & bits_between(at + 1, to)).trailing_zeros() as usize).min(to);
                    let single = inside >> at & 1 == 1 && !settled
                        || inside & bits_between(at, stop) != 0
                            && !self.holds_through(at, stop, pass.every, scene);
                    let held = self.held();
                    let from = at;
                    at = self.declare_until(
                        base,
                        (at, if single { at } else { stop }),
                        pass,
                        scene,
                        recorder,
                    );
                    if inside != 0 {
                        self.work_out_identity(scene);
                    }
                    // The verdict stays what it was as long as what it rests on does.
                    settled &= self.held() == held;
                    let passed = inside & bits_between(from, at + 1);
                    if settled && passed != 0 {
                        self.last_inside =
                            scene.time(base + u64::from(63 - passed.leading_zeros()));
                    }
                }
                if !settled && inside >> at & 1 == 1 {
                    let scan = base + at as u64;
                    let permitted = self.consider(scan, scene, recorder, looking_from);
                    if permitted && looking_from.is_some_and(|first| scan >= first) {
                        return Some(scan);
                    }
                    // A scan on the very edge, which rounding puts outside, settles nothing.
                    settled = steady && self.last_inside == scene.time(scan);
                }
            }
            at += 1;
        }
        None
    }

    fn begin_track<R: Recorder>(&mut self, scan: u64, scene: &Scene<'_>, recorder: &mut R) {
        let confirmed = scene.time(scan);
        self.track = Some(Track {
            confirmed,
            next_declaration: scan,
            evidence: Evidence::NONE,
            identity: Identity::Pending,
            identity_due: false,
            notice: NoticeState::Unchecked,
            looks: 0,
            identified: None,
            hostile: None,
            engageable: None,
            held_at_first_shot: None,
            declined: 0,
            permit: None,
            eligible_since: None,
            enquiries: Enquiries::default(),
        });
        if recorder.detail() >= Detail::Decisive {
            let (site, aircraft) = (scene.post.id, scene.subject.aircraft);
            scene.record(
                recorder,
                confirmed,
                Rank::Observation,
                Fact::TrackConfirmed { site, aircraft },
            );
        }
    }

    /// Works out the identity that follows from a run of declarations.
    fn work_out_identity(&mut self, scene: &Scene<'_>) {
        if let Some(track) = &mut self.track
            && track.identity_due
        {
            if !track.evidence.is_firm() {
                track.identity = scene.post.identifier.identity(&track.evidence, None);
            }
            track.identity_due = false;
        }
    }

    /// What a verdict rests on, besides place and time.
    fn held(&self) -> Option<(Identity, NoticeState)> {
        let track = self.track.as_ref()?;
        Some((track.identity, track.notice))
    }

    /// Whether the identity stays what it is whatever is declared from scan `at` on before scan `stop` of the block.
    fn holds_through(&mut self, at: usize, stop: usize, every: u64, scene: &Scene<'_>) -> bool {
        let Some(track) = &mut self.track else {
            return false;
        };
        let identifier = &*scene.post.identifier;
        let count = stop.saturating_sub(at).div_ceil(every as usize);
        !checks_plans(scene) && identifier.holds(&mut track.evidence, track.identity, count)
    }

    /// Makes the declaration due at scan `at` and those due after it before scan `stop` of the block; the scan of the
    /// last.
    fn declare_until<R: Recorder>(
        &mut self,
        base: u64,
        (mut at, stop): (usize, usize),
        pass: &mut Pass,
        scene: &Scene<'_>,
        recorder: &mut R,
    ) -> usize {
        let every = pass.every;
        let runs = scene.post.identifier.takes_runs() && !checks_plans(scene);
        if runs && recorder.detail() < Detail::Decisive {
            return self.declare_run(base, (at, stop), pass, scene);
        }
        loop {
            let scan = base + at as u64;
            let declared = pass.declared(scan, scene);
            self.declare(scan, declared, every, scene, recorder);
            if every >= stop.saturating_sub(at) as u64 {
                return at;
            }
            at += every as usize;
        }
    }

    /// The same where nobody wants a record of each.
    fn declare_run(
        &mut self,
        base: u64,
        (at, stop): (usize, usize),
        pass: &mut Pass,
        scene: &Scene<'_>,
    ) -> usize {
        let every = pass.every;
        let scans = pass.spaced << at & bits_between(at, stop.max(at + 1));
        let last = scans.checked_ilog2().map_or(at, |last| last as usize);
        let declared = pass.declared_in(base / BLOCK as u64, scene);
        let Some(track) = &mut self.track else {
            return at;
        };
        let noted = Noted {
            identified: track.identified.is_some(),
            hostile: track.hostile.is_some(),
        };
        let identifier = &*scene.post.identifier;
        let outcome = identifier.declare_run(declared, scans, &mut track.evidence, noted);
        let time = |bit: usize| scene.time(base + bit as u64);
        if let Some((bit, identity)) = outcome.identified {
            let looks = track.looks + (scans & bits_between(0, bit + 1)).count_ones();
            track.identified = Some((time(bit), identity, looks));
        }
        if let Some(bit) = outcome.hostile {
            track.hostile = Some(time(bit));
        }
        track.looks += scans.count_ones();
        track.identity_due = true;
        track.next_declaration = base + last as u64 + every;
        last
    }

    fn declare<R: Recorder>(
        &mut self,
        scan: u64,
        declared: u8,
        every: u64,
        scene: &Scene<'_>,
        recorder: &mut R,
    ) {
        let Some(track) = &mut self.track else { return };
        let (post, subject) = (scene.post, scene.subject);
        let identifier = &*post.identifier;
        let time = scene.time(scan);
        track.next_declaration = scan + every;
        track.looks += 1;
        identifier.add(&mut track.evidence, declared);
        let matched = match (&identifier.spec.flight_plan, &subject.plan) {
            (Some(cue), Some(plan)) => {
                let place = || scene.place(time);
                track.notice = plan.check_where(cue, scene.planned, time, place);
                Some(track.notice.matched())
            }
            _ => None,
        };
        let identity = identifier.identity(&track.evidence, matched);
        if identity.declared() && track.identified.is_none() {
            track.identified = Some((time, identity, track.looks));
        }
        if identity == Identity::Hostile {
            track.hostile.get_or_insert(time);
        }
        let from = std::mem::replace(&mut track.identity, identity);
        track.identity_due = false;
        let (site, aircraft, notice) = (post.id, subject.aircraft, track.notice);
        if recorder.detail() >= Detail::Full {
            let posterior = identifier.posterior(&track.evidence, matched).regard;
            let ledger = identifier.ledger(&Gathered {
                evidence: &track.evidence,
                matched,
                cues: &post.cues,
                state: &CueState::default(),
                time,
                shift_log_odds: 0.0,
            });
            let fact = Fact::Declared {
                site,
                aircraft,
                declared,
                posterior,
                notice,
                ledger: ledger.into(),
            };
            scene.record(recorder, time, Rank::Observation, fact);
        }
        if from != identity && recorder.detail() >= Detail::Decisive {
            let fact = Fact::IdentityChanged {
                site,
                aircraft,
                from,
                to: identity,
                declared,
                notice,
            };
            scene.record(recorder, time, Rank::Observation, fact);
        }
    }

    /// A scan of a confirmed track that may be inside the envelope: whether the rules let the site fire.
    fn consider<R: Recorder>(
        &mut self,
        scan: u64,
        scene: &Scene<'_>,
        recorder: &mut R,
        looking_from: Option<u64>,
    ) -> bool {
        let time = scene.time(scan);
        let Some(mut enquiries) = self.track.as_ref().map(|track| track.enquiries) else {
            return false;
        };
        let verdict = self.verdict(time, scene, &mut enquiries);
        let Some(track) = &mut self.track else {
            return false;
        };
        let (permit, declined) = match verdict {
            Verdict::Permitted(decision) => (Some(decision), None),
            Verdict::Declined(decision) => (None, Some(decision)),
            Verdict::NoTrack | Verdict::Outside => {
                track.permit = None;
                track.eligible_since = None;
                return false;
            }
        };
        let (site, aircraft) = (scene.post.id, scene.subject.aircraft);
        if time - self.last_inside > ENCOUNTER_GAP {
            scene.record(
                recorder,
                time,
                Rank::Observation,
                Fact::EncounterBegun { site, aircraft },
            );
        }
        if time - self.last_inside > Millis(scene.post.clock.period_ms) {
            track.eligible_since = None;
        }
        self.last_inside = time;
        track.engageable.get_or_insert(time);
        for enquiry in enquiries.since(&track.enquiries) {
            let rule = enquiry.rule();
            let fact = Fact::QuerySent {
                site,
                aircraft,
                rule,
            };
            scene.record(recorder, time, Rank::Decision, fact);
        }
        track.enquiries = enquiries;
        track.permit = permit;
        if self.engaged {
            return false;
        }
        let declined = match declined {
            Some(decision) => {
                track.eligible_since = None;
                decision
            }
            None => {
                track.eligible_since.get_or_insert(time);
                if looking_from.is_some() {
                    return true;
                }
                // It was not engaged, so the site could not.
                let spent = scene.spent_since <= time;
                let reason = if spent {
                    Reason::MagazineEmpty
                } else {
                    Reason::NoChannel
                };
                Decision { rule: "E", reason }
            }
        };
        let bit = 1u64 << declined.reason as u32;
        if track.declined & bit == 0 {
            track.declined |= bit;
            let fact = Fact::ShotDeclined {
                site,
                aircraft,
                decision: declined,
                identity: track.identity,
            };
            scene.record(recorder, time, Rank::Decision, fact);
        }
        permit.is_some()
    }
}

/// What one pass through scans carries along.
struct Pass {
    /// Scans from one declaration to the next.
    every: u64,
    /// The scans of declarations in a block, if its first is one.
    spaced: u64,
    /// The luck of the block that is being looked at.
    open: OpenBlock,
    /// What is declared in the block of this number.
    declared: (u64, DeclaredBlock),
}

impl Pass {
    fn new(every: u64) -> Pass {
        let (mut spaced, mut wide) = (1, every);
        while wide < BLOCK as u64 {
            spaced |= spaced << wide;
            wide *= 2;
        }
        Pass {
            every,
            spaced,
            open: OpenBlock::none(),
            declared: (u64::MAX, DeclaredBlock::NONE),
        }
    }

    /// What the site declares about the aircraft at the scans of a block.
    #[inline(always)]
    fn declared_in(&mut self, block: u64, scene: &Scene<'_>) -> &DeclaredBlock {
        if self.declared.0 != block {
            let luck = scene.luck();
            let leading = &self.open.leading(&luck, block).declarations;
            let word = |scan: usize| {
                luck.declaration_word(block * BLOCK as u64 + scan as u64, leading[scan])
            };
            scene.declare().sort(leading, word, &mut self.declared.1);
            self.declared.0 = block;
        }
        &self.declared.1
    }

    /// What it declares at a scan.
    fn declared(&mut self, scan: u64, scene: &Scene<'_>) -> u8 {
        let declared = self.declared_in(scan / BLOCK as u64, scene);
        declared.column((scan % BLOCK as u64) as usize)
    }
}

/// Whether a plan check comes with each declaration.
fn checks_plans(scene: &Scene<'_>) -> bool {
    scene.post.identifier.spec.flight_plan.is_some() && scene.subject.plan.is_some()
}

/// The scans of a block with the aircraft inside the envelope.
struct Inside {
    scans: u64,
    exact: bool,
}

fn inside_scans(runs: &[Run], base: u64) -> Inside {
    let next = runs.partition_point(|run| run.end <= base);
    let end = base + BLOCK as u64;
    let mut inside = Inside {
        scans: 0,
        exact: true,
    };
    for run in runs[next..].iter().take_while(|run| run.from < end) {
        inside.scans |= bits_between(
            run.from.saturating_sub(base) as usize,
            (run.end.min(end) - base) as usize,
        );
        inside.exact &= run.exact;
    }
    inside
}
