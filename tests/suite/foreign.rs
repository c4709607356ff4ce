//! Nothing foreign is deleted or read, nothing is altered in silence, and everything is bounded before it begins: tried
//! with the program itself, as strangers and accidents would.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::sweep::signal;

const NIGHT: &str = include_str!("support/night.toml");

const EXPERIMENT: &str = r#"
title = "Two rules"
scenario = "night.toml"
seed = 3
measures = ["any_wrong_kill"]
stop.fixed.replications = 6
[levers.kill]
path = "site_classes.watch.weapon.kill_probability"
values = [0.3, 0.9]
"#;

const STUDY: &str = r#"
title = "Small"
scenario = "night.toml"
seed = 3
objectives = [{ minimise = "any_wrong_kill" }, { minimise = "leaked" }]
budget.replications = 300
finalists = 2
first_replications = 4
population = 4
[parameters.kill]
path = "site_classes.watch.weapon.kill_probability"
range = { low = 0.1, high = 0.9 }
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("night.toml", NIGHT);
        place.write("plan.toml", EXPERIMENT);
        place.write("study.toml", STUDY);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap()).into_owned()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deconflict"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path());
        command
    }

    fn deconflict(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    fn succeeds(&self, arguments: &str) -> String {
        let output = self.deconflict(arguments);
        assert!(output.status.success(), "{arguments}: {}", told(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ends with a code, says all of the words, and nothing on standard output if it was bad input.
    #[track_caller]
    fn ends(&self, arguments: &str, code: i32, words: &[&str]) -> String {
        let output = self.deconflict(arguments);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments}: {word:?} in {said}");
        }
        said
    }

    fn start(&self, arguments: &str) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Every file below a folder with its bytes, and every folder, by path.
    fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path(folder);
        let mut found = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                if path.is_dir() {
                    found.insert(format!("{name}/"), Vec::new());
                    folders.push(path);
                } else {
                    found.insert(name, fs::read(&path).unwrap_or_default());
                }
            }
        }
        found
    }

    /// What stands beside the input.
    fn names(&self) -> Vec<String> {
        let input = ["night.toml", "plan.toml", "study.toml"];
        let all = self.files(".").into_keys();
        all.filter(|name| !input.contains(&name.as_str())).collect()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn grown(path: &Path, length: u64, child: &mut Child) {
    let begun = Instant::now();
    while fs::metadata(path).map_or(0, |about| about.len()) <= length {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "it does not grow"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

const WRITERS: [(&str, &str); 3] = [
    (
        "run night.toml -n 3 --force",
        "run night.toml -n 5000000 --force",
    ),
    (
        "sweep plan.toml --force",
        "sweep plan.toml -n 5000000 --force",
    ),
    (
        "tune study.toml --force",
        "tune study.toml --budget 90000000 --force",
    ),
];

// Whose a folder is.

#[test]
fn force_replaces_what_is_ours_and_touches_nothing_else() {
    let place = Place::new();
    for (write, _) in WRITERS {
        for (name, text) in [
            (
                "manifest.json",
                "{\"manifest_version\": 3, \"name\": \"an extension\"}",
            ),
            ("manifest.json", "no JSON"),
            (
                "manifest.json",
                "{\"program\": \"deconflict\", \"version\": \"0.4.0\"}",
            ),
            ("plan.json", "{\"title\": \"a holiday\"}"),
            ("study.json", "[]"),
            ("thesis.tex", "years"),
        ] {
            let _ = fs::remove_dir_all(place.path("theirs"));
            place.write(&format!("theirs/{name}"), text);
            place.write("theirs/chapter/1.tex", "years");
            let before = place.files("theirs");
            place.ends(
                &format!("{write} --out theirs"),
                2,
                &["theirs", "not replaced even with --force"],
            );
            assert_eq!(before, place.files("theirs"), "{write} {name}");
        }
        // Ours, with something strange in it: named, and nothing is touched.
        place.succeeds(&format!("{write} --out ours"));
        for strange in [
            "thesis.tex",
            "report/notes.txt",
            "finalists/mine.toml",
            "blocks/x",
            "Manifest.json",
        ] {
            place.write(&format!("ours/{strange}"), "years");
            let before = place.files("ours");
            let first = strange.split('/').next().unwrap();
            place.ends(
                &format!("{write} --out ours"),
                2,
                &["ours", first, "nothing was touched"],
            );
            assert_eq!(before, place.files("ours"), "{write} {strange}");
            fs::remove_file(place.path(&format!("ours/{strange}"))).unwrap();
            let folder = place.path(&format!("ours/{first}"));
            if folder.is_dir() && fs::read_dir(&folder).unwrap().next().is_none() {
                fs::remove_dir(folder).unwrap();
            }
        }
        // With nothing strange in it, it gives way, whichever command wrote it; and nothing is left beside.
        for (other, _) in WRITERS {
            place.succeeds(&format!("{other} --out ours"));
        }
        let left = place.names();
        assert!(
            left.iter()
                .all(|name| !name.contains("unfinished") && !name.contains("replaced")),
            "{left:?}"
        );
        fs::remove_dir_all(place.path("ours")).unwrap();
    }
}

#[test]
fn what_another_command_is_writing_is_not_replaced() {
    for (_, long) in &WRITERS[1..] {
        let place = Place::new();
        let mut child = place.start(&format!("{long} --out out"));
        let journal = if long.starts_with("sweep") {
            "out/blocks/whole.blocks"
        } else {
            "out/search.batches"
        };
        grown(&place.path(journal), 4000, &mut child);
        for (write, _) in WRITERS {
            place.ends(
                &format!("{write} --out out"),
                1,
                &["another deconflict is writing"],
            );
        }
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", told(&output));
    }
}

// What is asked, done, and why it ended.

#[test]
fn older_results_give_way_to_finished_ones_alone() {
    let place = Place::new();
    for (write, long) in WRITERS {
        place.succeeds(&format!("{write} --out out"));
        let older = place.files("out");
        let mut child = place.start(&format!("{long} --out out"));
        std::thread::sleep(Duration::from_millis(400));
        assert!(child.try_wait().unwrap().is_none());
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", told(&output));
        let run = write.starts_with("run");
        let (kept, fresh) = match run {
            true => ("out", "out.interrupted"),
            false => ("out/replaced", "out"),
        };
        assert_eq!(older, place.files(kept), "{write}");
        assert!(told(&output).contains(fresh) || !run, "{}", told(&output));
        let status = place.deconflict(&format!("status {fresh}"));
        let first = String::from_utf8_lossy(&status.stdout)
            .lines()
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(status.status.code(), Some(1), "{first}");
        if run {
            assert!(
                first.starts_with("Interrupted: ") && first.contains(" of 5000000 "),
                "{first}"
            );
            for file in ["manifest.json", "run.json"] {
                let said: serde_json::Value =
                    serde_json::from_str(&place.read(&format!("{fresh}/{file}"))).unwrap();
                assert_eq!(said["asked"], 5_000_000);
                assert!(said["done"].as_u64().unwrap() < 5_000_000);
                assert_eq!(said["ended"], "it was interrupted");
            }
            let report = place.succeeds(&format!("report {fresh}"));
            assert!(report.starts_with(&first), "{report}");
            assert!(place.read(&format!("{fresh}/report.html")).contains(&first));
        }
        // A finished one replaces all of it.
        place.succeeds(&format!("{write} --out out"));
        assert!(!place.path("out/replaced").exists(), "{write}");
        for name in place.names() {
            if let Some(name) = name.strip_suffix('/').filter(|name| !name.contains('/')) {
                fs::remove_dir_all(place.path(name)).unwrap();
            }
        }
    }
}

// What is read back.

#[test]
fn changed_results_are_named_and_refused() {
    let place = Place::new();
    place.succeeds("run night.toml -n 12 --out run");
    place.succeeds("sweep plan.toml --out sweep");
    place.succeeds("tune study.toml --out tune");
    place.succeeds("prevent --from run --rule R6 -n 3 --out run");
    for (folder, file) in [
        ("run", "summary.csv"),
        ("run", "replications.csv"),
        ("run", "grid.csv"),
        ("run", "times.csv"),
        ("run", "prevention.csv"),
        ("run", "prevention.json"),
        ("run", "manifest.json"),
        ("sweep", "cells.csv"),
        ("sweep", "pairs.csv"),
        ("sweep", "confusion.csv"),
        ("sweep", "plan.json"),
        ("sweep", "manifest.json"),
        ("tune", "front.csv"),
        ("tune", "decision.md"),
        ("tune", "finalists/01.toml"),
        ("tune", "manifest.json"),
    ] {
        let name = format!("{folder}/{file}");
        let whole = fs::read(place.path(&name)).unwrap();
        // A digit becomes another digit, which no reader would notice by itself.
        let at = whole
            .iter()
            .rposition(|byte| (b'1'..=b'8').contains(byte))
            .unwrap();
        let mut changed = whole.clone();
        changed[at] += 1;
        place.write(&name, &changed);
        let short = file.rsplit('/').next().unwrap();
        place.ends(
            &format!("report {folder}"),
            2,
            &[folder, short, "--unverified"],
        );
        if file != "prevention.csv" && file != "prevention.json" && folder != "tune" {
            let other = if folder == "run" {
                "run"
            } else {
                "sweep:kill=0.3"
            };
            if file != "plan.json" {
                place.ends(&format!("compare {other} {other}"), 2, &[short]);
            }
        }
        // What was removed is named too, and not taken for what never was.
        if !["prevention.json", "manifest.json", "plan.json"].contains(&file) {
            fs::remove_file(place.path(&name)).unwrap();
            place.ends(&format!("report {folder}"), 2, &[short, "missing"]);
        }
        place.write(&name, &whole);
        place.succeeds(&format!("report {folder}"));
    }
    place.write(
        "run/summary.csv",
        place
            .read("run/summary.csv")
            .replacen(",share,", ",chance,", 1),
    );
    place.ends("report run", 2, &["summary.csv"]);
    place.succeeds("report run --unverified");
    place.succeeds("compare run run --unverified");
    place.ends("reproduce run", 1, &["summary.csv"]);
}

#[test]
fn a_folder_of_results_can_be_made_again() {
    let place = Place::new();
    place.succeeds("run night.toml -n 12 --out run --seed 9 --set title=Mine");
    place.succeeds("run night.toml --replication 4 --out one");
    place.succeeds("sweep plan.toml -n 5 --out sweep");
    place.succeeds("tune study.toml --out tune");
    for folder in ["run", "one", "sweep", "tune"] {
        let before = place.files(folder);
        let said = place.succeeds(&format!("reproduce {folder} -j 2"));
        assert!(said.contains("The same in every byte"), "{said}");
        assert_eq!(before, place.files(folder));
    }
}

/// Results of a stranger are checked as what is typed is: numbers, scenarios, kinds of files.
#[test]
fn results_of_a_stranger_are_bounded() {
    let place = Place::new();
    place.succeeds("run night.toml -n 3 --out run");
    place.succeeds("sweep plan.toml -n 3 --shard 0/2 --out parts");
    place.succeeds("sweep plan.toml -n 4 --out sweep");
    let forged = |name: &str, from: &str, to: &str| {
        let text = place.read(name);
        assert!(text.contains(from), "{from} in {text}");
        place.write(name, text.replacen(from, to, 1));
        text
    };
    let begun = Instant::now();
    let text = forged("run/manifest.json", "\"count\": 1", "\"count\": 1000000000");
    place.ends("run --from run --replication 0", 2, &["manifest.json"]);
    place.ends(
        "run --from run --replication 0 --unverified",
        2,
        &["count", "1000000000"],
    );
    place.write("run/manifest.json", text);
    let text = forged(
        "run/manifest.json",
        "\"done\": 3",
        "\"done\": 1000000000000000000",
    );
    place.ends("compare run night.toml --unverified", 2, &["done"]);
    place.write("run/manifest.json", text);
    forged(
        "parts/shards/shards.json",
        "\"count\": 2",
        "\"count\": 1000000000000000000",
    );
    place.ends("status parts", 2, &["shards.json"]);
    place.ends("merge parts", 2, &["shards.json"]);
    // A table that is no file, or that nobody may read, is not a table that is missing.
    fs::remove_file(place.path("sweep/grid.csv")).unwrap();
    fs::create_dir(place.path("sweep/grid.csv")).unwrap();
    place.ends("report sweep", 2, &["grid.csv"]);
    place.ends("report sweep --unverified", 2, &["grid.csv"]);
    #[cfg(unix)]
    {
        fs::remove_dir(place.path("sweep/grid.csv")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", place.path("sweep/grid.csv")).unwrap();
        place.ends("report sweep --unverified", 2, &["grid.csv"]);
    }
    assert!(begun.elapsed() < Duration::from_secs(120));
}

#[test]
fn nothing_aborts_on_a_panic() {
    for manifest in ["Cargo.toml", "engine/Cargo.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
        let text = fs::read_to_string(path).unwrap();
        let set = text
            .lines()
            .find(|line| line.trim_start().starts_with("panic"));
        assert_eq!(
            set, None,
            "{manifest}: a panic in a worker is to be told, and what was finished kept"
        );
    }
}

// The journal of a tuning.

#[test]
fn a_damaged_search_is_refused_and_left_alone() {
    let place = Place::new();
    place.succeeds("tune study.toml --out out");
    let whole = fs::read(place.path("out/search.batches")).unwrap();
    let results = place.read("out/front.csv");
    for part in 1..8 {
        let mut bad = whole.clone();
        let at = part * whole.len() / 10;
        bad[at] ^= 0x10;
        place.write("out/search.batches", &bad);
        place.ends(
            "tune study.toml --out out --resume",
            2,
            &["search.batches", "damaged"],
        );
        assert_eq!(fs::read(place.path("out/search.batches")).unwrap(), bad);
    }
    // Cut off, it goes on, and says so.
    place.write("out/search.batches", &whole[..whole.len() / 2]);
    place.ends(
        "tune study.toml --out out --resume",
        0,
        &["search.batches", "run again"],
    );
    assert_eq!(place.read("out/front.csv"), results);
    assert_eq!(fs::read(place.path("out/search.batches")).unwrap(), whole);
}

// What killed commands leave.

/// Kills every command that writes at many moments: what is there afterwards is the old or the new, and the next command
/// leaves nothing that is unfinished.
#[test]
#[cfg(unix)]
fn killed_at_any_moment_the_old_or_the_new_is_whole() {
    let place = Place::new();
    place.succeeds("run night.toml -n 40 --out out");
    place.succeeds("sweep plan.toml -n 4 --shard 0/1 --out parts");
    let older = place.files("out");
    let run = "run night.toml -n 40 --seed 2 --out out --force";
    for (number, command) in [run, "report out", "merge parts", run, "report parts", run]
        .into_iter()
        .cycle()
        .take(36)
        .enumerate()
    {
        let mut child = place.start(command);
        std::thread::sleep(Duration::from_millis(4 * number as u64));
        let _ = child.kill();
        child.wait().unwrap();
        let now = place.files("out");
        for name in [
            "manifest.json",
            "replications.csv",
            "summary.csv",
            "grid.csv",
        ] {
            assert!(
                now.contains_key(name),
                "{command}: {name} of {:?}",
                now.keys()
            );
        }
        let old = older["manifest.json"] == now["manifest.json"];
        let same = |name: &str| older[name] == now[name];
        assert_eq!(old, same("replications.csv"), "a mixture after {command}");
    }
    place.succeeds(run);
    place.succeeds("merge parts");
    place.succeeds("report out");
    place.succeeds("report parts");
    let left = place.names();
    assert!(
        left.iter().all(|name| !name.contains("unfinished")),
        "{left:?}"
    );
    assert!(
        !left.iter().any(|name| name.starts_with("out.")),
        "{left:?}"
    );
}

// Signals, full disks, full standard error.

#[test]
#[cfg(unix)]
fn signals_end_every_command_with_130() {
    let place = Place::new();
    // Long to load, or long to run.
    let cells: Vec<String> = (0..400).map(|cell| format!("0.{cell:04}1")).collect();
    let many = EXPERIMENT.replace(
        "values = [0.3, 0.9]\n",
        &format!("values = [0.3, 0.9]\n[levers.share]\npath = \"site_classes.watch.sensor.model.disc.detection\"\nvalues = [{}]\n", cells.join(", ")),
    );
    place.write("many.toml", many);
    place.succeeds("run night.toml -n 4000 --out out");
    for command in [
        "run night.toml -n 90000000",
        "check many.toml many.toml many.toml many.toml many.toml many.toml many.toml many.toml",
        "report out",
        "reproduce out",
    ] {
        for name in ["INT", "TERM", "HUP"] {
            // On a busy machine the signal may come before the command has taken it over: then it is given longer.
            let ends = |wait_ms: u64| {
                let child = place.start(command);
                std::thread::sleep(Duration::from_millis(wait_ms));
                signal(&child, name);
                child.wait_with_output().unwrap()
            };
            let mut waits = [60, 200, 600].into_iter().map(ends);
            let output = waits.find(|output| output.status.code().is_some());
            let output = output.expect("a command that takes the signal over");
            let code = output.status.code();
            // A command that was faster than the signal is done.
            let done = code == Some(0) && command == "report out";
            assert!(
                code == Some(130) || done,
                "{command} {name}: {code:?} {}",
                told(&output)
            );
        }
    }
    let left = place.names();
    assert!(
        left.iter().all(|name| !name.contains("unfinished")),
        "{left:?}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_error_changes_no_exit_code() {
    let place = Place::new();
    place.write("bad.toml", "title = 1\n");
    place.succeeds("run night.toml -n 3 --out out");
    for (command, code) in [
        ("check bad.toml", 2),
        ("run bad.toml", 2),
        ("sweep bad.toml --out x", 2),
        ("run night.toml -n 3", 0),
        ("run --from out --replication 1", 0),
        ("status nowhere", 2),
        ("report nowhere", 2),
        ("explain bad.toml", 2),
        ("merge out", 2),
        ("frobnicate", 2),
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ended = place
            .command(command)
            .stdout(Stdio::null())
            .stderr(full)
            .status()
            .unwrap();
        assert_eq!(ended.code(), Some(code), "{command}");
    }
    // Where the answer itself cannot be written, that is a failure.
    for command in [
        "check night.toml",
        "run night.toml -n 3",
        "rules",
        "status out",
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = place.command(command).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(
            told(&output).contains("standard output"),
            "{}",
            told(&output)
        );
    }
}

/// A limit on the size of files is a full disk: an error that names the file, older results as they were, nothing left.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_and_costs_nothing_that_was_there() {
    let place = Place::new();
    place.succeeds("run night.toml -n 3 --out out");
    place.succeeds("tune study.toml --out tuned");
    place.succeeds("sweep plan.toml --out swept");
    let before = place.files(".");
    for command in [
        "run night.toml -n 30 --out out --force",
        "run night.toml --replication 0 --events events.csv",
        "report out",
        "report swept",
        "replay night.toml --out page.html",
        "prevent night.toml --rule R6 -n 2 --out out",
        "sweep plan.toml --out new",
        "tune study.toml --out new",
    ] {
        let limited = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -f 1; exec \"$0\" {command}"))
            .arg(env!("CARGO_BIN_EXE_deconflict"))
            .current_dir(place.folder.path())
            .output()
            .unwrap();
        assert_eq!(
            limited.status.code(),
            Some(1),
            "{command}: {}",
            told(&limited)
        );
        assert!(
            told(&limited).contains("too large"),
            "{command}: {}",
            told(&limited)
        );
        assert_eq!(before, place.files("."), "{command}");
    }
}

// Scenarios of strangers.

#[test]
#[cfg(unix)]
fn a_scenario_shows_no_file_that_is_not_its_own() {
    let place = Place::new();
    let secrets = tempfile::tempdir().unwrap();
    let secret = "[registry]\ntoken = \"hunter2\"\nthis is no TOML: hunter2\n";
    let out = |name: &str| {
        let path = secrets.path().join(name);
        fs::write(&path, secret).unwrap();
        path.display().to_string()
    };
    let (toml, csv, text) = (out("secret.toml"), out("secret.csv"), out("secret"));
    fs::write(
        secrets.path().join("sound.toml"),
        "[registry]\ntoken = \"hunter2\"\n",
    )
    .unwrap();
    let sound = secrets.path().join("sound.toml").display().to_string();
    let link = |name: &str, to: &str| {
        let at = place.path(name);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, at).unwrap();
    };
    link("evil/link.toml", &text);
    link("evil/link.csv", &text);
    link("evil/environment.toml", "/proc/self/environ");
    let made = Command::new("mkfifo")
        .arg(place.path("evil/pipe.toml"))
        .status()
        .unwrap();
    assert!(made.success());
    let tracks = |file: &str| {
        format!("[tracks.x]\nfile = {file:?}\naircraft = \"drone\"\nside = \"blue\"\n")
    };
    let include = |file: &str| format!("include = [{file:?}]\n");
    for (case, typed, words) in [
        (
            "text",
            include(&text),
            &["expected a file whose name ends in .toml"][..],
        ),
        ("passwd", include("/etc/passwd"), &[".toml"]),
        ("device", include("/dev/zero"), &["device or a pipe"]),
        ("TOML", include(&toml), &["secret.toml:3:", "not shown"]),
        (
            "sound TOML",
            include(&sound),
            &["sound.toml:1:", "not shown"],
        ),
        ("link", include("link.toml"), &["link.toml:", "not shown"]),
        ("pipe", include("pipe.toml"), &["device or a pipe"]),
        (
            "environment",
            include("environment.toml"),
            &["environment.toml", "not"],
        ),
        ("track", tracks(&text), &["ends in .csv"]),
        (
            "track as CSV",
            tracks(&csv),
            &["secret.csv:1:1", "not shown"],
        ),
        (
            "track by link",
            tracks("link.csv"),
            &["link.csv", "not shown"],
        ),
    ] {
        place.write(
            "evil/a.toml",
            format!("{typed}title = \"x\"\n").replace("[tracks.x]", "\n[tracks.x]"),
        );
        let ordered = match typed.starts_with("[tracks") {
            true => format!("title = \"x\"\n{typed}"),
            false => format!("{typed}title = \"x\"\n"),
        };
        place.write("evil/a.toml", ordered);
        let output = place
            .command("check evil/a.toml")
            .env("SECRET", "hunter2")
            .output()
            .unwrap();
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{case}: {said}");
        for word in words {
            assert!(said.contains(word), "{case}: {word:?} in {said}");
        }
        for leak in ["hunter2", "root:", "registry", "SECRET"] {
            assert!(!said.contains(leak), "{case}: {said}");
        }
    }
    for (file, kind) in [(&text, ".toml"), (&sound, "not shown")] {
        place.write("evil/b.toml", EXPERIMENT.replace("night.toml", file));
        let said = place.ends("check evil/b.toml", 2, &[kind]);
        assert!(!said.contains("hunter2"), "{said}");
    }
    // Of a warning about it the code is told, and what that means.
    let odd = secrets.path().join("odd.toml").display().to_string();
    fs::write(
        &odd,
        "[rules.time_windows]\nwindows = [{}]\nstatus = \"free\"\n",
    )
    .unwrap();
    place.write(
        "evil/c.toml",
        format!("include = [\"../night.toml\", {odd:?}]\n"),
    );
    let said = told(&place.deconflict("check --lint --strict evil/c.toml"));
    assert!(said.contains("odd.toml:"), "{said}");
    assert!(said.contains("[rule_without_effect]"), "{said}");
    assert!(!said.contains("free") && !said.contains("[{}]"), "{said}");
    // What is its own is shown.
    place.write("own/part.toml", "unheard = \"of\"\n");
    place.write("own/a.toml", "include = [\"part.toml\"]\ntitle = \"x\"\n");
    place.ends(
        "check own/a.toml",
        2,
        &["own/part.toml:1:1", "unheard = \"of\""],
    );
}

/// A pipe that a shell has opened is read, as `check <(command)` has it; one that nobody may ever write to is not waited for.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_is_handed_over_is_read() {
    let place = Place::new();
    let root = env!("CARGO_MANIFEST_DIR");
    let line = format!(
        "cat {root}/scenarios/closed-form/chord.toml | {0} check /dev/fd/0 && mkfifo waiting.toml && ! {0} check waiting.toml",
        env!("CARGO_BIN_EXE_deconflict")
    );
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("ok:"), "{said}");
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(refused.contains("it is a device or a pipe"), "{refused}");
}

