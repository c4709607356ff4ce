//! Result files and tables: the run folder, the folder and the journal of a sweep, event files, the time line, tables
//! for the terminal.
//!
//! Results are written beside their place and renamed into it when whole, so a reader never sees half a result. What
//! they hold depends on scenario or plan, seed and replications alone, but for `run.json`, which says who made them,
//! where and when. The [`Journal`] alone is appended to, and can be trusted after any crash.

mod comparison;
mod error;
mod events;
mod files;
mod folder;
mod headers;
mod journal;
mod numbers;
mod results;
mod stored;
mod sweep_folder;
mod tables;
mod timeline;

pub use comparison::{comparisons, influences, sentence, tally, write_comparison};
pub use error::OutputError;
pub use events::{EventFormat, write_events, write_events_file};
pub use folder::{Conditions, RunFolder};
pub use headers::{RESULT_FILES, ResultFile};
pub use journal::{
    Journal, JournalError, JournalHeader, JournalReader, JournalState, Resumed, Shape,
    count_rounds, merge as merge_journals,
};
pub use numbers::{exact, readable};
pub use results::write_results;
pub use stored::StoredRun;
pub use sweep_folder::{Shards, SweepFolder};
pub use tables::{cells_table, confusion_tables, estimate_table, headline, single_table};
pub use timeline::{tell, timeline};
