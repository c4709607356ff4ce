//! Other people's files as pieces of a scenario: airspace as zones, recordings as tracks, operational intents as flights.
//!
//! What comes out is TOML for a person to read and change, and a list of what was left out. Nothing is invented in silence:
//! what the model needs and the file does not say is written with a comment that says so.
//!
//! Arcs are made straight: chords that are nowhere farther from the arc than a tolerance. Heights above sea level, above the
//! ellipsoid and flight levels are taken for heights above ground, because the model's ground is flat and at 0.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::BufReader;
use std::path::Path;

use openair::{Altitude, Direction, Geometry, PolygonSegment};
use serde_json::Value as Json;

use super::file::OnFault;
use super::recorded::{self, Settings};
use crate::geodesy::{Frame, LatLon};
use crate::geometry::{Point, Polygon, crossing, polar};
use crate::safe;

/// What became of a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// A piece of a scenario.
    pub toml: String,
    /// What was left out, or taken for something else, a line each.
    pub left_out: Vec<String>,
}

const FOOT_M: f64 = 0.3048;
const MILE_M: f64 = 1852.0;

/// Most corners of a zone that a scenario takes.
const MOST_CORNERS: usize = 2000;

/// Largest file that is read whole, bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads a file of any known kind. The piece names it from the folder it is to stand in, `into`; beside the file, if none is named.
/// `tolerance_m` is how far a chord may be from its arc.
///
/// # Errors
/// A file of no known kind, one that is broken, and one that holds nothing of use.
pub fn import(path: &Path, into: Option<&Path>, tolerance_m: f64) -> Result<Imported, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no plain file".to_owned());
    }
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let mut piece = Piece {
        tolerance_m,
        file: seen_from(path, into).ok_or("its path is not text")?,
        ..Piece::default()
    };
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    let ending = plain.rsplit_once('.').map_or("", |(_, ending)| ending);
    let json = ["json", "geojson"].contains(&ending) && plain.len() == lower.len();
    if about.len() > LARGEST && !recorded::ENDINGS.contains(&ending) {
        return Err(format!(
            "it has {} bytes; expected at most {LARGEST}",
            about.len()
        ));
    }
    let parsed = match json && about.len() <= LARGEST {
        true => {
            let text = std::fs::read(path).map_err(|error| error.to_string())?;
            let mark = "\u{feff}".as_bytes();
            let value = serde_json::from_slice(text.strip_prefix(mark).unwrap_or(&text));
            Some(value.map_err(|error| format!("it is no JSON: {error}"))?)
        }
        false => None,
    };
    match parsed {
        Some(value) if is_geojson(&value) => piece.geojson(path, &value)?,
        Some(value) if has_volumes(&value) => piece.intents(&value)?,
        _ if recorded::ENDINGS.contains(&ending) => piece.recording(path)?,
        Some(_) => return Err(
            "it is JSON of no known kind; expected GeoJSON, volumes of ASTM F3548, or a recording"
                .to_owned(),
        ),
        None => piece.openair(path)?,
    }
    piece.done(name)
}

/// A file as a file in the folder `into` names it, with slashes on every machine; in full where no way leads there.
fn seen_from(path: &Path, into: Option<&Path>) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = |folder: &Path| {
        let here = folder.as_os_str().is_empty();
        if here { Path::new(".") } else { folder }
            .canonicalize()
            .ok()
    };
    let Some((of, into)) = folder(path.parent()?).zip(into.and_then(folder)) else {
        return Some(name.to_owned());
    };
    let common = of
        .components()
        .zip(into.components())
        .take_while(|(one, other)| one == other)
        .count();
    if common == 0 {
        return Some(of.join(name).to_str()?.to_owned());
    }
    let up = into.components().skip(common).map(|_| Some(".."));
    let down = of
        .components()
        .skip(common)
        .map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<&str>> = up.chain(down).chain([Some(name)]).collect();
    Some(parts?.join("/"))
}

/// What is left out of an area that has times.
const HOLDS: &str = "when it holds; a zone holds always, rules that name it say from_h and until_h";

/// Names under which properties of GeoJSON go that are the lower, and the upper, bound of an airspace.
const HEIGHTS: &[(bool, &str)] = &[
    (false, "lower"),
    (false, "lower_limit"),
    (false, "lowerLimit"),
    (false, "floor"),
    (false, "bottom"),
    (true, "upper"),
    (true, "upper_limit"),
    (true, "upperLimit"),
    (true, "ceiling"),
    (true, "top"),
];

/// A bound of an airspace, m, and whether it is above something else than the ground.
fn height_of(altitude: &Altitude) -> Option<(f64, bool)> {
    Some(match altitude {
        Altitude::Gnd => (0.0, false),
        Altitude::FeetAmsl(feet) => (f64::from(*feet) * FOOT_M, true),
        Altitude::FeetAgl(feet) => (f64::from(*feet) * FOOT_M, false),
        Altitude::FlightLevel(level) => (f64::from(*level) * 100.0 * FOOT_M, true),
        Altitude::Unlimited => (f64::INFINITY, false),
        Altitude::Other(_) => return None,
    })
}

