//! Interval formulas, each with its source and when it holds.
//!
//! All take a two-sided `confidence` (0.95) and return `(low, high)`. Where nothing was seen, callers use the one-sided
//! forms ([`zero_of`], [`zero_events`]), never "0 +- 0".

use super::special::{beta_quantile, beta_regularised, gamma_quantile, t_two_sided};

/// An interval.
pub type Interval = (f64, f64);

/// Two-sided standard normal quantile: 1.96 for 0.95.
pub fn normal_quantile(confidence: f64) -> f64 {
    super::special::normal_quantile(0.5 + confidence / 2.0)
}

/// Two-sided quantile of Student's t.
pub fn t_quantile(confidence: f64, degrees: f64) -> f64 {
    if degrees > 1e6 {
        return normal_quantile(confidence);
    }
    t_two_sided(confidence, degrees.max(1.0))
}

/// Wilson's score interval for `k` of `n` independent trials.
///
/// `(k + z^2/2 +- z sqrt(k (n-k)/n + z^2/4)) / (n + z^2)`. Wilson, JASA 22 (1927) 209; recommended by Brown, Cai and
/// DasGupta, Statistical Science 16 (2001) 101, for all but the smallest expected counts.
pub fn wilson(k: f64, n: f64, confidence: f64) -> Interval {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z = normal_quantile(confidence);
    let z2 = z * z;
    let middle = k + z2 / 2.0;
    let half = z * libm::sqrt(k * (n - k) / n + z2 / 4.0);
    let low = if k <= 0.0 {
        0.0
    } else {
        (middle - half) / (n + z2)
    };
    let high = if k >= n {
        1.0
    } else {
        (middle + half) / (n + z2)
    };
    (low.max(0.0), high.min(1.0))
}

/// Jeffreys' interval: quantiles of Beta(k + 1/2, n - k + 1/2), with 0 for k = 0 and 1 for k = n.
///
/// Brown, Cai and DasGupta 2001. Coverage is right on average, not for every p.
pub fn jeffreys(k: f64, n: f64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence) / 2.0;
    let (a, b) = (k + 0.5, n - k + 0.5);
    let low = if k <= 0.0 {
        0.0
    } else {
        beta_quantile(a, b, tail)
    };
    let high = if k >= n {
        1.0
    } else {
        beta_quantile(a, b, 1.0 - tail)
    };
    (low, high)
}

/// Clopper and Pearson's exact interval: coverage is never below `confidence`, for every p.
///
/// Low: `tail` quantile of Beta(k, n-k+1); high: `1 - tail` quantile of Beta(k+1, n-k). Biometrika 26 (1934) 404. `k` and
/// `n` need not be whole.
pub fn clopper_pearson(k: f64, n: f64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence) / 2.0;
    let low = if k <= 0.0 {
        0.0
    } else {
        beta_quantile(k, n - k + 1.0, tail)
    };
    let high = if k >= n {
        1.0
    } else {
        beta_quantile(k + 1.0, n - k, 1.0 - tail)
    };
    (low, high)
}

/// The exact one-sided upper bound on a probability when none of `n` independent trials succeeded:
/// `1 - ((1 - confidence)/2)^(1/n)`, about 3.7/n at 0.95.
///
/// The bound alone holds with `(1 + confidence)/2`. With 3/n, which holds with `confidence`, whoever reports a bound when
/// nothing was seen and a two-sided interval otherwise would be wrong more often than he says: up to 5.9 per cent of the
/// time at 0.95, where three events are expected.
pub fn zero_of(n: f64, confidence: f64) -> f64 {
    if n <= 0.0 {
        return 1.0;
    }
    -libm::expm1(-zero_events(confidence) / n)
}

/// Garwood's exact interval for the mean of a Poisson count: chi-squared quantiles,
/// `chi2(tail, 2k)/2 .. chi2(1-tail, 2k+2)/2`, which are quantiles of gamma(k) and gamma(k+1). Biometrika 28 (1936) 437. `k` need not be whole.
pub fn poisson(k: f64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence) / 2.0;
    let low = if k <= 0.0 {
        0.0
    } else {
        gamma_quantile(k, tail)
    };
    (low, gamma_quantile(k + 1.0, 1.0 - tail))
}

/// The exact one-sided upper bound on the mean of a Poisson count of 0: `-ln((1 - confidence)/2)`, about 3.7 at 0.95; see
/// [`zero_of`].
pub fn zero_events(confidence: f64) -> f64 {
    -libm::log((1.0 - confidence) / 2.0)
}

/// Exact two-sided p-value of McNemar's test from the two counts of discordant pairs: binomial with 1/2.
///
/// McNemar, Psychometrika 12 (1947) 153; exact form after Cochran. 1 when no pair is discordant.
pub fn mcnemar(only_first: u64, only_second: u64) -> f64 {
    let n = only_first + only_second;
    if n == 0 {
        return 1.0;
    }
    let few = only_first.min(only_second) as f64;
    let n = n as f64;
    // P(X <= few) for a binomial with 1/2 is the regularised incomplete beta function at 1/2.
    let tail = if few >= n {
        1.0
    } else {
        beta_regularised(n - few, few + 1.0, 0.5)
    };
    (2.0 * tail).min(1.0)
}

