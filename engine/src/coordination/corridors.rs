//! R9: corridors, minimum-risk routes, transit lanes.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, Held, Named, Offer, Rule, RulePage, Spec, Stage};
use crate::airspace::Corridor;
use crate::record::Reason;

pub(super) static PAGE: RulePage = RulePage {
    id: "R9",
    key: "corridors",
    title: "Corridors: do not fire at a track inside a corridor that is open",
    page: "\
A site does not fire at a track inside one of the scenario's `[corridors]`: within half a width of its line, between floor and
top, while it is open. Nothing but the place counts; who flies there, and whereto, is not asked. With probability `compliance`,
drawn once per site and aircraft, the crew acts on it. Stops shots in self-defence (R5) and at uncoordinated tracks in a
restricted operations zone (R10) as well.

Fails by: deviation from the corridor; a crew that does not heed it; abuse: a hostile inside it is as safe as anybody.
Costs: path stretch, because flights must be routed along it (write their routes so); predictability; leakers;
separation, as all fly along one line (`separation` measures it).
Source: minimum-risk routes and transit corridors as in ATP-3.3.5.1 and JP 3-52.",
    reasons: &["in_corridor"],    stages: &[Stage::Protection],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "holding fire inside the corridors",
        spec: "{}",
        band: [
            "heeded by half of the crews to all",
            r#"{ "compliance": 0.5 }"#,
            r#"{ "compliance": 1.0 }"#,
        ],
    }),
};

/// R9: corridors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorsSpec {
    /// Probability that a crew holds its fire at what is inside a corridor; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
}

fn certain() -> f64 {
    1.0
}

/// R9 ready to use.
#[derive(Debug)]
struct CorridorsRule {
    compliance: f64,
    corridors: Vec<Corridor>,
}

impl Spec for CorridorsSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(CorridorsRule {
            compliance: self.compliance,
            corridors: named.corridors.to_vec(),
        }))
    }
}

impl Rule for CorridorsRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        let track = &on.request.track;
        let inside = |corridor: &Corridor| corridor.contains(track.time, track.place);
        on.holds_fire(Held {
            rule: PAGE.id,
            here: self.corridors.iter().any(inside),
            heeded: on.request.draws.complies(1, self.compliance),
            settled: false,
            reason: Reason::InCorridor,
            yields: false,
            otherwise: ["corridors_not_heeded", "outside_corridors"],
        })
    }
}
