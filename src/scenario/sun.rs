//! Where the sun stands: daylight by place and time.
//!
//! The formulas of NOAA's solar calculator, after J. Meeus, *Astronomical Algorithms* (2nd ed., 1998), chapters 25 and 28: declination to .01
//! degrees, equation of time to some seconds between 1950 and 2050; here in plain arithmetic and `libm`, so that the last bit is
//! the same everywhere. Elevations are geometric: refraction and the size of the sun are in the elevation asked for (-0.833 degrees at
//! sunrise and sunset). UTC is taken for the time of the ephemeris: a minute moves the sun by less than .001 degrees along its path.

use crate::geodesy::LatLon;
use crate::units::Millis;

/// Declination of the sun, degrees, and equation of time, minutes, at a Unix time.
fn sun(unix_s: f64) -> (f64, f64) {
    let sin = |degrees: f64| libm::sin(degrees.to_radians());
    let cos = |degrees: f64| libm::cos(degrees.to_radians());
    // Julian centuries since J2000.0.
    let t = (unix_s / 86_400.0 + 2_440_587.5 - 2_451_545.0) / 36_525.0;
    let mean_longitude = (280.46646 + t * (36_000.769_83 + t * 0.000_303_2)).rem_euclid(360.0);
    let anomaly = 357.52911 + t * (35_999.050_29 - 0.000_153_7 * t);
    let eccentricity = 0.016_708_634 - t * (0.000_042_037 + 0.000_000_126_7 * t);
    let center = sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + sin(2.0 * anomaly) * (0.019993 - 0.000101 * t)
        + sin(3.0 * anomaly) * 0.000289;
    let node = 125.04 - 1_934.136 * t;
    let apparent = mean_longitude + center - 0.00569 - 0.00478 * sin(node);
    let obliquity = 23.0
        + (26.0 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60.0) / 60.0
        + 0.00256 * cos(node);
    let declination = libm::asin(sin(obliquity) * sin(apparent)).to_degrees();
    let half = libm::tan((obliquity / 2.0).to_radians());
    let y = half * half;
    let equation = y * sin(2.0 * mean_longitude) - 2.0 * eccentricity * sin(anomaly)
        + 4.0 * eccentricity * y * sin(anomaly) * cos(2.0 * mean_longitude)
        - 0.5 * y * y * sin(4.0 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * sin(2.0 * anomaly);
    (declination, 4.0 * equation.to_degrees())
}

/// Elevation of the middle of the sun, degrees, without refraction.
pub(crate) fn elevation_deg(place: LatLon, unix_s: f64) -> f64 {
    let (declination, equation_min) = sun(unix_s);
    let minutes = unix_s.rem_euclid(86_400.0) / 60.0;
    let hour_angle = (minutes + equation_min) / 4.0 + place.lon_deg - 180.0;
    let (latitude, declination) = (place.lat_deg.to_radians(), declination.to_radians());
    let sine = libm::sin(latitude) * libm::sin(declination)
        + libm::cos(latitude) * libm::cos(declination) * libm::cos(hour_angle.to_radians());
    libm::asin(sine.clamp(-1.0, 1.0)).to_degrees()
}

/// When the sun is above an elevation, from a Unix time on, in order of time; its edges are good to a tenth of a second. A rise and a set less
/// than five minutes apart may be missed.
pub(crate) fn light(
    place: LatLon,
    start_unix_s: f64,
    duration: Millis,
    twilight_deg: f64,
) -> Vec<(Millis, Millis)> {
    const STEP_S: f64 = 300.0;
    let above = |time_s: f64| elevation_deg(place, start_unix_s + time_s) > twilight_deg;
    let end_s = duration.seconds() + 1.0;
    let mut found = Vec::new();
    let mut begun = above(0.0).then_some(Millis::ZERO);
    let mut time_s = 0.0;
    while time_s < end_s {
        let next_s = time_s + STEP_S;
        let now = above(next_s);
        if now != begun.is_some() {
            let (mut early, mut late) = (time_s, next_s);
            while late - early > 0.1 {
                let middle = 0.5 * (early + late);
                if above(middle) == now {
                    late = middle;
                } else {
                    early = middle;
                }
            }
            let edge = Millis::from_seconds(late);
            match begun.take() {
                Some(from) => found.push((from, edge)),
                None => begun = Some(edge),
            }
        }
        time_s = next_s;
    }
    found.extend(begun.map(|from| (from, Millis::NEVER)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(text: &str) -> f64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second() as f64
    }

    /// Meeus, examples 25.a and 28.b: 13 October 1992, 0 h: declination -7.78507 degrees, equation of time 13 min 42.6 s.
    #[test]
    fn as_in_the_book() {
        let (declination, equation) = sun(unix("1992-10-13T00:00:00Z"));
        assert!((declination + 7.78507).abs() < 0.002, "{declination}");
        assert!((equation - 13.71).abs() < 0.02, "{equation}");
    }

    /// At the solstice of 20 June 2020 the sun stands 90 - 51.478 + 23.437 degrees above Greenwich at its noon.
    #[test]
    fn noon_at_the_solstice() {
        let greenwich = LatLon {
            lat_deg: 51.478,
            lon_deg: 0.0,
        };
        let start = unix("2020-06-20T11:30:00Z");
        let highest = (0..3600).map(|second| elevation_deg(greenwich, start + f64::from(second)));
        let highest = highest.fold(f64::NEG_INFINITY, f64::max);
        assert!((highest - 61.959).abs() < 0.005, "{highest}");
    }

    /// The day at Tripoli, by the hour angle of its ends: cos H = (sin h - sin phi sin d) / (cos phi cos d), H / 15 hours before and after noon.
    /// Civil twilight makes it longer; a scenario that begins at night begins in the dark, and days run through the midnight of UTC.
    #[test]
    fn the_day_is_as_long_as_its_hour_angle() {
        let place = LatLon {
            lat_deg: 32.9,
            lon_deg: 13.2,
        };
        let start = unix("2019-11-21T00:00:00Z");
        for twilight in [-0.833, -6.0, -12.0] {
            let days = light(place, start, Millis::from_seconds(2.0 * 86_400.0), twilight);
            let [(from, until), _] = days[..] else {
                panic!("{days:?}")
            };
            let noon = start + (from.seconds() + until.seconds()) / 2.0;
            let (declination, _) = sun(noon);
            let (phi, d, h) = (
                32.9_f64.to_radians(),
                declination.to_radians(),
                f64::to_radians(twilight),
            );
            let angle = ((h.sin() - phi.sin() * d.sin()) / (phi.cos() * d.cos()))
                .acos()
                .to_degrees();
            let hours = (until - from).hours();
            assert!((hours - 2.0 * angle / 15.0).abs() < 0.01, "{hours} h");
        }
        let far = LatLon {
            lat_deg: 32.9,
            lon_deg: 179.0,
        };
        let days = light(far, start, Millis::from_seconds(86_400.0), -6.0);
        assert_eq!(days[0].0, Millis::ZERO, "noon at midnight: {days:?}");
        let pole = LatLon {
            lat_deg: 80.0,
            lon_deg: 0.0,
        };
        assert_eq!(light(pole, start, Millis::from_seconds(86_400.0), -6.0), []);
        let summer = unix("2020-06-21T00:00:00Z");
        let midnight_sun = light(pole, summer, Millis::from_seconds(86_400.0), -6.0);
        assert_eq!(midnight_sun, [(Millis::ZERO, Millis::NEVER)]);
    }
}
