//! Which uncertainty moves which measure, and how far.
//!
//! Told apart for each setting of the levers, since a rule may be what makes an uncertainty matter.
//!
//! | factor | effect | interval |
//! |---|---|---|
//! | levels, points that differ in it alone (grid, one at a time) | `main_effect`: mean over such pairs of points of the measure at the level less that at the baseline level, in the unit of the measure | delete-a-group jackknife over [`GROUPS`] groups of replications, t with G - 1 degrees: all points share their random numbers, so only whole replications are independent (Kott, J. Official Statistics 17 (2001) 521) |
//! | levels among sampled points | `mean_difference`: mean of the points at the level less that of those at the baseline level | Welch's variance over the points, and that of the common random numbers |
//! | range | `regression`: change from the low to the high end of the range, other ranges held, from least squares on `u_j` in [0, 1], the share of the range (of its logarithm on the log scale) | residual variance, n - p - 1 degrees, and that of the common random numbers |
//! | range | `rank_correlation`: Spearman's rho of value and measure over the points, midranks for ties | Fisher's z with variance `(1 + rho^2/2) / (n - 3)` (Bonett and Wright, Psychometrika 65 (2000) 23), plus the jackknife's of rho over `(1 - rho^2)^2`, t with G - 1 degrees; holds 92 instead of 95 per cent where a measure depends on chance alone |
//!
//! The first three are in the unit of the measure and are ranked by size; the fourth says how monotone the influence
//! is. A measure that is the same at all points moves nothing, and no uncertainty has a place by it. Intervals hold together for all
//! uncertainties and measures at a setting of the levers: Bonferroni.
//!
//! All points share their random numbers, and random numbers that favours one end of a range tilts every fit over it, however many points
//! there are and however small the residuals. So the variance of a linear effect over sampled points has two parts. That
//! of the random numbers is the jackknife's over the groups of replications. That of the choice of points is Welch's or the
//! residual one, a quadratic form `q(values)`, less what random numbers contributes to it, `(G-1)/G sum q(d_g)` for the deviations
//! `d_g` of the values without group g from their mean over g, and not below 0. Degrees of freedom after Satterthwaite,
//! Biometrics 2 (1946) 110.
//!
//! The intervals of sampled points treat the points as drawn at random, which is cautious: a Latin hypercube and a
//! Sobol' sequence cover better than that. No interval where there are too few points or nothing varies.

use nalgebra::{DMatrix, DVector};

use super::accounts::{Accounts, GROUPS, GroupSums};
use super::design::{Coordinate, Domain};
use super::plan::{FactorDomain, FactorKind, PlanRecord};
use crate::statistics::intervals::t_quantile;

/// How an effect was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectMethod {
    /// Pairs of points that differ in the factor alone.
    MainEffect,
    /// All points at one level against all at another.
    MeanDifference,
    /// Least squares over the ranges.
    Regression,
    /// Spearman's rho.
    RankCorrelation,
}

impl EffectMethod {
    /// The stable code written to files.
    pub fn code(self) -> &'static str {
        match self {
            EffectMethod::MainEffect => "main_effect",
            EffectMethod::MeanDifference => "mean_difference",
            EffectMethod::Regression => "regression",
            EffectMethod::RankCorrelation => "rank_correlation",
        }
    }
}

/// What one uncertainty does to one measure at one setting of the levers.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// A cell of the setting of the levers: the first.
    pub cell: usize,
    /// Number of the factor.
    pub factor: usize,
    /// Number of the measure among those of the plan.
    pub measure: usize,
    /// How it was found.
    pub method: EffectMethod,
    /// From which setting.
    pub from: String,
    /// To which.
    pub to: String,
    /// How much.
    pub effect: Interval,
    /// Points that it rests on.
    pub points: usize,
    /// Place of the factor by the size of its largest change, from 1; none for correlations.
    pub rank: Option<usize>,
}

/// A number and its interval; NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The number.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    fn around(estimate: f64, half: f64) -> Interval {
        Interval {
            estimate,
            low: estimate - half,
            high: estimate + half,
        }
    }
}

