//! WGS84, the local plane, and places as people write them: the only place where the shape of the earth is known.
//!
//! The simulation works in one azimuthal-equidistant plane, a [`Frame`] about an origin: distance and bearing *from the
//! origin* are exact, lengths across grow with the distance from it, by 4e-5 within 100 km, 1e-3 within 490 km and 1e-2
//! ([`MOST_STRETCH`]) within 1 550 km. Bearings away from the origin are those of the plane: they differ from true ones by
//! the convergence of the meridians. Geodesics after Karney, "Algorithms for geodesics", J. Geodesy 87 (2013). MGRS and UTM
//! serve input and display only.

use std::fmt;
use std::sync::LazyLock;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};

use crate::geometry::Point;

/// Largest relative error of lengths, across the direction to the origin, at a place that a scenario names.
pub const MOST_STRETCH: f64 = 0.01;

/// Farthest north or south that a scenario may name a place, degrees: beyond it bearings mean little.
pub const FARTHEST_LAT_DEG: f64 = 80.0;

/// A place on the WGS84 ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatLon {
    /// Latitude, degrees north.
    pub lat_deg: f64,
    /// Longitude, degrees east.
    pub lon_deg: f64,
}

impl fmt::Display for LatLon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |degrees: f64, letters: [char; 2]| letters[usize::from(degrees < 0.0)];
        write!(
            f,
            "{:.2} {} {:.2} {}",
            self.lat_deg.abs(),
            letter(self.lat_deg, ['N', 'S']),
            self.lon_deg.abs(),
            letter(self.lon_deg, ['E', 'W'])
        )
    }
}

static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// The local plane about an origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    origin: LatLon,
    on_earth: bool,
}

impl Frame {
    /// The plane about a place.
    pub const fn about(origin: LatLon) -> Frame {
        Frame {
            origin,
            on_earth: true,
        }
    }

    /// A plane of which nobody said where it lies. Its origin counts as 0 N 0 E, because files want degrees.
    pub const fn nowhere() -> Frame {
        let origin = LatLon {
            lat_deg: 0.0,
            lon_deg: 0.0,
        };
        Frame {
            origin,
            on_earth: false,
        }
    }

    /// Where its origin is.
    pub fn origin(&self) -> LatLon {
        self.origin
    }

    /// Whether it lies at a place of this earth that somebody named.
    pub fn on_earth(&self) -> bool {
        self.on_earth
    }

    /// The point of the plane that stands for `place`, to the millimetre.
    ///
    /// Rounded, because the geodesic routines use the platform's trigonometry, whose last bits differ between machines and
    /// must not reach the simulation.
    pub fn to_plane(&self, place: LatLon) -> Point {
        let (distance_m, azimuth_deg, _, _): (f64, f64, f64, f64) = WGS84.inverse(
            self.origin.lat_deg,
            self.origin.lon_deg,
            place.lat_deg,
            place.lon_deg,
        );
        let azimuth = azimuth_deg.to_radians();
        Point::new(
            to_millimetre(distance_m * libm::sin(azimuth)),
            to_millimetre(distance_m * libm::cos(azimuth)),
        )
    }

    /// The place that `point` of the local plane stands for.
    pub fn from_plane(&self, point: Point) -> LatLon {
        let distance_m = libm::hypot(point.x, point.y);
        let azimuth_deg = libm::atan2(point.x, point.y).to_degrees();
        let (lat_deg, lon_deg) = WGS84.direct(
            self.origin.lat_deg,
            self.origin.lon_deg,
            azimuth_deg,
            distance_m,
        );
        LatLon { lat_deg, lon_deg }
    }

    /// By which share lengths across the direction to the origin are too long in the plane at `place`: geodesic distance
    /// over reduced length, less 1. Along that direction they are exact.
    pub fn stretch(&self, place: LatLon) -> f64 {
        let (distance_m, _, _, reduced_m, _): (f64, f64, f64, f64, f64) = WGS84.inverse(
            self.origin.lat_deg,
            self.origin.lon_deg,
            place.lat_deg,
            place.lon_deg,
        );
        if distance_m < 1.0 {
            return 0.0;
        }
        if reduced_m <= 0.0 {
            return f64::INFINITY;
        }
        distance_m / reduced_m - 1.0
    }
}

