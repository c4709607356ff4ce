//! Who comes too near to whom: what counts as one loss, what does not, and what measuring leaves alone.

use std::fs;

use deconflict::measure::Columns;
use deconflict::output::{Replay, ReplayFormat, timeline, write_replay};
use deconflict::record::{ApproachRecord, Detail, Event, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{simulate, trajectories};
use deconflict::units::Millis;

use crate::support::repository;

const FIRST: Replication = Replication { seed: 1, index: 0 };

/// Two that meet head on over the origin at 100 m/s each, 60 km from where they begin; what else is said goes in between.
fn meeting(more: &str, us: &str, italy: &str) -> String {
    format!(
        r#"title = "Two that meet"
start_utc = "2019-11-21T23:50:00Z"
duration_h = 1
{more}
[sides]
us = {{}}
italy = {{}}
[aircraft.drone]
cruise_mps = 100
altitude_m = 5000
rcs_m2 = 1
[flights.us-1]
aircraft = "drone"
side = "us"
turns = "instant"
route.waypoints.points = [{{ east_m = -60_000, north_m = 0 }}, {{ east_m = 60_000, north_m = 0 }}]
{us}
[flights.italy-1]
aircraft = "drone"
side = "italy"
turns = "instant"
route.waypoints.points = [{{ east_m = 60_000, north_m = 2_407.6 }}, {{ east_m = -60_000, north_m = 2_407.6 }}]
{italy}
"#
    )
}

fn parsed(text: &str) -> Scenario {
    Scenario::parse(text, "meeting", &[]).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn flown(text: &str) -> EventLog {
    simulate(&parsed(text), FIRST, Detail::Measures)
}

fn losses(log: &EventLog) -> Vec<(Millis, ApproachRecord)> {
    let lost = |event: &Event| match event.fact {
        Fact::SeparationLost { approach, .. } => Some((event.time, approach)),
        _ => None,
    };
    log.events.iter().filter_map(lost).collect()
}

const ASKED: &str = "[separation]";

/// 1.3 NM aside at 200 m/s together: below 5 NM for 2 sqrt(9260^2 - 2407.6^2) / 200 s = 89.42 s about ten minutes after the
/// start, which is midnight; told in one line, marked in the replay, and counted by the two sides.
#[test]
fn one_loss_is_told_marked_and_counted() {
    let scenario = parsed(&meeting(ASKED, "", ""));
    let log = simulate(&scenario, FIRST, Detail::Measures);
    let [(began, approach)] = losses(&log)[..] else {
        panic!("one loss");
    };
    let half_s = (9_260.0_f64 * 9_260.0 - 2_407.6 * 2_407.6).sqrt() / 200.0;
    assert!((began.seconds() - (600.0 - half_s)).abs() < 0.001);
    assert!((approach.until.seconds() - (600.0 + half_s)).abs() < 0.001);
    assert_eq!(
        approach.closest,
        Millis(600_000),
        "midnight is an instant like others"
    );
    assert!((approach.lateral_m - 2_407.6).abs() < 1e-6 && approach.vertical_m == 0.0);
    let (told, _) = timeline(&scenario, &log, 50);
    let line = "23:59:15  italy-1 and us-1, 00:00, 1.3 NM and 0 ft: separation lost";
    assert!(told.iter().any(|told| told == line), "{told:?}");
    let flights = trajectories(&scenario, FIRST);
    let replay = Replay::new(&scenario, &log, &flights, Millis(10_000), None);
    for format in [ReplayFormat::Acmi, ReplayFormat::Kml] {
        let mut bytes = Vec::new();
        write_replay(&mut bytes, format, &replay).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.contains("separation lost: italy-1 and us-1"),
            "{format:?}"
        );
    }
    let columns = Columns::new(&log.cast);
    let row = columns.measure(&log).values;
    let rate = |name: &str| {
        let measure = columns.derived().iter().find(|one| one.name == name);
        let measure = measure.unwrap_or_else(|| panic!("{name}"));
        row[measure.numerator] / measure.denominator.map_or(1.0, |below| row[below])
    };
    // Each is in the air for 1200 s.
    let hours = 2.0 / 3.0;
    assert!((rate("separation_losses_per_flight_hour[sides=italy+us]") * hours - 1.0).abs() < 1e-9);
    assert!(
        (rate("separation_lost_s_per_flight_hour[sides=italy+us]") * hours - 2.0 * half_s).abs()
            < 0.002
    );
    assert_eq!(rate("near_midair_per_flight_hour"), 0.0);
    assert_eq!(rate("separation_losses_per_flight_hour[sides=us+us]"), 0.0);
}

/// Who is an enemy, high enough above, in one's formation, or small, has other minima or none.
#[test]
fn what_does_not_count() {
    let all = |more: &str, us: &str, italy: &str| losses(&flown(&meeting(more, us, italy))).len();
    assert_eq!(all("", "", ""), 0, "nobody asked");
    assert_eq!(all(ASKED, "", ""), 1);
    assert_eq!(
        all("relations.us.italy = \"hostile\"\n[separation]", "", ""),
        0,
        "enemies"
    );
    assert_eq!(all(ASKED, "altitude_m = 5300", ""), 0, "300 m are enough");
    assert_eq!(all(ASKED, "altitude_m = 5299", ""), 1);
    let small = "[separation]\nsmall = [\"drone\"]";
    assert_eq!(all(small, "", ""), 0, "1500 m are enough for small ones");
    assert_eq!(all(&format!("{small}\nsmall_lateral_m = 2_500"), "", ""), 1);
    // Two in a formation of 5 s, and two that follow each other after two minutes and come no nearer than 12 km.
    assert_eq!(
        all(ASKED, "count = 2\nspacing_s = 5", ""),
        2,
        "each of them and the other"
    );
    assert_eq!(
        all(
            "[separation]\nformation_s = 1",
            "count = 2\nspacing_s = 5",
            ""
        ),
        3
    );
    assert_eq!(all(ASKED, "count = 2\nspacing_s = 120", ""), 2);
}

/// Both come to one aerodrome: within 5 NM of it nothing counts, for whoever uses it.
#[test]
fn an_aerodrome_that_both_use_is_left_out() {
    let there = "aerodromes = [{ east_m = 60_000, north_m = 0 }]";
    let text = |more: &str| {
        // Side by side to one place, 3 km apart.
        let text = meeting(&format!("[separation]\n{more}"), "", "");
        text.replace(
            "[{ east_m = 60_000, north_m = 2_407.6 }, { east_m = -60_000, north_m = 2_407.6 }]",
            "[{ east_m = -60_000, north_m = 3_000 }, { east_m = 60_000, north_m = 3_000 }]",
        )
    };
    let [(began, whole)] = losses(&flown(&text("")))[..] else {
        panic!("one loss");
    };
    assert_eq!((began, whole.until), (Millis(0), Millis(1_200_000)));
    let [(_, before)] = losses(&flown(&text(there)))[..] else {
        panic!("one loss");
    };
    // The one that flies straight to it is within 9 260 m for its last 92.6 s.
    assert!((before.until.seconds() - (1_200.0 - 92.6)).abs() < 0.001);
    let elsewhere = there.replace("60_000", "0");
    let [(_, through)] = losses(&flown(&text(&elsewhere)))[..] else {
        panic!("neither begins nor ends there");
    };
    assert_eq!(through.until, whole.until);
}

/// A near mid-air collision is a loss below 500 ft and 100 ft within the other loss.
#[test]
fn a_near_midair_collision() {
    let text = meeting(ASKED, "altitude_m = 5030", "").replace("2_407.6", "100");
    let log = flown(&text);
    assert_eq!(losses(&log).len(), 1);
    let near = log.events.iter().find_map(|event| match event.fact {
        Fact::NearMidair { approach, .. } => Some((event.time, approach)),
        _ => None,
    });
    let (began, approach) = near.expect("one");
    let lasts_s = 2.0 * (152.4_f64 * 152.4 - 100.0 * 100.0).sqrt() / 200.0;
    assert!(((approach.until - began).seconds() - lasts_s).abs() < 0.0021);
    let higher = text.replace("altitude_m = 5030", "altitude_m = 5031");
    let near = |fact: &Fact| matches!(fact, Fact::NearMidair { .. });
    assert!(!flown(&higher).events.iter().any(|event| near(&event.fact)));
}

const SHOOTER: &str = r#"
[sites.sam]
class = "prompt"
side = "them"
position.at = { east_m = -20_000, north_m = 0 }
[site_classes.prompt.sensor]
model.disc = { range_m = 15_000, detection = 1 }
scan_s = 1
scan_phase.fixed = { first_s = 1 }
antenna_m = 10
[site_classes.prompt.tracker]
confirm_hits = 1
confirm_scans = 1
drop_misses = 1
memory.tau_s = 0
[site_classes.prompt.identification]
over = "affiliations"
interval_s = 1
appearance.tau_s = 0
combine = "fused"
actual = { friend = { friend = 1 }, neutral = { neutral = 1 }, hostile = { hostile = 1 } }
[site_classes.prompt.weapon]
max_range_m = 15_000
channels = 1
magazine = 9
doctrine.salvo = { missiles = 1 }
kill_probability = 1
reaction.fixed.delay_s = 0
"#;

/// Who is shot down before it meets anybody loses no separation; and the flight hours end with it.
#[test]
fn who_is_shot_down_comes_near_to_nobody() {
    let text = meeting(ASKED, "", "").replace(
        "[sides]",
        "[relations.them]\nus = \"hostile\"\nitaly = \"neutral\"\n[sides]\nthem = {}",
    );
    let alive = flown(&text);
    assert_eq!(losses(&alive).len(), 1);
    let shot = flown(&(text + SHOOTER));
    assert!(
        shot.events
            .iter()
            .any(|event| matches!(event.fact, Fact::Destroyed { .. }))
    );
    assert_eq!(losses(&shot).len(), 0);
}

/// Measuring adds what it measures and moves nothing: on a whole night the other facts, the tallies and the columns are the same.
#[test]
fn measuring_moves_nothing() {
    let path = repository("tests/suite/support/night.toml");
    let load = |sets: &[&str]| crate::support::load(&path, sets);
    let (plain, asked) = (load(&[]), load(&["separation={}"]));
    let mut measured = 0;
    for index in 0..20 {
        let replication = Replication { seed: 3, index };
        let without = simulate(&plain, replication, Detail::Full);
        let mut with = simulate(&asked, replication, Detail::Full);
        let before = with.events.len();
        with.events
            .retain(|event| event.fact.other_aircraft().is_none());
        measured += before - with.events.len();
        assert_eq!(with.events, without.events);
        assert_eq!(with.tallies, without.tallies);
        let columns = [&without, &with].map(|log| Columns::new(&log.cast));
        let rows = [0, 1].map(|at| columns[at].measure([&without, &with][at]).values);
        for (at, column) in columns[0].columns().iter().enumerate() {
            let there = columns[1].position(&column.name).expect("the same column");
            assert_eq!(rows[0][at], rows[1][there], "{}", column.name);
        }
    }
    assert!(measured > 0, "{measured} facts of separation");
}

/// R11 spreads its flights over the levels of the block, 300 m from one to the next: who lost separation at one level loses none, and
/// levels that are 100 m apart are none.
#[test]
fn agreed_levels_separate() {
    let block = |level_m: u32| {
        format!(
            "[rules.altitude_blocks]\nblocks = [{{ floor_m = 4_000, top_m = 6_400 }}]\nsides = [\"us\"]\nlevel_m = {level_m}\n[separation]\nformation_s = 0"
        )
    };
    // Eight on one course, 10 s apart, so that each is within 5 NM of all others at one level.
    let us = "count = 8\nspacing_s = 10";
    let pairs = |more: &str| {
        let log = flown(&meeting(more, us, ""));
        let side = |name: &str| log.cast.sides.iter().position(|side| side == name);
        let own = |event: &&Event| {
            let both = [event.fact.aircraft(), event.fact.other_aircraft()].map(|aircraft| {
                aircraft.map(|aircraft| log.sorties[aircraft.index()].side.index())
            });
            matches!(event.fact, Fact::SeparationLost { .. }) && both == [side("us"); 2]
        };
        log.events.iter().filter(own).count()
    };
    assert_eq!(
        pairs("[separation]\nformation_s = 0"),
        28,
        "all pairs at one level"
    );
    assert_eq!(pairs(&block(300)), 0, "eight levels for eight");
    assert!(pairs(&block(100)) > 0, "24 levels, too near to each other");
}

/// Plans that share a volume conflict before anybody takes off, whoever is late after that; plans for other times, levels or
/// places do not. The conflict is known when the second of them is filed.
#[test]
fn filed_plans_conflict() {
    let graph = "nodes = { office = { side = \"us\" } }\n";
    let plan =
        |notice_s: u32| format!("plan = {{ addressees = [\"office\"], notice_s = {notice_s} }}");
    let departs = |after_s: u32, late_s: u32| {
        format!(
            "start.departs = {{ after_s = {after_s}, at_altitude = true, delay.fixed = {{ delay_s = {late_s} }} }}"
        )
    };
    let conflicts = |us: String, italy: String| {
        let log = flown(&meeting(&format!("{graph}{ASKED}"), &us, &italy));
        let found = log.events.iter().filter_map(|event| match event.fact {
            Fact::PlansConflict { first, .. } => Some((event.time, first)),
            _ => None,
        });
        (found.collect::<Vec<_>>(), losses(&log).len())
    };
    let filed = |notice_s, after_s, late_s, more: &str| {
        format!("{}\n{}\n{more}", plan(notice_s), departs(after_s, late_s))
    };
    let (found, lost) = conflicts(filed(1500, 1800, 0, ""), filed(600, 1800, 0, ""));
    let [(known, first)] = found[..] else {
        panic!("one conflict")
    };
    assert_eq!((known, lost), (Millis(1_200_000), 1));
    // Volumes of 300 s, 300 s longer at both ends: those of the second and the third stretch of each touch first.
    assert_eq!(first, Millis(1_800_000));
    // One is so late that it meets nobody: the plans conflict all the same.
    let (found, lost) = conflicts(filed(1500, 900, 1300, ""), filed(600, 900, 0, ""));
    assert_eq!((found.len(), lost), (1, 0));
    let (found, _) = conflicts(filed(600, 600, 0, ""), filed(600, 2_400, 0, ""));
    assert_eq!(found, [], "at other times");
    let (found, _) = conflicts(
        filed(600, 600, 0, "altitude_m = 5300"),
        filed(600, 600, 0, ""),
    );
    assert_eq!(found, [], "at another level");
    let (found, lost) = conflicts(departs(600, 0), filed(600, 600, 0, ""));
    assert_eq!((found.len(), lost), (0, 1), "one is filed nowhere");
}

/// What a scenario says wrongly of it is told with its place.
#[test]
fn faults_are_told() {
    let text = meeting(
        "[separation]\nsmall = [\"drone\", \"drome\"]\naerodromes = [\"nowhere\"]\nlateral_m = 0\nlateral = 1",
        "",
        "",
    );
    let error = Scenario::parse(&text, "meeting", &[]).expect_err("four faults");
    let told = error.render(false);
    for part in [
        "separation.small[1] names drome, which is not an aircraft type",
        "separation.aerodromes[0] names nowhere",
        "separation.lateral_m",
        "separation has no key lateral",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let schema = fs::read_to_string(repository("scenarios/scenario.schema.json")).unwrap();
    assert!(schema.contains("SeparationFile"));
}
