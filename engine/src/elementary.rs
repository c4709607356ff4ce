//! Elementary functions by plain arithmetic: several at a time, and the same last bit on every CPU.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16, u32x16};

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

/// scale 2^y for y <= 0 in single precision, the same way with the best polynomial of degree 3 for it (by the algorithm of
/// Remez): relative error below 8e-5; below -100 it is scale 2^-100. A constant scale costs nothing.
#[inline(always)]
pub fn rough_exp2_of_negative<S: Simd>(y: f32x16<S>, scale: f32) -> f32x16<S> {
    const SHIFTER: f32 = 12_582_912.0;
    let y = y.max(-100.0);
    let shifted = y + SHIFTER;
    let f = y - (shifted - SHIFTER);
    let high = f * (0.055_171_67 * scale) + 0.242_611_12 * scale;
    let polynomial = f * (f * high + 0.693_261 * scale) + 0.999_928_1 * scale;
    // Multiplied by a power of two: added to the exponent.
    let (polynomial, power): (u32x16<S>, u32x16<S>) = (polynomial.bitcast(), shifted.bitcast());
    (polynomial + (power << 23)).bitcast()
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

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

    #[test]
    fn the_rough_exponential_is_as_rough_as_it_says() {
        let rough = |y: [f32; 16], scale| -> [f32; 16] {
            dispatch!(Level::new(), simd => {
                rough_exp2_of_negative(f32x16::from_slice(simd, &y), scale).into()
            })
        };
        let mut worst: f64 = 0.0;
        for scale in [1.0, 2_147_483_648.0] {
            for sixteen in 0..62_500u32 {
                let y =
                    std::array::from_fn(|lane| -((16 * sixteen + lane as u32) as f32) * 0.000_099);
                for (y, rough) in y.into_iter().zip(rough(y, scale)) {
                    let exact = f64::from(scale) * libm::exp2(f64::from(y));
                    worst = worst.max((f64::from(rough) / exact - 1.0).abs());
                }
            }
        }
        assert!(worst < 8e-5, "relative error {worst}");
        assert!(rough([-1e9; 16], 1.0)[0] < 1e-30);
    }
}
