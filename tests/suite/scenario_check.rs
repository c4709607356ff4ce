//! What the checker says: one bad scenario a kind of problem, with the place it must point at.

use std::fs;
use std::path::Path;

use deconflict::geometry::Area;
use deconflict::platform::{Pattern, Route, Start};
use deconflict::record::Affiliation;
use deconflict::scenario::{LoadError, Scenario, schema};
use deconflict::theatre::Position;
use deconflict::units::Millis;
use proptest::prelude::*;

use crate::support::Said;

const GOOD: &str = r#"title = "A small scenario"
start_utc = "2019-11-21T06:00:00Z"
duration_h = 4
origin = { lat = 32.60, lon = 13.30 }

[sides.gna]
[sides.lna]
[sides.us]

[relations.lna]
gna = "hostile"
us = "neutral"

[places.tarhuna]
lat = 32.43
lon = 13.63

[aircraft.tb2]
cruise_mps = 40
altitude_m = 5_000
min_speed_mps = 20
max_speed_mps = 61
ceiling_m = 8200
bank_deg = 30
rcs_m2 = 0.5

[aircraft.mq9]
cruise_mps = 85
altitude_m = 6000
bank_deg = 25
rcs_m2 = 2.0

[flights.us-recon]
aircraft = "mq9"
side = "us"
route.racetrack = { ingress = [{ lat = 33.2, lon = 13.3 }], from = "tarhuna", to = "33SUS3434", radius_m = 2000, station_h = 1 }
plan = { addressees = ["tripoli-ops"], notice_s = 3600 }

[flights.tb2]
aircraft = "tb2"
side = "gna"
start.departs = { after_s = 600, delay.uniform = { min_s = 0, max_s = 60 } }
route.waypoints.points = [{ east_m = 0, north_m = 0 }, { at = "tarhuna", altitude_m = 4000 }]

[site_classes.a.sensor]
scan_s = 3
scan_phase.fixed = { first_s = 1 }
model.disc = { range_m = 20000, detection = 0.9 }

[site_classes.a.tracker]
confirm_hits = 2
confirm_scans = 3
drop_misses = 5

[site_classes.a.identification]
over = "types"
interval_s = 10

[site_classes.a.identification.actual]
mq9 = { mq9 = 0.5, tb2 = 0.3, unknown = 0.2 }
tb2 = { tb2 = 0.8, unknown = 0.2 }

[site_classes.a.identification.affiliations]
mq9 = { neutral = 1 }
tb2 = { hostile = 1 }

[site_classes.a.weapon]
max_range_m = 20000
reaction.fixed = { delay_s = 20 }
doctrine.salvo = { missiles = 2 }
kill_probability = 0.6
magazine = 12

[sites.se]
class = "a"
side = "lna"
position.drawn_in.circle = { center = "tarhuna", radius_m = 5000 }
count = { min = 2, max = 4 }
command = { node = "lna-ops" }

[nodes.tripoli-ops]
side = "gna"
[nodes.lna-ops]
side = "lna"

[links.hotline]
from = "tripoli-ops"
to = "lna-ops"
delivery = 0.9

[zones.south]
area.sector = { center = "tarhuna", max_range_m = 30000, from_deg = 90, to_deg = 270 }
top_m = 9000

[rules.weapons_control]
zones = [{ zone = "south", status = "free", from_h = 1, until_h = 2 }]
[rules.flight_plan_notice]
"#;

fn parse(text: &str) -> Result<Scenario, LoadError> {
    Scenario::parse(text, "s.toml", &[])
}

fn set(overrides: &[&str]) -> Result<Scenario, LoadError> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Scenario::parse(GOOD, "s.toml", &overrides)
}

/// What `"none"` takes away is as if nobody had said it, in a file over another as on the command line.
#[test]
fn none_takes_away_what_was_said() {
    let without = |set_it: &str, set: &[&str]| {
        let base = GOOD.replace("[rules.flight_plan_notice]\n", set_it);
        let overrides: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
        Scenario::parse(&base, "s.toml", &overrides).map(|scenario| scenario.file)
    };
    let plain = without("", &[]).unwrap();
    assert!(plain != without("[rules.flight_plan_notice]\n", &[]).unwrap());
    for set in [
        "rules.flight_plan_notice=none",
        "rules.flight_plan_notice=\"none\"",
        "rules={ flight_plan_notice = \"none\" }",
    ] {
        assert!(
            without("[rules.flight_plan_notice]\n", &[set]).unwrap() == plain,
            "{set}"
        );
        assert!(without("", &[set]).unwrap() == plain, "{set}");
    }
    // Where a text may stand, it is one.
    let named = set(&["title=none"]).unwrap();
    assert_eq!(named.file.title, "none");
    let missing = set(&["duration_h=none"]).unwrap_err().to_string();
    assert!(missing.contains("duration_h"), "{missing}");
}

/// Replaces `from` in the good scenario; the one `^` in what replaces it marks where the caret belongs.
fn spoil(from: &str, to: &str) -> (String, Option<String>) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} must occur once");
    let marked = GOOD.replace(from, to);
    let place = marked.find('^').map(|offset| {
        let before = &marked[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        format!("s.toml:{line}:{column}")
    });
    (marked.replace('^', ""), place)
}

/// What is said of a spoilt scenario, whole, and that it points at the mark.
fn spoilt(said: &mut Said, from: &str, to: &str) {
    let (text, place) = spoil(from, to);
    held(said, &format!("{from} -> {to}"), &text, place);
}

fn held(said: &mut Said, what: &str, text: &str, place: Option<String>) {
    let error = parse(text).expect_err(what);
    let places = error
        .problems
        .iter()
        .filter_map(|problem| error.place(problem));
    let places: Vec<String> = places
        .map(|(name, line, column)| format!("{name}:{line}:{column}"))
        .collect();
    if let Some(place) = place {
        assert!(
            places.contains(&place),
            "{what}: {place} is not among {places:?}"
        );
    }
    said.add(what, &error.render(false));
}

