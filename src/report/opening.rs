//! The first screen of a report, in sentences: who was wrongly shot at and down, by whose sites, of how many, at which price, and
//! what these numbers cannot carry.

use maud::{Markup, html};

use super::figures::grouped;
use super::stored::{Interval, Measured, Results};
use crate::output::{Notation, counted, one_in};
use crate::statistics::estimate::{Estimate, Method};

/// Causes that are named one by one.
const CAUSES: usize = 3;

/// Measures that the sentences tell; a name that ends in a bracket stands for all of its kind.
pub(super) const SAID: [&str; 7] = [
    "neutral_sorties_lost",
    "friendly_sorties_lost",
    "protected_sorties_shot_at",
    "any_wrong_kill",
    "leaked",
    "wrong_shots_per_replication[",
    "wrong_kills_per_replication[shooter=",
];

/// A measure with its interval, as everywhere.
fn percent(row: &Measured) -> String {
    let Interval {
        estimate,
        low,
        high,
    } = row.value;
    let method = Method::of(&row.method).unwrap_or(Method::None);
    Notation::of(&row.measure).estimate(&Estimate {
        estimate,
        low,
        high,
        method,
    })
}

/// How often, as people say it: `, 1 in 7`; nothing where that says less than the share.
fn chance(share: f64) -> String {
    one_in(share).map_or(String::new(), |words| format!(", {words}"))
}

/// A sentence: what it is about in bold, what is said of it.
fn line(bold: &str, rest: &str) -> Markup {
    html! { li { b { (bold) } " " (rest) } }
}

/// The sentences about one cell, as items of a list.
pub(super) fn told(results: &Results, cell: &str) -> Markup {
    let find = |name: &str| {
        results
            .measured(cell, name)
            .filter(|row| row.value.known() && row.exposure > 0.0)
    };
    let mut list: Vec<Markup> = Vec::new();
    for (name, who, whose) in [
        (
            "neutral_sorties_lost",
            "Neutrals shot down by mistake:",
            "neutral sorties",
        ),
        (
            "friendly_sorties_lost",
            "Friends shot down by mistake:",
            "friendly sorties",
        ),
        (
            "protected_sorties_shot_at",
            "Friends and neutrals fired at:",
            "sorties",
        ),
    ] {
        if let Some(row) = find(name) {
            list.push(line(
                who,
                &format!(
                    "{}{}: {} of {} {whose}.",
                    percent(row),
                    chance(row.value.estimate),
                    grouped(row.events),
                    grouped(row.exposure)
                ),
            ));
        }
    }
    if let Some(row) = find("any_wrong_kill") {
        let rest = format!(
            "{}: {} of {}.",
            percent(row),
            grouped(row.events),
            grouped(row.exposure)
        );
        list.push(line("Runs in which one was shot down:", &rest));
    }
    let by: Vec<String> = (results.measured.iter())
        .filter(|row| row.cell == cell && row.events > 0.0)
        .filter_map(|row| {
            let shooter = row
                .measure
                .strip_prefix("wrong_shots_per_replication[shooter=")?;
            let shooter = shooter.trim_end_matches(']');
            let kills = find(&format!("wrong_kills_per_replication[shooter={shooter}]"));
            let kills = kills.map_or(0.0, |row| row.events);
            Some(format!(
                "{shooter}: {}, {} shot down",
                counted(row.events, "wrong shot"),
                grouped(kills)
            ))
        })
        .collect();
    if !by.is_empty() {
        list.push(line("By the sites of", &format!("{}.", by.join("; "))));
    }
    let mut causes: Vec<(&str, &Measured)> = (results.measured.iter())
        .filter(|row| row.cell == cell && row.events > 0.0)
        .filter_map(|row| {
            let cause = row.measure.strip_prefix("wrong_shot_cause[cause=")?;
            Some((cause.trim_end_matches(']'), row))
        })
        .collect();
    causes.sort_by(|one, other| other.1.events.total_cmp(&one.1.events));
    let causes: Vec<String> = (causes.iter().take(CAUSES))
        .map(|(cause, row)| {
            let share = Notation::of(&row.measure).value(row.value.estimate);
            format!("{} {share}", cause.replace('_', " "))
        })
        .collect();
    if !causes.is_empty() {
        let rest = format!("{} of the wrong shots.", causes.join(", "));
        list.push(line(
            "What had become of the flight plan, most often:",
            &rest,
        ));
    }
    if let Some(row) = find("leaked") {
        list.push(line(
            "The price, hostile sorties that reached their objective:",
            &format!(
                "{}, {} of {} decided.",
                percent(row),
                grouped(row.events),
                grouped(row.exposure)
            ),
        ));
    }
    html! { @for line in list { (line) } }
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
