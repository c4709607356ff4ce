//! The event calendar: what falls due, when, and in which order at one instant.
//!
//! The clock does not tick by seconds. An [`EventCalendar`] knows every instant at which something is due. What is due is
//! taken off one entry at a time and triggered as an event of the entity it is about; one observer works it off. At one
//! instant the order is that of [`Stage`], then of sites (or aircraft) by name, then of numbers:
//!
//! | stage | event | observer | what |
//! |---|---|---|---|
//! | [`Stage::Movement`] | [`MovementDue`] | `platform::movement` | take-offs, stations, objectives, landings |
//! | [`Stage::Readiness`] | [`ReadinessDue`] | `picture::readiness` | sites are ready, or not any more |
//! | [`Stage::Reload`] | [`ReloadDue`] | `engagement::fire` | magazines are full again |
//! | [`Stage::Claim`] | [`ClaimDue`] | `engagement::fire` | claims of other sites reach sites |
//! | [`Stage::Order`] | [`OrderDue`] | `engagement::fire` | orders to cease fire reach sites |
//! | [`Stage::Launch`] | [`LaunchDue`] | `engagement::fire` | missiles leave |
//! | [`Stage::Impact`] | [`ImpactDue`] | `engagement::fire` | missiles arrive |
//! | [`Stage::Assessment`] | [`AssessmentDue`] | `engagement::fire` | sites learn what their shots did |
//! | [`Stage::Scan`] | [`ScanDue`] | `picture` | sites scan, as far as it can matter now |
//! | [`Stage::Decision`] | [`DecisionDue`] | `engagement::fire` | sites that may fire choose |
//!
//! What a decision brings about at its own instant (no reaction time, no fly-out) comes after all decisions of the
//! instant, in the order of the stages again.
//!
//! Events that follow at once and have no place in the calendar: [`ObjectiveReached`], [`AircraftGone`], [`SourceGone`],
//! [`TrackEnded`], [`ChannelFreed`], [`SiteWithdraws`], [`SiteOff`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bevy_ecs::prelude::*;

use crate::ids::{AircraftId, SiteId};
use crate::record::{EventRecorder, NotReady, TrackEnd};
use crate::units::Millis;

/// The present instant, and the last.
#[derive(Resource, Debug, Clone, Copy)]
pub struct Clock {
    /// Now.
    pub now: Millis,
    /// The end of the scenario.
    pub end: Millis,
}

/// The order of things at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Aircraft take off, arrive, land.
    Movement,
    /// Sites are ready, or not any more.
    Readiness,
    /// Magazines are full again.
    Reload,
    /// Claims of other sites reach sites.
    Claim,
    /// Orders reach sites.
    Order,
    /// Missiles leave.
    Launch,
    /// Missiles arrive.
    Impact,
    /// Sites learn what their shots did.
    Assessment,
    /// Sites scan.
    Scan,
    /// Sites decide.
    Decision,
}

/// A stage of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    /// It takes off.
    Depart,
    /// It reaches its station.
    BeginStation,
    /// It leaves its station.
    EndStation,
    /// It reaches its objective.
    ReachObjective,
    /// It lands.
    Land,
}

impl Movement {
    const ALL: [Movement; 5] = [
        Movement::Depart,
        Movement::BeginStation,
        Movement::EndStation,
        Movement::ReachObjective,
        Movement::Land,
    ];
}

/// A stage of a flight is reached.
#[derive(EntityEvent, Debug)]
pub struct MovementDue {
    /// The aircraft.
    pub entity: Entity,
    /// Which one that is.
    pub aircraft: AircraftId,
    /// The stage.
    pub movement: Movement,
}

/// A site is ready, or not any more.
#[derive(EntityEvent, Debug)]
pub struct ReadinessDue {
    /// The site.
    pub entity: Entity,
}

/// The magazine of a site is full again.
#[derive(EntityEvent, Debug)]
pub struct ReloadDue {
    /// The site.
    pub entity: Entity,
}

