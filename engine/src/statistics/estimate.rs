//! Estimates with intervals, clustered by replication, from summaries that stream by.
//!
//! Sorties, tracks and shots of one replication share its luck, so the replication is the unit of every interval. A
//! measure is a ratio of sums, `r = Y / X`, over n replications with numerators y_i and denominators x_i:
//!
//! | case | method | code |
//! |---|---|---|
//! | share or rate, ten events or more (and, for a share, ten non-events) | ratio estimator, variance linearised by replication, `v = sum (y_i - r x_i)^2 / (n (n-1) xbar^2)` (Cochran, Sampling Techniques, 1977, ch. 6), t with n-1 degrees on the logit (share) or log (rate) scale | `clustered_logit_t`, `clustered_log_t` |
//! | share of replications, twenty events and non-events or more | Wilson | `wilson` |
//! | share of replications, fewer | Clopper-Pearson | `clopper_pearson` |
//! | share of units, fewer than ten events or non-events, or no variance | exact for the chance q that a replication has any: Clopper-Pearson (k, n), low q / xbar, high q max x / xbar; holds however strongly the units of a replication depend on each other | `clustered_exact` |
//! | share or rate, no event at all | the same, one-sided: high `(1 - tail^(1/n)) max x / xbar` for a share, `-ln(tail) / X` for a rate, tail = (1-confidence)/2 so that the interval as a whole keeps its confidence whatever was seen | `exact_one_sided` |
//! | rate, fewer than ten events | Garwood for the k replications with events, high end times the most events in one: exact if events come as a Poisson process, at most so many at once; where none was seen, they are taken to come singly | `poisson_exact` |
//! | mean of seconds, hours | ratio estimator, t | `clustered_t` |
//! | median, 90 % | sectioning: the quantile in each of up to 32 groups of replications, t over the groups (Asmussen and Glynn, Stochastic Simulation, 2007, III.5) | `sectioning_t` |
//! | the same value in each of 20 replications or more (so at least 86 % of replications have it, at 95 %) | itself | `constant` |
//!
//! Nothing to divide by, or a mean from one replication: no interval (`none`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::intervals::{
    Interval, clopper_pearson, mcnemar, newcombe_paired, poisson, t_quantile, wilson, zero_events,
    zero_of,
};
use super::moments::Moments;
use crate::measure::{Columns, Derived, Group, Kind, Summary};
use crate::units::Millis;

/// Below this many events (or non-events) of clustered units an exact method is used.
pub const FEW: f64 = 10.0;

/// The same for shares of replications, where the exact interval costs little: Wilson's lower end is too high for
/// between ten and twenty events, by up to two per cent of coverage under a stopping rule.
pub const FEW_REPLICATIONS: f64 = 20.0;

/// From so many equal replications on, a value counts as constant.
pub const SETTLED: u64 = 20;

/// How an interval was made; see the module page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Ratio estimator clustered by replication, t on the logit scale.
    ClusteredLogit,
    /// The same on the log scale.
    ClusteredLog,
    /// The same on the plain scale.
    Clustered,
    /// Wilson's score interval over replications.
    Wilson,
    /// Clopper and Pearson's exact interval over replications.
    ClopperPearson,
    /// Exact whatever the dependence within replications.
    ClusteredExact,
    /// Nothing seen (or nothing else): exact one-sided bound.
    ExactOneSided,
    /// Garwood's exact Poisson interval.
    PoissonExact,
    /// Quantiles by sectioning.
    Sectioning,
    /// Did not vary.
    Constant,
    /// Paired difference, linearised, t.
    PairedT,
    /// Paired proportions of replications, Newcombe's method 10.
    Newcombe,
    /// Difference of two intervals, squares added (MOVER), conservative for positively correlated pairs.
    SquareAndAdd,
    /// Not one pair differed: exact bound.
    EqualPairs,
    /// No interval.
    None,
}

