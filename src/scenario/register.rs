//! The register of assumptions: where each number comes from, between which values it may lie, and what kind of knowledge
//! it is.
//!
//! In place of a plain value a file may state it: `{ value = 0.6, range = [0.2, 0.9], kind = "assumed", source = "..." }`.
//! A table `assumptions.NAME` beside the values says the same of several paths that are set alike, of values from a list,
//! or of whole pieces of a scenario (`alternatives`: structure that is not known). What is stated is taken off as soon as a
//! text is parsed and kept beside it by path, so that everything behind sees plain values: a scenario with a register
//! flies, and is written down, as the same scenario without one.
//!
//! The last statement read about a path holds, the including file's after those of its includes; a plain value over a
//! stated one, by an including file or by `--set`, keeps source and range and changes the value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::problem::{Problem, Source, Span};
use super::shape::{self, Below};
use super::texts;
use super::tree::{Entry, Item, Table, Value, clip, quoted};

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A public source gives it.
    Public,
    /// It follows from public figures by a computation that `source` names.
    Derived,
    /// Nobody knows: it needs a range, values or alternatives.
    Assumed,
}

impl Kind {
    /// As typed.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Public => "public",
            Kind::Derived => "derived",
            Kind::Assumed => "assumed",
        }
    }
}

/// How values lie in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Evenly.
    #[default]
    Linear,
    /// Evenly in the logarithm: for numbers that are known to a factor.
    Log,
}

/// A value with what is known of it, in place of the plain value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedFile {
    /// The value that is flown.
    pub value: Json,
    /// Lowest and highest value that cannot be ruled out.
    #[serde(default)]
    #[schemars(inner(range(min = -1e12, max = 1e12)))]
    pub range: Option<[f64; 2]>,
    /// How values lie in the range.
    #[serde(default)]
    pub scale: Spacing,
    /// Other values, where there is no range between them; the one that is flown is among them.
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    /// What kind of knowledge it is.
    pub kind: Kind,
    /// Where it comes from.
    pub source: String,
    /// When that was looked up or decided, such as 2026-11-30.
    #[serde(default)]
    pub date: Option<String>,
    /// What it means, in a few words.
    #[serde(default)]
    pub meaning: Option<String>,
}

/// What is known of values that stand elsewhere: of several that are set alike, or of how a piece of the scenario is built.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssumptionFile {
    /// The value that it is about, such as `site_classes.class_a.weapon.kill_probability`; `*` stands for every name.
    #[serde(default)]
    pub path: Option<String>,
    /// Several values that are set alike; with alternatives, all that they speak about.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// Lowest and highest value that cannot be ruled out.
    #[serde(default)]
    #[schemars(inner(range(min = -1e12, max = 1e12)))]
    pub range: Option<[f64; 2]>,
    /// How values lie in the range.
    #[serde(default)]
    pub scale: Spacing,
    /// Other values, where there is no range between them; the one that is flown is among them.
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    /// Named pieces of a scenario, each laid over it as a whole; the scenario as written is one more.
    #[serde(default)]
    pub alternatives: Option<BTreeMap<String, Json>>,
    /// What kind of knowledge it is.
    pub kind: Kind,
    /// Where it comes from.
    pub source: String,
    /// When that was looked up or decided, such as 2026-11-30.
    #[serde(default)]
    pub date: Option<String>,
    /// What it means, in a few words.
    #[serde(default)]
    pub meaning: Option<String>,
}

/// What a value may be instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leeway {
    /// Nothing else is said.
    None,
    /// Anything between.
    Range {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
        /// How values lie between.
        scale: Spacing,
        /// Whole numbers alone.
        whole: bool,
    },
    /// One of these.
    Values(Vec<Json>),
    /// Named pieces of a scenario; the scenario as written is one more, before them.
    Alternatives(Vec<(String, Json)>),
}

