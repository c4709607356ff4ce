//! What the results say of each cell beside its sums, of a sweep of so many cells that whoever joins them had better not prepare each.
//!
//! Whoever splits such a sweep has all scenarios in hand and writes it down, in `shards/cells.json`.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::claim::Described;
use super::files::{hex, scenario_sha256};
use super::manifest::Made;
use super::results::MOST_SCENARIOS;
use crate::experiment::plan::{Plan, Prepared};
use crate::measure::Columns;

/// What cells.json says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PreparedCells {
    program: String,
    version: String,
    plan_sha256: String,
    cells: Vec<Prepared>,
}

impl PreparedCells {
    /// Of a plan with the scenarios of all its cells; none of one of few cells, and where the columns of a cell stand in another order.
    pub fn of(plan: &Plan) -> Option<PreparedCells> {
        let record = &plan.record;
        if record.cells.len() <= MOST_SCENARIOS || plan.scenarios.len() < record.cells.len() {
            return None;
        }
        let scenarios: Vec<_> = plan.scenarios.iter().collect();
        let cell = |scenario: &&crate::scenario::Scenario| {
            let own = Columns::new(&scenario.cast);
            let alike = own.columns() == plan.columns.columns();
            alike.then(|| Prepared::of(scenario, scenario_sha256(&scenario.file)))
        };
        Some(PreparedCells {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan_sha256: hex(&record.identity()),
            cells: scenarios.par_iter().map(cell).collect::<Option<_>>()?,
        })
    }

    /// As a file has it.
    pub fn described(&self) -> Described<&PreparedCells> {
        Described::new(Made::Sweep, self)
    }

    /// Of all cells of this plan; none if it is of another.
    pub fn of_plan(self, identity: [u8; 32], cells: usize) -> Option<Vec<Prepared>> {
        let fits = self.plan_sha256 == hex(&identity) && self.cells.len() == cells;
        fits.then_some(self.cells)
    }
}
