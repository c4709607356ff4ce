//! From a study file to something that can be tuned: every parameter and uncertainty checked before anything is run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::factor::{Change, Varied};
use super::read::{Reader, scenario};
use super::unlike_at;
use super::{FactorDomain, FactorKind, Overrides, columns};
use crate::experiment::design::{self, Coordinate, Design, Domain, Point};
use crate::experiment::file::{DesignFile, DesignsFile, ExperimentFile, ScaleFile, StopFile};
use crate::experiment::tune::course::{Course, Role, Watched};
use crate::experiment::tune::file::{BudgetFile, ObjectiveFile, StudyFile};
use crate::experiment::tune::samples::Sample;
use crate::experiment::tune::space::Dimension;
use crate::experiment::worlds::file::Worlds;
use crate::measure::{Columns, Derived, Summary};
use crate::scenario::load::{Loader, merge, nested};
use crate::scenario::problem::{LoadError, Problem, Span};
use crate::scenario::tree::{Item, Value, clip};
use crate::scenario::{Scenario, ready, shape, texts};

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<StudyFile>);

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(StudyFile);
    schema.insert("title".to_owned(), "deconflict study".into());
    schema.to_value()
});

/// The JSON Schema of study files.
pub fn schema() -> &'static Json {
    &SCHEMA
}

/// Levels along a range of which the file does not say how many.
const LEVELS: u32 = 5;

/// Most levels of a parameter or an uncertainty.
const MOST_LEVELS: usize = 10_000;

/// Most replications where the budget is a time.
const MOST: u64 = 400_000_000;

/// Replications by which a budget of time sizes its generations.
const TIMED: u64 = 20_000;

/// What is written to study.json: all that decides the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// `deconflict`.
    pub program: String,
    /// Version of the program: another one may give other results.
    pub version: String,
    /// The study as typed, with the seed and the budget of the command line.
    pub study: StudyFile,
    /// The scenario as typed, with its includes and the overrides of the command line, before any parameter.
    pub scenario: Json,
    /// Paths of parameters, uncertainties and their alternatives, in the order of the text, which is that of their genes.
    pub order: Vec<Vec<String>>,
}

impl StudyRecord {
    /// SHA-256 of all that decides the result.
    pub fn identity(&self) -> [u8; 32] {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&text).into()
    }

    /// What is different in another study, in words; empty if nothing is.
    pub fn differences(&self, other: &StudyRecord) -> Vec<String> {
        let tree = |record: &StudyRecord| serde_json::to_value(record).unwrap_or_default();
        let mut paths = Vec::new();
        unlike_at(&tree(self), &tree(other), "", &mut paths);
        let told = paths.iter().take(DIFFERENCES);
        let mut told: Vec<String> = told
            .map(|(path, here, there)| format!("{path} is {there}, here {here}"))
            .collect();
        if paths.len() > DIFFERENCES {
            told.push(format!("{} more values", paths.len() - DIFFERENCES));
        }
        told
    }
}

/// So many differences of two studies are told.
const DIFFERENCES: usize = 6;

/// One setting of what one does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// What it is called in the result files.
    pub name: String,
    /// A setting of every uncertainty; `None` as in the scenario.
    settings: Vec<Option<Coordinate>>,
}

/// An uncertainty that break-even points are looked for along.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Its values, rising.
    pub levels: Vec<f64>,
    /// The world of each.
    pub worlds: Vec<usize>,
}

/// A watched measure of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedMeasure {
    /// The measure and where its columns are.
    pub derived: Derived,
    /// What it is watched for.
    pub role: Role,
}

/// A study ready to run.
pub struct Study {
    /// All that decides the result.
    pub record: StudyRecord,
    /// What the tuner needs to know.
    pub course: Course,
    /// What is watched, objectives first.
    pub watched: Vec<WatchedMeasure>,
    /// The columns of every replication.
    pub columns: Arc<Columns>,
    /// Settings of the uncertainties: first those drawn over all of them together, then those along each alone.
    pub worlds: Vec<World>,
    /// How many of the worlds are drawn over all uncertainties together.
    pub drawn: usize,
    /// Along each uncertainty alone.
    pub axes: Vec<Axis>,
    parameters: Vec<Varied>,
    whole: Vec<bool>,
    uncertainties: Vec<Varied>,
    base: Item,
}

