//! Over many replications: what share of the losses each rule prevents, and how the whole is split among them.
//!
//! The rules asked about are the *players*; the base is the scenario without any of them. With A(S) the set of sorties of
//! a replication that are wrongly lost when the players in S are in force, run with common random numbers:
//!
//! - preventable share of a rule: sum |A(base) - A(rule)| / sum |A(base)| over the replications, a ratio of sums with the
//!   replication as its unit; beside it what the rule costs: sorties lost only with it, leakers, cancelled sorties;
//! - what a rule that asks or waits does besides: with A(delay) run with the same questions and the same waiting, whose answers and
//!   defaults are all "go on", and A(defaults) with answers that are, the whole |A(base)| - |A(rule)| is the sum of *delay*, |A(base)| -
//!   |A(delay)|, *default*, |A(delay)| - |A(defaults)|, and *knowledge*, |A(defaults)| - |A(rule)|, exactly, replication by replication;
//! - band of a rule: the same share in its weakest and in its strongest form ([`Change::ends`](super::Change::ends)), each alone
//!   against the base, as nobody knows beforehand how well it is kept;
//! - Shapley value of a rule, in sorties a replication: the mean over all orders in which the players could be put in
//!   force of |A(before it)| - |A(with it)|; the values add up to |A(base)| - |A(all)|. Up to a stated number of players all
//!   2^n subsets are run and the value is exact given the replications; beyond, orders are drawn, each with its reverse,
//!   anew for every replication, which keeps the mean unbiased and puts the error of the draw into the interval;
//! - band of that value: the same with the rule in its weakest and in its strongest form, all others as offered. It is the value less
//!   the mean over the orders of |A(with its end)| - |A(with it)|, for which orders are drawn even where the value is exact.
//!
//! Sources: L. S. Shapley, "A value for n-person games" (1953); sampling of orders: J. Castro, D. Gomez, J. Tejada,
//! "Polynomial calculation of the Shapley value based on sampling" (2009).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::changes::Change;
use super::counterfactual::{SortieOutcome, sortie_outcomes};
use crate::coordination::Placebo;
use crate::ids::Key;
use crate::measure::Kind;
use crate::record::{Detail, Event, Fact, Replication};
use crate::scenario::Scenario;
use crate::simulation::Engine;
use crate::statistics::estimate::{Comparison, Estimate, Method, PairedSums, RatioSums};
use crate::statistics::intervals::zero_of;
use crate::streams::{Purpose, Streams};

/// What is to be prevented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Sorties shot down by whom they are friend or neutral to.
    Lost,
    /// Sorties fired at by such.
    ShotAt,
}

impl Counted {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Counted::Lost => "wrongly lost",
            Counted::ShotAt => "wrongly fired at",
        }
    }

    fn holds(self, outcome: &SortieOutcome) -> bool {
        match self {
            Counted::Lost => outcome.wrong_losses > 0,
            Counted::ShotAt => outcome.wrong_shots > 0,
        }
    }
}

/// A set of players, a bit each.
type Set = u32;

/// A set of players, and which one of them is there in his weakest form (0), or his strongest (1).
type Sides = (Set, Option<(usize, usize)>);

/// A scenario, the rules asked about, and what is asked.
#[derive(Debug)]
pub struct Game {
    base: Scenario,
    players: Vec<Change>,
    counted: Counted,
    /// Orders drawn a replication; none where all subsets are run.
    orders: u32,
    scenarios: Mutex<BTreeMap<Sides, Arc<Scenario>>>,
    /// By player that asks or waits: the scenario with him alone as the arm that delays, and as the one with defaults.
    arms: Vec<Option<[Scenario; 2]>>,
    /// By player with a band: his weakest form, and his strongest.
    ends: Vec<Option<[Change; 2]>>,
    engine: Engine,
}

/// What one subset came to in one replication.
#[derive(Debug, Clone, PartialEq, Default)]
struct Night {
    counted: BTreeSet<String>,
    leaked: u32,
    cancelled: u32,
    separation_losses: u32,
}