/// One entry of the register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumption {
    /// Its name: the path of the value, or the name of its table.
    pub name: String,
    /// The values it sets, all alike; with alternatives, what they speak about.
    pub paths: Vec<Vec<String>>,
    /// What is flown; null where the scenario leaves it at its default, or has no single value.
    pub value: Json,
    /// What it may be instead.
    pub leeway: Leeway,
    /// What kind of knowledge it is.
    pub kind: Kind,
    /// Where it comes from.
    pub source: String,
    /// When that was looked up or decided.
    pub date: Option<String>,
    /// What it means.
    pub meaning: Option<String>,
    /// The file that states it, and the line.
    pub stated_at: (String, usize),
    /// Whether the scenario uses it: its site class is fielded, its aircraft flown.
    pub in_use: bool,
}

impl Assumption {
    /// Whether the value that is flown lies outside of what it may be, because something else overrode it.
    pub fn outside(&self) -> bool {
        match &self.leeway {
            Leeway::Range { low, high, .. } => {
                let number = self.value.as_f64();
                number.is_some_and(|number| !(*low..=*high).contains(&number))
            }
            Leeway::Values(values) => {
                !self.value.is_null() && !values.iter().any(|value| alike(value, &self.value))
            }
            Leeway::None | Leeway::Alternatives(_) => false,
        }
    }
}

/// 3 and 3.0 are alike.
fn alike(one: &Json, other: &Json) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// The register of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// What is stated, by name.
    pub assumptions: Vec<Assumption>,
    /// Numbers that stand for something real and of which nothing is said, by path.
    pub unstated: Vec<String>,
    /// Statements about paths that this scenario does not have.
    pub idle: Vec<String>,
    /// Of every text that states something, and not of all of its numbers: the first without, and how many there are.
    pub half_stated: Vec<(Vec<String>, usize)>,
}

/// What was taken off the texts so far, in the order in which it was read.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    stated: Vec<(Vec<String>, Span, StatedFile)>,
    tables: BTreeMap<String, (Span, AssumptionFile)>,
}

/// The table of a scenario file that holds statements about values elsewhere.
pub(crate) const TABLE: &str = "assumptions";

/// The keys that tell a statement from a table that happens to have a key `value`.
const KEYS: [&str; 8] = [
    "value", "range", "scale", "values", "kind", "source", "date", "meaning",
];

impl Notes {
    /// What was read later holds.
    pub(crate) fn extend(&mut self, later: Notes) {
        self.stated.extend(later.stated);
        self.tables.extend(later.tables);
    }
}

/// Takes all statements off a document: what is left has plain values.
pub(crate) fn take(root: &mut Item, problems: &mut Vec<Problem>) -> Notes {
    let mut notes = Notes::default();
    let tables = match &mut root.value {
        Value::Table(table) => table.remove(TABLE),
        _ => None,
    };
    let mut path = Vec::new();
    plain(root, Some(shape::shape()), &mut path, &mut notes, problems);
    if let Some(tables) = tables {
        beside(tables, &mut notes, problems);
    }
    notes
}

/// Whether a table is a statement: it has a value, and the schema knows no key of that name there.
fn is_stated(table: &Table, node: Option<&'static Json>) -> bool {
    table.contains_key("value")
        && table.keys().all(|key| KEYS.contains(&key.as_str()))
        && node.is_none_or(|node| Below::of(node).child("value").is_none())
}

