//! Where an aircraft is at every instant: a chain of closed-form legs.
//!
//! A point mass in three dimensions at constant ground speed. Each leg is a straight line, level or climbing, or a
//! level arc. With [`Turns::Bank`] a waypoint is flown over and the next one is then steered for directly: an arc of
//! radius v^2 / (g tan bank) until it lies dead ahead, then a straight line. With [`Turns::Instant`] the course
//! changes on the waypoint. Altitude changes at the climb rate from the start of a straight, turns are level. Joining
//! the pattern on station is not modelled: the course changes at once. At the end of its route, and at its home, the
//! aircraft leaves the scenario at the altitude it has. A recorded flight has one straight line from each recorded position
//! to the next, at the ground speed and the rate of climb that bring it there in time; neither turns nor endurance are
//! the model's to decide then.
//!
//! Assumptions: no wind, no acceleration along the path, coordinated turns. Source of the turn radius: any flight
//! mechanics text; units m, s, rad; error against a rate-limited roll-in of 3 s at 85 m/s: about 250 m along track.

use std::f64::consts::{FRAC_PI_2, TAU};

use bevy_ecs::component::Component;
use nalgebra::Vector3;

use super::{AircraftSpec, Fix, Flight, Pattern, Route, Turns, Waypoint};
use crate::geometry::{Point, Span, arc_within, quadratic_below};
use crate::units::{GRAVITY_MPS2, Millis};

/// Radius of a level coordinated turn, m: v^2 / (g tan bank).
pub fn turn_radius_m(speed_mps: f64, bank_deg: f64) -> f64 {
    speed_mps * speed_mps / (GRAVITY_MPS2 * libm::tan(bank_deg.to_radians()))
}

/// A stretch of a trajectory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// When it is flown, s after the start of the scenario.
    pub span: Span,
    /// How.
    pub path: Path,
}

/// The closed form of a leg; time counts from its start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Path {
    /// Straight.
    Line {
        /// Where it starts.
        from: Point,
        /// Ground velocity, m/s.
        velocity: Point,
        /// Altitude at the start, m.
        altitude_m: f64,
        /// Rate of climb, m/s.
        climb_mps: f64,
    },
    /// Along a level circle.
    Arc {
        /// Centre.
        center: Point,
        /// Radius, m.
        radius_m: f64,
        /// Angle at the start, rad anticlockwise from east.
        angle: f64,
        /// Rate, rad/s, positive anticlockwise.
        rate_radps: f64,
        /// Altitude, m.
        altitude_m: f64,
    },
}

impl Leg {
    /// Where the aircraft is at `time_s` after the start of the scenario.
    pub fn position(&self, time_s: f64) -> Vector3<f64> {
        let time = time_s - self.span.start_s;
        match self.path {
            Path::Line {
                from,
                velocity,
                altitude_m,
                climb_mps,
            } => Vector3::new(
                from.x + velocity.x * time,
                from.y + velocity.y * time,
                altitude_m + climb_mps * time,
            ),
            Path::Arc {
                center,
                radius_m,
                angle,
                rate_radps,
                altitude_m,
            } => {
                let (sin, cos) = libm::sincos(angle + rate_radps * time);
                Vector3::new(
                    center.x + radius_m * cos,
                    center.y + radius_m * sin,
                    altitude_m,
                )
            }
        }
    }

    /// How the aircraft moves at `time_s`, m/s.
    pub fn velocity(&self, time_s: f64) -> Vector3<f64> {
        match self.path {
            Path::Line {
                velocity,
                climb_mps,
                ..
            } => velocity.push(climb_mps),
            Path::Arc {
                radius_m,
                angle,
                rate_radps,
                ..
            } => {
                let time = time_s - self.span.start_s;
                let (sin, cos) = libm::sincos(angle + rate_radps * time);
                Vector3::new(-sin, cos, 0.0) * (radius_m * rate_radps)
            }
        }
    }

