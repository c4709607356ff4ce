//! Why: what had become of the flight plan behind each wrong shot, which rule let it happen, and which reasons held fire.

use super::Header;
use super::scene::Scene;
use crate::coordination::RULES;
use crate::record::{Event, Fact, NoticeState, Reason};

#[derive(Debug, Clone)]
pub(super) struct Attribution {
    wrong_by_cause: usize,
    wrong_by_reason: usize,
    wrong_by_rule: usize,
    wrong_held: usize,
    declines: usize,
    declines_by_reason: usize,
    declines_protected_by_reason: usize,
}

/// The rule of a decision that the weapon itself made.
const ENGAGEMENT: &str = "weapon";

impl Attribution {
    pub fn new(header: &mut Header) -> Attribution {
        let causes = || NoticeState::ALL.iter().map(|state| state.code());
        let reasons = || Reason::ALL.iter().map(|reason| reason.code());
        let rules = RULES.iter().map(|page| page.id).chain([ENGAGEMENT]);
        Attribution {
            wrong_by_cause: header.by(
                "wrong_shots",
                "cause",
                causes(),
                "wrong shots, by what had become of the flight plan at this site",
            ),
            wrong_by_reason: header.by(
                "wrong_shots",
                "reason",
                reasons(),
                "wrong shots, by the reason given for firing",
            ),
            wrong_by_rule: header.by(
                "wrong_shots",
                "rule",
                rules,
                "wrong shots, by the rule that allowed them",
            ),
            wrong_held: header.one(
                "wrong_shots_with_plan_held",
                "wrong shots with a current plan in the shooter's hands",
            ),
            declines: header.one(
                "declines",
                "occasions on which a site could have fired and did not, once per track and reason",
            ),
            declines_by_reason: header.by("declines", "reason", reasons(), "declines, by reason"),
            declines_protected_by_reason: header.by(
                "protected_declines",
                "reason",
                reasons(),
                "declines to fire at friend or neutral, by reason",
            ),
        }
    }

    pub fn event(&self, scene: &Scene, event: &Event, row: &mut [f64]) {
        match event.fact {
            Fact::ShotFired {
                site,
                aircraft,
                decision,
                notice,
                ..
            } if scene.protected(site, aircraft) => {
                row[self.wrong_by_cause + notice as usize] += 1.0;
                row[self.wrong_by_reason + decision.reason as usize] += 1.0;
                row[self.wrong_by_rule + rule_index(decision.rule)] += 1.0;
                if notice.held() {
                    row[self.wrong_held] += 1.0;
                }
            }
            Fact::ShotDeclined {
                site,
                aircraft,
                decision,
                ..
            } => {
                row[self.declines] += 1.0;
                row[self.declines_by_reason + decision.reason as usize] += 1.0;
                if scene.protected(site, aircraft) {
                    row[self.declines_protected_by_reason + decision.reason as usize] += 1.0;
                }
            }
            _ => {}
        }
    }
}

/// Position of a rule in [`RULES`]; whatever is no rule is the weapon.
fn rule_index(rule: &str) -> usize {
    RULES
        .iter()
        .position(|page| page.id == rule)
        .unwrap_or(RULES.len())
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};

    #[test]
    fn each_wrong_shot_has_one_cause() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| row[columns.position(name).unwrap()];
        assert_eq!(value("wrong_shots[cause=filed_with_others]"), 2.0);
        assert_eq!(value("wrong_shots[reason=hostile_identity]"), 2.0);
        assert_eq!(value("wrong_shots[rule=R2]"), 2.0);
        assert_eq!(value("wrong_shots_with_plan_held"), 0.0);
        assert_eq!(value("declines[reason=plan_matched]"), 1.0);
        let by = |key: &str| -> f64 {
            columns
                .columns()
                .iter()
                .zip(&row)
                .filter(|(column, _)| column.name.starts_with(&format!("wrong_shots[{key}=")))
                .map(|(_, value)| value)
                .sum()
        };
        for key in ["cause", "reason", "rule", "side", "pair"] {
            assert_eq!(by(key), value("wrong_shots"), "{key}");
        }
    }
}