/// A claim of another site reaches a site.
#[derive(EntityEvent, Debug)]
pub struct ClaimDue {
    /// The site that it reaches.
    pub entity: Entity,
}

/// An order to cease fire reaches a site.
#[derive(EntityEvent, Debug)]
pub struct OrderDue {
    /// The site.
    pub entity: Entity,
}

/// The reaction time of an engagement, or the time to its next missile, is over.
#[derive(EntityEvent, Debug)]
pub struct LaunchDue {
    /// The engagement.
    pub entity: Entity,
}

/// A missile arrives.
#[derive(EntityEvent, Debug)]
pub struct ImpactDue {
    /// The missile.
    pub entity: Entity,
}

/// The assessment of an engagement is over.
#[derive(EntityEvent, Debug)]
pub struct AssessmentDue {
    /// The engagement.
    pub entity: Entity,
}

/// A site scans, and the scan may matter.
#[derive(EntityEvent, Debug)]
pub struct ScanDue {
    /// The site.
    pub entity: Entity,
}

/// A site has tracks that the rules let it fire at.
#[derive(EntityEvent, Debug)]
pub struct DecisionDue {
    /// The site.
    pub entity: Entity,
}

/// An aircraft reaches its objective alive.
#[derive(EntityEvent, Debug)]
pub struct ObjectiveReached {
    /// The aircraft.
    pub entity: Entity,
    /// Which one that is.
    pub aircraft: AircraftId,
}

/// A site will not be ready from now on.
#[derive(EntityEvent, Debug)]
pub struct SiteWithdraws {
    /// The site.
    pub entity: Entity,
    /// Until when; [`Millis::NEVER`]: for good.
    pub until: Millis,
    /// Why.
    pub cause: NotReady,
}

/// A site is not ready any more: what it has not launched it does not launch.
#[derive(EntityEvent, Debug)]
pub struct SiteOff {
    /// The site.
    pub entity: Entity,
}

/// An aircraft leaves the sky.
#[derive(EntityEvent, Debug)]
pub struct AircraftGone {
    /// The aircraft.
    pub entity: Entity,
    /// Which one that is.
    pub aircraft: AircraftId,
    /// How it went.
    pub end: TrackEnd,
}

/// An aircraft has left the sky, and whoever follows it loses it.
#[derive(EntityEvent, Debug)]
pub struct SourceGone {
    /// The aircraft.
    pub entity: Entity,
    /// Which one that is.
    pub aircraft: AircraftId,
    /// How it went.
    pub end: TrackEnd,
}

/// The track that an engagement is about has ended.
#[derive(EntityEvent, Debug)]
pub struct TrackEnded {
    /// The engagement.
    pub entity: Entity,
    /// How the track ended.
    pub end: TrackEnd,
}

/// An engagement is over and its fire channel free.
#[derive(EntityEvent, Debug)]
pub struct ChannelFreed {
    /// The site.
    pub entity: Entity,
    /// The engagement that held it.
    pub engagement: Entity,
}

/// Something that is due; the order of the fields is the order in which entries are worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: Millis,
    /// Whether it follows from a decision of the very instant.
    prompt: bool,
    stage: Stage,
    /// The site, or the aircraft.
    subject: u32,
    /// The engagement of the site and the missile in it, or the stage of the flight.
    number: (u32, u32),
    entity: Entity,
}

/// All that is due, earliest first.
#[derive(Resource, Debug, Default)]
pub struct EventCalendar {
    heap: BinaryHeap<Reverse<Entry>>,
    /// What is being worked off: when, whether it follows from a decision of that instant, the stage, and whose it is.
    at: Option<(Millis, bool, Stage, u32)>,
}

