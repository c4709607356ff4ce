//! The operator between the automation and the decision: expectancy, trust in the automation, and his own judgement.
//!
//! *The automation* is the identity that follows from the fused evidence. It advises when it says something: Hostile is the
//! advice "hostile"; Friend, AssumedFriend and Neutral are the advice "not hostile"; Pending, Unknown and Suspect advise
//! nothing and pass unchanged. An advice is right if it fits what the aircraft is.
//!
//! *Acceptance*: right advice is rejected with probability `reject_right`, wrong advice accepted with probability
//! `accept_wrong`. One draw per site, aircraft, advice and value of the appearance ([`super::appearance`]): as long as he sees the
//! same and the automation says the same, the operator stays with what he made of it; looks are not retries. Where every look is a
//! draw of its own, one draw per site, track and advice.
//!
//! *Own judgement*, used where advice is rejected: signal detection, equal variances. The hostile aircraft is the signal:
//! P(says hostile | hostile) = Phi(d'/2 - c), P(says hostile | not) = Phi(-d'/2 - c), Phi(x) = erfc(-x / sqrt 2) / 2;
//! d' `sensitivity`, c `criterion` (below 0: trigger-happy). One draw per site, aircraft and value of the appearance (or per site and track), whatever the advice. d' 1.5,
//! c 0: .7734 and .2266. "Hostile" makes the identity Hostile. "Not hostile" against the advice "hostile" makes it
//! Suspect: the warning stands, the identity does not. Against the advice "not hostile", agreeing leaves it as it was.
//!
//! So with the defaults an aircraft that is not hostile and that the automation holds Hostile stays Hostile with
//! .27 + .73 * .2266 = .4354, and one that the automation holds Neutral becomes Hostile with .13 * .2266 = .0295.
//!
//! *Expectancy*: for `duration_s` after a scheduled alert, after the site's own latest engagement, or after a hostile aircraft has
//! come through to its objective, `log_odds` is added to the prior log-odds of hostile in the fusion. Alerts do not add up. It is common to all tracks of the site.
//!
//! The truth enters [`Operator::judge`] as "truly hostile", to say whether advice is right and which distribution the
//! operator samples: it is the world side of an ID source whose reading is the judgement.
//!
//! Fails by: misuse (wrong advice accepted), disuse (right advice rejected), expectancy. Assumes that the rates do not depend
//! on workload, time, or experience with the automation.
//! Source: D. M. Green and J. A. Swets, "Signal Detection Theory and Psychophysics" (1966); acceptance: M. T. Dzindolet,
//! L. G. Pierce, H. P. Beck, L. A. Dawe and B. W. Anderson, "Predicting misuse and disuse of combat identification
//! systems", Military Psychology 13(3) (2001).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Key;
use crate::record::Identity;
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

/// The operator of a site, with his errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorSpec {
    /// d': how far apart hostile and other aircraft are to the operator, in standard deviations.
    #[serde(default = "sensitivity")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub sensitivity: f64,
    /// c: how much he asks for before he says hostile; 0 is unbiased, below 0 he says it easily.
    #[serde(default)]
    #[schemars(range(min = -10.0, max = 10.0))]
    pub criterion: f64,
    /// Probability that wrong advice of the automation is accepted.
    #[serde(default = "accept_wrong")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub accept_wrong: f64,
    /// Probability that right advice of the automation is rejected.
    #[serde(default = "reject_right")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reject_right: f64,
    /// What an alert does to what he expects; without it nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectancy: Option<ExpectancySpec>,
}

fn sensitivity() -> f64 {
    1.5
}

fn accept_wrong() -> f64 {
    0.27
}

fn reject_right() -> f64 {
    0.13
}

/// Expectancy after an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectancySpec {
    /// Shift of the prior log-odds of hostile (natural logarithm); ln 9 = 2.197 makes even odds 9 to 1.
    #[schemars(range(min = -50.0, max = 50.0))]
    pub log_odds: f64,
    /// How long it lasts, s.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub duration_s: f64,
    /// When the site is alerted, hours after the start of the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts_h: Vec<AlertHour>,
    /// Whether an engagement by the site itself alerts it too.
    #[serde(default)]
    pub after_engagement: bool,
    /// Whether a hostile aircraft that reaches its objective alerts it too, wherever that is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_leaker: bool,
}

/// The time of an alert, hours after the start of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AlertHour(#[schemars(range(min = 0.0, max = 8784.0))] pub f64);

/// Whose judgement of which track.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// The random numbers of the replication.
    pub streams: &'a Streams,
    /// What the site's draws are keyed by.
    pub site_key: Key,
    /// What he draws about: the aircraft, where what is seen of it lasts; else the track.
    pub about: Key,
    /// Which of the values of the appearance is seen.
    pub appearance: u64,
    /// The identity that the automation gives.
    pub automation: Identity,
}

/// An operator, ready to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    spec: OperatorSpec,
    hit: f64,
    false_alarm: f64,
}

