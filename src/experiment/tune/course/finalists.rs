//! The shortlist: whoever may be run on fresh random numbers, fixed before the first of them is drawn.

use super::refine::DARING;
use super::{Next, SAFE, Tuning};
use crate::experiment::design::Coordinate;
use crate::experiment::tune::rank::{Standing, extents, falls_short, fronts, thin};
use crate::experiment::tune::space::{fingerprint, settings};

/// Standard errors to spare before a limit, for those that stand in for a finalist that is not shown to keep it.
const STAND_IN: [f64; 2] = [1.3, 2.6];

/// By how much a stand-in may fall short of whom it stands in for, in shares of the extent of the front.
const SHORT: f64 = 0.2;

/// Steps in which a parameter of a finalist is moved.
const STEPS: u32 = 100;

/// What the risk of a daring finalist is worth, in shares of the extent of the front: as much another may be worse to have none of it.
const RISK: f64 = 3.0;

/// Whoever may be run on fresh random numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Shortlist {
    /// Those that are run, each before whoever stands in for it where it is not shown to keep the limits, safer and safer.
    pub first: Vec<Vec<usize>>,
    /// Those that are run if room is left.
    pub further: Vec<usize>,
}

impl Shortlist {
    /// How many there are, whether they are run or not.
    pub fn len(&self) -> usize {
        self.first.iter().map(Vec::len).sum::<usize>() + self.further.len()
    }
}

impl Tuning {
    fn is_unlimited(&self) -> bool {
        let mut watched = self.course.watched.iter();
        watched.all(|one| one.role.is_objective())
    }

    /// Most that the shortlist holds.
    pub(super) fn longest(&self) -> usize {
        let finalists = self.course.finalists;
        match self.is_unlimited() {
            true => finalists,
            false => finalists.div_ceil(2) * (1 + STAND_IN.len()) + finalists / 2,
        }
    }

    /// Puts the shortlist together: the best, spread over the front; with limits, half as many as may be run, and stand-ins for each;
    /// then others that may be on the front, for what room is left.
    pub(super) fn end_of_search(&mut self, admissible: &impl Fn(&[Coordinate]) -> bool) {
        self.searched = self.searched();
        self.parents.clear();
        self.newcomers.clear();
        // A point that was hardly tested is no finalist while there are others.
        let mut all = self.well_tested();
        // Of those in one place the best tested one stands for it.
        all.sort_by_key(|&one| (std::cmp::Reverse(self.candidates[one].search.n()), one));
        let standings = self.standings_alone(&all, DARING);
        if !all.iter().any(|&one| self.seems_to_keep_limits(one)) {
            let further = self.nearest_to_limits(&all, &standings);
            self.close(Vec::new(), further);
            return;
        }
        let ranks = fronts(&standings);
        let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
        let half = match self.is_unlimited() {
            true => self.course.finalists,
            false => self.course.finalists.div_ceil(2),
        };
        let best = thin(&standings, &front, half);
        let extents = extents(&standings, &best);
        let mut taken = best.clone();
        let mut first: Vec<Vec<usize>> = best.iter().map(|&at| vec![all[at]]).collect();
        if !self.is_unlimited() {
            for spare in STAND_IN {
                let safer = self.standings_alone(&all, spare);
                for (chain, &at) in first.iter_mut().zip(&best) {
                    if safer[at].violation <= 0.0 {
                        continue;
                    }
                    let keeps = |one: &usize| !taken.contains(one) && safer[*one].violation <= 0.0;
                    let short = |one| falls_short(&standings[one], &standings[at], &extents);
                    let others = (0..all.len()).filter(keeps).map(|one| (short(one), one));
                    let other = others.min_by(|one, other| one.0.total_cmp(&other.0));
                    if let Some((_, one)) = other.filter(|&(short, _)| short < SHORT) {
                        taken.push(one);
                        chain.push(all[one]);
                    }
                }
            }
            let bold: Vec<usize> = best.iter().map(|&at| all[at]).collect();
            for chain in &mut first {
                if chain.len() <= STAND_IN.len() {
                    chain.extend(self.beside(chain[0], &bold, &all, admissible));
                }
            }
        }
        // Neighbours on a front are often dominated by chance alone: the out-of-sample evaluation will tell.
        let near = |&at: &usize| {
            let ahead = |&&other: &&usize| standings[other].dominates(&standings[at]);
            let behind =
                |&other: &usize| self.is_clearly_behind(all[at], all[other], &standings[at]);
            standings[at].violation <= 0.0 && !front.iter().filter(ahead).any(behind)
        };
        let near: Vec<usize> = (0..all.len()).filter(near).collect();
        let room = self.course.finalists - first.len();
        let mut further = Vec::new();
        let mut chosen = best;
        while further.len() < room {
            // Whoever is stood for worst by those that are chosen.
            let left = near.iter().filter(|at| !taken.contains(at));
            let missed = |at: usize| {
                let short = chosen.iter();
                let short =
                    short.map(|&one| falls_short(&standings[one], &standings[at], &extents));
                short.fold(f64::INFINITY, f64::min)
            };
            let most = left.map(|&at| (missed(at), at));
            let most =
                most.max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
            let Some((_, at)) = most else { break };
            taken.push(at);
            chosen.push(at);
            further.push(all[at]);
        }
        self.close(first, further);
    }

    /// The shortlist is put together.
    fn close(&mut self, first: Vec<Vec<usize>>, further: Vec<usize>) {
        self.shortlist = Shortlist { first, further };
        self.next = match self.shortlist.len() {
            0 => Next::Over,
            _ => Next::Examine,
        };
    }

    /// By how much each limit is violated by what is believed of a candidate.
    fn beyond_limits(&self, one: usize) -> Vec<f64> {
        let limits = self.course.watched.iter().enumerate();
        let limits = limits.filter(|(_, watched)| !watched.role.is_objective());
        let beyond = limits.map(|(measure, _)| match self.excess(one, measure, 0.0) {
            beyond if beyond.is_nan() => f64::INFINITY,
            beyond => beyond.max(0.0),
        });
        beyond.collect()
    }

    fn seems_to_keep_limits(&self, one: usize) -> bool {
        self.beyond_limits(one).iter().all(|&beyond| beyond <= 0.0)
    }

    /// Where nobody seems to keep the limits: whoever comes nearest to all together, and others that show what each limit costs in the others
    /// and in the objectives: a front on which the limits are objectives, too.
    fn nearest_to_limits(&self, all: &[usize], standings: &[Standing]) -> Vec<usize> {
        let beyond: Vec<Vec<f64>> = all.iter().map(|&one| self.beyond_limits(one)).collect();
        let relaxed = beyond.iter().zip(standings);
        let relaxed: Vec<Standing> = relaxed
            .map(|(beyond, standing)| Standing {
                violation: 0.0,
                values: beyond.iter().chain(&standing.values).copied().collect(),
            })
            .collect();
        let sum = |at: &usize| beyond[*at].iter().sum::<f64>();
        let Some(nearest) = (0..all.len()).min_by(|one, other| sum(one).total_cmp(&sum(other)))
        else {
            return Vec::new();
        };
        let ranks = fronts(&relaxed);
        let others: Vec<usize> = (0..all.len())
            .filter(|&at| ranks[at] == 0 && at != nearest)
            .collect();
        let mut chosen = vec![nearest];
        chosen.extend(thin(&relaxed, &others, self.course.finalists - 1));
        chosen.into_iter().map(|at| all[at]).collect()
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
                (value, error.max(self.survey.own(bold, measure).1))
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