    /// Calls `found` with the times, s after the start of the scenario, at which the aircraft is within `limit_m` of
    /// `point` along the ground.
    pub fn within(&self, point: Point, limit_m: f64, mut found: impl FnMut(Span)) {
        let start = self.span.start_s;
        let shift = |span: Span| Span {
            start_s: span.start_s + start,
            end_s: span.end_s + start,
        };
        match self.path {
            Path::Line { from, velocity, .. } => {
                let arm = from - point;
                let span = quadratic_below(
                    arm.norm_squared(),
                    2.0 * arm.dot(&velocity),
                    velocity.norm_squared(),
                    limit_m * limit_m,
                );
                if let Some(span) = span.and_then(|span| shift(span).within(self.span)) {
                    found(span);
                }
            }
            Path::Arc {
                center,
                radius_m,
                angle,
                rate_radps,
                ..
            } => {
                let duration = self.span.end_s - start;
                arc_within(
                    center - point,
                    radius_m,
                    angle,
                    rate_radps,
                    limit_m,
                    duration,
                    |span| {
                        if let Some(span) = shift(span).within(self.span) {
                            found(span);
                        }
                    },
                );
            }
        }
    }

    /// Lowest and highest altitude on the leg, m.
    pub fn altitudes_m(&self) -> (f64, f64) {
        match self.path {
            Path::Line {
                altitude_m,
                climb_mps,
                ..
            } => {
                let last = altitude_m + climb_mps * (self.span.end_s - self.span.start_s);
                (altitude_m.min(last), altitude_m.max(last))
            }
            Path::Arc { altitude_m, .. } => (altitude_m, altitude_m),
        }
    }
}

/// The flight of one aircraft.
#[derive(Debug, Clone, PartialEq, Component)]
pub struct Trajectory {
    /// Its legs, in order of time, without gaps.
    pub legs: Vec<Leg>,
    /// Time on station, or of the whole flight for a route without station.
    pub station: Span,
    /// Whether endurance cut it short.
    pub cut_short: bool,
}

/// What differs between two aircraft of a flight, or between plan and flight.
pub struct Draws<'a> {
    /// When it departs, s.
    pub departs_s: f64,
    /// Where on its loop it starts, in [0, 1).
    pub loop_start: f64,
    /// Cross-track deviation of the n-th leg, m to the right.
    pub deviation_m: &'a mut dyn FnMut(u64) -> f64,
}

impl Trajectory {
    /// The flight of an aircraft of `flight`, up to `until_s`.
    pub fn fly(
        flight: &Flight,
        spec: &AircraftSpec,
        draws: Draws<'_>,
        grounded: bool,
        until_s: f64,
    ) -> Trajectory {
        let departs_s = draws.departs_s;
        let mut pen = Pen::new(flight, spec, draws, grounded, until_s);
        let station = pen.draw(&flight.route, flight.home);
        let mut legs = pen.legs;
        let recorded = matches!(flight.route, Route::Recorded(_));
        let endurance_h = spec.endurance_h.filter(|_| !recorded);
        let cut_short = endurance_h.is_some_and(|hours| {
            head_home(
                &mut legs,
                flight.home,
                flight.speed_mps,
                departs_s + hours * 3600.0,
                until_s,
            )
        });
        let end_s = legs.last().map_or(departs_s, |leg| leg.span.end_s);
        // The way home is not on station, however much of that was planned.
        let turned_s = legs.last().filter(|_| cut_short);
        let turned_s = turned_s.map_or(end_s, |leg| leg.span.start_s);
        if let Some(rate_mps) = spec.climb_mps.filter(|_| grounded && end_s < until_s) {
            let after_s = station.map_or(departs_s, |station| station.end_s);
            land(&mut legs, rate_mps, after_s.min(turned_s));
        }
        let whole = Span {
            start_s: departs_s,
            end_s,
        };
        let out = Span {
            start_s: departs_s,
            end_s: turned_s,
        };
        let station = station.map_or(Some(whole), |station| station.within(out));
        let station = station.unwrap_or(Span {
            start_s: end_s,
            end_s,
        });
        Trajectory {
            legs,
            station,
            cut_short,
        }
    }

