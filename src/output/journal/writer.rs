//! Writing a journal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::codec::{JournalHeader, LONGEST, encode, encode_bytes, encode_outcome};
use super::error::{JournalError, same_sweep};
use super::reader::Records;
use crate::experiment::block::{Block, Outcome};
use crate::output::OutputError;
use crate::output::files::sync_folder;
use crate::output::locks::{Attempt, Lock, lock};

/// Bytes that wait before they are written.
const BUFFER: usize = 1 << 16;

/// A journal open for appending, locked against others.
///
/// Dropped, it writes what it still has, best effort; [`Journal::sync`] first to be sure.
pub struct Journal {
    header: JournalHeader,
    next: u64,
    tail: Tail<File>,
}

/// A journal that was there already.
pub struct Resumed {
    /// Ready for the next block.
    pub journal: Journal,
    /// Bytes of a block that had not been written to its end, now cut off.
    pub torn_bytes: u64,
}

impl Journal {
    /// Begins a journal where there is none. When this returns, the file will outlast a crash.
    ///
    /// # Errors
    /// A file that is there already, or what the system refuses.
    pub fn create(path: &Path, header: &JournalHeader) -> Result<Journal, OutputError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path);
        let file = match file {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(JournalError::Exists {
                    path: path.to_owned(),
                }
                .into());
            }
            other => other.map_err(OutputError::io("create", path))?,
        };
        locked(path, &file, Lock::Alone)?;
        let journal = Journal::begin(path, file, header)?;
        let absolute = std::path::absolute(path).map_err(OutputError::io("use", path))?;
        if let Some(folder) = absolute.parent() {
            sync_folder(folder, path)?;
        }
        Ok(journal)
    }

    /// Goes on with a journal, which must be of this header; cuts off what an interruption left of a block.
    ///
    /// `each` gets the blocks that are there, in order. A journal that was interrupted before it had its header is
    /// started over; one that is damaged before its last block is refused and left alone.
    ///
    /// # Errors
    /// A journal that another command writes, that is damaged, or of another header.
    pub fn resume(
        path: &Path,
        header: &JournalHeader,
        mut each: impl FnMut(Block),
    ) -> Result<Resumed, OutputError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(OutputError::io("open", path))?;
        locked(path, &file, Lock::Alone)?;
        let mut records = match Records::open(path, &file) {
            Ok(records) => records,
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => {
                return Journal::start_over(path, file, header);
            }
            Err(error) => return Err(error),
        };
        same_sweep(path, &records.header, header, None)?;
        if records.header.first != header.first {
            return Err(JournalError::Differs {
                path: path.to_owned(),
                other: None,
                what: "the first block",
                found: records.header.first.to_string(),
                expected: header.first.to_string(),
            }
            .into());
        }
        while let Some(block) = records.round()? {
            each(block);
        }
        let (at, next, torn_bytes) = (records.at, records.next, records.torn());
        drop(records);
        let mut tail = Tail::new(path, file, at);
        tail.cut().map_err(OutputError::io("write", path))?;
        Ok(Resumed {
            journal: Journal {
                header: header.clone(),
                next,
                tail,
            },
            torn_bytes,
        })
    }

    fn start_over(
        path: &Path,
        mut file: File,
        header: &JournalHeader,
    ) -> Result<Resumed, OutputError> {
        let mut found = Vec::new();
        let read = file.rewind().and_then(|()| file.read_to_end(&mut found));
        read.map_err(OutputError::io("read", path))?;
        // What there is of the header must be of this one: only then nothing is lost by starting over.
        if !header.encode().starts_with(&found) {
            return Err(JournalError::Header {
                path: path.to_owned(),
            }
            .into());
        }
        Ok(Resumed {
            journal: Journal::begin(path, file, header)?,
            torn_bytes: found.len() as u64,
        })
    }

    fn begin(path: &Path, file: File, header: &JournalHeader) -> Result<Journal, OutputError> {
        let mut tail = Tail::new(path, file, 0);
        tail.cut().map_err(OutputError::io("write", path))?;
        tail.buffer = header.encode();
        tail.sync()?;
        Ok(Journal {
            header: header.clone(),
            next: header.first,
            tail,
        })
    }

    /// Number of the block that is due.
    pub fn next_block(&self) -> u64 {
        self.next
    }

    /// Adds the next block. It is safe from a crash after the next [`Journal::sync`].
    ///
    /// # Errors
    /// What the system refuses.
    ///
    /// # Panics
    ///
    /// If the block is not the one due, or does not fit the header.
    pub fn append(&mut self, block: &Block) -> Result<(), OutputError> {
        assert_eq!(block.index, self.next, "the block that is due");
        assert_eq!(block.outcomes.len(), self.header.cells.len(), "all cells");
        for (outcome, shape) in block.outcomes.iter().zip(&self.header.cells) {
            if let Outcome::Flown(summary) = outcome {
                assert_eq!(summary.values.len(), shape.columns, "all columns");
                assert_eq!(summary.confusion.len(), shape.confusion, "all counts");
            }
        }
        let before = self.tail.buffer.len();
        let bytes = encode(block, &mut self.tail.buffer);
        if bytes > LONGEST {
            self.tail.buffer.truncate(before);
            return Err(JournalError::TooLong {
                path: self.tail.path.clone(),
                block: block.index,
                bytes,
            }
            .into());
        }
        self.appended()
    }

    /// Adds the next block, whose outcomes somebody has encoded.
    ///
    /// # Errors
    /// What the system refuses.
    ///
    /// # Panics
    ///
    /// If the block is not the one due, or has not all cells.
    pub fn append_outcomes(
        &mut self,
        index: u64,
        outcomes: &[EncodedOutcome],
    ) -> Result<(), OutputError> {
        assert_eq!(outcomes.len(), self.header.cells.len(), "all cells");
        let outcomes: Vec<&[u8]> = outcomes.iter().map(|one| one.0.as_slice()).collect();
        let mut encoded = Encoded::from(index);
        encoded.push_outcomes(index, &outcomes);
        self.append_encoded(encoded)
    }

    /// Adds the next blocks, which somebody has made into records.
    ///
    /// # Errors
    /// What the system refuses.
    ///
    /// # Panics
    ///
    /// If the first is not the one due.
    pub fn append_encoded(&mut self, blocks: Encoded) -> Result<(), OutputError> {
        assert_eq!(blocks.first, self.next, "the block that is due");
        if let Some((block, bytes)) = blocks.too_long {
            return Err(JournalError::TooLong {
                path: self.tail.path.clone(),
                block,
                bytes,
            }
            .into());
        }
        self.tail.buffer.extend(blocks.bytes);
        self.next += blocks.count - 1;
        self.appended()
    }

    /// Adds the record of the next block, which fits and is checked.
    pub(super) fn append_record(&mut self, record: &[u8]) -> Result<(), OutputError> {
        self.tail.buffer.extend(record);
        self.appended()
    }

    fn appended(&mut self) -> Result<(), OutputError> {
        self.next += 1;
        if self.tail.buffer.len() >= BUFFER {
            self.tail.write()?;
        }
        Ok(())
    }

    /// Puts on disk all blocks added so far.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn sync(&mut self) -> Result<(), OutputError> {
        self.tail.sync()
    }
}

