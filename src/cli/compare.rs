//! `deconflict compare`: two scenarios with common random numbers, or two results run with it.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::block::Outcome;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::replicate::replicate;
use deconflict::experiment::rule::joint;
use deconflict::experiment::sweep::run_blocks;
use deconflict::experiment::worlds::Axis;
use deconflict::experiment::worlds::file::Worlds;
use deconflict::experiment::worlds::marks::Mark;
use deconflict::measure::{Columns, Summary};
use deconflict::output::{
    Notation, OutputError, StoredRun, Trust, readable, sentence, write_comparison,
};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, MODEL};
use deconflict::statistics::estimate::{Comparison, Method};
use deconflict::statistics::pairs::Pairs;
use serde_json::{Map, Value as Json, json};

use super::host::{go_on, perhaps_short, told_short};
use super::json::rows_of;
use super::matching::place_words;
use super::options::{AsJson, Count, FileSeed, InWorlds, Jobs, Level, Out, Set, Trusting};
use super::progress::Bar;
use super::subject::{folder_and_cell, instead, quoted};
use super::{Failure, did_you_mean};

/// Arguments of `deconflict compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict compare scenarios/nov-2019-baseline.toml scenarios/nov-2019-agreement.toml --replications 1000
      run both with common random numbers
  deconflict compare scenarios/nov-2019-baseline.toml scenarios/nov-2019-baseline.toml \\
      --set-b rules.weapons_control.status=hold
      the same scenario with one value changed
  deconflict compare results/baseline results/agreed
      two run folders of the same seed, replication by replication
  deconflict compare results/agreement:baseline results/agreement:everybody --out results/everybody.csv
      two cells of a sweep, every measure written as CSV
  deconflict compare scenarios/nov-2019-baseline.toml scenarios/nov-2019-agreement.toml --worlds worlds.toml
      also in every world that evidence does not rule out: what holds there, and what overturns it")]
pub struct CompareArguments {
    /// What to compare with: a scenario file, a run folder, or a cell of a sweep as DIR:CELL.
    reference: String,
    /// What is compared: the same.
    other: String,
    /// Set a value of the first scenario alone; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    set_a: Vec<String>,
    /// Set a value of the second scenario alone; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    set_b: Vec<String>,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    count: Count,
    #[command(flatten)]
    seed: FileSeed,
    /// Show this measure; may be repeated. Without it, the main ones.
    #[arg(short, long = "measure", value_name = "M")]
    measures: Vec<String>,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    level: Level,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    other_worlds: InWorlds,
}

/// One side of a comparison.
enum Source {
    Scenario(Box<Scenario>),
    Stored(Box<StoredRun>),
}

impl Source {
    fn open(text: &str, set: &[String], trust: Trust) -> Result<Source, Failure> {
        let path = Path::new(text);
        let (folder, cell) = folder_and_cell(path);
        if folder.is_dir() {
            if let Some(first) = set.first() {
                return Err(Failure::bad_input(format!(
                    "{first:?} cannot be set in {text}: results were run as they are; expected a scenario"
                )));
            }
            let stored = StoredRun::open(&folder, cell.as_deref(), trust)?;
            return Ok(Source::Stored(Box::new(stored)));
        }
        let scenario =
            Scenario::load(path, set).map_err(|error| instead(path, FileKind::Scenario, error))?;
        Ok(Source::Scenario(Box::new(scenario)))
    }

    fn scenario(&self) -> &Scenario {
        match self {
            Source::Scenario(scenario) => scenario,
            Source::Stored(stored) => &stored.scenario,
        }
    }
}

