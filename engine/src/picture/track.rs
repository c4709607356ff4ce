//! What a site makes of one confirmed track: its identity, what the rules say of it, and the record of its life.
//!
//! This is the one implementation, whatever brings the track its plots ([`super::apart`], [`super::jointly`]) and whether
//! every scan is visited or only those that can matter. Nothing here reads the truth: [`Source`] is what the world answers
//! when the site asks about whoever is behind the track, and the aircraft's number is carried for the record.

use bevy_ecs::entity::Entity;
use nalgebra::Vector3;

use super::{Observer, PairParams, Situation};
use crate::coordination::{
    ApprovalQueues, CrewDraws, EngagementRequest, Enquiries, Inquiry, NodeQuery, Opens, Ruling,
    Says, TrackView,
};
use crate::geometry::Point;
use crate::identification::plan_check::{PlanOutcome, PlannedPaths};
use crate::identification::{
    DeclaredBlock, Emitter, Evidence, Gathered, Glimpse, IdSourceScene, IdSourceState, Judgement,
    MAX_COLUMNS, Noted, Piece, Recalled, RunOutcome, Told, Viewer,
};
use crate::ids::{AircraftId, Key, SiteId};
use crate::platform::trajectory::Trajectory;
use crate::record::{
    Affiliation, Decision, Detail, EventRecorder, Fact, Identity, IdentityHistory, LedgerEntry,
    NoticeState, Place, Rank, Reason, RuleWord, TrackEnd, TrackRecord,
};
use crate::streams::{BLOCK, Streams};
use crate::tracking::memory::LastSeen;
use crate::units::Millis;

use super::sharing::SharedIdentity;

/// A gap of more than this between two looks inside the envelope starts another encounter.
pub const ENCOUNTER_GAP: Millis = Millis(300_000);

/// Where something is and how it moves, as a site holds it: true or measured at one time, carried straight on from there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// Where it was, m.
    pub place: Vector3<f64>,
    /// How it moved, m/s.
    pub velocity_mps: Vector3<f64>,
    /// When.
    pub at: Millis,
}

impl Course {
    /// Where it is at `time` if it flies straight on.
    pub fn place_at(&self, time: Millis) -> Vector3<f64> {
        if time == self.at {
            return self.place;
        }
        self.place + self.velocity_mps * (time - self.at).seconds()
    }
}

/// The number of a track, as ties go by it: the scan that confirmed it, then the bearing from north and the range at which it
/// then was, then the place of its plot among those of the scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackNumber {
    scan: u64,
    bearing: f64,
    range_m: f64,
    plot: u32,
}

impl TrackNumber {
    /// The number of a track confirmed at `scan`, at `place` as seen from `site`.
    pub fn new(scan: u64, site: Point, place: Vector3<f64>, plot: u32) -> TrackNumber {
        let arm = place.xy() - site;
        let bearing = libm::atan2(arm.x, arm.y);
        TrackNumber {
            scan,
            bearing: if bearing < 0.0 {
                bearing + std::f64::consts::TAU
            } else {
                bearing
            },
            range_m: arm.norm(),
            plot,
        }
    }

    /// Which of two comes first.
    pub fn order(&self, other: &TrackNumber) -> std::cmp::Ordering {
        self.scan
            .cmp(&other.scan)
            .then(self.bearing.total_cmp(&other.bearing))
            .then(self.range_m.total_cmp(&other.range_m))
            .then(self.plot.cmp(&other.plot))
    }
}

/// What another site reports of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shared {
    pub by: SiteId,
    pub identity: Identity,
    pub policy: SharedIdentity,
    pub engage: bool,
}

/// A site at one of its scans, or at another instant, and all that what it makes of a track depends on besides the track.
#[derive(Clone, Copy)]
pub struct ScanContext<'a> {
    /// The site.
    pub observer: &'a Observer,
    /// What holds for all its tracks.
    pub situation: &'a Situation,
    /// The random numbers of the replication.
    pub streams: &'a Streams,
    /// The places that the feed of rule R14 has at a time.
    pub reported: &'a dyn Fn(Millis) -> Vec<Vector3<f64>>,
    /// What a node of the coordination graph knows of a track.
    pub nodes: &'a dyn Fn(&NodeQuery) -> Option<Affiliation>,
}

impl ScanContext<'_> {
    /// What of the appearance of an aircraft is seen at a scan, if that lasts.
    pub fn look(&self, scan: u64, aircraft: Key, glimpse: &mut Glimpse) -> Option<Piece> {
        let observer = self.observer;
        let viewer = Viewer {
            streams: self.streams,
            site: observer.key,
            side: observer.side_key,
            aircraft,
        };
        let law = &observer.identifier.appearance;
        (law.persists()).then(|| law.look(&viewer, self.time(scan), glimpse))
    }

    /// When a scan falls.
    pub fn time(&self, scan: u64) -> Millis {
        Millis(self.observer.clock.time_ms(scan))
    }
}

/// Where the facts of a track are written down, and who else hears of it.
pub struct Outlet<'a> {
    /// Facts.
    pub recorder: &'a mut EventRecorder,
    /// The approval queues of rule R3; there only at a scan that is visited in its turn.
    pub approval_queues: Option<&'a mut ApprovalQueues>,
    /// Engagements whose tracks have ended.
    pub ended: &'a mut Vec<(Entity, TrackEnd)>,
    /// The end of the scenario.
    pub end: Millis,
}

/// Who is behind a track: what the world answers when the site looks, asks and listens. The truth, and read nowhere else
/// than in the models of sensors and ID sources.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// What draws about it are keyed by.
    pub key: Key,
    /// What is fixed about it as seen from the site.
    pub params: Option<&'a PairParams>,
    /// Where it flies, and where its plans say it does.
    pub path: Option<(&'a Trajectory, &'a PlannedPaths)>,
    /// When it left the sky.
    pub gone: Millis,
}

