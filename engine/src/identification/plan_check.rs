//! Procedural identification: does a track match a flight plan the site holds?
//!
//! A track matches when the foot of its position on some leg of the planned path is within the lateral gate, the time
//! planned for that foot within the window of the present time, and the planned altitude there within the vertical
//! gate. The position is the track's, which in this version is the true one. What is checked is the version the site
//! holds: a stale one may still fit. The states are recorded in the order of the plan delivery chain,
//! q = filed * addressed * delivered * P(latency < notice) * P(|dt| <= window) * P(inside the gate) * correlation.
//! With `any_plan` a track that has no match of its own is also held against every other plan the site has: the wider the
//! gate, the likelier that a stranger is taken for one of those announced.

use std::sync::Arc;

use nalgebra::Vector3;

use super::FlightPlanSourceSpec;
use crate::ids::AircraftId;
use crate::platform::trajectory::{Leg, Path, Trajectory};
use crate::record::NoticeState;
use crate::units::Millis;

/// What one site knows, and may come to know, of one aircraft's flight plan.
#[derive(Debug, Clone)]
pub struct PlanOutcome {
    /// Whether a plan was filed.
    pub filed: bool,
    /// Whether it went astray.
    pub astray: bool,
    /// Whether the addressees' graph reaches this site.
    pub coordinated: bool,
    /// Whether the second version is the current one.
    pub amended: bool,
    /// When each version arrives here.
    pub arrives: [Millis; 2],
    /// Times in which the site knows that the aircraft is off its plan, and takes it for conforming where it is (rule R15).
    pub told: Vec<(Millis, Millis)>,
    /// Drawn: a conforming track is matched.
    pub correlates: bool,
    /// Drawn: a track without a match of its own is matched with somebody else's plan.
    pub chance_match: bool,
    /// The plans of other aircraft, where a track may be matched with any of them.
    pub others: Arc<[OtherPlan]>,
}

/// The plan of an aircraft as one site holds it.
#[derive(Debug, Clone)]
pub struct OtherPlan {
    /// Whose it is.
    pub aircraft: AircraftId,
    /// When each version arrives at the site.
    pub arrives: [Millis; 2],
    /// Where it says the aircraft flies, by version.
    pub planned: PlannedPaths,
}

impl OtherPlan {
    /// Whether a track at a place conforms to the latest version in hand.
    fn fits(&self, id_source: &FlightPlanSourceSpec, time: Millis, place: Vector3<f64>) -> bool {
        let version = (0..2).rev().find(|&version| self.arrives[version] <= time);
        let path = version.and_then(|version| self.planned[version].as_ref());
        let state = path.map(|path| conformance(&id_source.gate(), path, time.seconds(), place));
        state == Some(NoticeState::Matched)
    }
}

/// What the planned paths are, by version.
pub type PlannedPaths = [Option<Trajectory>; 2];

impl PlanOutcome {
    /// Whether what the check finds at `time` may depend on where the track is.
    pub fn looks_at_place(&self, time: Millis) -> bool {
        !self.others.is_empty() || self.filed && self.arrives.iter().any(|there| *there <= time)
    }

    /// When, after `time`, something reaches the site by which a check may find something else: a version of a plan, or the news
    /// that the aircraft is off it.
    pub fn news_after(&self, time: Millis) -> Millis {
        let own = self.arrives.iter().filter(|_| self.filed);
        let others = self.others.iter().flat_map(|other| &other.arrives);
        let told = self.told.iter().map(|(from, _)| from);
        let news = own.chain(others).chain(told);
        let news = news.filter(|there| **there > time).min();
        news.copied().unwrap_or(Millis::NEVER)
    }

    /// Before this time the check finds what it finds at `time`, wherever the track is.
    pub fn holds_until(&self, time: Millis) -> Millis {
        if self.looks_at_place(time) {
            time
        } else {
            self.news_after(time)
        }
    }

