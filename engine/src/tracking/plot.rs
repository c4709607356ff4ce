//! Plots: where a radar says that an aircraft is.
//!
//! A radar measures range r over the ground, bearing b and height, each with its own normal error:
//!
//! ```text
//! r = r0 + sigma_r n1        b = b0 + bias + sigma_b n2        h = h0 + sigma_h n3
//! ```
//!
//! and the plot is the site plus (r sin b, r cos b), at height h. Its covariance is that of the linearised conversion,
//! sigma_r^2 along the line of sight and (r sigma_b)^2 across it, at the measured range and bearing.
//!
//! Assumptions: errors are normal and independent from scan to scan; the range is that over the ground (a slant range
//! would have its error multiplied by slant/ground range, 1.15 at 30 degrees of elevation); the bias is not known to the
//! site, so it is not in the covariance. Error of the linearisation: the mean range is too short by r sigma_b^2 / 2
//! (7.6 m at 100 km and 0.7 degrees), harmless while r sigma_b^2 / sigma_r < 0.4. Sources: Lerro & Bar-Shalom, "Tracking
//! with debiased consistent converted measurements versus EKF", IEEE Trans. AES 29 (1993) 1015-1022; Bar-Shalom, Li &
//! Kirubarajan, *Estimation with Applications to Tracking and Navigation* (2001), section 10.4.3.
//!
//! A misaligned antenna turns every plot about the site: 105 degrees at 20 km move it by 2 x 20 km x sin 52.5 deg =
//! 31.7 km.

use nalgebra::{Matrix3, Vector2, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::geometry::Point;

/// Standard deviations of what a radar measures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurementSpec {
    /// Of the range, m.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub range_sigma_m: f64,
    /// Of the bearing, degrees.
    #[schemars(range(min = 0.0, max = 30.0))]
    pub bearing_sigma_deg: f64,
    /// Of the height, m.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub altitude_sigma_m: f64,
}

/// A position estimated by a radar in one scan, all that a tracker sees of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plot {
    /// Where: east, north, up, m.
    pub place: Vector3<f64>,
    /// Covariance of its error as the site believes it, m^2.
    pub covariance: Matrix3<f64>,
}

impl Plot {
    /// A plot without error, for sites whose tracks are true.
    pub fn exact(place: Vector3<f64>) -> Plot {
        Plot {
            place,
            covariance: Matrix3::zeros(),
        }
    }

    /// What a radar at `site` makes of something at `place`, given three standard normal numbers (range, bearing, height)
    /// and its misalignment.
    pub fn measured(
        place: Vector3<f64>,
        site: Point,
        measurement: &MeasurementSpec,
        normals: [f64; 3],
        bias_deg: f64,
    ) -> Plot {
        let (range_m, sight) = line_of_sight(place, site);
        let turned = turned(sight, bias_deg + measurement.bearing_sigma_deg * normals[1]);
        let ground = site + turned * (range_m + measurement.range_sigma_m * normals[0]);
        let height_m = place.z + measurement.altitude_sigma_m * normals[2];
        Plot::reported(
            Vector3::new(ground.x, ground.y, height_m),
            site,
            measurement,
        )
    }

    /// The plot that says `place`, with the covariance that a radar at `site` would give it.
    pub fn reported(place: Vector3<f64>, site: Point, measurement: &MeasurementSpec) -> Plot {
        let (range_m, along) = line_of_sight(place, site);
        let along2 = measurement.range_sigma_m * measurement.range_sigma_m;
        let across_m = range_m * measurement.bearing_sigma_deg.to_radians();
        let across2 = across_m * across_m;
        let (east, north) = (along.x, along.y);
        let mixed = (along2 - across2) * east * north;
        Plot {
            place,
            covariance: Matrix3::new(
                along2 * east * east + across2 * north * north,
                mixed,
                0.0,
                mixed,
                along2 * north * north + across2 * east * east,
                0.0,
                0.0,
                0.0,
                measurement.altitude_sigma_m * measurement.altitude_sigma_m,
            ),
        }
    }
}

/// Where a radar at `site` misaligned by so many degrees (clockwise) sees what is at `place`.
pub fn misaligned(place: Vector3<f64>, site: Point, bias_deg: f64) -> Vector3<f64> {
    let ground = site + turned(place.xy() - site, bias_deg);
    Vector3::new(ground.x, ground.y, place.z)
}

