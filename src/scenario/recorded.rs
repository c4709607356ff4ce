//! Recorded tracks: state vectors as CSV, read with their places, and cut into flights.
//!
//! One row is one position of one aircraft, as the OpenSky Network publishes its state vectors: `time` (Unix seconds),
//! `icao24` (transponder address), `lat`, `lon` (degrees, WGS84), `geoaltitude` or, where that is empty, `baroaltitude`
//! (m). Other columns are not read, `velocity` and `heading` among them: positions and times say both.
//!
//! Between two positions the aircraft flies straight at the speed that brings it there in time. Longer than `max_gap_s`
//! without a position ends a flight; the next position begins another. What lies before the start or after the end of the
//! scenario is cut off.
//!
//! Units: s, degrees, m. Assumptions: the altitude is taken for height above flat ground, so it is off by the height of
//! the ground and of the geoid (some 10 to 1000 m), a barometric one also by the weather (about 8 m a hPa).
//! Source: state vectors of the OpenSky Network (M. Schaefer et al., "Bringing up OpenSky", IPSN 2014).

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::file::{AlignFile, RecordedAircraft, TracksFile};
use super::points;
use super::problem::{Problem, Span};
use super::tree::{Entry, Item, Table, Value, clip};
use crate::geodesy::{Frame, LatLon};
use crate::geometry::Point;
use crate::platform::Fix;

/// The file that is read.
pub(crate) struct Reading<'a> {
    /// The key that names it.
    pub key_path: &'a str,
    /// Its name, as typed.
    pub file: &'a str,
    /// Where it is named.
    pub named_at: &'a Span,
    /// The number of its text among the sources.
    pub source: usize,
}

/// Columns, by their place in the header.
struct Columns {
    time: usize,
    icao24: usize,
    lat: usize,
    lon: usize,
    geoaltitude: Option<usize>,
    baroaltitude: Option<usize>,
}

/// A row without fault.
struct Row {
    span: Span,
    time_s: f64,
    lat: f64,
    lon: f64,
    altitude_m: f64,
}

