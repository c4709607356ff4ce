//! What the checker says of experiments: one bad experiment a kind of problem, with the place it must point at; and what
//! a good one comes to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use deconflict::experiment::plan::{Overrides, Plan, PlanRecord, schema};
use deconflict::output::RESULT_FILES;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::LoadError;
use deconflict::simulation::simulate;
use proptest::prelude::*;

use crate::support::Said;
use tempfile::TempDir;

const NIGHT: &str = r#"include = ["library.toml"]
title = "A short night"
start_utc = "2019-11-21T23:50:00Z"
duration_h = 0.5
replications = 60

[sides]
gna = {}
lna = {}
us = {}

[relations.lna]
gna = "hostile"
us = "neutral"

[nodes.gna-aviation]
side = "gna"

[nodes.lna-operations]
side = "lna"

[site_classes.watch]
source = "invented: test"

[site_classes.watch.sensor]
model.disc = { range_m = 20_000, detection = 0.9 }
scan_s = 5
antenna_m = 1000

[site_classes.watch.tracker]
confirm_hits = 2
confirm_scans = 3
drop_misses = 3

[site_classes.watch.identification]
over = "affiliations"
interval_s = 20
combine = "single"

[site_classes.watch.identification.flight_plan]
lateral_gate_m = 5_000
window_s = 600

[site_classes.watch.identification.actual]
friend = { friend = 0.8, unknown = 0.2 }
neutral = { neutral = 0.6, hostile = 0.1, unknown = 0.3 }
hostile = { neutral = 0.1, hostile = 0.6, unknown = 0.3 }

[site_classes.watch.weapon]
max_range_m = 15_000
reaction.fixed = { delay_s = 10 }
channels = 1
doctrine.salvo = { missiles = 1 }
kill_probability = 0.6
magazine = 4

[sites.south-east]
class = "watch"
side = "lna"
position.at = { east_m = 0, north_m = 0 }
command = { node = "lna-operations" }

[flights.us-recon]
aircraft = "point"
side = "us"
turns = "instant"
plan = { addressees = ["gna-aviation"], notice_s = 3_600 }
route.waypoints = { points = [{ east_m = -25_000, north_m = 3_000 }, { east_m = 25_000, north_m = 3_000 }] }

[flights.raid]
aircraft = "point"
side = "gna"
turns = "instant"
objective = { at = { east_m = 5_000, north_m = 0 }, radius_m = 1_000 }
route.waypoints = { points = [{ east_m = -25_000, north_m = 0 }, { east_m = 25_000, north_m = 0 }] }

[rules.weapons_control]
status = "tight"

[rules.flight_plan_notice]
compliance = 1
"#;

const LIBRARY: &str = r#"[aircraft.point]
cruise_mps = 60
altitude_m = 3000
rcs_m2 = 1
source = "invented: test"

"#;

/// Three by two settings of the levers at two of the uncertainty.
const GOOD: &str = r#"title = "A small experiment"
scenario = "night.toml"
measures = ["lost_per_sortie[side=us]", "leaked"]

[levers.honour]
meaning = "share of plans that are believed"
path = "rules.flight_plan_notice.compliance"
values = [0, 0.5, 1]

[levers.told.alternatives]
alone = {}
shared = { flights.us-recon.plan.addressees = ["lna-operations"] }

[uncertainties.kill]
path = "site_classes.watch.weapon.kill_probability"
range = { low = 0.2, high = 0.8, levels = 2 }

[baseline]
honour = 0.5

[stop.half_width]
measure = "leaked"
absolute = 0.01
maximum_replications = 1000
"#;

fn folder(experiment: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("night.toml"), NIGHT).unwrap();
    fs::write(folder.path().join("library.toml"), LIBRARY).unwrap();
    fs::write(folder.path().join("e.toml"), experiment).unwrap();
    folder
}

