//! Scenarios: TOML as it is typed ([`mod@file`]), and ready to run ([`Scenario`]).
//!
//! The way of a file: parsed into a tree in which every key knows its place, merged with what it includes and with the
//! overrides, held against the JSON Schema, checked for meaning, and resolved. Each step reports every problem it finds;
//! a [`LoadError`] carries them with the texts, and the binary shows them.

pub mod burden;
mod check;
pub mod file;
mod ground;
pub mod import;
pub mod keys;
pub mod library;
pub mod lint;
pub(crate) mod load;
pub mod migrate;
mod moved;
mod points;
pub(crate) mod problem;
pub mod recorded;
pub mod register;
mod resolve;
pub(crate) mod shape;
mod sun;
pub(crate) mod texts;
pub(crate) mod tree;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

pub use moved::{key_anywhere as renamed_key, measure as renamed_measure};
pub use problem::{LoadError, Mark, Problem, Source, Span};
pub use shape::{near, schema};

use crate::geodesy::Frame;
use crate::theatre::Theatre;

/// A scenario, checked: what was typed, and the [`Theatre`] it describes, ready to run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The scenario as typed, includes and overrides merged: what the manifest records.
    pub file: file::ScenarioFile,
    /// Start, UTC.
    pub start: jiff::Timestamp,
    /// The local plane, and where it lies.
    pub frame: Frame,
    /// What became of the rows of each recording.
    pub recordings: BTreeMap<String, recorded::Account>,
    /// Replications run unless the command line says otherwise.
    pub replications: u64,
    /// What is known of its values; empty where it was not read from files.
    pub register: Arc<register::Register>,
    /// What is run.
    pub theatre: Theatre,
}

impl Deref for Scenario {
    type Target = Theatre;

    fn deref(&self) -> &Theatre {
        &self.theatre
    }
}

impl DerefMut for Scenario {
    fn deref_mut(&mut self) -> &mut Theatre {
        &mut self.theatre
    }
}

impl Scenario {
    /// By which share lengths in the local plane are off, at worst, at what the scenario names by its place on earth, and
    /// the key of that; nothing if it names no such place.
    pub fn worst_scale_error(&self) -> Option<(f64, String)> {
        points::Held::of(&self.file).worst_stretch(&self.frame)
    }

    /// Reads a scenario file, all it includes, and overrides written `path=value`.
    ///
    /// # Errors
    /// Files that cannot be read, and everything that is wrong with them, at once.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Scenario, LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.file(path, None);
        finish(loader, tree, overrides)
    }

    /// The same, and what the lints have to say of it.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn load_and_lint(
        path: &Path,
        overrides: &[String],
    ) -> Result<(Scenario, lint::Warnings), LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.file(path, None);
        finish_and_lint(loader, tree, overrides)
    }

    /// [`Scenario::parse`], and what the lints have to say.
    ///
    /// # Errors
    /// As [`Scenario::parse`].
    pub fn parse_and_lint(
        text: &str,
        name: &str,
        overrides: &[String],
    ) -> Result<(Scenario, lint::Warnings), LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.text(text.to_owned(), name.to_owned(), directory(name));
        finish_and_lint(loader, Some(tree), overrides)
    }

    /// A scenario that was written down, such as the one in a manifest: checked as one that is typed.
    ///
    /// # Errors
    /// A scenario that is unsound here: of another version, or changed by hand.
    pub fn from_file(file: &file::ScenarioFile) -> Result<Scenario, String> {
        let whole = problem::Span {
            source: 0,
            range: 0..0,
        };
        let tree = serde_json::to_value(file).map_err(|error| error.to_string())?;
        let tree = tree::Item::from_json(&tree, &whole);
        ready(&tree).map_err(|problems| {
            let messages = problems.into_iter().map(|problem| problem.message);
            messages.take(MOST_TOLD).collect::<Vec<_>>().join("; ")
        })
    }

    /// The same scenario with overrides written `path=value`; `name` is what problems call it.
    ///
    /// # Errors
    /// Overrides that it cannot take.
    pub fn with(&self, name: &str, overrides: &[String]) -> Result<Scenario, LoadError> {
        let mut loader = load::Loader::default();
        let whole = problem::Span {
            source: loader.sources.len(),
            range: 0..0,
        };
        loader.sources.push(Source {
            name: name.to_owned(),
            text: String::new(),
            shown: true,
        });
        let tree = match serde_json::to_value(&self.file) {
            Ok(file) => Some(tree::Item::from_json(&file, &whole)),
            Err(error) => {
                let problem = Problem::new("", error.to_string());
                loader.problems.push(problem.at(&whole, ""));
                None
            }
        };
        finish(loader, tree, overrides)
    }

    /// Reads a scenario from a text; `name` is what problems call it. Includes are relative to the directory of `name`
    /// if that is a path with one, and refused otherwise.
    ///
    /// # Errors
    /// Everything that is wrong with the text, at once.
    pub fn parse(text: &str, name: &str, overrides: &[String]) -> Result<Scenario, LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.text(text.to_owned(), name.to_owned(), directory(name));
        finish(loader, Some(tree), overrides)
    }
}

