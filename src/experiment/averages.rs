//! What a setting of the levers comes to over everything that is not known: the mean over the points of the uncertainties, and the
//! points at which it is least and most; and the same of its change against the reference, point by point.
//!
//! | points | the mean is | its interval holds |
//! |---|---|---|
//! | sampled from ranges (Latin hypercube, Sobol') | an estimate of the mean over the ranges, each uncertainty evenly over its range (or its logarithm) | which points were drawn, `s^2 / K` of the values at K points less what chance contributes to it, and chance; [`super::effects`] says how the two are told apart. Cautious: such points cover better than a random sample |
//! | all combinations of levels, worlds | the mean of just these points | chance alone: the delete-a-group jackknife over groups of replications, which all points share |
//!
//! Where no group of replications differs from another at any point (nothing was ever seen, or all pairs are equal), the ends are the
//! widest of the intervals at the points: what is not seen at any of the points on the same random numbers is no more frequent in
//! their mean than it may be at one of them.
//!
//! Points weigh alike: a mean over them is no probability, unless the uncertainties are taken for independent and evenly
//! distributed. One factor at a time is no sample of anything, and has no mean.

use super::accounts::{Accounts, GROUPS, GroupSums};
use super::design::Coordinate;
use super::effects::{Interval, blocks, deviations, estimate, linear_effect, mean_and_variance};
use super::plan::{FactorDomain, FactorKind, PlanRecord};
use super::rule::joint;
use super::worlds::file::WORLD;
use crate::measure::Kind;
use crate::statistics::estimate::Estimate;

/// A measure at a setting of the levers, over the points of the uncertainties.
#[derive(Debug, Clone)]
pub struct Average {
    /// The cells of the points.
    pub cells: Vec<usize>,
    /// Number of the measure among those of the plan.
    pub measure: usize,
    /// The measure.
    pub value: Over,
    /// Its change against the reference; none for the reference itself.
    pub change: Option<Change>,
}

/// Values at some points.
#[derive(Debug, Clone)]
pub struct Over {
    /// Points at which there is a value.
    pub points: usize,
    /// Their mean.
    pub mean: Interval,
    /// The least of them, and the cell of the point.
    pub least: (usize, f64),
    /// The most.
    pub most: (usize, f64),
}

/// A change against the setting of the levers that others are compared with.
#[derive(Debug, Clone)]
pub struct Change {
    /// A cell of the reference: that of the first point.
    pub reference: usize,
    /// The differences, each between cells of one point.
    pub over: Over,
    /// Confidence of the interval of their mean.
    pub confidence: f64,
    /// Points at which it is shown to be lower.
    pub lower: usize,
    /// Points at which it is shown to be higher.
    pub higher: usize,
}

/// The averages, by setting of the levers, then measure; nothing where no setting has several points of which a mean means something.
pub fn averages(record: &PlanRecord, accounts: &Accounts) -> Vec<Average> {
    let mut blocks = blocks(record);
    for cells in &mut blocks {
        cells.retain(|&cell| !is_as_written(record, cell));
    }
    if !blocks.iter().all(|cells| is_sample(record, cells)) {
        return Vec::new();
    }
    let groups = accounts.groups();
    let reference = |cell: usize| {
        let mut against = record.cells[cell].against();
        against.find(|&other| same_point(record, cell, other))
    };
    let compared = blocks
        .iter()
        .filter(|cells| reference(cells[0]).is_some())
        .count();
    let all = Together {
        record,
        accounts,
        groups: &groups,
        sampled: record.is_sampled(),
        confidence: joint(record.confidence, compared * record.measures.len()),
    };
    let mut found = Vec::new();
    for cells in blocks {
        let against: Option<Vec<usize>> = cells.iter().map(|&cell| reference(cell)).collect();
        for measure in 0..record.measures.len() {
            let Some(value) = all.value(&cells, measure) else {
                continue;
            };
            found.push(Average {
                change: (against.as_ref()).and_then(|against| all.change(&cells, against, measure)),
                cells: cells.clone(),
                measure,
                value,
            });
        }
    }
    found
}

/// Whether the points of a setting of the levers are several, and sampled or all combinations of some levels.
fn is_sample(record: &PlanRecord, cells: &[usize]) -> bool {
    let uncertain = || {
        let factors = record.factors.iter().enumerate();
        factors.filter(|(_, factor)| factor.kind == FactorKind::Uncertainty)
    };
    let combinations: usize = uncertain()
        .map(|(_, factor)| match &factor.domain {
            FactorDomain::Levels { labels, .. } if factor.name == WORLD => labels.len() - 1,
            FactorDomain::Levels { labels, .. } => labels.len(),
            FactorDomain::Range { .. } => 1,
        })
        .product();
    cells.len() > 1 && (record.is_sampled() || cells.len() == combinations)
}

