//! What is recommended to whoever decides, and what else could be chosen.
//!
//! Eligible is what keeps every limit, as fresh random numbers show, and is on the front; the scenario as written too, if it keeps
//! them. The objectives decide in the order of the study: who is shown to be worse than the best of those left falls out. Of what
//! nothing tells apart it is the scenario as written, as a change wants a reason; else the least of the first objective.

use super::course::{Course, Role, Tuning, Watched};
use super::verdict::{Feasible, Verdict, examined};
use crate::experiment::worlds::marks::Mark;
use crate::statistics::estimate::{Comparison, Estimate};

/// So many alternatives are put beside what is recommended.
const ALTERNATIVES: usize = 3;

/// What is recommended, and what else there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Number of the candidate that is recommended, 0 for the scenario as written; none if nothing is shown to keep the limits.
    pub recommended: Option<usize>,
    /// What else could be chosen.
    pub alternatives: Vec<Alternative>,
    /// What comes nearest to the limits, where nothing is shown to keep them.
    pub nearest: Option<Nearest>,
    /// What is written of every finalist: each watched measure less that of the recommended, with intervals that hold for every
    /// two of them together; empty for the recommended itself, and without one.
    pub against: Vec<Vec<Estimate>>,
}

impl Choice {
    /// What becomes of a candidate, as written to files.
    pub fn place(&self, candidate: usize) -> &'static str {
        let mut others = self.alternatives.iter();
        match self.recommended == Some(candidate) {
            true => "recommended",
            false if others.any(|other| other.candidate == candidate) => "alternative",
            false => "",
        }
    }
}

/// Something else that could be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Number of the candidate, 0 for the scenario as written.
    pub candidate: usize,
    /// What speaks for it.
    pub why: Why,
    /// Each watched measure less that of the recommended.
    pub against: Vec<Estimate>,
}

/// What speaks for an alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing needs to be changed.
    AsWritten,
    /// It is the best in a watched measure, by number, of all that keep the limits.
    Best(usize),
    /// It keeps the limits, and none is better in everything.
    Front,
    /// It keeps the limits.
    Keeps,
    /// It seems to keep the limits.
    Open,
}

/// What comes nearest to the limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Number of the candidate.
    pub candidate: usize,
    /// The limits that it is not shown to keep, furthest from it first.
    pub forbid: Vec<Forbids>,
    /// Where there are several limits, who comes nearest to each by itself: the watched measure, by number, and the candidate.
    pub by_limit: Vec<(usize, usize)>,
}

/// A limit that is not shown to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Forbids {
    /// The watched measure, by number.
    pub measure: usize,
    /// What it comes to.
    pub fresh: Estimate,
    /// Whether the estimate keeps the limit, and just the interval does not.
    pub open: bool,
}

/// What to choose among the finalists, by what the out-of-sample evaluation says of them.
pub fn choose(tuning: &Tuning, verdicts: &[Verdict]) -> Choice {
    let course = tuning.course();
    let written = course.reference && tuning.candidates()[0].fresh.n() > 0;
    let as_written = written.then(|| examined(tuning, 0));
    let mut eligible: Vec<usize> = Vec::new();
    if matches!(as_written, Some((_, Feasible::Shown))) {
        eligible.push(0);
    }
    let front = verdicts.iter().filter(|verdict| verdict.on_front);
    eligible.extend(front.map(|verdict| verdict.candidate));
    let recommended = recommended(tuning, &eligible);
    let Some(chosen) = recommended else {
        return Choice {
            recommended,
            alternatives: Vec::new(),
            nearest: described(course, verdicts),
            against: vec![Vec::new(); verdicts.len()],
        };
    };
    let mut alternatives: Vec<(usize, Why)> = Vec::new();
    let mut add = |candidate: usize, why: Why| {
        let known = alternatives.iter().any(|&(other, _)| other == candidate);
        if candidate != chosen && !known && alternatives.len() < ALTERNATIVES {
            alternatives.push((candidate, why));
        }
    };
    for measure in objectives(tuning) {
        if let Some(best) = least(tuning, &eligible, measure) {
            add(best, Why::Best(measure));
        }
    }
    if written {
        add(0, Why::AsWritten);
    }
    for why in [Why::Front, Why::Keeps, Why::Open] {
        for verdict in verdicts {
            let fits = match why {
                Why::Front => verdict.on_front,
                Why::Keeps => verdict.feasible == Feasible::Shown,
                _ => verdict.feasible == Feasible::Open,
            };
            if fits {
                add(verdict.candidate, why);
            }
        }
    }
    let against = |candidate: usize| {
        let differs = |measure| difference(tuning, chosen, candidate, measure);
        match candidate == chosen {
            true => Vec::new(),
            false => (0..course.watched.len()).map(differs).collect(),
        }
    };
    Choice {
        recommended,
        alternatives: alternatives
            .into_iter()
            .map(|(candidate, why)| Alternative {
                candidate,
                why,
                against: against(candidate),
            })
            .collect(),
        nearest: None,
        against: verdicts
            .iter()
            .map(|verdict| against(verdict.candidate))
            .collect(),
    }
}

/// The objectives, by number, in the order of the study.
fn objectives(tuning: &Tuning) -> Vec<usize> {
    let watched = tuning.course().watched.iter().enumerate();
    watched
        .filter(|(_, watched)| watched.role.is_objective())
        .map(|(measure, _)| measure)
        .collect()
}

