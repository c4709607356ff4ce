//! Designs: which settings of the factors to run.
//!
//! A factor is set to one of its levels or to a value in its range. A design is a list of points, a point has one
//! coordinate for each factor, and every point becomes a cell.
//!
//! | design | points | for |
//! |---|---|---|
//! | grid | all combinations of the levels, the first factor slowest | few levels, all interactions |
//! | one at a time | the baseline, then each factor's other levels in turn, the rest at baseline: `1 + sum (k_j - 1)` | effects near one point |
//! | Latin hypercube | n points; in each dimension one in each of n equal strata, uniform within it (McKay, Beckman and Conover, Technometrics 21 (1979) 239) | ranges, any n |
//! | Sobol' | the first n points of a Sobol' sequence with Owen's scrambling (Owen 1995; direction numbers of Joe and Kuo, SIAM J. Sci. Comput. 30 (2008) 2635; scrambling by hashing, Burley, J. Computer Graphics Techniques 9 (2020) no. 4) | ranges; best with n a power of two |
//!
//! The two sampled designs make u in [0, 1) for each factor: a range is set to `low + u (high - low)`, or on the log scale
//! to `low (high/low)^u`; of k levels it takes the one numbered `floor(u k)`. Values carry the unit of their factor; u
//! has none. All is a pure function of the seed, the number of points and the position of the factor, so a factor added
//! at the end leaves the coordinates of those before it alone.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Most points of any design; the Sobol' sequence as implemented ends there.
pub const MOST_POINTS: u64 = 1 << 16;

/// Most factors of a Sobol' design: dimensions with direction numbers.
pub const MOST_SOBOL_FACTORS: usize = sobol_burley::NUM_DIMENSIONS as usize;

/// How a range is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences count alike.
    Linear,
    /// Equal ratios count alike; both ends above 0.
    Log,
}

/// What a factor may be set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// One of so many levels, numbered from 0.
    Levels(usize),
    /// A value in `low ..= high`, in the unit of the factor.
    Range {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// How it is filled.
        scale: Scale,
    },
}

impl Domain {
    /// The coordinate at `u` in [0, 1).
    pub fn at(&self, u: f64) -> Coordinate {
        match *self {
            Domain::Levels(k) => {
                Coordinate::Level(((u * k as f64) as usize).min(k.saturating_sub(1)))
            }
            Domain::Range { low, high, scale } => {
                let value = match scale {
                    Scale::Linear => low + u * (high - low),
                    Scale::Log => low * libm::pow(high / low, u),
                };
                Coordinate::Value(value.clamp(low, high))
            }
        }
    }

    /// The inverse of [`Domain::at`] for a value of a range: 0 at its low end, 1 at its high end. None for levels.
    pub fn unit(&self, coordinate: Coordinate) -> Option<f64> {
        match (*self, coordinate) {
            (Domain::Range { low, high, scale }, Coordinate::Value(value)) => Some(match scale {
                Scale::Linear => (value - low) / (high - low),
                Scale::Log => libm::log(value / low) / libm::log(high / low),
            }),
            _ => None,
        }
    }

    fn usable(&self) -> bool {
        match *self {
            Domain::Levels(k) => k > 0,
            Domain::Range { low, high, scale } => {
                low < high && (high - low).is_finite() && (scale == Scale::Linear || low > 0.0)
            }
        }
    }
}

/// What a factor is set to at a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinate {
    /// A level, by number.
    Level(usize),
    /// A value of a range.
    Value(f64),
}

/// One setting of all factors, in their order.
pub type Point = Vec<Coordinate>;

/// A way to choose points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Design {
    /// All combinations of levels.
    Grid,
    /// The baseline, then every other level of one factor after the other.
    OneAtATime {
        /// The baseline level of each factor.
        baseline: Vec<usize>,
    },
    /// A Latin hypercube.
    LatinHypercube {
        /// How many points.
        points: u32,
    },
    /// The start of a scrambled Sobol' sequence.
    Sobol {
        /// How many points.
        points: u32,
    },
}