/// Whether a cell is at the scenario as written, beside worlds: that is none of them.
fn is_as_written(record: &PlanRecord, cell: usize) -> bool {
    let world = record
        .factors
        .iter()
        .position(|factor| factor.name == WORLD);
    world.is_some_and(|world| record.cells[cell].settings[world] == Coordinate::Level(0))
}

/// Whether two cells are at the same point of the uncertainties.
fn same_point(record: &PlanRecord, one: usize, other: usize) -> bool {
    let factors = record.factors.iter().enumerate();
    factors
        .filter(|(_, factor)| factor.kind == FactorKind::Uncertainty)
        .all(|(at, _)| record.cells[one].settings[at] == record.cells[other].settings[at])
        && one != other
}

struct Together<'a> {
    record: &'a PlanRecord,
    accounts: &'a Accounts,
    /// By cell, then measure.
    groups: &'a [Vec<GroupSums>],
    sampled: bool,
    /// Of the interval of a change.
    confidence: f64,
}

impl Together<'_> {
    fn value(&self, cells: &[usize], measure: usize) -> Option<Over> {
        let name = &self.record.measures[measure];
        let at = |cell: usize, without| estimate(&self.groups[cell][measure], without);
        let ends = |point: usize| {
            let estimator = &self.accounts.cells()[cells[point]];
            Some(estimator.cell(name, self.record.confidence)?.value)
        };
        let mut over = self.over(
            cells,
            measure,
            |point, without| at(cells[point], without),
            ends,
            self.record.confidence,
        )?;
        // A mean of shares is a share, and no measure is below 0.
        let columns = self.accounts.cells()[cells[0]].columns();
        let known = columns.derived().iter().find(|known| known.name == *name);
        let most = match known.map(|known| known.measure.kind) {
            Some(Kind::Proportion) => 1.0,
            _ => f64::INFINITY,
        };
        for end in [&mut over.mean.low, &mut over.mean.high] {
            *end = end.clamp(0.0, most);
        }
        Some(over)
    }

    fn change(&self, cells: &[usize], against: &[usize], measure: usize) -> Option<Change> {
        let name = &self.record.measures[measure];
        let at = |cell: usize, without| estimate(&self.groups[cell][measure], without);
        let compared = |point: usize, confidence| {
            let pair = self.accounts.pair(against[point], cells[point])?;
            Some(pair.pairs.compare(name, confidence)?.difference)
        };
        let over = self.over(
            cells,
            measure,
            |point, without| at(cells[point], without) - at(against[point], without),
            |point| compared(point, self.confidence),
            self.confidence,
        )?;
        let shown: Vec<Estimate> = (0..cells.len())
            .filter_map(|point| compared(point, self.record.pair_confidence(name)))
            .collect();
        Some(Change {
            reference: against[0],
            over,
            confidence: self.confidence,
            lower: shown.iter().filter(|one| one.high < 0.0).count(),
            higher: shown.iter().filter(|one| one.low > 0.0).count(),
        })
    }

    /// The values at the points, each also without a group of replications; `ends` is the interval at a point.
    fn over(
        &self,
        cells: &[usize],
        measure: usize,
        at: impl Fn(usize, Option<usize>) -> f64,
        ends: impl Fn(usize) -> Option<Estimate>,
        confidence: f64,
    ) -> Option<Over> {
        let points: Vec<usize> = (0..cells.len())
            .filter(|&point| at(point, None).is_finite())
            .collect();
        let values: Vec<f64> = points.iter().map(|&point| at(point, None)).collect();
        let order = |one: &usize, other: &usize| values[*one].total_cmp(&values[*other]);
        let least = (0..values.len()).min_by(order)?;
        let most = (0..values.len()).max_by(order)?;
        let flown = |group: &usize| {
            let exposed = |&point: &usize| self.groups[cells[point]][measure][*group].1 > 0.0;
            points.iter().any(exposed)
        };
        let flown: Vec<usize> = (0..GROUPS).filter(flown).collect();
        let draws = deviations(&points, &flown, &at);
        let between = |values: &[f64]| match self.sampled {
            true => mean_and_variance(values).1,
            false => 0.0,
        };
        let mut mean = linear_effect(
            |values| mean_and_variance(values).0,
            between,
            values.len() as f64 - 1.0,
            &values,
            &draws,
            confidence,
        );
        if mean.low.is_nan() {
            let ends: Vec<Estimate> = points.iter().filter_map(|&point| ends(point)).collect();
            mean.low = ends.iter().map(|ends| ends.low).fold(f64::NAN, f64::min);
            mean.high = ends.iter().map(|ends| ends.high).fold(f64::NAN, f64::max);
        }
        Some(Over {
            points: values.len(),
            mean,
            least: (cells[points[least]], values[least]),
            most: (cells[points[most]], values[most]),
        })
    }
}
