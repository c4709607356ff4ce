//! `deconflict schema`: the JSON Schemas of the files that people write.

use clap::{Args, ValueEnum};
use deconflict::experiment::plan::{self, study};
use deconflict::experiment::worlds;
use deconflict::scenario;

use super::{Failure, print};

/// Arguments of `deconflict schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// Of which files.
    #[arg(default_value = "scenario")]
    of: Files,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Files {
    /// Scenario files.
    Scenario,
    /// Experiment files.
    Experiment,
    /// Study files.
    Study,
    /// Files of evidence.
    Match,
    /// Files of worlds.
    Worlds,
}

/// Runs the command.
pub fn print_schema(arguments: &SchemaArguments) -> Result<(), Failure> {
    let schema = match arguments.of {
        Files::Scenario => scenario::schema().clone(),
        Files::Experiment => plan::schema().clone(),
        Files::Study => study::schema().clone(),
        Files::Match => worlds::study::schema(),
        Files::Worlds => worlds::file::schema(),
    };
    print(&format!("{schema:#}\n"))
}
