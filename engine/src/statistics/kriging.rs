//! A surface through noisy estimates at scattered points: stochastic kriging.
//!
//! The estimates are a constant, plus a Gaussian process with the Matérn covariance of smoothness 5/2 and a length for each
//! coordinate, plus what each point has for itself (steps that no smooth surface follows), plus noise whose variances are given
//! (Ankenman, Nelson and Staum, Operations Research 58 (2010) 371; Rasmussen and Williams, Gaussian Processes for Machine
//! Learning, 2006, equations 2.25, 2.26 and 4.17). Lengths, roughness and the variance of the process are those of the largest likelihood on
//! a net of powers of two, found one coordinate after the other; the constant is its generalised least squares estimate.
//! Noise counts as independent from point to point: where neighbours have random numbers in common, what these did to all of them
//! is not taken off, and the standard errors do not know of it.
//! Plain arithmetic in a fixed order: the same last bit on every processor.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// How far apart two points are along one coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// The difference.
    Graded,
    /// 1 where they differ.
    Named,
}

/// What is known at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Where: a number for each coordinate.
    pub point: Vec<f64>,
    /// The estimate.
    pub value: f64,
    /// The variance of its noise.
    pub variance: f64,
}

/// Points from which the shape is found, the best known of all; more do not pay.
const ENOUGH: usize = 120;

/// Shortest and longest length, as powers of two of the unit of the coordinates.
const LENGTHS: (i32, i32) = (-4, 4);

/// Least and most variance of the process, as powers of two of that of the values.
const VARIANCES: (i32, i32) = (-4, 4);

/// Least and most roughness, as powers of two of the variance of the process.
const ROUGHNESS: (i32, i32) = (-16, 0);

/// What a process is like, in powers of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    lengths: Vec<i32>,
    variance: i32,
    roughness: i32,
}

/// A process with numbers.
struct Process<'a> {
    coordinates: &'a [Coordinate],
    lengths: Vec<f64>,
    variance: f64,
    /// Variance of what each point has for itself.
    own: f64,
}

/// What is known, worked up.
#[derive(Debug, Clone)]
struct Solved {
    factor: Cholesky<f64, Dyn>,
    mean: f64,
    weights: DVector<f64>,
    likelihood: f64,
}

impl Process<'_> {
    fn new<'a>(coordinates: &'a [Coordinate], unit: f64, shape: &Shape) -> Process<'a> {
        let two = |power: i32| libm::exp2(f64::from(power));
        let variance = unit * two(shape.variance);
        Process {
            coordinates,
            lengths: shape.lengths.iter().map(|&power| two(power)).collect(),
            variance,
            own: variance * two(shape.roughness),
        }
    }

    /// The covariance of the smooth part at two points.
    fn covariance(&self, one: &[f64], other: &[f64]) -> f64 {
        let mut square = 0.0;
        for (at, coordinate) in self.coordinates.iter().enumerate() {
            let apart = match coordinate {
                Coordinate::Graded => one[at] - other[at],
                Coordinate::Named => f64::from(u8::from(one[at] != other[at])),
            };
            square += apart * apart / (self.lengths[at] * self.lengths[at]);
        }
        let r = libm::sqrt(5.0 * square);
        self.variance * (1.0 + r + r * r / 3.0) * libm::exp(-r)
    }

    /// The factor of the covariance of what is known, the constant, the weights, and the logarithm of the likelihood.
    fn solve(&self, known: &[Known]) -> Option<Solved> {
        let n = known.len();
        let mut covariance = DMatrix::zeros(n, n);
        for row in 0..n {
            for column in 0..=row {
                covariance[(row, column)] =
                    self.covariance(&known[row].point, &known[column].point);
            }
            covariance[(row, row)] += self.own + known[row].variance;
        }
        let factor = Cholesky::new(covariance)?;
        let ones = factor.solve(&DVector::from_element(n, 1.0));
        let values = DVector::from_iterator(n, known.iter().map(|known| known.value));
        let mean = ones.dot(&values) / ones.sum();
        let off = values.add_scalar(-mean);
        let weights = factor.solve(&off);
        let diagonal = factor.l_dirty().diagonal();
        let determinant: f64 = diagonal.iter().map(|value| libm::log(*value)).sum();
        let likelihood = -0.5 * off.dot(&weights) - determinant;
        likelihood.is_finite().then_some(Solved {
            factor,
            mean,
            weights,
            likelihood,
        })
    }
}

