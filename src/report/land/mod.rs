//! The land of the earth, for maps alone: nothing is decided by it.
//!
//! From Natural Earth at 1:50 million, which is in the public domain ("Made with Natural Earth"); `make.py` beside this file
//! says how `land.bin` was made of it. Error: a few kilometres, so a site on the beach may be drawn in the water.
//!
//! The file holds tiles of 5 degrees that have land, in order of their number: row by row from 90 S, each from 180 W. A tile
//! is the step from the number before, how many rings, and the rings: how many points, and the points as steps east and north
//! from the one before, the first from the south-west corner, in hundredths of a degree. All are whole numbers of seven bits a
//! byte, the least first; steps alternate their sign. A ring in a ring is water. An edge on the rim of a tile is no coast.

use serde_json::Value as Json;

use crate::geodesy::{Frame, LatLon};
use crate::geometry::Point;

const LAND: &[u8] = include_bytes!("land.bin");

/// Side of a tile, hundredths of a degree.
const TILE: i64 = 500;

/// Tiles in a row.
const ROW: u64 = 72;

/// Who made the data; stands under every map. Nothing where there is none.
pub(super) fn credit(frame: &Frame) -> &'static str {
    if frame.on_earth() {
        "Land: made with Natural Earth, public domain."
    } else {
        ""
    }
}

/// A rectangle of the local plane, m.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Window {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Window {
    /// The smallest that holds some points.
    pub fn of(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Window> {
        points
            .into_iter()
            .fold(None, |found: Option<Window>, (x, y)| {
                let found = found.unwrap_or(Window {
                    west: x,
                    south: y,
                    east: x,
                    north: y,
                });
                Some(Window {
                    west: found.west.min(x),
                    south: found.south.min(y),
                    east: found.east.max(x),
                    north: found.north.max(y),
                })
            })
    }

    pub fn corners(&self) -> [(f64, f64); 2] {
        [(self.west, self.south), (self.east, self.north)]
    }

    pub fn width(&self) -> f64 {
        self.east - self.west
    }

    pub fn height(&self) -> f64 {
        self.north - self.south
    }

    pub fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.west..=self.east).contains(&x) && (self.south..=self.north).contains(&y)
    }

    /// With so much more on every side.
    pub fn wider(&self, by: f64) -> Window {
        Window {
            west: self.west - by,
            south: self.south - by,
            east: self.east + by,
            north: self.north + by,
        }
    }

    /// At least so wide and high, about the same middle.
    pub fn at_least(&self, width: f64, height: f64) -> Window {
        let aside = ((width - self.width()) / 2.0).max(0.0);
        let up = ((height - self.height()) / 2.0).max(0.0);
        Window {
            west: self.west - aside,
            south: self.south - up,
            east: self.east + aside,
            north: self.north + up,
        }
    }
}

/// A chain of places in the local plane, east and north, m.
pub(super) type Chain = Vec<(f64, f64)>;

/// What of the land is in a window.
#[derive(Debug, Default)]
pub(super) struct Land {
    /// Rings: land where a place is in an odd number of them.
    pub areas: Vec<Chain>,
    /// Lines of the coast.
    pub coast: Vec<Chain>,
}

