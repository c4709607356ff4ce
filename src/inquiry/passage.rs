//! An aircraft that nobody fired at by mistake: what each site made of it, and what it comes to under other rules.
//!
//! The counterpart of the chain of causes: for a raid that came through it says where the chain of detection, identity and
//! permission ended at every site, for a friend or a neutral what kept the sites from firing.

use super::changes::Change;
use crate::ids::{AircraftId, SiteId};
use crate::record::{Affiliation, Decision, Detail, EventLog, Fact, Identity, Replication};
use crate::scenario::Scenario;
use crate::simulation::Engine;
use crate::units::Millis;

/// What one site made of one aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct SitePassage {
    /// The site.
    pub site: SiteId,
    /// When it first had a confirmed track of it.
    pub tracked: Option<Millis>,
    /// How long it had one, over all tracks.
    pub tracked_s: f64,
    /// When a track of it was first inside the envelope.
    pub in_reach: Option<Millis>,
    /// Identities that it was given, each once, with the first time.
    pub held: Vec<(Millis, Identity)>,
    /// Why it was not fired at although it was in reach, each reason once, with the first time.
    pub declined: Vec<(Millis, Decision)>,
    /// Decisions to fire, and shots.
    pub engagements: u32,
    /// Missiles.
    pub shots: u32,
    /// When one of them destroyed it.
    pub destroyed: Option<Millis>,
}

/// What became of an aircraft.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The first shot at it: when, and from where.
    pub shot_at: Option<(Millis, String)>,
    /// When and by which site it was destroyed.
    pub destroyed: Option<(Millis, String)>,
    /// When it reached its objective alive.
    pub reached: Option<Millis>,
    /// Whether it did not fly.
    pub cancelled: bool,
    /// Wrong shots at others, in the whole replication.
    pub wrong_shots: u32,
    /// Wrong losses, in the whole replication.
    pub wrong_losses: u32,
}

/// What every site made of an aircraft, in the order of the sites; those that never had a track of it last.
pub fn passage(log: &EventLog, aircraft: AircraftId) -> Vec<SitePassage> {
    let of = |site: u32| SitePassage {
        site: SiteId(site),
        tracked: None,
        tracked_s: 0.0,
        in_reach: None,
        held: Vec::new(),
        declined: Vec::new(),
        engagements: 0,
        shots: 0,
        destroyed: None,
    };
    let mut sites: Vec<SitePassage> = (0..log.sites.len() as u32).map(of).collect();
    for event in &log.events {
        let (Some(site), true) = (event.fact.site(), event.fact.aircraft() == Some(aircraft))
        else {
            continue;
        };
        let (time, made) = (event.time, &mut sites[site.index()]);
        match &event.fact {
            Fact::TrackConfirmed { .. } => {
                made.tracked.get_or_insert(time);
            }
            Fact::EncounterBegun { .. } => {
                made.in_reach.get_or_insert(time);
            }
            Fact::IdentityChanged { to, .. } | Fact::IdentityAdopted { to, .. }
                if made.held.iter().all(|(_, held)| held != to) =>
            {
                made.held.push((time, *to));
            }
            Fact::ShotDeclined { decision, .. }
                if (made.declined.iter()).all(|(_, said)| said.reason != decision.reason) =>
            {
                made.declined.push((time, *decision));
            }
            Fact::EngagementBegun { .. } => made.engagements += 1,
            Fact::ShotFired { .. } => made.shots += 1,
            Fact::Destroyed { .. } => made.destroyed = Some(time),
            Fact::TrackEnded { track, .. } => {
                made.tracked_s += (time - track.confirmed).seconds();
            }
            _ => {}
        }
    }
    sites.sort_by_key(|made| (made.tracked.is_none(), made.site));
    sites
}

/// What became of an aircraft, by name.
pub fn outcome(log: &EventLog, name: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let named = |aircraft: AircraftId| {
        let sortie = log.sorties.get(aircraft.index());
        sortie.is_some_and(|sortie| sortie.name == name)
    };
    let by = |site: SiteId| log.sites[site.index()].name.clone();
    for event in &log.events {
        match event.fact {
            Fact::ShotFired { site, aircraft, .. } => {
                if named(aircraft) {
                    outcome
                        .shot_at
                        .get_or_insert_with(|| (event.time, by(site)));
                }
                outcome.wrong_shots += u32::from(super::causes::wrong(log, site, aircraft));
            }
            Fact::Destroyed { site, aircraft, .. } => {
                if named(aircraft) {
                    outcome.destroyed = Some((event.time, by(site)));
                }
                outcome.wrong_losses += u32::from(super::causes::wrong(log, site, aircraft));
            }
            Fact::ObjectiveReached { aircraft } if named(aircraft) => {
                outcome.reached = Some(event.time);
            }
            Fact::SortieCancelled { aircraft } if named(aircraft) => outcome.cancelled = true,
            _ => {}
        }
    }
    outcome
}

/// The hostile sorties that came through, in the order in which they did.
pub fn let_through(log: &EventLog) -> Vec<AircraftId> {
    let hostile = |aircraft: AircraftId| {
        let sites = 0..log.sites.len() as u32;
        let mut affiliations = sites.map(|site| log.affiliation(SiteId(site), aircraft));
        affiliations.any(|affiliation| affiliation == Affiliation::Hostile)
    };
    let reached = log.events.iter().filter_map(|event| match event.fact {
        Fact::ObjectiveReached { aircraft } if hostile(aircraft) => Some(aircraft),
        _ => None,
    });
    reached.collect()
}

/// The same replication under other rules: what becomes of one aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// As it happened.
    pub before: Outcome,
    /// Each change alone, by its place in the list.
    pub alone: Vec<(usize, Outcome)>,
    /// Changes that this scenario cannot take, with the reason.
    pub impossible: Vec<(usize, String)>,
}

impl Trials {
    /// Tries each change on one aircraft, by name, of one replication.
    pub fn hold(
        scenario: &Scenario,
        replication: Replication,
        aircraft: &str,
        changes: &[Change],
    ) -> Trials {
        let engine = Engine::of_rule_sets(1);
        let fly = |scenario: &Scenario| {
            let log = engine.simulate(scenario, replication, Detail::Measures);
            outcome(&log, aircraft)
        };
        let mut trials = Trials {
            before: fly(scenario),
            alone: Vec::new(),
            impossible: Vec::new(),
        };
        for (at, change) in changes.iter().enumerate() {
            match Change::apply(scenario, &[change]) {
                Ok(changed) => trials.alone.push((at, fly(&changed))),
                Err(why) => trials.impossible.push((at, why)),
            }
        }
        trials
    }
}
