//! `deconflict schema`: the JSON Schema of scenario files, for editors.

use std::io::{self, Write};
use std::process::ExitCode;

use deconflict::scenario::schema;

/// Prints the schema.
pub fn run() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(schema())?;
    match writeln!(io::stdout().lock(), "{text}") {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
