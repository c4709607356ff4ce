//! Evidence as bands, and how implausible a world is in its light.
//!
//! History matching (Craig, Goldstein, Seheult and Smith 1997; Vernon, Goldstein and Bower, Bayesian Analysis 5 (2010)
//! 619): a world is ruled out where what it predicts is too far from what was seen, given everything that may lie between
//! the two. With f the prediction, z the middle of the band,
//!
//! ```text
//! I = |E f - z| / sqrt(V_mc + V_obs + V_disc)
//! ```
//!
//! A band from above 0 is looked at on the log scale: z = (ln low + ln high)/2, V_obs = ((ln high - ln low)/4)^2, V_mc the
//! variance of the estimate over its square, V_disc = discrepancy^2. A band from 0 ("at most") has no logarithm: there
//! z = high/2, V_obs = (high/4)^2, V_disc = (discrepancy z)^2, on the scale of the measure itself. `discrepancy` is the
//! standard deviation of what the model may be off by even where all its numbers are right, as a share.
//!
//! A band whose denominator does not occur rules nothing out. What is not ruled out is not confirmed: implausibility is no
//! probability, and a set of worlds is no posterior.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::estimate::RatioSums;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// What it is called.
    pub name: String,
    /// The measure of the model that it speaks about, such as `neutral_share_of_kills`; `deconflict columns` lists them.
    #[serde(default)]
    pub measure: Option<String>,
    /// In place of a measure: the column that is counted.
    #[serde(default)]
    pub events: Option<String>,
    /// And what it is counted over: a column, `day` or `replication`.
    #[serde(default)]
    pub per: Option<String>,
    /// Lowest value that the sources allow; 0 where they say "at most".
    pub low: f64,
    /// Highest value that the sources allow.
    pub high: f64,
    /// Where it comes from.
    pub source: String,
    /// When that was looked up.
    #[serde(default)]
    pub date: Option<String>,
    /// Standard deviation of what the model may be off by even with all its numbers right, as a share.
    #[serde(default)]
    #[schemars(extend("minimum" = 0.0))]
    pub discrepancy: f64,
}

/// What a world predicts: the estimate of a ratio, and the variance of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The estimate; above 0.
    pub estimate: f64,
    /// Its variance, in the unit of the estimate squared.
    pub variance: f64,
}

impl Found {
    /// What replications say of a ratio; nothing where there is nothing to divide by. Where no event was seen it stands for
    /// half of one, give or take as much: the logarithm of a count of c has the variance 1/c.
    pub fn of(sums: &RatioSums) -> Option<Found> {
        if sums.exposure().is_nan() || sums.exposure() <= 0.0 {
            return None;
        }
        if sums.events() > 0.0 {
            return Some(Found {
                estimate: sums.ratio(),
                variance: sums.variance(),
            });
        }
        let half = 0.5 / sums.exposure();
        Some(Found {
            estimate: half,
            variance: half * half * 2.0,
        })
    }
}

/// A band in the numbers of the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    log: bool,
    /// The middle.
    pub z: f64,
    /// Of what was seen and of the discrepancy together.
    pub variance: f64,
}

impl Band {
    /// The band of a piece of evidence; `low < high`, `high > 0`.
    pub fn new(low: f64, high: f64, discrepancy: f64) -> Band {
        let square = |value: f64| value * value;
        if low > 0.0 {
            let (low, high) = (libm::log(low), libm::log(high));
            return Band {
                log: true,
                z: (low + high) / 2.0,
                variance: square((high - low) / 4.0) + square(discrepancy),
            };
        }
        let z = high / 2.0;
        Band {
            log: false,
            z,
            variance: square(high / 4.0) + square(discrepancy * z),
        }
    }

    /// A prediction on the scale of the band: value and variance.
    pub fn scaled(&self, found: Found) -> (f64, f64) {
        match self.log {
            true => (
                libm::log(found.estimate),
                found.variance / (found.estimate * found.estimate),
            ),
            false => (found.estimate, found.variance),
        }
    }

    /// Implausibility of a value on the scale of the band that is known with this variance.
    pub fn implausibility_of(&self, value: f64, variance: f64) -> f64 {
        (value - self.z).abs() / libm::sqrt(variance + self.variance)
    }

    /// Implausibility of a prediction; 0 where there is none.
    pub fn implausibility(&self, found: Option<Found>) -> f64 {
        found.map_or(0.0, |found| {
            let (value, variance) = self.scaled(found);
            self.implausibility_of(value, variance)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implausibility_is_that_of_the_formula_on_both_scales() {
        let band = Band::new(0.01, 0.16, 0.5);
        // ln 16 / 4 = ln 2; the middle is the geometric mean .04.
        let spread = std::f64::consts::LN_2.powi(2) + 0.25;
        let found = |estimate: f64, relative: f64| {
            let variance = (relative * estimate).powi(2);
            Some(Found { estimate, variance })
        };
        let expected = (0.32_f64 / 0.04).ln() / (spread + 0.01).sqrt();
        assert!((band.implausibility(found(0.32, 0.1)) - expected).abs() < 1e-12);
        assert!(band.implausibility(found(0.04, 0.1)) < 1e-12);
        let most = Band::new(0.0, 0.4, 0.0);
        assert!((most.implausibility(found(0.5, 0.0)) - 3.0).abs() < 1e-12);
        assert_eq!(most.implausibility(None), 0.0);
    }

    #[test]
    fn nothing_is_half_an_event_and_no_denominator_is_nothing() {
        let sums = |above: f64, below: f64| {
            let mut sums = RatioSums::default();
            for _ in 0..50 {
                sums.add(above, below);
            }
            Found::of(&sums)
        };
        let none = sums(0.0, 2.0).unwrap();
        assert_eq!(none.estimate, 0.005);
        assert_eq!(none.variance / (none.estimate * none.estimate), 2.0);
        assert_eq!(sums(0.0, 0.0), None);
        assert_eq!(sums(1.0, 2.0).unwrap().estimate, 0.5);
    }

    #[test]
    fn noise_and_discrepancy_rule_out_less() {
        let estimate = 1.0;
        let at = |discrepancy: f64, variance: f64| {
            Band::new(0.01, 0.1, discrepancy).implausibility(Some(Found { estimate, variance }))
        };
        assert!(at(0.0, 0.0) > at(0.3, 0.0));
        assert!(at(0.0, 0.0) > at(0.0, 0.1));
    }
}
