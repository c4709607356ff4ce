//! One replication again, under other rules and with common random numbers: would it have happened?

use std::collections::BTreeMap;

use super::causes::wrong;
use super::changes::Change;
use crate::ids::AircraftId;
use crate::record::{Decision, Detail, EventLog, Fact, Replication};
use crate::scenario::Scenario;
use crate::simulation::Engine;
use crate::units::Millis;

/// What became of one aircraft, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SortieOutcome {
    /// Shots at it by sites to which they are friend or neutral.
    pub wrong_shots: u32,
    /// Losses to such a site.
    pub wrong_losses: u32,
    /// Sorties that did not fly.
    pub cancelled: u32,
    /// Objectives that hostile aircraft reached: of the whole replication.
    pub leaked: u32,
}

/// A wrong shot at an aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct WrongShot {
    /// When it was fired.
    pub time: Millis,
    /// By which site.
    pub site: String,
    /// What let it go.
    pub decision: Decision,
    /// When it destroyed the aircraft, if it did.
    pub destroyed: Option<Millis>,
}

/// The wrong shots at an aircraft, by name, in order.
fn shots_at(log: &EventLog, name: &str) -> Vec<WrongShot> {
    let named = |aircraft: AircraftId| {
        let sortie = log.sorties.get(aircraft.index());
        sortie.is_some_and(|sortie| sortie.name == name)
    };
    let mut shots = Vec::new();
    for (at, event) in log.events.iter().enumerate() {
        let Fact::ShotFired {
            site,
            aircraft,
            shot: number,
            decision,
            ..
        } = event.fact
        else {
            continue;
        };
        if !named(aircraft) || !wrong(log, site, aircraft) {
            continue;
        }
        let destroyed = log.events[at..].iter().find_map(|later| match later.fact {
            Fact::Destroyed {
                site: by,
                aircraft: whom,
                shot,
                ..
            } if (by, whom, shot) == (site, aircraft, number) => Some(later.time),
            _ => None,
        });
        shots.push(WrongShot {
            time: event.time,
            site: log.sites[site.index()].name.clone(),
            decision,
            destroyed,
        });
    }
    shots
}

/// What became of an aircraft, by name, and of the raid as a whole.
pub fn sortie_outcome(log: &EventLog, aircraft: &str) -> SortieOutcome {
    let mut all = sortie_outcomes(log);
    all.remove(aircraft).unwrap_or(SortieOutcome {
        leaked: leaked(log),
        ..SortieOutcome::default()
    })
}

/// The outcomes of all that were concerned, by name.
pub(super) fn sortie_outcomes(log: &EventLog) -> BTreeMap<&str, SortieOutcome> {
    let mut outcomes: BTreeMap<&str, SortieOutcome> = BTreeMap::new();
    for event in &log.events {
        let (aircraft, note): (AircraftId, fn(&mut SortieOutcome)) = match event.fact {
            Fact::ShotFired { site, aircraft, .. } if wrong(log, site, aircraft) => {
                (aircraft, |outcome| outcome.wrong_shots += 1)
            }
            Fact::Destroyed { site, aircraft, .. } if wrong(log, site, aircraft) => {
                (aircraft, |outcome| outcome.wrong_losses += 1)
            }
            Fact::SortieCancelled { aircraft } => (aircraft, |outcome| outcome.cancelled += 1),
            _ => continue,
        };
        if let Some(sortie) = log.sorties.get(aircraft.index()) {
            note(outcomes.entry(&sortie.name).or_default());
        }
    }
    let leaked = leaked(log);
    for outcome in outcomes.values_mut() {
        outcome.leaked = leaked;
    }
    outcomes
}

/// Objectives reached by aircraft that are hostile to some site.
pub(super) fn leaked(log: &EventLog) -> u32 {
    let reached = log.events.iter().filter(|event| match event.fact {
        Fact::ObjectiveReached { aircraft } => {
            let side = log.sorties[aircraft.index()].side;
            let mut sites = log.sites.iter();
            sites.any(|site| {
                log.cast.relations[site.side.index()][side.index()]
                    == crate::record::Affiliation::Hostile
            })
        }
        _ => false,
    });
    reached.count() as u32
}

