//! The tuner against the truth: a study whose front is known in closed form, with the noise of a simulation.
//!
//! A flight plan passes two links; that of link i works with `q_i = 1 - exp(-t_i / tau_i)` where it is given t_i hours,
//! and the plan protects if all do, `q = q_1 q_2`. The hostile criteria are m strict: a neutral is identified as hostile with
//! `a0 = 0.8 exp(-0.9 m)` without a plan and `a1 = 0.3 a0` with one, and a raid gets through with `1 - exp(-0.3 m)`.
//! Loss is `((1 - q) a0 + q a1) Pk`; the price is leakage and 0.02 for each hour of notice.
//!
//! For given m the best way to spend T hours solves `dq/dt_i` alike for all i: `t_i = tau_i ln(1 + 1 / (L tau_i))`, so that
//! `q_i = 1 / (1 + L tau_i)`. The front is the lower envelope of these curves over m.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use deconflict::experiment::design::{Coordinate, Point};
use deconflict::experiment::tune::course::{Course, Place, Role, Task, Tuning, Watched};
use deconflict::experiment::tune::idle::idle;
use deconflict::experiment::tune::rank::Standing;
use deconflict::experiment::tune::samples::{Sample, Samples};
use deconflict::experiment::tune::space::{Dimension, settings};
use deconflict::experiment::tune::verdict::{Feasible, judge};
use deconflict::ids::Key;
use deconflict::measure::Kind;
use deconflict::record::Replication;
use deconflict::streams::{Purpose, Streams};

const LINKS: usize = 2;
const TAU_H: [f64; LINKS] = [0.5, 2.0];
const KILL_PROBABILITY: f64 = 0.8;
const PRICE_PER_HOUR: f64 = 0.02;
/// Sorties and raids of one replication.
const SORTIES: u64 = 10;
/// What a front is measured against: no rule at all, and a price of 1.
const WORST: [f64; 2] = [0.64, 1.0];

/// A setting: hours for each link, strictness.
struct Setting {
    hours: [f64; LINKS],
    strictness: f64,
}

impl Setting {
    fn of(point: &[Coordinate]) -> Setting {
        let value = |at: usize| match point[at] {
            Coordinate::Value(value) => value,
            Coordinate::Level(level) => level as f64,
        };
        Setting {
            hours: std::array::from_fn(value),
            strictness: value(LINKS),
        }
    }

    fn links(&self) -> [f64; LINKS] {
        std::array::from_fn(|link| 1.0 - (-self.hours[link] / TAU_H[link]).exp())
    }

    fn identified_hostile(&self, with_plan: bool) -> f64 {
        (if with_plan { 0.3 } else { 1.0 }) * 0.8 * (-0.9 * self.strictness).exp()
    }

    fn leaked(&self) -> f64 {
        1.0 - (-0.3 * self.strictness).exp()
    }

    fn notice(&self) -> f64 {
        PRICE_PER_HOUR * self.hours.iter().sum::<f64>()
    }

    fn loss(&self) -> f64 {
        let q: f64 = self.links().iter().product();
        let held = (1.0 - q) * self.identified_hostile(false) + q * self.identified_hostile(true);
        held * KILL_PROBABILITY
    }

    fn truth(&self) -> [f64; 2] {
        [self.loss(), self.leaked() + self.notice()]
    }

    /// One replication: neutrals lost and raids let through, of the same number of each; random numbers is shared by all settings.
    fn fly(&self, seed: u64, index: u64) -> (f64, f64) {
        let draws = Streams::new(Replication { seed, index });
        let mut draws = draws.about(Purpose::Hit, Key::of("synthetic"), Key::NONE);
        let links = self.links();
        let (mut lost, mut leaked) = (0.0, 0.0);
        for sortie in 0..SORTIES {
            let mut next = 8 * sortie;
            let mut happens = |chance: f64| {
                next += 1;
                draws.happens(next, chance)
            };
            // Every link draws, also behind one that fails.
            let plan = links.iter().filter(|link| happens(**link)).count() == LINKS;
            let held = happens(self.identified_hostile(plan));
            if happens(KILL_PROBABILITY) && held {
                lost += 1.0;
            }
            leaked += f64::from(happens(self.leaked()));
        }
        (lost, leaked)
    }

