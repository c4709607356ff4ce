//! Files of rows, a replication of a cell each: with the columns and in the form that were asked for.
//!
//! Rows are made on whichever thread, some at a time, and put into the file in order. The columns of a Parquet file have declared types:
//! what tells a replication the one that fits all cells, quantities that of numbers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::beside::{Beside, parent_of};
use super::error::OutputError;
use super::files::{Column, ColumnKind, FileEntry, Rows, Table, sync_folder};
use super::headers::{PARQUET, REPLICATIONS, ResultFile};
use super::journal::{JournalReader, Undecoded};
use super::numbers::exact;
#[cfg(feature = "parquet")]
use super::parquet::{ParquetTable, Value, Values};
use crate::experiment::block::Outcome;
use crate::experiment::plan::Plan;
use crate::experiment::rows::{KeptRows, RowForm};
use crate::measure::{Columns, Summary};

/// What the rows of a file have: what tells a replication, then the quantities that are kept.
pub(super) struct Layout {
    form: RowForm,
    columns: Vec<Column>,
    seed: u64,
    /// Of each cell of a sweep its name and its settings; a run has one cell, and nothing to tell it by.
    cells: Vec<CellKey>,
    #[cfg(feature = "parquet")]
    typed: Vec<Vec<Value>>,
    sweep: bool,
    /// Positions of the quantities.
    kept: Vec<usize>,
}

struct CellKey {
    name: String,
    settings: Vec<String>,
}

/// What tells the cells of a sweep, as Parquet has it: the name, and the settings.
#[cfg(feature = "parquet")]
fn typed(cells: &[CellKey], columns: &[Column]) -> Vec<Vec<Value>> {
    let of = |cell: &CellKey| {
        let settings = cell.settings.iter().zip(&columns[FIRST_FACTOR..]);
        let settings = settings.map(|(field, column)| Value::of(column.kind, field));
        let name = Value::of(ColumnKind::Text, &cell.name);
        std::iter::once(name).chain(settings).collect()
    };
    cells.iter().map(of).collect()
}

/// The columns of a sweep before the factors: cell, seed, replication.
#[cfg(feature = "parquet")]
const FIRST_FACTOR: usize = 3;

/// Refuses a form of rows that this build cannot write.
///
/// # Errors
/// Parquet, of a build without it.
pub fn can_write(form: RowForm) -> Result<(), OutputError> {
    match form {
        RowForm::Parquet if !cfg!(feature = "parquet") => Err(OutputError::NoParquet),
        _ => Ok(()),
    }
}

impl Layout {
    /// The rows of a run.
    pub fn of_run(columns: &Columns, rows: &KeptRows, seed: u64) -> Layout {
        let cell = CellKey {
            name: String::new(),
            settings: Vec::new(),
        };
        Layout::new(false, vec![cell], &[], columns, rows, seed)
    }

    /// The rows of a sweep.
    pub fn of_sweep(plan: &Plan) -> Layout {
        let record = &plan.record;
        let cells = record.cells.iter().zip(record.fields());
        let cells = cells.map(|(planned, settings)| CellKey {
            name: planned.name.clone(),
            settings,
        });
        let factors = record.factors.iter().map(|factor| factor.name.as_str());
        let factors: Vec<&str> = factors.collect();
        Layout::new(
            true,
            cells.collect(),
            &factors,
            &plan.columns,
            &record.rows,
            record.seed,
        )
    }

    fn new(
        sweep: bool,
        cells: Vec<CellKey>,
        factors: &[&str],
        columns: &Columns,
        rows: &KeptRows,
        seed: u64,
    ) -> Layout {
        let kept = rows.positions(columns);
        let quantities = kept.iter().map(|&at| columns.columns()[at].name.as_str());
        let quantities: Vec<&str> = quantities.collect();
        let header = REPLICATIONS.header(factors, &quantities).into_iter();
        let kind = |at: usize| match at {
            0 => ColumnKind::Text,
            1 | 2 => ColumnKind::Integer,
            _ if at - 3 < factors.len() => {
                let settings = cells.iter().map(|cell| cell.settings[at - 3].as_str());
                ColumnKind::of_all(settings)
            }
            _ => ColumnKind::Number,
        };
        let columns = header.enumerate().map(|(at, name)| Column {
            name: name.to_owned(),
            kind: kind(at),
        });
        // A run has no cells.
        let columns: Vec<Column> = columns.skip(usize::from(!sweep)).collect();
        Layout {
            form: rows.form,
            #[cfg(feature = "parquet")]
            typed: match (rows.form, sweep) {
                (RowForm::Parquet, true) => typed(&cells, &columns),
                _ => Vec::new(),
            },
            columns,
            seed,
            cells,
            sweep,
            kept,
        }
    }

