//! stub
use crate::measure::Summary;

/// What became of one replication of one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was flown.
    Flown(Summary),
    /// It failed, and why.
    Failed(String),
}

/// One replication of every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Number of the replication.
    pub index: u64,
    /// In the order of the cells.
    pub outcomes: Vec<Outcome>,
}