impl EventCalendar {
    /// Forgets everything and keeps its memory.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.at = None;
    }

    /// When the next entry is due.
    pub fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse(entry)| entry.time)
    }

    /// Whether the scans of an instant are done, so that nothing may be entered for them any more.
    pub fn scanned(&self, time: Millis) -> bool {
        self.at.is_some_and(|(now, prompt, stage, _)| {
            now > time || now == time && (prompt || stage > Stage::Scan)
        })
    }

    /// Whether the scan of an instant is done at one site: those before it in the order of sites scan first.
    pub fn scanned_by(&self, time: Millis, site: SiteId) -> bool {
        let scanned =
            |(now, _, stage, subject)| now == time && (stage, subject) >= (Stage::Scan, site.0);
        self.scanned(time) || self.at.is_some_and(scanned)
    }

    /// Enters a stage of a flight.
    pub fn movement(&mut self, time: Millis, of: AircraftId, entity: Entity, movement: Movement) {
        self.enter(time, Stage::Movement, of.0, (movement as u32, 0), entity);
    }

    /// Enters an instant at which a site is ready, or not any more.
    pub fn readiness(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Readiness, site.0, (0, 0), entity);
    }

    /// Enters the end of a reload.
    pub fn reload(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Reload, site.0, (0, 0), entity);
    }

    /// Enters a claim that reaches a site.
    pub fn claim(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Claim, site.0, (0, 0), entity);
    }

    /// Enters an order to cease fire that reaches a site.
    pub fn order(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Order, site.0, (0, 0), entity);
    }

    /// Enters the next launch of an engagement, by its number at the site.
    pub fn launch(&mut self, time: Millis, site: SiteId, number: u32, engagement: Entity) {
        self.enter(time, Stage::Launch, site.0, (number, 0), engagement);
    }

    /// Enters the arrival of a missile, by the numbers of its engagement at the site and of the missile in it.
    pub fn impact(&mut self, time: Millis, site: SiteId, number: (u32, u32), missile: Entity) {
        self.enter(time, Stage::Impact, site.0, number, missile);
    }

    /// Enters the end of an assessment.
    pub fn assessment(&mut self, time: Millis, site: SiteId, number: u32, engagement: Entity) {
        self.enter(time, Stage::Assessment, site.0, (number, 0), engagement);
    }

    /// Enters a scan.
    pub fn scan(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Scan, site.0, (0, 0), entity);
    }

    /// Enters a decision.
    pub fn decision(&mut self, time: Millis, site: SiteId, entity: Entity) {
        self.enter(time, Stage::Decision, site.0, (0, 0), entity);
    }

    fn enter(
        &mut self,
        time: Millis,
        stage: Stage,
        subject: u32,
        number: (u32, u32),
        entity: Entity,
    ) {
        let prompt = self
            .at
            .is_some_and(|(now, prompt, at, _)| time == now && (prompt || at == Stage::Decision));
        self.heap.push(Reverse(Entry {
            time,
            prompt: prompt && stage != Stage::Decision,
            stage,
            subject,
            number,
            entity,
        }));
    }

    /// Takes the next entry off, if it is due by `end`.
    fn take(&mut self, end: Millis) -> Option<Entry> {
        self.next().filter(|time| *time <= end)?;
        let Reverse(entry) = self.heap.pop()?;
        self.at = Some((entry.time, entry.prompt, entry.stage, entry.subject));
        Some(entry)
    }
}

/// Works off the next entry that is due by the end of the scenario; whether there was one.
pub fn work_off(world: &mut World) -> bool {
    let end = world.resource::<Clock>().end;
    let Some(entry) = world.resource_mut::<EventCalendar>().take(end) else {
        return false;
    };
    world.resource_mut::<Clock>().now = entry.time;
    let entity = entry.entity;
    match entry.stage {
        Stage::Movement => {
            let aircraft = AircraftId(entry.subject);
            if let Some(&movement) = Movement::ALL.get(entry.number.0 as usize) {
                world.trigger(MovementDue {
                    entity,
                    aircraft,
                    movement,
                });
            }
        }
        Stage::Readiness => world.trigger(ReadinessDue { entity }),
        Stage::Reload => world.trigger(ReloadDue { entity }),
        Stage::Claim => world.trigger(ClaimDue { entity }),
        Stage::Order => world.trigger(OrderDue { entity }),
        Stage::Launch => world.trigger(LaunchDue { entity }),
        Stage::Impact => world.trigger(ImpactDue { entity }),
        Stage::Assessment => world.trigger(AssessmentDue { entity }),
        Stage::Scan => world.trigger(ScanDue { entity }),
        Stage::Decision => world.trigger(DecisionDue { entity }),
    }
    // What the observer has asked for is done before anything else.
    world.flush();
    true
}

