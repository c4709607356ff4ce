//! Sites that are not always there, with their neighbours: cues over links, objectives that are reached, what is refused.

use deconflict::ids::SiteId;
use deconflict::measure::Columns;
use deconflict::record::{Detail, Event, Fact, NotReady, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

/// A site that sees 60 km and has no weapon, and a silent gun beside it, told by it of tracks; a drone passes over both at 100 m/s and
/// 1 000 m, from 50 km west on.
const SILENT: &str = r#"
title = "A silent gun"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 0.3

[sides]
shooter = {}
stranger = {}

[relations.shooter]
stranger = "hostile"

[aircraft.point]
cruise_mps = 100
altitude_m = 1000
rcs_m2 = 1

[site_classes.eye]
sensor = { model.disc = { range_m = 60_000, detection = 1 }, scan_s = 1, scan_phase.fixed = { first_s = 1 } }
tracker = { confirm_hits = 1, confirm_scans = 1, drop_misses = 2, memory.tau_s = 0 }

[site_classes.eye.identification]
over = "affiliations"
interval_s = 10
combine = "single"
actual = { friend = { hostile = 1 }, neutral = { hostile = 1 }, hostile = { hostile = 1 } }

[site_classes.gun]
sensor = { model.disc = { range_m = 30_000, detection = 1 }, scan_s = 1, scan_phase.fixed = { first_s = 1 } }
tracker = { confirm_hits = 1, confirm_scans = 1, drop_misses = 2, memory.tau_s = 0 }

[site_classes.gun.identification]
over = "affiliations"
interval_s = 10
combine = "single"
actual = { friend = { hostile = 1 }, neutral = { hostile = 1 }, hostile = { hostile = 1 } }

[site_classes.gun.weapon]
max_range_m = 60_000
reaction.fixed = { delay_s = 0 }
doctrine.salvo = { missiles = 1 }
kill_probability = 0
magazine = 1000

[site_classes.gun.readiness]
go_live = { within_m = 20_000, stays_s = 60 }
lost_to_leaker = { within_m = 5_000, probability = 0 }

[sites.eye]
class = "eye"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }

[sites.gun]
class = "gun"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }

[track_links.eye-to-gun]
from = "eye"
to = "gun"
delivery = 1
gate_m = 3_000
hold_s = 5
identity = "ignore"
engage = false

[flights.passer]
aircraft = "point"
side = "stranger"
turns = "instant"
route.waypoints.points = [{ east_m = -50_000, north_m = 0 }, { east_m = 50_000, north_m = 0 }]
objective = { at = { east_m = 1_000, north_m = 0 }, radius_m = 1_000 }
"#;

/// It wakes when the drone is told of within 20 km, 300 s on, fires while it is live, and falls silent a minute after the drone is
/// farther away than that again, at 760 s; a scan and the way of a report besides.
#[test]
fn a_silent_site_goes_live_when_it_is_told() {
    let replication = Replication { seed: 1, index: 0 };
    let parse = |changes: &[&str]| {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        Scenario::parse(SILENT, "silent.toml", &changes)
            .unwrap_or_else(|error| panic!("{}", error.render(false)))
    };
    let log = simulate(&parse(&[]), replication, Detail::Full);
    let gun = SiteId(1);
    let when = |is: &dyn Fn(&Fact) -> bool| -> Vec<f64> {
        let events = log.events.iter().filter(|event| is(&event.fact));
        events.map(|event| event.time.seconds()).collect()
    };
    let ready = when(&|fact| *fact == Fact::SiteReady { site: gun });
    let silent = when(&|fact| {
        let cause = NotReady::Silent;
        *fact == Fact::SiteNotReady { site: gun, cause }
    });
    let shots = when(&|fact| matches!(fact, Fact::ShotFired { site, .. } if *site == gun));
    assert_eq!((ready.len(), silent.len()), (1, 2), "{ready:?} {silent:?}");
    assert_eq!(silent[0], 0.0);
    assert!((300.0..304.0).contains(&ready[0]), "{ready:?}");
    assert!((758.0..768.0).contains(&silent[1]), "{silent:?}");
    assert!(shots.len() > 100, "{}", shots.len());
    assert!(
        shots
            .iter()
            .all(|time| ready[0] < *time && *time < silent[1])
    );
    // Awake from the start it fires as soon as it sees, at 30 km.
    let awake = parse(&["site_classes.gun.readiness.go_live.within_m=100_000"]);
    let log = simulate(&awake, replication, Detail::Full);
    let first = log
        .events
        .iter()
        .find(|event| matches!(event.fact, Fact::ShotFired { .. }));
    let first = first.expect("a shot").time.seconds();
    assert!((200.0..204.0).contains(&first), "{first}");
    // Lost when the drone comes through, at 500 s, it fires no more; missiles in the air fly on.
    let lost = parse(&["site_classes.gun.readiness.lost_to_leaker.probability=1"]);
    let log = simulate(&lost, replication, Detail::Full);
    let cause = NotReady::Lost;
    let gone = |event: &&Event| event.fact == Fact::SiteNotReady { site: gun, cause };
    let gone = log.events.iter().find(gone).expect("it is lost").time;
    assert_eq!(gone.seconds(), 500.0);
    let last = log
        .events
        .iter()
        .rfind(|event| matches!(event.fact, Fact::ShotFired { .. }));
    assert!(last.expect("a shot").time <= gone);
    let columns = Columns::new(&log.cast);
    let row = columns.measure(&log).values;
    assert_eq!(row[columns.position("sites_lost").unwrap()], 1.0);
}

/// Who waits for a cue that cannot come, and who would move but never fires, is told so.
#[test]
fn readiness_that_means_nothing_is_refused() {
    let told = |text: &str| {
        let error = Scenario::parse(text, "silent.toml", &[]).expect_err("refused");
        error.render(false)
    };
    let alone = SILENT
        .replace("to = \"gun\"", "to = \"eye\"")
        .replace("from = \"eye\"", "from = \"gun\"");
    let said = told(&alone);
    assert!(
        said.contains("go_live is there, but nobody would ever cue a site of the class"),
        "{said}"
    );
    let neither = SILENT.replace("within_m = 20_000, ", "");
    let said = told(&neither);
    assert!(said.contains("has neither within_m nor node"), "{said}");
    let nowhere = SILENT.replace("within_m = 20_000, ", "node = { from = \"nowhere\" }, ");
    let said = told(&nowhere);
    assert!(said.contains("go_live.node.from names nowhere"), "{said}");
    let unarmed = SILENT.replace("[site_classes.gun.readiness]", "[site_classes.eye.readiness]\nrelocates = { after_shots = 1, hours = 1 }\n[site_classes.gun.readiness]");
    let said = told(&unarmed);
    assert!(
        said.contains("relocates is there, but the class has no weapon"),
        "{said}"
    );
    let nobody = format!("{SILENT}\n[fire_distribution.nobody]\nclaim_latency_s = 1\n");
    let said = told(&nobody);
    assert!(said.contains("fire_distribution.nobody"), "{said}");
}
