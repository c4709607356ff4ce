//! Recordings in other forms than tables: JSON (traces of readsb, lists of records, tables by column), ACMI, GPX.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::Kind;
use super::read::{Failed, Gathered, Raw, Settings, time_ms};
use super::store::LATEST_MS;
use super::table::{self, ALTITUDES_M, Columns, FOOT_M, KNOT_MPS};
use crate::scenario::tree::clip;

/// What reads and takes JSON as it comes.
struct Taken<'a> {
    settings: &'a Settings,
    gathered: Gathered,
    columns: Option<(Vec<String>, Columns)>,
    failed: Option<Failed>,
}

pub(super) fn json(text: &mut impl BufRead, settings: &Settings) -> Result<Gathered, Failed> {
    let mut taken = Taken {
        settings,
        gathered: Gathered::default(),
        columns: None,
        failed: None,
    };
    let mut reader = serde_json::Deserializer::from_reader(text);
    let read = reader.deserialize_any(&mut taken);
    if let Some(failed) = taken.failed {
        return Err(failed);
    }
    read.and_then(|()| reader.end()).map_err(|error| Failed {
        said: format!("is no JSON of a known form: {error}"),
        row: None,
    })?;
    if taken.gathered.read == 0 {
        return Err(
            "it holds no positions; expected a readsb trace, or a list of records"
                .to_owned()
                .into(),
        );
    }
    Ok(taken.gathered)
}

impl<'de> Visitor<'de> for &mut Taken<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a readsb trace, or a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Map<String, Json>>()? {
            self.record(&record);
            if self.failed.is_some() {
                break;
            }
        }
        while self.failed.is_some() && list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut all = Map::new();
        while let Some((key, value)) = map.next_entry::<String, Json>()? {
            all.insert(key, value);
        }
        if all.contains_key("trace") {
            if let Err(said) = self.trace(&all) {
                self.failed = Some(said.into());
            }
            return Ok(());
        }
        if let Some(features) = all.get("features").and_then(Json::as_array) {
            self.features(features);
            return Ok(());
        }
        // A table by column: for each column the values by the number of their row.
        let mut rows: BTreeMap<u64, Map<String, Json>> = BTreeMap::new();
        for (column, values) in &all {
            let Json::Object(values) = values else {
                continue;
            };
            for (row, value) in values {
                if let Ok(row) = row.parse::<u64>() {
                    rows.entry(row)
                        .or_default()
                        .insert(column.clone(), value.clone());
                }
            }
        }
        for record in rows.into_values() {
            self.record(&record);
        }
        Ok(())
    }
}