fn load_in(folder: &TempDir, set: &[&str]) -> Result<Plan, LoadError> {
    let overrides = Overrides {
        seed: None,
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    Plan::load(&folder.path().join("e.toml"), &overrides)
}

fn load(experiment: &str) -> Result<Plan, LoadError> {
    load_in(&folder(experiment), &[])
}

#[track_caller]
fn good(experiment: &str) -> Plan {
    load(experiment).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// Every problem: file, line, column and message.
fn told(error: &LoadError) -> Vec<(String, String)> {
    let told = error.problems.iter().map(|problem| {
        let place = error
            .place(problem)
            .map_or_else(String::new, |(name, line, column)| {
                let name = Path::new(name).file_name().unwrap_or_default();
                format!("{}:{line}:{column}", name.to_string_lossy())
            });
        (place, problem.message.clone())
    });
    told.collect()
}

/// Replaces one stretch of a text; the `^` in what replaces it marks where the caret belongs.
#[track_caller]
fn spoil(whole: &str, from: &str, to: &str) -> (String, String) {
    let (text, place) = marked(whole, from, to);
    (text, place.expect("a mark"))
}

#[track_caller]
fn marked(whole: &str, from: &str, to: &str) -> (String, Option<String>) {
    assert_eq!(whole.matches(from).count(), 1, "{from:?} must occur once");
    let marked = whole.replace(from, to);
    let place = marked.find('^').map(|offset| {
        let before = &marked[..offset];
        let line = before.matches('\n').count() + 1;
        let column = offset - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        format!("e.toml:{line}:{column}")
    });
    (marked.replace('^', ""), place)
}

/// What is said of a spoilt experiment, whole, and that it points at the mark.
#[track_caller]
fn spoilt(said: &mut Said, from: &str, to: &str) {
    let (text, place) = marked(GOOD, from, to);
    let error = load(&text).expect_err(to);
    if let Some(place) = place {
        let told = told(&error);
        assert!(
            told.iter().any(|(there, _)| *there == place),
            "{from} -> {to}: {place} is not in {told:?}"
        );
    }
    // The folder is another one each time.
    let mut rendered = error.render(false);
    for problem in &error.problems {
        let (name, ..) = error.place(problem).expect("a place");
        let folder = Path::new(name).parent().expect("a folder");
        rendered = rendered.replace(&format!("{}/", folder.display()), "");
    }
    said.add(&format!("{from} -> {to}"), &rendered);
}

const HONOUR: &str = "path = \"rules.flight_plan_notice.compliance\"\nvalues = [0, 0.5, 1]";
const KILL: &str = "range = { low = 0.2, high = 0.8, levels = 2 }";
const SHARED: &str = "shared = { flights.us-recon.plan.addressees = [\"lna-operations\"] }";
const STOP: &str =
    "[stop.half_width]\nmeasure = \"leaked\"\nabsolute = 0.01\nmaximum_replications = 1000\n";

#[test]
fn shape() {
    let mut said = Said::default();
    for (from, to) in [
        ("[baseline]", "[^baselines]"),
        ("meaning = ", "^meanings = "),
        ("title = ", "^title = 3 # "),
        ("values = [0, 0.5, 1]", "^values = 3"),
        (
            "measures = [\"lost_per_sortie[side=us]\", \"leaked\"]",
            "^measures = \"leaked\"",
        ),
        ("low = 0.2, ", "^low = \"a\", "),
        ("low = 0.2, ", "^low = nan, "),
        ("levels = 2", "^levels = 1"),
        ("levels = 2", "levels = 2, ^scale = \"logarithmic\""),
        ("[baseline]", "[design]\n^levers = \"sobel\"\n[baseline]"),
        ("[baseline]", "[design]\n^levers = \"sobol\"\n[baseline]"),
        (
            "[levers.told.alternatives]",
            "[levers.\"a b\"]\n[levers.told.alternatives]",
        ),
        ("scenario = \"night.toml\"", "^scenario = 3"),
        ("maximum_replications = 1000", "^maximum_replications = 1"),
        ("absolute = 0.01", "absolute = 0.01\n^minimum_events = 9"),
        ("absolute = 0.01", "^absolute = 0"),
        ("scenario = ", "^confidence = 95\nscenario = "),
        ("measure = \"leaked\"\n", ""),
    ] {
        spoilt(&mut said, from, to);
    }
    // What is missing is reported at the file.
    let error = load(&GOOD.replace(STOP, "")).unwrap_err();
    assert_eq!(
        told(&error),
        [(
            "e.toml:1:1".to_owned(),
            "the experiment lacks stop".to_owned()
        )]
    );
    said.is("experiment_shape");
}

#[test]
fn names_that_must_exist() {
    let mut said = Said::default();
    for (from, to) in [
        ("\"leaked\"]", "^\"leeked\"]"),
        (
            "[\"lost_per_sortie[side=us]\"",
            "[^\"lost_per_sortie[side=usa]\"",
        ),
        ("measure = \"leaked\"", "^measure = \"leak\""),
        (
            "measures = [\"lost_per_sortie[side=us]\", \"leaked\"]",
            "^measures = []",
        ),
        (
            "path = \"rules.flight_plan_notice.compliance\"",
            "path = ^\"rules.flight_plan_notice.complianse\"",
        ),
        (
            "path = \"rules.flight_plan_notice.compliance\"",
            "paths = [\"rules.flight_plan_notice.compliance\", ^\"rule.x\"]",
        ),
        (
            "path = \"rules.flight_plan_notice.compliance\"",
            "path = ^\"rules..honour\"",
        ),
        (
            "path = \"rules.flight_plan_notice.compliance\"",
            "path = ^\"include\"",
        ),
        ("honour = 0.5", "^honuor = 0.5"),
        ("honour = 0.5", "^honour = 0.6"),
        ("honour = 0.5", "^told = \"share\""),
        ("honour = 0.5", "^kill = 0.5"),
        ("night.toml", "nigth.toml"),
    ] {
        spoilt(&mut said, from, to);
    }
    spoilt(
        &mut said,
        "scenario = \"night.toml\"",
        "^scenario = \"e.toml\"",
    );
    said.is("experiment_names_that_must_exist");
}

#[test]
fn factors() {
    let mut said = Said::default();
    let sampled = "design.levers.sobol = { points = 2 }\n";
    for (from, to) in [
        (HONOUR, "path = \"rules.flight_plan_notice.compliance\""),
        (HONOUR, "values = [0, 0.5, 1]"),
        (
            HONOUR,
            "path = \"rules.flight_plan_notice.compliance\"\nalternatives = { a = {} }",
        ),
        (
            HONOUR,
            "path = \"rules.flight_plan_notice.compliance\"\nvalues = [0.5]\nrange = { low = 0, high = 1 }",
        ),
        (HONOUR, "values = [0.5]\nalternatives = { a = {} }"),
    ] {
        spoilt(&mut said, from, to);
    }
    for (from, to) in [
        ("values = [0, 0.5, 1]", "^values = []"),
        ("values = [0, 0.5, 1]", "values = [0.5, 1, ^1.0]"),
        ("alone = {}", "^alone = 3"),
        ("low = 0.2, high = 0.8", "low = 0.8, high = 0.8"),
        ("high = 0.8, levels = 2 }", "high = 0.8 }"),
        (
            "[levers.honour]",
            "[levers.^cell]\npath = \"duration_h\"\nvalues = [1]\n[levers.honour]",
        ),
        (
            "[levers.honour]",
            "[levers.^seed]\npath = \"duration_h\"\nvalues = [1]\n[levers.honour]",
        ),
        (
            "[levers.honour]",
            "[levers.^replication]\npath = \"duration_h\"\nvalues = [1]\n[levers.honour]",
        ),
        (
            "[levers.honour]",
            "[levers.^estimate]\npath = \"duration_h\"\nvalues = [1]\n[levers.honour]",
        ),
        (
            "[baseline]",
            "[uncertainties.^honour]\npath = \"duration_h\"\nvalues = [0.5]\n[baseline]",
        ),
        (
            "[baseline]",
            "[uncertainties.^other]\npath = \"flights.us-recon.plan\"\nvalues = [{ addressees = [] }]\n[baseline]",
        ),
        (
            "[baseline]",
            "[uncertainties.^other]\npath = \"rules.flight_plan_notice.compliance\"\nvalues = [0.5]\n[baseline]",
        ),
        (
            "[baseline]",
            "[uncertainties.^other.alternatives]\na = { rules.flight_plan_notice.compliance = 0 }\n[baseline]",
        ),
    ] {
        spoilt(&mut said, from, to);
    }
    for range in [
        "low = 0.8, high = 0.2, levels = 2",
        "low = 0, high = 0.8, levels = 2, scale = \"log\"",
        "low = 0.2, high = 0.8",
    ] {
        spoilt(&mut said, KILL, &format!("^range = {{ {range} }}"));
    }
    let uncertain = "[design]\nuncertainties.sobol = { points = 2 }\n[baseline]";
    let (text, place) = spoil(
        &GOOD.replace("[baseline]", uncertain),
        KILL,
        &format!("^{KILL}"),
    );
    let error = load(&text).unwrap_err();
    assert_eq!(
        told(&error),
        [(
            place,
            "uncertainties.kill.range has levels, but the design samples it; expected none"
                .to_owned()
        )]
    );
    let text = text.replace(", levels = 2", "");
    assert!(load(&text).is_ok());
    let error = load(&text.replace("honour = 0.5", "kill = 0.5")).unwrap_err();
    assert_eq!(
        told(&error),
        [(
            "e.toml:21:1".to_owned(),
            "baseline.kill is there, but the uncertainty kill is sampled; expected none".to_owned()
        )]
    );

    // A sampled lever needs a baseline inside its range.
    let text = GOOD
        .replace("title = ", &format!("{sampled}title = "))
        .replace("values = [0, 0.5, 1]", "range = { low = 0, high = 1 }");
    assert!(load(&text).is_ok());
    let error = load(&text.replace("honour = 0.5", "")).unwrap_err();
    assert_eq!(told(&error), [("e.toml:6:9".to_owned(), "baseline.honour is missing; expected a number from 0 to 1, because the lever is sampled".to_owned())]);
    let error = load(&text.replace("honour = 0.5", "honour = 2")).unwrap_err();
    assert_eq!(
        told(&error),
        [(
            "e.toml:20:1".to_owned(),
            "baseline.honour is 2; expected a number from 0 to 1, because the lever is sampled"
                .to_owned()
        )]
    );

    // A design of nothing.
    let text = GOOD.replace(
        &GOOD[GOOD.find("[uncertainties").unwrap()..GOOD.find("[baseline]").unwrap()],
        "",
    );
    assert!(load(&text).is_ok());
    let error = load(&format!(
        "design.uncertainties.sobol = {{ points = 8 }}\n{text}"
    ))
    .unwrap_err();
    assert_eq!(
        told(&error),
        [(
            "e.toml:1:8".to_owned(),
            "design.uncertainties is there, but there are no uncertainties; expected none"
                .to_owned()
        )]
    );
    said.is("experiment_factors");
}

#[test]
fn too_many_cells() {
    let many: Vec<String> = (0..300_001)
        .map(|index| format!("{}", f64::from(index) / 1_000_000.0))
        .collect();
    let text = GOOD.replace(
        "values = [0, 0.5, 1]",
        &format!("values = [{}]", many.join(",")),
    );
    let error = load(&text).unwrap_err();
    assert_eq!(error.problems.len(), 1);
    assert!(
        error.problems[0].message.contains("baseline.honour")
            || error.problems[0]
                .message
                .contains("levels; expected at most 65536"),
        "{}",
        error.render(false)
    );
}

#[test]
fn stop_rules() {
    let mut said = Said::default();
    for (to, message) in [
        (
            "absolute = 0.01\nrelative = 0.1",
            "stop.half_width has both absolute and relative; expected one of absolute and relative",
        ),
        (
            "",
            "stop.half_width has neither absolute nor relative; expected one of absolute and relative",
        ),
    ] {
        let error = load(&GOOD.replace("absolute = 0.01", to)).unwrap_err();
        assert_eq!(
            told(&error),
            [("e.toml:21:7".to_owned(), message.to_owned())]
        );
    }
    spoilt(
        &mut said,
        "maximum_replications = 1000",
        "^maximum_replications = 100",
    );
    let text = GOOD.replace(STOP, "[stop.resolved]\nmeasure = \"leaked\"\nminimum_replications = 30\nmaximum_replications = 20\n");
    let error = load(&text).unwrap_err();
    assert_eq!(
        told(&error),
        [(
            "e.toml:24:1".to_owned(),
            "stop.resolved.maximum_replications is 20, below minimum_replications 30".to_owned()
        )]
    );
    let text = GOOD.replace(STOP, "[stop.time]\nminutes = 0\n");
    assert!(
        load(&text)
            .unwrap_err()
            .render(false)
            .contains("stop.time.minutes is 0; expected > 0")
    );
    said.is("experiment_stop_rules");
}

/// What a level makes of the scenario is reported in the experiment, with the settings that bring it about.
#[test]
fn levels_that_spoil_the_scenario() {
    let mut said = Said::default();
    spoilt(&mut said, "values = [0, 0.5, 1]", "values = [0, 0.5, ^1.5]");
    spoilt(
        &mut said,
        "values = [0, 0.5, 1]",
        "values = [0, 0.5, ^\"high\"]",
    );
    spoilt(
        &mut said,
        KILL,
        "^range = { low = 0.2, high = 1.8, levels = 5 }",
    );
    said.is("experiment_levels_that_spoil_the_scenario");
}

#[test]
fn alternatives_that_spoil_the_scenario() {
    let mut said = Said::default();
    for to in [
        "shared = { ^flight.us-recon.count = 2 }",
        "shared = { flights.us-recon.plan.^adressees = [] }",
        "shared = { flights.us-recon.plan.addressees = [^\"lna-operation\"] }",
        "shared = { flights.^us-recn.plan.addressees = [\"lna-operations\"] }",
    ] {
        spoilt(&mut said, SHARED, to);
    }
    said.is("experiment_alternatives_that_spoil_the_scenario");
}

/// Where two levels do not go together, the cell is named; one problem, however many cells have it.
#[test]
fn combinations_that_spoil_the_scenario() {
    let text = GOOD
        .replace(
            HONOUR,
            "path = \"aircraft.point.altitude_m\"\nvalues = [3000, 5000]",
        )
        .replace(
            "site_classes.watch.weapon.kill_probability",
            "aircraft.point.ceiling_m",
        )
        .replace("low = 0.2, high = 0.8", "low = 4000, high = 9000")
        .replace("honour = 0.5\n", "");
    let error = load(&text).unwrap_err();
    let rendered = error.render(false);
    assert_eq!(error.problems.len(), 1, "{rendered}");
    assert!(
        rendered.contains("(in every cell with honour=5000 and kill=4000)"),
        "{rendered}"
    );
    assert!(
        rendered.contains("e.toml:8:17") && rendered.contains("16 |"),
        "{rendered}"
    );
}

#[test]
fn the_scenario_itself() {
    let files = folder(GOOD);
    fs::write(
        files.path().join("night.toml"),
        NIGHT.replace("duration_h = 0.5", "duration_h = 0"),
    )
    .unwrap();
    fs::write(
        files.path().join("library.toml"),
        LIBRARY.replace("rcs_m2 = 1", "rcs_m2 = -1"),
    )
    .unwrap();
    let error = load_in(&files, &[]).unwrap_err();
    assert_eq!(
        told(&error),
        [
            (
                "night.toml:4:1".to_owned(),
                "duration_h is 0; expected > 0".to_owned()
            ),
            (
                "library.toml:4:1".to_owned(),
                "aircraft.point.rcs_m2 is -1; expected > 0".to_owned()
            ),
        ]
    );
    fs::write(files.path().join("night.toml"), "title = = 3").unwrap();
    let error = load_in(&files, &[]).unwrap_err();
    let places: Vec<String> = told(&error).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["night.toml:1:9", "night.toml:1:11"]);
}

#[test]
fn overrides() {
    assert!(load_in(&folder(GOOD), &["duration_h=0.4"]).is_ok());
    for (set, factor) in [
        ("rules.flight_plan_notice.compliance=0.7", "honour"),
        ("rules . \"flight_plan_notice\".compliance = 0.7", "honour"),
        ("rules.flight_plan_notice={ compliance = 0.7 }", "honour"),
        (
            "flights.us-recon.plan.addressees=[\"gna-aviation\"]",
            "told",
        ),
        (
            "flights.us-recon.plan={ addressees = [\"gna-aviation\"], notice_s = 60 }",
            "told",
        ),
        ("site_classes.watch.weapon.kill_probability=0.3", "kill"),
    ] {
        let error = load_in(&folder(GOOD), &[set]).expect_err(set);
        let rendered = error.render(false);
        assert_eq!(error.problems.len(), 1, "{rendered}");
        assert_eq!(error.place(&error.problems[0]), Some(("--set", 1, 1)));
        assert!(
            rendered.contains(&format!(
                "which the factor {factor} varies; expected one of them"
            )),
            "{rendered}"
        );
        assert!(
            rendered.contains("e.toml:") && rendered.contains("varies it"),
            "{rendered}"
        );
    }
    let error = load_in(&folder(GOOD), &["duration=3"]).unwrap_err();
    assert_eq!(error.problems.len(), 1);
    assert!(error.render(false).contains("did you mean duration_h?"));
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = GOOD
        .replace("title = \"A small experiment\"", "title = 3")
        .replace("meaning = ", "meanings = ")
        .replace("\"leaked\"]", "\"leeked\"]")
        .replace("plan_notice.compliance\"", "plan_notice.complianse\"")
        .replace("low = 0.2", "low = 2")
        .replace("honour = 0.5", "honour = 0.6")
        .replace("absolute = 0.01", "");
    let files = folder(&text);
    fs::write(
        files.path().join("night.toml"),
        NIGHT.replace("compliance = 1", "compliance = 1\nbelieve = 1"),
    )
    .unwrap();
    let error = load_in(&files, &[]).unwrap_err();
    let places: Vec<String> = told(&error).into_iter().map(|(place, _)| place).collect();
    // The measures of a scenario that is wrong are not known.
    assert_eq!(
        places,
        [
            "e.toml:1:1",
            "e.toml:6:1",
            "e.toml:7:8",
            "e.toml:16:1",
            "e.toml:19:1",
            "e.toml:21:7",
            "night.toml:82:1"
        ],
        "{}",
        error.render(false)
    );
    let error = load(&text).unwrap_err();
    assert!(
        told(&error).iter().any(|(place, _)| place == "e.toml:3:41"),
        "{}",
        error.render(false)
    );
}

/// A level that spoils the scenario is told also where another factor cannot be read.
#[test]
fn levels_are_judged_beside_what_is_wrong_elsewhere() {
    let text = GOOD
        .replace("values = [0, 0.5, 1]", "values = [0, 0.5, 1.5]")
        .replace("weapon.kill_probability", "weapon.kill_probabilty");
    let error = load(&text).unwrap_err();
    let places: Vec<String> = told(&error).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        places,
        ["e.toml:8:19", "e.toml:15:8"],
        "{}",
        error.render(false)
    );
}

