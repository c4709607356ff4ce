//! An experiment by its factors: what each measure is at every setting, where it differs from the reference, which setting is best and how
//! sure that is, and whether factors act on each other.
//!
//! | question | answer | how sure |
//! |---|---|---|
//! | what is it at a setting | estimate | interval of the measure, by itself |
//! | does it differ from the reference | paired difference | intervals that hold together for all pairs and measures that the experiment names: each at `1 - (1 - confidence) / K`, after Bonferroni |
//! | which setting is best | the lowest estimate (the highest where more is better), and all that may be the best: those that no other is shown to beat | the best is among them with the confidence asked for: one-sided comparisons at `(1 - confidence) / (K - 1)` of each setting with each other (Gupta, Technometrics 7 (1965) 225, Bonferroni for his constant) |
//! | does one factor change what another does | `(y_ab - y_0b) - (y_a0 - y_00)` for all levels a, b of two factors, others at the reference; the one that is farthest from 0 in standard errors | delete-a-group jackknife over the groups of replications, t with G - 1 degrees, Bonferroni over all such contrasts of the measure |
//!
//! All settings share their random numbers, so differences are made of groups of replications ([`super::effects`]).

use super::accounts::{Accounts, GROUPS, GroupSums};
use super::design::Coordinate;
use super::effects::{Interval, jackknife};
use super::plan::{FactorDomain, FactorKind, Plan, PlanRecord};
use crate::statistics::estimate::{Comparison, Estimate};

/// The settings of an experiment that can be laid side by side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Numbers of the factors that vary.
    pub factors: Vec<usize>,
    /// Numbers of the cells, in the order of the plan; the reference among them.
    pub cells: Vec<usize>,
    /// The cell that all others are compared with.
    pub reference: usize,
    /// What each measure of the plan does, in its order.
    pub measures: Vec<BySetting>,
}

/// One measure over the settings.
#[derive(Debug, Clone)]
pub struct BySetting {
    /// Its number among those of the plan.
    pub measure: usize,
    /// What it is at each cell, in the order of [`Settings::cells`].
    pub at: Vec<At>,
    /// The best setting; none where nothing is known, or nothing varies.
    pub best: Option<Best>,
    /// For each two factors the contrast that is farthest from 0 in standard errors.
    pub interactions: Vec<Interaction>,
}

/// A measure at a setting.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// The cell.
    pub cell: usize,
    /// The measure; NaN where there is nothing to divide by.
    pub value: Estimate,
    /// Against the reference; none for itself.
    pub compared: Option<Comparison>,
}

impl At {
    /// Whether it is shown to be lower or higher than at the reference.
    pub fn shown(&self) -> Option<Change> {
        let difference = self.compared?.difference;
        match (difference.high < 0.0, difference.low > 0.0) {
            (true, _) => Some(Change::Lower),
            (_, true) => Some(Change::Higher),
            _ => None,
        }
    }
}

/// A difference that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Less than at the reference.
    Lower,
    /// More.
    Higher,
}

/// The best setting, and how sure that is.
#[derive(Debug, Clone)]
pub struct Best {
    /// The cell with the best estimate.
    pub cell: usize,
    /// Whether more is better.
    pub more_is_better: bool,
    /// All cells that may be the best, itself among them.
    pub may_be: Vec<usize>,
}

/// Whether two factors act on each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Numbers of the factors.
    pub factors: [usize; 2],
    /// The cells: both at the reference; the first changed, the second changed, both.
    pub cells: [usize; 4],
    /// What the first changes at the other level of the second, less what it changes at the reference.
    pub contrast: Interval,
    /// Contrasts of the measure that were looked at.
    pub of: usize,
}

impl Interaction {
    /// Whether it is told from none.
    pub fn is_shown(&self) -> bool {
        self.contrast.low > 0.0 || self.contrast.high < 0.0
    }
}

/// Lays the settings side by side; none where levels are sampled, or nothing is compared.
pub fn settings(plan: &Plan, accounts: &Accounts) -> Option<Settings> {
    let record = &plan.record;
    let (reference, _) = record.pairs().next()?;
    let kind = match record.factors.iter().any(|f| f.kind == FactorKind::Lever) {
        true => FactorKind::Lever,
        false => FactorKind::Uncertainty,
    };
    let by_level = |factor: usize| {
        matches!(
            (
                &record.factors[factor].domain,
                record.cells[reference].settings[factor]
            ),
            (FactorDomain::Levels { .. }, Coordinate::Level(_))
        )
    };
    if !(0..record.factors.len()).all(by_level) {
        return None;
    }
    // What nobody knows stays as it is at the reference.
    let same = |cell: usize, factor: usize| {
        record.cells[cell].settings[factor] == record.cells[reference].settings[factor]
    };
    let cells: Vec<usize> = (0..record.cells.len())
        .filter(|&cell| {
            (0..record.factors.len())
                .all(|factor| record.factors[factor].kind == kind || same(cell, factor))
        })
        .collect();
    let factors: Vec<usize> = (0..record.factors.len())
        .filter(|&factor| cells.iter().any(|&cell| !same(cell, factor)))
        .collect();
    let view = View {
        plan,
        accounts,
        groups: accounts.groups(),
        reference,
        cells: &cells,
        factors: &factors,
    };
    let measures = (0..record.measures.len())
        .map(|measure| view.measure(measure))
        .collect();
    Some(Settings {
        factors: factors.clone(),
        measures,
        reference,
        cells,
    })
}