#[test]
fn the_good_scenario_is_good() {
    let scenario = parse(GOOD).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(scenario.cast.flights, ["tb2", "us-recon"]);
    assert_eq!(scenario.sample_pictures_every, None);
    let sampled = GOOD.replace(
        "duration_h = 4",
        "duration_h = 4\nair_picture.sample_every_s = 90",
    );
    let sampled = parse(&sampled).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(sampled.sample_pictures_every, Some(Millis(90_000)));
    assert!(!scenario.classes[0].tracker.jointly());
    // gna, lna, us
    assert_eq!(
        scenario.cast.relations[1],
        [
            Affiliation::Hostile,
            Affiliation::Friend,
            Affiliation::Neutral
        ]
    );
    assert_eq!(scenario.cast.coordinated, [[false], [true]]);
    assert_eq!(scenario.cast.classes[0].rows, ["mq9", "tb2"]);
    assert_eq!(scenario.sites[0].count, (2, 4));
    assert!(matches!(
        scenario.sites[0].position,
        Position::DrawnIn(Area::Circle { .. })
    ));
    assert!(matches!(
        scenario.zones[0].area,
        Area::Sector {
            width_deg: 180.0,
            ..
        }
    ));
    let tb2 = &scenario.flights[0];
    assert_eq!((tb2.speed_mps, tb2.count), (40.0, 1));
    assert!(matches!(tb2.start, Start::Departs { after_s: 600.0, .. }));
    let Route::Waypoints(points) = &tb2.route else {
        panic!("{:?}", tb2.route)
    };
    assert_eq!(
        (points[0].altitude_m, points[1].altitude_m),
        (5000.0, 4000.0)
    );
    assert_eq!(tb2.home, points[0].at);
    let Route::Station {
        ingress,
        pattern,
        station_s,
        ..
    } = &scenario.flights[1].route
    else {
        panic!("{:?}", scenario.flights[1].route)
    };
    assert_eq!(scenario.flights[1].home, ingress[0].at);
    assert_eq!(*station_s, 3600.0);
    assert!(matches!(pattern, Pattern::Racetrack { right: false, .. }));
}

#[test]
fn order_of_entries_changes_nothing() {
    let mut blocks: Vec<&str> = GOOD.split("\n\n").collect();
    let head = blocks.remove(0);
    blocks.reverse();
    let turned = format!("{head}\n\n{}\n", blocks.join("\n\n"));
    let (one, other) = (parse(GOOD).unwrap(), parse(&turned).unwrap());
    assert_eq!(one.file, other.file);
    assert_eq!(one.flights, other.flights);
    assert_eq!(one.cast, other.cast);
}

#[test]
fn coverage_follows_the_links_that_work() {
    let coordinated = |overrides: &[&str]| set(overrides).unwrap().cast.coordinated[1][0];
    assert!(coordinated(&[]));
    assert!(!coordinated(&["links.hotline.delivery=0"]));
    assert!(!coordinated(&["sites.se.command.delivery=0"]));
    assert!(!coordinated(&["flights.us-recon.plan.filed=0"]));
    assert!(!coordinated(&["flights.us-recon.plan.addressed=0"]));
    assert!(coordinated(&[
        "links.hotline.delivery=0",
        "flights.us-recon.plan.addressees=[\"lna-ops\"]"
    ]));
}

#[test]
fn shape() {
    let mut said = Said::default();
    for (from, to) in [
        ("duration_h = 4", "^duration_h = 0"),
        (
            "duration_h = 4",
            "duration_h = 4\nair_picture.^sample_every_s = 0.5",
        ),
        ("duration_h = 4", "^duration_h = 9000"),
        ("duration_h = 4", "^duration_h = nan"),
        ("duration_h = 4", "^duration_h = -inf"),
        ("duration_h = 4", "^duration_h = \"4\""),
        ("duration_h = 4", "duration_h = ^1e999"),
        ("duration_h = 4", "duration_h = ^99999999999999999999"),
        ("scan_s = 3", "^scan_s = 0"),
        ("mq9 = 0.5", "^mq9 = 1.5"),
        ("drop_misses = 5", "^drop_misses = 5.5"),
        ("drop_misses = 5\n", "drop_misses = 5\n^drop_hits = 1\n"),
        ("count = { min = 2, max = 4 }", "^count = \"two\""),
        ("count = { min = 2, max = 4 }", "^count = { min = 2 }"),
        ("model.disc = ", "model.^disk = "),
        (
            "model.disc = ",
            "model.radar = { r50_m = 1, false_alarm = 1e-6, max_range_m = 2 }\nmodel.^disc = ",
        ),
        ("status = \"free\"", "^status = \"fre\""),
        ("start.departs = {", "start.departs = { ^wait = 1,"),
        (
            "start.departs = { after_s = 600, delay.uniform = { min_s = 0, max_s = 60 } }",
            "^start = \"departs\"",
        ),
        ("{ lat = 33.2, lon = 13.3 }", "^{ lat = 33.2 }"),
        ("{ lat = 33.2, lon = 13.3 }", "{ ^lat = 95, lon = 13.3 }"),
        ("{ lat = 33.2, lon = 13.3 }", "^7"),
        ("{ lat = 33.2, lon = 13.3 }", "^{ x = 1 }"),
        ("kill_probability = 0.6\n", ""),
        ("[sides.us]", "[sides.us]\n[sides.^\"u s\"]"),
        ("[sides.us]", "[sides.us]\n[sides.^\"\"]"),
        ("[sides.us]", "[sides.us]\n[sides.^\"a/b\"]"),
        ("title = \"A small scenario\"", ""),
    ] {
        spoilt(&mut said, from, to);
    }
    said.is("scenario_shape");
}

#[test]
fn syntax() {
    let mut said = Said::default();
    let error = parse(&GOOD.replace("duration_h = 4", "duration_h = = 4")).unwrap_err();
    assert_eq!(error.place(&error.problems[0]), Some(("s.toml", 3, 14)));
    assert!(error.render(false).contains("error: syntax"));
    spoilt(&mut said, "[sides.us]", "[sides.^gna]");
    // Several errors of syntax in one text are all reported.
    let text = GOOD
        .replace("scan_s = 3", "scan_s = ")
        .replace("magazine = 12", "magazine = @");
    assert!(parse(&text).unwrap_err().problems.len() >= 2);
    said.is("scenario_syntax");
}