impl Method {
    /// The stable code written to files.
    pub fn code(self) -> &'static str {
        match self {
            Method::ClusteredLogit => "clustered_logit_t",
            Method::ClusteredLog => "clustered_log_t",
            Method::Clustered => "clustered_t",
            Method::Wilson => "wilson",
            Method::ClopperPearson => "clopper_pearson",
            Method::ClusteredExact => "clustered_exact",
            Method::ExactOneSided => "exact_one_sided",
            Method::PoissonExact => "poisson_exact",
            Method::Sectioning => "sectioning_t",
            Method::Constant => "constant",
            Method::PairedT => "paired_t",
            Method::Newcombe => "newcombe_paired",
            Method::SquareAndAdd => "square_and_add",
            Method::EqualPairs => "equal_pairs",
            Method::None => "none",
        }
    }
}

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate; NaN if there is nothing to divide by.
    pub estimate: f64,
    /// Lower end; NaN without an interval.
    pub low: f64,
    /// Upper end; NaN without an interval.
    pub high: f64,
    /// How it was made.
    pub method: Method,
}

impl Estimate {
    fn bare(estimate: f64) -> Estimate {
        Estimate {
            estimate,
            low: f64::NAN,
            high: f64::NAN,
            method: Method::None,
        }
    }
}

/// The sums behind one ratio; fed replication by replication, in order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RatioSums {
    moments: Moments<2>,
    with_events: u64,
    with_rest: u64,
    most_events: f64,
    most_units: f64,
}

impl RatioSums {
    /// Adds a replication with numerator `y` and denominator `x`.
    pub fn add(&mut self, y: f64, x: f64) {
        self.moments.add([y, x]);
        self.with_events += u64::from(y > 0.0);
        self.with_rest += u64::from(x > y);
        self.most_events = self.most_events.max(y);
        self.most_units = self.most_units.max(x);
    }

    /// Replications.
    pub fn n(&self) -> u64 {
        self.moments.n()
    }

    /// Sum of the numerators.
    pub fn events(&self) -> f64 {
        self.moments.total(0)
    }

    /// Sum of the denominators.
    pub fn exposure(&self) -> f64 {
        self.moments.total(1)
    }

    /// The ratio of the sums; NaN if there is nothing to divide by.
    pub fn ratio(&self) -> f64 {
        self.events() / self.exposure()
    }

    /// Linearised variance of the ratio.
    pub fn variance(&self) -> f64 {
        let mean = self.moments.mean(1);
        self.moments.variance_of_mean([1.0, -self.ratio()]) / (mean * mean)
    }

