//! Who is run again on fresh random numbers, and who is run more before that is settled.

use super::{BOLD, Next, Place, SAFE, Task, Tuning};
use crate::experiment::design::Coordinate;
use crate::experiment::tune::rank::{Standing, extents, falls_short, fronts, thin};
use crate::experiment::tune::space::{fingerprint, settings};

/// Replications of the best known, for each of a finalist.
const PILOT: u64 = 2;

/// Standard errors to spare before a limit for who is worth more replications, below 0 as the benefit of the doubt: what the first few
/// of them did to a limit they did to all alike.
const HOPEFUL: f64 = -1.5;

/// Steps in which a parameter of a finalist is moved.
const STEPS: u32 = 100;

/// What the risk of a bold finalist is worth, in shares of the extent of the front: as much another may be worse to have none of it.
const RISK: f64 = 3.0;

impl Tuning {
    /// More replications, so many in all, for those that would be finalists now, hopeful, bold or safe: one half for the one of them that
    /// is known best, until it is known as well as a finalist will be, since through it all that are like it are known; the other half for
    /// those that were run least.
    pub(super) fn finals(&self, allowance: u64) -> Vec<Task> {
        let all = self.tried();
        let mut wanted: Vec<usize> = Vec::new();
        for spare in [HOPEFUL, BOLD, SAFE] {
            let standings = self.standings_apart(&all, spare);
            let ranks = fronts(&standings);
            let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
            let chosen = thin(&standings, &front, self.course.finalists);
            wanted.extend(chosen.into_iter().map(|at| all[at]));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let enough = PILOT * self.examined(self.course.finalists);
        let tested = |one: usize| self.candidates[one].search.n();
        let open = wanted.iter().copied().filter(|&one| tested(one) < enough);
        let pilot = open.max_by_key(|&one| (tested(one), std::cmp::Reverse(one)));
        let mut tasks = Vec::new();
        let mut left = allowance;
        if let Some(pilot) = pilot.filter(|_| allowance > 1) {
            let there = tested(pilot);
            let more = (allowance / 2).min(enough - there);
            wanted.retain(|&one| one != pilot);
            left -= more;
            tasks.push(Task {
                candidate: pilot,
                place: Place::Search,
                replications: there..there + more,
            });
        }
        tasks.extend(self.more(wanted, left));
        tasks
    }

    /// Chooses the finalists: bold ones spread over the front, and beside each a safe one.
    pub(super) fn end_of_search(&mut self, admissible: &impl Fn(&[Coordinate]) -> bool) {
        self.searched = self.searched();
        self.parents.clear();
        self.newcomers.clear();
        let mut all = self.tried();
        // A point that was hardly tested is no finalist while there are others.
        let most = all.iter().map(|&one| self.candidates[one].search.n()).max();
        let enough = most.unwrap_or(0).min(2 * self.course.first);
        all.retain(|&one| self.candidates[one].search.n() >= enough);
        // Of those in one place the best tested one stands for it.
        all.sort_by_key(|&one| (std::cmp::Reverse(self.candidates[one].search.n()), one));
        let standings = self.standings_apart(&all, BOLD);
        let ranks = fronts(&standings);
        let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
        // Beside each bold one a safe one that is hardly worse: where the search was wrong about a limit it was so about all of them.
        let unlimited = self
            .course
            .watched
            .iter()
            .all(|one| one.role.is_objective());
        let bold = match unlimited {
            true => self.course.finalists,
            false => self.course.finalists.div_ceil(2),
        };
        let bold: Vec<usize> = thin(&standings, &front, bold)
            .into_iter()
            .map(|at| all[at])
            .collect();
        let mut finalists = bold.clone();
        if !unlimited {
            for &one in &bold {
                if finalists.len() < self.course.finalists {
                    finalists.extend(self.beside(one, &bold, &all, admissible));
                }
            }
        }
        // Neighbours on a front are often dominated by chance alone: the out-of-sample evaluation will tell.
        let near: Vec<usize> = (0..all.len())
            .filter(|&at| {
                let ahead = |&&other: &&usize| standings[other].dominates(&standings[at]);
                let behind =
                    |&other: &usize| self.is_clearly_behind(all[at], all[other], &standings[at]);
                !finalists.contains(&all[at]) && !front.iter().filter(ahead).any(behind)
            })
            .collect();
        let room = self.course.finalists - finalists.len();
        let near = thin(&standings, &near, room);
        finalists.extend(near.into_iter().map(|at| all[at]));
        let first = |one: usize| self.course.watched[0].role.turned(self.estimated(one, 0).0);
        finalists.sort_by(|&a, &b| first(a).total_cmp(&first(b)).then(a.cmp(&b)));
        self.finalists = finalists;
        self.next = match self.finalists.is_empty() {
            true => Next::Over,
            false => Next::Examine,
        };
    }

    /// A setting that is safer than a finalist and hardly worse, as far as the surfaces say: itself with one parameter moved. It
    /// need not have been tried.
    fn beside(
        &mut self,
        bold: usize,
        front: &[usize],
        tested: &[usize],
        admissible: &impl Fn(&[Coordinate]) -> bool,
    ) -> Option<usize> {
        let margins = self.margins(tested);
        let standing = |genes: &[f64]| {
            self.standing(&margins, SAFE, |measure| {
                let (value, error) = self.survey.at(genes, measure);
                (value, error.max(self.survey.own_error(bold, measure)))
            })
        };
        let genes = self.candidates[bold].genes.clone();
        let mut moved: Vec<Vec<f64>> = Vec::new();
        for (at, dimension) in self.course.space.iter().enumerate() {
            let steps = 0..=STEPS;
            for step in steps.filter(|_| dimension.is_graded()) {
                let mut genes = genes.clone();
                genes[at] = f64::from(step) / f64::from(STEPS);
                moved.push(genes);
            }
        }
        let standings: Vec<Standing> = moved.iter().map(|genes| standing(genes)).collect();
        let front: Vec<Standing> = (front.iter())
            .map(|&one| standing(&self.candidates[one].genes))
            .collect();
        let members: Vec<usize> = (0..front.len()).collect();
        let extents = extents(&front, &members);
        let itself = standing(&genes);
        let risk = itself.violation;
        if risk <= 0.0 {
            return None;
        }
        let cost = |at: usize| {
            let other = &standings[at];
            falls_short(other, &itself, &extents) + RISK * other.violation / risk
        };
        let mut order: Vec<usize> = (0..moved.len()).collect();
        order.sort_by(|&one, &other| cost(one).total_cmp(&cost(other)).then(one.cmp(&other)));
        for at in order {
            if standings[at].violation >= risk {
                break;
            }
            let point = settings(&self.course.space, &moved[at]);
            if self.known.insert(fingerprint(&point)) && admissible(&point) {
                return Some(self.enter(Some(point), moved[at].clone()));
            }
        }
        None
    }
}
