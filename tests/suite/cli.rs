//! The command line, as a user meets it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Sites that take a neutral for a hostile one time in ten, and a neutral plan filed with others.
const NIGHT: &str = include_str!("support/night.toml");

/// A folder with the scenario in it.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("night.toml"), NIGHT).unwrap();
    place
}

fn deconflict(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .current_dir(place)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Exit code 2, and every one of `words` in the message.
#[track_caller]
fn refuses(output: &Output, words: &[&str]) {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message}");
    }
    assert!(output.stdout.is_empty());
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn run_prints_seed_intervals_and_the_warning() {
    let place = place();
    let out = succeeds(&deconflict(place.path(), &["run", "night.toml"]));
    for words in [
        "A short night",
        "seed 1, 60 replications",
        "Neutrals shot down",
        "95 % intervals",
        "uncalibrated",
        "Next: deconflict run",
    ] {
        assert!(out.contains(words), "{words:?} is not in {out}");
    }
    let all = succeeds(&deconflict(place.path(), &["run", "night.toml", "--all"]));
    for words in [
        "Wrong fire",
        "wrong_share_of_shots",
        "95 % interval",
        "declared unknown",
        "Lost by us:",
        "A friend or neutral was shot down in",
    ] {
        assert!(all.contains(words), "{words:?} is not in {all}");
    }
    assert_eq!(
        names(place.path()),
        ["night.toml"],
        "nothing is written unasked"
    );
}

#[test]
fn one_replication_is_told_by_the_clock() {
    let place = place();
    // Find a run with a shot: the seed is fixed, so this is always the same one.
    let told = (0..20)
        .map(|replication| {
            let number = replication.to_string();
            succeeds(&deconflict(
                place.path(),
                &["run", "night.toml", "--replication", &number],
            ))
        })
        .find(|out| out.contains("fires shot 1"))
        .expect("a shot in twenty runs");
    assert!(told.contains("2019-11-21 (UTC)") || told.contains("2019-11-22 (UTC)"));
    assert!(told.contains("decides to fire at"), "{told}");
    assert!(told.contains("HOSTILE"), "{told}");
}

#[test]
fn the_run_folder_is_whole_and_the_same_for_any_number_of_threads() {
    let place = place();
    for (jobs, folder) in [("1", "one"), ("5", "results/five")] {
        succeeds(&deconflict(
            place.path(),
            &["run", "night.toml", "--jobs", jobs, "--out", folder],
        ));
    }
    let files = [
        "confusion.csv",
        "grid.csv",
        "manifest.json",
        "replications.csv",
        "run.json",
        "summary.csv",
        "times.csv",
    ];
    let (one, five) = (place.path().join("one"), place.path().join("results/five"));
    assert_eq!(names(&one), files);
    assert_eq!(names(place.path()), ["night.toml", "one", "results"]);
    for file in files {
        let same = fs::read(one.join(file)).unwrap() == fs::read(five.join(file)).unwrap();
        assert_eq!(same, file != "run.json", "{file}");
    }

    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(one.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["seed"], 1);
    assert_eq!(manifest["replications"], 60);
    assert_eq!(manifest["files"]["replications.csv"]["rows"], 60);
    assert_eq!(manifest["scenario"]["title"], "A short night");
    for file in [
        "replications.csv",
        "summary.csv",
        "confusion.csv",
        "grid.csv",
        "times.csv",
    ] {
        use sha2::Digest;
        let bytes = fs::read(one.join(file)).unwrap();
        let sum: String = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(manifest["files"][file]["sha256"], sum, "{file}");
    }
}

