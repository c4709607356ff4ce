//! R1: weapons control status by zone and time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Parameter, RulePage};

pub(super) static PAGE: RulePage = RulePage {
    id: "R1",
    key: "weapons_control",
    title: "Weapons control status by zone and time",
    page: "\
Free: fire at Unknown, Suspect and Hostile. Tight: fire only at Hostile. Hold: do not fire. Never, under any status, at
Pending, Neutral, AssumedFriend or Friend. Without this rule every site is tight everywhere. Where several zones apply,
the strictest status wins.

Fails by: nothing in this version; the status is known to every site at once.
Costs: leakers, the stricter the status.
Source: weapons control status as in ATP-3.3.7 and JP 3-01, in common use.",
    parameters: &[Parameter {
        key: "status",
        unit: "choice",
        default: "\"tight\"",
        range: "\"free\", \"tight\", \"hold\"",
        meaning: "status outside all zones named in `zones`",
    }],
    reasons: &["weapons_free", "weapons_tight", "weapons_hold", "held_protected", "identity_pending"],
};

/// R1: weapons control status by zone and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeaponsControlSpec {
    /// Status outside all zones.
    #[serde(default)]
    pub status: WeaponsControl,
    /// Status inside zones, for a time; the strictest that applies wins over the status above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<ZoneStatusSpec>,
}

/// Weapons control status.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WeaponsControl {
    /// Fire at anything not identified as friend or neutral.
    Free,
    /// Fire only at what is held hostile.
    #[default]
    Tight,
    /// Do not fire.
    Hold,
}

/// A status inside a zone, for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneStatusSpec {
    /// The zone.
    pub zone: String,
    /// The status inside it.
    pub status: WeaponsControl,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
}
