//! What a run comes to, on one screen: who was wrongly shot at and shot down, by whose sites, through which causes, at which
//! price, and whether that holds in other worlds.

use std::fmt::Write as _;

use super::numbers::{Notation, counted, one_in, readable};
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

/// Measures that the answer tells; a name that ends in a bracket or an equals sign stands for all that begin with it.
pub const ANSWERED: [&str; 12] = [
    "neutral_sorties_lost",
    "friendly_sorties_lost",
    "protected_sorties_shot_at",
    "any_wrong_kill",
    "wrong_shots_per_replication[",
    "wrong_kills_per_replication[shooter=",
    "wrong_share_of_shots",
    "lost_per_sortie[side=",
    "leaked",
    "kills_per_replication[affiliation=hostile]",
    "plan_deliveries_per_replication",
    "queries_per_replication",
];

/// A measure as the answer needs it.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Its name.
    pub name: &'a str,
    /// The number and its interval.
    pub value: Estimate,
    /// Sum of the numerators.
    pub events: f64,
    /// Sum of the denominators.
    pub exposure: f64,
}

impl<'a> From<&'a Cell> for Measured<'a> {
    fn from(cell: &'a Cell) -> Measured<'a> {
        Measured {
            name: &cell.name,
            value: cell.value,
            events: cell.events,
            exposure: cell.exposure,
        }
    }
}

/// A few lines, none wider than `width` where its words allow it; `robustness_set` is the same measures by other world, none where
/// nothing was asked.
pub fn overview(
    estimator: &Estimator,
    confidence: f64,
    robustness_set: &[Vec<Cell>],
    width: usize,
) -> String {
    let cells = estimator.cells(confidence);
    let answer = Answer {
        measured: cells.iter().map(Measured::from).collect(),
        single: estimator.n() == 1,
    };
    let (columns, totals) = (estimator.columns(), estimator.totals());
    let wrong_kills = |side: &str| {
        let column = columns.position(&format!("wrong_kills[side={side}]"))?;
        Some(totals[column])
    };
    let mut text = String::new();
    for (label, parts) in answer.lines(&wrong_kills) {
        text.push_str(&filled(label, &parts, width));
    }
    if !answer.single {
        let parts = worlds(&answer, robustness_set);
        text.push_str(&filled("In other worlds", &parts, width));
    }
    text
}

/// What a run, or a cell of a sweep, comes to.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Its measures.
    pub measured: Vec<Measured<'a>>,
    /// One replication has counts and no intervals.
    pub single: bool,
}

impl<'a> Answer<'a> {
    /// Line by line, a label and what stands behind it: who was wrongly shot at and down, by whom, why, at which price.
    /// `wrong_kills` says how many aircraft of a side were shot down by who should have spared them, where that is known.
    pub fn lines(
        &self,
        wrong_kills: &dyn Fn(&str) -> Option<f64>,
    ) -> Vec<(&'static str, Vec<String>)> {
        let mut lines = Vec::new();
        for (name, label) in [
            ("neutral_sorties_lost", "Neutrals shot down"),
            ("friendly_sorties_lost", "Friends shot down"),
            ("protected_sorties_shot_at", "Either shot at"),
        ] {
            if let Some(cell) = self.cell(name) {
                lines.push((label, vec![self.of_sorties(cell)]));
            }
        }
        if lines.is_empty() {
            let nobody = "none flew near a site of theirs".to_owned();
            lines.push(("Neutrals, friends", vec![nobody]));
        }
        if let Some(cell) = self.cell("any_wrong_kill").filter(|_| !self.single) {
            let told = match cell.value.estimate {
                0.0 => format!(
                    "{} in {} replications",
                    self.told(cell),
                    readable(cell.exposure)
                ),
                _ => format!("in {} of the replications", self.told(cell)),
            };
            lines.push(("At least one down", vec![told]));
        }
        lines.extend([
            ("By whose sites", self.shooters()),
            ("Their flight plans", self.causes()),
            ("Wrong among losses", self.losers(wrong_kills)),
            ("Lost by each side", self.lost()),
            ("Price: leaked", self.leaked()),
            ("  hostile downed", self.downed()),
            ("  messages", self.messages()),
        ]);
        lines.retain(|(_, parts)| !parts.is_empty());
        lines
    }

    /// A measure that had something to divide by.
    fn cell(&self, name: &str) -> Option<&Measured<'a>> {
        let mut cells = self.measured.iter();
        cells.find(|cell| cell.name == name && cell.exposure > 0.0)
    }

    /// The parts of a measure, `name[key=...]`, with what they are parts of.
    fn parts<'s>(
        &'s self,
        start: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s Measured<'a>)> + 's {
        self.measured.iter().filter_map(move |cell| {
            let level = cell.name.strip_prefix(start)?.strip_suffix(']')?;
            (cell.exposure > 0.0).then_some((level, cell))
        })
    }

    fn told(&self, cell: &Measured<'_>) -> String {
        let notation = Notation::of(cell.name);
        match self.single {
            true => notation.value(cell.value.estimate),
            false => notation.estimate(&cell.value),
        }
    }

    /// `14.5 % [12.1, 17.3] of their sorties, 1 in 7 (116 of 800)`.
    fn of_sorties(&self, cell: &Measured<'_>) -> String {
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
                let shots = counted(shots.events, "wrong shot");
                format!("{side} {shots} and {} down", readable(down))
            })
            .collect();
        let share = self.cell("wrong_share_of_shots");
        match share {
            None => vec!["no shot was fired".to_owned()],
            Some(_) if told.is_empty() => vec!["no wrong shot".to_owned()],
            Some(share) => {
                let notation = Notation::of(share.name);
                let share = notation.value(share.value.estimate);
                let mut told = short(told, SIDES);
                told.push(format!("{share} of all shots"));
                told
            }
        }
    }

    /// What had become of the flight plan at the shooter, most frequent first.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<&Measured<'_>> = NoticeState::ALL
            .iter()
            .filter_map(|cause| self.cell(&format!("wrong_shot_cause[cause={}]", cause.code())))
            .filter(|cell| cell.events > 0.0)
            .collect();
        causes.sort_by(|a, b| b.events.total_cmp(&a.events));
        let words = |cell: &&Measured<'_>| {
            let name = cell.name.trim_start_matches("wrong_shot_cause[cause=");
            let name = name.trim_end_matches(']').replace('_', " ");
            let notation = Notation::of(cell.name);
            format!("{name} {}", notation.value(cell.value.estimate))
        };
        short(causes.iter().map(words).collect(), CAUSES)
    }

    /// Of what each side lost, how many were shot down by who should have spared them.
    fn losers(&self, wrong_kills: &dyn Fn(&str) -> Option<f64>) -> Vec<String> {
        let lost = self
            .parts("lost_per_sortie[side=")
            .filter_map(|(side, lost)| {
                let wrong = wrong_kills(side)?;
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
fn worlds(answer: &Answer<'_>, robustness_set: &[Vec<Cell>]) -> Vec<String> {
    if robustness_set.is_empty() {
        return vec!["not asked; --worlds FILE does (see deconflict match)".to_owned()];
    }
    let mut told = Vec::new();
    for (name, words) in ASKED {
        let Some(here) = answer.cell(name) else {
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
