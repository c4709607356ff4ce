//! An experiment by its factors, as text and as rows.

use comfy_table::{CellAlignment, Table as Text, presets};

use super::error::OutputError;
use super::files::FileEntry;
use super::headers::{INTERACTIONS, SETTINGS};
use super::numbers::{Notation, confidence_told, number, readable};
use super::result_folder::ResultFolder;
use crate::experiment::accounts::Accounts;
use crate::experiment::design::Coordinate;
use crate::experiment::effects::Interval;
use crate::experiment::plan::{FactorDomain, Plan, PlanRecord, fraction};
use crate::experiment::rule::joint;
use crate::experiment::settings::{At, Best, BySetting, Change, Interaction, Settings};
use crate::statistics::estimate::Method;

/// `lost_per_sortie[side=us]` in its parts.
fn parts(measure: &str) -> [String; 3] {
    let found = measure
        .strip_suffix(']')
        .and_then(|name| name.split_once('['))
        .and_then(|(name, rest)| Some((name, rest.split_once('=')?)));
    match found {
        Some((name, (dimension, level))) => [name, dimension, level].map(str::to_owned),
        None => [measure, "", ""].map(str::to_owned),
    }
}

/// The rows of [`SETTINGS`].
pub(super) fn setting_rows(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
    settings: Option<&Settings>,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table_of(&SETTINGS, plan)?;
    let fields = record.fields();
    let measures = settings.iter().flat_map(|settings| &settings.measures);
    for by in measures {
        let name = &record.measures[by.measure];
        for at in &by.at {
            let mut row = vec![record.cells[at.cell].name.clone()];
            row.extend_from_slice(&fields[at.cell]);
            row.extend(parts(name));
            row.push(plan.unit(name).to_owned());
            row.push(yes(settings.is_some_and(|s| s.reference == at.cell)));
            row.extend([at.value.estimate, at.value.low, at.value.high].map(number));
            row.push(number(record.cell_confidence(name)));
            match &at.compared {
                Some(compared) => {
                    let difference = compared.difference;
                    row.extend([difference.estimate, difference.low, difference.high].map(number));
                    row.push(number(record.pair_confidence(name)));
                }
                None => row.extend([const { String::new() }; 4]),
            }
            row.push(match (at.shown(), &at.compared) {
                (Some(change), _) => change.word().to_owned(),
                (None, Some(compared)) if compared.difference.method == Method::EqualPairs => {
                    "same".to_owned()
                }
                (None, _) => String::new(),
            });
            row.push(match &by.best {
                Some(best) => yes(best.may_be.contains(&at.cell)),
                None => String::new(),
            });
            row.push(match &by.best {
                Some(best) if best.cell == at.cell => best.way().to_owned(),
                _ => String::new(),
            });
            row.push(accounts.cells()[at.cell].n().to_string());
            table.row(&csv::ByteRecord::from(row))?;
        }
    }
    table.close()
}

/// The rows of [`INTERACTIONS`].
pub(super) fn interaction_rows(
    target: &ResultFolder<'_>,
    plan: &Plan,
    settings: Option<&Settings>,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table_of(&INTERACTIONS, plan)?;
    for by in settings.iter().flat_map(|settings| &settings.measures) {
        let name = &record.measures[by.measure];
        for found in &by.interactions {
            let mut row = parts(name).to_vec();
            row.push(plan.unit(name).to_owned());
            for factor in found.factors {
                row.push(record.factors[factor].name.clone());
                row.extend(
                    [found.cells[0], found.cells[3]].map(|c| fraction(&record.setting(c, factor))),
                );
            }
            let contrast = found.contrast;
            row.extend([contrast.estimate, contrast.low, contrast.high].map(number));
            row.push(number(joint(record.confidence, found.of)));
            row.push(found.of.to_string());
            row.push(yes(found.is_shown()));
            table.row(&csv::ByteRecord::from(row))?;
        }
    }
    table.close()
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

impl Best {
    /// Which estimate it is, as written to files.
    fn way(&self) -> &'static str {
        match self.more_is_better {
            true => "highest",
            false => "lowest",
        }
    }
}

impl Change {
    /// As written to files.
    fn word(self) -> &'static str {
        match self {
            Change::Lower => "lower",
            Change::Higher => "higher",
        }
    }
}