    fn sample(&self, seed: u64, index: u64) -> Sample {
        let (lost, leaked) = self.fly(seed, index);
        let n = SORTIES as f64;
        vec![(lost, n), (leaked + n * self.notice(), n)]
    }

    /// Notice and leakage apart: the second is a constraint.
    fn constrained_sample(&self, seed: u64, index: u64) -> Sample {
        let (lost, leaked) = self.fly(seed, index);
        let n = SORTIES as f64;
        vec![(lost, n), (self.notice(), 1.0), (leaked, n)]
    }
}

fn space() -> Vec<Dimension> {
    let range = |high| Dimension::Range {
        low: 0.0,
        high,
        log: false,
    };
    vec![range(12.0), range(12.0), range(4.0)]
}

fn watched(role: Role, kind: Kind) -> Watched {
    Watched {
        role,
        kind,
        per_replication: false,
        confidence: 0.95,
    }
}

fn course(seed: u64, budget: u64) -> Course {
    Course {
        seed,
        space: space(),
        watched: vec![
            watched(Role::Minimise, Kind::Proportion),
            watched(Role::Minimise, Kind::Mean),
        ],
        budget,
        first: 8,
        population: Some(40),
        finalists: 40,
        reference: false,
        worlds: 0,
        re_evaluated: 0,
    }
}

fn fly(tuning: &Tuning, task: &Task, seed: u64, constrained: bool) -> Vec<Sample> {
    let point = tuning.candidates()[task.candidate].point.as_ref().unwrap();
    let setting = Setting::of(point);
    let one = |index| match constrained {
        true => setting.constrained_sample(seed, index),
        false => setting.sample(seed, index),
    };
    task.replications.clone().map(one).collect()
}

fn tuned(course: Course, constrained: bool) -> Tuning {
    let seed = course.seed;
    let mut tuning = Tuning::new(course);
    loop {
        let tasks = tuning.ask(|_| true);
        if tasks.is_empty() {
            return tuning;
        }
        let flown = tasks
            .iter()
            .map(|task| fly(&tuning, task, seed, constrained));
        let flown = flown.collect();
        tuning.tell(flown);
    }
}

/// The area between points and the worst.
fn hypervolume(points: &[[f64; 2]]) -> f64 {
    let mut points: Vec<[f64; 2]> = points
        .iter()
        .filter(|point| point[0] < WORST[0] && point[1] < WORST[1])
        .copied()
        .collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let (mut area, mut ceiling) = (0.0, WORST[1]);
    for [loss, price] in points {
        if price < ceiling {
            area += (WORST[0] - loss) * (ceiling - price);
            ceiling = price;
        }
    }
    area
}

/// The front in closed form, as a net of points fine enough that its own gaps do not count.
fn true_front() -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    for m in 0..=800 {
        for l in 0..=800 {
            let multiplier = 10.0_f64.powf(-4.0 + 7.0 * f64::from(l) / 800.0);
            let hours = TAU_H.map(|tau| (tau * (1.0 + 1.0 / (multiplier * tau)).ln()).min(12.0));
            let setting = Setting {
                hours,
                strictness: 4.0 * f64::from(m) / 800.0,
            };
            points.push(setting.truth());
        }
    }
    for m in 0..=800 {
        let setting = Setting {
            hours: [0.0; LINKS],
            strictness: 4.0 * f64::from(m) / 800.0,
        };
        points.push(setting.truth());
    }
    points
}

