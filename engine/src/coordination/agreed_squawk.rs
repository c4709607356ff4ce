//! R13: IFF and an agreed squawk for the sides that take part.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amends, Named, Offer, Rule, RulePage, Spec};
use crate::platform::{Equipment, IffEquipment, TransponderEquipment};

pub(super) static PAGE: RulePage = RulePage {
    id: "R13",
    key: "agreed_squawk",
    title: "IFF and agreed squawk: what the sides that take part have switched on",
    page: "\
Flights of `sides` carry what was agreed, whatever their own `equipment` says: with `squawk` a transponder that shows the
agreed code, on with probability `squawk_on`; with `iff_on` crypto IFF that is on with this probability, which answers sites of
friends alone. The rule decides about no shot: it acts through the ID sources `transponder` and `iff` of site classes, and only on
sites whose class has them; that a site knows the agreed code is said by its `transponder.agreed` table.

An ID source with the belief L(agreed | neutral) high and L(agreed | hostile) low moves a track to Neutral, which R1 protects.

Fails by: switched off; not received; the wrong key, common to all of a day; spoof: who shows the code is held for one of those
who may. See the pages of the two ID sources.
Costs: disclosure, for everybody can listen to a transponder.
Source: Mark XIIA, STANAG 4193; transponders after ICAO Annex 10, volume IV; how many comply is an assumption.",
    reasons: &[],    stages: &[],
    amends: Some(Amends::Equipment),
    binds_all: true,
    offer: Ok(Offer {
        words: "an agreed squawk of everybody who is no enemy",
        spec: r#"{ "sides": "PROTECTED", "iff_on": 1.0 }"#,
        band: [
            "code and IFF on half of the aircraft to all",
            r#"{ "squawk_on": 0.5, "iff_on": 0.5 }"#,
            r#"{ "squawk_on": 1.0, "iff_on": 1.0 }"#,
        ],
    }),
};

/// R13: IFF and agreed squawk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreedSquawkSpec {
    /// Sides that take part.
    #[serde(default)]
    pub sides: Vec<String>,
    /// Whether their flights show the agreed squawk.
    #[serde(default = "yes")]
    pub squawk: bool,
    /// Probability that the transponder works and is on; one draw per aircraft.
    #[serde(default = "certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub squawk_on: f64,
    /// Probability that IFF works and is on; one draw per aircraft. Without it as each flight says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub iff_on: Option<f64>,
}

fn yes() -> bool {
    true
}

fn certain() -> f64 {
    1.0
}

impl Spec for AgreedSquawkSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl Rule for AgreedSquawkSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn equip(&self, side: &str, equipment: &mut Equipment) {
        if !self.sides.iter().any(|own| own == side) {
            return;
        }
        if self.squawk {
            equipment.transponder = Some(TransponderEquipment {
                on: self.squawk_on,
                spoof: equipment.transponder.map_or(0.0, |own| own.spoof),
                agreed_squawk: true,
            });
        }
        if let Some(on) = self.iff_on {
            equipment.iff = Some(IffEquipment { on });
        }
    }
}