    /// The ratio with its interval; `per_replication` where the unit is the replication itself.
    pub fn estimate(&self, kind: Kind, per_replication: bool, confidence: f64) -> Estimate {
        let (n, ratio) = (self.n() as f64, self.ratio());
        if self.n() == 0 || self.exposure() <= 0.0 {
            return Estimate::bare(f64::NAN);
        }
        let made = |(low, high): Interval, method| Estimate {
            estimate: ratio,
            low,
            high,
            method,
        };
        let t = || t_quantile(confidence, n - 1.0);
        let variance = self.variance();
        match kind {
            Kind::Proportion if per_replication => {
                let events = self.events();
                if events <= 0.0 {
                    made((0.0, zero_of(n, confidence)), Method::ExactOneSided)
                } else if events >= n {
                    made((1.0 - zero_of(n, confidence), 1.0), Method::ExactOneSided)
                } else if events.min(n - events) < FEW_REPLICATIONS {
                    made(
                        clopper_pearson(events, n, confidence),
                        Method::ClopperPearson,
                    )
                } else {
                    made(wilson(events, n, confidence), Method::Wilson)
                }
            }
            Kind::Proportion => {
                let (events, rest) = (self.events(), self.exposure() - self.events());
                let mean_units = self.exposure() / n;
                let spread = (self.most_units / mean_units).max(1.0);
                if events <= 0.0 {
                    let high = (zero_of(n, confidence) * spread).min(1.0);
                    made((0.0, high), Method::ExactOneSided)
                } else if rest <= 0.0 {
                    let high = (zero_of(n, confidence) * spread).min(1.0);
                    made((1.0 - high, 1.0), Method::ExactOneSided)
                } else if events < FEW {
                    let (low, high) = clopper_pearson(self.with_events as f64, n, confidence);
                    let low = (low / mean_units).min(ratio);
                    made((low, (high * spread).min(1.0)), Method::ClusteredExact)
                } else if rest < FEW {
                    let (low, high) = clopper_pearson(self.with_rest as f64, n, confidence);
                    let low = (low / mean_units).min(1.0 - ratio);
                    made(
                        ((1.0 - high * spread).max(0.0), 1.0 - low),
                        Method::ClusteredExact,
                    )
                } else if variance <= 0.0 {
                    let (low, high) = clopper_pearson(ratio * n, n, confidence);
                    made((low, high), Method::ClusteredExact)
                } else {
                    let logit = libm::log(ratio / (1.0 - ratio));
                    let half = t() * libm::sqrt(variance) / (ratio * (1.0 - ratio));
                    let back = |value: f64| 1.0 / (1.0 + libm::exp(-value));
                    made(
                        (back(logit - half), back(logit + half)),
                        Method::ClusteredLogit,
                    )
                }
            }
            Kind::Rate => {
                let (events, exposure) = (self.events(), self.exposure());
                if events <= 0.0 {
                    made(
                        (0.0, zero_events(confidence) / exposure),
                        Method::ExactOneSided,
                    )
                } else if variance <= 0.0 && self.n() >= SETTLED {
                    made((ratio, ratio), Method::Constant)
                } else if events < FEW || variance <= 0.0 {
                    let (low, high) = poisson(self.with_events as f64, confidence);
                    let most = self.most_events.max(1.0);
                    made(
                        (
                            (low / exposure).min(ratio),
                            (high * most / exposure).max(ratio),
                        ),
                        Method::PoissonExact,
                    )
                } else {
                    let half = t() * libm::sqrt(variance) / ratio;
                    made(
                        (ratio * libm::exp(-half), ratio * libm::exp(half)),
                        Method::ClusteredLog,
                    )
                }
            }
            Kind::Mean => {
                if self.n() < 2 {
                    Estimate::bare(ratio)
                } else if variance <= 0.0 {
                    if self.n() >= SETTLED {
                        made((ratio, ratio), Method::Constant)
                    } else {
                        Estimate::bare(ratio)
                    }
                } else {
                    let half = t() * libm::sqrt(variance);
                    made(((ratio - half).max(0.0), ratio + half), Method::Clustered)
                }
            }
        }
    }
}

/// Sections for the intervals of quantiles.
const SECTIONS: u64 = 32;

/// A histogram of times that merges: bins of 1 ms up to 0.5 s, then at most 0.4 % wide; only bins in use are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeHistogram {
    bins: BTreeMap<u32, u64>,
    count: u64,
}

impl TimeHistogram {
    /// Bits of a time that a bin keeps below the leading one.
    const BITS: u32 = 8;

    /// Adds a time; before 0 counts as 0.
    pub fn add(&mut self, time: Millis) {
        *self.bins.entry(Self::bin(time)).or_default() += 1;
        self.count += 1;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &TimeHistogram) {
        for (&bin, &count) in &other.bins {
            *self.bins.entry(bin).or_default() += count;
        }
        self.count += other.count;
    }

    /// Times added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest time with at least this share of all at or below it, s: the middle of its bin.
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let wanted = libm::ceil(share * self.count as f64).max(1.0) as u64;
        let mut below = 0;
        for (&bin, &count) in &self.bins {
            below += count;
            if below >= wanted {
                return Some(Self::middle_s(bin));
            }
        }
        None
    }

    /// Shares in steps of two per cent, up to 98, each with its time, s; empty without times.
    pub fn spread_s(&self) -> Vec<(f64, f64)> {
        let shares = (0..50).map(|step| f64::from(step) / 50.0);
        shares
            .filter_map(|share| Some((share, self.quantile_s(share)?)))
            .collect()
    }

    fn bin(time: Millis) -> u32 {
        let millis = time.0.max(0) as u64;
        let length = 64 - millis.leading_zeros();
        let shift = length.saturating_sub(Self::BITS + 1);
        (shift << Self::BITS) + (millis >> shift) as u32
    }

    fn middle_s(bin: u32) -> f64 {
        let shift = (bin >> Self::BITS).saturating_sub(1);
        let first = u64::from(bin - (shift << Self::BITS)) << shift;
        (first as f64 + ((1_u64 << shift) - 1) as f64 / 2.0) / 1000.0
    }
}