fn plain(
    item: &mut Item,
    node: Option<&'static Json>,
    path: &mut Vec<String>,
    notes: &mut Notes,
    problems: &mut Vec<Problem>,
) {
    let stated = item
        .table()
        .is_some_and(|table| !path.is_empty() && is_stated(table, node));
    if stated {
        let shown = shown(path);
        let whole = std::mem::replace(&mut item.value, Value::Truth(false));
        let statement = Item {
            span: item.span.clone(),
            value: whole,
        };
        let value = match &statement.value {
            Value::Table(table) => table["value"].item.clone(),
            _ => return,
        };
        *item = value;
        if let Some(file) = read::<StatedFile>(&statement, &STATED, &shown, problems) {
            let found = sound(
                &file.range,
                file.scale,
                file.values.as_deref(),
                Some(&file.value),
                (file.kind, &file.source, &file.date),
            );
            let mut found = found;
            found.extend(node.and_then(|node| outside(node, &file.range)));
            complain(found, &shown, &statement, problems);
            if !(file.value.is_number() || file.value.is_boolean()) {
                let said = format!(
                    "{shown} states what is no number; expected a number, true or false here, and for anything else a table {TABLE}.NAME with path = \"{shown}\""
                );
                problems.push(Problem::new(&shown, said).at(&statement.place(&["value"]), ""));
            }
            notes.stated.push((path.clone(), item.span.clone(), file));
        }
        return;
    }
    match &mut item.value {
        Value::Table(table) => {
            let below = node.map(Below::of);
            for (name, entry) in table {
                path.push(name.clone());
                let inner = below.as_ref().and_then(|below| below.child(name));
                plain(&mut entry.item, inner, path, notes, problems);
                path.pop();
            }
        }
        Value::Array(items) => {
            for element in items {
                let inside = element
                    .table()
                    .is_some_and(|table| is_stated(table, None) && table.contains_key("kind"));
                if inside {
                    let shown = shown(path);
                    let said = format!(
                        "{shown} is an array, which is set as a whole; expected plain values, and a table {TABLE}.NAME with path = \"{shown}\""
                    );
                    problems.push(Problem::new(shown, said).at(&element.span, "stated here"));
                }
            }
        }
        _ => {}
    }
}

/// The tables that stand beside the values.
fn beside(tables: Entry, notes: &mut Notes, problems: &mut Vec<Problem>) {
    let Value::Table(entries) = tables.item.value else {
        let said = format!(
            "{TABLE} is {}; expected a table of tables",
            tables.item.describe()
        );
        problems.push(Problem::new(TABLE, said).at(&tables.key, ""));
        return;
    };
    for (name, entry) in entries {
        let shown = format!("{TABLE}.{}", quoted(&name));
        if entry.item.table().is_none() {
            let found = entry.item.describe();
            let said = format!("{shown} is {found}; expected a table with path, kind and source");
            problems.push(Problem::new(shown, said).at(&entry.key, ""));
            continue;
        }
        let Some(file) = read::<AssumptionFile>(&entry.item, &BESIDE, &shown, problems) else {
            continue;
        };
        let mut found = sound(
            &file.range,
            file.scale,
            file.values.as_deref(),
            None,
            (file.kind, &file.source, &file.date),
        );
        let ways = [file.range.is_some(), file.values.is_some()];
        match &file.alternatives {
            Some(alternatives) => {
                if ways.contains(&true) {
                    found.push((
                        "alternatives",
                        "has alternatives and a range or values; expected one of them".to_owned(),
                    ));
                }
                if alternatives.is_empty() {
                    found.push((
                        "alternatives",
                        "has no alternative; expected at least one".to_owned(),
                    ));
                }
                found.retain(|(_, said)| !said.starts_with("is assumed"));
                for (alternative, piece) in alternatives {
                    if !piece.is_object() {
                        let alternative = quoted(alternative);
                        found.push(("alternatives", format!("has an alternative {alternative} that is no table; expected a piece of a scenario")));
                    }
                }
            }
            None if file.path.is_some() == file.paths.is_some() => {
                found.push(("path", "needs one of path and paths".to_owned()));
            }
            None => {}
        }
        let paths = file.path.iter().chain(file.paths.iter().flatten());
        let nodes = paths.filter_map(|path| node_at(&steps(path)?));
        found.extend(nodes.filter_map(|node| outside(node, &file.range)).next());
        complain(found, &shown, &entry.item, problems);
        for path in file.path.iter().chain(file.paths.iter().flatten()) {
            let steps = steps(path);
            if steps.is_none_or(|steps| node_at(&steps).is_none()) {
                let said = format!(
                    "{shown} is about {:?}, which no scenario has; expected a path such as site_classes.*.weapon.kill_probability",
                    clip(path)
                );
                let key = if file.path.is_some() { "path" } else { "paths" };
                problems.push(Problem::new(&shown, said).at(&entry.item.place(&[key]), ""));
            }
        }
        notes.tables.insert(name, (entry.key, file));
    }
}

