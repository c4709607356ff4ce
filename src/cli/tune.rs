//! `deconflict tune`: search for settings of the rules, examine the best on fresh random numbers, write a page for whoever decides.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::plan::Overrides;
use deconflict::experiment::plan::study::Study;
use deconflict::experiment::tune::course::{Place, Stage, Task, Tuning};
use deconflict::experiment::tune::file::BudgetFile;
use deconflict::experiment::tune::fly::{FlyError, Portion, fly_tasks, gathered, parcels};
use deconflict::experiment::tune::samples::Sample;
use deconflict::experiment::tune::verdict::judge;
use deconflict::output::{
    Batch, Due, Ended, Progress, Trust, TuningFolder, Workers, idle_words, readable,
    tradeoff_table, write_tuning,
};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;
use rayon::prelude::*;
use serde_json::Value as Json;

use super::host::{RunNote, Started, host, interrupted};
use super::json::tables;
use super::options::{AsJson, FileSeed, Growing, Jobs, Set};
use super::progress::Bar;
use super::subject::{instead, quoted};
use super::sweep::kept_words;
use super::{Failure, tell};

/// Arguments of `deconflict tune`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict tune scenarios/studies/agreement.toml --out results/tuned
      search, examine on fresh random numbers, write the front, the finalists and decision.md
  deconflict tune scenarios/studies/agreement.toml --out results/tuned --budget 100000 --force
      the same with another number of replications, from the beginning
  deconflict tune scenarios/studies/agreement.toml --out results/tuned --resume
      go on after Ctrl-C or a crash; the result is the same to the last byte
  deconflict tune scenarios/studies/agreement.toml --out /shared/tuned --worker
      the same in as many terminals or tasks as wanted, on one shared folder; the result is that of one
  deconflict run results/tuned/finalists/01.toml
      run a finalist: each is a complete scenario

Exit code: 0 done, 1 failed, 2 bad input, 130 interrupted; of a worker 75
where another try may go better: interrupted, disk full.")]
pub struct TuneArguments {
    /// Study file (TOML).
    study: PathBuf,
    #[command(flatten)]
    to: Growing,
    /// Replications of all candidates and stages together, instead of the budget in the file.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=400_000_000))]
    budget: Option<u64>,
    #[command(flatten)]
    seed: FileSeed,
    #[command(flatten)]
    set: Set,
    /// Run the finalists in each of the worlds of this file (see `deconflict match`), in place of the study's own
    /// uncertainties.
    #[arg(long, value_name = "FILE")]
    worlds: Option<PathBuf>,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
    /// Replace the tuning in DIR.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Work on the tuning in DIR together with all others that do; begin it if nobody has. The same command goes on.
    #[arg(long, conflicts_with_all = ["force", "resume"])]
    worker: bool,
}

/// Share of a budget of minutes after which the search ends; the rest is for out-of-sample evaluation and other worlds.
const SEARCH_SHARE_OF_TIME: f64 = 0.5;

