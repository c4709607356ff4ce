//! Assumptions, worlds and marks, from outside: files in, files out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deconflict::experiment::design::{Coordinate, Domain};
use deconflict::experiment::plan::Overrides;
use deconflict::experiment::plan::study::Study;
use deconflict::experiment::worlds::evidence::{Band, Found};
use deconflict::experiment::worlds::plan::Ground;
use deconflict::measure::Columns;
use deconflict::scenario::Scenario;
use deconflict::scenario::register::{Kind, Leeway};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn deconflict(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A site that meets one neutral; what is stated of it goes into `{}`.
const SMALL: &str = r#"
include = ["ONE_PASS"]
title = "One pass"
replications = 20
"#;

fn small(more: &str) -> String {
    let library = repository("scenarios/library/one_pass.toml");
    let head = SMALL.replace(
        "ONE_PASS",
        &library.display().to_string().replace('\\', "/"),
    );
    format!("{head}{more}")
}

fn parse(more: &str, set: &[&str]) -> Result<Scenario, String> {
    let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
    let name = repository("scenarios/small.toml").display().to_string();
    Scenario::parse(&small(more), &name, &set).map_err(|error| error.render(false))
}

const STATED: &str = r#"
[site_classes.watch.weapon]
kill_probability = { value = 0.5, range = [0.2, 0.9], kind = "assumed", source = "nobody knows", date = 2026-11-30 }
magazine = { value = 8, range = [2, 8], kind = "public", source = "a data sheet" }

[assumptions.delay]
path = "site_classes.*.weapon.reaction.fixed.delay_s"
range = [0, 40]
kind = "assumed"
source = "nobody knows"

[assumptions.doctrine]
kind = "assumed"
source = "nobody knows"
alternatives.two = { site_classes.watch.weapon.doctrine.salvo = { missiles = 2, spacing_s = 4 } }
"#;

const PLAIN: &str = r#"
[site_classes.watch.weapon]
kill_probability = 0.5
magazine = 8
"#;

#[test]
fn a_stated_scenario_is_the_plain_one_and_what_is_stated_stands_beside_it() {
    let (stated, plain) = (parse(STATED, &[]).unwrap(), parse(PLAIN, &[]).unwrap());
    let written = |scenario: &Scenario| serde_json::to_string(&scenario.file).unwrap();
    assert_eq!(written(&stated), written(&plain));
    let register = &stated.register;
    let names: Vec<&str> = register
        .assumptions
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "site_classes.watch.weapon.kill_probability",
            "site_classes.watch.weapon.magazine",
            "delay",
            "doctrine"
        ]
    );
    let [chance, magazine, delay, doctrine] = &register.assumptions[..] else {
        panic!("{register:?}");
    };
    assert_eq!(chance.value, 0.5);
    assert_eq!(
        (chance.kind, chance.source.as_str()),
        (Kind::Assumed, "nobody knows")
    );
    assert_eq!(chance.date.as_deref(), Some("2026-11-30"));
    assert!(matches!(magazine.leeway, Leeway::Range { whole: true, .. }));
    assert_eq!(
        delay.paths[0].join("."),
        "site_classes.watch.weapon.reaction.fixed.delay_s"
    );
    assert!(matches!(&doctrine.leeway, Leeway::Alternatives(pieces) if pieces.len() == 1));
    assert!(
        register
            .assumptions
            .iter()
            .all(|one| one.in_use && !one.stated_at.0.is_empty())
    );
}

#[test]
fn an_override_changes_the_value_and_keeps_what_is_stated() {
    let path = "site_classes.watch.weapon.kill_probability";
    for (value, outside) in [("0.3", false), ("0.95", true)] {
        let scenario = parse(STATED, &[&format!("{path}={value}")]).unwrap();
        let one = &scenario.register.assumptions[0];
        assert_eq!(one.value.as_f64(), value.parse().ok());
        assert_eq!(one.outside(), outside);
        assert_eq!(one.source, "nobody knows");
    }
    let anew = format!(
        "{path}={{ value = 0.4, range = [0.3, 0.5], kind = \"derived\", source = \"a later one\" }}"
    );
    let scenario = parse(STATED, &[&anew]).unwrap();
    assert_eq!(scenario.register.assumptions[0].kind, Kind::Derived);
    assert_eq!(scenario.register.assumptions[0].value, 0.4);
}

