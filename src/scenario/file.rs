//! A scenario as it is typed: names, not indices. Its doc comments are the descriptions in the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recorded::{Account, Positions};
use crate::airspace::Delay;
use crate::coordination::RulesSpec;
use crate::engagement::{FireDistributionSpec, WeaponSpec};
use crate::identification::IdentificationSpec;
use crate::picture::SharedIdentity;
use crate::platform::{AircraftSpec, Equipment, TransponderEquipment, Turns};
use crate::record::Affiliation;
use crate::sensing::SensorSpec;
use crate::sensing::readiness::ReadinessSpec;
use crate::tracking::TrackerSpec;

/// A `deconflict` scenario: who flies where, who watches, who was told, and by which rules they may fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Library files pulled in before this one, relative to this file; what this file says itself wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// One line that names the scenario.
    pub title: String,
    /// Start, UTC, as `2019-11-21T06:00:00Z`.
    pub start_utc: String,
    /// How long the scenario runs, hours.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 8784.0))]
    pub duration_h: f64,
    /// Origin of the local plane; without it the middle of all that the scenario names by its place on earth, to a tenth of
    /// a degree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<LatLonPoint>,
    /// What a reader of its results and replays must know of it: written into them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<String>,
    /// Replications flown unless the command line says otherwise.
    #[serde(default = "one_replication")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub replications: u64,
    /// Whether, and how often, the air picture of every site is compared with the sky.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air_picture: Option<AirPictureFile>,
    /// The ground, where it hides aircraft; without it the earth is smooth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terrain: Option<TerrainFile>,
    /// Whether, and how, it is measured how near friends and neutrals come to each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separation: Option<SeparationFile>,
    /// The real parties.
    pub sides: BTreeMap<String, SideFile>,
    /// `relations.SHOOTER.OTHER`: the affiliation of OTHER's aircraft to SHOOTER's sites. A side is its own friend
    /// unless it says otherwise; every pair of a side with sites and a side with flights must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relations: BTreeMap<String, BTreeMap<String, Affiliation>>,
    /// Named places.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, PlaceFile>,
    /// Aircraft types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aircraft: BTreeMap<String, AircraftSpec>,
    /// Flights.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flights: BTreeMap<String, FlightFile>,
    /// Recorded tracks: traffic flown as it was recorded, one flight an aircraft.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tracks: BTreeMap<String, TracksFile>,
    /// Classes of air-defence sites.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub site_classes: BTreeMap<String, SiteClassFile>,
    /// Air-defence sites.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<String, SiteFile>,
    /// Nodes of the coordination graph: headquarters, cells, offices.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<String, NodeFile>,
    /// Who passes flight plans on to whom.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkFile>,
    /// Who reports air tracks to whom: surveillance sites to shooters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub track_links: BTreeMap<String, TrackLinkFile>,
    /// `fire_distribution.SIDE`: how the sites of a side share out targets; without it each is on its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fire_distribution: BTreeMap<String, FireDistributionSpec>,
    /// Named volumes that rules refer to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<String, ZoneFile>,
    /// Named corridors, for rule R9.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub corridors: BTreeMap<String, CorridorFile>,
    /// The coordination rules in force; a rule that is not named is off.
    #[serde(default)]
    pub rules: RulesSpec,
    /// `rules_of.SIDE`: the rules of the sites of one side, all of them in place of those under `rules`; only rules that bind flights, what they
    /// send or what all are told (R8, R10, R11, R13, R14, R15, R18, R19) are under `rules` alone, for all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules_of: BTreeMap<String, RulesSpec>,
}

fn one_replication() -> u64 {
    1
}

/// How the quality of air pictures is measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AirPictureFile {
    /// Time between two samples, s.
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub sample_every_s: f64,
}

/// The ground: what stands between a site and an aircraft hides it from radar, optics and weapon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerrainFile {
    /// Elevations, m, relative to the file that names them: an ESRI ASCII grid or a GeoTIFF.
    pub file: String,
    /// What the coordinates of the grid are.
    #[serde(default)]
    pub coordinates: CoordinatesFile,
    /// Height of optics above the ground of their site, m.
    #[serde(default = "three_m")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub optics_m: f64,
    /// Height of launchers above the ground of their site, m.
    #[serde(default = "three_m")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub weapon_m: f64,
    /// What was read from `file`. Not to be written by hand: it is what a stored scenario is held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<GridFile>,
}

