//! Detections to tracks, per site: confirmation, coasting, drop. Association is perfect.

pub mod history;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a site starts and gives up a track: confirm on M hits in the last N scans, drop after K misses in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackerSpec {
    /// M: hits needed among the last `confirm_scans` scans.
    #[schemars(range(min = 1, max = 32))]
    pub confirm_hits: u32,
    /// N: length of the sliding window, scans.
    #[schemars(range(min = 1, max = 32))]
    pub confirm_scans: u32,
    /// K: misses in a row after which the track is dropped.
    #[schemars(range(min = 1, max = 32))]
    pub drop_misses: u32,
}
