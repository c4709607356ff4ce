//! Tables for the terminal.

use std::fmt::Write as _;

use comfy_table::{Cell as Field, CellAlignment, ContentArrangement, Table, presets};
use rayon::prelude::*;

use super::numbers::{Notation, readable};
use crate::experiment::accounts::Accounts;
use crate::experiment::plan::{Plan, PlannedCell};
use crate::measure::Group;
use crate::statistics::estimate::{Cell, Estimator};

/// Measures with their intervals, group by group; only what had something to divide by. On a terminal of so many columns what is
/// wider goes on in the next line.
pub fn estimate_table(cells: &[Cell], width: Option<usize>) -> String {
    let confidence = cells.first().map_or(0.95, |cell| cell.confidence);
    let percent = readable(confidence * 100.0);
    let mut table = plain(&[
        "",
        "estimate",
        &format!("{percent} % interval"),
        "unit",
        "events",
    ]);
    right(&mut table, &[1, 2, 4]);
    narrow(&mut table, width);
    grouped(cells, |group, members| {
        if table.row_count() > 0 {
            table.add_row([""]);
        }
        table.add_row([group.title()]);
        for cell in members {
            table.add_row([
                format!("  {}", cell.name),
                Notation::of(&cell.name).value(cell.value.estimate),
                Notation::of(&cell.name).interval(&cell.value),
                cell.unit.to_owned(),
                readable(cell.events),
            ]);
        }
    });
    table.trim_fmt()
}

/// What one replication amounts to: counts, no intervals.
pub fn single_table(cells: &[Cell], width: Option<usize>) -> String {
    let mut table = plain(&["", "value", "of", "ratio", "unit"]);
    right(&mut table, &[1, 2, 3]);
    narrow(&mut table, width);
    grouped(cells, |group, members| {
        if table.row_count() > 0 {
            table.add_row([""]);
        }
        table.add_row([group.title()]);
        for cell in members {
            table.add_row([
                format!("  {}", cell.name),
                readable(cell.events),
                readable(cell.exposure),
                Notation::of(&cell.name).value(cell.value.estimate),
                cell.unit.to_owned(),
            ]);
        }
    });
    table.trim_fmt()
}

/// Calls `show` for every group with the measures worth a line: not those that could not happen, and of a breakdown
/// only what occurred.
fn grouped(cells: &[Cell], mut show: impl FnMut(Group, &[&Cell])) {
    for group in Group::ALL {
        let members: Vec<&Cell> = cells
            .iter()
            .filter(|cell| cell.group == group && cell.exposure > 0.0)
            .filter(|cell| cell.events > 0.0 || !breakdown(&cell.name))
            .collect();
        if !members.is_empty() {
            show(group, &members);
        }
    }
}

/// Whether a measure is one of many parts of a whole, where zeros say little.
fn breakdown(name: &str) -> bool {
    [
        "[cause=",
        "[reason=",
        "[rule=",
        "[type=",
        "sorties_per_replication[",
    ]
    .iter()
    .any(|key| name.contains(key))
}

/// The answer first: wrong shots, and what each side lost.
pub fn headline(cells: &[Cell], replications: u64) -> String {
    let mut text = String::new();
    let find = |name: &str| {
        cells
            .iter()
            .find(|cell| cell.name == name && cell.exposure > 0.0)
    };
    let mut line = |words: String| {
        writeln!(text, "{words}").expect("writing to a string");
    };
    let with_interval = |cell: &Cell| {
        let notation = Notation::of(&cell.name);
        match replications {
            1 => notation.value(cell.value.estimate),
            _ => notation.estimate(&cell.value),
        }
    };
    for (name, who) in [
        ("neutral_sorties_lost", "Neutrals shot down"),
        ("friendly_sorties_lost", "Friends shot down by their own"),
    ] {
        if let Some(cell) = find(name).filter(|cell| cell.exposure > 0.0) {
            line(format!(
                "{who}: {} of their sorties ({} of {}).",
                with_interval(cell),
                readable(cell.events),
                readable(cell.exposure)
            ));
        }
    }
    if let Some(cell) = find("any_wrong_kill").filter(|_| replications > 1) {
        line(format!(
            "A friend or neutral was shot down in {} of the runs.",
            with_interval(cell)
        ));
        if !cell.replications_for_half.is_nan() {
            line(format!(
                "Half as often would show in {} replications of each of two scenarios (power 80 %); in fewer with common random numbers.",
                readable(cell.replications_for_half)
            ));
        }
    }
    if let Some(cell) = find("wrong_share_of_shots") {
        line(format!(
            "Shots at friend or neutral: {} of all shots ({} of {}).",
            with_interval(cell),
            readable(cell.events),
            readable(cell.exposure)
        ));
    } else {
        line("No shot was fired.".to_owned());
    }
    for cell in cells {
        let side = cell
            .name
            .strip_prefix("lost_per_sortie[side=")
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(side) = side.filter(|_| cell.exposure > 0.0) {
            line(format!(
                "Lost by {side}: {} of its sorties ({} of {}).",
                with_interval(cell),
                readable(cell.events),
                readable(cell.exposure)
            ));
        }
    }
    text
}