/// Starts a command that would take long, interrupts it, and gives how many replications it says it has run.
#[cfg(target_os = "linux")]
#[track_caller]
fn interrupted(place: &Path, arguments: &[&str]) -> (u64, String) {
    const MANY: &str = "5000000";
    let mut child = Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .args(["--replications", MANY, "--jobs", "2"])
        .current_dir(place)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Not before it listens.
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    };
    while !listens() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let ended = child.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(ended.code(), Some(130), "{message}");
    let told = message.split("interrupted after ").nth(1);
    let (flown, rest) = told.and_then(|told| told.split_once(' ')).expect(&message);
    let whole = format!("of {MANY} replications: what they say is above and in cut-off");
    assert!(rest.starts_with(&whole), "{message}");
    let flown = flown.parse().unwrap();
    assert!((2..5_000_000).contains(&flown), "{flown}");
    (flown, text(&output.stdout))
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_flown_when_interrupted_is_kept_and_the_same_as_so_many_replications() {
    for (command, out) in [
        (&["run", "night.toml"][..], "cut-off"),
        (&["prevent", "night.toml", "--rule", "R6"], "cut-off"),
        (&["compare", "night.toml", "other.toml"], "cut-off.csv"),
    ] {
        let place = place();
        let other = NIGHT.replace("A short night", "Another");
        fs::write(place.path().join("other.toml"), other).unwrap();
        let (flown, told) = interrupted(place.path(), &[command, &["--out", out]].concat());
        let count = flown.to_string();
        let fresh = [command, &["--out", "fresh", "--replications", &count]].concat();
        let whole = succeeds(&deconflict(place.path(), &fresh));
        assert!(told.replace(out, "fresh") == whole, "{told}\n{whole}");
        let (kept, fresh) = (place.path().join(out), place.path().join("fresh"));
        if kept.is_file() {
            assert_eq!(fs::read(kept).unwrap(), fs::read(fresh).unwrap());
            continue;
        }
        assert_eq!(names(&kept), names(&fresh));
        // These say that more was asked for.
        let told = ["run.json", "manifest.json", "prevention.json"];
        for name in names(&kept)
            .iter()
            .filter(|name| !told.contains(&name.as_str()))
        {
            let same = fs::read(kept.join(name)).unwrap() == fs::read(fresh.join(name)).unwrap();
            assert!(same, "{name} of {command:?}");
        }
    }
}

