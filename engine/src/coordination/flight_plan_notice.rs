//! R6: flight-plan notice to the shooter's own chain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Case, Parameter, RulePage};
use crate::record::{Decision, Reason};

pub(super) static PAGE: RulePage = RulePage {
    id: "R6",
    key: "flight_plan_notice",
    title: "Flight-plan notice: do not fire at a track that matches a plan in hand",
    page: "\
A site does not fire at a track that matches a flight plan it holds. Whether it holds one is decided by the coordination
graph: filed, addressed, delivered, in time, current version; whether the track matches, by the gate and window of the
class's `flight_plan` check. With probability `honour`, drawn once per site and aircraft, the crew acts on the match.

Probability that a filed plan protects: q = filed * addressed * delivered * P(latency < notice) * P(|dt| <= window) *
P(inside the gate) * correlation; loss per encounter ((1-q) a0 + q a1) P_kill.

Fails by: wrong addressee, loss, lateness, stale version, off route, early or late, a crew that does not heed it.
Costs: notice time, predictability of the flight.
Source: AFRICOM and LNA statements of November 2019; plan life cycle after ASTM F3548.",
    parameters: &[Parameter {
        key: "honour",
        unit: "probability",
        default: "1.0",
        range: "0 to 1",
        meaning: "probability that a crew which sees the match holds its fire",
    }],
    reasons: &["plan_honoured"],
};

/// R6: flight-plan notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlightPlanNoticeSpec {
    /// Probability that a crew which sees the match holds its fire; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub honour: f64,
}

fn certain() -> f64 {
    1.0
}

impl FlightPlanNoticeSpec {
    /// Why it does not protect a track, if it does not.
    pub(super) fn word(&self, case: &Case<'_>) -> &'static str {
        match case.notice.matched() {
            true if case.crew.heeds_plans => "plan_honoured",
            true => "match_not_heeded",
            false => case.notice.code(),
        }
    }

    /// Holds fire at a track that matches a plan, if the crew heeds it.
    pub(super) fn decide(&self, case: &Case<'_>) -> Result<(), Decision> {
        if case.notice.matched() && case.crew.heeds_plans {
            Err(Decision {
                rule: PAGE.id,
                reason: Reason::PlanHonoured,
            })
        } else {
            Ok(())
        }
    }
}
