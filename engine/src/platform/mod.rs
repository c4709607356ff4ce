//! The truth about aircraft: what they are, whose they are, where they fly and when.

mod movement;
pub mod trajectory;

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::airspace::Plan;
use crate::geometry::Point;
use crate::ids::{Key, SideId, TypeId};
use crate::streams::Delay;
use crate::units::Millis;

pub use movement::{install, stages};

/// An aircraft type: kinematics and radar cross-section.
///
/// Every number here is a default that a flight may override where a key of the same name exists there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AircraftSpec {
    /// What it is, for viewers of replays; nothing is computed from it.
    #[serde(default, skip_serializing_if = "AircraftKind::is_default")]
    pub kind: AircraftKind,
    /// Speed flown, m/s over the ground (no wind).
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub cruise_mps: f64,
    /// Altitude flown, m above ground.
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub altitude_m: f64,
    /// Lowest speed of the envelope, m/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub min_speed_mps: Option<f64>,
    /// Highest speed of the envelope, m/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub max_speed_mps: Option<f64>,
    /// Service ceiling, m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 40_000.0))]
    pub ceiling_m: Option<f64>,
    /// Climb and descent rate, m/s; without it altitude changes are instantaneous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 300.0))]
    pub climb_mps: Option<f64>,
    /// Bank limit in turns, degrees; needed by flights that turn by `bank`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 90.0))]
    pub bank_deg: Option<f64>,
    /// Time in the air after which the aircraft must be home, hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub endurance_h: Option<f64>,
    /// Median radar cross-section, m^2.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10_000.0))]
    pub rcs_m2: f64,
    /// Standard deviation of the slow log-normal draw per aircraft around the median, dB; 0 draws nothing.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 30.0))]
    pub rcs_spread_db: f64,
    /// What optics must resolve to tell the type, m: the smaller dimension of what is seen of it (J. Johnson, 1958), never the
    /// wingspan; without it 3 m.
    #[serde(default = "AircraftSpec::critical_dimension_m")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 200.0))]
    pub critical_dimension_m: f64,
    /// Where the numbers come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What a viewer should show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AircraftKind {
    /// An aeroplane or a glider, crewed.
    #[default]
    FixedWing,
    /// A helicopter, crewed.
    Rotorcraft,
    /// An uncrewed aeroplane.
    Uav,
    /// An uncrewed helicopter or multicopter.
    UavRotorcraft,
}

impl AircraftKind {
    fn is_default(&self) -> bool {
        *self == AircraftKind::default()
    }
}

impl AircraftSpec {
    /// What optics must resolve of a type that does not state it, m.
    pub fn critical_dimension_m() -> f64 {
        3.0
    }
}

/// What an aircraft carries to be known by; nothing is drawn of it unless somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Equipment {
    /// Crypto IFF; it answers friends alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iff: Option<IffEquipment>,
    /// Civil transponder or ADS-B.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transponder: Option<TransponderEquipment>,
    /// A watch on the guard frequency; without it as rule R20 says of the side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardEquipment>,
}

impl Equipment {
    /// Nothing.
    pub const NONE: Equipment = Equipment {
        iff: None,
        transponder: None,
        guard: None,
    };
}

/// A watch on the guard frequency (121.5 and 243 MHz).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardEquipment {
    /// Probability that somebody who can answer for the aircraft listens.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub on: f64,
}

/// Crypto IFF on board.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IffEquipment {
    /// Probability that it works and is on; one draw per aircraft.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub on: f64,
}

/// A civil transponder on board.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransponderEquipment {
    /// Probability that it works and is on; one draw per aircraft.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub on: f64,
    /// Probability that it sends a code that is not its own; one draw per aircraft.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub spoof: f64,
    /// Whether the flight was given the agreed squawk.
    #[serde(default)]
    pub agreed_squawk: bool,
}

/// How an aircraft changes course at a waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turns {
    /// At once, on the waypoint.
    Instant,
    /// Over the waypoint, then at the bank limit until the next waypoint lies ahead: radius v^2 / (g tan bank).
    #[default]
    Bank,
}

/// An aircraft type by name.
#[derive(Debug, Clone, PartialEq)]
pub struct AircraftType {
    /// Its name.
    pub name: String,
    /// Its numbers.
    pub spec: AircraftSpec,
}

