//! An answer to a call on the guard frequency, or silence.
//!
//! Asked by rule R20 alone, whose page says who hears and answers; here is what the site makes of it.
//!
//! *Belief*: ln P(answer or silence | affiliation), as the rule assumes it.

use super::{Belief, Heard, IdSource, IdSourceScene, Reading, Said, Surroundings, Trust};
use crate::identification::faults::Faults;
use crate::identification::{AffiliationProbabilities, IdentificationSpec};
use crate::units::Millis;

/// The ID source, ready to use: ln P(silence | affiliation) and ln P(answer | affiliation).
#[derive(Debug, Clone)]
pub(super) struct Challenge([[f64; 3]; 2]);

impl Challenge {
    pub(super) fn new(assumed: &AffiliationProbabilities) -> Challenge {
        let answers = assumed.by_affiliation();
        Challenge([answers.map(|p| libm::log(1.0 - p)), answers.map(libm::log)])
    }
}

impl IdSource for Challenge {
    type Latest = Option<Reading<bool>>;

    /// The rule brings it, not the class.
    fn of(_: &IdentificationSpec, _: Surroundings<'_>) -> Option<Challenge> {
        None
    }

    fn counts_as(_: &IdentificationSpec) -> u32 {
        0
    }

    /// The rule asks.
    fn look(&self, _: &mut Self::Latest, _: &Faults, _: &IdSourceScene) {}

    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        if let Some(reading) = latest {
            let belief = Belief::Affiliations(self.0[usize::from(reading.said)]);
            let said = Said::Word(if reading.said { "answered" } else { "silent" });
            let trust = Trust::of(1.0, None, reading, time);
            tell(Heard::new("challenge", said, belief, trust));
        }
    }
}
