//! What every result file has: a checksum, a number of rows, and a name that the disk keeps.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

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

/// A CSV file with its checksum and number of rows.
pub(super) struct Table {
    /// The path the user knows: in the target, not in the temporary folder.
    shown: PathBuf,
    writer: csv::Writer<Hashing<BufWriter<File>>>,
    rows: u64,
    columns: Vec<Column>,
}

impl Table {
    pub fn create(
        folder: &Path,
        shown: &Path,
        name: &str,
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
            columns: Vec::new(),
        };
        table.row(&csv::ByteRecord::from(header))?;
        table.rows = 0;
        let columns = header.iter().map(|name| Column {
            name: (*name).to_owned(),
            kind: ColumnKind::Empty,
        });
        table.columns = columns.collect();
        Ok(table)
    }

    /// A row; every field is made safe for readers of tables.
    pub fn row(&mut self, record: &csv::ByteRecord) -> Result<(), OutputError> {
        self.rows += 1;
        for (column, field) in self.columns.iter_mut().zip(record) {
            if column.kind != ColumnKind::Text {
                column.kind = column.kind.with(ColumnKind::of(field));
            }
        }
        let fields = record.iter().map(safe::csv);
        self.writer
            .write_record(fields)
            .map_err(io::Error::from)
            .map_err(OutputError::io("write", &self.shown))
    }

    pub fn close(self) -> Result<FileEntry, OutputError> {
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
            columns: self.columns,
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
