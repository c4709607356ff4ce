//! The figures of a report: each a picture, a caption and the numbers behind it.

use super::labels;
use super::laid::Laid;
use super::land::{self, Window};
use super::stored::{Confused, Interval, Setting, Square};
use super::svg::{Anchor, CHARACTER_PX, Scale, Svg};
use crate::geodesy::Frame;
use crate::output::{Notation, between, counted, exact, readable, signed_interval};

/// Width of every figure, px.
const WIDTH: f64 = 760.0;
/// Height of a row, px.
const ROW: f64 = 22.0;
/// Colours that the eye tells apart, also where it sees no red or no green.
pub(super) const SERIES: usize = 6;

/// A picture with its caption and its numbers.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// Name of its files.
    pub id: String,
    pub title: String,
    /// What one sees, in a sentence or two.
    pub caption: String,
    pub svg: Svg,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A number as the result files have it.
pub(super) fn number(value: f64) -> String {
    let mut text = String::new();
    exact(value, &mut text);
    text
}

/// A measure in plain words: `lost_per_sortie[side=us]` is "lost per sortie (us)".
pub(super) fn words(measure: &str) -> String {
    let (name, rest) = measure.split_once('[').unwrap_or((measure, ""));
    let name = name.replace('_', " ");
    match rest.strip_suffix(']').and_then(|rest| rest.split_once('=')) {
        Some((_, value)) => format!("{name} ({})", value.replace('_', " ")),
        None => name,
    }
}

/// A title begins with a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// An estimate and its interval as text.
pub(super) fn interval_words(value: &Interval) -> String {
    if !value.low.is_nan() && !value.high.is_nan() {
        let ends = between(value.low, value.high);
        return format!("{} {ends}", readable(value.estimate));
    }
    readable(value.estimate)
}

/// A value of a measure as it is told on a page, where shares are in percent; rows beneath figures and their files have bare numbers.
pub(super) fn as_told(measure: &str, value: Interval) -> Interval {
    let notation = Notation::of(measure);
    Interval {
        estimate: notation.scaled(value.estimate),
        low: notation.scaled(value.low),
        high: notation.scaled(value.high),
    }
}

/// The unit that goes with it.
pub(super) fn unit_told(measure: &str, unit: &str) -> String {
    Notation::of(measure).unit(unit)
}

/// The unit that goes with a change of it.
pub(super) fn change_told(measure: &str, unit: &str) -> String {
    Notation::of(measure).unit_of_change(unit)
}

/// The interval alone, in brackets; nothing where there is none.
pub(super) fn bracket(value: &Interval) -> String {
    let text = interval_words(value);
    text.split_once(' ')
        .map_or(String::new(), |(_, bracket)| bracket.to_owned())
}

/// One row of a panel.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub label: String,
    pub value: Interval,
    pub series: usize,
    /// An open dot instead of a full one.
    pub open: bool,
    /// Fainter values behind it, where it stands for several.
    pub cloud: Vec<f64>,
}

impl Mark {
    /// A full dot of the first series, alone.
    pub fn new(label: String, value: Interval) -> Mark {
        Mark {
            label,
            value,
            series: 0,
            open: false,
            cloud: Vec::new(),
        }
    }
}

/// Dots with intervals on one axis.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub title: String,
    /// Title of the axis, with unit.
    pub axis: String,
    pub marks: Vec<Mark>,
    /// Where nothing changes.
    pub neutral: Option<f64>,
    pub logarithmic: bool,
}

/// Height of a line of a label, px.
const LABEL_LINE: f64 = 13.0;

/// Room for labels left of a figure, px: as much as the longest needs, within reason.
fn label_room<'a>(labels: impl Iterator<Item = &'a str>, most: f64) -> f64 {
    let longest = labels.map(|label| label.chars().count()).max();
    (longest.unwrap_or(0) as f64 * CHARACTER_PX + 14.0).clamp(90.0, most)
}