/// No factor takes the name of a column that stands beside the factors in a result file.
#[test]
fn the_columns_of_the_result_files_are_taken() {
    let beside = RESULT_FILES.iter().filter(|file| {
        let mut columns = file.columns.iter();
        columns.any(|(name, _)| *name == "(factors)")
    });
    let names: Vec<&str> = beside
        .flat_map(|file| file.columns.iter().map(|(name, _)| *name))
        .filter(|name| !name.starts_with('('))
        .collect();
    assert!(names.contains(&"cell") && names.contains(&"exposure"));
    for name in names {
        let text = GOOD
            .replace("[levers.honour]", &format!("[levers.{name}]"))
            .replace("\nhonour = 0.5", &format!("\n{name} = 0.5"));
        let error = load(&text).expect_err(name).render(false);
        assert!(error.contains("result files"), "{name}: {error}");
    }
}

#[test]
fn syntax() {
    let error = load(
        &GOOD
            .replace("title = ", "title = = ")
            .replace("absolute = 0.01", "absolute = @"),
    )
    .unwrap_err();
    let places: Vec<String> = told(&error).into_iter().map(|(place, _)| place).collect();
    assert!(
        places.contains(&"e.toml:1:9".to_owned())
            && places.iter().any(|place| place.starts_with("e.toml:23:")),
        "{places:?}"
    );
    assert!(error.render(false).contains("error: syntax"));
    let files = folder("");
    assert!(!load_in(&files, &[]).unwrap_err().problems.is_empty());
    fs::write(files.path().join("e.toml"), [0xff, 0xfe]).unwrap();
    assert!(
        load_in(&files, &[])
            .unwrap_err()
            .render(false)
            .contains("not UTF-8")
    );
    let nowhere = Plan::load(Path::new("/nowhere/e.toml"), &Overrides::default()).unwrap_err();
    assert!(
        nowhere
            .render(false)
            .contains("cannot read /nowhere/e.toml: no such file")
    );
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.record
        .cells
        .iter()
        .map(|cell| cell.name.as_str())
        .collect()
}

