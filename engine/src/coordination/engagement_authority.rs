//! R3: who releases fire, his approval queue, and what he knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_ecs::resource::Resource;
use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, EngagementRequest, Heard, Inquiry, Named, NodeQuery, Offer, Placebo, Reply, Rule,
    RulePage, Says, Spec, Stage,
};
use crate::airspace::{Delay, FixedDelay};
use crate::identification::plan_check::PlanGate;
use crate::identification::{AffiliationProbabilities, Gathered, Told};
use crate::ids::{Key, NodeId, SiteId};
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R3",
    key: "engagement_authority",
    title: "Engagement authority: somebody else releases fire",
    page: "\
Before the first shot at a track a site asks for release and holds fire until it is granted (reason awaiting_approval). With
`level` site its own commander decides, an approval queue of his own, with sector one approval queue for all sites under a command node, with joint one
approval queue for all sites of a side. An approval queue works off one request after the other, first come first served, each in a time drawn from
`service`; when more than `capacity` would have to wait, a request is refused at once (reason approval_overload). Without an answer after
`timeout_s` a site does as `on_timeout` says: hold (reason approval_timed_out) or fire. A site whose command link is down (R4)
can neither ask nor be answered until it is up. A site acts on an answer from its next scan on, on a late one even after the timeout; a
request is not withdrawn when its aircraft is gone.

The authority refuses (reason approval_refused, for the track's life) if its own P(hostile) is below `threshold`. That is worked out when
the request comes, from: what the class of the site expects, or the authority's own `prior`; what the site has declared, and its other
ID sources have said, of the track; what other sites of the approval queue have declared of the tracks that they asked about in the last
`reports_s`, where one was within `gate_m` of this track, flown on to now (each declaration counts once); and whether the place of
the track lies within `gate_m` and `gate_s` of a flight plan of a friend or neutral that has reached `node` (by default the node that
commands the site) through the coordination graph. `assumed` is what the authority assumes of that: P(such a plan | affiliation). The authority does not
read who the aircraft is. What a class takes at face value (combine = \"single\") the authority does, too: no plan speaks against it.

With `placebo` the same is asked, queued and waited for, and every answer is release; with delay, overload and timeout are too.

With n requests at once and a fixed service s the k-th is answered after k s. An odds o of hostile by what the site has said becomes
o P(plan | hostile) / P(plan | neutral) by a plan at the node, if there are no friends.

Fails by: overload: a raid fills the queue; lost command links; an authority that knows no more than the site; plans that have not come; a hostile
where a friend is announced.
Costs: decision delay at every track, leakers among them.
Source: engagement authority and its delegation as in JP 3-01; Defense Science Board task force on Patriot system performance (2005)
for why it is held high. All figures are assumptions.",
    reasons: &[
        "awaiting_approval",
        "approval_refused",
        "approval_overload",
        "approval_timed_out",
    ],    stages: &[Stage::Release],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "asking a joint authority for each engagement",
        spec: r#"{ "level": "joint" }"#,
        band: [
            "refuses below .2 to below .8",
            r#"{ "threshold": 0.2 }"#,
            r#"{ "threshold": 0.8 }"#,
        ],
    }),
};

/// R3: engagement authority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementAuthoritySpec {
    /// Whose approval queue releases fire.
    #[serde(default)]
    pub level: AuthorityLevel,
    /// Time the authority takes for a request; one draw per site and aircraft.
    #[serde(default = "half_a_minute")]
    pub service: Delay,
    /// Requests that may wait in an approval queue besides the one that is worked on.
    #[serde(default = "eight")]
    #[schemars(range(min = 0, max = 1000))]
    pub capacity: u32,
    /// P(hostile), as the authority sees it, below which it refuses.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Node whose plans the authority holds; without it the node that commands the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Distance from a plan, or from another site's track, within which a track is taken for it, m.
    #[serde(default = "five_km")]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub gate_m: f64,
    /// Time from the planned time within which it is, s.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub gate_s: f64,
    /// Time for which the authority remembers what other sites asked, s.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub reports_s: f64,
    /// What the authority expects before it is told anything; without it what the class of the site does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<AffiliationProbabilities>,
    /// P(a plan fits | affiliation), as the authority assumes it.
    #[serde(default = "plan_belief")]
    pub assumed: AffiliationProbabilities,
    /// Time after which a site goes on without an answer, s.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub timeout_s: f64,
    /// What it does then.
    #[serde(default)]
    pub on_timeout: OnTimeout,
    /// An arm in which every answer is release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn half_a_minute() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 30.0 })
}

