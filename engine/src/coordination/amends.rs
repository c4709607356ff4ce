//! What rules change about a flight before it takes place: what it carries, how high and when it flies, whether it does, and who is
//! told.

use std::borrow::Cow;

use crate::airspace::notice::Filing;
use crate::airspace::{Link, Node, Plan};
use crate::ids::{Key, SideId};
use crate::platform::trajectory::{Draws, Trajectory};
use crate::platform::{AircraftSpec, Flight};
use crate::record::Affiliation;
use crate::streams::Streams;
use crate::units::Millis;

/// What a rule changes about a flight. Rules do so in this order, each on what those before it have left; at one of these by
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amends {
    /// What it carries.
    Equipment,
    /// How high it flies.
    Altitude,
    /// When it departs.
    Departure,
    /// Whether it flies.
    Closure,
    /// Whom its plan is sent to.
    Addressees,
}

/// Where and when an aircraft means to fly, before it is late or off its route.
#[derive(Debug, Clone)]
pub struct Intent<'a> {
    /// The flight, as it is flown.
    pub flight: Cow<'a, Flight>,
    /// The type it is flown with.
    pub spec: &'a AircraftSpec,
    /// Planned departure, s.
    pub departs_s: f64,
    /// Where on its loop it starts, in [0, 1).
    pub loop_start: f64,
    /// The end, s.
    pub until_s: f64,
    /// What each side is to each, to the first.
    pub relations: &'a [Vec<Affiliation>],
}

impl Intent<'_> {
    /// How far apart the places of a path are at which rules look at it, m.
    const STEP_M: f64 = 100.0;

    /// Where it flies if it departs then and is so far off its route, by leg.
    pub fn path(&self, departs_s: f64, deviation_m: &mut dyn FnMut(u64) -> f64) -> Trajectory {
        let draws = Draws {
            departs_s,
            loop_start: self.loop_start,
            deviation_m,
        };
        let grounded = self.flight.climbs_out();
        Trajectory::fly(&self.flight, self.spec, draws, grounded, self.until_s)
    }

    /// Where it flies if it departs then and keeps to its route.
    pub fn planned(&self, departs_s: f64) -> Trajectory {
        self.path(departs_s, &mut |_| 0.0)
    }

    /// Whether something holds somewhere on its planned path.
    pub(super) fn passes(&self, holds: impl FnMut(Millis, nalgebra::Vector3<f64>) -> bool) -> bool {
        self.planned(self.departs_s).somewhere(Self::STEP_M, holds)
    }

    /// What its side is to another.
    pub(super) fn regarded_by(&self, side: SideId) -> Affiliation {
        self.relations[side.index()][self.flight.side.index()]
    }
}

/// An aircraft that is about to fly, for the rules that amend that.
#[derive(Debug)]
pub struct PlannedFlight<'a> {
    /// Where and when it means to fly.
    pub intent: Intent<'a>,
    /// Its plan, with all who are to be sent it.
    pub plan: Option<Cow<'a, Plan>>,
    /// Whether it stays on the ground.
    pub cancelled: bool,
    /// Its side, by name.
    pub side: &'a str,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its number within the flight.
    pub number: u32,
    /// The coordination graph.
    pub graph: (&'a [Node], &'a [Link]),
    /// The random numbers of the replication.
    pub streams: &'a Streams,
}

impl PlannedFlight<'_> {
    /// Whether it flies for one of these sides.
    pub(super) fn is_of(&self, sides: &[String]) -> bool {
        sides.iter().any(|side| side == self.side)
    }

    /// What becomes of its plan on its way.
    pub fn filing(&self) -> Option<Filing> {
        let (plan, (nodes, links)) = (self.plan.as_ref()?, self.graph);
        let departs_s = self.intent.departs_s;
        Some(Filing::draw(
            plan,
            self.key,
            departs_s,
            nodes,
            links,
            self.streams,
        ))
    }
}
