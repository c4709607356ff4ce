//! The journals of all shards, put together.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::codec::{JournalHeader, outcomes};
use super::error::{JournalError, same_sweep};
use super::reader::{JournalReader, JournalState};
use super::writer::{Encoded, Journal, locked};
use crate::output::OutputError;
use crate::output::beside::{Beside, parent_of};
use crate::output::files::sync_folder;
use crate::output::locks::Lock;
use crate::statistics::fold::BATCH;

/// Puts journals of one sweep together, in whatever order they are given; each has all cells.
///
/// Each must have ended cleanly, and together they must hold every block from the first to the last once. The result
/// has the bytes of a journal written in one go; it is written beside its place and renamed into it when whole, over an earlier
/// one. One journal is open at a time, so there may be more of them than a process may open files.
/// Whether it goes as far as the plan does is for the caller to say.
///
/// # Errors
/// Journals that are damaged, torn, of different sweeps, or do not follow one another.
pub fn merge(inputs: &[impl AsRef<Path>], output: &Path) -> Result<JournalState, OutputError> {
    let mut found = Vec::new();
    for path in inputs {
        let path = path.as_ref();
        let reader = JournalReader::open(path)?;
        locked(path, reader.file(), Lock::Shared)?;
        found.push((path, reader.header().clone()));
    }
    found.sort_by_key(|(_, header)| header.first);
    let Some((one, header)) = found.first().cloned() else {
        return Err(JournalError::NothingToMerge.into());
    };
    for (path, other) in &found[1..] {
        same_sweep(path, other, &header, Some(one))?;
    }
    into_place(&header, output, |journal| {
        let mut before = one;
        for (path, _) in &found {
            let mut reader = JournalReader::open(path)?;
            locked(path, reader.file(), Lock::Shared)?;
            loop {
                let (due, block) = (journal.next_block(), reader.next_block());
                let Some(record) = reader.record()? else {
                    break;
                };
                if block < due {
                    return Err(JournalError::Overlap {
                        one: before.to_owned(),
                        other: (*path).to_owned(),
                        block,
                    }
                    .into());
                }
                if block > due {
                    return Err(JournalError::Gap {
                        before: before.to_owned(),
                        after: (*path).to_owned(),
                        first: due,
                        last: block - 1,
                    }
                    .into());
                }
                journal.append_record(record)?;
                before = path;
            }
            clean_end(path, &reader)?;
        }
        Ok(())
    })
}

/// The journal of a shard, which has some cells.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it is.
    pub path: PathBuf,
    /// What it must be about.
    pub header: JournalHeader,
    /// Its own cells, the first of those in it; the others are there to be compared with.
    pub own: usize,
    /// The blocks in it.
    pub blocks: Range<u64>,
}

/// Puts journals of one sweep together of which each has some of the cells: `runs` follow one another, and the pieces of each
/// have the same blocks and all cells between them, in order. As [`merge`] otherwise.
///
/// # Errors
/// As [`merge`].
pub fn weave(
    header: &JournalHeader,
    runs: &[Vec<Piece>],
    output: &Path,
) -> Result<JournalState, OutputError> {
    into_place(header, output, |journal| {
        for pieces in runs {
            let Some(blocks) = pieces.first().map(|piece| piece.blocks.clone()) else {
                continue;
            };
            let mut places: Vec<Option<(u64, u64)>> = vec![None; pieces.len()];
            let mut start = blocks.start;
            while start < blocks.end {
                let end = ((start / BATCH + 1) * BATCH).min(blocks.end);
                let mut together = vec![Vec::new(); (end - start) as usize];
                for (piece, place) in pieces.iter().zip(&mut places) {
                    let path = &piece.path;
                    let mut reader = JournalReader::open(path)?;
                    locked(path, reader.file(), Lock::Shared)?;
                    match place {
                        None => same_sweep(path, reader.header(), &piece.header, None)?,
                        Some(place) => reader.go_to(*place)?,
                    }
                    let cells = piece.header.cells.len();
                    for (block, together) in (start..end).zip(&mut together) {
                        let Some(record) = reader.record()? else {
                            clean_end(path, &reader)?;
                            return Err(JournalError::Gap {
                                before: path.clone(),
                                after: output.to_owned(),
                                first: block,
                                last: blocks.end - 1,
                            }
                            .into());
                        };
                        let misfit = || JournalError::Misfit {
                            path: path.clone(),
                            block,
                        };
                        let found = outcomes(record, cells).ok_or_else(misfit)?;
                        found[..piece.own]
                            .iter()
                            .for_each(|outcome| together.extend(*outcome));
                    }
                    *place = Some(reader.place());
                    if end == blocks.end {
                        while reader.record()?.is_some() {}
                        clean_end(path, &reader)?;
                    }
                }
                let mut encoded = Encoded::from(start);
                for (block, outcomes) in (start..end).zip(&together) {
                    encoded.push_outcomes(block, &[outcomes]);
                }
                journal.append_encoded(encoded)?;
                start = end;
            }
        }
        Ok(())
    })
}

fn clean_end(path: &Path, reader: &JournalReader) -> Result<(), OutputError> {
    if reader.torn_bytes() == 0 {
        return Ok(());
    }
    Err(JournalError::Torn {
        path: path.to_owned(),
        block: reader.next_block(),
    }
    .into())
}

/// Writes a journal beside its place and moves it there when it is whole, over an earlier one.
fn into_place(
    header: &JournalHeader,
    output: &Path,
    write: impl FnOnce(&mut Journal) -> Result<(), OutputError>,
) -> Result<JournalState, OutputError> {
    let beside = Beside::of(output)?;
    let unfinished = beside.path("blocks");
    let mut journal = Journal::create(&unfinished, header)?;
    write(&mut journal)?;
    journal.sync()?;
    let blocks = journal.next_block() - header.first;
    drop(journal);
    fs::rename(&unfinished, output).map_err(OutputError::io("create", output))?;
    sync_folder(parent_of(output), output)?;
    Ok(JournalState {
        header: header.clone(),
        blocks,
        torn_bytes: 0,
    })
}
