//! R11: coordinating altitudes and height blocks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Case, RulePage, parameter};
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R11",
    key: "height_blocks",
    title: "Height blocks: do not fire at a track between agreed heights",
    page: "\
A site does not fire at a track whose height, as it measures it, lies in one of the `blocks` while it is open (reason
in_height_block). What it measures is wrong by an error drawn once per site and aircraft, normal with `height_sigma_m`: height
finders err systematically. With probability `honour`, drawn likewise, the crew acts on it. Who flies there is not asked. Stops
self-defence (R5) and the restricted zone (R10) too.

Flights of `sides` keep to the first block with probability `keeps`, drawn once per aircraft: every height of their route, flown
and planned, becomes the middle of the block. The rest fly as they did.

A track at height h is held inside with Phi((top - h) / sigma) - Phi((floor - h) / sigma).

Fails by: errors of height; climbing through; flights that do not keep to it; abuse: a hostile in the block is as safe.
Costs: the height at which a sensor sees best; leakers.
Source: coordinating altitude as in JP 3-52; errors of height of several hundred metres are an assumption.",
    parameters: &[
        parameter("blocks", "list", "[]", "{ floor_m, top_m, from_h, until_h }", "heights at which fire is held, and when"),
        parameter("height_sigma_m", "m", "150.0", "0 to 10000", "standard deviation of a site's error of height"),
        parameter("honour", "probability", "1.0", "0 to 1", "probability that a crew holds its fire at what it measures inside"),
        parameter("sides", "sides", "[]", "sides of the scenario", "sides whose flights keep to the first block"),
        parameter("keeps", "probability", "1.0", "0 to 1", "probability that a flight of these does"),
    ],
    reasons: &["in_height_block"],
};

/// R11: height blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeightBlocksSpec {
    /// Heights at which fire is held, and when.
    #[serde(default)]
    pub blocks: Vec<HeightBlockSpec>,
    /// Standard deviation of a site's error of height, m; one draw per site and aircraft.
    #[serde(default = "sigma")]
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub height_sigma_m: f64,
    /// Probability that a crew holds its fire at what it measures inside; one draw per site and aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub honour: f64,
    /// Sides whose flights keep to the first block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<String>,
    /// Probability that a flight of these does; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub keeps: f64,
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
pub struct HeightBlockSpec {
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

/// How one site measures the height of one aircraft.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HeightFile {
    /// Its error, m.
    pub error_m: f64,
    /// Whether the crew acts on blocks.
    pub heeds: bool,
}

impl HeightBlocksSpec {
    pub(super) fn draw(&self, streams: &Streams, site: Key, aircraft: Key) -> HeightFile {
        let mut luck = streams.about(Purpose::HeightError, site, aircraft);
        HeightFile {
            error_m: self.height_sigma_m * luck.normal(0),
            // A normal number takes the words of the uniform numbers 0 and 1.
            heeds: luck.happens(2, self.honour),
        }
    }

    /// The height that an aircraft of a side flies instead of its own, m; nothing if it flies its own.
    pub fn keeps_to(&self, side: &str, streams: &Streams, aircraft: Key) -> Option<f64> {
        let block = self.blocks.first()?;
        let asked = self.sides.iter().any(|asked| asked == side);
        let mut luck = streams.about(Purpose::HeightKept, aircraft, Key::NONE);
        let keeps = asked && luck.happens(0, self.keeps);
        keeps.then_some((block.floor_m + block.top_m) / 2.0)
    }

    fn inside(&self, case: &Case<'_>) -> bool {
        let height_m = case.place.z + case.crew.height.error_m;
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        self.blocks.iter().any(|block| {
            let until = block.until_h.map_or(Millis::NEVER, hours);
            (hours(block.from_h)..until).contains(&case.time)
                && (block.floor_m..=block.top_m).contains(&height_m)
        })
    }

    /// Holds fire at a track measured inside a block, if the crew heeds it.
    pub(super) fn decide(&self, case: &Case<'_>) -> Result<(), Decision> {
        if case.crew.height.heeds && self.inside(case) {
            Err(Decision {
                rule: PAGE.id,
                reason: Reason::InHeightBlock,
            })
        } else {
            Ok(())
        }
    }

    /// What it has to say of a track.
    pub(super) fn word(&self, case: &Case<'_>) -> &'static str {
        match (self.inside(case), case.crew.height.heeds) {
            (false, _) => "outside_blocks",
            (true, true) => "in_height_block",
            (true, false) => "blocks_not_heeded",
        }
    }
}
