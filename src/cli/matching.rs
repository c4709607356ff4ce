//! `deconflict match`: which settings of all that is assumed public evidence does not rule out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::block::Outcome;
use deconflict::experiment::design::{Coordinate, Domain, Point};
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::worlds::Axis;
use deconflict::experiment::worlds::evidence::Found;
use deconflict::experiment::worlds::file::{WorldFile, WorldsFile};
use deconflict::experiment::worlds::matching::{Flown, Matching};
use deconflict::experiment::worlds::study::{Instead, MatchStudy};
use deconflict::output::{Named, OutputError, readable, write_flown, write_worlds};
use deconflict::statistics::estimate::RatioSums;

use super::subject::{instead, quoted};
use super::sweep::fly_plan;
use serde_json::Value as Json;

use super::json::tables;
use super::options::{AsJson, Count, FileSeed, Growing, Jobs, Set};
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

/// What cannot be concluded, said with every set of worlds.
const CAVEAT: &str = "Not ruled out is not confirmed: this is no posterior and no estimate of anything real. Worlds in which \
nothing flew that the bands speak about are left as well, and so would be worlds that nobody thought of. Ask which conclusions \
hold in every one of them.";

/// The folder of a command that writes several sweeps: a new one, or one to go on with.
pub fn folder(out: &Path, resume: bool) -> Result<(), Failure> {
    let there = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if !resume && (there || out.symlink_metadata().is_ok_and(|about| !about.is_dir())) {
        return Err(OutputError::Exists {
            path: out.to_owned(),
        }
        .into());
    }
    std::fs::create_dir_all(out).map_err(|error| {
        Failure::Machine(format!("error: cannot create {}: {error}", out.display()))
    })
}

