//! WGS84, the local plane and MGRS: the only place where the shape of the earth is known.
//!
//! The simulation works in one azimuthal-equidistant plane about [`ORIGIN`]: distance and bearing *from the origin* are
//! exact, other distances inside the core box (170 km x 134 km) are right to 4e-5. Geodesics after Karney, "Algorithms
//! for geodesics", J. Geodesy 87 (2013). MGRS and UTM serve input and display only.

use std::sync::LazyLock;

use geographiclib_rs::{DirectGeodesic, Geodesic, InverseGeodesic};

use crate::geometry::Point;

/// The origin of the local plane, south of Tripoli.
pub const ORIGIN: LatLon = LatLon {
    lat_deg: 32.60,
    lon_deg: 13.30,
};

/// Farthest place from the origin that a scenario may name; beyond it the plane distorts too much to mean anything, m.
pub const FARTHEST_M: f64 = 2_000_000.0;

/// A place on the WGS84 ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatLon {
    /// Latitude, degrees north.
    pub lat_deg: f64,
    /// Longitude, degrees east.
    pub lon_deg: f64,
}

static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// The point of the local plane that stands for `place`, to the millimetre.
///
/// Rounded, because the geodesic routines use the platform's trigonometry, whose last bits differ between machines and
/// must not reach the simulation.
pub fn to_plane(place: LatLon) -> Point {
    let (distance_m, azimuth_deg, _, _): (f64, f64, f64, f64) =
        WGS84.inverse(ORIGIN.lat_deg, ORIGIN.lon_deg, place.lat_deg, place.lon_deg);
    let azimuth = azimuth_deg.to_radians();
    Point::new(
        to_millimetre(distance_m * libm::sin(azimuth)),
        to_millimetre(distance_m * libm::cos(azimuth)),
    )
}

fn to_millimetre(length_m: f64) -> f64 {
    // `+ 0.0` turns -0 into 0.
    libm::round(length_m * 1000.0) / 1000.0 + 0.0
}

/// The place that `point` of the local plane stands for.
pub fn from_plane(point: Point) -> LatLon {
    let distance_m = libm::hypot(point.x, point.y);
    let azimuth_deg = libm::atan2(point.x, point.y).to_degrees();
    let (lat_deg, lon_deg) = WGS84.direct(ORIGIN.lat_deg, ORIGIN.lon_deg, azimuth_deg, distance_m);
    LatLon { lat_deg, lon_deg }
}

/// Why a string is not an MGRS reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MgrsError(String);

/// The centre of the square that an MGRS reference such as `33SUS3434` names; blanks are ignored.
pub fn parse_mgrs(text: &str) -> Result<LatLon, MgrsError> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    if !looks_like_mgrs(&compact) {
        return Err(MgrsError(
            "not of the form zone, band, square, digits, as in 33SUS3434".to_owned(),
        ));
    }
    let reference =
        geoconvert::Mgrs::parse_str(&compact).map_err(|error| MgrsError(error.to_string()))?;
    let place = reference.to_latlon();
    Ok(LatLon {
        lat_deg: place.latitude(),
        lon_deg: place.longitude(),
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

    fn at(lat_deg: f64, lon_deg: f64) -> LatLon {
        LatLon { lat_deg, lon_deg }
    }

    #[test]
    fn places_lie_where_the_table_says() {
        for &(name, lat, lon, east_km, north_km, square) in PLACES {
            let point = to_plane(at(lat, lon)) / 1000.0;
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
            let error = to_plane(parse_mgrs(&reference).unwrap()) - to_plane(at(lat, lon));
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

    proptest! {
        #[test]
        fn plane_and_back(east in -1.0e6..1.0e6, north in -1.0e6..1.0e6) {
            let point = Point::new(east, north);
            let back = to_plane(from_plane(point));
            prop_assert!((back - point).norm() < 2.0e-3);
        }

        #[test]
        fn distances_in_the_core_box_are_right(
            lat in 32.0..33.2, lon in 12.4..14.2, lat2 in 32.0..33.2, lon2 in 12.4..14.2
        ) {
            let plane = (to_plane(at(lat, lon)) - to_plane(at(lat2, lon2))).norm();
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
