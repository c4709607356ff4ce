//! An experiment as it is typed. Its doc comments are the descriptions in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::design::{Domain, Scale};

/// A `deconflict` experiment: one scenario, what is varied in it, which variations are run, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentFile {
    /// One line that names the experiment.
    pub title: String,
    /// The scenario that is varied, relative to this file.
    pub scenario: String,
    /// Seed of all random numbers, and of sampled designs.
    #[serde(default = "one")]
    pub seed: u64,
    /// Two-sided confidence of the intervals.
    #[serde(default = "usual_confidence")]
    #[schemars(extend("minimum" = 0.5, "exclusiveMaximum" = 1.0))]
    pub confidence: f64,
    /// The measures that tables and effects.csv show, such as `lost_per_sortie[side=us]`; the CSV files of cells and pairs
    /// hold them all. `deconflict columns` lists them.
    pub measures: Vec<String>,
    /// What one can choose: rules, addressees, thresholds. Cells are compared with the baseline setting of the levers.
    #[serde(default)]
    pub levers: BTreeMap<String, FactorFile>,
    /// What one does not know: radar cross-sections, altitudes, error rates. Levers are compared at the same setting of
    /// the uncertainties.
    #[serde(default)]
    pub uncertainties: BTreeMap<String, FactorFile>,
    /// Whether every cell is run also with its rules that ask or wait as arms that know nothing: a lever `arm` of three levels, rule,
    /// defaults and delay. It needs levers in a grid. arms.csv splits what each setting changes into delay, default and knowledge.
    #[serde(default)]
    pub placebo: bool,
    /// Which settings of the factors are run.
    #[serde(default)]
    pub design: DesignsFile,
    /// Baseline level of each factor; without an entry its first.
    #[serde(default)]
    pub baseline: BTreeMap<String, Json>,
    /// When to stop: `fixed = { replications = 400 }`, or `half_width` or `resolved`, which run until a measure is known well enough, or a
    /// difference is.
    pub stop: StopFile,
}

fn one() -> u64 {
    1
}

fn usual_confidence() -> f64 {
    0.95
}

/// A lever or an uncertainty: either `path` (or `paths`) with `values` or `range`, or `alternatives`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorFile {
    /// What it means, in a few words.
    #[serde(default)]
    pub meaning: Option<String>,
    /// The value of the scenario that it sets, as a path such as `rules.weapons_control.status`.
    #[serde(default)]
    pub path: Option<String>,
    /// Several values that it sets alike.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// The values it takes.
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    /// The range it is sampled from.
    #[serde(default)]
    pub range: Option<RangeFile>,
    /// Named pieces of a scenario, laid over it as a whole: `alternatives.NAME = { rules.iff = { ... } }`.
    #[serde(default)]
    pub alternatives: Option<BTreeMap<String, Json>>,
}

/// From low to high, both included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeFile {
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// How values lie between them.
    #[serde(default)]
    pub scale: ScaleFile,
    /// How many equally spaced levels a grid or a one-at-a-time design takes.
    #[serde(default)]
    #[schemars(range(min = 2, max = 1000))]
    pub levels: Option<u32>,
}

impl RangeFile {
    /// As a domain of a design.
    pub fn domain(&self) -> Domain {
        Domain::Range {
            low: self.low,
            high: self.high,
            scale: match self.scale {
                ScaleFile::Linear => Scale::Linear,
                ScaleFile::Log => Scale::Log,
            },
        }
    }
}

/// How values lie in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFile {
    /// Evenly.
    #[default]
    Linear,
    /// Evenly in the logarithm.
    Log,
}

/// Every setting of the levers is flown at every setting of the uncertainties.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignsFile {
    /// Settings of the levers; the baseline is always among them.
    #[serde(default)]
    pub levers: DesignFile,
    /// Settings of the uncertainties.
    #[serde(default)]
    pub uncertainties: DesignFile,
}

/// Which combinations of the levels are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DesignFile {
    /// All combinations.
    #[default]
    Grid,
    /// The baseline, and each factor alone at each of its other levels.
    OneAtATime,
    /// Latin hypercube: each factor takes each of `points` strata once.
    LatinHypercube {
        /// Points.
        #[schemars(range(min = 2, max = 65_536))]
        points: u32,
    },
    /// Sobol' sequence, Owen-scrambled; best with a power of two.
    Sobol {
        /// Points.
        #[schemars(range(min = 2, max = 65_536))]
        points: u32,
    },
}

impl DesignFile {
    /// Whether it draws values from ranges, rather than going through levels.
    pub fn samples(self) -> bool {
        matches!(
            self,
            DesignFile::LatinHypercube { .. } | DesignFile::Sobol { .. }
        )
    }
}

/// When a sweep has seen enough; looked at after whole blocks at preset counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StopFile {
    /// After so many replications of every cell.
    Fixed {
        /// Replications of every cell.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        replications: u64,
    },
    /// When the interval of a measure is narrow enough in every cell.
    HalfWidth {
        /// The measure.
        measure: String,
        /// Half-width to reach, in the unit of the measure.
        #[serde(default)]
        #[schemars(extend("exclusiveMinimum" = 0.0))]
        absolute: Option<f64>,
        /// Half-width to reach, as a share of the estimate.
        #[serde(default)]
        #[schemars(extend("exclusiveMinimum" = 0.0))]
        relative: Option<f64>,
        /// First look.
        #[serde(default = "usual_minimum")]
        #[schemars(range(min = 2, max = 1_000_000_000))]
        minimum_replications: u64,
        /// Last look.
        #[schemars(range(min = 2, max = 1_000_000_000))]
        maximum_replications: u64,
        /// Fewest events in every cell.
        #[serde(default = "usual_events")]
        #[schemars(range(min = 10, max = 1_000_000_000))]
        minimum_events: u64,
    },
    /// When the paired difference of a measure is told from zero for every cell and its reference.
    Resolved {
        /// The measure.
        measure: String,
        /// First look.
        #[serde(default = "usual_minimum")]
        #[schemars(range(min = 2, max = 1_000_000_000))]
        minimum_replications: u64,
        /// Last look.
        #[schemars(range(min = 2, max = 1_000_000_000))]
        maximum_replications: u64,
        /// Fewest events in the two cells of every pair together.
        #[serde(default = "usual_events")]
        #[schemars(range(min = 10, max = 1_000_000_000))]
        minimum_events: u64,
    },
    /// When so many minutes have passed, after the block under way. How many replications that gave is written down.
    Time {
        /// Minutes.
        #[schemars(extend("exclusiveMinimum" = 0.0))]
        minutes: f64,
        /// Most replications of every cell.
        #[serde(default = "most_replications")]
        #[schemars(range(min = 1, max = 1_000_000_000))]
        maximum_replications: u64,
    },
}

fn usual_minimum() -> u64 {
    200
}

fn usual_events() -> u64 {
    20
}

fn most_replications() -> u64 {
    1_000_000_000
}
