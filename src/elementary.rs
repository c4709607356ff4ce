//! Elementary functions by plain arithmetic: several at a time, and the same last bit on every CPU.

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

/// exp(x) for x <= 0 in single precision, the same way with a polynomial of degree 5: relative error below 1e-5, error
/// below 4e-6; below -80 it is exp(-80).
#[inline(always)]
pub fn rough_exp_of_negative(x: f32) -> f32 {
    const SHIFTER: f32 = 12_582_912.0;
    let x = if x < -80.0 { -80.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + SHIFTER;
    let r = x - (shifted - SHIFTER) * std::f32::consts::LN_2;
    let high = (1.0 / 24.0) + r * (1.0 / 120.0);
    let polynomial = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * high)));
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    polynomial * power
}

#[cfg(test)]
mod tests {
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
        let (mut relative, mut absolute): (f64, f64) = (0.0, 0.0);
        for step in 0..2_000_000u32 {
            let x = -(step as f32) * 0.000_04;
            let (rough, exact) = (f64::from(rough_exp_of_negative(x)), libm::exp(f64::from(x)));
            relative = relative.max((rough / exact - 1.0).abs());
            absolute = absolute.max((rough - exact).abs());
        }
        assert!(relative < 1e-5, "relative error {relative}");
        assert!(absolute < 4e-6, "error {absolute}");
        assert!(rough_exp_of_negative(-1e9) < 1e-34);
    }
}
