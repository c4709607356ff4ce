//! Incomplete beta and gamma functions and their inverses, from arithmetic and `libm` alone.
//!
//! Written out here because result files promise the same bytes on every machine, and the last bits of a system's
//! logarithm depend on its processor. The tests hold them against an independent library.
//!
//! Formulas: Numerical Recipes, 3rd ed., sections 6.2 (gamma: series and continued fraction) and 6.4 (beta: continued
//! fraction by Lentz's method); Abramowitz and Stegun 6.1.41 (Stirling's series).

const TINY: f64 = 1e-300;
/// A unit of the last place: a fraction may go on to and fro between two neighbours for ever.
const ACCURACY: f64 = 2.3e-16;
const MOST_TERMS: u32 = 1_000_000;

/// Regularised incomplete beta function I_x(a, b), for a, b > 0.
pub fn beta_regularised(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - ln_beta(a, b));
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The x at which I_x(a, b) is `probability`.
pub fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let ln_beta = ln_beta(a, b);
    let density =
        |x: f64| libm::exp((a - 1.0) * libm::log(x) + (b - 1.0) * libm::log1p(-x) - ln_beta);
    let value = |x| beta_regularised(a, b, x) - probability;
    solve(a / (a + b), 0.0, 1.0, value, density)
}

/// Regularised lower incomplete gamma function P(a, x), for a > 0.
pub fn gamma_regularised(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut n, mut term) = (a, 1.0 / a);
        let mut sum = term;
        for _ in 0..MOST_TERMS {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * ACCURACY {
                break;
            }
        }
        front * sum
    } else {
        let mut b = x + 1.0 - a;
        let mut c = 1.0 / TINY;
        let mut d = 1.0 / b;
        let mut h = d;
        for i in 1..MOST_TERMS {
            let i = f64::from(i);
            let an = -i * (i - a);
            b += 2.0;
            d = 1.0 / away_from_zero(an * d + b);
            c = away_from_zero(b + an / c);
            let factor = d * c;
            h *= factor;
            if (factor - 1.0).abs() <= ACCURACY {
                break;
            }
        }
        1.0 - front * h
    }
}

/// The x at which P(a, x) is `probability`.
pub fn gamma_quantile(a: f64, probability: f64) -> f64 {
    let ln_gamma = libm::lgamma(a);
    let density = |x: f64| libm::exp((a - 1.0) * libm::log(x) - x - ln_gamma);
    let value = |x| gamma_regularised(a, x) - probability;
    solve(a, 0.0, a + 40.0 * libm::sqrt(a) + 700.0, value, density)
}

/// Standard normal quantile.
pub fn normal_quantile(probability: f64) -> f64 {
    let value = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2) - probability;
    let density = |x: f64| libm::exp(-0.5 * x * x) / libm::sqrt(2.0 * std::f64::consts::PI);
    solve(0.0, -40.0, 40.0, value, density)
}

/// The t that a Student variable with these degrees of freedom stays within, either way, with this probability.
pub fn t_two_sided(probability: f64, degrees: f64) -> f64 {
    // With so few degrees it is beyond all bounds.
    if degrees.is_nan() || degrees < 0.01 {
        return f64::INFINITY;
    }
    // t^2 / (degrees + t^2) follows Beta(1/2, degrees/2).
    let y = beta_quantile(0.5, degrees / 2.0, probability);
    libm::sqrt(degrees * y / (1.0 - y))
}

