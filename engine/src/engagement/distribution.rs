//! Who shoots: the sites of one side claim targets, and leave them to the one that is best placed.

use bevy_ecs::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::SideId;
use crate::units::Millis;

/// How the sites of a side share out targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FireDistributionSpec {
    /// Time from the first launch of an engagement until the other sites know of it, s.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub claim_latency_s: f64,
    /// How near the claimed place a track must be to be taken for the claimed one, m along the ground.
    #[serde(default = "FireDistributionSpec::gate_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub gate_m: f64,
    /// Which site a target is left to before anybody has launched.
    #[serde(default)]
    pub best_shooter: BestShooter,
}

impl FireDistributionSpec {
    fn gate_m() -> f64 {
        5_000.0
    }

    /// Time until others know.
    pub fn latency(&self) -> Millis {
        Millis::from_seconds(self.claim_latency_s)
    }
}

/// Which of several sites that may fire at a target and could is to do so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BestShooter {
    /// Whichever decides first.
    #[default]
    Anybody,
    /// The one that is nearest along the ground.
    Nearest,
}

/// How each side shares out targets, by its number; without an entry each site is on its own.
#[derive(Debug, Resource)]
pub struct FireDistribution(pub Vec<Option<FireDistributionSpec>>);

impl FireDistribution {
    /// How a side does, if it does.
    pub fn of(&self, side: SideId) -> Option<FireDistributionSpec> {
        self.0.get(side.index()).copied().flatten()
    }
}
