//! Recordings as tables: one row a line, columns by their names in the first.
//!
//! A line is a row: a quotation mark closes in the line in which it opens, or the file is refused, because whatever follows
//! would be read as one field. So the lines are parted here, and fields by plain splitting where there is no such mark.

use std::io::BufRead;

use super::Kind;
use super::read::{Failed, Gathered, Raw, Settings, time_ms};
use crate::scenario::file::{AltitudeUnit, SpeedUnit};
use crate::scenario::tree::clip;

/// The names under which columns go, in lower case.
const TIME: &[&str] = &["time", "timestamp", "datetime", "utc"];
const ADDRESS: &[&str] = &["icao24", "icao", "hex", "address"];
const LAT: &[&str] = &["lat", "latitude"];
const LON: &[&str] = &["lon", "longitude", "lng", "long"];
/// With the unit that they are published in, where it is known.
const GEOMETRIC: &[(&str, Option<AltitudeUnit>)] = &[
    ("geoaltitude", Some(AltitudeUnit::M)),
    ("geo_altitude", Some(AltitudeUnit::M)),
    ("alt_geom", Some(AltitudeUnit::Ft)),
];
const BAROMETRIC: &[(&str, Option<AltitudeUnit>)] = &[
    ("baroaltitude", Some(AltitudeUnit::M)),
    ("baro_altitude", Some(AltitudeUnit::M)),
    ("alt_baro", Some(AltitudeUnit::Ft)),
    ("altitude", None),
    ("alt", None),
];
const GROUND: &[&str] = &["onground", "on_ground"];
const SPEED: &[(&str, SpeedUnit)] = &[
    ("velocity", SpeedUnit::Mps),
    ("groundspeed", SpeedUnit::Kt),
    ("gs", SpeedUnit::Kt),
];
const HEARD: &[&str] = &["lastposupdate", "last_position"];

pub(super) const FOOT_M: f64 = 0.3048;
pub(super) const KNOT_MPS: f64 = 1852.0 / 3600.0;

/// Where the columns stand, and what their values are multiplied by.
pub(super) struct Columns {
    count: usize,
    time: usize,
    address: usize,
    lat: usize,
    lon: usize,
    geometric: Option<(usize, f64)>,
    barometric: Option<(usize, f64)>,
    ground: Option<usize>,
    speed: Option<(usize, f64)>,
    heard: Option<usize>,
    names: Vec<String>,
}

pub(super) fn read(
    text: &mut impl BufRead,
    settings: &Settings,
    tabs: bool,
) -> Result<Gathered, Failed> {
    let mut gathered = Gathered::default();
    let mut columns: Option<(Columns, char)> = None;
    let mut line = Vec::new();
    let mut number = 0u32;
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number = number
            .checked_add(1)
            .ok_or_else(|| "it has too many lines".to_owned())?;
        let at = |said: String| Failed {
            said,
            row: Some((number, None)),
        };
        let line = std::str::from_utf8(&line).map_err(|error| {
            at(format!(
                "is not UTF-8 from byte {} of the line on",
                error.valid_up_to() + 1
            ))
        })?;
        let line = line.trim_end_matches(['\n', '\r']);
        if line.contains('\r') {
            return Err(at(
                "has a carriage return within; expected lines that end in a line feed".to_owned(),
            ));
        }
        if line.trim().is_empty() {
            continue;
        }
        let Some((columns, separator)) = &columns else {
            if line.trim_start().starts_with(['<', '{', '[']) {
                return Err(at("looks like XML or JSON; expected a table, or a name that ends in .json or .gpx".to_owned()));
            }
            let separator = match settings
                .separator
                .as_deref()
                .and_then(|text| text.chars().next())
            {
                Some(separator) => separator,
                None if tabs => '\t',
                None => *[',', ';', '\t', '|']
                    .iter()
                    .max_by_key(|mark| (line.matches(**mark).count(), **mark == ','))
                    .unwrap_or(&','),
            };
            columns = Some((
                header(&fields(line, separator).map_err(at)?, settings, number)?,
                separator,
            ));
            continue;
        };
        let fields = fields(line, *separator).map_err(at)?;
        if fields.len() != columns.count {
            return Err(at(format!(
                "has {} fields; expected {}, as in the first line",
                fields.len(),
                columns.count
            )));
        }
        gathered.read += 1;
        row(
            &fields,
            columns,
            *separator,
            settings,
            number,
            &mut gathered,
        );
    }
    if columns.is_none() {
        return Err("it is empty; expected a header and state vectors"
            .to_owned()
            .into());
    }
    if gathered.read == 0 {
        return Err("it has a header and no rows; expected state vectors"
            .to_owned()
            .into());
    }
    Ok(gathered)
}

