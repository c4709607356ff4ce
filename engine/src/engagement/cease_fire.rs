//! Orders to cease fire (rule R19) on their way to the sites.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy_ecs::prelude::*;

use crate::coordination::{CeaseFireSpec, CommandLink};
use crate::ids::{Key, SiteId};
use crate::streams::Streams;
use crate::units::Millis;

/// A site that an order may reach.
#[derive(Debug, Clone)]
pub struct Obeying {
    /// The site.
    pub site: SiteId,
    /// What its draws are keyed by.
    pub key: Key,
    /// What the draws of its side are keyed by.
    pub side: Key,
    /// Its command link.
    pub command_link: Arc<CommandLink>,
}

/// Who has called for a cease-fire, and whom an order reaches.
#[derive(Debug, Resource)]
pub struct CeaseFires {
    /// The rule.
    pub spec: CeaseFireSpec,
    streams: Streams,
    sites: Vec<Obeying>,
    /// Sides that shot, and aircraft whose owner has called for that.
    called: BTreeSet<(Key, Key)>,
}

impl CeaseFires {
    /// Nobody has called yet.
    pub fn new(spec: CeaseFireSpec, streams: Streams, sites: Vec<Obeying>) -> CeaseFires {
        CeaseFires {
            spec,
            streams,
            sites,
            called: BTreeSet::new(),
        }
    }

    /// An order given at `time`, to the sites of one side or to all: whom it reaches, and when.
    pub fn order(&self, order: Key, side: Option<Key>, time: Millis) -> Vec<(SiteId, Millis)> {
        let to = |obeying: &&Obeying| side.is_none_or(|side| obeying.side == side);
        let reached = |obeying: &Obeying| {
            let way = self.spec.on_its_way(&self.streams, obeying.key, order)?;
            let there = obeying.command_link.passes(time + way);
            (there != Millis::NEVER).then_some((obeying.site, there))
        };
        self.sites.iter().filter(to).filter_map(reached).collect()
    }

    /// The owner of an aircraft at which a site has fired calls at `time`: whom that reaches, and when. Nothing if he has called
    /// before.
    pub fn call(
        &mut self,
        site: SiteId,
        aircraft: Key,
        time: Millis,
    ) -> Option<Vec<(SiteId, Millis)>> {
        let by = self.sites.iter().find(|obeying| obeying.site == site);
        let side = by?.side;
        let first = self.called.insert((side, aircraft));
        first.then(|| self.order(Key::of("call").and(aircraft), Some(side), time))
    }
}