/// A label in lines that fit, broken after commas, blanks and the points of paths: names of cells and paths differ at their ends.
fn broken(label: &str, room: f64) -> Vec<String> {
    let most = (room / CHARACTER_PX).max(4.0) as usize;
    let mut lines = vec![String::new()];
    for piece in label.split_inclusive([',', ' ', '.']) {
        let last = lines.last_mut().expect("there is a line");
        let length = last.chars().count() + piece.trim_end().chars().count();
        if length > most && !last.is_empty() {
            lines.push(piece.to_owned());
        } else {
            last.push_str(piece);
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Writes such lines right-aligned around a height.
fn write_label(svg: &mut Svg, (x, middle): (f64, f64), lines: &[String], room: f64) {
    let first = middle - (lines.len() as f64 - 1.0) / 2.0 * LABEL_LINE + 4.0;
    for (number, line) in lines.iter().enumerate() {
        let at = (x, first + number as f64 * LABEL_LINE);
        svg.label("tx", at, Anchor::End, line, room);
    }
}

/// Panels one below the other, labels on the left, numbers on the right.
pub(super) fn panels(panels: &[Panel]) -> Svg {
    let labels = panels.iter().flat_map(|panel| &panel.marks);
    let left = label_room(labels.map(|mark| mark.label.as_str()), 270.0);
    let right = WIDTH - 190.0;
    let room = left - 8.0;
    let row_of = |mark: &Mark| {
        let lines = broken(&mark.label, room).len() as f64;
        (lines * LABEL_LINE + 4.0).max(ROW)
    };
    let rows_of = |panel: &Panel| panel.marks.iter().map(row_of).sum::<f64>();
    let height_of = |panel: &Panel| 30.0 + rows_of(panel) + 52.0;
    let mut svg = Svg::new(WIDTH, panels.iter().map(height_of).sum::<f64>());
    let mut top = 0.0;
    for panel in panels {
        svg.text("th", (4.0, top + 18.0), Anchor::Start, &panel.title);
        let first = top + 30.0;
        let last = first + rows_of(panel);
        let ends = panel.marks.iter().flat_map(|mark| {
            let (low, high) = mark.value.ends();
            [low, high].into_iter().chain(mark.cloud.iter().copied())
        });
        let mut values: Vec<f64> = ends
            .chain(panel.neutral)
            .filter(|end| end.is_finite())
            .collect();
        if panel.logarithmic {
            values.retain(|value| *value > 0.0);
        }
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = if panel.logarithmic {
            Scale::logarithmic(low, high, left + 8.0, right)
        } else {
            Scale::linear(low.min(0.0), high.max(0.0), left + 8.0, right)
        };
        for &tick in &scale.ticks {
            let x = scale.px(tick);
            svg.line("gr", (x, first), (x, last));
            svg.text("ts", (x, last + 15.0), Anchor::Middle, &readable(tick));
        }
        svg.line("ax", (left + 8.0, last), (right, last));
        let middle = (left + 8.0 + right) / 2.0;
        svg.text("tm", (middle, last + 33.0), Anchor::Middle, &panel.axis);
        if let Some(neutral) = panel.neutral {
            let x = scale.px(neutral);
            svg.line("zero", (x, first), (x, last));
        }
        let mut next = first;
        for mark in &panel.marks {
            let row = row_of(mark);
            let y = next + row / 2.0;
            next += row;
            write_label(&mut svg, (left, y), &broken(&mark.label, room), room);
            if !mark.value.known() {
                svg.text(
                    "tm",
                    (right + 10.0, y + 4.0),
                    Anchor::Start,
                    "nothing to compare",
                );
                continue;
            }
            let (low, high) = mark.value.ends();
            let series = mark.series % SERIES;
            for value in mark.cloud.iter().filter(|value| value.is_finite()) {
                let at = (scale.px(*value), y);
                svg.circle(
                    &format!("open dot{series} cloud"),
                    at,
                    3.6,
                    &readable(*value),
                );
            }
            let (low, high) = (scale.px(low), scale.px(high));
            svg.line(&format!("bar{series} whisk"), (low, y), (high, y));
            let open = if mark.open { "open " } else { "" };
            let text = interval_words(&mark.value);
            let says = format!("{}: {text}", mark.label);
            svg.circle(
                &format!("{open}dot{series}"),
                (scale.px(mark.value.estimate), y),
                4.6,
                &says,
            );
            svg.text("tx", (right + 10.0, y + 4.0), Anchor::Start, &text);
        }
        top = last + 52.0;
    }
    svg
}

/// A trade-off: places with intervals both ways, and a cloud of smaller ones.
pub(super) mod scatter {
    use super::labels::{Box, Label, Labels, coinciding};
    use super::{Anchor, Interval, SERIES, Scale, Svg, WIDTH, interval_words, readable};

    /// Radius of a mark, px.
    const MARK: f64 = 5.0;

    /// One place, with its name.
    #[derive(Debug, Clone)]
    pub(in crate::report) struct Mark {
        pub label: String,
        /// Across and upwards.
        pub at: [Interval; 2],
        /// Where it was believed to be; NaN if nowhere.
        pub before: [f64; 2],
        pub series: usize,
        /// A full dot instead of an open one.
        pub full: bool,
    }

    /// The figure; the axes are titled across, then upwards.
    pub(in crate::report) fn scatter(
        cloud: &[(f64, f64)],
        marks: &[Mark],
        axes: &[String; 2],
    ) -> Svg {
        const HEIGHT: f64 = 430.0;
        let (left, right, top, bottom) = (84.0, WIDTH - 24.0, 16.0, HEIGHT - 58.0);
        let mut svg = Svg::new(WIDTH, HEIGHT);
        let values = |axis: usize| {
            let of_marks = marks.iter().flat_map(move |mark| {
                let (low, high) = mark.at[axis].ends();
                [low, high, mark.before[axis]]
            });
            // Single lucky or unlucky candidates must not squeeze the rest.
            let mut far: Vec<f64> = (cloud.iter())
                .map(|place| if axis == 0 { place.0 } else { place.1 })
                .filter(|value| value.is_finite())
                .collect();
            far.sort_by(f64::total_cmp);
            let typical = [far.len() / 10, far.len() * 9 / 10];
            let typical = typical.map(|at| far.get(at).copied());
            let all = of_marks.chain(typical.into_iter().flatten());
            let (low, high) = all
                .filter(|value| value.is_finite())
                .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), value| {
                    (low.min(value), high.max(value))
                });
            // Places, not lengths: an axis far from zero would leave most of the picture empty.
            match low > high / 2.0 {
                true => (low, high),
                false => (0.0, high),
            }
        };
        let ((west, east), (south, north)) = (values(0), values(1));
        let across = Scale::linear(west, east, left, right);
        let upwards = Scale::linear(south, north, bottom, top);
        for &tick in &across.ticks {
            let x = across.px(tick);
            svg.line("gr", (x, top), (x, bottom));
            svg.text("ts", (x, bottom + 15.0), Anchor::Middle, &readable(tick));
        }
        for &tick in &upwards.ticks {
            let y = upwards.px(tick);
            svg.line("gr", (left, y), (right, y));
            svg.text("ts", (left - 8.0, y + 4.0), Anchor::End, &readable(tick));
        }
        svg.line("ax", (left, bottom), (right, bottom));
        svg.line("ax", (left, top), (left, bottom));
        svg.text(
            "tm",
            ((left + right) / 2.0, bottom + 36.0),
            Anchor::Middle,
            &axes[0],
        );
        svg.vertical("tm", (22.0, (top + bottom) / 2.0), &axes[1]);
        for (x, y) in cloud {
            if across.holds(*x) && upwards.holds(*y) {
                svg.circle("open dot0 cloud", (across.px(*x), upwards.px(*y)), 2.2, "");
            }
        }
        let place = |mark: &Mark| {
            let [x, y] = [&mark.at[0], &mark.at[1]];
            (across.px(x.estimate), upwards.px(y.estimate))
        };
        let mut labels = Labels::new(Box {
            left: left + 2.0,
            top: top + 2.0,
            right: right - 2.0,
            bottom: bottom - 2.0,
        });
        for mark in marks {
            let (x, y) = place(mark);
            let series = mark.series % SERIES;
            let believed = (across.px(mark.before[0]), upwards.px(mark.before[1]));
            if believed.0.is_finite() && believed.1.is_finite() {
                svg.line("ax", believed, (x, y));
            }
            let class = format!("bar{series} whisk");
            let (low, high) = mark.at[0].ends();
            let across_ends = ((across.px(low), y), (across.px(high), y));
            let (low, high) = mark.at[1].ends();
            let upward_ends = ((x, upwards.px(low)), (x, upwards.px(high)));
            for (from, to) in [across_ends, upward_ends] {
                svg.line(&class, from, to);
                labels.rather_free(Box::along(from, to, 1.5));
            }
            labels.keep_free(Box::around((x, y), MARK));
        }
        for mark in marks {
            let open = if mark.full { "" } else { "open " };
            let says = format!(
                "{}: {} against {}",
                mark.label,
                interval_words(&mark.at[1]),
                interval_words(&mark.at[0])
            );
            let class = format!("{open}dot{}", mark.series % SERIES);
            svg.circle(&class, place(mark), MARK, &says);
        }
        for (at, label) in names(marks, &place, &mut labels) {
            if let Some(edge) = label.leader {
                svg.line("ax", at, edge);
            }
            svg.text("tx halo", label.start(), Anchor::Start, &label.text);
        }
        svg
    }

    /// The names of the marks with their places; marks in one place have one label.
    fn names(
        marks: &[Mark],
        place: &impl Fn(&Mark) -> (f64, f64),
        labels: &mut Labels,
    ) -> Vec<((f64, f64), Label)> {
        let points: Vec<(f64, f64)> = marks.iter().map(place).collect();
        let named = |group: Vec<usize>| {
            let at = points[group[0]];
            let all: Vec<&str> = group.iter().map(|&n| marks[n].label.as_str()).collect();
            Some((at, labels.place(at, MARK, &all.join(", "))?))
        };
        coinciding(&points, 1.6 * MARK)
            .into_iter()
            .filter_map(named)
            .collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn names_of_finalists_in_one_place_do_not_overlap() {
            let at = |x: f64, y: f64, label: &str| {
                let around = |estimate: f64| Interval {
                    estimate,
                    low: estimate - 0.02,
                    high: estimate + 0.02,
                };
                Mark {
                    label: label.to_owned(),
                    at: [around(x), around(y)],
                    before: [x + 0.01, y],
                    series: 0,
                    full: true,
                }
            };
            let marks = [
                at(0.1, 0.2, "01"),
                at(0.1, 0.2, "02"),
                at(0.101, 0.2, "03"),
                at(0.11, 0.202, "as written"),
                at(0.115, 0.2, "04"),
                at(0.3, 0.2, "05"),
            ];
            let drawn = scatter(&[], &marks, &["x".to_owned(), "y".to_owned()]).inline("t");
            // Texts with a halo are names; their room is what the placing reckons with.
            let boxes: Vec<Box> = drawn
                .split("<text class=\"tx halo\" x=\"")
                .skip(1)
                .map(|rest| {
                    let x: f64 = rest.split('"').next().unwrap().parse().unwrap();
                    let rest = rest.split_once(" y=\"").unwrap().1;
                    let y: f64 = rest.split('"').next().unwrap().parse().unwrap();
                    let text = rest.split(['>', '<']).nth(1).unwrap();
                    Box {
                        left: x,
                        top: y - 10.0,
                        right: x + text.len() as f64 * 6.0,
                        bottom: y + 3.0,
                    }
                })
                .collect();
            assert_eq!(boxes.len(), 4, "{drawn}");
            assert!(drawn.contains(">01, 02, 03<") && drawn.contains(">05<"));
            for (number, one) in boxes.iter().enumerate() {
                for other in &boxes[number + 1..] {
                    assert!(!one.meets(other), "{one:?} {other:?}");
                }
                let picture = Box {
                    left: 0.0,
                    top: 0.0,
                    right: WIDTH,
                    bottom: 430.0,
                };
                assert!(one.left > picture.left && one.right < picture.right);
                assert!(one.top > picture.top && one.bottom < picture.bottom);
            }
        }
    }
}

/// What stands for a part of a bar, in its legend and on it: colours alone would not do.
fn letter(part: usize) -> char {
    char::from(b'a' + (part % 26) as u8)
}

/// Bars of parts that make up a whole, one bar a row.
pub(super) fn stacks(bars: &[(String, Vec<f64>)], parts: &[String], axis: &str) -> Svg {
    let left = label_room(bars.iter().map(|(label, _)| label.as_str()), 270.0);
    let room = left - 8.0;
    let right = WIDTH - 30.0;
    // The legend first: rows of as many names as fit.
    let mut places = Vec::new();
    let (mut x, mut y) = (8.0, 14.0);
    for part in parts {
        let width = part.chars().count() as f64 * CHARACTER_PX + 38.0;
        if x + width > WIDTH {
            (x, y) = (8.0, y + 22.0);
        }
        places.push((x, y));
        x += width;
    }
    let first = y + 18.0;
    let row_of = |label: &str| (broken(label, room).len() as f64 * LABEL_LINE + 6.0).max(30.0);
    let height: f64 = bars.iter().map(|(label, _)| row_of(label)).sum();
    let mut svg = Svg::new(WIDTH, first + height + 48.0);
    for (number, (part, (x, y))) in parts.iter().zip(&places).enumerate() {
        let class = format!("dot{}", number % SERIES);
        svg.rect(&class, (*x, y - 12.0), (16.0, 16.0), "");
        let said = letter(number).to_string();
        svg.text("on", (x + 8.0, y.to_owned()), Anchor::Middle, &said);
        svg.text("tx", (x + 21.0, y.to_owned()), Anchor::Start, part);
    }
    let scale = Scale::linear(0.0, 100.0, left + 8.0, right);
    for &tick in &scale.ticks {
        let x = scale.px(tick);
        svg.line("gr", (x, first), (x, first + height));
        let at = (x, first + height + 14.0);
        svg.text("ts", at, Anchor::Middle, &readable(tick));
    }
    let middle = ((left + right) / 2.0, first + height + 34.0);
    svg.text("tm", middle, Anchor::Middle, axis);
    let mut next = first;
    for (label, shares) in bars {
        let row = row_of(label);
        let y = next + row / 2.0;
        next += row;
        write_label(&mut svg, (left, y), &broken(label, room), room);
        let mut start = 0.0;
        for (part, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let (from, to) = (scale.px(start * 100.0), scale.px((start + share) * 100.0));
            let says = format!("{label}: {} {} %", parts[part], readable(*share * 100.0));
            let class = format!("dot{}", part % SERIES);
            svg.rect(&class, (from, y - 12.0), (to - from, 24.0), &says);
            let said = match to - from {
                wide if wide > 54.0 => format!("{} {:.0} %", letter(part), share * 100.0),
                wide if wide > 13.0 => letter(part).to_string(),
                _ => String::new(),
            };
            let at = ((from + to) / 2.0, y + 4.0);
            svg.text("on", at, Anchor::Middle, &said);
            start += share;
        }
    }
    svg
}

/// One confusion matrix after the other: rows are the truth, columns what was declared.
pub(super) fn heat(matrices: &[(String, Vec<&Confused>)]) -> Svg {
    const SQUARE: f64 = 30.0;
    let names = |rows: &[&Confused], truth: bool| {
        let mut names: Vec<String> = Vec::new();
        for row in rows {
            let name = if truth { &row.truth } else { &row.declared };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    };
    let width_of = |truths: &[String], declared: &[String]| {
        let longest = truths.iter().map(|name| name.chars().count()).max();
        let left = (longest.unwrap_or(0) as f64 * CHARACTER_PX + 30.0).clamp(110.0, 220.0);
        (
            left,
            ((WIDTH - left - 110.0) / declared.len() as f64).min(110.0),
        )
    };
    let heads_of = |rows: &[&Confused]| {
        let declared = names(rows, false);
        let (_, width) = width_of(&names(rows, true), &declared);
        let broken = |name: &String| broken(&name.replace('_', " "), width - 4.0);
        declared.iter().map(broken).collect::<Vec<_>>()
    };
    // Names of columns in several lines ask for more room above.
    let above_of = |rows: &[&Confused]| {
        let lines = heads_of(rows).iter().map(Vec::len).max().unwrap_or(1);
        66.0 + (lines as f64 - 1.0) * LABEL_LINE
    };
    let height_of =
        |rows: &[&Confused]| above_of(rows) + 16.0 + names(rows, true).len() as f64 * SQUARE;
    let height = matrices
        .iter()
        .map(|(_, rows)| height_of(rows))
        .sum::<f64>();
    let mut svg = Svg::new(WIDTH, height);
    let mut top = 0.0;
    for (title, rows) in matrices {
        let (truths, declared) = (names(rows, true), names(rows, false));
        let (left, width) = width_of(&truths, &declared);
        let first = top + above_of(rows);
        svg.text("th", (4.0, top + 16.0), Anchor::Start, title);
        let wide = left + width * declared.len() as f64 / 2.0;
        svg.text("tm", (wide, top + 38.0), Anchor::Middle, "declared as");
        svg.text("tm", (left - 8.0, first - 8.0), Anchor::End, "true type");
        for (column, lines) in heads_of(rows).iter().enumerate() {
            let x = left + (column as f64 + 0.5) * width;
            for (number, line) in lines.iter().rev().enumerate() {
                let y = first - 8.0 - number as f64 * LABEL_LINE;
                svg.label("tx", (x, y), Anchor::Middle, line, width);
            }
        }
        for (row, truth) in truths.iter().enumerate() {
            let y = first + row as f64 * SQUARE;
            svg.label(
                "tx",
                (left - 8.0, y + 19.0),
                Anchor::End,
                &truth.replace('_', " "),
                left - 12.0,
            );
            let mut all = 0.0;
            for (column, name) in declared.iter().enumerate() {
                let x = left + column as f64 * width;
                let found = rows
                    .iter()
                    .find(|row| row.truth == *truth && row.declared == *name);
                let share = found.map_or(f64::NAN, |row| row.share);
                all += found.map_or(0.0, |row| row.declarations);
                if !share.is_finite() {
                    svg.rect("hollow", (x, y), (width, SQUARE), "");
                    continue;
                }
                let says = format!("{truth} declared {name}: {}", readable(share));
                svg.rect("hollow", (x, y), (width, SQUARE), "");
                // Between the shades on which ink and paper stand out there is a step.
                let dark = if share > 0.55 {
                    0.7 + 0.3 * share
                } else {
                    0.7 * share
                };
                svg.shade(dark, (x, y), (width, SQUARE), &says);
                let class = if share > 0.55 { "on" } else { "tx" };
                svg.text(
                    class,
                    (x + width / 2.0, y + 19.0),
                    Anchor::Middle,
                    &format!("{share:.3}"),
                );
            }
            let x = left + declared.len() as f64 * width + 8.0;
            svg.text(
                "ts",
                (x, y + 19.0),
                Anchor::Start,
                &format!("n = {}", grouped(all)),
            );
        }
        top += height_of(rows);
    }
    svg
}

/// A measure over two factors: rows and columns are their levels, and each square says what the measure is there, how far it is
/// from the reference, and whether that is shown.
pub(super) fn squares<'a>(
    [down, across]: [&str; 2],
    rows: &[String],
    columns: &[String],
    at: &dyn Fn(&str, &str) -> Option<&'a Setting>,
) -> Svg {
    const HEIGHT: f64 = 68.0;
    let labels = rows.iter().map(String::as_str).chain([down]);
    let left = label_room(labels, 200.0);
    let width = ((WIDTH - left - 10.0) / columns.len() as f64).min(190.0);
    let heads: Vec<Vec<String>> = columns
        .iter()
        .map(|name| broken(name, width - 4.0))
        .collect();
    let lines = heads.iter().map(Vec::len).max().unwrap_or(1);
    let first = 40.0 + lines as f64 * LABEL_LINE;
    let mut svg = Svg::new(WIDTH, first + rows.len() as f64 * HEIGHT + 8.0);
    let wide = left + width * columns.len() as f64 / 2.0;
    svg.text("tm", (wide, 18.0), Anchor::Middle, across);
    svg.label(
        "tm",
        (left - 8.0, first - 8.0),
        Anchor::End,
        down,
        left - 12.0,
    );
    for (column, lines) in heads.iter().enumerate() {
        let x = left + (column as f64 + 0.5) * width;
        for (number, line) in lines.iter().rev().enumerate() {
            let y = first - 8.0 - number as f64 * LABEL_LINE;
            svg.label("tx", (x, y), Anchor::Middle, line, width);
        }
    }
    let all = || {
        rows.iter()
            .flat_map(|row| columns.iter().map(move |column| (row, column)))
    };
    let most = all()
        .filter_map(|(row, column)| Some(at(row, column)?.value.estimate))
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    for (number, row) in rows.iter().enumerate() {
        let y = first + number as f64 * HEIGHT;
        write_label(
            &mut svg,
            (left - 8.0, y + HEIGHT / 2.0),
            &broken(row, left - 12.0),
            left - 12.0,
        );
        for (number, column) in columns.iter().enumerate() {
            let x = left + number as f64 * width;
            svg.rect("hollow", (x, y), (width, HEIGHT), "");
            let Some(setting) = at(row, column).filter(|setting| setting.value.known()) else {
                continue;
            };
            // Light enough for ink at its darkest.
            let share = match most > 0.0 {
                true => 0.38 * (setting.value.estimate / most).clamp(0.0, 1.0),
                false => 0.0,
            };
            let value = as_told(&setting.measure, setting.value);
            let says = format!(
                "{down} {row}, {across} {column}: {}",
                interval_words(&value)
            );
            svg.shade(share, (x, y), (width, HEIGHT), &says);
            let middle = x + width / 2.0;
            let text = |svg: &mut Svg, class: &str, down: f64, text: &str| {
                let at = (middle, y + down);
                svg.label(class, at, Anchor::Middle, text, width - 4.0);
            };
            text(&mut svg, "tx", 16.0, &readable(value.estimate));
            text(&mut svg, "ts", 30.0, &bracket(&value));
            let sign = match setting.shown.as_str() {
                "lower" => "\u{25bc} ",
                "higher" => "\u{25b2} ",
                _ if setting.same => "= ",
                _ => "",
            };
            if setting.reference {
                text(&mut svg, "ts", 46.0, "reference");
                continue;
            }
            let Interval {
                estimate,
                low,
                high,
            } = as_told(&setting.measure, setting.difference);
            // The difference, and its interval on a line of its own: together they are wider than a square of many.
            let told = format!("{sign}{}", signed_interval(estimate, low, high));
            let (difference, ends) = told.split_once(" [").unwrap_or((&told, ""));
            text(&mut svg, "ts", 46.0, difference);
            if !ends.is_empty() {
                text(&mut svg, "ts", 60.0, &format!("[{ends}"));
            }
        }
    }
    svg
}

/// A count with thin spaces between the thousands.
pub(super) fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// A place with a name on a map, m.
pub(super) struct Place {
    pub name: String,
    pub east_m: f64,
    pub north_m: f64,
}

/// Maps of wrong shots, all with the same shades: two beside each other.
pub(super) fn maps(
    frame: &Frame,
    cells: &[(String, Vec<&Square>)],
    places: &[Place],
    laid: &Laid,
) -> Svg {
    let squares = || cells.iter().flat_map(|(_, squares)| squares.iter());
    let corners = squares().flat_map(|square| {
        let (east_m, north_m) = (square.east_m, square.north_m);
        [
            (east_m, north_m),
            (east_m + square.side_m, north_m + square.side_m),
        ]
    });
    let hit = Window::of(corners).unwrap_or_default();
    // Places nearby, so that one knows where it is; and no picture taller than wide by much, however they lie.
    let near = hit.wider(hit.width().max(hit.height()).clamp(10_000.0, 40_000.0));
    let named = places.iter().map(|place| (place.east_m, place.north_m));
    let named = named.filter(|&at| near.holds(at));
    // Sites all, wherever they stand: a map without the one that fired is none.
    let sites = laid.sites.iter().map(|(_, at)| at);
    let sites = sites.chain(laid.sectors.iter().flatten()).copied();
    let shown = hit.corners().into_iter().chain(named).chain(sites);
    let window = Window::of(shown).unwrap_or_default();
    let rim = 0.1 * window.width().max(window.height());
    let window = window.wider(rim.max(1_000.0)).at_least(14_000.0, 10_000.0);
    let window = window.at_least(window.height() / 1.2, 0.0);
    let Window {
        west,
        south,
        east,
        north,
    } = window;
    let bar_km = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
    let bar_km = bar_km
        .into_iter()
        .rfind(|km| km * 4000.0 <= east - west)
        .unwrap_or(1.0);
    let most = squares()
        .map(|square| square.wrong_shots / square.n)
        .fold(0.0, f64::max);
    let columns = if cells.len() > 1 { 2 } else { 1 };
    // One alone is not as wide as the page: it would be taller than a screen.
    let width = match columns {
        1 => 0.74 * WIDTH,
        _ => (WIDTH - 16.0) / 2.0,
    };
    let per_m = width / (east - west);
    let height = (north - south) * per_m;
    let rows = cells.len().div_ceil(columns);
    let mut svg = Svg::new(WIDTH, rows as f64 * (height + 34.0) + 66.0);
    let ground = land::around(frame, &window);
    let zones: Vec<_> = laid
        .zones
        .iter()
        .map(|(_, points)| points.clone())
        .collect();
    for (number, (title, squares)) in cells.iter().enumerate() {
        let x0 = (number % columns) as f64 * (width + 16.0);
        let y0 = (number / columns) as f64 * (height + 34.0) + 26.0;
        let px = |east_m: f64, north_m: f64| {
            (x0 + (east_m - west) * per_m, y0 + (north - north_m) * per_m)
        };
        svg.label("th", (x0 + 2.0, y0 - 8.0), Anchor::Start, title, width);
        svg.clip(&format!("map{number}"), (x0, y0), (width, height));
        svg.rect("seat", (x0, y0), (width, height), "");
        let drawn = |chain: &Vec<(f64, f64)>| chain.iter().map(|&(e, n)| px(e, n)).collect();
        let areas: Vec<Vec<(f64, f64)>> = ground.areas.iter().map(drawn).collect();
        svg.areas("land", &areas);
        let side_m = squares.first().map_or(5_000.0, |square| square.side_m);
        let lines = |low: f64, high: f64| {
            let apart_m = side_m * libm::ceil((east - west) / side_m / 60.0).max(1.0);
            let first = libm::ceil(low / apart_m) as i64;
            let last = libm::floor(high / apart_m) as i64;
            (first..=last).map(move |line| line as f64 * apart_m)
        };
        for line in lines(west, east) {
            svg.line("gr", px(line, south), px(line, north));
        }
        for line in lines(south, north) {
            svg.line("gr", px(west, line), px(east, line));
        }
        for (class, chains, closed) in [
            ("route", &laid.routes, false),
            ("sector", &laid.sectors, true),
            ("zone", &zones, true),
        ] {
            for points in chains {
                let points: Vec<(f64, f64)> = points.iter().map(|&(e, n)| px(e, n)).collect();
                svg.chain(class, &points, closed);
            }
        }
        for square in squares {
            let rate = square.wrong_shots / square.n;
            let says = format!(
                "{}: {} in {}",
                square.mgrs,
                counted(square.wrong_shots, "wrong shot"),
                counted(square.n, "replication")
            );
            let size = square.side_m * per_m;
            let corner = px(square.east_m, square.north_m + square.side_m);
            svg.shade(0.08 + 0.92 * rate / most, corner, (size, size), &says);
        }
        for line in ground.coast.iter().map(drawn) {
            svg.chain("coast", &line, false);
        }
        for &(_, (east_m, north_m)) in &laid.sites {
            let (x, y) = px(east_m, north_m);
            let corners = [(x, y - 6.0), (x + 6.0, y + 5.0), (x - 6.0, y + 5.0)];
            svg.chain("site", &corners, true);
        }
        let inside = |place: &&Place| {
            (west..east).contains(&place.east_m) && (south..north).contains(&place.north_m)
        };
        let mut labels = labels::Labels::new(labels::Box {
            left: x0 + 2.0,
            top: y0 + 2.0,
            right: x0 + width - 2.0,
            bottom: y0 + height - 24.0,
        });
        for place in places.iter().filter(inside) {
            labels.keep_free(labels::Box::around(px(place.east_m, place.north_m), 2.5));
        }
        for place in places.iter().filter(inside) {
            let at = px(place.east_m, place.north_m);
            svg.circle("place", at, 2.5, &place.name);
        }
        // Who finds no room is left out: sites come first, then places, then zones by their northern end.
        let sites = (laid.sites.iter()).map(|(name, (e, n))| (px(*e, *n), 7.0, name.as_str()));
        let named = places.iter().filter(inside);
        let named = named.map(|place| (px(place.east_m, place.north_m), 2.5, place.name.as_str()));
        let zones = laid.zones.iter().filter_map(|(name, points)| {
            let drawn = points.iter().map(|&(e, n)| px(e, n));
            let top = drawn.min_by(|one, other| one.1.total_cmp(&other.1))?;
            Some((top, 1.0, name.as_str()))
        });
        for (at, gap, name) in sites.chain(named).chain(zones) {
            if let Some(label) = labels.place(at, gap, name) {
                if let Some(edge) = label.leader {
                    svg.line("ax", at, edge);
                }
                svg.text("ts halo", label.start(), Anchor::Start, &label.text);
            }
        }
        let (x, y) = (x0 + 10.0, y0 + height - 10.0);
        svg.line("ax", (x, y), (x + bar_km * 1000.0 * per_m, y));
        svg.text("ts", (x, y - 5.0), Anchor::Start, &format!("{bar_km} km"));
        svg.release();
        svg.rect("box", (x0, y0), (width, height), "");
    }
    let y = rows as f64 * (height + 34.0) + 22.0;
    svg.text(
        "tm",
        (2.0, y + 11.0),
        Anchor::Start,
        "wrong shots a replication:",
    );
    for step in 0..5 {
        let share = f64::from(step + 1) / 5.0;
        let x = 180.0 + f64::from(step) * 62.0;
        svg.shade(0.08 + 0.92 * share, (x, y), (62.0, 14.0), "");
        svg.text(
            "ts",
            (x + 62.0, y + 28.0),
            Anchor::End,
            &readable(most * share),
        );
    }
    svg.text(
        "ts",
        (WIDTH - 2.0, y + 11.0),
        Anchor::End,
        land::credit(frame),
    );
    svg
}

/// A line of a chart.
#[derive(Debug, Default)]
pub(super) struct Curve {
    pub name: String,
    pub points: Vec<CurvePoint>,
    /// Half the height of the bracket at its end, in values; 0 for none.
    pub bracket: f64,
}

/// A point of a line, with its interval where it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct CurvePoint {
    pub x: f64,
    pub y: Interval,
    /// With a dot.
    pub dot: bool,
}