/// One change, or several together, tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The changes, by their place in the list that was tried.
    pub changes: Vec<usize>,
    /// What became of the aircraft then.
    pub outcome: SortieOutcome,
    /// The wrong shots at it then.
    pub shots: Vec<WrongShot>,
}

impl Trial {
    /// Whether no wrong shot was fired at the aircraft.
    pub fn prevented(&self) -> bool {
        self.outcome.wrong_shots == 0
    }
}

/// What would have prevented the wrong shots at one aircraft in one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    /// As it happened.
    pub before: SortieOutcome,
    /// Every change alone.
    pub alone: Vec<Trial>,
    /// The smallest sets that prevent, all of one size; empty if none of at most [`Counterfactual::MOST`] does.
    pub smallest: Vec<Trial>,
    /// Changes that this scenario cannot take, with the reason.
    pub impossible: Vec<(usize, String)>,
}

impl Counterfactual {
    /// Most changes in a set.
    pub const MOST: usize = 3;

    /// Tries all changes on one aircraft of one replication.
    pub fn hold(
        scenario: &Scenario,
        replication: Replication,
        aircraft: &str,
        changes: &[Change],
    ) -> Counterfactual {
        let engine = Engine::of_rule_sets(1);
        let fly = |scenario: &Scenario| {
            let log = engine.simulate(scenario, replication, Detail::Measures);
            (sortie_outcome(&log, aircraft), shots_at(&log, aircraft))
        };
        let trial = |changes: Vec<usize>, changed: &Scenario| {
            let (outcome, shots) = fly(changed);
            Trial {
                changes,
                outcome,
                shots,
            }
        };
        let mut counterfactual = Counterfactual {
            before: fly(scenario).0,
            alone: Vec::new(),
            smallest: Vec::new(),
            impossible: Vec::new(),
        };
        for (at, change) in changes.iter().enumerate() {
            match Change::apply(scenario, &[change]) {
                Ok(changed) => counterfactual.alone.push(trial(vec![at], &changed)),
                Err(why) => counterfactual.impossible.push((at, why)),
            }
        }
        let possible: Vec<usize> = counterfactual
            .alone
            .iter()
            .map(|trial| trial.changes[0])
            .collect();
        counterfactual.smallest = counterfactual
            .alone
            .iter()
            .filter(|trial| trial.prevented())
            .cloned()
            .collect();
        let mut size = 2;
        while counterfactual.smallest.is_empty() && size <= Counterfactual::MOST.min(possible.len())
        {
            for set in subsets(&possible, size) {
                if contradicts(&set, changes) {
                    continue;
                }
                let together: Vec<&Change> = set.iter().map(|&at| &changes[at]).collect();
                if let Ok(changed) = Change::apply(scenario, &together) {
                    let tried = trial(set, &changed);
                    counterfactual
                        .smallest
                        .extend(Some(tried).filter(Trial::prevented));
                }
            }
            size += 1;
        }
        counterfactual
    }
}

/// Whether a set both makes a rule stricter and takes it away.
fn contradicts(set: &[usize], changes: &[Change]) -> bool {
    let taken: Vec<&str> = (set.iter())
        .filter_map(|&at| changes[at].name.strip_prefix('-'))
        .collect();
    set.iter()
        .any(|&at| taken.contains(&changes[at].name.as_str()))
}

/// All subsets of a size, in order.
fn subsets(of: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in of.iter().enumerate() {
        for mut rest in subsets(&of[at + 1..], size - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_complete_and_in_order() {
        assert_eq!(
            subsets(&[1, 4, 7], 2),
            vec![vec![1, 4], vec![1, 7], vec![4, 7]]
        );
        assert_eq!(subsets(&[0, 1, 2, 3, 4, 5], 3).len(), 20);
    }
}
