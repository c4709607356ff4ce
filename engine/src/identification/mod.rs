//! Tracks to identities: what a site declares, what it believes, and which STANAG 1241 identity follows.

pub mod appearance;
mod civil;
mod columns;
pub mod faults;
pub mod fusion;
pub mod id_sources;
mod identifier;
pub mod operator;
pub mod plan_check;
mod told;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use appearance::{Appearance, AppearanceSpec, Glimpse, Piece, Viewer};
pub use civil::CivilRows;
pub use columns::{Columns, DeclaredBlock};
pub use faults::{Faults, FaultsSpec};
pub use fusion::{Fused, Gathered, Recalled};
pub use id_sources::{Emitter, IdSourceScene, IdSourceState, IdSources, side_key};
pub use identifier::{
    Criteria, CriteriaOn, Evidence, Identifier, MAX_COLUMNS, MAX_ROWS, Noted, Posterior, RunOutcome,
};
pub use operator::{ExpectancySpec, Judgement, Operator, OperatorSpec};
pub use told::Told;

/// How a site identifies its tracks: the confusion matrix, what the site believes of it, and the thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentificationSpec {
    /// Whether the rows of the matrix are aircraft types or affiliations (friend, neutral, hostile).
    pub over: Hypotheses,
    /// Time between two declarations while the track lives, s; the first falls on confirmation.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub interval_s: f64,
    /// Whether a declaration stands alone or is fused with those before it.
    #[serde(default)]
    pub combine: Combine,
    /// How long what the site sees of an aircraft stays what it is, and how far the sites of a side see the same.
    #[serde(default, skip_serializing_if = "AppearanceSpec::is_default")]
    pub appearance: AppearanceSpec,
    /// The confusion matrix: `actual.TRUTH.DECLARED` is the probability that an aircraft of that row is declared as
    /// that column; `unknown` is a column; a missing column is 0; rows sum to 1.
    pub actual: ConfusionMatrix,
    /// The matrix the site believes in; without it the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<ConfusionMatrix>,
    /// What the site expects before it looks, by row, in any positive unit; without it all rows alike.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prior: BTreeMap<String, NonNegative>,
    /// With `over = "types"`: how a type divides into affiliations in the site's belief ("a TB2 is the enemy's").
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub affiliations: BTreeMap<String, AffiliationShares>,
    /// The posterior a site asks for before it gives an identity.
    #[serde(default)]
    pub identity: IdentityThresholds,
    /// Whether, and how, the site checks tracks against the flight plans it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flight_plan: Option<FlightPlanSourceSpec>,
    /// Crypto IFF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iff: Option<id_sources::iff::IffSpec>,
    /// Civil transponder and agreed squawk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transponder: Option<id_sources::transponder::TransponderSpec>,
    /// Optical recognition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optical: Option<id_sources::optical::OpticalSpec>,
    /// Speed and altitude profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<id_sources::profile::ProfileSpec>,
    /// Where a track was first seen, and whether it is in a lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<id_sources::origin::OriginSpec>,
    /// Faults that all looks of a site within an hour share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultsSpec>,
    /// The operator, with his errors; without him the fused identity stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OperatorSpec>,
}

impl IdentificationSpec {
    /// Whether more goes into an identity than declarations and flight plans: another ID source, a fault, or an operator.
    pub fn asks_more(&self) -> bool {
        IdSources::count(self) > 0 || self.faults.is_some() || self.operator.is_some()
    }

    /// Whether anything but `unknown` is ever declared.
    pub fn declares(&self) -> bool {
        let mut columns = self.actual.values().flatten();
        columns.any(|(column, p)| column != "unknown" && p.0 > 0.0)
    }

    /// How many different ID sources can speak: what rule R2 counts.
    pub fn sources(&self) -> u32 {
        let plan = self.flight_plan.as_ref();
        let checks = plan.is_some_and(|id_source| id_source.assumed.is_some());
        IdSources::count(self) + u32::from(self.declares()) + u32::from(checks)
    }
}

/// P(something | affiliation), as a site believes it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AffiliationProbabilities {
    /// P(... | friend).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub friend: f64,
    /// P(... | neutral).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub neutral: f64,
    /// P(... | hostile).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hostile: f64,
}

impl AffiliationProbabilities {
    /// Friend, neutral, hostile: the order of every table.
    pub fn by_affiliation(&self) -> [f64; 3] {
        [self.friend, self.neutral, self.hostile]
    }
}

/// `TRUTH.DECLARED = probability`.
pub type ConfusionMatrix = BTreeMap<String, BTreeMap<String, Probability>>;

/// A probability.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Probability(#[schemars(range(min = 0.0, max = 1.0))] pub f64);

/// A number that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NonNegative(#[schemars(range(min = 0.0, max = 1e12))] pub f64);

/// What the rows of a confusion matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hypotheses {
    /// Aircraft types.
    Types,
    /// Friend, neutral, hostile, relative to the site's side.
    Affiliations,
}

/// Whether a declaration stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The latest declaration is taken at face value; `unknown` leaves the identity unknown.
    Single,
    /// All declarations of the track are fused by Bayes over the assumed matrix.
    #[default]
    Fused,
}

/// How a type divides into affiliations; the three are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AffiliationShares {
    /// Share of friends.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub friend: f64,
    /// Share of neutrals.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub neutral: f64,
    /// Share of hostiles.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hostile: f64,
}

/// Posterior to identity. Tried in this order: hostile, friend, neutral, suspect, assumed friend; else Unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityThresholds {
    /// P(hostile) above this is Hostile (replaced by rule R2 where it is in force).
    #[schemars(range(min = 0.5, max = 1.0))]
    pub hostile: f64,
    /// P(friend) above this is Friend.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub friend: f64,
    /// P(neutral) above this is Neutral.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub neutral: f64,
    /// P(hostile) above this is Suspect.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub suspect: f64,
    /// P(friend) above this is AssumedFriend.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub assumed_friend: f64,
}

impl Default for IdentityThresholds {
    fn default() -> Self {
        IdentityThresholds {
            hostile: 0.9,
            friend: 0.9,
            neutral: 0.9,
            suspect: 0.6,
            assumed_friend: 0.6,
        }
    }
}

/// Flight-plan correlation: a track matches a plan the site holds when it is inside the plan's gate and window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlightPlanSourceSpec {
    /// Half-width of the gate across the planned track, m.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub lateral_gate_m: f64,
    /// Half-height of the gate, m.
    #[serde(default = "any_height")]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub vertical_gate_m: f64,
    /// Half-length of the window around the planned time, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub window_s: f64,
    /// Probability that a track inside gate and window is in fact matched; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub correlation: f64,
    /// Probability that an aircraft without a matching plan is matched with somebody else's; one draw per site and
    /// aircraft.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub chance_match: f64,
    /// Whether a track without a match of its own is matched with any other plan in hand whose gate it is in.
    #[serde(default)]
    pub any_plan: bool,
    /// What the site believes: P(match | affiliation). Without it the match is no evidence (rule R6 may still use it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<MatchBelief>,
}

fn any_height() -> f64 {
    100_000.0
}

fn certain() -> f64 {
    1.0
}

/// P(match with a held plan | affiliation), as the site assumes it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchBelief {
    /// P(match | friend).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub friend: f64,
    /// P(match | neutral).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub neutral: f64,
    /// P(match | hostile).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hostile: f64,
}
