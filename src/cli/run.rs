//! `deconflict run`: fly a scenario, print what happened, write it down.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use deconflict::experiment::replicate::replicate;
use deconflict::measure::{Columns, Summary};
use deconflict::output::{
    Conditions, Ended, EventFormat, OutputError, Placed, Progress, Replay, ReplayFormat, RunFolder,
    StoredRun, Trust, confusion_tables, estimate_table, headline, readable, single_table, timeline,
    write_events_file, write_replay_file,
};
use deconflict::record::{Detail, EventLog, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate, trajectories};
use deconflict::statistics::estimate::Estimator;
use deconflict::units::Millis;
use indicatif::{ProgressBar, ProgressStyle};

use super::check::recording_lines;
use super::host::{
    RunNote, Started, go_on, perhaps_short, processors, told_short, watch_no_longer,
};
use super::subject::quoted;
use super::subject::{Subject, SubjectArguments};
use super::{Failure, print, tell};

/// Arguments of `deconflict run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict run scenarios/nov-2019-baseline.toml
  deconflict run scenarios/nov-2019-baseline.toml --replications 1 --events results/night.csv
      fly once, tell the story, write every event
  deconflict run scenarios/nov-2019-baseline.toml --replication 17 --events results/17.jsonl
      repeat replication 17 of the same seed alone
  deconflict run scenarios/nov-2019-baseline.toml --replication 17 --acmi 17.acmi --kml 17.kml --geojson 17.geojson
      the same to look at: Tacview, virtual globes, maps
  deconflict run --from results/agreement --cell everybody --replication 17 --events results/17.csv
      repeat one row of a sweep, with every event
  deconflict run scenarios/nov-2019-baseline.toml --set rules.weapons_control.status=hold --out results/hold
      change one value, keep everything in results/hold")]
#[command(mut_arg("from", |from| from.requires("replication").conflicts_with("overrides")))]
pub struct RunArguments {
    #[command(flatten)]
    about: SubjectArguments,
    /// Replications to fly; without it as many as the scenario says.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    replications: Option<u64>,
    /// Fly this one replication alone, counted from 0.
    #[arg(long, value_name = "R", conflicts_with = "replications", value_parser = clap::value_parser!(u64).range(0..1_000_000_000))]
    replication: Option<u64>,
    /// Threads; without it one a processor. Results do not depend on it.
    #[arg(short, long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
    /// Write replications.csv, summary.csv, confusion.csv, grid.csv, times.csv, manifest.json and run.json into a new folder.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write every event of the one replication flown, as .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Write the one replication flown as a Tacview recording, .acmi.
    #[arg(long, value_name = "FILE")]
    acmi: Option<PathBuf>,
    /// Write the one replication flown for virtual globes, .kml.
    #[arg(long, value_name = "FILE")]
    kml: Option<PathBuf>,
    /// Write the one replication flown for maps, .geojson.
    #[arg(long, value_name = "FILE")]
    geojson: Option<PathBuf>,
    /// Seconds between two positions in these three; changes of leg are always there.
    #[arg(long = "step", value_name = "S", default_value_t = 10.0, value_parser = step)]
    step_s: f64,
    /// Tell in these three all that SITE held each aircraft for; without it the last identity at every site.
    #[arg(long, value_name = "SITE")]
    seen_by: Option<String>,
    /// Replace DIR and FILE if they are there.
    #[arg(long)]
    force: bool,
    /// Confidence of the intervals.
    #[arg(long, value_name = "C", default_value_t = 0.95, value_parser = confidence)]
    confidence: f64,
}

pub(super) fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.5..1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.5 to below 1, such as 0.95".to_owned()),
    }
}

fn step(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.1..=3600.0).contains(&value) => Ok(value),
        _ => Err("expected seconds from 0.1 to 3600, such as 10".to_owned()),
    }
}

impl RunArguments {
    /// The files for other people's viewers that were asked for.
    fn replays(&self) -> impl Iterator<Item = (&'static str, ReplayFormat, &Path)> {
        [
            ("--acmi", ReplayFormat::Acmi, &self.acmi),
            ("--kml", ReplayFormat::Kml, &self.kml),
            ("--geojson", ReplayFormat::GeoJson, &self.geojson),
        ]
        .into_iter()
        .filter_map(|(option, format, path)| Some((option, format, path.as_deref()?)))
    }
}

