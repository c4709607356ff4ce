//! `deconflict sweep`: run an experiment, keep every block, end in CSV.

use std::fmt::Write as _;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use deconflict::experiment::accounts::{Accounts, Part, Squares};
use deconflict::experiment::averages::averages;
use deconflict::experiment::block::Block;
use deconflict::experiment::file::StopFile;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::ledger::Ledger;
use deconflict::experiment::plan::{Factor, FactorKind, Overrides, Plan, PlanRecord};
use deconflict::experiment::rows::KeptRows;
use deconflict::experiment::rule::Rule;
use deconflict::experiment::settings::{Settings, settings};
use deconflict::experiment::worlds::file::Worlds;
use deconflict::experiment::worlds::marks::of_sweep;
use deconflict::output::{
    Asked, Crew, Ended, JournalReader, MOST_SHARDS, Notation, Progress, RESULT_FILES, SweepFolder,
    Sweeping, SweepingError, Trust, arms_text, averages_text, cells_table, comparisons, influences,
    keeps_older, readable, settings_text,
};
use serde_json::Value as Json;

use super::compare::ONE_WORLD;
use super::host::{RunNote, Session, Started, interrupted};
use super::json::tables;
use super::options::{AsJson, Count, FileSeed, Growing, Jobs, Kept, Set};
use super::progress::Bar;
use super::subject::{instead, quoted};
use super::{Failure, scheduler, tell};

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
  deconflict sweep scenarios/experiments/agreement.toml --out results/agreement --columns leaked,'lost_per_sortie*'
      rows of what these measures are made of; --rows none keeps sums alone
  deconflict run --from results/agreement:agreement --replication 17
      repeat one row of replications.csv and tell its story

Exit code: 0 done, 1 failed, 2 bad input, 130 interrupted; of a shard 75 where
another try may go better: interrupted, disk full, journal in use.")]
pub struct SweepArguments {
    /// Experiment file (TOML).
    experiment: PathBuf,
    #[command(flatten)]
    to: Growing,
    #[command(flatten)]
    count: Count,
    #[command(flatten)]
    seed: FileSeed,
    #[command(flatten)]
    set: Set,
    /// Run every cell in each of the worlds of this file (see `deconflict match`), in place of the file's own uncertainties.
    #[arg(long, value_name = "FILE")]
    worlds: Option<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
    /// Replace the sweep in DIR.
    #[arg(long, conflicts_with_all = ["shard", "resume"])]
    force: bool,
    /// Run shard I of N, counted from 0; `auto/N` or `auto` takes it from Slurm, PBS, Grid Engine, LSF, AWS Batch,
    /// Google Batch or Kubernetes.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<ShardArgument>,
    /// What to do about a replication that fails.
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    on_error: OnError,
    #[command(flatten)]
    kept: Kept,
}

/// What to do about a replication that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// End, and say which.
    Stop,
    /// Leave it out, count it and list it in failures.csv.
    Skip,
}

/// `I/N`; without I, or without both, the environment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShardArgument {
    /// This one of so many.
    Given(u64, u64),
    /// As the scheduler says, of so many if that is known.
    Auto(Option<u64>),
}

fn shard(text: &str) -> Result<ShardArgument, String> {
    let wanted =
        || format!("{text:?} is no shard; expected I/N with I from 0 to N-1, auto/N or auto");
    if text == "auto" {
        return Ok(ShardArgument::Auto(None));
    }
    let (shard, count) = text.split_once('/').ok_or_else(wanted)?;
    let count: u64 = count.parse().map_err(|_| wanted())?;
    if !(1..=MOST_SHARDS).contains(&count) {
        return Err(format!("{count} shards; expected 1 to {MOST_SHARDS}"));
    }
    if shard == "auto" {
        return Ok(ShardArgument::Auto(Some(count)));
    }
    let shard: u64 = shard.parse().map_err(|_| wanted())?;
    if shard >= count {
        return Err(format!(
            "shard {shard} of {count}: shards are counted from 0, expected 0 to {}",
            count - 1
        ));
    }
    Ok(ShardArgument::Given(shard, count))
}

