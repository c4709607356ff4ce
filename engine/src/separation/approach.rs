//! Two legs at once: when they are closer than two minima, and how close they come.
//!
//! Seen from one of two aircraft on straight legs the other moves on a straight line p + v t. It is within the lateral minimum
//! while |p + v t|^2 < L^2, a quadratic, and within the vertical one while |z + w t| < V, a line: both are solved. How near they
//! come is told by ((lateral / L)^2 + (vertical / V)^2), 1 on the ellipsoid of the minima, whose least value on a straight line is
//! that of a parabola.
//!
//! Where one of the legs is an arc the lateral distance is bracketed: it changes no faster than both speeds together, so from a
//! distance d nothing happens for |d - L| / (v1 + v2); where that is less than [`STEP_S`] the step is so long, and a change of side
//! within it is bisected to [`INSTANT_S`]. What is undercut for less than a step may be missed: a chord of at most 0.1 s through
//! the circle of the minimum, at 500 m/s together 50 m of 18 520 m, which is 3 cm deep.

use nalgebra::Vector3;

use super::Minima;
use crate::geometry::{Span, quadratic_below};
use crate::platform::trajectory::{Leg, Path};

/// The shortest step along an arc, s.
const STEP_S: f64 = 0.1;

/// How well ends on arcs are known, s.
const INSTANT_S: f64 = 1e-4;

/// Minima are undercut by this at least, m: what is exactly as far apart as it should be has lost nothing to roundings.
const HAIR_M: f64 = 1e-6;

/// A time in which two aircraft are closer than the minima.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Approach {
    /// When.
    pub span: Span,
    /// When they are closest.
    pub closest_s: f64,
    /// How far apart along the ground they are then, m.
    pub lateral_m: f64,
    /// How far above each other, m.
    pub vertical_m: f64,
    /// (lateral / L)^2 + (vertical / V)^2 then.
    pub closeness: f64,
}

/// Calls `found` with the times in `span` at which two aircraft on these legs are closer than the minima, in order.
pub(super) fn approaches(
    one: &Leg,
    other: &Leg,
    span: Span,
    minima: &Minima,
    mut found: impl FnMut(Approach),
) {
    let apart = |time_s: f64| other.position(time_s) - one.position(time_s);
    let start = apart(span.start_s);
    // Arcs are level: the difference of altitudes is a line in any case.
    let climb_mps = other.velocity(span.start_s).z - one.velocity(span.start_s).z;
    let Some(level) = linear_within(start.z, climb_mps, minima.vertical_m - HAIR_M)
        .map(|level| later(level, span.start_s))
        .and_then(|level| level.within(span))
    else {
        return;
    };
    let limit_m = minima.lateral_m - HAIR_M;
    if straight(one) && straight(other) {
        let velocity = other.velocity(span.start_s) - one.velocity(span.start_s);
        let (ground, speed) = (start.xy(), velocity.xy());
        let inside = quadratic_below(
            ground.norm_squared(),
            2.0 * ground.dot(&speed),
            speed.norm_squared(),
            limit_m * limit_m,
        );
        let inside = inside
            .map(|inside| later(inside, span.start_s))
            .and_then(|inside| inside.within(level));
        if let Some(inside) = inside.filter(|inside| inside.start_s < inside.end_s) {
            let (l2, v2) = (
                minima.lateral_m * minima.lateral_m,
                minima.vertical_m * minima.vertical_m,
            );
            let curve = speed.norm_squared() / l2 + velocity.z * velocity.z / v2;
            let slope = ground.dot(&speed) / l2 + start.z * velocity.z / v2;
            let nearest_s = if curve > 0.0 { -slope / curve } else { 0.0 };
            let nearest_s = (span.start_s + nearest_s).clamp(inside.start_s, inside.end_s);
            found(approach(inside, nearest_s, apart(nearest_s), minima));
        }
        return;
    }
    let ground_mps = |leg: &Leg| leg.velocity(leg.span.start_s).xy().norm();
    let reach_mps = ground_mps(one) + ground_mps(other);
    bracketed(
        |time_s| apart(time_s).xy().norm() - limit_m,
        reach_mps,
        level,
        |inside| {
            let rate = reach_mps / minima.lateral_m + climb_mps.abs() / minima.vertical_m;
            let root = |time_s: f64| libm::sqrt(closeness(apart(time_s), minima));
            let nearest_s = least(root, rate, inside);
            found(approach(inside, nearest_s, apart(nearest_s), minima));
        },
    );
}

fn straight(leg: &Leg) -> bool {
    matches!(leg.path, Path::Line { .. })
}

fn later(span: Span, by_s: f64) -> Span {
    Span {
        start_s: span.start_s + by_s,
        end_s: span.end_s + by_s,
    }
}