/// The effects of all uncertainties, by setting of the levers, then measure, then factor.
pub fn effects(record: &PlanRecord, accounts: &Accounts) -> Vec<Effect> {
    let mut found = Vec::new();
    let groups = accounts.groups();
    for cells in blocks(record) {
        for (measure, _) in record.measures.iter().enumerate() {
            let of_cell = |&cell: &usize| &groups[cell][measure];
            let sums: Vec<&GroupSums> = cells.iter().map(of_cell).collect();
            let block = Block {
                record,
                cells: &cells,
                sums: &sums,
            };
            let first = found.len();
            block.effects(measure, &mut found);
            rank(&mut found[first..]);
        }
    }
    found
}

/// The cells of each setting of the levers, in the order of the plan.
pub(super) fn blocks(record: &PlanRecord) -> Vec<Vec<usize>> {
    let levers = record
        .factors
        .iter()
        .filter(|factor| factor.kind == FactorKind::Lever)
        .count();
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for (cell, planned) in record.cells.iter().enumerate() {
        let same = |block: &&mut Vec<usize>| {
            record.cells[block[0]].settings[..levers] == planned.settings[..levers]
        };
        match blocks.iter_mut().find(same) {
            Some(block) => block.push(cell),
            None => blocks.push(vec![cell]),
        }
    }
    blocks
}

/// Gives each factor its place by the largest change it makes.
fn rank(effects: &mut [Effect]) {
    let mut sizes: Vec<(usize, f64)> = Vec::new();
    for effect in effects.iter() {
        let size = effect.effect.estimate.abs();
        // What does not vary has no place.
        if effect.method == EffectMethod::RankCorrelation || size.is_nan() || size == 0.0 {
            continue;
        }
        match sizes
            .iter_mut()
            .find(|(factor, _)| *factor == effect.factor)
        {
            Some((_, largest)) => *largest = largest.max(size),
            None => sizes.push((effect.factor, size)),
        }
    }
    sizes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for effect in effects {
        if effect.method != EffectMethod::RankCorrelation {
            let place = sizes
                .iter()
                .position(|(factor, _)| *factor == effect.factor);
            effect.rank = place.map(|place| place + 1);
        }
    }
}

/// The points of one setting of the levers, and the sums of one measure at each.
struct Block<'a> {
    record: &'a PlanRecord,
    cells: &'a [usize],
    sums: &'a [&'a GroupSums],
}