    /// Before this time the check finds `state`, which it found at `time`, as long as the track is where the aircraft is.
    pub fn holds_on_course(
        &self,
        id_source: &FlightPlanSourceSpec,
        planned: &PlannedPaths,
        flown: &Trajectory,
        time: Millis,
        state: NoticeState,
    ) -> Millis {
        if !self.looks_at_place(time) {
            return self.holds_until(time);
        }
        // Only these two say that the track conforms, and for an aircraft that does nothing else is asked.
        if !matches!(state, NoticeState::Matched | NoticeState::Unmatched) {
            return time;
        }
        let path = self.held(time).and_then(|held| planned[held].as_ref());
        let conforms = path.map_or(time, |path| {
            conforms_until(&id_source.gate(), path, flown, time)
        });
        conforms.min(self.news_after(time))
    }

    /// The latest version that is there at `time`.
    fn held(&self, time: Millis) -> Option<usize> {
        let current = usize::from(self.amended);
        (0..=current)
            .rev()
            .find(|&version| self.arrives[version] <= time)
    }

    /// What the check finds at `time` for a track at `place`.
    pub fn check(
        &self,
        id_source: &FlightPlanSourceSpec,
        planned: &PlannedPaths,
        time: Millis,
        place: Vector3<f64>,
    ) -> NoticeState {
        self.check_where(id_source, planned, time, || place)
    }

    /// The same, asking for the place only if there is a path to compare it with.
    pub fn check_where(
        &self,
        id_source: &FlightPlanSourceSpec,
        planned: &PlannedPaths,
        time: Millis,
        place: impl FnOnce() -> Vector3<f64>,
    ) -> NoticeState {
        if self.others.is_empty() {
            let state = self.own_plan(id_source, planned, time, place);
            return if !state.matched() && self.chance_match {
                NoticeState::ChanceMatch
            } else {
                state
            };
        }
        let place = place();
        let state = self.own_plan(id_source, planned, time, || place);
        let others = || {
            let mut others = self.others.iter();
            self.correlates && others.any(|other| other.fits(id_source, time, place))
        };
        if !state.matched() && (self.chance_match || others()) {
            NoticeState::ChanceMatch
        } else {
            state
        }
    }

    fn own_plan(
        &self,
        id_source: &FlightPlanSourceSpec,
        planned: &PlannedPaths,
        time: Millis,
        place: impl FnOnce() -> Vector3<f64>,
    ) -> NoticeState {
        if !self.filed {
            return NoticeState::NotFiled;
        }
        let current = usize::from(self.amended);
        let Some(version) = self.held(time) else {
            return if self.arrives[current] != Millis::NEVER {
                NoticeState::Late
            } else if self.astray {
                NoticeState::Astray
            } else if !self.coordinated {
                NoticeState::FiledWithOthers
            } else {
                NoticeState::Lost
            };
        };
        let state = match &planned[version] {
            Some(path) => conformance(&id_source.gate(), path, time.seconds(), place()),
            None => NoticeState::OffRoute,
        };
        let knows = |(from, until): &(Millis, Millis)| (*from..*until).contains(&time);
        let state = match state {
            NoticeState::OffRoute | NoticeState::OffTime if self.told.iter().any(knows) => {
                NoticeState::Matched
            }
            other => other,
        };
        match state {
            NoticeState::Matched if !self.correlates => NoticeState::Unmatched,
            NoticeState::Matched => NoticeState::Matched,
            _ if version != current => NoticeState::Stale,
            other => other,
        }
    }
}

/// How near a place must be to a planned path, and how near in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanGate {
    /// Half-width across the planned track, m.
    pub lateral_m: f64,
    /// Half-height, m.
    pub vertical_m: f64,
    /// Half-length of the window around the planned time, s.
    pub window_s: f64,
}

impl FlightPlanSourceSpec {
    fn gate(&self) -> PlanGate {
        PlanGate {
            lateral_m: self.lateral_gate_m,
            vertical_m: self.vertical_gate_m,
            window_s: self.window_s,
        }
    }
}

/// The plan of an aircraft as one node of the coordination graph holds it.
#[derive(Debug, Clone)]
pub struct PlanAtNode {
    /// Whose it is.
    pub aircraft: AircraftId,
    /// When each version arrives at the node.
    pub arrives: [Millis; 2],
}

