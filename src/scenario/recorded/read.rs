//! From a file to rows, and from rows to what is kept of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::store::{LATEST_MS, Positions, RecordedPosition};
use super::{Account, Fault, Kind, table, traces};
use crate::scenario::burden;
use crate::scenario::file::{ColumnsFile, OnFault, UnitsFile};

/// What recordings end in; each may be compressed, with `.gz` behind it.
pub const ENDINGS: [&str; 6] = ["csv", "tsv", "json", "geojson", "acmi", "gpx"];

/// Most bytes of a recording, uncompressed.
const LARGEST: u64 = 512 * 1024 * 1024;

/// How a recording is to be read: the keys of its table that say so.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    pub columns: ColumnsFile,
    #[serde(default)]
    pub units: UnitsFile,
    #[serde(default)]
    pub separator: Option<String>,
    #[serde(default)]
    pub on_fault: OnFault,
    #[serde(default = "crate::scenario::file::longest_gap_s")]
    pub max_gap_s: f64,
}

impl Settings {
    /// As a recording is read of which nothing is known.
    pub(crate) fn dropping() -> Settings {
        Settings {
            on_fault: OnFault::Drop,
            max_gap_s: crate::scenario::file::longest_gap_s(),
            ..Settings::default()
        }
    }

    /// The keys of a table of tracks that are settings.
    pub(crate) const KEYS: [&str; 5] = ["columns", "units", "separator", "on_fault", "max_gap_s"];
}

/// Why a file is no recording: what is wrong, in which row and field, if it is in one.
#[derive(Debug)]
pub(crate) struct Failed {
    pub said: String,
    pub row: Option<(u32, Option<usize>)>,
}

impl From<String> for Failed {
    fn from(said: String) -> Self {
        Failed { said, row: None }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Failed::from(error.to_string().to_lowercase())
    }
}

/// What was read.
#[derive(Default)]
pub(crate) struct Reading {
    pub sha256: String,
    /// Address, positions, and which of them are the first after a time on the ground.
    pub aircraft: Vec<(String, Positions, Vec<u32>)>,
    pub account: Account,
    pub faults: Vec<Fault>,
}

/// A row as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    pub time_ms: i64,
    pub lat_e7: i32,
    pub lon_e7: i32,
    /// Altitudes, mm: geometric and barometric.
    pub altitudes_mm: [Option<i32>; 2],
    pub ground: bool,
    /// Speed over the ground, m/s.
    pub speed_mps: Option<f32>,
    /// When the position was heard, ms.
    pub heard_ms: Option<i64>,
    pub row: u32,
}

/// Rows as they come.
#[derive(Default)]
pub(super) struct Gathered {
    pub rows: BTreeMap<String, Vec<Raw>>,
    /// Rows, with those that are at fault.
    pub read: u64,
    pub faults: Vec<Fault>,
    /// Rows that are at fault.
    pub bad: BTreeSet<u32>,
    /// Rows whose aircraft begins another flight with them.
    pub cuts: BTreeSet<u32>,
}

impl Gathered {
    pub fn fault(&mut self, kind: Kind, row: u32, column: Option<usize>, said: String) {
        self.bad.insert(row);
        self.faults.push(Fault {
            kind,
            row,
            column,
            said,
            other: None,
        });
    }
}

/// Reads a recording of whatever kind its name says.
pub(crate) fn read(path: &Path, settings: &Settings) -> Result<Reading, Failed> {
    let kind = kind(path).ok_or_else(|| Failed::from("its name has no known ending".to_owned()))?;
    let mut text = open(path)?;
    if text.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        text.consume('\u{feff}'.len_utf8());
    }
    let gathered = match kind.as_str() {
        "csv" | "tsv" => table::read(&mut text, settings, kind == "tsv")?,
        "json" | "geojson" => traces::json(&mut text, settings)?,
        "acmi" => traces::acmi(&mut text)?,
        _ => traces::gpx(&mut text)?,
    };
    // What follows the last row belongs to the file, too.
    io::copy(&mut text, &mut io::sink())?;
    let mut reading = keep(gathered, settings);
    reading.sha256 = text.into_inner().sha256();
    Ok(reading)
}

