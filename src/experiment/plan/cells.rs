//! The cells of a plan: which settings of the factors, under which names, compared with what.

use std::collections::HashSet;

use rayon::prelude::*;

use super::super::design::{self, Coordinate, Design, Domain, Point};
use super::super::file::DesignFile;
use super::factor::{Change, Varied};
use super::read::Reader;
use super::{FactorDomain, FactorKind, PlannedCell};
use crate::scenario::load::merge;
use crate::scenario::problem::{Mark, Problem};
use crate::scenario::tree::{Item, clip};
use crate::scenario::{Scenario, ready, shape};

/// Problems after which no more cells are checked.
const MOST_PROBLEMS: usize = 100;

/// Cells that are checked at the same time, on all processors.
const AT_ONCE: usize = 64;

impl Reader<'_> {
    /// The settings of the factors of one kind; one empty setting if there are none. Levers begin with their baseline
    /// where the design samples them.
    pub fn settings(
        &mut self,
        factors: &[Varied],
        kind: FactorKind,
        seed: u64,
    ) -> Option<Vec<Point>> {
        let members = || {
            factors
                .iter()
                .filter(move |varied| varied.factor.kind == kind)
        };
        let domains: Vec<Domain> = members()
            .map(|varied| domain(&varied.factor.domain))
            .collect();
        if domains.is_empty() {
            return Some(vec![Vec::new()]);
        }
        let typed = self.design(kind);
        let design = match typed {
            DesignFile::Grid => Design::Grid,
            DesignFile::OneAtATime => Design::OneAtATime {
                baseline: members()
                    .map(|varied| match varied.factor.domain {
                        FactorDomain::Levels { baseline, .. } => baseline,
                        FactorDomain::Range { .. } => 0,
                    })
                    .collect(),
            },
            DesignFile::LatinHypercube { points } => Design::LatinHypercube { points },
            DesignFile::Sobol { points } => Design::Sobol { points },
        };
        match design::points(&design, &domains, seed) {
            Ok(mut points) => {
                if kind == FactorKind::Lever && typed.samples() {
                    points.insert(0, baseline(factors, kind));
                }
                Some(points)
            }
            Err(error) => {
                self.wrong(&["design", self.section(kind)], error.to_string());
                None
            }
        }
    }

    /// The settings of the levers without arms that would be run like their setting itself, as no rule asks or waits at any of the points.
    pub fn that_differ(
        &self,
        factors: &[Varied],
        levers: Vec<Point>,
        points: &[Point],
    ) -> Vec<Point> {
        let (Some(base), Some(arm)) = (self.base, arms_of(factors)) else {
            return levers;
        };
        let waits = |lever: &Point, point: &Point| {
            let settings: Vec<Coordinate> = lever.iter().chain(point).copied().collect();
            let tree = laid(base.clone(), &overlays(factors, &settings));
            let mut arms = factors.iter().zip(&settings);
            arms.any(|(varied, &setting)| !varied.arms(setting, &tree).is_empty())
        };
        let mut levers = levers;
        levers.retain(|lever| {
            lever[arm] == Coordinate::Level(0) || points.iter().any(|point| waits(lever, point))
        });
        levers
    }

    /// Every setting of the levers at every setting of the uncertainties, levers fastest; with `check` each with its scenario.
    pub fn cells(
        &mut self,
        factors: &[Varied],
        levers: &[Point],
        points: &[Point],
        check: bool,
    ) -> Option<(Vec<PlannedCell>, Vec<Scenario>)> {
        let among = |settings: &[Point], kind| {
            let baseline = baseline(factors, kind);
            settings.iter().position(|setting| *setting == baseline)
        };
        let lever_baseline = among(levers, FactorKind::Lever);
        let point_baseline = among(points, FactorKind::Uncertainty);
        let base = self.base?;
        let has_arms = arms_of(factors).is_some();
        // The same setting with the arm that does more.
        let before: Vec<Option<usize>> = levers
            .iter()
            .map(|of| next_arm(factors, levers, of))
            .collect();
        let mut cells: Vec<PlannedCell> = Vec::new();
        let mut scenarios = Vec::new();
        let mut troubles = Troubles::default();
        let both = |p: usize| (0..levers.len()).map(move |l| (p, l));
        let settings: Vec<(usize, usize)> = (0..points.len()).flat_map(both).collect();
        for some in settings.chunks(AT_ONCE) {
            let mut trees = Vec::new();
            for &(p, l) in some {
                let (point, lever) = (&points[p], &levers[l]);
                let settings: Vec<Coordinate> = lever.iter().chain(point).copied().collect();
                let mut overlays = overlays(factors, &settings);
                let number = p * levers.len() + l;
                // With levers, each is compared with their baseline at the same point; without, each point with the
                // baseline.
                let reference = if levers.len() > 1 {
                    lever_baseline.map(|baseline| p * levers.len() + baseline)
                } else {
                    point_baseline
                };
                let mut arm_of = Vec::new();
                // What nobody looks at is not made.
                if check || has_arms {
                    let tree = laid(base.clone(), &overlays);
                    let arms: Vec<Item> = (factors.iter().zip(&settings))
                        .flat_map(|(varied, &setting)| varied.arms(setting, &tree))
                        .collect();
                    if !arms.is_empty() {
                        let next = before[l].map(|before| p * levers.len() + before);
                        arm_of.extend(next.filter(|next| reference != Some(*next)));
                    }
                    if check {
                        trees.push(laid(tree, &arms));
                    }
                    overlays.extend(arms);
                }
                let names = Naming {
                    factors,
                    lever: (l, lever_baseline),
                    point: p,
                };
                cells.push(PlannedCell {
                    name: names.name(self, &settings),
                    settings,
                    reference: reference.filter(|reference| *reference != number),
                    arm_of,
                    overlays: overlays.iter().map(Item::to_json).collect(),
                });
            }
            let first = cells.len() - some.len();
            let made: Vec<_> = trees.par_iter().map(ready).collect();
            for (at, (made, tree)) in made.into_iter().zip(&trees).enumerate() {
                let number = first + at;
                match made {
                    Ok(scenario) => scenarios.push(scenario),
                    Err(problems) => troubles.add(number, problems, base, tree),
                }
                if troubles.0.len() > MOST_PROBLEMS {
                    let told = troubles.told(factors, &cells[..=number]);
                    self.loader.problems.extend(told);
                    return None;
                }
            }
        }
        self.loader.problems.extend(troubles.told(factors, &cells));
        let mut seen = HashSet::new();
        if let Some(twice) = cells.iter().find(|cell| !seen.insert(&cell.name)) {
            let message = format!(
                "two cells are named {:?}; expected levels without commas and =",
                clip(&twice.name)
            );
            self.wrong(&["levers"], message);
        }
        self.loader
            .problems
            .is_empty()
            .then_some((cells, scenarios))
    }
}

