//! How sites and aircraft stand to one another in space, kept from one replication to the next.
//!
//! When a site can see an aircraft follows from where both are and from nothing that is drawn later. Where a route is flown as
//! in the replication before, or where an experiment flies the same replication under other rules, nothing need be
//! solved again: what is kept is used only if all that it follows from is the same.

use std::sync::Arc;

use crate::geometry::Point;
use crate::picture::{Envelope, Geometry};
use crate::platform::trajectory::Trajectory;
use crate::sensing::coverage::{ScanClock, Sight, Window};
use crate::sensing::detection::Law;
use crate::sensing::{SensorModel, SensorSpec};
use crate::units::Millis;

/// All that the geometry of a site's pairs follows from, besides the aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct Vantage {
    /// Where the site is.
    pub place: Point,
    /// When it scans.
    pub clock: ScanClock,
    /// What it scans with.
    pub sensor: SensorSpec,
    /// Where its weapon reaches, if it has one.
    pub envelope: Option<Envelope>,
    /// The end of the scenario.
    pub end: Millis,
}

/// The geometry of the pairs of one replication, and what is left of that of the one before.
#[derive(Debug, Default)]
pub struct Geometries {
    aircraft: Vec<Flown>,
    sites: Vec<Stood>,
    /// Where the windows of one pair after the other are collected.
    windows: Vec<Window>,
}

/// An aircraft as it flew last.
#[derive(Debug)]
struct Flown {
    trajectory: Trajectory,
    rcs_m2: f64,
}

/// A site as it stood last, and its pairs by aircraft.
#[derive(Debug)]
struct Stood {
    vantage: Vantage,
    pairs: Vec<Option<Arc<Geometry>>>,
}

impl Geometries {
    /// Takes over the aircraft of a replication, in their order: trajectory, and radar cross-section in m2.
    pub fn fly<'a>(&mut self, aircraft: impl ExactSizeIterator<Item = (&'a Trajectory, f64)>) {
        let count = aircraft.len();
        self.aircraft.truncate(count);
        for site in &mut self.sites {
            site.pairs.resize(count, None);
        }
        for (index, (trajectory, rcs_m2)) in aircraft.enumerate() {
            let same = |last: &Flown| last.rcs_m2 == rcs_m2 && last.trajectory == *trajectory;
            if self.aircraft.get(index).is_some_and(same) {
                continue;
            }
            let flown = Flown {
                trajectory: trajectory.clone(),
                rcs_m2,
            };
            match self.aircraft.get_mut(index) {
                Some(last) => *last = flown,
                None => self.aircraft.push(flown),
            }
            for site in &mut self.sites {
                site.pairs[index] = None;
            }
        }
    }

    /// Takes over a site of the replication, after its aircraft.
    pub fn stand(&mut self, site: usize, vantage: Vantage) {
        let last = self.sites.get_mut(site);
        if last.as_ref().is_some_and(|last| last.vantage == vantage) {
            return;
        }
        let stood = Stood {
            vantage,
            pairs: vec![None; self.aircraft.len()],
        };
        match last {
            Some(last) => *last = stood,
            None => self.sites.push(stood),
        }
    }

    /// How a site and an aircraft stand to one another.
    pub fn of(&mut self, site: usize, aircraft: usize) -> Arc<Geometry> {
        let Stood { vantage, pairs } = &mut self.sites[site];
        let (flown, windows) = (&self.aircraft[aircraft], &mut self.windows);
        let solved =
            pairs[aircraft].get_or_insert_with(|| Arc::new(solve(vantage, flown, windows)));
        Arc::clone(solved)
    }
}

fn solve(vantage: &Vantage, flown: &Flown, windows: &mut Vec<Window>) -> Geometry {
    let (sensor, clock) = (&vantage.sensor, &vantage.clock);
    let (law, blind_beyond_m) = Law::new(sensor, flown.rcs_m2);
    let sight = Sight {
        site: vantage.place,
        antenna_m: sensor.antenna_m,
        law,
        blind_beyond_m,
        horizon: !matches!(sensor.model, SensorModel::Disc(_)),
    };
    windows.clear();
    sight.windows(&flown.trajectory, clock, windows);
    // The last scan is the last one at or before the end.
    let after_end = clock.first_from(vantage.end.0 + 1);
    windows.retain_mut(|window| {
        window.end = window.end.min(after_end);
        window.from < window.end
    });
    let envelope = vantage.envelope;
    let mut envelope = envelope.map_or(Vec::new(), |envelope| {
        envelope.scans(vantage.place, &flown.trajectory, clock)
    });
    envelope.retain_mut(|run| {
        run.end = run.end.min(after_end);
        run.from < run.end
    });
    Geometry {
        sight,
        windows: windows.as_slice().into(),
        envelope: envelope.into(),
    }
}
