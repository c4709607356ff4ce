//! Result files and tables: the run folder, event files, the time line, tables for the terminal.
//!
//! Everything is written beside its place and renamed into it when whole, so a reader never sees half a result. What
//! [`RunFolder`] writes depends on scenario, seed and replications alone, but for `run.json`, which says who made it,
//! where and when.

mod error;
mod events;
mod folder;
mod journal;
mod numbers;
mod tables;
mod timeline;

pub use error::OutputError;
pub use events::{EventFormat, write_events, write_events_file};
pub use folder::{Conditions, RunFolder};
pub use journal::{
    Journal, JournalError, JournalHeader, JournalReader, JournalState, Resumed, Shape,
    count_rounds, merge,
};
pub use numbers::{exact, readable};
pub use tables::{confusion_tables, estimate_table, headline, single_table};
pub use timeline::timeline;
