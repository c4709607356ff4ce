//! Everything that is added up over the rounds of a sweep; fed round by round, in order.
//!
//! Its size depends on the plan and not on the number of rounds, apart from what failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Plan;
use super::round::{Outcome, Round};
use crate::measure::{Columns, GridSquare, Summary};
use crate::statistics::estimate::Estimator;
use crate::statistics::pairs::Pairs;

/// Groups of replications for the jackknife of the effects.
pub const GROUPS: usize = 20;

/// A replication that failed and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Number of the cell.
    pub cell: usize,
    /// Number of the replication.
    pub replication: u64,
    /// What it said.
    pub message: String,
}

/// Wrong shots in one square of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SquareCount {
    /// Shots at friend or neutral.
    pub wrong_shots: u64,
    /// Replications with any.
    pub replications: u64,
}

/// Wrong shots by square, by the place of the aircraft when the shot was fired.
#[derive(Debug, Clone, Default)]
pub struct Squares {
    counts: BTreeMap<GridSquare, SquareCount>,
    first: Option<u64>,
}

impl Squares {
    /// Adds a replication.
    pub fn add(&mut self, index: u64, summary: &Summary) {
        if !summary.wrong_shots_at.is_empty() {
            self.first.get_or_insert(index);
        }
        for &square in &summary.wrong_shots_at {
            self.counts.entry(square).or_default().wrong_shots += 1;
        }
        let mut met = summary.wrong_shots_at.clone();
        met.sort_unstable();
        met.dedup();
        for square in met {
            self.counts.entry(square).or_default().replications += 1;
        }
    }

    /// The squares with any, in order.
    pub fn iter(&self) -> impl Iterator<Item = (GridSquare, SquareCount)> {
        self.counts.iter().map(|(square, count)| (*square, *count))
    }

    /// The first replication added that has a wrong shot.
    pub fn first(&self) -> Option<u64> {
        self.first
    }
}

/// A cell and the one it is compared with.
#[derive(Debug, Clone)]
pub struct PairAccount {
    /// Number of the cell compared with.
    pub reference: usize,
    /// Number of the cell.
    pub cell: usize,
    /// Their sums; fewer replications than rounds if some failed.
    pub pairs: Pairs,
}

/// Sums of one cell and measure by group of replications: numerator and denominator.
pub type GroupSums = [(f64, f64); GROUPS];

/// Everything that is added up.
#[derive(Debug, Clone)]
pub struct Accounts {
    rounds: u64,
    cells: Vec<Estimator>,
    pairs: Vec<PairAccount>,
    squares: Vec<Squares>,
    /// By cell, then by measure of the plan.
    groups: Vec<Vec<GroupSums>>,
    /// Columns of the measures of the plan: numerator and denominator.
    measures: Vec<(usize, Option<usize>)>,
    failures: Vec<Failure>,
}

impl Accounts {
    /// Nothing added yet.
    pub fn new(plan: &Plan) -> Accounts {
        let cells = plan.record.cells.len();
        let measures: Vec<(usize, Option<usize>)> = plan
            .record
            .measures
            .iter()
            .filter_map(|name| {
                let derived = plan.columns.derived();
                let derived = derived.iter().find(|derived| derived.name == *name)?;
                Some((derived.numerator, derived.denominator))
            })
            .collect();
        // The same names in all, but a cell may spend more missiles on a target.
        let columns: Vec<Arc<Columns>> = (plan.scenarios.iter())
            .map(|scenario| Arc::new(Columns::new(&scenario.cast)))
            .collect();
        Accounts {
            rounds: 0,
            cells: columns.iter().cloned().map(Estimator::new).collect(),
            pairs: plan
                .record
                .pairs()
                .map(|(reference, cell)| PairAccount {
                    reference,
                    cell,
                    pairs: Pairs::new(&columns[reference], &columns[cell]),
                })
                .collect(),
            squares: vec![Squares::default(); cells],
            groups: vec![vec![[(0.0, 0.0); GROUPS]; measures.len()]; cells],
            measures,
            failures: Vec::new(),
        }
    }

    /// Adds a round.
    pub fn add(&mut self, round: &Round) {
        self.rounds += 1;
        let group = (round.index % GROUPS as u64) as usize;
        for (cell, outcome) in round.outcomes.iter().enumerate() {
            let summary = match outcome {
                Outcome::Flown(summary) => summary,
                Outcome::Failed(message) => {
                    self.failures.push(Failure {
                        cell,
                        replication: round.index,
                        message: message.clone(),
                    });
                    continue;
                }
            };
            self.cells[cell].add(round.index, summary);
            for (sums, &(numerator, denominator)) in
                self.groups[cell].iter_mut().zip(&self.measures)
            {
                sums[group].0 += summary.values[numerator];
                sums[group].1 += denominator.map_or(1.0, |column| summary.values[column]);
            }
            self.squares[cell].add(round.index, summary);
        }
        for pair in &mut self.pairs {
            if let (Outcome::Flown(reference), Outcome::Flown(cell)) =
                (&round.outcomes[pair.reference], &round.outcomes[pair.cell])
            {
                pair.pairs.add(reference, cell);
            }
        }
    }

    /// Rounds added.
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// The estimator of each cell.
    pub fn cells(&self) -> &[Estimator] {
        &self.cells
    }

    /// The pairs of the plan.
    pub fn pairs(&self) -> &[PairAccount] {
        &self.pairs
    }

    /// Wrong shots of each cell by square.
    pub fn squares(&self) -> &[Squares] {
        &self.squares
    }

    /// Sums by group of replications: by cell, then by measure of the plan.
    pub fn groups(&self) -> &[Vec<GroupSums>] {
        &self.groups
    }

    /// What failed.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiment::plan::Overrides;
    use crate::measure::Summary;

    fn plan() -> Plan {
        let file = "tests/suite/support/agreement.toml";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Plan::load(&path, &Overrides::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn flown(plan: &Plan, square: GridSquare) -> Outcome {
        Outcome::Flown(Summary {
            values: vec![1.0; plan.columns.columns().len()],
            confusion: vec![0; plan.columns.confusion_len()],
            times_to_identify: Vec::new(),
            wrong_shots_at: vec![square, square],
        })
    }

    #[test]
    fn what_failed_is_left_out_of_its_cell_and_its_pairs_and_counted() {
        let plan = plan();
        let square = GridSquare { east: 1, north: -2 };
        let mut accounts = Accounts::new(&plan);
        for index in 0..10 {
            let mut outcomes = vec![flown(&plan, square); 3];
            if index == 4 {
                outcomes[1] = Outcome::Failed("no such luck".to_owned());
            }
            accounts.add(&Round { index, outcomes });
        }
        assert_eq!(accounts.rounds(), 10);
        let n: Vec<u64> = accounts.cells().iter().map(Estimator::n).collect();
        assert_eq!(n, [10, 9, 10]);
        let pairs: Vec<u64> = accounts.pairs().iter().map(|pair| pair.pairs.n()).collect();
        assert_eq!(pairs, [9, 10]);
        let expected = Failure {
            cell: 1,
            replication: 4,
            message: "no such luck".to_owned(),
        };
        assert_eq!(accounts.failures(), [expected]);
        let count = accounts.squares()[1].counts[&square];
        assert_eq!((count.wrong_shots, count.replications), (18, 9));
    }
}