/// Lines of the time line.
const TIMELINE_LINES: usize = 60;

/// Runs the command.
pub fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let started = Started::now();
    let subject = arguments.about.subject()?;
    let (scenario, seed) = (subject.scenario()?, subject.seed);
    let (first, count) = match arguments.replication {
        Some(replication) => (replication, 1),
        None => (0, arguments.replications.unwrap_or(scenario.replications)),
    };
    if let Some(path) = &arguments.events {
        EventFormat::of(path)?;
        refuse_single("--events", path, count, arguments.force)?;
    }
    for (option, format, path) in arguments.replays() {
        format.accepts(path)?;
        refuse_single(option, path, count, arguments.force)?;
    }
    if arguments.seen_by.is_some() && arguments.replays().next().is_none() {
        return Err(Failure::bad_input(
            "--seen-by is for --acmi, --kml and --geojson: add one of them".to_owned(),
        ));
    }
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut folder = match &arguments.out {
        Some(path) => Some(RunFolder::create(path, arguments.force, &columns)?),
        None => None,
    };
    let jobs = arguments
        .jobs
        .map_or_else(processors, usize::from)
        .min(usize::try_from(count).unwrap_or(usize::MAX));

    let mut estimator = Estimator::new(columns.clone());
    let mut first_wrong = None;
    let mut log = None;
    let mut row = None;
    let (mut ended, mut failed) = (Ended::Finished, None);
    let mut keep = |index: u64, summary: &Summary| -> Result<(), Failure> {
        estimator.add(index, summary);
        if !summary.wrong_shots_at.is_empty() {
            first_wrong.get_or_insert(index);
        }
        match &mut folder {
            Some(folder) => Ok(folder.add(seed, index, summary)?),
            None => Ok(()),
        }
    };
    if count == 1 {
        watch_no_longer()?;
        let detail = match arguments.events {
            Some(_) => Detail::Full,
            None => Detail::Decisive,
        };
        let work = |replication: Replication| {
            let log = simulate(&scenario, replication, detail);
            (columns.measure(&log), log)
        };
        replicate(
            seed,
            first..first + 1,
            1,
            work,
            |index, (summary, flown)| {
                log = Some(flown);
                keep(index, &summary)?;
                row = Some(summary);
                Ok(())
            },
        )
        .map_err(|error| Failure::of_replications(error, &subject.name))?;
    } else {
        let progress = progress(count);
        let engine = Engine::default();
        let work = |replication: Replication| {
            columns.measure(&engine.simulate(&scenario, replication, Detail::Measures))
        };
        let flown = replicate(seed, 0..count, jobs, work, |index, summary| {
            progress.inc(1);
            keep(index, &summary)?;
            go_on(index + 1)
        });
        progress.finish_and_clear();
        (ended, failed) = perhaps_short(flown, &subject.name)?;
    }
    let flown = estimator.n();
    if flown == 0 {
        return Err(failed.unwrap_or_else(|| Failure::Interrupted("interrupted".to_owned())));
    }
    let progress = Progress {
        asked: count,
        done: flown,
        ended,
    };
    let elapsed_s = started.elapsed_s();

    if let (Some(path), Some(log)) = (&arguments.events, &log) {
        write_events_file(path, arguments.force, (scenario.start, scenario.frame), log)?;
    }
    if let Some(log) = &log {
        write_replays(arguments, &scenario, log)?;
    }
    let mut placed = None;
    if let Some(folder) = folder {
        let conditions = Conditions {
            scenario: &scenario,
            seed,
            first_replication: first,
            progress,
            confidence: arguments.confidence,
        };
        let note = RunNote::new(&started, jobs, flown, progress);
        placed = Some(folder.finish(&conditions, &estimator, &note)?);
    }
    if count > 1 {
        tell(&format!(
            "{flown} replications in {} s with {jobs} threads: {} a second",
            readable(elapsed_s),
            readable(flown as f64 / elapsed_s)
        ));
    }
    if let (Some(from), Some(row)) = (&arguments.about.from, &row) {
        same_as_stored(from, arguments.about.cell.as_deref(), first, row)?;
    }
    for recording in scenario.recordings.iter().map(recording_lines) {
        tell(recording.trim_start_matches('\n'));
    }
    print(&report(
        arguments,
        &subject,
        &scenario,
        &estimator,
        log.as_ref(),
        first_wrong,
        placed.as_ref().map(|placed| placed.place.as_path()),
    ))?;
    match placed {
        Some(Placed {
            place,
            refused: Some(error),
        }) => Err(Failure::Other(format!(
            "{}\nWhat was flown is kept in {}.",
            Failure::from(error),
            place.display()
        ))),
        placed if flown < count => {
            let place = placed.map(|placed| placed.place);
            Err(told_short(flown, count, place.as_deref(), failed))
        }
        _ => Ok(()),
    }
}