/// The airspaces of an OpenAir file, each from its line AC on, with the number of that line.
fn airspaces(text: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![(1, 0)];
    let mut from = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with("AC") && from > 0 {
            starts.push((number + 1, from));
        }
        from += line.len();
    }
    let ends = starts.iter().skip(1).map(|&(_, from)| from);
    let ends = ends.chain([text.len()]);
    let blocks = starts.iter().zip(ends);
    blocks
        .map(|(&(line, from), end)| (line, &text[from..end]))
        .collect()
}

/// Minutes or seconds of 60 and more in an airspace that begins at a line.
fn sixty(block: &str, first: usize) -> Option<String> {
    block.lines().enumerate().find_map(|(number, line)| {
        let typed = line.trim_start();
        let places = ["DP", "DB", "V "]
            .iter()
            .any(|mark| typed.starts_with(mark));
        let parts = typed.split(|letter: char| !(letter.is_ascii_digit() || ":.".contains(letter)));
        let wrong = |part: &str| {
            let mut below = part.split(':').skip(1);
            below.any(|part| part.parse::<f64>().is_ok_and(|value| value >= 60.0))
        };
        let found = parts.into_iter().find(|part| places && wrong(part))?;
        Some(format!(
            "line {} has {found}; expected minutes and seconds below 60",
            first + number
        ))
    })
}

/// Whether it is GeoJSON: features, one, or a geometry alone [RFC 7946, section 3].
fn is_geojson(value: &Json) -> bool {
    const KINDS: [&str; 9] = [
        "FeatureCollection",
        "Feature",
        "GeometryCollection",
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
    ];
    let kind = value.get("type").and_then(Json::as_str);
    let there = ["features", "geometry", "geometries", "coordinates"];
    kind.is_some_and(|kind| KINDS.contains(&kind))
        && there.iter().any(|key| value.get(key).is_some())
}

/// All geometries of GeoJSON, each with the properties of its feature.
fn geometries<'a>(value: &'a Json, properties: &'a Json, found: &mut Vec<(&'a Json, &'a Json)>) {
    let list = |key: &str| value.get(key).and_then(Json::as_array);
    let properties = value.get("properties").unwrap_or(properties);
    match (
        list("features").or(list("geometries")),
        value.get("geometry"),
    ) {
        (Some(members), _) => {
            for member in members {
                geometries(member, properties, found);
            }
        }
        (None, Some(Json::Object(_))) => geometries(&value["geometry"], properties, found),
        (None, _) => found.push((value, properties)),
    }
}

/// A piece in the making.
#[derive(Default)]
struct Piece {
    tolerance_m: f64,
    /// What the piece calls the file.
    file: String,
    head: Vec<String>,
    text: String,
    names: BTreeSet<String>,
    left_out: Vec<String>,
    /// Entries written.
    count: usize,
}

/// The ground plan of a volume.
enum Plan {
    Circle(LatLon, f64),
    Polygon(Vec<LatLon>),
}

/// Lower and upper bound, m; none where there is none; and whether they are not above ground.
#[derive(Default, Clone, Copy)]
struct Bounds {
    floor_m: f64,
    top_m: Option<f64>,
    absolute: bool,
}

impl Bounds {
    /// One of the two, m; without end where it is infinite.
    fn set(&mut self, upper: bool, height_m: f64) {
        match upper {
            false => self.floor_m = height_m.max(0.0),
            true => self.top_m = height_m.is_finite().then_some(height_m),
        }
    }
}

impl Piece {
    fn leave_out(&mut self, what: impl Into<String>) {
        self.left_out.push(what.into());
    }

    /// A key that is free: letters, digits and dashes of a name.
    fn key(&mut self, name: &str, otherwise: &str) -> String {
        let plain: String = name
            .to_lowercase()
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
        let plain = parts.join("-");
        let base = if plain.is_empty() {
            otherwise.to_owned()
        } else {
            plain
        };
        let mut key = base.clone();
        let mut number = 2;
        while !self.names.insert(key.clone()) {
            key = format!("{base}-{number}");
            number += 1;
        }
        key
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        let text = safe::line(text).into_owned();
        self.line(format!("# {text}"));
    }

    /// A zone; nothing, and why, if its plan is none.
    fn zone(&mut self, name: &str, about: &str, plan: &Plan, bounds: Bounds) -> Option<String> {
        let area = match plan {
            Plan::Circle(center, radius_m) => {
                if !(radius_m.is_finite() && *radius_m > 0.0) {
                    self.leave_out(format!("{name}: a circle of {radius_m} m"));
                    return None;
                }
                format!(
                    "area.circle = {{ center = {}, radius_m = {} }}",
                    at(*center),
                    metres(*radius_m)
                )
            }
            Plan::Polygon(corners) => match corners_of(corners) {
                Ok(corners) => {
                    let corners: Vec<String> = corners
                        .into_iter()
                        .map(|corner| format!("    {},", at(corner)))
                        .collect();
                    format!("area.polygon = [\n{}\n]", corners.join("\n"))
                }
                Err(why) => {
                    self.leave_out(format!("{name}: {why}"));
                    return None;
                }
            },
        };
        if bounds.top_m.is_some_and(|top_m| top_m <= bounds.floor_m) {
            self.leave_out(format!("{name}: its top is not above its floor"));
            return None;
        }
        let key = self.key(name, "zone");
        self.line("");
        self.comment(about);
        self.line(format!("[zones.{key}]"));
        self.line(area);
        if bounds.floor_m > 0.0 {
            self.line(format!("floor_m = {}", metres(bounds.floor_m)));
        }
        if let Some(top_m) = bounds.top_m {
            self.line(format!("top_m = {}", metres(top_m)));
        }
        self.count += 1;
        Some(key)
    }

