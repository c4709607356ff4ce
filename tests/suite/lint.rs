//! Lints: each fires on the scenario made for it and on nothing else, and the scenarios of the repository are clean.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use deconflict::scenario::Scenario;
use deconflict::scenario::lint::LINTS;

/// A scenario without a warning; lines of the cases below are added.
const CLEAN: &str = r#"
title = "Clean"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 0.5

[sides]
shooter = {}
stranger = {}
ally = {}

[relations.shooter]
stranger = "neutral"
ally = "friend"

[aircraft.point]
cruise_mps = 60
altitude_m = 1000
rcs_m2 = 1

[site_classes.watch.sensor]
model.disc = { range_m = 20_000, detection = 1 }
scan_s = 1

[site_classes.watch.tracker]
confirm_hits = 1
confirm_scans = 1
drop_misses = 1

[site_classes.watch.identification]
over = "affiliations"
interval_s = 10
combine = "fused"

[site_classes.watch.identification.actual]
friend = { friend = 0.8, hostile = 0.2 }
neutral = { neutral = 0.8, hostile = 0.2 }
hostile = { hostile = 0.8, neutral = 0.2 }

[site_classes.watch.weapon]
max_range_m = 10_000
reaction.fixed = { delay_s = 0 }
doctrine.salvo = { missiles = 1 }
kill_probability = 1
magazine = 1

[nodes.cell]
side = "shooter"

[nodes.embassy]
side = "stranger"

[sites.site]
class = "watch"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }
command = { node = "cell" }

[flights.passer]
aircraft = "point"
side = "stranger"
turns = "instant"
route.waypoints.points = [{ east_m = -30_000, north_m = 0 }, { east_m = 30_000, north_m = 0 }]

[zones.here]
area.circle = { center = { east_m = 0, north_m = 0 }, radius_m = 5_000 }

[corridors.lane]
points = [{ east_m = -30_000, north_m = 0 }, { east_m = 30_000, north_m = 0 }]
half_width_m = 1_000
"#;

