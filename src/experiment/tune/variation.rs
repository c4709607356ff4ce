//! New candidates from old: tournament, simulated binary crossover, polynomial mutation.
//!
//! Crossover (Deb and Agrawal, Complex Systems 9 (1995) 115): children `((1 + b) x1 + (1 - b) x2) / 2` and the mirror
//! image, with `b = (2u)^(1/(n+1))` for `u <= 1/2`, else `(2 (1 - u))^(-1/(n+1))`, n = 15. Mutation (Deb, Multi-Objective
//! Optimization, 2001, 4.2.6, in the form that keeps the bounds), n = 20, one gene in the mean. Genes lie in 0..=1.
//! The genes of a choice have no neighbours: they are swapped whole, and drawn anew.
//!
//! Draws are looked up by (seed, generation, number of the child, gene), so what is bred depends on nothing else.

use super::space::Dimension;
use crate::ids::Key;
use crate::record::Replication;
use crate::streams::{Purpose, Stream, Streams};

/// Index of the distribution of crossover: the larger, the closer children are to their parents.
const CROSSOVER_INDEX: f64 = 15.0;

/// Chance that parents are crossed at all.
const CROSSOVER_CHANCE: f64 = 0.9;

/// Index of the distribution of mutation.
const MUTATION_INDEX: f64 = 20.0;

/// Chance that a gene that mutates goes to an end of its range.
const BORDER: f64 = 0.2;

/// The random numbers of the breeding of one generation.
#[derive(Debug, Clone, Copy)]
pub struct Breeding {
    streams: Streams,
}

impl Breeding {
    /// The random numbers of this generation.
    pub fn new(seed: u64, generation: u64) -> Breeding {
        Breeding {
            streams: Streams::new(Replication {
                seed,
                index: generation,
            }),
        }
    }

    fn stream(&self, purpose: Purpose, child: u32) -> Stream {
        self.streams
            .about(purpose, Key::of("candidate").nth(child), Key::NONE)
    }

    /// The genes of a child; `parents` are the genes of candidates and `better(a, b)` says whether a goes before b.
    pub fn child(
        &self,
        child: u32,
        space: &[Dimension],
        parents: &[&[f64]],
        better: impl Fn(usize, usize) -> bool,
    ) -> Vec<f64> {
        let mut draws = self.stream(Purpose::Tournament, child);
        let mut pick = |index: u64| {
            let drawn = draws.uniform(index) * parents.len() as f64;
            (drawn as usize).min(parents.len() - 1)
        };
        let mut tournament = |first: u64| {
            let (one, two) = (pick(first), pick(first + 1));
            if better(two, one) { two } else { one }
        };
        let (mother, father) = (parents[tournament(0)], parents[tournament(2)]);
        let mut genes = self.crossed(child, space, mother, father);
        self.mutate(child, space, &mut genes);
        genes
    }

    fn crossed(&self, child: u32, space: &[Dimension], mother: &[f64], father: &[f64]) -> Vec<f64> {
        let mut draws = self.stream(Purpose::Crossover, child);
        if !draws.happens(0, CROSSOVER_CHANCE) {
            return mother.to_vec();
        }
        let mut genes = Vec::with_capacity(space.len());
        for (number, dimension) in space.iter().enumerate() {
            let at = 1 + 3 * number as u64;
            let (mine, other) = (mother[number], father[number]);
            let gene = match (dimension.is_graded(), draws.happens(at, 0.5)) {
                (true, true) => {
                    let spread = spread(draws.uniform(at + 1));
                    let sign = if draws.happens(at + 2, 0.5) {
                        1.0
                    } else {
                        -1.0
                    };
                    0.5 * (mine + other) + sign * 0.5 * spread * (mine - other)
                }
                (false, true) => other,
                (_, false) => mine,
            };
            genes.push(gene.clamp(0.0, 1.0));
        }
        genes
    }

    fn mutate(&self, child: u32, space: &[Dimension], genes: &mut [f64]) {
        let mut draws = self.stream(Purpose::Mutation, child);
        let chance = 1.0 / space.len() as f64;
        for (number, (dimension, gene)) in space.iter().zip(genes).enumerate() {
            let at = 2 * number as u64;
            if !draws.happens(at, chance) {
                continue;
            }
            let u = draws.uniform(at + 1);
            // Now and then to an end of the range: small steps hardly ever get there.
            if dimension.is_graded()
                && draws.happens(2 * space.len() as u64 + number as u64, BORDER)
            {
                *gene = if u < 0.5 { 0.0 } else { 1.0 };
                continue;
            }
            *gene = if dimension.is_graded() {
                (*gene + shift(*gene, u)).clamp(0.0, 1.0)
            } else {
                u
            };
        }
    }
}

/// How far children of simulated binary crossover lie apart, in distances of their parents.
fn spread(u: f64) -> f64 {
    let power = 1.0 / (CROSSOVER_INDEX + 1.0);
    if u <= 0.5 {
        libm::pow(2.0 * u, power)
    } else {
        libm::pow(2.0 * (1.0 - u), -power)
    }
}

/// By how much polynomial mutation moves a gene in 0..=1.
fn shift(gene: f64, u: f64) -> f64 {
    let power = 1.0 / (MUTATION_INDEX + 1.0);
    let far = |room: f64| libm::pow(1.0 - room, MUTATION_INDEX + 1.0);
    if u < 0.5 {
        libm::pow(2.0 * u + (1.0 - 2.0 * u) * far(gene), power) - 1.0
    } else {
        1.0 - libm::pow(2.0 * (1.0 - u) + (2.0 * u - 1.0) * far(1.0 - gene), power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: [Dimension; 2] = [
        Dimension::Range {
            low: 0.0,
            high: 1.0,
            log: false,
        },
        Dimension::Choice(4),
    ];

    #[test]
    fn children_stay_inside_and_are_looked_up() {
        let parents: [&[f64]; 2] = [&[0.0, 0.9], &[1.0, 0.1]];
        let bred = |child| Breeding::new(3, 7).child(child, &SPACE, &parents, |a, b| a < b);
        for child in 0..2000 {
            let genes = bred(child);
            assert!(genes.iter().all(|gene| (0.0..=1.0).contains(gene)));
        }
        assert_eq!(bred(5), bred(5));
        assert_ne!(bred(5), bred(6));
        let other = Breeding::new(3, 8).child(5, &SPACE, &parents, |a, b| a < b);
        assert_ne!(bred(5), other);
    }

    /// Both operators leave the mean where it is: of crossing 0.4 and 0.6 it is 0.5, of changing 0.5 it is 0.5.
    #[test]
    fn variation_has_no_drift() {
        let parents: [&[f64]; 2] = [&[0.4, 0.5], &[0.6, 0.5]];
        let count = 20_000;
        let genes: Vec<f64> = (0..count)
            .map(|child| {
                let bred = Breeding::new(1, 0).child(child, &SPACE, &parents, |_, _| false);
                bred[0]
            })
            .collect();
        let mean = genes.iter().sum::<f64>() / f64::from(count);
        let square = genes.iter().map(|gene| (gene - mean) * (gene - mean));
        let error = (square.sum::<f64>() / f64::from(count) / f64::from(count)).sqrt();
        // 4.9 standard errors: false-alarm rate 1e-6.
        assert!((mean - 0.5).abs() < 4.9 * error, "{mean} {error}");
        assert!(error > 1e-4, "nothing varies");
    }
}
