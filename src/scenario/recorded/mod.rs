//! Recorded tracks: positions of aircraft as the world records them, and the flights that they are cut into.
//!
//! One row is one position of one aircraft at one time. Between two positions the aircraft flies straight at the speed that
//! brings it there in time. Longer than `max_gap_s` without a position, or a position on the ground, ends a flight; the next
//! position begins another. What lies before the start or after the end of the scenario is cut off.
//!
//! *How many rows there are never changes in silence.* What is broken in form (a quotation mark that does not close in its
//! line, a row with more or fewer fields than the header, a column that is there twice) is refused with its line. What is odd
//! in content is refused or left out, as `on_fault` says, and counted by its kind in an [`Account`]:
//! read = flown + outside + on the ground + merged + dropped.
//!
//! Units: s, degrees, m. Assumptions: the altitude is taken for height above flat ground, so it is off by the height of the
//! ground and of the geoid (some 10 to 1000 m), a barometric one also by the weather (about 8 m a hPa).
//! Source: state vectors of the OpenSky Network (M. Schaefer et al., "Bringing up OpenSky", IPSN 2014); traces of readsb.

mod read;
mod store;
mod table;
mod traces;

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::read::ENDINGS;
pub(crate) use self::read::{Reading, Settings, lines_of, read};
pub use self::store::{Positions, RecordedPosition};
use super::file::{AlignFile, OnFault, RecordedAircraft, TracksFile};
use super::points;
use super::problem::{Problem, RowMark, Span};
use super::tree::{Entry, Item, Value};
use crate::geodesy::Frame;
use crate::platform::{AircraftSpec, Fix};

/// What can be odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A value is missing or cannot be.
    Unreadable,
    /// No altitude, from no source.
    NoAltitude,
    /// The same row again.
    Equal,
    /// Another place at the same time.
    Conflict,
    /// Earlier than the row before it.
    Order,
    /// The position of before, sent again while the aircraft moves.
    Stale,
    /// Too far from the origin.
    Far,
    /// Faster than the type flies.
    Jump,
    /// A climb or a descent beyond `max_climb_mps`.
    Climb,
    /// Above the ceiling of the type.
    Ceiling,
    /// Nothing near it in time, so nothing can be flown.
    Lone,
}

impl Kind {
    /// The word in accounts.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Kind::Unreadable => "unreadable",
            Kind::NoAltitude => "no_altitude",
            Kind::Equal => "equal",
            Kind::Conflict => "conflict",
            Kind::Order => "order",
            Kind::Stale => "stale",
            Kind::Far => "far",
            Kind::Jump => "jump",
            Kind::Climb => "climb",
            Kind::Ceiling => "ceiling",
            Kind::Lone => "lone",
        }
    }
}

/// An odd row.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub kind: Kind,
    pub row: u32,
    /// The field of the row, counted from 0.
    pub column: Option<usize>,
    /// What is wrong, with both sides of the disagreement.
    pub said: String,
    /// The row that it disagrees with.
    pub other: Option<u32>,
}

/// What became of the rows of a recording.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Rows of the file.
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub read: u64,
    /// Rows equal to another.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub merged: u64,
    /// Rows left out, by what is odd about them.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = { "type": "integer", "minimum": 0, "maximum": 1_000_000_000_000u64 }))]
    pub dropped: BTreeMap<String, u64>,
    /// Rows on the ground.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub on_ground: u64,
    /// Rows flown.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub flown: u64,
    /// Rows before the start or after the end of the scenario.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub outside: u64,
    /// Rows, of those above, that were put in order of time.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub ordered: u64,
    /// Rows, of those above, whose altitude is interpolated, because the source of the others lacks it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub interpolated: u64,
    /// Aircraft that have rows.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub aircraft: u64,
    /// Flights that they are cut into, as far as they lie in the scenario.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000u64))]
    pub flights: u64,
    /// The first row, UTC.
    #[serde(default)]
    pub first_utc: String,
    /// The last row, UTC.
    #[serde(default)]
    pub last_utc: String,
    /// What looks as if it were something else than it is taken for.
    #[serde(default)]
    pub suspicions: Vec<String>,
}