/// A code, lines that are added to the clean scenario or set in it, and words of the message.
const CASES: &[(&str, &str, &[&str], &str)] = &[
    (
        "site_out_of_reach",
        "",
        &["sites.site.position={at={east_m=0,north_m=21_000}}"],
        "sites.site is never within reach",
    ),
    (
        "site_out_of_reach",
        "",
        &[
            "sites.site.position={drawn_in={box={south_west={east_m=-1000,north_m=22_000},north_east={east_m=1000,north_m=24_000}}}}",
        ],
        "sites.site is never within reach",
    ),
    (
        "objective_out_of_reach",
        "",
        &["flights.passer.objective={at={east_m=0,north_m=9_000},radius_m=2_000}"],
        "flights.passer.objective has a radius of 2000 m, and the route comes no nearer than 9.0 km",
    ),
    (
        "empty_magazine",
        "",
        &["site_classes.watch.weapon.magazine=0"],
        "site_classes.watch.weapon.magazine is 0",
    ),
    (
        "below_ground",
        "",
        &[concat!(
            "terrain={file=\"",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/suite/support/high.asc\",coordinates=\"metres\"}"
        )],
        "under the ground, where nobody sees it",
    ),
    (
        "terrain_flat",
        "",
        &[concat!(
            "terrain={file=\"",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/suite/support/far.asc\",coordinates=\"metres\"}"
        )],
        "terrain is flat for 100 km about every site",
    ),
    (
        "begins_in_reach",
        "",
        &[
            "flights.passer.start={poisson={rate_per_day=100,at_altitude=true}}",
            "flights.passer.route.waypoints.points=[{east_m=-9_000,north_m=0},{east_m=30_000,north_m=0}]",
        ],
        "flights.passer.start.poisson.at_altitude has aircraft appear at 1000 m inside the envelope of site",
    ),
    (
        "zone_not_crossed",
        "",
        &["zones.here.floor_m=1001"],
        "zones.here is not entered",
    ),
    (
        "corridor_not_crossed",
        "",
        &["corridors.lane.top_m=999"],
        "corridors.lane is not entered",
    ),
    (
        "after_the_end",
        "[rules.weapons_control]\nzones = [{ zone = \"here\", status = \"hold\", from_h = 0.5 }]",
        &[],
        "rules.weapons_control.zones[0].from_h is 0.5 h after the start",
    ),
    (
        "after_the_end",
        "[rules.lost_comms]\noutages = [{ from_h = 3 }]",
        &[],
        "rules.lost_comms.outages[0].from_h is 3 h",
    ),
    (
        "after_the_end",
        "[rules.time_windows]\nwindows = [{}, { from_h = 3 }]",
        &[],
        "rules.time_windows.windows[1].from_h is 3 h",
    ),
    (
        "after_the_end",
        "[rules.altitude_blocks]\nblocks = [{ floor_m = 0, top_m = 1, from_h = 3 }]",
        &[],
        "rules.altitude_blocks.blocks[0].from_h is 3 h",
    ),
    (
        "rule_without_effect",
        "[rules.time_windows]\nwindows = [{}]\nstatus = \"free\"",
        &[],
        "rules.time_windows holds no site back",
    ),
    (
        "rule_without_effect",
        "[rules.weapon_engagement_zone]\nareas = [{ zone = \"here\", classes = [] }]",
        &[],
        "rules.weapon_engagement_zone names no class",
    ),
    (
        "after_the_end",
        "",
        &["corridors.lane.from_h=2"],
        "corridors.lane.from_h is 2 h",
    ),
    (
        "free_and_blind",
        "[rules.weapons_control]\nstatus = \"free\"",
        &[
            "site_classes.watch.identification.actual={friend={friend=0,hostile=0,unknown=1},neutral={neutral=0,hostile=0,unknown=1},hostile={hostile=0,neutral=0,unknown=1}}",
            "site_classes.watch.identification.actual.friend={friend=0,hostile=0}",
            "site_classes.watch.identification.actual.neutral={neutral=0,hostile=0}",
            "site_classes.watch.identification.actual.hostile={neutral=0,hostile=0}",
        ],
        "declares nothing but unknown",
    ),
    (
        "rule_without_effect",
        "[rules.flight_plan_notice]",
        &[],
        "no armed site's class has a flight_plan check",
    ),
    (
        "rule_without_effect",
        "[rules.flight_plan_notice]\n[site_classes.watch.identification.flight_plan]\nlateral_gate_m = 1\nwindow_s = 1",
        &[],
        "no flight's plan can reach",
    ),
    (
        "rule_without_effect",
        "[rules.hotline_query]",
        &[],
        "nobody at the other end knows any aircraft",
    ),
    (
        "rule_without_effect",
        "[rules.hotline_query]\nnodes = [\"embassy\"]\nanswers = 0",
        &[],
        "never answered in time",
    ),
    (
        "rule_without_effect",
        "[rules.hostile_criteria]\nthreshold = 1",
        &[],
        "no posterior exceeds",
    ),
    (
        "threshold_at_a_step",
        "[rules.hostile_criteria]\nthreshold = 0.66",
        &[],
        "class watch is at 0.6667 after one declaration hostile: results jump there",
    ),
    (
        "rule_without_effect",
        "[rules_of.shooter.hotline_query]",
        &[],
        "rules_of.shooter.hotline_query names no nodes",
    ),
    (
        "rule_without_effect",
        "[rules.self_defence]\n[rules_of.shooter.weapons_control]",
        &[],
        "rules.self_defence binds no site: every side that has any has rules of its own",
    ),
    (
        "rule_without_effect",
        "[rules_of.ally.self_defence]",
        &[],
        "rules_of.ally binds no site: the side has none",
    ),
    (
        "after_the_end",
        "[rules_of.shooter.weapons_control]\nzones = [{ zone = \"here\", status = \"hold\", from_h = 0.5 }]",
        &[],
        "rules_of.shooter.weapons_control.zones[0].from_h is 0.5 h after the start",
    ),
    (
        "threshold_at_a_step",
        "[rules_of.shooter.hostile_criteria]\nthreshold = 0.66",
        &[],
        "rules_of.shooter.hostile_criteria.threshold is 0.66, and class watch is at 0.6667",
    ),
    (
        "criteria_never_met",
        "[rules_of.shooter.hostile_criteria]\nid_sources = 2",
        &[],
        "rules_of.shooter.hostile_criteria.id_sources is 2, and armed class watch has 1 ID source",
    ),
    (
        "criteria_never_met",
        "[rules.hostile_criteria]\nid_sources = 2",
        &[],
        "armed class watch has 1 ID source: nothing is ever hostile to it",
    ),
    (
        "criteria_never_met",
        "[rules.hostile_criteria]\nid_sources = 3\n[site_classes.watch.identification.iff]\ninterval_s = 10",
        &[],
        "armed class watch has 2 ID sources",
    ),
    (
        "criteria_never_met",
        "[rules.hostile_criteria]\n[site_classes.watch.identification.iff]\ninterval_s = 10",
        &[
            "site_classes.watch.identification.actual={friend={friend=0,hostile=0,unknown=1},neutral={neutral=0,hostile=0,unknown=1},hostile={hostile=0,neutral=0,unknown=1}}",
        ],
        "rules.hostile_criteria.declarations is 1, and armed class watch declares nothing but unknown",
    ),
    (
        "rule_without_effect",
        "[rules.agreed_squawk]\nsides = [\"stranger\"]",
        &[],
        "no site can read what they carry",
    ),
    (
        "rule_without_effect",
        "[rules.self_defence]\napproach_m = 0",
        &[],
        "within which nothing comes",
    ),
    (
        "rule_without_effect",
        "[rules.corridors]\ncompliance = 0",
        &[],
        "no crew ever acts on a corridor",
    ),
    (
        "rule_without_effect",
        "[rules.restricted_operations_zone]\nzone = \"here\"\nauthority = \"embassy\"",
        &[],
        "nobody enforces the zone",
    ),
    (
        "assumed_far_from_actual",
        "[site_classes.watch.identification.assumed]\nfriend = { friend = 0.45, hostile = 0.55 }\nneutral = { neutral = 0.8, hostile = 0.2 }\nhostile = { hostile = 0.8, neutral = 0.2 }",
        &[],
        "identification.assumed.friend is 0.35 away",
    ),
    (
        "belief_contradicts_itself",
        "[site_classes.watch.identification.assumed]\nfriend = { friend = 0.8, hostile = 0.2 }\nneutral = { neutral = 1 }\nhostile = { hostile = 1 }",
        &[],
        "declared both hostile and neutral impossible",
    ),
    (
        "belief_contradicts_itself",
        "[site_classes.watch.identification.flight_plan]\nlateral_gate_m = 1\nwindow_s = 1\nassumed = { friend = 0, neutral = 0, hostile = 0 }",
        &[],
        "holds a match impossible",
    ),
    (
        "number_without_source",
        "[assumptions.echo]\npath = \"aircraft.point.rcs_m2\"\nrange = [0.5, 2]\nkind = \"assumed\"\nsource = \"invented\"",
        &[],
        "more say nothing of where they come from",
    ),
    (
        "iff_unread",
        "[flights.passer.equipment]\niff.on = 1",
        &[],
        "flights.passer.equipment.iff answers nobody",
    ),
    (
        "transponder_unread",
        "[flights.passer.equipment]\ntransponder.on = 1",
        &[],
        "flights.passer.equipment.transponder is received by nobody",
    ),
    (
        "kilometres_for_metres",
        "",
        &["site_classes.watch.weapon.max_range_m=20"],
        "site_classes.watch.weapon.max_range_m is 20 m",
    ),
    (
        "kilometres_for_metres",
        "",
        &["aircraft.point.altitude_m=6"],
        "aircraft.point.altitude_m is 6 m",
    ),
    (
        "kilometres_an_hour",
        "",
        &["aircraft.point.cruise_mps=850"],
        "aircraft.point.cruise_mps is 850 m/s, which is 3060 km/h",
    ),
];

