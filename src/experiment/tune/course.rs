//! The course of a tuning: what to run next, given all that was run before.

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rank::{Standing, fronts, select, thin};
use super::samples::{Sample, Samples};
use super::space::{Dimension, fingerprint, settings};
use super::survey::Survey;
use super::variation::Breeding;
use super::{FRESH, OTHER_WORLDS};
use crate::experiment::design::{self, Coordinate, Design, Domain, Point, Scale};
use crate::measure::Kind;
use crate::statistics::intervals::normal_quantile;

mod evaluation;
mod finalists;
mod refine;

use finalists::Shortlist;

/// What a measure is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The less the better.
    Minimise,
    /// The more the better.
    Maximise,
    /// Must not be above a limit.
    AtMost(f64),
    /// Must not be below a limit.
    AtLeast(f64),
}

impl Role {
    /// Whether it is an objective, not a constraint.
    pub fn is_objective(self) -> bool {
        matches!(self, Role::Minimise | Role::Maximise)
    }

    /// By how much a limit is violated by a value moved to the wrong side by a margin, as a share of the limit, so that limits in different
    /// units may be added up; of a limit of 0 as it is.
    pub(super) fn excess(self, value: f64, margin: f64) -> f64 {
        let (beyond, limit) = match self {
            Role::AtMost(limit) => (value + margin - limit, limit),
            Role::AtLeast(limit) => (limit - (value - margin), limit),
            Role::Minimise | Role::Maximise => return 0.0,
        };
        match limit.abs() {
            0.0 => beyond,
            limit => beyond / limit,
        }
    }

    /// The measure turned so that less is better.
    pub fn turned(self, value: f64) -> f64 {
        match self {
            Role::Minimise | Role::AtMost(_) => value,
            Role::Maximise | Role::AtLeast(_) => -value,
        }
    }
}

/// A watched measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// What for.
    pub role: Role,
    /// What it is, which decides the method of its interval.
    pub kind: Kind,
    /// Whether its unit is the replication.
    pub per_replication: bool,
    /// Confidence at which a constraint must hold; of objectives, that of their intervals.
    pub confidence: f64,
}

/// All that decides the course, results apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Seed of the breeding.
    pub seed: u64,
    /// What is tuned.
    pub space: Vec<Dimension>,
    /// What is watched, objectives first.
    pub watched: Vec<Watched>,
    /// Replications of all stages together.
    pub budget: u64,
    /// Replications of a newcomer of the first generation; later ones run half as many as those they are held against.
    pub first: u64,
    /// Candidates of a generation; none: as the budget allows.
    pub population: Option<usize>,
    /// Most finalists.
    pub finalists: usize,
    /// Whether candidate 0 is the scenario as written, for comparison.
    pub reference: bool,
    /// Other worlds.
    pub worlds: usize,
    /// Most finalists that are run in them.
    pub re_evaluated: usize,
}

/// Share of the budget for the out-of-sample evaluation, and for the other worlds where there are any.
const OUT_OF_SAMPLE: f64 = 0.3;
const ELSEWHERE: f64 = 0.2;

/// Share of the search that is left to the refinement; less where there is no local search, without a scenario as written.
const REFINEMENT: f64 = 0.65;
const RACE: f64 = 0.2;

/// Replications that go to tried candidates, for each that goes to newcomers.
const RETESTS: u64 = 1;

/// Replications of the scenario as written in the out-of-sample evaluation, for each of a finalist: it is the control variate of all.
const WRITTEN: f64 = 4.0;

/// Standard errors to spare before a limit in the search: selection asks with both.
const BOLD: f64 = 1.0;
const SAFE: f64 = 3.0;

/// A budget from which on it is the clock that ends a tuning.
const ENDLESS: u64 = 100_000_000;

/// Most of them before the search begins; the rest comes with the finalists.
const LEVEL: u64 = 10_000;

/// Sizes of the steps by which those that would be finalists are moved, from a quarter of the range on, each half the one before.
const MOVES: u64 = 5;

/// Children that are bred for each that is tried.
const CHILDREN: u32 = 20;

/// Settings from anywhere that are looked at beside them.
const STRANGERS: u32 = 1_000;