/// Why there are no points. Factors are numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// A grid and one-at-a-time step through levels.
    #[error("factor {factor} is a range: this design needs levels")]
    RangeNeedsLevels {
        /// Which factor.
        factor: usize,
    },
    /// No levels, or a range that is empty, endless, or on the log scale not above 0.
    #[error(
        "factor {factor} has nothing to be set to: a range needs low < high, and low > 0 on the log scale"
    )]
    NothingToSet {
        /// Which factor.
        factor: usize,
    },
    /// The baseline lacks a factor or names a level that it does not have.
    #[error("factor {factor} has no such baseline level")]
    NoBaseline {
        /// Which factor.
        factor: usize,
    },
    /// A design of nothing.
    #[error("a design needs at least one point")]
    NoPoints,
    /// Too large.
    #[error("{points} points; a design may have at most {MOST_POINTS}")]
    TooManyPoints {
        /// How many there would be.
        points: u64,
    },
    /// Out of direction numbers.
    #[error(
        "{factors} factors; a Sobol' design may have at most {MOST_SOBOL_FACTORS}, a Latin hypercube any number"
    )]
    TooManyFactors {
        /// How many there are.
        factors: usize,
    },
}

/// How many points a design has, short of checking it.
pub fn count(design: &Design, domains: &[Domain]) -> u64 {
    let levels = domains.iter().map(|domain| match *domain {
        Domain::Levels(k) => k as u64,
        Domain::Range { .. } => 1,
    });
    match *design {
        Design::Grid => levels.fold(1, u64::saturating_mul),
        Design::OneAtATime { .. } => {
            levels.fold(1, |sum, k| sum.saturating_add(k.saturating_sub(1)))
        }
        Design::LatinHypercube { points } | Design::Sobol { points } => u64::from(points),
    }
}

/// The points of a design, in the order of the cells.
///
/// # Errors
/// A range where levels are needed, a factor with nothing to be set to, a baseline that is not there, no point or too many.
pub fn points(design: &Design, domains: &[Domain], seed: u64) -> Result<Vec<Point>, DesignError> {
    if let Some(factor) = domains.iter().position(|domain| !domain.usable()) {
        return Err(DesignError::NothingToSet { factor });
    }
    let count = count(design, domains);
    if count == 0 {
        return Err(DesignError::NoPoints);
    }
    if count > MOST_POINTS {
        return Err(DesignError::TooManyPoints { points: count });
    }
    match design {
        Design::Grid => Ok(grid(&levels(domains)?)),
        Design::OneAtATime { baseline } => {
            let levels = levels(domains)?;
            let known =
                |(factor, k): (usize, &usize)| baseline.get(factor).is_some_and(|level| level < k);
            if let Some(factor) = levels.iter().enumerate().position(|pair| !known(pair)) {
                return Err(DesignError::NoBaseline { factor });
            }
            Ok(one_at_a_time(&levels, baseline))
        }
        Design::LatinHypercube { points } => {
            let columns: Vec<Vec<f64>> = (0..domains.len())
                .map(|factor| strata(*points, seed, factor as u64))
                .collect();
            Ok((0..*points as usize)
                .map(|point| {
                    let units = columns.iter().map(|column| column[point]);
                    domains.iter().zip(units).map(|(d, u)| d.at(u)).collect()
                })
                .collect())
        }
        Design::Sobol { points } => {
            if domains.len() > MOST_SOBOL_FACTORS {
                return Err(DesignError::TooManyFactors {
                    factors: domains.len(),
                });
            }
            let scramble = generator(seed, u64::MAX).next_u32();
            Ok((0..*points)
                .map(|point| {
                    let unit = |dimension| sobol_burley::sample(point, dimension, scramble);
                    domains
                        .iter()
                        .zip(0..)
                        .map(|(domain, dimension)| domain.at(f64::from(unit(dimension))))
                        .collect()
                })
                .collect())
        }
    }
}

