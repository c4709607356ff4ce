//! The result files of a sweep: everything that depends on the plan and the number of blocks alone.
//!
//! `run.json` says who made it, where and when, and is no part of what the manifest vouches for.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::arms::arm_rows;
use super::averages::average_rows;
use super::comparison::comparison_row;
use super::error::OutputError;
use super::files::{FileEntry, hex, scenario_sha256};
use super::headers::{
    ARMS, AVERAGES, CELLS, COMPARISON, CONFUSION, EFFECTS, FAILURES, GRID, INTERACTIONS,
    RESULT_FILES, SETTINGS,
};
use super::journal::JournalReader;
use super::manifest::{Made, Manifest, ManifestCell, Progress, accounts_of};
use super::numbers::number;
use super::result_folder::ResultFolder;
use super::rows::{Layout, RowsFile, rows_file};
use super::settings::{interaction_rows, setting_rows};
use crate::experiment::accounts::Accounts;
use crate::experiment::averages::averages;
use crate::experiment::effects::{EffectMethod, Interval, effects as find_effects};
use crate::experiment::plan::{Plan, fraction};
use crate::experiment::settings::settings;

/// Writes all result files of a sweep into its folder: `blocks` are the blocks that were added to `accounts`, where they are kept.
///
/// # Errors
/// A journal that is damaged; what the system refuses. Earlier results are left then.
pub fn write_results(
    folder: &Path,
    plan: &Plan,
    accounts: &Accounts,
    blocks: Option<JournalReader>,
    progress: Progress,
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let mut target = ResultFolder::of(folder)?;
    let rows = blocks.zip(rows_file(plan.record.rows.form));
    if let Some((blocks, file)) = rows {
        let layout = Layout::of_sweep(plan);
        let [fresh, shown] = target.places();
        let mut rows = RowsFile::create(fresh, shown, file.name, layout)?;
        let all: Vec<usize> = (0..plan.record.cells.len()).collect();
        rows.all(blocks, &all)?;
        let entry = rows.close()?;
        target.keep(file.name, entry);
    }
    let by_setting = settings(plan, accounts);
    let averages = averages(&plan.record, accounts);
    let made = [
        (CELLS, Some(cells(&target, plan, accounts)?)),
        (COMPARISON, Some(pairs(&target, plan, accounts)?)),
        (
            SETTINGS,
            Some(setting_rows(&target, plan, accounts, by_setting.as_ref())?),
        ),
        (
            INTERACTIONS,
            Some(interaction_rows(&target, plan, by_setting.as_ref())?),
        ),
        (ARMS, arm_rows(&target, plan, accounts)?),
        (AVERAGES, average_rows(&target, plan, accounts, &averages)?),
        (EFFECTS, Some(effects(&target, plan, accounts)?)),
        (CONFUSION, Some(confusion(&target, plan, accounts)?)),
        (GRID, Some(grid(&target, plan, accounts)?)),
        (FAILURES, Some(failures(&target, plan, accounts)?)),
    ];
    for (file, entry) in made {
        if let Some(entry) = entry {
            target.keep(file.name, entry);
        }
    }
    let record = &plan.record;
    let few = record.cells.len() <= MOST_SCENARIOS;
    let manifest = Manifest {
        failed: accounts.failures().len() as u64,
        confidence: record.confidence,
        plan_sha256: Some(hex(&record.identity())),
        rows: record.rows.clone(),
        recordings: accounts_of(
            (record.cells.iter().enumerate())
                .map(|(cell, planned)| (planned.name.clone(), plan.recordings(cell))),
        ),
        cells: (record.cells.par_iter().enumerate())
            .map(|(cell, planned)| ManifestCell {
                name: planned.name.clone(),
                scenario_sha256: match plan.prepared(cell) {
                    Some(prepared) => prepared.scenario_sha256.clone(),
                    None => scenario_sha256(&plan.scenarios[cell].file),
                },
                scenario: few.then(|| plan.scenarios[cell].file.clone()),
            })
            .collect(),
        ..Manifest::new(Made::Sweep, &record.title, record.seed, progress)
    };
    let names = RESULT_FILES.iter().map(|file| file.name);
    target.put(manifest, run, names, |_| Ok(()))
}

/// Most cells whose scenarios the manifest holds, each whole.
pub(super) const MOST_SCENARIOS: usize = 1_000;

