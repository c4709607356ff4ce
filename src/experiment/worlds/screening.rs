//! Which assumptions matter: elementary effects of all, and variance shares of a few.
//!
//! *Elementary effects* (Morris, Technometrics 33 (1991) 161), radial (Campolongo, Saltelli and Cariboni, Computer Physics
//! Communications 182 (2011) 978): from each of r base points every factor is moved alone, and
//!
//! ```text
//! EE_i = (f(x with x_i') - f(x)) / (u_i' - u_i)       mu*_i = mean |EE_i|    sigma_i = standard deviation of EE_i
//! ```
//!
//! where u is the place in the range, 0 to 1, so an effect is in the unit of the measure over the whole range. A step is
//! at least [`LEAST_STEP`] long, so that noise is not blown up, and of random length, so that no period hides behind it. Of
//! levels another one is taken and the effect is the difference. Large mu* matters; sigma as large as mu* says that the
//! effect depends on the rest, or bends.
//!
//! *Sobol' indices* (Saltelli et al., Computer Physics Communications 181 (2010) 259; Jansen's estimators, ibid. 117 (1999)
//! 35): with A, B two halves of the rows of a scrambled Sobol' sequence and A_B^i the row of A with x_i from B,
//!
//! ```text
//! V = variance of f(A), f(B)     S_i = 1 - mean (f(B) - f(A_B^i))^2 / 2V     T_i = mean (f(A) - f(A_B^i))^2 / 2V
//! ```
//!
//! S_i is the share of the variance that x_i explains alone, T_i the share that goes when all others are known. Both are
//! pure numbers; the intervals are percentiles of [`RESAMPLES`] bootstrap samples of rows. A row with a world in which the
//! measure has nothing to divide by is left out.
//!
//! All points run the same replications, so differences are paired.

use rand::Rng;

use crate::experiment::design::{self, Coordinate, Design, DesignError, Domain, Point, Scale};
use crate::statistics::intervals::t_quantile;

/// Shortest step of an elementary effect, as a share of the range.
pub const LEAST_STEP: f64 = 0.25;

/// Bootstrap samples of the intervals of Sobol' indices.
pub const RESAMPLES: usize = 500;

const UNIT: Domain = Domain::Range {
    low: 0.0,
    high: 1.0,
    scale: Scale::Linear,
};

/// Base points with each factor moved alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Radial {
    /// r times (the base, then each factor in turn).
    pub points: Vec<Point>,
    /// By base and factor, what the difference is divided by.
    steps: Vec<Vec<f64>>,
}

/// What moving one factor does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Mean of the absolute effects.
    pub absolute: f64,
    /// Lower end of its interval (Student's t over the base points).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Mean of the effects.
    pub mean: f64,
    /// Standard deviation of the effects.
    pub spread: f64,
    /// Effects it is made of.
    pub n: usize,
}

fn number(at: &Coordinate) -> f64 {
    match *at {
        Coordinate::Value(value) => value,
        Coordinate::Level(level) => level as f64,
    }
}

impl Radial {
    /// A design with `bases` base points.
    ///
    /// # Errors
    /// A domain with nothing to be set to, or too many points.
    pub fn new(domains: &[Domain], bases: u32, seed: u64) -> Result<Radial, DesignError> {
        let units = vec![UNIT; domains.len()];
        let drawn = design::points(&Design::LatinHypercube { points: bases }, &units, seed)?;
        let drawn: Vec<Vec<f64>> = drawn
            .iter()
            .map(|row| row.iter().map(number).collect())
            .collect();
        Radial::from(domains, &drawn, seed)
    }

    /// A design with these base points, each coordinate as its place in the range, 0 to 1.
    ///
    /// # Errors
    /// As [`Radial::new`].
    pub fn from(domains: &[Domain], bases: &[Vec<f64>], seed: u64) -> Result<Radial, DesignError> {
        let k = domains.len();
        let design = Design::LatinHypercube {
            points: bases.len() as u32,
        };
        let others = design::points(&design, &vec![UNIT; k], seed.wrapping_add(1))?;
        let mut points = Vec::new();
        let mut steps = Vec::new();
        for (row, others) in bases.iter().zip(&others) {
            let base: Point = (0..k).map(|i| domains[i].at(row[i])).collect();
            points.push(base.clone());
            let mut divisors = Vec::new();
            for i in 0..k {
                let (u, v) = (row[i], number(&others[i]));
                let mut moved = base.clone();
                divisors.push(match (domains[i], base[i]) {
                    (Domain::Levels(levels), Coordinate::Level(level)) => {
                        let others = levels.saturating_sub(1).max(1);
                        let other = ((v * others as f64) as usize).min(others - 1);
                        let other = if other >= level { other + 1 } else { other };
                        moved[i] = Coordinate::Level(other.min(levels - 1));
                        1.0
                    }
                    _ => {
                        let to = step(u, v);
                        moved[i] = domains[i].at(to);
                        to - u
                    }
                });
                points.push(moved);
            }
            steps.push(divisors);
        }
        Ok(Radial { points, steps })
    }