/// One table a site class: what was declared of what.
pub fn confusion_tables(estimator: &Estimator) -> String {
    let mut text = String::new();
    for class in estimator.columns().confusion() {
        let counts = estimator.confusion();
        let cell = |truth: usize, declared: usize| counts[class.position(truth, declared)];
        let width = class.rows.len() + 1;
        let total = |truth: usize| {
            (0..width)
                .map(|declared| cell(truth, declared))
                .sum::<u64>()
        };
        if (0..class.rows.len()).all(|truth| total(truth) == 0) {
            continue;
        }
        let mut header = vec![format!("{}: truth", class.name)];
        header.extend((0..width).map(|declared| format!("declared {}", class.declared(declared))));
        header.push("declarations".to_owned());
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = plain(&header);
        let numbers: Vec<usize> = (1..=width + 1).collect();
        right(&mut table, &numbers);
        for (truth, name) in class.rows.iter().enumerate() {
            let all = total(truth);
            if all == 0 {
                continue;
            }
            let mut row = vec![Field::new(name)];
            for declared in 0..width {
                let share = cell(truth, declared) as f64 / all as f64;
                row.push(Field::new(format!("{share:.3}")));
            }
            row.push(Field::new(all));
            table.add_row(row);
        }
        writeln!(text, "{}\n", table.trim_fmt()).expect("writing to a string");
    }
    text
}

/// The measures that a plan asks for, one row a cell; at most `most` rows.
pub fn cells_table(plan: &Plan, accounts: &Accounts, most: usize) -> String {
    let record = &plan.record;
    let header: Vec<&str> = std::iter::once("cell")
        .chain(record.measures.iter().map(String::as_str))
        .chain(["replications"])
        .collect();
    let mut table = plain(&header);
    let numbers: Vec<usize> = (1..header.len()).collect();
    right(&mut table, &numbers);
    let told = |name: &String| Notation::of(name).unit(plan.unit(name));
    let units: Vec<String> = std::iter::once(String::new())
        .chain(record.measures.iter().map(told))
        .collect();
    table.add_row(units);
    let cells: Vec<(&PlannedCell, &Estimator)> = (record.cells.iter())
        .zip(accounts.cells())
        .take(most)
        .collect();
    let rows = cells.into_par_iter().map(|(planned, estimator)| {
        let cells = estimator.cells(record.confidence);
        let mut row = vec![planned.name.clone()];
        for name in &record.measures {
            row.push(match cells.iter().find(|cell| cell.name == *name) {
                Some(cell) => {
                    let notation = Notation::of(name);
                    let interval = notation.interval(&cell.value);
                    format!("{} {interval}", notation.value(cell.value.estimate))
                }
                None => String::new(),
            });
        }
        row.push(estimator.n().to_string());
        row
    });
    table.add_rows(rows.collect::<Vec<_>>());
    table.trim_fmt()
}

/// An empty table.
fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().copied());
    table
}

/// Keeps a table to the columns of a terminal.
fn narrow(table: &mut Table, width: Option<usize>) {
    if let Some(width) = width.and_then(|width| u16::try_from(width).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
}

fn right(table: &mut Table, columns: &[usize]) {
    for &column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
