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

/// The vector of this length and bearing (degrees clockwise from north).
pub fn polar(range_m: f64, bearing_deg: f64) -> Point {
    let bearing = bearing_deg.to_radians();
    Point::new(range_m * libm::sin(bearing), range_m * libm::cos(bearing))
}
