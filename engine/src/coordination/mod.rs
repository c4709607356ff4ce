//! Who may fire at what, when: the rules, one file each.
//!
//! A rule is a guard on the decision to fire. [`RULES`] is the one list of them; parser, schema, `deconflict rules`
//! and the knob test read it. Order and precedence are stated in [`Rules::judge`].

mod agreed_squawk;
mod airspace_closure;
mod blue_force_feed;
mod cease_fire;
mod conformance_monitoring;
mod corridors;
mod engagement_authority;
mod enquiries;
mod flight_plan_notice;
mod height_blocks;
mod hostile_criteria;
mod hotline_query;
mod lost_comms;
mod optical_confirmation;
mod request;
mod restricted_zone;
mod second_operator;
mod self_defence;
mod time_windows;
mod weapons_control;
mod zone_of_responsibility;

use request::Holds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airspace::{Corridor, Zone};
use crate::identification::Criteria;
use crate::ids::{Key, NodeId};
use crate::record::{Decision, Reason, RuleWord};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub use agreed_squawk::AgreedSquawkSpec;
pub use airspace_closure::{AirspaceClosure, AirspaceClosureSpec};
pub use blue_force_feed::BlueForceFeedSpec;
pub use cease_fire::{CeaseFireSpec, InFlight};
pub use conformance_monitoring::{ConformanceMonitoringSpec, Deviation};
pub use corridors::CorridorsSpec;
pub use engagement_authority::{
    Answer, ApprovalFile, AuthorityLevel, Desks, EngagementAuthoritySpec, OnTimeout,
};
pub use enquiries::{Asked, Enquiries, Enquiry};
pub use flight_plan_notice::FlightPlanNoticeSpec;
pub use height_blocks::{HeightBlockSpec, HeightBlocksSpec, HeightFile};
pub use hostile_criteria::{HostileCriteriaSpec, HostileOn};
pub use hotline_query::{HotlineFile, HotlineQuerySpec};
pub use lost_comms::{CommonLine, Fallback, HoursSpec, Line, LostCommsSpec};
pub use optical_confirmation::{IfUnclear, LookFile, OpticalConfirmationSpec};
pub use request::{EngagementRequest, Opens, Ruling, TrackView};
pub use restricted_zone::{Compliance, RestrictedZone, RestrictedZoneSpec};
pub use second_operator::{SecondFile, SecondOperatorSpec};
pub use self_defence::SelfDefenceSpec;
pub use time_windows::{TimeWindows, TimeWindowsSpec};
pub use weapons_control::{WeaponsControl, WeaponsControlSpec, ZoneStatusSpec};
pub use zone_of_responsibility::{AreaOfResponsibilitySpec, ZoneOfResponsibilitySpec};

/// What `deconflict rules` says of a rule.
#[derive(Debug, Clone, Copy)]
pub struct RulePage {
    /// Its number in the model page: `R1`.
    pub id: &'static str,
    /// Its key under `[rules]`.
    pub key: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it does, how it fails, what it costs, source.
    pub page: &'static str,
    /// Its tunable parameters.
    pub parameters: &'static [Parameter],
    /// The reason codes it may write.
    pub reasons: &'static [&'static str],
}

/// A tunable parameter of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Key under the rule's table.
    pub key: &'static str,
    /// Unit, or `choice` and the like.
    pub unit: &'static str,
    /// Default, as it would be typed.
    pub default: &'static str,
    /// Range or choices.
    pub range: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

/// A parameter in one line.
const fn parameter(
    key: &'static str,
    unit: &'static str,
    default: &'static str,
    range: &'static str,
    meaning: &'static str,
) -> Parameter {
    Parameter {
        key,
        unit,
        default,
        range,
        meaning,
    }
}

macro_rules! rules {
    ($($module:ident: $spec:ty;)*) => {
        /// The coordination rules of a scenario; a rule that is not named is off.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct RulesSpec {
            $(
                #[doc = concat!("See `deconflict rules`: ", stringify!($module), ".")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $module: Option<$spec>,
            )*
        }

        /// Every rule there is, by number.
        pub static RULES: &[&RulePage] = &[$(&$module::PAGE,)*];
    };
}

// One line a rule.
rules! {
    weapons_control: WeaponsControlSpec;
    hostile_criteria: HostileCriteriaSpec;
    engagement_authority: EngagementAuthoritySpec;
    lost_comms: LostCommsSpec;
    self_defence: SelfDefenceSpec;
    flight_plan_notice: FlightPlanNoticeSpec;
    hotline_query: HotlineQuerySpec;
    time_windows: TimeWindowsSpec;
    corridors: CorridorsSpec;
    restricted_zone: RestrictedZoneSpec;
    height_blocks: HeightBlocksSpec;
    zone_of_responsibility: ZoneOfResponsibilitySpec;
    agreed_squawk: AgreedSquawkSpec;
    blue_force_feed: BlueForceFeedSpec;
    conformance_monitoring: ConformanceMonitoringSpec;
    optical_confirmation: OpticalConfirmationSpec;
    second_operator: SecondOperatorSpec;
    airspace_closure: AirspaceClosureSpec;
    cease_fire: CeaseFireSpec;
}

/// What rules refer to by name, in the order of the names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Named<'a> {
    /// Zones.
    pub zones: &'a [Zone],
    /// Corridors.
    pub corridors: &'a [Corridor],
    /// Aircraft types.
    pub types: &'a [String],
    /// Nodes of the coordination graph.
    pub nodes: &'a [String],
    /// Site classes.
    pub classes: &'a [String],
    /// Time from UTC midnight to the start, s.
    pub start_of_day_s: f64,
}

/// The rules in force, ready to use.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    weapons_control: weapons_control::WeaponsControlRule,
    hostile_criteria: Option<hostile_criteria::HostileCriteriaRule>,
    self_defence: Option<SelfDefenceSpec>,
    flight_plan_notice: Option<FlightPlanNoticeSpec>,
    hotline_query: Option<hotline_query::HotlineQueryRule>,
    corridors: Option<corridors::CorridorsRule>,
    restricted_zone: Option<RestrictedZone>,
    engagement_authority: Option<EngagementAuthoritySpec>,
    lost_comms: Option<lost_comms::LostCommsRule>,
    time_windows: Option<TimeWindows>,
    height_blocks: Option<HeightBlocksSpec>,
    zone_of_responsibility: Option<zone_of_responsibility::ZoneOfResponsibilityRule>,
    blue_force_feed: Option<BlueForceFeedSpec>,
    conformance_monitoring: Option<ConformanceMonitoringSpec>,
    optical_confirmation: Option<optical_confirmation::OpticalConfirmationRule>,
    second_operator: Option<SecondOperatorSpec>,
    airspace_closure: Option<AirspaceClosure>,
    cease_fire: Option<CeaseFireSpec>,
}

