//! Points and areas as typed to points and areas of the local plane, and where that plane lies.

use std::collections::{BTreeMap, BTreeSet};

use super::file::*;
use crate::geodesy::{self, FARTHEST_LAT_DEG, Frame, LatLon, MOST_STRETCH};
use crate::geometry::{Area, Point};

/// Distance from the origin up to which no length is off by [`MOST_STRETCH`], on any earth, m.
const SURELY_IN_REACH_M: f64 = 1_200_000.0;

/// The plane, and named places in it; `None` for a place that is itself at fault, so that it is reported once.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub frame: Frame,
    pub named: BTreeMap<String, Option<Point>>,
    /// Names that something names.
    pub used: BTreeSet<String>,
}

impl Default for Places {
    fn default() -> Self {
        Places {
            frame: Frame::nowhere(),
            named: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    }
}

/// Why a point cannot be placed.
pub(crate) enum Fault {
    /// Neither the name of a place nor one written down.
    NoPlace(String),
    /// Something else, as a sentence without its subject.
    Other(String),
}

/// What a scenario holds that has a place.
#[derive(Default)]
pub(crate) struct Held<'a> {
    pub places: Vec<(&'a str, &'a PlaceFile)>,
    pub flights: Vec<(&'a str, &'a FlightFile)>,
    pub tracks: Vec<(&'a str, &'a TracksFile)>,
    pub sites: Vec<(&'a str, &'a SiteFile)>,
    pub zones: Vec<(&'a str, &'a ZoneFile)>,
    pub corridors: Vec<(&'a str, &'a CorridorFile)>,
}