/// One replication under all the subsets that were run.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    nights: BTreeMap<Set, Night>,
    /// By player that asks or waits: sorties counted under each of his arms.
    arms: Vec<Option<[f64; 2]>>,
    /// By player with a band: sorties of the base that are not counted at its ends.
    ends: Vec<Option<[f64; 2]>>,
    /// By player, in sorties.
    values: Vec<f64>,
    /// The same at his ends.
    value_ends: Vec<Option<[f64; 2]>>,
}

impl Game {
    /// Most players: their sets are bits of a word.
    pub const MOST: usize = 24;

    /// A game on `base`, a scenario without the players. All subsets are run up to `exact` players; beyond, `orders` are
    /// drawn for each replication, rounded up to pairs.
    ///
    /// # Errors
    /// A player that the base cannot take.
    pub fn new(
        base: Scenario,
        players: Vec<Change>,
        counted: Counted,
        exact: usize,
        orders: u32,
    ) -> Result<Game, String> {
        let arm = |player: &Change| -> Result<Option<[Scenario; 2]>, String> {
            let arms = [Placebo::Delay, Placebo::Defaults].map(|placebo| {
                let arm = player.arm(&base, placebo)?;
                arm.map(|arm| Change::apply(&base, &[&arm])).transpose()
            });
            let [delay, defaults] = arms;
            Ok(delay?
                .zip(defaults?)
                .map(|(delay, defaults)| [delay, defaults]))
        };
        let arms = players.iter().map(arm).collect::<Result<_, _>>()?;
        let game = Game {
            arms,
            ends: players.iter().map(Change::ends).collect(),
            orders: if players.len() <= exact {
                0
            } else {
                orders.max(2).div_ceil(2) * 2
            },
            base,
            players,
            counted,
            scenarios: Mutex::default(),
            engine: Engine::of_rule_sets(rayon::current_num_threads()),
        };
        // A set that cannot be is an error before anything is run.
        let all = (1 << game.players.len()) - 1;
        let sets = if game.orders == 0 {
            (0..=all).collect()
        } else {
            let singles = (0..game.players.len()).map(|player| 1 << player);
            [0, all].into_iter().chain(singles).collect::<Vec<Set>>()
        };
        for set in sets {
            game.scenario((set, None))?;
        }
        for player in (0..game.players.len()).filter(|&player| game.ends[player].is_some()) {
            for end in 0..2 {
                for set in [1 << player, all] {
                    game.scenario((set, Some((player, end))))?;
                }
            }
        }
        Ok(game)
    }

    /// The rules asked about.
    pub fn players(&self) -> &[Change] {
        &self.players
    }

    /// The scenario without any of them.
    pub fn base(&self) -> &Scenario {
        &self.base
    }

    /// What is to be prevented.
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// Whether all subsets are run.
    pub fn exact(&self) -> bool {
        self.orders == 0
    }

