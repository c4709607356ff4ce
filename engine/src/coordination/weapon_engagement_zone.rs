//! R12: who may fire where.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, EngagementRequest, Held, NEEDS_A_PLACE, Named, Rule, RulePage, Spec, Stage,
};
use crate::airspace::Zone;
use crate::ids::ClassId;
use crate::record::Reason;

pub(super) static PAGE: RulePage = RulePage {
    id: "R12",
    key: "weapon_engagement_zone",
    title: "Weapon engagement zones: each class of shooters fires in its own zone alone",
    page: "\
A class of sites that is named in `areas` fires at a track only while it holds it inside one of its zones, each widened by
`margin_m` on the ground (reason outside_engagement_zone); classes that are named nowhere fire anywhere. With probability `compliance`,
drawn once per site and aircraft, the crew keeps to it. Self-defence (R5) may fire outside unless `self_defence` is false.

A neutral that keeps out of all zones is safe but for crews that do not heed the rule: loss (1 - compliance) P_kill.

Fails by: seams and gaps between zones, where nobody is responsible; tracks held on the wrong side of a line (misaligned radars);
crews that do not heed it.
Costs: leakers through the gaps, and where the neighbour is out of missiles.
Source: missile and fighter engagement zones as in JP 3-01 and JP 3-52.",
    reasons: &["outside_engagement_zone"],    stages: &[Stage::Area],
    amends: None,
    binds_all: false,
    offer: Err(NEEDS_A_PLACE),
};

/// R12: weapon engagement zones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeaponEngagementZoneSpec {
    /// Which site classes may fire in which zone.
    #[serde(default)]
    pub areas: Vec<EngagementZoneSpec>,
    /// By how much each zone is widened, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub margin_m: f64,
    /// Probability that a crew keeps to its zones; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
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

/// A zone and who may fire there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementZoneSpec {
    /// The zone.
    pub zone: String,
    /// The site classes.
    pub classes: Vec<String>,
}

/// R12 ready to use.
#[derive(Debug)]
struct WeaponEngagementZoneRule {
    compliance: f64,
    self_defence: bool,
    margin_m: f64,
    /// The zones of each class that is named, by class.
    zones: Vec<Option<Vec<Zone>>>,
}

impl Spec for WeaponEngagementZoneSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        let of_class = |class: &String| {
            let areas = self.areas.iter();
            let mut own = areas.filter(|area| area.classes.contains(class)).peekable();
            own.peek()?;
            let zone =
                |area: &EngagementZoneSpec| named.zones.iter().find(|zone| zone.name == area.zone);
            Some(own.filter_map(zone).cloned().collect())
        };
        Some(Arc::new(WeaponEngagementZoneRule {
            compliance: self.compliance,
            self_defence: self.self_defence,
            margin_m: self.margin_m,
            zones: named.classes.iter().map(of_class).collect(),
        }))
    }
}

impl WeaponEngagementZoneRule {
    fn outside(&self, request: &EngagementRequest<'_>) -> bool {
        let ClassId(class) = request.class;
        let zones = self.zones.get(class as usize).and_then(Option::as_ref);
        let near = |zone: &Zone| zone.near(request.track.place, self.margin_m);
        zones.is_some_and(|zones| !zones.iter().any(near))
    }
}

impl Rule for WeaponEngagementZoneRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        on.holds_fire(Held {
            rule: PAGE.id,
            here: self.outside(on.request),
            heeded: on.request.draws.complies(2, self.compliance),
            settled: false,
            reason: Reason::OutsideEngagementZone,
            yields: self.self_defence,
            otherwise: ["not_complied_with", "in_own_zone"],
        })
    }
}
