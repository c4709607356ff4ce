//! The stages of a flight: take-off, station, objective, landing.

use bevy_ecs::prelude::*;

use super::Vitality;
use super::trajectory::Trajectory;
use crate::ids::AircraftId;
use crate::record::{Fact, Rank, Recorder, TrackEnd};
use crate::tick::{Agenda, Clock, Due, Entry, Log, Movement, Phase, Roster};
use crate::units::Millis;

/// Adds the systems of this room.
pub fn install(schedule: &mut Schedule) {
    let movements = Due::any(|due| &due.movements);
    schedule.add_systems(report_movements.run_if(movements).in_set(Phase::Move));
}

/// Enters the stages of a flight into the agenda.
pub fn stages(
    aircraft: AircraftId,
    trajectory: &Trajectory,
    has_station: bool,
    objective: Option<Millis>,
    end: Millis,
    agenda: &mut Agenda,
) {
    let mut enter = |time: Millis, movement| {
        if time <= end {
            agenda.enter(time, Entry::Movement(aircraft, movement));
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

fn report_movements(
    clock: Res<Clock>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut log: ResMut<Log>,
    mut flights: Query<(&Trajectory, &mut Vitality)>,
) {
    for (aircraft, movement) in std::mem::take(&mut due.movements) {
        let Ok((trajectory, mut vitality)) = flights.get_mut(roster.aircraft[aircraft.index()])
        else {
            continue;
        };
        if movement == Movement::Depart {
            vitality.flying = true;
        }
        if !vitality.flying {
            continue;
        }
        let fact = match movement {
            Movement::Depart => Fact::Departed { aircraft },
            Movement::BeginStation => Fact::StationBegun { aircraft },
            Movement::EndStation => Fact::StationEnded { aircraft },
            Movement::ReachObjective => Fact::ObjectiveReached { aircraft },
            Movement::Land => {
                vitality.flying = false;
                due.gone.push((aircraft, TrackEnd::AircraftLanded));
                Fact::Landed {
                    aircraft,
                    endurance: trajectory.cut_short,
                }
            }
        };
        log.0.record(
            clock.now,
            Rank::Movement,
            trajectory.position(clock.now).into(),
            fact,
        );
    }
}