    /// The effects, one a factor, from the values at the points; what is NaN is left out.
    pub fn effects(&self, values: &[f64], confidence: f64) -> Vec<Effect> {
        let k = self.steps.first().map_or(0, Vec::len);
        (0..k)
            .map(|i| {
                let effects: Vec<f64> = self
                    .steps
                    .iter()
                    .enumerate()
                    .filter_map(|(base, divisors)| {
                        let at = base * (k + 1);
                        let effect = (values[at + 1 + i] - values[at]) / divisors[i];
                        effect.is_finite().then_some(effect)
                    })
                    .collect();
                effect(&effects, confidence)
            })
            .collect()
    }

    /// The point that a point was moved from; none for the base points themselves.
    pub fn base(&self, point: usize) -> Option<usize> {
        let width = self.steps.first().map_or(0, Vec::len) + 1;
        let base = point - point % width;
        (base != point).then_some(base)
    }

    /// Which factors are told from noise, from the values at the points and the standard errors of the difference of each and its base
    /// over so many replications: at one place at least the change is shown, two-sided, by Student's t; all factors and places
    /// together at the confidence (Bonferroni).
    pub fn told(
        &self,
        values: &[f64],
        errors: &[f64],
        replications: u64,
        confidence: f64,
    ) -> Vec<bool> {
        let k = self.steps.first().map_or(0, Vec::len);
        let comparisons = (k * self.steps.len()).max(1) as f64;
        let each = 1.0 - (1.0 - confidence) / comparisons;
        let t = t_quantile(each, replications as f64 - 1.0);
        (0..k)
            .map(|i| {
                (0..self.steps.len()).any(|base| {
                    let at = base * (k + 1);
                    let change = (values[at + 1 + i] - values[at]).abs();
                    change > 0.0 && change > t * errors[at + 1 + i]
                })
            })
            .collect()
    }

    /// What [`Effect::absolute`] would be on average if nothing mattered, by the standard error `s` of the difference of each point and
    /// its base, the same replications: the mean of `s sqrt(2/pi) / |step|` over the base points.
    pub fn floor(&self, factor: usize, errors: &[f64]) -> f64 {
        let width = self.steps.first().map_or(0, Vec::len) + 1;
        let each = self.steps.iter().enumerate().map(|(base, steps)| {
            let error = errors[base * width + 1 + factor];
            error * libm::sqrt(2.0 / std::f64::consts::PI) / steps[factor].abs()
        });
        let known: Vec<f64> = each.filter(|one| one.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    }
}

impl Indices {
    /// Whether its rows are too few to tell: alone it cannot explain more than in all.
    pub fn contradicts(&self) -> bool {
        self.first[1] > self.total[2]
    }
}

/// A place in the unit interval at least [`LEAST_STEP`] from `u`, uniform over all such for uniform `v`.
fn step(u: f64, v: f64) -> f64 {
    let below = (u - LEAST_STEP).max(0.0);
    let above = (1.0 - LEAST_STEP - u).max(0.0);
    let at = v * (below + above);
    if at < below {
        at
    } else {
        u + LEAST_STEP + (at - below)
    }
}

fn effect(effects: &[f64], confidence: f64) -> Effect {
    let n = effects.len();
    let moments = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum();
        (mean, libm::sqrt(squares / (n as f64 - 1.0)))
    };
    let sizes: Vec<f64> = effects.iter().map(|effect| effect.abs()).collect();
    let (absolute, deviation) = moments(&sizes);
    let (mean, spread) = moments(effects);
    let half = match n {
        0 | 1 => f64::INFINITY,
        _ => t_quantile(confidence, n as f64 - 1.0) * deviation / libm::sqrt(n as f64),
    };
    Effect {
        absolute,
        low: (absolute - half).max(0.0),
        high: absolute + half,
        mean,
        spread,
        n,
    }
}