impl Account {
    fn drop(&mut self, kind: Kind, count: u64) {
        match kind {
            Kind::Equal => self.merged += count,
            kind => *self.dropped.entry(kind.code().to_owned()).or_default() += count,
        }
    }

    /// One line, with what is not 0.
    pub fn words(&self) -> String {
        let dropped = self.dropped.iter();
        let dropped =
            dropped.map(|(kind, count)| format!("{count} dropped ({})", kind.replace('_', " ")));
        let counts = [
            (self.merged, "merged"),
            (self.on_ground, "on the ground"),
            (self.outside, "outside the scenario's time"),
            (self.ordered, "put in order"),
            (self.interpolated, "with an altitude interpolated"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts = counts.map(|(count, what)| format!("{count} {what}"));
        let parts: Vec<String> = dropped.chain(counts).collect();
        let parts = match parts.is_empty() {
            true => String::new(),
            false => format!(", {}", parts.join(", ")),
        };
        let s = |count: u64| if count == 1 { "" } else { "s" };
        // What has only been read has no flights yet.
        let cut = self.flights + self.outside > 0;
        let flown = match cut {
            true => format!(", {} flown", self.flown),
            false => String::new(),
        };
        let flights = match cut {
            true => format!(", {} flight{}", self.flights, s(self.flights)),
            false => String::new(),
        };
        let times = match self.first_utc.is_empty() {
            true => String::new(),
            false => format!(", {} to {}", self.first_utc, self.last_utc),
        };
        format!(
            "{} row{} read{flown}{parts}; {} aircraft{flights}{times}",
            self.read,
            s(self.read),
            self.aircraft,
        )
    }
}

/// When a flight of an aircraft begins first, Unix time, s: one position is no flight, unless there is nothing else.
fn first_s(aircraft: &RecordedAircraft, max_gap_s: f64) -> Option<f64> {
    let flown = pieces(aircraft, max_gap_s);
    let begins = flown.into_iter().find(|piece| piece.len() > 1);
    let first = begins.map_or(0, |piece| piece.start);
    Some(aircraft.positions.get(first)?.time_s())
}

/// The recorded instant at which the scenario starts, Unix time, s; `None` if `from_utc` is no instant, or nothing is
/// recorded.
pub(crate) fn start_s(tracks: &TracksFile) -> Option<f64> {
    let aligned_s = match &tracks.align {
        AlignFile::First => tracks
            .recording
            .iter()
            .flat_map(|recording| &recording.aircraft)
            .filter_map(|aircraft| first_s(aircraft, tracks.max_gap_s))
            .reduce(f64::min)?,
        AlignFile::FromUtc(text) => {
            let instant = text.parse::<jiff::Timestamp>().ok()?;
            instant.as_millisecond() as f64 / 1000.0
        }
    };
    Some(aligned_s - tracks.shift_s)
}

/// A flight cut from a recording.
pub(crate) struct Piece {
    pub name: String,
    /// The address of its aircraft.
    pub address: String,
    /// When it begins, s after the start of the scenario.
    pub after_s: f64,
    /// Where it is, times from its beginning.
    pub fixes: Vec<Fix>,
}

/// The flights of a recording, and what became of its rows.
pub(crate) struct Flights {
    pub pieces: Vec<Piece>,
    pub account: Account,
    pub faults: Vec<Fault>,
    /// Whether something is recorded in the time of the scenario.
    pub any: bool,
}

/// Rows that must follow each other plausibly before a jump counts as the way on, and not as an error.
const BELIEVED: usize = 3;

/// Fastest that a type without `max_speed_mps` is believed, m/s: the most that a type may name.
pub(crate) const FASTEST_MPS: f64 = 1000.0;

/// A row in the plane, at a time of the scenario.
#[derive(Clone, Copy)]
struct Row {
    fix: Fix,
    row: u32,
}

/// What limits the rows of one aircraft.
struct Limits<'a> {
    /// The name of its type, and the type.
    type_name: &'a str,
    spec: Option<&'a AircraftSpec>,
    max_gap_s: f64,
    max_climb_mps: f64,
    /// Whether the recording is refused if anything is odd.
    strict: bool,
}

impl Limits<'_> {
    /// Why one row cannot follow another.
    fn against(&self, one: &Row, other: &Row) -> Option<(Kind, String)> {
        let (from, to) = (&one.fix, &other.fix);
        let time_s = to.after_s - from.after_s;
        let fastest_mps = self
            .spec
            .and_then(|spec| spec.max_speed_mps)
            .unwrap_or(FASTEST_MPS);
        let way_m = (to.at - from.at).norm();
        if way_m > fastest_mps * time_s {
            let limit = match self.spec.and_then(|spec| spec.max_speed_mps) {
                Some(_) => format!("the max_speed_mps of {:?}", self.type_name),
                None => "more than any type flies".to_owned(),
            };
            let said = format!(
                "is {way_m:.0} m in {time_s} s from the one before, {:.0} m/s; expected <= {fastest_mps}, {limit}",
                way_m / time_s
            );
            return Some((Kind::Jump, said));
        }
        let climb_m = to.altitude_m - from.altitude_m;
        if climb_m.abs() > self.max_climb_mps * time_s {
            let said = format!(
                "is {climb_m:+.0} m in {time_s} s from the one before, {:+.0} m/s; expected at most {}, max_climb_mps",
                climb_m / time_s,
                self.max_climb_mps
            );
            return Some((Kind::Climb, said));
        }
        None
    }
}

