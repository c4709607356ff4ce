//! From an experiment file to a plan: every cell with its scenario, checked before anything is run.
//!
//! A [`PlanRecord`] holds all that decides the result, so that a sweep can be resumed, merged and re-created row by row
//! without the files it came from. When to stop is recorded too but is no part of its identity: results depend on the
//! plan and the number of replications alone.

mod cells;
mod factor;
mod read;
pub mod study;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

pub(in crate::experiment) use self::read::scenario as scenario_named;
use super::accounts::Part;
use super::design::Coordinate;
use super::file::{ExperimentFile, RangeFile, StopFile};
use crate::experiment::rows::KeptRows;
use crate::geodesy::{Frame, LatLon};
use crate::measure::Columns;
use crate::scenario::load::{Loader, merge};
use crate::scenario::problem::{LoadError, Problem, Span};
use crate::scenario::recorded::Account;
use crate::scenario::tree::{Item, clip, quoted};
use crate::scenario::{Scenario, ready, shape};

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Another seed.
    pub seed: Option<u64>,
    /// Values of the scenario, `path=value`.
    pub set: Vec<String>,
    /// A file of worlds that everything is run in.
    pub worlds: Option<PathBuf>,
}

/// An experiment ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All that decides the result.
    pub record: PlanRecord,
    /// The scenarios of the cells, or of those that somebody needs.
    pub scenarios: Scenarios,
    /// The columns, the same in every cell.
    pub columns: Arc<Columns>,
    /// What is known of all cells where their scenarios are not there; else empty.
    prepared: Vec<Prepared>,
}

/// What is needed of the scenario of a cell that nobody here runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// SHA-256 of the resolved scenario.
    pub scenario_sha256: String,
    missiles_per_target: f64,
    lat_deg: f64,
    lon_deg: f64,
    on_earth: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    recordings: BTreeMap<String, Account>,
}

impl Prepared {
    /// Of this scenario, with its checksum.
    pub fn of(scenario: &Scenario, scenario_sha256: String) -> Prepared {
        let origin = scenario.frame.origin();
        Prepared {
            scenario_sha256,
            missiles_per_target: scenario.cast.missiles_per_target,
            lat_deg: origin.lat_deg,
            lon_deg: origin.lon_deg,
            on_earth: scenario.frame.on_earth(),
            recordings: scenario.recordings.clone(),
        }
    }

    fn frame(&self) -> Frame {
        match self.on_earth {
            true => Frame::about(LatLon {
                lat_deg: self.lat_deg,
                lon_deg: self.lon_deg,
            }),
            false => Frame::nowhere(),
        }
    }
}

/// Scenarios by the number of their cell, in order.
#[derive(Debug, Clone, Default)]
pub struct Scenarios(BTreeMap<usize, Scenario>);

impl Scenarios {
    /// Those that are there, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scenario> {
        self.0.values()
    }

    /// How many are there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Scenario>> for Scenarios {
    fn from(scenarios: Vec<Scenario>) -> Scenarios {
        Scenarios(scenarios.into_iter().enumerate().collect())
    }
}

impl Index<usize> for Scenarios {
    type Output = Scenario;

    fn index(&self, cell: usize) -> &Scenario {
        &self.0[&cell]
    }
}

/// What is written to plan.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// `deconflict`.
    pub program: String,
    /// Version of the program: another one may give other results.
    pub version: String,
    /// One line that names the experiment.
    pub title: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Two-sided confidence of the intervals.
    pub confidence: f64,
    /// The measures that tables and effects show.
    pub measures: Vec<String>,
    /// What is varied, levers first.
    pub factors: Vec<Factor>,
    /// What is run, in this order in every block.
    pub cells: Vec<PlannedCell>,
    /// The scenario as typed, with its includes and the overrides of the command line, before any factor.
    pub scenario: Json,
    /// When to stop; no part of the identity.
    pub stop: StopFile,
    /// Replications of every cell that the command line asked for instead; no part of the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u64>,
    /// Which rows are kept; no part of the identity.
    #[serde(default, skip_serializing_if = "KeptRows::is_usual")]
    pub rows: KeptRows,
}

