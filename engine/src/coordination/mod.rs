//! Who may fire at what, when: the rules, one file each.
//!
//! A rule is a `Rule`: it speaks at one or more [`Stage`]s of the decision to fire, reads the site's view of the track and what
//! was said before it, and says what holds and for how long; who asks somebody else answers for him in `Rule::answer`, the one
//! place of a rule that may look at the world, through a sensor. [`Stage`] is the precedence, and nothing else is. `rules!` is the
//! one list of them; parser, schema, `deconflict rules` and the knob test read it.

mod agreed_squawk;
mod airspace_closure;
mod altitude_blocks;
mod amends;
mod cease_fire;
mod challenge;
mod conformance_monitoring;
mod corridors;
mod engagement_authority;
mod enquiries;
mod flight_plan_notice;
mod friendly_force_tracking;
mod hostile_criteria;
mod hotline_query;
mod inquiry;
mod lost_comms;
mod optical_confirmation;
mod request;
mod restricted_operations_zone;
mod second_operator;
mod self_defence;
mod time_windows;
mod weapon_engagement_zone;
mod weapons_control;

use std::fmt::Debug;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airspace::{Corridor, Plan, Zone};
use crate::identification::{AffiliationProbabilities, Criteria};
use crate::ids::{Key, NodeId, SideId};
use crate::platform::Equipment;
use crate::record::{Reason, RuleWord};
use crate::streams::Streams;
use crate::units::Millis;

pub use agreed_squawk::AgreedSquawkSpec;
pub use airspace_closure::AirspaceClosureSpec;
pub use altitude_blocks::{AltitudeBlockSpec, AltitudeBlocksSpec};
pub use amends::{Amends, Intent, PlannedFlight};
pub use cease_fire::{CeaseFireSpec, StopOrder};
pub use challenge::ChallengeSpec;
pub use conformance_monitoring::{ConformanceMonitoringSpec, Deviation};
pub use corridors::CorridorsSpec;
pub use engagement_authority::{
    ApprovalQueues, AuthorityLevel, EngagementAuthoritySpec, OnTimeout,
};
pub use enquiries::{Enquiries, Made, Reply, Says};
pub use flight_plan_notice::FlightPlanNoticeSpec;
pub use friendly_force_tracking::FriendlyForceTrackingSpec;
pub use hostile_criteria::{HostileCriteriaSpec, HostileOn};
pub use hotline_query::HotlineQuerySpec;
pub use inquiry::{AskedAbout, Inquiry, NodeQuery, Placebo};
pub use lost_comms::{CommandLink, CommonOutages, Fallback, HoursSpec, LostCommsSpec};
pub use optical_confirmation::{IfUnclear, OpticalConfirmationSpec};
use request::{Consultation, Heard, Held};
pub use request::{CrewDraws, EngagementRequest, Opens, Ruling, TrackView, Verdict};
pub use restricted_operations_zone::{RestrictedOperationsZone, RestrictedOperationsZoneSpec};
pub use second_operator::SecondOperatorSpec;
pub use self_defence::SelfDefenceSpec;
pub use time_windows::TimeWindowsSpec;
pub use weapon_engagement_zone::{EngagementZoneSpec, WeaponEngagementZoneSpec};
pub use weapons_control::{WeaponsControl, WeaponsControlSpec, ZoneStatusSpec};

/// What `deconflict rules` says of a rule besides its parameters: those are the keys of its `Spec`, described there alone.
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
    /// The reason codes it may write.
    pub reasons: &'static [&'static str],
    /// When it speaks of a shot; nowhere if it decides about none.
    pub stages: &'static [Stage],
    /// What it changes about flights before they take place.
    pub amends: Option<Amends>,
    /// Whether it is one for all, whatever rules a side has of its own: it binds flights, or what they send, or what all are told.
    pub binds_all: bool,
    /// What `explain` and `prevent` try of it where it is off, or why they try nothing.
    pub offer: Result<Offer, &'static str>,
}

/// The plainest form of a rule that a scenario allows, and how well it may be kept. In specifications, which are JSON, the text `PROTECTED`
/// stands for a list of all sides that some shooter must not fire at, and as a key for each of them.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// What it does, in words that follow "would have been prevented by".
    pub words: &'static str,
    /// Its specification, every other parameter at its default.
    pub spec: &'static str,
    /// Its weakest and its strongest form: both in words, and what each sets.
    pub band: [&'static str; 3],
}