impl Source<'_> {
    /// Where a fact about a track happens: where the aircraft is, or where the site holds the track to be if nobody is behind it.
    pub fn place(&self, time: Millis, held: Vector3<f64>) -> Place {
        self.truly_at(time).unwrap_or(held).into()
    }

    /// Where the aircraft is, if there is one.
    fn truly_at(&self, time: Millis) -> Option<Vector3<f64>> {
        let (trajectory, _) = self.path?;
        Some(trajectory.position(time.min(self.gone)))
    }
}

/// What is declared, and which of the values of the appearance it was read off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Declaration {
    pub column: u8,
    pub appearance: u64,
}

/// How an identity added up.
struct Account {
    posterior: [f64; 3],
    ledger: Vec<LedgerEntry>,
}

/// A confirmed track.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub number: TrackNumber,
    /// What the draws about the track itself are keyed by.
    pub key: Key,
    /// The aircraft that last fed it; [`AircraftId::NOBODY`] after a false alarm.
    pub source: AircraftId,
    /// Since when that is so, for the account of tracked time.
    pub source_since: Millis,
    /// What is reported about it: by whom, and how far that counts.
    pub shared: Option<Shared>,
    /// Whether the site has it from a link alone.
    pub reported: bool,
    /// Where it was last seen.
    pub course: Course,
    /// Where the site first held it to be.
    pub first_seen: Vector3<f64>,
    confirmed: Millis,
    /// The scan of the next declaration.
    pub next_declaration: u64,
    /// The scan of the latest declaration, where the next one does not come as long after it as it usually does.
    gap_since: Option<u64>,
    evidence: Evidence,
    /// Before this time a plan check finds what the last one found, while the track is where the aircraft is.
    check_holds: Millis,
    /// The scan at which plans are checked without a declaration, unless one is made before.
    next_check: u64,
    /// Which of the values of the appearance was seen last.
    appearance: u64,
    id_sources: IdSourceState,
    /// What it was taken for when it was confirmed, if for one that was lost.
    memory: Option<Recalled>,
    /// Since when the site has known it.
    known_since: Millis,
    /// The identity that follows from what the site itself knows.
    pub own: Identity,
    /// The identity that counts, or one that did if the present one is still to be worked out.
    pub identity: Identity,
    identity_due: bool,
    /// Since when that identity has counted.
    identity_since: Millis,
    /// What it was identified as so far; not in full where declarations are made in runs.
    history: IdentityHistory,
    /// Since when the identity has been Hostile without a break.
    hostile_since: Option<Millis>,
    notice: NoticeState,
    /// Since when it has been in the zone of rule R10 and matched no plan without a break, where the rule asks for that.
    violating_since: Option<Millis>,
    enquiries: Enquiries,
    /// The engagement that is about it.
    pub engagement: Option<Entity>,
    /// Whether the site has taken it for destroyed.
    taken_for_destroyed: bool,
    /// The engagement of another site for which it was claimed last.
    claimed_for: Option<Entity>,
    declarations: u32,
    identified: Option<(Millis, Identity, u32)>,
    hostile: Option<Millis>,
    engageable: Option<Millis>,
    at_first_shot: Option<(Identity, AircraftId)>,
    declined: u64,
    permit: Option<Decision>,
    /// Since when the rules have let the site fire at it without a break; an engagement is none.
    pub eligible_since: Option<Millis>,
    last_inside: Millis,
    /// Before this time the rules say what they said, if identity and plan check stay what they are.
    settled_until: Millis,
    /// Before this time they decline wherever it is, if these stay what they are.
    declines_until: Millis,
    /// What could have the site fire before that.
    opens: Opens,
}

/// What allows an engagement, as the site holds the track when it decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Authorization {
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
    /// It is outside the envelope.
    Outside,
    /// A rule is against firing.
    Declined(Decision),
    /// No rule is.
    Permitted(Decision),
}

impl From<Ruling> for Verdict {
    fn from(ruling: Ruling) -> Verdict {
        match ruling.decision {
            Ok(decision) => Verdict::Permitted(decision),
            Err(decision) => Verdict::Declined(decision),
        }
    }
}

/// What came of asking the rules at a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Considered {
    /// It is inside the envelope.
    pub inside: bool,
    /// The rules let the site fire, and it is not being engaged.
    pub candidate: bool,
}

impl Track {
    pub fn new(
        number: TrackNumber,
        key: Key,
        source: AircraftId,
        scan: u64,
        course: Course,
    ) -> Track {
        Track {
            number,
            key,
            source,
            source_since: course.at,
            shared: None,
            reported: false,
            course,
            first_seen: course.place,
            confirmed: course.at,
            next_declaration: scan,
            gap_since: None,
            evidence: Evidence::NONE,
            check_holds: Millis(i64::MIN),
            next_check: u64::MAX,
            appearance: 0,
            id_sources: IdSourceState::default(),
            memory: None,
            known_since: course.at,
            own: Identity::Pending,
            identity: Identity::Pending,
            identity_due: false,
            identity_since: course.at,
            history: IdentityHistory::begin(course.at),
            hostile_since: None,
            notice: NoticeState::Unchecked,
            violating_since: None,
            enquiries: Enquiries::default(),
            engagement: None,
            taken_for_destroyed: false,
            claimed_for: None,
            declarations: 0,
            identified: None,
            hostile: None,
            engageable: None,
            at_first_shot: None,
            declined: 0,
            permit: None,
            eligible_since: None,
            last_inside: Millis(i64::MIN / 2),
            settled_until: Millis(i64::MIN),
            declines_until: Millis(i64::MIN),
            opens: Opens::Another,
        }
    }

    /// The same, had from a link alone.
    pub fn reported(self) -> Track {
        Track {
            reported: true,
            next_check: self.next_declaration,
            next_declaration: u64::MAX,
            ..self
        }
    }