fn to_millimetre(length_m: f64) -> f64 {
    // `+ 0.0` turns -0 into 0.
    libm::round(length_m * 1000.0) / 1000.0 + 0.0
}

/// Where a plane for some places has its origin: in their middle, to a degree so that a place that moves a little, or comes
/// with others, moves nothing else. Where no plane fits them all it is where most of them are, so that the odd ones are told
/// apart. Nothing where there is no place.
pub fn middle(places: &[LatLon]) -> Option<LatLon> {
    // Normals of the ellipsoid: no seam at the antimeridian, none at the poles.
    let mut normals = [Vec::new(), Vec::new(), Vec::new()];
    for place in places {
        let (sin_lat, cos_lat) = libm::sincos(place.lat_deg.to_radians());
        let (sin_lon, cos_lon) = libm::sincos(place.lon_deg.to_radians());
        for (axis, value) in [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
            .into_iter()
            .enumerate()
        {
            normals[axis].push(value);
        }
    }
    for axis in &mut normals {
        axis.sort_by(f64::total_cmp);
    }
    let place = |[x, y, z]: [f64; 3]| {
        let whole = |radians: f64| libm::round(radians.to_degrees()) + 0.0;
        let lon_deg = whole(libm::atan2(y, x));
        LatLon {
            lat_deg: whole(libm::atan2(z, libm::hypot(x, y)))
                .clamp(-FARTHEST_LAT_DEG, FARTHEST_LAT_DEG),
            lon_deg: if lon_deg == 180.0 { -180.0 } else { lon_deg },
        }
    };
    let [x, y, z] = &normals;
    let (first, last) = (
        |axis: &[f64]| axis.first().copied(),
        |axis: &[f64]| axis.last().copied(),
    );
    let half = |axis: &[f64]| Some((first(axis)? + last(axis)?) / 2.0);
    let between = place([half(x)?, half(y)?, half(z)?]);
    let frame = Frame::about(between);
    if places
        .iter()
        .all(|&place| frame.stretch(place) <= MOST_STRETCH)
    {
        return Some(between);
    }
    let median = |axis: &[f64]| axis.get(axis.len() / 2).copied();
    Some(place([median(x)?, median(y)?, median(z)?]))
}

/// Why a string is not a place, as a sentence without its subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlaceError(String);

/// The centre of the square that an MGRS reference such as `33SUS3434` names; blanks are ignored.
///
/// The square must touch the zone and the band that it names.
///
/// # Errors
/// Text that is no reference, or names a square that does not exist.
pub fn parse_mgrs(text: &str) -> Result<LatLon, PlaceError> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    if !looks_like_mgrs(&compact) {
        return Err(PlaceError(
            "not of the form zone, band, square, digits, as in 33SUS3434".to_owned(),
        ));
    }
    let reference =
        geoconvert::Mgrs::parse_str(&compact).map_err(|error| PlaceError(error.to_string()))?;
    let center = reference.to_latlon();
    let center = LatLon {
        lat_deg: center.latitude(),
        lon_deg: center.longitude(),
    };
    let compact = compact.to_ascii_uppercase();
    let letters = compact.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
    let (zone, band) = (
        compact[..letters].parse::<u32>().unwrap_or(0),
        &compact[letters..=letters],
    );
    let half_m = 50_000.0 / libm::pow(10.0, f64::from(reference.precision()));
    let utm = reference.to_utmups();
    let fits = [
        (0.0, 0.0),
        (-1.0, -1.0),
        (-1.0, 1.0),
        (1.0, -1.0),
        (1.0, 1.0),
    ]
    .into_iter()
    .any(|(east, north)| {
        let corner = geoconvert::UtmUps::create(
            utm.zone(),
            utm.is_north(),
            utm.easting() + east * half_m * 0.999,
            utm.northing() + north * half_m * 0.999,
        );
        let Ok(corner) = corner else { return false };
        let corner = corner.to_latlon();
        let corner = LatLon {
            lat_deg: corner.latitude(),
            lon_deg: corner.longitude(),
        };
        zone_and_band(corner).is_some_and(|there| there == (zone, band.to_owned()))
    });
    if !fits {
        let there = zone_and_band(center)
            .map_or_else(|| "none".to_owned(), |(zone, band)| format!("{zone}{band}"));
        return Err(PlaceError(format!(
            "the square is named in {zone}{band} and lies in {there}, at {center}"
        )));
    }
    Ok(center)
}

