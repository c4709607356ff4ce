//! A small pen for vector figures: shapes with classes, scales with block ticks.
//!
//! Colours are never written into a shape. Every shape has a class, and one style sheet gives the classes their colours
//! by light and by dark; the same sheet is inside every SVG file, so a figure follows the reader's theme on its own too.

use std::fmt::Write as _;

/// What the classes of figures look like.
pub(super) const FIGURE_CSS: &str = include_str!("figure.css");

/// Mean width of a character of the labels, px: what room a label is given.
pub(super) const CHARACTER_PX: f64 = 6.7;

pub(super) use crate::safe::markup as escape;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn code(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// A figure in the making, y downwards, px.
#[derive(Debug, Clone)]
pub(super) struct Svg {
    pub width: f64,
    pub height: f64,
    body: String,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Svg {
        Svg {
            width,
            height,
            body: String::new(),
        }
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.body.write_fmt(arguments).expect("writing to a string");
    }

    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// A rectangle; what it says when pointed at may be empty.
    pub fn rect(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        says: &str,
    ) {
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\""
        ));
        self.close(says, "rect");
    }

    /// The same, filled to a share of the strongest colour.
    pub fn shade(
        &mut self,
        share: f64,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        says: &str,
    ) {
        self.put(format_args!(
            "<rect class=\"shade\" fill-opacity=\"{share:.3}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\""
        ));
        self.close(says, "rect");
    }

    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64, says: &str) {
        self.put(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\""
        ));
        self.close(says, "circle");
    }

    fn close(&mut self, says: &str, tag: &str) {
        if says.is_empty() {
            self.body.push_str("/>");
        } else {
            self.put(format_args!("><title>{}</title></{tag}>", escape(says)));
        }
    }

    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{}\">{}</text>",
            anchor.code(),
            escape(text)
        ));
    }

    /// A label that has only so much room: cut short, and whole when pointed at.
    pub fn label(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str, room: f64) {
        let most = (room / CHARACTER_PX).max(4.0) as usize;
        if text.chars().count() <= most {
            return self.text(class, at, anchor, text);
        }
        let short: String = text.chars().take(most - 1).collect();
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{}\">{}\u{2026}<title>{}</title></text>",
            at.0,
            at.1,
            anchor.code(),
            escape(short.trim_end()),
            escape(text)
        ));
    }

    /// The title of a vertical axis, read from below.
    pub fn vertical(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        self.put(format_args!(
            "<text class=\"{class}\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            escape(text)
        ));
    }

    /// A chain of points, closed or not.
    pub fn chain(&mut self, class: &str, points: &[(f64, f64)], closed: bool) {
        if points.is_empty() {
            return;
        }
        self.put(format_args!("<path class=\"{class}\" d=\""));
        for (number, (x, y)) in points.iter().enumerate() {
            let step = if number == 0 { 'M' } else { 'L' };
            self.put(format_args!("{step}{x:.1} {y:.1}"));
        }
        if closed {
            self.body.push('Z');
        }
        self.body.push_str("\"/>");
    }

    /// Rings as one area: what lies in an even number of them is not part of it.
    pub fn areas(&mut self, class: &str, rings: &[Vec<(f64, f64)>]) {
        self.put(format_args!(
            "<path class=\"{class}\" fill-rule=\"evenodd\" d=\""
        ));
        for ring in rings {
            for (number, (x, y)) in ring.iter().enumerate() {
                let step = if number == 0 { 'M' } else { 'L' };
                self.put(format_args!("{step}{x:.1} {y:.1}"));
            }
            self.body.push('Z');
        }
        self.body.push_str("\"/>");
    }

    /// Everything drawn from here on is cut to a rectangle, until [`Svg::release`]; the name is unique on the page.
    pub fn clip(&mut self, name: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        self.put(format_args!(
            "<clipPath id=\"{name}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/></clipPath><g clip-path=\"url(#{name})\">"
        ));
    }

    pub fn release(&mut self) {
        self.body.push_str("</g>");
    }

    /// For a page that has the style sheet.
    pub fn inline(&self, title: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {:.0} {:.0}\" width=\"{:.0}\" height=\"{:.0}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.width,
            self.height,
            self.width,
            self.height,
            escape(title),
            self.body
        )
    }

    /// A file of its own.
    pub fn file(&self, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" width=\"{:.0}\" height=\"{:.0}\" role=\"img\"><title>{}</title><style>{FIGURE_CSS}</style><rect class=\"paper\" width=\"100%\" height=\"100%\"/>{}</svg>\n",
            self.width,
            self.height,
            self.width,
            self.height,
            escape(title),
            self.body
        )
    }
}

