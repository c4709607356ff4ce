//! The result files of a sweep: everything that depends on the plan and the number of blocks alone.
//!
//! They are written beside their place and renamed into it, the manifest last: a folder whose manifest is there is
//! whole. `run.json` says who made it, where and when, and is no part of what the manifest vouches for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::arms::arm_rows;
use super::averages::average_rows;
use super::beside::Beside;
use super::claim::settle;
use super::comparison::comparison_row;
use super::error::OutputError;
use super::files::{FileEntry, Table, hex, json, scenario_sha256, sync_folder};
use super::headers::{
    ARMS, AVERAGES, CELLS, COMPARISON, CONFUSION, EFFECTS, FAILURES, GRID, INTERACTIONS,
    RESULT_FILES, ResultFile, SETTINGS,
};
use super::journal::JournalReader;
use super::manifest::{MANIFEST, Made, Manifest, ManifestCell, Progress, accounts_of};
use super::numbers::number;
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
    let beside = Beside::of(&folder.join("results"))?;
    let fresh = beside.make("results")?;
    let target = Target {
        beside: &fresh,
        shown: folder,
    };
    let mut files = BTreeMap::new();
    let rows = blocks.zip(rows_file(plan.record.rows.form));
    if let Some((blocks, file)) = rows {
        let layout = Layout::of_sweep(plan);
        let mut rows = RowsFile::create(target.beside, target.shown, file.name, layout)?;
        let all: Vec<usize> = (0..plan.record.cells.len()).collect();
        rows.all(blocks, &all)?;
        files.insert(file.name.to_owned(), rows.close()?);
    }
    let mut keep = |file: ResultFile, entry: FileEntry| files.insert(file.name.to_owned(), entry);
    keep(CELLS, cells(&target, plan, accounts)?);
    keep(COMPARISON, pairs(&target, plan, accounts)?);
    let by_setting = settings(plan, accounts);
    keep(
        SETTINGS,
        setting_rows(&target, plan, accounts, by_setting.as_ref())?,
    );
    keep(
        INTERACTIONS,
        interaction_rows(&target, plan, by_setting.as_ref())?,
    );
    if let Some(entry) = arm_rows(&target, plan, accounts)? {
        keep(ARMS, entry);
    }
    if let Some(entry) = average_rows(&target, plan, accounts, &averages(&plan.record, accounts))? {
        keep(AVERAGES, entry);
    }
    keep(EFFECTS, effects(&target, plan, accounts)?);
    keep(CONFUSION, confusion(&target, plan, accounts)?);
    keep(GRID, grid(&target, plan, accounts)?);
    keep(FAILURES, failures(&target, plan, accounts)?);
    let record = &plan.record;
    let few = record.cells.len() <= MOST_SCENARIOS;
    let manifest = Manifest {
        failed: accounts.failures().len() as u64,
        confidence: record.confidence,
        plan_sha256: Some(hex(&record.identity())),
        rows: record.rows.clone(),
        files,
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
    manifest.write(&fresh, folder)?;
    json(&fresh, folder, "run.json", run)?;
    sync_folder(&fresh, folder)?;

    let names = RESULT_FILES.iter().map(|file| file.name);
    give_way(folder, &fresh, names)?;
    if progress.ended.is_whole() {
        settle(folder)?;
    }
    Ok(())
}

/// Moves results into their folder, the manifest last: without a manifest nobody takes a mixture for a result.
pub(super) fn give_way<'a>(
    folder: &Path,
    fresh: &Path,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), OutputError> {
    let old = folder.join(MANIFEST);
    match fs::remove_file(&old) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(OutputError::io("replace", &old)(error));
        }
        _ => {}
    }
    for name in names.chain(["run.json", MANIFEST]) {
        let place = folder.join(name);
        let moved = match fs::rename(fresh.join(name), &place) {
            // There is no such file this time.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => fs::remove_file(&place),
            moved => moved,
        };
        match moved {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            moved => moved.map_err(OutputError::io("write", &place))?,
        }
    }
    sync_folder(folder, folder)
}

/// Where files are written, and the folder the user knows.
pub(super) struct Target<'a> {
    beside: &'a Path,
    shown: &'a Path,
}

impl Target<'_> {
    pub(super) fn table(&self, file: ResultFile, plan: &Plan) -> Result<Table, OutputError> {
        let factors: Vec<&str> = plan
            .record
            .factors
            .iter()
            .map(|factor| factor.name.as_str())
            .collect();
        let columns = plan.columns.columns().iter();
        let quantities: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let header = file.header(&factors, &quantities);
        Table::create(self.beside, self.shown, file.name, &header)
    }
}

/// Most cells whose scenarios the manifest holds, each whole.
pub(super) const MOST_SCENARIOS: usize = 1_000;

fn cells(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(CELLS, plan)?;
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

fn pairs(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(COMPARISON, plan)?;
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

fn effects(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(EFFECTS, plan)?;
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

fn confusion(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let mut table = target.table(CONFUSION, plan)?;
    table.rows_of(accounts.cells().len(), |cell, rows| {
        for row in super::folder::confusion_rows(&accounts.cells()[cell]) {
            let mut record = vec![plan.record.cells[cell].name.clone()];
            record.extend(row);
            rows.row(&csv::ByteRecord::from(record));
        }
    })?;
    table.close()
}

fn grid(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let mut table = target.table(GRID, plan)?;
    for (cell, squares) in accounts.squares().iter().enumerate() {
        for row in super::folder::grid_rows(plan.frame(cell), squares, accounts.cells()[cell].n()) {
            let mut record = vec![plan.record.cells[cell].name.clone()];
            record.extend(row);
            table.row(&csv::ByteRecord::from(record))?;
        }
    }
    table.close()
}

fn failures(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let mut table = target.table(FAILURES, plan)?;
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