    /// No rows yet.
    fn nothing(&self) -> MadeRows {
        match self.form {
            #[cfg(feature = "parquet")]
            RowForm::Parquet => {
                let columns = self.columns.iter();
                MadeRows::Typed(columns.map(|column| Values::none(column.kind)).collect())
            }
            _ => {
                let rows = Rows::of(self.columns.len());
                MadeRows::Text(Box::new((rows, csv::ByteRecord::new())))
            }
        }
    }

    /// Adds a row: a replication of a cell.
    fn add(&self, made: &mut MadeRows, cell: usize, replication: u64, summary: &Summary) {
        match made {
            MadeRows::Text(text) => {
                let (rows, record) = &mut **text;
                self.fields(record, cell, replication, summary);
                rows.row(record);
            }
            #[cfg(feature = "parquet")]
            MadeRows::Typed(columns) => {
                let mut columns = columns.iter_mut();
                let mut put = |value: &Value| {
                    if let Some(column) = columns.next() {
                        column.push(value);
                    }
                };
                let told = self.typed.get(cell);
                if let Some((name, _)) = told.and_then(|told| told.split_first()) {
                    put(name);
                }
                for number in [self.seed, replication] {
                    put(&Value::Integer(number.cast_signed()));
                }
                for setting in told.iter().flat_map(|told| &told[1..]) {
                    put(setting);
                }
                for &at in &self.kept {
                    put(&Value::Number(summary.values[at]));
                }
            }
        }
    }

    /// A row as text.
    fn fields(
        &self,
        record: &mut csv::ByteRecord,
        cell: usize,
        replication: u64,
        summary: &Summary,
    ) {
        let key = &self.cells[cell];
        record.clear();
        if self.sweep {
            record.push_field(key.name.as_bytes());
        }
        for number in [self.seed, replication] {
            record.push_field(number.to_string().as_bytes());
        }
        for setting in &key.settings {
            record.push_field(setting.as_bytes());
        }
        let mut text = String::new();
        for &at in &self.kept {
            text.clear();
            exact(summary.values[at], &mut text);
            record.push_field(text.as_bytes());
        }
    }
}

/// Rows as a file has them, made by whichever thread.
enum MadeRows {
    /// As CSV, and the fields of one.
    Text(Box<(Rows, csv::ByteRecord)>),
    /// Column by column.
    #[cfg(feature = "parquet")]
    Typed(Vec<Values>),
}

/// The file itself.
enum Store {
    Csv(Box<Table>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetTable>),
}

impl Store {
    fn append(&mut self, made: MadeRows) -> Result<(), OutputError> {
        match (self, made) {
            (Store::Csv(table), MadeRows::Text(text)) => table.append(text.0),
            #[cfg(feature = "parquet")]
            (Store::Parquet(table), MadeRows::Typed(columns)) => table.append(columns),
            #[cfg(feature = "parquet")]
            _ => unreachable!("rows are made as the file has them"),
        }
    }
}

/// Makes rows of a run, on whichever thread.
#[derive(Clone)]
pub struct RowMaker(Arc<Layout>);

/// Rows of a run that were made, in order.
pub struct RunRows(MadeRows);

impl RowMaker {
    /// No rows yet.
    pub fn nothing(&self) -> RunRows {
        RunRows(self.0.nothing())
    }

    /// Adds the row of the next replication.
    pub fn add(&self, rows: &mut RunRows, replication: u64, summary: &Summary) {
        self.0.add(&mut rows.0, 0, replication, summary);
    }

    /// The row of a replication alone.
    pub fn row(&self, replication: u64, summary: &Summary) -> RunRows {
        let mut rows = self.nothing();
        self.add(&mut rows, replication, summary);
        rows
    }
}

/// A file of rows.
pub(super) struct RowsFile {
    layout: Arc<Layout>,
    store: Store,
}

/// Blocks that a thread makes into rows at once.
const AT_ONCE: usize = 64;