    fn openair(&mut self, path: &Path) -> Result<(), String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.leave_out("no place: its text is not UTF-8, and is read as Latin-1");
                error.into_bytes().into_iter().map(char::from).collect()
            }
        };
        let text = text.trim_start_matches('\u{feff}');
        let mut absolute = 0;
        let mut unreadable = None;
        // One airspace at a time, so that none takes another with it.
        for (line, block) in airspaces(text) {
            let read = match sixty(block, line) {
                Some(why) => Err(why),
                None => match openair::parse(BufReader::new(block.as_bytes())).next() {
                    Some(read) => read.map_err(|why| why.to_string()),
                    None => continue,
                },
            };
            let airspace = match read {
                Ok(airspace) => airspace,
                Err(why) => {
                    let why = format!("airspace at line {line}: {why}");
                    unreadable.get_or_insert(why.clone());
                    self.leave_out(why);
                    continue;
                }
            };
            let name = airspace
                .name
                .clone()
                .unwrap_or_else(|| format!("airspace at line {line}"));
            let mut bounds = Bounds::default();
            let mut other = None;
            for (which, altitude) in [(0, &airspace.lower_bound), (1, &airspace.upper_bound)] {
                let Some((height_m, is_absolute)) = height_of(altitude) else {
                    other = Some(altitude.to_string());
                    continue;
                };
                bounds.absolute |= is_absolute;
                match which {
                    0 => bounds.floor_m = height_m.max(0.0),
                    _ => bounds.top_m = height_m.is_finite().then_some(height_m),
                }
            }
            if let Some(text) = other {
                self.leave_out(format!("{name}: the bound {text:?} cannot be read"));
                continue;
            }
            let plan = match &airspace.geom {
                Geometry::Circle {
                    centerpoint,
                    radius,
                } => Plan::Circle(place(centerpoint), f64::from(*radius) * MILE_M),
                Geometry::Polygon { segments } => Plan::Polygon(self.segments(segments)),
            };
            let about = format!(
                "{name}: class {}, {} to {}",
                airspace.class, airspace.lower_bound, airspace.upper_bound
            );
            if self.zone(&name, &about, &plan, bounds).is_some() {
                absolute += u64::from(bounds.absolute);
                for (what, there) in [
                    ("activation times", airspace.activation_times.is_some()),
                    ("frequency", airspace.frequency.is_some()),
                ] {
                    if there {
                        self.leave_out(format!("{name}: its {what}"));
                    }
                }
            }
        }
        if self.count == 0 && self.left_out.len() <= usize::from(unreadable.is_some()) {
            let why = unreadable.map_or(String::new(), |first| format!(": {first}"));
            return Err(format!("it holds no airspace in OpenAir form{why}"));
        }
        self.heights(absolute);
        Ok(())
    }

    /// Points of a chain of segments, arcs made straight.
    fn segments(&self, segments: &[PolygonSegment]) -> Vec<LatLon> {
        let mut corners = Vec::new();
        for segment in segments {
            match segment {
                PolygonSegment::Point(point) => corners.push(place(point)),
                PolygonSegment::ArcSegment(arc) => {
                    let turn = match arc.direction {
                        Direction::Cw => 1.0,
                        Direction::Ccw => -1.0,
                    };
                    let (from, to) = (f64::from(arc.angle_start), f64::from(arc.angle_end));
                    let width = ((to - from) * turn).rem_euclid(360.0) * turn;
                    corners.extend(self.arc(
                        place(&arc.centerpoint),
                        f64::from(arc.radius) * MILE_M,
                        from,
                        width,
                    ));
                }
                PolygonSegment::Arc(arc) => {
                    let center = place(&arc.centerpoint);
                    let frame = Frame::about(center);
                    let ends = [place(&arc.start), place(&arc.end)];
                    let [start, end] = ends.map(|end| frame.to_plane(end));
                    let turn = match arc.direction {
                        Direction::Cw => 1.0,
                        Direction::Ccw => -1.0,
                    };
                    let bearing = |point: Point| libm::atan2(point.x, point.y).to_degrees();
                    let width = ((bearing(end) - bearing(start)) * turn).rem_euclid(360.0) * turn;
                    let radius_m = (start.norm() + end.norm()) / 2.0;
                    let mut chords = self.arc(center, radius_m, bearing(start), width);
                    // It begins and ends where the file says, whatever that makes of the radius.
                    let last = chords.len() - 1;
                    (chords[0], chords[last]) = (ends[0], ends[1]);
                    corners.extend(chords);
                }
            }
        }
        corners
    }

    /// An arc as chords: both ends, and as many points between as the tolerance asks for.
    fn arc(&self, center: LatLon, radius_m: f64, from_deg: f64, width_deg: f64) -> Vec<LatLon> {
        let frame = Frame::about(center);
        let most = 2.0
            * libm::acos((1.0 - self.tolerance_m / radius_m.max(self.tolerance_m)).max(0.0))
                .to_degrees();
        let steps = libm::ceil(width_deg.abs() / most.max(0.5)).max(1.0) as u32;
        (0..=steps)
            .map(|step| {
                let bearing = from_deg + width_deg * f64::from(step) / f64::from(steps);
                frame.from_plane(polar(radius_m, bearing))
            })
            .collect()
    }

    /// Polygons as zones; what `run --geojson` writes as places and tracks.
    fn geojson(&mut self, path: &Path, value: &Json) -> Result<(), String> {
        let mut shapes = Vec::new();
        geometries(value, &Json::Null, &mut shapes);
        let (mut tracks, mut sites, mut others) = (0, Vec::new(), BTreeMap::<String, u64>::new());
        for (number, (geometry, properties)) in shapes.into_iter().enumerate() {
            let text = |keys: &[&str]| keys.iter().find_map(|key| properties.get(*key)?.as_str());
            // ED-318 says names in several languages, the first counts.
            let said = properties
                .get("name")
                .and_then(|name| name.get(0)?.get("text")?.as_str());
            let name = text(&["name", "title", "id", "designator", "identifier"])
                .or(said)
                .map_or_else(|| format!("area {}", number + 1), str::to_owned);
            let kind = geometry
                .get("type")
                .and_then(Json::as_str)
                .unwrap_or("nothing");
            let coordinates = geometry.get("coordinates").unwrap_or(&Json::Null);
            let timed = properties.get("coordTimes").is_some_and(Json::is_array);
            match kind {
                "Polygon" => {
                    let bounds = self.bounds(&name, geometry, properties);
                    self.rings(&name, coordinates, bounds);
                }
                "MultiPolygon" => {
                    let bounds = self.bounds(&name, geometry, properties);
                    for polygon in coordinates.as_array().into_iter().flatten() {
                        self.rings(&name, polygon, bounds);
                    }
                }
                "Point" if circle_m(geometry).is_some() => {
                    let bounds = self.bounds(&name, geometry, properties);
                    match circle_m(geometry).zip(lon_lat(coordinates)) {
                        Some((radius_m, center)) => {
                            self.zone(&name, &name, &Plan::Circle(center, radius_m), bounds);
                        }
                        None => self.leave_out(format!("{name}: a circle without a center")),
                    }
                }
                "LineString" | "Point" if timed && text(&["kind"]) != Some("shot") => tracks += 1,
                "Point" if text(&["kind"]) == Some("site") => sites.push((
                    name,
                    lon_lat(coordinates),
                    text(&["type"]).unwrap_or("unknown").to_owned(),
                )),
                _ => {
                    *others
                        .entry(text(&["kind"]).unwrap_or(kind).to_owned())
                        .or_default() += 1
                }
            }
        }
        for (name, place, class) in sites {
            if let Some(place) = place {
                let key = self.key(&name, "site");
                self.line("");
                self.comment(&format!("where the site {name} of class {class} was"));
                self.line(format!(
                    "[places.{key}]\nlat = {}\nlon = {}",
                    place.lat_deg, place.lon_deg
                ));
                self.leave_out(format!("site {name}: its class {class}, which the file does not describe; its place is kept"));
                self.count += 1;
            }
        }
        for (kind, count) in others {
            self.leave_out(format!("{count} features of the kind {kind}"));
        }
        if tracks > 0 {
            self.recording(path)?;
        }
        if self.count == 0 {
            let why = match self.left_out.first() {
                Some(first) => format!(" that can be used: {first}"),
                None => String::new(),
            };
            return Err(format!(
                "it holds no polygon, no site and no line with times{why}"
            ));
        }
        Ok(())
    }

    /// What bounds an area in height: `floor_m` and `top_m`, heights in words, or the layer of ED-318. What cannot be read, and when it
    /// holds, is left out by its name: an area whose top is lost would reach to the sky in silence.
    fn bounds(&mut self, name: &str, geometry: &Json, properties: &Json) -> Bounds {
        let mut bounds = Bounds::default();
        let unread = |this: &mut Self, key: &str, value: &Json, why: &str| {
            let said = safe::line(&value.to_string()).into_owned();
            this.leave_out(format!("{name}: its {key}, {said}, {why}"));
        };
        for (upper, key) in [(false, "floor_m"), (true, "top_m")] {
            let Some(value) = properties.get(key).filter(|value| !value.is_null()) else {
                continue;
            };
            match (number_of(value), upper) {
                (None, _) => unread(self, key, value, "which is no number"),
                (Some(height_m), true) => bounds.top_m = Some(height_m),
                (Some(height_m), false) => {
                    if height_m < 0.0 {
                        unread(self, key, value, "which is below the ground: from there on");
                    }
                    bounds.floor_m = height_m.max(0.0);
                }
            }
        }
        for (upper, key) in HEIGHTS {
            let Some(value) = properties.get(*key).filter(|value| !value.is_null()) else {
                continue;
            };
            // A number is in feet or in metres, and above whatever.
            let typed = value
                .as_str()
                .filter(|text| text.contains(char::is_alphabetic));
            let height = typed.and_then(|text| Altitude::parse(text.trim()).ok());
            let Some((height_m, absolute)) = height.as_ref().and_then(height_of) else {
                let why = "which has no unit that is known; floor_m and top_m would be read";
                unread(self, key, value, why);
                continue;
            };
            bounds.absolute |= absolute;
            bounds.set(*upper, height_m);
        }
        if let Some(layer) = geometry.get("layer").filter(|layer| layer.is_object()) {
            let unit = match layer.get("uom").and_then(Json::as_str) {
                Some("ft" | "FT") => Some(FOOT_M),
                Some("m" | "M") => Some(1.0),
                _ => None,
            };
            for (upper, key) in [(false, "lower"), (true, "upper")] {
                let Some(value) = layer.get(key).filter(|value| !value.is_null()) else {
                    continue;
                };
                let Some(height_m) = number_of(value).zip(unit).map(|(value, unit)| value * unit)
                else {
                    unread(self, key, layer, "is no height in m or ft");
                    continue;
                };
                let reference = layer.get(format!("{key}Reference")).and_then(Json::as_str);
                bounds.absolute |= reference != Some("AGL");
                bounds.set(upper, height_m);
            }
        }
        if geometry.get("limitedApplicability").is_some() || has_times(properties) {
            self.leave_out(format!("{name}: {HOLDS}"));
        }
        // What looks like a height and is called otherwise.
        let known = |key: &str| HEIGHTS.iter().any(|(_, known)| *known == key);
        let keys = properties.as_object().into_iter().flatten();
        for (key, value) in
            keys.filter(|(key, _)| !known(key) && *key != "floor_m" && *key != "top_m")
        {
            let folded = key.to_lowercase();
            let like = [
                "floor", "ceiling", "lower", "upper", "top_", "altitude", "height",
            ];
            let height = value.is_number()
                || value
                    .as_str()
                    .is_some_and(|text| text.contains(|c: char| c.is_ascii_digit()));
            if height && like.iter().any(|like| folded.contains(like)) {
                unread(self, key, value, "is not read; floor_m and top_m would be");
            }
        }
        bounds
    }

    fn rings(&mut self, name: &str, rings: &Json, bounds: Bounds) {
        let rings = rings.as_array().map_or(&[][..], Vec::as_slice);
        let Some(ring) = rings.first().and_then(Json::as_array) else {
            self.leave_out(format!("{name}: a polygon without places"));
            return;
        };
        let corners: Vec<Option<LatLon>> = ring.iter().map(lon_lat).collect();
        if let Some(at) = corners.iter().position(Option::is_none) {
            let said = safe::line(&ring[at].to_string()).into_owned();
            self.leave_out(format!(
                "{name}: its corner {} is {said}; expected degrees east, then degrees north (WGS84)",
                at + 1
            ));
            return;
        }
        let corners: Vec<LatLon> = corners.into_iter().flatten().collect();
        if self
            .zone(name, name, &Plan::Polygon(corners), bounds)
            .is_some()
            && rings.len() > 1
        {
            self.leave_out(format!("{name}: its {} holes", rings.len() - 1));
        }
    }

    /// Operational intents and constraints: each volume a zone; volumes of an intent, in order of time, a flight.
    fn intents(&mut self, value: &Json) -> Result<(), String> {
        let mut all = Vec::new();
        documents(value, "document", &mut all);
        let mut starts: Vec<jiff::Timestamp> = Vec::new();
        for (_, volumes, _) in &all {
            starts.extend(
                volumes
                    .iter()
                    .filter_map(|volume| instant(volume, "time_start")),
            );
        }
        let start = starts.iter().min().copied();
        if let Some(start) = start {
            self.head
                .push(format!("start_utc = \"{start}\" # the earliest volume"));
        }
        let mut absolute = 0;
        let mut flies = false;
        for (name, volumes, constraint) in all {
            let mut way: Vec<(jiff::Timestamp, LatLon, f64)> = Vec::new();
            for (number, volume4) in volumes.iter().enumerate() {
                let label = format!("{name} volume {}", number + 1);
                let volume = volume4.get("volume").unwrap_or(volume4);
                if let Some(why) = strange(volume4) {
                    self.leave_out(format!("{label}: {why}"));
                    continue;
                }
                let Some((plan, middle)) = plan_of(volume) else {
                    self.leave_out(format!(
                        "{label}: it has neither outline_polygon nor outline_circle"
                    ));
                    continue;
                };
                let mut bounds = Bounds::default();
                if let Some((height_m, is_absolute)) = altitude_of(volume, "altitude_lower") {
                    bounds.floor_m = height_m.max(0.0);
                    bounds.absolute |= is_absolute;
                }
                if let Some((height_m, is_absolute)) = altitude_of(volume, "altitude_upper") {
                    bounds.top_m = Some(height_m);
                    bounds.absolute |= is_absolute;
                }
                let times = ["time_start", "time_end"].map(|key| instant(volume4, key));
                if let [Some(start), Some(end)] = times
                    && end < start
                {
                    self.leave_out(format!(
                        "{label}: it ends at {end}, before it begins, at {start}"
                    ));
                    continue;
                }
                let told = times.map(|time| time.map_or("?".to_owned(), |time| time.to_string()));
                let about = format!("{label}: {} to {}", told[0], told[1]);
                if self.zone(&label, &about, &plan, bounds).is_some() {
                    absolute += u64::from(bounds.absolute);
                    if let Some(time) = times[0] {
                        let height_m = bounds
                            .top_m
                            .map_or(bounds.floor_m, |top_m| (bounds.floor_m + top_m) / 2.0);
                        way.push((time, middle, height_m));
                    }
                }
            }
            if constraint {
                if volumes
                    .iter()
                    .any(|volume| volume.get("time_start").is_some())
                {
                    self.leave_out(format!("{name}: {HOLDS}"));
                }
                continue;
            }
            way.sort_by_key(|(time, ..)| *time);
            way.dedup_by(|one, other| one.1 == other.1);
            let (Some(start), [first, .., last]) = (start, way.as_slice()) else {
                self.leave_out(format!(
                    "{name}: its flight; it needs two volumes with a time, one after the other"
                ));
                continue;
            };
            let frame = Frame::about(first.1);
            let length_m: f64 = way
                .windows(2)
                .map(|pair| (frame.to_plane(pair[1].1) - frame.to_plane(pair[0].1)).norm())
                .sum();
            let time_s = last.0.duration_since(first.0).as_secs_f64();
            let key = self.key(&name, "flight");
            self.line("");
            self.comment(&format!(
                "{name}: from the middle of each volume to that of the next, at half its height"
            ));
            self.line(format!("[flights.{key}]\naircraft = \"uas\" # assumed\nside = \"operators\" # assumed\nturns = \"instant\""));
            if time_s > 0.0 && length_m / time_s < 1000.0 {
                self.line(format!("speed_mps = {:.1}", (length_m / time_s).max(0.1)));
            }
            self.line(format!(
                "start.departs = {{ after_s = {}, at_altitude = true }}",
                first.0.duration_since(start).as_secs()
            ));
            self.line("plan = { addressees = [], notice_s = 3600 } # name the nodes that are told");
            let points: Vec<String> = way
                .iter()
                .map(|(_, place, height_m)| {
                    format!(
                        "    {{ at = {}, altitude_m = {} }},",
                        at(*place),
                        metres(*height_m)
                    )
                })
                .collect();
            self.line(format!(
                "route.waypoints.points = [\n{}\n]",
                points.join("\n")
            ));
            self.count += 1;
            flies = true;
        }
        if flies {
            self.line("\n# Assumed, since the file does not say who flies what.\n[sides.operators]\n\n[aircraft.uas]\nkind = \"uav\"\ncruise_mps = 15\naltitude_m = 100\nrcs_m2 = 0.01\nsource = \"assumed by the import; change it\"");
        }
        self.heights(absolute);
        Ok(())
    }

    /// A recording as a table of tracks.
    fn recording(&mut self, path: &Path) -> Result<(), String> {
        let settings = Settings::dropping();
        let reading = recorded::read(path, &settings).map_err(|failed| match failed.row {
            Some((row, _)) => format!(
                "row {row} {}; such keys stand beside `file` in a table [tracks.NAME] of your own",
                failed.said
            ),
            None => failed.said,
        })?;
        if reading.aircraft.is_empty() {
            let strict = Settings {
                on_fault: OnFault::Refuse,
                ..settings
            };
            let first = recorded::read(path, &strict).ok();
            let first = first.and_then(|reading| reading.faults.into_iter().next());
            let why = first.map_or(String::new(), |fault| {
                format!(": row {} {}", fault.row, fault.said)
            });
            return Err(format!("no row of it can be flown{why}"));
        }
        // Two recordings in one scenario are two tables.
        let stem = self
            .file
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next());
        let stem = stem.unwrap_or_default().to_owned();
        let key = self.key(&stem, "recorded");
        self.head.push(format!(
            "start_utc = \"{}\" # the first position",
            reading.account.first_utc
        ));
        self.line("");
        self.comment(&reading.account.words());
        for odd in &reading.account.suspicions {
            self.comment(&format!("suspicion: {odd}"));
        }
        self.line(format!("[tracks.{key}]\nfile = {:?}\naircraft = \"traffic\" # assumed\nside = \"civil\" # assumed", self.file));
        if !reading.account.dropped.is_empty()
            || reading.account.merged + reading.account.ordered > 0
        {
            self.line("on_fault = \"drop\" # what is odd is counted; without this it is refused");
            let rows = format!("rows of {}: {}", self.file, reading.account.words());
            self.leave_out(rows);
        }
        self.line("\n# Assumed, since the file does not say what flies.\n[sides.civil]\n\n[aircraft.traffic]\ncruise_mps = 200\naltitude_m = 9000\nrcs_m2 = 20\nsource = \"assumed by the import; change it\"");
        self.count += 1;
        Ok(())
    }

    fn heights(&mut self, absolute: u64) {
        if absolute > 0 {
            self.leave_out(format!("above what the bounds of {absolute} volumes are: sea level or flight levels, taken for heights above ground"));
        }
    }

    fn done(self, name: &str) -> Result<Imported, String> {
        if self.count == 0 {
            let why = self
                .left_out
                .first()
                .map_or(String::new(), |first| format!(": {first}"));
            return Err(format!("nothing in it can be used{why}"));
        }
        let mut toml = String::new();
        let _ = writeln!(
            toml,
            "# From {}, by deconflict import. A piece: include it, and change what is marked as assumed.",
            safe::line(name)
        );
        for line in self.head {
            toml.push_str(&line);
            toml.push('\n');
        }
        toml.push_str(&self.text);
        Ok(Imported {
            toml,
            left_out: self.left_out,
        })
    }
}

