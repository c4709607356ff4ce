//! The story of every site and aircraft, told by name: who is not concerned by a change lives the same one.

use std::collections::BTreeMap;
use std::path::Path;

use deconflict::record::{Detail, Event, EventLog, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

const BUSY: &str = "scenarios/nov-2019-busy.toml";

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
        let aircraft = fact.aircraft().map_or(String::new(), |aircraft| {
            log.sorties[aircraft.index()].name.clone()
        });
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
            Fact::PictureSampled { sample, .. } => format!("{sample:?}"),
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
hostile_criteria = { threshold = 0.8, id_sources = 1 }
"#,
];

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
over = "affiliations"
interval_s = 30
actual.friend = {{ friend = 0.6, unknown = 0.4 }}
actual.neutral = {{ neutral = 0.6, hostile = 0.2, unknown = 0.2 }}
actual.hostile = {{ hostile = 0.8, neutral = 0.2 }}
[flights.a-far-one]
aircraft = "airliner"
side = "us"
route.loop = {{ points = [{{ lat = 32.6, lon = 22.9 }}, {{ lat = 33.4, lon = 22.9 }}] }}
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

const TWO_SIDES: &str = "scenarios/two-sides.toml";

/// Nobody is shot down, and nobody runs short: what one side's sites do is nothing to the other's.
const UNHARMED: [&str; 10] = [
    "site_classes.class_a.weapon.kill_probability=0",
    "site_classes.class_a.weapon.channels=50",
    "site_classes.class_a.weapon.magazine=10000",
    "site_classes.class_a.readiness.renewal.mean_off_h=0",
    "site_classes.class_a.readiness.relocates.after_shots=100",
    "site_classes.gna_class_a.weapon.kill_probability=0",
    "site_classes.gna_class_a.weapon.channels=50",
    "site_classes.gna_class_a.weapon.magazine=10000",
    "site_classes.gna_class_a.readiness.renewal.mean_off_h=0",
    "site_classes.gna_class_a.readiness.relocates.after_shots=100",
];

/// Rules that both sides have are the same rules, whichever way they are said; those of all among them.
#[test]
fn equal_rules_of_each_side_are_those_of_all() {
    let rules = "{ weapons_control = { status = \"tight\" }, hostile_criteria = { threshold = 0.8, declarations = 2 }, flight_plan_notice = { compliance = 0.9 }, hotline_query = { nodes = [\"lna-operations\"] }, challenge = { answers = { us = 0.5 } }, engagement_authority = { level = \"joint\" } }";
    let each = format!("rules_of={{ gna = {rules}, lna = {rules} }}");
    // The rule of a feed is one for all, and stays where it is.
    let feed = "rules.friendly_force_tracking={ sides = [\"us\"] }";
    let all = {
        let rules = rules.strip_suffix(" }").expect("a table");
        format!("rules={rules}, friendly_force_tracking = {{ sides = [\"us\"] }} }}")
    };
    let other = "rules.hostile_criteria.threshold=0.99";
    let mut file = load(TWO_SIDES, &[&all]).file;
    file.rules_of.clear();
    let alike = Scenario::from_file(&file).expect("sound");
    let own = load(TWO_SIDES, &[&each, feed, other]);
    assert_eq!(alike.rules_of.iter().flatten().count(), 0);
    assert_eq!(own.rules_of.iter().flatten().count(), 2);
    let mut shots = 0;
    for index in 0..12 {
        let (alike, own) = (fly(&alike, index), fly(&own, index));
        assert_eq!(alike, own, "replication {index}");
        let fired = |event: &&Event| matches!(event.fact, Fact::ShotFired { .. });
        shots += alike.events.iter().filter(fired).count();
    }
    assert!(shots > 10, "{shots} shots");
}

/// A rule of one side is none of the other's.
#[test]
fn a_rule_of_one_side_is_heeded_by_its_sites_alone() {
    let before = load(TWO_SIDES, &UNHARMED);
    let hold = "rules_of.gna.weapons_control.status=hold";
    let after = load(TWO_SIDES, &[&UNHARMED[..], &[hold]].concat());
    let shots = |log: &EventLog, side: &str| {
        let fired = log.events.iter().filter(|event| match event.fact {
            Fact::ShotFired { site, .. } => {
                let side_of = log.sites[site.index()].side;
                log.cast.sides[side_of.index()] == side
            }
            _ => false,
        });
        fired.count()
    };
    let (mut gna, mut lna) = (0, 0);
    for index in 0..6 {
        let (before, after) = (fly(&before, index), fly(&after, index));
        gna += shots(&before, "gna");
        lna += shots(&before, "lna");
        assert_eq!(shots(&after, "gna"), 0, "replication {index}");
        let (before, after) = (stories(&before), stories(&after));
        for (pair, story) in before.iter().filter(|(pair, _)| !pair.0.starts_with("gna")) {
            assert_eq!(
                Some(story),
                after.get(pair),
                "replication {index}: {pair:?}"
            );
        }
    }
    assert!(gna > 50 && lna > 50, "{gna} and {lna} shots");
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
        load(BUSY, &plenty),
        load("scenarios/nov-2019-busy-agreement.toml", &plenty),
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