/// Rows of two samples, and of the first with one coordinate of the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossed {
    /// By row: A, B, then A with coordinate i of B, for every i.
    pub points: Vec<Point>,
    factors: usize,
}

/// Shares of the variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Indices {
    /// What the factor explains alone: estimate, lower and upper end.
    pub first: [f64; 3],
    /// What goes when all others are known.
    pub total: [f64; 3],
}

impl Crossed {
    /// A design with `rows` rows; best with a power of two.
    ///
    /// # Errors
    /// A domain with nothing to be set to, or too many points.
    pub fn new(domains: &[Domain], rows: u32, seed: u64) -> Result<Crossed, DesignError> {
        let k = domains.len();
        let both: Vec<Domain> = domains.iter().chain(domains).copied().collect();
        let drawn = design::points(&Design::Sobol { points: rows }, &both, seed)?;
        let mut points = Vec::new();
        for row in &drawn {
            let (a, b) = row.split_at(k);
            points.push(a.to_vec());
            points.push(b.to_vec());
            for i in 0..k {
                let mut crossed = a.to_vec();
                crossed[i] = b[i];
                points.push(crossed);
            }
        }
        Ok(Crossed { points, factors: k })
    }

    /// The indices of each factor from the values at the points, and the variance; rows with NaN are left out.
    pub fn indices(&self, values: &[f64], confidence: f64, seed: u64) -> (Vec<Indices>, f64) {
        let width = self.factors + 2;
        let rows: Vec<&[f64]> = values
            .chunks_exact(width)
            .filter(|row| row.iter().all(|value| value.is_finite()))
            .collect();
        let all: Vec<usize> = (0..rows.len()).collect();
        let (point, variance) = self.estimate(&rows, &all);
        let mut draws = design::generator(seed, u64::MAX - 1);
        let mut resampled: Vec<Vec<(f64, f64)>> = vec![Vec::new(); self.factors];
        for _ in 0..RESAMPLES {
            let n = rows.len() as u128;
            let chosen: Vec<usize> = (0..rows.len())
                .map(|_| ((u128::from(draws.next_u64()) * n) >> 64) as usize)
                .collect();
            let (again, _) = self.estimate(&rows, &chosen);
            for (kept, one) in resampled.iter_mut().zip(again) {
                kept.push(one);
            }
        }
        let ends = |mut sample: Vec<f64>, estimate: f64| -> [f64; 3] {
            sample.retain(|value| value.is_finite());
            sample.sort_by(f64::total_cmp);
            let at = |share: f64| {
                let last = sample.len().saturating_sub(1);
                let place = libm::round(share * last as f64) as usize;
                sample.get(place).copied().unwrap_or(f64::NAN)
            };
            let tail = (1.0 - confidence) / 2.0;
            [estimate, at(tail), at(1.0 - tail)]
        };
        let indices = point
            .into_iter()
            .zip(resampled)
            .map(|((first, total), sample)| {
                let (firsts, totals) = sample.into_iter().unzip();
                Indices {
                    first: ends(firsts, first),
                    total: ends(totals, total),
                }
            });
        (indices.collect(), variance)
    }

