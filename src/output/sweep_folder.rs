//! The folder of a sweep, while it is flown and afterwards.
//!
//! ```text
//! plan.json             what is flown
//! rounds/whole.rounds   journal of the rounds, of a sweep on one machine or merged
//! shards/shards.json    how many shards, of how many replications
//! shards/I-of-N.rounds  journal of shard I
//! *.csv, manifest.json  results, see `write_results`
//! run.json              who, where, when
//! ```
//!
//! `plan.json` and the journals are enough to go on after any interruption; the results are made of them.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::beside::{Lock, lock_folder, move_unless_there};
use super::claim::{Claim, Described, Making, PLAN, SHARDS, There, enter, exists, look};
use super::error::OutputError;
use super::manifest::{
    MANIFEST, Made, Progress, Stored, Trust, describe, read_description, write_description,
};
use crate::experiment::plan::PlanRecord;

const ROUNDS: &str = "rounds";
const PARTS: &str = "shards";

/// Most shards, and most replications of all together.
pub const MOST_SHARDS: u64 = 1_000_000;
const MOST_REPLICATIONS: u64 = 1_000_000_000;

/// How a sweep is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Replications of every cell, of all shards together.
    pub replications: u64,
    /// Shards, numbered from 0.
    pub count: u64,
}

impl Shards {
    /// Whether somebody may have typed this.
    fn sound(&self) -> Result<(), String> {
        for (what, number, most) in [
            ("count", self.count, MOST_SHARDS),
            ("replications", self.replications, MOST_REPLICATIONS),
        ] {
            if !(1..=most).contains(&number) {
                return Err(format!("{what} is {number}; expected 1 to {most}"));
            }
        }
        Ok(())
    }

    /// The replications of a shard: as equal as can be, in order.
    pub fn range(&self, shard: u64) -> Range<u64> {
        let start = |shard: u64| {
            (u128::from(self.replications) * u128::from(shard) / u128::from(self.count)) as u64
        };
        start(shard)..start(shard + 1)
    }
}

/// The folder of a sweep.
#[derive(Debug, Clone)]
pub struct SweepFolder {
    path: PathBuf,
    /// While somebody works in it.
    _lock: Option<Arc<File>>,
}

impl SweepFolder {
    /// A new folder for a sweep; one that is there already is refused, or, by force, replaced if it is of this program.
    /// What it replaces is kept inside until the new sweep is done.
    pub fn create(
        path: &Path,
        force: bool,
        record: &PlanRecord,
    ) -> Result<SweepFolder, OutputError> {
        let refused = |path: &Path| {
            let path = path.to_owned();
            match read_description::<PlanRecord>(&path, PLAN, Trust::Unverified) {
                Ok(Some(_)) => OutputError::SweepExists { path },
                _ => OutputError::Exists { path },
            }
        };
        let claim = Claim::of(path, force, refused)?;
        // The plan first: whatever happens afterwards, this is a sweep that can go on.
        let making = Making::of(path)?;
        describe(&making.fresh, path, PLAN, &planned(record))?;
        make(&making.fresh.join(ROUNDS))?;
        let lock = making.put_begun(&claim)?;
        Ok(SweepFolder::at(path, lock))
    }

    fn at(path: &Path, lock: Option<File>) -> SweepFolder {
        SweepFolder {
            path: path.to_owned(),
            _lock: lock.map(Arc::new),
        }
    }

    /// The folder of a sweep of this plan, to go on with; another plan is refused, and what differs is named.
    pub fn resume(path: &Path, record: &PlanRecord) -> Result<SweepFolder, OutputError> {
        let folder = SweepFolder::of(path, record)?;
        make(&path.join(ROUNDS))?;
        Ok(folder)
    }

    /// The folder of a sweep of this plan, to work in.
    fn of(path: &Path, record: &PlanRecord) -> Result<SweepFolder, OutputError> {
        let (_, there) = SweepFolder::open(path, Trust::Verified)?;
        let differences = record.differences(&there);
        if !differences.is_empty() {
            return Err(OutputError::OtherSweep {
                path: path.to_owned(),
                differences,
            });
        }
        Ok(SweepFolder::at(path, enter(path)?))
    }

    /// Keeps when to stop, which may have changed since the sweep was begun; the results would say so. Called once the
    /// journal is locked and nothing is refused any more.
    pub fn keep_rule(&self, record: &PlanRecord) -> Result<(), OutputError> {
        let (_, there) = SweepFolder::open(&self.path, Trust::Verified)?;
        if there == *record {
            return Ok(());
        }
        write_description(&self.path.join(PLAN), true, &planned(record))
    }

