//! `deconflict match`: which settings of all that is assumed public evidence does not rule out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::block::Outcome;
use deconflict::experiment::design::{Coordinate, Point};
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::worlds::Axis;
use deconflict::experiment::worlds::evidence::Found;
use deconflict::experiment::worlds::matching::Matching;
use deconflict::experiment::worlds::study::{Instead, MatchStudy};
use deconflict::output::{
    CAVEAT, EVIDENCE, Ended, Progress, RANGES, WORLDS, WORLDS_TOML, counted, readable, write_match,
};
use deconflict::statistics::estimate::RatioSums;

use serde_json::Value as Json;

use super::host::{RunNote, Started};
use super::json::tables;
use super::options::{AsJson, Count, FileSeed, Growing, Jobs, Set};
use super::subject::{instead, quoted};
use super::sweep::fly_plan;
use super::{Failure, tell};

/// Arguments of `deconflict match`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict match scenarios/evidence/libya-2019.toml --out results/worlds
      run waves of worlds, keep those that no band rules out in worlds.toml
  deconflict match scenarios/evidence/libya-2019.toml --out results/worlds --resume
      go on after Ctrl-C or a crash; the result is the same to the last byte
  deconflict compare scenarios/nov-2019-baseline.toml scenarios/nov-2019-agreement.toml \\
      --worlds results/worlds/worlds.toml
      a comparison in each of them

