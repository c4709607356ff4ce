//! Blocks of a sweep: replication r of every cell, then replication r + 1 of every cell.
//!
//! Cells are interleaved, so a sweep stopped at any moment is balanced, and blocks reach the sink whole and in order, so
//! nothing that comes out depends on the number of threads.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use super::block::{Block, Outcome};
use super::replicate::{Stop, guarded, in_order, in_order_within};
use crate::measure::Summary;
use crate::statistics::fold::BATCH;

/// Why a sweep ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// No threads.
    #[error("could not start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// The sink refused a block.
    #[error(transparent)]
    Sink(E),
}

/// Runs blocks on `jobs` threads: `work` is called with a cell and a replication, `sink` with each block in order, on
/// this thread, until it breaks, the range ends, or `interrupted` says so, which is asked more often than once a block.
///
/// A replication that panics, or whose summary holds what is no number, is an [`Outcome::Failed`].
///
/// # Errors
/// What `sink` says, and threads that cannot be started.
pub fn run_blocks<E>(
    cells: usize,
    range: Range<u64>,
    jobs: usize,
    interrupted: impl Fn() -> bool,
    work: impl Fn(usize, u64) -> Summary + Sync,
    mut sink: impl FnMut(Block) -> Result<ControlFlow<()>, E>,
) -> Result<(), SweepError<E>> {
    let whole = |block, _: Vec<()>| sink(block);
    run_blocks_with(cells, range, jobs, interrupted, work, |_| (), whole)
}

/// The same; `more` makes something of each outcome on the thread that ran it, which the sink is handed beside the block.
///
/// # Errors
/// As [`run_blocks`].
pub fn run_blocks_with<T: Send, E>(
    cells: usize,
    range: Range<u64>,
    jobs: usize,
    interrupted: impl Fn() -> bool,
    work: impl Fn(usize, u64) -> Summary + Sync,
    more: impl Fn(&Outcome) -> T + Sync,
    mut sink: impl FnMut(Block, Vec<T>) -> Result<ControlFlow<()>, E>,
) -> Result<(), SweepError<E>> {
    let count = cells as u64;
    let mut outcomes = Vec::with_capacity(cells);
    let mut made = Vec::with_capacity(cells);
    let flown = in_order(
        range.start * count..range.end.saturating_mul(count),
        jobs,
        |item| {
            let outcome = outcome(|| work((item % count) as usize, item / count));
            let made = more(&outcome);
            (outcome, made)
        },
        |item, result| {
            if interrupted() {
                return Err(None);
            }
            let (outcome, more) = result.unwrap_or_else(|message| panic!("{message}"));
            outcomes.push(outcome);
            made.push(more);
            if outcomes.len() < cells {
                return Ok(());
            }
            let block = Block {
                index: item / count,
                outcomes: std::mem::replace(&mut outcomes, Vec::with_capacity(cells)),
            };
            let made = std::mem::replace(&mut made, Vec::with_capacity(cells));
            match sink(block, made) {
                Ok(ControlFlow::Continue(())) => Ok(()),
                Ok(ControlFlow::Break(())) => Err(None),
                Err(error) => Err(Some(error)),
            }
        },
    );
    match flown {
        Ok(()) | Err(Stop::Sink(None)) => Ok(()),
        Err(Stop::Sink(Some(error))) => Err(SweepError::Sink(error)),
        Err(Stop::Threads(source)) => Err(SweepError::Threads { jobs, source }),
    }
}

/// Threads take whole batches of blocks where one takes no longer: as much work of each is lost to an interruption.
const QUICK: Duration = Duration::from_millis(500);

/// They take so many at once that it takes about as long: to put one in its place takes about half a millisecond.
const UNIT: Duration = Duration::from_millis(200);

/// And at most two to the power of this.
const HIGHEST_LEVEL: u32 = 8;

/// What a block takes one thread, once that is known: whether threads had better take whole batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace(Option<Duration>);

impl Pace {
    /// So many blocks took so many threads so long.
    pub fn learn(&mut self, blocks: u32, jobs: usize, elapsed: Duration) {
        self.0 = Some(elapsed * jobs as u32 / blocks.max(1));
    }

    /// Whether threads take whole batches of these blocks, and two to which power at once.
    pub fn level(self, blocks: Range<u64>, jobs: usize) -> Option<u32> {
        let batches = blocks.end / BATCH - blocks.start.div_ceil(BATCH).min(blocks.end / BATCH);
        let batch = self.0? * BATCH as u32;
        if !blocks.start.is_multiple_of(BATCH) || batch > QUICK || batches < 2 * jobs as u64 {
            return None;
        }
        let level =
            |level: &u32| batch * (1 << level) <= UNIT && batches >> level >= 4 * jobs as u64;
        Some((0..=HIGHEST_LEVEL).rev().find(level).unwrap_or(0))
    }
}