impl Study {
    /// Reads a study and the scenario it tunes; every problem of both, with its place.
    ///
    /// # Errors
    /// Files that cannot be read, and everything that is wrong with them, at once.
    pub fn load(
        path: &Path,
        overrides: &Overrides,
        budget: Option<u64>,
    ) -> Result<Study, LoadError> {
        let mut loader = Loader::default();
        let made = loader
            .plain(path)
            .filter(|_| loader.problems.is_empty())
            .and_then(|mut document| {
                if let Some(worlds) = &overrides.worlds {
                    let worlds = Worlds::read(&mut loader, worlds)?;
                    let count = worlds.file.worlds.len();
                    worlds.join(&mut document, false);
                    each_once(&mut document, count);
                }
                let base = |loader: &mut Loader, document: &Item, file: &StudyFile| {
                    scenario(loader, path, document, &file.scenario)
                };
                study(&mut loader, document, overrides, budget, base)
            });
        match made {
            Some(study) if loader.problems.is_empty() => Ok(study),
            _ => Err(loader.error()),
        }
    }

    /// A study from what an earlier tuning wrote down, checked as one that is typed.
    ///
    /// # Errors
    /// A record that is unsound here: of another version, or changed by hand.
    pub fn from_record(record: &StudyRecord) -> Result<Study, LoadError> {
        let mut loader = Loader::default();
        let typed = serde_json::to_value(&record.study).unwrap_or_default();
        let document = in_order(&without_nulls(typed), &record.order);
        let base = Item::from_json(&record.scenario, &nowhere());
        let made = study(
            &mut loader,
            document,
            &Overrides::default(),
            None,
            |_, _, _| Some(base),
        );
        match made {
            Some(study) if loader.problems.is_empty() => Ok(study),
            _ => Err(loader.error()),
        }
    }

    /// Names of the parameters, in the order of the settings.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters
            .iter()
            .map(|varied| varied.factor.name.as_str())
    }

    /// The settings of a candidate in words; empty for the scenario as written.
    pub fn settings(&self, point: Option<&Point>) -> Vec<String> {
        self.each(point, |number, setting| {
            self.parameters[number].factor.domain.label(setting)
        })
    }

    /// The same as fields of the columns of the parameters in result files.
    pub fn fields(&self, point: Option<&Point>) -> Vec<String> {
        self.each(point, |number, setting| {
            let domain = &self.parameters[number].factor.domain;
            match self.whole[number] {
                true => domain.label(setting),
                false => domain.fields()(setting),
            }
        })
    }

    fn each(
        &self,
        point: Option<&Point>,
        written: impl Fn(usize, Coordinate) -> String,
    ) -> Vec<String> {
        let Some(point) = point else {
            return vec![String::new(); self.parameters.len()];
        };
        let settings = point.iter().enumerate();
        settings
            .map(|(number, &setting)| written(number, setting))
            .collect()
    }

    /// What the watched measures come to in a replication.
    pub fn sample(&self, summary: &Summary) -> Sample {
        let watched = self.watched.iter();
        watched
            .map(|watched| {
                let below = watched.derived.denominator;
                (
                    summary.values[watched.derived.numerator],
                    below.map_or(1.0, |column| summary.values[column]),
                )
            })
            .collect()
    }

    /// The scenario of a candidate, in a world or as it is.
    ///
    /// # Errors
    /// Settings that do not go together in that world.
    pub fn scenario(
        &self,
        point: Option<&Point>,
        world: Option<usize>,
    ) -> Result<Scenario, LoadError> {
        ready(&self.tree(point, world)).map_err(|problems| LoadError::new(problems, Vec::new()))
    }

    /// The same as typed: includes and settings merged.
    pub fn typed(&self, point: Option<&Point>) -> Json {
        self.tree(point, None).to_json()
    }

    /// Whether a setting makes a sound scenario with the columns of the others, in every world; they are looked at on all
    /// processors.
    pub fn admissible(&self, point: &[Coordinate]) -> bool {
        let point = point.to_vec();
        let worlds = (0..self.worlds.len()).map(Some);
        let all: Vec<Option<usize>> = std::iter::once(None).chain(worlds).collect();
        all.into_par_iter()
            .all(|world| match self.scenario(Some(&point), world) {
                Ok(scenario) => Columns::new(&scenario.cast).columns() == self.columns.columns(),
                Err(_) => false,
            })
    }

    fn tree(&self, point: Option<&Point>, world: Option<usize>) -> Item {
        let mut tree = self.base.clone();
        let mut lay = |overlays: Vec<Item>| {
            for overlay in overlays {
                let under = std::mem::replace(&mut tree, overlay.clone());
                tree = merge(under, overlay, Some(shape::shape()));
            }
        };
        for (number, &setting) in point.into_iter().flatten().enumerate() {
            let mut overlays = self.parameters[number].overlays(setting);
            if self.whole[number] {
                overlays.iter_mut().for_each(round);
            }
            lay(overlays);
        }
        if let Some(world) = world.and_then(|world| self.worlds.get(world)) {
            for (varied, &setting) in self.uncertainties.iter().zip(&world.settings) {
                lay(setting.map_or(Vec::new(), |setting| varied.overlays(setting)));
            }
        }
        tree
    }
}

