//! Sums, squares and cross products of a few quantities per replication, kept while they stream by.

/// Running first and second moments of `K` quantities observed together.
///
/// Kept relative to the first observation, so that quantities which hardly vary lose no digits. Fed in the order of the
/// replications, the result depends on nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<const K: usize> {
    n: u64,
    origin: [f64; K],
    sum: [f64; K],
    product: [[f64; K]; K],
    total: [f64; K],
}

impl<const K: usize> Default for Moments<K> {
    fn default() -> Self {
        Moments {
            n: 0,
            origin: [0.0; K],
            sum: [0.0; K],
            product: [[0.0; K]; K],
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
        for i in 0..K {
            self.total[i] += values[i];
            let di = values[i] - self.origin[i];
            if di == 0.0 {
                continue;
            }
            self.sum[i] += di;
            for (j, product) in self.product[i].iter_mut().enumerate().skip(i) {
                *product += di * (values[j] - self.origin[j]);
            }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
