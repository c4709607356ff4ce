//! The folder of a sweep, while it is run and afterwards.
//!
//! ```text
//! plan.json             what is run
//! blocks/whole.blocks   journal of the blocks, of a sweep on one machine or merged
//! blocks/whole.sums     the same of a sweep that keeps sums alone
//! shards/shards.json    how the sweep is split, see [`super::Shards`]
//! shards/cells.json     what merging needs to know of each cell, of a sweep of more than a thousand
//! shards/I-of-N.blocks  journal of shard I
//! shards/I-of-N.sums    what shard I came to, and who ran it
//! shards/I-of-N.parquet its rows, where they are kept as Parquet
//! *.csv, manifest.json  results, see `write_results`
//! run.json              who, where, when
//! ```
//!
//! `plan.json` and the journals are enough to go on after any interruption; the results are made of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::beside::{Lock, lock_folder, move_unless_there};
use super::claim::{CELLS, Claim, Described, Making, PLAN, SHARDS, There, enter, exists, look};
use super::error::OutputError;
use super::manifest::{
    MANIFEST, Made, Progress, Stored, Trust, describe, read_description, write_description,
};
use super::prepared::PreparedCells;
use super::shards::{Shards, Wave};
use crate::experiment::plan::{Plan, PlanRecord, Prepared};
use crate::experiment::rows::KeptRows;

