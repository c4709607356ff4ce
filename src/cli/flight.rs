//! Blocks on their way into what a sweep keeps of them.
//!
//! Where replications take their time they are run one by one, every thread taking whichever is next and encoding what came of it; blocks
//! that are whole wait until there are some, and are then added up cell by cell on all processors. Where replications are cheap a thread
//! takes whole batches of all cells, adds them up and makes them into records, and this thread only puts in place what is
//! finished: its share of the work is then independent of how cheap they are. Which it is changes no byte.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use deconflict::experiment::accounts::{Accounts, Failure as FailedReplication, Part};
use deconflict::experiment::block::{Block, Outcome};
use deconflict::experiment::ledger::Ledger;
use deconflict::experiment::plan::Plan;
use deconflict::experiment::sweep::{Pace, outcome, run_batches, run_blocks_with};
use deconflict::measure::Summary;
use deconflict::output::{Encoded, EncodedOutcome, EncodedSums, Journal, Summed, SumsJournal};
use deconflict::record::{Detail, Replication};
use deconflict::simulation::Engine;
use deconflict::statistics::fold::BATCH;

use super::Failure;
use super::host::interrupted;
use super::subject::quoted;

/// What to do about a replication that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// End, and say which.
    Stop,
    /// Leave it out, count it and list it in failures.csv.
    Skip,
}

/// What is kept of the blocks, beside their sums in memory.
pub enum Keeper {
    /// The rows of all.
    Rows(Journal),
    /// Sums.
    Sums(SumsJournal),
}

/// The same of some batches, as a thread has made it.
enum Kept {
    Rows(Encoded),
    Sums(EncodedSums),
}

/// Blocks of a part of the cells on their way.
pub struct Flight<'a> {
    pub plan: &'a Plan,
    pub part: Part,
    /// What is there already; it grows.
    pub summed: Summed,
    /// The block that was the first.
    pub first: u64,
    pub keeper: Keeper,
    pub on_error: OnError,
    pub out: &'a Path,
    synced: Instant,
    /// When what there is of a batch was last kept.
    saved: Instant,
    pace: Pace,
    /// Blocks that are kept and not yet added up, all of the batch that is due, and since when the first of them waits.
    waiting: Vec<Block>,
    since: Instant,
}

/// The disk is asked to keep what there is so often: as much work can be lost to a power failure, not to a crash.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Where sums alone are kept, a batch that has not ended is kept as it stands so often.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// Whole blocks wait so long, or until so many outcomes are there, before they are added up together.
const WAIT: Duration = Duration::from_millis(100);
const TOGETHER: usize = 1024;

