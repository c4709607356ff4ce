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