/// Newcombe's interval for the difference of two paired proportions (second less first), score method with continuity
/// corrected phi: method 10 of Newcombe, Statistics in Medicine 17 (1998) 2635.
///
/// `both`, `only_first`, `only_second`, `neither` count the pairs. Independent pairs, any size.
pub fn newcombe_paired(
    both: f64,
    only_first: f64,
    only_second: f64,
    neither: f64,
    confidence: f64,
) -> Interval {
    let n = both + only_first + only_second + neither;
    let (first, second) = (both + only_first, both + only_second);
    let (p1, p2) = (first / n, second / n);
    let (l1, u1) = wilson(first, n, confidence);
    let (l2, u2) = wilson(second, n, confidence);
    let margins = first * second * (n - first) * (n - second);
    let phi = if margins == 0.0 {
        0.0
    } else {
        let raw = both * neither - only_first * only_second;
        let corrected = if raw > n / 2.0 {
            raw - n / 2.0
        } else if raw >= 0.0 {
            0.0
        } else {
            raw
        };
        corrected / libm::sqrt(margins)
    };
    let half = |d1: f64, d2: f64| libm::sqrt((d1 * d1 - 2.0 * phi * d1 * d2 + d2 * d2).max(0.0));
    let difference = p2 - p1;
    (
        difference - half(p2 - l2, u1 - p1),
        difference + half(u2 - p2, p1 - l1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn clopper_pearson_golden() {
        close(
            clopper_pearson(0.0, 50.0, 0.95).1,
            0.071_121_736_464_20,
            1e-9,
        );
        let (low, high) = clopper_pearson(3.0, 1e6, 0.95);
        close(low, 6.186_725_501_906e-7, 1e-9);
        close(high, 8.767_247_788_068e-6, 1e-9);
        let (low, high) = clopper_pearson(17.0, 40.0, 0.95);
        close(low, 0.270_429_031_268_9, 1e-9);
        close(high, 0.591_099_419_573_0, 1e-9);
        assert_eq!(clopper_pearson(40.0, 40.0, 0.95).1, 1.0);
    }

    #[test]
    fn wilson_golden() {
        let (low, high) = wilson(4.0, 20.0, 0.95);
        close(low, 0.080_657_66, 1e-7);
        close(high, 0.416_017_43, 1e-7);
        assert_eq!(wilson(0.0, 20.0, 0.95).0, 0.0);
        assert_eq!(wilson(20.0, 20.0, 0.95).1, 1.0);
    }

    #[test]
    fn jeffreys_golden() {
        // Two wrong engagements of eleven: 4 to 47 %.
        let (low, high) = jeffreys(2.0, 11.0, 0.95);
        close(low, 0.04, 0.06);
        close(high, 0.47, 0.02);
        // Beta(1/2, 1/2) is the arcsine law: its quantiles are known in closed form.
        let arcsine = libm::pow(libm::sin(std::f64::consts::FRAC_PI_2 * 0.025), 2.0);
        close(beta_quantile(0.5, 0.5, 0.025), arcsine, 1e-10);
    }

    #[test]
    fn zero_bounds() {
        close(
            zero_of(50.0, 0.95),
            clopper_pearson(0.0, 50.0, 0.95).1,
            1e-12,
        );
        close(zero_of(1e6, 0.95), 3.69 / 1e6, 2e-3);
        close(zero_events(0.95), 3.688_879_454_113_94, 1e-12);
        // One-sided, at 0.95, it is the rule of three.
        close(zero_events(0.9), 2.995_732_273_553_99, 1e-12);
        // Two-sided exact bounds of a zero: 3.69.
        close(poisson(0.0, 0.95).1, 3.688_879_454_113_94, 1e-9);
    }

    #[test]
    fn poisson_golden() {
        // Garwood's table: 10 events, 4.795 to 18.390.
        let (low, high) = poisson(10.0, 0.95);
        close(low, 4.795_389, 1e-6);
        close(high, 18.390_356, 1e-6);
    }

    #[test]
    fn mcnemar_is_the_binomial_test() {
        // 2 and 8 discordant: 2 * (1 + 10 + 45) / 1024.
        close(mcnemar(2, 8), 112.0 / 1024.0, 1e-12);
        close(mcnemar(8, 2), 112.0 / 1024.0, 1e-12);
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(5, 5), 1.0);
    }

    #[test]
    fn newcombe_needs_no_discordant_pair_and_is_antisymmetric() {
        let (low, high) = newcombe_paired(0.0, 0.0, 0.0, 30.0, 0.95);
        assert!(low < -0.05 && high > 0.05);
        let (low, high) = newcombe_paired(20.0, 12.0, 2.0, 16.0, 0.95);
        assert!(low < -0.2 && high < 0.0);
        let (low2, high2) = newcombe_paired(20.0, 2.0, 12.0, 16.0, 0.95);
        close(low2, -high, 1e-12);
        close(high2, -low, 1e-12);
    }

    #[test]
    fn clopper_pearson_never_covers_too_little() {
        // Exact coverage by summing the binomial, over a net of p.
        for n in [1_u32, 5, 20, 60] {
            for step in 1..100 {
                let p = f64::from(step) / 100.0;
                let mut coverage = 0.0;
                let mut mass = libm::pow(1.0 - p, f64::from(n));
                for k in 0..=n {
                    let (low, high) = clopper_pearson(f64::from(k), f64::from(n), 0.95);
                    if (low..=high).contains(&p) {
                        coverage += mass;
                    }
                    mass *= f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p);
                }
                assert!(coverage >= 0.95 - 1e-9, "n {n}, p {p}: {coverage}");
            }
        }
    }
}
