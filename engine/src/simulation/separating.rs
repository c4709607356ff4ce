//! What separation was lost in a replication that is over: it is told from where everybody flew and until when.

use bevy_ecs::prelude::*;

use super::setup::Aircraft;
use crate::calendar::EntityIndex;
use crate::ids::AircraftId;
use crate::platform::trajectory::Trajectory;
use crate::platform::{Flight, Vitality};
use crate::record::{ApproachRecord, EventRecorder, Fact, Rank};
use crate::separation::{Airborne, FiledPlan, Pairs, Separation};
use crate::theatre::Theatre;
use crate::units::Millis;

/// Writes down every loss of separation, every near mid-air collision and every conflict of filed plans.
pub(super) fn record(
    separation: &Separation,
    scenario: &Theatre,
    world: &World,
    aircraft: &[Aircraft],
    recorder: &mut EventRecorder,
) {
    let end = scenario.duration;
    let index = world.resource::<EntityIndex>();
    let mut numbers = vec![0_u32; scenario.flights.len()];
    let airborne: Vec<Airborne<'_>> = (aircraft.iter().zip(&index.aircraft))
        .map(|(one, &entity)| {
            let sortie = &one.sortie;
            let flight = &scenario.flights[sortie.flight.index()];
            let number = numbers[sortie.flight.index()];
            numbers[sortie.flight.index()] += 1;
            let vitality = world.get::<Vitality>(entity);
            let gone = vitality.map_or(Millis::NEVER, |vitality| vitality.gone);
            let together = flight.count > 1 && flight.spacing_s <= separation.formation_s;
            Airborne {
                trajectory: &one.trajectory,
                until_s: gone.min(one.trajectory.lands()).min(end).seconds(),
                side: sortie.side,
                type_id: sortie.type_id,
                formation: together.then_some((sortie.flight, number / flight.count.max(1))),
                takes_off: takes_off(flight, &one.trajectory),
            }
        })
        .collect();
    let pairs = Pairs::new(separation, &scenario.cast.relations, &airborne);
    let id = |number: usize| AircraftId(number as u32);
    for encounter in pairs.encounters() {
        let (one, other) = encounter.pair;
        let began = Millis::from_seconds(encounter.span.start_s);
        let approach = ApproachRecord {
            until: Millis::from_seconds(encounter.span.end_s),
            closest: Millis::from_seconds(encounter.closest_s),
            lateral_m: encounter.lateral_m,
            vertical_m: encounter.vertical_m,
        };
        let place = aircraft[one].trajectory.position(began).into();
        let (aircraft, other) = (id(one), id(other));
        let fact = if encounter.near_midair {
            Fact::NearMidair {
                aircraft,
                other,
                approach,
            }
        } else {
            Fact::SeparationLost {
                aircraft,
                other,
                approach,
            }
        };
        recorder.record(began, Rank::Movement, place, fact);
    }
    // The last version of each plan, and when it was filed.
    let current = |one: &Aircraft| {
        let filing = one.filing.as_ref().filter(|filing| filing.filed)?;
        Some((
            usize::from(filing.amended),
            filing.sent[usize::from(filing.amended)],
        ))
    };
    let plans: Vec<FiledPlan<'_>> = (aircraft.iter().enumerate())
        .filter_map(|(number, one)| {
            let (version, _) = current(one)?;
            Some(FiledPlan {
                aircraft: number,
                trajectory: one.planned.0[version].as_ref()?,
            })
        })
        .collect();
    for ((one, other), first_s) in pairs.filed_conflicts(&plans) {
        let sent = |number: usize| current(&aircraft[number]).map_or(Millis::NEVER, |plan| plan.1);
        let known = sent(one).max(sent(other)).max(Millis::ZERO);
        let first = Millis::from_seconds(first_s).max(Millis::ZERO);
        let plan = current(&aircraft[one]);
        let planned = plan.and_then(|(version, _)| aircraft[one].planned.0[version].as_ref());
        let place = planned.map_or([0.0; 3], |planned| planned.position(first).into());
        if known <= end {
            let fact = Fact::PlansConflict {
                aircraft: id(one),
                other: id(other),
                first,
            };
            recorder.record(known, Rank::Notice, place, fact);
        }
    }
}

/// Where an aircraft takes off from the ground, if it does.
fn takes_off(flight: &Flight, trajectory: &Trajectory) -> Option<crate::geometry::Point> {
    let first = trajectory.legs.first().filter(|_| flight.climbs_out())?;
    Some(first.position(first.span.start_s).xy())
}