fn references(plan: &Plan) -> Vec<Option<usize>> {
    plan.record
        .cells
        .iter()
        .map(|cell| cell.reference)
        .collect()
}

#[test]
fn cells_and_what_they_are_compared_with() {
    let plan = good(GOOD);
    assert_eq!(
        names(&plan),
        [
            "honour=0,alone,kill=0.2",
            "honour=0,shared,kill=0.2",
            "honour=0.5,alone,kill=0.2",
            "honour=0.5,shared,kill=0.2",
            "honour=1,alone,kill=0.2",
            "honour=1,shared,kill=0.2",
            "honour=0,alone,kill=0.8",
            "honour=0,shared,kill=0.8",
            "honour=0.5,alone,kill=0.8",
            "honour=0.5,shared,kill=0.8",
            "honour=1,alone,kill=0.8",
            "honour=1,shared,kill=0.8",
        ]
    );
    assert_eq!(
        references(&plan),
        [
            Some(2),
            Some(2),
            None,
            Some(2),
            Some(2),
            Some(2),
            Some(8),
            Some(8),
            None,
            Some(8),
            Some(8),
            Some(8),
        ]
    );
    assert_eq!(plan.record.pairs().count(), 10);
    for (cell, scenario) in plan.scenarios.iter().enumerate() {
        let honour = scenario
            .file
            .rules
            .flight_plan_notice
            .as_ref()
            .unwrap()
            .compliance;
        assert_eq!(plan.record.setting(cell, 0), honour.to_string());
        let kill = scenario.file.site_classes["watch"]
            .weapon
            .as_ref()
            .unwrap()
            .kill_probability;
        assert_eq!(plan.record.setting(cell, 2), kill.to_string());
        let told = scenario.file.flights["us-recon"]
            .plan
            .as_ref()
            .unwrap()
            .addressees
            .join(",");
        assert_eq!(told, ["gna-aviation", "lna-operations"][cell % 2]);
    }
    assert_eq!(plan.record.cell("honour=1,alone,kill=0.8"), Some(10));
    assert_eq!(plan.record.cell("honour=1"), None);

    // Without levers every point is compared with the baseline point.
    let text = GOOD.replace("levers.", "uncertainties.");
    let plan = good(&text);
    assert_eq!(plan.record.cells.len(), 12);
    let base = plan.record.cell("honour=0.5,alone,kill=0.2").unwrap();
    for (cell, reference) in references(&plan).into_iter().enumerate() {
        assert_eq!(reference, (cell != base).then_some(base));
    }

    // Nothing varied: one cell, compared with nothing.
    let text = GOOD.replace(
        &GOOD[GOOD.find("[levers.honour]").unwrap()..GOOD.find("[stop").unwrap()],
        "",
    );
    let plan = good(&text);
    assert_eq!(
        (names(&plan), references(&plan)),
        (vec!["scenario"], vec![None])
    );
}

