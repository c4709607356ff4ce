//! R3: who releases fire, and the queue at his desk.

use std::collections::BTreeMap;

use bevy_ecs::resource::Resource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EngagementRequest, Enquiries, Enquiry, RulePage, Standing, parameter};
use crate::airspace::{Delay, FixedDelay};
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R3",
    key: "engagement_authority",
    title: "Engagement authority: somebody else releases fire",
    page: "\
Before the first shot at a track a site asks for release and holds fire until it is granted (reason awaiting_approval). With
`level` site its own commander decides, a desk of his own, with sector one desk for all sites under a command node, with joint one desk for all sites of
a side. A desk works off one request after the other, first come first served, each in a time drawn from `service`; when more than
`capacity` would have to wait, a request is refused at once (reason approval_overload). The desk knows more than the site: it refuses
a track that is truly a friend or neutral to it with probability `veto_protected`, a hostile one with `veto_hostile`, drawn once per
desk and aircraft, so that all its sites are told the same (reason approval_refused). A refusal holds for the track's life. Without
an answer after `timeout_s` a site does as `on_timeout` says: hold (reason approval_timed_out) or fire. A site whose line to its
command is down (R4) can neither ask nor be answered until it is up. A site acts on an answer from its next scan on, on a late one
even after the timeout; a request is not withdrawn when its aircraft is gone.

With n requests at once and a fixed service s the k-th is answered after k s. A veto that is sure of friends leaves of their losses
1 - veto_protected.

Fails by: overload: a raid fills the queue; lost lines; a desk that knows no more than the site.
Costs: decision delay at every track, leakers among them.
Source: engagement authority and its delegation as in JP 3-01; Defense Science Board task force on Patriot system performance (2005)
for why it is held high. All figures are assumptions.",
    parameters: &[
        parameter("level", "choice", "\"site\"", "\"site\", \"sector\", \"joint\"", "whose desk releases fire"),
        parameter("service", "delay", "{ fixed = { delay_s = 30 } }", "any delay", "time the desk takes for a request"),
        parameter("capacity", "requests", "8", "0 to 1000", "requests that may wait at a desk"),
        parameter("veto_protected", "probability", "0.5", "0 to 1", "probability that it refuses what is friend or neutral"),
        parameter("veto_hostile", "probability", "0.0", "0 to 1", "probability that it refuses what is hostile"),
        parameter("timeout_s", "s", "300.0", "0 to 86400", "time after which a site goes on without an answer"),
        parameter("on_timeout", "choice", "\"hold\"", "\"hold\", \"fire\"", "what it does then"),
    ],
    reasons: &[
        "awaiting_approval",
        "approval_refused",
        "approval_overload",
        "approval_timed_out",
    ],
};

/// R3: engagement authority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementAuthoritySpec {
    /// Whose desk releases fire.
    #[serde(default)]
    pub level: AuthorityLevel,
    /// Time the desk takes for a request; one draw per site and aircraft.
    #[serde(default = "half_a_minute")]
    pub service: Delay,
    /// Requests that may wait at a desk besides the one that is worked on.
    #[serde(default = "eight")]
    #[schemars(range(min = 0, max = 1000))]
    pub capacity: u32,
    /// Probability that it refuses what is friend or neutral; one draw per desk and aircraft.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub veto_protected: f64,
    /// Probability that it refuses what is hostile; one draw per desk and aircraft.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub veto_hostile: f64,
    /// Time after which a site goes on without an answer, s.
    #[serde(default = "five_minutes")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub timeout_s: f64,
    /// What it does then.
    #[serde(default)]
    pub on_timeout: OnTimeout,
}

fn half_a_minute() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 30.0 })
}

fn eight() -> u32 {
    8
}

fn half() -> f64 {
    0.5
}

fn five_minutes() -> f64 {
    300.0
}

/// Whose desk releases fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityLevel {
    /// The site's own commander.
    #[default]
    Site,
    /// One desk for all sites under a command node; a site without one has its own.
    Sector,
    /// One desk for all sites of a side.
    Joint,
}

/// What a site does without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// It holds fire.
    #[default]
    Hold,
    /// It fires on its own.
    Fire,
}

/// What the desk of one site will do about one aircraft, drawn before the first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalFile {
    /// How long it works on the request.
    pub service: Millis,
    /// Whether it refuses.
    pub vetoes: bool,
}

/// What a desk said of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// When the answer is there.
    pub time: Millis,
    /// Whether fire is released.
    pub granted: bool,
    /// Whether the desk was too busy to take the request at all.
    pub overload: bool,
}

/// The queue at one desk.
#[derive(Debug, Clone, Default)]
struct Desk {
    /// When each request now at the desk is done, in order.
    done: Vec<Millis>,
}