// What reaches terminals, tables and pages.

/// A terminal that keeps all it is sent.
#[cfg(target_os = "linux")]
fn on_a_terminal(place: &Place, command: &str) -> String {
    let line = format!("{} {command}", env!("CARGO_BIN_EXE_deconflict"));
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(place.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const HOSTILE: [&str; 8] = [
    "a\u{1b}[31mred",
    "a\u{1b}]8;;http://x\u{7}link",
    "bell\u{7}",
    "csi\u{9b}2J",
    "back\rward",
    "bidi\u{202e}eman",
    "isolate\u{2066}x",
    "nul\u{0}l",
];

/// What acts on a terminal, but for colours and what the progress bar and the line discipline need.
fn acts(text: &str) -> Option<char> {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence
            .find(|c: char| !c.is_ascii_digit() && c != ';')
            .unwrap_or(0);
        rest = match sequence[end..].chars().next() {
            Some('m' | 'K' | 'A' | 'G') => &sequence[end + 1..],
            _ => return Some('\u{1b}'),
        };
    }
    plain.push_str(rest);
    plain
        .replace("\r\n", "\n")
        .chars()
        .find(|&letter| deconflict::safe::is_hidden(letter) && !"\n\t\r".contains(letter))
}

#[test]
fn hostile_titles_and_names_are_refused_with_their_place() {
    let place = Place::new();
    let quoted = |text: &str| {
        let escaped: String = text
            .chars()
            .map(|c| {
                if deconflict::safe::is_hidden(c) {
                    format!("\\u{:04x}", c as u32)
                } else {
                    c.to_string()
                }
            })
            .collect();
        format!("\"{escaped}\"")
    };
    let title = NIGHT
        .lines()
        .find(|line| line.starts_with("title"))
        .unwrap();
    for text in HOSTILE {
        place.write(
            "bad.toml",
            NIGHT.replace(title, &format!("title = {}", quoted(text))),
        );
        let said = place.ends("check bad.toml", 2, &["title holds", "bad.toml:"]);
        assert_eq!(acts(&said), None, "{text:?}");
        place.write(
            "bad-plan.toml",
            EXPERIMENT.replace("\"Two rules\"", &quoted(text)),
        );
        place.ends("check bad-plan.toml", 2, &["title holds"]);
        place.write("bad-study.toml", STUDY.replace("\"Small\"", &quoted(text)));
        place.ends("check bad-study.toml", 2, &["title holds"]);
    }
    for name in HOSTILE
        .into_iter()
        .chain(["=1+1", "+x", "-x", "@x", "NA", "null", "nan", "None", " a"])
    {
        place.write(
            "bad.toml",
            format!("{NIGHT}\n[places.{}]\nlat = 32\nlon = 13\n", quoted(name)),
        );
        let said = place.ends("check bad.toml", 2, &["the name ", "bad.toml:"]);
        assert_eq!(acts(&said), None, "{name:?}");
        place.write(
            "bad-plan.toml",
            EXPERIMENT.replace("levers.kill", &format!("levers.{}", quoted(name))),
        );
        place.ends("check bad-plan.toml", 2, &["the name "]);
    }
}

/// Old results, paths and what the command line says do not pass the checker: they are made safe all the same.
#[test]
#[cfg(target_os = "linux")]
fn nothing_from_files_acts_on_a_terminal() {
    let place = Place::new();
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("no `script` here: not tried on a terminal");
        return;
    }
    place.succeeds("run night.toml -n 3 --out run");
    place.succeeds("sweep plan.toml --out sweep");
    let title = NIGHT
        .lines()
        .find(|line| line.starts_with("title"))
        .unwrap();
    for text in HOSTILE {
        let json = serde_json::to_string(text).unwrap();
        for folder in ["run", "sweep"] {
            let path = format!("{folder}/manifest.json");
            let kept = place.read(&path);
            let forged: serde_json::Value = serde_json::from_str(&kept).unwrap();
            let title = serde_json::to_string(&forged["title"]).unwrap();
            place.write(&path, kept.replacen(&title, &json, 1));
            for command in [
                format!("report {folder} --unverified"),
                format!("status {folder}"),
                format!("run --from {folder} --unverified --replication 0"),
            ] {
                let shown = on_a_terminal(&place, &command);
                assert_eq!(acts(&shown), None, "{command} with {text:?}: {shown:?}");
            }
            place.write(&path, kept);
        }
        place.write(
            "raw.toml",
            NIGHT.replace(title, &format!("title = \"{text}\"")),
        );
        for command in ["check raw.toml", "run raw.toml -n 2", "eval raw.toml -n 2"] {
            let shown = on_a_terminal(&place, command);
            assert_eq!(acts(&shown), None, "{command} with {text:?}: {shown:?}");
        }
    }
}

