//! Points of the register as a plan that a sweep runs: one cell a point, nothing compared.

use serde_json::Value as Json;

use super::axis::{Axis, lay};
use crate::experiment::design::{Domain, Point};
use crate::experiment::file::{RangeFile, ScaleFile, StopFile};
use crate::experiment::plan::{Factor, FactorDomain, FactorKind, Plan, PlanRecord, PlannedCell};
use crate::experiment::rows::{KeptRows, RowForm};
use crate::measure::Columns;
use crate::scenario::register::{Leeway, Spacing};
use crate::scenario::{LoadError, Scenario};

/// What all points of a plan share.
#[derive(Debug, Clone)]
pub struct Ground {
    /// One line that names the plan.
    pub title: String,
    /// Seed of all random numbers: the same for every point.
    pub seed: u64,
    /// Two-sided confidence.
    pub confidence: f64,
    /// The measures that are looked at.
    pub measures: Vec<String>,
    /// The scenario as typed.
    pub scenario: Json,
    /// What the points move.
    pub axes: Vec<Axis>,
    /// Replications of each.
    pub replications: u64,
}

impl Ground {
    /// Everything that a scenario lets be moved.
    pub fn of(scenario: &Scenario, title: String, seed: u64, replications: u64) -> Ground {
        Ground {
            title,
            seed,
            confidence: 0.95,
            measures: Vec::new(),
            scenario: serde_json::to_value(&scenario.file).unwrap_or_default(),
            axes: Axis::all(&scenario.register),
            replications,
        }
    }

    /// Of every axis.
    pub fn domains(&self) -> Vec<Domain> {
        self.axes.iter().map(|axis| axis.domain).collect()
    }

    /// What a point lays over the scenario.
    pub fn overlay(&self, point: &Point) -> Json {
        let mut whole = Json::Object(serde_json::Map::new());
        for (axis, &at) in self.axes.iter().zip(point) {
            lay(&mut whole, axis.overlay(at));
        }
        whole
    }

    /// The scenario at a point; else why it is none.
    ///
    /// # Errors
    /// Values that do not go together.
    pub fn scenario_at(&self, point: &Point) -> Result<Scenario, LoadError> {
        let cell = PlannedCell {
            name: String::new(),
            settings: Vec::new(),
            reference: None,
            arm_of: Vec::new(),
            overlays: vec![self.overlay(point)],
        };
        self.record(vec![cell]).scenario(0)
    }

    /// Whether a point makes a sound scenario, with these columns.
    pub fn sound(&self, point: &Point, columns: &Columns) -> bool {
        self.scenario_at(point).is_ok_and(|scenario| {
            let there = Columns::new(&scenario.cast);
            there.columns() == columns.columns() && there.confusion() == columns.confusion()
        })
    }

    /// The plan of some points, named.
    ///
    /// # Errors
    /// The first of the points that is no scenario.
    pub fn plan(&self, points: &[(String, Option<Point>)]) -> Result<Plan, LoadError> {
        let cells = points.iter().map(|(name, point)| {
            let axes = self.axes.iter().enumerate();
            PlannedCell {
                name: name.clone(),
                settings: axes
                    .filter_map(|(number, axis)| match point {
                        Some(point) => Some(point[number]),
                        // The scenario as written, as near as the axes can say.
                        None => axis.written().or(Some(axis.domain.at(0.5))),
                    })
                    .collect(),
                reference: None,
                arm_of: Vec::new(),
                overlays: point.iter().map(|point| self.overlay(point)).collect(),
            }
        });
        Plan::from_record(self.record(cells.collect()))
    }

    fn record(&self, cells: Vec<PlannedCell>) -> PlanRecord {
        PlanRecord {
            rows: KeptRows::new(RowForm::Csv, self.measures.clone()),
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            title: self.title.clone(),
            seed: self.seed,
            confidence: self.confidence,
            measures: self.measures.clone(),
            factors: self.axes.iter().map(factor).collect(),
            cells,
            scenario: self.scenario.clone(),
            stop: StopFile::Fixed {
                replications: self.replications,
            },
            asked: None,
        }
    }
}

/// An axis as a factor of a plan.
fn factor(axis: &Axis) -> Factor {
    let labels = |count: usize| -> Vec<String> {
        let levels = (0..count).map(crate::experiment::design::Coordinate::Level);
        levels.map(|level| axis.label(level)).collect()
    };
    let domain = match (&axis.assumption.leeway, axis.domain) {
        (
            &Leeway::Range {
                low, high, scale, ..
            },
            _,
        ) => FactorDomain::Range {
            range: RangeFile {
                low,
                high,
                scale: match scale {
                    Spacing::Linear => ScaleFile::Linear,
                    Spacing::Log => ScaleFile::Log,
                },
                levels: None,
            },
            baseline: None,
        },
        (_, Domain::Levels(count)) => FactorDomain::Levels {
            labels: labels(count),
            baseline: 0,
        },
        (_, Domain::Range { .. }) => FactorDomain::Levels {
            labels: Vec::new(),
            baseline: 0,
        },
    };
    Factor {
        name: axis.assumption.name.clone(),
        kind: FactorKind::Uncertainty,
        meaning: axis.assumption.meaning.clone(),
        domain,
    }
}
