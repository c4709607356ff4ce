//! Everything that is tested from outside, in one binary: a module for each subject.

mod architecture;
mod cli;
mod coverage;
mod determinism;
mod experiment_check;
mod exports;
mod import;
mod inquiry;
mod knobs;
mod lint;
mod live;
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