#[test]
fn pages_allow_their_own_script_alone_and_tell_no_place() {
    let place = Place::new();
    place.succeeds("run night.toml -n 12 --out deep/secret-place/run");
    place.succeeds("sweep plan.toml --out deep/secret-place/sweep");
    place.succeeds("tune study.toml --out deep/secret-place/tune");
    let mut pages = Vec::new();
    for folder in ["run", "sweep", "tune"] {
        let folder = place.path(&format!("deep/secret-place/{folder}"));
        place.succeeds(&format!("report {}", folder.display()));
        pages.push(folder.join("report.html"));
    }
    let replay = place.path("deep/secret-place/replay.html");
    place.succeeds(&format!("replay night.toml --out {}", replay.display()));
    pages.push(replay);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        assert!(
            text.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "),
            "{page:?}"
        );
        assert!(!text.contains("unsafe"), "{page:?}");
        assert!(text.contains("script-src 'sha256-"), "{page:?}");
        assert_eq!(text.matches("<script>").count(), 1, "{page:?}");
        assert!(!text.contains("secret-place"), "{page:?}");
        let host = host.trim();
        assert!(
            host.len() < 5 || !text.contains(host),
            "{page:?} names {host}"
        );
        // No attribute runs or loads anything.
        for attribute in [" onload=", " onclick=", " onerror=", " src=", " style="] {
            assert!(!text.contains(attribute), "{page:?} has {attribute}");
        }
    }
}

