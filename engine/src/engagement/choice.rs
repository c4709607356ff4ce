//! Which of several tracks a site fires at first: by what it believes of them, and by nothing else.

use nalgebra::Vector3;

use super::Priority;
use crate::geometry::quadratic_below;
use crate::picture::{Candidate, Envelope, Observer};

/// Puts tracks in the order in which a site fires at them.
pub(super) fn put_in_order(priority: Priority, candidates: &mut [Candidate], site: &Observer) {
    candidates.sort_by(|one, other| {
        let urgency = |candidate| urgency(priority, candidate, site);
        let by_name = match priority {
            Priority::ByName => one.name.cmp(&other.name),
            _ => std::cmp::Ordering::Equal,
        };
        urgency(one)
            .total_cmp(&urgency(other))
            .then(by_name)
            .then_with(|| one.number.order(&other.number))
    });
}

/// What a priority orders tracks by: least first.
fn urgency(priority: Priority, candidate: &Candidate, site: &Observer) -> f64 {
    let track = &candidate.view;
    match priority {
        Priority::ByName => 0.0,
        Priority::FirstEligible => candidate.eligible_since.seconds(),
        Priority::Nearest => (track.place.xy() - site.place).norm(),
        Priority::LeastTimeLeft => {
            let Some(envelope) = site.envelope else {
                return f64::INFINITY;
            };
            time_left_s(&envelope, site, track.place, track.velocity_mps)
        }
    }
}

/// How long something inside an envelope stays there if it goes straight on, s: until the farthest range is passed, it comes nearer than
/// the nearest, or climbs or sinks through the highest or lowest altitude.
fn time_left_s(
    envelope: &Envelope,
    site: &Observer,
    place: Vector3<f64>,
    velocity_mps: Vector3<f64>,
) -> f64 {
    let along = |vector: Vector3<f64>| match envelope.slant {
        true => vector,
        false => Vector3::new(vector.x, vector.y, 0.0),
    };
    let arm = along(place - site.place.push(0.0));
    let velocity = along(velocity_mps);
    let within = |range_m: f64| {
        quadratic_below(
            arm.norm_squared(),
            2.0 * arm.dot(&velocity),
            velocity.norm_squared(),
            range_m * range_m,
        )
    };
    let (nearest_m, farthest_m) = envelope.range_m;
    let out = within(farthest_m).map_or(f64::INFINITY, |span| span.end_s);
    let near = Some(nearest_m).filter(|nearest_m| *nearest_m > 0.0);
    let near = near.and_then(within).map(|span| span.start_s);
    let near = near.filter(|start_s| *start_s > 0.0);
    let (lowest_m, highest_m) = envelope.altitude_m;
    let climb_mps = velocity_mps.z;
    let level = match climb_mps {
        up if up > 0.0 => (highest_m - place.z) / up,
        down if down < 0.0 => (lowest_m - place.z) / down,
        _ => f64::INFINITY,
    };
    out.min(near.unwrap_or(f64::INFINITY)).min(level)
}