/// Numbers of levels.
fn levels(domains: &[Domain]) -> Result<Vec<usize>, DesignError> {
    domains
        .iter()
        .enumerate()
        .map(|(factor, domain)| match *domain {
            Domain::Levels(k) => Ok(k),
            Domain::Range { .. } => Err(DesignError::RangeNeedsLevels { factor }),
        })
        .collect()
}

fn grid(levels: &[usize]) -> Vec<Point> {
    let mut points = vec![Vec::with_capacity(levels.len())];
    for &k in levels {
        points = points
            .iter()
            .flat_map(|point: &Point| {
                (0..k).map(move |level| {
                    let mut longer = point.clone();
                    longer.push(Coordinate::Level(level));
                    longer
                })
            })
            .collect();
    }
    points
}

fn one_at_a_time(levels: &[usize], baseline: &[usize]) -> Vec<Point> {
    let middle: Point = baseline[..levels.len()]
        .iter()
        .map(|&level| Coordinate::Level(level))
        .collect();
    let mut points = vec![middle.clone()];
    for (factor, &k) in levels.iter().enumerate() {
        for level in (0..k).filter(|&level| level != baseline[factor]) {
            let mut point = middle.clone();
            point[factor] = Coordinate::Level(level);
            points.push(point);
        }
    }
    points
}

/// One number in each of `n` equal strata of [0, 1), in random order (Fisher and Yates).
fn strata(n: u32, seed: u64, factor: u64) -> Vec<f64> {
    let mut draws = generator(seed, factor);
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..order.len()).rev() {
        // A whole number below last + 1; off uniform by less than 2^-47.
        let chosen = (u128::from(draws.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, chosen as usize);
    }
    order
        .into_iter()
        .map(|stratum| {
            let within = (draws.next_u64() >> 32) as f64 / (1_u64 << 32) as f64;
            (f64::from(stratum) + within) / f64::from(n)
        })
        .collect()
}

