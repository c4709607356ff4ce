//! R2: what must be known before a track may be identified as Hostile, and for how long before it is fired at.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, EngagementRequest, Named, Offer, Opens, Placebo, Rule, RulePage, Spec, Stage,
    WeaponsControl,
};
use crate::identification::{Criteria, CriteriaOn};
use crate::ids::TypeId;
use crate::record::{Identity, Reason};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R2",
    key: "hostile_criteria",
    title: "Hostile criteria: threshold, on an allegiance or a type, number of ID sources and declarations, dwell",
    page: "\
A track is identified as Hostile when the site's posterior for `on` is above `threshold`, at least `id_sources` ID sources speak, and at least
`declarations` declarations other than `unknown` were made. The sources are: the declarations (once one other than `unknown`
was made), a flight-plan check that the site treats as evidence, and IFF, transponder, optics, profile, origin, lane and an answer
or silence after a challenge (R20) where they say something now; each counts once, however often it was asked. Replaces the class's own `identity.hostile` threshold. A
track that the class would hold Hostile but that misses these criteria is identified as Suspect.

A track that is identified as Hostile may be fired at for that only once it has been held so for `dwell_s` without a break (reason
dwell), whether weapons are tight or free; the site acts at the first scan from then on. Any other identity, and the loss of the
track, start the dwell anew. What R10 allows where the status is tight by R1, and what R5 allows, does not wait for it. What is
asked before the first shot (R16, R17, R7, R20, R3) is asked after it. With `placebo` the dwell counts from when the track was first
identified as Hostile, whatever it was identified as in between: it waits, and does not look.

Fails by: correlated sources, which count as many and are one; looks that repeat an error, which `declarations` counts as many.
Costs: time to identify; with a dwell, time in which a hostile flies on: at an envelope crossed in less than the dwell after it
is identified as Hostile, nothing is fired at.
Source: hostile criteria as in JP 3-01 and STANAG 1241; fusion as in STANAG 4162. That a dwell is kept is an assumption.",
    reasons: &["hostile_identity", "dwell", "weapons_tight"],    stages: &[Stage::Identity],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "asking for two declarations and a posterior of .95 before a track is identified as hostile",
        spec: r#"{ "threshold": 0.95, "declarations": 2 }"#,
        band: [
            "posterior .9 and two declarations to .99 and three",
            r#"{ "threshold": 0.9 }"#,
            r#"{ "threshold": 0.99, "declarations": 3 }"#,
        ],
    }),
};

/// R2: hostile criteria.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostileCriteriaSpec {
    /// Posterior that must be exceeded.
    #[serde(default = "threshold")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Different ID sources that must have spoken, of which there are nine; how many declarations there must be is `declarations`.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 9))]
    pub id_sources: u32,
    /// Declarations other than `unknown` that must have been made.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub declarations: u32,
    /// Time for which a track must have been identified as Hostile without a break before it is fired at for that, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub dwell_s: f64,
    /// What the posterior is about.
    #[serde(default)]
    pub on: HostileOn,
    /// An arm that waits and does not look: the dwell counts from when the track was first identified as Hostile, whatever it was identified as
    /// in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn threshold() -> f64 {
    0.9
}

fn one() -> u32 {
    1
}

/// What the posterior of the hostile criteria is about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostileOn {
    /// The affiliation hostile.
    #[default]
    Hostile,
    /// One aircraft type; for site classes whose matrix has types.
    Type(String),
}

/// R2 ready to use.
#[derive(Debug, Clone, Copy)]
pub(super) struct HostileCriteriaRule {
    pub criteria: Criteria,
    dwell: Millis,
    placebo: Option<Placebo>,
}

impl HostileCriteriaRule {
    /// A checked rule with the type's name resolved; a name that is not a type of the scenario is never met.
    pub(super) fn new(spec: &HostileCriteriaSpec, types: &[String]) -> HostileCriteriaRule {
        let on = match &spec.on {
            HostileOn::Hostile => CriteriaOn::Hostile,
            HostileOn::Type(name) => {
                let row = types.iter().position(|known| known == name);
                CriteriaOn::Type(TypeId(row.map_or(u32::MAX, |row| row as u32)))
            }
        };
        HostileCriteriaRule {
            criteria: Criteria {
                on,
                threshold: spec.threshold,
                id_sources: spec.id_sources,
                declarations: spec.declarations,
            },
            dwell: Millis::from_seconds(spec.dwell_s),
            placebo: spec.placebo,
        }
    }

