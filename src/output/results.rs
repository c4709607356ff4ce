//! The result files of a sweep: everything that depends on the plan and the number of rounds alone.
//!
//! They are written beside their place and renamed into it, the manifest last: a folder whose manifest is there is
//! whole. `run.json` says who made it, where and when, and is no part of what the manifest vouches for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::comparison::comparison_row;
use super::error::OutputError;
use super::files::{FileEntry, Table, hex, json, scenario_sha256, sync_folder};
use super::headers::{
    CELLS, COMPARISON, CONFUSION, EFFECTS, FAILURES, GRID, REPLICATIONS, RESULT_FILES, ResultFile,
};
use super::numbers::{exact, number};
use crate::experiment::accounts::Accounts;
use crate::experiment::effects::{EffectMethod, Interval, effects as find_effects};
use crate::experiment::plan::Plan;
use crate::experiment::round::{Outcome, Round};

/// How folders begin whose results are not whole yet.
pub(super) const UNFINISHED_RESULTS: &str = ".results-";

#[derive(Serialize)]
struct Manifest<'a> {
    program: &'a str,
    version: &'a str,
    title: &'a str,
    seed: u64,
    first_replication: u64,
    replications: u64,
    failed: usize,
    confidence: f64,
    plan_sha256: String,
    files: BTreeMap<&'static str, FileEntry>,
    cells: Vec<ManifestCell<'a>>,
}

#[derive(Serialize)]
struct ManifestCell<'a> {
    name: &'a str,
    scenario_sha256: String,
    scenario: &'a crate::scenario::file::ScenarioFile,
}

/// Writes all result files of a sweep into its folder: `rounds` are the rounds that were added to `accounts`.
pub fn write_results(
    folder: &Path,
    plan: &Plan,
    accounts: &Accounts,
    rounds: impl Iterator<Item = Result<Round, OutputError>>,
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let temporary = tempfile::Builder::new()
        .prefix(UNFINISHED_RESULTS)
        .tempdir_in(folder)
        .map_err(OutputError::io("write in", folder))?;
    let beside = temporary.path();
    let target = Target {
        beside,
        shown: folder,
    };
    let mut files = BTreeMap::new();
    files.insert("replications.csv", replications(&target, plan, rounds)?);
    files.insert("cells.csv", cells(&target, plan, accounts)?);
    files.insert("pairs.csv", pairs(&target, plan, accounts)?);
    files.insert("effects.csv", effects(&target, plan, accounts)?);
    files.insert("confusion.csv", confusion(&target, plan, accounts)?);
    files.insert("grid.csv", grid(&target, plan, accounts)?);
    files.insert("failures.csv", failures(&target, plan, accounts)?);
    let record = &plan.record;
    let manifest = Manifest {
        program: &record.program,
        version: &record.version,
        title: &record.title,
        seed: record.seed,
        first_replication: 0,
        replications: accounts.rounds(),
        failed: accounts.failures().len(),
        confidence: record.confidence,
        plan_sha256: hex(&record.identity()),
        files,
        cells: record
            .cells
            .iter()
            .zip(&plan.scenarios)
            .map(|(cell, scenario)| ManifestCell {
                name: &cell.name,
                scenario_sha256: scenario_sha256(&scenario.file),
                scenario: &scenario.file,
            })
            .collect(),
    };
    json(beside, folder, "manifest.json", &manifest)?;
    json(beside, folder, "run.json", run)?;

    // From here on the old files give way; without a manifest nobody takes the mixture for a result.
    let old = folder.join("manifest.json");
    match fs::remove_file(&old) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(OutputError::io("replace", &old)(error));
        }
        _ => {}
    }
    let names = RESULT_FILES.iter().map(|file| file.name);
    for name in names.chain(["run.json", "manifest.json"]) {
        let place = folder.join(name);
        fs::rename(beside.join(name), &place).map_err(OutputError::io("write", &place))?;
    }
    sync_folder(folder, folder)
}

/// Where files are written, and the folder the user knows.
struct Target<'a> {
    beside: &'a Path,
    shown: &'a Path,
}

impl Target<'_> {
    fn table(&self, file: ResultFile, plan: &Plan) -> Result<Table, OutputError> {
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

fn replications(
    target: &Target,
    plan: &Plan,
    rounds: impl Iterator<Item = Result<Round, OutputError>>,
) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(REPLICATIONS, plan)?;
    let settings: Vec<Vec<String>> = (0..record.cells.len())
        .map(|cell| {
            (0..record.factors.len())
                .map(|factor| record.setting(cell, factor))
                .collect()
        })
        .collect();
    let seed = record.seed.to_string();
    let mut row = csv::ByteRecord::new();
    let mut text = String::new();
    for round in rounds {
        let round = round?;
        let index = round.index.to_string();
        for (cell, outcome) in round.outcomes.iter().enumerate() {
            let Outcome::Flown(summary) = outcome else {
                continue;
            };
            row.clear();
            row.push_field(record.cells[cell].name.as_bytes());
            row.push_field(seed.as_bytes());
            row.push_field(index.as_bytes());
            for setting in &settings[cell] {
                row.push_field(setting.as_bytes());
            }
            for &value in &summary.values {
                text.clear();
                exact(value, &mut text);
                row.push_field(text.as_bytes());
            }
            table.row(&row)?;
        }
    }
    table.close()
}

fn cells(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(CELLS, plan)?;
    for (cell, estimator) in accounts.cells().iter().enumerate() {
        for estimated in estimator.cells(record.confidence) {
            let confidence = record.cell_confidence(&estimated.name);
            let estimated = if confidence == record.confidence {
                estimated
            } else {
                estimator
                    .cell(&estimated.name, confidence)
                    .unwrap_or(estimated)
            };
            let mut row = vec![record.cells[cell].name.clone()];
            row.extend((0..record.factors.len()).map(|factor| record.setting(cell, factor)));
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
            ]);
            table.row(&csv::ByteRecord::from(row))?;
        }
    }
    table.close()
}

fn pairs(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let record = &plan.record;
    let mut table = target.table(COMPARISON, plan)?;
    for pair in accounts.pairs() {
        for (measure, about) in pair.pairs.measures() {
            let confidence = record.pair_confidence(measure);
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
            table.row(&csv::ByteRecord::from(row))?;
        }
    }
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
            effect.from,
            effect.to,
            number(estimate),
            number(low),
            number(high),
            number(record.confidence),
            effect.points.to_string(),
            effect.rank.map_or(String::new(), |rank| rank.to_string()),
        ]))?;
    }
    table.close()
}

fn confusion(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let mut table = target.table(CONFUSION, plan)?;
    for (cell, estimator) in accounts.cells().iter().enumerate() {
        for row in super::folder::confusion_rows(estimator) {
            let mut record = vec![plan.record.cells[cell].name.clone()];
            record.extend(row);
            table.row(&csv::ByteRecord::from(record))?;
        }
    }
    table.close()
}

fn grid(target: &Target, plan: &Plan, accounts: &Accounts) -> Result<FileEntry, OutputError> {
    let mut table = target.table(GRID, plan)?;
    for (cell, squares) in accounts.squares().iter().enumerate() {
        for row in super::folder::grid_rows(squares, accounts.cells()[cell].n()) {
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