#[test]
fn dangling_names() {
    let mut said = Said::default();
    for (from, to) in [
        ("aircraft = \"mq9\"", "^aircraft = \"mq-9\""),
        ("side = \"us\"", "^side = \"usa\""),
        ("class = \"a\"", "^class = \"b\""),
        (
            "addressees = [\"tripoli-ops\"]",
            "addressees = [^\"tripoli-op\"]",
        ),
        (
            "command = { node = \"lna-ops\" }",
            "command = { ^node = \"lna\" }",
        ),
        ("to = \"lna-ops\"", "^to = \"lnaops\""),
        ("from = \"tarhuna\"", "^from = \"tarhunna\""),
        ("to = \"33SUS3434\"", "^to = \"33SIS3434\""),
        ("zone = \"south\"", "^zone = \"north\""),
        ("gna = \"hostile\"", "gna = \"hostile\"\n^gn = \"neutral\""),
        (
            "[rules.flight_plan_notice]",
            "[rules.hostile_criteria]\non.^type = \"tb3\"",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules.restricted_operations_zone]\nzone = \"south\"\nauthority = \"lna-ops\"\ncivil = [\"mq9\", ^\"airliner\"]",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules.hostile_criteria]\n^id_sources = 10",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules_of.lna.hotline_query]\nnodes = [^\"lna-opps\"]\n[rules.flight_plan_notice]",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules_of.lna.hostile_criteria]\non.^type = \"tb3\"\n[rules.flight_plan_notice]",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules_of.lna.^altitude_blocks]\n[rules.flight_plan_notice]",
        ),
        (
            "[rules.flight_plan_notice]",
            "[rules_of.^ina]\n[rules.flight_plan_notice]",
        ),
        ("us = \"neutral\"\n", ""),
    ] {
        spoilt(&mut said, from, to);
    }
    said.is("scenario_dangling_names");
}

#[test]
fn identification() {
    let mut said = Said::default();
    for (from, to) in [
        ("mq9 = { mq9 = 0.5,", "^mq9 = { mq9 = 0.6,"),
        (
            "tb2 = { tb2 = 0.8, unknown = 0.2 }",
            "tb2 = { tb2 = 0.8, ^unknow = 0.2 }",
        ),
        ("tb2 = { hostile = 1 }", "^tb2 = { hostile = 0 }"),
        (
            "[site_classes.a.identification.affiliations]\nmq9 = { neutral = 1 }",
            "[site_classes.a.identification.^affiliations]",
        ),
        (
            "interval_s = 10",
            "interval_s = 10\nprior = { mq9 = 1, tb2 = 1, ^f16 = 1 }",
        ),
        (
            "interval_s = 10",
            "interval_s = 10\n^prior = { mq9 = 0, tb2 = 0 }",
        ),
        ("interval_s = 10", "interval_s = 10\n^prior = { mq9 = 1 }"),
        (
            "interval_s = 10",
            "interval_s = 10\nidentity = { ^suspect = 0.8, hostile = 0.7 }",
        ),
        (
            "interval_s = 10",
            "interval_s = 10\nidentity = { friend = 0.5, ^assumed_friend = 0.7 }",
        ),
        (
            "interval_s = 10",
            "interval_s = 10\n^assumed = { mq9 = { mq9 = 1 }, tb2 = { tb2 = 1 } }",
        ),
        (
            "interval_s = 10",
            "interval_s = 10\n^assumed.mq9 = { mq9 = 0.5, tb2 = 0.3, unknown = 0.2 }",
        ),
    ] {
        spoilt(&mut said, from, to);
    }
    // Rows over affiliations must be the three affiliations.
    spoilt(&mut said, "over = \"types\"", "over = \"affiliations\"");
    said.is("scenario_identification");
}

/// ID sources and the operator of a class that is otherwise good.
const ID_SOURCES: &str = r#"interval_s = 10
iff = { interval_s = 10, reply = 0.95, key_mismatch_per_day = 0.02, spoof = 0.001, reliability = 0.9, max_age_s = 60 }
transponder.interval_s = 5
transponder.reception = 0.8
transponder.plain = { friend = 0.5, neutral = 0.7, hostile = 0.05 }
transponder.agreed = { friend = 0.2, neutral = 0.2, hostile = 0.001 }
optical = { interval_s = 5, ifov_mrad = 0.1, task = "recognise", night_factor = 0.2, day = { from_h = 5, to_h = 16 }, actual = { mq9 = { mq9 = 0.7, unknown = 0.3 }, tb2 = { tb2 = 1 } } }
profile.rows.mq9 = { speed_mps = 85, speed_sigma_mps = 10, altitude_m = 6000, altitude_sigma_m = 800 }
profile.rows.tb2 = { speed_mps = 40, speed_sigma_mps = 10, altitude_m = 5000, altitude_sigma_m = 800 }
origin.lanes = [{ zone = "south", inside = { friend = 0.6, neutral = 0.6, hostile = 0.1 } }]
faults = { interrogator_per_hour = 0.05, receiver_per_hour = 0.02, haze_per_hour = 0.1, misalignment = { probability_per_hour = 0.01, bearing_deg = 105 } }
operator.expectancy = { log_odds = 2.2, duration_s = 3600, alerts_h = [0.5, 2], after_engagement = true }
"#;