impl Block<'_> {
    fn setting(&self, point: usize, factor: usize) -> Coordinate {
        self.record.cells[self.cells[point]].settings[factor]
    }

    /// The measure at a point, without one group of replications if so wished.
    fn estimate(&self, point: usize, without: Option<usize>) -> f64 {
        estimate(self.sums[point], without)
    }

    fn effects(&self, measure: usize, found: &mut Vec<Effect>) {
        let factors = || {
            let factors = self.record.factors.iter().enumerate();
            factors.filter(|(_, factor)| factor.kind == FactorKind::Uncertainty)
        };
        let mut push = |factor, method, (from, to): (String, String), effect, points| {
            found.push(Effect {
                cell: self.cells[0],
                factor,
                measure,
                method,
                from,
                to,
                effect,
                points,
                rank: None,
            });
        };
        for (number, factor) in factors() {
            let FactorDomain::Levels { labels, baseline } = &factor.domain else {
                continue;
            };
            for level in (0..labels.len()).filter(|level| level != baseline) {
                let ends = (labels[*baseline].clone(), labels[level].clone());
                let pairs = self.matched(number, *baseline, level);
                if pairs.is_empty() {
                    let (effect, points) = self.apart(number, *baseline, level);
                    push(number, EffectMethod::MeanDifference, ends, effect, points);
                } else {
                    let effect = self.main_effect(&pairs);
                    push(number, EffectMethod::MainEffect, ends, effect, pairs.len());
                }
            }
        }
        let ranges: Vec<(usize, Domain, (String, String))> = factors()
            .filter_map(|(number, factor)| match &factor.domain {
                FactorDomain::Range { range, .. } => Some((
                    number,
                    range.domain(),
                    (range.low.to_string(), range.high.to_string()),
                )),
                FactorDomain::Levels { .. } => None,
            })
            .collect();
        let points: Vec<usize> = (0..self.cells.len())
            .filter(|&point| self.estimate(point, None).is_finite())
            .collect();
        let values: Vec<f64> = points
            .iter()
            .map(|&point| self.estimate(point, None))
            .collect();
        let coordinates: Vec<Vec<f64>> = ranges
            .iter()
            .map(|(number, domain, _)| {
                let unit = |&point: &usize| domain.unit(self.setting(point, *number));
                points.iter().filter_map(unit).collect()
            })
            .collect();
        let draws = self.draws(&points);
        let mut slopes = regression(
            &coordinates,
            &values,
            &draws,
            self.record.effect_confidence(),
        );
        // Where all points are alike, rounding is all that a fit finds.
        if values.iter().all(|value| *value == values[0]) {
            slopes.fill(Interval::around(0.0, f64::NAN));
        }
        for (position, (number, _, ends)) in ranges.into_iter().enumerate() {
            let slope = slopes[position];
            push(
                number,
                EffectMethod::Regression,
                ends.clone(),
                slope,
                values.len(),
            );
            let rho = rank_correlation(
                &coordinates[position],
                &values,
                &draws,
                self.record.effect_confidence(),
            );
            push(
                number,
                EffectMethod::RankCorrelation,
                ends,
                rho,
                values.len(),
            );
        }
    }

    /// Pairs of points that differ in a factor alone: at the baseline level, at the level.
    fn matched(&self, factor: usize, baseline: usize, level: usize) -> Vec<(usize, usize)> {
        let at =
            |point: usize, level: usize| self.setting(point, factor) == Coordinate::Level(level);
        let alike = |one: usize, other: usize| {
            (0..self.record.factors.len())
                .filter(|&other_factor| other_factor != factor)
                .all(|factor| self.setting(one, factor) == self.setting(other, factor))
        };
        let points = 0..self.cells.len();
        points
            .clone()
            .filter(|&point| at(point, level))
            .filter_map(|to| {
                let mut points = points.clone();
                let from = points.find(|&from| at(from, baseline) && alike(from, to))?;
                Some((from, to))
            })
            .collect()
    }

    fn main_effect(&self, pairs: &[(usize, usize)]) -> Interval {
        let mean = |without: Option<usize>| {
            let change = |&(from, to): &(usize, usize)| {
                self.estimate(to, without) - self.estimate(from, without)
            };
            pairs.iter().map(change).sum::<f64>() / pairs.len() as f64
        };
        let groups: Vec<usize> = (0..GROUPS)
            .filter(|&group| self.sums.iter().any(|sums| sums[group].1 > 0.0))
            .collect();
        let half = jackknife(
            groups.iter().map(|&group| mean(Some(group))),
            self.record.effect_confidence(),
        );
        Interval::around(mean(None), half)
    }

    /// Two levels of a factor among points that differ in other factors as well.
    fn apart(&self, factor: usize, baseline: usize, level: usize) -> (Interval, usize) {
        let at = |level: usize| {
            (0..self.cells.len())
                .filter(move |&point| self.setting(point, factor) == Coordinate::Level(level))
                .filter(|&point| self.estimate(point, None).is_finite())
        };
        let points: Vec<usize> = at(baseline).chain(at(level)).collect();
        let values: Vec<f64> = points
            .iter()
            .map(|&point| self.estimate(point, None))
            .collect();
        let first = at(baseline).count();
        let interval = welch(
            &values,
            first,
            &self.draws(&points),
            self.record.effect_confidence(),
        );
        (interval, points.len())
    }

    /// By how much the values at the points, each time without one group of replications, deviate from their mean over
    /// the groups.
    fn draws(&self, points: &[usize]) -> Vec<Vec<f64>> {
        let seen = |group: usize| points.iter().any(|&point| self.sums[point][group].1 > 0.0);
        let groups: Vec<usize> = (0..GROUPS).filter(|&group| seen(group)).collect();
        deviations(points, &groups, |point, without| {
            self.estimate(point, without)
        })
    }
}

