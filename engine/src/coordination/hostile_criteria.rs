//! R2: what must be known before a track may be held Hostile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Parameter, RulePage};
use crate::identification::{Criteria, CriteriaOn};
use crate::ids::TypeId;

pub(super) static PAGE: RulePage = RulePage {
    id: "R2",
    key: "hostile_criteria",
    title: "Hostile criteria: threshold, on an allegiance or a type, number of cues",
    page: "\
A track is held Hostile when the site's posterior for `on` is above `threshold` and at least `cues` cues speak: every
declaration other than `unknown` is one cue, a flight-plan check that the site treats as evidence is one more, and so is
each of IFF, transponder, optics, profile, origin and lane that says something now, however often it was asked. Replaces
the class's own `identity.hostile` threshold. A track that the class would hold Hostile but that misses these criteria is
held Suspect.

Fails by: correlated cues, which count as many and are one.
Costs: time to identify.
Source: hostile criteria as in JP 3-01 and STANAG 1241; fusion as in STANAG 4162.",
    parameters: &[
        Parameter {
            key: "threshold",
            unit: "probability",
            default: "0.9",
            range: "0 to 1",
            meaning: "posterior that must be exceeded",
        },
        Parameter {
            key: "cues",
            unit: "cues",
            default: "1",
            range: "1 to 100",
            meaning: "cues that must have spoken",
        },
        Parameter {
            key: "on",
            unit: "choice",
            default: "\"hostile\"",
            range: "\"hostile\" or { type = NAME }",
            meaning: "what the posterior is about: the regard hostile, or one aircraft type",
        },
    ],
    reasons: &["hostile_identity", "weapons_tight"],
};

/// R2: hostile criteria.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostileCriteriaSpec {
    /// Posterior that must be exceeded.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Cues that must have spoken.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub cues: u32,
    /// What the posterior is about.
    #[serde(default)]
    pub on: HostileOn,
}

fn threshold() -> f64 {
    0.9
}

fn one() -> u32 {
    1
}

/// What the posterior of the hostile criteria is about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostileOn {
    /// The regard hostile.
    #[default]
    Hostile,
    /// One aircraft type; for site classes whose matrix has types.
    Type(String),
}

impl HostileCriteriaSpec {
    /// The criteria with the type's name resolved; a name that is not a type of the scenario is never met.
    pub(super) fn criteria(&self, types: &[String]) -> Criteria {
        let on = match &self.on {
            HostileOn::Hostile => CriteriaOn::Hostile,
            HostileOn::Type(name) => {
                let row = types.iter().position(|known| known == name);
                CriteriaOn::Type(TypeId(row.map_or(u32::MAX, |row| row as u32)))
            }
        };
        Criteria {
            on,
            threshold: self.threshold,
            cues: self.cues,
        }
    }
}