fn three_m() -> f64 {
    3.0
}

/// What the coordinates of a grid of elevations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoordinatesFile {
    /// Degrees of WGS84: x is the longitude, y the latitude.
    #[default]
    Degrees,
    /// Metres in the local plane: x east, y north of the origin.
    Metres,
}

/// The grid that a scenario was read with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridFile {
    /// Where its file was, from where the program ran.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// How it is measured how near friends and neutrals come to each other. `{}` measures with the defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeparationFile {
    /// Lateral minimum, m; 5 NM.
    #[serde(default = "five_miles_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub lateral_m: f64,
    /// Vertical minimum, m; the 300 m that ICAO gives for 1 000 ft.
    #[serde(default = "thousand_feet_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10_000.0))]
    pub vertical_m: f64,
    /// Aircraft types that are small drones: between two of them the small minima hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub small: Vec<String>,
    /// Lateral minimum between two small drones, m.
    #[serde(default = "small_lateral_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub small_lateral_m: f64,
    /// Vertical minimum between two small drones, m.
    #[serde(default = "small_vertical_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10_000.0))]
    pub small_vertical_m: f64,
    /// Aerodromes, beside the places where flights take off from the ground.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aerodromes: Vec<PointFile>,
    /// While one of two aircraft that begin or end their flights at one aerodrome is this near to it, nothing counts, m; 5 NM.
    #[serde(default = "five_miles_m")]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub aerodrome_m: f64,
    /// Aircraft of one flight and arrival with at most this time between them are a formation, and left out, s.
    #[serde(default = "a_minute_s")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub formation_s: f64,
    /// By how much the volumes of filed plans begin before, and end after, what is planned, s.
    #[serde(default = "five_minutes_s")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub filed_time_s: f64,
}

fn five_miles_m() -> f64 {
    9_260.0
}

fn thousand_feet_m() -> f64 {
    300.0
}

fn small_lateral_m() -> f64 {
    1_500.0
}

fn small_vertical_m() -> f64 {
    100.0
}

fn a_minute_s() -> f64 {
    60.0
}

fn five_minutes_s() -> f64 {
    300.0
}

/// A real party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideFile {
    /// Its name in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A named place: an MGRS reference (the centre of its square), degrees as publications write them, or `{ lat, lon }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PlaceFile {
    /// An MGRS reference such as `33SUS3434`, or degrees, as `325400N0131700E` or `32.9, 13.28` (latitude first).
    Written(String),
    /// WGS84 degrees.
    LatLon(LatLonPlace),
}

/// A named place, WGS84.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatLonPlace {
    /// Latitude, degrees north.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub lat: f64,
    /// Longitude, degrees east.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub lon: f64,
    /// Where the numbers come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A point: the name of a place, an MGRS reference (the centre of its square), degrees as publications write them,
/// `{ lat, lon }`, or `{ east_m, north_m }` from the origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PointFile {
    /// The name of a place; an MGRS reference such as `33SUS3434`, which stands for the centre of its square; or degrees, as
    /// `325400N0131700E`, `32 54 00 N 013 17 00 E`, `32.9N 13.28E` or `32.9, 13.28` (latitude first).
    Named(String),
    /// WGS84 degrees.
    LatLon(LatLonPoint),
    /// Metres in the local plane.
    Local(LocalPoint),
}

/// WGS84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatLonPoint {
    /// Latitude, degrees north.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub lat: f64,
    /// Longitude, degrees east.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub lon: f64,
}

/// Metres in the local plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalPoint {
    /// East of the origin, m.
    #[schemars(range(min = -5_000_000.0, max = 5_000_000.0))]
    pub east_m: f64,
    /// North of the origin, m.
    #[schemars(range(min = -5_000_000.0, max = 5_000_000.0))]
    pub north_m: f64,
}

