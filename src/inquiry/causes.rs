//! The chain of causes of a wrong shot, read from the event log.
//!
//! The links are in the order in which they could have been broken: the plan that did not arrive or did not help, whose track
//! it was, what the site took it for and why, whom it asked, and what let the shot go. Each is a fact of the log; that
//! one of them *alone* would have changed the outcome is another question, which a counterfactual answers.

use std::collections::BTreeMap;

use crate::coordination::asking;
use crate::ids::{AircraftId, SiteId};
use crate::record::{Affiliation, Event, EventLog, Fact, Identity, LedgerEntry, NoticeState};
use crate::units::Millis;

/// Which link of the chain a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// What had become of the flight plan.
    Plan,
    /// Whose track it was.
    Track,
    /// What the site took it for.
    Identity,
    /// What a rule had it ask first.
    Enquiry,
    /// What let the shot go.
    Permission,
}

impl Link {
    /// The word used in files.
    pub fn code(self) -> &'static str {
        match self {
            Link::Plan => "plan",
            Link::Track => "track",
            Link::Identity => "identity",
            Link::Enquiry => "enquiry",
            Link::Permission => "permission",
        }
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Which.
    pub link: Link,
    /// A stable code, such as `filed_with_others` or `iff:no_reply`.
    pub code: String,
    /// How much it moved the odds of hostile, in natural logarithm; only for what identified the track, and only in a log that
    /// has its ledger.
    pub log_odds: Option<f64>,
}

impl Cause {
    fn plain(link: Link, code: impl Into<String>) -> Cause {
        Cause {
            link,
            code: code.into(),
            log_odds: None,
        }
    }

    /// As it stands in event files: `plan:filed_with_others`.
    pub fn told(&self) -> String {
        let weight = self
            .log_odds
            .map_or(String::new(), |log_odds| format!("({log_odds:+.1})"));
        format!("{}:{}{weight}", self.link.code(), self.code)
    }
}

/// The wrong shots of a replication, by their place in the log: at friend, neutral, or nobody.
pub fn wrong_shots(log: &EventLog) -> Vec<usize> {
    let wrong = |event: &Event| match event.fact {
        Fact::ShotFired { site, aircraft, .. } => wrong(log, site, aircraft),
        _ => false,
    };
    let all = log.events.iter().enumerate();
    all.filter(|(_, event)| wrong(event))
        .map(|(at, _)| at)
        .collect()
}

/// Whether a shot of `site` at `aircraft` is wrong.
pub(super) fn wrong(log: &EventLog, site: SiteId, aircraft: AircraftId) -> bool {
    aircraft == AircraftId::NOBODY || log.affiliation(site, aircraft) != Affiliation::Hostile
}

/// The chain of causes of the shot at a place in the log; empty if there is none.
pub fn chain(log: &EventLog, at: usize) -> Vec<Cause> {
    let Some(Event {
        time,
        fact:
            Fact::ShotFired {
                site,
                aircraft,
                decision,
                identity,
                notice,
                ..
            },
        ..
    }) = log.events.get(at)
    else {
        return Vec::new();
    };
    let concerned = log.events[at].fact.aircraft();
    let before: Vec<&Event> = log.events[..at]
        .iter()
        .filter(|event| event.fact.site() == Some(*site) && event.fact.aircraft() == concerned)
        .collect();
    // What came before a track that ended belongs to that track.
    let track_from = before
        .iter()
        .rposition(|event| matches!(event.fact, Fact::TrackEnded { .. }))
        .map_or(0, |ended| ended + 1);
    let track = &before[track_from..];
    let mut causes = Vec::new();
    if *aircraft == AircraftId::NOBODY {
        causes.push(Cause::plain(Link::Track, "false_track"));
    } else {
        causes.push(plan(*notice));
    }
    let swapped = |event: &&&Event| matches!(event.fact, Fact::TrackSwapped { .. });
    if track.iter().any(|event| swapped(&event)) {
        causes.push(Cause::plain(Link::Track, "association_swap"));
    }
    let adopted = track.iter().rev().find_map(|event| match event.fact {
        Fact::IdentityAdopted {
            to, reported_by, ..
        } => Some((to, reported_by)),
        Fact::IdentityChanged { to, .. } => Some((to, SiteId(u32::MAX))),
        _ => None,
    });
    if let Some((to, by)) = adopted
        && let Some(source) = log.sites.get(by.index())
        && to == *identity
    {
        causes.push(Cause::plain(
            Link::Identity,
            format!("reported_by_{}", source.name),
        ));
    }
    match last_declaration(log, at) {
        Some(ledger) => causes.extend(moved_to_hostile(ledger)),
        None if identity.declared() => causes.push(Cause::plain(Link::Identity, identity.code())),
        None => {}
    }
    if !identity.declared() {
        causes.push(Cause::plain(Link::Identity, identity.code()));
    } else if *identity != Identity::Hostile && *identity != Identity::Suspect {
        causes.push(Cause::plain(
            Link::Identity,
            format!("identified_{}", identity.code()),
        ));
    }
    for asks in asking() {
        let asked = track
            .iter()
            .find(|event| matches!(event.fact, Fact::QuerySent { rule, .. } if rule == asks));
        if let Some(asked) = asked {
            let waited_s = (*time - asked.time).seconds();
            causes.push(Cause::plain(
                Link::Enquiry,
                format!("{asks}:did_not_protect_after_{waited_s:.0}s"),
            ));
        }
    }
    causes.push(Cause::plain(
        Link::Permission,
        format!("{}:{}", decision.rule, decision.reason.code()),
    ));
    causes
}

