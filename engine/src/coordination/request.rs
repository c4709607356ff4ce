//! What a rule may read when a site asks whether it may fire, and what the rules have said so far.
//!
//! A [`TrackView`] is all that a decision sees of a track: numbers that the site believes, with no way to the aircraft. The
//! truth lives elsewhere and cannot be reached from here: nothing in this type names an aircraft, its key or its path.
//! [`CrewDraws`] are how the crew handles this aircraft: they can be drawn, and say nothing else of it.

use nalgebra::Vector3;

use super::{CommandLink, Enquiries, Fallback, Reply, Stage, WeaponsControl};
use crate::geometry::Point;
use crate::ids::{ClassId, Key, SideId};
use crate::record::{Decision, Identity, NoticeState, Reason};
use crate::streams::{Purpose, Stream, Streams};
use crate::units::Millis;

/// A track as a site holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackView {
    /// Now.
    pub time: Millis,
    /// Where the site holds it to be, m.
    pub place: Vector3<f64>,
    /// Its present course as the site holds it, m/s.
    pub velocity_mps: Vector3<f64>,
    /// Identity held.
    pub identity: Identity,
    /// Since when it has been Hostile without a break; nothing if it is not.
    pub hostile_since: Option<Millis>,
    /// When it was first identified as Hostile, whatever it has been identified as since.
    pub first_hostile: Option<Millis>,
    /// Whether what was last declared about it is a type that rule R10 takes for civil.
    pub declared_civil: bool,
    /// Since when it has been where rule R10 closes the airspace, and matched no plan, without a break; nothing if it is not so,
    /// or the rule asks for no dwell.
    pub violating_since: Option<Millis>,
    /// What the plan check found.
    pub notice: NoticeState,
}

/// The question whether a site may fire at a track.
#[derive(Debug, Clone, Copy)]
pub struct EngagementRequest<'a> {
    /// The track.
    pub track: TrackView,
    /// Where the site is.
    pub site: Point,
    /// Whose it is.
    pub side: SideId,
    /// The class of the site.
    pub class: ClassId,
    /// Its command link.
    pub command_link: &'a CommandLink,
    /// When the site last began an engagement of another track.
    pub engaged_another: Option<Millis>,
    /// Whether a position reported on the feed of rule R14 is close to the track.
    pub near_report: bool,
    /// Until when an order to cease fire holds at the site, if one does.
    pub ceased_until: Option<Millis>,
    /// How the crew handles this track.
    pub draws: CrewDraws<'a>,
}

/// How the crew of a site handles one aircraft: looked up where it is used, the same however often it is asked.
#[derive(Debug, Clone, Copy)]
pub struct CrewDraws<'a> {
    streams: &'a Streams,
    site: Key,
    about: Key,
}

impl<'a> CrewDraws<'a> {
    /// Those of a site about whatever its draws are keyed by.
    pub fn new(streams: &'a Streams, site: Key, about: Key) -> CrewDraws<'a> {
        CrewDraws {
            streams,
            site,
            about,
        }
    }

    /// Whether the crew acts on a rule: with this probability, one draw per site and aircraft; `index` tells rules apart.
    pub(super) fn complies(&self, index: u64, probability: f64) -> bool {
        // A uniform number is below 1 and not below 0: nothing needs to be drawn.
        probability >= 1.0
            || probability > 0.0
                && self
                    .about(Purpose::CrewCompliance)
                    .happens(index, probability)
    }

    /// Draws of the site about the aircraft.
    pub(super) fn about(&self, purpose: Purpose) -> Stream {
        self.streams.about(purpose, self.site, self.about)
    }

    /// Draws of the site about nothing in particular.
    pub(super) fn of_site(&self, purpose: Purpose) -> Stream {
        self.streams.about(purpose, self.site, Key::NONE)
    }
}

/// What the rules say of a track, and how long that holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling {
    /// `Ok`: fire; `Err`: do not; with the rule that decides.
    pub decision: Result<Decision, Decision>,
    /// Before this time it stays so while identity and plan check stay what they are and nothing happens at the site.
    pub until: Millis,
    /// What could have the site fire before that.
    pub opens: Opens,
}

/// What could turn a verdict against firing before it ends to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// Another identity, or another result of the plan check.
    Another,
    /// That the track is identified as Hostile.
    Hostile,
    /// Nothing.
    Nothing,
}

/// A rule's turn to speak about a track.
#[derive(Debug)]
pub(crate) struct Consultation<'a> {
    /// When it speaks.
    pub stage: Stage,
    /// The question whether the site may fire at the track.
    pub request: &'a EngagementRequest<'a>,
    /// What was said before it, to which it adds what it allows or declines, and for how long that holds.
    pub verdict: &'a mut Verdict,
    /// What has been asked about the track.
    asked: &'a mut Enquiries,
    /// Whether it may have the site ask: not where a decision is recorded.
    asks: bool,
}

/// What has come of a question that a rule has the site put.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Heard {
    /// It has not been put.
    Unasked,
    /// An answer is awaited, and fire held for it.
    Awaiting,
    /// The time to wait is over, and no answer is there.
    TimedOut,
    /// An answer is there.
    Answer {
        /// What it says.
        reply: Reply,
        /// How long after the question it was there.
        after: Millis,
    },
}

/// Whether a crew holds its fire at a track because of where it is or what was found of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// The rule that says so.
    pub rule: &'static str,
    /// Whether the rule forbids fire at the track now.
    pub here: bool,
    /// Whether the crew acts on the rule.
    pub heeded: bool,
    /// Whether that stays so while identity and plan check stay what they are; else it may be different at the next scan.
    pub settled: bool,
    /// Why fire is held.
    pub reason: Reason,
    /// Whether self-defence may fire all the same.
    pub yields: bool,
    /// The words for a rule that would forbid and is not heeded, and for one that does not forbid.
    pub otherwise: [&'static str; 2],
}

