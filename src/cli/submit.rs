//! `deconflict submit`: a sweep for a cluster, estimated, split and handed to its scheduler.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use deconflict::experiment::accounts::Part;
use deconflict::experiment::block::{Block, Outcome};
use deconflict::experiment::file::StopFile;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::plan::{Overrides, Plan, PlanRecord};
use deconflict::experiment::rows::RowForm;
use deconflict::experiment::rule::Rule;
use deconflict::output::{Asked, Encoded, SweepFolder, Trust, Wave, readable, write_text};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::burden::Burden;
use deconflict::simulation::Engine;
use serde_json::{Value as Json, json};

use super::options::{AsJson, Count, FileSeed, Growing, Kept, Set};
use super::subject::{instead, quoted};
use super::{Failure, tell};

/// Arguments of `deconflict submit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict submit scenarios/experiments/agreement.toml --slurm --tasks 40 -n 100000 --out results/agreement --dry-run
      print the script of the array, and what the sweep will take
  deconflict submit scenarios/experiments/agreement.toml --slurm --tasks 40 -n 100000 --out results/agreement
      check and split the sweep, submit it, and a job that merges it when all tasks have ended
  deconflict submit scenarios/experiments/agreement.toml --slurm --tasks 40 -n 400000 --out results/agreement --resume
      make it longer")]
pub struct SubmitArguments {
    /// Experiment file (TOML).
    experiment: PathBuf,
    #[command(flatten)]
    to: Growing,
    /// To Slurm, by sbatch.
    #[arg(long, required = true)]
    slurm: bool,
    /// Tasks of the array.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    tasks: u64,
    #[command(flatten)]
    count: Count,
    /// Threads of a task.
    #[arg(long, value_name = "T", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    #[command(flatten)]
    seed: FileSeed,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    kept: Kept,
    /// A line for sbatch, such as --partition=long; may be repeated.
    #[arg(long = "sbatch", value_name = "OPTION", allow_hyphen_values = true)]
    options: Vec<String>,
    /// Write nothing and submit nothing; print the script.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    form: AsJson,
}

/// So long the trial runs, if a replication does not take longer.
const TRIAL: Duration = Duration::from_secs(2);

/// Memory of the program itself, and of the sums of a cell, bytes.
const PROGRAM_BYTES: f64 = 64e6;
const CELL_BYTES: f64 = 2e6;

/// What a task may take longer than the trial says, and how long it may take at least.
const SLACK: f64 = 3.0;
const LEAST_MINUTES: f64 = 10.0;

/// Runs the command.
pub fn submit(arguments: &SubmitArguments) -> Result<(), Failure> {
    let overrides = Overrides {
        seed: arguments.seed.seed,
        set: arguments.set.overrides.clone(),
        worlds: None,
    };
    let mut plan = Plan::load(&arguments.experiment, &overrides)
        .map_err(|error| instead(&arguments.experiment, FileKind::Experiment, error))?;
    let rows = arguments.kept.checked(&plan.columns)?;
    plan.record.rows = rows.clone();
    let replications = match (arguments.count.replications, &plan.record.stop) {
        (Some(replications), _) | (None, &StopFile::Fixed { replications }) => replications,
        (None, stop) => Rule::new(stop, None).next_look(0),
    };
    let paired = plan.record.pairs().next().is_some();
    let first = match SweepFolder::open(&arguments.to.out, Trust::Verified) {
        Ok((folder, record)) if arguments.to.resume => {
            let shards = folder.shards(record.cells.len())?;
            shards.map_or(0, |shards| match shards.replications() {
                there if there < replications => there,
                _ => 0,
            })
        }
        _ => 0,
    };
    let cells = plan.record.cells.len();
    let wave = Wave::new(first, replications, arguments.tasks, cells, paired);
    let trial = Trial::of(&plan);
    let needs = trial.needs(&plan, &wave, arguments.threads);
    tell(&needs.words);
    let text = script(arguments, replications, &needs)?;
    let mut told = needs.told.clone();
    told["out"] = Json::from(arguments.to.out.display().to_string());
    told["replications"] = Json::from(replications);
    told["script"] = Json::from(text.as_str());
    if arguments.dry_run {
        return arguments.form.print(|| text, || Ok(told));
    }
    // Nothing is left behind where there is nobody to hand it to.
    sbatch(&["--version".into()])?;
    let record = PlanRecord {
        asked: arguments.count.replications,
        ..plan.record.clone()
    };
    let asked = Asked {
        replications,
        count: arguments.tasks,
        rows,
        more: arguments.to.resume,
    };
    let (folder, _) = SweepFolder::join(&arguments.to.out, &record, asked, Some(&plan))?;
    let place = folder.path().join("submit.sh");
    write_text(&place, true, &text)?;
    let job = sbatch(&[place.as_os_str().to_owned()])?;
    let merge = format!(
        "exec {} merge {}",
        quoted(&program()?),
        quoted(&absolute(&arguments.to.out)?)
    );
    let after = sbatch(&[
        format!("--dependency=afterany:{job}").into(),
        "--job-name=deconflict-merge".into(),
        format!("--output={}.merge.log", absolute(&arguments.to.out)?).into(),
        format!("--wrap={merge}").into(),
    ])?;
    let out = quoted(&arguments.to.out.display().to_string());
    arguments.form.print(
        || {
            format!(
                "Submitted as job {job}, to be merged by job {after}.\nNext: deconflict status {out}\n"
            )
        },
        || {
            told["job"] = Json::from(job.as_str());
            told["merge_job"] = Json::from(after.as_str());
            Ok(told)
        },
    )
}