/// Units of work ahead of the sink, per thread: each holds sums, and perhaps rows.
const UNITS_PER_JOB: u64 = 4;

/// Runs runs of whole batches on `jobs` threads: `blocks` begins and ends at borders of batches and is cut into runs of
/// `2^level` batches, the first and the last perhaps shorter, which begin where a node of that level does. `work` runs one,
/// `sink` gets what it made of each in order, on this thread, until it breaks or `interrupted` says so.
///
/// # Errors
/// As [`run_blocks`].
pub fn run_batches<T: Send, E>(
    blocks: Range<u64>,
    level: u32,
    jobs: usize,
    interrupted: impl Fn() -> bool,
    work: impl Fn(Range<u64>) -> T + Sync,
    mut sink: impl FnMut(Range<u64>, Result<T, String>) -> Result<ControlFlow<()>, E>,
) -> Result<(), SweepError<E>> {
    let length = BATCH << level;
    let run = |unit: u64| (unit * length).max(blocks.start)..((unit + 1) * length).min(blocks.end);
    let flown = in_order_within(
        blocks.start / length..blocks.end.div_ceil(length),
        jobs,
        UNITS_PER_JOB,
        |unit| work(run(unit)),
        |unit, result| {
            if interrupted() {
                return Err(None);
            }
            match sink(run(unit), result) {
                Ok(ControlFlow::Continue(())) => Ok(()),
                Ok(ControlFlow::Break(())) => Err(None),
                Err(error) => Err(Some(error)),
            }
        },
    );
    match flown {
        Ok(()) | Err(Stop::Sink(None)) => Ok(()),
        Err(Stop::Sink(Some(error))) => Err(SweepError::Sink(error)),
        Err(Stop::Threads(source)) => Err(SweepError::Threads { jobs, source }),
    }
}

/// What becomes of a replication: its summary, or why there is none.
pub fn outcome(work: impl FnOnce() -> Summary) -> Outcome {
    match guarded(work) {
        Ok(summary) => sound(summary),
        Err(message) => Outcome::Failed(message),
    }
}

/// A summary all of whose values are numbers, or a failure that says which is not.
fn sound(summary: Summary) -> Outcome {
    match summary.values.iter().position(|value| !value.is_finite()) {
        None => Outcome::Flown(summary),
        Some(column) => Outcome::Failed(format!(
            "column {column} of its summary is {}",
            summary.values[column]
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(value: f64) -> Summary {
        Summary {
            values: vec![value],
            ..Summary::default()
        }
    }

    #[test]
    fn blocks_are_whole_and_in_order_whatever_the_threads() {
        for jobs in [1, 2, 5] {
            let mut seen = Vec::new();
            run_blocks::<()>(
                3,
                7..107,
                jobs,
                || false,
                |cell, replication| summary(cell as f64 + 10.0 * replication as f64),
                |block| {
                    seen.push(block);
                    Ok(ControlFlow::Continue(()))
                },
            )
            .unwrap();
            let expected: Vec<Block> = (7..107)
                .map(|index| Block {
                    index,
                    outcomes: (0..3)
                        .map(|cell| Outcome::Flown(summary(f64::from(cell) + 10.0 * index as f64)))
                        .collect(),
                })
                .collect();
            assert_eq!(seen, expected, "{jobs} jobs");
        }
    }

    #[test]
    fn a_break_ends_after_a_whole_block() {
        for jobs in [1, 3] {
            let mut last = 0;
            run_blocks::<()>(
                4,
                0..1_000_000,
                jobs,
                || false,
                |_, _| summary(0.0),
                |block| {
                    assert_eq!(block.outcomes.len(), 4);
                    last = block.index;
                    Ok(if block.index == 41 {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    })
                },
            )
            .unwrap();
            assert_eq!(last, 41);
        }
    }

    #[test]
    fn panics_and_what_is_no_number_are_failures_of_their_cell_alone() {
        for jobs in [1, 3] {
            let mut failed = Vec::new();
            run_blocks::<()>(
                2,
                0..50,
                jobs,
                || false,
                |cell, replication| {
                    assert!((cell, replication) != (1, 13), "no such draw");
                    summary(if (cell, replication) == (0, 20) {
                        f64::NAN
                    } else {
                        1.0
                    })
                },
                |block| {
                    for (cell, outcome) in block.outcomes.iter().enumerate() {
                        if let Outcome::Failed(message) = outcome {
                            failed.push((cell, block.index, message.clone()));
                        }
                    }
                    Ok(ControlFlow::Continue(()))
                },
            )
            .unwrap();
            assert_eq!(failed.len(), 2);
            assert_eq!((failed[0].0, failed[0].1), (1, 13));
            assert!(failed[0].2.contains("no such draw"));
            assert_eq!((failed[1].0, failed[1].1), (0, 20));
            assert!(failed[1].2.contains("column 0") && failed[1].2.contains("NaN"));
        }
    }
}
