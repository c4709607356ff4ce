//! Reading an experiment: the file, the scenario it varies, and what one must say of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

use super::super::design::MOST_POINTS;
use super::super::file::{DesignFile, ExperimentFile, FactorFile, StopFile};
use super::factor::Varied;
use super::{FactorKind, Overrides, Plan, PlanRecord, columns};
use crate::experiment::rows::KeptRows;
use crate::experiment::worlds::file::Worlds;
use crate::measure::Columns;
use crate::scenario::load::{Loader, merge, override_path};
use crate::scenario::problem::{Problem, Span};
use crate::scenario::shape::Misfit;
use crate::scenario::tree::{Item, clip, dotted, quoted};
use crate::scenario::{Scenario, burden, ready, shape, texts};

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<ExperimentFile>);

/// Most cells of one experiment: a slip of the pen, not a limit of the machine.
const MOST_CELLS: usize = 1_000_000;

/// Most levels of a factor: as many as a design may have points.
const MOST_LEVELS: usize = MOST_POINTS as usize;

/// What is read, and what is wrong with it.
pub(super) struct Reader<'a> {
    pub loader: &'a mut Loader,
    /// The experiment with its places.
    pub document: &'a Item,
    /// The experiment as typed.
    pub file: &'a ExperimentFile,
    /// Where the experiment does not have the shape it should; mended in `file`.
    pub misfits: &'a [Misfit],
    /// The scenario, overrides merged; none if it could not be read.
    pub base: Option<&'a Item>,
    /// The columns of its replications.
    pub columns: Vec<String>,
    /// What the file calls its levers.
    pub levers: &'static str,
}

impl Reader<'_> {
    /// A problem with the experiment at a path of it.
    pub fn wrong(&mut self, path: &[&str], message: String) {
        self.wrong_with(path, message, None);
    }

    /// The same with help.
    pub fn wrong_with(&mut self, path: &[&str], message: String, help: Option<String>) {
        self.wrong_at(path, message, help, &[]);
    }

    /// The same with other places of the experiment and what to say beside them. Nothing is said of a place whose shape
    /// is wrong: that has been said.
    pub fn wrong_at(
        &mut self,
        path: &[&str],
        message: String,
        help: Option<String>,
        others: &[(&[&str], &str)],
    ) {
        if shape::touches(self.misfits, path) {
            return;
        }
        let mut problem =
            Problem::new(dotted(self.document, path), message).at(&self.document.place(path), "");
        for (other, label) in others {
            problem = problem.at(&self.document.place(other), *label);
        }
        problem.help = help;
        self.loader.problems.push(problem);
    }

    pub fn sound(&self) -> bool {
        self.loader.problems.is_empty()
    }
}

/// The plan, with the scenario of every cell, or problems in the loader.
pub(super) fn plan(loader: &mut Loader, path: &Path, overrides: &Overrides) -> Option<Plan> {
    let (record, made) = planned(loader, path, overrides, true)?;
    let (scenarios, columns) = made?;
    Some(Plan {
        record,
        scenarios: scenarios.into(),
        columns,
        prepared: Vec::new(),
    })
}

/// The scenarios of all cells, and the columns that they share.
type Made = (Vec<Scenario>, Arc<Columns>);

/// What is run, or problems in the loader; the cells are checked and made into scenarios only if so wished.
pub(super) fn planned(
    loader: &mut Loader,
    path: &Path,
    overrides: &Overrides,
    check: bool,
) -> Option<(PlanRecord, Option<Made>)> {
    let mut document = loader.plain(path)?;
    if !loader.problems.is_empty() {
        return None;
    }
    if let Some(worlds) = &overrides.worlds {
        let worlds = Worlds::read(loader, worlds)?;
        worlds.join(&mut document, true);
    }
    let misfits = shape::check(&document, &SHAPE, "the experiment");
    let problems = misfits.iter().map(|misfit| misfit.problem.clone());
    loader.problems.extend(problems);
    loader.problems.extend(texts::check(&document));
    let file = match serde_json::from_value::<ExperimentFile>(shape::mended(&document, &misfits)) {
        Ok(file) => file,
        // Too far off to be mended: what is wrong with its shape is all that can be said.
        Err(_) if !loader.problems.is_empty() => return None,
        Err(error) => {
            // Schema and type come from the same source, so this is a gap between them: said, not hidden.
            let problem = Problem::new("", error.to_string());
            loader.problems.push(problem.at(&document.span, ""));
            return None;
        }
    };

    let base = if shape::touches(&misfits, &["scenario"]) {
        None
    } else {
        scenario(loader, path, &document, &file.scenario)
    };
    let first = loader.sources.len();
    let base = base.map(|base| {
        let set = overrides.set.iter();
        let mut base = set.fold(base, |base, text| loader.set(base, text));
        loader.recordings(&mut base);
        base
    });
    let mut reader = Reader {
        loader,
        document: &document,
        file: &file,
        misfits: &misfits,
        base: base.as_ref(),
        columns: Vec::new(),
        levers: FactorKind::Lever.section(),
    };
    // What is wrong with the scenario alone is no fault of the factors.
    let mut scenario_is_sound = false;
    match base.as_ref().map(ready) {
        Some(Ok(scenario)) => {
            scenario_is_sound = true;
            reader.measures_exist(&scenario);
        }
        Some(Err(problems)) => reader.loader.problems.extend(problems),
        None => {}
    }
    // Counted before they are made.
    if !reader.levels_are_few(MOST_LEVELS) || !reader.cells_are_few(check) {
        return None;
    }
    let mut factors = Vec::new();
    for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
        for name in reader.names(kind) {
            factors.extend(reader.factor(kind, &name));
        }
        if kind == FactorKind::Lever {
            factors.extend(reader.arms());
        }
    }
    reader.baselines_exist();
    reader.overrides_are_free(&factors, &overrides.set, first);
    reader.factors_are_apart(&factors);
    reader.designs_have_factors();
    reader.stop_makes_sense();
    if !reader.sound() {
        if scenario_is_sound {
            reader.levels_alone(&factors);
        }
        return None;
    }
    let base = base.as_ref()?;

    let seed = overrides.seed.unwrap_or(file.seed);
    let levers = reader.settings(&factors, FactorKind::Lever, seed);
    let points = reader.settings(&factors, FactorKind::Uncertainty, seed);
    let (levers, points) = (levers?, points?);
    let levers = reader.that_differ(&factors, levers, &points);
    let (cells, scenarios) = reader.cells(&factors, &levers, &points, check)?;
    let columns = match check {
        true => match columns(scenarios.iter()) {
            Ok(columns) => Some(columns),
            Err((cell, why)) => {
                let message = format!("cell {} {why}", cells[cell].name);
                reader.wrong(&["scenario"], message);
                return None;
            }
        },
        false => None,
    };
    let record = PlanRecord {
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
        asked: None,
        rows: KeptRows::default(),
    };
    Some((record, columns.map(|columns| (scenarios, columns))))
}

