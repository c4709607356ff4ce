//! Estimates with intervals, clustered by replication, from summaries that stream by.
//!
//! Sorties, tracks and shots of one replication share its random numbers, so the replication is the unit of every interval. A
//! measure is a ratio of sums, `r = Y / X`, over n replications with numerators y_i and denominators x_i:
//!
//! | case | method | code |
//! |---|---|---|
//! | share of replications | Clopper and Pearson | `clopper_pearson` |
//! | share of units | beta, each event counting as the design effect says ([`super::clustered`]) | `clustered_beta` |
//! | rate, mean of seconds or hours | gamma, the same way | `clustered_gamma` |
//! | mean of what may be negative | ratio estimator, t | `clustered_t` |
//! | no event at all, or nothing else | one-sided bound, tail `(1 - confidence) / 2`, so that the interval as a whole keeps its confidence whatever was seen | `exact_one_sided` |
//! | the same value in every replication | the chance that one differs is at most `1 - tail^(1/m)`, and then by all that it has | `constant` |
//! | median, 90 % of times | the times at which the interval of the share that was there by then holds the share asked for ([`super::times`]) | `woodruff` |
//!
//! Nothing to divide by, or a rate or mean of one replication: no interval (`none`). An upper end that the replications cannot bound is infinite.

use std::slice::Iter;
use std::sync::Arc;

use super::clustered::{Clusters, SKEWNESS, reach};
use super::fold::{Folded, Sums, whole};
use super::intervals::{Interval, mcnemar, normal_quantile, t_quantile, zero_events, zero_of};
use super::moments::Moments;
use super::times::{GroupedTimes, Times};
use crate::measure::{Columns, Derived, Group, Kind, Summary};

/// The chance with which [`RatioSums::replications_for_half`] replications show it.
pub const POWER: f64 = 0.8;

/// Below this many events on either side a difference of ratios with other denominators is made of the two intervals.
pub const FEW: f64 = 10.0;

/// How an interval was made; see the module page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Beta law of events that each count as the design effect says.
    ClusteredBeta,
    /// The same with a gamma law.
    ClusteredGamma,
    /// Ratio estimator clustered by replication, t.
    Clustered,
    /// Ratios of two ratios at which their difference, one of them times the ratio, may be 0.
    Fieller,
    /// Clopper and Pearson's exact interval over replications.
    ClopperPearson,
    /// Nothing seen (or nothing else): one-sided bound.
    ExactOneSided,
    /// Ratio estimator with a control variate that is known from more replications, t.
    Controlled,
    /// Quantiles by the share that was there by then.
    Woodruff,
    /// Did not vary.
    Constant,
    /// Paired difference, linearised, t.
    PairedT,
    /// What pairs gain and what they lose, squares added (MOVER).
    Discordant,
    /// Difference of two intervals, squares added (MOVER), conservative for positively correlated pairs.
    SquareAndAdd,
    /// Not one pair differed: exact bound.
    EqualPairs,
    /// No interval.
    None,
}

impl Method {
    /// Every one.
    pub const ALL: [Method; 14] = [
        Method::ClusteredBeta,
        Method::ClusteredGamma,
        Method::Clustered,
        Method::Fieller,
        Method::ClopperPearson,
        Method::ExactOneSided,
        Method::Controlled,
        Method::Woodruff,
        Method::Constant,
        Method::PairedT,
        Method::Discordant,
        Method::SquareAndAdd,
        Method::EqualPairs,
        Method::None,
    ];

    /// The one of a code.
    pub fn of(code: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.code() == code)
    }

    /// The stable code written to files.
    pub fn code(self) -> &'static str {
        match self {
            Method::ClusteredBeta => "clustered_beta",
            Method::ClusteredGamma => "clustered_gamma",
            Method::Clustered => "clustered_t",
            Method::Fieller => "fieller",
            Method::ClopperPearson => "clopper_pearson",
            Method::ExactOneSided => "exact_one_sided",
            Method::Controlled => "controlled_t",
            Method::Woodruff => "woodruff",
            Method::Constant => "constant",
            Method::PairedT => "paired_t",
            Method::Discordant => "discordant_pairs",
            Method::SquareAndAdd => "square_and_add",
            Method::EqualPairs => "equal_pairs",
            Method::None => "none",
        }
    }

    /// How it is made, in a line; the guide's page of intervals has the rest.
    pub fn meaning(self) -> &'static str {
        match self {
            Method::ClusteredBeta => {
                "A share of units that come in replications: quantiles of a beta law in which each event counts as the design effect says (Korn and Graubard 1998)."
            }
            Method::ClusteredGamma => {
                "A rate or a mean: quantiles of a gamma law with the mean and the variance of the events (Fay and Feuer 1997)."
            }
            Method::Clustered => "A ratio of sums over replications, linearised, with Student's t.",
            Method::Fieller => {
                "A risk ratio: the ratios at which the difference, one side times the ratio, may be 0 (Fieller 1954); open above where the reference may be 0."
            }
            Method::ClopperPearson => {
                "A share of replications: exact quantiles of the binomial law (Clopper and Pearson 1934)."
            }
            Method::ExactOneSided => {
                "Nothing was seen, or nothing else: an exact bound on one side."
            }
            Method::Controlled => {
                "A limit of a tuning: what is known of the scenario as written from more replications takes off how lucky these were (Lavenberg and Welch 1981), with Student's t."
            }
            Method::Woodruff => {
                "A quantile of times: those at which the share that was there by then may be the one asked for (Woodruff 1952)."
            }
            Method::Constant => "It did not vary: how far a replication that differs may move it.",
            Method::PairedT => {
                "A paired difference, linearised, with Student's t, and farther on the side to which residuals are skewed."
            }
            Method::Discordant => {
                "A paired difference: what pairs gain and what they lose, an interval each, squares added (Zou and Donner 2008)."
            }
            Method::SquareAndAdd => {
                "A difference of two intervals, squares added (Zou and Donner 2008); cautious where pairs go together."
            }
            Method::EqualPairs => "Not one pair differed: an exact bound on how many may.",
            Method::None => "No interval can be made.",
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
    /// Upper end; NaN without an interval, infinite where the replications cannot bound it.
    pub high: f64,
    /// How it was made.
    pub method: Method,
}

