//! `deconflict columns`: what stands in the result files.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::measure::{Columns, MEASURES, Measure};
use deconflict::output::FILES;
use deconflict::scenario::Scenario;
use serde_json::{Value as Json, json};

use super::Failure;
use super::options::AsJson;

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
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn columns(arguments: &ColumnsArguments) -> Result<(), Failure> {
    let scenario = match &arguments.scenario {
        Some(path) => Some(Scenario::load(path, &[])?),
        None => None,
    };
    let columns = scenario.map(|scenario| Columns::new(&scenario.cast));
    arguments
        .form
        .print(|| text(columns.as_ref()), || Ok(object(columns.as_ref())))
}

/// What a measure is divided by.
pub fn below(measure: &Measure) -> &'static str {
    match measure.denominator {
        "" => "replications",
        name => name,
    }
}

fn text(columns: Option<&Columns>) -> String {
    let mut text = String::from(
        "Measures (summary.csv, cells.csv, pairs.csv), each a ratio of two sums over all replications:\n\n",
    );
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    for measure in MEASURES {
        line(format!(
            "{} = {} / {}  ({})\n    {}",
            measure.name,
            measure.numerator,
            below(measure),
            measure.unit,
            measure.definition
        ));
    }
    line("\nThe result files of all commands, and their columns:".to_owned());
    for file in FILES {
        line(format!("\n{}: one row is {}", file.name, file.row));
        for (name, meaning) in file.columns {
            line(format!("    {name}: {meaning}"));
        }
    }
    if let Some(columns) = columns {
        line("\nColumns (replications.csv), after seed and replication:\n".to_owned());
        for column in columns.columns() {
            line(format!("{}\n    {}", column.name, column.meaning));
        }
    }
    text
}

fn object(columns: Option<&Columns>) -> Json {
    let described = |(name, meaning): (&str, &str)| json!({ "name": name, "meaning": meaning });
    let measures = MEASURES.iter().map(|measure| {
        json!({
            "name": measure.name,
            "numerator": measure.numerator,
            "denominator": below(measure),
            "unit": measure.unit,
            "more_is_better": measure.more_is_better(),
            "definition": measure.definition,
        })
    });
    let files = FILES.iter().map(|file| {
        let columns = file.columns.iter().map(|&column| described(column));
        json!({ "name": file.name, "row": file.row, "columns": columns.collect::<Vec<Json>>() })
    });
    let mut object = json!({
        "measures": measures.collect::<Vec<Json>>(),
        "files": files.collect::<Vec<Json>>(),
    });
    if let Some(columns) = columns {
        let columns = columns.columns().iter();
        let columns = columns.map(|column| described((&column.name, column.meaning)));
        object["columns"] = Json::Array(columns.collect());
    }
    object
}
