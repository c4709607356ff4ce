//! R5: self-defence at a track that closes in.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, EngagementRequest, Named, Opens, Rule, RulePage, Spec, Stage};
use crate::record::Reason;

pub(super) static PAGE: RulePage = RulePage {
    id: "R5",
    key: "self_defence",
    title: "Self-defence: a track that closes in may be fired at whatever the status",
    page: "\
A site may fire at a track that closes in on it, also on hold, also weapons tight at a track not identified as Hostile, and without
waiting for an answer of the hotline (R7). With p the place of the track as seen from the site and v its velocity, both in
three dimensions, the test is: closing speed -p.v/|p| >= `min_closing_mps` and above 0; and |p + v t| <= `approach_m` at
t = -p.v/v^2, the time of the closest point of approach, or at `within_s` if that comes first.

Self-defence overrides the status and the lack of an identity, not a protection: a track identified as Friend, AssumedFriend or
Neutral, one that matches a plan in hand (R6), one inside a corridor (R9), and one that the hotline has confirmed (R7) are
not fired at.

Fails by: false trigger; an aircraft that happens to fly over the site passes the same test as one that attacks it.
Costs: neutral loss. Assumes a track without error in place and speed, and a straight course.
Source: inherent right of self-defence as in JP 3-01; closest point of approach as in any text on collision avoidance
(Kuchar and Yang 2000).",
    reasons: &["self_defence"],    stages: &[Stage::Override, Stage::AreaDefence, Stage::AskDefence],
    amends: None,
    binds_all: false,
    offer: Err("it only allows shots"),
};

/// R5: self-defence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelfDefenceSpec {
    /// Slant distance within which the track is going to come, m.
    #[serde(default = "approach_m")]
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub approach_m: f64,
    /// Time in which it is going to do so, s.
    #[serde(default = "within_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub within_s: f64,
    /// Closing speed along the line of sight that must be reached, m/s.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 2000.0))]
    pub min_closing_mps: f64,
}

fn approach_m() -> f64 {
    2000.0
}

fn within_s() -> f64 {
    60.0
}

impl Spec for SelfDefenceSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(self.clone()))
    }
}

impl SelfDefenceSpec {
    /// Whether a track closes in; one that rests does not.
    fn triggers(&self, request: &EngagementRequest<'_>) -> bool {
        let velocity = request.track.velocity_mps;
        let arm = request.track.place - request.site.push(0.0);
        let closing = -arm.dot(&velocity);
        if closing <= 0.0 || closing < self.min_closing_mps * arm.norm() {
            return false;
        }
        let nearest_s = (closing / velocity.norm_squared()).min(self.within_s);
        (arm + velocity * nearest_s).norm() <= self.approach_m
    }
}

impl Rule for SelfDefenceSpec {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        on.verdict.opens = Opens::Another;
        let triggers = self.triggers(on.request);
        if on.verdict.yields() {
            on.verdict.next_scan();
            if triggers {
                on.verdict.permit(PAGE.id, Reason::SelfDefence);
            }
        }
        match triggers {
            true => "closes_in",
            false => "does_not_close_in",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, case};
    use super::*;
    use crate::record::Identity;
    use nalgebra::Vector3;

    fn triggers(rule: &SelfDefenceSpec, place: [f64; 3], velocity: [f64; 3]) -> bool {
        let case = Case {
            place: Vector3::from(place),
            velocity_mps: Vector3::from(velocity),
            ..case(Identity::Unknown)
        };
        rule.triggers(&case.request())
    }

    /// Closing, near enough, soon enough, fast enough: each bound by itself.
    #[test]
    fn each_part_of_the_test_is_needed() {
        let rule = SelfDefenceSpec {
            approach_m: 1000.0,
            within_s: 50.0,
            min_closing_mps: 60.0,
        };
        let start = [-5000.0, 0.0, 500.0];
        assert!(triggers(&rule, start, [100.0, 0.0, 0.0]));
        assert!(!triggers(&rule, start, [-100.0, 0.0, 0.0]), "going away");
        assert!(!triggers(&rule, start, [50.0, 0.0, 0.0]), "too slow");
        assert!(
            !triggers(&rule, [-5000.0, 1001.0, 0.0], [100.0, 0.0, 0.0]),
            "passes by"
        );
        assert!(triggers(&rule, [-5000.0, 999.0, 0.0], [100.0, 0.0, 0.0]));
        // After 50 s it is at 1000 m, or at 1010 m.
        assert!(triggers(&rule, [-6000.0, 0.0, 0.0], [100.0, 0.0, 0.0]));
        assert!(!triggers(&rule, [-6010.0, 0.0, 0.0], [100.0, 0.0, 0.0]));
        // Overhead, but high.
        assert!(!triggers(&rule, [-5000.0, 0.0, 1001.0], [100.0, 0.0, 0.0]));
        assert!(
            !rule.triggers(&case(Identity::Unknown).request()),
            "no velocity"
        );
    }

    /// On a straight course that passes at `aside_m` the test is never met from anywhere, if that is beyond the bound.
    #[test]
    fn who_passes_beyond_the_bound_never_triggers() {
        let rule = SelfDefenceSpec {
            approach_m: 2000.0,
            within_s: 3600.0,
            min_closing_mps: 0.0,
        };
        for (aside_m, expected) in [(2000.1, false), (1999.9, true)] {
            let somewhere = (-400..400).any(|step| {
                let place = [f64::from(step) * 100.0, aside_m, 0.0];
                triggers(&rule, place, [70.0, 0.0, 0.0])
            });
            assert_eq!(somewhere, expected, "{aside_m} m");
        }
    }
}