/// A place as it is typed, to a centimetre.
fn at(place: LatLon) -> String {
    let round = |degrees: f64| libm::round(degrees * 1e7) / 1e7 + 0.0;
    format!(
        "{{ lat = {:?}, lon = {:?} }}",
        round(place.lat_deg),
        round(place.lon_deg)
    )
}

/// Metres to a tenth.
fn metres(length_m: f64) -> String {
    let rounded = libm::round(length_m * 10.0) / 10.0;
    format!("{rounded}")
}

fn place(coord: &openair::Coord) -> LatLon {
    LatLon {
        lat_deg: coord.lat,
        lon_deg: coord.lng,
    }
}

/// Longitude first.
/// A position of GeoJSON. Who crosses the antimeridian often counts on, to 360 degrees.
fn lon_lat(position: &Json) -> Option<LatLon> {
    let number = |index: usize| position.get(index)?.as_f64();
    let (lon_deg, lat_deg) = (number(0)?, number(1)?);
    let fits = lat_deg.abs() <= 90.0 && (-180.0..=360.0).contains(&lon_deg);
    let lon_deg = match lon_deg > 180.0 {
        true => lon_deg - 360.0,
        false => lon_deg,
    };
    fits.then_some(LatLon { lat_deg, lon_deg })
}

/// The corners of a polygon without those that repeat, or why they are none.
fn corners_of(corners: &[LatLon]) -> Result<Vec<LatLon>, String> {
    let Some(&first) = corners.first() else {
        return Err("it has no corners".to_owned());
    };
    // What the file gives to a second of arc joins arcs to points: nearer than a metre is the same.
    let frame = Frame::about(first);
    let near =
        |one: LatLon, other: LatLon| (frame.to_plane(one) - frame.to_plane(other)).norm() < 1.0;
    let mut kept: Vec<LatLon> = Vec::new();
    for &corner in corners {
        if kept.last().is_none_or(|last| !near(*last, corner)) {
            kept.push(corner);
        }
    }
    while kept.len() > 1 && near(kept[0], kept[kept.len() - 1]) {
        kept.pop();
    }
    if kept.len() > MOST_CORNERS {
        return Err(format!(
            "it has {} corners; expected at most {MOST_CORNERS}",
            kept.len()
        ));
    }
    let points: Vec<Point> = kept.iter().map(|&corner| frame.to_plane(corner)).collect();
    if let Some((one, other)) = crossing(&points).filter(|_| points.len() > 2) {
        return Err(format!(
            "its edges from corner {} and corner {} touch or cross",
            one + 1,
            other + 1
        ));
    }
    Polygon::new(&points)
        .map(|_| kept)
        .ok_or_else(|| "its corners enclose nothing".to_owned())
}