/// Standard errors behind the front in every objective from which a candidate is clearly behind it.
const CLEARLY: f64 = 1.0;

impl Course {
    fn objectives(&self) -> usize {
        let roles = self.watched.iter();
        roles.filter(|watched| watched.role.is_objective()).count()
    }

    fn shares(&self) -> (f64, f64, f64) {
        let re_evaluated = if self.worlds > 0 { ELSEWHERE } else { 0.0 };
        (
            1.0 - OUT_OF_SAMPLE - re_evaluated,
            OUT_OF_SAMPLE,
            re_evaluated,
        )
    }

    /// Replications of the search.
    pub fn search_budget(&self) -> u64 {
        (self.budget as f64 * self.shares().0) as u64
    }

    /// Replications of the scenario as written in the search, by which all candidates are controlled: a twelfth of it.
    pub fn control(&self) -> u64 {
        (self.search_budget() / 12).clamp(4 * self.first, 2_000)
    }

    /// Candidates of a generation.
    pub fn population(&self) -> usize {
        let newcomers = self.search_budget() as f64 / (self.first * (1 + RETESTS)) as f64;
        let usual = || 2 * (libm::sqrt(newcomers) / 2.0) as usize;
        self.population.unwrap_or_else(|| usual().clamp(12, 64))
    }

    /// The least budget that makes sense: four generations.
    pub fn least_budget(&self) -> u64 {
        let generation = (self.population() as u64) * self.first * (1 + RETESTS);
        libm::ceil(4.0 * generation as f64 / self.shares().0) as u64
    }

    /// Whether one is worse than the other in every objective by more than chance, replication by replication.
    pub(super) fn is_clearly_worse(&self, one: &Samples, other: &Samples) -> bool {
        let mut objectives = self
            .watched
            .iter()
            .enumerate()
            .filter(|(_, watched)| watched.role.is_objective());
        objectives.all(|(measure, watched)| {
            let (above, error) = one.above(other, measure);
            watched.role.turned(above) >= CLEARLY * error
        })
    }

    /// Whether one is shown to be better than the other in an objective, replication by replication, where so many such
    /// comparisons hold together.
    pub(super) fn shows_better(&self, one: &Samples, other: &Samples, comparisons: usize) -> bool {
        self.watched.iter().enumerate().any(|(measure, watched)| {
            if !watched.role.is_objective() {
                return false;
            }
            let confidence = self.joint_confidence(measure, comparisons);
            let paired = other.paired(one, measure);
            let difference = paired
                .compare(watched.kind, watched.per_replication, confidence)
                .difference;
            let worst = match watched.role {
                Role::Maximise => -difference.low,
                _ => difference.high,
            };
            worst < 0.0
        })
    }

    /// Confidence of a statement about a watched measure of one of so many finalists, so that all such statements hold
    /// together at the confidence asked for (Bonferroni).
    pub fn joint_confidence(&self, measure: usize, finalists: usize) -> f64 {
        let objective = self.watched[measure].role.is_objective();
        let alike = match objective {
            true => self.objectives(),
            false => self.watched.len() - self.objectives(),
        };
        1.0 - (1.0 - self.watched[measure].confidence) / (finalists.max(1) * alike) as f64
    }
}

/// Where something is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the scenario, on the random numbers of the search.
    Search,
    /// In the scenario, on fresh random numbers.
    OutOfSample,
    /// In another world.
    World(usize),
}

/// Replications of a candidate to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Number of the candidate.
    pub candidate: usize,
    /// Where.
    pub place: Place,
    /// Which.
    pub replications: Range<u64>,
}

impl Task {
    fn len(&self) -> u64 {
        self.replications.end - self.replications.start
    }
}

/// A setting of every parameter, and what is known of it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its settings; none for the scenario as written.
    pub point: Option<Point>,
    /// Where each setting lies in its range, 0 to 1; none for the scenario as written.
    pub(super) genes: Vec<f64>,
    /// The generation that it came with.
    pub generation: u64,
    /// From the search.
    pub search: Samples,
    /// From the out-of-sample evaluation.
    pub fresh: Samples,
    /// From the other worlds.
    pub worlds: Vec<Samples>,
}

