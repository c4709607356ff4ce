//! R16: a look before the first shot.

use std::sync::Arc;

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Consultation, Heard, Inquiry, Named, Offer, Placebo, Reply, Rule, RulePage, Says, Spec, Stage,
};
use crate::identification::faults::{Faults, FaultsSpec};
use crate::identification::id_sources::optical::{Daylight, Task, contrast_left, cycles, success};
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R16",
    key: "optical_confirmation",
    title: "Optical confirmation: look before the first shot",
    page: "\
Before the first shot at a track the site looks through its optics where it holds it to be; that takes `visual_identification_s` (reason
awaiting_visual_identification). Who is within `field_deg` of that, as seen from the site, is in the field of view: then the look recognises the type of the aircraft with probability

  P = P_task(N) * night * haze,   N = (d / R) / (2 IFOV),   P_task = x^E / (1 + x^E), x = N / N50, E = 2.7 + 0.7 x,

d the type's `critical_dimension_m`, N50 = 4 cycles to recognise, R the slant range (m), night = `night_factor` outside the `day` and 1
in it, haze = min(1, e^(-3.912 R / visibility) / .02): at the visibility contrast is down to .02, and beyond it the chance falls as
contrast does (Koschmieder). With `haze_per_hour` that is so in a site's hazy hours alone, one draw per site and hour, the hours of its optical ID source's haze. What is recognised is seen for the row of the class's matrix that it is with probability `correct`, else
for another of its rows, all alike. A type is not an allegiance: the site judges by what the class thinks of that type (its `affiliations`).
If the share of hostiles among them is below `threshold`, the track is not fired at (reason optically_cleared), else it is as if
there had been no look. Where the rows of the class are friend, neutral and hostile, a look tells these. Not recognised, the site does as `if_unclear` says (reason not_recognised). One draw of each kind per site and
aircraft; after the look the site goes on watching, scan by scan, so that what is not recognised yet may be as it comes nearer, or as
day breaks. What has been recognised stays so for the track's life, however far it goes. Where nobody is, nothing is recognised.

With `placebo` a look takes as long and clears nobody; with defaults, what is not recognised is held as in the rule.

Fails by: night, haze, range; a radar that is misaligned, so that the optics look where nobody is; look-alikes: a neutral of a type that the class takes for the enemy's is seen clearly and fired at.
Costs: time; under if_unclear = \"hold\" leakers, at night most.
Source: J. Johnson (1958) and Holst for the criteria, as in the optical ID source; H. Koschmieder, \"Theorie der horizontalen Sichtweite\"
(1924). The figures are assumptions.",
    reasons: &["awaiting_visual_identification", "optically_cleared", "not_recognised"],    stages: &[Stage::Look],
    amends: None,
    binds_all: false,
    offer: Ok(Offer {
        words: "looking before firing, and holding fire at what is not recognised",
        spec: r#"{ "if_unclear": "hold" }"#,
        band: [
            "half of what is recognised is taken for what it is, to all",
            r#"{ "correct": 0.5 }"#,
            r#"{ "correct": 1.0 }"#,
        ],
    }),
};

/// R16: optical confirmation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpticalConfirmationSpec {
    /// How long a look takes, s.
    #[serde(default = "twenty")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub visual_identification_s: f64,
    /// Instantaneous field of view of one detector element, mrad.
    #[serde(default = "ifov")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub ifov_mrad: f64,
    /// Angle from where the track is held, as seen from the site, within which an aircraft is in the field of view, degrees.
    #[serde(default = "five")]
    #[schemars(range(min = 0.0, max = 180.0))]
    pub field_deg: f64,
    /// Probability that what is recognised is seen for the type that it is, else for another of the class's rows; one draw per site
    /// and aircraft.
    #[serde(default = "mostly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub correct: f64,
    /// When there is daylight; without it it is always day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Daylight>,
    /// By what the chance to recognise is multiplied at night.
    #[serde(default = "a_fifth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub night_factor: f64,
    /// Meteorological visibility, km; without it the air is clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 300.0))]
    pub visibility_km: Option<f64>,
    /// Probability that a site's hour is hazy: the visibility is that of such hours; without it that of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub haze_per_hour: Option<f64>,
    /// What is done about a track that is not recognised.
    #[serde(default)]
    pub if_unclear: IfUnclear,
    /// Share of hostiles among aircraft of the type seen, as the class thinks of it, below which the track is cleared.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// An arm in which a look takes as long and clears nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<Placebo>,
}

fn half() -> f64 {
    0.5
}

fn twenty() -> f64 {
    20.0
}

fn ifov() -> f64 {
    0.05
}

fn five() -> f64 {
    5.0
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

/// R16 ready to use.
#[derive(Debug)]
struct OpticalConfirmationRule {
    spec: OpticalConfirmationSpec,
    look: Millis,
    /// Time of day at the start, s.
    start_of_day_s: f64,
    /// Which hours are hazy; without it all are.
    hours: Option<Faults>,
}

impl Spec for OpticalConfirmationSpec {
    fn ready(&self, named: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(OpticalConfirmationRule::new(
            self,
            named.start_of_day_s,
        )))
    }
}