/// One row of `summary.csv`: a measure with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Name of the measure.
    pub name: String,
    /// Where it stands in the tables.
    pub group: Group,
    /// Its unit.
    pub unit: &'static str,
    /// What it says.
    pub definition: &'static str,
    /// The number and its interval.
    pub value: Estimate,
    /// Two-sided confidence of the interval.
    pub confidence: f64,
    /// Replications.
    pub n: u64,
    /// Sum of the numerators.
    pub events: f64,
    /// Sum of the denominators.
    pub exposure: f64,
}

/// Everything that is estimated from the replications of one scenario.
#[derive(Debug, Clone)]
pub struct Estimator {
    columns: Arc<Columns>,
    n: u64,
    sums: Vec<RatioSums>,
    totals: Vec<f64>,
    confusion: Vec<u64>,
    times: Vec<TimeHistogram>,
}

impl Estimator {
    /// Nothing added yet.
    pub fn new(columns: Arc<Columns>) -> Estimator {
        Estimator {
            n: 0,
            sums: vec![RatioSums::default(); columns.derived().len()],
            totals: vec![0.0; columns.columns().len()],
            confusion: vec![0; columns.confusion_len()],
            times: vec![TimeHistogram::default(); SECTIONS as usize],
            columns,
        }
    }

    /// Adds a replication; to be called in the order of their numbers.
    pub fn add(&mut self, index: u64, summary: &Summary) {
        self.n += 1;
        for (sums, derived) in self.sums.iter_mut().zip(self.columns.derived()) {
            let x = match derived.denominator {
                Some(column) => summary.values[column],
                None => 1.0,
            };
            sums.add(summary.values[derived.numerator], x);
        }
        for (total, value) in self.totals.iter_mut().zip(&summary.values) {
            *total += value;
        }
        for (total, count) in self.confusion.iter_mut().zip(&summary.confusion) {
            *total += count;
        }
        let section = &mut self.times[(index % SECTIONS) as usize];
        for &time in &summary.times_to_identify {
            section.add(time);
        }
    }

    /// Replications added.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The columns it adds up.
    pub fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    /// Sums of the columns.
    pub fn totals(&self) -> &[f64] {
        &self.totals
    }

    /// Sums of the confusion counts.
    pub fn confusion(&self) -> &[u64] {
        &self.confusion
    }

