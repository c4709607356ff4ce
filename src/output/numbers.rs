//! Numbers as text.

use std::fmt::Write as _;

/// Appends the shortest decimal that reads back as the same number: always with a point or an exponent, so that readers that
/// guess the type of a column from its first rows take it for what it is; NaN as nothing.
pub fn exact(value: f64, text: &mut String) {
    if value.is_nan() {
        return;
    }
    write!(text, "{value:?}").expect("writing to a string");
}

/// The same as a text of its own.
pub fn number(value: f64) -> String {
    let mut text = String::new();
    exact(value, &mut text);
    text
}

/// Three significant digits, for people; NaN as a dash.
pub fn readable(value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    if value == libm::trunc(value) && value.abs() < 1e6 {
        return format!("{}", value as i64);
    }
    let size = value.abs();
    if !(1e-4..1e6).contains(&size) {
        return format!("{value:.2e}");
    }
    let before = libm::floor(libm::log10(size)) as i32 + 1;
    let decimals = (3 - before).max(0) as usize;
    format!("{value:.decimals$}")
}

/// Both ends of an interval, for people: `[low, high]`; an end that nothing bounds is open.
pub fn between(low: f64, high: f64) -> String {
    let end = |value: f64, way: &str| match value.is_infinite() {
        true => format!("open {way}"),
        false => readable(value),
    };
    format!("[{}, {}]", end(low, "below"), end(high, "above"))
}

/// A change with its interval, all with their signs.
pub fn signed_interval(estimate: f64, low: f64, high: f64) -> String {
    let ends = match low.is_infinite() || high.is_infinite() {
        true => between(low, high),
        false => format!("[{}, {}]", signed(low), signed(high)),
    };
    format!("{} {ends}", signed(estimate))
}

/// Three digits and a sign.
pub fn signed(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", readable(value))
}

/// A probability with two digits, or as many as it takes near 0 and 1.
pub fn share(probability: f64) -> String {
    let text = if !(0.005..=0.995).contains(&probability) {
        format!("{probability:.4}")
    } else {
        format!("{probability:.2}")
    };
    match text.strip_prefix("0.") {
        Some(digits) => format!(".{digits}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_reads_back() {
        for value in [0.0, 1.0, -3.0, 0.1, 1.0 / 3.0, 1e20, 1e-12, 123_456.789] {
            let mut text = String::new();
            exact(value, &mut text);
            assert_eq!(text.parse::<f64>().unwrap(), value, "{text}");
        }
        let mut text = String::new();
        exact(f64::NAN, &mut text);
        exact(42.0, &mut text);
        exact(1e-12, &mut text);
        assert_eq!(text, "42.01e-12");
    }

    #[test]
    fn an_end_that_nothing_bounds_is_open() {
        assert_eq!(between(0.25, 0.5), "[0.250, 0.500]");
        assert_eq!(between(40.0, f64::INFINITY), "[40, open above]");
        assert_eq!(between(f64::NEG_INFINITY, 1.0), "[open below, 1]");
    }

    #[test]
    fn readable_keeps_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (7.0, "7"),
            (0.123_456, "0.123"),
            (0.001_234_5, "0.00123"),
            (12.345, "12.3"),
            (1234.5, "1234"),
            (0.000_012, "1.20e-5"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(readable(value), text);
        }
    }
}
