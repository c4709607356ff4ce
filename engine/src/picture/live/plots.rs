//! What a site's sensor brings at one scan: the plots of the aircraft it detects. The truth is read here.
//!
//! Whether a scan detects is the same draw as in a file of its own; where the plot falls is the true place, or, with
//! errors of measurement, a place off in range, bearing and height by normal errors that are drawn for each scan of
//! each aircraft. A misaligned radar turns every plot about the site.

use nalgebra::Vector3;

use super::super::{Post, Subject};
use crate::identification::{Emitter, MAX_COLUMNS};
use crate::ids::Key;
use crate::platform::Equipment;
use crate::platform::trajectory::Trajectory;
use crate::record::Regard;
use crate::sensing::coverage::{Window, covered, look};
use crate::streams::{BLOCK, OpenBlock, Purpose, Streams};
use crate::tracking::plot::{Plot, misaligned};
use crate::units::Millis;

/// The truth about an aircraft that cues draw on.
#[derive(Debug, Clone, Copy)]
pub struct Carrier {
    /// What the site should hold it for.
    pub regard: Regard,
    /// What the draws of its side are keyed by.
    pub side_key: Key,
    /// What it carries to be known by.
    pub equipment: Equipment,
    /// Its wingspan, m.
    pub wingspan_m: f64,
}

impl Carrier {
    /// Nobody: carries nothing, and there is nothing to see.
    pub(super) const NOBODY: Carrier = Carrier {
        regard: Regard::Neutral,
        side_key: Key::NONE,
        equipment: Equipment {
            iff: None,
            transponder: None,
        },
        wingspan_m: 0.0,
    };

    /// As the world sides of cues see it.
    pub(super) fn emitter(&self, truth_row: u8) -> Emitter<'_> {
        Emitter {
            regard: self.regard,
            truth_row,
            side_key: self.side_key,
            equipment: &self.equipment,
            wingspan_m: self.wingspan_m,
        }
    }

    pub(super) fn hostile(&self) -> bool {
        self.regard == Regard::Hostile
    }
}

/// An aircraft the site may ever see, and what was counted about it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// What is fixed about it.
    pub subject: Subject,
    /// When the sensor sees it.
    windows: Box<[Window]>,
    /// What it is.
    pub carrier: Carrier,
    /// The block of scans that is open, and what they find.
    block: u64,
    looks_mask: u64,
    hits_mask: u64,
    /// Scans with it in coverage.
    pub looks: u64,
    /// Scans that detected it.
    pub detections: u64,
    /// Time with a confirmed track on it, summed over tracks.
    pub tracked: Millis,
    /// Declarations made about it, by column.
    pub declared: [u32; MAX_COLUMNS],
    /// Shots at it.
    pub shots: u32,
    /// Engagements of it.
    pub engagements: u32,
    /// When a track on it was last inside the envelope.
    pub last_inside: Millis,
}

impl Target {
    pub fn new(subject: Subject, windows: Box<[Window]>, carrier: Carrier) -> Target {
        Target {
            subject,
            windows,
            carrier,
            block: u64::MAX,
            looks_mask: 0,
            hits_mask: 0,
            looks: 0,
            detections: 0,
            tracked: Millis::ZERO,
            declared: [0; MAX_COLUMNS],
            shots: 0,
            engagements: 0,
            last_inside: Millis(i64::MIN / 2),
        }
    }

    /// Whether the site ever sees it with its own sensor.
    pub fn ever_seen(&self) -> bool {
        !self.windows.is_empty()
    }

    /// Whether a scan may see it.
    pub fn covered(&self, scan: u64) -> bool {
        covered(&self.windows, scan)
    }

    /// The first scan from `scan` on with the aircraft in coverage.
    pub fn next_look(&self, scan: u64) -> Option<u64> {
        let windows = &self.windows;
        let upcoming = windows.partition_point(|window| window.end <= scan);
        windows.get(upcoming).map(|window| window.from.max(scan))
    }

    /// Looks at the aircraft at a scan: its true place, if it is detected.
    pub fn look(
        &mut self,
        scan: u64,
        post: &Post,
        streams: &Streams,
        trajectory: &Trajectory,
    ) -> Option<Vector3<f64>> {
        let block = scan / BLOCK as u64;
        if block != self.block {
            let scans = look(
                &self.subject.sight,
                trajectory,
                &self.windows,
                &post.clock,
                block,
                &streams.looks(post.key, self.subject.key),
                &mut OpenBlock::none(),
            );
            self.block = block;
            self.looks_mask = scans.looks;
            self.hits_mask = scans.hits;
        }
        let bit = 1u64 << (scan % BLOCK as u64);
        self.looks += u64::from(self.looks_mask & bit != 0);
        let hit = self.hits_mask & bit != 0;
        self.detections += u64::from(hit);
        hit.then(|| trajectory.position(Millis(post.clock.time_ms(scan))))
    }

    /// The plot of a detection at `place`.
    pub fn plot(
        &self,
        scan: u64,
        post: &Post,
        streams: &Streams,
        place: Vector3<f64>,
        bias_deg: f64,
    ) -> Plot {
        let Some(measurement) = &post.tracker.measurement else {
            return Plot::exact(misaligned(place, post.place, bias_deg));
        };
        let mut luck = streams.about(Purpose::Measurement, post.key, self.subject.key);
        let normals = std::array::from_fn(|axis| luck.normal(3 * scan + axis as u64));
        Plot::measured(place, post.place, measurement, normals, bias_deg)
    }
}
