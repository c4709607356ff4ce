//! Results of matching and screening: worlds as TOML and CSV, effects as CSV.

use std::path::Path;

use super::beside::{whole_file, write_text};
use super::error::OutputError;
use super::headers::{SCREEN, WORLDS};
use crate::experiment::worlds::file::WorldsFile;
use crate::experiment::worlds::matching::Flown;
use crate::experiment::worlds::plan::Ground;
use crate::experiment::worlds::screening::{Effect, Indices};
use crate::safe;

/// Writes worlds so that other commands can run them.
///
/// # Errors
/// What the system refuses.
pub fn write_worlds(path: &Path, head: &str, worlds: &WorldsFile) -> Result<(), OutputError> {
    let text = toml::to_string(worlds)
        .map_err(|error| OutputError::io("write", path)(std::io::Error::other(error)))?;
    write_text(path, true, &format!("{head}{text}"))
}

/// A world that was run, with its name.
pub type Named<'a> = (&'a str, &'a Flown);

/// Writes every world that was run, in or out, as CSV.
///
/// # Errors
/// What the system refuses.
pub fn write_flown(
    path: &Path,
    ground: &Ground,
    evidence: &[String],
    cutoff: f64,
    flown: &[Named<'_>],
) -> Result<(), OutputError> {
    let axes: Vec<&str> = ground
        .axes
        .iter()
        .map(|axis| axis.assumption.name.as_str())
        .collect();
    let found: Vec<String> = evidence
        .iter()
        .flat_map(|name| [name.clone(), format!("implausibility: {name}")])
        .collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    whole_file(path, true, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        let header = WORLDS.header(&axes, &found);
        csv.write_record(header.iter().map(|field| safe::csv(field.as_bytes())))?;
        for (name, world) in flown {
            let (worst, against) = world.worst();
            let mut row = vec![
                (*name).to_owned(),
                world.wave.to_string(),
                (worst <= cutoff).to_string(),
                worst.to_string(),
                evidence.get(against).cloned().unwrap_or_default(),
            ];
            let settings = ground.axes.iter().zip(&world.point);
            row.extend(settings.map(|(axis, &at)| axis.label(at)));
            for (found, implausibility) in world.found.iter().zip(&world.implausibility) {
                row.push(found.map_or(String::new(), |found| found.estimate.to_string()));
                row.push(implausibility.to_string());
            }
            csv.write_record(row.iter().map(|field| safe::csv(field.as_bytes())))?;
        }
        csv.flush()
    })
}

/// What screening says of one assumption and one measure.
#[derive(Debug, Clone)]
pub struct Screened {
    /// The measure.
    pub measure: String,
    /// The assumption.
    pub assumption: String,
    /// Its elementary effects.
    pub effect: Effect,
    /// What these would be by noise alone.
    pub floor: f64,
    /// Its shares of the variance, if it is one of the few.
    pub indices: Option<Indices>,
}

/// Writes effects and indices as CSV.
///
/// # Errors
/// What the system refuses.
pub fn write_screen(path: &Path, rows: &[Screened]) -> Result<(), OutputError> {
    whole_file(path, true, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(SCREEN.header(&[], &[]))?;
        for row in rows {
            let effect = &row.effect;
            let mut fields = vec![row.measure.clone(), row.assumption.clone()];
            let numbers = [
                effect.absolute,
                effect.low,
                effect.high,
                row.floor,
                effect.mean,
                effect.spread,
            ];
            fields.extend(numbers.map(|number| match number.is_nan() {
                true => String::new(),
                false => number.to_string(),
            }));
            fields.push(effect.n.to_string());
            match &row.indices {
                Some(indices) => {
                    let both = indices.first.iter().chain(&indices.total);
                    fields.extend(both.map(f64::to_string));
                }
                None => fields.extend(std::iter::repeat_n(String::new(), 6)),
            }
            csv.write_record(fields.iter().map(|field| safe::csv(field.as_bytes())))?;
        }
        csv.flush()
    })
}