/// One or several aircraft that fly the same route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlightFile {
    /// Aircraft type.
    pub aircraft: String,
    /// The side it belongs to.
    pub side: String,
    /// Aircraft in the flight.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Time between two aircraft of the flight, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub spacing_s: f64,
    /// Speed flown, m/s, instead of the type's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub speed_mps: Option<f64>,
    /// Altitude flown, m above ground, instead of the type's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub altitude_m: Option<f64>,
    /// How it changes course.
    #[serde(default)]
    pub turns: Turns,
    /// When it flies.
    #[serde(default)]
    pub start: StartFile,
    /// Where it flies.
    pub route: RouteFile,
    /// Where it goes when its endurance runs out, and after its station; without it the route's first point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<PointFile>,
    /// What a hostile flight is after; reached alive, the sortie has leaked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveFile>,
    /// Fault: standard deviation of the cross-track deviation, m; constant on a leg, drawn per leg.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub cross_track_sigma_m: f64,
    /// Its flight plan, if it files one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSpec>,
    /// What its aircraft carry to be known by; without it neither IFF nor transponder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<Equipment>,
}

fn one() -> u32 {
    1
}

/// Recorded tracks, flown along the recorded positions at the recorded times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TracksFile {
    /// The recording, relative to the file that names it: a table (.csv, .tsv), JSON (.json: a readsb trace, a list of
    /// records), .geojson with times, .acmi or .gpx, each also compressed, with .gz behind it.
    pub file: String,
    /// Aircraft type of all of them: radar cross-section, ceiling, highest speed.
    pub aircraft: String,
    /// The side they belong to.
    pub side: String,
    /// What some of them are, by transponder address, where it differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub of: BTreeMap<String, TrackedFile>,
    /// Columns of a table by the names they have there; of those not named, usual names are looked for.
    #[serde(default, skip_serializing_if = "ColumnsFile::is_default")]
    pub columns: ColumnsFile,
    /// Units of its values, where they are not the usual ones of the column.
    #[serde(default, skip_serializing_if = "UnitsFile::is_default")]
    pub units: UnitsFile,
    /// What parts its fields: one of `,` `;` `|` and a tab; without it the one that the first line has most of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [",", ";", "|", "\t"]))]
    pub separator: Option<String>,
    /// What becomes of rows that are odd in content. What is broken in form is refused always.
    #[serde(default, skip_serializing_if = "OnFault::is_default")]
    pub on_fault: OnFault,
    /// Steepest climb and descent believed, m/s.
    #[serde(default = "steepest_climb_mps")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub max_climb_mps: f64,
    /// Which recorded instant is the start of the scenario.
    #[serde(default)]
    pub align: AlignFile,
    /// Seconds by which the tracks are then flown later (below 0: earlier).
    #[serde(default)]
    #[schemars(range(min = -31_622_400.0, max = 31_622_400.0))]
    pub shift_s: f64,
    /// Longest time between two positions that is flown as a straight line, s; a longer one ends one flight and begins
    /// another.
    #[serde(default = "longest_gap_s")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 86_400.0))]
    pub max_gap_s: f64,
    /// What hostile aircraft among them are after; reached alive, the sortie has leaked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveFile>,
    /// The flight plan of each flight, if they file any; its notice counts from where the flight begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSpec>,
    /// What they carry to be known by; without it a transponder that works: they were recorded by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<Equipment>,
    /// What was read from `file`. Not to be written by hand: it makes a stored scenario complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingFile>,
}

pub(crate) fn longest_gap_s() -> f64 {
    120.0
}

fn steepest_climb_mps() -> f64 {
    100.0
}

impl TracksFile {
    /// The type of the aircraft with an address.
    pub(crate) fn aircraft_of(&self, address: &str) -> &str {
        let own = self.of.get(address).and_then(|own| own.aircraft.as_deref());
        own.unwrap_or(&self.aircraft)
    }

    /// The side that it belongs to.
    pub(crate) fn side_of(&self, address: &str) -> &str {
        let own = self.of.get(address).and_then(|own| own.side.as_deref());
        own.unwrap_or(&self.side)
    }

    /// Its plan.
    pub(crate) fn plan_of(&self, address: &str) -> Option<&PlanSpec> {
        let own = self.of.get(address).and_then(|own| own.plan.as_ref());
        own.or(self.plan.as_ref())
    }

    /// What it is after.
    pub(crate) fn objective_of(&self, address: &str) -> Option<&ObjectiveFile> {
        let own = self.of.get(address).and_then(|own| own.objective.as_ref());
        own.or(self.objective.as_ref())
    }

