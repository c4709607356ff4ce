//! The order of systems inside one instant: whatever it leaves open must not be able to matter.

use std::path::Path;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{LogLevel, ScheduleBuildSettings, SingleThreadedExecutor};
use deconflict::record::{Notebook, Replication};
use deconflict::simulation;
use deconflict::streams::Streams;
use deconflict::tick::{Agenda, Clock, Due, Log, Roster};
use deconflict::units::Millis;

fn settings() -> ScheduleBuildSettings {
    ScheduleBuildSettings {
        auto_insert_apply_deferred: false,
        ..Default::default()
    }
}

/// A world with the resources of a replication and nobody in it.
fn empty_world() -> World {
    let mut world = World::new();
    world.insert_resource(Streams::new(Replication { seed: 1, index: 0 }));
    world.insert_resource(Clock {
        now: Millis::ZERO,
        end: Millis(1000),
    });
    world.insert_resource(Due::default());
    world.insert_resource(Log(Notebook::default()));
    world.insert_resource(Roster::default());
    world.insert_resource(Agenda::default());
    world
}

#[test]
fn no_two_systems_of_undecided_order_touch_the_same_thing() {
    let mut schedule = simulation::schedule();
    schedule.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        hierarchy_detection: LogLevel::Error,
        ..settings()
    });
    let built = schedule.initialize(&mut empty_world());
    if let Err(ambiguous) = built {
        panic!("order these systems: {ambiguous:?}");
    }
}

/// The detection that the test above relies on does detect.
#[test]
fn an_undecided_order_is_an_error() {
    fn one(mut due: ResMut<Due>) {
        due.ripe.clear();
    }
    fn other(mut due: ResMut<Due>) {
        due.freed.clear();
    }
    let mut schedule = simulation::schedule();
    schedule.add_systems((one, other));
    schedule.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        ..settings()
    });
    assert!(schedule.initialize(&mut empty_world()).is_err());
}

/// Every instant runs the same systems, in the order that tick.rs shows.
#[test]
fn the_schedule_is_the_one_on_the_page() {
    let mut schedule = simulation::schedule();
    schedule.initialize(&mut empty_world()).unwrap();
    let systems = schedule.systems().unwrap().count();
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("engine/src/tick.rs"))
            .unwrap();
    let listed: usize = page
        .lines()
        .filter(|line| line.starts_with("//! | [`Phase::"))
        .map(|line| line.split('|').nth(2).unwrap().matches('`').count() / 2)
        .sum();
    assert_eq!(systems, listed);
}

/// An empty schedule run on a world without entities does nothing and does not panic; the clock stays.
#[test]
fn nothing_happens_where_nothing_is_due() {
    let mut world = empty_world();
    let mut schedule = simulation::schedule();
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.run(&mut world);
    assert_eq!(world.resource::<Clock>().now, Millis::ZERO);
    let log = std::mem::take(&mut world.resource_mut::<Log>().0);
    assert!(log.into_events().is_empty());
}

#[cfg(feature = "ecs-debug")]
mod shuffled {
    use super::*;
    use deconflict::record::Detail;
    use deconflict::scenario::Scenario;

    /// Systems in every legal order that 24 shuffles find: the same log.
    #[test]
    fn legal_orders_give_the_same_log() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (file, replications) in [
            ("scenarios/nov-2019-baseline.toml", 3),
            ("benches/trip-ref.toml", 2),
            ("scenarios/closed-form/competing-rates.toml", 3),
        ] {
            let scenario = Scenario::load(&root.join(file), &[]).unwrap();
            for index in 0..replications {
                let replication = Replication { seed: 2019, index };
                let plain = simulation::simulate(&scenario, replication, Detail::Full);
                assert!(!plain.events.is_empty(), "{file} must show something");
                for seed in 0..24 {
                    let mut schedule = simulation::schedule();
                    schedule.set_build_settings(ScheduleBuildSettings {
                        shuffle_seed: Some(seed),
                        ..settings()
                    });
                    let shuffled =
                        simulation::simulate_with(schedule, &scenario, replication, Detail::Full);
                    assert!(
                        plain == shuffled,
                        "{file}, replication {index}: order {seed} of the systems changes the log"
                    );
                }
            }
        }
    }
}
