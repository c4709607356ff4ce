//! What is known of a candidate: numerator and denominator of every watched measure, replication by replication.

use crate::statistics::estimate::{PairedSums, RatioSums};
use crate::statistics::moments::Moments;

/// One replication of a candidate: numerator and denominator of each watched measure.
pub type Sample = Vec<(f64, f64)>;

/// Replications of a candidate in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    rows: Vec<Sample>,
    moments: Vec<Moments<2>>,
}

impl Samples {
    /// Adds the next replication.
    pub fn add(&mut self, sample: Sample) {
        if self.moments.is_empty() {
            self.moments = vec![Moments::default(); sample.len()];
        }
        for (moments, &(y, x)) in self.moments.iter_mut().zip(&sample) {
            moments.add([y, x]);
        }
        self.rows.push(sample);
    }

    /// Replications.
    pub fn n(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The replications.
    pub fn rows(&self) -> &[Sample] {
        &self.rows
    }

    /// The ratio of the sums of a measure; NaN if there is nothing to divide by.
    pub fn ratio(&self, measure: usize) -> f64 {
        self.moments
            .get(measure)
            .map_or(f64::NAN, |moments| moments.total(0) / moments.total(1))
    }

    /// Variance of the ratio of one replication: that of the whole, linearised, times their number.
    pub fn unit_variance(&self, measure: usize) -> f64 {
        let Some(moments) = self.moments.get(measure) else {
            return f64::NAN;
        };
        let mean = moments.mean(1);
        let ratio = self.ratio(measure);
        moments.variance_of_mean([1.0, -ratio]) / (mean * mean) * self.n() as f64
    }

    /// Standard error of the ratio.
    pub fn standard_error(&self, measure: usize) -> f64 {
        libm::sqrt(self.unit_variance(measure) / self.n() as f64)
    }

    /// The sums behind a measure, for its interval.
    pub fn sums(&self, measure: usize) -> RatioSums {
        let mut sums = RatioSums::default();
        for row in &self.rows {
            sums.add(row[measure].0, row[measure].1);
        }
        sums
    }

    /// The sums behind a paired comparison with another, over the replications that both have.
    pub fn paired(&self, other: &Samples, measure: usize) -> PairedSums {
        let mut sums = PairedSums::default();
        for (mine, theirs) in self.rows.iter().zip(&other.rows) {
            sums.add(mine[measure], theirs[measure]);
        }
        sums
    }

    /// By how much this ratio is above another's, over the replications that both have, and the standard error of that.
    pub fn above(&self, other: &Samples, measure: usize) -> (f64, f64) {
        let mut moments = Moments::<4>::default();
        for (mine, theirs) in self.rows.iter().zip(&other.rows) {
            let ((y1, x1), (y2, x2)) = (mine[measure], theirs[measure]);
            moments.add([y1, x1, y2, x2]);
        }
        let (r1, r2) = (
            moments.total(0) / moments.total(1),
            moments.total(2) / moments.total(3),
        );
        let (x1, x2) = (moments.mean(1), moments.mean(3));
        let variance = moments.variance_of_mean([1.0 / x1, -r1 / x1, -1.0 / x2, r2 / x2]);
        (r1 - r2, libm::sqrt(variance))
    }

    /// What each replication adds to the error of the ratio: `(y - r x) / xbar`, of mean 0.
    pub fn influences(&self, measure: usize) -> Vec<f64> {
        let ratio = self.ratio(measure);
        let mean = self.moments.get(measure).map_or(f64::NAN, |m| m.mean(1));
        let rows = self.rows.iter();
        rows.map(|row| (row[measure].0 - ratio * row[measure].1) / mean)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_share_their_luck() {
        let (mut one, mut two) = (Samples::default(), Samples::default());
        for night in 0..40 {
            let luck = f64::from(night % 7);
            one.add(vec![(luck + 1.0, 10.0)]);
            two.add(vec![(luck, 10.0)]);
        }
        let (difference, error) = one.above(&two, 0);
        assert!((difference - 0.1).abs() < 1e-12);
        assert_eq!(error, 0.0, "the same luck on both sides cancels");
        assert!(one.standard_error(0) > 0.02);
        let sums = one.sums(0);
        assert!((sums.ratio() - one.ratio(0)).abs() < 1e-15);
        assert!((libm::sqrt(sums.variance()) - one.standard_error(0)).abs() < 1e-12);
        let mean: f64 = one.influences(0).iter().sum();
        assert!(mean.abs() < 1e-12);
    }
}