/// The settings in plain text: for one factor its levels with a line, for two a table of one against the other, else a row a
/// setting; below each what is best, and what acts on what. At most `most` rows a measure.
pub fn settings_text(
    plan: &Plan,
    accounts: &Accounts,
    settings: &Settings,
    most: usize,
) -> Vec<String> {
    let record = &plan.record;
    let mut lines = Vec::new();
    if let Some(held) = held(record, settings) {
        lines.push(format!("At {held}:\n"));
    }
    for by in &settings.measures {
        let name = &record.measures[by.measure];
        let unit = Notation::of(name).unit(plan.unit(name));
        if let Some(everywhere) = same_everywhere(by, Notation::of(name)) {
            let count = settings.cells.len();
            lines.push(format!(
                "{name}, {unit}: {everywhere} at all {count} settings, the same in every replication.\n"
            ));
            continue;
        }
        lines.push(format!("{name}, {unit}:"));
        lines.push(match settings.grid(record) {
            Some(factors) => grid(record, settings, by, factors),
            None => list(record, settings, by, most),
        });
        if settings.cells.len() > most && settings.grid(record).is_none() {
            let more = settings.cells.len() - most;
            lines.push(format!("  ... and {more} more settings, in settings.csv"));
        }
        lines.extend(best_words(record, settings, by));
        lines.extend(
            by.interactions
                .iter()
                .map(|found| interaction_words(record, Notation::of(name), found)),
        );
        lines.push(String::new());
    }
    let n = accounts.blocks();
    lines.push(format!(
        "v lower, ^ higher than the reference, = the same in every replication; {n} replications with common random numbers."
    ));
    let compared = record.compared();
    if compared > 1 {
        let each = confidence_told(joint(record.confidence, compared));
        lines.push(format!(
            "The {compared} differences hold together with {} %: each has an interval of {each} % (Bonferroni). Which setting is best is asked for each\nmeasure by itself, and one-sided.",
            readable(record.confidence * 100.0),
        ));
    }
    lines
}

/// At what the factors are held that do not vary between the settings.
fn held(record: &PlanRecord, settings: &Settings) -> Option<String> {
    let fixed = (0..record.factors.len()).filter(|factor| !settings.factors.contains(factor));
    let fixed = fixed.map(|factor| {
        let level = record.setting(settings.reference, factor);
        format!("{}={level}", record.factors[factor].name)
    });
    let fixed: Vec<String> = fixed.collect();
    (!fixed.is_empty()).then(|| fixed.join(","))
}

/// The value of a measure that no setting changes in any replication.
fn same_everywhere(by: &BySetting, notation: Notation) -> Option<String> {
    let changes = |at: &At| {
        let compared = at.compared.as_ref();
        compared.is_some_and(|compared| compared.difference.method != Method::EqualPairs)
    };
    match by.at.iter().any(changes) {
        true => None,
        false => by.at.first().map(|at| value(at, notation)),
    }
}

/// The settings of the factors that vary, of a cell.
fn called(record: &PlanRecord, settings: &Settings, cell: usize) -> String {
    let one = |&factor: &usize| {
        let name = &record.factors[factor].name;
        format!("{name}={}", record.setting(cell, factor))
    };
    settings
        .factors
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(",")
}

fn mark(at: &At) -> &'static str {
    match (at.shown(), &at.compared) {
        (Some(Change::Lower), _) => "v",
        (Some(Change::Higher), _) => "^",
        (None, Some(compared)) if compared.difference.method == Method::EqualPairs => "=",
        (None, Some(_)) => " ",
        (None, None) => "reference",
    }
}

fn value(at: &At, notation: Notation) -> String {
    let told = notation.value(at.value.estimate);
    match at.value.low.is_nan() {
        true => told,
        false => format!("{told} {}", notation.ends(at.value.low, at.value.high)),
    }
}

/// The setting less the reference, with a sign.
fn difference(at: &At, notation: Notation) -> Option<String> {
    let difference = at.compared.as_ref()?.difference;
    (difference.method != Method::None)
        .then(|| notation.changed(difference.estimate, difference.low, difference.high))
}

/// Both factors: one downward, one across; below each value the difference to the reference.
fn grid(
    record: &PlanRecord,
    settings: &Settings,
    by: &BySetting,
    [rows, columns]: [usize; 2],
) -> String {
    let label = |factor: usize, level: Coordinate| {
        let label = match (&record.factors[factor].domain, level) {
            (FactorDomain::Levels { labels, .. }, Coordinate::Level(at)) => labels[at].clone(),
            (_, Coordinate::Level(at)) => at.to_string(),
            (_, Coordinate::Value(value)) => value.to_string(),
        };
        format!("{}={label}", record.factors[factor].name)
    };
    let notation = Notation::of(&record.measures[by.measure]);
    let across = settings.levels(record, columns);
    let mut header = vec![String::new()];
    header.extend(across.iter().map(|&level| label(columns, level)));
    let mut table = plain(&header);
    for level in settings.levels(record, rows) {
        let mut row = vec![format!("  {}", label(rows, level))];
        for &other in &across {
            let there = |at: &&At| {
                let place = &record.cells[at.cell].settings;
                place[rows] == level && place[columns] == other
            };
            row.push(by.at.iter().find(there).map_or(String::new(), |at| {
                let difference = difference(at, notation).unwrap_or_default();
                format!("{}\n{difference} {}", value(at, notation), mark(at))
                    .trim_end()
                    .to_owned()
            }));
        }
        table.add_row(row);
    }
    table.trim_fmt()
}

