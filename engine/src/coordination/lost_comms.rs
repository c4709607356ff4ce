//! R4: what a site does when it cannot reach its command.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consultation, EngagementRequest, Named, Rule, RulePage, Spec, Stage, WeaponsControl};
use crate::ids::Key;
use crate::record::{Decision, Reason};
use crate::streams::{Alternating, Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R4",
    key: "lost_comms",
    title: "Lost communications: what a site does that cannot reach its command",
    page: "\
The command link of a site is down now and then: up for exponential times of mean `mtbf_h`, down for exponential
times of mean `mttr_min`, in equilibrium at the start, drawn for each site, or with common = \"node\" for each command node and so
for all its sites at once; and at the times in `outages` besides, for all. While it is down no plan comes through the last hop
(it arrives when the link is up again), the hotline (R7) and the authority (R3) cannot be reached, and no order (R19) either.

When the link has been down for `timeout_s`, the `fallback` replaces the status of R1: keep (as before), hold (nothing is fired
at), self_defence (hold, but R5 may act), autonomous (weapons free, and neither R7 nor R3 is asked).

Share of the time without a command link MTTR / (MTBF + MTTR); of the time under the fallback that times e^(-timeout / MTTR).

Fails by: a fallback that takes the lost command link for an attack; common outages, which hit all sites in one hour.
Costs: leakers under hold and self_defence; neutrals under autonomous.
Source: flight PS752, January 2020: the operator fired without an answer from his command (Aircraft Accident Investigation Board of
Iran, final report, 15 March 2021; Forensic Examination and Assessment Team of Canada, 24 June 2021). MTBF 12 h and MTTR 15 min are assumptions.",
    reasons: &["lost_comms_hold", "lost_comms_autonomous"],    stages: &[Stage::Status],
    amends: None,
    binds_all: false,
    offer: Err("it brings outages of its own; name a fallback"),
};

/// R4: lost communications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostCommsSpec {
    /// Mean time the command link is up, hours.
    #[serde(default = "twelve")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 8784.0))]
    pub mtbf_h: f64,
    /// Mean time it is down, minutes; 0: there are no random outages.
    #[serde(default = "fifteen")]
    #[schemars(range(min = 0.0, max = 1440.0))]
    pub mttr_min: f64,
    /// Who loses the command link together.
    #[serde(default)]
    pub common: CommonOutages,
    /// Outages at set times, of all sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<HoursSpec>,
    /// Time without a command link after which the fallback holds, s.
    #[serde(default = "a_minute")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub timeout_s: f64,
    /// What holds then.
    #[serde(default)]
    pub fallback: Fallback,
}

fn twelve() -> f64 {
    12.0
}

fn fifteen() -> f64 {
    15.0
}

fn a_minute() -> f64 {
    60.0
}

/// A span of hours after the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursSpec {
    /// From this time after the start, hours.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub from_h: f64,
    /// Until this time after the start, hours; without it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub until_h: Option<f64>,
}

impl HoursSpec {
    /// First and last time; the last does not belong to it.
    pub fn span(&self) -> (Millis, Millis) {
        let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
        (
            hours(self.from_h),
            self.until_h.map_or(Millis::NEVER, hours),
        )
    }
}

/// Who loses the command link together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommonOutages {
    /// Each site by itself.
    #[default]
    Site,
    /// All sites of a command node.
    Node,
}

/// What a site does without a command link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// As before.
    Keep,
    /// Nothing is fired at.
    #[default]
    Hold,
    /// Hold, but self-defence may act.
    SelfDefence,
    /// Weapons free, nobody is asked.
    Autonomous,
}

/// When the command link of a site is down.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommandLink {
    /// Outages: first time, and when it is up again; in order, none touching the next.
    down: Vec<(Millis, Millis)>,
}

impl CommandLink {
    /// A command link that is always up.
    pub const UP: &'static CommandLink = &CommandLink { down: Vec::new() };

    fn outage(&self, time: Millis) -> Option<(Millis, Millis)> {
        let next = self.down.partition_point(|(_, up)| *up <= time);
        let outage = self.down.get(next).copied();
        outage.filter(|(from, _)| *from <= time)
    }

    /// Since when it has been down at `time`, if it is.
    pub fn down_since(&self, time: Millis) -> Option<Millis> {
        Some(self.outage(time)?.0)
    }

    /// When it next goes down or comes up after `time`.
    pub fn changes(&self, time: Millis) -> Millis {
        match self.outage(time) {
            Some((_, up)) => up,
            None => {
                let next = self.down.partition_point(|(from, _)| *from <= time);
                self.down.get(next).map_or(Millis::NEVER, |(from, _)| *from)
            }
        }
    }

    /// When something that would come through at `time` does.
    pub fn passes(&self, time: Millis) -> Millis {
        self.outage(time).map_or(time, |(_, up)| up)
    }
}

/// R4 ready to use.
#[derive(Debug, Clone)]
pub(super) struct LostCommsRule {
    spec: LostCommsSpec,
    timeout: Millis,
}

impl LostCommsRule {
    pub(super) fn new(spec: &LostCommsSpec) -> LostCommsRule {
        LostCommsRule {
            timeout: Millis::from_seconds(spec.timeout_s),
            spec: spec.clone(),
        }
    }

