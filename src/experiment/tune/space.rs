//! What may be tuned: each parameter as one gene from 0 to 1, and the setting that a gene stands for.

use serde::{Deserialize, Serialize};

use crate::experiment::design::{Coordinate, Domain, Point, Scale};

/// What values a parameter may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// A number.
    Range {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
        /// Whether equal ratios, not equal differences, count alike.
        log: bool,
    },
    /// A whole number.
    Whole {
        /// Lowest.
        low: i64,
        /// Highest.
        high: i64,
    },
    /// One of so many, without an order.
    Choice(usize),
}

/// Significant digits of a tuned number: more could not be told apart, and nobody could keep them.
const DIGITS: usize = 4;

impl Dimension {
    /// The setting that a gene stands for; a level for a choice, else a value.
    pub fn setting(&self, gene: f64) -> Coordinate {
        match *self {
            Dimension::Range { low, high, log } => {
                let scale = if log { Scale::Log } else { Scale::Linear };
                let exact = match (Domain::Range { low, high, scale }).at(gene) {
                    Coordinate::Value(value) => value,
                    Coordinate::Level(_) => low,
                };
                let short = format!("{exact:.*e}", DIGITS - 1).parse().unwrap_or(exact);
                Coordinate::Value(short.clamp(low, high))
            }
            Dimension::Whole { low, high } => {
                let count = (high - low + 1) as f64;
                let step = libm::floor(gene * count).clamp(0.0, count - 1.0);
                Coordinate::Value(low as f64 + step)
            }
            Dimension::Choice(count) => Domain::Levels(count).at(gene),
        }
    }

    /// Where a gene lies for whoever puts a surface through settings: what stands for the same setting lies in the same place.
    pub fn place(&self, gene: f64) -> f64 {
        match (*self, self.setting(gene)) {
            (Dimension::Whole { low, high }, Coordinate::Value(value)) => {
                (value - low as f64) / ((high - low) as f64).max(1.0)
            }
            (Dimension::Choice(_), Coordinate::Level(level)) => level as f64,
            _ => gene,
        }
    }

    /// Genes beside a gene: one step to either side, and the ends of the range; of a choice all there are.
    pub fn beside(&self, gene: f64, step: f64) -> Vec<f64> {
        let middle = |number: f64, count: f64| (number + 0.5) / count;
        match *self {
            Dimension::Range { .. } => vec![gene + step, gene - step, 1.0, 0.0],
            Dimension::Whole { low, high } => {
                let count = (high - low + 1) as f64;
                let apart = libm::round(step * (count - 1.0)).max(1.0);
                let here = libm::floor(gene * count).min(count - 1.0);
                let there = [here + apart, here - apart, count - 1.0, 0.0];
                there.map(|number| middle(number, count)).to_vec()
            }
            Dimension::Choice(count) => {
                let all = 0..count;
                all.map(|number| middle(number as f64, count as f64))
                    .collect()
            }
        }
        .into_iter()
        .map(|gene| gene.clamp(0.0, 1.0))
        .collect()
    }

    /// Whether neighbouring genes stand for neighbouring settings.
    pub fn is_graded(&self) -> bool {
        !matches!(self, Dimension::Choice(_))
    }
}

/// The settings that genes stand for.
pub fn settings(space: &[Dimension], genes: &[f64]) -> Point {
    space
        .iter()
        .zip(genes)
        .map(|(dimension, &gene)| dimension.setting(gene))
        .collect()
}

/// A setting as something that can be looked up.
pub fn fingerprint(point: &[Coordinate]) -> Vec<u64> {
    point
        .iter()
        .map(|coordinate| match *coordinate {
            Coordinate::Level(level) => level as u64,
            Coordinate::Value(value) => value.to_bits(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_a_gene_stays_inside_and_moves() {
        let range = Dimension::Range {
            low: 0.0,
            high: 1.0,
            log: false,
        };
        assert_eq!(range.beside(0.5, 0.25), [0.75, 0.25, 1.0, 0.0]);
        assert_eq!(range.beside(0.9, 0.25), [1.0, 0.65, 1.0, 0.0]);
        let whole = Dimension::Whole { low: 1, high: 10 };
        let steps = |step| -> Vec<Coordinate> {
            let genes = whole.beside(0.45, step);
            genes.into_iter().map(|gene| whole.setting(gene)).collect()
        };
        let values = |all: [f64; 4]| all.map(Coordinate::Value);
        // From 5: two of nine steps, and never less than one.
        assert_eq!(steps(0.25), values([7.0, 3.0, 10.0, 1.0]));
        assert_eq!(steps(0.01), values([6.0, 4.0, 10.0, 1.0]));
        let choice = Dimension::Choice(3);
        let others = choice.beside(0.0, 0.25).into_iter();
        let others: Vec<Coordinate> = others.map(|gene| choice.setting(gene)).collect();
        assert_eq!(others, [0, 1, 2].map(Coordinate::Level));
    }

    #[test]
    fn genes_cover_their_dimension_and_never_leave_it() {
        let range = Dimension::Range {
            low: 0.12345678,
            high: 8.7654321,
            log: true,
        };
        let whole = Dimension::Whole { low: -1, high: 2 };
        let choice = Dimension::Choice(3);
        let (mut wholes, mut choices) = (Vec::new(), Vec::new());
        for step in 0..=1000 {
            let gene = f64::from(step) / 1000.0;
            match range.setting(gene) {
                Coordinate::Value(value) => assert!((0.12345678..=8.7654321).contains(&value)),
                other => panic!("{other:?}"),
            }
            wholes.push(whole.setting(gene));
            choices.push(choice.setting(gene));
        }
        // To four digits, as every setting.
        assert_eq!(range.setting(0.0), Coordinate::Value(0.1235));
        assert_eq!(range.setting(1.0), Coordinate::Value(8.765));
        assert_eq!(range.setting(0.5), Coordinate::Value(1.04));
        wholes.dedup();
        choices.dedup();
        let values = [-1.0, 0.0, 1.0, 2.0].map(Coordinate::Value);
        assert_eq!(wholes, values);
        assert_eq!(choices, [0, 1, 2].map(Coordinate::Level));
    }
}
