//! Blocks and the header as bytes.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::experiment::accounts::Accounts;
use crate::experiment::block::{Block, Outcome};
use crate::measure::{Columns, GridSquare, Summary};
use crate::units::Millis;

/// The first bytes of every journal.
pub(super) const MAGIC: &[u8] = b"deconflict blocks\n";
/// The form of what follows.
pub(super) const FORMAT: u16 = 1;
/// Bytes of a length.
pub(super) const LENGTH: usize = 4;
/// Bytes of the number of a block.
pub(super) const INDEX: usize = 8;
/// Bytes of a check.
pub(super) const CHECK: usize = 8;
/// No header or record is longer: what a damaged length says is not believed beyond this.
pub(super) const LONGEST: usize = 64 << 20;
/// No row has more values, and no block has more in all its rows: what a header says is not believed beyond this.
const MOST_VALUES: usize = 1 << 26;

/// What a journal is about. Journals with the same plan and cells belong to one sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHeader {
    /// SHA-256 of whatever determines the blocks: scenarios, seed, program and columns.
    pub plan_sha256: [u8; 32],
    /// Number of the first block.
    pub first: u64,
    /// The row of each cell, in the order of the cells.
    pub cells: Vec<Shape>,
}

/// Lengths of the row of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Length of [`Summary::values`].
    pub columns: usize,
    /// Length of [`Summary::confusion`].
    pub confusion: usize,
}

impl Shape {
    /// The shape of the rows that these columns measure.
    pub fn of(columns: &Columns) -> Shape {
        Shape {
            columns: columns.columns().len(),
            confusion: columns.confusion_len(),
        }
    }
}

/// The first bytes of the SHA-256.
pub(super) fn check(bytes: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|at| digest[at])
}

impl JournalHeader {
    /// The whole beginning of a journal, magic and check included.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = [MAGIC, &FORMAT.to_le_bytes()].concat();
        seal(0, &mut bytes, |bytes| put(bytes, self));
        bytes
    }

    /// What lies between length and check.
    pub(super) fn decode(bytes: &[u8]) -> Option<JournalHeader> {
        let header: JournalHeader = whole(postcard::take_from_bytes(bytes))?;
        let values = header.cells.iter().try_fold(0usize, |sum, shape| {
            sum.checked_add(shape.columns)?.checked_add(shape.confusion)
        });
        values
            .is_some_and(|values| values <= MOST_VALUES)
            .then_some(header)
    }
}

/// Appends the record of a block; its number of bytes.
pub(super) fn encode(block: &Block, bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    seal(start, bytes, |bytes| {
        bytes.extend(block.index.to_le_bytes());
        for outcome in &block.outcomes {
            encode_outcome(outcome, bytes);
        }
    });
    bytes.len() - start
}

/// Appends an outcome as it stands in the record of a block.
pub(super) fn encode_outcome(outcome: &Outcome, bytes: &mut Vec<u8>) {
    put(bytes, &Stored::from(outcome));
}

/// The block of a record whose check holds; `None` if it does not fit the cells.
pub(super) fn decode(record: &[u8], cells: &[Shape]) -> Option<Block> {
    let inner = record.get(LENGTH..record.len().checked_sub(CHECK)?)?;
    let (index, mut rest) = inner.split_first_chunk()?;
    let mut outcomes = Vec::with_capacity(cells.len());
    for shape in cells {
        let (stored, after) = postcard::take_from_bytes::<Stored>(rest).ok()?;
        outcomes.push(stored.outcome(shape)?);
        rest = after;
    }
    rest.is_empty().then_some(Block {
        index: u64::from_le_bytes(*index),
        outcomes,
    })
}

/// Appends a record of any content; its number of bytes.
pub(super) fn encode_bytes(index: u64, content: &[&[u8]], bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    seal(start, bytes, |bytes| {
        bytes.extend(index.to_le_bytes());
        content.iter().for_each(|part| bytes.extend(*part));
    });
    bytes.len() - start
}

/// The content of a record whose check holds.
pub(super) fn content(record: &[u8]) -> &[u8] {
    record
        .get(LENGTH + INDEX..record.len().saturating_sub(CHECK))
        .unwrap_or_default()
}

/// Appends length, content and check; the check covers the bytes from `start`.
fn seal(start: usize, bytes: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let at = bytes.len();
    bytes.extend([0; LENGTH]);
    content(bytes);
    // A record too long for its length is refused before it is written, see Journal::append.
    let length = (bytes.len() - at - LENGTH) as u32;
    bytes[at..at + LENGTH].copy_from_slice(&length.to_le_bytes());
    let check = check(&bytes[start..]);
    bytes.extend(check);
}

fn put(bytes: &mut Vec<u8>, value: &impl Serialize) {
    // Memory takes everything, and no value here has a length unknown beforehand: the only errors there are.
    *bytes = postcard::to_extend(value, std::mem::take(bytes)).expect("plain data");
}

fn whole<T>(taken: postcard::Result<(T, &[u8])>) -> Option<T> {
    taken
        .ok()
        .and_then(|(value, rest)| rest.is_empty().then_some(value))
}

/// An [`Outcome`] as it is written.
#[derive(Serialize, Deserialize)]
enum Stored {
    Flown(Row),
    Failed(String),
}

/// A [`Summary`] as it is written.
#[derive(Serialize, Deserialize)]
struct Row {
    values: Sparse,
    confusion: Sparse,
    times_to_identify: Vec<Millis>,
    wrong_shots_at: Vec<GridSquare>,
}

