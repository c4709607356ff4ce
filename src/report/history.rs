//! What the replications tell that no table holds: how estimates settled, and how times to identify are spread.

use std::path::Path;
use std::sync::Arc;

use super::stored::{Interval, Table};
use crate::experiment::block::{Block, Outcome};
use crate::experiment::plan::PlanRecord;
use crate::measure::{Columns, Derived, Kind, Summary};
use crate::output::{
    JournalReader, OutputError, Shape, Stored, StoredRun, SweepFolder, TIMES, Trust,
};
use crate::statistics::estimate::{Estimate, Estimator, PairedSums, RatioSums};
use crate::statistics::stop::{Goal, Sequential};
use crate::statistics::times::Times;

/// Most cells whose times are spread out.
const CELLS: usize = 4;
/// From so many replications on there is something to see.
const FEW: u64 = 10;

/// Estimates of a measure from the first replications alone, for ever more of them.
#[derive(Debug)]
pub(super) struct Settling {
    pub measure: String,
    /// Whether the lines are paired differences.
    pub difference: bool,
    /// What the stopping rule was after, if it looked at these lines.
    pub rule: Option<Sequential>,
    /// Confidence of the intervals.
    pub confidence: f64,
    pub lines: Vec<Line>,
}

/// One cell, or one pair of cells.
#[derive(Debug)]
pub(super) struct Line {
    pub name: String,
    pub points: Vec<Settled>,
}

/// An estimate from so many replications.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settled {
    pub n: u64,
    pub value: Interval,
    /// Whether the stopping rule looked here.
    pub look: bool,
}

/// What the replications tell.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Of the measure that comes first; what the stopping rule looks at is in front.
    pub settling: Vec<Settling>,
    /// By cell: shares, and the time within which as many tracks were identified, s.
    pub times: Vec<(String, Vec<(f64, f64)>)>,
}

impl History {
    /// Of a run: from its rows.
    pub fn of_run(folder: &Path, confidence: f64, trust: Trust) -> Result<History, OutputError> {
        let files = Stored::open(folder, trust)?;
        let stored = StoredRun::open(folder, None, trust)?;
        let columns = Arc::new(Columns::new(&stored.scenario.cast));
        let measure = "any_wrong_kill";
        let asked = Asked::new(&columns, measure);
        let mut estimator = Estimator::new(Arc::clone(&columns));
        let mut alone = Vec::from([Alone::default()]);
        // What cannot be told from the rows is left out.
        let has_all = files.manifest.rows.is_usual();
        let rows = has_all.then(|| stored.rows()).transpose()?;
        for row in rows.into_iter().flatten() {
            let (index, summary) = row?;
            estimator.add(index, &summary);
            if let Some(asked) = &asked {
                alone[0].add(asked.ratio(&summary));
                if looked_at(estimator.n(), stored.replications) {
                    alone[0].look(asked, confidence, (estimator.n(), false));
                }
            }
        }
        let lines = vec![Line {
            name: String::new(),
            points: alone.swap_remove(0).points,
        }];
        let settling = Settling {
            measure: measure.to_owned(),
            difference: false,
            rule: None,
            confidence,
            lines,
        };
        let times = Table::read(&files, TIMES.name)?
            .rows(|row| (row.number("share"), row.number("time_s")));
        Ok(History {
            settling: settling.kept().into_iter().collect(),
            times: vec![(String::new(), times)],
        })
    }

    /// Of a sweep: from its journal, or from its rows where the journal is not kept. What is there and cannot be read, or
    /// is of another sweep, is refused.
    pub fn of_sweep(
        stored: &Stored,
        trust: Trust,
    ) -> Result<(Option<PlanRecord>, History), OutputError> {
        let folder = stored.folder();
        let (sweep, record) = match SweepFolder::open(folder, trust) {
            Ok(found) => found,
            Err(OutputError::NotASweep { .. }) => return Ok((None, History::default())),
            Err(error) => return Err(error),
        };
        let history = of_record(&sweep, stored, &record)?;
        Ok((Some(record), history))
    }
}

impl Settling {
    /// Itself, if there is enough to draw.
    fn kept(self) -> Option<Settling> {
        let long = |line: &Line| line.points.len() > 3;
        self.lines.iter().any(long).then_some(self)
    }
}

/// Where charts have a point: ever farther apart, and the last.
fn looked_at(replications: u64, last: u64) -> bool {
    if replications < FEW.min(last / 4) {
        return false;
    }
    let mut next: f64 = 1.0;
    while (next as u64) < replications {
        next = (next * 1.12).max(next + 1.0);
    }
    next as u64 == replications || replications == last
}

/// A measure and where its parts stand.
struct Asked {
    numerator: usize,
    denominator: Option<usize>,
    kind: Kind,
}

