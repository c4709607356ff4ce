//! Each mechanism of identification by itself: that it alone can cause a wrong shot, and what alone can prevent it.
//!
//! One site sees everything and declares nothing, one protected aircraft flies past at 10 km. Without any ID source the site holds
//! it Unknown and, being tight, does not fire. Nothing is left to chance: every probability is 0 or 1, so one
//! replication tells.

use deconflict::record::{Affiliation, Detail, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

const BASE: &str = r#"
title = "one site, one aircraft"
start_utc = "2020-01-01T10:00:00Z"
duration_h = 0.25

[sides]
shooter = {}
other = {}
enemy = {}

[relations.shooter]
other = "neutral"
enemy = "hostile"

[aircraft.transport]
cruise_mps = 100
altitude_m = 3000
rcs_m2 = 1
critical_dimension_m = 30
source = "invented"

[aircraft.raider]
cruise_mps = 40
altitude_m = 3000
rcs_m2 = 1
critical_dimension_m = 30
source = "invented"

[nodes.others]
side = "other"

[zones.base]
area.circle = { center = { east_m = -40_000, north_m = 10_000 }, radius_m = 5_000 }

[zones.lane]
area.box = { south_west = { east_m = -50_000, north_m = 8_000 }, north_east = { east_m = 50_000, north_m = 12_000 } }

[corridors.airway]
points = [{ east_m = -50_000, north_m = 10_000 }, { east_m = 50_000, north_m = 10_000 }]
half_width_m = 2_000
floor_m = 1_000
top_m = 5_000

[nodes.shooters]
side = "shooter"

[flights.guest]
aircraft = "transport"
side = "other"
turns = "instant"
route.waypoints.points = [{ east_m = -40_000, north_m = 10_000 }, { east_m = 40_000, north_m = 10_000 }]

[site_classes.battery]
source = "invented"

[site_classes.battery.sensor]
model.disc = { range_m = 60_000, detection = 1 }
scan_s = 2
scan_phase.fixed = { first_s = 1 }

[site_classes.battery.tracker]
confirm_hits = 1
confirm_scans = 1
drop_misses = 3

[site_classes.battery.identification]
over = "types"
interval_s = 10
prior = { transport = 1, raider = 1 }

[site_classes.battery.identification.actual]
transport = { unknown = 1 }
raider = { unknown = 1 }

[site_classes.battery.identification.affiliations]
transport = { neutral = 1 }
raider = { hostile = 1 }

[site_classes.battery.weapon]
max_range_m = 20_000
reaction.fixed = { delay_s = 10 }
doctrine.salvo = { missiles = 1 }
kill_probability = 1
magazine = 20

[sites.site]
class = "battery"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }
command.node = "shooters"
"#;

const CLASS: &str = "site_classes.battery";

