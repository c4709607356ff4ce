//! Result files and tables: the run folder, the folder and the journal of a sweep, event files, replays for
//! other people's viewers, the time line, tables
//! for the terminal.
//!
//! Results are written beside their place and renamed into it when whole, so a reader never sees half a result. What
//! they hold depends on scenario or plan, seed and replications alone, but for `run.json`, which says who made them,
//! where and when. The [`Journal`] alone is appended to, and can be trusted after any crash.

mod acmi;
mod arms;
mod assumptions;
mod averages;
mod beside;
mod claim;
mod comparison;
mod decision;
mod error;
mod events;
mod figures;
mod files;
mod folder;
mod geojson;
mod headers;
mod journal;
mod kml;
mod locks;
mod manifest;
mod numbers;
mod overview;
#[cfg(feature = "parquet")]
mod parquet;
mod passage;
mod prepared;
mod prevention;
mod replay;
mod result_folder;
mod results;
mod rows;
mod settings;
mod shards;
mod stored;
mod story;
mod sweep_folder;
mod sweeping;
mod tables;
mod timeline;
mod tuning_folder;
mod tuning_results;
mod workers;
mod worlds;

pub use arms::arms_text;
pub use assumptions::{assumptions_text, write_assumptions};
pub use averages::{averages_text, over_what};
pub(crate) use beside::whole_file;
pub use beside::{abandon, write_text};
pub use claim::keeps_older;
pub use comparison::{comparisons, influences, sentence, tally, write_comparison};
pub use decision::{decision, idle_words, tradeoff_table};
pub use error::OutputError;
pub use events::{EVENTS, EventFormat, write_events, write_events_file};
pub(crate) use figures::write_figures;
pub use files::{Column, ColumnKind, FileEntry};
pub use folder::{Conditions, Placed, RunFolder};
pub use headers::{
    ASSUMPTIONS, EVIDENCE, FILES, PREVENTION, RANGES, RESULT_FILES, ResultFile, SCREEN, TIMES,
    WORLDS,
};
pub use journal::{
    Encoded, EncodedOutcome, EncodedSums, Journal, JournalError, JournalHeader, JournalReader,
    JournalState, Piece, Resumed, Shape, Summed, SumsHeader, SumsJournal, count_blocks,
    is_being_written, merge as merge_journals, weave as weave_journals,
};
pub use locks::without_locks;
pub use manifest::{Ended, Made, Manifest, ManifestCell, Progress, Stored, Trust, Tuned};
pub use numbers::{
    Notation, between, confidence_told, counted, exact, one_in, readable, signed_interval,
};
pub use overview::{ANSWERED, Answer, Measured, overview};
pub use passage::PassageStory;
pub use prevention::{PreventionNote, prevention_text, read_prevention, write_prevention};
pub use replay::{
    Ending, Replay, ReplayEvent, ReplayFlight, ReplayFormat, ReplaySite, Sample, ShotPath,
    write_replay, write_replay_file,
};
pub use results::write_results;
pub use rows::{RowMaker, RunRows, can_write, write_shard_rows};
pub use settings::settings_text;
pub use shards::{MOST_SHARDS, Shards, Tile, Wave};
pub use stored::{StoredRows, StoredRun, folder_of_cell};
pub use story::{Story, ledger_lines};
pub use sweep_folder::{Asked, SweepFolder};
pub use sweeping::{Crew, Shard, Sweeping, SweepingError, Whole, rows_header, sums_header};
pub use tables::{cells_table, confusion_tables, estimate_table, headline, single_table};
pub use timeline::{tell, timeline};
pub use tuning_folder::{Batch, ResumedTuning, TuningFolder};
pub use tuning_results::write_tuning;
pub use workers::{Due, Workers, WorkersProgress};
pub use worlds::{CAVEAT, Screened, Screening, WORLDS_TOML, write_match, write_screen};