/// Cuts a recording into flights; nothing if it has no beginning.
pub(crate) fn flights<'a>(
    name: &str,
    tracks: &TracksFile,
    frame: &Frame,
    duration_s: f64,
    type_of: impl Fn(&str) -> Option<&'a AircraftSpec>,
) -> Option<Flights> {
    let recording = tracks.recording.as_ref()?;
    let refused = tracks.on_fault == OnFault::Refuse && !recording.account.dropped.is_empty();
    if recording.account.read == 0 || (recording.aircraft.is_empty() && refused) {
        // Nothing could be read, or all of it is odd, which has been told.
        return Some(Flights {
            pieces: Vec::new(),
            account: Account::default(),
            faults: Vec::new(),
            any: true,
        });
    }
    let start_s = start_s(tracks)?;
    let mut flights = Flights {
        pieces: Vec::new(),
        account: recording.account.clone(),
        faults: Vec::new(),
        any: false,
    };
    for aircraft in &recording.aircraft {
        let type_name = tracks.aircraft_of(&aircraft.icao24);
        let limits = Limits {
            type_name,
            spec: type_of(type_name),
            max_gap_s: tracks.max_gap_s,
            max_climb_mps: tracks.max_climb_mps,
            strict: tracks.on_fault == OnFault::Refuse,
        };
        let first = flights.faults.len();
        let chains = chains(aircraft, frame, start_s, &limits, &mut flights.faults);
        if tracks.on_fault == OnFault::Drop {
            for fault in flights.faults.drain(first..) {
                flights.account.drop(fault.kind, 1);
            }
        }
        let count = chains.len();
        for (number, chain) in chains.into_iter().enumerate() {
            let fixes: Vec<Fix> = chain.iter().map(|row| row.fix).collect();
            let (after_s, rows) = (fixes[0].after_s, fixes.len() as u64);
            let name = flight_name(name, &aircraft.icao24, number, count);
            let Some(mut fixes) = within(&fixes, duration_s) else {
                flights.account.outside += rows;
                continue;
            };
            let flown = chain
                .iter()
                .filter(|row| (0.0..=duration_s).contains(&row.fix.after_s));
            let flown = flown.count() as u64;
            flights.account.flown += flown;
            flights.account.outside += rows - flown;
            flights.any = true;
            let after_s = after_s.max(0.0);
            for fix in &mut fixes {
                fix.after_s -= after_s;
            }
            flights.pieces.push(Piece {
                name,
                address: aircraft.icao24.clone(),
                after_s,
                fixes,
            });
        }
    }
    flights.account.flights = flights.pieces.len() as u64;
    Some(flights)
}

