//! What each rule would prevent: a table for people, and `prevention.csv` with what it was made of beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, presets};
use serde::{Deserialize, Serialize};

use super::beside::{Beside, Lock, lock_folder};
use super::error::OutputError;
use super::files::{FileEntry, Table, sync_folder};
use super::headers::PREVENTION;
use super::manifest::{FORMAT, Progress, Trust, bytes, describe, read_description, verify};
use super::numbers::{between, number, readable};
use crate::inquiry::{Change, Game, Prevention, RuleShare, RuleSplit};
use crate::scenario::file::ScenarioFile;
use crate::statistics::estimate::Estimate;

/// What `prevention.csv` rests on, written to `prevention.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct PreventionNote {
    program: String,
    version: String,
    format: u32,
    seed: u64,
    /// Asked, done, why it ended.
    #[serde(flatten)]
    pub progress: Progress,
    counted: String,
    split: String,
    confidence: f64,
    files: BTreeMap<String, FileEntry>,
    /// The scenario without the rules asked about.
    pub base: ScenarioFile,
}

const TABLE: &str = PREVENTION.name;
const NOTE: &str = "prevention.json";

/// Columns of scenarios that measure separation.
const SEPARATION: [&str; 4] = [
    "separation_losses_per_replication",
    "separation_losses_low",
    "separation_losses_high",
    "separation_losses_method",
];

/// What stands in a folder of what rules would prevent: the table, held to its checksum, and what it rests on; none if
/// nobody has asked.
///
/// # Errors
/// Files that are broken or were changed.
pub fn read_prevention(
    folder: &Path,
    trust: Trust,
) -> Result<Option<(PreventionNote, Vec<u8>)>, OutputError> {
    let Some(note) = read_description::<PreventionNote>(folder, NOTE, trust)? else {
        return Ok(None);
    };
    verify(folder, &note.files, trust)?;
    let table = bytes(&folder.join(TABLE), 1 << 30)?;
    Ok(table.map(|table| (note, table)))
}

/// Writes `prevention.csv` and `prevention.json` into a folder, in the place of earlier ones.
///
/// # Errors
/// What the system refuses.
pub fn write_prevention(
    folder: &Path,
    game: &Game,
    prevention: &Prevention,
    seed: u64,
    confidence: f64,
    progress: Progress,
) -> Result<(), OutputError> {
    fs::create_dir_all(folder).map_err(OutputError::io("create", folder))?;
    // Into the folder of a sweep that is being replaced nothing is written.
    let _lock = lock_folder(folder, Lock::Shared)?;
    let beside = Beside::of(&folder.join("prevention"))?;
    let fresh = beside.make("prevention")?;
    let separation = game.base().separation.is_some();
    let header = PREVENTION.header(&[], if separation { &SEPARATION } else { &[] });
    let mut table = Table::create(&fresh, folder, TABLE, &header)?;
    for (change, share, split) in rows(game, prevention, confidence) {
        let row = row(
            change,
            &share,
            &split,
            prevention.n(),
            confidence,
            separation,
        );
        table.row(&csv::ByteRecord::from(row))?;
    }
    let note = PreventionNote {
        program: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: FORMAT,
        seed,
        progress,
        counted: game.counted().words().to_owned(),
        split: split_words(game).to_owned(),
        confidence,
        files: BTreeMap::from([(TABLE.to_owned(), table.close()?)]),
        base: game.base().file.clone(),
    };
    describe(&fresh, folder, NOTE, &note)?;
    let shown = folder.join(NOTE);
    // The note last, and none beside a table that is not its own.
    match fs::remove_file(&shown) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(OutputError::io("replace", &shown)(error));
        }
        _ => {}
    }
    for name in [TABLE, NOTE] {
        let place = folder.join(name);
        fs::rename(fresh.join(name), &place).map_err(OutputError::io("write", &place))?;
    }
    sync_folder(folder, folder)
}

fn rows<'a>(
    game: &'a Game,
    prevention: &Prevention,
    confidence: f64,
) -> impl Iterator<Item = (&'a Change, RuleShare, RuleSplit)> {
    let told = prevention.shares(confidence).into_iter();
    let told = told.zip(prevention.split(confidence));
    (game.players().iter().zip(told)).map(|(change, (share, split))| (change, share, split))
}

fn row(
    change: &Change,
    share: &RuleShare,
    split: &RuleSplit,
    n: u64,
    confidence: f64,
    separation: bool,
) -> Vec<String> {
    let interval = |value: &Estimate| {
        [
            number(value.estimate),
            number(value.low),
            number(value.high),
            value.method.code().to_owned(),
        ]
    };
    let mut row = vec![change.name.clone(), change.words.clone()];
    row.extend([share.of, share.saved].map(number));
    row.extend(interval(&share.prevented));
    row.extend(interval(&share.added));
    row.extend(interval(&share.leaked.difference));
    row.extend(interval(&share.cancelled.difference));
    row.extend(interval(&split.value));
    row.push(number(split.share));
    match &share.parts {
        Some(parts) => row.extend(parts.iter().flat_map(interval)),
        None => row.extend(std::iter::repeat_n(String::new(), 12)),
    }
    row.push((change.band.as_ref()).map_or_else(String::new, |band| band.words.clone()));
    for band in [&share.band, &split.band] {
        match band {
            Some(ends) => row.extend(ends.iter().flat_map(interval)),
            None => row.extend(std::iter::repeat_n(String::new(), 8)),
        }
    }
    if separation {
        row.extend(interval(&share.separation_losses.difference));
    }
    row.extend([number(confidence), n.to_string()]);
    row
}

