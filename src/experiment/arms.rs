//! What a setting of the levers changes, split by what rules that ask or wait do: with `placebo = true` every setting is run also as an arm
//! that holds fire for want of an answer and knows nothing, and as one that only delays.
//!
//! With y the measure at the reference (0), at a setting with its rules as they are, and as its two arms, the whole `y(rule) - y(0)` is the sum
//! of *delay*, `y(delay) - y(0)`, which holds whatever else the setting changes, *default*, `y(defaults) - y(delay)`, and *knowledge*,
//! `y(rule) - y(defaults)`: exactly, as all four share their replications. Each is a paired difference of its own, made of the
//! cross moments of its two cells.

use super::accounts::Accounts;
use super::plan::PlanRecord;
use crate::statistics::estimate::Estimate;

/// The cells of a setting with its arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arms {
    /// What it is compared with.
    pub reference: usize,
    /// Rules as they are.
    pub rule: usize,
    /// Rules whose answers say "go on".
    pub defaults: usize,
    /// Rules that only delay.
    pub delay: usize,
}

/// What a setting changes about a measure.
#[derive(Debug, Clone, Copy)]
pub struct ArmSplit {
    /// All of it.
    pub whole: Estimate,
    /// By delay, by default, by knowledge.
    pub parts: [Estimate; 3],
    /// Paired replications.
    pub n: u64,
}

/// The settings that have arms, in the order of the plan; not the reference, which changes nothing.
pub fn arms(record: &PlanRecord) -> impl Iterator<Item = Arms> {
    let arm_of = |cell: usize| record.cells[cell].arm_of.first().copied();
    (0..record.cells.len()).filter_map(move |delay| {
        let defaults = arm_of(delay)?;
        let rule = arm_of(defaults)?;
        Some(Arms {
            reference: record.cells[rule].reference?,
            rule,
            defaults,
            delay,
        })
    })
}

impl Arms {
    /// What the setting changes about a measure; none where it is not there.
    pub fn split(
        &self,
        record: &PlanRecord,
        accounts: &Accounts,
        measure: &str,
    ) -> Option<ArmSplit> {
        let confidence = record.pair_confidence(measure);
        let change = |reference: usize, cell: usize| {
            let pair = accounts.pair(reference, cell)?;
            Some(pair.pairs.compare(measure, confidence)?.difference)
        };
        Some(ArmSplit {
            whole: change(self.reference, self.rule)?,
            parts: [
                change(self.reference, self.delay)?,
                turned(change(self.defaults, self.delay)?),
                turned(change(self.rule, self.defaults)?),
            ],
            n: accounts.pair(self.reference, self.rule)?.pairs.n(),
        })
    }
}

/// A difference the other way round.
fn turned(value: Estimate) -> Estimate {
    Estimate {
        estimate: 0.0 - value.estimate,
        low: 0.0 - value.high,
        high: 0.0 - value.low,
        ..value
    }
}
