//! Paired comparisons, as rows and in plain words.

use std::path::Path;

use super::beside::whole_file;
use super::error::OutputError;
use super::headers::COMPARISON;
use super::numbers::{Notation, between, number, readable};
use crate::experiment::accounts::{Accounts, PairAccount};
use crate::experiment::effects::{Effect, effects};
use crate::experiment::plan::Plan;
use crate::safe;
use crate::statistics::estimate::{Comparison, Estimate, Method};
use crate::statistics::pairs::Pairs;

/// One row of [`COMPARISON`], after reference and cell.
pub(super) fn comparison_row(
    measure: &str,
    unit: &str,
    compared: &Comparison,
    confidence: f64,
    n: u64,
) -> Vec<String> {
    let ends = |estimate: &Estimate| [number(estimate.low), number(estimate.high)];
    let Comparison {
        difference, ratio, ..
    } = compared;
    let mut row = vec![measure.to_owned(), unit.to_owned()];
    row.extend([compared.first, compared.second, difference.estimate].map(number));
    row.extend(ends(difference));
    row.push(difference.method.code().to_owned());
    row.push(number(ratio.estimate));
    row.extend(ends(ratio));
    row.extend([
        compared.mcnemar_p.map_or(String::new(), number),
        number(compared.variance_reduction),
        number(confidence),
        n.to_string(),
        number(compared.pairs_for_half),
    ]);
    row
}

/// Writes the comparison of all measures to a CSV file: beside its place, then renamed into it.
///
/// # Errors
/// A file that is there already, without `force`; what the system refuses.
pub fn write_comparison(
    path: &Path,
    force: bool,
    [reference, cell]: [&str; 2],
    pairs: &Pairs,
    confidence: f64,
) -> Result<(), OutputError> {
    whole_file(path, force, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(COMPARISON.header(&[], &[]))?;
        for (measure, about) in pairs.measures() {
            let Some(compared) = pairs.compare(measure, confidence) else {
                continue;
            };
            let mut row = vec![reference.to_owned(), cell.to_owned()];
            row.extend(comparison_row(
                measure,
                about.unit,
                &compared,
                confidence,
                pairs.n(),
            ));
            csv.write_record(row.iter().map(|field| safe::csv(field.as_bytes())))?;
        }
        csv.flush()
    })
}

/// What a comparison says, to be read after the name of the cell: "cuts wrong_kills from .31 to .08: ...". The measure may be
/// called something else than its name, so its notation is said apart.
pub fn sentence(measure: &str, notation: Notation, compared: &Comparison) -> String {
    let Comparison {
        first,
        second,
        difference,
        ratio,
        ..
    } = compared;
    let (from, to) = (notation.value(*first), notation.value(*second));
    if difference.method == Method::None {
        return format!("{measure}: {from} and {to}, too little to compare");
    }
    let gap = format!(
        "difference {}",
        notation.changed(difference.estimate, difference.low, difference.high)
    );
    let verb = if difference.high < 0.0 {
        "cuts"
    } else if difference.low > 0.0 {
        "raises"
    } else if difference.estimate == 0.0 {
        let same = if difference.method == Method::EqualPairs {
            ", the same in every pair"
        } else {
            ""
        };
        return format!("leaves {measure} at {from}{same}: {gap}");
    } else {
        let half = match compared.pairs_for_half.is_nan() {
            true => String::new(),
            false => format!(
                "; some {} pairs would show it halved",
                readable(compared.pairs_for_half)
            ),
        };
        return format!("no clear change of {measure}: {from} to {to}, {gap}{half}");
    };
    let times = if ratio.method == Method::None {
        String::new()
    } else {
        format!(
            "risk ratio {} {}, ",
            readable(ratio.estimate),
            between(ratio.low, ratio.high)
        )
    };
    format!("{verb} {measure} from {from} to {to}: {times}{gap}")
}

/// The paired differences of a sweep in plain words: pair by pair where they are few; otherwise, for each setting of the
/// levers, at how many settings of the uncertainties it does what.
pub fn comparisons(plan: &Plan, accounts: &Accounts, most: usize) -> Vec<String> {
    let record = &plan.record;
    let pairs = accounts.pairs();
    let mut lines = Vec::new();
    if pairs.len() <= FEW_PAIRS {
        for pair in pairs {
            lines.push(format!(
                "\n{} against {}, {} paired replications:",
                record.cells[pair.cell].name,
                record.cells[pair.reference].name,
                pair.pairs.n()
            ));
            for measure in &record.measures {
                let compared = pair.pairs.compare(measure, record.pair_confidence(measure));
                lines.extend(compared.map(|compared| {
                    format!("  {}", sentence(measure, Notation::of(measure), &compared))
                }));
            }
        }
        return lines;
    }
    // Pairs of the same settings of the levers, in the order in which they first occur.
    let mut groups: Vec<([String; 2], Vec<&PairAccount>)> = Vec::new();
    for pair in pairs {
        let names = [pair.cell, pair.reference].map(|cell| record.lever_settings(cell));
        match groups.iter_mut().find(|(other, _)| *other == names) {
            Some((_, members)) => members.push(pair),
            None => groups.push((names, vec![pair])),
        }
    }
    for ([name, against], members) in groups.iter().take(most) {
        let n = members.iter().map(|pair| pair.pairs.n()).max().unwrap_or(0);
        lines.push(format!(
            "\n{name} against {against}, at {} settings of the uncertainties, {n} paired replications each:",
            members.len(),
        ));
        for measure in &record.measures {
            let confidence = record.pair_confidence(measure);
            let compared: Vec<Comparison> = members
                .iter()
                .filter_map(|pair| pair.pairs.compare(measure, confidence))
                .collect();
            lines.push(format!(
                "  {}",
                tally(measure, Notation::of(measure), &compared)
            ));
        }
    }
    if groups.len() > most {
        lines.push(format!(
            "... and {} more settings of the levers, in pairs.csv",
            groups.len() - most
        ));
    }
    lines
}