impl Taken<'_> {
    /// One object a row: a row of a table whose columns are the keys of the first.
    fn record(&mut self, record: &Map<String, Json>) {
        let number = self.gathered.read as u32 + 1;
        if self.columns.is_none() {
            let names: Vec<String> = record.keys().cloned().collect();
            let fields: Vec<Cow<'_, str>> = names.iter().map(|name| name.as_str().into()).collect();
            match table::header(&fields, self.settings, number) {
                Ok(columns) => self.columns = Some((names, columns)),
                Err(failed) => {
                    self.failed.get_or_insert(failed);
                    return;
                }
            }
        }
        let Some((names, columns)) = &self.columns else {
            return;
        };
        let fields: Vec<Cow<'_, str>> = names
            .iter()
            .map(|name| match record.get(name) {
                None | Some(Json::Null) => "".into(),
                Some(Json::String(text)) => text.as_str().into(),
                Some(other) => other.to_string().into(),
            })
            .collect();
        self.gathered.read += 1;
        table::row(
            &fields,
            columns,
            ',',
            self.settings,
            number,
            &mut self.gathered,
        );
    }

    /// A trace of readsb: rows of seconds after the timestamp, latitude, longitude, altitude (ft, or "ground"), speed (kt),
    /// track, flags (1: stale), vertical rate, details, source, geometric altitude (ft).
    fn trace(&mut self, all: &Map<String, Json>) -> Result<(), String> {
        let address = all.get("icao").and_then(Json::as_str).unwrap_or_default();
        let address = address.trim_start_matches('~').to_ascii_lowercase();
        if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!(
                "icao is {:?}; expected a transponder address",
                clip(&address)
            ));
        }
        let began_s = all.get("timestamp").and_then(Json::as_f64);
        let began_s = began_s.ok_or("timestamp is missing; expected Unix seconds")?;
        if !(0.0..=LATEST_MS as f64 / 1000.0).contains(&began_s) {
            return Err(format!("timestamp is {began_s}; expected Unix seconds"));
        }
        let rows = all.get("trace").and_then(Json::as_array);
        for row in rows.ok_or("trace is no list; expected one of rows")? {
            self.gathered.read += 1;
            let number = self.gathered.read as u32;
            let value = |index: usize| row.get(index).and_then(Json::as_f64);
            let ground = row.get(3).and_then(Json::as_str) == Some("ground");
            let feet = |index: usize| millimetres(value(index)? * FOOT_M);
            let (Some(after_s), Some(lat), Some(lon)) = (value(0), value(1), value(2)) else {
                let said = format!("row {number} of the trace lacks its time or its place");
                self.gathered.fault(Kind::Unreadable, number, None, said);
                continue;
            };
            let raw = Raw {
                time_ms: libm::round((began_s + after_s) * 1000.0) as i64,
                lat_e7: libm::round(lat * 1e7) as i32,
                lon_e7: libm::round(lon * 1e7) as i32,
                altitudes_mm: [feet(10), feet(3)],
                ground,
                speed_mps: value(4).map(|knots| (knots * KNOT_MPS) as f32),
                heard_ms: None,
                row: number,
            };
            self.place(&address, raw, lat, lon);
        }
        Ok(())
    }

    /// Lines of GeoJSON whose places have times beside them, in `coordTimes`, as converters from GPX write them; each an
    /// aircraft, named as the feature is.
    fn features(&mut self, features: &[Json]) {
        for (number, feature) in features.iter().enumerate() {
            let properties = feature.get("properties").unwrap_or(&Json::Null);
            let Some(times) = properties.get("coordTimes").and_then(Json::as_array) else {
                continue;
            };
            // A shot of ours has times, too.
            if properties.get("kind").and_then(Json::as_str) == Some("shot") {
                continue;
            }
            let geometry = feature.get("geometry").unwrap_or(&Json::Null);
            let places = geometry.get("coordinates").and_then(Json::as_array);
            let places: Vec<&Json> = match places {
                Some(places) if places.first().is_some_and(Json::is_array) => {
                    places.iter().collect()
                }
                _ => geometry.get("coordinates").into_iter().collect(),
            };
            let name = properties
                .get("name")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let mut address = plain.to_ascii_lowercase();
            if address.is_empty() || self.gathered.rows.contains_key(&address) {
                address = format!("{address}x{}", number + 1);
            }
            for (place, time) in places.iter().zip(times) {
                self.gathered.read += 1;
                let row = self.gathered.read as u32;
                let value = |index: usize| place.get(index).and_then(Json::as_f64);
                let time = time.as_str().and_then(|text| time_ms(text, None));
                let (Some(lon), Some(lat), Some(time_ms)) = (value(0), value(1), time) else {
                    let said = format!("position {row}, of {name:?}, lacks its place or its time");
                    self.gathered.fault(Kind::Unreadable, row, None, said);
                    continue;
                };
                let raw = Raw {
                    time_ms,
                    lat_e7: libm::round(lat * 1e7) as i32,
                    lon_e7: libm::round(lon * 1e7) as i32,
                    altitudes_mm: [value(2).and_then(millimetres), None],
                    ground: false,
                    speed_mps: None,
                    heard_ms: None,
                    row,
                };
                placed(&mut self.gathered, &address, raw, lat, lon);
            }
            if places.len() != times.len() {
                let row = self.gathered.read as u32;
                let said = format!(
                    "{name:?} has {} places and {} times; expected as many",
                    places.len(),
                    times.len()
                );
                self.failed.get_or_insert(Failed {
                    said,
                    row: Some((row, None)),
                });
            }
        }
    }

    fn place(&mut self, address: &str, raw: Raw, lat: f64, lon: f64) {
        placed(&mut self.gathered, address, raw, lat, lon);
    }
}