impl PlanAtNode {
    /// Whether somebody at a place at `time` conforms to the latest version that was at the node by `answered`.
    pub fn fits(
        &self,
        gate: &PlanGate,
        planned: &PlannedPaths,
        (time, place): (Millis, Vector3<f64>),
        answered: Millis,
    ) -> bool {
        let held = (0..2)
            .rev()
            .find(|&version| self.arrives[version] <= answered);
        let path = held.and_then(|version| planned[version].as_ref());
        path.is_some_and(|path| {
            conformance(gate, path, time.seconds(), place) == NoticeState::Matched
        })
    }
}

/// How much nearer than the gate asks an aircraft must be for its conformance to be foreseen: more than rounding, m and s.
const FORESEEN: (f64, f64) = (1.0, 0.5);

/// Until when an aircraft that conforms to a planned path does, as far as the leg that it flies tells; `time` where it tells nothing.
fn conforms_until(gate: &PlanGate, path: &Trajectory, flown: &Trajectory, time: Millis) -> Millis {
    let time_s = time.seconds();
    let next = |legs: &[Leg], from_s: f64| legs.partition_point(|leg| leg.span.end_s <= from_s);
    let Some(leg) = flown.legs.get(next(&flown.legs, time_s)) else {
        return time;
    };
    if leg.span.start_s > time_s {
        return time;
    }
    let about_now = path.legs[next(&path.legs, time_s - gate.window_s)..]
        .iter()
        .take_while(|planned| planned.span.start_s <= time_s + gate.window_s);
    let until_s = about_now
        .map(|planned| fits_until_s(gate, planned, leg, time_s))
        .fold(time_s, f64::max);
    time.max(Millis(libm::floor(until_s * 1000.0) as i64))
}

/// Until when the foot of an aircraft on a leg lies within a planned leg and the gate, s; `time_s` where it does not, or where the two
/// are of different kinds.
fn fits_until_s(gate: &PlanGate, planned: &Leg, leg: &Leg, time_s: f64) -> f64 {
    let (near_m, near_s) = FORESEEN;
    let fits = |at_s: f64| {
        let place = leg.position(at_s);
        let foot = foot(planned, at_s, place);
        let aside_m = libm::sqrt(foot.aside2_m2);
        aside_m <= gate.lateral_m - near_m
            && (foot.altitude_m - place.z).abs() <= gate.vertical_m - near_m
            && (at_s - foot.time_s).abs() <= gate.window_s - near_s
    };
    let span = planned.span;
    let ends_s = match (planned.path, leg.path) {
        // Place and time of the foot are linear in time, so what fits at both ends fits between.
        (
            Path::Line { from, velocity, .. },
            Path::Line {
                velocity: flown, ..
            },
        ) => {
            let speed2 = velocity.norm_squared();
            let along = flown.dot(&velocity);
            if !(speed2 > 0.0 && along > 0.0) {
                return time_s;
            }
            let ahead_s = (leg.position(time_s).xy() - from).dot(&velocity) / speed2;
            if ahead_s < 0.0 {
                return time_s;
            }
            time_s + (span.end_s - span.start_s - ahead_s) * speed2 / along
        }
        // Round the same circle at the same rate the time of the foot keeps its distance.
        (
            Path::Arc {
                center,
                radius_m,
                rate_radps,
                ..
            },
            Path::Arc {
                center: flown_center,
                radius_m: flown_radius_m,
                rate_radps: flown_rate_radps,
                ..
            },
        ) => {
            let off_m = (center - flown_center).norm() + (radius_m - flown_radius_m).abs();
            let drift_s = (flown_rate_radps / rate_radps - 1.0).abs() * (leg.span.end_s - time_s);
            // A metre off the circle turns the bearing of the foot by less than this.
            let turned_s = off_m / (radius_m * rate_radps).abs();
            let later_s = time_s - foot(planned, time_s, leg.position(time_s)).time_s;
            let half_turn_s = std::f64::consts::PI / rate_radps.abs();
            if !(off_m < near_m && drift_s + 4.0 * turned_s < near_s / 2.0)
                || later_s.abs() > half_turn_s - near_s
                || time_s - later_s < span.start_s + near_s
            {
                return time_s;
            }
            span.end_s + later_s - near_s
        }
        _ => return time_s,
    };
    let until_s = ends_s.min(leg.span.end_s);
    if until_s > time_s && fits(time_s) && fits(until_s) {
        until_s
    } else {
        time_s
    }
}

