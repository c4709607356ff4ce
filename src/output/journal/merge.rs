//! The journals of all shards, put together.

use std::fs;
use std::path::Path;

use super::codec::JournalHeader;
use super::error::{JournalError, same_sweep};
use super::reader::{JournalReader, JournalState};
use super::writer::{Journal, locked};
use crate::output::OutputError;
use crate::output::beside::{Beside, parent_of};
use crate::output::files::sync_folder;

/// Puts journals of one sweep together, in whatever order they are given.
///
/// Each must have ended cleanly, and together they must hold every round from the first to the last once. The result
/// has the bytes of a journal written in one go; it is written beside its place and renamed into it when whole.
/// Whether it goes as far as the plan does is for the caller to say.
pub fn merge(inputs: &[impl AsRef<Path>], output: &Path) -> Result<JournalState, OutputError> {
    let mut readers = Vec::new();
    for path in inputs {
        let path = path.as_ref();
        let reader = JournalReader::open(path)?;
        locked(path, reader.file().try_lock_shared())?;
        readers.push((path, reader));
    }
    readers.sort_by_key(|(_, reader)| reader.header().first);
    let Some((one, reader)) = readers.first() else {
        return Err(JournalError::NothingToMerge.into());
    };
    let header: JournalHeader = reader.header().clone();
    for (path, reader) in &readers[1..] {
        same_sweep(path, reader.header(), &header, Some(one))?;
    }
    if output.symlink_metadata().is_ok() {
        return Err(JournalError::Target {
            path: output.to_owned(),
        }
        .into());
    }
    let beside = Beside::of(output)?;
    let unfinished = beside.path("rounds");
    let mut journal = Journal::create(&unfinished, &header)?;

    let mut before = *one;
    for (path, mut reader) in readers {
        loop {
            let (due, found) = (journal.next_round(), reader.next_round());
            let Some(record) = reader.record()? else {
                break;
            };
            if found < due {
                return Err(JournalError::Overlap {
                    one: before.to_owned(),
                    other: path.to_owned(),
                    round: found,
                }
                .into());
            }
            if found > due {
                return Err(JournalError::Gap {
                    before: before.to_owned(),
                    after: path.to_owned(),
                    first: due,
                    last: found - 1,
                }
                .into());
            }
            journal.append_record(record)?;
            before = path;
        }
        if reader.torn_bytes() > 0 {
            return Err(JournalError::Torn {
                path: path.to_owned(),
                round: reader.next_round(),
            }
            .into());
        }
    }
    journal.sync()?;
    let rounds = journal.next_round() - header.first;
    drop(journal);
    fs::rename(&unfinished, output).map_err(OutputError::io("create", output))?;
    sync_folder(parent_of(output), output)?;
    Ok(JournalState {
        header,
        rounds,
        torn_bytes: 0,
    })
}
