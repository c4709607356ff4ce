//! The commands, one file each. All printing happens here.

mod assumptions;
mod check;
mod columns;
mod compare;
mod eval;
mod explain;
mod failure;
mod help;
mod host;
mod import;
mod json;
mod library;
mod matching;
mod merge;
mod migrate;
mod options;
mod prevent;
mod progress;
mod replay;
mod report;
mod reproduce;
mod rules;
mod run;
mod scheduler;
mod schema;
mod screen;
mod shell;
mod status;
mod subject;
mod submit;
mod sweep;
mod tune;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};
use deconflict::output::without_locks;
use deconflict::safe;
use deconflict::scenario::burden::{HIGHEST_LIMIT, raise_limit};
use deconflict::scenario::{near, renamed_measure};

pub use failure::Failure;

/// Airspace deconfliction simulator: which coordination rules keep air defences from shooting at the wrong aircraft,
/// and at what price.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Let a replication need so many times the memory that is allowed otherwise (1 GB as estimated; `check --lint` says it).
    #[arg(long, global = true, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=HIGHEST_LIMIT))]
    limit: u64,
    /// Print results and errors alone: no progress, no advice.
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// Whether results and errors alone are printed.
static QUIET: AtomicBool = AtomicBool::new(false);

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Columns of the terminal that results are printed to; 80 where they go elsewhere.
fn width() -> usize {
    terminal_width().unwrap_or(80)
}

/// Columns of the terminal; none where results go elsewhere, where a row of a table is one line for programs.
fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(terminal_size::Width(width), _)| usize::from(width.max(40)))
}

