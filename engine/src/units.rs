//! Time and the physical constants; every other quantity is an `f64` whose name ends in its unit.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Standard gravity, m/s^2.
pub const GRAVITY_MPS2: f64 = 9.806_65;

/// Mean earth radius, m.
pub const EARTH_RADIUS_M: f64 = 6_371_000.0;

/// A time since the start of the scenario, or a span, in whole milliseconds.
///
/// Whole numbers, so that "at one instant" means the same on every machine.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

impl Millis {
    /// The start of the scenario.
    pub const ZERO: Millis = Millis(0);
    /// Later than anything that happens.
    pub const NEVER: Millis = Millis(i64::MAX);

    /// The nearest millisecond; times too large for the clock become [`Millis::NEVER`].
    pub fn from_seconds(seconds: f64) -> Millis {
        let millis = libm::round(seconds * 1000.0);
        if millis >= 9.0e18 {
            Millis::NEVER
        } else {
            Millis(millis as i64)
        }
    }

    /// The same time in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The same time in hours.
    pub fn hours(self) -> f64 {
        self.0 as f64 / 3_600_000.0
    }
}

impl Add for Millis {
    type Output = Millis;
    fn add(self, other: Millis) -> Millis {
        Millis(self.0.saturating_add(other.0))
    }
}

impl Sub for Millis {
    type Output = Millis;
    fn sub(self, other: Millis) -> Millis {
        Millis(self.0.saturating_sub(other.0))
    }
}
