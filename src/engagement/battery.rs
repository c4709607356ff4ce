//! The means of one site: missiles, fire channels, and the engagements that hold them.

use std::sync::Arc;

use bevy_ecs::component::Component;

use super::{Doctrine, WeaponSpec};
use crate::picture::Permit;
use crate::record::EngagementEnd;
use crate::units::Millis;

/// A site's missiles and engagements.
#[derive(Debug, Clone, Component)]
pub struct Battery {
    /// The weapon.
    pub weapon: Arc<WeaponSpec>,
    /// Missiles left.
    pub magazine: u32,
    engagements: Vec<Engagement>,
    begun: u32,
}

/// One engagement of one track.
#[derive(Debug, Clone, Copy)]
pub struct Engagement {
    /// Number among the site's engagements.
    pub number: u32,
    /// Index of the track's file in the site's picture.
    pub file: u32,
    /// What allowed it.
    pub permit: Permit,
    /// When it was decided.
    pub begun: Millis,
    /// Missiles launched.
    pub launched: u32,
    /// Missiles not yet resolved.
    pub in_flight: u32,
    /// Whether one of them destroyed the target.
    pub destroyed: bool,
    /// Whether nothing more is launched.
    pub holding: bool,
    /// Whether its end is recorded, and only the assessment is waited for.
    pub over: bool,
}

/// What follows when a missile is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Other missiles are in the air, or about to leave.
    Wait,
    /// The site looks what it did, and may shoot again.
    LookAgain,
    /// That was the last.
    End(EngagementEnd),
}

impl Battery {
    /// A full battery.
    pub fn new(weapon: Arc<WeaponSpec>) -> Battery {
        Battery {
            magazine: weapon.magazine,
            weapon,
            engagements: Vec::new(),
            begun: 0,
        }
    }

    /// Whether another engagement can begin: a free channel, and a missile that no waiting engagement counts on.
    pub fn ready(&self) -> bool {
        let promised = self
            .engagements
            .iter()
            .filter(|engagement| engagement.launched == 0)
            .count();
        self.engagements.len() < self.weapon.channels as usize && self.magazine as usize > promised
    }

    /// Begins an engagement of the track with this file; its number.
    pub fn begin(&mut self, file: u32, permit: Permit, now: Millis) -> u32 {
        let number = self.begun;
        self.begun += 1;
        self.engagements.push(Engagement {
            number,
            file,
            permit,
            begun: now,
            launched: 0,
            in_flight: 0,
            destroyed: false,
            holding: false,
            over: false,
        });
        number
    }

    /// The engagement of this number, while it holds a channel.
    pub fn engagement(&mut self, number: u32) -> Option<&mut Engagement> {
        self.engagements
            .iter_mut()
            .find(|engagement| engagement.number == number)
    }

    /// Launches so many missiles; whether more of a salvo of `salvo` are to follow.
    pub fn launch(&mut self, number: u32, missiles: u32, salvo: u32) -> bool {
        self.magazine -= missiles;
        let left = self.magazine > 0;
        let Some(engagement) = self.engagement(number) else {
            return false;
        };
        engagement.launched += missiles;
        engagement.in_flight += missiles;
        let more = engagement.launched < salvo && left;
        engagement.holding = !more;
        more
    }

    /// No further launch in this engagement.
    pub fn hold_fire(&mut self, number: u32) {
        if let Some(engagement) = self.engagement(number) {
            engagement.holding = true;
        }
    }

    /// A missile of the engagement is resolved: it destroyed the target (`hit`), or found or left it `gone` or flying.
    pub fn resolve(&mut self, number: u32, hit: bool, gone: bool) -> Next {
        let series = match &self.weapon.doctrine {
            Doctrine::ShootLookShoot(series) => series.max_missiles,
            Doctrine::Salvo(_) => 0,
        };
        let left = self.magazine > 0;
        let Some(engagement) = self.engagement(number) else {
            return Next::Wait;
        };
        engagement.in_flight -= 1;
        engagement.destroyed |= hit;
        if engagement.in_flight > 0 || !engagement.holding {
            Next::Wait
        } else if !gone && left && engagement.launched < series {
            Next::LookAgain
        } else if engagement.destroyed {
            Next::End(EngagementEnd::Destroyed)
        } else if gone {
            Next::End(EngagementEnd::TargetGone)
        } else {
            Next::End(EngagementEnd::Missed)
        }
    }

    /// Takes an engagement off its channel; the file it was about.
    pub fn release(&mut self, number: u32) -> Option<u32> {
        let at = self
            .engagements
            .iter()
            .position(|engagement| engagement.number == number)?;
        Some(self.engagements.remove(at).file)
    }
}
