//! When a site can see an aircraft at all, and which of its scans do.
//!
//! An aircraft is in coverage when its slant range from the antenna is at most the sensor's and its ground range at
//! most the radio horizon over a 4/3 earth, sqrt(2 (4/3) R) (sqrt(antenna) + sqrt(altitude)), about 4.12 km times the
//! roots of the heights in m [Skolnik, *Introduction to Radar Systems*]. On a level leg that is one bound on the ground
//! range, so the times in coverage are solved, not searched. On a climbing leg the horizon moves: the times are solved
//! for its highest point and every scan in them is checked. The earth is flat for ranges: at 100 km the drop of 0.8 km
//! changes a slant range by less than 0.1 %.

use crate::geometry::{Point, Span};
use crate::platform::trajectory::{Leg, Path, Trajectory};
use crate::streams::{BLOCK, OpenBlock, PairDraws};
use crate::units::EARTH_RADIUS_M;

use super::detection::{Law, Words, bits_between, hits, hits_at};

/// Ground distance to the radio horizon between two heights, m.
pub fn horizon_m(antenna_m: f64, altitude_m: f64) -> f64 {
    libm::sqrt(2.0 * (4.0 / 3.0) * EARTH_RADIUS_M)
        * (libm::sqrt(antenna_m.max(0.0)) + libm::sqrt(altitude_m.max(0.0)))
}

/// A run of scans in which a site can see an aircraft.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first scan.
    pub from: u64,
    /// One beyond the last.
    pub end: u64,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// A level straight: squared range is base + speed2 (t - nearest)^2, and all of the window is in coverage.
    Line {
        base_m2: f64,
        speed2: f64,
        nearest_s: f64,
    },
    /// A level arc: squared range is base + swing cos(angle + rate t), and all of the window is in coverage.
    Arc {
        base_m2: f64,
        swing_m2: f64,
        angle: f64,
        rate_radps: f64,
        /// Sine and cosine of the angle from one scan to the next.
        turn: (f64, f64),
    },
    /// Range and horizon are evaluated scan by scan on this leg.
    General { leg: u32 },
}

/// How one site sees one aircraft.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Where the antenna is: ground position and height, m.
    pub site: Point,
    /// Antenna height, m.
    pub antenna_m: f64,
    /// Pd.
    pub law: Law,
    /// Slant range beyond which the sensor is blind, m.
    pub blind_beyond_m: f64,
    /// Whether there is a horizon (radars), or none (a disc is a plain distance).
    pub horizon: bool,
}

impl Sight {
    fn ground_limit_m(&self, altitude_m: f64) -> f64 {
        let height = altitude_m - self.antenna_m;
        let slant2 = self.blind_beyond_m * self.blind_beyond_m - height * height;
        let limit = libm::sqrt(slant2.max(0.0));
        if slant2 < 0.0 {
            -1.0
        } else if self.horizon {
            limit.min(horizon_m(self.antenna_m, altitude_m))
        } else {
            limit
        }
    }

    /// Appends the windows of `trajectory`, in order of time.
    pub fn windows(&self, trajectory: &Trajectory, clock: &ScanClock, windows: &mut Vec<Window>) {
        // Most legs are flown at the altitude of the one before.
        let mut level_limit_m = (f64::NAN, -1.0);
        for (index, leg) in trajectory.legs.iter().enumerate() {
            let (lowest, highest) = leg.altitudes_m();
            let level = lowest == highest;
            let limit_m = if level {
                if level_limit_m.0 != highest {
                    level_limit_m = (highest, self.ground_limit_m(highest));
                }
                level_limit_m.1
            } else {
                // The least height difference on the leg, and its farthest horizon.
                let nearest_height = self.antenna_m.clamp(lowest, highest);
                self.ground_limit_at(nearest_height, highest)
            };
            if limit_m < 0.0 {
                continue;
            }
            let mut shape = None;
            leg.within(self.site, limit_m, |span| {
                let (from, end) = clock.scans_in(span);
                if from < end {
                    let shape =
                        *shape.get_or_insert_with(|| self.shape(leg, index as u32, level, clock));
                    windows.push(Window { from, end, shape });
                }
            });
        }
    }

