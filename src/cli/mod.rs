//! The commands (minimal; to be merged with the real one).

mod check;
mod schema;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Airspace deconfliction simulator.
#[derive(Debug, Parser)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check scenario files: every problem with its place; nothing is written.
    Check {
        /// Scenario files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Override a parameter before checking.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        overrides: Vec<String>,
    },
    /// Print the JSON Schema of scenario files.
    Schema,
}

impl Cli {
    /// Does what was asked for.
    pub fn call(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check { files, overrides } => check::run(&files, &overrides),
            Command::Schema => schema::run(),
        }
    }
}
