//! R20: a call on the guard frequency before the first shot.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, Heard, Inquiry, Named, Offer, Placebo, Reply, Rule, RulePage, Says, Spec, Stage,
};
use crate::airspace::{Delay, UniformDelay};
use crate::identification::AffiliationProbabilities;
use crate::ids::Key;
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R20",
    key: "challenge",
    title: "Challenge: call an unknown aircraft on the guard frequency before the first shot",
    page: "\
At the first scan at which all rules before it would let a site fire at a track, the site calls it on the guard frequency (121.5 or 243
MHz), once per track, and holds fire until it answers or `timeout_s` is over (reason awaiting_answer). Whoever is behind the track hears
and answers with the probability that `answers` gives for his side, 0 if it does not, times `guard.on` of his equipment where that is
given, after a time drawn from `delay`; an answer later than the timeout is none. One draw of each kind per site and aircraft. Nobody
answers for a false alarm.

An answer is evidence, and so is silence: the site weighs P(answer | affiliation) as it is `assumed`, or 1 less that, together with
whatever else it has; it is an ID source like others, and stays with the track. The identity that follows decides, by the rules before
it: an answer alone protects nobody, silence alone condemns nobody.

With `placebo` the same call is made, as long is waited for, and neither answer nor silence says anything.

P(an answer in time) = answers * guard.on * P(delay < timeout). Odds of hostile o become o (1 - assumed.hostile) / (1 -
assumed.neutral) by silence, if there are no friends.

Fails by: unmanned aircraft whose crew does not listen to the guard frequency; a wrong frequency or language; a hostile who answers; an answer
that is not connected with the right track (not modelled).
Costs: decision delay at every track; it tells whoever listens that he is seen.
Source: calls on the guard frequency before engagement as in the case of Iran Air flight 655, 1988, who was called ten times and did not
answer (ICAO, Report of fact-finding investigation, November 1988). All figures are assumptions.",
    reasons: &["awaiting_answer"],    stages: &[Stage::Ask],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "calling each aircraft on the guard frequency, which four in five of those who are no enemies answer",
        spec: r#"{ "answers": { "PROTECTED": 0.8 } }"#,
        band: [
            "answered by two in five to all",
            r#"{ "answers": { "PROTECTED": 0.4 } }"#,
            r#"{ "answers": { "PROTECTED": 1.0 } }"#,
        ],
    }),
};

/// R20: challenge on the guard frequency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeSpec {
    /// Probability that an aircraft of a side hears and answers; one draw per site and aircraft.
    #[serde(default)]
    pub answers: BTreeMap<String, Answers>,
    /// Time until it answers; one draw per site and aircraft.
    #[serde(default = "delay")]
    pub delay: Delay,
    /// Time after which silence counts, s.
    #[serde(default = "half_a_minute")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub timeout_s: f64,
    /// P(answer | affiliation), as the site assumes it.
    #[serde(default = "assumed")]
    pub assumed: AffiliationProbabilities,
    /// An arm in which neither answer nor silence says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

/// A probability to answer.
pub type Answers = crate::identification::Probability;

fn delay() -> Delay {
    Delay::Uniform(UniformDelay {
        min_s: 5.0,
        max_s: 20.0,
    })
}

fn half_a_minute() -> f64 {
    30.0
}

fn assumed() -> AffiliationProbabilities {
    AffiliationProbabilities {
        friend: 0.6,
        neutral: 0.8,
        hostile: 0.05,
    }
}

/// R20 ready to use.
#[derive(Debug)]
struct ChallengeRule {
    spec: ChallengeSpec,
    timeout: Millis,
    /// P(answers), by side.
    answers: Vec<f64>,
}

impl Spec for ChallengeSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        let answers = |side: &String| self.answers.get(side).map_or(0.0, |p| p.0);
        Some(Arc::new(ChallengeRule {
            timeout: Millis::from_seconds(self.timeout_s),
            answers: named.sides.iter().map(answers).collect(),
            spec: self.clone(),
        }))
    }
}

impl Rule for ChallengeRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        match on.asks(PAGE.id, Reason::AwaitingAnswer, None) {
            Heard::Unasked => "not_called",
            Heard::Awaiting | Heard::TimedOut => "awaiting_answer",
            Heard::Answer { reply, .. } => match reply.says {
                Says::Answered(true) => "answered",
                Says::Answered(false) => "silent",
                _ => "called",
            },
        }
    }

    fn evidence(&self) -> Option<AffiliationProbabilities> {
        self.spec.placebo.is_none().then_some(self.spec.assumed)
    }

    fn answer(&self, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let about = inquiry.about.and(Key::of(PAGE.key));
        let mut draws = inquiry
            .streams
            .about(Purpose::Rule, inquiry.site_key, about);
        let chance = inquiry.subject.map_or(0.0, |subject| {
            let listens = subject.equipment.guard.map_or(1.0, |guard| guard.on);
            self.answers[subject.side.index()] * listens
        });
        let after = Millis::from_seconds(draws.delay_s(1, &self.spec.delay));
        let answers = draws.happens(0, chance) && after < self.timeout;
        Some(Reply {
            at: inquiry.made.at + if answers { after } else { self.timeout },
            says: match self.spec.placebo {
                Some(_) => Says::GoOn,
                None => Says::Answered(answers),
            },
        })
    }
}
