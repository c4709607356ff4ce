//! What was agreed: flight plans, zones, and who was told what, when.

pub mod notice;

use crate::geometry::Area;
use crate::ids::{Key, NodeId, SideId};

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