    /// Every measure with its interval.
    pub fn cells(&self, confidence: f64) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self
            .columns
            .derived()
            .iter()
            .zip(&self.sums)
            .map(|(derived, sums)| estimated(derived, sums, confidence))
            .collect();
        let at = cells
            .iter()
            .position(|cell| cell.name == "time_to_identify_mean_s")
            .unwrap_or(cells.len());
        cells.splice(
            at..at,
            [
                self.quantile("time_to_identify_median_s", 0.5, confidence),
                self.quantile("time_to_identify_90_percent_s", 0.9, confidence),
            ],
        );
        cells
    }

    /// One measure with its interval, quantiles excepted.
    pub fn cell(&self, name: &str, confidence: f64) -> Option<Cell> {
        let derived = self.columns.derived();
        let at = derived.iter().position(|derived| derived.name == name)?;
        Some(estimated(&derived[at], &self.sums[at], confidence))
    }

    fn quantile(&self, name: &str, share: f64, confidence: f64) -> Cell {
        let mut all = TimeHistogram::default();
        let mut sections = Moments::<1>::default();
        for section in &self.times {
            all.merge(section);
            if let Some(quantile) = section.quantile_s(share) {
                sections.add([quantile]);
            }
        }
        let estimate = all.quantile_s(share).unwrap_or(f64::NAN);
        let mut value = Estimate::bare(estimate);
        if sections.n() >= 2 {
            let half = t_quantile(confidence, (sections.n() - 1) as f64)
                * libm::sqrt(sections.variance_of_mean([1.0]));
            if half > 0.0 {
                value = Estimate {
                    estimate,
                    low: (estimate - half).max(0.0),
                    high: estimate + half,
                    method: Method::Sectioning,
                };
            } else if self.n >= SETTLED {
                value = Estimate {
                    estimate,
                    low: estimate,
                    high: estimate,
                    method: Method::Constant,
                };
            }
        }
        Cell {
            name: name.to_owned(),
            group: Group::Timeliness,
            unit: "s",
            definition: "Time from confirmation to the first identity within which this share of the tracks that got one had it.",
            value,
            confidence,
            n: self.n,
            events: all.count() as f64,
            exposure: all.count() as f64,
        }
    }
}

fn estimated(derived: &Derived, sums: &RatioSums, confidence: f64) -> Cell {
    Cell {
        name: derived.name.clone(),
        group: derived.measure.group,
        unit: derived.measure.unit,
        definition: derived.measure.definition,
        value: sums.estimate(
            derived.measure.kind,
            derived.denominator.is_none(),
            confidence,
        ),
        confidence,
        n: sums.n(),
        events: sums.events(),
        exposure: sums.exposure(),
    }
}

/// A paired comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// First ratio.
    pub first: f64,
    /// Second ratio.
    pub second: f64,
    /// Second ratio less the first, with interval.
    pub difference: Estimate,
    /// Second ratio over the first, with interval on the log scale; bare with few events.
    pub ratio: Estimate,
    /// Exact McNemar p-value; only where the unit is the replication.
    pub mcnemar_p: Option<f64>,
    /// Variance of the difference if the two were independent, over that of the pairs: how much the shared luck saves.
    pub variance_reduction: f64,
}

/// The sums behind the same measure in two scenarios flown with the same luck, replication by replication.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PairedSums {
    first: RatioSums,
    second: RatioSums,
    moments: Moments<4>,
    both: u64,
    only_first: u64,
    only_second: u64,
    neither: u64,
    unlike: u64,
}

impl PairedSums {
    /// Adds a pair of replications: numerator and denominator of the first scenario, then of the second.
    pub fn add(&mut self, first: (f64, f64), second: (f64, f64)) {
        self.first.add(first.0, first.1);
        self.second.add(second.0, second.1);
        self.moments.add([first.0, first.1, second.0, second.1]);
        self.unlike += u64::from(first != second);
        match (first.0 > 0.0, second.0 > 0.0) {
            (true, true) => self.both += 1,
            (true, false) => self.only_first += 1,
            (false, true) => self.only_second += 1,
            (false, false) => self.neither += 1,
        }
    }

    /// The first scenario's sums.
    pub fn first(&self) -> &RatioSums {
        &self.first
    }

    /// The second scenario's sums.
    pub fn second(&self) -> &RatioSums {
        &self.second
    }

