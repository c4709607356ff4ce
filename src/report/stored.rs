//! What a folder of results says, read back from its files: the same columns that everybody else gets.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::output::{Made, Manifest, ManifestCell, OutputError, Stored, Trust, read_prevention};
use crate::scenario::file::ScenarioFile;
use crate::statistics::estimate::{Comparison, Estimate, Method};

/// A number with its interval, as the files have it; NaN where they have nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// A number that has none.
    pub fn alone(estimate: f64) -> Interval {
        Interval {
            estimate,
            low: f64::NAN,
            high: f64::NAN,
        }
    }

    /// Whether there is anything to draw.
    pub fn known(&self) -> bool {
        self.estimate.is_finite()
    }

    /// Both ends, the estimate where there is none.
    pub fn ends(&self) -> (f64, f64) {
        let or = |end: f64| if end.is_finite() { end } else { self.estimate };
        (or(self.low), or(self.high))
    }
}

/// A measure of a cell.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub cell: String,
    pub measure: String,
    pub unit: String,
    pub value: Interval,
    pub method: String,
    pub events: f64,
    pub exposure: f64,
}

/// A measure of a pair of cells.
#[derive(Debug, Clone)]
pub(super) struct Paired {
    pub reference: String,
    pub cell: String,
    pub measure: String,
    pub unit: String,
    pub difference: Interval,
    pub ratio: Interval,
    /// The same, for sentences.
    pub comparison: Comparison,
    pub n: u64,
}

/// A measure at a setting of the factors.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// Each factor with its level.
    pub factors: Vec<(String, String)>,
    pub measure: String,
    pub unit: String,
    pub reference: bool,
    pub value: Interval,
    pub difference: Interval,
    pub shown: String,
    /// Whether it is the same as at the reference in every replication.
    pub same: bool,
    pub may_be_best: String,
    pub is_best: bool,
    pub more_is_better: bool,
}

/// Whether two factors act on each other.
#[derive(Debug, Clone)]
pub(super) struct Interacting {
    pub measure: String,
    pub factors: [String; 2],
    pub from: [String; 2],
    pub to: [String; 2],
    pub contrast: Interval,
    pub contrasts: String,
    pub shown: bool,
}

/// What a setting changes about a measure: all of it, by delay, by default, by knowledge.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub cell: String,
    pub measure: String,
    pub unit: String,
    pub changes: [Interval; 4],
}

/// What a measure comes to at a setting of the levers, over the points of the uncertainties.
#[derive(Debug, Clone)]
pub(super) struct Averaged {
    pub levers: String,
    pub measure: String,
    pub unit: String,
    pub points: usize,
    pub mean: Interval,
    /// The cell of the least value, and the value.
    pub least: (String, f64),
    /// The same of the greatest.
    pub most: (String, f64),
    /// The setting compared with; empty for itself.
    pub reference: String,
    pub change: Interval,
    /// Points at which it is shown to be lower, and higher.
    pub lower: String,
    pub higher: String,
}

/// What an uncertainty does to a measure.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub levers: String,
    pub factor: String,
    pub measure: String,
    pub unit: String,
    pub from: String,
    pub to: String,
    pub effect: Interval,
    pub rank: Option<u32>,
}

/// A cell of a confusion matrix.
#[derive(Debug, Clone)]
pub(super) struct Confused {
    pub cell: String,
    pub class: String,
    pub truth: String,
    pub declared: String,
    pub declarations: f64,
    pub share: f64,
}

/// A square with wrong shots.
#[derive(Debug, Clone)]
pub(super) struct Square {
    pub cell: String,
    pub east_m: f64,
    pub north_m: f64,
    pub side_m: f64,
    pub mgrs: String,
    pub wrong_shots: f64,
    pub n: f64,
}

/// What a rule would prevent.
#[derive(Debug, Clone)]
pub(super) struct Prevented {
    pub change: String,
    pub words: String,
    pub of: f64,
    pub saved: f64,
    pub share: Interval,
    pub leaked: Interval,
    pub part: Interval,
    /// What a rule that asks or waits does by delay, default and knowledge; unknown for others.
    pub parts: [Interval; 3],
    pub n: f64,
}

