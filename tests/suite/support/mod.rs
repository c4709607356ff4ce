//! Flying scenarios and judging samples: what the tests of this folder share.

#![allow(dead_code)] // each test file uses a part of it

pub mod rng;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use deconflict::experiment::replicate::replicate;
use deconflict::record::{Detail, EventLog, Fact};
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;

/// The seed of every test: results are fixed, so a test that passes once passes always.
pub const SEED: u64 = 20_191_121;

/// Two-sided normal quantile of a false-alarm rate of 1e-6.
pub const SIGMAS: f64 = 4.892;

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The scenario in a file, with `path=value` overrides.
pub fn load(path: impl AsRef<Path>, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    match Scenario::load(path.as_ref(), &overrides) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{}: {}", path.as_ref().display(), error.render(false)),
    }
}

/// Flies replications 0 to `n` on all processors and keeps what `look` makes of each log, in order.
pub fn fly<T: Send>(
    scenario: &Scenario,
    seed: u64,
    n: u64,
    detail: Detail,
    look: impl Fn(&EventLog) -> T + Sync,
) -> Vec<T> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = Engine::default();
    let mut seen = Vec::new();
    replicate::<T, Infallible>(
        seed,
        0..n,
        jobs,
        |replication| look(&engine.simulate(scenario, replication, detail)),
        |_, value| {
            seen.push(value);
            Ok(())
        },
    )
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(seen.len() as u64, n);
    seen
}

/// Messages, whole, collected by a test and held to a file of `said`. `UPDATE_EXPECT=1 cargo test` writes the files anew; whether
/// what changed is better is for a reader to judge.
#[derive(Default)]
pub struct Said(String);

impl Said {
    /// What was said of something.
    pub fn add(&mut self, of: &str, what: &str) {
        writeln!(self.0, "== {}\n{}\n", of.trim_end(), what.trim_end())
            .expect("writing to a string");
    }

    /// Holds all that was said to its file.
    #[track_caller]
    pub fn is(&self, name: &str) {
        let file = repository(&format!("tests/suite/said/{name}.txt"));
        expect_test::expect_file![file].assert_eq(&self.0);
    }
}

/// How many facts of a log satisfy a condition.
pub fn count(log: &EventLog, condition: impl Fn(&Fact) -> bool) -> usize {
    log.events
        .iter()
        .filter(|event| condition(&event.fact))
        .count()
}

/// Missiles launched.
pub fn shots(log: &EventLog) -> usize {
    count(log, |fact| matches!(fact, Fact::ShotFired { .. }))
}

/// Aircraft shot down.
pub fn kills(log: &EventLog) -> usize {
    count(log, |fact| matches!(fact, Fact::Destroyed { .. }))
}

/// Says how small an error a check finds with 99 per cent, its bound being so many standard errors; the guide's table of
/// power is made of these lines.
pub fn power(expected: f64, n: f64, standard_error: f64, sigmas: f64) {
    let test = std::thread::current();
    println!(
        "power | {} | {n} | {expected:.4} | {:.4}",
        test.name().unwrap_or_default(),
        (sigmas + 2.326) * standard_error
    );
}

/// Mean and variance of a sample.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Size.
    pub n: f64,
    /// Mean.
    pub mean: f64,
    /// Variance of one value, from n - 1.
    pub variance: f64,
}

impl Moments {
    /// Of at least two values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Moments {
        let values: Vec<f64> = values.into_iter().collect();
        let n = values.len() as f64;
        assert!(n >= 2.0, "a sample needs two values");
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        Moments { n, mean, variance }
    }

    /// Standard error of the mean.
    pub fn se(&self) -> f64 {
        (self.variance / self.n).sqrt()
    }

    /// Difference of two independent means in standard errors; 0 for two equal constants.
    pub fn z(&self, other: &Moments) -> f64 {
        let difference = self.mean - other.mean;
        if difference == 0.0 {
            return 0.0;
        }
        difference / (self.se() * self.se() + other.se() * other.se()).sqrt()
    }
}

/// Holds the mean of a sample to its expectation; `variance` is the theoretical variance of one value.
///
/// False-alarm rate 1e-6.
#[track_caller]
pub fn assert_mean(what: &str, values: &[f64], expected: f64, variance: f64) {
    let sample = Moments::of(values.iter().copied());
    let bound = SIGMAS * (variance / sample.n).sqrt();
    power(expected, sample.n, (variance / sample.n).sqrt(), SIGMAS);
    assert!(
        (sample.mean - expected).abs() <= bound,
        "{what}: {} instead of {expected} +- {bound} ({} replications)",
        sample.mean,
        sample.n
    );
}

/// Holds the share of replications with something to its probability. False-alarm rate 1e-6.
#[track_caller]
pub fn assert_share(what: &str, values: &[bool], expected: f64) {
    let values: Vec<f64> = values.iter().map(|&yes| f64::from(u8::from(yes))).collect();
    assert_mean(what, &values, expected, expected * (1.0 - expected));
}

/// Every line a log amounts to, with names instead of indices and every digit of every number.
pub fn dump(log: &EventLog) -> String {
    let mut text = String::new();
    for line in lines(log) {
        writeln!(text, "{line}").expect("writing to a string");
    }
    text
}

/// The lines of [`dump`]: aircraft, sites, events in order, tallies. An entity stands in each as `<name>`.
pub fn lines(log: &EventLog) -> Vec<String> {
    let aircraft = |index: usize| format!("<{}>", log.sorties[index].name);
    let site = |index: usize| format!("<{}>", log.sites[index].name);
    let mut lines = Vec::new();
    for sortie in &log.sorties {
        lines.push(format!(
            "aircraft <{}> of {} {} {} {:?} {} {} {:?} {:?}",
            sortie.name,
            log.cast.flights[sortie.flight.index()],
            log.cast.types[sortie.type_id.index()],
            log.cast.sides[sortie.side.index()],
            sortie.has_objective,
            sortie.departs.0,
            sortie.lands.0,
            sortie.station_planned_s,
            sortie.station,
        ));
    }
    for record in &log.sites {
        lines.push(format!(
            "site <{}> of {} {} {:?}",
            record.name,
            log.cast.classes[record.class.index()].name,
            log.cast.sides[record.side.index()],
            record.place,
        ));
    }
    for event in &log.events {
        let by = event.fact.site().map(|id| site(id.index()));
        // The indices inside the fact depend on who else is there; the names say the same.
        let mut fact = format!("{:?}", event.fact);
        let both = [event.fact.aircraft(), event.fact.other_aircraft()];
        for about in both.into_iter().flatten().map(|id| id.index()) {
            fact = fact.replace(&format!("AircraftId({about})"), &aircraft(about));
        }
        if let Some(id) = event.fact.site() {
            fact = fact.replace(&format!("SiteId({})", id.index()), &by.unwrap_or_default());
        }
        lines.push(format!("{} {:?} {fact}", event.time.0, event.place));
    }
    for tally in &log.tallies {
        lines.push(format!(
            "tally {} {} {} {} {:?} {} {:?}",
            site(tally.site.index()),
            aircraft(tally.aircraft.index()),
            tally.looks,
            tally.detections,
            tally.tracked_s,
            tally.truth,
            tally.declared,
        ));
    }
    lines
}