/// Why some rules are not tried.
const NEEDS_A_PLACE: &str = "it is about a place or a time, which somebody has to name";

impl RulePage {
    /// Whether it has a site ask somebody before the first shot.
    pub fn asks(&self) -> bool {
        let awaits = |reason: &&Reason| reason.awaits();
        let mut reasons = Reason::ALL.iter().filter(awaits);
        reasons.any(|reason| self.reasons.contains(&reason.code()))
    }
}

/// The rules that have a site ask somebody, by number.
pub fn asking() -> impl Iterator<Item = &'static str> {
    RULES.iter().filter(|page| page.asks()).map(|page| page.id)
}

/// When a rule speaks. The order of these is the precedence of the rules; at one stage they speak by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Orders: what is declined here nobody allows.
    Order,
    /// The weapons control status.
    Status,
    /// What follows from status and identity.
    Identity,
    /// What allows fire at a track in spite of its identity or the status.
    Override,
    /// Who may fire where.
    Area,
    /// Self-defence outside of one's area.
    AreaDefence,
    /// What protects a track whatever has been said, against self-defence too.
    Protection,
    /// A look before the first shot.
    Look,
    /// Somebody who confirms it.
    Confirm,
    /// Somebody who may know the track.
    Ask,
    /// Somebody who releases fire.
    Release,
    /// Self-defence while an answer is awaited.
    AskDefence,
    /// A pause after another engagement.
    Pause,
}

impl Stage {
    /// Whether those who speak here allow what is declined; elsewhere they may decline what is allowed.
    fn allows(self) -> bool {
        matches!(
            self,
            Stage::Override | Stage::AreaDefence | Stage::AskDefence
        )
    }

    /// Whether it is passed over in self-defence.
    fn waits(self) -> bool {
        self >= Stage::Look
    }
}

/// A rule in force, as the decision to fire sees it.
pub(crate) trait Rule: Debug + Send + Sync {
    /// Number, key and what is said of it.
    fn page(&self) -> &'static RulePage;