    /// What it carries.
    pub(crate) fn equipment_of(&self, address: &str) -> Equipment {
        let own = self.of.get(address).and_then(|own| own.equipment);
        own.or(self.equipment).unwrap_or(Equipment {
            transponder: Some(TransponderEquipment {
                on: 1.0,
                spoof: 0.0,
                agreed_squawk: false,
            }),
            ..Equipment::NONE
        })
    }
}

/// What one recorded aircraft is, where it is not what the others are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackedFile {
    /// Its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aircraft: Option<String>,
    /// Its side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// What it is after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveFile>,
    /// Its flight plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSpec>,
    /// What it carries to be known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<Equipment>,
}

/// The names that the columns of a table have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnsFile {
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Transponder address, or another name of the aircraft in letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Latitude, degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<String>,
    /// Longitude, degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<String>,
    /// Altitude by satellite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geoaltitude: Option<String>,
    /// Altitude by pressure; a flight is flown by whichever more of its rows have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baroaltitude: Option<String>,
    /// Whether it is on the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_ground: Option<String>,
    /// Speed over the ground; read to find positions that are sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
    /// When the position was heard; read for the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
}

impl ColumnsFile {
    fn is_default(&self) -> bool {
        *self == ColumnsFile::default()
    }
}

/// Units of a recorded table.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitsFile {
    /// Of altitudes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<AltitudeUnit>,
    /// Of speeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<SpeedUnit>,
    /// Of times; without it each is taken for what it looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeUnit>,
}

impl UnitsFile {
    fn is_default(&self) -> bool {
        *self == UnitsFile::default()
    }
}

/// A unit of altitudes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AltitudeUnit {
    /// Metres.
    M,
    /// Feet.
    Ft,
}

/// A unit of speeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeedUnit {
    /// Metres a second.
    Mps,
    /// Knots.
    Kt,
}

/// A form of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Unix time, s.
    UnixS,
    /// Unix time, ms.
    UnixMs,
    /// ISO 8601, UTC where it names no offset.
    Iso,
}

/// What becomes of odd rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFault {
    /// The recording is refused.
    #[default]
    Refuse,
    /// They are left out, and counted by what is odd about them; rows that are out of order are put in order.
    Drop,
}

impl OnFault {
    fn is_default(&self) -> bool {
        *self == OnFault::default()
    }
}

/// Which recorded instant is the start of the scenario.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlignFile {
    /// The first position of the file.
    #[default]
    First,
    /// This instant, UTC, as `2019-11-21T06:00:00Z`.
    FromUtc(String),
}

/// The positions read from a file of recorded tracks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingFile {
    /// The file they come from.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What became of its rows when it was read.
    pub account: Account,
    /// One entry an aircraft, in the order of their addresses.
    pub aircraft: Vec<RecordedAircraft>,
}

/// What was recorded of one aircraft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedAircraft {
    /// Its transponder address.
    pub icao24: String,
    /// Its positions in the air, in order of time, packed.
    pub positions: Positions,
    /// Which of them begin another flight, because the aircraft was on the ground before; counted from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 0, max = 4_294_967_295u32)))]
    pub begins: Vec<u32>,
}

/// When a flight flies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartFile {
    /// At altitude, on its route, when the scenario starts.
    #[default]
    Airborne,
    /// Takes off from its first point after a time; what takes off lands at the end of its route.
    Departs(DepartureFile),
    /// A Poisson process of departures from its first point (raids, random traffic).
    Poisson(PoissonFile),
}

/// A departure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartureFile {
    /// Planned departure after the start of the scenario, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub after_s: f64,
    /// Fault: departure delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// Already at altitude over its first point, instead of climbing from the ground.
    #[serde(default)]
    pub at_altitude: bool,
}

/// Poisson arrivals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoissonFile {
    /// Mean arrivals a day; each brings `count` aircraft.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub rate_per_day: f64,
    /// Already at altitude over its first point, instead of climbing from the ground.
    #[serde(default)]
    pub at_altitude: bool,
}