/// Where facts are written down.
#[derive(Resource, Debug, Default)]
pub struct Log(pub EventRecorder);

/// The entities, by id.
#[derive(Resource, Debug, Default)]
pub struct EntityIndex {
    /// By [`AircraftId`].
    pub aircraft: Vec<Entity>,
    /// By [`SiteId`].
    pub sites: Vec<Entity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything off: when, whether prompt, stage, subject.
    fn order(calendar: &mut EventCalendar) -> Vec<(i64, bool, Stage, u32)> {
        std::iter::from_fn(|| calendar.take(Millis::NEVER))
            .map(|entry| (entry.time.0, entry.prompt, entry.stage, entry.subject))
            .collect()
    }

    #[test]
    fn an_instant_has_its_order_whatever_the_order_of_entries() {
        let mut calendar = EventCalendar::default();
        let nobody = Entity::PLACEHOLDER;
        calendar.decision(Millis(5), SiteId(0), nobody);
        calendar.scan(Millis(5), SiteId(1), nobody);
        calendar.scan(Millis(5), SiteId(0), nobody);
        calendar.assessment(Millis(5), SiteId(0), 0, nobody);
        calendar.impact(Millis(5), SiteId(1), (0, 1), nobody);
        calendar.launch(Millis(5), SiteId(2), 0, nobody);
        calendar.order(Millis(5), SiteId(3), nobody);
        calendar.movement(Millis(5), AircraftId(9), nobody, Movement::Land);
        calendar.scan(Millis(4), SiteId(7), nobody);
        use Stage::{Assessment, Decision, Impact, Launch, Order, Scan};
        assert_eq!(
            order(&mut calendar),
            [
                (4, false, Scan, 7),
                (5, false, Stage::Movement, 9),
                (5, false, Order, 3),
                (5, false, Launch, 2),
                (5, false, Impact, 1),
                (5, false, Assessment, 0),
                (5, false, Scan, 0),
                (5, false, Scan, 1),
                (5, false, Decision, 0),
            ]
        );
    }

    /// A launch that a decision brings about at once waits for the other decisions of the instant, and what follows from it too.
    #[test]
    fn what_a_decision_brings_about_at_once_comes_after_all_decisions() {
        let mut calendar = EventCalendar::default();
        let nobody = Entity::PLACEHOLDER;
        for site in [0, 1] {
            calendar.decision(Millis(5), SiteId(site), nobody);
        }
        calendar.launch(Millis(6), SiteId(4), 0, nobody);
        assert_eq!(calendar.take(Millis::NEVER).unwrap().subject, 0);
        assert!(calendar.scanned(Millis(5)) && !calendar.scanned(Millis(6)));
        calendar.launch(Millis(5), SiteId(0), 3, nobody);
        assert_eq!(calendar.take(Millis::NEVER).unwrap().stage, Stage::Decision);
        let launch = calendar.take(Millis::NEVER).unwrap();
        assert!(launch.prompt && launch.stage == Stage::Launch);
        calendar.impact(Millis(5), SiteId(0), (3, 0), nobody);
        let impact = calendar.take(Millis::NEVER).unwrap();
        assert!(impact.prompt && impact.stage == Stage::Impact);
        assert!(calendar.scanned(Millis(5)));
        assert!(
            calendar.take(Millis(5)).is_none(),
            "the rest is after the end"
        );
    }
}
