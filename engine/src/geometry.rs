//! Plane geometry: areas that things are drawn in, and the times at which a moving point is inside a circle.

use nalgebra::Vector2;

/// A point of the local plane: east, north, m.
pub type Point = Vector2<f64>;

/// An area of the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        }
    }
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