    /// How the range changes on a leg.
    fn shape(&self, leg: &Leg, index: u32, level: bool, clock: &ScanClock) -> Shape {
        match leg.path {
            Path::Line {
                from,
                velocity,
                altitude_m,
                ..
            } if level => {
                let arm = from - self.site;
                let speed2 = velocity.norm_squared();
                let nearest_s = if speed2 > 0.0 {
                    -arm.dot(&velocity) / speed2
                } else {
                    0.0
                };
                let height = altitude_m - self.antenna_m;
                let closest = arm + velocity * nearest_s;
                Shape::Line {
                    base_m2: closest.norm_squared() + height * height,
                    speed2,
                    nearest_s: leg.span.start_s + nearest_s,
                }
            }
            Path::Arc {
                center,
                radius_m,
                angle,
                rate_radps,
                altitude_m,
            } => {
                let arm = center - self.site;
                let distance = arm.norm();
                let height = altitude_m - self.antenna_m;
                Shape::Arc {
                    base_m2: distance * distance + radius_m * radius_m + height * height,
                    swing_m2: 2.0 * distance * radius_m,
                    angle: angle - libm::atan2(arm.y, arm.x) - rate_radps * leg.span.start_s,
                    rate_radps,
                    turn: libm::sincos(rate_radps * (clock.period_ms as f64 / 1000.0)),
                }
            }
            Path::Line { .. } => Shape::General { leg: index },
        }
    }

    fn ground_limit_at(&self, nearest_height_m: f64, highest_m: f64) -> f64 {
        let height = nearest_height_m - self.antenna_m;
        let slant2 = self.blind_beyond_m * self.blind_beyond_m - height * height;
        if slant2 < 0.0 {
            return -1.0;
        }
        let slant = libm::sqrt(slant2);
        if self.horizon {
            slant.min(horizon_m(self.antenna_m, highest_m))
        } else {
            slant
        }
    }

    /// Squared slant range, if the aircraft is in coverage.
    fn range2_on(&self, leg: &Leg, time_s: f64) -> Option<f64> {
        let place = leg.position(time_s);
        let ground2 = (place.xy() - self.site).norm_squared();
        let height = place.z - self.antenna_m;
        let range2 = ground2 + height * height;
        let horizon = if self.horizon {
            horizon_m(self.antenna_m, place.z)
        } else {
            f64::INFINITY
        };
        (range2 <= self.blind_beyond_m * self.blind_beyond_m && ground2 <= horizon * horizon)
            .then_some(range2)
    }
}

/// What the 64 scans of a block found: which had the aircraft in coverage, and which detected it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scans {
    /// Scans with the aircraft in coverage.
    pub looks: u64,
    /// Scans that detected it.
    pub hits: u64,
}

/// The scan times of a site: scan n falls at `first_s + n period_s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanClock {
    /// Time of scan 0, ms.
    pub first_ms: i64,
    /// Scan period, ms.
    pub period_ms: i64,
}

impl ScanClock {
    /// When scan `number` falls, ms.
    pub fn time_ms(&self, number: u64) -> i64 {
        self.first_ms + number as i64 * self.period_ms
    }

    /// The first scan at or after `time_ms`.
    pub fn first_from(&self, time_ms: i64) -> u64 {
        let after = time_ms - self.first_ms;
        if after <= 0 {
            0
        } else {
            (after.saturating_add(self.period_ms - 1) / self.period_ms) as u64
        }
    }