/// ln B(a, b), without cancellation when one of the two is large.
fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 20.0 {
        return libm::lgamma(small) + libm::lgamma(large) - libm::lgamma(small + large);
    }
    // ln gamma(small + large) - ln gamma(large) by Stirling's series.
    let rest = |z: f64| {
        let w = 1.0 / (z * z);
        (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w / 1680.0))) / z
    };
    let sum = small + large;
    let growth = (large - 0.5) * libm::log1p(small / large) + small * libm::log(sum) - small
        + rest(sum)
        - rest(large);
    libm::lgamma(small) - growth
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..MOST_TERMS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() <= ACCURACY || !h.is_finite() {
            break;
        }
    }
    h
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// The zero of a rising function: Newton's steps, kept inside a shrinking bracket, halved where a step would leave it.
fn solve(
    start: f64,
    mut low: f64,
    mut high: f64,
    value: impl Fn(f64) -> f64,
    slope: impl Fn(f64) -> f64,
) -> f64 {
    let mut x = start;
    for _ in 0..400 {
        let error = value(x);
        if error == 0.0 {
            break;
        }
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let mut next = x - error / slope(x);
        if !(next > low && next < high) {
            next = 0.5 * (low + high);
        }
        let step = (next - x).abs();
        x = next;
        if step <= 4e-16 * x.abs() {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    use statrs::function::{beta::beta_reg, gamma::gamma_lr};

    use super::*;

    const SIZES: [f64; 8] = [0.5, 1.0, 2.5, 7.0, 19.0, 40.0, 333.0, 5000.0];

    /// Large and lopsided shapes converge: each quantile within some thousand terms, and none runs to the last.
    #[test]
    fn large_shapes_converge() {
        for (a, b) in [
            (0.7, 3e6),
            (1234.5, 2.2e6),
            (9e5, 1.1e6),
            (5e6, 41.0),
            (4.4e6, 4.4e6),
        ] {
            for probability in [0.025, 0.5, 0.975] {
                let x = beta_quantile(a, b, probability);
                let back = beta_regularised(a, b, x);
                assert!((back - probability).abs() < 1e-9, "{a} {b}: {back}");
            }
        }
    }

    #[test]
    fn without_degrees_nothing_is_bounded() {
        for degrees in [0.0, 1e-12, -1.0, f64::NAN] {
            assert_eq!(t_two_sided(0.95, degrees), f64::INFINITY);
        }
    }

    #[test]
    fn agrees_with_an_independent_library() {
        for a in SIZES {
            for b in SIZES {
                for step in 1..20 {
                    let x = f64::from(step) / 20.0;
                    let (ours, theirs) = (beta_regularised(a, b, x), beta_reg(a, b, x));
                    assert!(
                        (ours - theirs).abs() <= 1e-9 * theirs.abs() + 1e-14,
                        "I_{x}({a}, {b}): {ours}, {theirs}"
                    );
                }
            }
            for x in [0.01, 0.3, 1.0, 2.0, 5.0, 20.0, 50.0, 400.0, 5100.0] {
                let (ours, theirs) = (gamma_regularised(a, x), gamma_lr(a, x));
                assert!(
                    (ours - theirs).abs() <= 1e-9 * theirs + 1e-13,
                    "P({a}, {x})"
                );
            }
        }
        for degrees in [1.0, 2.0, 5.0, 31.0, 199.0, 9999.0] {
            let library = StudentsT::new(0.0, 1.0, degrees).unwrap();
            let t = t_two_sided(0.95, degrees);
            assert!((library.cdf(t) - 0.975).abs() < 1e-9, "{degrees}: {t}");
        }
        assert!((t_two_sided(0.95, 1.0) - 12.706_204_736_174_7).abs() < 1e-8);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn quantiles_undo_the_functions() {
        for probability in [1e-6, 0.025, 0.5, 0.975, 0.999_999] {
            for a in SIZES {
                let x = gamma_quantile(a, probability);
                assert!((gamma_regularised(a, x) - probability).abs() < 1e-12);
                for b in SIZES {
                    let x = beta_quantile(a, b, probability);
                    let back = beta_regularised(a, b, x);
                    // Near 1 a quantile cannot say more than its last bit.
                    let grain = 1e-9 * probability.min(1.0 - probability) + 1e-11;
                    assert!(
                        (back - probability).abs() < grain || x > 1.0 - 1e-9,
                        "{a} {b} {probability} {back}"
                    );
                }
            }
        }
    }
}
