//! R7: the hotline query "whose track?".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, EngagementRequest, Parameter, RulePage, Standing};
use crate::airspace::{Delay, FixedDelay};
use crate::ids::{Key, NodeId};
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R7",
    key: "hotline_query",
    title: "Hotline query: before the first shot at a track, ask whose it is",
    page: "\
At the first scan at which all other rules would let a site fire at a track, it asks \"whose track?\", once per track, and
holds fire until the answer comes or `timeout_s` is over (reason awaiting_answer). Somebody answers with probability `answers`,
after a time drawn from `latency`. The answer is \"known\" for an aircraft of one of the `sides` on the line, with probability
`coverage`, and for any aircraft whose flight plan the `node` at the other end holds by then; for `valid_s` from the answer the
site then holds fire (reason hotline_vouched). After any other answer, after the timeout, and when a vouch has lapsed, the
verdict of the other rules stands for the rest of the track. All draws are made once per site and aircraft.

Probability that a query protects: coverage * answers * P(latency < timeout); loss per encounter that stays inside the envelope
for longer than the timeout: (1 - that) P_kill.

Fails by: owner not on the line, nobody answers, answer later than the timeout, vouch lapsed.
Costs: decision delay at every track, leakers among them; a message per track.
Source: deconfliction hotlines as between the parties in Syria since 2015; latency of a minute is an assumption.",
    parameters: &[
        Parameter {
            key: "coverage",
            unit: "probability",
            default: "1.0",
            range: "0 to 1",
            meaning: "probability that somebody on the line knows an aircraft of `sides`",
        },
        Parameter {
            key: "answers",
            unit: "probability",
            default: "1.0",
            range: "0 to 1",
            meaning: "probability that the line is answered at all",
        },
        Parameter {
            key: "latency",
            unit: "delay",
            default: "{ fixed = { delay_s = 60 } }",
            range: "any delay",
            meaning: "time from query to answer",
        },
        Parameter {
            key: "timeout_s",
            unit: "s",
            default: "120.0",
            range: "0 to 86400",
            meaning: "time after which the site goes on without an answer",
        },
        Parameter {
            key: "valid_s",
            unit: "s",
            default: "3600.0",
            range: "0 to 31622400",
            meaning: "time for which a track that is known stays vouched for",
        },
        Parameter {
            key: "sides",
            unit: "sides",
            default: "[]",
            range: "sides of the scenario",
            meaning: "sides whose aircraft somebody on the line may know",
        },
        Parameter {
            key: "node",
            unit: "node",
            default: "none",
            range: "a node of the scenario",
            meaning: "node that answers; it knows every aircraft whose plan it holds",
        },
    ],
    reasons: &["awaiting_answer", "hotline_vouched"],
};

/// R7: hotline query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HotlineQuerySpec {
    /// Probability that somebody on the line knows an aircraft of `sides`; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coverage: f64,
    /// Probability that the line is answered at all; one draw per site and aircraft.
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
    /// Time for which a track that is known stays vouched for, s.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub valid_s: f64,
    /// Sides whose aircraft somebody on the line may know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<String>,
    /// Node that answers; it knows every aircraft whose plan it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
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

/// What a query of one site about one aircraft brings, drawn before the first instant: what the line would answer is
/// about who the aircraft is, which no decision may look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotlineFile {
    /// Time from query to answer; none if the line is not answered.
    pub answered_after: Option<Millis>,
    /// From when somebody on the line knows the aircraft.
    pub known_from: Millis,
}

impl Default for HotlineFile {
    fn default() -> Self {
        HotlineFile {
            answered_after: None,
            known_from: Millis::NEVER,
        }
    }
}

/// R7 ready to use.
#[derive(Debug, Clone)]
pub(super) struct HotlineQueryRule {
    spec: HotlineQuerySpec,
    timeout: Millis,
    valid: Millis,
    node: Option<NodeId>,
}

impl HotlineQueryRule {
    pub(super) fn new(spec: &HotlineQuerySpec, nodes: &[String]) -> HotlineQueryRule {
        let named = |name: &String| nodes.iter().position(|node| node == name);
        HotlineQueryRule {
            timeout: Millis::from_seconds(spec.timeout_s),
            valid: Millis::from_seconds(spec.valid_s),
            node: (spec.node.as_ref().and_then(named)).map(|index| NodeId(index as u32)),
            spec: spec.clone(),
        }
    }

    pub(super) fn on_the_line(&self, side: &str) -> bool {
        self.spec.sides.iter().any(|known| known == side)
    }

    pub(super) fn node(&self) -> Option<NodeId> {
        self.node
    }

    pub(super) fn draw(
        &self,
        streams: &Streams,
        site: Key,
        aircraft: Key,
        standing: &Standing,
    ) -> HotlineFile {
        let mut luck = streams.about(Purpose::Query, site, aircraft);
        let known = standing.on_the_line && luck.happens(0, self.spec.coverage);
        let answered = luck.happens(1, self.spec.answers);
        let latency = || {
            let mut luck = streams.about(Purpose::QueryLatency, site, aircraft);
            Millis::from_seconds(luck.delay_s(0, &self.spec.latency))
        };
        HotlineFile {
            answered_after: answered.then(latency),
            known_from: if known {
                Millis(i64::MIN)
            } else {
                standing.plan_at_node
            },
        }
    }

