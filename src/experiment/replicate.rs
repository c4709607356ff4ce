//! Replications on several threads, handed on one by one in the order of their numbers.
//!
//! What is computed for a replication depends on the replication alone, and results reach the sink in order, so
//! nothing that comes out depends on the number of threads. At most a window of replications is in flight, so memory
//! does not grow with their number.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use crate::record::Replication;

/// Why replications stopped early.
#[derive(Debug, thiserror::Error)]
pub enum ReplicateError<E> {
    /// A fault of the program within one replication.
    #[error("replication {} of seed {} failed: {message}; `deconflict run` with --seed {} --replication {} repeats it", replication.index, replication.seed, replication.seed, replication.index)]
    Panicked {
        /// Which replication.
        replication: Replication,
        /// What it said.
        message: String,
    },
    /// No threads.
    #[error("could not start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// The sink refused a result.
    #[error(transparent)]
    Sink(E),
}

/// A thread hands on what it has made since it last did when that took so long: a message for each result would keep the thread that takes
/// them busy where results are quick.
const HAND_ON: Duration = Duration::from_millis(20);

/// Replications ahead of the sink, per thread.
const WINDOW_PER_JOB: u64 = 64;

/// Calls `work` for every replication in `range` on `jobs` threads, and `sink` with each result in order, on this thread.
///
/// Stops at the first panic in `work` (the one of the lowest number) or the first error of `sink`.
///
/// # Errors
/// What `sink` says, threads that cannot be started, a replication that panicked.
pub fn replicate<T: Send, E>(
    seed: u64,
    range: Range<u64>,
    jobs: usize,
    work: impl Fn(Replication) -> T + Sync,
    mut sink: impl FnMut(u64, T) -> Result<(), E>,
) -> Result<(), ReplicateError<E>> {
    in_order(
        range,
        jobs,
        |index| work(Replication { seed, index }),
        |index, result| {
            let result = result.map_err(|message| ReplicateError::Panicked {
                replication: Replication { seed, index },
                message,
            })?;
            sink(index, result).map_err(ReplicateError::Sink)
        },
    )
    .map_err(|stop| match stop {
        Stop::Threads(source) => ReplicateError::Threads { jobs, source },
        Stop::Sink(error) => error,
    })
}

/// Why [`in_order`] ended before the end of its range.
#[derive(Debug)]
pub(crate) enum Stop<E> {
    /// No threads.
    Threads(rayon::ThreadPoolBuildError),
    /// The sink refused a result.
    Sink(E),
}

/// Calls `work` for every number in `range` on `jobs` threads, and `sink` with each result, or with what a panic said, in
/// order, on this thread. Stops at the first error of `sink`.
pub(crate) fn in_order<T: Send, E>(
    range: Range<u64>,
    jobs: usize,
    work: impl Fn(u64) -> T + Sync,
    sink: impl FnMut(u64, Result<T, String>) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    in_order_within(range, jobs, WINDOW_PER_JOB, work, sink)
}

/// What a computation gives, or what its panic said.
///
/// # Errors
/// What the panic said.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

/// The same with at most so many numbers for each thread that the sink has not yet got.
pub(crate) fn in_order_within<T: Send, E>(
    range: Range<u64>,
    jobs: usize,
    window_per_job: u64,
    work: impl Fn(u64) -> T + Sync,
    mut sink: impl FnMut(u64, Result<T, String>) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let guarded = |index: u64| guarded(|| work(index));
    if jobs <= 1 {
        for index in range {
            sink(index, guarded(index)).map_err(Stop::Sink)?;
        }
        return Ok(());
    }

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(Stop::Threads)?;
    let window = window_per_job * jobs as u64;
    let queue = Queue::new(range.clone(), window);
    let (sender, receiver) = mpsc::channel();
    pool.in_place_scope(|scope| {
        // A broadcast runs on every thread of the pool, where spawned jobs might queue behind one another.
        let (queue, guarded) = (&queue, &guarded);
        scope.spawn_broadcast(move |_, _| {
            let (mut made, mut since) = (Vec::new(), Instant::now());
            loop {
                let index = match queue.take_if_due() {
                    Taken::Number(index) => index,
                    Taken::Over => break,
                    // Whoever waits must not hold back what the sink waits for.
                    Taken::TooFar => {
                        if !made.is_empty() && sender.send(std::mem::take(&mut made)).is_err() {
                            break;
                        }
                        let Some(index) = queue.take() else { break };
                        since = Instant::now();
                        index
                    }
                };
                made.push((index, guarded(index)));
                if since.elapsed() >= HAND_ON {
                    if sender.send(std::mem::take(&mut made)).is_err() {
                        break;
                    }
                    since = Instant::now();
                }
            }
            // Nobody waits for it where the sink has ended.
            let _ = sender.send(made);
        });
        let mut early = BTreeMap::new();
        let mut next = range.start;
        let outcome = (|| {
            while next < range.end {
                let Ok(made) = receiver.recv() else {
                    break;
                };
                early.extend(made);
                let before = next;
                while let Some(result) = early.remove(&next) {
                    sink(next, result).map_err(Stop::Sink)?;
                    next += 1;
                }
                queue.advance(next - before);
            }
            Ok(())
        })();
        queue.close();
        drop(receiver);
        outcome
    })
}