fn cells(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table_of(&CELLS, plan)?;
    let fields = record.fields();
    // Looked up once, not for every cell: what they are goes with the number of cells.
    let confidences = confidences(plan, |name| record.cell_confidence(name));
    table.rows_of(accounts.cells().len(), |cell, rows| {
        let estimator = &accounts.cells()[cell];
        for estimated in estimator.cells(record.confidence) {
            let known = confidences.get(estimated.name.as_str()).copied();
            let confidence = known.unwrap_or_else(|| record.cell_confidence(&estimated.name));
            let estimated = if confidence == record.confidence {
                estimated
            } else {
                estimator
                    .cell(&estimated.name, confidence)
                    .unwrap_or(estimated)
            };
            let mut row = vec![record.cells[cell].name.clone()];
            row.extend_from_slice(&fields[cell]);
            let value = &estimated.value;
            row.extend([
                estimated.name.clone(),
                estimated.unit.to_owned(),
                number(value.estimate),
                number(value.low),
                number(value.high),
                number(estimated.confidence),
                value.method.code().to_owned(),
                estimated.n.to_string(),
                number(estimated.events),
                number(estimated.exposure),
                number(estimated.replications_for_half),
            ]);
            rows.row(&csv::ByteRecord::from(row));
        }
    })?;
    table.close()
}

/// The confidence of the interval of each measure that the plan's columns make.
fn confidences(plan: &Plan, of: impl Fn(&str) -> f64) -> BTreeMap<&str, f64> {
    let names = plan.columns.derived().iter();
    names
        .map(|derived| (derived.name.as_str(), of(&derived.name)))
        .collect()
}

fn pairs(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table_of(&COMPARISON, plan)?;
    let confidences = confidences(plan, |name| record.pair_confidence(name));
    table.rows_of(accounts.pairs().len(), |pair, rows| {
        let pair = &accounts.pairs()[pair];
        for (measure, about) in pair.pairs.measures() {
            let known = confidences.get(measure).copied();
            let confidence = known.unwrap_or_else(|| record.pair_confidence(measure));
            let Some(compared) = pair.pairs.compare(measure, confidence) else {
                continue;
            };
            let mut row = vec![
                record.cells[pair.reference].name.clone(),
                record.cells[pair.cell].name.clone(),
            ];
            let n = pair.pairs.n();
            row.extend(comparison_row(
                measure, about.unit, &compared, confidence, n,
            ));
            rows.row(&csv::ByteRecord::from(row));
        }
    })?;
    table.close()
}

fn effects(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table_of(&EFFECTS, plan)?;
    for effect in find_effects(record, accounts) {
        let unit = match effect.method {
            EffectMethod::RankCorrelation => "",
            _ => plan.unit(&record.measures[effect.measure]),
        };
        let Interval {
            estimate,
            low,
            high,
        } = effect.effect;
        table.row(&csv::ByteRecord::from(vec![
            record.lever_settings(effect.cell),
            record.factors[effect.factor].name.clone(),
            record.measures[effect.measure].clone(),
            unit.to_owned(),
            effect.method.code().to_owned(),
            fraction(&effect.from),
            fraction(&effect.to),
            number(estimate),
            number(low),
            number(high),
            number(record.effect_confidence()),
            effect.points.to_string(),
            effect.rank.map_or(String::new(), |rank| rank.to_string()),
        ]))?;
    }
    table.close()
}

fn confusion(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let mut table = target.table_of(&CONFUSION, plan)?;
    table.rows_of(accounts.cells().len(), |cell, rows| {
        for row in super::folder::confusion_rows(&accounts.cells()[cell]) {
            let mut record = vec![plan.record.cells[cell].name.clone()];
            record.extend(row);
            rows.row(&csv::ByteRecord::from(record));
        }
    })?;
    table.close()
}

fn grid(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let mut table = target.table_of(&GRID, plan)?;
    for (cell, squares) in accounts.squares().iter().enumerate() {
        for row in super::folder::grid_rows(plan.frame(cell), squares, accounts.cells()[cell].n()) {
            let mut record = vec![plan.record.cells[cell].name.clone()];
            record.extend(row);
            table.row(&csv::ByteRecord::from(record))?;
        }
    }
    table.close()
}

fn failures(
    target: &ResultFolder<'_>,
    plan: &Plan,
    accounts: &Accounts,
) -> Result<FileEntry, OutputError> {
    let mut table = target.table_of(&FAILURES, plan)?;
    for failure in accounts.failures() {
        table.row(&csv::ByteRecord::from(vec![
            plan.record.cells[failure.cell].name.clone(),
            plan.record.seed.to_string(),
            failure.replication.to_string(),
            failure.message.clone(),
        ]))?;
    }
    table.close()
}