impl Desk {
    /// Takes a request, at times that never go back.
    fn request(&mut self, now: Millis, file: &ApprovalFile, capacity: u32) -> Answer {
        self.done.retain(|done| *done > now);
        // One is worked on, the others wait.
        if self.done.len() > capacity as usize {
            return Answer {
                time: now,
                granted: false,
                overload: true,
            };
        }
        let begins = self.done.last().copied().unwrap_or(now);
        let time = begins + file.service;
        self.done.push(time);
        Answer {
            time,
            granted: !file.vetoes,
            overload: false,
        }
    }
}

/// The desks that release fire, by what their draws are keyed by.
#[derive(Debug, Resource)]
pub struct Desks {
    /// Requests that may wait at each.
    capacity: u32,
    desks: BTreeMap<Key, Desk>,
}

impl Desks {
    /// Desks at which so many may wait, and nobody does.
    pub fn new(capacity: u32) -> Desks {
        Desks {
            capacity,
            desks: BTreeMap::new(),
        }
    }

    /// The answer of a desk to a request, at times that never go back.
    pub fn request(&mut self, desk: Key, now: Millis, file: &ApprovalFile) -> Answer {
        let capacity = self.capacity;
        let desk = self.desks.entry(desk).or_default();
        desk.request(now, file, capacity)
    }
}

impl EngagementAuthoritySpec {
    pub(super) fn draw(
        &self,
        streams: &Streams,
        site: Key,
        desk: Key,
        aircraft: Key,
        standing: &Standing,
    ) -> ApprovalFile {
        let veto = if standing.hostile {
            self.veto_hostile
        } else {
            self.veto_protected
        };
        let mut service = streams.about(Purpose::ApprovalTime, site, aircraft);
        let mut luck = streams.about(Purpose::Veto, desk, aircraft);
        ApprovalFile {
            service: Millis::from_seconds(service.delay_s(0, &self.service)),
            vetoes: luck.happens(0, veto),
        }
    }

    /// Asks for release, if that has not been done for the track, and holds fire as the answer, or the lack of it, demands.
    pub(super) fn decide(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &mut Enquiries,
    ) -> Result<(), Decision> {
        let answer = enquiries.answer;
        let asked = *enquiries
            .asked(Enquiry::Authority)
            .get_or_insert(request.track.time);
        let reason = match answer {
            Some(answer) if answer.overload => Reason::ApprovalOverload,
            Some(answer) if answer.time <= request.track.time && answer.granted => return Ok(()),
            Some(answer) if answer.time <= request.track.time => Reason::ApprovalRefused,
            _ if request.track.time - asked < Millis::from_seconds(self.timeout_s) => {
                Reason::AwaitingApproval
            }
            _ if self.on_timeout == OnTimeout::Fire => return Ok(()),
            _ => Reason::ApprovalTimedOut,
        };
        Err(Decision {
            rule: PAGE.id,
            reason,
        })
    }

    /// Until when it says the same of a track asked about at `asked`; a request that has not gone out may do so at the next scan.
    pub(super) fn until(&self, enquiries: &Enquiries, asked: Millis, now: Millis) -> Millis {
        let answered = match enquiries.answer {
            Some(answer) if answer.overload => return Millis::NEVER,
            Some(answer) => answer.time,
            None => now + Millis(1),
        };
        let timed_out = asked + Millis::from_seconds(self.timeout_s);
        [answered, timed_out]
            .into_iter()
            .filter(|time| *time > now)
            .min()
            .unwrap_or(Millis::NEVER)
    }

    /// What it has to say of a track.
    pub(super) fn word(
        &self,
        request: &EngagementRequest<'_>,
        enquiries: &Enquiries,
    ) -> &'static str {
        match self.decide(request, &mut { *enquiries }) {
            _ if enquiries.clone().asked(Enquiry::Authority).is_none() => "not_asked",
            Ok(()) if enquiries.answer.is_some_and(|answer| answer.granted) => "released",
            Ok(()) => "timed_out_and_fires",
            Err(decision) => decision.reason.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five at once at a desk that takes 30 s each and lets three wait: answers after 30, 60, 90, 120 s, the fifth is refused.
    #[test]
    fn the_kth_request_waits_k_services() {
        let mut desk = Desk::default();
        let file = ApprovalFile {
            service: Millis(30_000),
            vetoes: false,
        };
        let now = Millis(1000);
        let answers: Vec<Answer> = (0..5).map(|_| desk.request(now, &file, 3)).collect();
        for (nth, answer) in answers[..4].iter().enumerate() {
            assert_eq!(answer.time, now + Millis(30_000 * (nth as i64 + 1)));
            assert!(answer.granted && !answer.overload);
        }
        assert!(answers[4].overload && !answers[4].granted);
        // After the first is done there is room again.
        let later = desk.request(Millis(31_000), &file, 3);
        assert_eq!((later.time, later.overload), (Millis(151_000), false));
    }
}
