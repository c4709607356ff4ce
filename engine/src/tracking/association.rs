//! Which plot belongs to which track: gate, then global nearest neighbour.
//!
//! A plot may feed a track if its squared distance d^2 is inside a gate G that a true plot passes with a given
//! probability: chi-squared with 3 degrees of freedom,
//!
//! ```text
//! P(d^2 <= G) = erf(sqrt(G/2)) - sqrt(2 G / pi) exp(-G/2)
//! ```
//!
//! Of all ways to give plots to tracks, one plot to a track and one track to a plot, the one with the least sum of
//! d^2 + ln det S is taken; a track without a plot costs G + the greatest ln det S of any pair inside its gate, as much
//! as a pair at the edge of the gate of the least certain track. Source: Blackman & Popoli, *Design and Analysis of
//! Modern Tracking Systems* (1999), sections 6.2-6.4; the assignment by Kuhn and Munkres (crate `pathfinding`), with
//! costs as whole multiples of 2^-32, so that nothing depends on the order of sums. Golden value: G = 11.345 at .99.

use pathfinding::prelude::{Matrix, kuhn_munkres_min};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

/// How a site finds out which track a plot belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// By the truth: tracks never get mixed up.
    #[default]
    Perfect,
    /// By distance: global nearest neighbour inside a gate, so crossing aircraft may swap tracks.
    NearestNeighbour(NearestNeighbourSpec),
}

impl Association {
    /// Whether it is by the truth.
    pub fn is_perfect(&self) -> bool {
        *self == Association::Perfect
    }
}

/// Global nearest neighbour inside a gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NearestNeighbourSpec {
    /// Probability that the gate lets pass a plot of the track's own aircraft.
    #[serde(default = "usual_gate")]
    #[schemars(range(min = 0.5, max = 0.999999))]
    pub gate_probability: f64,
}

fn usual_gate() -> f64 {
    0.99
}

