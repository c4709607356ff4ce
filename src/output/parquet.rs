//! Rows as Parquet: a file whose columns have declared types, for readers of many rows.
//!
//! What tells a replication has the type that fits all cells, quantities are DOUBLE. Rows stand in groups whose length depends on the
//! number of columns alone; the columns of a group are encoded on all processors, each with a dictionary where that is shorter, and
//! compressed by Snappy. The bytes depend on the rows and on the version of the library, which is that of the program.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, Type, TypePtr};
use rayon::prelude::*;

use super::error::OutputError;
use super::files::{Column, ColumnKind, FileEntry, Hashing};

/// Values of a group.
const GROUP: usize = 1 << 23;

/// A field of a row.
pub(super) enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(ByteArray),
}

impl Value {
    /// What a field says, in a column of a kind that all its fields are of.
    pub fn of(kind: ColumnKind, field: &str) -> Value {
        match kind {
            ColumnKind::Boolean => Value::Boolean(field == "true"),
            ColumnKind::Integer => Value::Integer(field.parse().unwrap_or_default()),
            ColumnKind::Number => Value::Number(field.parse().unwrap_or(f64::NAN)),
            ColumnKind::Empty | ColumnKind::Text => Value::Text(field.into()),
        }
    }
}

/// A column of some rows.
pub(super) enum Values {
    /// `true` and `false`.
    Booleans(Vec<bool>),
    /// Whole numbers; those of a seed as they lie in memory.
    Integers(Vec<i64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<ByteArray>),
}

impl Values {
    /// None yet of a kind.
    pub fn none(kind: ColumnKind) -> Values {
        match kind {
            ColumnKind::Boolean => Values::Booleans(Vec::new()),
            ColumnKind::Integer => Values::Integers(Vec::new()),
            ColumnKind::Number => Values::Numbers(Vec::new()),
            ColumnKind::Empty | ColumnKind::Text => Values::Texts(Vec::new()),
        }
    }

    /// Adds one of the same kind.
    pub fn push(&mut self, value: &Value) {
        match (self, value) {
            (Values::Booleans(all), Value::Boolean(one)) => all.push(*one),
            (Values::Integers(all), Value::Integer(one)) => all.push(*one),
            (Values::Numbers(all), Value::Number(one)) => all.push(*one),
            (Values::Texts(all), Value::Text(one)) => all.push(one.clone()),
            _ => unreachable!("a column is of one kind"),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Booleans(values) => values.len(),
            Values::Integers(values) => values.len(),
            Values::Numbers(values) => values.len(),
            Values::Texts(values) => values.len(),
        }
    }

    /// Adds others of the same kind.
    fn extend(&mut self, more: Values) {
        match (self, more) {
            (Values::Booleans(all), Values::Booleans(more)) => all.extend(more),
            (Values::Integers(all), Values::Integers(more)) => all.extend(more),
            (Values::Numbers(all), Values::Numbers(more)) => all.extend(more),
            (Values::Texts(all), Values::Texts(more)) => all.extend(more),
            _ => unreachable!("a column is of one kind"),
        }
    }

    /// The first of them, taken out.
    fn take(&mut self, count: usize) -> Values {
        fn first<T>(all: &mut Vec<T>, count: usize) -> Vec<T> {
            let rest = all.split_off(count);
            std::mem::replace(all, rest)
        }
        match self {
            Values::Booleans(all) => Values::Booleans(first(all, count)),
            Values::Integers(all) => Values::Integers(first(all, count)),
            Values::Numbers(all) => Values::Numbers(first(all, count)),
            Values::Texts(all) => Values::Texts(first(all, count)),
        }
    }
}

/// A Parquet file with its checksum and number of rows.
pub(super) struct ParquetTable {
    /// The path the user knows.
    shown: PathBuf,
    writer: SerializedFileWriter<Hashing<File>>,
    columns: Vec<Column>,
    waiting: Vec<Values>,
    rows: u64,
    group: usize,
}

