//! `deconflict run`: fly a scenario, print what happened, write it down.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use deconflict::experiment::estimate::Estimator;
use deconflict::experiment::replicate::{ReplicateError, replicate};
use deconflict::measure::{Columns, Summary};
use deconflict::output::{
    Conditions, EventFormat, OutputError, RunFolder, confusion_tables, estimate_table, headline,
    readable, single_table, timeline, write_events_file,
};
use deconflict::record::{Detail, EventLog, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Failure, print};

/// Arguments of `deconflict run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict run scenarios/nov-2019-baseline.toml
  deconflict run scenarios/nov-2019-baseline.toml --replications 1 --events results/night.csv
      fly once, tell the story, write every event
  deconflict run scenarios/nov-2019-baseline.toml --replication 17 --events results/17.jsonl
      repeat replication 17 of the same seed alone
  deconflict run scenarios/nov-2019-baseline.toml --set rules.weapons_control.status=hold --out results/hold
      change one value, keep everything in results/hold")]
pub struct RunArguments {
    /// Scenario file (TOML).
    scenario: PathBuf,
    /// Replications to fly; without it as many as the scenario says.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    replications: Option<u64>,
    /// Fly this one replication alone, counted from 0.
    #[arg(long, value_name = "R", conflicts_with = "replications", value_parser = clap::value_parser!(u64).range(0..1_000_000_000))]
    replication: Option<u64>,
    /// Seed of all luck; the same seed gives the same bytes.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    /// Set a value of the scenario by its path; may be repeated. Example: --set flights.us-recon.count=2
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Threads; without it one a processor. Results do not depend on it.
    #[arg(short, long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
    /// Write replications.csv, summary.csv, confusion.csv, manifest.json and run.json into a new folder.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write every event of the one replication flown, as .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Replace DIR and FILE if they are there.
    #[arg(long)]
    force: bool,
    /// Confidence of the intervals.
    #[arg(long, value_name = "C", default_value_t = 0.95, value_parser = confidence)]
    confidence: f64,
}

fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.5..1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.5 to below 1, such as 0.95".to_owned()),
    }
}

/// Lines of the time line.
const TIMELINE_LINES: usize = 60;

/// What run.json says.
#[derive(Serialize)]
struct RunNote {
    command_line: Vec<String>,
    version: &'static str,
    host: Option<String>,
    system: String,
    jobs: usize,
    started_utc: String,
    finished_utc: String,
    elapsed_s: f64,
    replications_per_s: f64,
}

/// Runs the command.
pub fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let started = (Instant::now(), jiff::Timestamp::now());
    let scenario = Scenario::load(&arguments.scenario, &arguments.overrides)?;
    let (first, count) = match arguments.replication {
        Some(replication) => (replication, 1),
        None => (0, arguments.replications.unwrap_or(scenario.replications)),
    };
    if let Some(path) = &arguments.events {
        refuse_events(path, count, arguments.force)?;
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
    let mut log = None;
    // A handler that cannot be set leaves Ctrl-C to the system: the run ends, and its hidden folder stays behind.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    let mut keep = |index: u64, summary: &Summary| -> Result<(), Stop> {
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        estimator.add(index, summary);
        match &mut folder {
            Some(folder) => Ok(folder.add(arguments.seed, index, summary)?),
            None => Ok(()),
        }
    };
    if count == 1 {
        let detail = match arguments.events {
            Some(_) => Detail::Full,
            None => Detail::Decisive,
        };
        let work = |replication: Replication| {
            let log = simulate(&scenario, replication, detail);
            (columns.measure(&log), log)
        };
        replicate(
            arguments.seed,
            first..first + 1,
            1,
            work,
            |index, (summary, flown)| {
                log = Some(flown);
                keep(index, &summary)
            },
        )?;
    } else {
        let progress = progress(count);
        let work = |replication: Replication| {
            columns.measure(&simulate(&scenario, replication, Detail::Measures))
        };
        replicate(arguments.seed, 0..count, jobs, work, |index, summary| {
            progress.inc(1);
            keep(index, &summary)
        })?;
        progress.finish_and_clear();
    }
    let elapsed_s = started.0.elapsed().as_secs_f64();

    if let (Some(path), Some(log)) = (&arguments.events, &log) {
        write_events_file(path, arguments.force, scenario.start, log)?;
    }
    if let Some(folder) = folder {
        let conditions = Conditions {
            scenario: &scenario,
            seed: arguments.seed,
            first_replication: first,
            replications: count,
            confidence: arguments.confidence,
        };
        let note = RunNote {
            command_line: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            version: env!("CARGO_PKG_VERSION"),
            host: host(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            jobs,
            started_utc: started.1.to_string(),
            finished_utc: jiff::Timestamp::now().to_string(),
            elapsed_s,
            replications_per_s: count as f64 / elapsed_s,
        };
        folder.finish(&conditions, &estimator, &note)?;
    }
    if count > 1 {
        anstream::eprintln!(
            "{count} replications in {} s with {jobs} threads: {} a second",
            readable(elapsed_s),
            readable(count as f64 / elapsed_s)
        );
    }
    print(&report(arguments, &scenario, &estimator, log.as_ref()))
}

/// What goes to standard output.
fn report(
    arguments: &RunArguments,
    scenario: &Scenario,
    estimator: &Estimator,
    log: Option<&EventLog>,
) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let n = estimator.n();
    let seed = arguments.seed;
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
    for hint in hints(arguments, log.is_some()) {
        line(&hint);
    }
    text
}

/// What one might want next.
fn hints(arguments: &RunArguments, single: bool) -> Vec<String> {
    let scenario = arguments.scenario.display();
    let mut hints = Vec::new();
    match &arguments.out {
        Some(path) => hints.push(format!("Written to {}.", path.display())),
        None if single => hints.push(format!(
            "Next: deconflict run {scenario} --replications 1000   (how often does this happen?)"
        )),
        None => hints.push(format!(
            "Next: deconflict run {scenario} --out results/NAME   (every replication and estimate as CSV)"
        )),
    }
    match &arguments.events {
        Some(path) => hints.push(format!("Events written to {}.", path.display())),
        None if single => {}
        None => hints.push(format!(
            "      deconflict run {scenario} --replication 0       (one run, told by the clock)"
        )),
    }
    hints
}

/// Event files need one replication, a known extension, and a free name: said before anything is flown.
fn refuse_events(path: &Path, count: u64, force: bool) -> Result<(), Failure> {
    EventFormat::of(path)?;
    if count != 1 {
        return Err(Failure::bad_input(format!(
            "--events writes one replication, not {count}: add --replications 1, or --replication R for the R-th"
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
fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} replications, {per_sec}, {eta} left")
            .expect("the template is constant");
    ProgressBar::new(count).with_style(style)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn host() -> Option<String> {
    std::env::var("HOSTNAME")
        .ok()
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

/// Set by Ctrl-C: the run stops after the replications under way, and what it had begun to write is removed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Why a run stops before its end.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("interrupted: nothing was written")]
    Interrupted,
}

impl From<ReplicateError<Stop>> for Failure {
    fn from(error: ReplicateError<Stop>) -> Self {
        match error {
            ReplicateError::Sink(Stop::Output(error)) => error.into(),
            ReplicateError::Sink(stop) => Failure::Interrupted(stop.to_string()),
            other => Failure::Other(format!("error: {other}")),
        }
    }
}