    /// Whether it asks for how long a track has been identified as Hostile.
    pub(super) fn dwells(&self) -> bool {
        self.dwell > Millis::ZERO
    }

    /// Until when a track that is identified as Hostile is not fired at for that, if that is so now.
    pub(super) fn dwells_until(&self, request: &EngagementRequest<'_>) -> Option<Millis> {
        let track = &request.track;
        let since = match self.placebo {
            // It waits as long, and does not ask whether that was without a break.
            Some(_) => track.first_hostile,
            None => track.hostile_since,
        };
        let since = since.unwrap_or(track.time);
        Some(since + self.dwell).filter(|until| request.track.time < *until)
    }
}

impl Spec for HostileCriteriaSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(HostileCriteriaRule::new(self, named.types)))
    }
}

impl Rule for HostileCriteriaRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        if on.request.track.identity != Identity::Hostile {
            return "criteria_not_met";
        }
        let dwells = self.dwells_until(on.request);
        if on.verdict.permitted().map(|said| said.reason) == Some(Reason::HostileIdentity) {
            on.verdict.permit(PAGE.id, Reason::HostileIdentity);
            if let Some(until) = dwells {
                on.verdict.until(until);
                if on.verdict.status == WeaponsControl::Tight {
                    // Identified as Hostile anew it would dwell anew.
                    on.verdict.opens = Opens::Nothing;
                }
                on.verdict.decline_yielding(PAGE.id, Reason::Dwell);
            }
        }
        match dwells {
            Some(_) => "dwell",
            None => "criteria_met",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airspace::Zone;
    use crate::coordination::tests::{Case, case};
    use crate::coordination::{Enquiries, Reply, Rules, Says};
    use crate::geometry::{Area, Point};
    use crate::ids::SideId;
    use crate::record::Decision;
    use nalgebra::Vector3;

    fn rules(spec: serde_json::Value) -> Rules {
        let zones = [Zone {
            name: "all".into(),
            area: Area::Circle {
                center: Point::zeros(),
                radius_m: 50_000.0,
            },
            floor_m: 0.0,
            top_m: 10_000.0,
        }];
        let named = Named {
            zones: &zones,
            nodes: &[("headquarters".to_owned(), SideId(0))],
            ..Named::default()
        };
        Rules::new(&serde_json::from_value(spec).unwrap(), &named)
    }

    type Found = (
        Result<(&'static str, Reason), (&'static str, Reason)>,
        Millis,
        Opens,
    );

    fn judge(rules: &Rules, case: &Case, enquiries: &mut Enquiries) -> Found {
        let ruling = rules.judge(&case.request(), enquiries);
        let plain = |decision: Decision| (decision.rule, decision.reason);
        let decision = ruling.decision.map(plain).map_err(plain);
        (decision, ruling.until, ruling.opens)
    }

    fn hostile(time_ms: i64) -> Case {
        Case {
            time: Millis(time_ms),
            place: Vector3::new(20_000.0, 0.0, 3000.0),
            hostile_since: Millis(10_000),
            ..case(Identity::Hostile)
        }
    }

    /// Identified as Hostile since 10 s, a dwell of 60 s: fired at from 70 s on, tight or free, and what was said holds until then.
    #[test]
    fn a_track_that_is_identified_hostile_dwells() {
        let dwell = Err(("R2", Reason::Dwell));
        for (status, opens) in [("tight", Opens::Nothing), ("free", Opens::Another)] {
            let rules = rules(serde_json::json!({
                "weapons_control": { "status": status }, "hostile_criteria": { "dwell_s": 60.0 }
            }));
            let at = |time_ms| judge(&rules, &hostile(time_ms), &mut Enquiries::default());
            for time_ms in [10_000, 69_999] {
                assert_eq!(at(time_ms), (dwell, Millis(70_000), opens), "{status}");
            }
            assert_eq!(
                at(70_000).0,
                Ok(("R2", Reason::HostileIdentity)),
                "{status}"
            );
            // Identified as Hostile anew it dwells anew; held anything else it does not.
            let anew = Case {
                hostile_since: Millis(65_000),
                ..hostile(70_000)
            };
            let found = judge(&rules, &anew, &mut Enquiries::default());
            assert_eq!(found, (dwell, Millis(125_000), opens), "{status}");
            let other = |identity| {
                let case = Case {
                    identity,
                    ..hostile(20_000)
                };
                judge(&rules, &case, &mut Enquiries::default()).0
            };
            let expected = match status {
                "free" => Ok(("R1", Reason::WeaponsFree)),
                _ => Err(("R1", Reason::WeaponsTight)),
            };
            assert_eq!(other(Identity::Suspect), expected, "{status}");
            assert_eq!(
                other(Identity::Neutral),
                Err(("R1", Reason::IdentifiedProtected))
            );
        }
        let hold = rules(serde_json::json!({
            "weapons_control": { "status": "hold" }, "hostile_criteria": { "dwell_s": 60.0 }
        }));
        let found = judge(&hold, &hostile(20_000), &mut Enquiries::default());
        assert_eq!(found.0, Err(("R1", Reason::WeaponsHold)));
    }

    /// R10 where the status is tight by R1, and R5, do not wait for the dwell.
    #[test]
    fn what_overrides_a_tight_status_overrides_the_dwell() {
        let enforced = hostile(20_000);
        let closing = Case {
            side: SideId(1),
            velocity_mps: Vector3::new(-60.0, 0.0, 0.0),
            ..hostile(20_000)
        };
        let zone = serde_json::json!({ "zone": "all", "authority": "headquarters" });
        for (status, agreed, zone_says) in [
            ("tight", false, Ok(("R10", Reason::ZoneViolation))),
            ("tight", true, Err(("R2", Reason::Dwell))),
            ("free", false, Err(("R2", Reason::Dwell))),
        ] {
            let mut spec = serde_json::json!({
                "weapons_control": { "status": if agreed { "free" } else { status } },
                "hostile_criteria": { "dwell_s": 60.0 },
                "self_defence": { "approach_m": 5000.0, "within_s": 600.0 },
                "restricted_operations_zone": zone,
            });
            if agreed {
                spec["time_windows"] = serde_json::json!({ "windows": [{}], "status": "tight" });
            }
            let rules = rules(spec);
            let (found, until, opens) = judge(&rules, &enforced, &mut Enquiries::default());
            assert_eq!(found, zone_says, "{status}, agreed {agreed}");
            assert_eq!((until, opens), (Millis(20_001), Opens::Another));
            let found = judge(&rules, &closing, &mut Enquiries::default()).0;
            assert_eq!(
                found,
                Ok(("R5", Reason::SelfDefence)),
                "{status}, agreed {agreed}"
            );
        }
    }

    /// Nobody is asked before the dwell is over: first 60 s, then the second operator's 20 s, then the 30 s of the hotline.
    #[test]
    fn what_is_asked_is_asked_after_the_dwell() {
        let rules = rules(serde_json::json!({
            "hostile_criteria": { "dwell_s": 60.0 },
            "second_operator": {},
            "hotline_query": { "timeout_s": 30.0 },
        }));
        // The second operator confirms after 20 s; the hotline does not answer.
        let mut put = |rule: &'static str, asked: &Enquiries| {
            let asked = asked.made(rule)?.at;
            Some(match rule {
                "R17" => Reply {
                    at: asked + Millis(20_000),
                    says: Says::GoOn,
                },
                _ => Reply::NONE,
            })
        };
        let mut enquiries = Enquiries::default();
        for (time_ms, expected, until_ms) in [
            (10_000, Err(("R2", Reason::Dwell)), 70_000),
            (69_000, Err(("R2", Reason::Dwell)), 70_000),
            (70_000, Err(("R17", Reason::AwaitingConfirmation)), 90_000),
            (90_000, Err(("R7", Reason::AwaitingAnswer)), 120_000),
            (119_999, Err(("R7", Reason::AwaitingAnswer)), 120_000),
            (120_000, Ok(("R2", Reason::HostileIdentity)), i64::MAX),
        ] {
            let case = hostile(time_ms);
            let ruling = rules.consult(&case.request(), &mut enquiries, &mut put);
            let plain = |decision: Decision| (decision.rule, decision.reason);
            let (found, until) = (ruling.decision.map(plain).map_err(plain), ruling.until);
            assert_eq!((found, until), (expected, Millis(until_ms)), "{time_ms} ms");
        }
    }
}