/// The zone and the band that a place lies in.
fn zone_and_band(place: LatLon) -> Option<(u32, String)> {
    let reference = format_mgrs(place, 1)?;
    let letters = reference.find(|c: char| c.is_ascii_alphabetic())?;
    Some((
        reference[..letters].parse().ok()?,
        reference[letters..=letters].to_owned(),
    ))
}

/// A place in degrees, minutes and seconds, as aeronautical publications write it (`325400N0131700E`, `3254N01317E`,
/// `N325400.5 E0131700.0`, `32 54 00 N 013 17 00 E`, `32:54:00N 013:17:00E`), in degrees with letters (`32.9N 13.28E`), or as a
/// pair of degrees, latitude first (`32.9, 13.28`). Nothing where the text does not look like any of them.
pub fn parse_degrees(text: &str) -> Option<Result<LatLon, PlaceError>> {
    let upper = text.trim().to_uppercase();
    let known = |c: char| {
        c.is_ascii_digit()
            || "NSEW.+-,;:/'\"\u{b0}\u{ba}\u{2032}\u{2033}\u{2019}\u{201d} ".contains(c)
    };
    let digits = upper.chars().filter(char::is_ascii_digit).count();
    if digits < 2 || !upper.chars().all(known) {
        return None;
    }
    let letters: Vec<(usize, char)> = upper
        .char_indices()
        .filter(|(_, c)| c.is_ascii_alphabetic())
        .collect();
    let halves = match letters.as_slice() {
        [] => {
            let halves: Vec<&str> = match upper.split_once([',', ';']) {
                Some((_, other)) if other.contains([',', ';']) => {
                    let said = format!(
                        "{text:?} has several commas; expected a point before each fraction, as in 32.9, 13.28"
                    );
                    return Some(Err(PlaceError(said)));
                }
                Some((one, other)) => vec![one.trim(), other.trim()],
                None => upper.split_whitespace().collect(),
            };
            match halves.as_slice() {
                [one, other] => [(*one, ['N', 'S']), (*other, ['E', 'W'])].map(|(half, signs)| {
                    let (sign, plain) = match half.strip_prefix('-') {
                        Some(plain) => (signs[1], plain),
                        None => (signs[0], half.strip_prefix('+').unwrap_or(half)),
                    };
                    (plain.to_owned(), sign)
                }),
                _ => return None,
            }
        }
        // Letters before the numbers, or after them.
        &[(0, one), (at, other)] => [
            (upper[1..at].to_owned(), one),
            (upper[at + 1..].to_owned(), other),
        ],
        &[(at, one), (end, other)] if end + 1 == upper.len() => [
            (upper[..at].to_owned(), one),
            (upper[at + 1..end].to_owned(), other),
        ],
        _ => return None,
    };
    let [north, east] = if matches!(halves[0].1, 'E' | 'W') {
        let [east, north] = halves;
        [north, east]
    } else {
        halves
    };
    Some(degrees_of(&north, "NS", 2, 90.0).and_then(|lat_deg| {
        let lon_deg = degrees_of(&east, "EW", 3, 180.0)?;
        Ok(LatLon { lat_deg, lon_deg })
    }))
}