/// Runs the command.
pub fn tune(arguments: &TuneArguments) -> Result<(), Failure> {
    let started = Started::now();
    let overrides = Overrides {
        seed: arguments.seed.seed,
        set: arguments.set.overrides.clone(),
        worlds: arguments.worlds.clone(),
    };
    let study = Study::load(&arguments.study, &overrides, budget(arguments)?)
        .map_err(|error| instead(&arguments.study, FileKind::Study, error))?;
    if arguments.worker {
        return work(arguments, &study, &started).map_err(Failure::temporary);
    }
    let (mut folder, told) = if arguments.to.resume {
        let resumed = TuningFolder::resume(&arguments.to.out, &study.record)?;
        if resumed.torn_bytes > 0 {
            tell(&format!(
                "{}: the last generation had not been written to its end and is run again.",
                arguments.to.out.join("search.batches").display()
            ));
        }
        (resumed.folder, resumed.told)
    } else {
        let folder = TuningFolder::create(&arguments.to.out, arguments.force, &study.record)?;
        (folder, Vec::new())
    };
    let jobs = arguments.jobs.count();
    let search_ends = match study.record.study.budget {
        BudgetFile::Minutes(minutes) => {
            Duration::try_from_secs_f64(minutes * 60.0 * SEARCH_SHARE_OF_TIME).ok()
        }
        BudgetFile::Replications(_) => None,
    };

    let mut tuning = Tuning::new(study.course.clone());
    let mut told = told.into_iter();
    let bar = progress(&study);
    let (mut flown, mut hurried) = (0, false);
    loop {
        let known = told.next();
        let time_is_up =
            search_ends.is_some_and(|limit| started.elapsed_s() >= limit.as_secs_f64());
        hurried |= known.as_ref().map_or(time_is_up, |batch| batch.hurried);
        if hurried {
            tuning.end_search();
        }
        let tasks = tuning.ask(|point| study.admissible(point));
        if tasks.is_empty() {
            break;
        }
        bar.say(|| Some(words(&tuning)));
        let expected: u64 = tasks.iter().map(length).sum();
        let results = match known {
            Some(batch) => {
                refuse_other(&tasks, &batch, folder.path())?;
                bar.pass(expected);
                batch.results
            }
            None => {
                let results = match fly(&study, &tuning, &tasks, jobs, &bar, folder.path()) {
                    Err(Failure::Interrupted(told)) => {
                        let kept = kept_words(folder.path());
                        return Err(Failure::Interrupted(format!("{told}{kept}")));
                    }
                    flown => flown?,
                };
                let batch = Batch { hurried, results };
                folder.append(&batch)?;
                flown += expected;
                batch.results
            }
        };
        tuning.tell(results);
    }
    bar.finish();
    let ended = match hurried {
        true => Ended::TimeUp,
        false => Ended::Finished,
    };
    let progress = judged(&study, &tuning, ended)?;
    let note = RunNote::new(&started, jobs, flown, progress);
    write_tuning(folder.path(), &study, &tuning, progress, &note)?;
    say_pace(&started, jobs, flown);
    print_results(arguments, &study, &tuning)
}

/// How far a tuning came that found something.
fn judged(study: &Study, tuning: &Tuning, ended: Ended) -> Result<Progress, Failure> {
    if judge(tuning).is_empty() {
        return Err(Failure::Other(
            "error: no setting of the parameters makes a sound scenario".to_owned(),
        ));
    }
    Ok(Progress {
        asked: study.course.budget,
        done: tuning.spent(),
        ended,
    })
}

fn say_pace(started: &Started, jobs: usize, flown: u64) {
    let elapsed_s = started.elapsed_s();
    tell(&format!(
        "{flown} replications in {} s with {jobs} threads: {} a second",
        readable(elapsed_s),
        readable(flown as f64 / elapsed_s)
    ));
}

fn print_results(arguments: &TuneArguments, study: &Study, tuning: &Tuning) -> Result<(), Failure> {
    let out = &arguments.to.out;
    arguments.form.print(
        || report(study, tuning, out),
        || {
            let names = ["front.csv", "robustness.csv", "break_even.csv"];
            let mut object = tables(out, &names)?;
            object["title"] = Json::from(study.record.study.title.as_str());
            object["seed"] = Json::from(study.record.study.seed);
            object["replications"] = Json::from(tuning.spent());
            Ok(object)
        },
    )
}