/// Random settings, `each` replications of every one, and those that look best: what the tuner has to beat.
fn random_search(seed: u64, budget: u64, each: u64) -> Vec<[f64; 2]> {
    let (mut points, mut standings): (Vec<Point>, Vec<Standing>) = (Vec::new(), Vec::new());
    for number in 0..budget / each {
        let mut draws = Streams::new(Replication {
            seed,
            index: number,
        })
        .about(Purpose::Mutation, Key::of("random search"), Key::NONE);
        let genes: Vec<f64> = (0..LINKS as u64 + 1)
            .map(|gene| draws.uniform(gene))
            .collect();
        let point = settings(&space(), &genes);
        let setting = Setting::of(&point);
        let mut samples = Samples::default();
        for index in 0..each {
            samples.add(setting.sample(seed, index));
        }
        points.push(point);
        standings.push(Standing {
            violation: 0.0,
            values: vec![samples.ratio(0), samples.ratio(1)],
        });
    }
    let best = |one: &Standing| !standings.iter().any(|other| other.dominates(one));
    let found = points.iter().zip(&standings).filter(|(_, one)| best(one));
    found.map(|(point, _)| Setting::of(point).truth()).collect()
}

#[test]
fn the_front_is_found_with_half_the_replications_of_random_search() {
    front_is_found(1..=3, 1); // all three fail to hold once in 8000
}

#[test]
#[ignore = "takes a minute: the same over 20 seeds"]
fn the_front_is_found_over_many_seeds() {
    // All intervals of a seed hold together with 95 %: fewer than 15 of 20 by chance once in 3000, fewer than 13 in 10^5.
    front_is_found(1..=20, 13);
}

/// The front that is found has 98 % of the true hypervolume in the mean of the seeds and 97 % at least, random search with
/// twice the replications has less for every seed, and the intervals of the out-of-sample evaluation hold for enough of the seeds.
fn front_is_found(seeds: RangeInclusive<u64>, least_held: u32) {
    const BUDGET: u64 = 120_000;
    let best = hypervolume(&true_front());
    let (mut least, mut sum, mut random_sum, mut all_held) = (1.0_f64, 0.0, 0.0, 0);
    let (mut count, mut all_missed) = (0, 0);
    let n = seeds.clone().count() as f64;
    for seed in seeds {
        let tuning = tuned(
            Course {
                first: 16,
                population: Some(64),
                finalists: 80,
                ..course(seed, BUDGET)
            },
            false,
        );
        assert!(tuning.spent() <= BUDGET);
        let verdicts = judge(&tuning);
        let mut missed = 0;
        let mut points = Vec::new();
        for verdict in &verdicts {
            let candidate = &tuning.candidates()[verdict.candidate];
            let truth = Setting::of(candidate.point.as_ref().unwrap()).truth();
            if verdict.on_front {
                points.push(truth);
            }
            // Loss is a share, with intervals for few events too. The interval of a mean needs many: the price is left out where
            // fewer than 50 raids are expected to get through.
            let setting = Setting::of(candidate.point.as_ref().unwrap());
            let raids = (candidate.fresh.n() * SORTIES) as f64 * setting.leaked();
            let judged = if raids < 50.0 { 1 } else { 2 };
            for (truth, fresh) in truth.iter().zip(&verdict.fresh).take(judged) {
                count += 1;
                missed += u32::from(!(fresh.low <= *truth && *truth <= fresh.high));
            }
        }
        all_held += u32::from(missed == 0);
        all_missed += missed;
        let share = hypervolume(&points) / best;
        let random = hypervolume(&random_search(seed, 2 * BUDGET, 16)) / best;
        println!(
            "seed {seed}: {} candidates, {} finalists, {share:.4}, random search with twice as many {random:.4}",
            tuning.candidates().len(),
            points.len()
        );
        assert!(share > random, "seed {seed}: {share} against {random}");
        least = least.min(share);
        sum += share;
        random_sum += random;
    }
    println!(
        "mean {:.4}, least {least:.4}; random {:.4}; intervals of {all_held} seeds hold, {all_missed} of {count} miss",
        sum / n,
        random_sum / n
    );
    assert!(
        sum / n >= 0.98,
        "mean share of the hypervolume: {}",
        sum / n
    );
    assert!(least >= 0.97, "least share of the hypervolume: {least}");
    assert!(
        all_held >= least_held,
        "intervals hold for {all_held} of {n} seeds"
    );
}