/// From values to px.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from_px: f64,
    to_px: f64,
    logarithmic: bool,
    /// Values with a line and a number.
    pub ticks: Vec<f64>,
}

impl Scale {
    /// Linear, widened to block numbers.
    pub fn linear(low: f64, high: f64, from_px: f64, to_px: f64) -> Scale {
        let (low, high) = if high > low {
            (low, high)
        } else {
            (low - 0.5, low + 0.5)
        };
        let rough = (high - low) / 5.0;
        let power = libm::exp10(libm::floor(libm::log10(rough)));
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(power * 10.0);
        let first = libm::floor(low / step + 1e-9);
        let last = libm::ceil(high / step - 1e-9);
        // `+ 0.0` turns -0 into 0.
        let ticks = (0..=(last - first) as usize)
            .map(|number| (first + number as f64) * step + 0.0)
            .collect();
        Scale {
            low: first * step,
            high: last * step,
            from_px,
            to_px,
            logarithmic: false,
            ticks,
        }
    }

    /// Logarithmic, for values above 0.
    pub fn logarithmic(low: f64, high: f64, from_px: f64, to_px: f64) -> Scale {
        let (low, high) = if high > low * 1.01 {
            (low, high)
        } else {
            (low / 1.5, high * 1.5)
        };
        let decades = libm::log10(high / low);
        let factors: &[f64] = if decades > 3.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let first = libm::floor(libm::log10(low)) as i32;
        let last = libm::ceil(libm::log10(high)) as i32;
        let mut all: Vec<f64> = (first..=last)
            .flat_map(|power| {
                factors
                    .iter()
                    .map(move |factor| factor * libm::exp10(f64::from(power)))
            })
            .collect();
        let start = all
            .iter()
            .rposition(|tick| *tick <= low * 1.0001)
            .unwrap_or(0);
        let end = all
            .iter()
            .position(|tick| *tick >= high * 0.9999)
            .unwrap_or(all.len() - 1);
        all.truncate(end + 1);
        let ticks = all.split_off(start.min(all.len() - 1));
        Scale {
            low: ticks[0],
            high: *ticks.last().unwrap_or(&high),
            from_px,
            to_px,
            logarithmic: true,
            ticks,
        }
    }

    /// Whether a value lies on it.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Where a value stands; what lies beyond the scale stands at its end.
    pub fn px(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            libm::log(value.max(1e-300) / self.low) / libm::log(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from_px + share.clamp(0.0, 1.0) * (self.to_px - self.from_px)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_ticks_that_hold_their_values() {
        let scale = Scale::linear(-0.173, 0.02, 0.0, 100.0);
        assert!(
            scale.ticks.len() >= 4 && scale.ticks.len() <= 8,
            "{:?}",
            scale.ticks
        );
        assert!(scale.px(-0.173) > 0.0 && scale.px(0.02) < 100.0);
        let scale = Scale::logarithmic(0.21, 2.4, 0.0, 100.0);
        assert_eq!(
            scale.ticks.first().map(|tick| (tick * 10.0).round()),
            Some(2.0)
        );
        assert!((scale.px(1.0) - 100.0 * (5.0_f64).ln() / (25.0_f64).ln()).abs() < 1e-6);
        for same in [0.0, 3.0] {
            assert!(Scale::linear(same, same, 0.0, 1.0).px(same).is_finite());
        }
        assert!(Scale::logarithmic(1.0, 1.0, 0.0, 1.0).px(1.0).is_finite());
    }

    #[test]
    fn names_cannot_break_out() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("tx", (0.0, 0.0), Anchor::Start, "</text><script>&\"'");
        let text = svg.inline("\"><script>");
        assert!(!text.contains("<script>"), "{text}");
    }
}
