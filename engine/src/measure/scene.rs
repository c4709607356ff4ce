//! What every family needs to know of a replication: who is protected from whom, and what became of each sortie.

use crate::ids::{AircraftId, SiteId};
use crate::record::{Affiliation, Event, EventLog, Fact};
use crate::units::Millis;

/// What became of a sortie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SortieOutcome {
    /// When it took off, if it did.
    pub departed: Option<Millis>,
    /// When it was destroyed, or landed.
    pub gone: Option<Millis>,
    /// Whether it was destroyed.
    pub destroyed: bool,
    /// Whether it was destroyed by a site to which it was friend or neutral.
    pub wrongly_destroyed: bool,
    /// Whether it reached its objective.
    pub reached: bool,
    /// Whether a site to which it was friend or neutral identified it as hostile.
    pub identified_hostile: bool,
    /// Whether such a site fired at it.
    pub wrongly_shot_at: bool,
    /// Whether, to a site present, it is friend or neutral.
    pub protected: bool,
    /// Whether the addressees' graph reaches all of those.
    pub coordinated: bool,
    /// Whether, to a site present, it is hostile.
    pub hostile: bool,
    /// The same for each affiliation, in the order of their numbers.
    pub affiliated: [bool; 3],
}

/// An event log with what follows from it.
pub(super) struct Scene<'a> {
    pub log: &'a EventLog,
    pub outcomes: Vec<SortieOutcome>,
}

impl<'a> Scene<'a> {
    pub fn new(log: &'a EventLog) -> Scene<'a> {
        let outcomes = (0..log.sorties.len())
            .map(|index| {
                let aircraft = AircraftId(index as u32);
                let mut outcome = SortieOutcome {
                    departed: None,
                    gone: None,
                    destroyed: false,
                    wrongly_destroyed: false,
                    reached: false,
                    identified_hostile: false,
                    wrongly_shot_at: false,
                    protected: false,
                    coordinated: true,
                    hostile: false,
                    affiliated: [false; 3],
                };
                for site in (0..log.sites.len()).map(|site| SiteId(site as u32)) {
                    let affiliation = log.affiliation(site, aircraft);
                    outcome.affiliated[affiliation as usize] = true;
                    if affiliation == Affiliation::Hostile {
                        outcome.hostile = true;
                    } else {
                        outcome.protected = true;
                        outcome.coordinated &= log.coordinated(site, aircraft);
                    }
                }
                outcome
            })
            .collect();
        Scene { log, outcomes }
    }

    /// Keeps the outcomes up to date.
    pub fn follow(&mut self, event: &Event) {
        match event.fact {
            Fact::Departed { aircraft } => {
                self.outcomes[aircraft.index()].departed = Some(event.time);
            }
            Fact::Landed { aircraft, .. } => {
                self.outcomes[aircraft.index()].gone = Some(event.time)
            }
            Fact::Destroyed { aircraft, site, .. } => {
                let wrongly = self.protected(site, aircraft);
                let outcome = &mut self.outcomes[aircraft.index()];
                outcome.gone = Some(event.time);
                outcome.destroyed = true;
                outcome.wrongly_destroyed = wrongly;
            }
            Fact::ObjectiveReached { aircraft } => self.outcomes[aircraft.index()].reached = true,
            _ => {}
        }
    }

    /// Whether `aircraft` is friend or neutral to `site`.
    pub fn protected(&self, site: SiteId, aircraft: AircraftId) -> bool {
        self.log.affiliation(site, aircraft) != Affiliation::Hostile
    }

    /// The number of the side of a site among those that have sites.
    pub fn shooter(&self, site: SiteId) -> usize {
        let side = self.log.sites[site.index()].side;
        let shooters = &self.log.cast.shooters;
        shooters.binary_search(&side).unwrap_or_default()
    }

    /// 0 for a coordinated pair, 1 for an uncoordinated one.
    pub fn pair(&self, site: SiteId, aircraft: AircraftId) -> usize {
        usize::from(!self.log.coordinated(site, aircraft))
    }

    /// The sorties that took off: number, outcome, first and last moment in the air.
    pub fn flown(&self) -> impl Iterator<Item = (usize, SortieOutcome, Millis, Millis)> {
        self.outcomes
            .iter()
            .enumerate()
            .filter_map(|(index, outcome)| {
                let departed = outcome.departed?;
                let gone = outcome.gone.unwrap_or(self.log.end);
                Some((index, *outcome, departed, gone))
            })
    }
}