#[test]
fn cues_operator_and_equipment() {
    let mut said = Said::default();
    let (text, _) = spoil("interval_s = 10\n", ID_SOURCES);
    let equipped = text.replace(
        "plan = { addressees",
        "equipment = { iff = { on = 0.95 }, transponder = { on = 0.7, spoof = 0.1, agreed_squawk = true } }\nplan = { addressees",
    );
    let scenario = parse(&equipped).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let [tb2, recon] = &scenario.flights[..] else {
        panic!("{:?}", scenario.cast.flights)
    };
    assert_eq!(tb2.equipment, Default::default());
    assert_eq!(recon.equipment.iff.map(|iff| iff.on), Some(0.95));
    assert!(
        recon
            .equipment
            .transponder
            .is_some_and(|one| one.agreed_squawk)
    );
    assert!(scenario.classes[0].operator.is_some());
    assert!(scenario.classes[0].identifier.spec.asks_more());
    assert!(!parse(GOOD).unwrap().classes[0].identifier.spec.asks_more());
    // What is written is read again.
    let text = toml::to_string(&scenario.file).unwrap();
    assert_eq!(parse(&text).unwrap().file, scenario.file);

    for (from, to) in [
        ("reply = 0.95", "^reply = 1.5"),
        ("max_age_s = 60", "^max_age_s = 0"),
        ("spoof = 0.001", "^sproof = 0.001"),
        (
            "agreed = { friend = 0.2, neutral = 0.2",
            "agreed = { friend = 0.2, ^neutral = 0.4",
        ),
        ("ifov_mrad = 0.1", "^ifov_mrad = 0"),
        ("from_h = 5, to_h = 16", "from_h = 5, ^to_h = 5"),
        (
            "actual = { mq9 = { mq9 = 0.7",
            "actual = { ^mq9 = { mq9 = 0.6",
        ),
        (
            "actual = { mq9 = { mq9 = 0.7, unknown = 0.3 }, tb2",
            "^actual = { tb2",
        ),
        (
            "tb2 = { tb2 = 1 } } }",
            "tb2 = { tb2 = 1 }, ^f16 = { unknown = 1 } } }",
        ),
        (
            "tb2 = { tb2 = 1 } } }",
            "tb2 = { tb2 = 1 } }, ^assumed = { tb2 = { tb2 = 1 } } }",
        ),
        ("profile.rows.tb2", "profile.rows.^tb"),
        (
            "speed_mps = 40, speed_sigma_mps = 10",
            "speed_mps = 40, ^speed_sigma_mps = 0",
        ),
        ("lanes = [{ zone = \"south\"", "lanes = [{ ^zone = \"sout\""),
        (
            "hostile = 0.1 } }]",
            "hostile = 0.1 } }, { ^zone = \"south\", inside = { friend = 0, neutral = 0, hostile = 0 } }]",
        ),
        (
            "origin.lanes = [{ zone = \"south\", inside = { friend = 0.6, neutral = 0.6, hostile = 0.1 } }]",
            "^origin = {}",
        ),
        ("bearing_deg = 105", "^bearing_deg = 200"),
        (
            "alerts_h = [0.5, 2], after_engagement = true",
            "after_engagement = false",
        ),
        ("alerts_h = [0.5, 2]", "alerts_h = [0.5, ^-2]"),
    ] {
        assert_eq!(
            ID_SOURCES.matches(from).count(),
            1,
            "{from:?} must occur once"
        );
        let (text, place) = spoil("interval_s = 10\n", &ID_SOURCES.replace(from, to));
        held(&mut said, &format!("{from} -> {to}"), &text, place);
    }
    // Two zones whose probabilities add up to more than 1.
    held(&mut said, "two lanes", &text_with_two_lanes(), None);
    said.is("scenario_id_sources_operator_and_equipment");
}

fn text_with_two_lanes() -> String {
    let lane = |zone| {
        format!(
            "{{ zone = \"{zone}\", inside = {{ friend = 0.6, neutral = 0.5, hostile = 0.1 }} }}"
        )
    };
    let lanes = format!(
        "interval_s = 10\norigin.first_seen = [{}, {}]\n",
        lane("south"),
        lane("north")
    );
    let north = "[zones.north]\narea.circle = { center = \"tarhuna\", radius_m = 1000 }\n\n[rules.weapons_control]";
    spoil("interval_s = 10\n", &lanes)
        .0
        .replace("[rules.weapons_control]", north)
}

#[test]
fn a_flown_type_needs_a_row() {
    let (text, _) = spoil("mq9 = { mq9 = 0.5, tb2 = 0.3, unknown = 0.2 }\n", "");
    let text = text.replace("mq9 = { neutral = 1 }\n", "");
    let error = parse(&text).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{}", error.render(false));
    assert!(
        error.problems[0]
            .message
            .contains("lacks the row mq9, the type of flight us-recon")
    );
    assert_eq!(error.problems[0].marks.len(), 2);
}

#[test]
fn a_matrix_has_at_most_fifteen_rows() {
    let mut text = GOOD.to_owned();
    for index in 0..14 {
        text.push_str(&format!(
            "[aircraft.x{index}]\ncruise_mps = 1\naltitude_m = 1\nrcs_m2 = 1\n\
             [site_classes.a.identification.actual.x{index}]\nunknown = 1\n\
             [site_classes.a.identification.affiliations.x{index}]\nhostile = 1\n"
        ));
    }
    let error = parse(&text).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{}", error.render(false));
    assert!(
        error.problems[0]
            .message
            .contains("has 16 rows; expected at most 15")
    );
}