A world is a setting of everything that the scenario's register lets be moved (`deconflict
assumptions`). It is ruled out where what it predicts is too far from a band, given the noise of its
replications, the width of the band and the stated discrepancy. What is left is not confirmed: it is
no posterior, and no estimate of anything real. Ask what holds in every one of them.

Exit code: 0 done, 1 failed, 2 bad input, 130 interrupted.")]
pub struct MatchArguments {
    /// File of evidence (TOML).
    evidence: PathBuf,
    #[command(flatten)]
    to: Growing,
    /// Worlds of every wave, instead of the number in the file.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=5_000))]
    points: Option<u32>,
    #[command(flatten)]
    count: Count,
    /// Waves, instead of the number in the file.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    waves: Option<u32>,
    #[command(flatten)]
    seed: FileSeed,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
}

/// The folder of a command that writes several sweeps: a new one, or one to go on with.
pub fn folder(out: &Path, resume: bool) -> Result<(), Failure> {
    let there = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if !resume && (there || out.symlink_metadata().is_ok_and(|about| !about.is_dir())) {
        return Err(Failure::bad_input(format!(
            "{} exists already; --resume goes on with what is in it, and another --out begins anew",
            out.display()
        )));
    }
    std::fs::create_dir_all(out).map_err(|error| {
        Failure::Machine(format!("error: cannot create {}: {error}", out.display()))
    })
}

/// Runs the command.
pub fn find_worlds(arguments: &MatchArguments) -> Result<(), Failure> {
    let started = Started::now();
    let stated = Instead {
        seed: arguments.seed.seed,
        points: arguments.points,
        replications: arguments.count.replications,
        waves: arguments.waves,
    };
    let study = MatchStudy::load(&arguments.evidence, stated, &arguments.set.overrides)
        .map_err(|error| instead(&arguments.evidence, FileKind::Evidence, error))?;
    folder(&arguments.to.out, arguments.to.resume)?;
    let later = arguments
        .to
        .out
        .join(format!("wave-{}", study.file.waves + 1));
    if later.exists() {
        return Err(Failure::bad_input(format!(
            "{} has more than {} waves; expected as many at least, as worlds of later waves would be left out",
            arguments.to.out.display(),
            study.file.waves
        )));
    }
    let jobs = arguments.jobs.count();
    let mut matching = Matching::new(study.course());
    let mut names: Vec<String> = Vec::new();
    let mut written = None;
    let mut left_out = 0;
    for wave in 1..=study.file.waves {
        let points = matching
            .ask(|point| study.ground.sound(point, &study.columns))
            .map_err(Failure::bad_input)?;
        if wave == 1 {
            // Later waves take others in their place.
            left_out = (study.course().points as usize).saturating_sub(points.len());
        }
        let mut cells: Vec<(String, Option<Point>)> = points
            .into_iter()
            .enumerate()
            .map(|(number, point)| (format!("w{wave}-{:04}", number + 1), Some(point)))
            .collect();
        if wave == 1 {
            // What is run everywhere else is held to the same evidence.
            cells.insert(0, ("as-written".to_owned(), None));
        }
        let plan = study.ground.plan(&cells)?;
        let mut sums = vec![vec![RatioSums::default(); study.file.evidence.len()]; cells.len()];
        let place = arguments.to.out.join(format!("wave-{wave}"));
        let drawn = cells.iter().filter(|(_, point)| point.is_some()).count();
        let besides = match drawn < cells.len() {
            true => " and the scenario as written",
            false => "",
        };
        tell(&format!(
            "Wave {wave}: {drawn} worlds{besides}, {} replications each.",
            study.file.replications
        ));
        fly_plan(&plan, &place, jobs, |block| {
            for (sums, outcome) in sums.iter_mut().zip(&block.outcomes) {
                if let Outcome::Flown(summary) = outcome {
                    for (sums, (above, below)) in sums.iter_mut().zip(study.sample(summary)) {
                        sums.add(above, below);
                    }
                }
            }
        })?;
        let found =
            |sums: &Vec<RatioSums>| -> Vec<Option<Found>> { sums.iter().map(Found::of).collect() };
        let mut told = Vec::new();
        for ((name, point), sums) in cells.into_iter().zip(&sums) {
            match point {
                Some(point) => {
                    names.push(name);
                    told.push((point, found(sums)));
                }
                None => written = Some(found(sums)),
            }
        }
        matching.tell(told);
        tell(&format!(
            "Wave {wave}: {} of {} worlds are left of all that were run.",
            matching.left().count(),
            matching.flown().len()
        ));
    }
    let replications = study.file.replications;
    let progress = Progress {
        asked: replications,
        done: replications,
        ended: Ended::Finished,
    };
    let flown = matching.flown().len() as u64 * replications;
    let note = RunNote::new(&started, jobs, flown, progress);
    write_match(
        &arguments.to.out,
        &study,
        &matching,
        &names,
        written.as_deref(),
        &note,
    )?;
    arguments.form.print(
        || told(arguments, &study, &matching, written.as_deref(), left_out),
        || {
            let files = [WORLDS, EVIDENCE, RANGES].map(|file| file.name);
            let mut object = tables(&arguments.to.out, &files)?;
            object["title"] = Json::from(study.file.title.as_str());
            object["seed"] = Json::from(study.file.seed);
            object["caveat"] = Json::from(CAVEAT);
            Ok(object)
        },
    )
}

/// A place along an assumption, 0 to 1, as a value.
pub fn place_words(axis: &Axis, at: f64) -> String {
    match axis.domain.at(at) {
        Coordinate::Value(value) => readable(value),
        level => axis.label(level),
    }
}

/// What is printed.
fn told(
    arguments: &MatchArguments,
    study: &MatchStudy,
    matching: &Matching,
    written: Option<&[Option<Found>]>,
    left_out: usize,
) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let flown = matching.flown();
    let left = matching.left().count();
    line(&study.file.title);
    line(&format!(
        "seed {}, {} assumptions, {} waves, {} worlds of {} replications",
        study.file.seed,
        study.ground.axes.len(),
        study.file.waves,
        flown.len(),
        study.file.replications
    ));
    if left_out > 0 {
        line(&format!(
            "{} made no sound scenario and were left out: `deconflict check` of an end of a range says why.",
            counted(left_out as f64, "point")
        ));
    }
    line("");
    let held = matching.held(written);
    for (one, held) in study.file.evidence.iter().zip(&held) {
        let among = held.left.map_or(String::new(), |[least, _, most]| {
            format!(
                "; among those left {} to {}",
                readable(least),
                readable(most)
            )
        });
        let here = held.written.map_or(
            "; it does not occur in the scenario as written".to_owned(),
            |(estimate, far)| {
                let verdict = if far > study.file.cutoff {
                    ", ruled out"
                } else {
                    ""
                };
                format!(
                    "; as written {} (implausibility {}{verdict})",
                    readable(estimate),
                    readable(far)
                )
            },
        );
        line(&format!(
            "{}: {} to {}. Rules out {} of {} worlds{here}{among}.",
            one.name,
            readable(one.low),
            readable(one.high),
            held.ruled_out,
            flown.len()
        ));
    }
    line("");
    let as_written = written.is_some_and(|found| matching.keeps(found));
    if left == 0 && as_written {
        line(&format!(
            "No world of {} is left, but the scenario as written is not ruled out: what holds lies near it, and is too little of these ranges \
             for so few worlds. More of them, or ranges about what is written, may find some; the nearest are in worlds.csv.",
            flown.len()
        ));
    } else if left == 0 {
        line(&format!(
            "No world of {} is left: within these ranges the model contradicts the evidence, or one piece of it another. What it \
             lacks, or which range is too narrow, is the next question; the nearest worlds are in worlds.csv.",
            flown.len()
        ));
    } else {
        line(&format!(
            "{left} of {} worlds are not ruled out.",
            flown.len()
        ));
        let ranges = matching.ranges(&study.ground.axes);
        let mut narrowed = ranges.iter().filter(|range| range.narrowed).peekable();
        if narrowed.peek().is_some() {
            line("Less of these ranges is left in them than by chance:");
        }
        for range in narrowed {
            let axis = &study.ground.axes[range.axis];
            let [low, _, high] = range.places.map(|place| place_words(axis, place));
            line(&format!("  {}: {low} to {high}", axis.assumption.name));
        }
    }
    line("");
    line(CAVEAT);
    let out = quoted(&arguments.to.out.display().to_string());
    line(&format!("\nWritten to {}.", arguments.to.out.display()));
    line(&format!(
        "Next: deconflict report {out}   (the results as one page, with figures)"
    ));
    if left > 0 {
        line(&format!(
            "      --worlds {out}/{WORLDS_TOML} with sweep, compare, prevent, tune or screen says what holds in all of them"
        ));
    }
    text
}
