//! From replications to statements: plan them, run them, add them up, say how sure one can be.

pub mod accounts;
pub mod arms;
pub mod averages;
pub mod block;
pub mod design;
pub mod effects;
pub mod file;
pub mod kind;
pub mod ledger;
pub mod plan;
pub mod replicate;
pub mod rows;
pub mod rule;
pub mod settings;
pub mod sweep;
pub mod tally;
pub mod tune;
pub mod worlds;
