//! `deconflict explain`: the story of one wrong shot, and what would have prevented it; or of an aircraft at which nobody fired by
//! mistake, and why.

use clap::Args;
use deconflict::ids::AircraftId;
use deconflict::inquiry::{
    Change, Counterfactual, Trials, candidate_rules, let_through, named, wrong_shots,
};
use deconflict::output::{PassageStory, Story};
use deconflict::record::{Detail, EventLog, Replication, Sortie};
use deconflict::safe::name_fault;
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate};

use super::subject::{Subject, SubjectArguments};
use serde_json::{Value as Json, json};

use super::Failure;
use super::options::AsJson;

/// Arguments of `deconflict explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict explain scenarios/nov-2019-busy.toml --seed 1 --replication 1
      the first wrong shot of that replication: evidence, rules, causes, and what would have prevented it
  deconflict explain scenarios/nov-2019-busy.toml --replication 4 --flight us-recon
      the first wrong shot at this flight
  deconflict explain scenarios/nov-2019-busy.toml --replication 3 --let-through
      a raid that came through: where the chain ended at every site, and which rule let it
  deconflict explain scenarios/nov-2019-busy.toml --replication 1 --flight italy-recon
      if nobody fires at it: what kept each site from it
  deconflict explain scenarios/nov-2019-busy.toml --replication 1 \\
      --try 'strict: rules.hostile_criteria.threshold=0.99; rules.hostile_criteria.declarations=4'
      would a change of your own have prevented it?
  deconflict explain --from results/agreement:everybody --replication 17
      a row of a sweep")]
pub struct ExplainArguments {
    #[command(flatten)]
    about: SubjectArguments,
    #[command(flatten)]
    form: AsJson,
    /// Number of the replication, counted from 0.
    #[arg(long, value_name = "R", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..1_000_000_000))]
    replication: u64,
    /// Explain a wrong shot at this flight, or this aircraft of one; or why there was none.
    #[arg(long, value_name = "NAME")]
    flight: Option<String>,
    /// Explain why a raid came through: the first, or the one that --flight names.
    #[arg(long)]
    let_through: bool,
    /// Try a change of your own beside the rules: a name and what it sets; may be repeated.
    #[arg(long = "try", value_name = "NAME: PATH=VALUE; ...")]
    own: Vec<String>,
}

/// Replications that are searched for a wrong shot when the one asked for has none.
const SEARCHED: u64 = 500;

/// Runs the command.
pub fn explain(arguments: &ExplainArguments) -> Result<(), Failure> {
    let subject = arguments.about.subject()?;
    let (scenario, seed) = (subject.scenario()?, subject.seed);
    let candidate_rules = candidate_rules(&scenario);
    let mut changes = [
        candidate_rules.added.clone(),
        candidate_rules.removed.clone(),
    ]
    .concat();
    for own in &arguments.own {
        changes.push(own_change(own, &subject, &scenario)?);
    }
    let replication = Replication {
        seed,
        index: arguments.replication,
    };
    let log = simulate(&scenario, replication, Detail::Full);
    let flight = arguments.flight.as_deref();
    let shots: Vec<usize> = asked_for(&log, flight)?;
    let index = arguments.replication;
    let unharmed = |aircraft: AircraftId| {
        let name = &log.sorties[aircraft.index()].name;
        let trials = Trials::hold(&scenario, replication, name, &changes);
        let story = PassageStory {
            scenario: &scenario,
            log: &log,
            aircraft,
            trials: Some((changes.as_slice(), &trials)),
        };
        let subject = &subject.name;
        told(
            arguments,
            seed,
            format!(
                "{}\nLook at it: deconflict replay {subject} --replication {index} --out replay.html\n",
                story.tell()
            ),
            || story.facts(),
        )
    };
    if arguments.let_through {
        return match through(&log, flight) {
            Some(aircraft) => unharmed(aircraft),
            None => nothing_there(arguments, &scenario, seed, &subject.name, flight),
        };
    }
    let Some(&shot) = shots.first() else {
        let named = flight.and_then(|flight| {
            let sorties = log.sorties.iter();
            sorties
                .into_iter()
                .position(|sortie| is_it(&log, sortie, flight))
        });
        return match named {
            Some(nth) => unharmed(AircraftId(nth as u32)),
            None => nothing_there(arguments, &scenario, seed, &subject.name, flight),
        };
    };
    let aircraft = log.events[shot].fact.aircraft();
    let name = aircraft.map(|aircraft| log.sorties[aircraft.index()].name.as_str());
    let counterfactual =
        name.map(|name| Counterfactual::hold(&scenario, replication, name, &changes));
    let story = Story {
        scenario: &scenario,
        log: &log,
        shot,
        counterfactual: counterfactual
            .as_ref()
            .map(|counterfactual| (&candidate_rules, changes.as_slice(), counterfactual)),
    };
    let subject = &subject.name;
    let more = match shots.len() - 1 {
        0 => String::new(),
        1 => "1 more wrong shot in this replication: --flight chooses.\n".to_owned(),
        more => format!("{more} more wrong shots in this replication: --flight chooses.\n"),
    };
    told(
        arguments,
        seed,
        format!(
            "{}\n{more}Look at it: deconflict replay {subject} --replication {index} --out replay.html\n\
         How often, and which rule prevents how much: deconflict prevent {subject}\n",
            story.tell()
        ),
        || story.facts(),
    )
}

