//! The probability that a scan detects, and the scans that do.
//!
//! - `disc`: Pd = `detection` inside the range.
//! - `radar`: SNR(R) = SNR50 (R50/R)^4 (rcs / 1 m^2), SNR50 = ln(Pfa)/ln(0.5) - 1; Swerling 1 with one pulse a scan,
//!   Pd = Pfa^(1/(1+SNR)). Source: Mahafza and Elsherbeni,
//!   *MATLAB Simulations for Radar Systems Design*, section 2.6.2, eq. 2.75; Richards, *Fundamentals of
//!   Radar Signal Processing*, eq. 6.99. The scan-to-scan fluctuation is averaged inside Pd, not drawn.
//! - `fourth_power`: Pd = exp(ln 0.5 (R/R50)^4 / (rcs / 1 m^2)), the limit of the above for a high SNR.
//!
//! Ranges are slant ranges from the antenna, m; rcs in m^2. The exponential is evaluated by [`exp_of_negative`], whose
//! relative error is below 3e-10: no last bit here depends on the CPU.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::{SensorModel, SensorSpec};
use crate::elementary::{exp_of_negative, rough_exp2_of_negative};

/// Pd as a function of squared slant range, for one sensor and one aircraft.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// The same everywhere.
    Constant {
        /// Pd.
        detection: f64,
    },
    /// Pd = exp(ln_false_alarm x/(x + scale)) with x = R^4.
    Swerling1 {
        /// ln Pfa.
        ln_false_alarm: f64,
        /// SNR50 R50^4 rcs, m^4.
        scale_m4: f64,
    },
    /// Pd = exp(-rate R^4).
    FourthPower {
        /// ln 2 / (R50^4 rcs), m^-4.
        rate_per_m4: f64,
    },
}

impl Law {
    /// The law of `sensor` for an aircraft of this radar cross-section, and the slant range beyond which it is blind.
    pub fn new(sensor: &SensorSpec, rcs_m2: f64) -> (Law, f64) {
        match &sensor.model {
            SensorModel::Disc(disc) => (
                Law::Constant {
                    detection: disc.detection,
                },
                disc.range_m,
            ),
            SensorModel::Radar(radar) => {
                let ln_false_alarm = libm::log(radar.false_alarm);
                let snr50 = ln_false_alarm / libm::log(0.5) - 1.0;
                let scale_m4 = snr50 * fourth(radar.r50_m) * rcs_m2;
                (
                    Law::Swerling1 {
                        ln_false_alarm,
                        scale_m4,
                    },
                    radar.max_range_m,
                )
            }
            SensorModel::FourthPower(law) => {
                let rate_per_m4 = std::f64::consts::LN_2 / (fourth(law.r50_m) * rcs_m2);
                let own_r50_m = law.r50_m * libm::sqrt(libm::sqrt(rcs_m2));
                (Law::FourthPower { rate_per_m4 }, law.cutoff_r50 * own_r50_m)
            }
        }
    }

    /// Pd at a squared slant range.
    #[inline(always)]
    pub fn detection(&self, range2_m2: f64) -> f64 {
        match *self {
            Law::Constant { detection } => detection,
            Law::Swerling1 {
                ln_false_alarm,
                scale_m4,
            } => {
                let x = range2_m2 * range2_m2;
                exp_of_negative(ln_false_alarm * x / (x + scale_m4))
            }
            Law::FourthPower { rate_per_m4 } => {
                exp_of_negative(-rate_per_m4 * range2_m2 * range2_m2)
            }
        }
    }
}

fn fourth(x: f64) -> f64 {
    (x * x) * (x * x)
}

/// Scans that are compared in one go; a block is some of them.
pub(super) const GROUP: usize = 16;

/// Words of 32 bits that are compared with Pd, one a scan.
pub(super) struct Words<'a, F> {
    /// Their leading halves.
    pub leading: &'a [u16; 64],
    /// Each in full.
    pub word: F,
}

