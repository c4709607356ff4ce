//! Sums in a file: of a sweep that keeps no rows, batch after batch, and of a shard when it is done.
//!
//! In the outer form of all journals. It holds entries: blocks before the first batch that begins in it (of a sweep that goes on where
//! one ended within a batch), sums of replications, and notes of who ran them. Sums that begin where those before them did, within
//! a batch, take their place. What there is can be written anew in short at any time: the same sums in fewer entries.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::batches::{Batches, Found};
use super::codec::{Entry, Shape, decode, encode, numbers};
use super::error::JournalError;
use crate::experiment::accounts::{Accounts, Failure};
use crate::experiment::block::Block;
use crate::experiment::ledger::Ledger;
use crate::output::OutputError;
use crate::output::beside::whole_file;
use crate::statistics::fold::BATCH;

/// What a file of sums is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumsHeader {
    /// SHA-256 of whatever determines the blocks.
    pub plan_sha256: [u8; 32],
    /// The cells, those that others are compared with included, in the order of the outcomes of a block.
    pub cells: Vec<usize>,
    /// The lengths of their rows.
    pub shape: Shape,
    /// Number of the first block.
    pub first: u64,
}

impl SumsHeader {
    fn about(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"sums");
        hash.update(self.plan_sha256);
        hash.update(self.first.to_le_bytes());
        for cell in &self.cells {
            hash.update((*cell as u64).to_le_bytes());
        }
        hash.finalize().into()
    }
}

/// All that a file of sums holds.
#[derive(Debug, Clone)]
pub struct Summed {
    /// Blocks before the first batch that begins in it.
    pub heads: Vec<Block>,
    /// What was added up.
    pub ledger: Ledger,
    /// Who ran it, one JSON object each.
    pub notes: Vec<String>,
}

impl Summed {
    /// Nothing yet; what is summed up begins with the first batch that begins at `first` or later.
    pub fn new(empty: Accounts, first: u64) -> Summed {
        Summed {
            heads: Vec::new(),
            ledger: Ledger::new(empty, first.next_multiple_of(BATCH)),
            notes: Vec::new(),
        }
    }

    /// The block that is due, where the first was this.
    pub fn next(&self, first: u64) -> u64 {
        let heads = first + self.heads.len() as u64;
        match heads < first.next_multiple_of(BATCH) {
            true => heads,
            false => self.ledger.next(),
        }
    }

    fn of(
        path: &Path,
        header: &SumsHeader,
        empty: Accounts,
        found: Found,
    ) -> Result<Summed, OutputError> {
        let mut summed = Summed::new(empty, header.first);
        for (at, batch) in found.batches.iter().enumerate() {
            let misfit = || JournalError::Misfit {
                path: path.to_owned(),
                block: at as u64,
            };
            match Entry::decode(batch).ok_or_else(misfit)? {
                Entry::Head(record) => {
                    let shapes = vec![header.shape; header.cells.len()];
                    let block = decode(&record, &shapes).ok_or_else(misfit)?;
                    if block.index != summed.next(header.first) {
                        return Err(misfit().into());
                    }
                    summed.heads.push(block);
                }
                Entry::Sums {
                    first,
                    end,
                    length,
                    numbers: sparse,
                    failures,
                } => {
                    let mut accounts = summed.ledger.empty().clone();
                    let failures =
                        failures
                            .into_iter()
                            .map(|(cell, replication, message)| Failure {
                                cell,
                                replication,
                                message,
                            });
                    numbers(sparse, length)
                        .and_then(|numbers| accounts.read(&numbers, failures.collect()))
                        .ok_or_else(misfit)?;
                    let absorbed = summed.ledger.absorb(&(first..end), accounts);
                    absorbed.map_err(|_| misfit())?;
                }
                Entry::Note(note) => summed.notes.push(note),
            }
        }
        Ok(summed)
    }

    /// What a file holds that somebody may be writing; nothing where it was interrupted as it was begun.
    ///
    /// # Errors
    /// A file that is damaged, or of something else.
    pub fn read(
        path: &Path,
        header: &SumsHeader,
        empty: Accounts,
    ) -> Result<Option<Summed>, OutputError> {
        Batches::read(path, header.about())?
            .map(|found| Summed::of(path, header, empty, found))
            .transpose()
    }

