//! What every key of a file means, read off the schema that the file is held against.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// A key of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its path, with `NAME` for a name that the user chooses and `[]` for an entry of an array.
    pub path: String,
    /// What it is.
    pub meaning: String,
    /// What it takes: a number, a table, one of some words.
    pub takes: String,
    /// The words that it takes, each with what it says.
    pub words: Vec<(String, String)>,
    /// Its unit, as the name says.
    pub unit: Option<&'static str>,
    /// What is taken where nothing is said; none where it must be said, or nothing is then done.
    pub default: Option<String>,
}

/// Deepest path that is walked: a schema that refers to itself has no end.
const DEEPEST: usize = 12;

/// The parameters of a rule: the keys of its table and of what its arrays hold (`zones[].status`), but for the arm that knows
/// nothing, which is no parameter.
pub fn parameters(rule: &str) -> Vec<Key> {
    let root = super::schema();
    let (mut walk, mut rules) = (Walk::of(root), Vec::new());
    walk.branches(&root["properties"]["rules"], &mut rules);
    let path = format!("rules.{rule}");
    for rules in rules {
        walk.below(&rules["properties"][rule], &path, &mut Vec::new());
    }
    let is_parameter = |key: &Key| {
        let own = key.path.strip_prefix(&path).unwrap_or_default();
        let own = own.trim_start_matches('.');
        let own = own.split_once("[].").map_or(own, |(_, element)| element);
        !own.contains(['.', '[']) && own != "placebo"
    };
    let mut keys = walk.once();
    keys.retain(is_parameter);
    keys
}

/// Every key of the files of a schema, in its order, each path once.
pub fn keys(schema: &Json) -> Vec<Key> {
    let mut walk = Walk::of(schema);
    walk.below(schema, "", &mut Vec::new());
    walk.once()
}

impl Key {
    /// The last step of its path that is no chosen name.
    pub fn name(&self) -> &str {
        let steps = self.path.rsplit('.');
        let mut named = steps.filter(|step| *step != NAME);
        named.next().unwrap_or(&self.path).trim_end_matches("[]")
    }

    /// Whether this is a path as typed: from the top, or the end of one; a chosen name is any word.
    pub fn is(&self, typed: &str) -> bool {
        let (mut own, mut asked) = (self.path.rsplit('.'), typed.rsplit('.'));
        let same = |own: &str, asked: &str| own.trim_end_matches("[]") == asked;
        let mut above = |asked| own.next().map(|own| (own, own == NAME || same(own, asked)));
        // What it ends in is no chosen name.
        let last = asked.next().and_then(&mut above);
        last.is_some_and(|(own, is)| is && own != NAME)
            && asked.all(|asked| above(asked).is_some_and(|(_, is)| is))
    }
}

/// Stands for a name that the user chooses.
const NAME: &str = "NAME";

struct Walk<'a> {
    root: &'a Json,
    keys: Vec<Key>,
}

