//! Tuning: settings of the rules that are good at several things at once, found under noise and judged honestly.
//!
//! A *candidate* is one setting of every parameter. What is known of it are samples: numerator and denominator of each
//! watched measure, replication by replication. Replication r of every candidate has the same random numbers.
//!
//! | stage | replications | does |
//! |---|---|---|
//! | search | 0, 1, 2, ... | NSGA-II: parents, offspring, selection by rank (Deb, Pratap, Agarwal and Meyarivan, IEEE Trans. Evol. Comput. 6 (2002) 182), on what the [`survey`] believes; of many children and settings from anywhere those are tried that the surfaces promise most of; a newcomer runs few replications, and as many again are spent on those at the front that were tested least, so that a lucky point is found out before it is bred from for long |
//! | refinement | the next ones | a local search: neighbours of the best, with enough replications to be told from them, and more for the best; without a scenario as written a race, with no newcomers: replications go to the front and to whoever is not clearly behind it, least tested first |
//! | out-of-sample evaluation | from [`FRESH`] on | the finalists, on random numbers that the search never saw, in equal numbers, and the scenario as written four times as long: estimates, intervals, feasibility; in turns, with a stand-in for whoever is not shown to keep the limits |
//! | robustness | from [`OTHER_WORLDS`] on | some finalists in other worlds: the settings of what one does not know |
//!
//! The scenario as written is run first, on the random numbers of the search and on fresh ones, and is the control variate of every
//! candidate and of every finalist's limits: nobody chooses it, so what it comes to may be known before the search begins, and what
//! the few replications of a candidate did to it is taken off, as far as the two go together
//! ([`samples::Samples::controlled_by`]). Candidates that were run long are control variates of those that are like them, which are
//! then known as well. Few replications without any difference do not show that there is none: one event more or less is left open.
//!
//! The first generation has both ends of every parameter beside its Latin hypercube, and one gene in five that mutates goes to an end:
//! the best often lies there. Half of each later one are those that would be finalists with one parameter moved: to another choice, to an
//! end, or by a step of a quarter of its range in one generation, an eighth in the next, down to a sixty-fourth and again.
//!
//! A smooth surface rounds off a limit that is a cliff, so that the search stays below it. The refinement believes what the replications of each
//! candidate say, with the control variate that fits best, and takes the surfaces only to order neighbours: one parameter moved, half-way to the
//! nearest that was tried on that side, else by a step or to the end. Who is worth its first trial is given the benefit of the doubt about limits: what
//! the first few replications did to a limit they did to all alike.
//!
//! Candidates that cannot be told apart in an objective, by the median of the standard errors, are the same in it. Whether a limit is kept
//! is asked twice in the search, with one and with three standard errors to spare, and both fronts are bred from. The refinement and the finalists
//! are daring, with hardly anything to spare, since the shortlist has two stand-ins for each, safer and safer, and where the search is wrong
//! about a limit it is wrong about all of them: by how much the first misses, on fresh random numbers, tells which of the two is run.
//!
//! On the front stands who is shown to be feasible, unless another (the scenario as written among them) is shown to be better in an
//! objective by one over whom he has nothing to show, or cannot be told from him in any (the one in front stays). The first holds together
//! for all pairs.
//!
//! Errors this guards against. *Winner's curse*: the best of many noisy estimates is too good; so the estimate of the
//! search is never reported but beside the one from fresh random numbers. *False feasibility*: a finalist counts as feasible
//! only if the bound of its interval keeps the limit, at the stated confidence divided by the number of constraints and of all on the shortlist
//! (Bonferroni), which is fixed before a fresh random number is drawn and counts whole, whoever of it is run; the search asks for the
//! margin that this will need. *Ties by chance*: candidates
//! are compared replication by replication.
//!
//! A [`Tuning`](course::Tuning) is asked for tasks and told their results, and depends on nothing else: not on threads,
//! not on the clock. Told the results of an earlier day again it goes on where that day ended. The
//! crates that offer NSGA-II take a function and a random generator of their own and keep every lucky point; that is why the few
//! operators it needs are written out here.

pub mod choice;
pub mod course;
pub mod file;
pub mod fly;
pub mod idle;
pub mod rank;
pub mod robust;
pub mod samples;
pub mod space;
pub mod survey;
pub mod variation;
pub mod verdict;

/// First replication of the out-of-sample evaluation: no search gets there.
pub const FRESH: u64 = 500_000_000;

/// First replication of the other worlds.
pub const OTHER_WORLDS: u64 = 750_000_000;
