//! Who may fire at what, when: the rules, one file each.
//!
//! A rule is a guard on the decision to fire. [`RULES`] is the one list of them; parser, schema, `deconflict rules`
//! and the knob test read it. Order and precedence are stated in [`Rules::decide`].

mod flight_plan_notice;
mod hostile_criteria;
mod weapons_control;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airspace::Zone;
use crate::identification::Criteria;
use crate::record::{Decision, Identity, NoticeState};
use crate::units::Millis;

pub use flight_plan_notice::FlightPlanNoticeSpec;
pub use hostile_criteria::{HostileCriteriaSpec, HostileOn};
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

        /// Every rule there is, in order of precedence.
        pub static RULES: &[&RulePage] = &[$(&$module::PAGE,)*];
    };
}

// One line a rule.
rules! {
    weapons_control: WeaponsControlSpec;
    hostile_criteria: HostileCriteriaSpec;
    flight_plan_notice: FlightPlanNoticeSpec;
}

/// The rules in force, ready to use.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    weapons_control: weapons_control::WeaponsControlRule,
    hostile_criteria: Option<Criteria>,
    flight_plan_notice: Option<FlightPlanNoticeSpec>,
}

/// What a rule may read: the track as the site holds it. Nothing here is the truth.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Now.
    pub time: Millis,
    /// Where the track is.
    pub place: Vector3<f64>,
    /// Identity held.
    pub identity: Identity,
    /// What the plan check found.
    pub notice: NoticeState,
    /// Whether the crew acts on a match (drawn once per site and aircraft; see rule R6).
    pub heeds_plans: bool,
}

impl Rules {
    /// Makes checked rules ready.
    pub fn new(spec: &RulesSpec, zones: &[Zone], types: &[String]) -> Rules {
        Rules {
            weapons_control: weapons_control::WeaponsControlRule::new(
                spec.weapons_control.as_ref(),
                zones,
            ),
            hostile_criteria: spec
                .hostile_criteria
                .as_ref()
                .map(|rule| rule.criteria(types)),
            flight_plan_notice: spec.flight_plan_notice.clone(),
        }
    }

    /// Whether a verdict can change only with the identity or the plan check, and not with place and time alone.
    pub fn steady(&self) -> bool {
        self.weapons_control.everywhere_alike()
    }

    /// What rule R2 asks for before a track is held Hostile, where it is in force.
    pub fn hostile_criteria(&self) -> Option<Criteria> {
        self.hostile_criteria
    }

    /// Probability that a crew acts on a plan match, where rule R6 is in force.
    pub fn honour(&self) -> Option<f64> {
        self.flight_plan_notice.as_ref().map(|rule| rule.honour)
    }

    /// Whether a site may fire at a track, and the rule that decided: `Ok` fire, `Err` do not.
    ///
    /// Precedence: R2 has already acted, on the identity. Then R1, the weapons control status; only a track that it
    /// would let a site fire at is put to R6, so that a shot R6 prevents is one that would have been fired. Channel and
    /// magazine come last, and are not rules.
    pub fn decide(&self, case: &Case) -> Result<Decision, Decision> {
        let permitted = self
            .weapons_control
            .decide(case, self.hostile_criteria.is_some())?;
        if let Some(rule) = &self.flight_plan_notice {
            rule.decide(case)?;
        }
        Ok(permitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Area, Point};
    use crate::record::Reason;

    fn case(identity: Identity) -> Case {
        Case {
            time: Millis(1000),
            place: Vector3::new(0.0, 0.0, 3000.0),
            identity,
            notice: NoticeState::NotFiled,
            heeds_plans: true,
        }
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
                let rules = Rules::new(&with_status(status), &[], &[]);
                let verdict = rules.decide(&case(identity));
                let reasons = verdict.map(|yes| yes.reason).map_err(|no| no.reason);
                assert_eq!(reasons, expected, "{identity:?} under {status:?}");
                let (Ok(decision) | Err(decision)) = verdict;
                assert_eq!(decision.rule, "R1");
            }
            let unruled = Rules::new(&RulesSpec::default(), &[], &[]);
            let reason = unruled
                .decide(&case(identity))
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
        let decision = Rules::new(&spec, &[], &[]).decide(&case(Identity::Hostile));
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
        let rules = Rules::new(&spec, &[], &[]);
        let honoured = Err(Decision {
            rule: "R6",
            reason: Reason::PlanHonoured,
        });
        for notice in [NoticeState::Matched, NoticeState::ChanceMatch] {
            let hostile = Case {
                notice,
                ..case(Identity::Hostile)
            };
            assert_eq!(rules.decide(&hostile), honoured, "{notice:?}");
            assert!(
                rules
                    .decide(&Case {
                        heeds_plans: false,
                        ..hostile
                    })
                    .is_ok()
            );
            let unknown = rules.decide(&Case {
                notice,
                ..case(Identity::Unknown)
            });
            assert_eq!(unknown.unwrap_err().reason, Reason::WeaponsTight);
        }
        for notice in [
            NoticeState::Stale,
            NoticeState::OffTime,
            NoticeState::Unmatched,
            NoticeState::Lost,
        ] {
            assert!(
                rules
                    .decide(&Case {
                        notice,
                        ..case(Identity::Hostile)
                    })
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
        let rules = Rules::new(&spec, &zones, &[]);
        assert!(
            !rules.steady() && Rules::new(&with_status(WeaponsControl::Hold), &[], &[]).steady()
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
            let (Ok(found) | Err(found)) = rules.decide(&Case {
                time: Millis(time_ms),
                place,
                ..case(Identity::Unknown)
            });
            assert_eq!(found.reason, reason, "{time_ms} ms, {place}");
        }
    }

    /// A rule's page lists its reasons; every reason is on the page of some rule, or is the weapon's own.
    #[test]
    fn every_reason_is_on_a_page() {
        for reason in Reason::ALL {
            let listed = RULES
                .iter()
                .any(|rule| rule.reasons.contains(&reason.code()));
            let own = matches!(reason, Reason::NoChannel | Reason::MagazineEmpty);
            assert!(listed != own, "{}", reason.code());
        }
    }
}
