//! The measures on real runs: parts add up to wholes, and what is recorded besides changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use deconflict::measure::{Columns, Kind, Summary};
use deconflict::record::{Detail, Event, EventLog, Fact, Identity, IdentityHistory, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;
use deconflict::statistics::estimate::Estimator;
use deconflict::units::Millis;

const SCENARIOS: &[&str] = &[
    "scenarios/nov-2019-busy.toml",
    "scenarios/nov-2019-agreement.toml",
    "scenarios/closed-form/competing-rates.toml",
    "scenarios/closed-form/salvo.toml",
];

fn load(path: &str) -> Scenario {
    Scenario::load(Path::new(path), &[]).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn fly(scenario: &Scenario, index: u64, detail: Detail) -> EventLog {
    simulate(scenario, Replication { seed: 7, index }, detail)
}

/// A few rows of every scenario.
fn rows() -> Vec<(Arc<Columns>, Vec<Summary>)> {
    SCENARIOS
        .iter()
        .map(|path| {
            let scenario = load(path);
            let columns = Arc::new(Columns::new(&scenario.cast));
            let summaries = (0..4)
                .map(|index| columns.measure(&fly(&scenario, index, Detail::Measures)))
                .collect();
            (columns, summaries)
        })
        .collect()
}

#[test]
fn parts_add_up_to_wholes() {
    for (columns, summaries) in rows() {
        for summary in &summaries {
            let value = |name: &str| summary.values[columns.position(name).unwrap()];
            for (whole, key) in [
                ("tracks", "affiliation"),
                ("tracks", "type"),
                ("tracks_declared", "affiliation"),
                ("misidentified_tracks", "type"),
                ("protected_tracks", "pair"),
                ("encounters", "affiliation"),
                ("protected_encounters", "pair"),
                ("scans_in_coverage", "type"),
                ("detections", "type"),
                ("declarations_right", "type"),
                ("shots", "affiliation"),
                ("shots", "side"),
                ("shots", "type"),
                ("wrong_shots", "side"),
                ("wrong_shots", "pair"),
                ("wrong_shots", "cause"),
                ("wrong_shots", "reason"),
                ("wrong_shots", "rule"),
                ("kills", "affiliation"),
                ("kills", "side"),
                ("kills", "type"),
                ("sorties", "side"),
                ("sorties", "type"),
                ("flight_hours", "side"),
                ("protected_sorties", "sortie"),
                ("declines", "reason"),
            ] {
                let prefix = format!("{whole}[{key}=");
                let parts: f64 = columns
                    .columns()
                    .iter()
                    .zip(&summary.values)
                    .filter(|(column, _)| column.name.starts_with(&prefix))
                    .map(|(_, value)| value)
                    .sum();
                let whole_value = value(whole);
                assert!(
                    (parts - whole_value).abs() <= 1e-9 * whole_value.max(1.0),
                    "{whole} by {key}: {parts} is not {whole_value}"
                );
            }
            let declared: u64 = summary.confusion.iter().sum();
            assert_eq!(declared as f64, value("declarations"));
            assert_eq!(
                value("declarations_right")
                    + value("declarations_wrong")
                    + value("declarations_unknown"),
                value("declarations")
            );
            // What is missing is still in the air at the end.
            assert!(
                value("kills")
                    + value("shots_missed")
                    + value("shots_wasted")
                    + value("shots_aborted")
                    <= value("shots")
            );
            assert_eq!(
                value("objective_sorties"),
                value("leaked_sorties")
                    + value("stopped_sorties")
                    + value("turned_back_sorties")
                    + value("sorties_in_progress_at_end")
            );
        }
    }
}

#[test]
fn a_share_never_exceeds_one() {
    for (columns, summaries) in rows() {
        for derived in columns.derived() {
            if derived.measure.kind != Kind::Proportion {
                continue;
            }
            for summary in &summaries {
                let above = summary.values[derived.numerator];
                let below = derived
                    .denominator
                    .map_or(1.0, |column| summary.values[column]);
                assert!(above <= below, "{}: {above} of {below}", derived.name);
            }
        }
    }
}

#[test]
fn recording_more_measures_the_same() {
    for path in SCENARIOS {
        let scenario = load(path);
        let columns = Columns::new(&scenario.cast);
        for index in 0..2 {
            let plain = columns.measure(&fly(&scenario, index, Detail::Measures));
            for detail in [Detail::Decisive, Detail::Full] {
                let full = columns.measure(&fly(&scenario, index, detail));
                assert_eq!(plain, full, "{path}, replication {index}, {detail:?}");
            }
        }
    }
}

/// Asking for air pictures changes nothing but what is asked for; and what it tells of identities, where declarations are made in
/// runs otherwise, is what a log with every single change of them tells.
#[test]
fn air_pictures_change_nothing_and_tell_every_change_of_identity() {
    let asked = ["air_picture.sample_every_s=600".to_owned()];
    let (mut tracks, mut changes) = (0, 0);
    for path in [
        "scenarios/nov-2019-busy.toml",
        "scenarios/closed-form/random-walk-identification.toml",
        "benches/trip-ref.toml",
    ] {
        let plain = load(path);
        let sampled = Scenario::load(Path::new(path), &asked)
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        for index in 0..3 {
            let measured = fly(&sampled, index, Detail::Measures);
            let asked_for = |fact: &Fact| {
                matches!(
                    fact,
                    Fact::PictureSampled { .. }
                        | Fact::PictureContinuity { .. }
                        | Fact::IdentityHistory { .. }
                )
            };
            let others = measured
                .events
                .iter()
                .filter(|event| !asked_for(&event.fact));
            let without = fly(&plain, index, Detail::Measures);
            assert!(others.eq(&without.events), "{path}, {index}");
            assert_eq!(measured.tallies, without.tallies, "{path}, {index}");
            // Track by track, by their changes one by one.
            let full = fly(&plain, index, Detail::Full);
            let mut open = BTreeMap::new();
            let mut told = Vec::new();
            for Event { time, fact, .. } in &full.events {
                let pair = (fact.site(), fact.aircraft());
                match fact {
                    Fact::TrackConfirmed { .. } => {
                        open.insert(pair, vec![(*time, Identity::Pending)]);
                    }
                    Fact::IdentityChanged { to, .. } => {
                        open.get_mut(&pair).expect("a track").push((*time, *to));
                    }
                    Fact::TrackEnded { .. } => {
                        let said = open.remove(&pair).expect("a track");
                        told.push((pair, history(&said, *time)));
                    }
                    _ => {}
                }
            }
            let found = measured.events.iter().filter_map(|event| match event.fact {
                Fact::IdentityHistory { history, .. } => {
                    Some(((event.fact.site(), event.fact.aircraft()), history))
                }
                _ => None,
            });
            let found: Vec<_> = found.collect();
            assert_eq!(found, told, "{path}, {index}");
            tracks += told.len();
            changes += told.iter().map(|(_, history)| history.changes).sum::<u32>();
        }
    }
    assert!(
        tracks > 200 && changes > 500,
        "{tracks} tracks, {changes} changes"
    );
}

/// The history of a track from what it was identified as since when, up to its end.
fn history(said: &[(Millis, Identity)], end: Millis) -> IdentityHistory {
    let since = |is: &dyn Fn(Identity) -> bool| {
        let run = said.iter().rev().take_while(|(_, identity)| is(*identity));
        run.last().map(|(time, _)| *time)
    };
    let until = said.iter().skip(1).map(|(time, _)| *time).chain([end]);
    let spans = said.iter().zip(until);
    let suspect = spans.filter(|((_, identity), _)| *identity == Identity::Suspect);
    IdentityHistory {
        confirmed: said[0].0,
        changes: said.len() as u32 - 1,
        hostile_since: since(&|identity| identity == Identity::Hostile),
        unsuspected_since: since(&|identity| {
            !matches!(identity, Identity::Suspect | Identity::Hostile)
        }),
        suspect: suspect.fold(Millis::ZERO, |sum, ((from, _), until)| {
            sum + (until - *from)
        }),
    }
}

#[test]
fn every_measure_has_a_cell() {
    for (columns, summaries) in rows() {
        let mut estimator = Estimator::new(columns.clone());
        for (index, summary) in summaries.iter().enumerate() {
            estimator.add(index as u64, summary);
        }
        let cells = estimator.cells(0.95);
        assert_eq!(cells.len(), columns.derived().len() + 2);
        for cell in &cells {
            let value = &cell.value;
            if cell.exposure > 0.0 {
                assert!(value.estimate.is_finite(), "{}", cell.name);
                assert!(
                    value.low.is_nan()
                        || (value.low <= value.estimate && value.estimate <= value.high),
                    "{}: {value:?}",
                    cell.name
                );
            } else {
                assert!(value.estimate.is_nan(), "{}", cell.name);
            }
        }
    }
}