/// Something that is varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: a column of the result files.
    pub name: String,
    /// Whether one can choose it.
    pub kind: FactorKind,
    /// What it means.
    pub meaning: Option<String>,
    /// Its levels, or the range it is sampled from.
    pub domain: FactorDomain,
}

/// Whether one can choose a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// One can.
    Lever,
    /// One does not know it.
    Uncertainty,
}

impl FactorKind {
    /// The section of the experiment file.
    pub(super) fn section(self) -> &'static str {
        match self {
            FactorKind::Lever => "levers",
            FactorKind::Uncertainty => "uncertainties",
        }
    }
}

/// What a factor may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorDomain {
    /// One of these, written as in the result files; the baseline among them.
    Levels {
        /// As written in the result files.
        labels: Vec<String>,
        /// Position of the baseline.
        baseline: usize,
    },
    /// Sampled.
    Range {
        /// From where to where.
        range: RangeFile,
        /// What levers are compared with.
        baseline: Option<f64>,
    },
}

impl FactorDomain {
    /// A setting in words.
    pub fn label(&self, setting: Coordinate) -> String {
        match (setting, self) {
            (Coordinate::Level(level), FactorDomain::Levels { labels, .. }) => {
                labels.get(level).cloned().unwrap_or_default()
            }
            (Coordinate::Level(level), FactorDomain::Range { .. }) => level.to_string(),
            (Coordinate::Value(value), _) => value.to_string(),
        }
    }

    /// How settings are written as fields of the factor's own column: where one of its numbers is a fraction, all have a point.
    pub fn fields(&self) -> impl Fn(Coordinate) -> String {
        let fractions = match self {
            FactorDomain::Levels { labels, .. } => labels
                .iter()
                .any(|label| number(label).is_some() && label.parse::<i64>().is_err()),
            FactorDomain::Range { .. } => false,
        };
        move |setting| match fractions || matches!(setting, Coordinate::Value(_)) {
            true => fraction(&self.label(setting)),
            false => self.label(setting),
        }
    }
}

/// A label as a field of a column that has labels of several factors: a number always with a point, as some are fractions.
pub fn fraction(label: &str) -> String {
    number(label).map_or_else(|| label.to_owned(), |number| format!("{number:?}"))
}