    /// A folder for shards: the first to come makes it, the others find the same plan and the same split in it.
    pub fn join(
        path: &Path,
        record: &PlanRecord,
        shards: Shards,
    ) -> Result<SweepFolder, OutputError> {
        let inside = path.join(PARTS);
        let owned = || path.to_owned();
        match look(path) {
            // Beginning together, each makes the whole, and the first to be ready has made it.
            Ok(There::Nothing | There::Empty) => {
                let making = Making::of(path)?;
                describe(&making.fresh, path, PLAN, &planned(record))?;
                make(&making.fresh.join(PARTS))?;
                let split = making.fresh.join(PARTS);
                describe(&split, &inside, SHARDS, &Split::of(&shards))?;
                if path.symlink_metadata().is_ok() {
                    if let Ok(claim) = Claim::of(path, false, exists) {
                        making.put(&claim)?;
                    }
                } else if let Err(error) = move_unless_there(&making.fresh, &making.target)
                    && error.kind() != io::ErrorKind::AlreadyExists
                {
                    return Err(OutputError::io("create", path)(error));
                }
            }
            Ok(There::Ours(_)) => {}
            Err(OutputError::NotOurs { why, .. }) => {
                return Err(OutputError::NotASweep { path: owned(), why });
            }
            Err(error @ OutputError::Strange { .. }) if !path.join(PLAN).is_file() => {
                return Err(error);
            }
            // Others are at work here, and what is strange is not in the way of a shard.
            Err(OutputError::Strange { .. } | OutputError::Busy { .. }) => {}
            Err(error) => return Err(error),
        }
        if inside.symlink_metadata().is_ok() {
            fs::create_dir_all(&inside).map_err(OutputError::io("create", &inside))?;
        } else {
            return Err(OutputError::SweepExists { path: owned() });
        }
        let folder = SweepFolder::of(path, record)?;
        match folder.shards()? {
            Some(there) if there == shards => Ok(folder),
            Some(there) => Err(OutputError::OtherSweep {
                path: folder.path,
                differences: vec![format!(
                    "it is split into {} shards of {} replications in all, here into {} of {}",
                    there.count, there.replications, shards.count, shards.replications
                )],
            }),
            None => Err(OutputError::NotASweep {
                path: folder.path,
                why: format!("it has no {PARTS}/{SHARDS}"),
            }),
        }
    }

    /// The folder of a sweep, and its plan, to read.
    pub fn open(path: &Path, trust: Trust) -> Result<(SweepFolder, PlanRecord), OutputError> {
        let not_a_sweep = |why: String| OutputError::NotASweep {
            path: path.to_owned(),
            why,
        };
        match read_description::<PlanRecord>(path, PLAN, trust) {
            Ok(Some(record)) => Ok((SweepFolder::at(path, None), record)),
            Ok(None) => Err(not_a_sweep(format!("it has no {PLAN}"))),
            Err(OutputError::NotResults { why, .. }) => Err(OutputError::NotResults {
                path: path.to_owned(),
                why,
            }),
            Err(error) => Err(error),
        }
    }

    /// The same, to write results into, and nobody else at work.
    pub fn alone(path: &Path) -> Result<(SweepFolder, PlanRecord), OutputError> {
        let (_, record) = SweepFolder::open(path, Trust::Verified)?;
        // Shared first: it clears up.
        drop(enter(path)?);
        let lock = lock_folder(path, Lock::Alone)?;
        Ok((SweepFolder::at(path, lock), record))
    }

    /// How far its results say that it came; none before there are any.
    pub fn progress(&self) -> Result<Option<Progress>, OutputError> {
        if !self.path.join(MANIFEST).exists() {
            return Ok(None);
        }
        let stored = Stored::open(&self.path, Trust::Verified)?;
        Ok(Some(stored.manifest.progress))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the sweep is split, if it is.
    pub fn shards(&self) -> Result<Option<Shards>, OutputError> {
        let inside = self.path.join(PARTS);
        let shards: Option<Shards> = read_description(&inside, SHARDS, Trust::Verified)?;
        if let Some(shards) = &shards {
            shards.sound().map_err(|why| OutputError::NotResults {
                path: inside.join(SHARDS),
                why,
            })?;
        }
        Ok(shards)
    }

    /// The journal of the whole sweep.
    pub fn journal(&self) -> PathBuf {
        self.path.join(ROUNDS).join("whole.rounds")
    }

    /// The journal of a shard.
    pub fn shard_journal(&self, shard: u64, count: u64) -> PathBuf {
        self.path
            .join(PARTS)
            .join(format!("{shard}-of-{count}.rounds"))
    }
}

fn make(path: &Path) -> Result<(), OutputError> {
    fs::create_dir_all(path).map_err(OutputError::io("create", path))
}

fn planned(record: &PlanRecord) -> Described<&PlanRecord> {
    Described::new(Made::Sweep, record)
}

/// What shards.json says.
#[derive(Serialize)]
struct Split<'a> {
    program: &'a str,
    version: &'a str,
    #[serde(flatten)]
    shards: &'a Shards,
}

impl<'a> Split<'a> {
    fn of(shards: &'a Shards) -> Described<Split<'a>> {
        let split = Split {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            shards,
        };
        Described::new(Made::Sweep, split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_every_replication_once() {
        for (replications, count) in [(10, 3), (7, 7), (3, 5), (1_000_000_000, 7)] {
            let shards = Shards {
                replications,
                count,
            };
            let mut next = 0;
            for shard in 0..count {
                let range = shards.range(shard);
                assert_eq!(range.start, next);
                next = range.end;
            }
            assert_eq!(next, replications);
        }
    }
}