/// Draws of designs; the key is none that a replication uses.
pub(super) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut key = *b"????????points of a design......";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(stream);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Domain = Domain::Range {
        low: 0.0,
        high: 1.0,
        scale: Scale::Linear,
    };

    fn level(coordinate: Coordinate) -> usize {
        match coordinate {
            Coordinate::Level(level) => level,
            Coordinate::Value(value) => panic!("{value} is no level"),
        }
    }

    fn value(coordinate: Coordinate) -> f64 {
        match coordinate {
            Coordinate::Value(value) => value,
            Coordinate::Level(level) => panic!("{level} is no value"),
        }
    }

    fn by_level(points: &[Point]) -> Vec<Vec<usize>> {
        points
            .iter()
            .map(|point| point.iter().copied().map(level).collect())
            .collect()
    }

    #[test]
    fn a_grid_steps_through_the_last_factor_first() {
        let domains = [Domain::Levels(2), Domain::Levels(1), Domain::Levels(3)];
        let points = points(&Design::Grid, &domains, 1).unwrap();
        assert_eq!(
            by_level(&points),
            [
                [0, 0, 0],
                [0, 0, 1],
                [0, 0, 2],
                [1, 0, 0],
                [1, 0, 1],
                [1, 0, 2]
            ]
        );
        // Without factors there is one point: the scenario as it is.
        assert_eq!(
            super::points(&Design::Grid, &[], 1).unwrap(),
            [Point::new()]
        );
    }

    #[test]
    fn one_at_a_time_changes_one_factor_at_a_time() {
        let domains = [Domain::Levels(3), Domain::Levels(2), Domain::Levels(1)];
        let design = Design::OneAtATime {
            baseline: vec![1, 0, 0],
        };
        let points = points(&design, &domains, 1).unwrap();
        assert_eq!(
            by_level(&points),
            [[1, 0, 0], [0, 0, 0], [2, 0, 0], [1, 1, 0]]
        );
        assert_eq!(count(&design, &domains), 4);
    }

    #[test]
    fn a_latin_hypercube_has_one_point_in_each_stratum() {
        for n in [1_u32, 2, 7, 100, 1000] {
            let design = Design::LatinHypercube { points: n };
            let points = points(&design, &[UNIT; 5], 42).unwrap();
            for factor in 0..5 {
                let mut seen: Vec<u32> = points
                    .iter()
                    .map(|point| libm::floor(value(point[factor]) * f64::from(n)) as u32)
                    .collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<u32>>());
            }
        }
    }

    #[test]
    fn the_factors_of_a_latin_hypercube_are_unrelated() {
        let n = 4000;
        let points = points(&Design::LatinHypercube { points: n }, &[UNIT; 3], 7).unwrap();
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let covariance: f64 = points
                .iter()
                .map(|point| (value(point[i]) - 0.5) * (value(point[j]) - 0.5))
                .sum::<f64>()
                / f64::from(n);
            // Four standard errors of a correlation.
            assert!(
                (12.0 * covariance).abs() < 4.0 / libm::sqrt(f64::from(n)),
                "{i} {j}"
            );
        }
    }

    #[test]
    fn levels_are_sampled_equally_often() {
        let domains = [Domain::Levels(3), Domain::Levels(4)];
        for (design, n) in [
            (Design::LatinHypercube { points: 120 }, 120),
            (Design::Sobol { points: 128 }, 128),
        ] {
            let points = points(&design, &domains, 3).unwrap();
            for (factor, k) in [(0, 3), (1, 4)] {
                for wanted in 0..k {
                    let found = points
                        .iter()
                        .filter(|point| level(point[factor]) == wanted)
                        .count();
                    assert!(found.abs_diff(n / k) <= 1, "{design:?} {factor} {wanted}");
                }
            }
        }
    }

    /// A scrambled Sobol' sequence is a (0, 2)-sequence in its first two dimensions and a (t, s)-sequence in more.
    #[test]
    fn sobol_points_are_balanced_in_elementary_intervals() {
        for seed in 0..8 {
            for bits in [0_u32, 1, 4, 8, 10] {
                let n = 1_u32 << bits;
                let points = points(&Design::Sobol { points: n }, &[UNIT; 12], seed).unwrap();
                for factor in 0..12 {
                    let mut cells = vec![0; n as usize];
                    for point in &points {
                        cells[(value(point[factor]) * f64::from(n)) as usize] += 1;
                    }
                    assert!(cells.iter().all(|&count| count == 1), "dimension {factor}");
                }
                for across in 0..=bits {
                    let (a, b) = (1_u32 << across, 1_u32 << (bits - across));
                    let mut cells = vec![0; n as usize];
                    for point in &points {
                        let i = (value(point[0]) * f64::from(a)) as u32;
                        let j = (value(point[1]) * f64::from(b)) as u32;
                        cells[(i * b + j) as usize] += 1;
                    }
                    assert!(cells.iter().all(|&count| count == 1), "{a} by {b}");
                }
            }
        }
    }

    #[test]
    fn sobol_averages_a_smooth_function_better_than_chance() {
        let points = points(&Design::Sobol { points: 1024 }, &[UNIT; 3], 11).unwrap();
        let mean = points
            .iter()
            .map(|point| {
                point
                    .iter()
                    .map(|&u| 12.0 * value(u) * value(u))
                    .product::<f64>()
            })
            .sum::<f64>()
            / 1024.0;
        // By chance the error would be about 64 sqrt((1.8^3 - 1) / 1024), near 4.
        assert!((mean - 64.0).abs() < 0.5, "{mean}");
    }

    #[test]
    fn a_factor_at_the_end_changes_nobody_else() {
        let range = Domain::Range {
            low: 0.01,
            high: 100.0,
            scale: Scale::Log,
        };
        let few = [range, Domain::Levels(3)];
        let more = [range, Domain::Levels(3), UNIT];
        for design in [
            Design::LatinHypercube { points: 50 },
            Design::Sobol { points: 50 },
        ] {
            let short = points(&design, &few, 9).unwrap();
            let long = points(&design, &more, 9).unwrap();
            for (short, long) in short.iter().zip(&long) {
                assert_eq!(short[..], long[..2]);
            }
            assert_ne!(short, points(&design, &few, 10).unwrap());
            // High and low halves of the seed both count.
            assert_ne!(short, points(&design, &few, 9 + (1 << 40)).unwrap());
        }
    }

    #[test]
    fn the_log_scale_fills_ratios() {
        let domain = Domain::Range {
            low: 0.01,
            high: 100.0,
            scale: Scale::Log,
        };
        assert_eq!(domain.at(0.0), Coordinate::Value(0.01));
        assert!((value(domain.at(0.5)) - 1.0).abs() < 1e-15);
        for u in [0.0, 0.125, 0.5, 0.999] {
            assert!((domain.unit(domain.at(u)).unwrap() - u).abs() < 1e-12);
        }
        let linear = Domain::Range {
            low: -2.0,
            high: 6.0,
            scale: Scale::Linear,
        };
        assert_eq!(linear.at(0.25), Coordinate::Value(0.0));
        assert_eq!(linear.unit(Coordinate::Value(4.0)), Some(0.75));
        assert_eq!(Domain::Levels(3).unit(Coordinate::Level(1)), None);
    }

    /// The same points on every machine and in every version: result files name cells by them.
    #[test]
    fn golden_points() {
        let domains = [UNIT, Domain::Levels(4)];
        let golden = |design| -> Vec<(f64, usize)> {
            points(&design, &domains, 20_110_319)
                .unwrap()
                .iter()
                .map(|point| (value(point[0]), level(point[1])))
                .collect()
        };
        assert_eq!(
            golden(Design::LatinHypercube { points: 4 }),
            [
                (0.976789636304602, 0),
                (0.08397508220514283, 1),
                (0.6157967321923934, 3),
                (0.48096025094855577, 2)
            ]
        );
        assert_eq!(
            golden(Design::Sobol { points: 4 }),
            [
                (0.5756020545959473, 2),
                (0.2464660406112671, 1),
                (0.9191255569458008, 0),
                (0.30653417110443115, 3)
            ]
        );
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let refused = |design, domains: &[Domain]| points(&design, domains, 1).unwrap_err();
        assert_eq!(
            refused(Design::Grid, &[Domain::Levels(2), UNIT]),
            DesignError::RangeNeedsLevels { factor: 1 }
        );
        assert_eq!(
            refused(Design::Grid, &[Domain::Levels(0)]),
            DesignError::NothingToSet { factor: 0 }
        );
        assert_eq!(
            refused(Design::Grid, &[Domain::Levels(1000); 9]),
            DesignError::TooManyPoints { points: u64::MAX }
        );
        let baseline = vec![0, 2];
        assert_eq!(
            refused(Design::OneAtATime { baseline }, &[Domain::Levels(2); 2]),
            DesignError::NoBaseline { factor: 1 }
        );
        assert_eq!(
            refused(Design::Sobol { points: 1 }, &[UNIT; 257]),
            DesignError::TooManyFactors { factors: 257 }
        );
        assert_eq!(
            refused(Design::LatinHypercube { points: 0 }, &[UNIT]),
            DesignError::NoPoints
        );
        let log = Domain::Range {
            low: 0.0,
            high: 1.0,
            scale: Scale::Log,
        };
        assert_eq!(
            refused(Design::Sobol { points: 70_000 }, &[log]),
            DesignError::NothingToSet { factor: 0 }
        );
        assert_eq!(
            refused(Design::Sobol { points: 70_000 }, &[UNIT]),
            DesignError::TooManyPoints { points: 70_000 }
        );
    }
}