impl Reader<'_> {
    /// What each level of the factors would do to the scenario by itself, where there will be no cells because something
    /// else is wrong.
    pub fn levels_alone(&mut self, factors: &[Varied]) {
        let Some(base) = self.base else { return };
        for varied in factors {
            let FactorDomain::Levels { labels, .. } = &varied.factor.domain else {
                continue;
            };
            for level in 0..labels.len() {
                let overlays = varied.overlays(Coordinate::Level(level)).into_iter();
                let tree = overlays.fold(base.clone(), |tree, overlay| {
                    merge(tree, overlay, Some(shape::shape()))
                });
                if let Err(problems) = ready(&tree) {
                    self.loader.problems.extend(problems);
                }
                if self.loader.problems.len() > MOST_PROBLEMS {
                    return;
                }
            }
        }
    }
}

/// The number of the setting of the levers that is like this one but for the arm, which is the one that does more; none for rules as
/// The place of the arms among the levers, if there are any.
fn arms_of(factors: &[Varied]) -> Option<usize> {
    let mut members = (factors.iter()).filter(|varied| varied.factor.kind == FactorKind::Lever);
    members.position(|varied| matches!(varied.change, Change::Arms(_)))
}

/// What the settings of all factors lay over the scenario.
fn overlays(factors: &[Varied], settings: &[Coordinate]) -> Vec<Item> {
    let each = factors.iter().zip(settings);
    each.flat_map(|(varied, &setting)| varied.overlays(setting))
        .collect()
}

fn laid(tree: Item, overlays: &[Item]) -> Item {
    overlays.iter().fold(tree, |tree, overlay| {
        merge(tree, overlay.clone(), Some(shape::shape()))
    })
}

