//! Which of several tracks a site fires at first: by what it believes of them, and by nothing else.

use super::Priority;
use crate::geometry::quadratic_below;
use crate::picture::{Candidate, Observer};

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
            // Straight on from here until the farthest range is passed.
            let (arm, velocity) = (track.place.xy() - site.place, track.velocity_mps.xy());
            let height_m = if envelope.slant { track.place.z } else { 0.0 };
            let inside = quadratic_below(
                arm.norm_squared() + height_m * height_m,
                2.0 * arm.dot(&velocity),
                velocity.norm_squared(),
                envelope.range_m.1 * envelope.range_m.1,
            );
            inside.map_or(f64::INFINITY, |span| span.end_s)
        }
    }
}
