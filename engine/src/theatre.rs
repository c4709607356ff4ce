//! What is flown: a scenario without its file.
//!
//! Names are resolved to indices, points are in the local plane, and everything was checked by whoever made it. All
//! tables are in the order of their names, so the order of a file never matters.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::airspace::{Command, Corridor, Link, Node, Plan, Zone};
use crate::coordination::{Intent, Rules};
use crate::engagement::{BestShooter, FireDistributionSpec, WeaponSpec};
use crate::geometry::{Area, Point};
use crate::identification::{IdSources, Identifier, Operator};
use crate::ids::{ClassId, Key, NodeId, SideId};
use crate::picture::TrackLink;
use crate::platform::{AircraftType, Flight};
use crate::record::Cast;
use crate::sensing::SensorSpec;
use crate::sensing::readiness::ReadinessSpec;
use crate::separation::Separation;
use crate::terrain::Terrain;
use crate::tracking::TrackerSpec;
use crate::units::Millis;

/// Who flies, who looks on, and by which rules.
#[derive(Debug, Clone)]
pub struct Theatre {
    /// How long it runs.
    pub duration: Millis,
    /// Time between two samples of the air picture of every site; without it there are none.
    pub sample_pictures_every: Option<Millis>,
    /// The ground, where it hides anything.
    pub terrain: Option<Arc<Terrain>>,
    /// How separation is measured; without it it is not.
    pub separation: Option<Arc<Separation>>,
    /// Names and relations, shared with every event log.
    pub cast: Arc<Cast>,
    /// Aircraft types.
    pub types: Vec<AircraftType>,
    /// Flights.
    pub flights: Vec<Flight>,
    /// Site classes.
    pub classes: Vec<SiteClass>,
    /// Site entries.
    pub sites: Vec<SiteEntry>,
    /// Nodes of the coordination graph.
    pub nodes: Vec<Node>,
    /// Links of the coordination graph.
    pub links: Vec<Link>,
    /// Links on which sites report tracks.
    pub track_links: Vec<TrackLink>,
    /// Zones.
    pub zones: Vec<Zone>,
    /// Corridors.
    pub corridors: Vec<Corridor>,
    /// The rules in force.
    pub rules: Arc<Rules>,
    /// The rules of the sites of each side that has some of its own, by its number.
    pub rules_of: Vec<Option<SideRules>>,
    /// How the sites of each side share out targets, by its number.
    pub fire_distribution: Vec<Option<FireDistributionSpec>>,
}

impl Theatre {
    /// Whether the sites of an entry are kept scan by scan: their tracks influence one another, a misaligned radar moves them, or
    /// they are reported to or by others.
    pub fn visits_every_scan(&self, entry: usize) -> bool {
        let class = &self.classes[self.sites[entry].class.index()];
        let linked = |link: &TrackLink| [link.from, link.to].contains(&(entry as u32));
        class.tracker.jointly()
            || class.id_sources.faults.misaligns()
            || class.readiness.go_live.is_some()
            || self.looks_at_others(entry)
            || self.track_links.iter().any(linked)
    }

    /// Whether the sites of an entry look at what others of their side are about to do.
    fn looks_at_others(&self, entry: usize) -> bool {
        let side = self.sites[entry].side.index();
        let distribution = self.fire_distribution.get(side).copied().flatten();
        distribution.is_some_and(|spec| spec.best_shooter != BestShooter::Anybody)
    }

    /// The rules of a side's sites.
    pub fn rules_at(&self, side: SideId) -> &Arc<Rules> {
        let own = self.rules_of.get(side.index()).and_then(Option::as_ref);
        own.map_or(&self.rules, |own| &own.rules)
    }

    /// The rules of every side's sites, and the scenario's.
    pub fn all_rules(&self) -> impl Iterator<Item = &Rules> {
        let own = self.rules_of.iter().flatten();
        std::iter::once(&*self.rules).chain(own.map(|own| &*own.rules))
    }

