//! What can be wrong with a journal.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::codec::{FORMAT, JournalHeader};
use crate::output::files::hex;

/// Why a journal is not written, read or merged.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It is there already.
    #[error("{} exists already; --resume continues it", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("another deconflict is writing {}", path.display())]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// It begins like no journal.
    #[error("{} is not a journal of blocks", path.display())]
    NotAJournal {
        /// The path.
        path: PathBuf,
    },
    /// It is of another version of this program.
    #[error("{} is a journal of format {found}; this program reads format {FORMAT}", path.display())]
    Format {
        /// The path.
        path: PathBuf,
        /// The format it says.
        found: u16,
    },
    /// It was interrupted while its header was written: there is nothing in it.
    #[error("{} ends within its header, before the first block; --resume starts it over", path.display())]
    Unstarted {
        /// The path.
        path: PathBuf,
    },
    /// The header does not match its check.
    #[error("the header of {} is damaged; restore the file, or delete it to run its blocks again", path.display())]
    Header {
        /// The path.
        path: PathBuf,
    },
    /// It is the journal of something else.
    #[error("{} belongs to another sweep: {what} is {found} there, {expected} {}", path.display(), place(other))]
    Differs {
        /// The path.
        path: PathBuf,
        /// The other journal, if it is not the command line that disagrees.
        other: Option<PathBuf>,
        /// What differs.
        what: &'static str,
        /// What the journal says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// A record is bad although good ones follow: no interruption leaves that.
    #[error(
        "block {block} in {} is damaged, yet good blocks follow it: restore the file, or cut it to {at} bytes to run again from block {block}",
        path.display()
    )]
    Damaged {
        /// The path.
        path: PathBuf,
        /// The block that is due.
        block: u64,
        /// Where it should begin.
        at: u64,
    },
    /// A record is intact and yet no block of this plan.
    #[error("block {block} in {} does not fit its header: was it written by another version of deconflict?", path.display())]
    Misfit {
        /// The path.
        path: PathBuf,
        /// The block.
        block: u64,
    },
    /// A block has more bytes than a record may have.
    #[error("block {block} takes {bytes} bytes, too many for {}", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
        /// The block.
        block: u64,
        /// How many.
        bytes: usize,
    },
    /// No journals were given.
    #[error("there are no journals to merge")]
    NothingToMerge,
    /// A shard did not end cleanly.
    #[error("{} ends within block {block}; --resume that shard first", path.display())]
    Torn {
        /// The path.
        path: PathBuf,
        /// The block of which there is a part.
        block: u64,
    },
    /// Blocks are missing between two journals.
    #[error(
        "{} between {} and {}", blocks(*first, *last), before.display(), after.display()
    )]
    Gap {
        /// The journal that ends too early.
        before: PathBuf,
        /// The journal that begins too late.
        after: PathBuf,
        /// First missing block.
        first: u64,
        /// Last missing block.
        last: u64,
    },
    /// A block is in two journals.
    #[error("block {block} is in both {} and {}", one.display(), other.display())]
    Overlap {
        /// One of them.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        /// The first such block.
        block: u64,
    },
}

fn blocks(first: u64, last: u64) -> String {
    if first == last {
        format!("block {first} is missing")
    } else {
        format!("blocks {first} to {last} are missing")
    }
}

fn place(other: &Option<PathBuf>) -> String {
    other
        .as_ref()
        .map_or("now".to_owned(), |path| format!("in {}", path.display()))
}

impl JournalError {
    /// Whether the command line asked for something it may not have, as against a fault of machine or program.
    pub fn is_bad_input(&self) -> bool {
        use JournalError as E;
        match self {
            E::Exists { .. }
            | E::Busy { .. }
            | E::NotAJournal { .. }
            | E::Format { .. }
            | E::Unstarted { .. }
            | E::Differs { .. }
            | E::Misfit { .. }
            | E::NothingToMerge
            | E::Torn { .. }
            | E::Gap { .. }
            | E::Overlap { .. } => true,
            E::Header { .. } | E::Damaged { .. } | E::TooLong { .. } => false,
        }
    }
}

/// Checks that a journal is of the plan and cells of `expected`; `other` is where that stands.
pub(super) fn same_sweep(
    path: &Path,
    found: &JournalHeader,
    expected: &JournalHeader,
    other: Option<&Path>,
) -> Result<(), JournalError> {
    let differs = |what, found: &dyn Display, expected: &dyn Display| {
        Err(JournalError::Differs {
            path: path.to_owned(),
            other: other.map(ToOwned::to_owned),
            what,
            found: found.to_string(),
            expected: expected.to_string(),
        })
    };
    // The most telling first: another number of cells is another plan, too.
    let cells = [found, expected].map(|header| header.cells.len());
    if cells[0] != cells[1] {
        return differs("the number of cells", &cells[0], &cells[1]);
    }
    for (a, b) in found.cells.iter().zip(&expected.cells) {
        if a.columns != b.columns {
            return differs("the number of columns of a cell", &a.columns, &b.columns);
        }
        if a.confusion != b.confusion {
            return differs(
                "the size of a cell's confusion matrices",
                &a.confusion,
                &b.confusion,
            );
        }
    }
    let plans = [found, expected].map(|header| hex(&header.plan_sha256[..8]));
    if found.plan_sha256 != expected.plan_sha256 {
        return differs("the plan", &plans[0], &plans[1]);
    }
    Ok(())
}