impl<'a> Flight<'a> {
    /// Nothing run yet since what is there.
    pub fn new(
        plan: &'a Plan,
        part: Part,
        (first, summed): (u64, Summed),
        keeper: Keeper,
        on_error: OnError,
        out: &'a Path,
    ) -> Flight<'a> {
        let now = Instant::now();
        Flight {
            plan,
            part,
            summed,
            first,
            keeper,
            on_error,
            out,
            synced: now,
            saved: now,
            pace: Pace::default(),
            waiting: Vec::new(),
            since: now,
        }
    }

    /// The block that is due.
    pub fn next(&self) -> u64 {
        self.summed.next(self.first)
    }

    /// Runs up to a block, on so many threads. `look` says until which block nobody looks at what there is; `landed` is told of
    /// every step, and ends it by a break.
    pub fn fly(
        &mut self,
        end: u64,
        jobs: usize,
        look: impl Fn(u64) -> u64,
        mut landed: impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let flown = loop {
            let next = self.next();
            if next >= end || interrupted() {
                break Ok(());
            }
            let stop = |next| look(next).clamp(next + 1, end);
            let step = match self.pace.level(next..stop(next), jobs) {
                Some(level) => {
                    let border = stop(next) / BATCH * BATCH;
                    self.by_batches(next..border, level, jobs, &mut landed)
                }
                None => self.one_by_one(next..end, jobs, stop, &mut landed),
            };
            match step {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // Also where the sweep ends by an error: what is there is to be kept.
        let kept = self.keep();
        flown?;
        kept
    }

    /// Puts on disk all there is.
    fn keep(&mut self) -> Result<(), Failure> {
        self.add_waiting()?;
        match &mut self.keeper {
            Keeper::Rows(journal) => journal.sync()?,
            Keeper::Sums(journal) => {
                if let Some((blocks, accounts)) = self.summed.ledger.tail() {
                    journal.sums(&blocks, accounts);
                }
                journal.sync()?;
            }
        }
        Ok(())
    }

    /// Asks the disk to keep what there is, if it is time.
    fn sync(&mut self) -> Result<(), Failure> {
        if self.synced.elapsed() < SYNC_EVERY {
            return Ok(());
        }
        match &mut self.keeper {
            Keeper::Rows(journal) => journal.sync()?,
            Keeper::Sums(journal) => {
                if self.saved.elapsed() >= SAVE_EVERY {
                    if let Some((blocks, accounts)) = self.summed.ledger.tail() {
                        journal.sums(&blocks, accounts);
                    }
                    self.saved = Instant::now();
                }
                journal.sync()?;
                journal.shorten(&self.summed)?;
            }
        }
        self.synced = Instant::now();
        Ok(())
    }

    fn one_by_one(
        &mut self,
        blocks: Range<u64>,
        jobs: usize,
        stop: impl Fn(u64) -> u64,
        landed: &mut impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Failure> {
        let plan = self.plan;
        let cells: Vec<usize> = self.part.flown().collect();
        let begun = Instant::now();
        let (mut flown, mut quick) = (0, false);
        let mut step = ControlFlow::Continue(());
        let engine = Engine::default();
        let rows = matches!(self.keeper, Keeper::Rows(_));
        run_blocks_with(
            cells.len(),
            blocks.clone(),
            jobs,
            interrupted,
            |slot, index| measure(plan, &engine, cells[slot], index),
            |outcome| rows.then(|| EncodedOutcome::of(outcome)),
            |block, encoded| {
                self.refuse_failure(&block)?;
                let next = block.index + 1;
                let awaited = next == stop(block.index) || next == blocks.end;
                self.take(block, encoded)?;
                flown += 1;
                if !(awaited || self.is_due(cells.len(), jobs)) {
                    return Ok(ControlFlow::Continue(()));
                }
                self.add_waiting()?;
                self.sync()?;
                step = landed(next, &self.summed.ledger);
                // Once a batch: whether threads had better take whole ones.
                if next.is_multiple_of(BATCH) && next < blocks.end {
                    self.pace.learn(flown, jobs, begun.elapsed());
                    quick = self.pace.level(next..stop(next), jobs).is_some();
                }
                Ok(if quick { ControlFlow::Break(()) } else { step })
            },
        )?;
        Ok(step)
    }

    /// Keeps a block, which then waits to be added up.
    fn take(&mut self, block: Block, encoded: Vec<Option<EncodedOutcome>>) -> Result<(), Failure> {
        let head = block.index < self.first.next_multiple_of(BATCH);
        match &mut self.keeper {
            Keeper::Rows(journal) => {
                let encoded: Vec<EncodedOutcome> = encoded.into_iter().flatten().collect();
                journal.append_outcomes(block.index, &encoded)?;
            }
            Keeper::Sums(journal) if head => journal.head(&block),
            Keeper::Sums(_) => {}
        }
        if head {
            self.summed.heads.push(block);
            return Ok(());
        }
        if self.waiting.is_empty() {
            self.since = Instant::now();
        }
        self.waiting.push(block);
        Ok(())
    }

    /// Whether those that wait are to be added up: there are enough, the first has waited long, or the batch ends with them. One thread alone
    /// gains nothing by waiting.
    fn is_due(&self, cells: usize, jobs: usize) -> bool {
        let Some(last) = self.waiting.last() else {
            return true;
        };
        jobs <= 1
            || (last.index + 1).is_multiple_of(BATCH)
            || self.waiting.len() * cells >= TOGETHER
            || self.since.elapsed() >= WAIT
    }

    /// Adds up those that wait.
    fn add_waiting(&mut self) -> Result<(), Failure> {
        let Flight {
            summed,
            keeper,
            waiting,
            ..
        } = self;
        let ends = |blocks: Range<u64>, accounts: &Accounts| {
            if let Keeper::Sums(journal) = keeper {
                journal.sums(&blocks, accounts);
            }
            Ok(())
        };
        let blocks = std::mem::take(waiting);
        match blocks.as_slice() {
            [] => Ok(()),
            [block] => summed.ledger.add(block, ends),
            blocks => summed.ledger.add_together(blocks, ends),
        }
    }

    fn by_batches(
        &mut self,
        blocks: Range<u64>,
        level: u32,
        jobs: usize,
        landed: &mut impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Failure> {
        let plan = self.plan;
        let cells: Vec<usize> = self.part.flown().collect();
        let rows = matches!(self.keeper, Keeper::Rows(_));
        let empty = self.summed.ledger.empty().clone();
        let mut step = ControlFlow::Continue(());
        let engine = Engine::default();
        let work = |blocks: Range<u64>| -> (Accounts, Kept) {
            let mut accounts = empty.clone();
            let mut encoded = rows.then(|| Encoded::from(blocks.start));
            for index in blocks.clone() {
                let outcomes = cells
                    .iter()
                    .map(|&cell| outcome(|| measure(plan, &engine, cell, index)))
                    .collect();
                let block = Block { index, outcomes };
                accounts.add(&block);
                if let Some(encoded) = &mut encoded {
                    encoded.push(&block);
                }
            }
            let kept = match encoded {
                Some(encoded) => Kept::Rows(encoded),
                None => Kept::Sums(EncodedSums::of(&blocks, &accounts)),
            };
            (accounts, kept)
        };
        run_batches(blocks, level, jobs, interrupted, work, |blocks, made| {
            let (accounts, kept) = made.map_err(Failure::Other)?;
            if let Some(failed) = accounts.failures().first() {
                self.refuse(failed)?;
            }
            match (&mut self.keeper, kept) {
                (Keeper::Rows(journal), Kept::Rows(encoded)) => journal.append_encoded(encoded)?,
                (Keeper::Sums(journal), Kept::Sums(encoded)) => journal.encoded(&encoded),
                _ => unreachable!("what is made is what is kept"),
            }
            let absorbed = self.summed.ledger.absorb(&blocks, accounts);
            absorbed.map_err(Failure::Other)?;
            self.sync()?;
            step = landed(self.next(), &self.summed.ledger);
            Ok::<_, Failure>(step)
        })?;
        Ok(step)
    }

    fn refuse_failure(&self, block: &Block) -> Result<(), Failure> {
        for (cell, outcome) in self.part.flown().zip(&block.outcomes) {
            if let Outcome::Failed(message) = outcome {
                self.refuse(&FailedReplication {
                    cell,
                    replication: block.index,
                    message: message.clone(),
                })?;
            }
        }
        Ok(())
    }

    fn refuse(&self, failed: &FailedReplication) -> Result<(), Failure> {
        if self.on_error == OnError::Skip {
            return Ok(());
        }
        let name = &self.plan.record.cells[failed.cell].name;
        Err(Failure::Other(format!(
            "error: replication {} of cell {name} (seed {}) failed: {}\n\
             Repeat it: deconflict run --from {} --replication {}\n\
             Leave such replications out: --resume --on-error skip",
            failed.replication,
            self.plan.record.seed,
            failed.message,
            quoted(&format!("{}:{name}", self.out.display())),
            failed.replication,
        )))
    }
}

fn measure(plan: &Plan, engine: &Engine, cell: usize, index: u64) -> Summary {
    let replication = Replication {
        seed: plan.record.seed,
        index,
    };
    plan.columns
        .measure(&engine.simulate(&plan.scenarios[cell], replication, Detail::Measures))
}