/// they are.
fn next_arm(factors: &[Varied], levers: &[Point], of: &Point) -> Option<usize> {
    let arm = arms_of(factors)?;
    let Coordinate::Level(level) = of[arm] else {
        return None;
    };
    let mut wanted = of.clone();
    wanted[arm] = Coordinate::Level(level.checked_sub(1)?);
    levers.iter().position(|setting| *setting == wanted)
}

/// What is wrong in the cells: problems that differ in nothing but numbers, each with the cells that have it.
#[derive(Default)]
struct Troubles(Vec<(Problem, Vec<usize>)>);

impl Troubles {
    fn add(&mut self, cell: usize, problems: Vec<Problem>, base: &Item, tree: &Item) {
        for problem in unfinished(problems, base, tree) {
            let alike = |(other, _): &&mut (Problem, Vec<usize>)| {
                other.key_path == problem.key_path
                    && other.marks == problem.marks
                    && without_numbers(&other.message) == without_numbers(&problem.message)
            };
            match self.0.iter_mut().find(alike) {
                Some((_, cells)) if cells.last() == Some(&cell) => {}
                Some((_, cells)) => cells.push(cell),
                None => self.0.push((problem, vec![cell])),
            }
        }
    }

    /// The problems, each with the settings that bring it about.
    fn told(self, factors: &[Varied], cells: &[PlannedCell]) -> Vec<Problem> {
        let told = |(mut problem, bad): (Problem, Vec<usize>)| {
            if cells.len() > 1 {
                let bad_in = whereabouts(&bad, factors, cells);
                problem.message = format!("{} ({bad_in})", problem.message);
            }
            problem
        };
        self.0.into_iter().map(told).collect()
    }
}

/// In which cells: those with certain settings, if that says it all, or one of them as an example.
fn whereabouts(bad: &[usize], factors: &[Varied], cells: &[PlannedCell]) -> String {
    let example = &cells[bad[0]];
    if bad.len() == cells.len() {
        return "in every cell".to_owned();
    }
    if let [_] = bad {
        return format!("in cell {}", example.name);
    }
    let common = |factor: &usize| {
        let same = |cell: &PlannedCell| cell.settings[*factor] == example.settings[*factor];
        bad.iter().all(|&cell| same(&cells[cell])) && !cells.iter().all(same)
    };
    let common: Vec<usize> = (0..factors.len()).filter(common).collect();
    let alike = cells.iter().filter(|cell| {
        let same = |&factor: &usize| cell.settings[factor] == example.settings[factor];
        common.iter().all(same)
    });
    let settings: Option<Vec<String>> =
        common
            .iter()
            .map(
                |&factor| match (example.settings[factor], &factors[factor].factor.domain) {
                    (Coordinate::Level(level), FactorDomain::Levels { labels, .. }) => Some(
                        format!("{}={}", factors[factor].factor.name, clip(&labels[level])),
                    ),
                    _ => None,
                },
            )
            .collect();
    match settings {
        Some(settings) if !common.is_empty() && alike.count() == bad.len() => {
            format!("in every cell with {}", settings.join(" and "))
        }
        _ => format!(
            "in {} of {} cells, such as {}",
            bad.len(),
            cells.len(),
            example.name
        ),
    }
}

/// A message without its numbers.
fn without_numbers(message: &str) -> String {
    let mut out = String::new();
    for c in message.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out.replace("#.#", "#")
        .replace("-#", "#")
        .replace("#e#", "#")
}

