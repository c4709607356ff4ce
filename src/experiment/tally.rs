//! What the replications of one scenario add up to, whoever ran them.

use std::sync::Arc;

use super::accounts::Squares;
use crate::measure::{Columns, Summary};
use crate::statistics::estimate::Estimator;

/// Sums of a run; fed replication by replication, or with those of later replications, which come to the same.
#[derive(Debug, Clone)]
pub struct Tally {
    estimator: Estimator,
    squares: Squares,
}

impl Tally {
    /// Nothing added yet.
    pub fn new(columns: Arc<Columns>) -> Tally {
        Tally {
            estimator: Estimator::new(columns),
            squares: Squares::default(),
        }
    }

    /// Adds the next replication.
    pub fn add(&mut self, index: u64, summary: &Summary) {
        self.estimator.add(index, summary);
        self.squares.add(index, summary);
    }

    /// Adds what was added up of later replications, from the border of a batch on.
    pub fn absorb(&mut self, later: Tally) {
        self.estimator.absorb(later.estimator);
        self.squares.absorb(later.squares);
    }

    /// Replications added.
    pub fn n(&self) -> u64 {
        self.estimator.n()
    }

    /// Every measure.
    pub fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// Wrong shots by square.
    pub fn squares(&self) -> &Squares {
        &self.squares
    }
}