/// Runs the command.
pub fn compare(arguments: &CompareArguments) -> Result<(), Failure> {
    // Said before anything is run.
    arguments.out.refuse_taken()?;
    let sets = [&arguments.set_a, &arguments.set_b]
        .map(|own| [&arguments.set.overrides[..], own].concat());
    let named = [
        (&arguments.reference, &sets[0]),
        (&arguments.other, &sets[1]),
    ]
    .map(|(name, set)| {
        let set = set.iter().map(|set| format!(" --set {}", quoted(set)));
        format!("{name}{}", set.collect::<String>())
    });
    let names = [&named[0], &named[1]];
    let trust = arguments.trusting.trust();
    let sources = [
        Source::open(&arguments.reference, &sets[0], trust)?,
        Source::open(&arguments.other, &sets[1], trust)?,
    ];
    let columns = [0, 1].map(|side| Columns::new(&sources[side].scenario().cast));
    let mut pairs = Pairs::new(&columns[0], &columns[1]);
    let shown = measures(arguments, &pairs)?;
    let robustness_set = match &arguments.other_worlds.worlds {
        Some(path) => Some(RobustnessSet::new(path, &sources, names)?),
        None => None,
    };
    let PairedUp {
        left_out,
        of,
        failed,
    } = pair_up(arguments, &sources, &columns, &mut pairs)?;
    if pairs.n() == 0 {
        if let Some(failed) = failed {
            return Err(failed);
        }
        return Err(Failure::bad_input(format!(
            "{} and {} have no replication in common",
            names[0], names[1]
        )));
    }

    if let Some(path) = &arguments.out.out {
        let sides = [names[0].as_str(), names[1].as_str()];
        write_comparison(
            path,
            arguments.out.force,
            sides,
            &pairs,
            arguments.level.confidence,
        )?;
    }
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    line(&format!(
        "{} against {}, {} paired replications:",
        names[1],
        names[0],
        pairs.n()
    ));
    // What could not happen in either is worth a line only where it was asked for.
    let worth = |measure: &&String| {
        let compared = pairs.compare(measure, arguments.level.confidence);
        compared.is_some_and(|compared| compared.difference.method != Method::None)
            || !arguments.measures.is_empty()
    };
    let shown: Vec<&String> = shown.iter().filter(worth).collect();
    let each = joint(arguments.level.confidence, shown.len());
    let flown = match &robustness_set {
        Some(robustness_set) => robustness_set.fly(arguments, pairs.n())?,
        None => Vec::new(),
    };
    for measure in &shown {
        if let Some(compared) = pairs.compare(measure, each) {
            line(&format!(
                "  {}",
                sentence(measure, Notation::of(measure), &compared)
            ));
            if let Some(robustness_set) = &robustness_set {
                let words = robustness_set.mark(measure, &compared, &flown, each);
                line(&format!("    {words}"));
            }
        }
    }
    match &robustness_set {
        Some(robustness_set) => line(&format!(
            "Worlds: the {} of {}, {} replications in each.",
            robustness_set.names.len(),
            robustness_set.path.display(),
            flown.first().map_or(0, Pairs::n)
        )),
        None => line(ONE_WORLD),
    }
    if shown.len() > 1 {
        line(&format!(
            "The {} comparisons hold together with {} %: each has intervals of {:.2} % (Bonferroni).",
            shown.len(),
            readable(arguments.level.confidence * 100.0),
            each * 100.0
        ));
    }
    if left_out > 0 {
        line(&format!(
            "{left_out} replications are on one side alone and were left out."
        ));
    }
    line("");
    match &arguments.out.out {
        Some(path) => line(&format!("Every measure is in {}.", path.display())),
        None => {
            line("Next: --out FILE.csv writes every measure; --measure NAME shows another one.")
        }
    }
    arguments.form.print(
        || text,
        || {
            let sides = [names[0].as_str(), names[1].as_str()];
            let rows = rows_of(|path| {
                write_comparison(path, true, sides, &pairs, arguments.level.confidence)
            })?;
            let marks: Map<String, Json> = shown
                .iter()
                .filter_map(|measure| {
                    let compared = pairs.compare(measure, each)?;
                    let words = robustness_set
                        .as_ref()?
                        .mark(measure, &compared, &flown, each);
                    Some(((*measure).clone(), Json::from(words)))
                })
                .collect();
            Ok(json!({
                "reference": names[0],
                "other": names[1],
                "replications": pairs.n(),
                "left_out": left_out,
                "pairs": rows,
                "worlds": marks,
            }))
        },
    )?;
    let flown = pairs.n() + left_out;
    if flown < of {
        return Err(told_short(flown, of, arguments.out.out.as_deref(), failed));
    }
    Ok(())
}