impl Estimate {
    /// No number and no interval.
    pub fn unknown() -> Estimate {
        Estimate::bare(f64::NAN)
    }

    pub(super) fn bare(estimate: f64) -> Estimate {
        Estimate {
            estimate,
            low: f64::NAN,
            high: f64::NAN,
            method: Method::None,
        }
    }
}

/// The sums behind one ratio; fed replication by replication, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioSums {
    moments: Moments<2>,
    exposed: u64,
    most_events: f64,
    most_units: f64,
    ceiling: f64,
    burst: f64,
}

impl Default for RatioSums {
    fn default() -> RatioSums {
        RatioSums::in_bursts(1.0)
    }
}

impl RatioSums {
    /// Nothing added yet; one cause brings about so many events.
    pub fn in_bursts(burst: f64) -> RatioSums {
        RatioSums {
            moments: Moments::default(),
            exposed: 0,
            most_events: 0.0,
            most_units: 0.0,
            ceiling: 0.0,
            burst,
        }
    }

    /// Adds a replication with numerator `y` and denominator `x`.
    pub fn add(&mut self, y: f64, x: f64) {
        self.moments.add([y, x]);
        self.most_events = self.most_events.max(y);
        self.most_units = self.most_units.max(x);
        if x > 0.0 {
            self.exposed += 1;
            self.ceiling = self.ceiling.max(y / x);
        }
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

    /// What an interval rests on.
    fn clusters(&self, unseen: f64) -> Clusters {
        let n = self.n() as f64;
        let mean = self.moments.mean(1);
        let exposure_squares = self.moments.covariance(1, 1) * (n - 1.0) + n * mean * mean;
        Clusters {
            exposed: self.exposed as f64,
            events: self.events(),
            exposure: self.exposure(),
            exposure_squares,
            group_squares: exposure_squares,
            residual_squares: self.moments.variance_of_mean([1.0, -self.ratio()]) * n * (n - 1.0),
            residual_cubes: self.moments.cubes([1.0, -self.ratio()]),
            unseen,
        }
    }

    /// The ratio with its interval; `per_replication` where the unit is the replication itself.
    pub fn estimate(&self, kind: Kind, per_replication: bool, confidence: f64) -> Estimate {
        self.estimate_unseen(kind, per_replication, confidence, f64::INFINITY)
    }

    /// The same; where nothing was seen, at most `unseen` units of a replication do as one.
    fn estimate_unseen(
        &self,
        kind: Kind,
        per_replication: bool,
        confidence: f64,
        unseen: f64,
    ) -> Estimate {
        let ratio = self.ratio();
        if self.n() == 0 || self.exposure() <= 0.0 {
            return Estimate::bare(f64::NAN);
        }
        let made = |(low, high): Interval, method| Estimate {
            estimate: ratio,
            low,
            high,
            method,
        };
        let clusters = self.clusters(unseen);
        let none = self.events() <= 0.0;
        match kind {
            Kind::Proportion => {
                let one_sided = none || self.events() >= self.exposure();
                if clusters.is_constant() && !one_sided {
                    let off = clusters.constant(confidence);
                    let ends = (ratio * (1.0 - off), ratio + (1.0 - ratio) * off);
                    return made(ends, Method::Constant);
                }
                let method = match (one_sided, per_replication) {
                    (true, _) => Method::ExactOneSided,
                    (false, true) => Method::ClopperPearson,
                    (false, false) => Method::ClusteredBeta,
                };
                made(clusters.share(confidence), method)
            }
            Kind::Rate if none => {
                let high = clusters.no_events(self.burst, confidence);
                made((0.0, high), Method::ExactOneSided)
            }
            Kind::Mean if none => made((0.0, f64::INFINITY), Method::Constant),
            // How one replication differs from the next nobody can tell.
            Kind::Rate | Kind::Mean if self.exposed < 2 => Estimate::bare(ratio),
            Kind::Rate | Kind::Mean if clusters.is_constant() => {
                let off = ratio * clusters.constant(confidence);
                made((ratio - off, ratio + off), Method::Constant)
            }
            Kind::Rate => {
                let ends = clusters.rate(self.ceiling, self.burst, confidence);
                made(ends, Method::ClusteredGamma)
            }
            Kind::Mean => {
                let ends = clusters.rate(self.ceiling, self.most_events, confidence);
                made(ends, Method::ClusteredGamma)
            }
        }
    }

    /// Replications that would show half of it: so many of this scenario and as many of another, flown with random numbers of its own, in
    /// which it is half as large, end in an interval of the risk ratio without 1 with a chance of 80 per cent. NaN where
    /// nothing was seen.
    ///
    /// `(z + z_power)^2 (s_1^2 + s_2^2) / ln(1/2)^2`, s^2 the variance of the logarithm of the ratio from one replication, delta
    /// method; that of the other scenario taken to have events that cluster alike.
    pub fn replications_for_half(&self, kind: Kind, confidence: f64) -> f64 {
        let (n, ratio) = (self.n() as f64, self.ratio());
        let unit = self.variance() * n / (ratio * ratio);
        // Of a share the variance goes with what is no event, too.
        let rest = match kind {
            Kind::Proportion => (1.0 - 0.5 * ratio) / (1.0 - ratio),
            Kind::Rate | Kind::Mean => 1.0,
        };
        replications_for_half(unit * (1.0 + 2.0 * rest), confidence)
    }

    /// The mean of what may be negative, with its interval; none if it never varied.
    pub fn signed_mean(&self, confidence: f64) -> Estimate {
        let (ratio, variance) = (self.ratio(), self.variance());
        if variance.is_nan() || variance <= 0.0 {
            return Estimate::bare(ratio);
        }
        let half = t_quantile(confidence, self.n() as f64 - 1.0) * libm::sqrt(variance);
        Estimate {
            estimate: ratio,
            low: ratio - half,
            high: ratio + half,
            method: Method::Clustered,
        }
    }
}

impl RatioSums {
    /// What there is besides the moments.
    fn write_rest(&self, numbers: &mut Vec<f64>) {
        let exposed = self.exposed as f64;
        numbers.extend([exposed, self.most_events, self.most_units, self.ceiling]);
    }