fn plan(notice: NoticeState) -> Cause {
    let code = match notice {
        // It was in hand and matched, and the crew fired all the same.
        NoticeState::Matched | NoticeState::ChanceMatch => "not_heeded",
        other => other.code(),
    };
    Cause::plain(Link::Plan, code)
}

/// The ledger of the last declaration before the decision behind the shot at a place in the log, where the log has them.
pub fn last_declaration(log: &EventLog, at: usize) -> Option<&[LedgerEntry]> {
    let shot = &log.events.get(at)?.fact;
    let mut decided = false;
    log.events[..at].iter().rev().find_map(|event| {
        let fact = &event.fact;
        if (fact.site(), fact.aircraft()) != (shot.site(), shot.aircraft()) {
            return None;
        }
        match &event.fact {
            Fact::EngagementBegun { .. } => {
                decided = true;
                None
            }
            Fact::Declared { ledger, .. } | Fact::Reassessed { ledger, .. }
                if decided && !ledger.is_empty() =>
            {
                Some(&ledger[..])
            }
            _ => None,
        }
    })
}

/// The step that moved the odds of hostile up most.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub time: Millis,
    /// What was said then: `tb2 declared`, `iff no_reply`.
    pub said: String,
    /// By how much all that was said at that instant moved the odds, in natural logarithm.
    pub log_odds: f64,
}

/// Of all declarations about the track before the decision behind the shot at a place in the log, the one that moved the odds of
/// hostile up most; of what was said with it, the part that did. Nothing where the log has no ledgers, or nothing moved them up.
pub fn biggest_step(log: &EventLog, at: usize) -> Option<Step> {
    let shot = &log.events.get(at)?.fact;
    let same = |fact: &Fact| (fact.site(), fact.aircraft()) == (shot.site(), shot.aircraft());
    let decided = log.events[..at].iter().rposition(|event| {
        matches!(event.fact, Fact::EngagementBegun { .. }) && same(&event.fact)
    })?;
    // What each part of the running sum adds.
    type Parts = BTreeMap<(String, usize), (f64, String)>;
    let parts = |ledger: &[LedgerEntry]| -> Parts {
        let mut before = 0.0;
        let mut parts = Parts::new();
        for entry in ledger {
            let odds = log_odds(entry.posterior);
            let nth = parts
                .keys()
                .filter(|(id_source, _)| *id_source == entry.id_source)
                .count();
            parts.insert(
                (entry.id_source.to_string(), nth),
                (odds - before, entry.said.clone()),
            );
            before = odds;
        }
        parts
    };
    let mut before: Option<Parts> = None;
    let mut biggest: Option<Step> = None;
    for event in &log.events[..decided] {
        match &event.fact {
            Fact::TrackEnded { .. } if same(&event.fact) => before = None,
            Fact::Declared {
                site,
                declared,
                ledger,
                ..
            } if same(&event.fact) && !ledger.is_empty() => {
                let now = parts(ledger);
                // A track begins with what is expected of any.
                let first = ledger
                    .first()
                    .map_or(Parts::new(), |prior| parts(std::slice::from_ref(prior)));
                let from = before.replace(now.clone()).unwrap_or(first);
                let moved = |(part, (log_odds, said)): (&(String, usize), &(f64, String))| {
                    let was = from.get(part).map_or(0.0, |(was, _)| *was);
                    (log_odds - was, part.0.clone(), said.clone())
                };
                let moved: Vec<(f64, String, String)> = now.iter().map(moved).collect();
                let log_odds: f64 = moved.iter().map(|(by, ..)| by).sum();
                let most = moved
                    .into_iter()
                    .max_by(|one, other| one.0.total_cmp(&other.0));
                let Some((_, id_source, said)) = most else {
                    continue;
                };
                if log_odds > biggest.as_ref().map_or(0.0, |step| step.log_odds) {
                    let class = log.sites[site.index()].class;
                    let rows = &log.cast.classes[class.index()].rows;
                    let row = rows
                        .get(usize::from(*declared))
                        .map_or("unknown", String::as_str);
                    let said = match id_source.as_str() {
                        "declarations" => format!("{row} declared"),
                        _ => format!("{id_source} {said}"),
                    };
                    biggest = Some(Step {
                        time: event.time,
                        said,
                        log_odds,
                    });
                }
            }
            _ => {}
        }
    }
    biggest
}

/// What moved the odds of hostile upward, most first.
fn moved_to_hostile(ledger: &[LedgerEntry]) -> Vec<Cause> {
    let mut before: Option<f64> = None;
    let mut causes = Vec::new();
    for entry in ledger {
        let odds = log_odds(entry.posterior);
        // The first line is where the site starts from.
        let moved = odds - before.unwrap_or(0.0);
        before = Some(odds);
        if moved > 0.05 {
            causes.push(Cause {
                link: Link::Identity,
                code: format!("{}:{}", entry.id_source, entry.said),
                log_odds: Some(moved),
            });
        }
    }
    causes.sort_by(|one, other| {
        let weight = |cause: &Cause| cause.log_odds.unwrap_or(0.0);
        weight(other).total_cmp(&weight(one))
    });
    causes
}

/// ln(P(hostile) / P(not hostile)), kept finite.
fn log_odds([friend, neutral, hostile]: [f64; 3]) -> f64 {
    let floor = 1e-12;
    libm::log(hostile.max(floor) / (friend + neutral).max(floor))
}