    fn scenario(&self, sides: Sides) -> Result<Arc<Scenario>, String> {
        let (set, at_end) = sides;
        let known =
            |scenarios: &BTreeMap<Sides, Arc<Scenario>>| scenarios.get(&sides).map(Arc::clone);
        let lock = || {
            self.scenarios
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(scenario) = known(&lock()) {
            return Ok(scenario);
        }
        let in_force: Vec<&Change> = (self.players.iter().enumerate())
            .filter(|(player, _)| set >> player & 1 == 1)
            .map(|(player, change)| match (at_end, &self.ends[player]) {
                (Some((who, end)), Some(ends)) if who == player => &ends[end],
                _ => change,
            })
            .collect();
        let names: Vec<&str> = in_force.iter().map(|change| change.name.as_str()).collect();
        let scenario = Change::apply(&self.base, &in_force)
            .map_err(|why| format!("{}: {why}", names.join(" with ")))?;
        let scenario = Arc::new(scenario);
        lock().insert(sides, Arc::clone(&scenario));
        Ok(scenario)
    }

    fn night(&self, sides: Sides, replication: Replication) -> Result<Night, String> {
        Ok(self.night_of(&*self.scenario(sides)?, replication))
    }

    fn night_of(&self, scenario: &Scenario, replication: Replication) -> Night {
        let log = (self.engine).simulate(scenario, replication, Detail::Measures);
        let mut night = Night::default();
        for (name, outcome) in sortie_outcomes(&log) {
            night.cancelled += outcome.cancelled;
            if self.counted.holds(&outcome) {
                night.counted.insert(name.to_owned());
            }
        }
        night.leaked = super::counterfactual::leaked(&log);
        let lost = |event: &&Event| matches!(event.fact, Fact::SeparationLost { .. });
        night.separation_losses = log.events.iter().filter(lost).count() as u32;
        night
    }

    /// Runs one replication under all subsets that are needed.
    ///
    /// # Errors
    /// A set of players that do not go together.
    pub fn play(&self, replication: Replication) -> Result<Played, String> {
        let n = self.players.len();
        let mut nights: BTreeMap<Sides, Night> = BTreeMap::new();
        let mut lost_by = |sides: Sides| -> Result<f64, String> {
            let night = match nights.entry(sides) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.night(sides, replication)?),
            };
            Ok(night.counted.len() as f64)
        };
        let mut lost = |set: Set| lost_by((set, None));
        lost(0)?;
        for player in 0..n {
            lost(1 << player)?;
        }
        let mut values = vec![0.0; n];
        if self.orders == 0 {
            for set in 0..1 << n {
                let without = lost(set)?;
                let weight = weight(n, set.count_ones() as usize);
                for (player, value) in values.iter_mut().enumerate() {
                    if set >> player & 1 == 0 {
                        *value += weight * (without - lost(set | 1 << player)?);
                    }
                }
            }
        }
        // What his ends do beside what he does, over drawn orders: with each, how he stands in them.
        let orders = self.orders.max(2);
        let mut beside = vec![[0.0; 2]; n];
        for pair in 0..orders / 2 {
            let mut order = order(n, &Streams::new(replication), pair);
            for _ in 0..2 {
                let mut set = 0;
                for &player in &order {
                    let before = set;
                    set |= 1 << player;
                    let banded = self.ends[player].is_some();
                    if self.orders == 0 && !banded {
                        continue;
                    }
                    let with = lost_by((set, None))?;
                    if self.orders > 0 {
                        let without = lost_by((before, None))?;
                        values[player] += (without - with) / f64::from(orders);
                    }
                    for end in (0..2).filter(|_| banded) {
                        let at_end = lost_by((set, Some((player, end))))?;
                        beside[player][end] += (with - at_end) / f64::from(orders);
                    }
                }
                order.reverse();
            }
        }
        lost_by(((1 << n) - 1, None))?;
        for player in (0..n).filter(|&player| self.ends[player].is_some()) {
            for end in 0..2 {
                lost_by((1 << player, Some((player, end))))?;
            }
        }
        let counted =
            |scenario: &Scenario| self.night_of(scenario, replication).counted.len() as f64;
        let arms = self.arms.iter();
        let arms = arms.map(|arms| arms.as_ref().map(|arms| arms.each_ref().map(counted)));
        let base = &nights[&(0, None)].counted;
        let by_end = |player: usize, of: &dyn Fn(usize) -> f64| {
            self.ends[player].as_ref().map(|_| [0, 1].map(of))
        };
        let saved = |player: usize| {
            by_end(player, &|end| {
                let with = &nights[&(1 << player, Some((player, end)))].counted;
                base.difference(with).count() as f64
            })
        };
        let value = |player: usize| by_end(player, &|end| values[player] + beside[player][end]);
        Ok(Played {
            arms: arms.collect(),
            ends: (0..n).map(saved).collect(),
            value_ends: (0..n).map(value).collect(),
            nights: (nights.into_iter())
                .filter_map(|((set, at_end), night)| at_end.is_none().then_some((set, night)))
                .collect(),
            values,
        })
    }
}

/// The share of the orders of n players in which just these `before` come before a given one: before! (n-1-before)! / n!.
fn weight(n: usize, before: usize) -> f64 {
    let mut choose = 1.0;
    for step in 0..before {
        choose *= (n - 1 - step) as f64 / (step + 1) as f64;
    }
    1.0 / (n as f64 * choose)
}