/// Has a study run as many other worlds as there are in a file: drawn like a Latin hypercube, each is taken once.
fn each_once(document: &mut Item, count: usize) {
    let span = document.span.clone();
    let over = nested(
        vec![("robustness_points".to_owned(), span.clone())],
        Item {
            span: span.clone(),
            value: Value::Whole(count.max(2) as i128),
        },
        &span,
    );
    let under = std::mem::replace(document, over.clone());
    *document = merge(under, over, None);
}

/// Numbers that stand for whole ones as whole ones.
fn round(item: &mut Item) {
    match &mut item.value {
        Value::Number(number) => item.value = Value::Whole(*number as i128),
        Value::Table(table) => table.values_mut().for_each(|entry| round(&mut entry.item)),
        _ => {}
    }
}

/// A place for what stands in no text.
fn nowhere() -> Span {
    Span {
        source: 0,
        range: 0..0,
    }
}

/// What was left out, left out again.
fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(table) => {
            let there = table.into_iter().filter(|(_, value)| !value.is_null());
            let there = there.map(|(name, value)| (name, without_nulls(value)));
            Json::Object(there.collect())
        }
        Json::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// The sections of a study whose order counts.
const ORDERED: [&str; 2] = ["parameters", "uncertainties"];

/// The paths of parameters, uncertainties and their alternatives, in the order of the text.
fn order(document: &Item) -> Vec<Vec<String>> {
    let mut found: Vec<(usize, Vec<String>)> = Vec::new();
    let below = |path: &[&str]| -> Vec<(String, usize)> {
        let table = document.get(path).and_then(Item::table);
        let entries = table.into_iter().flatten();
        entries
            .map(|(name, entry)| (name.clone(), entry.key.range.start))
            .collect()
    };
    for section in ORDERED {
        for (name, at) in below(&[section]) {
            found.push((at, vec![section.to_owned(), name.clone()]));
            for (alternative, at) in below(&[section, &name, "alternatives"]) {
                let path = [section, &name, "alternatives", &alternative];
                found.push((at, path.map(str::to_owned).to_vec()));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// A study from JSON, in which the keys of these paths stand in this order.
fn in_order(json: &Json, order: &[Vec<String>]) -> Item {
    let mut document = Item::from_json(json, &nowhere());
    for (number, path) in order.iter().enumerate() {
        let mut item = &mut document;
        for (depth, step) in path.iter().enumerate() {
            let Value::Table(table) = &mut item.value else {
                break;
            };
            let Some(entry) = table.get_mut(step) else {
                break;
            };
            if depth + 1 == path.len() {
                entry.key.range = number + 1..number + 1;
            }
            item = &mut entry.item;
        }
    }
    document
}

fn study(
    loader: &mut Loader,
    document: Item,
    overrides: &Overrides,
    budget: Option<u64>,
    base: impl FnOnce(&mut Loader, &Item, &StudyFile) -> Option<Item>,
) -> Option<Study> {
    let misfits = shape::check(&document, &SHAPE, "the study");
    let problems = misfits.iter().map(|misfit| misfit.problem.clone());
    loader.problems.extend(problems);
    loader.problems.extend(texts::check(&document));
    let mut file = match serde_json::from_value::<StudyFile>(shape::mended(&document, &misfits)) {
        Ok(file) => file,
        Err(_) if !loader.problems.is_empty() => return None,
        Err(error) => {
            let problem = Problem::new("", error.to_string());
            loader.problems.push(problem.at(&document.span, ""));
            return None;
        }
    };
    file.seed = overrides.seed.unwrap_or(file.seed);
    if let Some(replications) = budget {
        file.budget = BudgetFile::Replications(replications);
    }
    let base = match shape::touches(&misfits, &["scenario"]) {
        true => None,
        false => base(loader, &document, &file),
    };
    let first = loader.sources.len();
    let base = base.map(|base| {
        let set = overrides.set.iter();
        let mut base = set.fold(base, |base, text| loader.set(base, text));
        loader.recordings(&mut base);
        base
    });
    let experiment = as_experiment(&file);
    let mut reader = Reader {
        loader,
        document: &document,
        file: &experiment,
        misfits: &misfits,
        base: base.as_ref(),
        columns: Vec::new(),
        levers: "parameters",
    };
    let mut watched = Vec::new();
    let mut found = None;
    match base.as_ref().map(ready) {
        Some(Ok(scenario)) => {
            let columns = Columns::new(&scenario.cast);
            reader.columns = columns.columns().iter().map(|c| c.name.clone()).collect();
            watched = measures(&mut reader, &file, &columns);
            found = Some((scenario, columns));
        }
        Some(Err(problems)) => reader.loader.problems.extend(problems),
        None => {}
    }
    if !reader.levels_are_few(MOST_LEVELS) {
        return None;
    }
    let mut factors = Vec::new();
    for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
        for name in reader.names(kind) {
            factors.extend(reader.factor(kind, &name));
        }
    }
    if file.parameters.is_empty() {
        let message = "parameters is empty; expected at least one".to_owned();
        reader.wrong(&["parameters"], message);
    }
    for (name, parameter) in &file.parameters {
        if let Some(span) = &parameter.range
            && span.whole
            && (span.low != libm::floor(span.low) || span.high != libm::floor(span.high))
        {
            let message = format!(
                "parameters.{name}.range goes from {} to {}; expected whole numbers, because whole = true",
                span.low, span.high
            );
            reader.wrong(&["parameters", name, "range"], message);
        }
    }
    reader.overrides_are_free(&factors, &overrides.set, first);
    reader.factors_are_apart(&factors);
    let (scenario, _) = match found {
        Some(found) if reader.sound() => found,
        _ => return None,
    };
    extremes_are_sound(&mut reader, &factors, &scenario);
    let base_item = base.as_ref()?.clone();
    let (parameters, uncertainties): (Vec<Varied>, Vec<Varied>) = factors
        .into_iter()
        .partition(|varied| varied.factor.kind == FactorKind::Lever);
    let mut whole = Vec::new();
    let mut space = Vec::new();
    for varied in &parameters {
        let span = file.parameters[&varied.factor.name].range.as_ref();
        let is_whole = span.is_some_and(|span| span.whole);
        whole.push(is_whole);
        space.push(match (&varied.factor.domain, is_whole) {
            (FactorDomain::Levels { labels, .. }, _) => Dimension::Choice(labels.len()),
            (FactorDomain::Range { range, .. }, true) => Dimension::Whole {
                low: range.low as i64,
                high: range.high as i64,
            },
            (FactorDomain::Range { range, .. }, false) => Dimension::Range {
                low: range.low,
                high: range.high,
                log: range.scale == ScaleFile::Log,
            },
        });
    }
    let (worlds, drawn, axes) = worlds(&mut reader, &file, &uncertainties);
    let replications = match file.budget {
        BudgetFile::Replications(replications) => replications,
        BudgetFile::Minutes(_) => MOST,
    };
    let mut course = Course {
        seed: file.seed,
        space,
        watched: Vec::new(),
        budget: replications,
        first: u64::from(file.first_replications),
        population: file.population.map(|population| population as usize),
        finalists: file.finalists as usize,
        reference: true,
        worlds: worlds.len(),
        re_evaluated: 4,
    };
    if matches!(file.budget, BudgetFile::Minutes(_)) && course.population.is_none() {
        let usual = Course {
            budget: TIMED,
            ..course.clone()
        };
        course.population = Some(usual.population());
    }
    for measure in &watched {
        let confidence = match measure.role {
            Role::Minimise | Role::Maximise => file.confidence,
            Role::AtMost(_) | Role::AtLeast(_) => measure_confidence(&file, measure),
        };
        course.watched.push(Watched {
            role: measure.role,
            kind: measure.derived.measure.kind,
            per_replication: measure.derived.denominator.is_none(),
            confidence,
        });
    }
    let least = course.least_budget();
    if course.budget < least {
        let why = format!(
            "is too small for four generations of {} candidates with {} replications each; expected at least {least}",
            course.population(),
            course.first
        );
        match budget {
            Some(typed) => reader
                .loader
                .problems
                .push(Problem::new("", format!("--budget {typed} {why}"))),
            None => reader.wrong(
                &["budget"],
                format!("a budget of {} replications {why}", course.budget),
            ),
        }
    }
    if !reader.sound() {
        return None;
    }
    let columns = columns(std::iter::once(&scenario)).ok()?;
    Some(Study {
        record: StudyRecord {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            study: file,
            scenario: base_item.to_json(),
            order: order(&document),
        },
        course,
        watched,
        columns,
        worlds,
        drawn,
        axes,
        parameters,
        whole,
        uncertainties,
        base: base_item,
    })
}

/// A study as the experiment whose levers are its parameters, so that both are checked by the same code.
fn as_experiment(file: &StudyFile) -> ExperimentFile {
    let sampled = DesignFile::LatinHypercube { points: 2 };
    let low = |(name, parameter): (&String, &crate::experiment::tune::file::ParameterFile)| {
        let span = parameter.range.as_ref()?;
        Some((name.clone(), Json::from(span.low)))
    };
    let parameters = file.parameters.iter();
    let uncertainties = file.uncertainties.iter();
    ExperimentFile {
        placebo: false,
        title: file.title.clone(),
        scenario: file.scenario.clone(),
        seed: file.seed,
        confidence: file.confidence,
        measures: Vec::new(),
        levers: parameters
            .map(|(name, one)| (name.clone(), one.factor()))
            .collect(),
        uncertainties: uncertainties
            .map(|(name, one)| (name.clone(), one.factor()))
            .collect(),
        design: DesignsFile {
            levers: sampled,
            uncertainties: sampled,
        },
        baseline: file
            .parameters
            .iter()
            .filter_map(low)
            .collect::<BTreeMap<_, _>>(),
        stop: StopFile::Fixed { replications: 1 },
    }
}

/// The watched measures, objectives first; problems where there are none of these names.
fn measures(reader: &mut Reader, file: &StudyFile, columns: &Columns) -> Vec<WatchedMeasure> {
    let known: Vec<&str> = columns.derived().iter().map(|d| d.name.as_str()).collect();
    let mut watched = Vec::new();
    let mut wanted: Vec<(&str, Role, Vec<String>)> = Vec::new();
    for (number, objective) in file.objectives.iter().enumerate() {
        let role = match objective {
            ObjectiveFile::Minimise(_) => Role::Minimise,
            ObjectiveFile::Maximise(_) => Role::Maximise,
        };
        let path = [
            "objectives".to_owned(),
            number.to_string(),
            objective.key().to_owned(),
        ];
        wanted.push((objective.measure(), role, path.to_vec()));
    }
    for (number, constraint) in file.constraints.iter().enumerate() {
        let path =
            |key: &str| ["constraints".to_owned(), number.to_string(), key.to_owned()].to_vec();
        let role = match (constraint.at_most, constraint.at_least) {
            (Some(limit), None) => Role::AtMost(limit),
            (None, Some(limit)) => Role::AtLeast(limit),
            (most, _) => {
                let found = if most.is_some() { "both" } else { "neither" };
                let message = format!(
                    "the constraint on {} has {found} of at_most and at_least; expected one",
                    clip(&constraint.measure)
                );
                let number = number.to_string();
                reader.wrong(&["constraints", &number], message);
                continue;
            }
        };
        wanted.push((&constraint.measure, role, path("measure")));
    }
    for (name, role, path) in wanted {
        match columns
            .derived()
            .iter()
            .find(|derived| derived.name == name)
        {
            Some(derived) => watched.push(WatchedMeasure {
                derived: derived.clone(),
                role,
            }),
            None => {
                let help = shape::suggest(name, &known, "measures");
                let message = format!("there is no measure {:?} in this scenario", clip(name));
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                reader.wrong_with(&path, message, help);
            }
        }
    }
    watched
}

fn measure_confidence(file: &StudyFile, measure: &WatchedMeasure) -> f64 {
    let constraints = file.constraints.iter();
    constraints
        .filter(|constraint| constraint.measure == measure.derived.name)
        .map(|constraint| constraint.confidence)
        .fold(file.confidence.min(0.5), f64::max)
}

/// Every factor alone at each of its levels, or at both ends of its range, must make a sound scenario.
fn extremes_are_sound(reader: &mut Reader, factors: &[Varied], scenario: &Scenario) {
    let Some(base) = reader.base else { return };
    for varied in factors {
        for setting in varied.extremes() {
            let section = reader.section(varied.factor.kind);
            let name = varied.factor.name.as_str();
            let mut overlays = varied.overlays(setting);
            // A count typed as 3 is no 3.0.
            if matches!(varied.change, Change::Paths { .. })
                && matches!(setting, Coordinate::Value(value) if value == libm::floor(value))
            {
                overlays.iter_mut().for_each(round);
            }
            let tree = overlays.into_iter().fold(base.clone(), |tree, overlay| {
                merge(tree, overlay, Some(shape::shape()))
            });
            match ready(&tree) {
                Ok(varied) => {
                    if columns([scenario, &varied].into_iter()).is_err() {
                        let message = format!(
                            "{section}.{name} changes the columns; expected the same sides, aircraft types and site classes at every setting"
                        );
                        reader.wrong(&[section, name], message);
                    }
                }
                Err(problems) => {
                    for problem in problems {
                        if !reader.loader.problems.contains(&problem) {
                            reader.loader.problems.push(problem);
                        }
                    }
                }
            }
        }
    }
}

/// The other worlds: drawn over all uncertainties together, and along each that has numbers.
fn worlds(
    reader: &mut Reader,
    file: &StudyFile,
    uncertainties: &[Varied],
) -> (Vec<World>, usize, Vec<Axis>) {
    if uncertainties.is_empty() {
        return (Vec::new(), 0, Vec::new());
    }
    let domains: Vec<Domain> = uncertainties
        .iter()
        .map(|varied| match &varied.factor.domain {
            FactorDomain::Levels { labels, .. } => Domain::Levels(labels.len()),
            FactorDomain::Range { range, .. } => range.domain(),
        })
        .collect();
    let design = Design::LatinHypercube {
        points: file.robustness_points,
    };
    let points = match design::points(&design, &domains, file.seed) {
        Ok(points) => points,
        Err(error) => {
            reader.wrong(&["uncertainties"], error.to_string());
            return (Vec::new(), 0, Vec::new());
        }
    };
    let mut worlds: Vec<World> = points
        .into_iter()
        .enumerate()
        .map(|(number, point)| World {
            name: format!("point-{}", number + 1),
            settings: point.into_iter().map(Some).collect(),
        })
        .collect();
    let drawn = worlds.len();
    let mut axes = Vec::new();
    for (number, varied) in uncertainties.iter().enumerate() {
        let name = varied.factor.name.clone();
        let along: Vec<(f64, Coordinate)> = match (&varied.factor.domain, &varied.change) {
            (FactorDomain::Range { .. }, _) => {
                let typed = file.uncertainties[&name].range.as_ref();
                let levels = typed.and_then(|range| range.levels).unwrap_or(LEVELS);
                let at = |level: u32| domains[number].at(f64::from(level) / f64::from(levels - 1));
                (0..levels)
                    .filter_map(|level| match at(level) {
                        Coordinate::Value(value) => Some((value, Coordinate::Value(value))),
                        Coordinate::Level(_) => None,
                    })
                    .collect()
            }
            (FactorDomain::Levels { .. }, Change::Paths { values, .. }) => {
                let numbers = values.iter().enumerate().map(|(level, item)| {
                    let number = item.to_json().as_f64()?;
                    Some((number, Coordinate::Level(level)))
                });
                numbers.collect::<Option<Vec<_>>>().unwrap_or_default()
            }
            (FactorDomain::Levels { .. }, Change::Overlays(_) | Change::Arms(_)) => Vec::new(),
        };
        if along.len() < 2 || along.windows(2).any(|two| two[0].0 >= two[1].0) {
            continue;
        }
        let first = worlds.len();
        for (_, setting) in &along {
            let mut settings = vec![None; uncertainties.len()];
            settings[number] = Some(*setting);
            worlds.push(World {
                name: format!("{name}={}", varied.factor.domain.label(*setting)),
                settings,
            });
        }
        axes.push(Axis {
            name,
            levels: along.iter().map(|(level, _)| *level).collect(),
            worlds: (first..worlds.len()).collect(),
        });
    }
    (worlds, drawn, axes)
}