#[test]
fn what_is_stated_badly_is_told_all_at_once_with_its_place() {
    let said = parse(
        r#"
[site_classes.watch.weapon]
kill_probability = { value = 0.5, kind = "assumed", source = "x" }
magazine = { value = 9, range = [2, 8], kind = "public", source = "" }
max_range_m = { value = 200_000, kind = "guessed", source = "x" }
channels = { value = 4, range = [8, 2], kind = "derived", source = "x" }

[assumptions.nowhere]
path = "site_classes.*.weapon.kil_probability"
range = [0, 1]
kind = "assumed"
source = "x"

[assumptions.empty]
kind = "assumed"
source = "x"
"#,
        &[],
    )
    .unwrap_err();
    for wanted in [
        "kill_probability is assumed and has no range",
        "magazine has the value 9 outside of its range 2 to 8",
        "magazine has an empty source",
        "guessed",
        "channels has the range 8 to 2",
        "assumptions.nowhere is about \"site_classes.*.weapon.kil_probability\", which no scenario has",
        "assumptions.empty needs one of path and paths",
        "assumptions.empty is assumed and has no range",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(said.contains("small.toml:"), "{said}");
}

#[test]
fn everything_that_the_library_and_the_baseline_say_is_in_the_register() {
    for file in [
        "nov-2019-baseline.toml",
        "nov-2019-agreement.toml",
        "nov-2019-busy.toml",
    ] {
        let scenario = Scenario::load(&repository("scenarios").join(file), &[]).unwrap();
        let register = &scenario.register;
        assert_eq!(register.unstated, Vec::<String>::new(), "{file}");
        assert_eq!(register.idle, Vec::<String>::new(), "{file}");
        for one in &register.assumptions {
            assert!(one.date.is_some(), "{}", one.name);
            assert!(
                one.kind != Kind::Assumed || one.leeway != Leeway::None,
                "{}",
                one.name
            );
            assert!(!one.outside(), "{}", one.name);
        }
    }
}

#[test]
fn every_end_of_every_range_of_the_baseline_is_a_sound_scenario() {
    let scenario = Scenario::load(&repository("scenarios/nov-2019-baseline.toml"), &[]).unwrap();
    let columns = Columns::new(&scenario.cast);
    let ground = Ground::of(&scenario, String::new(), 1, 1);
    assert!(ground.axes.len() > 80);
    let written: Vec<Coordinate> = ground
        .axes
        .iter()
        .map(|axis| {
            axis.written()
                .unwrap_or_else(|| panic!("{}", axis.assumption.name))
        })
        .collect();
    // The scenario as written, said by its axes, is the scenario.
    let again = ground.scenario_at(&written).unwrap();
    let json = |scenario: &Scenario| serde_json::to_value(&scenario.file).unwrap();
    assert_eq!(json(&again), json(&scenario));
    for (number, axis) in ground.axes.iter().enumerate() {
        let ends = match axis.domain {
            Domain::Levels(levels) => (0..levels).map(Coordinate::Level).collect(),
            Domain::Range { low, high, .. } => {
                vec![Coordinate::Value(low), Coordinate::Value(high)]
            }
        };
        for end in ends {
            let mut point = written.clone();
            point[number] = end;
            let there = ground.scenario_at(&point);
            assert!(
                there.is_ok(),
                "{} at {end:?}: {}",
                axis.assumption.name,
                there.unwrap_err().render(false)
            );
            assert!(
                ground.sound(&point, &columns),
                "{} at {end:?} has other columns",
                axis.assumption.name
            );
        }
    }
}

/// The small scenario with its assumptions, and evidence about it.
fn lay_out(folder: &Path) -> (String, String) {
    let scenario = folder.join("small.toml");
    fs::write(&scenario, small(STATED)).unwrap();
    let evidence = folder.join("evidence.toml");
    fs::write(
        &evidence,
        r#"
title = "A neutral was lost two times in three"
scenario = "small.toml"
points = 40
replications = 1000
waves = 2
[[evidence]]
name = "lost"
measure = "lost_per_sortie[side=stranger]"
low = 0.6
high = 0.7
discrepancy = 0.1
source = "invented"
[[evidence]]
name = "never"
events = "kills[side=shooter]"
per = "sorties[side=shooter]"
low = 0.1
high = 0.2
source = "nobody of that side flies: it rules nothing out"
"#,
    )
    .unwrap();
    (
        scenario.display().to_string(),
        evidence.display().to_string(),
    )
}

#[test]
fn the_worlds_left_are_those_whose_closed_form_fits_the_band_whatever_the_threads() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, evidence) = lay_out(place.path());
    // How sure a missile is and how many there are, and nothing else.
    let only = STATED.split("[assumptions.delay]").next().unwrap();
    fs::write(scenario, small(only)).unwrap();
    let mut kept = Vec::new();
    for (name, jobs) in [("one", "1"), ("three", "3")] {
        let out = place.path().join(name).display().to_string();
        let done = deconflict(&["match", &evidence, "--out", &out, "--jobs", jobs]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert!(
            text(&done.stdout).contains("no posterior"),
            "{}",
            text(&done.stdout)
        );
        let read = |file: &str| fs::read_to_string(Path::new(&out).join(file)).unwrap();
        kept.push([read("worlds.toml"), read("worlds.csv")]);
        // Going on with what is done changes nothing.
        let again = deconflict(&["match", &evidence, "--out", &out, "--resume"]);
        assert!(again.status.success(), "{}", text(&again.stderr));
        assert_eq!([read("worlds.toml"), read("worlds.csv")], kept[0]);
        let anew = deconflict(&["match", &evidence, "--out", &out]);
        assert_eq!(anew.status.code(), Some(2));
    }
    assert_eq!(kept[0], kept[1]);
    // The site fires until the aircraft is down or the magazine is empty, so it is lost with 1 - (1 - p)^m: what is left is known
    // but for the noise of 1000 replications, of which four standard errors are allowed for.
    let mut rows = csv::Reader::from_reader(kept[0][1].as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let [left, chance, magazine] = [
        column("left"),
        column("site_classes.watch.weapon.kill_probability"),
        column("site_classes.watch.weapon.magazine"),
    ];
    let band = Band::new(0.6, 0.7, 0.1);
    let (mut inside, mut outside) = (0, 0);
    for row in rows.records() {
        let row = row.unwrap();
        let p: f64 = row[chance].parse().unwrap();
        let m: i32 = row[magazine].parse().unwrap();
        let lost = 1.0 - (1.0 - p).powi(m);
        let variance = lost * (1.0 - lost) / 1000.0;
        let found = Some(Found {
            estimate: lost,
            variance,
        });
        let far = band.implausibility(found);
        let noise = variance / (lost * lost);
        let allowed = 4.0 * (noise / (noise + band.variance)).sqrt();
        if (far - 3.0).abs() > allowed {
            assert_eq!(&row[left] == "true", far < 3.0, "{p} {m} {lost} {far}");
            match far < 3.0 {
                true => inside += 1,
                false => outside += 1,
            }
        }
    }
    assert!(inside > 5 && outside > 5, "{inside} {outside}");
    told_by_the_folder(&place.path().join("one"));
}

type Row = std::collections::BTreeMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// What the tables of a matching say of its worlds, counted again from worlds.csv; the page says it, and refuses what was changed.
fn told_by_the_folder(out: &Path) {
    let number = |row: &Row, name: &str| row[name].parse().unwrap_or(f64::NAN);
    let worlds = table(&out.join("worlds.csv"));
    let evidence = table(&out.join("evidence.csv"));
    let out_of = |name: &str| {
        let column = format!("implausibility: {name}");
        let far = worlds.iter().filter(|world| number(world, &column) > 3.0);
        far.count().to_string()
    };
    assert_eq!(evidence[0]["about"], "lost_per_sortie[side=stranger]");
    assert_eq!(evidence[0]["ruled_out"], out_of("lost"));
    assert_eq!(evidence[1]["ruled_out"], "0");
    assert_eq!(evidence[1]["as_written"], "", "nobody of that side flies");
    let left: Vec<&Row> = worlds
        .iter()
        .filter(|world| world["left"] == "true")
        .collect();
    let sorted = |column: &str| {
        let mut values: Vec<f64> = left.iter().map(|world| number(world, column)).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let lost = sorted("lost");
    assert_eq!(number(&evidence[0], "left_least"), lost[0]);
    assert_eq!(number(&evidence[0], "left_most"), lost[lost.len() - 1]);
    // Of the chance of a missile, .2 to .9, what is left is narrower than by chance: 1 - (1 - p)^m is .6 to .7 for no p near .9.
    let chance = "site_classes.watch.weapon.kill_probability";
    let ranges = table(&out.join("ranges.csv"));
    let range = ranges
        .iter()
        .find(|row| row["assumption"] == chance)
        .unwrap();
    let found = sorted(chance);
    let ends = [found[0], found[found.len() - 1]];
    for (end, place, value) in [
        ("low", "place_low", ends[0]),
        ("high", "place_high", ends[1]),
    ] {
        assert!((number(range, end) - value).abs() < 1e-9, "{range:?}");
        assert!(
            (number(range, place) - (value - 0.2) / 0.7).abs() < 1e-9,
            "{range:?}"
        );
    }
    // By chance: within so little of what was run at all.
    let mut run: Vec<f64> = worlds.iter().map(|world| number(world, chance)).collect();
    run.sort_by(f64::total_cmp);
    let width = (ends[1] - ends[0]) / (run[run.len() - 1] - run[0]);
    let m = found.len() as i32;
    let by_chance = f64::from(m) * width.powi(m - 1) - f64::from(m - 1) * width.powi(m);
    assert!(
        (number(range, "chance") - by_chance).abs() < 1e-9,
        "{range:?}"
    );
    assert_eq!(range["narrowed"] == "yes", by_chance < 0.025, "{range:?}");

    let folder = out.display().to_string();
    let done = deconflict(&["report", &folder]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    let count = format!("{} of {} worlds", left.len(), worlds.len());
    for wanted in [count.as_str(), "no posterior", "What is left of the ranges"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(out.join("report/evidence.svg").is_file());
    fs::write(out.join("ranges.csv"), "assumption\n").unwrap();
    let done = deconflict(&["report", &folder]);
    assert_eq!(done.status.code(), Some(2));
    assert!(
        text(&done.stderr).contains("ranges.csv"),
        "{}",
        text(&done.stderr)
    );
}

#[test]
fn bad_evidence_is_told_all_at_once() {
    let place = tempfile::tempdir().unwrap();
    let (_, evidence) = lay_out(place.path());
    let typed = fs::read_to_string(&evidence).unwrap();
    let typed = typed
        .replace(
            "lost_per_sortie[side=stranger]",
            "lost_per_sorty[side=stranger]",
        )
        .replace("low = 0.1\n", "low = 0.3\n")
        .replace("per = \"sorties[side=shooter]\"", "per = \"sortie\"");
    fs::write(&evidence, typed).unwrap();
    let out = place.path().join("out").display().to_string();
    let done = deconflict(&["match", &evidence, "--out", &out]);
    assert_eq!(done.status.code(), Some(2));
    let said = text(&done.stderr);
    for wanted in [
        "there is no measure \"lost_per_sorty[side=stranger]\"",
        "goes from 0.3 to 0.2",
        "there is no column \"sortie\"",
        "evidence.toml:",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(!Path::new(&out).exists());
}

/// Three worlds by hand, with what the assumptions come to in them.
const WORLDS: &str = r#"
title = "By hand"
[worlds.a]
along = { p = 0.0 }
lay = { site_classes.watch.weapon.kill_probability = 0.2 }
[worlds.b]
along = { p = 0.5 }
lay = { site_classes.watch.weapon.kill_probability = 0.6 }
[worlds.c]
along = { p = 1.0 }
lay = { site_classes.watch.weapon.kill_probability = 1.0 }
"#;

#[test]
fn a_comparison_gets_its_mark_from_the_worlds() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, _) = lay_out(place.path());
    let other = place.path().join("held.toml");
    fs::write(
        &other,
        small(&format!(
            "{PLAIN}[rules.weapons_control]\nstatus = \"hold\"\n"
        )),
    )
    .unwrap();
    let other = other.display().to_string();
    let worlds = place.path().join("worlds.toml");
    fs::write(&worlds, WORLDS).unwrap();
    let worlds = worlds.display().to_string();
    let measure = "lost_per_sortie[side=stranger]";
    let said = |worlds: &[&str]| {
        let base = [
            "compare",
            &scenario,
            &other,
            "-n",
            "60",
            "--measure",
            measure,
        ];
        let done = deconflict(&[&base[..], worlds].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let alone = said(&[]);
    assert!(alone.contains("Said of one world"), "{alone}");
    let marked = said(&["--worlds", &worlds]);
    assert!(
        marked.contains("robust: holds in 3 of 3 worlds, open in 0, the contrary in 0"),
        "{marked}"
    );
    assert!(
        marked.contains("; differences -100 points to -") && marked.contains(" points in the mean"),
        "{marked}"
    );
    // The same way round as written, and the world as written is no other than without worlds.
    let line = |text: &str| {
        text.lines()
            .find(|line| line.contains(measure))
            .unwrap()
            .to_owned()
    };
    assert_eq!(line(&alone), line(&marked));
    // A world that the scenario cannot be in is bad input.
    let bad = place.path().join("bad.toml");
    fs::write(&bad, WORLDS.replace("= 0.6", "= 6")).unwrap();
    let bad = bad.display().to_string();
    let done = deconflict(&["compare", &scenario, &other, "--worlds", &bad]);
    assert_eq!(done.status.code(), Some(2), "{}", text(&done.stdout));
    assert!(
        text(&done.stderr).contains("world b of"),
        "{}",
        text(&done.stderr)
    );
}

#[test]
fn a_sweep_flies_every_cell_in_every_world() {
    let place = tempfile::tempdir().unwrap();
    lay_out(place.path());
    let experiment = place.path().join("experiment.toml");
    fs::write(
        &experiment,
        r#"
title = "Hold or not"
scenario = "small.toml"
measures = ["lost_per_sortie[side=stranger]"]
stop.fixed.replications = 40
[levers.status]
path = "rules.weapons_control.status"
values = ["tight", "hold"]
"#,
    )
    .unwrap();
    let worlds = place.path().join("worlds.toml");
    fs::write(&worlds, WORLDS).unwrap();
    let (experiment, worlds) = (
        experiment.display().to_string(),
        worlds.display().to_string(),
    );
    let out = place.path().join("out").display().to_string();
    let done = deconflict(&["sweep", &experiment, "--worlds", &worlds, "--out", &out]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let printed = text(&done.stdout);
    assert!(
        printed.contains("robust: holds in 3 of 3 worlds"),
        "{printed}"
    );
    let cells = fs::read_to_string(Path::new(&out).join("cells.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(cells.as_bytes());
    let header = rows.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|one| one == name).unwrap();
    let (world, status, measure, estimate) =
        (at("world"), at("status"), at("measure"), at("estimate"));
    let mut lost = Vec::new();
    for row in rows.records() {
        let row = row.unwrap();
        if &row[measure] == "lost_per_sortie[side=stranger]" && &row[status] == "tight" {
            lost.push((row[world].to_owned(), row[estimate].parse::<f64>().unwrap()));
        }
    }
    let worlds_flown: Vec<&str> = lost.iter().map(|(world, _)| world.as_str()).collect();
    assert_eq!(worlds_flown, ["as-written", "a", "b", "c"]);
    assert_eq!(lost[3].1, 1.0);
    assert!(lost[1].1 <= lost[2].1 && lost[2].1 <= lost[3].1, "{lost:?}");
    // Worlds take the place of the file's own uncertainties, and what a lever sets is the lever's in every world.
    let typed = fs::read_to_string(&experiment).unwrap();
    let typed = typed.replace(
        "path = \"rules.weapons_control.status\"\nvalues = [\"tight\", \"hold\"]",
        "path = \"site_classes.watch.weapon.kill_probability\"\nvalues = [1.0, 0.3]",
    );
    let own = "[uncertainties.magazine]\npath = \"site_classes.watch.weapon.magazine\"\nvalues = [8, 2]\n[baseline]\nmagazine = 8\n";
    fs::write(&experiment, format!("{typed}{own}")).unwrap();
    let done = deconflict(&[
        "sweep",
        &experiment,
        "--worlds",
        &worlds,
        "--out",
        &out,
        "--force",
    ]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let cells = fs::read_to_string(Path::new(&out).join("cells.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(cells.as_bytes());
    let header = rows.headers().unwrap().clone();
    assert!(!header.iter().any(|name| name == "magazine"));
    let at = |name: &str| header.iter().position(|one| one == name).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let of = |row: &&csv::StringRecord| {
        &row[at("measure")] == "lost_per_sortie[side=stranger]" && &row[at("status")] == "1.0"
    };
    let sure: Vec<&str> = rows
        .iter()
        .filter(of)
        .map(|row| &row[at("estimate")])
        .collect();
    assert_eq!(sure, ["1.0"; 4]);
}

#[test]
fn screening_finds_what_the_scenario_hangs_on_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, _) = lay_out(place.path());
    let out = place.path().join("screened").display().to_string();
    let measure = "lost_per_sortie[side=stranger]";
    let arguments = [
        "screen",
        &scenario,
        "--measure",
        measure,
        "--out",
        &out,
        "-n",
        "60",
        "--few",
        "2",
        "--rows",
        "16",
    ];
    let done = deconflict(&arguments);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let file = fs::read_to_string(Path::new(&out).join("screen.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    // In order of size: how sure a missile is comes first, when the site begins to fire last.
    assert_eq!(&rows[0][1], "site_classes.watch.weapon.kill_probability");
    let effect = |name: &str| -> f64 {
        rows.iter().find(|row| &row[1] == name).unwrap()[2]
            .parse()
            .unwrap()
    };
    assert!(
        effect("site_classes.watch.weapon.kill_probability") > 0.2,
        "{file}"
    );
    let indexed = rows.iter().filter(|row| !row[10].is_empty()).count();
    assert_eq!(indexed, 2, "{file}");
    let done = deconflict(&["report", &out]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let page = fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    for wanted in ["kill_probability", "Sobol' indices", "told from noise"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    let again = deconflict(&[&arguments[..], &["--resume", "--jobs", "3"]].concat());
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(
        fs::read_to_string(Path::new(&out).join("screen.csv")).unwrap(),
        file
    );
}

#[test]
fn the_register_is_printed_and_written() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, _) = lay_out(place.path());
    let csv = place.path().join("assumptions.csv").display().to_string();
    let done = deconflict(&["assumptions", &scenario, "--missing", "--out", &csv]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let printed = text(&done.stdout);
    for wanted in [
        "4 in use: 1 public, 0 derived, 3 assumed.",
        "0.200 to 0.900",
        "as written | two",
        "  aircraft.point.rcs_m2",
    ] {
        assert!(printed.contains(wanted), "{wanted}\n{printed}");
    }
    let file = fs::read_to_string(&csv).unwrap();
    assert!(file.starts_with(
        "assumption,paths,value,low,high,scale,choices,kind,source,date,meaning,in_use,file,line\n"
    ));
    assert!(
        file.contains(
            "kill_probability,0.5,0.2,0.9,linear,,assumed,nobody knows,2026-11-30,,true,"
        ),
        "{file}"
    );
    let again = deconflict(&["assumptions", &scenario, "--out", &csv]);
    assert_eq!(again.status.code(), Some(2));
}

#[test]
fn the_schemas_of_evidence_and_worlds_are_those_that_are_shipped() {
    for (of, file) in [("match", "match"), ("worlds", "worlds")] {
        let shipped =
            fs::read_to_string(repository(&format!("scenarios/{file}.schema.json"))).unwrap();
        let printed = text(&deconflict(&["schema", of]).stdout);
        assert_eq!(
            shipped, printed,
            "run: cargo run -- schema {of} > scenarios/{file}.schema.json"
        );
    }
    let done = deconflict(&["check", "scenarios/evidence/libya-2019.toml"]);
    assert!(
        text(&done.stdout).contains("6 bands"),
        "{}",
        text(&done.stderr)
    );
}

#[test]
fn a_study_is_examined_in_each_of_the_worlds_once() {
    let place = tempfile::tempdir().unwrap();
    lay_out(place.path());
    let study = place.path().join("study.toml");
    fs::write(
        &study,
        r#"
title = "How sure"
scenario = "small.toml"
budget.replications = 20_000
[parameters.delay]
path = "site_classes.watch.weapon.reaction.fixed.delay_s"
range = { low = 0, high = 30 }
[[objectives]]
minimise = "lost_per_sortie[side=stranger]"
"#,
    )
    .unwrap();
    let worlds = place.path().join("worlds.toml");
    fs::write(&worlds, WORLDS).unwrap();
    let overrides = Overrides {
        worlds: Some(worlds),
        ..Overrides::default()
    };
    let study = Study::load(&study, &overrides, None)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let chance = |study: &Study, world: usize| {
        let scenario = study.scenario(None, Some(world)).unwrap();
        serde_json::to_value(&scenario.file).unwrap()["site_classes"]["watch"]["weapon"]["kill_probability"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(study.drawn, 3);
    let mut met: Vec<f64> = (0..study.drawn)
        .map(|world| chance(&study, world))
        .collect();
    met.sort_by(f64::total_cmp);
    assert_eq!(met, [0.2, 0.6, 1.0]);
    // What is written down needs no file of worlds to go on.
    let again = Study::from_record(&study.record).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.record, study.record);
    assert_eq!(chance(&again, 1), chance(&study, 1));
}

#[test]
fn a_rule_gets_its_mark_from_the_worlds() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, _) = lay_out(place.path());
    let worlds = place.path().join("worlds.toml");
    fs::write(&worlds, WORLDS).unwrap();
    let worlds = worlds.display().to_string();
    let base = [
        "prevent",
        &scenario,
        "-n",
        "30",
        "--try",
        "hold: rules.weapons_control.status=hold",
    ];
    let alone = deconflict(&base);
    assert!(
        text(&alone.stdout).contains("Said of one world"),
        "{}",
        text(&alone.stderr)
    );
    let done = deconflict(&[&base[..], &["--worlds", &worlds]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let printed = text(&done.stdout);
    // Who holds fire loses nobody, whatever the missiles are worth.
    assert!(
        printed.contains("hold: robust: shown to prevent some in 3 of 3 worlds with any, to add some in 0; 100 to 100 %"),
        "{printed}"
    );
}

#[test]
fn screening_begins_where_worlds_are() {
    let place = tempfile::tempdir().unwrap();
    let (scenario, _) = lay_out(place.path());
    let worlds = place.path().join("worlds.toml");
    let names = [
        "\"site_classes.watch.weapon.kill_probability\" = 0.0",
        "\"site_classes.watch.weapon.magazine\" = 0.5",
        "delay = 0.5",
        "doctrine = 0.25",
    ];
    fs::write(&worlds, WORLDS.replace("p = 0.0", &names.join(", "))).unwrap();
    let worlds = worlds.display().to_string();
    let out = place.path().join("out").display().to_string();
    let screen = || {
        deconflict(&[
            "screen",
            &scenario,
            "--measure",
            "lost_per_sortie[side=stranger]",
            "--worlds",
            &worlds,
            "--out",
            &out,
            "--few",
            "0",
        ])
    };
    // Two of the three say nothing of where the assumptions stand.
    let done = screen();
    assert_eq!(done.status.code(), Some(2));
    assert!(
        text(&done.stderr).contains("world b of"),
        "{}",
        text(&done.stderr)
    );
    let all = WORLDS.replace("p = 0.0", &names.join(", "));
    let all = all
        .replace("p = 0.5", &names.join(", "))
        .replace("p = 1.0", &names.join(", "));
    fs::write(&worlds, all).unwrap();
    let done = screen();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let plan = fs::read_to_string(Path::new(&out).join("effects/plan.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    // Three bases and four steps from each; the bases are where the worlds say.
    assert_eq!(plan["cells"].as_array().unwrap().len(), 15);
    assert_eq!(plan["cells"][0]["settings"][0]["value"], 0.2);
    assert_eq!(plan["cells"][0]["settings"][1]["value"], 5.0);
}
