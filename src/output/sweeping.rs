//! A sweep at work in its folder: blocks on their way into what is kept of them.
//!
//! Where replications take their time they are run one by one, every thread taking whichever is next and encoding what came of it; blocks
//! that are whole wait until there are some, and are then added up cell by cell on all processors. Where replications are cheap a thread
//! takes whole batches of all cells, adds them up and makes them into records, and the calling thread only puts in place what is
//! finished: its share of the work is then independent of how cheap they are. Which it is changes no byte.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::error::OutputError;
use super::journal::{
    Encoded, EncodedOutcome, EncodedSums, Journal, JournalHeader, JournalReader, Shape, Summed,
    SumsHeader, SumsJournal,
};
use super::manifest::{Ended, Progress};
use super::results::write_results;
use super::rows::write_shard_rows;
use super::shards::{Tile, Wave};
use super::sweep_folder::SweepFolder;
use crate::experiment::accounts::{Accounts, Failure as FailedReplication, Part};
use crate::experiment::block::{Block, Outcome};
use crate::experiment::ledger::Ledger;
use crate::experiment::plan::Plan;
use crate::experiment::rows::RowForm;
use crate::experiment::rule::Rule;
use crate::experiment::sweep::{Pace, SweepError, outcome, run_batches, run_blocks_with};
use crate::measure::Summary;
use crate::record::{Detail, Replication};
use crate::simulation::Engine;
use crate::statistics::fold::BATCH;

/// Why a sweep ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum SweepingError {
    /// A replication failed, and those that fail are not left out.
    #[error("replication {} of cell {cell} failed: {}", failed.replication, failed.message)]
    Replication {
        /// The name of its cell.
        cell: String,
        /// Which, and why.
        failed: FailedReplication,
    },
    /// A thread that ran whole batches broke down.
    #[error("{0}")]
    Broken(String),
    /// No threads.
    #[error("could not start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// Something is wrong with its files.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl From<SweepError<SweepingError>> for SweepingError {
    fn from(error: SweepError<SweepingError>) -> Self {
        match error {
            SweepError::Sink(error) => error,
            SweepError::Threads { jobs, source } => SweepingError::Threads { jobs, source },
        }
    }
}

/// How replications are run.
pub struct Crew<'a> {
    /// Threads.
    pub jobs: usize,
    /// Whether to end early; asked more often than once a block.
    pub interrupted: &'a dyn Fn() -> bool,
    /// Whether replications that fail are left out and listed, in place of ending the sweep.
    pub skip_failures: bool,
}

/// What is kept of the blocks, beside their sums in memory.
enum Keeper {
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

/// A sweep, or one shard of it, at work in its folder.
///
/// All that was kept of it before is there when it is opened, so it does not matter how often it was interrupted.
pub struct Sweeping<'a, Place> {
    plan: &'a Plan,
    part: Part,
    /// What is there already; it grows.
    summed: Summed,
    /// The block that was the first.
    first: u64,
    keeper: Keeper,
    place: Place,
    /// A last block that had not been written to its end.
    torn: Option<PathBuf>,
    synced: Instant,
    /// When what there is of a batch was last kept.
    saved: Instant,
    pace: Pace,
    /// Blocks that are kept and not yet added up, all of the batch that is due, and since when the first of them waits.
    waiting: Vec<Block>,
    since: Instant,
}

/// All of a sweep: where its results go.
pub struct Whole {
    folder: PathBuf,
    journal: PathBuf,
}

/// A shard of one: where what it leaves behind goes.
pub struct Shard {
    journal: PathBuf,
    sums: PathBuf,
    rows: PathBuf,
    header: SumsHeader,
    tile: Tile,
}

/// The disk is asked to keep what there is so often: as much work can be lost to a power failure, not to a crash.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Where sums alone are kept, a batch that has not ended is kept as it stands so often.
const SAVE_EVERY: Duration = Duration::from_secs(20);

/// Whole blocks wait so long, or until so many outcomes are there, before they are added up together.
const WAIT: Duration = Duration::from_millis(100);
const TOGETHER: usize = 1024;