/// Which of these is best in a measure, the first of equals.
fn least(tuning: &Tuning, candidates: &[usize], measure: usize) -> Option<usize> {
    let role = tuning.course().watched[measure].role;
    let value = |&candidate: &usize| {
        let value = role.turned(tuning.candidates()[candidate].fresh.ratio(measure));
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let all = candidates.iter().copied();
    all.min_by(|one, other| value(one).total_cmp(&value(other)))
}

fn recommended(tuning: &Tuning, eligible: &[usize]) -> Option<usize> {
    let mut left = eligible.to_vec();
    let objectives = objectives(tuning);
    for &measure in &objectives {
        let best = least(tuning, &left, measure)?;
        let role = tuning.course().watched[measure].role;
        left.retain(|&candidate| {
            let above = difference(tuning, best, candidate, measure);
            let least = match role {
                Role::Maximise => -above.high,
                _ => above.low,
            };
            candidate == best || least.is_nan() || least <= 0.0
        });
    }
    match left.contains(&0) {
        true => Some(0),
        false => least(tuning, &left, *objectives.first()?),
    }
}

/// By how much a measure of one is above that of another, with an interval that holds for every two of the finalists, and for each
/// with the scenario as written, together.
fn difference(tuning: &Tuning, from: usize, to: usize, measure: usize) -> Estimate {
    let course = tuning.course();
    let finalists = tuning.listed();
    let confidence = course.joint_confidence(measure, finalists * (finalists + 1) / 2);
    let watched = course.watched[measure];
    let [from, to] = [from, to].map(|candidate| &tuning.candidates()[candidate].fresh);
    let paired = from.paired(to, measure);
    let compared = paired.compare(watched.kind, watched.per_replication, confidence);
    compared.difference
}

/// In how many of the first worlds, those drawn over all that is not known, a finalist's difference from the scenario as written
/// holds; nothing where one of the two was not run there, or there are none.
pub fn in_worlds(tuning: &Tuning, verdict: &Verdict, measure: usize, drawn: usize) -> Option<Mark> {
    let course = tuning.course();
    let re_evaluated = |candidate: usize| tuning.re_evaluated().contains(&candidate);
    if drawn == 0 || !re_evaluated(0) || !re_evaluated(verdict.candidate) {
        return None;
    }
    let watched = course.watched[measure];
    let confidence = course.joint_confidence(measure, tuning.listed());
    let [written, finalist] =
        [0, verdict.candidate].map(|candidate| &tuning.candidates()[candidate].worlds);
    let worlds = written.iter().zip(finalist).take(drawn);
    let worlds: Vec<Comparison> = worlds
        .map(|(written, finalist)| {
            let paired = written.paired(finalist, measure);
            paired.compare(watched.kind, watched.per_replication, confidence)
        })
        .collect();
    let said = verdict.against_reference.get(measure);
    Some(Mark::of(said, &worlds, &[], confidence))
}

/// By how much a value lies beyond a limit, as a share of it.
fn beyond(watched: &Watched, value: f64) -> f64 {
    match watched.role.excess(value, 0.0) {
        beyond if beyond.is_nan() => f64::INFINITY,
        beyond => beyond.max(0.0),
    }
}

fn limits(course: &Course) -> impl Iterator<Item = (usize, &Watched)> {
    let watched = course.watched.iter().enumerate();
    watched.filter(|(_, watched)| !watched.role.is_objective())
}

/// Which of the finalists, by its place, has the least left to all limits together: what it comes to beyond them, each as a share of its limit.
pub(super) fn nearest(course: &Course, verdicts: &[Verdict]) -> Option<usize> {
    let all = |verdict: &Verdict| -> f64 {
        let each = limits(course);
        each.map(|(measure, watched)| beyond(watched, verdict.fresh[measure].estimate))
            .sum()
    };
    let each = verdicts.iter().enumerate();
    let each = each.map(|(at, verdict)| (all(verdict), at));
    each.min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, at)| at)
}

/// The same, with what forbids it.
fn described(course: &Course, verdicts: &[Verdict]) -> Option<Nearest> {
    let verdict = &verdicts[nearest(course, verdicts)?];
    let missed = limits(course).map(|(measure, watched)| {
        let fresh = &verdict.fresh[measure];
        let end = match watched.role {
            Role::AtLeast(_) => fresh.low,
            _ => fresh.high,
        };
        (beyond(watched, end), (measure, watched))
    });
    let mut missed: Vec<_> = missed.filter(|(beyond, _)| *beyond > 0.0).collect();
    missed.sort_by(|one, other| other.0.total_cmp(&one.0));
    let forbid = missed.into_iter().map(|(_, (measure, watched))| {
        let fresh = verdict.fresh[measure];
        Forbids {
            measure,
            fresh,
            open: watched.role.excess(fresh.estimate, 0.0) <= 0.0,
        }
    });
    let by_limit = |(measure, watched): (usize, &Watched)| {
        let all = verdicts.iter();
        let value = |one: &Verdict| match watched.role.turned(one.fresh[measure].estimate) {
            value if value.is_nan() => f64::INFINITY,
            value => value,
        };
        let best = all.min_by(|one, other| value(one).total_cmp(&value(other)))?;
        Some((measure, best.candidate))
    };
    Some(Nearest {
        candidate: verdict.candidate,
        forbid: forbid.collect(),
        by_limit: match limits(course).nth(1) {
            Some(_) => limits(course).filter_map(by_limit).collect(),
            None => Vec::new(),
        },
    })
}
