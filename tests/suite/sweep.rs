//! Sweeps, as a user and a cluster meet them: the same bytes whatever happens on the way, and a clear refusal where
//! that cannot be.
#![cfg(unix)] // signals, limits and special files

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const NIGHT: &str = include_str!("support/night.toml");

/// Who is told, and how good the missile is: six cells, compared three times.
const EXPERIMENT: &str = r#"
title = "Who is told of the plan"
scenario = "night.toml"
seed = 3
measures = ["any_wrong_kill", "wrong_share_of_shots", "lost_per_sortie[side=us]"]
stop.fixed = { replications = 40 }

[levers.coordination.alternatives]
alone = {}
everybody = { flights.us-recon.plan.addressees = ["gna-aviation", "lna-operations"] }

[uncertainties.kill]
path = "site_classes.watch.weapon.kill_probability"
values = [0.3, 0.6, 0.9]
"#;

/// A salvo of two missiles kills with 1 - (1 - p)^2.
const SALVO: &str = r#"
title = "Salvo of two"
scenario = "SALVO"
measures = ["lost_per_sortie[side=stranger]"]
stop.STOP

[levers.kill]
path = "site_classes.watch.weapon.kill_probability"
values = [0.6, 0.1]
"#;

const BLOCKS: &str = "blocks/whole.blocks";

