//! Airspace deconfliction simulator: which coordination rules keep air-defence sites from shooting at the wrong
//! aircraft, and at what price?
//!
//! Drones and other aircraft fly past sites that see, identify and are told imperfectly. One replication is a pure
//! function of a [`Scenario`](scenario::Scenario) and a [`Replication`](record::Replication); what it returns is a
//! log of facts, and every measure is made of facts alone. Absolute rates are not calibrated: compare rule sets, in
//! the same world and with common random numbers.
//!
//! ```
//! use deconflict::record::{Detail, Fact, Replication};
//! use deconflict::scenario::Scenario;
//! use deconflict::simulation::simulate;
//!
//! let scenario = Scenario::load("scenarios/nov-2019-baseline.toml".as_ref(), &[])?;
//! let log = simulate(&scenario, Replication { seed: 1, index: 0 }, Detail::Measures);
//! let shots = log.events.iter().filter(|event| matches!(event.fact, Fact::ShotFired { .. })).count();
//! println!("{shots} shots at {} aircraft", log.sorties.len());
//!
//! // The same replication again is the same log; under another rule it is the same random numbers.
//! assert_eq!(log, simulate(&scenario, log.replication, Detail::Measures));
//! let hold = ["rules.weapons_control.status=hold".to_owned()];
//! let held = Scenario::load("scenarios/nov-2019-baseline.toml".as_ref(), &hold)?;
//! let log = simulate(&held, log.replication, Detail::Measures);
//! assert!(!log.events.iter().any(|event| matches!(event.fact, Fact::ShotFired { .. })));
//! # Ok::<(), deconflict::scenario::LoadError>(())
//! ```
//!
//! The binary is thin: it alone prints, opens files and keeps the time. Where to read on: [`guide`] for how the code
//! is laid out, what is modelled, and the words; [`simulation`] and [`calendar`] for what happens in which order.
#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub use deconflict_engine::{
    airspace, calendar, coordination, elementary, engagement, geometry, identification, ids,
    measure, picture, platform, record, sensing, separation, simulation, statistics, streams,
    terrain, theatre, tracking, units,
};

pub mod experiment;
pub mod geodesy;
pub mod guide;
#[cfg(test)]
#[path = "../engine/src/measure/handwritten.rs"]
mod handwritten; // the log that the engine's tests count by hand
pub mod inquiry;
pub mod output;
pub mod report;
pub mod safe;
pub mod scenario;
