//! From an experiment file to a plan: every cell with its scenario, checked before anything is flown.
//!
//! A [`PlanRecord`] holds all that decides the result, so that a sweep can be resumed, merged and re-created row by row
//! without the files it came from. When to stop is recorded too but is no part of its identity: results depend on the
//! plan and the number of replications alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::design::{self, Coordinate, Design, Domain, Scale};
use super::file::{DesignFile, ExperimentFile, FactorFile, RangeFile, ScaleFile, StopFile};
use crate::measure::Columns;
use crate::scenario::load::{Loader, merge, nested};
use crate::scenario::problem::{LoadError, Problem, Span};
use crate::scenario::shape;
use crate::scenario::tree::{Item, Value, clip, quoted};
use crate::scenario::{Scenario, ready};

/// Most cells of one experiment.
const MOST_CELLS: usize = 10_000;

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Another seed.
    pub seed: Option<u64>,
    /// Values of the scenario, `path=value`.
    pub set: Vec<String>,
}

/// An experiment ready to fly.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All that decides the result.
    pub record: PlanRecord,
    /// The scenario of every cell.
    pub scenarios: Vec<Scenario>,
    /// The columns, the same in every cell.
    pub columns: Arc<Columns>,
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
    /// Seed of all luck.
    pub seed: u64,
    /// Two-sided confidence of the intervals.
    pub confidence: f64,
    /// The measures that tables and effects show.
    pub measures: Vec<String>,
    /// What is varied, levers first.
    pub factors: Vec<Factor>,
    /// What is flown, in this order in every round.
    pub cells: Vec<PlannedCell>,
    /// The scenario as typed, with its includes and the overrides of the command line, before any factor.
    pub scenario: Json,
    /// When to stop; no part of the identity.
    pub stop: StopFile,
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

/// A combination of settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedCell {
    /// Its name, unique.
    pub name: String,
    /// The setting of each factor.
    pub settings: Vec<Coordinate>,
    /// Number of the cell it is compared with.
    pub reference: Option<usize>,
    /// What is laid over the scenario, one after the other.
    pub overlays: Vec<Json>,
}

impl PlanRecord {
    /// SHA-256 of all that decides the result.
    pub fn identity(&self) -> [u8; 32] {
        let same_stop = PlanRecord {
            stop: StopFile::Fixed { replications: 1 },
            ..self.clone()
        };
        let text = serde_json::to_vec(&same_stop).expect("a plan is plain data");
        Sha256::digest(&text).into()
    }

    /// The setting of a factor in a cell, as the result files have it.
    pub fn setting(&self, cell: usize, factor: usize) -> String {
        match (
            self.cells[cell].settings[factor],
            &self.factors[factor].domain,
        ) {
            (Coordinate::Level(level), FactorDomain::Levels { labels, .. }) => {
                labels[level].clone()
            }
            (Coordinate::Level(level), FactorDomain::Range { .. }) => level.to_string(),
            (Coordinate::Value(value), _) => value.to_string(),
        }
    }

    /// Number of a cell.
    pub fn cell(&self, name: &str) -> Option<usize> {
        self.cells.iter().position(|cell| cell.name == name)
    }

    /// The scenario of a cell.
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

    /// Confidence of the intervals of paired differences of a measure.
    pub fn pair_confidence(&self, _measure: &str) -> f64 {
        self.confidence
    }

    /// Pairs of a cell and the one it is compared with: (reference, cell).
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.cells
            .iter()
            .enumerate()
            .filter_map(|(cell, planned)| Some((planned.reference?, cell)))
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
        if found.is_empty() && self.identity() != other.identity() {
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
fn unlike_at(here: &Json, there: &Json, path: &str, found: &mut Vec<(String, String, String)>) {
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

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<ExperimentFile>);

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
    /// Reads an experiment file and the scenario it varies; every problem of both, with its place.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Plan, LoadError> {
        let mut loader = Loader::default();
        match plan(&mut loader, path, overrides) {
            Some(plan) if loader.problems.is_empty() => Ok(plan),
            _ => Err(LoadError::new(loader.problems, loader.sources)),
        }
    }

    /// A plan from what an earlier one wrote down.
    pub fn from_record(record: PlanRecord) -> Result<Plan, LoadError> {
        let scenarios = (0..record.cells.len())
            .map(|cell| record.scenario(cell))
            .collect::<Result<Vec<_>, _>>()?;
        let columns =
            columns(&scenarios).map_err(|problem| LoadError::new(vec![problem], Vec::new()))?;
        Ok(Plan {
            record,
            scenarios,
            columns,
        })
    }
}