impl Asked {
    fn new(columns: &Columns, measure: &str) -> Option<Asked> {
        let named = |derived: &&Derived| derived.name == measure;
        let derived = columns.derived().iter().find(named)?;
        Some(Asked {
            numerator: derived.numerator,
            denominator: derived.denominator,
            kind: derived.measure.kind,
        })
    }

    fn ratio(&self, summary: &Summary) -> (f64, f64) {
        let below = self
            .denominator
            .map_or(1.0, |column| summary.values[column]);
        (summary.values[self.numerator], below)
    }
}

/// A cell, so far.
#[derive(Debug, Clone, Default)]
struct Alone {
    sums: RatioSums,
    points: Vec<Settled>,
}

impl Alone {
    fn add(&mut self, (above, below): (f64, f64)) {
        self.sums.add(above, below);
    }

    fn look(&mut self, asked: &Asked, confidence: f64, (n, look): (u64, bool)) {
        let per_replication = asked.denominator.is_none();
        let value = self.sums.estimate(asked.kind, per_replication, confidence);
        let value = interval(&value);
        self.points.push(Settled { n, value, look });
    }
}

/// A pair of cells, so far.
#[derive(Debug, Clone, Default)]
struct Paired {
    sums: PairedSums,
    points: Vec<Settled>,
}

fn interval(value: &Estimate) -> Interval {
    Interval {
        estimate: value.estimate,
        low: value.low,
        high: value.high,
    }
}

/// What the blocks of a sweep add up to, one after the other.
struct Sums<'a> {
    record: &'a PlanRecord,
    asked: Asked,
    measure: &'a str,
    rule: Option<Sequential>,
    last: u64,
    pairs: Vec<(usize, usize)>,
    alone: Vec<Alone>,
    paired: Vec<Paired>,
}

