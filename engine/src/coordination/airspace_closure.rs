//! R18: a notice to airmen closes airspace to traffic.

use std::sync::Arc;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amends, NEEDS_A_PLACE, Named, PlannedFlight, Rule, RulePage, Spec};
use crate::airspace::{Delay, FixedDelay, Zone};
use crate::ids::Key;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R18",
    key: "airspace_closure",
    title: "Airspace closure: a notice to airmen keeps traffic out of a zone",
    page: "\
A notice closes the `zone` below `top_m` from `from_h` to `until_h` for flights of `sides`. It is published `notice_h` before and is
with a flight after a time drawn from `latency`: a flight that departs before that has not got it. Of the others one reads it with
probability `compliance`; one that has read it, and whose planned path would enter below the top in the closed time (looked at every 100
m), is cancelled with probability `cancels`. Flights above the top, and those that have not read it, fly on. All draws are made
once per aircraft. The rule decides about no shot.

Of the flights that would enter, 1 - compliance * cancels still do.

Fails by: late and unread notices; a top too low for those who are in danger: over Ukraine in July 2014 the air was closed up to
9 750 m, and flight MH17 was at 10 050 m.
Costs: cancelled flights and their hours; what they lose in separation elsewhere, or gain, `separation` measures.
Source: Dutch Safety Board, \"Crash of Malaysia Airlines flight MH17\" (2015); ICAO Annex 15, Doc 9554 and
Doc 10084 (risk assessment for flight over conflict zones), and the conflict zone information bulletins of EASA. How many cancel is
an assumption.",
    reasons: &[],    stages: &[],
    amends: Some(Amends::Closure),
    binds_all: true,
    offer: Err(NEEDS_A_PLACE),
};

/// R18: airspace closure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AirspaceClosureSpec {
    /// The zone that is closed.
    pub zone: String,
    /// Height below which it is closed, m; without it the zone's top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub top_m: Option<f64>,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
    /// Sides whose flights it is for.
    #[serde(default)]
    pub sides: Vec<String>,
    /// Time before it takes effect at which it is published, hours.
    #[serde(default = "a_day")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub notice_h: f64,
    /// Time until a published notice is with a flight; one draw per aircraft.
    #[serde(default = "an_hour")]
    pub latency: Delay,
    /// Probability that a flight reads it; one draw per aircraft.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
    /// Probability that one that would enter is cancelled; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub cancels: f64,
}

fn a_day() -> f64 {
    24.0
}

fn an_hour() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 3600.0 })
}

fn mostly() -> f64 {
    0.95
}

fn certain() -> f64 {
    1.0
}

/// R18 ready to use.
#[derive(Debug, Clone)]
struct AirspaceClosure {
    spec: AirspaceClosureSpec,
    zone: Zone,
    from: Millis,
    until: Millis,
}

impl AirspaceClosure {
    /// The closure of a checked specification; nothing if its zone is not there.
    fn new(spec: &AirspaceClosureSpec, zones: &[Zone]) -> Option<AirspaceClosure> {
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        let mut zone = zones.iter().find(|zone| zone.name == spec.zone)?.clone();
        zone.top_m = spec.top_m.unwrap_or(zone.top_m).min(zone.top_m);
        Some(AirspaceClosure {
            zone,
            from: hours(spec.from_h),
            until: spec.until_h.map_or(Millis::NEVER, hours),
            spec: spec.clone(),
        })
    }

    /// Whether a place is closed at a time.
    fn closed(&self, time: Millis, place: Vector3<f64>) -> bool {
        (self.from..self.until).contains(&time) && self.zone.contains(place)
    }

    /// Whether an aircraft stays on the ground for it, if it would enter.
    fn cancels(&self, planned: &PlannedFlight<'_>) -> bool {
        let mut draws = (planned.streams).about(Purpose::Closure, planned.key, Key::NONE);
        let departs = Millis::from_seconds(planned.intent.departs_s);
        let published = self.from - Millis::from_seconds(self.spec.notice_h * 3600.0);
        let known = published + Millis::from_seconds(draws.delay_s(2, &self.spec.latency));
        known <= departs
            && draws.happens(0, self.spec.compliance)
            && draws.happens(1, self.spec.cancels)
    }
}

impl Spec for AirspaceClosureSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(AirspaceClosure::new(self, named.zones)?))
    }
}

impl Rule for AirspaceClosure {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn amend(&self, planned: &mut PlannedFlight<'_>) {
        planned.cancelled |= planned.is_of(&self.spec.sides)
            && self.cancels(planned)
            && (planned.intent).passes(|time, place| self.closed(time, place));
    }
}