/// A fitted surface.
#[derive(Debug, Clone)]
pub struct Surface {
    coordinates: Vec<Coordinate>,
    known: Vec<Known>,
    unit: f64,
    shape: Shape,
    solved: Solved,
}

impl Surface {
    /// The surface through what is known; `from` is the shape of one through less of it, from which the search for the likeliest
    /// goes on. None where fewer than three points are known, or nothing varies.
    pub fn fit(
        coordinates: &[Coordinate],
        known: Vec<Known>,
        from: Option<&Shape>,
    ) -> Option<Surface> {
        let unit = spread(&known);
        if known.len() < 3 || !(unit > 0.0 && unit.is_finite()) {
            return None;
        }
        let mut some = known.clone();
        some.sort_by(|one, other| one.variance.total_cmp(&other.variance));
        some.truncate(ENOUGH);
        let shape = likeliest(coordinates, &some, unit, from);
        Surface::of(coordinates, known, unit, shape)
    }

    fn of(
        coordinates: &[Coordinate],
        known: Vec<Known>,
        unit: f64,
        shape: Shape,
    ) -> Option<Surface> {
        let solved = Process::new(coordinates, unit, &shape).solve(&known)?;
        Some(Surface {
            coordinates: coordinates.to_vec(),
            known,
            unit,
            shape,
            solved,
        })
    }

    /// What the process is like.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The height at the point that is known as this one, and its standard error.
    pub fn at_known(&self, number: usize) -> (f64, f64) {
        self.height(&self.known[number].point, Some(number))
    }

    /// The height at a point of which nothing is known, and its standard error.
    pub fn at(&self, point: &[f64]) -> (f64, f64) {
        self.height(point, None)
    }

    fn height(&self, point: &[f64], itself: Option<usize>) -> (f64, f64) {
        let process = Process::new(&self.coordinates, self.unit, &self.shape);
        let near = self.known.iter().enumerate().map(|(number, known)| {
            let own = if itself == Some(number) {
                process.own
            } else {
                0.0
            };
            process.covariance(&known.point, point) + own
        });
        let mut near = DVector::from_iterator(self.known.len(), near);
        let height = self.solved.mean + near.dot(&self.solved.weights);
        let factor = self.solved.factor.l_dirty();
        let error = match factor.solve_lower_triangular_mut(&mut near) {
            true => libm::sqrt((process.variance + process.own - near.norm_squared()).max(0.0)),
            false => f64::NAN,
        };
        (height, error)
    }
}

/// The variance of the values.
fn spread(known: &[Known]) -> f64 {
    let n = known.len() as f64;
    let mean = known.iter().map(|known| known.value).sum::<f64>() / n;
    let square = |known: &Known| (known.value - mean) * (known.value - mean);
    known.iter().map(square).sum::<f64>() / n
}

