//! What settings of the levers come to over all points of the uncertainties: sentences, and a figure with every point.

use maud::{Markup, html};

use super::figures::{Figure, Mark, Panel, as_told, capital, number, panels, unit_told, words};
use super::stored::{Averaged, Interval, Results};
use crate::output::{Notation, between};

/// More settings of the levers are told by the figure alone.
const SAID: usize = 4;

/// The averages of the measures that a page is about.
pub(super) struct Averages<'a> {
    results: &'a Results,
    measures: Vec<(&'a str, Vec<&'a Averaged>)>,
}

impl<'a> Averages<'a> {
    /// None where nothing is averaged.
    pub fn of(results: &'a Results, main: &'a [String]) -> Option<Averages<'a>> {
        let rows = |measure: &String| -> Vec<&Averaged> {
            let all = results.averages.iter();
            all.filter(|row| row.measure == *measure).collect()
        };
        let measures = main.iter().map(|measure| (measure.as_str(), rows(measure)));
        let measures: Vec<_> = measures.filter(|(_, rows)| !rows.is_empty()).collect();
        (!measures.is_empty()).then_some(Averages { results, measures })
    }

    /// A sentence a measure and setting.
    pub fn said(&self) -> Markup {
        let points = self.most_points();
        html! {
            p { "Over " (points) " points of what is not known, each weighing alike:" }
            ul.say {
                @for (measure, rows) in &self.measures {
                    @for row in rows.iter().take(SAID) {
                        li { b { (capital(&words(measure))) } ", " (row.levers) ": " (told(measure, row)) }
                    }
                    @if rows.len() > SAID {
                        li { (rows.len() - SAID) " more settings are drawn below." }
                    }
                }
            }
            p.meta {
                "In brackets: the interval of the mean. It holds chance and, where points are drawn from ranges, which were drawn; "
                "what each point is, is in cells.csv."
            }
        }
    }

    fn most_points(&self) -> usize {
        let rows = self.measures.iter().flat_map(|(_, rows)| rows);
        rows.map(|row| row.points).max().unwrap_or(0)
    }

    /// The cells of a setting of the levers: those that have its levels.
    fn cells(&self, row: &Averaged) -> Vec<&'a str> {
        let levers: Vec<&str> = (row.levers.split(','))
            .filter_map(|setting| Some(setting.split_once('=')?.0))
            .collect();
        let set = |cell: &str| -> Vec<&(String, String)> {
            let levels = self.results.levels.get(cell).into_iter().flatten();
            levels
                .filter(|(factor, _)| levers.contains(&factor.as_str()))
                .collect()
        };
        let here = set(&row.least.0);
        let cells = self.results.cells.iter();
        cells
            .map(String::as_str)
            .filter(|cell| set(cell) == here)
            .collect()
    }

    /// Every point of every setting, and their means.
    pub fn figure(&self) -> Figure {
        let panel = |(measure, rows): &(&str, Vec<&Averaged>)| Panel {
            title: words(measure),
            axis: unit_told(measure, &rows[0].unit),
            marks: (rows.iter())
                .map(|row| Mark {
                    label: row.levers.clone(),
                    value: as_told(measure, row.mean),
                    series: 0,
                    open: row.reference.is_empty(),
                    cloud: (self.cells(row).into_iter())
                        .filter_map(|cell| self.results.measured(cell, measure))
                        .map(|at| as_told(measure, at.value).estimate)
                        .collect(),
                })
                .collect(),
            neutral: None,
            logarithmic: false,
        };
        let list: Vec<Panel> = self.measures.iter().map(panel).collect();
        let header = [
            "levers",
            "measure",
            "unit",
            "points",
            "mean",
            "low",
            "high",
            "least",
            "most",
            "difference",
            "difference_low",
            "difference_high",
            "lower",
            "higher",
        ];
        let line = |row: &&Averaged| {
            let mut line = vec![row.levers.clone(), row.measure.clone(), row.unit.clone()];
            line.push(row.points.to_string());
            let Interval {
                estimate,
                low,
                high,
            } = row.mean;
            line.extend([estimate, low, high, row.least.1, row.most.1].map(number));
            line.extend([row.change.estimate, row.change.low, row.change.high].map(number));
            line.extend([row.lower.clone(), row.higher.clone()]);
            line
        };
        let rows = self.measures.iter().flat_map(|(_, rows)| rows.iter());
        Figure {
            id: "averages".to_owned(),
            title: "Means and points".to_owned(),
            caption: "Dot: mean over the points; open: what others are compared with. Line: its interval. Faint rings: the points."
                .to_owned(),
            svg: panels(&list),
            header: header.map(str::to_owned).to_vec(),
            rows: rows.map(line).collect(),
        }
    }
}

/// `4.87 % [3.66, 6.09], from 1.50 to 10.5; against baseline -16.1 points [...], lower at 54 points`.
fn told(measure: &str, row: &Averaged) -> String {
    let notation = Notation::of(measure);
    let mean = as_told(measure, row.mean);
    let ends = between(mean.low, mean.high);
    let mut told = format!(
        "{} {ends}, from {} to {}",
        notation.value(row.mean.estimate),
        notation.bound(row.least.1),
        notation.bound(row.most.1)
    );
    if !row.reference.is_empty() {
        let Interval {
            estimate,
            low,
            high,
        } = row.change;
        told += &format!(
            "; {} against {}",
            notation.changed(estimate, low, high),
            row.reference
        );
        let shown: Vec<String> = [("lower", &row.lower), ("higher", &row.higher)]
            .into_iter()
            .filter(|(_, at)| at.as_str() != "0")
            .map(|(way, at)| format!("{way} at {at}"))
            .collect();
        told += &match shown.as_slice() {
            [] => ", shown at no point by itself".to_owned(),
            some => format!(", shown {} points", some.join(" and ")),
        };
    }
    told + "."
}