    /// The comparison.
    ///
    /// Difference: paired t on the linearised residuals, `(y2 - r2 x2)/xbar2 - (y1 - r1 x1)/xbar1` per replication; for
    /// shares of replications Newcombe's method 10; with fewer than ten events on either side, or no variance, the two
    /// exact intervals with their squares added (Zou and Donner, Statistics in Medicine 27 (2008) 1693), which is
    /// conservative when the pairs are positively correlated, as shared luck makes them. Where not one pair differs, the
    /// chance that one does is at most `1 - tail^(1/n)`, and a pair that does is taken to differ by the most
    /// that one replication holds.
    pub fn compare(&self, kind: Kind, per_replication: bool, confidence: f64) -> Comparison {
        let (a, b) = (&self.first, &self.second);
        let (ra, rb) = (a.ratio(), b.ratio());
        let (xa, xb) = (self.moments.mean(1), self.moments.mean(3));
        let variance = self
            .moments
            .variance_of_mean([-1.0 / xa, ra / xa, 1.0 / xb, -rb / xb]);
        let apart = a.variance() + b.variance();
        let few = kind != Kind::Mean && (a.events() < FEW || b.events() < FEW);
        let t = t_quantile(confidence, (self.moments.n() as f64 - 1.0).max(1.0));
        let difference = rb - ra;
        let (interval, method) = if difference.is_nan() {
            ((f64::NAN, f64::NAN), Method::None)
        } else if self.unlike == 0 && kind != Kind::Mean {
            let most = match kind {
                Kind::Proportion => a.most_units,
                Kind::Rate | Kind::Mean => a.most_events.max(1.0),
            };
            let half = zero_of(self.moments.n() as f64, confidence) * most / xa;
            ((-half, half), Method::EqualPairs)
        } else if kind == Kind::Proportion && per_replication {
            let counts = [self.both, self.only_first, self.only_second, self.neither];
            let [both, only_first, only_second, neither] = counts.map(|count| count as f64);
            (
                newcombe_paired(both, only_first, only_second, neither, confidence),
                Method::Newcombe,
            )
        } else if !few && variance > 0.0 {
            let half = t * libm::sqrt(variance);
            ((difference - half, difference + half), Method::PairedT)
        } else {
            let one = a.estimate(kind, per_replication, confidence);
            let two = b.estimate(kind, per_replication, confidence);
            let low = libm::hypot(rb - two.low, one.high - ra);
            let high = libm::hypot(two.high - rb, ra - one.low);
            (
                (difference - low, difference + high),
                if low.is_nan() {
                    Method::None
                } else {
                    Method::SquareAndAdd
                },
            )
        };
        let mut ratio = Estimate::bare(rb / ra);
        if !few && ra > 0.0 && rb > 0.0 {
            // Linearised variance of the logarithm of the ratio of ratios.
            let log_variance = self.moments.variance_of_mean([
                -1.0 / (xa * ra),
                1.0 / xa,
                1.0 / (xb * rb),
                -1.0 / xb,
            ]);
            if log_variance > 0.0 {
                let half = t * libm::sqrt(log_variance);
                ratio.low = ratio.estimate * libm::exp(-half);
                ratio.high = ratio.estimate * libm::exp(half);
                ratio.method = Method::ClusteredLog;
            }
        }
        Comparison {
            first: ra,
            second: rb,
            difference: Estimate {
                estimate: difference,
                low: interval.0,
                high: interval.1,
                method,
            },
            ratio,
            mcnemar_p: (kind == Kind::Proportion && per_replication)
                .then(|| mcnemar(self.only_first, self.only_second)),
            variance_reduction: apart / variance,
        }
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

    /// Synthetic experiments per coverage check.
    const EXPERIMENTS: u32 = 10_000;

    /// Share of experiments whose interval holds the truth.
    fn coverage(
        seed: u64,
        truth: f64,
        kind: Kind,
        per_replication: bool,
        replications: u32,
        mut draw: impl FnMut(&mut ChaCha8Rng) -> (f64, f64),
    ) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut held = 0;
        for _ in 0..EXPERIMENTS {
            let mut sums = RatioSums::default();
            for _ in 0..replications {
                let (y, x) = draw(&mut rng);
                sums.add(y, x);
            }
            let estimate = sums.estimate(kind, per_replication, 0.95);
            held += u32::from(estimate.low <= truth && truth <= estimate.high);
        }
        f64::from(held) / f64::from(EXPERIMENTS)
    }

    /// Four standard errors of a coverage below the bound: a false alarm in 30 000.
    fn at_least(coverage: f64, bound: f64, what: &str) {
        let error = libm::sqrt(bound * (1.0 - bound) / f64::from(EXPERIMENTS));
        assert!(
            coverage >= bound - 4.0 * error,
            "{what}: covered {coverage}, wanted {bound}"
        );
    }