/// How the crew of a site handles one aircraft, drawn before the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PairDraws {
    /// Whether it acts on a match with a plan (rule R6).
    pub heeds_plans: bool,
    /// What a query brings (rule R7).
    pub hotline: HotlineFile,
    /// Whether it acts on corridors (rule R9).
    pub heeds_corridors: bool,
    /// Whether it enforces the restricted zone (rule R10).
    pub enforces_zone: bool,
    /// What its authority does about a request (rule R3).
    pub approval: ApprovalFile,
    /// By how much its clock for agreed windows is fast (rule R8).
    pub window_clock: Millis,
    /// How it measures the height (rule R11).
    pub height: HeightFile,
    /// Whether it keeps to its zone of responsibility (rule R12).
    pub heeds_responsibility: bool,
    /// Whether it acts on the blue-force feed (rule R14).
    pub heeds_feed: bool,
    /// What a look before the first shot brings (rule R16).
    pub look: LookFile,
    /// What its second operator answers (rule R17).
    pub second: SecondFile,
    /// How long after its side's first shot at the aircraft the owner calls, if he does (rule R19).
    pub owner_calls: Option<Millis>,
}

/// What is true of a site and an aircraft before any draw about the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Whether the site is one of the authority's of the restricted zone.
    pub under_authority: bool,
    /// Whether somebody on the hotline may know the aircraft.
    pub on_the_line: bool,
    /// When its plan reaches the node that answers the hotline.
    pub plan_at_node: Millis,
    /// Whether the site should hold it for hostile.
    pub hostile: bool,
    /// Its critical dimension to optics, m.
    pub critical_dimension_m: f64,
    /// What draws of the site's side are keyed by.
    pub side: Key,
    /// What draws of the desk that releases the site's fire are keyed by.
    pub desk: Key,
}

impl Rules {
    /// Makes checked rules ready.
    pub fn new(spec: &RulesSpec, named: &Named<'_>) -> Rules {
        let zones = named.zones;
        Rules {
            weapons_control: weapons_control::WeaponsControlRule::new(
                spec.weapons_control.as_ref(),
                zones,
            ),
            hostile_criteria: spec
                .hostile_criteria
                .as_ref()
                .map(|rule| hostile_criteria::HostileCriteriaRule::new(rule, named.types)),
            self_defence: spec.self_defence.clone(),
            flight_plan_notice: spec.flight_plan_notice.clone(),
            hotline_query: spec
                .hotline_query
                .as_ref()
                .map(|rule| hotline_query::HotlineQueryRule::new(rule, named.nodes)),
            corridors: spec
                .corridors
                .as_ref()
                .map(|rule| corridors::CorridorsRule::new(rule, named.corridors)),
            restricted_zone: spec
                .restricted_zone
                .as_ref()
                .and_then(|rule| RestrictedZone::new(rule, zones, named.nodes)),
            engagement_authority: spec.engagement_authority.clone(),
            lost_comms: spec.lost_comms.as_ref().map(lost_comms::LostCommsRule::new),
            time_windows: spec
                .time_windows
                .as_ref()
                .map(|rule| TimeWindows::new(rule, zones)),
            height_blocks: spec.height_blocks.clone(),
            zone_of_responsibility: spec.zone_of_responsibility.as_ref().map(|rule| {
                zone_of_responsibility::ZoneOfResponsibilityRule::new(rule, zones, named.classes)
            }),
            blue_force_feed: spec.blue_force_feed.clone(),
            conformance_monitoring: spec.conformance_monitoring.clone(),
            optical_confirmation: spec.optical_confirmation.as_ref().map(|rule| {
                optical_confirmation::OpticalConfirmationRule::new(rule, named.start_of_day_s)
            }),
            second_operator: spec.second_operator.clone(),
            airspace_closure: spec
                .airspace_closure
                .as_ref()
                .and_then(|rule| AirspaceClosure::new(rule, zones)),
            cease_fire: spec.cease_fire.clone(),
        }
    }

    /// Whether what is asked about one track can change what is said of another: then whoever asks does so in his turn,
    /// even while he could not fire.
    pub fn queues(&self) -> bool {
        self.engagement_authority.is_some()
    }

    /// Whether what they say depends on engagements the site has begun.
    pub fn pauses(&self) -> bool {
        self.second_operator
            .as_ref()
            .is_some_and(|rule| rule.cool_down_s > 0.0)
    }

    /// Rule R3, where it is in force: its queues are the engagement's.
    pub fn engagement_authority(&self) -> Option<&EngagementAuthoritySpec> {
        self.engagement_authority.as_ref()
    }

    /// Rule R8, where it is in force: it also decides who flies when.
    pub fn time_windows(&self) -> Option<&TimeWindows> {
        self.time_windows.as_ref()
    }

    /// Rule R11, where it is in force: it also decides who flies how high.
    pub fn height_blocks(&self) -> Option<&HeightBlocksSpec> {
        self.height_blocks.as_ref()
    }

    /// Rule R14, where it is in force.
    pub fn blue_force_feed(&self) -> Option<&BlueForceFeedSpec> {
        self.blue_force_feed.as_ref()
    }

    /// Rule R15, where it is in force: it acts through the plan check.
    pub fn conformance_monitoring(&self) -> Option<&ConformanceMonitoringSpec> {
        self.conformance_monitoring.as_ref()
    }

    /// Rule R18, where it is in force: it decides who flies.
    pub fn airspace_closure(&self) -> Option<&AirspaceClosure> {
        self.airspace_closure.as_ref()
    }

    /// Rule R19, where it is in force.
    pub fn cease_fire(&self) -> Option<&CeaseFireSpec> {
        self.cease_fire.as_ref()
    }

