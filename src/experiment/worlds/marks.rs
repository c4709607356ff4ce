//! Robust or fragile: in how many worlds a comparison holds, and which assumption overturns it first.
//!
//! A comparison holds in a world where the measure moves the same way there and its interval leaves out no change; it is
//! turned where it is shown to move the other way, and open where neither is shown. The assumption that overturns it first
//! is looked for by straight lines: over the worlds, the difference d against the place u (0 to 1 along the range) of one
//! assumption,
//!
//! ```text
//! d = a + b (u - mean u)        break-even u* = mean u - a/b
//! ```
//!
//! kept where the slope is told from none (Student's t, Bonferroni over all assumptions) and u* lies inside the range. Of
//! several the nearest to the mean of the worlds comes first. A line says nothing of bends; the break-even is a place to
//! look, not a bound.

use super::file::WORLD;
use crate::experiment::accounts::{Accounts, PairAccount};
use crate::experiment::design::Coordinate;
use crate::experiment::plan::Plan;
use crate::statistics::estimate::{Comparison, Method};
use crate::statistics::intervals::t_quantile;

/// What a comparison comes to over worlds.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Whether the measure falls (-1) or rises (1) in the world that is spoken of; 0 where neither is shown.
    pub said: i8,
    /// Worlds in which it is shown to fall.
    pub falls: usize,
    /// Worlds in which it is shown to rise.
    pub rises: usize,
    /// Worlds in which there is something to compare.
    pub of: usize,
    /// Smallest and largest difference over the worlds.
    pub from: f64,
    /// Largest.
    pub to: f64,
    /// Mean difference over the worlds, each counting alike.
    pub mean: f64,
    /// What overturns it first: number of the assumption and its place, 0 to 1.
    pub breaks: Option<(usize, f64)>,
}

/// What a comparison shows: -1 that it falls, 1 that it rises, 0 neither.
pub fn shown(compared: &Comparison) -> i8 {
    let difference = &compared.difference;
    match difference.method {
        Method::None => 0,
        _ if difference.high < 0.0 => -1,
        _ if difference.low > 0.0 => 1,
        _ => 0,
    }
}

impl Mark {
    /// The mark of what is said; `along` is, by world, where each assumption stands.
    pub fn of(
        said: Option<&Comparison>,
        worlds: &[Comparison],
        along: &[Vec<f64>],
        confidence: f64,
    ) -> Mark {
        let known: Vec<(usize, &Comparison)> = worlds
            .iter()
            .enumerate()
            .filter(|(_, one)| {
                one.difference.method != Method::None && one.difference.estimate.is_finite()
            })
            .collect();
        let count = |way: i8| known.iter().filter(|(_, one)| shown(one) == way).count();
        let each: Vec<f64> = known
            .iter()
            .map(|(_, one)| one.difference.estimate)
            .collect();
        let places: Vec<&Vec<f64>> = known
            .iter()
            .filter_map(|&(world, _)| along.get(world))
            .collect();
        let said = said.map_or(0, shown);
        Mark {
            said,
            falls: count(-1),
            rises: count(1),
            of: known.len(),
            from: each.iter().copied().fold(f64::INFINITY, f64::min),
            to: each.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: each.iter().sum::<f64>() / each.len() as f64,
            breaks: if said == 0 || places.len() != each.len() {
                None
            } else {
                breaks(&each, &places, confidence)
            },
        }
    }

    /// Worlds in which what is said holds.
    pub fn holds(&self) -> usize {
        match self.said {
            -1 => self.falls,
            1 => self.rises,
            _ => 0,
        }
    }

    /// Worlds in which the contrary is shown.
    pub fn turned(&self) -> usize {
        match self.said {
            -1 => self.rises,
            1 => self.falls,
            _ => 0,
        }
    }

    /// The mark in words, to be read after the comparison; `label` says what a place of an assumption is.
    pub fn words(&self, label: impl Fn(usize, f64) -> String) -> String {
        if self.of == 0 {
            return "in no world there is anything to compare".to_owned();
        }
        if self.said == 0 {
            return format!(
                "nothing is shown here; of {} worlds it falls in {}, rises in {}",
                self.of, self.falls, self.rises
            );
        }
        let verdict = if self.holds() == self.of {
            "robust"
        } else if self.turned() > 0 {
            "fragile"
        } else {
            "not settled"
        };
        let breaks = match self.breaks {
            Some((assumption, at)) => {
                format!("; overturned first by {}", label(assumption, at))
            }
            None => String::new(),
        };
        format!(
            "{verdict}: holds in {} of {} worlds, open in {}, the contrary in {}{breaks}",
            self.holds(),
            self.of,
            self.of - self.holds() - self.turned(),
            self.turned()
        )
    }
}