/// The number that a label stands for.
fn number(label: &str) -> Option<f64> {
    label.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A combination of settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedCell {
    /// Its name, unique.
    pub name: String,
    /// The setting of each factor.
    pub settings: Vec<Coordinate>,
    /// Number of the cell it is compared with: the baseline setting of the levers.
    pub reference: Option<usize>,
    /// Numbers of others that it is compared with besides: of an arm that knows nothing the next that does more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arm_of: Vec<usize>,
    /// What is laid over the scenario, one after the other.
    pub overlays: Vec<Json>,
}

impl PlannedCell {
    /// Numbers of all cells that it is compared with, its reference first.
    pub fn against(&self) -> impl Iterator<Item = usize> {
        self.reference
            .into_iter()
            .chain(self.arm_of.iter().copied())
    }
}

impl PlanRecord {
    /// SHA-256 of all that decides the result.
    pub fn identity(&self) -> [u8; 32] {
        // As plan.json has it, with a rule that is the same for all.
        #[derive(Serialize)]
        struct Deciding<'a> {
            program: &'a str,
            version: &'a str,
            title: &'a str,
            seed: u64,
            confidence: f64,
            measures: &'a [String],
            factors: &'a [Factor],
            cells: &'a [PlannedCell],
            scenario: &'a Json,
            stop: StopFile,
        }
        let text = serde_json::to_vec(&Deciding {
            program: &self.program,
            version: &self.version,
            title: &self.title,
            seed: self.seed,
            confidence: self.confidence,
            measures: &self.measures,
            factors: &self.factors,
            cells: &self.cells,
            scenario: &self.scenario,
            stop: StopFile::Fixed { replications: 1 },
        })
        .expect("a plan is plain data");
        Sha256::digest(&text).into()
    }

    /// SHA-256 of all that decides the blocks of some of its cells, of that of all: the identity, which takes long to make where there are
    /// many cells.
    pub fn part_identity(&self, whole: [u8; 32], part: &Part) -> [u8; 32] {
        if part.cells.len() == self.cells.len() {
            return whole;
        }
        let mut hash = Sha256::new();
        hash.update(whole);
        for cell in part.flown() {
            hash.update((cell as u64).to_le_bytes());
        }
        hash.finalize().into()
    }

    /// The setting of a factor in a cell, in words.
    pub fn setting(&self, cell: usize, factor: usize) -> String {
        let domain = &self.factors[factor].domain;
        domain.label(self.cells[cell].settings[factor])
    }

    /// The settings of every cell as fields of the factors' columns in result files.
    pub fn fields(&self) -> Vec<Vec<String>> {
        let factors = self.factors.iter().map(|factor| factor.domain.fields());
        let factors: Vec<_> = factors.collect();
        let of = |cell: &PlannedCell| {
            let settings = factors.iter().zip(&cell.settings);
            settings.map(|(field, setting)| field(*setting)).collect()
        };
        self.cells.iter().map(of).collect()
    }

    /// The settings of the levers of a cell, in words.
    pub fn lever_settings(&self, cell: usize) -> String {
        let levers = self.factors.iter().enumerate();
        let settings: Vec<String> = levers
            .filter(|(_, factor)| factor.kind == FactorKind::Lever)
            .map(|(number, factor)| format!("{}={}", factor.name, self.setting(cell, number)))
            .collect();
        if settings.is_empty() {
            return "baseline".to_owned();
        }
        settings.join(",")
    }

    /// Whether points of the uncertainties are drawn from ranges.
    pub fn is_sampled(&self) -> bool {
        let mut factors = self.factors.iter();
        factors.any(|factor| {
            factor.kind == FactorKind::Uncertainty
                && matches!(factor.domain, FactorDomain::Range { .. })
        })
    }

    /// Number of a cell.
    pub fn cell(&self, name: &str) -> Option<usize> {
        self.cells.iter().position(|cell| cell.name == name)
    }

    /// The scenario of a cell.
    ///
    /// # Errors
    /// A scenario that the overlays of the cell make unsound, which a plan that was loaded has none of.
    pub fn scenario(&self, cell: usize) -> Result<Scenario, LoadError> {
        let nowhere = Span {
            source: 0,
            range: 0..0,
        };
        let base = Item::from_json(&self.scenario, &nowhere);
        let tree = self.cells[cell]
            .overlays
            .iter()
            .fold(base, |tree, overlay| {
                let overlay = Item::from_json(overlay, &nowhere);
                merge(tree, overlay, Some(shape::shape()))
            });
        ready(&tree).map_err(|problems| LoadError::new(problems, Vec::new()))
    }

    /// Pairs of a cell and one it is compared with, (one, cell): by cell, each with its reference first.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let of_cell = |(cell, planned): (usize, &PlannedCell)| {
            let against: Vec<usize> = planned.against().collect();
            against.into_iter().map(move |other| (other, cell))
        };
        self.cells.iter().enumerate().flat_map(of_cell)
    }

    /// What is different in another plan, in words; empty if results would be the same.
    pub fn differences(&self, other: &PlanRecord) -> Vec<String> {
        let mut found = Vec::new();
        let mut unlike = |what: &str, here: String, there: String| {
            if here != there {
                found.push(format!("{what} is {there}, here {here}"));
            }
        };
        let json = |value: &dyn erased::Written| clip(&value.written());
        unlike("version", self.version.clone(), other.version.clone());
        unlike("seed", self.seed.to_string(), other.seed.to_string());
        unlike("title", json(&self.title), json(&other.title));
        unlike(
            "confidence",
            self.confidence.to_string(),
            other.confidence.to_string(),
        );
        unlike("measures", json(&self.measures), json(&other.measures));
        let names = |record: &PlanRecord| -> Vec<String> {
            record
                .factors
                .iter()
                .map(|factor| factor.name.clone())
                .collect()
        };
        unlike("factors", json(&names(self)), json(&names(other)));
        unlike(
            "number of cells",
            self.cells.len().to_string(),
            other.cells.len().to_string(),
        );
        let mut paths = Vec::new();
        unlike_at(&self.scenario, &other.scenario, "", &mut paths);
        for (path, here, there) in paths.iter().take(5) {
            found.push(format!("scenario: {path} is {there}, here {here}"));
        }
        if paths.len() > 5 {
            found.push(format!("scenario: {} more values", paths.len() - 5));
        }
        if found.is_empty() {
            for (here, there) in self.cells.iter().zip(&other.cells) {
                if here != there {
                    found.push(format!(
                        "cell {} was {} with other settings",
                        here.name, there.name
                    ));
                    break;
                }
            }
        }
        if found.is_empty() && self.factors != other.factors {
            found.push("levels or ranges of the factors".to_owned());
        }
        found
    }
}

