//! Tracks of aircraft that do not influence one another, each advanced by itself and only as far as somebody needs it.
//!
//! Where plots are true and association is perfect, what a site makes of an aircraft depends on the aircraft, the site's own
//! draws, the plans it was sent and what holds for the whole site, and on nothing that other aircraft do. So a [`Pair`] need
//! not keep step with the clock. It is advanced through the scans since it was last looked at, 64 at a time; two things are
//! asked of it:
//!
//! - [`Pair::advance`]: do all scans before a given one, writing down what happened, and perhaps visit the last of them: say
//!   whether the rules let the site fire at it;
//! - [`Pair::next_visit`]: name a scan before which no visit can matter. It looks at masks of detections, at when the next
//!   declaration is due and at how long the rules' verdict holds; who does not know says "the next scan".
//!
//! Skipping has no meaning of its own: the outcome is that of [`super::jointly`], which visits every scan, and the random
//! differential of the tests holds the two together, byte for byte.

use bevy_ecs::entity::Entity;
use nalgebra::Vector3;

use super::track::{Course, Declaration, Outlet, ScanContext, Source, Track, TrackNumber};
use super::{Counts, Held, Known, PairParams, Run};
use crate::identification::plan_check::PlannedPaths;
use crate::identification::{DeclaredBlock, Glimpse, Piece};
use crate::platform::trajectory::{Path, Trajectory};
use crate::record::{Decision, NoticeState, Place, TrackEnd};
use crate::sensing::coverage::{Window, covered, look};
use crate::sensing::detection::bits_between;
use crate::streams::{BLOCK, OpenBlock, PairDraws};
use crate::tracking::history::History;
use crate::units::Millis;

/// What one site knows of one aircraft, up to a scan.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// The first scan not yet done.
    next: u64,
    /// The block of scans that is open, and what they find.
    block: u64,
    looks: u64,
    hits: u64,
    history: History,
    open: OpenBlock,
    /// Scans of the block at which a rule may be asked, and those of them at which the track is inside the envelope for sure.
    candidates: u64,
    certain: u64,
    /// What is declared in the block of this number, if anything is.
    declared: (u64, DeclaredBlock),
    /// The first window that ends after the scans done.
    window: u32,
    /// The first scan after the aircraft left the sky.
    gone: u64,
    /// When a track on it was last inside the envelope.
    last_inside: Millis,
    pub track: Option<Track>,
    /// The track on it that was dropped last, if the site remembers any.
    pub lost: Option<Track>,
    /// What was last seen of it.
    glimpse: Glimpse,
    pub counts: Counts,
}

/// One pair, and all that it is advanced with.
#[derive(Clone, Copy)]
pub(super) struct PairScene<'a> {
    pub cx: ScanContext<'a>,
    pub params: &'a PairParams,
    /// When the sensor sees the aircraft.
    pub windows: &'a [Window],
    /// The scans in which it may be inside the envelope.
    pub inside: &'a [Run],
    /// The scans in which a track that coasts may be.
    pub near: &'a [Run],
    pub trajectory: &'a Trajectory,
    pub planned: &'a PlannedPaths,
    /// When it left the sky.
    pub gone: Millis,
}

impl<'a> PairScene<'a> {
    fn time(&self, scan: u64) -> Millis {
        self.cx.time(scan)
    }

    fn draws(&self) -> PairDraws {
        let observer = self.cx.observer;
        self.cx.streams.looks(observer.key, self.params.key)
    }