    /// Says what it has to when it is asked, which is never for a rule that speaks at no stage: adds to the verdict what it
    /// allows or declines and how long that holds, and gives what it makes of the track in a word, for the record of a decision.
    fn judge(&self, _on: &mut Consultation<'_>) -> &'static str {
        ""
    }

    /// Whether an answer is about the place asked about, and not about the track.
    fn asks_of_place(&self) -> bool {
        false
    }

    /// What comes of a question that it has the site put to somebody else; nothing if it does not get through now.
    fn answer(&self, _inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        None
    }

    /// The nodes that it has a site ask which one commands.
    fn nodes(&self, _command: Option<NodeId>) -> Vec<NodeId> {
        Vec::new()
    }

    /// P(answer | affiliation) as sites assume it, where its answers are evidence.
    fn evidence(&self) -> Option<AffiliationProbabilities> {
        None
    }

    /// Whether what is asked about one track can change what is said of another.
    fn queues(&self) -> bool {
        false
    }

    /// Whether what it says depends on engagements that the site has begun.
    fn pauses(&self) -> bool {
        false
    }

    /// Gives flights of a side what it has them carry; the same in every replication.
    fn equip(&self, _side: &str, _equipment: &mut Equipment) {}

    /// Changes what its page says about an aircraft's flight, before that takes place.
    fn amend(&self, _planned: &mut PlannedFlight<'_>) {}

    /// The same of whom a plan is sent to, before any draw: as much as it may change at all, whenever the aircraft departs.
    fn may_amend(&self, _intent: &Intent<'_>, _plan: &mut Option<Plan>) {}
}

/// A checked specification of a rule.
trait Spec {
    /// What it comes to in a scenario; nothing if it acts through what others ask of it alone, or a name is not there.
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>>;
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

        impl RulesSpec {
            /// Those that are named, by number.
            fn ready(&self, named: &Named<'_>) -> Vec<Arc<dyn Rule>> {
                let mut ready: Vec<Arc<dyn Rule>> = Vec::new();
                $(ready.extend(self.$module.as_ref().and_then(|spec| spec.ready(named)));)*
                ready
            }

            /// The rules of a side that has some of its own: those, and of the rules for all the scenario's, which these are.
            pub fn of_side(&self, own: &RulesSpec) -> RulesSpec {
                let of = |page: &RulePage| if page.binds_all { self } else { own };
                RulesSpec { $($module: of(&$module::PAGE).$module.clone(),)* }
            }
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
    restricted_operations_zone: RestrictedOperationsZoneSpec;
    altitude_blocks: AltitudeBlocksSpec;
    weapon_engagement_zone: WeaponEngagementZoneSpec;
    agreed_squawk: AgreedSquawkSpec;
    friendly_force_tracking: FriendlyForceTrackingSpec;
    conformance_monitoring: ConformanceMonitoringSpec;
    optical_confirmation: OpticalConfirmationSpec;
    second_operator: SecondOperatorSpec;
    airspace_closure: AirspaceClosureSpec;
    cease_fire: CeaseFireSpec;
    challenge: ChallengeSpec;
}

/// Whether a rule, by its key, is one for all.
pub fn binds_all(key: &str) -> bool {
    RULES.iter().any(|page| page.key == key && page.binds_all)
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
    /// Nodes of the coordination graph, and whose they are.
    pub nodes: &'a [(String, SideId)],
    /// Site classes.
    pub classes: &'a [String],
    /// Sides.
    pub sides: &'a [String],
    /// Time from UTC midnight to the start, s.
    pub start_of_day_s: f64,
}

impl Named<'_> {
    /// A node by its name.
    fn node(&self, name: &str) -> Option<NodeId> {
        let position = self.nodes.iter().position(|(known, _)| known == name)?;
        Some(NodeId(position as u32))
    }
}

/// The rules in force, ready to use: those that decide about shots, and what others of them are asked elsewhere.
#[derive(Debug, Clone)]
pub struct Rules {
    spec: RulesSpec,
    /// Those that decide about shots, by number.
    deciding: Vec<Arc<dyn Rule>>,
    /// By stage, then by number.
    order: Vec<(Stage, Arc<dyn Rule>)>,
    /// By what they amend, then by number.
    amending: Vec<Arc<dyn Rule>>,
    hostile_criteria: Option<hostile_criteria::HostileCriteriaRule>,
    lost_comms: Option<lost_comms::LostCommsRule>,
    restricted_operations_zone: Option<Arc<RestrictedOperationsZone>>,
    queues: bool,
    pauses: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules::new(&RulesSpec::default(), &Named::default())
    }
}

impl Rules {
    /// Makes checked rules ready. Rule R1 is always in force: without a specification every site is tight everywhere.
    pub fn new(spec: &RulesSpec, named: &Named<'_>) -> Rules {
        let mut spec = spec.clone();
        spec.weapons_control.get_or_insert_default();
        let ready = spec.ready(named);
        let mut order: Vec<(Stage, Arc<dyn Rule>)> = Vec::new();
        for rule in &ready {
            let stages = rule.page().stages.iter();
            order.extend(stages.map(|stage| (*stage, Arc::clone(rule))));
        }
        order.sort_by_key(|(stage, _)| *stage);
        let amends = |rule: &&Arc<dyn Rule>| rule.page().amends.is_some();
        let mut amending: Vec<Arc<dyn Rule>> = ready.iter().filter(amends).cloned().collect();
        amending.sort_by_key(|rule| rule.page().amends);
        let decides = |rule: &Arc<dyn Rule>| !rule.page().stages.is_empty();
        let deciding: Vec<Arc<dyn Rule>> = ready.into_iter().filter(decides).collect();
        let queues = deciding.iter().any(|rule| rule.queues());
        let pauses = deciding.iter().any(|rule| rule.pauses());
        let restricted_operations_zone = spec.restricted_operations_zone.as_ref();
        Rules {
            deciding,
            order,
            amending,
            hostile_criteria: spec
                .hostile_criteria
                .as_ref()
                .map(|rule| hostile_criteria::HostileCriteriaRule::new(rule, named.types)),
            lost_comms: spec.lost_comms.as_ref().map(lost_comms::LostCommsRule::new),
            restricted_operations_zone: restricted_operations_zone
                .and_then(|rule| RestrictedOperationsZone::new(rule, named))
                .map(Arc::new),
            queues,
            pauses,
            spec,
        }
    }

    /// Whether what is asked about one track can change what is said of another: then whoever asks does so in his turn,
    /// even while he could not fire.
    pub fn queues(&self) -> bool {
        self.queues
    }

    /// Whether what they say depends on engagements the site has begun.
    pub fn pauses(&self) -> bool {
        self.pauses
    }

    /// Rule R3, where it is in force: its queues are the engagement's.
    pub fn engagement_authority(&self) -> Option<&EngagementAuthoritySpec> {
        self.spec.engagement_authority.as_ref()
    }

    /// Rule R14, where it is in force.
    pub fn friendly_force_tracking(&self) -> Option<&FriendlyForceTrackingSpec> {
        self.spec.friendly_force_tracking.as_ref()
    }

    /// Rule R15, where it is in force: it acts through the plan check.
    pub fn conformance_monitoring(&self) -> Option<&ConformanceMonitoringSpec> {
        self.spec.conformance_monitoring.as_ref()
    }

    /// Rule R19, where it is in force.
    pub fn cease_fire(&self) -> Option<&CeaseFireSpec> {
        self.spec.cease_fire.as_ref()
    }

    /// P(answer | affiliation) as sites assume it, where a rule has them ask for evidence.
    pub fn evidence(&self) -> Option<AffiliationProbabilities> {
        self.deciding.iter().find_map(|rule| rule.evidence())
    }

    /// Has the rules say what flights of a side carry.
    pub fn equip(&self, side: &str, equipment: &mut Equipment) {
        for rule in &self.amending {
            rule.equip(side, equipment);
        }
    }

    /// Has the rules amend an aircraft's flight, in the order of [`Amends`].
    pub fn amend(&self, planned: &mut PlannedFlight<'_>) {
        for rule in &self.amending {
            rule.amend(planned);
        }
    }

    /// The plan of a flight, with all whom the rules may have it sent to.
    pub fn widest_plan(&self, intent: &Intent<'_>) -> Option<Plan> {
        let mut plan = intent.flight.plan.clone();
        for rule in &self.amending {
            rule.may_amend(intent, &mut plan);
        }
        plan
    }

    /// The command link of a site: when it is down under rule R4. `node` is what its command node is keyed by.
    pub fn command_link(
        &self,
        streams: &Streams,
        site: Key,
        node: Option<Key>,
        end: Millis,
    ) -> Option<CommandLink> {
        let rule = self.lost_comms.as_ref()?;
        let key = match rule.common() {
            CommonOutages::Site => site,
            CommonOutages::Node => node.unwrap_or(site),
        };
        Some(rule.command_link(streams, key, end))
    }

    /// What rule R2 asks for before a track is identified as Hostile, where it is in force.
    pub fn hostile_criteria(&self) -> Option<Criteria> {
        self.hostile_criteria.map(|rule| rule.criteria)
    }

    /// Whether they ask since when a track has been identified as Hostile.
    pub fn dwells(&self) -> bool {
        self.hostile_criteria.is_some_and(|rule| rule.dwells())
    }

    /// The zone of rule R10, where it is in force: it also decides who flies.
    pub fn restricted_operations_zone(&self) -> Option<&RestrictedOperationsZone> {
        self.restricted_operations_zone.as_deref()
    }

    /// The zone of rule R10, where it asks for how long a track has been inside.
    pub fn watched_zone(&self) -> Option<&RestrictedOperationsZone> {
        self.restricted_operations_zone()
            .filter(|zone| zone.dwells())
    }

    /// Nodes of the coordination graph that a site asks which `command` commands.
    pub fn asked_nodes(&self, command: Option<NodeId>) -> impl Iterator<Item = NodeId> {
        self.deciding
            .iter()
            .flat_map(move |rule| rule.nodes(command))
    }

    /// Whether a site may fire at a track, the rule that decides, and how long that holds. `enquiries` is what has been
    /// asked about the track, to which this may add.
    ///
    /// Precedence is the order of [`Stage`]. R2 has already acted on the identity, R13 on what ID sources can read, R15 on the plan check;
    /// R10, R18, R8 and R11 on who flies, when and how high.
    ///
    /// 1. Order. R19: under an order to cease fire nothing is fired at.
    /// 2. Status: that of R1; in its place that of R4, when the command link has been down for long enough; in the place of either that of
    ///    R8, in an agreed window, if it is stricter.
    /// 3. Identity. R1 says what follows from status and identity; R2 declines what is identified as Hostile until its dwell is over.
    /// 4. Override. R10 allows, where the status is tight by R1, or else R5, where it is tight or hold, R2's dwell is not over or
    ///    there is no identity yet (but not under R4's hold). Neither touches a track identified as Friend, AssumedFriend or Neutral.
    /// 5. Area. R12 declines outside the weapon engagement zone; R5 may allow it there, if R12 lets it.
    /// 6. Protection: R6, then R9, R11, R14; a shot they prevent is one that would have been fired.
    /// 7. R16 looks, R17 has a second operator confirm, R7 asks whose track it is and R20 calls it, R3 asks for release, one after the
    ///    other, about what would be fired at for any reason but self-defence; R7, R20 and R3 not on R4's own. While an answer is awaited
    ///    R5 may still allow the shot, against an answer it may not.
    /// 8. Pause. R17 pauses after another engagement, but not in self-defence.
    ///
    /// Channel and magazine come last, and are not rules.
    pub fn judge(&self, request: &EngagementRequest<'_>, enquiries: &mut Enquiries) -> Ruling {
        let mut verdict = Verdict::new(request.track.time);
        for (stage, rule) in &self.order {
            let speaks = match verdict.decision() {
                None => !stage.allows(),
                Some(Err(_)) => stage.allows(),
                Some(Ok(decision)) => {
                    !(stage.allows() || stage.waits() && decision.reason == Reason::SelfDefence)
                }
            };
            if speaks {
                if *stage >= Stage::Area {
                    // What the status allows, or what is allowed in spite of it, may be declined for what changes.
                    verdict.opens = Opens::Another;
                }
                rule.judge(&mut Consultation::new(
                    *stage,
                    request,
                    &mut verdict,
                    enquiries,
                ));
            }
        }
        if verdict.permitted().is_some() {
            verdict.opens = Opens::Another;
        }
        verdict.ruling()
    }

    /// Asks the rules, puts the questions that they have the site ask of others, and asks again with the answers that are there.
    /// `put` answers for a rule: [`Rules::answer`] with what is known of whoever is behind the track.
    pub fn consult(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &mut Enquiries,
        put: &mut dyn FnMut(&'static str, &Enquiries) -> Option<Reply>,
    ) -> Ruling {
        let now = request.track.time;
        let mut tried: smallvec::SmallVec<[&'static str; 4]> = smallvec::SmallVec::new();
        loop {
            let ruling = self.judge(request, enquiries);
            let wanting = enquiries.wanting(now);
            let fresh = wanting.into_iter().filter(|rule| !tried.contains(rule));
            let fresh: smallvec::SmallVec<[&'static str; 4]> = fresh.collect();
            let mut changed = false;
            for rule in fresh {
                tried.push(rule);
                if let Some(reply) = put(rule, enquiries) {
                    enquiries.reply(rule, reply);
                    changed = true;
                }
            }
            if !changed {
                return ruling;
            }
        }
    }

    /// What comes of a question that a rule has a site put.
    pub fn answer(&self, rule: &str, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let asking = |asking: &&Arc<dyn Rule>| asking.page().id == rule;
        self.deciding.iter().find(asking)?.answer(inquiry)
    }

    /// What was asked about a track that was lost, for one that is taken for it.
    pub fn recalled(&self, enquiries: Enquiries) -> Enquiries {
        let placed = |rule: &Arc<dyn Rule>| rule.asks_of_place();
        enquiries.recalled(|id| {
            let mut placed = self.deciding.iter().filter(|rule| placed(rule));
            placed.any(|rule| rule.page().id == id)
        })
    }

    /// What each rule in force has to say of a track, by number; for the record of a decision.
    pub fn words(&self, request: &EngagementRequest<'_>, enquiries: &Enquiries) -> Vec<RuleWord> {
        let mut asked = enquiries.clone();
        let word = |rule: &Arc<dyn Rule>| {
            let mut verdict = Verdict::new(request.track.time);
            let stage = rule.page().stages[0];
            let on = Consultation::new(stage, request, &mut verdict, &mut asked);
            RuleWord {
                rule: rule.page().id,
                word: rule.judge(&mut on.recorded()),
            }
        };
        self.deciding.iter().map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Area, Point};
    use crate::ids::ClassId;
    use crate::record::{Decision, Identity, NoticeState, Reason};
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
        pub side: SideId,
        pub command_link: &'static CommandLink,
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
                    first_hostile: Some(self.hostile_since),
                    declared_civil: self.declared_civil,
                    violating_since: self.violating_since,
                    notice: self.notice,
                },
                site: Point::zeros(),
                side: self.side,
                class: ClassId(0),
                command_link: self.command_link,
                engaged_another: self.engaged_another,
                near_report: self.near_report,
                ceased_until: self.ceased.then_some(Millis::NEVER),
                draws: CrewDraws::new(streams(), Key::of("site"), Key::of("aircraft")),
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
            side: SideId(0),
            command_link: CommandLink::UP,
            engaged_another: None,
            near_report: false,
            ceased: false,
        }
    }

    fn streams() -> &'static Streams {
        static STREAMS: std::sync::LazyLock<Streams> = std::sync::LazyLock::new(|| {
            let replication = crate::record::Replication { seed: 1, index: 0 };
            Streams::new(replication)
        });
        &STREAMS
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
            (AssumedFriend, [Err(IdentifiedProtected); 3]),
            (Friend, [Err(IdentifiedProtected); 3]),
            (Neutral, [Err(IdentifiedProtected); 3]),
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
            id_sources: 2,
            declarations: 1,
            dwell_s: 0.0,
            on: HostileOn::Hostile,
            placebo: None,
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
        let rules = |compliance| {
            let mut spec = with_status(WeaponsControl::Tight);
            spec.flight_plan_notice = Some(FlightPlanNoticeSpec { compliance });
            without_names(&spec)
        };
        let (heeded, not_heeded) = (rules(1.0), rules(0.0));
        let honoured = Err(Decision {
            rule: "R6",
            reason: Reason::PlanMatched,
        });
        let held = |identity, notice| Case {
            notice,
            ..case(identity)
        };
        for notice in [NoticeState::Matched, NoticeState::ChanceMatch] {
            let hostile = held(Identity::Hostile, notice);
            assert_eq!(verdict(&heeded, &hostile), honoured, "{notice:?}");
            assert!(verdict(&not_heeded, &hostile).is_ok());
            let unknown = verdict(&heeded, &held(Identity::Unknown, notice));
            assert_eq!(unknown.unwrap_err().reason, Reason::WeaponsTight);
        }
        for notice in [
            NoticeState::Stale,
            NoticeState::OffTime,
            NoticeState::Unmatched,
            NoticeState::Lost,
        ] {
            let hostile = held(Identity::Hostile, notice);
            assert!(verdict(&heeded, &hostile).is_ok(), "{notice:?}");
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
            "restricted_operations_zone": { "zone": "all", "authority": "headquarters" },
        }))
        .unwrap();
        let named = Named {
            zones: &zones,
            corridors: &corridors,
            types: &[],
            nodes: &[("headquarters".to_owned(), SideId(0))],
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
            side: SideId(1),
            ..case(Unknown)
        };
        let closing = |case: Case| Case {
            velocity_mps: Vector3::new(-60.0, 0.0, 0.0),
            ..case
        };
        let enforced = |case: Case| Case {
            side: SideId(0),
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
                Err(("R1", IdentifiedProtected)),
            ),
            (
                Tight,
                held(AssumedFriend, enforced(closing(plain))),
                early,
                Err(("R1", IdentifiedProtected)),
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
                Err(("R6", PlanMatched)),
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
                Err(("R6", PlanMatched)),
            ),
            // R7 last; R5 does not wait, but does not override the confirmation.
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
                Err(("R7", HotlineConfirmed)),
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
                Err(("R7", HotlineConfirmed)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let rules = everything(status);
            let mut enquiries = Enquiries::default();
            let mut put = |_: &'static str, enquiries: &Enquiries| {
                let asked = enquiries.made("R7")?.at;
                Some(Reply {
                    at: asked + Millis(60_000),
                    says: Says::Hold(HotlineConfirmed),
                })
            };
            if let Some(asked) = asked {
                let first = Case {
                    time: asked,
                    ..case
                };
                rules.consult(&first.request(), &mut enquiries, &mut put);
            }
            let request = Case { time, ..case };
            let ruling = rules.consult(&request.request(), &mut enquiries, &mut put);
            let verdict = ruling.decision;
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
        let down: &'static CommandLink = Box::leak(Box::new({
            let lost = rules(serde_json::json!({
                "lost_comms": { "mttr_min": 0.0, "outages": [{ "from_h": 0.0 }] }
            }));
            let replication = crate::record::Replication { seed: 1, index: 0 };
            let streams = Streams::new(replication);
            lost.command_link(&streams, Key::of("line"), None, Millis::NEVER)
                .unwrap()
        }));
        let passing = Case {
            time: Millis(3_600_000),
            place: Vector3::new(20_000.0, 0.0, 3000.0),
            velocity_mps: Vector3::new(60.0, 0.0, 0.0),
            ..case(Identity::Hostile)
        };
        let closing = Case {
            velocity_mps: Vector3::new(-60.0, 0.0, 0.0),
            ..passing
        };
        let lost = |fallback: &str| serde_json::json!({ "lost_comms": { "fallback": fallback }, "hotline_query": {} });
        let window = serde_json::json!({ "windows": [{}], "status": "hold" });
        let block = serde_json::json!({ "blocks": [{ "floor_m": 0.0, "top_m": 9000.0 }], "height_sigma_m": 0.0 });
        let area = serde_json::json!({ "areas": [{ "zone": "near", "classes": ["class"] }] });
        let cut_off = |case: Case, command_link| Case {
            command_link,
            ..case
        };
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
                rules(serde_json::json!({ "weapon_engagement_zone": area, "altitude_blocks": block })),
                passing,
                Err(("R12", OutsideEngagementZone)),
            ),
            (
                rules(serde_json::json!({ "weapon_engagement_zone": area })),
                closing,
                Ok(("R5", SelfDefence)),
            ),
            // R11, then R14, also against self-defence.
            (
                rules(serde_json::json!({ "friendly_force_tracking": {}, "altitude_blocks": block })),
                Case {
                    near_report: true,
                    ..closing
                },
                Err(("R11", InAltitudeBlock)),
            ),
            (
                rules(serde_json::json!({ "friendly_force_tracking": {}, "optical_confirmation": {} })),
                Case {
                    near_report: true,
                    ..passing
                },
                Err(("R14", FriendlyForceReport)),
            ),
            // R16 before R17 before R7 before R3; while they wait R5 may allow.
            (
                rules(serde_json::json!({ "optical_confirmation": {}, "second_operator": {} })),
                passing,
                Err(("R16", AwaitingVisualIdentification)),
            ),
            (
                rules(serde_json::json!({ "second_operator": {}, "hotline_query": {} })),
                passing,
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
                    notice: NoticeState::Late,
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
                    notice: NoticeState::Late,
                    engaged_another: Some(passing.time),
                    ..passing
                },
                Err(("R17", CoolDown)),
            ),
            (
                rules(serde_json::json!({ "second_operator": {} })),
                Case {
                    notice: NoticeState::Lost,
                    ..closing
                },
                Err(("R17", NotConfirmed)),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            // What the second operator says, if he is there: told apart by what the plan check found, which matters to nobody here.
            let mut put = |rule: &'static str, _: &Enquiries| {
                let says = match case.notice {
                    NoticeState::Late => Says::GoOn,
                    NoticeState::Lost => Says::Hold(NotConfirmed),
                    _ => return None,
                };
                (rule == "R17").then_some(Reply { at: case.time, says })
            };
            let mut enquiries = Enquiries::default();
            let verdict = (rules.consult(&case.request(), &mut enquiries, &mut put)).decision;
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
                Reason::SharedTrackOnly
                    | Reason::TakenForDestroyed
                    | Reason::Claimed
                    | Reason::BetterPlaced
                    | Reason::NoChannel
                    | Reason::MagazineEmpty
            );
            assert!(listed != own, "{}", reason.code());
        }
    }
}
