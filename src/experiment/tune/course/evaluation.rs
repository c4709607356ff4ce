//! The out-of-sample evaluation, in turns: who of the shortlist is run on fresh random numbers.
//!
//! Who is run depends on what these said of others; what is said of each holds all the same, as every statement counts for all of the shortlist
//! (Bonferroni), which was fixed before.

use super::{FRESH, Place, Role, Task, Tuning, WRITTEN};
use crate::experiment::tune::verdict::{Feasible, examined};

impl Tuning {
    /// How many may be run on fresh random numbers, whether they are or not: every statement about them counts for all.
    pub fn listed(&self) -> usize {
        self.shortlist.len()
    }

    /// The next turn; none where all is said. First the best and the scenario as written; then stand-ins for those that are not shown to keep
    /// the limits; then the others.
    pub(super) fn out_of_sample(&mut self) -> Vec<Task> {
        let most = self.course.finalists.min(self.listed());
        let run = self.finalists.len();
        let mut turn: Vec<usize> = match run {
            0 => self.shortlist.first.iter().map(|chain| chain[0]).collect(),
            _ => self.stand_ins(),
        };
        if turn.is_empty() {
            let further = self.shortlist.further.iter().copied();
            turn.extend(further.filter(|one| !self.finalists.contains(one)));
        }
        turn.truncate(most.saturating_sub(run));
        let known = self.candidates[0].fresh.n();
        let count = self.examined(most).max(2);
        let level = (WRITTEN as u64 * count).max(known);
        let more = Task {
            candidate: 0,
            place: Place::OutOfSample,
            replications: FRESH + known..FRESH + level,
        };
        let wanted = self.course.reference && level > known && !turn.is_empty();
        let mut tasks: Vec<Task> = wanted.then_some(more).into_iter().collect();
        tasks.extend(turn.iter().map(|&candidate| Task {
            candidate,
            place: Place::OutOfSample,
            replications: FRESH..FRESH + count,
        }));
        let role = self.course.watched[0].role;
        self.finalists.extend(turn);
        let mut finalists = std::mem::take(&mut self.finalists);
        let first = |one: usize| role.turned(self.estimated(one, 0).0);
        finalists.sort_by(|&a, &b| first(a).total_cmp(&first(b)).then(a.cmp(&b)));
        self.finalists = finalists;
        tasks
    }

    /// For each of the best of whom, and of whose stand-ins so far, none is shown to keep the limits: the boldest other that should be, given by
    /// how much the last one missed, or the safest.
    fn stand_ins(&self) -> Vec<usize> {
        let stand_in = |chain: &Vec<usize>| {
            let was_run = |one: &&usize| self.finalists.contains(one);
            let run: Vec<usize> = chain.iter().filter(was_run).copied().collect();
            let verdicts = run.iter().map(|&one| examined(self, one));
            let verdicts: Vec<_> = verdicts.collect();
            if verdicts.iter().any(|(_, kept)| *kept == Feasible::Shown) {
                return None;
            }
            let (&last, (fresh, _)) = (run.last()?, verdicts.last()?);
            let should = |&&one: &&usize| {
                let mut watched = self.course.watched.iter().zip(fresh).enumerate();
                watched.all(|(measure, (watched, fresh))| {
                    let apart = self.expected(one, measure) - self.expected(last, measure);
                    match watched.role {
                        Role::AtMost(limit) => fresh.high + apart <= limit,
                        Role::AtLeast(limit) => fresh.low + apart >= limit,
                        Role::Minimise | Role::Maximise => true,
                    }
                })
            };
            let left: Vec<usize> = chain.iter().filter(|one| !was_run(one)).copied().collect();
            left.iter().find(should).or(left.last()).copied()
        };
        self.shortlist.first.iter().filter_map(stand_in).collect()
    }

    /// What is expected of a measure of a candidate: what the search believes, or the surface where it was never run.
    fn expected(&self, candidate: usize, measure: usize) -> f64 {
        match self.estimated(candidate, measure).0 {
            value if value.is_finite() => value,
            _ => self.survey.at(&self.candidates[candidate].genes, measure).0,
        }
    }
}