    pub(super) fn common(&self) -> CommonOutages {
        self.spec.common
    }

    /// Draws the outages of the command link `key` up to `end`.
    pub(super) fn command_link(&self, streams: &Streams, key: Key, end: Millis) -> CommandLink {
        let mut down: Vec<(Millis, Millis)> =
            self.spec.outages.iter().map(HoursSpec::span).collect();
        let turns = Alternating {
            on_s: self.spec.mtbf_h * 3600.0,
            off_s: self.spec.mttr_min * 60.0,
        };
        down.extend(turns.off(streams, Purpose::Outage, key, end));
        down.sort_unstable();
        let mut command_link = CommandLink::default();
        for (from, up) in down {
            match command_link.down.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(up),
                _ => command_link.down.push((from, up)),
            }
        }
        command_link
    }

    /// The fallback, where it holds.
    fn fallback(&self, request: &EngagementRequest<'_>) -> Option<Fallback> {
        let since = request.command_link.down_since(request.track.time)?;
        (request.track.time - since >= self.timeout).then_some(self.spec.fallback)
    }

    /// When the fallback next begins or ends to hold.
    fn changes(&self, request: &EngagementRequest<'_>) -> Millis {
        let (now, command_link) = (request.track.time, request.command_link);
        let changes = command_link.changes(now);
        let begins = command_link
            .down_since(now)
            .map(|since| since + self.timeout);
        begins
            .filter(|begins| *begins > now)
            .map_or(changes, |begins| begins.min(changes))
    }
}

impl Spec for LostCommsSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        Some(Arc::new(LostCommsRule::new(self)))
    }
}

impl Rule for LostCommsRule {
    fn page(&self) -> &'static RulePage {
        &PAGE
    }

    fn judge(&self, on: &mut Consultation<'_>) -> &'static str {
        on.verdict.until(self.changes(on.request));
        on.verdict.fallback = self.fallback(on.request);
        let (word, status, reason) = match on.verdict.fallback {
            None => {
                return match on.request.command_link.down_since(on.request.track.time) {
                    None => "line_up",
                    Some(_) => "line_down",
                };
            }
            Some(Fallback::Keep) => return "fallback_keep",
            Some(Fallback::Hold) => ("fallback_hold", WeaponsControl::Hold, Reason::LostCommsHold),
            Some(Fallback::SelfDefence) => (
                "fallback_self_defence",
                WeaponsControl::Hold,
                Reason::LostCommsHold,
            ),
            Some(Fallback::Autonomous) => (
                "fallback_autonomous",
                WeaponsControl::Free,
                Reason::LostCommsAutonomous,
            ),
        };
        on.verdict.status = status;
        on.verdict.status_by = Some(Decision {
            rule: PAGE.id,
            reason,
        });
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    #[test]
    fn outages_join_and_delay_what_comes_in_them() {
        let spec: LostCommsSpec = serde_json::from_value(serde_json::json!({
            "mttr_min": 0.0,
            "outages": [{ "from_h": 2.0, "until_h": 3.0 }, { "from_h": 1.0, "until_h": 2.5 }, { "from_h": 5.0 }],
        }))
        .unwrap();
        let streams = Streams::new(Replication { seed: 1, index: 0 });
        let command_link =
            LostCommsRule::new(&spec).command_link(&streams, Key::of("line"), Millis::NEVER);
        let hour = |hours: f64| Millis::from_seconds(hours * 3600.0);
        assert_eq!(
            command_link.down,
            [(hour(1.0), hour(3.0)), (hour(5.0), Millis::NEVER)]
        );
        assert_eq!(command_link.passes(hour(0.5)), hour(0.5));
        assert_eq!(command_link.passes(hour(1.0)), hour(3.0));
        assert_eq!(command_link.passes(hour(3.0)), hour(3.0));
        assert_eq!(command_link.down_since(hour(2.9)), Some(hour(1.0)));
        assert_eq!(command_link.down_since(hour(4.0)), None);
        assert_eq!(command_link.passes(hour(6.0)), Millis::NEVER);
    }

    /// Down at any time with MTTR / (MTBF + MTTR), and for longer than t with that times e^(-t / MTTR): 4.9 standard errors.
    #[test]
    fn the_share_of_time_down_is_as_stated() {
        let spec: LostCommsSpec =
            serde_json::from_str(r#"{ "mtbf_h": 2.0, "mttr_min": 30.0 }"#).unwrap();
        let rule = LostCommsRule::new(&spec);
        let hour = |hours: f64| Millis::from_seconds(hours * 3600.0);
        let count = 20_000;
        let mut down = [0.0; 2];
        for index in 0..count {
            let streams = Streams::new(Replication { seed: 3, index });
            let command_link = rule.command_link(&streams, Key::of("line"), hour(12.0));
            if let Some(since) = command_link.down_since(hour(10.0)) {
                down[0] += 1.0;
                down[1] += f64::from(hour(10.0) - since >= hour(0.25));
            }
        }
        for (found, share) in [(down[0], 0.2), (down[1], 0.2 * (-0.5f64).exp())] {
            let z = (found / count as f64 - share) / (share * (1.0 - share) / count as f64).sqrt();
            assert!(z.abs() < 4.9, "{found} of {count} against {share}: z = {z}");
        }
    }
}