/// Reads a statement; problems where it does not have the shape it must.
fn read<T: for<'a> Deserialize<'a>>(
    item: &Item,
    schema: &'static Json,
    shown: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let misfits = shape::check(item, schema, "the statement");
    let strange = texts::check(item);
    let found = misfits.into_iter().map(|misfit| misfit.problem);
    let found: Vec<Problem> = found.chain(strange).collect();
    let count = found.len();
    for mut problem in found {
        problem.key_path = match problem.key_path.is_empty() {
            true => shown.to_owned(),
            false => format!("{shown}.{}", problem.key_path),
        };
        problem.message = format!("{shown}: {}", problem.message);
        problems.push(problem);
    }
    if count > 0 {
        return None;
    }
    match serde_json::from_value(item.to_json()) {
        Ok(file) => Some(file),
        Err(error) => {
            let said = format!("{shown}: {error}");
            problems.push(Problem::new(shown, said).at(&item.span, ""));
            None
        }
    }
}

static STATED: LazyLock<Json> = LazyLock::new(shape::inlined::<StatedFile>);
static BESIDE: LazyLock<Json> = LazyLock::new(shape::inlined::<AssumptionFile>);

/// What is wrong with a statement: the key and what to say.
fn sound(
    range: &Option<[f64; 2]>,
    scale: Spacing,
    values: Option<&[Json]>,
    value: Option<&Json>,
    (kind, source, date): (Kind, &str, &Option<String>),
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if range.is_some() && values.is_some() {
        found.push((
            "values",
            "has a range and values; expected one of them".to_owned(),
        ));
    }
    if kind == Kind::Assumed && range.is_none() && values.is_none() {
        found.push((
            "kind",
            "is assumed and has no range; expected range = [LOW, HIGH] or values = [...]"
                .to_owned(),
        ));
    }
    if source.trim().is_empty() {
        found.push((
            "source",
            "has an empty source; expected where it comes from".to_owned(),
        ));
    }
    if let Some(date) = date
        && date.parse::<jiff::civil::Date>().is_err()
    {
        let said = format!(
            "has the date {:?}; expected one such as 2026-11-30",
            clip(date)
        );
        found.push(("date", said));
    }
    if let &Some([low, high]) = range {
        if !(low.is_finite() && high.is_finite() && low < high) {
            let said =
                format!("has the range {low} to {high}; expected two numbers, the lower first");
            found.push(("range", said));
        } else if scale == Spacing::Log && low <= 0.0 {
            let said =
                format!("has a range from {low} on a logarithmic scale; expected more than 0");
            found.push(("range", said));
        }
        match value.map(Json::as_f64) {
            Some(None) => found.push((
                "range",
                "has a range and a value that is no number; expected values = [...]".to_owned(),
            )),
            Some(Some(value)) if !(low..=high).contains(&value) => {
                let said = format!(
                    "has the value {value} outside of its range {low} to {high}; expected it inside"
                );
                found.push(("value", said));
            }
            _ => {}
        }
    }
    if let Some(values) = values {
        if values.len() < 2 {
            found.push(("values", "has fewer than two values".to_owned()));
        }
        if let Some(value) = value
            && !values.iter().any(|other| alike(other, value))
        {
            let said = format!("has the value {value}, which is not among its values");
            found.push(("value", said));
        }
    }
    found
}