/// The columns that all cells share.
fn columns(scenarios: &[Scenario]) -> Result<Arc<Columns>, Problem> {
    let first = Columns::new(&scenarios[0].cast);
    for scenario in &scenarios[1..] {
        let other = Columns::new(&scenario.cast);
        let names = |columns: &Columns| -> BTreeSet<String> {
            columns
                .columns()
                .iter()
                .map(|column| column.name.clone())
                .collect()
        };
        let (here, there) = (names(&first), names(&other));
        let unlike: Vec<&str> = here
            .symmetric_difference(&there)
            .map(String::as_str)
            .take(3)
            .collect();
        if !unlike.is_empty() || first.confusion() != other.confusion() {
            return Err(Problem::new(
                "",
                format!(
                    "cells have different columns ({}); expected the same sides, aircraft types and site classes in every cell",
                    if unlike.is_empty() {
                        "confusion matrices".to_owned()
                    } else {
                        unlike.join(", ")
                    }
                ),
            ));
        }
    }
    Ok(Arc::new(first))
}

/// A factor while the plan is made: besides the record, what each level does to the scenario.
struct Lever {
    factor: Factor,
    change: Change,
}

enum Change {
    /// A value for each of these paths.
    Paths(Vec<(Vec<String>, Span)>, Vec<Item>),
    /// A piece of a scenario for each level.
    Overlays(Vec<Item>),
}

impl Lever {
    fn overlays(&self, setting: Coordinate, span: &Span) -> Vec<Item> {
        match (&self.change, setting) {
            (Change::Overlays(overlays), Coordinate::Level(level)) => {
                vec![overlays[level].clone()]
            }
            (Change::Overlays(_), Coordinate::Value(_)) => Vec::new(),
            (Change::Paths(paths, values), setting) => paths
                .iter()
                .map(|(steps, at)| {
                    let value = match setting {
                        Coordinate::Level(level) => values[level].clone(),
                        Coordinate::Value(number) => Item {
                            span: span.clone(),
                            value: Value::Number(number),
                        },
                    };
                    let steps = steps
                        .iter()
                        .map(|step| (step.clone(), value.span.clone()))
                        .collect();
                    nested(steps, value, at)
                })
                .collect(),
        }
    }
}

fn plan(loader: &mut Loader, path: &Path, overrides: &Overrides) -> Option<Plan> {
    let document = loader.plain(path)?;
    if !loader.problems.is_empty() {
        return None;
    }
    let misfits = shape::check(&document, &SHAPE, "the experiment");
    if !misfits.is_empty() {
        loader
            .problems
            .extend(misfits.into_iter().map(|misfit| misfit.problem));
        return None;
    }
    let file: ExperimentFile = match serde_json::from_value(document.to_json()) {
        Ok(file) => file,
        Err(error) => {
            loader
                .problems
                .push(Problem::new("", error.to_string()).at(&document.span, ""));
            return None;
        }
    };

    let at_scenario = document.place(&["scenario"]);
    let base = path.parent().unwrap_or(Path::new("")).join(&file.scenario);
    let mut base = loader.file(&base, Some(&at_scenario))?;
    if !loader.problems.is_empty() {
        return None;
    }
    for text in &overrides.set {
        base = loader.set(base, text);
    }
    if !loader.problems.is_empty() {
        return None;
    }
    // What is wrong with the scenario alone is no fault of the factors.
    match ready(&base) {
        Ok(scenario) => known_measures(loader, &document, &file, &scenario),
        Err(problems) => {
            loader.problems.extend(problems);
            return None;
        }
    }

    let mut factors = Vec::new();
    let kinds = [
        (
            "levers",
            FactorKind::Lever,
            &file.levers,
            file.design.levers,
        ),
        (
            "uncertainties",
            FactorKind::Uncertainty,
            &file.uncertainties,
            file.design.uncertainties,
        ),
    ];
    for (section, kind, entries, design) in kinds {
        for name in in_order(&document, section, entries) {
            let found = factor(
                loader, &base, &document, &file, section, &name, kind, design,
            );
            factors.extend(found);
        }
    }
    baselines_exist(loader, &document, &file);
    overrides_are_free(loader, &factors, &overrides.set);
    stop_makes_sense(loader, &document, &file.stop);
    if !loader.problems.is_empty() {
        return None;
    }

    let seed = overrides.seed.unwrap_or(file.seed);
    let levers = settings(&factors, FactorKind::Lever, file.design.levers, seed);
    let points = settings(
        &factors,
        FactorKind::Uncertainty,
        file.design.uncertainties,
        seed,
    );
    let count = levers.len().saturating_mul(points.len());
    if count > MOST_CELLS {
        let problem = Problem::new(
            "design",
            format!(
                "{} settings of the levers at {} of the uncertainties are {count} cells; expected at most {MOST_CELLS}",
                levers.len(),
                points.len()
            ),
        );
        loader
            .problems
            .push(problem.at(&document.place(&["design"]), ""));
        return None;
    }
    let (cells, scenarios) = cells(loader, &base, &document, &file, &factors, &levers, &points)?;
    let columns = match columns(&scenarios) {
        Ok(columns) => columns,
        Err(problem) => {
            loader
                .problems
                .push(problem.at(&document.place(&["levers"]), ""));
            return None;
        }
    };
    Some(Plan {
        record: PlanRecord {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            title: file.title,
            seed,
            confidence: file.confidence,
            measures: file.measures,
            factors: factors.into_iter().map(|lever| lever.factor).collect(),
            cells,
            scenario: base.to_json(),
            stop: file.stop,
        },
        scenarios,
        columns,
    })
}

