//! `deconflict merge`: the shards of a sweep, joined into the results that one machine would have written.

use std::path::PathBuf;

use clap::Args;
use deconflict::experiment::accounts::Accounts;
use deconflict::experiment::plan::Plan;
use deconflict::output::{
    Ended, JournalReader, Progress, SweepFolder, merge_journals, write_results,
};

use super::host::{RunNote, Started};
use super::status::{array_list, missing_shards};
use super::sweep::report;
use super::{Failure, print};

/// Arguments of `deconflict merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict merge results/agreement
      join the shards in results/agreement/shards; the files are those of a sweep on one machine, byte by byte")]
pub struct MergeArguments {
    /// Folder of the sweep.
    folder: PathBuf,
}

/// Runs the command.
pub fn join_shards(arguments: &MergeArguments) -> Result<(), Failure> {
    let started = Started::now();
    let out = arguments.folder.display();
    let (folder, record) = SweepFolder::alone(&arguments.folder)?;
    let Some(shards) = folder.shards()? else {
        return Err(Failure::bad_input(format!(
            "{out} is not split into shards: there is nothing to merge"
        )));
    };
    let here = env!("CARGO_PKG_VERSION");
    if record.version != here {
        return Err(Failure::bad_input(format!(
            "{out} was flown by version {}, this is {here}; merge with the version that flew it",
            record.version
        )));
    }
    let missing = missing_shards(&folder, &record, shards)?;
    if !missing.is_empty() {
        return Err(Failure::bad_input(format!(
            "{} of {} shards are missing or not whole: {}; fly them with --shard first",
            missing.len(),
            shards.count,
            array_list(&missing)
        )));
    }
    let parts: Vec<PathBuf> = (0..shards.count)
        .filter(|&shard| !shards.range(shard).is_empty())
        .map(|shard| folder.shard_journal(shard, shards.count))
        .collect();
    let whole = folder.journal();
    let rounds = folder.path().join("rounds");
    std::fs::create_dir_all(&rounds)
        .map_err(|error| Failure::other(error, "cannot create the folder of the merged rounds"))?;
    if whole.exists() {
        // Merged before, from these shards.
        std::fs::remove_file(&whole)
            .map_err(|error| Failure::other(error, "cannot replace the merged rounds"))?;
    }
    merge_journals(&parts, &whole)?;

    let plan = Plan::from_record(record)?;
    let mut accounts = Accounts::new(&plan);
    for round in JournalReader::open(&folder.journal())? {
        accounts.add(&round?);
    }
    let rounds = JournalReader::open(&folder.journal())?;
    let progress = Progress {
        asked: shards.replications,
        done: accounts.rounds(),
        ended: Ended::Finished,
    };
    let note = RunNote::new(&started, 1, 0, progress);
    write_results(folder.path(), &plan, &accounts, rounds, progress, &note)?;
    print(&report(&plan, &accounts, &arguments.folder))
}