/// Runs the command.
pub fn sweep(arguments: &SweepArguments) -> Result<(), Failure> {
    let started = Started::now();
    match arguments.shard {
        Some(shard) => fly_shard(arguments, &started, shard).map_err(Failure::temporary),
        None => fly_whole(arguments, &started),
    }
}

fn overrides(arguments: &SweepArguments) -> Overrides {
    Overrides {
        seed: arguments.seed.seed,
        set: arguments.set.overrides.clone(),
        worlds: arguments.worlds.clone(),
    }
}

fn load(arguments: &SweepArguments) -> Result<Plan, Failure> {
    Plan::load(&arguments.experiment, &overrides(arguments))
        .map_err(|error| instead(&arguments.experiment, FileKind::Experiment, error))
}

/// The whole sweep on this machine.
fn fly_whole(arguments: &SweepArguments, started: &Started) -> Result<(), Failure> {
    let mut plan = load(arguments)?;
    plan.record.asked = arguments.count.replications;
    plan.record.rows = arguments.kept.checked(&plan.columns)?;
    let mut remembered = None;
    let folder = if arguments.to.resume {
        let folder = SweepFolder::resume(&arguments.to.out, &plan.record)?;
        let (_, there) = SweepFolder::open(&arguments.to.out, Trust::Verified)?;
        // What is kept was decided when it was begun.
        folder.keeps(&there.rows, &arguments.kept.or(&there.rows)?)?;
        plan.record.rows = there.rows;
        remembered = there.asked;
        folder
    } else {
        SweepFolder::create(&arguments.to.out, arguments.force, &plan.record)?
    };
    let cells = plan.record.cells.len();
    if folder.shards(cells)?.is_some() {
        return Err(Failure::bad_input(format!(
            "{} is split into shards: run those with --shard, then deconflict merge {}",
            arguments.to.out.display(),
            arguments.to.out.display()
        )));
    }
    let plan = &plan;
    let record = &plan.record;
    let mut whole = Sweeping::whole(plan, &folder)?;
    tell_torn(whole.torn());
    let there = whole.next();
    if let Some(wanted) = arguments
        .count
        .replications
        .filter(|&wanted| wanted < there)
    {
        return Err(Failure::bad_input(format!(
            "{} holds {there} replications of every cell already, --replications asks for {wanted}; expected at least {there}",
            arguments.to.out.display()
        )));
    }
    // So many as were asked for when it was begun, if it never came so far and nothing else is asked for now.
    let remembered = remembered.filter(|&asked| there < asked);
    let asked = record.asked.or(remembered);
    folder.keep_rule(&PlanRecord {
        asked,
        ..record.clone()
    })?;
    if there > 0 {
        tell(&format!(
            "Going on after {there} replications of every cell."
        ));
    }

    let jobs = arguments.jobs.count();
    let rule = Rule::new(&record.stop, asked);
    let mut bar = Blocks::new(rule.most(), there);
    let flown = whole.run_until(&rule, &crew(jobs, arguments.on_error), |next, ledger| {
        bar.round(record, next, ledger);
    });
    bar.finish();
    let ended = flown.map_err(|error| ended_by(error, record, &arguments.to.out))?;
    let accounts = whole.accounts();
    let flown = (accounts.blocks() - there) * record.cells.len() as u64;
    if accounts.blocks() == 0 {
        return Err(Failure::Interrupted(format!(
            "interrupted before the first block was whole; --resume begins again with {}",
            arguments.to.out.display()
        )));
    }
    let progress = Progress {
        // What is there already was asked for once.
        asked: rule.most().max(accounts.blocks()),
        done: accounts.blocks(),
        ended,
    };
    whole.write(progress, &RunNote::new(started, jobs, flown, progress))?;
    if flown > 0 {
        let elapsed_s = started.elapsed_s();
        tell(&format!(
            "{flown} replications in {} s with {jobs} threads: {} a second",
            readable(elapsed_s),
            readable(flown as f64 / elapsed_s)
        ));
    }
    let worlds = match &arguments.worlds {
        Some(path) => marks(plan, &accounts, &Worlds::load(path)?),
        None => String::new(),
    };
    arguments.form.print(
        || report(plan, &accounts, &arguments.to.out) + &worlds,
        || sweep_json(plan, &accounts, &arguments.to.out),
    )?;
    match ended {
        Ended::Interrupted => Err(Failure::Interrupted(format!(
            "interrupted after {} replications of every cell: what they say is above and in {}; --resume goes on{}",
            accounts.blocks(),
            arguments.to.out.display(),
            kept_words(&arguments.to.out)
        ))),
        _ => Ok(()),
    }
}

