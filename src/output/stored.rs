//! Results read back: the replications of a run folder, or of one cell of a sweep.

use std::io;
use std::path::{Path, PathBuf};

use super::claim::PLAN;
use super::error::OutputError;
use super::headers::REPLICATIONS;
use super::manifest::{MANIFEST, Manifest, Stored, Trust, plain, read_description};
use crate::experiment::plan::PlanRecord;
use crate::experiment::rows::RowForm;
use crate::measure::{Columns, Summary};
use crate::scenario::Scenario;

/// A folder, or a cell of the sweep in it, as commands take them.
pub fn folder_of_cell(folder: &str, cell: Option<&str>) -> String {
    match cell.filter(|cell| !cell.is_empty()) {
        Some(cell) => format!("{folder}:{cell}"),
        None => folder.to_owned(),
    }
}

/// Rows in the order of the replications.
pub type StoredRows<'a> = Box<dyn Iterator<Item = Result<(u64, Summary), OutputError>> + 'a>;

/// A scenario that was run, and where its rows are.
#[derive(Debug)]
pub struct StoredRun {
    /// The version that ran it.
    pub version: String,
    /// The version of the model.
    pub model: u32,
    /// The seed.
    pub seed: u64,
    /// Number of the first replication.
    pub first_replication: u64,
    /// How many.
    pub replications: u64,
    /// What was run.
    pub scenario: Scenario,
    /// Its columns.
    pub columns: Columns,
    place: PathBuf,
    cell: Option<String>,
    stored: Stored,
}

impl StoredRun {
    /// A run folder, or a cell of a sweep, whose name is then needed unless there is but one.
    ///
    /// # Errors
    /// No results, broken or changed ones, and a cell that is not there or not named.
    pub fn open(folder: &Path, cell: Option<&str>, trust: Trust) -> Result<StoredRun, OutputError> {
        let not_results = |why: String| OutputError::NotResults {
            path: folder.to_owned(),
            why,
        };
        let stored = Stored::open(folder, trust)?;
        let Manifest {
            scenario, cells, ..
        } = &stored.manifest;
        let names: Vec<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
        let number = match (scenario, cell) {
            (Some(_), None) => None,
            (Some(_), Some(cell)) => {
                return Err(not_results(format!(
                    "it is a run, not a sweep with a cell {cell:?}"
                )));
            }
            (None, _) if names.is_empty() => {
                return Err(not_results("it is neither a run nor a sweep".to_owned()));
            }
            (None, None) if names.len() == 1 => Some(0),
            (None, None) => {
                return Err(not_results(format!(
                    "it is a sweep of the cells {}; expected one of them",
                    names.join(", ")
                )));
            }
            (None, Some(cell)) => match names.iter().position(|name| *name == cell) {
                Some(number) => Some(number),
                None => {
                    return Err(not_results(format!(
                        "it has no cell {cell:?}; expected one of {}",
                        names.join(", ")
                    )));
                }
            },
        };
        let cell = number.map(|number| cells[number].name.clone());
        let file = match number {
            Some(number) => cells[number].scenario.as_ref(),
            None => scenario.as_ref(),
        };
        let scenario = match (file, number) {
            (Some(file), _) => stored.scenario(file)?,
            (None, number) => {
                let plan: PlanRecord = read_description(folder, PLAN, trust)?
                    .ok_or_else(|| not_results(format!("it has no {PLAN}")))?;
                let number = number.filter(|&number| number < plan.cells.len());
                let number = number.ok_or_else(|| {
                    not_results(format!("{PLAN} has other cells than {MANIFEST}"))
                })?;
                plan.scenario(number)
                    .map_err(|error| not_results(format!("{PLAN}: {error}")))?
            }
        };
        let Manifest {
            version,
            model,
            seed,
            first_replication,
            progress,
            ..
        } = &stored.manifest;
        Ok(StoredRun {
            version: version.clone(),
            model: *model,
            seed: *seed,
            first_replication: *first_replication,
            replications: progress.done,
            columns: Columns::new(&scenario.cast),
            scenario,
            place: folder.join(REPLICATIONS.name),
            cell,
            stored,
        })
    }

    /// Its rows, in the order of the replications, with the values of its columns alone; the results are verified first. Refused
    /// where no rows were kept, or not all their columns.
    ///
    /// # Errors
    /// Results that were changed, that keep no rows, or rows that are broken.
    pub fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Summary), OutputError>> + use<'_>, OutputError>
    {
        let kept = &self.stored.manifest.rows;
        let why = match (kept.form, kept.columns.as_slice()) {
            (RowForm::Csv, []) => return self.read(),
            (RowForm::Csv, columns) => format!(
                "its rows have the columns of {} alone (--columns); expected all",
                columns.join(",")
            ),
            (RowForm::Parquet, _) => {
                "its rows are Parquet, which is not read back; expected --rows csv".to_owned()
            }
            (RowForm::None, _) => "it keeps no rows (--rows none)".to_owned(),
        };
        Err(OutputError::NotResults {
            path: self.stored.folder().to_owned(),
            why,
        })
    }

    /// The rows that there are, if there are any, with NaN for what was not kept of them.
    ///
    /// # Errors
    /// Results that were changed, or rows that are broken.
    pub fn rows_there(&self) -> Result<Option<StoredRows<'_>>, OutputError> {
        let there = self.stored.manifest.files.contains_key(REPLICATIONS.name);
        there
            .then(|| self.read().map(|rows| Box::new(rows) as _))
            .transpose()
    }

    fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Summary), OutputError>> + use<'_>, OutputError>
    {
        let broken = |why: String| OutputError::NotResults {
            path: self.place.clone(),
            why,
        };
        self.stored.verify()?;
        let file =
            plain(&self.place, u64::MAX)?.ok_or_else(|| broken("no such file".to_owned()))?;
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
        let kept = self.stored.manifest.rows.positions(&self.columns);
        let mut columns = vec![None; self.columns.columns().len()];
        for at in kept {
            columns[at] = Some(position(&self.columns.columns()[at].name)?);
        }
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
                    .map(|&at| at.map_or(Some(f64::NAN), |at| field(at).parse::<f64>().ok()))
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