    fn source(&self) -> Source<'a> {
        Source {
            key: self.params.key,
            params: Some(self.params),
            path: Some((self.trajectory, self.planned)),
            gone: self.gone,
        }
    }

    /// The number of a track that is confirmed at a scan and was not known before.
    fn new_number(&self, scan: u64) -> TrackNumber {
        let place = self.trajectory.position(self.time(scan));
        let site = self.cx.observer.place;
        TrackNumber::new(scan, site, place, self.params.aircraft.0)
    }

    /// Whether a track that is confirmed at a scan is taken for one on the same aircraft that was lost: the link reads who it is.
    fn recalls(&self, lost: &Track, scan: u64) -> bool {
        let time = self.time(scan);
        let place = self.trajectory.position(time);
        let memory = &self.cx.observer.tracker.memory;
        memory.distance_m(&lost.last_seen(), place, time).is_some()
    }

    /// What of its appearance is seen at a scan, if that lasts.
    fn look(&self, scan: u64, glimpse: &mut Glimpse) -> Option<Piece> {
        self.cx.look(scan, self.params.key, glimpse)
    }

    /// Where a track is, and how it moves, that is seen at a scan.
    fn course(&self, scan: u64) -> Course {
        let at = self.time(scan);
        let (place, velocity_mps) = self.trajectory.state(at);
        Course {
            place,
            velocity_mps,
            at,
        }
    }

    /// Where the aircraft is at `time`.
    fn place(&self, time: Millis) -> Place {
        self.trajectory.position(time.min(self.gone)).into()
    }
}

impl Pair {
    /// Nothing is known.
    pub fn new() -> Pair {
        Pair {
            next: 0,
            block: u64::MAX,
            looks: 0,
            hits: 0,
            history: History::default(),
            open: OpenBlock::none(),
            candidates: 0,
            certain: 0,
            declared: (u64::MAX, DeclaredBlock::NONE),
            window: 0,
            gone: u64::MAX,
            last_inside: Millis(i64::MIN / 2),
            track: None,
            lost: None,
            glimpse: Glimpse::none(),
            counts: Counts::default(),
        }
    }

    /// Does all scans before scan `until`; the last of them, if `visited`, in its turn, together with the site's other tracks.
    /// Whether the rules let the site fire at the track then.
    pub fn advance(
        &mut self,
        until: u64,
        visited: bool,
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) -> bool {
        let mut candidate = false;
        while self.next < until {
            if self.track.is_none() {
                let first = self.first_look(scene);
                self.next = if first < self.gone { first } else { u64::MAX };
                if self.next >= until {
                    self.next = until;
                    break;
                }
            }
            let block = self.next / BLOCK as u64;
            if block != self.block {
                self.open_block(block, scene);
            }
            let base = block * BLOCK as u64;
            let to = (until - base).min(BLOCK as u64);
            let visit = if visited && base + to == until {
                1 << (to - 1)
            } else {
                0
            };
            let span = ((self.next - base) as usize, to as usize);
            candidate = self.within_block(base, span, visit, scene, outlet);
            self.next = base + to;
        }
        if let Some(track) = &mut self.track {
            track.work_out_identity(&scene.cx);
        }
        candidate
    }

    /// Does all scans before scan `until`, none of which can matter to anybody else, and brings the track's course up to them.
    pub fn catch_up(&mut self, until: u64, scene: &PairScene<'_>, outlet: &mut Outlet<'_>) {
        self.advance(until, false, scene, outlet);
        if let Some(last) = self.next.checked_sub(1) {
            self.update_course(last, scene);
        }
    }

    /// The aircraft leaves the sky at the present instant, before scan `first`; what is before that must be done. With `seen` the
    /// track ends at once, else it coasts until it is dropped.
    pub fn leave(
        &mut self,
        time: Millis,
        first: u64,
        seen: Option<TrackEnd>,
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        self.gone = first;
        match seen {
            Some(end) => {
                self.close(time, end, scene, outlet);
                self.next = u64::MAX;
            }
            None if self.block != u64::MAX => self.cut_block(scene),
            None => {}
        }
    }

    /// What is known of the aircraft from all scans before `time`, which must be done.
    pub fn known(&self, time: Millis, scene: &PairScene<'_>) -> Known {
        let latest = scene.cx.observer.clock.first_from(time.0).checked_sub(1);
        Known {
            aircraft: scene.params.aircraft,
            covered: latest.is_some_and(|scan| {
                let there = scene.cx.situation.absences.at(scene.time(scan)).is_none();
                there && scan < self.gone && covered(scene.windows, scan)
            }),
            held: self.track.as_ref().map(Held::of),
        }
    }

