//! R7: the hotline query "whose track?".

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, EngagementRequest, Heard, Inquiry, Named, NodeQuery, Offer, Placebo, Reply, Rule,
    RulePage, Says, Spec, Stage,
};
use crate::airspace::{Delay, FixedDelay};
use crate::identification::plan_check::PlanGate;
use crate::ids::NodeId;
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R7",
    key: "hotline_query",
    title: "Hotline query: before the first shot at a track, ask whose it is",
    page: "\
At the first scan at which all other rules would let a site fire at a track, it asks the `nodes` at the other end of the hotline
\"whose is the track at this place?\", once per track, and holds fire until the answer comes or `timeout_s` is over (reason
awaiting_answer). Somebody answers with probability `answers`, after a time drawn from `latency`; both are drawn once per site and
aircraft.

What is answered is what the nodes know. A node knows the track for a friend or a neutral of the side that asks if the place and time
asked about lie within `gate_m`, `gate_height_m` and `gate_s` of a flight plan of such a side that has reached the node through the
coordination graph by the time of the answer, in the latest version there; or if a flight of the node's own side, no enemy of the side
that asks, is in the air within `gate_m` of it, which the node knows of each of these flights with probability `own_flights` (one draw
per node and aircraft). If some node does, fire is held for `valid_s` from the answer (reason hotline_confirmed). After any other
answer, after the timeout, and when a confirmation has lapsed, the verdict of the other rules stands for the rest of the track. Where a
site takes a new track for one that it lost, what was answered is checked again against the new place.

With `placebo` the same is asked, as long is waited for, and no node knows anything.

Probability that a query protects an aircraft that flies by its plan: P(its current plan is at a node) * answers *
P(latency < timeout).

Fails by: a plan that never came or is stale, a flight off its plan, an owner who asks nobody to the hotline, nobody answers, an answer later
than the timeout, a confirmation that has lapsed; a hostile that flies where a friend is announced is confirmed, too.
Costs: decision delay at every track, leakers among them; a message per track.
Source: deconfliction hotlines as between the parties in Syria since 2015; latency of a minute and the gates are assumptions.",
    reasons: &["awaiting_answer", "hotline_confirmed"],    stages: &[Stage::Ask],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "asking on a hotline to the nodes, or a liaison officer, of everybody who is no enemy",
        spec: "{}",
        band: [
            "half of the calls answered and half of the flights known, to all and within 10 s",
            r#"{ "answers": 0.5, "own_flights": 0.5 }"#,
            r#"{ "answers": 1.0, "own_flights": 1.0, "latency": { "fixed": { "delay_s": 10.0 } } }"#,
        ],
    }),
};

/// R7: hotline query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HotlineQuerySpec {
    /// Nodes that answer: each knows the plans that have reached it and flights of its own side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Probability that a node knows where a flight of its own side is; one draw per node and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub own_flights: f64,
    /// Probability that the hotline is answered at all; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub answers: f64,
    /// Time from query to answer; one draw per site and aircraft.
    #[serde(default = "a_minute")]
    pub latency: Delay,
    /// Time after which the site goes on without an answer, s.
    #[serde(default = "two_minutes")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub timeout_s: f64,
    /// Time for which a track that is known stays confirmed, s.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub valid_s: f64,
    /// Distance on the ground from a plan, or a flight of the node's own side, within which a track is taken for it, m.
    #[serde(default = "five_km")]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub gate_m: f64,
    /// Difference of height from a plan within which it is, m.
    #[serde(default = "any_height")]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub gate_height_m: f64,
    /// Time from the planned time within which it is, s.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub gate_s: f64,
    /// An arm in which nobody knows anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn certain() -> f64 {
    1.0
}

fn a_minute() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 60.0 })
}

fn two_minutes() -> f64 {
    120.0
}

fn an_hour() -> f64 {
    3600.0
}

fn five_km() -> f64 {
    5000.0
}

fn any_height() -> f64 {
    100_000.0
}

fn ten_minutes() -> f64 {
    600.0
}

/// R7 ready to use.
#[derive(Debug)]
struct HotlineQueryRule {
    spec: HotlineQuerySpec,
    timeout: Millis,
    valid: Millis,
    nodes: Vec<NodeId>,
}

impl Spec for HotlineQuerySpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        let node = |name: &String| named.node(name);
        Some(Arc::new(HotlineQueryRule {
            timeout: Millis::from_seconds(self.timeout_s),
            valid: Millis::from_seconds(self.valid_s),
            nodes: self.nodes.iter().filter_map(node).collect(),
            spec: self.clone(),
        }))
    }
}

