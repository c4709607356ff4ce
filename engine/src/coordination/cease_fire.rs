//! R19: an order to cease fire, and what it can still stop.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, Named, Offer, Rule, RulePage, Spec, Stage};
use crate::airspace::{Delay, FixedDelay};
use crate::ids::Key;
use crate::record::Reason;
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R19",
    key: "cease_fire",
    title: "Orders to stop: hold fire stops missiles in flight too, cease fire lets them go on",
    page: "\
An order to stop is given at each of the times `ordered_h`, and with `after_wrong_shot` when somebody whose aircraft is fired at by
mistake calls: the side of an aircraft that is friend or neutral to the shooter notices the first shot at it with probability
`noticed`, after a time drawn from `noticing`. From there the order goes to every site of the side that shoots (ordered_h: to all
sites): it gets there with probability `delivery`, after a time drawn from `latency`, when the command link (R4) is up. A site that has it
fires at nothing for `lasts_s`, not in self-defence either (reason cease_fire), launches nothing more of a salvo, and with
order = \"hold_fire\" each missile it has in the air is destroyed with probability `abort`.

P(a shot is aborted) = noticed * delivery * abort * P(noticing + latency < fly-out time).

Fails by: minutes of latency against seconds of flight; lost orders; missiles that cannot be stopped.
Costs: leakers while it lasts.
Source: hold fire and cease fire as in JP 3-01: under hold fire missiles in flight must be prevented from intercepting if that is
technically possible, under cease fire they may go on to their target. All figures are assumptions.",
    reasons: &["cease_fire"],    stages: &[Stage::Order],
    amends: None,
    binds_all: true,
    offer: Ok(Offer {
        words: "a cease-fire that the owner calls for when fired at, and that aborts missiles in flight",
        spec: r#"{ "after_wrong_shot": true }"#,
        band: [
            "noticed and delivered half of the time to always",
            r#"{ "noticed": 0.5, "delivery": 0.5 }"#,
            r#"{ "noticed": 1.0, "delivery": 1.0 }"#,
        ],
    }),
};

/// R19: cease-fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CeaseFireSpec {
    /// Times at which the order is given, hours after the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 0.0, max = 8784.0)))]
    pub ordered_h: Vec<f64>,
    /// Whether an owner who is fired at by mistake calls for it.
    #[serde(default)]
    pub after_wrong_shot: bool,
    /// Probability that he notices; one draw per side that shoots and aircraft.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub noticed: f64,
    /// Time until he has; one draw per side that shoots and aircraft.
    #[serde(default = "ten_seconds")]
    pub noticing: Delay,
    /// Time from the order, or the call, to a site; one draw per site and order.
    #[serde(default = "a_minute")]
    pub latency: Delay,
    /// Probability that it reaches a site; one draw per site and order.
    #[serde(default = "nearly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
    /// How long a site obeys it, s.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub lasts_s: f64,
    /// What is ordered: whether missiles in flight are stopped, or go on.
    #[serde(default)]
    pub order: StopOrder,
    /// Probability that one can be stopped; one draw per shot.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub abort: f64,
}

fn mostly() -> f64 {
    0.8
}

fn nearly() -> f64 {
    0.95
}

fn ten_seconds() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 10.0 })
}

fn a_minute() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 60.0 })
}

fn an_hour() -> f64 {
    3600.0
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopOrder {
    /// Nothing more is fired, and missiles in flight are stopped, if that can be done.
    #[default]
    HoldFire,
    /// Nothing more is fired; missiles in flight go on.
    CeaseFire,
}

impl CeaseFireSpec {
    /// How long after the first shot of a side at an aircraft its owner calls, if he does; `wrong`: he is no enemy of that side.
    pub fn owner_calls(
        &self,
        streams: &Streams,
        side: Key,
        aircraft: Key,
        wrong: bool,
    ) -> Option<Millis> {
        let mut draws = streams.about(Purpose::Call, side, aircraft);
        let calls = self.after_wrong_shot && wrong && draws.happens(0, self.noticed);
        calls.then(|| Millis::from_seconds(draws.delay_s(1, &self.noticing)))
    }

    /// How long an order is on its way to a site, if it gets there; `order` is what the order is keyed by.
    pub fn on_its_way(&self, streams: &Streams, site: Key, order: Key) -> Option<Millis> {
        let mut draws = streams.about(Purpose::CeaseFireOrder, site, order);
        draws
            .happens(0, self.delivery)
            .then(|| Millis::from_seconds(draws.delay_s(1, &self.latency)))
    }

    /// Whether a missile in the air is stopped.
    pub fn aborts(&self, streams: &Streams, site: Key, target: Key, shot: u32) -> bool {
        let mut draws = streams.about(Purpose::Abort, site, target);
        self.order == StopOrder::HoldFire && draws.happens(u64::from(shot), self.abort)
    }

    /// How long a site obeys.
    pub fn lasts(&self) -> Millis {
        Millis::from_seconds(self.lasts_s)
    }
}

impl Spec for CeaseFireSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl Rule for CeaseFireSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        let Some(until) = on.request.ceased_until else {
            return "no_order";
        };
        on.verdict.until(until);
        on.verdict.decline(PAGE.id, Reason::CeaseFire);
        "cease_fire"
    }
}
