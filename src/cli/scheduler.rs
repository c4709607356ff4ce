//! What a scheduler of a cluster says to the tasks that it starts, by variables of the environment.

use super::Failure;

/// How a scheduler numbers the tasks of an array.
struct Array {
    /// Its name.
    scheduler: &'static str,
    /// The variable with the number of the task.
    index: &'static str,
    /// The number of the first.
    first: u64,
    /// The variable with how many there are, and how to take it.
    count: Option<(&'static str, Count)>,
}

#[derive(Clone, Copy)]
enum Count {
    /// It is how many.
    Tasks,
    /// It is the number of the last.
    Last,
}

/// What it is where there is no array.
const NONE: [&str; 3] = ["", "undefined", "0"];

const ARRAYS: [Array; 8] = [
    Array {
        scheduler: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: 0,
        count: Some(("SLURM_ARRAY_TASK_MAX", Count::Last)),
    },
    Array {
        scheduler: "PBS",
        index: "PBS_ARRAY_INDEX",
        first: 0,
        count: None,
    },
    Array {
        scheduler: "Torque",
        index: "PBS_ARRAYID",
        first: 0,
        count: None,
    },
    Array {
        scheduler: "Grid Engine",
        index: "SGE_TASK_ID",
        first: 1,
        count: Some(("SGE_TASK_LAST", Count::Last)),
    },
    Array {
        scheduler: "LSF",
        index: "LSB_JOBINDEX",
        first: 1,
        count: Some(("LSB_JOBINDEX_END", Count::Last)),
    },
    Array {
        scheduler: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: 0,
        count: Some(("AWS_BATCH_JOB_ARRAY_SIZE", Count::Tasks)),
    },
    Array {
        scheduler: "Google Batch",
        index: "BATCH_TASK_INDEX",
        first: 0,
        count: Some(("BATCH_TASK_COUNT", Count::Tasks)),
    },
    Array {
        scheduler: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: 0,
        count: None,
    },
];

/// The shard of this task, and how many there are; `count` is what is known of that already. Where nothing says how many, an array
/// that was submitted whole does: a part of one, to run what is missing, says too few, so a folder that is there comes first.
pub fn shard(
    count: Option<u64>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(u64, u64), Failure> {
    let set: Vec<(&Array, String)> = (ARRAYS.iter())
        .filter_map(|array| Some((array, variable(array.index)?)))
        .filter(|(array, value)| array.first == 0 || !NONE.contains(&value.as_str()))
        .collect();
    let (array, value) = match set.as_slice() {
        [one] => one,
        [] => {
            let names = ARRAYS.map(|array| array.index).join(", ");
            return Err(Failure::bad_input(format!(
                "--shard auto takes the shard from the task of an array, and none of {names} is set"
            )));
        }
        [(one, _), (other, _), ..] => {
            return Err(Failure::bad_input(format!(
                "{} and {} are both set; expected --shard I/N",
                one.index, other.index
            )));
        }
    };
    let said = array.count.and_then(|(name, count)| {
        let number: u64 = variable(name)?.parse().ok()?;
        Some(match count {
            Count::Tasks => number,
            Count::Last => number + 1 - array.first,
        })
    });
    let Some(count) = count.or(said) else {
        return Err(Failure::bad_input(format!(
            "{} does not say how many tasks there are; expected --shard auto/N",
            array.scheduler
        )));
    };
    let shard = value.parse::<u64>().ok();
    let shard = shard.and_then(|number| number.checked_sub(array.first));
    match shard.filter(|shard| *shard < count) {
        Some(shard) => Ok((shard, count)),
        None => Err(Failure::bad_input(format!(
            "{} is {value:?}; expected a task from {} to {}",
            array.index,
            array.first,
            count + array.first - 1
        ))),
    }
}

/// Threads that the scheduler gave to the task, if it says so.
pub fn threads(variable: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let names = [
        "SLURM_CPUS_PER_TASK",
        "NCPUS",            // PBS
        "PBS_NUM_PPN",      // Torque
        "NSLOTS",           // Grid Engine
        "LSB_DJOB_NUMPROC", // LSF
    ];
    let number = |name: &&str| variable(name)?.parse::<usize>().ok();
    names.iter().find_map(number).filter(|&threads| threads > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    /// As the manuals of the schedulers number their tasks.
    #[test]
    fn every_scheduler_says_which_shard() {
        for (variables, count, expected) in [
            (
                &[("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_MAX", "9")][..],
                None,
                (3, 10),
            ),
            (
                &[("SLURM_ARRAY_TASK_ID", "3"), ("SLURM_ARRAY_TASK_MAX", "3")],
                Some(10),
                (3, 10),
            ),
            (&[("PBS_ARRAY_INDEX", "0")], Some(4), (0, 4)),
            (&[("PBS_ARRAYID", "2")], Some(4), (2, 4)),
            (
                &[("SGE_TASK_ID", "1"), ("SGE_TASK_LAST", "5")],
                None,
                (0, 5),
            ),
            (
                &[("LSB_JOBINDEX", "5"), ("LSB_JOBINDEX_END", "5")],
                None,
                (4, 5),
            ),
            (
                &[
                    ("AWS_BATCH_JOB_ARRAY_INDEX", "1"),
                    ("AWS_BATCH_JOB_ARRAY_SIZE", "2"),
                ],
                None,
                (1, 2),
            ),
            (
                &[("BATCH_TASK_INDEX", "0"), ("BATCH_TASK_COUNT", "7")],
                None,
                (0, 7),
            ),
            (&[("JOB_COMPLETION_INDEX", "6")], Some(7), (6, 7)),
            // Grid Engine and LSF set theirs in jobs that are no arrays, too.
            (
                &[
                    ("SGE_TASK_ID", "undefined"),
                    ("LSB_JOBINDEX", "0"),
                    ("PBS_ARRAY_INDEX", "1"),
                ],
                Some(2),
                (1, 2),
            ),
        ] {
            let found = shard(count, of(variables)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(found, expected, "{variables:?}");
        }
        let refused = |count, variables: &[(&str, &str)], words: &str| {
            let error = shard(count, of(variables)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        refused(Some(3), &[], "BATCH_TASK_INDEX");
        refused(None, &[("JOB_COMPLETION_INDEX", "1")], "Kubernetes");
        refused(Some(3), &[("SLURM_ARRAY_TASK_ID", "3")], "0 to 2");
        refused(Some(3), &[("SGE_TASK_ID", "4")], "1 to 3");
        refused(Some(3), &[("SGE_TASK_ID", "x")], "\"x\"");
        let both = [("SLURM_ARRAY_TASK_ID", "1"), ("JOB_COMPLETION_INDEX", "1")];
        refused(Some(3), &both, "both");
    }

    #[test]
    fn threads_are_those_of_the_task() {
        assert_eq!(threads(of(&[("SLURM_CPUS_PER_TASK", "6")])), Some(6));
        assert_eq!(threads(of(&[("NSLOTS", "2")])), Some(2));
        assert_eq!(threads(of(&[("NSLOTS", "0")])), None);
        assert_eq!(threads(of(&[])), None);
    }
}
