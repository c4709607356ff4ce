//! R8: agreed windows of time.

use std::sync::Arc;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lost_comms::HoursSpec;
use super::{
    Amends, Consultation, EngagementRequest, NEEDS_A_PLACE, Named, PlannedFlight, Rule, RulePage,
    Spec, Stage, WeaponsControl,
};
use crate::airspace::Zone;
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R8",
    key: "time_windows",
    title: "Time windows: hours in which those who coordinate fly and the shooters are held back",
    page: "\
In each of the `windows` the weapons control status of every site is at most `status` for tracks in `zone` (everywhere without
one); R1 holds where it is stricter, and outside the windows (reason agreed_window). A site's clock for the windows is off by an
error drawn once per site, normal with `clock_error_s`.

Flights of `sides` keep to the windows with probability `compliance`, drawn once per aircraft: one that would be in the zone first
outside every window, by its planned path, departs later, so that it comes there as the next one opens; if none follows, the
sortie is cancelled. Delays of departure come on top, so that some arrive late, and some stay over the end.

Fails by: late and early flights, clocks that differ, flights that do not keep to it, raids that use the window.
Costs: hours waited and cancelled; leakers in the windows; separation of those who now come together (`separation` measures it).
Source: time separation of airspace users as in JP 3-52.",
    reasons: &["agreed_window"],    stages: &[Stage::Status],
    amends: Some(Amends::Departure),
    binds_all: true,
    offer: Err(NEEDS_A_PLACE),
};

/// R8: time windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeWindowsSpec {
    /// The agreed hours.
    #[serde(default)]
    pub windows: Vec<HoursSpec>,
    /// Where they hold; without it everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Status in the windows, if stricter than that of R1.
    #[serde(default = "hold")]
    pub status: WeaponsControl,
    /// Standard deviation of a site's clock, s; one draw per site.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub clock_error_s: f64,
    /// Sides whose flights keep to the windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<String>,
    /// Probability that a flight of these does; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
}

fn hold() -> WeaponsControl {
    WeaponsControl::Hold
}

fn certain() -> f64 {
    1.0
}

/// R8 ready to use.
#[derive(Debug, Clone)]
struct TimeWindows {
    windows: Vec<(Millis, Millis)>,
    zone: Option<Zone>,
    status: WeaponsControl,
    clock_error_s: f64,
    sides: Vec<String>,
    compliance: f64,
}

impl TimeWindows {
    fn new(spec: &TimeWindowsSpec, zones: &[Zone]) -> TimeWindows {
        let mut windows: Vec<_> = spec.windows.iter().map(HoursSpec::span).collect();
        windows.sort_unstable();
        let named = |name: &String| zones.iter().find(|zone| zone.name == *name).cloned();
        TimeWindows {
            windows,
            zone: spec.zone.as_ref().and_then(named),
            status: spec.status,
            clock_error_s: spec.clock_error_s,
            sides: spec.sides.clone(),
            compliance: spec.compliance,
        }
    }

    /// Whether the windows are about a place.
    fn covers(&self, place: Vector3<f64>) -> bool {
        self.zone.as_ref().is_none_or(|zone| zone.contains(place))
    }

    /// Whether an aircraft keeps to the windows.
    fn complies(&self, planned: &PlannedFlight<'_>) -> bool {
        let mut draws = (planned.streams).about(Purpose::WindowKept, planned.key, Key::NONE);
        planned.is_of(&self.sides) && draws.happens(0, self.compliance)
    }

    /// When somebody who would come at `time` may come: then, or as the next window opens; not at all after the last.
    fn opens(&self, time: Millis) -> Option<Millis> {
        let next = self.windows.iter().find(|(_, until)| time < *until)?;
        Some(time.max(next.0))
    }

    /// By how much the clock of the site is fast.
    fn fast(&self, request: &EngagementRequest<'_>) -> Millis {
        if self.clock_error_s == 0.0 {
            return Millis::ZERO;
        }
        let mut draws = request.draws.of_site(Purpose::WindowClock);
        Millis::from_seconds(self.clock_error_s * draws.normal(0))
    }

    /// Whether a window is open where the track is, by the site's clock.
    fn holds(&self, request: &EngagementRequest<'_>) -> bool {
        let time = request.track.time + self.fast(request);
        let open = |(from, until): &(Millis, Millis)| (*from..*until).contains(&time);
        self.windows.iter().any(open) && self.covers(request.track.place)
    }

    /// When a window next opens or closes by the site's clock.
    fn changes(&self, request: &EngagementRequest<'_>) -> Millis {
        let fast = self.fast(request);
        let ends = self
            .windows
            .iter()
            .flat_map(|(from, until)| [*from, *until]);
        let later = ends.filter(|end| *end > request.track.time + fast);
        match later.min() {
            None | Some(Millis::NEVER) => Millis::NEVER,
            Some(end) => end - fast,
        }
    }
}

impl Spec for TimeWindowsSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(TimeWindows::new(self, named.zones)))
    }
}

impl Rule for TimeWindows {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        on.verdict.until(self.changes(on.request));
        if self.zone.is_some() {
            on.verdict.next_scan();
        }
        if !self.holds(on.request) {
            return "outside_windows";
        }
        if self.status > on.verdict.status {
            on.verdict.status = self.status;
            on.verdict.status_by = Some(Decision {
                rule: PAGE.id,
                reason: Reason::AgreedWindow,
            });
        }
        "in_window"
    }

    fn amend(&self, planned: &mut PlannedFlight<'_>) {
        if !self.complies(planned) {
            return;
        }
        let mut comes = None;
        planned.intent.passes(|time, place| {
            comes = self.covers(place).then_some(time);
            comes.is_some()
        });
        match comes.map(|time| (time, self.opens(time))) {
            Some((time, Some(opens))) => planned.intent.departs_s += (opens - time).seconds(),
            Some((_, None)) => planned.cancelled = true,
            None => {}
        }
    }
}
