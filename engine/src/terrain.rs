//! What the ground hides: elevations on a grid, and what each site sees over them.
//!
//! An aircraft at height z (m above the zero of the grid) and ground distance r from an eye at height e is seen at the slope
//! (z - e - r^2 / 2 R') / r over the horizontal, R' = 8 495 km the radius of an earth on which rays of radio waves in a standard atmosphere are
//! straight (4/3 of it; Skolnik, *Introduction to Radar Systems*; ITU-R P.834). It is hidden if the ground anywhere nearer to the eye is seen at a greater slope: a
//! ridge of height h at range r hides what is below atan(h / r), less the drop r^2 / 2 R'.
//!
//! A [`Horizon`] is made once for each eye: along each of `WAYS` bearings the ground is taken where the bearing crosses the lines of the grid, interpolated between the
//! two nearest points, and kept where it rises above all before it. A bearing is that of the nearest way, so what is narrower than a
//! quarter of a degree, as seen from the eye, may be missed, and its edge is off by up to half of that. Beyond the grid, and where it has no value, the ground is at 0.
//!
//! What the heights of a scenario are above is then the zero of the grid, and a site stands on its ground. The ground is asked
//! for lines of sight and for nothing else: nobody flies into it.

use std::sync::Arc;

use crate::geometry::Point;
use crate::units::EARTH_RADIUS_M;

/// Bearings along which the ground is followed.
const WAYS: usize = 1440;

/// Beyond this no ground is followed, m: an eye at 100 m and a ridge of 2 000 m see each other to 230 km.
const FARTHEST_M: f64 = 300_000.0;

/// Twice the radius of the 4/3 earth, m.
const TWICE_RADIUS_M: f64 = 2.0 * (4.0 / 3.0) * EARTH_RADIUS_M;

/// Elevations on a grid of the local plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The south-westernmost point with an elevation.
    pub south_west: Point,
    /// From one point to the next, east and north, m.
    pub spacing_m: f64,
    /// Points from west to east.
    pub columns: usize,
    /// Points from south to north.
    pub rows: usize,
    /// Elevations, m, row by row from the south, each from the west.
    pub elevations_m: Vec<f32>,
}

impl Grid {
    /// The elevation at a place, m, interpolated between the four nearest points; 0 outside.
    pub fn elevation_m(&self, place: Point) -> f64 {
        let at = (place - self.south_west) / self.spacing_m;
        let (column, row) = (libm::floor(at.x), libm::floor(at.y));
        let inside = column >= 0.0
            && row >= 0.0
            && column <= (self.columns - 1) as f64
            && row <= (self.rows - 1) as f64;
        if !inside {
            return 0.0;
        }
        let (x, y) = (at.x - column, at.y - row);
        let (column, row) = (column as usize, row as usize);
        let (east, north) = (
            (column + 1).min(self.columns - 1),
            (row + 1).min(self.rows - 1),
        );
        let value =
            |column: usize, row: usize| f64::from(self.elevations_m[row * self.columns + column]);
        (value(column, row) * (1.0 - x) + value(east, row) * x) * (1.0 - y)
            + (value(column, north) * (1.0 - x) + value(east, north) * x) * y
    }

    /// How far its farthest corner is from a place, m.
    fn reach_m(&self, place: Point) -> f64 {
        let size = Point::new((self.columns - 1) as f64, (self.rows - 1) as f64) * self.spacing_m;
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let away = corners
            .map(|(x, y)| (self.south_west + Point::new(size.x * x, size.y * y) - place).norm());
        away.into_iter().fold(0.0, f64::max).min(FARTHEST_M)
    }
}

/// The ground of a scenario, and how high above it who looks stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Terrain {
    /// The elevations.
    pub grid: Arc<Grid>,
    /// Height of optics above the ground of their site, m.
    pub optics_m: f64,
    /// Height of launchers above it, m.
    pub weapon_m: f64,
    /// What the sites of each entry see, where they stand at a point.
    pub known: Vec<Option<Arc<Masks>>>,
}

impl Terrain {
    /// What a site sees whose antenna is so high above its ground.
    pub fn masks(&self, site: Point, antenna_m: f64) -> Masks {
        let ground_m = self.grid.elevation_m(site);
        let eye = |height_m: f64| Horizon::new(&self.grid, site, ground_m + height_m);
        Masks {
            ground_m,
            radar: eye(antenna_m),
            optics: eye(self.optics_m),
            weapon: eye(self.weapon_m),
        }
    }
}

/// What the ground hides from a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Masks {
    /// The elevation of the site, m.
    pub ground_m: f64,
    /// From its radar.
    pub radar: Horizon,
    /// From its optics.
    pub optics: Horizon,
    /// From its weapon.
    pub weapon: Horizon,
}