/// The land in a window of the plane. A plane that lies nowhere is land all over.
pub(super) fn around(frame: &Frame, window: &Window) -> Land {
    let mut land = Land::default();
    let Window {
        west,
        south,
        east,
        north,
    } = *window;
    if !frame.on_earth() {
        land.areas.push(vec![
            (west, south),
            (east, south),
            (east, north),
            (west, north),
        ]);
        return land;
    }
    let (width, height) = (window.width(), window.height());
    let middle = frame.from_plane(Point::new(west + width / 2.0, south + height / 2.0));
    // The farthest corner of a tile of 5 degrees is within 400 km of its middle.
    let reach_m = libm::hypot(width, height) / 2.0 + 400_000.0;
    let normal = |place: LatLon| {
        let (sin_lat, cos_lat) = libm::sincos(place.lat_deg.to_radians());
        let (sin_lon, cos_lon) = libm::sincos(place.lon_deg.to_radians());
        [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
    };
    let here = normal(middle);
    let nearest = libm::cos((reach_m / 6.35e6).min(std::f64::consts::PI));
    let mut numbers = Numbers(LAND);
    let mut tile = 0;
    while let Some(step) = numbers.next() {
        tile += step;
        let corner = ((tile % ROW) as i64 * TILE, (tile / ROW) as i64 * TILE);
        let place = |(x, y): (i64, i64)| LatLon {
            lat_deg: (corner.1 + y) as f64 / 100.0 - 90.0,
            lon_deg: (corner.0 + x) as f64 / 100.0 - 180.0,
        };
        let there = normal(place((TILE / 2, TILE / 2)));
        let cosine: f64 = here.iter().zip(there).map(|(one, other)| one * other).sum();
        for _ in 0..numbers.next().unwrap_or(0) {
            let ring = numbers.ring();
            if cosine < nearest {
                continue;
            }
            let points: Chain = (ring.iter())
                .map(|&point| {
                    let point = frame.to_plane(place(point));
                    (point.x, point.y)
                })
                .collect();
            land.coast.extend(coast(&ring, &points, window));
            let inside = clipped(&points, window);
            if inside.len() > 2 {
                land.areas.push(inside);
            }
        }
    }
    land
}

/// The land that a file of GeoJSON holds, in a window: polygons as areas and coast, lines as coast.
pub(super) fn of_geojson(text: &str, frame: &Frame, window: &Window) -> Result<Land, String> {
    let value: Json =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let mut chains = Vec::new();
    lines_of(&value, &mut chains);
    if chains.is_empty() {
        return Err("it holds no polygon and no line; expected GeoJSON".to_owned());
    }
    let mut land = Land::default();
    for (closed, places) in chains {
        let points: Chain = (places.iter())
            .map(|&place| {
                let point = frame.to_plane(place);
                (point.x, point.y)
            })
            .collect();
        if closed {
            let inside = clipped(&points, window);
            if inside.len() > 2 {
                land.areas.push(inside);
            }
        }
        let near = window.wider(window.width().max(window.height()));
        let seen = points.split(|&point| !near.holds(point));
        land.coast
            .extend(seen.filter(|part| part.len() > 1).map(<[_]>::to_vec));
    }
    Ok(land)
}

/// Chains of places, and whether they are rings.
fn lines_of(value: &Json, found: &mut Vec<(bool, Vec<LatLon>)>) {
    let places = |list: &Json| -> Vec<LatLon> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|place| {
            Some(LatLon {
                lat_deg: place.get(1)?.as_f64().filter(|lat| lat.abs() <= 90.0)?,
                lon_deg: place.get(0)?.as_f64().filter(|lon| lon.abs() <= 180.0)?,
            })
        })
        .collect()
    };
    let coordinates = value.get("coordinates").and_then(Json::as_array);
    let coordinates = coordinates.map_or(&[][..], Vec::as_slice);
    match value.get("type").and_then(Json::as_str) {
        Some("FeatureCollection") => {
            let features = value.get("features").and_then(Json::as_array);
            features
                .into_iter()
                .flatten()
                .for_each(|feature| lines_of(feature, found));
        }
        Some("Feature") => value
            .get("geometry")
            .into_iter()
            .for_each(|geometry| lines_of(geometry, found)),
        Some("GeometryCollection") => {
            let parts = value.get("geometries").and_then(Json::as_array);
            parts
                .into_iter()
                .flatten()
                .for_each(|part| lines_of(part, found));
        }
        Some("Polygon") => found.extend(coordinates.iter().map(|ring| (true, places(ring)))),
        Some("MultiPolygon") => {
            let rings = coordinates.iter().filter_map(Json::as_array).flatten();
            found.extend(rings.map(|ring| (true, places(ring))));
        }
        Some("LineString") => {
            found.extend(value.get("coordinates").map(|line| (false, places(line))))
        }
        Some("MultiLineString") => {
            found.extend(coordinates.iter().map(|line| (false, places(line))))
        }
        _ => {}
    }
}

/// Whole numbers of seven bits a byte.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                break;
            }
        }
        Some(value)
    }

    fn step(&mut self) -> i64 {
        let value = self.next().unwrap_or(0);
        ((value >> 1) as i64) ^ -((value & 1) as i64)
    }

    fn ring(&mut self) -> Vec<(i64, i64)> {
        let (mut x, mut y) = (0, 0);
        let count = self.next().unwrap_or(0);
        (0..count)
            .map(|_| {
                x += self.step();
                y += self.step();
                (x, y)
            })
            .collect()
    }
}

/// The edges of a ring that are coast and touch the window, as chains.
fn coast(ring: &[(i64, i64)], points: &[(f64, f64)], window: &Window) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut joined = false;
    for number in 0..ring.len() {
        let next = (number + 1) % ring.len();
        let (one, other) = (ring[number], ring[next]);
        let rim = |one: i64, other: i64| one == other && (one == 0 || one == TILE);
        let edge = Window::of([points[number], points[next]]).unwrap_or_default();
        let seen = edge.east >= window.west
            && edge.west <= window.east
            && edge.north >= window.south
            && edge.south <= window.north;
        if rim(one.0, other.0) || rim(one.1, other.1) || !seen {
            joined = false;
            continue;
        }
        match chains.last_mut().filter(|_| joined) {
            Some(chain) => chain.push(points[next]),
            None => chains.push(vec![points[number], points[next]]),
        }
        joined = true;
    }
    chains
}

