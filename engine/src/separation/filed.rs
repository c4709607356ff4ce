//! Conflicts of filed plans, before anybody takes off.
//!
//! A plan is cut into stretches of at most [`STRETCH_S`], arcs into such of at most [`STRETCH_RAD`]. Each has a volume in space
//! and time: what lies within half the minima of it, from `time_s` before it begins until `time_s` after it ends; of an arc, of its
//! chord and by the sagitta more. Two plans conflict where two of their volumes share an instant and a point, as operational
//! intents do [ASTM F3548-21, strategic conflict detection; the sizes are the user's]. Pairs are those of flights, and near an
//! aerodrome that both use nothing counts, as with flights.

use std::collections::BTreeMap;

use super::{Boxed, Pairs, near_each_other, outside};
use crate::geometry::{Point, Span, distance2_to_path};
use crate::platform::trajectory::{Path, Trajectory};

/// The longest stretch with one volume, s.
const STRETCH_S: f64 = 300.0;

/// The longest stretch of an arc, rad.
const STRETCH_RAD: f64 = std::f64::consts::PI / 12.0;

/// A plan that was filed.
#[derive(Debug, Clone, Copy)]
pub struct FiledPlan<'a> {
    /// Which of the aircraft.
    pub aircraft: usize,
    /// Where it says to fly.
    pub trajectory: &'a Trajectory,
}

/// A stretch of a plan.
struct Stretch {
    aircraft: usize,
    span: Span,
    ends: [Point; 2],
    /// By how much the way may be beside the line between the ends, m.
    sagitta_m: f64,
    altitudes_m: (f64, f64),
}

fn stretches(plan: &FiledPlan<'_>, all: &mut Vec<Stretch>) {
    for leg in &plan.trajectory.legs {
        let duration_s = leg.span.end_s - leg.span.start_s;
        let (longest_s, radius_m, rate_radps) = match leg.path {
            Path::Line { .. } => (STRETCH_S, 0.0, 0.0),
            Path::Arc {
                radius_m,
                rate_radps,
                ..
            } => (
                STRETCH_S.min(STRETCH_RAD / rate_radps.abs()),
                radius_m,
                rate_radps,
            ),
        };
        let parts = libm::ceil(duration_s / longest_s).max(1.0);
        for part in 0..parts as u64 {
            let at = |part: u64| leg.span.start_s + duration_s * (part as f64 / parts);
            let span = Span {
                start_s: at(part),
                end_s: at(part + 1),
            };
            let ends = [leg.position(span.start_s), leg.position(span.end_s)];
            let turned = rate_radps.abs() * (duration_s / parts);
            all.push(Stretch {
                aircraft: plan.aircraft,
                span,
                ends: ends.map(|end| end.xy()),
                sagitta_m: radius_m * (1.0 - libm::cos(turned / 2.0)),
                altitudes_m: (ends[0].z.min(ends[1].z), ends[0].z.max(ends[1].z)),
            });
        }
    }
}

/// The pairs of plans that conflict, by the aircraft's numbers, and when the first two volumes of each begin to share an instant, s.
pub(super) fn conflicts(
    pairs: &Pairs<'_>,
    plans: &[FiledPlan<'_>],
    time_s: f64,
) -> BTreeMap<(usize, usize), f64> {
    let mut all = Vec::new();
    for plan in plans {
        stretches(plan, &mut all);
    }
    let mut found = BTreeMap::new();
    let margin = pairs.separation.widest();
    let slab_s = STRETCH_S;
    let slab_of = |time: f64| libm::floor(time / slab_s) as i64;
    let mut by_slab: BTreeMap<i64, Vec<Boxed>> = BTreeMap::new();
    for (number, stretch) in all.iter().enumerate() {
        let [a, b] = stretch.ends;
        let aside = margin.lateral_m / 2.0 + stretch.sagitta_m;
        let up = margin.vertical_m / 2.0;
        let boxed = Boxed {
            x: (a.x.min(b.x) - aside, a.x.max(b.x) + aside),
            y: (a.y.min(b.y) - aside, a.y.max(b.y) + aside),
            z: (stretch.altitudes_m.0 - up, stretch.altitudes_m.1 + up),
            number,
        };
        let (first, last) = (
            slab_of(stretch.span.start_s - time_s),
            slab_of(stretch.span.end_s + time_s),
        );
        for slab in first..=last {
            by_slab.entry(slab).or_default().push(boxed);
        }
    }
    for boxes in by_slab.values_mut() {
        near_each_other(boxes, |one, other| {
            let (one, other) = (&all[one], &all[other]);
            let (one, other) = if one.aircraft < other.aircraft {
                (one, other)
            } else {
                (other, one)
            };
            let shared = Span {
                start_s: one.span.start_s.max(other.span.start_s) - time_s,
                end_s: one.span.end_s.min(other.span.end_s) + time_s,
            };
            if shared.start_s >= shared.end_s || !pairs.counts(one.aircraft, other.aircraft) {
                return;
            }
            let minima = pairs.minima(one.aircraft, other.aircraft);
            let above_m = (one.altitudes_m.0 - other.altitudes_m.1)
                .max(other.altitudes_m.0 - one.altitudes_m.1);
            let sagitta_m = one.sagitta_m + other.sagitta_m;
            if above_m < minima.vertical_m - 1e-6
                && apart_m(one.ends, other.ends) - sagitta_m < minima.lateral_m - 1e-6
                && away(pairs, one, other, plans)
            {
                let first = found
                    .entry((one.aircraft, other.aircraft))
                    .or_insert(shared.start_s);
                *first = shared.start_s.min(*first);
            }
        });
    }
    found
}

/// Whether either stretch has a part away from the aerodromes that both use.
fn away(pairs: &Pairs<'_>, one: &Stretch, other: &Stretch, plans: &[FiledPlan<'_>]) -> bool {
    let shared = pairs.shared_bases(one.aircraft, other.aircraft);
    shared.is_empty()
        || [one, other].into_iter().all(|stretch| {
            let plan = plans.iter().find(|plan| plan.aircraft == stretch.aircraft);
            let near = plan.map(|plan| pairs.near_bases(plan.trajectory, &shared));
            !outside(stretch.span, &near.unwrap_or_default()).is_empty()
        })
}

/// The least distance of two straight lines between ends, m.
fn apart_m([a, b]: [Point; 2], [c, d]: [Point; 2]) -> f64 {
    let side = |a: Point, b: Point, p: Point| (b - a).perp(&(p - a));
    let crosses = side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0;
    if crosses {
        return 0.0;
    }
    let nearest = [
        distance2_to_path(a, &[c, d]),
        distance2_to_path(b, &[c, d]),
        distance2_to_path(c, &[a, b]),
        distance2_to_path(d, &[a, b]),
    ];
    libm::sqrt(nearest.into_iter().fold(f64::INFINITY, f64::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_cross_or_do_not() {
        let p = Point::new;
        assert_eq!(
            apart_m([p(0.0, 0.0), p(2.0, 0.0)], [p(1.0, -1.0), p(1.0, 1.0)]),
            0.0
        );
        assert_eq!(
            apart_m([p(0.0, 0.0), p(2.0, 0.0)], [p(5.0, 4.0), p(9.0, 4.0)]),
            5.0
        );
        assert_eq!(
            apart_m([p(0.0, 0.0), p(0.0, 0.0)], [p(3.0, 4.0), p(3.0, 9.0)]),
            5.0
        );
    }
}