    fn read_rest(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.exposed = whole(numbers)?;
        self.most_events.read(numbers)?;
        self.most_units.read(numbers)?;
        self.ceiling.read(numbers)
    }
}

impl Sums for RatioSums {
    fn merge(&mut self, later: &RatioSums) {
        self.moments.merge(&later.moments);
        self.exposed += later.exposed;
        self.most_events = self.most_events.max(later.most_events);
        self.most_units = self.most_units.max(later.most_units);
        self.ceiling = self.ceiling.max(later.ceiling);
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        self.moments.write(numbers);
        self.write_rest(numbers);
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.moments.read(numbers)?;
        self.read_rest(numbers)
    }
}

/// With this variance of the logarithm of the risk ratio from one replication; NaN where it did not vary.
fn replications_for_half(unit: f64, confidence: f64) -> f64 {
    if unit.is_nan() || unit <= 0.0 || unit.is_infinite() {
        return f64::NAN;
    }
    let z = normal_quantile(confidence) + normal_quantile(2.0 * POWER - 1.0);
    let half = std::f64::consts::LN_2;
    libm::ceil(z * z * unit / (half * half)).max(2.0)
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
    /// See [`RatioSums::replications_for_half`]; NaN for quantiles.
    pub replications_for_half: f64,
}

/// Quantiles of times to identify, beside the measures: name, share, what it says.
pub const QUANTILES: [(&str, f64, &str); 2] = [
    (
        "time_to_identify_median_s",
        0.5,
        "Time from confirmation to the first identity within which half of the tracks that got one had it.",
    ),
    (
        "time_to_identify_90_percent_s",
        0.9,
        "Time from confirmation to the first identity within which nine in ten of the tracks that got one had it.",
    ),
];

/// Everything that is estimated from the replications of one scenario.
#[derive(Debug, Clone)]
pub struct Estimator {
    columns: Arc<Columns>,
    n: u64,
    sums: Folded<Ratios>,
    confusion: Vec<u64>,
    times: GroupedTimes,
}

/// The ratios of a scenario, and the sums of its columns.
#[derive(Debug, Clone)]
struct Ratios {
    ratios: Vec<RatioSums>,
    totals: Vec<f64>,
}

impl Sums for Ratios {
    fn merge(&mut self, later: &Ratios) {
        self.ratios.merge(&later.ratios);
        self.totals.merge(&later.totals);
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        self.ratios.write(numbers);
        self.totals.write(numbers);
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.ratios.read(numbers)?;
        self.totals.read(numbers)
    }
}

impl Estimator {
    /// Nothing added yet.
    pub fn new(columns: Arc<Columns>) -> Estimator {
        let ratios = (columns.derived().iter())
            .map(|derived| RatioSums::in_bursts(derived.burst))
            .collect();
        Estimator {
            n: 0,
            sums: Folded::new(Ratios {
                ratios,
                totals: vec![0.0; columns.columns().len()],
            }),
            confusion: vec![0; columns.confusion_len()],
            times: GroupedTimes::default(),
            columns,
        }
    }

    /// Adds a replication; to be called in the order of their numbers.
    pub fn add(&mut self, index: u64, summary: &Summary) {
        self.n += 1;
        let columns = &self.columns;
        self.sums.add(index, |sums| {
            for (sums, derived) in sums.ratios.iter_mut().zip(columns.derived()) {
                let x = match derived.denominator {
                    Some(column) => summary.values[column],
                    None => 1.0,
                };
                sums.add(summary.values[derived.numerator], x);
            }
            for (total, value) in sums.totals.iter_mut().zip(&summary.values) {
                *total += value;
            }
        });
        for (total, count) in self.confusion.iter_mut().zip(&summary.confusion) {
            *total += count;
        }
        self.times.add(index, &summary.times_to_identify);
    }

    /// Goes past a replication that was left out.
    pub fn pass(&mut self, index: u64) {
        self.sums.add(index, |_| ());
    }

    /// Adds what another has added up of later replications.
    pub fn absorb(&mut self, later: Estimator) {
        self.n += later.n;
        self.sums.absorb(later.sums);
        for (total, count) in self.confusion.iter_mut().zip(&later.confusion) {
            *total += count;
        }
        self.times.merge(&later.times);
    }

