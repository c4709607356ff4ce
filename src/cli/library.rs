//! `deconflict library` and `deconflict init`: what is inside the program, to be included or to begin with.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::output::write_text;
use deconflict::scenario::library::{BEGINNING, LIBRARY, piece};
use serde_json::{Value as Json, json};

use super::json::print_json;
use super::options::AsJson;
use super::subject::quoted;
use super::{Failure, did_you_mean, print, tell};

/// Arguments of `deconflict library`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict library
      the pieces, and what is in them
  deconflict library aircraft
      the text of one: every number with its range and source
  deconflict library aircraft > my-aircraft.toml
      a copy to change

A scenario takes one by its name: include = [\"builtin:aircraft\", \"builtin:places\"]")]
pub struct LibraryArguments {
    /// The piece to print.
    name: Option<String>,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn library(arguments: &LibraryArguments) -> Result<(), Failure> {
    let Some(name) = &arguments.name else {
        if arguments.form.json {
            let pieces = LIBRARY.iter().map(|piece| {
                json!({ "name": piece.name, "about": piece.about(), "tables": piece.tables() })
            });
            return print_json(&json!({ "library": pieces.collect::<Vec<Json>>() }));
        }
        let mut text = String::new();
        for piece in LIBRARY {
            let _ = writeln!(text, "builtin:{}\n    {}", piece.name, piece.about());
            let tables = piece.tables();
            if !tables.is_empty() {
                let _ = writeln!(text, "    {}", tables.join(" "));
            }
        }
        text.push_str("\nA scenario takes one by include = [\"builtin:NAME\"]; `deconflict library NAME` prints it.\n");
        return print(&text);
    };
    let Some(piece) = piece(name) else {
        let known = LIBRARY.iter().map(|piece| piece.name);
        let near = did_you_mean(name, known);
        return Err(Failure::bad_input(format!(
            "the library has no {name:?}{near}; `deconflict library` lists it"
        )));
    };
    match arguments.form.json {
        true => print_json(&json!({ "name": piece.name, "text": piece.text })),
        false => print(piece.text),
    }
}

/// Arguments of `deconflict init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict init
      write scenario.toml, with a comment to every part
  deconflict init my-first.toml && deconflict run my-first.toml
      write it and run it")]
pub struct InitArguments {
    /// The file to write.
    #[arg(default_value = "scenario.toml")]
    file: PathBuf,
    /// Replace FILE if it is there.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn init(arguments: &InitArguments) -> Result<(), Failure> {
    write_text(&arguments.file, arguments.force, BEGINNING)?;
    let file = quoted(&arguments.file.display().to_string());
    print(&format!("Written to {}.\n", arguments.file.display()))?;
    tell(&format!(
        "Next: deconflict run {file}   (how often are the wrong aircraft shot at?)\n      deconflict help KEY   (what a key of it means)"
    ));
    Ok(())
}