const BLOCKS: &str = "blocks";
const PARTS: &str = "shards";

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
    ///
    /// # Errors
    /// A folder that is there already; what the system refuses.
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
        make(&making.fresh.join(BLOCKS))?;
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
    ///
    /// # Errors
    /// No sweep, or another one; a folder in which somebody else is at work.
    pub fn resume(path: &Path, record: &PlanRecord) -> Result<SweepFolder, OutputError> {
        let folder = SweepFolder::of(path, record)?;
        make(&path.join(BLOCKS))?;
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

    /// Refuses rows other than those that the folder keeps.
    ///
    /// # Errors
    /// Other rows, with both sides named.
    pub fn keeps(&self, there: &KeptRows, asked: &KeptRows) -> Result<(), OutputError> {
        if there == asked {
            return Ok(());
        }
        Err(OutputError::OtherSweep {
            path: self.path.clone(),
            differences: vec![unlike_rows(there, asked)],
        })
    }

    /// Keeps when to stop, which may have changed since the sweep was begun; the results would say so. Called once the
    /// journal is locked and nothing is refused any more.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn keep_rule(&self, record: &PlanRecord) -> Result<(), OutputError> {
        let (_, there) = SweepFolder::open(&self.path, Trust::Verified)?;
        if there == *record {
            return Ok(());
        }
        write_description(&self.path.join(PLAN), true, &planned(record))
    }

    /// A folder for shards: the first to come makes it, the others find the same plan and the same split in it. Where `more` is
    /// asked for and the split ends before `replications`, it is made longer by a wave of `count` shards.
    ///
    /// # Errors
    /// Another sweep, another split, a folder of something else; what the system refuses.
    pub fn join(
        path: &Path,
        record: &PlanRecord,
        asked: Asked,
        prepared: Option<&Plan>,
    ) -> Result<(SweepFolder, Wave), OutputError> {
        let inside = path.join(PARTS);
        let owned = || path.to_owned();
        let cells = record.cells.len();
        let paired = record.pairs().next().is_some();
        let wave = |first| Wave::new(first, asked.replications, asked.count, cells, paired);
        // Where there is a plan that is split others are at work, and what else is there is not in the way of a shard.
        let there = match SweepFolder::is_split(path) {
            true => Ok(There::Ours(Made::Sweep)),
            false => look(path),
        };
        match there {
            // Beginning together, each makes the whole, and the first to be ready has made it.
            Ok(There::Nothing | There::Empty) => {
                let making = Making::of(path)?;
                describe(&making.fresh, path, PLAN, &planned(record))?;
                make(&making.fresh.join(PARTS))?;
                let split = making.fresh.join(PARTS);
                let shards = Shards {
                    rows: asked.rows.clone(),
                    waves: vec![wave(0)],
                };
                describe(&split, &inside, SHARDS, &Split::of(&shards))?;
                if let Some(cells) = prepared.and_then(PreparedCells::of) {
                    describe(&split, &inside, CELLS, &cells.described())?;
                }
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
        let Some(mut shards) = folder.shards(cells)? else {
            return Err(OutputError::NotASweep {
                path: folder.path,
                why: format!("it has no {PARTS}/{SHARDS}"),
            });
        };
        let mut differences = Vec::new();
        if shards.rows != asked.rows {
            differences.push(unlike_rows(&shards.rows, &asked.rows));
        }
        let there = shards.replications();
        let last = (shards.waves.iter())
            .find(|wave| wave.replications == asked.replications && wave.count == asked.count);
        let joined = match last {
            Some(wave) => *wave,
            None if asked.more && asked.replications > there => wave(there),
            None => {
                let last = shards.waves[shards.waves.len() - 1];
                differences.push(format!(
                    "it is split into {} shards of {} replications in all, here into {} of {}{}",
                    last.count,
                    last.replications,
                    asked.count,
                    asked.replications,
                    match asked.replications > there {
                        true => "; --resume makes it longer",
                        false => "",
                    }
                ));
                last
            }
        };
        if !differences.is_empty() {
            return Err(OutputError::OtherSweep {
                path: folder.path,
                differences,
            });
        }
        if last.is_none() {
            shards.waves.push(joined);
            // Whoever comes at the same time writes the same.
            write_description(&inside.join(SHARDS), true, &Split::of(&shards))?;
        }
        Ok((folder, joined))
    }

    /// Whether somebody has begun a sweep here that is split.
    pub fn is_split(path: &Path) -> bool {
        path.join(PLAN).is_file() && path.join(PARTS).join(SHARDS).is_file()
    }

    /// The folder of a sweep, and its plan, to read.
    ///
    /// # Errors
    /// No sweep, or a broken one.
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
    ///
    /// # Errors
    /// No sweep, a broken one, or somebody at work in it.
    pub fn alone(path: &Path) -> Result<(SweepFolder, PlanRecord), OutputError> {
        let (_, record) = SweepFolder::open(path, Trust::Verified)?;
        // Shared first: it clears up.
        drop(enter(path)?);
        let lock = lock_folder(path, Lock::Alone)?;
        Ok((SweepFolder::at(path, lock), record))
    }

    /// How far its results say that it came; none before there are any.
    ///
    /// # Errors
    /// Results that are broken.
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

    /// How the sweep of so many cells is split, if it is.
    ///
    /// # Errors
    /// A split that is broken, or not of so many cells.
    pub fn shards(&self, cells: usize) -> Result<Option<Shards>, OutputError> {
        let inside = self.path.join(PARTS);
        let shards: Option<Shards> = read_description(&inside, SHARDS, Trust::Verified)?;
        if let Some(shards) = &shards {
            shards.sound(cells).map_err(|why| OutputError::NotResults {
                path: inside.join(SHARDS),
                why,
            })?;
        }
        Ok(shards)
    }

    /// What is known of all cells of the plan, where it was written down.
    ///
    /// # Errors
    /// A file that is broken.
    pub fn prepared(&self, record: &PlanRecord) -> Result<Option<Vec<Prepared>>, OutputError> {
        let inside = self.path.join(PARTS);
        let there: Option<PreparedCells> = read_description(&inside, CELLS, Trust::Verified)?;
        Ok(there.and_then(|there| there.of_plan(record.identity(), record.cells.len())))
    }

    /// The journal of the whole sweep.
    pub fn journal(&self) -> PathBuf {
        self.path.join(BLOCKS).join("whole.blocks")
    }

    /// The sums of the whole sweep, where nothing else is kept.
    pub fn sums(&self) -> PathBuf {
        self.path.join(BLOCKS).join("whole.sums")
    }

    /// The journal of a shard.
    pub fn shard_journal(&self, wave: &Wave, shard: u64) -> PathBuf {
        let name = wave.name(shard);
        self.path.join(PARTS).join(format!("{name}.blocks"))
    }

    /// The rows of a shard, where they are kept as Parquet.
    pub fn shard_rows(&self, wave: &Wave, shard: u64) -> PathBuf {
        let name = wave.name(shard);
        self.path.join(PARTS).join(format!("{name}.parquet"))
    }

    /// The sums of a shard.
    pub fn shard_sums(&self, wave: &Wave, shard: u64) -> PathBuf {
        let name = wave.name(shard);
        self.path.join(PARTS).join(format!("{name}.sums"))
    }
}

/// The wave that a shard is one of, as the command line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Replications of every cell, of all waves so far.
    pub replications: u64,
    /// Shards.
    pub count: u64,
    /// Which rows are kept.
    pub rows: KeptRows,
    /// Whether a sweep that ends before is made longer.
    pub more: bool,
}

fn unlike_rows(there: &KeptRows, asked: &KeptRows) -> String {
    format!("it keeps {there}, here {asked} are asked for")
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