impl<'a> Consultation<'a> {
    /// The turn of a rule that may have the site ask.
    pub(super) fn new(
        stage: Stage,
        request: &'a EngagementRequest<'a>,
        verdict: &'a mut Verdict,
        asked: &'a mut Enquiries,
    ) -> Consultation<'a> {
        Consultation {
            stage,
            request,
            verdict,
            asked,
            asks: true,
        }
    }

    /// The same for the record of a decision: nothing is asked.
    pub(super) fn recorded(self) -> Consultation<'a> {
        Consultation {
            asks: false,
            ..self
        }
    }

    /// Holds fire if the rule forbids it and the crew heeds that; gives the rule's word.
    pub(super) fn holds_fire(&mut self, held: Held) -> &'static str {
        if held.heeded && !held.settled {
            self.verdict.next_scan();
        }
        match (held.here, held.heeded, held.yields) {
            (true, true, true) => self.verdict.decline_yielding(held.rule, held.reason),
            (true, true, false) => self.verdict.decline(held.rule, held.reason),
            (true, false, _) => return held.otherwise[0],
            (false, ..) => return held.otherwise[1],
        }
        held.reason.code()
    }

    /// Has the site ask on behalf of a rule, if that has not been done, and holds fire for `awaiting` until an answer is there, but no
    /// longer than `timeout`. Nobody outside is asked on a site's own (rule R4).
    pub(super) fn asks(
        &mut self,
        rule: &'static str,
        awaiting: Reason,
        timeout: Option<Millis>,
    ) -> Heard {
        let now = self.request.track.time;
        let alone = self.stage >= Stage::Ask && self.verdict.autonomous();
        let made = match self.asks && !alone {
            true => Some(self.asked.ask(rule, now)),
            false => self.asked.made(rule).copied().filter(|_| !alone),
        };
        let Some(made) = made else {
            return Heard::Unasked;
        };
        // A question that has not got through may at the next scan.
        let there = made.reply.map_or(now + Millis(1), |reply| reply.at);
        if let Some(reply) = made.reply.filter(|_| there <= now) {
            let after = reply.at - made.at;
            return Heard::Answer { reply, after };
        }
        let gives_up = timeout.map_or(Millis::NEVER, |timeout| made.at + timeout);
        self.verdict.until(there);
        self.verdict.until(gives_up);
        if now >= gives_up {
            return Heard::TimedOut;
        }
        self.verdict.decline_yielding(rule, awaiting);
        Heard::Awaiting
    }
}

/// What the rules asked so far say of a track.
#[derive(Debug, Clone, Copy)]
pub struct Verdict {
    now: Millis,
    decision: Option<Result<Decision, Decision>>,
    /// The weapons control status in force.
    pub status: WeaponsControl,
    /// What is said because of the status, where another rule than R1 has set it.
    pub status_by: Option<Decision>,
    /// What rule R4 has the site do, where the command link has been down for long enough.
    pub fallback: Option<Fallback>,
    /// Whether self-defence may allow what is declined.
    yields: bool,
    until: Millis,
    /// What could have the site fire before that.
    pub opens: Opens,
}

impl Verdict {
    /// Nothing has been said yet.
    pub(super) fn new(now: Millis) -> Verdict {
        Verdict {
            now,
            decision: None,
            status: WeaponsControl::Tight,
            status_by: None,
            fallback: None,
            yields: false,
            until: Millis::NEVER,
            opens: Opens::Another,
        }
    }

    /// What decides so far; nothing before any rule has.
    pub fn decision(&self) -> Option<Result<Decision, Decision>> {
        self.decision
    }

    /// Whether something is declined.
    pub fn declined(&self) -> Option<Decision> {
        self.decision?.err()
    }

    /// Whether it is allowed.
    pub fn permitted(&self) -> Option<Decision> {
        self.decision?.ok()
    }

    /// Whether self-defence may allow what is declined.
    pub fn yields(&self) -> bool {
        self.yields
    }

    /// Allows it.
    pub(super) fn permit(&mut self, rule: &'static str, reason: Reason) {
        self.decision = Some(Ok(Decision { rule, reason }));
    }

    /// Declines it, in self-defence too.
    pub(super) fn decline(&mut self, rule: &'static str, reason: Reason) {
        self.decision = Some(Err(Decision { rule, reason }));
        self.yields = false;
    }

    /// Declines it, but in self-defence.
    pub(super) fn decline_yielding(&mut self, rule: &'static str, reason: Reason) {
        self.decline(rule, reason);
        self.yields = true;
    }

    /// What is said holds no longer than this.
    pub(super) fn until(&mut self, time: Millis) {
        if time > self.now {
            self.until = self.until.min(time);
        }
    }

    /// It depends on where the track is, or on anything else that may be different at the next scan.
    pub(super) fn next_scan(&mut self) {
        self.until = self.until.min(self.now + Millis(1));
    }

    /// Whether rule R4 has the site act on its own: then nobody outside is asked.
    pub(super) fn autonomous(&self) -> bool {
        self.fallback == Some(Fallback::Autonomous)
            || self
                .permitted()
                .is_some_and(|decision| decision.reason == Reason::LostCommsAutonomous)
    }

    /// What it comes to; what nobody allows is declined.
    pub(super) fn ruling(&self) -> Ruling {
        Ruling {
            decision: self.decision.unwrap_or(Err(Decision {
                rule: "R1",
                reason: Reason::WeaponsTight,
            })),
            until: self.until,
            opens: self.opens,
        }
    }
}
