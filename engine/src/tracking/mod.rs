//! Detections to tracks, per site: confirmation, coasting, drop; where asked for, measurement, filter and association.
//!
//! Without any of the optional parts a track is the truth about one aircraft and depends on its own detections alone:
//! that is [`history`], 64 scans at a time. With one of them ([`TrackerSpec::jointly`]) the tracks of a site influence one
//! another and are kept scan by scan in a [`tracks::TrackSet`].

pub mod association;
pub mod false_alarms;
pub mod history;
pub mod kalman;
pub mod memory;
pub mod plot;
pub mod tracks;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use association::Association;
use false_alarms::FalseAlarmSpec;
use kalman::FilterSpec;
use memory::MemorySpec;
use plot::MeasurementSpec;

/// When a site starts and gives up a track: confirm on M hits in the last N scans, drop after K misses in a row. And how
/// well it measures, smooths and associates; without that, perfectly.
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
    /// Errors of measured positions; without it positions are true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<MeasurementSpec>,
    /// How tracks are smoothed; without it a track is where its latest plot was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterSpec>,
    /// Which plot belongs to which track.
    #[serde(default, skip_serializing_if = "Association::is_perfect")]
    pub association: Association,
    /// Plots with nothing behind them; without it there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_alarms: Option<FalseAlarmSpec>,
    /// Whether a site sees that an aircraft has left the sky, so that its tracks end at once; if not, they coast until they are
    /// dropped.
    #[serde(default = "seen", skip_serializing_if = "is_seen")]
    pub loss_seen: bool,
    /// What the site remembers of a track that it has lost.
    #[serde(default, skip_serializing_if = "MemorySpec::is_default")]
    pub memory: MemorySpec,
}

fn seen() -> bool {
    true
}

fn is_seen(seen: &bool) -> bool {
    *seen
}

impl TrackerSpec {
    /// A tracker of true positions that goes by counts alone.
    pub fn counting(confirm_hits: u32, confirm_scans: u32, drop_misses: u32) -> TrackerSpec {
        TrackerSpec {
            confirm_hits,
            confirm_scans,
            drop_misses,
            measurement: None,
            filter: None,
            association: Association::Perfect,
            false_alarms: None,
            loss_seen: true,
            memory: MemorySpec::none(),
        }
    }

    /// Whether tracks influence one another or are measured with errors, so that a site has to be followed scan by scan.
    pub fn jointly(&self) -> bool {
        self.measurement.is_some()
            || self.filter.is_some()
            || !self.association.is_perfect()
            || self.false_alarms.is_some()
    }
}