/// The rows of an aircraft that are flown without interruption, at least two each; what is odd is left out and noted.
fn chains(
    aircraft: &RecordedAircraft,
    frame: &Frame,
    start_s: f64,
    limits: &Limits<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Vec<Row>> {
    let address = &aircraft.icao24;
    let mut note = |kind: Kind, row: u32, said: String, other: Option<u32>| {
        faults.push(Fault {
            kind,
            row,
            column: None,
            said: format!("the position of {address} {said}"),
            other,
        });
    };
    let mut chains: Vec<Vec<Row>> = Vec::new();
    for piece in pieces(aircraft, limits.max_gap_s) {
        let mut chain: Vec<Row> = Vec::new();
        // Rows that do not follow the chain, each with why; if they follow each other, they are the way on.
        let mut odd: Vec<(Row, Kind, String, u32)> = Vec::new();
        for position in &aircraft.positions[piece] {
            let at = match points::in_reach(frame, position.place()) {
                Ok(at) => at,
                Err(why) => {
                    note(Kind::Far, position.row, why, None);
                    continue;
                }
            };
            let row = Row {
                fix: Fix {
                    after_s: position.time_s() - start_s,
                    at,
                    altitude_m: position.altitude_m().max(0.0),
                },
                row: position.row,
            };
            let ceiling_m = limits.spec.and_then(|spec| spec.ceiling_m);
            if let Some(ceiling_m) = ceiling_m.filter(|ceiling_m| row.fix.altitude_m > *ceiling_m) {
                let said = format!(
                    "is at {} m; expected <= {ceiling_m}, the ceiling_m of {:?}",
                    row.fix.altitude_m, limits.type_name
                );
                note(Kind::Ceiling, row.row, said, None);
                continue;
            }
            let against = chain
                .last()
                .and_then(|last| Some((limits.against(last, &row)?, last.row)));
            let Some(((kind, said), other)) = against else {
                for (row, kind, said, other) in odd.drain(..) {
                    note(kind, row.row, said, Some(other));
                }
                chain.push(row);
                continue;
            };
            if odd
                .last()
                .is_some_and(|(last, ..)| limits.against(last, &row).is_some())
            {
                for (row, kind, said, other) in odd.drain(..) {
                    note(kind, row.row, said, Some(other));
                }
            }
            odd.push((row, kind, said, other));
            if odd.len() == BELIEVED {
                // They are flown, as another flight; where nothing odd is let pass, this is told.
                if let Some((row, kind, said, other)) = odd.first().filter(|_| limits.strict) {
                    note(*kind, row.row, said.clone(), Some(*other));
                }
                chains.push(std::mem::take(&mut chain));
                chain.extend(odd.drain(..).map(|(row, ..)| row));
            }
        }
        for (row, kind, said, other) in odd {
            note(kind, row.row, said, Some(other));
        }
        chains.push(chain);
    }
    chains.retain(|chain| {
        if let [only] = chain.as_slice() {
            let said = format!(
                "is more than {} s from every other that it could be flown from",
                limits.max_gap_s
            );
            note(Kind::Lone, only.row, said, None);
        }
        chain.len() > 1
    });
    chains
}

/// The positions of an aircraft that are flown without interruption, as ranges of their numbers.
fn pieces(aircraft: &RecordedAircraft, max_gap_s: f64) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for index in 1..=aircraft.positions.len() {
        let last = &aircraft.positions[index - 1];
        let interrupted = aircraft.positions.get(index).is_none_or(|next| {
            next.time_s() - last.time_s() > max_gap_s
                || aircraft.begins.binary_search(&(index as u32)).is_ok()
        });
        if interrupted {
            pieces.push(start..index);
            start = index;
        }
    }
    pieces
}

/// The name of the flight made of one piece: table, address and, where there are several, its number.
fn flight_name(tracks: &str, address: &str, piece: usize, pieces: usize) -> String {
    if pieces == 1 {
        format!("{tracks}/{address}")
    } else {
        format!("{tracks}/{address}-{}", piece + 1)
    }
}