/// The stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Candidates are bred and tried.
    Search,
    /// The best are tried again, and their neighbours.
    Refinement,
    /// The finalists on fresh random numbers.
    OutOfSample,
    /// Some finalists in other worlds.
    Robustness,
    /// Nothing is left to run.
    Over,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Begin,
    Breed,
    Retest,
    Refine,
    Examine,
    GoAbroad,
    Over,
}

/// How far from a limit the out-of-sample evaluation will want a candidate.
#[derive(Debug, Clone, Copy, Default)]
struct Margin {
    /// Half-width of its interval.
    bound: f64,
    /// Variance of its estimate beside that of the scenario as written, which is known by then.
    own: f64,
}

impl Margin {
    /// The same with so many standard errors of both sides to spare: at the bound itself every second one would fail.
    fn with(self, spare: f64, error: f64) -> f64 {
        self.bound + spare * libm::sqrt(self.own + error * error)
    }
}

/// A tuning under way.
#[derive(Debug, Clone)]
pub struct Tuning {
    course: Course,
    candidates: Vec<Candidate>,
    known: BTreeSet<Vec<u64>>,
    /// Those that offspring is bred from.
    parents: Vec<usize>,
    newcomers: Vec<usize>,
    /// Those that were run on fresh random numbers, or are to be.
    finalists: Vec<usize>,
    shortlist: Shortlist,
    re_evaluated: Vec<usize>,
    generation: u64,
    spent: u64,
    searched: u64,
    next: Next,
    pending: Vec<Task>,
    hurry: bool,
    /// What is believed of all candidates.
    survey: Survey,
}

impl Tuning {
    /// Nothing run yet.
    pub fn new(course: Course) -> Tuning {
        let mut tuning = Tuning {
            candidates: Vec::new(),
            known: BTreeSet::new(),
            parents: Vec::new(),
            newcomers: Vec::new(),
            finalists: Vec::new(),
            shortlist: Shortlist::default(),
            re_evaluated: Vec::new(),
            generation: 0,
            spent: 0,
            searched: 0,
            next: Next::Begin,
            pending: Vec::new(),
            hurry: false,
            survey: Survey::default(),
            course,
        };
        if tuning.course.reference {
            tuning.enter(None, Vec::new());
        }
        tuning
    }

    /// All that decides the course.
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// Every candidate there was.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Numbers of the finalists that were run on fresh random numbers, or are to be, best in the first objective first.
    pub fn finalists(&self) -> &[usize] {
        &self.finalists
    }

    /// Numbers of the candidates that were run in other worlds.
    pub fn re_evaluated(&self) -> &[usize] {
        &self.re_evaluated
    }

    /// Replications run.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Replications of the search so far; those of the scenario as written on fresh random numbers belong to the evaluation.
    fn searched(&self) -> u64 {
        let evaluated = self.course.reference.then(|| self.candidates[0].fresh.n());
        self.spent - evaluated.unwrap_or(0)
    }