/// The shape of the largest likelihood, one step of a power of two after the other.
fn likeliest(
    coordinates: &[Coordinate],
    known: &[Known],
    unit: f64,
    from: Option<&Shape>,
) -> Shape {
    let likelihood = |shape: &Shape| {
        let solved = Process::new(coordinates, unit, shape).solve(known);
        solved.map_or(f64::NEG_INFINITY, |solved| solved.likelihood)
    };
    let fits = |shape: &&Shape| shape.lengths.len() == coordinates.len();
    let mut shape = from.filter(fits).cloned().unwrap_or(Shape {
        lengths: vec![0; coordinates.len()],
        variance: 0,
        roughness: -6,
    });
    let mut best = likelihood(&shape);
    loop {
        let before = best;
        for at in 0..coordinates.len() + 2 {
            for step in [-1, 1] {
                loop {
                    let mut other = shape.clone();
                    let (power, (least, most)) = match other.lengths.get_mut(at) {
                        Some(length) => (length, LENGTHS),
                        None if at == coordinates.len() => (&mut other.variance, VARIANCES),
                        None => (&mut other.roughness, ROUGHNESS),
                    };
                    *power += step;
                    if !(least..=most).contains(power) {
                        break;
                    }
                    let there = likelihood(&other);
                    if there <= best {
                        break;
                    }
                    (best, shape) = (there, other);
                }
            }
        }
        if best <= before {
            return shape;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn known(at: &[f64], value: f64, variance: f64) -> Known {
        Known {
            point: at.to_vec(),
            value,
            variance,
        }
    }

    /// Against numpy, from the formulas of the page with matrices inverted: a graded coordinate of length 1/2, a named one of length
    /// 2, variance 0.625, roughness 1/16.
    #[test]
    fn heights_and_errors_are_those_of_the_formulas() {
        let all = vec![
            known(&[0.1, 0.0], 1.0, 0.01),
            known(&[0.4, 1.0], 2.0, 0.04),
            known(&[0.7, 0.0], 0.5, 0.02),
            known(&[0.9, 1.0], 1.5, 0.09),
        ];
        let unit = spread(&all);
        assert!((unit - 0.3125).abs() < 1e-15);
        let shape = Shape {
            lengths: vec![-1, 1],
            variance: 1,
            roughness: -4,
        };
        let surface = Surface::of(&[Coordinate::Graded, Coordinate::Named], all, unit, shape);
        let surface = surface.expect("four points");
        assert!((surface.solved.mean - 1.169_217_475_098_052_4).abs() < 1e-12);
        for (found, height, error) in [
            (
                surface.at(&[0.5, 0.0]),
                0.917_791_024_030_360_6,
                0.359_381_454_761_644_74,
            ),
            (
                surface.at_known(1),
                1.871_883_147_893_962_8,
                0.187_712_804_152_985_3,
            ),
            (
                surface.at(&[0.2, 1.0]),
                1.650_978_531_537_182_8,
                0.387_676_385_902_864_13,
            ),
        ] {
            assert!((found.0 - height).abs() < 1e-12, "{found:?}");
            assert!((found.1 - error).abs() < 1e-12, "{found:?}");
        }
    }

    /// A wave over the first of two coordinates, the second without meaning, noise of .3: the surface is nearer to the truth than what was
    /// measured by more than half, as near as it says, and knows which coordinate matters.
    #[test]
    fn noise_is_taken_off_and_what_means_nothing_is_found_out() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut uniform = || f64::from(rng.next_u32()) / 4_294_967_296.0;
        let truth = |at: &[f64]| libm::sin(6.0 * at[0]);
        let mut all = Vec::new();
        let mut raw = 0.0;
        for _ in 0..150 {
            let at = [uniform(), uniform()];
            // Twelve uniform draws: mean 6, variance 1.
            let noise = 0.3 * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0);
            raw += noise * noise;
            all.push(known(&at, truth(&at) + noise, 0.09));
        }
        let points: Vec<Vec<f64>> = all.iter().map(|known| known.point.clone()).collect();
        let surface = Surface::fit(&[Coordinate::Graded; 2], all, None).expect("it varies");
        let (mut off, mut said) = (0.0, 0.0);
        for (number, at) in points.iter().enumerate() {
            let (height, error) = surface.at_known(number);
            off += (height - truth(at)) * (height - truth(at));
            said += error * error;
        }
        assert!(off < 0.25 * raw, "{off} of {raw}");
        assert!((0.4..2.5).contains(&(off / said)), "{off} {said}");
        let [wave, nothing] = surface.shape.lengths[..] else {
            panic!("two coordinates");
        };
        assert!(nothing >= wave + 2, "{:?}", surface.shape);
    }

    #[test]
    fn where_nothing_varies_there_is_no_surface() {
        let flat = vec![known(&[0.0], 1.0, 0.1); 5];
        assert!(Surface::fit(&[Coordinate::Graded], flat, None).is_none());
        assert!(Surface::fit(&[], Vec::new(), None).is_none());
    }
}