/// An altitude in mm, where it can be one.
fn millimetres(altitude_m: f64) -> Option<i32> {
    let (low, high) = ALTITUDES_M;
    (low..=high)
        .contains(&altitude_m)
        .then(|| libm::round(altitude_m * 1000.0) as i32)
}

/// Keeps a row whose place can be.
fn placed(gathered: &mut Gathered, address: &str, raw: Raw, lat: f64, lon: f64) {
    if lat.abs() > 90.0 || lon.abs() > 180.0 || raw.time_ms < 0 {
        let said =
            format!("the position of {address} is at {lat}, {lon}; expected a place on earth");
        return gathered.fault(Kind::Unreadable, raw.row, None, said);
    }
    match gathered.rows.get_mut(address) {
        Some(rows) => rows.push(raw),
        None => {
            gathered.rows.insert(address.to_owned(), vec![raw]);
        }
    }
}

/// An object of an ACMI file that is known so far.
#[derive(Default, Clone)]
struct Object {
    lon: Option<f64>,
    lat: Option<f64>,
    altitude_m: Option<f64>,
    /// Whether it flies: nothing before its type is said.
    air: Option<bool>,
}

/// A Tacview recording, ACMI 2.x as text: one row for each line with a position of an aircraft.
pub(super) fn acmi(text: &mut impl BufRead) -> Result<Gathered, Failed> {
    let mut gathered = Gathered::default();
    let mut objects: HashMap<String, Object> = HashMap::new();
    let (mut reference_ms, mut now_s) = (None, 0.0);
    let (mut lon0, mut lat0) = (0.0, 0.0);
    let mut line = String::new();
    let mut number = 0u32;
    loop {
        line.clear();
        if text.read_line(&mut line)? == 0 {
            break;
        }
        number += 1;
        // A line that ends in a backslash goes on in the next.
        while line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            let kept = line.trim_end_matches(['\n', '\r']).len() - 1;
            line.truncate(kept);
            number += 1;
            if text.read_line(&mut line)? == 0 {
                break;
            }
        }
        let typed = line
            .trim_end_matches(['\n', '\r'])
            .trim_start_matches('\u{feff}');
        let failed = |said: String| Failed {
            said,
            row: Some((number, None)),
        };
        if number == 1 {
            if !typed.starts_with("FileType=text/acmi") {
                return Err(failed(
                    "is not FileType=text/acmi/tacview; expected an ACMI file as text".to_owned(),
                ));
            }
            continue;
        }
        if let Some(time) = typed.strip_prefix('#') {
            now_s = time
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|time_s| time_s.is_finite())
                .ok_or_else(|| {
                    failed(format!("has the time {:?}; expected seconds", clip(time)))
                })?;
            continue;
        }
        if let Some(id) = typed.strip_prefix('-') {
            objects.remove(id.trim());
            continue;
        }
        let mut properties = properties(typed);
        let Some(id) = properties.next() else {
            continue;
        };
        if id == "0" {
            for property in properties {
                match property.split_once('=') {
                    Some(("ReferenceTime", time)) => {
                        reference_ms = Some(time_ms(time, None).ok_or_else(|| {
                            failed(format!(
                                "has the ReferenceTime {:?}; expected a UTC time",
                                clip(time)
                            ))
                        })?);
                    }
                    Some((name @ ("ReferenceLongitude" | "ReferenceLatitude"), value)) => {
                        let degrees = value.parse::<f64>().ok().filter(|value| value.is_finite());
                        let degrees = degrees.ok_or_else(|| {
                            failed(format!(
                                "has the {name} {:?}; expected degrees",
                                clip(value)
                            ))
                        })?;
                        match name {
                            "ReferenceLongitude" => lon0 = degrees,
                            _ => lat0 = degrees,
                        }
                    }
                    _ => {}
                }
            }
            continue;
        }
        let aside = ["//", "FileVersion="]
            .iter()
            .any(|mark| typed.starts_with(mark));
        if aside || typed.trim().is_empty() {
            continue;
        }
        let mut unreadable = |said: String| {
            gathered.read += 1;
            gathered.fault(Kind::Unreadable, number, None, said);
        };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            unreadable(format!(
                "begins with {:?}; expected the number of an object, in hexadecimal digits",
                clip(&id)
            ));
            continue;
        }
        if !typed.contains(',') {
            unreadable(format!(
                "has {:?} and nothing of it; expected NAME=VALUE behind a comma",
                clip(&id)
            ));
            continue;
        }
        let object = objects.entry(id.clone()).or_default();
        let mut moved = false;
        let mut wrong = None;
        for property in properties {
            match property.split_once('=') {
                Some(("T", place)) => {
                    let mut parts = place.split('|');
                    for (held, offset) in [
                        (&mut object.lon, lon0),
                        (&mut object.lat, lat0),
                        (&mut object.altitude_m, 0.0),
                    ] {
                        // What is left out is as it was.
                        let Some(part) = parts.next().filter(|part| !part.is_empty()) else {
                            continue;
                        };
                        match part.parse::<f64>().ok().filter(|value| value.is_finite()) {
                            Some(value) => *held = Some(value + offset),
                            None => wrong = Some(property.clone()),
                        }
                    }
                    moved = true;
                }
                Some(("Type", kind)) => {
                    object.air = Some(kind.split('+').any(|word| word.trim() == "Air"))
                }
                Some(_) => {}
                None => wrong = Some(property.clone()),
            }
        }
        if let Some(property) = wrong {
            unreadable(format!(
                "has {:?}; expected NAME=VALUE, and numbers in T",
                clip(&property)
            ));
            continue;
        }
        if !moved || object.air != Some(true) {
            continue;
        }
        gathered.read += 1;
        let began_ms: i64 = reference_ms.ok_or_else(|| {
            failed("has a position before any ReferenceTime; expected one".to_owned())
        })?;
        let Object {
            lon: Some(lon),
            lat: Some(lat),
            altitude_m,
            ..
        } = *object
        else {
            gathered.fault(
                Kind::Unreadable,
                number,
                None,
                format!("the position of {id} lacks longitude or latitude"),
            );
            continue;
        };
        let raw = Raw {
            time_ms: began_ms + libm::round(now_s * 1000.0) as i64,
            lat_e7: libm::round(lat * 1e7) as i32,
            lon_e7: libm::round(lon * 1e7) as i32,
            altitudes_mm: [altitude_m.and_then(millimetres), None],
            ground: false,
            speed_mps: None,
            heard_ms: None,
            row: number,
        };
        placed(&mut gathered, &id.to_ascii_lowercase(), raw, lat, lon);
    }
    if gathered.read == 0 {
        return Err(
            "it holds no position of an aircraft; expected objects whose Type says Air"
                .to_owned()
                .into(),
        );
    }
    Ok(gathered)
}

