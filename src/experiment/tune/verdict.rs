//! The out-of-sample evaluation: what fresh random numbers say of each finalist.

use super::course::{Course, Role, Tuning, Watched};
use super::rank::{Standing, fronts};
use super::samples::Samples;
use crate::measure::Kind;
use crate::statistics::estimate::{Comparison, Estimate, Method};
use crate::statistics::intervals::t_quantile;

/// Whether a finalist keeps the constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feasible {
    /// It does, at the confidence asked for.
    Shown,
    /// It does not, at that confidence, or is on the wrong side of a limit.
    No,
    /// It seems to, but that is not shown.
    Open,
}

impl Feasible {
    /// As written to files.
    pub fn code(self) -> &'static str {
        match self {
            Feasible::Shown => "shown",
            Feasible::No => "no",
            Feasible::Open => "open",
        }
    }
}

/// What the out-of-sample evaluation says of a finalist.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Number of the candidate.
    pub candidate: usize,
    /// The estimate of each watched measure in the search: too good on average, because it was chosen for it.
    pub search: Vec<f64>,
    /// The same on fresh random numbers, with intervals that hold for all finalists together.
    pub fresh: Vec<Estimate>,
    /// Against the scenario as written, on the same fresh random numbers; empty without one.
    pub against_reference: Vec<Comparison>,
    /// Whether the constraints are kept.
    pub feasible: Feasible,
    /// Whether it is shown to be feasible, and no other such finalist is shown to be better in an objective without being worse in
    /// another, or cannot be told from it in any.
    pub on_front: bool,
}

impl Verdict {
    /// The objectives on fresh random numbers, less is better.
    pub fn turned_objectives(&self, course: &Course) -> Vec<f64> {
        let watched = course.watched.iter().zip(&self.fresh);
        watched
            .filter(|(watched, _)| watched.role.is_objective())
            .map(
                |(watched, fresh)| match watched.role.turned(fresh.estimate) {
                    value if value.is_nan() => f64::INFINITY,
                    value => value,
                },
            )
            .collect()
    }
}

/// What the out-of-sample evaluation says of every finalist, in their order.
pub fn judge(tuning: &Tuning) -> Vec<Verdict> {
    let course = tuning.course();
    let finalists = tuning.finalists();
    let mut verdicts: Vec<Verdict> = finalists
        .iter()
        .filter(|&&number| tuning.candidates()[number].fresh.n() > 0)
        .map(|&number| verdict(tuning, number))
        .collect();
    let shown: Vec<usize> = (0..verdicts.len())
        .filter(|&at| verdicts[at].feasible == Feasible::Shown)
        .collect();
    let standings: Vec<Standing> = shown
        .iter()
        .map(|&at| Standing {
            violation: 0.0,
            values: verdicts[at].turned_objectives(course),
        })
        .collect();
    let ranks = fronts(&standings);
    // Every two of them, and each with the scenario as written.
    let pairs = tuning.listed() * (tuning.listed() + 1) / 2;
    let fresh = |at: usize| &tuning.candidates()[verdicts[shown[at]].candidate].fresh;
    let better = |one: usize, other: usize| course.shows_better(fresh(one), fresh(other), 1);
    let surely = |one: usize, other: usize| course.shows_better(fresh(one), fresh(other), pairs);
    // Off the front: who is shown to be worse in something by one over whom he has nothing, and twins of one who stands before.
    let written = (course.reference && examined(tuning, 0).1 == Feasible::Shown)
        .then(|| &tuning.candidates()[0].fresh);
    let mut on_front: Vec<usize> = Vec::new();
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&one| ranks[one]);
    for &one in &order {
        let beaten =
            (0..shown.len()).any(|other| other != one && surely(other, one) && !better(one, other));
        let twin = on_front
            .iter()
            .any(|&other| !better(one, other) && !better(other, one));
        let by_what_is = written.is_some_and(|written| {
            course.shows_better(written, fresh(one), pairs)
                && !course.shows_better(fresh(one), written, 1)
        });
        if !beaten && !twin && !by_what_is {
            on_front.push(one);
        }
    }
    let on_front: Vec<usize> = on_front.into_iter().map(|one| shown[one]).collect();
    for at in on_front {
        verdicts[at].on_front = true;
    }
    verdicts
}