fn codes(text: &str, overrides: &[&str]) -> (Vec<&'static str>, String) {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    let (_, warnings) = Scenario::parse_and_lint(text, "case.toml", &overrides)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    (warnings.codes().to_vec(), warnings.render(false))
}

#[test]
fn a_clean_scenario_has_no_warning() {
    let (codes, rendered) = codes(CLEAN, &[]);
    assert!(codes.is_empty() && rendered.is_empty(), "{rendered}");
}

#[test]
fn each_lint_fires_on_its_case_alone() {
    for (code, lines, overrides, words) in CASES {
        let (found, rendered) = codes(&format!("{CLEAN}\n{lines}\n"), overrides);
        assert_eq!(found, [*code], "{lines} {overrides:?}\n{rendered}");
        assert!(rendered.contains(words), "{words} is not in\n{rendered}");
        let titled = rendered.starts_with("warning: ") && rendered.contains(&format!("[{code}]"));
        let placed = rendered.contains("--> case.toml:") || rendered.contains("--> --set:");
        assert!(titled && placed, "{rendered}");
    }
    let shown: BTreeSet<&str> = CASES.iter().map(|case| case.0).collect();
    let listed: BTreeSet<&str> = LINTS.iter().map(|lint| lint.code).collect();
    assert_eq!(shown, listed, "left: codes of the cases, right: LINTS");
}