#[test]
fn a_finalist_called_feasible_is() {
    feasible_is_feasible(101..=112);
}

#[test]
#[ignore = "takes a minute: the same over 50 seeds"]
fn a_finalist_called_feasible_is_over_many_seeds() {
    feasible_is_feasible(101..=150);
}

/// Where the best setting lies on the edge of what is allowed, half of all plain estimates would be on the wrong side.
fn feasible_is_feasible(seeds: RangeInclusive<u64>) {
    const LIMIT: f64 = 0.2;
    let (mut wrong, mut with_any, mut good) = (0, 0, 0);
    let n = seeds.clone().count() as u32;
    for seed in seeds {
        let constrained = Course {
            watched: vec![
                watched(Role::Minimise, Kind::Proportion),
                watched(Role::Minimise, Kind::Mean),
                watched(Role::AtMost(LIMIT), Kind::Proportion),
            ],
            population: None,
            finalists: 8,
            ..course(seed, 12_000)
        };
        let tuning = tuned(constrained, true);
        let verdicts = judge(&tuning);
        let shown = verdicts
            .iter()
            .filter(|verdict| verdict.feasible == Feasible::Shown);
        let leaked: Vec<f64> = shown
            .map(|verdict| {
                let candidate = &tuning.candidates()[verdict.candidate];
                Setting::of(candidate.point.as_ref().unwrap()).leaked()
            })
            .collect();
        with_any += u32::from(!leaked.is_empty());
        wrong += u32::from(leaked.iter().any(|&leaked| leaked > LIMIT));
        // Not by leaving all room to the limit unused either.
        good += u32::from(leaked.iter().any(|&leaked| leaked > 0.75 * LIMIT));
    }
    println!("{with_any} with a feasible finalist, {wrong} wrong, {good} near the limit");
    assert!(50 * wrong <= 6 * n, "{wrong} of {n}");
    assert!(5 * with_any >= 4 * n, "{with_any} of {n} found anything");
    assert!(5 * good >= 3 * n, "{good} of {n} came near the limit");
}

/// Where all settings are equally good and each has random numbers of its own, the search believes in those that were lucky; fresh
/// random numbers does not.
#[test]
fn fresh_luck_takes_the_winners_curse_away() {
    const CHANCE: f64 = 0.3;
    let (mut search, mut fresh, mut count) = (0.0, 0.0, 0.0);
    for seed in 201..=220 {
        let mut tuning = Tuning::new(Course {
            population: None,
            finalists: 10,
            ..course(seed, 8_000)
        });
        loop {
            let tasks = tuning.ask(|_| true);
            if tasks.is_empty() {
                break;
            }
            let flown = tasks.iter().map(|task| {
                let own = Key::of("noise").nth(task.candidate as u32);
                let one = |index| -> Sample {
                    let draws = Streams::new(Replication { seed, index });
                    let mut draws = draws.about(Purpose::Hit, own, Key::NONE);
                    let mut lost = |from: u64| {
                        (from..from + SORTIES)
                            .filter(|&n| draws.happens(n, CHANCE))
                            .count() as f64
                    };
                    vec![(lost(0), SORTIES as f64), (lost(SORTIES), SORTIES as f64)]
                };
                task.replications.clone().map(one).collect()
            });
            let flown = flown.collect();
            tuning.tell(flown);
        }
        for verdict in judge(&tuning) {
            let fresh_n = tuning.candidates()[verdict.candidate].fresh.n() as f64;
            for measure in 0..2 {
                search += verdict.search[measure] - CHANCE;
                fresh += (verdict.fresh[measure].estimate - CHANCE)
                    / libm::sqrt(CHANCE * (1.0 - CHANCE) / (fresh_n * SORTIES as f64));
                count += 1.0;
            }
        }
    }
    let (search, fresh) = (search / count, fresh / count);
    println!("bias of the search {search:.5}, on fresh random numbers {fresh:.5} standard errors");
    // 4.9 standard errors of the mean of `count` independent ones: false-alarm rate 1e-6.
    assert!(fresh.abs() < 4.9 / libm::sqrt(count), "{fresh}");
    // That of the search is of the order of 0.001, so -0.005 is no chance.
    assert!(search < -0.005, "{search}");
}

