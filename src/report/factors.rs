//! An experiment by its factors: a line over one, squares over two.

use super::figures::{
    Chart, Curve, CurvePoint, Figure, Mark, Panel, as_told, capital, curves, number, panels,
    squares, unit_told, words,
};
use super::stored::{Interacting, Interval, Results, Setting};
use crate::output::Notation;

/// A measure over the settings of the factors: figures, and what is to be said of them.
pub(super) struct ByFactor {
    /// The factors that vary.
    pub factors: Vec<String>,
    /// One a measure.
    pub figures: Vec<Figure>,
    /// Best settings and interactions, a sentence each.
    pub said: Vec<String>,
    /// Settings laid out.
    pub settings: usize,
}

/// Levels of a factor, in the order in which they occur.
fn levels(rows: &[&Setting], factor: usize) -> Vec<String> {
    let mut levels: Vec<String> = Vec::new();
    for row in rows {
        if !levels.contains(&row.factors[factor].1) {
            levels.push(row.factors[factor].1.clone());
        }
    }
    levels
}

/// Nothing where no settings are laid side by side.
pub(super) fn by_factor(results: &Results) -> Option<ByFactor> {
    let first = results.settings.first()?;
    let mut measures: Vec<&str> = Vec::new();
    for row in &results.settings {
        if !measures.contains(&row.measure.as_str()) {
            measures.push(&row.measure);
        }
    }
    let of = |measure: &str| -> Vec<&Setting> {
        let rows = results.settings.iter();
        rows.filter(|row| row.measure == measure).collect()
    };
    let rows = of(&first.measure);
    let varied: Vec<usize> = (0..first.factors.len())
        .filter(|&factor| levels(&rows, factor).len() > 1)
        .collect();
    let mut made = ByFactor {
        factors: varied
            .iter()
            .map(|&factor| first.factors[factor].0.clone())
            .collect(),
        figures: Vec::new(),
        said: Vec::new(),
        settings: rows.len(),
    };
    let mut named: Vec<(Vec<&Setting>, Panel)> = Vec::new();
    for (place, measure) in measures.into_iter().enumerate() {
        let rows = of(measure);
        let id = format!("settings-{}", place + 1);
        match *varied {
            [one] => made.figures.extend(line(&rows, one, &id)),
            [one, two] if rows.len() == levels(&rows, one).len() * levels(&rows, two).len() => {
                made.figures.push(two_factors(&rows, one, two, &id));
            }
            _ => {}
        }
        if let [one] = *varied
            && numbers(&rows, one).is_none()
        {
            let panel = panel(&rows, one);
            named.push((rows.clone(), panel));
        }
        made.said.extend(best(&rows, &varied));
        let found = results.interacting.iter();
        made.said.extend(
            found
                .filter(|found| found.measure == measure)
                .map(interaction),
        );
    }
    made.figures.extend(named_levels(named));
    let held: Vec<usize> = (0..first.factors.len())
        .filter(|factor| !varied.contains(factor))
        .collect();
    if !held.is_empty() {
        let held = format!("All of it at {}.", called(first, &held));
        for figure in &mut made.figures {
            figure.caption = format!("{} {held}", figure.caption);
        }
        made.said.insert(0, held);
    }
    Some(made)
}

/// The levels of a factor as numbers, where all are.
fn numbers(rows: &[&Setting], factor: usize) -> Option<Vec<f64>> {
    let level = |row: &&Setting| row.factors[factor].1.parse().ok();
    rows.iter().map(level).collect()
}

/// A measure at the levels of a factor, a row each.
fn panel(rows: &[&Setting], factor: usize) -> Panel {
    let mark = |row: &&Setting| Mark {
        label: row.factors[factor].1.clone(),
        value: as_told(&row.measure, row.value),
        series: 0,
        open: row.reference,
        cloud: Vec::new(),
    };
    Panel {
        title: words(&rows[0].measure),
        axis: unit_told(&rows[0].measure, &rows[0].unit),
        marks: rows.iter().map(mark).collect(),
        neutral: None,
        logarithmic: false,
    }
}

/// All measures over a factor whose levels have names: no line joins them.
fn named_levels(named: Vec<(Vec<&Setting>, Panel)>) -> Option<Figure> {
    let (first, _) = named.first()?;
    let (header, _) = table(first);
    let rows = named.iter().flat_map(|(rows, _)| table(rows).1).collect();
    let panels_of: Vec<Panel> = named.into_iter().map(|(_, panel)| panel).collect();
    Some(Figure {
        id: "settings-named".to_owned(),
        title: "At each setting".to_owned(),
        caption: "Dot: estimate; open: the reference. Line: its interval.".to_owned(),
        svg: panels(&panels_of),
        header,
        rows,
    })
}

fn table(rows: &[&Setting]) -> (Vec<String>, Vec<Vec<String>>) {
    let factors = rows[0].factors.iter().map(|(name, _)| name.clone());
    let rest = [
        "measure",
        "unit",
        "reference",
        "estimate",
        "low",
        "high",
        "difference",
        "difference_low",
        "difference_high",
        "shown",
    ];
    let header = factors.chain(rest.map(str::to_owned)).collect();
    let line = |row: &&Setting| {
        let mut line: Vec<String> = row.factors.iter().map(|(_, level)| level.clone()).collect();
        let reference = if row.reference { "yes" } else { "no" };
        line.extend([row.measure.as_str(), &row.unit, reference].map(str::to_owned));
        for value in [row.value, row.difference] {
            line.extend([value.estimate, value.low, value.high].map(number));
        }
        line.push(row.shown.clone());
        line
    };
    (header, rows.iter().map(line).collect())
}