/// Says whether a repeated replication is what the results have; it is a fault if not.
fn same_as_stored(
    from: &Path,
    cell: Option<&str>,
    index: u64,
    row: &Summary,
) -> Result<(), Failure> {
    // A sweep under way has no results yet.
    if !from.join("manifest.json").exists() {
        return Ok(());
    }
    // A changed row is what this finds: no checksum is needed.
    let stored = StoredRun::open(from, cell, Trust::Unverified)?;
    for there in stored.rows()? {
        let (replication, summary) = there?;
        if replication != index {
            continue;
        }
        let columns = stored.columns.columns().iter();
        let unlike: Vec<String> = columns
            .zip(summary.values.iter().zip(&row.values))
            .filter(|(_, (there, here))| there != here)
            .map(|(column, (there, here))| format!("{} is {there} there, {here} here", column.name))
            .collect();
        if unlike.is_empty() {
            tell(&format!(
                "The same in every column as its row in {}.",
                from.join("replications.csv").display()
            ));
            return Ok(());
        }
        return Err(Failure::Other(format!(
            "error: not the row of {}: {}",
            from.join("replications.csv").display(),
            unlike.join("; ")
        )));
    }
    tell(&format!(
        "It has no row in {} to be held against.",
        from.join("replications.csv").display()
    ));
    Ok(())
}

/// What goes to standard output.
fn report(
    arguments: &RunArguments,
    subject: &Subject,
    scenario: &Scenario,
    estimator: &Estimator,
    log: Option<&EventLog>,
    first_wrong: Option<u64>,
    placed: Option<&Path>,
) -> String {
    let (name, seed) = (subject.name.as_str(), subject.seed);
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let n = estimator.n();
    line(&scenario.file.title);
    match log {
        Some(log) => line(&format!(
            "seed {seed}, replication {}, {} h from {}",
            log.replication.index,
            readable(scenario.duration.hours()),
            scenario.start
        )),
        None => line(&format!(
            "seed {seed}, {n} replications of {} h from {}",
            readable(scenario.duration.hours()),
            scenario.start
        )),
    }
    line("");
    if let Some(log) = log {
        let (lines, omitted) = timeline(scenario, log, TIMELINE_LINES);
        for words in &lines {
            line(words);
        }
        if lines.is_empty() {
            line("Nothing happened.");
        }
        if omitted > 0 {
            line(&format!(
                "({omitted} lesser events are not shown; --events FILE.csv writes all)"
            ));
        }
        line("");
    }
    let cells = estimator.cells(arguments.confidence);
    line(headline(&cells, n).trim_end());
    line("");
    if log.is_some() {
        line(&single_table(&cells));
    } else {
        line(&estimate_table(&cells));
    }
    let confusion = confusion_tables(estimator);
    if !confusion.is_empty() {
        line("\nSingle declarations, share by true row:");
        line(confusion.trim_end());
    }
    line("");
    if log.is_none() {
        line(
            "Intervals take the replication as the unit: what one replication holds shares its luck.",
        );
    }
    line(
        "Absolute rates are uncalibrated: no public count of sorties exists. Only comparisons between rule sets mean something.",
    );
    line("");
    for hint in hints(arguments, name, log.is_some(), first_wrong, placed) {
        line(&hint);
    }
    text
}