/// Runs a plan into a folder of its own, or goes on with the one that is there; then every block is handed on in order. The folder
/// is that of a sweep.
pub fn fly_plan(
    plan: &Plan,
    out: &Path,
    jobs: usize,
    mut each: impl FnMut(&Block),
) -> Result<(), Failure> {
    let started = Started::now();
    let record = &plan.record;
    let folder = match out.symlink_metadata().is_ok() {
        true => SweepFolder::resume(out, record)?,
        false => SweepFolder::create(out, false, record)?,
    };
    let mut whole = Sweeping::whole(plan, &folder)?;
    tell_torn(whole.torn());
    let there = whole.next();
    let most = Rule::new(&record.stop, record.asked).most();
    if there < most || folder.progress()?.is_none() {
        let mut bar = Blocks::new(most, there);
        let flown = whole.run(
            most,
            &crew(jobs, OnError::Stop),
            |_| most,
            |next, ledger| {
                bar.round(record, next, ledger);
                ControlFlow::Continue(())
            },
        );
        bar.finish();
        flown.map_err(|error| ended_by(error, record, out))?;
        let done = whole.next();
        if done < most {
            return Err(Failure::Interrupted(format!(
                "interrupted after {done} of {most} replications of every world in {}; --resume goes on",
                out.display()
            )));
        }
        let progress = Progress {
            asked: most,
            done,
            ended: Ended::Finished,
        };
        let flown = (done - there) * record.cells.len() as u64;
        whole.write(progress, &RunNote::new(&started, jobs, flown, progress))?;
    }
    drop(whole);
    for block in JournalReader::open(&folder.journal())? {
        each(&block?);
    }
    Ok(())
}

/// What programs are told of a sweep.
pub fn sweep_json(plan: &Plan, accounts: &Accounts, out: &Path) -> Result<Json, Failure> {
    let names: Vec<&str> = RESULT_FILES.iter().map(|file| file.name).collect();
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| !name.starts_with("replications."))
        .collect();
    let mut object = tables(out, &names)?;
    object["title"] = Json::from(plan.record.title.as_str());
    object["seed"] = Json::from(plan.record.seed);
    object["replications"] = Json::from(accounts.blocks());
    Ok(object)
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

