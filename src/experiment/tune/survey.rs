//! What the search believes: a surface through what is known of all candidates, for each watched measure.
//!
//! A candidate that was tested little is known from its neighbours as well, and one that was never tested from them alone. What
//! is fed in is what each candidate's own replications say, with a control variate: the scenario as written, or one of the candidates that
//! were run most, so that what many replications say of one is known of all that are like it. Of few replications the variance is
//! hardly known, and is drawn towards what it is elsewhere. Without a scenario as written there is no
//! control variate and no surface: what the same random numbers do to all candidates would bend it, and each stands for itself.

use rayon::prelude::*;

use super::course::{Candidate, Course};
use super::samples::Controlled;
use super::space::Dimension;
use crate::statistics::kriging::{Coordinate, Known, Surface};

/// Points of a surface, the best known: work grows with their square. The others are held against it each by itself.
const POINTS: usize = 400;

/// So many of those that were run most are control variates of the others, beside the scenario as written.
const ANCHORS: usize = 8;

/// Replications of a control variate, for each of whoever it controls.
const LONGER: u64 = 2;

/// A value and its standard error.
pub type Belief = (f64, f64);

/// What is believed of one measure.
#[derive(Debug, Clone)]
struct Measured {
    /// The surface, and whose each of its points is; none where nothing varies.
    surface: Option<(Surface, Vec<usize>)>,
    /// By candidate.
    believed: Vec<Belief>,
    /// What the replications of each say, without its neighbours.
    own: Vec<Belief>,
    /// How far apart two candidates must be to be told apart: the median of the standard errors.
    step: f64,
}

/// What is believed of every measure.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    space: Vec<Dimension>,
    measures: Vec<Measured>,
}

impl Survey {
    /// Of all candidates there are; `before` is that of fewer of them, from whose surfaces the search for these goes on.
    pub fn new(course: &Course, candidates: &[Candidate], before: &Survey) -> Survey {
        let measure = |measure: usize| {
            let before = before.measures.get(measure);
            Measured::new(course, candidates, measure, before)
        };
        Survey {
            space: course.space.clone(),
            measures: (0..course.watched.len())
                .into_par_iter()
                .map(measure)
                .collect(),
        }
    }

    /// What is believed of a measure of a candidate.
    pub fn of(&self, candidate: usize, measure: usize) -> Option<Belief> {
        let measured = self.measures.get(measure)?;
        measured.believed.get(candidate).copied()
    }

    /// What the replications of a candidate say by themselves, with their control variates.
    pub fn own(&self, candidate: usize, measure: usize) -> Belief {
        let measured = self.measures.get(measure);
        let own = measured.and_then(|measured| measured.own.get(candidate));
        own.copied().unwrap_or((f64::NAN, f64::NAN))
    }

    /// What is believed of a measure where some genes lie; nothing certain where nothing varies.
    pub fn at(&self, genes: &[f64], measure: usize) -> Belief {
        let measured = &self.measures[measure];
        match &measured.surface {
            Some((surface, _)) => surface.at(&place(&self.space, genes)),
            None => (
                measured.believed.last().map_or(f64::NAN, |last| last.0),
                0.0,
            ),
        }
    }

    /// How far apart two candidates must be in a measure to be told apart.
    pub fn step(&self, measure: usize) -> f64 {
        self.measures
            .get(measure)
            .map_or(0.0, |measured| measured.step)
    }
}

impl Measured {
    fn new(
        course: &Course,
        candidates: &[Candidate],
        measure: usize,
        before: Option<&Measured>,
    ) -> Measured {
        let seen = seen(course, candidates, measure);
        let own: Vec<Belief> = (seen.iter())
            .map(|seen| (seen.value, seen.error()))
            .collect();
        let graded = |dimension: &Dimension| match dimension.is_graded() {
            true => Coordinate::Graded,
            false => Coordinate::Named,
        };
        let coordinates: Vec<Coordinate> = course.space.iter().map(graded).collect();
        if !course.reference {
            return Measured {
                surface: None,
                believed: own.clone(),
                own,
                step: 0.0,
            };
        }
        let mut known = known(course, candidates, &seen);
        known
            .sort_by(|(one, a), (other, b)| a.variance.total_cmp(&b.variance).then(one.cmp(other)));
        let rest = known.split_off(known.len().min(POINTS));
        let (of, known): (Vec<usize>, Vec<Known>) = known.into_iter().unzip();
        let shape = before.and_then(|before| before.surface.as_ref());
        let shape = shape.map(|(surface, _)| surface.shape());
        let surface = Surface::fit(&coordinates, known, shape);
        let mut believed = own.clone();
        if let Some(surface) = &surface {
            for (number, &candidate) in of.iter().enumerate() {
                believed[candidate] = surface.at_known(number);
            }
            for (candidate, own) in &rest {
                let (height, error) = surface.at(&own.point);
                let (here, there) = (1.0 / own.variance, 1.0 / (error * error));
                let value = (own.value * here + height * there) / (here + there);
                if value.is_finite() {
                    believed[*candidate] = (value, 1.0 / libm::sqrt(here + there));
                }
            }
        }
        let mut errors: Vec<f64> = of.iter().map(|&candidate| believed[candidate].1).collect();
        errors.retain(|error| error.is_finite());
        errors.sort_by(f64::total_cmp);
        Measured {
            surface: surface.map(|surface| (surface, of)),
            believed,
            own,
            step: errors.get(errors.len() / 2).copied().unwrap_or(0.0),
        }
    }
}

