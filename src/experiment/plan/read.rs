//! Reading an experiment: the file, the scenario it varies, and what one must say of the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::super::file::{DesignFile, ExperimentFile, FactorFile, StopFile};
use super::factor::{Change, Varied};
use super::{FactorKind, Overrides, Plan, PlanRecord, columns};
use crate::measure::Columns;
use crate::scenario::load::Loader;
use crate::scenario::problem::Problem;
use crate::scenario::tree::{Item, clip, dotted, quoted};
use crate::scenario::{Scenario, ready, shape};

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<ExperimentFile>);

/// Whether a file is TOML with a key `scenario`. What cannot be read is none, and its reader says why.
pub(super) fn names_a_scenario(path: &Path) -> bool {
    let document = Loader::default().plain(path);
    document.is_some_and(|document| document.get(&["scenario"]).is_some())
}

/// Most cells of one experiment.
const MOST_CELLS: usize = 10_000;

/// What is read, and what is wrong with it.
pub(super) struct Reader<'a> {
    pub loader: &'a mut Loader,
    /// The experiment with its places.
    pub document: &'a Item,
    /// The experiment as typed.
    pub file: &'a ExperimentFile,
    /// The scenario, overrides merged.
    pub base: &'a Item,
}

impl Reader<'_> {
    /// A problem with the experiment at a path of it.
    pub fn wrong(&mut self, path: &[&str], message: String) {
        let problem = Problem::new(dotted(self.document, path), message);
        let at = self.document.place(path);
        self.loader.problems.push(problem.at(&at, ""));
    }

    /// The same with help.
    pub fn wrong_with(&mut self, path: &[&str], message: String, help: Option<String>) {
        self.wrong(path, message);
        if let Some(problem) = self.loader.problems.last_mut() {
            problem.help = help;
        }
    }

    fn sound(&self) -> bool {
        self.loader.problems.is_empty()
    }
}

/// The plan, or problems in the loader.
pub(super) fn plan(loader: &mut Loader, path: &Path, overrides: &Overrides) -> Option<Plan> {
    let document = loader.plain(path)?;
    if !loader.problems.is_empty() {
        return None;
    }
    let misfits = shape::check(&document, &SHAPE, "the experiment");
    let problems = misfits.into_iter().map(|misfit| misfit.problem);
    loader.problems.extend(problems);
    if !loader.problems.is_empty() {
        return None;
    }
    let file = match serde_json::from_value::<ExperimentFile>(document.to_json()) {
        Ok(file) => file,
        Err(error) => {
            // Schema and type come from the same source, so this is a gap between them: said, not hidden.
            let problem = Problem::new("", error.to_string());
            loader.problems.push(problem.at(&document.span, ""));
            return None;
        }
    };

    let directory = path.parent().unwrap_or(Path::new(""));
    let at = document.place(&["scenario"]);
    let mut base = loader.file(&directory.join(&file.scenario), Some(&at))?;
    for text in &overrides.set {
        base = loader.set(base, text);
    }
    if !loader.problems.is_empty() {
        return None;
    }
    let mut reader = Reader {
        loader,
        document: &document,
        file: &file,
        base: &base,
    };
    // What is wrong with the scenario alone is no fault of the factors.
    match ready(&base) {
        Ok(scenario) => reader.measures_exist(&scenario),
        Err(problems) => {
            reader.loader.problems.extend(problems);
            return None;
        }
    }
    let mut factors = Vec::new();
    for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
        for name in reader.names(kind) {
            factors.extend(reader.factor(kind, &name));
        }
    }
    reader.baselines_exist();
    reader.overrides_are_free(&factors, &overrides.set);
    reader.stop_makes_sense();
    if !reader.sound() {
        return None;
    }

    let seed = overrides.seed.unwrap_or(file.seed);
    let levers = reader.settings(&factors, FactorKind::Lever, seed);
    let points = reader.settings(&factors, FactorKind::Uncertainty, seed);
    let (levers, points) = (levers?, points?);
    let count = levers.len().saturating_mul(points.len());
    if count > MOST_CELLS {
        let (levers, points) = (levers.len(), points.len());
        reader.wrong(
            &["design"],
            format!(
                "{levers} settings of the levers at {points} of the uncertainties are {count} cells; expected at most {MOST_CELLS}"
            ),
        );
        return None;
    }
    let (cells, scenarios) = reader.cells(&factors, &levers, &points)?;
    let columns = match columns(&scenarios) {
        Ok(columns) => columns,
        Err(why) => {
            reader.wrong(&[], why);
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
            factors: factors.into_iter().map(|varied| varied.factor).collect(),
            cells,
            scenario: base.to_json(),
            stop: file.stop,
        },
        scenarios,
        columns,
    })
}