/// Works on a tuning with all others that do: each asks for the same, and tells itself what all of them found.
fn work(arguments: &TuneArguments, study: &Study, started: &Started) -> Result<(), Failure> {
    if matches!(study.record.study.budget, BudgetFile::Minutes(_)) {
        return Err(Failure::bad_input(
            "a budget of minutes depends on the machine: --worker needs replications, --budget N",
        ));
    }
    let host = host().unwrap_or_default();
    let workers = Workers::join(&arguments.to.out, &study.record, host)?;
    let jobs = arguments.jobs.count();
    let mut tuning = Tuning::new(study.course.clone());
    let bar = progress(study);
    let mut flown = 0;
    for number in 0.. {
        let tasks = tuning.ask(|point| study.admissible(point));
        if tasks.is_empty() {
            break;
        }
        bar.say(|| Some(words(&tuning)));
        let together = Together {
            study,
            tuning: &tuning,
            tasks: &tasks,
            workers: &workers,
            batch: number,
            bar: &bar,
        };
        let (batch, here) = together.run(jobs)?;
        refuse_other(&tasks, &batch, workers.path())?;
        let expected: u64 = tasks.iter().map(length).sum();
        bar.pass(expected.saturating_sub(here));
        flown += here;
        tuning.tell(batch.results);
    }
    bar.finish();
    let progress = judged(study, &tuning, Ended::Finished)?;
    loop {
        match workers.results_due()? {
            None => break,
            Some(true) => {
                let note = RunNote::new(started, jobs, flown, progress);
                let written = write_tuning(workers.path(), study, &tuning, progress, &note);
                workers.results_done();
                written?;
            }
            Some(false) if interrupted() => return Err(stopped(workers.path())),
            Some(false) => std::thread::sleep(PAUSE),
        }
    }
    say_pace(started, jobs, flown);
    print_results(arguments, study, &tuning)
}

/// A worker that finds others at work on all that is left looks again after so long.
const PAUSE: Duration = Duration::from_millis(50);

fn stopped(path: &Path) -> Failure {
    Failure::Interrupted(format!(
        "interrupted; the same command goes on, and other workers on {} do meanwhile",
        path.display()
    ))
}

/// What was asked for at once, for workers.
struct Together<'a> {
    study: &'a Study,
    tuning: &'a Tuning,
    tasks: &'a [Task],
    workers: &'a Workers,
    batch: u64,
    bar: &'a Bar,
}

impl Together<'_> {
    /// All of it, and how many replications were run here.
    fn run(&self, jobs: usize) -> Result<(Batch, u64), Failure> {
        let parcels = parcels(self.tasks);
        let scenarios: Vec<OnceLock<Scenario>> =
            self.tasks.iter().map(|_| OnceLock::new()).collect();
        let (here, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let engine = Engine::default();
        loop {
            if let Some(batch) = self.workers.batch(self.batch)? {
                return Ok((batch, here.into_inner()));
            }
            let lane = || {
                let worked = self.lane(&parcels, &scenarios, &engine, (&here, &stop));
                if worked.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                worked
            };
            let ends: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
                let lanes: Vec<_> = (0..jobs).map(|_| scope.spawn(lane)).collect();
                let ends = lanes.into_iter().map(|lane| lane.join());
                ends.map(|end| end.unwrap_or_else(|_| Err(Failure::fault())))
                    .collect()
            });
            // One that failed has the others stop: what it says comes first.
            let mut failures: Vec<Failure> = ends.into_iter().filter_map(Result::err).collect();
            failures.sort_by_key(|failure| matches!(failure, Failure::Interrupted(_)));
            if let Some(failure) = failures.into_iter().next() {
                return Err(failure);
            }
            // Another may have made the batch of them already, and cleared up.
            let Some(results) = self.workers.parcels(self.batch, parcels.len())? else {
                continue;
            };
            if let Some(results) = gathered(self.tasks, results) {
                let batch = Batch {
                    hurried: false,
                    results,
                };
                self.workers.keep_batch(self.batch, &batch)?;
            } else {
                return Err(Failure::bad_input(format!(
                    "{}: parcels of batch {} do not belong to this study",
                    self.workers.path().display(),
                    self.batch
                )));
            }
        }
    }

    /// One thread: parcel after parcel, until all are there.
    fn lane(
        &self,
        parcels: &[Vec<Portion>],
        scenarios: &[OnceLock<Scenario>],
        engine: &Engine,
        (here, stop): (&AtomicU64, &AtomicBool),
    ) -> Result<(), Failure> {
        let ending = || interrupted() || stop.load(Ordering::Relaxed);
        loop {
            if ending() {
                return Err(stopped(self.workers.path()));
            }
            match self.workers.due(self.batch, parcels.len())? {
                Due::Done => return Ok(()),
                Due::Wait => std::thread::sleep(PAUSE),
                Due::Parcel(number) => {
                    let samples = self.parcel(&parcels[number], scenarios, engine, ending)?;
                    here.fetch_add(samples.len() as u64, Ordering::Relaxed);
                    let place = (self.batch, number, parcels.len());
                    self.workers.keep_parcel(place, &samples)?;
                }
            }
        }
    }

    fn parcel(
        &self,
        parcel: &[Portion],
        scenarios: &[OnceLock<Scenario>],
        engine: &Engine,
        ending: impl Fn() -> bool,
    ) -> Result<Vec<Sample>, Failure> {
        let mut tasks = Vec::new();
        for portion in parcel {
            let task = &self.tasks[portion.task];
            if scenarios[portion.task].get().is_none() {
                // Two threads may make the same one.
                let _ = scenarios[portion.task].set(scenario(self.study, self.tuning, task)?);
            }
            tasks.push(Task {
                replications: portion.replications.clone(),
                ..task.clone()
            });
        }
        let of: Vec<&Scenario> = (parcel.iter())
            .filter_map(|portion| scenarios[portion.task].get())
            .collect();
        let run = run_tasks(self.study, &tasks, &of, (engine, 1), ending, self.bar);
        let samples =
            run.map_err(
                |error| match told(self.study, &tasks, &of, self.workers.path(), error) {
                    Failure::Interrupted(_) => stopped(self.workers.path()),
                    failure => failure,
                },
            )?;
        Ok(samples.into_iter().flatten().collect())
    }
}

