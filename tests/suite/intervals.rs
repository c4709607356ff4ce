//! Intervals of run scenarios whose truth is known in closed form: what the engine counts, how the measures add it up, and how the
//! intervals are made, all at once. Coverage of the methods by themselves is in `engine/src/statistics/coverage.rs`.

use std::sync::Arc;

use deconflict::measure::Columns;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;
use deconflict::statistics::estimate::{Cell, Estimator};

/// One site that sees one neutral aircraft at every look, every 20 s from 20 s on; 40 looks.
const LOOKS: &str = r#"
title = "One aircraft, looked at again and again"
start_utc = "2022-02-02T00:00:00Z"
duration_h = 0.2245

[sides]
watchers = {}
guests = {}

[relations.watchers]
guests = "neutral"

[aircraft.dot]
cruise_mps = 80
altitude_m = 2_000
rcs_m2 = 1

[site_classes.post.sensor]
model.disc = { range_m = 200_000, detection = 1 }
scan_s = 20
scan_phase.fixed = { first_s = 20 }
antenna_m = 1_000

[site_classes.post.tracker]
confirm_hits = 1
confirm_scans = 1
drop_misses = 1
memory.tau_s = 0

[site_classes.post.identification]
over = "affiliations"
interval_s = 20
combine = "single"
appearance.tau_s = 0
[site_classes.post.identification.actual]
friend = { hostile = 1 }
neutral = { hostile = 0.2, unknown = 0.8 }
hostile = { hostile = 1 }

[nodes.desk]
side = "watchers"

[sites.here]
class = "post"
side = "watchers"
position.at = { east_m = 0, north_m = 0 }
command = { node = "desk" }

[rules.weapons_control]
status = "tight"

[flights.guest]
aircraft = "dot"
side = "guests"
turns = "instant"
route.orbit = { center = { east_m = 0, north_m = 0 }, radius_m = 15_000, station_h = 2 }
"#;

/// The same, looked at once; who is taken for hostile is fired at.
const ONE_LOOK: [&str; 4] = [
    "duration_h=0.1",
    "site_classes.post.identification.interval_s=31622400",
    "site_classes.post.identification.actual.neutral={hostile=0.02,unknown=0.98}",
    "site_classes.post.weapon={max_range_m=100000,reaction={fixed={delay_s=0}},doctrine={salvo={missiles=4}},kill_probability=0.5,magazine=4}",
];

/// The share of 150 experiments of n replications whose interval holds the truth.
fn held(changes: &[&str], n: u64, measure: &str, truth: f64) -> f64 {
    const EXPERIMENTS: u64 = 150;
    let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
    let scenario = Scenario::parse(LOOKS, "looks.toml", &changes)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let columns = Arc::new(Columns::new(&scenario.cast));
    let engine = Engine::default();
    let holds = (0..EXPERIMENTS).filter(|&seed| {
        let mut estimator = Estimator::new(Arc::clone(&columns));
        for index in 0..n {
            let replication = Replication { seed, index };
            let log = engine.simulate(&scenario, replication, Detail::Measures);
            estimator.add(index, &columns.measure(&log));
        }
        let cells = estimator.cells(0.95);
        let cell: &Cell = cells.iter().find(|cell| cell.name == measure).unwrap();
        cell.value.low <= truth && truth <= cell.value.high
    });
    holds.count() as f64 / EXPERIMENTS as f64
}

/// .93 less 3.5 standard errors of 150 experiments.
const LEAST: f64 = 0.93 - 0.073;

/// The time of the k-th look from the first on is 20 (k - 1) s: 1 - .8^4 = .59 have an identity at 60 s, 1 - .8^3 = .488 before; 1 - .8^11 =
/// .914 at 200 s, 1 - .8^10 = .893 before.
#[test]
fn quantiles_of_times_on_a_grid_hold() {
    for n in [30, 100] {
        for (measure, truth) in [
            ("time_to_identify_median_s", 60.0),
            ("time_to_identify_90_percent_s", 200.0),
        ] {
            let held = held(&[], n, measure, truth);
            assert!(held >= LEAST, "{measure}, {n}: {held}");
        }
    }
}

/// One replication in fifty has four shots at once: .08 a replication, and in 100 replications none at all in 13 of 100.
#[test]
fn rates_of_what_comes_at_once_hold() {
    let held = held(&ONE_LOOK, 100, "wrong_shots_per_replication", 0.08);
    assert!(held >= LEAST, "{held}");
}

/// One missile that hits with .97: in 60 replications all hit in 16 of 100.
#[test]
fn a_rate_that_hardly_varies_holds() {
    let mut changes = ONE_LOOK;
    changes[2] = "site_classes.post.identification.actual.neutral={hostile=1,unknown=0}";
    changes[3] = "site_classes.post.weapon={max_range_m=100000,reaction={fixed={delay_s=0}},doctrine={salvo={missiles=1}},kill_probability=0.97,magazine=1}";
    let held = held(
        &changes,
        60,
        "kills_per_replication[affiliation=neutral]",
        0.97,
    );
    assert!(held >= LEAST, "{held}");
}
