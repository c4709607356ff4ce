//! Results as JSON: one object on one line, whatever the command.
//!
//! What a command also writes as a result file it prints as an array of that file's rows, each an object under the names of
//! the columns, which `deconflict columns` explains; a measure is an object of its own. What is no number is null.

use std::path::Path;

use deconflict::output::OutputError;
use deconflict::statistics::estimate::{Cell, Estimate};
use serde_json::{Map, Value as Json, json};

use super::{Failure, print};

/// The shape of what `--json` prints, as `deconflict help json` says it and the guide has it.
pub const SHAPE: &str = include_str!("../guide/json.md");

/// Prints one object on one line.
pub fn print_json(object: &Json) -> Result<(), Failure> {
    print(&format!("{object}\n"))
}

/// Measures by name.
pub fn measures(cells: &[Cell]) -> Json {
    let each = cells.iter().map(|cell| (cell.name.clone(), measure(cell)));
    Json::Object(each.collect::<Map<String, Json>>())
}

fn measure(cell: &Cell) -> Json {
    let Estimate {
        estimate,
        low,
        high,
        method,
    } = cell.value;
    json!({
        "estimate": estimate,
        "low": low,
        // JSON has no infinity: the word of the result files stands for it.
        "high": if high == f64::INFINITY { Json::from("inf") } else { Json::from(high) },
        "method": method.code(),
        "unit": cell.unit,
        "events": cell.events,
        "n": cell.n,
    })
}

/// The rows of a result file: an object each, numbers as numbers, what is empty as null.
pub fn rows(path: &Path) -> Result<Json, Failure> {
    let failed = |error: csv::Error| {
        Failure::Machine(format!("error: cannot read {}: {error}", path.display()))
    };
    let mut file = csv::Reader::from_path(path).map_err(failed)?;
    let header = file.headers().map_err(failed)?.clone();
    let mut rows = Vec::new();
    for row in file.records() {
        let row = row.map_err(failed)?;
        let fields = header.iter().zip(row.iter());
        let fields = fields.map(|(name, field)| (name.to_owned(), value(name, field)));
        rows.push(Json::Object(fields.collect()));
    }
    Ok(Json::Array(rows))
}

/// The tables of a folder of results that are there, each under its name without the ending.
pub fn tables(out: &Path, names: &[&str]) -> Result<Json, Failure> {
    let mut object = json!({ "out": out.display().to_string() });
    for name in names {
        let path = out.join(name);
        if path.is_file() {
            object[name.trim_end_matches(".csv")] = rows(&path)?;
        }
    }
    Ok(object)
}

/// The rows of what `write` writes as a table.
pub fn rows_of(write: impl FnOnce(&Path) -> Result<(), OutputError>) -> Result<Json, Failure> {
    let place = tempfile::tempdir()
        .map_err(|error| Failure::other(error, "cannot make a temporary folder"))?;
    let path = place.path().join("rows.csv");
    write(&path)?;
    rows(&path)
}

/// A field: text where the column names something, else a number.
fn value(column: &str, field: &str) -> Json {
    if field.is_empty() {
        return Json::Null;
    }
    if NAMES.contains(&column) {
        return Json::from(field);
    }
    if let Ok(whole) = field.parse::<u64>() {
        return Json::from(whole);
    }
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Json::from(number),
        _ => Json::from(field),
    }
}

/// Columns that hold names, which may look like numbers.
const NAMES: &[&str] = &[
    "cell",
    "reference",
    "levers",
    "least_cell",
    "most_cell",
    "difference_least_cell",
    "difference_most_cell",
    "factor",
    "from",
    "to",
    "measure",
    "dimension",
    "level",
    "world",
    "against",
    "assumption",
    "change",
    "words",
    "finalist",
    "candidate",
    "site_class",
    "truth",
    "declared",
    "value",
    "choices",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_they_look_like() {
        assert_eq!(value("estimate", "0.5"), json!(0.5));
        assert_eq!(value("n", "200"), json!(200));
        assert_eq!(value("low", ""), Json::Null);
        assert_eq!(value("high", "inf"), json!("inf"));
        assert_eq!(value("cell", "17"), json!("17"));
    }

    #[test]
    fn rows_are_objects_under_the_names_of_the_columns() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.csv");
        std::fs::write(&path, "cell,n,low\na,2,\nb,3,0.25\n").unwrap();
        assert_eq!(
            rows(&path).unwrap_or_else(|why| panic!("{why}")),
            json!([{"cell": "a", "n": 2, "low": null}, {"cell": "b", "n": 3, "low": 0.25}])
        );
    }
}