fn complain(
    found: Vec<(&'static str, String)>,
    shown: &str,
    item: &Item,
    problems: &mut Vec<Problem>,
) {
    for (key, said) in found {
        let problem = Problem::new(format!("{shown}.{key}"), format!("{shown} {said}"));
        problems.push(problem.at(&item.place(&[key]), ""));
    }
}

fn shown(path: &[String]) -> String {
    let steps: Vec<String> = path.iter().map(|step| quoted(step)).collect();
    steps.join(".")
}

/// The steps of a path as typed; `*` is one of them.
fn steps(path: &str) -> Option<Vec<String>> {
    // A star is no bare key of TOML.
    let starred: Vec<&str> = path.split('.').collect();
    if starred.contains(&"*") || !path.contains(['"', '\'']) {
        let bare = |step: &&str| {
            *step == "*"
                || !step.is_empty()
                    && step
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        return starred
            .iter()
            .all(bare)
            .then(|| starred.iter().map(|step| (*step).to_owned()).collect());
    }
    super::load::path_of(path)
}

/// What the schema says at a path, if it knows it; `*` where it takes names of the user's own.
fn node_at(path: &[String]) -> Option<&'static Json> {
    path.iter().try_fold(shape::shape(), |node, step| {
        let below = Below::of(node);
        match step.as_str() {
            "*" => below.names,
            name => below.child(name),
        }
    })
}

/// What is wrong with a range of which an end is no value that the schema takes there.
fn outside(node: &'static Json, range: &Option<[f64; 2]>) -> Option<(&'static str, String)> {
    let ends = range.iter().flatten();
    ends.filter_map(|end| {
        let expected = shape::refuses(node, *end)?;
        Some((
            "range",
            format!("has a range to {end}; expected {expected}"),
        ))
    })
    .next()
}

/// The paths of a tree that a pattern fits. The last key may be missing, where its default is flown.
fn expand(tree: &Item, pattern: &[String]) -> Vec<Vec<String>> {
    let mut found: Vec<(Vec<String>, &Item)> = vec![(Vec::new(), tree)];
    for (number, step) in pattern.iter().enumerate() {
        let last = number + 1 == pattern.len();
        let mut next = Vec::new();
        for (path, item) in found {
            let Some(table) = item.table() else { continue };
            let with = |name: &str| {
                let mut path = path.clone();
                path.push(name.to_owned());
                path
            };
            match step.as_str() {
                "*" => {
                    for (name, entry) in table {
                        next.push((with(name), &entry.item));
                    }
                }
                name => match table.get(name) {
                    Some(entry) => next.push((with(name), &entry.item)),
                    None if last => next.push((with(name), item)),
                    None => {}
                },
            }
        }
        found = next;
    }
    found.into_iter().map(|(path, _)| path).collect()
}

fn at<'a>(tree: &'a Item, path: &[String]) -> Option<&'a Item> {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    tree.get(&steps)
}

/// Whether the schema takes whole numbers alone at a path.
fn whole(path: &[String]) -> bool {
    node_at(path).is_some_and(shape::is_whole)
}

