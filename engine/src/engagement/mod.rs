//! From the permission to fire to the hit: envelope, channels, salvos, fly-out, kill probability, assessment.
//!
//! An engagement belongs to a track. Engagements are entities that hold a fire channel of their site ([`HeldBy`]), missiles
//! are entities fired by an engagement ([`FiredBy`]).

mod battery;
mod cease_fire;
mod choice;
mod distribution;
mod fire;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::picture::Envelope;
use crate::streams::{Delay, Stream};

pub use battery::{Battery, Engagement, Engagements, FiredBy, HeldBy, Missile, Missiles};
pub use cease_fire::{CeaseFires, Obeying};
pub use distribution::{BestShooter, FireDistribution, FireDistributionSpec};
pub use fire::install;

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
    /// Missiles ready at the start.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub magazine: u32,
    /// Time from the launch of the last missile until the magazine is full again, s; without it there is no reload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub reload_s: Option<f64>,
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

/// How and when a site learns what its shots did. What it takes for destroyed it does not engage again while that track lasts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assessment {
    /// At once, and right.
    #[default]
    Perfect,
    /// Only this long after the last shot, and perhaps wrong; the channel is held until then.
    Delayed(DelayedAssessment),
}

/// A delayed assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelayedAssessment {
    /// Time from the resolution of the shot to the assessment, s.
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub delay_s: f64,
    /// Probability that a target that lives is taken for destroyed.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub false_kill: f64,
    /// Probability that a target that is destroyed is taken to live; where the loss of an aircraft is seen (`loss_seen`), its track
    /// ends all the same.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub false_miss: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Assessment {
    /// Whether a target is taken for destroyed, after the shot of this number.
    pub fn takes_for_destroyed(&self, stream: &mut Stream, shot: u64, destroyed: bool) -> bool {
        let Assessment::Delayed(delayed) = self else {
            return destroyed;
        };
        let errs = if destroyed {
            delayed.false_miss
        } else {
            delayed.false_kill
        };
        destroyed != (errs > 0.0 && stream.happens(shot, errs))
    }
}

/// Which of several tracks that the rules let a site fire at comes first. Ties go by the number of the track: the scan that
/// confirmed it, then bearing from north, then range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The track at which the rules have let the site fire longest without a break; that it is being engaged is no break.
    #[default]
    FirstEligible,
    /// The nearest along the ground.
    Nearest,
    /// The one that leaves the envelope first if it flies straight on from where it was last seen.
    LeastTimeLeft,
    /// By aircraft name, which no site knows: not of this world, for comparisons with other simulations.
    ByName,
}

/// What is looked at once more when the reaction time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LaunchCheck {
    /// Everything: the track must still be held, inside the envelope, and no rule against it. A track that ends takes its
    /// engagement with it: before a launch the channel is free at once, after one nothing more is launched.
    #[default]
    Decision,
    /// Nothing: a decision once taken is carried out unless the target is gone, whatever becomes of the track.
    None,
}

impl WeaponSpec {
    /// Missiles spent on one target in the mean, if it is fought until it is hit or the magazine is empty: salvo after salvo,
    /// `sum_j (1 - P_k)^(j s) min(s, magazine - j s)`; at most 100.
    pub fn missiles_per_target(&self) -> f64 {
        let salvo = match &self.doctrine {
            Doctrine::Salvo(salvo) => salvo.missiles,
            Doctrine::ShootLookShoot(_) => 1,
        };
        let (mut spent, mut lives) = (0.0, 1.0);
        let mut left = self.magazine.min(100);
        while left > 0 {
            let now = left.min(salvo);
            spent += lives * f64::from(now);
            for _ in 0..now {
                lives *= 1.0 - self.kill_probability;
            }
            left -= now;
        }
        spent
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    /// Salvos of 3 from a magazine of 4 at .35: 3, and one more if all three miss, .65^3. One at a time: (1 - .65^4) / .35.
    #[test]
    fn a_target_is_fought_until_it_is_hit_or_nothing_is_left() {
        let spent = |doctrine: Doctrine, kill_probability: f64, magazine: u32| {
            let weapon = serde_json::json!({
                "max_range_m": 1.0,
                "reaction": { "fixed": { "delay_s": 0.0 } },
                "doctrine": doctrine,
                "kill_probability": kill_probability,
                "magazine": magazine,
            });
            let weapon: WeaponSpec = serde_json::from_value(weapon).expect("a weapon");
            weapon.missiles_per_target()
        };
        let salvo = |missiles| {
            Doctrine::Salvo(SalvoSpec {
                missiles,
                spacing_s: 0.0,
            })
        };
        let single = Doctrine::ShootLookShoot(ShootLookShootSpec {
            max_missiles: 2,
            spacing_s: 0.0,
        });
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(spent(salvo(3), 0.35, 4), 3.0 + 0.65_f64.powi(3));
        close(spent(single, 0.35, 4), (1.0 - 0.65_f64.powi(4)) / 0.35);
        close(spent(salvo(2), 1.0, 8), 2.0);
        close(spent(salvo(2), 0.5, 0), 0.0);
    }
}
