//! Numbers as text.

use std::fmt::Write as _;

use crate::measure::{Kind, MEASURES};
use crate::statistics::estimate::{Estimate, Method};

/// How the numbers of a measure are written for people: shares in percent, everything else in its unit. Every text that a
/// command prints asks here, so that a number looks the same wherever it is told; files have bare numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    percent: bool,
}

impl Notation {
    /// Of a measure, with or without the part in brackets.
    pub fn of(measure: &str) -> Notation {
        let base = measure.split('[').next().unwrap_or(measure);
        let found = MEASURES.iter().find(|known| known.name == base);
        Notation {
            percent: found.is_some_and(|found| found.kind == Kind::Proportion),
        }
    }

    /// Whether it is a share, which is said in percent.
    pub fn is_share(self) -> bool {
        self.percent
    }

    fn scale(self) -> f64 {
        if self.percent { 100.0 } else { 1.0 }
    }

    /// A value in the unit that it is told in.
    pub fn scaled(self, value: f64) -> f64 {
        value * self.scale()
    }

    /// That unit: `% of replications` where files have shares of them.
    pub fn unit(self, unit: &str) -> String {
        let whole = unit.strip_prefix("share of ");
        match (self.percent, whole) {
            (false, _) => unit.to_owned(),
            (true, Some(whole)) => format!("% of {whole}"),
            (true, None) if unit == "per sortie" => "% of sorties".to_owned(),
            (true, None) => "%".to_owned(),
        }
    }

    /// The unit of a change.
    pub fn unit_of_change(self, unit: &str) -> String {
        match self.percent {
            true => "points".to_owned(),
            false => unit.to_owned(),
        }
    }

    /// A value: `14.5 %`, `1.25`.
    pub fn value(self, value: f64) -> String {
        let number = readable(value * self.scale());
        match self.percent && !value.is_nan() {
            true => format!("{number} %"),
            false => number,
        }
    }

    /// Both ends of an interval, in the unit of the value before it: `[12.1, 17.3]`.
    pub fn ends(self, low: f64, high: f64) -> String {
        between(low * self.scale(), high * self.scale())
    }

    /// What an interval says, whichever way it was made: `[12.1, 17.3]`, `at most 1.84 %`.
    pub fn interval(self, value: &Estimate) -> String {
        match value.method {
            Method::None => "-".to_owned(),
            Method::Constant if value.high.is_infinite() => "constant".to_owned(),
            Method::Constant => format!("constant {}", self.ends(value.low, value.high)),
            Method::ExactOneSided if value.estimate > 0.0 => {
                format!("at least {}", self.value(value.low))
            }
            Method::ExactOneSided => format!("at most {}", self.value(value.high)),
            _ => self.ends(value.low, value.high),
        }
    }

    /// A value and its interval: `14.5 % [12.1, 17.3]`, `none seen (at most 1.84 %)`.
    pub fn estimate(self, value: &Estimate) -> String {
        let told = self.value(value.estimate);
        match value.method {
            Method::None => told,
            Method::ExactOneSided if value.estimate > 0.0 => {
                format!("{told} ({})", self.interval(value))
            }
            Method::ExactOneSided => format!("none seen ({})", self.interval(value)),
            _ => format!("{told} {}", self.interval(value)),
        }
    }

    /// One end of an interval, or an error, as it stands behind a value: without the unit.
    pub fn bound(self, value: f64) -> String {
        readable(value * self.scale())
    }

    /// A change, with its sign: of a share in points, which are hundredths.
    pub fn change(self, value: f64) -> String {
        let number = signed(value * self.scale());
        match self.percent && !value.is_nan() {
            true => format!("{number} points"),
            false => number,
        }
    }

    /// A change and its interval: `-19 points [-26.8, -11.6]`.
    pub fn changed(self, estimate: f64, low: f64, high: f64) -> String {
        let scale = self.scale();
        let ends = match low.is_infinite() || high.is_infinite() {
            true => self.ends(low, high),
            false => format!("[{}, {}]", signed(low * scale), signed(high * scale)),
        };
        format!("{} {ends}", self.change(estimate))
    }
}

/// A chance as one of so many: `1 in 7`; nothing where that says no more than the chance itself.
pub fn one_in(chance: f64) -> Option<String> {
    (chance > 0.0 && chance <= 0.4).then(|| format!("1 in {}", readable(libm::round(1.0 / chance))))
}

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

/// So many of something, in words: `1 wrong shot`, `3 wrong shots`.
pub fn counted(count: f64, what: &str) -> String {
    let many = if count == 1.0 { "" } else { "s" };
    format!("{count:.0} {what}{many}")
}

/// A confidence in percent, with as many digits as tell it from certainty: `95`, `99.92`.
pub fn confidence_told(confidence: f64) -> String {
    let missing = 100.0 * (1.0 - confidence);
    if missing.is_nan() || missing <= 0.0 {
        return readable(confidence * 100.0);
    }
    let digits = (1.0 - libm::floor(libm::log10(missing))).clamp(0.0, 9.0) as usize;
    let told = format!("{:.digits$}", confidence * 100.0);
    match told.contains('.') {
        true => told.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => told,
    }
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
    Notation { percent: false }.changed(estimate, low, high)
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
    fn shares_are_percent_and_their_changes_points() {
        let share = Notation::of("lost_per_sortie[side=us]");
        assert_eq!(share.value(0.1449), "14.5 %");
        assert_eq!(share.ends(0.121, 0.173), "[12.1, 17.3]");
        assert_eq!(
            share.changed(-0.19, -0.268, -0.116),
            "-19 points [-26.8, -11.6]"
        );
        let rate = Notation::of("wrong_shots_per_replication");
        assert_eq!(rate.value(2.21), "2.21");
        assert_eq!(rate.changed(0.5, -0.25, 1.25), "+0.500 [-0.250, +1.25]");
        assert_eq!(one_in(0.145).as_deref(), Some("1 in 7"));
        assert_eq!(one_in(0.61), None);
        assert_eq!(one_in(0.0), None);
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