/// Range over the ground and the direction of sight; north for what is overhead.
fn line_of_sight(place: Vector3<f64>, site: Point) -> (f64, Vector2<f64>) {
    let arm = place.xy() - site;
    let range_m = arm.norm();
    if range_m > 0.0 {
        (range_m, arm / range_m)
    } else {
        (0.0, Vector2::y())
    }
}

/// A vector turned clockwise.
fn turned(arm: Vector2<f64>, angle_deg: f64) -> Vector2<f64> {
    let angle = angle_deg.to_radians();
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    Vector2::new(arm.x * cosine + arm.y * sine, arm.y * cosine - arm.x * sine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Key;
    use crate::streams::{Purpose, Streams};

    const RADAR: MeasurementSpec = MeasurementSpec {
        range_sigma_m: 50.0,
        bearing_sigma_deg: 0.5,
        altitude_sigma_m: 300.0,
    };

    #[test]
    fn a_misaligned_radar_displaces_by_the_chord() {
        let site = Point::new(1_000.0, -2_000.0);
        let place = Vector3::new(1_000.0, 18_000.0, 6_000.0);
        let plot = Plot::measured(place, site, &RADAR, [0.0; 3], 105.0);
        let displaced = (plot.place - place).norm();
        // 2 x 20 km x sin 52.5 deg.
        assert!((displaced - 31_734.133_612).abs() < 1e-5, "{displaced}");
        assert!((misaligned(place, site, 105.0) - plot.place).norm() < 1e-8);
        // Due north turned clockwise by 105 degrees is a little south of east.
        assert!(plot.place.x > site.x && plot.place.y < site.y);
        assert_eq!(plot.place.z, 6_000.0);
    }

    #[test]
    fn without_noise_a_plot_is_the_place() {
        let place = Vector3::new(-3_000.0, 4_000.0, 500.0);
        let plot = Plot::measured(place, Point::zeros(), &RADAR, [0.0; 3], 0.0);
        assert!((plot.place - place).norm() < 1e-9);
        let overhead = Vector3::new(0.0, 0.0, 500.0);
        let plot = Plot::measured(overhead, Point::zeros(), &RADAR, [1.0, 1.0, 0.0], 0.0);
        assert!((plot.place.xy().norm() - 50.0).abs() < 1e-9);
    }

    /// Due east at 20 km: range is east, bearing is north, and neither touches the other.
    #[test]
    fn the_covariance_turns_with_the_line_of_sight() {
        let east = Plot::reported(Vector3::new(20_000.0, 0.0, 0.0), Point::zeros(), &RADAR);
        let across = 20_000.0 * 0.5f64.to_radians();
        let expected = Matrix3::from_diagonal(&Vector3::new(2_500.0, across * across, 90_000.0));
        assert!((east.covariance - expected).norm() < 1e-9);
        let north_east = Plot::reported(
            Vector3::new(10_000.0, 10_000.0, 0.0),
            Point::zeros(),
            &RADAR,
        );
        let across = 10_000.0 * 2.0f64.sqrt() * 0.5f64.to_radians();
        assert!((north_east.covariance.m12 - (2_500.0 - across * across) / 2.0).abs() < 1e-9);
        assert_eq!(north_east.covariance.m11, north_east.covariance.m22);
    }

    /// Mean of the squared normalised error of 20 000 plots: 3, variance of one is 6; bound 4.9 standard errors (1e-6).
    #[test]
    fn plots_scatter_as_their_covariance_says() {
        let replication = crate::record::Replication { seed: 11, index: 0 };
        let mut stream =
            Streams::new(replication).about(Purpose::Measurement, Key::of("site"), Key::of("it"));
        let place = Vector3::new(15_000.0, 25_000.0, 5_000.0);
        let runs = 20_000u64;
        let mut sum = 0.0;
        for run in 0..runs {
            let normals = [0, 1, 2].map(|i| stream.normal(3 * run + i));
            let plot = Plot::measured(place, Point::zeros(), &RADAR, normals, 0.0);
            let error = plot.place - place;
            sum += error.dot(&(plot.covariance.try_inverse().unwrap() * error));
        }
        let mean = sum / runs as f64;
        let bound = 4.9 * (6.0 / runs as f64).sqrt();
        assert!((mean - 3.0).abs() < bound, "{mean}");
    }
}
