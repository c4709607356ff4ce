//! Worlds as a file: what `match` leaves, and what other commands run beside the scenario as written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::scenario::load::{Loader, merge, nested, path_of};
use crate::scenario::problem::{LoadError, Problem, Span};
use crate::scenario::tree::{Entry, Item, Table, Value};
use crate::scenario::{Scenario, ready, shape, texts};

/// The factor that worlds are in experiments and studies.
pub const WORLD: &str = "world";

/// The level of that factor at which nothing is laid over the scenario.
pub const AS_WRITTEN: &str = "as-written";

/// Most worlds of a file.
const MOST: usize = 1000;

/// A file of worlds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldsFile {
    /// One line that says what they are.
    pub title: String,
    /// What cannot be concluded from them.
    #[serde(default)]
    pub caveat: String,
    /// How many were simulated to find them.
    #[serde(default)]
    pub simulated: u64,
    /// The worlds by name.
    pub worlds: BTreeMap<String, WorldFile>,
}

/// One world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// The largest implausibility over all evidence.
    #[serde(default)]
    pub implausibility: f64,
    /// The evidence that speaks against it most.
    #[serde(default)]
    pub against: String,
    /// Where each assumption stands, 0 to 1 along its range.
    #[serde(default)]
    pub along: BTreeMap<String, f64>,
    /// What it is set to, for readers.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The piece of a scenario that is laid over the scenario as written.
    pub lay: Json,
}

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<WorldsFile>);

/// The JSON Schema of files of worlds.
pub fn schema() -> Json {
    let mut schema = schemars::schema_for!(WorldsFile);
    schema.insert("title".to_owned(), "deconflict worlds".into());
    schema.to_value()
}

/// Worlds that were read, with their places.
#[derive(Debug, Clone)]
pub struct Worlds {
    /// As typed.
    pub file: WorldsFile,
    document: Item,
}

