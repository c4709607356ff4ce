//! The first screen of a report, in sentences: who was wrongly shot at and down, by whose sites, of how many, at which price, and
//! what these numbers cannot carry.

use maud::{Markup, html};

use super::figures::capital;
use super::stored::Results;
use crate::output::{Answer, Measured};
use crate::statistics::estimate::{Estimate, Method};

/// The sentences about one cell, as items of a list: what the terminal says of a run.
pub(super) fn told(results: &Results, cell: &str) -> Markup {
    let rows = results.measured.iter().filter(|row| row.cell == cell);
    let answer = Answer {
        measured: rows
            .map(|row| Measured {
                name: &row.measure,
                value: Estimate {
                    estimate: row.value.estimate,
                    low: row.value.low,
                    high: row.value.high,
                    method: Method::of(&row.method).unwrap_or(Method::None),
                },
                events: row.events,
                exposure: row.exposure,
            })
            .collect(),
        single: results.manifest.progress.done == 1,
    };
    html! {
        @for (label, parts) in answer.lines(&|_| None) {
            li { b { (capital(&label.trim().replace(": ", ", "))) ":" } " " (parts.join(", ")) "." }
        }
    }
}

/// What the numbers cannot carry.
pub(super) fn limits(results: &Results, confidence: &str) -> Markup {
    let worlds = match results
        .levels
        .values()
        .flatten()
        .any(|(factor, _)| factor == "world")
    {
        true => "They hold in the worlds that were run; whether in all of them is marked below.",
        false if results.levels.values().any(|levels| !levels.is_empty()) => {
            "They hold at the settings that were run, in a world that is otherwise as written: what else may be true is not in the brackets."
        }
        false => {
            "They hold in one world, the scenario as written: what else may be true is not in the brackets."
        }
    };
    html! {
        div.warn {
            strong { "What these numbers cannot carry." }
            " Absolute rates are not calibrated: no public count of sorties exists. Only comparisons of rule sets mean something, in "
            "the same world and on the same random numbers. In brackets: " (confidence)
            " % intervals, with the replication as the unit; they hold chance alone. " (worlds)
        }
    }
}
