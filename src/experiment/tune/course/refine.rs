//! The local search: neighbours of the best settings, on as many replications as it takes to tell them apart.
//!
//! A pattern search with common random numbers: what differs between two settings is known from far fewer replications than what each comes
//! to. It believes what the replications of each candidate say with its control variates, and not the surfaces, which round off a limit that is
//! a cliff; they only tell which neighbours are worth replications. Stateless: what to run next follows from what was run.

use super::{BOLD, Place, Role, SAFE, Task, Tuning};
use crate::experiment::design::Coordinate;
use crate::experiment::tune::rank::{Standing, extents, falls_short, fronts, thin};
use crate::experiment::tune::space::{fingerprint, settings};

/// Replications of a neighbour, as a share of those of a finalist.
const TRIAL: u64 = 6;

/// Neighbours that are tried in one turn, for each finalist.
const NEIGHBOURS: f64 = 1.5;

/// Standard errors to spare before a limit for who is worth a trial, below 0 as the benefit of the doubt: what the first few
/// replications did to a limit they did to all alike.
const HOPEFUL: f64 = -1.5;

/// Standard errors to spare before a limit for who is the best so far. Little: whether a limit is kept is for fresh random numbers to say, and
/// the shortlist has others for who fails.
pub(super) const DARING: f64 = 0.3;

/// By how much a parameter is moved where nothing is known on that side, in shares of its range.
const STEP: f64 = 0.125;

/// How near two neighbours may be, in shares of the range, for none to be tried between them.
const NEAR: f64 = 1.0 / 64.0;

/// Where a gene may be moved.
struct Move {
    to: f64,
    /// Far, so that the surfaces are asked whether limits might be kept there.
    far: bool,
}

impl Tuning {
    /// Replications of a neighbour.
    fn trial_of_a_neighbour(&self) -> u64 {
        (self.examined(self.course.finalists) / TRIAL).max(self.course.first)
    }

    /// Those that were tested well enough to be compared by their own replications.
    pub(super) fn well_tested(&self) -> Vec<usize> {
        let enough = match self.course.reference {
            true => self.trial_of_a_neighbour(),
            false => 2 * self.course.first,
        };
        let tested = |one: usize| self.candidates[one].search.n();
        let mut all = self.tried();
        let most = all.iter().map(|&one| tested(one)).max().unwrap_or(0);
        all.retain(|&one| tested(one) >= enough.min(most));
        all
    }

    /// What to run next: those that may be the best of all, until they can be compared; the best of those that can, twice as many
    /// replications until they are known as well as a finalist will be; and neighbours of these.
    pub(super) fn refine(
        &mut self,
        allowance: u64,
        admissible: &impl Fn(&[Coordinate]) -> bool,
    ) -> Vec<Task> {
        let trial = self.trial_of_a_neighbour();
        let enough = self.examined(self.course.finalists).max(trial);
        let mut wanted: Vec<(usize, u64)> = Vec::new();
        for one in self.hopeful() {
            wanted.push((one, trial));
        }
        let well = self.well_tested();
        let standings = self.standings_alone(&well, DARING);
        let ranks = fronts(&standings);
        let front: Vec<usize> = (0..well.len()).filter(|&at| ranks[at] == 0).collect();
        for at in thin(&standings, &front, self.course.finalists) {
            let there = self.candidates[well[at]].search.n();
            wanted.push((well[at], (2 * there).min(enough)));
        }
        for neighbour in self.neighbours(&well, &standings, &front) {
            if self.newcomers.len() < self.neighbours_a_turn() {
                self.propose(neighbour, admissible);
            }
        }
        for one in std::mem::take(&mut self.newcomers) {
            wanted.push((one, trial));
        }
        // Each once, as long as it is wanted at most.
        wanted.sort_by_key(|&(one, until)| (one, std::cmp::Reverse(until)));
        wanted.dedup_by_key(|&mut (one, _)| one);
        let mut left = allowance;
        let mut tasks = Vec::new();
        for (candidate, until) in wanted {
            let there = self.candidates[candidate].search.n();
            let more = until.saturating_sub(there).min(left);
            if more > 0 {
                left -= more;
                tasks.push(Task {
                    candidate,
                    place: Place::Search,
                    replications: there..there + more,
                });
            }
        }
        match tasks.is_empty() {
            // All is known well and has its neighbours: what is left makes it known better.
            true => self.more(self.hopeful(), allowance),
            false => tasks,
        }
    }

    fn neighbours_a_turn(&self) -> usize {
        (NEIGHBOURS * self.course.finalists as f64) as usize
    }

