//! Live pictures: held to files of their own where nothing influences anything else, and what they alone can show.

use std::path::Path;

use deconflict::record::{Detail, Event, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

fn load(path: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Scenario::load(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(path),
        &overrides,
    )
    .unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

/// The scenario with every site in step with the clock: a filter has nothing to do where positions are true.
fn live(mut scenario: Scenario) -> Scenario {
    for class in &mut scenario.classes {
        class.tracker.filter = Some(deconflict::tracking::kalman::FilterSpec {
            acceleration_sigma_mps2: 1.0,
            initial_speed_sigma_mps: 100.0,
        });
    }
    assert!((0..scenario.sites.len()).all(|entry| scenario.keeps_live(entry)));
    scenario
}

fn fly(scenario: &Scenario, seed: u64, index: u64, detail: Detail) -> EventLog {
    simulate(scenario, Replication { seed, index }, detail)
}

/// Asserts that two events are the same but for the last bits of a posterior: the sum is the same, its order is not.
fn assert_same(found: &Event, expected: &Event, what: &str) {
    let (mut found, mut expected) = (found.clone(), expected.clone());
    if let (
        Fact::Declared { posterior, .. },
        Fact::Declared {
            posterior: other, ..
        },
    ) = (&mut found.fact, &mut expected.fact)
    {
        for (one, other) in posterior.iter().zip(*other) {
            assert!((one - other).abs() < 1e-12, "{what}: {one} and {other}");
        }
        *posterior = *other;
    }
    assert_eq!(found, expected, "{what}");
}

/// Each log written by files of their own is written by live pictures too.
#[test]
fn live_pictures_write_the_log_that_files_write() {
    for (path, replications, overrides) in [
        ("scenarios/nov-2019-baseline.toml", 6, vec!["duration_h=8"]),
        ("scenarios/nov-2019-agreement.toml", 6, vec!["duration_h=8"]),
        ("benches/trip-ref.toml", 2, vec!["duration_h=1"]),
        ("scenarios/closed-form/shoot-look-shoot.toml", 30, vec![]),
        ("scenarios/closed-form/salvo.toml", 30, vec![]),
        ("scenarios/closed-form/competing-rates.toml", 30, vec![]),
        ("scenarios/closed-form/notice-chain.toml", 30, vec![]),
        ("scenarios/closed-form/track-2-of-3.toml", 30, vec![]),
        ("scenarios/closed-form/hotline.toml", 30, vec![]),
        ("scenarios/closed-form/corridor.toml", 30, vec![]),
        ("scenarios/closed-form/restricted-zone.toml", 30, vec![]),
        ("scenarios/closed-form/self-defence.toml", 30, vec![]),
        (
            "scenarios/closed-form/random-walk-identification.toml",
            30,
            vec![],
        ),
    ] {
        let files = load(path, &overrides);
        let live = live(files.clone());
        for index in 0..replications {
            for detail in [Detail::Measures, Detail::Full] {
                let expected = fly(&files, 7, index, detail);
                let found = fly(&live, 7, index, detail);
                for (number, (expected, found)) in
                    expected.events.iter().zip(&found.events).enumerate()
                {
                    assert_same(found, expected, &format!("{path}, {index}, event {number}"));
                }
                assert_eq!(found.events.len(), expected.events.len(), "{path}, {index}");
                let told = |log: &EventLog| log.tallies.clone();
                assert_eq!(told(&found), told(&expected), "{path}, replication {index}");
            }
        }
    }
}

#[expect(dead_code, reason = "used below once there are more")]
fn swaps(log: &EventLog) -> usize {
    let swapped = |fact: &Fact| matches!(fact, Fact::TrackSwapped { .. });
    log.events
        .iter()
        .filter(|event| swapped(&event.fact))
        .count()
}