#[test]
fn flights_and_routes() {
    let mut said = Said::default();
    let two = "points = [{ east_m = 0, north_m = 0 }, { at = \"tarhuna\", altitude_m = 4000 }]";
    for (from, to) in [
        (two, "^points = []"),
        (two, "^points = [\"tarhuna\"]"),
        (two, "points = [\"tarhuna\", ^\"tarhuna\"]"),
        (
            "route.waypoints.points = [{ east_m = 0, north_m = 0 }, {",
            "route.loop.points = [\"tarhuna\", { east_m = 0, north_m = 0 }, ^{",
        ),
        ("altitude_m = 4000", "^altitude_m = 9000"),
        (
            "side = \"gna\"\nstart",
            "side = \"gna\"\n^altitude_m = 9000\nstart",
        ),
        (
            "side = \"gna\"\nstart",
            "side = \"gna\"\n^speed_mps = 62\nstart",
        ),
        (
            "side = \"gna\"\nstart",
            "side = \"gna\"\n^speed_mps = 10\nstart",
        ),
        ("altitude_m = 5_000", "^altitude_m = 9_000"),
        ("cruise_mps = 40", "^cruise_mps = 70"),
        (
            "min_speed_mps = 20\nmax_speed_mps = 61\n",
            "^min_speed_mps = 50\nmax_speed_mps = 40\n",
        ),
        ("bank_deg = 30\n", ""),
        ("radius_m = 2000", "^radius_m = 1500"),
        (
            "from = \"tarhuna\", to = \"33SUS3434\"",
            "from = \"tarhuna\", ^to = \"tarhuna\"",
        ),
        ("{ lat = 33.2, lon = 13.3 }", "^{ lat = 60, lon = 13.3 }"),
        ("lat = 32.43", "lat = 3.243"),
        ("min_s = 0, max_s = 60", "^min_s = 90, max_s = 60"),
        (
            "notice_s = 3600 }",
            "notice_s = 3600, ^amendment = { probability = 1, departs_later_s = 1, notice_s = 60 } }",
        ),
        (
            "notice_s = 3600 }\n",
            "notice_s = 3600, amendment = { probability = 1, departs_later_s = 1, ^notice_s = 7200 } }\nstart.departs.after_s = 1\n",
        ),
    ] {
        spoilt(&mut said, from, to);
    }
    said.is("scenario_flights_and_routes");
}

#[test]
fn sites_zones_and_links() {
    let mut said = Said::default();
    for (from, to) in [
        (
            "count = { min = 2, max = 4 }",
            "count = { ^min = 5, max = 4 }",
        ),
        (
            "max_range_m = 20000\n",
            "max_range_m = 20000\n^min_range_m = 20000\n",
        ),
        (
            "magazine = 12",
            "magazine = 12\nmin_altitude_m = 500\n^max_altitude_m = 400",
        ),
        ("confirm_hits = 2", "^confirm_hits = 4"),
        (
            "confirm_hits = 2",
            "confirm_hits = 2\n^association = { nearest_neighbour = {} }",
        ),
        (
            "confirm_hits = 2",
            "confirm_hits = 2\nfilter = { acceleration_sigma_mps2 = 1, initial_speed_sigma_mps = 80 }\n\
             ^false_alarms = { per_scan = 1, max_range_m = 20000, max_altitude_m = 9000 }",
        ),
        (
            "confirm_hits = 2",
            "confirm_hits = 2\nfilter = { acceleration_sigma_mps2 = 1, initial_speed_sigma_mps = 80 }\n\
             measurement = { range_sigma_m = 50, bearing_sigma_deg = 0.5, altitude_sigma_m = 200 }\n\
             false_alarms = { per_scan = 1, max_range_m = 20000, ^min_altitude_m = 9001, max_altitude_m = 9000 }",
        ),
        ("first_s = 1", "^first_s = 4"),
        ("to = \"lna-ops\"", "^to = \"tripoli-ops\""),
        ("top_m = 9000", "top_m = 9000\n^floor_m = 9000"),
        (
            "max_range_m = 30000",
            "^min_range_m = 30000, max_range_m = 30000",
        ),
        ("from_deg = 90, to_deg = 270", "from_deg = 90, ^to_deg = 90"),
        ("from_h = 1, until_h = 2", "from_h = 2, ^until_h = 2"),
        (
            "drawn_in.circle = { center = \"tarhuna\", radius_m = 5000 }",
            "drawn_in.box = { south_west = \"tarhuna\", ^north_east = { east_m = 90000, north_m = -90000 } }",
        ),
        (
            "start_utc = \"2019-11-21T06:00:00Z\"",
            "^start_utc = \"21 Nov 2019\"",
        ),
        (
            "start_utc = \"2019-11-21T06:00:00Z\"",
            "^start_utc = \"9999-12-30T21:00:00Z\"",
        ),
    ] {
        spoilt(&mut said, from, to);
    }
    said.is("scenario_sites_zones_and_links");
}

#[test]
fn an_armed_class_needs_a_row_for_the_type_that_is_hostile() {
    let text = GOOD.replace(
        "[rules.flight_plan_notice]",
        "[rules.hostile_criteria]\non.type = \"c130\"",
    ) + "[aircraft.c130]\ncruise_mps = 100\naltitude_m = 1000\nrcs_m2 = 30\n";
    let error = parse(&text).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{}", error.render(false));
    assert!(
        error.problems[0]
            .message
            .contains("armed class a has no row")
    );
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = GOOD
        .replace("duration_h = 4", "duration_h = 0")
        .replace("scan_s = 3", "scan_z = 3")
        .replace("mq9 = { mq9 = 0.5", "mq9 = { mq9 = 0.7")
        .replace("class = \"a\"", "class = 5")
        .replace("count = { min = 2,", "count = { min = 7,")
        .replace("altitude_m = 4000", "altitude_m = 9000")
        .replace("to = \"lna-ops\"", "to = \"nobody\"");
    let error = parse(&text).unwrap_err();
    let mut places: Vec<&str> = error
        .problems
        .iter()
        .map(|problem| problem.key_path.as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "duration_h",
            "flights.tb2.route.waypoints.points[1].altitude_m",
            "links.hotline.to",
            "site_classes.a.identification.actual.mq9",
            "site_classes.a.sensor",
            "site_classes.a.sensor.scan_z",
            "sites.se.class",
            "sites.se.count.min",
        ],
        "{}",
        error.render(false)
    );
}