impl OpticalConfirmationRule {
    fn new(spec: &OpticalConfirmationSpec, start_of_day_s: f64) -> OpticalConfirmationRule {
        OpticalConfirmationRule {
            look: Millis::from_seconds(spec.visual_identification_s),
            hours: spec.haze_per_hour.map(|haze_per_hour| {
                let spec = FaultsSpec {
                    haze_per_hour,
                    ..FaultsSpec::default()
                };
                Faults::new(spec, start_of_day_s)
            }),
            start_of_day_s,
            spec: spec.clone(),
        }
    }

    /// The chance to recognise an aircraft of this dimension at a slant range, at a time, in an hour that is hazy or clear.
    fn chance(&self, critical_dimension_m: f64, range_m: f64, time: Millis, hazy: bool) -> f64 {
        let hour = (self.start_of_day_s + time.seconds()).rem_euclid(86_400.0) / 3600.0;
        let light = self
            .spec
            .day
            .as_ref()
            .is_none_or(|day| day.light(time, hour));
        let night = if light { 1.0 } else { self.spec.night_factor };
        let visibility_km = self.spec.visibility_km.filter(|_| hazy);
        let haze = visibility_km.map_or(1.0, |visibility_km| contrast_left(range_m, visibility_km));
        success(
            cycles(critical_dimension_m, range_m, self.spec.ifov_mrad),
            Task::Recognise,
        ) * night
            * haze
    }

    /// The row of the class's matrix that is seen now, if the aircraft is recognised.
    fn sees(&self, inquiry: &Inquiry<'_>) -> Option<usize> {
        let subject = inquiry.subject?;
        let rows = inquiry.identifier.rows.len();
        let row = Some(usize::from(subject.truth_row)).filter(|row| *row < rows)?;
        let request = inquiry.request;
        let arm = |place: Vector3<f64>| place - request.site.push(0.0);
        let (held, there) = (arm(request.track.place), arm(subject.place));
        if held.angle(&there) > self.spec.field_deg.to_radians() {
            return None;
        }
        let range_m = there.norm();
        let time = request.track.time;
        let hazy = self
            .hours
            .as_ref()
            .is_none_or(|hours| hours.hazy(inquiry.streams, inquiry.site_key, time));
        let chance = self.chance(subject.critical_dimension_m, range_m, time, hazy);
        let mut draws =
            (inquiry.streams).about(Purpose::ConfirmingLook, inquiry.site_key, inquiry.about);
        if draws.uniform(0) >= chance {
            return None;
        }
        if rows < 2 || draws.happens(1, self.spec.correct) {
            return Some(row);
        }
        let other = libm::floor(draws.uniform(2) * (rows - 1) as f64) as usize;
        Some(if other < row { other } else { other + 1 })
    }
}

impl Rule for OpticalConfirmationRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        match on.asks(PAGE.id, Reason::AwaitingVisualIdentification, None) {
            Heard::Unasked => "not_looked",
            Heard::Awaiting | Heard::TimedOut => "awaiting_visual_identification",
            Heard::Answer { reply, .. } => match reply.says {
                Says::Hold(reason) => {
                    on.verdict.decline(PAGE.id, reason);
                    "optically_cleared"
                }
                Says::Unclear => {
                    // The next scan may recognise it.
                    on.verdict.next_scan();
                    if self.spec.if_unclear == IfUnclear::Hold
                        && self.spec.placebo != Some(Placebo::Delay)
                    {
                        on.verdict.decline(PAGE.id, Reason::NotRecognised);
                    }
                    "not_recognised"
                }
                Says::GoOn | Says::Answered(_) => "seen_hostile",
            },
        }
    }

    fn answer(&self, inquiry: &mut Inquiry<'_>) -> Option<Reply> {
        let (now, looked) = (inquiry.request.track.time, inquiry.made.at + self.look);
        if now < looked {
            let says = Says::Unclear;
            return Some(Reply { at: looked, says });
        }
        let hostile = |row: usize| inquiry.identifier.shares()[row][2];
        let says = match self.sees(inquiry) {
            None => Says::Unclear,
            Some(_) if self.spec.placebo.is_some() => Says::GoOn,
            Some(row) if hostile(row) < self.spec.threshold => Says::Hold(Reason::OpticallyCleared),
            Some(_) => Says::GoOn,
        };
        Some(Reply { at: now, says })
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
        assert!((clear.chance(20.0, 10_000.0, noon, true) - 1.0).abs() < 1e-3);
        assert!(
            (clear.chance(20.0, 50_000.0, noon, true) - 0.5).abs() < 1e-12,
            "4 cycles"
        );
        let night = rule(r#"{ "day": { "from_h": 6.0, "to_h": 18.0 } }"#);
        assert!((night.chance(20.0, 50_000.0, noon, true) - 0.5).abs() < 1e-12);
        assert!((night.chance(20.0, 50_000.0, Millis::ZERO, true) - 0.1).abs() < 1e-12);
        let hazy = rule(r#"{ "visibility_km": 25.0 }"#);
        let expected = 0.5 * (-3.912f64 * 2.0).exp() / 0.02;
        assert!((hazy.chance(20.0, 50_000.0, noon, true) - expected).abs() < 1e-12);
        let fair = rule(r#"{ "visibility_km": 60.0 }"#);
        assert!((fair.chance(20.0, 50_000.0, noon, true) - 0.5).abs() < 1e-12);
    }
}