/// Hands something to Slurm; the number of the job.
fn sbatch(arguments: &[std::ffi::OsString]) -> Result<String, Failure> {
    let output = Command::new("sbatch")
        .arg("--parsable")
        .args(arguments)
        .output()
        .map_err(|error| {
            let said = "cannot start sbatch, which hands it to Slurm; --dry-run prints the script, sweep --shard I/N is for other schedulers";
            Failure::other(error, said)
        })?;
    if !output.status.success() {
        return Err(Failure::Other(format!(
            "sbatch refused: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.trim().split(';').next().unwrap_or_default().to_owned())
}

/// What a few replications took.
struct Trial {
    replication_s: f64,
    row_bytes: f64,
}

impl Trial {
    /// Cells in turn, from the first and from the last, until the time is up.
    fn of(plan: &Plan) -> Trial {
        let engine = Engine::default();
        let begun = Instant::now();
        let mut encoded = Encoded::from(0);
        let mut flown = 0_u64;
        let cells = plan.record.cells.len();
        while begun.elapsed() < TRIAL && flown < 1_000 {
            let cell = match flown % 2 {
                0 => (flown as usize / 2) % cells,
                _ => cells - 1 - (flown as usize / 2) % cells,
            };
            let replication = Replication {
                seed: plan.record.seed,
                index: flown,
            };
            let log = engine.simulate(&plan.scenarios[cell], replication, Detail::Measures);
            let outcome = Outcome::Flown(plan.columns.measure(&log));
            encoded.push(&Block {
                index: flown,
                outcomes: vec![outcome],
            });
            flown += 1;
        }
        Trial {
            replication_s: begun.elapsed().as_secs_f64() / flown as f64,
            row_bytes: encoded.bytes() as f64 / flown as f64,
        }
    }

    fn needs(&self, plan: &Plan, wave: &Wave, threads: u16) -> Needs {
        let cells = plan.record.cells.len();
        let work = |width: usize, blocks: u64| width as f64 * blocks as f64;
        let tiles = wave.tiles(cells).map(|(_, tile)| {
            let part = Part::of(&plan.record, tile.cells.clone());
            (part.width(), tile.blocks.end - tile.blocks.start)
        });
        let (mut all, mut largest, mut widest, mut tasks) = (0.0, 0.0_f64, 0, 0_u64);
        for (width, blocks) in tiles {
            all += work(width, blocks);
            largest = largest.max(work(width, blocks));
            widest = widest.max(width);
            tasks += 1;
        }
        let threads = f64::from(threads);
        let burden = (plan
            .scenarios
            .iter()
            .map(|scenario| Burden::of(scenario).memory_bytes))
        .fold(0.0, f64::max);
        let memory_bytes = PROGRAM_BYTES + CELL_BYTES * widest as f64 + burden * threads;
        let minutes = largest * self.replication_s / threads / 60.0;
        let kept = match plan.record.rows.form {
            RowForm::None => "sums alone".to_owned(),
            RowForm::Csv | RowForm::Parquet => {
                format!("{} MB of rows", readable(all * self.row_bytes / 1e6))
            }
        };
        Needs {
            minutes: up(minutes * SLACK + LEAST_MINUTES),
            memory_mb: up(memory_bytes / 1e6 * 1.5),
            words: format!(
                "{} replications in {tasks} tasks of {threads} threads: {} ms each, {} processor hours in all, {} minutes the longest task, {} MB of memory a task, {kept}",
                all,
                readable(self.replication_s * 1e3),
                readable(all * self.replication_s / 3600.0),
                readable(minutes),
                readable(memory_bytes / 1e6),
            ),
            told: json!({
                "tasks": tasks,
                "threads": threads,
                "replication_s": self.replication_s,
                "processor_h": all * self.replication_s / 3600.0,
                "longest_task_min": minutes,
                "memory_mb": memory_bytes / 1e6,
                "rows_mb": match plan.record.rows.form {
                    RowForm::None => 0.0,
                    RowForm::Csv | RowForm::Parquet => all * self.row_bytes / 1e6,
                },
            }),
        }
    }
}

/// The next whole number.
fn up(value: f64) -> u64 {
    value.max(0.0) as u64 + 1
}

/// What a task is given.
struct Needs {
    minutes: u64,
    memory_mb: u64,
    words: String,
    /// The same for programs.
    told: Json,
}

fn program() -> Result<String, Failure> {
    std::env::current_exe()
        .map(|path| path.display().to_string())
        .map_err(|error| Failure::other(error, "cannot tell where this program is"))
}

fn absolute(path: &Path) -> Result<String, Failure> {
    std::path::absolute(path)
        .map(|path| path.display().to_string())
        .map_err(|error| Failure::other(error, "cannot tell where the folder is"))
}

/// The script of the array. A task that is to end is told 20 s before, ends politely and is put in the queue again.
fn script(
    arguments: &SubmitArguments,
    replications: u64,
    needs: &Needs,
) -> Result<String, Failure> {
    let mut words: Vec<String> = vec![
        quoted(&program()?),
        "sweep".to_owned(),
        quoted(&absolute(&arguments.experiment)?),
        "--out".to_owned(),
        quoted(&absolute(&arguments.to.out)?),
        format!("--replications {replications}"),
        format!("--shard auto/{}", arguments.tasks),
    ];
    if let Some(seed) = arguments.seed.seed {
        words.push(format!("--seed {seed}"));
    }
    words.extend(
        arguments
            .set
            .overrides
            .iter()
            .map(|set| format!("--set {}", quoted(set))),
    );
    words.extend(arguments.kept.words());
    if arguments.to.resume {
        words.push("--resume".to_owned());
    }
    let mut text = String::from("#!/bin/bash\n");
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    let hours = (needs.minutes / 60, needs.minutes % 60);
    for option in [
        "--job-name=deconflict".to_owned(),
        format!("--array=0-{}", arguments.tasks - 1),
        format!("--cpus-per-task={}", arguments.threads),
        format!("--time={}:{:02}:00", hours.0, hours.1),
        format!("--mem={}M", needs.memory_mb),
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        "--signal=B:TERM@20".to_owned(),
        format!("--output={}.%a.log", absolute(&arguments.to.out)?),
    ]
    .iter()
    .chain(&arguments.options)
    {
        line(format!("#SBATCH {option}"));
    }
    line(format!(
        "\n# The shell gets the signal and hands it on; the task ends politely with 75 and runs on when it is started again.\n\
         {} &\n\
         task=$!\n\
         trap 'kill -TERM \"$task\"' TERM USR1\n\
         wait \"$task\"; code=$?\n\
         while kill -0 \"$task\" 2>/dev/null; do wait \"$task\"; code=$?; done\n\
         if [ \"$code\" = 75 ]; then\n    \
             exec scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}\"\n\
         fi\n\
         exit \"$code\"",
        words.join(" ")
    ));
    Ok(text)
}
