//! Everything that is added up over the blocks of a sweep; fed block by block, in order.
//!
//! Sums are a fixed fold over batches of replications of a cell ([`crate::statistics::fold`]), those of what two cells have in common
//! too, so any machine may add up any [`Part`] of the cells over any run of batches, and [`Accounts::absorb`] puts it in its place.
//! Their size depends on the plan and on the logarithm of the number of blocks, apart from times, squares and what failed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::slice::Iter;
use std::sync::Arc;

use rayon::prelude::*;

use super::block::{Block, Outcome};
use super::plan::{Plan, PlanRecord, PlannedCell};
use crate::measure::{Columns, GridSquare, Summary};
use crate::statistics::estimate::Estimator;
use crate::statistics::fold::{Folded, Sums, whole};
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

    /// Adds those of later replications.
    pub(super) fn absorb(&mut self, later: Squares) {
        for (square, count) in later.counts {
            let here = self.counts.entry(square).or_default();
            here.wrong_shots += count.wrong_shots;
            here.replications += count.replications;
        }
        self.first = self.first.into_iter().chain(later.first).min();
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.first.map_or(0.0, |first| (first + 1) as f64));
        numbers.push(self.counts.len() as f64);
        for (square, count) in &self.counts {
            numbers.extend([f64::from(square.east), f64::from(square.north)]);
            numbers.extend([count.wrong_shots as f64, count.replications as f64]);
        }
    }

    fn read(numbers: &mut Iter<'_, f64>) -> Option<Squares> {
        let first = whole(numbers)?.checked_sub(1);
        let mut counts = BTreeMap::new();
        for _ in 0..whole(numbers)? {
            let (east, north) = (*numbers.next()? as i32, *numbers.next()? as i32);
            let count = SquareCount {
                wrong_shots: whole(numbers)?,
                replications: whole(numbers)?,
            };
            counts.insert(GridSquare { east, north }, count);
        }
        Some(Squares { counts, first })
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
    /// Their sums; fewer replications than blocks if some failed.
    pub pairs: Pairs,
}

impl PairAccount {
    /// Adds a block of a part that has both.
    fn add(&mut self, part: &Part, block: &Block) {
        let [reference, cell] =
            [self.reference, self.cell].map(|cell| &block.outcomes[part.slot(cell)]);
        match (reference, cell) {
            (Outcome::Flown(reference), Outcome::Flown(cell)) => {
                self.pairs.add_at(block.index, reference, cell);
            }
            _ => self.pairs.pass(block.index),
        }
    }
}

/// Adds what became of a replication of a cell to the sums of that cell; `measures` are the columns of the measures of the plan.
fn add_outcome(
    index: u64,
    outcome: &Outcome,
    measures: &[(usize, Option<usize>)],
    (cell, groups, squares): (&mut Estimator, &mut Folded<Grouped>, &mut Squares),
) {
    let Outcome::Flown(summary) = outcome else {
        cell.pass(index);
        groups.add(index, |_| ());
        return;
    };
    cell.add(index, summary);
    let group = (index % GROUPS as u64) as usize;
    groups.add(index, |groups| {
        for (sums, &(numerator, denominator)) in groups.0.iter_mut().zip(measures) {
            sums[group].0 += summary.values[numerator];
            sums[group].1 += denominator.map_or(1.0, |column| summary.values[column]);
        }
    });
    squares.add(index, summary);
}

/// What failed in a block of a part.
fn failed<'a>(part: &'a Part, block: &'a Block) -> impl Iterator<Item = Failure> + use<'a> {
    part.cells
        .clone()
        .zip(&block.outcomes)
        .filter_map(|(cell, outcome)| match outcome {
            Outcome::Flown(_) => None,
            Outcome::Failed(message) => Some(Failure {
                cell,
                replication: block.index,
                message: message.clone(),
            }),
        })
}

/// Sums of one cell and measure by group of replications: numerator and denominator.
pub type GroupSums = [(f64, f64); GROUPS];

/// Those of all measures of the plan.
#[derive(Debug, Clone)]
struct Grouped(Vec<GroupSums>);

impl Sums for Grouped {
    fn merge(&mut self, later: &Grouped) {
        let all = self.0.iter_mut().flatten();
        for (sums, later) in all.zip(later.0.iter().flatten()) {
            sums.0 += later.0;
            sums.1 += later.1;
        }
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.extend(self.0.iter().flatten().flat_map(|sums| [sums.0, sums.1]));
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        for sums in self.0.iter_mut().flatten() {
            *sums = (*numbers.next()?, *numbers.next()?);
        }
        Some(())
    }
}