/// Lines over common axes.
#[derive(Debug, Default)]
pub(super) struct Chart<'a> {
    pub curves: &'a [Curve],
    /// Titles of the axes, with their units: across, upwards.
    pub axes: [&'a str; 2],
    /// Which of the axes are logarithmic.
    pub logarithmic: [bool; 2],
    /// A dashed line across, and what stands on it.
    pub level: Option<(f64, &'a str)>,
}

/// The figure of a chart.
pub(super) fn curves(chart: &Chart<'_>) -> Svg {
    let Chart { curves, .. } = chart;
    let height = 300.0;
    let brackets = curves.iter().any(|curve| curve.bracket > 0.0);
    let (left, top) = (70.0, 16.0 + 20.0 * curves.len() as f64);
    let right = WIDTH - if brackets { 64.0 } else { 16.0 };
    let bottom = top + height;
    let mut svg = Svg::new(WIDTH, bottom + 48.0);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let span = |values: &mut dyn Iterator<Item = f64>, logarithmic: bool| {
        values
            .filter(|value| value.is_finite() && (!logarithmic || *value > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
    };
    let axis = |(low, high): (f64, f64), logarithmic, from_px, to_px| match logarithmic {
        true => Scale::logarithmic(low, high, from_px, to_px),
        false => Scale::linear(low, high, from_px, to_px),
    };
    let (from, to) = match span(&mut points().map(|point| point.x), chart.logarithmic[0]) {
        // All at once: an axis from there, not one around it.
        (from, to) if from == to && !chart.logarithmic[0] => (from, from + 1.0),
        span => span,
    };
    // The wide bands of the first few replications would squeeze all that comes after.
    let late = if chart.logarithmic[0] && !chart.logarithmic[1] {
        30.0_f64.min(to / 4.0)
    } else {
        f64::NEG_INFINITY
    };
    let settled = points().filter(|point| point.x >= late);
    let wanted = curves.iter().filter_map(|curve| {
        let last = curve.points.last()?.y.estimate;
        Some([last - curve.bracket, last + curve.bracket])
    });
    let tall = span(
        &mut settled
            .flat_map(|point| [point.y.estimate, point.y.low, point.y.high])
            .chain(wanted.flatten())
            .chain(chart.level.map(|(value, _)| value)),
        chart.logarithmic[1],
    );
    let x = axis((from, to), chart.logarithmic[0], left, right);
    let y = axis(tall, chart.logarithmic[1], bottom, top);
    for &tick in &y.ticks {
        svg.line("gr", (left, y.px(tick)), (right, y.px(tick)));
        let at = (left - 6.0, y.px(tick) + 4.0);
        svg.text("ts", at, Anchor::End, &readable(tick));
    }
    for &tick in &x.ticks {
        svg.line("gr", (x.px(tick), top), (x.px(tick), bottom));
        let at = (x.px(tick), bottom + 15.0);
        svg.text("ts", at, Anchor::Middle, &readable(tick));
    }
    svg.line("ax", (left, bottom), (right, bottom));
    let middle = ((left + right) / 2.0, bottom + 36.0);
    svg.text("tm", middle, Anchor::Middle, chart.axes[0]);
    svg.vertical("tm", (14.0, (top + bottom) / 2.0), chart.axes[1]);
    if let Some((value, says)) = chart.level {
        svg.line("zero", (left, y.px(value)), (right, y.px(value)));
        let at = (left + 6.0, y.px(value) - 5.0);
        svg.text("tx halo", at, Anchor::Start, says);
    }
    let drawn = |value: f64| value.is_finite() && (!chart.logarithmic[1] || value > 0.0);
    for (number, curve) in curves.iter().enumerate() {
        let banded: Vec<_> = (curve.points.iter())
            .filter(|point| drawn(point.y.low) && drawn(point.y.high))
            .collect();
        let upper = banded
            .iter()
            .map(|point| (x.px(point.x), y.px(point.y.high)));
        let lower = (banded.iter().rev()).map(|point| (x.px(point.x), y.px(point.y.low)));
        let band: Vec<(f64, f64)> = upper.chain(lower).collect();
        svg.chain(&format!("band{number}"), &band, true);
        let told = || (curve.points.iter()).filter(|point| drawn(point.y.estimate));
        let line: Vec<(f64, f64)> = told()
            .map(|point| (x.px(point.x), y.px(point.y.estimate)))
            .collect();
        let class = format!("bar{number}");
        svg.chain(&class, &line, false);
        for point in told().filter(|point| point.dot) {
            let at = (x.px(point.x), y.px(point.y.estimate));
            let says = format!("{}, {}: {}", curve.name, point.x, interval_words(&point.y));
            svg.circle(&format!("dot{number}"), at, 3.6, &says);
        }
        if let (Some(last), true) = (told().next_back(), curve.bracket > 0.0) {
            let across = right + 12.0 + 11.0 * number as f64;
            let ends = [-curve.bracket, curve.bracket].map(|half| y.px(last.y.estimate + half));
            let whisk = format!("{class} whisk");
            svg.line(&whisk, (across, ends[0]), (across, ends[1]));
            for end in ends {
                svg.line(&whisk, (across - 3.5, end), (across + 3.5, end));
            }
        }
        let at = 12.0 + 20.0 * number as f64;
        svg.line(&class, (left, at), (left + 34.0, at));
        let start = (left + 42.0, at + 4.0);
        svg.label("tx", start, Anchor::Start, &curve.name, WIDTH - left - 50.0);
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_read_as_words() {
        assert_eq!(words("lost_per_sortie[side=us]"), "lost per sortie (us)");
        assert_eq!(
            words("wrong_shot_cause[cause=not_filed]"),
            "wrong shot cause (not filed)"
        );
        assert_eq!(words("leaked"), "leaked");
        assert_eq!(grouped(1_234_567.0), "1\u{2009}234\u{2009}567");
    }

    #[test]
    fn long_labels_keep_their_ends() {
        let name = "status=tight,agreement,radar_r50_m=32000, nine in ten";
        let lines = broken(name, 30.0 * CHARACTER_PX);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= 30));
        assert_eq!(lines.concat().replace(' ', ""), name.replace(' ', ""));
        assert_eq!(broken("baseline", 90.0), ["baseline"]);
    }

    #[test]
    fn what_is_not_known_is_said_and_not_drawn() {
        let nothing = Interval {
            estimate: f64::NAN,
            low: f64::NAN,
            high: f64::NAN,
        };
        let mark = |label: &str, value| Mark {
            label: label.to_owned(),
            value,
            series: 0,
            open: false,
            cloud: Vec::new(),
        };
        let some = Interval {
            estimate: 0.2,
            low: 0.1,
            high: 0.4,
        };
        let panel = Panel {
            title: "t".to_owned(),
            axis: "share".to_owned(),
            marks: vec![mark("a", nothing), mark("b", some)],
            neutral: Some(0.0),
            logarithmic: false,
        };
        let text = panels(&[panel]).inline("t");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        assert_eq!(text.matches("<circle").count(), 1);
        assert!(text.contains("nothing to compare") && text.contains("0.200 [0.100, 0.400]"));
    }
}
