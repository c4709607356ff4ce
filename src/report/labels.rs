//! Where the names of points go: beside their points, and never over one another, over a point, or out of the picture.

use super::svg::CHARACTER_PX;

/// Height of a line of text, px.
const LINE: f64 = 14.0;

/// An upright rectangle, px, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Box {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Box {
    /// Around a point.
    pub fn around((x, y): (f64, f64), reach: f64) -> Box {
        Box {
            left: x - reach,
            top: y - reach,
            right: x + reach,
            bottom: y + reach,
        }
    }

    /// Around a line that runs across or upwards.
    pub fn along((x1, y1): (f64, f64), (x2, y2): (f64, f64), reach: f64) -> Box {
        Box {
            left: x1.min(x2) - reach,
            top: y1.min(y2) - reach,
            right: x1.max(x2) + reach,
            bottom: y1.max(y2) + reach,
        }
    }

    /// Room for a text of one line, its lower left corner given.
    fn of_text((x, y): (f64, f64), text: &str) -> Box {
        Box {
            left: x,
            top: y - LINE,
            right: x + text.chars().count() as f64 * CHARACTER_PX,
            bottom: y,
        }
    }

    pub fn meets(&self, other: &Box) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Box) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }
}

/// A name that has found its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub text: String,
    /// The room it takes.
    pub room: Box,
    /// Where a line leads from to its point, if it stands too far off to be read as the point's own.
    pub leader: Option<(f64, f64)>,
}

impl Label {
    /// Where its text starts, on the base line.
    pub fn start(&self) -> (f64, f64) {
        (self.room.left, self.room.bottom - 3.5)
    }
}

/// A picture in which names are given places, the first asked for first.
#[derive(Debug)]
pub(super) struct Labels {
    area: Box,
    /// What must stay free.
    taken: Vec<Box>,
    /// What should stay free if it can.
    light: Vec<Box>,
}

impl Labels {
    pub fn new(area: Box) -> Labels {
        Labels {
            area,
            taken: Vec::new(),
            light: Vec::new(),
        }
    }

    /// No label covers this.
    pub fn keep_free(&mut self, taken: Box) {
        self.taken.push(taken);
    }

    /// Labels go elsewhere where they can.
    pub fn rather_free(&mut self, light: Box) {
        self.light.push(light);
    }

    /// A place for the name of a point that has a mark of so many px around it; none if the picture is full.
    pub fn place(&mut self, (x, y): (f64, f64), reach: f64, text: &str) -> Option<Label> {
        let room = Box::of_text((0.0, 0.0), text);
        let (width, height) = (room.right, LINE);
        let mut best: Option<(usize, Label)> = None;
        // Ever farther away; at each distance first right above, then around.
        for step in 0..14 {
            let off = reach + 1.0 + f64::from(step) * 9.0;
            let rise = off + height / 2.0;
            let beside = x + off;
            let before = x - off - width;
            let middle = x - width / 2.0;
            let corners = [
                (beside, y - rise + height / 2.0),
                (beside, y + height / 2.0),
                (before, y - rise + height / 2.0),
                (before, y + height / 2.0),
                (beside, y + rise + height / 2.0),
                (before, y + rise + height / 2.0),
                (middle, y - off),
                (middle, y + off + height),
            ];
            for corner in corners {
                let room = Box::of_text(corner, text);
                if !self.area.holds(&room) || self.taken.iter().any(|taken| taken.meets(&room)) {
                    continue;
                }
                let over = self.light.iter().filter(|light| light.meets(&room)).count();
                if best.as_ref().is_some_and(|(fewest, _)| *fewest <= over) {
                    continue;
                }
                let edge = (
                    x.clamp(room.left, room.right),
                    y.clamp(room.top, room.bottom),
                );
                let label = Label {
                    text: text.to_owned(),
                    room,
                    leader: (step > 1).then_some(edge),
                };
                best = Some((over, label));
            }
            // Near and over a thin line is better than far away.
            if best
                .as_ref()
                .is_some_and(|(over, _)| *over <= step as usize)
            {
                break;
            }
        }
        let (_, label) = best?;
        self.taken.push(label.room);
        Some(label)
    }
}

/// Points that look like one, as one, with the names of all: groups of the numbers of the points, in order.
pub(super) fn coinciding(points: &[(f64, f64)], within: f64) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (number, point) in points.iter().enumerate() {
        let near = |other: &usize| {
            let (x, y) = points[*other];
            libm::hypot(x - point.0, y - point.1) <= within
        };
        // The first of a group stands for it: a chain of neighbours does not become one place.
        match groups.iter_mut().find(|group| near(&group[0])) {
            Some(group) => group.push(number),
            None => groups.push(vec![number]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Box = Box {
        left: 0.0,
        top: 0.0,
        right: 600.0,
        bottom: 300.0,
    };

    #[test]
    fn labels_keep_off_each_other_the_points_and_the_rim() {
        // A crowd in a corner, where every label wants the same place.
        let points: Vec<(f64, f64)> = (0..24)
            .map(|n| (585.0 - f64::from(n % 6) * 9.0, 9.0 + f64::from(n / 6) * 9.0))
            .collect();
        let mut labels = Labels::new(AREA);
        let marks: Vec<Box> = points.iter().map(|&at| Box::around(at, 4.0)).collect();
        marks.iter().for_each(|&mark| labels.keep_free(mark));
        let placed: Vec<Label> = (points.iter().enumerate())
            .filter_map(|(number, &at)| labels.place(at, 4.0, &format!("finalist {number}")))
            .collect();
        assert!(placed.len() > 10, "only {} found room", placed.len());
        for (number, label) in placed.iter().enumerate() {
            assert!(AREA.holds(&label.room), "{label:?}");
            assert!(
                !marks.iter().any(|mark| mark.meets(&label.room)),
                "{label:?}"
            );
            for other in &placed[number + 1..] {
                assert!(!label.room.meets(&other.room), "{label:?} {other:?}");
            }
        }
        // Far ones are led to their points.
        assert!(placed.iter().any(|label| label.leader.is_some()));
    }

    #[test]
    fn a_lonely_label_stands_right_above_its_point() {
        let mut labels = Labels::new(AREA);
        labels.keep_free(Box::around((100.0, 100.0), 5.0));
        let label = labels.place((100.0, 100.0), 5.0, "01").unwrap();
        assert!(label.leader.is_none());
        assert!(label.room.left > 100.0 && label.room.bottom < 108.0);
        assert!(
            labels
                .place((100.0, 100.0), 5.0, &"x".repeat(200))
                .is_none()
        );
    }

    #[test]
    fn points_in_one_place_share_a_label() {
        let points = [(0.0, 0.0), (50.0, 0.0), (2.0, 1.0), (51.0, 0.0)];
        assert_eq!(coinciding(&points, 4.0), [vec![0, 2], vec![1, 3]]);
        assert_eq!(coinciding(&points, 0.5).len(), 4);
    }
}