/// Bit i is set where word i / 2^32 is below Pd at squared slant range `range2_m2(i)`, for i from `from` up to and
/// not including `to`. `rough_m2` gives the same ranges of a group of scans in single precision, lane by lane, with a
/// relative error below 1e-6.
///
/// Two passes that give what one exact pass would: the first works on [`GROUP`] scans at a time in single precision
/// with leading halves alone, in the widest vectors that the processor has (each lane rounds alike in all of them); the
/// second does the few scans exactly that the first could not tell, within [`UNTOLD`].
#[inline(always)]
pub(super) fn hits<F: Fn(usize) -> f32>(
    law: &Law,
    words: &Words<'_, impl Fn(usize) -> u32>,
    rough_m2: impl Fn(usize) -> F,
    range2_m2: impl Fn(usize) -> f64,
    (from, to): (usize, usize),
) -> u64 {
    use std::f64::consts::LOG2_E;
    let exponent = match *law {
        Law::Constant { .. } => None,
        Law::FourthPower { rate_per_m4 } => Some(Exponent::FourthPower {
            rate: (rate_per_m4 * LOG2_E) as f32,
        }),
        Law::Swerling1 {
            ln_false_alarm,
            scale_m4,
        } => Some(Exponent::Swerling1 {
            log2: (ln_false_alarm * LOG2_E) as f32,
            scale: scale_m4 as f32,
        }),
    };
    let (mut hits, untold) = match exponent {
        Some(exponent) => {
            let lanes = (from, to);
            dispatch!(Level::new(), simd => below(simd, words.leading, &rough_m2, lanes, exponent))
        }
        None => (0, u64::MAX),
    };
    let mut untold = untold & bits_between(from, to);
    hits &= bits_between(from, to) & !untold;
    while untold != 0 {
        let i = untold.trailing_zeros() as usize;
        let bound = law.detection(range2_m2(i)) * 4_294_967_296.0;
        // The least and the greatest word with this leading half.
        let least = u32::from(words.leading[i]) << 16;
        let hit = f64::from(least | 0xffff) < bound
            || f64::from(least) < bound && f64::from((words.word)(i)) < bound;
        hits |= u64::from(hit) << i;
        untold &= untold - 1;
    }
    hits
}

/// The same with the ranges in a table.
pub(super) fn hits_at(
    law: &Law,
    words: &Words<'_, impl Fn(usize) -> u32>,
    range2_m2: &[f64; 64],
    lanes: (usize, usize),
) -> u64 {
    let rough = |first: usize| {
        let ranges = &range2_m2[first..first + GROUP];
        move |lane: usize| ranges[lane] as f32
    };
    hits(law, words, rough, |i| range2_m2[i], lanes)
}

/// A draw whose leading half has its middle nearer than this to a Pd in single precision, in units of the leading half,
/// is compared again exactly. The error is at most 8e-5 of the exponential and 2e-6 = 3e-6 x e^-x of an exponent x that
/// is off by 3e-6 of itself, together less than 1e-4; and half a unit for the trailing half.
const UNTOLD: f32 = 1e-4 * LEADING + 0.5;

/// How many leading halves there are.
const LEADING: f32 = 65_536.0;

/// The logarithm of Pd to base 2 as a function of squared slant range, in single precision.
#[derive(Debug, Clone, Copy)]
enum Exponent {
    FourthPower { rate: f32 },
    Swerling1 { log2: f32, scale: f32 },
}

impl Exponent {
    #[inline(always)]
    fn at<S: Simd>(self, range2: f32x16<S>) -> f32x16<S> {
        let x = range2 * range2;
        match self {
            Exponent::FourthPower { rate } => x * -rate,
            Exponent::Swerling1 { log2, scale } => x / (x + scale) * log2,
        }
    }
}

/// The scans whose draw is below Pd, and those of which that is not sure.
#[inline(always)]
fn below<S: Simd, F: Fn(usize) -> f32>(
    simd: S,
    leading: &[u16; 64],
    range2_m2: &impl Fn(usize) -> F,
    (from, to): (usize, usize),
    exponent: Exponent,
) -> (u64, u64) {
    let (mut hits, mut untold) = (0u64, 0u64);
    for group in from / GROUP..to.div_ceil(GROUP) {
        let first = group * GROUP;
        let leading = &leading[first..first + GROUP];
        let middles: [f32; GROUP] = std::array::from_fn(|lane| f32::from(leading[lane]) + 0.5);
        let range2_m2 = range2_m2(first);
        let ranges: [f32; GROUP] = std::array::from_fn(range2_m2);
        let exponents = exponent.at(f32x16::from_slice(simd, &ranges));
        let detections = rough_exp2_of_negative(exponents, LEADING);
        let margins = f32x16::from_slice(simd, &middles) - detections;
        hits |= margins.simd_lt(0.0).to_bitmask() << first;
        untold |= margins.abs().simd_lt(UNTOLD).to_bitmask() << first;
    }
    (hits, untold)
}

