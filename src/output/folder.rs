//! The run folder: replications.csv, summary.csv, confusion.csv, grid.csv, times.csv, manifest.json and run.json.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::claim::{Claim, Making, exists, place_beside};
use super::error::OutputError;
use super::files::{FileEntry, Table, json, scenario_sha256, sync_folder};
use super::headers::{GRID, SUMMARY, TIMES};
use super::manifest::{Made, Manifest, Progress, accounts_of};
use super::numbers::{exact, number};
use super::rows::{Layout, RowMaker, RowsFile, RunRows, rows_file};
use crate::experiment::accounts::Squares;
use crate::experiment::rows::KeptRows;
use crate::experiment::tally::Tally;
use crate::geodesy::{Frame, format_mgrs};
use crate::geometry::Point;
use crate::measure::{Columns, GridSquare};
use crate::scenario::Scenario;
use crate::statistics::estimate::{Cell, Estimator};
use crate::statistics::times::Times;

/// What was run: the part of the manifest that the caller knows.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The seed.
    pub seed: u64,
    /// Number of the first replication.
    pub first_replication: u64,
    /// How many were asked for, how many were run, and why it ended.
    pub progress: Progress,
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// A run folder in the making: beside its place, until [`RunFolder::finish`] moves it.
///
/// Dropped unfinished, it leaves nothing behind.
pub struct RunFolder {
    making: Making,
    force: bool,
    kept: KeptRows,
    rows: Option<RowsFile>,
}

impl RunFolder {
    /// Refuses what it may not replace, and begins the rows, where they are kept.
    ///
    /// # Errors
    /// A folder that may not be replaced; rows in a form that this build cannot write; what the system refuses.
    pub fn create(
        target: &Path,
        force: bool,
        columns: &Columns,
        seed: u64,
        kept: KeptRows,
    ) -> Result<RunFolder, OutputError> {
        // Asked for again when there is something to put there: until then it can be read.
        drop(Claim::of(target, force, exists)?);
        let making = Making::of(target)?;
        let layout = Layout::of_run(columns, &kept, seed);
        let rows = match rows_file(kept.form) {
            Some(file) => Some(RowsFile::create(&making.fresh, target, file.name, layout)?),
            None => None,
        };
        Ok(RunFolder {
            making,
            force,
            kept,
            rows,
        })
    }

    /// What makes rows on whichever thread, where they are kept; they are then handed to [`RunFolder::add`].
    pub fn maker(&self) -> Option<RowMaker> {
        self.rows.as_ref().map(RowsFile::maker)
    }