    /// Ends the track, if there is one. All scans before `time` must be done.
    pub fn close(
        &mut self,
        time: Millis,
        end: TrackEnd,
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        let Some(mut track) = self.track.take() else {
            return;
        };
        for (sum, count) in self.counts.declared.iter_mut().zip(track.declared()) {
            *sum += count;
        }
        self.counts.tracked = self.counts.tracked + (time - track.source_since);
        track.close(time, end, scene.place(time), &scene.cx, outlet);
        if end == TrackEnd::Dropped && scene.cx.observer.tracker.memory.remembers() {
            self.lost = Some(track);
        }
    }

    /// The number of its track at a scan, all scans before that done; of one that is confirmed by it, if there is none.
    pub fn number_at(&self, scan: u64, scene: &PairScene<'_>) -> TrackNumber {
        let lost = self.lost.as_ref().filter(|lost| scene.recalls(lost, scan));
        let track = self.track.as_ref().or(lost);
        track.map_or_else(|| scene.new_number(scan), |track| track.number)
    }

    /// Its track, and the one that was lost.
    pub fn tracks(&self) -> impl Iterator<Item = &Track> {
        [&self.track, &self.lost].into_iter().flatten()
    }

    /// An engagement is over: no track is engaged in it, not even one that was lost.
    pub fn release(&mut self, engagement: Entity) {
        for track in [&mut self.track, &mut self.lost].into_iter().flatten() {
            track.release(engagement);
        }
    }

    /// The first scan that is not done and before which nothing can be found: the aircraft is in coverage, and the site is there.
    fn first_look(&mut self, scene: &PairScene<'_>) -> u64 {
        let upcoming = self.upcoming(scene.windows).first();
        let covered = upcoming.map_or(u64::MAX, |window| window.from.max(self.next));
        if covered == u64::MAX {
            return covered;
        }
        let time = scene.time(covered);
        match scene.cx.situation.absences.over(time) {
            over if over == time => covered,
            Millis::NEVER => u64::MAX,
            over => scene.cx.observer.clock.first_from(over.0),
        }
    }

