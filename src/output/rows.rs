//! Files of rows, a replication of a cell each: with the columns and in the form that were asked for.
//!
//! Rows are made on whichever thread, some at a time, and put into the file in order.

use std::path::Path;

use rayon::prelude::*;

use super::error::OutputError;
use super::files::{FileEntry, Rows, Table};
use super::headers::REPLICATIONS;
use super::journal::{JournalReader, Undecoded};
use super::numbers::exact;
use crate::experiment::block::Outcome;
use crate::experiment::plan::Plan;
use crate::experiment::rows::{KeptRows, RowForm};
use crate::measure::{Columns, Summary};

/// What the rows of a file have: what tells a replication, then the quantities that are kept.
pub(super) struct Layout {
    header: Vec<String>,
    seed: u64,
    /// Of each cell of a sweep its name and its settings; a run has one cell, and nothing to tell it by.
    cells: Vec<CellKey>,
    sweep: bool,
    /// Positions of the quantities.
    kept: Vec<usize>,
}

struct CellKey {
    name: String,
    settings: Vec<String>,
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
        let cells = record
            .cells
            .iter()
            .enumerate()
            .map(|(cell, planned)| CellKey {
                name: planned.name.clone(),
                settings: (0..record.factors.len())
                    .map(|factor| record.field(cell, factor))
                    .collect(),
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
        Layout {
            // A run has no cells.
            header: header
                .skip(usize::from(!sweep))
                .map(str::to_owned)
                .collect(),
            seed,
            cells,
            sweep,
            kept,
        }
    }

    /// No rows yet.
    fn nothing(&self) -> MadeRows {
        MadeRows {
            rows: Rows::of(self.header.len()),
            record: csv::ByteRecord::new(),
            text: String::new(),
        }
    }

    /// Adds a row: a replication of a cell.
    fn add(&self, made: &mut MadeRows, cell: usize, replication: u64, summary: &Summary) {
        let MadeRows { rows, record, text } = made;
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
        for &at in &self.kept {
            text.clear();
            exact(summary.values[at], text);
            record.push_field(text.as_bytes());
        }
        rows.row(record);
    }
}

/// Rows as a file has them, made by whichever thread.
struct MadeRows {
    rows: Rows,
    record: csv::ByteRecord,
    text: String,
}

/// A file of rows.
pub(super) struct RowsFile {
    layout: Layout,
    table: Table,
    waiting: MadeRows,
}

/// Blocks that a thread makes into rows at once.
const AT_ONCE: usize = 64;

impl RowsFile {
    /// An empty one in a folder, where rows are kept at all; `shown` is the folder that the user knows.
    pub fn create(
        folder: &Path,
        shown: &Path,
        layout: Layout,
        form: RowForm,
    ) -> Result<Option<RowsFile>, OutputError> {
        let name = match form {
            RowForm::None => return Ok(None),
            RowForm::Csv => REPLICATIONS.name,
        };
        let header: Vec<&str> = layout.header.iter().map(String::as_str).collect();
        let table = Table::create(folder, shown, name, &header)?;
        Ok(Some(RowsFile {
            waiting: layout.nothing(),
            layout,
            table,
        }))
    }

    /// Adds a row of a run.
    pub fn row(&mut self, replication: u64, summary: &Summary) -> Result<(), OutputError> {
        self.layout.add(&mut self.waiting, 0, replication, summary);
        if self.waiting.rows.len() >= AT_ONCE as u64 {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), OutputError> {
        let waiting = std::mem::replace(&mut self.waiting, self.layout.nothing());
        self.table.append(waiting.rows)
    }

    /// Adds the rows of all blocks of a journal that has these cells first. They are made on all processors, so many blocks at a time
    /// each, while this thread writes those before and reads those after: what is written is what one thread would write.
    pub fn all(&mut self, mut blocks: JournalReader, cells: &[usize]) -> Result<(), OutputError> {
        let RowsFile { layout, table, .. } = self;
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
                    before
                        .into_iter()
                        .try_for_each(|made| table.append(made.rows))?;
                    read(lanes)
                },
            );
            made = fresh?;
            next = read?;
        }
        Ok(())
    }

    /// Writes what waits, and waits for the disk; the name of the file, and what the manifest says of it.
    pub fn close(mut self) -> Result<(&'static str, FileEntry), OutputError> {
        self.write()?;
        Ok((REPLICATIONS.name, self.table.close()?))
    }
}
