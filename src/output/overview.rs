//! What a run comes to, on one screen: who was wrongly shot at and shot down, by whose sites, through which causes, at which
//! price, and whether that holds in other worlds.

use std::fmt::Write as _;

use super::numbers::{Notation, one_in, readable};
use crate::record::NoticeState;
use crate::statistics::estimate::{Cell, Estimate, Estimator, Method};

/// Places of the words before the numbers.
const LABEL: usize = 20;

/// So many causes are named.
const CAUSES: usize = 4;

/// So many sides are named, of those that shoot and of those that lose.
const SIDES: usize = 6;

/// What is asked in other worlds.
const ASKED: [(&str, &str); 2] = [
    ("neutral_sorties_lost", "neutrals shot down"),
    ("friendly_sorties_lost", "friends shot down"),
];

/// A few lines, none wider than `width` where its words allow it; `robustness_set` is the same measures by other world, none where
/// nothing was asked.
pub fn overview(
    estimator: &Estimator,
    confidence: f64,
    robustness_set: &[Vec<Cell>],
    width: usize,
) -> String {
    let cells = estimator.cells(confidence);
    let view = View {
        cells: &cells,
        single: estimator.n() == 1,
    };
    let mut text = String::new();
    let mut line = |label: &str, parts: Vec<String>| {
        if !parts.is_empty() {
            text.push_str(&filled(label, &parts, width));
        }
    };
    let mut nothing = true;
    for (name, label) in [
        ("neutral_sorties_lost", "Neutrals shot down"),
        ("friendly_sorties_lost", "Friends shot down"),
        ("protected_sorties_shot_at", "Either shot at"),
    ] {
        if let Some(cell) = view.cell(name) {
            nothing = false;
            line(label, vec![view.of_sorties(cell)]);
        }
    }
    if nothing {
        line(
            "Neutrals, friends",
            vec!["none flew near a site of theirs".to_owned()],
        );
    }
    if let Some(cell) = view.cell("any_wrong_kill").filter(|_| !view.single) {
        line(
            "At least one down",
            vec![match cell.value.estimate {
                0.0 => format!(
                    "{} in {} replications",
                    view.told(cell),
                    readable(cell.exposure)
                ),
                _ => format!("in {} of the replications", view.told(cell)),
            }],
        );
    }
    line("By whose sites", view.shooters());
    line("Their flight plans", view.causes());
    line("Wrong among losses", view.losers(estimator));
    line("Lost by each side", view.lost());
    line("Price: leaked", view.leaked());
    line("  hostile downed", view.downed());
    line("  messages", view.messages());
    if !view.single {
        line("In other worlds", worlds(&view, robustness_set));
    }
    text
}

/// The measures of a run, by name.
struct View<'a> {
    cells: &'a [Cell],
    /// One replication has counts and no intervals.
    single: bool,
}