impl RowsFile {
    /// An empty one in a folder, where rows are kept at all; `shown` is the folder that the user knows.
    pub fn create(
        folder: &Path,
        shown: &Path,
        name: &str,
        layout: Layout,
    ) -> Result<RowsFile, OutputError> {
        can_write(layout.form)?;
        let store = match layout.form {
            #[cfg(feature = "parquet")]
            RowForm::Parquet => {
                let columns = layout.columns.clone();
                let table = ParquetTable::create(folder, shown, name, columns, "seed")?;
                Store::Parquet(Box::new(table))
            }
            _ => {
                let header = layout.columns.iter().map(|column| column.name.as_str());
                let header: Vec<&str> = header.collect();
                Store::Csv(Box::new(Table::create(folder, shown, name, &header)?))
            }
        };
        Ok(RowsFile {
            layout: Arc::new(layout),
            store,
        })
    }

    /// What makes its rows, of a run.
    pub fn maker(&self) -> RowMaker {
        RowMaker(Arc::clone(&self.layout))
    }

    /// Adds rows of a run.
    pub fn add(&mut self, rows: RunRows) -> Result<(), OutputError> {
        self.store.append(rows.0)
    }

    /// Adds the rows of all blocks of a journal that has these cells first. They are made on all processors, so many blocks at a time
    /// each, while this thread writes those before and reads those after: what is written is what one thread would write.
    pub fn all(&mut self, mut blocks: JournalReader, cells: &[usize]) -> Result<(), OutputError> {
        let RowsFile { layout, store } = self;
        let rows = |blocks: &Undecoded| -> Result<MadeRows, OutputError> {
            let mut made = layout.nothing();
            for block in blocks.blocks() {
                let block = block?;
                for (&cell, outcome) in cells.iter().zip(&block.outcomes) {
                    if let Outcome::Flown(summary) = outcome {
                        layout.add(&mut made, cell, block.index, summary);
                    }
                }
            }
            Ok(made)
        };
        // Of many cells few blocks at once, so that no more than some ten thousand rows wait.
        let at_once = (AT_ONCE * 8 / cells.len().max(8)).max(1);
        let lanes = 2 * rayon::current_num_threads();
        let mut read = |lanes: usize| -> Result<Vec<Undecoded>, OutputError> {
            let mut all = Vec::new();
            while all.len() < lanes {
                let some = blocks.some(at_once)?;
                if some.is_empty() {
                    break;
                }
                all.push(some);
            }
            Ok(all)
        };
        let mut made: Vec<MadeRows> = Vec::new();
        let mut next = read(lanes)?;
        while !(next.is_empty() && made.is_empty()) {
            let now = std::mem::take(&mut next);
            let before = std::mem::take(&mut made);
            let (fresh, read) = rayon::join(
                || {
                    now.par_iter()
                        .map(rows)
                        .collect::<Result<Vec<MadeRows>, _>>()
                },
                || {
                    before.into_iter().try_for_each(|made| store.append(made))?;
                    read(lanes)
                },
            );
            made = fresh?;
            next = read?;
        }
        Ok(())
    }

    /// Waits for the disk; what the manifest says of it.
    pub fn close(self) -> Result<FileEntry, OutputError> {
        match self.store {
            Store::Csv(table) => table.close(),
            #[cfg(feature = "parquet")]
            Store::Parquet(table) => table.close(),
        }
    }
}

/// The file that has the rows of a folder in this form.
pub(super) fn rows_file(form: RowForm) -> Option<ResultFile> {
    match form {
        RowForm::Csv => Some(REPLICATIONS),
        RowForm::Parquet => Some(PARQUET),
        RowForm::None => None,
    }
}

/// Writes the rows of a shard into a file of its own: those of its own cells, which its journal has first. Beside its place, and moved
/// there when whole.
///
/// # Errors
/// A journal that is damaged; what the system refuses.
pub fn write_shard_rows(
    path: &Path,
    plan: &Plan,
    own: &[usize],
    blocks: JournalReader,
) -> Result<(), OutputError> {
    let beside = Beside::of(path)?;
    let fresh = beside.make("rows")?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let shown = parent_of(path);
    let mut rows = RowsFile::create(&fresh, shown, &name, Layout::of_sweep(plan))?;
    rows.all(blocks, own)?;
    rows.close()?;
    fs::rename(fresh.join(&*name), path).map_err(OutputError::io("create", path))?;
    sync_folder(shown, path)
}
