//! R9: corridors, minimum-risk routes, transit lanes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngagementRequest, Parameter, RulePage};
use crate::airspace::Corridor;
use crate::record::{Decision, Reason};

pub(super) static PAGE: RulePage = RulePage {
    id: "R9",
    key: "corridors",
    title: "Corridors: do not fire at a track inside a corridor that is open",
    page: "\
A site does not fire at a track inside one of the scenario's `[corridors]`: within half a width of its line, between floor and
top, while it is open. Nothing but the place counts; who flies there, and whereto, is not asked. With probability `honour`,
drawn once per site and aircraft, the crew acts on it. Stops shots in self-defence (R5) and at uncoordinated tracks in a
restricted zone (R10) as well.

Fails by: deviation from the corridor; a crew that does not heed it; abuse: a hostile inside it is as safe as anybody.
Costs: path stretch, because flights must be routed along it (write their routes so); predictability; leakers.
Source: minimum-risk routes and transit corridors as in ATP-3.3.5.1 and JP 3-52.",
    parameters: &[Parameter {
        key: "honour",
        unit: "probability",
        default: "1.0",
        range: "0 to 1",
        meaning: "probability that a crew holds its fire at what is inside a corridor",
    }],
    reasons: &["in_corridor"],
};

/// R9: corridors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorsSpec {
    /// Probability that a crew holds its fire at what is inside a corridor; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub honour: f64,
}

fn certain() -> f64 {
    1.0
}

/// R9 ready to use.
#[derive(Debug, Clone)]
pub(super) struct CorridorsRule {
    pub honour: f64,
    corridors: Vec<Corridor>,
}

impl CorridorsRule {
    pub(super) fn new(spec: &CorridorsSpec, corridors: &[Corridor]) -> CorridorsRule {
        CorridorsRule {
            honour: spec.honour,
            corridors: corridors.to_vec(),
        }
    }

    /// Why it does not protect a track, if it does not.
    pub(super) fn word(&self, request: &EngagementRequest<'_>) -> &'static str {
        match self.decide(request) {
            Err(_) => "in_corridor",
            Ok(()) if !request.draws.heeds_corridors => "corridors_not_heeded",
            Ok(()) => "outside_corridors",
        }
    }

    /// Holds fire at a track inside a corridor, if the crew heeds it.
    pub(super) fn decide(&self, request: &EngagementRequest<'_>) -> Result<(), Decision> {
        let inside =
            |corridor: &Corridor| corridor.contains(request.track.time, request.track.place);
        if request.draws.heeds_corridors && self.corridors.iter().any(inside) {
            Err(Decision {
                rule: PAGE.id,
                reason: Reason::InCorridor,
            })
        } else {
            Ok(())
        }
    }
}
