//! `deconflict eval`: one setting in, one JSON object of measures out, for whoever brings an optimiser of his own.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use deconflict::experiment::replicate::replicate;
use deconflict::measure::Columns;
use deconflict::output::estimate_table;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;
use deconflict::statistics::estimate::{Cell, Estimator};
use serde_json::{Map, Value as Json, json};

use super::host::{interrupted, processors};
use super::run::{confidence, progress};
use super::subject::quoted;
use super::{Failure, print};

/// Arguments of `deconflict eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict eval scenarios/nov-2019-agreement.toml --set rules.hostile_criteria.threshold=0.95 --replications 100 --seed 1 --json
      every measure with its interval, as one JSON object on one line
  deconflict eval scenarios/nov-2019-agreement.toml --first 100 --replications 100 --json
      the next hundred replications: other luck, the same for every setting")]
pub struct EvalArguments {
    /// Scenario file (TOML).
    scenario: PathBuf,
    /// Replications to fly; without it as many as the scenario says.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    replications: Option<u64>,
    /// Number of the first replication.
    #[arg(long, value_name = "R", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..900_000_000))]
    first: u64,
    /// Seed of all luck.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    /// Set a value of the scenario by its path; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Threads; without it one a processor. Results do not depend on it.
    #[arg(short, long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
    /// Confidence of the intervals.
    #[arg(long, value_name = "C", default_value_t = 0.95, value_parser = confidence)]
    confidence: f64,
    /// One JSON object on one line, instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn eval(arguments: &EvalArguments) -> Result<(), Failure> {
    let scenario = Scenario::load(&arguments.scenario, &arguments.overrides)?;
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut estimator = Estimator::new(columns.clone());
    let count = arguments.replications.unwrap_or(scenario.replications);
    let range = arguments.first..arguments.first + count;
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let bar = progress(count);
    let engine = Engine::default();
    let work = |replication: Replication| {
        columns.measure(&engine.simulate(&scenario, replication, Detail::Measures))
    };
    replicate(arguments.seed, range, jobs, work, |index, summary| {
        if interrupted() {
            return Err(Failure::Interrupted("interrupted".to_owned()));
        }
        bar.inc(1);
        estimator.add(index, &summary);
        Ok(())
    })
    .map_err(|error| {
        let set = arguments.overrides.iter();
        let set: String = set.map(|set| format!(" --set {}", quoted(set))).collect();
        let path = arguments.scenario.display().to_string();
        let name = format!("{}{set} --seed {}", quoted(&path), arguments.seed);
        Failure::of_replications(error, &name)
    })?;
    bar.finish_and_clear();
    let cells = estimator.cells(arguments.confidence);
    if !arguments.json {
        return print(&format!("{}\n", estimate_table(&cells)));
    }
    let measures: Map<String, Json> = cells
        .iter()
        .map(|cell| (cell.name.clone(), told(cell)))
        .collect();
    let object = json!({
        "scenario": arguments.scenario.display().to_string(),
        "set": arguments.overrides,
        "seed": arguments.seed,
        "first_replication": arguments.first,
        "replications": count,
        "confidence": arguments.confidence,
        "measures": measures,
    });
    let mut line = String::new();
    writeln!(line, "{object}").expect("writing to a string");
    print(&line)
}

/// A measure; what is no number is null.
fn told(cell: &Cell) -> Json {
    let value = cell.value;
    json!({
        "estimate": value.estimate,
        "low": value.low,
        "high": value.high,
        "method": value.method.code(),
        "unit": cell.unit,
        "events": cell.events,
        "n": cell.n,
    })
}