/// The mask with bits `from` up to and not including `to` set; both at most 64.
#[inline]
pub fn bits_between(from: usize, to: usize) -> u64 {
    if from >= to {
        return 0;
    }
    (u64::MAX >> (64 - (to - from))) << from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensing::{DiscSpec, FourthPowerSpec, RadarSpec, ScanPhase};

    fn sensor(model: SensorModel) -> SensorSpec {
        SensorSpec {
            model,
            scan_s: 5.0,
            scan_phase: ScanPhase::Random,
            antenna_m: 0.0,
        }
    }

    /// SNR for a wanted Pd at Pfa 1e-6: .1 -> 6.99 dB, .5 -> 12.77, .8 -> 17.85, .9 -> 21.14; R90 = .618 R50.
    #[test]
    fn the_radar_equation_has_its_known_values() {
        let radar = RadarSpec {
            r50_m: 28_000.0,
            false_alarm: 1e-6,
            max_range_m: 100_000.0,
        };
        let (law, blind_beyond_m) = Law::new(&sensor(SensorModel::Radar(radar)), 1.0);
        assert_eq!(blind_beyond_m, 100_000.0);
        let snr50 = 10f64.powf(12.77 / 10.0);
        for (detection, snr_db) in [(0.1, 6.99), (0.5, 12.77), (0.8, 17.85), (0.9, 21.14)] {
            let ratio: f64 = snr50 / 10f64.powf(snr_db / 10.0);
            let range_m = 28_000.0 * ratio.powf(0.25);
            assert!(
                (law.detection(range_m * range_m) - detection).abs() < 1e-3,
                "Pd {detection} at {range_m}"
            );
        }
        assert!((law.detection((0.618f64 * 28_000.0).powi(2)) - 0.9).abs() < 5e-4);
        assert!((law.detection(28_000.0 * 28_000.0) - 0.5).abs() < 1e-9);
        assert!((law.detection(1e16) - 1e-6).abs() < 1e-9, "Pd tends to Pfa");
    }

    #[test]
    fn cross_section_moves_range_by_its_fourth_root() {
        for model in [
            SensorModel::Radar(RadarSpec {
                r50_m: 40_000.0,
                false_alarm: 1e-6,
                max_range_m: 1e6,
            }),
            SensorModel::FourthPower(FourthPowerSpec {
                r50_m: 40_000.0,
                cutoff_r50: 1.5,
            }),
        ] {
            let (law, _) = Law::new(&sensor(model), 16.0);
            assert!((law.detection(80_000.0 * 80_000.0) - 0.5).abs() < 1e-9);
        }
        let (_, blind_beyond_m) = Law::new(
            &sensor(SensorModel::FourthPower(FourthPowerSpec {
                r50_m: 4e4,
                cutoff_r50: 1.5,
            })),
            16.0,
        );
        assert!((blind_beyond_m - 120_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_disc_is_flat() {
        let (law, range) = Law::new(
            &sensor(SensorModel::Disc(DiscSpec {
                range_m: 8000.0,
                detection: 0.7,
            })),
            1.0,
        );
        assert_eq!(
            (law.detection(1.0), law.detection(6.4e7), range),
            (0.7, 0.7, 8000.0)
        );
    }

    #[test]
    fn vectors_of_every_width_tell_the_same() {
        let exponents = [
            Exponent::FourthPower { rate: 1e-19 },
            Exponent::Swerling1 {
                log2: -20.0,
                scale: 1e17,
            },
        ];
        let mut state = 1u32;
        for round in 0..2000 {
            let leading: [u16; 64] = std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as u16
            });
            let nearest_m2 = 1e7 * round as f32;
            let ranges = |first: usize| move |lane: usize| nearest_m2 + 3e6 * (first + lane) as f32;
            let exponent = exponents[round % 2];
            let told =
                |level| dispatch!(level, simd => below(simd, &leading, &ranges, (0, 64), exponent));
            assert_eq!(told(Level::baseline()), told(Level::new()));
        }
    }

    /// Many draws, some of them on the edge: the two passes agree with the plain comparison.
    #[test]
    fn hits_are_the_comparison_lane_by_lane() {
        let laws = [
            Law::FourthPower { rate_per_m4: 1e-16 },
            Law::FourthPower { rate_per_m4: 1e-19 },
            Law::Swerling1 {
                ln_false_alarm: -13.8,
                scale_m4: 1e17,
            },
            Law::Constant { detection: 0.3 },
            Law::Constant { detection: 1.0 },
            Law::Constant { detection: 0.0 },
        ];
        let mut state = 1u32;
        for round in 0..3000 {
            let law = laws[round % laws.len()];
            let range2 = |i: usize| 1e8 + 400.0 * (i as f64 * 5.0 - 0.1 * round as f64).powi(2);
            let table: [f64; 64] = std::array::from_fn(range2);
            let words: [u32; 64] = std::array::from_fn(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let edge = (law.detection(range2(i)) * 4_294_967_296.0) as u32;
                if i % 3 == 0 {
                    edge.wrapping_add(state >> 30).wrapping_sub(2)
                } else {
                    state
                }
            });
            let (from, to) = [(0, 64), (3, 17), (5, 5), (63, 64), (0, 1)][round % 5];
            let halves = Words {
                leading: &words.map(|word| (word >> 16) as u16),
                word: |i: usize| words[i],
            };
            let mask = hits_at(&law, &halves, &table, (from, to));
            for (i, word) in words.iter().enumerate() {
                let expected = (from..to).contains(&i)
                    && f64::from(*word) / 4_294_967_296.0 < law.detection(range2(i));
                assert_eq!(
                    mask >> i & 1 == 1,
                    expected,
                    "{law:?}, lane {i} of {from}..{to}"
                );
            }
        }
    }
}