    /// First-order and total index of each factor over some of the rows, and the variance.
    fn estimate(&self, rows: &[&[f64]], chosen: &[usize]) -> (Vec<(f64, f64)>, f64) {
        let n = chosen.len() as f64;
        // Measured from one of them, so that what never varies has no variance, not even by rounding.
        let from = chosen.first().map_or(0.0, |&row| rows[row][0]);
        let both = |row: usize| [rows[row][0] - from, rows[row][1] - from];
        let all = || chosen.iter().flat_map(|&row| both(row));
        let mean = all().sum::<f64>() / (2.0 * n);
        let square = |value: f64| value * value;
        let squares: f64 = all().map(|value| square(value - mean)).sum();
        let variance = squares / (2.0 * n - 1.0);
        let shares = (0..self.factors).map(|i| {
            let over = |from: usize| -> f64 {
                let apart = chosen
                    .iter()
                    .map(|&row| square(rows[row][from] - rows[row][2 + i]));
                apart.sum::<f64>() / (2.0 * n) / variance
            };
            (1.0 - over(1), over(0))
        });
        (shares.collect(), variance)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn values(points: &[Point], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        points
            .iter()
            .map(|point| f(&point.iter().map(number).collect::<Vec<_>>()))
            .collect()
    }

    /// Ishigami and Homma (1990) with a = 7, b = .1, on [-pi, pi]^3.
    fn ishigami(x: &[f64]) -> f64 {
        libm::sin(x[0])
            + 7.0 * libm::pow(libm::sin(x[1]), 2.0)
            + 0.1 * libm::pow(x[2], 4.0) * libm::sin(x[0])
    }

    const ANGLE: Domain = Domain::Range {
        low: -PI,
        high: PI,
        scale: Scale::Linear,
    };

    #[test]
    fn what_never_varies_has_no_indices() {
        let design = Crossed::new(&[ANGLE; 3], 64, 1).unwrap();
        let (indices, variance) = design.indices(&values(&design.points, |_| 0.1), 0.95, 1);
        assert_eq!(variance, 0.0);
        for found in indices {
            assert!(
                found.first[0].is_nan() && found.total[0].is_nan(),
                "{found:?}"
            );
        }
    }

    #[test]
    fn the_indices_of_ishigami_are_those_of_its_closed_form() {
        let design = Crossed::new(&[ANGLE; 3], 4096, 1).unwrap();
        let (indices, variance) = design.indices(&values(&design.points, ishigami), 0.95, 1);
        // V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2; V_1 = (1 + b pi^4/5)^2/2, V_2 = a^2/8, V_13 = 8 b^2 pi^8/225.
        let (a, b) = (7.0_f64, 0.1_f64);
        let first = (1.0 + b * PI.powi(4) / 5.0).powi(2) / 2.0;
        let second = a * a / 8.0;
        let both = 8.0 * b * b * PI.powi(8) / 225.0;
        let whole = first + second + both;
        assert!(
            (whole - (a * a / 8.0 + b * PI.powi(4) / 5.0 + b * b * PI.powi(8) / 18.0 + 0.5)).abs()
                < 1e-9
        );
        assert!((variance / whole - 1.0).abs() < 0.02, "{variance} {whole}");
        let expected = [
            (first / whole, (first + both) / whole),
            (second / whole, second / whole),
            (0.0, both / whole),
        ];
        for (found, (alone, total)) in indices.iter().zip(expected) {
            assert!((found.first[0] - alone).abs() < 0.02, "{found:?} {alone}");
            assert!((found.total[0] - total).abs() < 0.02, "{found:?} {total}");
            assert!(found.first[1] <= found.first[0] && found.first[0] <= found.first[2]);
            assert!(
                found.total[1] <= total + 0.01 && total - 0.01 <= found.total[2],
                "{found:?}"
            );
        }
    }

    #[test]
    fn the_indices_of_the_g_function_are_those_of_its_closed_form() {
        // Saltelli and Sobol' (1995): g = prod (|4 x_i - 2| + a_i)/(1 + a_i); V_i = 1/3 / (1 + a_i)^2,
        // V = prod (1 + V_i) - 1, T_i = V_i prod_{j != i} (1 + V_j) / V.
        let a = [0.0, 1.0, 4.5, 9.0];
        let g = |x: &[f64]| -> f64 {
            let each = x.iter().zip(a);
            each.map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a))
                .product()
        };
        let design = Crossed::new(&[UNIT; 4], 8192, 3).unwrap();
        let (indices, _) = design.indices(&values(&design.points, g), 0.95, 1);
        let parts: Vec<f64> = a
            .iter()
            .map(|a| 1.0 / 3.0 / ((1.0 + a) * (1.0 + a)))
            .collect();
        let product: f64 = parts.iter().map(|part| 1.0 + part).product();
        for (found, part) in indices.iter().zip(&parts) {
            let alone = part / (product - 1.0);
            let total = part * product / (1.0 + part) / (product - 1.0);
            assert!((found.first[0] - alone).abs() < 0.02, "{found:?} {alone}");
            assert!((found.total[0] - total).abs() < 0.02, "{found:?} {total}");
        }
    }

    #[test]
    fn elementary_effects_of_a_plane_are_its_slopes_over_the_range() {
        let domains = [
            Domain::Range {
                low: 2.0,
                high: 6.0,
                scale: Scale::Linear,
            },
            Domain::Range {
                low: 1.0,
                high: 100.0,
                scale: Scale::Log,
            },
            Domain::Levels(2),
            UNIT,
        ];
        let design = Radial::new(&domains, 12, 5).unwrap();
        let plane = |x: &[f64]| 3.0 * x[0] - 2.0 * libm::log10(x[1]) + 5.0 * x[2];
        let effects = design.effects(&values(&design.points, plane), 0.95);
        for (found, expected) in effects.iter().zip([12.0, 4.0, 5.0, 0.0]) {
            assert!(
                (found.absolute - expected).abs() < 1e-9,
                "{found:?} {expected}"
            );
            assert!(found.high - found.low < 1e-6);
            assert_eq!(found.n, 12);
        }
        // The sign of a level depends on where it starts; that of a slope does not.
        assert!((effects[1].mean + 4.0).abs() < 1e-9 && effects[1].spread < 1e-9);
    }

    #[test]
    fn elementary_effects_see_what_ishigami_hides() {
        // x2 acts by sin^2, of half the period of the range; x3 on average not at all, and only beside x1.
        let design = Radial::new(&[ANGLE; 3], 400, 2).unwrap();
        let effects = design.effects(&values(&design.points, ishigami), 0.95);
        assert!(effects[1].low > 3.0, "{effects:?}");
        assert!(
            effects[2].mean.abs() < effects[2].absolute / 3.0,
            "{effects:?}"
        );
        assert!(effects[2].spread > effects[2].absolute, "{effects:?}");
    }

    #[test]
    fn steps_are_long_enough_and_fill_the_rest_evenly() {
        for u in [0.0, 0.1, 0.4, 0.5, 0.9, 0.999] {
            let places: Vec<f64> = (0..1000).map(|v| step(u, f64::from(v) / 1000.0)).collect();
            assert!(
                places
                    .iter()
                    .all(|to| (0.0..=1.0).contains(to) && (to - u).abs() > LEAST_STEP - 1e-9)
            );
            let below = places.iter().filter(|to| **to < u).count() as f64 / 1000.0;
            let room = [(u - LEAST_STEP).max(0.0), (1.0 - LEAST_STEP - u).max(0.0)];
            assert!(
                (below - room[0] / (room[0] + room[1])).abs() < 0.002,
                "{u}: {below}"
            );
        }
    }

    /// A plane with three slopes, noise of known size on each difference: none of the inert factors is told in 95 of 100 designs, the
    /// steep one always.
    #[test]
    fn noise_is_not_told_from_noise() {
        let mut wrong = 0;
        for seed in 0..200 {
            let design = Radial::new(&[UNIT; 6], 10, seed).unwrap();
            let mut draws = design::generator(seed, 5);
            let mut normal = || {
                let uniform = |draw: u64| (draw >> 11) as f64 / (1u64 << 53) as f64;
                (0..12).map(|_| uniform(draws.next_u64())).sum::<f64>() - 6.0
            };
            let width = 7;
            let mut found = Vec::new();
            for at in 0..design.points.len() {
                let steep = 40.0 * number(&design.points[at][0]);
                // The noise of a pair is all at the point that is moved.
                found.push(steep + if at % width == 0 { 0.0 } else { normal() });
            }
            let errors = vec![1.0; design.points.len()];
            let told = design.told(&found, &errors, 1_000, 0.95);
            assert!(told[0], "{seed}");
            wrong += u32::from(told[1..].iter().any(|told| *told));
        }
        assert!(wrong <= 20, "{wrong} of 200");
    }

    #[test]
    fn noise_alone_stays_at_the_floor() {
        // Differences of independent standard normals have the standard error sqrt 2.
        let k = 3;
        let design = Radial::new(&[UNIT; 3], 2000, 9).unwrap();
        let mut draws = design::generator(11, 1);
        let mut uniform = || (draws.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let values: Vec<f64> = design
            .points
            .iter()
            .map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0)
            .collect();
        for (factor, effect) in design.effects(&values, 0.95).iter().enumerate().take(k) {
            let errors = vec![std::f64::consts::SQRT_2; design.points.len()];
            let floor = design.floor(factor, &errors);
            assert!(
                (effect.absolute / floor - 1.0).abs() < 0.08,
                "{} {floor}",
                effect.absolute
            );
        }
    }
}
