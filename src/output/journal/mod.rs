//! The journal of a sweep: the file in which finished blocks are kept, one journal a shard.
//!
//! It is only ever appended to. Whole numbers of the outer form are little-endian:
//!
//! ```text
//! journal = magic "deconflict blocks\n", format u16, length u32, header, check   once
//!           length u32, block u64, outcomes, check                               once a block, in order, without gaps
//! ```
//!
//! `length` counts what lies between it and the check. The check is the first 8 bytes of the SHA-256 of everything
//! since the previous check, lengths included. (SHA-256 is in the program anyway, costs nothing beside the running, and
//! with 64 bits a torn record does not pass by chance.) Header and outcomes are in the format of the `postcard` crate;
//! a row of mostly zeros is kept as its non-zeros, to the last bit; see `codec`.
//!
//! # One record a block
//!
//! Not one a chunk: what a chunk is depends on when somebody interrupted the sweep. So the bytes are a function of plan
//! and blocks alone. A journal that was killed and resumed ten times, one put together by [`merge`] from the shards of
//! a cluster, and one written in a single sitting are equal, and equality of files is a test that users can make.
//!
//! # What a crash can cost
//!
//! - The program is killed: the blocks since the last [`Journal::sync`], and of those only what was still in the
//!   program's buffer. The file may end within a record; [`Journal::resume`] cuts that off, says so, and goes on.
//! - The machine goes down: the blocks since the last [`Journal::sync`].
//! - The disk is full: an error that names the file. What had been written stays; the record that did not fit is cut
//!   off by the next resume.
//! - A record is damaged although good ones follow: no interruption does that, and the good ones may be hours of work.
//!   Nothing is cut then; the error names the block and the byte, and the user decides.
//!
//! While a [`Journal`] is open it holds a lock on the file, which ends with the process, however that ends. Where the
//! file system knows no locks it goes without. Readers need none: whoever reads a journal that is being written sees the
//! blocks that were there when it was opened.

mod batches;
mod codec;
mod error;
mod merge;
mod reader;
mod sums;
#[cfg(test)]
mod tests;
mod writer;

pub(super) use batches::Batches;
pub use codec::{JournalHeader, Shape};
pub use error::JournalError;
pub use merge::{Piece, merge, weave};
pub(super) use reader::Undecoded;
pub use reader::{JournalReader, JournalState, count_blocks};
pub use sums::{EncodedSums, Summed, SumsHeader, SumsJournal};
pub use writer::{Encoded, EncodedOutcome, Journal, Resumed, is_being_written};
