//! Running what a tuning asks for, on several threads, with results that do not depend on their number.

use std::ops::Range;

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

/// Units of a batch, and replications of one, at most: enough for many workers, and not more files than need be.
const PARCELS: u64 = 256;
const PARCEL: u64 = 64;

/// Replications of one of the tasks that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    /// Position of the task.
    pub task: usize,
    /// Which.
    pub replications: Range<u64>,
}

/// What was asked for, cut into parcels of as many replications each, in order: the same for whoever cuts it.
pub fn parcels(tasks: &[Task]) -> Vec<Vec<Portion>> {
    let length = |task: &Task| task.replications.end - task.replications.start;
    let all: u64 = tasks.iter().map(length).sum();
    let size = all.div_ceil(PARCELS).clamp(1, PARCEL);
    let mut parcels: Vec<Vec<Portion>> = Vec::new();
    let mut room = 0;
    for (task, asked) in tasks.iter().enumerate() {
        let mut next = asked.replications.start;
        while next < asked.replications.end {
            if room == 0 {
                parcels.push(Vec::new());
                room = size;
            }
            let end = asked.replications.end.min(next + room);
            room -= end - next;
            let portion = Portion {
                task,
                replications: next..end,
            };
            parcels.last_mut().expect("one was pushed").push(portion);
            next = end;
        }
    }
    parcels
}

/// The results of all parcels as those of the tasks; none if they do not fit.
pub fn gathered(tasks: &[Task], parcels: Vec<Vec<Sample>>) -> Option<Vec<Vec<Sample>>> {
    let mut samples = parcels.into_iter().flatten();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        let length = (task.replications.end - task.replications.start) as usize;
        let of_it: Vec<Sample> = samples.by_ref().take(length).collect();
        if of_it.len() != length {
            return None;
        }
        results.push(of_it);
    }
    samples.next().is_none().then_some(results)
}

/// Runs every replication of every task: `work` is called with the position of the task and the number of the
/// replication, `flown` after each.
///
/// # Errors
/// An interruption, threads that cannot be started, a replication that panicked.
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
    // The same replication of all tasks together: what they have in common is then worked out once.
    items.sort_by_key(|&(task, index)| (index, task));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tune::course::Place;

    fn tasks(lengths: &[u64]) -> Vec<Task> {
        let task = |(candidate, &length): (usize, &u64)| Task {
            candidate,
            place: Place::Search,
            replications: 10..10 + length,
        };
        lengths.iter().enumerate().map(task).collect()
    }

    #[test]
    fn parcels_hold_all_that_is_asked_for_once_and_in_order() {
        for lengths in [&[1][..], &[4, 4, 4], &[0, 900, 3, 20], &[40_000, 1]] {
            let tasks = tasks(lengths);
            let parcels = parcels(&tasks);
            let all: u64 = lengths.iter().sum();
            let asked = tasks
                .iter()
                .enumerate()
                .flat_map(|(at, task)| task.replications.clone().map(move |index| (at, index)));
            let of = |portion: &Portion| {
                let task = portion.task;
                portion.replications.clone().map(move |index| (task, index))
            };
            let cut: Vec<(usize, u64)> = parcels.iter().flatten().flat_map(of).collect();
            assert_eq!(asked.collect::<Vec<_>>(), cut, "{lengths:?}");
            let size = |parcel: &Vec<Portion>| -> u64 {
                parcel
                    .iter()
                    .map(|portion| portion.replications.end - portion.replications.start)
                    .sum()
            };
            let last = parcels.len() - 1;
            assert!(
                parcels[..last]
                    .iter()
                    .all(|parcel| size(parcel) == size(&parcels[0]))
            );
            assert!(size(&parcels[0]) <= PARCEL && size(&parcels[last]) <= size(&parcels[0]));
            assert!(parcels.len() as u64 <= PARCELS.max(all.div_ceil(PARCEL)));

            let told = |(task, index): (usize, u64)| vec![(task as f64, index as f64)];
            let results: Vec<Vec<Sample>> = parcels
                .iter()
                .map(|parcel| parcel.iter().flat_map(of).map(told).collect())
                .collect();
            let mut one_short = results.clone();
            one_short[last].pop();
            assert_eq!(gathered(&tasks, one_short), None);
            let gathered = gathered(&tasks, results).unwrap();
            for (at, (task, samples)) in tasks.iter().zip(gathered).enumerate() {
                let wanted: Vec<Sample> = task
                    .replications
                    .clone()
                    .map(|index| told((at, index)))
                    .collect();
                assert_eq!(samples, wanted);
            }
        }
    }
}