/// One shard: what it keeps, and nothing else.
fn fly_shard(
    arguments: &SweepArguments,
    started: &Started,
    argument: ShardArgument,
) -> Result<(), Failure> {
    let (shard, count) = shard_number(argument, &arguments.to.out)?;
    // Where there is a plan, somebody has checked all its cells: it is read, and the file held to it.
    let (record, mut checked) = if SweepFolder::is_split(&arguments.to.out) {
        let expected = Plan::expected(&arguments.experiment, &overrides(arguments));
        let record = expected
            .map_err(|error| instead(&arguments.experiment, FileKind::Experiment, error))?;
        (record, None)
    } else {
        let plan = load(arguments)?;
        (plan.record.clone(), Some(plan))
    };
    let replications = match (arguments.count.replications, &record.stop) {
        (Some(replications), _) | (None, &StopFile::Fixed { replications }) => replications,
        (None, _) => {
            let rule = Rule::new(&record.stop, None);
            return Err(Failure::bad_input(format!(
                "a shard needs to know how many replications there will be, and the stopping rule of the experiment does not say; expected --replications N{}",
                match record.stopping() {
                    Some(_) => format!(
                        ", such as {}, the first interim analysis of the rule",
                        rule.next_look(0)
                    ),
                    None => String::new(),
                }
            )));
        }
    };
    let rows = match &checked {
        Some(plan) => arguments.kept.checked(&plan.columns)?,
        // They are held to what the folder keeps.
        None => arguments.kept.or(&KeptRows::default())?,
    };
    let record = PlanRecord {
        asked: arguments.count.replications,
        rows: rows.clone(),
        ..record
    };
    let asked = Asked {
        replications,
        count,
        rows: rows.clone(),
        more: arguments.to.resume,
    };
    let (folder, wave) = SweepFolder::join(&arguments.to.out, &record, asked, checked.as_ref())?;
    let name = format!("shard {shard} of {}", wave.count);
    let Some(tile) = wave.tile(shard, record.cells.len()) else {
        tell(&format!(
            "{name} has nothing to do: there are fewer batches of cells than shards"
        ));
        return Ok(());
    };
    let flown_cells: Vec<usize> = Part::of(&record, tile.cells.clone()).flown().collect();
    let plan = match checked.take() {
        Some(mut plan) => {
            plan.record = record;
            plan
        }
        None => Plan::of_cells(record, &flown_cells)?,
    };
    let Range { start: first, end } = tile.blocks;
    let cells = of_cells(&plan.record, &tile.cells);
    let mut run = Sweeping::shard(&plan, &folder, (&wave, shard), tile)?;
    tell_torn(run.torn());
    let there = run.next();
    if run.is_done()? {
        tell(&format!(
            "{name} is there already, replications {first} to {end}{cells}"
        ));
        return Ok(());
    }
    let jobs = arguments.jobs.count();
    let mut bar = Blocks::new(end - first, there - first);
    let flown = run.run(
        end,
        &crew(jobs, arguments.on_error),
        |_| end,
        |next, _| {
            bar.reach(next - first);
            ControlFlow::Continue(())
        },
    );
    bar.finish();
    let reached = run.next();
    let flown_here = (reached - there) * run.width() as u64;
    let session = Session::new(started, jobs, flown_here).text();
    if flown.is_err() || reached < end {
        // Who ran what there is; the failure itself is what is told.
        let noted = run.note(&session);
        flown.map_err(|error| ended_by(error, &plan.record, &arguments.to.out))?;
        noted?;
        return Err(Failure::Interrupted(format!(
            "{name} was interrupted; the same command goes on"
        )));
    }
    run.close(session)?;
    tell(&format!(
        "{name} is done. Next: deconflict status {}",
        quoted(&arguments.to.out.display().to_string())
    ));
    Ok(())
}

/// Which cells, where they are not all.
fn of_cells(record: &PlanRecord, cells: &Range<usize>) -> String {
    match cells.len() == record.cells.len() {
        true => String::new(),
        false => format!(" of cells {} to {}", cells.start, cells.end),
    }
}

/// The shard on the command line, or the one that the scheduler gave, and how many there are: as the command line has it, or the last
/// wave of the folder, or the scheduler.
fn shard_number(argument: ShardArgument, folder: &Path) -> Result<(u64, u64), Failure> {
    let count = match argument {
        ShardArgument::Given(shard, count) => return Ok((shard, count)),
        ShardArgument::Auto(Some(count)) => Some(count),
        ShardArgument::Auto(None) => match SweepFolder::open(folder, Trust::Verified) {
            Ok((folder, record)) => {
                let shards = folder.shards(record.cells.len())?;
                shards.and_then(|shards| Some(shards.waves.last()?.count))
            }
            Err(_) => None,
        },
    };
    scheduler::shard(count, |name| std::env::var(name).ok())
}

