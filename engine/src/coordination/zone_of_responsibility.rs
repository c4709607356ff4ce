//! R12: who may fire where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Case, RulePage, parameter};
use crate::airspace::Zone;
use crate::ids::ClassId;
use crate::record::{Decision, Reason};

pub(super) static PAGE: RulePage = RulePage {
    id: "R12",
    key: "zone_of_responsibility",
    title: "Zones of responsibility: each class of shooters fires in its own zone alone",
    page: "\
A class of sites that is named in `areas` fires at a track only while it holds it inside one of its zones, each widened by
`margin_m` on the ground (reason outside_responsibility); classes that are named nowhere fire anywhere. With probability `heeds`,
drawn once per site and aircraft, the crew keeps to it. Self-defence (R5) may fire outside unless `self_defence` is false.

A neutral that keeps out of all zones is safe but for crews that do not heed the rule: loss (1 - heeds) P_kill.

Fails by: seams and gaps between zones, where nobody is responsible; tracks held on the wrong side of a line (misaligned radars);
crews that do not heed it.
Costs: leakers through the gaps, and where the neighbour is out of missiles.
Source: missile and fighter engagement zones as in JP 3-01 and JP 3-52.",
    parameters: &[
        parameter("areas", "list", "[]", "{ zone, classes }", "which site classes are responsible where"),
        parameter("margin_m", "m", "0.0", "0 to 100000", "by how much each zone is widened"),
        parameter("heeds", "probability", "1.0", "0 to 1", "probability that a crew keeps to its zones"),
        parameter("self_defence", "choice", "true", "true, false", "whether self-defence may fire outside"),
    ],
    reasons: &["outside_responsibility"],
};

/// R12: zones of responsibility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneOfResponsibilitySpec {
    /// Which site classes are responsible where.
    #[serde(default)]
    pub areas: Vec<AreaOfResponsibilitySpec>,
    /// By how much each zone is widened, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub margin_m: f64,
    /// Probability that a crew keeps to its zones; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub heeds: f64,
    /// Whether self-defence may fire outside.
    #[serde(default = "yes")]
    pub self_defence: bool,
}

fn certain() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// A zone and who is responsible there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaOfResponsibilitySpec {
    /// The zone.
    pub zone: String,
    /// The site classes.
    pub classes: Vec<String>,
}

/// R12 ready to use.
#[derive(Debug, Clone)]
pub(super) struct ZoneOfResponsibilityRule {
    pub heeds: f64,
    pub self_defence: bool,
    margin_m: f64,
    /// The zones of each class that is named, by class.
    zones: Vec<Option<Vec<Zone>>>,
}

impl ZoneOfResponsibilityRule {
    pub(super) fn new(
        spec: &ZoneOfResponsibilitySpec,
        zones: &[Zone],
        classes: &[String],
    ) -> ZoneOfResponsibilityRule {
        let of_class = |class: &String| {
            let areas = spec.areas.iter();
            let mut own = areas.filter(|area| area.classes.contains(class)).peekable();
            own.peek()?;
            let named =
                |area: &AreaOfResponsibilitySpec| zones.iter().find(|zone| zone.name == area.zone);
            Some(own.filter_map(named).cloned().collect())
        };
        ZoneOfResponsibilityRule {
            heeds: spec.heeds,
            self_defence: spec.self_defence,
            margin_m: spec.margin_m,
            zones: classes.iter().map(of_class).collect(),
        }
    }

    fn outside(&self, case: &Case<'_>) -> bool {
        let ClassId(class) = case.class;
        let zones = self.zones.get(class as usize).and_then(Option::as_ref);
        let near = |zone: &Zone| zone.near(case.place, self.margin_m);
        zones.is_some_and(|zones| !zones.iter().any(near))
    }

    /// Holds fire at a track for which others are responsible, if the crew heeds it.
    pub(super) fn decide(&self, case: &Case<'_>) -> Result<(), Decision> {
        if case.crew.heeds_responsibility && self.outside(case) {
            Err(Decision {
                rule: PAGE.id,
                reason: Reason::OutsideResponsibility,
            })
        } else {
            Ok(())
        }
    }

    /// What it has to say of a track.
    pub(super) fn word(&self, case: &Case<'_>) -> &'static str {
        match (self.outside(case), case.crew.heeds_responsibility) {
            (false, _) => "responsible",
            (true, true) => "outside_responsibility",
            (true, false) => "responsibility_not_heeded",
        }
    }
}