/// Some cells of a plan, which follow one another, and what has to be run to add them up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The cells.
    pub cells: Range<usize>,
    /// The cells that some of those are compared with and that are not among them, in order.
    pub others: Vec<usize>,
}

impl Part {
    /// The part of these cells.
    pub fn of(record: &PlanRecord, cells: Range<usize>) -> Part {
        let others: BTreeSet<usize> = (record.cells[cells.clone()].iter())
            .flat_map(PlannedCell::against)
            .filter(|reference| !cells.contains(reference))
            .collect();
        Part {
            cells,
            others: others.into_iter().collect(),
        }
    }

    /// All cells.
    pub fn whole(record: &PlanRecord) -> Part {
        Part::of(record, 0..record.cells.len())
    }

    /// What is run, in the order of the outcomes of a block: the cells, then the others.
    pub fn flown(&self) -> impl Iterator<Item = usize> + '_ {
        self.cells.clone().chain(self.others.iter().copied())
    }

    /// Cells run.
    pub fn width(&self) -> usize {
        self.cells.len() + self.others.len()
    }

    /// Where among those run a cell is.
    fn slot(&self, cell: usize) -> usize {
        match self.cells.contains(&cell) {
            true => cell - self.cells.start,
            false => self.cells.len() + self.others.partition_point(|&other| other < cell),
        }
    }
}

/// Everything that is added up, of a part of the cells of a plan.
#[derive(Debug, Clone)]
pub struct Accounts {
    part: Part,
    /// Replications of each cell, run or failed.
    passed: Vec<u64>,
    cells: Vec<Estimator>,
    pairs: Vec<PairAccount>,
    squares: Vec<Squares>,
    /// By cell, then by measure of the plan.
    groups: Vec<Folded<Grouped>>,
    /// Columns of the measures of the plan: numerator and denominator.
    measures: Vec<(usize, Option<usize>)>,
    failures: Vec<Failure>,
}

impl Accounts {
    /// Nothing added yet, of all cells.
    pub fn new(plan: &Plan) -> Accounts {
        Accounts::of(plan, Part::whole(&plan.record))
    }

    /// Nothing added yet, of a part; the plan has its scenarios.
    pub fn of(plan: &Plan, part: Part) -> Accounts {
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
        let columns: Vec<Arc<Columns>> = part.flown().map(|cell| plan.columns_of(cell)).collect();
        let own = &columns[..part.cells.len()];
        let groups = Folded::new(Grouped(vec![[(0.0, 0.0); GROUPS]; measures.len()]));
        // Most have the columns of the plan, and one copy of what nothing comes to.
        let usual = &plan.columns;
        let estimator = Estimator::new(Arc::clone(usual));
        let pairs = Pairs::new(usual, usual);
        let is_usual = |columns: &Arc<Columns>| Arc::ptr_eq(columns, usual);
        let estimator = |columns: &Arc<Columns>| match is_usual(columns) {
            true => estimator.clone(),
            false => Estimator::new(Arc::clone(columns)),
        };
        let pairs = |first: &Arc<Columns>, second: &Arc<Columns>| match is_usual(first)
            && is_usual(second)
        {
            true => pairs.clone(),
            false => Pairs::new(first, second),
        };
        Accounts {
            passed: vec![0; own.len()],
            cells: own.iter().map(estimator).collect(),
            pairs: part
                .cells
                .clone()
                .flat_map(|cell| {
                    let against = plan.record.cells[cell].against();
                    against.map(move |reference| (reference, cell))
                })
                .map(|(reference, cell)| PairAccount {
                    reference,
                    cell,
                    pairs: pairs(&columns[part.slot(reference)], &columns[part.slot(cell)]),
                })
                .collect(),
            squares: vec![Squares::default(); own.len()],
            groups: vec![groups; own.len()],
            measures,
            failures: Vec::new(),
            part,
        }
    }

    /// Adds a block: what became of a replication in all cells of the part that are run.
    pub fn add(&mut self, block: &Block) {
        let part = self.part.clone();
        self.add_of(&part, block);
    }

    /// The same of a part of these cells.
    pub fn add_of(&mut self, part: &Part, block: &Block) {
        let first = part.cells.start - self.part.cells.start;
        let measures = &self.measures;
        let lanes = (self.passed.iter_mut().zip(&mut self.cells))
            .zip(self.groups.iter_mut().zip(&mut self.squares))
            .skip(first);
        for (slot, ((passed, cell), (groups, squares))) in lanes.take(part.cells.len()).enumerate()
        {
            *passed += 1;
            let outcome = &block.outcomes[slot];
            add_outcome(block.index, outcome, measures, (cell, groups, squares));
        }
        self.failures.extend(failed(part, block));
        let first = (self.pairs).partition_point(|pair| pair.cell < part.cells.start);
        for pair in &mut self.pairs[first..] {
            if pair.cell >= part.cells.end {
                break;
            }
            pair.add(part, block);
        }
    }