/// The fields of a line, without blanks around them.
fn fields(line: &str, separator: char) -> Result<Vec<std::borrow::Cow<'_, str>>, String> {
    if !line.contains('"') {
        return Ok(line
            .split(separator)
            .map(|field| field.trim().into())
            .collect());
    }
    if line.matches('"').count() % 2 == 1 {
        return Err(
            "has a quotation mark that does not close in its line; expected a pair".to_owned(),
        );
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .from_reader(line.as_bytes());
    let record = reader
        .records()
        .next()
        .and_then(Result::ok)
        .unwrap_or_default();
    Ok(record
        .iter()
        .map(|field| field.trim().to_owned().into())
        .collect())
}

/// Finds the columns: those that the table names, else those that go by usual names.
pub(super) fn header(
    fields: &[std::borrow::Cow<'_, str>],
    settings: &Settings,
    line: u32,
) -> Result<Columns, Failed> {
    let names: Vec<String> = fields.iter().map(|field| field.to_lowercase()).collect();
    let failed = |said: String, column: Option<usize>| Failed {
        said,
        row: Some((line, column)),
    };
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = names[..index].iter().position(|other| other == name)
            && !name.is_empty()
        {
            let said = format!(
                "has the column {:?} twice, as number {} and {}; expected each once",
                clip(name),
                first + 1,
                index + 1
            );
            return Err(failed(said, Some(index)));
        }
    }
    let mut missing: Vec<String> = Vec::new();
    let mut twice: Option<Failed> = None;
    let mut find = |named: &Option<String>, key: &str, usual: &[&str]| -> Option<usize> {
        if let Some(name) = named {
            let found = names.iter().position(|other| *other == name.to_lowercase());
            if found.is_none() {
                missing.push(format!("{name} (columns.{key})"));
            }
            return found;
        }
        let found: Vec<usize> = usual
            .iter()
            .filter_map(|name| names.iter().position(|other| other == name))
            .collect();
        if let [one, other, ..] = found.as_slice() {
            let said = format!(
                "has the columns {} and {}, either of which may be meant; expected columns.{key} to say which",
                names[*one], names[*other]
            );
            twice.get_or_insert(failed(said, Some(*other)));
        }
        found.first().copied()
    };
    let typed = &settings.columns;
    let time = find(&typed.time, "time", TIME);
    let address = find(&typed.address, "address", ADDRESS);
    let lat = find(&typed.lat, "lat", LAT);
    let lon = find(&typed.lon, "lon", LON);
    let usual = |list: &[(&'static str, Option<AltitudeUnit>)]| {
        list.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let geometric = find(&typed.geoaltitude, "geoaltitude", &usual(GEOMETRIC));
    let barometric = find(&typed.baroaltitude, "baroaltitude", &usual(BAROMETRIC));
    let ground = find(&typed.on_ground, "on_ground", GROUND);
    let speed = find(
        &typed.speed,
        "speed",
        &SPEED.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
    );
    let heard = find(&typed.heard, "heard", HEARD);
    for (found, name) in [
        (time, "time"),
        (address, "address"),
        (lat, "lat"),
        (lon, "lon"),
        (geometric.or(barometric), "geoaltitude (or baroaltitude)"),
    ] {
        if found.is_none() {
            missing.push(name.to_owned());
        }
    }
    if let Some(twice) = twice {
        return Err(twice);
    }
    let (Some(time), Some(address), Some(lat), Some(lon), true) =
        (time, address, lat, lon, missing.is_empty())
    else {
        let said = format!(
            "lacks the column{} {}; expected time, icao24 (the address), lat, lon, geoaltitude, or columns = {{ time = \"..\", address = \"..\", .. }} with the names that there are: {}",
            if missing.len() == 1 { "" } else { "s" },
            missing.join(", "),
            clip(&fields.join(", "))
        );
        return Err(failed(said, None));
    };
    let altitude = |column: usize, list: &[(&str, Option<AltitudeUnit>)]| {
        let published = list
            .iter()
            .find(|(name, _)| *name == names[column])
            .and_then(|(_, unit)| *unit);
        match settings.units.altitude.or(published) {
            Some(AltitudeUnit::M) => Ok((column, 1.0)),
            Some(AltitudeUnit::Ft) => Ok((column, FOOT_M)),
            None => Err(failed(
                format!(
                    "has altitudes in the column {:?}, in feet or in metres; expected units.altitude = \"ft\" or \"m\" to say which",
                    clip(&fields[column])
                ),
                Some(column),
            )),
        }
    };
    let geometric = geometric
        .map(|column| altitude(column, GEOMETRIC))
        .transpose()?;
    let barometric = barometric
        .map(|column| altitude(column, BAROMETRIC))
        .transpose()?;
    let speed = speed.map(|column| {
        let published = SPEED
            .iter()
            .find(|(name, _)| *name == names[column])
            .map(|(_, unit)| *unit);
        match settings.units.speed.or(published) {
            Some(SpeedUnit::Kt) => (column, KNOT_MPS),
            _ => (column, 1.0),
        }
    });
    Ok(Columns {
        count: fields.len(),
        time,
        address,
        lat,
        lon,
        geometric,
        barometric,
        ground,
        speed,
        heard,
        names: fields.iter().map(|field| field.to_string()).collect(),
    })
}

/// Lowest and highest altitude, m.
pub(super) const ALTITUDES_M: (f64, f64) = (-1000.0, 40_000.0);

pub(super) fn row(
    fields: &[std::borrow::Cow<'_, str>],
    columns: &Columns,
    separator: char,
    settings: &Settings,
    number: u32,
    gathered: &mut Gathered,
) {
    // Where a comma parts no fields it may part a fraction, unless places have points: 1,500 would be a thousand and a half then.
    let comma = separator != ','
        && [columns.lat, columns.lon]
            .iter()
            .all(|&at| !fields[at].contains('.'));
    let parsed = |column: usize| -> Option<f64> {
        let typed = &fields[column];
        let value = typed.parse::<f64>().ok().or_else(|| {
            comma
                .then(|| typed.replace(',', ".").parse().ok())
                .flatten()
        });
        value.filter(|value| value.is_finite())
    };
    let says = |column: usize, words: &[&str]| {
        let typed = fields[column].to_ascii_lowercase();
        words.contains(&typed.as_str())
    };
    // An altitude may say that there is none to have.
    let grounded = |column: usize| says(column, &["ground", "grnd"]);
    let blank = |column: usize| says(column, &["", "nan", "null", "none", "na", "<na>"]);
    let mut wrong: Vec<(usize, String)> = Vec::new();
    let mut bad = |column: usize, expected: String| {
        let typed = &fields[column];
        let is = if typed.is_empty() {
            "empty".to_owned()
        } else {
            format!("{:?}", clip(typed))
        };
        wrong.push((
            column,
            format!("{} is {is}; expected {expected}", columns.names[column]),
        ));
    };
    let mut number_in = |column: usize, low: f64, high: f64, unit: &str| {
        let value = parsed(column).filter(|value| (low..=high).contains(value));
        if value.is_none() {
            bad(column, format!("{unit}, {low} to {high}"));
        }
        value
    };
    let lat = number_in(columns.lat, -90.0, 90.0, "degrees north");
    let lon = number_in(columns.lon, -180.0, 180.0, "degrees east");
    let mut altitude = |found: Option<(usize, f64)>| {
        let (column, unit_m) = found.filter(|(column, _)| !blank(*column) && !grounded(*column))?;
        let (low, high) = (ALTITUDES_M.0 / unit_m, ALTITUDES_M.1 / unit_m);
        let unit = if unit_m == 1.0 { "m" } else { "ft" };
        let value = number_in(column, libm::ceil(low), libm::floor(high), unit)?;
        Some(libm::round(value * unit_m * 1000.0) as i32)
    };
    let altitudes_mm = [altitude(columns.geometric), altitude(columns.barometric)];
    let time = time_ms(&fields[columns.time], settings.units.time);
    if time.is_none() {
        bad(
            columns.time,
            "Unix seconds, or a UTC time as 2020-01-01T12:00:00Z".to_owned(),
        );
    }
    let ground = columns.ground.is_some_and(|column| {
        let yes = ["true", "1", "1.0", "t", "yes", "y", "on", "ground"];
        let no = [
            "false", "0", "0.0", "f", "no", "n", "off", "air", "airborne",
        ];
        let known = says(column, &yes) || says(column, &no) || blank(column);
        if !known {
            bad(column, "true or false".to_owned());
        }
        says(column, &yes)
    });
    let mut altitudes = [columns.geometric, columns.barometric]
        .into_iter()
        .flatten();
    let ground = ground || altitudes.any(|(column, _)| grounded(column));
    let typed = fields[columns.address].to_ascii_lowercase();
    // Spreadsheets and databases write addresses of digits alone as numbers.
    let address = typed.strip_prefix('~').unwrap_or(&typed);
    // What stands for none: many aircraft without an address are no aircraft of one.
    let stands_for_none = blank(columns.address) || address.bytes().all(|byte| byte == b'0');
    if stands_for_none || !address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        bad(
            columns.address,
            "a transponder address such as 4ca7b2".to_owned(),
        );
    }
    let known = [columns.geometric, columns.barometric]
        .into_iter()
        .flatten();
    let none = !ground && known.clone().all(|(column, _)| blank(column));
    if none {
        let column = known.map(|(column, _)| column).next();
        let name = column.map_or("altitude", |column| columns.names[column].as_str());
        let typed = column.map_or("", |column| &*fields[column]);
        let is = match typed {
            "" => "empty".to_owned(),
            typed => format!("{:?}", clip(typed)),
        };
        let said = format!("{name} is {is}, and there is no other altitude; expected one");
        gathered.fault(Kind::NoAltitude, number, column, said);
    }
    if !wrong.is_empty() {
        for (column, said) in wrong {
            gathered.fault(Kind::Unreadable, number, Some(column), said);
        }
        return;
    }
    if none {
        return;
    }
    let (Some(time_ms), Some(lat), Some(lon)) = (time, lat, lon) else {
        return;
    };
    let raw = Raw {
        time_ms,
        lat_e7: libm::round(lat * 1e7) as i32,
        lon_e7: libm::round(lon * 1e7) as i32,
        altitudes_mm,
        ground,
        speed_mps: columns
            .speed
            .and_then(|(column, unit)| Some((parsed(column)? * unit) as f32)),
        heard_ms: columns
            .heard
            .and_then(|column| super::read::time_ms(&fields[column], settings.units.time)),
        row: number,
    };
    match gathered.rows.get_mut(address) {
        Some(rows) => rows.push(raw),
        None => {
            gathered.rows.insert(address.to_owned(), vec![raw]);
        }
    }
}