/// So many pairs are told one by one.
const FEW_PAIRS: usize = 8;

/// [`sentence`] of many: at how many settings a measure went down, up, or neither, and how far.
pub fn tally(measure: &str, notation: Notation, compared: &[Comparison]) -> String {
    let known = || {
        compared
            .iter()
            .map(|compared| &compared.difference)
            .filter(|difference| difference.method != Method::None)
    };
    let count =
        |holds: fn(&Estimate) -> bool| known().filter(|difference| holds(difference)).count();
    let cut = count(|difference| difference.high < 0.0);
    let raised = count(|difference| difference.low > 0.0);
    let least = known()
        .map(|difference| difference.estimate)
        .fold(f64::INFINITY, f64::min);
    let most = known()
        .map(|difference| difference.estimate)
        .fold(f64::NEG_INFINITY, f64::max);
    if known().count() == 0 {
        return format!("{measure}: too little to compare");
    }
    let count = known().count();
    let open = count - cut - raised;
    if least == 0.0 && most == 0.0 {
        return format!("{measure}: no difference at any of {count}");
    }
    let at: Vec<String> = [("cut", cut), ("raised", raised), ("no clear change", open)]
        .into_iter()
        .filter(|(_, at)| *at > 0)
        .map(|(what, at)| format!("{what} at {at}"))
        .collect();
    format!(
        "{measure}: {}; difference from {} to {}",
        at.join(", "),
        notation.change(least),
        notation.change(most)
    )
}

/// What moves each measure most at the baseline setting of the levers, in plain words; nothing if nothing is uncertain.
pub fn influences(plan: &Plan, accounts: &Accounts, most: usize) -> Vec<String> {
    let record = &plan.record;
    let all = effects(record, accounts);
    // Cells that others are compared with are at the baseline setting of the levers.
    let baseline = record.pairs().map(|(reference, _)| reference).next();
    let cell = match baseline {
        Some(reference) => record.lever_settings(reference),
        None => record.lever_settings(0),
    };
    let mut lines = Vec::new();
    for (number, measure) in record.measures.iter().enumerate() {
        let mut ranked: Vec<&Effect> = all
            .iter()
            .filter(|effect| effect.measure == number && effect.rank.is_some())
            .filter(|effect| record.lever_settings(effect.cell) == cell)
            .collect();
        // The largest change of each factor.
        ranked.sort_by(|a, b| {
            let size = |effect: &Effect| effect.effect.estimate.abs();
            a.rank.cmp(&b.rank).then(size(b).total_cmp(&size(a)))
        });
        ranked.dedup_by_key(|effect| effect.factor);
        if ranked.is_empty() {
            continue;
        }
        lines.push(format!("\nWhat moves {measure} most, at {cell}:"));
        for effect in ranked.iter().take(most) {
            lines.push(format!(
                "  {} from {} to {}: {}",
                record.factors[effect.factor].name,
                effect.from,
                effect.to,
                Notation::of(measure).changed(
                    effect.effect.estimate,
                    effect.effect.low,
                    effect.effect.high
                )
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(estimate: f64, low: f64, high: f64, method: Method) -> Estimate {
        Estimate {
            estimate,
            low,
            high,
            method,
        }
    }

    fn compared(first: f64, second: f64, low: f64, high: f64) -> Comparison {
        Comparison {
            first,
            second,
            difference: estimate(second - first, low, high, Method::PairedT),
            ratio: estimate(second / first, 0.21, 0.32, Method::Fieller),
            mcnemar_p: None,
            variance_reduction: 2.0,
            pairs_for_half: 700.0,
        }
    }

    #[test]
    fn words_follow_the_interval() {
        assert_eq!(
            sentence(
                "lost",
                Notation::of("lost"),
                &compared(0.5, 0.125, -0.4, -0.25)
            ),
            "cuts lost from 0.500 to 0.125: risk ratio 0.250 [0.210, 0.320], difference -0.375 [-0.400, -0.250]"
        );
        assert!(
            sentence(
                "lost",
                Notation::of("lost"),
                &compared(0.25, 0.5, 0.125, 0.5)
            )
            .starts_with("raises lost")
        );
        assert_eq!(
            sentence(
                "lost",
                Notation::of("lost"),
                &compared(0.25, 0.5, -0.125, 0.5)
            ),
            "no clear change of lost: 0.250 to 0.500, difference +0.250 [-0.125, +0.500]; some 700 pairs would show it halved"
        );
        assert!(
            sentence(
                "lost",
                Notation::of("lost"),
                &compared(0.25, 0.25, -0.01, 0.01)
            )
            .starts_with("leaves lost at 0.250")
        );
    }
}