/// The numbers still to be run, with a limit on how far they may run ahead of the sink.
struct Queue {
    state: Mutex<State>,
    moved: Condvar,
}

/// What a thread that asks for a number gets.
enum Taken {
    Number(u64),
    /// The sink is too far behind.
    TooFar,
    /// There are no more.
    Over,
}

struct State {
    next: u64,
    limit: u64,
    end: u64,
}

impl Queue {
    fn new(range: Range<u64>, window: u64) -> Queue {
        Queue {
            state: Mutex::new(State {
                next: range.start,
                limit: range.start.saturating_add(window),
                end: range.end,
            }),
            moved: Condvar::new(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The next number, if there is one and the sink is not too far behind.
    fn take_if_due(&self) -> Taken {
        let mut state = self.lock();
        if state.next >= state.end {
            return Taken::Over;
        }
        if state.next >= state.limit {
            return Taken::TooFar;
        }
        state.next += 1;
        Taken::Number(state.next - 1)
    }

    /// The next number; waits while the sink is too far behind. The lowest number in flight never waits.
    fn take(&self) -> Option<u64> {
        let mut state = self.lock();
        while state.next < state.end && state.next >= state.limit {
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        (state.next < state.end).then(|| {
            state.next += 1;
            state.next - 1
        })
    }

    /// The sink has got so many more.
    fn advance(&self, count: u64) {
        if count > 0 {
            self.lock().limit += count;
            self.moved.notify_all();
        }
    }

    fn close(&self) {
        self.lock().end = 0;
        self.moved.notify_all();
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "it panicked without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        for jobs in [1, 2, 7] {
            let mut seen = Vec::new();
            replicate::<_, String>(
                9,
                5..1005,
                jobs,
                |replication| {
                    if replication.index % 97 == 0 {
                        std::thread::sleep(std::time::Duration::from_millis(2));
                    }
                    replication.index * replication.seed
                },
                |index, result| {
                    assert_eq!(result, index * 9);
                    seen.push(index);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(seen, (5..1005).collect::<Vec<_>>(), "{jobs} jobs");
        }
    }

    #[test]
    fn a_panic_names_seed_and_replication() {
        for jobs in [1, 3] {
            let mut sunk = 0;
            let error = replicate::<_, String>(
                42,
                0..500,
                jobs,
                |replication| assert!(replication.index != 137, "no such draw"),
                |_, ()| {
                    sunk += 1;
                    Ok(())
                },
            )
            .unwrap_err()
            .to_string();
            assert!(error.contains("replication 137 of seed 42"), "{error}");
            assert!(error.contains("no such draw"), "{error}");
            assert_eq!(sunk, 137);
        }
    }

    #[test]
    fn a_sink_that_refuses_stops_everything() {
        for jobs in [1, 2] {
            let outcome = replicate(
                1,
                0..u64::MAX,
                jobs,
                |replication| replication.index,
                |index, _| {
                    if index < 300 {
                        Ok(())
                    } else {
                        Err("full".to_owned())
                    }
                },
            );
            assert!(matches!(outcome, Err(ReplicateError::Sink(full)) if full == "full"));
        }
    }
}
