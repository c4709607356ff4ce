//! Sums and products, by two and by three, of a few quantities per replication, kept while they stream by.

use std::slice::Iter;

use super::fold::{Sums, whole};

/// Running first, second and third moments of `K` quantities observed together.
///
/// Kept relative to the first observation, so that quantities which hardly vary lose no digits. Fed in the order of the
/// replications, the result depends on nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<const K: usize> {
    n: u64,
    origin: [f64; K],
    sum: [f64; K],
    product: [[f64; K]; K],
    /// Products of three, those of rising positions.
    triple: [[[f64; K]; K]; K],
    total: [f64; K],
}

impl<const K: usize> Default for Moments<K> {
    fn default() -> Self {
        Moments {
            n: 0,
            origin: [0.0; K],
            sum: [0.0; K],
            product: [[0.0; K]; K],
            triple: [[[0.0; K]; K]; K],
            total: [0.0; K],
        }
    }
}

impl<const K: usize> Moments<K> {
    /// Adds one replication.
    pub fn add(&mut self, values: [f64; K]) {
        if self.n == 0 {
            self.origin = values;
        }
        self.n += 1;
        let d: [f64; K] = std::array::from_fn(|i| values[i] - self.origin[i]);
        for i in 0..K {
            self.total[i] += values[i];
            if d[i] == 0.0 {
                continue;
            }
            self.sum[i] += d[i];
            for j in i..K {
                let product = d[i] * d[j];
                self.product[i][j] += product;
                for (triple, d) in self.triple[i][j].iter_mut().zip(d).skip(j) {
                    *triple += product * d;
                }
            }
        }
    }

    /// The moments of some of the quantities alone: those at these positions, in rising order.
    pub fn of<const L: usize>(&self, positions: [usize; L]) -> Moments<L> {
        Moments {
            n: self.n,
            origin: positions.map(|i| self.origin[i]),
            sum: positions.map(|i| self.sum[i]),
            product: std::array::from_fn(|i| {
                std::array::from_fn(|j| match j < i {
                    true => 0.0,
                    false => self.product[positions[i]][positions[j]],
                })
            }),
            triple: std::array::from_fn(|i| {
                std::array::from_fn(|j| {
                    std::array::from_fn(|k| match j < i || k < j {
                        true => 0.0,
                        false => self.triple[positions[i]][positions[j]][positions[k]],
                    })
                })
            }),
            total: positions.map(|i| self.total[i]),
        }
    }

    /// Replications added.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Sum of a quantity.
    pub fn total(&self, i: usize) -> f64 {
        self.total[i]
    }

    /// Mean of a quantity.
    pub fn mean(&self, i: usize) -> f64 {
        self.total[i] / self.n as f64
    }

    /// Sample covariance, with divisor n - 1; 0 below two replications.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        if self.n < 2 {
            return 0.0;
        }
        let (i, j) = (i.min(j), i.max(j));
        let n = self.n as f64;
        (self.product[i][j] - self.sum[i] * self.sum[j] / n) / (n - 1.0)
    }

    /// Variance of the mean of `sum_i weights[i] * quantity_i`; exactly 0 where rounding is all there is.
    pub fn variance_of_mean(&self, weights: [f64; K]) -> f64 {
        let mut variance = 0.0;
        let mut scale = 0.0;
        for i in 0..K {
            for j in 0..K {
                let term = weights[i] * weights[j] * self.covariance(i, j);
                variance += term;
                scale += term.abs();
            }
        }
        if variance <= 1e-12 * scale {
            return 0.0;
        }
        variance / self.n as f64
    }

    /// Sum of the cubes of what `sum_i weights[i] * quantity_i` is above its mean; exactly 0 where rounding is all there is.
    pub fn cubes(&self, weights: [f64; K]) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let n = self.n as f64;
        let (mut sum, mut square, mut cube, mut scale) = (0.0, 0.0, 0.0, 0.0);
        for i in 0..K {
            sum += weights[i] * self.sum[i];
            for j in i..K {
                let weight = weights[i] * weights[j];
                square += if i == j { 1.0 } else { 2.0 } * weight * self.product[i][j];
                for (k, third) in weights.iter().enumerate().skip(j) {
                    let orders = match (i == j, j == k) {
                        (true, true) => 1.0,
                        (false, false) => 6.0,
                        _ => 3.0,
                    };
                    let term = orders * weight * third * self.triple[i][j][k];
                    cube += term;
                    scale += term.abs();
                }
            }
        }
        let about = cube - 3.0 * sum * square / n + 2.0 * sum * sum * sum / (n * n);
        if about.abs() <= 1e-12 * scale {
            return 0.0;
        }
        about
    }
}

