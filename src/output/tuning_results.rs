//! The results of a tuning: the front with intervals, every candidate, the finalists as scenarios, and one page in words.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::claim;
use super::decision::decision;
use super::error::OutputError;
use super::files::{FileEntry, hex};
use super::headers::{BREAK_EVEN, CANDIDATES, FRONT, ROBUSTNESS};
use super::manifest::{Made, Manifest, Progress, Stored, Trust, Tuned};
use super::numbers::number;
use super::result_folder::ResultFolder;
use crate::experiment::plan::study::Study;
use crate::experiment::tune::choice::{choose, in_worlds};
use crate::experiment::tune::course::{Role, Tuning};
use crate::experiment::tune::robust::{break_even, over_worlds};
use crate::experiment::tune::samples::Samples;
use crate::experiment::tune::verdict::{Verdict, judge};
use crate::experiment::tune::{FRESH, OTHER_WORLDS};
use crate::safe;
use crate::statistics::estimate::Estimate;

/// The name of a finalist: its place, counted from 1.
pub(super) fn name(place: usize) -> String {
    format!("{:02}", place + 1)
}

/// Writes all result files of a tuning into its folder, the manifest last. They depend on the study alone, run.json apart.
///
/// # Errors
/// What the system refuses. Earlier results are left then.
pub fn write_tuning(
    folder: &Path,
    study: &Study,
    tuning: &Tuning,
    progress: Progress,
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let mut target = ResultFolder::of(folder)?;
    let verdicts = judge(tuning);
    let made = [
        (FRONT, front_csv(&target, study, tuning, &verdicts)?),
        (CANDIDATES, candidates_csv(&target, study, tuning)?),
        (ROBUSTNESS, robustness_csv(&target, study, tuning)?),
        (BREAK_EVEN, break_even_csv(&target, study, tuning)?),
    ];
    for (file, entry) in made {
        target.keep(file.name, entry);
    }
    target.text(DECISION, &decision(study, tuning))?;
    let inside = target.places()[0].join(FINALISTS);
    fs::create_dir(&inside).map_err(OutputError::io("create", &inside))?;
    for (at, verdict) in verdicts.iter().enumerate() {
        let file = format!("{FINALISTS}/{}.toml", name(at));
        target.text(&file, &finalist_toml(study, tuning, verdict))?;
    }
    let file = &study.record.study;
    let manifest = Manifest {
        confidence: file.confidence,
        tuning: Some(Tuned {
            study_sha256: hex(&study.record.identity()),
            first_fresh_replication: FRESH,
            first_replication_of_other_worlds: OTHER_WORLDS,
            candidates: tuning.candidates().len(),
            finalists: verdicts.len(),
            study: study.record.clone(),
        }),
        ..Manifest::new(Made::Tune, &file.title, file.seed, progress)
    };
    let names = [FRONT, CANDIDATES, ROBUSTNESS, BREAK_EVEN].map(|file| file.name);
    let names = names.into_iter().chain([DECISION, FINALISTS]);
    target.put(manifest, run, names, |beside| {
        let old = folder.join(FINALISTS);
        if old.symlink_metadata().is_ok() {
            only_finalists(folder)?;
            fs::rename(&old, beside.path(FINALISTS)).map_err(OutputError::io("replace", &old))?;
        }
        Ok(())
    })
}

/// The page in words.
const DECISION: &str = "decision.md";

/// The folder of the finalists, each a scenario.
const FINALISTS: &str = "finalists";

/// Refuses to replace finalists among which somebody keeps a scenario of their own, or has changed one.
fn only_finalists(folder: &Path) -> Result<(), OutputError> {
    let mut names = claim::strange_finalists(folder)?;
    if let Ok(older) = Stored::open(folder, Trust::Unverified) {
        names.extend(older.changed("finalists/")?);
    }
    if names.is_empty() {
        return Ok(());
    }
    Err(OutputError::Strange {
        path: folder.to_owned(),
        names,
    })
}

/// A finalist as a complete scenario.
fn finalist_toml(study: &Study, tuning: &Tuning, verdict: &Verdict) -> String {
    let point = tuning.candidates()[verdict.candidate].point.as_ref();
    let settings = study.settings(point);
    let mut out = String::new();
    // A line break would end the comment.
    let mut line = |words: &str| {
        let _ = writeln!(out, "# {}", safe::line(words));
    };
    line(&format!(
        "Candidate {} of the tuning {:?}, seed {}.",
        verdict.candidate, study.record.study.title, study.record.study.seed
    ));
    for (parameter, setting) in study.parameters().zip(&settings) {
        line(&format!("{parameter} = {setting}"));
    }
    line("Absolute rates are uncalibrated; compare rule sets only.");
    out.push('\n');
    out.push_str(&toml::to_string(&study.typed(point)).unwrap_or_default());
    out
}

