//! From replications to statements: plan them, fly them, add them up, say how sure one can be.

pub mod accounts;
pub mod design;
pub mod effects;
pub mod estimate;
pub mod file;
pub mod intervals;
pub mod moments;
pub mod pairs;
pub mod plan;
pub mod replicate;
pub mod round;
pub mod rule;
pub mod special;
pub mod stop;
pub mod sweep;
pub mod tune;