/// Said where nothing was run in other worlds.
pub const ONE_WORLD: &str = "Said of one world, the scenario as written; with --worlds FILE (deconflict match) it says in how many others it holds.";

/// Two scenarios in other worlds.
struct RobustnessSet {
    path: PathBuf,
    names: Vec<String>,
    /// By world, both sides.
    scenarios: Vec<[Scenario; 2]>,
    /// By world, where each assumption stands.
    along: Vec<Vec<f64>>,
    /// The assumptions.
    axes: Vec<(String, Option<Axis>)>,
}

impl RobustnessSet {
    fn new(
        path: &Path,
        sources: &[Source; 2],
        names: [&String; 2],
    ) -> Result<RobustnessSet, Failure> {
        if sources
            .iter()
            .any(|source| matches!(source, Source::Stored(_)))
        {
            return Err(Failure::bad_input(
                "--worlds belongs to two scenarios; results were run in worlds of their own",
            ));
        }
        let worlds = Worlds::load(path)?;
        let one = worlds.lay_over(sources[0].scenario(), names[0])?;
        let other = worlds.lay_over(sources[1].scenario(), names[1])?;
        let known: Vec<Axis> = Axis::all(&sources[0].scenario().register);
        let (axes, along) = worlds.along();
        let axes = axes.into_iter().map(|name| {
            let axis = known.iter().find(|axis| axis.assumption.name == name);
            (name, axis.cloned())
        });
        Ok(RobustnessSet {
            path: path.to_owned(),
            names: worlds.names().map(str::to_owned).collect(),
            scenarios: one
                .into_iter()
                .zip(other)
                .map(|(one, other)| [one, other])
                .collect(),
            along,
            axes: axes.collect(),
        })
    }

    /// The pairs of every world, with the random numbers of the scenarios as written.
    fn fly(&self, arguments: &CompareArguments, count: u64) -> Result<Vec<Pairs>, Failure> {
        let seed = arguments.seed.seed.unwrap_or(1);
        let jobs = arguments.jobs.count();
        let cells: Vec<(&Scenario, Columns)> = self
            .scenarios
            .iter()
            .flatten()
            .map(|scenario| (scenario, Columns::new(&scenario.cast)))
            .collect();
        let mut pairs: Vec<Pairs> = cells
            .chunks_exact(2)
            .map(|two| Pairs::new(&two[0].1, &two[1].1))
            .collect();
        let engine = Engine::of_rule_sets(jobs);
        let bar = Bar::of_replications(count);
        let flown = run_blocks(
            cells.len(),
            0..count,
            jobs,
            || false,
            |cell, index| {
                let (scenario, columns) = &cells[cell];
                let replication = Replication { seed, index };
                columns.measure(&engine.simulate(scenario, replication, Detail::Measures))
            },
            |block| {
                bar.inc(1);
                for (pairs, two) in pairs.iter_mut().zip(block.outcomes.chunks_exact(2)) {
                    match two {
                        [Outcome::Flown(first), Outcome::Flown(second)] => pairs.add(first, second),
                        outcomes => return Err(failed(arguments, seed, block.index, outcomes)),
                    }
                }
                go_on(block.index + 1)?;
                Ok(ControlFlow::Continue(()))
            },
        );
        bar.finish();
        flown?;
        Ok(pairs)
    }

    /// In how many worlds a comparison holds, in words.
    fn mark(&self, measure: &str, said: &Comparison, flown: &[Pairs], confidence: f64) -> String {
        let worlds: Vec<Comparison> = flown
            .iter()
            .filter_map(|pairs| pairs.compare(measure, confidence))
            .collect();
        let mark = Mark::of(Some(said), &worlds, &self.along, confidence);
        let notation = Notation::of(measure);
        let [from, to, mean] = [mark.from, mark.to, mark.mean].map(|by| notation.change(by));
        let span = match mark.of {
            0 => String::new(),
            _ => format!("; differences {from} to {to}, {mean} in the mean"),
        };
        let words = mark.words(|assumption, at| {
            let (name, axis) = &self.axes[assumption];
            match axis {
                Some(axis) => {
                    let written = axis.written().map_or(String::new(), |at| {
                        format!(" (as written {})", place_words(axis, axis.unit(at)))
                    });
                    format!("{name} at about {}{written}", place_words(axis, at))
                }
                None => format!("{name}, {} % along its range", readable(at * 100.0)),
            }
        });
        format!("{words}{span}")
    }
}