    /// The line of a site to its command: when it is down under rule R4. `node` is what its command node is keyed by.
    pub fn line(
        &self,
        streams: &Streams,
        site: Key,
        node: Option<Key>,
        end: Millis,
    ) -> Option<Line> {
        let rule = self.lost_comms.as_ref()?;
        let key = match rule.common() {
            CommonLine::Site => site,
            CommonLine::Node => node.unwrap_or(site),
        };
        Some(rule.line(streams, key, end))
    }

    /// What rule R2 asks for before a track is held Hostile, where it is in force.
    pub fn hostile_criteria(&self) -> Option<Criteria> {
        self.hostile_criteria.map(|rule| rule.criteria)
    }

    /// Whether they ask since when a track has been held Hostile.
    pub fn dwells(&self) -> bool {
        self.hostile_criteria.is_some_and(|rule| rule.dwells())
    }

    /// The zone of rule R10, where it is in force: it also decides who flies.
    pub fn restricted_zone(&self) -> Option<&RestrictedZone> {
        self.restricted_zone.as_ref()
    }

    /// The zone of rule R10, where it asks for how long a track has been inside.
    pub fn watched_zone(&self) -> Option<&RestrictedZone> {
        self.restricted_zone.as_ref().filter(|zone| zone.dwells())
    }

    /// The node that answers the hotline of rule R7, where there is one.
    pub fn hotline_node(&self) -> Option<NodeId> {
        self.hotline_query.as_ref()?.node()
    }

    /// Whether somebody on the hotline may know the aircraft of a side.
    pub fn on_the_line(&self, side: &str) -> bool {
        let rule = self.hotline_query.as_ref();
        rule.is_some_and(|rule| rule.on_the_line(side))
    }

    /// Draws how the crew of a site handles an aircraft; a rule that is off draws nothing.
    pub fn draws(
        &self,
        streams: &Streams,
        site: Key,
        aircraft: Key,
        standing: &Standing,
    ) -> PairDraws {
        let honours = |index, honour: Option<f64>| {
            honour.is_some_and(|honour| {
                let mut luck = streams.about(Purpose::Honour, site, aircraft);
                luck.happens(index, honour)
            })
        };
        let plans = self.flight_plan_notice.as_ref().map(|rule| rule.honour);
        let corridors = self.corridors.as_ref().map(|rule| rule.honour);
        let hotline = self.hotline_query.as_ref();
        PairDraws {
            heeds_plans: honours(0, plans),
            hotline: hotline.map_or(HotlineFile::default(), |rule| {
                rule.draw(streams, site, aircraft, standing)
            }),
            heeds_corridors: honours(1, corridors),
            enforces_zone: standing.under_authority,
            approval: self
                .engagement_authority
                .as_ref()
                .map_or_else(ApprovalFile::default, |rule| {
                    rule.draw(streams, site, standing.desk, aircraft, standing)
                }),
            window_clock: self
                .time_windows
                .as_ref()
                .map_or(Millis::ZERO, |rule| rule.clock_error(streams, site)),
            height: self
                .height_blocks
                .as_ref()
                .map_or_else(HeightFile::default, |rule| {
                    rule.draw(streams, site, aircraft)
                }),
            heeds_responsibility: honours(
                2,
                self.zone_of_responsibility.as_ref().map(|rule| rule.heeds),
            ),
            heeds_feed: honours(3, self.blue_force_feed.as_ref().map(|rule| rule.honour)),
            look: self
                .optical_confirmation
                .as_ref()
                .map_or_else(LookFile::default, |rule| {
                    rule.draw(streams, site, aircraft, standing)
                }),
            second: self
                .second_operator
                .as_ref()
                .map_or_else(SecondFile::default, |rule| {
                    rule.draw(streams, site, aircraft, standing)
                }),
            owner_calls: self
                .cease_fire
                .as_ref()
                .and_then(|rule| rule.draw(streams, standing.side, aircraft, standing)),
        }
    }

    /// Whether a site may fire at a track, the rule that decides, and how long that holds. `enquiries` is what has been
    /// asked about the track, to which this may add.
    ///
    /// Precedence: R2 has already acted on the identity, R13 on what cues can read, R15 on the plan check; R10, R18, R8 and R11
    /// on who flies, when and how high.
    ///
    /// 1. R19: under an order to cease fire nothing is fired at.
    /// 2. The status: that of R1; in its place that of R4, when the line has been down for long enough; in the place of either
    ///    that of R8, in an agreed window, if it is stricter. Where it lets a track be fired at that is held Hostile, R2 declines
    ///    until its dwell is over. What is allowed so far is put to the rules from 4 on, and so is what is declined but
    /// 3. R10 allows, where the status is tight by R1, or else R5, where it is tight or hold, R2's dwell is not over or there is
    ///    no identity yet (but not under R4's hold). Neither touches a track held Friend, AssumedFriend or Neutral.
    /// 4. R12 declines where others are responsible; R5 may allow it there, if R12 lets it.
    /// 5. R6, then R9, R11, R14, protect; a shot they prevent is one that would have been fired.
    /// 6. R16 looks, R17 has a second operator confirm, R7 asks whose track it is, R3 asks for release, one after the other, about
    ///    what would be fired at for any reason but self-defence; R7 and R3 not on R4's own. While an answer is awaited R5 may
    ///    still allow the shot, against an answer it may not.
    /// 7. R17 pauses after another engagement, but not in self-defence.
    ///
    /// Channel and magazine come last, and are not rules.
    pub fn judge(&self, request: &EngagementRequest<'_>, enquiries: &mut Enquiries) -> Ruling {
        let mut holds = Holds::new(request.track.time);
        let decision = self.decide(request, enquiries, &mut holds);
        Ruling {
            decision,
            until: holds.until,
            opens: holds.opens,
        }
    }