/// The base with changes: those that begin with a bracket are tables to add, the others are overrides.
fn scenario(changes: &[&str]) -> Scenario {
    let (tables, overrides): (Vec<&str>, Vec<&str>) =
        changes.iter().partition(|change| change.starts_with('['));
    let overrides: Vec<String> = overrides
        .iter()
        .map(|change| change.replace("CLASS", CLASS))
        .collect();
    let text = format!("{BASE}\n{}", tables.join("\n"));
    Scenario::parse(&text, "mechanisms.toml", &overrides)
        .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn fly(changes: &[&str]) -> EventLog {
    simulate(
        &scenario(changes),
        Replication { seed: 1, index: 0 },
        Detail::Full,
    )
}

/// Shots at aircraft that are friend or neutral to the shooter.
fn wrong_shots(log: &EventLog) -> usize {
    let wrong = |fact: &Fact| match *fact {
        Fact::ShotFired { site, .. } => fact
            .aircraft()
            .is_some_and(|aircraft| log.affiliation(site, aircraft) != Affiliation::Hostile),
        _ => false,
    };
    log.events.iter().filter(|event| wrong(&event.fact)).count()
}

/// What the site made of the aircraft in the end, for a test that fails.
fn told(log: &EventLog) -> String {
    let last =
        |wanted: fn(&Fact) -> bool| log.events.iter().rev().find(|event| wanted(&event.fact));
    format!(
        "{:#?} {:#?}",
        last(|fact| matches!(fact, Fact::Declared { .. })),
        last(|fact| matches!(fact, Fact::ShotDeclined { .. }))
    )
}

/// With `setting` alone nothing happens; with `cause` besides there is a wrong shot; each of `cures` besides prevents it.
fn alone_causes(setting: &[&str], cause: &[&str], cures: &[&[&str]]) {
    let with = |more: &[&[&str]]| wrong_shots(&fly(&[setting, &more.concat()].concat()));
    assert_eq!(with(&[]), 0, "{setting:?} without {cause:?}");
    let log = fly(&[setting, cause].concat());
    assert!(
        wrong_shots(&log) > 0,
        "{cause:?} causes nothing: {}",
        told(&log)
    );
    for cure in cures {
        assert_eq!(
            with(&[cause, cure]),
            0,
            "{cure:?} does not prevent {cause:?}"
        );
    }
}

const CORRIDOR: &str = "rules.corridors={ compliance = 1 }";
const HOTLINE: &str = "rules.hotline_query={ nodes = [\"others\", \"shooters\"], \
    latency.fixed = { delay_s = 5 }, timeout_s = 60, valid_s = 3600 }";
const CALL: &str = "rules.challenge={ answers = { other = 1 }, delay.fixed = { delay_s = 5 }, \
    assumed = { friend = 0.5, neutral = 0.9, hostile = 0.0001 } }";
const OPTICS: &str = "CLASS.identification.optical={ ifov_mrad = 0.05, interval_s = 10, day = { from_h = 6, to_h = 18 }, night_factor = 0, \
    actual = { transport = { transport = 1 }, raider = { raider = 1 } }, \
    assumed = { transport = { transport = 0.99, raider = 0.01 }, raider = { transport = 0.01, raider = 0.99 } } }";

/// What stands between an Unknown and a Hostile: the site expects raiders, and has one ID source that says otherwise.
const ALARMED: &str = "CLASS.identification.prior={ transport = 1, raider = 99 }";

#[test]
fn an_unknown_is_not_fired_at() {
    assert_eq!(wrong_shots(&fly(&[])), 0);
}

#[test]
fn iff_that_is_off_mis_keyed_or_not_heard_costs_a_friend() {
    let friend = [
        "flights.guest.side=\"shooter\"",
        "flights.guest.equipment={ iff = { on = 1 } }",
        "CLASS.identification.affiliations.transport={ friend = 0.3, neutral = 0, hostile = 0.7 }",
        "CLASS.identification.iff={ interval_s = 10, assumed = { friend = 0.99, neutral = 0, hostile = 0.0001 } }",
    ];
    for cause in [
        "flights.guest.equipment.iff.on=0",
        "CLASS.identification.iff.key_mismatch_per_day=1",
        "CLASS.identification.faults={ interrogator_per_hour = 1 }",
    ] {
        alone_causes(&friend, &[cause], &[&[CORRIDOR], &[HOTLINE]]);
    }
}

#[test]
fn a_transponder_that_is_off_or_not_heard_costs_a_neutral() {
    let neutral = [
        ALARMED,
        "flights.guest.equipment={ transponder = { on = 1 } }",
        "CLASS.identification.transponder={ interval_s = 10, plain = { friend = 0.5, neutral = 0.9, hostile = 0.0001 } }",
    ];
    for cause in [
        "flights.guest.equipment.transponder.on=0",
        "CLASS.identification.faults={ receiver_per_hour = 1 }",
    ] {
        alone_causes(&neutral, &[cause], &[&[CORRIDOR], &[HOTLINE]]);
    }
}

#[test]
fn optics_help_by_day_and_in_clear_air() {
    let seen = [
        ALARMED,
        OPTICS,
        "rules.hostile_criteria={ threshold = 0.9, id_sources = 1, declarations = 0 }",
    ];
    for cause in [
        "start_utc=\"2020-01-01T22:00:00Z\"",
        "CLASS.identification.faults={ haze_per_hour = 1 }",
        "CLASS.identification.optical.ifov_mrad=5",
    ] {
        // Somebody must have spoken before a track is Hostile: where it came from does.
        let wary = "CLASS.identification.origin={ first_seen = [{ zone = \"base\", inside = { friend = 0.3, neutral = 0.3, hostile = 0.4 } }] }";
        let setting = [&seen[..], &[wary]].concat();
        alone_causes(&setting, &[cause], &[&[CORRIDOR], &[HOTLINE]]);
    }
}

#[test]
fn who_flies_like_a_raider_or_comes_from_its_base_is_taken_for_one() {
    let profile = [
        "CLASS.identification.profile={ rows = { transport = { speed_mps = 100, speed_sigma_mps = 10, altitude_m = 3000, altitude_sigma_m = 500 }, \
         raider = { speed_mps = 40, speed_sigma_mps = 10, altitude_m = 3000, altitude_sigma_m = 500 } } }",
    ];
    alone_causes(
        &profile,
        &["flights.guest.speed_mps=40"],
        &[&[CORRIDOR], &[HOTLINE]],
    );
    let origin = [
        "CLASS.identification.origin={ first_seen = [{ zone = \"base\", inside = { friend = 0.01, neutral = 0.01, hostile = 0.9 } }] }",
        "flights.guest.route.waypoints.points=[{ east_m = -50_000, north_m = 10_000 }, { east_m = 40_000, north_m = 10_000 }]",
    ];
    let from_base = "flights.guest.route.waypoints.points=[{ east_m = -40_000, north_m = 10_000 }, { east_m = 40_000, north_m = 10_000 }]";
    alone_causes(&origin, &[from_base], &[&[CORRIDOR], &[HOTLINE]]);
}

#[test]
fn an_alert_turns_unknowns_into_hostiles() {
    let calm = [
        "CLASS.identification.operator={ accept_wrong = 1, reject_right = 0 }",
        "CLASS.identification.profile={ rows = { transport = { speed_mps = 100, speed_sigma_mps = 50, altitude_m = 3000, altitude_sigma_m = 500 }, \
         raider = { speed_mps = 40, speed_sigma_mps = 50, altitude_m = 3000, altitude_sigma_m = 500 } } }",
    ];
    let alert = "CLASS.identification.operator.expectancy={ log_odds = 4, duration_s = 600, alerts_h = [0] }";
    alone_causes(&calm, &[alert], &[&[CORRIDOR], &[HOTLINE]]);
}

#[test]
fn an_operator_who_trusts_a_wrong_aid_fires() {
    let misled = [
        "flights.guest.speed_mps=40",
        "CLASS.identification.profile={ rows = { transport = { speed_mps = 100, speed_sigma_mps = 10, altitude_m = 3000, altitude_sigma_m = 500 }, \
         raider = { speed_mps = 40, speed_sigma_mps = 10, altitude_m = 3000, altitude_sigma_m = 500 } } }",
        "CLASS.identification.operator={ sensitivity = 10, accept_wrong = 0, reject_right = 0 }",
    ];
    let trusts = "CLASS.identification.operator.accept_wrong=1";
    alone_causes(&misled, &[trusts], &[&[CORRIDOR], &[HOTLINE]]);
}

#[test]
fn a_misaligned_radar_moves_a_guest_out_of_its_corridor() {
    let protected = [
        ALARMED,
        CORRIDOR,
        "CLASS.identification.profile={ rows = { transport = { speed_mps = 100, speed_sigma_mps = 500, altitude_m = 3000, altitude_sigma_m = 500 }, \
         raider = { speed_mps = 40, speed_sigma_mps = 500, altitude_m = 3000, altitude_sigma_m = 500 } } }",
    ];
    let turned = "CLASS.identification.faults={ misalignment = { probability_per_hour = 1, bearing_deg = 105 } }";
    // Whoever is asked about a place is asked about the wrong one; a call reaches the guest wherever he is held.
    alone_causes(&protected, &[turned], &[&[CALL]]);
    assert_eq!(
        wrong_shots(&fly(&[&protected[..], &[turned, HOTLINE]].concat())),
        1
    );
}

/// A surveillance site that takes the guest for a raider, and a shooter that takes its word or not.
#[test]
fn a_shared_wrong_identity_is_fired_on() {
    let linked = [r#"[site_classes.watch]
        source = "invented"
        sensor = { model.disc = { range_m = 60_000, detection = 1 }, scan_s = 2 }
        tracker = { confirm_hits = 1, confirm_scans = 1, drop_misses = 3 }
        [site_classes.watch.identification]
        over = "types"
        interval_s = 10
        actual = { transport = { raider = 1 }, raider = { raider = 1 } }
        assumed = { transport = { transport = 1 }, raider = { raider = 1 } }
        affiliations = { transport = { neutral = 1 }, raider = { hostile = 1 } }
        [sites.radar]
        class = "watch"
        side = "shooter"
        position.at = { east_m = 0, north_m = -5_000 }
        [track_links.report]
        from = "radar"
        to = "site"
        identity = "ignore""#];
    let taken = "track_links.report.identity=\"fill\"";
    alone_causes(
        &linked,
        &[taken],
        &[&[CORRIDOR], &[HOTLINE], &["track_links.report.delivery=0"]],
    );
    let later = "track_links.report.latency={ fixed = { delay_s = 900 } }";
    alone_causes(&linked, &[taken], &[&[later]]);
    // The shooter sees nothing itself: it may fire at what it is told of, or not.
    let blind = [
        &linked[..],
        &[
            "CLASS.sensor.model.disc.detection=0",
            "track_links.report.identity=\"fill\"",
        ],
    ]
    .concat();
    // What it is told of it holds against the plans in hand as it does its own tracks, and anew when one comes.
    let planned = |notice_s: &str| {
        vec![
            format!("flights.guest.plan={{ addressees = [\"shooters\"], notice_s = {notice_s} }}"),
            "site_classes.battery.identification.flight_plan={ lateral_gate_m = 2_000, window_s = 60 }".to_owned(),
            "rules.flight_plan_notice={}".to_owned(),
            "CLASS.identification.interval_s=600".replace("CLASS", CLASS),
            "sites.site.command.latency={ fixed = { delay_s = 100 } }".to_owned(),
        ]
    };
    let (before, between) = (planned("3_600"), planned("0"));
    let [before, between] = [&before, &between].map(|plan| {
        let plan: Vec<&str> = plan.iter().map(String::as_str).collect();
        plan
    });
    alone_causes(
        &blind,
        &["track_links.report.engage=true"],
        &[&[CORRIDOR], &[HOTLINE], &before, &between],
    );
}

/// Clutter alone: tracks of nothing, and shots at them where weapons are free.
#[test]
fn false_tracks_are_fired_at_where_weapons_are_free() {
    let clutter = [
        "flights.guest.route.waypoints.points=[{ east_m = 400_000, north_m = 0 }, { east_m = 410_000, north_m = 0 }]",
        "CLASS.tracker.measurement={ range_sigma_m = 50, bearing_sigma_deg = 0.2, altitude_sigma_m = 100 }",
        "CLASS.tracker.filter={ acceleration_sigma_mps2 = 2, initial_speed_sigma_mps = 100 }",
        "CLASS.tracker.association={ nearest_neighbour = {} }",
        "CLASS.weapon.reaction.fixed.delay_s=1",
        "CLASS.tracker.false_alarms={ per_scan = 3, max_range_m = 20_000, max_altitude_m = 5_000 }",
    ];
    let shots_at_nothing = |more: &[&str]| {
        let log = fly(&[&clutter[..], more].concat());
        let at_nothing =
            |fact: &Fact| matches!(fact, Fact::ShotFired { .. }) && fact.aircraft().is_none();
        log.events
            .iter()
            .filter(|event| at_nothing(&event.fact))
            .count()
    };
    assert_eq!(shots_at_nothing(&[]), 0, "weapons tight");
    let free = "rules.weapons_control={ status = \"free\" }";
    assert!(shots_at_nothing(&[free]) > 0);
    assert_eq!(
        shots_at_nothing(&[free, "CLASS.tracker.false_alarms.per_scan=0"]),
        0
    );
    let stricter = [
        "CLASS.tracker.confirm_hits=5",
        "CLASS.tracker.confirm_scans=5",
    ];
    assert_eq!(shots_at_nothing(&[free, stricter[1], stricter[0]]), 0);
}

/// A raider, identified as such, crosses the way of a guest; the site loses which is which.
#[test]
fn a_swapped_track_takes_its_identity_along() {
    let crossing = [
        "CLASS.identification.actual={ transport = { transport = 1, unknown = 0 }, raider = { raider = 1, unknown = 0 } }",
        "CLASS.identification.assumed={ transport = { transport = 0.999, raider = 0.001 }, raider = { transport = 0.001, raider = 0.999 } }",
        "aircraft.raider.cruise_mps=100",
        // Side by side, the raider a little ahead, and over to the other side within a minute.
        r#"[flights.raider]
        aircraft = "raider"
        side = "enemy"
        turns = "instant"
        [flights.raider.route.waypoints]
        points = [
            { east_m = -40_000, north_m = 11_500 }, { east_m = -30_000, north_m = 11_500 },
            { east_m = -20_000, north_m = 8_500 }, { east_m = 40_000, north_m = 8_500 },
        ]"#,
        "CLASS.tracker.measurement={ range_sigma_m = 300, bearing_sigma_deg = 1.5, altitude_sigma_m = 500 }",
        "CLASS.tracker.filter={ acceleration_sigma_mps2 = 1, initial_speed_sigma_mps = 100 }",
        // The sites looks seldom again once it has decided what a track is.
        "CLASS.identification.interval_s=300",
        "CLASS.tracker.drop_misses=5",
        "CLASS.weapon.reaction.fixed.delay_s=1",
    ];
    let mistaken = |more: &[&str]| {
        let scenario = scenario(&[&crossing[..], more].concat());
        let fly = |index| simulate(&scenario, Replication { seed: 1, index }, Detail::Measures);
        (0..100)
            .filter(|&index| wrong_shots(&fly(index)) > 0)
            .count()
    };
    let nearest = "CLASS.tracker.association={ nearest_neighbour = {} }";
    assert_eq!(mistaken(&[]), 0, "perfect association");
    let swapped = mistaken(&[nearest]);
    assert!(swapped > 10, "{swapped} of 100");
    assert_eq!(
        mistaken(&[nearest, CORRIDOR, "corridors.airway.half_width_m=3_000"]),
        0
    );
    assert_eq!(mistaken(&[nearest, HOTLINE]), 0);
}