    /// The windows that have not ended.
    fn upcoming<'a>(&mut self, windows: &'a [Window]) -> &'a [Window] {
        let left = windows.get(self.window as usize..).unwrap_or_default();
        let ended = left.iter().take_while(|window| window.end <= self.next);
        let ended = ended.count();
        self.window += ended as u32;
        &left[ended..]
    }

    fn open_block(&mut self, block: u64, scene: &PairScene<'_>) {
        let before = if self.block.wrapping_add(1) == block {
            self.history.hits
        } else {
            0
        };
        let windows = self.upcoming(scene.windows);
        let mut look = || {
            look(
                &scene.params.sight,
                scene.trajectory,
                windows,
                &scene.cx.observer.clock,
                block,
                &scene.draws(),
                &mut self.open,
            )
        };
        let scans = match &scene.params.detections {
            Some(kept) => kept.scans(block, look),
            None => look(),
        };
        self.block = block;
        self.looks = scans.looks;
        self.hits = scans.hits;
        self.history = History {
            hits: scans.hits,
            before,
        };
        self.cut_block(scene);
    }

    /// The site is not ready at some scans that are not done yet.
    pub fn look_anew(&mut self, scene: &PairScene<'_>) {
        if self.block != u64::MAX {
            self.cut_block(scene);
        }
    }

    /// Takes out of the open block what would be seen after the aircraft left the sky, or while the site is not ready, and finds
    /// out where rules may be asked.
    fn cut_block(&mut self, scene: &PairScene<'_>) {
        let base = self.block * BLOCK as u64;
        let flying = bits_between(0, self.gone.saturating_sub(base).min(BLOCK as u64) as usize);
        let absences = &scene.cx.situation.absences;
        let absent = absences.scans(&scene.cx.observer.clock, base);
        let left = flying & !absent;
        self.looks &= left;
        self.hits &= left;
        self.history.hits &= left;
        let near = scans_in(scene.near, base).0 & !absent;
        if near == 0 {
            (self.candidates, self.certain) = (0, 0);
            return;
        }
        let (inside, exact) = scans_in(scene.inside, base);
        let astray = coasting(&self.history, base, near, scene);
        let sure = inside & exact & !astray;
        let doubtful = near & (astray | inside & !exact);
        let (mut outside, mut unseen) = (0, 0);
        for at in bits(doubtful) {
            match place_at(&self.history, base, at, scene) {
                Some(place) => outside |= u64::from(!scene.cx.observer.in_reach(place)) << at,
                None => unseen |= 1 << at,
            }
        }
        self.candidates = near & sure | doubtful & !outside;
        self.certain = sure | doubtful & !unseen;
    }

    /// Where the track is, as last seen at or before a scan of the open block.
    fn update_course(&mut self, scan: u64, scene: &PairScene<'_>) {
        let base = self.block.wrapping_mul(BLOCK as u64);
        let Some(at) = scan.checked_sub(base).filter(|at| *at < BLOCK as u64) else {
            return;
        };
        let Some(track) = &mut self.track else {
            return;
        };
        if let Some(hit) = self.history.last_hit(at as u32)
            && track.course.at != scene.time(base.wrapping_add_signed(hit))
        {
            track.course = scene.course(base.wrapping_add_signed(hit));
        }
    }

    /// Scans `from` up to and not including `to` of the open block; `visited` is the bit of the one that is visited, if one is.
    /// Whether the rules let the site fire at that.
    fn within_block(
        &mut self,
        base: u64,
        (from, to): (usize, usize),
        visited: u64,
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) -> bool {
        let observer = scene.cx.observer;
        let all = bits_between(from, to);
        self.counts.looks += u64::from((self.looks & all).count_ones());
        self.counts.detections += u64::from((self.hits & all).count_ones());
        // What confirms is asked only while there is no track.
        let mut confirms = 0;
        if self.track.is_none() {
            confirms = self.history.confirms(&observer.tracker);
            if confirms & all == 0 {
                return false;
            }
        }
        let mut drops = self.history.drops(&observer.tracker);
        let candidates = self.candidates & all;
        let turns = self.turns();
        let mut candidate = false;
        // Candidates from `told` on are not yet accounted for, nor, from `watched` on, where the track is about a zone.
        let (mut at, mut told, mut watched) = (from, from, from);
        while at < to {
            if self.track.is_none() {
                let confirming = confirms & bits_between(at, to);
                if confirming == 0 {
                    break;
                }
                at = confirming.trailing_zeros() as usize;
                self.begin(base + at as u64, scene, outlet);
                // A track that is just confirmed is not dropped at the same scan.
                drops &= !(1 << at);
                (told, watched) = (at, at);
            }
            let Some(track) = &mut self.track else { break };
            let rest = bits_between(at, to);
            // What the rules decline they decline at a visit, too.
            let visit = if track.authorization().is_some() {
                visited
            } else {
                0
            };
            let settled = first_bits_from(track.settled_until(), base, scene);
            let open = candidates & (turns | visit | settled);
            let bit = |scan: u64| match scan.saturating_sub(base).max(at as u64) {
                due if due < to as u64 => 1u64 << due,
                _ => 0,
            };
            let (declares, checks) = (bit(track.next_declaration), bit(track.next_check()));
            let next = ((drops | declares | checks | open) & rest).trailing_zeros() as usize;
            self.note_inside(candidates & bits_between(told, next.min(to)), base, scene);
            told = next.min(to);
            self.watch_zone(bits_between(watched, told), base, scene);
            watched = told;
            if next >= to {
                break;
            }
            at = next;
            let scan = base + at as u64;
            if drops >> at & 1 == 1 {
                self.update_course(scan, scene);
                self.close(scene.time(scan), TrackEnd::Dropped, scene, outlet);
                self.history.forget_through(at as u32);
                confirms = self.history.confirms(&observer.tracker);
                drops = self.history.drops(&observer.tracker);
                at += 1;
                continue;
            }
            if declares >> at & 1 == 1 {
                // Up to the next scan that is visited for another reason there are only declarations.
                let others = (drops | checks | open) & bits_between(at + 1, to);
                let stop = (others.trailing_zeros() as usize).min(to);
                at = self.declare_until(base, (at, stop), (candidates, open), scene, outlet);
                self.note_inside(candidates & bits_between(told, at), base, scene);
                told = at;
            } else if checks >> at & 1 == 1 {
                self.check_due(scan, scene, outlet);
            }
            self.watch_zone(bits_between(watched, at + 1), base, scene);
            watched = at + 1;
            let scan = base + at as u64;
            let time = scene.time(scan);
            let unsettled = |track: &Track| time >= track.settled_until();
            let asked = candidates >> at & 1 == 1
                && ((turns | visit) >> at & 1 == 1 || self.track.as_ref().is_some_and(unsettled));
            if asked {
                candidate |= self.consider(scan, visited >> at & 1 == 1, scene, outlet);
                told = at + 1;
            }
            at += 1;
        }
        self.note_inside(candidates & bits_between(told, to), base, scene);
        candidate
    }

    /// At these scans the rules say of the track what they said before.
    fn note_inside(&mut self, scans: u64, base: u64, scene: &PairScene<'_>) {
        if let (Some(track), Some(last)) = (&mut self.track, scans.checked_ilog2()) {
            self.last_inside = scene.time(base + u64::from(last));
            track.note_inside(self.last_inside);
        }
    }

    /// Takes note of where the track is at these scans, between which no plan check falls, where rule R10 asks
    /// for how long it has been in its zone.
    fn watch_zone(&mut self, scans: u64, base: u64, scene: &PairScene<'_>) {
        if scene.cx.observer.rules.watched_zone().is_none() {
            return;
        }
        let mut left = scans;
        while left != 0 {
            let scan = base + u64::from(left.trailing_zeros());
            left &= left - 1;
            self.update_course(scan, scene);
            if let Some(track) = &mut self.track {
                track.watch_zone(scene.time(scan), &scene.cx);
            }
        }
    }

    /// Candidates before which something else was the case, and those at which only a look at the place can tell.
    fn turns(&self) -> u64 {
        !(self.candidates << 1) | !self.certain
    }

    /// Asks the rules at a scan. Whether they let the site fire at it, if it is visited; if not, the site could not have fired.
    fn consider(
        &mut self,
        scan: u64,
        visited: bool,
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) -> bool {
        self.update_course(scan, scene);
        let time = scene.time(scan);
        let Some(track) = &mut self.track else {
            return false;
        };
        let source = scene.source();
        let considered = track.consider(time, &source, Some(self.last_inside), &scene.cx, outlet);
        if considered.inside {
            self.last_inside = time;
        }
        if considered.candidate && !visited {
            let reason = scene.cx.situation.why_not(time);
            let place = scene.place(time);
            let decision = Decision {
                rule: "weapon",
                reason,
            };
            track.decline(time, decision, scene.cx.observer.id, place, outlet.recorder);
        }
        considered.candidate && visited
    }

    fn begin(&mut self, scan: u64, scene: &PairScene<'_>, outlet: &mut Outlet<'_>) {
        let time = scene.time(scan);
        let course = scene.course(scan);
        let params = scene.params;
        let key = params.key.nth(self.counts.tracks);
        self.counts.tracks += 1;
        let mut track = Track::new(scene.new_number(scan), key, params.aircraft, scan, course);
        if let Some(lost) = self.lost.take_if(|lost| scene.recalls(lost, scan)) {
            track = track.recall(lost, scan, &scene.cx);
        }
        track.announce(&scene.cx, scene.place(time), outlet.recorder);
        track.reconsider(scan, &scene.source(), &scene.cx, outlet.recorder);
        self.track = Some(track);
    }

    /// Makes the plan check due at a scan without a declaration.
    fn check_due(&mut self, scan: u64, scene: &PairScene<'_>, outlet: &mut Outlet<'_>) {
        self.update_course(scan, scene);
        if let Some(track) = &mut self.track {
            track.check_due(scan, &scene.source(), &scene.cx, outlet.recorder);
        }
    }

    /// Makes the declaration due at scan `at` and, where nothing hangs on each of them, those due after it before scan `stop`; the
    /// scan of the last.
    fn declare_until(
        &mut self,
        base: u64,
        (at, stop): (usize, usize),
        (candidates, open): (u64, u64),
        scene: &PairScene<'_>,
        outlet: &mut Outlet<'_>,
    ) -> usize {
        let every = scene.cx.observer.declares_every() as usize;
        let runs = Track::takes_runs(&scene.cx, outlet.recorder);
        // Where a rule is asked, it is asked with what has been declared by then.
        let asked = open >> at & 1 == 1;
        let until = if asked { at + 1 } else { stop };
        if runs && let Some(last) = self.declare_while(base, (at, until), scene) {
            return last;
        }
        // A run does not tell when identities changed within it.
        let runs = runs && scene.params.plan.is_none() && !outlet.recorder.histories();
        let passes = candidates & bits_between(at, stop) != 0;
        let count = (stop - at).div_ceil(every);
        let Some(track) = &mut self.track else {
            return at;
        };
        let single =
            !runs || track.has_gap() || asked || passes && !track.holds_through(count, &scene.cx);
        if single {
            let scan = base + at as u64;
            let declared = self.declared_at(scan, scene);
            if needs_course(scan, scene) {
                self.update_course(scan, scene);
            }
            if let Some(track) = &mut self.track {
                let before = track.basis();
                track.declare(scan, declared, &scene.source(), &scene.cx, outlet.recorder);
                if track.basis() != before {
                    track.unsettle(Millis(i64::MIN));
                }
            }
            return at;
        }
        let mut scans = 0u64;
        let mut declares = at;
        while declares < stop {
            scans |= 1 << declares;
            declares += every;
        }
        let sources = (&mut self.open, &mut self.glimpse);
        let declared = declared_in(&mut self.declared, self.block, sources, scene);
        if let Some(track) = &mut self.track {
            let identifier = &*scene.cx.observer.identifier;
            track.declare_run(scans, base, &scene.cx, |evidence, noted| {
                identifier.declare_run(declared, scans, evidence, noted)
            });
            if passes {
                track.work_out_identity(&scene.cx);
            }
        }
        declares - every
    }

    /// Makes declarations from scan `at` of the block on before scan `stop`, until one changes the identity, where all that may come of
    /// them is another identity; the scan of the last.
    fn declare_while(
        &mut self,
        base: u64,
        (at, stop): (usize, usize),
        scene: &PairScene<'_>,
    ) -> Option<usize> {
        let observer = scene.cx.observer;
        let track = self.track.as_ref()?;
        let checks = scene.params.plan.is_some();
        if !observer.identifier.repeats() && !checks || track.has_gap() || !track.is_declared() {
            return None;
        }
        let stop = if checks {
            let holds = observer.clock.first_from(track.check_holds().0.max(0));
            stop.min(holds.saturating_sub(base).min(BLOCK as u64) as usize)
        } else {
            stop
        };
        let mut scans = 0u64;
        let mut declares = at;
        while declares < stop {
            scans |= 1 << declares;
            declares += observer.declares_every() as usize;
        }
        let placed = scene.params.plan.as_ref();
        if placed.is_some_and(|plan| plan.looks_at_place(scene.time(base + at as u64))) {
            let found = track.basis().1;
            let astray = found_astray(&self.history, base, scans, found, scene);
            scans &= bits_between(0, astray.trailing_zeros() as usize);
        }
        if scans == 0 {
            return None;
        }
        let sources = (&mut self.open, &mut self.glimpse);
        let declared = declared_in(&mut self.declared, self.block, sources, scene);
        let track = self.track.as_mut()?;
        track.work_out_identity(&scene.cx);
        let matched = checks.then(|| track.basis().1.matched());
        Some((track.declare_while(scans, base, &scene.cx, declared, matched) - base) as usize)
    }

    fn declared_at(&mut self, scan: u64, scene: &PairScene<'_>) -> Declaration {
        let declared = declared_in(
            &mut self.declared,
            self.block,
            (&mut self.open, &mut self.glimpse),
            scene,
        );
        let column = declared.column((scan % BLOCK as u64) as usize);
        // Nobody else asks which of the values it is.
        let operated = scene.cx.observer.operator.is_some();
        let piece = operated
            .then(|| scene.look(scan, &mut self.glimpse))
            .flatten();
        Declaration {
            column,
            appearance: piece.map_or(0, |piece| piece.number),
        }
    }

    /// A scan from the first undone on, before which no visit can matter: at it, as far as is known, the rules may come to let a
    /// site that is `ready` fire, or the track of an engagement may end. Nothing if that is not before the next of the runs in which
    /// the track may be inside the envelope.
    pub fn next_visit(&mut self, ready: bool, scene: &PairScene<'_>) -> Option<u64> {
        let engaged = self.tracks().any(|track| track.engagement.is_some());
        if !engaged && !ready || self.next == u64::MAX {
            return None;
        }
        let next = self.next;
        let near = scene.near;
        let run = near.get(near.partition_point(|run| run.end <= next));
        let in_run = run.is_some_and(|run| run.from <= next);
        if !engaged && !in_run {
            return None;
        }
        if self.track.is_none() {
            let first = self.first_look(scene);
            if first > next {
                return run.filter(|run| first < run.end).map(|_| first);
            }
        }
        if next / BLOCK as u64 != self.block {
            return Some(next);
        }
        let base = self.block * BLOCK as u64;
        let rest = bits_between((next - base) as usize, BLOCK);
        let tracker = &scene.cx.observer.tracker;
        let beyond = base + BLOCK as u64;
        let continues = engaged || run.is_some_and(|run| run.end > beyond);
        let track = self.track.as_ref();
        let asks = track.is_none_or(|track| track.engagement.is_none())
            || scene.cx.observer.rules.queues();
        let bits = match &self.track {
            None => self.history.confirms(tracker) & rest,
            Some(track) => {
                let candidates = if asks { self.candidates & rest } else { 0 };
                let (worked_out, block) = (&mut self.declared, self.block);
                let sources = (&mut self.open, &mut self.glimpse);
                let (history, found) = (&self.history, track.basis().1);
                let astray = |scans| found_astray(history, base, scans, found, scene);
                let changes = track.may_open(scene.params, &scene.cx, base, astray, move || {
                    declared_in(worked_out, block, sources, scene)
                });
                let changes = changes.saturating_sub(base);
                let changes = bits_between(changes.min(BLOCK as u64) as usize, BLOCK);
                // What the rules decline they decline wherever it is, while that holds.
                let (settled, turns) = match track.authorization() {
                    None => (track.declines_until(), 0),
                    Some(_) => (track.settled_until(), self.turns()),
                };
                let settled = first_bits_from(settled, base, scene);
                let asked = candidates & (turns | changes | settled);
                let drops = self.history.drops(tracker) & rest;
                // A track that is lost may be found again; where it was before does not matter then.
                asked
                    | if candidates == 0 && !engaged {
                        0
                    } else {
                        drops
                    }
            }
        };
        match bits.trailing_zeros() {
            64 if continues => Some(beyond),
            64 => None,
            bit => Some(base + u64::from(bit)),
        }
    }
}