#[test]
fn designs() {
    let with = |design: &str| GOOD.replace("title = ", &format!("{design}\ntitle = "));
    let plan = good(&with("design.levers = \"one_at_a_time\""));
    assert_eq!(
        names(&plan)[..4],
        [
            "honour=0.5,alone,kill=0.2",
            "honour=0,alone,kill=0.2",
            "honour=1,alone,kill=0.2",
            "honour=0.5,shared,kill=0.2",
        ]
    );
    assert_eq!(
        references(&plan),
        [
            None,
            Some(0),
            Some(0),
            Some(0),
            None,
            Some(4),
            Some(4),
            Some(4)
        ]
    );

    for design in ["latin_hypercube", "sobol"] {
        let text = with(&format!("design.uncertainties.{design} = {{ points = 8 }}"))
            .replace(", levels = 2", "");
        let plan = good(&text);
        assert_eq!(plan.record.cells.len(), 6 * 8);
        assert_eq!(
            names(&plan)[..2],
            ["honour=0,alone,point-1", "honour=0,shared,point-1"]
        );
        assert_eq!(names(&plan)[47], "honour=1,shared,point-8");
        for (cell, reference) in references(&plan).into_iter().enumerate() {
            let baseline = cell / 6 * 6 + 2;
            assert_eq!(reference, (cell != baseline).then_some(baseline));
            let kill = plan.scenarios[cell].file.site_classes["watch"]
                .weapon
                .as_ref()
                .unwrap()
                .kill_probability;
            assert!((0.2..=0.8).contains(&kill));
            assert_eq!(plan.record.setting(cell, 2), kill.to_string());
        }
        // One in each of eight strata.
        let mut strata: Vec<u32> = (0..8)
            .map(|point| plan.record.setting(6 * point, 2).parse::<f64>().unwrap())
            .map(|kill| ((kill - 0.2) / 0.6 * 8.0) as u32)
            .collect();
        strata.sort_unstable();
        assert_eq!(strata, [0, 1, 2, 3, 4, 5, 6, 7], "{design}");

        // Sampled levers: the baseline first.
        let text = with(&format!("design.levers.{design} = {{ points = 4 }}"))
            .replace("values = [0, 0.5, 1]", "range = { low = 0, high = 1 }");
        let plan = good(&text);
        assert_eq!(
            names(&plan)[..6],
            [
                "baseline,kill=0.2",
                "setting-1,kill=0.2",
                "setting-2,kill=0.2",
                "setting-3,kill=0.2",
                "setting-4,kill=0.2",
                "baseline,kill=0.8",
            ]
        );
        assert_eq!(
            references(&plan)[..6],
            [None, Some(0), Some(0), Some(0), Some(0), None]
        );
        assert_eq!(plan.record.setting(0, 0), "0.5");
    }
}