/// Places of the line of a setting.
const LINE: usize = 24;

/// A row a setting: its value, a line with its interval, and the difference to the reference.
fn list(record: &PlanRecord, settings: &Settings, by: &BySetting, most: usize) -> String {
    let notation = Notation::of(&record.measures[by.measure]);
    let ends = by
        .at
        .iter()
        .flat_map(|at| [at.value.estimate, at.value.low, at.value.high]);
    let finite: Vec<f64> = ends.filter(|end| end.is_finite()).collect();
    let low = finite.iter().copied().fold(0.0, f64::min);
    let high = finite.iter().copied().fold(0.0, f64::max);
    let place = |value: f64| {
        let share = (value.clamp(low, high) - low) / (high - low);
        (share * (LINE - 1) as f64) as usize
    };
    let line = |at: &At| {
        if !at.value.estimate.is_finite() || high <= low {
            return String::new();
        }
        let mut line = vec![b' '; LINE];
        if !at.value.low.is_nan() {
            line[place(at.value.low)..=place(at.value.high)].fill(b'-');
        }
        line[place(at.value.estimate)] = b'o';
        format!("|{}|", String::from_utf8_lossy(&line))
    };
    let header = ["", "estimate", "", "difference", ""].map(str::to_owned);
    let mut table = plain(&header);
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    for at in by.at.iter().take(most) {
        table.add_row([
            format!("  {}", called(record, settings, at.cell)),
            value(at, notation),
            line(at),
            difference(at, notation).unwrap_or_default(),
            mark(at).to_owned(),
        ]);
    }
    table.trim_fmt()
}

/// So many settings that may be the best are named.
const NAMED: usize = 4;

/// Which setting is best, and how sure that is.
pub(super) fn best_words(
    record: &PlanRecord,
    settings: &Settings,
    by: &BySetting,
) -> Option<String> {
    let notation = Notation::of(&record.measures[by.measure]);
    let Best {
        cell,
        more_is_better,
        may_be,
    } = by.best.as_ref()?;
    let way = match more_is_better {
        true => "Highest",
        false => "Lowest",
    };
    let at = by.at.iter().find(|at| at.cell == *cell)?;
    let confidence = readable(record.confidence * 100.0);
    let best = |other: &&At| other.value.estimate == at.value.estimate;
    let alike: Vec<usize> = by.at.iter().filter(best).map(|other| other.cell).collect();
    let rest = may_be.iter().filter(|other| !alike.contains(other));
    let rest: Vec<usize> = rest.copied().collect();
    let names = |cells: &[usize]| {
        let shown = cells.iter().take(NAMED);
        let mut names: Vec<String> = shown.map(|&one| called(record, settings, one)).collect();
        if cells.len() > NAMED {
            names.push(format!("{} more", cells.len() - NAMED));
        }
        names
    };
    let sure = match may_be.len() {
        _ if rest.is_empty() => {
            format!("that is shown, at {confidence} %")
        }
        n if n == settings.cells.len() => {
            format!("at {confidence} % it may be any of the {n}")
        }
        n => format!(
            "at {confidence} % it is one of {n} of the {}, the others {}",
            settings.cells.len(),
            names(&rest).join("; ")
        ),
    };
    let alike = names(&alike);
    Some(format!(
        "  {way} at {}: {}; {sure}.",
        alike.join(" and at "),
        value(at, notation)
    ))
}

/// Whether two factors act on each other.
pub(super) fn interaction_words(
    record: &PlanRecord,
    notation: Notation,
    found: &Interaction,
) -> String {
    let [one, two] = found.factors.map(|factor| &record.factors[factor].name);
    let Interval {
        estimate,
        low,
        high,
    } = found.contrast;
    let ends = notation.changed(estimate, low, high);
    let setting = |cell: usize, factor: usize| record.setting(cell, found.factors[factor]);
    let [origin, _, _, both] = found.cells;
    if !found.is_shown() {
        return format!(
            "  No interaction of {one} and {two} is shown; the clearest of {} contrasts is {ends}.",
            found.of
        );
    }
    format!(
        "  {one} and {two} interact: what {one} from {} to {} changes is other at {two}={} than at {}, by {ends}; the clearest of {} contrasts.",
        setting(origin, 0),
        setting(both, 0),
        setting(both, 1),
        setting(origin, 1),
        found.of
    )
}

/// A table without lines.
pub(super) fn plain(header: &[String]) -> Text {
    let mut table = Text::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_measures_have_parts() {
        assert_eq!(parts("leaked"), ["leaked", "", ""]);
        assert_eq!(
            parts("lost_per_sortie[side=us]"),
            ["lost_per_sortie", "side", "us"]
        );
    }
}
