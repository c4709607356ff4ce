//! Times, as they are: their quantiles, with intervals clustered by replication.
//!
//! Times are kept to the millisecond, each distinct one with its number, so that they merge without loss and a quantile is a time
//! that occurred. The interval is Woodruff's (J. American Statistical Association 47 (1952) 635; Francisco and Fuller, Annals of
//! Statistics 19 (1991) 454): the share F(t) of times up to t is a share of clustered units like any other, with the interval
//! of [`super::clustered`]; the quantile of a share q may be any t at which that interval holds q. Low end: the first t by which F may have reached q, 0
//! if it may before the first time; high end: the first by which it surely has. Where it never surely has, the replications
//! are too few to bound the quantile and the high end is infinite. Exact for independent times, whatever their law,
//! with ties or without; at the interval of a constant both ends are the constant.
//!
//! How times cluster is told from up to 32 groups of replications: number modulo 32, so each replication by itself while there are
//! no more.

use std::collections::BTreeMap;
use std::slice::Iter;

use super::clustered::Clusters;
use super::estimate::{Estimate, Method};
use super::fold::{Sums, whole};
use crate::units::Millis;

/// Groups of replications.
const GROUPS: usize = 32;

/// Times with their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Times {
    counts: BTreeMap<i64, u64>,
    count: u64,
}

impl Times {
    /// Adds a time; before 0 counts as 0.
    pub fn add(&mut self, time: Millis) {
        *self.counts.entry(time.0.max(0)).or_default() += 1;
        self.count += 1;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Times) {
        for (&time, &count) in &other.counts {
            *self.counts.entry(time).or_default() += count;
        }
        self.count += other.count;
    }

    /// Times added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest time with at least this share of all at or below it, s.
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let wanted = libm::ceil(share * self.count as f64).max(1.0) as u64;
        let mut below = 0;
        for (&time, &count) in &self.counts {
            below += count;
            if below >= wanted {
                return Some(Millis(time).seconds());
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
}

/// Times by group of replications; fed replication by replication.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedTimes {
    groups: Vec<Times>,
    /// Sum of the squares of the numbers of times of each replication.
    squares: f64,
}

impl Default for GroupedTimes {
    fn default() -> GroupedTimes {
        GroupedTimes {
            groups: vec![Times::default(); GROUPS],
            squares: 0.0,
        }
    }
}

impl GroupedTimes {
    /// Adds the times of a replication.
    pub fn add(&mut self, index: u64, times: &[Millis]) {
        let group = &mut self.groups[(index % GROUPS as u64) as usize];
        for &time in times {
            group.add(time);
        }
        self.squares += (times.len() * times.len()) as f64;
    }

    /// Times added.
    pub fn count(&self) -> u64 {
        self.groups.iter().map(Times::count).sum()
    }

    /// The times of all groups.
    pub fn all(&self) -> Times {
        let mut all = Times::default();
        self.groups.iter().for_each(|group| all.merge(group));
        all
    }

    /// The smallest time with at least this share of all at or below it, s, with its interval.
    pub fn quantile(&self, share: f64, confidence: f64) -> Estimate {
        let all = self.all();
        let Some(estimate) = all.quantile_s(share) else {
            return Estimate::bare(f64::NAN);
        };
        let below = Below::new(&self.groups, self.squares, all.count as f64);
        let (low, high) = below.interval(&all, share, confidence);
        Estimate {
            estimate,
            low,
            high,
            method: Method::Woodruff,
        }
    }
}

/// Counts: whole numbers, so the order in which they are put together does not matter.
impl Sums for GroupedTimes {
    fn merge(&mut self, later: &GroupedTimes) {
        for (group, later) in self.groups.iter_mut().zip(&later.groups) {
            group.merge(later);
        }
        self.squares += later.squares;
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.squares);
        for group in &self.groups {
            numbers.push(group.counts.len() as f64);
            let mut last = 0;
            for (&time, &count) in &group.counts {
                numbers.extend([(time - last) as f64, count as f64]);
                last = time;
            }
        }
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.squares = *numbers.next()?;
        for group in &mut self.groups {
            *group = Times::default();
            let mut time = 0_i64;
            for _ in 0..whole(numbers)? {
                time = time.checked_add_unsigned(whole(numbers)?)?;
                let count = whole(numbers)?;
                group.counts.insert(time, count);
                group.count += count;
            }
        }
        Some(())
    }
}

/// How many times of each group lie at or below one.
struct Below<'a> {
    groups: &'a [Times],
    counts: Vec<f64>,
    /// Groups with times, all times, and the sums of squares by replication and by group.
    exposed: f64,
    all: f64,
    squares: [f64; 2],
}

