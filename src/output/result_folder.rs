//! Result files in the making: written beside the folder that they belong to and moved into it together, the manifest last, so that a
//! folder whose manifest is there is whole. Sweeps, tunings, matchings and screenings end with one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::beside::Beside;
use super::claim::settle;
use super::error::OutputError;
use super::files::{FileEntry, Table, json, sync_folder, text};
use super::headers::ResultFile;
use super::manifest::{MANIFEST, Manifest};
use crate::experiment::plan::Plan;

/// Files that are written so far.
pub(super) struct ResultFolder<'a> {
    /// The folder as the user knows it.
    shown: &'a Path,
    /// Keeps the place beside it until all is moved.
    beside: Beside,
    fresh: PathBuf,
    files: BTreeMap<String, FileEntry>,
}

impl<'a> ResultFolder<'a> {
    /// None yet.
    pub fn of(folder: &'a Path) -> Result<ResultFolder<'a>, OutputError> {
        let beside = Beside::of(&folder.join("results"))?;
        let fresh = beside.make("results")?;
        Ok(ResultFolder {
            shown: folder,
            beside,
            fresh,
            files: BTreeMap::new(),
        })
    }

    /// Where they are written, and the folder the user knows.
    pub fn places(&self) -> [&Path; 2] {
        [&self.fresh, self.shown]
    }

    /// A table, with the columns that stand for its factors and quantities.
    pub fn table(
        &self,
        file: &ResultFile,
        factors: &[&str],
        quantities: &[&str],
    ) -> Result<Table, OutputError> {
        let header = file.header(factors, quantities);
        Table::create(&self.fresh, self.shown, file.name, &header)
    }

    /// A table of a plan: its factors, and the columns of its rows.
    pub fn table_of(&self, file: &ResultFile, plan: &Plan) -> Result<Table, OutputError> {
        let factors = plan.record.factors.iter();
        let factors: Vec<&str> = factors.map(|factor| factor.name.as_str()).collect();
        let columns = plan.columns.columns().iter();
        let quantities: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        self.table(file, &factors, &quantities)
    }

    /// A file that is written and closed.
    pub fn keep(&mut self, name: &str, entry: FileEntry) {
        self.files.insert(name.to_owned(), entry);
    }

    /// A whole table.
    pub fn rows(
        &mut self,
        file: &ResultFile,
        [factors, quantities]: [&[&str]; 2],
        rows: impl Iterator<Item = Vec<String>>,
    ) -> Result<(), OutputError> {
        let mut table = self.table(file, factors, quantities)?;
        for row in rows {
            table.row(&csv::ByteRecord::from(row))?;
        }
        let entry = table.close()?;
        self.keep(file.name, entry);
        Ok(())
    }

    /// A file of text.
    pub fn text(&mut self, name: &str, words: &str) -> Result<(), OutputError> {
        let entry = text(&self.fresh, self.shown, name, words)?;
        self.keep(name, entry);
        Ok(())
    }

    /// Moves all into the folder: files of these names that are not there this time go. `before` is done when everything is written and
    /// nothing is moved yet.
    pub fn put<'n>(
        self,
        manifest: Manifest,
        run: &impl Serialize,
        names: impl Iterator<Item = &'n str>,
        before: impl FnOnce(&Beside) -> Result<(), OutputError>,
    ) -> Result<(), OutputError> {
        let (fresh, folder) = (self.fresh.as_path(), self.shown);
        let manifest = Manifest {
            files: self.files,
            ..manifest
        };
        let whole = manifest.progress.ended.is_whole();
        manifest.write(fresh, folder)?;
        json(fresh, folder, "run.json", run)?;
        sync_folder(fresh, folder)?;
        before(&self.beside)?;
        give_way(folder, fresh, names)?;
        if whole {
            settle(folder)?;
        }
        Ok(())
    }
}

/// Moves results into their folder, the manifest last: without a manifest nobody takes a mixture for a result.
fn give_way<'a>(
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
