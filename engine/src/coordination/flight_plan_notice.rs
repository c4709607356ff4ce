//! R6: flight-plan notice to the shooter's own chain.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, Held, Named, Offer, Rule, RulePage, Spec, Stage};
use crate::record::Reason;

pub(super) static PAGE: RulePage = RulePage {
    id: "R6",
    key: "flight_plan_notice",
    title: "Flight-plan notice: do not fire at a track that matches a plan in hand",
    page: "\
A site does not fire at a track that matches a flight plan it holds. Whether it holds one is decided by the coordination
graph: filed, addressed, delivered, in time, current version; whether the track matches, by the gate and window of the
class's `flight_plan` check, each time the site declares (`identification.interval_s`), and at the next scan after the plan comes. With probability `compliance`, drawn once per site and aircraft, the crew acts on the match.

Probability that a filed plan protects: q = filed * addressed * delivered * P(latency + time to the next scan < notice) * P(|dt| <= window) *
P(inside the gate) * correlation; loss per encounter ((1-q) a0 + q a1) P_kill.

Fails by: wrong addressee, loss, lateness, stale version, off route, early or late, a crew that does not heed it.
Costs: notice time, predictability of the flight.
Source: AFRICOM and LNA statements of November 2019; plan life cycle after ASTM F3548.",
    reasons: &["plan_matched"],    stages: &[Stage::Protection],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "plans sent also to those who might shoot",
        spec: "{}",
        band: [
            "heeded by half of the crews to all",
            r#"{ "compliance": 0.5 }"#,
            r#"{ "compliance": 1.0 }"#,
        ],
    }),
};

/// R6: flight-plan notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlightPlanNoticeSpec {
    /// Probability that a crew which sees the match holds its fire; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
}

fn certain() -> f64 {
    1.0
}

impl Spec for FlightPlanNoticeSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl Rule for FlightPlanNoticeSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    /// What the plan check found holds until it finds something else.
    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        let notice = on.request.track.notice;
        let matched = notice.matched();
        on.holds_fire(Held {
            rule: PAGE.id,
            here: matched,
            heeded: matched && on.request.draws.complies(0, self.compliance),
            settled: true,
            reason: Reason::PlanMatched,
            yields: false,
            otherwise: ["match_not_heeded", notice.code()],
        })
    }
}