/// Phi, the distribution function of the standard normal.
fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

impl Operator {
    /// Makes a checked specification ready.
    pub fn new(spec: &OperatorSpec) -> Operator {
        let half = spec.sensitivity / 2.0;
        Operator {
            hit: normal_below(half - spec.criterion),
            false_alarm: normal_below(-half - spec.criterion),
            spec: spec.clone(),
        }
    }

    /// P(says hostile | hostile) and P(says hostile | not hostile) of his own judgement.
    pub fn rates(&self) -> (f64, f64) {
        (self.hit, self.false_alarm)
    }

    /// Whether hostile aircraft that reach their objectives alert him.
    pub fn heeds_leakers(&self) -> bool {
        self.spec
            .expectancy
            .as_ref()
            .is_some_and(|spec| spec.after_leaker)
    }

    /// What is added to the prior log-odds of hostile now; `engaged` is when the site last opened fire, `leaked` when a hostile
    /// aircraft last came through.
    pub fn shift_log_odds(
        &self,
        time: Millis,
        engaged: Option<Millis>,
        leaked: Option<Millis>,
    ) -> f64 {
        let Some(expectancy) = &self.spec.expectancy else {
            return 0.0;
        };
        let duration = Millis::from_seconds(expectancy.duration_s);
        let lasts = |alert: Millis| alert <= time && time < alert + duration;
        let mut alerts = expectancy.alerts_h.iter();
        let alerted = alerts.any(|alert| lasts(Millis::from_seconds(alert.0 * 3600.0)))
            || expectancy.after_engagement && engaged.is_some_and(lasts)
            || expectancy.after_leaker && leaked.is_some_and(lasts);
        if alerted { expectancy.log_odds } else { 0.0 }
    }