// Bounds.

#[test]
fn what_is_too_large_is_refused_before_it_is_made() {
    let place = Place::new();
    let begun = Instant::now();
    let busy = NIGHT.replace(
        "[flights.raid]\n",
        "[flights.raid]\nstart.poisson = { rate_per_day = 1000 }\n",
    );
    place.write("busy.toml", busy);
    for set in [
        "--set flights.raid.start.poisson.rate_per_day=1e6 --set duration_h=8784",
        "--set duration_h=8784 --set site_classes.watch.sensor.scan_s=0.001",
        "--set flights.raid.count=100000 --set duration_h=24 --set sites.south-east.count=100",
    ] {
        for command in ["check", "run", "eval", "explain"] {
            let said = place.ends(
                &format!("{command} busy.toml {set}"),
                2,
                &["of memory", "--limit"],
            );
            assert!(said.contains("aircraft"), "{said}");
        }
    }
    // Raised, it is no problem of the scenario any more.
    place.succeeds(
        "check busy.toml --set flights.raid.start.poisson.rate_per_day=1e6 --limit 1000000",
    );
    let json = place.succeeds("check --json night.toml");
    let said: serde_json::Value = serde_json::from_str(&json).unwrap();
    for quantity in [
        "aircraft",
        "sites",
        "pairs",
        "scans",
        "events",
        "memory_bytes",
        "time_s",
    ] {
        assert!(
            said["replication"][quantity].as_f64().unwrap() >= 0.0,
            "{json}"
        );
    }
    assert!(
        place
            .succeeds("check --lint night.toml")
            .contains("of memory")
    );

    // Cells are counted before they are made, and so are alternatives.
    let levels: Vec<String> = (0..200).map(|level| format!("0.{level:04}1")).collect();
    let lever = |name: &str| {
        format!(
            "[levers.{name}]\npath = \"site_classes.watch.sensor.model.disc.detection\"\nvalues = [{}]\n",
            levels.join(", ")
        )
    };
    let many: String = ["a", "b", "c", "d"].map(lever).concat();
    place.write("many.toml", format!("{EXPERIMENT}{many}"));
    place.ends("check many.toml", 2, &["cells", "1000000"]);
    let mut alternatives = String::new();
    for number in 0..150_000 {
        alternatives.push_str(&format!(
            "[levers.x.alternatives.a{number}]\nduration_h = 1{number}\n"
        ));
    }
    place.write("many.toml", format!("{EXPERIMENT}{alternatives}"));
    place.ends("check many.toml", 2, &["150000", "65536"]);

    // The same file a hundred thousand times is one file.
    let names = vec!["\"night.toml\""; 100_000].join(", ");
    place.write(
        "often.toml",
        format!("include = [{names}]\ntitle = \"Often\"\n"),
    );
    place.succeeds("check often.toml");
    assert!(begun.elapsed() < Duration::from_secs(200));
}

