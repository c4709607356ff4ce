//! R16: a look before the first shot.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngagementRequest, Enquiries, Enquiry, RulePage, Standing, parameter};
use crate::identification::cues::optical::{DayHours, Task, cycles, success};
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R16",
    key: "optical_confirmation",
    title: "Optical confirmation: look before the first shot",
    page: "\
Before the first shot at a track the site looks at it through its optics; that takes `look_s` (reason awaiting_look). The look
recognises the aircraft with probability

  P = P_task(N) * night * haze,   N = (wingspan / R) / (2 IFOV),   P_task = x^E / (1 + x^E), x = N / N50, E = 2.7 + 0.7 x,

N50 = 4 cycles to recognise, R the slant range (m), night = `night_factor` outside the `day` and 1 in it,
haze = min(1, e^(-3.912 R / visibility) / .02): at the visibility contrast is down to .02, and beyond it the chance falls as
contrast does (Koschmieder). A look that recognises sees what it is with probability `correct`, else the opposite. Seen as friend or
neutral, the track is not fired at (reason optically_cleared); not recognised, the site does as `if_unclear`
says (reason not_recognised). One draw of each kind per site and aircraft; after the look the site goes on watching, so that what
is not recognised yet may be as it comes nearer, or as day breaks. What has been recognised stays so for the track's life, however
far it goes.

Fails by: night, haze, range, look-alikes.
Costs: time; under if_unclear = \"hold\" leakers, at night most.
Source: J. Johnson (1958) and Holst for the criteria, as in the optical cue; H. Koschmieder, \"Theorie der horizontalen Sichtweite\"
(1924). The figures are assumptions.",
    parameters: &[
        parameter("look_s", "s", "20.0", "0 to 3600", "how long a look takes"),
        parameter("ifov_mrad", "mrad", "0.05", "above 0 to 100", "instantaneous field of view of one detector element"),
        parameter("correct", "probability", "0.95", "0 to 1", "probability that what is recognised is seen for what it is"),
        parameter("day", "hours", "none", "{ from_h, to_h } UTC", "hours of daylight; without them it is always day"),
        parameter("night_factor", "factor", "0.2", "0 to 1", "by what the chance is multiplied at night"),
        parameter("visibility_km", "km", "none", "above 0 to 300", "meteorological visibility; without it the air is clear"),
        parameter("if_unclear", "choice", "\"fire\"", "\"fire\", \"hold\"", "what is done about a track that is not recognised"),
    ],
    reasons: &["awaiting_look", "optically_cleared", "not_recognised"],
};

/// R16: optical confirmation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpticalConfirmationSpec {
    /// How long a look takes, s.
    #[serde(default = "twenty")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub look_s: f64,
    /// Instantaneous field of view of one detector element, mrad.
    #[serde(default = "ifov")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub ifov_mrad: f64,
    /// Probability that what is recognised is seen for what it is; one draw per site and aircraft.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub correct: f64,
    /// Hours of daylight; without them it is always day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayHours>,
    /// By what the chance to recognise is multiplied at night.
    #[serde(default = "a_fifth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub night_factor: f64,
    /// Meteorological visibility, km; without it the air is clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 300.0))]
    pub visibility_km: Option<f64>,
    /// What is done about a track that is not recognised.
    #[serde(default)]
    pub if_unclear: IfUnclear,
}

fn twenty() -> f64 {
    20.0
}

fn ifov() -> f64 {
    0.05
}

fn mostly() -> f64 {
    0.95
}

fn a_fifth() -> f64 {
    0.2
}

/// What is done about a track that a look does not recognise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfUnclear {
    /// As if there had been no look.
    #[default]
    Fire,
    /// Nothing is fired at it.
    Hold,
}

/// What a look of one site at one aircraft brings, but for range and light; drawn before the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LookFile {
    /// The look recognises if the chance to is above this.
    pub luck: f64,
    /// Whether it then sees a hostile.
    pub hostile: bool,
    /// What the optics see of the aircraft: its critical dimension, m.
    pub critical_dimension_m: f64,
}

/// R16 ready to use.
#[derive(Debug, Clone)]
pub(super) struct OpticalConfirmationRule {
    spec: OpticalConfirmationSpec,
    look: Millis,
    /// Time of day at the start, s.
    start_of_day_s: f64,
}

impl OpticalConfirmationRule {
    pub(super) fn new(
        spec: &OpticalConfirmationSpec,
        start_of_day_s: f64,
    ) -> OpticalConfirmationRule {
        OpticalConfirmationRule {
            look: Millis::from_seconds(spec.look_s),
            start_of_day_s,
            spec: spec.clone(),
        }
    }