/// What run.json says, as far as it goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    pub command_line: Vec<String>,
    pub system: String,
    pub started_utc: String,
    pub elapsed_s: Option<f64>,
}

impl Note {
    /// Who and when is no part of the results: without it a page only says less.
    pub fn read(stored: &Stored) -> Result<Note, OutputError> {
        let text = stored.bytes("run.json")?;
        Ok(text
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default())
    }
}

/// A folder of results.
#[derive(Debug)]
pub(super) struct Results {
    pub manifest: Manifest,
    pub note: Note,
    /// Names of the cells; of a run one, without a name.
    pub cells: Vec<String>,
    pub measured: Vec<Measured>,
    pub paired: Vec<Paired>,
    pub settings: Vec<Setting>,
    pub interacting: Vec<Interacting>,
    pub split: Vec<Split>,
    pub averages: Vec<Averaged>,
    pub moved: Vec<Moved>,
    pub confused: Vec<Confused>,
    pub squares: Vec<Square>,
    /// What rules would prevent, where somebody has asked and kept the answer here.
    pub prevented: Vec<Prevented>,
    /// The cell of which that was asked, if it is one of them.
    pub prevented_in: Option<String>,
    /// Whether it is a sweep.
    pub sweep: bool,
    /// The level of every factor, by cell.
    pub levels: BTreeMap<String, Vec<(String, String)>>,
}

impl Results {
    pub fn read(stored: Stored, trust: Trust) -> Result<Results, OutputError> {
        stored.verify()?;
        let note = Note::read(&stored)?;
        let sweep = stored.manifest.command == Made::Sweep;
        let cells = match sweep {
            true => {
                let cells = stored.manifest.cells.iter();
                cells.map(|cell| cell.name.clone()).collect()
            }
            false => vec![String::new()],
        };
        let main = if sweep { "cells.csv" } else { "summary.csv" };
        let table = Table::read(&stored, main)?;
        let names = table.names();
        let mut levels = BTreeMap::new();
        if sweep {
            let factors: Vec<&String> = names
                .iter()
                .skip(1)
                .take_while(|name| *name != "measure")
                .collect();
            for (cell, of) in table.rows(|row| {
                let level = |name: &&String| ((*name).clone(), label(&row.text(name)));
                let of: Vec<(String, String)> = factors.iter().map(level).collect();
                (row.text("cell"), of)
            }) {
                levels.insert(cell, of);
            }
        }
        let measured = table.rows(|row| Measured {
            cell: row.text("cell"),
            measure: row.text("measure"),
            unit: row.text("unit"),
            value: row.interval(["estimate", "low", "high"]),
            method: row.text("method"),
            events: row.number("events"),
            exposure: row.number("exposure"),
        });
        let confused = Table::read(&stored, "confusion.csv")?.rows(|row| Confused {
            cell: row.text("cell"),
            class: row.text("site_class"),
            truth: row.text("truth"),
            declared: row.text("declared"),
            declarations: row.number("declarations"),
            share: row.number("share"),
        });
        let (mut paired, mut moved, mut squares) = (Vec::new(), Vec::new(), Vec::new());
        let (mut settings, mut interacting, mut split) = (Vec::new(), Vec::new(), Vec::new());
        let mut averages = Vec::new();
        if sweep {
            let table = Table::read(&stored, "settings.csv")?;
            let names = table.names();
            let factors: Vec<&String> = names
                .iter()
                .skip(1)
                .take_while(|name| *name != "measure")
                .collect();
            settings = table.rows(|row| setting_row(row, &factors));
            interacting = Table::read(&stored, "interactions.csv")?.rows(interacting_row);
            paired = Table::read(&stored, "pairs.csv")?.rows(paired_row);
            if stored.manifest.files.contains_key("arms.csv") {
                split = Table::read(&stored, "arms.csv")?.rows(|row| Split {
                    cell: row.text("cell"),
                    measure: row.text("measure"),
                    unit: row.text("unit"),
                    changes: ["difference", "delay", "default", "knowledge"].map(|part| {
                        row.interval([part, &format!("{part}_low"), &format!("{part}_high")])
                    }),
                });
            }
            if stored.manifest.files.contains_key("averages.csv") {
                averages = Table::read(&stored, "averages.csv")?.rows(averaged_row);
            }
            moved = Table::read(&stored, "effects.csv")?.rows(|row| Moved {
                levers: row.text("levers"),
                factor: row.text("factor"),
                measure: row.text("measure"),
                unit: row.text("unit"),
                from: label(&row.text("from")),
                to: label(&row.text("to")),
                effect: row.interval(["effect", "low", "high"]),
                rank: row.text("rank").parse().ok(),
            });
        }
        squares.extend(Table::read(&stored, "grid.csv")?.rows(|row| Square {
            cell: row.text("cell"),
            east_m: row.number("east_m"),
            north_m: row.number("north_m"),
            side_m: row.number("side_m"),
            mgrs: row.text("center_mgrs"),
            wrong_shots: row.number("wrong_shots"),
            n: row.number("n"),
        }));
        let (mut prevented, mut prevented_in) = (Vec::new(), None);
        if let Some((note, table)) = read_prevention(stored.folder(), trust)? {
            let place = stored.folder().join("prevention.csv");
            prevented = Table::parsed(&place, &table)?.rows(prevented_row);
            let same = |cell: &&ManifestCell| cell.scenario.as_ref() == Some(&note.base);
            let cell = stored.manifest.cells.iter().find(same);
            prevented_in = cell.map(|cell| cell.name.clone());
        }
        Ok(Results {
            manifest: stored.manifest,
            note,
            cells,
            measured,
            paired,
            settings,
            interacting,
            split,
            averages,
            moved,
            confused,
            squares,
            prevented,
            prevented_in,
            sweep,
            levels,
        })
    }

