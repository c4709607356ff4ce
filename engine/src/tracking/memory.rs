//! What a site remembers of a track that it has lost: a track that is confirmed soon enough and near enough is the same.
//!
//! t is the time from the last plot of the lost track to the confirmation of the new one, so that it does not matter how many
//! misses the tracker waits before it drops a track. The new track takes up the number of the old one, and m = exp(-t / tau) of
//! each logarithm of its evidence, if m is at least `least` and its place lies no further from the last plot than
//! min(gate + v t, reach), where v is the speed of the old track over the ground. Lost and new tracks are assigned at least
//! distance, each once; of lost ones that are as near the latest is taken. Under perfect association it is known which track is
//! whose, and the link never errs.
//!
//! Assumes that a crew goes by place and time alone when it takes a track for the one it had. Closed form: of k tracks of one
//! aircraft with one declaration a number, wrong with p, m = 1 is wrong with p and m = 0 with 1 - (1 - p)^k.

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::association::{Costs, assign};
use crate::units::Millis;

/// What a site remembers of a track that it has lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemorySpec {
    /// Time after which 1/e is left of the evidence about a track that was lost, s; 0: nothing is remembered.
    #[schemars(range(min = 0.0, max = 1e9))]
    pub tau_s: f64,
    /// A track that appears farther from where the lost one was seen last is another one, m.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub reach_m: f64,
    /// How far beyond the way that it could have flown a track may appear, m.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub gate_m: f64,
    /// With less than this left the lost track is forgotten.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub least: f64,
}

impl Default for MemorySpec {
    fn default() -> Self {
        MemorySpec {
            tau_s: 3600.0,
            reach_m: 30_000.0,
            gate_m: 2_000.0,
            least: 0.2,
        }
    }
}

/// A track that was lost: where and when it was seen last, and its speed over the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastSeen {
    /// Where, m.
    pub place: Vector3<f64>,
    /// When.
    pub at: Millis,
    /// How fast, m/s.
    pub speed_mps: f64,
}

impl MemorySpec {
    /// No memory.
    pub fn none() -> MemorySpec {
        MemorySpec {
            tau_s: 0.0,
            ..MemorySpec::default()
        }
    }

    /// Whether nothing is said that is not so anyway.
    pub fn is_default(&self) -> bool {
        *self == MemorySpec::default()
    }

    /// Whether anything is remembered.
    pub fn remembers(&self) -> bool {
        self.tau_s > 0.0
    }

    /// What is left of the evidence about a track that was last seen so long ago; nothing if it is forgotten.
    pub fn kept(&self, gone: Millis) -> Option<f64> {
        if !self.remembers() {
            return None;
        }
        let kept = libm::exp(-gone.seconds() / self.tau_s);
        (kept >= self.least).then_some(kept)
    }

    /// How far from a lost track one is that appears at `place` and `time`, m, if it may be the same.
    pub fn distance_m(&self, lost: &LastSeen, place: Vector3<f64>, time: Millis) -> Option<f64> {
        let gone = time - lost.at;
        self.kept(gone)?;
        let way_m = self.gate_m + lost.speed_mps * gone.seconds();
        let distance_m = (place - lost.place).xy().norm();
        (distance_m <= way_m.min(self.reach_m)).then_some(distance_m)
    }

    /// For each of some new tracks the lost one that it is taken for, by the least sum of distances; `may` says of which pairs that
    /// can be. Lost tracks stand in the order in which they were lost.
    pub fn assign(
        &self,
        lost: &[LastSeen],
        new: &[Vector3<f64>],
        time: Millis,
        may: impl Fn(usize, usize) -> bool,
    ) -> Vec<Option<usize>> {
        // The latest lost comes first, and the first of those that are as near is taken.
        let latest_first = |at: usize| lost.len() - 1 - at;
        let mut costs = Costs::none(new.len(), lost.len(), 2.0 * self.reach_m + 1.0);
        for (one, place) in new.iter().enumerate() {
            for at in 0..lost.len() {
                let lost_one = latest_first(at);
                if may(one, lost_one)
                    && let Some(distance_m) = self.distance_m(&lost[lost_one], *place, time)
                {
                    costs.allow(one, at, distance_m);
                }
            }
        }
        let assigned = assign(&costs).into_iter();
        assigned.map(|at| at.map(latest_first)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(x_m: f64, at_s: f64) -> LastSeen {
        LastSeen {
            place: Vector3::new(x_m, 0.0, 3000.0),
            at: Millis::from_seconds(at_s),
            speed_mps: 60.0,
        }
    }

    fn place(x_m: f64) -> Vector3<f64> {
        Vector3::new(x_m, 0.0, 2000.0)
    }

    #[test]
    fn what_is_left_and_how_far_it_reaches() {
        let memory = MemorySpec::default();
        let kept = memory.kept(Millis::from_seconds(1080.0)).unwrap();
        assert!((kept - 0.7408).abs() < 1e-4, "18 min of an hour");
        // ln 5 hours.
        assert!(memory.kept(Millis::from_seconds(5793.0)).is_some());
        assert!(memory.kept(Millis::from_seconds(5795.0)).is_none());
        assert!(MemorySpec::none().kept(Millis::ZERO).is_none());
        let within = |x_m: f64, time_s: f64| {
            let time = Millis::from_seconds(time_s);
            memory
                .distance_m(&seen(0.0, 0.0), place(x_m), time)
                .is_some()
        };
        assert!(
            within(8_000.0, 100.0) && !within(8_001.0, 100.0),
            "2 km + 60 m/s"
        );
        assert!(within(30_000.0, 1000.0) && !within(30_001.0, 1000.0));
    }

    #[test]
    fn the_nearest_pairs_and_of_equals_the_latest_lost() {
        let memory = MemorySpec::default();
        let time = Millis::from_seconds(100.0);
        let any = |_: usize, _: usize| true;
        let lost = [seen(0.0, 0.0), seen(5_000.0, 0.0)];
        let new = [place(4_000.0), place(6_000.0)];
        assert_eq!(memory.assign(&lost, &new, time, any), [Some(0), Some(1)]);
        let alike = [seen(0.0, 0.0), seen(0.0, 10.0)];
        assert_eq!(memory.assign(&alike, &new[..1], time, any), [Some(1)]);
        let not_that = |_: usize, lost: usize| lost != 1;
        assert_eq!(memory.assign(&alike, &new[..1], time, not_that), [Some(0)]);
        assert_eq!(memory.assign(&lost, &[place(29_000.0)], time, any), [None]);
    }
}
