//! Reading a journal, record by record.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::codec::{
    self, CHECK, FORMAT, INDEX, JournalHeader, LENGTH, LONGEST, MAGIC, Shape, check, decode,
};
use super::error::JournalError;
use crate::experiment::block::Block;
use crate::output::OutputError;

/// The shortest record: a block of no cells.
const SHORTEST: u64 = (LENGTH + INDEX + CHECK) as u64;

/// The blocks of a journal, one after the other.
///
/// It ends where the file ended when it was opened; afterwards [`JournalReader::torn_bytes`] tells whether that was the
/// end of a block.
pub struct JournalReader(Records<File>);

impl JournalReader {
    /// Opens a journal and reads its header.
    ///
    /// # Errors
    /// No journal, one of another version, or one whose header is damaged.
    pub fn open(path: &Path) -> Result<JournalReader, OutputError> {
        let file = File::open(path).map_err(OutputError::io("open", path))?;
        Records::open(path, file).map(JournalReader)
    }

    /// What the journal is about.
    pub fn header(&self) -> &JournalHeader {
        &self.0.header
    }

    /// After the last block: bytes of a block that was not written to its end. Zero for a clean end.
    pub fn torn_bytes(&self) -> u64 {
        self.0.torn()
    }

    /// Goes to a record, where it begins and which round it is being known from before.
    pub(super) fn go_to(&mut self, (at, next): (u64, u64)) -> Result<(), OutputError> {
        let records = &mut self.0;
        let moved = records.input.seek(SeekFrom::Start(at));
        moved.map_err(OutputError::io("read", &records.path))?;
        (records.at, records.next) = (at, next);
        Ok(())
    }

    /// Where the next record begins, and which round it is.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.0.at, self.0.next)
    }

    pub(super) fn file(&self) -> &File {
        self.0.input.get_ref()
    }

    /// The record of the next block as it stands.
    pub(super) fn record(&mut self) -> Result<Option<&[u8]>, OutputError> {
        self.0.record()
    }

    /// The records of the next blocks, at most so many, checked but not taken apart: for other threads to do that.
    pub(in crate::output) fn some(&mut self, most: usize) -> Result<Undecoded, OutputError> {
        let mut undecoded = Undecoded {
            path: self.0.path.clone(),
            cells: Arc::clone(&self.0.cells),
            first: self.0.next,
            records: Vec::new(),
            bytes: Vec::new(),
        };
        while undecoded.records.len() < most {
            let Some(record) = self.0.record()? else {
                break;
            };
            undecoded.records.push(record.len());
            undecoded.bytes.extend(record);
        }
        Ok(undecoded)
    }

    /// Number of the next block.
    pub(super) fn next_block(&self) -> u64 {
        self.0.next
    }
}

/// Records whose checks hold.
pub(in crate::output) struct Undecoded {
    path: PathBuf,
    cells: Arc<[Shape]>,
    first: u64,
    records: Vec<usize>,
    bytes: Vec<u8>,
}

impl Undecoded {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The blocks in them, in order.
    pub fn blocks(&self) -> impl Iterator<Item = Result<Block, OutputError>> + '_ {
        let mut rest = self.bytes.as_slice();
        self.records
            .iter()
            .zip(self.first..)
            .map(move |(&length, block)| {
                let (record, after) = rest.split_at(length);
                rest = after;
                decode(record, &self.cells).ok_or_else(|| {
                    JournalError::Misfit {
                        path: self.path.clone(),
                        block,
                    }
                    .into()
                })
            })
    }
}

impl Iterator for JournalReader {
    type Item = Result<Block, OutputError>;

    fn next(&mut self) -> Option<Result<Block, OutputError>> {
        self.0.round().transpose()
    }
}

/// How far a journal has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalState {
    /// What it is about.
    pub header: JournalHeader,
    /// How many blocks it holds, from [`JournalHeader::first`] on.
    pub blocks: u64,
    /// Bytes of a block that was not written to its end; if nobody is writing, the next resume cuts them off.
    pub torn_bytes: u64,
}

/// Counts the blocks of a journal, checking each.
///
/// # Errors
/// As [`JournalReader::open`], and blocks that are damaged.
pub fn count_blocks(path: &Path) -> Result<JournalState, OutputError> {
    let mut reader = JournalReader::open(path)?;
    while reader.record()?.is_some() {}
    Ok(JournalState {
        blocks: reader.next_block() - reader.header().first,
        torn_bytes: reader.torn_bytes(),
        header: reader.0.header,
    })
}

/// The records of a journal that is open already.
pub(super) struct Records<R> {
    path: PathBuf,
    pub(super) header: JournalHeader,
    /// Those of the header.
    cells: Arc<[Shape]>,
    input: BufReader<R>,
    /// Where the file ended when it was opened.
    end: u64,
    /// Where the next record begins.
    pub(super) at: u64,
    /// The block that is due.
    pub(super) next: u64,
    record: Vec<u8>,
    /// No more records: at the end, before a torn one, after an error.
    over: bool,
}

impl<R: Read + Seek> Records<R> {
    pub(super) fn open(path: &Path, mut input: R) -> Result<Records<R>, OutputError> {
        let io = || OutputError::io("read", path);
        let end = input.seek(SeekFrom::End(0)).map_err(io())?;
        input.rewind().map_err(io())?;
        let mut input = BufReader::with_capacity(1 << 16, input);
        let (header, at) = header(path, &mut input, end)?;
        Ok(Records {
            path: path.to_owned(),
            next: header.first,
            cells: header.cells.clone().into(),
            header,
            input,
            end,
            at,
            record: Vec::new(),
            over: false,
        })
    }