/// With `d` from this origin to the later one, the later sums `s` and products `p` of `m` observations are here
/// `s_i + m d_i` and `p_ij + s_i d_j + s_j d_i + m d_i d_j`, and products of three the like.
impl<const K: usize> Sums for Moments<K> {
    fn merge(&mut self, later: &Moments<K>) {
        if later.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = *later;
            return;
        }
        let m = later.n as f64;
        let d: [f64; K] = std::array::from_fn(|i| later.origin[i] - self.origin[i]);
        for i in 0..K {
            self.total[i] += later.total[i];
            for j in i..K {
                self.product[i][j] += later.product[i][j]
                    + (later.sum[i] * d[j] + later.sum[j] * d[i])
                    + m * d[i] * d[j];
                for k in j..K {
                    self.triple[i][j][k] += later.triple[i][j][k]
                        + (later.product[i][j] * d[k]
                            + later.product[i][k] * d[j]
                            + later.product[j][k] * d[i])
                        + (later.sum[i] * d[j] * d[k]
                            + later.sum[j] * d[i] * d[k]
                            + later.sum[k] * d[i] * d[j])
                        + m * d[i] * d[j] * d[k];
                }
            }
        }
        for (sum, (later, d)) in self.sum.iter_mut().zip(later.sum.iter().zip(d)) {
            *sum += later + m * d;
        }
        self.n += later.n;
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.n as f64);
        if self.n == 0 {
            return;
        }
        numbers.extend(self.origin);
        numbers.extend(self.sum);
        numbers.extend(self.total);
        for i in 0..K {
            numbers.extend(&self.product[i][i..]);
            for j in i..K {
                numbers.extend(&self.triple[i][j][j..]);
            }
        }
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        *self = Moments::default();
        self.n = whole(numbers)?;
        if self.n == 0 {
            return Some(());
        }
        for array in [&mut self.origin, &mut self.sum, &mut self.total] {
            array
                .iter_mut()
                .try_for_each(|number| number.read(numbers))?;
        }
        for i in 0..K {
            self.product[i][i..]
                .iter_mut()
                .try_for_each(|number| number.read(numbers))?;
            for j in i..K {
                self.triple[i][j][j..]
                    .iter_mut()
                    .try_for_each(|number| number.read(numbers))?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means and covariances of the two-pass formulas, whatever the parts were.
    #[test]
    fn parts_put_together_agree_with_the_two_pass_formulas() {
        let data: Vec<[f64; 2]> = (0..90)
            .map(|i| {
                let x = f64::from(i);
                [
                    1e6 + libm::sin(x) * 3.0,
                    libm::cos(1.7 * x) * x - 2e5 * f64::from(u8::from(i > 40)),
                ]
            })
            .collect();
        let n = data.len() as f64;
        let mean = |i: usize| data.iter().map(|row| row[i]).sum::<f64>() / n;
        for cuts in [vec![90], vec![0, 1, 90], vec![7, 40, 41, 90], vec![45, 90]] {
            let mut whole = Moments::<2>::default();
            let mut from = 0;
            for to in cuts {
                let mut part = Moments::default();
                data[from..to].iter().for_each(|row| part.add(*row));
                let (mut numbers, mut read) = (Vec::new(), Moments::default());
                part.write(&mut numbers);
                read.read(&mut numbers.iter()).unwrap();
                assert_eq!(read, part);
                whole.merge(&read);
                from = to;
            }
            assert_eq!(whole.n(), 90);
            for i in 0..2 {
                assert!((whole.mean(i) - mean(i)).abs() < 1e-9 * mean(i).abs());
                for j in 0..2 {
                    let product = |row: &[f64; 2]| (row[i] - mean(i)) * (row[j] - mean(j));
                    let expected = data.iter().map(product).sum::<f64>() / (n - 1.0);
                    let scale = libm::sqrt(whole.covariance(i, i) * whole.covariance(j, j));
                    let error = (whole.covariance(i, j) - expected).abs();
                    assert!(error < 1e-10 * scale, "{i} {j}: {error}");
                }
            }
            let weights = [1.0, -1e-4];
            let above = |row: &[f64; 2]| row[0] - mean(0) - 1e-4 * (row[1] - mean(1));
            let cubes: f64 = data.iter().map(|row| above(row).powi(3)).sum();
            let scale: f64 = data.iter().map(|row| above(row).abs().powi(3)).sum();
            let error = (whole.cubes(weights) - cubes).abs();
            assert!(error < 1e-6 * scale, "{error} of {scale}");
        }
    }

    /// Whole numbers are added up exactly, so parts are as good as one.
    #[test]
    fn parts_of_whole_numbers_are_the_whole_to_the_last_bit() {
        let row = |i: u64| [(i * i % 7) as f64, (i % 5) as f64 + 300.0];
        let mut whole = Moments::<2>::default();
        (0..200).for_each(|i| whole.add(row(i)));
        let mut parts = Moments::<2>::default();
        for (from, to) in [(0, 3), (3, 64), (64, 200)] {
            let mut part = Moments::default();
            (from..to).for_each(|i| part.add(row(i)));
            parts.merge(&part);
        }
        assert_eq!(parts, whole);
        assert_eq!(whole.of([1]), {
            let mut one = Moments::<1>::default();
            (0..200).for_each(|i| one.add([row(i)[1]]));
            one
        });
    }

    #[test]
    fn agrees_with_the_two_pass_formulas() {
        let data = [
            [3.0, 10.0],
            [1.0, 12.0],
            [4.0, 9.0],
            [1.0, 15.0],
            [5.0, 11.0],
        ];
        let mut moments = Moments::<2>::default();
        for row in data {
            moments.add(row);
        }
        let mean = |i: usize| data.iter().map(|row| row[i]).sum::<f64>() / 5.0;
        for i in 0..2 {
            for j in 0..2 {
                let expected = data
                    .iter()
                    .map(|row| (row[i] - mean(i)) * (row[j] - mean(j)))
                    .sum::<f64>()
                    / 4.0;
                assert!((moments.covariance(i, j) - expected).abs() < 1e-12);
            }
        }
        let expected = data
            .iter()
            .map(|row| (row[0] - mean(0)) - 2.0 * (row[1] - mean(1)))
            .map(|d| d * d)
            .sum::<f64>()
            / 4.0
            / 5.0;
        assert!((moments.variance_of_mean([1.0, -2.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_constant_with_many_digits_has_no_variance() {
        let mut moments = Moments::<2>::default();
        for _ in 0..1000 {
            moments.add([1.0e9 / 3.0, 7.0e9 / 3.0]);
        }
        assert_eq!(moments.variance_of_mean([1.0, -1.0 / 7.0]), 0.0);
        assert_eq!(moments.cubes([1.0, -1.0 / 7.0]), 0.0);
    }
}
