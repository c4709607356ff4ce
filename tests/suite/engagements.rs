//! Whom a site engages and how often, where links, memory, priorities and magazines meet. Every probability is 0 or 1.

use deconflict::record::{Detail, EventLog, Fact, Reason, Replication, TrackEnd};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

/// A gun, but for its class. All is neutral and declared hostile; a missile of 10 m/s is in the air to the end of the run.
const BASE: &str = r#"
title = "one gun and what is near it"
start_utc = "2020-01-01T00:00:00Z"
duration_h = 0.1

[sides]
shooter = {}
stranger = {}

[relations.shooter]
stranger = "neutral"

[aircraft.point]
cruise_mps = 60
altitude_m = 1000
rcs_m2 = 1
source = "invented"

[site_classes.gun.weapon]
max_range_m = 100_000
reaction.fixed = { delay_s = 0 }
channels = 5
doctrine.salvo = { missiles = 1 }
kill_probability = 0
magazine = 50
missile_mps = 10

[nodes.headquarters]
side = "shooter"

[sites.gun]
class = "gun"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }
command = { node = "headquarters" }

[rules.weapons_control]
status = "tight"
"#;

const EYE: &str = r#"
[sites.eye]
class = "eye"
side = "shooter"
position.at = { east_m = 0, north_m = 0 }

[track_links.report]
from = "eye"
to = "gun"
engage = true
latency.fixed = { delay_s = 4 }
hold_s = 35
"#;

/// What a site makes of all that comes within so many metres: found at once, declared hostile, remembered for an hour.
fn class(name: &str, range_m: f64) -> String {
    const CLASS: &str = r#"
[site_classes.NAME]
source = "invented"

[site_classes.NAME.sensor]
model.disc = { range_m = RANGE, detection = 1 }
scan_s = 10
scan_phase.fixed = { first_s = 10 }
antenna_m = 1000

[site_classes.NAME.tracker]
confirm_hits = 1
confirm_scans = 1
drop_misses = 3
memory.tau_s = 3_600

[site_classes.NAME.identification]
over = "affiliations"
interval_s = 3_600
appearance.tau_s = 0
combine = "single"

[site_classes.NAME.identification.actual]
friend = { hostile = 1 }
neutral = { hostile = 1 }
hostile = { hostile = 1 }
"#;
    CLASS
        .replace("NAME", name)
        .replace("RANGE", &range_m.to_string())
}

/// A gun that sees 5 km.
fn gun() -> String {
    [BASE, &class("gun", 5e3)].concat()
}

/// The same, and an eye that sees 20 km and reports to it, over a link that lets it fire.
fn gun_and_eye() -> String {
    [&gun(), EYE, &class("eye", 20e3)].concat()
}

/// A flight of the stranger from place to place, km east and north.
fn flight(name: &str, [from, to]: [[f64; 2]; 2]) -> String {
    let place = |[east, north]: [f64; 2]| {
        format!("{{ east_m = {}, north_m = {} }}", east * 1e3, north * 1e3)
    };
    format!(
        "[flights.{name}]\naircraft = \"point\"\nside = \"stranger\"\nturns = \"instant\"\n\
         start.departs = {{ after_s = 0, at_altitude = true }}\nroute.waypoints.points = [{}, {}]\n",
        place(from),
        place(to)
    )
}

fn fly(text: &str, set: &[&str]) -> EventLog {
    let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
    let scenario = Scenario::parse(text, "engagements.toml", &set)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    simulate(&scenario, Replication { seed: 1, index: 0 }, Detail::Full)
}

/// Who is engaged, in order of time.
fn engaged(log: &EventLog) -> Vec<&str> {
    let events = log.events.iter();
    events
        .filter_map(|event| match event.fact {
            Fact::EngagementBegun { aircraft, .. } => {
                Some(log.sorties[aircraft.index()].name.as_str())
            }
            _ => None,
        })
        .collect()
}

fn count(log: &EventLog, holds: impl Fn(&Fact) -> bool) -> usize {
    log.events.iter().filter(|event| holds(&event.fact)).count()
}

