//! R17: a second operator confirms; and a pause after an engagement.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, EngagementRequest, Heard, Inquiry, Named, Offer, Placebo, Reply, Rule, RulePage,
    Says, Spec, Stage,
};
use crate::airspace::{Delay, FixedDelay};
use crate::identification::{Appearance, Evidence, Glimpse, Viewer};
use crate::ids::Key;
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R17",
    key: "second_operator",
    title: "Second operator: another pair of eyes before the first shot, and a pause after an engagement",
    page: "\
Before the first shot at a track a second operator of the site must confirm; that takes `time` (reason awaiting_confirmation).
With probability `same_picture`, drawn once per site and aircraft, he looks at what the first one looks at and reads the same: the
latest declaration. Otherwise he has a picture of his own: what he sees is drawn from the row of the class's matrix that is true of the
aircraft, by an appearance of his own that lasts as long as the first one's. Either way he goes by that one declaration, and by what the
class expects and believes: he confirms if his P(hostile) is at least `threshold`. What he does not confirm is not fired at (reason
not_confirmed), for the track's life. Shots in self-defence (R5) are not put to him.

With `placebo` he takes as long, and confirms.

Two who are each wrong about an aircraft with p, and see the same with r, are both wrong with r p + (1 - r) p^2.

After it has begun an engagement, a site begins none of another track for `cool_down_s` (reason cool_down), but in self-defence:
for the time in which one alarm makes the next more likely.

Fails by: the same picture: both look at the same screen; look-alikes, which deceive both; what the class wrongly expects.
Costs: decision delay at every track; leakers that are not confirmed, or come in a pause.
Source: two-person rule; common causes as in the beta factor, NUREG/CR-4780; final report on flight PS752 (Aircraft Accident
Investigation Board of Iran, 15 March 2021), where one crew decided alone. All figures are assumptions.",
    reasons: &["awaiting_confirmation", "not_confirmed", "cool_down"],    stages: &[Stage::Confirm, Stage::Pause],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "having a second operator confirm",
        spec: "{}",
        band: [
            "sees what the first one sees, to a picture of his own",
            r#"{ "same_picture": 1.0 }"#,
            r#"{ "same_picture": 0.0 }"#,
        ],
    }),
};

/// R17: second operator and cool-down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondOperatorSpec {
    /// Time until the second operator has answered; one draw per site and aircraft.
    #[serde(default = "twenty_seconds")]
    pub time: Delay,
    /// Probability that he sees what the first one saw; one draw per site and aircraft.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub same_picture: f64,
    /// P(hostile), as he sees it, from which on he confirms.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Time after an engagement without one of another track, s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub cool_down_s: f64,
    /// An arm in which he confirms whatever it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn twenty_seconds() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 20.0 })
}

fn half() -> f64 {
    0.5
}

impl Spec for SecondOperatorSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl SecondOperatorSpec {
    /// When the pause after an engagement of another track ends, if there is one.
    fn pauses_until(&self, request: &EngagementRequest<'_>) -> Option<Millis> {
        Some(request.engaged_another? + Millis::from_seconds(self.cool_down_s))
    }

    /// What he would declare at `time`.
    fn sees(&self, inquiry: &Inquiry<'_>, time: Millis) -> u8 {
        let (site, about) = (inquiry.site_key, inquiry.about);
        let latest = inquiry.gathered.evidence.latest;
        let mut draws = inquiry.streams.about(Purpose::SecondOperator, site, about);
        let same = draws.happens(0, self.same_picture);
        if let Some(latest) = latest.filter(|_| same) {
            return latest;
        }
        let spec = &inquiry.identifier.spec;
        let law = Appearance::of_second_operator(spec.appearance.tau_s);
        let viewer = Viewer {
            streams: inquiry.streams,
            site,
            side: Key::NONE,
            aircraft: about,
        };
        let word = if law.persists() {
            law.look(&viewer, time, &mut Glimpse::none()).word
        } else {
            (draws.uniform(1) * 4_294_967_296.0) as u32
        };
        let rows = inquiry.identifier.rows.len() as u8;
        let row = inquiry.subject.map_or(rows, |subject| subject.truth_row);
        inquiry.identifier.declare(row).column(word)
    }
}

impl Rule for SecondOperatorSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        if on.stage == Stage::Pause {
            let until = self.pauses_until(on.request).unwrap_or(Millis(i64::MIN));
            on.verdict.until(until);
            if on.request.track.time < until {
                on.verdict.decline(PAGE.id, Reason::CoolDown);
            }
            return "pause";
        }
        match on.asks(PAGE.id, Reason::AwaitingConfirmation, None) {
            Heard::Unasked => "not_asked",
            Heard::Awaiting | Heard::TimedOut => "awaiting_confirmation",
            Heard::Answer { reply, .. } => match reply.says {
                Says::Hold(reason) => {
                    on.verdict.decline(PAGE.id, reason);
                    "not_confirmed"
                }
                _ => "confirmed",
            },
        }
    }

    fn pauses(&self) -> bool {
        self.cool_down_s > 0.0
    }

    fn answer(&self, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let (site, about) = (inquiry.site_key, inquiry.about);
        let mut draws = inquiry.streams.about(Purpose::SecondOperator, site, about);
        let at = inquiry.made.at + Millis::from_seconds(draws.delay_s(2, &self.time));
        let mut seen = Evidence::NONE;
        inquiry.identifier.add(&mut seen, self.sees(inquiry, at));
        let [_, _, hostile] = inquiry.identifier.posterior(&seen, None).affiliation;
        let confirms = self.placebo.is_some() || hostile >= self.threshold;
        Some(Reply {
            at,
            says: match confirms {
                true => Says::GoOn,
                false => Says::Hold(Reason::NotConfirmed),
            },
        })
    }
}
