//! The stopping rule of a plan, applied to what has been added up.

use std::time::Duration;

use super::accounts::{Accounts, PairAccount};
use super::file::StopFile;
use super::plan::{Factor, FactorDomain, FactorKind, PlanRecord};
use crate::statistics::stop::{Goal, Sequential};

/// When a sweep ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    most: u64,
    budget: Option<Duration>,
    sequential: Option<(Sequential, String)>,
}

impl Rule {
    /// The rule of an experiment; a number of replications asked for otherwise overrules it.
    pub fn new(stop: &StopFile, replications: Option<u64>) -> Rule {
        if let Some(most) = replications {
            return Rule {
                most,
                budget: None,
                sequential: None,
            };
        }
        let (most, budget) = match *stop {
            StopFile::Fixed { replications } => (replications, None),
            StopFile::Time {
                minutes,
                maximum_replications,
            } => (
                maximum_replications,
                Duration::try_from_secs_f64(minutes * 60.0).ok(),
            ),
            StopFile::HalfWidth {
                maximum_replications,
                ..
            }
            | StopFile::Resolved {
                maximum_replications,
                ..
            } => (maximum_replications, None),
        };
        Rule {
            most,
            budget,
            sequential: sequential(stop).map(|(rule, measure)| (rule, measure.to_owned())),
        }
    }

    /// Most replications of every cell.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Time after which to end.
    pub fn budget(&self) -> Option<Duration> {
        self.budget
    }

    /// The number of blocks up to which nobody looks, after so many: the next look, or the most there may be.
    pub fn next_look(&self, blocks: u64) -> u64 {
        let sequential = self.sequential.as_ref();
        let look = sequential.and_then(|(rule, _)| rule.looks().next_after(blocks));
        look.map_or(self.most, |look| look.min(self.most))
    }

    /// Whether the rule would look after so many blocks, or there may be no more.
    pub fn looks(&self, blocks: u64) -> bool {
        blocks >= self.most
            || (self.sequential.as_ref()).is_some_and(|(rule, _)| rule.looks().is_look(blocks))
    }

    /// Whether what has been added up is enough. Where it is not a look of the rule it never is.
    pub fn satisfied(&self, record: &PlanRecord, accounts: &Accounts) -> bool {
        let blocks = accounts.blocks();
        if blocks >= self.most {
            return true;
        }
        let Some((rule, measure)) = &self.sequential else {
            return false;
        };
        if !rule.looks().is_look(blocks) {
            return false;
        }
        match rule.goal {
            Goal::HalfWidth { .. } => {
                let confidence = record.cell_confidence(measure);
                rule.reached(accounts.cells().iter().filter_map(|cell| {
                    let cell = cell.cell(measure, confidence)?;
                    Some((cell.value, cell.events))
                }))
            }
            Goal::Resolved => {
                let confidence = record.pair_confidence(measure);
                let with_reference =
                    |pair: &&PairAccount| record.cells[pair.cell].reference == Some(pair.reference);
                rule.reached(
                    accounts
                        .pairs()
                        .iter()
                        .filter(with_reference)
                        .filter_map(|pair| {
                            let events = |cell: usize| {
                                let cell = accounts.cells()[cell].cell(measure, confidence);
                                cell.map_or(0.0, |cell| cell.events)
                            };
                            let compared = pair.pairs.compare(measure, confidence)?;
                            let events = events(pair.reference) + events(pair.cell);
                            Some((compared.difference, events))
                        }),
                )
            }
        }
    }
}

/// The sequential rule of a plan, with its measure.
fn sequential(stop: &StopFile) -> Option<(Sequential, &str)> {
    let rule = |goal, &minimum, &maximum, &minimum_events| Sequential {
        goal,
        minimum,
        maximum,
        minimum_events,
    };
    match stop {
        StopFile::Fixed { .. } | StopFile::Time { .. } => None,
        StopFile::HalfWidth {
            measure,
            absolute,
            relative,
            minimum_replications,
            maximum_replications,
            minimum_events,
        } => {
            let goal = Goal::HalfWidth {
                absolute: *absolute,
                relative: *relative,
            };
            let rule = rule(
                goal,
                minimum_replications,
                maximum_replications,
                minimum_events,
            );
            Some((rule, measure))
        }
        StopFile::Resolved {
            measure,
            minimum_replications,
            maximum_replications,
            minimum_events,
        } => {
            let rule = rule(
                Goal::Resolved,
                minimum_replications,
                maximum_replications,
                minimum_events,
            );
            Some((rule, measure))
        }
    }
}

/// The confidence of each of several intervals that are to hold together with `nominal`: Bonferroni.
pub fn joint(nominal: f64, intervals: usize) -> f64 {
    1.0 - (1.0 - nominal) / intervals.max(1) as f64
}

impl PlanRecord {
    /// Confidence of the interval of a measure in a cell: that of the plan, but wider where the stopping rule looks at it.
    pub fn cell_confidence(&self, measure: &str) -> f64 {
        self.under_rule(measure, self.confidence, |goal| {
            matches!(goal, Goal::HalfWidth { .. })
        })
    }

    /// Confidence of the interval of a paired difference of a measure. Those of the measures that the experiment names hold
    /// together, for all its pairs: Bonferroni. Any other is looked at by itself.
    pub fn pair_confidence(&self, measure: &str) -> f64 {
        let nominal = match self.measures.iter().any(|name| name == measure) {
            true => joint(self.confidence, self.compared()),
            false => self.confidence,
        };
        self.under_rule(measure, nominal, |goal| goal == Goal::Resolved)
    }

    /// Comparisons that the experiment makes in one breath: pairs of cells times measures.
    pub fn compared(&self) -> usize {
        self.pairs().count() * self.measures.len()
    }

    /// Confidence of the interval of an effect of an uncertainty: those of all uncertainties on all measures at one setting of the
    /// levers hold together, Bonferroni.
    pub fn effect_confidence(&self) -> f64 {
        let changes = |factor: &Factor| match &factor.domain {
            _ if factor.kind == FactorKind::Lever => 0,
            FactorDomain::Levels { labels, .. } => labels.len() - 1,
            FactorDomain::Range { .. } => 1,
        };
        let changes: usize = self.factors.iter().map(changes).sum();
        joint(self.confidence, changes * self.measures.len())
    }

    fn under_rule(&self, measure: &str, nominal: f64, looks_at: impl Fn(Goal) -> bool) -> f64 {
        match sequential(&self.stop) {
            Some((rule, looked_at)) if looked_at == measure && looks_at(rule.goal) => {
                rule.confidence(nominal)
            }
            _ => nominal,
        }
    }

    /// The sequential rule that ends the sweep, with the measure that it looks at.
    pub fn stopping(&self) -> Option<(Sequential, &str)> {
        sequential(&self.stop)
    }

    /// The measure that the stopping rule looks at, or else the first that the plan asks for.
    pub fn leading_measure(&self) -> &str {
        match sequential(&self.stop) {
            Some((_, measure)) => measure,
            None => self.measures.first().map_or("", String::as_str),
        }
    }
}
