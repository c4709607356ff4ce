//! What the search believes: a surface through what is known of all candidates, for each watched measure.
//!
//! A candidate that was tested little is known from its neighbours as well, and one that was never tested from them alone. What
//! is fed in is what each candidate's own replications say, the scenario as written taken off as control variate; of few
//! replications the variance is hardly known, and is drawn towards what it is elsewhere. Without a scenario as written there is no
//! control variate and no surface: what the same random numbers do to all candidates would bend it, and each stands for itself.

use rayon::prelude::*;

use super::course::{Candidate, Course};
use super::space::Dimension;
use crate::statistics::kriging::{Coordinate, Known, Surface};

/// Points of a surface, the best known: work grows with their square. The others are held against it each by itself.
const POINTS: usize = 400;

/// A value and its standard error.
pub type Belief = (f64, f64);

/// What is believed of one measure.
#[derive(Debug, Clone)]
struct Measured {
    /// The surface, and whose each of its points is; none where nothing varies.
    surface: Option<(Surface, Vec<usize>)>,
    /// By candidate.
    believed: Vec<Belief>,
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
        let seen: Vec<Belief> = (candidates.iter())
            .map(|candidate| seen(course, candidates, candidate, measure))
            .collect();
        let graded = |dimension: &Dimension| match dimension.is_graded() {
            true => Coordinate::Graded,
            false => Coordinate::Named,
        };
        let coordinates: Vec<Coordinate> = course.space.iter().map(graded).collect();
        if !course.reference {
            return Measured {
                surface: None,
                believed: seen,
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
        let mut believed = seen;
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
            step: errors.get(errors.len() / 2).copied().unwrap_or(0.0),
        }
    }
}

/// What the replications of a candidate say of a measure, with the scenario as written as control variate, where that is run.
fn seen(
    course: &Course,
    candidates: &[Candidate],
    candidate: &Candidate,
    measure: usize,
) -> Belief {
    let search = &candidate.search;
    match candidates.first().filter(|_| course.reference) {
        Some(written) => search.controlled_by(&written.search, &written.fresh, measure),
        None => (search.ratio(measure), search.standard_error(measure)),
    }
}

/// What the surface goes through, and whose it is: all but the scenario as written, which has no place.
fn known(course: &Course, candidates: &[Candidate], seen: &[Belief]) -> Vec<(usize, Known)> {
    let tested: Vec<(usize, f64, f64)> = (seen.iter().enumerate())
        .filter(|&(number, _)| candidates[number].point.is_some())
        .map(|(number, &(value, error))| {
            let unit = error * error * candidates[number].search.n() as f64;
            (number, value, unit)
        })
        .filter(|(_, value, unit)| value.is_finite() && unit.is_finite())
        .collect();
    let usual = tested.iter().map(|(.., unit)| unit).sum::<f64>() / tested.len().max(1) as f64;
    let few = course.first as f64;
    let known = |(number, value, unit): (usize, f64, f64)| {
        let n = candidates[number].search.n() as f64;
        let known = Known {
            point: place(&course.space, &candidates[number].genes),
            value,
            variance: (n * unit + few * usual) / (n + few) / n,
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