/// A flight, ready to fly: names resolved, points in the local plane, the type's defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// Its name.
    pub name: String,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its type.
    pub type_id: TypeId,
    /// Its side.
    pub side: SideId,
    /// Aircraft in it.
    pub count: u32,
    /// Time between two of them, s.
    pub spacing_s: f64,
    /// Speed flown, m/s.
    pub speed_mps: f64,
    /// How it changes course.
    pub turns: Turns,
    /// When it flies.
    pub start: Start,
    /// Where it flies.
    pub route: Route,
    /// Where it goes when its endurance runs out.
    pub home: Point,
    /// What it is after: a point and the distance within which it is reached, m.
    pub objective: Option<(Point, f64)>,
    /// Standard deviation of the cross-track deviation, m.
    pub cross_track_sigma_m: f64,
    /// Its flight plan.
    pub plan: Option<Plan>,
    /// What its aircraft carry.
    pub equipment: Equipment,
}

impl Flight {
    /// The same flight at another altitude throughout.
    pub fn at_altitude(&self, altitude_m: f64) -> Flight {
        let mut flight = self.clone();
        let level = |points: &mut Vec<Waypoint>| {
            for point in points {
                point.altitude_m = altitude_m;
            }
        };
        match &mut flight.route {
            Route::Waypoints(points) | Route::Loop { points, .. } => level(points),
            Route::Recorded(fixes) => {
                for fix in fixes {
                    fix.altitude_m = altitude_m;
                }
            }
            Route::Station {
                ingress,
                altitude_m: on_station_m,
                egress,
                ..
            } => {
                level(ingress);
                level(egress);
                *on_station_m = altitude_m;
            }
        }
        flight
    }

    /// Whether it takes off from the ground within the scenario, and lands where it ends.
    pub fn climbs_out(&self) -> bool {
        matches!(
            self.start,
            Start::Departs {
                at_altitude: false,
                ..
            } | Start::Poisson {
                at_altitude: false,
                ..
            }
        )
    }
}

/// When a flight flies.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// In the air when the scenario starts.
    Airborne,
    /// Departs after a time.
    Departs {
        /// Planned departure, s.
        after_s: f64,
        /// Departure delay.
        delay: Option<Delay>,
        /// Already at altitude.
        at_altitude: bool,
    },
    /// Poisson arrivals.
    Poisson {
        /// Mean arrivals a day.
        rate_per_day: f64,
        /// Already at altitude.
        at_altitude: bool,
    },
}

/// A point of a route and the altitude to hold on the way to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint {
    /// Where.
    pub at: Point,
    /// Altitude, m.
    pub altitude_m: f64,
}

/// A recorded position of a flight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Time after the first one, s.
    pub after_s: f64,
    /// Where.
    pub at: Point,
    /// Altitude, m.
    pub altitude_m: f64,
}

/// Where a flight flies.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// From point to point (at least two).
    Waypoints(Vec<Waypoint>),
    /// Round and round.
    Loop {
        /// At least two points.
        points: Vec<Waypoint>,
        /// Start uniform along the loop.
        random_start: bool,
    },
    /// Along recorded positions at the recorded times: straight between two of them, at the speed that takes.
    Recorded(Vec<Fix>),
    /// To a station, stay there, and back.
    Station {
        /// Points on the way; empty if the flight starts on station.
        ingress: Vec<Waypoint>,
        /// The pattern flown there.
        pattern: Pattern,
        /// Altitude on station, m.
        altitude_m: f64,
        /// Time on station, s.
        station_s: f64,
        /// Points on the way back; empty: straight home.
        egress: Vec<Waypoint>,
    },
}

/// The pattern flown on station.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// A circle.
    Orbit {
        /// Centre.
        center: Point,
        /// Radius, m.
        radius_m: f64,
        /// Clockwise.
        right: bool,
    },
    /// Two straights and two half circles.
    Racetrack {
        /// Start of the first straight.
        from: Point,
        /// End of the first straight.
        to: Point,
        /// Radius of the half circles, m.
        radius_m: f64,
        /// Turns are to the right.
        right: bool,
    },
}

/// How long an aircraft is in the sky.
#[derive(Debug, Clone, Copy, Component)]
pub struct Vitality {
    /// When it takes off; [`Millis::NEVER`] if it does not.
    pub departs: Millis,
    /// When it landed or was shot down; [`Millis::NEVER`] before that.
    pub gone: Millis,
}

impl Vitality {
    /// Whether it is in the sky at `time`, which must not be later than now.
    pub fn airborne(&self, time: Millis) -> bool {
        (self.departs..self.gone).contains(&time)
    }
}

/// Where an aircraft's flight plans say it flies, by version; nothing without a plan.
#[derive(Debug, Clone, Default, Component)]
pub struct Planned(pub [Option<trajectory::Trajectory>; 2]);
