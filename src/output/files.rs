//! What every result file has: a checksum, a number of rows, and a name that the disk keeps.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::OutputError;
use crate::safe;
use crate::scenario::file::ScenarioFile;

/// What the manifest says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Rows below the header.
    pub rows: u64,
    /// Of all bytes.
    pub sha256: String,
    /// Of a table: its columns in order, and what stands in each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// What its fields are.
    #[serde(rename = "type")]
    pub kind: ColumnKind,
}

/// What the fields of a column are, where they are not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// All are empty.
    Empty,
    /// `true` or `false`.
    Boolean,
    /// Whole numbers, without a point.
    Integer,
    /// Numbers, each with a point or an exponent.
    Number,
    /// Anything else.
    Text,
}

impl ColumnKind {
    fn of(field: &[u8]) -> ColumnKind {
        let digits = field.strip_prefix(b"-").unwrap_or(field);
        match field {
            b"" => ColumnKind::Empty,
            b"true" | b"false" => ColumnKind::Boolean,
            b"inf" | b"-inf" => ColumnKind::Number,
            _ if !digits.first().is_some_and(u8::is_ascii_digit) => ColumnKind::Text,
            _ if digits.iter().all(u8::is_ascii_digit) => ColumnKind::Integer,
            _ => match std::str::from_utf8(field)
                .ok()
                .and_then(|text| text.parse::<f64>().ok())
            {
                Some(_) => ColumnKind::Number,
                None => ColumnKind::Text,
            },
        }
    }

    /// What holds all of these fields, each to its last digit.
    pub(super) fn of_all<'a>(fields: impl Iterator<Item = &'a str> + Clone) -> ColumnKind {
        let kinds = fields.clone().map(|field| ColumnKind::of(field.as_bytes()));
        let longer = |field: &str| field.parse::<i64>().is_err();
        match kinds.fold(ColumnKind::Empty, ColumnKind::with) {
            ColumnKind::Integer if fields.clone().any(longer) => ColumnKind::Text,
            kind => kind,
        }
    }

    /// What holds both.
    fn with(self, other: ColumnKind) -> ColumnKind {
        match (self, other) {
            (one, other) if one == other => one,
            (ColumnKind::Empty, one) | (one, ColumnKind::Empty) => one,
            (ColumnKind::Integer, ColumnKind::Number)
            | (ColumnKind::Number, ColumnKind::Integer) => ColumnKind::Number,
            _ => ColumnKind::Text,
        }
    }
}

/// SHA-256 of a resolved scenario, written as JSON.
pub(super) fn scenario_sha256(scenario: &ScenarioFile) -> String {
    let text = serde_json::to_vec(scenario).expect("a scenario is plain data");
    hex(&Sha256::digest(text))
}

