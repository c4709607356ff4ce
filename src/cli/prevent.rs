//! `deconflict prevent`: which rule would prevent how many of the wrong losses.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Args, ValueEnum};
use deconflict::experiment::replicate::replicate;
use deconflict::experiment::worlds::file::Worlds;
use deconflict::inquiry::{Change, Counted, Game, Prevention, candidate_rules};
use deconflict::output::{
    Ended, OutputError, PREVENTION, Progress, prevention_text, readable, write_prevention,
};
use deconflict::record::Replication;
use deconflict::scenario::Scenario;
use deconflict::statistics::estimate::Estimate;
use serde_json::json;

use super::Failure;
use super::compare::ONE_WORLD;
use super::explain::own_change;
use super::host::{go_on, perhaps_short, told_short};
use super::json::rows;
use super::options::{AsJson, Count, InWorlds, Jobs, Level, Out};
use super::progress::Bar;
use super::subject::{Subject, SubjectArguments};

/// Arguments of `deconflict prevent`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict prevent scenarios/nov-2019-busy.toml --replications 50
      every rule that is off, in its plainest form: what it would prevent, and what it would cost
  deconflict prevent scenarios/nov-2019-agreement.toml --rule R6 --rule R7
      two of them, and what both prevent split between them
  deconflict prevent scenarios/bearing-bias.toml --rule=-R6 --rule R9
      rules in force (a minus where the rule could also be made stricter): the scenario without them is the base
  deconflict prevent scenarios/nov-2019-busy.toml --rule R6 --rule R7 \\
      --try 'strict: rules.hostile_criteria.threshold=0.99' --out results/prevented
      a change of your own beside two rules; prevention.csv keeps the table
  deconflict prevent --from results/agreement:baseline --replications 50 --out results/agreement
      a cell of a sweep; its report then shows the answer

Every replication is run again with each rule, with common random numbers. Up to --exact rules all their combinations are
flown and the split (Shapley) is exact given the replications; beyond, orders are drawn.")]
pub struct PreventArguments {
    #[command(flatten)]
    about: SubjectArguments,
    #[command(flatten)]
    count: Count,
    /// Ask about this rule, by number, or with a minus about the one in force; may be repeated. Without it, about every rule that is off and can be offered.
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// Ask about a change of your own: a name and what it sets; may be repeated.
    #[arg(long = "try", value_name = "NAME: PATH=VALUE; ...")]
    own: Vec<String>,
    /// What is to be prevented.
    #[arg(long, value_name = "WHAT", default_value = "lost")]
    of: Of,
    /// Up to so many rules every combination is run.
    #[arg(long, value_name = "RULES", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=12))]
    exact: u8,
    /// Beyond: orders drawn for each replication.
    #[arg(long, value_name = "ORDERS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..=1000))]
    orders: u32,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    form: AsJson,
    #[command(flatten)]
    level: Level,
    #[command(flatten)]
    other: InWorlds,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// Sorties shot down by whom they are friend or neutral to.
    Lost,
    /// Sorties fired at by such, hit or not.
    ShotAt,
}

