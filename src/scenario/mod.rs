//! Scenarios: TOML as it is typed ([`file`]), and ready to fly ([`Scenario`]).

pub mod file;

use std::sync::Arc;

use crate::airspace::{Command, Link, Node, Zone};
use crate::coordination::Rules;
use crate::engagement::WeaponSpec;
use crate::geometry::{Area, Point};
use crate::identification::Identifier;
use crate::ids::{ClassId, Key, SideId};
use crate::platform::{AircraftType, Flight};
use crate::record::Cast;
use crate::sensing::SensorSpec;
use crate::tracking::TrackerSpec;
use crate::units::Millis;

/// A scenario ready to fly: checked, names resolved to indices, points in the local plane.
///
/// All tables are in the order of their names, so the order of a file never matters.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The scenario as typed, includes and overrides merged: what the manifest records.
    pub file: file::ScenarioFile,
    /// Start, UTC.
    pub start: jiff::Timestamp,
    /// How long it runs.
    pub duration: Millis,
    /// Replications flown unless the command line says otherwise.
    pub replications: u64,
    /// Names and relations, shared with every event log.
    pub cast: Arc<Cast>,
    /// Aircraft types.
    pub types: Vec<AircraftType>,
    /// Flights.
    pub flights: Vec<Flight>,
    /// Site classes.
    pub classes: Vec<SiteClass>,
    /// Site entries.
    pub sites: Vec<SiteEntry>,
    /// Nodes of the coordination graph.
    pub nodes: Vec<Node>,
    /// Links of the coordination graph.
    pub links: Vec<Link>,
    /// Zones.
    pub zones: Vec<Zone>,
    /// The rules in force.
    pub rules: Arc<Rules>,
}

/// A class of sites, ready to use.
#[derive(Debug, Clone)]
pub struct SiteClass {
    /// Its name.
    pub name: String,
    /// How it sees.
    pub sensor: SensorSpec,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identifier: Arc<Identifier>,
    /// How it fires.
    pub weapon: Option<Arc<WeaponSpec>>,
}

/// An entry of the site table.
#[derive(Debug, Clone)]
pub struct SiteEntry {
    /// Its name.
    pub name: String,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its class.
    pub class: ClassId,
    /// Its side.
    pub side: SideId,
    /// Where its sites are.
    pub position: Position,
    /// Fewest and most sites, both included.
    pub count: (u32, u32),
    /// Its command node.
    pub command: Option<Command>,
}

/// Where the sites of an entry are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Position {
    /// At a point.
    At(Point),
    /// Uniform over an area, drawn per site and replication.
    DrawnIn(Area),
}
