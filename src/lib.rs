//! deconflict

pub mod airspace;
pub mod coordination;
pub mod engagement;
pub mod error;
pub mod geodesy;
pub mod geometry;
pub mod identification;
pub mod ids;
pub mod platform;
pub mod record;
pub mod scenario;
pub mod sensing;
pub mod tracking;
pub mod units;
