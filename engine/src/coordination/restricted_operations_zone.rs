//! R10: a restricted operations zone, entry only with prior coordination.

use std::borrow::Cow;
use std::sync::Arc;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Amends, Consultation, Intent, NEEDS_A_PLACE, Named, Opens, Placebo, PlannedFlight, Rule,
    RulePage, Spec, Stage, TrackView, WeaponsControl,
};
use crate::airspace::notice::Filing;
use crate::airspace::{Plan, Zone};
use crate::ids::{Key, NodeId, SideId};
use crate::record::{Affiliation, NoticeState, Reason};
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R10",
    key: "restricted_operations_zone",
    title: "Restricted operations zone: entry only with prior coordination",
    page: "\
A side's `authority`, a node of the coordination graph, closes a `zone` for a time, except inside the zones named in `exempt`.

Who flies: the rule is about flights of sides that are neutral to the authority's and whose planned path enters (looked at every 100
m). The authority's friends are not asked, and whose plan is addressed to the authority anyway, or will have come to it through the
graph by departure, has coordinated. Of the others: with probability `compliance`, drawn once per aircraft, a flight complies: its plan is sent
to the authority too, and a flight without a plan files one `notice_s` before departure. Of the others a share `stays_out`
does not fly: the sortie is cancelled. The rest enters uncoordinated, because it does not know, or does not care.

Who fires: the authority's sites. Where R1 declines for the status tight alone, or R2 for its dwell under that status, a track
inside the zone that matches no plan in hand is fired at as if identified as Hostile (reason zone_violation). Identified as Friend, AssumedFriend or
Neutral, Pending, or under hold it is not. Nor is it before the site has held it inside the zone, matching no plan, for `dwell_s`
without a break (with `placebo`, since it first held it there, wherever it has been since): that counts from scan to scan, also outside the envelope, where it coasts as where it is seen, and begins anew
after a scan outside, after a match, and with a new track. Nor is it while its latest declaration is of a `civil` type: those named,
by rows of the class's matrix; where no list is given, those of whose `affiliations` in the class neutral is the largest share (with rows
of affiliations: neutral). A plan in hand still protects by R6 alone: without R6, the zone takes nothing from those
who coordinate.

Fails by: a party that is not aware; coordination with somebody else than the shooter's chain; loss and lateness on the way of
the plan; exempt areas, in which nothing changes.
A civil type that is declared wrongly: an airliner declared as something else is fired at, a raid declared as an airliner is not.
Costs: cancelled sorties and their hours; with a dwell, whoever crosses in less; and the paradox: the zone protects those who coordinate and raises the
risk of all others, so that with few who coordinate it may cost more neutrals than it saves.
Source: prior coordination demanded by the LNA on 23 and 24 November 2019 with Mitiga exempt (ANSA, Al-Marsad); restricted
operations zones as in JP 3-52. How many comply is an assumption.",
    reasons: &["zone_violation"],    stages: &[Stage::Override],
    amends: Some(Amends::Addressees),
    binds_all: true,
    offer: Err(NEEDS_A_PLACE),
};

/// R10: restricted operations zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictedOperationsZoneSpec {
    /// The zone that is closed.
    pub zone: String,
    /// Node that plans must be sent to; its side's sites enforce the zone.
    pub authority: String,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
    /// Zones inside which the closure does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// Probability that a flight sends its plan to the authority; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
    /// Probability that a flight that does not is cancelled; one draw per aircraft.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub stays_out: f64,
    /// Time before departure at which a flight without a plan files one, s.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub notice_s: f64,
    /// Time for which a site must have held a track inside the zone, matching no plan, without a break, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub dwell_s: f64,
    /// Types, by rows of matrices, that are not fired at as long as they are declared; without it those of whose
    /// `affiliations` in the class neutral is the largest share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub civil: Option<Vec<String>>,
    /// An arm that waits and does not look: the dwell counts from when the site first held the track inside the zone, wherever it
    /// has been since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn certain() -> f64 {
    1.0
}

fn an_hour() -> f64 {
    3600.0
}

/// R10 ready to use.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedOperationsZone {
    zone: Zone,
    exempt: Vec<Zone>,
    from: Millis,
    until: Millis,
    /// The node that plans must be sent to.
    pub authority: NodeId,
    /// Whose that is.
    side: SideId,
    compliance: f64,
    stays_out: f64,
    notice_s: f64,
    dwell: Millis,
    civil: Option<Vec<String>>,
    placebo: bool,
}