/// The properties of a line: parted by commas, except behind a backslash.
fn properties(line: &str) -> impl Iterator<Item = String> {
    let (mut found, mut now, mut escaped) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            _ if escaped => {
                now.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            ',' => found.push(std::mem::take(&mut now)),
            _ => now.push(letter),
        }
    }
    found.push(now);
    found.into_iter()
}

/// A point of a GPX track, as far as it is known.
#[derive(Default)]
struct TrackPoint {
    lat: Option<f64>,
    lon: Option<f64>,
    ele_m: Option<f64>,
    time_ms: Option<i64>,
    /// What in it cannot be read.
    wrong: Option<String>,
}

/// GPX 1.0 and 1.1: each track an aircraft, each of its segments a flight, each point a row.
pub(super) fn gpx(text: &mut impl BufRead) -> Result<Gathered, Failed> {
    let mut gathered = Gathered::default();
    let mut reader = Reader::from_reader(text);
    let mut buffer = Vec::new();
    let (mut track, mut new_segment, mut seen) = (0u32, false, false);
    let mut point: Option<TrackPoint> = None;
    // Elements that are open, the innermost last.
    let mut open: Vec<Vec<u8>> = Vec::new();
    loop {
        buffer.clear();
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| Failed::from(format!("is no GPX: {error}")))?;
        if let Event::Start(tag) = &event {
            open.push(tag.local_name().as_ref().to_vec());
        }
        match event {
            Event::Eof => break,
            Event::Empty(tag) if tag.local_name().as_ref() == b"trkpt" => {
                gathered.read += 1;
                let number = gathered.read as u32;
                let said =
                    format!("point {number} has no time; expected one as 2020-01-01T12:00:00Z");
                gathered.fault(Kind::Unreadable, number, None, said);
            }
            Event::Start(tag) if tag.local_name().as_ref() == b"trkpt" => {
                let value = |name: &[u8]| {
                    let found = tag
                        .attributes()
                        .flatten()
                        .find(|one| one.key.local_name().as_ref() == name)?;
                    std::str::from_utf8(&found.value)
                        .ok()?
                        .trim()
                        .parse::<f64>()
                        .ok()
                };
                point = Some(TrackPoint {
                    lat: value(b"lat"),
                    lon: value(b"lon"),
                    ..TrackPoint::default()
                });
            }
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"gpx" => seen = true,
                b"trk" => track += 1,
                b"trkseg" => new_segment = true,
                _ => {}
            },
            Event::Text(text) => {
                let text = text
                    .decode()
                    .map_err(|error| Failed::from(format!("is no GPX: {error}")))?;
                // Of the point itself, not of its extensions.
                let inside = match open.as_slice() {
                    [.., above, inside] if above == b"trkpt" => inside.as_slice(),
                    _ => &[],
                };
                if let Some(point) = &mut point {
                    match inside {
                        b"ele" => match text.trim().parse::<f64>().ok() {
                            Some(ele_m) => point.ele_m = Some(ele_m),
                            None => point.wrong = Some(format!("the ele {:?}", clip(text.trim()))),
                        },
                        b"time" => match time_ms(text.trim(), None) {
                            Some(time_ms) => point.time_ms = Some(time_ms),
                            None => point.wrong = Some(format!("the time {:?}", clip(text.trim()))),
                        },
                        _ => {}
                    }
                }
            }
            Event::End(tag) => {
                open.pop();
                if tag.local_name().as_ref() != b"trkpt" {
                    continue;
                }
                gathered.read += 1;
                let number = gathered.read as u32;
                let address = format!("trk{track}");
                let point = point.take().unwrap_or_default();
                if let Some(wrong) = point.wrong {
                    let said = format!(
                        "point {number} has {wrong}; expected metres in ele, and a time as 2020-01-01T12:00:00Z"
                    );
                    gathered.fault(Kind::Unreadable, number, None, said);
                    continue;
                }
                let (Some(lat), Some(lon)) = (point.lat, point.lon) else {
                    gathered.fault(
                        Kind::Unreadable,
                        number,
                        None,
                        format!("point {number} lacks lat or lon"),
                    );
                    continue;
                };
                let Some(time_ms) = point.time_ms else {
                    gathered.fault(
                        Kind::Unreadable,
                        number,
                        None,
                        format!("point {number} has no time; expected one as 2020-01-01T12:00:00Z"),
                    );
                    continue;
                };
                if std::mem::take(&mut new_segment) {
                    gathered.cuts.insert(number);
                }
                let raw = Raw {
                    time_ms,
                    lat_e7: libm::round(lat * 1e7) as i32,
                    lon_e7: libm::round(lon * 1e7) as i32,
                    altitudes_mm: [point.ele_m.and_then(millimetres), None],
                    ground: false,
                    speed_mps: None,
                    heard_ms: None,
                    row: number,
                };
                placed(&mut gathered, &address, raw, lat, lon);
            }
            _ => {}
        }
    }
    if let Some(inside) = open.last() {
        let inside = String::from_utf8_lossy(inside);
        return Err(format!("it ends inside an element {inside}: it has been cut off").into());
    }
    if !seen {
        return Err("it has no element gpx; expected a GPX file"
            .to_owned()
            .into());
    }
    if gathered.read == 0 {
        return Err(
            "it holds no track; expected trk with points that have a time"
                .to_owned()
                .into(),
        );
    }
    Ok(gathered)
}
