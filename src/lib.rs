//! deconflict

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod airspace;
pub mod coordination;
pub mod elementary;
pub mod engagement;
pub mod experiment;
pub mod geometry;
pub mod guide;
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
