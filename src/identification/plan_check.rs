//! Procedural identification: does a track match a flight plan the site holds?
//!
//! A track matches when the foot of its position on some leg of the planned path is within the lateral gate, the time
//! planned for that foot within the window of the present time, and the planned altitude there within the vertical
//! gate. The position is the track's, which in this version is the true one. What is checked is the version the site
//! holds: a stale one may still fit. The states are recorded in the order of the notice chain,
//! q = filed * addressed * delivered * P(latency < notice) * P(|dt| <= window) * P(inside the gate) * correlation.

use nalgebra::Vector3;

use super::FlightPlanCueSpec;
use crate::platform::trajectory::{Leg, Path, Trajectory};
use crate::record::NoticeState;
use crate::units::Millis;

/// What one site knows, and may come to know, of one aircraft's flight plan.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// Whether a plan was filed.
    pub filed: bool,
    /// Whether it went astray.
    pub astray: bool,
    /// Whether the addressees' graph reaches this site.
    pub covered: bool,
    /// Whether the second version is the current one.
    pub amended: bool,
    /// When each version arrives here.
    pub arrives: [Millis; 2],
    /// Drawn: a conforming track is matched.
    pub correlates: bool,
    /// Drawn: a track without a match of its own is matched with somebody else's plan.
    pub chance_match: bool,
}

/// What the planned paths are, by version.
pub type PlannedPaths = [Option<Trajectory>; 2];

impl PlanFile {
    /// What the check finds at `time` for a track at `place`.
    pub fn check(
        &self,
        cue: &FlightPlanCueSpec,
        planned: &PlannedPaths,
        time: Millis,
        place: Vector3<f64>,
    ) -> NoticeState {
        let state = self.own_plan(cue, planned, time, place);
        if !state.matched() && self.chance_match {
            NoticeState::ChanceMatch
        } else {
            state
        }
    }

    fn own_plan(
        &self,
        cue: &FlightPlanCueSpec,
        planned: &PlannedPaths,
        time: Millis,
        place: Vector3<f64>,
    ) -> NoticeState {
        if !self.filed {
            return NoticeState::NotFiled;
        }
        let current = usize::from(self.amended);
        let held = (0..=current)
            .rev()
            .find(|&version| self.arrives[version] <= time);
        let Some(version) = held else {
            return if self.arrives[current] != Millis::NEVER {
                NoticeState::Late
            } else if self.astray {
                NoticeState::Astray
            } else if !self.covered {
                NoticeState::FiledWithOthers
            } else {
                NoticeState::Lost
            };
        };
        let state = match &planned[version] {
            Some(path) => conformance(cue, path, time.seconds(), place),
            None => NoticeState::OffRoute,
        };
        match state {
            NoticeState::Matched if !self.correlates => NoticeState::Unmatched,
            NoticeState::Matched => NoticeState::Matched,
            _ if version != current => NoticeState::Stale,
            other => other,
        }
    }
}

/// Whether a place at a time conforms to a planned path.
fn conformance(
    cue: &FlightPlanCueSpec,
    path: &Trajectory,
    time_s: f64,
    place: Vector3<f64>,
) -> NoticeState {
    let mut in_gate = false;
    for leg in &path.legs {
        let foot = foot(leg, time_s, place);
        if foot.aside2_m2 > cue.lateral_gate_m * cue.lateral_gate_m
            || (foot.altitude_m - place.z).abs() > cue.vertical_gate_m
        {
            continue;
        }
        in_gate = true;
        if (time_s - foot.time_s).abs() <= cue.window_s {
            return NoticeState::Matched;
        }
    }
    if in_gate {
        NoticeState::OffTime
    } else {
        NoticeState::OffRoute
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