impl ParquetTable {
    /// An empty file with these columns; the column of that name has numbers without a sign.
    pub fn create(
        folder: &Path,
        shown: &Path,
        name: &str,
        columns: Vec<Column>,
        unsigned: &str,
    ) -> Result<ParquetTable, OutputError> {
        let shown = shown.join(name);
        let file = File::create(folder.join(name)).map_err(OutputError::io("create", &shown))?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("deconflict ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            // A group is cut by its rows.
            .set_max_row_group_row_count(None)
            .build();
        let writer = schema(&columns, unsigned).and_then(|schema| {
            SerializedFileWriter::new(Hashing::new(file), schema, Arc::new(properties))
        });
        Ok(ParquetTable {
            writer: writer.map_err(failed(&shown))?,
            shown,
            waiting: columns
                .iter()
                .map(|column| Values::none(column.kind))
                .collect(),
            group: (GROUP / columns.len()).max(1),
            columns,
            rows: 0,
        })
    }

    /// Adds rows, column by column.
    pub fn append(&mut self, rows: Vec<Values>) -> Result<(), OutputError> {
        for (waiting, more) in self.waiting.iter_mut().zip(rows) {
            waiting.extend(more);
        }
        while self.waiting[0].len() >= self.group {
            self.write(self.group)?;
        }
        Ok(())
    }

    /// Writes so many of the rows that wait.
    fn write(&mut self, count: usize) -> Result<(), OutputError> {
        let values: Vec<Values> = (self.waiting.iter_mut())
            .map(|waiting| waiting.take(count))
            .collect();
        self.rows += count as u64;
        self.group_of(&values).map_err(failed(&self.shown))
    }

    fn group_of(&mut self, values: &[Values]) -> Result<(), ParquetError> {
        let properties = self.writer.properties().clone();
        let columns = self.writer.schema_descr().columns();
        let encoded = columns
            .par_iter()
            .zip(values)
            .map(|(column, values)| {
                let mut sink = TrackedWrite::new(Vec::new());
                let pages = Box::new(SerializedPageWriter::new(&mut sink));
                let writer =
                    get_column_writer(ColumnDescPtr::clone(column), properties.clone(), pages);
                let closed = encode(writer, values)?;
                Ok((Bytes::from(sink.into_inner()?), closed))
            })
            .collect::<Result<Vec<_>, ParquetError>>()?;
        let mut group = self.writer.next_row_group()?;
        for (bytes, closed) in encoded {
            group.append_column(&bytes, closed)?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes what waits and the end of the file, and waits for the disk.
    pub fn close(mut self) -> Result<FileEntry, OutputError> {
        let left = self.waiting[0].len();
        if left > 0 {
            self.write(left)?;
        }
        let ParquetTable {
            shown,
            writer,
            columns,
            rows,
            ..
        } = self;
        // It writes the end of the file first.
        let hashing = writer.into_inner().map_err(failed(&shown))?;
        let sha256 = hashing.end().map_err(OutputError::io("write", &shown))?;
        Ok(FileEntry {
            rows,
            sha256,
            columns,
        })
    }
}

fn encode(writer: ColumnWriter, values: &Values) -> Result<ColumnCloseResult, ParquetError> {
    // Every value is there, and none is a list.
    match (writer, values) {
        (ColumnWriter::BoolColumnWriter(mut column), Values::Booleans(values)) => {
            column.write_batch(values, None, None)?;
            column.close()
        }
        (ColumnWriter::Int64ColumnWriter(mut column), Values::Integers(values)) => {
            column.write_batch(values, None, None)?;
            column.close()
        }
        (ColumnWriter::DoubleColumnWriter(mut column), Values::Numbers(values)) => {
            column.write_batch(values, None, None)?;
            column.close()
        }
        (ColumnWriter::ByteArrayColumnWriter(mut column), Values::Texts(values)) => {
            column.write_batch(values, None, None)?;
            column.close()
        }
        _ => unreachable!("the schema is made of the kinds of the columns"),
    }
}

fn schema(columns: &[Column], unsigned: &str) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.kind {
            ColumnKind::Boolean => (Physical::BOOLEAN, None),
            ColumnKind::Integer if column.name == unsigned => {
                (Physical::INT64, Some(LogicalType::integer(64, false)))
            }
            ColumnKind::Integer => (Physical::INT64, None),
            ColumnKind::Number => (Physical::DOUBLE, None),
            ColumnKind::Empty | ColumnKind::Text => {
                (Physical::BYTE_ARRAY, Some(LogicalType::String))
            }
        };
        let field = Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    });
    let fields = fields.collect::<Result<Vec<TypePtr>, ParquetError>>()?;
    let group = Type::group_type_builder("rows")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(group))
}

/// What the library says, as an error of the file.
fn failed(shown: &Path) -> impl FnOnce(ParquetError) -> OutputError + use<> {
    let shown = shown.to_owned();
    move |error| {
        let error = match error {
            ParquetError::External(error) => match error.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(error) => io::Error::other(error),
            },
            error => io::Error::other(error.to_string()),
        };
        OutputError::io("write", &shown)(error)
    }
}
