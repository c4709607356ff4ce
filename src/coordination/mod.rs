//! Who may fire at what, when: the rules, one file each.
//!
//! A rule is a guard on the decision to fire. [`RULES`] is the one list of them; parser, schema, `deconflict rules`
//! and the knob test read it. Order and precedence are stated in [`Rules::decide`].

mod agreed_squawk;
mod corridors;
mod enquiries;
mod flight_plan_notice;
mod hostile_criteria;
mod hotline_query;
mod restricted_zone;
mod self_defence;
mod weapons_control;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airspace::{Corridor, Zone};
use crate::geometry::Point;
use crate::identification::Criteria;
use crate::ids::{Key, NodeId};
use crate::record::{Decision, Identity, NoticeState, Reason, RuleWord};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub use agreed_squawk::AgreedSquawkSpec;
pub use corridors::CorridorsSpec;
pub use enquiries::{Asked, Enquiries, Enquiry};
pub use flight_plan_notice::FlightPlanNoticeSpec;
pub use hostile_criteria::{HostileCriteriaSpec, HostileOn};
pub use hotline_query::{HotlineFile, HotlineQuerySpec};
pub use restricted_zone::{Compliance, RestrictedZone, RestrictedZoneSpec};
pub use self_defence::SelfDefenceSpec;
pub use weapons_control::{WeaponsControl, WeaponsControlSpec, ZoneStatusSpec};

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
    self_defence: SelfDefenceSpec;
    flight_plan_notice: FlightPlanNoticeSpec;
    hotline_query: HotlineQuerySpec;
    corridors: CorridorsSpec;
    restricted_zone: RestrictedZoneSpec;
    agreed_squawk: AgreedSquawkSpec;
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
}

/// The rules in force, ready to use.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    weapons_control: weapons_control::WeaponsControlRule,
    hostile_criteria: Option<Criteria>,
    self_defence: Option<SelfDefenceSpec>,
    flight_plan_notice: Option<FlightPlanNoticeSpec>,
    hotline_query: Option<hotline_query::HotlineQueryRule>,
    corridors: Option<corridors::CorridorsRule>,
    restricted_zone: Option<RestrictedZone>,
}

/// What a rule may read: the track as the site holds it. Nothing here is the truth.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Now.
    pub time: Millis,
    /// Where the track is.
    pub place: Vector3<f64>,
    /// How it moves, m/s; needed only where [`Rules::wants_velocity`] says so.
    pub velocity_mps: Option<Vector3<f64>>,
    /// Where the site is.
    pub site: Point,
    /// Identity held.
    pub identity: Identity,
    /// What the plan check found.
    pub notice: NoticeState,
    /// How the crew handles this aircraft.
    pub crew: Crew,
}

/// How the crew of a site handles one aircraft, drawn before the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Crew {
    /// Whether it acts on a match with a plan (rule R6).
    pub heeds_plans: bool,
    /// What a query brings (rule R7).
    pub hotline: HotlineFile,
    /// Whether it acts on corridors (rule R9).
    pub heeds_corridors: bool,
    /// Whether it enforces the restricted zone (rule R10).
    pub enforces_zone: bool,
}