    /// Appends all that was added up, as numbers.
    pub fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.n as f64);
        self.sums.write(numbers);
        numbers.extend(self.confusion.iter().map(|&count| count as f64));
        self.times.write(numbers);
    }

    /// Takes what [`Estimator::write`] gave; none if it does not fit.
    pub fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.n = whole(numbers)?;
        self.sums.read(numbers)?;
        for count in &mut self.confusion {
            *count = whole(numbers)?;
        }
        self.times.read(numbers)
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
    pub fn totals(&self) -> Vec<f64> {
        self.sums.total(|sums| &sums.totals)
    }

    /// Sums of the confusion counts.
    pub fn confusion(&self) -> &[u64] {
        &self.confusion
    }

    /// The times to identify.
    pub fn times(&self) -> Times {
        self.times.all()
    }

    /// Every measure with its interval.
    pub fn cells(&self, confidence: f64) -> Vec<Cell> {
        let ratios = self.sums.total(|sums| &sums.ratios);
        let mut cells: Vec<Cell> = self
            .columns
            .derived()
            .iter()
            .zip(&ratios)
            .map(|(derived, sums)| estimated(derived, sums, confidence))
            .collect();
        let at = cells
            .iter()
            .position(|cell| cell.name == "time_to_identify_mean_s")
            .unwrap_or(cells.len());
        cells.splice(
            at..at,
            QUANTILES.map(|(name, share, definition)| Cell {
                definition,
                ..self.quantile(name, share, confidence)
            }),
        );
        cells
    }

    /// One measure with its interval, quantiles excepted.
    pub fn cell(&self, name: &str, confidence: f64) -> Option<Cell> {
        let derived = self.columns.derived();
        let at = derived.iter().position(|derived| derived.name == name)?;
        let sums = self.sums.total(|sums| &sums.ratios[at]);
        Some(estimated(&derived[at], &sums, confidence))
    }

    fn quantile(&self, name: &str, share: f64, confidence: f64) -> Cell {
        let value = self.times.quantile(share, confidence);
        let count = self.times.count() as f64;
        Cell {
            name: name.to_owned(),
            group: Group::Timeliness,
            unit: "s",
            definition: "",
            value,
            confidence,
            n: self.n,
            events: count,
            exposure: count,
            replications_for_half: f64::NAN,
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
        replications_for_half: sums.replications_for_half(derived.measure.kind, confidence),
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
    /// Second ratio over the first, with interval; bare where one of them is 0 or no pair differs.
    pub ratio: Estimate,
    /// Exact McNemar p-value; only where the unit is the replication.
    pub mcnemar_p: Option<f64>,
    /// Variance of the difference if the two were independent, over that of the pairs: how much the common random numbers saves.
    pub variance_reduction: f64,
    /// Pairs of replications that would show a risk ratio of one half with a chance of 80 per cent, varying as these
    /// do; NaN with no event on a side.
    pub pairs_for_half: f64,
}

/// The sums behind the same measure in two scenarios flown with common random numbers, replication by replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedSums {
    first: RatioSums,
    second: RatioSums,
    moments: Moments<4>,
    /// What the second has more of, and the first, replication by replication.
    gains: RatioSums,
    losses: RatioSums,
    both: u64,
    only_first: u64,
    only_second: u64,
    neither: u64,
    unlike: u64,
    /// Pairs that do not have the same denominator.
    unequal: u64,
}

impl Default for PairedSums {
    fn default() -> PairedSums {
        PairedSums::in_bursts(1.0)
    }
}

impl PairedSums {
    /// Nothing added yet; one cause brings about so many events.
    pub fn in_bursts(burst: f64) -> PairedSums {
        PairedSums {
            first: RatioSums::in_bursts(burst),
            second: RatioSums::in_bursts(burst),
            moments: Moments::default(),
            gains: RatioSums::in_bursts(burst),
            losses: RatioSums::in_bursts(burst),
            both: 0,
            only_first: 0,
            only_second: 0,
            neither: 0,
            unlike: 0,
            unequal: 0,
        }
    }

    /// Adds a pair of replications: numerator and denominator of the first scenario, then of the second.
    pub fn add(&mut self, first: (f64, f64), second: (f64, f64)) {
        self.first.add(first.0, first.1);
        self.second.add(second.0, second.1);
        self.moments.add([first.0, first.1, second.0, second.1]);
        self.unlike += u64::from(first != second);
        self.unequal += u64::from(first.1 != second.1);
        let more = second.0 - first.0;
        self.gains.add(more.max(0.0), first.1);
        self.losses.add((-more).max(0.0), first.1);
        match (first.0 > 0.0, second.0 > 0.0) {
            (true, true) => self.both += 1,
            (true, false) => self.only_first += 1,
            (false, true) => self.only_second += 1,
            (false, false) => self.neither += 1,
        }
    }