/// Over one factor: its values with a band, joined by a line. Where its levels are no numbers they are counted.
fn line(rows: &[&Setting], factor: usize, id: &str) -> Option<Figure> {
    let name = &rows[0].factors[factor].0;
    // Levels that are no numbers have no line between them.
    let mut points: Vec<(f64, Interval)> = numbers(rows, factor)?
        .into_iter()
        .zip(rows)
        .map(|(x, row)| (x, as_told(&row.measure, row.value)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let reference = rows.iter().find(|row| row.reference)?;
    let curve = Curve {
        name: format!(
            "{}, its reference at {name} = {}",
            words(&rows[0].measure),
            reference.factors[factor].1
        ),
        points: points
            .into_iter()
            .map(|(x, y)| CurvePoint { x, y, dot: true })
            .collect(),
        bracket: 0.0,
    };
    let measure = &rows[0].measure;
    let unit = unit_told(measure, &rows[0].unit);
    let upward = format!("{}, {unit}", words(measure));
    let (header, lines) = table(rows);
    Some(Figure {
        id: id.to_owned(),
        title: capital(&format!("{} by {name}", words(measure))),
        caption: "Dots: estimates. Band: their intervals. The differences to the reference, and whether they are shown, are in its data.".to_owned(),
        svg: curves(&Chart {
            curves: &[curve],
            axes: [name, &upward],
            logarithmic: [false, false],
            level: Some((as_told(measure, reference.value).estimate, "reference")),
        }),
        header,
        rows: lines,
    })
}

/// Over two factors: squares, the one with more levels downward.
fn two_factors(rows: &[&Setting], one: usize, two: usize, id: &str) -> Figure {
    let (down, across) = match levels(rows, one).len() < levels(rows, two).len() {
        true => (two, one),
        false => (one, two),
    };
    let (downward, sideways) = (levels(rows, down), levels(rows, across));
    let at = |row: &str, column: &str| {
        rows.iter()
            .find(|setting| setting.factors[down].1 == row && setting.factors[across].1 == column)
            .copied()
    };
    let name = |factor: usize| rows[0].factors[factor].0.as_str();
    let measure = &rows[0].measure;
    let (header, lines) = table(rows);
    Figure {
        id: id.to_owned(),
        title: capital(&format!(
            "{} by {} and {}",
            words(measure),
            name(down),
            name(across)
        )),
        caption: format!(
            "Shade: {}, {}, from 0 to the highest. Below each value its interval, and the difference to the reference: \u{25bc} lower and \u{25b2} higher are shown, = is the same in every replication, no sign is open.",
            words(measure),
            unit_told(measure, &rows[0].unit)
        ),
        svg: squares([name(down), name(across)], &downward, &sideways, &at),
        header,
        rows: lines,
    }
}

fn called(row: &Setting, varied: &[usize]) -> String {
    let one = |&factor: &usize| format!("{}={}", row.factors[factor].0, row.factors[factor].1);
    varied.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Which setting is best, and how sure that is.
fn best(rows: &[&Setting], varied: &[usize]) -> Option<String> {
    let may_be: Vec<&&Setting> = rows.iter().filter(|row| row.may_be_best == "yes").collect();
    let best = rows.iter().find(|row| row.is_best)?;
    let measure = words(&best.measure);
    let notation = Notation::of(&best.measure);
    let alike = rows
        .iter()
        .filter(|row| row.value.estimate == best.value.estimate);
    let alike: Vec<String> = alike.map(|row| called(row, varied)).collect();
    let way = if best.more_is_better {
        "highest"
    } else {
        "lowest"
    };
    let sure = match may_be.len() {
        n if n <= alike.len() => "that is shown for this measure by itself".to_owned(),
        n if n == rows.len() => format!("it may be any of the {n}"),
        n => format!("it may be any of {n} of the {}", rows.len()),
    };
    Some(format!(
        "{}: {way} at {}, {} {}; {sure}.",
        capital(&measure),
        alike.join(" and at "),
        notation.value(best.value.estimate),
        notation.ends(best.value.low, best.value.high)
    ))
}

fn interaction(found: &Interacting) -> String {
    let measure = capital(&words(&found.measure));
    let [one, two] = &found.factors;
    let Interval {
        estimate,
        low,
        high,
    } = found.contrast;
    let ends = Notation::of(&found.measure).changed(estimate, low, high);
    match found.shown {
        true => format!(
            "{measure}: {one} and {two} interact. What {one} from {} to {} changes is other at {two} = {} than at {}, by {ends}; the clearest of {} contrasts.",
            found.from[0], found.to[0], found.to[1], found.from[1], found.contrasts
        ),
        false => format!(
            "{measure}: no interaction of {one} and {two} is shown; the clearest of {} contrasts is {ends}.",
            found.contrasts
        ),
    }
}