    /// Writes down that it was confirmed, and that it was taken for one that was lost, if that is wanted.
    pub fn announce(&self, cx: &ScanContext<'_>, place: Place, recorder: &mut EventRecorder) {
        if recorder.detail() >= Detail::Decisive {
            let (site, aircraft) = (cx.observer.id, self.source);
            let mut record = |fact| recorder.record(self.confirmed, Rank::Observation, place, fact);
            record(Fact::TrackConfirmed { site, aircraft });
            if let Some(Recalled { kept, lost }) = self.memory {
                record(Fact::TrackRecalled {
                    site,
                    aircraft,
                    known_since: self.known_since,
                    lost,
                    kept,
                });
            }
        }
    }

    // --- Memory ---------------------------------------------------------------------------------------------------------

    /// Where and when it was seen last.
    pub fn last_seen(&self) -> LastSeen {
        LastSeen {
            place: self.course.place,
            at: self.course.at,
            speed_mps: self.course.velocity_mps.xy().norm(),
        }
    }

    /// The same, confirmed at `scan` and taken for one that was lost: with its number, what is left of the evidence, what was asked
    /// about it, and the engagement that is about it. Whether a plan matches is checked again.
    pub fn recall(self, lost: Track, scan: u64, cx: &ScanContext<'_>) -> Track {
        let gone = self.confirmed - lost.course.at;
        let Some(kept) = cx.observer.tracker.memory.kept(gone) else {
            return self;
        };
        let declared_at = lost.evidence.latest.and_then(|_| {
            let every = cx.observer.declares_every();
            lost.gap_since.or(lost.next_declaration.checked_sub(every))
        });
        // About what a site has from links alone it declares nothing: its own pace begins with its own track.
        let (next_declaration, gap_since) = match self.reported || lost.reported {
            true => (self.next_declaration, None),
            false => (
                lost.next_declaration.max(scan),
                declared_at.filter(|_| lost.next_declaration < scan || lost.gap_since.is_some()),
            ),
        };
        Track {
            number: lost.number,
            key: lost.key,
            first_seen: lost.first_seen,
            next_declaration,
            gap_since,
            evidence: cx.observer.identifier.recall(&lost.evidence, kept),
            appearance: lost.appearance,
            id_sources: lost.id_sources.recalled(kept),
            memory: Some(Recalled { kept, lost: gone }),
            known_since: lost.known_since,
            enquiries: cx.observer.rules.recalled(lost.enquiries),
            engagement: lost.engagement,
            claimed_for: lost.claimed_for,
            ..self
        }
    }

    /// Works out what a track that was lost is identified as now that it is confirmed again, if that is not done with a declaration.
    pub fn reconsider(
        &mut self,
        scan: u64,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        if self.memory.is_some() && !self.reported && self.next_declaration > scan {
            self.reassess(cx.time(scan), source, cx, recorder);
        }
    }

    // --- Identity -------------------------------------------------------------------------------------------------------

    /// Makes the declaration that is due at `scan`, checks plans, asks the ID sources, and lets the operator judge. The course
    /// must be that of the scan.
    pub fn declare(
        &mut self,
        scan: u64,
        declared: Declaration,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        let (observer, time) = (cx.observer, cx.time(scan));
        let identifier = &*observer.identifier;
        self.next_declaration = scan + observer.declares_every();
        self.declarations += 1;
        self.appearance = declared.appearance;
        match self.gap_since.take() {
            Some(before) => {
                let dt = time - cx.time(before);
                identifier.add_after(&mut self.evidence, declared.column, dt);
            }
            None => identifier.add(&mut self.evidence, declared.column),
        }
        self.ask_sources(time, source, cx, recorder.detail());
        self.judge(time, Some(declared.column), source, cx, recorder);
    }

    /// Judges the track without a declaration, with what the ID sources say now.
    fn reassess(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        self.ask_sources(time, source, cx, recorder.detail());
        self.judge(time, None, source, cx, recorder);
    }

    /// Checks plans, and judges the track, with what was just declared if anything was; writes down how that added up and what changed.
    fn judge(
        &mut self,
        time: Millis,
        declared: Option<u8>,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        let matched = self.check_plan(time, source, cx);
        let (from, account) = self.assess(time, matched, source, cx, recorder.detail());
        if let Some(Account { posterior, ledger }) = account {
            let (site, aircraft, notice) = (cx.observer.id, self.source, self.notice);
            let ledger = ledger.into();
            let fact = match declared {
                Some(declared) => Fact::Declared {
                    site,
                    aircraft,
                    declared,
                    posterior,
                    notice,
                    ledger,
                },
                None => Fact::Reassessed {
                    site,
                    aircraft,
                    posterior,
                    notice,
                    ledger,
                },
            };
            let place = source.place(time, self.course.place_at(time));
            recorder.record(time, Rank::Observation, place, fact);
        }
        self.note_change(from, time, source, cx, recorder);
    }

    /// The scan at which plans are checked without a declaration, unless one is made before.
    pub fn next_check(&self) -> u64 {
        self.next_check
    }

    /// Makes the check that is due at `scan` without a declaration; the course must be that of the scan.
    pub fn check_due(
        &mut self,
        scan: u64,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        let (time, before) = (cx.time(scan), self.basis());
        if self.reported {
            // What others say is its identity.
            self.next_check = u64::MAX;
            self.check_plan(time, source, cx);
            let regular = scan + cx.observer.declares_every();
            self.next_check = self.next_check.min(regular);
        } else {
            self.judge(time, None, source, cx, recorder);
        }
        if self.basis() != before {
            self.unsettle(Millis(i64::MIN));
        }
    }

    /// From `time` on another aircraft is behind it, and what comes in about the plan of that one is news.
    pub fn hand_over(&mut self, time: Millis, source: &Source<'_>, cx: &ScanContext<'_>) {
        let plan = source.params.and_then(|params| params.plan.as_ref());
        self.next_check = match plan {
            _ if self.reported => 0,
            Some(plan) => news_scan(plan, time, cx),
            None => u64::MAX,
        };
    }

