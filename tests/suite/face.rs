//! The face of the program: one screen, one way to say things, help for anything, and what is inside the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use deconflict::measure::Columns;
use deconflict::scenario::Scenario;
use deconflict::scenario::keys::keys;
use deconflict::scenario::library::{BEGINNING, LIBRARY};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::repository;

const NIGHT: &str = include_str!("support/night.toml");

/// A folder with a scenario and an experiment about it.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("night.toml"), NIGHT).expect("written");
    fs::write(
        place.path().join("plan.toml"),
        "title = \"Two\"\nscenario = \"night.toml\"\nmeasures = [\"any_wrong_kill\"]\n\
         stop.fixed.replications = 4\n\
         [levers.control]\npath = \"rules.weapons_control.status\"\n\
         values = [\"tight\", \"hold\"]\n",
    )
    .expect("written");
    place
}

fn deconflict(place: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(line.split_whitespace())
        .current_dir(place)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[track_caller]
fn out(place: &Path, line: &str) -> String {
    let output = deconflict(place, line);
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refused(place: &Path, line: &str) -> String {
    let output = deconflict(place, line);
    assert_eq!(output.status.code(), Some(2), "{line}");
    text(&output.stderr)
}

/// One object on one line, and nothing else.
#[track_caller]
fn json(place: &Path, line: &str) -> Json {
    let told = out(place, line);
    assert_eq!(told.lines().count(), 1, "{line}: {told}");
    serde_json::from_str(&told).unwrap_or_else(|why| panic!("{line}: {why}"))
}

#[test]
fn a_run_fits_a_screen_and_says_what_it_is_about() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for scenario in [
        "nov-2019-baseline",
        "nov-2019-agreement",
        "no-fly-zone",
        "no-fly-zone-january",
        "two-sides",
        "looking-first",
    ] {
        let line = format!("run scenarios/{scenario}.toml -n 40");
        let told = out(root, &line);
        assert!(told.lines().count() <= 24, "{told}");
        for line in told.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for label in [
            "Neutrals shot down ",
            "Friends shot down ",
            "Either shot at ",
            "By whose sites ",
            "Price: leaked ",
            "In other worlds ",
            "More: --all",
        ] {
            assert!(told.contains(label), "{label} is not in {told}");
        }
        let neutral = told.lines().find(|line| line.starts_with("Neutrals"));
        let neutral = neutral.expect("the line is there");
        assert!(
            neutral.contains(" % [") && neutral.contains(" of "),
            "{neutral}"
        );
    }
}

#[test]
fn measures_are_chosen_by_a_pattern() {
    let place = place();
    let told = out(place.path(), "run night.toml -n 4 -m wrong*shots -m leaked");
    assert!(told.contains("wrong_share_of_shots"), "{told}");
    assert!(!told.contains("station_kept"), "{told}");
    let said = refused(place.path(), "run night.toml -n 4 -m leakd");
    assert!(said.contains("did you mean leaked"), "{said}");
    let one = json(place.path(), "run night.toml -n 4 --json -m any_wrong_kill");
    let names: Vec<&String> = one["measures"]
        .as_object()
        .expect("measures")
        .keys()
        .collect();
    assert_eq!(names, ["any_wrong_kill"]);
}

#[test]
fn quiet_is_results_alone() {
    let place = place();
    let quiet = deconflict(place.path(), "--quiet run night.toml -n 4");
    assert!(quiet.stderr.is_empty(), "{}", text(&quiet.stderr));
    let told = text(&quiet.stdout);
    assert!(
        told.contains("By whose sites") && !told.contains("Next:"),
        "{told}"
    );
    let failed = deconflict(place.path(), "--quiet run nowhere.toml");
    assert!(!failed.stderr.is_empty());
}

#[test]
fn a_run_says_what_holds_in_other_worlds() {
    let place = place();
    // The sites of one world fire at nothing.
    fs::write(
        place.path().join("worlds.toml"),
        "title = \"Two\"\ncaveat = \"invented\"\nsimulated = 2\n\
         [worlds.same]\nimplausibility = 0.5\nagainst = \"x\"\nalong = {}\nsettings = {}\nlay = {}\n\
         [worlds.held]\nimplausibility = 0.5\nagainst = \"x\"\nalong = {}\nsettings = {}\n\
         lay = { rules = { weapons_control = { status = \"hold\" } } }\n",
    )
    .expect("written");
    let told = out(place.path(), "run night.toml -n 200 --worlds worlds.toml");
    assert!(
        told.contains("neutrals shot down 0 % to") && told.contains("fragile: apart from"),
        "{told}"
    );
    let said = refused(place.path(), "run night.toml -n 1 --worlds worlds.toml");
    assert!(said.contains("more than one replication"), "{said}");
}

#[test]
fn one_value_changed_on_one_side_is_compared() {
    let place = place();
    let same = json(place.path(), "compare night.toml night.toml -n 20 --json");
    let changed = json(
        place.path(),
        "compare night.toml night.toml -n 20 --set-b rules.weapons_control.status=hold --json",
    );
    let of = |told: &Json| {
        let rows = told["pairs"].as_array().expect("rows").clone();
        let row = rows
            .into_iter()
            .find(|row| row["measure"] == "wrong_shots_per_replication");
        row.expect("the row is there")["difference"]
            .as_f64()
            .expect("a number")
    };
    assert_eq!(of(&same), 0.0);
    assert!(of(&changed) < 0.0);
    assert_eq!(
        changed["other"],
        "night.toml --set rules.weapons_control.status=hold"
    );
    let both = "compare night.toml night.toml -n 20 --set rules.weapons_control.status=hold --json";
    assert_eq!(of(&json(place.path(), both)), 0.0);
    out(place.path(), "run night.toml -n 4 --out run");
    let said = refused(place.path(), "compare run night.toml --set-a duration_h=1");
    assert!(said.contains("results were run as they are"), "{said}");
}

#[test]
fn a_sweep_goes_on_to_as_many_as_were_asked_for() {
    let place = place();
    out(place.path(), "sweep plan.toml --out all -n 6");
    let progress = |folder: &str| {
        let manifest = fs::read(place.path().join(folder).join("manifest.json")).expect("read");
        let manifest: Json = serde_json::from_slice(&manifest).expect("json");
        manifest["progress"].clone()
    };
    let before = progress("all");
    out(place.path(), "sweep plan.toml --out all --resume");
    // As a command leaves it that was ended before its first block was kept: nothing but what was asked for.
    let blocks = place.path().join("none/blocks");
    out(place.path(), "sweep plan.toml --out none -n 6");
    fs::remove_dir_all(&blocks).expect("removed");
    fs::remove_file(place.path().join("none/manifest.json")).expect("removed");
    out(place.path(), "sweep plan.toml --out none --resume");
    assert_eq!(
        progress("none"),
        before,
        "the file says 4, the first command said 6"
    );
    assert_eq!(
        progress("all"),
        before,
        "the file says 4, the command said 6"
    );
    let told = out(place.path(), "run --from all:control=hold --replication 5");
    assert!(told.contains("replication 5"), "{told}");
    let told = out(
        place.path(),
        "prevent --from all:control=tight -n 2 --rule R6",
    );
    assert!(told.contains("R6"), "{told}");
    let said = refused(place.path(), "run --from all --replication 0");
    assert!(
        said.contains("all:CELL with one of control=tight control=hold"),
        "{said}"
    );
}

#[test]
fn a_report_goes_where_it_is_asked_to() {
    let place = place();
    out(place.path(), "run night.toml -n 8 --out run");
    let told = json(place.path(), "report run --out pages.html --json");
    assert_eq!(told["page"], "pages.html");
    assert_eq!(told["figures"], "pages");
    let page = fs::read_to_string(place.path().join("pages.html")).expect("the page");
    let links: Vec<&str> = page.split("href=\"pages/").skip(1).collect();
    assert!(!links.is_empty() && !page.contains("href=\"report/"));
    for link in links {
        let name = link.split('"').next().expect("a name");
        assert!(place.path().join("pages").join(name).is_file(), "{name}");
    }
    assert!(!place.path().join("run/report.html").exists());
    refused(place.path(), "report run --out pages.html");
    out(place.path(), "report run --out pages.html --force");
}

/// The keys that the guide promises, of every command that prints results.
#[test]
fn json_has_the_shape_that_the_guide_says() {
    let place = place();
    let place = place.path();
    let page = out(place, "help json");
    let promised = |command: &str| -> Vec<String> {
        let row = page.lines().find(|line| {
            let first = line
                .trim_start_matches("| ")
                .split(" |")
                .next()
                .unwrap_or("");
            line.starts_with("| `") && first.split(", ").any(|one| one == format!("`{command}`"))
        });
        let row = row.unwrap_or_else(|| panic!("{command} is not in the guide"));
        let keys = row
            .trim_start_matches("| ")
            .split(" | ")
            .nth(1)
            .expect("keys");
        // What comes before a bracket or a semicolon is always there.
        let always = keys.split(['(', ';']).next().unwrap_or("");
        let words = always.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    out(place, "sweep plan.toml --out swept");
    let square = "[[13.0, 32.8], [13.1, 32.8], [13.1, 32.9], [13.0, 32.8]]";
    let zones = format!("{{\"type\": \"Polygon\", \"coordinates\": [{square}]}}");
    fs::write(place.join("zones.geojson"), zones).expect("written");
    for (command, line) in [
        ("run", "run night.toml -n 4 --json"),
        ("eval", "eval night.toml -n 4 --json"),
        ("sweep", "sweep plan.toml --out again --json"),
        ("compare", "compare night.toml night.toml -n 4 --json"),
        ("prevent", "prevent night.toml -n 2 --rule R6 --json"),
        ("explain", "explain night.toml --json"),
        ("status", "status swept --json"),
        ("reproduce", "reproduce swept --json"),
        ("report", "report swept --json"),
        ("check", "check night.toml --json"),
        ("assumptions", "assumptions night.toml --json"),
        ("rules", "rules --json"),
        ("columns", "columns night.toml --json"),
        ("library", "library --json"),
        ("help", "help leaked --json"),
        ("replay", "replay night.toml --out page.html --json"),
        ("import", "import zones.geojson --json"),
        ("migrate", "migrate night.toml --json"),
        (
            "submit",
            "submit plan.toml --slurm --tasks 2 -n 128 --out far --dry-run --json",
        ),
    ] {
        let told = json(place, line);
        let keys = promised(command);
        assert!(!keys.is_empty(), "{command}");
        for key in keys {
            assert!(told.get(&key).is_some(), "{line}: no {key} in {told}");
        }
    }
    let measure = &json(place, "run night.toml -n 4 --json")["measures"]["any_wrong_kill"];
    for key in ["estimate", "low", "high", "method", "unit", "events", "n"] {
        assert!(measure.get(key).is_some(), "{key}");
    }
    let rows = &json(place, "sweep plan.toml --out swept --resume --json")["cells"];
    assert_eq!(rows[0]["cell"], "control=tight");
    assert!(
        rows[0]["estimate"].is_number() && rows[0]["n"] == 4,
        "{rows}"
    );
}

/// What `explain` tells in words it tells programs in numbers.
#[test]
fn a_story_is_told_to_programs_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let busy = "explain scenarios/nov-2019-busy.toml";
    let told = json(root, &format!("{busy} --replication 2 --json"));
    assert_eq!(told["what"], "wrong_shot", "{told}");
    let lines = told["story"].as_array().expect("lines");
    let words: Vec<&str> = lines.iter().filter_map(Json::as_str).collect();
    let words = words.join("\n");
    for key in ["site", "aircraft"] {
        assert!(words.contains(told[key].as_str().expect("a name")), "{key}");
    }
    let decided = |rule: &&Json| rule["decided"].is_string();
    let rules = told["rules"].as_array().expect("rules");
    assert_eq!(rules.iter().filter(decided).count(), 1, "{rules:?}");
    let evidence = told["evidence"].as_array().expect("evidence");
    assert!(evidence.iter().all(|entry| entry["p_hostile"].is_number()));
    let clock = told["clock"].as_array().expect("lines");
    assert!(
        clock.iter().any(|line| line["time_s"] == told["time_s"]),
        "{clock:?}"
    );
    // A change prevents where nothing is fired at it, and the smallest sets are of such.
    let trials = told["trials"].as_array().expect("trials");
    for trial in trials {
        assert_eq!(trial["prevented"] == true, trial["wrong_shots"] == 0);
    }
    for set in told["smallest"].as_array().expect("sets") {
        let [one] = set.as_array().expect("names").as_slice() else {
            continue;
        };
        let trial = trials.iter().find(|trial| trial["change"] == *one);
        assert_eq!(trial.expect("tried")["prevented"], true, "{one}");
    }

    let passage = json(
        root,
        &format!("{busy} --replication 2 --let-through --json"),
    );
    if passage["what"].is_null() {
        assert!(passage.get("next_replication").is_some(), "{passage}");
    } else {
        assert_eq!(passage["what"], "passage");
        assert!(passage["outcome"]["reached_s"].is_number(), "{passage}");
        assert!(!passage["sites"].as_array().expect("sites").is_empty());
    }
    let none = json(place().path(), "explain night.toml --flight raid --json");
    assert!(none.get("what").is_some(), "{none}");
}

#[test]
fn help_knows_everything_that_files_and_results_name() {
    let place = place();
    let place = place.path();
    for command in ["run", "sweep", "help", "library"] {
        assert!(out(place, &format!("help {command}")).contains("Usage:"));
    }
    for (word, said) in [
        ("site_classes.watch.sensor.scan_s", "in seconds"),
        ("rules.hostile_criteria.threshold", "Parameter of R2"),
        ("r50_m", "Library: site_classes.class_a"),
        ("any_wrong_kill", "share of replications"),
        ("mcnemar_p", "pairs.csv: mcnemar_p (column)"),
        ("pairs.csv", "One row is"),
        ("front.csv", "One row is"),
        ("identified_protected", "Declined"),
        ("filed_with_others", "addressees"),
        ("R6", "flight plan"),
        ("iff_unread", "warning of check --lint"),
        (
            "tight",
            "rules.weapons_control.status = \"tight\" (key of scenarios)",
        ),
        ("fieller", "method of an interval"),
        ("finalist", "random numbers that the search never saw"),
        ("wrong_shots", "column of replications.csv"),
        ("levers", "key of experiments"),
    ] {
        let told = out(place, &format!("help {word}"));
        assert!(told.contains(said), "{word}: {said} is not in {told}");
    }
    let said = refused(place, "help any_wrong_kil");
    assert!(said.contains("did you mean any_wrong_kill"), "{said}");
}

/// Whatever a command is given in place of what it runs, one sentence says what that is, and which command runs it.
#[test]
fn a_file_of_another_kind_is_told_with_its_command() {
    let kinds = [
        ("run", "a scenario", "nov-2019-busy.toml"),
        ("sweep", "an experiment", "experiments/agreement.toml"),
        ("tune", "a study", "studies/agreement.toml"),
        ("match", "a file of evidence", "evidence/libya-2019.toml"),
    ];
    let place = tempfile::tempdir().expect("a folder");
    for (command, wanted, _) in kinds {
        for (right, is, file) in kinds.iter().filter(|kind| kind.0 != command) {
            let file = repository(&format!("scenarios/{file}"));
            let file = file.display();
            let said = refused(place.path(), &format!("{command} {file} --out out"));
            let told = format!("{file} is {is}, not {wanted}; `deconflict {right} {file}");
            assert!(
                said.contains(&told) && said.lines().count() == 1,
                "{command}: {said}"
            );
        }
    }
    assert_eq!(fs::read_dir(place.path()).expect("there").count(), 0);
}

#[test]
fn every_key_of_a_scenario_is_described() {
    for key in keys(deconflict::scenario::schema()) {
        assert!(!key.meaning.is_empty(), "{}", key.path);
        let typed = key.path.replace("NAME", "some").replace("[]", "");
        assert!(key.is(&typed), "{}", key.path);
    }
}

#[test]
fn what_is_begun_with_checks_clean_and_runs_anywhere() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    out(place, "init");
    let checked = out(place, "check --lint --strict scenario.toml");
    assert!(checked.contains("0 warnings"), "{checked}");
    refused(place, "init");
    out(place, "init --force");
    let told = out(place, "run scenario.toml --out results");
    // Both what may go wrong and its price are seen.
    let scenario = Scenario::parse(BEGINNING, "beginning", &[]);
    let scenario = scenario.unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert!(!Columns::new(&scenario.cast).columns().is_empty());
    assert!(
        told.contains("1 in ") && told.contains("Price: leaked"),
        "{told}"
    );
    // What was included is in the manifest: the results stand for themselves.
    fs::remove_file(place.join("scenario.toml")).expect("removed");
    let again = out(place, "reproduce results");
    assert!(again.contains("The same in every byte"), "{again}");
    let row = out(place, "run --from results --replication 3");
    assert!(row.contains("replication 3"), "{row}");
    out(
        place,
        "replay --from results --replication 3 --out page.html",
    );
}