/// Runs the command.
pub fn find_worlds(arguments: &MatchArguments) -> Result<(), Failure> {
    let stated = Instead {
        seed: arguments.seed.seed,
        points: arguments.points,
        replications: arguments.count.replications,
        waves: arguments.waves,
    };
    let study = MatchStudy::load(&arguments.evidence, stated, &arguments.set.overrides)
        .map_err(|error| instead(&arguments.evidence, FileKind::Evidence, error))?;
    folder(&arguments.to.out, arguments.to.resume)?;
    let jobs = arguments.jobs.count();
    let mut matching = Matching::new(study.course());
    let mut names: Vec<String> = Vec::new();
    let mut written = None;
    for wave in 1..=study.file.waves {
        let points = matching
            .ask(|point| study.ground.sound(point, &study.columns))
            .map_err(Failure::bad_input)?;
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
    keep(arguments, &study, &matching, &names)?;
    arguments.form.print(
        || told(arguments, &study, &matching, written.as_deref()),
        || {
            let mut object = tables(&arguments.to.out, &["worlds.csv"])?;
            object["title"] = Json::from(study.file.title.as_str());
            object["seed"] = Json::from(study.file.seed);
            object["caveat"] = Json::from(CAVEAT);
            Ok(object)
        },
    )
}

/// Writes the files.
fn keep(
    arguments: &MatchArguments,
    study: &MatchStudy,
    matching: &Matching,
    names: &[String],
) -> Result<(), Failure> {
    let evidence: Vec<String> = study
        .file
        .evidence
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let named: Vec<Named<'_>> = names
        .iter()
        .map(String::as_str)
        .zip(matching.flown())
        .collect();
    let out = &arguments.to.out;
    write_flown(
        &out.join("worlds.csv"),
        &study.ground,
        &evidence,
        study.file.cutoff,
        &named,
    )?;
    let axes = &study.ground.axes;
    let world = |world: &Flown| {
        let (implausibility, against) = world.worst();
        let each = || axes.iter().zip(&world.point);
        WorldFile {
            implausibility,
            against: evidence[against].clone(),
            along: each()
                .map(|(axis, &at)| (axis.assumption.name.clone(), axis.unit(at)))
                .collect(),
            settings: each()
                .map(|(axis, &at)| (axis.assumption.name.clone(), axis.label(at)))
                .collect(),
            lay: study.ground.overlay(&world.point),
        }
    };
    let left: BTreeMap<String, WorldFile> = named
        .iter()
        .filter(|(_, flown)| flown.worst().0 <= study.file.cutoff)
        .map(|(name, flown)| ((*name).to_owned(), world(flown)))
        .collect();
    let place = out.join("worlds.toml");
    if left.is_empty() {
        // Of an earlier run that found some.
        if place.is_file() {
            std::fs::remove_file(&place).map_err(|error| {
                Failure::Machine(format!("error: cannot remove {}: {error}", place.display()))
            })?;
        }
        return Ok(());
    }
    let file = WorldsFile {
        title: format!("Worlds not ruled out: {}", study.file.title),
        caveat: CAVEAT.to_owned(),
        simulated: matching.flown().len() as u64,
        worlds: left,
    };
    let head = "# Made by `deconflict match`. Each world lays a piece over the scenario that it was found with.\n\n";
    Ok(write_worlds(&place, head, &file)?)
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
) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let flown = matching.flown();
    let left: Vec<&Flown> = matching.left().collect();
    line(&study.file.title);
    line(&format!(
        "seed {}, {} assumptions, {} waves, {} worlds of {} replications",
        study.file.seed,
        study.ground.axes.len(),
        study.file.waves,
        flown.len(),
        study.file.replications
    ));
    line("");
    let course = study.course();
    for (number, one) in study.file.evidence.iter().enumerate() {
        let against = flown
            .iter()
            .filter(|world| world.implausibility[number] > study.file.cutoff)
            .count();
        let seen: Vec<f64> = left
            .iter()
            .filter_map(|world| world.found[number].map(|found| found.estimate))
            .collect();
        let ends = |of: fn(f64, f64) -> f64, from: f64| seen.iter().copied().fold(from, of);
        let among = match seen.is_empty() {
            true => String::new(),
            false => format!(
                "; among those left {} to {}",
                readable(ends(f64::min, f64::INFINITY)),
                readable(ends(f64::max, 0.0))
            ),
        };
        let here = written.and_then(|found| found[number]).map_or(
            "; it does not occur in the scenario as written".to_owned(),
            |found| {
                let far = course.bands[number].implausibility(Some(found));
                let verdict = if far > study.file.cutoff {
                    ", ruled out"
                } else {
                    ""
                };
                format!(
                    "; as written {} (implausibility {}{verdict})",
                    readable(found.estimate),
                    readable(far)
                )
            },
        );
        line(&format!(
            "{}: {} to {}. Rules out {against} of {} worlds{here}{among}.",
            one.name,
            readable(one.low),
            readable(one.high),
            flown.len()
        ));
    }
    line("");
    let as_written = written.is_some_and(|found| {
        let mut bands = course.bands.iter().zip(found);
        bands.all(|(band, found)| band.implausibility(*found) <= study.file.cutoff)
    });
    if left.is_empty() && as_written {
        line(&format!(
            "No world of {} is left, but the scenario as written is not ruled out: what holds lies near it, and is too little of these ranges \
             for so few worlds. More of them, or ranges about what is written, may find some; the nearest are in worlds.csv.",
            flown.len()
        ));
    } else if left.is_empty() {
        line(&format!(
            "No world of {} is left: within these ranges the model contradicts the evidence, or one piece of it another. What it \
             lacks, or which range is too narrow, is the next question; the nearest worlds are in worlds.csv.",
            flown.len()
        ));
    } else {
        line(&format!(
            "{} of {} worlds are not ruled out.",
            left.len(),
            flown.len()
        ));
        let narrowed: Vec<String> = study
            .ground
            .axes
            .iter()
            .enumerate()
            .filter_map(|(number, axis)| {
                let along = left.iter().map(|world| axis.unit(world.point[number]));
                let (low, high) = along.fold((1.0_f64, 0.0_f64), |(low, high), at| {
                    (low.min(at), high.max(at))
                });
                // What so many worlds would do if the evidence said nothing of it.
                let m = left.len() as f64;
                let width = high - low;
                let chance = m * width.powf(m - 1.0) - (m - 1.0) * width.powf(m);
                let least = 0.05 / study.ground.axes.len() as f64;
                let levels = matches!(axis.domain, Domain::Levels(_));
                (!levels && left.len() > 1 && chance < least).then(|| {
                    format!(
                        "  {}: {} to {}",
                        axis.assumption.name,
                        place_words(axis, low),
                        place_words(axis, high)
                    )
                })
            })
            .collect();
        if !narrowed.is_empty() {
            line("Less of these ranges is left in them than by chance:");
            narrowed.iter().for_each(|words| line(words));
        }
    }
    line("");
    line(CAVEAT);
    let out = quoted(&arguments.to.out.display().to_string());
    line(&format!("\nWritten to {}.", arguments.to.out.display()));
    if !left.is_empty() {
        line(&format!(
            "Next: --worlds {out}/worlds.toml with sweep, compare, prevent, tune or screen says what holds in all of them"
        ));
    }
    text
}