/// Where an entry lacks keys that the scenario does not have at all, its name is what is wrong: one problem, with near
/// matches, for all it lacks.
fn unfinished(problems: Vec<Problem>, base: &Item, tree: &Item) -> Vec<Problem> {
    let mut out: Vec<Problem> = Vec::new();
    for problem in problems {
        let new = problem
            .message
            .strip_prefix(&problem.key_path)
            .and_then(|rest| rest.strip_prefix(" lacks "))
            .and_then(|lacks| Some((lacks, newcomer(&problem.key_path, base, tree)?)));
        let Some((lacks, known)) = new else {
            out.push(problem);
            continue;
        };
        let begin = format!("{} is not in the scenario and lacks ", problem.key_path);
        let mine = |other: &&mut Problem| other.message.starts_with(&begin);
        if let Some(other) = out.iter_mut().find(mine) {
            other.message = format!("{}, {lacks}", other.message);
            continue;
        }
        let (section, name) = problem.key_path.split_once('.').unwrap_or_default();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        out.push(Problem {
            message: format!("{begin}{lacks}"),
            help: shape::suggest(name, &known, section),
            marks: problem
                .marks
                .iter()
                .map(|mark| Mark {
                    label: String::new(),
                    ..mark.clone()
                })
                .collect(),
            ..problem
        });
    }
    // What is lacking further down has the same cause.
    let new: Vec<String> = out
        .iter()
        .filter(|problem| {
            problem
                .message
                .contains(" is not in the scenario and lacks ")
        })
        .map(|problem| format!("{}.", problem.key_path))
        .collect();
    out.retain(|problem| {
        !problem.message.contains(" lacks ")
            || !new.iter().any(|new| problem.key_path.starts_with(new))
    });
    out
}

/// The names beside an entry of the tree that the scenario does not have; `None` if it has it.
fn newcomer(key_path: &str, base: &Item, tree: &Item) -> Option<Vec<String>> {
    let (section, name) = key_path.split_once('.')?;
    tree.get(&[section, name])?;
    let known = base.get(&[section])?.table()?;
    (!known.contains_key(name)).then(|| known.keys().cloned().collect())
}

fn domain(typed: &FactorDomain) -> Domain {
    match typed {
        FactorDomain::Levels { labels, .. } => Domain::Levels(labels.len()),
        FactorDomain::Range { range, .. } => range.domain(),
    }
}

/// The baseline of the factors of one kind; a sampled uncertainty has none and gives NaN, which equals nothing.
fn baseline(factors: &[Varied], kind: FactorKind) -> Point {
    factors
        .iter()
        .filter(|varied| varied.factor.kind == kind)
        .map(|varied| match &varied.factor.domain {
            FactorDomain::Levels { baseline, .. } => Coordinate::Level(*baseline),
            FactorDomain::Range { baseline, .. } => Coordinate::Value(baseline.unwrap_or(f64::NAN)),
        })
        .collect()
}

/// What a cell is called.
struct Naming<'a> {
    factors: &'a [Varied],
    /// Number of its setting of the levers, and that of their baseline.
    lever: (usize, Option<usize>),
    /// Number of its setting of the uncertainties.
    point: usize,
}

impl Naming<'_> {
    /// Made of the settings: alternatives go by their own name where that is clear, sampled settings by number.
    fn name(&self, reader: &Reader, settings: &[Coordinate]) -> String {
        let mut parts = Vec::new();
        for kind in [FactorKind::Lever, FactorKind::Uncertainty] {
            let members = || {
                let both = self.factors.iter().zip(settings);
                both.filter(move |(varied, _)| varied.factor.kind == kind)
            };
            if members().next().is_none() {
                continue;
            }
            if reader.design(kind).samples() {
                parts.push(match kind {
                    FactorKind::Lever if Some(self.lever.0) == self.lever.1 => {
                        "baseline".to_owned()
                    }
                    FactorKind::Lever => format!("setting-{}", self.lever.0),
                    FactorKind::Uncertainty => format!("point-{}", self.point + 1),
                });
                continue;
            }
            for (varied, setting) in members() {
                let (Coordinate::Level(level), FactorDomain::Levels { labels, .. }) =
                    (setting, &varied.factor.domain)
                else {
                    continue;
                };
                let label = &labels[*level];
                parts.push(if self.speaks_for_itself(varied, label) {
                    label.clone()
                } else {
                    format!("{}={label}", varied.factor.name)
                });
            }
        }
        if parts.is_empty() {
            return "scenario".to_owned();
        }
        parts.join(",")
    }

    /// Whether a label is the name of an alternative, of this factor alone, and not a number.
    fn speaks_for_itself(&self, varied: &Varied, label: &str) -> bool {
        let has = |varied: &&Varied| match (&varied.change, &varied.factor.domain) {
            (Change::Overlays(_) | Change::Arms(_), FactorDomain::Levels { labels, .. }) => {
                labels.iter().any(|other| other == label)
            }
            _ => false,
        };
        has(&varied)
            && label.parse::<f64>().is_err()
            && self.factors.iter().filter(has).count() == 1
    }
}