/// What fresh random numbers say of a candidate: each watched measure, and whether the constraints are kept.
pub(super) fn examined(tuning: &Tuning, number: usize) -> (Vec<Estimate>, Feasible) {
    let course = tuning.course();
    let candidate = &tuning.candidates()[number];
    let mut feasible = Feasible::Shown;
    let mut fresh = Vec::new();
    for (measure, watched) in course.watched.iter().enumerate() {
        let joint = course.joint_confidence(measure, tuning.listed());
        let confidence = match watched.role.is_objective() {
            true => joint,
            // A limit is kept on one side.
            false => 2.0 * joint - 1.0,
        };
        let sums = candidate.fresh.sums(measure);
        let mut estimate = sums.estimate(watched.kind, watched.per_replication, confidence);
        let both = (&candidate.fresh, &tuning.candidates()[0].fresh);
        // What is an objective and a limit has one estimate.
        let is_limit = || {
            let same = |limit: usize| {
                let of = |samples: &Samples| samples.sums(limit) == samples.sums(measure);
                of(both.0) && of(both.1)
            };
            let mut all = course.watched.iter().enumerate();
            all.any(|(at, limit)| !limit.role.is_objective() && same(at))
        };
        if course.reference && number > 0 && is_limit() {
            estimate = controlled(estimate, both, (measure, watched), confidence);
        }
        let (kept, seems) = match watched.role {
            Role::AtMost(limit) => (estimate.high <= limit, estimate.estimate <= limit),
            Role::AtLeast(limit) => (estimate.low >= limit, estimate.estimate >= limit),
            Role::Minimise | Role::Maximise => (true, true),
        };
        feasible = match (kept, seems, feasible) {
            (_, false, _) | (_, _, Feasible::No) => Feasible::No,
            (false, true, _) => Feasible::Open,
            (true, _, so_far) => so_far,
        };
        fresh.push(estimate);
    }
    (fresh, feasible)
}

/// Events, and of a share what is none, from which the error of a ratio is taken to be normal.
const MANY: f64 = 50.0;

/// The same with the scenario as written, which is known from more replications, as control variate, where that is the narrower.
fn controlled(
    plain: Estimate,
    (fresh, control): (&Samples, &Samples),
    (measure, watched): (usize, &Watched),
    confidence: f64,
) -> Estimate {
    let sums = fresh.sums(measure);
    let events = match watched.kind {
        Kind::Proportion => sums.events().min(sums.exposure() - sums.events()),
        _ => sums.events(),
    };
    let (estimate, error) = fresh.controlled(control, measure);
    let half = error * t_quantile(confidence, fresh.n() as f64 - 3.0);
    if events < MANY || 2.0 * half >= plain.high - plain.low || !half.is_finite() {
        return plain;
    }
    Estimate {
        estimate,
        low: estimate - half,
        high: estimate + half,
        method: Method::Controlled,
    }
}

fn verdict(tuning: &Tuning, number: usize) -> Verdict {
    let course = tuning.course();
    let candidate = &tuning.candidates()[number];
    let (fresh, feasible) = examined(tuning, number);
    let mut against_reference = Vec::new();
    if course.reference {
        let reference = &tuning.candidates()[0].fresh;
        for (measure, watched) in course.watched.iter().enumerate() {
            let joint = course.joint_confidence(measure, tuning.listed());
            let paired = reference.paired(&candidate.fresh, measure);
            against_reference.push(paired.compare(watched.kind, watched.per_replication, joint));
        }
    }
    let search = (0..course.watched.len()).map(|measure| candidate.search.ratio(measure));
    Verdict {
        candidate: number,
        search: search.collect(),
        fresh,
        against_reference,
        feasible,
        on_front: false,
    }
}