    /// When it takes off.
    pub fn departs(&self) -> Millis {
        self.legs
            .first()
            .map_or(Millis::NEVER, |leg| Millis::from_seconds(leg.span.start_s))
    }

    /// When it lands, or the scenario ends.
    pub fn lands(&self) -> Millis {
        self.legs
            .last()
            .map_or(Millis::NEVER, |leg| Millis::from_seconds(leg.span.end_s))
    }

    /// Where it is at `time`; before and after the flight, where that starts and ends.
    pub fn position(&self, time: Millis) -> Vector3<f64> {
        let time_s = time.seconds();
        let next = self.legs.partition_point(|leg| leg.span.end_s < time_s);
        match self.legs.get(next).or(self.legs.last()) {
            Some(leg) => leg.position(time_s.clamp(leg.span.start_s, leg.span.end_s)),
            None => Vector3::zeros(),
        }
    }

    /// Whether it never changes course.
    pub fn is_straight(&self) -> bool {
        matches!(
            self.legs[..],
            [] | [Leg {
                path: Path::Line { .. },
                ..
            }]
        )
    }

    /// The greatest speed on the way, m/s.
    pub fn fastest_mps(&self) -> f64 {
        let speed = |leg: &Leg| leg.velocity(leg.span.start_s).norm();
        self.legs.iter().map(speed).fold(0.0, f64::max)
    }

    /// Where it is at `time`, m, and how it moves, m/s; before and after the flight it rests.
    pub fn state(&self, time: Millis) -> (Vector3<f64>, Vector3<f64>) {
        let time_s = time.seconds();
        let next = self.legs.partition_point(|leg| leg.span.end_s < time_s);
        match self.legs.get(next) {
            Some(leg) if leg.span.start_s <= time_s => (leg.position(time_s), leg.velocity(time_s)),
            _ => (self.position(time), Vector3::zeros()),
        }
    }

    /// The position alone, starting to look for the leg at `hint`, which is left at the leg found: for a reader that goes forward.
    pub fn position_from(&self, time: Millis, hint: &mut u32) -> Vector3<f64> {
        let time_s = time.seconds();
        let mut index = *hint as usize;
        if self
            .legs
            .get(index)
            .is_none_or(|leg| leg.span.start_s > time_s)
        {
            return self.position(time);
        }
        while index + 1 < self.legs.len() && self.legs[index].span.end_s < time_s {
            index += 1;
        }
        *hint = index as u32;
        let leg = &self.legs[index];
        leg.position(time_s.clamp(leg.span.start_s, leg.span.end_s))
    }

    /// Whether `holds` is true somewhere on the way: asked at both ends of every leg and at least every `step_m` along
    /// it, so that what is cut for less than a step may be missed.
    pub fn somewhere(
        &self,
        step_m: f64,
        mut holds: impl FnMut(Millis, Vector3<f64>) -> bool,
    ) -> bool {
        self.legs.iter().any(|leg| {
            let duration_s = leg.span.end_s - leg.span.start_s;
            let length_m = leg.velocity(leg.span.start_s).norm() * duration_s;
            let steps = libm::ceil(length_m / step_m).clamp(1.0, 1e6) as u64;
            (0..=steps).any(|step| {
                let time_s = leg.span.start_s + duration_s * (step as f64 / steps as f64);
                holds(Millis::from_seconds(time_s), leg.position(time_s))
            })
        })
    }

    /// The flight that does not take place.
    pub fn cancelled() -> Trajectory {
        Trajectory {
            legs: Vec::new(),
            station: Span {
                start_s: 0.0,
                end_s: 0.0,
            },
            cut_short: false,
        }
    }

    /// When it first comes within `radius_m` of `point`.
    pub fn reaches(&self, point: Point, radius_m: f64) -> Option<Millis> {
        self.legs.iter().find_map(|leg| {
            let mut first = None;
            leg.within(point, radius_m, |span| {
                first.get_or_insert(span.start_s);
            });
            first.map(Millis::from_seconds)
        })
    }
}