    /// `m` units that err together with chance `together`, else each on its own; chance `p` each.
    fn clustered(rng: &mut ChaCha8Rng, m: u32, p: f64, together: f64) -> (f64, f64) {
        let y = if uniform(rng) < together {
            if uniform(rng) < p { m } else { 0 }
        } else {
            (0..m).filter(|_| uniform(rng) < p).count() as u32
        };
        (f64::from(y), f64::from(m))
    }

    #[test]
    fn shares_of_clustered_units_are_covered() {
        // At least 93 % from ten expected events on, at least 95 % below.
        for (seed, together, expected, bound) in [
            (1, 0.0, 3.0, 0.95),
            (2, 0.5, 3.0, 0.95),
            (3, 1.0, 5.0, 0.95),
            (4, 0.0, 10.0, 0.93),
            (5, 0.0, 20.0, 0.93),
            (6, 0.0, 60.0, 0.93),
            (7, 0.3, 150.0, 0.93),
        ] {
            let (m, replications) = (5, 200);
            let p = expected / f64::from(m * replications);
            let covered = coverage(seed, p, Kind::Proportion, false, replications, |rng| {
                clustered(rng, m, p, together)
            });
            at_least(
                covered,
                bound,
                &format!("together {together}, expected {expected}"),
            );
        }
    }

    #[test]
    fn shares_of_replications_are_covered() {
        for (seed, expected, bound) in [(11, 2.0, 0.95), (12, 10.0, 0.93), (13, 50.0, 0.93)] {
            let p = expected / 200.0;
            let covered = coverage(seed, p, Kind::Proportion, true, 200, |rng| {
                (f64::from(u8::from(uniform(rng) < p)), 1.0)
            });
            at_least(covered, bound, &format!("expected {expected}"));
        }
    }

    #[test]
    fn rates_over_random_exposure_are_covered() {
        for (seed, expected, bound) in [(21, 3.0, 0.95), (22, 10.0, 0.93), (23, 40.0, 0.93)] {
            let rate = expected / 200.0 / 2.0;
            let covered = coverage(seed, rate, Kind::Rate, false, 200, |rng| {
                let hours = 1.0 + 2.0 * uniform(rng);
                // A Poisson count by waiting times.
                let mut count = 0;
                let mut at = -libm::log(1.0 - uniform(rng)) / rate;
                while at < hours {
                    count += 1;
                    at -= libm::log(1.0 - uniform(rng)) / rate;
                }
                (f64::from(count), hours)
            });
            at_least(covered, bound, &format!("expected {expected}"));
        }
    }

    #[test]
    fn means_are_covered() {
        let covered = coverage(31, 2.0, Kind::Mean, false, 100, |rng| {
            let tracks = 1.0 + libm::floor(3.0 * uniform(rng));
            let seconds: f64 = (0..tracks as u32).map(|_| 4.0 * uniform(rng)).sum();
            (seconds, tracks)
        });
        at_least(covered, 0.94, "mean");
    }