impl<'a> Held<'a> {
    pub(crate) fn of(file: &'a ScenarioFile) -> Held<'a> {
        fn all<T>(table: &BTreeMap<String, T>) -> Vec<(&str, &T)> {
            let entries = table.iter();
            entries
                .map(|(name, entry)| (name.as_str(), entry))
                .collect()
        }
        Held {
            places: all(&file.places),
            flights: all(&file.flights),
            tracks: all(&file.tracks),
            sites: all(&file.sites),
            zones: all(&file.zones),
            corridors: all(&file.corridors),
        }
    }

    /// Every point that an entry names, with the path of the entry.
    fn points(&self, each: &mut dyn FnMut(&str, &str, &'a PointFile)) {
        for &(name, flight) in &self.flights {
            let mut each = |point| each("flights", name, point);
            route(&flight.route, &mut each);
            flight.home.iter().for_each(&mut each);
            flight
                .objective
                .iter()
                .for_each(|objective| each(&objective.at));
        }
        for &(name, tracks) in &self.tracks {
            let own = tracks.of.values().filter_map(|own| own.objective.as_ref());
            let objectives = tracks.objective.iter().chain(own);
            objectives.for_each(|objective| each("tracks", name, &objective.at));
        }
        for &(name, site) in &self.sites {
            match &site.position {
                PositionFile::At(point) => each("sites", name, point),
                PositionFile::DrawnIn(area) => {
                    corners(area, &mut |point| each("sites", name, point));
                }
            }
        }
        for &(name, zone) in &self.zones {
            corners(&zone.area, &mut |point| each("zones", name, point));
        }
        for &(name, corridor) in &self.corridors {
            let points = corridor.points.iter();
            points.for_each(|point| each("corridors", name, point));
        }
    }

    /// Everything that is used and has a place on earth, and what it belongs to.
    fn located(&self, each: &mut dyn FnMut(&str, &str, LatLon)) {
        self.points(&mut |section, name, point| {
            if let Some(at) = self.on_earth(point) {
                each(section, name, at);
            }
        });
        for &(name, tracks) in &self.tracks {
            let recorded = tracks.recording.iter().flat_map(|read| &read.aircraft);
            for position in recorded.flat_map(|aircraft| aircraft.positions.iter()) {
                each("tracks", name, position.place());
            }
        }
    }

    fn on_earth(&self, point: &PointFile) -> Option<LatLon> {
        match point {
            PointFile::LatLon(at) => Some(typed(at.lat, at.lon)),
            PointFile::Named(text) => {
                let named = self.places.iter().find(|(place, _)| place == text);
                match named {
                    Some((_, place)) => place.on_earth().ok(),
                    None => written(text)?.ok(),
                }
            }
            PointFile::Local(_) => None,
        }
    }

    /// Names of places that something names.
    pub(crate) fn used(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        self.points(&mut |_, _, point| {
            if let PointFile::Named(name) = point {
                used.insert(name.clone());
            }
        });
        used
    }

    /// The plane of the scenario: about its origin, or about the middle of its sites, so that nothing that no site minds moves it; without sites
    /// on earth about the middle of what is used, and without that of the named places.
    pub(crate) fn frame(&self, origin: Option<LatLonPoint>) -> Frame {
        if let Some(origin) = origin {
            return Frame::about(typed(origin.lat, origin.lon));
        }
        let (mut sites, mut used) = (Vec::new(), Vec::new());
        self.located(&mut |section, _, place| {
            used.push(place);
            if section == "sites" {
                sites.push(place);
            }
        });
        let named = self.places.iter();
        let named = named.filter_map(|(_, place)| place.on_earth().ok());
        let named: Vec<LatLon> = named.collect();
        let mut all = [sites, used, named].into_iter();
        let places = all.find(|places| !places.is_empty());
        let middle = places.and_then(|places| geodesy::middle(&places));
        middle.map_or(Frame::nowhere(), Frame::about)
    }

    /// By which share lengths are off in the plane, at worst, at what the scenario holds, and at what that is.
    pub(crate) fn worst_stretch(&self, frame: &Frame) -> Option<(f64, String)> {
        let mut farthest: Option<(f64, LatLon, String)> = None;
        self.located(&mut |section, name, place| {
            let distance_m = frame.to_plane(place).norm();
            if farthest
                .as_ref()
                .is_none_or(|(most, ..)| distance_m > *most)
            {
                farthest = Some((distance_m, place, format!("{section}.{name}")));
            }
        });
        farthest.map(|(_, place, name)| (frame.stretch(place), name))
    }
}

fn typed(lat_deg: f64, lon_deg: f64) -> LatLon {
    LatLon { lat_deg, lon_deg }
}

fn route<'a>(route: &'a RouteFile, each: &mut dyn FnMut(&'a PointFile)) {
    let all = |list: &'a [WaypointFile], each: &mut dyn FnMut(&'a PointFile)| {
        for waypoint in list {
            each(match waypoint {
                WaypointFile::Point(point) => point,
                WaypointFile::AtAltitude(waypoint) => &waypoint.at,
            });
        }
    };
    match route {
        RouteFile::Waypoints(waypoints) => all(&waypoints.points, each),
        RouteFile::Loop(circuit) => all(&circuit.points, each),
        RouteFile::Orbit(orbit) => {
            all(&orbit.ingress, each);
            all(&orbit.egress, each);
            each(&orbit.center);
        }
        RouteFile::Racetrack(racetrack) => {
            all(&racetrack.ingress, each);
            all(&racetrack.egress, each);
            each(&racetrack.from);
            each(&racetrack.to);
        }
    }
}

fn corners<'a>(area: &'a AreaFile, each: &mut dyn FnMut(&'a PointFile)) {
    match area {
        AreaFile::Circle(circle) => each(&circle.center),
        AreaFile::Sector(sector) => each(&sector.center),
        AreaFile::Box(corners) => {
            each(&corners.south_west);
            each(&corners.north_east);
        }
        AreaFile::Polygon(corners) => corners.iter().for_each(each),
    }
}

/// A place written as a string: an MGRS reference, or degrees; nothing if it looks like neither.
fn written(text: &str) -> Option<Result<LatLon, String>> {
    if geodesy::looks_like_mgrs(text) {
        let found = geodesy::parse_mgrs(text);
        return Some(
            found.map_err(|error| format!("is {text:?}, which is no MGRS reference: {error}")),
        );
    }
    let found = geodesy::parse_degrees(text)?;
    Some(found.map_err(|error| format!("is {text:?}, which is no place: {error}")))
}

impl PlaceFile {
    /// Where it is, or, as a sentence without its subject, why that is nowhere.
    pub(crate) fn on_earth(&self) -> Result<LatLon, String> {
        match self {
            PlaceFile::LatLon(place) => Ok(typed(place.lat, place.lon)),
            PlaceFile::Written(text) => written(text).unwrap_or_else(|| {
                Err(format!(
                    "is {text:?}; expected an MGRS reference, degrees as 32.9, 13.28, or {{ lat, lon }}"
                ))
            }),
        }
    }
}

impl ScenarioFile {
    /// The plane that it is simulated in: about its `origin`, or about the middle of what it holds.
    pub fn frame(&self) -> Frame {
        Held::of(self).frame(self.origin)
    }
}

/// A named place in the plane, or what is wrong with it.
pub(crate) fn place(frame: &Frame, place: &PlaceFile) -> Result<Point, String> {
    in_reach(frame, place.on_earth()?)
}

/// A point in the plane; `Ok(None)` for a place that is at fault itself.
pub(crate) fn point(point: &PointFile, places: &Places) -> Result<Option<Point>, Fault> {
    let there = |place| {
        in_reach(&places.frame, place)
            .map(Some)
            .map_err(Fault::Other)
    };
    match point {
        PointFile::Named(name) => {
            if let Some(place) = places.named.get(name) {
                return Ok(*place);
            }
            match written(name) {
                Some(found) => there(found.map_err(Fault::Other)?),
                None => Err(Fault::NoPlace(name.clone())),
            }
        }
        PointFile::LatLon(at) => there(typed(at.lat, at.lon)),
        PointFile::Local(local) => Ok(Some(Point::new(local.east_m, local.north_m))),
    }
}

/// The point of the plane for a place, or, as a sentence without its subject, that it is too far.
pub(crate) fn in_reach(frame: &Frame, place: LatLon) -> Result<Point, String> {
    if place.lat_deg.abs() > FARTHEST_LAT_DEG {
        return Err(format!(
            "lies at {place}; expected at most {FARTHEST_LAT_DEG} degrees from the equator"
        ));
    }
    let point = frame.to_plane(place);
    let distance_m = point.norm();
    if distance_m < SURELY_IN_REACH_M {
        return Ok(point);
    }
    let stretch = frame.stretch(place);
    if stretch > MOST_STRETCH {
        return Err(format!(
            "lies {:.0} km from the origin, {}: lengths there would be off by {:.1} %; expected at most {} %",
            distance_m / 1000.0,
            frame.origin(),
            stretch.min(9.99) * 100.0,
            MOST_STRETCH * 100.0
        ));
    }
    Ok(point)
}

/// Width of a sector from one bearing clockwise to another, degrees; 0 to 360 is the full ring.
pub(crate) fn width_deg(from_deg: f64, to_deg: f64) -> f64 {
    if to_deg >= from_deg {
        to_deg - from_deg
    } else {
        to_deg - from_deg + 360.0
    }
}

/// A sector about a centre.
pub(crate) fn sector(center: Point, sector: &SectorFile) -> Area {
    Area::Sector {
        center,
        min_range_m: sector.min_range_m,
        max_range_m: sector.max_range_m,
        from_deg: sector.from_deg,
        width_deg: width_deg(sector.from_deg, sector.to_deg),
    }
}