    /// Standard error of the difference of the two ratios, linearised: that of the pairs.
    pub fn error(&self) -> f64 {
        libm::sqrt(self.moments.variance_of_mean(self.residual([1.0, 1.0])))
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
    /// Difference: where both have the same denominators, what the second has more of and what it has less of, replication by
    /// replication, are two ratios with an interval each; squares of the distances added (MOVER; Zou and Donner, Statistics in Medicine 27
    /// (2008) 1693). Only pairs that differ say anything, be they few or many; of a share of replications that is
    /// what McNemar's test looks at. Where not one pair differs it is the bound of nothing seen, both ways.
    ///
    /// Otherwise, and for means, paired t on the linearised residuals, `(y2 - r2 x2)/xbar2 - (y1 - r1 x1)/xbar1` per replication, on the side to
    /// which they are skewed as far as `clustered::reach` says;
    /// with fewer than ten events on either side, or no variance, the two intervals with their squares added, which is
    /// conservative when the pairs are positively correlated, as common random numbers makes them.
    pub fn compare(&self, kind: Kind, per_replication: bool, confidence: f64) -> Comparison {
        let (a, b) = (&self.first, &self.second);
        let (ra, rb) = (a.ratio(), b.ratio());
        let variance = self.moments.variance_of_mean(self.residual([1.0, 1.0]));
        let apart = a.variance() + b.variance();
        let n = self.moments.n() as f64;
        let (z, t) = (normal_quantile(confidence), t_quantile(confidence, n - 1.0));
        let few = kind != Kind::Mean && (a.events() < FEW || b.events() < FEW);
        let difference = rb - ra;
        let (interval, method) = if difference.is_nan() {
            ((f64::NAN, f64::NAN), Method::None)
        } else if kind != Kind::Mean && self.unequal == 0 {
            // Where one of the two was not seen, its events cluster as those of the other do.
            let [gains, losses] =
                [(&self.gains, &self.losses), (&self.losses, &self.gains)].map(|(one, other)| {
                    let unseen = match other.most_events > 0.0 {
                        true => other.most_events,
                        false => f64::INFINITY,
                    };
                    one.estimate_unseen(kind, per_replication, confidence, unseen)
                });
            let low = libm::hypot(gains.estimate - gains.low, losses.high - losses.estimate);
            let high = libm::hypot(gains.high - gains.estimate, losses.estimate - losses.low);
            let method = match self.unlike {
                0 => Method::EqualPairs,
                _ if low.is_nan() => Method::None,
                _ => Method::Discordant,
            };
            ((difference - low, difference + high), method)
        } else if self.unlike == 0 {
            let half = match a.most_events > 0.0 {
                true => zero_of(n, confidence) * a.most_events / self.moments.mean(1),
                // How much there may be at once nobody has seen.
                false => f64::INFINITY,
            };
            ((-half, half), Method::EqualPairs)
        } else if !few && variance > 0.0 {
            let [below, above] = self.reaches([1.0, 1.0], z, t);
            ((difference - below, difference + above), Method::PairedT)
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
        let pairs_for_half = match ra > 0.0 && rb > 0.0 {
            true => {
                let varying = replications_for_half(self.log_variance(), confidence);
                match kind {
                    Kind::Proportion | Kind::Rate => {
                        varying.max(self.pairs_that_lose_half(confidence))
                    }
                    Kind::Mean => varying,
                }
            }
            false => f64::NAN,
        };
        let distances = [difference - interval.0, interval.1 - difference];
        Comparison {
            first: ra,
            second: rb,
            difference: Estimate {
                estimate: difference,
                low: interval.0,
                high: interval.1,
                method,
            },
            ratio: self.risk_ratio(distances, z, t),
            mcnemar_p: (kind == Kind::Proportion && per_replication)
                .then(|| mcnemar(self.only_first, self.only_second)),
            variance_reduction: apart / variance,
            pairs_for_half,
        }
    }
}

impl PairedSums {
    /// Weights of the linearised residual of `second * r2 - first * r1`.
    fn residual(&self, [first, second]: [f64; 2]) -> [f64; 4] {
        let (a, b) = (first / self.moments.mean(1), second / self.moments.mean(3));
        [-a, a * self.first.ratio(), b, -b * self.second.ratio()]
    }

    /// How far `second * r2 - first * r1` may be off, downwards and upwards, at the normal quantile z that t stands for: paired t,
    /// more where third moments show skewness.
    fn reaches(&self, multiples: [f64; 2], z: f64, t: f64) -> [f64; 2] {
        let residual = self.residual(multiples);
        let n = self.moments.n() as f64;
        let variance = self.moments.variance_of_mean(residual);
        if variance <= 0.0 {
            return [0.0; 2];
        }
        let stretched = variance * (t / z) * (t / z);
        let shown = self.moments.cubes(residual) / (variance * n * (n - 1.0)) / n;
        [-shown, shown].map(|shown| reach(stretched, SKEWNESS * shown, z))
    }

    /// Pairs that show with a chance of 80 per cent or more that every second event is taken away and none is added: where hardly anything changes
    /// here pairs hardly vary, and those would. Of k d events lost, which come d at a time, d being their variance over their mean, the interval is
    /// without 0 where k is above `hypot(u, z sqrt(k))`, u the bound of gains where none was seen, in the same unit; at least that many are
    /// lost with that chance where `k + z_power sqrt(k) + 1/2` are expected.
    fn pairs_that_lose_half(&self, confidence: f64) -> f64 {
        let events = self.moments.mean(0);
        let count = self.moments.n() as f64;
        let variance = self.moments.variance_of_mean([1.0, 0.0, 0.0, 0.0]) * count;
        let together = (variance / events).max(1.0);
        let unseen = zero_events(confidence) * self.first.most_events / together;
        let (z, power) = (
            normal_quantile(confidence),
            normal_quantile(2.0 * POWER - 1.0),
        );
        let k = (z * z + libm::hypot(z * z, 2.0 * unseen)) / 2.0;
        libm::ceil(2.0 * together * (k + power * libm::sqrt(k) + 0.5) / events)
    }

    /// Linearised variance of the logarithm of the ratio of ratios, from one pair.
    fn log_variance(&self) -> f64 {
        let multiples = [1.0 / self.first.ratio(), 1.0 / self.second.ratio()];
        self.moments.variance_of_mean(self.residual(multiples)) * self.moments.n() as f64
    }

    /// The second ratio over the first: every rho at which `r2 - rho r1` may be 0 (Fieller, J. Royal Statistical Society B 16
    /// (1954) 175). How far that may be off is what [`PairedSums::reaches`] says, more where the difference, which has
    /// methods for few events, may be further off than that says of it. At 1 it is the difference: 1 is inside where 0 is inside its
    /// interval. Open above where the first may be 0.
    fn risk_ratio(&self, distances: [f64; 2], z: f64, t: f64) -> Estimate {
        let (ra, rb) = (self.first.ratio(), self.second.ratio());
        let ratio = rb / ra;
        let one = self.reaches([1.0, 1.0], z, t);
        if !(ra > 0.0 && rb > 0.0 && one[0] > 0.0) || distances[0].is_nan() {
            return Estimate::bare(ratio);
        }
        let (straight, middle) = (std::f64::consts::FRAC_PI_2, std::f64::consts::FRAC_PI_4);
        // By the angle whose tangent rho is; `end` 0 looks below, 1 above.
        let inside = |angle: f64, end: usize| {
            let (first, second) = (libm::sin(angle), libm::cos(angle));
            let factor = distances[end] / one[end];
            let factor = if angle == middle {
                factor
            } else {
                factor.max(1.0)
            };
            let value = second * rb - first * ra;
            value.abs() <= factor * self.reaches([first, second], z, t)[end]
        };
        let bound = |end: usize| {
            let last = [0.0, straight][end];
            let (mut within, mut beyond) = (libm::atan(ratio), last);
            if (within - middle) * (middle - last) > 0.0 {
                match inside(middle, end) {
                    true => within = middle,
                    false => beyond = middle,
                }
            }
            if beyond == last && inside(last, end) {
                return [0.0, f64::INFINITY][end];
            }
            for _ in 0..50 {
                let angle = 0.5 * (within + beyond);
                match inside(angle, end) {
                    true => within = angle,
                    false => beyond = angle,
                }
            }
            libm::tan(within)
        };
        Estimate {
            estimate: ratio,
            low: bound(0),
            high: bound(1),
            method: Method::Fieller,
        }
    }
}

/// The moments of each side are those of both, so they are not written.
impl Sums for PairedSums {
    fn merge(&mut self, later: &PairedSums) {
        self.first.merge(&later.first);
        self.second.merge(&later.second);
        self.moments.merge(&later.moments);
        self.gains.merge(&later.gains);
        self.losses.merge(&later.losses);
        self.both += later.both;
        self.only_first += later.only_first;
        self.only_second += later.only_second;
        self.neither += later.neither;
        self.unlike += later.unlike;
        self.unequal += later.unequal;
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        self.moments.write(numbers);
        self.first.write_rest(numbers);
        self.second.write_rest(numbers);
        self.gains.write(numbers);
        self.losses.write(numbers);
        let counts = [
            self.both,
            self.only_first,
            self.only_second,
            self.neither,
            self.unlike,
            self.unequal,
        ];
        numbers.extend(counts.map(|count| count as f64));
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.moments.read(numbers)?;
        self.first.moments = self.moments.of([0, 1]);
        self.second.moments = self.moments.of([2, 3]);
        self.first.read_rest(numbers)?;
        self.second.read_rest(numbers)?;
        self.gains.read(numbers)?;
        self.losses.read(numbers)?;
        for count in [
            &mut self.both,
            &mut self.only_first,
            &mut self.only_second,
            &mut self.neither,
            &mut self.unlike,
            &mut self.unequal,
        ] {
            *count = whole(numbers)?;
        }
        Some(())
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

    /// Four standard errors of a coverage below the bound: a false alarm in 30 000.
    fn at_least(coverage: f64, bound: f64, what: &str) {
        let error = libm::sqrt(bound * (1.0 - bound) / f64::from(EXPERIMENTS));
        assert!(
            coverage >= bound - 4.0 * error,
            "{what}: covered {coverage}, wanted {bound}"
        );
    }

    /// What is told of pairs that hardly differ holds of a halving: it is shown as often as is promised, and a third of them would not do.
    #[test]
    fn a_halving_is_shown_by_as_many_pairs_as_are_told() {
        let mut rng = ChaCha8Rng::seed_from_u64(43);
        for (p, units) in [(0.08, 1), (0.4, 5)] {
            let pair = |rng: &mut ChaCha8Rng, kept: f64| {
                let mut counts = [0.0; 2];
                for _ in 0..units {
                    let event = uniform(rng) < p;
                    let still = uniform(rng) < kept;
                    counts[0] += f64::from(u8::from(event));
                    counts[1] += f64::from(u8::from(event && still));
                }
                let units = f64::from(units);
                ((counts[0], units), (counts[1], units))
            };
            let compare = |rng: &mut ChaCha8Rng, n: u64, kept: f64| {
                let mut sums = PairedSums::default();
                for _ in 0..n {
                    let (one, other) = pair(rng, kept);
                    sums.add(one, other);
                }
                sums.compare(Kind::Proportion, units == 1, 0.95)
            };
            let told = compare(&mut rng, 1_000, 0.995).pairs_for_half;
            let mut shown = |n: f64| {
                let each = 0..1_000;
                each.filter(|_| compare(&mut rng, n as u64, 0.5).difference.high < 0.0)
                    .count()
            };
            let (enough, third) = (shown(told), shown(told / 3.0));
            assert!(
                enough >= 750 && third < 500,
                "{p}: {told} pairs show it {enough} times, a third of them {third}"
            );
        }
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
                let draws = [(); 4].map(|()| uniform(&mut rng));
                let count = |p: f64| draws.iter().filter(|&&u| u < p).count() as f64;
                sums.add((count(p1), 4.0), (count(p2), 4.0));
                let one = |p: f64| f64::from(u8::from(draws[0] < p));
                binary.add((one(p1), 1.0), (one(p2), 1.0));
            }
            let compared = sums.compare(Kind::Proportion, false, 0.95);
            let held_in = |e: &Estimate| e.low <= p2 - p1 && p2 - p1 <= e.high;
            held += u32::from(held_in(&compared.difference));
            let compared_binary = binary.compare(Kind::Proportion, true, 0.95);
            held_binary += u32::from(held_in(&compared_binary.difference));
            saved += compared.variance_reduction / f64::from(EXPERIMENTS);
        }
        at_least(
            f64::from(held) / f64::from(EXPERIMENTS),
            0.93,
            "share of units",
        );
        at_least(
            f64::from(held_binary) / f64::from(EXPERIMENTS),
            0.93,
            "share of replications",
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
        assert_eq!(compared.difference.method, Method::Discordant);

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

    fn of(rows: impl IntoIterator<Item = (f64, f64)>, burst: f64) -> RatioSums {
        let mut sums = RatioSums::in_bursts(burst);
        rows.into_iter().for_each(|(y, x)| sums.add(y, x));
        sums
    }

    fn ends(estimate: &Estimate, low: f64, high: f64) {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-8 * b.abs();
        assert!(
            close(estimate.low, low) && close(estimate.high, high),
            "{estimate:?}"
        );
    }

    fn share(events: u32, n: u32) -> Estimate {
        let rows = (0..n).map(|i| (f64::from(u8::from(i < events)), 1.0));
        of(rows, 1.0).estimate(Kind::Proportion, true, 0.95)
    }

    #[test]
    fn shares_of_replications_are_clopper_and_pearsons() {
        ends(&share(17, 40), 0.270_429_031_268_9, 0.591_099_419_573_0);
        assert_eq!(share(17, 40).method, Method::ClopperPearson);
        assert_eq!(share(40, 40).high, 1.0);
        assert!((share(0, 50).high - 0.071_121_736_464_20).abs() < 1e-12);
    }

    /// Exact coverage by summing the binomial, over a net of p.
    #[test]
    fn shares_of_replications_never_cover_too_little() {
        for n in [1_u32, 5, 20, 60] {
            let intervals: Vec<Estimate> = (0..=n).map(|k| share(k, n)).collect();
            for step in 1..100 {
                let p = f64::from(step) / 100.0;
                let mut coverage = 0.0;
                let mut mass = libm::pow(1.0 - p, f64::from(n));
                for (k, interval) in (0..=n).zip(&intervals) {
                    if (interval.low..=interval.high).contains(&p) {
                        coverage += mass;
                    }
                    mass *= f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p);
                }
                assert!(coverage >= 0.95 - 1e-9, "n {n}, p {p}: {coverage}");
            }
        }
    }

    /// Events that come singly over many hours: Garwood's table for ten, 4.795 to 18.390.
    #[test]
    fn rates_of_independent_events_come_to_garwoods() {
        let rows = (0..1_000_000).map(|i| (f64::from(u8::from(i < 10)), 1.0));
        let rate = of(rows, 1.0).estimate(Kind::Rate, true, 0.95);
        assert!((rate.low * 1e6 - 4.795_389).abs() < 1e-3, "{rate:?}");
        assert!((rate.high * 1e6 - 18.390_356).abs() < 1e-3, "{rate:?}");
    }

    /// Fifty replications of 1 918 units with four events that came singly, and of 379 with seven, three of them at once. The
    /// ends are scipy's quantiles of the laws of `super::clustered`; the percentile bootstrap over replications, which knows no event
    /// more than was seen, has [.0005, .0042] and [.003, .039].
    #[test]
    fn few_events_among_clustered_units() {
        let events = |at: &[(usize, f64)], unit: fn(usize) -> f64| {
            let y = |i: usize| {
                at.iter()
                    .find(|(place, _)| *place == i)
                    .map_or(0.0, |e| e.1)
            };
            of((0..50).map(|i| (y(i), unit(i))), 1.0)
        };
        let four = events(&[(3, 1.0), (17, 1.0), (30, 1.0), (44, 1.0)], |i| {
            if i < 32 { 38.0 } else { 39.0 }
        });
        assert_eq!((four.events(), four.exposure()), (4.0, 1918.0));
        let four = four.estimate(Kind::Proportion, false, 0.95);
        ends(&four, 0.000_567_708_701_312, 0.006_595_923_581_422);
        assert_eq!(four.method, Method::ClusteredBeta);
        let seven = [(4, 3.0), (11, 1.0), (22, 1.0), (33, 1.0), (49, 1.0)];
        let seven = events(&seven, |i| if i < 21 { 7.0 } else { 8.0 });
        assert_eq!((seven.events(), seven.exposure()), (7.0, 379.0));
        let seven = seven.estimate(Kind::Proportion, false, 0.95);
        ends(&seven, 0.004_732_935_000_809, 0.053_086_972_054_863);
    }

    #[test]
    fn rates_and_means_by_an_independent_library() {
        let events = [0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let hours = [2.0, 3.0, 2.0, 4.0, 3.0, 2.0, 2.0, 3.0, 4.0, 2.0];
        let twice = events.into_iter().zip(hours).cycle().take(20);
        let rate = of(twice, 2.0).estimate(Kind::Rate, false, 0.95);
        ends(&rate, 0.070_034_620_680_647, 0.492_078_682_493_334);
        let seconds = [12.5, 30.0, 0.0, 7.0, 100.0, 3.0, 0.0, 55.0, 20.0, 41.0];
        let mean = of(seconds.map(|y| (y, 1.0)), 1.0).estimate(Kind::Mean, true, 0.95);
        ends(&mean, 7.766_453_016_295_836, 72.276_647_037_797);
    }

    /// One event more moves both ends up, and neither by more than the upper end of a single event.
    #[test]
    fn intervals_go_on_from_few_events_to_many() {
        let among = |events: usize, units: f64| {
            of(
                (0..200).map(|i| (f64::from(u8::from(i < events)), units)),
                1.0,
            )
        };
        for units in [1.0, 5.0, 38.0] {
            let share =
                |events| among(events, units).estimate(Kind::Proportion, units == 1.0, 0.95);
            let rate = |events| among(events, units).estimate(Kind::Rate, false, 0.95);
            for interval in [&share as &dyn Fn(usize) -> Estimate, &rate] {
                let most = interval(1).high - interval(1).low;
                for events in 1..60 {
                    let (one, more) = (interval(events), interval(events + 1));
                    let steps = [more.low - one.low, more.high - one.high];
                    assert!(
                        steps.iter().all(|step| (0.0..0.6 * most).contains(step)),
                        "{units} {events}: {one:?} {more:?}"
                    );
                }
            }
        }
    }

    /// Aircraft shot down in 57, 59 or all 60 of 60 replications: a rate near its ceiling is bounded below as a share is.
    #[test]
    fn what_hardly_varies_is_not_certain() {
        let nearly = |events: usize| {
            let rows = (0..60).map(|i| (f64::from(u8::from(i < events)), 1.0));
            of(rows, 1.0).estimate(Kind::Rate, true, 0.95)
        };
        let all = nearly(60);
        assert_eq!((all.estimate, all.method), (1.0, Method::Constant));
        // 1 - .025^(1/60) = .0596.
        assert!((all.low - 0.940_4).abs() < 1e-4 && (all.high - 1.059_6).abs() < 1e-4);
        assert!(nearly(59).low < 0.92 && nearly(57).low < 0.88);
        let zero = of((0..60).map(|_| (0.0, 1.0)), 1.0).estimate(Kind::Mean, true, 0.95);
        assert_eq!((zero.low, zero.high), (0.0, f64::INFINITY));
    }

    /// Shots come two at a time: in 100 replications without any, twice as many may be to come as of single ones.
    #[test]
    fn nothing_seen_of_what_comes_in_bursts() {
        let none = |burst| of((0..100).map(|_| (0.0, 1.0)), burst);
        let high = |burst| none(burst).estimate(Kind::Rate, true, 0.95).high;
        assert!((high(1.0) - 0.036_888_79).abs() < 1e-7);
        assert_eq!(high(2.0), 2.0 * high(1.0));
    }

    /// Residuals that are not skewed, so it is Fieller's theorem: the roots of `(20 - 10 rho)^2 = t^2 (4 + rho^2) / 3`, t with 3 degrees
    /// 3.182446.
    #[test]
    fn a_risk_ratio_without_skewness_is_fiellers() {
        let mut sums = PairedSums::default();
        for (one, two) in [(9.0, 18.0), (9.0, 22.0), (11.0, 18.0), (11.0, 22.0)] {
            sums.add((one, 1.0), (two, 1.0));
        }
        let ratio = sums.compare(Kind::Mean, true, 0.95).ratio;
        assert_eq!((ratio.estimate, ratio.method), (2.0, Method::Fieller));
        assert!((ratio.low - 1.536_589).abs() < 1e-5, "{ratio:?}");
        assert!((ratio.high - 2.603_169).abs() < 1e-5, "{ratio:?}");
    }

    /// One loss in twenty nights against eight: the reference may be 0, so the ratio is open above; and its lower end says of 1
    /// what that of the difference says of 0.
    #[test]
    fn a_risk_ratio_over_what_may_be_0_is_open() {
        let mut sums = PairedSums::default();
        for night in 0..20 {
            sums.add(
                (f64::from(u8::from(night == 0)), 1.0),
                (f64::from(u8::from(night < 8)), 1.0),
            );
        }
        let compared = sums.compare(Kind::Proportion, true, 0.95);
        let (ratio, difference) = (compared.ratio, compared.difference);
        assert_eq!((ratio.estimate, ratio.high), (8.0, f64::INFINITY));
        assert!(difference.low > 0.0 && ratio.low > 1.0, "{compared:?}");
    }

    /// Wilson and Hilferty's cube is within a hundredth of the gamma law that it stands for, and goes on to the normal.
    #[test]
    fn the_reach_of_a_skewed_law_is_that_of_gamma() {
        let z = normal_quantile(0.95);
        for shape in [0.01, 0.3, 1.0, 4.0, 30.0, 1e4] {
            let exact = super::super::special::gamma_quantile(shape + 1.0, 0.975) - shape;
            let near = reach(9.0 * shape, 3.0, z) / 3.0;
            assert!((near / exact - 1.0).abs() < 0.01, "{shape}: {near} {exact}");
        }
        assert_eq!(reach(4.0, 0.0, z), 2.0 * z);
        assert!((reach(4.0, 1e-6, z) / (2.0 * z) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn one_replication_claims_little() {
        let mut sums = RatioSums::default();
        sums.add(40.0, 100.0);
        let share = sums.estimate(Kind::Proportion, false, 0.95);
        assert!(share.low < 0.05 && share.high > 0.95, "{share:?}");
        assert!(sums.estimate(Kind::Mean, false, 0.95).low.is_nan());
    }
}