    pub(super) fn draw(
        &self,
        streams: &Streams,
        site: Key,
        aircraft: Key,
        standing: &Standing,
    ) -> LookFile {
        let mut luck = streams.about(Purpose::ConfirmingLook, site, aircraft);
        let correct = luck.happens(1, self.spec.correct);
        LookFile {
            luck: luck.uniform(0),
            hostile: correct == (standing.hostile),
            critical_dimension_m: standing.critical_dimension_m,
        }
    }

    /// The chance to recognise an aircraft of this dimension at a slant range, at a time.
    fn chance(&self, critical_dimension_m: f64, range_m: f64, time: Millis) -> f64 {
        let hour = (self.start_of_day_s + time.seconds()).rem_euclid(86_400.0) / 3600.0;
        let light = self.spec.day.as_ref().is_none_or(|day| day.light(hour));
        let night = if light { 1.0 } else { self.spec.night_factor };
        let haze = self.spec.visibility_km.map_or(1.0, |visibility_km| {
            let contrast = libm::exp(-3.912 * range_m / (visibility_km * 1000.0));
            (contrast / 0.02).min(1.0)
        });
        success(
            cycles(critical_dimension_m, range_m, self.spec.ifov_mrad),
            Task::Recognise,
        ) * night
            * haze
    }

    /// Looks, if that has not been done for the track, and holds fire as what is seen demands.
    pub(super) fn decide(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &mut Enquiries,
    ) -> Result<(), Decision> {
        let because = |reason| {
            Err(Decision {
                rule: PAGE.id,
                reason,
            })
        };
        let asked = *enquiries
            .asked(Enquiry::Look)
            .get_or_insert(request.track.time);
        if request.track.time < asked + self.look {
            return because(Reason::AwaitingLook);
        }
        let seen = enquiries.seen_hostile.or_else(|| self.seen(request));
        enquiries.seen_hostile = seen;
        match seen {
            Some(true) => Ok(()),
            Some(false) => because(Reason::OpticallyCleared),
            None if self.spec.if_unclear == IfUnclear::Hold => because(Reason::NotRecognised),
            None => Ok(()),
        }
    }

    /// Until when it says the same of a track looked at since `asked`: while it is not recognised the next scan may do that.
    pub(super) fn until(&self, enquiries: &Enquiries, asked: Millis, now: Millis) -> Millis {
        match enquiries.seen_hostile {
            _ if now < asked + self.look => asked + self.look,
            Some(_) => Millis::NEVER,
            None => now + Millis(1),
        }
    }

    /// Whether a hostile is seen, if the aircraft is recognised.
    fn seen(&self, request: &EngagementRequest<'_>) -> Option<bool> {
        let file = &request.draws.look;
        let range_m = (request.track.place - request.site.push(0.0)).norm();
        let recognised =
            file.luck < self.chance(file.critical_dimension_m, range_m, request.track.time);
        recognised.then_some(file.hostile)
    }

    /// What it has to say of a track.
    pub(super) fn word(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &Enquiries,
    ) -> &'static str {
        let seen = enquiries.seen_hostile.or_else(|| self.seen(request));
        match (*enquiries.clone().asked(Enquiry::Look), seen) {
            (None, _) => "not_looked",
            (Some(asked), _) if request.track.time < asked + self.look => "awaiting_look",
            (_, Some(true)) => "seen_hostile",
            (_, Some(false)) => "optically_cleared",
            (_, None) => "not_recognised",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 m at 10 km with 0.05 mrad are 20 cycles: certain; haze of 10 km leaves it, of 5 km takes contrast to e^-7.8 = .0004.
    #[test]
    fn the_chance_follows_range_light_and_haze() {
        let rule = |more: &str| {
            let spec = serde_json::from_str(more).unwrap();
            OpticalConfirmationRule::new(&spec, 0.0)
        };
        let noon = Millis::from_seconds(12.0 * 3600.0);
        let clear = rule("{}");
        assert!((clear.chance(20.0, 10_000.0, noon) - 1.0).abs() < 1e-3);
        assert!(
            (clear.chance(20.0, 50_000.0, noon) - 0.5).abs() < 1e-12,
            "4 cycles"
        );
        let night = rule(r#"{ "day": { "from_h": 6.0, "to_h": 18.0 } }"#);
        assert!((night.chance(20.0, 50_000.0, noon) - 0.5).abs() < 1e-12);
        assert!((night.chance(20.0, 50_000.0, Millis::ZERO) - 0.1).abs() < 1e-12);
        let hazy = rule(r#"{ "visibility_km": 25.0 }"#);
        let expected = 0.5 * (-3.912f64 * 2.0).exp() / 0.02;
        assert!((hazy.chance(20.0, 50_000.0, noon) - expected).abs() < 1e-12);
        let fair = rule(r#"{ "visibility_km": 60.0 }"#);
        assert!((fair.chance(20.0, 50_000.0, noon) - 0.5).abs() < 1e-12);
    }
}
