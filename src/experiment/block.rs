//! What one block of a sweep comes to: the same replication of every cell.

use crate::measure::Summary;

/// Replication `index` of every cell of an experiment, all with common random numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Number of the block, which is the number of the replication.
    pub index: u64,
    /// What became of it in each cell, in the order of the cells.
    pub outcomes: Vec<Outcome>,
}

/// What became of one replication of one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was flown, and this is its row.
    Flown(Summary),
    /// The program failed in it, and said this.
    Failed(String),
}