/// The names of a section in the order of the text.
fn in_order<T>(document: &Item, section: &str, entries: &BTreeMap<String, T>) -> Vec<String> {
    let mut names: Vec<String> = entries.keys().cloned().collect();
    names.sort_by_key(|name| document.place(&[section, name]).range.start);
    names
}

fn known_measures(
    loader: &mut Loader,
    document: &Item,
    file: &ExperimentFile,
    scenario: &Scenario,
) {
    let columns = Columns::new(&scenario.cast);
    let known: Vec<&str> = columns
        .derived()
        .iter()
        .map(|derived| derived.name.as_str())
        .collect();
    let mut unknown = |name: &str, path: &[&str]| {
        if !known.contains(&name) {
            let mut problem = Problem::new(
                "measures",
                format!("there is no measure {:?} in this scenario", clip(name)),
            )
            .at(&document.place(path), "");
            problem.help = shape::suggest(name, &known, "measures");
            loader.problems.push(problem);
        }
    };
    for (index, name) in file.measures.iter().enumerate() {
        unknown(name, &["measures", &index.to_string()]);
    }
    match &file.stop {
        StopFile::HalfWidth { measure, .. } => unknown(measure, &["stop", "half_width", "measure"]),
        StopFile::Resolved { measure, .. } => unknown(measure, &["stop", "resolved", "measure"]),
        StopFile::Fixed { .. } | StopFile::Time { .. } => {}
    }
    if file.measures.is_empty() {
        loader.problems.push(
            Problem::new("measures", "measures is empty; expected at least one")
                .at(&document.place(&["measures"]), ""),
        );
    }
}

