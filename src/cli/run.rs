//! `deconflict run`: run a scenario, print what happened, write it down.

use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use deconflict::experiment::replicate::{ReplicateError, guarded, replicate};
use deconflict::experiment::rows::holds;
use deconflict::experiment::sweep::{Pace, SweepError, run_batches};
use deconflict::experiment::tally::Tally;
use deconflict::experiment::worlds::file::Worlds;
use deconflict::measure::{Columns, Summary};
use deconflict::output::{
    Conditions, Ended, EventFormat, Placed, Progress, Replay, ReplayFormat, RowMaker, RunFolder,
    RunRows, StoredRun, Trust, confusion_tables, estimate_table, headline, overview, readable,
    single_table, timeline, write_events_file, write_replay_file,
};
use deconflict::record::{Detail, EventLog, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate, trajectories};
use deconflict::statistics::estimate::{Cell, Estimator};
use deconflict::statistics::fold::BATCH;
use deconflict::units::Millis;
use serde_json::{Value as Json, json};

use super::check::recording_lines;
use super::host::{RunNote, Started, go_on, perhaps_short, told_short, watch_no_longer};
use super::json::{measures, print_json};
use super::options::{AsJson, Count, InWorlds, Jobs, Kept, Level, Out, Shown, refuse_taken};
use super::progress::Bar;
use super::subject::{Subject, SubjectArguments, folder_and_cell, quoted};
use super::{Failure, did_you_mean, is_quiet, print, tell, terminal_width, width};

/// What is written.
const WRITTEN: &str = "Write replications.csv, summary.csv, confusion.csv, grid.csv, times.csv, manifest.json and run.json \
into a new folder";

/// Arguments of `deconflict run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict run scenarios/nov-2019-baseline.toml
  deconflict run scenarios/nov-2019-baseline.toml --replications 1 --events results/night.csv
      fly once, tell the story, write every event
  deconflict run scenarios/nov-2019-baseline.toml -m 'wrong_shot*' -m leaked
      these measures, as a table; --all for every one
  deconflict run scenarios/nov-2019-baseline.toml --replication 17 --events results/17.jsonl
      repeat replication 17 of the same seed alone
  deconflict run scenarios/nov-2019-baseline.toml --replication 17 --acmi 17.acmi --kml 17.kml --geojson 17.geojson
      the same to look at: Tacview, virtual globes, maps
  deconflict run --from results/agreement:everybody --replication 17 --events results/17.csv
      repeat one row of a sweep, with every event
  deconflict run scenarios/nov-2019-baseline.toml --set rules.weapons_control.status=hold --out results/hold
      change one value, keep everything in results/hold")]