/// The register of a merged tree.
pub(crate) fn register(tree: &Item, notes: &Notes, sources: &[Source]) -> Register {
    let ends: Vec<Vec<usize>> = sources.iter().map(Source::line_ends).collect();
    let place = |span: &Span| {
        let source = sources.get(span.source).zip(ends.get(span.source));
        source.map_or((String::new(), 0), |(source, ends)| {
            let before = ends.partition_point(|end| *end < span.range.start);
            (source.name.clone(), before + 1)
        })
    };
    let mut register = Register::default();
    let mut last: BTreeMap<&Vec<String>, (&Span, &StatedFile)> = BTreeMap::new();
    for (path, span, file) in &notes.stated {
        // The statement of the value that is flown, else the last that was read.
        let flown = |span: &Span| at(tree, path).is_some_and(|item| item.span == *span);
        let keep = last.get(path).is_some_and(|(kept, _)| flown(kept));
        if !keep || flown(span) {
            last.insert(path, (span, file));
        }
    }
    for (path, (span, file)) in last {
        let name = shown(path);
        let Some(item) = at(tree, path) else {
            register.idle.push(name);
            continue;
        };
        register.assumptions.push(Assumption {
            name,
            paths: vec![path.clone()],
            value: item.to_json(),
            leeway: leeway(&file.range, file.scale, file.values.as_deref(), path),
            kind: file.kind,
            source: file.source.clone(),
            date: file.date.clone(),
            meaning: file.meaning.clone(),
            stated_at: place(span),
            in_use: in_use(tree, path),
        });
    }
    for (name, (span, file)) in &notes.tables {
        let patterns = file.path.iter().chain(file.paths.iter().flatten());
        let paths: Vec<Vec<String>> = patterns
            .filter_map(|pattern| steps(pattern))
            .flat_map(|pattern| expand(tree, &pattern))
            .collect();
        let alternatives = file.alternatives.as_ref();
        let mut covered = paths.clone();
        for piece in alternatives.iter().flat_map(|pieces| pieces.values()) {
            leaves(piece, &mut Vec::new(), &mut covered);
        }
        if covered.is_empty() || paths.is_empty() && alternatives.is_none() {
            register.idle.push(format!("{TABLE}.{}", quoted(name)));
            continue;
        }
        let values: Vec<Json> = paths
            .iter()
            .filter_map(|path| at(tree, path).map(Item::to_json))
            .collect();
        let same = values.windows(2).all(|two| alike(&two[0], &two[1]));
        let value = match (alternatives, values.first()) {
            (None, Some(value)) if same => value.clone(),
            _ => Json::Null,
        };
        let leeway = match alternatives {
            Some(pieces) => {
                let pieces = pieces.iter();
                Leeway::Alternatives(
                    pieces
                        .map(|(n, piece)| (n.clone(), piece.clone()))
                        .collect(),
                )
            }
            None => leeway(&file.range, file.scale, file.values.as_deref(), &paths[0]),
        };
        // What is used by no path that is set is not used.
        let used = covered.iter().any(|path| in_use(tree, path));
        register.assumptions.push(Assumption {
            name: name.clone(),
            paths: if alternatives.is_some() {
                covered
            } else {
                paths
            },
            value,
            leeway,
            kind: file.kind,
            source: file.source.clone(),
            date: file.date.clone(),
            meaning: file.meaning.clone(),
            stated_at: place(span),
            in_use: used,
        });
    }
    let covered: BTreeSet<&Vec<String>> = register
        .assumptions
        .iter()
        .flat_map(|assumption| &assumption.paths)
        .collect();
    let mut without = Vec::new();
    unstated(tree, &mut Vec::new(), &covered, &mut without);
    let values = notes.stated.iter().map(|(_, span, _)| span.source);
    let tables = notes.tables.values().map(|(span, _)| span.source);
    for text in values.chain(tables).collect::<BTreeSet<usize>>() {
        let mut here = without.iter().filter(|(_, source)| *source == text);
        if let Some((first, _)) = here.next() {
            let count = 1 + here.count();
            register.half_stated.push((first.clone(), count));
        }
    }
    register.unstated = without.iter().map(|(path, _)| shown(path)).collect();
    register
}

fn leeway(
    range: &Option<[f64; 2]>,
    scale: Spacing,
    values: Option<&[Json]>,
    path: &[String],
) -> Leeway {
    match (range, values) {
        (&Some([low, high]), _) => Leeway::Range {
            low,
            high,
            scale,
            whole: whole(path),
        },
        (None, Some(values)) => Leeway::Values(values.to_vec()),
        (None, None) => Leeway::None,
    }
}

