//! R17: a second operator confirms; and a pause after an engagement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, EngagementRequest, RulePage, Standing, parameter};
use crate::airspace::{Delay, FixedDelay};
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R17",
    key: "second_operator",
    title: "Second operator: another pair of eyes before the first shot, and a pause after an engagement",
    page: "\
Before the first shot at a track a second operator of the site must confirm; that takes `time` (reason awaiting_confirmation).
With probability `shared_bias` he sees what the first one saw and confirms whatever it is; otherwise he confirms what is truly
hostile with probability `true_confirm` and what is not with probability `false_confirm`; one draw per site and aircraft, for the
track's life. What he does not confirm is not fired at (reason not_confirmed). Shots in self-defence (R5) are not put to him.

P(confirmed | protected) = shared_bias + (1 - shared_bias) false_confirm, and likewise for the hostile.

After it has begun an engagement, a site begins none of another track for `cool_down_s` (reason cool_down), but in self-defence:
for the time in which one alarm makes the next more likely.

Fails by: shared bias: both look at the same screen and heard the same alert.
Costs: decision delay at every track; leakers that are not confirmed, or come in a pause.
Source: two-person rule; signal detection (D. M. Green, J. A. Swets, 1966); final report on flight PS752 (2021), where one crew
decided alone. All figures are assumptions.",
    parameters: &[
        parameter("time", "delay", "{ fixed = { delay_s = 20 } }", "any delay", "time until the second operator has answered"),
        parameter("true_confirm", "probability", "0.95", "0 to 1", "probability that he confirms what is hostile"),
        parameter("false_confirm", "probability", "0.2", "0 to 1", "probability that he confirms what is not"),
        parameter("shared_bias", "probability", "0.2", "0 to 1", "probability that he just sees what the first one saw"),
        parameter("cool_down_s", "s", "0.0", "0 to 86400", "time after an engagement without one of another track"),
    ],
    reasons: &["awaiting_confirmation", "not_confirmed", "cool_down"],
};

/// R17: second operator and cool-down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondOperatorSpec {
    /// Time until the second operator has answered; one draw per site and aircraft.
    #[serde(default = "twenty_seconds")]
    pub time: Delay,
    /// Probability that he confirms what is hostile; one draw per site and aircraft.
    #[serde(default = "true_confirm")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub true_confirm: f64,
    /// Probability that he confirms what is not.
    #[serde(default = "a_fifth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub false_confirm: f64,
    /// Probability that he just sees what the first one saw.
    #[serde(default = "a_fifth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub shared_bias: f64,
    /// Time after an engagement without one of another track, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub cool_down_s: f64,
}

fn twenty_seconds() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 20.0 })
}

fn true_confirm() -> f64 {
    0.95
}

fn a_fifth() -> f64 {
    0.2
}

/// What the second operator of a site makes of one aircraft, drawn before the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondFile {
    /// How long he takes.
    pub after: Millis,
    /// Whether he confirms.
    pub confirms: bool,
}

impl SecondOperatorSpec {
    pub(super) fn draw(
        &self,
        streams: &Streams,
        site: Key,
        aircraft: Key,
        standing: &Standing,
    ) -> SecondFile {
        let mut luck = streams.about(Purpose::SecondOperator, site, aircraft);
        let alone = if standing.hostile {
            self.true_confirm
        } else {
            self.false_confirm
        };
        SecondFile {
            after: Millis::from_seconds(luck.delay_s(2, &self.time)),
            confirms: luck.happens(0, self.shared_bias) || luck.happens(1, alone),
        }
    }

    /// Asks, if that has not been done for the track, and holds fire as the answer demands.
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
        if request.track.time < asked + request.draws.second.after {
            because(Reason::AwaitingConfirmation)
        } else if !request.draws.second.confirms {
            because(Reason::NotConfirmed)
        } else {
            Ok(())
        }
    }

    /// When the pause after an engagement of another track ends, if there is one.
    pub(super) fn pauses_until(&self, request: &EngagementRequest<'_>) -> Option<Millis> {
        Some(request.engaged_another? + Millis::from_seconds(self.cool_down_s))
    }

    /// Holds fire for a while after an engagement of another track.
    pub(super) fn cools(&self, request: &EngagementRequest<'_>) -> Result<(), Decision> {
        let pause = Millis::from_seconds(self.cool_down_s);
        match request.engaged_another {
            Some(begun) if request.track.time - begun < pause => Err(Decision {
                rule: PAGE.id,
                reason: Reason::CoolDown,
            }),
            _ => Ok(()),
        }
    }

    /// What it has to say of a track.
    pub(super) fn word(&self, request: &EngagementRequest<'_>, asked: Asked) -> &'static str {
        match asked {
            None => "not_asked",
            Some(asked) if request.track.time < asked + request.draws.second.after => {
                "awaiting_confirmation"
            }
            Some(_) if request.draws.second.confirms => "confirmed",
            Some(_) => "not_confirmed",
        }
    }
}
