//! What was agreed: flight plans, zones, and who was told what, when.

pub mod notice;

use nalgebra::Vector3;

use crate::geometry::{Area, Point, distance2_to_path};
use crate::ids::{Key, NodeId, SideId};
use crate::units::Millis;

pub use crate::streams::{Delay, ExponentialDelay, FixedDelay, LogNormalDelay, UniformDelay};

/// A flight plan, names resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Nodes it is meant for.
    pub addressees: Vec<NodeId>,
    /// Probability that it is filed.
    pub filed: f64,
    /// Probability that it goes to the addressees.
    pub addressed: f64,
    /// Where it goes otherwise.
    pub astray_to: Option<NodeId>,
    /// How long before the planned departure, s.
    pub notice_s: f64,
    /// Late change.
    pub amendment: Option<Amendment>,
}

/// A late change of plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amendment {
    /// Probability that the plan is changed.
    pub probability: f64,
    /// By how much the departure moves, s.
    pub departs_later_s: f64,
    /// How long before the first planned departure the second version is sent, s.
    pub notice_s: f64,
}

/// A node of the coordination graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// The side it belongs to.
    pub side: SideId,
}

/// A directed link of the coordination graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// What its draws are keyed by.
    pub key: Key,
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// Probability that a message gets through.
    pub delivery: f64,
    /// How long it takes.
    pub latency: Option<Delay>,
}

/// The last hop, from the command node to the crew of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The node.
    pub node: NodeId,
    /// Probability that a plan gets through.
    pub delivery: f64,
    /// How long it takes.
    pub latency: Option<Delay>,
}

/// A named volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its ground plan.
    pub area: Area,
    /// Floor, m.
    pub floor_m: f64,
    /// Top, m.
    pub top_m: f64,
}

impl Zone {
    /// Whether a place is inside.
    pub fn contains(&self, place: Vector3<f64>) -> bool {
        (self.floor_m..=self.top_m).contains(&place.z) && self.area.contains(place.xy())
    }

    /// Whether a place is inside, or no farther from it than a margin on the ground.
    pub fn near(&self, place: Vector3<f64>, margin_m: f64) -> bool {
        (self.floor_m..=self.top_m).contains(&place.z)
            && self.area.distance_m(place.xy()) <= margin_m
    }
}

/// A corridor: the air within half a width of a line, between two heights, for a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Corridor {
    /// Its name.
    pub name: String,
    /// The points its middle line leads through.
    pub points: Vec<Point>,
    /// Half its width, m.
    pub half_width_m: f64,
    /// Floor, m.
    pub floor_m: f64,
    /// Top, m.
    pub top_m: f64,
    /// From when it is open.
    pub from: Millis,
    /// Until when.
    pub until: Millis,
}

impl Corridor {
    /// Whether a place is inside at `time`; ends are round.
    pub fn contains(&self, time: Millis, place: Vector3<f64>) -> bool {
        (self.from..self.until).contains(&time)
            && (self.floor_m..=self.top_m).contains(&place.z)
            && distance2_to_path(place.xy(), &self.points) <= self.half_width_m * self.half_width_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance from the line, round ends, height and time: each bound by itself.
    #[test]
    fn a_corridor_ends_at_each_of_its_bounds() {
        let corridor = Corridor {
            name: "lane".into(),
            points: vec![
                Point::new(0.0, 0.0),
                Point::new(10_000.0, 0.0),
                Point::new(10_000.0, 5_000.0),
            ],
            half_width_m: 1000.0,
            floor_m: 500.0,
            top_m: 3000.0,
            from: Millis(1000),
            until: Millis(2000),
        };
        for (time_ms, place, inside) in [
            (1000, [5_000.0, 1000.0, 500.0], true),
            (1000, [5_000.0, 1001.0, 500.0], false),
            (1999, [5_000.0, -1000.0, 3000.0], true),
            (2000, [5_000.0, 0.0, 3000.0], false),
            (999, [5_000.0, 0.0, 3000.0], false),
            (1500, [5_000.0, 0.0, 499.0], false),
            (1500, [5_000.0, 0.0, 3001.0], false),
            (1500, [-999.0, 0.0, 1000.0], true),
            (1500, [-800.0, 800.0, 1000.0], false),
            (1500, [10_000.0, 6000.0, 1000.0], true),
            (1500, [11_000.0, 3000.0, 1000.0], true),
            (1500, [7_000.0, 3000.0, 1000.0], false),
        ] {
            let found = corridor.contains(Millis(time_ms), Vector3::from(place));
            assert_eq!(found, inside, "{time_ms} ms, {place:?}");
        }
    }
}
