//! The folder of a tuning while it is flown: the study and a journal with a record a generation.
//!
//! ```text
//! study.json        what is tuned
//! search.batches    results of every batch, in order: length, SHA-256, postcard
//! ```
//!
//! A tuning depends on what it is told alone, so these two are enough to go on after any interruption. A record that was
//! not written to its end is cut off and flown again.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::OutputError;
use super::files::{json, sync_folder, typed};
use crate::experiment::plan::study::StudyRecord;
use crate::experiment::tune::samples::Sample;

const STUDY: &str = "study.json";
const BATCHES: &str = "search.batches";

/// What a tuning was told at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Whether the search was ended before this batch was asked for.
    pub hurried: bool,
    /// For every task, a sample a replication.
    pub results: Vec<Vec<Sample>>,
}

/// The folder of a tuning.
#[derive(Debug)]
pub struct TuningFolder {
    path: PathBuf,
    journal: File,
}

impl TuningFolder {
    /// A new folder; one that is there already is refused, or, by force, replaced if it holds results.
    pub fn create(
        path: &Path,
        force: bool,
        record: &StudyRecord,
    ) -> Result<TuningFolder, OutputError> {
        let there = path.symlink_metadata().is_ok()
            && fs::read_dir(path).map_or(true, |mut entries| entries.next().is_some());
        if there {
            let own = path.join(STUDY).is_file();
            let known = own || path.join("manifest.json").is_file();
            let path = path.to_owned();
            match (force, known) {
                (false, _) if own => {
                    let why =
                        "holds a tuning already; --resume goes on with it, --force replaces it";
                    let why = why.to_owned();
                    return Err(OutputError::NotResults { path, why });
                }
                (false, _) => return Err(OutputError::Exists { path }),
                (true, false) => return Err(OutputError::NotARunFolder { path }),
                (true, true) => {
                    fs::remove_dir_all(&path).map_err(OutputError::io("replace", &path))?;
                }
            }
        }
        fs::create_dir_all(path).map_err(OutputError::io("create", path))?;
        json(path, path, STUDY, record)?;
        sync_folder(path, path)?;
        TuningFolder::open(path)
    }

    /// The folder of a tuning of this study, to go on with, and what it was told so far; another study is refused.
    pub fn resume(
        path: &Path,
        record: &StudyRecord,
    ) -> Result<(TuningFolder, Vec<Batch>), OutputError> {
        let refuse = |why: &str| OutputError::NotResults {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let text = fs::read(path.join(STUDY))
            .map_err(|_| refuse("is not the folder of a tuning: it has no study.json"))?;
        let there: StudyRecord = typed(&text).map_err(|_| refuse("study.json cannot be read"))?;
        if there.version != record.version {
            return Err(refuse("was written by another version of the program"));
        }
        if there != *record {
            return Err(refuse(
                "holds a tuning of another study, seed or budget; expected the same ones",
            ));
        }
        let mut folder = TuningFolder::open(path)?;
        let batches = folder.read()?;
        Ok((folder, batches))
    }

    fn open(path: &Path) -> Result<TuningFolder, OutputError> {
        let place = path.join(BATCHES);
        let journal = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&place)
            .map_err(OutputError::io("open", &place))?;
        if journal.try_lock().is_err() {
            return Err(OutputError::NotResults {
                path: path.to_owned(),
                why: "another command is writing here".to_owned(),
            });
        }
        Ok(TuningFolder {
            path: path.to_owned(),
            journal,
        })
    }

    /// The whole records; what comes after them is cut off.
    fn read(&mut self) -> Result<Vec<Batch>, OutputError> {
        let place = self.path.join(BATCHES);
        let mut bytes = Vec::new();
        self.journal
            .read_to_end(&mut bytes)
            .map_err(OutputError::io("read", &place))?;
        let (mut batches, mut at) = (Vec::new(), 0);
        while let Some((batch, length)) = bytes.get(at..).and_then(first_record) {
            batches.push(batch);
            at += length;
        }
        self.journal
            .set_len(at as u64)
            .and_then(|()| self.journal.seek(SeekFrom::End(0)))
            .map_err(OutputError::io("write", &place))?;
        Ok(batches)
    }

    /// Keeps a batch; when this returns, the disk has it.
    pub fn append(&mut self, batch: &Batch) -> Result<(), OutputError> {
        let place = self.path.join(BATCHES);
        let payload = postcard::to_stdvec(batch)
            .map_err(std::io::Error::other)
            .map_err(OutputError::io("write", &place))?;
        let mut record = (payload.len() as u64).to_le_bytes().to_vec();
        record.extend(Sha256::digest(&payload));
        record.extend(payload);
        self.journal
            .write_all(&record)
            .and_then(|()| self.journal.sync_data())
            .map_err(OutputError::io("write", &place))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The first record and its length, if it is whole.
fn first_record(bytes: &[u8]) -> Option<(Batch, usize)> {
    let length = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(40)?;
    let payload = bytes.get(40..end)?;
    if Sha256::digest(payload)[..] != bytes[8..40] {
        return None;
    }
    Some((postcard::from_bytes(payload).ok()?, end))
}