    /// Adds blocks that follow one another, of all cells of the part, on all processors: each cell and each pair by itself, so that it comes
    /// to what adding them one by one does.
    pub fn add_together(&mut self, blocks: &[Block]) {
        let (part, measures) = (&self.part, &self.measures);
        let cells = (self.passed.par_iter_mut().zip(&mut self.cells))
            .zip(self.groups.par_iter_mut().zip(&mut self.squares))
            .enumerate();
        let pairs = &mut self.pairs;
        rayon::join(
            || {
                cells.for_each(|(slot, ((passed, cell), (groups, squares)))| {
                    for block in blocks {
                        *passed += 1;
                        let outcome = &block.outcomes[slot];
                        add_outcome(block.index, outcome, measures, (cell, groups, squares));
                    }
                });
            },
            || {
                pairs
                    .par_iter_mut()
                    .for_each(|pair| blocks.iter().for_each(|block| pair.add(part, block)));
            },
        );
        let failures = blocks.iter().flat_map(|block| failed(&self.part, block));
        self.failures.extend(failures);
    }

    /// Adds what was added up elsewhere, of some of these cells and of later replications.
    pub fn absorb(&mut self, later: Accounts) {
        let offset = later.part.cells.start - self.part.cells.start;
        for (at, passed) in later.passed.into_iter().enumerate() {
            self.passed[offset + at] += passed;
        }
        for (at, cell) in later.cells.into_iter().enumerate() {
            self.cells[offset + at].absorb(cell);
        }
        for (at, groups) in later.groups.into_iter().enumerate() {
            self.groups[offset + at].absorb(groups);
        }
        for (at, squares) in later.squares.into_iter().enumerate() {
            self.squares[offset + at].absorb(squares);
        }
        for pair in later.pairs {
            let first = self.pairs.partition_point(|here| here.cell < pair.cell);
            let mut here = self.pairs[first..].iter_mut();
            if let Some(here) = here.find(|here| here.reference == pair.reference) {
                here.pairs.absorb(pair.pairs);
            }
        }
        let sorted = later.failures.is_empty();
        self.failures.extend(later.failures);
        if !sorted {
            (self.failures).sort_by_key(|failure| (failure.replication, failure.cell));
        }
    }

    /// Appends all that was added up, but for what failed, as numbers.
    pub fn write(&self, numbers: &mut Vec<f64>) {
        for (at, cell) in self.cells.iter().enumerate() {
            numbers.push(self.passed[at] as f64);
            cell.write(numbers);
            self.groups[at].write(numbers);
            self.squares[at].write(numbers);
        }
        for pair in &self.pairs {
            pair.pairs.write(numbers);
        }
    }

    /// Takes what [`Accounts::write`] gave, and what failed; none if it does not fit.
    pub fn read(&mut self, numbers: &[f64], failures: Vec<Failure>) -> Option<()> {
        let mut numbers = numbers.iter();
        for (at, cell) in self.cells.iter_mut().enumerate() {
            self.passed[at] = whole(&mut numbers)?;
            cell.read(&mut numbers)?;
            self.groups[at].read(&mut numbers)?;
            self.squares[at] = Squares::read(&mut numbers)?;
        }
        for pair in &mut self.pairs {
            pair.pairs.read(&mut numbers)?;
        }
        let known = |failure: &Failure| self.part.cells.contains(&failure.cell);
        if numbers.next().is_some() || !failures.iter().all(known) {
            return None;
        }
        self.failures = failures;
        Some(())
    }

    /// Of which cells.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// Blocks added.
    pub fn blocks(&self) -> u64 {
        self.passed.iter().copied().min().unwrap_or_default()
    }

    /// Replications of each cell that were added, run or failed.
    pub fn passed(&self) -> &[u64] {
        &self.passed
    }

    /// The estimator of each cell.
    pub fn cells(&self) -> &[Estimator] {
        &self.cells
    }

    /// The pairs of the plan.
    pub fn pairs(&self) -> &[PairAccount] {
        &self.pairs
    }

    /// The pair of two cells, if they are compared.
    pub fn pair(&self, reference: usize, cell: usize) -> Option<&PairAccount> {
        let first = self.pairs.partition_point(|pair| pair.cell < cell);
        let of_cell = self.pairs[first..]
            .iter()
            .take_while(|pair| pair.cell == cell);
        of_cell.into_iter().find(|pair| pair.reference == reference)
    }

    /// Wrong shots of each cell by square.
    pub fn squares(&self) -> &[Squares] {
        &self.squares
    }