/// The tree of the scenario that an experiment names; `None`, and problems, if it could not be read as a whole.
pub(in crate::experiment) fn scenario(
    loader: &mut Loader,
    path: &Path,
    document: &Item,
    named: &str,
) -> Option<Item> {
    let file = path.parent().unwrap_or(Path::new("")).join(named);
    let at = document.place(&["scenario"]);
    let before = loader.problems.len();
    let ending = Path::new(named).extension();
    if !ending.is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        let message = format!(
            "scenario is {:?}; expected a file whose name ends in .toml",
            clip(named)
        );
        loader
            .problems
            .push(Problem::new("scenario", message).at(&at, ""));
        return None;
    }
    let base = loader.file(&file, Some(&at));
    for problem in &mut loader.problems[before..] {
        // The experiment names the scenario, it does not include it.
        if let Some(mark) = problem.marks.first_mut()
            && mark.span == at
        {
            "scenario".clone_into(&mut problem.key_path);
            "named here".clone_into(&mut mark.label);
        }
    }
    let base = base?;
    if base.get(&["scenario"]).is_some() {
        let message = format!(
            "scenario is {:?}, which names a scenario itself, as experiments do; expected a scenario",
            clip(named)
        );
        let problem = Problem::new("scenario", message).at(&at, "");
        loader.problems.push(problem);
        return None;
    }
    // What could not be read leaves holes that would be reported as missing keys.
    (loader.problems.len() == before).then_some(base)
}

/// Bytes of all the scenarios of a sweep together that are kept in memory, by the length of their text.
const MOST_TEXT: usize = 1 << 30;

