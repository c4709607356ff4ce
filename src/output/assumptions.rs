//! The register of a scenario as a table for the terminal and as CSV.

use std::path::Path;

use comfy_table::{Table, presets};

use super::beside::whole_file;
use super::error::OutputError;
use super::headers::ASSUMPTIONS;
use super::numbers::readable;
use crate::safe;
use crate::scenario::register::{Assumption, Leeway, Register, Spacing};

/// A value as it was typed.
fn value(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a value may be instead, in a few words.
fn leeway(leeway: &Leeway) -> String {
    match leeway {
        Leeway::None => String::new(),
        Leeway::Range {
            low, high, scale, ..
        } => {
            let log = match scale {
                Spacing::Linear => "",
                Spacing::Log => ", log",
            };
            format!("{} to {}{log}", readable(*low), readable(*high))
        }
        Leeway::Values(values) => values.iter().map(value).collect::<Vec<_>>().join(" | "),
        Leeway::Alternatives(pieces) => {
            let names = pieces.iter().map(|(name, _)| name.as_str());
            std::iter::once("as written")
                .chain(names)
                .collect::<Vec<_>>()
                .join(" | ")
        }
    }
}

/// The register as a table, in use first; then what it does not say.
pub fn assumptions_text(register: &Register) -> String {
    let mut text = String::new();
    for (used, title) in [
        (true, ""),
        (false, "\nStated, and not used by this scenario:\n"),
    ] {
        let rows: Vec<&Assumption> = register
            .assumptions
            .iter()
            .filter(|assumption| assumption.in_use == used)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["assumption", "value", "may be", "kind", "stated at"]);
        for row in rows {
            let beyond = if row.outside() { " (outside)" } else { "" };
            table.add_row([
                row.name.clone(),
                format!("{}{beyond}", value(&row.value)),
                leeway(&row.leeway),
                row.kind.word().to_owned(),
                format!("{}:{}", row.stated_at.0, row.stated_at.1),
            ]);
        }
        text.push_str(title);
        text.push_str(&table.trim_fmt());
        text.push('\n');
    }
    text
}

/// Writes the register as CSV: beside its place, then renamed into it.
///
/// # Errors
/// A file that is there already, without `force`; what the system refuses.
pub fn write_assumptions(path: &Path, force: bool, register: &Register) -> Result<(), OutputError> {
    whole_file(path, force, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(ASSUMPTIONS.header(&[], &[]))?;
        for row in &register.assumptions {
            let (low, high, scale) = match &row.leeway {
                Leeway::Range {
                    low, high, scale, ..
                } => {
                    let scale = match scale {
                        Spacing::Linear => "linear",
                        Spacing::Log => "log",
                    };
                    (low.to_string(), high.to_string(), scale)
                }
                _ => (String::new(), String::new(), ""),
            };
            let choices = match &row.leeway {
                Leeway::Values(_) | Leeway::Alternatives(_) => leeway(&row.leeway),
                _ => String::new(),
            };
            let paths: Vec<String> = row.paths.iter().map(|path| path.join(".")).collect();
            let fields = [
                row.name.clone(),
                paths.join(" "),
                value(&row.value),
                low,
                high,
                scale.to_owned(),
                choices,
                row.kind.word().to_owned(),
                row.source.clone(),
                row.date.clone().unwrap_or_default(),
                row.meaning.clone().unwrap_or_default(),
                row.in_use.to_string(),
                row.stated_at.0.clone(),
                row.stated_at.1.to_string(),
            ];
            csv.write_record(fields.iter().map(|field| safe::csv(field.as_bytes())))?;
        }
        csv.flush()
    })
}