/// Cuts a chain of fixes at the start of the scenario; `None` if nothing is flown before its end.
fn within(fixes: &[Fix], duration_s: f64) -> Option<Vec<Fix>> {
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

/// Faults as problems: one for each kind and field, with the first rows that have it and how many have.
pub(crate) fn problems(
    tracks: &str,
    key_path: &str,
    file: &str,
    at: &Span,
    faults: &[Fault],
) -> Vec<Problem> {
    /// Rows of a kind that are shown.
    const SHOWN: usize = 3;
    let mut kinds: BTreeMap<(Kind, Option<usize>), Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        kinds
            .entry((fault.kind, fault.column))
            .or_default()
            .push(fault);
    }
    let told = kinds.into_iter().map(|((kind, _), mut faults)| {
        faults.sort_by_key(|fault| fault.row);
        let first = faults[0];
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(
                "; and {more} more row{} like it, to row {}",
                if more == 1 { "" } else { "s" },
                faults[faults.len() - 1].row
            ),
        };
        let said = format!("{file}, row {}: {}{more}", first.row, first.said);
        let mut problem = Problem::new(key_path, said).at(at, "named here");
        let mark = |row, column, label: &str| RowMark {
            tracks: tracks.to_owned(),
            row,
            column,
            label: label.to_owned(),
        };
        problem.rows.push(mark(first.row, first.column, ""));
        let other = first.other.filter(|other| *other != first.row);
        problem
            .rows
            .extend(other.map(|row| mark(row, None, "the other one")));
        let rest = faults.iter().skip(1).take(SHOWN - 1);
        problem
            .rows
            .extend(rest.map(|fault| mark(fault.row, fault.column, "like it")));
        problem.help = Some(match kind {
            Kind::Lone => {
                "on_fault = \"drop\" leaves such rows out and counts them; or raise max_gap_s"
                    .to_owned()
            }
            Kind::Order => "on_fault = \"drop\" puts such rows in order and counts them".to_owned(),
            _ => "on_fault = \"drop\" leaves such rows out and counts them".to_owned(),
        });
        problem
    });
    told.collect()
}

/// A recording as a piece of a scenario.
pub(crate) fn item(file: &str, reading: read::Reading, at: &Span) -> Item {
    let item = |value| Item {
        span: at.clone(),
        value,
    };
    let table = |entries: Vec<(&str, Item)>| {
        let entries = entries.into_iter().map(|(name, item)| {
            let key = at.clone();
            (name.to_owned(), Entry { key, item })
        });
        item(Value::Table(entries.collect()))
    };
    let text = |text: String| item(Value::Text(text));
    let aircraft = reading
        .aircraft
        .into_iter()
        .map(|(address, positions, begins)| {
            let mut entries = vec![
                ("icao24", text(address)),
                ("positions", text(positions.packed())),
            ];
            if !begins.is_empty() {
                let begins = begins
                    .into_iter()
                    .map(|begin| item(Value::Whole(begin.into())));
                entries.push(("begins", item(Value::Array(begins.collect()))));
            }
            table(entries)
        });
    let aircraft = item(Value::Array(aircraft.collect()));
    let account = serde_json::to_value(&reading.account).unwrap_or_default();
    table(vec![
        ("file", text(file.to_owned())),
        ("sha256", text(reading.sha256)),
        ("account", Item::from_json(&account, at)),
        ("aircraft", aircraft),
    ])
}

/// The bytes of a field of a line; all of the line where a mark may part no fields, or the field is missing.
pub(crate) fn field_at(text: &str, line: &Range<usize>, column: Option<usize>) -> Range<usize> {
    let Some(column) = column else {
        return line.clone();
    };
    let written = &text[line.clone()];
    let marks = [',', ';', '\t', '|'];
    let mark = marks
        .into_iter()
        .max_by_key(|mark| (written.matches(*mark).count(), *mark == ','));
    let mut start = line.start;
    if let Some(mark) = mark.filter(|_| !written.contains('"')) {
        for (index, field) in written.split(mark).enumerate() {
            if index == column {
                return start..start + field.len();
            }
            start += field.len() + mark.len_utf8();
        }
    }
    line.clone()
}