    /// Those that may be the best, hopeful, bold or safe, as far as replications and surfaces say.
    fn hopeful(&self) -> Vec<usize> {
        let all = self.tried();
        let mut hopeful: Vec<usize> = Vec::new();
        for spare in [HOPEFUL, BOLD, SAFE] {
            let standings = self.standings_apart(&all, spare);
            let ranks = fronts(&standings);
            let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
            let chosen = thin(&standings, &front, self.course.finalists);
            hopeful.extend(chosen.into_iter().map(|at| all[at]));
        }
        hopeful.sort_unstable();
        hopeful.dedup();
        hopeful
    }

    /// Untried neighbours of the best that the surfaces say might add to the front, or come nearer to the limits where nobody keeps them:
    /// who adds most first.
    fn neighbours(&self, well: &[usize], standings: &[Standing], front: &[usize]) -> Vec<Vec<f64>> {
        let best = thin(standings, front, self.course.finalists.div_ceil(2));
        let margins = self.margins(well);
        let extents = extents(standings, front);
        let violation = best.iter().map(|&at| standings[at].violation);
        let violation = violation.fold(0.0, f64::max);
        let mut all: Vec<(f64, Vec<f64>)> = Vec::new();
        for &at in &best {
            for (gene, &Move { to, far }) in self.moves(well[at], well).iter().flat_map(each) {
                let mut genes = self.candidates[well[at]].genes.clone();
                genes[gene] = to;
                let point = settings(&self.course.space, &genes);
                if self.known.contains(&fingerprint(&point)) {
                    continue;
                }
                // At best: a standard error on the good side, and nothing to spare for that error.
                let promise = self.standing(&margins, 0.0, |measure| {
                    let (value, error) = self.survey.at(&genes, measure);
                    match self.course.watched[measure].role {
                        Role::Minimise | Role::AtMost(_) => (value - error, 0.0),
                        Role::Maximise | Role::AtLeast(_) => (value + error, 0.0),
                    }
                });
                let gain = if violation > 0.0 {
                    violation - promise.violation
                } else if far && promise.violation > 0.0 {
                    0.0
                } else {
                    let short = front.iter();
                    let short = short.map(|&at| falls_short(&standings[at], &promise, &extents));
                    short.fold(f64::INFINITY, f64::min)
                };
                if gain > 0.0 {
                    all.push((gain, genes));
                }
            }
        }
        all.sort_by(|one, other| other.0.total_cmp(&one.0));
        all.into_iter().map(|(_, genes)| genes).collect()
    }

    /// Where each gene of a candidate may be moved alone: on either side half-way to the nearest that was tried there and is well tested, or,
    /// where none was, by a step and to the end; of a choice to all there are.
    fn moves(&self, one: usize, well: &[usize]) -> Vec<(usize, Vec<Move>)> {
        let genes = &self.candidates[one].genes;
        let here = settings(&self.course.space, genes);
        let mut all = Vec::new();
        for (gene, dimension) in self.course.space.iter().enumerate() {
            let beside = dimension.beside(genes[gene], STEP);
            if !dimension.is_graded() {
                let others = beside.into_iter().map(|to| Move { to, far: true });
                all.push((gene, others.collect()));
                continue;
            }
            let place = dimension.place(genes[gene]);
            let mut moves = Vec::new();
            for (side, step, end) in [(1.0, beside[0], beside[2]), (-1.0, beside[1], beside[3])] {
                let along = well.iter().filter_map(|&other| {
                    let other = &self.candidates[other];
                    let there = other.point.as_ref()?;
                    let mut coordinates = 0..here.len();
                    let alone = coordinates.all(|at| (at == gene) != (there[at] == here[at]));
                    let apart = side * (dimension.place(other.genes[gene]) - place);
                    (alone && apart > 0.0).then_some((apart, other.genes[gene]))
                });
                match along.min_by(|one, other| one.0.total_cmp(&other.0)) {
                    Some((apart, _)) if apart <= NEAR => {}
                    Some((_, other)) => moves.push(Move {
                        to: 0.5 * (genes[gene] + other),
                        far: false,
                    }),
                    None => moves.extend([
                        Move {
                            to: step,
                            far: false,
                        },
                        Move { to: end, far: true },
                    ]),
                }
            }
            all.push((gene, moves));
        }
        all
    }

    /// What selection sees where each candidate stands for itself: its replications with their control variates, without the surfaces.
    pub(super) fn standings_alone(&self, candidates: &[usize], spare: f64) -> Vec<Standing> {
        self.standings_of(candidates, spare, |candidate, measure| {
            self.survey.own(candidate, measure)
        })
    }
}

fn each((gene, moves): &(usize, Vec<Move>)) -> impl Iterator<Item = (usize, &Move)> {
    moves.iter().map(move |to| (*gene, to))
}
