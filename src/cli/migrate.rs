//! `deconflict migrate`: files of earlier versions in the words of today.

use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::output::write_text;
use deconflict::scenario::migrate::{Migrated, migrate};
use serde_json::{Value as Json, json};

use super::json::print_json;
use super::options::AsJson;
use super::{Failure, print, tell};

/// Arguments of `deconflict migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict migrate old.toml -o new.toml
      write a scenario, experiment, study, evidence or worlds file anew in the words of today
  deconflict migrate old.toml | diff old.toml -
      what would change
  deconflict migrate --in-place scenarios/*.toml scenarios/experiments/*.toml
      several files where they are

Keys, values, paths and names of measures change; comments and layout stay. What no program can
rewrite is named with its line and the reason, and nothing is written then: exit code 2. A name
that does not mean quite the same is told with its line; one that nobody reads any more becomes a
comment. A file that others include is migrated by itself; its comments are the reader's.")]
pub struct MigrateArguments {
    /// Files of an earlier version (TOML).
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the new text to this file, instead of standard output.
    #[arg(short, long, value_name = "FILE", conflicts_with = "in_place")]
    out: Option<PathBuf>,
    /// Write every file where it is.
    #[arg(long)]
    in_place: bool,
    /// Replace the file of --out, if it is there.
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn migrate_files(arguments: &MigrateArguments) -> Result<(), Failure> {
    if arguments.files.len() > 1 && !arguments.in_place {
        return Err(Failure::bad_input(format!(
            "{} files and one place to write to; expected one file, or --in-place",
            arguments.files.len()
        )));
    }
    let mut problems = String::new();
    let mut migrated: Vec<(&Path, Migrated)> = Vec::new();
    for file in &arguments.files {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::bad_input(format!("cannot read {}: {error}", file.display()))
        })?;
        match migrate(&file.display().to_string(), &text) {
            Ok(new) => migrated.push((file, new)),
            Err(error) => problems.push_str(&error.render(true)),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    let mut files = Vec::new();
    for (file, new) in migrated {
        let changes = match new.changes {
            0 => "nothing to change".to_owned(),
            1 => "1 change".to_owned(),
            many => format!("{many} changes"),
        };
        match &arguments.out {
            Some(out) => write_text(out, arguments.force, &new.text)?,
            None if arguments.in_place && new.changes > 0 => write_text(file, true, &new.text)?,
            None if arguments.in_place || arguments.form.json => {}
            None => print(&new.text)?,
        }
        tell(&format!("{}: {changes}", file.display()));
        for (line, old, became) in &new.notes {
            tell(&format!("{}:{line}: {old}: {became}", file.display()));
        }
        let notes = new.notes.iter();
        let notes =
            notes.map(|(line, old, became)| json!({ "line": line, "old": old, "became": became }));
        let text = arguments.out.is_none() && !arguments.in_place;
        files.push(json!({
            "file": file.display().to_string(),
            "changes": new.changes,
            "notes": notes.collect::<Json>(),
            "toml": text.then_some(new.text),
        }));
    }
    match arguments.form.json {
        true => print_json(&json!({ "files": files })),
        false => Ok(()),
    }
}