#[command(mut_arg("from", |from| from.requires("replication").conflicts_with("overrides")))]
#[command(mut_arg("out", |out| out.value_name("DIR").help(WRITTEN)))]
pub struct RunArguments {
    #[command(flatten)]
    about: SubjectArguments,
    #[command(flatten)]
    count: Count,
    /// Run this one replication alone, counted from 0.
    #[arg(long, value_name = "R", conflicts_with = "replications", value_parser = clap::value_parser!(u64).range(0..1_000_000_000))]
    replication: Option<u64>,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    out: Out,
    /// Write every event of the one replication run, as .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Write the one replication flown as a Tacview recording, .acmi.
    #[arg(long, value_name = "FILE")]
    acmi: Option<PathBuf>,
    /// Write the one replication run for virtual globes, .kml.
    #[arg(long, value_name = "FILE")]
    kml: Option<PathBuf>,
    /// Write the one replication run for maps, .geojson.
    #[arg(long, value_name = "FILE")]
    geojson: Option<PathBuf>,
    /// Seconds between two positions in these three; changes of leg are always there.
    #[arg(long = "step", value_name = "S", default_value_t = 10.0, value_parser = step)]
    step_s: f64,
    /// Tell in these three all that SITE held each aircraft for; without it the last identity at every site.
    #[arg(long, value_name = "SITE")]
    seen_by: Option<String>,
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    level: Level,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    other: InWorlds,
    #[command(flatten)]
    form: AsJson,
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
        None => (
            0,
            arguments
                .count
                .replications
                .unwrap_or(scenario.replications),
        ),
    };
    if let Some(path) = &arguments.events {
        EventFormat::of(path)?;
        refuse_single("--events", path, count, arguments.out.force)?;
    }
    for (option, format, path) in arguments.replays() {
        format.accepts(path)?;
        refuse_single(option, path, count, arguments.out.force)?;
    }
    if arguments.seen_by.is_some() && arguments.replays().next().is_none() {
        return Err(Failure::bad_input(
            "--seen-by is for --acmi, --kml and --geojson: add one of them".to_owned(),
        ));
    }
    if arguments.other.worlds.is_some() && count == 1 {
        return Err(Failure::bad_input(
            "--worlds asks how often something happens in other worlds: it needs more than one replication",
        ));
    }
    let columns = Arc::new(Columns::new(&scenario.cast));
    select(&named(&columns), &arguments.shown.measures)?;
    if arguments.kept.is_said() && arguments.out.out.is_none() {
        return Err(Failure::bad_input(
            "--rows and --columns are for what --out DIR writes: add it",
        ));
    }
    let kept = arguments.kept.checked(&columns)?;
    let robustness_set = match &arguments.other.worlds {
        Some(path) => Worlds::load(path)?.lay_over(&scenario, &subject.name)?,
        None => Vec::new(),
    };
    let mut folder = match &arguments.out.out {
        Some(path) => {
            let force = arguments.out.force;
            Some(RunFolder::create(path, force, &columns, seed, kept)?)
        }
        None => None,
    };
    let jobs = arguments
        .jobs
        .count()
        .min(usize::try_from(count).unwrap_or(usize::MAX));

    let mut tally = Tally::new(columns.clone());
    let mut log = None;
    let mut row = None;
    let (mut ended, mut failed) = (Ended::Finished, None);
    let mut elsewhere = Vec::new();
    let maker = folder.as_ref().and_then(RunFolder::maker);
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
                tally.add(index, &summary);
                if let (Some(folder), Some(maker)) = (&mut folder, &maker) {
                    folder.add(maker.row(index, &summary))?;
                }
                row = Some(summary);
                Ok(())
            },
        )
        .map_err(|error| Failure::of_replications(error, &subject.name))?;
    } else {
        let bar = Bar::of_replications(count * (1 + robustness_set.len() as u64));
        let many = Many {
            scenario: &scenario,
            columns: &columns,
            maker: maker.as_ref(),
            seed,
            count,
            jobs,
            engine: Engine::default(),
        };
        let flown = many.fly(&mut tally, |flown, rows| {
            bar.inc(flown);
            match (&mut folder, rows) {
                (Some(folder), Some(rows)) => Ok(folder.add(rows)?),
                _ => Ok(()),
            }
        });
        (ended, failed) = perhaps_short(flown, &subject.name)?;
        if ended == Ended::Finished {
            for scenario in &robustness_set {
                let cells = in_world(arguments, scenario, (seed, count, jobs), &bar)?;
                elsewhere.push(cells);
            }
        }
        bar.finish();
    }
    let flown = tally.n();
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
        write_events_file(
            path,
            arguments.out.force,
            (scenario.start, scenario.frame),
            log,
        )?;
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
            confidence: arguments.level.confidence,
        };
        let note = RunNote::new(&started, jobs, flown, progress);
        placed = Some(folder.finish(&conditions, &tally, &note)?);
    }
    if count > 1 {
        tell(&format!(
            "{flown} replications in {} s with {jobs} threads: {} a second",
            readable(elapsed_s),
            readable(flown as f64 / elapsed_s)
        ));
    }
    if let (Some(from), Some(row)) = (&arguments.about.from, &row) {
        let (from, cell) = folder_and_cell(from);
        let cell = arguments.about.cell.clone().or(cell);
        same_as_stored(&from, cell.as_deref(), first, row)?;
    }
    for recording in scenario.recordings.iter().map(recording_lines) {
        tell(recording.trim_start_matches('\n'));
    }
    let flight = Flight {
        subject: &subject,
        scenario: &scenario,
        estimator: tally.estimator(),
        elsewhere: &elsewhere,
        log: log.as_ref(),
        first_wrong: tally.squares().first(),
        placed: placed.as_ref().map(|placed| placed.place.as_path()),
    };
    match arguments.form.json {
        true => print_json(&flight.json(arguments, first)?)?,
        false => print(&flight.report(arguments)?)?,
    }
    match placed {
        Some(Placed {
            place,
            refused: Some(error),
        }) => Err(Failure::Other(format!(
            "{}\nWhat was run is kept in {}.",
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

/// Many replications of a scenario: one by one where they take their time, by whole batches where they are quick (as in a sweep, see
/// `super::flight`). Which it is changes no byte.
struct Many<'a> {
    scenario: &'a Scenario,
    columns: &'a Arc<Columns>,
    maker: Option<&'a RowMaker>,
    seed: u64,
    count: u64,
    jobs: usize,
    engine: Engine,
}

/// Replications that follow one another, added up by the thread that ran them.
struct Run {
    tally: Tally,
    rows: Option<RunRows>,
    /// The first that failed, where it ended, and what it said.
    failed: Option<(u64, String)>,
}

impl Many<'_> {
    /// Adds all of them to what is there; `keep` gets how many more there are, and their rows.
    fn fly(
        &self,
        tally: &mut Tally,
        mut keep: impl FnMut(u64, Option<RunRows>) -> Result<(), Failure>,
    ) -> Result<(), ReplicateError<Failure>> {
        let Many { count, jobs, .. } = *self;
        let mut pace = Pace::default();
        while tally.n() < count {
            let first = tally.n();
            if let Some(level) = pace.level(first..count, jobs) {
                self.by_batches(first..count / BATCH * BATCH, level, tally, &mut keep)?;
                continue;
            }
            let begun = Instant::now();
            let work = |replication: Replication| {
                let summary = self.measure(replication);
                let row = (self.maker).map(|maker| maker.row(replication.index, &summary));
                (summary, row)
            };
            let flown = replicate(
                self.seed,
                first..count,
                jobs,
                work,
                |index, (summary, row)| {
                    tally.add(index, &summary);
                    keep(1, row).map_err(Some)?;
                    let next = index + 1;
                    go_on(next).map_err(Some)?;
                    // Once a batch: whether threads had better take whole ones.
                    if next.is_multiple_of(BATCH) {
                        pace.learn((next - first) as u32, jobs, begun.elapsed());
                        if pace.level(next..count, jobs).is_some() {
                            return Err(None);
                        }
                    }
                    Ok(())
                },
            );
            match flown {
                Ok(()) | Err(ReplicateError::Sink(None)) => {}
                Err(ReplicateError::Sink(Some(error))) => return Err(ReplicateError::Sink(error)),
                Err(ReplicateError::Threads { jobs, source }) => {
                    return Err(ReplicateError::Threads { jobs, source });
                }
                Err(ReplicateError::Panicked {
                    replication,
                    message,
                }) => {
                    return Err(ReplicateError::Panicked {
                        replication,
                        message,
                    });
                }
            }
        }
        Ok(())
    }

    fn by_batches(
        &self,
        range: Range<u64>,
        level: u32,
        tally: &mut Tally,
        keep: &mut impl FnMut(u64, Option<RunRows>) -> Result<(), Failure>,
    ) -> Result<(), ReplicateError<Failure>> {
        let seed = self.seed;
        let work = |range: Range<u64>| -> Run {
            let mut run = Run {
                tally: Tally::new(Arc::clone(self.columns)),
                rows: self.maker.map(RowMaker::nothing),
                failed: None,
            };
            for index in range {
                match guarded(|| self.measure(Replication { seed, index })) {
                    Ok(summary) => {
                        run.tally.add(index, &summary);
                        if let (Some(maker), Some(rows)) = (self.maker, &mut run.rows) {
                            maker.add(rows, index, &summary);
                        }
                    }
                    Err(message) => {
                        run.failed = Some((index, message));
                        break;
                    }
                }
            }
            run
        };
        let flown = run_batches(
            range,
            level,
            self.jobs,
            || false,
            work,
            |_, run| {
                let run = run.map_err(|said| ReplicateError::Sink(Failure::Other(said)))?;
                let more = run.tally.n();
                tally.absorb(run.tally);
                keep(more, run.rows).map_err(ReplicateError::Sink)?;
                if let Some((index, message)) = run.failed {
                    let replication = Replication { seed, index };
                    return Err(ReplicateError::Panicked {
                        replication,
                        message,
                    });
                }
                go_on(tally.n()).map_err(ReplicateError::Sink)?;
                Ok(ControlFlow::Continue(()))
            },
        );
        flown.map_err(|error| match error {
            SweepError::Threads { jobs, source } => ReplicateError::Threads { jobs, source },
            SweepError::Sink(error) => error,
        })
    }

    fn measure(&self, replication: Replication) -> Summary {
        let log = self
            .engine
            .simulate(self.scenario, replication, Detail::Measures);
        self.columns.measure(&log)
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
    for there in stored.rows_there()?.into_iter().flatten() {
        let (replication, summary) = there?;
        if replication != index {
            continue;
        }
        let columns = stored.columns.columns().iter();
        let unlike: Vec<String> = columns
            .zip(summary.values.iter().zip(&row.values))
            .filter(|(_, (there, here))| !there.is_nan() && there != here)
            .map(|(column, (there, here))| format!("{} is {there} there, {here} here", column.name))
            .collect();
        if unlike.is_empty() {
            tell(&format!(
                "The same in every column that its row has in {}.",
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

/// The scenario in another world: its measures there.
fn in_world(
    arguments: &RunArguments,
    scenario: &Scenario,
    (seed, count, jobs): (u64, u64, usize),
    bar: &Bar,
) -> Result<Vec<Cell>, Failure> {
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut estimator = Estimator::new(columns.clone());
    let engine = Engine::default();
    let work = |replication: Replication| {
        columns.measure(&engine.simulate(scenario, replication, Detail::Measures))
    };
    replicate(seed, 0..count, jobs, work, |index, summary| {
        bar.inc(1);
        estimator.add(index, &summary);
        go_on(index + 1)
    })
    .map_err(|error| Failure::of_replications(error, "a world"))?;
    Ok(estimator.cells(arguments.level.confidence))
}

/// The names of all measures of a scenario.
fn named(columns: &Arc<Columns>) -> Vec<String> {
    let none = Estimator::new(columns.clone()).cells(0.95);
    none.into_iter().map(|cell| cell.name).collect()
}

/// Which names hold one of these patterns, in which * stands for anything; none of one pattern is an error.
fn select<'a>(names: &'a [String], patterns: &[String]) -> Result<Vec<&'a str>, Failure> {
    for pattern in patterns {
        if !names.iter().any(|name| holds(name, pattern)) {
            let near = did_you_mean(pattern, names.iter().map(String::as_str));
            return Err(Failure::bad_input(format!(
                "no measure is named like {pattern:?}{near}; `deconflict columns` lists them"
            )));
        }
    }
    let wanted = |name: &&str| patterns.is_empty() || patterns.iter().any(|one| holds(name, one));
    Ok(names.iter().map(String::as_str).filter(wanted).collect())
}

/// What was run, to be told.
struct Flight<'a> {
    subject: &'a Subject,
    scenario: &'a Scenario,
    estimator: &'a Estimator,
    /// The measures in every other world.
    elsewhere: &'a [Vec<Cell>],
    /// Of one replication alone.
    log: Option<&'a EventLog>,
    first_wrong: Option<u64>,
    placed: Option<&'a Path>,
}

impl Flight<'_> {
    /// The measures asked for.
    fn cells(&self, arguments: &RunArguments) -> Result<Vec<Cell>, Failure> {
        let mut cells = self.estimator.cells(arguments.level.confidence);
        let names: Vec<String> = cells.iter().map(|cell| cell.name.clone()).collect();
        let wanted = select(&names, &arguments.shown.measures)?;
        cells.retain(|cell| wanted.contains(&cell.name.as_str()));
        Ok(cells)
    }

    /// For programs.
    fn json(&self, arguments: &RunArguments, first: u64) -> Result<Json, Failure> {
        let mut object = run_json(
            &self.subject.name,
            (self.subject.seed, first, self.estimator.n()),
            arguments.level.confidence,
            &self.cells(arguments)?,
        );
        object["title"] = Json::from(self.scenario.file.title.as_str());
        object["out"] = Json::from(self.placed.map(|path| path.display().to_string()));
        object["first_wrong_shot_in"] = Json::from(self.first_wrong);
        if !self.elsewhere.is_empty() {
            let worlds = self.elsewhere.iter().map(|cells| measures(cells));
            object["worlds"] = Json::Array(worlds.collect());
        }
        Ok(object)
    }

    /// For people: one screen, unless more is asked for.
    fn report(&self, arguments: &RunArguments) -> Result<String, Failure> {
        let mut text = String::new();
        let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
        let (scenario, seed) = (self.scenario, self.subject.seed);
        let confidence = arguments.level.confidence;
        let n = self.estimator.n();
        line(&scenario.file.title);
        let hours = readable(scenario.duration.hours());
        line(&match self.log {
            Some(log) => format!(
                "seed {seed}, replication {}, {hours} h from {}",
                log.replication.index, scenario.start
            ),
            None => format!(
                "seed {seed}, {n} replications of {hours} h from {}",
                scenario.start
            ),
        });
        line("");
        let table = |cells: &[Cell]| match self.log {
            Some(_) => single_table(cells, terminal_width()),
            None => estimate_table(cells, terminal_width()),
        };
        if !arguments.shown.measures.is_empty() {
            line(&table(&self.cells(arguments)?));
            return Ok(text);
        }
        if let Some(log) = self.log {
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
        line(overview(self.estimator, confidence, self.elsewhere, width()).trim_end());
        line("");
        if arguments.shown.all {
            let cells = self.cells(arguments)?;
            line(headline(&cells, n).trim_end());
            line("");
            line(&table(&cells));
            let confusion = confusion_tables(self.estimator);
            if !confusion.is_empty() {
                line("\nSingle declarations, share by true row:");
                line(confusion.trim_end());
            }
            line("");
            if self.log.is_none() {
                line(
                    "Intervals take the replication as the unit: what one replication holds shares its random numbers.",
                );
            }
        }
        if is_quiet() {
            return Ok(text.trim_end().to_owned() + "\n");
        }
        let percent = readable(confidence * 100.0);
        match self.log {
            Some(_) => {
                line("Rates are uncalibrated: only comparisons between rule sets mean something.")
            }
            None => line(&format!(
                "{percent} % intervals. Rates are uncalibrated: only comparisons mean something."
            )),
        }
        if !arguments.shown.all {
            line("More: --all, -m PATTERN (measures), -o DIR (files), deconflict help MEASURE");
        }
        let hints = hints(
            arguments,
            &self.subject.name,
            self.log.is_some(),
            self.first_wrong,
            self.placed,
        );
        for hint in hints {
            line(&hint);
        }
        Ok(text)
    }
}

/// What programs are told of a run, of `run` and of `eval`.
pub fn run_json(
    scenario: &str,
    (seed, first, replications): (u64, u64, u64),
    confidence: f64,
    cells: &[Cell],
) -> Json {
    json!({
        "scenario": scenario,
        "seed": seed,
        "first_replication": first,
        "replications": replications,
        "confidence": confidence,
        "measures": measures(cells),
    })
}

/// What one might want next; `same` names the same world and random numbers, `first_wrong` is the first replication with a wrong shot.
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
            hints.push(format!("Next: deconflict report {path}"));
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
        None => hints.push(format!("Next: deconflict run {same} --out results/NAME")),
    }
    match &arguments.events {
        Some(path) => hints.push(format!("Events written to {}.", path.display())),
        None if arguments.about.from.is_some() => {
            hints.push("Next: the same with --events FILE.csv   (every event of it)".to_owned())
        }
        None if single => {}
        None => {
            hints.push(match first_wrong {
                Some(replication) => {
                    format!("      deconflict explain {same} --replication {replication}")
                }
                None => format!("      deconflict run {same} --replication 0"),
            });
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
        write_replay_file(path, arguments.out.force, format, &replay)?;
    }
    Ok(())
}

/// Files of a single replication need one replication and a free name: said before anything is run.
fn refuse_single(option: &str, path: &Path, count: u64, force: bool) -> Result<(), Failure> {
    if count != 1 {
        return Err(Failure::bad_input(format!(
            "{option} writes one replication, not {count}: add --replications 1, or --replication R for the R-th"
        )));
    }
    refuse_taken(path, force)
}