/// The squared distance that a plot of the track's own aircraft stays within with this probability.
pub fn gate(probability: f64) -> f64 {
    let within = |distance2: f64| {
        libm::erf(libm::sqrt(distance2 / 2.0))
            - libm::sqrt(distance2 * std::f64::consts::FRAC_2_PI) * libm::exp(-distance2 / 2.0)
    };
    // Halving from 0 to 128 until neighbouring numbers are left; P(d^2 > 128) is 1e-27.
    let (mut low, mut high) = (0.0, 128.0);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        if within(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// What it costs to give each plot to each track.
#[derive(Debug, Clone)]
pub struct Costs {
    tracks: usize,
    plots: usize,
    of: SmallVec<[Option<f64>; 16]>,
    /// What a track without a plot costs.
    pub miss: f64,
}

impl Costs {
    /// No plot may be given to any track.
    pub fn none(tracks: usize, plots: usize, miss: f64) -> Costs {
        Costs {
            tracks,
            plots,
            of: smallvec![None; tracks * plots],
            miss,
        }
    }

    /// Lets a plot be given to a track at this cost.
    pub fn allow(&mut self, track: usize, plot: usize, cost: f64) {
        self.of[track * self.plots + plot] = Some(cost);
    }

    fn of(&self, track: usize, plot: usize) -> Option<f64> {
        self.of[track * self.plots + plot]
    }

    /// For every track its one plot, where no track may have more than one and no plot may be given to more than one.
    fn alone(&self) -> Option<Vec<Option<usize>>> {
        let mut taken: SmallVec<[bool; 16]> = smallvec![false; self.plots];
        let of_track = |track: usize| {
            let mut plots = (0..self.plots).filter(|&plot| self.of(track, plot).is_some());
            let first = plots.next();
            let again = first.is_some_and(|plot| std::mem::replace(&mut taken[plot], true));
            (!again && plots.next().is_none()).then_some(first)
        };
        (0..self.tracks).map(of_track).collect()
    }
}

/// For every track the plot it is given, so that the sum of costs is least.
///
/// Where two ways cost the same, the track with the lower index has a plot rather than one with a higher, and lower plots
/// go to lower tracks.
pub fn assign(costs: &Costs) -> Vec<Option<usize>> {
    let no_dearer = |track: usize, plot: usize| {
        let cost = costs.of(track, plot);
        cost.is_some_and(|cost| cost <= costs.miss)
    };
    if let Some(mut given) = costs.alone() {
        for (track, given) in given.iter_mut().enumerate() {
            *given = given.filter(|&plot| no_dearer(track, plot));
        }
        return given;
    }
    let mut given = vec![None; costs.tracks];
    for (tracks, plots) in clusters(costs) {
        if let (&[track], &[plot]) = (tracks.as_slice(), plots.as_slice()) {
            given[track] = no_dearer(track, plot).then_some(plot);
            continue;
        }
        // A column for every plot, then one for every track that may stay without.
        let miss = whole(costs.miss);
        let weights = Matrix::from_fn(tracks.len(), plots.len() + tracks.len(), |(row, column)| {
            let tie = (tracks.len() - row) as i128 * column.min(plots.len()) as i128;
            let cost = match plots.get(column) {
                Some(&plot) => costs.of(tracks[row], plot).map_or(FORBIDDEN, whole),
                None => miss,
            };
            (cost << TIE_BITS) + tie
        });
        let (_, columns) = kuhn_munkres_min(&weights);
        for (&track, column) in tracks.iter().zip(columns) {
            given[track] = plots
                .get(column)
                .copied()
                .filter(|&plot| costs.of(track, plot).is_some());
        }
    }
    given
}

/// Bits below those of a cost, by which ties are decided.
const TIE_BITS: u32 = 32;
/// More than any sum of costs: 2^48 in units of 2^-32.
const FORBIDDEN: i128 = 1 << 80;

/// A cost as a whole multiple of 2^-32, no larger than 2^32.
fn whole(cost: f64) -> i128 {
    const UNIT: f64 = 4_294_967_296.0;
    libm::round(cost.clamp(-UNIT, UNIT) * UNIT) as i128
}

/// Tracks and plots that hang together through allowed pairs, each list in order of index. Without plots a track is in
/// none.
fn clusters(costs: &Costs) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut found = Vec::new();
    let mut track_seen = vec![false; costs.tracks];
    let mut plot_seen = vec![false; costs.plots];
    for first in 0..costs.tracks {
        if std::mem::replace(&mut track_seen[first], true) {
            continue;
        }
        let (mut tracks, mut plots) = (vec![first], Vec::new());
        let mut done = 0;
        while let Some(&track) = tracks.get(done) {
            done += 1;
            for (plot, seen) in plot_seen.iter_mut().enumerate() {
                if *seen || costs.of(track, plot).is_none() {
                    continue;
                }
                *seen = true;
                plots.push(plot);
                for (other, seen) in track_seen.iter_mut().enumerate() {
                    if !*seen && costs.of(other, plot).is_some() {
                        *seen = true;
                        tracks.push(other);
                    }
                }
            }
        }
        if !plots.is_empty() {
            tracks.sort_unstable();
            plots.sort_unstable();
            found.push((tracks, plots));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    #[test]
    fn the_gate_is_the_quantile() {
        assert!((gate(0.99) - 11.344_867).abs() < 1e-6);
        let reference = ChiSquared::new(3.0).unwrap();
        for probability in [0.5, 0.9, 0.95, 0.99, 0.999, 0.999999] {
            let back = reference.cdf(gate(probability));
            assert!((back - probability).abs() < 1e-9, "{probability}: {back}");
        }
    }

    fn costs(rows: &[&[Option<f64>]], miss: f64) -> Costs {
        let mut costs = Costs::none(rows.len(), rows[0].len(), miss);
        for (track, row) in rows.iter().enumerate() {
            for (plot, cost) in row.iter().enumerate() {
                if let Some(cost) = cost {
                    costs.allow(track, plot, *cost);
                }
            }
        }
        costs
    }

    fn sum(costs: &Costs, given: &[Option<usize>]) -> f64 {
        given
            .iter()
            .enumerate()
            .map(|(track, plot)| plot.map_or(costs.miss, |plot| costs.of(track, plot).unwrap()))
            .sum()
    }

    /// The least sum over every way to give plots to tracks.
    fn least(costs: &Costs, track: usize, taken: &mut Vec<bool>) -> f64 {
        if track == costs.tracks {
            return 0.0;
        }
        let mut best = costs.miss + least(costs, track + 1, taken);
        for plot in 0..costs.plots {
            if let Some(cost) = costs.of(track, plot)
                && !taken[plot]
            {
                taken[plot] = true;
                best = best.min(cost + least(costs, track + 1, taken));
                taken[plot] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_way_costs_less(
            tracks in 1usize..=5, plots in 0usize..=5,
            cells in prop::collection::vec(prop::option::weighted(0.7, -5.0f64..20.0), 25),
            miss in 0.0f64..15.0,
        ) {
            let mut costs = Costs::none(tracks, plots, miss);
            for track in 0..tracks {
                for plot in 0..plots {
                    if let Some(cost) = cells[5 * track + plot] {
                        costs.allow(track, plot, cost);
                    }
                }
            }
            let given = assign(&costs);
            let mut used: Vec<usize> = given.iter().flatten().copied().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), given.iter().flatten().count(), "a plot given twice");
            let expected = least(&costs, 0, &mut vec![false; plots]);
            prop_assert!((sum(&costs, &given) - expected).abs() < 1e-6, "{:?}", given);
        }
    }

    /// Greedy gives plot 0 to track 0 (cost 1) and leaves track 1 with nothing better than 15; together, 2 + 2 is less.
    #[test]
    fn the_nearest_is_not_always_the_best() {
        let both = costs(&[&[Some(1.0), Some(2.0)], &[Some(2.0), Some(15.0)]], 16.0);
        assert_eq!(assign(&both), [Some(1), Some(0)]);
        assert!(sum(&both, &assign(&both)) < sum(&both, &[Some(0), Some(1)]));
    }

    #[test]
    fn a_miss_is_taken_where_it_is_cheaper() {
        assert_eq!(assign(&costs(&[&[Some(5.0)]], 4.0)), [None]);
        assert_eq!(assign(&costs(&[&[Some(5.0)]], 5.0)), [Some(0)]);
        assert_eq!(
            assign(&costs(&[&[None, Some(3.0)], &[None, Some(2.0)]], 10.0)),
            [None, Some(1)]
        );
        assert_eq!(assign(&Costs::none(2, 0, 1.0)), [None, None]);
        assert_eq!(assign(&Costs::none(0, 2, 1.0)), []);
    }

    #[test]
    fn ties_go_by_index() {
        let row: &[Option<f64>] = &[Some(1.0), Some(1.0), Some(1.0)];
        assert_eq!(assign(&costs(&[row, row, row], 9.0)), [0, 1, 2].map(Some));
        let one: &[Option<f64>] = &[Some(1.0)];
        assert_eq!(assign(&costs(&[one, one], 9.0)), [Some(0), None]);
        assert_eq!(assign(&costs(&[&row[..2]], 9.0)), [Some(0)]);
    }
}