    /// A measure of a cell, unless it could not happen.
    pub fn measured(&self, cell: &str, measure: &str) -> Option<&Measured> {
        self.measured
            .iter()
            .find(|row| row.cell == cell && row.measure == measure)
            .filter(|row| row.exposure > 0.0 && row.value.known())
    }

    /// The scenario of the first cell, which has the sides, places and names that all have.
    pub fn scenario(&self) -> Option<&ScenarioFile> {
        let first = self
            .manifest
            .cells
            .first()
            .and_then(|cell| cell.scenario.as_ref());
        self.manifest.scenario.as_ref().or(first)
    }
}

fn prevented_row(row: &Row<'_>) -> Prevented {
    Prevented {
        change: row.text("change"),
        words: row.text("words"),
        of: row.number("base_sorties"),
        saved: row.number("saved_sorties"),
        share: row.interval(["prevented_share", "prevented_low", "prevented_high"]),
        leaked: row.interval(["leaked_per_replication", "leaked_low", "leaked_high"]),
        part: row.interval(["shapley_per_replication", "shapley_low", "shapley_high"]),
        parts: ["delay", "default", "knowledge"].map(|part| {
            let column = |end: &str| format!("{part}_{end}");
            row.interval([
                &*column("per_replication"),
                &*column("low"),
                &*column("high"),
            ])
        }),
        n: row.number("n"),
    }
}

/// The name of a measure from its parts.
fn whole_name(row: &Row<'_>) -> String {
    let name = row.text("measure");
    match (row.text("dimension"), row.text("level")) {
        (dimension, _) if dimension.is_empty() => name,
        (dimension, level) => format!("{name}[{dimension}={level}]"),
    }
}

/// A level for people: without the point that its column has for readers of tables.
fn label(field: &str) -> String {
    field.strip_suffix(".0").unwrap_or(field).to_owned()
}

fn setting_row(row: &Row<'_>, factors: &[&String]) -> Setting {
    let level = |name: &&String| ((*name).clone(), label(&row.text(name)));
    Setting {
        factors: factors.iter().map(level).collect(),
        measure: whole_name(row),
        unit: row.text("unit"),
        reference: row.text("reference") == "yes",
        value: row.interval(["estimate", "low", "high"]),
        difference: row.interval(["difference", "difference_low", "difference_high"]),
        shown: row.text("shown"),
        same: row.text("shown") == "same",
        may_be_best: row.text("may_be_best"),
        is_best: !row.text("best").is_empty(),
        more_is_better: row.text("best") == "highest",
    }
}