impl<'a> Sweeping<'a, Whole> {
    /// The whole of a sweep in its folder, of which the plan says what is kept.
    ///
    /// # Errors
    /// A journal that another command writes, that is damaged, or that is of another plan.
    pub fn whole(plan: &'a Plan, folder: &SweepFolder) -> Result<Sweeping<'a, Whole>, OutputError> {
        let part = Part::whole(&plan.record);
        let identity = plan.record.identity();
        let place = Whole {
            folder: folder.path().to_owned(),
            journal: folder.journal(),
        };
        let empty = Accounts::new(plan);
        if plan.record.rows.form == RowForm::None {
            let header = sums_header(plan, identity, &part, 0);
            let (journal, summed) = SumsJournal::open(&folder.sums(), &header, empty)?;
            return Ok(Sweeping::new(
                plan,
                part,
                (0, summed),
                Keeper::Sums(journal),
                place,
            ));
        }
        let mut summed = Summed::new(empty, 0);
        let header = rows_header(plan, identity, &part, 0);
        let (journal, torn) = open_journal(&folder.journal(), &header, |block| {
            summed.ledger.add(&block, |_, _| Ok(()))
        })?;
        let mut sweeping = Sweeping::new(plan, part, (0, summed), Keeper::Rows(journal), place);
        sweeping.torn = torn;
        Ok(sweeping)
    }

    /// Runs until a stopping rule has enough, or its time is over. `landed` is told of every step.
    ///
    /// # Errors
    /// As [`Sweeping::run`].
    pub fn run_until(
        &mut self,
        rule: &Rule,
        crew: &Crew<'_>,
        mut landed: impl FnMut(u64, &Ledger),
    ) -> Result<Ended, SweepingError> {
        let record = &self.plan.record;
        let enough =
            |ledger: &Ledger| rule.looks(ledger.next()) && rule.satisfied(record, &ledger.seen());
        let mut ended = Ended::Finished;
        if enough(&self.summed.ledger) {
            return Ok(ended);
        }
        let begun = Instant::now();
        let look = |blocks| rule.next_look(blocks);
        self.run(rule.most(), crew, look, |next, ledger| {
            landed(next, ledger);
            if enough(ledger) {
                return ControlFlow::Break(());
            }
            if (rule.budget()).is_some_and(|budget| begun.elapsed() >= budget) {
                ended = Ended::TimeUp;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(match (crew.interrupted)() {
            true => Ended::Interrupted,
            false => ended,
        })
    }

    /// Writes the result files of what there is; `run` says who ran it, where and when.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn write(&self, progress: Progress, run: &impl Serialize) -> Result<(), OutputError> {
        let Whole { folder, journal } = &self.place;
        let blocks = match self.keeper {
            Keeper::Sums(_) => None,
            Keeper::Rows(_) => Some(JournalReader::open(journal)?),
        };
        write_results(folder, self.plan, &self.accounts(), blocks, progress, run)
    }
}

impl<'a> Sweeping<'a, Shard> {
    /// A shard of a sweep; the plan has the cells of its tile prepared, and says what is kept.
    ///
    /// # Errors
    /// As [`Sweeping::whole`].
    pub fn shard(
        plan: &'a Plan,
        folder: &SweepFolder,
        (wave, shard): (&Wave, u64),
        tile: Tile,
    ) -> Result<Sweeping<'a, Shard>, OutputError> {
        let part = Part::of(&plan.record, tile.cells.clone());
        let first = tile.blocks.start;
        let identity = plan.record.identity();
        let header = sums_header(plan, identity, &part, first);
        let empty = Accounts::of(plan, part.clone());
        let sums = folder.shard_sums(wave, shard);
        let journal = folder.shard_journal(wave, shard);
        let rows = folder.shard_rows(wave, shard);
        let mut torn = None;
        let (keeper, summed) = if plan.record.rows.form == RowForm::None {
            let (journal, summed) = SumsJournal::open(&sums, &header, empty)?;
            (Keeper::Sums(journal), summed)
        } else {
            let mut summed = Summed::new(empty.clone(), first);
            if sums.exists()
                && let Some(there) = Summed::read(&sums, &header, empty)?
            {
                summed.notes = there.notes;
            }
            let border = first.next_multiple_of(BATCH);
            let about = rows_header(plan, identity, &part, first);
            let (journal, left) = open_journal(&journal, &about, |block| {
                if block.index < border {
                    summed.heads.push(block);
                    return Ok(());
                }
                summed.ledger.add(&block, |_, _| Ok(()))
            })?;
            torn = left;
            (Keeper::Rows(journal), summed)
        };
        let place = Shard {
            journal,
            sums,
            rows,
            header,
            tile,
        };
        let mut sweeping = Sweeping::new(plan, part, (first, summed), keeper, place);
        sweeping.torn = torn;
        Ok(sweeping)
    }

    /// Whether a shard is there already, with all that it leaves behind.
    ///
    /// # Errors
    /// Sums that cannot be read.
    pub fn is_done(&self) -> Result<bool, OutputError> {
        let Shard {
            sums,
            rows,
            header,
            tile,
            ..
        } = &self.place;
        let written = self.plan.record.rows.form != RowForm::Parquet || rows.exists();
        Ok(self.next() >= tile.blocks.end
            && written
            && sums.exists()
            && Summed::reached(sums, header)? >= tile.blocks.end)
    }

    /// Writes what a shard that is whole leaves behind: its sums, its rows where they are Parquet, and who ran it.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn close(mut self, session: String) -> Result<(), OutputError> {
        let Shard {
            journal,
            sums,
            rows,
            header,
            tile,
        } = &self.place;
        if self.plan.record.rows.form == RowForm::Parquet {
            let own: Vec<usize> = tile.cells.clone().collect();
            write_shard_rows(rows, self.plan, &own, JournalReader::open(journal)?)?;
        }
        self.summed.notes.push(session);
        self.summed.write(sums, header)
    }

    /// Notes who ran what there is of a shard that is not whole.
    ///
    /// # Errors
    /// Sums that cannot be written.
    pub fn note(&mut self, session: &str) -> Result<(), OutputError> {
        let Shard { sums, header, .. } = &self.place;
        match &mut self.keeper {
            Keeper::Sums(journal) => {
                journal.note(session);
                journal.sync()
            }
            Keeper::Rows(_) => {
                let empty = self.summed.ledger.empty().clone();
                let (mut journal, _) = SumsJournal::open(sums, header, empty)?;
                journal.note(session);
                journal.sync()
            }
        }
    }
}

impl<'a, Place> Sweeping<'a, Place> {
    fn new(
        plan: &'a Plan,
        part: Part,
        (first, summed): (u64, Summed),
        keeper: Keeper,
        place: Place,
    ) -> Sweeping<'a, Place> {
        let now = Instant::now();
        Sweeping {
            plan,
            part,
            summed,
            first,
            keeper,
            place,
            torn: None,
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

    /// Cells that are run, those that others are compared with included.
    pub fn width(&self) -> usize {
        self.part.width()
    }

    /// What all that is there comes to.
    pub fn accounts(&self) -> Cow<'_, Accounts> {
        self.summed.ledger.seen()
    }

