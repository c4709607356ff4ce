//! Everything that is tested from outside, in one binary: a module for each subject.

mod architecture;
mod cli;
mod determinism;
mod differential;
mod experiment_check;
mod exports;
mod foreign;
mod import;
mod inquiry;
mod knobs;
mod lint;
mod measures;
mod mechanisms;
mod metamorphic;
mod readme;
mod report;
mod scenario_check;
mod scenarios;
mod schedule;
mod stories;
mod support;
mod sweep;
mod trip;
mod tune;
mod tuning;
mod validation;