#[test]
fn overrides() {
    assert_eq!(set(&["duration_h=2.5"]).unwrap().file.duration_h, 2.5);
    assert_eq!(set(&["title=two words"]).unwrap().file.title, "two words");
    assert_eq!(set(&["title=\"a = b\""]).unwrap().file.title, "a = b");
    // The last one wins, and missing tables that the schema knows are made.
    let scenario = set(&[
        "rules.hostile_criteria.id_sources=2",
        "rules.hostile_criteria.id_sources=3",
    ])
    .unwrap();
    assert_eq!(scenario.file.rules.hostile_criteria.unwrap().id_sources, 3);
    // Another variant replaces; the same one merges.
    let moved = set(&["sites.se.position.at=tarhuna"]).unwrap();
    assert!(matches!(moved.sites[0].position, Position::At(_)));
    let wider = set(&["sites.se.position.drawn_in.circle.radius_m=6000"]).unwrap();
    assert!(matches!(
        wider.sites[0].position,
        Position::DrawnIn(Area::Circle {
            radius_m: 6000.0,
            ..
        })
    ));
    assert_eq!(set(&["sites.se.count=3"]).unwrap().sites[0].count, (3, 3));
    assert!(matches!(
        set(&["flights.us-recon.start.poisson.rate_per_day=4"])
            .unwrap()
            .flights[1]
            .start,
        Start::Poisson {
            rate_per_day: 4.0,
            at_altitude: false,
        }
    ));
    // Cells of a matrix.
    let cells = [
        "site_classes.a.identification.actual.tb2.tb2=0.7",
        "site_classes.a.identification.actual.tb2.mq9=0.1",
    ];
    assert!(set(&cells).is_ok());
}

#[test]
fn bad_overrides() {
    for (text, column, part) in [
        (
            "flights.us-recn.count=2",
            9,
            "did you mean flights.us-recon.count?",
        ),
        (
            "rules.flight_plan_notice.complianse=1",
            26,
            "did you mean rules.flight_plan_notice.compliance?",
        ),
        ("durations_h=1", 1, "did you mean duration_h?"),
        ("duration_h=0", 1, "duration_h is 0; expected > 0"),
        ("duration_h=[1", 14, "syntax"),
        ("duration_h=1e999", 12, "too large"),
        (
            "duration_h=soon",
            1,
            "duration_h is the string \"soon\"; expected a number",
        ),
        ("duration_h", 1, "expected path=value"),
        ("=3", 1, "no key path"),
        ("a..b=3", 1, "no key path"),
        ("a\nb=3", 1, "no key path"),
        ("include=[]", 1, "include cannot be set"),
        (
            "flights.tb2.route.waypoints.points.0.altitude_m=4",
            36,
            "set as a whole",
        ),
        ("sites.se.class=b", 10, "names b, which is not a site class"),
        ("duration_h.x=1", 12, "has no keys below it"),
    ] {
        let error = set(&[text]).expect_err(text);
        assert_eq!(error.problems.len(), 1, "{text}:\n{}", error.render(false));
        let place = error.place(&error.problems[0]);
        assert_eq!(place, Some(("--set", 1, column)), "{}", error.render(false));
        assert!(
            error.render(false).contains(part),
            "{text}:\n{}",
            error.render(false)
        );
    }
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir, name: &str) -> Result<Scenario, LoadError> {
    Scenario::load(&folder.path().join(name), &[])
}

/// The good scenario with its aircraft in a file of their own.
fn split() -> (String, String) {
    let start = GOOD.find("[aircraft.tb2]").unwrap();
    let end = GOOD.find("[flights.us-recon]").unwrap();
    let main = format!(
        "include = [\"library/aircraft.toml\"]\n{}{}",
        &GOOD[..start],
        &GOOD[end..]
    );
    (main, GOOD[start..end].to_owned())
}

#[test]
fn includes() {
    let (main, library) = split();
    let files = folder(&[
        ("main.toml", main.as_bytes()),
        ("library/aircraft.toml", library.as_bytes()),
    ]);
    let scenario = load(&files, "main.toml").unwrap();
    assert_eq!(scenario.file, parse(GOOD).unwrap().file);

    // What the including file says wins, key by key.
    let over = format!("{main}\n[aircraft.tb2]\nrcs_m2 = 0.1\n");
    let files = folder(&[
        ("main.toml", over.as_bytes()),
        ("library/aircraft.toml", library.as_bytes()),
    ]);
    let scenario = load(&files, "main.toml").unwrap();
    let tb2 = &scenario.file.aircraft["tb2"];
    assert_eq!((tb2.rcs_m2, tb2.cruise_mps), (0.1, 40.0));

    // A problem inside an included file is shown there, with the other side here.
    let low = library.replace("ceiling_m = 8200", "ceiling_m = 3000");
    let files = folder(&[
        ("main.toml", main.as_bytes()),
        ("library/aircraft.toml", low.as_bytes()),
    ]);
    let rendered = load(&files, "main.toml").unwrap_err().render(false);
    assert!(
        rendered.contains("main.toml:") && rendered.contains("aircraft.toml:6:1"),
        "{rendered}"
    );
}

#[test]
fn bad_includes() {
    let (main, _) = split();
    let files = folder(&[("main.toml", main.as_bytes())]);
    let error = load(&files, "main.toml").unwrap_err();
    assert_eq!(error.problems.len(), 1);
    assert!(
        error.problems[0]
            .message
            .contains("aircraft.toml: no such file")
    );
    assert_eq!(
        error
            .place(&error.problems[0])
            .map(|(_, line, column)| (line, column)),
        Some((1, 12))
    );

    let files = folder(&[
        ("a.toml", b"include = [\"b.toml\"]"),
        ("b.toml", b"include = [\"c.toml\"]"),
        ("c.toml", b"include = [\"a.toml\", 3]"),
    ]);
    let error = load(&files, "a.toml").unwrap_err();
    let all = error.render(false);
    assert_eq!(error.problems.len(), 2, "{all}");
    let message = &error.problems[0].message;
    assert!(message.starts_with("circular include: "), "{all}");
    let at: Vec<_> = ["a.toml", "b.toml -> ", "c.toml -> "]
        .iter()
        .map(|name| message.find(name))
        .collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{all}");
    assert!(all.contains("include has 3; expected file names"), "{all}");

    // Two includes at every level are read once each, not two to the power of the depth.
    let names: Vec<String> = (0..30).map(|index| format!("f{index}.toml")).collect();
    let texts: Vec<String> = (0..30)
        .map(|index| match index {
            29 => GOOD.to_owned(),
            _ => format!("include = [\"f{0}.toml\", \"f{0}.toml\"]", index + 1),
        })
        .collect();
    let list: Vec<(&str, &[u8])> = names
        .iter()
        .map(String::as_str)
        .zip(texts.iter().map(String::as_bytes))
        .collect();
    let files = folder(&list);
    assert!(load(&files, "f0.toml").is_ok());

    let error = Scenario::parse("include = [\"x.toml\"]", "text", &[]).unwrap_err();
    assert!(
        error
            .render(false)
            .contains("include needs a scenario that is a file")
    );
}

