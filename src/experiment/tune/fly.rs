//! Running what a tuning asks for, on several threads, with results that do not depend on their number.

use super::course::Task;
use super::samples::Sample;
use crate::experiment::replicate::{Stop, in_order};

/// Why tasks were not run to their end.
#[derive(Debug, thiserror::Error)]
pub enum FlyError {
    /// No threads.
    #[error("could not start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// A replication failed.
    #[error("replication {replication} of candidate {candidate} failed: {message}")]
    Failed {
        /// Number of the candidate.
        candidate: usize,
        /// Number of the replication.
        replication: u64,
        /// What it said.
        message: String,
    },
    /// Somebody wanted to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Runs every replication of every task: `work` is called with the position of the task and the number of the
/// replication, `flown` after each.
pub fn fly_tasks(
    tasks: &[Task],
    jobs: usize,
    interrupted: impl Fn() -> bool,
    work: impl Fn(usize, u64) -> Sample + Sync,
    mut flown: impl FnMut(),
) -> Result<Vec<Vec<Sample>>, FlyError> {
    let mut items: Vec<(usize, u64)> = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        items.extend(task.replications.clone().map(|index| (number, index)));
    }
    let mut results = vec![Vec::new(); tasks.len()];
    let outcome = in_order(
        0..items.len() as u64,
        jobs,
        |item| {
            let (task, index) = items[item as usize];
            work(task, index)
        },
        |item, result| {
            if interrupted() {
                return Err(FlyError::Interrupted);
            }
            let (task, replication) = items[item as usize];
            let failed = |message| FlyError::Failed {
                candidate: tasks[task].candidate,
                replication,
                message,
            };
            let sample = result.map_err(failed)?;
            if sample.iter().any(|(y, x)| !y.is_finite() || !x.is_finite()) {
                return Err(failed("a measure is no number".to_owned()));
            }
            results[task].push(sample);
            flown();
            Ok(())
        },
    );
    match outcome {
        Ok(()) => Ok(results),
        Err(Stop::Sink(error)) => Err(error),
        Err(Stop::Threads(source)) => Err(FlyError::Threads { jobs, source }),
    }
}