/// What the ground hides from an eye.
#[derive(Debug, Clone, PartialEq)]
pub struct Horizon {
    eye: Point,
    eye_m: f64,
    /// By way: where its rises begin.
    begins: Vec<u32>,
    /// Distance, m, and slope of each place that rises above all before it.
    rises: Vec<(f64, f64)>,
    /// The greatest slope anywhere.
    top: f64,
}

/// How steeply something at a height is seen from another at a distance.
fn slope(height_m: f64, eye_m: f64, range_m: f64) -> f64 {
    (height_m - eye_m - range_m * range_m / TWICE_RADIUS_M) / range_m
}

/// The distances, in order, at which a ray crosses the lines of a grid.
struct Lines {
    /// East and north: the next distance, and how far it is from one to the next.
    next_m: [f64; 2],
    step_m: [f64; 2],
}

impl Lines {
    fn new(grid: &Grid, eye: Point, along: Point) -> Lines {
        let at = (eye - grid.south_west) / grid.spacing_m;
        let axis = |at: f64, along: f64| {
            if along.abs() < 1e-12 {
                return (f64::INFINITY, f64::INFINITY);
            }
            let line = if along > 0.0 {
                libm::floor(at) + 1.0
            } else {
                libm::ceil(at) - 1.0
            };
            (
                (line - at) / along * grid.spacing_m,
                grid.spacing_m / along.abs(),
            )
        };
        let (east, north) = (axis(at.x, along.x), axis(at.y, along.y));
        Lines {
            next_m: [east.0, north.0],
            step_m: [east.1, north.1],
        }
    }

    fn next_m(&mut self) -> f64 {
        let first = usize::from(self.next_m[1] < self.next_m[0]);
        let found = self.next_m[first];
        self.next_m[first] += self.step_m[first];
        found
    }
}

impl Horizon {
    fn new(grid: &Grid, eye: Point, eye_m: f64) -> Horizon {
        let reach_m = grid.reach_m(eye);
        let (mut begins, mut rises) = (Vec::with_capacity(WAYS + 1), Vec::new());
        let mut top = f64::NEG_INFINITY;
        for way in 0..WAYS {
            begins.push(rises.len() as u32);
            let bearing = std::f64::consts::TAU * (way as f64 / WAYS as f64);
            let along = Point::new(libm::sin(bearing), libm::cos(bearing));
            let mut highest = f64::NEG_INFINITY;
            let mut lines = Lines::new(grid, eye, along);
            loop {
                let range_m = lines.next_m();
                if range_m > reach_m {
                    break;
                }
                let seen = slope(grid.elevation_m(eye + along * range_m), eye_m, range_m);
                if seen > highest {
                    highest = seen;
                    rises.push((range_m, seen));
                }
            }
            top = top.max(highest);
        }
        begins.push(rises.len() as u32);
        Horizon {
            eye,
            eye_m,
            begins,
            rises,
            top,
        }
    }

    /// Whether what is at a place of the plane and a height is seen.
    pub fn sees(&self, place: Point, height_m: f64) -> bool {
        let arm = place - self.eye;
        let range_m = arm.norm();
        if range_m <= 0.0 {
            return true;
        }
        let seen = slope(height_m, self.eye_m, range_m);
        if seen >= self.top {
            return true;
        }
        let share = libm::atan2(arm.x, arm.y) / std::f64::consts::TAU;
        let way = libm::round(share * WAYS as f64).rem_euclid(WAYS as f64) as usize;
        let [begin, end] = [way, way + 1].map(|way| self.begins[way] as usize);
        let rises = &self.rises[begin..end];
        let nearer = rises.partition_point(|&(distance_m, _)| distance_m < range_m);
        nearer == 0 || seen >= rises[nearer - 1].1
    }

