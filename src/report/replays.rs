//! Replays beside a report: of each cell the first replications with a wrong shot, and a row for every such shot that leads there.

use std::path::Path;

use super::replay::{AS_IT_IS, Flown, ReplayNote, TimedShot, replay_page, wrong_shots};
use super::stored::{Results, Table};
use crate::experiment::rows::{KeptRows, RowForm};
use crate::output::{OutputError, Stored, StoredRun, Trust, folder_of_cell};
use crate::record::{Detail, Replication};
use crate::simulation::{simulate, trajectories};

/// Most cells that get replays.
const CELLS: usize = 40;

/// A replay that was made.
pub(super) struct Made {
    pub cell: String,
    pub replication: u64,
    /// Its file in the folder of the figures.
    pub file: String,
    pub page: String,
    pub shots: Vec<TimedShot>,
}

/// Replays of `most` replications of each cell, those with wrong shots first to last; of a cell without, of its first one.
pub(super) fn made(
    folder: &Path,
    name: &str,
    results: &Results,
    most: usize,
    trust: Trust,
) -> Result<Vec<Made>, OutputError> {
    let stored = Stored::open(folder, trust)?;
    let kept = &stored.manifest.rows;
    let rows = Table::read(&stored, "replications.csv").map_err(|error| match kept.form {
        RowForm::None | RowForm::Parquet => without(&stored, kept),
        RowForm::Csv => error,
    })?;
    if !rows.names().iter().any(|name| name == "wrong_shots") {
        return Err(without(&stored, kept));
    }
    let rows = rows.rows(|row| {
        (
            if results.sweep {
                row.text("cell")
            } else {
                String::new()
            },
            row.number("replication") as u64,
            row.number("wrong_shots"),
        )
    });
    let mut all = Vec::new();
    for (number, cell) in results.cells.iter().enumerate().take(CELLS) {
        let of = || rows.iter().filter(|row| row.0 == *cell);
        let mut wanted: Vec<u64> = of().filter(|row| row.2 > 0.0).map(|row| row.1).collect();
        wanted.truncate(most);
        if wanted.is_empty() {
            wanted.extend(of().next().map(|row| row.1));
        }
        let asked = results.sweep.then_some(cell.as_str());
        let run = StoredRun::open(folder, asked, trust)?;
        for index in wanted {
            let replication = Replication {
                seed: run.seed,
                index,
            };
            let log = simulate(&run.scenario, replication, Detail::Full);
            let flown = Flown {
                name: match asked {
                    Some(cell) => format!("cell {cell}"),
                    None => AS_IT_IS.to_owned(),
                },
                scenario: &run.scenario,
                log: &log,
                trajectories: &trajectories(&run.scenario, replication),
            };
            let from = folder_of_cell(name, asked);
            let note = ReplayNote {
                command: format!(
                    "deconflict replay --from {from} --replication {index} --out replay.html"
                ),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                land: None,
            };
            let shots = wrong_shots(&flown);
            // Without land of one's own nothing can be wrong with it.
            let page = replay_page(&[flown], &note).unwrap_or_default();
            all.push(Made {
                cell: cell.clone(),
                replication: index,
                file: format!("replay-{}-{index}.html", number + 1),
                page,
                shots,
            });
        }
    }
    Ok(all)
}

/// Which replications are worth a replay is told by their rows.
fn without(stored: &Stored, kept: &KeptRows) -> OutputError {
    OutputError::NotResults {
        path: stored.folder().to_owned(),
        why: format!(
            "--replays looks for wrong shots in the rows, and it keeps {kept}; `deconflict replay --from` shows any replication"
        ),
    }
}