/// Says that a block had not been written to its end.
fn tell_torn(journal: Option<&Path>) {
    if let Some(place) = journal {
        tell(&format!(
            "{}: the last block had not been written to its end and is run again.",
            place.display()
        ));
    }
}

/// Who runs replications.
fn crew(jobs: usize, on_error: OnError) -> Crew<'static> {
    Crew {
        jobs,
        interrupted: &interrupted,
        skip_failures: on_error == OnError::Skip,
    }
}

/// Why a sweep ended, and what to do.
fn ended_by(error: SweepingError, record: &PlanRecord, out: &Path) -> Failure {
    match error {
        SweepingError::Replication { cell, failed } => Failure::Other(format!(
            "error: replication {} of cell {cell} (seed {}) failed: {}\n\
             Repeat it: deconflict run --from {} --replication {}\n\
             Leave such replications out: --resume --on-error skip",
            failed.replication,
            record.seed,
            failed.message,
            quoted(&format!("{}:{cell}", out.display())),
            failed.replication,
        )),
        SweepingError::Output(error) => error.into(),
        SweepingError::Threads { .. } => Failure::Machine(format!("error: {error}")),
        SweepingError::Broken(message) => Failure::Other(message),
    }
}

/// How far a sweep is, block by block.
struct Blocks {
    bar: Bar,
    next: u64,
}

impl Blocks {
    fn new(most: u64, there: u64) -> Blocks {
        let bar = Bar::new(most, "blocks", false);
        bar.pass(there);
        Blocks { bar, next: there }
    }

    fn reach(&mut self, next: u64) {
        self.bar.inc(next.saturating_sub(self.next));
        self.next = next;
    }

    fn round(&mut self, record: &PlanRecord, next: u64, ledger: &Ledger) {
        self.reach(next);
        self.bar.say(|| standing(record, &ledger.seen()));
    }

    fn finish(&self) {
        self.bar.finish();
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
    let notation = Notation::of(measure);
    let ends = notation.ends(value.low, value.high);
    Some(format!(
        "{what}{measure}: {} {ends}",
        notation.value(value.estimate)
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
        "seed {}, {} cells, {} replications of each with common random numbers",
        record.seed,
        record.cells.len(),
        accounts.blocks()
    ));
    line("");
    let by_setting = settings(plan, accounts);
    let averages = averages(record, accounts);
    // The answer comes first: cells one by one are for where there is none.
    if by_setting.is_none() && averages.is_empty() {
        line(&cells_table(plan, accounts, SHOWN));
        if record.cells.len() > SHOWN {
            line(&format!(
                "... and {} more cells, in cells.csv",
                record.cells.len() - SHOWN
            ));
        }
        line("");
    }
    if let Some(settings) = &by_setting {
        for words in settings_text(plan, accounts, settings, SHOWN) {
            line(&words);
        }
        line("");
    }
    for words in averages_text(plan, &averages, SHOWN) {
        line(&words);
    }
    let laid_out = |settings: &Settings| settings.cells.len() == record.cells.len();
    if averages.is_empty() && !by_setting.as_ref().is_some_and(laid_out) {
        for words in comparisons(plan, accounts, FEW_PARAGRAPHS) {
            line(&words);
        }
    }
    for words in arms_text(plan, accounts, SHOWN) {
        line(&words);
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
    let row = quoted(&format!("{out}:{cell}"));
    let out = quoted(&out.to_string());
    line(&format!(
        "Next: deconflict report {out}   (the results as one page, with figures)"
    ));
    line(&format!(
        "      deconflict run --from {row} --replication {}   (one row, told by the clock)",
        replication.unwrap_or(0)
    ));
    text
}
