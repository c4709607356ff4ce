//! What can go wrong with files; every message names the path.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::JournalError;
use crate::safe;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It is there already.
    #[error("{} exists already; --force replaces it", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// It is there, and not of this program: not replaced even by force.
    #[error("{} is not a run folder or another folder of results ({why}): not replaced even with --force", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The figures of a report would take its place.
    #[error("{} holds results, and the figures of this page would take its place; expected another name of the page", path.display())]
    Results {
        /// The path.
        path: PathBuf,
    },
    /// It is of this program, and holds more: not replaced even by force.
    #[error("{} holds what deconflict did not write: {}; nothing was touched", path.display(), several(names))]
    Strange {
        /// The path.
        path: PathBuf,
        /// What is strange, below the path.
        names: Vec<String>,
    },
    /// Another command is at work in it.
    #[error("another deconflict is writing {}", path.display())]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// Results are not what their checksums say.
    #[error("{}: changed since deconflict wrote it: {}; commands that read results take it with --unverified", path.display(), several(names))]
    Changed {
        /// The path.
        path: PathBuf,
        /// What changed, below the path.
        names: Vec<String>,
    },
    /// The extension of a file says no known format, or another one.
    #[error("{}: {expected}", path.display())]
    Extension {
        /// The path.
        path: PathBuf,
        /// What such files end in.
        expected: &'static str,
    },
    /// It is there already, and a sweep that can go on.
    #[error("{} holds a sweep already; --resume goes on with it, --force replaces it", path.display())]
    SweepExists {
        /// The path.
        path: PathBuf,
    },
    /// It holds no sweep.
    #[error("{} is not the folder of a sweep: {why}", path.display())]
    NotASweep {
        /// The path.
        path: PathBuf,
        /// What is missing or broken.
        why: String,
    },
    /// It holds another sweep.
    #[error("{} holds another sweep: {}", path.display(), differences.join("; "))]
    OtherSweep {
        /// The path.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// This build writes no Parquet.
    #[error(
        "--rows parquet: this program was built without Parquet; `cargo build --release --features parquet` builds it with it"
    )]
    NoParquet,
    /// It holds no results, or broken ones.
    #[error("{}: {why}", path.display())]
    NotResults {
        /// The path.
        path: PathBuf,
        /// What is missing or broken.
        why: String,
    },
    /// A journal is not what it should be.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Most names in a message.
const NAMED: usize = 20;

fn several(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMED)
        .map(|name| safe::line(name))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}

impl OutputError {
    /// Whether the command line asked for something it may not have, as against a fault of the machine.
    pub fn is_bad_input(&self) -> bool {
        match self {
            OutputError::Io { .. } => false,
            OutputError::Journal(error) => error.is_bad_input(),
            _ => true,
        }
    }

    /// For `map_err`: an I/O error with action and path.
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> OutputError + 'a {
        move |source| OutputError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
