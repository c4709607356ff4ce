//! The world's side of a rule that has a site ask somebody else: what whoever is asked may look at before he answers.
//!
//! Nobody reads who an aircraft is. A node goes by the plans that have reached it and by its own side's flights, and by the
//! place that it is told ([`NodeQuery`]); a second operator looks at the appearance of what is there; a look recognises a type; an
//! authority weighs what it is told and what it holds itself. Each may be wrong, and each for a reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApprovalQueues, EngagementRequest, Made};
use crate::identification::plan_check::PlanGate;
use crate::identification::{Gathered, Identifier};
use crate::ids::{Key, NodeId, SideId, SiteId};
use crate::platform::Equipment;
use crate::record::Affiliation;
use crate::streams::Streams;
use crate::units::Millis;

/// An arm that knows nothing: the same questions, the same waiting, and an answer that is always "go on".
///
/// A rule that asks or waits does three things at once: it delays, it holds fire where there is no answer, and it knows something.
/// With `delay` it only delays; with `defaults` it also holds where it would for want of an answer; the difference between these
/// two and the rule itself is what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placebo {
    /// Every answer, and the want of one, is "go on".
    Delay,
    /// Every answer is "go on"; overload, timeout and what is unclear act as in the rule.
    Defaults,
}

/// Who is behind a track: for those who look at him, and nobody else.
#[derive(Debug, Clone, Copy)]
pub struct AskedAbout<'a> {
    /// The row of the class's matrix that is true of it.
    pub truth_row: u8,
    /// Where it is, m.
    pub place: nalgebra::Vector3<f64>,
    /// What optics must resolve, m.
    pub critical_dimension_m: f64,
    /// Whose it is.
    pub side: SideId,
    /// What it carries.
    pub equipment: &'a Equipment,
}

/// A question about a track, and what whoever answers it may look at.
pub struct Inquiry<'a> {
    /// The track as the site holds it now.
    pub request: &'a EngagementRequest<'a>,
    /// The question: when it was first put.
    pub made: Made,
    /// The random numbers of the replication.
    pub streams: &'a Streams,
    /// The site.
    pub site: SiteId,
    /// What its draws are keyed by.
    pub site_key: Key,
    /// What draws about whoever is behind the track are keyed by.
    pub about: Key,
    /// How the site identifies.
    pub identifier: &'a Identifier,
    /// What it has gathered about the track.
    pub gathered: Gathered<'a>,
    /// Who is behind the track; nobody behind a false alarm.
    pub subject: Option<AskedAbout<'a>>,
    /// The node that commands the site.
    pub command: Option<NodeId>,
    /// What draws of the approval queue that releases its fire are keyed by.
    pub approval_queue: Key,
    /// The approval queues that release fire; there only at a scan that is visited in its turn.
    pub approval_queues: Option<&'a mut ApprovalQueues>,
    /// What a node knows.
    pub nodes: &'a dyn Fn(&NodeQuery) -> Option<Affiliation>,
}

/// A question to a node: whose is that track?
#[derive(Debug, Clone, Copy)]
pub struct NodeQuery {
    /// The node.
    pub node: NodeId,
    /// Who asks.
    pub asker: SideId,
    /// Where the track is held to be, m.
    pub place: nalgebra::Vector3<f64>,
    /// When.
    pub time: Millis,
    /// When the node looks: plans that have reached it by then count.
    pub answered: Millis,
    /// How near a plan, or a flight of its own, must be.
    pub gate: PlanGate,
    /// Probability that it knows where a flight of its own side is.
    pub own_flights: f64,
}
