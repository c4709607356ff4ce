//! `deconflict check`: every problem of every file, nothing written. A file that names a `scenario` is an experiment, or
//! a study if it has objectives.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::kind::FileKind;
use deconflict::experiment::plan::study::Study;
use deconflict::experiment::plan::{Overrides, Plan};
use deconflict::experiment::worlds::study::{Instead, MatchStudy};
use deconflict::output::counted;
use deconflict::safe;
use deconflict::scenario::burden::Burden;
use deconflict::scenario::recorded::Account;
use deconflict::scenario::{LoadError, Scenario};
use serde_json::{Value as Json, json};

use super::options::Set;
use super::{Failure, print, print_coloured};

/// Arguments of `deconflict check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict check scenarios/*.toml
      one line for each good file, every problem of each bad one
  deconflict check scenarios/experiments/*.toml
      the same for experiments: the file, the scenario it varies, and every cell
  deconflict check my.toml --set rules.weapons_control.status=hold
      check it as `run` with the same --set would read it
  deconflict check --json my.toml
      what a replication asks of the machine (aircraft, pairs, scans, events, memory, time), for programs
  deconflict check --lint my.toml
      say that in words too, and warn of what is allowed and can hardly be meant, with place and code:
        site_out_of_reach          no flight ever comes within the coverage of the site
        objective_out_of_reach     no planned path comes to the objective: nobody can leak
        empty_magazine             a weapon has no missiles: its sites never fire
        below_ground               a planned path leads through the ground
        terrain_flat               the ground is flat about every site: the grid may lie elsewhere
        begins_in_reach            aircraft appear at altitude inside the envelope of a weapon
        zone_not_crossed           no flight's planned path enters the zone
        corridor_not_crossed       no flight's planned path enters the corridor
        after_the_end              something begins only when the scenario is over
        free_and_blind             weapons are free for a class that can identify nothing
        rule_without_effect        a rule is on and can never act
        criteria_never_met         an armed class cannot meet the hostile criteria of rule R2
        threshold_at_a_step        results jump at a threshold: one declaration decides or does not
        assumed_far_from_actual    an assumed probability is more than 0.3 from the actual one
        belief_contradicts_itself  what the world can bring is assumed to be impossible
        number_without_source      a file says where some of its numbers come from, and not all
        iff_unread                 a flight carries IFF that no friendly site interrogates
        transponder_unread         a flight carries a transponder that no site receives
        kilometres_for_metres      a range or a height is so small that kilometres may be meant
        kilometres_an_hour         an aircraft is faster than sound: kilometres an hour may be meant
  deconflict check --lint --strict scenarios/*.toml
      the same, and exit code 2 if there is a warning: for continuous integration
  deconflict check --lint my.toml --set flights.visitor.equipment.iff.on=0
      lint what `run` with the same --set would run

Warnings do not change the exit code without --strict. A lint looks at planned paths and leaves
room: a warning is nearly always right, silence proves nothing. Experiments are not linted; name
the scenario that they vary as well.")]
pub struct CheckArguments {
    /// Scenario, experiment or study files (TOML).
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    set: Set,
    /// Also warn of what is allowed and can hardly be meant.
    #[arg(long)]
    lint: bool,
    /// Take warnings for problems: exit code 2.
    #[arg(long, requires = "lint")]
    strict: bool,
    /// One JSON object a file, on one line: what a replication asks of the machine, or every problem with its place.
    #[arg(long, conflicts_with = "lint")]
    json: bool,
}

/// A file that is sound.
struct Sound {
    /// One line.
    summary: String,
    /// What a replication asks of the machine, of the cell that asks most.
    burden: Burden,
}

/// Reads a file, whatever it is, as the command that runs it would.
fn read(file: &Path, arguments: &CheckArguments, odd: &mut String) -> Result<Sound, LoadError> {
    let overrides = Overrides {
        seed: None,
        set: arguments.set.overrides.clone(),
        worlds: None,
    };
    match FileKind::of(file) {
        FileKind::Evidence => {
            let study = MatchStudy::load(file, Instead::default(), &arguments.set.overrides)?;
            Ok(Sound {
                summary: format!(
                    "{}: ok: {}, {}, {}",
                    file.display(),
                    counted(study.file.evidence.len() as f64, "band"),
                    counted(study.ground.axes.len() as f64, "assumption"),
                    counted(f64::from(study.file.waves), "wave"),
                ),
                burden: Burden::of(&study.scenario),
            })
        }
        FileKind::Study => {
            let study = Study::load(file, &overrides, None)?;
            Ok(Sound {
                summary: study_summary(file, &study),
                burden: Burden::of(&study.scenario(None, None)?),
            })
        }
        FileKind::Experiment => {
            let plan = Plan::load(file, &overrides)?;
            let burdens = plan.scenarios.iter().map(Burden::of);
            let burden = burdens.max_by(|a, b| a.memory_bytes.total_cmp(&b.memory_bytes));
            Ok(Sound {
                summary: experiment_summary(file, &plan),
                burden: burden.unwrap_or_default(),
            })
        }
        FileKind::Scenario if !arguments.lint => {
            let scenario = Scenario::load(file, &arguments.set.overrides)?;
            Ok(Sound {
                summary: summary(file, &scenario),
                burden: Burden::of(&scenario),
            })
        }
        FileKind::Scenario => {
            let (scenario, warnings) = Scenario::load_and_lint(file, &arguments.set.overrides)?;
            let count = warnings.told().problems.len() as u64;
            if count > 0 {
                let _ = write!(odd, "{}", warnings.render(true));
            }
            let counted = counted(count as f64, "warning");
            Ok(Sound {
                summary: format!("{}, {counted}", summary(file, &scenario)),
                burden: Burden::of(&scenario),
            })
        }
    }
}

/// Runs the command.
pub fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let mut bad = String::new();
    let mut odd = String::new();
    for file in &arguments.files {
        let checked = read(file, arguments, &mut odd);
        if arguments.json {
            print(&format!("{}\n", as_json(file, &checked)))?;
        }
        match checked {
            Ok(_) if arguments.json => {}
            Ok(Sound { summary, burden }) if arguments.lint => {
                print(&format!("{summary}\n    {}\n", burden.words()))?;
            }
            Ok(Sound { summary, .. }) => print(&format!("{summary}\n"))?,
            Err(error) => {
                let count = counted(error.problems.len() as f64, "problem");
                let file = safe::line(&file.to_string_lossy()).into_owned();
                // anstream takes the colour out again where nobody would see it.
                let _ = write!(bad, "{}{file}: {count}\n\n", error.render(true));
            }
        }
    }
    if arguments.strict {
        bad.insert_str(0, &odd);
    } else {
        print_coloured(&odd)?;
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Failure::Problems(bad.trim_end().to_owned()))
    }
}

/// What a file comes to, for programs.
fn as_json(file: &Path, checked: &Result<Sound, LoadError>) -> Json {
    let file = file.display().to_string();
    match checked {
        Ok(Sound { burden, .. }) => json!({ "file": file, "ok": true, "replication": burden }),
        Err(error) => {
            let problems = error.problems.iter().map(|problem| {
                let place = error.place(problem);
                json!({
                    "message": problem.message,
                    "key": problem.key_path,
                    "help": problem.help,
                    "file": place.map(|(name, ..)| name),
                    "line": place.map(|(_, line, _)| line),
                    "column": place.map(|(.., column)| column),
                })
            });
            let problems: Vec<Json> = problems.collect();
            json!({ "file": file, "ok": false, "problems": problems })
        }
    }
}

/// One line: what the study holds.
fn study_summary(file: &Path, study: &Study) -> String {
    let typed = &study.record.study;
    format!(
        "{}: ok: {}, {}, {}, {} in generations of {}",
        file.display(),
        counted(typed.parameters.len() as f64, "parameter"),
        counted(typed.objectives.len() as f64, "objective"),
        counted(typed.constraints.len() as f64, "constraint"),
        counted(study.course.budget as f64, "replication"),
        study.course.population(),
    )
}

/// One line: what the experiment holds.
fn experiment_summary(file: &Path, plan: &Plan) -> String {
    let record = &plan.record;
    format!(
        "{}: ok: {}, {}, {} compared with another",
        file.display(),
        counted(record.factors.len() as f64, "factor"),
        counted(record.cells.len() as f64, "cell"),
        record.pairs().count(),
    )
}

/// One line: what the scenario holds.
fn summary(file: &Path, scenario: &Scenario) -> String {
    let rules = &scenario.file.rules;
    let rules = serde_json::to_value(rules)
        .ok()
        .and_then(|value| value.as_object().map(|rules| rules.len()))
        .unwrap_or(0);
    let aircraft: u64 = scenario
        .flights
        .iter()
        .map(|flight| u64::from(flight.count))
        .sum();
    let (fewest, most) = scenario
        .sites
        .iter()
        .fold((0u64, 0u64), |(fewest, most), site| {
            (
                fewest + u64::from(site.count.0),
                most + u64::from(site.count.1),
            )
        });
    let sites = if fewest == most {
        counted(most as f64, "site")
    } else {
        format!("{fewest} to {most} sites")
    };
    let plane = match scenario.worst_scale_error() {
        Some((error, at)) => format!(
            ", plane about {}, lengths off by at most {:.3} % (at {at})",
            scenario.frame.origin(),
            error * 100.0
        ),
        None => String::new(),
    };
    let recordings: String = scenario.recordings.iter().map(recording_lines).collect();
    format!(
        "{}: ok: {} ({} aircraft), {sites}, {}, {} h from {}{plane}{recordings}",
        file.display(),
        counted(scenario.flights.len() as f64, "flight"),
        aircraft,
        counted(rules as f64, "rule"),
        scenario.duration.hours(),
        scenario.start,
    )
}

/// What became of the rows of a recording, and what is odd about it, a line each.
pub(super) fn recording_lines((name, account): (&String, &Account)) -> String {
    let suspicions = account.suspicions.iter();
    let suspicions = suspicions.map(|odd| format!("\n    tracks.{name}: suspicion: {odd}"));
    format!(
        "\n    tracks.{name}: {}{}",
        account.words(),
        suspicions.collect::<String>()
    )
}
