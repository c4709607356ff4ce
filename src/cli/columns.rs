//! `deconflict columns`: what stands in the result files.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::measure::{Columns, MEASURES};
use deconflict::output::FILES;
use deconflict::scenario::Scenario;

use super::{Failure, print};

/// Arguments of `deconflict columns`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict columns
      the measures, as ratios of columns
  deconflict columns scenarios/nov-2019-baseline.toml
      also every column that a run of this scenario writes")]
pub struct ColumnsArguments {
    /// Scenario whose columns to list.
    scenario: Option<PathBuf>,
}

/// Runs the command.
pub fn columns(arguments: &ColumnsArguments) -> Result<(), Failure> {
    let mut text = String::from(
        "Measures (summary.csv, cells.csv, pairs.csv), each a ratio of two sums over all replications:\n\n",
    );
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    for measure in MEASURES {
        let below = match measure.denominator {
            "" => "replications",
            name => name,
        };
        line(format!(
            "{} = {} / {below}  ({})\n    {}",
            measure.name, measure.numerator, measure.unit, measure.definition
        ));
    }
    line(
        "\nThe result files of all commands, and their columns:"
            .to_owned(),
    );
    for file in FILES {
        line(format!("\n{}: one row is {}", file.name, file.row));
        for (name, meaning) in file.columns {
            line(format!("    {name}: {meaning}"));
        }
    }
    if let Some(path) = &arguments.scenario {
        let scenario = Scenario::load(path, &[])?;
        line("\nColumns (replications.csv), after seed and replication:\n".to_owned());
        for column in Columns::new(&scenario.cast).columns() {
            line(format!("{}\n    {}", column.name, column.meaning));
        }
    }
    print(&text)
}
