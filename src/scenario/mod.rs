//! Scenarios: TOML as it is typed ([`mod@file`]), and ready to fly ([`Scenario`]).
//!
//! The way of a file: parsed into a tree in which every key knows its place, merged with what it includes and with the
//! overrides, held against the JSON Schema, checked for meaning, and resolved. Each step reports every problem it finds;
//! a [`LoadError`] carries them with the texts, and the binary shows them.

pub mod burden;
mod check;
pub mod file;
pub mod lint;
pub(crate) mod load;
pub(crate) mod names;
mod points;
pub(crate) mod problem;
mod recorded;
mod resolve;
pub(crate) mod shape;
pub(crate) mod tree;

use std::path::Path;
use std::sync::Arc;

pub use problem::{LoadError, Mark, Problem, Source, Span};
pub use shape::schema;

use crate::airspace::{Command, Corridor, Link, Node, Plan, Zone};
use crate::coordination::{RestrictedZone, Rules};
use crate::engagement::WeaponSpec;
use crate::geometry::{Area, Point};
use crate::identification::{CueSet, Identifier, Operator};
use crate::ids::{ClassId, Key, SideId};
use crate::picture::TrackLink;
use crate::platform::{AircraftType, Flight};
use crate::record::Cast;
use crate::sensing::SensorSpec;
use crate::tracking::TrackerSpec;
use crate::units::Millis;

/// A scenario ready to fly: checked, names resolved to indices, points in the local plane.
///
/// All tables are in the order of their names, so the order of a file never matters.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The scenario as typed, includes and overrides merged: what the manifest records.
    pub file: file::ScenarioFile,
    /// Start, UTC.
    pub start: jiff::Timestamp,
    /// How long it runs.
    pub duration: Millis,
    /// Replications flown unless the command line says otherwise.
    pub replications: u64,
    /// Time between two samples of the air picture of every site; without it there are none.
    pub sample_pictures_every: Option<Millis>,
    /// Names and relations, shared with every event log.
    pub cast: Arc<Cast>,
    /// Aircraft types.
    pub types: Vec<AircraftType>,
    /// Flights.
    pub flights: Vec<Flight>,
    /// Site classes.
    pub classes: Vec<SiteClass>,
    /// Site entries.
    pub sites: Vec<SiteEntry>,
    /// Nodes of the coordination graph.
    pub nodes: Vec<Node>,
    /// Links of the coordination graph.
    pub links: Vec<Link>,
    /// Links on which sites report tracks.
    pub track_links: Vec<TrackLink>,
    /// Zones.
    pub zones: Vec<Zone>,
    /// Corridors.
    pub corridors: Vec<Corridor>,
    /// The rules in force.
    pub rules: Arc<Rules>,
}

impl Scenario {
    /// Reads a scenario file, all it includes, and overrides written `path=value`.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Scenario, LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.file(path, None);
        finish(loader, tree, overrides)
    }

    /// The same, and what the lints have to say of it.
    pub fn load_and_lint(
        path: &Path,
        overrides: &[String],
    ) -> Result<(Scenario, lint::Warnings), LoadError> {
        let mut loader = load::Loader::default();
        let tree = loader.file(path, None);
        finish_and_lint(loader, tree, overrides)
    }

    /// [`Scenario::parse`], and what the lints have to say.
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

    /// Whether the sites of an entry keep a live picture, in step with the clock.
    pub fn keeps_live(&self, entry: usize) -> bool {
        let class = &self.classes[self.sites[entry].class.index()];
        let linked = |link: &TrackLink| [link.from, link.to].contains(&(entry as u32));
        class.tracker.live()
            || class.identifier.spec.live()
            || self.rules.keeps_live()
            || self.track_links.iter().any(linked)
    }

    /// Which site entries a plan can reach from its addressees, before any draw.
    pub fn covered_by(&self, plan: Option<&Plan>) -> Vec<bool> {
        resolve::covered(plan, &self.sites, &self.links)
    }

    /// Whether the restricted zone of rule R10, if there is one, asks a flight for prior coordination.
    pub fn must_coordinate(&self, flight: &Flight) -> Option<&RestrictedZone> {
        self.rules.restricted_zone().filter(|zone| {
            let authority = self.nodes[zone.authority.index()].side;
            resolve::must_coordinate(authority, flight.side, &self.cast.relations)
        })
    }

    /// Reads a scenario from a text; `name` is what problems call it. Includes are relative to the directory of `name`
    /// if that is a path with one, and refused otherwise.
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
    let fail = |loader: load::Loader| Err(LoadError::new(loader.problems, loader.sources));
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
    match ready(&tree) {
        Ok(scenario) if loader.problems.is_empty() => Ok((scenario, tree, loader.sources)),
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
    problems.extend(names::check(tree));
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

/// A class of sites, ready to use.
#[derive(Debug, Clone)]
pub struct SiteClass {
    /// Its name.
    pub name: String,
    /// How it sees.
    pub sensor: SensorSpec,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identifier: Arc<Identifier>,
    /// What it may ask besides, and the faults that its looks share.
    pub cues: Arc<CueSet>,
    /// Who goes by what it identifies; without one the identity stands.
    pub operator: Option<Arc<Operator>>,
    /// How it fires.
    pub weapon: Option<Arc<WeaponSpec>>,
}

/// An entry of the site table.
#[derive(Debug, Clone)]
pub struct SiteEntry {
    /// Its name.
    pub name: String,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its class.
    pub class: ClassId,
    /// Its side.
    pub side: SideId,
    /// Where its sites are.
    pub position: Position,
    /// Fewest and most sites, both included.
    pub count: (u32, u32),
    /// Its command node.
    pub command: Option<Command>,
}

/// Where the sites of an entry are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Position {
    /// At a point.
    At(Point),
    /// Uniform over an area, drawn per site and replication.
    DrawnIn(Area),
}
