//! From the permission to fire to the hit: envelope, channels, salvos, fly-out, kill probability, assessment.

mod attention;
mod battery;
mod cease_fire;
mod fire;

use bevy_ecs::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::{self, Envelope};
use crate::streams::Delay;
use crate::tick::{Due, Phase};

pub use battery::{Battery, Engagement, Missile};
pub use cease_fire::{CeaseFires, Obeying};

/// A site's weapon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeaponSpec {
    /// Farthest range of the envelope, m, measured as `range` says.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 500_000.0))]
    pub max_range_m: f64,
    /// Dead zone: nothing nearer than this is fired at, m, measured as `range` says.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 500_000.0))]
    pub min_range_m: f64,
    /// Whether the ranges are measured along the ground or along the line of sight.
    #[serde(default)]
    pub range: RangeMeasure,
    /// Lowest altitude of the envelope, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub min_altitude_m: f64,
    /// Highest altitude of the envelope, m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub max_altitude_m: Option<f64>,
    /// Time from the decision to the first launch.
    pub reaction: Delay,
    /// Engagements the site can hold at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    pub channels: u32,
    /// How missiles are spent on one target.
    pub doctrine: Doctrine,
    /// Mean missile speed, m/s: fly-out time is slant range at launch over this; without it the shot resolves at launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 5000.0))]
    pub missile_mps: Option<f64>,
    /// P_k: probability that one shot destroys its target.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub kill_probability: f64,
    /// Missiles ready at the start; no reload.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub magazine: u32,
    /// How and when the site learns what a shot did.
    #[serde(default)]
    pub assessment: Assessment,
    /// Which of several tracks it may fire at comes first.
    #[serde(default)]
    pub priority: Priority,
    /// What is looked at once more when the reaction time is over.
    #[serde(default)]
    pub launch_check: LaunchCheck,
}

fn one() -> u32 {
    1
}

/// How a range is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RangeMeasure {
    /// Along the ground.
    #[default]
    Ground,
    /// Along the line of sight.
    Slant,
}

/// How missiles are spent on one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doctrine {
    /// A fixed number of missiles, then assess.
    Salvo(SalvoSpec),
    /// One missile, assess, another if the target lives.
    ShootLookShoot(ShootLookShootSpec),
}

/// A salvo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalvoSpec {
    /// Missiles in the salvo.
    #[schemars(range(min = 1, max = 100))]
    pub missiles: u32,
    /// Time between launches, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub spacing_s: f64,
}

/// Shoot-look-shoot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShootLookShootSpec {
    /// Most missiles spent on one target in one engagement.
    #[schemars(range(min = 1, max = 100))]
    pub max_missiles: u32,
    /// Time from assessment to the next launch, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub spacing_s: f64,
}

/// How and when a site learns what its shots did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assessment {
    /// At once.
    #[default]
    Perfect,
    /// Right, but only this long after the last shot; the channel is held until then.
    Delayed(DelayedAssessment),
}

/// A delayed assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelayedAssessment {
    /// Time from the resolution of the shot to the assessment, s.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub delay_s: f64,
}

/// Which of several eligible tracks a site fires at first; ties go by aircraft name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The track that has been eligible longest.
    #[default]
    FirstEligible,
    /// The nearest along the ground.
    Nearest,
    /// The one that leaves the envelope first on its present course.
    LeastTimeLeft,
    /// By aircraft name alone.
    ByName,
}

/// What is looked at once more when the reaction time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LaunchCheck {
    /// Everything: the track must still be held, inside the envelope, and no rule against it.
    #[default]
    Decision,
    /// Nothing: a decision once taken is carried out unless the target is gone.
    None,
}

impl WeaponSpec {
    /// Where it reaches.
    pub fn envelope(&self) -> Envelope {
        Envelope {
            slant: self.range == RangeMeasure::Slant,
            range_m: (self.min_range_m, self.max_range_m),
            altitude_m: (
                self.min_altitude_m,
                self.max_altitude_m.unwrap_or(f64::INFINITY),
            ),
        }
    }
}

/// Adds the systems of this room; `close_files` of the picture comes first, so that nobody looks at the dead.
pub fn install(schedule: &mut Schedule) {
    schedule.add_systems((
        fire::resolve_shots
            .run_if(Due::any(|due| &due.shots))
            .in_set(Phase::Resolve),
        (
            attention::release_channels.run_if(Due::any(|due| &due.freed)),
            attention::look_ahead.run_if(Due::any(|due| &due.entering)),
        )
            .chain()
            .after(picture::close_files)
            .before(picture::keep_watch)
            .in_set(Phase::Observe),
        fire::open_fire
            .run_if(Due::any(|due| &due.ripe))
            .in_set(Phase::Engage),
    ));
}