/// A story for people, its facts for programs.
fn told(
    arguments: &ExplainArguments,
    seed: u64,
    story: String,
    facts: impl FnOnce() -> Json,
) -> Result<(), Failure> {
    let lines: Vec<String> = story.trim_end().lines().map(str::to_owned).collect();
    arguments.form.print(
        || story,
        || {
            let mut object = facts();
            object["seed"] = Json::from(seed);
            object["replication"] = Json::from(arguments.replication);
            object["story"] = Json::from(lines);
            Ok(object)
        },
    )
}

/// The wrong shots, of a flight if one is named.
fn asked_for(log: &EventLog, flight: Option<&str>) -> Result<Vec<usize>, Failure> {
    let shots = wrong_shots(log);
    let Some(flight) = flight else {
        return Ok(shots);
    };
    if !log.sorties.iter().any(|sortie| is_it(log, sortie, flight))
        && !log.cast.flights.iter().any(|name| name == flight)
    {
        return Err(Failure::bad_input(format!(
            "--flight {flight}: there is no such flight; expected one of {}, or an aircraft of one, such as {}",
            log.cast.flights.join(", "),
            log.sorties.first().map_or("NAME/1", |sortie| &sortie.name)
        )));
    }
    Ok(shots
        .into_iter()
        .filter(|&shot| {
            let aircraft = log.events[shot].fact.aircraft();
            aircraft.is_some_and(|aircraft| is_it(log, &log.sorties[aircraft.index()], flight))
        })
        .collect())
}

/// Whether a sortie is the one that is named, or one of the flight that is.
fn is_it(log: &EventLog, sortie: &Sortie, name: &str) -> bool {
    sortie.name == name || log.cast.flights[sortie.flight.index()] == name
}

/// The first hostile sortie that came through, of a flight if one is named.
fn through(log: &EventLog, flight: Option<&str>) -> Option<AircraftId> {
    let named = |aircraft: &AircraftId| {
        flight.is_none_or(|flight| is_it(log, &log.sorties[aircraft.index()], flight))
    };
    let_through(log).into_iter().find(named)
}

/// Says that there is nothing to explain, and where there is.
fn nothing_there(
    arguments: &ExplainArguments,
    scenario: &Scenario,
    seed: u64,
    subject: &str,
    flight: Option<&str>,
) -> Result<(), Failure> {
    let through_is_asked = arguments.let_through;
    let is_there = |log: &EventLog| match through_is_asked {
        true => through(log, flight).is_some(),
        false => asked_for(log, flight).is_ok_and(|shots| !shots.is_empty()),
    };
    let first = arguments.replication;
    let engine = Engine::default();
    let there = (first + 1..=first + SEARCHED).find(|&index| {
        is_there(&engine.simulate(scenario, Replication { seed, index }, Detail::Measures))
    });
    let mut asked = String::new();
    if through_is_asked {
        asked += " --let-through";
    }
    if let Some(flight) = flight {
        asked += &format!(" --flight {flight}");
    }
    let then = match there {
        Some(index) => format!(
            "The next replication with one: deconflict explain {subject} --replication {index}{asked}"
        ),
        None => format!("Nor in the {SEARCHED} replications after it."),
    };
    let what = match (through_is_asked, flight) {
        (true, None) => "raid that comes through".to_owned(),
        (true, Some(flight)) => format!("aircraft of {flight} that comes through"),
        (false, None) => "wrong shot".to_owned(),
        (false, Some(flight)) => format!("wrong shot at {flight}"),
    };
    told(
        arguments,
        seed,
        format!("No {what} in replication {first} of seed {seed}. {then}\n"),
        || json!({ "what": Json::Null, "next_replication": there }),
    )
}

/// A change written `NAME: PATH=VALUE; PATH=VALUE`, held against the scenario.
pub(super) fn own_change(
    text: &str,
    subject: &Subject,
    scenario: &Scenario,
) -> Result<Change, Failure> {
    let Some((name, sets)) = text.split_once(':') else {
        return Err(Failure::bad_input(format!(
            "--try {text:?}: expected a name, a colon and what it sets, such as 'strict: rules.hostile_criteria.declarations=4'"
        )));
    };
    if let Some(fault) = name_fault(name.trim()) {
        return Err(Failure::bad_input(format!(
            "--try {name:?}: the name {fault}"
        )));
    }
    let sets: Vec<String> = sets.split(';').map(|set| set.trim().to_owned()).collect();
    let changed = subject.scenario_with(&sets)?;
    named(name.trim(), scenario, &changed)
        .map_err(|why| Failure::bad_input(format!("--try {}: {why}", name.trim())))
}