    /// Checks plans at `time`, and finds out when that is to be done again; whether one matches, where they are checked.
    fn check_plan(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
    ) -> Option<bool> {
        let id_source = cx.observer.identifier.spec.flight_plan.as_ref()?;
        let plan = source.params?.plan.as_ref()?;
        let (flown, planned) = source.path?;
        self.notice = plan.check_where(id_source, planned, time, || self.course.place_at(time));
        self.check_holds = plan.holds_on_course(id_source, planned, flown, time, self.notice);
        self.next_check = news_scan(plan, time, cx);
        Some(self.notice.matched())
    }

    /// Lets the operator judge what follows from what is held, with what the plan check found; the identity before, and how it added up
    /// where that is recorded.
    fn assess(
        &mut self,
        time: Millis,
        matched: Option<bool>,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        detail: Detail,
    ) -> (Identity, Option<Account>) {
        let observer = cx.observer;
        let identifier = &*observer.identifier;
        let full = detail >= Detail::Full;
        let mut account = None;
        let own = if !observer.asks_more && !full {
            identifier.identity(&self.evidence, matched)
        } else {
            let operator = observer.operator.as_ref();
            let gathered = self.gathered(time, matched, cx);
            let fused = identifier.fuse(&gathered);
            account = full.then(|| Account {
                posterior: fused.posterior.affiliation,
                ledger: identifier.ledger(&gathered),
            });
            let automation = if observer.asks_more {
                fused.identity
            } else {
                identifier.identity(&self.evidence, matched)
            };
            operator.map_or(automation, |operator| {
                let lasts = identifier.appearance.persists();
                let judgement = Judgement {
                    streams: cx.streams,
                    site_key: observer.key,
                    about: if lasts { source.key } else { self.key },
                    appearance: self.appearance,
                    automation,
                };
                operator.judge(&judgement, source.params.is_some_and(PairParams::hostile))
            })
        };
        self.own = own;
        (self.identify(time), account)
    }

