//! Plane geometry: areas that things are drawn in, and the times at which a moving point is inside a circle.

use std::sync::Arc;

use nalgebra::Vector2;

/// A point of the local plane: east, north, m.
pub type Point = Vector2<f64>;

/// An area of the ground.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// A circle.
    Circle {
        /// Centre.
        center: Point,
        /// Radius, m.
        radius_m: f64,
    },
    /// A sector of a ring; bearings clockwise from north.
    Sector {
        /// Centre.
        center: Point,
        /// Nearest, m.
        min_range_m: f64,
        /// Farthest, m.
        max_range_m: f64,
        /// First bearing, degrees.
        from_deg: f64,
        /// Width of the sector, degrees, above 0 and at most 360.
        width_deg: f64,
    },
    /// A rectangle.
    Box {
        /// South-west corner.
        south_west: Point,
        /// North-east corner.
        north_east: Point,
    },
    /// What a chain of straight edges encloses.
    Polygon(Arc<Polygon>),
}

impl Area {
    /// The point that two numbers uniform in [0, 1) stand for; uniform over the area.
    pub fn sample(&self, u: f64, v: f64) -> Point {
        match *self {
            Area::Circle { center, radius_m } => {
                center + polar(radius_m * libm::sqrt(u), v * 360.0)
            }
            Area::Sector {
                center,
                min_range_m,
                max_range_m,
                from_deg,
                width_deg,
            } => {
                let (near, far) = (min_range_m * min_range_m, max_range_m * max_range_m);
                center
                    + polar(
                        libm::sqrt(near + u * (far - near)),
                        from_deg + v * width_deg,
                    )
            }
            Area::Box {
                south_west,
                north_east,
            } => {
                let size = north_east - south_west;
                south_west + Point::new(u * size.x, v * size.y)
            }
            Area::Polygon(ref polygon) => polygon.sample(u, v),
        }
    }

    /// A circle that holds the area: centre, and radius in m.
    pub fn bounds(&self) -> (Point, f64) {
        match *self {
            Area::Circle { center, radius_m } => (center, radius_m),
            Area::Sector {
                center,
                max_range_m,
                ..
            } => (center, max_range_m),
            Area::Box {
                south_west,
                north_east,
            } => (
                (south_west + north_east) * 0.5,
                (north_east - south_west).norm() * 0.5,
            ),
            Area::Polygon(ref polygon) => (polygon.middle, polygon.reach_m),
        }
    }

    /// Whether `point` lies in the area.
    pub fn contains(&self, point: Point) -> bool {
        match *self {
            Area::Circle { center, radius_m } => {
                (point - center).norm_squared() <= radius_m * radius_m
            }
            Area::Sector {
                center,
                min_range_m,
                max_range_m,
                from_deg,
                width_deg,
            } => {
                let arm = point - center;
                let range2 = arm.norm_squared();
                if range2 < min_range_m * min_range_m || range2 > max_range_m * max_range_m {
                    return false;
                }
                let bearing = libm::atan2(arm.x, arm.y).to_degrees();
                (bearing - from_deg).rem_euclid(360.0) <= width_deg
            }
            Area::Box {
                south_west,
                north_east,
            } => {
                (south_west.x..=north_east.x).contains(&point.x)
                    && (south_west.y..=north_east.y).contains(&point.y)
            }
            Area::Polygon(ref polygon) => polygon.contains(point),
        }
    }
}

