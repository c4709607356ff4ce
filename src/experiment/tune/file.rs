//! A study as it is typed. Its doc comments are the descriptions in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::experiment::file::{FactorFile, RangeFile, ScaleFile};

/// A `deconflict` study: which settings of the rules are best at several things at once, and what each step costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyFile {
    /// One line that names the study.
    pub title: String,
    /// The scenario that is tuned, relative to this file.
    pub scenario: String,
    /// Seed of all random numbers, and of the search.
    #[serde(default = "one")]
    pub seed: u64,
    /// Two-sided confidence of the intervals of objectives, of all finalists together.
    #[serde(default = "usual_confidence")]
    #[schemars(extend("minimum" = 0.5, "exclusiveMaximum" = 1.0))]
    pub confidence: f64,
    /// What is tuned.
    pub parameters: BTreeMap<String, ParameterFile>,
    /// What is to be made small, or large: measures such as `lost_per_sortie[side=us]`; `deconflict columns` lists them.
    #[schemars(length(min = 1, max = 6))]
    pub objectives: Vec<ObjectiveFile>,
    /// Limits that must be kept.
    #[serde(default)]
    pub constraints: Vec<ConstraintFile>,
    /// What one does not know: finalists are also flown at settings of these, drawn over all of them together, and along each alone.
    #[serde(default)]
    pub uncertainties: BTreeMap<String, UncertaintyFile>,
    /// How much may be spent.
    pub budget: BudgetFile,
    /// Most finalists that are examined on fresh random numbers.
    #[serde(default = "usual_finalists")]
    #[schemars(range(min = 2, max = 100))]
    pub finalists: u32,
    /// Replications of a candidate before it is judged for the first time.
    #[serde(default = "usual_first")]
    #[schemars(range(min = 2, max = 10_000))]
    pub first_replications: u32,
    /// Candidates of a generation; without it as many as the budget allows.
    #[serde(default)]
    #[schemars(range(min = 4, max = 1000))]
    pub population: Option<u32>,
    /// Settings of the uncertainties, drawn as a Latin hypercube.
    #[serde(default = "usual_points")]
    #[schemars(range(min = 2, max = 1000))]
    pub robustness_points: u32,
}

fn one() -> u64 {
    1
}

fn usual_confidence() -> f64 {
    0.95
}

fn usual_finalists() -> u32 {
    8
}

fn usual_first() -> u32 {
    16
}

fn usual_points() -> u32 {
    8
}

/// A parameter: `path` (or `paths`) with `range` or `values`, or `alternatives`; on and off is `values = [false, true]`, or two
/// alternatives for a rule as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterFile {
    /// What it means, in a few words.
    #[serde(default)]
    pub meaning: Option<String>,
    /// The value of the scenario that it sets, as a path such as `rules.hostile_criteria.threshold`.
    #[serde(default)]
    pub path: Option<String>,
    /// Several values that it sets alike.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// From where to where it may go.
    #[serde(default)]
    pub range: Option<SpanFile>,
    /// The values it may take, without an order.
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    /// Named pieces of a scenario, laid over it as a whole: `alternatives.NAME = { rules.iff = { ... } }`.
    #[serde(default)]
    pub alternatives: Option<BTreeMap<String, Json>>,
}

/// From low to high, both included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanFile {
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// How values lie between them.
    #[serde(default)]
    pub scale: ScaleFile,
    /// Whole numbers only.
    #[serde(default)]
    pub whole: bool,
}

/// What one does not know: either `path` (or `paths`) with `range` or `values`, or `alternatives`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyFile {
    /// What it means, in a few words.
    #[serde(default)]
    pub meaning: Option<String>,
    /// The value of the scenario that it sets.
    #[serde(default)]
    pub path: Option<String>,
    /// Several values that it sets alike.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// From where to where it may be; `levels` of it, without it five, are run for break-even points.
    #[serde(default)]
    pub range: Option<RangeFile>,
    /// The values it may have; break-even points are looked for if they are numbers that rise.
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    /// Named pieces of a scenario, laid over it as a whole: `alternatives.NAME = { rules.iff = { ... } }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<BTreeMap<String, Json>>,
}

/// What is to be made small or large.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveFile {
    /// This measure is to be small.
    Minimise(String),
    /// This measure is to be large.
    Maximise(String),
}

impl ObjectiveFile {
    /// The measure.
    pub fn measure(&self) -> &str {
        match self {
            ObjectiveFile::Minimise(measure) | ObjectiveFile::Maximise(measure) => measure,
        }
    }

    /// The key it is typed under.
    pub fn key(&self) -> &'static str {
        match self {
            ObjectiveFile::Minimise(_) => "minimise",
            ObjectiveFile::Maximise(_) => "maximise",
        }
    }
}

/// A limit that must be kept at a confidence, for all finalists and constraints together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstraintFile {
    /// The measure.
    pub measure: String,
    /// It must not be above this.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// It must not be below this.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// One-sided confidence at which that must be shown.
    #[serde(default = "usual_confidence")]
    #[schemars(extend("minimum" = 0.5, "exclusiveMaximum" = 1.0))]
    pub confidence: f64,
}

/// How much may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BudgetFile {
    /// So many replications of all candidates and stages together; the result depends on nothing else.
    Replications(#[schemars(range(min = 100, max = 400_000_000))] u64),
    /// So many minutes; the search takes the share it would have of replications.
    Minutes(#[schemars(extend("exclusiveMinimum" = 0.0))] f64),
}

impl ParameterFile {
    /// As a factor of an experiment.
    pub(crate) fn factor(&self) -> FactorFile {
        FactorFile {
            meaning: self.meaning.clone(),
            path: self.path.clone(),
            paths: self.paths.clone(),
            values: self.values.clone(),
            range: self.range.as_ref().map(|span| RangeFile {
                low: span.low,
                high: span.high,
                scale: span.scale,
                levels: None,
            }),
            alternatives: self.alternatives.clone(),
        }
    }
}

impl UncertaintyFile {
    /// As a factor of an experiment.
    pub(crate) fn factor(&self) -> FactorFile {
        FactorFile {
            meaning: self.meaning.clone(),
            path: self.path.clone(),
            paths: self.paths.clone(),
            values: self.values.clone(),
            range: self.range.as_ref().map(|range| RangeFile {
                levels: None,
                ..range.clone()
            }),
            alternatives: self.alternatives.clone(),
        }
    }
}