/// What a site within reach, a posterior below 1 and a friendly interrogator make of the same cases.
#[test]
fn what_is_mended_is_silent() {
    for (lines, overrides) in [
        (
            "",
            &["sites.site.position={at={east_m=0,north_m=19_000}}"][..],
        ),
        ("[rules.hostile_criteria]\nthreshold = 0.99", &[]),
        // The rules of those whom it binds.
        ("[rules_of.shooter.hostile_criteria]\nthreshold = 0.99", &[]),
        (
            "[rules.hostile_criteria]\nid_sources = 2\ndeclarations = 9\n[site_classes.watch.identification.iff]\ninterval_s = 10",
            &[],
        ),
        ("[rules.hotline_query]\nnodes = [\"embassy\"]", &[]),
        (
            "[flights.passer.equipment]\niff.on = 1\n[site_classes.watch.identification.iff]\ninterval_s = 10",
            &["flights.passer.side=ally"],
        ),
        (
            "[rules.flight_plan_notice]\n[site_classes.watch.identification.flight_plan]\nlateral_gate_m = 1\nwindow_s = 1\n[flights.passer.plan]\naddressees = [\"cell\"]\nnotice_s = 1",
            &[],
        ),
    ] {
        let (found, rendered) = codes(&format!("{CLEAN}\n{lines}\n"), overrides);
        assert!(found.is_empty(), "{lines} {overrides:?}\n{rendered}");
    }
}

fn scenarios(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

/// What is meant to be odd.
const MEANT: &[(&str, &str)] = &[
    // The limit q = 0: rule R6 is on and no plan is filed.
    ("neutral-loss", "rule_without_effect"),
    // IFF on board of those whom nobody holds for friend.
    ("agreed-squawk", "iff_unread"),
    // An airliner that says who it is, past crews that do not listen.
    ("border", "transponder_unread"),
    // A neutral that is always declared hostile, by a class that takes that for rare: it asks, and is not sure.
    ("engagement-authority", "assumed_far_from_actual"),
    ("challenge", "assumed_far_from_actual"),
];

#[test]
fn the_scenarios_of_the_repository_are_clean() {
    let mut files = scenarios("scenarios");
    files.extend(scenarios("scenarios/closed-form"));
    files.extend(scenarios("benches"));
    assert!(files.len() > 20);
    let mut odd = String::new();
    let mut meant = BTreeSet::new();
    for file in &files {
        let name = file.file_stem().expect("a name").to_string_lossy();
        let (_, warnings) = Scenario::load_and_lint(file, &[])
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        let staged = !file
            .parent()
            .is_some_and(|folder| folder.ends_with("scenarios"));
        for code in warnings.codes() {
            // A closed form begins where its formula does.
            if staged && *code == "begins_in_reach" {
                continue;
            }
            match MEANT.iter().find(|known| **known == (name.as_ref(), *code)) {
                Some(known) => {
                    meant.insert(*known);
                }
                None => odd += &format!("{name}: {code}\n{}", warnings.render(false)),
            }
        }
    }
    assert!(odd.is_empty(), "{odd}");
    assert_eq!(
        meant.len(),
        MEANT.len(),
        "something is odd no more: {meant:?}"
    );
}

/// Warnings leave the exit code alone unless the caller is strict; the help names every code.
#[test]
fn the_command_warns_and_is_strict_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("odd.toml");
    std::fs::write(
        &path,
        format!("{CLEAN}\n[rules.hostile_criteria]\nthreshold = 1\n"),
    )
    .expect("written");
    let path = path.display().to_string();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .args(arguments)
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, out, _) = run(&["check", "--lint", &path]);
    assert_eq!(code, Some(0));
    assert!(
        out.contains("1 warning") && out.contains("[rule_without_effect]"),
        "{out}"
    );
    let (code, _, err) = run(&["check", "--lint", "--strict", &path]);
    assert_eq!(code, Some(2));
    assert!(err.contains("[rule_without_effect]"), "{err}");
    let (code, out, _) = run(&["check", &path]);
    assert_eq!(code, Some(0));
    assert!(!out.contains("warning"), "{out}");
    let (_, help, _) = run(&["check", "--help"]);
    for lint in LINTS {
        let line = help.lines().find(|line| line.trim().starts_with(lint.code));
        assert!(
            line.is_some_and(|line| line.ends_with(lint.meaning)),
            "{} is not explained by\n{help}",
            lint.code
        );
    }
}