impl Area {
    /// How far a point is from the area, m; 0 inside.
    pub fn distance_m(&self, point: Point) -> f64 {
        if self.contains(point) {
            return 0.0;
        }
        match *self {
            Area::Circle { center, radius_m } => (point - center).norm() - radius_m,
            Area::Sector {
                center,
                min_range_m,
                max_range_m,
                from_deg,
                width_deg,
            } => {
                let arm = point - center;
                let range_m = arm.norm();
                let bearing = libm::atan2(arm.x, arm.y).to_degrees();
                if (bearing - from_deg).rem_euclid(360.0) <= width_deg {
                    return (range_m - range_m.clamp(min_range_m, max_range_m)).abs();
                }
                let edge = |bearing_deg: f64| {
                    let ends = [min_range_m, max_range_m]
                        .map(|range_m| center + polar(range_m, bearing_deg));
                    distance2_to_path(point, &ends)
                };
                libm::sqrt(edge(from_deg).min(edge(from_deg + width_deg)))
            }
            Area::Box {
                south_west,
                north_east,
            } => {
                let nearest = Point::new(
                    point.x.clamp(south_west.x, north_east.x),
                    point.y.clamp(south_west.y, north_east.y),
                );
                (point - nearest).norm()
            }
            Area::Polygon(ref polygon) => libm::sqrt(distance2_to_path(point, &polygon.closed)),
        }
    }
}

/// What a chain of straight edges encloses; made once, asked often.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    /// The corners, the first again at the end.
    closed: Vec<Point>,
    south_west: Point,
    north_east: Point,
    /// The middle of its box, and how far the farthest corner is from there, m.
    middle: Point,
    reach_m: f64,
    /// Triangles that make it up, each with the area of those up to it, m^2.
    triangles: Vec<([Point; 3], f64)>,
}

impl Polygon {
    /// The polygon with these corners in order, in either sense; nothing if they are fewer than three, enclose nothing, or
    /// their edges touch or cross.
    pub fn new(corners: &[Point]) -> Option<Polygon> {
        if corners.len() < 3 || crossing(corners).is_some() {
            return None;
        }
        let edge = |pick: fn(f64, f64) -> f64, axis: usize| {
            corners
                .iter()
                .map(|corner| corner[axis])
                .reduce(pick)
                .unwrap_or(0.0)
        };
        let south_west = Point::new(edge(f64::min, 0), edge(f64::min, 1));
        let north_east = Point::new(edge(f64::max, 0), edge(f64::max, 1));
        let middle = (south_west + north_east) * 0.5;
        let reaches = corners.iter().map(|corner| (corner - middle).norm());
        let mut closed = corners.to_vec();
        closed.push(corners[0]);
        let mut area_m2 = 0.0;
        let triangles = triangles(corners)?.into_iter().map(|triangle| {
            area_m2 += turn(triangle[0], triangle[1], triangle[2]) / 2.0;
            (triangle, area_m2)
        });
        Some(Polygon {
            triangles: triangles.collect(),
            closed,
            south_west,
            north_east,
            middle,
            reach_m: reaches.fold(0.0, f64::max),
        })
    }

    /// The corners, in order.
    pub fn corners(&self) -> &[Point] {
        &self.closed[..self.closed.len() - 1]
    }

    fn contains(&self, point: Point) -> bool {
        let boxed = (self.south_west.x..=self.north_east.x).contains(&point.x)
            && (self.south_west.y..=self.north_east.y).contains(&point.y);
        boxed
            && self.closed.windows(2).fold(false, |inside, ends| {
                let (one, other) = (ends[0], ends[1]);
                // An edge counts with its lower end and without its upper, so that no corner counts twice.
                let passes = (one.y > point.y) != (other.y > point.y)
                    && point.x < one.x + (point.y - one.y) / (other.y - one.y) * (other.x - one.x);
                inside != passes
            })
    }

    fn sample(&self, u: f64, v: f64) -> Point {
        let whole = self.triangles.last().map_or(0.0, |(_, area_m2)| *area_m2);
        let wanted = u * whole;
        let number = self
            .triangles
            .partition_point(|(_, area_m2)| *area_m2 <= wanted);
        let number = number.min(self.triangles.len() - 1);
        let before = number
            .checked_sub(1)
            .map_or(0.0, |before| self.triangles[before].1);
        let ([a, b, c], until) = self.triangles[number];
        // What is left of the first number says how far along the triangle.
        let root = libm::sqrt(((wanted - before) / (until - before)).clamp(0.0, 1.0));
        a * (1.0 - root) + b * (root * (1.0 - v)) + c * (root * v)
    }
}