fn read_back(plan: &Plan) -> Plan {
    let text = serde_json::to_string(&plan.record).unwrap();
    let record: PlanRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(record, plan.record);
    assert_eq!(record.identity(), plan.record.identity());
    Plan::from_record(record).unwrap()
}

#[test]
fn a_plan_read_back_is_the_same() {
    let sampled = GOOD
        .replace(
            "title = ",
            "design.uncertainties.sobol = { points = 8 }\ntitle = ",
        )
        .replace(", levels = 2", ", scale = \"log\"");
    for text in [GOOD, &sampled] {
        let plan = good(text);
        let again = read_back(&plan);
        for (one, other) in plan.scenarios.iter().zip(again.scenarios.iter()) {
            assert_eq!(one.file, other.file);
        }
        for cell in [0, plan.scenarios.len() - 1] {
            let fly = |plan: &Plan| {
                simulate(
                    &plan.scenarios[cell],
                    Replication { seed: 1, index: 3 },
                    Detail::Full,
                )
            };
            assert_eq!(fly(&plan), fly(&again));
        }
    }
}

#[test]
fn order_of_keys_changes_no_scenario() {
    let (one, other) = {
        let mut blocks: Vec<&str> = GOOD.split("\n\n").collect();
        let head = blocks.remove(0);
        blocks.reverse();
        (
            good(GOOD),
            good(&format!("{head}\n\n{}\n", blocks.join("\n\n"))),
        )
    };
    let by_setting = |plan: &Plan| -> BTreeMap<Vec<(String, String)>, String> {
        let cell = |cell: usize| {
            let factors = plan.record.factors.iter().enumerate();
            let mut settings: Vec<(String, String)> = factors
                .map(|(factor, about)| (about.name.clone(), plan.record.setting(cell, factor)))
                .collect();
            settings.sort();
            (
                settings,
                serde_json::to_string(&plan.scenarios[cell].file).unwrap(),
            )
        };
        (0..plan.scenarios.len()).map(cell).collect()
    };
    assert_eq!(by_setting(&one).len(), 12);
    assert_eq!(by_setting(&one), by_setting(&other));
}