/// Problems of a scenario that was written down that are told.
const MOST_TOLD: usize = 5;

/// Where a text of this name finds what it includes.
fn directory(name: &str) -> Option<&Path> {
    Path::new(name)
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
}

fn finish(
    loader: load::Loader,
    tree: Option<tree::Item>,
    overrides: &[String],
) -> Result<Scenario, LoadError> {
    let (scenario, ..) = assemble(loader, tree, overrides)?;
    Ok(scenario)
}

fn finish_and_lint(
    loader: load::Loader,
    tree: Option<tree::Item>,
    overrides: &[String],
) -> Result<(Scenario, lint::Warnings), LoadError> {
    let (scenario, tree, sources) = assemble(loader, tree, overrides)?;
    let warnings = lint::Warnings::new(lint::lint(&tree, &scenario), sources);
    Ok((scenario, warnings))
}

/// The scenario, the merged tree it came from, and the texts.
fn assemble(
    mut loader: load::Loader,
    tree: Option<tree::Item>,
    overrides: &[String],
) -> Result<(Scenario, tree::Item, Vec<Source>), LoadError> {
    let fail = |loader: load::Loader| Err(loader.error());
    let Some(mut tree) = tree else {
        return fail(loader);
    };
    // What could not be read leaves holes that would be reported as missing keys.
    if !loader.problems.is_empty() {
        return fail(loader);
    }
    for text in overrides {
        tree = loader.set(tree, text);
    }
    loader.recordings(&mut tree);
    match ready(&tree) {
        Ok(mut scenario) if loader.problems.is_empty() => {
            scenario.register = Arc::new(loader.register(&tree));
            Ok((scenario, tree, loader.sources))
        }
        Ok(_) => fail(loader),
        Err(problems) => {
            loader.problems.extend(problems);
            fail(loader)
        }
    }
}

/// Checks and resolves a merged tree; every problem.
pub(crate) fn ready(tree: &tree::Item) -> Result<Scenario, Vec<Problem>> {
    let misfits = shape::check(tree, shape::shape(), "the scenario");
    let mut problems = check::check(tree, &misfits);
    problems.extend(texts::check(tree));
    problems.extend(misfits.into_iter().map(|misfit| misfit.problem));
    if !problems.is_empty() {
        return Err(problems);
    }
    // Both steps can only fail where schema or checks have a gap; then that is said, not hidden.
    let scenario = serde_json::from_value::<file::ScenarioFile>(tree.to_json())
        .map_err(|error| error.to_string())
        .and_then(resolve::resolve)
        .map_err(|why| vec![Problem::new("", why).at(&tree.span, "")])?;
    burden::refuse(&scenario).map_err(|(heaviest, why)| {
        let name = heaviest.map(|number| scenario.flights[number].name.as_str());
        // A recorded flight is one of many in its table.
        let path = match name {
            Some(name) if tree.get(&["flights", name]).is_some() => vec!["flights", name],
            Some(name) => vec!["tracks", name.split('/').next().unwrap_or(name)],
            None => vec!["duration_h"],
        };
        let at = tree.place(&path);
        vec![Problem::new(tree::dotted(tree, &path), why).at(&at, "most of it")]
    })?;
    Ok(scenario)
}
