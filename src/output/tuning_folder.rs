//! The folder of a tuning while it is run: the study and a journal with a record a generation.
//!
//! ```text
//! study.json        what is tuned
//! search.batches    results of every batch, in order, in the form of all journals
//! ```
//!
//! A tuning depends on what it is told alone, so these two are enough to go on after any interruption. A record that was
//! not written to its end is cut off and run again; one that is damaged is refused.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Described, Making, STUDY, WORKERS, enter};
use super::error::OutputError;
use super::journal::{Batches, JournalError};
use super::manifest::{Made, Trust, describe, read_description};
use crate::experiment::plan::study::StudyRecord;
use crate::experiment::tune::samples::Sample;

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
    journal: Batches,
    /// While somebody works in it.
    _lock: Option<File>,
}

/// A tuning that was there already.
#[derive(Debug)]
pub struct ResumedTuning {
    /// Ready for the next batch.
    pub folder: TuningFolder,
    /// What it was told so far.
    pub told: Vec<Batch>,
    /// Bytes of a batch that had not been written to its end, now cut off.
    pub torn_bytes: u64,
}

impl TuningFolder {
    /// A new folder; one that is there already is refused, or, by force, replaced if it is of this program. What it
    /// replaces is kept inside until the new tuning is done.
    ///
    /// # Errors
    /// A folder that is there already; what the system refuses.
    pub fn create(
        path: &Path,
        force: bool,
        record: &StudyRecord,
    ) -> Result<TuningFolder, OutputError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            match read_description::<StudyRecord>(&path, STUDY, Trust::Unverified) {
                Ok(Some(_)) => OutputError::NotResults {
                    path,
                    why: "holds a tuning already; --resume goes on with it, --force replaces it"
                        .to_owned(),
                },
                _ => OutputError::Exists { path },
            }
        };
        let claim = Claim::of(path, force, refused)?;
        let making = Making::of(path)?;
        let described = Described::new(Made::Tune, record);
        describe(&making.fresh, path, STUDY, &described)?;
        let lock = making.put_begun(&claim)?;
        let (journal, _) = Batches::open(&path.join(BATCHES), record.identity())?;
        Ok(TuningFolder {
            path: path.to_owned(),
            journal,
            _lock: lock,
        })
    }

    /// What is tuned in a folder; none where nothing is.
    ///
    /// # Errors
    /// A study that is broken.
    pub fn study(path: &Path, trust: Trust) -> Result<Option<StudyRecord>, OutputError> {
        read_description(path, STUDY, trust)
    }

    /// The folder of a tuning of this study, to go on with, and what it was told so far; another study is refused.
    ///
    /// # Errors
    /// No tuning, or another one; a folder in which somebody else is at work.
    pub fn resume(path: &Path, record: &StudyRecord) -> Result<ResumedTuning, OutputError> {
        same_study(path, record)?;
        if path.join(WORKERS).is_dir() {
            return Err(OutputError::NotResults {
                path: path.to_owned(),
                why: "is tuned by workers; --worker in place of --resume goes on with it"
                    .to_owned(),
            });
        }
        let lock = enter(path)?;
        let place = path.join(BATCHES);
        let (journal, found) = match Batches::open(&place, record.identity()) {
            Err(OutputError::Journal(JournalError::Damaged { block, at, .. })) => {
                return Err(OutputError::NotResults {
                    path: place,
                    why: format!(
                        "record {block} is damaged, yet good ones follow it: restore the file, or cut it to {at} bytes to run again from there"
                    ),
                });
            }
            opened => opened?,
        };
        let batch = |bytes: &Vec<u8>| {
            postcard::from_bytes(bytes).map_err(|_| OutputError::NotResults {
                path: place.clone(),
                why: "holds a batch that does not fit: was it written by another version of deconflict?".to_owned(),
            })
        };
        let told = found.batches.iter().map(batch).collect::<Result<_, _>>()?;
        Ok(ResumedTuning {
            folder: TuningFolder {
                path: path.to_owned(),
                journal,
                _lock: lock,
            },
            told,
            torn_bytes: found.torn_bytes,
        })
    }

    /// Keeps a batch; when this returns, the disk has it.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn append(&mut self, batch: &Batch) -> Result<(), OutputError> {
        let place = self.path.join(BATCHES);
        let payload = postcard::to_stdvec(batch)
            .map_err(std::io::Error::other)
            .map_err(OutputError::io("write", &place))?;
        self.journal.append(&payload)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Refuses a folder in which another study is tuned, or none.
pub(super) fn same_study(path: &Path, record: &StudyRecord) -> Result<(), OutputError> {
    let refuse = |why: String| OutputError::NotResults {
        path: path.to_owned(),
        why,
    };
    let there = TuningFolder::study(path, Trust::Verified)?
        .ok_or_else(|| refuse("is not the folder of a tuning: it has no study.json".to_owned()))?;
    if there.version != record.version {
        return Err(refuse(
            "was written by another version of the program".to_owned(),
        ));
    }
    if there != *record {
        return Err(refuse(format!(
            "holds a tuning of another study: {}",
            record.differences(&there).join("; ")
        )));
    }
    Ok(())
}
