//! R10: a restricted zone, entry only with prior coordination.

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngagementRequest, Parameter, RulePage};
use crate::airspace::{Plan, Zone};
use crate::ids::{Key, NodeId};
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R10",
    key: "restricted_zone",
    title: "Restricted zone: entry only with prior coordination",
    page: "\
A side's `authority`, a node of the coordination graph, closes a `zone` for a time, except inside the zones named in `exempt`.

Who flies: the rule is about flights of sides other than the authority's that are not hostile to it and whose planned path
enters (looked at every 100 m). With probability `coordinates`, drawn once per aircraft, a flight complies: its plan is sent
to the authority too, and a flight without a plan files one `notice_s` before departure. Of the others a share `stays_out`
does not fly: the sortie is cancelled. The rest enters uncoordinated, because it does not know, or does not care.

Who fires: the authority's sites. Where R1 declines for the status tight alone, a track inside the zone that matches no plan in
hand is fired at as if held Hostile (reason zone_violation). Held Friend, AssumedFriend or Neutral, Pending, or under hold it is
not. A plan in hand still protects by R6 alone: without R6, the zone takes nothing from those who coordinate.

Fails by: a party that is not aware; coordination with somebody else than the shooter's chain; loss and lateness on the way of
the plan; exempt areas, in which nothing changes.
Costs: cancelled sorties and their hours; and the paradox: the zone protects those who coordinate and raises the
risk of all others, so that with few who coordinate it may cost more neutrals than it saves.
Source: prior coordination demanded by the LNA on 23 and 24 November 2019 with Mitiga exempt (ANSA, Al-Marsad); restricted
operations zones as in JP 3-52. How many comply is an assumption.",
    parameters: &[
        Parameter {
            key: "coordinates",
            unit: "probability",
            default: "1.0",
            range: "0 to 1",
            meaning: "probability that a flight sends its plan to the authority",
        },
        Parameter {
            key: "stays_out",
            unit: "probability",
            default: "0.0",
            range: "0 to 1",
            meaning: "probability that a flight that does not is cancelled",
        },
        Parameter {
            key: "notice_s",
            unit: "s",
            default: "3600.0",
            range: "0 to 31622400",
            meaning: "time before departure at which a flight without a plan files one",
        },
        Parameter {
            key: "from_h",
            unit: "h",
            default: "0.0",
            range: "0 to 8784",
            meaning: "from when the zone is closed",
        },
        Parameter {
            key: "until_h",
            unit: "h",
            default: "none",
            range: "0 to 8784",
            meaning: "until when; without it to the end",
        },
        Parameter {
            key: "zone",
            unit: "zone",
            default: "none",
            range: "a zone of the scenario",
            meaning: "the zone that is closed",
        },
        Parameter {
            key: "exempt",
            unit: "zones",
            default: "[]",
            range: "zones of the scenario",
            meaning: "zones inside which the closure does not hold",
        },
        Parameter {
            key: "authority",
            unit: "node",
            default: "none",
            range: "a node of the scenario",
            meaning: "node that plans must be sent to; its side's sites enforce the zone",
        },
    ],
    reasons: &["zone_violation"],
};

/// R10: restricted zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictedZoneSpec {
    /// The zone that is closed.
    pub zone: String,
    /// Node that plans must be sent to; its side's sites enforce the zone.
    pub authority: String,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
    /// Zones inside which the closure does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// Probability that a flight sends its plan to the authority; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coordinates: f64,
    /// Probability that a flight that does not is cancelled; one draw per aircraft.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub stays_out: f64,
    /// Time before departure at which a flight without a plan files one, s.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub notice_s: f64,
}

fn certain() -> f64 {
    1.0
}

fn an_hour() -> f64 {
    3600.0
}

/// What a flight does about a restricted zone on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compliance {
    /// It sends its plan to the authority.
    Coordinates,
    /// It does not fly.
    StaysOut,
    /// It enters without a word.
    Enters,
}

/// R10 ready to use.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedZone {
    zone: Zone,
    exempt: Vec<Zone>,
    from: Millis,
    until: Millis,
    /// The node that plans must be sent to.
    pub authority: NodeId,
    coordinates: f64,
    stays_out: f64,
    notice_s: f64,
}

impl RestrictedZone {
    /// How far apart the places of a path are at which it is looked at, m.
    pub const STEP_M: f64 = 100.0;

    /// The zone of a checked specification; nothing if a name is not there.
    pub(super) fn new(
        spec: &RestrictedZoneSpec,
        zones: &[Zone],
        nodes: &[String],
    ) -> Option<RestrictedZone> {
        let named = |name: &String| zones.iter().find(|zone| zone.name == *name).cloned();
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        let authority = nodes.iter().position(|node| *node == spec.authority)?;
        Some(RestrictedZone {
            zone: named(&spec.zone)?,
            exempt: spec.exempt.iter().filter_map(named).collect(),
            from: hours(spec.from_h),
            until: spec.until_h.map_or(Millis::NEVER, hours),
            authority: NodeId(authority as u32),
            coordinates: spec.coordinates,
            stays_out: spec.stays_out,
            notice_s: spec.notice_s,
        })
    }

    /// Whether the closure holds at a place, at any time.
    pub fn covers(&self, place: Vector3<f64>) -> bool {
        self.zone.contains(place) && !self.exempt.iter().any(|zone| zone.contains(place))
    }

    /// Whether it holds there at `time`.
    pub fn closed(&self, time: Millis, place: Vector3<f64>) -> bool {
        (self.from..self.until).contains(&time) && self.covers(place)
    }

    /// Whether any flight may come to coordinate.
    pub fn may_coordinate(&self) -> bool {
        self.coordinates > 0.0
    }

    /// What an aircraft that would enter does.
    pub fn comply(&self, streams: &Streams, aircraft: Key) -> Compliance {
        let mut luck = streams.about(Purpose::Compliance, aircraft, Key::NONE);
        if luck.happens(0, self.coordinates) {
            Compliance::Coordinates
        } else if luck.happens(1, self.stays_out) {
            Compliance::StaysOut
        } else {
            Compliance::Enters
        }
    }

    /// The plan with the authority among its addressees; a new one for a flight that has none.
    pub fn coordinated(&self, plan: Option<&Plan>) -> Plan {
        let mut plan = plan.cloned().unwrap_or(Plan {
            addressees: Vec::new(),
            filed: 1.0,
            addressed: 1.0,
            astray_to: None,
            notice_s: self.notice_s,
            amendment: None,
        });
        if !plan.addressees.contains(&self.authority) {
            plan.addressees.push(self.authority);
        }
        plan
    }

    /// What it has to say of a track.
    pub(super) fn word(&self, request: &EngagementRequest<'_>) -> &'static str {
        match self.permits(request) {
            Some(_) => "zone_violation",
            None if !request.draws.enforces_zone => "not_enforced_here",
            None if !self.closed(request.track.time, request.track.place) => "outside_zone",
            None => "coordinated",
        }
    }

    /// Permits fire at an uncoordinated track that R1 declines for the status tight alone.
    pub(super) fn permits(&self, request: &EngagementRequest<'_>) -> Option<Decision> {
        let violation = request.draws.enforces_zone
            && !request.track.notice.matched()
            && self.closed(request.track.time, request.track.place);
        violation.then_some(Decision {
            rule: PAGE.id,
            reason: Reason::ZoneViolation,
        })
    }
}