/// Where a track is at a scan of the open block, as it was last seen; nothing where it was not seen in this block or the last.
fn place_at(history: &History, base: u64, at: u32, scene: &PairScene<'_>) -> Option<Vector3<f64>> {
    let hit = history.last_hit(at)?;
    let course = scene.course(base.wrapping_add_signed(hit));
    Some(course.place_at(scene.time(base + u64::from(at))))
}

/// Of some scans of the open block, at which a plan check would find of the aircraft what was found last, the first at which it may
/// find something else of the track, as a bit: that may be elsewhere.
fn found_astray(
    history: &History,
    base: u64,
    scans: u64,
    found: NoticeState,
    scene: &PairScene<'_>,
) -> u64 {
    let id_source = scene.cx.observer.identifier.spec.flight_plan.as_ref();
    let same = |at: u32| {
        let (id_source, plan) = id_source.zip(scene.params.plan.as_ref())?;
        let place = place_at(history, base, at, scene)?;
        let time = scene.time(base + u64::from(at));
        Some(plan.check(id_source, scene.planned, time, place) == found)
    };
    let mut astray = bits(coasting(history, base, scans, scene));
    let first = astray.find(|&at| same(at) != Some(true));
    first.map_or(0, |at| 1 << at)
}

/// The bits that are set, from the lowest on.
fn bits(mut set: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(lowest)
    })
}