fn eight() -> u32 {
    8
}

fn half() -> f64 {
    0.5
}

fn five_km() -> f64 {
    5000.0
}

fn ten_minutes() -> f64 {
    600.0
}

fn five_minutes() -> f64 {
    300.0
}

fn plan_belief() -> AffiliationProbabilities {
    AffiliationProbabilities {
        friend: 0.6,
        neutral: 0.6,
        hostile: 0.05,
    }
}

/// Whose approval queue releases fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityLevel {
    /// The site's own commander.
    #[default]
    Site,
    /// One approval queue for all sites under a command node; a site without one has its own.
    Sector,
    /// One approval queue for all sites of a side.
    Joint,
}

/// What a site does without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// It holds fire.
    #[default]
    Hold,
    /// It fires on its own.
    Fire,
}

/// What a site said when it asked about a track.
#[derive(Debug, Clone, Copy)]
struct Report {
    site: SiteId,
    place: Vector3<f64>,
    velocity_mps: Vector3<f64>,
    at: Millis,
    said: Told,
}

/// One approval queue, and what it was told.
#[derive(Debug, Clone, Default)]
struct ApprovalQueue {
    /// When each request now in the queue is done, in order.
    done: Vec<Millis>,
    /// What sites said with their requests, in the order of time.
    reports: Vec<Report>,
}

impl ApprovalQueue {
    /// Takes a request that keeps it busy for so long, at times that never go back: when it is done; nothing if too many wait.
    fn request(&mut self, now: Millis, service: Millis, capacity: u32) -> Option<Millis> {
        self.done.retain(|done| *done > now);
        // One is worked on, the others wait.
        if self.done.len() > capacity as usize {
            return None;
        }
        let begins = self.done.last().copied().unwrap_or(now);
        let done = begins + service;
        self.done.push(done);
        Some(done)
    }

    /// What other sites said, the latest of each that counts, about a track that is there now.
    fn told(
        &self,
        site: SiteId,
        place: Vector3<f64>,
        now: Millis,
        rule: &EngagementAuthorityRule,
    ) -> Told {
        let mut told = Told::NOTHING;
        let mut heard: Vec<SiteId> = vec![site];
        for report in self.reports.iter().rev() {
            let age = now - report.at;
            let there = report.place + report.velocity_mps * age.seconds();
            let near = (there.xy() - place.xy()).norm() <= rule.spec.gate_m;
            if age <= rule.remembers && near && !heard.contains(&report.site) {
                heard.push(report.site);
                told.add(&report.said);
            }
        }
        told
    }
}

/// The approval queues that release fire, by what their draws are keyed by.
#[derive(Debug, Default, Resource)]
pub struct ApprovalQueues {
    queues: BTreeMap<Key, ApprovalQueue>,
}

/// R3 ready to use.
#[derive(Debug)]
struct EngagementAuthorityRule {
    spec: EngagementAuthoritySpec,
    timeout: Millis,
    remembers: Millis,
    node: Option<NodeId>,
}

impl Spec for EngagementAuthoritySpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(EngagementAuthorityRule {
            timeout: Millis::from_seconds(self.timeout_s),
            remembers: Millis::from_seconds(self.reports_s),
            node: self.node.as_ref().and_then(|name| named.node(name)),
            spec: self.clone(),
        }))
    }
}

