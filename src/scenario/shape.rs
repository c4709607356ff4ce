//! The shape of a scenario file: the JSON Schema, and a walk over a document that reports everything it refuses.
//!
//! Serde stops at the first error and forgets places inside variants, so the document is held against the schema first;
//! what passes here, serde reads.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde_json::Value as Json;

use super::file::ScenarioFile;
use super::moved;
use super::problem::Problem;
use super::register::allow_statements;
use super::tree::{Item, Table, Value, clip, dotted, quoted};
use crate::safe;

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(ScenarioFile);
    schema.insert("title".to_owned(), "deconflict scenario".into());
    let mut schema = schema.to_value();
    of_pieces(&mut schema);
    allow_statements(&mut schema);
    schema
});

/// Makes the schema of a whole one of files, any of which may be a piece: what a table lacks another file may bring, so
/// nothing is required but the key that tells one alternative from the others.
fn of_pieces(node: &mut Json) {
    match node {
        Json::Object(keys) => {
            keys.remove("required");
            for (key, value) in keys {
                match value.as_array_mut().filter(|_| key == "oneOf") {
                    Some(branches) => {
                        for branch in branches {
                            let tag = branch.get("required").cloned();
                            of_pieces(branch);
                            if let Some((tag, branch)) = tag.zip(branch.as_object_mut()) {
                                branch.insert("required".to_owned(), tag);
                            }
                        }
                    }
                    None => of_pieces(value),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(of_pieces),
        _ => {}
    }
}

static SHAPE: LazyLock<Json> = LazyLock::new(inlined::<ScenarioFile>);

/// The JSON Schema of scenario files, and of the pieces that they include. It requires nothing, because another file may
/// bring it; [`Scenario::load`](super::Scenario::load) does.
pub fn schema() -> &'static Json {
    &SCHEMA
}

/// The same without references, to be walked.
pub(crate) fn shape() -> &'static Json {
    &SHAPE
}

/// The schema of a type of files with every reference replaced by what it refers to. (Schemars can do that, too, but makes what
/// is below each reference anew for every level above it.)
pub(crate) fn inlined<T: JsonSchema>() -> Json {
    let mut schema = schemars::schema_for!(T).to_value();
    let definitions = schema.as_object_mut().and_then(|keys| keys.remove("$defs"));
    let mut resolved = Resolved {
        definitions: definitions.unwrap_or_default(),
        whole: BTreeMap::new(),
    };
    resolved.within(&mut schema);
    schema
}

/// Definitions, and those of them in which no reference is left.
struct Resolved {
    definitions: Json,
    whole: BTreeMap<String, Json>,
}

impl Resolved {
    /// Replaces every reference in a schema; what stands beside a reference goes before what it refers to.
    fn within(&mut self, node: &mut Json) {
        match node {
            Json::Object(keys) => {
                keys.values_mut().for_each(|value| self.within(value));
                let name = keys.remove("$ref");
                let name = name.as_ref().and_then(Json::as_str);
                if let Some(name) = name.and_then(|path| path.strip_prefix("#/$defs/")) {
                    let Json::Object(mut whole) = self.definition(name) else {
                        return;
                    };
                    whole.append(keys);
                    *keys = whole;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.within(item)),
            _ => {}
        }
    }

    fn definition(&mut self, name: &str) -> Json {
        if let Some(whole) = self.whole.get(name) {
            return whole.clone();
        }
        let mut whole = self.definitions[name].take();
        self.within(&mut whole);
        self.whole.insert(name.to_owned(), whole.clone());
        whole
    }
}

/// Whether a rule has a key.
pub(crate) fn rule_has(rule: &str, key: &str) -> bool {
    let rules = property(shape(), "rules");
    let spec = rules.and_then(|rules| property(present(rules), rule));
    spec.and_then(|spec| property(present(spec), key)).is_some()
}

/// Drops the `null` that stands for a missing optional key; several alternatives remain an `anyOf`.
fn present(mut node: &'static Json) -> &'static Json {
    while let Some([only, rest @ ..]) = node
        .get("anyOf")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        && rest.iter().all(|branch| branch["type"] == "null")
    {
        node = only;
    }
    node
}

/// The alternatives of a schema, nested ones spread out; the schema itself if it has none.
fn branches(node: &'static Json) -> Vec<&'static Json> {
    let node = present(node);
    let list = ["anyOf", "oneOf"]
        .iter()
        .find_map(|key| node.get(key).and_then(Json::as_array));
    match list {
        None => vec![node],
        Some(list) => list
            .iter()
            .filter(|branch| branch["type"] != "null")
            .flat_map(branches)
            .collect(),
    }
}

fn types(node: &Json) -> Vec<&str> {
    match node.get("type") {
        Some(Json::String(only)) => vec![only],
        Some(Json::Array(list)) => list
            .iter()
            .filter_map(Json::as_str)
            .filter(|kind| *kind != "null")
            .collect(),
        _ => Vec::new(),
    }
}

fn properties(node: &'static Json) -> impl Iterator<Item = (&'static str, &'static Json)> {
    node.get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.as_str(), schema))
}

fn property(node: &'static Json, name: &str) -> Option<&'static Json> {
    node.get("properties")?.get(name)
}

fn required(node: &'static Json) -> impl Iterator<Item = &'static str> {
    node.get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
}

/// The schema of any key of a table of names, such as `flights`.
fn named(node: &'static Json) -> Option<&'static Json> {
    node.get("additionalProperties")
        .filter(|schema| schema.is_object() || **schema == Json::Bool(true))
}

fn consts(node: &'static Json) -> Vec<&'static str> {
    let mut words: Vec<&str> = node
        .get("const")
        .and_then(Json::as_str)
        .into_iter()
        .collect();
    words.extend(
        node.get("enum")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str),
    );
    words
}

/// The tag of a branch that is a table with exactly one key: an externally tagged variant.
fn tag(node: &'static Json) -> Option<&'static str> {
    let mut names = properties(node).map(|(name, _)| name);
    let only = names.next()?;
    (names.next().is_none() && required(node).eq([only])).then_some(only)
}

/// Where a path may go on from a schema: the keys it knows, and whether it takes names of the user's own.
pub(crate) struct Below {
    pub keys: Vec<&'static str>,
    pub names: Option<&'static Json>,
    schemas: Vec<&'static Json>,
}

impl Below {
    pub(crate) fn of(node: &'static Json) -> Below {
        let schemas = branches(node);
        Below {
            keys: schemas
                .iter()
                .flat_map(|branch| properties(branch).map(|(name, _)| name))
                .collect(),
            names: schemas.iter().find_map(|branch| named(branch)),
            schemas,
        }
    }

    pub(crate) fn child(&self, name: &str) -> Option<&'static Json> {
        self.schemas
            .iter()
            .find_map(|branch| property(branch, name))
            .or(self.names)
    }
}

/// Whether a schema offers alternatives, so that a table that names other keys replaces instead of merging.
pub(crate) fn has_alternatives(node: &'static Json) -> bool {
    branches(node).len() > 1
}

/// Whether a schema says nothing about what it takes.
fn takes_anything(node: &Json) -> bool {
    *node == Json::Bool(true)
        || node.as_object().is_some_and(|keys| {
            ![
                "type",
                "const",
                "enum",
                "properties",
                "additionalProperties",
                "items",
            ]
            .iter()
            .any(|key| keys.contains_key(*key))
        })
}

/// Whether values of this schema are single values, not tables.
pub(crate) fn is_scalar(node: &'static Json) -> bool {
    branches(node)
        .iter()
        .all(|branch| !types(branch).contains(&"object"))
}

/// Whether values of this schema may be texts.
pub(crate) fn takes_text(node: &'static Json) -> bool {
    let text = |branch: &&'static Json| {
        takes_anything(branch) || types(branch).contains(&"string") || !consts(branch).is_empty()
    };
    branches(node).iter().any(text)
}

/// Whether values of this schema are whole numbers alone.
pub(crate) fn is_whole(node: &'static Json) -> bool {
    let of = branches(node);
    !of.is_empty() && of.iter().all(|branch| types(branch) == ["integer"])
}

/// Near matches of a name, by edits and by what is in them, best first.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if name.len() > 200 {
        return Vec::new();
    }
    let folded = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .filter(|candidate| candidate.len() <= 200)
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let mut score = strsim::jaro_winkler(&folded, &other);
            if strsim::damerau_levenshtein(&folded, &other) <= (folded.len() / 3).min(3)
                || (folded.len() >= 3 && other.contains(&folded))
            {
                score = score.max(0.85);
            }
            (score, candidate)
        })
        .filter(|(score, _)| *score >= 0.82)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(3)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// "did you mean a, b?" or, without near matches, the list of what there is.
pub(crate) fn suggest<'a>(name: &str, known: &[&'a str], of_what: &str) -> Option<String> {
    if matches!(of_what, "measures" | "columns")
        && let Some(new) = moved::measure(name).filter(|new| known.contains(&new.as_str()))
    {
        return Some(format!("it is called {new} now"));
    }
    let matches: Vec<&'a str> = near(name, known.iter().copied());
    if !matches.is_empty() {
        return Some(format!("did you mean {}?", list(&matches, "or")));
    }
    let mut known: Vec<&str> = known.to_vec();
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => Some(format!("there are no {of_what}")),
        1..=24 => Some(format!("known {of_what}: {}", list(&known, "and"))),
        more => Some(format!(
            "known {of_what}: {}, and {} more",
            known[..20]
                .iter()
                .map(|name| quoted(name))
                .collect::<Vec<_>>()
                .join(", "),
            more - 20
        )),
    }
}