/// What the replications of each candidate say of a measure, with another as control variate, where there is a scenario as written: that, or
/// one of those that were run most, whichever leaves the least error. Whoever is much like one that was run long is known as well as that.
fn seen(course: &Course, candidates: &[Candidate], measure: usize) -> Vec<Controlled> {
    let alone = |candidate: &Candidate| Controlled {
        value: candidate.search.ratio(measure),
        unit: candidate.search.unit_variance(measure),
        n: candidate.search.n() as f64,
        inherited: 0.0,
    };
    let mut seen: Vec<Controlled> = candidates.iter().map(alone).collect();
    let Some(written) = candidates.first().filter(|_| course.reference) else {
        return seen;
    };
    // One event more or less: that few replications had none, or none but the control's, does not show that there are none.
    let event = |candidate: &Candidate| {
        let size = 1.0 / candidate.search.means(measure).1;
        size * size / candidate.search.n() as f64
    };
    let level = (
        written.fresh.ratio(measure),
        written.fresh.standard_error(measure),
    );
    let mut order: Vec<usize> = (1..candidates.len()).collect();
    order.sort_by_key(|&one| (std::cmp::Reverse(candidates[one].search.n()), one));
    for (at, &one) in order.iter().enumerate() {
        let search = &candidates[one].search;
        let mut best = search.controlled_by(&written.search, level, measure);
        for &anchor in order[..at].iter().take(ANCHORS) {
            if candidates[anchor].search.n() < LONGER * search.n() {
                break;
            }
            let known = (seen[anchor].value, seen[anchor].error());
            let other = search.controlled_by(&candidates[anchor].search, known, measure);
            if other.error() < best.error() {
                best = other;
            }
        }
        best.unit += event(&candidates[one]);
        seen[one] = best;
    }
    seen
}

/// What the surface goes through, and whose it is: all but the scenario as written, which has no place.
fn known(course: &Course, candidates: &[Candidate], seen: &[Controlled]) -> Vec<(usize, Known)> {
    let tested: Vec<(usize, &Controlled)> = (seen.iter().enumerate())
        .filter(|&(number, _)| candidates[number].point.is_some())
        .filter(|(_, seen)| seen.value.is_finite() && seen.unit.is_finite())
        .collect();
    let units = tested.iter().map(|(_, seen)| seen.unit);
    let usual = units.sum::<f64>() / tested.len().max(1) as f64;
    let few = course.first as f64;
    let known = |(number, seen): (usize, &Controlled)| {
        let unit = (seen.n * seen.unit + few * usual) / (seen.n + few);
        let known = Known {
            point: place(&course.space, &candidates[number].genes),
            value: seen.value,
            variance: unit / seen.n + seen.inherited * seen.inherited,
        };
        (number, known)
    };
    tested.into_iter().map(known).collect()
}

fn place(space: &[Dimension], genes: &[f64]) -> Vec<f64> {
    let each = space.iter().zip(genes);
    each.map(|(dimension, &gene)| dimension.place(gene))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::design::Coordinate as Setting;
    use crate::experiment::tune::course::{Role, Watched};
    use crate::experiment::tune::samples::Samples;
    use crate::measure::Kind;

    /// Ten sorties a replication, of which so many are lost.
    fn lost(replication: u64, of: u64) -> f64 {
        ((replication * 7 + of * 3 + replication * replication * of) % 5) as f64
    }

    fn candidate(n: u64, tried: bool, one: impl Fn(u64) -> f64) -> Candidate {
        let mut search = Samples::default();
        for replication in 0..n {
            search.add(vec![(one(replication), 10.0)]);
        }
        Candidate {
            point: tried.then(|| vec![Setting::Value(0.5)]),
            genes: vec![0.5],
            generation: 0,
            fresh: search.clone(),
            search,
            worlds: Vec::new(),
        }
    }

    /// Of two that were run 20 times the one that is like another that was run 400 times is known as well as that, but for one event in
    /// its 20; the other is not.
    #[test]
    fn who_is_like_one_that_was_run_long_is_known_as_well() {
        let course = Course {
            seed: 1,
            space: vec![Dimension::Range {
                low: 0.0,
                high: 1.0,
                log: false,
            }],
            watched: vec![Watched {
                role: Role::Minimise,
                kind: Kind::Proportion,
                per_replication: false,
                confidence: 0.95,
            }],
            budget: 10_000,
            first: 16,
            population: None,
            finalists: 6,
            reference: true,
            worlds: 0,
            re_evaluated: 0,
        };
        let candidates = [
            candidate(1_000, false, |r| lost(r, 1)),
            candidate(400, true, |r| lost(r, 2)),
            candidate(20, true, |r| lost(r, 2)),
            candidate(20, true, |r| lost(r, 4)),
        ];
        let seen = seen(&course, &candidates, 0);
        let [_, long, like, unlike] = &seen[..] else {
            panic!("four candidates");
        };
        assert!((like.value - long.value).abs() < 1e-12);
        let event = 1.0 / 10.0 / 20.0;
        let expected = libm::sqrt(long.error() * long.error() + event * event);
        assert!((like.error() - expected).abs() < 1e-9, "{}", like.error());
        assert!(unlike.error() > 1.5 * like.error(), "{}", unlike.error());
    }
}