impl Settings {
    /// The levels of a factor that occur, in the order of its domain.
    pub fn levels(&self, record: &PlanRecord, factor: usize) -> Vec<Coordinate> {
        let FactorDomain::Levels { labels, .. } = &record.factors[factor].domain else {
            return Vec::new();
        };
        (0..labels.len())
            .map(Coordinate::Level)
            .filter(|level| {
                let mut cells = self.cells.iter();
                cells.any(|&cell| record.cells[cell].settings[factor] == *level)
            })
            .collect()
    }

    /// The factors of rows and columns, if two factors vary and every combination of their levels is there; the one with more
    /// levels makes the rows.
    pub fn grid(&self, record: &PlanRecord) -> Option<[usize; 2]> {
        let &[one, two] = self.factors.as_slice() else {
            return None;
        };
        let [rows, columns] = [one, two].map(|factor| self.levels(record, factor).len());
        let full = rows * columns == self.cells.len();
        full.then_some(match rows < columns {
            true => [two, one],
            false => [one, two],
        })
    }
}

struct View<'a> {
    plan: &'a Plan,
    accounts: &'a Accounts,
    groups: Vec<Vec<GroupSums>>,
    reference: usize,
    cells: &'a [usize],
    factors: &'a [usize],
}

impl View<'_> {
    fn measure(&self, measure: usize) -> BySetting {
        let record = &self.plan.record;
        let name = &record.measures[measure];
        let at = self.cells.iter().map(|&cell| {
            let pair = self.accounts.pair(self.reference, cell);
            let estimated = self.accounts.cells()[cell].cell(name, record.cell_confidence(name));
            At {
                cell,
                value: estimated.map_or_else(Estimate::unknown, |cell| cell.value),
                compared: pair
                    .and_then(|pair| pair.pairs.compare(name, record.pair_confidence(name))),
            }
        });
        BySetting {
            measure,
            at: at.collect(),
            best: self.best(measure),
            interactions: self.interactions(measure),
        }
    }

    /// The measure in a cell, without one group of replications if so wished.
    fn estimate(&self, cell: usize, measure: usize, without: Option<usize>) -> f64 {
        let (mut above, mut below) = (0.0, 0.0);
        for (group, (y, x)) in self.groups[cell][measure].iter().enumerate() {
            if Some(group) != without {
                above += y;
                below += x;
            }
        }
        above / below
    }

    /// The measure in each cell: of all, and without each group.
    fn values(&self, measure: usize) -> Vec<(f64, Vec<f64>)> {
        let groups: Vec<usize> = (0..GROUPS)
            .filter(|&group| {
                let sums = |&cell: &usize| self.groups[cell][measure][group].1 > 0.0;
                self.cells.iter().any(sums)
            })
            .collect();
        let value = |&cell: &usize| {
            let without = groups
                .iter()
                .map(|&group| self.estimate(cell, measure, Some(group)));
            (self.estimate(cell, measure, None), without.collect())
        };
        self.cells.iter().map(value).collect()
    }

    fn best(&self, measure: usize) -> Option<Best> {
        let record = &self.plan.record;
        let name = &record.measures[measure];
        let derived = self.plan.columns.derived();
        let more_is_better = derived
            .iter()
            .find(|derived| derived.name == *name)
            .is_some_and(|derived| derived.measure.more_is_better());
        let sign = if more_is_better { -1.0 } else { 1.0 };
        let values = self.values(measure);
        let known: Vec<usize> = (0..values.len())
            .filter(|&at| values[at].0.is_finite())
            .collect();
        let best = *known
            .iter()
            .min_by(|&&a, &&b| (sign * values[a].0).total_cmp(&(sign * values[b].0)))?;
        if known.iter().all(|&at| values[at].0 == values[best].0) {
            return None;
        }
        // One-sided, shared by the comparisons of the true best with all others.
        let one_sided = (1.0 - record.confidence) / (known.len() - 1) as f64;
        let beaten = |&at: &usize| {
            known.iter().any(|&other| {
                let change = values[at]
                    .1
                    .iter()
                    .zip(&values[other].1)
                    .map(|(a, b)| a - b);
                let half = jackknife(change, 1.0 - 2.0 * one_sided);
                sign * (values[at].0 - values[other].0) > half
            })
        };
        Some(Best {
            cell: self.cells[best],
            more_is_better,
            may_be: known
                .iter()
                .filter(|at| !beaten(at))
                .map(|&at| self.cells[at])
                .collect(),
        })
    }

    fn interactions(&self, measure: usize) -> Vec<Interaction> {
        let record = &self.plan.record;
        let values = self.values(measure);
        let settings = |at: usize| &record.cells[self.cells[at]].settings;
        let Some(origin) = self.cells.iter().position(|&cell| cell == self.reference) else {
            return Vec::new();
        };
        // Positions of both at the reference, the first changed, the second changed, both.
        let mut squares: Vec<([usize; 2], [usize; 4])> = Vec::new();
        for (number, &one) in self.factors.iter().enumerate() {
            for &two in &self.factors[number + 1..] {
                for both in 0..self.cells.len() {
                    let differs = |factor| settings(both)[factor] != settings(origin)[factor];
                    let others = (self.factors.iter())
                        .all(|&factor| factor == one || factor == two || !differs(factor));
                    if !(differs(one) && differs(two) && others) {
                        continue;
                    }
                    let with = |changed: usize| {
                        (0..self.cells.len()).find(|&at| {
                            self.factors.iter().all(|&factor| {
                                let like = if factor == changed { both } else { origin };
                                settings(at)[factor] == settings(like)[factor]
                            })
                        })
                    };
                    if let (Some(first), Some(second)) = (with(one), with(two)) {
                        squares.push(([one, two], [origin, first, second, both]));
                    }
                }
            }
        }
        let confidence = 1.0 - (1.0 - record.confidence) / squares.len().max(1) as f64;
        let contrast = |value: &dyn Fn(usize) -> f64, [origin, first, second, both]: [usize; 4]| {
            (value(both) - value(second)) - (value(first) - value(origin))
        };
        let mut found: Vec<(f64, Interaction)> = Vec::new();
        for (factors, square) in &squares {
            let estimate = contrast(&|at| values[at].0, *square);
            let groups = values[square[0]].1.len();
            let without = (0..groups).map(|group| contrast(&|at| values[at].1[group], *square));
            let half = jackknife(without, confidence);
            // What changes in no replication says nothing.
            if estimate.is_nan() || half.is_nan() || (estimate == 0.0 && half == 0.0) {
                continue;
            }
            let size = (estimate / half).abs();
            let interaction = Interaction {
                factors: *factors,
                cells: square.map(|at| self.cells[at]),
                contrast: Interval {
                    estimate,
                    low: estimate - half,
                    high: estimate + half,
                },
                of: squares.len(),
            };
            match found
                .iter_mut()
                .find(|(_, other)| other.factors == *factors)
            {
                Some(there) if there.0 < size => *there = (size, interaction),
                Some(_) => {}
                None => found.push((size, interaction)),
            }
        }
        found
            .into_iter()
            .map(|(_, interaction)| interaction)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::experiment::block::{Block, Outcome};
    use crate::experiment::plan::Overrides;
    use crate::measure::Summary;

    /// Three settings with the chances .2, .2 and .5 of a wrong kill, nine tenths of the random numbers shared, 60 blocks, 300 times.
    #[test]
    fn the_best_is_among_those_that_may_be() {
        const SETS: u32 = 300;
        let file = "tests/suite/support/agreement.toml";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let plan = Plan::load(&path, &Overrides::default())
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        let column = plan.columns.position("any_wrong_kill").unwrap();
        let measure = 2;
        assert_eq!(plan.record.measures[measure], "any_wrong_kill");
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut uniform = || f64::from(rng.next_u32()) / 4_294_967_296.0;
        let (mut held, mut ruled_out, mut alone) = (0, 0, 0);
        for _ in 0..SETS {
            let mut accounts = Accounts::new(&plan);
            for index in 0..60 {
                let shared = uniform();
                let outcomes = [0.2, 0.2, 0.5].map(|chance| {
                    let draws = if uniform() < 0.9 { shared } else { uniform() };
                    let mut values = vec![0.0; plan.columns.columns().len()];
                    values[column] = f64::from(u8::from(draws < chance));
                    Outcome::Flown(Summary {
                        values,
                        confusion: vec![0; plan.columns.confusion_len()],
                        ..Summary::default()
                    })
                });
                let outcomes = outcomes.into();
                accounts.add(&Block { index, outcomes });
            }
            let settings = settings(&plan, &accounts).unwrap();
            assert_eq!((settings.reference, settings.cells.len()), (0, 3));
            let best = settings.measures[measure].best.as_ref().unwrap();
            held += u32::from(best.may_be.contains(&0) && best.may_be.contains(&1));
            ruled_out += u32::from(!best.may_be.contains(&2));
            alone += u32::from(best.may_be.len() == 1);
            assert!(
                settings.measures[3].best.is_none(),
                "nothing leaks anywhere"
            );
        }
        let share = |count: u32| f64::from(count) / f64::from(SETS);
        println!("held {held}, ruled out {ruled_out}, alone {alone} of {SETS}");
        // Both are the best; each is kept with .975 at least, both with .95, less 3.5 standard errors of the count.
        assert!(share(held) >= 0.95 - 0.044, "{held}");
        assert!(share(ruled_out) > 0.8, "{ruled_out}");
        assert!(share(alone) < 0.1, "{alone}");
    }
}