    /// Generations bred.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        match self.next {
            Next::Begin | Next::Breed | Next::Retest => Stage::Search,
            Next::Refine => Stage::Refinement,
            Next::Examine => Stage::OutOfSample,
            Next::GoAbroad => Stage::Robustness,
            Next::Over => Stage::Over,
        }
    }

    /// Ends the search now; out-of-sample evaluation and the rest are cut down alike.
    pub fn end_search(&mut self) {
        self.hurry = true;
    }

    /// What to run next; nothing when all is done. `admissible` says whether a setting makes a sound scenario.
    pub fn ask(&mut self, admissible: impl Fn(&[Coordinate]) -> bool) -> Vec<Task> {
        let searching = matches!(self.next, Next::Breed | Next::Retest | Next::Refine);
        if self.hurry && searching {
            self.end_of_search(&admissible);
        }
        loop {
            let tasks = match self.next {
                Next::Begin => {
                    self.begin(&admissible);
                    if self.newcomers.is_empty() {
                        // Not one setting is sound.
                        self.next = Next::Over;
                        continue;
                    }
                    let mut tasks = self.first_tests();
                    if self.course.reference {
                        tasks.push(Task {
                            candidate: 0,
                            place: Place::Search,
                            replications: 0..self.course.control(),
                        });
                        tasks.push(Task {
                            candidate: 0,
                            place: Place::OutOfSample,
                            replications: FRESH..FRESH + self.level(),
                        });
                    }
                    tasks
                }
                Next::Breed => {
                    let left = match self.course.reference {
                        true => REFINEMENT,
                        false => RACE,
                    };
                    let limit = (self.course.search_budget() as f64 * (1.0 - left)) as u64;
                    let generation = self.course.population() as u64 * self.trial() * (1 + RETESTS);
                    if self.searched() + generation > limit {
                        self.next = Next::Refine;
                        continue;
                    }
                    self.breed(&admissible);
                    if self.newcomers.is_empty() {
                        // Everything there is has been tried.
                        self.next = Next::Refine;
                        continue;
                    }
                    self.first_tests()
                }
                Next::Retest => {
                    let flown = self.newcomers.iter();
                    let flown = flown.map(|&one| self.candidates[one].search.n());
                    let allowance = flown.sum::<u64>() * RETESTS;
                    self.tests(allowance)
                }
                Next::Refine => {
                    let left = self.course.search_budget().saturating_sub(self.searched());
                    let once = self.course.population() as u64 * self.course.first;
                    let tasks = match left >= self.course.first {
                        true if self.course.reference => self.refine(left, &admissible),
                        true => self.tests(left.min(once)),
                        false => Vec::new(),
                    };
                    if tasks.is_empty() {
                        self.end_of_search(&admissible);
                        continue;
                    }
                    tasks
                }
                Next::Examine => {
                    let tasks = self.out_of_sample();
                    if tasks.is_empty() {
                        self.next = match self.course.worlds {
                            0 => Next::Over,
                            _ => Next::GoAbroad,
                        };
                        continue;
                    }
                    tasks
                }
                Next::GoAbroad => {
                    let tasks = self.re_evaluation();
                    if tasks.is_empty() {
                        self.next = Next::Over;
                        continue;
                    }
                    tasks
                }
                Next::Over => Vec::new(),
            };
            self.pending.clone_from(&tasks);
            return tasks;
        }
    }

    /// The results of what was asked for: for every task, a sample a replication.
    pub fn tell(&mut self, results: Vec<Vec<Sample>>) {
        let tasks = std::mem::take(&mut self.pending);
        for (task, samples) in tasks.iter().zip(results) {
            self.spent += task.len();
            let candidate = &mut self.candidates[task.candidate];
            let known = match task.place {
                Place::Search => &mut candidate.search,
                Place::OutOfSample => &mut candidate.fresh,
                Place::World(world) => {
                    if candidate.worlds.is_empty() {
                        candidate.worlds = vec![Samples::default(); self.course.worlds];
                    }
                    &mut candidate.worlds[world]
                }
            };
            for sample in samples {
                known.add(sample);
            }
        }
        if tasks.iter().any(|task| task.place == Place::Search) {
            self.survey = Survey::new(&self.course, &self.candidates, &self.survey);
        }
        self.next = match self.next {
            Next::Begin => {
                self.parents = std::mem::take(&mut self.newcomers);
                Next::Breed
            }
            Next::Breed => Next::Retest,
            Next::Retest => {
                let mut all = std::mem::take(&mut self.parents);
                all.append(&mut self.newcomers);
                let half = self.course.population() / 2;
                let mut chosen = select(&self.standings_with(&all, BOLD), half);
                let others: Vec<usize> = select(&self.standings_with(&all, SAFE), 2 * half);
                for at in others {
                    if chosen.len() < 2 * half && !chosen.contains(&at) {
                        chosen.push(at);
                    }
                }
                self.parents = chosen.into_iter().map(|at| all[at]).collect();
                self.parents.sort_unstable();
                Next::Breed
            }
            Next::Refine => Next::Refine,
            Next::Examine => Next::Examine,
            Next::GoAbroad | Next::Over => Next::Over,
        };
    }

    fn enter(&mut self, point: Option<Point>, genes: Vec<f64>) -> usize {
        self.candidates.push(Candidate {
            point,
            genes,
            generation: self.generation,
            search: Samples::default(),
            fresh: Samples::default(),
            worlds: Vec::new(),
        });
        self.candidates.len() - 1
    }

    /// A newcomer, unless its setting is known or makes no scenario.
    fn propose(&mut self, genes: Vec<f64>, admissible: &impl Fn(&[Coordinate]) -> bool) {
        let point = settings(&self.course.space, &genes);
        if self.known.insert(fingerprint(&point)) && admissible(&point) {
            let number = self.enter(Some(point), genes);
            self.newcomers.push(number);
        }
    }

    /// The first generation: a Latin hypercube, which is spread over every parameter.
    fn begin(&mut self, admissible: &impl Fn(&[Coordinate]) -> bool) {
        let points = self.hypercube(self.course.population() as u32, 0);
        // Both ends of each parameter, others in the middle, and all at one end: the best often lies there, and a hypercube
        // keeps away from it.
        let middle = vec![0.5; self.course.space.len()];
        for end in [0.0, 1.0] {
            self.propose(vec![end; middle.len()], admissible);
            for gene in 0..middle.len() {
                let mut genes = middle.clone();
                genes[gene] = end;
                self.propose(genes, admissible);
            }
        }
        for genes in points {
            self.propose(genes, admissible);
        }
    }

    /// Genes that are spread over every parameter.
    fn hypercube(&self, points: u32, nth: u64) -> Vec<Vec<f64>> {
        let unit = Domain::Range {
            low: 0.0,
            high: 1.0,
            scale: Scale::Linear,
        };
        let domains = vec![unit; self.course.space.len()];
        let design = Design::LatinHypercube { points };
        let points = design::points(&design, &domains, self.course.seed.wrapping_add(nth));
        let gene = |coordinate: &Coordinate| match *coordinate {
            Coordinate::Value(value) => value,
            Coordinate::Level(_) => 0.0,
        };
        let points = points.unwrap_or_default();
        points
            .iter()
            .map(|point| point.iter().map(gene).collect())
            .collect()
    }

    fn breed(&mut self, admissible: &impl Fn(&[Coordinate]) -> bool) {
        self.generation += 1;
        let parents = self.parents.clone();
        let standings = self.standings(&parents);
        let ranks = fronts(&standings);
        let mut room = vec![0.0; parents.len()];
        for rank in 0..=ranks.iter().copied().max().unwrap_or(0) {
            let members: Vec<usize> = (0..ranks.len()).filter(|&at| ranks[at] == rank).collect();
            let crowded = super::rank::crowding(&standings, &members);
            for (&member, crowded) in members.iter().zip(crowded) {
                room[member] = crowded;
            }
        }
        let better = |a: usize, b: usize| (ranks[a], -room[a]) < (ranks[b], -room[b]);
        let breeding = Breeding::new(self.course.seed, self.generation);
        let population = self.course.population();
        let moved = match self.course.reference {
            true => self.moved(),
            false => Vec::new(),
        };
        for genes in moved {
            if self.newcomers.len() < population / 2 {
                self.propose(genes, admissible);
            }
        }
        let genes: Vec<&[f64]> = parents
            .iter()
            .map(|&parent| self.candidates[parent].genes.as_slice())
            .collect();
        // Settings that are known already are not tried again; where hardly any are left, fewer come.
        let mut seen = self.known.clone();
        let mut children: Vec<Vec<f64>> = (0..CHILDREN * population as u32)
            .map(|child| breeding.child(child, &self.course.space, &genes, better))
            .collect();
        // And from anywhere, for what has died out.
        if self.course.reference {
            children.extend(self.hypercube(STRANGERS, self.generation));
        }
        children.retain(|genes| seen.insert(fingerprint(&settings(&self.course.space, genes))));
        let order = match self.course.reference {
            true => self.promising(&children, &parents),
            false => (0..children.len()).collect(),
        };
        for at in order {
            if self.newcomers.len() < population {
                self.propose(children[at].clone(), admissible);
            }
        }
    }

    /// Those that would be finalists now with one parameter moved: by a step either way that grows smaller from generation to generation,
    /// and to the ends of its range, or to another choice.
    fn moved(&self) -> Vec<Vec<f64>> {
        let all = self.tried();
        let standings = self.standings_apart(&all, BOLD);
        let ranks = fronts(&standings);
        let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
        let chosen = thin(&standings, &front, self.course.finalists.div_ceil(2));
        let step = libm::exp2(-2.0 - (self.generation % MOVES) as f64);
        // Other choices come first: they are few, and what is good with one is often good with another.
        let (mut chosen_otherwise, mut moves) = (Vec::new(), Vec::new());
        for (at, dimension) in self.course.space.iter().enumerate() {
            for &one in &chosen {
                let genes = &self.candidates[all[one]].genes;
                for to in dimension.beside(genes[at], step) {
                    let mut genes = genes.clone();
                    genes[at] = to;
                    match dimension.is_graded() {
                        true => moves.push(genes),
                        false => chosen_otherwise.push(genes),
                    }
                }
            }
        }
        // By turns: those further down come first in another generation.
        let first = (self.generation as usize * moves.len() / 2) % moves.len().max(1);
        moves.rotate_left(first);
        chosen_otherwise.extend(moves);
        chosen_otherwise
    }

    /// Children in the order in which they are worth a trial: by fronts of what the surfaces say of them at best, a standard
    /// error on the good side, with nothing to spare for that error; bold ones and safe ones by turns.
    fn promising(&self, children: &[Vec<f64>], parents: &[usize]) -> Vec<usize> {
        let margins = self.margins(parents);
        let measures = 0..self.course.watched.len();
        let at_best = |genes: &Vec<f64>| -> Vec<(f64, f64)> {
            let measure = |measure: usize| {
                let (value, error) = self.survey.at(genes, measure);
                match self.course.watched[measure].role {
                    Role::Minimise | Role::AtMost(_) => (value - error, 0.0),
                    Role::Maximise | Role::AtLeast(_) => (value + error, 0.0),
                }
            };
            measures.clone().map(measure).collect()
        };
        let at_best: Vec<Vec<(f64, f64)>> = children.par_iter().map(at_best).collect();
        let [bold, safe] = [BOLD, SAFE].map(|spare| {
            let standing = |all: &Vec<(f64, f64)>| self.standing(&margins, spare, |one| all[one]);
            let standings: Vec<Standing> = at_best.iter().map(standing).collect();
            select(&standings, children.len())
        });
        let turns = bold.into_iter().zip(safe);
        turns.flat_map(|(bold, safe)| [bold, safe]).collect()
    }

    /// Replications of a newcomer: as the front grows better known, it takes more to be compared with it. Too few would
    /// let all who were lucky alike, with no loss at all in those few, crowd out whoever pays for being safer.
    fn trial(&self) -> u64 {
        let parents = self.parents.iter();
        let mut tested: Vec<u64> = parents
            .map(|&one| self.candidates[one].search.n())
            .collect();
        tested.sort_unstable();
        let median = tested.get(tested.len() / 2).copied().unwrap_or(0);
        (median / 2).max(self.course.first)
    }

    fn first_tests(&self) -> Vec<Task> {
        let trial = self.trial();
        let tests = self.newcomers.iter().map(|&candidate| Task {
            candidate,
            place: Place::Search,
            replications: 0..trial,
        });
        tests.collect()
    }

    /// More replications, so many in all, for those that are at the front or not clearly behind it: least tested first,
    /// each half as many as it has.
    fn tests(&self, allowance: u64) -> Vec<Task> {
        let mut all = self.parents.clone();
        all.extend(&self.newcomers);
        let standings = self.standings(&all);
        let ranks = fronts(&standings);
        let safe = fronts(&self.standings_with(&all, SAFE));
        let front: Vec<usize> = (0..all.len()).filter(|&at| ranks[at] == 0).collect();
        let wanted: Vec<usize> = (0..all.len())
            .filter(|&at| {
                let ahead = |&&other: &&usize| standings[other].dominates(&standings[at]);
                let behind =
                    |&other: &usize| self.is_clearly_behind(all[at], all[other], &standings[at]);
                ranks[at] == 0 || safe[at] == 0 || !front.iter().filter(ahead).any(behind)
            })
            .map(|at| all[at])
            .collect();
        self.more(wanted, allowance)
    }

    /// Every candidate but the scenario as written.
    fn tried(&self) -> Vec<usize> {
        let bred = |&one: &usize| self.candidates[one].point.is_some();
        (0..self.candidates.len()).filter(bred).collect()
    }

    /// More replications, so many in all, for these: least tested first, each half as many as it has.
    fn more(&self, mut wanted: Vec<usize>, allowance: u64) -> Vec<Task> {
        let tested = |candidate: usize| self.candidates[candidate].search.n();
        wanted.sort_by_key(|&candidate| (tested(candidate), candidate));
        let mut left = allowance;
        let mut tasks = Vec::new();
        for candidate in wanted {
            let there = tested(candidate);
            let more = (there / 2).max(self.course.first).min(left);
            // Replications of the search stay below those of the out-of-sample evaluation.
            if more == 0 || there + more >= FRESH {
                continue;
            }
            left -= more;
            tasks.push(Task {
                candidate,
                place: Place::Search,
                replications: there..there + more,
            });
        }
        tasks
    }

    /// Whether one candidate is behind another by more than chance in every objective; who violates constraints is
    /// behind who does not.
    fn is_clearly_behind(&self, one: usize, other: usize, standing: &Standing) -> bool {
        let rows = self.course.watched.iter().enumerate();
        if standing.violation > 0.0 {
            let constraints = rows.filter(|(_, watched)| !watched.role.is_objective());
            return constraints
                .filter(|&(measure, _)| self.excess(one, measure, 0.0) > 0.0)
                .any(|(measure, _)| {
                    let margin = CLEARLY * self.estimated(one, measure).1;
                    self.excess(one, measure, -margin) > 0.0
                });
        }
        let search = |candidate: usize| &self.candidates[candidate].search;
        self.course.is_clearly_worse(search(one), search(other))
    }

    /// What the search believes of a measure of a candidate, with its standard error.
    fn estimated(&self, candidate: usize, measure: usize) -> (f64, f64) {
        let believed = self.survey.of(candidate, measure);
        believed.unwrap_or((f64::NAN, f64::NAN))
    }

    /// By how much a constraint is violated where the measure is moved to the wrong side by a margin.
    fn excess(&self, candidate: usize, measure: usize, margin: f64) -> f64 {
        let value = self.estimated(candidate, measure).0;
        self.course.watched[measure].role.excess(value, margin)
    }

    /// What selection sees: objectives as estimated, and by how much the constraints would be violated with the margin
    /// that the out-of-sample evaluation will ask for.
    fn standings(&self, candidates: &[usize]) -> Vec<Standing> {
        self.standings_with(candidates, BOLD)
    }

    /// The same with so many standard errors to spare.
    fn standings_with(&self, candidates: &[usize], spare: f64) -> Vec<Standing> {
        self.standings_of(candidates, spare, |candidate, measure| {
            self.estimated(candidate, measure)
        })
    }

    /// The same with errors that are at least those of each candidate's own replications: what the same random numbers did to
    /// neighbours they did to it, and no surface takes that off.
    fn standings_apart(&self, candidates: &[usize], spare: f64) -> Vec<Standing> {
        self.standings_of(candidates, spare, |candidate, measure| {
            let (value, error) = self.estimated(candidate, measure);
            (value, error.max(self.survey.own(candidate, measure).1))
        })
    }

    fn standings_of(
        &self,
        candidates: &[usize],
        spare: f64,
        believed: impl Fn(usize, usize) -> (f64, f64),
    ) -> Vec<Standing> {
        let margins = self.margins(candidates);
        let standing = |&candidate: &usize| {
            self.standing(&margins, spare, |measure| believed(candidate, measure))
        };
        candidates.iter().map(standing).collect()
    }

    fn margins(&self, candidates: &[usize]) -> Vec<Margin> {
        let measures = 0..self.course.watched.len();
        measures
            .map(|measure| self.margin(measure, candidates))
            .collect()
    }

    fn standing(
        &self,
        margins: &[Margin],
        spare: f64,
        value: impl Fn(usize) -> (f64, f64),
    ) -> Standing {
        let mut violation = 0.0;
        let mut values = Vec::new();
        for (measure, watched) in self.course.watched.iter().enumerate() {
            let (value, error) = value(measure);
            if watched.role.is_objective() {
                let value = watched.role.turned(value);
                let step = self.survey.step(measure);
                let told = if step > 0.0 {
                    libm::round(value / step) * step
                } else {
                    value
                };
                // With nothing to divide by there is nothing to recommend it.
                values.push(if told.is_nan() { f64::INFINITY } else { told });
                continue;
            }
            let excess = watched
                .role
                .excess(value, margins[measure].with(spare, error));
            violation += if excess.is_nan() {
                f64::MAX
            } else {
                excess.max(0.0)
            };
        }
        Standing { violation, values }
    }

    /// How far from the limit a constraint must be for the out-of-sample evaluation to show that it is kept.
    fn margin(&self, measure: usize, candidates: &[usize]) -> Margin {
        if self.course.watched[measure].role.is_objective() {
            return Margin::default();
        }
        let confidence = self.course.joint_confidence(measure, self.longest());
        let bound = normal_quantile(2.0 * confidence - 1.0);
        let n = self.examined(self.course.finalists).max(1) as f64;
        let mean = |unit: &dyn Fn(&Candidate) -> f64| {
            let known = candidates.iter().map(|&number| &self.candidates[number]);
            let units = known.filter(|one| one.search.n() > 1).map(unit);
            let units = units.filter(|unit| unit.is_finite());
            let (sum, count) = units.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
            if count > 0.0 { sum / count } else { 0.0 }
        };
        if !self.course.reference {
            let unit = mean(&|one| one.search.unit_variance(measure));
            return Margin {
                bound: bound * libm::sqrt(unit / n),
                own: unit / n,
            };
        }
        let written = &self.candidates[0];
        let error = written.fresh.standard_error(measure);
        let level = if error.is_finite() { error } else { 0.0 };
        let unit = mean(&|one| one.search.residual(&written.search, measure));
        Margin {
            bound: bound * libm::sqrt(unit / n + level * level),
            own: unit / n,
        }
    }

    /// Replications of the scenario as written on fresh random numbers before the search begins: nobody chooses it, so what it
    /// comes to there may be known.
    fn level(&self) -> u64 {
        let most = match self.course.budget >= ENDLESS {
            true => 0,
            false => LEVEL,
        };
        let all = WRITTEN * self.examined(self.course.finalists) as f64;
        (all as u64).min(most).max(self.course.control())
    }

    /// Replications of each of so many finalists in the out-of-sample evaluation.
    fn examined(&self, finalists: usize) -> u64 {
        let (search, out_of_sample, _) = self.course.shares();
        let all = match self.hurry {
            true => self.searched as f64 / search * out_of_sample,
            false => self.course.budget as f64 * out_of_sample,
        };
        let written = if self.course.reference { WRITTEN } else { 0.0 };
        (all / (finalists as f64 + written).max(1.0)) as u64
    }

    /// The scenario as written and finalists spread over the front, in every other world.
    fn re_evaluation(&mut self) -> Vec<Task> {
        let judged = super::verdict::judge(self);
        let mut sound: Vec<usize> = (0..judged.len())
            .filter(|&at| judged[at].on_front)
            .collect();
        if sound.is_empty() {
            let nearest = super::choice::nearest(&self.course, &judged);
            sound.extend(nearest);
        }
        let standings: Vec<Standing> = judged
            .iter()
            .map(|verdict| Standing {
                violation: 0.0,
                values: verdict.turned_objectives(&self.course),
            })
            .collect();
        let mut chosen = thin(&standings, &sound, self.course.re_evaluated);
        chosen.sort_unstable();
        self.re_evaluated = self.course.reference.then_some(0).into_iter().collect();
        let finalists = chosen.into_iter().map(|at| judged[at].candidate);
        self.re_evaluated.extend(finalists);
        let (search, _, elsewhere) = self.course.shares();
        let all = self.searched as f64 / search * elsewhere;
        let flights = self.re_evaluated.len() * self.course.worlds;
        let count = ((all / flights.max(1) as f64) as u64).max(2);
        let mut tasks = Vec::new();
        for &candidate in &self.re_evaluated {
            for world in 0..self.course.worlds {
                tasks.push(Task {
                    candidate,
                    place: Place::World(world),
                    replications: OTHER_WORLDS..OTHER_WORLDS + count,
                });
            }
        }
        tasks
    }
}
