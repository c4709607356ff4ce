//! `deconflict tune` and `deconflict eval` as one uses them: files, interruption, threads, what is wrong with a study.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use deconflict::experiment::plan::Overrides;
use deconflict::experiment::plan::study::{Study, schema};
use deconflict::measure::Columns;
use deconflict::output::Notation;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;
use deconflict::statistics::pairs::Pairs;
use tempfile::TempDir;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn deconflict(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// A study small enough for a test; `more` is added at its end.
fn small(place: &TempDir, more: &str) -> String {
    let scenario = repository("scenarios/nov-2019-busy-agreement.toml");
    let text = format!(
        r#"title = "Small"
scenario = {:?}
seed = 3
objectives = [
    {{ minimise = "wrongly_lost_per_protected_sortie" }},
    {{ maximise = "station_kept" }},
]
constraints = [{{ measure = "leaked", at_most = 0.9 }}]
budget.replications = 420
finalists = 3
first_replications = 4
population = 6
robustness_points = 2

[parameters.threshold]
path = "rules.hostile_criteria.threshold"
range = {{ low = 0.8, high = 0.99 }}

[parameters.declared]
path = "rules.hostile_criteria.declarations"
range = {{ low = 1, high = 3, whole = true }}

[parameters.italy]
alternatives.outside = {{}}
alternatives.inside = {{ flights.italy-recon.plan.addressees = ["gna-aviation", "lna-operations"] }}

[uncertainties.link]
path = "links.lna-operations-to-air-defence.delivery"
range = {{ low = 0.3, high = 1.0, levels = 2 }}
{more}"#,
        scenario.to_str().unwrap()
    );
    let path = place.path().join("small.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn tune(study: &str, out: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["tune", study, "--out", out.to_str().unwrap()];
    arguments.extend(more);
    deconflict(&arguments)
}

/// Every file of a folder by its path, but for what says who made it and when, and for the journal.
fn results(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if name != "run.json" {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The same without the journal of one process and what workers share.
fn outcome(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = results(folder);
    found.retain(|(name, _)| name != "search.batches" && !name.starts_with("workers/"));
    found
}

fn worker(study: &str, out: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(["tune", study, "--worker", "--jobs", "1", "--out"])
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Waits until workers have left so many files of a kind, for at most a minute.
fn shared(out: &Path, kind: &str, count: usize) {
    let begun = Instant::now();
    let there = || {
        let entries = fs::read_dir(out.join("workers")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(kind)).count()
    };
    while there() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "no {kind}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn workers_find_what_one_process_finds() {
    let place = TempDir::new().unwrap();
    let study = small(&place, "");
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    assert!(tune(&study, &one, &["--jobs", "2"]).status.success());
    let whole = outcome(&one);

    let both = [worker(&study, &two), worker(&study, &two)];
    let mut run = 0;
    for child in both {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let told = said.lines().find(|line| line.contains("replications in"));
        let own: u64 = told.unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(own > 0, "{said}");
        run += own;
    }
    assert_eq!(outcome(&two), whole);
    // Each replication was run by one of them.
    let front = fs::read_to_string(one.join("run.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&front).unwrap();
    assert_eq!(all["replications_run"], run);
    // Nothing is left but the batches, and whoever comes late has nothing to do.
    let left = fs::read_dir(two.join("workers")).unwrap();
    assert!(left.into_iter().all(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.ends_with(".batch")
    }));
    let late = tune(&study, &two, &["--worker"]);
    assert!(late.status.success());
    assert!(
        String::from_utf8_lossy(&late.stderr).contains("\n0 replications")
            || String::from_utf8_lossy(&late.stderr).starts_with("0 replications")
    );
    assert!(
        deconflict(&["reproduce", two.to_str().unwrap()])
            .status
            .success()
    );
    assert!(
        deconflict(&["report", two.to_str().unwrap()])
            .status
            .success()
    );

    // Neither goes on with what the other began, and all tune the same.
    for (out, more, words) in [
        (&one, &["--worker"][..], "--resume in place of --worker"),
        (&two, &["--resume"], "--worker in place of --resume"),
        (
            &two,
            &["--worker", "--budget", "600"],
            "holds a tuning of another study",
        ),
        (&two, &["--worker", "--force"], "cannot be used with"),
    ] {
        let refused = tune(&study, out, more);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let text = fs::read_to_string(&study).unwrap();
    let timed = text.replace("budget.replications = 420", "budget.minutes = 0.1");
    fs::write(&study, timed).unwrap();
    let refused = tune(&study, &place.path().join("timed"), &["--worker"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a budget of minutes"));
}

/// However a worker ends, others go on where it was.
#[test]
fn a_worker_that_is_killed_is_done_without() {
    let place = TempDir::new().unwrap();
    let study = small(&place, "");
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    assert!(tune(&study, &one, &["--jobs", "2"]).status.success());

    let mut killed = worker(&study, &two);
    shared(&two, ".parcel", 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let status = deconflict(&["status", two.to_str().unwrap()]);
    assert_eq!(status.status.code(), Some(1));
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(said.contains("0 batches are whole; of the next"), "{said}");

    // The next is killed later, while a third is at work, which finishes alone.
    let (mut killed, last) = (worker(&study, &two), worker(&study, &two));
    shared(&two, ".batch", 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let output = last.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(outcome(&two), outcome(&one));
}

/// Its interval is two-sided as an objective and one-sided as a limit; what it is is told once.
#[test]
fn what_is_an_objective_and_a_limit_has_one_estimate() {
    let place = TempDir::new().unwrap();
    let study = small(&place, "");
    let text = fs::read_to_string(&study).unwrap();
    let both = text.replace("maximise = \"station_kept\"", "minimise = \"leaked\"");
    fs::write(&study, both).unwrap();
    let out = place.path().join("out");
    assert!(tune(&study, &out, &["--jobs", "2"]).status.success());
    let mut front = csv::Reader::from_path(out.join("front.csv")).unwrap();
    let header = front.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let [finalist, measure, fresh] = ["finalist", "measure", "fresh"].map(column);
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in front.records().map(Result::unwrap) {
        if &row[measure] == "leaked" {
            let of = told.entry(row[finalist].to_owned()).or_default();
            of.push(row[fresh].to_owned());
        }
    }
    assert!(told.len() > 1);
    for (finalist, estimates) in told {
        assert_eq!(estimates.len(), 2, "{finalist}");
        assert_eq!(estimates[0], estimates[1], "{finalist}");
    }
}

#[test]
fn threads_and_interruptions_change_no_byte() {
    let place = TempDir::new().unwrap();
    let study = small(&place, "");
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    for (out, jobs) in [(&one, "1"), (&two, "3")] {
        let output = tune(&study, out, &["--jobs", jobs]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let whole = results(&one);
    assert_eq!(whole, results(&two));
    let names: Vec<&str> = whole.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "break_even.csv",
        "candidates.csv",
        "decision.md",
        "finalists/01.toml",
        "front.csv",
        "manifest.json",
        "robustness.csv",
        "study.json",
    ] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }

    // Killed in the middle of a record: what is whole is kept, the rest is run again.
    let journal = two.join("search.batches");
    let bytes = fs::read(&journal).unwrap();
    for part in [bytes.len() / 3, bytes.len() - 1, 0] {
        fs::write(&journal, &bytes[..part]).unwrap();
        for name in ["front.csv", "manifest.json", "decision.md"] {
            let _ = fs::remove_file(two.join(name));
        }
        assert!(
            tune(&study, &two, &["--resume", "--jobs", "2"])
                .status
                .success()
        );
        assert_eq!(results(&two), whole, "cut at {part}");
    }

    // What is there is not overwritten, and another study does not go on with it.
    let refused = tune(&study, &two, &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--resume"));
    let refused = tune(&study, &two, &["--resume", "--seed", "4"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("another study: study.seed is 3, here 4"),
        "{said}"
    );
    assert_eq!(results(&two), whole);
}

#[test]
fn finalists_are_scenarios_that_fly_as_they_did() {
    let place = TempDir::new().unwrap();
    let study = small(&place, "");
    let out = place.path().join("out");
    assert!(tune(&study, &out, &[]).status.success());
    let study = Study::load(Path::new(&study), &Overrides::default(), None)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let front = fs::read_to_string(out.join("front.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(front.as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|other| other == name).unwrap();
    let mut seen = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let finalist = &row[column("finalist")];
        if finalist == "as_written"
            || &row[column("measure")] != "wrongly_lost_per_protected_sortie"
        {
            continue;
        }
        let path = out.join(format!("finalists/{finalist}.toml"));
        let scenario =
            Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.render(false)));
        let criteria = scenario.file.rules.hostile_criteria.as_ref().unwrap();
        assert_eq!(criteria.threshold.to_string(), row[column("threshold")]);
        assert_eq!(criteria.declarations.to_string(), row[column("declared")]);
        // Run again on the fresh random numbers it gives the very number in the table.
        let columns = Columns::new(&scenario.cast);
        let n: u64 = row[column("n_fresh")].parse().unwrap();
        let (mut lost, mut sorties) = (0.0, 0.0);
        for index in 0..n {
            let replication = Replication {
                seed: study.record.study.seed,
                index: deconflict::experiment::tune::FRESH + index,
            };
            let log = simulate(&scenario, replication, Detail::Measures);
            let sample = study.sample(&columns.measure(&log));
            lost += sample[0].0;
            sorties += sample[0].1;
        }
        let fresh: f64 = row[column("fresh")].parse().unwrap();
        assert_eq!(fresh, lost / sorties, "finalist {finalist}");
        seen += 1;
    }
    assert!(seen >= 1);
}

/// One row of front.csv by column.
type Row = std::collections::BTreeMap<String, String>;

fn front(out: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(out.join("front.csv")).unwrap();
    let rows = reader.deserialize::<Row>();
    rows.map(Result::unwrap).collect()
}

/// Every claim of the page for whoever decides stands in front.csv, and what is recommended follows from it.
#[test]
fn the_decision_says_what_the_front_says() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("out");
    let tuned = tune(&small(&place, ""), &out, &[]);
    assert!(tuned.status.success());
    let page = fs::read_to_string(out.join("decision.md")).unwrap();
    let rows = front(&out);
    let number = |row: &Row, column: &str| row[column].parse::<f64>().unwrap();
    let chosen = rows.iter().find(|row| row["choice"] == "recommended");
    let chosen = chosen.expect("a limit of 90 % is kept")["finalist"].clone();
    let told = match chosen.as_str() {
        "as_written" => "**Leave the scenario as it is.**".to_owned(),
        name => format!("**Take finalist {name}**"),
    };
    assert!(page.contains(&told), "{told}\n{page}");
    let (mut values, mut changes) = (0, 0);
    for row in &rows {
        let notation = Notation::of(&row["measure"]);
        if row["choice"].is_empty() {
            continue;
        }
        let value = format!(
            "{} {}",
            notation.value(number(row, "fresh")),
            notation.ends(number(row, "low"), number(row, "high"))
        );
        assert!(page.contains(&value), "{value}\n{page}");
        values += 1;
        let change = |which: &str| {
            let [at, low, high] =
                ["", "_low", "_high"].map(|end| number(row, &format!("{which}{end}")));
            let open = if at == 0.0 || low <= 0.0 && high >= 0.0 {
                ", open"
            } else {
                ""
            };
            format!("{}{open}", notation.changed(at, low, high))
        };
        let change = match (row["choice"].as_str(), row["finalist"].as_str()) {
            ("recommended", "as_written") => continue,
            ("recommended", _) => change("difference"),
            _ => change("against_recommended"),
        };
        // What was the same in every replication is not called open.
        let same = change.replace(", open", ", the same in every replication");
        assert!(
            page.contains(&change) || page.contains(&same),
            "{change}\n{page}"
        );
        changes += 1;
    }
    assert!(
        values >= 4 && changes >= 2,
        "{values} values, {changes} changes"
    );
    // What the recommended changes, in other worlds.
    for row in rows
        .iter()
        .filter(|row| row["choice"] == "recommended" && row["finalist"] != "as_written")
    {
        let count = |column: &str| row[column].parse::<usize>().unwrap();
        let (lower, higher, of) = (
            count("worlds_lower"),
            count("worlds_higher"),
            count("worlds"),
        );
        let [low, high] = ["difference_low", "difference_high"].map(|end| number(row, end));
        let told = match (high < 0.0, low > 0.0) {
            (true, _) => format!(
                "holds in {lower} of {of} worlds, open in {}, the contrary in {higher}",
                of - lower - higher
            ),
            (_, true) => format!(
                "holds in {higher} of {of} worlds, open in {}, the contrary in {lower}",
                of - lower - higher
            ),
            _ => format!(
                "nothing is shown here; of {of} worlds it falls in {lower}, rises in {higher}"
            ),
        };
        let line = page.lines().find(|line| {
            line.starts_with(&format!("- `{}`: ", row["measure"])) && line.contains("worlds")
        });
        assert!(
            line.is_some_and(|line| line.contains(&told)),
            "{told}\n{page}"
        );
    }
    // Nothing on the front is shown to lose fewer than what is recommended.
    for row in &rows {
        if row["measure"] == "wrongly_lost_per_protected_sortie"
            && row["on_front"] == "1"
            && row["finalist"] != chosen
        {
            assert!(number(row, "against_recommended_high") >= 0.0, "{row:?}");
        }
    }
}

/// Where nothing keeps the limits the page says which comes nearest, and which limit forbids it.
#[test]
fn the_decision_says_which_limit_forbids() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("out");
    let study = small(&place, "");
    let text = fs::read_to_string(&study).unwrap();
    fs::write(&study, text.replace("at_most = 0.9", "at_most = 0.01")).unwrap();
    assert!(tune(&study, &out, &[]).status.success());
    let page = fs::read_to_string(out.join("decision.md")).unwrap();
    let rows = front(&out);
    assert!(rows.iter().all(|row| row["choice"].is_empty()));
    let leaked = rows
        .iter()
        .filter(|row| row["measure"] == "leaked" && row["finalist"] != "as_written");
    let fresh = |row: &&Row| row["fresh"].parse::<f64>().unwrap();
    let nearest = leaked
        .min_by(|one, other| fresh(one).total_cmp(&fresh(other)))
        .unwrap();
    let notation = Notation::of("leaked");
    let [value, low, high] =
        ["fresh", "low", "high"].map(|column| nearest[column].parse::<f64>().unwrap());
    for told in [
        format!("Nearest to them is finalist {}:", nearest["finalist"]),
        format!(
            "- `leaked`: {} {}, and it must be at most 1 %; it does not keep that",
            notation.value(value),
            notation.ends(low, high)
        ),
        format!(
            "With at most {} `leaked` it would be let through.",
            notation.value(high)
        ),
    ] {
        assert!(page.contains(&told), "{told}\n{page}");
    }
    // One limit is nearest by itself anyway.
    assert!(!page.contains("by itself"), "{page}");
}

/// The page of a tuning: the trade-off of every pair of objectives with its numbers beside it, offline, well-formed figures.
#[test]
fn a_tuning_has_its_report() {
    let place = TempDir::new().unwrap();
    let out = place.path().join("tuned");
    let tuned = tune(&small(&place, ""), &out, &["--jobs", "2"]);
    assert!(
        tuned.status.success(),
        "{}",
        String::from_utf8_lossy(&tuned.stderr)
    );
    let report = deconflict(&["report", out.to_str().unwrap()]);
    assert!(
        report.status.success(),
        "{}",
        String::from_utf8_lossy(&report.stderr)
    );
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    for part in [
        "Absolute rates are not calibrated",
        "id=\"front\"",
        "as written",
        "search said",
        "If the world is another",
        "deconflict tune",
    ] {
        assert!(page.contains(part), "no {part:?} on the page");
    }
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert_eq!(page.matches("<script").count(), 1, "its own script alone");
    let front = fs::read_to_string(out.join("front.csv")).unwrap();
    let finalists: std::collections::BTreeSet<&str> = (front.lines().skip(1))
        .filter_map(|line| line.split(',').next())
        .collect();
    let figure = "front-wrongly-lost-per-protected-sortie-station-kept";
    let numbers = fs::read_to_string(out.join("report").join(format!("{figure}.csv"))).unwrap();
    let shown: std::collections::BTreeSet<&str> = (numbers.lines().skip(1))
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(shown, finalists);
    let svg = fs::read_to_string(out.join("report").join(format!("{figure}.svg"))).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn everything_wrong_with_a_study_is_said_at_once_with_its_place() {
    let place = TempDir::new().unwrap();
    let study = small(
        &place,
        r#"
[parameters.honour]
path = "rules.flight_plan_notise.honour"
range = { low = 0.5, high = 0.9 }

[parameters.half]
path = "rules.flight_plan_notice.compliance"
range = { low = 0.9, high = 0.5 }

[parameters.whole]
path = "sites.se.count.max"
range = { low = 2.5, high = 3, whole = true }
"#,
    );
    let text = fs::read_to_string(&study).unwrap();
    let text = text
        .replace("at_most = 0.9", "at_most = 0.9, at_least = 0.1")
        .replace("\"station_kept\"", "\"station_kepd\"");
    fs::write(&study, text).unwrap();
    let Err(error) = Study::load(Path::new(&study), &Overrides::default(), None) else {
        panic!("it passes");
    };
    let rendered = error.render(false);
    for words in [
        "station_kepd",
        "station_kept",
        "both of at_most and at_least",
        "flight_plan_notise",
        "goes from 0.9 to 0.5",
        "expected whole numbers",
        "small.toml:",
    ] {
        assert!(rendered.contains(words), "{words} is not in:\n{rendered}");
    }
    assert_eq!(error.problems.len(), 5, "{rendered}");
    let checked = deconflict(&["check", &study]);
    assert_eq!(checked.status.code(), Some(2));
    // A value that the scenario would refuse at the end of its range, and a budget that is too small.
    let study = small(&place, "");
    let text = fs::read_to_string(&study).unwrap();
    fs::write(&study, text.replace("high = 0.99", "high = 1.5")).unwrap();
    let Err(error) = Study::load(Path::new(&study), &Overrides::default(), None) else {
        panic!("it passes");
    };
    assert!(
        error.render(false).contains("threshold"),
        "{}",
        error.render(false)
    );
    let study = small(&place, "");
    let Err(error) = Study::load(Path::new(&study), &Overrides::default(), Some(120)) else {
        panic!("it passes");
    };
    assert!(error.render(false).contains("four generations"));
}

#[test]
fn the_schema_of_studies_is_the_committed_one_and_the_examples_pass() {
    let committed = fs::read_to_string(repository("scenarios/study.schema.json")).unwrap();
    assert_eq!(
        committed,
        format!("{:#}\n", schema()),
        "run: cargo run -- schema study > scenarios/study.schema.json"
    );
    let mut studies = 0;
    for entry in fs::read_dir(repository("scenarios/studies")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("#:schema ../study.schema.json"),
            "{}",
            path.display()
        );
        Study::load(&path, &Overrides::default(), None)
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        studies += 1;
    }
    assert!(studies >= 1);
}

#[test]
fn eval_prints_one_object_that_depends_on_the_setting_alone() {
    let scenario = repository("scenarios/nov-2019-busy-agreement.toml");
    let eval = |set: &str, jobs: &str| {
        let output = deconflict(&[
            "eval",
            scenario.to_str().unwrap(),
            "--set",
            set,
            "--replications",
            "30",
            "--seed",
            "5",
            "--jobs",
            jobs,
            "--json",
        ]);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let tight = eval("rules.weapons_control.status=tight", "1");
    assert_eq!(tight, eval("rules.weapons_control.status=tight", "2"));
    assert_eq!(tight.lines().count(), 1);
    let object: serde_json::Value = serde_json::from_str(&tight).unwrap();
    let leaked = &object["measures"]["leaked"];
    let [low, estimate, high] =
        ["low", "estimate", "high"].map(|key| leaked[key].as_f64().unwrap());
    assert!(low < estimate && estimate < high);
    assert_eq!(object["replications"], 30);
    let hold: serde_json::Value =
        serde_json::from_str(&eval("rules.weapons_control.status=hold", "2")).unwrap();
    assert_eq!(hold["measures"]["any_wrong_shot"]["estimate"], 0.0);
    // Nothing to divide by: null, not a number that is none.
    assert!(hold["measures"]["wrong_share_of_shots"]["estimate"].is_null());
    let bad = deconflict(&[
        "eval",
        scenario.to_str().unwrap(),
        "--set",
        "rules.no_such=1",
        "--json",
    ]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(bad.stdout.is_empty());
}

/// What the study of the agreement found with 24 000 replications and seed 1, on a seed of its own: with the same messages
/// half as many neutrals and friends are lost, for some three hundredths of leakage.
#[test]
fn the_tuned_agreement_is_better_than_the_one_written_by_hand() {
    let path = repository("scenarios/nov-2019-busy-agreement.toml");
    let written = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
    let set = [
        "rules.hostile_criteria.threshold=0.9507",
        "site_classes.class_a.identification.flight_plan.lateral_gate_m=14390",
    ];
    let tuned =
        Scenario::load(&path, &set.map(str::to_owned)).unwrap_or_else(|error| panic!("{error}"));
    let columns = Columns::new(&written.cast);
    let mut pairs = Pairs::new(&columns, &columns);
    for index in 0..1000 {
        let replication = Replication { seed: 2026, index };
        let [one, two] = [&written, &tuned]
            .map(|scenario| columns.measure(&simulate(scenario, replication, Detail::Measures)));
        pairs.add(&one, &two);
    }
    let difference = |measure| pairs.compare(measure, 0.95).unwrap().difference;
    let lost = difference("wrongly_lost_per_protected_sortie");
    assert!(lost.high < 0.0, "{lost:?}");
    let leaked = difference("leaked");
    assert!(0.0 < leaked.low && leaked.high < 0.06, "{leaked:?}");
    println!("{lost:?}\n{leaked:?}");
}