    /// How a class identifies under the rules of a side, and what it may ask.
    pub fn identification_at(
        &self,
        class: ClassId,
        side: SideId,
    ) -> (&Arc<Identifier>, &Arc<IdSources>) {
        let own = self.rules_of.get(side.index()).and_then(Option::as_ref);
        match own.and_then(|own| own.classes.get(class.index())) {
            Some((identifier, id_sources)) => (identifier, id_sources),
            None => {
                let class = &self.classes[class.index()];
                (&class.identifier, &class.id_sources)
            }
        }
    }

    /// Which site entries a plan can reach from its addressees, before any draw.
    pub fn covered_by(&self, plan: &Plan) -> Vec<bool> {
        coordinated(Some(plan), &self.sites, &self.links)
    }

    /// The same of each flight, with all whom the rules may have its plan sent to.
    pub fn covered_at_most(&self) -> Vec<Vec<bool>> {
        let widest = self.flights.iter().map(|flight| {
            self.rules.widest_plan(&Intent {
                flight: Cow::Borrowed(flight),
                spec: &self.types[flight.type_id.index()].spec,
                departs_s: 0.0,
                loop_start: 0.0,
                until_s: self.duration.seconds(),
                relations: &self.cast.relations,
            })
        });
        widest
            .map(|plan| coordinated(plan.as_ref(), &self.sites, &self.links))
            .collect()
    }
}

/// Which site entries a flight's plan can reach from its addressees, before any draw.
pub fn coordinated(plan: Option<&Plan>, sites: &[SiteEntry], links: &[Link]) -> Vec<bool> {
    let mut reached: BTreeSet<NodeId> = BTreeSet::new();
    if let Some(plan) = plan
        && plan.filed > 0.0
        && plan.addressed > 0.0
    {
        let mut next: Vec<NodeId> = plan.addressees.clone();
        while let Some(node) = next.pop() {
            if reached.insert(node) {
                next.extend(
                    links
                        .iter()
                        .filter(|link| link.from == node && link.delivery > 0.0)
                        .map(|link| link.to),
                );
            }
        }
    }
    sites
        .iter()
        .map(|site| {
            site.command
                .as_ref()
                .is_some_and(|command| command.delivery > 0.0 && reached.contains(&command.node))
        })
        .collect()
}

/// The rules of one side's sites, in place of the scenario's.
#[derive(Debug, Clone)]
pub struct SideRules {
    /// The rules, those for all among them.
    pub rules: Arc<Rules>,
    /// How each class identifies under them, and what it may ask.
    pub classes: Vec<(Arc<Identifier>, Arc<IdSources>)>,
}

/// A class of sites, ready to use.
#[derive(Debug, Clone)]
pub struct SiteClass {
    /// Its name.
    pub name: String,
    /// How it sees.
    pub sensor: SensorSpec,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identifier: Arc<Identifier>,
    /// What it may ask besides, and the faults that its looks share.
    pub id_sources: Arc<IdSources>,
    /// Who goes by what it identifies; without one the identity stands.
    pub operator: Option<Arc<Operator>>,
    /// How it fires.
    pub weapon: Option<Arc<WeaponSpec>>,
    /// When it is ready to.
    pub readiness: ReadinessSpec,
}

/// An entry of the site table.
#[derive(Debug, Clone)]
pub struct SiteEntry {
    /// Its name.
    pub name: String,
    /// What its draws are keyed by.
    pub key: Key,
    /// Its class.
    pub class: ClassId,
    /// Its side.
    pub side: SideId,
    /// Where its sites are.
    pub position: Position,
    /// Fewest and most sites, both included.
    pub count: (u32, u32),
    /// Its command node.
    pub command: Option<Command>,
}

/// Where the sites of an entry are.
#[derive(Debug, Clone, PartialEq)]
pub enum Position {
    /// At a point.
    At(Point),
    /// Uniform over an area, drawn per site and replication.
    DrawnIn(Area),
}
