//! `deconflict sweep`: fly an experiment, keep every round, end in CSV.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use deconflict::experiment::accounts::{Accounts, Squares};
use deconflict::experiment::file::StopFile;
use deconflict::experiment::plan::{Factor, FactorKind, Overrides, Plan, PlanRecord};
use deconflict::experiment::round::{Outcome, Round};
use deconflict::experiment::rule::Rule;
use deconflict::experiment::settings::settings;
use deconflict::experiment::sweep::fly_rounds;
use deconflict::experiment::worlds::file::Worlds;
use deconflict::experiment::worlds::marks::of_sweep;
use deconflict::measure::Summary;
use deconflict::output::{
    Ended, Journal, JournalHeader, JournalReader, MOST_SHARDS, Progress, Shape, Shards,
    SweepFolder, between, cells_table, comparisons, influences, keeps_older, readable,
    settings_text, write_results,
};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::{LoadError, Scenario};
use deconflict::simulation::Engine;
use indicatif::{ProgressBar, ProgressStyle};

use super::compare::ONE_WORLD;
use super::host::{RunNote, Started, interrupted, processors};
use super::subject::quoted;
use super::{Failure, print, tell};

/// Arguments of `deconflict sweep`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict sweep scenarios/experiments/agreement.toml --out results/agreement
      fly it until its stopping rule is satisfied; Ctrl-C ends it early with what there is
  deconflict sweep scenarios/experiments/agreement.toml --out results/agreement --resume --replications 1000
      go on to 1000 replications of every cell
  deconflict sweep scenarios/experiments/agreement.toml --out results/agreement --replications 100000 --shard 3/40
      fly the fourth of 40 shards; `deconflict merge results/agreement` joins them
  deconflict run --from results/agreement --cell agreement --replication 17
      repeat one row of replications.csv and tell its story

Exit code: 0 done, 1 failed, 2 bad input, 130 interrupted; of a shard 75 where
another try may go better: interrupted, disk full, journal in use.")]
pub struct SweepArguments {
    /// Experiment file (TOML).
    experiment: PathBuf,
    /// Folder of the results.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Replications of every cell, whatever the stopping rule of the file.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    replications: Option<u64>,
    /// Seed of all luck, instead of the one in the file.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Set a value of the scenario by its path, before the factors; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Fly every cell in each of the worlds of this file (see `deconflict match`), in place of the file's own uncertainties.
    #[arg(long, value_name = "FILE")]
    worlds: Option<PathBuf>,
    /// Threads; without it one a processor. Results do not depend on it.
    #[arg(short, long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
    /// Go on with the sweep in DIR; with a higher N, beyond its end.
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace the sweep in DIR.
    #[arg(long, conflicts_with = "shard")]
    force: bool,
    /// Fly shard I of N, counted from 0; `auto/N` takes I from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<ShardArgument>,
    /// What to do about a replication that fails.
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    on_error: OnError,
}

/// What to do about a replication that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// End, and say which.
    Stop,
    /// Leave it out, count it and list it in failures.csv.
    Skip,
}

/// `I/N`; without I, the environment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShardArgument {
    shard: Option<u64>,
    count: u64,
}

fn shard(text: &str) -> Result<ShardArgument, String> {
    let wanted = || format!("{text:?} is no shard; expected I/N with I from 0 to N-1, or auto/N");
    let (shard, count) = text.split_once('/').ok_or_else(wanted)?;
    let count: u64 = count.parse().map_err(|_| wanted())?;
    if !(1..=MOST_SHARDS).contains(&count) {
        return Err(format!("{count} shards; expected 1 to {MOST_SHARDS}"));
    }
    if shard == "auto" {
        return Ok(ShardArgument { shard: None, count });
    }
    let shard: u64 = shard.parse().map_err(|_| wanted())?;
    if shard >= count {
        return Err(format!(
            "shard {shard} of {count}: shards are counted from 0, expected 0 to {}",
            count - 1
        ));
    }
    Ok(ShardArgument {
        shard: Some(shard),
        count,
    })
}