#[test]
fn identity() {
    let record = good(GOOD).record;
    let stop = good(&GOOD.replace("0.01", "0.02")).record;
    assert_eq!(record.identity(), stop.identity());
    assert!(record.differences(&stop).is_empty() && record.differences(&record).is_empty());

    let seeded = Plan::load(
        &folder(GOOD).path().join("e.toml"),
        &Overrides {
            seed: Some(7),
            set: Vec::new(),
            ..Overrides::default()
        },
    )
    .unwrap()
    .record;
    let set = load_in(&folder(GOOD), &["duration_h=0.4"]).unwrap().record;
    let version = PlanRecord {
        version: "0.0.0".to_owned(),
        ..record.clone()
    };
    for (other, words) in [
        (seeded, "seed is 7, here 1"),
        (set, "scenario: duration_h is 0.4, here 0.5"),
        (version, "version is 0.0.0, here "),
        (
            good(&GOOD.replace("A small", "Another")).record,
            "title is \"Another experiment\", here \"A small experiment\"",
        ),
        (
            good(&GOOD.replace("title = ", "confidence = 0.9\ntitle = ")).record,
            "confidence is 0.9, here 0.95",
        ),
        (
            good(&GOOD.replace(", \"leaked\"]", "]")).record,
            "measures is",
        ),
        (
            good(&GOOD.replace("0.5, 1]", "0.5, 0.9]")).record,
            "cell honour=1,alone,kill=0.2 was honour=0.9,alone,kill=0.2 with other settings",
        ),
        (
            good(&GOOD.replace("0.5, 1]", "0.5]")).record,
            "number of cells is 8, here 12",
        ),
        (
            good(
                &GOOD
                    .replace("honour", "honor")
                    .replace("notice.honor", "notice.compliance"),
            )
            .record,
            "factors is",
        ),
        (
            good(&GOOD.replace("share of plans", "part of plans")).record,
            "levels or ranges of the factors",
        ),
    ] {
        assert_ne!(record.identity(), other.identity(), "{words}");
        let found = record.differences(&other);
        assert!(
            found.iter().any(|one| one.starts_with(words)),
            "{words:?} is not in {found:?}"
        );
    }
}

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_schema_file_is_up_to_date() {
    let committed = fs::read_to_string(repository("scenarios/experiment.schema.json")).unwrap();
    let made = serde_json::to_string_pretty(schema()).unwrap() + "\n";
    assert!(
        committed == made,
        "run: cargo run -- schema experiment > scenarios/experiment.schema.json"
    );
}