/// What of a ring lies in the window (Sutherland and Hodgman): edges along the rim of the window fill nothing.
fn clipped(ring: &[(f64, f64)], window: &Window) -> Chain {
    let mut points = ring.to_vec();
    for (axis, limit, above) in [
        (0, window.west, true),
        (0, window.east, false),
        (1, window.south, true),
        (1, window.north, false),
    ] {
        let along = |point: (f64, f64)| if axis == 0 { point.0 } else { point.1 };
        let inside = |point: (f64, f64)| (along(point) >= limit) == above;
        let mut kept = Vec::with_capacity(points.len());
        for (number, &other) in points.iter().enumerate() {
            let one = points[(number + points.len() - 1) % points.len()];
            if inside(one) != inside(other) {
                let share = (limit - along(one)) / (along(other) - along(one));
                kept.push((
                    one.0 + share * (other.0 - one.0),
                    one.1 + share * (other.1 - one.1),
                ));
            }
            if inside(other) {
                kept.push(other);
            }
        }
        points = kept;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the place in the middle of a small window is land.
    fn is_land(lat_deg: f64, lon_deg: f64, away_deg: f64) -> bool {
        // Seen from a plane about somewhere else, too.
        let frame = Frame::about(LatLon {
            lat_deg: lat_deg + away_deg,
            lon_deg: lon_deg - away_deg,
        });
        let at = frame.to_plane(LatLon { lat_deg, lon_deg });
        let window = Window::of([(at.x, at.y)]).unwrap().wider(150_000.0);
        let land = around(&frame, &window);
        let mut inside = false;
        for ring in &land.areas {
            for (number, &one) in ring.iter().enumerate() {
                let other = ring[(number + 1) % ring.len()];
                if (one.1 > at.y) != (other.1 > at.y)
                    && at.x < one.0 + (at.y - one.1) / (other.1 - one.1) * (other.0 - one.0)
                {
                    inside = !inside;
                }
            }
        }
        inside
    }

    #[test]
    fn land_is_where_land_is() {
        for away_deg in [0.0, 3.0] {
            for (name, lat, lon) in [
                ("Tripoli, south of the town", 32.6, 13.2),
                ("Lviv", 49.8, 24.0),
                ("Singapore's mainland", 1.6, 103.6),
                ("Taveuni, across the antimeridian", -16.85, -179.97),
                ("Chukotka", 67.0, -179.0),
                ("Svalbard", 78.6, 16.0),
                ("Canberra", -35.3, 149.1),
                ("Quito", -0.2, -78.5),
                ("Greenwich", 51.5, 0.0),
                ("a corner of four tiles", 50.0, 30.0),
            ] {
                assert!(is_land(lat, lon, away_deg), "{name}");
            }
            for (name, lat, lon) in [
                ("Gulf of Sidra", 31.8, 18.0),
                ("Caspian Sea", 42.0, 50.5),
                ("Strait of Hormuz", 26.45, 56.6),
                ("Baltic", 58.0, 20.0),
                ("mid-Pacific, on the antimeridian", 5.0, 180.0),
                ("North Atlantic", 45.0, -40.0),
            ] {
                assert!(!is_land(lat, lon, away_deg), "{name}");
            }
        }
    }

    #[test]
    fn the_whole_file_is_read() {
        let mut numbers = Numbers(LAND);
        let (mut tile, mut points) = (0, 0);
        while let Some(step) = numbers.next() {
            tile += step;
            assert!(tile < ROW * 36);
            for _ in 0..numbers.next().unwrap() {
                let ring = numbers.ring();
                assert!(ring.len() > 2);
                assert!(
                    ring.iter()
                        .all(|&(x, y)| (0..=TILE).contains(&x) && (0..=TILE).contains(&y))
                );
                points += ring.len();
            }
        }
        assert_eq!(points, 82_067);
        assert!(LAND.len() < 400_000);
    }

    #[test]
    fn a_coast_is_not_the_rim_of_a_tile() {
        // Inland there is none, though four tiles meet.
        let frame = Frame::about(LatLon {
            lat_deg: 50.0,
            lon_deg: 30.0,
        });
        let window = Window::default().wider(100_000.0);
        let land = around(&frame, &window);
        assert!(land.coast.is_empty() && land.areas.len() == 4, "{land:?}");
        let tripoli = Frame::about(LatLon {
            lat_deg: 32.9,
            lon_deg: 13.2,
        });
        let coast = around(&tripoli, &window).coast;
        let nearest = coast
            .iter()
            .flatten()
            .map(|(east, north)| east.hypot(*north));
        assert!(nearest.fold(f64::INFINITY, f64::min) < 10_000.0);
    }

    #[test]
    fn land_of_ones_own_is_drawn_instead() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[29,49],[31,49],[31,51],[29,51],[29,49]]]}},
            {"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[30,50],[30.1,50]]}}]}"#;
        let frame = Frame::about(LatLon {
            lat_deg: 50.0,
            lon_deg: 30.0,
        });
        let window = Window::default().wider(200_000.0);
        let land = of_geojson(text, &frame, &window).unwrap();
        assert_eq!((land.areas.len(), land.coast.len()), (1, 2), "{land:?}");
        for text in ["", "{}", "[1]", r#"{"type":"Polygon","coordinates":[]}"#] {
            assert!(of_geojson(text, &frame, &window).is_err(), "{text}");
        }
    }

    #[test]
    fn a_plane_nowhere_has_no_coast() {
        let window = Window::default().wider(1.0);
        let land = around(&Frame::nowhere(), &window);
        assert!(land.coast.is_empty() && land.areas.len() == 1);
        assert_eq!(credit(&Frame::nowhere()), "");
    }
}
