//! `deconflict screen`: which assumptions matter.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use deconflict::experiment::block::Outcome;
use deconflict::experiment::design::Point;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::worlds::file::Worlds;
use deconflict::experiment::worlds::plan::Ground;
use deconflict::experiment::worlds::screening::{Crossed, Effect, Radial};
use deconflict::measure::Columns;
use deconflict::output::{Ended, Progress, Screened, Screening, readable, write_screen};
use deconflict::scenario::Scenario;
use deconflict::statistics::estimate::{PairedSums, RatioSums};

use super::host::{RunNote, Started};
use super::json::tables;
use super::matching::folder;
use super::options::{AsJson, Growing, Jobs, Level, Set};
use super::subject::{instead, quoted};
use super::sweep::fly_plan;
use super::{Failure, did_you_mean, tell};

/// Arguments of `deconflict screen`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict screen scenarios/nov-2019-busy.toml --measure any_wrong_kill --out results/screened
      move every assumption of the register alone, from ten places; then split the variance among the few
  deconflict screen scenarios/nov-2019-busy.toml --measure leaked --worlds worlds.toml --out results/screened
      from the worlds that evidence does not rule out
  deconflict screen scenarios/nov-2019-busy.toml --measure leaked --out results/screened --few 0
      elementary effects alone

Exit code: 0 done, 1 failed, 2 bad input, 130 interrupted.")]
pub struct ScreenArguments {
    /// Scenario file (TOML).
    scenario: PathBuf,
    #[command(flatten)]
    to: Growing,
    /// What is looked at; may be repeated. The few are those that matter most to the first.
    #[arg(short, long = "measure", value_name = "M", required = true)]
    measures: Vec<String>,
    /// Places from which every assumption is moved alone.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=1000))]
    bases: u32,
    /// Assumptions among which the variance is split; 0 leaves that out.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=20))]
    few: u8,
    /// Rows of the design for that; best a power of two.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(8..=8192))]
    rows: u32,
    /// Replications of every point.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    replications: u64,
    /// Move the assumptions from each of the worlds of this file (see `deconflict match`) instead of from places all over
    /// the ranges.
    #[arg(long, value_name = "FILE")]
    worlds: Option<PathBuf>,
    /// Seed of the designs and of all random numbers.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    level: Level,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
}

/// Values of the measures at the points of a design, and the standard errors of those.
struct Values {
    /// By measure, then by point; NaN where there is nothing to divide by or the point is no sound scenario.
    at: Vec<Vec<f64>>,
    errors: Vec<Vec<f64>>,
    /// The same of the difference of a point and its base; NaN for points that have none.
    apart: Vec<Vec<f64>>,
    /// Points that make no sound scenario.
    unsound: usize,
    /// Replications of all others together.
    flown: u64,
}

/// Runs a design as a sweep in a folder of its own.
fn fly(
    arguments: &ScreenArguments,
    ground: &Ground,
    columns: &Columns,
    step: &str,
    points: &[Point],
    base: impl Fn(usize) -> Option<usize>,
) -> Result<Values, Failure> {
    let sound: Vec<bool> = points
        .iter()
        .map(|point| ground.sound(point, columns))
        .collect();
    let cells: Vec<(String, Option<Point>)> = points
        .iter()
        .zip(&sound)
        .enumerate()
        .filter(|(_, (_, sound))| **sound)
        .map(|(number, (point, _))| (format!("p{:05}", number + 1), Some(point.clone())))
        .collect();
    let unsound = points.len() - cells.len();
    tell(&format!(
        "{step}: {} points, {} replications each.",
        cells.len(),
        arguments.replications
    ));
    let plan = ground.plan(&cells)?;
    let wanted: Vec<(usize, Option<usize>)> = arguments
        .measures
        .iter()
        .filter_map(|name| columns.derived().iter().find(|one| one.name == *name))
        .map(|one| (one.numerator, one.denominator))
        .collect();
    let mut sums = vec![vec![RatioSums::default(); cells.len()]; wanted.len()];
    // Of the sound points, which cell each is, and which that of its base.
    let place = |point: usize| sound[..point].iter().filter(|sound| **sound).count();
    let flown: Vec<usize> = (0..points.len()).filter(|&point| sound[point]).collect();
    let bases: Vec<Option<usize>> = (flown.iter())
        .map(|&point| base(point).filter(|&base| sound[base]).map(place))
        .collect();
    let mut pairs = vec![vec![PairedSums::default(); cells.len()]; wanted.len()];
    let jobs = arguments.jobs.count();
    fly_plan(&plan, &arguments.to.out.join(step), jobs, |block| {
        let sample =
            |cell: usize, &(above, below): &(usize, Option<usize>)| match &block.outcomes[cell] {
                Outcome::Flown(summary) => Some((
                    summary.values[above],
                    below.map_or(1.0, |column| summary.values[column]),
                )),
                _ => None,
            };
        for cell in 0..block.outcomes.len() {
            for (number, wanted) in wanted.iter().enumerate() {
                let Some(here) = sample(cell, wanted) else {
                    continue;
                };
                sums[number][cell].add(here.0, here.1);
                if let Some(there) = bases[cell].and_then(|base| sample(base, wanted)) {
                    pairs[number][cell].add(there, here);
                }
            }
        }
    })?;
    let spread = |values: Vec<f64>| -> Vec<f64> {
        let mut flown = values.into_iter();
        let each = sound.iter();
        each.map(|sound| match sound {
            true => flown.next().unwrap_or(f64::NAN),
            false => f64::NAN,
        })
        .collect()
    };
    let of = |value: fn(&RatioSums) -> f64| -> Vec<Vec<f64>> {
        let values = sums.iter().map(|sums| sums.iter().map(value).collect());
        values.map(spread).collect()
    };
    let apart = pairs.iter().map(|pairs| {
        let errors = pairs.iter().zip(&bases).map(|(pair, base)| match base {
            Some(_) => pair.error(),
            None => f64::NAN,
        });
        spread(errors.collect())
    });
    Ok(Values {
        at: of(RatioSums::ratio),
        errors: of(|sums| sums.variance().sqrt()),
        apart: apart.collect(),
        unsound,
        flown: cells.len() as u64 * arguments.replications,
    })
}