/// An outcome as a journal has it, made by whichever thread ran it.
#[derive(Debug, Clone)]
pub struct EncodedOutcome(Vec<u8>);

impl EncodedOutcome {
    /// Of this outcome.
    pub fn of(outcome: &Outcome) -> EncodedOutcome {
        let mut bytes = Vec::new();
        encode_outcome(outcome, &mut bytes);
        EncodedOutcome(bytes)
    }
}

/// Blocks made into the records of a journal, by whichever thread ran them.
#[derive(Debug, Clone)]
pub struct Encoded {
    first: u64,
    count: u64,
    bytes: Vec<u8>,
    too_long: Option<(u64, usize)>,
}

impl Encoded {
    /// No blocks yet; this will be the first.
    pub fn from(first: u64) -> Encoded {
        Encoded {
            first,
            count: 0,
            bytes: Vec::new(),
            too_long: None,
        }
    }

    /// How long the records are.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds the next block.
    pub fn push(&mut self, block: &Block) {
        let bytes = encode(block, &mut self.bytes);
        self.count += 1;
        self.check(block.index, bytes);
    }

    /// Adds the next block, whose outcomes are encoded already.
    pub(super) fn push_outcomes(&mut self, index: u64, outcomes: &[&[u8]]) {
        let bytes = encode_bytes(index, outcomes, &mut self.bytes);
        self.count += 1;
        self.check(index, bytes);
    }

    fn check(&mut self, index: u64, bytes: usize) {
        if bytes > LONGEST && self.too_long.is_none() {
            self.too_long = Some((index, bytes));
        }
    }
}

/// Locks a file; where files cannot be locked, it does without.
pub(super) fn locked(path: &Path, file: &File, how: Lock) -> Result<(), OutputError> {
    match lock(path, file, how)? {
        Attempt::Locked | Attempt::Without => Ok(()),
        Attempt::Busy => Err(JournalError::Busy {
            path: path.to_owned(),
        }
        .into()),
    }
}

/// Whether somebody writes a journal just now, as far as locks tell.
///
/// # Errors
/// A file that cannot be opened.
pub fn is_being_written(path: &Path) -> Result<bool, OutputError> {
    let file = File::open(path).map_err(OutputError::io("open", path))?;
    match locked(path, &file, Lock::Shared) {
        Ok(()) => Ok(false),
        Err(OutputError::Journal(JournalError::Busy { .. })) => Ok(true),
        Err(error) => Err(error),
    }
}