impl Reader<'_> {
    /// How many levels a factor has, as typed; none for a range that a design may sample.
    fn levels_of(&self, kind: FactorKind, factor: &FactorFile) -> usize {
        let alternatives = factor.alternatives.as_ref().map(|those| those.len());
        let values = factor.values.as_ref().map(|those| those.len());
        let range = factor.range.as_ref().and_then(|range| range.levels);
        let range = range.filter(|_| !self.design(kind).samples());
        let given = alternatives
            .or(values)
            .or(range.map(|levels| levels as usize));
        given.unwrap_or(1)
    }

    /// Whether no factor has more levels than this; else a problem for each that has.
    pub fn levels_are_few(&mut self, most: usize) -> bool {
        let mut few = true;
        for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
            let all = self.factors(kind).iter();
            let counted: Vec<(String, usize)> = all
                .map(|(name, factor)| (name.clone(), self.levels_of(kind, factor)))
                .filter(|(_, levels)| *levels > most)
                .collect();
            for (name, levels) in counted {
                few = false;
                let path = [self.section(kind), &name];
                let message = format!(
                    "{} has {levels} levels; expected at most {most}",
                    dotted(self.document, &path)
                );
                self.wrong(&path, message);
            }
        }
        few
    }

    /// Whether there are no more cells than there may be, and their scenarios fit into memory.
    fn cells_are_few(&mut self, in_memory: bool) -> bool {
        let settings = |kind: FactorKind| {
            let levels = self.factors(kind).values();
            let mut levels = levels.map(|factor| self.levels_of(kind, factor));
            match self.design(kind) {
                DesignFile::Grid => levels.fold(1, usize::saturating_mul),
                DesignFile::OneAtATime => levels
                    .try_fold(1usize, |sum, levels| {
                        sum.checked_add(levels.saturating_sub(1))
                    })
                    .unwrap_or(usize::MAX),
                DesignFile::LatinHypercube { points } | DesignFile::Sobol { points } => {
                    let baseline = usize::from(kind == FactorKind::Lever);
                    match levels.next() {
                        Some(_) => points as usize + baseline,
                        None => 1,
                    }
                }
            }
        };
        let arms = if self.file.placebo { 3 } else { 1 };
        let levers = settings(FactorKind::Lever).saturating_mul(arms);
        let points = settings(FactorKind::Uncertainty);
        let count = levers.saturating_mul(points);
        if count > MOST_CELLS {
            self.wrong(
                &["design"],
                format!(
                    "{levers} settings of the levers at {points} of the uncertainties are {count} cells; expected at most {MOST_CELLS}"
                ),
            );
            return false;
        }
        let Some(base) = self.base.filter(|_| in_memory) else {
            return true;
        };
        let text = base.to_json().to_string().len();
        let most = MOST_TEXT.saturating_mul(burden::limit() as usize);
        if count.saturating_mul(text) > most {
            self.wrong(
                &["design"],
                format!(
                    "{count} cells of a scenario of {text} bytes are too many to be kept in memory; expected {} bytes together, or --limit",
                    most
                ),
            );
            return false;
        }
        true
    }

    /// The section of the file that holds the factors of a kind.
    pub fn section(&self, kind: FactorKind) -> &'static str {
        match kind {
            FactorKind::Lever => self.levers,
            FactorKind::Uncertainty => kind.section(),
        }
    }

    /// The names of the factors of a kind in the order of the text.
    pub fn names(&self, kind: FactorKind) -> Vec<String> {
        let mut names: Vec<String> = self.factors(kind).keys().cloned().collect();
        names.sort_by_key(|name| self.document.place(&[self.section(kind), name]).range.start);
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
        let names = columns.columns().iter().map(|column| column.name.clone());
        self.columns = names.collect();
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

    /// A value set on the command line would be overwritten by a factor that sets it too; `first` is the source of the
    /// first.
    pub fn overrides_are_free(&mut self, factors: &[Varied], set: &[String], first: usize) {
        let Some(base) = self.base else { return };
        for (index, text) in set.iter().enumerate() {
            let Some(steps) = override_path(text) else {
                continue;
            };
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            let Some(kept) = base.get(&steps).map(Item::to_json) else {
                continue;
            };
            for varied in factors {
                // Whether what was set is still there once the factor has had its say.
                let lost = varied.extremes().into_iter().any(|setting| {
                    let laid = varied.overlays(setting).into_iter();
                    let tree = laid.fold(base.clone(), |tree, overlay| {
                        merge(tree, overlay, Some(shape::shape()))
                    });
                    tree.get(&steps).map(Item::to_json).as_ref() != Some(&kept)
                });
                if lost {
                    let path = dotted(base, &steps);
                    let name = varied.factor.name.as_str();
                    let factor = [self.section(varied.factor.kind), name];
                    let message = format!(
                        "--set sets {path}, which the factor {name} varies; expected one of them"
                    );
                    let whole = Span {
                        source: first + index,
                        range: 0..text.len(),
                    };
                    let problem = Problem::new(path, message)
                        .at(&whole, "")
                        .at(&self.document.place(&factor), "varies it");
                    self.loader.problems.push(problem);
                }
            }
        }
    }

    /// Of two factors that set the same value the later would have its way, and the other would do nothing.
    pub fn factors_are_apart(&mut self, factors: &[Varied]) {
        let leaves: Vec<BTreeSet<Vec<String>>> = factors.iter().map(Varied::leaves).collect();
        for (later, varied) in factors.iter().enumerate() {
            for (other, earlier) in factors[..later].iter().enumerate() {
                let shared = leaves[later].iter().find_map(|path| {
                    let above =
                        (1..=path.len()).find_map(|length| leaves[other].get(&path[..length]));
                    let below = leaves[other].range(path.clone()..).next();
                    above.or(below.filter(|below| below.starts_with(path)))
                });
                let Some(shared) = shared else { continue };
                let shared: Vec<String> = shared.iter().map(|step| quoted(step)).collect();
                let (name, first) = (varied.factor.name.as_str(), earlier.factor.name.as_str());
                let message = format!(
                    "the factors {first} and {name} both set {}; expected one of them",
                    shared.join(".")
                );
                let there = [self.section(earlier.factor.kind), first];
                self.wrong_at(
                    &[self.section(varied.factor.kind), name],
                    message,
                    None,
                    &[(&there, "the other")],
                );
            }
        }
    }

    /// A design with nothing to take points of was meant for something.
    fn designs_have_factors(&mut self) {
        for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
            if self.factors(kind).is_empty() && self.design(kind) != DesignFile::Grid {
                let section = self.section(kind);
                self.wrong(
                    &["design", section],
                    format!("design.{section} is there, but there are no {section}; expected none"),
                );
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