    #[test]
    fn paired_differences_are_covered_and_shared_luck_saves_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(41);
        let (p1, p2) = (0.10, 0.06);
        let mut held = 0;
        let mut held_binary = 0;
        let mut saved = 0.0;
        for _ in 0..EXPERIMENTS {
            let mut sums = PairedSums::default();
            let mut binary = PairedSums::default();
            for _ in 0..100 {
                let luck = [(); 4].map(|()| uniform(&mut rng));
                let count = |p: f64| luck.iter().filter(|&&u| u < p).count() as f64;
                sums.add((count(p1), 4.0), (count(p2), 4.0));
                let one = |p: f64| f64::from(u8::from(luck[0] < p));
                binary.add((one(p1), 1.0), (one(p2), 1.0));
            }
            let compared = sums.compare(Kind::Proportion, false, 0.95);
            let held_in = |e: &Estimate| e.low <= p2 - p1 && p2 - p1 <= e.high;
            held += u32::from(held_in(&compared.difference));
            let compared_binary = binary.compare(Kind::Proportion, true, 0.95);
            held_binary += u32::from(held_in(&compared_binary.difference));
            saved += compared.variance_reduction / f64::from(EXPERIMENTS);
        }
        at_least(f64::from(held) / f64::from(EXPERIMENTS), 0.93, "paired t");
        at_least(
            f64::from(held_binary) / f64::from(EXPERIMENTS),
            0.93,
            "newcombe",
        );
        assert!(saved > 2.0, "{saved}");
    }

    #[test]
    fn equal_pairs_are_a_bound_too() {
        let mut sums = PairedSums::default();
        for replication in 0..1000 {
            let lost = f64::from(replication % 5 == 0);
            sums.add((lost, 4.0), (lost, 4.0));
        }
        let compared = sums.compare(Kind::Proportion, false, 0.95);
        assert_eq!(compared.difference.method, Method::EqualPairs);
        assert_eq!(compared.difference.estimate, 0.0);
        assert!((compared.difference.high - 0.003_682_08).abs() < 1e-6);
        assert_eq!(compared.difference.low, -compared.difference.high);
        sums.add((0.0, 4.0), (1.0, 4.0));
        let compared = sums.compare(Kind::Proportion, false, 0.95);
        assert_eq!(compared.difference.method, Method::PairedT);

        let mut nothing = PairedSums::default();
        nothing.add((0.0, 0.0), (0.0, 0.0));
        let compared = nothing.compare(Kind::Proportion, false, 0.95);
        assert_eq!(compared.difference.method, Method::None);
    }

    #[test]
    fn nothing_seen_is_a_bound_and_not_certainty() {
        let mut sums = RatioSums::default();
        for _ in 0..1000 {
            sums.add(0.0, 4.0);
        }
        let share = sums.estimate(Kind::Proportion, false, 0.95);
        assert_eq!((share.estimate, share.low), (0.0, 0.0));
        assert_eq!(share.method, Method::ExactOneSided);
        assert!((share.high - 0.003_682_08).abs() < 1e-6, "{}", share.high);
        let rate = sums.estimate(Kind::Rate, false, 0.95);
        assert!((rate.high - 3.688_879 / 4000.0).abs() < 1e-8);
        let mut none = RatioSums::default();
        none.add(0.0, 0.0);
        let nothing = none.estimate(Kind::Proportion, false, 0.95);
        assert!(nothing.estimate.is_nan() && nothing.method == Method::None);
    }

    #[test]
    fn one_replication_claims_little() {
        let mut sums = RatioSums::default();
        sums.add(40.0, 100.0);
        let share = sums.estimate(Kind::Proportion, false, 0.95);
        assert!(share.low < 0.05 && share.high > 0.95, "{share:?}");
        assert!(sums.estimate(Kind::Mean, false, 0.95).low.is_nan());
    }

    #[test]
    fn histogram_quantiles_are_within_half_a_bin() {
        let mut histogram = TimeHistogram::default();
        for millis in 0..100_000 {
            histogram.add(Millis(millis));
        }
        for share in [0.001, 0.1, 0.5, 0.9, 0.999] {
            let exact = share * 100.0;
            let found = histogram.quantile_s(share).unwrap();
            assert!(
                (found - exact).abs() <= 0.001 + 0.002 * exact,
                "{share}: {found}"
            );
        }
        let mut zero = TimeHistogram::default();
        zero.add(Millis(0));
        assert_eq!(zero.quantile_s(0.5), Some(0.0));
    }

    #[test]
    fn histogram_bins_are_in_order_without_gaps() {
        let mut last = 0;
        for millis in 0..200_000 {
            let bin = TimeHistogram::bin(Millis(millis));
            assert!(bin == last || bin == last + 1, "{millis}");
            last = bin;
            let middle = TimeHistogram::middle_s(bin) * 1000.0;
            assert!((middle - millis as f64).abs() <= 0.002 * millis as f64 + 0.5);
        }
    }
}
