//! Truth to detections: which scan of which site sees which aircraft.

pub mod coverage;
pub mod detection;
pub mod detections;
pub mod readiness;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Millis;

/// A site's sensor: a model and the way it scans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorSpec {
    /// How detection depends on the aircraft and its range.
    pub model: SensorModel,
    /// Time between two looks at the same aircraft, s.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub scan_s: f64,
    /// When the first scan falls.
    #[serde(default)]
    pub scan_phase: ScanPhase,
    /// Antenna height above ground, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub antenna_m: f64,
}

impl SensorSpec {
    /// The time between two scans on the clock.
    pub fn scan(&self) -> Millis {
        Millis(Millis::from_seconds(self.scan_s).0.max(1))
    }
}

/// When the scans of a site fall.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanPhase {
    /// First scan uniform in one scan period, drawn per site and replication.
    #[default]
    Random,
    /// First scan this long after the start; 0 stands for one whole period.
    Fixed(FixedPhase),
}

/// A scan phase given in the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedPhase {
    /// Time of the first scan after the start, s; at most one scan period.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub first_s: f64,
}

/// How the probability of detection per scan depends on the aircraft and its range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorModel {
    /// Constant inside a range.
    Disc(DiscSpec),
    /// Swerling 1 and R^4.
    Radar(RadarSpec),
    /// exp(ln 0.5 (r/R50)^4): the high-SNR form of the same, for teaching and for closed-form checks.
    FourthPower(FourthPowerSpec),
}

/// Detection with one probability everywhere inside a slant range, none outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscSpec {
    /// Slant range, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2_000_000.0))]
    pub range_m: f64,
    /// Probability of detection per scan.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub detection: f64,
}

/// Search radar: SNR(R) = SNR50 (R50/R)^4 (rcs / 1 m^2); Swerling 1, one pulse a scan: Pd = Pfa^(1/(1+SNR)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RadarSpec {
    /// Slant range at which one scan detects 1 m^2 with probability 0.5, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2_000_000.0))]
    pub r50_m: f64,
    /// Probability of false alarm per look.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 0.1))]
    pub false_alarm: f64,
    /// Instrumented range: beyond it the radar does not look, m slant.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2_000_000.0))]
    pub max_range_m: f64,
}

/// Pd = exp(ln 0.5 (r/R50)^4 / (rcs / 1 m^2)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FourthPowerSpec {
    /// Slant range at which one scan detects 1 m^2 with probability 0.5, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2_000_000.0))]
    pub r50_m: f64,
    /// Zero beyond this multiple of the aircraft's own R50, r50_m (rcs / 1 m^2)^(1/4).
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10.0))]
    pub cutoff_r50: f64,
}
