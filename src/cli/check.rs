//! `deconflict check`: every problem of every file, nothing written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use deconflict::scenario::Scenario;

/// Checks the files; exit code 2 if any has a problem.
pub fn run(files: &[PathBuf], overrides: &[String]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut out = anstream::stdout().lock();
    let mut err = anstream::stderr().lock();
    for file in files {
        let written = match Scenario::load(file, overrides) {
            Ok(scenario) => writeln!(out, "{}", summary(file, &scenario)),
            Err(error) => {
                code = ExitCode::from(2);
                let count = error.problems.len();
                let problems = if count == 1 { "problem" } else { "problems" };
                // anstream takes the colour out again where nobody would see it.
                write!(
                    err,
                    "{}{}: {count} {problems}\n\n",
                    error.render(true),
                    file.display()
                )
            }
        };
        // A reader that has seen enough is no failure.
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(error.into());
        }
    }
    Ok(code)
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
        counted(most, "site")
    } else {
        format!("{fewest} to {most} sites")
    };
    format!(
        "{}: ok: {} ({} aircraft), {sites}, {}, {} h from {}",
        file.display(),
        counted(scenario.flights.len() as u64, "flight"),
        aircraft,
        counted(rules as u64, "rule"),
        scenario.duration.hours(),
        scenario.start,
    )
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
