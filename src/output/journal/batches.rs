//! A journal of what is not made of blocks: the batches that a tuning was told, the sums of a sweep, in the outer form of
//! all journals.
//!
//! A batch may be long, so it is kept in parts, one record each; the first byte of a part says whether more follow. What
//! an interruption left of a batch is cut off. A record that is damaged although good ones follow is refused, as in a
//! journal of blocks.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use super::codec::{JournalHeader, content, encode_bytes};
use super::error::{JournalError, same_sweep};
use super::reader::Records;
use super::writer::{Tail, locked};
use crate::output::OutputError;
use crate::output::locks::Lock;

/// Bytes of a batch in one record.
const PART: usize = 32 << 20;

/// The journal of a tuning, open for appending, locked against others.
pub(in crate::output) struct Batches {
    path: PathBuf,
    next: u64,
    tail: Tail<File>,
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("path", &self.path).finish()
    }
}

/// What was there already.
pub(in crate::output) struct Found {
    /// The batches, in order.
    pub batches: Vec<Vec<u8>>,
    /// Bytes of a batch that had not been written to its end, now cut off.
    pub torn_bytes: u64,
}

fn header(about: [u8; 32]) -> JournalHeader {
    JournalHeader {
        plan_sha256: about,
        first: 0,
        cells: Vec::new(),
    }
}

impl Batches {
    /// Goes on with the journal of a study, whose identity this is; begins one where there is none.
    pub fn open(path: &Path, about: [u8; 32]) -> Result<(Batches, Found), OutputError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(OutputError::io("open", path))?;
        locked(path, &file, Lock::Alone)?;
        let mut records = match Records::open(path, &file) {
            Ok(records) => records,
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => {
                return Batches::begin(path, file, about);
            }
            Err(error) => return Err(error),
        };
        same_sweep(path, &records.header, &header(about), None)?;
        let (batches, whole) = read_all(path, &mut records)?;
        let torn_bytes = records.torn() + records.at - whole.0;
        drop(records);
        let mut tail = Tail::new(path, file, whole.0);
        tail.cut().map_err(OutputError::io("write", path))?;
        let journal = Batches {
            path: path.to_owned(),
            next: whole.1,
            tail,
        };
        let found = Found {
            batches,
            torn_bytes,
        };
        Ok((journal, found))
    }

    /// What there is of a journal that somebody else may be writing; nothing where it was interrupted as it was begun.
    pub fn read(path: &Path, about: [u8; 32]) -> Result<Option<Found>, OutputError> {
        let file = File::open(path).map_err(OutputError::io("open", path))?;
        let mut records = match Records::open(path, file) {
            Ok(records) => records,
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => return Ok(None),
            Err(error) => return Err(error),
        };
        same_sweep(path, &records.header, &header(about), None)?;
        let (batches, whole) = read_all(path, &mut records)?;
        let torn_bytes = records.torn() + records.at - whole.0;
        Ok(Some(Found {
            batches,
            torn_bytes,
        }))
    }

    /// A journal of these batches, whole, in bytes.
    pub fn whole(about: [u8; 32], batches: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = header(about).encode();
        let mut next = 0;
        for batch in batches {
            parts(batch, &mut next, |next, more, part| {
                encode_bytes(next, &[more, part], &mut bytes);
            });
        }
        bytes
    }

    fn begin(path: &Path, file: File, about: [u8; 32]) -> Result<(Batches, Found), OutputError> {
        let torn_bytes = file
            .metadata()
            .map_err(OutputError::io("read", path))?
            .len();
        let beginning = header(about).encode();
        let rest = std::fs::read(path).map_err(OutputError::io("read", path))?;
        // What there is of the header must be of this one: only then nothing is lost by starting over.
        if !beginning.starts_with(&rest) {
            return Err(JournalError::Header {
                path: path.to_owned(),
            }
            .into());
        }
        let mut tail = Tail::new(path, file, 0);
        tail.cut().map_err(OutputError::io("write", path))?;
        tail.buffer = beginning;
        tail.sync()?;
        let journal = Batches {
            path: path.to_owned(),
            next: 0,
            tail,
        };
        let found = Found {
            batches: Vec::new(),
            torn_bytes,
        };
        Ok((journal, found))
    }

    /// Keeps a batch; when this returns, the disk has it.
    pub fn append(&mut self, batch: &[u8]) -> Result<(), OutputError> {
        self.add(batch);
        self.sync()
    }

    /// Adds a batch, which the disk has after the next [`Batches::sync`].
    pub fn add(&mut self, batch: &[u8]) {
        let buffer = &mut self.tail.buffer;
        parts(batch, &mut self.next, |next, more, part| {
            encode_bytes(next, &[more, part], buffer);
        });
    }

    /// Puts on disk what was added.
    pub fn sync(&mut self) -> Result<(), OutputError> {
        self.tail.sync()
    }
}