/// One factor, or problems.
#[allow(clippy::too_many_arguments)]
fn factor(
    loader: &mut Loader,
    base: &Item,
    document: &Item,
    file: &ExperimentFile,
    section: &str,
    name: &str,
    kind: FactorKind,
    design: DesignFile,
) -> Option<Lever> {
    let typed: &FactorFile = match kind {
        FactorKind::Lever => &file.levers[name],
        FactorKind::Uncertainty => &file.uncertainties[name],
    };
    let shown = format!("{section}.{}", quoted(name));
    let place = |keys: &[&str]| {
        let path: Vec<&str> = [section, name].iter().chain(keys).copied().collect();
        document.place(&path)
    };
    let before = loader.problems.len();
    let mut wrong = |problem: Problem| loader.problems.push(problem);
    if kind == FactorKind::Uncertainty && file.levers.contains_key(name) {
        wrong(
            Problem::new(
                &shown,
                format!("{name} is a lever and an uncertainty; expected one"),
            )
            .at(&place(&[]), "")
            .at(&document.place(&["levers", name]), "the other"),
        );
    }
    if ["cell", "seed", "replication"].contains(&name) {
        wrong(
            Problem::new(
                &shown,
                format!(
                    "a factor cannot be named {name}: the result files have a column of that name"
                ),
            )
            .at(&place(&[]), ""),
        );
    }
    let ways: Vec<&str> = [
        ("path", typed.path.is_some()),
        ("paths", typed.paths.is_some()),
        ("alternatives", typed.alternatives.is_some()),
    ]
    .iter()
    .filter(|(_, there)| *there)
    .map(|(way, _)| *way)
    .collect();
    let contents: Vec<&str> = [
        ("values", typed.values.is_some()),
        ("range", typed.range.is_some()),
        ("alternatives", typed.alternatives.is_some()),
    ]
    .iter()
    .filter(|(_, there)| *there)
    .map(|(way, _)| *way)
    .collect();
    let listed = |words: &[&str]| {
        if words.is_empty() {
            "none of them".to_owned()
        } else {
            words.join(" and ")
        }
    };
    if ways.len() != 1 {
        wrong(
            Problem::new(
                &shown,
                format!(
                    "{shown} has {}; expected one of path, paths and alternatives",
                    listed(&ways)
                ),
            )
            .at(&place(&[]), ""),
        );
        return None;
    }
    if contents.len() != 1 {
        wrong(
            Problem::new(
                &shown,
                format!(
                    "{shown} has {}; expected one of values, range and alternatives",
                    listed(&contents)
                ),
            )
            .at(&place(&[]), ""),
        );
        return None;
    }

    let (labels, change) = if let Some(alternatives) = &typed.alternatives {
        let path = [section, name, "alternatives"];
        let mut names: Vec<&String> = alternatives.keys().collect();
        names.sort_by_key(|alternative| place(&["alternatives", alternative]).range.start);
        let mut overlays = Vec::new();
        for alternative in &names {
            let steps: Vec<&str> = path.iter().copied().chain([alternative.as_str()]).collect();
            let overlay = document.get(&steps)?.clone();
            if overlay.table().is_none() {
                wrong(
                    Problem::new(&shown, format!("{shown}.alternatives.{} is {}; expected a piece of a scenario, such as {{ rules.hold = ... }}, or {{}} for the scenario as it is", quoted(alternative), overlay.describe()))
                        .at(&overlay.span, ""),
                );
            }
            overlays.push(overlay);
        }
        (
            Some(names.into_iter().cloned().collect::<Vec<_>>()),
            Change::Overlays(overlays),
        )
    } else {
        let mut paths = Vec::new();
        let texts: Vec<(&String, Span)> = match (&typed.path, &typed.paths) {
            (Some(path), _) => {
                let at = document.get(&[section, name, "path"])?;
                vec![(path, at.span.clone())]
            }
            (None, Some(list)) => list
                .iter()
                .enumerate()
                .map(|(index, path)| (path, place(&["paths", &index.to_string()])))
                .collect(),
            (None, None) => Vec::new(),
        };
        for (text, at) in texts {
            if let Some(steps) = loader.known(base, text, &at) {
                paths.push((steps, at));
            }
        }
        match (&typed.values, &typed.range) {
            (Some(values), _) => {
                let items = match document
                    .get(&[section, name, "values"])
                    .map(|item| &item.value)
                {
                    Some(Value::Array(items)) => items.clone(),
                    _ => Vec::new(),
                };
                let labels = values.iter().map(label).collect::<Vec<_>>();
                (Some(labels), Change::Paths(paths, items))
            }
            (None, Some(range)) => {
                let numbers = levels(loader, range, design, &shown, &place(&["range"]));
                let items = numbers
                    .iter()
                    .flatten()
                    .map(|&number| Item {
                        span: place(&["range"]),
                        value: Value::Number(number),
                    })
                    .collect();
                let labels =
                    numbers.map(|numbers| numbers.iter().map(f64::to_string).collect::<Vec<_>>());
                (labels, Change::Paths(paths, items))
            }
            (None, None) => return None,
        }
    };

    let domain = match labels {
        None => {
            let range = typed.range.clone()?;
            let baseline = sampled_baseline(loader, document, file, name, kind, &range);
            FactorDomain::Range { range, baseline }
        }
        Some(labels) => {
            let distinct: BTreeSet<&String> = labels.iter().collect();
            if labels.is_empty() || distinct.len() < labels.len() {
                loader.problems.push(
                    Problem::new(&shown, format!("{shown} has {} of which {} differ; expected at least one level and no two alike", count(labels.len(), "level"), distinct.len()))
                        .at(&place(&[contents[0]]), ""),
                );
                return None;
            }
            let baseline = match file.baseline.get(name) {
                None => 0,
                Some(value) => {
                    let wanted = label(value);
                    match labels.iter().position(|label| *label == wanted) {
                        Some(level) => level,
                        None => {
                            let known: Vec<&str> = labels.iter().map(String::as_str).collect();
                            let mut problem = Problem::new(
                                format!("baseline.{}", quoted(name)),
                                format!(
                                    "baseline.{} is {:?}, which is no level of {shown}",
                                    quoted(name),
                                    clip(&wanted)
                                ),
                            )
                            .at(&document.place(&["baseline", name]), "")
                            .at(&place(&[contents[0]]), "the levels");
                            problem.help = shape::suggest(&wanted, &known, "levels");
                            loader.problems.push(problem);
                            0
                        }
                    }
                }
            };
            FactorDomain::Levels { labels, baseline }
        }
    };
    (loader.problems.len() == before).then(|| Lever {
        factor: Factor {
            name: name.to_owned(),
            kind,
            meaning: typed.meaning.clone(),
            domain,
        },
        change,
    })
}