/// Writing whatever serde can write, for messages.
mod erased {
    pub(super) trait Written {
        fn written(&self) -> String;
    }

    impl<T: serde::Serialize> Written for T {
        fn written(&self) -> String {
            serde_json::to_string(self).unwrap_or_default()
        }
    }
}

/// The paths at which two scenarios differ, with both values.
pub(super) fn unlike_at(
    here: &Json,
    there: &Json,
    path: &str,
    found: &mut Vec<(String, String, String)>,
) {
    let nothing = Json::Null;
    match (here, there) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let dot = if path.is_empty() { "" } else { "." };
                unlike_at(
                    a.get(key).unwrap_or(&nothing),
                    b.get(key).unwrap_or(&nothing),
                    &format!("{path}{dot}{}", quoted(key)),
                    found,
                );
            }
        }
        _ if here != there => {
            let shown = |value: &Json| match value {
                Json::Null => "missing".to_owned(),
                value => clip(&value.to_string()),
            };
            found.push((path.to_owned(), shown(here), shown(there)));
        }
        _ => {}
    }
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(ExperimentFile);
    schema.insert("title".to_owned(), "deconflict experiment".into());
    schema.to_value()
});

/// The JSON Schema of experiment files.
pub fn schema() -> &'static Json {
    &SCHEMA
}