/// What one might want next; `same` names the same world and luck, `first_wrong` is the first replication with a wrong shot.
fn hints(
    arguments: &RunArguments,
    same: &str,
    single: bool,
    first_wrong: Option<u64>,
    placed: Option<&Path>,
) -> Vec<String> {
    let mut hints = Vec::new();
    match placed {
        Some(path) => {
            hints.push(format!("Written to {}.", path.display()));
            let path = quoted(&path.display().to_string());
            hints.push(format!(
                "Next: deconflict report {path}   (the results as one page, with figures)"
            ));
        }
        None if arguments.about.from.is_some() => {}
        None if single => {
            hints.push(format!(
                "Next: deconflict run {same} --replications 1000   (how often does this happen?)"
            ));
            let replication = arguments.replication.unwrap_or(0);
            hints.push(format!(
                "      deconflict replay {same} --replication {replication} --out replay.html   (the same on a map)"
            ));
            if first_wrong.is_some() {
                hints.push(format!(
                    "      deconflict explain {same} --replication {replication}   (the wrong shot: why, and what would have prevented it)"
                ));
            }
        }
        None => hints.push(format!(
            "Next: deconflict run {same} --out results/NAME   (every replication and estimate as CSV)"
        )),
    }
    match &arguments.events {
        Some(path) => hints.push(format!("Events written to {}.", path.display())),
        None if arguments.about.from.is_some() => {
            hints.push("Next: the same with --events FILE.csv   (every event of it)".to_owned())
        }
        None if single => {}
        None => {
            let replication = first_wrong.unwrap_or(0);
            hints.push(format!(
                "      deconflict run {same} --replication {replication}   (one run, told by the clock)"
            ));
            if first_wrong.is_some() {
                hints.push(format!(
                    "      deconflict explain {same} --replication {replication}   (a wrong shot: why, and what would have prevented it)"
                ));
            }
        }
    }
    for (_, format, path) in arguments.replays() {
        let viewer = match format {
            ReplayFormat::Acmi => "Tacview opens it",
            ReplayFormat::Kml => "virtual globes open it",
            ReplayFormat::GeoJson => "maps open it",
        };
        hints.push(format!("Written to {}: {viewer}.", path.display()));
    }
    hints
}

/// Writes the files for other people's viewers.
fn write_replays(
    arguments: &RunArguments,
    scenario: &Scenario,
    log: &EventLog,
) -> Result<(), Failure> {
    if arguments.replays().next().is_none() {
        return Ok(());
    }
    let seen_by = arguments.seen_by.as_deref();
    if let Some(site) = seen_by
        && log.sites.iter().all(|record| record.name != site)
    {
        let names: Vec<&str> = log
            .sites
            .iter()
            .map(|record| record.name.as_str())
            .collect();
        return Err(Failure::bad_input(format!(
            "--seen-by {site}: there is no such site in this replication; expected one of {}",
            names.join(" ")
        )));
    }
    let flown = trajectories(scenario, log.replication);
    let step = Millis::from_seconds(arguments.step_s);
    let replay = Replay::new(scenario, log, &flown, step, seen_by);
    for (_, format, path) in arguments.replays() {
        write_replay_file(path, arguments.force, format, &replay)?;
    }
    Ok(())
}

/// Files of a single replication need one replication and a free name: said before anything is flown.
fn refuse_single(option: &str, path: &Path, count: u64, force: bool) -> Result<(), Failure> {
    if count != 1 {
        return Err(Failure::bad_input(format!(
            "{option} writes one replication, not {count}: add --replications 1, or --replication R for the R-th"
        )));
    }
    if path.symlink_metadata().is_ok() && !force {
        return Err(OutputError::Exists {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(())
}

/// A bar on standard error; nothing where that is not a terminal.
pub(super) fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} replications, {per_sec}, {eta} left")
            .expect("the template is constant");
    ProgressBar::new(count).with_style(style)
}
