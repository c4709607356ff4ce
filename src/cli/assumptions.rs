//! `deconflict assumptions`: what a scenario rests on.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::experiment::kind::FileKind;
use deconflict::output::{assumptions_text, write_assumptions};
use deconflict::scenario::Scenario;
use deconflict::scenario::register::Kind;
use serde_json::json;

use super::Failure;
use super::json::rows_of;
use super::options::{AsJson, Out, Set};
use super::subject::instead;

/// Arguments of `deconflict assumptions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict assumptions scenarios/nov-2019-baseline.toml
      every number that says where it comes from: value, range, kind, place
  deconflict assumptions scenarios/nov-2019-baseline.toml --out assumptions.csv
      the same with sources and dates, as CSV
  deconflict assumptions scenarios/nov-2019-baseline.toml --missing
      also the path of every number that says nothing")]
pub struct AssumptionsArguments {
    /// Scenario file (TOML).
    scenario: PathBuf,
    #[command(flatten)]
    set: Set,
    /// Also list the numbers of which nothing is said.
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn assumptions(arguments: &AssumptionsArguments) -> Result<(), Failure> {
    let scenario = Scenario::load(&arguments.scenario, &arguments.set.overrides)
        .map_err(|error| instead(&arguments.scenario, FileKind::Scenario, error))?;
    let register = &scenario.register;
    if let Some(path) = &arguments.out.out {
        write_assumptions(path, arguments.out.force, register)?;
    }
    let mut text = assumptions_text(register);
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    let of = |kind: Kind| {
        let used = register.assumptions.iter().filter(|one| one.in_use);
        used.filter(|one| one.kind == kind).count()
    };
    line(format!(
        "\n{} in use: {} public, {} derived, {} assumed. Of {} more numbers nothing is said{}.",
        register.assumptions.iter().filter(|one| one.in_use).count(),
        of(Kind::Public),
        of(Kind::Derived),
        of(Kind::Assumed),
        register.unstated.len(),
        match (arguments.missing, register.unstated.is_empty()) {
            (false, false) => "; --missing lists them",
            _ => "",
        }
    ));
    if arguments.missing {
        for path in &register.unstated {
            line(format!("  {path}"));
        }
    }
    if !register.idle.is_empty() {
        line(format!(
            "Stated about what this scenario does not have: {}.",
            register.idle.join(", ")
        ));
    }
    if let Some(path) = &arguments.out.out {
        line(format!("Sources and dates are in {}.", path.display()));
    }
    arguments.form.print(
        || text,
        || {
            Ok(json!({
                "scenario": arguments.scenario.display().to_string(),
                "assumptions": rows_of(|path| write_assumptions(path, true, register))?,
                "unstated": register.unstated,
                "idle": register.idle,
            }))
        },
    )
}