/// Runs the command.
pub fn prevent(arguments: &PreventArguments) -> Result<(), Failure> {
    let subject = arguments.about.subject()?;
    let (scenario, seed) = (subject.scenario()?, subject.seed);
    if let Some(folder) = &arguments.out.out
        && !arguments.out.force
    {
        let path = folder.join("prevention.csv");
        if path.symlink_metadata().is_ok() {
            return Err(OutputError::Exists { path }.into());
        }
    }
    let (base, players) = players(arguments, &subject, &scenario)?;
    let robustness_set = match &arguments.other.worlds {
        Some(path) => Worlds::load(path)?.lay_over(&base, &subject.name)?,
        None => Vec::new(),
    };
    let counted = match arguments.of {
        Of::Lost => Counted::Lost,
        Of::ShotAt => Counted::ShotAt,
    };
    let exact = usize::from(arguments.exact);
    let game = Game::new(base, players.clone(), counted, exact, arguments.orders)
        .map_err(Failure::bad_input)?;
    let count = arguments
        .count
        .replications
        .unwrap_or_else(|| scenario.replications.clamp(2, 100));
    let jobs = arguments.jobs.count();
    let mut prevention = Prevention::new(&game);
    let bar = Bar::of_replications(count);
    let work = |replication: Replication| game.play(replication);
    let flown = replicate(seed, 0..count, jobs, work, |index, played| {
        bar.inc(1);
        prevention.add(&played.map_err(Failure::bad_input)?);
        go_on(index + 1)
    });
    bar.finish();
    let (ended, failed) = perhaps_short(flown, &subject.name)?;
    let flown = prevention.n();
    if flown == 0 {
        return Err(failed.unwrap_or_else(|| Failure::Interrupted("interrupted".to_owned())));
    }
    let progress = Progress {
        asked: count,
        done: flown,
        ended,
    };
    if let Some(folder) = &arguments.out.out {
        let confidence = arguments.level.confidence;
        write_prevention(folder, &game, &prevention, seed, confidence, progress)?;
    }
    let mut told = prevention_text(&game, &prevention, arguments.level.confidence);
    if robustness_set.is_empty() {
        told.push_str(&format!("\n{ONE_WORLD}\n"));
    } else if ended == Ended::Finished {
        let marked = marks(
            arguments,
            &game,
            &prevention,
            robustness_set,
            &players,
            (seed, count, jobs),
        )?;
        told.push_str(&marked);
    }
    let then = match &arguments.out.out {
        Some(folder) => format!("Written: {}\n", folder.join("prevention.csv").display()),
        None => "Keep the table: --out DIR. One case in full: deconflict explain\n".to_owned(),
    };
    arguments.form.print(
        || {
            format!(
                "{}: {flown} replications of seed {seed}\n\n{told}\n{then}",
                scenario.file.title
            )
        },
        || {
            let rows = |folder: &Path| rows(&folder.join(PREVENTION.name));
            let prevention_rows = match &arguments.out.out {
                Some(folder) => rows(folder)?,
                None => {
                    let place = tempfile::tempdir()
                        .map_err(|error| Failure::other(error, "cannot make a temporary folder"))?;
                    let confidence = arguments.level.confidence;
                    let folder = place.path().join("kept");
                    write_prevention(&folder, &game, &prevention, seed, confidence, progress)?;
                    rows(&folder)?
                }
            };
            Ok(json!({
                "title": scenario.file.title,
                "scenario": subject.name,
                "seed": seed,
                "replications": flown,
                "prevention": prevention_rows,
            }))
        },
    )?;
    if flown < count {
        let out = arguments.out.out.as_deref();
        return Err(told_short(flown, count, out, failed));
    }
    Ok(())
}

/// In how many other worlds each rule is shown to prevent something, and how much.
fn marks(
    arguments: &PreventArguments,
    game: &Game,
    here: &Prevention,
    robustness_set: Vec<Scenario>,
    players: &[Change],
    (seed, count, jobs): (u64, u64, usize),
) -> Result<String, Failure> {
    let of = robustness_set.len();
    let mut shares: Vec<Vec<Estimate>> = vec![Vec::new(); players.len()];
    let bar = Bar::new(of as u64, "worlds", false);
    for base in robustness_set {
        let exact = if game.exact() { players.len() } else { 0 };
        let game = Game::new(
            base,
            players.to_vec(),
            game.counted(),
            exact,
            arguments.orders,
        )
        .map_err(Failure::bad_input)?;
        let mut prevention = Prevention::new(&game);
        let flown = replicate(
            seed,
            0..count,
            jobs,
            |replication: Replication| game.play(replication),
            |index, played| {
                prevention.add(&played.map_err(Failure::bad_input)?);
                go_on(index + 1)
            },
        );
        flown.map_err(|error| Failure::of_replications(error, "a world"))?;
        for (kept, share) in shares
            .iter_mut()
            .zip(prevention.shares(arguments.level.confidence))
        {
            kept.push(share.prevented);
        }
        bar.inc(1);
    }
    bar.finish();
    let mut text = format!(
        "\nIn the {of} worlds of {}, {count} replications in each:\n",
        arguments
            .other
            .worlds
            .as_deref()
            .unwrap_or(Path::new(""))
            .display()
    );
    let said = here.shares(arguments.level.confidence);
    for ((player, said), shares) in players.iter().zip(said).zip(shares) {
        let known: Vec<f64> = shares
            .iter()
            .map(|share| share.estimate)
            .filter(|share| share.is_finite())
            .collect();
        if known.is_empty() {
            text.push_str(&format!(
                "  {}: in no world there is anything to prevent\n",
                player.name
            ));
            continue;
        }
        let helps = shares.iter().filter(|share| share.low > 0.0).count();
        let harms = shares.iter().filter(|share| share.high < 0.0).count();
        let verdict = match said.prevented.low > 0.0 {
            true if helps == known.len() => "robust: ",
            true if harms > 0 => "fragile: ",
            true => "not settled: ",
            false => "nothing is shown here; ",
        };
        let least = known.iter().copied().fold(f64::INFINITY, f64::min);
        let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        text.push_str(&format!(
            "  {}: {verdict}shown to prevent some in {helps} of {} worlds with any, to add some in {harms}; {} to {} %\n",
            player.name,
            known.len(),
            readable(least * 100.0),
            readable(most * 100.0)
        ));
    }
    Ok(text)
}

