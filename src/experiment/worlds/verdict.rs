//! What matching comes to: of each piece of evidence what it rules out, of each assumption how much of its range is left.
//!
//! Of the worlds that are left the places along a range, 0 to 1, spread over some width w. If the evidence said nothing of it they
//! would be so many even draws over as much of it as was run at all (a range may have ends that make no sound scenario), and those lie within w or less of that with the chance `m w^(m-1) - (m-1) w^m` for m of them (the range of a
//! uniform sample, Wilks, Mathematical Statistics, 1962, 8.7). A range is called narrowed where that is below .05, shared out over all
//! assumptions.

use super::axis::Axis;
use super::evidence::Found;
use super::matching::{Flown, Matching};
use crate::experiment::design::Domain;

/// What a piece of evidence does.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Worlds that it rules out.
    pub ruled_out: usize,
    /// What the scenario as written predicts, and how implausible that is; none where it does not occur there.
    pub written: Option<(f64, f64)>,
    /// What the worlds that are left predict: least, median, most.
    pub left: Option<[f64; 3]>,
}

/// What is left of the range of an assumption.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Number of the axis.
    pub axis: usize,
    /// Places of the worlds left along the range, 0 to 1: lowest, median, highest.
    pub places: [f64; 3],
    /// The chance of so little width, if the evidence said nothing of it.
    pub chance: f64,
    /// Whether that is too small to be chance.
    pub narrowed: bool,
}

impl Matching {
    /// What each piece of evidence does; `written` is what the scenario as written predicts.
    pub fn held(&self, written: Option<&[Option<Found>]>) -> Vec<Held> {
        let course = self.course();
        (0..course.bands.len())
            .map(|band| {
                let out = |world: &&Flown| world.implausibility[band] > course.cutoff;
                let mut seen: Vec<f64> = (self.left())
                    .filter_map(|world| Some(world.found[band]?.estimate))
                    .collect();
                seen.sort_by(f64::total_cmp);
                let written = written.and_then(|found| found[band]);
                Held {
                    ruled_out: self.flown().iter().filter(out).count(),
                    written: written.map(|found| {
                        let far = course.bands[band].implausibility(Some(found));
                        (found.estimate, far)
                    }),
                    left: ends_and_middle(&seen),
                }
            })
            .collect()
    }

    /// Whether no evidence rules out the scenario as written.
    pub fn keeps(&self, written: &[Option<Found>]) -> bool {
        let course = self.course();
        let mut bands = course.bands.iter().zip(written);
        bands.all(|(band, found)| band.implausibility(*found) <= course.cutoff)
    }

    /// What is left of each range; nothing of choices, and nothing where fewer than two worlds are left.
    pub fn ranges(&self, axes: &[Axis]) -> Vec<Left> {
        let left: Vec<&Flown> = self.left().collect();
        let axes_with_ranges = axes.iter().enumerate();
        axes_with_ranges
            .filter(|(_, axis)| !matches!(axis.domain, Domain::Levels(_)) && left.len() > 1)
            .filter_map(|(number, axis)| {
                let places = left.iter().map(|world| axis.unit(world.point[number]));
                let mut places: Vec<f64> = places.collect();
                places.sort_by(f64::total_cmp);
                let places = ends_and_middle(&places)?;
                let flown = self.flown().iter();
                let flown = flown.map(|world| axis.unit(world.point[number]));
                let (low, high) = flown.fold((1.0_f64, 0.0_f64), |(low, high), at| {
                    (low.min(at), high.max(at))
                });
                let run = (high - low).max(f64::MIN_POSITIVE);
                let (m, width) = (left.len() as f64, (places[2] - places[0]) / run);
                let chance = m * libm::pow(width, m - 1.0) - (m - 1.0) * libm::pow(width, m);
                Some(Left {
                    axis: number,
                    places,
                    chance,
                    narrowed: chance < 0.05 / axes.len() as f64,
                })
            })
            .collect()
    }
}

/// Least, median and most of sorted values.
fn ends_and_middle(sorted: &[f64]) -> Option<[f64; 3]> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    Some([*first, (sorted[low] + sorted[high]) / 2.0, *last])
}