/// A measure by its sums, without one group of replications if so wished.
pub(super) fn estimate(sums: &GroupSums, without: Option<usize>) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for (group, (y, x)) in sums.iter().enumerate() {
        if Some(group) != without {
            above += y;
            below += x;
        }
    }
    above / below
}

/// The values `at` some points without each of some groups of replications, less their mean over the groups.
pub(super) fn deviations(
    points: &[usize],
    groups: &[usize],
    at: impl Fn(usize, Option<usize>) -> f64,
) -> Vec<Vec<f64>> {
    let without = |&group: &usize| {
        let values = points.iter().map(|&point| at(point, Some(group)));
        values.collect::<Vec<f64>>()
    };
    let mut deviations: Vec<Vec<f64>> = groups.iter().map(without).collect();
    for at in 0..points.len() {
        let sum: f64 = deviations.iter().map(|values| values[at]).sum();
        let mean = sum / groups.len() as f64;
        for values in &mut deviations {
            values[at] -= mean;
        }
    }
    deviations
}

/// Half-width from the values without each group: `t sqrt((G-1)/G sum (e_g - mean)^2)`; NaN below two groups.
pub(super) fn jackknife(without: impl Iterator<Item = f64>, confidence: f64) -> f64 {
    let values: Vec<f64> = without.collect();
    let g = values.len() as f64;
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = values.iter().sum::<f64>() / g;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    t_quantile(confidence, g - 1.0) * libm::sqrt((g - 1.0) / g * squares)
}

/// A linear effect of the values at sampled points with its interval: `quadratic` estimates its variance as if the
/// points had random numbers of their own, with `degrees` degrees of freedom, and `draws` holds the deviations without each group.
/// See the module page.
pub(super) fn linear_effect(
    effect: impl Fn(&[f64]) -> f64,
    quadratic: impl Fn(&[f64]) -> f64,
    degrees: f64,
    values: &[f64],
    draws: &[Vec<f64>],
    confidence: f64,
) -> Interval {
    let estimate = effect(values);
    let g = draws.len() as f64;
    if draws.len() < 2 {
        return Interval::around(estimate, f64::NAN);
    }
    let over_groups = |form: &dyn Fn(&[f64]) -> f64| {
        (g - 1.0) / g * draws.iter().map(|deviation| form(deviation)).sum::<f64>()
    };
    let of_draws = over_groups(&|deviation| {
        let change = effect(deviation);
        change * change
    });
    let rest = quadratic(values) - over_groups(&quadratic);
    let of_points = if rest < 0.0 { 0.0 } else { rest };
    let variance = of_draws + of_points;
    if variance.is_nan() || variance <= 0.0 {
        return Interval::around(estimate, f64::NAN);
    }
    let satterthwaite =
        variance * variance / (of_draws * of_draws / (g - 1.0) + of_points * of_points / degrees);
    let half = t_quantile(confidence, satterthwaite) * libm::sqrt(variance);
    Interval::around(estimate, half)
}

/// Mean and variance of the mean.
pub(super) fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    (mean, squares / (n - 1.0) / n)
}

/// Mean of the values from number `first` on less that of those before, of unequal variances: Welch, Biometrika 34
/// (1947) 28.
fn welch(values: &[f64], first: usize, draws: &[Vec<f64>], confidence: f64) -> Interval {
    let moments = |values: &[f64]| {
        let (one, two) = values.split_at(first);
        (mean_and_variance(one), mean_and_variance(two))
    };
    let ((m1, v1), (m2, v2)) = moments(values);
    let (d1, d2) = (first as f64 - 1.0, (values.len() - first) as f64 - 1.0);
    if d1 < 1.0 || d2 < 1.0 {
        return Interval::around(m2 - m1, f64::NAN);
    }
    let degrees = if v1 + v2 > 0.0 {
        (v1 + v2) * (v1 + v2) / (v1 * v1 / d1 + v2 * v2 / d2)
    } else {
        1.0
    };
    linear_effect(
        |values| {
            let ((m1, _), (m2, _)) = moments(values);
            m2 - m1
        },
        |values| {
            let ((_, v1), (_, v2)) = moments(values);
            v1 + v2
        },
        degrees,
        values,
        draws,
        confidence,
    )
}

