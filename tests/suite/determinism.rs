//! The promise: same scenario, seed and version give the same bytes, on any x86-64 CPU, in any build, on any number of
//! threads. That threads do not matter is tested with the run folder, in `cli.rs`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use deconflict::inquiry::{Change, candidate_rules};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate};
use sha2::{Digest, Sha256};

use crate::metamorphic::shipped;
use crate::support::{load, repository};

/// One hash of all that happened in a few replications. `Debug` writes every number with all its digits.
fn hash(path: &str, replications: u64) -> String {
    let scenario = Scenario::load(Path::new(path), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let mut hasher = Sha256::new();
    for index in 0..replications {
        let log = simulate(
            &scenario,
            Replication {
                seed: 20_191_121,
                index,
            },
            Detail::Full,
        );
        hasher.update(format!("{log:?}"));
    }
    let mut text = String::new();
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}").expect("writing to a string");
    }
    text
}

/// The hashes are constants of the source, so every build on every machine is held to the same.
#[test]
fn logs_are_the_same_to_the_last_bit() {
    let known = [
        ("scenarios/nov-2019-baseline.toml", 20, BASELINE),
        ("scenarios/nov-2019-busy.toml", 5, BUSY),
        (
            "scenarios/closed-form/plan-delivery-chain.toml",
            50,
            PLAN_DELIVERY_CHAIN,
        ),
        ("benches/trip-ref.toml", 2, TRIP_REF),
    ];
    let mut changed = String::new();
    for (path, replications, expected) in known {
        let found = hash(path, replications);
        if found != expected {
            writeln!(changed, "{path}: {found}, was {expected}").expect("writing to a string");
        }
    }
    assert!(
        changed.is_empty(),
        "the event logs are not those of this version:\n{changed}\
         If you meant to change what is simulated or drawn, or the scenario: raise `MODEL` in the simulation room, put the new\n\
         hashes here and a line into the changelog. If you did not, a draw has moved or a number depends on the machine:\n\
         look for a std float function, an iteration over a hash map, or a reused Purpose."
    );
}

/// An engine that has run other scenarios, with every kind of thing that a rule puts into the world, runs the next as if
/// it were the first.
#[test]
fn nothing_is_left_of_the_replication_before() {
    let scenarios = [
        "scenarios/closed-form/friendly-force-tracking.toml",
        "scenarios/nov-2019-baseline.toml",
        "scenarios/closed-form/cease-fire.toml",
        "scenarios/closed-form/plan-delivery-chain.toml",
        "scenarios/alert-night.toml",
        "scenarios/closed-form/engagement-authority.toml",
        "scenarios/dark-ally.toml",
    ]
    .map(|path| {
        Scenario::load(Path::new(path), &[])
            .unwrap_or_else(|error| panic!("{}", error.render(false)))
    });
    let engine = Engine::default();
    for index in 0..3 {
        for one in &scenarios {
            for next in &scenarios {
                let replication = Replication { seed: 7, index };
                engine.simulate(one, replication, Detail::Measures);
                let detail = Detail::Decisive;
                let after = engine.simulate(next, replication, detail);
                assert!(
                    *after == simulate(next, replication, detail),
                    "{} after {}",
                    next.file.title,
                    one.file.title
                );
            }
        }
    }
}

/// What an engine keeps from one rule set to the next changes no byte, whoever comes first and however many come at once: of
/// every shipped scenario under every rule that may be added or taken away, and under changes of what is seen, by whom and how long.
#[test]
fn what_is_kept_between_rule_sets_changes_no_byte() {
    let mut tried = 0;
    for path in shipped() {
        if path.ends_with("trip-1k.toml") {
            continue;
        }
        let scenario = load(repository(&path), &[]);
        let candidates = candidate_rules(&scenario);
        let changes = candidates.added.iter().chain(&candidates.removed);
        let changed = changes.filter_map(|change| Change::apply(&scenario, &[change]).ok());
        let mut higher = scenario.clone();
        for class in &mut higher.theatre.classes {
            class.sensor.antenna_m += 10.0;
        }
        let shorter = scenario.with("shorter", &["duration_h=3".to_owned()]);
        let all: Vec<Scenario> = std::iter::once(scenario.clone())
            .chain([higher])
            .chain(shorter.ok())
            .chain(changed)
            .collect();
        let engine = Engine::of_rule_sets(2);
        let replication = Replication { seed: 11, index: 3 };
        let detail = Detail::Decisive;
        let (one, other) = all.split_at(all.len() / 2);
        std::thread::scope(|scope| {
            for half in [one, other] {
                let (engine, path) = (&engine, &path);
                scope.spawn(move || {
                    for (number, scenario) in half.iter().enumerate() {
                        let kept = engine.simulate(scenario, replication, detail);
                        assert!(
                            *kept == simulate(scenario, replication, detail),
                            "{path}: {number}"
                        );
                    }
                });
            }
        });
        tried += all.len();
    }
    assert!(tried > 500, "{tried}");
}

const BASELINE: &str = "67d8f91370a6c26985ad72df6c321f72afcf3ab279af7dc190916a821b60d7bd";
const BUSY: &str = "79394be7816fe3f48ca236100ae5f5ba81d44612d056c7d13c1e812cff33ba46";
const PLAN_DELIVERY_CHAIN: &str =
    "634d17b93425eee7124217976b683e470bf4abc9ef9ae5fa2076564de427f00b";
const TRIP_REF: &str = "ec088cd6f0f514ae2c9ee098e422b09881283efd61d42a9f8eefc747673d7b64";

/// The same run with the C library told to hide FMA and AVX: what glibc picks by CPU must not matter.
#[test]
fn a_lesser_cpu_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, tunables: Option<&str>| {
        let out = folder.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_deconflict"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "run",
                "scenarios/nov-2019-agreement.toml",
                "--replications",
                "20",
                "--out",
            ])
            .arg(&out);
        if let Some(tunables) = tunables {
            command.env("GLIBC_TUNABLES", tunables);
        }
        assert!(
            command
                .output()
                .expect("the program starts")
                .status
                .success()
        );
        [
            "replications.csv",
            "summary.csv",
            "confusion.csv",
            "grid.csv",
            "times.csv",
            "manifest.json",
        ]
        .map(|file| std::fs::read(out.join(file)).expect("the file is written"))
    };
    let plain = run("plain", None);
    let lesser = run(
        "lesser",
        Some("glibc.cpu.hwcaps=-AVX,-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4,-AVX512F,-AVX512VL"),
    );
    assert!(plain == lesser, "results depend on the CPU");
}