/// Whether a place at a time conforms to a planned path.
fn conformance(
    gate: &PlanGate,
    path: &Trajectory,
    time_s: f64,
    place: Vector3<f64>,
) -> NoticeState {
    let lateral2_m2 = gate.lateral_m * gate.lateral_m;
    let fits = |leg: &Leg| {
        if off_arc2_m2(leg, place).is_some_and(|off2_m2| off2_m2 > lateral2_m2) {
            return None;
        }
        let foot = foot(leg, time_s, place);
        let in_gate =
            foot.aside2_m2 <= lateral2_m2 && (foot.altitude_m - place.z).abs() <= gate.vertical_m;
        in_gate.then_some((time_s - foot.time_s).abs() <= gate.window_s)
    };
    // Only a leg that is flown about now can match, and most often one of them does. A little more for rounding.
    let near_s = gate.window_s + 0.001;
    let next = path
        .legs
        .partition_point(|leg| leg.span.end_s < time_s - near_s);
    let mut about_now = path.legs[next..]
        .iter()
        .take_while(|leg| leg.span.start_s <= time_s + near_s);
    if about_now.any(|leg| fits(leg) == Some(true)) {
        return NoticeState::Matched;
    }
    let mut in_gate = false;
    for leg in &path.legs {
        match fits(leg) {
            Some(true) => return NoticeState::Matched,
            Some(false) => in_gate = true,
            None => {}
        }
    }
    if in_gate {
        NoticeState::OffTime
    } else {
        NoticeState::OffRoute
    }
}

/// How far a place is off the circle of which a planned arc is a part, squared: it is at least as far off the arc.
fn off_arc2_m2(leg: &Leg, place: Vector3<f64>) -> Option<f64> {
    match leg.path {
        Path::Arc {
            center, radius_m, ..
        } => {
            let off_m = (place.xy() - center).norm() - radius_m;
            Some(off_m * off_m)
        }
        Path::Line { .. } => None,
    }
}

/// The point of a planned leg nearest to a place.
struct Foot {
    /// Squared ground distance to it, m^2.
    aside2_m2: f64,
    /// When the plan has the aircraft there, s; on an arc flown round more than once, the time nearest to now.
    time_s: f64,
    /// Altitude planned there, m.
    altitude_m: f64,
}

