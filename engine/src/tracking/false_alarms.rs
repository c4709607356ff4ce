//! False alarms: plots with nothing behind them.
//!
//! In each scan their number is Poisson with a given mean, and they are scattered evenly over a disc around the site and
//! over a layer of heights, whatever happened in other scans. Number and places are looked up by site and scan.
//!
//! The number is the inverse of the Poisson distribution at one uniform number, at most [`MOST_PER_SCAN`]: with a mean of
//! no more than 64 that is exceeded with probability below 1e-23, less than the last bit of a uniform number.
//! Assumption: clutter does not linger in one place. Source: Bar-Shalom & Li, *Multitarget-Multisensor Tracking* (1995),
//! section 2.5.2 (Poisson clutter).

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plot::{MeasurementSpec, Plot};
use crate::geometry::{Area, Point};
use crate::ids::Key;
use crate::streams::{Purpose, Streams};

/// Most false alarms of one scan.
pub const MOST_PER_SCAN: u64 = 160;

/// Draws set aside for one scan: one for the number, three for each place.
const DRAWS_PER_SCAN: u64 = 1 + 3 * MOST_PER_SCAN;

/// How many false alarms a site has, and where.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FalseAlarmSpec {
    /// Mean number in one scan.
    #[schemars(range(min = 0.0, max = 64.0))]
    pub per_scan: f64,
    /// Range up to which they occur, over the ground, m.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2_000_000.0))]
    pub max_range_m: f64,
    /// Lowest, m.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub min_altitude_m: f64,
    /// Highest, m.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub max_altitude_m: f64,
}

/// The false alarms of one scan of a site; the same however often and in whatever order scans are asked for.
pub fn false_alarms(
    streams: &Streams,
    site: Key,
    place: Point,
    scan: u64,
    alarms: &FalseAlarmSpec,
    measurement: &MeasurementSpec,
) -> Vec<Plot> {
    let mut stream = streams.about(Purpose::FalseAlarm, site, Key::NONE);
    let first = scan * DRAWS_PER_SCAN;
    let disc = Area::Circle {
        center: place,
        radius_m: alarms.max_range_m,
    };
    let layer_m = alarms.max_altitude_m - alarms.min_altitude_m;
    (0..poisson(alarms.per_scan, stream.uniform(first)))
        .map(|number| {
            let [one, two, three] = [1, 2, 3].map(|i| stream.uniform(first + 3 * number + i));
            let ground = disc.sample(one, two);
            let height_m = alarms.min_altitude_m + three * layer_m;
            Plot::reported(
                Vector3::new(ground.x, ground.y, height_m),
                place,
                measurement,
            )
        })
        .collect()
}

/// The number at which the Poisson distribution of this mean first exceeds `uniform`.
fn poisson(mean: f64, uniform: f64) -> u64 {
    let mut probability = libm::exp(-mean);
    let mut sum = probability;
    let mut number = 0;
    while uniform >= sum && number < MOST_PER_SCAN {
        number += 1;
        probability *= mean / number as f64;
        sum += probability;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;
    use statrs::distribution::{DiscreteCDF, Poisson};

    const ALARMS: FalseAlarmSpec = FalseAlarmSpec {
        per_scan: 2.5,
        max_range_m: 30_000.0,
        min_altitude_m: 1_000.0,
        max_altitude_m: 9_000.0,
    };
    const RADAR: MeasurementSpec = MeasurementSpec {
        range_sigma_m: 50.0,
        bearing_sigma_deg: 0.5,
        altitude_sigma_m: 200.0,
    };

    fn of_scan(seed: u64, scan: u64) -> Vec<Plot> {
        let streams = Streams::new(Replication { seed, index: 0 });
        let place = Point::new(5_000.0, -7_000.0);
        false_alarms(&streams, Key::of("site"), place, scan, &ALARMS, &RADAR)
    }

    #[test]
    fn the_number_is_the_inverse_of_the_distribution() {
        for mean in [0.1, 2.5, 64.0] {
            let reference = Poisson::new(mean).unwrap();
            for step in 0..1_000 {
                let uniform = (f64::from(step) + 0.5) / 1_000.0;
                assert_eq!(poisson(mean, uniform), reference.inverse_cdf(uniform));
            }
        }
        assert_eq!(poisson(0.0, 0.999_999), 0);
        assert!(poisson(64.0, 1.0 - f64::EPSILON) < MOST_PER_SCAN);
        let beyond = 1.0 - Poisson::new(64.0).unwrap().cdf(MOST_PER_SCAN);
        assert!(beyond < f64::EPSILON);
    }

    #[test]
    fn a_scan_is_the_same_whenever_it_is_asked_for() {
        let forwards: Vec<_> = (0..20).map(|scan| of_scan(3, scan)).collect();
        let backwards: Vec<_> = (0..20).rev().map(|scan| of_scan(3, scan)).collect();
        assert!(forwards.iter().eq(backwards.iter().rev()));
        assert_ne!(forwards[0], of_scan(4, 0));
        assert!((1..20).any(|scan| forwards[scan] != forwards[0]));
    }

    /// Mean number, mean of (r/R)^2 (1/2, variance 1/12) and mean height; 4.9 standard errors each (1e-6).
    #[test]
    fn they_are_spread_evenly() {
        let scans = 8_000u64;
        let (mut number, mut area, mut height_m) = (0.0, 0.0, 0.0);
        for plot in (0..scans).flat_map(|scan| of_scan(9, scan)) {
            number += 1.0;
            let range_m = (plot.place.xy() - Point::new(5_000.0, -7_000.0)).norm();
            area += (range_m / ALARMS.max_range_m) * (range_m / ALARMS.max_range_m);
            height_m += plot.place.z;
        }
        let mean = number / scans as f64;
        assert!(
            (mean - 2.5).abs() < 4.9 * (2.5 / scans as f64).sqrt(),
            "{mean}"
        );
        let error = (1.0 / 12.0 / number).sqrt();
        assert!((area / number - 0.5).abs() < 4.9 * error);
        assert!((height_m / number - 5_000.0).abs() < 4.9 * error * 8_000.0);
    }
}
