//! `deconflict status`: how far a sweep has come, and which shards are missing.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::experiment::plan::PlanRecord;
use deconflict::output::{JournalError, OutputError, Shards, SweepFolder, count_rounds};

use super::{Failure, print};

/// Arguments of `deconflict status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict status results/agreement
      how far it is
  sbatch --array=$(deconflict status results/agreement --missing) shard.sh
      fly the shards that are missing, and only those

Exit code: 0 all there, 1 something is missing, 2 bad input.")]
pub struct StatusArguments {
    /// Folder of the sweep.
    folder: PathBuf,
    /// Print nothing but the numbers of the missing shards, such as 0-3,7.
    #[arg(long)]
    missing: bool,
}

/// Runs the command.
pub fn status(arguments: &StatusArguments) -> Result<(), Failure> {
    let (folder, record) = SweepFolder::open(&arguments.folder)?;
    let Some(shards) = folder.shards()? else {
        if arguments.missing {
            return Err(Failure::bad_input(format!(
                "{} is not split into shards",
                arguments.folder.display()
            )));
        }
        let rounds = match folder.journal() {
            journal if journal.exists() => count_rounds(&journal)?.rounds,
            _ => 0,
        };
        let results = if folder.path().join("manifest.json").is_file() {
            "results are written"
        } else {
            "results are not written yet"
        };
        return print(&format!(
            "{}\n{rounds} replications of each of {} cells; {results}.\n",
            record.title,
            record.cells.len()
        ));
    };
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    line(&record.title);
    line(&format!(
        "{} shards of {} replications of each of {} cells in all",
        shards.count,
        shards.replications,
        record.cells.len()
    ));
    let missing = missing_shards(&folder, &record, shards)?;
    for &shard in &missing {
        let there = rounds_of(&folder, &record, shards, shard)?;
        if there > 0 {
            let range = shards.range(shard);
            line(&format!(
                "shard {shard}: {there} of {} replications",
                range.end - range.start
            ));
        }
    }
    let list = array_list(&missing);
    if arguments.missing {
        print(&format!("{list}\n"))?;
    } else {
        let out = arguments.folder.display();
        if missing.is_empty() {
            line(&format!("All are there. Next: deconflict merge {out}"));
        } else {
            line(&format!("Missing: {list}"));
        }
        print(&text)?;
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::Other(format!(
            "{} of {} shards are missing",
            missing.len(),
            shards.count
        )))
    }
}

/// The shards that are not whole, in order.
pub fn missing_shards(
    folder: &SweepFolder,
    record: &PlanRecord,
    shards: Shards,
) -> Result<Vec<u64>, Failure> {
    let mut missing = Vec::new();
    for shard in 0..shards.count {
        let range = shards.range(shard);
        if rounds_of(folder, record, shards, shard)? < range.end - range.start {
            missing.push(shard);
        }
    }
    Ok(missing)
}

/// How many rounds of a shard there are; a journal of something else is refused.
fn rounds_of(
    folder: &SweepFolder,
    record: &PlanRecord,
    shards: Shards,
    shard: u64,
) -> Result<u64, Failure> {
    let journal = folder.shard_journal(shard, shards.count);
    if !journal.exists() {
        return Ok(0);
    }
    let state = match count_rounds(&journal) {
        // Interrupted as it was begun.
        Err(OutputError::Journal(JournalError::Unstarted { .. })) => return Ok(0),
        state => state?,
    };
    let first = shards.range(shard).start;
    if state.header.plan_sha256 != record.identity() || state.header.first != first {
        return Err(Failure::bad_input(format!(
            "{} is not of this sweep: it has another plan or begins at another replication than {first}",
            journal.display()
        )));
    }
    Ok(state.rounds)
}

/// Numbers as clusters take them: 0-3,7.
pub fn array_list(numbers: &[u64]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = numbers;
    while let Some(&first) = rest.first() {
        let run = rest
            .iter()
            .zip(first..)
            .take_while(|(number, expected)| *number == expected)
            .count();
        let last = rest[run - 1];
        parts.push(if run == 1 {
            first.to_string()
        } else {
            format!("{first}-{last}")
        });
        rest = &rest[run..];
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_joined() {
        assert_eq!(array_list(&[]), "");
        assert_eq!(array_list(&[5]), "5");
        assert_eq!(array_list(&[0, 1, 2, 3, 7, 9, 10]), "0-3,7,9-10");
    }
}
