//! The promise: same scenario, seed and version give the same bytes, on any x86-64 CPU, in any build, on any number of
//! threads. That threads do not matter is tested with the run folder, in `cli.rs`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate};
use sha2::{Digest, Sha256};

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
        ("scenarios/nov-2019-baseline.toml", 5, BASELINE),
        ("scenarios/closed-form/notice-chain.toml", 50, NOTICE_CHAIN),
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

/// An engine that has flown other scenarios, with every kind of thing that a rule puts into the world, flies the next as if
/// it were the first.
#[test]
fn nothing_is_left_of_the_replication_before() {
    let scenarios = [
        "scenarios/closed-form/blue-force-feed.toml",
        "scenarios/nov-2019-baseline.toml",
        "scenarios/closed-form/cease-fire.toml",
        "scenarios/closed-form/notice-chain.toml",
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

const BASELINE: &str = "a14008336317758e3fb3890ee0689a25fe5b9ddff36ddbf44f203e039cb555c4";
const NOTICE_CHAIN: &str = "1bf53c4fd51b6e180fcab58a9d9103a262b11b0baeb219aedc69b7fdda769393";
const TRIP_REF: &str = "1e3bb38784742680d1920efc0945ead5562aba0551e16c5cb65adc9d435200ee";

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