impl<'a> Walk<'a> {
    fn of(root: &'a Json) -> Walk<'a> {
        Walk {
            root,
            keys: Vec::new(),
        }
    }

    /// What was found, each path once.
    fn once(mut self) -> Vec<Key> {
        let mut seen = BTreeSet::new();
        self.keys.retain(|key| seen.insert(key.path.clone()));
        self.keys
    }

    /// What a schema refers to; itself if it refers to nothing.
    fn resolved(&self, node: &'a Json) -> &'a Json {
        let target = node["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        target.and_then(|at| self.root.pointer(at)).unwrap_or(node)
    }

    /// A schema and all its alternatives.
    fn branches(&self, node: &'a Json, into: &mut Vec<&'a Json>) {
        let node = self.resolved(node);
        into.push(node);
        for key in ["anyOf", "oneOf", "allOf"] {
            for branch in node[key].as_array().into_iter().flatten() {
                self.branches(branch, into);
            }
        }
    }

    fn below(&mut self, node: &'a Json, path: &str, above: &mut Vec<*const Json>) {
        let mut branches = Vec::new();
        self.branches(node, &mut branches);
        for branch in branches {
            if above.len() > DEEPEST || above.contains(&std::ptr::from_ref(branch)) {
                continue;
            }
            above.push(std::ptr::from_ref(branch));
            let joined = |step: &str| match path {
                "" => step.to_owned(),
                path => format!("{path}.{step}"),
            };
            for (name, inner) in branch["properties"].as_object().into_iter().flatten() {
                let path = joined(name);
                let mut key = self.key(name, path.clone(), inner);
                if key.meaning.is_empty() {
                    // Of one alternative among several the meaning stands beside it.
                    key.meaning = flat(branch["description"].as_str().unwrap_or_default());
                }
                self.keys.push(key);
                self.below(inner, &path, above);
            }
            if branch["additionalProperties"].is_object() {
                self.below(&branch["additionalProperties"], &joined(NAME), above);
            }
            if branch["items"].is_object() {
                self.below(&branch["items"], &format!("{path}[]"), above);
            }
            above.pop();
        }
    }

    fn key(&self, name: &str, path: String, node: &'a Json) -> Key {
        let mut branches = Vec::new();
        self.branches(node, &mut branches);
        let meaning = node["description"].as_str();
        let meaning =
            meaning.or_else(|| branches.iter().find_map(|one| one["description"].as_str()));
        let mut takes: Vec<String> = Vec::new();
        for branch in &branches {
            let words = self.takes(branch);
            if !words.is_empty() && !takes.contains(&words) {
                takes.push(words);
            }
        }
        let words = branches.iter().filter_map(|one| {
            let said = one["description"].as_str().unwrap_or_default();
            Some((one["const"].as_str()?.to_owned(), flat(said)))
        });
        Key {
            path,
            words: words.collect(),
            meaning: flat(meaning.unwrap_or_default()),
            takes: takes.join(", or "),
            unit: unit(name),
            default: match &node["default"] {
                Json::Null => None,
                Json::Object(empty) if empty.is_empty() => None,
                value => Some(value.to_string()),
            },
        }
    }

    fn takes(&self, node: &Json) -> String {
        if let Some(word) = node["const"].as_str() {
            return format!("{word:?}");
        }
        if let Some(words) = node["enum"].as_array() {
            let words: Vec<String> = words.iter().map(Json::to_string).collect();
            return format!("one of {}", words.join(" "));
        }
        let kind = match node["type"].as_str().or_else(|| node["type"][0].as_str()) {
            Some("number") => "a number",
            Some("integer") => "a whole number",
            Some("boolean") => "true or false",
            Some("string") => "a text",
            Some("array") => "an array",
            Some("object") if node["properties"].is_object() => "a table",
            Some("object") => "tables by name",
            _ => return String::new(),
        };
        let mut words = kind.to_owned();
        for (key, said) in [
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        ] {
            if let Some(bound) = node[key].as_f64() {
                words += &format!(" {said} {bound}");
            }
        }
        words
    }
}

/// A text of several lines as one.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The unit that the name of a key ends in.
fn unit(name: &str) -> Option<&'static str> {
    let endings = [
        ("_mps", "metres a second"),
        ("_m2", "square metres"),
        ("_deg_s", "degrees a second"),
        ("_deg", "degrees"),
        ("_utc", "an instant, UTC"),
        ("_m", "metres"),
        ("_s", "seconds"),
        ("_h", "hours"),
        ("_g", "units of gravity"),
    ];
    let found = endings.iter().find(|(ending, _)| name.ends_with(ending));
    found.map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_scenarios_have_meaning_unit_and_range() {
        let all = keys(crate::scenario::schema());
        let scan = all
            .iter()
            .find(|key| key.path == "site_classes.NAME.sensor.scan_s");
        let scan = scan.expect("the key is there");
        assert_eq!(scan.unit, Some("seconds"));
        assert!(
            !scan.meaning.is_empty() && scan.takes.starts_with("a number"),
            "{scan:?}"
        );
        assert!(scan.is("scan_s") && scan.is("sensor.scan_s"));
        assert!(scan.is("site_classes.gun.sensor.scan_s"));
        assert!(!scan.is("tracker.scan_s"));
        assert_eq!(scan.name(), "scan_s");
    }

    #[test]
    fn every_key_has_a_meaning() {
        let all = keys(crate::scenario::schema());
        assert!(all.len() > 200, "{}", all.len());
        let silent: Vec<&str> = all
            .iter()
            .filter(|key| key.meaning.is_empty())
            .map(|key| key.path.as_str())
            .collect();
        assert!(silent.is_empty(), "{silent:?}");
    }
}
