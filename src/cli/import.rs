//! `deconflict import`: other people's files as pieces of a scenario.

use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::output::write_text;
use deconflict::safe;
use deconflict::scenario::import::import;
use serde_json::json;

use super::options::AsJson;
use super::{Failure, tell};

/// Arguments of `deconflict import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict import airspace.txt --out scenarios/airspace.toml
      OpenAir to zones; a scenario includes the file
  deconflict import volumes.json
      operational intents and constraints of ASTM F3548 to zones and flights
  deconflict import 17.geojson
      polygons to zones; what run --geojson wrote to places and tracks
  deconflict import trace.json
      a recording to a table of tracks, with an account of its rows")]
pub struct ImportArguments {
    /// OpenAir, GeoJSON, volumes of ASTM F3548 (JSON), or a recording: readsb, ACMI, GPX, a table.
    file: PathBuf,
    /// Write the piece to FILE instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace FILE if it is there.
    #[arg(long, requires = "out")]
    force: bool,
    /// How far a straight edge may be from the arc that it stands for, m.
    #[arg(long, value_name = "M", default_value_t = 50.0)]
    tolerance_m: f64,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn import_file(arguments: &ImportArguments) -> Result<(), Failure> {
    let name = arguments.file.display().to_string();
    let shown = safe::line(&name);
    if !(0.1..=10_000.0).contains(&arguments.tolerance_m) {
        return Err(Failure::bad_input(format!(
            "--tolerance-m is {}; expected 0.1 to 10000",
            arguments.tolerance_m
        )));
    }
    let into = arguments.out.as_deref().and_then(Path::parent);
    let imported = import(&arguments.file, into, arguments.tolerance_m)
        .map_err(|why| Failure::bad_input(format!("cannot import {shown}: {why}")))?;
    if let Some(out) = &arguments.out {
        write_text(out, arguments.force, &imported.toml)?;
    }
    let out = arguments.out.as_ref().map(|out| out.display().to_string());
    let piece = out.is_none().then_some(&imported.toml);
    arguments.form.print(
        || piece.cloned().unwrap_or_default(),
        || Ok(json!({ "file": name, "out": out, "toml": piece, "left_out": imported.left_out })),
    )?;
    for line in &imported.left_out {
        tell(&format!("left out: {}", safe::line(line)));
    }
    Ok(())
}
