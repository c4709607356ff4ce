//! What is known of a candidate: numerator and denominator of every watched measure, replication by replication.

use crate::statistics::estimate::{PairedSums, RatioSums};
use crate::statistics::moments::Moments;

/// Common replications from which a control variate is fitted.
const FEW_COMMON: usize = 8;

/// One replication of a candidate: numerator and denominator of each watched measure.
pub type Sample = Vec<(f64, f64)>;

/// Replications of a candidate in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    rows: Vec<Sample>,
    moments: Vec<Moments<2>>,
}

/// A ratio from which what common replications did to a control is taken off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Controlled {
    /// The ratio.
    pub value: f64,
    /// Variance of one replication that is left.
    pub unit: f64,
    /// Replications.
    pub n: f64,
    /// Standard error that comes with the control.
    pub inherited: f64,
}

impl Controlled {
    /// Standard error of the ratio.
    pub fn error(&self) -> f64 {
        libm::sqrt(self.unit / self.n + self.inherited * self.inherited)
    }
}

/// What a candidate has in common with its control, replication by replication.
struct Regressed {
    /// By how much the candidate moves with the control.
    slope: f64,
    /// What the common replications did to the control.
    moved: f64,
    /// Variance of one replication of the candidate beside that.
    left: f64,
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

    /// The ratio of a measure and its standard error, with another's as control variate: what the replications that both have did to
    /// that one is known from all the replications it has, and so much of it as fits is taken off.
    ///
    /// `r - b mean(w)`, w what a common replication adds to the error of the other's ratio over all its replications, b the
    /// regression of this one's on it (Lavenberg and Welch, Management Science 27 (1981) 322). Variance
    /// `(1 - rho^2) s^2 (n - 2) / (n - 3) / n + b^2 s_w^2 / N`. Where random numbers is not shared b is near 0 and little is
    /// lost; with fewer than 8 common replications, or where the other has no more than this one, it is the plain ratio.
    pub fn controlled(&self, control: &Samples, measure: usize) -> (f64, f64) {
        let known = (control.ratio(measure), control.standard_error(measure));
        let controlled = self.controlled_by(control, known, measure);
        (controlled.value, controlled.error())
    }

    /// The same where the ratio of the control is known otherwise, with a standard error; in two parts, what is left of the noise of this one
    /// for one replication, and the error of the control.
    pub fn controlled_by(
        &self,
        control: &Samples,
        known: (f64, f64),
        measure: usize,
    ) -> Controlled {
        let n = self.rows.len() as f64;
        match self.regressed(control, measure) {
            Some(fit) => {
                let off = fit.moved + control.ratio(measure) - known.0;
                Controlled {
                    value: self.ratio(measure) - fit.slope * off,
                    unit: fit.left * (n - 2.0) / (n - 3.0),
                    n,
                    inherited: fit.slope.abs() * known.1,
                }
            }
            None => Controlled {
                value: self.ratio(measure),
                unit: self.unit_variance(measure),
                n,
                inherited: 0.0,
            },
        }
    }

    /// Variance of the ratio of one replication that is left once the control has taken off its share.
    pub fn residual(&self, control: &Samples, measure: usize) -> f64 {
        let fit = self.regressed(control, measure);
        fit.map_or_else(|| self.unit_variance(measure), |fit| fit.left)
    }

    fn regressed(&self, control: &Samples, measure: usize) -> Option<Regressed> {
        let (n, all) = (self.rows.len(), control.rows.len());
        if n < FEW_COMMON || all <= n {
            return None;
        }
        let mean = control.moments[measure].mean(1);
        let other = control.ratio(measure);
        let mut moments = Moments::<2>::default();
        let mine = self.influences(measure);
        for (mine, row) in mine.into_iter().zip(&control.rows) {
            let (y, x) = row[measure];
            moments.add([mine, (y - other * x) / mean]);
        }
        let (s, w) = (moments.covariance(0, 0), moments.covariance(1, 1));
        let both = moments.covariance(0, 1);
        (s > 0.0 && w > 0.0).then(|| Regressed {
            slope: both / w,
            moved: moments.mean(1),
            left: (1.0 - both * both / (s * w)).max(0.0) * s,
        })
    }

    /// Means of numerator and denominator of a measure, over its replications.
    pub fn means(&self, measure: usize) -> (f64, f64) {
        let n = self.rows.len() as f64;
        let sum = |of: fn(&(f64, f64)) -> f64| -> f64 {
            self.rows.iter().map(|row| of(&row[measure])).sum()
        };
        (sum(|pair| pair.0) / n, sum(|pair| pair.1) / n)
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
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A candidate with 16 replications beside a control with 400, nearly all random numbers shared: the standard error falls to what
    /// is not shared, the estimate is unbiased, and its error is as large as it says. Without common random numbers nothing is gained
    /// and little lost. 2 000 sets; bounds are 5 standard errors.
    #[test]
    fn a_control_variate_takes_shared_luck_off() {
        const SETS: u32 = 2_000;
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let mut uniform = || f64::from(rng.next_u32()) / 4_294_967_296.0;
        for (shared, gain) in [(0.95, (0.1, 0.35)), (0.0, (0.95, 1.35))] {
            let (mut plain, mut controlled, mut said, mut bias) = (0.0, 0.0, 0.0, 0.0);
            for _ in 0..SETS {
                let (mut one, mut control) = (Samples::default(), Samples::default());
                for replication in 0..400 {
                    let draws = uniform();
                    let other = shared * draws + (1.0 - shared) * uniform();
                    control.add(vec![(4.0 * draws, 4.0)]);
                    if replication < 16 {
                        one.add(vec![(4.0 * other + 1.0, 4.0)]);
                    }
                }
                let (value, error) = one.controlled(&control, 0);
                // Uniform random numbers has the mean 1/2 on both sides.
                let truth = 0.75;
                plain += (one.ratio(0) - truth).powi(2);
                controlled += (value - truth).powi(2);
                said += error * error;
                bias += value - truth;
            }
            let ratio = controlled / plain;
            assert!(
                (gain.0 * gain.0..gain.1 * gain.1).contains(&ratio),
                "{shared}: {ratio}"
            );
            let sets = f64::from(SETS);
            assert!(
                (0.85..1.18).contains(&(said / controlled)),
                "{shared}: {}",
                said / controlled
            );
            let error = (controlled / sets / sets).sqrt();
            assert!((bias / sets).abs() < 5.0 * error, "{shared}: {bias}");
        }
    }

    #[test]
    fn pairs_share_their_draws() {
        let (mut one, mut two) = (Samples::default(), Samples::default());
        for night in 0..40 {
            let draws = f64::from(night % 7);
            one.add(vec![(draws + 1.0, 10.0)]);
            two.add(vec![(draws, 10.0)]);
        }
        let (difference, error) = one.above(&two, 0);
        assert!((difference - 0.1).abs() < 1e-12);
        assert_eq!(error, 0.0, "the same random numbers on both sides cancels");
        assert!(one.standard_error(0) > 0.02);
        let sums = one.sums(0);
        assert!((sums.ratio() - one.ratio(0)).abs() < 1e-15);
        assert!((libm::sqrt(sums.variance()) - one.standard_error(0)).abs() < 1e-12);
        let mean: f64 = one.influences(0).iter().sum();
        assert!(mean.abs() < 1e-12);
    }
}