#[test]
fn a_tuning_told_the_same_again_goes_the_same_way_and_tries_nothing_twice() {
    let (one, two) = (
        tuned(course(7, 6_000), false),
        tuned(course(7, 6_000), false),
    );
    let points = |tuning: &Tuning| -> Vec<Option<Point>> {
        let candidates = tuning.candidates().iter();
        candidates
            .map(|candidate| candidate.point.clone())
            .collect()
    };
    assert_eq!(points(&one), points(&two));
    assert_eq!(one.finalists(), two.finalists());
    let distinct: BTreeSet<String> = points(&one).iter().map(|p| format!("{p:?}")).collect();
    assert_eq!(distinct.len(), one.candidates().len());
    let other = tuned(course(8, 6_000), false);
    assert_ne!(points(&one), points(&other));
}

// --- A limit that binds -------------------------------------------------------------------------------------------------

/// A study shaped like that of the agreement: how strict the criteria are, in steps, as a posterior of few declarations is; two
/// addressees whose plans cost messages and save neutrals; leakage with a limit that the best settings lie on.
struct Agreement {
    threshold: f64,
    declared: f64,
    gate_m: f64,
    italy: bool,
    us: bool,
}

const LIMIT: f64 = 0.45;

impl Agreement {
    fn of(point: Option<&Point>) -> Agreement {
        let Some(point) = point else {
            return Agreement {
                threshold: 0.9,
                declared: 2.0,
                gate_m: 5_000.0,
                italy: false,
                us: true,
            };
        };
        let value = |at: usize| match point[at] {
            Coordinate::Value(value) => value,
            Coordinate::Level(level) => level as f64,
        };
        Agreement {
            threshold: value(0),
            declared: value(1),
            gate_m: value(2),
            italy: value(3) == 1.0,
            us: value(4) == 0.0,
        }
    }

    fn strict(&self) -> f64 {
        let step = |at: f64, width: f64| 1.0 / (1.0 + (-(self.threshold - at) / width).exp());
        0.35 * step(0.86, 0.006)
            + 0.35 * step(0.915, 0.004)
            + step(0.955, 0.006)
            + 2.0 * step(0.985, 0.002)
    }

    fn leaked(&self) -> f64 {
        let strict = self.strict();
        let held_back = 0.055 * strict + 0.075 * (strict - 0.7).max(0.0);
        let waits = 0.018 * (self.declared - 1.0);
        let busy = if self.us { 0.0 } else { 0.01 };
        (0.385 + held_back + waits + busy).min(0.999)
    }

    fn loss(&self) -> f64 {
        let held = 0.17 * (-0.55 * self.strict()).exp() * (1.02 - 0.02 * self.declared);
        let gate = 1.0 - 0.12 * (self.gate_m / 2_000.0).ln() / 7.5_f64.ln();
        held * gate * if self.us { 0.5 } else { 1.0 } * if self.italy { 0.74 } else { 1.0 }
    }

    fn messages(&self) -> f64 {
        7.5 + if self.us { 5.1 } else { 0.0 } + if self.italy { 5.2 } else { 0.0 }
    }

