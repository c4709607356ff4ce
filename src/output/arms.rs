//! What settings change by delay, by default and by knowledge, as text and as rows.

use super::error::OutputError;
use super::files::FileEntry;
use super::headers::ARMS;
use super::numbers::{Notation, number};
use super::result_folder::ResultFolder;
use super::settings::plain;
use crate::experiment::accounts::Accounts;
use crate::experiment::arms::{Arms, arms};
use crate::experiment::plan::Plan;

/// The rows of [`ARMS`]; no file where no setting has arms.
pub(super) fn arm_rows(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<Option<FileEntry>, OutputError> {
    let record = &plan.record;
    let all: Vec<Arms> = arms(record).collect();
    if all.is_empty() {
        return Ok(None);
    }
    let mut table = target.table_of(&ARMS, plan)?;
    for arms in &all {
        for measure in &record.measures {
            let Some(split) = arms.split(record, accounts, measure) else {
                continue;
            };
            let cells = [arms.reference, arms.rule];
            let mut row = cells.map(|cell| record.cells[cell].name.clone()).to_vec();
            row.extend([measure.clone(), plan.unit(measure).to_owned()]);
            for change in std::iter::once(&split.whole).chain(&split.parts) {
                row.extend([change.estimate, change.low, change.high].map(number));
                row.push(change.method.code().to_owned());
            }
            row.extend([number(record.pair_confidence(measure)), split.n.to_string()]);
            table.row(&csv::ByteRecord::from(row))?;
        }
    }
    table.close().map(Some)
}

/// The split of each measure, a row a setting; at most `most` rows a measure, nothing where no setting has arms.
pub fn arms_text(plan: &Plan, accounts: &Accounts, most: usize) -> Vec<String> {
    let record = &plan.record;
    let all: Vec<Arms> = arms(record).collect();
    let mut lines = Vec::new();
    if all.is_empty() {
        return lines;
    }
    if record.is_sampled() {
        lines.push(format!(
            "\nWhat is delay, default and knowledge at each of the points: {}",
            ARMS.name
        ));
        return lines;
    }
    lines.push(
        "\nWhat settings change by mere delay (and all that rules do which ask nobody), by holding fire for want of an answer, and by what\nrules know when they ask or wait:"
            .to_owned(),
    );
    for measure in &record.measures {
        let notation = Notation::of(measure);
        let header = ["", "changes", "delay", "default", "knowledge"].map(str::to_owned);
        let mut table = plain(&header);
        for arms in all.iter().take(most) {
            let Some(split) = arms.split(record, accounts, measure) else {
                continue;
            };
            let mut row = vec![format!("  {}", record.cells[arms.rule].name)];
            let changes = std::iter::once(&split.whole).chain(&split.parts);
            row.extend(changes.map(|of| notation.changed(of.estimate, of.low, of.high)));
            table.add_row(row);
        }
        lines.push(format!("{measure}, {}:", plan.unit(measure)));
        lines.push(table.trim_fmt());
    }
    if all.len() > most {
        let more = all.len() - most;
        lines.push(format!("... and {more} more settings, in {}", ARMS.name));
    }
    lines
}