#[test]
fn summary_is_the_ratio_of_the_sums_of_replications() {
    let place = place();
    succeeds(&deconflict(
        place.path(),
        &["run", "night.toml", "--out", "out"],
    ));
    let mut reader = csv::Reader::from_path(place.path().join("out/replications.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let mut sums = vec![0.0; header.len()];
    for record in reader.records() {
        for (sum, field) in sums.iter_mut().zip(record.unwrap().iter()) {
            *sum += field.parse::<f64>().unwrap();
        }
    }
    let sum = |name: &str| sums[header.iter().position(|field| field == name).unwrap()];
    let mut reader = csv::Reader::from_path(place.path().join("out/summary.csv")).unwrap();
    let mut checked = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let expected = match &record[0] {
            "wrong_share_of_shots" => sum("wrong_shots") / sum("shots"),
            "lost_per_sortie[side=us]" => sum("kills[side=us]") / sum("sorties[side=us]"),
            "completeness" => sum("tracks_declared") / sum("tracks"),
            _ => continue,
        };
        checked += 1;
        let (estimate, low, high): (f64, f64, f64) = (
            record[2].parse().unwrap(),
            record[3].parse().unwrap(),
            record[4].parse().unwrap(),
        );
        assert!((estimate - expected).abs() < 1e-12, "{record:?}");
        assert!(
            low <= estimate && estimate <= high && low < high,
            "{record:?}"
        );
    }
    assert_eq!(checked, 3);
}

#[test]
fn one_replication_alone_repeats_its_row() {
    let place = place();
    succeeds(&deconflict(
        place.path(),
        &["run", "night.toml", "--out", "all"],
    ));
    succeeds(&deconflict(
        place.path(),
        &[
            "run",
            "night.toml",
            "--replication",
            "17",
            "--events",
            "17.csv",
            "--out",
            "one",
        ],
    ));
    let all = fs::read_to_string(place.path().join("all/replications.csv")).unwrap();
    let one = fs::read_to_string(place.path().join("one/replications.csv")).unwrap();
    assert_eq!(all.lines().next(), one.lines().next());
    assert_eq!(all.lines().nth(18), one.lines().nth(1));
}

#[test]
fn event_files_by_extension() {
    let place = place();
    for file in ["night.csv", "night.jsonl"] {
        succeeds(&deconflict(
            place.path(),
            &["run", "night.toml", "-n", "1", "--events", file],
        ));
    }
    let csv = fs::read_to_string(place.path().join("night.csv")).unwrap();
    let json = fs::read_to_string(place.path().join("night.jsonl")).unwrap();
    assert!(csv.starts_with("seed,replication,time_s,utc,event,site,aircraft,"));
    assert_eq!(csv.lines().count(), json.lines().count() + 1);
    refuses(
        &deconflict(
            place.path(),
            &["run", "night.toml", "-n", "1", "--events", "night.xlsx"],
        ),
        &["night.xlsx", ".csv or .jsonl"],
    );
    refuses(
        &deconflict(place.path(), &["run", "night.toml", "--events", "many.csv"]),
        &["--replication R"],
    );
    refuses(
        &deconflict(
            place.path(),
            &["run", "night.toml", "-n", "1", "--events", "night.csv"],
        ),
        &["night.csv", "exists already"],
    );
    assert_eq!(
        names(place.path()),
        ["night.csv", "night.jsonl", "night.toml"]
    );
}

#[test]
fn nothing_is_overwritten_without_force() {
    let place = place();
    let run = |extra: &[&str]| {
        let mut arguments = vec!["run", "night.toml", "--out", "out"];
        arguments.extend(extra);
        deconflict(place.path(), &arguments)
    };
    succeeds(&run(&[]));
    let before = fs::read(place.path().join("out/replications.csv")).unwrap();
    refuses(
        &run(&["--seed", "2"]),
        &["out", "exists already", "--force"],
    );
    assert_eq!(
        fs::read(place.path().join("out/replications.csv")).unwrap(),
        before
    );
    succeeds(&run(&["--seed", "2", "--force"]));
    assert_ne!(
        fs::read(place.path().join("out/replications.csv")).unwrap(),
        before
    );
    assert_eq!(names(place.path()), ["night.toml", "out"]);

    fs::create_dir(place.path().join("photos")).unwrap();
    fs::write(place.path().join("photos/beach.jpg"), "sun").unwrap();
    refuses(
        &deconflict(
            place.path(),
            &["run", "night.toml", "--out", "photos", "--force"],
        ),
        &["photos", "not a run folder"],
    );
    assert_eq!(names(&place.path().join("photos")), ["beach.jpg"]);
}

#[test]
fn bad_input_is_one_clear_error() {
    let place = place();
    refuses(
        &deconflict(place.path(), &["run", "nowhere.toml"]),
        &["nowhere.toml"],
    );
    refuses(&deconflict(place.path(), &["run", "."]), &[]);
    refuses(
        &deconflict(place.path(), &["run", "night.toml", "--replications", "0"]),
        &["1.."],
    );
    refuses(
        &deconflict(place.path(), &["run", "night.toml", "--confidence", "95"]),
        &["0.95"],
    );
    fs::write(place.path().join("bad.toml"), [0xff, 0xfe, 0x00]).unwrap();
    refuses(
        &deconflict(place.path(), &["run", "bad.toml", "--out", "out"]),
        &["bad.toml"],
    );
    assert_eq!(names(place.path()), ["bad.toml", "night.toml"]);
}

#[test]
fn an_unusable_output_folder_is_a_failure_that_names_it() {
    let place = place();
    fs::write(place.path().join("file"), "").unwrap();
    let output = deconflict(place.path(), &["run", "night.toml", "--out", "file/out"]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("file"), "{message}");
    assert!(output.stdout.is_empty());
}

#[test]
fn overrides_reach_the_simulation() {
    let place = place();
    let out = succeeds(&deconflict(
        place.path(),
        &[
            "run",
            "night.toml",
            "--set",
            "rules.weapons_control.status=hold",
        ],
    ));
    assert!(out.contains("no shot was fired"), "{out}");
}

#[test]
fn rules_are_listed_and_explained() {
    let place = place();
    let list = succeeds(&deconflict(place.path(), &["rules"]));
    for page in deconflict::coordination::RULES {
        assert!(list.contains(page.id) && list.contains(page.key));
        let explained = succeeds(&deconflict(place.path(), &["rules", page.id]));
        assert_eq!(
            explained,
            succeeds(&deconflict(place.path(), &["rules", page.key]))
        );
        assert!(explained.contains(page.title));
        for parameter in deconflict::scenario::keys::parameters(page.key) {
            assert!(!parameter.meaning.is_empty(), "{}", parameter.path);
            assert!(explained.contains(&format!("  {}: {}", parameter.path, parameter.meaning)));
        }
        for reason in page.reasons {
            assert!(explained.contains(reason));
        }
    }
    refuses(
        &deconflict(place.path(), &["rules", "flight_plan_notise"]),
        &["did you mean flight_plan_notice?"],
    );
}

#[test]
fn columns_are_explained() {
    let place = place();
    let out = succeeds(&deconflict(place.path(), &["columns", "night.toml"]));
    for measure in deconflict::measure::MEASURES {
        assert!(out.contains(measure.definition));
    }
    assert!(out.contains("sorties[side=us]"));
}

#[test]
fn help_teaches_by_example() {
    let place = place();
    for arguments in [&["--help"][..], &["run", "--help"], &["rules", "--help"]] {
        let out = succeeds(&deconflict(place.path(), arguments));
        assert!(out.contains("Examples:"), "{out}");
        assert!(out.contains("deconflict r"), "{out}");
    }
}