impl Worlds {
    /// Reads a file of worlds; every problem with its place.
    ///
    /// # Errors
    /// A file that cannot be read, and everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Worlds, LoadError> {
        let mut loader = Loader::default();
        match Worlds::read(&mut loader, path) {
            Some(worlds) if loader.problems.is_empty() => Ok(worlds),
            _ => Err(loader.error()),
        }
    }

    pub(crate) fn read(loader: &mut Loader, path: &Path) -> Option<Worlds> {
        let before = loader.problems.len();
        let document = loader.plain(path)?;
        let misfits = shape::check(&document, &SHAPE, "the file of worlds");
        let found = misfits.into_iter().map(|misfit| misfit.problem);
        loader.problems.extend(found);
        loader.problems.extend(texts::check(&document));
        if loader.problems.len() > before {
            return None;
        }
        let file: WorldsFile = match serde_json::from_value(document.to_json()) {
            Ok(file) => file,
            Err(error) => {
                let problem = Problem::new("", error.to_string());
                loader.problems.push(problem.at(&document.span, ""));
                return None;
            }
        };
        let count = file.worlds.len();
        if !(1..=MOST).contains(&count) {
            let said = format!("worlds has {count} worlds; expected 1 to {MOST}");
            loader
                .problems
                .push(Problem::new("worlds", said).at(&document.place(&["worlds"]), ""));
        }
        for (name, world) in &file.worlds {
            if name == AS_WRITTEN {
                let said = format!(
                    "worlds.{AS_WRITTEN} has the name of the scenario as it is; expected another"
                );
                let at = document.place(&["worlds", name]);
                loader
                    .problems
                    .push(Problem::new("worlds", said).at(&at, ""));
            }
            if !world.lay.is_object() {
                let said = format!("worlds.{name}.lay is no table; expected a piece of a scenario");
                let at = document.place(&["worlds", name, "lay"]);
                loader
                    .problems
                    .push(Problem::new("worlds", said).at(&at, ""));
            }
        }
        (loader.problems.len() == before).then_some(Worlds { file, document })
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.file.worlds.keys().map(String::as_str)
    }

    /// The assumptions that every world places, and where, by world.
    pub fn along(&self) -> (Vec<String>, Vec<Vec<f64>>) {
        let worlds = || self.file.worlds.values();
        let first = worlds().next().map(|world| world.along.keys().cloned());
        let everywhere = |name: &String| worlds().all(|world| world.along.contains_key(name));
        let names: Vec<String> = first.into_iter().flatten().filter(everywhere).collect();
        let places = worlds().map(|world| names.iter().map(|name| world.along[name]).collect());
        let places = places.collect();
        (names, places)
    }

    fn piece(&self, name: &str) -> Option<&Item> {
        self.document.get(&["worlds", name, "lay"])
    }

    /// A scenario in each world, in the order of the names; `name` is what problems call the scenario.
    ///
    /// # Errors
    /// A world that the scenario cannot take.
    pub fn lay_over(&self, scenario: &Scenario, of: &str) -> Result<Vec<Scenario>, LoadError> {
        let base = Item::from_json(
            &serde_json::to_value(&scenario.file).unwrap_or_default(),
            &self.document.span,
        );
        let mut problems = Vec::new();
        let mut laid = Vec::new();
        for name in self.names() {
            let Some(piece) = self.piece(name) else {
                continue;
            };
            match ready(&merge(base.clone(), piece.clone(), Some(shape::shape()))) {
                Ok(scenario) => laid.push(scenario),
                Err(found) => problems.extend(found.into_iter().map(|problem| {
                    let said = format!("world {name} of {of}: {}", problem.message);
                    Problem::new(problem.key_path, said)
                })),
            }
        }
        match problems.is_empty() {
            true => Ok(laid),
            false => Err(LoadError::new(problems, Vec::new())),
        }
    }

    /// Puts the worlds into an experiment or a study as its only uncertainty, in place of its own; in an experiment the scenario
    /// as written is one more, the first. What a lever or a parameter sets is theirs in every world.
    pub(crate) fn join(self, document: &mut Item, written: bool) {
        let at = self.document.place(&["worlds"]);
        let Value::Table(root) = &mut document.value else {
            return;
        };
        let own = root.remove("uncertainties");
        let names = own.as_ref().and_then(|entry| entry.item.table());
        let names: Vec<String> = names
            .into_iter()
            .flat_map(|own| own.keys().cloned())
            .collect();
        for (section, gone) in [
            ("design", vec!["uncertainties".to_owned()]),
            ("baseline", names),
        ] {
            let table = root.get_mut(section).map(|entry| &mut entry.item.value);
            if let Some(Value::Table(table)) = table {
                table.retain(|key, _| !gone.contains(key));
            }
        }
        let chosen = set_by_choice(root);
        let mut pieces = Table::new();
        if written {
            let first = Span {
                source: self.document.span.source,
                range: 0..0,
            };
            let nothing = Item {
                span: first.clone(),
                value: Value::Table(Table::new()),
            };
            let entry = Entry {
                key: first,
                item: nothing,
            };
            pieces.insert(AS_WRITTEN.to_owned(), entry);
        }
        for name in self.names() {
            let Some(piece) = self.piece(name) else {
                continue;
            };
            let mut piece = piece.clone();
            for path in &chosen {
                remove(&mut piece, path);
            }
            pieces.insert(
                name.to_owned(),
                Entry {
                    key: piece.span.clone(),
                    item: piece,
                },
            );
        }
        let alternatives = Item {
            span: at.clone(),
            value: Value::Table(pieces),
        };
        let path = ["uncertainties", WORLD, "alternatives"];
        let path = path.map(|step| (step.to_owned(), at.clone()));
        let over = nested(path.to_vec(), alternatives, &at);
        let under = std::mem::replace(document, over.clone());
        *document = merge(under, over, None);
    }
}

/// The paths that the levers of an experiment, or the parameters of a study, set.
fn set_by_choice(root: &Table) -> Vec<Vec<String>> {
    fn leaves(item: &Item, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        match item.table() {
            None => found.push(path.clone()),
            Some(table) => {
                for (name, entry) in table {
                    path.push(name.clone());
                    leaves(&entry.item, path, found);
                    path.pop();
                }
            }
        }
    }
    let mut found = Vec::new();
    let sections = ["levers", "parameters"].iter();
    let tables = sections.filter_map(|section| root.get(*section)?.item.table());
    for factor in tables.flat_map(|table| table.values()) {
        let several = match factor.item.get(&["paths"]).map(|item| &item.value) {
            Some(Value::Array(items)) => items.as_slice(),
            _ => &[],
        };
        for item in factor.item.get(&["path"]).into_iter().chain(several) {
            if let Value::Text(text) = &item.value {
                found.extend(path_of(text));
            }
        }
        let pieces = factor.item.get(&["alternatives"]).and_then(Item::table);
        for piece in pieces.into_iter().flat_map(|pieces| pieces.values()) {
            leaves(&piece.item, &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Takes what stands at a path out of a tree.
fn remove(item: &mut Item, path: &[String]) {
    let Value::Table(table) = &mut item.value else {
        return;
    };
    match path {
        [] => {}
        [last] => {
            table.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(entry) = table.get_mut(first) {
                remove(&mut entry.item, rest);
                // An empty table would lay one.
                if entry.item.table().is_some_and(Table::is_empty) {
                    table.remove(first);
                }
            }
        }
    }
}