/// Whether volumes of F3548 are somewhere in a document.
fn has_volumes(value: &Json) -> bool {
    let mut all = Vec::new();
    documents(value, "document", &mut all);
    !all.is_empty()
}

/// A name, its volumes, and whether they are a constraint.
type Document<'a> = (String, Vec<&'a Json>, bool);

fn documents<'a>(value: &'a Json, name: &str, all: &mut Vec<Document<'a>>) {
    match value {
        Json::Object(keys) => {
            let id = ["id", "entity_id", "name"]
                .iter()
                .find_map(|key| keys.get(*key)?.as_str());
            let id = id.or_else(|| keys.get("reference")?.get("id")?.as_str());
            let name = id.unwrap_or(name);
            let volumes: Vec<&Json> = ["volumes", "off_nominal_volumes", "extents"]
                .iter()
                .filter_map(|key| keys.get(*key)?.as_array())
                .flatten()
                .filter(|volume| volume.get("volume").is_some() || plan_of(volume).is_some())
                .collect();
            if !volumes.is_empty() {
                let constraint = name.contains("constraint")
                    || keys.contains_key("geozone")
                    || keys.contains_key("type");
                all.push((name.to_owned(), volumes, constraint));
            }
            for (key, value) in keys {
                if !["volumes", "off_nominal_volumes", "extents"].contains(&key.as_str()) {
                    let below = match (id, key.contains("constraint")) {
                        (Some(id), _) => id.to_owned(),
                        (None, true) => key.clone(),
                        (None, false) => name.to_owned(),
                    };
                    documents(value, &below, all);
                }
            }
        }
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                documents(item, &format!("{name} {}", number + 1), all);
            }
        }
        _ => {}
    }
}