/// Slopes of a least-squares fit with intercept, one for each row of coordinates; NaN where it cannot be told.
fn regression(
    coordinates: &[Vec<f64>],
    values: &[f64],
    draws: &[Vec<f64>],
    confidence: f64,
) -> Vec<Interval> {
    let (n, p) = (values.len(), coordinates.len());
    let unknown = vec![Interval::around(f64::NAN, f64::NAN); p];
    if p == 0 || n < p + 3 {
        return unknown;
    }
    let x = DMatrix::from_fn(n, p + 1, |row, column| match column {
        0 => 1.0,
        column => coordinates[column - 1][row],
    });
    let Some(inverse) = (x.transpose() * &x).try_inverse() else {
        return unknown;
    };
    let fit = &inverse * x.transpose();
    let degrees = (n - p - 1) as f64;
    let residual = |values: &[f64]| {
        let y = DVector::from_column_slice(values);
        let residuals = &y - &x * (&fit * &y);
        residuals.dot(&residuals) / degrees
    };
    (1..=p)
        .map(|j| {
            let slope = |values: &[f64]| fit.row(j).iter().zip(values).map(|(b, y)| b * y).sum();
            let variance = |values: &[f64]| residual(values) * inverse[(j, j)];
            linear_effect(slope, variance, degrees, values, draws, confidence)
        })
        .collect()
}

/// Ranks from 1; equal values share the mean of theirs.
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let mut end = first + 1;
        while end < order.len() && values[order[end]] == values[order[first]] {
            end += 1;
        }
        for &at in &order[first..end] {
            ranks[at] = (first + 1 + end) as f64 / 2.0;
        }
        first = end;
    }
    ranks
}