fn split_words(game: &Game) -> &'static str {
    if game.exact() {
        "all combinations run"
    } else {
        "orders drawn"
    }
}

/// What each rule alone prevents and costs, and how what all prevent is split.
pub fn prevention_text(game: &Game, prevention: &Prevention, confidence: f64) -> String {
    let mut text = String::new();
    let what = game.counted().words();
    let [base, all] = prevention.counted(confidence);
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    line(format!(
        "Sorties {what} a replication: {} without any of these rules, {} with all of them.\n",
        told(&base),
        told(&all)
    ));
    let mut rows: Vec<_> = rows(game, prevention, confidence).collect();
    rows.sort_by(|one, other| {
        let order = |share: &RuleShare| share.prevented.estimate;
        order(&other.1).total_cmp(&order(&one.1))
    });
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING);
    let separation = game.base().separation.is_some();
    let mut header = vec![
        "".to_owned(),
        "what it means here".to_owned(),
        format!("prevents, share of {what}"),
        "causes, a replication".to_owned(),
        "leakers, a replication".to_owned(),
        "cancelled, a replication".to_owned(),
        "its part of all (Shapley), sorties a replication".to_owned(),
    ];
    if separation {
        header.insert(6, "separation lost, a replication".to_owned());
    }
    let columns = header.len();
    table.set_header(header);
    for at in 2..columns {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (change, share, split) in &rows {
        let part = if split.share.is_nan() {
            told(&split.value)
        } else {
            format!("{}  {:.0} %", told(&split.value), split.share * 100.0)
        };
        let mut row = vec![
            change.name.clone(),
            change.words.clone(),
            told(&share.prevented),
            readable(share.added.estimate),
            changed(&share.leaked.difference),
            changed(&share.cancelled.difference),
            part,
        ];
        if separation {
            row.insert(6, changed(&share.separation_losses.difference));
        }
        table.add_row(row);
    }
    line(table.trim_fmt());
    if let Some(bands) = bands_table(&rows) {
        line(format!(
            "\nHow well a rule is kept nobody knows beforehand. What each alone prevents, and its part of all with the others as offered, from its\n\
             weakest form to its strongest:\n\n{bands}"
        ));
    }
    if let Some(parts) = parts_table(&rows) {
        line(format!(
            "\nOf the rules that ask or wait: what the mere delay does, what holding fire for want of an answer does, and what they do by\n\
             knowing something (sorties saved less sorties lost, a replication; the three add up to what the rule does alone).\n\n{parts}"
        ));
    }
    let how = if game.exact() {
        "every combination of these rules was run"
    } else {
        "orders of the rules were drawn anew for each replication; the interval holds that too"
    };
    line(format!(
        "\nIntervals {} %, the replication as unit. The parts add up to what all prevent together ({how}).\n\
         Absolute rates are uncalibrated: compare rules, do not predict losses.",
        readable(confidence * 100.0)
    ));
    if let Some((best, share, _)) = rows.first()
        && share.prevented.low > 0.0
    {
        let weak = |share: &RuleShare| {
            share
                .band
                .map_or(share.prevented, |[weak, _]| weak)
                .estimate
        };
        let strong = |share: &RuleShare| {
            share
                .band
                .map_or(share.prevented, |[_, strong]| strong)
                .estimate
        };
        let others = rows[1..].iter().map(|(_, share, _)| strong(share));
        let whatever = match others.fold(0.0, f64::max) <= weak(share) {
            true => "",
            false => " as offered; over the bands another may prevent more",
        };
        let as_many: Vec<&str> = rows[1..]
            .iter()
            .take_while(|(_, other, _)| other.saved == share.saved)
            .map(|(other, ..)| other.name.as_str())
            .collect();
        let as_many = match as_many.is_empty() {
            true => String::new(),
            false => format!("; {} as many", as_many.join(", ")),
        };
        line(format!(
            "Alone, {} prevents most: {} of {} {what}{as_many}{whatever}.",
            best.words,
            readable(share.saved),
            readable(share.of)
        ));
    }
    text
}

/// Each rule over its band; nothing if none has one.
fn bands_table(rows: &[(&Change, RuleShare, RuleSplit)]) -> Option<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "",
        "weakest",
        "as offered",
        "strongest",
        "part: weakest",
        "as offered",
        "strongest",
        "which is",
    ]);
    for at in 1..7 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (change, share, split) in rows {
        if let (Some(band), Some([weak, strong]), Some([least, most])) =
            (&change.band, &share.band, &split.band)
        {
            let values = [weak, &share.prevented, strong, least, &split.value, most].map(told);
            let row = [change.name.clone()].into_iter().chain(values);
            table.add_row(row.chain([band.words.clone()]));
        }
    }
    (!table.is_empty()).then(|| table.trim_fmt())
}

/// What each rule that asks or waits does by delay, default and knowledge; nothing if none does.
fn parts_table(rows: &[(&Change, RuleShare, RuleSplit)]) -> Option<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "delay", "default", "knowledge"]);
    for at in 1..4 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (change, share, _) in rows {
        if let Some(parts) = &share.parts {
            let parts = parts.iter().map(changed);
            table.add_row([change.name.clone()].into_iter().chain(parts));
        }
    }
    (!table.is_empty()).then(|| table.trim_fmt())
}

fn told(value: &Estimate) -> String {
    let ends = between(value.low, value.high);
    format!("{} {ends}", readable(value.estimate))
}

/// A difference; a plain 0 where no pair differed.
fn changed(value: &Estimate) -> String {
    if value.estimate == 0.0 {
        return "0".to_owned();
    }
    let sign = if value.estimate > 0.0 { "+" } else { "" };
    format!("{sign}{}", told(value))
}