/// The levels of a range in a design of levels; `None` where it is sampled.
fn levels(
    loader: &mut Loader,
    range: &RangeFile,
    design: DesignFile,
    shown: &str,
    at: &Span,
) -> Option<Vec<f64>> {
    let mut wrong = |message: String| {
        loader
            .problems
            .push(Problem::new(format!("{shown}.range"), message).at(at, ""));
    };
    if range.low >= range.high {
        wrong(format!(
            "{shown}.range goes from {} to {}; expected low below high",
            range.low, range.high
        ));
    }
    if range.scale == ScaleFile::Log && range.low <= 0.0 {
        wrong(format!(
            "{shown}.range begins at {}; expected more than 0 on a logarithmic scale",
            range.low
        ));
    }
    match (sampled(design), range.levels) {
        (true, None) => None,
        (true, Some(_)) => {
            wrong(format!(
                "{shown}.range has levels, but the design samples it; expected no levels"
            ));
            None
        }
        (false, None) => {
            wrong(format!(
                "{shown}.range has no levels; expected levels = 2 or more in this design"
            ));
            None
        }
        (false, Some(levels)) => Some(
            (0..levels)
                .map(|level| {
                    let share = f64::from(level) / f64::from(levels - 1);
                    let value = match range.scale {
                        ScaleFile::Linear => range.low + (range.high - range.low) * share,
                        ScaleFile::Log => range.low * libm::pow(range.high / range.low, share),
                    };
                    // 0.1 + 0.2 should be a level named 0.3.
                    format!("{value:.12e}").parse().unwrap_or(value)
                })
                .collect(),
        ),
    }
}

/// The baseline of a sampled range: levers need one to be compared with, uncertainties are compared point by point.
fn sampled_baseline(
    loader: &mut Loader,
    document: &Item,
    file: &ExperimentFile,
    name: &str,
    kind: FactorKind,
    range: &RangeFile,
) -> Option<f64> {
    let value = file.baseline.get(name);
    let number = value.and_then(Json::as_f64);
    let key = format!("baseline.{}", quoted(name));
    let message = match (kind, value, number) {
        (FactorKind::Uncertainty, None, _) => return None,
        (FactorKind::Uncertainty, Some(_), _) => {
            format!("{key} is there, but the uncertainty {name} is sampled; expected none")
        }
        (FactorKind::Lever, _, Some(number)) if (range.low..=range.high).contains(&number) => {
            return Some(number);
        }
        (FactorKind::Lever, given, _) => format!(
            "{key} is {}; expected a number from {} to {}, because the lever is sampled",
            given.map_or("missing".to_owned(), |value| clip(&value.to_string())),
            range.low,
            range.high
        ),
    };
    loader
        .problems
        .push(Problem::new(key, message).at(&document.place(&["baseline", name]), ""));
    None
}