/// The measures to show: those asked for, or the main ones.
fn measures(arguments: &CompareArguments, pairs: &Pairs) -> Result<Vec<String>, Failure> {
    let known: Vec<&str> = pairs.names().collect();
    for name in &arguments.measures {
        if !known.contains(&name.as_str()) {
            let near = did_you_mean(name, known.iter().copied());
            return Err(Failure::bad_input(format!(
                "there is no measure {name:?} in both{near}; `deconflict columns` lists them"
            )));
        }
    }
    if !arguments.measures.is_empty() {
        return Ok(arguments.measures.clone());
    }
    let main = |name: &&str| {
        [
            "any_wrong_kill",
            "wrong_share_of_shots",
            "leaked",
            "separation_losses_per_replication",
            "plan_deliveries_per_replication",
        ]
        .contains(name)
            || name.starts_with("lost_per_sortie[side=")
    };
    Ok(known.into_iter().filter(main).map(str::to_owned).collect())
}

/// What was made by different models differs by more than what is compared.
fn one_model([first, second]: [u32; 2]) -> Result<(), String> {
    if first == second {
        return Ok(());
    }
    Err(format!(
        "the first side is of version {first} of the model, the second of version {second}: they are not compared; \
         run the older one again (`deconflict run`, or `sweep`)"
    ))
}

/// What became of the replications of two sides.
struct PairedUp {
    /// On one side alone.
    left_out: u64,
    /// How many were to be run; none if both sides were.
    of: u64,
    /// What ended it early, if it was not the user.
    failed: Option<Failure>,
}

/// Adds every replication that both sides have.
fn pair_up(
    arguments: &CompareArguments,
    sources: &[Source; 2],
    columns: &[Columns; 2],
    pairs: &mut Pairs,
) -> Result<PairedUp, Failure> {
    let model = |source: &Source| match source {
        Source::Scenario(_) => MODEL,
        Source::Stored(stored) => stored.model,
    };
    one_model([model(&sources[0]), model(&sources[1])]).map_err(Failure::bad_input)?;
    let jobs = arguments.jobs.count();
    let engine = Engine::of_rule_sets(jobs);
    let fly = |scenario: &Scenario, columns: &Columns, seed: u64, index: u64| -> Summary {
        columns.measure(&engine.simulate(scenario, Replication { seed, index }, Detail::Measures))
    };
    let fixed = |what: &str| {
        Failure::bad_input(format!(
            "{what} belongs to two scenarios; results bring their own"
        ))
    };
    match sources {
        [Source::Scenario(one), Source::Scenario(two)] => {
            let count = arguments.count.replications.unwrap_or(one.replications);
            let seed = arguments.seed.seed.unwrap_or(1);
            let bar = Bar::of_replications(count);
            let scenarios = [one, two];
            let flown = run_blocks(
                2,
                0..count,
                jobs,
                || false,
                |side, index| fly(scenarios[side], &columns[side], seed, index),
                |block| {
                    bar.inc(1);
                    match &block.outcomes[..] {
                        [Outcome::Flown(first), Outcome::Flown(second)] => {
                            pairs.add(first, second);
                            Ok(match go_on(pairs.n()) {
                                Ok(()) => ControlFlow::Continue(()),
                                Err(_) => ControlFlow::Break(()),
                            })
                        }
                        outcomes => Err(failed(arguments, seed, block.index, outcomes)),
                    }
                },
            );
            bar.finish();
            flown?;
            Ok(PairedUp {
                left_out: 0,
                of: count,
                failed: None,
            })
        }
        _ if arguments.count.replications.is_some() => Err(fixed("--replications")),
        _ if arguments.seed.seed.is_some() => Err(fixed("--seed")),
        [Source::Stored(one), Source::Stored(two)] => {
            if one.seed != two.seed {
                return Err(Failure::bad_input(format!(
                    "{} was run with seed {}, {} with {}: they share no random numbers and cannot be paired",
                    arguments.reference, one.seed, arguments.other, two.seed
                )));
            }
            join(one.rows()?, two.rows()?, |first, second| {
                pairs.add(first, second)
            })
        }
        [Source::Stored(stored), Source::Scenario(scenario)] => against(
            stored,
            &quoted(&arguments.other),
            scenario,
            &columns[1],
            jobs,
            fly,
            |there, flown| {
                pairs.add(there, flown);
            },
        ),
        [Source::Scenario(scenario), Source::Stored(stored)] => against(
            stored,
            &quoted(&arguments.reference),
            scenario,
            &columns[0],
            jobs,
            fly,
            |there, flown| {
                pairs.add(flown, there);
            },
        ),
    }
}