/// Twice the area of a triangle, positive anticlockwise, m^2.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b - a).perp(&(c - a))
}

/// Two edges of a closed chain that touch or cross though they are no neighbours, or neighbours that lie on each other, by
/// the numbers of their first corners.
pub fn crossing(corners: &[Point]) -> Option<(usize, usize)> {
    let count = corners.len();
    let ends = |edge: usize| (corners[edge], corners[(edge + 1) % count]);
    for one in 0..count {
        for other in one + 1..count {
            let ((a, b), (c, d)) = (ends(one), ends(other));
            if other == one + 1 || (one == 0 && other == count - 1) {
                // Neighbours share a corner; they may not go back over each other.
                let (from, shared, to) = if other == one + 1 {
                    (a, b, d)
                } else {
                    (c, d, b)
                };
                let back =
                    turn(from, shared, to) == 0.0 && (from - shared).dot(&(to - shared)) > 0.0;
                if back || from == shared {
                    return Some((one, other));
                }
                continue;
            }
            let apart = a.x.max(b.x) < c.x.min(d.x)
                || c.x.max(d.x) < a.x.min(b.x)
                || a.y.max(b.y) < c.y.min(d.y)
                || c.y.max(d.y) < a.y.min(b.y);
            if apart {
                continue;
            }
            let sides = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
            if sides[0] * sides[1] <= 0.0 && sides[2] * sides[3] <= 0.0 {
                return Some((one, other));
            }
        }
    }
    None
}

/// Triangles, anticlockwise, that make up a polygon whose edges do not cross: ears are cut off until one is left.
fn triangles(corners: &[Point]) -> Option<Vec<[Point; 3]>> {
    let twice: f64 = (0..corners.len())
        .map(|number| corners[number].perp(&corners[(number + 1) % corners.len()]))
        .sum();
    let mut left = corners.to_vec();
    if twice < 0.0 {
        left.reverse();
    }
    let mut found = Vec::new();
    while left.len() > 2 {
        let count = left.len();
        let ear = (0..count).find(|&number| {
            let (before, after) = ((number + count - 1) % count, (number + 1) % count);
            let (a, b, c) = (left[before], left[number], left[after]);
            let flat_or_ear = turn(a, b, c) >= 0.0;
            flat_or_ear
                && left.iter().enumerate().all(|(other, &point)| {
                    [before, number, after].contains(&other)
                        || turn(a, b, point) < 0.0
                        || turn(b, c, point) < 0.0
                        || turn(c, a, point) < 0.0
                })
        })?;
        let triangle = [
            left[(ear + count - 1) % count],
            left[ear],
            left[(ear + 1) % count],
        ];
        if turn(triangle[0], triangle[1], triangle[2]) > 0.0 {
            found.push(triangle);
        }
        left.remove(ear);
    }
    (!found.is_empty()).then_some(found)
}

/// The vector of this length and bearing (degrees clockwise from north).
pub fn polar(range_m: f64, bearing_deg: f64) -> Point {
    let bearing = bearing_deg.to_radians();
    Point::new(range_m * libm::sin(bearing), range_m * libm::cos(bearing))
}

/// Square of the distance, m^2, from `point` to the nearest point of the lines from each of `points` to the next;
/// infinite without a point.
pub fn distance2_to_path(point: Point, points: &[Point]) -> f64 {
    let to_segment = |ends: &[Point]| {
        let along = ends[1] - ends[0];
        let share = (point - ends[0]).dot(&along) / along.norm_squared();
        // Where the two ends are one point the share is not a number, and the clamp leaves it so.
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        (ends[0] + along * share - point).norm_squared()
    };
    match points {
        [only] => (only - point).norm_squared(),
        _ => points
            .windows(2)
            .map(to_segment)
            .fold(f64::INFINITY, f64::min),
    }
}