/// A folder with experiments in it.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("night.toml", NIGHT);
        place.write("plan.toml", EXPERIMENT);
        place
    }

    pub fn salvo(stop: &str) -> Place {
        let place = Place::new();
        let salvo = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/closed-form/salvo.toml");
        let text = SALVO.replace("SALVO", salvo.to_str().unwrap());
        place.write("plan.toml", &text.replace("STOP", stop));
        place
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env_remove("SLURM_ARRAY_TASK_ID")
            .env_remove("SLURM_CPUS_PER_TASK")
            .env_remove("JOB_COMPLETION_INDEX");
        command
    }

    pub fn deconflict(&self, arguments: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_deconflict"))
            .args(arguments.split_whitespace())
            .output()
            .unwrap()
    }

    /// A line of shell in which `deconflict` is ours.
    pub fn shell(&self, line: &str) -> Output {
        let line = line.replace("deconflict", env!("CARGO_BIN_EXE_deconflict"));
        self.command("sh").args(["-c", &line]).output().unwrap()
    }

    /// The same under a limit on the size of files, in blocks of 512 or 1024 bytes.
    fn limited(&self, blocks: u32, arguments: &str) -> Output {
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {} {arguments}",
            env!("CARGO_BIN_EXE_deconflict")
        );
        self.command("sh").args(["-c", &script]).output().unwrap()
    }

    pub fn start(&self, arguments: &str) -> Child {
        self.command(env!("CARGO_BIN_EXE_deconflict"))
            .args(arguments.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Every file below a folder, by its path in it.
    pub fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let root = self.path(folder);
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                    files.insert(name.to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    /// Every file but those that say who, when, and in how many pieces.
    pub fn results(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files(folder);
        files.retain(|name, _| name != "run.json" && !name.starts_with("shards/"));
        // What the command line asked for is told by the manifest, too, and is no part of the plan's identity.
        files.remove("plan.json");
        assert!(files.contains_key("manifest.json"), "{:?}", files.keys());
        assert!(files.contains_key(BLOCKS), "{:?}", files.keys());
        files
    }

    #[track_caller]
    pub fn same_results(&self, one: &str, other: &str) {
        same(&self.results(one), &self.results(other));
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// A table as rows of fields by column.
    pub fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(name)).unwrap();
        let rows = reader.deserialize::<BTreeMap<String, String>>();
        rows.map(Result::unwrap).collect()
    }

    pub fn header(&self, name: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_path(self.path(name)).unwrap();
        let header = reader.headers().unwrap();
        header.iter().map(str::to_owned).collect()
    }

    fn replications(&self, folder: &str) -> u64 {
        self.json(&format!("{folder}/manifest.json"))["replications"]
            .as_u64()
            .unwrap()
    }

    fn journal_length(&self, folder: &str) -> u64 {
        let journal = self.path(folder).join(BLOCKS);
        journal.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Waits until the journal is longer than `length`; false if the command ended before.
    fn grown(&self, folder: &str, length: u64, child: &mut Child) -> bool {
        let begun = Instant::now();
        while self.journal_length(folder) <= length {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no progress");
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }
}

/// Says which files differ, and not how: they are long.
#[track_caller]
pub fn same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let unlike: Vec<_> = names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name))
        .collect();
    assert!(unlike.is_empty(), "not the same: {unlike:?}");
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
pub fn succeeds(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// This exit code, one error, and every one of `words` in it.
#[track_caller]
pub fn ends(output: &Output, code: i32, words: &[&str]) -> String {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// Refused as bad input, with not a byte of the folder changed.
#[track_caller]
pub fn refused(place: &Place, folder: &str, arguments: &str, words: &[&str]) {
    let before = place.files(folder);
    let output = place.deconflict(arguments);
    let message = ends(&output, 2, words);
    assert_eq!(message.matches("error").count(), 1, "{message}");
    assert!(output.stdout.is_empty());
    same(&before, &place.files(folder));
}

/// Halts a command where its file has become longer than `length`, so that what is looked at then does not depend on how fast it is.
/// `CONT` lets it go on.
pub fn halted(mut child: Child, file: &Path, length: u64) -> Child {
    while file.metadata().map_or(0, |metadata| metadata.len()) <= length {
        assert!(child.try_wait().unwrap().is_none(), "too fast to be halted");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, "STOP");
    child
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Numbers that look random and are always the same.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |last| {
        Some(
            last.wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    })
    .skip(1)
    .map(|number| number >> 16)
}

// The same bytes.

#[test]
fn the_number_of_threads_changes_no_byte() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out one --jobs 1"));
    succeeds(&place.deconflict("sweep plan.toml --out new/four --jobs 4"));
    place.same_results("one", "new/four");
    assert_eq!(place.replications("one"), 40);
    assert_eq!(place.json("one/run.json")["jobs"], 1);
    assert_eq!(place.json("new/four/run.json")["jobs"], 4);
}

#[test]
fn killed_at_any_moment_and_resumed_it_is_as_if_nothing_had_happened() {
    const FLY: &str = "sweep plan.toml --out out -n 700 --jobs 2";
    let place = Place::new();
    succeeds(&place.deconflict(&FLY.replace("--out out", "--out whole")));
    let length = place.journal_length("whole");

    let again = |place: &Place| match place.path("out/plan.json").exists() {
        true => place.start(&format!("{FLY} --resume")),
        false => place.start(FLY),
    };
    // As it begins.
    for delay_ms in [0, 1, 2, 3, 5, 8, 13, 20, 40] {
        let mut child = again(&place);
        std::thread::sleep(Duration::from_millis(delay_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // On its way, which it goes on from where it was.
    let mut killed = 0;
    loop {
        let before = place.journal_length("out");
        assert!(before <= length);
        let mut child = again(&place);
        if !place.grown("out", before, &mut child) {
            succeeds(&child.wait_with_output().unwrap());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(killed >= 3, "only {killed} times on the way");
    place.same_results("whole", "out");
}

#[test]
fn ctrl_c_ends_with_balanced_results_and_resume_goes_on() {
    const FLY: &str = "sweep plan.toml --out out -n 1200 --jobs 2";
    let place = Place::new();
    let mut flown = 0;
    for (name, resume) in [("INT", ""), ("TERM", " --resume"), ("HUP", " --resume")] {
        let mut child = place.start(&format!("{FLY}{resume}"));
        // Longer than a header and the first block.
        let length = place.journal_length("out").max(4000);
        assert!(place.grown("out", length, &mut child));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let n = place.replications("out");
        assert!(flown < n && n < 1200, "{flown} {n}");
        flown = n;
        ends(
            &output,
            130,
            &[
                &format!("interrupted after {n} replications of every cell"),
                "--resume goes on",
            ],
        );
        // The results of so many replications, no more and no less.
        let out = text(&output.stdout);
        assert!(out.contains(&format!("{n} replications of each")), "{out}");
        let rows = place.table("out/replications.csv");
        let mut cells: BTreeMap<&String, u64> = BTreeMap::new();
        for row in &rows {
            *cells.entry(&row["cell"]).or_default() += 1;
        }
        assert_eq!(cells.into_values().collect::<Vec<_>>(), [n; 6]);
        assert_eq!(place.json("out/run.json")["ended"], "it was interrupted");
        assert_eq!(
            place.json("out/manifest.json")["ended"],
            "it was interrupted"
        );
        assert_eq!(place.json("out/manifest.json")["asked"], 1200);
        assert_eq!(place.json("out/manifest.json")["done"], n);
        let status = place.deconflict("status out");
        ends(&status, 1, &["not finished"]);
        let first = format!("Interrupted: {n} of 1200 replications");
        assert_eq!(text(&status.stdout).lines().next(), Some(first.as_str()));
        if name == "INT" {
            succeeds(&place.deconflict(&format!("sweep plan.toml --out fresh -n {n}")));
            // But for the manifest, which says that more was asked for.
            let [mut fresh, mut out] = ["fresh", "out"].map(|folder| place.results(folder));
            fresh.remove("manifest.json");
            out.remove("manifest.json");
            same(&fresh, &out);
        }
    }
    succeeds(&place.deconflict(&format!("{FLY} --resume")));
    succeeds(&place.deconflict("sweep plan.toml --out whole -n 1200"));
    place.same_results("whole", "out");
}

#[test]
fn more_replications_later_are_as_good_as_at_once() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 7"));
    let first = fs::read_to_string(place.path("out/replications.csv")).unwrap();
    let journal = fs::read(place.path("out").join(BLOCKS)).unwrap();
    for n in ["8", "60"] {
        succeeds(&place.deconflict(&format!("sweep plan.toml --out out --resume -n {n}")));
    }
    succeeds(&place.deconflict("sweep plan.toml --out whole -n 60"));
    place.same_results("whole", "out");

    // What is there only ever grows at its end.
    let last = fs::read_to_string(place.path("whole/replications.csv")).unwrap();
    assert_eq!(first.lines().count(), 1 + 7 * 6);
    assert_eq!(last.lines().count(), 1 + 60 * 6);
    assert!(last.starts_with(&first));
    assert!(
        fs::read(place.path("whole").join(BLOCKS))
            .unwrap()
            .starts_with(&journal)
    );

    // Nothing left to do changes nothing.
    succeeds(&place.deconflict("sweep plan.toml --out out --resume"));
    place.same_results("whole", "out");
}

#[test]
fn a_journal_cut_anywhere_is_resumed_to_the_same_bytes() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 30"));
    let whole = place.results("out");
    let journal = &whole[BLOCKS];
    let length = journal.len() as u64;
    let edges = [0, 1, 17, 18, 20, 24, 30, length - 1, length];
    let cuts = edges
        .into_iter()
        .chain(numbers(1).take(12).map(|number| number % length));
    for cut in cuts {
        fs::write(place.path("out").join(BLOCKS), &journal[..cut as usize]).unwrap();
        let output = place.deconflict("sweep plan.toml --out out -n 30 --resume");
        assert!(
            output.status.success(),
            "cut at {cut}: {}",
            text(&output.stderr)
        );
        same(&whole, &place.results("out"));
    }
}

#[test]
fn a_damaged_journal_is_refused_and_left_alone() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 30"));
    let journal = fs::read(place.path("out").join(BLOCKS)).unwrap();
    let half = journal.len() as u64 / 2;
    let places = [0, 5, 19, 21, 40].into_iter();
    for at in places.chain(numbers(2).take(12).map(|number| number % half)) {
        let mut damaged = journal.clone();
        damaged[at as usize] ^= 1 << (at % 8);
        fs::write(place.path("out").join(BLOCKS), &damaged).unwrap();
        let before = place.files("out");
        let output = place.deconflict("sweep plan.toml --out out -n 60 --resume");
        let message = text(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "byte {at}: {message}"
        );
        assert!(message.starts_with("error: "), "byte {at}: {message}");
        assert!(message.contains("whole.blocks"), "byte {at}: {message}");
        assert_eq!(message.lines().count(), 1, "byte {at}: {message}");
        same(&before, &place.files("out"));
    }
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_costs_nothing_else() {
    let place = Place::new();
    let fly = |out: &str, n: u32| format!("sweep plan.toml --out {out} -n {n} --jobs 2");
    succeeds(&place.deconflict(&fly("whole", 60)));
    let length = place.journal_length("whole");
    assert!(length > 2 * 40 * 1024, "the limit is to be felt: {length}");

    // No room for the blocks.
    let output = place.limited(40, &fly("out", 60));
    ends(
        &output,
        1,
        &["cannot write out/blocks/whole.blocks", "too large"],
    );
    assert!(output.stdout.is_empty());
    assert!(!place.path("out/manifest.json").exists());
    succeeds(&place.deconflict(&format!("{} --resume", fly("out", 60))));
    place.same_results("whole", "out");

    // Room for the blocks, but not for the results made of them: what was there stays as it was.
    let tables = place
        .path("whole/replications.csv")
        .metadata()
        .unwrap()
        .len();
    let blocks = u32::try_from(length / 512 + 2).unwrap();
    assert!(tables > u64::from(blocks) * 512 && tables > length);
    succeeds(&place.deconflict(&fly("part", 20)));
    let before = place.results("part");
    let script_blocks = blocks_of_shell(&place, blocks);
    let output = place.limited(script_blocks, &format!("{} --resume", fly("part", 60)));
    ends(
        &output,
        1,
        &["cannot write part/replications.csv", "too large"],
    );
    let mut after = place.results("part");
    assert_eq!(after.remove(BLOCKS).unwrap().len() as u64, length);
    after.insert(BLOCKS.to_owned(), before[BLOCKS].clone());
    same(&before, &after);
    succeeds(&place.deconflict(&format!("{} --resume", fly("part", 60))));
    place.same_results("whole", "part");
}

/// `ulimit -f` counts 512 bytes in some shells and 1024 in others.
fn blocks_of_shell(place: &Place, blocks: u32) -> u32 {
    let script = "trap '' XFSZ; ulimit -f 1; head -c 1024 /dev/zero > probe";
    let _ = place.command("sh").args(["-c", script]).output().unwrap();
    match fs::read(place.path("probe")).unwrap().len() {
        512 => blocks,
        _ => blocks.div_ceil(2),
    }
}

#[test]
fn a_report_that_cannot_be_printed_leaves_the_results() {
    let place = Place::new();
    let script = format!(
        "exec {} sweep plan.toml --out out > /dev/full",
        env!("CARGO_BIN_EXE_deconflict")
    );
    let output = place.command("sh").args(["-c", &script]).output().unwrap();
    ends(&output, 1, &["standard output"]);
    succeeds(&place.deconflict("sweep plan.toml --out whole"));
    place.same_results("whole", "out");
}

#[test]
fn what_a_command_left_half_done_is_in_nobodys_way() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out whole"));
    // No room even for the plan.
    let output = place.limited(1, "sweep plan.toml --out out");
    ends(&output, 1, &["cannot write out/plan.json", "too large"]);
    assert!(!place.path("out").exists());
    // Killed as it wrote the plan.
    let dead = |name: &str| {
        fs::create_dir_all(place.path(name)).unwrap();
        place.write(
            &format!("{name}/.deconflict"),
            "Unfinished output of deconflict",
        );
        place.write(&format!("{name}/half"), "{");
    };
    dead(".out.unfinished-8jFQxa");
    succeeds(&place.deconflict("sweep plan.toml --out out -n 5"));
    // Killed as it wrote the results.
    dead("out/.results.unfinished-8jFQxa");
    dead("out/blocks/.whole.blocks.unfinished-8jFQxa");
    fs::remove_file(place.path("out/manifest.json")).unwrap();
    let status = place.deconflict("status out");
    ends(&status, 1, &["out is not finished", "--resume"]);
    let status = text(&status.stdout);
    assert!(status.contains("5 replications") && status.contains("not written yet"));
    // Killed as it made the folder of the blocks.
    succeeds(&place.deconflict("sweep plan.toml --out out --resume"));
    place.same_results("whole", "out");
    let all = place.files(".");
    let left: Vec<&String> = all
        .keys()
        .filter(|name| name.contains("unfinished"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    fs::remove_dir_all(place.path("out/blocks")).unwrap();
    succeeds(&place.deconflict("sweep plan.toml --out out --resume"));
    place.same_results("whole", "out");
}

// Refusals.

#[test]
fn resume_refuses_another_sweep_and_names_the_difference() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    let refused = |arguments: &str, words: &[&str]| refused(&place, "out", arguments, words);
    refused(
        "sweep plan.toml --out out --resume --seed 4",
        &["out holds another sweep", "seed is 3, here 4"],
    );
    refused(
        "sweep plan.toml --out out --resume --set rules.weapons_control.status=hold",
        &["rules.weapons_control.status is \"tight\", here \"hold\""],
    );
    place.write(
        "night.toml",
        &NIGHT.replace("detection = 0.9", "detection = 0.8"),
    );
    refused(
        "sweep plan.toml --out out --resume",
        &["detection is 0.9, here 0.8"],
    );
    place.write("night.toml", NIGHT);
    for (old, new, words) in [
        ("0.3, 0.6, 0.9", "0.3, 0.9", "number of cells is 6, here 4"),
        ("0.3, 0.6, 0.9", "0.3, 0.6, 0.8", "kill"),
        ("everybody =", "all =", "cell"),
        ("[\"any_wrong_kill\", ", "[", "measures"),
        (
            "seed = 3",
            "seed = 3\nconfidence = 0.9",
            "confidence is 0.95, here 0.9",
        ),
    ] {
        place.write("plan.toml", &EXPERIMENT.replace(old, new));
        refused("sweep plan.toml --out out --resume", &[words]);
    }
    // When to stop may change.
    place.write(
        "plan.toml",
        &EXPERIMENT.replace("replications = 40", "replications = 41"),
    );
    succeeds(&place.deconflict("sweep plan.toml --out out --resume"));
    assert_eq!(place.replications("out"), 41);
}

#[test]
fn nothing_is_replaced_unasked() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    refused(
        &place,
        "out",
        "sweep plan.toml --out out",
        &["out", "--resume", "--force"],
    );
    refused(
        &place,
        "out",
        "sweep plan.toml --out out --resume -n 39",
        &["40", "39", "at least 40"],
    );
    refused(
        &place,
        "out",
        "sweep plan.toml --out out --resume --force",
        &["--resume", "--force"],
    );
    refused(
        &place,
        "out",
        "sweep plan.toml --out out --shard 0/3",
        &["out"],
    );
    succeeds(&place.deconflict("sweep plan.toml --out out --resume"));

    fs::create_dir(place.path("photos")).unwrap();
    place.write("photos/beach.jpg", "sun");
    for option in ["", "--force", "--resume", "--shard 0/2"] {
        refused(
            &place,
            "photos",
            &format!("sweep plan.toml --out photos {option}"),
            &["photos"],
        );
    }
    refused(
        &place,
        ".",
        "sweep plan.toml --out night.toml",
        &["night.toml"],
    );
    refused(
        &place,
        ".",
        "sweep plan.toml --out night.toml --force",
        &["night.toml"],
    );
    refused(
        &place,
        ".",
        "sweep plan.toml --out nowhere --resume",
        &["nowhere"],
    );
    refused(
        &place,
        ".",
        "sweep night.toml --out scenario",
        &["night.toml is a scenario", "deconflict run night.toml"],
    );
    refused(
        &place,
        ".",
        "run plan.toml",
        &["plan.toml is an experiment", "deconflict sweep plan.toml"],
    );

    succeeds(&place.deconflict("sweep plan.toml --out out --force --seed 4"));
    succeeds(&place.deconflict("sweep plan.toml --out fresh --seed 4"));
    place.same_results("fresh", "out");
}

#[test]
fn one_at_a_time_writes_a_sweep() {
    let place = Place::new();
    let mut child = place.start("sweep plan.toml --out out -n 100000");
    // Longer than a header: with blocks.
    assert!(place.grown("out", 4000, &mut child));
    let second = place.deconflict("sweep plan.toml --out out -n 100000 --resume");
    signal(&child, "INT");
    ends(&child.wait_with_output().unwrap(), 130, &[]);
    ends(
        &second,
        1,
        &["another deconflict is writing", "whole.blocks"],
    );
    assert!(place.replications("out") > 0);
}

#[test]
fn interrupted_within_the_first_round_there_are_no_results_yet() {
    let place = Place::new();
    // Many cells, so that the first block takes a while.
    let range = "range = { low = 0.1, high = 0.9, levels = 200 }";
    place.write(
        "plan.toml",
        &EXPERIMENT.replace("values = [0.3, 0.6, 0.9]", range),
    );
    let mut child = place.start("sweep plan.toml --out out -n 2 --jobs 1");
    assert!(place.grown("out", 0, &mut child));
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    ends(&output, 130, &["before the first block", "--resume"]);
    assert!(output.stdout.is_empty());
    assert!(!place.path("out/manifest.json").exists());
    let status = place.deconflict("status out");
    ends(&status, 1, &["out is not finished"]);
    let status = text(&status.stdout);
    assert!(status.contains("0 replications of each of 400 cells; results are not written yet"));
    succeeds(&place.deconflict("sweep plan.toml --out out -n 1 --resume"));
    assert_eq!(place.table("out/replications.csv").len(), 400);
}

// Shards.

#[test]
fn shards_in_any_order_merge_into_the_whole() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out whole"));
    let status = |code| {
        let output = place.deconflict("status out");
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    for (shard, missing) in [("2/3", "0-1"), ("0/3", "1"), ("1/3", "")] {
        succeeds(&place.deconflict(&format!("sweep plan.toml --out out --shard {shard}")));
        if missing.is_empty() {
            assert!(status(0).contains("deconflict merge out"));
        } else {
            let out = status(1);
            assert!(out.contains(&format!("Missing: {missing}")), "{out}");
            refused(&place, "out", "merge out", &["missing", missing]);
        }
        let list = place.deconflict("status out --missing");
        assert_eq!(text(&list.stdout), format!("{missing}\n"));
    }

    // Once more: it is there.
    let before = place.files("out");
    let output = place.deconflict("sweep plan.toml --out out --shard 1/3");
    succeeds(&output);
    ends(&output, 0, &["shard 1 of 3 is there already"]);
    same(&before, &place.files("out"));
    refused(
        &place,
        "out",
        "sweep plan.toml --out out --resume",
        &["shards", "merge"],
    );

    let merged = succeeds(&place.deconflict("merge out"));
    place.same_results("whole", "out");
    let whole = succeeds(&place.deconflict("sweep plan.toml --out whole --resume"));
    assert_eq!(
        merged.replace("out", ""),
        whole.replace("whole", "").replace("out", "")
    );
    // And again.
    succeeds(&place.deconflict("merge out"));
    place.same_results("whole", "out");
    assert!(status(0).contains("All are there"));
}

#[test]
fn a_shard_killed_on_its_way_is_missing_until_it_is_flown_again() {
    const SHARD: &str = "sweep plan.toml --out out -n 2000 --shard 1/2 --jobs 2";
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out whole -n 2000"));
    succeeds(&place.deconflict("sweep plan.toml --out out -n 2000 --shard 0/2"));
    let journal = place.path("out/shards/1-of-2.blocks");
    for kill in [true, false] {
        let before = journal.metadata().map_or(0, |metadata| metadata.len());
        let mut child = halted(place.start(SHARD), &journal, before.max(1000));
        let second = place.deconflict(SHARD);
        ends(&second, 75, &["another deconflict is writing", "1-of-2"]);
        if kill {
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            signal(&child, "TERM");
            signal(&child, "CONT");
            let output = child.wait_with_output().unwrap();
            ends(&output, 75, &["shard 1 of 2 was interrupted", "goes on"]);
        }
        let status = place.deconflict("status out");
        ends(&status, 1, &["1 of 2 shards"]);
        assert!(text(&status.stdout).contains("Missing: 1"));
        refused(&place, "out", "merge out", &["missing", "1"]);
    }
    succeeds(&place.deconflict(SHARD));
    succeeds(&place.deconflict("merge out"));
    place.same_results("whole", "out");
}

#[test]
fn what_is_no_shard_is_refused() {
    let place = Place::new();
    let refuses = |shard: &str, words: &[&str]| {
        let output = place.deconflict(&format!("sweep plan.toml --out out --shard {shard}"));
        ends(&output, 2, words);
        assert!(!place.path("out").exists(), "{shard}");
    };
    refuses("3/3", &["counted from 0", "0 to 2"]);
    refuses("0/0", &["1 to"]);
    refuses("-1/3", &[]);
    refuses("1", &["I/N"]);
    refuses("one/3", &["I/N"]);
    refuses("1/3 --force", &["--force"]);
    refuses(
        "auto/3",
        &["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "none"],
    );

    let sequential = "half_width = { measure = \"any_wrong_kill\", absolute = 0.1, maximum_replications = 1000 }";
    place.write(
        "plan.toml",
        &EXPERIMENT.replace("fixed = { replications = 40 }", sequential),
    );
    refuses("0/3", &["stopping rule", "--replications"]);
    succeeds(&place.deconflict("sweep plan.toml --out out --shard 0/3 -n 6"));
}

#[test]
fn the_cluster_says_which_shard() {
    let place = Place::new();
    let auto = |variables: &[(&str, &str)]| {
        place
            .command(env!("CARGO_BIN_EXE_deconflict"))
            .args("sweep plan.toml --out out -n 6 --shard auto/3".split(' '))
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let (slurm, kubernetes) = ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX");
    ends(
        &auto(&[(slurm, "1"), (kubernetes, "1")]),
        2,
        &[slurm, kubernetes, "both"],
    );
    ends(&auto(&[(slurm, "3")]), 2, &[slurm, "\"3\"", "0 to 2"]);
    ends(&auto(&[(kubernetes, "x")]), 2, &[kubernetes, "\"x\""]);
    assert!(!place.path("out").exists());
    succeeds(&auto(&[(slurm, "1")]));
    succeeds(&auto(&[(kubernetes, "2")]));
    let missing = place.deconflict("status out --missing");
    assert_eq!(text(&missing.stdout), "0\n");
}

#[test]
fn shards_of_different_sweeps_do_not_mix() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 6 --shard 0/2"));
    let refused = |arguments: &str, words: &[&str]| refused(&place, "out", arguments, words);
    refused(
        "sweep plan.toml --out out -n 6 --shard 1/2 --seed 4",
        &["seed is 3, here 4"],
    );
    refused(
        "sweep plan.toml --out out -n 8 --shard 1/2",
        &["2 shards of 6", "2 of 8"],
    );
    refused(
        "sweep plan.toml --out out -n 6 --shard 1/3",
        &["2 shards of 6", "3 of 6"],
    );

    // A journal carried over from elsewhere.
    succeeds(&place.deconflict("sweep plan.toml --out other -n 6 --shard 1/2 --seed 4"));
    fs::copy(
        place.path("other/shards/1-of-2.blocks"),
        place.path("out/shards/1-of-2.blocks"),
    )
    .unwrap();
    refused("status out", &["1-of-2.blocks"]);
    refused("merge out", &["1-of-2.blocks"]);
    refused(
        "sweep plan.toml --out out -n 6 --shard 1/2",
        &["1-of-2.blocks", "another sweep"],
    );

    // No shards at all.
    succeeds(&place.deconflict("sweep plan.toml --out whole"));
    for command in ["merge whole", "status whole --missing"] {
        ends(
            &place.deconflict(command),
            2,
            &["whole is not split into shards"],
        );
    }
    assert!(
        succeeds(&place.deconflict("status whole")).contains("40 replications of each of 6 cells")
    );
    ends(
        &place.deconflict("status ."),
        2,
        &["not the folder of a sweep"],
    );
}

#[test]
fn a_shard_that_cannot_write_asks_to_be_tried_again() {
    let place = Place::new();
    let shard = "sweep plan.toml --out out -n 200 --shard 0/2 --jobs 2";
    let output = place.limited(40, shard);
    ends(
        &output,
        75,
        &["cannot write out/shards/0-of-2.blocks", "too large"],
    );
    ends(&place.deconflict("status out --missing"), 1, &[]);
    succeeds(&place.deconflict(shard));
    assert_eq!(
        text(&place.deconflict("status out --missing").stdout),
        "1\n"
    );

    // Trying again does not mend what is damaged.
    let journal = place.path("out/shards/0-of-2.blocks");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&journal, bytes).unwrap();
    ends(&place.deconflict(shard), 1, &["0-of-2.blocks", "damaged"]);

    fs::create_dir(place.path("file")).unwrap();
    succeeds(&place.deconflict("sweep plan.toml --out file/out -n 6 --shard 0/2"));
    fs::remove_dir_all(place.path("file/out/shards")).unwrap();
    place.write("file/out/shards", "");
    let output = place.deconflict("sweep plan.toml --out file/out -n 6 --shard 0/2");
    ends(&output, 75, &["file/out/shards"]);
}

// When to stop.

/// The half-width of every cell.
fn half_widths(place: &Place, folder: &str) -> Vec<f64> {
    let rows = place.table(&format!("{folder}/cells.csv"));
    let rows = rows
        .iter()
        .filter(|row| row["measure"] == "lost_per_sortie[side=stranger]");
    rows.map(|row| (row["high"].parse::<f64>().unwrap() - row["low"].parse::<f64>().unwrap()) / 2.0)
        .collect()
}

#[test]
fn a_half_width_is_reached_in_every_cell_at_the_first_look_that_has_it() {
    let place = Place::salvo(
        "half_width = { measure = \"lost_per_sortie[side=stranger]\", absolute = 0.03, minimum_replications = 100, maximum_replications = 5000 }",
    );
    succeeds(&place.deconflict("sweep plan.toml --out out --jobs 1"));
    succeeds(&place.deconflict("sweep plan.toml --out three --jobs 3"));
    place.same_results("out", "three");
    // Looks grow by a quarter, rounded up.
    let looks: Vec<u64> = std::iter::successors(Some(100_u64), |look| Some((look * 5).div_ceil(4)))
        .take_while(|&look| look < 5000)
        .collect();
    let n = place.replications("out");
    let look = looks.iter().position(|&look| look == n).expect("a look");
    let reached = half_widths(&place, "out");
    assert_eq!(reached.len(), 2);
    assert!(reached.iter().all(|half| *half <= 0.03), "{reached:?}");
    let before = looks[look.checked_sub(1).expect("not the first look")];
    succeeds(&place.deconflict(&format!("sweep plan.toml --out before -n {before}")));
    let short = half_widths(&place, "before");
    assert!(short.iter().any(|half| *half > 0.03), "{short:?}");

    // Interrupted between two looks, it ends at the same.
    succeeds(&place.deconflict("sweep plan.toml --out late -n 111"));
    succeeds(&place.deconflict("sweep plan.toml --out late --resume"));
    place.same_results("out", "late");
}

#[test]
fn a_half_width_out_of_reach_ends_at_the_maximum() {
    let place = Place::salvo(
        "half_width = { measure = \"lost_per_sortie[side=stranger]\", relative = 0.001, minimum_replications = 50, maximum_replications = 130 }",
    );
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    assert_eq!(place.replications("out"), 130);
}

#[test]
fn a_difference_is_resolved_at_a_look() {
    let place = Place::salvo(
        "resolved = { measure = \"lost_per_sortie[side=stranger]\", minimum_replications = 50, maximum_replications = 5000 }",
    );
    succeeds(&place.deconflict("sweep plan.toml --out out --jobs 1"));
    succeeds(&place.deconflict("sweep plan.toml --out three --jobs 3"));
    place.same_results("out", "three");
    // 0.84 against 0.19 is plain at the first look.
    assert_eq!(place.replications("out"), 50);
    let pairs = place.table("out/pairs.csv");
    let pair = pairs
        .iter()
        .find(|row| row["measure"] == "lost_per_sortie[side=stranger]");
    let pair = pair.unwrap();
    assert!(pair["difference_high"].parse::<f64>().unwrap() < 0.0);
    assert!(
        pair["confidence"].parse::<f64>().unwrap() > 0.95,
        "looks share the error"
    );
}

#[test]
fn a_time_budget_ends_in_time_and_its_number_repeats_it() {
    let place = Place::salvo("time = { minutes = 0.005 }");
    let begun = Instant::now();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    assert!(begun.elapsed() > Duration::from_millis(300));
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(
        place.json("out/run.json")["ended"],
        "the time budget was used up"
    );
    let n = place.replications("out");
    succeeds(&place.deconflict(&format!("sweep plan.toml --out again -n {n}")));
    // But for the manifest, which says why it ended.
    let [mut out, mut again] = ["out", "again"].map(|folder| place.results(folder));
    out.remove("manifest.json");
    again.remove("manifest.json");
    same(&out, &again);
}

// The same random numbers.

/// The rows of a sweep by setting and replication, without the columns that name them.
fn rows(place: &Place, folder: &str, factors: &[&str]) -> BTreeMap<String, Vec<(String, String)>> {
    let table = place.table(&format!("{folder}/replications.csv"));
    let mut rows = BTreeMap::new();
    for mut row in table {
        row.remove("cell");
        let mut key = row.remove("replication").unwrap();
        for factor in factors {
            key += &format!(" {factor}={}", row.remove(*factor).unwrap());
        }
        assert!(rows.insert(key, row.into_iter().collect()).is_none());
    }
    rows
}

#[test]
fn cells_that_are_alike_have_the_same_rows() {
    let place = Place::new();
    place.write(
        "plan.toml",
        &EXPERIMENT.replace("alone = {}", "alone = {}\nsilent = {}"),
    );
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    let rows = rows(&place, "out", &["coordination", "kill"]);
    assert_eq!(rows.len(), 40 * 9);
    let (mut alike, mut unlike) = (0, 0);
    for (key, row) in &rows {
        if key.contains("coordination=alone") {
            assert_eq!(*row, rows[&key.replace("alone", "silent")]);
            alike += 1;
            unlike += u32::from(*row != rows[&key.replace("alone", "everybody")]);
        }
    }
    assert_eq!(alike, 120);
    assert!(unlike > 60, "{unlike}");
    let mut checked = 0;
    for pair in place.table("out/pairs.csv") {
        if pair["cell"].starts_with("silent") {
            assert!(pair["reference"].starts_with("alone"));
            let number = |column: &str| pair[column].parse::<f64>();
            if let Ok(difference) = number("difference") {
                assert_eq!(difference, 0.0, "{pair:?}");
                assert!(number("difference_low").is_ok_and(|low| low <= 0.0));
                assert!(number("difference_high").is_ok_and(|high| high >= 0.0));
            }
            checked += 1;
        }
    }
    assert!(checked > 100);
}

#[test]
fn the_order_of_the_file_changes_names_and_no_row() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 20"));
    let turned = EXPERIMENT
        .replace("values = [0.3, 0.6, 0.9]", "values = [0.9, 0.45, 0.3]")
        .replace("[uncertainties.kill]", "[levers.kill]")
        .replace("alone = {}\n", "")
        .replace("[levers.kill]", "alone = {}\n\n[levers.kill]");
    place.write("turned.toml", &turned);
    succeeds(&place.deconflict("sweep turned.toml --out turned -n 20"));
    let factors = ["coordination", "kill"];
    let (one, other) = (
        rows(&place, "out", &factors),
        rows(&place, "turned", &factors),
    );
    let common: Vec<_> = one.keys().filter(|key| other.contains_key(*key)).collect();
    assert_eq!(common.len(), 20 * 4);
    for key in common {
        assert_eq!(one[key], other[key], "{key}");
    }
    let names = |folder: &str| -> Vec<String> {
        let rows = place.table(&format!("{folder}/replications.csv"));
        rows[..6].iter().map(|row| row["cell"].clone()).collect()
    };
    assert_ne!(names("out"), names("turned"));
}

#[test]
fn a_cell_is_the_scenario_flown_alone() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    succeeds(&place.deconflict(
        "run night.toml --seed 3 -n 40 --out run --set site_classes.watch.weapon.kill_probability=0.9",
    ));
    let cell = rows(&place, "out", &["coordination", "kill"]);
    let run = place.table("run/replications.csv");
    assert_eq!(run.len(), 40);
    for mut row in run {
        let key = row.remove("replication").unwrap() + " coordination=alone kill=0.9";
        assert_eq!(row.into_iter().collect::<Vec<_>>(), cell[&key]);
    }
}

#[test]
fn any_row_can_be_repeated_and_a_forged_one_is_noticed() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out -n 12"));
    let repeat = |cell: &str, replication: u32| {
        place.deconflict(&format!(
            "run --from out:{cell} --replication {replication} --events {replication}.csv --force"
        ))
    };
    for (replication, row) in place
        .table("out/replications.csv")
        .iter()
        .enumerate()
        .step_by(7)
    {
        let replication = u32::try_from(replication / 6).unwrap();
        let output = repeat(&row["cell"], replication);
        assert!(succeeds(&output).contains(&format!("seed 3, replication {replication},")));
        ends(&output, 0, &["The same in every column"]);
        assert!(!place.table(&format!("{replication}.csv")).is_empty());
    }
    ends(&repeat("alone,kill=0.3", 12), 0, &["no row"]);
    ends(
        &repeat("alone", 3),
        2,
        &["no cell \"alone\"", "alone,kill=0.3"],
    );
    ends(
        &place.deconflict("run --from out --replication 3"),
        2,
        &["expected out:CELL", "alone,kill=0.3"],
    );

    // One shot more.
    let path = place.path("out/replications.csv");
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let header = reader.headers().unwrap().clone();
    let shots = header.iter().position(|name| name == "shots").unwrap();
    let mut writer = csv::Writer::from_path(place.path("forged.csv")).unwrap();
    writer.write_record(&header).unwrap();
    for (number, record) in reader.records().enumerate() {
        let mut fields: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
        if number == 6 * 5 {
            fields[shots] = (fields[shots].parse::<f64>().unwrap() + 1.0).to_string();
        }
        writer.write_record(&fields).unwrap();
    }
    writer.flush().unwrap();
    fs::rename(place.path("forged.csv"), &path).unwrap();
    ends(
        &repeat("alone,kill=0.3", 5),
        1,
        &["not the row of", "shots is"],
    );
    ends(
        &repeat("alone,kill=0.3", 4),
        0,
        &["The same in every column"],
    );
}

#[test]
fn a_sweep_of_one_cell_needs_no_name_for_it() {
    let place = Place::new();
    let plain: String = EXPERIMENT
        .lines()
        .take(6)
        .map(|line| format!("{line}\n"))
        .collect();
    place.write("plan.toml", &plain);
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    let output = place.deconflict("run --from out --replication 3");
    succeeds(&output);
    ends(&output, 0, &["The same in every column"]);
}

// Comparisons.

#[test]
fn comparisons_of_the_same_thing_find_no_difference() {
    let place = Place::new();
    succeeds(&place.deconflict("run night.toml --seed 3 -n 30 --out run"));
    succeeds(&place.deconflict("run night.toml --seed 4 -n 30 --out other"));
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    place.write(
        "told.toml",
        &NIGHT.replace(
            "[\"gna-aviation\"]",
            "[\"gna-aviation\", \"lna-operations\"]",
        ),
    );

    let zero = |sides: &str, out: &str, n: &str| {
        let said = succeeds(&place.deconflict(&format!("compare {sides} --out {out}")));
        assert!(said.contains(&format!("{n} paired replications")), "{said}");
        let rows = place.table(out);
        assert!(rows.len() > 50);
        for row in rows {
            assert_eq!(row["n"], n);
            let difference = row["difference"].parse::<f64>();
            assert!(!difference.is_ok_and(|value| value != 0.0), "{row:?}");
        }
    };
    zero("night.toml night.toml -n 20", "files.csv", "20");
    zero("run night.toml", "stored.csv", "30");
    zero("night.toml run", "turned.csv", "30");
    // 0.6 is what the scenario says; the sweep has ten replications more.
    zero("run out:alone,kill=0.6", "cell.csv", "30");
    let said = succeeds(&place.deconflict("compare run out:alone,kill=0.6"));
    assert!(
        said.contains("10 replications are on one side alone"),
        "{said}"
    );

    let said =
        succeeds(&place.deconflict("compare night.toml told.toml -n 40 --seed 3 --out told.csv"));
    assert!(said.contains("cuts any_wrong_kill"), "{said}");
    succeeds(
        &place.deconflict("compare out:alone,kill=0.6 out:everybody,kill=0.6 --out cells.csv"),
    );
    // What a sweep says of its cells is what the comparison says.
    let pairs = place.table("out/pairs.csv");
    let mut checked = 0;
    let told = place.table("told.csv");
    for (row, other) in place.table("cells.csv").iter().zip(&told) {
        let pair = pairs
            .iter()
            .find(|pair| pair["cell"] == "everybody,kill=0.6" && pair["measure"] == row["measure"])
            .unwrap();
        // Those that the experiment names hold together, for its three pairs: theirs are wider.
        let named = EXPERIMENT.contains(&format!("{:?}", row["measure"]));
        let confidence = |row: &BTreeMap<String, String>| row["confidence"].parse::<f64>().unwrap();
        let expected = if named { 1.0 - 0.05 / 9.0 } else { 0.95 };
        assert!((confidence(pair) - expected).abs() < 1e-12, "{pair:?}");
        assert_eq!(confidence(row), 0.95);
        for column in ["difference", "difference_low", "difference_high", "n"] {
            assert_eq!(row[column], other[column], "{}", row["measure"]);
            if !named || !column.contains('_') {
                assert_eq!(row[column], pair[column], "{}", row["measure"]);
            }
        }
        checked += 1;
    }
    assert!(checked > 50);
}

#[test]
fn comparisons_that_make_no_sense_are_refused() {
    let place = Place::new();
    succeeds(&place.deconflict("run night.toml --seed 3 -n 10 --out run"));
    succeeds(&place.deconflict("run night.toml --seed 4 -n 10 --out other"));
    succeeds(&place.deconflict("sweep plan.toml --out out -n 10"));
    place.write("there.csv", "mine");
    let refused = |arguments: &str, words: &[&str]| refused(&place, ".", arguments, words);
    refused("compare run other", &["seed 3", "share no random numbers"]);
    refused("compare out run", &["out", "alone,kill=0.3"]);
    refused("compare out:nobody run", &["\"nobody\"", "alone,kill=0.3"]);
    refused("compare run:alone run", &["\"alone\""]);
    refused("compare run run --seed 3", &["--seed"]);
    refused("compare run night.toml -n 3", &["--replications"]);
    refused(
        "compare run run --measure nothing",
        &["\"nothing\"", "columns"],
    );
    refused("compare run nowhere.toml", &["nowhere.toml"]);
    refused("compare . run", &["manifest.json"]);
    // Said at once, not after an hour of running.
    let begun = Instant::now();
    refused(
        "compare night.toml night.toml -n 1000000000 --out there.csv",
        &["there.csv", "exists already", "--force"],
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
    succeeds(&place.deconflict("compare run run --out there.csv --force"));
    assert!(!place.table("there.csv").is_empty());
    // No room for it: what was there stays.
    let before = place.files(".");
    let output = place.limited(4, "compare run run --out there.csv --force");
    ends(&output, 1, &["there.csv", "too large"]);
    same(&before, &place.files("."));
    let names: Vec<String> = place
        .files(".")
        .into_keys()
        .filter(|name| !name.contains('/'))
        .collect();
    assert_eq!(names, ["night.toml", "plan.toml", "there.csv"]);
}

// The files.

#[test]
fn the_manifest_vouches_for_every_table() {
    use sha2::Digest;
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    let manifest = place.json("out/manifest.json");
    assert_eq!(manifest["seed"], 3);
    assert_eq!(manifest["replications"], 40);
    assert_eq!(manifest["failed"], 0);
    assert_eq!(manifest["cells"].as_array().unwrap().len(), 6);
    let listed: Vec<&String> = manifest["files"].as_object().unwrap().keys().collect();
    let files = place.files("out");
    let tables: Vec<&String> = files.keys().filter(|name| name.ends_with(".csv")).collect();
    assert_eq!(listed, tables);
    for name in tables {
        let sum: String = sha2::Sha256::digest(&files[name])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let entry = &manifest["files"][name];
        assert_eq!(entry["sha256"], sum, "{name}");
        assert_eq!(
            entry["rows"],
            place.table(&format!("out/{name}")).len(),
            "{name}"
        );
    }
    assert_eq!(manifest["files"]["replications.csv"]["rows"], 240);

    let header = place.header("out/replications.csv");
    succeeds(&place.deconflict("run night.toml -n 2 --out run"));
    let measures = place.header("run/replications.csv");
    assert_eq!(
        header[..5],
        ["cell", "seed", "replication", "coordination", "kill"]
    );
    assert_eq!(measures[..2], ["seed", "replication"]);
    assert_eq!(header[5..], measures[2..]);
    assert_eq!(
        header.len(),
        header.iter().collect::<BTreeSet<_>>().len(),
        "no name twice"
    );
}

#[test]
fn a_cell_is_the_ratio_of_the_sums_of_its_rows() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out out"));
    let rows = place.table("out/replications.csv");
    let mut checked = 0;
    for cell in place.table("out/cells.csv") {
        let sum = |column: &str| -> f64 {
            let rows = rows.iter().filter(|row| row["cell"] == cell["cell"]);
            rows.map(|row| row[column].parse::<f64>().unwrap()).sum()
        };
        let expected = match cell["measure"].as_str() {
            "any_wrong_kill" => sum("any_wrong_kill") / 40.0,
            "wrong_share_of_shots" => sum("wrong_shots") / sum("shots"),
            "lost_per_sortie[side=us]" => sum("kills[side=us]") / sum("sorties[side=us]"),
            _ => continue,
        };
        let estimate: f64 = cell["estimate"].parse().unwrap();
        assert!((estimate - expected).abs() < 1e-12, "{cell:?} {expected}");
        checked += 1;
    }
    assert_eq!(checked, 18);
}

#[test]
fn help_of_sweeps_teaches_by_example() {
    let place = Place::new();
    for command in ["sweep", "status", "merge", "compare", "run"] {
        let out = succeeds(&place.deconflict(&format!("{command} --help")));
        let examples = out.split("Examples:").nth(1).expect("examples");
        assert!(
            examples.contains(&format!("deconflict {command} ")),
            "{out}"
        );
    }
}
