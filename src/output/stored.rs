//! Results read back: the replications of a run folder, or of one cell of a sweep.

use std::fs;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::OutputError;
use super::files::typed;
use crate::measure::{Columns, Summary};
use crate::scenario::Scenario;
use crate::scenario::file::ScenarioFile;

/// What is needed of a manifest.
#[derive(Deserialize)]
struct Manifest {
    version: String,
    seed: u64,
    first_replication: u64,
    replications: u64,
    #[serde(default)]
    scenario: Option<ScenarioFile>,
    #[serde(default)]
    cells: Vec<ManifestCell>,
}

#[derive(Deserialize)]
struct ManifestCell {
    name: String,
    scenario: ScenarioFile,
}

/// A scenario that was flown, and where its rows are.
#[derive(Debug)]
pub struct StoredRun {
    /// The version that flew it.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// Number of the first replication.
    pub first_replication: u64,
    /// How many.
    pub replications: u64,
    /// What was flown.
    pub scenario: Scenario,
    /// Its columns.
    pub columns: Columns,
    place: PathBuf,
    cell: Option<String>,
}

impl StoredRun {
    /// A run folder, or a cell of a sweep, whose name is then needed unless there is but one.
    pub fn open(folder: &Path, cell: Option<&str>) -> Result<StoredRun, OutputError> {
        let not_results = |why: String| OutputError::NotResults {
            path: folder.to_owned(),
            why,
        };
        let manifest = folder.join("manifest.json");
        let text = match fs::read(&manifest) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(not_results("it has no manifest.json".to_owned()));
            }
            Err(error) => return Err(OutputError::io("read", &manifest)(error)),
            Ok(text) => text,
        };
        let mut manifest: Manifest = typed(&text)
            .map_err(|error| not_results(format!("manifest.json cannot be read: {error}")))?;
        let names: Vec<&str> = manifest
            .cells
            .iter()
            .map(|cell| cell.name.as_str())
            .collect();
        let (file, cell) = match (manifest.scenario.take(), cell) {
            (Some(file), None) => (file, None),
            (Some(_), Some(cell)) => {
                return Err(not_results(format!(
                    "it is a run, not a sweep with a cell {cell:?}"
                )));
            }
            (None, None) if names.len() == 1 => {
                let found = manifest.cells.swap_remove(0);
                (found.scenario, Some(found.name))
            }
            (None, None) => {
                return Err(not_results(format!(
                    "it is a sweep of the cells {}; expected one of them",
                    names.join(", ")
                )));
            }
            (None, Some(cell)) => match names.iter().position(|name| *name == cell) {
                Some(number) => {
                    let found = manifest.cells.swap_remove(number);
                    (found.scenario, Some(found.name))
                }
                None => {
                    return Err(not_results(format!(
                        "it has no cell {cell:?}; expected one of {}",
                        names.join(", ")
                    )));
                }
            },
        };
        let scenario = Scenario::from_file(file)
            .map_err(|why| not_results(format!("its scenario cannot be read: {why}")))?;
        Ok(StoredRun {
            version: manifest.version,
            seed: manifest.seed,
            first_replication: manifest.first_replication,
            replications: manifest.replications,
            columns: Columns::new(&scenario.cast),
            scenario,
            place: folder.join("replications.csv"),
            cell,
        })
    }

    /// Its rows, in the order of the replications, with the values of its columns alone.
    pub fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Summary), OutputError>> + use<'_>, OutputError>
    {
        let broken = |why: String| OutputError::NotResults {
            path: self.place.clone(),
            why,
        };
        let file = File::open(&self.place).map_err(OutputError::io("read", &self.place))?;
        let mut reader = csv::Reader::from_reader(io::BufReader::with_capacity(1 << 16, file));
        let header = reader
            .headers()
            .map_err(|error| broken(error.to_string()))?
            .clone();
        let position = |name: &str| {
            header
                .iter()
                .position(|field| field == name)
                .ok_or_else(|| {
                    broken(format!(
                        "it has no column {name}; another version may have written it"
                    ))
                })
        };
        let replication = position("replication")?;
        let cell = match &self.cell {
            Some(_) => Some(position("cell")?),
            None => None,
        };
        let columns = self
            .columns
            .columns()
            .iter()
            .map(|column| position(&column.name))
            .collect::<Result<Vec<usize>, OutputError>>()?;
        Ok(reader.into_records().filter_map(move |record| {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Some(Err(broken(error.to_string()))),
            };
            if cell.is_some_and(|at| record.get(at) != self.cell.as_deref()) {
                return None;
            }
            let parsed = || {
                let field = |at: usize| record.get(at).unwrap_or_default();
                let index = field(replication).parse::<u64>().ok()?;
                let values = columns
                    .iter()
                    .map(|&at| field(at).parse::<f64>().ok())
                    .collect::<Option<Vec<f64>>>()?;
                Some((
                    index,
                    Summary {
                        values,
                        ..Summary::default()
                    },
                ))
            };
            let line = record.position().map_or(0, csv::Position::line);
            Some(parsed().ok_or_else(|| broken(format!("line {line} is not a row of numbers"))))
        }))
    }
}