    /// Adds the rows of the next replications.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn add(&mut self, made: RunRows) -> Result<(), OutputError> {
        match &mut self.rows {
            Some(rows) => rows.add(made),
            None => Ok(()),
        }
    }

    /// Writes the other files and moves the folder to its place.
    ///
    /// Older results give way to a run that ran all it was asked for. What was cut short goes beside them, and so does
    /// what finds its place taken.
    ///
    /// `run` is what run.json says; it is no part of what the manifest vouches for.
    ///
    /// # Errors
    /// What the system refuses; the place as it was before is left.
    pub fn finish(
        self,
        conditions: &Conditions,
        tally: &Tally,
        run: &impl Serialize,
    ) -> Result<Placed, OutputError> {
        let RunFolder {
            mut making,
            force,
            kept,
            rows,
        } = self;
        let estimator = tally.estimator();
        let (folder, target) = (making.fresh.clone(), making.target.clone());
        let (folder, target) = (folder.as_path(), target.as_path());
        let mut files = BTreeMap::new();
        let mut keep = |name: &str, entry: FileEntry| files.insert(name.to_owned(), entry);
        if let Some((rows, file)) = rows.zip(rows_file(kept.form)) {
            keep(file.name, rows.close()?);
        }
        let cells = estimator.cells(conditions.confidence);
        keep("summary.csv", summary_csv(folder, target, &cells)?);
        keep("confusion.csv", confusion_csv(folder, target, estimator)?);
        keep(
            "grid.csv",
            grid_csv(
                folder,
                target,
                conditions.scenario.frame,
                tally.squares(),
                estimator.n(),
            )?,
        );
        keep(TIMES.name, times_csv(folder, target, &estimator.times())?);

        let scenario = &conditions.scenario.file;
        let Conditions { seed, progress, .. } = *conditions;
        let manifest = Manifest {
            first_replication: conditions.first_replication,
            confidence: conditions.confidence,
            scenario_sha256: Some(scenario_sha256(scenario)),
            rows: kept,
            recordings: accounts_of([(String::new(), &conditions.scenario.recordings)]),
            files,
            scenario: Some(scenario.clone()),
            ..Manifest::new(Made::Run, &scenario.title, seed, progress)
        };
        manifest.write(folder, target)?;
        json(folder, target, "run.json", run)?;
        sync_folder(folder, target)?;

        let whole = progress.ended.is_whole();
        let refused = match Claim::of(target, force, exists) {
            Ok(claim) if whole || !claim.replaces() => {
                making.put(&claim)?;
                let place = making.target;
                return Ok(Placed {
                    place,
                    refused: None,
                });
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        let (place, claim) = place_beside(target, if whole { "kept" } else { "interrupted" })?;
        making.target.clone_from(&place);
        making.put(&claim)?;
        Ok(Placed { place, refused })
    }
}

/// Where a run folder went.
#[derive(Debug)]
pub struct Placed {
    /// The folder.
    pub place: PathBuf,
    /// Why it is not where it should be, unless it is because older results stay that are whole.
    pub refused: Option<OutputError>,
}

/// One row for each square with wrong shots of `n` replications, without the name of the cell.
pub(super) fn grid_rows(
    frame: Frame,
    squares: &Squares,
    n: u64,
) -> impl Iterator<Item = Vec<String>> {
    squares.iter().map(move |(square, count)| {
        let (east_m, north_m) = square.corner_m();
        let half = GridSquare::SIDE_M / 2.0;
        let center = frame.from_plane(Point::new(east_m + half, north_m + half));
        vec![
            number(east_m),
            number(north_m),
            number(GridSquare::SIDE_M),
            format!("{:.5}", center.lat_deg),
            format!("{:.5}", center.lon_deg),
            format_mgrs(center, 2).unwrap_or_default(),
            count.wrong_shots.to_string(),
            count.replications.to_string(),
            n.to_string(),
        ]
    })
}

fn grid_csv(
    folder: &Path,
    shown: &Path,
    frame: Frame,
    squares: &Squares,
    n: u64,
) -> Result<FileEntry, OutputError> {
    // As in a sweep, without the name of the cell.
    let names = GRID.columns.iter().skip(1).map(|(name, _)| *name);
    let header: Vec<&str> = names.collect();
    let mut table = Table::create(folder, shown, "grid.csv", &header)?;
    for row in grid_rows(frame, squares, n) {
        table.row(&csv::ByteRecord::from(row))?;
    }
    table.close()
}

/// How the times to identify are spread.
fn times_csv(folder: &Path, shown: &Path, times: &Times) -> Result<FileEntry, OutputError> {
    let names: Vec<&str> = TIMES.columns.iter().map(|(name, _)| *name).collect();
    let mut table = Table::create(folder, shown, TIMES.name, &names)?;
    for (share, time_s) in times.spread_s() {
        let mut row = csv::ByteRecord::new();
        for value in [share, time_s, times.count() as f64] {
            let mut text = String::new();
            exact(value, &mut text);
            row.push_field(text.as_bytes());
        }
        table.row(&row)?;
    }
    table.close()
}

fn summary_csv(folder: &Path, shown: &Path, cells: &[Cell]) -> Result<FileEntry, OutputError> {
    let header = SUMMARY.header(&[], &[]);
    let mut table = Table::create(folder, shown, SUMMARY.name, &header)?;
    for cell in cells {
        table.row(&csv::ByteRecord::from(vec![
            cell.name.clone(),
            cell.unit.to_owned(),
            number(cell.value.estimate),
            number(cell.value.low),
            number(cell.value.high),
            number(cell.confidence),
            cell.value.method.code().to_owned(),
            cell.n.to_string(),
            number(cell.events),
            number(cell.exposure),
            number(cell.replications_for_half),
            cell.definition.to_owned(),
        ]))?;
    }
    table.close()
}

fn confusion_csv(
    folder: &Path,
    shown: &Path,
    estimator: &Estimator,
) -> Result<FileEntry, OutputError> {
    let header = ["site_class", "truth", "declared", "declarations", "share"];
    let mut table = Table::create(folder, shown, "confusion.csv", &header)?;
    for row in confusion_rows(estimator) {
        table.row(&csv::ByteRecord::from(row))?;
    }
    table.close()
}

/// Site class, truth, declared, declarations, share.
pub(super) fn confusion_rows(estimator: &Estimator) -> Vec<Vec<String>> {
    let counts = estimator.confusion();
    let mut rows = Vec::new();
    for class in estimator.columns().confusion() {
        for (truth, name) in class.rows.iter().enumerate() {
            let row = &counts[class.position(truth, 0)..class.position(truth + 1, 0)];
            let all: u64 = row.iter().sum();
            for (declared, &count) in row.iter().enumerate() {
                let mut share = String::new();
                exact(count as f64 / all as f64, &mut share);
                rows.push(vec![
                    class.name.clone(),
                    name.clone(),
                    class.declared(declared).to_owned(),
                    count.to_string(),
                    share,
                ]);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::handwritten;

    #[test]
    fn an_unfinished_folder_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let columns = Columns::new(&handwritten::log().cast);
        let target = place.path().join("run");
        let mut folder =
            RunFolder::create(&target, false, &columns, 1, KeptRows::default()).unwrap();
        let made = folder.maker().unwrap();
        let row = made.row(0, &columns.measure(&handwritten::log()));
        folder.add(row).unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_there_is_refused_and_strangers_even_with_force() {
        let place = tempfile::tempdir().unwrap();
        let columns = Columns::new(&handwritten::log().cast);
        let target = place.path().join("photos");
        fs::create_dir(&target).unwrap();
        let create =
            |force| RunFolder::create(&target, force, &columns, 1, KeptRows::default()).map(|_| ());
        assert!(create(false).is_ok(), "an empty folder may be filled");
        fs::write(target.join("beach.jpg"), "sun").unwrap();
        assert!(matches!(create(false), Err(OutputError::Exists { .. })));
        assert!(matches!(create(true), Err(OutputError::NotOurs { .. })));
        assert!(target.join("beach.jpg").is_file());
    }
}