/// The marks of a sweep that was run in worlds: by setting of the levers, then by measure of the plan.
pub fn of_sweep(plan: &Plan, accounts: &Accounts, along: &[Vec<f64>]) -> Vec<Marked> {
    let record = &plan.record;
    let Some(factor) = record
        .factors
        .iter()
        .position(|factor| factor.name == WORLD)
    else {
        return Vec::new();
    };
    let mut groups: Vec<(String, String, Vec<&PairAccount>)> = Vec::new();
    for pair in accounts.pairs() {
        // Uncertainties of the experiment's own are part of where it holds.
        let [name, against] = [pair.cell, pair.reference].map(|cell| record.lever_settings(cell));
        let alike = |group: &&mut (String, String, _)| group.0 == name && group.1 == against;
        match groups.iter_mut().find(alike) {
            Some((.., members)) => members.push(pair),
            None => groups.push((name, against, vec![pair])),
        }
    }
    let level = |pair: &PairAccount| match record.cells[pair.cell].settings[factor] {
        Coordinate::Level(level) => level,
        Coordinate::Value(_) => 0,
    };
    let mut marked = Vec::new();
    for (setting, reference, members) in groups {
        let mut marks = Vec::new();
        for measure in &record.measures {
            let confidence = record.pair_confidence(measure);
            let compare = |pair: &&PairAccount| pair.pairs.compare(measure, confidence);
            let said = members
                .iter()
                .find(|pair| level(pair) == 0)
                .and_then(compare);
            let others: Vec<&PairAccount> = members
                .iter()
                .copied()
                .filter(|pair| level(pair) > 0)
                .collect();
            let compared: Vec<Option<Comparison>> = others.iter().map(compare).collect();
            let known = compared
                .iter()
                .zip(&others)
                .filter(|(one, _)| one.is_some());
            let places: Vec<Vec<f64>> = known
                .filter_map(|(_, pair)| along.get(level(pair) - 1).cloned())
                .collect();
            let worlds: Vec<Comparison> = compared.into_iter().flatten().collect();
            let mark = Mark::of(said.as_ref(), &worlds, &places, confidence);
            marks.push((measure.clone(), mark));
        }
        marked.push(Marked {
            setting,
            reference,
            marks,
        });
    }
    marked
}

/// The marks of one setting of the levers.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// The setting.
    pub setting: String,
    /// What it is compared with.
    pub reference: String,
    /// By measure.
    pub marks: Vec<(String, Mark)>,
}

/// Fewest worlds for a line.
const FEW: usize = 8;

fn breaks(differences: &[f64], places: &[&Vec<f64>], confidence: f64) -> Option<(usize, f64)> {
    let n = differences.len();
    if n < FEW {
        return None;
    }
    let assumptions = places[0].len();
    let count = n as f64;
    let a = differences.iter().sum::<f64>() / count;
    let wanted = t_quantile(
        1.0 - (1.0 - confidence) / assumptions.max(1) as f64,
        count - 2.0,
    );
    let mut first: Option<(usize, f64, f64)> = None;
    for assumption in 0..assumptions {
        let us: Vec<f64> = places.iter().map(|place| place[assumption]).collect();
        let middle = us.iter().sum::<f64>() / count;
        let (mut uu, mut ud) = (0.0, 0.0);
        for (u, d) in us.iter().zip(differences) {
            uu += (u - middle) * (u - middle);
            ud += (u - middle) * (d - a);
        }
        if uu.is_nan() || uu <= 0.0 {
            continue;
        }
        let b = ud / uu;
        let left: f64 = us
            .iter()
            .zip(differences)
            .map(|(u, d)| d - a - b * (u - middle))
            .map(|rest| rest * rest)
            .sum();
        let error = libm::sqrt(left / (count - 2.0) / uu);
        let at = middle - a / b;
        if b.abs() > wanted * error && (0.0..=1.0).contains(&at) {
            let far = (at - middle).abs();
            if first.is_none_or(|(_, _, nearest)| far < nearest) {
                first = Some((assumption, at, far));
            }
        }
    }
    first.map(|(assumption, at, _)| (assumption, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Kind;
    use crate::statistics::estimate::PairedSums;

    /// A comparison of two means whose difference has this value, with little noise.
    fn differs(by: f64) -> Comparison {
        let mut sums = PairedSums::in_bursts(1.0);
        for step in 0..20 {
            let noise = f64::from(step % 5) * 1e-3;
            sums.add((10.0 + noise, 1.0), (10.0 + by + noise * 2.0 - 2e-3, 1.0));
        }
        sums.compare(Kind::Mean, false, 0.95)
    }

    /// Worlds at places 0 to 1 of the first assumption, the second anywhere.
    fn along(n: usize) -> Vec<Vec<f64>> {
        let place = |world: usize| world as f64 / (n - 1) as f64;
        (0..n)
            .map(|world| vec![place(world), place(world * 7 % n)])
            .collect()
    }

    #[test]
    fn what_holds_everywhere_is_robust_and_what_turns_is_fragile() {
        let places = along(21);
        let all: Vec<Comparison> = places
            .iter()
            .map(|place| differs(-1.0 - place[0]))
            .collect();
        let mark = Mark::of(Some(&differs(-1.0)), &all, &places, 0.95);
        assert_eq!(
            (mark.holds(), mark.turned(), mark.of, mark.breaks),
            (21, 0, 21, None)
        );
        assert!(
            mark.words(|_, _| String::new())
                .starts_with("robust: holds in 21 of 21 worlds")
        );
        // d = 3 u - 2 crosses 0 at u = 2/3.
        let some: Vec<Comparison> = places
            .iter()
            .map(|place| differs(3.0 * place[0] - 2.0))
            .collect();
        let mark = Mark::of(Some(&differs(-1.0)), &some, &places, 0.95);
        assert_eq!((mark.holds(), mark.turned()), (14, 7));
        // The mean of 3 u - 2 over the unit interval.
        assert!((mark.mean + 0.5).abs() < 1e-2, "{}", mark.mean);
        let (assumption, at) = mark.breaks.unwrap();
        assert_eq!(assumption, 0);
        assert!((at - 2.0 / 3.0).abs() < 1e-3, "{at}");
        assert!(
            mark.words(|_, _| "x at 3".to_owned())
                .contains("overturned first by x at 3")
        );
    }

    #[test]
    fn what_is_not_shown_gets_no_verdict() {
        let places = along(21);
        let all: Vec<Comparison> = places.iter().map(|_| differs(1.0)).collect();
        let mark = Mark::of(Some(&differs(0.0)), &all, &places, 0.95);
        assert_eq!((mark.said, mark.rises), (0, 21));
        assert!(
            mark.words(|_, _| String::new())
                .starts_with("nothing is shown here")
        );
    }
}