#[test]
fn hostile_input() {
    let one = |error: LoadError, part: &str| {
        assert_eq!(error.problems.len(), 1, "{}", error.render(false));
        assert!(
            error.render(false).contains(part),
            "{}",
            error.render(false)
        );
    };
    let files = folder(&[
        ("latin.toml", b"title = \"x\"\n# caf\xe9\n"),
        ("device.toml", b"include = [\"/dev/zero\"]"),
        ("inner/x", b""),
    ]);
    one(
        load(&files, "latin.toml").unwrap_err(),
        "not UTF-8: byte 0xe9 at offset 17, line 2",
    );
    one(load(&files, "inner").unwrap_err(), "it is a directory");
    one(load(&files, "nothing.toml").unwrap_err(), "no such file");
    if Path::new("/dev/zero").exists() {
        one(
            load(&files, "device.toml").unwrap_err(),
            "it is a device or a pipe",
        );
    }
    let big = files.path().join("big.toml");
    fs::File::create(&big)
        .unwrap()
        .set_len(100_000_000)
        .unwrap();
    one(
        Scenario::load(&big, &[]).unwrap_err(),
        "it has 100000000 bytes; expected at most 16777216",
    );

    for deep in [
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        "a = { b = ".repeat(50_000),
        format!("{}x = 1", "a.".repeat(100_000)),
        format!("[{}x]\n", "a.".repeat(100_000)),
        "[".repeat(100_000),
        "[[[[".repeat(100_000),
        "@\n".repeat(100_000),
        "\u{feff}\u{0}\u{7f}\u{2028}".repeat(1000),
    ] {
        let error = parse(&deep).unwrap_err();
        assert!(!error.problems.is_empty());
        let rendered = error.render(false);
        assert!(!rendered.contains('\u{0}') || rendered.len() < 10_000_000);
    }
}

#[test]
fn the_schema_file_is_up_to_date() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/scenario.schema.json"
    );
    let committed = fs::read_to_string(path).unwrap();
    let made = serde_json::to_string_pretty(schema()).unwrap() + "\n";
    assert!(
        committed == made,
        "run: cargo run -- schema > scenarios/scenario.schema.json"
    );
}

/// Every number of the schema has bounds, and every table says whether it takes other keys.
#[test]
fn the_schema_leaves_nothing_open() {
    fn walk(node: &serde_json::Value, path: &str) {
        if let Some(table) = node.as_object() {
            let number = ["number", "integer"].iter().any(|kind| {
                table.get("type").is_some_and(|found| {
                    found == kind
                        || found
                            .as_array()
                            .is_some_and(|list| list.iter().any(|one| one == kind))
                })
            });
            let bounded = |keys: [&str; 2]| keys.iter().any(|key| table.contains_key(*key));
            assert!(
                !number
                    || (bounded(["minimum", "exclusiveMinimum"])
                        && bounded(["maximum", "exclusiveMaximum"])),
                "{path} has no bounds: {node}"
            );
            assert!(
                !table.contains_key("properties") || table.contains_key("additionalProperties"),
                "{path} takes unknown keys"
            );
            for (key, inner) in table {
                walk(inner, &format!("{path}/{key}"));
            }
        } else if let Some(list) = node.as_array() {
            for (index, inner) in list.iter().enumerate() {
                walk(inner, &format!("{path}/{index}"));
            }
        }
    }
    walk(schema(), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No text, however mangled, makes the loader or the rendering panic.
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
        if let Err(error) = parse(&text) {
            prop_assert!(!error.problems.is_empty());
            let rendered = error.render(false);
            prop_assert!(!rendered.is_empty());
            prop_assert!(!error.to_string().is_empty());
        }
    }

    /// Swapping any value for any other reports or resolves, and never panics.
    #[test]
    fn no_swapped_value_panics(line in 0usize..110, value in prop::sample::select(vec![
        "0", "-1", "1e300", "nan", "\"\"", "\"x\"", "[]", "{}", "true", "1979-05-27", "[[]]", "{ x = {} }", "99999999999",
        "\"33SUS3434\"", "\"unknown\"", "0.0001",
    ])) {
        let mut lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        let line = line % lines.len();
        if let Some((key, _)) = lines[line].clone().split_once(" = ") {
            lines[line] = format!("{key} = {value}");
        }
        if let Err(error) = parse(&lines.join("\n")) {
            prop_assert!(!error.render(true).is_empty());
        }
    }

    /// No override panics.
    #[test]
    fn no_override_panics(text in "\\PC{0,40}|[a-z_.\"]{0,20}=[-a-z0-9\\[\\]{}\"=,.]{0,20}") {
        if let Err(error) = Scenario::parse(GOOD, "s.toml", &[text]) {
            prop_assert!(!error.render(false).is_empty());
        }
    }
}

/// Editors hold files to the schema that their first line names, pieces of an include as well as wholes: there is one. That each
/// file fits it is asked of taplo, in `.ci/readers`.
#[test]
fn every_shipped_file_names_a_schema() {
    fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    files(&crate::support::repository("scenarios"), &mut found);
    assert!(found.len() > 50);
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let named = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("#:schema "));
        let named = named.unwrap_or_else(|| panic!("{} names no schema", path.display()));
        let schema = path.parent().unwrap().join(named.trim());
        assert!(schema.is_file(), "{}: {named}", path.display());
    }
}

