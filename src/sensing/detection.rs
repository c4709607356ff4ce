//! The probability that a scan detects, and the scans that do.
//!
//! - `disc`: Pd = `detection` inside the range.
//! - `radar`: SNR(R) = SNR50 (R50/R)^4 (rcs / 1 m^2), SNR50 = ln(Pfa)/ln(0.5) - 1; Swerling 1 with one pulse a scan,
//!   Pd = Pfa^(1/(1+SNR)). Source: Mahafza, *Radar Systems Analysis and Design*, eq. 2.75; Richards, *Fundamentals of
//!   Radar Signal Processing*, eq. 6.99. The scan-to-scan fluctuation is averaged inside Pd, not drawn.
//! - `fourth_power`: Pd = exp(ln 0.5 (R/R50)^4 / (rcs / 1 m^2)), the limit of the above for a high SNR.
//!
//! Ranges are slant ranges from the antenna, m; rcs in m^2. The exponential is evaluated by [`exp_of_negative`], whose
//! relative error is below 3e-10: no last bit here depends on the CPU.

use super::{SensorModel, SensorSpec};

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

/// exp(x) for x <= 0 by plain arithmetic that compilers can do several at a time: 2^k times a polynomial of degree 8 on
/// [-ln2/2, ln2/2]. Relative error below 3e-10; below -700 it is exp(-700).
#[inline(always)]
pub fn exp_of_negative(x: f64) -> f64 {
    // Adding 1.5 * 2^52 rounds to the nearest whole number and leaves it in the low bits.
    const SHIFTER: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -700.0 { -700.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + SHIFTER;
    let k = shifted - SHIFTER;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let r2 = r * r;
    let low = 1.0 + r + r2 * (0.5 + r * (1.0 / 6.0));
    let high = (1.0 / 24.0 + r * (1.0 / 120.0))
        + r2 * ((1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0));
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    (low + r2 * r2 * high) * power
}

/// Bit i is set where `words[i]` / 2^32 is below Pd at squared range base + rate (first_s + i step_s)^2, for i from
/// `from` up to and not including `to`.
#[inline]
pub(super) fn scans_along_line(
    law: &Law,
    words: &[u32; 64],
    (base_m2, speed2): (f64, f64),
    (first_s, step_s): (f64, f64),
    (from, to): (usize, usize),
) -> u64 {
    match *law {
        Law::Constant { detection } => hits(words, from, to, |_| detection),
        Law::FourthPower { .. } | Law::Swerling1 { .. } => hits(words, from, to, |i| {
            let time = first_s + i as f64 * step_s;
            law.detection(base_m2 + speed2 * time * time)
        }),
    }
}

/// Bit i is set where `words[i]` / 2^32 is below `detection(i)`.
#[inline(always)]
pub(super) fn hits(
    words: &[u32; 64],
    from: usize,
    to: usize,
    detection: impl Fn(usize) -> f64,
) -> u64 {
    const TWO_32: f64 = 4_294_967_296.0;
    let mut mask = 0u64;
    // Four at a time, so that the compiler may use its vector registers; a few lanes too many cost less than a branch.
    let mut i = from & !3;
    while i < to {
        let mut hit = [false; 4];
        for lane in 0..4 {
            hit[lane] = f64::from(words[i + lane]) < detection(i + lane) * TWO_32;
        }
        let bits = u64::from(hit[0])
            | u64::from(hit[1]) << 1
            | u64::from(hit[2]) << 2
            | u64::from(hit[3]) << 3;
        mask |= bits << i;
        i += 4;
    }
    mask & bits_between(from, to)
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

    #[test]
    fn the_exponential_agrees_with_libm() {
        let mut worst: f64 = 0.0;
        for step in 0..2_000_000 {
            let x = -f64::from(step) * 0.000_35;
            worst = worst.max((exp_of_negative(x) / libm::exp(x) - 1.0).abs());
        }
        assert!(worst < 3e-10, "relative error {worst}");
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert!(exp_of_negative(-1e6) < 1e-300);
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
    fn hits_are_the_comparison_lane_by_lane() {
        let words: [u32; 64] = std::array::from_fn(|i| (i as u32).wrapping_mul(2_654_435_761));
        let law = Law::FourthPower { rate_per_m4: 1e-18 };
        for (from, to) in [(0, 64), (3, 17), (5, 5), (63, 64), (0, 1)] {
            let mask = scans_along_line(&law, &words, (1e8, 400.0), (-200.0, 5.0), (from, to));
            for (i, word) in words.iter().enumerate() {
                let time = -200.0 + i as f64 * 5.0;
                let expected = (from..to).contains(&i)
                    && f64::from(*word) / 4_294_967_296.0
                        < law.detection(1e8 + 400.0 * time * time);
                assert_eq!(mask >> i & 1 == 1, expected, "lane {i} of {from}..{to}");
            }
        }
    }
}