fn closeness(apart: Vector3<f64>, minima: &Minima) -> f64 {
    let lateral2 = apart.xy().norm_squared() / (minima.lateral_m * minima.lateral_m);
    let vertical = apart.z / minima.vertical_m;
    lateral2 + vertical * vertical
}

fn approach(span: Span, closest_s: f64, apart: Vector3<f64>, minima: &Minima) -> Approach {
    Approach {
        span,
        closest_s,
        lateral_m: apart.xy().norm(),
        vertical_m: apart.z.abs(),
        closeness: closeness(apart, minima),
    }
}

/// When |z + w t| <= limit holds: a span, or nothing.
fn linear_within(z: f64, w: f64, limit: f64) -> Option<Span> {
    if w == 0.0 {
        return (z.abs() <= limit).then_some(Span {
            start_s: f64::NEG_INFINITY,
            end_s: f64::INFINITY,
        });
    }
    let (one, other) = ((-limit - z) / w, (limit - z) / w);
    (limit >= 0.0).then_some(Span {
        start_s: one.min(other),
        end_s: one.max(other),
    })
}

/// Calls `found` with the spans in which `gap`, which changes no faster than `rate` a second, is below 0.
fn bracketed(gap: impl Fn(f64) -> f64, rate: f64, span: Span, mut found: impl FnMut(Span)) {
    let mut time_s = span.start_s;
    let mut here = gap(time_s);
    let mut began = (here < 0.0).then_some(time_s);
    while time_s < span.end_s {
        let next_s = (time_s + (here.abs() / rate).max(STEP_S)).min(span.end_s);
        let there = gap(next_s);
        if (there < 0.0) != (here < 0.0) {
            let (mut early, mut late) = (time_s, next_s);
            while late - early > INSTANT_S {
                let middle = 0.5 * (early + late);
                if (gap(middle) < 0.0) == (here < 0.0) {
                    early = middle;
                } else {
                    late = middle;
                }
            }
            match began.take() {
                Some(start_s) => found(Span {
                    start_s,
                    end_s: early,
                }),
                None => began = Some(late),
            }
        }
        (time_s, here) = (next_s, there);
    }
    if let Some(start_s) = began.filter(|start_s| *start_s < span.end_s) {
        found(Span {
            start_s,
            end_s: span.end_s,
        });
    }
}