#[test]
fn the_library_is_inside_the_program() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    let list = out(place, "library");
    for piece in LIBRARY {
        assert!(list.contains(&format!("builtin:{}", piece.name)), "{list}");
        assert_eq!(out(place, &format!("library {}", piece.name)), piece.text);
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scenarios/library")
            .join(format!("{}.toml", piece.name));
        assert_eq!(fs::read_to_string(file).expect("the file"), piece.text);
    }
    // A piece by its name is the file.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let file = fs::read_to_string(root.join("nov-2019-baseline.toml")).expect("the scenario");
    let inside = file
        .replace("library/places.toml", "builtin:places")
        .replace("library/lna_site_classes.toml", "builtin:lna_site_classes");
    assert_ne!(inside, file);
    let load = |text: &str, name: &str| {
        Scenario::parse(text, name, &[]).unwrap_or_else(|error| panic!("{}", error.render(false)))
    };
    let there = load(&file, root.join("x.toml").to_str().expect("text"));
    assert_eq!(load(&inside, "x").file, there.file);
    let said = Scenario::parse("include = [\"builtin:aircarft\"]\n", "x.toml", &[]);
    let said = said.expect_err("no such piece").render(false);
    assert!(
        said.contains("x.toml:1") && said.contains("did you mean aircraft?"),
        "{said}"
    );
}

#[test]
fn shells_and_man_know_every_command() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    for shell in ["bash", "zsh", "fish"] {
        let told = out(place, &format!("completions {shell}"));
        for word in ["sweep", "library", "replications"] {
            assert!(told.contains(word), "{shell} has no {word}");
        }
    }
    out(place, "man --out pages");
    let page = fs::read_to_string(place.join("pages/deconflict-run.1")).expect("the page");
    assert!(
        page.contains("deconflict\\-run") && page.contains("replications"),
        "{page}"
    );
    assert!(place.join("pages/deconflict.1").is_file());
    refused(place, "man --out pages");
    out(place, "man --out pages --force");
}