    /// The identity that the operator goes by.
    pub fn judge(&self, judgement: &Judgement, truly_hostile: bool) -> Identity {
        let advice = match judgement.automation {
            Identity::Hostile => true,
            Identity::Friend | Identity::AssumedFriend | Identity::Neutral => false,
            Identity::Pending | Identity::Unknown | Identity::Suspect => {
                return judgement.automation;
            }
        };
        let (streams, site, about) = (judgement.streams, judgement.site_key, judgement.about);
        let rejects = if advice == truly_hostile {
            self.spec.reject_right
        } else {
            1.0 - self.spec.accept_wrong
        };
        let mut trust = streams.about(Purpose::OperatorAid, site, about);
        if !trust.happens(2 * judgement.appearance + u64::from(advice), rejects) {
            return judgement.automation;
        }
        let says_hostile = if truly_hostile {
            self.hit
        } else {
            self.false_alarm
        };
        let mut own = streams.about(Purpose::OperatorJudgement, site, about);
        match (own.happens(judgement.appearance, says_hostile), advice) {
            (true, _) => Identity::Hostile,
            (false, true) => Identity::Suspect,
            (false, false) => judgement.automation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    fn streams() -> Streams {
        Streams::new(Replication { seed: 8, index: 0 })
    }

    fn spec() -> OperatorSpec {
        OperatorSpec {
            sensitivity: 1.5,
            criterion: 0.0,
            accept_wrong: 0.27,
            reject_right: 0.13,
            expectancy: None,
        }
    }

    fn judged(
        operator: &Operator,
        streams: &Streams,
        track: u32,
        automation: Identity,
        hostile: bool,
    ) -> Identity {
        let judgement = Judgement {
            streams,
            site_key: Key::of("site"),
            about: Key::of("track").nth(track),
            appearance: 0,
            automation,
        };
        operator.judge(&judgement, hostile)
    }

    #[test]
    fn signal_detection() {
        for (sensitivity, criterion, hit, false_alarm) in [
            (1.5, 0.0, 0.7734, 0.2266),
            (0.0, 0.0, 0.5, 0.5),
            (1.5, 0.75, 0.5, 0.0668),
            (1.5, -0.75, 0.9332, 0.5),
        ] {
            let operator = Operator::new(&OperatorSpec {
                sensitivity,
                criterion,
                ..spec()
            });
            let rates = operator.rates();
            assert!((rates.0 - hit).abs() < 5e-5, "{rates:?}");
            assert!((rates.1 - false_alarm).abs() < 5e-5, "{rates:?}");
        }
    }

    /// Shares over many tracks against the products of the model page: within 4.9 standard errors (1e-6 each).
    #[test]
    fn identities_follow_acceptance_and_judgement() {
        let (operator, streams) = (Operator::new(&spec()), streams());
        let (hit, false_alarm) = operator.rates();
        let tracks = 40_000;
        for (automation, hostile, becomes, expected) in [
            // Wrong advice.
            (
                Identity::Hostile,
                false,
                Identity::Hostile,
                0.27 + 0.73 * false_alarm,
            ),
            (
                Identity::Hostile,
                false,
                Identity::Suspect,
                0.73 * (1.0 - false_alarm),
            ),
            (Identity::Neutral, true, Identity::Hostile, 0.73 * hit),
            // Right advice.
            (
                Identity::Hostile,
                true,
                Identity::Suspect,
                0.13 * (1.0 - hit),
            ),
            (
                Identity::Neutral,
                false,
                Identity::Hostile,
                0.13 * false_alarm,
            ),
            (
                Identity::AssumedFriend,
                false,
                Identity::AssumedFriend,
                1.0 - 0.13 * false_alarm,
            ),
        ] {
            let count = (0..tracks)
                .filter(|&track| judged(&operator, &streams, track, automation, hostile) == becomes)
                .count();
            let share = count as f64 / f64::from(tracks);
            let bound = 4.9 * (expected * (1.0 - expected) / f64::from(tracks)).sqrt();
            assert!(
                (share - expected).abs() < bound,
                "{automation:?} {hostile}: {share}, expected {expected}"
            );
        }
        assert!(
            (0.27 + 0.73 * false_alarm - 0.4354).abs() < 5e-5,
            "as the page says"
        );
        assert!(
            (0.13 * false_alarm - 0.0295).abs() < 5e-5,
            "as the page says"
        );
    }

    /// Asked again about the same track with the same advice, he says the same; and what advises nothing passes.
    #[test]
    fn looks_are_not_retries() {
        let (operator, streams) = (Operator::new(&spec()), streams());
        let mut changed = 0;
        for track in 0..500 {
            let judge = |automation| judged(&operator, &streams, track, automation, false);
            let first = judge(Identity::Hostile);
            let meanwhile = judge(Identity::Neutral);
            assert_eq!(judge(Identity::Hostile), first);
            assert_eq!(
                judge(Identity::Friend) == Identity::Hostile,
                meanwhile == Identity::Hostile
            );
            for silent in [Identity::Pending, Identity::Unknown, Identity::Suspect] {
                assert_eq!(judge(silent), silent);
            }
            changed += u32::from(first != Identity::Hostile);
            // He who would call it hostile himself does so whatever the automation says, if he does not go along with it.
            assert!(meanwhile != Identity::Hostile || first == Identity::Hostile);
        }
        assert!(changed > 0);
    }

    /// An operator who goes along with everything changes nothing; one who rejects everything judges alone.
    #[test]
    fn the_limits_of_trust() {
        let streams = streams();
        let obedient = Operator::new(&OperatorSpec {
            accept_wrong: 1.0,
            reject_right: 0.0,
            ..spec()
        });
        // d' 10: never wrong in 100 tracks (Phi(-5) = 3e-7).
        let expert = Operator::new(&OperatorSpec {
            accept_wrong: 0.0,
            reject_right: 1.0,
            sensitivity: 10.0,
            ..spec()
        });
        for track in 0..100 {
            for hostile in [false, true] {
                for automation in [Identity::Hostile, Identity::Neutral] {
                    assert_eq!(
                        judged(&obedient, &streams, track, automation, hostile),
                        automation
                    );
                    let said = judged(&expert, &streams, track, automation, hostile);
                    assert_eq!(said == Identity::Hostile, hostile, "{automation:?}");
                }
            }
        }
    }

    #[test]
    fn expectancy_lasts_after_an_alert_or_an_engagement() {
        let operator = Operator::new(&OperatorSpec {
            expectancy: Some(ExpectancySpec {
                log_odds: 2.0,
                duration_s: 600.0,
                alerts_h: vec![AlertHour(1.0), AlertHour(1.1)],
                after_engagement: true,
                after_leaker: false,
            }),
            ..spec()
        });
        let at = |seconds: i64| Millis(seconds * 1000);
        for (now, engaged, shift) in [
            (at(3599), None, 0.0),
            (at(3600), None, 2.0),
            (at(3980), None, 2.0),
            (at(4559), None, 2.0),
            (at(4560), None, 0.0),
            (at(9000), Some(at(8500)), 2.0),
            (at(9000), Some(at(8400)), 0.0),
            (at(9000), Some(at(9100)), 0.0),
        ] {
            let shifts = operator.shift_log_odds(now, engaged, Some(now));
            assert_eq!(shifts, shift, "at {now:?}");
        }
        let leaked = Operator::new(&OperatorSpec {
            expectancy: Some(ExpectancySpec {
                log_odds: 2.0,
                duration_s: 600.0,
                alerts_h: Vec::new(),
                after_engagement: false,
                after_leaker: true,
            }),
            ..spec()
        });
        for (since, shift) in [(0, 2.0), (599, 2.0), (600, 0.0), (-1, 0.0)] {
            let shifts = leaked.shift_log_odds(at(9000), Some(at(9000)), Some(at(9000 - since)));
            assert_eq!(shifts, shift, "{since} s after a leaker");
        }
        assert_eq!(
            Operator::new(&spec()).shift_log_odds(at(3600), Some(at(3600)), Some(at(3600))),
            0.0
        );
    }
}
