//! What the ground hides: from radar, weapon and optics, each from its own height; and grids that are refused.

use std::fs;
use std::path::Path;

use deconflict::record::{Detail, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{simulate, simulate_every_scan};

use crate::support::{SEED, load, repository, shots};

const FIRST: Replication = Replication { seed: 1, index: 0 };

/// A grid of 100 m about the origin, flat but for a wall 5 km east of it.
fn wall(folder: &Path, height_m: f64) {
    let mut text =
        "ncols 401\nnrows 401\nxllcenter -20000\nyllcenter -20000\ncellsize 100\n".to_owned();
    for _ in 0..401 {
        for column in 0..401 {
            text += if column == 250 { "W " } else { "0 " };
        }
        text += "\n";
    }
    fs::write(
        folder.join("wall.asc"),
        text.replace('W', &height_m.to_string()),
    )
    .unwrap();
}

/// A site at the origin that sees and fires at once, and one aircraft.
fn scene(folder: &Path, terrain: &str, route: &str, rules: &str) -> Scenario {
    let text = format!(
        r#"title = "Behind a wall"
start_utc = "2020-01-01T12:00:00Z"
duration_h = 0.2
{terrain}
sides = {{ them = {{}}, us = {{}} }}
relations.them.us = "hostile"
{rules}
[aircraft.drone]
cruise_mps = 50
altitude_m = 500
climb_mps = 3
critical_dimension_m = 10
rcs_m2 = 1
[flights.one]
aircraft = "drone"
side = "us"
turns = "instant"
{route}
[sites.sam]
class = "prompt"
side = "them"
position.at = {{ east_m = 0, north_m = 0 }}
[site_classes.prompt.sensor]
model.disc = {{ range_m = 18_000, detection = 1 }}
scan_s = 1
scan_phase.fixed = {{ first_s = 1 }}
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
actual = {{ friend = {{ friend = 1 }}, neutral = {{ neutral = 1 }}, hostile = {{ hostile = 1 }} }}
[site_classes.prompt.weapon]
max_range_m = 18_000
range = "ground"
channels = 1
magazine = 1
doctrine.salvo = {{ missiles = 1 }}
kill_probability = 0
reaction.fixed.delay_s = 0
"#
    );
    let path = folder.join("scene.toml");
    fs::write(&path, text).unwrap();
    load(path, &[])
}

fn looks(log: &EventLog) -> u64 {
    log.tallies.iter().map(|tally| tally.looks).sum()
}

const GROUND: &str = "terrain = { file = \"wall.asc\", coordinates = \"metres\" }";
/// Northward, 10 km east of the site, 6 km of it.
const BEHIND: &str = "route.waypoints.points = [{ east_m = 10_000, north_m = -3_000 }, { east_m = 10_000, north_m = 3_000 }]";
/// Towards the site over the wall.
const OVER: &str =
    "route.waypoints.points = [{ east_m = 16_000, north_m = 0 }, { east_m = -1_000, north_m = 0 }]";

/// The scans that see an aircraft on its way over a wall are those at which the line of sight clears its edge, as drawn by hand on
/// a round earth: 500 m at the range r are seen over 200 m at 5 km where (490 - r^2 / 2 R') / r > (190 - 5000^2 / 2 R') / 5000.
#[test]
fn a_radar_sees_what_clears_the_edge() {
    let place = tempfile::tempdir().unwrap();
    wall(place.path(), 200.0);
    let flat = simulate(&scene(place.path(), "", OVER, ""), FIRST, Detail::Full);
    assert_eq!(looks(&flat), 339, "every scan of 17 km before it leaves");
    let log = simulate(&scene(place.path(), GROUND, OVER, ""), FIRST, Detail::Full);
    let twice = 2.0 * 4.0 / 3.0 * 6_371_000.0;
    let slope = |height: f64, r: f64| (height - 10.0 - r * r / twice) / r;
    let seen = (1..340).filter(|second| {
        let r = (16_000.0 - 50.0 * f64::from(*second)).abs();
        r <= 5_000.0 || slope(500.0, r) >= slope(200.0, 5_000.0)
    });
    assert_eq!(looks(&log), seen.count() as u64);
    assert!(looks(&log) < 300, "some are hidden");
    // Along a way on which nothing ever clears it: no track at all, and nothing to fire at.
    wall(place.path(), 400.0);
    let hidden = simulate(
        &scene(place.path(), GROUND, BEHIND, ""),
        FIRST,
        Detail::Full,
    );
    assert_eq!((looks(&hidden), shots(&hidden)), (0, 0));
}

/// A climb of 3 m/s at 13 km clears a mask of one degree after 79 s: the flight is seen first in the 80th.
#[test]
fn a_climber_clears_a_degree() {
    let place = tempfile::tempdir().unwrap();
    let drop = 25e6 / (2.0 * 4.0 / 3.0 * 6_371_000.0);
    wall(
        place.path(),
        10.0 + 5_000.0 * 1.0_f64.to_radians().tan() + drop,
    );
    // It circles the site at 13 km, in steps too small to matter, from 10 m up, the height of the antenna.
    let points: Vec<String> = (0..40)
        .map(|step| {
            let bearing = (f64::from(step) * 1.0 + 75.0).to_radians();
            let (east, north) = (13_000.0 * bearing.sin(), 13_000.0 * bearing.cos());
            format!("{{ at = {{ east_m = {east}, north_m = {north} }}, altitude_m = 1500 }}")
        })
        .collect();
    let first = format!(
        "{{ at = {{ east_m = {}, north_m = {} }}, altitude_m = 10 }}",
        13_000.0 * 74.0_f64.to_radians().sin(),
        13_000.0 * 74.0_f64.to_radians().cos()
    );
    let route = format!("route.waypoints.points = [{first}, {}]", points.join(", "));
    let log = simulate(
        &scene(place.path(), GROUND, &route, ""),
        FIRST,
        Detail::Full,
    );
    let confirmed = log.events.iter().find_map(|event| match event.fact {
        Fact::TrackConfirmed { .. } => Some(event.time.seconds()),
        _ => None,
    });
    // At 74 to 78 degrees the wall is 5 km / sin(bearing) off, some 4 % further and lower: 2 s earlier.
    let second = confirmed.expect("it is seen");
    assert!((75.0..=80.0).contains(&second), "{second}");
}

/// Radar, weapon and optics look from their own heights.
#[test]
fn each_looks_from_its_own_height() {
    let place = tempfile::tempdir().unwrap();
    wall(place.path(), 200.0);
    let run = |heights: &str, rules: &str| {
        let ground =
            format!("terrain = {{ file = \"wall.asc\", coordinates = \"metres\"{heights} }}");
        let sets = ["site_classes.prompt.sensor.antenna_m=150"];
        let scenario = scene(place.path(), &ground, BEHIND, rules);
        let scenario = scenario
            .with("test", &sets.map(str::to_owned))
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        simulate(&scenario, FIRST, Detail::Full)
    };
    // 500 m at 10 km: from 150 m the edge is below the line of sight, from 3 m hardly, from 0 it is above.
    let high = run(", weapon_m = 150", "");
    assert_eq!(looks(&high), 119, "the radar sees it all along");
    assert_eq!(shots(&high), 1);
    wall(place.path(), 300.0);
    let high = run(", weapon_m = 150", "");
    let low = run(", weapon_m = 3", "");
    assert_eq!((looks(&high), shots(&high)), (119, 1));
    assert_eq!(
        (looks(&low), shots(&low)),
        (119, 0),
        "seen, and out of reach"
    );
    let look = "rules.optical_confirmation = { visual_identification_s = 0, if_unclear = \"hold\", correct = 1, ifov_mrad = 0.01 }";
    let seeing = run(", weapon_m = 150, optics_m = 150", look);
    let blind = run(", weapon_m = 150, optics_m = 3", look);
    assert_eq!((shots(&seeing), shots(&blind)), (1, 0));
}

/// Hills under a whole night, with sites at points and drawn: skipping scans that cannot matter, as everywhere, changes nothing; and the hills
/// do something.
#[test]
fn skipping_means_nothing_over_hills() {
    let place = tempfile::tempdir().unwrap();
    let mut text =
        "ncols 301\nnrows 301\nxllcenter -150000\nyllcenter -150000\ncellsize 1000\n".to_owned();
    for row in 0..301 {
        for column in 0..301 {
            let (x, y) = (f64::from(column) / 3.0, f64::from(row) / 4.0);
            text += &format!("{:.0} ", 900.0 + 700.0 * x.sin() * y.cos());
        }
        text += "\n";
    }
    let file = place.path().join("hills.asc");
    fs::write(&file, text).unwrap();
    let sets = [
        format!("terrain.file={:?}", file.to_str().unwrap()),
        "terrain.coordinates=metres".to_owned(),
    ];
    let path = repository("tests/suite/support/night.toml");
    let hilly =
        Scenario::load(&path, &sets).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let flat = load(&path, &[]);
    let (mut over_hills, mut over_plain) = (0, 0);
    for index in 0..25 {
        let replication = Replication { seed: SEED, index };
        let log = simulate(&hilly, replication, Detail::Full);
        assert_eq!(
            log,
            simulate_every_scan(&hilly, replication, Detail::Full),
            "{index}"
        );
        over_hills += looks(&log);
        over_plain += looks(&simulate(&flat, replication, Detail::Full));
    }
    // Sites that stand higher see further, and what is behind a hill is hidden.
    assert_ne!(over_hills, over_plain);
    // What is stored is held to the grid it was run with.
    let stored = serde_json::to_value(&hilly.file).unwrap();
    let again = Scenario::from_file(&hilly.file).unwrap();
    assert_eq!(again.terrain, hilly.terrain);
    assert_eq!(
        stored["terrain"]["grid"]["sha256"].as_str().map(str::len),
        Some(64)
    );
    fs::write(
        &file,
        "ncols 2\nnrows 2\nxllcenter 0\nyllcenter 0\ncellsize 9\n1 2 3 4\n",
    )
    .unwrap();
    let mut other = hilly.file.clone();
    let grid = other
        .terrain
        .as_mut()
        .and_then(|terrain| terrain.grid.as_mut());
    grid.unwrap().sha256 = "0".repeat(64);
    let why = Scenario::from_file(&other).expect_err("another grid");
    assert!(why.contains("expected 0000"), "{why}");
}

#[test]
fn a_grid_that_is_none_is_refused_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    let refused = |text: &str| {
        fs::write(place.path().join("wall.asc"), text).unwrap();
        let scenario = place.path().join("scene.toml");
        fs::write(&scenario, format!("title = \"x\"\nstart_utc = \"2020-01-01T00:00:00Z\"\nduration_h = 1\n{GROUND}\nsides = {{}}\n")).unwrap();
        let error = Scenario::load(&scenario, &[]).expect_err("refused");
        error.render(false)
    };
    let told = refused("ncols 2\nnrows 2\nxllcenter 0\nyllcenter 0\ncellsize 9\n1 2\n3 x\n");
    assert!(told.contains("terrain.file"), "{told}");
    assert!(
        told.contains("line 7, value 2, is \"x\"; expected a number"),
        "{told}"
    );
    assert!(told.contains("scene.toml:4"), "{told}");
    assert!(refused("\u{1}\u{2}").contains("expected one of ncols"));
}
