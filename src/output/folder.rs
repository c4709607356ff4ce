//! The run folder: replications.csv, summary.csv, confusion.csv, manifest.json and run.json.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::error::OutputError;
use super::numbers::exact;
use crate::experiment::estimate::{Cell, Estimator};
use crate::measure::{Columns, Summary};
use crate::scenario::Scenario;

/// What was flown: the part of the manifest that the caller knows.
#[derive(Debug, Clone, Copy)]
pub struct Conditions<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The seed.
    pub seed: u64,
    /// Number of the first replication.
    pub first_replication: u64,
    /// How many.
    pub replications: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
}

#[derive(Serialize)]
struct Manifest<'a> {
    program: &'static str,
    version: &'static str,
    title: &'a str,
    seed: u64,
    first_replication: u64,
    replications: u64,
    confidence: f64,
    scenario_sha256: String,
    files: &'a BTreeMap<&'static str, FileEntry>,
    scenario: &'a crate::scenario::file::ScenarioFile,
}

#[derive(Serialize)]
struct FileEntry {
    rows: u64,
    sha256: String,
}

/// A run folder in the making: beside its place, until [`RunFolder::finish`] renames it.
///
/// Dropped unfinished, it leaves nothing behind.
pub struct RunFolder {
    target: PathBuf,
    force: bool,
    temporary: TempDir,
    folder: PathBuf,
    replications: Table,
    record: csv::ByteRecord,
    text: String,
}

impl RunFolder {
    /// Refuses what it may not replace, and begins replications.csv.
    pub fn create(target: &Path, force: bool, columns: &Columns) -> Result<RunFolder, OutputError> {
        refuse(target, force)?;
        let absolute = std::path::absolute(target).map_err(OutputError::io("use", target))?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(OutputError::NotARunFolder {
                path: target.to_owned(),
            });
        };
        fs::create_dir_all(parent).map_err(OutputError::io("create", parent))?;
        let temporary = tempfile::Builder::new()
            .prefix(&format!(".{}.unfinished-", name.to_string_lossy()))
            .tempdir_in(parent)
            .map_err(OutputError::io("write in", parent))?;
        // A folder of its own within: the temporary one is private to the user, the result should follow the umask.
        let folder = temporary.path().join("run");
        fs::create_dir(&folder).map_err(OutputError::io("create", &folder))?;
        let names = columns.columns().iter().map(|column| column.name.as_str());
        let header: Vec<&str> = ["seed", "replication"].into_iter().chain(names).collect();
        let replications = Table::create(&folder, target, "replications.csv", &header)?;
        Ok(RunFolder {
            target: absolute,
            force,
            temporary,
            folder,
            replications,
            record: csv::ByteRecord::new(),
            text: String::new(),
        })
    }

    /// Adds the row of a replication.
    pub fn add(&mut self, seed: u64, index: u64, summary: &Summary) -> Result<(), OutputError> {
        self.record.clear();
        for number in [seed, index] {
            self.record.push_field(number.to_string().as_bytes());
        }
        for &value in &summary.values {
            self.text.clear();
            exact(value, &mut self.text);
            self.record.push_field(self.text.as_bytes());
        }
        self.replications.row(&self.record)
    }

    /// Writes the other files and moves the folder to its place.
    ///
    /// `run` is what run.json says; it is no part of what the manifest vouches for.
    pub fn finish(
        self,
        conditions: &Conditions,
        estimator: &Estimator,
        run: &impl Serialize,
    ) -> Result<PathBuf, OutputError> {
        let RunFolder {
            target,
            force,
            temporary,
            folder,
            replications,
            ..
        } = self;
        let mut files = BTreeMap::new();
        files.insert("replications.csv", replications.close()?);
        let cells = estimator.cells(conditions.confidence);
        files.insert("summary.csv", summary_csv(&folder, &target, &cells)?);
        files.insert("confusion.csv", confusion_csv(&folder, &target, estimator)?);

        let scenario = &conditions.scenario.file;
        let resolved = serde_json::to_vec(scenario).map_err(|error| OutputError::Io {
            action: "write the scenario as JSON to",
            path: target.clone(),
            source: error.into(),
        })?;
        let manifest = Manifest {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            title: &scenario.title,
            seed: conditions.seed,
            first_replication: conditions.first_replication,
            replications: conditions.replications,
            confidence: conditions.confidence,
            scenario_sha256: hex(&Sha256::digest(&resolved)),
            files: &files,
            scenario,
        };
        json(&folder, &target, "manifest.json", &manifest)?;
        json(&folder, &target, "run.json", run)?;
        sync_folder(&folder, &target)?;

        refuse(&target, force)?;
        let old = temporary.path().join("replaced");
        let replaces = target.symlink_metadata().is_ok();
        if replaces {
            fs::rename(&target, &old).map_err(OutputError::io("replace", &target))?;
        }
        if let Err(source) = fs::rename(&folder, &target) {
            if replaces {
                // Best effort: the error below is what matters.
                let _ = fs::rename(&old, &target);
            }
            return Err(OutputError::Io {
                action: "create",
                path: target,
                source,
            });
        }
        if let Some(parent) = target.parent() {
            sync_folder(parent, &target)?;
        }
        Ok(target)
    }
}