/// A number, also one that is written as text.
fn number_of(value: &Json) -> Option<f64> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => value.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

/// The radius of a point that ED-318 makes a circle, m.
fn circle_m(geometry: &Json) -> Option<f64> {
    let extent = geometry.get("extent")?;
    let circle = extent.get("subType").and_then(Json::as_str) == Some("Circle");
    circle.then(|| number_of(extent.get("radius")?)).flatten()
}

/// What in a volume ASTM F3548 does not know: a unit, a number, a place, a time.
fn strange(volume4: &Json) -> Option<String> {
    let volume = volume4.get("volume").unwrap_or(volume4);
    let circle = volume.get("outline_circle");
    let radius = circle.and_then(|circle| circle.get("radius"));
    let bounds = ["altitude_lower", "altitude_upper"].map(|key| volume.get(key));
    let each = [radius].into_iter().chain(bounds).flatten();
    let mut units = each.filter_map(|value| value.get("units")?.as_str());
    if let Some(unit) = units.find(|unit| !["M", "FT"].contains(unit)) {
        return Some(format!("it is in {unit}; expected units M or FT"));
    }
    let each = [
        ("radius", radius),
        ("altitude_lower", bounds[0]),
        ("altitude_upper", bounds[1]),
    ];
    for (key, bound) in each {
        let Some(bound) = bound.filter(|bound| !bound.is_null()) else {
            continue;
        };
        if bound.get("value").and_then(number_of).is_none() {
            let said = safe::line(&bound.to_string()).into_owned();
            return Some(format!("its {key} is {said}; expected a value in M or FT"));
        }
    }
    let polygon = volume.get("outline_polygon");
    let vertices = polygon.and_then(|polygon| polygon.get("vertices")?.as_array());
    let center = circle.and_then(|circle| circle.get("center"));
    let mut places = vertices.into_iter().flatten().chain(center);
    let off = |place: &&Json| {
        let beyond = |key: &str, most: f64| {
            let value = place.get(key).and_then(Json::as_f64);
            value.is_some_and(|value| value.abs() > most)
        };
        beyond("lat", 90.0) || beyond("lng", 180.0)
    };
    if let Some(place) = places.find(off) {
        let said = safe::line(&place.to_string()).into_owned();
        return Some(format!("it has the place {said}; expected degrees"));
    }
    let time = |key: &&str| volume4.get(*key).is_some_and(|time| !time.is_null());
    let unread = |key: &&str| time(key) && instant(volume4, key).is_none();
    let key = ["time_start", "time_end"].into_iter().find(unread)?;
    let said = safe::line(&volume4[key].to_string()).into_owned();
    Some(format!(
        "its {key} is {said}; expected a time as 2024-05-01T10:00:00Z"
    ))
}