/// Degrees of one half of a place; `width` is how many digits its degrees have.
fn degrees_of(
    (text, letter): &(String, char),
    letters: &str,
    width: usize,
    most: f64,
) -> Result<f64, PlaceError> {
    let wrong = |why: String| Err(PlaceError(format!("{:?} {letter}: {why}", text.trim())));
    if !letters.contains(*letter) {
        return wrong(format!("expected one of {letters} once"));
    }
    // Between the halves a comma may stand, and nowhere else: 32,9 would be 32 degrees and 9 minutes.
    let text = text.trim_matches([',', ';', ' ']);
    if text.contains([',', ';']) {
        return wrong("has a comma; expected a point before a fraction".to_owned());
    }
    let numbers: Vec<&str> = text
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|part| !part.is_empty())
        .collect();
    let mut parts: Vec<&str> = numbers.clone();
    if let [only] = numbers.as_slice() {
        let whole = only.find('.').unwrap_or(only.len());
        if whole > width {
            let minutes = width..(width + 2).min(whole);
            parts = vec![&only[..width], &only[minutes.start..]];
            if whole == width + 4 {
                parts = vec![&only[..width], &only[minutes.clone()], &only[minutes.end..]];
            } else if whole != width + 2 {
                let forms = ["D", "DM", "DMS"].map(|form| {
                    form.replace('D', &"D".repeat(width))
                        .replace('M', "MM")
                        .replace('S', "SS")
                });
                return wrong(format!("has {whole} digits; expected {}", forms.join(", ")));
            }
        }
    }
    let mut degrees = 0.0;
    if parts.is_empty() || parts.len() > 3 {
        return wrong("expected degrees, minutes, seconds".to_owned());
    }
    for (index, part) in parts.iter().enumerate() {
        let Ok(value) = part.parse::<f64>() else {
            return wrong(format!("{part:?} is no number"));
        };
        if index > 0 && value >= 60.0 {
            let unit = ["degrees", "minutes", "seconds"][index];
            return wrong(format!("{value} {unit}; expected less than 60"));
        }
        if index + 1 < parts.len() && part.contains('.') {
            return wrong(format!("{part:?} has a fraction before what is smaller"));
        }
        degrees += value / [1.0, 60.0, 3600.0][index];
    }
    if degrees > most {
        return wrong(format!("{degrees} degrees; expected at most {most}"));
    }
    Ok(if matches!(letter, 'S' | 'W') {
        -degrees
    } else {
        degrees
    })
}

/// Whether `text` has the outer form of an MGRS reference: zone, band letter, square, an even number of digits.
///
/// Checked here because the conversion library reads past the end of a reference cut short.
pub fn looks_like_mgrs(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let zone = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(rest) = text.get(zone..) else {
        return false;
    };
    let letters = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let digits = &rest[letters..];
    (1..=2).contains(&zone)
        && letters == 3
        && (2..=10).contains(&digits.len())
        && digits.len().is_multiple_of(2)
        && digits.iter().all(u8::is_ascii_digit)
}

