//! The stages of a flight: take-off, station, objective, landing.

use bevy_ecs::prelude::*;

use super::Vitality;
use super::trajectory::Trajectory;
use crate::calendar::{
    AircraftGone, Clock, EventCalendar, Log, Movement, MovementDue, ObjectiveReached, SourceGone,
};
use crate::ids::AircraftId;
use crate::record::{Fact, Rank, TrackEnd};
use crate::units::Millis;

/// Adds the observers of this module.
pub fn install(world: &mut World) {
    world.add_observer(on_movement);
    world.add_observer(on_gone);
}

/// Enters the stages of a flight into the calendar.
pub fn stages(
    aircraft: AircraftId,
    entity: Entity,
    trajectory: &Trajectory,
    has_station: bool,
    objective: Option<Millis>,
    end: Millis,
    calendar: &mut EventCalendar,
) {
    let mut enter = |time: Millis, movement| {
        if time <= end {
            calendar.movement(time, aircraft, entity, movement);
        }
    };
    enter(trajectory.departs(), Movement::Depart);
    if has_station && trajectory.station.start_s < trajectory.station.end_s {
        enter(
            Millis::from_seconds(trajectory.station.start_s),
            Movement::BeginStation,
        );
        enter(
            Millis::from_seconds(trajectory.station.end_s),
            Movement::EndStation,
        );
    }
    if let Some(time) = objective {
        enter(time, Movement::ReachObjective);
    }
    if trajectory.lands() < end {
        enter(trajectory.lands(), Movement::Land);
    }
}

fn on_movement(
    due: On<MovementDue>,
    clock: Res<Clock>,
    mut log: ResMut<Log>,
    flights: Query<(&Trajectory, &Vitality)>,
    mut commands: Commands,
) {
    let MovementDue {
        entity,
        aircraft,
        movement,
    } = *due;
    let Ok((trajectory, vitality)) = flights.get(entity) else {
        return;
    };
    if !vitality.airborne(clock.now) {
        return;
    }
    let fact = match movement {
        Movement::Depart => Fact::Departed { aircraft },
        Movement::BeginStation => Fact::StationBegun { aircraft },
        Movement::EndStation => Fact::StationEnded { aircraft },
        Movement::ReachObjective => {
            commands.trigger(ObjectiveReached { entity, aircraft });
            Fact::ObjectiveReached { aircraft }
        }
        Movement::Land => {
            let end = TrackEnd::AircraftLanded;
            commands.trigger(AircraftGone {
                entity,
                aircraft,
                end,
            });
            Fact::Landed {
                aircraft,
                endurance: trajectory.cut_short,
            }
        }
    };
    let place = trajectory.position(clock.now).into();
    log.0.record(clock.now, Rank::Movement, place, fact);
}

/// An aircraft that leaves the sky is gone from now on; whoever follows it hears of that next.
fn on_gone(
    gone: On<AircraftGone>,
    clock: Res<Clock>,
    mut flights: Query<&mut Vitality>,
    mut commands: Commands,
) {
    if let Ok(mut vitality) = flights.get_mut(gone.entity) {
        vitality.gone = clock.now;
        commands.trigger(SourceGone {
            entity: gone.entity,
            aircraft: gone.aircraft,
            end: gone.end,
        });
    }
}