/// The gun's own track is lost while its missile flies and the eye goes on reporting: what is reported is the same track, engaged
/// once and asked about once. Without a memory it is another.
#[test]
fn what_a_link_goes_on_reporting_is_the_track_that_was_lost() {
    let away = flight("passer", [[-4.0, 0.0], [30.0, 0.0]]);
    let text = [gun_and_eye(), away].concat();
    let asked = ["rules.hotline_query={nodes=[\"headquarters\"],latency={fixed={delay_s=0}}}"];
    let log = fly(&text, &asked);
    assert_eq!(engaged(&log), ["passer"]);
    assert_eq!(
        count(&log, |fact| matches!(fact, Fact::QuerySent { .. })),
        1
    );
    let recalled = |fact: &Fact| matches!(fact, Fact::TrackRecalled { .. });
    assert!(count(&log, recalled) > 0);
    let forgets = fly(&text, &["site_classes.gun.tracker.memory.tau_s=0"]);
    assert_eq!(engaged(&forgets), ["passer", "passer"]);
}

/// What the gun engages over the link alone comes near enough for a track of its own: the two are one, and the engagement goes on.
#[test]
fn an_engagement_over_a_link_goes_on_at_the_sites_own_track() {
    let inbound = flight("inbound", [[-18.0, 0.0], [30.0, 0.0]]);
    for memory in ["0", "3600"] {
        let set = format!("site_classes.gun.tracker.memory.tau_s={memory}");
        let log = fly(&[gun_and_eye(), inbound.clone()].concat(), &[&set]);
        assert_eq!(engaged(&log), ["inbound"], "{memory}");
        let merged = |fact: &Fact| matches!(fact, Fact::TrackEnded { track, .. } if track.end == TrackEnd::Merged);
        assert_eq!(count(&log, merged), 1);
    }
}

/// Straight on from 11 km out at 60 m/s the one is within 5 km after 100 s, from 8 km the other beyond 20 km after 200 s; without a dead
/// zone the one would be inside for 517 s. A third that climbs 20 m/s from the ground is above 1.3 km after 65 s.
#[test]
fn least_time_left_counts_every_way_out_of_the_envelope() {
    let two = [
        flight("inbound", [[-11.0, 0.0], [30.0, 0.0]]),
        flight("outbound", [[0.0, 8.0], [0.0, 40.0]]),
    ];
    let set = [
        "site_classes.gun.sensor.model.disc.range_m=90000",
        "site_classes.gun.weapon.max_range_m=20000",
        "site_classes.gun.weapon.channels=1",
        "site_classes.gun.weapon.priority=least_time_left",
    ];
    let text = [gun(), two.concat()].concat();
    let nearest = [&set[..], &["site_classes.gun.weapon.min_range_m=5000"]].concat();
    assert_eq!(engaged(&fly(&text, &set))[0], "outbound");
    assert_eq!(engaged(&fly(&text, &nearest))[0], "inbound");
    let text = text + &flight("riser", [[-9.0, 9.0], [30.0, 9.0]]);
    let highest = [
        &nearest[..],
        &[
            "site_classes.gun.weapon.max_altitude_m=1300",
            "flights.riser.altitude_m=5000",
            "aircraft.point.climb_mps=20",
            "flights.riser.start.departs.at_altitude=false",
        ],
    ]
    .concat();
    let log = fly(&text, &highest);
    assert_eq!(engaged(&log)[0], "riser");
}

/// Two channels, one missile, 25 s of reaction: the missile is promised to the one, and what the other lacks is a missile.
#[test]
fn a_missile_that_is_promised_is_not_there_for_another() {
    let two = [
        flight("one", [[-4.0, 0.0], [30.0, 0.0]]),
        flight("two", [[-4.0, 1.0], [30.0, 1.0]]),
    ];
    let set = [
        "site_classes.gun.weapon.channels=2",
        "site_classes.gun.weapon.magazine=1",
        "site_classes.gun.weapon.reaction.fixed.delay_s=25",
    ];
    let log = fly(&[gun(), two.concat()].concat(), &set);
    assert_eq!(engaged(&log).len(), 1);
    let declined = |reason: Reason| {
        count(
            &log,
            |fact| matches!(fact, Fact::ShotDeclined { decision, .. } if decision.reason == reason),
        )
    };
    assert_eq!(declined(Reason::NoChannel), 0);
    assert!(declined(Reason::MagazineEmpty) > 0);
    // With one channel it is the channel that is asked about first.
    let log = fly(
        &[gun(), two.concat()].concat(),
        &[&set[1..], &["site_classes.gun.weapon.channels=1"]].concat(),
    );
    let no_channel = |fact: &Fact| matches!(fact, Fact::ShotDeclined { decision, .. } if decision.reason == Reason::NoChannel);
    assert!(count(&log, no_channel) > 0);
}
