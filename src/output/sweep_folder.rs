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

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::OutputError;
use super::files::{sync_folder, typed};
use super::results::UNFINISHED_RESULTS;
use crate::experiment::plan::PlanRecord;

const PLAN: &str = "plan.json";
const SHARDS: &str = "shards/shards.json";
const ROUNDS: &str = "rounds";
/// How files begin that are not whole yet.
const UNFINISHED: &str = ".unfinished-";

/// How a sweep is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Replications of every cell, of all shards together.
    pub replications: u64,
    /// Shards, numbered from 0.
    pub count: u64,
}

impl Shards {
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
}

impl SweepFolder {
    /// A new folder for a sweep; one that is there already is refused, or, by force, replaced if it holds a sweep or a
    /// run.
    pub fn create(
        path: &Path,
        force: bool,
        record: &PlanRecord,
    ) -> Result<SweepFolder, OutputError> {
        let folder = SweepFolder {
            path: path.to_owned(),
        };
        if path.symlink_metadata().is_ok() && !is_empty(path)? {
            let sweep = path.join(PLAN).is_file();
            let known = sweep || path.join("manifest.json").is_file();
            match (force, known) {
                (false, _) if sweep => return Err(OutputError::SweepExists { path: folder.path }),
                (false, _) => return Err(OutputError::Exists { path: folder.path }),
                (true, false) => return Err(OutputError::NotARunFolder { path: folder.path }),
                (true, true) => {
                    fs::remove_dir_all(path).map_err(OutputError::io("replace", path))?;
                }
            }
        }
        // The plan first: whatever happens afterwards, this is a sweep that can go on.
        fs::create_dir_all(path).map_err(OutputError::io("create", path))?;
        folder.write(PLAN, record)?;
        folder.make_rounds()?;
        Ok(folder)
    }

    fn make_rounds(&self) -> Result<(), OutputError> {
        let rounds = self.path.join(ROUNDS);
        fs::create_dir_all(&rounds).map_err(OutputError::io("create", &rounds))
    }

    /// Removes what killed commands left half written; only while nobody else writes here.
    pub fn tidy(&self) -> Result<(), OutputError> {
        let path = &self.path;
        for entry in fs::read_dir(path).map_err(OutputError::io("read", path))? {
            let entry = entry.map_err(OutputError::io("read", path))?;
            if is_left_over(&entry) {
                let place = entry.path();
                let removed = match place.is_dir() {
                    true => fs::remove_dir_all(&place),
                    false => fs::remove_file(&place),
                };
                removed.map_err(OutputError::io("remove", &place))?;
            }
        }
        Ok(())
    }

    /// The folder of a sweep of this plan, to go on with; another plan is refused, and what differs is named.
    pub fn resume(path: &Path, record: &PlanRecord) -> Result<SweepFolder, OutputError> {
        let folder = SweepFolder::of(path, record)?;
        folder.make_rounds()?;
        Ok(folder)
    }

    /// The folder of a sweep of this plan.
    fn of(path: &Path, record: &PlanRecord) -> Result<SweepFolder, OutputError> {
        let (folder, there) = SweepFolder::open(path)?;
        let differences = record.differences(&there);
        if !differences.is_empty() {
            return Err(OutputError::OtherSweep {
                path: folder.path,
                differences,
            });
        }
        if there != *record {
            // The rule when to stop may change; the results would say so.
            folder.write(PLAN, record)?;
        }
        Ok(folder)
    }

    /// A folder for shards: the first to come makes it, the others find the same plan and the same split in it.
    pub fn join(
        path: &Path,
        record: &PlanRecord,
        shards: Shards,
    ) -> Result<SweepFolder, OutputError> {
        let folder = SweepFolder {
            path: path.to_owned(),
        };
        let inside = folder.path.join("shards");
        if folder.journal().exists() && !inside.is_dir() {
            return Err(OutputError::SweepExists { path: folder.path });
        }
        let strange = path.symlink_metadata().is_ok()
            && !is_empty(path)?
            && !inside.is_dir()
            && !path.join(PLAN).is_file();
        if strange {
            return Err(OutputError::NotASweep {
                path: folder.path,
                why: format!("it has no {PLAN}"),
            });
        }
        fs::create_dir_all(&inside).map_err(OutputError::io("create", &inside))?;
        folder.write_once(PLAN, record)?;
        folder.write_once(SHARDS, &shards)?;
        let folder = SweepFolder::of(path, record)?;
        let there = folder.shards()?;
        match there {
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
                why: format!("it has no {SHARDS}"),
            }),
        }
    }

    /// The folder of a sweep, and its plan.
    pub fn open(path: &Path) -> Result<(SweepFolder, PlanRecord), OutputError> {
        let folder = SweepFolder {
            path: path.to_owned(),
        };
        match folder.read(PLAN)? {
            Some(record) => Ok((folder, record)),
            None => Err(OutputError::NotASweep {
                path: folder.path,
                why: format!("it has no {PLAN}"),
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the sweep is split, if it is.
    pub fn shards(&self) -> Result<Option<Shards>, OutputError> {
        self.read(SHARDS)
    }

    /// The journal of the whole sweep.
    pub fn journal(&self) -> PathBuf {
        self.path.join(ROUNDS).join("whole.rounds")
    }

    /// The journal of a shard.
    pub fn shard_journal(&self, shard: u64, count: u64) -> PathBuf {
        self.path
            .join("shards")
            .join(format!("{shard}-of-{count}.rounds"))
    }

    /// Writes a small file beside its place and renames it into it.
    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), OutputError> {
        let place = self.path.join(name);
        self.beside(name, value)?
            .persist(&place)
            .map_err(|error| OutputError::io("write", &place)(error.error))?;
        sync_folder(&self.path, &place)
    }

    /// The same, unless another was faster.
    fn write_once(&self, name: &str, value: &impl Serialize) -> Result<(), OutputError> {
        let place = self.path.join(name);
        match self.beside(name, value)?.persist_noclobber(&place) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
                Err(OutputError::io("write", &place)(error.error))
            }
            _ => Ok(()),
        }
    }

    fn beside(
        &self,
        name: &str,
        value: &impl Serialize,
    ) -> Result<tempfile::NamedTempFile, OutputError> {
        let place = self.path.join(name);
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder
            .tempfile_in(&self.path)
            .map_err(OutputError::io("write in", &self.path))?;
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(io::Error::from)
            .map_err(OutputError::io("write", &place))?;
        text.push(b'\n');
        file.write_all(&text)
            .and_then(|()| file.as_file().sync_all())
            .map_err(OutputError::io("write", &place))?;
        Ok(file)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, OutputError> {
        let place = self.path.join(name);
        let text = match fs::read(&place) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(OutputError::io("read", &place)(error)),
        };
        typed(&text)
            .map(Some)
            .map_err(|error| OutputError::NotASweep {
                path: self.path.clone(),
                why: format!("{name} cannot be read: {error}"),
            })
    }
}

fn is_empty(path: &Path) -> Result<bool, OutputError> {
    if !path.is_dir() {
        return Ok(false);
    }
    let mut entries = fs::read_dir(path).map_err(OutputError::io("read", path))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| is_left_over(&entry))))
}

fn is_left_over(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name.starts_with(UNFINISHED) || name.starts_with(UNFINISHED_RESULTS)
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
