//! The engine of `deconflict`: one replication, from a [`Theatre`](theatre::Theatre) to a log of facts,
//! from the log to a row of numbers, and from many rows to estimates.
//!
//! All that is hot stands here and is compiled at the level that it needs; files, experiments, results and pages stand
//! in the package above, which shows these rooms under its own name.
#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod airspace;
pub mod calendar;
pub mod coordination;
pub mod elementary;
pub mod engagement;
pub mod geometry;
pub mod identification;
pub mod ids;
pub mod measure;
pub mod picture;
pub mod platform;
pub mod record;
pub mod sensing;
pub mod separation;
pub mod simulation;
pub mod statistics;
pub mod streams;
pub mod terrain;
pub mod theatre;
pub mod tracking;
pub mod units;