/// What is true of a site and an aircraft before any draw about the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the site is one of the authority's of the restricted zone.
    pub under_authority: bool,
    /// Whether somebody on the hotline may know the aircraft.
    pub on_the_line: bool,
    /// When its plan reaches the node that answers the hotline.
    pub plan_at_node: Millis,
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
                .map(|rule| rule.criteria(named.types)),
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
        }
    }

    /// Whether a verdict can change only with the identity or the plan check, and not with place and time alone.
    pub fn steady(&self) -> bool {
        self.weapons_control.everywhere_alike()
            && self.self_defence.is_none()
            && self.hotline_query.is_none()
            && self.corridors.is_none()
            && self.restricted_zone.is_none()
    }

    /// Whether a verdict needs to know how the track moves.
    pub fn wants_velocity(&self) -> bool {
        self.self_defence.is_some()
    }

    /// What rule R2 asks for before a track is held Hostile, where it is in force.
    pub fn hostile_criteria(&self) -> Option<Criteria> {
        self.hostile_criteria
    }

    /// The zone of rule R10, where it is in force: it also decides who flies.
    pub fn restricted_zone(&self) -> Option<&RestrictedZone> {
        self.restricted_zone.as_ref()
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
    pub fn crew(&self, streams: &Streams, site: Key, aircraft: Key, standing: &Standing) -> Crew {
        let honours = |index, honour: Option<f64>| {
            honour.is_some_and(|honour| {
                let mut luck = streams.about(Purpose::Honour, site, aircraft);
                luck.happens(index, honour)
            })
        };
        let plans = self.flight_plan_notice.as_ref().map(|rule| rule.honour);
        let corridors = self.corridors.as_ref().map(|rule| rule.honour);
        let hotline = self.hotline_query.as_ref();
        Crew {
            heeds_plans: honours(0, plans),
            hotline: hotline.map_or(HotlineFile::default(), |rule| {
                rule.draw(streams, site, aircraft, standing)
            }),
            heeds_corridors: honours(1, corridors),
            enforces_zone: standing.under_authority,
        }
    }

    /// Whether a site may fire at a track, and the rule that decided: `Ok` fire, `Err` do not. `enquiries` is what has been
    /// asked about the track, to which this may add.
    ///
    /// Precedence: R2 has already acted on the identity, R13 on what cues can read.
    ///
    /// 1. R1, the weapons control status. What it allows is put to the rules from 3 on, and so is what it declines but
    /// 2. R10 allows, where the status is tight, or else R5, where it is tight or hold or there is no identity yet.
    ///    Neither touches a track held Friend, AssumedFriend or Neutral.
    /// 3. R6, then R9, protect; a shot they prevent is one that would have been fired.
    /// 4. R7 asks, about what would be fired at for any reason but self-defence; while an answer is awaited R5 may
    ///    still allow the shot, against an answer it may not.
    ///
    /// Channel and magazine come last, and are not rules.
    pub fn decide(&self, case: &Case, enquiries: &mut Enquiries) -> Result<Decision, Decision> {
        let hostile_by_criteria = self.hostile_criteria.is_some();
        let permitted = match self.weapons_control.decide(case, hostile_by_criteria) {
            Ok(decision) => decision,
            Err(declined) => self.despite(case, declined)?,
        };
        if let Some(rule) = &self.flight_plan_notice {
            rule.decide(case)?;
        }
        if let Some(rule) = &self.corridors {
            rule.decide(case)?;
        }
        if permitted.reason != Reason::SelfDefence
            && let Err(declined) = self.ask(case, enquiries)
        {
            let in_defence = self.self_defence.as_ref();
            let urgent = in_defence.filter(|_| declined.reason.awaits());
            return urgent.and_then(|rule| rule.permits(case)).ok_or(declined);
        }
        Ok(permitted)
    }

    /// What each rule in force has to say of a track, by number; for the record of a decision.
    pub fn words(&self, case: &Case, enquiries: &Enquiries) -> Vec<RuleWord> {
        let mut words = vec![("R1", self.weapons_control.word(case))];
        let mut say = |rule, word: Option<&'static str>| {
            words.extend(word.map(|word| (rule, word)));
        };
        let criteria = self.hostile_criteria.map(|_| match case.identity {
            Identity::Hostile => "criteria_met",
            _ => "criteria_not_met",
        });
        let asked = |enquiry| *enquiries.clone().asked(enquiry);
        say("R2", criteria);
        say("R5", self.self_defence.as_ref().map(|rule| rule.word(case)));
        say(
            "R6",
            self.flight_plan_notice.as_ref().map(|rule| rule.word(case)),
        );
        let hotline = self.hotline_query.as_ref();
        say(
            "R7",
            hotline.map(|rule| rule.word(case, asked(Enquiry::Hotline))),
        );
        say("R9", self.corridors.as_ref().map(|rule| rule.word(case)));
        say(
            "R10",
            self.restricted_zone.as_ref().map(|rule| rule.word(case)),
        );
        let word = |(rule, word)| RuleWord { rule, word };
        words.into_iter().map(word).collect()
    }

    /// What is asked before the first shot at a track, one after the other.
    fn ask(&self, case: &Case, enquiries: &mut Enquiries) -> Result<(), Decision> {
        if let Some(rule) = &self.hotline_query {
            rule.decide(case, enquiries.asked(Enquiry::Hotline))?;
        }
        Ok(())
    }

    /// What allows a shot that the weapons control status does not.
    fn despite(&self, case: &Case, declined: Decision) -> Result<Decision, Decision> {
        let zone = self.restricted_zone.as_ref();
        let zone = zone.filter(|_| declined.reason == Reason::WeaponsTight);
        let overridden = declined.reason != Reason::HeldProtected;
        let defence = self.self_defence.as_ref().filter(|_| overridden);
        zone.and_then(|rule| rule.permits(case))
            .or_else(|| defence.and_then(|rule| rule.permits(case)))
            .ok_or(declined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Area, Point};
    use crate::record::Reason;

    pub(super) fn case(identity: Identity) -> Case {
        Case {
            time: Millis(1000),
            place: Vector3::new(0.0, 0.0, 3000.0),
            velocity_mps: None,
            site: Point::zeros(),
            identity,
            notice: NoticeState::NotFiled,
            crew: Crew {
                heeds_plans: true,
                ..Crew::default()
            },
        }
    }

    /// The verdict on a track that nobody has asked about.
    fn verdict(rules: &Rules, case: &Case) -> Result<Decision, Decision> {
        rules.decide(case, &mut Enquiries::default())
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
                        crew: Crew::default(),
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
        assert!(!rules.steady() && without_names(&with_status(WeaponsControl::Hold)).steady());
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
            velocity_mps: Some(Vector3::new(60.0, 0.0, 0.0)),
            crew: Crew {
                heeds_plans: true,
                hotline: HotlineFile {
                    answered_after: Some(Millis(60_000)),
                    known_from: Millis(i64::MIN),
                },
                heeds_corridors: true,
                enforces_zone: false,
            },
            ..case(Unknown)
        };
        let closing = |case: Case| Case {
            velocity_mps: Some(Vector3::new(-60.0, 0.0, 0.0)),
            ..case
        };
        let enforced = |case: Case| Case {
            crew: Crew {
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
            velocity_mps: Some(Vector3::new(-5000.0, -9000.0, 0.0) / 100.0),
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
                let _ = rules.decide(&first, &mut query);
            }
            let verdict = rules.decide(&Case { time, ..case }, &mut query);
            let plain = |decision: Decision| (decision.rule, decision.reason);
            assert_eq!(
                verdict.map(plain).map_err(plain),
                expected,
                "case {at}: {status:?}, {case:?}"
            );
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
