//! The cells of a plan: which settings of the factors, under which names, compared with what.

use super::super::design::{self, Coordinate, Design, Domain, Point};
use super::super::file::DesignFile;
use super::factor::{Change, Varied};
use super::read::Reader;
use super::{FactorDomain, FactorKind, PlannedCell};
use crate::scenario::load::merge;
use crate::scenario::tree::Item;
use crate::scenario::{Scenario, ready, shape};

/// Problems after which no more cells are checked.
const MOST_PROBLEMS: usize = 100;

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
                self.wrong(&["design", kind.section()], error.to_string());
                None
            }
        }
    }

    /// Every setting of the levers at every setting of the uncertainties, levers fastest, each with its scenario.
    pub fn cells(
        &mut self,
        factors: &[Varied],
        levers: &[Point],
        points: &[Point],
    ) -> Option<(Vec<PlannedCell>, Vec<Scenario>)> {
        let among = |settings: &[Point], kind| {
            let baseline = baseline(factors, kind);
            settings.iter().position(|setting| *setting == baseline)
        };
        let lever_baseline = among(levers, FactorKind::Lever);
        let point_baseline = among(points, FactorKind::Uncertainty);
        let mut cells = Vec::new();
        let mut scenarios = Vec::new();
        for (p, point) in points.iter().enumerate() {
            for (l, lever) in levers.iter().enumerate() {
                let settings: Vec<Coordinate> = lever.iter().chain(point).copied().collect();
                let overlays: Vec<Item> = factors
                    .iter()
                    .zip(&settings)
                    .flat_map(|(varied, &setting)| varied.overlays(setting))
                    .collect();
                let number = p * levers.len() + l;
                // With levers, each is compared with their baseline at the same point; without, each point with the
                // baseline.
                let reference = if levers.len() > 1 {
                    lever_baseline.map(|baseline| p * levers.len() + baseline)
                } else {
                    point_baseline
                };
                let tree = overlays.iter().fold(self.base.clone(), |tree, overlay| {
                    merge(tree, overlay.clone(), Some(shape::shape()))
                });
                match ready(&tree) {
                    Ok(scenario) => scenarios.push(scenario),
                    Err(problems) => self.loader.problems.extend(problems),
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
                    overlays: overlays.iter().map(Item::to_json).collect(),
                });
                if self.loader.problems.len() > MOST_PROBLEMS {
                    return None;
                }
            }
        }
        self.loader
            .problems
            .is_empty()
            .then_some((cells, scenarios))
    }
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
            (Change::Overlays(_), FactorDomain::Levels { labels, .. }) => {
                labels.iter().any(|other| other == label)
            }
            _ => false,
        };
        has(&varied)
            && label.parse::<f64>().is_err()
            && self.factors.iter().filter(has).count() == 1
    }
}