impl View<'_> {
    /// A measure that had something to divide by.
    fn cell(&self, name: &str) -> Option<&Cell> {
        let mut cells = self.cells.iter();
        cells.find(|cell| cell.name == name && cell.exposure > 0.0)
    }

    /// The parts of a measure, `name[key=...]`, with what they are parts of.
    fn parts<'s>(&'s self, start: &'s str) -> impl Iterator<Item = (&'s str, &'s Cell)> + 's {
        self.cells.iter().filter_map(move |cell| {
            let level = cell.name.strip_prefix(start)?.strip_suffix(']')?;
            (cell.exposure > 0.0).then_some((level, cell))
        })
    }

    fn told(&self, cell: &Cell) -> String {
        let notation = Notation::of(&cell.name);
        match self.single {
            true => notation.value(cell.value.estimate),
            false => notation.estimate(&cell.value),
        }
    }

    /// `14.5 % [12.1, 17.3] of their sorties, 1 in 7 (116 of 800)`.
    fn of_sorties(&self, cell: &Cell) -> String {
        let chance =
            one_in(cell.value.estimate).map_or(String::new(), |words| format!(", {words}"));
        let of = match cell.value.method {
            Method::ExactOneSided if !self.single && cell.value.estimate == 0.0 => "",
            _ => " of their sorties",
        };
        format!(
            "{}{of}{chance} ({} of {})",
            self.told(cell),
            readable(cell.events),
            readable(cell.exposure)
        )
    }

    fn shooters(&self) -> Vec<String> {
        let each = self.parts("wrong_shots_per_replication[shooter=");
        let told: Vec<String> = each
            .filter(|(_, shots)| shots.events > 0.0)
            .map(|(side, shots)| {
                let down = self.cell(&format!("wrong_kills_per_replication[shooter={side}]"));
                let down = down.map_or(0.0, |cell| cell.events);
                let (shots, down) = (readable(shots.events), readable(down));
                format!("{side} {shots} wrong shots and {down} down")
            })
            .collect();
        let share = self.cell("wrong_share_of_shots");
        match share {
            None => vec!["no shot was fired".to_owned()],
            Some(_) if told.is_empty() => vec!["no wrong shot".to_owned()],
            Some(share) => {
                let notation = Notation::of(&share.name);
                let share = notation.value(share.value.estimate);
                let mut told = short(told, SIDES);
                told.push(format!("{share} of all shots"));
                told
            }
        }
    }

    /// What had become of the flight plan at the shooter, most frequent first.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<&Cell> = NoticeState::ALL
            .iter()
            .filter_map(|cause| self.cell(&format!("wrong_shot_cause[cause={}]", cause.code())))
            .filter(|cell| cell.events > 0.0)
            .collect();
        causes.sort_by(|a, b| b.events.total_cmp(&a.events));
        let words = |cell: &&Cell| {
            let name = cell.name.trim_start_matches("wrong_shot_cause[cause=");
            let name = name.trim_end_matches(']').replace('_', " ");
            let notation = Notation::of(&cell.name);
            format!("{name} {}", notation.value(cell.value.estimate))
        };
        short(causes.iter().map(words).collect(), CAUSES)
    }

    /// Of what each side lost, how many were shot down by who should have spared them.
    fn losers(&self, estimator: &Estimator) -> Vec<String> {
        let columns = estimator.columns();
        let totals = estimator.totals();
        let lost = self
            .parts("lost_per_sortie[side=")
            .filter_map(|(side, lost)| {
                let wrong = totals[columns.position(&format!("wrong_kills[side={side}]"))?];
                (wrong > 0.0)
                    .then(|| format!("{side} {} of {}", readable(wrong), readable(lost.events)))
            });
        short(lost.collect(), SIDES)
    }

    fn lost(&self) -> Vec<String> {
        let lost = self.parts("lost_per_sortie[side=");
        let lost = lost.filter(|(_, lost)| lost.events > 0.0);
        short(
            lost.map(|(side, lost)| format!("{side} {}", self.told(lost)))
                .collect(),
            SIDES,
        )
    }

    fn leaked(&self) -> Vec<String> {
        let leaked = self.cell("leaked").map(|cell| {
            format!(
                "{} of the hostile sorties ({} of {})",
                self.told(cell),
                readable(cell.events),
                readable(cell.exposure)
            )
        });
        vec![leaked.unwrap_or_else(|| "no hostile sortie had an objective".to_owned())]
    }

    /// So many a replication; `no ...` where there was none.
    fn each(&self, name: &str, words: &str) -> Option<String> {
        let cell = self.cell(name)?;
        Some(match cell.events > 0.0 {
            true => format!("{} {words}", self.told(cell)),
            false => format!("no {words}"),
        })
    }

    fn downed(&self) -> Vec<String> {
        let each = if self.single { "" } else { " a replication" };
        let cell = self.cell("kills_per_replication[affiliation=hostile]");
        let told = cell.filter(|cell| cell.events > 0.0);
        vec![told.map_or("none".to_owned(), |cell| {
            format!("{}{each}", self.told(cell))
        })]
    }

    /// What crews were told and asked, and who did not take off, a replication.
    fn messages(&self) -> Vec<String> {
        let cancelled: f64 = self
            .parts("cancelled_per_replication[side=")
            .map(|(_, cell)| cell.events)
            .sum();
        let plans = self.each("plan_deliveries_per_replication", "plans");
        let queries = self.each("queries_per_replication", "queries");
        let mut told: Vec<String> = plans.into_iter().chain(queries).collect();
        told.push(match cancelled > 0.0 {
            true if cancelled == 1.0 => "1 sortie cancelled in all".to_owned(),
            true => format!("{} sorties cancelled in all", readable(cancelled)),
            false => "no sortie cancelled".to_owned(),
        });
        told
    }
}