/// What is said of a replication that failed on one of two sides.
fn failed(arguments: &CompareArguments, seed: u64, index: u64, outcomes: &[Outcome]) -> Failure {
    let names = [&arguments.reference, &arguments.other];
    for (name, outcome) in names.into_iter().zip(outcomes) {
        if let Outcome::Failed(message) = outcome {
            let name = format!("{} --seed {seed}", quoted(name));
            return Failure::replication(&name, seed, index, message);
        }
    }
    Failure::fault()
}

type Row = Result<(u64, Summary), OutputError>;

/// Walks two results in the order of their replications; how many had no partner.
fn join(
    mut first: impl Iterator<Item = Row>,
    mut second: impl Iterator<Item = Row>,
    mut both: impl FnMut(&Summary, &Summary),
) -> Result<PairedUp, Failure> {
    let mut left_out = 0;
    let (mut one, mut two) = (first.next().transpose()?, second.next().transpose()?);
    while let (Some((a, summary)), Some((b, other))) = (&one, &two) {
        let (a, b) = (*a, *b);
        if a == b {
            both(summary, other);
        } else {
            left_out += 1;
        }
        if a <= b {
            one = first.next().transpose()?;
        }
        if b <= a {
            two = second.next().transpose()?;
        }
    }
    left_out += u64::from(one.is_some()) + u64::from(two.is_some());
    left_out += (first.count() + second.count()) as u64;
    Ok(PairedUp {
        left_out,
        of: 0,
        failed: None,
    })
}

/// Runs a scenario with the random numbers of a result.
fn against(
    stored: &StoredRun,
    name: &str,
    scenario: &Scenario,
    columns: &Columns,
    jobs: usize,
    fly: impl Fn(&Scenario, &Columns, u64, u64) -> Summary + Sync,
    mut both: impl FnMut(&Summary, &Summary),
) -> Result<PairedUp, Failure> {
    let range = stored.first_replication..stored.first_replication + stored.replications;
    let bar = Bar::of_replications(stored.replications);
    let mut rows = stored.rows()?.peekable();
    let (mut taken, mut left_out) = (0, 0);
    let flown = replicate(
        stored.seed,
        range,
        jobs,
        |replication: Replication| fly(scenario, columns, replication.seed, replication.index),
        |index, summary| {
            bar.inc(1);
            match rows.next_if(|row| !matches!(row, Ok((there, _)) if *there > index)) {
                Some(row) => {
                    both(&row?.1, &summary);
                    taken += 1;
                }
                None => left_out += 1,
            }
            go_on(taken)
        },
    );
    bar.finish();
    let (_, failed) = perhaps_short(flown, name)?;
    Ok(PairedUp {
        left_out,
        of: stored.replications,
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::one_model;

    #[test]
    fn results_of_two_models_are_not_compared() {
        assert_eq!(one_model([2, 2]), Ok(()));
        let said = one_model([1, 2]).unwrap_err();
        assert!(
            said.contains("version 1 of the model, the second of version 2"),
            "{said}"
        );
    }
}