    /// Bytes after the last whole record, once that is read.
    pub(super) fn torn(&self) -> u64 {
        self.end - self.at
    }

    /// The next block.
    pub(super) fn round(&mut self) -> Result<Option<Block>, OutputError> {
        if self.record()?.is_none() {
            return Ok(None);
        }
        let block = decode(&self.record, &self.header.cells);
        if block.is_none() {
            self.over = true;
            return Err(JournalError::Misfit {
                path: self.path.clone(),
                block: self.next - 1,
            }
            .into());
        }
        Ok(block)
    }

    /// The next record, its check and its number being right.
    pub(super) fn record(&mut self) -> Result<Option<&[u8]>, OutputError> {
        if self.over || self.at == self.end {
            self.over = true;
            return Ok(None);
        }
        // Until the record proves good.
        self.over = true;
        let read = self.read(self.at);
        let good = read.map_err(OutputError::io("read", &self.path))?
            && self.record[LENGTH..LENGTH + INDEX] == self.next.to_le_bytes();
        if good {
            self.over = false;
            self.at += self.record.len() as u64;
            self.next += 1;
            return Ok(Some(&self.record));
        }
        if self
            .any_good_record()
            .map_err(OutputError::io("read", &self.path))?
        {
            return Err(JournalError::Damaged {
                path: self.path.clone(),
                block: self.next,
                at: self.at,
            }
            .into());
        }
        Ok(None)
    }

    /// Reads what may be a record and begins at `at`, where the input stands; whether its check holds.
    fn read(&mut self, at: u64) -> io::Result<bool> {
        let left = self.end - at;
        if left < SHORTEST {
            return Ok(false);
        }
        self.record.resize(LENGTH, 0);
        self.input.read_exact(&mut self.record)?;
        let Some(length) = sealed(&self.record, left) else {
            return Ok(false);
        };
        self.record.resize(length, 0);
        self.input.read_exact(&mut self.record[LENGTH..])?;
        let (content, found) = self.record.split_at(length - CHECK);
        Ok(check(content) == found)
    }

    /// Whether there is a good record anywhere from here to the end, be it the wrong one.
    fn any_good_record(&mut self) -> io::Result<bool> {
        const WINDOW: usize = 1 << 16;
        let numbers = self.header.first..self.next + 1 + self.torn() / SHORTEST;
        let mut start = self.at;
        let mut window = Vec::new();
        while self.end - start >= SHORTEST {
            let length = (self.end - start).min((WINDOW + LENGTH + INDEX) as u64);
            window.resize(length as usize, 0);
            self.input.seek(SeekFrom::Start(start))?;
            self.input.read_exact(&mut window)?;
            for (offset, bytes) in window.windows(LENGTH + INDEX).enumerate().take(WINDOW) {
                let at = start + offset as u64;
                let number = bytes[LENGTH..].try_into().map(u64::from_le_bytes);
                // Few places pass for a beginning, so the checks below are few.
                if sealed(bytes, self.end - at).is_some()
                    && number.is_ok_and(|number| numbers.contains(&number))
                {
                    self.input.seek(SeekFrom::Start(at))?;
                    if self.read(at)? {
                        return Ok(true);
                    }
                }
            }
            start += WINDOW as u64;
            if start >= self.end {
                break;
            }
        }
        Ok(false)
    }
}

/// The length of the record that begins with these bytes, if it is possible and no more than what is `left`.
fn sealed(bytes: &[u8], left: u64) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    let whole = length.checked_add(LENGTH + CHECK)?;
    (length >= INDEX && whole <= LONGEST && whole as u64 <= left).then_some(whole)
}

/// Reads the header, and where it ends.
fn header(
    path: &Path,
    input: &mut impl Read,
    end: u64,
) -> Result<(JournalHeader, u64), OutputError> {
    let owned = || path.to_owned();
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>, count: usize| -> Result<bool, OutputError> {
        let whole = bytes.len() + count;
        let read = input.by_ref().take(count as u64).read_to_end(bytes);
        read.map_err(OutputError::io("read", path))?;
        Ok(bytes.len() == whole)
    };
    let unstarted = || Err(JournalError::Unstarted { path: owned() }.into());
    let whole = more(&mut bytes, MAGIC.len())?;
    if !MAGIC.starts_with(&bytes) {
        return Err(JournalError::NotAJournal { path: owned() }.into());
    }
    if !whole || !more(&mut bytes, size_of_val(&FORMAT) + LENGTH)? {
        return unstarted();
    }
    let (_, numbers) = bytes.split_at(MAGIC.len());
    let found = u16::from_le_bytes([numbers[0], numbers[1]]);
    if found != FORMAT {
        return Err(JournalError::Format {
            path: owned(),
            found,
        }
        .into());
    }
    let length = u32::from_le_bytes([numbers[2], numbers[3], numbers[4], numbers[5]]) as usize;
    let start = bytes.len();
    if length > LONGEST {
        return Err(JournalError::Header { path: owned() }.into());
    }
    if (start + length + CHECK) as u64 > end {
        return unstarted();
    }
    more(&mut bytes, length + CHECK)?;
    let (content, found) = bytes.split_at(bytes.len() - CHECK);
    if check(content) != found {
        return Err(JournalError::Header { path: owned() }.into());
    }
    let header = codec::JournalHeader::decode(&content[start..])
        .ok_or_else(|| JournalError::Header { path: owned() })?;
    Ok((header, bytes.len() as u64))
}