/// Spearman's rank correlation: Pearson's of the midranks; NaN if either does not vary.
fn spearman(one: &[f64], two: &[f64]) -> f64 {
    let (one, two) = (midranks(one), midranks(two));
    let mean = (one.len() as f64 + 1.0) / 2.0;
    let (mut product, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(&two) {
        product += (x - mean) * (y - mean);
        a += (x - mean) * (x - mean);
        b += (y - mean) * (y - mean);
    }
    if a * b <= 0.0 {
        return f64::NAN;
    }
    product / libm::sqrt(a * b)
}

/// Spearman's rho with its interval.
fn rank_correlation(
    coordinates: &[f64],
    values: &[f64],
    draws: &[Vec<f64>],
    confidence: f64,
) -> Interval {
    let rho = spearman(coordinates, values);
    let (n, g) = (values.len() as f64, draws.len() as f64);
    let missing = draws.iter().flatten().any(|deviation| deviation.is_nan());
    if n < 4.0 || draws.len() < 2 || missing || rho.is_nan() || rho.abs() >= 1.0 {
        return Interval::around(rho, f64::NAN);
    }
    let without: Vec<f64> = draws
        .iter()
        .map(|deviation| {
            let values: Vec<f64> = values.iter().zip(deviation).map(|(y, d)| y + d).collect();
            spearman(coordinates, &values)
        })
        .collect();
    let mean = without.iter().sum::<f64>() / g;
    let squares: f64 = without.iter().map(|rho| (rho - mean) * (rho - mean)).sum();
    let slope = 1.0 - rho * rho;
    let variance = (1.0 + rho * rho / 2.0) / (n - 3.0) + (g - 1.0) / g * squares / (slope * slope);
    let z = libm::atanh(rho);
    let half = t_quantile(confidence, g - 1.0) * libm::sqrt(variance);
    Interval {
        estimate: rho,
        low: libm::tanh(z - half),
        high: libm::tanh(z + half),
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Random numbers that moves nothing.
    fn no_draws(points: usize) -> Vec<Vec<f64>> {
        vec![vec![0.0; points]; GROUPS]
    }

    #[test]
    fn midranks_share_ties() {
        assert_eq!(midranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!(midranks(&[]).is_empty());
    }

    #[test]
    fn rank_correlation_by_hand() {
        // Without ties 1 - 6 sum d^2 / (n (n^2 - 1)); here d = 0, -1, 1, 0, 0.
        let rho = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 9.0, 4.0, 16.0, 25.0]);
        assert!((rho - 0.9).abs() < 1e-12);
        assert!(spearman(&[1.0, 2.0, 3.0], &[7.0, 7.0, 7.0]).is_nan());
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[5.0, 4.0, 3.0]), -1.0);
    }

    #[test]
    fn a_plane_is_found_exactly() {
        let one: Vec<f64> = (0..12).map(|i| f64::from(i % 4)).collect();
        let two: Vec<f64> = (0..12).map(|i| f64::from(i / 4)).collect();
        let values: Vec<f64> = one
            .iter()
            .zip(&two)
            .map(|(a, b)| 2.0 + 3.0 * a - 0.5 * b)
            .collect();
        let slopes = regression(&[one, two], &values, &no_draws(12), 0.95);
        assert!((slopes[0].estimate - 3.0).abs() < 1e-10);
        assert!((slopes[1].estimate + 0.5).abs() < 1e-10);
        assert!(slopes[0].high - slopes[0].low < 1e-9);
    }

    #[test]
    fn too_little_gives_no_interval() {
        assert!(
            regression(&[vec![0.0, 1.0, 0.5]], &[1.0, 2.0, 1.5], &no_draws(3), 0.95)[0]
                .low
                .is_nan()
        );
        assert!(welch(&[1.0, 2.0, 3.0], 1, &no_draws(3), 0.95).low.is_nan());
        let three = [1.0, 2.0, 4.0];
        assert!(
            rank_correlation(&three, &[3.0, 1.0, 9.0], &no_draws(3), 0.95)
                .low
                .is_nan()
        );
        // The same everywhere, and certain: nothing to base an interval on.
        let flat = regression(
            &[(0..9).map(f64::from).collect()],
            &[0.5; 9],
            &no_draws(9),
            0.95,
        );
        assert!(flat[0].estimate.abs() < 1e-12);
        assert!(jackknife([1.0].into_iter(), 0.95).is_nan());
    }

    /// The jackknife of a mean is the textbook variance of the mean.
    #[test]
    fn jackknife_of_a_mean_by_hand() {
        let data = [3.0, 1.0, 4.0, 1.0, 5.0];
        let sum: f64 = data.iter().sum();
        let without = data.iter().map(|value| (sum - value) / 4.0);
        let (_, variance) = mean_and_variance(&data);
        let expected = t_quantile(0.95, 4.0) * libm::sqrt(variance);
        assert!((jackknife(without, 0.95) - expected).abs() < 1e-12);
    }

    /// 2 000 sets of 30 points: slope and mean difference within 95 %, less 3.5 standard errors of the count (.017).
    #[test]
    fn intervals_cover() {
        const SETS: u32 = 2_000;
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (mut slopes, mut means) = (0, 0);
        for _ in 0..SETS {
            let coordinates: Vec<Vec<f64>> = (0..2)
                .map(|_| (0..30).map(|_| uniform(&mut rng)).collect())
                .collect();
            let noise: Vec<f64> = (0..30)
                .map(|_| uniform(&mut rng) + uniform(&mut rng))
                .collect();
            let values: Vec<f64> = (0..30)
                .map(|i| 0.7 * coordinates[0][i] - 0.2 * coordinates[1][i] + noise[i])
                .collect();
            let slope = regression(&coordinates, &values, &no_draws(30), 0.95)[0];
            slopes += u32::from(slope.low <= 0.7 && 0.7 <= slope.high);
            let mut shifted = noise.clone();
            for value in &mut shifted[15..] {
                *value += 0.4;
            }
            let mean = welch(&shifted, 15, &no_draws(30), 0.95);
            means += u32::from(mean.low <= 0.4 && 0.4 <= mean.high);
        }
        for held in [slopes, means] {
            let share = f64::from(held) / f64::from(SETS);
            assert!((0.933..0.967).contains(&share), "{share}");
        }
    }

    /// 64 points run with common random numbers: a replication has an event where its number is below the chance there. The
    /// residuals are far smaller than what the random numbers does to the slope. 95 %, less 3.5 standard errors of 1 000 sets.
    #[test]
    fn shared_luck_is_in_the_interval() {
        const SETS: u32 = 1_000;
        const POINTS: usize = 64;
        const REPLICATIONS: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let (mut slopes, mut means, mut levels, mut ranks, mut by_residuals) = (0, 0, 0, 0, 0);
        // A chance that rises from 0.2 to 0.3, and one that does not depend on u.
        for _ in 0..SETS {
            let u: Vec<f64> = (0..POINTS)
                .map(|i| (i as f64 + uniform(&mut rng)) / POINTS as f64)
                .collect();
            let mut rising = vec![[0.0; GROUPS]; POINTS];
            let mut flat = vec![[0.0; GROUPS]; POINTS];
            for r in 0..REPLICATIONS {
                let draws = uniform(&mut rng);
                for (i, &u) in u.iter().enumerate() {
                    rising[i][r % GROUPS] += f64::from(u8::from(draws < 0.2 + 0.1 * u));
                    // As likely everywhere, but by other random numbers at the other end.
                    let turned = (draws + 0.1 * u).fract();
                    flat[i][r % GROUPS] += f64::from(u8::from(turned < 0.2));
                }
            }
            let values = |sums: &[[f64; GROUPS]], without: Option<usize>| -> Vec<f64> {
                sums.iter()
                    .map(|sums| {
                        let total: f64 = sums.iter().sum();
                        match without {
                            Some(group) => {
                                let fewer = REPLICATIONS - REPLICATIONS / GROUPS;
                                (total - sums[group]) / fewer as f64
                            }
                            None => total / REPLICATIONS as f64,
                        }
                    })
                    .collect()
            };
            let draws = |sums: &[[f64; GROUPS]]| -> Vec<Vec<f64>> {
                let all = values(sums, None);
                (0..GROUPS)
                    .map(|group| {
                        let without = values(sums, Some(group));
                        without.iter().zip(&all).map(|(y, mean)| y - mean).collect()
                    })
                    .collect()
            };
            let rising_values = values(&rising, None);
            let rising_draws = draws(&rising);
            let u = [u];
            let slope = regression(&u, &rising_values, &rising_draws, 0.95)[0];
            slopes += u32::from(slope.low <= 0.1 && 0.1 <= slope.high);
            let naive = regression(&u, &rising_values, &no_draws(POINTS), 0.95)[0];
            by_residuals += u32::from(naive.low <= 0.1 && 0.1 <= naive.high);
            let mean = welch(&rising_values, POINTS / 2, &rising_draws, 0.95);
            means += u32::from(mean.low <= 0.05 && 0.05 <= mean.high);
            // What `averages` says: the mean over the range is .25.
            let level = linear_effect(
                |values| mean_and_variance(values).0,
                |values| mean_and_variance(values).1,
                POINTS as f64 - 1.0,
                &rising_values,
                &rising_draws,
                0.95,
            );
            levels += u32::from(level.low <= 0.25 && 0.25 <= level.high);
            let rho = rank_correlation(&u[0], &values(&flat, None), &draws(&flat), 0.95);
            ranks += u32::from(rho.low <= 0.0 && 0.0 <= rho.high);
        }
        let share = |held: u32| f64::from(held) / f64::from(SETS);
        let shares = [slopes, means, levels, ranks, by_residuals].map(share);
        println!("slope, difference, mean, rank, slope by residuals alone: {shares:?}");
        assert!(
            shares[..3].iter().all(|share| *share >= 0.926),
            "{shares:?}"
        );
        // Where a rank correlation is chance alone it may come out near 1, which the linearised variance allows for less well.
        assert!(shares[3] >= 0.89, "{shares:?}");
        assert!(shares[4] < 0.5, "{shares:?}");
    }
}