/// Of some scans of the open block those at which a track may not be where the aircraft is: nothing was seen, and the aircraft has
/// not flown straight on since it was.
fn coasting(history: &History, base: u64, scans: u64, scene: &PairScene<'_>) -> u64 {
    let missed = scans & !history.hits;
    // At these it has not been seen at all.
    let unseen = match history.before {
        0 => missed & bits_between(0, history.hits.trailing_zeros() as usize),
        _ => 0,
    };
    let legs = &scene.trajectory.legs;
    let leg_at = |scan: i64| {
        let clock = &scene.cx.observer.clock;
        let time_s = (clock.first_ms + scan * clock.period_ms) as f64 / 1000.0;
        legs.partition_point(|leg| leg.span.end_s < time_s)
    };
    let straight = |leg: usize| {
        let path = legs.get(leg).map(|leg| leg.path);
        matches!(path, Some(Path::Line { .. }))
    };
    if missed == unseen {
        return unseen;
    }
    let (first, last) = (leg_at(base as i64 - BLOCK as i64), leg_at(base as i64 + 63));
    if first == last && straight(first) {
        return 0;
    }
    let mut coasting = unseen;
    for at in bits(missed & !unseen) {
        let leg = leg_at(base as i64 + i64::from(at));
        let on_course = history
            .last_hit(at)
            .is_some_and(|hit| straight(leg) && leg_at(base as i64 + hit) == leg);
        coasting |= u64::from(!on_course) << at;
    }
    coasting
}

