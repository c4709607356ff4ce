//! `deconflict status`: how far a sweep has come, and which shards are missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::plan::PlanRecord;
use deconflict::experiment::rule::Rule;
use deconflict::output::{
    JournalError, OutputError, Shards, Stored, SweepFolder, Trust, TuningFolder, count_rounds,
};

use super::subject::quoted;
use super::sweep::kept_words;
use super::{Failure, print};

/// Arguments of `deconflict status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict status results/agreement
      how far it is, and whether it was finished; of a run or a tuning too
  sbatch --array=$(deconflict status results/agreement --missing) shard.sh
      fly the shards that are missing, and only those

Exit code: 0 all there, 1 something is missing, 2 bad input.")]
pub struct StatusArguments {
    /// Folder of the sweep, the run or the tuning.
    folder: PathBuf,
    /// Print nothing but the numbers of the missing shards, such as 0-3,7.
    #[arg(long)]
    missing: bool,
}

/// Runs the command.
pub fn status(arguments: &StatusArguments) -> Result<(), Failure> {
    let place = &arguments.folder;
    let (folder, record) = match SweepFolder::open(place, Trust::Verified) {
        Ok(found) => found,
        Err(error @ OutputError::NotASweep { .. }) if !arguments.missing => {
            return of_another(place, error);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(shards) = folder.shards()? else {
        if arguments.missing {
            return Err(Failure::bad_input(format!(
                "{} is not split into shards",
                place.display()
            )));
        }
        return of_whole(&folder, &record);
    };
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let missing = missing_shards(&folder, &record, shards)?;
    line(&match missing.len() {
        0 => format!("All {} shards are there", shards.count),
        some => format!(
            "Not finished: {some} of {} shards are missing",
            shards.count
        ),
    });
    line(&record.title);
    line(&format!(
        "{} shards of {} replications of each of {} cells in all",
        shards.count,
        shards.replications,
        record.cells.len()
    ));
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
            let out = quoted(&out.to_string());
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

/// A sweep that is flown in one.
fn of_whole(folder: &SweepFolder, record: &PlanRecord) -> Result<(), Failure> {
    let rounds = match folder.journal() {
        journal if journal.exists() => match count_rounds(&journal) {
            // Interrupted as it was begun.
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => 0,
            state => state?.rounds,
        },
        _ => 0,
    };
    let asked = Rule::new(&record.stop, record.asked).most();
    // What the results say holds as long as nobody has gone on since.
    let written = folder.progress()?;
    let (first, whole) = match written.filter(|progress| progress.done == rounds) {
        Some(progress) => (progress.words(), progress.ended.is_whole()),
        None => (
            format!("Not finished: {rounds} of {asked} replications"),
            false,
        ),
    };
    let results = match written {
        Some(progress) if progress.done == rounds => "results are written".to_owned(),
        Some(progress) => format!("results are written for the first {}", progress.done),
        None => "results are not written yet".to_owned(),
    };
    print(&format!(
        "{first}\n{}\n{rounds} replications of each of {} cells; {results}.\n",
        record.title,
        record.cells.len()
    ))?;
    if whole {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "{} is not finished; `deconflict sweep ... --resume` goes on{}",
        folder.path().display(),
        kept_words(folder.path())
    )))
}

/// A run or a tuning.
fn of_another(place: &Path, not_a_sweep: OutputError) -> Result<(), Failure> {
    if place.join("manifest.json").exists() {
        let manifest = Stored::open(place, Trust::Verified)?.manifest;
        let progress = manifest.progress;
        print(&format!(
            "{}\n{}\nseed {}; results are written.\n",
            progress.words(),
            manifest.title,
            manifest.seed
        ))?;
        if progress.ended.is_whole() {
            return Ok(());
        }
        return Err(Failure::Other(format!(
            "{} is not finished; the same command with --force flies it all",
            place.display()
        )));
    }
    let Some(record) = TuningFolder::study(place, Trust::Verified)? else {
        return Err(not_a_sweep.into());
    };
    print(&format!(
        "Not finished: no results are written yet\n{}\nseed {}\n",
        record.study.title, record.study.seed
    ))?;
    Err(Failure::Other(format!(
        "{} is not finished; `deconflict tune ... --resume` goes on{}",
        place.display(),
        kept_words(place)
    )))
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