    /// Why it does not protect a track, if it does not.
    pub(super) fn word(&self, request: &EngagementRequest<'_>, asked: Asked) -> &'static str {
        let hotline = &request.draws.hotline;
        let answer = asked.and_then(|asked| self.answer(request, asked));
        match (asked, answer) {
            (None, _) => "not_asked",
            (Some(asked), _) if self.decide(request, &mut Some(asked)).is_err() => "holds_fire",
            (Some(_), None) => "no_answer_in_time",
            (Some(_), Some(answer)) if hotline.known_from > answer => "owner_unknown",
            (Some(_), Some(_)) => "vouch_lapsed",
        }
    }

    /// Until when it says the same of a track asked about at `asked`.
    pub(super) fn until(&self, request: &EngagementRequest<'_>, asked: Millis) -> Millis {
        let now = request.track.time;
        let answer = self.answer(request, asked);
        let settled = answer.unwrap_or(asked + self.timeout);
        let lapses = answer.map_or(Millis::NEVER, |time| time + self.valid);
        [settled, lapses]
            .into_iter()
            .filter(|time| *time > now)
            .min()
            .unwrap_or(Millis::NEVER)
    }

    /// When the answer to a query comes, if it does in time: the query waits for the line to be up, and so does the answer.
    fn answer(&self, request: &EngagementRequest<'_>, asked: Millis) -> Option<Millis> {
        let after = request.draws.hotline.answered_after?;
        let answer = request.line.passes(request.line.passes(asked) + after);
        Some(answer).filter(|answer| *answer - asked < self.timeout)
    }

    /// Asks, if nobody has asked about the track yet, and holds fire as the answer, or the lack of it, demands.
    pub(super) fn decide(
        &self,
        request: &EngagementRequest<'_>,
        asked: &mut Asked,
    ) -> Result<(), Decision> {
        let because = |reason| {
            Err(Decision {
                rule: PAGE.id,
                reason,
            })
        };
        let asked = *asked.get_or_insert(request.track.time);
        let hotline = &request.draws.hotline;
        let answer = self.answer(request, asked);
        let settled = answer.unwrap_or(asked + self.timeout);
        if request.track.time < settled {
            return because(Reason::AwaitingAnswer);
        }
        match answer {
            Some(time) if hotline.known_from <= time && request.track.time - time < self.valid => {
                because(Reason::HotlineVouched)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PairDraws;
    use super::super::tests::{Case, case};
    use super::*;
    use crate::record::Identity;

    /// What is said at the times of `asked`, one after the other.
    fn said(hotline: HotlineFile, times_s: &[i64]) -> Vec<Option<Reason>> {
        let spec = HotlineQuerySpec {
            timeout_s: 100.0,
            valid_s: 500.0,
            ..serde_json::from_str("{}").unwrap()
        };
        let rule = HotlineQueryRule::new(&spec, &[]);
        let mut query: Asked = None;
        let mut ask = |time_s: &i64| {
            let case = Case {
                time: Millis(time_s * 1000),
                crew: PairDraws {
                    hotline,
                    ..PairDraws::default()
                },
                ..case(Identity::Hostile)
            };
            let verdict = rule.decide(&case.request(), &mut query);
            assert_eq!(query, Some(Millis(times_s[0] * 1000)));
            verdict.err().map(|decision| decision.reason)
        };
        times_s.iter().map(&mut ask).collect()
    }

    #[test]
    fn the_site_waits_for_the_answer_and_no_longer_than_the_timeout() {
        use Reason::*;
        let answered = |after_s: i64, known_from| HotlineFile {
            answered_after: Some(Millis(after_s * 1000)),
            known_from,
        };
        let known = Millis(i64::MIN);
        let wait = Some(AwaitingAnswer);
        let vouched = Some(HotlineVouched);
        assert_eq!(
            said(answered(60, known), &[10, 69, 70, 569, 570]),
            [wait, wait, vouched, vouched, None]
        );
        assert_eq!(
            said(answered(60, Millis::NEVER), &[10, 69, 70]),
            [wait, wait, None],
            "nobody knows it"
        );
        assert_eq!(
            said(answered(100, known), &[10, 109, 110, 111]),
            [wait, wait, None, None],
            "too late"
        );
        assert_eq!(
            said(HotlineFile::default(), &[10, 109, 110]),
            [wait, wait, None],
            "no answer"
        );
        assert_eq!(said(answered(0, known), &[10, 11]), [vouched, vouched]);
        // The plan reaches the node at 80 s: known to an answer at 80 s, not to one at 79 s.
        assert_eq!(
            said(answered(60, Millis(80_000)), &[20, 81]),
            [wait, vouched]
        );
        assert_eq!(said(answered(60, Millis(80_000)), &[19, 81]), [wait, None]);
    }
}