    /// One night: it is good or bad for all, raids and messages vary in number; so much more may leak.
    fn sample(&self, seed: u64, index: u64, more: f64) -> Sample {
        let draws = Streams::new(Replication { seed, index });
        let mut draws = draws.about(Purpose::Hit, Key::of("synthetic"), Key::NONE);
        let mut at = 0;
        let mut next = || {
            at += 1;
            draws.uniform(at)
        };
        let night = 0.25 * (next() - 0.5);
        let raids = 3.0 + (5.0 * next()).floor();
        let leaked = (0..8).filter(|&raid| {
            let through = next() < self.leaked() + more + night;
            through && f64::from(raid) < raids
        });
        let leaked = leaked.count() as f64;
        let lost = (0..7)
            .filter(|_| next() < self.loss() * (1.0 + 2.0 * night))
            .count() as f64;
        let [own, us, italy] = [0.7 + 0.6 * next(), 0.6 + 0.8 * next(), 0.6 + 0.8 * next()];
        let sent = 7.5 * own
            + if self.us { 5.1 * us } else { 0.0 }
            + if self.italy { 5.2 * italy } else { 0.0 };
        vec![(lost, 7.0), (sent, 1.0), (leaked, raids)]
    }

    /// Every setting that keeps the limit, on a net.
    fn all() -> Vec<[f64; 2]> {
        let mut all = Vec::new();
        for step in 0..=380 {
            for declared in 1..=10 {
                for gate_m in [2_000.0, 15_000.0] {
                    for plans in 0..4 {
                        let one = Agreement {
                            threshold: 0.8 + 0.0005 * f64::from(step),
                            declared: f64::from(declared),
                            gate_m,
                            italy: plans % 2 == 1,
                            us: plans / 2 == 1,
                        };
                        if one.leaked() <= LIMIT {
                            all.push([one.loss(), one.messages()]);
                        }
                    }
                }
            }
        }
        all
    }
}

/// A parameter that nothing reads is said to do nothing, and no other is.
#[test]
fn a_parameter_that_does_nothing_is_found_out() {
    let mut space = space();
    space.push(Dimension::Range {
        low: 0.0,
        high: 1.0,
        log: false,
    });
    let tuning = tuned(
        Course {
            space,
            ..course(7, 6_000)
        },
        false,
    );
    let found = idle(&tuning);
    let parameters: Vec<usize> = found.iter().map(|idle| idle.parameter).collect();
    assert_eq!(parameters, [LINKS + 1]);
    assert!(
        found[0].pairs >= 1 && found[0].replications >= 8,
        "{found:?}"
    );
}

#[test]
fn a_limit_that_binds_is_come_near() {
    near_the_limit(3..=4, (0.85, 0.7));
}

#[test]
#[ignore = "takes a minute: the same over 30 seeds"]
fn a_limit_that_binds_is_come_near_over_many_seeds() {
    near_the_limit(1..=30, (0.9, 0.6));
}

/// A tuning of it with the budget of the README; fresh random numbers may leak more than those of the search.
fn tuned_agreement(seed: u64, more: f64) -> Tuning {
    let objective = |kind| Watched {
        per_replication: kind == Kind::Mean,
        ..watched(Role::Minimise, kind)
    };
    let mut tuning = Tuning::new(Course {
        seed,
        space: vec![
            Dimension::Range {
                low: 0.8,
                high: 0.99,
                log: false,
            },
            Dimension::Whole { low: 1, high: 10 },
            Dimension::Range {
                low: 2_000.0,
                high: 15_000.0,
                log: true,
            },
            Dimension::Choice(2),
            Dimension::Choice(2),
        ],
        watched: vec![
            objective(Kind::Proportion),
            objective(Kind::Mean),
            watched(Role::AtMost(LIMIT), Kind::Proportion),
        ],
        budget: 24_000,
        first: 16,
        population: None,
        finalists: 6,
        reference: true,
        worlds: 0,
        re_evaluated: 0,
    });
    loop {
        let tasks = tuning.ask(|_| true);
        if tasks.is_empty() {
            return tuning;
        }
        let run = |task: &Task| -> Vec<Sample> {
            let point = tuning.candidates()[task.candidate].point.as_ref();
            let one = Agreement::of(point);
            // The scenario as written is known from fresh random numbers before: it would tell.
            let more = match (task.place, point) {
                (Place::OutOfSample, Some(_)) => more,
                _ => 0.0,
            };
            let samples = task.replications.clone();
            samples.map(|index| one.sample(seed, index, more)).collect()
        };
        let samples = tasks.iter().map(run).collect();
        tuning.tell(samples);
    }
}