impl From<&Outcome> for Stored {
    fn from(outcome: &Outcome) -> Stored {
        match outcome {
            Outcome::Failed(message) => Stored::Failed(message.clone()),
            Outcome::Flown(Summary {
                values,
                confusion,
                times_to_identify,
                wrong_shots_at,
            }) => Stored::Flown(Row {
                values: Sparse::new(values.iter().map(|&value| Number::of(value))),
                confusion: Sparse::new(confusion.iter().map(|&count| Number::Whole(count))),
                times_to_identify: times_to_identify.clone(),
                wrong_shots_at: wrong_shots_at.clone(),
            }),
        }
    }
}

impl Stored {
    fn outcome(self, shape: &Shape) -> Option<Outcome> {
        Some(match self {
            Stored::Failed(message) => Outcome::Failed(message),
            Stored::Flown(row) => Outcome::Flown(Summary {
                values: row.values.expand(shape.columns, |number| match number {
                    Number::Whole(whole) => Some(whole as f64),
                    Number::Exact(value) => Some(value),
                })?,
                confusion: row
                    .confusion
                    .expand(shape.confusion, |number| match number {
                        Number::Whole(count) => Some(count),
                        Number::Exact(_) => None,
                    })?,
                times_to_identify: row.times_to_identify,
                wrong_shots_at: row.wrong_shots_at,
            }),
        })
    }
}

/// What a file of sums keeps besides its header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Entry {
    /// A record of a block that comes before the first batch that is whole: another has its sums.
    Head(Vec<u8>),
    /// What replications came to.
    Sums {
        /// The first.
        first: u64,
        /// The one after the last.
        end: u64,
        /// How many numbers.
        length: usize,
        /// The numbers of `Accounts::write`.
        numbers: Sparse,
        /// Cell, replication and message of what failed.
        failures: Vec<(usize, u64, String)>,
    },
    /// Who ran, where and how long: one JSON object.
    Note(String),
}

impl Entry {
    pub fn sums(blocks: &Range<u64>, accounts: &Accounts) -> Entry {
        let mut numbers = Vec::new();
        accounts.write(&mut numbers);
        let failures = accounts.failures().iter();
        Entry::Sums {
            first: blocks.start,
            end: blocks.end,
            length: numbers.len(),
            numbers: Sparse::new(numbers.iter().map(|&number| Number::of(number))),
            failures: failures
                .map(|failure| (failure.cell, failure.replication, failure.message.clone()))
                .collect(),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self);
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Entry> {
        whole(postcard::take_from_bytes(bytes))
    }
}

/// The numbers of an entry, zeros included; none if they do not fit.
pub(super) fn numbers(sparse: Sparse, length: usize) -> Option<Vec<f64>> {
    if length > MOST_VALUES {
        return None;
    }
    sparse.expand(length, |number| match number {
        Number::Whole(whole) => Some(whole as f64),
        Number::Exact(value) => Some(value),
    })
}

/// The outcomes in a record whose check holds, as they stand, one for each cell.
pub(super) fn outcomes(record: &[u8], cells: usize) -> Option<Vec<&[u8]>> {
    let inner = record.get(LENGTH + INDEX..record.len().checked_sub(CHECK)?)?;
    let mut rest = inner;
    let mut found = Vec::with_capacity(cells);
    for _ in 0..cells {
        let (_, after) = postcard::take_from_bytes::<Stored>(rest).ok()?;
        found.push(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    rest.is_empty().then_some(found)
}

#[derive(Clone, Copy)]
enum Number {
    Whole(u64),
    Exact(f64),
}

impl Number {
    /// Whole if that gives the same bits again.
    fn of(value: f64) -> Number {
        let whole = value as u64;
        if whole < 1 << 53 && (whole as f64).to_bits() == value.to_bits() {
            Number::Whole(whole)
        } else {
            Number::Exact(value)
        }
    }
}

/// Numbers without their zeros: two bytes for a small count, at most ten for anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sparse {
    /// For each number its distance from the one before, times two, plus one if it is an exact one.
    keys: Vec<usize>,
    wholes: Vec<u64>,
    exacts: Vec<f64>,
}

impl Sparse {
    fn new(numbers: impl Iterator<Item = Number>) -> Sparse {
        let mut sparse = Sparse {
            keys: Vec::new(),
            wholes: Vec::new(),
            exacts: Vec::new(),
        };
        let mut after = 0;
        for (position, number) in numbers.enumerate() {
            let exact = match number {
                Number::Whole(0) => continue,
                Number::Whole(whole) => {
                    sparse.wholes.push(whole);
                    false
                }
                Number::Exact(value) => {
                    sparse.exacts.push(value);
                    true
                }
            };
            sparse
                .keys
                .push((position - after) * 2 + usize::from(exact));
            after = position + 1;
        }
        sparse
    }

    /// The numbers with their zeros; `None` unless they fit the length and each other.
    fn expand<T: Clone + Default>(
        self,
        length: usize,
        convert: impl Fn(Number) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut wholes = self.wholes.into_iter();
        let mut exacts = self.exacts.into_iter();
        let mut values = vec![T::default(); length];
        let mut after = 0_usize;
        for key in self.keys {
            let position = after.checked_add(key / 2)?;
            let number = if key % 2 == 1 {
                Number::Exact(exacts.next()?)
            } else {
                Number::Whole(wholes.next()?)
            };
            *values.get_mut(position)? = convert(number)?;
            after = position + 1;
        }
        (wholes.len() == 0 && exacts.len() == 0).then_some(values)
    }
}