    fn decide(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &mut Enquiries,
        holds: &mut Holds,
    ) -> Result<Decision, Decision> {
        if let Some(rule) = &self.cease_fire {
            holds.until(request.ceased_until.unwrap_or(Millis::NEVER));
            rule.decide(request)?;
        }
        let (status, because) = self.status(request, holds);
        let mut permitted = match self.by_status(request, (status, because), holds) {
            Ok(decision) => decision,
            Err(declined) => {
                let tight_by_r1 = status == WeaponsControl::Tight && because.is_none();
                self.despite(request, declined, tight_by_r1, holds)?
            }
        };
        // What the status allows, or what is allowed in spite of it, may be declined for what changes.
        holds.opens = Opens::Another;
        if let Some(rule) = &self.zone_of_responsibility {
            if request.draws.heeds_responsibility {
                holds.next_scan();
            }
            if let Err(declined) = rule.decide(request) {
                let defence = self.self_defence.as_ref().filter(|_| rule.self_defence);
                let defence = defence.and_then(|rule| rule.permits(request));
                permitted = defence.ok_or(declined)?;
            }
        }
        let in_defence = permitted.reason == Reason::SelfDefence;
        self.protect(request, holds)?;
        if in_defence {
            return Ok(permitted);
        }
        if let Err(declined) = self.ask(request, permitted, enquiries, holds) {
            let in_defence = self.self_defence.as_ref();
            let urgent = in_defence.filter(|_| declined.reason.awaits());
            if urgent.is_some() {
                holds.next_scan();
            }
            return urgent
                .and_then(|rule| rule.permits(request))
                .ok_or(declined);
        }
        if let Some(rule) = &self.second_operator {
            holds.until(rule.pauses_until(request).unwrap_or(Millis::NEVER));
            rule.cools(request)?;
        }
        Ok(permitted)
    }

    /// The weapons control status, and what is said because of it where another rule has put it in the place of R1's.
    fn status(
        &self,
        request: &EngagementRequest<'_>,
        holds: &mut Holds,
    ) -> (WeaponsControl, Option<Decision>) {
        if !self.weapons_control.everywhere_alike() {
            holds.next_scan();
        }
        let mut status = self.weapons_control.status(request);
        let mut because = None;
        if let Some(rule) = &self.lost_comms {
            holds.until(rule.changes(request));
            if let Some(fallback) = rule.status(request) {
                (status, because) = (fallback, Some(rule.because(fallback)));
            }
        }
        if let Some(rule) = &self.time_windows {
            holds.until(rule.changes(request));
            if !rule.everywhere_alike() {
                holds.next_scan();
            }
            if let Some(agreed) = rule.status(request)
                && agreed > status
            {
                (status, because) = (agreed, Some(rule.because()));
            }
        }
        (status, because)
    }

    /// What the weapons control status says, put down to the rule that has set it; and R2, of what is held Hostile.
    fn by_status(
        &self,
        request: &EngagementRequest<'_>,
        (status, because): (WeaponsControl, Option<Decision>),
        holds: &mut Holds,
    ) -> Result<Decision, Decision> {
        holds.opens = match status {
            WeaponsControl::Free => Opens::Another,
            WeaponsControl::Tight => Opens::Hostile,
            WeaponsControl::Hold => Opens::Nothing,
        };
        let criteria = self.hostile_criteria.is_some();
        let verdict = self.weapons_control.decide(request, status, criteria);
        let by_status = |decision: Decision| {
            let reasons = [
                Reason::WeaponsFree,
                Reason::WeaponsTight,
                Reason::WeaponsHold,
            ];
            match because {
                Some(other) if reasons.contains(&decision.reason) => other,
                _ => decision,
            }
        };
        let permitted = verdict.map(by_status).map_err(by_status)?;
        if permitted.reason == Reason::HostileIdentity
            && let Some(rule) = &self.hostile_criteria
            && let Some(until) = rule.dwells_until(request)
        {
            holds.until(until);
            if status == WeaponsControl::Tight {
                // Held Hostile anew it would dwell anew.
                holds.opens = Opens::Nothing;
            }
            return Err(rule.because());
        }
        Ok(permitted)
    }

    /// What protects a track whatever its status, against self-defence too.
    fn protect(&self, request: &EngagementRequest<'_>, holds: &mut Holds) -> Result<(), Decision> {
        if let Some(rule) = &self.flight_plan_notice {
            rule.decide(request)?;
        }
        if let Some(rule) = &self.corridors {
            if request.draws.heeds_corridors {
                holds.next_scan();
            }
            rule.decide(request)?;
        }
        if let Some(rule) = &self.height_blocks {
            if request.draws.height.heeds {
                holds.next_scan();
            }
            rule.decide(request)?;
        }
        if let Some(rule) = &self.blue_force_feed {
            if request.draws.heeds_feed {
                holds.next_scan();
            }
            rule.decide(request)?;
        }
        Ok(())
    }

