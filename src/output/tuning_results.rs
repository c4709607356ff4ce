//! The results of a tuning: the front with intervals, every candidate, the finalists as scenarios, and one page in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::beside::Beside;
use super::claim::{self, settle};
use super::error::OutputError;
use super::files::{FileEntry, Table, hex, json, text};
use super::headers::{BREAK_EVEN, CANDIDATES, FRONT, ROBUSTNESS};
use super::manifest::{Made, Manifest, Progress, Stored, Trust, Tuned};
use super::numbers::{Notation, number, readable};
use super::results::give_way;
use crate::experiment::plan::study::Study;
use crate::experiment::tune::course::{Role, Tuning};
use crate::experiment::tune::robust::{break_even, over_worlds};
use crate::experiment::tune::samples::Samples;
use crate::experiment::tune::verdict::{Feasible, Verdict, judge};
use crate::experiment::tune::{ABROAD, FRESH};
use crate::safe::{self, markdown, markdown_code};
use crate::statistics::estimate::Estimate;

/// The name of a finalist: its place, counted from 1.
fn name(place: usize) -> String {
    format!("{:02}", place + 1)
}

/// Writes all result files of a tuning into its folder, the manifest last. They depend on the study alone, run.json apart.
pub fn write_tuning(
    folder: &Path,
    study: &Study,
    tuning: &Tuning,
    progress: Progress,
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let beside = Beside::of(&folder.join("results"))?;
    let place = beside.make("results")?;
    let place = place.as_path();
    let verdicts = judge(tuning);
    let mut files = BTreeMap::new();
    let mut keep = |name: &str, entry: FileEntry| files.insert(name.to_owned(), entry);
    keep(
        FRONT.name,
        front_csv(place, folder, study, tuning, &verdicts)?,
    );
    keep(
        CANDIDATES.name,
        candidates_csv(place, folder, study, tuning)?,
    );
    keep(
        ROBUSTNESS.name,
        robustness_csv(place, folder, study, tuning)?,
    );
    keep(
        BREAK_EVEN.name,
        break_even_csv(place, folder, study, tuning)?,
    );
    let page = decision(study, tuning);
    keep("decision.md", text(place, folder, "decision.md", &page)?);
    let inside = place.join("finalists");
    fs::create_dir(&inside).map_err(OutputError::io("create", &inside))?;
    for (at, verdict) in verdicts.iter().enumerate() {
        let file = format!("finalists/{}.toml", name(at));
        let scenario = finalist_toml(study, tuning, verdict);
        keep(&file, text(place, folder, &file, &scenario)?);
    }
    let names: Vec<String> = files
        .keys()
        .filter(|name| !name.contains('/'))
        .cloned()
        .collect();
    let file = &study.record.study;
    let manifest = Manifest {
        confidence: file.confidence,
        tuning: Some(Tuned {
            study_sha256: hex(&study.record.identity()),
            first_fresh_replication: FRESH,
            first_replication_of_other_worlds: ABROAD,
            candidates: tuning.candidates().len(),
            finalists: verdicts.len(),
            study: study.record.clone(),
        }),
        files,
        ..Manifest::new(Made::Tune, &file.title, file.seed, progress)
    };
    manifest.write(place, folder)?;
    json(place, folder, "run.json", run)?;
    let old = folder.join("finalists");
    if old.symlink_metadata().is_ok() {
        only_finalists(folder)?;
        fs::rename(&old, beside.path("finalists")).map_err(OutputError::io("replace", &old))?;
    }
    let names = names.iter().map(String::as_str).chain(["finalists"]);
    give_way(folder, place, names)?;
    if progress.ended.is_whole() {
        settle(folder)?;
    }
    Ok(())
}

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
    place: &Path,
    folder: &Path,
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
) -> Result<FileEntry, OutputError> {
    let parameters: Vec<&str> = study.parameters().collect();
    let header = FRONT.header(&parameters, &[]);
    let mut table = Table::create(place, folder, FRONT.name, &header)?;
    let written = as_written(study, tuning);
    for (measure, watched) in study.watched.iter().enumerate() {
        let (estimate, n) = written[measure];
        let mut row = ["as_written", "0", "", ""].map(str::to_owned).to_vec();
        row.extend(study.settings(None));
        row.extend([
            watched.derived.name.clone(),
            watched.derived.measure.unit.to_owned(),
        ]);
        row.extend([String::new(), String::new()]);
        row.extend([estimate.estimate, estimate.low, estimate.high].map(number));
        row.extend([estimate.method.code().to_owned(), n.to_string()]);
        row.extend([const { String::new() }; 3]);
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
            row.extend(study.settings(candidate.point.as_ref()));
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
            table.row(&record(&row))?;
        }
    }
    table.close()
}