/// An order of the players, all equally probable (Fisher and Yates).
fn order(n: usize, streams: &Streams, nth: u32) -> Vec<usize> {
    let mut draws = streams.about(Purpose::Order, Key::of("players"), Key::NONE);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let draw = draws.uniform(u64::from(nth) * Game::MOST as u64 + last as u64);
        order.swap(last, (draw * (last + 1) as f64) as usize);
    }
    order
}

/// What one rule alone does to the base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleShare {
    /// Share of the base's sorties counted that are not counted with the rule.
    pub prevented: Estimate,
    /// The same in its weakest and its strongest form, where it has a band.
    pub band: Option<[Estimate; 2]>,
    /// Sorties counted in the base, over all replications.
    pub of: f64,
    /// Of these, not counted with the rule.
    pub saved: f64,
    /// Sorties a replication counted with the rule and not without it.
    pub added: Estimate,
    /// Objectives reached by hostile aircraft, a replication: with the rule against without it.
    pub leaked: Comparison,
    /// Cancelled sorties, a replication: the same.
    pub cancelled: Comparison,
    /// Losses of separation, a replication: the same; all 0 where the scenario does not measure it.
    pub separation_losses: Comparison,
    /// Where it asks or waits, what of the sorties it saves, less those it adds, is done by the mere delay, by holding fire for
    /// want of an answer, and by knowing something: sorties a replication, which add up to the whole.
    pub parts: Option<[Estimate; 3]>,
}

/// What is put down to one rule when all are in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleSplit {
    /// Its Shapley value, sorties a replication.
    pub value: Estimate,
    /// The same as a share of what all prevent together; NaN if that is nothing.
    pub share: f64,
    /// The value in its weakest and its strongest form, all others as offered; where it has a band.
    pub band: Option<[Estimate; 2]>,
}

#[derive(Debug, Clone, Default)]
struct Sums {
    prevented: RatioSums,
    added: RatioSums,
    leaked: PairedSums,
    cancelled: PairedSums,
    separation_losses: PairedSums,
    value: RatioSums,
    parts: Option<[RatioSums; 3]>,
    ends: Option<[RatioSums; 2]>,
    value_ends: Option<[RatioSums; 2]>,
}

/// The sums over the replications, fed in their order.
#[derive(Debug, Clone)]
pub struct Prevention {
    sums: Vec<Sums>,
    base: RatioSums,
    all: RatioSums,
    most: f64,
}

impl Prevention {
    /// Nothing yet.
    pub fn new(game: &Game) -> Prevention {
        Prevention {
            sums: vec![Sums::default(); game.players.len()],
            base: RatioSums::default(),
            all: RatioSums::default(),
            most: 1.0,
        }
    }

    /// Adds a replication.
    pub fn add(&mut self, played: &Played) {
        let base = &played.nights[&0];
        let all = &played.nights[&((1 << self.sums.len()) - 1)];
        let count = |night: &Night| night.counted.len() as f64;
        self.base.add(count(base), 1.0);
        self.all.add(count(all), 1.0);
        self.most = self.most.max(count(base));
        for (player, sums) in self.sums.iter_mut().enumerate() {
            let with = &played.nights[&(1 << player)];
            let saved = base.counted.difference(&with.counted).count() as f64;
            let added = with.counted.difference(&base.counted).count() as f64;
            sums.prevented.add(saved, count(base));
            sums.added.add(added, 1.0);
            let pair = |value: fn(&Night) -> u32| {
                let told = |night| (f64::from(value(night)), 1.0);
                (told(base), told(with))
            };
            let (one, other) = pair(|night| night.leaked);
            sums.leaked.add(one, other);
            let (one, other) = pair(|night| night.cancelled);
            sums.cancelled.add(one, other);
            let (one, other) = pair(|night| night.separation_losses);
            sums.separation_losses.add(one, other);
            sums.value.add(played.values[player], 1.0);
            if let Some(saved) = played.ends[player] {
                let ends = sums.ends.get_or_insert_default();
                for (end, saved) in ends.iter_mut().zip(saved) {
                    end.add(saved, count(base));
                }
            }
            if let Some(values) = played.value_ends[player] {
                let ends = sums.value_ends.get_or_insert_default();
                for (end, value) in ends.iter_mut().zip(values) {
                    end.add(value, 1.0);
                }
            }
            if let Some([delay, defaults]) = played.arms[player] {
                let steps = [count(base), delay, defaults, count(with)];
                let parts = sums.parts.get_or_insert_default();
                for (part, step) in parts.iter_mut().zip(steps.windows(2)) {
                    part.add(step[0] - step[1], 1.0);
                }
            }
        }
    }