impl Reader<'_> {
    /// The names of the factors of a kind in the order of the text.
    fn names(&self, kind: FactorKind) -> Vec<String> {
        let mut names: Vec<String> = self.factors(kind).keys().cloned().collect();
        names.sort_by_key(|name| self.document.place(&[kind.section(), name]).range.start);
        names
    }

    /// The factors of a kind, as typed.
    pub fn factors(&self, kind: FactorKind) -> &BTreeMap<String, FactorFile> {
        match kind {
            FactorKind::Lever => &self.file.levers,
            FactorKind::Uncertainty => &self.file.uncertainties,
        }
    }

    /// The design of the factors of a kind.
    pub fn design(&self, kind: FactorKind) -> DesignFile {
        match kind {
            FactorKind::Lever => self.file.design.levers,
            FactorKind::Uncertainty => self.file.design.uncertainties,
        }
    }

    fn measures_exist(&mut self, scenario: &Scenario) {
        let columns = Columns::new(&scenario.cast);
        let known: Vec<&str> = columns
            .derived()
            .iter()
            .map(|derived| derived.name.as_str())
            .collect();
        let file = self.file;
        let numbers: Vec<String> = (0..file.measures.len())
            .map(|index| index.to_string())
            .collect();
        let mut named: Vec<(&str, Vec<&str>)> = file
            .measures
            .iter()
            .zip(&numbers)
            .map(|(name, number)| (name.as_str(), vec!["measures", number]))
            .collect();
        match &file.stop {
            StopFile::HalfWidth { measure, .. } => {
                named.push((measure, vec!["stop", "half_width", "measure"]));
            }
            StopFile::Resolved { measure, .. } => {
                named.push((measure, vec!["stop", "resolved", "measure"]));
            }
            StopFile::Fixed { .. } | StopFile::Time { .. } => {}
        }
        for (name, path) in named {
            if !known.contains(&name) {
                let help = shape::suggest(name, &known, "measures");
                let message = format!("there is no measure {:?} in this scenario", clip(name));
                self.wrong_with(&path, message, help);
            }
        }
        if file.measures.is_empty() {
            self.wrong(
                &["measures"],
                "measures is empty; expected at least one".to_owned(),
            );
        }
    }

    fn baselines_exist(&mut self) {
        let file = self.file;
        let known: Vec<&str> = file
            .levers
            .keys()
            .chain(file.uncertainties.keys())
            .map(String::as_str)
            .collect();
        for name in file.baseline.keys() {
            if !known.contains(&name.as_str()) {
                let message = format!("baseline names {}, which is no factor", quoted(name));
                let help = shape::suggest(name, &known, "factors");
                self.wrong_with(&["baseline", name], message, help);
            }
        }
    }

    /// A value set on the command line would be overwritten by a factor that sets it too.
    fn overrides_are_free(&mut self, factors: &[Varied], set: &[String]) {
        for text in set {
            let path = text.split('=').next().unwrap_or_default().trim();
            for varied in factors {
                let Change::Paths { paths, .. } = &varied.change else {
                    continue;
                };
                let name = varied.factor.name.as_str();
                for steps in paths {
                    let steps: Vec<String> = steps.iter().map(|step| quoted(step)).collect();
                    if steps.join(".") == path {
                        self.wrong(
                            &[varied.factor.kind.section(), name],
                            format!(
                                "--set sets {path}, which the factor {name} varies; expected one of them"
                            ),
                        );
                    }
                }
            }
        }
    }

    fn stop_makes_sense(&mut self) {
        let stop = &self.file.stop;
        if let StopFile::HalfWidth {
            absolute, relative, ..
        } = stop
            && absolute.is_some() == relative.is_some()
        {
            let found = if absolute.is_some() {
                "both absolute and relative"
            } else {
                "neither absolute nor relative"
            };
            self.wrong(
                &["stop", "half_width"],
                format!("stop.half_width has {found}; expected one of absolute and relative"),
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
            self.wrong(
                &["stop", rule, "maximum_replications"],
                format!(
                    "stop.{rule}.maximum_replications is {maximum}, below minimum_replications {minimum}"
                ),
            );
        }
    }
}
