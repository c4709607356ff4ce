//! Who may fire at what, when: the rules, one file each.
//!
//! A rule is a guard on the decision to fire. [`RULES`] is the one list of them; parser, schema, `deconflict rules`
//! and the knob test read it. Order and precedence are stated in [`Rules::decide`].

mod flight_plan_notice;
mod hostile_criteria;
mod weapons_control;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// The rules in force, ready to use; see [`Rules::new`].
#[derive(Debug, Clone)]
pub struct Rules {}

impl Rules {
    /// Placeholder.
    pub fn new(_spec: &RulesSpec, _zones: &[crate::airspace::Zone], _types: &[String]) -> Rules {
        Rules {}
    }
}