/// Where fresh random numbers leak more than the search believed, the daring finalists are not shown to keep the limit, and those that stand in for them
/// are. Nobody beyond the number of finalists is run, and every statement counts for all of the shortlist.
#[test]
fn who_is_not_shown_to_keep_a_limit_has_a_stand_in() {
    for seed in 3..=4 {
        let tuning = tuned_agreement(seed, 0.02);
        let verdicts = judge(&tuning);
        assert_eq!(verdicts.len(), tuning.finalists().len());
        assert!(verdicts.len() <= 6 && tuning.listed() > 6);
        let failed = verdicts
            .iter()
            .filter(|verdict| verdict.feasible != Feasible::Shown);
        let (failed, shown) = (
            failed.count(),
            verdicts.iter().filter(|verdict| verdict.on_front).count(),
        );
        assert!(failed >= 2, "seed {seed}: {failed}");
        assert!(shown >= 2, "seed {seed}: {shown}");
        let confidence = tuning.course().joint_confidence(2, tuning.listed());
        assert!((confidence - (1.0 - 0.05 / tuning.listed() as f64)).abs() < 1e-12);
    }
}

/// With the budget of the README, 24 000 replications, the front has so much of the true hypervolume in the mean and at least, and
/// hardly ever leaks more than it may.
fn near_the_limit(seeds: RangeInclusive<u64>, (mean, least): (f64, f64)) {
    const WORST: [f64; 2] = [0.2, 25.0];
    let area = |points: &[[f64; 2]]| {
        let inside = |point: &&[f64; 2]| point[0] < WORST[0] && point[1] < WORST[1];
        let mut points: Vec<[f64; 2]> = points.iter().filter(inside).copied().collect();
        points.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
        let (mut area, mut best) = (0.0, WORST[0]);
        for [loss, messages] in points {
            if loss < best {
                area += (best - loss) * (WORST[1] - messages);
                best = loss;
            }
        }
        area
    };
    let truth = area(&Agreement::all());
    let (mut shares, mut wrongly) = (Vec::new(), 0);
    for seed in seeds {
        let tuning = tuned_agreement(seed, 0.0);
        assert!(tuning.spent() <= 24_000, "{}", tuning.spent());
        let front: Vec<Agreement> = (judge(&tuning).iter())
            .filter(|verdict| verdict.on_front)
            .map(|verdict| Agreement::of(tuning.candidates()[verdict.candidate].point.as_ref()))
            .collect();
        wrongly += front.iter().filter(|one| one.leaked() > LIMIT).count();
        let points: Vec<[f64; 2]> = front
            .iter()
            .map(|one| [one.loss(), one.messages()])
            .collect();
        let share = area(&points) / truth;
        println!("seed {seed}: {} on the front, {share:.4}", front.len());
        shares.push(share);
    }
    let n = shares.len() as f64;
    let found = shares.iter().sum::<f64>() / n;
    let lowest = shares.iter().copied().fold(1.0, f64::min);
    println!("mean {found:.4}, least {lowest:.4}, {wrongly} over the limit");
    assert!(found >= mean, "mean share of the hypervolume: {found}");
    assert!(lowest >= least, "least share of the hypervolume: {lowest}");
    // Bounds hold for all finalists of a seed together with 95 %.
    assert!(wrongly as f64 <= 1.0 + 0.1 * n, "{wrongly} over the limit");
}
