//! `deconflict eval`: one setting in, one JSON object of measures out, for whoever brings an optimiser of his own.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::replicate::replicate;
use deconflict::measure::Columns;
use deconflict::output::estimate_table;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;
use deconflict::statistics::estimate::Estimator;
use serde_json::Value as Json;

use super::host::interrupted;
use super::json::print_json;
use super::options::{AsJson, Count, Jobs, Level, Set};
use super::progress::Bar;
use super::run::run_json;
use super::subject::{instead, quoted};
use super::{Failure, print, terminal_width};

/// Arguments of `deconflict eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict eval scenarios/nov-2019-agreement.toml --set rules.hostile_criteria.threshold=0.95 --replications 100 --seed 1 --json
      every measure with its interval, as one JSON object on one line
  deconflict eval scenarios/nov-2019-agreement.toml --first 100 --replications 100 --json
      the next hundred replications: other random numbers, the same for every setting")]
pub struct EvalArguments {
    /// Scenario file (TOML).
    scenario: PathBuf,
    #[command(flatten)]
    count: Count,
    /// Number of the first replication.
    #[arg(long, value_name = "R", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..900_000_000))]
    first: u64,
    /// Seed of all random numbers.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    level: Level,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn eval(arguments: &EvalArguments) -> Result<(), Failure> {
    let scenario = Scenario::load(&arguments.scenario, &arguments.set.overrides)
        .map_err(|error| instead(&arguments.scenario, FileKind::Scenario, error))?;
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut estimator = Estimator::new(columns.clone());
    let count = arguments
        .count
        .replications
        .unwrap_or(scenario.replications);
    let range = arguments.first..arguments.first + count;
    let jobs = arguments.jobs.count();
    let bar = Bar::of_replications(count);
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
        let set = arguments.set.overrides.iter();
        let set: String = set.map(|set| format!(" --set {}", quoted(set))).collect();
        let path = arguments.scenario.display().to_string();
        let name = format!("{}{set} --seed {}", quoted(&path), arguments.seed);
        Failure::of_replications(error, &name)
    })?;
    bar.finish();
    let cells = estimator.cells(arguments.level.confidence);
    if !arguments.form.json {
        return print(&format!("{}\n", estimate_table(&cells, terminal_width())));
    }
    let mut object = run_json(
        &arguments.scenario.display().to_string(),
        (arguments.seed, arguments.first, count),
        arguments.level.confidence,
        &cells,
    );
    object["set"] = Json::from(arguments.set.overrides.clone());
    print_json(&object)
}