fn record(fields: &[String]) -> csv::ByteRecord {
    csv::ByteRecord::from(fields.to_vec())
}

fn front_csv(
    target: &ResultFolder<'_>,
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
) -> Result<FileEntry, OutputError> {
    let parameters: Vec<&str> = study.parameters().collect();
    let mut table = target.table(&FRONT, &parameters, &[])?;
    let choice = choose(tuning, verdicts);
    let last =
        |row: &mut Vec<String>, candidate: usize, against: Option<&Estimate>, measure: usize| {
            row.push(choice.place(candidate).to_owned());
            row.extend(against.map_or([const { String::new() }; 3], |against| {
                [against.estimate, against.low, against.high].map(number)
            }));
            row.extend(
                <[f64; 2]>::from(tuning.candidates()[candidate].fresh.means(measure)).map(number),
            );
        };
    let written = as_written(study, tuning);
    for (measure, watched) in study.watched.iter().enumerate() {
        let (estimate, n) = written[measure];
        let mut row = ["as_written", "0", "", ""].map(str::to_owned).to_vec();
        row.extend(study.fields(None));
        row.extend([
            watched.derived.name.clone(),
            watched.derived.measure.unit.to_owned(),
        ]);
        row.extend([String::new(), String::new()]);
        row.extend([estimate.estimate, estimate.low, estimate.high].map(number));
        row.extend([estimate.method.code().to_owned(), n.to_string()]);
        row.extend([const { String::new() }; 6]);
        let mut others = choice.alternatives.iter();
        let other = others.find(|other| other.candidate == 0);
        last(
            &mut row,
            0,
            other.map(|other| &other.against[measure]),
            measure,
        );
        table.row(&record(&row))?;
    }
    for (at, verdict) in verdicts.iter().enumerate() {
        let candidate = &tuning.candidates()[verdict.candidate];
        for (measure, watched) in study.watched.iter().enumerate() {
            let fresh = verdict.fresh[measure];
            let mut row = vec![
                name(at),
                verdict.candidate.to_string(),
                verdict.feasible.code().to_owned(),
                u8::from(verdict.on_front).to_string(),
            ];
            row.extend(study.fields(candidate.point.as_ref()));
            row.extend([
                watched.derived.name.clone(),
                watched.derived.measure.unit.to_owned(),
            ]);
            row.extend([
                number(verdict.search[measure]),
                candidate.search.n().to_string(),
            ]);
            row.extend([fresh.estimate, fresh.low, fresh.high].map(number));
            row.extend([
                fresh.method.code().to_owned(),
                candidate.fresh.n().to_string(),
            ]);
            let difference = verdict.against_reference.get(measure).map(|c| c.difference);
            row.extend(
                difference.map_or([const { String::new() }; 3], |difference| {
                    [difference.estimate, difference.low, difference.high].map(number)
                }),
            );
            let mark = in_worlds(tuning, verdict, measure, study.drawn);
            row.extend(mark.map_or([const { String::new() }; 3], |mark| {
                [mark.of, mark.falls, mark.rises].map(|count| count.to_string())
            }));
            last(
                &mut row,
                verdict.candidate,
                choice.against[at].get(measure),
                measure,
            );
            table.row(&record(&row))?;
        }
    }
    table.close()
}

/// The scenario as written on fresh random numbers, each watched measure with its number of replications.
pub(super) fn as_written(study: &Study, tuning: &Tuning) -> Vec<(Estimate, u64)> {
    let written = &tuning.candidates()[0].fresh;
    let course = &tuning.course().watched;
    (0..study.watched.len())
        .map(|measure| {
            let (kind, per_replication) = (course[measure].kind, course[measure].per_replication);
            let sums = written.sums(measure);
            let confidence = study.record.study.confidence;
            (
                sums.estimate(kind, per_replication, confidence),
                written.n(),
            )
        })
        .collect()
}