/// The ground plan of a volume, and its middle.
fn plan_of(volume: &Json) -> Option<(Plan, LatLon)> {
    let lat_lng = |value: &Json| {
        let number = |key: &str| value.get(key)?.as_f64();
        Some(LatLon {
            lat_deg: number("lat")?,
            lon_deg: number("lng")?,
        })
    };
    if let Some(circle) = volume
        .get("outline_circle")
        .filter(|circle| !circle.is_null())
    {
        let center = lat_lng(circle.get("center")?)?;
        let radius = circle.get("radius")?;
        let unit = match radius.get("units").and_then(Json::as_str) {
            Some("FT") => FOOT_M,
            _ => 1.0,
        };
        return Some((
            Plan::Circle(center, number_of(radius.get("value")?)? * unit),
            center,
        ));
    }
    let vertices = volume.get("outline_polygon")?.get("vertices")?.as_array()?;
    let corners: Vec<LatLon> = vertices.iter().map(lat_lng).collect::<Option<_>>()?;
    let frame = Frame::about(*corners.first()?);
    let sum = corners
        .iter()
        .map(|&corner| frame.to_plane(corner))
        .fold(Point::zeros(), |sum, point| sum + point);
    let middle = frame.from_plane(sum / corners.len() as f64);
    Some((Plan::Polygon(corners), middle))
}