/// The paths of the values of a piece of a scenario.
fn leaves(piece: &Json, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match piece {
        Json::Object(keys) => {
            for (key, value) in keys {
                path.push(key.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        _ => {
            if !found.contains(path) {
                found.push(path.clone());
            }
        }
    }
}

/// Whether anything of the scenario goes by a path: of a site class that a site has, of an aircraft that flies.
fn in_use(tree: &Item, path: &[String]) -> bool {
    let by = |section: &str, key: &str, name: &String| {
        let table = tree.get(&[section]).and_then(Item::table);
        let mut names = table.into_iter().flat_map(|table| table.values());
        names.any(
            |entry| match entry.item.get(&[key]).map(|item| &item.value) {
                Some(Value::Text(text)) => text == name,
                _ => false,
            },
        )
    };
    match path {
        [section, name, ..] if section == "site_classes" => by("sites", "class", name),
        [section, name, ..] if section == "aircraft" => {
            by("flights", "aircraft", name) || by("tracks", "aircraft", name)
        }
        _ => true,
    }
}

/// Sections whose numbers stand for something real.
const REAL: [&str; 6] = [
    "aircraft",
    "flights",
    "links",
    "nodes",
    "site_classes",
    "sites",
];

/// Keys that are places or parts of places, not figures.
const PLACES: [&str; 12] = [
    "lat", "lon", "east_m", "north_m", "points", "ingress", "egress", "position", "center", "at",
    "from", "to",
];

fn unstated(
    item: &Item,
    path: &mut Vec<String>,
    covered: &BTreeSet<&Vec<String>>,
    found: &mut Vec<(Vec<String>, usize)>,
) {
    if covered.contains(&*path) {
        return;
    }
    match &item.value {
        Value::Table(table) => {
            for (name, entry) in table {
                let top = path.is_empty();
                if top && !REAL.contains(&name.as_str())
                    || !top && path.len() > 1 && PLACES.contains(&name.as_str())
                {
                    continue;
                }
                path.push(name.clone());
                unstated(&entry.item, path, covered, found);
                path.pop();
            }
        }
        Value::Whole(_) | Value::Number(_) => found.push((path.clone(), item.span.source)),
        _ => {}
    }
}

/// What the schema of scenario files says of statements, for editors: in place of every number, word or truth there may be
/// one; and there may be tables beside.
pub(crate) fn allow_statements(schema: &mut Json) {
    let definitions = |of: Json| -> (Json, serde_json::Map<String, Json>) {
        let mut of = of;
        let inner = of.as_object_mut().and_then(|of| of.remove("$defs"));
        let inner = match inner {
            Some(Json::Object(inner)) => inner,
            _ => serde_json::Map::new(),
        };
        if let Some(of) = of.as_object_mut() {
            of.remove("$schema");
        }
        (of, inner)
    };
    let (stated, mut defs) = definitions(schemars::schema_for!(StatedFile).to_value());
    let (beside, more) = definitions(schemars::schema_for!(AssumptionFile).to_value());
    defs.extend(more);
    fn walk(node: &mut Json) {
        match node {
            Json::Object(keys) => {
                for (key, value) in keys.iter_mut() {
                    let map = ["properties", "$defs"].contains(&key.as_str());
                    match value {
                        Json::Object(inner) if map => {
                            for value in inner.values_mut() {
                                offer(value);
                                walk(value);
                            }
                        }
                        value => {
                            if key == "additionalProperties" {
                                offer(value);
                            }
                            walk(value);
                        }
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    /// A number, true or false may be stated.
    fn offer(node: &mut Json) {
        let Some(keys) = node.as_object_mut() else {
            return;
        };
        let types: Vec<&str> = match keys.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => return,
        };
        let scalar = ["number", "integer", "boolean"];
        if !types.iter().any(|of| scalar.contains(of)) {
            return;
        }
        let outside = ["description", "default", "title"];
        let mut inner = std::mem::take(keys);
        for key in outside {
            if let Some(kept) = inner.remove(key) {
                keys.insert(key.to_owned(), kept);
            }
        }
        let stated = serde_json::json!({ "$ref": "#/$defs/StatedFile" });
        keys.insert("anyOf".to_owned(), Json::Array(vec![inner.into(), stated]));
    }
    walk(schema);
    let Some(root) = schema.as_object_mut() else {
        return;
    };
    if let Some(Json::Object(properties)) = root.get_mut("properties") {
        let table = serde_json::json!({
            "description": "What is known of values that stand elsewhere, by name.",
            "type": "object",
            "additionalProperties": { "$ref": "#/$defs/AssumptionFile" },
        });
        properties.insert(TABLE.to_owned(), table);
    }
    if let Some(Json::Object(all)) = root.get_mut("$defs") {
        all.insert("StatedFile".to_owned(), stated);
        all.insert("AssumptionFile".to_owned(), beside);
        all.extend(defs);
    }
}