const EXAMPLES: &str = "\
Examples:
  deconflict init my-first.toml
      write a commented scenario to begin with
  deconflict run scenarios/nov-2019-baseline.toml
      run the scenario as often as it says and print what happened
  deconflict run scenarios/nov-2019-baseline.toml --replications 1
      run it once and tell the story by the clock
  deconflict run scenarios/nov-2019-baseline.toml --replications 10000 --out results/baseline
      write every replication and every estimate as CSV
  deconflict sweep scenarios/experiments/agreement.toml --out results/agreement
      run an experiment: several rule sets with common random numbers, compared
  deconflict tune scenarios/studies/agreement.toml --out results/tuned
      find rules that are good at several things, and what each step costs
  deconflict explain scenarios/nov-2019-busy.toml --seed 1 --replication 1
      why a wrong shot was fired, and what would have prevented it
  deconflict prevent scenarios/nov-2019-busy.toml --rule R6 --rule R7 --replications 200
      which rule would prevent how many of the wrong losses
  deconflict report results/agreement
      show the results: one HTML file with figures
  deconflict replay scenarios/nov-2019-busy.toml --seed 7 --out replay.html
      show one replication on a map, to play and to scrub
  deconflict check scenarios/*.toml
      find every mistake, with its place, before anything is run
  deconflict help any_wrong_kill
      what a measure, a key, a column, a reason or a rule means
  deconflict rules
      list the coordination rules; `deconflict rules R6` explains one

Exit code: 0 done, 1 failed, 2 bad input, 75 try again (shards), 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented scenario to begin with.
    Init(library::InitArguments),
    /// Run a scenario and say what happened, with intervals.
    Run(run::RunArguments),
    /// Run an experiment: every cell with common random numbers, every block kept, results as CSV.
    Sweep(sweep::SweepArguments),
    /// Search for settings of the rules that are good at several things, and examine the best on fresh random numbers.
    Tune(tune::TuneArguments),
    /// Find the worlds that public evidence does not rule out: settings of all that is assumed, in waves.
    Match(matching::MatchArguments),
    /// Say which assumptions matter: elementary effects of all, variance shares of the few that do.
    Screen(screen::ScreenArguments),
    /// Run one setting and print its measures as JSON, for an optimiser of your own.
    Eval(eval::EvalArguments),
    /// Say how far a sweep has come and which shards are missing.
    Status(status::StatusArguments),
    /// Split a sweep, estimate what it takes, and hand it to the scheduler of a cluster.
    Submit(submit::SubmitArguments),
    /// Join the shards of a sweep into its results.
    Merge(merge::MergeArguments),
    /// Tell the story of one wrong shot: evidence, rules, causes, and what would have prevented it.
    Explain(explain::ExplainArguments),
    /// Say which share of wrong losses each rule would prevent, and split what all prevent among them.
    Prevent(prevent::PreventArguments),
    /// Compare two scenarios run with common random numbers, or two results.
    Compare(compare::CompareArguments),
    /// Show the results of a run or a sweep: one HTML file with figures.
    Report(report::ReportArguments),
    /// Run again what a folder of results says made it, and compare every byte.
    Reproduce(reproduce::ReproduceArguments),
    /// Show one replication on a map: one HTML file that plays it.
    Replay(replay::ReplayArguments),
    /// Check scenario files: every problem with its place; nothing is written.
    Check(check::CheckArguments),
    /// Rewrite files of an earlier version in the words of today; comments and layout stay.
    Migrate(migrate::MigrateArguments),
    /// List what a scenario rests on: the value, range, kind and source of its numbers.
    Assumptions(assumptions::AssumptionsArguments),
    /// List the coordination rules, or explain one.
    Rules(rules::RulesArguments),
    /// Explain the columns of replications.csv and the measures of summary.csv.
    Columns(columns::ColumnsArguments),
    /// Turn airspace, recordings and operational intents of others into a piece of a scenario.
    Import(import::ImportArguments),
    /// Print the JSON Schema of scenario, experiment, study, evidence or world files, with which editors complete and check them.
    Schema(schema::SchemaArguments),
    /// List the aircraft, site classes and places inside the program, or print a piece of them.
    Library(library::LibraryArguments),
    /// Explain a command, or a key, measure, column, result file, reason, rule or warning.
    Help(help::HelpArguments),
    /// Print the completions of a shell.
    Completions(shell::CompletionsArguments),
    /// Write man pages.
    Man(shell::ManArguments),
}

impl Command {
    /// Whether it looks for interruptions by itself, to keep what it has; all others end at once.
    fn watches(&self) -> bool {
        use Command as C;
        match self {
            C::Run(_)
            | C::Sweep(_)
            | C::Tune(_)
            | C::Eval(_)
            | C::Match(_)
            | C::Screen(_)
            | C::Prevent(_)
            | C::Compare(_)
            | C::Reproduce(_) => true,
            C::Status(_)
            | C::Submit(_)
            | C::Merge(_)
            | C::Explain(_)
            | C::Report(_)
            | C::Replay(_)
            | C::Check(_)
            | C::Migrate(_)
            | C::Assumptions(_)
            | C::Rules(_)
            | C::Columns(_)
            | C::Import(_)
            | C::Schema(_)
            | C::Init(_)
            | C::Library(_)
            | C::Help(_)
            | C::Completions(_)
            | C::Man(_) => false,
        }
    }
}

impl Cli {
    /// Does what was asked for and says how it ended; a fault of the program itself is a failure like others.
    pub fn run(self) -> ExitCode {
        QUIET.store(self.quiet, Ordering::Relaxed);
        host::begin(self.command.watches());
        let called = catch_unwind(AssertUnwindSafe(|| self.call()));
        if let Some(path) = without_locks() {
            tell(&format!(
                "The file system of {} knows no locks: see to it yourself that no two commands write there at the same time.",
                path.display()
            ));
        }
        match called.unwrap_or_else(|_| Err(Failure::fault())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                failure.tell();
                failure.exit_code()
            }
        }
    }

    /// Does what was asked for.
    fn call(self) -> Result<(), Failure> {
        raise_limit(self.limit);
        match self.command {
            Command::Run(arguments) => run::run(&arguments),
            Command::Sweep(arguments) => sweep::sweep(&arguments),
            Command::Tune(arguments) => tune::tune(&arguments),
            Command::Match(arguments) => matching::find_worlds(&arguments),
            Command::Screen(arguments) => screen::screen(&arguments),
            Command::Eval(arguments) => eval::eval(&arguments),
            Command::Status(arguments) => status::status(&arguments),
            Command::Submit(arguments) => submit::submit(&arguments),
            Command::Merge(arguments) => merge::join_shards(&arguments),
            Command::Explain(arguments) => explain::explain(&arguments),
            Command::Prevent(arguments) => prevent::prevent(&arguments),
            Command::Compare(arguments) => compare::compare(&arguments),
            Command::Report(arguments) => report::report(&arguments),
            Command::Reproduce(arguments) => reproduce::reproduce(&arguments),
            Command::Replay(arguments) => replay::replay(&arguments),
            Command::Check(arguments) => check::check(&arguments),
            Command::Migrate(arguments) => migrate::migrate_files(&arguments),
            Command::Assumptions(arguments) => assumptions::assumptions(&arguments),
            Command::Rules(arguments) => rules::rules(&arguments),
            Command::Columns(arguments) => columns::columns(&arguments),
            Command::Import(arguments) => import::import_file(&arguments),
            Command::Schema(arguments) => schema::print_schema(&arguments),
            Command::Init(arguments) => library::init(&arguments),
            Command::Library(arguments) => library::library(&arguments),
            Command::Help(arguments) => help::help(&arguments),
            Command::Completions(arguments) => shell::completions(&arguments),
            Command::Man(arguments) => shell::man(&arguments),
        }
    }
}

/// The end of a sentence about a word that is not known: `; did you mean leaked?`, or nothing.
fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(new) = renamed_measure(word).filter(|new| known.contains(&new.as_str())) {
        return format!("; it is called {new} now");
    }
    match near(word, known) {
        names if names.is_empty() => String::new(),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

/// Prints to standard output, made safe for a terminal; a reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    write_out(&safe::terminal(text))
}

/// The same for what the checker has coloured, which is safe already.
fn print_coloured(text: &str) -> Result<(), Failure> {
    write_out(&safe::coloured(text))
}

/// A line on standard error beside the results, made safe for a terminal. Nobody may be listening there: then it is not said.
fn tell(text: &str) {
    if !is_quiet() {
        tell_coloured(&safe::terminal(text));
    }
}

/// The same for what the checker has coloured.
fn tell_coloured(text: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{text}").and_then(|()| err.flush());
}

fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(error, "cannot write to standard output"))
        }
        _ => Ok(()),
    }
}