#[test]
fn shipped_experiments_load_and_say_what_they_ask() {
    let mut seen = 0;
    for entry in fs::read_dir(repository("scenarios/experiments")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let comment: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .collect();
        assert_eq!(
            comment[0],
            "#:schema ../experiment.schema.json",
            "{}",
            path.display()
        );
        for word in ["# Question: ", "# Sources: ", "# Expected: "] {
            assert!(
                comment.iter().any(|line| line.starts_with(word)),
                "{} lacks {word:?}",
                path.display()
            );
        }
        let plan = Plan::load(&path, &Overrides::default())
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        assert!(plan.record.pairs().count() > 0, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 3);
}

fn deconflict(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .current_dir(place)
        .output()
        .unwrap()
}

#[test]
fn command_line() {
    let files = folder(GOOD);
    let output = deconflict(files.path(), &["check", "e.toml", "night.toml"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    assert!(
        stdout.contains("e.toml") && stdout.contains("12 cells"),
        "{stdout}"
    );

    fs::write(
        files.path().join("bad.toml"),
        GOOD.replace("[0, 0.5, 1]", "[0, 0.5, 2]"),
    )
    .unwrap();
    for command in [
        &["check", "bad.toml"] as &[&str],
        &["sweep", "bad.toml", "--out", "out"],
    ] {
        let output = deconflict(files.path(), command);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(output.stdout.is_empty());
        for part in [
            "bad.toml:8:19",
            "compliance is 2; expected <= 1",
            "honour=2",
        ] {
            assert!(stderr.contains(part), "{part:?} is not in {stderr}");
        }
        assert!(!files.path().join("out").exists());
    }
    let output = deconflict(
        files.path(),
        &[
            "check",
            "e.toml",
            "--set",
            "rules.flight_plan_notice.compliance=1",
        ],
    );
    assert_eq!(output.status.code(), Some(2));

    let output = deconflict(files.path(), &["schema", "experiment"]);
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(&printed, schema());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// No text, however mangled, makes the reader or the rendering panic.
    #[test]
    fn no_mutation_panics(
        cuts in prop::collection::vec((0usize..GOOD.len(), 0usize..12, "[ -~\\n]{0,6}|\\PC{0,3}"), 1..5)
    ) {
        let mut text = GOOD.to_owned();
        for (start, length, insert) in cuts {
            let mut start = start.min(text.len());
            while !text.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(start..end, &insert);
        }
        if let Err(error) = load(&text) {
            prop_assert!(!error.problems.is_empty());
            prop_assert!(!error.render(false).is_empty());
        }
    }

    /// Swapping any value for any other reports or plans, and never panics.
    #[test]
    fn no_swapped_value_panics(line in 0usize..40, value in prop::sample::select(vec![
        "0", "-1", "1e300", "nan", "\"\"", "\"x\"", "[]", "{}", "true", "1979-05-27", "[[]]", "{ x = {} }", "99999999999",
        "[nan]", "[1, \"1\"]", "[{}]", "0.0001", "{ low = 0, high = 1e308, levels = 2 }", "{ low = -1e308, high = 1e308, levels = 9 }",
    ])) {
        let mut lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        let line = line % lines.len();
        if let Some((key, _)) = lines[line].clone().split_once(" = ") {
            lines[line] = format!("{key} = {value}");
        }
        if let Err(error) = load(&lines.join("\n")) {
            prop_assert!(!error.render(true).is_empty());
        }
    }
}