    /// Everything the site holds about it, with what the plan check found.
    fn gathered<'a>(
        &'a self,
        time: Millis,
        matched: Option<bool>,
        cx: &ScanContext<'a>,
    ) -> Gathered<'a> {
        let operator = cx.observer.operator.as_ref();
        Gathered {
            evidence: &self.evidence,
            matched,
            id_sources: &cx.observer.id_sources,
            state: &self.id_sources,
            memory: self.memory,
            time,
            shift_log_odds: operator.map_or(0.0, |operator| {
                let situation = cx.situation;
                let (engaged, leaked) = (
                    situation.engaged_before(time),
                    situation.leaked_before(time),
                );
                operator.shift_log_odds(time, engaged, leaked)
            }),
        }
    }

    /// Writes down that another identity counts than before.
    fn note_change(
        &self,
        from: Identity,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        if from != self.identity && recorder.detail() >= Detail::Decisive {
            let unknown = cx.observer.identifier.rows.len() as u8;
            let fact = Fact::IdentityChanged {
                site: cx.observer.id,
                aircraft: self.source,
                from,
                to: self.identity,
                declared: self.evidence.latest.unwrap_or(unknown),
                notice: self.notice,
            };
            let place = source.place(time, self.course.place_at(time));
            recorder.record(time, Rank::Observation, place, fact);
        }
    }

    /// Asks every ID source that is due, where that can matter.
    fn ask_sources(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        detail: Detail,
    ) {
        let observer = cx.observer;
        if !observer.asks_more && detail < Detail::Full {
            return;
        }
        let place = self.course.place_at(time);
        let truly_at = source.truly_at(time).unwrap_or(place);
        let nobody = observer.identifier.rows.len() as u8;
        let mut emitter = source
            .params
            .map_or(Emitter::nobody(nobody), PairParams::emitter);
        emitter.critical_dimension_m =
            observer.visible_dimension_m(emitter.critical_dimension_m, truly_at);
        observer.id_sources.look(
            &mut self.id_sources,
            &IdSourceScene {
                time,
                streams: cx.streams,
                site_key: observer.key,
                site_side_key: observer.side_key,
                aircraft_key: source.key,
                emitter,
                range_m: (truly_at - observer.place.push(0.0)).norm(),
                speed_mps: Some(self.course.velocity_mps.xy().norm()),
                place,
                first_seen: self.first_seen,
            },
        );
    }

    /// Whether a run of declarations may be made by [`Track::declare_run`] from here on: they are fused, nothing else is asked
    /// or written down with each, and no rule asks since when the track has been Hostile.
    pub fn takes_runs(cx: &ScanContext<'_>, recorder: &EventRecorder) -> bool {
        let observer = cx.observer;
        !observer.asks_more
            && observer.identifier.takes_runs()
            && !observer.rules.dwells()
            && recorder.detail() < Detail::Decisive
    }

    /// Makes declarations at some scans of a block, given as bits; `make` makes them and says what was first.
    pub fn declare_run(
        &mut self,
        scans: u64,
        base: u64,
        cx: &ScanContext<'_>,
        make: impl FnOnce(&mut Evidence, Noted) -> RunOutcome,
    ) {
        let noted = Noted {
            identified: self.identified.is_some(),
            hostile: self.hostile.is_some(),
        };
        let outcome = make(&mut self.evidence, noted);
        let time = |bit: usize| cx.time(base + bit as u64);
        if let Some((bit, identity)) = outcome.identified {
            let up_to = scans & (u64::MAX >> (63 - bit));
            let declarations = self.declarations + up_to.count_ones();
            self.identified = Some((time(bit), identity, declarations));
        }
        if let Some(bit) = outcome.hostile {
            self.hostile = Some(time(bit));
        }
        self.declarations += scans.count_ones();
        self.identity_due = true;
        let last = base + u64::from(scans.checked_ilog2().unwrap_or(0));
        self.next_declaration = last + cx.observer.declares_every();
    }

    /// Makes declarations at some scans of a block, given as bits, until one changes the identity; `matched` is what the plan check
    /// finds at all of them, if one is made. Returns the last scan whose declaration was made.
    pub fn declare_while(
        &mut self,
        scans: u64,
        base: u64,
        cx: &ScanContext<'_>,
        declared: &DeclaredBlock,
        matched: Option<bool>,
    ) -> u64 {
        let identifier = &*cx.observer.identifier;
        let (made, identity) =
            identifier.declare_while(declared, scans, &mut self.evidence, self.identity, matched);
        self.declarations += made.count_ones();
        let last = base + u64::from(made.checked_ilog2().unwrap_or(0));
        self.next_declaration = last + cx.observer.declares_every();
        if identity != self.identity {
            self.own = identity;
            self.identify(cx.time(last));
            self.unsettle(Millis(i64::MIN));
        }
        last
    }

    /// Before this time a plan check finds what the last one found, while the track is where the aircraft is.
    pub fn check_holds(&self) -> Millis {
        self.check_holds
    }

    /// Whether the identity stays what it is whatever the next so many declarations are.
    pub fn holds_through(&mut self, declarations: usize, cx: &ScanContext<'_>) -> bool {
        self.work_out_identity(cx);
        let identifier = &*cx.observer.identifier;
        identifier.holds(&mut self.evidence, self.identity, declarations)
    }

    /// Works out the identity that follows from a run of declarations.
    pub fn work_out_identity(&mut self, cx: &ScanContext<'_>) {
        if !std::mem::replace(&mut self.identity_due, false) || self.evidence.is_firm() {
            return;
        }
        let identity = cx.observer.identifier.identity(&self.evidence, None);
        if identity != self.identity {
            self.unsettle(Millis(i64::MIN));
        }
        self.own = identity;
        // Where a rule asks since when it has been Hostile no run is made: the start of its life will do.
        self.hold(identity, self.confirmed);
    }

    /// Takes note of what is reported, if anything is; the identity that counted before.
    pub fn hear(&mut self, time: Millis, shared: Option<Shared>) -> Identity {
        self.shared = shared;
        self.identify(time)
    }

    /// The identity that counts; the one that did.
    fn identify(&mut self, time: Millis) -> Identity {
        let identity = match (self.shared, self.reported) {
            (None, _) => self.own,
            (Some(shared), false) => shared.policy.of(self.own, shared.identity),
            (Some(shared), true) => shared.identity,
        };
        if identity.declared() && self.identified.is_none() {
            self.identified = Some((time, identity, self.declarations));
        }
        if identity == Identity::Hostile {
            self.hostile.get_or_insert(time);
        }
        self.identity_due = false;
        self.hold(identity, time)
    }

    /// The identity that counts is this from `time` on; the one that did.
    fn hold(&mut self, identity: Identity, time: Millis) -> Identity {
        let hostile = identity == Identity::Hostile;
        self.hostile_since = hostile.then(|| self.hostile_since.unwrap_or(time));
        if identity != self.identity {
            let before = (self.identity, self.identity_since);
            self.history.change(before, identity, time);
            self.identity_since = time;
        }
        std::mem::replace(&mut self.identity, identity)
    }

    /// Takes note of whether it violates the zone of rule R10 at `time`. Where that rule has a dwell it is asked at every scan,
    /// in order, after the declaration of the scan; the course must be that of the scan.
    pub fn watch_zone(&mut self, time: Millis, cx: &ScanContext<'_>) {
        let Some(zone) = cx.observer.rules.watched_zone() else {
            return;
        };
        let violates = zone.enforced_by(cx.observer.side)
            && zone.violated(time, self.course.place_at(time), self.notice);
        let before = self.violating_since;
        self.violating_since = match violates {
            true => before.or(Some(time)),
            // An arm that waits and does not look counts from the first time.
            false => before.filter(|_| zone.is_placebo()),
        };
    }

    /// Takes note of what other sites declared about it.
    pub fn be_told(
        &mut self,
        told: &Told,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) {
        if cx.observer.identifier.hear(&mut self.evidence, told) {
            self.reassess(time, source, cx, recorder);
        }
    }

    /// What the site has gathered about it.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Its declarations by column.
    pub fn declared(&self) -> [u32; MAX_COLUMNS] {
        self.evidence.counts()
    }

    /// Whether anything has been declared about it since it was confirmed.
    pub fn is_declared(&self) -> bool {
        self.declarations > 0
    }

    /// Whether the next declaration comes after another time than usual.
    pub fn has_gap(&self) -> bool {
        self.gap_since.is_some()
    }

    /// What a verdict rests on, besides place and time.
    pub fn basis(&self) -> (Identity, NoticeState) {
        (self.identity, self.notice)
    }

    // --- The rules ------------------------------------------------------------------------------------------------------

    /// The track as a decision may see it at `time`.
    pub fn view(&self, time: Millis, observer: &Observer) -> TrackView {
        TrackView {
            time,
            place: self.course.place_at(time),
            velocity_mps: self.course.velocity_mps,
            identity: self.identity,
            hostile_since: self.hostile_since,
            first_hostile: self.hostile,
            declared_civil: observer.civil.hold(self.evidence.latest),
            violating_since: self.violating_since,
            notice: self.notice,
        }
    }

    /// The question whether the site may fire at it; `about` is what draws about whoever is behind it are keyed by.
    fn request<'a>(
        &self,
        track: TrackView,
        about: Key,
        cx: &ScanContext<'a>,
        engaged_another: Option<Millis>,
    ) -> EngagementRequest<'a> {
        let observer = cx.observer;
        let feed = observer.rules.friendly_force_tracking();
        let near_report =
            feed.is_some_and(|feed| feed.near(track.place, &(cx.reported)(track.time)));
        EngagementRequest {
            track,
            site: observer.place,
            side: observer.side,
            class: observer.class,
            command_link: &observer.command_link,
            engaged_another,
            near_report,
            ceased_until: cx.situation.ceased_until(track.time),
            draws: CrewDraws::new(cx.streams, observer.key, about),
        }
    }

    /// Whether the track may be fired at as it is seen, whatever the rules: inside the envelope, not from a link that is too poor for
    /// it, not taken for destroyed, not claimed by others.
    fn out_of_reach(&self, track: &TrackView, cx: &ScanContext<'_>) -> Option<Verdict> {
        let observer = cx.observer;
        if !observer.in_reach(track.place) {
            return Some(Verdict::Outside);
        }
        let reason = if self.reported && !self.shared.is_some_and(|shared| shared.engage) {
            Reason::SharedTrackOnly
        } else if self.taken_for_destroyed {
            Reason::TakenForDestroyed
        } else if self
            .claimed_for
            .is_some_and(|engagement| cx.situation.claims(engagement, track.time))
        {
            Reason::Claimed
        } else {
            return None;
        };
        Some(Verdict::Declined(Decision {
            rule: "weapon",
            reason,
        }))
    }

    /// When the site last began an engagement of another track before `time`; nothing that counts while it engages this one.
    fn engaged_another(&self, time: Millis, cx: &ScanContext<'_>) -> Option<Millis> {
        if self.engagement.is_some() {
            return None;
        }
        cx.situation.engaged_another(time, &self.number)
    }

    /// What the rules say of it at `time`, engagements begun at that very instant included. Nothing is asked that has not been
    /// asked before.
    pub fn verdict(&self, time: Millis, about: Key, cx: &ScanContext<'_>) -> Verdict {
        let view = self.view(time, cx.observer);
        if let Some(verdict) = self.out_of_reach(&view, cx) {
            return verdict;
        }
        let engaged_another = self.engaged_another(time + Millis(1), cx);
        let request = self.request(view, about, cx, engaged_another);
        let mut enquiries = self.enquiries.clone();
        cx.observer.rules.judge(&request, &mut enquiries).into()
    }

    /// The same, and what the rules have the site ask of others goes out: what was allowed without a question, in self-defence,
    /// may need an answer by now.
    pub fn verdict_asked(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        outlet: &mut Outlet<'_>,
    ) -> Verdict {
        let view = self.view(time, cx.observer);
        if let Some(verdict) = self.out_of_reach(&view, cx) {
            return verdict;
        }
        let place = source.place(time, view.place);
        let engaged_another = self.engaged_another(time + Millis(1), cx);
        let request = self.request(view, source.key, cx, engaged_another);
        self.ask(&request, source, cx, place, outlet).into()
    }

    /// What the rules have to say of it at `time`, one by one.
    pub fn words(&self, time: Millis, about: Key, cx: &ScanContext<'_>) -> Vec<RuleWord> {
        let engaged_another = self.engaged_another(time, cx);
        let request = self.request(self.view(time, cx.observer), about, cx, engaged_another);
        cx.observer.rules.words(&request, &self.enquiries)
    }

    /// Asks the rules at a scan, and writes down what follows; `inside_before` is when a track on the same aircraft was last
    /// inside the envelope, if it is one of an aircraft.
    pub fn consider(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        inside_before: Option<Millis>,
        cx: &ScanContext<'_>,
        outlet: &mut Outlet<'_>,
    ) -> Considered {
        self.work_out_identity(cx);
        let observer = cx.observer;
        let view = self.view(time, observer);
        let reach = self.out_of_reach(&view, cx);
        let view = match reach {
            None if self.note_answers(time, source, cx, outlet.recorder) => {
                self.view(time, observer)
            }
            _ => view,
        };
        let place = || source.place(time, view.place);
        let (decision, until, opens) = match reach {
            Some(Verdict::Outside) => {
                self.permit = None;
                self.eligible_since = None;
                self.settled_until = Millis(i64::MIN);
                self.foresee(&view, source.key, cx);
                return Considered {
                    inside: false,
                    candidate: false,
                };
            }
            Some(Verdict::Declined(decision)) => (Err(decision), time + Millis(1), Opens::Another),
            Some(Verdict::Permitted(decision)) => (Ok(decision), time + Millis(1), Opens::Another),
            None => {
                let engaged_another = self.engaged_another(time, cx);
                let request = self.request(view, source.key, cx, engaged_another);
                let ruling = self.ask(&request, source, cx, place(), outlet);
                (ruling.decision, ruling.until, ruling.opens)
            }
        };
        if time - inside_before.unwrap_or(self.last_inside) > ENCOUNTER_GAP {
            let fact = Fact::EncounterBegun {
                site: observer.id,
                aircraft: self.source,
            };
            outlet
                .recorder
                .record(time, Rank::Observation, place(), fact);
        }
        if time - self.last_inside > Millis(observer.clock.period_ms) {
            self.eligible_since = None;
        }
        self.last_inside = time;
        self.engageable.get_or_insert(time);
        // Where every scan begins an encounter, every scan is asked about.
        let period = Millis(observer.clock.period_ms);
        let until = if period > ENCOUNTER_GAP { time } else { until };
        self.settled_until = until
            .min(cx.situation.unchanged_until(time))
            .min(self.enquiries.evidence_due());
        self.declines_until = self.settled_until;
        self.opens = opens;
        self.permit = decision.ok();
        match decision {
            Ok(_) => {
                self.eligible_since.get_or_insert(time);
            }
            Err(declined) => {
                self.eligible_since = None;
                if self.engagement.is_none() {
                    self.decline(time, declined, observer.id, place(), outlet.recorder);
                }
            }
        }
        Considered {
            inside: true,
            candidate: self.permit.is_some() && self.engagement.is_none(),
        }
    }

    /// Finds out for how long the rules would decline the track, which is outside the envelope, wherever it is: where what they say
    /// follows from status and identity. Nothing is asked of others.
    fn foresee(&mut self, view: &TrackView, about: Key, cx: &ScanContext<'_>) {
        let time = view.time;
        if time < self.declines_until || Millis(cx.observer.clock.period_ms) > ENCOUNTER_GAP {
            return;
        }
        let engaged_another = self.engaged_another(time, cx);
        let request = self.request(*view, about, cx, engaged_another);
        let ruling = (cx.observer.rules).judge(&request, &mut self.enquiries.clone());
        if ruling.decision.is_err() && ruling.opens != Opens::Another {
            self.opens = ruling.opens;
            self.declines_until = ruling
                .until
                .min(cx.situation.unchanged_until(time))
                .min(self.enquiries.evidence_due());
        }
    }

    /// Takes note of answers that are evidence; whether there are any.
    fn note_answers(
        &mut self,
        time: Millis,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        recorder: &mut EventRecorder,
    ) -> bool {
        let mut noted = false;
        while let Some((at, answered)) = self.enquiries.take_evidence(time) {
            self.id_sources.challenged(answered, at);
            noted = true;
        }
        if noted {
            self.reassess(time, source, cx, recorder);
        }
        noted
    }

    /// Asks the rules; what they have the site ask of others goes out, and an answer that is there at once is acted on at once.
    fn ask(
        &mut self,
        request: &EngagementRequest<'_>,
        source: &Source<'_>,
        cx: &ScanContext<'_>,
        place: Place,
        outlet: &mut Outlet<'_>,
    ) -> Ruling {
        let (observer, time) = (cx.observer, request.track.time);
        let rules = &*observer.rules;
        let mut enquiries = std::mem::take(&mut self.enquiries);
        let before = enquiries.count();
        let (approval_queues, recorder, end) = (
            &mut outlet.approval_queues,
            &mut *outlet.recorder,
            outlet.end,
        );
        let (site, aircraft) = (observer.id, self.source);
        let ruling = rules.consult(request, &mut enquiries, &mut |rule, enquiries| {
            let made = *enquiries.made(rule)?;
            let mut inquiry = Inquiry {
                request,
                made,
                streams: cx.streams,
                site,
                site_key: observer.key,
                about: source.key,
                identifier: &observer.identifier,
                gathered: self.gathered(time, None, cx),
                subject: (source.params.zip(source.truly_at(time))).map(|(params, place)| {
                    let mut subject = params.subject(place);
                    subject.critical_dimension_m =
                        observer.visible_dimension_m(subject.critical_dimension_m, place);
                    subject
                }),
                command: observer.command,
                approval_queue: observer.approval_queue,
                approval_queues: approval_queues.as_deref_mut(),
                nodes: cx.nodes,
            };
            let reply = rules.answer(rule, &mut inquiry)?;
            if rule == "R3" && reply.at <= end {
                let fact = Fact::RequestAnswered {
                    site,
                    aircraft,
                    waited: reply.at - time,
                    granted: reply.says == Says::GoOn,
                };
                recorder.record(reply.at, Rank::Decision, place, fact);
            }
            Some(reply)
        });
        for made in enquiries.since(before) {
            let rule = made.rule;
            let fact = Fact::QuerySent {
                site,
                aircraft,
                rule,
            };
            outlet.recorder.record(time, Rank::Decision, place, fact);
        }
        self.enquiries = enquiries;
        ruling
    }

    /// Writes down that the site could have fired and did not, once a reason.
    pub fn decline(
        &mut self,
        time: Millis,
        decision: Decision,
        site: SiteId,
        place: Place,
        recorder: &mut EventRecorder,
    ) {
        let bit = 1u64 << decision.reason as u32;
        if self.declined & bit == 0 {
            self.declined |= bit;
            let fact = Fact::ShotDeclined {
                site,
                aircraft: self.source,
                decision,
                identity: self.identity,
            };
            recorder.record(time, Rank::Decision, place, fact);
        }
    }

    /// What allows an engagement, if the rules did when they were last asked.
    pub fn authorization(&self) -> Option<Authorization> {
        Some(Authorization {
            decision: self.permit?,
            identity: self.identity,
            notice: self.notice,
        })
    }

    /// What was said before holds no longer than to `time`.
    pub fn unsettle(&mut self, time: Millis) {
        self.settled_until = self.settled_until.min(time);
        self.declines_until = self.declines_until.min(time);
    }

    /// Before this time the rules say what they said.
    pub fn settled_until(&self) -> Millis {
        self.settled_until
    }

    /// Before this time the rules decline it wherever it is.
    pub fn declines_until(&self) -> Millis {
        self.declines_until
    }

    /// The first declaration, from the next one on, at which something could come to have the site fire, as a scan; later ones
    /// may as well. `declared` is what is declared in the block from scan `base` on, and `astray` which of some scans of it find the
    /// track elsewhere than the aircraft; they are asked for if the answer hangs on it.
    pub fn may_open<'a>(
        &self,
        params: &PairParams,
        cx: &ScanContext<'_>,
        base: u64,
        astray: impl FnOnce(u64) -> u64,
        declared: impl FnOnce() -> &'a DeclaredBlock,
    ) -> u64 {
        let checks = self.next_check.min(self.next_declaration);
        match self.opens {
            Opens::Nothing => return u64::MAX,
            Opens::Hostile if !cx.observer.asks_more && checks == self.next_declaration => {}
            Opens::Hostile | Opens::Another => return checks,
        }
        let identifier = &*cx.observer.identifier;
        let matched = params.plan.as_ref().map(|_| self.notice.matched());
        let harmless = u64::from(identifier.before_hostile(&self.evidence, matched));
        let every = cx.observer.declares_every();
        let from = |scan: u64| {
            let before = scan.saturating_sub(self.next_declaration).div_ceil(every);
            let declarations = before.saturating_mul(every);
            self.next_declaration.saturating_add(declarations)
        };
        let beyond = base + BLOCK as u64;
        let in_block = |until: u64| {
            let mut scans = 0u64;
            let mut declares = self.next_declaration;
            while declares < beyond.min(until) {
                scans |= 1 << declares.saturating_sub(base);
                declares += every;
            }
            (scans, declares)
        };
        // Until the plan check may find something else.
        let holds = params.plan.as_ref().map_or(u64::MAX, |plan| {
            let next = cx.time(self.next_declaration);
            let until = match self.check_holds > next {
                true => self.check_holds,
                false => plan.holds_until(next),
            };
            let holds = match until {
                Millis::NEVER => u64::MAX,
                until => from(cx.observer.clock.first_from(until.0)),
            };
            let placed = holds > self.next_declaration && plan.looks_at_place(next);
            let astray = if placed { astray(in_block(holds).0) } else { 0 };
            match astray.trailing_zeros() {
                64 => holds,
                bit => base + u64::from(bit),
            }
        });
        let bound = self
            .next_declaration
            .saturating_add(harmless.saturating_mul(every));
        let bound = bound.min(self.next_check);
        if bound.min(holds) >= beyond {
            return bound.min(holds);
        }
        let (scans, declares) = in_block(holds);
        let declares = declares.min(self.next_check);
        if scans == 0 {
            return declares;
        }
        let first = identifier.first_hostile(declared(), scans, &self.evidence, matched);
        first.map_or(declares, |bit| base + bit as u64)
    }

    /// It was inside the envelope at `time` too, and the rules said what they said before.
    pub fn note_inside(&mut self, time: Millis) {
        self.last_inside = time;
    }

    // --- Its record -----------------------------------------------------------------------------------------------------

    /// The engagement that is about it, if it is this one, is over.
    pub fn release(&mut self, engagement: Entity) {
        if self.engagement == Some(engagement) {
            self.engagement = None;
            self.unsettle(Millis(i64::MIN));
        }
    }

    /// One that was had from links alone turns out to be this one: the engagement that is about it, its number with it, and what was
    /// asked about it go on here, unless this one has its own.
    pub fn take_over(&mut self, other: &mut Track, cx: &ScanContext<'_>) {
        if self.engagement.is_none() && other.engagement.is_some() {
            self.engagement = other.engagement.take();
            self.number = other.number;
        }
        self.claimed_for = self.claimed_for.or(other.claimed_for);
        if self.enquiries.count() == 0 {
            self.enquiries = cx
                .observer
                .rules
                .recalled(std::mem::take(&mut other.enquiries));
        }
        self.unsettle(Millis(i64::MIN));
    }

    /// Another site has claimed it for an engagement.
    pub fn claim(&mut self, engagement: Entity) {
        self.claimed_for = Some(engagement);
        self.unsettle(Millis(i64::MIN));
    }

    /// The site takes it for destroyed.
    pub fn take_for_destroyed(&mut self) {
        self.taken_for_destroyed = true;
        self.unsettle(Millis(i64::MIN));
    }

    /// Notes a shot at it while this identity was held.
    pub fn note_shot(&mut self, identity: Identity) {
        self.at_first_shot.get_or_insert((identity, self.source));
    }

    /// Ends it.
    pub fn close(
        &mut self,
        time: Millis,
        end: TrackEnd,
        place: Place,
        cx: &ScanContext<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        self.work_out_identity(cx);
        let (identified, first_identity, looks) = match self.identified {
            Some((time, identity, declarations)) => (Some(time), identity, declarations),
            None => (None, Identity::Unknown, self.declarations),
        };
        let (identity, aircraft) = self.at_first_shot.unwrap_or((self.identity, self.source));
        let fact = Fact::TrackEnded {
            site: cx.observer.id,
            aircraft,
            track: TrackRecord {
                confirmed: self.confirmed,
                identified,
                first_identity,
                looks,
                hostile: self.hostile,
                engageable: self.engageable,
                identity,
                shot_at: self.at_first_shot.is_some(),
                end,
            },
        };
        outlet.recorder.record(time, Rank::Closing, place, fact);
        if outlet.recorder.histories() {
            let mut history = self.history;
            history.end((self.identity, self.identity_since), time);
            let (site, aircraft) = (cx.observer.id, self.source);
            let fact = Fact::IdentityHistory {
                site,
                aircraft,
                history,
            };
            outlet.recorder.record(time, Rank::Closing, place, fact);
        }
        if let Some(engagement) = self.engagement {
            outlet.ended.push((engagement, end));
        }
    }
}

/// The first scan at or after the next moment at which something about a plan reaches the site.
fn news_scan(plan: &PlanOutcome, time: Millis, cx: &ScanContext<'_>) -> u64 {
    match plan.news_after(time) {
        Millis::NEVER => u64::MAX,
        news => cx.observer.clock.first_from(news.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_identity_starts_the_dwell_anew() {
        let course = Course {
            place: Vector3::zeros(),
            velocity_mps: Vector3::zeros(),
            at: Millis::ZERO,
        };
        let number = TrackNumber::new(0, Point::zeros(), course.place, 0);
        let mut track = Track::new(number, Key::NONE, AircraftId(0), 0, course);
        for (at, identity, since) in [
            (1, Identity::Suspect, None),
            (2, Identity::Hostile, Some(2)),
            (3, Identity::Hostile, Some(2)),
            (4, Identity::Suspect, None),
            (5, Identity::Hostile, Some(5)),
            (6, Identity::Neutral, None),
        ] {
            track.hold(identity, Millis(at));
            assert_eq!(
                (track.identity, track.hostile_since),
                (identity, since.map(Millis))
            );
        }
    }
}