/// Refuses a target that is there already, and, even by force, one that is no run folder.
fn refuse(target: &Path, force: bool) -> Result<(), OutputError> {
    let path = || target.to_owned();
    match target.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OutputError::io("look at", target)(source)),
        Ok(_) if !force => Err(OutputError::Exists { path: path() }),
        Ok(found) => {
            let replaceable = found.is_dir()
                && (target.join("manifest.json").is_file()
                    || fs::read_dir(target)
                        .map_err(OutputError::io("read", target))?
                        .next()
                        .is_none());
            if replaceable {
                Ok(())
            } else {
                Err(OutputError::NotARunFolder { path: path() })
            }
        }
    }
}

fn summary_csv(folder: &Path, shown: &Path, cells: &[Cell]) -> Result<FileEntry, OutputError> {
    let header = [
        "measure",
        "unit",
        "estimate",
        "low",
        "high",
        "confidence",
        "method",
        "n",
        "events",
        "exposure",
        "definition",
    ];
    let mut table = Table::create(folder, shown, "summary.csv", &header)?;
    let number = |value: f64| {
        let mut text = String::new();
        exact(value, &mut text);
        text
    };
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
    let counts = estimator.confusion();
    for class in estimator.columns().confusion() {
        for (truth, name) in class.rows.iter().enumerate() {
            let row = &counts[class.position(truth, 0)..class.position(truth + 1, 0)];
            let all: u64 = row.iter().sum();
            for (declared, &count) in row.iter().enumerate() {
                let mut share = String::new();
                exact(count as f64 / all as f64, &mut share);
                table.row(&csv::ByteRecord::from(vec![
                    class.name.clone(),
                    name.clone(),
                    class.declared(declared).to_owned(),
                    count.to_string(),
                    share,
                ]))?;
            }
        }
    }
    table.close()
}

fn json(
    folder: &Path,
    shown: &Path,
    name: &'static str,
    value: &impl Serialize,
) -> Result<(), OutputError> {
    let shown = shown.join(name);
    let file = File::create(folder.join(name)).map_err(OutputError::io("create", &shown))?;
    let mut writer = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut writer, value)
        .map_err(io::Error::from)
        .and_then(|()| writer.write_all(b"\n"))
        .and_then(|()| writer.flush())
        .and_then(|()| writer.get_ref().sync_all())
        .map_err(OutputError::io("write", &shown))
}

/// A CSV file with its checksum and number of rows.
struct Table {
    /// The path the user knows: in the target, not in the temporary folder.
    shown: PathBuf,
    writer: csv::Writer<Hashing<BufWriter<File>>>,
    rows: u64,
}

impl Table {
    fn create(
        folder: &Path,
        shown: &Path,
        name: &'static str,
        header: &[&str],
    ) -> Result<Table, OutputError> {
        let shown = shown.join(name);
        let file = File::create(folder.join(name)).map_err(OutputError::io("create", &shown))?;
        let mut table = Table {
            writer: csv::Writer::from_writer(Hashing {
                inner: BufWriter::with_capacity(1 << 16, file),
                hash: Sha256::new(),
            }),
            shown,
            rows: 0,
        };
        table.row(&csv::ByteRecord::from(header))?;
        table.rows = 0;
        Ok(table)
    }

    fn row(&mut self, record: &csv::ByteRecord) -> Result<(), OutputError> {
        self.rows += 1;
        self.writer
            .write_byte_record(record)
            .map_err(io::Error::from)
            .map_err(OutputError::io("write", &self.shown))
    }

    fn close(self) -> Result<FileEntry, OutputError> {
        let shown = self.shown;
        let mut hashing = self
            .writer
            .into_inner()
            .map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))
            .map_err(OutputError::io("write", &shown))?;
        hashing
            .inner
            .flush()
            .and_then(|()| hashing.inner.get_ref().sync_all())
            .map_err(OutputError::io("write", &shown))?;
        Ok(FileEntry {
            rows: self.rows,
            sha256: hex(&hashing.hash.finalize()),
        })
    }
}

/// Passes bytes on and keeps their checksum.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks the disk to keep the names in a folder; only Unix can.
pub(super) fn sync_folder(folder: &Path, shown: &Path) -> Result<(), OutputError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|file| file.sync_all())
            .map_err(OutputError::io("write", shown))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::handwritten;

    #[test]
    fn an_unfinished_folder_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let columns = Columns::new(&handwritten::log().cast);
        let target = place.path().join("run");
        let mut folder = RunFolder::create(&target, false, &columns).unwrap();
        folder
            .add(1, 0, &columns.measure(&handwritten::log()))
            .unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_there_is_refused_and_strangers_even_with_force() {
        let place = tempfile::tempdir().unwrap();
        let columns = Columns::new(&handwritten::log().cast);
        let target = place.path().join("photos");
        fs::create_dir(&target).unwrap();
        let create = |force| RunFolder::create(&target, force, &columns).map(|_| ());
        assert!(matches!(create(false), Err(OutputError::Exists { .. })));
        assert!(create(true).is_ok(), "an empty folder may be replaced");
        fs::write(target.join("beach.jpg"), "sun").unwrap();
        assert!(matches!(
            create(true),
            Err(OutputError::NotARunFolder { .. })
        ));
        assert!(target.join("beach.jpg").is_file());
    }
}