/// Where a function that changes no faster than `rate` a second is least, to a step; within that, to an instant if it has one
/// valley there.
fn least(of: impl Fn(f64) -> f64, rate: f64, span: Span) -> f64 {
    let (mut best_s, mut best) = (span.start_s, of(span.start_s));
    let mut time_s = span.start_s;
    let mut here = best;
    while time_s < span.end_s {
        // Nothing is less than the best before this much later.
        time_s = (time_s + ((here - best) / rate).max(STEP_S)).min(span.end_s);
        here = of(time_s);
        if here < best {
            (best_s, best) = (time_s, here);
        }
    }
    let (mut early, mut late) = (
        (best_s - STEP_S).max(span.start_s),
        (best_s + STEP_S).min(span.end_s),
    );
    while late - early > INSTANT_S {
        let third = (late - early) / 3.0;
        if of(early + third) <= of(late - third) {
            late -= third;
        } else {
            early += third;
        }
    }
    let middle = 0.5 * (early + late);
    if of(middle) < best { middle } else { best_s }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use proptest::prelude::*;

    const MINIMA: Minima = Minima {
        lateral_m: 9_260.0,
        vertical_m: 300.0,
    };

    fn line(from: (f64, f64), velocity: (f64, f64), altitude_m: f64, climb_mps: f64) -> Leg {
        Leg {
            span: Span {
                start_s: 0.0,
                end_s: 2_000.0,
            },
            path: Path::Line {
                from: Point::new(from.0, from.1),
                velocity: Point::new(velocity.0, velocity.1),
                altitude_m,
                climb_mps,
            },
        }
    }

    fn arc(center: (f64, f64), radius_m: f64, angle: f64, rate_radps: f64, altitude_m: f64) -> Leg {
        Leg {
            span: Span {
                start_s: 0.0,
                end_s: 2_000.0,
            },
            path: Path::Arc {
                center: Point::new(center.0, center.1),
                radius_m,
                angle,
                rate_radps,
                altitude_m,
            },
        }
    }

    fn all(one: &Leg, other: &Leg, minima: &Minima) -> Vec<Approach> {
        let mut found = Vec::new();
        approaches(one, other, one.span, minima, |approach| {
            found.push(approach);
        });
        found
    }

    /// Head on, 4 km aside, 200 m/s together: closer than 9 260 m for 2 sqrt(9260^2 - 4000^2) / 200 s about the middle.
    #[test]
    fn two_that_pass_each_other() {
        let one = line((-50_000.0, 0.0), (120.0, 0.0), 3_000.0, 0.0);
        let other = line((50_000.0, 4_000.0), (-80.0, 0.0), 3_100.0, 0.0);
        let [found] = all(&one, &other, &MINIMA)[..] else {
            panic!("one approach");
        };
        let half = (9_260.0_f64 * 9_260.0 - 4_000.0 * 4_000.0).sqrt() / 200.0;
        assert!((found.span.start_s - (500.0 - half)).abs() < 1e-6);
        assert!((found.span.end_s - (500.0 + half)).abs() < 1e-6);
        assert!((found.closest_s - 500.0).abs() < 1e-9);
        assert!((found.lateral_m - 4_000.0).abs() < 1e-6 && found.vertical_m == 100.0);
        let above = line((50_000.0, 4_000.0), (-80.0, 0.0), 3_300.0, 0.0);
        assert!(all(&one, &above, &MINIMA).is_empty(), "300 m are enough");
    }

    /// On one course at one speed, one climbs through the other's altitude at 3 m/s: 200 s for 2 x 300 m.
    #[test]
    fn one_that_climbs_through() {
        let one = line((0.0, 0.0), (85.0, 0.0), 3_000.0, 0.0);
        let other = line((0.0, 5_000.0), (85.0, 0.0), 1_500.0, 3.0);
        let [found] = all(&one, &other, &MINIMA)[..] else {
            panic!("one approach");
        };
        assert!(
            (found.span.start_s - 400.0).abs() < 1e-5 && (found.span.end_s - 600.0).abs() < 1e-5
        );
        assert!((found.closest_s - 500.0).abs() < 1e-6 && found.vertical_m < 1e-6);
    }

    /// Two on one circle, opposite each other, are always 2 R apart; two on circles one in the other, at one rate, R1 - R2.
    #[test]
    fn two_that_circle() {
        let rate = 85.0 / 5_000.0;
        let one = arc((0.0, 0.0), 5_000.0, 0.0, rate, 3_000.0);
        let opposite = arc((0.0, 0.0), 5_000.0, std::f64::consts::PI, rate, 3_000.0);
        assert!(all(&one, &opposite, &MINIMA).is_empty());
        let inner = arc((0.0, 0.0), 2_000.0, 0.0, rate, 3_050.0);
        let [found] = all(&one, &inner, &MINIMA)[..] else {
            panic!("one approach");
        };
        assert_eq!((found.span.start_s, found.span.end_s), (0.0, 2_000.0));
        assert!((found.lateral_m - 3_000.0).abs() < 1e-6);
    }

    fn a_line() -> impl Strategy<Value = Leg> {
        (
            (-30e3..30e3, -30e3..30e3),
            (-150.0..150.0, -150.0..150.0),
            2_000.0..4_000.0,
            -5.0..5.0,
        )
            .prop_map(|(from, velocity, altitude_m, climb_mps)| {
                line(from, velocity, altitude_m, climb_mps)
            })
    }

    fn a_leg() -> impl Strategy<Value = Leg> {
        let circles = (
            (-20e3..20e3, -20e3..20e3),
            500.0..15e3,
            0.0..6.2,
            -0.02..0.02,
            2_500.0..3_500.0,
        );
        prop_oneof![
            a_line(),
            circles.prop_map(|(center, radius_m, angle, rate, altitude_m)| {
                arc(center, radius_m, angle, rate, altitude_m)
            })
        ]
    }

    proptest! {
        /// Against both distances asked every quarter of a second: the same answer wherever it is not on the edge, and nothing
        /// nearer than the nearest.
        #[test]
        fn as_asked_all_along(one in a_leg(), other in a_leg()) {
            let found = all(&one, &other, &MINIMA);
            for pair in found.windows(2) {
                prop_assert!(pair[0].span.end_s <= pair[1].span.start_s);
            }
            for step in 0..8_000 {
                let time_s = f64::from(step) / 4.0;
                let apart = one.position(time_s) - other.position(time_s);
                let (lateral_m, vertical_m) = (apart.xy().norm(), apart.z.abs());
                let inside = found.iter().find(|found| (found.span.start_s..=found.span.end_s).contains(&time_s));
                let edge = (lateral_m - MINIMA.lateral_m).abs() < 0.1 || (vertical_m - MINIMA.vertical_m).abs() < 0.01;
                if !edge {
                    prop_assert_eq!(inside.is_some(), lateral_m < MINIMA.lateral_m && vertical_m < MINIMA.vertical_m, "{}", time_s);
                }
                if let Some(inside) = inside {
                    let here = closeness(apart, &MINIMA).sqrt();
                    prop_assert!(inside.closeness.sqrt() <= here + 0.005, "{} {}", inside.closeness.sqrt(), here);
                }
            }
        }
    }
}