fn foot(leg: &Leg, now_s: f64, place: Vector3<f64>) -> Foot {
    let span = leg.span;
    match leg.path {
        Path::Line {
            from,
            velocity,
            altitude_m,
            climb_mps,
        } => {
            let speed2 = velocity.norm_squared();
            let arm = place.xy() - from;
            let ahead_s = if speed2 > 0.0 {
                arm.dot(&velocity) / speed2
            } else {
                0.0
            };
            let ahead_s = ahead_s.clamp(0.0, span.end_s - span.start_s);
            Foot {
                aside2_m2: (arm - velocity * ahead_s).norm_squared(),
                time_s: span.start_s + ahead_s,
                altitude_m: altitude_m + climb_mps * ahead_s,
            }
        }
        Path::Arc {
            center,
            radius_m,
            angle,
            rate_radps,
            altitude_m,
        } => {
            let arm = place.xy() - center;
            let turn_s = std::f64::consts::TAU / rate_radps.abs();
            let bearing = libm::atan2(arm.y, arm.x);
            let first_s = span.start_s + ((bearing - angle) / rate_radps).rem_euclid(turn_s);
            let last_s = first_s + libm::floor((span.end_s - first_s) / turn_s) * turn_s;
            if first_s > span.end_s {
                // The arc does not reach round to this bearing: the nearer of its ends.
                let ends = [span.start_s, span.end_s].map(|time_s| {
                    let aside2_m2 = (leg.position(time_s).xy() - place.xy()).norm_squared();
                    Foot {
                        aside2_m2,
                        time_s,
                        altitude_m,
                    }
                });
                let [start, end] = ends;
                return if start.aside2_m2 <= end.aside2_m2 {
                    start
                } else {
                    end
                };
            }
            let nearest_s = first_s + libm::round((now_s - first_s) / turn_s) * turn_s;
            let off_m = arm.norm() - radius_m;
            Foot {
                aside2_m2: off_m * off_m,
                time_s: nearest_s.clamp(first_s, last_s),
                altitude_m,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Span};

    const SOURCE: FlightPlanSourceSpec = FlightPlanSourceSpec {
        lateral_gate_m: 1000.0,
        vertical_gate_m: 500.0,
        window_s: 60.0,
        correlation: 1.0,
        chance_match: 0.0,
        any_plan: false,
        assumed: None,
    };

    /// East at 50 m/s from the origin, `later_s` after the start, for 200 s, 1000 m high.
    fn east(later_s: f64) -> Trajectory {
        let span = Span {
            start_s: later_s,
            end_s: later_s + 200.0,
        };
        let path = Path::Line {
            from: Point::zeros(),
            velocity: Point::new(50.0, 0.0),
            altitude_m: 1000.0,
            climb_mps: 0.0,
        };
        Trajectory {
            legs: vec![Leg { span, path }],
            station: span,
            cut_short: false,
        }
    }

    fn held() -> PlanOutcome {
        PlanOutcome {
            filed: true,
            astray: false,
            coordinated: true,
            amended: false,
            arrives: [Millis(-1), Millis::NEVER],
            others: Arc::default(),
            told: Vec::new(),
            correlates: true,
            chance_match: false,
        }
    }

    fn found(file: &PlanOutcome, place: [f64; 3]) -> NoticeState {
        file.check(
            &SOURCE,
            &[Some(east(0.0)), Some(east(600.0))],
            Millis(100_000),
            place.into(),
        )
    }

    const ON_TIME: [f64; 3] = [5000.0, 0.0, 1000.0];

    #[test]
    fn the_states_of_the_notice_chain_come_in_its_order() {
        let never = [Millis::NEVER; 2];
        for (file, state) in [
            (
                PlanOutcome {
                    filed: false,
                    ..held()
                },
                NoticeState::NotFiled,
            ),
            (
                PlanOutcome {
                    arrives: never,
                    coordinated: false,
                    ..held()
                },
                NoticeState::FiledWithOthers,
            ),
            (
                PlanOutcome {
                    arrives: never,
                    coordinated: false,
                    astray: true,
                    ..held()
                },
                NoticeState::Astray,
            ),
            (
                PlanOutcome {
                    arrives: never,
                    ..held()
                },
                NoticeState::Lost,
            ),
            (
                PlanOutcome {
                    arrives: [Millis(100_001), Millis::NEVER],
                    ..held()
                },
                NoticeState::Late,
            ),
            (
                PlanOutcome {
                    arrives: [Millis(100_000), Millis::NEVER],
                    ..held()
                },
                NoticeState::Matched,
            ),
            (
                PlanOutcome {
                    correlates: false,
                    ..held()
                },
                NoticeState::Unmatched,
            ),
            (held(), NoticeState::Matched),
            (
                PlanOutcome {
                    filed: false,
                    chance_match: true,
                    ..held()
                },
                NoticeState::ChanceMatch,
            ),
            (
                PlanOutcome {
                    chance_match: true,
                    ..held()
                },
                NoticeState::Matched,
            ),
        ] {
            assert_eq!(found(&file, ON_TIME), state, "{file:?}");
        }
    }

    #[test]
    fn gate_and_window_are_those_of_the_nearest_point_of_the_path() {
        for (place, state) in [
            ([5000.0, 999.0, 1000.0], NoticeState::Matched),
            ([5000.0, 1001.0, 1000.0], NoticeState::OffRoute),
            ([5000.0, -1001.0, 1000.0], NoticeState::OffRoute),
            ([5000.0, 0.0, 1499.0], NoticeState::Matched),
            ([5000.0, 0.0, 1501.0], NoticeState::OffRoute),
            // 50 m/s times 60 s is 3 km ahead or behind.
            ([7999.0, 0.0, 1000.0], NoticeState::Matched),
            ([8001.0, 0.0, 1000.0], NoticeState::OffTime),
            ([2001.0, 0.0, 1000.0], NoticeState::Matched),
            ([1999.0, 0.0, 1000.0], NoticeState::OffTime),
            ([-1001.0, 0.0, 1000.0], NoticeState::OffRoute),
        ] {
            assert_eq!(found(&held(), place), state, "{place:?}");
        }
    }

    /// The second version departs ten minutes later; whoever holds the first only looks for it at the wrong time.
    #[test]
    fn a_superseded_version_is_stale_unless_it_still_fits() {
        let amended = PlanOutcome {
            amended: true,
            ..held()
        };
        assert_eq!(found(&amended, [50.0, 0.0, 1000.0]), NoticeState::Stale);
        assert_eq!(
            found(&amended, ON_TIME),
            NoticeState::Matched,
            "the first version still fits"
        );
        let both = PlanOutcome {
            arrives: [Millis(-2), Millis(-1)],
            ..amended.clone()
        };
        assert_eq!(
            found(&both, ON_TIME),
            NoticeState::OffTime,
            "the version in hand is the current one"
        );
        let second_alone = PlanOutcome {
            arrives: [Millis::NEVER, Millis(-1)],
            ..amended.clone()
        };
        assert_eq!(found(&second_alone, ON_TIME), NoticeState::OffTime);
        let neither = PlanOutcome {
            arrives: [Millis::NEVER, Millis(200_000)],
            ..amended
        };
        assert_eq!(found(&neither, ON_TIME), NoticeState::Late);
    }

    /// Whatever may change what a check finds is news when it comes: a version, a notice, anybody's plan; a plan that was never
    /// filed is none.
    #[test]
    fn what_comes_in_is_news() {
        let other = OtherPlan {
            aircraft: AircraftId(1),
            arrives: [Millis(40_000), Millis::NEVER],
            planned: [None, None],
        };
        let plan = PlanOutcome {
            amended: true,
            arrives: [Millis(10_000), Millis(30_000)],
            told: vec![(Millis(20_000), Millis(25_000))],
            others: [other].into(),
            ..held()
        };
        let mut came = vec![Millis(-1)];
        while came.last() != Some(&Millis::NEVER) {
            came.push(plan.news_after(came[came.len() - 1]));
        }
        let expected = [10_000, 20_000, 30_000, 40_000].map(Millis);
        assert_eq!(came[1..came.len() - 1], expected);
        let unfiled = PlanOutcome {
            filed: false,
            told: Vec::new(),
            others: Arc::default(),
            ..plan
        };
        assert_eq!(unfiled.news_after(Millis(-1)), Millis::NEVER);
    }

    /// On an orbit flown round many times the time planned for a place is the round nearest to now.
    #[test]
    fn on_an_orbit_the_round_counts_that_is_nearest_in_time() {
        let span = Span {
            start_s: 0.0,
            end_s: 1000.0,
        };
        // One round in 100 s, from the east, anticlockwise.
        let path = Path::Arc {
            center: Point::zeros(),
            radius_m: 3000.0,
            angle: 0.0,
            rate_radps: std::f64::consts::TAU / 100.0,
            altitude_m: 1000.0,
        };
        let leg = Leg { span, path };
        // In the north at 25 s, 125 s, and so on to 925 s.
        for (time_s, foot_s) in [
            (0.0, 25.0),
            (60.0, 25.0),
            (90.0, 125.0),
            (430.0, 425.0),
            (2000.0, 925.0),
        ] {
            let foot = foot(&leg, time_s, Vector3::new(0.0, 3500.0, 1000.0));
            assert!(
                (foot.time_s - foot_s).abs() < 1e-6,
                "at {time_s} s: {} s",
                foot.time_s
            );
            assert!((foot.aside2_m2 - 250_000.0).abs() < 1e-3);
        }
    }
}