    /// What each rule in force has to say of a track, by number; for the record of a decision.
    pub fn words(&self, request: &EngagementRequest<'_>, enquiries: &Enquiries) -> Vec<RuleWord> {
        let mut words = Vec::new();
        let mut say = |rule, word: Option<&'static str>| {
            words.extend(word.map(|word| RuleWord { rule, word }));
        };
        let asked = |enquiry| *enquiries.clone().asked(enquiry);
        say("R1", Some(self.weapons_control.word(request)));
        let criteria = self.hostile_criteria.as_ref();
        say("R2", criteria.map(|rule| rule.word(request)));
        let authority = self.engagement_authority.as_ref();
        say("R3", authority.map(|rule| rule.word(request, enquiries)));
        say(
            "R4",
            self.lost_comms.as_ref().map(|rule| rule.word(request)),
        );
        say(
            "R5",
            self.self_defence.as_ref().map(|rule| rule.word(request)),
        );
        let notice = self.flight_plan_notice.as_ref();
        say("R6", notice.map(|rule| rule.word(request)));
        let hotline = self.hotline_query.as_ref();
        say(
            "R7",
            hotline.map(|rule| rule.word(request, asked(Enquiry::Hotline))),
        );
        say(
            "R8",
            self.time_windows.as_ref().map(|rule| rule.word(request)),
        );
        say("R9", self.corridors.as_ref().map(|rule| rule.word(request)));
        say(
            "R10",
            self.restricted_zone.as_ref().map(|rule| rule.word(request)),
        );
        say(
            "R11",
            self.height_blocks.as_ref().map(|rule| rule.word(request)),
        );
        let responsible = self.zone_of_responsibility.as_ref();
        say("R12", responsible.map(|rule| rule.word(request)));
        say(
            "R14",
            self.blue_force_feed.as_ref().map(|rule| rule.word(request)),
        );
        let look = self.optical_confirmation.as_ref();
        say("R16", look.map(|rule| rule.word(request, enquiries)));
        let second = self.second_operator.as_ref();
        say(
            "R17",
            second.map(|rule| rule.word(request, asked(Enquiry::SecondOperator))),
        );
        say(
            "R19",
            self.cease_fire.as_ref().map(|rule| rule.word(request)),
        );
        words
    }

    /// What is asked before the first shot at a track, one after the other.
    fn ask(
        &self,
        request: &EngagementRequest<'_>,
        permitted: Decision,
        enquiries: &mut Enquiries,
        holds: &mut Holds,
    ) -> Result<(), Decision> {
        let now = request.track.time;
        if let Some(rule) = &self.optical_confirmation {
            let verdict = rule.decide(request, enquiries);
            let asked = enquiries.asked(Enquiry::Look).unwrap_or(now);
            holds.until(rule.until(enquiries, asked, now));
            verdict?;
        }
        if let Some(rule) = &self.second_operator {
            let asked = enquiries.asked(Enquiry::SecondOperator);
            let verdict = rule.decide(request, asked);
            holds.until(asked.unwrap_or(now) + request.draws.second.after);
            verdict?;
        }
        let fallback = self
            .lost_comms
            .as_ref()
            .and_then(|rule| rule.fallback(request));
        if permitted.reason == Reason::LostCommsAutonomous || fallback == Some(Fallback::Autonomous)
        {
            return Ok(());
        }
        if let Some(rule) = &self.hotline_query {
            let asked = enquiries.asked(Enquiry::Hotline);
            let verdict = rule.decide(request, asked);
            holds.until(rule.until(request, asked.unwrap_or(now)));
            verdict?;
        }
        if let Some(rule) = &self.engagement_authority {
            let verdict = rule.decide(request, enquiries);
            let asked = enquiries.asked(Enquiry::Authority).unwrap_or(now);
            holds.until(rule.until(enquiries, asked, now));
            verdict?;
        }
        Ok(())
    }

    /// What allows a shot that the weapons control status does not.
    fn despite(
        &self,
        request: &EngagementRequest<'_>,
        declined: Decision,
        tight_by_r1: bool,
        holds: &mut Holds,
    ) -> Result<Decision, Decision> {
        let by_tightness = matches!(declined.reason, Reason::WeaponsTight | Reason::Dwell);
        let zone = self.restricted_zone.as_ref();
        let zone = zone.filter(|_| tight_by_r1 && by_tightness && request.draws.enforces_zone);
        let fallback = self
            .lost_comms
            .as_ref()
            .and_then(|rule| rule.fallback(request));
        let overridden =
            declined.reason != Reason::HeldProtected && fallback != Some(Fallback::Hold);
        let defence = self.self_defence.as_ref().filter(|_| overridden);
        if zone.is_some() || defence.is_some() {
            holds.next_scan();
        }
        let overrides = self.restricted_zone.is_some() && request.draws.enforces_zone;
        if overrides || self.self_defence.is_some() {
            holds.opens = Opens::Another;
        }
        zone.and_then(|rule| rule.permits(request))
            .or_else(|| defence.and_then(|rule| rule.permits(request)))
            .ok_or(declined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Area, Point};
    use crate::ids::ClassId;
    use crate::record::{Identity, NoticeState, Reason};
    use nalgebra::Vector3;

    /// A request as tests write it down.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::coordination) struct Case {
        pub time: Millis,
        pub place: Vector3<f64>,
        pub velocity_mps: Vector3<f64>,
        pub identity: Identity,
        pub hostile_since: Millis,
        pub declared_civil: bool,
        pub violating_since: Option<Millis>,
        pub notice: NoticeState,
        pub crew: PairDraws,
        pub line: &'static Line,
        pub engaged_another: Option<Millis>,
        pub near_report: bool,
        pub ceased: bool,
    }

    impl Case {
        pub fn request(&self) -> EngagementRequest<'_> {
            EngagementRequest {
                track: TrackView {
                    time: self.time,
                    place: self.place,
                    velocity_mps: self.velocity_mps,
                    identity: self.identity,
                    hostile_since: (self.identity == Identity::Hostile)
                        .then_some(self.hostile_since),
                    declared_civil: self.declared_civil,
                    violating_since: self.violating_since,
                    notice: self.notice,
                },
                site: Point::zeros(),
                class: ClassId(0),
                line: self.line,
                engaged_another: self.engaged_another,
                near_report: self.near_report,
                ceased_until: self.ceased.then_some(Millis::NEVER),
                draws: &self.crew,
            }
        }
    }

    pub(in crate::coordination) fn case(identity: Identity) -> Case {
        Case {
            time: Millis(1000),
            place: Vector3::new(0.0, 0.0, 3000.0),
            velocity_mps: Vector3::zeros(),
            identity,
            hostile_since: Millis::ZERO,
            declared_civil: false,
            violating_since: None,
            notice: NoticeState::NotFiled,
            crew: PairDraws {
                heeds_plans: true,
                ..PairDraws::default()
            },
            line: Line::UP,
            engaged_another: None,
            near_report: false,
            ceased: false,
        }
    }

    /// The verdict on a track that nobody has asked about.
    fn verdict(rules: &Rules, case: &Case) -> Result<Decision, Decision> {
        rules
            .judge(&case.request(), &mut Enquiries::default())
            .decision
    }

    fn without_names(spec: &RulesSpec) -> Rules {
        Rules::new(spec, &Named::default())
    }

    fn with_status(status: WeaponsControl) -> RulesSpec {
        RulesSpec {
            weapons_control: Some(WeaponsControlSpec {
                status,
                zones: Vec::new(),
            }),
            ..RulesSpec::default()
        }
    }

    /// The whole table of R1: identity by identity, under free, tight and hold.
    #[test]
    fn the_verdict_follows_from_status_and_identity() {
        use Identity::*;
        use Reason::*;
        let table = [
            (Pending, [Err(IdentityPending); 3]),
            (
                Unknown,
                [Ok(WeaponsFree), Err(WeaponsTight), Err(WeaponsHold)],
            ),
            (AssumedFriend, [Err(HeldProtected); 3]),
            (Friend, [Err(HeldProtected); 3]),
            (Neutral, [Err(HeldProtected); 3]),
            (
                Suspect,
                [Ok(WeaponsFree), Err(WeaponsTight), Err(WeaponsHold)],
            ),
            (
                Hostile,
                [Ok(HostileIdentity), Ok(HostileIdentity), Err(WeaponsHold)],
            ),
        ];
        assert_eq!(table.map(|(identity, _)| identity), Identity::ALL);
        for (identity, verdicts) in table {
            let statuses = [
                WeaponsControl::Free,
                WeaponsControl::Tight,
                WeaponsControl::Hold,
            ];
            for (status, expected) in statuses.into_iter().zip(verdicts) {
                let rules = without_names(&with_status(status));
                let found = verdict(&rules, &case(identity));
                let reasons = found.map(|yes| yes.reason).map_err(|no| no.reason);
                assert_eq!(reasons, expected, "{identity:?} under {status:?}");
                let (Ok(decision) | Err(decision)) = found;
                assert_eq!(decision.rule, "R1");
            }
            let unruled = without_names(&RulesSpec::default());
            let reason = verdict(&unruled, &case(identity))
                .map(|yes| yes.reason)
                .map_err(|no| no.reason);
            assert_eq!(
                reason, verdicts[1],
                "without rules a site is tight: {identity:?}"
            );
        }
    }

    #[test]
    fn a_shot_under_the_criteria_is_put_down_to_them() {
        let mut spec = with_status(WeaponsControl::Tight);
        spec.hostile_criteria = Some(HostileCriteriaSpec {
            threshold: 0.9,
            cues: 2,
            declarations: 1,
            dwell_s: 0.0,
            on: HostileOn::Hostile,
        });
        let decision = verdict(&without_names(&spec), &case(Identity::Hostile));
        assert_eq!(
            decision,
            Ok(Decision {
                rule: "R2",
                reason: Reason::HostileIdentity
            })
        );
    }

    /// R6 stops what R1 allows, where there is a match and a crew that heeds it; it allows nothing by itself.
    #[test]
    fn a_matched_plan_stops_only_what_would_be_fired_at() {
        let mut spec = with_status(WeaponsControl::Tight);
        spec.flight_plan_notice = Some(FlightPlanNoticeSpec { honour: 1.0 });
        let rules = without_names(&spec);
        let honoured = Err(Decision {
            rule: "R6",
            reason: Reason::PlanHonoured,
        });
        for notice in [NoticeState::Matched, NoticeState::ChanceMatch] {
            let hostile = Case {
                notice,
                ..case(Identity::Hostile)
            };
            assert_eq!(verdict(&rules, &hostile), honoured, "{notice:?}");
            assert!(
                verdict(
                    &rules,
                    &Case {
                        crew: PairDraws::default(),
                        ..hostile
                    }
                )
                .is_ok()
            );
            let unknown = Case {
                notice,
                ..case(Identity::Unknown)
            };
            let unknown = verdict(&rules, &unknown);
            assert_eq!(unknown.unwrap_err().reason, Reason::WeaponsTight);
        }
        for notice in [
            NoticeState::Stale,
            NoticeState::OffTime,
            NoticeState::Unmatched,
            NoticeState::Lost,
        ] {
            assert!(
                verdict(
                    &rules,
                    &Case {
                        notice,
                        ..case(Identity::Hostile)
                    }
                )
                .is_ok(),
                "{notice:?}"
            );
        }
    }

    /// Of the zones a track is in the strictest counts, at its times and heights; outside all of them the general one.
    #[test]
    fn the_strictest_zone_wins_in_its_volume_and_time() {
        let zone = |name: &str, east_m: f64| Zone {
            name: name.into(),
            area: Area::Circle {
                center: Point::new(east_m, 0.0),
                radius_m: 1000.0,
            },
            floor_m: 1000.0,
            top_m: 5000.0,
        };
        let zones = [zone("free", 0.0), zone("hold", 500.0)];
        let status = |zone: &str, status, from_h, until_h| ZoneStatusSpec {
            zone: zone.into(),
            status,
            from_h,
            until_h,
        };
        let spec = RulesSpec {
            weapons_control: Some(WeaponsControlSpec {
                status: WeaponsControl::Tight,
                zones: vec![
                    status("free", WeaponsControl::Free, 0.0, None),
                    status("hold", WeaponsControl::Hold, 1.0, Some(2.0)),
                ],
            }),
            ..RulesSpec::default()
        };
        let named = Named {
            zones: &zones,
            ..Named::default()
        };
        let rules = Rules::new(&spec, &named);
        let holds = |rules: &Rules| {
            rules
                .judge(
                    &case(Identity::Unknown).request(),
                    &mut Enquiries::default(),
                )
                .until
        };
        assert_eq!(
            holds(&rules),
            Millis(1001),
            "a zone may be left by the next scan"
        );
        assert_eq!(
            holds(&without_names(&with_status(WeaponsControl::Hold))),
            Millis::NEVER
        );
        let hour = 3_600_000;
        for (time_ms, east_m, altitude_m, reason) in [
            (0, 0.0, 3000.0, Reason::WeaponsFree),
            (hour - 1, 0.0, 3000.0, Reason::WeaponsFree),
            (hour, 0.0, 3000.0, Reason::WeaponsHold),
            (2 * hour - 1, 0.0, 3000.0, Reason::WeaponsHold),
            (2 * hour, 0.0, 3000.0, Reason::WeaponsFree),
            (hour, -900.0, 3000.0, Reason::WeaponsFree),
            (hour, 1400.0, 3000.0, Reason::WeaponsHold),
            (hour, 1600.0, 3000.0, Reason::WeaponsTight),
            (hour, 0.0, 999.0, Reason::WeaponsTight),
            (hour, 0.0, 5001.0, Reason::WeaponsTight),
        ] {
            let place = Vector3::new(east_m, 0.0, altitude_m);
            let case = Case {
                time: Millis(time_ms),
                place,
                ..case(Identity::Unknown)
            };
            let (Ok(found) | Err(found)) = verdict(&rules, &case);
            assert_eq!(found.reason, reason, "{time_ms} ms, {place}");
        }
    }

    /// Everything in force at once, over a zone that is closed everywhere and a corridor through the middle of it.
    fn everything(status: WeaponsControl) -> Rules {
        let zones = [Zone {
            name: "all".into(),
            area: Area::Circle {
                center: Point::zeros(),
                radius_m: 50_000.0,
            },
            floor_m: 0.0,
            top_m: 10_000.0,
        }];
        let corridors = [Corridor {
            name: "lane".into(),
            points: vec![Point::new(0.0, 9000.0), Point::new(9000.0, 9000.0)],
            half_width_m: 1000.0,
            floor_m: 0.0,
            top_m: 10_000.0,
            from: Millis::ZERO,
            until: Millis::NEVER,
        }];
        let spec: RulesSpec = serde_json::from_value(serde_json::json!({
            "weapons_control": { "status": status },
            "self_defence": { "approach_m": 5000.0, "within_s": 600.0 },
            "flight_plan_notice": {},
            "hotline_query": { "timeout_s": 100.0 },
            "corridors": {},
            "restricted_zone": { "zone": "all", "authority": "headquarters" },
        }))
        .unwrap();
        let named = Named {
            zones: &zones,
            corridors: &corridors,
            types: &[],
            nodes: &["headquarters".to_owned()],
            ..Named::default()
        };
        Rules::new(&spec, &named)
    }

    /// Each step of the precedence stated in [`Rules::decide`] against the next.
    #[test]
    fn precedence_is_as_stated() {
        use Identity::*;
        use Reason::*;
        use WeaponsControl::*;
        let plain = Case {
            place: Vector3::new(20_000.0, 0.0, 3000.0),
            velocity_mps: Vector3::new(60.0, 0.0, 0.0),
            crew: PairDraws {
                heeds_plans: true,
                hotline: HotlineFile {
                    answered_after: Some(Millis(60_000)),
                    known_from: Millis(i64::MIN),
                },
                heeds_corridors: true,
                ..PairDraws::default()
            },
            ..case(Unknown)
        };
        let closing = |case: Case| Case {
            velocity_mps: Vector3::new(-60.0, 0.0, 0.0),
            ..case
        };
        let enforced = |case: Case| Case {
            crew: PairDraws {
                enforces_zone: true,
                ..case.crew
            },
            ..case
        };
        let held = |identity, case: Case| Case { identity, ..case };
        let matched = |case: Case| Case {
            notice: NoticeState::Matched,
            ..case
        };
        let in_corridor = |case: Case| Case {
            place: Vector3::new(5000.0, 9000.0, 1000.0),
            velocity_mps: Vector3::new(-5000.0, -9000.0, 0.0) / 100.0,
            ..case
        };
        let early = (None, plain.time);
        let waiting = (Some(plain.time), plain.time + Millis(59_000));
        let answered = (Some(plain.time), plain.time + Millis(60_000));
        for (at, (status, case, (asked, time), expected)) in [
            // R1 declines, and nothing allows it.
            (Tight, plain, early, Err(("R1", WeaponsTight))),
            (Hold, plain, early, Err(("R1", WeaponsHold))),
            // R10 overrides tight, and nothing else; then R7 asks.
            (Tight, enforced(plain), early, Err(("R7", AwaitingAnswer))),
            (Hold, enforced(plain), early, Err(("R1", WeaponsHold))),
            (
                Tight,
                held(Pending, enforced(plain)),
                early,
                Err(("R1", IdentityPending)),
            ),
            (
                Tight,
                matched(enforced(plain)),
                early,
                Err(("R1", WeaponsTight)),
            ),
            // R5 overrides every status, and does not ask.
            (Tight, closing(plain), early, Ok(("R5", SelfDefence))),
            (Hold, closing(plain), early, Ok(("R5", SelfDefence))),
            (
                Hold,
                held(Pending, closing(plain)),
                early,
                Ok(("R5", SelfDefence)),
            ),
            // Neither overrides a protected identity.
            (
                Tight,
                held(Neutral, enforced(closing(plain))),
                early,
                Err(("R1", HeldProtected)),
            ),
            (
                Tight,
                held(AssumedFriend, enforced(closing(plain))),
                early,
                Err(("R1", HeldProtected)),
            ),
            // What R10 allows is not put down to R5; while the answer is awaited R5 allows it.
            (
                Tight,
                enforced(closing(plain)),
                early,
                Ok(("R5", SelfDefence)),
            ),
            // R6 and R9 protect against all of them, R6 first.
            (
                Hold,
                matched(closing(plain)),
                early,
                Err(("R6", PlanHonoured)),
            ),
            (Hold, in_corridor(plain), early, Err(("R9", InCorridor))),
            (
                Tight,
                enforced(in_corridor(plain)),
                early,
                Err(("R9", InCorridor)),
            ),
            (
                Tight,
                held(Hostile, matched(in_corridor(plain))),
                early,
                Err(("R6", PlanHonoured)),
            ),
            // R7 last; R5 does not wait, but does not override the vouch.
            (
                Tight,
                held(Hostile, plain),
                waiting,
                Err(("R7", AwaitingAnswer)),
            ),
            (
                Tight,
                held(Hostile, plain),
                answered,
                Err(("R7", HotlineVouched)),
            ),
            (
                Tight,
                held(Hostile, closing(plain)),
                waiting,
                Ok(("R5", SelfDefence)),
            ),
            (
                Tight,
                held(Hostile, closing(plain)),
                answered,
                Err(("R7", HotlineVouched)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let rules = everything(status);
            let mut query = Enquiries::default();
            if let Some(asked) = asked {
                let first = Case {
                    time: asked,
                    ..case
                };
                let _ = rules.judge(&first.request(), &mut query);
            }
            let verdict = rules
                .judge(&Case { time, ..case }.request(), &mut query)
                .decision;
            let plain = |decision: Decision| (decision.rule, decision.reason);
            assert_eq!(
                verdict.map(plain).map_err(plain),
                expected,
                "case {at}: {status:?}, {case:?}"
            );
        }
    }

    /// The steps that the later rules add to the precedence, each against its neighbours.
    #[test]
    fn precedence_of_the_later_rules_is_as_stated() {
        use Reason::*;
        let zones = [Zone {
            name: "near".into(),
            area: Area::Circle {
                center: Point::zeros(),
                radius_m: 10_000.0,
            },
            floor_m: 0.0,
            top_m: 20_000.0,
        }];
        let named = Named {
            zones: &zones,
            classes: &["class".to_owned()],
            ..Named::default()
        };
        let rules = |more: serde_json::Value| {
            let mut spec = serde_json::json!({
                "weapons_control": { "status": "free" },
                "self_defence": { "approach_m": 5000.0, "within_s": 600.0 },
            });
            let (serde_json::Value::Object(spec), serde_json::Value::Object(more)) =
                (&mut spec, more)
            else {
                panic!("tables");
            };
            spec.extend(more);
            Rules::new(
                &serde_json::from_value(spec.clone().into()).unwrap(),
                &named,
            )
        };
        let down: &'static Line = Box::leak(Box::new({
            let lost = rules(serde_json::json!({
                "lost_comms": { "mttr_min": 0.0, "outages": [{ "from_h": 0.0 }] }
            }));
            let replication = crate::record::Replication { seed: 1, index: 0 };
            let streams = Streams::new(replication);
            lost.line(&streams, Key::of("line"), None, Millis::NEVER)
                .unwrap()
        }));
        let passing = Case {
            time: Millis(3_600_000),
            place: Vector3::new(20_000.0, 0.0, 3000.0),
            velocity_mps: Vector3::new(60.0, 0.0, 0.0),
            crew: PairDraws {
                heeds_responsibility: true,
                heeds_feed: true,
                height: HeightFile {
                    error_m: 0.0,
                    heeds: true,
                },
                ..PairDraws::default()
            },
            ..case(Identity::Hostile)
        };
        let closing = Case {
            velocity_mps: Vector3::new(-60.0, 0.0, 0.0),
            ..passing
        };
        let lost = |fallback: &str| serde_json::json!({ "lost_comms": { "fallback": fallback }, "hotline_query": {} });
        let window = serde_json::json!({ "windows": [{}], "status": "hold" });
        let block = serde_json::json!({ "blocks": [{ "floor_m": 0.0, "top_m": 9000.0 }] });
        let area = serde_json::json!({ "areas": [{ "zone": "near", "classes": ["class"] }] });
        let cut_off = |case: Case, line| Case { line, ..case };
        for (at, (rules, case, expected)) in [
            // R19 before everything.
            (
                rules(serde_json::json!({ "cease_fire": {}, "lost_comms": {} })),
                Case {
                    ceased: true,
                    ..closing
                },
                Err(("R19", CeaseFire)),
            ),
            // R4 in the place of R1; its hold also against self-defence, its self_defence not; on its own it asks nobody.
            (rules(lost("keep")), cut_off(passing, down), Err(("R7", AwaitingAnswer))),
            (rules(lost("hold")), cut_off(closing, down), Err(("R4", LostCommsHold))),
            (rules(lost("self_defence")), cut_off(passing, down), Err(("R4", LostCommsHold))),
            (rules(lost("self_defence")), cut_off(closing, down), Ok(("R5", SelfDefence))),
            (
                rules(lost("autonomous")),
                Case {
                    identity: Identity::Unknown,
                    ..cut_off(passing, down)
                },
                Ok(("R4", LostCommsAutonomous)),
            ),
            // R8 in the place of either, where it is stricter.
            (
                rules(serde_json::json!({ "lost_comms": { "fallback": "autonomous" }, "time_windows": window })),
                cut_off(passing, down),
                Err(("R8", AgreedWindow)),
            ),
            (
                rules(serde_json::json!({ "lost_comms": { "fallback": "hold" }, "time_windows": window })),
                cut_off(passing, down),
                Err(("R4", LostCommsHold)),
            ),
            // R12 before what protects, and not against self-defence.
            (
                rules(serde_json::json!({ "zone_of_responsibility": area, "height_blocks": block })),
                passing,
                Err(("R12", OutsideResponsibility)),
            ),
            (
                rules(serde_json::json!({ "zone_of_responsibility": area })),
                closing,
                Ok(("R5", SelfDefence)),
            ),
            // R11, then R14, also against self-defence.
            (
                rules(serde_json::json!({ "blue_force_feed": {}, "height_blocks": block })),
                Case {
                    near_report: true,
                    ..closing
                },
                Err(("R11", InHeightBlock)),
            ),
            (
                rules(serde_json::json!({ "blue_force_feed": {}, "optical_confirmation": {} })),
                Case {
                    near_report: true,
                    ..passing
                },
                Err(("R14", BlueForceReport)),
            ),
            // R16 before R17 before R7 before R3; while they wait R5 may allow.
            (
                rules(serde_json::json!({ "optical_confirmation": {}, "second_operator": {} })),
                passing,
                Err(("R16", AwaitingLook)),
            ),
            (
                rules(serde_json::json!({ "second_operator": {}, "hotline_query": {} })),
                Case {
                    crew: PairDraws {
                        second: SecondFile {
                            after: Millis(1),
                            confirms: true,
                        },
                        ..passing.crew
                    },
                    ..passing
                },
                Err(("R17", AwaitingConfirmation)),
            ),
            (
                rules(serde_json::json!({ "hotline_query": {}, "engagement_authority": {} })),
                passing,
                Err(("R7", AwaitingAnswer)),
            ),
            (
                rules(serde_json::json!({ "engagement_authority": {}, "second_operator": { "cool_down_s": 60.0 } })),
                Case {
                    crew: PairDraws {
                        second: SecondFile {
                            after: Millis::ZERO,
                            confirms: true,
                        },
                        ..passing.crew
                    },
                    engaged_another: Some(passing.time),
                    ..passing
                },
                Err(("R3", AwaitingApproval)),
            ),
            (
                rules(serde_json::json!({ "engagement_authority": {} })),
                closing,
                Ok(("R5", SelfDefence)),
            ),
            // The pause last; against a no of the second operator R5 does not help.
            (
                rules(serde_json::json!({ "second_operator": { "cool_down_s": 60.0 } })),
                Case {
                    crew: PairDraws {
                        second: SecondFile {
                            after: Millis::ZERO,
                            confirms: true,
                        },
                        ..passing.crew
                    },
                    engaged_another: Some(passing.time),
                    ..passing
                },
                Err(("R17", CoolDown)),
            ),
            (
                rules(serde_json::json!({ "second_operator": {} })),
                closing,
                Err(("R17", NotConfirmed)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let verdict = rules.judge(&case.request(), &mut Enquiries::default()).decision;
            let plain = |decision: Decision| (decision.rule, decision.reason);
            let found = verdict.map(plain).map_err(plain);
            assert_eq!(found, expected, "case {at}");
            // Every rule in force has a word, and it is about the same case.
            assert!(!rules.words(&case.request(), &Enquiries::default()).is_empty());
        }
    }

    /// A rule's page lists its reasons; every reason is on the page of some rule, or is the weapon's own.
    #[test]
    fn every_reason_is_on_a_page() {
        for reason in Reason::ALL {
            let listed = RULES
                .iter()
                .any(|rule| rule.reasons.contains(&reason.code()));
            let own = matches!(
                reason,
                Reason::SharedTrackOnly | Reason::NoChannel | Reason::MagazineEmpty
            );
            assert!(listed != own, "{}", reason.code());
        }
    }
}