/// The MGRS reference of `place` with this many digits (1 to 5) for each of easting and northing; `None` outside the UTM
/// bands, 80 S to 84 N.
pub fn format_mgrs(place: LatLon, digits: u8) -> Option<String> {
    if !(-80.0..84.0).contains(&place.lat_deg) {
        return None;
    }
    // The library wants longitudes in [-180, 180).
    let lon_deg = if place.lon_deg == 180.0 {
        -180.0
    } else {
        place.lon_deg
    };
    let place = geoconvert::LatLon::create(place.lat_deg, lon_deg).ok()?;
    Some(place.to_mgrs(i32::from(digits.clamp(1, 5))).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Town-level places, their plane coordinates in whole km and their 10 km squares.
    const PLACES: &[(&str, f64, f64, f64, f64, &str)] = &[
        ("Tripoli", 32.89, 13.19, -10.0, 32.0, "33SUS34"),
        ("Mitiga airport", 32.894, 13.276, -2.0, 33.0, "33SUS34"),
        (
            "Tripoli International",
            32.669,
            13.157,
            -13.0,
            8.0,
            "33SUS21",
        ),
        ("Zawiya", 32.76, 12.73, -53.0, 18.0, "33STS82"),
        ("Aziziya", 32.53, 13.02, -26.0, -8.0, "33SUS10"),
        ("Gharyan", 32.17, 13.02, -26.0, -48.0, "33SUR16"),
        ("Tarhuna", 32.43, 13.63, 31.0, -19.0, "33SUR78"),
        ("Garabulli", 32.75, 13.72, 39.0, 17.0, "33SUS82"),
        ("Al-Khums", 32.65, 14.26, 90.0, 6.0, "33SVS31"),
        ("Bani Walid", 31.76, 13.99, 65.0, -93.0, "33RVR01"),
        ("Misrata", 32.325, 15.061, 166.0, -29.0, "33SWR07"),
        ("Al-Watiya", 32.48, 11.89, -133.0, -12.0, "32SQA79"),
    ];

    fn tripoli() -> Frame {
        Frame::about(at(32.60, 13.30))
    }

    fn at(lat_deg: f64, lon_deg: f64) -> LatLon {
        LatLon { lat_deg, lon_deg }
    }

    #[test]
    fn places_lie_where_the_table_says() {
        for &(name, lat, lon, east_km, north_km, square) in PLACES {
            let point = tripoli().to_plane(at(lat, lon)) / 1000.0;
            assert!((point.x - east_km).abs() < 1.0, "{name}: {point}");
            assert!((point.y - north_km).abs() < 1.0, "{name}: {point}");
            assert_eq!(
                format_mgrs(at(lat, lon), 1).as_deref(),
                Some(square),
                "{name}"
            );
        }
    }

    #[test]
    fn mgrs_of_a_place_leads_back_to_it() {
        for &(name, lat, lon, ..) in PLACES {
            let reference = format_mgrs(at(lat, lon), 5).unwrap();
            let error = tripoli().to_plane(parse_mgrs(&reference).unwrap())
                - tripoli().to_plane(at(lat, lon));
            assert!(error.norm() < 1.0, "{name}: {reference} is {error} off");
        }
    }

    #[test]
    fn al_watiya_is_in_zone_32_and_tripoli_in_33() {
        assert!(format_mgrs(at(32.48, 11.89), 5).unwrap().starts_with("32S"));
        assert!(format_mgrs(at(32.89, 13.19), 5).unwrap().starts_with("33S"));
    }

    #[test]
    fn squares_ur_and_vr_exist_in_bands_r_and_s() {
        for square in ["UR", "VR"] {
            let south = parse_mgrs(&format!("33R{square}5010")).unwrap();
            let north = parse_mgrs(&format!("33S{square}5090")).unwrap();
            assert!(south.lat_deg < 32.0 && north.lat_deg > 32.0);
            assert!((north.lat_deg - south.lat_deg - 80.0 / 111.0).abs() < 0.01);
        }
    }

    #[test]
    fn grid_north_at_tripoli_is_off_by_0_98_degrees() {
        let utm = |lat, lon| geoconvert::LatLon::create(lat, lon).unwrap().to_utmups();
        let (south, north) = (utm(32.889, 13.19), utm(32.891, 13.19));
        // Bearing of true north on the grid; convergence is its negative.
        let convergence = -libm::atan2(
            north.easting() - south.easting(),
            north.northing() - south.northing(),
        )
        .to_degrees();
        assert!((convergence + 0.98).abs() < 0.01, "{convergence}");
    }

    #[test]
    fn crooked_references_are_refused() {
        for text in [
            "",
            "33",
            "33S",
            "33SU",
            "33SUS",
            "33SUS1",
            "33SUS123",
            "33SUS12a4",
            "99SUS1234",
            "33IUS1234",
            "33SIS1234",
            "33SUS123456789012",
            "Tripoli",
            "33SÜS1234",
            "0SUS1234",
            "SUS1234",
            "33SAA1234",
        ] {
            assert!(parse_mgrs(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_square_lies_in_the_zone_and_the_band_that_it_names() {
        for (text, fits) in [
            ("33SUS3434", true),
            // Another band, another zone whose columns have the same letters, columns beyond the edge of the zone.
            ("33TUS3434", false),
            ("36SUS3434", false),
            ("33SSS3434", false),
            ("33SYS9934", false),
            // Norway: zone 32 is wider at the cost of 31.
            ("32VKN8050", true),
            ("1XAA1212", false),
            // Squares through which an edge of a zone or a band runs.
            ("33STS11", true),
            ("60KYF51", true),
        ] {
            assert_eq!(
                parse_mgrs(text).is_ok(),
                fits,
                "{text}: {:?}",
                parse_mgrs(text)
            );
        }
        let told = parse_mgrs("33SSS3434").unwrap_err().to_string();
        assert!(told.contains("named in 33S and lies in 32S"), "{told}");
    }

    #[test]
    fn places_are_read_as_they_are_written() {
        let close = |text: &str, lat: f64, lon: f64| {
            let found = parse_degrees(text)
                .unwrap_or_else(|| panic!("{text}"))
                .unwrap();
            assert!(
                (found.lat_deg - lat).abs() < 1e-9 && (found.lon_deg - lon).abs() < 1e-9,
                "{text}: {found:?}"
            );
        };
        for text in [
            "325400N0131700E",
            "325400N 0131700E",
            "3254N01317E",
            "325400.00N0131700.0E",
            "N325400E0131700",
            "N3254.0 E01317.0",
            "32 54 00 N 013 17 00 E",
            "32:54:00 N 013:17:00 E",
            "32\u{b0}54'00\"N 013\u{b0}17'00\"E",
            "32-54-00N 013-17-00E",
            "0131700E 325400N",
        ] {
            close(text, 32.9, 13.0 + 17.0 / 60.0);
        }
        close("323000n0131500e", 32.5, 13.25);
        close("32.9N 13.28E", 32.9, 13.28);
        close("32.9, 13.28", 32.9, 13.28);
        close("-33.9 151.2", -33.9, 151.2);
        close("32.9N, 13.28E", 32.9, 13.28);
        close("335400S1511200E", -33.9, 151.2);
        close(
            "404226N0740023W",
            40.0 + 42.0 / 60.0 + 26.0 / 3600.0,
            -(74.0 + 23.0 / 3600.0),
        );
        for (text, why) in [
            ("326000N0131700E", "60 minutes"),
            ("325460N0131700E", "60 seconds"),
            ("915400N0131700E", "at most 90"),
            ("325400N1811700E", "at most 180"),
            ("325400N131700E", "6 digits"),
            ("95.0, 13.28", "at most 90"),
            ("32,9 13,28", "several commas"),
            ("32,9;13,28", "several commas"),
            ("32,9N 13,28E", "has a comma"),
        ] {
            let told = parse_degrees(text).unwrap().unwrap_err().to_string();
            assert!(told.contains(why), "{text}: {told}");
        }
        for text in [
            "north",
            "",
            "N",
            "tripoli",
            "33SUS3434",
            "12",
            "route 66",
            "E",
            "SE",
        ] {
            assert!(parse_degrees(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_middle_has_no_seams() {
        let middle = |places: &[(f64, f64)]| {
            let places: Vec<LatLon> = places.iter().map(|&(lat, lon)| at(lat, lon)).collect();
            middle(&places)
        };
        assert_eq!(middle(&[]), None);
        assert_eq!(middle(&[(49.8, 23.2)]), Some(at(50.0, 23.0)));
        assert_eq!(
            middle(&[(10.0, 179.0), (10.0, -177.0)]),
            Some(at(10.0, -179.0))
        );
        assert_eq!(
            middle(&[(10.0, 180.0), (10.0, -180.0)]),
            Some(at(10.0, -180.0))
        );
        // One place that is far from all others does not move them.
        assert_eq!(
            middle(&[(32.6, 13.0), (32.6, 13.2), (32.7, 13.2), (0.0, 0.0)]),
            Some(at(33.0, 13.0))
        );
    }

    #[test]
    fn lengths_across_are_too_long_by_what_is_said() {
        // On a sphere: angle over its sine.
        for (lat, limit) in [(33.5, 4.2e-5), (37.0, 1.0e-3), (46.5, 1.0e-2)] {
            let angle = (lat - 32.6_f64).to_radians();
            let sphere = angle / angle.sin() - 1.0;
            let found = tripoli().stretch(at(lat, 13.30));
            assert!(found < limit && found > 0.7 * limit, "{lat}: {found}");
            assert!(
                (found / sphere - 1.0).abs() < 0.02,
                "{lat}: {found} {sphere}"
            );
        }
        // Measured: a short step across, in the plane and on the ellipsoid.
        let (frame, here) = (tripoli(), at(32.6 + 12.0, 13.3));
        let there = at(here.lat_deg, here.lon_deg + 0.01);
        let plane = (frame.to_plane(there) - frame.to_plane(here)).norm();
        let true_m: f64 = WGS84.inverse(here.lat_deg, here.lon_deg, there.lat_deg, there.lon_deg);
        assert!((plane / true_m - 1.0 - frame.stretch(here)).abs() < 1e-5);
        assert_eq!(frame.stretch(frame.origin()), 0.0);
        assert!(frame.stretch(at(-32.6, -166.7)) > 1.0);
    }

    proptest! {
        #[test]
        fn any_frame_and_back(lat in -80.0..80.0, lon in -180.0..180.0, east in -1.0e6..1.0e6, north in -1.0e6..1.0e6) {
            let (frame, point) = (Frame::about(at(lat, lon)), Point::new(east, north));
            let back = frame.to_plane(frame.from_plane(point));
            prop_assert!((back - point).norm() < 2.0e-3);
        }

        #[test]
        fn degrees_written_as_publications_do_are_read_back(lat in 0u32..324_000, lon in 0u32..648_000, south: bool, west: bool) {
            let split = |seconds: u32| (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let ((d, m, s), (e, n, t)) = (split(lat), split(lon));
            let text = format!("{d:02}{m:02}{s:02}{}{e:03}{n:02}{t:02}{}", if south { 'S' } else { 'N' }, if west { 'W' } else { 'E' });
            let found = parse_degrees(&text).unwrap().unwrap();
            prop_assert!((found.lat_deg.abs() - f64::from(lat) / 3600.0).abs() < 1e-9);
            prop_assert!((found.lon_deg.abs() - f64::from(lon) / 3600.0).abs() < 1e-9);
            prop_assert!((found.lat_deg <= 0.0 || !south) && (found.lon_deg <= 0.0 || !west));
        }

        #[test]
        fn no_degrees_panic(text in "[0-9NSEW.,: '+-]{0,20}") {
            let _ = parse_degrees(&text);
        }

        #[test]
        fn plane_and_back(east in -1.0e6..1.0e6, north in -1.0e6..1.0e6) {
            let point = Point::new(east, north);
            let back = tripoli().to_plane(tripoli().from_plane(point));
            prop_assert!((back - point).norm() < 2.0e-3);
        }

        #[test]
        fn distances_in_the_core_box_are_right(
            lat in 32.0..33.2, lon in 12.4..14.2, lat2 in 32.0..33.2, lon2 in 12.4..14.2
        ) {
            let plane = (tripoli().to_plane(at(lat, lon)) - tripoli().to_plane(at(lat2, lon2))).norm();
            let true_m: f64 = WGS84.inverse(lat, lon, lat2, lon2);
            prop_assert!((plane - true_m).abs() <= 4.0e-5 * true_m + 2.0e-3);
        }

        #[test]
        fn no_reference_panics(text in "\\PC{0,12}") {
            let _ = parse_mgrs(&text);
        }

        #[test]
        fn no_well_formed_reference_panics(text in "[0-9]{1,2}[A-Z]{3}([0-9][0-9]){1,5}") {
            let _ = parse_mgrs(&text);
        }
    }
}