/// A bound of a volume, m, and whether it is above something else than the ground.
fn altitude_of(volume: &Json, key: &str) -> Option<(f64, bool)> {
    let altitude = volume.get(key)?;
    let unit = match altitude.get("units").and_then(Json::as_str) {
        Some("FT") => FOOT_M,
        _ => 1.0,
    };
    let reference = altitude.get("reference").and_then(Json::as_str);
    Some((
        number_of(altitude.get("value")?)? * unit,
        reference != Some("SFC"),
    ))
}

/// Whether an area says from when or until when it holds.
fn has_times(properties: &Json) -> bool {
    const BOUNDS: [&str; 7] = ["start", "begin", "from", "until", "end", "valid", "expir"];
    let bounds = |key: &str| {
        let folded = key.to_lowercase();
        BOUNDS.iter().any(|bound| folded.contains(bound))
    };
    let date = |text: &str| {
        text.get(..10)
            .is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
    };
    let mut each = properties.as_object().into_iter().flatten();
    each.any(|(key, value)| {
        key == "limitedApplicability" && !value.is_null()
            || bounds(key) && value.as_str().is_some_and(date)
    })
}

fn instant(volume: &Json, key: &str) -> Option<jiff::Timestamp> {
    let time = volume.get(key)?;
    let text = time.get("value").unwrap_or(time).as_str()?;
    text.parse().ok()
}