    /// The scans in a span of time: the first, and one beyond the last.
    pub fn scans_in(&self, span: Span) -> (u64, u64) {
        let (start_ms, end_ms) = (span.start_s.max(0.0) * 1000.0, span.end_s * 1000.0);
        // The conversion rounds towards zero; nothing before the start is scanned.
        let whole_ms = start_ms as i64;
        let first = whole_ms + i64::from((whole_ms as f64) < start_ms);
        if end_ms < 0.0 {
            return (0, 0);
        }
        (self.first_from(first), self.first_from(end_ms as i64 + 1))
    }
}

/// Whether a scan may see an aircraft, given all windows of the pair in order of time.
pub fn covered(windows: &[Window], scan: u64) -> bool {
    let next = windows.partition_point(|window| window.end <= scan);
    windows.get(next).is_some_and(|window| window.from <= scan)
}

/// The scans of block `block` (numbers 64 `block` on), given the windows of the pair in order of time; those that end before it may
/// be left out.
pub fn look(
    sight: &Sight,
    trajectory: &Trajectory,
    windows: &[Window],
    clock: &ScanClock,
    block: u64,
    draws: &PairDraws,
    open: &mut OpenBlock,
) -> Scans {
    let first = block * BLOCK as u64;
    let mut scans = Scans::default();
    let next = windows.partition_point(|window| window.end <= first);
    for window in windows[next..]
        .iter()
        .take_while(|window| window.from < first + BLOCK as u64)
    {
        let (from, to) = (
            window.from.saturating_sub(first) as usize,
            (window.end - first).min(BLOCK as u64) as usize,
        );
        let leading = &open.leading(draws, block).scans;
        let words = Words {
            leading,
            word: |i: usize| draws.scan_word(first + i as u64, leading[i]),
        };
        let step_s = clock.period_ms as f64 / 1000.0;
        let mut lanes = bits_between(from, to) & !scans.looks;
        let first_s = clock.time_ms(first) as f64 / 1000.0;
        let lanes_of = (from, to);
        let found = match window.shape {
            Shape::Line {
                base_m2,
                speed2,
                nearest_s,
            } => {
                let start_s = first_s - nearest_s;
                let (base, speed2_32, step) = (base_m2 as f32, speed2 as f32, step_s as f32);
                // Times within a group count from its first scan, lest they lose digits.
                let rough = |first: usize| {
                    let first_s = (start_s + first as f64 * step_s) as f32;
                    move |lane: usize| {
                        let time_s = first_s + lane as f32 * step;
                        base + speed2_32 * (time_s * time_s)
                    }
                };
                let exact = |i: usize| {
                    let time_s = start_s + i as f64 * step_s;
                    base_m2 + speed2 * (time_s * time_s)
                };
                hits(&sight.law, &words, rough, exact, lanes_of)
            }
            Shape::Arc {
                base_m2,
                swing_m2,
                angle,
                rate_radps,
                turn: (turn_sin, turn_cos),
            } => {
                // One rotation a scan instead of one cosine: the error grows to some 64 roundings, and no further.
                let start = angle + rate_radps * (first_s + from as f64 * step_s);
                let (mut sin, mut cos) = libm::sincos(start);
                let mut range2_m2 = [0.0; BLOCK];
                for range2_m2 in &mut range2_m2[from..to] {
                    *range2_m2 = base_m2 + swing_m2 * cos;
                    (sin, cos) = (
                        sin * turn_cos + cos * turn_sin,
                        cos * turn_cos - sin * turn_sin,
                    );
                }
                hits_at(&sight.law, &words, &range2_m2, lanes_of)
            }
            Shape::General { leg } => {
                let leg = &trajectory.legs[leg as usize];
                let mut range2_m2 = [0.0; BLOCK];
                for (i, range2_m2) in range2_m2.iter_mut().enumerate().take(to).skip(from) {
                    match sight.range2_on(leg, first_s + i as f64 * step_s) {
                        Some(range2) => *range2_m2 = range2,
                        None => lanes &= !(1 << i),
                    }
                }
                hits_at(&sight.law, &words, &range2_m2, lanes_of)
            }
        };
        scans.looks |= lanes;
        scans.hits |= found & lanes;
    }
    scans
}
