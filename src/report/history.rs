//! What only the replications themselves can tell: how an estimate settled, and how times are spread.

use std::path::Path;
use std::sync::Arc;

use super::stored::Interval;
use crate::experiment::estimate::{Estimate, Estimator, PairedSums, RatioSums, TimeHistogram};
use crate::experiment::plan::PlanRecord;
use crate::experiment::round::Outcome;
use crate::measure::{Columns, Derived, Summary};
use crate::output::{JournalReader, OutputError, StoredRun, SweepFolder, headline};

/// Most lines of a chart.
const LINES: usize = 4;

/// An estimate from the first replications alone, for ever more of them.
#[derive(Debug)]
pub(super) struct Convergence {
    pub measure: String,
    /// Whether the lines are paired differences.
    pub difference: bool,
    pub lines: Vec<(String, Vec<(u64, Interval)>)>,
}

/// What the replications tell.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The answer in words, of a run.
    pub headline: String,
    pub convergence: Option<Convergence>,
    /// By cell: shares, and the time within which as many tracks were identified, s.
    pub times: Vec<(String, Vec<(f64, f64)>)>,
}

impl History {
    /// Of a run: from its rows.
    pub fn of_run(folder: &Path, confidence: f64) -> Result<History, OutputError> {
        let stored = StoredRun::open(folder, None)?;
        let columns = Arc::new(Columns::new(&stored.scenario.cast));
        let measure = "any_wrong_kill";
        let derived = columns
            .derived()
            .iter()
            .find(|derived| derived.name == measure);
        let mut estimator = Estimator::new(Arc::clone(&columns));
        let mut sums = RatioSums::default();
        let mut points = Vec::new();
        for row in stored.rows()? {
            let (index, summary) = row?;
            estimator.add(index, &summary);
            if let Some(derived) = derived {
                let (above, below) = ratio(derived, &summary);
                sums.add(above, below);
                if looked_at(sums.n(), stored.replications) {
                    let per_replication = derived.denominator.is_none();
                    let value = sums.estimate(derived.measure.kind, per_replication, confidence);
                    points.push((sums.n(), interval(&value)));
                }
            }
        }
        let convergence = (points.len() > 3).then(|| Convergence {
            measure: measure.to_owned(),
            difference: false,
            lines: vec![(String::new(), points)],
        });
        Ok(History {
            headline: headline(&estimator.cells(confidence), estimator.n()),
            convergence,
            times: Vec::new(),
        })
    }

    /// Of a sweep: from its journal. Results without it are still results: then there is nothing here.
    pub fn of_sweep(folder: &Path, replications: u64) -> (Option<PlanRecord>, History) {
        let Ok((sweep, record)) = SweepFolder::open(folder) else {
            return (None, History::default());
        };
        let history = journal(&sweep, &record, replications).unwrap_or_default();
        (Some(record), history)
    }
}

/// Where charts have a point: the first ten, then ever farther apart, and the last.
fn looked_at(replications: u64, last: u64) -> bool {
    let mut next: f64 = 1.0;
    while (next as u64) < replications {
        next = (next * 1.12).max(next + 1.0);
    }
    next as u64 == replications || replications == last
}

fn ratio(derived: &Derived, summary: &Summary) -> (f64, f64) {
    let below = derived
        .denominator
        .map_or(1.0, |column| summary.values[column]);
    (summary.values[derived.numerator], below)
}

fn interval(value: &Estimate) -> Interval {
    Interval {
        estimate: value.estimate,
        low: value.low,
        high: value.high,
    }
}

fn journal(sweep: &SweepFolder, record: &PlanRecord, replications: u64) -> Option<History> {
    let columns = Columns::new(&record.scenario(0).ok()?.cast);
    let measure = record.leading_measure();
    let derived = columns
        .derived()
        .iter()
        .find(|derived| derived.name == measure)?;
    let kind = derived.measure.kind;
    let per_replication = derived.denominator.is_none();
    let pairs: Vec<(usize, usize)> = record.pairs().take(LINES).collect();
    let cells = record.cells.len().min(LINES);
    let mut compared: Vec<(PairedSums, Vec<(u64, Interval)>)> =
        vec![Default::default(); pairs.len()];
    let mut alone: Vec<(RatioSums, Vec<(u64, Interval)>)> = vec![Default::default(); cells];
    let mut times = vec![TimeHistogram::default(); cells];
    for round in JournalReader::open(&sweep.journal()).ok()? {
        let round = round.ok()?;
        let flown = |cell: usize| match &round.outcomes[cell] {
            Outcome::Flown(summary) => Some(summary),
            Outcome::Failed(_) => None,
        };
        for (cell, times) in times.iter_mut().enumerate() {
            let all = flown(cell)
                .into_iter()
                .flat_map(|summary| &summary.times_to_identify);
            all.for_each(|&time| times.add(time));
        }
        let look = looked_at(round.index + 1, replications);
        for (&(reference, cell), (sums, points)) in pairs.iter().zip(&mut compared) {
            if let (Some(reference), Some(cell)) = (flown(reference), flown(cell)) {
                sums.add(ratio(derived, reference), ratio(derived, cell));
            }
            if look {
                let value = sums.compare(kind, per_replication, record.pair_confidence(measure));
                points.push((round.index + 1, interval(&value.difference)));
            }
        }
        for (cell, (sums, points)) in alone.iter_mut().enumerate() {
            if let Some(summary) = flown(cell) {
                let (above, below) = ratio(derived, summary);
                sums.add(above, below);
            }
            if look {
                let value = sums.estimate(kind, per_replication, record.cell_confidence(measure));
                points.push((round.index + 1, interval(&value)));
            }
        }
    }
    let name = |cell: usize| record.cells[cell].name.clone();
    let lines: Vec<(String, Vec<(u64, Interval)>)> = if pairs.is_empty() {
        let lines = alone.into_iter().enumerate();
        lines
            .map(|(cell, (_, points))| (name(cell), points))
            .collect()
    } else {
        let lines = pairs.iter().zip(compared);
        let against = |&(reference, cell): &(usize, usize)| {
            format!("{} against {}", name(cell), name(reference))
        };
        lines
            .map(|(pair, (_, points))| (against(pair), points))
            .collect()
    };
    let long = lines.first().is_some_and(|(_, points)| points.len() > 3);
    let quantiles = |times: &TimeHistogram| {
        let shares = (0..=49).map(|step| f64::from(step) * 0.02);
        shares
            .filter_map(|share| Some((share, times.quantile_s(share)?)))
            .collect::<Vec<_>>()
    };
    Some(History {
        headline: String::new(),
        convergence: long.then(|| Convergence {
            measure: measure.to_owned(),
            difference: !pairs.is_empty(),
            lines,
        }),
        times: times
            .iter()
            .enumerate()
            .map(|(cell, times)| (name(cell), quantiles(times)))
            .collect(),
    })
}