/// The scenario without the rules asked about, and these.
fn players(
    arguments: &PreventArguments,
    subject: &Subject,
    scenario: &Scenario,
) -> Result<(Scenario, Vec<Change>), Failure> {
    let offered = candidate_rules(scenario);
    let mut without = Vec::new();
    let mut players = Vec::new();
    for asked in &arguments.rules {
        let is_it = |change: &&Change| change.name.eq_ignore_ascii_case(asked);
        let minus = format!("-{asked}");
        let taken_away =
            |change: &&Change| is_it(change) || change.name.eq_ignore_ascii_case(&minus);
        if let Some(added) = offered.added.iter().find(is_it) {
            players.push(added.clone());
        } else if let Some(removed) = offered.removed.iter().find(taken_away) {
            without.push(removed);
        } else {
            return Err(Failure::bad_input(not_to_be_had(asked, &offered)));
        }
    }
    if arguments.rules.is_empty() && arguments.own.is_empty() {
        players.extend(offered.added.iter().cloned());
    }
    let base = Change::apply(scenario, &without).map_err(Failure::bad_input)?;
    // What was in force is a player as it was written.
    for removed in without {
        let mut kept = removed.reversed(scenario);
        kept.words = format!("{} as the scenario has it", kept.words);
        players.push(kept);
    }
    for own in &arguments.own {
        players.push(own_change(own, subject, scenario)?);
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = players
        .iter()
        .find(|player| !names.insert(player.name.to_lowercase()))
    {
        return Err(Failure::bad_input(format!(
            "{} is asked about twice; expected each rule and each change once",
            twice.name
        )));
    }
    if players.is_empty() {
        return Err(Failure::bad_input(
            "no rule can be offered to this scenario in its plainest form; name a change: --try 'NAME: PATH=VALUE'"
                .to_owned(),
        ));
    }
    if players.len() > Game::MOST {
        return Err(Failure::bad_input(format!(
            "{} rules and changes; expected at most {}",
            players.len(),
            Game::MOST
        )));
    }
    Ok((base, players))
}

fn not_to_be_had(asked: &str, offered: &deconflict::inquiry::CandidateRules) -> String {
    let left = offered
        .not_offered
        .iter()
        .find(|left| left.rule.eq_ignore_ascii_case(asked));
    if let Some(left) = left {
        return format!(
            "--rule {asked}: cannot be offered: {}; say how with --try 'NAME: PATH=VALUE'",
            left.why
        );
    }
    let names: Vec<&str> = offered
        .added
        .iter()
        .map(|change| change.name.as_str())
        .chain(offered.removed.iter().map(|change| change.name.as_str()))
        .collect();
    format!(
        "--rule {asked}: there is no such rule here; expected one of {}",
        names.join(", ")
    )
}