/// Anywhere on earth: the plane lies about the middle of what is named, however it is written; what is too far is told.
#[test]
fn a_scenario_lies_where_its_places_lie() {
    let at = |points: &str, keys: &str| {
        let text = format!(
            "title = \"Anywhere\"\nstart_utc = \"2024-01-01T00:00:00Z\"\nduration_h = 1\n{keys}\n[sides.a]\n[aircraft.x]\ncruise_mps = 50\naltitude_m = 100\nrcs_m2 = 1\n[flights.f]\naircraft = \"x\"\nside = \"a\"\nturns = \"instant\"\nroute.waypoints.points = [{points}]\n"
        );
        Scenario::parse(&text, "s.toml", &[])
    };
    for (points, lat, lon, length_m) in [
        (
            "\"323000N0131500E\", \"325400N0131700E\"",
            33.0,
            13.0,
            44_469.0,
        ),
        ("\"N4948 E02312\", \"49.75N 22.95E\"", 50.0, 23.0, 18_838.0),
        (
            "\"-16.9, 179.95\", { lat = -16.9, lon = -179.95 }",
            -17.0,
            -180.0,
            10_656.0,
        ),
        (
            "\"79:30:00N 016:00:00E\", \"79:30:00N 017:00:00E\"",
            80.0,
            17.0,
            20_343.0,
        ),
        ("\"33SUS3434\", \"33SUS3535\"", 33.0, 13.0, 1_414.0),
    ] {
        let scenario = at(points, "").unwrap_or_else(|error| panic!("{}", error.render(false)));
        let origin = scenario.frame.origin();
        assert!(
            origin.lat_deg == lat && origin.lon_deg == lon,
            "{points}: {origin}"
        );
        let Route::Waypoints(way) = &scenario.flights[0].route else {
            panic!()
        };
        let found = (way[1].at - way[0].at).norm();
        assert!(
            (found - length_m).abs() < 0.003 * length_m,
            "{points}: {found}"
        );
        assert!(scenario.worst_scale_error().unwrap().0 < 1e-4);
    }
    for (points, keys, words) in [
        (
            "\"33SSS3434\", \"33SUS3434\"",
            "",
            "named in 33S and lies in 32S",
        ),
        ("\"326000N0131500E\", \"33SUS3434\"", "", "60 minutes"),
        (
            "\"81N 13E\", \"80N 13E\"",
            "",
            "80 degrees from the equator",
        ),
        (
            "\"32N 13E\", \"32N 50E\"",
            "origin = { lat = 32, lon = 13 }",
            "expected at most 1 %",
        ),
        (
            "\"32N 13E\", { east_m = 0, north_m = 0 }",
            "",
            "the middle of those is 32.00 N 13.00 E",
        ),
        (
            "\"nowhere\", \"32N 13E\"",
            "",
            "a place, an MGRS reference or degrees",
        ),
    ] {
        let error = at(points, keys).unwrap_err();
        assert!(
            error.render(false).contains(words),
            "{words} is not in {}",
            error.render(false)
        );
    }
    // Without any place on earth the plane lies nowhere, and says so.
    let scenario = at(
        "{ east_m = 0, north_m = 0 }, { east_m = 9, north_m = 0 }",
        "",
    )
    .unwrap();
    assert!(!scenario.frame.on_earth() && scenario.worst_scale_error().is_none());
}

#[test]
fn a_place_may_be_written_as_a_point() {
    let with = |place: &str| {
        let text = GOOD.replace("[places.tarhuna]\nlat = 32.43\nlon = 13.63\n", "");
        parse(&format!("{text}\n[places]\ntarhuna = {place}\n"))
    };
    let table = with("{ lat = 32.43, lon = 13.63 }").unwrap();
    assert_eq!(with("\"32.43, 13.63\"").unwrap().flights, table.flights);
    if let Err(error) = with("\"33SUS5050\"") {
        panic!("{}", error.render(false))
    }
    for (place, words) in [
        (
            "\"by the sea\"",
            "places.tarhuna is \"by the sea\"; expected an MGRS reference",
        ),
        ("\"32,43 13,63\"", "several commas"),
        ("{ lat = 92, lon = 13 }", "places.tarhuna.lat is 92"),
        ("{ lat = 32 }", "lon"),
    ] {
        let told = with(place).unwrap_err().render(false);
        assert!(told.contains(words), "{words} is not in {told}");
    }
}

#[test]
fn what_is_wrong_with_a_polygon_is_told_at_its_corner() {
    let polygon = |corners: &str| {
        let text = GOOD.replace(
            "area.sector = { center = \"tarhuna\", max_range_m = 30000, from_deg = 90, to_deg = 270 }",
            &format!("area.polygon = [{corners}]"),
        );
        assert_ne!(text, GOOD);
        parse(&text)
    };
    let corner = |east: i32, north: i32| format!("{{ east_m = {east}, north_m = {north} }}");
    let chain = |corners: &[(i32, i32)]| {
        corners
            .iter()
            .map(|&(east, north)| corner(east, north))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let scenario = polygon(&chain(&[(0, 0), (9000, 0), (0, 9000)])).unwrap();
    assert!(
        scenario.zones[0]
            .area
            .contains(deconflict::geometry::Point::new(1000.0, 1000.0))
    );
    for (corners, words) in [
        (chain(&[(0, 0), (9000, 0)]), "expected at least 3"),
        (
            chain(&[(0, 0), (9000, 9000), (9000, 0), (0, 9000)]),
            "touches or crosses",
        ),
        (
            chain(&[(0, 0), (0, 0), (9000, 0), (0, 9000)]),
            "is a corner that was there",
        ),
        (
            chain(&[(0, 0), (9000, 0), (0, 9000), (0, 0)]),
            "zones.south.area.polygon[3] is the first corner again",
        ),
        (
            chain(&[(0, 0), (9000, 0), (18000, 0)]),
            "touches or crosses",
        ),
    ] {
        let error = polygon(&corners).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(error.problems.len(), 1, "{error}");
    }
}