fn list(names: &[&str], last: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// A problem of shape, and what would make the document readable for all that.
pub(crate) struct Misfit {
    /// The path that is mended.
    pub path: Vec<String>,
    mend: Mend,
    pub problem: Problem,
}

/// How a document is made readable in spite of a misfit, so that its meaning can be checked in the same pass.
enum Mend {
    /// It is readable.
    Keep,
    /// Without the key.
    Drop,
    /// With any value that the schema takes.
    Fill(&'static Json),
    /// With the key called otherwise.
    Rename(&'static str),
    /// With the word that is said today.
    Say(&'static str),
}

/// Whether what is said of a path means nothing: a misfit on it, above it or below it has been mended.
pub(crate) fn touches(misfits: &[Misfit], path: &[&str]) -> bool {
    misfits.iter().any(|misfit| {
        misfit
            .path
            .iter()
            .zip(path)
            .all(|(one, other)| one == other)
    })
}

/// The document with every misfit mended. What the checks then say about a mended path means nothing.
pub(crate) fn mended(root: &Item, misfits: &[Misfit]) -> Json {
    let mut json = root.to_json();
    for misfit in misfits {
        let Some((last, above)) = misfit.path.split_last() else {
            continue;
        };
        let node = below(&mut json, above);
        match (node, &misfit.mend) {
            (_, Mend::Keep | Mend::Rename(_)) | (None, _) => {}
            (Some(Json::Object(table)), Mend::Drop) => {
                table.remove(last);
            }
            (Some(Json::Object(table)), Mend::Fill(schema)) => {
                table.insert(last.clone(), any_value(schema));
            }
            (Some(Json::Object(table)), Mend::Say(word)) => {
                table.insert(last.clone(), Json::from(*word));
            }
            (Some(Json::Array(items)), Mend::Fill(schema)) => {
                if let Some(element) = last
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get_mut(index))
                {
                    *element = any_value(schema);
                }
            }
            _ => {}
        }
    }
    // From the inside out: what is called otherwise may lie below what is.
    for misfit in misfits.iter().rev() {
        let (Mend::Rename(new), Some((last, above))) = (&misfit.mend, misfit.path.split_last())
        else {
            continue;
        };
        if let Some(Json::Object(table)) = below(&mut json, above)
            && let Some(value) = table.remove(last)
        {
            table.entry(*new).or_insert(value);
        }
    }
    json
}

/// The value at a path; array elements go by their number.
fn below<'a>(json: &'a mut Json, path: &[String]) -> Option<&'a mut Json> {
    path.iter().try_fold(json, |node, step| match node {
        Json::Object(table) => table.get_mut(step),
        Json::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Some value that a schema takes.
fn any_value(node: &'static Json) -> Json {
    let Some(node) = branches(node).first().copied() else {
        return Json::Null;
    };
    if let Some(word) = consts(node).first() {
        return (*word).into();
    }
    let bound = |key: &str| node.get(key).and_then(Json::as_f64);
    let number = || {
        let above = bound("exclusiveMinimum").map(|limit| limit + 1.0);
        let highest = bound("maximum").unwrap_or(f64::INFINITY);
        above.or(bound("minimum")).unwrap_or(0.0).min(highest)
    };
    match types(node).first() {
        Some(&"object") => required(node)
            .filter_map(|key| Some((key.to_owned(), any_value(property(node, key)?))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Some(&"array") => Json::Array(Vec::new()),
        Some(&"string") => "".into(),
        Some(&"integer") => (number() as i64).into(),
        Some(&"number") => number().into(),
        Some(&"boolean") => false.into(),
        _ => Json::Null,
    }
}

/// Holds a document against a schema without references and reports everything that does not fit; `whole` is what the
/// document is called.
pub(crate) fn check(root: &Item, schema: &'static Json, whole: &'static str) -> Vec<Misfit> {
    let mut walk = Walk {
        root,
        whole,
        path: Vec::new(),
        misfits: Vec::new(),
    };
    walk.item(root, schema);
    walk.misfits
}

struct Walk<'a> {
    root: &'a Item,
    whole: &'static str,
    path: Vec<String>,
    misfits: Vec<Misfit>,
}

impl Walk<'_> {
    fn shown(&self) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let shown = dotted(self.root, &path);
        if shown.is_empty() {
            self.whole.to_owned()
        } else {
            shown
        }
    }

    /// A problem at the current path, with the caret under its key.
    fn report(&mut self, message: String, label: &str, help: Option<String>, mend: Mend) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut problem =
            Problem::new(dotted(self.root, &path), message).at(&self.root.place(&path), label);
        problem.help = help;
        self.misfits.push(Misfit {
            path: self.path.clone(),
            mend,
            problem,
        });
    }

    fn inside(&mut self, step: &str, visit: impl FnOnce(&mut Self)) {
        self.path.push(step.to_owned());
        visit(self);
        self.path.pop();
    }

    fn item(&mut self, item: &Item, node: &'static Json) {
        let alternatives = branches(node);
        if let [only] = alternatives.as_slice() {
            self.single(item, only);
            return;
        }
        match &item.value {
            Value::Text(word) => self.word(word, node, &alternatives),
            Value::Table(table) => self.alternative(item, table, node, &alternatives),
            _ => match alternatives.iter().find(|branch| fits(item, branch)) {
                Some(branch) => self.single(item, branch),
                None => self.wrong_type(item, &choices(&alternatives), node),
            },
        }
    }

    /// A string where there are alternatives: one of the words, or a branch that takes any string.
    fn word(&mut self, word: &str, node: &'static Json, alternatives: &[&'static Json]) {
        let words: Vec<&str> = alternatives
            .iter()
            .flat_map(|branch| consts(branch))
            .collect();
        let free = alternatives
            .iter()
            .any(|branch| consts(branch).is_empty() && types(branch).contains(&"string"));
        if free || words.contains(&word) {
            return;
        }
        let tags: Vec<&str> = alternatives
            .iter()
            .filter_map(|branch| tag(branch))
            .collect();
        let shown = self.shown();
        let message = format!(
            "{shown} is {:?}; expected {}",
            clip(word),
            choices(alternatives)
        );
        let help = if tags.contains(&word) {
            Some(format!(
                "{word} has keys of its own: {shown}.{word} = {{ ... }}"
            ))
        } else {
            let known: Vec<&str> = words.into_iter().chain(tags).collect();
            self.meant(word, known)
        };
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mend = moved::value(&path, word).map_or(Mend::Fill(node), Mend::Say);
        self.report(message, "", help, mend);
    }

    /// What a word may stand for that is none of the known ones: what it is called today, or near matches.
    fn meant(&self, word: &str, known: Vec<&'static str>) -> Option<String> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if let Some(new) = moved::value(&path, word) {
            return Some(moved::Became::Named(new).told());
        }
        let matches = near(word, known);
        (!matches.is_empty()).then(|| format!("did you mean {}?", list(&matches, "or")))
    }

    /// A table where there are alternatives: the variant it names, or the branch whose keys it uses most.
    fn alternative(
        &mut self,
        item: &Item,
        table: &Table,
        node: &'static Json,
        alternatives: &[&'static Json],
    ) {
        let objects: Vec<&'static Json> = alternatives
            .iter()
            .copied()
            .filter(|branch| types(branch).contains(&"object"))
            .collect();
        if objects.is_empty() {
            self.wrong_type(item, &choices(alternatives), node);
            return;
        }
        let tagged: Vec<(&'static str, &'static Json)> = objects
            .iter()
            .filter_map(|branch| Some((tag(branch)?, *branch)))
            .collect();
        if tagged.len() == objects.len() {
            self.variant(table, &tagged, node, alternatives);
            return;
        }
        // Near matches are looked for only where no branch has all the keys there are.
        let fits =
            |branch: &&&'static Json| table.keys().all(|key| property(branch, key).is_some());
        if let Some(branch) = objects.iter().find(fits).filter(|_| !table.is_empty()) {
            self.single(item, branch);
            return;
        }
        let score = |branch: &'static Json| -> usize {
            let exact = table
                .keys()
                .filter(|key| property(branch, key).is_some())
                .count();
            let close = table
                .keys()
                .filter(|key| !near(key, properties(branch).map(|(name, _)| name)).is_empty())
                .count();
            4 * exact + close
        };
        // The first of the best: `max_by_key` would take the last.
        let mut best = objects[0];
        for branch in &objects[1..] {
            if score(branch) > score(best) {
                best = branch;
            }
        }
        if score(best) == 0 {
            let shown = self.shown();
            let keys: Vec<&str> = table.keys().map(String::as_str).collect();
            let message = if keys.is_empty() {
                format!(
                    "{shown} is an empty table; expected {}",
                    choices(alternatives)
                )
            } else {
                format!(
                    "{shown} has {}; expected {}",
                    list(&keys, "and"),
                    choices(alternatives)
                )
            };
            self.report(message, "", None, Mend::Fill(node));
            return;
        }
        self.single(item, best);
    }

    fn variant(
        &mut self,
        table: &Table,
        tagged: &[(&'static str, &'static Json)],
        node: &'static Json,
        alternatives: &[&'static Json],
    ) {
        let shown = self.shown();
        let tags: Vec<&str> = tagged.iter().map(|(name, _)| *name).collect();
        let words: Vec<&str> = alternatives
            .iter()
            .flat_map(|branch| consts(branch))
            .collect();
        let mut given: Vec<&str> = Vec::new();
        let mut unknown = false;
        for (key, entry) in table {
            if let Some((name, branch)) = tagged.iter().find(|(name, _)| name == key) {
                given.push(key);
                if let Some(inner) = property(branch, name) {
                    self.inside(key, |walk| walk.item(&entry.item, inner));
                }
            } else {
                let help = if words.contains(&key.as_str()) {
                    Some(format!("{key} has no keys: {shown} = {key:?}"))
                } else {
                    suggest(key, &tags, "variants")
                };
                let message = format!(
                    "{shown} has no variant {}; expected {}",
                    quoted(key),
                    choices(alternatives)
                );
                self.inside(key, |walk| walk.report(message, "", help, Mend::Drop));
                unknown = true;
                given.push(key);
            }
        }
        // In the order of the text: the later one is one too many.
        given.sort_by_key(|key| {
            let span = &table[*key].key;
            (span.source, span.range.start)
        });
        match given.as_slice() {
            [] => {
                let message = format!(
                    "{shown} is an empty table; expected {}",
                    choices(alternatives)
                );
                self.report(message, "", None, Mend::Fill(node));
            }
            [_] if unknown => self.refill(node),
            [_] => {}
            [first, second, ..] => {
                let first_key = table[*first].key.clone();
                let message = format!(
                    "{shown} has both {} and {}; expected one",
                    quoted(first),
                    quoted(second)
                );
                self.inside(second, |walk| {
                    walk.report(message, "", None, Mend::Keep);
                    if let Some(misfit) = walk.misfits.last_mut() {
                        misfit.problem = misfit.problem.clone().at(&first_key, "the other");
                    }
                });
                self.refill(node);
            }
        }
    }

    /// Mends the whole of the current path on account of the problem reported last.
    fn refill(&mut self, node: &'static Json) {
        if let Some(misfit) = self.misfits.last_mut() {
            misfit.path.clone_from(&self.path);
            misfit.mend = Mend::Fill(node);
        }
    }

    fn single(&mut self, item: &Item, node: &'static Json) {
        if takes_anything(node) {
            return;
        }
        let kinds = types(node);
        let words = consts(node);
        if !words.is_empty() {
            match &item.value {
                Value::Text(word) if words.contains(&word.as_str()) => {}
                Value::Text(word) => {
                    let message = format!(
                        "{} is {:?}; expected {}",
                        self.shown(),
                        clip(word),
                        choices(&[node])
                    );
                    let help = self.meant(word, words);
                    self.report(message, "", help, Mend::Fill(node));
                }
                _ => self.wrong_type(item, &choices(&[node]), node),
            }
            return;
        }
        if !fits(item, node) && !kinds.is_empty() {
            self.wrong_type(item, &choices(&[node]), node);
            return;
        }
        match &item.value {
            Value::Table(table) => self.table(table, node),
            Value::Array(items) => {
                if let Some(inner) = node.get("items") {
                    for (index, element) in items.iter().enumerate() {
                        self.inside(&index.to_string(), |walk| walk.item(element, inner));
                    }
                }
            }
            Value::Whole(whole) => self.bounds(*whole as f64, &whole.to_string(), node),
            Value::Number(number) => {
                if number.is_finite() {
                    self.bounds(*number, &number.to_string(), node);
                } else {
                    let message = format!("{} is {number}; expected a finite number", self.shown());
                    self.report(message, "", None, Mend::Fill(node));
                }
            }
            Value::Text(_) | Value::Datetime(_) | Value::Truth(_) => {}
        }
    }

    fn bounds(&mut self, number: f64, typed: &str, node: &'static Json) {
        let Some(expected) = beyond(node, number) else {
            return;
        };
        let message = format!("{} is {typed}; expected {expected}", self.shown());
        let help = node
            .get("description")
            .and_then(Json::as_str)
            .map(str::to_owned);
        self.report(message, "", help, Mend::Fill(node));
    }

    fn table(&mut self, table: &Table, node: &'static Json) {
        let names = named(node);
        let mut stands_for: Vec<&str> = Vec::new();
        for (key, entry) in table {
            if let Some(inner) = property(node, key) {
                self.inside(key, |walk| walk.item(&entry.item, inner));
            } else if let Some(inner) = names {
                self.inside(key, |walk| {
                    walk.name(key);
                    walk.item(&entry.item, inner);
                });
            } else {
                let known: Vec<&str> = properties(node).map(|(name, _)| name).collect();
                let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
                let became = moved::key(&path, key);
                let help = match became {
                    Some(became) => Some(became.told()),
                    None => suggest(key, &known, "keys"),
                };
                // What has another name alone is looked into as well: all of it is said at once.
                let renamed = match became {
                    Some(moved::Became::Named(new) | moved::Became::Near(new, _))
                        if !table.contains_key(new) =>
                    {
                        property(node, new).map(|inner| (new, inner))
                    }
                    _ => None,
                };
                let whose = self.shown();
                let message = format!("{whose} has no key {}", quoted(key));
                self.inside(key, |walk| match renamed {
                    None => walk.report(message, "unknown key", help, Mend::Drop),
                    Some((new, inner)) => {
                        walk.report(message, "unknown key", help, Mend::Rename(new));
                        walk.item(&entry.item, inner);
                    }
                });
                stands_for.extend(renamed.map(|(new, _)| new));
            }
        }
        for key in required(node) {
            if !table.contains_key(key) && !stands_for.contains(&key) {
                let message = format!("{} lacks {key}", self.shown());
                let help = property(node, key)
                    .and_then(|schema| {
                        schema
                            .get("description")
                            .or_else(|| present(schema).get("description"))
                    })
                    .and_then(Json::as_str)
                    .map(|description| format!("{key}: {description}"));
                let mend = property(node, key).map_or(Mend::Keep, Mend::Fill);
                self.report(message, &format!("needs {key}"), help, mend);
                if let Some(misfit) = self.misfits.last_mut() {
                    misfit.path.push(key.to_owned());
                }
            }
        }
    }

    /// Names become columns of CSV files and parts of paths.
    fn name(&mut self, name: &str) {
        let fault = if name.is_empty() {
            "is empty".to_owned()
        } else if let Some(c) = name
            .chars()
            .find(|c| *c == '/' || *c == ',' || c.is_whitespace() || c.is_control())
        {
            format!("contains {c:?}")
        } else if let Some(fault) = safe::name_fault(name) {
            let message = format!("the name {:?} {fault}", clip(name));
            self.report(message, "", None, Mend::Keep);
            return;
        } else {
            return;
        };
        let message = format!(
            "the name {:?} {fault}; expected a name without /, comma, blank and control characters",
            clip(name)
        );
        self.report(message, "", None, Mend::Keep);
    }

    fn wrong_type(&mut self, item: &Item, expected: &str, node: &'static Json) {
        let message = format!(
            "{} is {}; expected {expected}",
            self.shown(),
            item.describe()
        );
        self.report(message, "", None, Mend::Fill(node));
    }
}

/// What a number would have to be for a schema without alternatives, if it is not: `<= 1`.
fn beyond(node: &Json, number: f64) -> Option<String> {
    let bound = |key: &str| node.get(key).and_then(Json::as_f64);
    let format = node.get("format").and_then(Json::as_str);
    // A number type without a stated minimum has the one of its width.
    let (lowest, highest) = match format {
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("uint64") => (Some(0.0), Some(1.0e15)),
        _ => (None, None),
    };
    let (lowest, highest) = (bound("minimum").or(lowest), bound("maximum").or(highest));
    if let Some(limit) = bound("exclusiveMinimum").filter(|limit| number <= *limit) {
        Some(format!("> {limit}"))
    } else if let Some(limit) = lowest.filter(|limit| number < *limit) {
        Some(format!(">= {limit}"))
    } else if let Some(limit) = bound("exclusiveMaximum").filter(|limit| number >= *limit) {
        Some(format!("< {limit}"))
    } else {
        let limit = highest.filter(|limit| number > *limit)?;
        Some(format!("<= {limit}"))
    }
}

/// The same of any schema: nothing where one of its alternatives takes the number.
pub(crate) fn refuses(node: &'static Json, number: f64) -> Option<String> {
    let numeric = |branch: &&&Json| {
        let kinds = types(branch);
        kinds.contains(&"number") || kinds.contains(&"integer")
    };
    let all = branches(node);
    let said = all
        .iter()
        .filter(numeric)
        .map(|branch| beyond(branch, number));
    said.collect::<Option<Vec<String>>>()?.into_iter().next()
}

/// Whether an item has the type that a schema without alternatives asks for.
fn fits(item: &Item, node: &'static Json) -> bool {
    let kinds = types(node);
    match &item.value {
        Value::Text(_) | Value::Datetime(_) => kinds.contains(&"string"),
        Value::Whole(_) => kinds.contains(&"integer") || kinds.contains(&"number"),
        Value::Number(_) => kinds.contains(&"number"),
        Value::Truth(_) => kinds.contains(&"boolean"),
        Value::Array(_) => kinds.contains(&"array"),
        Value::Table(_) => kinds.contains(&"object"),
    }
}

/// What a schema takes, in words.
fn choices(alternatives: &[&'static Json]) -> String {
    let mut words: Vec<String> = Vec::new();
    for branch in alternatives {
        let consts = consts(branch);
        if !consts.is_empty() {
            words.extend(consts.iter().map(|word| format!("{word:?}")));
            continue;
        }
        if let Some(tag) = tag(branch) {
            words.push(format!("{{ {tag} = ... }}"));
            continue;
        }
        for kind in types(branch) {
            words.push(match kind {
                "object" if properties(branch).next().is_some() => {
                    let keys: Vec<&str> = required(branch).collect();
                    if keys.is_empty() || alternatives.len() == 1 {
                        "a table".to_owned()
                    } else {
                        format!("{{ {} }}", keys.join(", "))
                    }
                }
                "object" => "a table of names".to_owned(),
                "array" => "an array".to_owned(),
                "string" => "a string".to_owned(),
                "integer" => "a whole number".to_owned(),
                "number" => "a number".to_owned(),
                "boolean" => "true or false".to_owned(),
                other => other.to_owned(),
            });
        }
    }
    match words.as_slice() {
        [] => "something else".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;

    /// A schema without what says that a key may be null, which can be said in two ways.
    fn never_null(node: &Json) -> Json {
        match node {
            Json::Object(keys) => {
                let mut keys = keys.clone();
                if let Some([Json::Object(only), Json::Object(null)]) =
                    (keys.get("anyOf").and_then(Json::as_array).cloned()).as_deref()
                    && null.get("type") == Some(&Json::from("null"))
                {
                    keys.remove("anyOf");
                    for (key, value) in only {
                        keys.entry(key.clone()).or_insert_with(|| value.clone());
                    }
                }
                if let Some([kind, null]) =
                    keys.get("type").and_then(Json::as_array).map(Vec::as_slice)
                    && null == "null"
                {
                    let kind = kind.clone();
                    keys.insert("type".into(), kind);
                }
                let inner = |(key, value): (&String, &Json)| (key.clone(), never_null(value));
                Json::Object(keys.iter().map(inner).collect())
            }
            Json::Array(items) => items.iter().map(never_null).collect(),
            other => other.clone(),
        }
    }

    #[test]
    fn references_are_replaced_as_schemars_does_it() {
        let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
        let generator = settings.into_generator();
        let theirs = generator.into_root_schema_for::<ScenarioFile>();
        assert!(
            never_null(shape()) == never_null(&theirs.to_value()),
            "they differ"
        );
        assert!(!shape().to_string().contains("$ref"));
    }
}
