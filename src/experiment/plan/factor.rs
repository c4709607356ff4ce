//! One factor: what its levels are, and what each does to the scenario.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::super::design::Coordinate;
use super::super::file::{DesignFile, FactorFile, RangeFile, ScaleFile};
use super::read::Reader;
use super::{Factor, FactorDomain, FactorKind};
use crate::scenario::load::nested;
use crate::scenario::problem::Span;
use crate::scenario::shape;
use crate::scenario::tree::{Entry, Item, Value, clip, dotted, quoted};

/// A factor while the plan is made: besides the record, what each level does to the scenario.
pub(super) struct Varied {
    pub factor: Factor,
    pub change: Change,
}

pub(super) enum Change {
    /// A value at each of some paths: that of a level, or one sampled from the range at this place.
    Paths {
        paths: Vec<Vec<String>>,
        values: Vec<Item>,
        range: Span,
    },
    /// A piece of a scenario for each level.
    Overlays(Vec<Item>),
    /// The rules of the cell that ask or wait as this arm of theirs, by level; none: as they are.
    Arms([Option<&'static str>; 3]),
}

impl Varied {
    /// What a setting lays over the scenario.
    pub fn overlays(&self, setting: Coordinate) -> Vec<Item> {
        match (&self.change, setting) {
            (Change::Overlays(overlays), Coordinate::Level(level)) => {
                vec![overlays[level].clone()]
            }
            // What an arm changes depends on the rest of the cell: see `arms`.
            (Change::Overlays(_), Coordinate::Value(_)) | (Change::Arms(_), _) => Vec::new(),
            (
                Change::Paths {
                    paths,
                    values,
                    range,
                },
                setting,
            ) => {
                let value = match setting {
                    Coordinate::Level(level) => values[level].clone(),
                    Coordinate::Value(number) => Item {
                        span: range.clone(),
                        value: Value::Number(number),
                    },
                };
                let at = &value.span;
                let overlay = |steps: &Vec<String>| {
                    let steps = steps.iter().map(|step| (step.clone(), at.clone()));
                    nested(steps.collect(), value.clone(), at)
                };
                paths.iter().map(overlay).collect()
            }
        }
    }
}

impl Varied {
    /// Every level, or both ends of the range.
    pub fn extremes(&self) -> Vec<Coordinate> {
        match &self.factor.domain {
            FactorDomain::Levels { labels, .. } => {
                (0..labels.len()).map(Coordinate::Level).collect()
            }
            FactorDomain::Range { range, .. } => {
                vec![Coordinate::Value(range.low), Coordinate::Value(range.high)]
            }
        }
    }

    /// What a setting lays over a cell besides, given all the rest of it: where it is an arm, `placebo` of every rule that asks or
    /// waits.
    pub fn arms(&self, setting: Coordinate, cell: &Item) -> Vec<Item> {
        let (Change::Arms(arms), Coordinate::Level(level)) = (&self.change, setting) else {
            return Vec::new();
        };
        let rules = cell.get(&["rules"]).and_then(Item::table);
        let (Some(arm), Some(rules)) = (arms[level], rules) else {
            return Vec::new();
        };
        let waits = |rule: &str, spec: &Item| {
            let dwell = spec.get(&["dwell_s"]).map(|dwell_s| &dwell_s.value);
            let dwells = match dwell {
                Some(Value::Number(dwell_s)) => *dwell_s > 0.0,
                Some(Value::Whole(dwell_s)) => *dwell_s > 0,
                _ => false,
            };
            shape::rule_has(rule, "placebo") && (!shape::rule_has(rule, "dwell_s") || dwells)
        };
        let waiting = rules
            .iter()
            .filter(|(rule, entry)| waits(rule, &entry.item));
        let overlay = |(rule, entry): (&String, &Entry)| {
            let at = &entry.item.span;
            let steps = ["rules", rule, "placebo"].map(|step| (step.to_owned(), at.clone()));
            let value = Item {
                span: at.clone(),
                value: Value::Text(arm.to_owned()),
            };
            nested(steps.to_vec(), value, at)
        };
        waiting.map(overlay).collect()
    }

    /// The paths of all the values it sets.
    pub fn leaves(&self) -> BTreeSet<Vec<String>> {
        fn walk(item: &Item, path: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) {
            let Some(table) = item.table() else {
                found.insert(path.clone());
                return;
            };
            for (name, entry) in table {
                path.push(name.clone());
                walk(&entry.item, path, found);
                path.pop();
            }
        }
        let mut found = BTreeSet::new();
        for overlay in self.extremes().into_iter().flat_map(|at| self.overlays(at)) {
            walk(&overlay, &mut Vec::new(), &mut found);
        }
        found
    }
}

/// The columns of the result files that no factor may take the name of.
const TAKEN: [&str; 24] = [
    "cell",
    "seed",
    "replication",
    "measure",
    "unit",
    "estimate",
    "low",
    "high",
    "confidence",
    "method",
    "n",
    "events",
    "exposure",
    "replications_for_half",
    "dimension",
    "level",
    "reference",
    "difference",
    "difference_low",
    "difference_high",
    "difference_confidence",
    "shown",
    "may_be_best",
    "best",
];

/// The lever that `placebo = true` adds.
pub(super) const ARM: &str = "arm";

impl Reader<'_> {
    /// The arms of the rules as a lever, if they are asked for.
    pub fn arms(&mut self) -> Option<Varied> {
        if !self.file.placebo {
            return None;
        }
        if self.design(FactorKind::Lever) != DesignFile::Grid {
            let said =
                "placebo is true, but the levers are no grid; expected design.levers = \"grid\"";
            self.wrong(&["placebo"], said.to_owned());
        }
        for section in ["levers", "uncertainties"] {
            if self.document.get(&[section, ARM]).is_some() {
                let said = format!(
                    "a factor is named {ARM}, and placebo is true, which makes one of that name"
                );
                self.wrong_at(&["placebo"], said, None, &[(&[section, ARM], "the factor")]);
            }
        }
        Some(Varied {
            factor: Factor {
                name: ARM.to_owned(),
                kind: FactorKind::Lever,
                meaning: Some(
                    "rules that ask or wait: as they are, with the answer \"go on\", and so that they only delay"
                        .to_owned(),
                ),
                domain: FactorDomain::Levels {
                    labels: ["rule", "defaults", "delay"].map(str::to_owned).to_vec(),
                    baseline: 0,
                },
            },
            change: Change::Arms([None, Some("defaults"), Some("delay")]),
        })
    }

    /// One factor, or problems.
    pub fn factor(&mut self, kind: FactorKind, name: &str) -> Option<Varied> {
        let before = self.loader.problems.len();
        let typed = self.factors(kind)[name].clone();
        let section = self.section(kind);
        let here = [section, name];
        let shown = dotted(self.document, &here);
        if kind == FactorKind::Uncertainty && self.file.levers.contains_key(name) {
            self.wrong_at(
                &here,
                format!("{name} is a lever and an uncertainty; expected one"),
                None,
                &[(&["levers", name], "the lever")],
            );
        }
        if TAKEN.contains(&name) || self.columns.iter().any(|column| column == name) {
            self.wrong(
                &here,
                format!(
                    "a factor cannot be named {name}: the result files have a column of that name"
                ),
            );
        }
        let there = |given: &[(&'static str, bool)]| -> Vec<&'static str> {
            let given = given.iter().filter(|(_, there)| *there);
            given.map(|(key, _)| *key).collect()
        };
        let alternatives = typed.alternatives.is_some();
        let ways = there(&[
            ("path", typed.path.is_some()),
            ("paths", typed.paths.is_some()),
            ("alternatives", alternatives),
        ]);
        let contents = there(&[
            ("values", typed.values.is_some()),
            ("range", typed.range.is_some()),
            ("alternatives", alternatives),
        ]);
        for (found, expected) in [
            (&ways, "path, paths and alternatives"),
            (&contents, "values, range and alternatives"),
        ] {
            if found.len() != 1 {
                let found = if found.is_empty() {
                    "none of them".to_owned()
                } else {
                    found.join(" and ")
                };
                self.wrong(
                    &here,
                    format!("{shown} has {found}; expected one of {expected}"),
                );
                return None;
            }
        }
        let content = [section, name, contents[0]];

        let (labels, change) = if alternatives {
            let (labels, overlays) = self.alternatives(&content, &typed, &shown)?;
            (Some(labels), Change::Overlays(overlays))
        } else {
            let range = self.document.place(&content);
            let paths = self.paths(&here, &typed);
            let sound = self.loader.problems.len();
            let (labels, values) = match &typed.range {
                Some(range) => self.levels(range, self.design(kind), &content, &shown),
                None => {
                    let values = match self.document.get(&content).map(|item| &item.value) {
                        Some(Value::Array(items)) => items.clone(),
                        _ => Vec::new(),
                    };
                    let labels = values.iter().map(|value| label(&value.to_json()));
                    (Some(labels.collect()), values)
                }
            };
            // Of a range that is wrong neither levels nor baseline can be judged.
            if self.loader.problems.len() > sound {
                return None;
            }
            let change = Change::Paths {
                paths,
                values,
                range,
            };
            (labels, change)
        };
        let domain = match (labels, typed.range) {
            (Some(labels), _) => self.domain_of_levels(labels, &content, name, &shown)?,
            (None, Some(range)) => {
                let baseline = self.sampled_baseline(name, kind, &range);
                FactorDomain::Range { range, baseline }
            }
            (None, None) => return None,
        };
        (self.loader.problems.len() == before).then(|| Varied {
            factor: Factor {
                name: name.to_owned(),
                kind,
                meaning: typed.meaning,
                domain,
            },
            change,
        })
    }

    /// The alternatives by name, in the order of the text.
    fn alternatives(
        &mut self,
        content: &[&str],
        typed: &FactorFile,
        shown: &str,
    ) -> Option<(Vec<String>, Vec<Item>)> {
        let mut names: Vec<String> = typed.alternatives.as_ref()?.keys().cloned().collect();
        let path = |name: &str| -> Vec<String> {
            let steps = content.iter().map(|step| (*step).to_owned());
            steps.chain([name.to_owned()]).collect()
        };
        let document = self.document;
        let place = |name: &str| {
            let path = path(name);
            document.place(&path.iter().map(String::as_str).collect::<Vec<_>>())
        };
        names.sort_by_key(|name| place(name).range.start);
        let mut overlays = Vec::new();
        for name in &names {
            let path = path(name);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let overlay = document.get(&path)?.clone();
            if overlay.table().is_none() {
                let found = overlay.describe();
                self.wrong(
                    &path,
                    format!(
                        "{shown}.alternatives.{} is {found}; expected a piece of a scenario, or {{}} for the scenario as it is",
                        quoted(name)
                    ),
                );
            }
            overlays.push(overlay);
        }
        Some((names, overlays))
    }

    /// The paths that a factor sets, those that the scenario knows.
    fn paths(&mut self, here: &[&str; 2], typed: &FactorFile) -> Vec<Vec<String>> {
        let [section, name] = *here;
        let document = self.document;
        let Some(base) = self.base else {
            return Vec::new();
        };
        if ["path", "paths"]
            .iter()
            .any(|key| shape::touches(self.misfits, &[section, name, key]))
        {
            return Vec::new();
        }
        let mut texts: Vec<(&String, Span)> = Vec::new();
        if let Some(path) = &typed.path {
            let at = document.get(&[section, name, "path"]);
            texts.extend(at.map(|item| (path, item.span.clone())));
        }
        for (index, path) in typed.paths.iter().flatten().enumerate() {
            let at = document.place(&[section, name, "paths", &index.to_string()]);
            texts.push((path, at));
        }
        texts
            .into_iter()
            .filter_map(|(text, at)| self.loader.known(base, text, &at))
            .collect()
    }

    /// Levels, no two alike, and which of them is the baseline.
    fn domain_of_levels(
        &mut self,
        labels: Vec<String>,
        content: &[&str; 3],
        name: &str,
        shown: &str,
    ) -> Option<FactorDomain> {
        let [section, _, key] = *content;
        if labels.is_empty() {
            self.wrong(
                content,
                format!("{shown}.{key} is empty; expected at least one level"),
            );
            return None;
        }
        let before = self.loader.problems.len();
        for (index, label) in labels.iter().enumerate() {
            if let Some(first) = labels[..index].iter().position(|other| other == label) {
                let (first, index) = (first.to_string(), index.to_string());
                self.wrong_at(
                    &[section, name, key, &index],
                    format!(
                        "{shown}.{key} has {} twice; expected levels that differ",
                        clip(label)
                    ),
                    None,
                    &[(&[section, name, key, &first], "the first")],
                );
            }
        }
        if self.loader.problems.len() > before {
            return None;
        }
        let wanted = self.file.baseline.get(name).map(label);
        let baseline = match &wanted {
            None => Some(0),
            Some(wanted) => labels.iter().position(|label| label == wanted),
        };
        if baseline.is_none() {
            let known: Vec<&str> = labels.iter().map(String::as_str).collect();
            let wanted = wanted.unwrap_or_default();
            let message = format!(
                "baseline.{} is {}, which is no level of {shown}",
                quoted(name),
                clip(&self.file.baseline[name].to_string())
            );
            let help = shape::suggest(&wanted, &known, "levels");
            self.wrong_with(&["baseline", name], message, help);
        }
        Some(FactorDomain::Levels {
            labels,
            baseline: baseline?,
        })
    }

    /// The levels of a range in a design of levels, as labels and values; no labels where it is sampled.
    fn levels(
        &mut self,
        range: &RangeFile,
        design: DesignFile,
        content: &[&str; 3],
        shown: &str,
    ) -> (Option<Vec<String>>, Vec<Item>) {
        let RangeFile {
            low, high, scale, ..
        } = *range;
        if low >= high {
            self.wrong(
                content,
                format!("{shown}.range goes from {low} to {high}; expected low below high"),
            );
        }
        if scale == ScaleFile::Log && low <= 0.0 {
            self.wrong(
                content,
                format!(
                    "{shown}.range begins at {low}; expected more than 0 on a logarithmic scale"
                ),
            );
        }
        match (design.samples(), range.levels) {
            (true, None) => (None, Vec::new()),
            (true, Some(_)) => {
                self.wrong(
                    content,
                    format!("{shown}.range has levels, but the design samples it; expected none"),
                );
                (None, Vec::new())
            }
            (false, None) => {
                self.wrong(
                    content,
                    format!("{shown}.range has no levels; this design expects levels = 2 or more"),
                );
                (None, Vec::new())
            }
            (false, Some(levels)) => {
                let value = |level: u32| -> f64 {
                    let share = f64::from(level) / f64::from(levels - 1);
                    let value = match scale {
                        ScaleFile::Linear => low + (high - low) * share,
                        ScaleFile::Log => low * libm::pow(high / low, share),
                    };
                    // What is 0.30000000000000004 should be a level named 0.3.
                    format!("{value:.12e}").parse().unwrap_or(value)
                };
                let span = self.document.place(content);
                let item = |number: f64| Item {
                    span: span.clone(),
                    value: Value::Number(number),
                };
                (
                    Some((0..levels).map(|level| value(level).to_string()).collect()),
                    (0..levels).map(|level| item(value(level))).collect(),
                )
            }
        }
    }

    /// The baseline of a sampled range: levers need one to be compared with, uncertainties are compared point by point.
    fn sampled_baseline(&mut self, name: &str, kind: FactorKind, range: &RangeFile) -> Option<f64> {
        let given = self.file.baseline.get(name);
        let key = format!("baseline.{}", quoted(name));
        let message = match (kind, given) {
            (FactorKind::Uncertainty, None) => return None,
            (FactorKind::Uncertainty, Some(_)) => {
                format!("{key} is there, but the uncertainty {name} is sampled; expected none")
            }
            (FactorKind::Lever, given) => {
                let number = given.and_then(Json::as_f64);
                let inside = number.filter(|number| (range.low..=range.high).contains(number));
                if inside.is_some() {
                    return inside;
                }
                format!(
                    "{key} is {}; expected a number from {} to {}, because the lever is sampled",
                    given.map_or("missing".to_owned(), |value| clip(&value.to_string())),
                    range.low,
                    range.high
                )
            }
        };
        if given.is_some() {
            self.wrong(&["baseline", name], message);
        } else {
            self.wrong(&[self.section(kind), name], message);
        }
        None
    }
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