/// The first so many, and how many more there are.
fn short(mut told: Vec<String>, most: usize) -> Vec<String> {
    if told.len() > most {
        let more = told.len() - most;
        told.truncate(most);
        told.push(format!("{more} more"));
    }
    told
}

/// How figures hold in other worlds: robust where the intervals of every world meet that of the scenario as written, fragile
/// where those of one lie apart from it.
fn worlds(view: &View, robustness_set: &[Vec<Cell>]) -> Vec<String> {
    if robustness_set.is_empty() {
        return vec!["not asked; --worlds FILE does (see deconflict match)".to_owned()];
    }
    let mut told = Vec::new();
    for (name, words) in ASKED {
        let Some(here) = view.cell(name) else {
            continue;
        };
        let there: Vec<&Cell> = robustness_set
            .iter()
            .filter_map(|cells| {
                cells
                    .iter()
                    .find(|cell| cell.name == name && cell.exposure > 0.0)
            })
            .collect();
        let apart = there
            .iter()
            .filter(|cell| apart(&cell.value, &here.value))
            .count();
        let values = || there.iter().map(|cell| cell.value.estimate);
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        if there.is_empty() {
            told.push(format!("{words}: none flies in any"));
            continue;
        }
        let notation = Notation::of(name);
        let mark = if apart == 0 { "robust" } else { "fragile" };
        told.push(format!(
            "{words} {} to {}, {mark}: apart from the above in {apart} of {}",
            notation.value(low),
            notation.value(high),
            there.len()
        ));
    }
    told
}

/// Whether two intervals have nothing in common.
fn apart(one: &Estimate, other: &Estimate) -> bool {
    one.high < other.low || one.low > other.high
}

/// A label, and parts behind it joined by commas, in lines of at most `width`: a part that fits into a line is not broken.
fn filled(label: &str, parts: &[String], width: usize) -> String {
    let room = width.max(2 * LABEL);
    let mut text = String::new();
    let mut line = format!("{label:<LABEL$} ");
    let margin = LABEL + 1;
    let mut put = |words: &str| {
        let taken = line.chars().count();
        if taken > margin && taken + words.chars().count() > room {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(margin);
        }
        line.push_str(words);
        line.push(' ');
    };
    for (number, part) in parts.iter().enumerate() {
        let comma = if number + 1 < parts.len() { "," } else { "" };
        let part = format!("{part}{comma}");
        match margin + part.chars().count() > room {
            true => part.split(' ').for_each(&mut put),
            false => put(&part),
        }
    }
    let _ = writeln!(text, "{}", line.trim_end());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_the_width() {
        let parts: Vec<String> = (0..12)
            .map(|n| format!("side{n} 12.5 % [1.2, 3.4]"))
            .collect();
        let text = filled("Lost by each side", &parts, 80);
        assert!(text.lines().count() > 3);
        for line in text.lines() {
            assert!(line.len() <= 80, "{line}");
            // No part is broken.
            assert!(
                line.ends_with([',', ']']) && line[21..].starts_with("side"),
                "{line}"
            );
        }
    }

    #[test]
    fn intervals_lie_apart_or_not() {
        let of = |low, high| Estimate {
            estimate: (low + high) / 2.0,
            low,
            high,
            method: Method::ClusteredBeta,
        };
        assert!(apart(&of(0.1, 0.2), &of(0.25, 0.3)));
        assert!(!apart(&of(0.1, 0.26), &of(0.25, 0.3)));
    }
}