/// What is declared in the open block, worked out if it has not been.
fn declared_in<'a>(
    (worked_out, declared): &'a mut (u64, DeclaredBlock),
    block: u64,
    (open, glimpse): (&mut OpenBlock, &mut Glimpse),
    scene: &PairScene<'_>,
) -> &'a DeclaredBlock {
    if *worked_out == block {
        return declared;
    }
    *worked_out = block;
    let observer = scene.cx.observer;
    let base = block * BLOCK as u64;
    let columns = observer.identifier.declare(scene.params.truth_row);
    if observer.identifier.appearance.persists() {
        let mut from = 0;
        while from < BLOCK {
            let Some(piece) = scene.look(base + from as u64, glimpse) else {
                break;
            };
            let until = observer.clock.first_from(piece.until.0) - base;
            let to = until.min(BLOCK as u64) as usize;
            columns.spread(piece.word, bits_between(from, to), declared);
            from = to;
        }
    } else {
        let draws = scene.draws();
        let leading = &open.leading(&draws, block).declarations;
        let word = |scan: usize| draws.declaration_word(base + scan as u64, leading[scan]);
        columns.sort(leading, word, declared);
    }
    declared
}

/// Whether a declaration looks at where the track is.
fn needs_course(scan: u64, scene: &PairScene<'_>) -> bool {
    let plan = scene.params.plan.as_ref();
    scene.cx.observer.asks_more || plan.is_some_and(|plan| plan.looks_at_place(scene.time(scan)))
}

/// The scans of a block that are in some runs, and those of them that are inside for sure.
fn scans_in(runs: &[Run], base: u64) -> (u64, u64) {
    let next = runs.partition_point(|run| run.end <= base);
    let end = base + BLOCK as u64;
    let (mut scans, mut exact) = (0, 0);
    for run in runs[next..].iter().take_while(|run| run.from < end) {
        let from = run.from.saturating_sub(base) as usize;
        let bits = bits_between(from, (run.end.min(end) - base) as usize);
        scans |= bits;
        if run.exact {
            exact |= bits;
        }
    }
    (scans, exact)
}

/// The scans of a block from `time` on.
fn first_bits_from(time: Millis, base: u64, scene: &PairScene<'_>) -> u64 {
    let clock = &scene.cx.observer.clock;
    if time.0 <= clock.time_ms(base) {
        return u64::MAX;
    }
    if time == Millis::NEVER {
        return 0;
    }
    let first = clock.first_from(time.0) - base;
    bits_between(first.min(BLOCK as u64) as usize, BLOCK)
}
