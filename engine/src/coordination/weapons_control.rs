//! R1: weapons control status by zone and time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngagementRequest, Parameter, RulePage};
use crate::airspace::Zone;
use crate::record::{Decision, Identity, Reason};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R1",
    key: "weapons_control",
    title: "Weapons control status by zone and time",
    page: "\
Free: fire at Unknown, Suspect and Hostile. Tight: fire only at Hostile. Hold: do not fire. Never, under any status, at
Pending, Neutral, AssumedFriend or Friend. Without this rule every site is tight everywhere. Where several zones apply,
the strictest of them wins over the status outside.

Fails by: nothing in this version; the status is known to every site at once.
Costs: leakers, the stricter the status.
Source: weapons control status as in ATP-3.3.7 and JP 3-01, in common use.",
    parameters: &[Parameter {
        key: "status",
        unit: "choice",
        default: "\"tight\"",
        range: "\"free\", \"tight\", \"hold\"",
        meaning: "status outside all zones named in `zones`",
    }],
    reasons: &["weapons_free", "weapons_tight", "weapons_hold", "held_protected", "identity_pending"],
};

/// R1: weapons control status by zone and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeaponsControlSpec {
    /// Status outside all zones.
    #[serde(default)]
    pub status: WeaponsControl,
    /// Status inside zones, for a time; the strictest that applies wins over the status above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<ZoneStatusSpec>,
}

/// Weapons control status.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WeaponsControl {
    /// Fire at anything not identified as friend or neutral.
    Free,
    /// Fire only at what is held hostile.
    #[default]
    Tight,
    /// Do not fire.
    Hold,
}

/// A status inside a zone, for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneStatusSpec {
    /// The zone.
    pub zone: String,
    /// The status inside it.
    pub status: WeaponsControl,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
}

/// R1 ready to use; without a specification every site is tight everywhere.
#[derive(Debug, Clone, Default)]
pub(super) struct WeaponsControlRule {
    status: WeaponsControl,
    zones: Vec<ZoneStatus>,
}

#[derive(Debug, Clone)]
struct ZoneStatus {
    zone: Zone,
    status: WeaponsControl,
    from: Millis,
    until: Millis,
}

impl WeaponsControlRule {
    pub(super) fn new(spec: Option<&WeaponsControlSpec>, zones: &[Zone]) -> WeaponsControlRule {
        let Some(spec) = spec else {
            return WeaponsControlRule::default();
        };
        let zones = spec.zones.iter().filter_map(|entry| {
            let zone = zones.iter().find(|zone| zone.name == entry.zone)?.clone();
            let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
            Some(ZoneStatus {
                zone,
                status: entry.status,
                from: hours(entry.from_h),
                until: entry.until_h.map_or(Millis::NEVER, hours),
            })
        });
        WeaponsControlRule {
            status: spec.status,
            zones: zones.collect(),
        }
    }

    pub(super) fn everywhere_alike(&self) -> bool {
        self.zones.is_empty()
    }

    /// The status that applies to a track: of the zones it is in, the strictest; outside all of them, the general one.
    pub(super) fn status(&self, request: &EngagementRequest<'_>) -> WeaponsControl {
        let applies = |entry: &&ZoneStatus| {
            (entry.from..entry.until).contains(&request.track.time)
                && entry.zone.contains(request.track.place)
        };
        self.zones
            .iter()
            .filter(applies)
            .map(|entry| entry.status)
            .max()
            .unwrap_or(self.status)
    }

    /// A status as a word.
    pub(super) fn word(&self, request: &EngagementRequest<'_>) -> &'static str {
        match self.status(request) {
            WeaponsControl::Free => "weapons_free",
            WeaponsControl::Tight => "weapons_tight",
            WeaponsControl::Hold => "weapons_hold",
        }
    }

    /// What follows from a status, this rule's own or one that another rule has put in its place.
    pub(super) fn decide(
        &self,
        request: &EngagementRequest<'_>,
        status: WeaponsControl,
        hostile_by_criteria: bool,
    ) -> Result<Decision, Decision> {
        let because = |reason| Decision {
            rule: PAGE.id,
            reason,
        };
        match (request.track.identity, status) {
            (Identity::Pending, _) => Err(because(Reason::IdentityPending)),
            (Identity::AssumedFriend | Identity::Friend | Identity::Neutral, _) => {
                Err(because(Reason::HeldProtected))
            }
            (_, WeaponsControl::Hold) => Err(because(Reason::WeaponsHold)),
            (Identity::Hostile, _) => Ok(Decision {
                rule: if hostile_by_criteria { "R2" } else { PAGE.id },
                reason: Reason::HostileIdentity,
            }),
            (Identity::Unknown | Identity::Suspect, WeaponsControl::Free) => {
                Ok(because(Reason::WeaponsFree))
            }
            (Identity::Unknown | Identity::Suspect, WeaponsControl::Tight) => {
                Err(because(Reason::WeaponsTight))
            }
        }
    }
}