impl Reading<'_> {
    fn problem(&self, span: Span, said: String) -> Problem {
        Problem::new(self.key_path, said).at(&span, "")
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span {
            source: self.source,
            range,
        }
    }

    /// The recording as a piece of the scenario in which every position knows its row; nothing if a row is at fault.
    pub(crate) fn of(&self, text: &str, problems: &mut Vec<Problem>) -> Option<Item> {
        let before = problems.len();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut columns = None;
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut count = 0u64;
        while let Ok(true) = reader.read_record(&mut record) {
            let start = record.position().map_or(0, csv::Position::byte) as usize;
            let line = line_at(text, start);
            match &columns {
                None => columns = Some(self.header(&record, line, problems)?),
                Some(columns) => {
                    count += 1;
                    self.row(text, &record, line, columns, &mut rows, problems);
                }
            }
        }
        if count == 0 && problems.len() == before {
            let said = match columns {
                None => "is empty; expected a header and state vectors",
                Some(_) => "has a header and no rows; expected state vectors",
            };
            problems.push(self.problem(self.span(0..0), format!("{} {said}", self.file)));
        }
        if problems.len() > before {
            return None;
        }
        Some(self.item(text, rows))
    }

    fn header(
        &self,
        record: &csv::StringRecord,
        line: Range<usize>,
        problems: &mut Vec<Problem>,
    ) -> Option<Columns> {
        let column = |name: &str| {
            record.iter().position(|field| {
                field
                    .trim_start_matches('\u{feff}')
                    .eq_ignore_ascii_case(name)
            })
        };
        let mut missing: Vec<&str> = ["time", "icao24", "lat", "lon"]
            .into_iter()
            .filter(|name| column(name).is_none())
            .collect();
        let (geoaltitude, baroaltitude) = (column("geoaltitude"), column("baroaltitude"));
        if geoaltitude.is_none() && baroaltitude.is_none() {
            missing.push("geoaltitude (or baroaltitude)");
        }
        if !missing.is_empty() {
            let said = format!(
                "{} lacks the column{} {}; expected time, icao24, lat, lon, geoaltitude",
                self.file,
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", ")
            );
            problems.push(self.problem(self.span(line), said));
            return None;
        }
        Some(Columns {
            time: column("time")?,
            icao24: column("icao24")?,
            lat: column("lat")?,
            lon: column("lon")?,
            geoaltitude,
            baroaltitude,
        })
    }

    fn row(
        &self,
        text: &str,
        record: &csv::StringRecord,
        line: Range<usize>,
        columns: &Columns,
        rows: &mut BTreeMap<String, Vec<Row>>,
        problems: &mut Vec<Problem>,
    ) {
        let before = problems.len();
        let field = |column: usize| record.get(column).unwrap_or_default();
        let place = |column: usize| self.span(field_at(text, &line, column));
        let mut number = |column: usize, name: &str, low: f64, high: f64, unit: &str| {
            let typed = field(column);
            let value = typed.parse::<f64>().ok();
            let value = value.filter(|value| (low..=high).contains(value));
            if value.is_none() {
                let is = if typed.is_empty() {
                    "empty".to_owned()
                } else {
                    format!("{:?}", clip(typed))
                };
                let said = format!("{name} is {is}; expected {unit}, {low} to {high}");
                problems.push(self.problem(place(column), said));
            }
            value
        };
        let time_s = number(columns.time, "time", 0.0, 253_402_300_799.0, "Unix seconds");
        let lat = number(columns.lat, "lat", -90.0, 90.0, "degrees north");
        let lon = number(columns.lon, "lon", -180.0, 180.0, "degrees east");
        let geometric = columns
            .geoaltitude
            .filter(|&column| columns.baroaltitude.is_none() || !field(column).is_empty());
        let altitude_m = match (geometric, columns.baroaltitude) {
            (Some(column), _) => number(column, "geoaltitude", -1000.0, 40_000.0, "m"),
            (None, Some(column)) => number(column, "baroaltitude", -1000.0, 40_000.0, "m"),
            (None, None) => None,
        };
        let address = field(columns.icao24).to_ascii_lowercase();
        if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let said = format!(
                "icao24 is {:?}; expected a transponder address such as 4ca7b2",
                clip(&address)
            );
            problems.push(self.problem(place(columns.icao24), said));
        }
        let earlier = rows.get(&address).and_then(|rows| rows.last());
        if let (Some(time_s), Some(earlier)) = (time_s, earlier)
            && time_s <= earlier.time_s
        {
            let said = format!(
                "time is {time_s}, not after the position of {address} before it, at {}; expected each aircraft in \
                 order of time",
                earlier.time_s
            );
            let problem = self.problem(place(columns.time), said);
            problems.push(problem.at(&earlier.span, "the one before"));
        }
        if let (Some(time_s), Some(lat), Some(lon), Some(altitude_m)) =
            (time_s, lat, lon, altitude_m)
            && problems.len() == before
        {
            let span = self.span(line);
            rows.entry(address).or_default().push(Row {
                span,
                time_s,
                lat,
                lon,
                altitude_m,
            });
        }
    }

    fn item(&self, text: &str, rows: BTreeMap<String, Vec<Row>>) -> Item {
        let table = |span: &Span, entries: Vec<(&str, Value)>| Item {
            span: span.clone(),
            value: Value::Table(Table::from_iter(entries.into_iter().map(
                |(name, value)| {
                    let item = Item {
                        span: span.clone(),
                        value,
                    };
                    let key = span.clone();
                    (name.to_owned(), Entry { key, item })
                },
            ))),
        };
        let aircraft = rows.into_iter().map(|(address, rows)| {
            let first = rows.first().map_or(self.span(0..0), |row| row.span.clone());
            let positions = rows.into_iter().map(|row| {
                let Row {
                    span,
                    time_s,
                    lat,
                    lon,
                    altitude_m,
                } = row;
                let entries = vec![
                    ("time_s", Value::Number(time_s)),
                    ("lat", Value::Number(lat)),
                    ("lon", Value::Number(lon)),
                    ("altitude_m", Value::Number(altitude_m)),
                ];
                table(&span, entries)
            });
            let entries = vec![
                ("positions", Value::Array(positions.collect())),
                ("icao24", Value::Text(address)),
            ];
            table(&first, entries)
        });
        let sha256: String = Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let entries = vec![
            ("file", Value::Text(self.file.to_owned())),
            ("sha256", Value::Text(sha256)),
            ("aircraft", Value::Array(aircraft.collect())),
        ];
        table(self.named_at, entries)
    }
}