    /// Whether everything at least so high and at most so far is seen, whatever its bearing.
    pub fn sees_all(&self, lowest_m: f64, farthest_m: f64) -> bool {
        // What is above the eye is seen at a slope that falls with distance.
        lowest_m >= self.eye_m && slope(lowest_m, self.eye_m, farthest_m) >= self.top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flat but for a wall of height `h` from south to north at `east` m.
    fn wall(east: f64, h: f32) -> Grid {
        let (columns, rows, spacing_m) = (801, 801, 50.0);
        let at = libm::round((east + 20_000.0) / spacing_m) as usize;
        let mut elevations_m = vec![0.0; columns * rows];
        for row in 0..rows {
            elevations_m[row * columns + at] = h;
        }
        Grid {
            south_west: Point::new(-20_000.0, -20_000.0),
            spacing_m,
            columns,
            rows,
            elevations_m,
        }
    }

    #[test]
    fn elevations_are_interpolated() {
        let grid = wall(5_000.0, 200.0);
        assert_eq!(grid.elevation_m(Point::new(5_000.0, 12.0)), 200.0);
        assert_eq!(grid.elevation_m(Point::new(4_975.0, 12.0)), 100.0);
        assert_eq!(grid.elevation_m(Point::new(0.0, 0.0)), 0.0);
        assert_eq!(grid.elevation_m(Point::new(20_001.0, 0.0)), 0.0);
        assert_eq!(grid.elevation_m(Point::new(20_000.0, 20_000.0)), 0.0);
    }

    /// A ridge of height h at range r hides, behind it, what is below the line over its edge, on a round earth; nothing in front of it, and
    /// nothing of what is on the other side of the eye.
    #[test]
    fn a_ridge_hides_what_is_below_its_edge() {
        let (h, r) = (227.0, 5_000.0);
        let horizon = Horizon::new(&wall(r, h as f32), Point::zeros(), 0.0);
        for away in [5_100.0, 8_000.0, 13_000.0, 60_000.0] {
            // By hand: the line from the eye over the edge, both dropped by the curve of the earth.
            let radius = 4.0 / 3.0 * 6_371_000.0;
            let edge = (h - r * r / (2.0 * radius)) / r;
            let least = away * edge + away * away / (2.0 * radius);
            let place = Point::new(away, 0.0);
            assert!(
                !horizon.sees(place, least - 0.01) && horizon.sees(place, least + 0.01),
                "{away}"
            );
            assert!(horizon.sees(-place, least - 0.01) || away > 20_000.0);
        }
        assert!(
            horizon.sees(Point::new(4_900.0, 0.0), 5.0),
            "in front of it"
        );
        assert!(horizon.sees_all(13_000.0, 60_000.0) && !horizon.sees_all(500.0, 60_000.0));
    }

    /// At 13 km a climb of 3 m/s clears a mask of 1 degree after 79 s; on a flat earth it would be 76.
    #[test]
    fn the_time_to_clear_a_mask_of_a_degree() {
        let r = 6_500.0;
        // Seen at 1 degree, with the drop of the ridge itself made good.
        let h = r * libm::tan(1.0_f64.to_radians()) + r * r / TWICE_RADIUS_M;
        let horizon = Horizon::new(&wall(r, h as f32), Point::zeros(), 0.0);
        let place = Point::new(13_000.0, 0.0);
        let second = (0..200).find(|&second| horizon.sees(place, 3.0 * f64::from(second)));
        assert_eq!(second, Some(79));
        let flat = 13_000.0 * libm::tan(1.0_f64.to_radians()) / 3.0;
        assert!((flat - 75.6).abs() < 0.1);
    }

    /// Against the line of sight walked metre by metre over hills, from eyes that are not on points of the grid.
    #[test]
    fn hills_hide_what_the_line_of_sight_runs_into() {
        let mut grid = wall(0.0, 0.0);
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let (x, y) = (column as f64 / 40.0, row as f64 / 55.0);
                let hills = 150.0 * libm::sin(x) * libm::cos(y) + 60.0 * libm::sin(2.3 * x + y);
                grid.elevations_m[row * grid.columns + column] = hills as f32;
            }
        }
        let (mut asked, mut differ, mut hidden) = (0, 0, 0);
        for number in 0..40 {
            let n = f64::from(number);
            let eye = Point::new(370.0 * n - 7_000.0, 4_000.0 - 211.0 * n);
            let eye_m = grid.elevation_m(eye) + 10.0;
            let horizon = Horizon::new(&grid, eye, eye_m);
            for k in 0..50 {
                let k = f64::from(k);
                let bearing = k * 0.61;
                let range_m = 500.0 + 240.0 * k;
                let along = Point::new(libm::sin(bearing), libm::cos(bearing));
                let place = eye + along * range_m;
                let height_m = 30.0 + 37.0 * ((k * 7.0 + n) % 11.0);
                let metres = range_m as u64;
                let seen = (1..metres).all(|metre| {
                    let away = metre as f64;
                    let line = eye_m + away * slope(height_m, eye_m, range_m);
                    grid.elevation_m(eye + along * away) - away * away / TWICE_RADIUS_M <= line
                });
                asked += 1;
                hidden += u32::from(!seen);
                differ += u32::from(seen != horizon.sees(place, height_m));
            }
        }
        // Edges are off by up to an eighth of a degree and a cell: few stand that near to one.
        assert!(
            hidden > asked / 10 && hidden < asked * 9 / 10,
            "{hidden} of {asked}"
        );
        assert!(differ * 50 <= asked, "{differ} of {asked}");
    }
}