/// Cuts `legs` where the time left until `back_by_s` is just enough to fly straight home, and flies home.
fn head_home(
    legs: &mut Vec<Leg>,
    home: Point,
    speed_mps: f64,
    back_by_s: f64,
    until_s: f64,
) -> bool {
    let late = |leg: &Leg, time_s: f64| {
        let arm = leg.position(time_s).xy() - home;
        time_s + arm.norm() / speed_mps - back_by_s
    };
    // The margin never grows along the flight (the distance home shrinks at most at the speed flown): bisect.
    let turn_back = legs.partition_point(|leg| late(leg, leg.span.end_s) <= 0.0);
    if turn_back == legs.len() {
        return false;
    }
    legs.truncate(turn_back + 1);
    let leg = legs[turn_back];
    let (mut early, mut after) = (leg.span.start_s, leg.span.end_s);
    for _ in 0..64 {
        let middle = 0.5 * (early + after);
        if late(&leg, middle) <= 0.0 {
            early = middle
        } else {
            after = middle
        }
    }
    let place = leg.position(early);
    legs[turn_back].span.end_s = early;
    let way = home - place.xy();
    let distance = way.norm();
    if distance > 0.0 {
        let end_s = (early + distance / speed_mps).min(until_s);
        let path = Path::Line {
            from: place.xy(),
            velocity: way * (speed_mps / distance),
            altitude_m: place.z,
            climb_mps: 0.0,
        };
        legs.push(Leg {
            span: Span {
                start_s: early,
                end_s,
            },
            path,
        });
    }
    true
}

/// Brings a flight down to the ground at its end: on straights from `from_s` on it is no higher than it can still come down from at
/// `rate_mps`. Where they are too short for that it comes as low as it gets.
fn land(legs: &mut Vec<Leg>, rate_mps: f64, from_s: f64) {
    let first = legs.partition_point(|leg| leg.span.start_s < from_s);
    let approach = legs.split_off(first);
    let straight_s = |leg: &Leg| match leg.path {
        Path::Line { .. } => leg.span.end_s - leg.span.start_s,
        Path::Arc { .. } => 0.0,
    };
    let Some(begins) = approach.first() else {
        return;
    };
    let begins_m = begins.position(begins.span.start_s).z;
    let left_s: f64 = approach.iter().map(straight_s).sum();
    // The highest it may be, from leg to leg.
    let mut most_m = (rate_mps * left_s).max(begins_m);
    for leg in approach {
        let span = leg.span;
        match leg.path {
            Path::Arc {
                center,
                radius_m,
                angle,
                rate_radps,
                altitude_m,
            } => legs.push(Leg {
                span,
                path: Path::Arc {
                    center,
                    radius_m,
                    angle,
                    rate_radps,
                    altitude_m: altitude_m.min(most_m),
                },
            }),
            Path::Line {
                from,
                velocity,
                altitude_m,
                climb_mps,
            } => {
                let duration_s = span.end_s - span.start_s;
                let closing_mps = climb_mps + rate_mps;
                // When it is as high as it may be.
                let meets_s = if altitude_m >= most_m {
                    0.0
                } else if closing_mps > 0.0 {
                    ((most_m - altitude_m) / closing_mps).min(duration_s)
                } else {
                    duration_s
                };
                let turns_s = span.start_s + meets_s;
                if meets_s > 0.0 {
                    legs.push(Leg {
                        span: Span {
                            end_s: if meets_s < duration_s {
                                turns_s
                            } else {
                                span.end_s
                            },
                            ..span
                        },
                        path: leg.path,
                    });
                }
                if meets_s < duration_s {
                    legs.push(Leg {
                        span: Span {
                            start_s: turns_s,
                            ..span
                        },
                        path: Path::Line {
                            from: from + velocity * meets_s,
                            velocity,
                            altitude_m: most_m - rate_mps * meets_s,
                            climb_mps: -rate_mps,
                        },
                    });
                }
                most_m -= rate_mps * duration_s;
            }
        }
    }
}