/// A value as JSON for people, with a line end.
pub(super) fn json_text(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Writes a file and waits for the disk.
pub(super) fn bytes_to(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a JSON file and waits for the disk.
pub(super) fn json(
    folder: &Path,
    shown: &Path,
    name: &str,
    value: &impl Serialize,
) -> Result<(), OutputError> {
    let shown = shown.join(name);
    json_text(value)
        .and_then(|text| bytes_to(&folder.join(name), &text))
        .map_err(OutputError::io("write", &shown))
}

/// Writes a text file, waits for the disk, and says what the manifest will.
pub(super) fn text(
    folder: &Path,
    shown: &Path,
    name: &str,
    text: &str,
) -> Result<FileEntry, OutputError> {
    let shown = shown.join(name);
    bytes_to(&folder.join(name), text.as_bytes()).map_err(OutputError::io("write", &shown))?;
    Ok(FileEntry {
        rows: text.lines().count() as u64,
        sha256: hex(&Sha256::digest(text)),
        columns: Vec::new(),
    })
}

/// Rows of a table as bytes, on whichever thread.
pub(super) struct Rows {
    writer: csv::Writer<Vec<u8>>,
    rows: u64,
    kinds: Vec<ColumnKind>,
}

impl Rows {
    /// No rows yet, of so many columns.
    pub fn of(columns: usize) -> Rows {
        Rows {
            writer: csv::Writer::from_writer(Vec::new()),
            rows: 0,
            kinds: vec![ColumnKind::Empty; columns],
        }
    }

    /// A row; every field is made safe for readers of tables.
    pub fn row(&mut self, record: &csv::ByteRecord) {
        self.rows += 1;
        for (kind, field) in self.kinds.iter_mut().zip(record) {
            if *kind != ColumnKind::Text {
                *kind = kind.with(ColumnKind::of(field));
            }
        }
        let fields = record.iter().map(safe::csv);
        let written = self.writer.write_record(fields);
        written.expect("memory takes every row, and all have as many fields");
    }
}

/// A CSV file with its checksum and number of rows.
pub(super) struct Table {
    /// The path the user knows: in the target, not in the temporary folder.
    shown: PathBuf,
    file: Hashing<BufWriter<File>>,
    waiting: Rows,
    rows: u64,
    columns: Vec<Column>,
}

/// Things whose rows are made at once.
const AT_ONCE: usize = 256;

/// Rows that wait before they are written.
const WAITING: u64 = 64;

impl Table {
    pub fn create(
        folder: &Path,
        shown: &Path,
        name: &str,
        header: &[&str],
    ) -> Result<Table, OutputError> {
        let shown = shown.join(name);
        let file = File::create(folder.join(name)).map_err(OutputError::io("create", &shown))?;
        let columns = header.iter().map(|name| Column {
            name: (*name).to_owned(),
            kind: ColumnKind::Empty,
        });
        let mut table = Table {
            file: Hashing::new(BufWriter::with_capacity(1 << 16, file)),
            shown,
            waiting: Rows::of(header.len()),
            rows: 0,
            columns: columns.collect(),
        };
        let mut names = Rows::of(0);
        names.row(&csv::ByteRecord::from(header));
        table.append(names)?;
        table.rows = 0;
        Ok(table)
    }

    /// A row; every field is made safe for readers of tables.
    pub fn row(&mut self, record: &csv::ByteRecord) -> Result<(), OutputError> {
        self.waiting.row(record);
        if self.waiting.rows >= WAITING {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the rows that wait.
    fn write(&mut self) -> Result<(), OutputError> {
        let waiting = std::mem::replace(&mut self.waiting, Rows::of(self.columns.len()));
        self.append_now(waiting)
    }

    /// The rows of each of so many things, in order; they are made on all processors, those of some things at a time.
    pub fn rows_of(
        &mut self,
        things: usize,
        make: impl Fn(usize, &mut Rows) + Sync,
    ) -> Result<(), OutputError> {
        let columns = self.columns.len();
        for first in (0..things).step_by(AT_ONCE) {
            let made = (first..things.min(first + AT_ONCE))
                .into_par_iter()
                .map(|thing| {
                    let mut rows = Rows::of(columns);
                    make(thing, &mut rows);
                    rows
                });
            let made: Vec<Rows> = made.collect();
            made.into_iter().try_for_each(|rows| self.append(rows))?;
        }
        Ok(())
    }

    /// Rows that somebody has made into bytes.
    pub fn append(&mut self, rows: Rows) -> Result<(), OutputError> {
        if self.waiting.rows > 0 {
            self.write()?;
        }
        self.append_now(rows)
    }

    fn append_now(&mut self, rows: Rows) -> Result<(), OutputError> {
        self.rows += rows.rows;
        for (column, kind) in self.columns.iter_mut().zip(rows.kinds) {
            column.kind = column.kind.with(kind);
        }
        let bytes = rows.writer.into_inner();
        let bytes = bytes.map_err(|error| io::Error::other(error.to_string()));
        bytes
            .and_then(|bytes| self.file.write_all(&bytes))
            .map_err(OutputError::io("write", &self.shown))
    }

    pub fn close(mut self) -> Result<FileEntry, OutputError> {
        self.write()?;
        self.file
            .inner
            .flush()
            .and_then(|()| self.file.inner.get_ref().sync_all())
            .map_err(OutputError::io("write", &self.shown))?;
        Ok(FileEntry {
            rows: self.rows,
            columns: self.columns,
            sha256: hex(&self.file.hash.finalize()),
        })
    }
}

/// Passes bytes on and keeps their checksum.
pub(super) struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W> Hashing<W> {
    /// Nothing passed on yet.
    pub fn new(inner: W) -> Hashing<W> {
        Hashing {
            inner,
            hash: Sha256::new(),
        }
    }
}

#[cfg(feature = "parquet")]
impl Hashing<File> {
    /// Waits for the disk; the checksum.
    pub fn end(self) -> io::Result<String> {
        self.inner.sync_all()?;
        Ok(hex(&self.hash.finalize()))
    }
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