impl Plan {
    /// The unit of a measure.
    pub fn unit(&self, measure: &str) -> &'static str {
        let derived = self.columns.derived();
        let found = derived.iter().find(|derived| derived.name == measure);
        found.map_or("", |derived| derived.measure.unit)
    }

    /// Reads an experiment file and the scenario it varies; every problem of both, with its place.
    ///
    /// # Errors
    /// Files that cannot be read, and everything that is wrong with them, at once.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Plan, LoadError> {
        let mut loader = Loader::default();
        match read::plan(&mut loader, path, overrides) {
            Some(plan) if loader.problems.is_empty() => Ok(plan),
            _ => Err(loader.error()),
        }
    }

    /// What an experiment file would have run, with nothing checked but the scenario that it varies and the factors: to be held
    /// to a plan whose cells somebody has checked.
    ///
    /// # Errors
    /// Files that cannot be read, and what is wrong with the scenario or the factors.
    pub fn expected(path: &Path, overrides: &Overrides) -> Result<PlanRecord, LoadError> {
        let mut loader = Loader::default();
        match read::planned(&mut loader, path, overrides, false) {
            Some((record, _)) if loader.problems.is_empty() => Ok(record),
            _ => Err(loader.error()),
        }
    }

    /// A plan from what an earlier one wrote down.
    ///
    /// # Errors
    /// A record whose scenarios are unsound here: of another version, or changed by hand.
    pub fn from_record(record: PlanRecord) -> Result<Plan, LoadError> {
        let all: Vec<usize> = (0..record.cells.len()).collect();
        Plan::of_cells(record, &all)
    }

    /// The same with the scenario of the first cell alone, where what else is needed of all of them is known.
    ///
    /// # Errors
    /// As [`Plan::from_record`].
    pub fn from_prepared(record: PlanRecord, prepared: Vec<Prepared>) -> Result<Plan, LoadError> {
        let plan = Plan::of_cells(record, &[0])?;
        Ok(Plan { prepared, ..plan })
    }

    /// What is known of a cell, where its scenario is not there.
    pub fn prepared(&self, cell: usize) -> Option<&Prepared> {
        self.prepared.get(cell)
    }

    /// The columns of a cell: the same names in all, but a cell may spend more missiles on a target.
    pub fn columns_of(&self, cell: usize) -> Arc<Columns> {
        let spent = match self.prepared(cell) {
            Some(prepared) => prepared.missiles_per_target,
            None => self.scenarios[cell].cast.missiles_per_target,
        };
        match spent == self.columns.missiles_per_target() {
            true => Arc::clone(&self.columns),
            false => Arc::new(self.columns.spending(spent)),
        }
    }

    /// The local plane of a cell.
    pub fn frame(&self, cell: usize) -> Frame {
        match self.prepared(cell) {
            Some(prepared) => prepared.frame(),
            None => self.scenarios[cell].frame,
        }
    }

    /// What became of the rows of the recordings of a cell.
    pub fn recordings(&self, cell: usize) -> &BTreeMap<String, Account> {
        match self.prepared(cell) {
            Some(prepared) => &prepared.recordings,
            None => &self.scenarios[cell].recordings,
        }
    }

    /// The same with the scenarios of some cells alone, at least one.
    ///
    /// # Errors
    /// As [`Plan::from_record`].
    pub fn of_cells(record: PlanRecord, cells: &[usize]) -> Result<Plan, LoadError> {
        let made: Result<Vec<Scenario>, LoadError> = cells
            .par_iter()
            .map(|&cell| record.scenario(cell))
            .collect();
        let scenarios = made?;
        let columns = columns(scenarios.iter()).map_err(|(at, why)| {
            let message = format!("cell {} {why}", record.cells[cells[at]].name);
            LoadError::new(vec![Problem::new("", message)], Vec::new())
        })?;
        Ok(Plan {
            record,
            scenarios: Scenarios(cells.iter().copied().zip(scenarios).collect()),
            columns,
            prepared: Vec::new(),
        })
    }
}

/// The columns that all cells share; else a cell with others than the first.
fn columns<'a>(
    mut scenarios: impl Iterator<Item = &'a Scenario>,
) -> Result<Arc<Columns>, (usize, String)> {
    let first = Columns::new(&scenarios.next().expect("a plan has a cell").cast);
    let names = |columns: &Columns| -> BTreeSet<String> {
        let columns = columns.columns().iter();
        columns.map(|column| column.name.clone()).collect()
    };
    let here = names(&first);
    for (cell, scenario) in scenarios.enumerate().map(|(at, one)| (at + 1, one)) {
        let other = Columns::new(&scenario.cast);
        let there = names(&other);
        let unlike: Vec<&str> = here
            .symmetric_difference(&there)
            .map(String::as_str)
            .take(3)
            .collect();
        if !unlike.is_empty() || first.confusion() != other.confusion() {
            let unlike = if unlike.is_empty() {
                "confusion matrices".to_owned()
            } else {
                unlike.join(", ")
            };
            let why = format!(
                "has other columns than the first cell ({unlike}); expected the same sides, aircraft types and site classes in every cell"
            );
            return Err((cell, why));
        }
    }
    Ok(Arc::new(first))
}