impl EngagementAuthorityRule {
    /// P(hostile) as the authority sees it, of a track of which other sites of the approval queue have said this.
    fn hostile(&self, inquiry: &Inquiry<'_>, told: &Told) -> f64 {
        let identifier = inquiry.identifier;
        let mut evidence = *inquiry.gathered.evidence;
        if *told != Told::NOTHING {
            identifier.hear(&mut evidence, told);
        }
        let gathered = Gathered {
            evidence: &evidence,
            matched: None,
            shift_log_odds: 0.0,
            ..inquiry.gathered
        };
        let mut weights = identifier.fuse(&gathered).posterior.affiliation;
        if let Some(own) = &self.spec.prior {
            let expected = identifier.prior();
            for (weight, (own, expected)) in weights
                .iter_mut()
                .zip(own.by_affiliation().into_iter().zip(expected))
            {
                *weight *= if expected > 0.0 { own / expected } else { 0.0 };
            }
        }
        if let Some(node) = self.node.or(inquiry.command) {
            let EngagementRequest { track, side, .. } = inquiry.request;
            let query = NodeQuery {
                node,
                asker: *side,
                place: track.place,
                time: track.time,
                answered: track.time,
                gate: PlanGate {
                    lateral_m: self.spec.gate_m,
                    vertical_m: f64::INFINITY,
                    window_s: self.spec.gate_s,
                },
                own_flights: 0.0,
            };
            let fits = (inquiry.nodes)(&query).is_some();
            for (weight, p) in weights.iter_mut().zip(self.spec.assumed.by_affiliation()) {
                *weight *= if fits { p } else { 1.0 - p };
            }
        }
        let sum: f64 = weights.iter().sum();
        // All is impossible: nothing is known against what the site has decided.
        if sum > 0.0 { weights[2] / sum } else { 1.0 }
    }
}

impl Rule for EngagementAuthorityRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        match on.asks(PAGE.id, Reason::AwaitingApproval, Some(self.timeout)) {
            Heard::Unasked => "not_asked",
            Heard::Awaiting => "awaiting_approval",
            Heard::TimedOut if self.spec.on_timeout == OnTimeout::Fire => "timed_out_and_fires",
            Heard::TimedOut => {
                if self.spec.placebo != Some(Placebo::Delay) {
                    on.verdict.decline(PAGE.id, Reason::ApprovalTimedOut);
                }
                "approval_timed_out"
            }
            // Late or not: it counts from when it is there.
            Heard::Answer { reply, .. } => match reply.says {
                Says::Hold(reason) => {
                    on.verdict.decline(PAGE.id, reason);
                    reason.code()
                }
                _ => "released",
            },
        }
    }

    fn nodes(&self, command: Option<NodeId>) -> Vec<NodeId> {
        Vec::from_iter(self.node.or(command))
    }

    fn queues(&self) -> bool {
        true
    }

    /// Goes out in a scan that is visited in its turn, when the command link is up; the answer comes back over the same command_link.
    fn answer(&self, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let (track, command_link) = (inquiry.request.track, inquiry.request.command_link);
        let now = track.time;
        if command_link.down_since(now).is_some() {
            return None;
        }
        let (site, about) = (inquiry.site_key, inquiry.about);
        let queues = inquiry.approval_queues.as_deref_mut()?;
        let approval_queue = queues.queues.entry(inquiry.approval_queue).or_default();
        let mut draws = inquiry.streams.about(Purpose::ApprovalTime, site, about);
        let service = Millis::from_seconds(draws.delay_s(0, &self.spec.service));
        let done = approval_queue.request(now, service, self.spec.capacity);
        let told = approval_queue.told(inquiry.site, track.place, now, self);
        approval_queue.reports.push(Report {
            site: inquiry.site,
            place: track.place,
            velocity_mps: track.velocity_mps,
            at: now,
            said: inquiry.identifier.tells(inquiry.gathered.evidence),
        });
        let Some(done) = done else {
            return Some(Reply {
                at: now,
                says: match self.spec.placebo {
                    Some(Placebo::Delay) => Says::GoOn,
                    _ => Says::Hold(Reason::ApprovalOverload),
                },
            });
        };
        let grants =
            self.spec.placebo.is_some() || self.hostile(inquiry, &told) >= self.spec.threshold;
        Some(Reply {
            at: command_link.passes(done),
            says: match grants {
                true => Says::GoOn,
                false => Says::Hold(Reason::ApprovalRefused),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five at once at an approval queue that takes 30 s each and lets three wait: answers after 30, 60, 90, 120 s, the fifth is refused.
    #[test]
    fn the_kth_request_waits_k_services() {
        let mut approval_queue = ApprovalQueue::default();
        let (now, service) = (Millis(1000), Millis(30_000));
        let answers: Vec<_> = (0..5)
            .map(|_| approval_queue.request(now, service, 3))
            .collect();
        let served = |nth: i64| Some(now + Millis(30_000 * nth));
        assert_eq!(answers, [served(1), served(2), served(3), served(4), None]);
        // After the first is done there is room again.
        let later = approval_queue.request(Millis(31_000), service, 3);
        assert_eq!(later, Some(Millis(151_000)));
    }
}