    /// The journal whose last block had not been written to its end when it was opened: that block is run again.
    pub fn torn(&self) -> Option<&Path> {
        self.torn.as_deref()
    }

    /// Runs up to a block. `look` says until which block nobody looks at what there is; `landed` is told of
    /// every step, and ends it by a break.
    ///
    /// # Errors
    /// A replication that failed, unless those are left out; no threads; files. What was run before is kept all the same.
    pub fn run(
        &mut self,
        end: u64,
        crew: &Crew<'_>,
        look: impl Fn(u64) -> u64,
        mut landed: impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<(), SweepingError> {
        let flown = loop {
            let next = self.next();
            if next >= end || (crew.interrupted)() {
                break Ok(());
            }
            let stop = |next| look(next).clamp(next + 1, end);
            let step = match self.pace.level(next..stop(next), crew.jobs) {
                Some(level) => {
                    let border = stop(next) / BATCH * BATCH;
                    self.by_batches(next..border, level, crew, &mut landed)
                }
                None => self.one_by_one(next..end, crew, stop, &mut landed),
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
        Ok(kept?)
    }

    /// Puts on disk all there is.
    fn keep(&mut self) -> Result<(), OutputError> {
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
    fn sync(&mut self) -> Result<(), OutputError> {
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
        crew: &Crew<'_>,
        stop: impl Fn(u64) -> u64,
        landed: &mut impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SweepingError> {
        let plan = self.plan;
        let cells: Vec<usize> = self.part.flown().collect();
        let begun = Instant::now();
        let (mut flown, mut quick) = (0, false);
        let mut step = ControlFlow::Continue(());
        let engine = engine(cells.len(), crew.jobs);
        let rows = matches!(self.keeper, Keeper::Rows(_));
        run_blocks_with(
            cells.len(),
            blocks.clone(),
            crew.jobs,
            crew.interrupted,
            |slot, index| measure(plan, &engine, cells[slot], index),
            |outcome| rows.then(|| EncodedOutcome::of(outcome)),
            |block, encoded| {
                self.refuse_failure(&block, crew)?;
                let next = block.index + 1;
                let awaited = next == stop(block.index) || next == blocks.end;
                self.take(block, encoded)?;
                flown += 1;
                if !(awaited || self.is_due(cells.len(), crew.jobs)) {
                    return Ok(ControlFlow::Continue(()));
                }
                self.add_waiting()?;
                self.sync()?;
                step = landed(next, &self.summed.ledger);
                // Once a batch: whether threads had better take whole ones.
                if next.is_multiple_of(BATCH) && next < blocks.end {
                    self.pace.learn(flown, crew.jobs, begun.elapsed());
                    quick = self.pace.level(next..stop(next), crew.jobs).is_some();
                }
                Ok(if quick { ControlFlow::Break(()) } else { step })
            },
        )?;
        Ok(step)
    }

    /// Keeps a block, which then waits to be added up.
    fn take(
        &mut self,
        block: Block,
        encoded: Vec<Option<EncodedOutcome>>,
    ) -> Result<(), OutputError> {
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
    fn add_waiting(&mut self) -> Result<(), OutputError> {
        let Sweeping {
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
        crew: &Crew<'_>,
        landed: &mut impl FnMut(u64, &Ledger) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SweepingError> {
        let plan = self.plan;
        let cells: Vec<usize> = self.part.flown().collect();
        let rows = matches!(self.keeper, Keeper::Rows(_));
        let empty = self.summed.ledger.empty().clone();
        let mut step = ControlFlow::Continue(());
        let engine = engine(cells.len(), crew.jobs);
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
        run_batches(
            blocks,
            level,
            crew.jobs,
            crew.interrupted,
            work,
            |blocks, made| {
                let (accounts, kept) = made.map_err(SweepingError::Broken)?;
                if let Some(failed) = accounts.failures().first() {
                    self.refuse(failed, crew)?;
                }
                match (&mut self.keeper, kept) {
                    (Keeper::Rows(journal), Kept::Rows(encoded)) => {
                        journal.append_encoded(encoded)?
                    }
                    (Keeper::Sums(journal), Kept::Sums(encoded)) => journal.encoded(&encoded),
                    _ => unreachable!("what is made is what is kept"),
                }
                let absorbed = self.summed.ledger.absorb(&blocks, accounts);
                absorbed.map_err(SweepingError::Broken)?;
                self.sync()?;
                step = landed(self.next(), &self.summed.ledger);
                Ok::<_, SweepingError>(step)
            },
        )?;
        Ok(step)
    }

    fn refuse_failure(&self, block: &Block, crew: &Crew<'_>) -> Result<(), SweepingError> {
        for (cell, outcome) in self.part.flown().zip(&block.outcomes) {
            if let Outcome::Failed(message) = outcome {
                let failed = FailedReplication {
                    cell,
                    replication: block.index,
                    message: message.clone(),
                };
                self.refuse(&failed, crew)?;
            }
        }
        Ok(())
    }

    fn refuse(&self, failed: &FailedReplication, crew: &Crew<'_>) -> Result<(), SweepingError> {
        if crew.skip_failures {
            return Ok(());
        }
        Err(SweepingError::Replication {
            cell: self.plan.record.cells[failed.cell].name.clone(),
            failed: failed.clone(),
        })
    }
}

/// What the journal of a part of the cells is about.
pub fn rows_header(plan: &Plan, identity: [u8; 32], part: &Part, first: u64) -> JournalHeader {
    JournalHeader {
        plan_sha256: plan.record.part_identity(identity, part),
        first,
        cells: vec![Shape::of(&plan.columns); part.width()],
    }
}

/// What the sums of a part of the cells are about.
pub fn sums_header(plan: &Plan, identity: [u8; 32], part: &Part, first: u64) -> SumsHeader {
    SumsHeader {
        plan_sha256: identity,
        cells: part.flown().collect(),
        shape: Shape::of(&plan.columns),
        first,
    }
}

/// A new journal, or the one that is there, whose blocks are handed on; its place, if its last block had not been written to its end.
fn open_journal(
    place: &Path,
    header: &JournalHeader,
    mut block: impl FnMut(Block) -> Result<(), OutputError>,
) -> Result<(Journal, Option<PathBuf>), OutputError> {
    if !place.exists() {
        return Ok((Journal::create(place, header)?, None));
    }
    let mut taken = Ok(());
    let resumed = Journal::resume(place, header, |one| {
        if taken.is_ok() {
            taken = block(one);
        }
    })?;
    taken?;
    let torn = (resumed.torn_bytes > 0).then(|| place.to_owned());
    Ok((resumed.journal, torn))
}

/// What runs replications of so many cells.
fn engine(cells: usize, jobs: usize) -> Engine {
    match cells {
        1 => Engine::default(),
        _ => Engine::of_rule_sets(jobs),
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