/// Draws legs one after the other.
struct Pen<'a> {
    speed_mps: f64,
    climb_mps: Option<f64>,
    turn_radius_m: Option<f64>,
    turns: Turns,
    until_s: f64,
    draws: Draws<'a>,
    grounded: bool,
    time_s: f64,
    at: Point,
    altitude_m: f64,
    course: Option<Point>,
    legs_begun: u64,
    legs: Vec<Leg>,
}

impl<'a> Pen<'a> {
    fn new(
        flight: &Flight,
        spec: &AircraftSpec,
        draws: Draws<'a>,
        grounded: bool,
        until_s: f64,
    ) -> Pen<'a> {
        let turn_radius_m = match (flight.turns, spec.bank_deg) {
            (Turns::Bank, Some(bank_deg)) => Some(turn_radius_m(flight.speed_mps, bank_deg)),
            _ => None,
        };
        Pen {
            speed_mps: flight.speed_mps,
            climb_mps: spec.climb_mps,
            turn_radius_m,
            turns: flight.turns,
            until_s,
            grounded,
            time_s: draws.departs_s,
            draws,
            at: Point::zeros(),
            altitude_m: 0.0,
            course: None,
            legs_begun: 0,
            legs: Vec::new(),
        }
    }

    fn done(&self) -> bool {
        self.time_s >= self.until_s
    }

    fn start_at(&mut self, at: Point, altitude_m: f64) {
        self.at = at;
        self.altitude_m = if self.grounded { 0.0 } else { altitude_m };
    }

    /// Draws the route; returns the time on station where there is one.
    fn draw(&mut self, route: &Route, home: Point) -> Option<Span> {
        match route {
            Route::Waypoints(points) => {
                self.start_at(points[0].at, points[0].altitude_m);
                self.along(points);
                None
            }
            Route::Loop {
                points,
                random_start,
            } => {
                let (mut next, start) = if *random_start {
                    place_on_loop(points, self.draws.loop_start)
                } else {
                    (1 % points.len(), points[0].at)
                };
                self.start_at(start, points[next].altitude_m);
                let mut from = points[(next + points.len() - 1) % points.len()].at;
                while !self.done() {
                    self.leg(from, points[next]);
                    from = points[next].at;
                    next = (next + 1) % points.len();
                }
                None
            }
            Route::Recorded(fixes) => {
                self.recorded(fixes);
                None
            }
            Route::Station {
                ingress,
                pattern,
                altitude_m,
                station_s,
                egress,
            } => {
                match ingress.first() {
                    Some(first) => {
                        self.start_at(first.at, first.altitude_m);
                        self.along(ingress);
                    }
                    None => {
                        let start = match *pattern {
                            Pattern::Orbit {
                                center, radius_m, ..
                            } => center + Point::new(radius_m, 0.0),
                            Pattern::Racetrack { from, .. } => from,
                        };
                        self.start_at(start, *altitude_m);
                    }
                }
                let station = self.stay(pattern, *altitude_m, *station_s);
                let back = Waypoint {
                    at: home,
                    altitude_m: *altitude_m,
                };
                let way_back = if egress.is_empty() {
                    std::slice::from_ref(&back)
                } else {
                    egress
                };
                let mut from = self.at;
                for &point in way_back {
                    self.leg(from, point);
                    from = point.at;
                }
                Some(station)
            }
        }
    }

    fn along(&mut self, points: &[Waypoint]) {
        for pair in points.windows(2) {
            self.leg(pair[0].at, pair[1]);
        }
    }

    /// From one recorded position to the next, each leg at its own speed.
    fn recorded(&mut self, fixes: &[Fix]) {
        let departs_s = self.time_s;
        for pair in fixes.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let duration_s = to.after_s - from.after_s;
            let span = Span {
                start_s: departs_s + from.after_s,
                end_s: (departs_s + to.after_s).min(self.until_s),
            };
            if span.start_s >= span.end_s {
                break;
            }
            let path = Path::Line {
                from: from.at,
                velocity: (to.at - from.at) / duration_s,
                altitude_m: from.altitude_m,
                climb_mps: (to.altitude_m - from.altitude_m) / duration_s,
            };
            self.legs.push(Leg { span, path });
        }
    }

    /// The leg of the route from `from` to `to`, flown from wherever the aircraft is.
    fn leg(&mut self, from: Point, to: Waypoint) {
        let way = to.at - from;
        let length = way.norm();
        if length <= 0.0 || self.done() {
            return;
        }
        let right = Point::new(way.y, -way.x) / length;
        let aside = right * (self.draws.deviation_m)(self.legs_begun);
        if aside != Point::zeros() {
            if self.legs_begun == 0 {
                self.at += aside;
            } else if self.turns == Turns::Instant {
                self.straight(from + aside, to.altitude_m);
            }
        }
        self.legs_begun += 1;
        self.turn_towards(to.at + aside);
        self.straight(to.at + aside, to.altitude_m);
    }

    fn push(&mut self, duration_s: f64, path: Path) {
        if duration_s <= 0.0 || self.done() {
            return;
        }
        let end_s = (self.time_s + duration_s).min(self.until_s);
        self.legs.push(Leg {
            span: Span {
                start_s: self.time_s,
                end_s,
            },
            path,
        });
        self.time_s += duration_s;
    }

    /// Straight to `to`, climbing or descending to `altitude_m` first.
    fn straight(&mut self, to: Point, altitude_m: f64) {
        let way = to - self.at;
        let length = way.norm();
        if length <= 0.0 {
            return;
        }
        let course = way / length;
        let velocity = course * self.speed_mps;
        let mut left_s = length / self.speed_mps;
        let mut from = self.at;
        let rise = altitude_m - self.altitude_m;
        match self.climb_mps {
            Some(rate) if rise != 0.0 => {
                let climb_mps = if rise > 0.0 { rate } else { -rate };
                let climbing_s = (rise / climb_mps).min(left_s);
                self.push(
                    climbing_s,
                    Path::Line {
                        from,
                        velocity,
                        altitude_m: self.altitude_m,
                        climb_mps,
                    },
                );
                let reached = climbing_s < left_s;
                self.altitude_m = if reached {
                    altitude_m
                } else {
                    self.altitude_m + climb_mps * climbing_s
                };
                from += velocity * climbing_s;
                left_s -= climbing_s;
            }
            _ => self.altitude_m = altitude_m,
        }
        self.push(
            left_s,
            Path::Line {
                from,
                velocity,
                altitude_m: self.altitude_m,
                climb_mps: 0.0,
            },
        );
        self.at = to;
        self.course = Some(course);
    }

    /// With bank-limited turns: the arc after which `to` lies dead ahead.
    fn turn_towards(&mut self, to: Point) {
        let (Some(radius), Some(course)) = (self.turn_radius_m, self.course) else {
            return;
        };
        let way = to - self.at;
        let cross = course.perp(&way);
        if cross.abs() <= 1e-9 * way.norm() && course.dot(&way) >= 0.0 {
            return;
        }
        let left_of_course = Point::new(-course.y, course.x);
        let mut left = cross >= 0.0;
        let mut center = self.at + left_of_course * if left { radius } else { -radius };
        if (to - center).norm() <= radius {
            // Too near to be reached by turning its way: go round the other.
            left = !left;
            center = self.at + left_of_course * if left { radius } else { -radius };
        }
        let arm = self.at - center;
        let aim = to - center;
        let angle = libm::atan2(arm.y, arm.x);
        let tangent = libm::acos((radius / aim.norm()).min(1.0));
        let bearing = libm::atan2(aim.y, aim.x);
        let exit = if left {
            bearing - tangent
        } else {
            bearing + tangent
        };
        let sweep = if left { exit - angle } else { angle - exit }.rem_euclid(TAU);
        if sweep > TAU - 1e-9 {
            return;
        }
        self.arc(center, radius, angle, left, sweep);
    }

    fn arc(&mut self, center: Point, radius_m: f64, angle: f64, left: bool, sweep: f64) {
        let sign = if left { 1.0 } else { -1.0 };
        let rate = self.speed_mps / radius_m;
        self.push(
            sweep / rate,
            Path::Arc {
                center,
                radius_m,
                angle,
                rate_radps: sign * rate,
                altitude_m: self.altitude_m,
            },
        );
        let (sin, cos) = libm::sincos(angle + sign * sweep);
        self.at = center + Point::new(cos, sin) * radius_m;
        self.course = Some(Point::new(-sin, cos) * sign);
    }

    fn stay(&mut self, pattern: &Pattern, altitude_m: f64, station_s: f64) -> Span {
        match *pattern {
            Pattern::Orbit {
                center,
                radius_m,
                right,
            } => {
                let arm = self.at - center;
                let distance = arm.norm();
                let bearing = if distance > 0.0 {
                    libm::atan2(arm.y, arm.x)
                } else {
                    0.0
                };
                let tangent = libm::acos((radius_m / distance.max(radius_m)).min(1.0));
                let angle = if right {
                    bearing - tangent
                } else {
                    bearing + tangent
                };
                let join = center + Point::new(libm::cos(angle), libm::sin(angle)) * radius_m;
                if (join - self.at).norm() > 1e-6 {
                    self.turn_towards(join);
                    self.straight(join, altitude_m);
                }
                let start_s = self.time_s;
                self.arc(
                    center,
                    radius_m,
                    angle,
                    !right,
                    station_s * self.speed_mps / radius_m,
                );
                Span {
                    start_s,
                    end_s: self.time_s,
                }
            }
            Pattern::Racetrack {
                from,
                to,
                radius_m,
                right,
            } => {
                if (from - self.at).norm() > 1e-6 {
                    self.turn_towards(from);
                    self.straight(from, altitude_m);
                }
                let along = (to - from).normalize();
                let aside = Point::new(-along.y, along.x)
                    * if right {
                        -2.0 * radius_m
                    } else {
                        2.0 * radius_m
                    };
                let corners = [(from, to), (to + aside, from + aside)];
                let start_s = self.time_s;
                let end_s = start_s + station_s;
                let until_s = self.until_s;
                self.until_s = end_s.min(until_s);
                let mut side = 0;
                while !self.done() {
                    let (begin, end) = corners[side % 2];
                    self.at = begin;
                    self.straight(end, altitude_m);
                    let heading = if side.is_multiple_of(2) {
                        along
                    } else {
                        -along
                    };
                    let outward =
                        Point::new(heading.y, -heading.x) * if right { -1.0 } else { 1.0 };
                    let angle = libm::atan2(outward.y, outward.x);
                    self.arc(
                        end - outward * radius_m,
                        radius_m,
                        angle,
                        !right,
                        2.0 * FRAC_PI_2,
                    );
                    side += 1;
                }
                self.until_s = until_s;
                if let Some(last) = self.legs.last() {
                    // The last leg of the pattern was cut where the time on station ended.
                    let cut_s = last.span.end_s;
                    let place = last.position(cut_s);
                    let before = last.position((cut_s - 0.001).max(last.span.start_s));
                    self.time_s = cut_s;
                    self.at = place.xy();
                    self.altitude_m = place.z;
                    self.course = (place.xy() - before.xy())
                        .try_normalize(0.0)
                        .or(self.course);
                }
                Span {
                    start_s,
                    end_s: self.time_s,
                }
            }
        }
    }
}

/// The point a share of the way round a loop, and the index of the waypoint that comes next.
fn place_on_loop(points: &[Waypoint], share: f64) -> (usize, Point) {
    let length = |index: usize| (points[(index + 1) % points.len()].at - points[index].at).norm();
    let perimeter: f64 = (0..points.len()).map(length).sum();
    let mut left = share * perimeter;
    for index in 0..points.len() {
        let next = (index + 1) % points.len();
        let length = length(index);
        if left < length || index + 1 == points.len() {
            let way = points[next].at - points[index].at;
            return (next, points[index].at + way * (left / length).min(1.0));
        }
        left -= length;
    }
    (0, points[0].at)
}
