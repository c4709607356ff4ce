//! From replications to statements: fly them, add them up, say how sure one can be.

pub mod estimate;
pub mod intervals;
pub mod moments;
pub mod pairs;
pub mod replicate;
pub mod round;
pub mod special;