/// The bytes of the line that a record starts on; the reader counts the end of the line before to the record.
fn line_at(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
    let start = start + blank;
    let length = text[start..].find(['\n', '\r']);
    start..length.map_or(text.len(), |length| start + length)
}

/// The bytes of a field of a line; all of the line where a comma may be no separator, or the field is missing.
fn field_at(text: &str, line: &Range<usize>, column: usize) -> Range<usize> {
    let written = &text[line.clone()];
    let mut start = line.start;
    if !written.contains('"') {
        for (index, field) in written.split(',').enumerate() {
            if index == column {
                return start..start + field.len();
            }
            start += field.len() + 1;
        }
    }
    line.clone()
}

/// The recorded instant at which the scenario starts, Unix time, s; `None` if `from_utc` is no instant, or nothing is
/// recorded.
pub(crate) fn start_s(tracks: &TracksFile) -> Option<f64> {
    let aligned_s = match &tracks.align {
        AlignFile::First => tracks
            .recording
            .iter()
            .flat_map(|recording| &recording.aircraft)
            .filter_map(|aircraft| Some(aircraft.positions.first()?.time_s))
            .reduce(f64::min)?,
        AlignFile::FromUtc(text) => {
            let instant = text.parse::<jiff::Timestamp>().ok()?;
            instant.as_millisecond() as f64 / 1000.0
        }
    };
    Some(aligned_s - tracks.shift_s)
}

/// The positions of an aircraft that are flown without interruption, as ranges of their numbers.
pub(crate) fn pieces(aircraft: &RecordedAircraft, max_gap_s: f64) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for index in 1..=aircraft.positions.len() {
        let interrupted = aircraft
            .positions
            .get(index)
            .is_none_or(|next| next.time_s - aircraft.positions[index - 1].time_s > max_gap_s);
        if interrupted {
            pieces.push(start..index);
            start = index;
        }
    }
    pieces
}

/// The name of the flight made of one piece: table, address and, where there are several, its number.
pub(crate) fn flight_name(tracks: &str, address: &str, piece: usize, pieces: usize) -> String {
    if pieces == 1 {
        format!("{tracks}/{address}")
    } else {
        format!("{tracks}/{address}-{}", piece + 1)
    }
}

/// The recorded positions in the plane, at times of the scenario.
pub(crate) fn fixes(
    frame: &Frame,
    aircraft: &RecordedAircraft,
    piece: Range<usize>,
    start_s: f64,
) -> Result<Vec<Fix>, String> {
    aircraft.positions[piece]
        .iter()
        .map(|position| {
            let place = LatLon {
                lat_deg: position.lat,
                lon_deg: position.lon,
            };
            let at = points::in_reach(frame, place)?;
            Ok(Fix {
                after_s: position.time_s - start_s,
                at,
                altitude_m: position.altitude_m.max(0.0),
            })
        })
        .collect()
}

/// Cuts a chain of fixes at the start of the scenario; `None` if nothing is flown before its end.
pub(crate) fn within(fixes: &[Fix], duration_s: f64) -> Option<Vec<Fix>> {
    let next = fixes.partition_point(|fix| fix.after_s <= 0.0);
    let ahead = &fixes[next..];
    let mut cut = Vec::with_capacity(ahead.len() + 1);
    if let Some(index) = next.checked_sub(1) {
        let (from, to) = (fixes[index], ahead.first()?);
        let share = -from.after_s / (to.after_s - from.after_s);
        cut.push(Fix {
            after_s: 0.0,
            at: from.at + (to.at - from.at) * share,
            altitude_m: from.altitude_m + (to.altitude_m - from.altitude_m) * share,
        });
    }
    cut.extend_from_slice(ahead);
    (cut.len() >= 2 && cut[0].after_s < duration_s).then_some(cut)
}

/// Ground speed from one fix to the next, m/s.
pub(crate) fn speed_mps(from: &Fix, to: &Fix) -> f64 {
    let way: Point = to.at - from.at;
    way.norm() / (to.after_s - from.after_s)
}
