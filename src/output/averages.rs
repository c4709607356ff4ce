//! What settings of the levers come to over the uncertainties, as text and as rows.

use super::error::OutputError;
use super::files::FileEntry;
use super::headers::AVERAGES;
use super::numbers::{Notation, number, readable};
use super::result_folder::ResultFolder;
use super::settings::plain;
use crate::experiment::accounts::Accounts;
use crate::experiment::averages::{Average, Change, Over};
use crate::experiment::effects::Interval;
use crate::experiment::plan::{FactorKind, Plan, PlanRecord};

/// The rows of [`AVERAGES`]; no file where nothing is averaged.
pub(super) fn average_rows(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
    averages: &[Average],
) -> Result<Option<FileEntry>, OutputError> {
    if averages.is_empty() {
        return Ok(None);
    }
    let record = &plan.record;
    let cell = |cell: usize| record.cells[cell].name.clone();
    let ends = |over: &Over| {
        let (least, most) = (over.least, over.most);
        [number(least.1), cell(least.0), number(most.1), cell(most.0)]
    };
    let mut table = target.table_of(&AVERAGES, plan)?;
    for average in averages {
        let measure = &record.measures[average.measure];
        let value = &average.value;
        let mut row = vec![record.lever_settings(average.cells[0]), measure.clone()];
        row.extend([plan.unit(measure).to_owned(), value.points.to_string()]);
        row.extend(interval(value.mean).map(number));
        row.push(number(record.confidence));
        row.extend(ends(value));
        match &average.change {
            None => row.extend([const { String::new() }; 11]),
            Some(change) => {
                row.push(record.lever_settings(change.reference));
                row.extend(interval(change.over.mean).map(number));
                row.push(number(change.confidence));
                row.extend(ends(&change.over));
                row.extend([change.lower, change.higher].map(|points| points.to_string()));
            }
        }
        row.push(accounts.cells()[average.cells[0]].n().to_string());
        table.row(&csv::ByteRecord::from(row))?;
    }
    table.close().map(Some)
}

fn interval(of: Interval) -> [f64; 3] {
    [of.estimate, of.low, of.high]
}

/// The averages of each measure, a row a setting of the levers; at most `most` rows a measure.
pub fn averages_text(plan: &Plan, averages: &[Average], most: usize) -> Vec<String> {
    let record = &plan.record;
    let mut lines = Vec::new();
    let Some(first) = averages.first() else {
        return lines;
    };
    lines.push(format!("{}\n", over_what(record, first.cells.len())));
    for (at, measure) in record.measures.iter().enumerate() {
        let notation = Notation::of(measure);
        let rows = || averages.iter().filter(|average| average.measure == at);
        let header = [
            "",
            "mean",
            "least to most",
            "change of the mean",
            "shown at points",
        ];
        let mut table = plain(&header.map(str::to_owned));
        for average in rows().take(most) {
            let value = &average.value;
            let ends = notation.ends(value.mean.low, value.mean.high);
            // At some points there may be nothing to divide by.
            let part = match value.points < average.cells.len() {
                true => format!(" at {} of {}", value.points, average.cells.len()),
                false => String::new(),
            };
            let mean = format!("{} {ends}{part}", notation.value(value.mean.estimate));
            let reach = format!(
                "{} to {}",
                notation.bound(value.least.1),
                notation.bound(value.most.1)
            );
            let [change, shown] = match &average.change {
                None => ["reference".to_owned(), String::new()],
                Some(change) => [change_words(notation, change), shown_words(change)],
            };
            let name = format!("  {}", record.lever_settings(average.cells[0]));
            table.add_row([name, mean, reach, change, shown]);
        }
        let known: Vec<String> = rows()
            .map(|row| record.lever_settings(row.cells[0]))
            .collect();
        let mut without: Vec<String> = (averages.iter())
            .map(|row| record.lever_settings(row.cells[0]))
            .filter(|name| !known.contains(name))
            .collect();
        without.dedup();
        for name in without.into_iter().take(most) {
            table.add_row([format!("  {name}"), "no value at any point".to_owned()]);
        }
        let unit = notation.unit(plan.unit(measure));
        lines.push(format!("{measure}, {unit}:"));
        lines.push(table.trim_fmt());
        let more = rows().count().saturating_sub(most);
        if more > 0 {
            lines.push(format!(
                "  ... and {more} more settings, in {}",
                AVERAGES.name
            ));
        }
        lines.push(String::new());
    }
    lines.push(match record.is_sampled() {
        true => format!(
            "Intervals hold which points were drawn, and chance; the changes are of the same points on the same random numbers, and hold together with {} %.",
            readable(record.confidence * 100.0)
        ),
        false => format!(
            "Intervals hold chance alone, over just these points; the changes are of the same points on the same random numbers, and hold together with {} %.",
            readable(record.confidence * 100.0)
        ),
    });
    lines
}

/// Over how many points of how many uncertainties.
pub fn over_what(record: &PlanRecord, points: usize) -> String {
    let factors = record.factors.iter();
    let uncertain: Vec<&str> = factors
        .filter(|factor| factor.kind == FactorKind::Uncertainty)
        .map(|factor| factor.name.as_str())
        .collect();
    let of = match uncertain.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("{} uncertainties", many.len()),
    };
    match record.is_sampled() {
        true => format!("Over {points} points drawn from the ranges of {of}, each weighing alike:"),
        false => format!("Over the {points} settings of {of}, each weighing alike:"),
    }
}

fn change_words(notation: Notation, change: &Change) -> String {
    let Interval {
        estimate,
        low,
        high,
    } = change.over.mean;
    notation.changed(estimate, low, high)
}

fn shown_words(change: &Change) -> String {
    let of = change.over.points;
    match (change.lower, change.higher) {
        (0, 0) => format!("none of {of}"),
        (lower, 0) => format!("lower at {lower} of {of}"),
        (0, higher) => format!("higher at {higher} of {of}"),
        (lower, higher) => format!("lower at {lower}, higher at {higher} of {of}"),
    }
}