/// The scenario as written on fresh luck, each watched measure with its number of replications.
fn as_written(study: &Study, tuning: &Tuning) -> Vec<(Estimate, u64)> {
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
    place: &Path,
    folder: &Path,
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
    let header = CANDIDATES.header(&parameters, &measures);
    let mut table = Table::create(place, folder, CANDIDATES.name, &header)?;
    // The scenario as written is no part of the search.
    for (at, candidate) in tuning.candidates().iter().enumerate().skip(1) {
        let known = &candidate.search;
        let mut row = vec![
            at.to_string(),
            candidate.generation.to_string(),
            known.n().to_string(),
        ];
        row.extend(study.settings(candidate.point.as_ref()));
        for measure in 0..study.watched.len() {
            row.extend([known.ratio(measure), known.standard_error(measure)].map(number));
        }
        table.row(&record(&row))?;
    }
    table.close()
}

/// What a candidate is called: `as_written` or its place among the finalists.
fn called(tuning: &Tuning, candidate: usize) -> String {
    let place = tuning.finalists().iter().position(|&one| one == candidate);
    place.map_or("as_written".to_owned(), name)
}

fn robustness_csv(
    place: &Path,
    folder: &Path,
    study: &Study,
    tuning: &Tuning,
) -> Result<FileEntry, OutputError> {
    let header = ROBUSTNESS.header(&[], &[]);
    let mut table = Table::create(place, folder, ROBUSTNESS.name, &header)?;
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

/// Where two of those flown in other worlds change places.
struct Turning {
    better_below: String,
    better_above: String,
    measure: String,
    uncertainty: String,
    at: f64,
    low: f64,
    high: f64,
}

fn turnings(study: &Study, tuning: &Tuning) -> Vec<Turning> {
    let mut found = Vec::new();
    let confidence = study.record.study.confidence;
    let travellers = tuning.travellers();
    for (measure, watched) in study.watched.iter().enumerate() {
        if !watched.role.is_objective() {
            continue;
        }
        for axis in &study.axes {
            for (number, &one) in travellers.iter().enumerate() {
                for &two in &travellers[number + 1..] {
                    let along = |candidate: usize| -> Vec<&Samples> {
                        let worlds = &tuning.candidates()[candidate].worlds;
                        axis.worlds
                            .iter()
                            .filter_map(|&world| worlds.get(world))
                            .collect()
                    };
                    let (first, second) = (along(one), along(two));
                    for place in break_even(&axis.levels, &first, &second, measure, confidence) {
                        let first_better = place.first_below == (watched.role == Role::Minimise);
                        let (below, above) = if first_better { (one, two) } else { (two, one) };
                        found.push(Turning {
                            better_below: called(tuning, below),
                            better_above: called(tuning, above),
                            measure: watched.derived.name.clone(),
                            uncertainty: axis.name.clone(),
                            at: place.at,
                            low: place.low,
                            high: place.high,
                        });
                    }
                }
            }
        }
    }
    found
}

fn break_even_csv(
    place: &Path,
    folder: &Path,
    study: &Study,
    tuning: &Tuning,
) -> Result<FileEntry, OutputError> {
    let header = BREAK_EVEN.header(&[], &[]);
    let mut table = Table::create(place, folder, BREAK_EVEN.name, &header)?;
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

/// A table of bars, as Markdown has them and as people read them.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
    out
}

/// The trade-off: a row a finalist, its settings, and each watched measure on fresh luck with what the search believed.
pub fn tradeoff_table(study: &Study, tuning: &Tuning) -> String {
    tradeoff(study, tuning, str::to_owned, str::to_owned)
}

/// The same with names and settings made safe for where the table goes.
fn tradeoff(
    study: &Study,
    tuning: &Tuning,
    name_in: fn(&str) -> String,
    setting_in: fn(&str) -> String,
) -> String {
    let mut header = vec!["finalist".to_owned()];
    header.extend(study.parameters().map(name_in));
    for watched in &study.watched {
        header.push(name_in(&watched.derived.name));
        header.push("search said".to_owned());
    }
    header.push("limits kept".to_owned());
    header.push("front".to_owned());
    let mut rows = vec![header];
    let notations = study
        .watched
        .iter()
        .map(|watched| Notation::of(&watched.derived.name));
    let notations: Vec<Notation> = notations.collect();
    let spread = |value: Estimate, notation: Notation| {
        let ends = notation.ends(value.low, value.high);
        format!("{} {ends}", notation.value(value.estimate))
    };
    let mut written = vec!["as written".to_owned()];
    written.extend(study.parameters().map(|_| "-".to_owned()));
    for ((estimate, _), &notation) in as_written(study, tuning).into_iter().zip(&notations) {
        written.extend([spread(estimate, notation), "-".to_owned()]);
    }
    written.extend(["-".to_owned(), "-".to_owned()]);
    rows.push(written);
    for (at, verdict) in judge(tuning).iter().enumerate() {
        let mut row = vec![name(at)];
        let settings = study.settings(tuning.candidates()[verdict.candidate].point.as_ref());
        row.extend(settings.iter().map(|setting| setting_in(setting)));
        let each = verdict.fresh.iter().zip(&verdict.search).zip(&notations);
        for ((fresh, search), &notation) in each {
            row.extend([spread(*fresh, notation), notation.value(*search)]);
        }
        row.push(verdict.feasible.code().to_owned());
        row.push(if verdict.on_front { "yes" } else { "no" }.to_owned());
        rows.push(row);
    }
    aligned(&rows)
}

/// The page for whoever decides, in Markdown.
pub fn decision(study: &Study, tuning: &Tuning) -> String {
    let verdicts = judge(tuning);
    let file = &study.record.study;
    let mut out = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(out, "{words}");
    };
    line(&format!("# {}\n", markdown(&file.title)));
    let front: Vec<usize> = (0..verdicts.len())
        .filter(|&at| verdicts[at].on_front)
        .collect();
    line(&format!(
        "{} settings of {} parameters were tried; {} finalists were flown again on luck that the search never saw. {}\n",
        tuning.candidates().len().saturating_sub(1),
        study.parameters().count(),
        verdicts.len(),
        match front.len() {
            0 => "**None of them is shown to keep the limits.** Loosen a limit, or spend more replications.".to_owned(),
            1 => "One of them is left.".to_owned(),
            count => format!("{count} of them are left: each is better than the others in something."),
        }
    ));
    line("## The choice\n");
    line(tradeoff(study, tuning, markdown_code, markdown).trim_end());
    line(&format!(
        "\nNumbers in brackets are intervals on fresh luck that hold for all {} finalists together with {} % confidence. \"Search said\" is what made them finalists: it is too good on average, and is there to show by how much. \"Limits kept\" is `shown` where the interval keeps every limit at the confidence asked for, divided by the number of finalists and limits; `open` where it merely looks so.",
        verdicts.len(),
        readable(file.confidence * 100.0)
    ));
    for watched in &study.watched {
        match watched.role {
            Role::AtMost(limit) => line(&format!(
                "Limit: {} at most {}.",
                markdown_code(&watched.derived.name),
                Notation::of(&watched.derived.name).value(limit)
            )),
            Role::AtLeast(limit) => line(&format!(
                "Limit: {} at least {}.",
                markdown_code(&watched.derived.name),
                Notation::of(&watched.derived.name).value(limit)
            )),
            Role::Minimise | Role::Maximise => {}
        }
    }
    line("\n## Against the scenario as written\n");
    for &at in &front {
        let told: Vec<String> = study
            .watched
            .iter()
            .zip(&verdicts[at].against_reference)
            .map(|(watched, compared)| {
                let difference = compared.difference;
                let notation = Notation::of(&watched.derived.name);
                let certain = difference.low > 0.0 || difference.high < 0.0;
                if difference.estimate == 0.0 {
                    let measure = markdown_code(&watched.derived.name);
                    return format!("{measure} stays as it is");
                }
                format!(
                    "{} {} by {} [{}, {}]{}",
                    markdown_code(&watched.derived.name),
                    if difference.estimate > 0.0 {
                        "rises"
                    } else {
                        "falls"
                    },
                    notation
                        .change(difference.estimate.abs())
                        .trim_start_matches('+'),
                    notation.bound(difference.low),
                    notation.bound(difference.high),
                    if certain {
                        ""
                    } else {
                        ", which may be nothing"
                    }
                )
            })
            .collect();
        line(&format!("- Finalist {}: {}.", name(at), told.join("; ")));
    }
    line("\n## The price of each step\n");
    if front.len() < 2 {
        line("There is no step: at most one finalist is left.");
    }
    for two in front.windows(2) {
        let (one, other) = (
            &tuning.candidates()[verdicts[two[0]].candidate],
            &tuning.candidates()[verdicts[two[1]].candidate],
        );
        let steps: Vec<String> = study
            .watched
            .iter()
            .enumerate()
            .map(|(measure, watched)| {
                let (step, error) = other.fresh.above(&one.fresh, measure);
                let notation = Notation::of(&watched.derived.name);
                format!(
                    "{} {} (standard error {})",
                    markdown_code(&watched.derived.name),
                    notation.change(step),
                    notation.bound(error)
                )
            })
            .collect();
        line(&format!(
            "- From {} to {}: {}.",
            name(two[0]),
            name(two[1]),
            steps.join(", ")
        ));
    }
    if !study.worlds.is_empty() {
        line("\n## If the world is another\n");
        let drawn: Vec<usize> = (0..study.drawn).collect();
        let mut rows = vec![
            ["finalist", "measure", "mean", "worst", "regret"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for row in over_worlds(tuning, &drawn) {
            let name = &study.watched[row.measure].derived.name;
            let notation = Notation::of(name);
            rows.push(vec![
                called(tuning, row.candidate),
                markdown_code(name),
                notation.value(row.mean),
                notation.value(row.worst),
                notation
                    .change(row.regret)
                    .trim_start_matches('+')
                    .to_owned(),
            ]);
        }
        line(aligned(&rows).trim_end());
        line(&format!(
            "\nOver {} settings of what is not known, all with the same weight. Regret: by how much it is worse than the best of these in the same world, at most.\n",
            study.drawn
        ));
        let turning = turnings(study, tuning);
        for found in &turning {
            line(&format!(
                "- In {}, {} beats {} until {} exceeds {} [{}, {}].",
                markdown_code(&found.measure),
                found.better_below,
                found.better_above,
                markdown_code(&found.uncertainty),
                readable(found.at),
                readable(found.low),
                readable(found.high)
            ));
        }
        if turning.is_empty() {
            line(
                "No two of them change places along any one uncertainty, as far as these replications can tell.",
            );
        }
    }
    line("\n## What this rests on\n");
    line(&format!(
        "- {} replications, seed {}; replication r of every candidate has the same luck. Fresh luck begins at replication {FRESH}, that of other worlds at {ABROAD}.",
        tuning.spent(),
        file.seed
    ));
    line(
        "- The scenario, its site classes and above all its identification errors are assumptions. The search optimises what it is given: a rule that exploits a weakness of the model looks good here.",
    );
    line(
        "- **Absolute rates are uncalibrated**: no public count of sorties exists. Only comparisons between rule sets mean something.",
    );
    if verdicts
        .iter()
        .any(|verdict| verdict.feasible == Feasible::Open)
    {
        line("- Where it says `open`, more replications would decide.");
    }
    out
}