/// What the name of a recording ends in, without `.gz`.
fn kind(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let ending = name.rsplit_once('.')?.1;
    ENDINGS.contains(&ending).then(|| ending.to_owned())
}

/// The bytes of a file, counted into its checksum.
struct Hashed {
    file: File,
    hash: Sha256,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

enum Bytes {
    Plain(Hashed),
    Packed(MultiGzDecoder<Hashed>),
}

/// The text of a recording, unpacked, as far as it may be read.
pub(super) struct Limited(Bytes, u64);

impl Limited {
    fn sha256(self) -> String {
        let hashed = match self.0 {
            Bytes::Plain(hashed) => hashed,
            Bytes::Packed(decoder) => decoder.into_inner(),
        };
        let digest = hashed.hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.0 {
            Bytes::Plain(file) => file.read(buffer),
            Bytes::Packed(decoder) => decoder.read(buffer),
        }?;
        self.1 += count as u64;
        let most = LARGEST.saturating_mul(burden::limit());
        if self.1 > most {
            let said =
                format!("it has more than {most} bytes, unpacked; expected fewer, or --limit");
            return Err(io::Error::other(said));
        }
        Ok(count)
    }
}

fn open(path: &Path) -> io::Result<BufReader<Limited>> {
    let file = Hashed {
        file: File::open(path)?,
        hash: Sha256::new(),
    };
    let packed = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let bytes = match packed {
        true => Bytes::Packed(MultiGzDecoder::new(file)),
        false => Bytes::Plain(file),
    };
    Ok(BufReader::with_capacity(1 << 16, Limited(bytes, 0)))
}

/// Some lines of a recording, each at its number, nothing on the others; for messages. Nothing for what has no lines.
pub(crate) fn lines_of(path: &Path, wanted: &BTreeSet<u32>) -> Option<String> {
    if !matches!(kind(path)?.as_str(), "csv" | "tsv" | "acmi") {
        return None;
    }
    let mut text = open(path).ok()?;
    let last = *wanted.last()?;
    let (mut out, mut line) = (String::new(), Vec::new());
    for number in 1..=last {
        line.clear();
        if text.read_until(b'\n', &mut line).ok()? == 0 {
            break;
        }
        if wanted.contains(&number) {
            out.push_str(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        }
        out.push('\n');
    }
    Some(out)
}

/// Rows in order, without what is odd in them, each with one altitude.
fn keep(gathered: Gathered, settings: &Settings) -> Reading {
    let Gathered {
        rows,
        read,
        mut faults,
        bad,
        cuts,
    } = gathered;
    let mut account = Account {
        read,
        ..Account::default()
    };
    let mut suspect = Suspect::default();
    let mut aircraft = Vec::new();
    // Of flights, and of what is none.
    let (mut ends, mut alone) = (None::<(i64, i64)>, None::<(i64, i64)>);
    for (address, mut rows) in rows {
        let mut noted = Vec::new();
        in_order(&address, &mut rows, settings, &mut account, &mut noted);
        suspect.of(&rows);
        not_stale(&address, &mut rows, &mut noted);
        account.aircraft += u64::from(!rows.is_empty());
        rows.retain(|row| {
            let none = !row.ground && row.altitudes_mm == [None; 2];
            if none {
                noted.push(Fault {
                    kind: Kind::NoAltitude,
                    row: row.row,
                    column: None,
                    said: format!("the position of {address} has no altitude; expected one"),
                    other: None,
                });
            }
            !none
        });
        faults.extend(noted);
        let (positions, landings) = flown(&rows, &cuts, settings, &mut account);
        // One position is no flight: where there are others, they say when it begins and ends.
        let near = |pair: &&[RecordedPosition]| {
            (pair[1].time_ms - pair[0].time_ms) as f64 <= settings.max_gap_s * 1000.0
        };
        let first = positions.windows(2).find(near).map(|pair| pair[0].time_ms);
        let last = positions.windows(2).rfind(near).map(|pair| pair[1].time_ms);
        let widened = |ends: Option<(i64, i64)>, first: i64, last: i64| {
            let (low, high) = ends.unwrap_or((first, last));
            Some((low.min(first), high.max(last)))
        };
        if let (Some(first), Some(last)) = (first, last) {
            ends = widened(ends, first, last);
        } else if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            alone = widened(alone, first.time_ms, last.time_ms);
        }
        if !positions.is_empty() {
            aircraft.push((address, positions.into(), landings));
        }
    }
    // A row may be odd in more than one way, and is left out once.
    let mut seen = BTreeSet::new();
    for fault in &faults {
        if seen.insert(fault.row) || !bad.contains(&fault.row) {
            account.drop(fault.kind, 1);
        }
    }
    if settings.on_fault == OnFault::Drop {
        faults.clear();
    }
    if let Some((first, last)) = ends.or(alone) {
        account.first_utc = utc(first);
        account.last_utc = utc(last);
    }
    account.suspicions = suspect.told();
    Reading {
        sha256: String::new(),
        aircraft,
        account,
        faults,
    }
}

fn utc(time_ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(time_ms.clamp(0, LATEST_MS));
    instant.map_or(String::new(), |instant| instant.to_string())
}

/// Puts rows in order of time, one at a time.
fn in_order(
    address: &str,
    rows: &mut Vec<Raw>,
    settings: &Settings,
    account: &mut Account,
    faults: &mut Vec<Fault>,
) {
    let mut latest: Option<Raw> = None;
    let mut late = 0;
    for row in rows.iter() {
        match latest.filter(|latest| row.time_ms < latest.time_ms) {
            Some(before) => {
                late += 1;
                if settings.on_fault == OnFault::Refuse {
                    let said = format!(
                        "is at {}, not after the position of {address} before it, at {}; expected each aircraft in order of time",
                        seconds(row.time_ms),
                        seconds(before.time_ms)
                    );
                    faults.push(fault(Kind::Order, row, said, Some(before.row)));
                }
            }
            None => latest = Some(*row),
        }
    }
    if late > 0 {
        account.ordered += late;
        rows.sort_by_key(|row| (row.time_ms, row.row));
    }
    let mut last: Option<Raw> = None;
    rows.retain(|row| {
        let Some(before) = last.filter(|last| last.time_ms == row.time_ms) else {
            last = Some(*row);
            return true;
        };
        let same = (row.lat_e7, row.lon_e7, row.altitudes_mm, row.ground)
            == (
                before.lat_e7,
                before.lon_e7,
                before.altitudes_mm,
                before.ground,
            );
        let (kind, what) = match same {
            true => (Kind::Equal, "the same row again"),
            false => (Kind::Conflict, "with another place or altitude"),
        };
        let said = format!(
            "is at {}, not after the position of {address} before it, at {}: {what}",
            seconds(row.time_ms),
            seconds(before.time_ms)
        );
        faults.push(fault(kind, row, said, Some(before.row)));
        false
    });
}

fn seconds(time_ms: i64) -> f64 {
    time_ms as f64 / 1000.0
}

fn fault(kind: Kind, row: &Raw, said: String, other: Option<u32>) -> Fault {
    Fault {
        kind,
        row: row.row,
        column: None,
        said,
        other,
    }
}

/// Leaves out positions that were sent again while the aircraft flew on.
fn not_stale(address: &str, rows: &mut Vec<Raw>, faults: &mut Vec<Fault>) {
    /// Slower than this an aircraft may stay where it is, m/s.
    const HOVERS_MPS: f32 = 10.0;
    /// So far it must have come for its old position to be wrong, m.
    const MOVED_M: f32 = 30.0;
    let mut last: Option<Raw> = None;
    rows.retain(|row| {
        let before = last.filter(|last| (last.lat_e7, last.lon_e7) == (row.lat_e7, row.lon_e7));
        let stale = before.is_some_and(|before| {
            let time_s = (row.time_ms - before.time_ms) as f32 / 1000.0;
            let heard = row.heard_ms.is_some() && row.heard_ms == before.heard_ms;
            let speed_mps = row.speed_mps.unwrap_or(0.0);
            let moved = speed_mps > HOVERS_MPS && speed_mps * time_s > MOVED_M;
            !row.ground && (heard || moved)
        });
        match before.filter(|_| stale) {
            Some(before) => {
                let said = format!(
                    "the position of {address} is that of {} s before, sent again; expected one of its own time",
                    seconds(row.time_ms - before.time_ms)
                );
                faults.push(fault(Kind::Stale, row, said, Some(before.row)));
            }
            None => last = Some(*row),
        }
        !stale
    });
}

/// The rows in the air, each with the altitude of one source a flight, and which of them begin a flight.
fn flown(
    rows: &[Raw],
    cuts: &BTreeSet<u32>,
    settings: &Settings,
    account: &mut Account,
) -> (Vec<RecordedPosition>, Vec<u32>) {
    let (mut positions, mut landings) = (Vec::new(), Vec::new());
    let gap_ms = settings.max_gap_s * 1000.0;
    let mut flight: Vec<&Raw> = Vec::new();
    let mut landed = false;
    let mut end = |flight: &mut Vec<&Raw>| {
        let source = [0, 1].map(|source| {
            let with = flight
                .iter()
                .filter(|row| row.altitudes_mm[source].is_some());
            with.count()
        });
        let source = usize::from(source[0] < source[1]);
        for (index, row) in flight.iter().enumerate() {
            let altitude_mm = row.altitudes_mm[source].unwrap_or_else(|| {
                account.interpolated += 1;
                between(flight, index, source)
            });
            positions.push(RecordedPosition {
                time_ms: row.time_ms,
                lat_e7: row.lat_e7,
                lon_e7: row.lon_e7,
                altitude_mm,
                row: row.row,
            });
        }
        flight.clear();
        positions.len() as u32
    };
    for row in rows {
        if row.ground {
            end(&mut flight);
            landed = true;
            continue;
        }
        let late = flight
            .last()
            .is_some_and(|last| (row.time_ms - last.time_ms) as f64 > gap_ms);
        if late || cuts.contains(&row.row) {
            end(&mut flight);
        }
        if landed || cuts.contains(&row.row) {
            let at = end(&mut flight);
            if at > 0 {
                landings.push(at);
            }
            landed = false;
        }
        flight.push(row);
    }
    end(&mut flight);
    account.on_ground += rows.iter().filter(|row| row.ground).count() as u64;
    (positions, landings)
}

/// The altitude of a row that lacks it, on the straight line between its neighbours that have it; at an end that of the
/// nearest.
fn between(flight: &[&Raw], index: usize, source: usize) -> i32 {
    let known = |row: &&&Raw| row.altitudes_mm[source].is_some();
    let before = flight[..index].iter().rfind(known);
    let after = flight[index..].iter().find(known);
    let altitude = |row: &Raw| row.altitudes_mm[source].unwrap_or_default();
    match (before, after) {
        (Some(before), Some(after)) => {
            let share = (flight[index].time_ms - before.time_ms) as f64
                / (after.time_ms - before.time_ms) as f64;
            let (low, high) = (f64::from(altitude(before)), f64::from(altitude(after)));
            libm::round(low + share * (high - low)) as i32
        }
        (Some(only), None) | (None, Some(only)) => altitude(only),
        (None, None) => 0,
    }
}

/// Ratios that would be 1 if everything were in the units that it is taken for.
#[derive(Default)]
struct Suspect {
    altitudes: Vec<f32>,
    speeds: Vec<f32>,
    /// Positions well below sea level, and the lowest, mm.
    below: u64,
    lowest_mm: i32,
}

/// Below this an altitude is no error of pressure, mm.
const BELOW_MM: i32 = -60_000;

impl Suspect {
    fn of(&mut self, rows: &[Raw]) {
        for row in rows {
            let known = row.altitudes_mm.iter().flatten();
            if let Some(&lowest) = known.max().filter(|lowest| **lowest < BELOW_MM) {
                self.below += 1;
                self.lowest_mm = self.lowest_mm.min(lowest);
            }
            if let [Some(geometric), Some(barometric)] = row.altitudes_mm
                && geometric > 100_000
                && barometric > 100_000
            {
                self.altitudes.push(geometric as f32 / barometric as f32);
            }
        }
        for pair in rows.windows(2) {
            let [one, other] = pair else { continue };
            let time_s = (other.time_ms - one.time_ms) as f32 / 1000.0;
            let north_m = (other.lat_e7 - one.lat_e7) as f32 * 0.011_12;
            let narrow = libm::cosf((one.lat_e7 as f32 * 1e-7).to_radians());
            let east_m = (other.lon_e7.wrapping_sub(one.lon_e7)) as f32 * 0.011_12 * narrow;
            let way_m = libm::hypotf(east_m, north_m);
            if let Some(speed_mps) = one.speed_mps
                && (1.0..=60.0).contains(&time_s)
                && way_m > 50.0
            {
                self.speeds.push(speed_mps * time_s / way_m);
            }
        }
    }