/// Where a flight flies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteFile {
    /// From point to point; the flight ends at the last.
    Waypoints(WaypointsFile),
    /// Round and round.
    Loop(LoopFile),
    /// To a circle, stay there, and back.
    Orbit(OrbitFile),
    /// To a racetrack, stay there, and back.
    Racetrack(RacetrackFile),
}

/// A point of a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WaypointFile {
    /// At the altitude of the flight.
    Point(PointFile),
    /// At an altitude of its own.
    AtAltitude(WaypointAtAltitude),
}

/// A waypoint with an altitude of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaypointAtAltitude {
    /// Where.
    pub at: PointFile,
    /// Altitude to hold from the waypoint before on (reached at the climb rate), m above ground.
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub altitude_m: f64,
}

/// From point to point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaypointsFile {
    /// At least two points.
    pub points: Vec<WaypointFile>,
}

/// A closed loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoopFile {
    /// At least two points; after the last comes the first again.
    pub points: Vec<WaypointFile>,
    /// Start at a place uniform along the loop, drawn per aircraft and replication, instead of at the first point.
    #[serde(default)]
    pub random_start: bool,
}

/// A circle on station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrbitFile {
    /// Points on the way there; the first is where the flight starts. Empty: the flight starts on station.
    #[serde(default)]
    pub ingress: Vec<WaypointFile>,
    /// Centre.
    pub center: PointFile,
    /// Radius, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub radius_m: f64,
    /// Time on station, hours.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub station_h: f64,
    /// Sense of rotation.
    #[serde(default)]
    pub turn: TurnSide,
    /// Points on the way back; the flight ends at the last. Empty: straight home.
    #[serde(default)]
    pub egress: Vec<WaypointFile>,
}

/// A racetrack on station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RacetrackFile {
    /// Points on the way there; the first is where the flight starts. Empty: the flight starts on station.
    #[serde(default)]
    pub ingress: Vec<WaypointFile>,
    /// Start of the first straight.
    pub from: PointFile,
    /// End of the first straight.
    pub to: PointFile,
    /// Radius of the two half circles, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub radius_m: f64,
    /// Time on station, hours.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub station_h: f64,
    /// Sense of rotation.
    #[serde(default)]
    pub turn: TurnSide,
    /// Points on the way back; the flight ends at the last. Empty: straight home.
    #[serde(default)]
    pub egress: Vec<WaypointFile>,
}

/// Sense of rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnSide {
    /// Anticlockwise seen from above.
    #[default]
    Left,
    /// Clockwise.
    Right,
}

/// What a hostile flight is after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveFile {
    /// Where.
    pub at: PointFile,
    /// Reached within this ground distance, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub radius_m: f64,
}

/// A flight plan and the way it is filed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// Nodes it is meant for.
    pub addressees: Vec<String>,
    /// Probability that it is filed at all.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub filed: f64,
    /// Probability that it goes to the addressees and not astray.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub addressed: f64,
    /// Where it goes instead when it goes astray; without it, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub astray_to: Option<String>,
    /// How long before the planned departure it is filed, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub notice_s: f64,
    /// Late change of plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amendment: Option<AmendmentFile>,
}

fn certain() -> f64 {
    1.0
}

/// A late change: the flight departs at another time, and a second version of the plan follows the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendmentFile {
    /// Probability that the plan is changed.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
    /// By how much the departure moves, s; later is positive.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub departs_later_s: f64,
    /// How long before the first planned departure the second version is sent, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub notice_s: f64,
}

/// A class of air-defence sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteClassFile {
    /// How it sees.
    pub sensor: SensorSpec,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identification: IdentificationSpec,
    /// How it fires, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weapon: Option<WeaponSpec>,
    /// When it is ready to look and to fire; without it always.
    #[serde(default, skip_serializing_if = "ReadinessSpec::is_always")]
    pub readiness: ReadinessSpec,
    /// Where the numbers come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One or several air-defence sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteFile {
    /// Site class.
    pub class: String,
    /// The side it fires for.
    pub side: String,
    /// Where it is.
    pub position: PositionFile,
    /// How many sites this entry stands for; each is placed by a draw of its own.
    #[serde(default)]
    pub count: CountFile,
    /// The node that hands it flight plans; without it no plan reaches the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandFile>,
}