/// Runs the command.
pub fn sweep(arguments: &SweepArguments) -> Result<(), Failure> {
    let started = Started::now();
    let overrides = Overrides {
        seed: arguments.seed,
        set: arguments.overrides.clone(),
        worlds: arguments.worlds.clone(),
    };
    let mut plan = Plan::load(&arguments.experiment, &overrides)
        .map_err(|error| scenario_instead(&arguments.experiment, error))?;
    plan.record.asked = arguments.replications;
    match arguments.shard {
        Some(shard) => fly_shard(arguments, &plan, shard).map_err(Failure::temporary),
        None => fly_whole(arguments, &plan, &started),
    }
}

/// A sound scenario where an experiment should be needs one sentence, not a list of what is wrong with it.
fn scenario_instead(path: &Path, error: LoadError) -> Failure {
    if Scenario::load(path, &[]).is_err() {
        return error.into();
    }
    let path = path.display();
    Failure::bad_input(format!(
        "{path} is a scenario, not an experiment; `deconflict run {path}` flies it"
    ))
}

/// The whole sweep on this machine.
fn fly_whole(arguments: &SweepArguments, plan: &Plan, started: &Started) -> Result<(), Failure> {
    let record = &plan.record;
    let folder = if arguments.resume {
        SweepFolder::resume(&arguments.out, record)?
    } else {
        SweepFolder::create(&arguments.out, arguments.force, record)?
    };
    if folder.shards()?.is_some() {
        return Err(Failure::bad_input(format!(
            "{} is split into shards: fly those with --shard, then deconflict merge {}",
            arguments.out.display(),
            arguments.out.display()
        )));
    }
    let mut accounts = Accounts::new(plan);
    let place = folder.journal();
    let journal = open_journal(&place, plan, 0, |round| accounts.add(&round))?;
    let there = accounts.rounds();
    if let Some(wanted) = arguments.replications.filter(|&wanted| wanted < there) {
        return Err(Failure::bad_input(format!(
            "{} holds {there} replications of every cell already, --replications asks for {wanted}; expected at least {there}",
            arguments.out.display()
        )));
    }
    folder.keep_rule(record)?;
    if there > 0 {
        tell(&format!(
            "Going on after {there} replications of every cell."
        ));
    }

    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let rule = Rule::new(&record.stop, record.asked);
    let mut flight = Flight {
        plan,
        journal,
        synced: Instant::now(),
        on_error: arguments.on_error,
        out: &arguments.out,
    };
    let mut ended = Ended::Finished;
    if !rule.satisfied(record, &accounts) {
        let mut bar = Bar::new(rule.most(), there);
        let begun = Instant::now();
        let flown = flight.rounds(there..rule.most(), jobs, |round| {
            accounts.add(round);
            bar.round(record, &accounts);
            if rule.satisfied(record, &accounts) {
                return ControlFlow::Break(());
            }
            if rule
                .budget()
                .is_some_and(|budget| begun.elapsed() >= budget)
            {
                ended = Ended::TimeUp;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        bar.finish();
        flown?;
        if interrupted() {
            ended = Ended::Interrupted;
        }
    }
    let flown = (accounts.rounds() - there) * record.cells.len() as u64;
    if accounts.rounds() == 0 {
        return Err(Failure::Interrupted(format!(
            "interrupted before the first round was whole; --resume begins again with {}",
            arguments.out.display()
        )));
    }
    let progress = Progress {
        // What is there already was asked for once.
        asked: rule.most().max(accounts.rounds()),
        done: accounts.rounds(),
        ended,
    };
    let note = RunNote::new(started, jobs, flown, progress);
    let rounds = JournalReader::open(&place)?;
    write_results(folder.path(), plan, &accounts, rounds, progress, &note)?;
    if flown > 0 {
        let elapsed_s = started.elapsed_s();
        tell(&format!(
            "{flown} replications in {} s with {jobs} threads: {} a second",
            readable(elapsed_s),
            readable(flown as f64 / elapsed_s)
        ));
    }
    print(&report(plan, &accounts, &arguments.out))?;
    if let Some(path) = &arguments.worlds {
        print(&marks(plan, &accounts, &Worlds::load(path)?))?;
    }
    match ended {
        Ended::Interrupted => Err(Failure::Interrupted(format!(
            "interrupted after {} replications of every cell: what they say is above and in {}; --resume goes on{}",
            accounts.rounds(),
            arguments.out.display(),
            kept_words(&arguments.out)
        ))),
        _ => Ok(()),
    }
}

/// Flies a plan into a folder of its own, or goes on with the one that is there; every round, also of those that were there,
/// is handed on in order. The folder is that of a sweep.
pub fn fly_plan(
    plan: &Plan,
    out: &Path,
    jobs: usize,
    mut each: impl FnMut(&Round),
) -> Result<(), Failure> {
    let started = Started::now();
    let record = &plan.record;
    let folder = match out.symlink_metadata().is_ok() {
        true => SweepFolder::resume(out, record)?,
        false => SweepFolder::create(out, false, record)?,
    };
    let mut accounts = Accounts::new(plan);
    let place = folder.journal();
    let journal = open_journal(&place, plan, 0, |round| {
        accounts.add(&round);
        each(&round);
    })?;
    let there = accounts.rounds();
    let rule = Rule::new(&record.stop, record.asked);
    if there >= rule.most() && folder.progress()?.is_some() {
        return Ok(());
    }
    let mut flight = Flight {
        plan,
        journal,
        synced: Instant::now(),
        on_error: OnError::Stop,
        out,
    };
    let mut bar = Bar::new(rule.most(), there);
    let flown = flight.rounds(there..rule.most(), jobs, |round| {
        accounts.add(round);
        each(round);
        bar.round(record, &accounts);
        ControlFlow::Continue(())
    });
    bar.finish();
    flown?;
    if accounts.rounds() < rule.most() {
        return Err(Failure::Interrupted(format!(
            "interrupted after {} of {} replications of every world in {}; --resume goes on",
            accounts.rounds(),
            rule.most(),
            out.display()
        )));
    }
    let progress = Progress {
        asked: rule.most(),
        done: accounts.rounds(),
        ended: Ended::Finished,
    };
    let flown = (accounts.rounds() - there) * record.cells.len() as u64;
    let note = RunNote::new(&started, jobs, flown, progress);
    let rounds = JournalReader::open(&place)?;
    write_results(folder.path(), plan, &accounts, rounds, progress, &note)?;
    Ok(())
}

/// Where older results are kept until newer ones are done.
pub fn kept_words(out: &Path) -> String {
    keeps_older(out).map_or(String::new(), |kept| {
        format!(
            "; the older results are kept in {} until it is finished",
            kept.display()
        )
    })
}

/// One shard: its journal, and nothing else.
fn fly_shard(
    arguments: &SweepArguments,
    plan: &Plan,
    argument: ShardArgument,
) -> Result<(), Failure> {
    let shard = shard_number(argument)?;
    let replications = match (arguments.replications, &plan.record.stop) {
        (Some(replications), _) | (None, &StopFile::Fixed { replications }) => replications,
        (None, _) => {
            return Err(Failure::bad_input(
                "a shard needs to know how many replications there will be, and the stopping rule of the experiment does not say; expected --replications N",
            ));
        }
    };
    let shards = Shards {
        replications,
        count: argument.count,
    };
    let folder = SweepFolder::join(&arguments.out, &plan.record, shards)?;
    let range = shards.range(shard);
    let mut there = range.start;
    let journal = open_journal(
        &folder.shard_journal(shard, shards.count),
        plan,
        range.start,
        |round| there = round.index + 1,
    )?;
    let name = format!("shard {shard} of {}", shards.count);
    if there >= range.end {
        tell(&format!(
            "{name} is there already, replications {} to {}",
            range.start, range.end
        ));
        return Ok(());
    }
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let mut flight = Flight {
        plan,
        journal,
        synced: Instant::now(),
        on_error: arguments.on_error,
        out: &arguments.out,
    };
    let bar = Bar::new(range.end - range.start, there - range.start);
    flight.rounds(there..range.end, jobs, |_| {
        bar.bar.inc(1);
        ControlFlow::Continue(())
    })?;
    bar.finish();
    if interrupted() {
        return Err(Failure::Interrupted(format!(
            "{name} was interrupted; the same command goes on"
        )));
    }
    tell(&format!(
        "{name} is done. Next: deconflict status {}",
        quoted(&arguments.out.display().to_string())
    ));
    Ok(())
}

/// The number on the command line, or the one the cluster gave.
fn shard_number(argument: ShardArgument) -> Result<u64, Failure> {
    if let Some(shard) = argument.shard {
        return Ok(shard);
    }
    let mut given = Vec::new();
    for name in ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] {
        if let Ok(value) = std::env::var(name) {
            given.push((name, value));
        }
    }
    match given.as_slice() {
        [(name, value)] => match value.parse::<u64>() {
            Ok(shard) if shard < argument.count => Ok(shard),
            _ => Err(Failure::bad_input(format!(
                "{name} is {value:?}; expected a shard from 0 to {}",
                argument.count - 1
            ))),
        },
        [] => Err(Failure::bad_input(
            "--shard auto/N takes the shard from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, and neither is set",
        )),
        _ => Err(Failure::bad_input(
            "SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are both set; expected --shard I/N",
        )),
    }
}

/// A new journal, or the one that is there, whose rounds are handed on.
fn open_journal(
    place: &Path,
    plan: &Plan,
    first: u64,
    round: impl FnMut(Round),
) -> Result<Journal, Failure> {
    let header = JournalHeader {
        plan_sha256: plan.record.identity(),
        first,
        cells: vec![Shape::of(&plan.columns); plan.record.cells.len()],
    };
    if !place.exists() {
        return Ok(Journal::create(place, &header)?);
    }
    let resumed = Journal::resume(place, &header, round)?;
    if resumed.torn_bytes > 0 {
        tell(&format!(
            "{}: the last round had not been written to its end and is flown again.",
            place.display()
        ));
    }
    Ok(resumed.journal)
}

/// Rounds on their way into a journal.
struct Flight<'a> {
    plan: &'a Plan,
    journal: Journal,
    synced: Instant,
    on_error: OnError,
    out: &'a Path,
}

/// The disk is asked to keep what there is so often: as much work can be lost to a power failure, not to a crash.
const SYNC_EVERY: Duration = Duration::from_secs(1);

impl Flight<'_> {
    fn rounds(
        &mut self,
        range: Range<u64>,
        jobs: usize,
        mut landed: impl FnMut(&Round) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let plan = self.plan;
        let seed = plan.record.seed;
        let engine = Engine::default();
        let work = |cell: usize, index: u64| -> Summary {
            let replication = Replication { seed, index };
            plan.columns.measure(&engine.simulate(
                &plan.scenarios[cell],
                replication,
                Detail::Measures,
            ))
        };
        let flown = fly_rounds(
            plan.record.cells.len(),
            range,
            jobs,
            interrupted,
            work,
            |round| {
                self.refuse_failure(&round)?;
                self.journal.append(&round)?;
                if self.synced.elapsed() >= SYNC_EVERY {
                    self.journal.sync()?;
                    self.synced = Instant::now();
                }
                Ok(landed(&round))
            },
        );
        // Also where the sweep ends by an error: what is there is to be kept.
        let kept = self.journal.sync();
        flown?;
        Ok(kept?)
    }

    fn refuse_failure(&self, round: &Round) -> Result<(), Failure> {
        if self.on_error == OnError::Skip {
            return Ok(());
        }
        for (planned, outcome) in self.plan.record.cells.iter().zip(&round.outcomes) {
            if let Outcome::Failed(message) = outcome {
                return Err(Failure::Other(format!(
                    "error: replication {} of cell {} (seed {}) failed: {message}\n\
                     Repeat it: deconflict run --from {} --cell {:?} --replication {}\n\
                     Leave such replications out: --resume --on-error skip",
                    round.index,
                    planned.name,
                    self.plan.record.seed,
                    self.out.display(),
                    planned.name,
                    round.index,
                )));
            }
        }
        Ok(())
    }
}