/// Runs the command.
pub fn screen(arguments: &ScreenArguments) -> Result<(), Failure> {
    let started = Started::now();
    let scenario = Scenario::load(&arguments.scenario, &arguments.set.overrides)
        .map_err(|error| instead(&arguments.scenario, FileKind::Scenario, error))?;
    let columns = Columns::new(&scenario.cast);
    for name in &arguments.measures {
        if !columns.derived().iter().any(|one| one.name == *name) {
            let known = columns.derived().iter().map(|one| one.name.as_str());
            let near = did_you_mean(name, known);
            return Err(Failure::bad_input(format!(
                "there is no measure {name:?} in this scenario{near}; `deconflict columns` lists them"
            )));
        }
    }
    let title = format!("Screening of {}", scenario.file.title.as_str());
    let mut ground = Ground::of(&scenario, title, arguments.seed, arguments.replications);
    ground.measures.clone_from(&arguments.measures);
    if ground.axes.is_empty() {
        return Err(Failure::bad_input(format!(
            "{} states no range of any value; `deconflict assumptions` says what is stated",
            arguments.scenario.display()
        )));
    }
    let domains = ground.domains();
    let design = match &arguments.worlds {
        None => Radial::new(&domains, arguments.bases, arguments.seed),
        Some(path) => {
            let worlds = Worlds::load(path)?;
            let mut bases = Vec::new();
            for (name, world) in &worlds.file.worlds {
                let units: Option<Vec<f64>> = ground
                    .axes
                    .iter()
                    .map(|axis| world.along.get(&axis.assumption.name).copied())
                    .collect();
                bases.push(units.ok_or_else(|| {
                    Failure::bad_input(format!(
                        "world {name} of {} does not say where every assumption of {} stands; expected worlds that were found with it",
                        path.display(),
                        arguments.scenario.display()
                    ))
                })?);
            }
            Radial::from(&domains, &bases, arguments.seed)
        }
    }
    .map_err(Failure::bad_input)?;
    folder(&arguments.to.out, arguments.to.resume)?;
    let values = fly(
        arguments,
        &ground,
        &columns,
        "effects",
        &design.points,
        |point| design.base(point),
    )?;
    let mut flown = values.flown;
    let effects: Vec<Vec<Effect>> = values
        .at
        .iter()
        .map(|values| design.effects(values, arguments.level.confidence))
        .collect();
    let floors: Vec<Vec<f64>> = (values.apart.iter())
        .map(|errors| {
            let axes = 0..ground.axes.len();
            axes.map(|factor| design.floor(factor, errors)).collect()
        })
        .collect();
    let both = values.at.iter().zip(&values.apart);
    let told_apart: Vec<Vec<bool>> = both
        .map(|(at, errors)| {
            let confidence = arguments.level.confidence;
            design.told(at, errors, arguments.replications, confidence)
        })
        .collect();
    let mut order: Vec<usize> = (0..ground.axes.len()).collect();
    let size = |axis: usize| match effects[0][axis].absolute {
        size if size.is_nan() => -1.0,
        size => size,
    };
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    let mut chosen: Vec<usize> = order
        .iter()
        .copied()
        .filter(|&axis| size(axis) > 0.0)
        .take(usize::from(arguments.few))
        .collect();
    chosen.sort_unstable();
    let mut indices = vec![vec![None; ground.axes.len()]; arguments.measures.len()];
    let mut about = String::new();
    if !chosen.is_empty() {
        let few = Ground {
            axes: chosen
                .iter()
                .map(|&axis| ground.axes[axis].clone())
                .collect(),
            ..ground.clone()
        };
        let crossed = Crossed::new(&few.domains(), arguments.rows, arguments.seed)
            .map_err(Failure::bad_input)?;
        let values = fly(
            arguments,
            &few,
            &columns,
            "indices",
            &crossed.points,
            |_| None,
        )?;
        flown += values.flown;
        for (number, (at, errors)) in values.at.iter().zip(&values.errors).enumerate() {
            let (found, variance) = crossed.indices(at, arguments.level.confidence, arguments.seed);
            if variance == 0.0 {
                let _ = writeln!(
                    about,
                    "{}: it is the same all over the ranges of these {}: there is nothing to share out.",
                    arguments.measures[number],
                    chosen.len()
                );
                continue;
            }
            let known: Vec<f64> = errors.iter().copied().filter(|e| e.is_finite()).collect();
            let noise = known.iter().map(|e| e * e).sum::<f64>() / known.len().max(1) as f64;
            for (found, &axis) in found.into_iter().zip(&chosen) {
                indices[number][axis] = Some(found);
            }
            let _ = writeln!(
                about,
                "{}: over the ranges of these {} its standard deviation is {}; {} % of that variance is at most the noise of {} replications.",
                arguments.measures[number],
                chosen.len(),
                readable(variance.sqrt()),
                readable(100.0 * noise / variance),
                arguments.replications
            );
        }
        if values.unsound > 0 {
            let _ = writeln!(
                about,
                "{} points of {} make no sound scenario, and their rows were left out.",
                values.unsound,
                crossed.points.len()
            );
        }
    }
    let mut rows = Vec::new();
    for (number, measure) in arguments.measures.iter().enumerate() {
        for &axis in &order {
            rows.push(Screened {
                measure: measure.clone(),
                assumption: ground.axes[axis].assumption.name.clone(),
                effect: effects[number][axis],
                floor: floors[number][axis],
                told: told_apart[number][axis],
                indices: indices[number][axis],
            });
        }
    }
    let progress = Progress {
        asked: arguments.replications,
        done: arguments.replications,
        ended: Ended::Finished,
    };
    let note = RunNote::new(&started, arguments.jobs.count(), flown, progress);
    let about_it = Screening {
        title: &ground.title,
        seed: arguments.seed,
        replications: arguments.replications,
        confidence: arguments.level.confidence,
    };
    write_screen(&arguments.to.out, about_it, &rows, &note)?;
    arguments.form.print(
        || told(arguments, &ground, &rows, values.unsound, &about),
        || tables(&arguments.to.out, &["screen.csv"]),
    )
}