fn candidates_csv(
    target: &ResultFolder<'_>,
    study: &Study,
    tuning: &Tuning,
) -> Result<FileEntry, OutputError> {
    let errors: Vec<String> = study
        .watched
        .iter()
        .flat_map(|watched| {
            [
                watched.derived.name.clone(),
                format!("{}_se", watched.derived.name),
            ]
        })
        .collect();
    let parameters: Vec<&str> = study.parameters().collect();
    let measures: Vec<&str> = errors.iter().map(String::as_str).collect();
    let mut table = target.table(&CANDIDATES, &parameters, &measures)?;
    // The scenario as written is no part of the search.
    for (at, candidate) in tuning.candidates().iter().enumerate().skip(1) {
        let known = &candidate.search;
        let mut row = vec![
            at.to_string(),
            candidate.generation.to_string(),
            known.n().to_string(),
        ];
        row.extend(study.fields(candidate.point.as_ref()));
        for measure in 0..study.watched.len() {
            row.extend([known.ratio(measure), known.standard_error(measure)].map(number));
        }
        table.row(&record(&row))?;
    }
    table.close()
}

/// What a candidate is called: `as_written` or its place among the finalists.
pub(super) fn called(tuning: &Tuning, candidate: usize) -> String {
    let place = tuning.finalists().iter().position(|&one| one == candidate);
    place.map_or("as_written".to_owned(), name)
}

fn robustness_csv(
    target: &ResultFolder<'_>,
    study: &Study,
    tuning: &Tuning,
) -> Result<FileEntry, OutputError> {
    let mut table = target.table(&ROBUSTNESS, &[], &[])?;
    let drawn: Vec<usize> = (0..study.drawn).collect();
    for row in over_worlds(tuning, &drawn) {
        let n = tuning.candidates()[row.candidate].worlds[0].n();
        table.row(&record(&[
            called(tuning, row.candidate),
            study.watched[row.measure].derived.name.clone(),
            number(row.mean),
            number(row.worst),
            study.worlds[row.worst_world].name.clone(),
            number(row.regret),
            study.worlds[row.regret_world].name.clone(),
            n.to_string(),
        ]))?;
    }
    table.close()
}

/// Where two of those run in other worlds change places.
pub(super) struct Turning {
    pub better_below: String,
    pub better_above: String,
    pub measure: String,
    pub uncertainty: String,
    pub at: f64,
    pub low: f64,
    pub high: f64,
}

/// The places at which two of those run in other worlds change places, by objective, uncertainty and pair; looked for on all processors.
pub(super) fn turnings(study: &Study, tuning: &Tuning) -> Vec<Turning> {
    let confidence = study.record.study.confidence;
    let re_evaluated = tuning.re_evaluated();
    let mut asked = Vec::new();
    for (measure, watched) in study.watched.iter().enumerate() {
        if !watched.role.is_objective() {
            continue;
        }
        for axis in &study.axes {
            for (number, &one) in re_evaluated.iter().enumerate() {
                let others = re_evaluated[number + 1..].iter();
                asked.extend(others.map(|&two| (measure, watched, axis, one, two)));
            }
        }
    }
    asked
        .into_par_iter()
        .flat_map_iter(|(measure, watched, axis, one, two)| {
            let along = |candidate: usize| -> Vec<&Samples> {
                let worlds = &tuning.candidates()[candidate].worlds;
                axis.worlds
                    .iter()
                    .filter_map(|&world| worlds.get(world))
                    .collect()
            };
            let (first, second) = (along(one), along(two));
            let places = break_even(&axis.levels, &first, &second, measure, confidence);
            places.into_iter().map(move |place| {
                let first_better = place.first_below == (watched.role == Role::Minimise);
                let (below, above) = if first_better { (one, two) } else { (two, one) };
                Turning {
                    better_below: called(tuning, below),
                    better_above: called(tuning, above),
                    measure: watched.derived.name.clone(),
                    uncertainty: axis.name.clone(),
                    at: place.at,
                    low: place.low,
                    high: place.high,
                }
            })
        })
        .collect()
}

fn break_even_csv(
    target: &ResultFolder<'_>,
    study: &Study,
    tuning: &Tuning,
) -> Result<FileEntry, OutputError> {
    let mut table = target.table(&BREAK_EVEN, &[], &[])?;
    for turning in turnings(study, tuning) {
        let Turning { at, low, high, .. } = turning;
        let mut row = vec![
            turning.better_below,
            turning.better_above,
            turning.measure,
            turning.uncertainty,
        ];
        row.extend([at, low, high, study.record.study.confidence].map(number));
        table.row(&record(&row))?;
    }
    table.close()
}
