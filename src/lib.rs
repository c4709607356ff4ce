//! deconflict

pub mod airspace;
pub mod coordination;
pub mod engagement;
pub mod experiment;
pub mod geometry;
pub mod identification;
pub mod ids;

pub mod measure;
pub mod output;
pub mod picture;
pub mod platform;
pub mod record;
pub mod scenario;
pub mod sensing;
pub mod simulation;
pub mod streams;
pub mod tick;
pub mod tracking;
pub mod units;