/// The replications that the command line asks for, or asked for when the tuning was begun; none where the file says it.
fn budget(arguments: &TuneArguments) -> Result<Option<u64>, Failure> {
    if arguments.budget.is_some() || !arguments.to.resume {
        return Ok(arguments.budget);
    }
    let there = TuningFolder::study(&arguments.to.out, Trust::Verified)?;
    Ok(match there.map(|there| there.study.budget) {
        Some(BudgetFile::Replications(count)) => Some(count),
        Some(BudgetFile::Minutes(_)) | None => None,
    })
}

fn length(task: &Task) -> u64 {
    task.replications.end - task.replications.start
}

/// A journal of the same study that does not fit was not written by this program.
fn refuse_other(tasks: &[Task], batch: &Batch, path: &Path) -> Result<(), Failure> {
    let fits = tasks.len() == batch.results.len()
        && tasks
            .iter()
            .zip(&batch.results)
            .all(|(task, results)| length(task) == results.len() as u64);
    if fits {
        return Ok(());
    }
    Err(Failure::bad_input(format!(
        "{}: search.batches does not belong to this study; --force begins anew",
        path.display()
    )))
}

/// The scenario of a task.
fn scenario(study: &Study, tuning: &Tuning, task: &Task) -> Result<Scenario, Failure> {
    let point = tuning.candidates()[task.candidate].point.as_ref();
    let world = match task.place {
        Place::World(world) => Some(world),
        Place::Search | Place::OutOfSample => None,
    };
    Ok(study.scenario(point, world)?)
}

/// What a tuning asks for, run. The scenario of a replication that fails is written into the folder, so that it can be
/// run again.
pub fn fly(
    study: &Study,
    tuning: &Tuning,
    tasks: &[Task],
    jobs: usize,
    bar: &Bar,
    out: &Path,
) -> Result<Vec<Vec<Sample>>, Failure> {
    let scenarios = tasks
        .par_iter()
        .map(|task| scenario(study, tuning, task))
        .collect::<Result<Vec<Scenario>, _>>()?;
    let scenarios: Vec<&Scenario> = scenarios.iter().collect();
    let engine = Engine::of_rule_sets(jobs);
    run_tasks(study, tasks, &scenarios, (&engine, jobs), interrupted, bar)
        .map_err(|error| told(study, tasks, &scenarios, out, error))
}

