//! `deconflict replay`: one replication on a map, as a page that plays it.

use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::inquiry::wrong_shots;
use deconflict::output::folder_of_cell;
use deconflict::platform::trajectory::Trajectory;
use deconflict::record::{Detail, EventLog, Replication};
use deconflict::report::{AS_IT_IS, Flown, ReplayNote, replay_page, without_places, write_page};
use deconflict::scenario::Scenario;
use deconflict::simulation::{simulate, trajectories};
use serde_json::{Value as Json, json};

use super::Failure;
use super::options::{AsJson, refuse_taken};
use super::subject::{SubjectArguments, quoted};

/// Arguments of `deconflict replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict replay scenarios/nov-2019-busy.toml --seed 7 --out replay.html
      replication 0 of seed 7: one file, opens in any browser, needs no network
  deconflict replay scenarios/nov-2019-busy.toml --replication 17 --out 17.html
      the one that `deconflict run ... --replication 17` tells
  deconflict replay scenarios/nov-2019-busy.toml --out hold.html --set-b rules.weapons_control.status=hold
      two rule sets on the same random numbers, side by side on one clock

  deconflict replay --from results/agreement:everybody --replication 17 --out 17.html
      a row of a sweep, and with --set-b beside it what a change would have made of it

The page opens at the first wrong shot; w and W go to the next and the previous
one, space plays, ? tells the other keys. Its address is a link to what it shows:
17.html#t=SECONDS&track=NAME&site=NAME")]
pub struct ReplayArguments {
    #[command(flatten)]
    about: SubjectArguments,
    /// Number of the replication, counted from 0.
    #[arg(long, value_name = "R", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..1_000_000_000))]
    replication: u64,
    /// Set a value in a second rule set, B, run beside the first on the same random numbers; may be repeated.
    #[arg(long = "set-b", value_name = "PATH=VALUE")]
    changes: Vec<String>,
    /// Land to be drawn instead of Natural Earth's, as GeoJSON: polygons and lines.
    #[arg(long, value_name = "GEOJSON")]
    land: Option<PathBuf>,
    /// The page to write.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Replace FILE if it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    form: AsJson,
}

/// A scenario, run.
struct Run {
    name: String,
    scenario: Scenario,
    log: EventLog,
    trajectories: Vec<Trajectory>,
}

impl Run {
    fn fly(arguments: &ReplayArguments, name: String, changes: &[String]) -> Result<Run, Failure> {
        let subject = arguments.about.subject()?;
        let (scenario, seed) = (subject.scenario_with(changes)?, subject.seed);
        let replication = Replication {
            seed,
            index: arguments.replication,
        };
        Ok(Run {
            name,
            log: simulate(&scenario, replication, Detail::Full),
            trajectories: trajectories(&scenario, replication),
            scenario,
        })
    }
}

/// Runs the command.
pub fn replay(arguments: &ReplayArguments) -> Result<(), Failure> {
    let out = &arguments.out;
    refuse_taken(out, arguments.force)?;
    let mut runs = Vec::new();
    if arguments.changes.is_empty() {
        let name = match &arguments.about.cell {
            Some(cell) => format!("cell {cell}"),
            None => AS_IT_IS.to_owned(),
        };
        runs.push(Run::fly(arguments, name, &[])?);
    } else {
        runs.push(Run::fly(arguments, format!("A: {AS_IT_IS}"), &[])?);
        let name = format!("B: {}", arguments.changes.join(", "));
        runs.push(Run::fly(arguments, name, &arguments.changes)?);
    }
    let flown: Vec<Flown> = runs
        .iter()
        .map(|run| Flown {
            name: run.name.clone(),
            scenario: &run.scenario,
            log: &run.log,
            trajectories: &run.trajectories,
        })
        .collect();
    let note = ReplayNote {
        command: shell_line(&without_places(&command(arguments))),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        land: match &arguments.land {
            Some(path) => Some(land(path)?),
            None => None,
        },
    };
    let page = replay_page(&flown, &note).map_err(|why| {
        let path = arguments.land.as_deref().unwrap_or(Path::new(""));
        Failure::bad_input(format!("cannot draw the land of {}: {why}", path.display()))
    })?;
    write_page(out, &page, arguments.force)?;
    let first_wrong_shot = |run: &Run| {
        let shot = wrong_shots(&run.log).first().copied();
        shot.map(|shot| run.log.events[shot].time.seconds())
    };
    arguments.form.print(
        || {
            format!(
                "Written to {} ({} kB): open it in a browser; {}.\n",
                out.display(),
                page.len().div_ceil(1000),
                match runs.iter().any(|run| first_wrong_shot(run).is_some()) {
                    true => "it begins at the first wrong shot",
                    false => "there is no wrong shot in it",
                }
            )
        },
        || {
            let sets = runs.iter().map(|run| {
                json!({
                    "name": run.name,
                    "first_wrong_shot_s": first_wrong_shot(run),
                    "wrong_shots": wrong_shots(&run.log).len(),
                })
            });
            Ok(json!({
                "page": out.display().to_string(),
                "bytes": page.len(),
                "replication": arguments.replication,
                "sets": sets.collect::<Json>(),
            }))
        },
    )
}

/// The text of a file of GeoJSON.
fn land(path: &Path) -> Result<String, Failure> {
    /// More would make a page that no browser opens, bytes.
    const LARGEST: u64 = 16 * 1024 * 1024;
    let refused =
        |why: String| Failure::bad_input(format!("cannot read {}: {why}", path.display()));
    let about = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(refused(format!(
            "expected a plain file of at most {LARGEST} bytes"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))
}

/// Words as a shell takes them.
fn shell_line(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    quoted.join(" ")
}

/// The command that makes the page again, word by word.
fn command(arguments: &ReplayArguments) -> Vec<String> {
    let about = &arguments.about;
    let mut words = vec!["deconflict".to_owned(), "replay".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(from) = &about.from {
        let folder = from.display().to_string();
        option("--from", folder_of_cell(&folder, about.cell.as_deref()));
    }
    if let Some(scenario) = &about.scenario {
        words.push(scenario.display().to_string());
        words.extend(["--seed".to_owned(), about.seed.to_string()]);
    }
    words.extend([
        "--replication".to_owned(),
        arguments.replication.to_string(),
    ]);
    for (option, values) in [("--set", &about.overrides), ("--set-b", &arguments.changes)] {
        words.extend(
            values
                .iter()
                .flat_map(|value| [option.to_owned(), value.clone()]),
        );
    }
    if let Some(land) = &arguments.land {
        words.extend(["--land".to_owned(), land.display().to_string()]);
    }
    words.extend(["--out".to_owned(), arguments.out.display().to_string()]);
    words
}
