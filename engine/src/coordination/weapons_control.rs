//! R1: weapons control status by zone and time.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, EngagementRequest, Fallback, Named, Opens, Rule, RulePage, Spec, Stage};
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
Source: weapons control status as in JP 3-01 and AJP-3.3.1, in common use.",
    reasons: &["weapons_free", "weapons_tight", "weapons_hold", "identified_protected", "identity_pending"],    stages: &[Stage::Status, Stage::Identity],
    amends: None,
    binds_all: false,
    offer: Err("it is in force"),
};

/// R1: weapons control status by zone and time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Fire only at what is identified as hostile.
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

/// R1 ready to use.
#[derive(Debug)]
struct WeaponsControlRule {
    status: WeaponsControl,
    zones: Vec<ZoneStatus>,
}

#[derive(Debug)]
struct ZoneStatus {
    zone: Zone,
    status: WeaponsControl,
    from: Millis,
    until: Millis,
}

impl Spec for WeaponsControlSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        let zones = self.zones.iter().filter_map(|entry| {
            let zone = named.zones.iter().find(|zone| zone.name == entry.zone)?;
            let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
            Some(ZoneStatus {
                zone: zone.clone(),
                status: entry.status,
                from: hours(entry.from_h),
                until: entry.until_h.map_or(Millis::NEVER, hours),
            })
        });
        Some(Arc::new(WeaponsControlRule {
            status: self.status,
            zones: zones.collect(),
        }))
    }
}

impl WeaponsControlRule {
    /// The status that applies to a track: of the zones it is in, the strictest; outside all of them, the general one.
    fn status(&self, request: &EngagementRequest<'_>) -> WeaponsControl {
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
}

impl Rule for WeaponsControlRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        if on.stage == Stage::Status {
            if !self.zones.is_empty() {
                on.verdict.next_scan();
            }
            on.verdict.status = self.status(on.request);
        } else {
            on.follows_from_status();
        }
        match on.verdict.status {
            WeaponsControl::Free => "weapons_free",
            WeaponsControl::Tight => "weapons_tight",
            WeaponsControl::Hold => "weapons_hold",
        }
    }
}

impl Consultation<'_> {
    /// What follows from identity and status, this rule's own or one that another rule has put in its place.
    fn follows_from_status(&mut self) {
        let verdict = &mut *self.verdict;
        let status = verdict.status;
        verdict.opens = match status {
            WeaponsControl::Free => Opens::Another,
            WeaponsControl::Tight => Opens::Hostile,
            WeaponsControl::Hold => Opens::Nothing,
        };
        let own = |reason| Decision {
            rule: PAGE.id,
            reason,
        };
        let by_status = |reason| verdict.status_by.unwrap_or(own(reason));
        let yields = verdict.fallback != Some(Fallback::Hold);
        let (allowed, Decision { rule, reason }) = match (self.request.track.identity, status) {
            (Identity::Pending, _) => (false, own(Reason::IdentityPending)),
            (Identity::AssumedFriend | Identity::Friend | Identity::Neutral, _) => {
                return verdict.decline(PAGE.id, Reason::IdentifiedProtected);
            }
            (_, WeaponsControl::Hold) => (false, by_status(Reason::WeaponsHold)),
            (Identity::Hostile, _) => (true, own(Reason::HostileIdentity)),
            (_, WeaponsControl::Free) => (true, by_status(Reason::WeaponsFree)),
            (_, WeaponsControl::Tight) => (false, by_status(Reason::WeaponsTight)),
        };
        match (allowed, yields) {
            (true, _) => verdict.permit(rule, reason),
            (false, true) => verdict.decline_yielding(rule, reason),
            (false, false) => verdict.decline(rule, reason),
        }
    }
}
