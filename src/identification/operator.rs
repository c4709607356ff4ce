//! The operator between the aid and the decision: expectancy, trust in the aid, and his own judgement.
//!
//! *The aid* is the identity that follows from the fused evidence. It advises when it says something: Hostile is the
//! advice "hostile"; Friend, AssumedFriend and Neutral are the advice "not hostile"; Pending, Unknown and Suspect advise
//! nothing and pass unchanged. An advice is right if it fits what the aircraft is.
//!
//! *Acceptance*: right advice is rejected with probability `reject_right`, wrong advice accepted with probability
//! `accept_wrong`. One draw per site, track and advice (two numbers per track): as long as the aid says the same, the
//! operator stays with what he made of it; looks are not retries.
//!
//! *Own judgement*, used where advice is rejected: signal detection, equal variances. The hostile aircraft is the signal:
//! P(says hostile | hostile) = Phi(d'/2 - c), P(says hostile | not) = Phi(-d'/2 - c), Phi(x) = erfc(-x / sqrt 2) / 2;
//! d' `sensitivity`, c `criterion` (below 0: trigger-happy). One draw per site and track, whatever the advice. d' 1.5,
//! c 0: .7734 and .2266. "Hostile" makes the identity Hostile. "Not hostile" against the advice "hostile" makes it
//! Suspect: the warning stands, the identity does not. Against the advice "not hostile", agreeing leaves it as it was.
//!
//! So with the defaults an aircraft that is not hostile and that the aid holds Hostile stays Hostile with
//! .27 + .73 * .2266 = .4354, and one that the aid holds Neutral becomes Hostile with .13 * .2266 = .0295.
//!
//! *Expectancy*: for `duration_s` after a scheduled alert, or after the site's own latest engagement, `log_odds` is added
//! to the prior log-odds of hostile in the fusion. Alerts do not add up. It is common to all tracks of the site.
//!
//! The truth enters [`Operator::judge`] as "truly hostile", to say whether advice is right and which distribution the
//! operator samples: it is the world side of a cue whose reading is the judgement.
//!
//! Fails by: misuse (wrong aid accepted), disuse (right aid rejected), expectancy. Assumes that the rates do not depend
//! on workload, time, or experience with the aid.
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
    /// Probability that wrong advice of the aid is accepted.
    #[serde(default = "accept_wrong")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub accept_wrong: f64,
    /// Probability that right advice of the aid is rejected.
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
}

/// The time of an alert, hours after the start of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AlertHour(#[schemars(range(min = 0.0, max = 8784.0))] pub f64);

/// Whose judgement of which track.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// The luck of the replication.
    pub streams: &'a Streams,
    /// What the site's draws are keyed by.
    pub site_key: Key,
    /// What the track's draws are keyed by: one key for the whole life of the track, such as the aircraft's key and the
    /// number of the track.
    pub track_key: Key,
    /// The identity that the aid gives.
    pub aid: Identity,
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

    /// What is added to the prior log-odds of hostile now; `engaged` is when the site last opened fire.
    pub fn shift_log_odds(&self, time: Millis, engaged: Option<Millis>) -> f64 {
        let Some(expectancy) = &self.spec.expectancy else {
            return 0.0;
        };
        let duration = Millis::from_seconds(expectancy.duration_s);
        let lasts = |alert: Millis| alert <= time && time < alert + duration;
        let mut alerts = expectancy.alerts_h.iter();
        let alerted = alerts.any(|alert| lasts(Millis::from_seconds(alert.0 * 3600.0)))
            || expectancy.after_engagement && engaged.is_some_and(lasts);
        if alerted { expectancy.log_odds } else { 0.0 }
    }

    /// The identity that the operator goes by.
    pub fn judge(&self, judgement: &Judgement, truly_hostile: bool) -> Identity {
        let advice = match judgement.aid {
            Identity::Hostile => true,
            Identity::Friend | Identity::AssumedFriend | Identity::Neutral => false,
            Identity::Pending | Identity::Unknown | Identity::Suspect => return judgement.aid,
        };
        let (streams, site, track) = (judgement.streams, judgement.site_key, judgement.track_key);
        let rejects = if advice == truly_hostile {
            self.spec.reject_right
        } else {
            1.0 - self.spec.accept_wrong
        };
        let mut trust = streams.about(Purpose::OperatorAid, site, track);
        if !trust.happens(u64::from(advice), rejects) {
            return judgement.aid;
        }
        let says_hostile = if truly_hostile {
            self.hit
        } else {
            self.false_alarm
        };
        let mut own = streams.about(Purpose::OperatorJudgement, site, track);
        match (own.happens(0, says_hostile), advice) {
            (true, _) => Identity::Hostile,
            (false, true) => Identity::Suspect,
            (false, false) => judgement.aid,
        }
    }
}