impl RestrictedOperationsZone {
    /// The zone of a checked specification; nothing if a name is not there.
    pub(super) fn new(
        spec: &RestrictedOperationsZoneSpec,
        named: &Named<'_>,
    ) -> Option<RestrictedOperationsZone> {
        let zone = |name: &String| named.zones.iter().find(|zone| zone.name == *name).cloned();
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        let authority = named.node(&spec.authority)?;
        Some(RestrictedOperationsZone {
            zone: zone(&spec.zone)?,
            exempt: spec.exempt.iter().filter_map(zone).collect(),
            from: hours(spec.from_h),
            until: spec.until_h.map_or(Millis::NEVER, hours),
            authority,
            side: named.nodes[authority.index()].1,
            compliance: spec.compliance,
            stays_out: spec.stays_out,
            notice_s: spec.notice_s,
            dwell: Millis::from_seconds(spec.dwell_s),
            civil: spec.civil.clone(),
            placebo: spec.placebo.is_some(),
        })
    }

    /// Whether it asks for how long a track has been inside.
    pub fn dwells(&self) -> bool {
        self.dwell > Millis::ZERO
    }

    /// Whether it is the arm that waits and does not look.
    pub fn is_placebo(&self) -> bool {
        self.placebo
    }

    /// The types that are civil, where they are named.
    pub fn civil(&self) -> Option<&[String]> {
        self.civil.as_deref()
    }

    /// Whether the closure holds at a place, at any time.
    fn covers(&self, place: Vector3<f64>) -> bool {
        self.zone.contains(place) && !self.exempt.iter().any(|zone| zone.contains(place))
    }

    /// Whether it holds there at `time`.
    pub fn closed(&self, time: Millis, place: Vector3<f64>) -> bool {
        (self.from..self.until).contains(&time) && self.covers(place)
    }

    /// Whether a track there at `time`, of which the plan check found this, violates the closure.
    pub fn violated(&self, time: Millis, place: Vector3<f64>, notice: NoticeState) -> bool {
        self.closed(time, place) && !notice.matched()
    }

    /// Whether flights of a side are asked for prior coordination: not the authority's own and its friends, nor those hostile to it.
    fn concerns(&self, intent: &Intent<'_>) -> bool {
        intent.flight.side != self.side && intent.regarded_by(self.side) == Affiliation::Neutral
    }

    /// Whether an aircraft has coordinated with the authority anyway: its plan is addressed there, or will have come there by
    /// departure.
    fn has_coordinated(&self, planned: &PlannedFlight<'_>) -> bool {
        let addressed = |plan: &Cow<'_, Plan>| plan.addressees.contains(&self.authority);
        let departs = Millis::from_seconds(planned.intent.departs_s);
        let there = |filing: Filing| {
            filing
                .at_node(self.authority)
                .iter()
                .any(|at| *at <= departs)
        };
        planned.plan.as_ref().is_some_and(addressed) || planned.filing().is_some_and(there)
    }

    /// The plan with the authority among its addressees; a new one for a flight that has none.
    fn coordinated(&self, plan: Option<&Plan>) -> Plan {
        let mut plan = plan.cloned().unwrap_or(Plan {
            addressees: Vec::new(),
            filed: 1.0,
            addressed: 1.0,
            astray_to: None,
            notice_s: self.notice_s,
            amendment: None,
        });
        if !plan.addressees.contains(&self.authority) {
            plan.addressees.push(self.authority);
        }
        plan
    }

    /// Whether sites of a side enforce it.
    pub fn enforced_by(&self, side: SideId) -> bool {
        side == self.side
    }

    /// What it makes of a track at a site that enforces it, which may fire at it where the zone is violated.
    fn word(&self, track: &TrackView) -> &'static str {
        let since = track.violating_since;
        let dwelt = !self.dwells() || since.is_some_and(|since| track.time - since >= self.dwell);
        if !self.closed(track.time, track.place) {
            "outside_zone"
        } else if track.notice.matched() {
            "coordinated"
        } else if track.declared_civil {
            "civil"
        } else if !dwelt {
            "dwell"
        } else {
            VIOLATION
        }
    }
}

/// Its word of a track that may be fired at for being where it is.
const VIOLATION: &str = "zone_violation";

impl Spec for RestrictedOperationsZoneSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(RestrictedOperationsZone::new(self, named)?))
    }
}

impl Rule for RestrictedOperationsZone {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        if !self.enforced_by(on.request.side) {
            return "not_enforced_here";
        }
        let word = self.word(&on.request.track);
        let verdict = &mut on.verdict;
        verdict.opens = Opens::Another;
        let tight = verdict.status == WeaponsControl::Tight && verdict.status_by.is_none();
        let reason = verdict.declined().map(|declined| declined.reason);
        if tight && matches!(reason, Some(Reason::WeaponsTight | Reason::Dwell)) {
            verdict.next_scan();
            if word == VIOLATION {
                verdict.permit(PAGE.id, Reason::ZoneViolation);
            }
        }
        word
    }

    fn amend(&self, planned: &mut PlannedFlight<'_>) {
        let enters = self.concerns(&planned.intent)
            && !self.has_coordinated(planned)
            && (planned.intent).passes(|time, place| self.closed(time, place));
        if !enters {
            return;
        }
        let mut draws = (planned.streams).about(Purpose::Compliance, planned.key, Key::NONE);
        if draws.happens(0, self.compliance) {
            let plan = self.coordinated(planned.plan.as_deref());
            planned.plan = Some(Cow::Owned(plan));
        } else if draws.happens(1, self.stays_out) {
            planned.cancelled = true;
        }
    }

    fn may_amend(&self, intent: &Intent<'_>, plan: &mut Option<Plan>) {
        let until = self.until.min(Millis::from_seconds(intent.until_s));
        let may = self.compliance > 0.0 && self.from < until && self.concerns(intent);
        if may && intent.passes(|_, place| self.covers(place)) {
            *plan = Some(self.coordinated(plan.as_ref()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::tests::{Case, case};
    use crate::coordination::{Enquiries, Rules};
    use crate::geometry::{Area, Point};
    use crate::record::Identity;

    /// A track that violates the zone is fired at once it has for the whole of the dwell, unless it is declared civil.
    #[test]
    fn a_violation_must_last_and_be_no_civil_aircraft() {
        let zones = [Zone {
            name: "closed".into(),
            area: Area::Circle {
                center: Point::zeros(),
                radius_m: 10_000.0,
            },
            floor_m: 0.0,
            top_m: 10_000.0,
        }];
        let named = Named {
            zones: &zones,
            nodes: &[("headquarters".to_owned(), SideId(0))],
            ..Named::default()
        };
        let rules = |dwell_s: f64| {
            let zone = serde_json::json!({
                "zone": "closed", "authority": "headquarters", "dwell_s": dwell_s
            });
            let spec = serde_json::json!({ "restricted_operations_zone": zone });
            Rules::new(&serde_json::from_value(spec).unwrap(), &named)
        };
        let inside = Case {
            time: Millis(100_000),
            ..case(Identity::Unknown)
        };
        let since = |ms: i64| Case {
            violating_since: Some(Millis(ms)),
            ..inside
        };
        let civil = Case {
            declared_civil: true,
            ..since(0)
        };
        let outside = Case {
            place: Vector3::new(10_001.0, 0.0, 3000.0),
            ..since(0)
        };
        let matched = Case {
            notice: NoticeState::Matched,
            ..since(0)
        };
        for (dwell_s, case, word) in [
            (0.0, inside, "zone_violation"),
            (0.0, civil, "civil"),
            (30.0, inside, "dwell"),
            (30.0, since(70_001), "dwell"),
            (30.0, since(70_000), "zone_violation"),
            (30.0, civil, "civil"),
            (30.0, outside, "outside_zone"),
            (30.0, matched, "coordinated"),
        ] {
            let rules = rules(dwell_s);
            let request = case.request();
            let ruling = rules.judge(&request, &mut Enquiries::default());
            let fires = word == "zone_violation";
            assert_eq!(ruling.decision.is_ok(), fires, "{word} after {dwell_s} s");
            assert_eq!(
                ruling.until,
                Millis(100_001),
                "asked again at the next scan"
            );
            let words = rules.words(&request, &Enquiries::default());
            let said = words.iter().find(|said| said.rule == "R10");
            assert_eq!(said.map(|said| said.word), Some(word), "after {dwell_s} s");
        }
    }
}