// Whatever may stand in a title and a name.

mod writers {
    use super::NIGHT;
    use deconflict::output::{EventFormat, Replay, ReplayFormat, write_events, write_replay};
    use deconflict::record::{Detail, Replication};
    use deconflict::report::{Flown, ReplayNote, replay_page};
    use deconflict::safe::{is_hidden, markup, name_fault};
    use deconflict::scenario::Scenario;
    use deconflict::simulation::{simulate, trajectories};
    use deconflict::units::Millis;
    use proptest::prelude::*;

    /// Text that the checker lets pass, with much that is markup somewhere.
    fn visible() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            Just("<script>alert(1)</script>".to_owned()),
            Just("]]>&amp;\"'<!--".to_owned()),
            Just("[a](javascript:x)|`#".to_owned()),
            Just("=1+1".to_owned()),
            any::<String>(),
        ];
        prop::collection::vec(pieces, 1..4).prop_map(|pieces| {
            let text: String = pieces.concat();
            text.chars().filter(|&letter| !is_hidden(letter)).collect()
        })
    }

    fn name() -> impl Strategy<Value = String> {
        visible().prop_map(|text| {
            let fit = |letter: &char| !letter.is_whitespace() && !"/,".contains(*letter);
            let name: String = text.chars().filter(fit).take(40).collect();
            format!("n{name}")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn nothing_breaks_out_of_any_file(title in visible(), raid in name(), site in name()) {
            prop_assume!(name_fault(&raid).is_none() && name_fault(&site).is_none());
            let typed = |text: &str| serde_json::to_string(text).unwrap();
            let text = NIGHT
                .replace("title = \"A short night\"", &format!("title = {}", typed(&title)))
                .replace("[flights.raid]", &format!("[flights.{}]", typed(&raid)))
                .replace("[sites.south-east]", &format!("[sites.{}]", typed(&site)));
            let scenario = Scenario::parse(&text, "night.toml", &[])
                .unwrap_or_else(|error| panic!("{}\n{text}", error.render(false)));
            let replication = Replication { seed: 1, index: 0 };
            let log = simulate(&scenario, replication, Detail::Full);
            let flown = trajectories(&scenario, replication);
            let replay = Replay::new(&scenario, &log, &flown, Millis(60_000), None);
            let written = |format| {
                let mut out = Vec::new();
                write_replay(&mut out, format, &replay).unwrap();
                String::from_utf8(out).unwrap()
            };

            let kml: kml::Kml = written(ReplayFormat::Kml).parse().unwrap();
            drop(kml);
            let geojson = written(ReplayFormat::GeoJson);
            geojson.parse::<geojson::GeoJson>().unwrap();
            prop_assert!(written(ReplayFormat::Kml).contains(&markup(&title)));
            let acmi = written(ReplayFormat::Acmi);
            let line = |line: &str| {
                let id = line.split_once(',').map(|(id, _)| id);
                line.starts_with(['#', '-'])
                    || line.starts_with("File")
                    || id.is_some_and(|id| u64::from_str_radix(id, 16).is_ok())
            };
            let sound = acmi.lines().all(line);
            prop_assert!(sound, "{acmi}");

            for format in [EventFormat::Csv, EventFormat::JsonLines] {
                let mut out = Vec::new();
                write_events(&mut out, format, (scenario.start, scenario.frame), &log).unwrap();
                let text = String::from_utf8(out).unwrap();
                match format {
                    EventFormat::Csv => {
                        let mut reader = csv::Reader::from_reader(text.as_bytes());
                        let header = reader.headers().unwrap().clone();
                        let at = header.iter().position(|field| field == "site").unwrap();
                        let mut sites = 0;
                        for row in reader.records() {
                            let row = row.unwrap();
                            for field in &row {
                                let number = field.parse::<f64>().is_ok();
                                prop_assert!(number || !field.starts_with(['=', '+', '-', '@']));
                            }
                            sites += usize::from(row[at] == site);
                        }
                        prop_assert!(sites > 0);
                    }
                    EventFormat::JsonLines => {
                        for line in text.lines() {
                            serde_json::from_str::<serde_json::Value>(line).unwrap();
                        }
                    }
                }
            }

            let runs = [Flown {
                name: title.clone(),
                scenario: &scenario,
                log: &log,
                trajectories: &flown,
            }];
            let note = ReplayNote {
                command: title.clone(),
                version: "0".to_owned(),
                land: None,
            };
            let page = replay_page(&runs, &note).unwrap();
            prop_assert_eq!(page.matches("<script").count(), 2);
            prop_assert_eq!(page.matches("</script").count(), 2);
            // An apostrophe says nothing between tags.
            let shown = markup(&title).replace("&#39;", "'");
            let heading = format!("<h1>{shown}</h1>");
            prop_assert!(page.contains(&heading));
        }
    }
}