fn count(number: usize, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// A value as the result files have it.
fn label(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn baselines_exist(loader: &mut Loader, document: &Item, file: &ExperimentFile) {
    let known: Vec<&str> = file
        .levers
        .keys()
        .chain(file.uncertainties.keys())
        .map(String::as_str)
        .collect();
    for name in file.baseline.keys() {
        if !known.contains(&name.as_str()) {
            let mut problem = Problem::new(
                format!("baseline.{}", quoted(name)),
                format!("baseline names {}, which is no factor", quoted(name)),
            )
            .at(&document.place(&["baseline", name]), "");
            problem.help = shape::suggest(name, &known, "factors");
            loader.problems.push(problem);
        }
    }
}

/// A value set on the command line would be overwritten by a factor that sets it too.
fn overrides_are_free(loader: &mut Loader, factors: &[Lever], set: &[String]) {
    for text in set {
        let path = text.split('=').next().unwrap_or_default().trim();
        for lever in factors {
            let Change::Paths(paths, _) = &lever.change else {
                continue;
            };
            for (steps, at) in paths {
                let steps: Vec<String> = steps.iter().map(|step| quoted(step)).collect();
                if steps.join(".") == path {
                    loader.problems.push(
                        Problem::new(
                            path,
                            format!(
                                "--set sets {path}, which the factor {} varies; expected one of them",
                                lever.factor.name
                            ),
                        )
                        .at(at, ""),
                    );
                }
            }
        }
    }
}

fn stop_makes_sense(loader: &mut Loader, document: &Item, stop: &StopFile) {
    let mut wrong = |keys: &[&str], message: String| {
        loader
            .problems
            .push(Problem::new(keys.join("."), message).at(&document.place(keys), ""));
    };
    if let StopFile::HalfWidth {
        absolute, relative, ..
    } = stop
        && absolute.is_some() == relative.is_some()
    {
        wrong(
            &["stop", "half_width"],
            format!(
                "stop.half_width has {}; expected one of absolute and relative",
                if absolute.is_some() {
                    "both absolute and relative"
                } else {
                    "neither absolute nor relative"
                }
            ),
        );
    }
    let limits = match stop {
        StopFile::HalfWidth {
            minimum_replications,
            maximum_replications,
            ..
        } => Some(("half_width", minimum_replications, maximum_replications)),
        StopFile::Resolved {
            minimum_replications,
            maximum_replications,
            ..
        } => Some(("resolved", minimum_replications, maximum_replications)),
        StopFile::Fixed { .. } | StopFile::Time { .. } => None,
    };
    if let Some((rule, minimum, maximum)) = limits
        && minimum > maximum
    {
        wrong(
            &["stop", rule, "maximum_replications"],
            format!(
                "stop.{rule}.maximum_replications is {maximum}, below minimum_replications {minimum}"
            ),
        );
    }
}

/// The settings of the factors of one kind; one empty setting if there are none. Levers begin with their baseline where
/// the design samples them.
fn settings(
    factors: &[Lever],
    kind: FactorKind,
    design: DesignFile,
    seed: u64,
) -> Vec<Vec<Coordinate>> {
    let mut domains = Vec::new();
    let mut baseline = Vec::new();
    for lever in factors.iter().filter(|lever| lever.factor.kind == kind) {
        match &lever.factor.domain {
            FactorDomain::Levels {
                labels,
                baseline: at,
            } => {
                domains.push(Domain::Levels(labels.len()));
                baseline.push(*at);
            }
            FactorDomain::Range { range, .. } => {
                domains.push(Domain::Range {
                    low: range.low,
                    high: range.high,
                    scale: match range.scale {
                        ScaleFile::Linear => Scale::Linear,
                        ScaleFile::Log => Scale::Log,
                    },
                });
                baseline.push(0);
            }
        }
    }
    if domains.is_empty() {
        return vec![Vec::new()];
    }
    let design_file = design;
    let design = match design_file {
        DesignFile::Grid => Design::Grid,
        DesignFile::OneAtATime => Design::OneAtATime,
        DesignFile::LatinHypercube { points } => Design::LatinHypercube { points },
        DesignFile::Sobol { points } => Design::Sobol { points },
    };
    let mut points = design::points(&design, &domains, &baseline, seed);
    if kind == FactorKind::Lever && sampled(design_file) {
        points.insert(0, baseline_setting(factors, kind).collect());
    }
    points
}

fn sampled(design: DesignFile) -> bool {
    matches!(
        design,
        DesignFile::LatinHypercube { .. } | DesignFile::Sobol { .. }
    )
}

/// The baseline of the factors of one kind; a sampled uncertainty has none and gives NaN, which equals nothing.
fn baseline_setting(factors: &[Lever], kind: FactorKind) -> impl Iterator<Item = Coordinate> {
    factors
        .iter()
        .filter(move |lever| lever.factor.kind == kind)
        .map(|lever| match &lever.factor.domain {
            FactorDomain::Levels { baseline, .. } => Coordinate::Level(*baseline),
            FactorDomain::Range { baseline, .. } => Coordinate::Value(baseline.unwrap_or(f64::NAN)),
        })
}

/// Every setting of the levers at every setting of the uncertainties, levers fastest, each with its scenario.
fn cells(
    loader: &mut Loader,
    base: &Item,
    document: &Item,
    file: &ExperimentFile,
    factors: &[Lever],
    levers: &[Vec<Coordinate>],
    points: &[Vec<Coordinate>],
) -> Option<(Vec<PlannedCell>, Vec<Scenario>)> {
    let baseline = |kind| baseline_setting(factors, kind).collect::<Vec<_>>();
    let lever_baseline = levers
        .iter()
        .position(|setting| *setting == baseline(FactorKind::Lever));
    let point_baseline = points
        .iter()
        .position(|setting| *setting == baseline(FactorKind::Uncertainty));
    let mut cells = Vec::new();
    let mut scenarios = Vec::new();
    for (p, point) in points.iter().enumerate() {
        for (l, lever) in levers.iter().enumerate() {
            let settings: Vec<Coordinate> = lever.iter().chain(point).copied().collect();
            let span = document.place(&["design"]);
            let overlays: Vec<Item> = factors
                .iter()
                .zip(&settings)
                .flat_map(|(factor, &setting)| factor.overlays(setting, &span))
                .collect();
            let number = p * levers.len() + l;
            // With levers, each is compared with their baseline at the same point; without, each point with the baseline.
            let reference = if levers.len() > 1 {
                lever_baseline.map(|baseline| p * levers.len() + baseline)
            } else {
                point_baseline
            };
            let tree = overlays.iter().fold(base.clone(), |tree, overlay| {
                merge(tree, overlay.clone(), Some(shape::shape()))
            });
            match ready(&tree) {
                Ok(scenario) => scenarios.push(scenario),
                Err(problems) => loader.problems.extend(problems),
            }
            cells.push(PlannedCell {
                name: cell_name(file, factors, &settings, (l, lever_baseline), p),
                settings,
                reference: reference.filter(|reference| *reference != number),
                overlays: overlays.iter().map(Item::to_json).collect(),
            });
            if loader.problems.len() > MOST_PROBLEMS {
                return None;
            }
        }
    }
    loader.problems.is_empty().then_some((cells, scenarios))
}

/// Problems after which no more cells are checked.
const MOST_PROBLEMS: usize = 100;

/// A name made of the settings: alternatives go by their own name where that is clear, sampled settings by number.
fn cell_name(
    file: &ExperimentFile,
    factors: &[Lever],
    settings: &[Coordinate],
    (lever, lever_baseline): (usize, Option<usize>),
    point: usize,
) -> String {
    let alternatives: Vec<&String> = factors
        .iter()
        .filter(|lever| matches!(lever.change, Change::Overlays(_)))
        .filter_map(|lever| match &lever.factor.domain {
            FactorDomain::Levels { labels, .. } => Some(labels),
            FactorDomain::Range { .. } => None,
        })
        .flatten()
        .collect();
    let clear = |label: &String| {
        label.parse::<f64>().is_err()
            && alternatives.iter().filter(|other| **other == label).count() == 1
    };
    let mut parts = Vec::new();
    let kinds = [
        (FactorKind::Lever, file.design.levers),
        (FactorKind::Uncertainty, file.design.uncertainties),
    ];
    for (kind, design) in kinds {
        let members = || {
            factors
                .iter()
                .zip(settings)
                .filter(move |(lever, _)| lever.factor.kind == kind)
        };
        if members().next().is_none() {
            continue;
        }
        if sampled(design) {
            parts.push(match kind {
                FactorKind::Lever if Some(lever) == lever_baseline => "baseline".to_owned(),
                FactorKind::Lever => format!("setting-{lever}"),
                FactorKind::Uncertainty => format!("point-{}", point + 1),
            });
            continue;
        }
        for (factor, setting) in members() {
            if let (Coordinate::Level(level), FactorDomain::Levels { labels, .. }) =
                (setting, &factor.factor.domain)
            {
                let label = &labels[*level];
                let own = matches!(factor.change, Change::Overlays(_)) && clear(label);
                parts.push(if own {
                    label.clone()
                } else {
                    format!("{}={label}", factor.factor.name)
                });
            }
        }
    }
    if parts.is_empty() {
        return "scenario".to_owned();
    }
    parts.join(",")
}