impl<'a> Sums<'a> {
    fn new(record: &'a PlanRecord, columns: &Columns, last: u64) -> Option<Sums<'a>> {
        let measure = record.leading_measure();
        let pairs: Vec<_> = record.pairs().collect();
        Some(Sums {
            record,
            asked: Asked::new(columns, measure)?,
            measure,
            rule: record.stopping().map(|(rule, _)| rule),
            last,
            alone: vec![Alone::default(); record.cells.len()],
            paired: vec![Paired::default(); pairs.len()],
            pairs,
        })
    }

    /// A block: the parts of the measure in every cell that was run.
    fn add(&mut self, index: u64, ratios: &[Option<(f64, f64)>]) {
        let n = index + 1;
        let rule = self.rule.is_some_and(|rule| rule.looks().is_look(n));
        let look = rule || looked_at(n, self.last);
        let cells = self.record.cell_confidence(self.measure);
        for (cell, ratio) in self.alone.iter_mut().zip(ratios) {
            if let Some(ratio) = ratio {
                cell.add(*ratio);
            }
            if look {
                cell.look(&self.asked, cells, (n, rule));
            }
        }
        let confidence = self.record.pair_confidence(self.measure);
        let per_replication = self.asked.denominator.is_none();
        for (pair, &(reference, cell)) in self.paired.iter_mut().zip(&self.pairs) {
            if let (Some(reference), Some(cell)) = (ratios[reference], ratios[cell]) {
                pair.sums.add(reference, cell);
            }
            if look {
                let value = (pair.sums).compare(self.asked.kind, per_replication, confidence);
                let value = interval(&value.difference);
                pair.points.push(Settled {
                    n,
                    value,
                    look: rule,
                });
            }
        }
    }

    /// Cells and pairs, what the stopping rule looks at in front.
    fn settling(self) -> Vec<Settling> {
        let name = |cell: usize| self.record.cells[cell].name.clone();
        let paired = self.rule.is_some_and(|rule| rule.goal == Goal::Resolved);
        let alone = self.alone.into_iter().enumerate();
        let cells = Settling {
            measure: self.measure.to_owned(),
            difference: false,
            rule: self.rule.filter(|_| !paired),
            confidence: self.record.cell_confidence(self.measure),
            lines: alone
                .map(|(cell, Alone { points, .. })| Line {
                    name: name(cell),
                    points,
                })
                .collect(),
        };
        let against = self.pairs.iter().zip(self.paired);
        let pairs = Settling {
            measure: self.measure.to_owned(),
            difference: true,
            rule: self.rule.filter(|_| paired),
            confidence: self.record.pair_confidence(self.measure),
            lines: against
                .map(|(&(reference, cell), Paired { points, .. })| Line {
                    name: format!("{} against {}", name(cell), name(reference)),
                    points,
                })
                .collect(),
        };
        let both = match paired {
            true => [pairs, cells],
            false => [cells, pairs],
        };
        both.into_iter().filter_map(Settling::kept).collect()
    }
}

fn of_record(
    sweep: &SweepFolder,
    stored: &Stored,
    record: &PlanRecord,
) -> Result<History, OutputError> {
    let refused = |why: String| OutputError::NotResults {
        path: stored.folder().to_owned(),
        why,
    };
    let replications = stored.manifest.progress.done;
    let identity: String = record
        .identity()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if stored.manifest.plan_sha256.as_ref() != Some(&identity) {
        return Err(refused(
            "plan.json and manifest.json are of different sweeps".to_owned(),
        ));
    }
    let scenario = record
        .scenario(0)
        .map_err(|error| refused(format!("plan.json: {error}")))?;
    let columns = Columns::new(&scenario.cast);
    let Some(mut sums) = Sums::new(record, &columns, replications) else {
        return Ok(History::default());
    };
    let path = sweep.journal();
    if !path.exists() {
        // What cannot be told from the rows is left out.
        let told = rows(stored, record, &columns, &mut sums)?;
        return Ok(History {
            settling: told.map_or(Vec::new(), |()| sums.settling()),
            ..History::default()
        });
    }
    let journal = JournalReader::open(&path)?;
    let shape = Shape::of(&columns);
    let fits = journal.header().plan_sha256 == record.identity()
        && journal.header().cells == vec![shape; record.cells.len()];
    if !fits {
        return Err(refused(format!("{} is of another sweep", path.display())));
    }
    let cells = record.cells.len().min(CELLS);
    let mut times = vec![Times::default(); cells];
    for block in journal.take(replications as usize) {
        let block: Block = block?;
        let flown: Vec<Option<&Summary>> = (block.outcomes.iter())
            .map(|outcome| match outcome {
                Outcome::Flown(summary) => Some(summary),
                Outcome::Failed(_) => None,
            })
            .collect();
        for (times, summary) in times.iter_mut().zip(&flown) {
            let all = summary
                .iter()
                .flat_map(|summary| &summary.times_to_identify);
            all.for_each(|&time| times.add(time));
        }
        let ratio = |summary: &Option<&Summary>| summary.map(|summary| sums.asked.ratio(summary));
        let ratios: Vec<_> = flown.iter().map(ratio).collect();
        sums.add(block.index, &ratios);
    }
    let times = record.cells.iter().zip(&times);
    Ok(History {
        times: times
            .map(|(cell, times)| (cell.name.clone(), times.spread_s()))
            .collect(),
        settling: sums.settling(),
    })
}

/// The blocks as replications.csv has them: the rows of a replication stand together. Nothing where a column is missing.
fn rows(
    stored: &Stored,
    record: &PlanRecord,
    columns: &Columns,
    sums: &mut Sums<'_>,
) -> Result<Option<()>, OutputError> {
    let Some(text) = stored.bytes("replications.csv")? else {
        return Ok(None);
    };
    let broken = |why: String| OutputError::NotResults {
        path: stored.folder().join("replications.csv"),
        why,
    };
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let header = reader
        .headers()
        .map_err(|error| broken(error.to_string()))?
        .clone();
    let position = |name: &str| {
        let found = header.iter().position(|field| field == name);
        found.ok_or_else(|| broken(format!("it has no column {name}")))
    };
    let kept = stored.manifest.rows.positions(columns);
    let asked = [Some(sums.asked.numerator), sums.asked.denominator];
    if !asked.iter().flatten().all(|column| kept.contains(column)) {
        return Ok(None);
    }
    let column = |number: usize| position(&columns.columns()[number].name);
    let (cell, replication) = (position("cell")?, position("replication")?);
    let above = column(sums.asked.numerator)?;
    let below = sums.asked.denominator.map(column).transpose()?;
    let mut ratios = vec![None; record.cells.len()];
    let mut block = None;
    for row in reader.records() {
        let row = row.map_err(|error| broken(error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let read = || {
            let value = |at: usize| row.get(at)?.parse::<f64>().ok();
            let index: u64 = row.get(replication)?.parse().ok()?;
            let under = below.map_or(Some(1.0), value)?;
            Some((index, record.cell(row.get(cell)?)?, (value(above)?, under)))
        };
        let (index, cell, ratio) =
            read().ok_or_else(|| broken(format!("line {line} is no row of this sweep")))?;
        if let Some(last) = block.filter(|last| *last != index) {
            sums.add(last, &ratios);
            ratios.fill(None);
        }
        block = Some(index);
        ratios[cell] = Some(ratio);
    }
    if let Some(last) = block {
        sums.add(last, &ratios);
    }
    Ok(Some(()))
}