impl<'a> Below<'a> {
    fn new(groups: &'a [Times], squares: f64, all: f64) -> Below<'a> {
        let sizes = || groups.iter().map(|group| group.count as f64);
        Below {
            groups,
            counts: vec![0.0; groups.len()],
            exposed: sizes().filter(|&size| size > 0.0).count() as f64,
            all,
            squares: [squares, sizes().map(|size| size * size).sum()],
        }
    }

    fn interval(mut self, all: &Times, share: f64, confidence: f64) -> (f64, f64) {
        let (mut low, mut high) = (None, f64::INFINITY);
        if self.clusters().against(share, confidence).0 {
            low = Some(0.0);
        }
        for &time in all.counts.keys() {
            for (count, group) in self.counts.iter_mut().zip(self.groups) {
                *count += group.counts.get(&time).map_or(0.0, |&count| count as f64);
            }
            let (reached, surely) = self.clusters().against(share, confidence);
            let seconds = Millis(time).seconds();
            if reached && low.is_none() {
                low = Some(seconds);
            }
            if surely {
                high = seconds;
                break;
            }
        }
        (low.unwrap_or(0.0), high)
    }

    fn clusters(&self) -> Clusters {
        let events: f64 = self.counts.iter().sum();
        let ratio = events / self.all;
        let residuals = self.counts.iter().zip(self.groups).map(|(count, group)| {
            let residual = count - ratio * group.count as f64;
            residual * residual
        });
        Clusters {
            exposed: self.exposed,
            events,
            exposure: self.all,
            exposure_squares: self.squares[0],
            group_squares: self.squares[1],
            residual_squares: residuals.sum(),
            residual_cubes: 0.0,
            unseen: f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = i64>) -> GroupedTimes {
        let mut grouped = GroupedTimes::default();
        for (index, time) in times.into_iter().enumerate() {
            grouped.add(index as u64, &[Millis(time)]);
        }
        grouped
    }

    #[test]
    fn quantiles_are_times_that_occurred() {
        let mut times = Times::default();
        for millis in (0..100_000).rev() {
            times.add(Millis(millis));
        }
        for (share, expected) in [(0.001, 0.099), (0.1, 9.999), (0.5, 49.999), (0.9, 89.999)] {
            assert_eq!(times.quantile_s(share), Some(expected));
        }
        let mut half = Times::default();
        half.add(Millis(7));
        half.merge(&times);
        assert_eq!(half.count(), 100_001);
        assert_eq!(Times::default().quantile_s(0.5), None);
    }

    /// Of 30 independent times the exact interval of the median goes from the tenth to the twenty-first: the share of a binomial
    /// of 30 and 1/2 from 10 to 20 is .957 (Conover, Practical Nonparametric Statistics, 1999, 3.2).
    #[test]
    fn the_median_of_independent_times_has_the_exact_interval() {
        let median = of((1..=30).map(|second| second * 1000)).quantile(0.5, 0.95);
        assert_eq!(
            (median.low, median.estimate, median.high),
            (10.0, 15.0, 21.0)
        );
        assert_eq!(median.method, Method::Woodruff);
    }

    #[test]
    fn a_constant_is_in_its_interval() {
        let constant = of((0..30).map(|_| 299_999)).quantile(0.5, 0.95);
        assert_eq!(
            (constant.low, constant.estimate, constant.high),
            (299.999, 299.999, 299.999)
        );
    }

    #[test]
    fn what_few_replications_cannot_bound_is_open() {
        // .9^30 = .042 is more than .025: the largest of 30 may be below the 90 % quantile.
        let times = || (1..=30).map(|second| second * 1000);
        let open = of(times()).quantile(0.9, 0.95);
        assert_eq!(open.high, f64::INFINITY);
        assert!(open.low > 0.0);
        let one = of([40_000]).quantile(0.5, 0.95);
        assert_eq!((one.low, one.high), (0.0, f64::INFINITY));
    }

    /// Ten tracks a replication that all have the same time are as good as one.
    #[test]
    fn tracks_that_do_as_one_count_once() {
        let alone = of((1..=30).map(|second| second * 1000)).quantile(0.5, 0.95);
        let mut together = GroupedTimes::default();
        for index in 0..30 {
            together.add(index, &[Millis((index as i64 + 1) * 1000); 10]);
        }
        let together = together.quantile(0.5, 0.95);
        assert!(together.low <= alone.low && together.high >= alone.high);
        assert!(together.high - together.low < 14.0, "{together:?}");
    }
}