/// Where a site is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionFile {
    /// At a point.
    At(PointFile),
    /// Uniform over an area, drawn per replication.
    DrawnIn(AreaFile),
}

/// An area of the ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AreaFile {
    /// A circle.
    Circle(CircleFile),
    /// A sector of a ring: seen from a centre, between two distances and two bearings.
    Sector(SectorFile),
    /// A rectangle of the local plane.
    Box(BoxFile),
    /// What a chain of straight edges encloses: at least three corners in order, in either sense; the last is joined to
    /// the first.
    Polygon(#[schemars(length(min = 3, max = 2000))] Vec<PointFile>),
}

/// A circle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleFile {
    /// Centre.
    pub center: PointFile,
    /// Radius, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 5_000_000.0))]
    pub radius_m: f64,
}

/// A sector of a ring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorFile {
    /// Centre.
    pub center: PointFile,
    /// Nearest, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 5_000_000.0))]
    pub min_range_m: f64,
    /// Farthest, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 5_000_000.0))]
    pub max_range_m: f64,
    /// First bearing, degrees clockwise from north.
    #[schemars(range(min = 0.0, max = 360.0))]
    pub from_deg: f64,
    /// Last bearing, degrees clockwise from north; below `from_deg` the sector runs through north.
    #[schemars(range(min = 0.0, max = 360.0))]
    pub to_deg: f64,
}

/// A rectangle of the local plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoxFile {
    /// One corner.
    pub south_west: PointFile,
    /// The opposite corner.
    pub north_east: PointFile,
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CountFile {
    /// Always so many.
    Exactly(#[schemars(range(min = 0, max = 10_000))] u32),
    /// Uniform between two numbers, drawn per replication.
    Between(CountRange),
}

impl Default for CountFile {
    fn default() -> Self {
        CountFile::Exactly(1)
    }
}

/// Uniform between two numbers, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountRange {
    /// Fewest.
    #[schemars(range(min = 0, max = 10_000))]
    pub min: u32,
    /// Most.
    #[schemars(range(min = 0, max = 10_000))]
    pub max: u32,
}

/// The command node of a site and the last hop to the crew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandFile {
    /// The node.
    pub node: String,
    /// Probability that a plan the node holds reaches the crew; one draw per plan version and site.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
    /// How long that takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Delay>,
}

/// A node of the coordination graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// The side it belongs to.
    pub side: String,
}

/// A directed link of the coordination graph: plans that `from` holds are passed on to `to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFile {
    /// Sender.
    pub from: String,
    /// Receiver.
    pub to: String,
    /// Probability that a message gets through; one draw per plan version.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
    /// How long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Delay>,
}

/// A link on which the sites of one entry report their tracks to those of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackLinkFile {
    /// The entry of the sites that report.
    pub from: String,
    /// The entry of the sites that are told.
    pub to: String,
    /// Probability that a report gets through; one draw per scan and track.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
    /// How long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Delay>,
    /// A report and an own track this near are one aircraft to the receiver, m along the ground.
    #[serde(default = "share_gate_m")]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub gate_m: f64,
    /// A report is forgotten when no news has come for so long, s.
    #[serde(default = "share_hold_s")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub hold_s: f64,
    /// What the reported identity counts for beside the receiver's own.
    #[serde(default)]
    pub identity: SharedIdentity,
    /// Whether the receiver may fire at a track that it has from this link alone.
    #[serde(default)]
    pub engage: bool,
}

fn share_gate_m() -> f64 {
    3_000.0
}

fn share_hold_s() -> f64 {
    60.0
}

/// A named volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneFile {
    /// Its ground plan.
    pub area: AreaFile,
    /// Floor, m above ground.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub floor_m: f64,
    /// Top, m above ground; without it unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub top_m: Option<f64>,
}

/// A corridor: the air near a line, between two heights, for a time. Rule R9 protects what is inside; flights do not
/// follow it by themselves, their routes must lead along it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorFile {
    /// At least two points that its middle line leads through.
    pub points: Vec<PointFile>,
    /// Half its width, m; its ends are round.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000_000.0))]
    pub half_width_m: f64,
    /// Floor, m above ground.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub floor_m: f64,
    /// Top, m above ground; without it unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100_000.0))]
    pub top_m: Option<f64>,
    /// Open from this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Open until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
}