/// What a journal needs of a file.
pub(super) trait Store: Write + Seek {
    fn sync_data(&self) -> io::Result<()>;
    fn set_len(&self, length: u64) -> io::Result<()>;
}

impl Store for File {
    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }
}

/// The end of a file, and what is to be appended.
pub(super) struct Tail<S: Store> {
    path: PathBuf,
    store: S,
    pub(super) buffer: Vec<u8>,
    /// Bytes written.
    written: u64,
    /// Bytes that are certainly on disk.
    synced: u64,
    /// A write failed: where the file ends is no longer known, so nothing may be appended.
    broken: bool,
}

impl<S: Store> Tail<S> {
    pub(super) fn new(path: &Path, store: S, end: u64) -> Tail<S> {
        Tail {
            path: path.to_owned(),
            store,
            buffer: Vec::new(),
            written: end,
            synced: end,
            broken: false,
        }
    }

    /// Cuts off what lies after the end.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.store.set_len(self.written)?;
        self.store.seek(SeekFrom::Start(self.written))?;
        self.store.sync_data()
    }

    fn write(&mut self) -> Result<(), OutputError> {
        self.attempt(|tail| {
            tail.store.write_all(&tail.buffer)?;
            tail.written += tail.buffer.len() as u64;
            tail.buffer.clear();
            Ok(())
        })
    }

    pub(super) fn sync(&mut self) -> Result<(), OutputError> {
        self.write()?;
        self.attempt(|tail| {
            tail.store.sync_data()?;
            tail.synced = tail.written;
            Ok(())
        })
    }

    fn attempt(
        &mut self,
        step: impl FnOnce(&mut Tail<S>) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let outcome = if self.broken {
            Err(io::Error::other("an earlier write failed"))
        } else {
            step(self)
        };
        outcome.map_err(|error| {
            self.give_up();
            OutputError::io("write", &self.path)(error)
        })
    }

    /// Leaves a file that can be resumed.
    fn give_up(&mut self) {
        if !self.broken && self.store.sync_data().is_err() {
            // The system may still show what it failed to put on disk: nobody should build on that. Best effort, since
            // there is an error to report already.
            let _ = self.store.set_len(self.synced);
        }
        self.broken = true;
        self.buffer.clear();
    }
}

impl<S: Store> Drop for Tail<S> {
    fn drop(&mut self) {
        if !self.broken {
            // Best effort: there is nobody to tell.
            let _ = self.write();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::journal::tests::{block, header, write};

    /// A disk with little room.
    struct Small {
        file: File,
        room: usize,
        syncs: bool,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self.file.write(&bytes[..bytes.len().min(self.room)])?;
            self.room -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Small {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    impl Store for Small {
        fn sync_data(&self) -> io::Result<()> {
            if self.syncs {
                Ok(())
            } else {
                Err(io::ErrorKind::StorageFull.into())
            }
        }

        fn set_len(&self, length: u64) -> io::Result<()> {
            self.file.set_len(length)
        }
    }

    fn small(path: &Path, room: usize) -> Tail<Small> {
        let store = Small {
            file: File::create(path).unwrap(),
            room,
            syncs: true,
        };
        Tail::new(path, store, 0)
    }

    #[test]
    fn a_full_disk_leaves_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        let whole = write(&folder.path().join("whole"), 0..6);
        for room in 0..whole.len() {
            let mut tail = small(&path, room);
            tail.buffer = whole.clone();
            let error = tail.sync().unwrap_err();
            assert!(!error.is_bad_input());
            assert!(error.to_string().contains("full"), "{error}");
            // It stays an error, and nothing is written after the gap even when there is room again.
            tail.store.room = 1 << 20;
            tail.buffer = whole.clone();
            assert!(tail.sync().is_err());
            tail.buffer = whole.clone();
            drop(tail);
            assert_eq!(std::fs::read(&path).unwrap(), &whole[..room]);
            let mut journal = Journal::resume(&path, &header(0), |_| ()).unwrap().journal;
            for index in journal.next_block()..6 {
                journal.append(&block(index)).unwrap();
            }
            journal.sync().unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn what_could_not_be_synced_is_not_built_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full");
        let whole = write(&folder.path().join("whole"), 0..6);
        let three = write(&folder.path().join("three"), 0..3).len();
        let mut tail = small(&path, 1 << 20);
        tail.buffer = whole[..three].to_vec();
        tail.sync().unwrap();
        tail.buffer = whole[three..].to_vec();
        tail.store.syncs = false;
        assert!(tail.sync().is_err());
        drop(tail);
        assert_eq!(std::fs::read(&path).unwrap(), &whole[..three]);
    }
}