    /// Replications so far.
    pub fn n(&self) -> u64 {
        self.base.n()
    }

    /// Sorties counted a replication, in the base and with all players in force.
    pub fn counted(&self, confidence: f64) -> [Estimate; 2] {
        [&self.base, &self.all].map(|sums| sums.estimate(Kind::Rate, true, confidence))
    }

    /// What each player alone does.
    pub fn shares(&self, confidence: f64) -> Vec<RuleShare> {
        let part = |sums: &RatioSums| self.signed(sums, confidence);
        let prevented = |sums: &RatioSums| sums.estimate(Kind::Proportion, false, confidence);
        let share = |sums: &Sums| RuleShare {
            band: sums
                .ends
                .as_ref()
                .map(|ends| ends.each_ref().map(prevented)),
            parts: sums.parts.as_ref().map(|parts| parts.each_ref().map(part)),
            prevented: prevented(&sums.prevented),
            of: sums.prevented.exposure(),
            saved: sums.prevented.events(),
            added: sums.added.estimate(Kind::Rate, true, confidence),
            leaked: sums.leaked.compare(Kind::Rate, true, confidence),
            cancelled: sums.cancelled.compare(Kind::Rate, true, confidence),
            separation_losses: (sums.separation_losses).compare(Kind::Rate, true, confidence),
        };
        self.sums.iter().map(share).collect()
    }

    /// The mean of a number of sorties that may be negative.
    fn signed(&self, sums: &RatioSums, confidence: f64) -> Estimate {
        let mut value = sums.signed_mean(confidence);
        if value.method == Method::None {
            // It never varied: the chance that it does is bounded, and then by the most lost in one replication.
            let half = zero_of(self.n() as f64, confidence) * self.most;
            value.low = value.estimate - half;
            value.high = value.estimate + half;
            value.method = Method::EqualPairs;
        }
        value
    }

    /// How what all prevent together is split.
    pub fn split(&self, confidence: f64) -> Vec<RuleSplit> {
        let together = self.base.ratio() - self.all.ratio();
        let split = |sums: &Sums| {
            let value = self.signed(&sums.value, confidence);
            let end = |sums: &RatioSums| self.signed(sums, confidence);
            RuleSplit {
                band: sums
                    .value_ends
                    .as_ref()
                    .map(|ends| ends.each_ref().map(end)),
                share: if together == 0.0 {
                    f64::NAN
                } else {
                    value.estimate / together
                },
                value,
            }
        };
        self.sums.iter().map(split).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of n players each subset's weight times the number of subsets of its size adds up to one.
    #[test]
    fn weights_are_a_distribution_over_orders() {
        for n in 1..=10_usize {
            let mut sum = 0.0;
            let mut choose = 1.0;
            for before in 0..n {
                sum += choose * weight(n, before);
                choose *= (n - 1 - before) as f64 / (before + 1) as f64;
            }
            assert!((sum - 1.0).abs() < 1e-12, "{n}: {sum}");
        }
    }

    #[test]
    fn orders_are_permutations_and_each_place_is_taken_by_all() {
        let n = 5;
        let mut first = [0_u32; 5];
        for index in 0..2000 {
            let streams = Streams::new(Replication { seed: 7, index });
            let drawn = order(n, &streams, 0);
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
            first[drawn[0]] += 1;
        }
        // 4.9 standard errors of a share of one in five.
        let bound = 4.9 * (2000.0_f64 * 0.2 * 0.8).sqrt();
        assert!(
            first
                .iter()
                .all(|&count| (f64::from(count) - 400.0).abs() < bound),
            "{first:?}"
        );
    }
}
