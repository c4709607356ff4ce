//! Intervals hold as often as they say, also under the rules that stop a sweep.
//!
//! Each case is 10 000 synthetic experiments with a known truth, added up and stopped by the code that sweeps use. The
//! promise: at least 95 per cent where fewer than ten events are expected, since the intervals are exact there, and at
//! least 93 per cent elsewhere. A case fails if it holds less often than promised by more than 3.5 standard errors of the
//! count, .0076 and .0089: a false alarm once in 4 000 cases.

use deconflict::experiment::estimate::{PairedSums, RatioSums};
use deconflict::experiment::stop::{Goal, Sequential};
use deconflict::measure::Kind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const EXPERIMENTS: u32 = 10_000;
const CONFIDENCE: f64 = 0.95;

/// Draws of one experiment.
struct Luck(ChaCha8Rng);

impl Luck {
    fn of(case: u64, experiment: u32) -> Luck {
        let mut rng = ChaCha8Rng::seed_from_u64(case);
        rng.set_stream(u64::from(experiment));
        Luck(rng)
    }

    fn uniform(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    fn happens(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Replications up to and with the next event of chance `p`, from 1.
    fn gap(&mut self, p: f64) -> u64 {
        let u = (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0;
        1 + (u.ln() / (1.0 - p).ln()) as u64
    }
}

/// Share of the experiments that held the truth, and the events they saw on average.
struct Held {
    share: f64,
    events: f64,
    replications: f64,
}

/// Runs the experiments of a case on two threads; each says whether it held, its events and its replications.
fn held(experiment: impl Fn(u32) -> (bool, f64, u64) + Sync) -> Held {
    let half = |range: std::ops::Range<u32>| {
        range.fold((0_u32, 0.0, 0.0), |(held, events, n), number| {
            let (holds, seen, replications) = experiment(number);
            (
                held + u32::from(holds),
                events + seen,
                n + replications as f64,
            )
        })
    };
    let middle = EXPERIMENTS / 2;
    let (a, b) = std::thread::scope(|scope| {
        let first = scope.spawn(|| half(0..middle));
        let second = half(middle..EXPERIMENTS);
        (first.join().expect("no panic"), second)
    });
    let of = |sum: f64| sum / f64::from(EXPERIMENTS);
    Held {
        share: of(f64::from(a.0 + b.0)),
        events: of(a.1 + b.1),
        replications: of(a.2 + b.2),
    }
}

fn judge(what: &str, held: &Held) {
    let promised = if held.events < 10.0 { 0.95 } else { 0.93 };
    let n = f64::from(EXPERIMENTS);
    let least = promised - 3.5 * (promised * (1.0 - promised) / n).sqrt();
    println!(
        "{what}: {:.4}, {:.1} events, {:.0} replications",
        held.share, held.events, held.replications
    );
    assert!(
        held.share >= least,
        "{what}: {:.4} hold, expected at least {least:.4}; {:.1} events expected",
        held.share,
        held.events
    );
}

/// A rule that looks at one cell.
fn rule(goal: Goal, minimum: u64, maximum: u64) -> Sequential {
    Sequential {
        goal,
        minimum,
        maximum,
        minimum_events: 20,
    }
}

const fn absolute(half: f64) -> Goal {
    Goal::HalfWidth {
        absolute: Some(half),
        relative: None,
    }
}

const fn relative(share: f64) -> Goal {
    Goal::HalfWidth {
        absolute: None,
        relative: Some(share),
    }
}

/// One cell under a rule: `add` adds a replication; whether the interval reported holds the truth.
fn one_cell(
    rule: &Sequential,
    kind: Kind,
    per_replication: bool,
    truth: f64,
    mut add: impl FnMut(&mut RatioSums),
) -> (bool, f64, u64) {
    let confidence = rule.confidence(CONFIDENCE);
    let mut sums = RatioSums::default();
    for look in rule.looks().iter() {
        while sums.n() < look {
            add(&mut sums);
        }
        let estimate = sums.estimate(kind, per_replication, confidence);
        if look == rule.maximum || rule.reached([(estimate, sums.events())]) {
            let holds = estimate.low <= truth && truth <= estimate.high;
            return (holds, sums.events(), sums.n());
        }
    }
    unreachable!("the last look is the maximum")
}

/// A fixed number of replications is a rule that looks once.
fn fixed(n: u64) -> Sequential {
    rule(absolute(1e-12), n, n)
}

/// Shares of replications, from rare to common.
#[test]
fn shares_of_replications() {
    let mut case = 0;
    for p in [0.0004, 0.001, 0.003, 0.01, 0.05, 0.3] {
        for goal in [
            absolute(0.005),
            absolute(0.02),
            relative(1.0),
            relative(0.3),
        ] {
            case += 1;
            let rule = rule(goal, 200, 4_000);
            let held = held(|experiment| {
                let mut luck = Luck::of(case, experiment);
                let mut next = luck.gap(p);
                one_cell(&rule, Kind::Proportion, true, p, |sums| {
                    next -= 1;
                    let event = next == 0;
                    if event {
                        next = luck.gap(p);
                    }
                    sums.add(f64::from(u8::from(event)), 1.0);
                })
            });
            judge(&format!("share of replications, p {p}, {goal:?}"), &held);
        }
    }
}

/// Units of one replication share its luck: with chance 1/2 a replication is bad and its units fail three times as often
/// as in a good one. One to seven units a replication.
#[test]
fn shares_of_clustered_units() {
    let mut case = 100;
    for p in [0.0003, 0.001, 0.01, 0.05, 0.2] {
        for rule in [
            fixed(500),
            fixed(2_000),
            rule(absolute(0.005), 200, 2_000),
            rule(relative(0.3), 200, 2_000),
        ] {
            case += 1;
            let held = held(|experiment| {
                let mut luck = Luck::of(case, experiment);
                one_cell(&rule, Kind::Proportion, false, p, |sums| {
                    let chance = if luck.happens(0.5) { 1.5 * p } else { 0.5 * p };
                    let units = 1 + (luck.uniform() * 7.0) as u32;
                    let events = (0..units).filter(|_| luck.happens(chance)).count();
                    sums.add(events as f64, f64::from(units));
                })
            });
            judge(&format!("share of units, p {p}, {rule:?}"), &held);
        }
    }
}

/// Events that come in bursts of one to three, single ones where they are rare, and a mean. How many come at once cannot
/// be known where none was seen: the bound on a rate then takes them to come singly.
#[test]
fn rates_and_means() {
    let mut case = 200;
    for (p, most) in [(0.0005, 1.0), (0.002, 1.0), (0.01, 3.0), (0.1, 3.0)] {
        for rule in [fixed(1_000), rule(relative(0.3), 200, 4_000)] {
            case += 1;
            let truth = p * (1.0 + most) / 2.0;
            let held = held(|experiment| {
                let mut luck = Luck::of(case, experiment);
                one_cell(&rule, Kind::Rate, true, truth, |sums| {
                    let burst = 1.0 + (luck.uniform() * most).floor();
                    let events = if luck.happens(p) { burst } else { 0.0 };
                    sums.add(events, 1.0);
                })
            });
            judge(&format!("rate, p {p}, up to {most}, {rule:?}"), &held);
        }
    }
    // Exponential times, a mean of 100 s over one to three tracks.
    for rule in [fixed(200), rule(relative(0.05), 200, 2_000)] {
        case += 1;
        let held = held(|experiment| {
            let mut luck = Luck::of(case, experiment);
            one_cell(&rule, Kind::Mean, false, 100.0, |sums| {
                let tracks = 1 + (luck.uniform() * 3.0) as u32;
                let time = |luck: &mut Luck| -100.0 * (1.0 - luck.uniform()).ln();
                let seconds: f64 = (0..tracks).map(|_| time(&mut luck)).sum();
                sums.add(seconds, f64::from(tracks));
            })
        });
        judge(&format!("mean, {rule:?}"), &held);
    }
}

/// Paired differences with shared luck, under a rule that stops when they are told from zero.
#[test]
fn paired_differences() {
    let mut case = 300;
    for (one, two) in [
        (0.3, 0.3),
        (0.3, 0.25),
        (0.2, 0.05),
        (0.02, 0.02),
        (0.02, 0.005),
    ] {
        for per_replication in [true, false] {
            for rule in [fixed(1_000), rule(Goal::Resolved, 200, 2_000)] {
                case += 1;
                let confidence = rule.confidence(CONFIDENCE);
                let units = if per_replication { 1 } else { 4 };
                let held = held(|experiment| {
                    let mut luck = Luck::of(case, experiment);
                    let mut sums = PairedSums::default();
                    for look in rule.looks().iter() {
                        while sums.first().n() < look {
                            // Nine units in ten have the same luck in both.
                            let (mut a, mut b) = (0.0, 0.0);
                            for _ in 0..units {
                                let shared = luck.uniform();
                                let other = if luck.happens(0.9) {
                                    shared
                                } else {
                                    luck.uniform()
                                };
                                a += f64::from(u8::from(shared < one));
                                b += f64::from(u8::from(other < two));
                            }
                            let units = f64::from(units);
                            sums.add((a, units), (b, units));
                        }
                        let compared = sums.compare(Kind::Proportion, per_replication, confidence);
                        let difference = compared.difference;
                        let events = sums.first().events() + sums.second().events();
                        if look == rule.maximum || rule.reached([(difference, events)]) {
                            let truth = two - one;
                            let holds = difference.low <= truth && truth <= difference.high;
                            return (holds, events, sums.first().n());
                        }
                    }
                    unreachable!("the last look is the maximum")
                });
                judge(
                    &format!("difference, {one} to {two}, {units} units, {rule:?}"),
                    &held,
                );
            }
        }
    }
}