fn run_tasks(
    study: &Study,
    tasks: &[Task],
    scenarios: &[&Scenario],
    (engine, jobs): (&Engine, usize),
    ending: impl Fn() -> bool,
    bar: &Bar,
) -> Result<Vec<Vec<Sample>>, FlyError> {
    let seed = study.record.study.seed;
    let work = |task: usize, index: u64| {
        let log = engine.simulate(
            scenarios[task],
            Replication { seed, index },
            Detail::Measures,
        );
        study.sample(&study.columns.measure(&log))
    };
    fly_tasks(tasks, jobs, ending, work, || bar.inc(1))
}

/// Why it ended early; the scenario of a replication that failed is written into the folder.
fn told(
    study: &Study,
    tasks: &[Task],
    scenarios: &[&Scenario],
    out: &Path,
    error: FlyError,
) -> Failure {
    let FlyError::Failed {
        candidate,
        replication,
        message,
    } = error
    else {
        return error.into();
    };
    let seed = study.record.study.seed;
    let of_it =
        |task: &Task| task.candidate == candidate && task.replications.contains(&replication);
    let scenario = tasks.iter().position(of_it).map(|task| scenarios[task]);
    let place = out.join(FAILED);
    let text = scenario.and_then(|scenario| toml::to_string(&scenario.file).ok());
    // If it cannot be written the failure is told all the same.
    let _ = std::fs::write(&place, text.unwrap_or_default());
    let name = format!("{} --seed {seed}", quoted(&place.display().to_string()));
    Failure::replication(&name, seed, replication, &message)
}

/// The scenario of a replication that failed.
const FAILED: &str = "failed.toml";

/// Where it stands, beside the bar.
fn words(tuning: &Tuning) -> String {
    match tuning.stage() {
        Stage::Search => format!(
            "search: generation {}, {} candidates",
            tuning.generation(),
            tuning.candidates().len().saturating_sub(1)
        ),
        Stage::Refinement => "neighbours of the best".to_owned(),
        Stage::OutOfSample => {
            format!(
                "{} finalists on fresh random numbers",
                tuning.finalists().len()
            )
        }
        Stage::Robustness => "finalists in other worlds".to_owned(),
        Stage::Over => String::new(),
    }
}

/// How far it is; of minutes nobody knows how many replications there will be.
pub fn progress(study: &Study) -> Bar {
    let timed = matches!(study.record.study.budget, BudgetFile::Minutes(_));
    Bar::new(study.course.budget, "replications", timed)
}

/// What goes to standard output.
fn report(study: &Study, tuning: &Tuning, out: &Path) -> String {
    let verdicts = judge(tuning);
    let file = &study.record.study;
    let out = quoted(&out.display().to_string());
    let best = verdicts.iter().position(|verdict| verdict.on_front);
    let next = match best {
        Some(at) => format!(
            "Next: deconflict run {out}/finalists/{:02}.toml   (a finalist is a complete scenario)\nLook at it: deconflict report {out}",
            at + 1
        ),
        None => format!(
            "None is shown to keep the limits. Next: deconflict tune ... --budget {}   (or loosen a limit)",
            2 * tuning.spent()
        ),
    };
    let idle: String = idle_words(study, tuning, str::to_owned)
        .iter()
        .map(|words| format!("{words}\n"))
        .collect();
    format!(
        "{}\nseed {}, {} replications, {} candidates, {} finalists on fresh random numbers\n\n{}\n\
         Brackets: intervals on fresh random numbers for all finalists together. \"search said\" is what made them finalists.\n{idle}\
         Absolute rates are uncalibrated: no public count of sorties exists. Only comparisons between rule sets mean something.\n\n\
         Written to {out}; read {out}/decision.md first.\n{next}\n",
        file.title,
        file.seed,
        tuning.spent(),
        tuning.candidates().len().saturating_sub(1),
        verdicts.len(),
        tradeoff_table(study, tuning),
    )
}