/// A batch in parts, each with its number and whether more follow.
fn parts(batch: &[u8], next: &mut u64, mut part: impl FnMut(u64, &[u8], &[u8])) {
    let parts = batch.len().div_ceil(PART).max(1);
    for number in 0..parts {
        let bytes = &batch[number * PART..batch.len().min((number + 1) * PART)];
        part(*next, &[u8::from(number + 1 < parts)], bytes);
        *next += 1;
    }
}

/// The end of the last whole batch, and the number of the record after it.
type End = (u64, u64);

/// The whole batches, and where they end.
fn read_all<R: Read + Seek>(
    path: &Path,
    records: &mut Records<R>,
) -> Result<(Vec<Vec<u8>>, End), OutputError> {
    let mut batches = Vec::new();
    let mut part: Vec<u8> = Vec::new();
    let mut whole = (records.at, records.next);
    while let Some(record) = records.record()? {
        let Some((more, bytes)) = content(record).split_first() else {
            return Err(JournalError::Misfit {
                path: path.to_owned(),
                block: records.next - 1,
            }
            .into());
        };
        let more = *more != 0;
        part.extend(bytes);
        if !more {
            batches.push(std::mem::take(&mut part));
            whole = (records.at, records.next);
        }
    }
    Ok((batches, whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const ABOUT: [u8; 32] = [5; 32];

    fn written(path: &Path) -> Vec<u8> {
        let (mut journal, _) = Batches::open(path, ABOUT).unwrap();
        for batch in [&b"first"[..], b"", &[7; 300], b"last"] {
            journal.append(batch).unwrap();
        }
        drop(journal);
        fs::read(path).unwrap()
    }

    fn lengths(path: &Path) -> Result<Vec<usize>, OutputError> {
        let (_, found) = Batches::open(path, ABOUT)?;
        Ok(found.batches.iter().map(Vec::len).collect())
    }

    #[test]
    fn a_journal_cut_anywhere_goes_on_after_its_last_whole_batch() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("search.batches");
        let whole = written(&path);
        let all = lengths(&path).unwrap();
        assert_eq!(all, [5, 0, 300, 4]);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let left = lengths(&path).unwrap();
            assert!(
                left.len() < 4 && all.starts_with(&left),
                "{length}: {left:?}"
            );
        }
    }

    #[test]
    fn a_damaged_batch_is_refused_and_nothing_is_cut() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("search.batches");
        let whole = written(&path);
        // The last record alone could have been left by an interruption.
        let last = whole.len() - (4 + 8 + 1 + 4 + 8);
        for at in 0..last {
            let mut bad = whole.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let error = lengths(&path).expect_err(&format!("byte {at}"));
            assert!(error.to_string().contains("search.batches"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bad, "byte {at}");
        }
    }

    #[test]
    fn a_long_batch_is_kept_in_parts() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("search.batches");
        let (mut journal, _) = Batches::open(&path, ABOUT).unwrap();
        let long = vec![3; PART + 1];
        journal.append(&long).unwrap();
        journal.append(b"x").unwrap();
        drop(journal);
        assert_eq!(lengths(&path).unwrap(), [PART + 1, 1]);
        // Cut within the second part: the whole batch is gone.
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(PART as u64 + 100).unwrap();
        assert!(lengths(&path).unwrap().is_empty());
    }

    #[test]
    fn another_study_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("search.batches");
        written(&path);
        assert!(Batches::open(&path, [6; 32]).is_err());
    }
}