/// Most assumptions on the terminal; the file has all.
const SHOWN: usize = 15;

fn told(
    arguments: &ScreenArguments,
    ground: &Ground,
    rows: &[Screened],
    unsound: usize,
    about: &str,
) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    line(&ground.title);
    line(&format!(
        "seed {}, {} assumptions, {} replications of every point with common random numbers",
        arguments.seed,
        ground.axes.len(),
        arguments.replications
    ));
    if unsound > 0 {
        line(&format!(
            "{unsound} points make no sound scenario, and their effects were left out."
        ));
    }
    for measure in &arguments.measures {
        line(&format!(
            "\n{measure}: what moving one assumption over its range does, others anywhere"
        ));
        let mut of: Vec<&Screened> = rows.iter().filter(|row| row.measure == *measure).collect();
        of.sort_by(|a, b| b.effect.absolute.total_cmp(&a.effect.absolute));
        for row in of.iter().take(SHOWN) {
            let beyond = if row.told {
                ""
            } else {
                ", not told from noise"
            };
            let told = row.indices.filter(|indices| !indices.contradicts());
            let unclear = match row.indices.is_some() && told.is_none() {
                true => "; its share of the variance takes more --rows",
                false => "",
            };
            let share = told.map_or(unclear.to_owned(), |indices| {
                let [first, total] = [indices.first, indices.total].map(|share| {
                    format!(
                        "{} [{}, {}]",
                        readable(share[0]),
                        readable(share[1]),
                        readable(share[2])
                    )
                });
                format!("; of the variance alone {first}, in all {total}")
            });
            line(&format!(
                "  {}: {} [{}, {}]{beyond}{share}",
                row.assumption,
                readable(row.effect.absolute),
                readable(row.effect.low),
                readable(row.effect.high)
            ));
        }
        if of.len() > SHOWN {
            line(&format!(
                "  ... and {} more, in screen.csv",
                of.len() - SHOWN
            ));
        }
    }
    if !about.is_empty() {
        line("");
        line(about.trim_end());
    }
    line(&format!("\nWritten to {}.", arguments.to.out.display()));
    let out = quoted(&arguments.to.out.display().to_string());
    line(&format!(
        "Next: deconflict report {out}   (the results as one page, with figures)"
    ));
    text
}