/// A span of time, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// First instant.
    pub start_s: f64,
    /// Last instant.
    pub end_s: f64,
}

impl Span {
    /// The part of this span inside `other`, if there is any.
    pub fn within(self, other: Span) -> Option<Span> {
        let span = Span {
            start_s: self.start_s.max(other.start_s),
            end_s: self.end_s.min(other.end_s),
        };
        (span.start_s <= span.end_s).then_some(span)
    }
}

/// When a + b t + c t^2 <= limit holds, for c >= 0: a span, or nothing. Serves every straight line past a circle
/// or a sphere, where a is the squared distance at t = 0.
pub fn quadratic_below(a: f64, b: f64, c: f64, limit: f64) -> Option<Span> {
    if c <= 0.0 {
        return (a <= limit).then_some(Span {
            start_s: f64::NEG_INFINITY,
            end_s: f64::INFINITY,
        });
    }
    let middle = -b / (2.0 * c);
    let lowest = a + b * middle / 2.0;
    let room = limit - lowest;
    (room >= 0.0).then(|| {
        let half = libm::sqrt(room / c);
        Span {
            start_s: middle - half,
            end_s: middle + half,
        }
    })
}

/// When a point on a circle (angle `angle + rate t`, `radius` about `center`, as seen from the observer at the origin)
/// is within `limit` of the observer, for t in [0, duration]: in order of time.
pub fn arc_within(
    center: Point,
    radius_m: f64,
    angle: f64,
    rate_radps: f64,
    limit_m: f64,
    duration_s: f64,
    mut found: impl FnMut(Span),
) {
    let all = Span {
        start_s: 0.0,
        end_s: duration_s,
    };
    let distance = center.norm();
    // Squared distance is D^2 + R^2 + 2 D R cos(angle - bearing): within the limit where the cosine is below `bound`.
    let product = 2.0 * distance * radius_m;
    let room = limit_m * limit_m - distance * distance - radius_m * radius_m;
    if room >= product {
        return found(all);
    }
    if room < -product || product <= 0.0 || rate_radps == 0.0 {
        if rate_radps == 0.0 && room >= product * libm::cos(angle - libm::atan2(center.y, center.x))
        {
            found(all);
        }
        return;
    }
    // The point is nearest at angle = bearing + pi; it is within the limit while |angle - nearest| <= half.
    let half = std::f64::consts::PI - libm::acos((room / product).clamp(-1.0, 1.0));
    let nearest = libm::atan2(center.y, center.x) + std::f64::consts::PI;
    let rate = rate_radps.abs();
    let ahead = if rate_radps > 0.0 {
        nearest - angle
    } else {
        angle - nearest
    };
    let turn = std::f64::consts::TAU / rate;
    let mut middle = ahead.rem_euclid(std::f64::consts::TAU) / rate - turn;
    while middle - half / rate <= duration_s {
        let span = Span {
            start_s: middle - half / rate,
            end_s: middle + half / rate,
        };
        if let Some(span) = span.within(all) {
            found(span);
        }
        middle += turn;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A star about a place: its radii at equal angles.
    fn star(radii: &[f64], at: Point, reversed: bool) -> Vec<Point> {
        let step = 360.0 / radii.len() as f64;
        let corners = radii.iter().enumerate();
        let mut corners: Vec<Point> = corners
            .map(|(number, radius)| at + polar(*radius, step * number as f64))
            .collect();
        if reversed {
            corners.reverse();
        }
        corners
    }

    #[test]
    fn an_l_is_what_it_is() {
        let corners = [
            (0.0, 0.0),
            (2.0, 0.0),
            (2.0, 1.0),
            (1.0, 1.0),
            (1.0, 2.0),
            (0.0, 2.0),
        ];
        let corners = corners.map(|(x, y)| Point::new(x, y));
        let area = Area::Polygon(Arc::new(Polygon::new(&corners).unwrap()));
        for (x, y, inside) in [
            (0.5, 0.5, true),
            (1.5, 0.5, true),
            (0.5, 1.5, true),
            (1.5, 1.5, false),
            (-0.1, 1.0, false),
            (3.0, 0.5, false),
        ] {
            assert_eq!(area.contains(Point::new(x, y)), inside, "{x} {y}");
        }
        assert!((area.distance_m(Point::new(1.5, 1.5)) - 0.5).abs() < 1e-12);
        assert_eq!(area.distance_m(Point::new(0.5, 0.5)), 0.0);
        // A third of a fine grid of draws falls into each third of the area.
        let mut counts = [0; 3];
        let steps = 200;
        for i in 0..steps {
            for j in 0..steps {
                let at = |number: i32| (f64::from(number) + 0.5) / f64::from(steps);
                let point = area.sample(at(i), at(j));
                counts[if point.x > 1.0 {
                    1
                } else if point.y > 1.0 {
                    2
                } else {
                    0
                }] += 1;
            }
        }
        let third = steps * steps / 3;
        assert!(
            counts
                .iter()
                .all(|count| (count - third).abs() < third / 50),
            "{counts:?}"
        );
    }

    #[test]
    fn what_encloses_nothing_or_crosses_itself_is_none() {
        let chain = |corners: &[(f64, f64)]| {
            let corners: Vec<Point> = corners.iter().map(|&(x, y)| Point::new(x, y)).collect();
            Polygon::new(&corners).is_some()
        };
        assert!(chain(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]));
        assert!(chain(&[(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)]), "clockwise");
        assert!(
            chain(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 1.0)]),
            "a corner on an edge"
        );
        assert!(!chain(&[(0.0, 0.0), (1.0, 0.0)]));
        assert!(!chain(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]));
        assert!(!chain(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]));
        assert!(
            !chain(&[(0.0, 0.0), (2.0, 0.0), (1.0, 0.0), (1.0, 1.0)]),
            "back over itself"
        );
        assert!(
            !chain(&[(0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]),
            "a corner twice"
        );
    }

    proptest! {
        #[test]
        fn stars_are_filled_by_their_triangles(
            radii in proptest::collection::vec(1.0f64..10.0, 4..20), x in -50.0f64..50.0, y in -50.0f64..50.0, reversed: bool, u in 0.0f64..1.0, v in 0.0f64..1.0, px in -12.0f64..12.0, py in -12.0f64..12.0
        ) {
            let at = Point::new(x, y);
            let polygon = Polygon::new(&star(&radii, at, reversed)).unwrap();
            let closed = &polygon.closed;
            let twice: f64 = closed.windows(2).map(|ends| ends[0].perp(&ends[1])).sum();
            let filled = polygon.triangles.last().unwrap().1;
            prop_assert!((twice.abs() / 2.0 - filled).abs() < 1e-6 * filled);
            let area = Area::Polygon(Arc::new(polygon));
            let drawn = area.sample(u, v);
            prop_assert!(area.distance_m(drawn) < 1e-6);
            let (middle, reach_m) = area.bounds();
            prop_assert!((drawn - middle).norm() <= reach_m + 1e-9);
            // Inside a star is what lies below its edge as seen from its middle.
            let point = at + Point::new(px, py);
            let Area::Polygon(polygon) = &area else { unreachable!() };
            let inside = polygon.triangles.iter().any(|([a, b, c], _)| turn(*a, *b, point) > 0.0 && turn(*b, *c, point) > 0.0 && turn(*c, *a, point) > 0.0);
            prop_assert!(!inside || area.contains(point));
            let near = polygon.triangles.iter().any(|([a, b, c], _)| turn(*a, *b, point) >= -1e-6 && turn(*b, *c, point) >= -1e-6 && turn(*c, *a, point) >= -1e-6);
            prop_assert!(near || !area.contains(point));
        }
    }
}
