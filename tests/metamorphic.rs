//! What must not change when something else does, and what must change in one direction only.

use std::collections::BTreeMap;
use std::path::Path;

use deconflict::record::{Detail, Event, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

const BASELINE: &str = "scenarios/nov-2019-baseline.toml";

fn load(path: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Scenario::load(Path::new(path), &overrides)
        .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn parse(text: &str) -> Scenario {
    let name = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/metamorphic.toml");
    Scenario::parse(text, name.to_str().expect("text"), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn fly(scenario: &Scenario, index: u64) -> EventLog {
    simulate(scenario, Replication { seed: 3, index }, Detail::Full)
}

/// What happened between every site and every aircraft, by their names: the story of each pair.
fn stories(log: &EventLog) -> BTreeMap<(String, String), Vec<String>> {
    let mut stories: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for Event { time, place, fact } in &log.events {
        let aircraft = log.sorties[fact.aircraft().index()].name.clone();
        let site = fact
            .site()
            .map_or(String::new(), |site| log.sites[site.index()].name.clone());
        let told = match fact {
            // Indices differ between worlds; what is said must not.
            Fact::TrackEnded { track, .. } => format!("{track:?}"),
            Fact::ShotDeclined {
                decision, identity, ..
            } => format!("{decision:?} {identity:?}"),
            Fact::EngagementBegun {
                decision,
                identity,
                notice,
                ..
            }
            | Fact::ShotFired {
                decision,
                identity,
                notice,
                ..
            } => format!("{decision:?} {identity:?} {notice:?}"),
            Fact::Declared {
                declared,
                posterior,
                notice,
                ..
            } => format!("{declared} {posterior:?} {notice:?}"),
            Fact::IdentityChanged { from, to, .. } => format!("{from:?} {to:?}"),
            Fact::EngagementEnded { end, .. } => format!("{end:?}"),
            _ => String::new(),
        };
        stories
            .entry((site, aircraft))
            .or_default()
            .push(format!("{time:?} {place:?} {} {told}", fact.code()));
    }
    stories
}

/// A small world in pieces that can be put together in any order.
const HEAD: &str = r#"include = ["library/aircraft.toml", "library/places.toml", "library/lna_site_classes.toml"]
title = "Pieces"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 6
sides = { lna = {}, us = {}, gna = {} }
relations.lna = { us = "neutral", gna = "hostile" }
"#;
const PIECES: [&str; 5] = [
    r#"[sites.one]
class = "class_a"
side = "lna"
position.drawn_in.circle = { center = "tarhuna", radius_m = 15_000 }
"#,
    r#"[sites.two]
class = "class_b"
side = "lna"
count = { min = 1, max = 3 }
position.drawn_in.sector = { center = "tripoli", min_range_m = 5_000, max_range_m = 30_000, from_deg = 90, to_deg = 200 }
"#,
    r#"[flights.raid]
aircraft = "tb2"
side = "gna"
start.poisson = { rate_per_day = 20 }
route.waypoints = { points = ["tripoli", "tarhuna", "tripoli"] }
"#,
    r#"[flights.watch]
aircraft = "mq9_recon"
side = "us"
count = 2
spacing_s = 3600
cross_track_sigma_m = 800
route.racetrack = { ingress = [{ lat = 33.2, lon = 13.3 }], from = "tripoli", to = "garabulli", radius_m = 4_000, station_h = 3 }
"#,
    r#"[rules]
weapons_control = { status = "tight" }
hostile_criteria = { threshold = 0.8, cues = 1 }
"#,
];

#[test]
fn the_order_of_a_file_does_not_matter() {
    let forward = format!("{HEAD}{}", PIECES.concat());
    let backward = format!("{HEAD}{}", PIECES.iter().rev().copied().collect::<String>());
    let (one, other) = (parse(&forward), parse(&backward));
    let mut shots = 0;
    for index in 0..20 {
        let log = fly(&one, index);
        assert_eq!(log, fly(&other, index), "replication {index}");
        shots += log
            .events
            .iter()
            .filter(|event| matches!(event.fact, Fact::ShotFired { .. }))
            .count();
    }
    assert!(
        shots > 20,
        "too little happens for this to mean anything: {shots} shots"
    );
}

/// A site that cannot fire, in the middle of everything, and an aircraft that nobody can see: every story told without
/// them is told with them, word for word.
#[test]
fn an_inert_site_and_a_far_aircraft_change_nobody_elses_story() {
    let without = format!("{HEAD}{}", PIECES.concat());
    let with = format!(
        r#"{without}
[sites.a-watcher]
class = "watcher"
side = "lna"
position.at = "tripoli"
[site_classes.watcher]
tracker = {{ confirm_hits = 2, confirm_scans = 3, drop_misses = 3 }}
sensor = {{ model.disc = {{ range_m = 90_000, detection = 0.7 }}, scan_s = 4 }}
[site_classes.watcher.identification]
over = "regards"
interval_s = 30
world.friend = {{ friend = 0.6, unknown = 0.4 }}
world.neutral = {{ neutral = 0.6, hostile = 0.2, unknown = 0.2 }}
world.hostile = {{ hostile = 0.8, neutral = 0.2 }}
[flights.a-far-one]
aircraft = "airliner"
side = "us"
route.loop = {{ points = [{{ east_m = 900_000, north_m = 0 }}, {{ east_m = 900_000, north_m = 90_000 }}] }}
"#
    );
    let (without, with) = (parse(&without), parse(&with));
    let mut pairs = 0;
    for index in 0..20 {
        let (fewer, more) = (stories(&fly(&without, index)), stories(&fly(&with, index)));
        for (pair, story) in &fewer {
            assert_eq!(Some(story), more.get(pair), "replication {index}: {pair:?}");
        }
        pairs += fewer.len();
        let added: Vec<_> = more
            .keys()
            .filter(|pair| !fewer.contains_key(*pair))
            .collect();
        assert!(
            added.iter().any(|pair| pair.0 == "a-watcher"),
            "the added site sees nothing"
        );
        assert!(
            added
                .iter()
                .all(|pair| pair.0 == "a-watcher" || pair.1 == "a-far-one"),
            "{added:?}"
        );
    }
    assert!(
        pairs > 200,
        "too little happens for this to mean anything: {pairs} pairs"
    );
}

/// Numbers of shots and kills in `replications` replications.
fn toll(scenario: &Scenario, replications: u64) -> [f64; 2] {
    let mut toll = [0.0; 2];
    for index in 0..replications {
        for event in simulate(scenario, Replication { seed: 9, index }, Detail::Measures).events {
            match event.fact {
                Fact::ShotFired { .. } => toll[0] += 1.0,
                Fact::Destroyed { .. } => toll[1] += 1.0,
                _ => {}
            }
        }
    }
    toll
}

/// The local plane turned by 120 degrees and moved by 300 km about its origin: other coordinates and other luck (the
/// names are new as well), the same distribution. Two-sample tests on shots and kills, which vary at most like a
/// Poisson number times the missiles of a salvo (2): z is an upper bound of the true one divided by sqrt 2; the bound of
/// 4.9 gives a false alarm in 1e-6 runs.
#[test]
fn a_renamed_turned_and_moved_world_behaves_alike() {
    let world = |name: &str, turn_deg: f64, shift_m: f64| {
        let (sin, cos) = turn_deg.to_radians().sin_cos();
        let point = |east: f64, north: f64| {
            let (east, north) = (
                cos * east - sin * north + shift_m,
                sin * east + cos * north - shift_m,
            );
            format!("{{ east_m = {east:.3}, north_m = {north:.3} }}")
        };
        parse(&format!(
            r#"include = ["library/aircraft.toml", "library/lna_site_classes.toml"]
title = "Turned"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 3
sides = {{ {name}-shooter = {{}}, {name}-other = {{}} }}
relations.{name}-shooter = {{ {name}-other = "hostile" }}
sites.{name} = {{ class = "class_a", side = "{name}-shooter", position.drawn_in.circle = {{ center = {}, radius_m = 9_000 }} }}
[flights.{name}]
aircraft = "tb2"
side = "{name}-other"
start.poisson = {{ rate_per_day = 24 }}
route.waypoints = {{ points = [{}, {}, {}] }}
[rules]
hostile_criteria = {{ threshold = 0.8 }}
"#,
            point(0.0, 0.0),
            point(-40_000.0, 8_000.0),
            point(5_000.0, -2_000.0),
            point(30_000.0, 30_000.0),
        ))
    };
    let (one, other) = (
        toll(&world("north", 0.0, 0.0), 1500),
        toll(&world("south", 120.0, 300_000.0), 1500),
    );
    for (a, b) in one.into_iter().zip(other) {
        let z = (a - b) / (2.0 * (a + b)).sqrt();
        assert!(
            a > 500.0 && z.abs() < 4.9,
            "{one:?} against {other:?}: z = {z}"
        );
    }
}

/// One site, one neutral, one look: the more often it is declared hostile, the more replications end in a shot, and a
/// replication with a shot keeps it. The draw is the same; only the bound it is held against moves.
#[test]
fn more_identification_error_never_takes_a_wrong_shot_away() {
    let shot_at = |error: f64| -> Vec<bool> {
        let text = format!(
            r#"title = "Error"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 0.1
sides = {{ shooter = {{}}, visitor = {{}} }}
relations.shooter.visitor = "neutral"
[aircraft.visitor]
cruise_mps = 60
altitude_m = 3_000
rcs_m2 = 1
[flights.visitor]
aircraft = "visitor"
side = "visitor"
turns = "instant"
route.waypoints = {{ points = [{{ east_m = -10_000, north_m = 1_000 }}, {{ east_m = 10_000, north_m = 1_000 }}] }}
[sites.gun]
class = "gun"
side = "shooter"
position.at = {{ east_m = 0, north_m = 0 }}
[site_classes.gun]
tracker = {{ confirm_hits = 1, confirm_scans = 1, drop_misses = 3 }}
sensor = {{ model.disc = {{ range_m = 20_000, detection = 1 }}, scan_s = 5 }}
[site_classes.gun.identification]
over = "regards"
interval_s = 1_000
combine = "single"
world.friend = {{ friend = 1 }}
world.neutral = {{ hostile = {error}, neutral = {} }}
world.hostile = {{ hostile = 1 }}
believed.friend = {{ friend = 0.9, neutral = 0.05, hostile = 0.05 }}
believed.neutral = {{ neutral = 0.9, friend = 0.05, hostile = 0.05 }}
believed.hostile = {{ hostile = 0.9, friend = 0.05, neutral = 0.05 }}
[site_classes.gun.weapon]
max_range_m = 15_000
reaction.fixed = {{ delay_s = 5 }}
doctrine.salvo = {{ missiles = 1 }}
kill_probability = 0.5
magazine = 1
"#,
            1.0 - error
        );
        let scenario = parse(&text);
        (0..400)
            .map(|index| {
                fly(&scenario, index)
                    .events
                    .iter()
                    .any(|e| matches!(e.fact, Fact::ShotFired { .. }))
            })
            .collect()
    };
    let steps: Vec<Vec<bool>> = [0.0, 0.1, 0.3, 0.6, 1.0].into_iter().map(shot_at).collect();
    assert!(steps[0].iter().all(|shot| !shot), "no error, no wrong shot");
    assert!(
        steps[4].iter().all(|shot| *shot),
        "always wrong, always a shot"
    );
    for pair in steps.windows(2) {
        let kept = pair[0]
            .iter()
            .zip(&pair[1])
            .all(|(before, after)| !before || *after);
        assert!(kept, "a wrong shot went away as the error grew");
    }
}

/// Only what the flights of the United States are told to whom differs, so nobody who shot at anybody else before may
/// do otherwise until the first missile or channel is spent or spared differently: with sites that never run short, the
/// stories of all other aircraft are the same.
#[test]
fn an_agreement_changes_only_the_stories_of_those_it_covers() {
    let plenty = [
        "site_classes.class_a.weapon.channels=50",
        "site_classes.class_a.weapon.magazine=10000",
    ];
    let (before, after) = (
        load(BASELINE, &plenty),
        load("scenarios/nov-2019-agreement.toml", &plenty),
    );
    let mut changed = 0;
    for index in 0..20 {
        let (before, after) = (stories(&fly(&before, index)), stories(&fly(&after, index)));
        for (pair, story) in &before {
            if pair.1.starts_with("us-recon") {
                changed += usize::from(after.get(pair) != Some(story));
            } else {
                assert_eq!(
                    Some(story),
                    after.get(pair),
                    "replication {index}: {pair:?}"
                );
            }
        }
    }
    assert!(changed > 10, "the agreement changes nothing: {changed}");
}