    /// How far a file has come, without looking into the sums: the block that is due.
    ///
    /// # Errors
    /// A file that is damaged, or of something else.
    pub fn reached(path: &Path, header: &SumsHeader) -> Result<u64, OutputError> {
        let Some(found) = Batches::read(path, header.about())? else {
            return Ok(header.first);
        };
        let mut next = header.first;
        for batch in &found.batches {
            match Entry::decode(batch) {
                Some(Entry::Head(_)) => next += 1,
                Some(Entry::Sums { end, .. }) => next = end,
                Some(Entry::Note(_)) | None => {}
            }
        }
        Ok(next)
    }

    /// Writes all of it, in short, beside its place and moves it there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn write(&self, path: &Path, header: &SumsHeader) -> Result<(), OutputError> {
        let mut entries: Vec<Vec<u8>> = Vec::new();
        entries.extend(
            self.notes
                .iter()
                .map(|note| Entry::Note(note.clone()).encode()),
        );
        entries.extend(self.heads.iter().map(|block| head(block).encode()));
        let sums = self.ledger.parts();
        entries.extend(sums.map(|(blocks, accounts)| Entry::sums(&blocks, accounts).encode()));
        let bytes = Batches::whole(header.about(), &entries);
        whole_file(path, true, |file| file.write_all(&bytes))
    }
}

fn head(block: &Block) -> Entry {
    let mut record = Vec::new();
    encode(block, &mut record);
    Entry::Head(record)
}

/// Sums made into an entry of a file, by whichever thread added them up.
#[derive(Debug, Clone)]
pub struct EncodedSums(Vec<u8>);

impl EncodedSums {
    /// Of these blocks.
    pub fn of(blocks: &Range<u64>, accounts: &Accounts) -> EncodedSums {
        EncodedSums(Entry::sums(blocks, accounts).encode())
    }
}

/// A file of sums, open for appending, locked against others.
#[derive(Debug)]
pub struct SumsJournal {
    path: PathBuf,
    header: SumsHeader,
    batches: Batches,
    /// Bytes since it was last written in short, and then.
    grown: u64,
    short: u64,
}

/// It is written in short when it has grown by so much, and by four times what it was in short.
const GROWN: u64 = 64 << 20;

impl SumsJournal {
    /// Goes on with a file; begins one where there is none. What is there is handed back.
    ///
    /// # Errors
    /// A file that another command writes, that is damaged, or of something else.
    pub fn open(
        path: &Path,
        header: &SumsHeader,
        empty: Accounts,
    ) -> Result<(SumsJournal, Summed), OutputError> {
        let (batches, found) = Batches::open(path, header.about())?;
        let grown = found.batches.iter().map(|batch| batch.len() as u64).sum();
        let summed = Summed::of(path, header, empty, found)?;
        let journal = SumsJournal {
            path: path.to_owned(),
            header: header.clone(),
            batches,
            grown,
            short: 0,
        };
        Ok((journal, summed))
    }

    /// Adds a block that comes before the first batch.
    pub fn head(&mut self, block: &Block) {
        self.add(&head(block));
    }

    /// Adds sums of the blocks that are due.
    pub fn sums(&mut self, blocks: &Range<u64>, accounts: &Accounts) {
        self.add(&Entry::sums(blocks, accounts));
    }

    /// The same of sums that somebody has encoded.
    pub fn encoded(&mut self, sums: &EncodedSums) {
        self.add_bytes(&sums.0);
    }

    /// Adds who ran.
    pub fn note(&mut self, note: &str) {
        self.add(&Entry::Note(note.to_owned()));
    }

    fn add(&mut self, entry: &Entry) {
        self.add_bytes(&entry.encode());
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        self.grown += bytes.len() as u64;
        self.batches.add(bytes);
    }

    /// Puts on disk what was added.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn sync(&mut self) -> Result<(), OutputError> {
        self.batches.sync()
    }

    /// Writes it in short where it has grown long.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn shorten(&mut self, summed: &Summed) -> Result<(), OutputError> {
        if self.grown < GROWN.max(4 * self.short) {
            return Ok(());
        }
        self.batches.sync()?;
        summed.write(&self.path, &self.header)?;
        let (batches, found) = Batches::open(&self.path, self.header.about())?;
        self.batches = batches;
        self.short = found.batches.iter().map(|batch| batch.len() as u64).sum();
        self.grown = 0;
        Ok(())
    }
}