/// Progress on standard error; nothing where that is not a terminal.
struct Bar {
    bar: ProgressBar,
    told: Instant,
}

/// The interval beside the bar is made anew so often.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Bar {
    fn new(most: u64, there: u64) -> Bar {
        let bar = if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(
                "{bar:20} {pos}/{len} rounds, {per_sec}, {eta} left  {wide_msg}",
            )
            .expect("the template is constant");
            ProgressBar::new(most)
                .with_style(style)
                .with_position(there)
        } else {
            ProgressBar::hidden()
        };
        bar.reset_eta();
        Bar {
            bar,
            told: Instant::now(),
        }
    }

    fn round(&mut self, record: &PlanRecord, accounts: &Accounts) {
        self.bar.inc(1);
        if self.bar.is_hidden() || self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        if let Some(words) = standing(record, accounts) {
            self.bar.set_message(words);
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Where the leading measure stands: of the first pair, or of the first cell if nothing is compared.
fn standing(record: &PlanRecord, accounts: &Accounts) -> Option<String> {
    let measure = record.leading_measure();
    let (what, value) = match accounts.pairs().first() {
        Some(pair) => (
            "difference of ",
            pair.pairs
                .compare(measure, record.pair_confidence(measure))?
                .difference,
        ),
        None => (
            "",
            accounts
                .cells()
                .first()?
                .cell(measure, record.cell_confidence(measure))?
                .value,
        ),
    };
    Some(format!(
        "{what}{measure}: {} {}",
        readable(value.estimate),
        between(value.low, value.high)
    ))
}

/// Most cells and pairs on the terminal; the files have all.
const SHOWN: usize = 24;

/// Most settings of the levers whose comparisons are told one by one.
const FEW_PARAGRAPHS: usize = 8;

/// Most uncertainties named for a measure.
const INFLUENCES: usize = 3;

/// Most settings of the levers whose marks are told.
const MARKED: usize = 12;

/// In how many worlds each comparison holds.
fn marks(plan: &Plan, accounts: &Accounts, worlds: &Worlds) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let (names, along) = worlds.along();
    let marked = of_sweep(plan, accounts, &along);
    for one in marked.iter().take(MARKED) {
        line(&format!(
            "\n{} against {}, as written and in {} worlds:",
            one.setting,
            one.reference,
            along.len()
        ));
        for (measure, mark) in &one.marks {
            let words = mark.words(|assumption, at| {
                format!(
                    "{} at {} % of its range",
                    names[assumption],
                    readable(at * 100.0)
                )
            });
            line(&format!("  {measure}: {words}"));
        }
    }
    if marked.len() > MARKED {
        line(&format!(
            "... and {} more settings, in pairs.csv",
            marked.len() - MARKED
        ));
    }
    text
}

/// What goes to standard output.
pub fn report(plan: &Plan, accounts: &Accounts, out: &Path) -> String {
    let record = &plan.record;
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    line(&record.title);
    line(&format!(
        "seed {}, {} cells, {} replications of each with the same luck",
        record.seed,
        record.cells.len(),
        accounts.rounds()
    ));
    line("");
    let by_setting = settings(plan, accounts);
    let all_laid_out = by_setting
        .as_ref()
        .is_some_and(|settings| settings.cells.len() == record.cells.len());
    if !all_laid_out {
        line(&cells_table(plan, accounts, SHOWN));
        if record.cells.len() > SHOWN {
            line(&format!(
                "... and {} more cells, in cells.csv",
                record.cells.len() - SHOWN
            ));
        }
    }
    if let Some(settings) = &by_setting {
        if !all_laid_out {
            line("");
        }
        for words in settings_text(plan, accounts, settings, SHOWN) {
            line(&words);
        }
    }
    if !all_laid_out {
        for words in comparisons(plan, accounts, FEW_PARAGRAPHS) {
            line(&words);
        }
    }
    for words in influences(plan, accounts, INFLUENCES) {
        line(&words);
    }
    if !accounts.failures().is_empty() {
        line(&format!(
            "\n{} replications failed and were left out; failures.csv names them.",
            accounts.failures().len()
        ));
    }
    let uncertain = |factor: &Factor| factor.kind == FactorKind::Uncertainty;
    if !record.factors.iter().any(uncertain) && record.pairs().next().is_some() {
        line(&format!("\n{ONE_WORLD}"));
    }
    line(
        "\nAbsolute rates are uncalibrated: no public count of sorties exists. Only comparisons between rule sets mean something.",
    );
    let out = out.display();
    let cell = record.cells.last().map_or("", |cell| &cell.name);
    // A replication in which there is something to see.
    let replication = (accounts.squares().last()).and_then(Squares::first);
    line(&format!("\nWritten to {out}."));
    let (out, cell) = (quoted(&out.to_string()), quoted(cell));
    line(&format!(
        "Next: deconflict report {out}   (the results as one page, with figures)"
    ));
    line(&format!(
        "      deconflict run --from {out} --cell {cell} --replication {}   (one row, told by the clock)",
        replication.unwrap_or(0)
    ));
    text
}
