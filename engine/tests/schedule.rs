//! The order of things inside one instant: it is stated once, and nothing else can decide it.

use std::path::Path;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{LogLevel, ScheduleBuildSettings};
use deconflict_engine::simulation;

/// The two schedules do something to all sites at once; no two systems of undecided order may touch the same thing.
#[test]
fn no_two_systems_of_undecided_order_touch_the_same_thing() {
    for mut schedule in simulation::schedules() {
        let built = schedule.initialize(&mut World::new());
        if let Err(ambiguous) = built {
            panic!("order these systems: {ambiguous:?}");
        }
    }
}

/// The detection that the test above relies on does detect.
#[test]
fn an_undecided_order_is_an_error() {
    #[derive(Resource)]
    struct Shared(u32);
    fn one(mut shared: ResMut<Shared>) {
        shared.0 += 1;
    }
    fn other(mut shared: ResMut<Shared>) {
        shared.0 *= 2;
    }
    let [mut schedule, _] = simulation::schedules();
    schedule.add_systems((one, other));
    assert!(schedule.initialize(&mut World::new()).is_err());
    let mut lenient = Schedule::default();
    lenient.add_systems((one, other));
    lenient.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Ignore,
        ..Default::default()
    });
    assert!(lenient.initialize(&mut World::new()).is_ok());
}

/// Each event that falls due has one observer and no second, so that nothing is left to the order of observers; and the page of the
/// calendar names them.
#[test]
fn every_event_has_one_observer() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: &str| std::fs::read_to_string(engine.join(path)).unwrap();
    let calendar = read("calendar.rs");
    let observers = [
        read("platform/movement.rs"),
        read("picture/mod.rs"),
        read("picture/readiness.rs"),
        read("engagement/fire.rs"),
    ]
    .concat();
    let mut events = 0;
    for line in calendar.lines() {
        let Some(rest) = line.strip_prefix("pub struct ") else {
            continue;
        };
        let name = rest.trim_end_matches(" {");
        let is_event = calendar.contains(&format!(
            "#[derive(EntityEvent, Debug)]\npub struct {name} {{"
        ));
        if !is_event {
            continue;
        }
        events += 1;
        let observed = observers.matches(&format!(": On<{name}>")).count();
        assert_eq!(observed, 1, "observers of {name}");
        let listed = calendar.lines().filter(|line| line.starts_with("//!"));
        let listed = listed.filter(|line| line.contains(&format!("[`{name}`]")));
        assert_eq!(listed.count(), 1, "{name} on the page of the calendar");
    }
    assert_eq!(events, 17);
}
