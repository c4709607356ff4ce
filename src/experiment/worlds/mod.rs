//! Worlds: settings of all that is assumed at once.
//!
//! [`Axis`] makes a dimension of an entry of the register, [`matching`] finds the settings that public evidence does not
//! rule out, [`verdict`] says what that comes to, [`screening`] says which assumptions matter, [`plan`] makes of points what a sweep runs, [`mod@file`] keeps worlds so that other commands run them.

pub mod axis;
pub mod evidence;
pub mod file;
pub mod marks;
pub mod matching;
pub mod plan;
pub mod screening;
pub mod study;
pub mod verdict;

pub use axis::Axis;
