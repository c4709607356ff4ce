//! R11: coordinating altitudes and altitude blocks.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Amends, Consultation, EngagementRequest, Held, NEEDS_A_PLACE, Named, PlannedFlight, Rule,
    RulePage, Spec, Stage,
};
use crate::ids::Key;
use crate::record::Reason;
use crate::streams::Purpose;
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R11",
    key: "altitude_blocks",
    title: "Altitude blocks: do not fire at a track between agreed heights",
    page: "\
A site does not fire at a track whose height, as it measures it, lies in one of the `blocks` while it is open (reason
in_altitude_block). What it measures is wrong by an error drawn once per site and aircraft, normal with `height_sigma_m`: height
finders err systematically. With probability `compliance`, drawn likewise, the crew acts on it. Who flies there is not asked. Stops
self-defence (R5) and the restricted operations zone (R10) too.

Flights of `sides` keep to the first block with probability `keeps`, drawn once per aircraft: every height of their route, flown
and planned, becomes one of the levels of the block, of which there is one for every `level_m` of its height, each in the middle of
its part. Aircraft of one flight take one level after the other, from one that is drawn for the flight. The rest fly as they did.

A track at height h is held inside with Phi((top - h) / sigma) - Phi((floor - h) / sigma).

Fails by: errors of height; climbing through; flights that do not keep to it; abuse: a hostile in the block is as safe.
Costs: the height at which a sensor sees best; leakers; separation, where a block has fewer levels than aircraft (`separation` measures it).
Source: coordinating altitude as in JP 3-52; errors of height of several hundred metres are an assumption.",
    reasons: &["in_altitude_block"],    stages: &[Stage::Protection],
    amends: Some(Amends::Altitude),
    binds_all: true,
    offer: Err(NEEDS_A_PLACE),
};

/// R11: altitude blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AltitudeBlocksSpec {
    /// Heights at which fire is held, and when.
    #[serde(default)]
    pub blocks: Vec<AltitudeBlockSpec>,
    /// Standard deviation of a site's error of height, m; one draw per site and aircraft.
    #[serde(default = "sigma")]
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub height_sigma_m: f64,
    /// Probability that a crew holds its fire at what it measures inside; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub compliance: f64,
    /// Sides whose flights keep to the first block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<String>,
    /// Probability that a flight of these does; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub keeps: f64,
    /// Height of a level of the block, m: aircraft that keep to it are spread over its levels.
    #[serde(default = "thousand_feet")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 40_000.0))]
    pub level_m: f64,
}

fn thousand_feet() -> f64 {
    300.0
}

fn sigma() -> f64 {
    150.0
}

fn certain() -> f64 {
    1.0
}

/// A block of heights, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AltitudeBlockSpec {
    /// Floor, m.
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub floor_m: f64,
    /// Top, m.
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub top_m: f64,
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
}

impl Spec for AltitudeBlocksSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl AltitudeBlocksSpec {
    /// The height that an aircraft flies instead of its own, m; nothing if it flies its own.
    fn keeps_to(&self, planned: &PlannedFlight<'_>) -> Option<f64> {
        let block = self.blocks.first()?;
        let draw = |key, of| planned.streams.about(Purpose::HeightKept, key, of);
        let keeps =
            planned.is_of(&self.sides) && draw(planned.key, Key::NONE).happens(0, self.keeps);
        let height_m = block.top_m - block.floor_m;
        let levels = libm::floor(height_m / self.level_m).max(1.0);
        let first = draw(planned.intent.flight.key, Key::of("level")).uniform(0);
        let level = (libm::floor(first * levels) + f64::from(planned.number)) % levels;
        keeps.then_some(block.floor_m + height_m * (level + 0.5) / levels)
    }

    /// Whether the height as the site measures it lies in a block.
    fn inside(&self, request: &EngagementRequest<'_>) -> bool {
        let error_m = if self.height_sigma_m > 0.0 {
            self.height_sigma_m * request.draws.about(Purpose::HeightError).normal(0)
        } else {
            0.0
        };
        let height_m = request.track.place.z + error_m;
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        self.blocks.iter().any(|block| {
            let until = block.until_h.map_or(Millis::NEVER, hours);
            (hours(block.from_h)..until).contains(&request.track.time)
                && (block.floor_m..=block.top_m).contains(&height_m)
        })
    }
}

impl Rule for AltitudeBlocksSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        // A normal number takes the words of the uniform numbers 0 and 1.
        let mut draws = on.request.draws.about(Purpose::HeightError);
        on.holds_fire(Held {
            rule: PAGE.id,
            here: self.inside(on.request),
            heeded: draws.happens(2, self.compliance),
            settled: false,
            reason: Reason::InAltitudeBlock,
            yields: false,
            otherwise: ["blocks_not_heeded", "outside_blocks"],
        })
    }

    fn amend(&self, planned: &mut PlannedFlight<'_>) {
        if let Some(level_m) = self.keeps_to(planned) {
            let flight = planned.intent.flight.at_altitude(level_m);
            planned.intent.flight = Cow::Owned(flight);
        }
    }
}
