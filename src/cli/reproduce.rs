//! `deconflict reproduce`: run again what a folder of results says made it, and compare every byte.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use deconflict::experiment::accounts::Accounts;
use deconflict::experiment::plan::Plan;
use deconflict::experiment::plan::study::Study;
use deconflict::experiment::replicate::replicate;
use deconflict::experiment::sweep::run_blocks;
use deconflict::experiment::tally::Tally;
use deconflict::experiment::tune::course::Tuning;
use deconflict::experiment::tune::file::BudgetFile;
use deconflict::measure::{Columns, Summary};
use deconflict::output::{
    Conditions, Ended, Journal, JournalHeader, JournalReader, Made, Manifest, OutputError,
    RunFolder, Shape, Stored, SweepFolder, Trust, write_results, write_tuning,
};
use deconflict::record::{Detail, Replication};
use deconflict::simulation::Engine;
use serde_json::json;

use super::Failure;
use super::host::interrupted;
use super::json::print_json;
use super::options::{AsJson, Jobs};
use super::progress::Bar;
use super::subject::quoted;

/// Arguments of `deconflict reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict reproduce results/baseline
      run again what made the results, as often, and say which files are the same

It needs the version that made them; run.json, reports and prevention.csv are no part of it.

Exit code: 0 the same in every byte, 1 something differs, 2 bad input, 130 interrupted.")]
pub struct ReproduceArguments {
    /// Folder of a run, of a sweep or of a tuning.
    folder: PathBuf,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn reproduce(arguments: &ReproduceArguments) -> Result<(), Failure> {
    let folder = &arguments.folder;
    // Files that were changed are what this finds; only the description has to be what was written.
    let stored = Stored::open(folder, Trust::Verified)?;
    let manifest = &stored.manifest;
    let here = env!("CARGO_PKG_VERSION");
    if manifest.version != here {
        return Err(Failure::bad_input(format!(
            "{} was written by version {}, this is {here}: the same random numbers may have other consequences",
            folder.display(),
            manifest.version
        )));
    }
    let place = tempfile::tempdir()
        .map_err(|error| Failure::other(error, "cannot make a temporary folder"))?;
    let again = place.path().join("again");
    let jobs = arguments.jobs.count();
    match manifest.command {
        Made::Run => run_again(&stored, &again, jobs)?,
        Made::Sweep => sweep_again(&stored, &again, jobs)?,
        Made::Tune => tune_again(&stored, &again, jobs)?,
        Made::Match | Made::Screen => {
            return Err(Failure::bad_input(format!(
                "{} holds what was made of sweeps; expected one of them, such as {}",
                folder.display(),
                folder
                    .join(match manifest.command {
                        Made::Match => "wave-1",
                        _ => "effects",
                    })
                    .display()
            )));
        }
        Made::Report => {
            return Err(Failure::bad_input(format!(
                "{} holds the figures of a report; expected the folder of the results",
                folder.display()
            )));
        }
    }
    let differing = differing(manifest, folder, &again)?;
    let count = manifest.files.len() + 1;
    let object = json!({
        "folder": folder.display().to_string(),
        "title": manifest.title,
        "files": count,
        "differing": differing,
    });
    if differing.is_empty() {
        return arguments.form.print(
            || {
                format!(
                    "{}\nThe same in every byte: {count} files, {}.\n",
                    manifest.title,
                    manifest.progress.words()
                )
            },
            || Ok(object),
        );
    }
    if arguments.form.json {
        print_json(&object)?;
    }
    Err(Failure::Other(format!(
        "{} of {count} files in {} are not what running it again gives: {}",
        differing.len(),
        folder.display(),
        differing.join(", ")
    )))
}

/// The files that are not the same in both folders.
fn differing(manifest: &Manifest, there: &Path, again: &Path) -> Result<Vec<String>, Failure> {
    let fresh = Stored::open(again, Trust::Verified)?;
    let old = Stored::open(there, Trust::Unverified)?;
    let names = manifest.files.keys().map(String::as_str);
    let mut differing = Vec::new();
    for name in names.chain(["manifest.json"]) {
        // A name that leads elsewhere is no name of a result file, and not read.
        let own = name == "manifest.json" || fresh.manifest.files.contains_key(name);
        if !own || old.bytes(name)? != fresh.bytes(name)? {
            differing.push(name.to_owned());
        }
    }
    Ok(differing)
}

fn stopped() -> Failure {
    Failure::Interrupted("interrupted: nothing was compared".to_owned())
}

fn run_again(stored: &Stored, again: &Path, jobs: usize) -> Result<(), Failure> {
    let manifest = &stored.manifest;
    let Some(file) = &manifest.scenario else {
        return Err(without("scenario", stored));
    };
    let scenario = stored.scenario(file)?;
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut tally = Tally::new(Arc::clone(&columns));
    let kept = manifest.rows.clone();
    let mut folder = RunFolder::create(again, false, &columns, manifest.seed, kept)?;
    let (seed, first, count) = (
        manifest.seed,
        manifest.first_replication,
        manifest.progress.done,
    );
    let bar = Bar::of_replications(count);
    let engine = Engine::default();
    let maker = folder.maker();
    // A single replication is told by the clock: the same flight, with more written down.
    let work = |replication: Replication| {
        let summary = columns.measure(&engine.simulate(&scenario, replication, Detail::Measures));
        let row = (maker.as_ref()).map(|maker| maker.row(replication.index, &summary));
        (summary, row)
    };
    let range = first..first + count;
    let flown = replicate(
        seed,
        range,
        jobs,
        work,
        |index, (summary, row): (Summary, _)| {
            if interrupted() {
                return Err(stopped());
            }
            bar.inc(1);
            tally.add(index, &summary);
            Ok(row.map_or(Ok(()), |row| folder.add(row))?)
        },
    );
    bar.finish();
    let name = format!("--from {}", quoted(&stored.folder().display().to_string()));
    flown.map_err(|error| Failure::of_replications(error, &name))?;
    let conditions = Conditions {
        scenario: &scenario,
        seed,
        first_replication: first,
        progress: manifest.progress,
        confidence: manifest.confidence,
    };
    folder.finish(&conditions, &tally, &())?;
    Ok(())
}

fn sweep_again(stored: &Stored, again: &Path, jobs: usize) -> Result<(), Failure> {
    let manifest = &stored.manifest;
    let (_, record) = match SweepFolder::open(stored.folder(), Trust::Verified) {
        Err(OutputError::NotASweep { .. }) => return Err(without("plan.json", stored)),
        found => found?,
    };
    if manifest.progress.ended == Ended::Partial {
        return Err(Failure::bad_input(format!(
            "{} was merged while shards were missing: merge it whole first",
            stored.folder().display()
        )));
    }
    let plan = Plan::from_record(record)?;
    let folder = SweepFolder::create(again, false, &plan.record)?;
    let header = JournalHeader {
        plan_sha256: plan.record.identity(),
        first: 0,
        cells: vec![Shape::of(&plan.columns); plan.record.cells.len()],
    };
    let mut journal = Journal::create(&folder.journal(), &header)?;
    let mut accounts = Accounts::new(&plan);
    let count = manifest.progress.done;
    let bar = Bar::of_replications(count);
    let engine = Engine::default();
    let seed = plan.record.seed;
    run_blocks(
        plan.record.cells.len(),
        0..count,
        jobs,
        interrupted,
        |cell, index| {
            let replication = Replication { seed, index };
            let log = engine.simulate(&plan.scenarios[cell], replication, Detail::Measures);
            plan.columns.measure(&log)
        },
        |block| -> Result<_, Failure> {
            bar.inc(1);
            journal.append(&block)?;
            accounts.add(&block);
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    bar.finish();
    if accounts.blocks() < count {
        return Err(stopped());
    }
    journal.sync()?;
    drop(journal);
    // Shards keep Parquet rows of their own, and sums alone have none.
    let rows = (manifest.files.keys()).any(|name| name.starts_with("replications."));
    let blocks = match rows {
        false => None,
        true => Some(JournalReader::open(&folder.journal())?),
    };
    let progress = manifest.progress;
    write_results(folder.path(), &plan, &accounts, blocks, progress, &())?;
    Ok(())
}

fn tune_again(stored: &Stored, again: &Path, jobs: usize) -> Result<(), Failure> {
    let manifest = &stored.manifest;
    let Some(about) = &manifest.tuning else {
        return Err(without("study", stored));
    };
    if matches!(about.study.study.budget, BudgetFile::Minutes(_)) {
        return Err(Failure::bad_input(format!(
            "{} was given minutes, not replications: how far it came depends on the machine",
            stored.folder().display()
        )));
    }
    let study = Study::from_record(&about.study)?;
    let mut tuning = Tuning::new(study.course.clone());
    let bar = super::tune::progress(&study);
    std::fs::create_dir_all(again)
        .map_err(|error| Failure::other(error, "cannot make a temporary folder"))?;
    loop {
        let tasks = tuning.ask(|point| study.admissible(point));
        if tasks.is_empty() {
            break;
        }
        let results = match super::tune::fly(&study, &tuning, &tasks, jobs, &bar, again) {
            Err(Failure::Interrupted(_)) => return Err(stopped()),
            flown => flown?,
        };
        tuning.tell(results);
    }
    bar.finish();
    write_tuning(again, &study, &tuning, manifest.progress, &())?;
    Ok(())
}

fn without(what: &str, stored: &Stored) -> Failure {
    Failure::bad_input(format!(
        "{} has no {what}: what made it cannot be run again",
        stored.folder().display()
    ))
}
