//! What the maps of a report show besides their squares: routes, sites, and where sites are drawn.

use super::replay::outlines;
use crate::platform::trajectory::{Path, Trajectory};
use crate::record::Replication;
use crate::scenario::Scenario;
use crate::simulation::trajectories;
use crate::theatre::Position;
use crate::units::Millis;

/// What a map shows besides squares, as chains of east and north in m.
#[derive(Debug, Default)]
pub(super) struct Laid {
    pub routes: Vec<Vec<(f64, f64)>>,
    /// Where sites are drawn at random.
    pub sectors: Vec<Vec<(f64, f64)>>,
    /// Zones and corridors, with their names.
    pub zones: Vec<(String, Vec<(f64, f64)>)>,
    /// Sites that stand fast, with their names.
    pub sites: Vec<(String, (f64, f64))>,
}

impl Laid {
    /// That of a scenario, with the paths of one of its replications.
    pub fn of(scenario: &Scenario, replication: Replication) -> Laid {
        /// Most routes: more are a carpet.
        const ROUTES: usize = 60;
        let mut laid = Laid::default();
        let flown = trajectories(scenario, replication);
        laid.routes = flown.iter().take(ROUTES).map(route).collect();
        for outline in outlines(scenario) {
            let points = outline.points.iter();
            let points = points.map(|point| (point[0] as f64, point[1] as f64));
            match outline.kind {
                "sector" => laid.sectors.push(points.collect()),
                _ => laid.zones.push((outline.name.to_owned(), points.collect())),
            }
        }
        for entry in &scenario.sites {
            if let Position::At(point) = entry.position {
                laid.sites.push((entry.name.clone(), (point.x, point.y)));
            }
        }
        laid
    }
}

/// A path as a chain; of a circle that is flown many times its first turns.
fn route(trajectory: &Trajectory) -> Vec<(f64, f64)> {
    /// Legs that are drawn: a flight that circles has very many.
    const LEGS: usize = 60;
    /// Points of a whole turn.
    const STEPS: f64 = 36.0;
    let mut points = Vec::new();
    for leg in trajectory.legs.iter().take(LEGS) {
        let (start, mut end) = (leg.span.start_s, leg.span.end_s);
        let steps = match leg.path {
            Path::Line { .. } => 1,
            Path::Arc { rate_radps, .. } => {
                // What circles on does so on itself.
                let turn_s = 2.0 * std::f64::consts::PI / rate_radps.abs();
                let drawn_s = (end - start).min(turn_s);
                let steps = libm::ceil(STEPS * drawn_s / turn_s).max(1.0);
                if drawn_s < end - start {
                    end = start + drawn_s;
                }
                steps as u32
            }
        };
        for step in 0..=steps {
            let share = f64::from(step) / f64::from(steps);
            let time = Millis::from_seconds(start + (end - start) * share);
            let place = trajectory.position(time);
            points.push((place.x, place.y));
        }
    }
    points
}