fn averaged_row(row: &Row<'_>) -> Averaged {
    let end = |name: &str| (row.text(&format!("{name}_cell")), row.number(name));
    Averaged {
        levers: row.text("levers"),
        measure: row.text("measure"),
        unit: row.text("unit"),
        points: row.text("points").parse().unwrap_or(0),
        mean: row.interval(["mean", "mean_low", "mean_high"]),
        least: end("least"),
        most: end("most"),
        reference: row.text("reference"),
        change: row.interval(["difference", "difference_low", "difference_high"]),
        lower: row.text("lower"),
        higher: row.text("higher"),
    }
}

fn interacting_row(row: &Row<'_>) -> Interacting {
    let both =
        |name: &str| ["one", "two"].map(|which| label(&row.text(&format!("{which}_{name}"))));
    Interacting {
        measure: whole_name(row),
        factors: ["one", "two"].map(|which| row.text(&format!("factor_{which}"))),
        from: both("from"),
        to: both("to"),
        contrast: row.interval(["contrast", "low", "high"]),
        contrasts: row.text("contrasts"),
        shown: row.text("shown") == "yes",
    }
}

fn paired_row(row: &Row<'_>) -> Paired {
    let difference = row.interval(["difference", "difference_low", "difference_high"]);
    let ratio = row.interval(["risk_ratio", "risk_ratio_low", "risk_ratio_high"]);
    let method = match row.text("difference_method").as_str() {
        "none" => Method::None,
        "equal_pairs" => Method::EqualPairs,
        // A sentence tells no other methods apart.
        _ => Method::PairedT,
    };
    let estimate = |value: Interval, method| Estimate {
        estimate: value.estimate,
        low: value.low,
        high: value.high,
        method,
    };
    let ratio_method = if ratio.low.is_finite() {
        Method::Fieller
    } else {
        Method::None
    };
    Paired {
        reference: row.text("reference"),
        cell: row.text("cell"),
        measure: row.text("measure"),
        unit: row.text("unit"),
        difference,
        ratio,
        comparison: Comparison {
            first: row.number("reference_estimate"),
            second: row.number("cell_estimate"),
            difference: estimate(difference, method),
            ratio: estimate(ratio, ratio_method),
            mcnemar_p: row.text("mcnemar_p").parse().ok(),
            variance_reduction: row.number("variance_reduction"),
            pairs_for_half: row.number("pairs_for_half"),
        },
        n: row.text("n").parse().unwrap_or(0),
    }
}

/// A result file in memory.
pub(super) struct Table {
    header: csv::StringRecord,
    records: Vec<csv::StringRecord>,
}

impl Table {
    /// A file that the results must have.
    pub fn read(stored: &Stored, name: &str) -> Result<Table, OutputError> {
        let path = stored.folder().join(name);
        let text = stored.bytes(name)?.ok_or_else(|| OutputError::NotResults {
            path: path.clone(),
            why: "no such file".to_owned(),
        })?;
        Table::parsed(&path, &text)
    }

    fn parsed(path: &Path, text: &[u8]) -> Result<Table, OutputError> {
        let broken = |error: csv::Error| OutputError::NotResults {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers().map_err(broken)?.clone();
        let records = reader.records().collect::<Result<_, _>>().map_err(broken)?;
        Ok(Table { header, records })
    }

    /// The names of its columns.
    pub fn names(&self) -> Vec<String> {
        self.header.iter().map(str::to_owned).collect()
    }

    pub fn rows<T>(&self, make: impl Fn(&Row<'_>) -> T) -> Vec<T> {
        let row = |record| Row {
            header: &self.header,
            record,
        };
        self.records
            .iter()
            .map(|record| make(&row(record)))
            .collect()
    }
}

/// One record of a result file.
pub(super) struct Row<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn get(&self, name: &str) -> &str {
        let at = self.header.iter().position(|field| field == name);
        at.and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    pub fn text(&self, name: &str) -> String {
        self.get(name).to_owned()
    }

    /// NaN for nothing.
    pub fn number(&self, name: &str) -> f64 {
        self.get(name).parse().unwrap_or(f64::NAN)
    }

    pub fn interval(&self, names: [&str; 3]) -> Interval {
        let [estimate, low, high] = names.map(|name| self.number(name));
        Interval {
            estimate,
            low,
            high,
        }
    }
}