    /// Sums by group of replications: by cell, then by measure of the plan.
    pub fn groups(&self) -> Vec<Vec<GroupSums>> {
        let total = |groups: &Folded<Grouped>| groups.total(|groups| groups).0;
        self.groups.iter().map(total).collect()
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
                outcomes[1] = Outcome::Failed("no such draw".to_owned());
            }
            accounts.add(&Block { index, outcomes });
        }
        assert_eq!(accounts.blocks(), 10);
        let n: Vec<u64> = accounts.cells().iter().map(Estimator::n).collect();
        assert_eq!(n, [10, 9, 10]);
        let pairs: Vec<u64> = accounts.pairs().iter().map(|pair| pair.pairs.n()).collect();
        assert_eq!(pairs, [9, 10]);
        let expected = Failure {
            cell: 1,
            replication: 4,
            message: "no such draw".to_owned(),
        };
        assert_eq!(accounts.failures(), [expected]);
        let count = accounts.squares()[1].counts[&square];
        assert_eq!((count.wrong_shots, count.replications), (18, 9));
    }

    /// Blocks of fractions, with a failure now and then.
    fn uneven(plan: &Plan, index: u64) -> Block {
        let outcome = |cell: u64| {
            if (index + 3 * cell) % 41 == 40 {
                return Outcome::Failed(format!("no such draw in {index}"));
            }
            let value = |column: usize| {
                let x = (index * 7 + cell * 13 + column as u64 * 5) % 101;
                if x < 60 { 0.0 } else { x as f64 / 7.0 }
            };
            let square = GridSquare {
                east: (index % 3) as i32 - 1,
                north: cell as i32,
            };
            Outcome::Flown(Summary {
                values: (0..plan.columns.columns().len()).map(value).collect(),
                confusion: vec![index % 4; plan.columns.confusion_len()],
                times_to_identify: vec![crate::units::Millis((index * 37 % 1000) as i64)],
                wrong_shots_at: vec![square; usize::from(index.is_multiple_of(5))],
            })
        };
        Block {
            index,
            outcomes: (0..plan.record.cells.len() as u64).map(outcome).collect(),
        }
    }

    /// The blocks of a part: its cells, then what they are compared with.
    fn of_part(part: &Part, block: &Block) -> Block {
        let outcomes = part.flown().map(|cell| block.outcomes[cell].clone());
        Block {
            index: block.index,
            outcomes: outcomes.collect(),
        }
    }

    fn all(accounts: &Accounts) -> (Vec<u64>, Vec<Failure>) {
        let mut numbers = Vec::new();
        accounts.write(&mut numbers);
        let bits = numbers.iter().map(|number| number.to_bits()).collect();
        (bits, accounts.failures().to_vec())
    }

    /// Cells and batches apart, through their written form, give every bit of the whole; also where what is added last goes on
    /// within a batch, by rows.
    #[test]
    fn parts_put_together_are_the_whole_to_the_last_bit() {
        let plan = plan();
        const END: u64 = 300;
        let mut whole = Accounts::new(&plan);
        (0..END).for_each(|index| whole.add(&uneven(&plan, index)));
        assert!(whole.failures().len() > 10);

        let mut parts = Accounts::new(&plan);
        for blocks in [0..64, 64..192, 192..210] {
            for cells in [0..1, 1..3] {
                let part = Part::of(&plan.record, cells);
                assert_eq!(part.width(), 1 + 2 * usize::from(part.cells.start > 0));
                let mut apart = Accounts::of(&plan, part.clone());
                for index in blocks.clone() {
                    apart.add(&of_part(&part, &uneven(&plan, index)));
                }
                let mut numbers = Vec::new();
                apart.write(&mut numbers);
                let mut read = Accounts::of(&plan, part);
                let failures = apart.failures().to_vec();
                assert!(read.read(&numbers[1..], failures.clone()).is_none());
                read.read(&numbers, failures).unwrap();
                parts.absorb(read);
            }
        }
        for index in 210..256 {
            for cells in [0..2, 2..3] {
                let part = Part::of(&plan.record, cells);
                parts.add_of(&part, &of_part(&part, &uneven(&plan, index)));
            }
        }
        let mut last = Accounts::new(&plan);
        (256..END).for_each(|index| last.add(&uneven(&plan, index)));
        parts.absorb(last);
        assert_eq!(parts.blocks(), END);
        assert_eq!(all(&parts), all(&whole));
        for (one, other) in parts.pairs().iter().zip(whole.pairs()) {
            let compare = |pair: &PairAccount| format!("{:?}", pair.pairs.compare("leaked", 0.95));
            assert_eq!(compare(one), compare(other));
        }
    }
}