impl HotlineQueryRule {
    /// Whether a node knows the track, asked now, for one that must not be fired at.
    fn known(&self, inquiry: &Inquiry<'_>, answered: Millis) -> bool {
        let EngagementRequest { track, side, .. } = inquiry.request;
        let gate = PlanGate {
            lateral_m: self.spec.gate_m,
            vertical_m: self.spec.gate_height_m,
            window_s: self.spec.gate_s,
        };
        let knows = |&node: &NodeId| {
            let query = NodeQuery {
                node,
                asker: *side,
                place: track.place,
                time: track.time,
                answered,
                gate,
                own_flights: self.spec.own_flights,
            };
            (inquiry.nodes)(&query).is_some()
        };
        self.nodes.iter().any(knows)
    }
}

impl Rule for HotlineQueryRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        match on.asks(PAGE.id, Reason::AwaitingAnswer, Some(self.timeout)) {
            Heard::Unasked => "not_asked",
            Heard::Awaiting => "awaiting_answer",
            Heard::TimedOut => "no_answer_in_time",
            Heard::Answer { after, .. } if after >= self.timeout => "no_answer_in_time",
            Heard::Answer { reply, .. } => match reply.says {
                Says::Hold(reason) if on.request.track.time < reply.at + self.valid => {
                    on.verdict.until(reply.at + self.valid);
                    on.verdict.decline(PAGE.id, reason);
                    "confirmed"
                }
                Says::Hold(_) => "vouch_lapsed",
                _ => "not_known",
            },
        }
    }

    fn nodes(&self, _: Option<NodeId>) -> Vec<NodeId> {
        self.nodes.clone()
    }

    fn asks_of_place(&self) -> bool {
        true
    }

    /// The query waits for the command link to be up, and so does the answer.
    fn answer(&self, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let (site, about) = (inquiry.site_key, inquiry.about);
        let mut draws = inquiry.streams.about(Purpose::Query, site, about);
        if !draws.happens(1, self.spec.answers) {
            return Some(Reply::NONE);
        }
        let mut draws = inquiry.streams.about(Purpose::QueryLatency, site, about);
        let latency = Millis::from_seconds(draws.delay_s(0, &self.spec.latency));
        let command_link = inquiry.request.command_link;
        let at = command_link.passes(command_link.passes(inquiry.made.at) + latency);
        let known =
            self.spec.placebo.is_none() && self.known(inquiry, at.max(inquiry.request.track.time));
        Some(Reply {
            at,
            says: match known {
                true => Says::Hold(Reason::HotlineConfirmed),
                false => Says::GoOn,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, case};
    use super::super::{Enquiries, Rules, RulesSpec};
    use super::*;
    use crate::record::Identity;

    /// What is said at some times, one after the other, of a track that is asked about at the first of them.
    fn said(reply: Option<Reply>, times_s: &[i64]) -> Vec<Option<Reason>> {
        let spec: RulesSpec = serde_json::from_value(serde_json::json!({
            "hotline_query": { "timeout_s": 100.0, "valid_s": 500.0 }
        }))
        .unwrap();
        let rules = Rules::new(&spec, &Named::default());
        let mut enquiries = Enquiries::default();
        let mut ask = |time_s: &i64| {
            let case = Case {
                time: Millis(time_s * 1000),
                ..case(Identity::Hostile)
            };
            let ruling = rules.consult(&case.request(), &mut enquiries, &mut |_, _| reply);
            assert_eq!(enquiries.made("R7").unwrap().at, Millis(times_s[0] * 1000));
            ruling.decision.err().map(|decision| decision.reason)
        };
        times_s.iter().map(&mut ask).collect()
    }

    #[test]
    fn the_site_waits_for_the_answer_and_no_longer_than_the_timeout() {
        use Reason::*;
        let at = |time_s: i64, says| {
            let at = Millis(time_s * 1000);
            Some(Reply { at, says })
        };
        let confirms = Says::Hold(HotlineConfirmed);
        let (wait, confirmed) = (Some(AwaitingAnswer), Some(HotlineConfirmed));
        assert_eq!(
            said(at(70, confirms), &[10, 69, 70, 569, 570]),
            [wait, wait, confirmed, confirmed, None]
        );
        assert_eq!(
            said(at(70, Says::GoOn), &[10, 69, 70]),
            [wait, wait, None],
            "nobody knows it"
        );
        assert_eq!(
            said(at(110, confirms), &[10, 109, 110, 111]),
            [wait, wait, None, None],
            "too late"
        );
        for silent in [Some(Reply::NONE), None] {
            assert_eq!(said(silent, &[10, 109, 110]), [wait, wait, None]);
        }
        assert_eq!(said(at(10, confirms), &[10, 11]), [confirmed, confirmed]);
    }
}