    fn told(mut self) -> Vec<String> {
        let mut told = Vec::new();
        if self.below > 0 {
            told.push(format!(
                "{} positions lie below sea level, down to {} m: nothing flies lower than 0 m here, and they are flown there",
                self.below,
                self.lowest_mm / 1000
            ));
        }
        let near = |ratio: f32, unit: f32| (ratio / unit - 1.0).abs() < 0.04;
        if let Some(ratio) = median(&mut self.altitudes)
            && (near(ratio, 3.2808) || near(ratio, 0.3048))
        {
            let feet = if ratio > 1.0 {
                "geometric"
            } else {
                "barometric"
            };
            told.push(format!(
                "geometric altitudes are {ratio:.2} times the barometric ones: the {feet} ones look like feet"
            ));
        }
        if let Some(ratio) = median(&mut self.speeds)
            && (near(ratio, 1.944) || near(ratio, 0.5144))
        {
            let unit = if ratio > 1.0 {
                "knots"
            } else {
                "m/s, not knots"
            };
            told.push(format!(
                "speeds are {ratio:.2} times what positions and times say: they look like {unit}"
            ));
        }
        told
    }
}

/// The middle value of at least ten.
fn median(values: &mut [f32]) -> Option<f32> {
    if values.len() < 10 {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// A time as ms of Unix time: seconds, milliseconds or ISO 8601, UTC where it names no offset.
pub(super) fn time_ms(text: &str, unit: Option<crate::scenario::file::TimeUnit>) -> Option<i64> {
    use crate::scenario::file::TimeUnit;
    /// Seconds beyond this are milliseconds: the year 5138.
    const SURELY_MS: f64 = 1e11;
    let number = || text.parse::<f64>().ok().filter(|value| value.is_finite());
    let instant = || {
        let instant = text.parse::<jiff::Timestamp>().ok();
        instant.map(jiff::Timestamp::as_millisecond).or_else(|| {
            let local = text.parse::<jiff::civil::DateTime>().ok()?;
            let instant = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(instant.timestamp().as_millisecond())
        })
    };
    let ms = match unit {
        Some(TimeUnit::UnixS) => libm::round(number()? * 1000.0) as i64,
        Some(TimeUnit::UnixMs) => libm::round(number()?) as i64,
        Some(TimeUnit::Iso) => instant()?,
        None => match number() {
            Some(value) if value.abs() < SURELY_MS => libm::round(value * 1000.0) as i64,
            Some(value) => libm::round(value) as i64,
            None => instant()?,
        },
    };
    (0..=LATEST_MS).contains(&ms).then_some(ms)
}
