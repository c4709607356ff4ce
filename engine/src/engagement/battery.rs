//! The means of one site: missiles, fire channels, and the engagements that hold them.

use std::sync::Arc;

use bevy_ecs::component::Component;

use super::{Doctrine, WeaponSpec};
use crate::ids::{AircraftId, Key};
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
    missiles: Vec<Missile>,
    begun: u32,
}

/// A missile in the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missile {
    /// The engagement it belongs to, and its number there.
    pub of: (u32, u32),
    /// What it flies at: who was behind the track when it left.
    pub target: AircraftId,
    /// What the draws about it are keyed by.
    pub key: Key,
    /// Number of the shot among those of the site at this aircraft, from 1.
    pub shot: u32,
}

/// One engagement of one track.
#[derive(Debug, Clone, Copy)]
pub struct Engagement {
    /// Number among the site's engagements.
    pub number: u32,
    /// The track, by the number its picture gave it.
    pub track: u32,
    /// Who was behind the track at the decision, or at the latest launch.
    pub target: AircraftId,
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
            missiles: Vec::new(),
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

    /// Begins an engagement of a track; its number.
    pub fn begin(&mut self, track: u32, target: AircraftId, permit: Permit, now: Millis) -> u32 {
        let number = self.begun;
        self.begun += 1;
        self.engagements.push(Engagement {
            number,
            track,
            target,
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

    /// Puts a missile into the air.
    pub fn send(&mut self, missile: Missile) {
        self.missiles.push(missile);
    }

    /// The missile of this number of an engagement arrives.
    pub fn arrive(&mut self, number: u32, missile: u32) -> Option<Missile> {
        let at = self
            .missiles
            .iter()
            .position(|flying| flying.of == (number, missile))?;
        Some(self.missiles.swap_remove(at))
    }

    /// The missiles in the air, in the order in which they were launched.
    pub fn in_flight(&self) -> Vec<Missile> {
        let mut missiles = self.missiles.clone();
        missiles.sort_unstable_by_key(|missile| missile.of);
        missiles
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

    /// Takes an engagement off its channel; the track it was about.
    pub fn release(&mut self, number: u32) -> Option<u32> {
        let at = self
            .engagements
            .iter()
            .position(|engagement| engagement.number == number)?;
        Some(self.engagements.remove(at).track)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::{
        Assessment, LaunchCheck, Priority, RangeMeasure, SalvoSpec, ShootLookShootSpec,
    };
    use crate::record::{Decision, Identity, NoticeState, Reason};
    use crate::streams::{Delay, FixedDelay};

    const TARGET: AircraftId = AircraftId(0);

    const PERMIT: Permit = Permit {
        decision: Decision {
            rule: "R1",
            reason: Reason::HostileIdentity,
        },
        identity: Identity::Hostile,
        notice: NoticeState::Unchecked,
    };

    fn battery(doctrine: Doctrine, channels: u32, magazine: u32) -> Battery {
        Battery::new(Arc::new(WeaponSpec {
            max_range_m: 10_000.0,
            min_range_m: 0.0,
            range: RangeMeasure::Ground,
            min_altitude_m: 0.0,
            max_altitude_m: None,
            reaction: Delay::Fixed(FixedDelay { delay_s: 0.0 }),
            channels,
            doctrine,
            missile_mps: None,
            kill_probability: 0.5,
            magazine,
            assessment: Assessment::Perfect,
            priority: Priority::ByName,
            launch_check: LaunchCheck::Decision,
        }))
    }

    fn salvo(missiles: u32) -> Doctrine {
        Doctrine::Salvo(SalvoSpec {
            missiles,
            spacing_s: 1.0,
        })
    }

    fn shoot_look_shoot(max_missiles: u32) -> Doctrine {
        Doctrine::ShootLookShoot(ShootLookShootSpec {
            max_missiles,
            spacing_s: 1.0,
        })
    }

    #[test]
    fn a_salvo_ends_with_its_last_missile() {
        let mut battery = battery(salvo(3), 1, 10);
        let number = battery.begin(7, TARGET, PERMIT, Millis::ZERO);
        assert!(!battery.ready(), "the only channel is taken");
        assert!(battery.launch(number, 1, 3) && battery.launch(number, 1, 3));
        assert_eq!(
            battery.resolve(number, false, false),
            Next::Wait,
            "the third has not left"
        );
        assert!(!battery.launch(number, 1, 3), "that was the third");
        assert_eq!(
            battery.resolve(number, true, true),
            Next::Wait,
            "one is in the air"
        );
        assert_eq!(
            battery.resolve(number, false, true),
            Next::End(EngagementEnd::Destroyed)
        );
        assert_eq!((battery.magazine, battery.release(number)), (7, Some(7)));
        assert!(battery.ready() && battery.release(number).is_none());
    }

    #[test]
    fn how_an_engagement_ended_is_told_apart() {
        for (hit, gone, end) in [
            (false, false, EngagementEnd::Missed),
            (false, true, EngagementEnd::TargetGone),
            (true, true, EngagementEnd::Destroyed),
        ] {
            let mut battery = battery(salvo(2), 1, 2);
            let number = battery.begin(0, TARGET, PERMIT, Millis::ZERO);
            assert!(!battery.launch(number, 2, 2), "both at once");
            assert_eq!(battery.resolve(number, hit, gone), Next::Wait);
            assert_eq!(battery.resolve(number, false, gone), Next::End(end));
        }
    }

    #[test]
    fn a_salvo_stops_at_the_last_missile_and_when_fire_is_held() {
        let mut short = battery(salvo(4), 1, 2);
        let number = short.begin(0, TARGET, PERMIT, Millis::ZERO);
        assert!(short.launch(number, 1, 4));
        assert!(!short.launch(number, 1, 4), "the magazine is empty");
        assert_eq!(short.resolve(number, false, false), Next::Wait);
        assert_eq!(
            short.resolve(number, false, false),
            Next::End(EngagementEnd::Missed)
        );
        let mut held = battery(salvo(4), 1, 9);
        let number = held.begin(0, TARGET, PERMIT, Millis::ZERO);
        assert!(held.launch(number, 1, 4));
        held.hold_fire(number);
        assert_eq!(
            held.resolve(number, false, true),
            Next::End(EngagementEnd::TargetGone)
        );
        assert_eq!(held.magazine, 8);
    }

    #[test]
    fn shoot_look_shoot_looks_after_each_shot_up_to_its_number() {
        let mut battery = battery(shoot_look_shoot(3), 1, 10);
        let number = battery.begin(0, TARGET, PERMIT, Millis::ZERO);
        for shot in 1..=3 {
            battery.launch(number, 1, 1);
            let next = battery.resolve(number, false, false);
            let expected = if shot < 3 {
                Next::LookAgain
            } else {
                Next::End(EngagementEnd::Missed)
            };
            assert_eq!(next, expected, "shot {shot}");
        }
    }

    #[test]
    fn shoot_look_shoot_ends_with_the_kill_and_with_the_magazine() {
        let mut kill = battery(shoot_look_shoot(3), 1, 10);
        let number = kill.begin(0, TARGET, PERMIT, Millis::ZERO);
        kill.launch(number, 1, 1);
        assert_eq!(
            kill.resolve(number, true, true),
            Next::End(EngagementEnd::Destroyed)
        );
        let mut last = battery(shoot_look_shoot(3), 1, 1);
        let number = last.begin(0, TARGET, PERMIT, Millis::ZERO);
        last.launch(number, 1, 1);
        assert_eq!(
            last.resolve(number, false, false),
            Next::End(EngagementEnd::Missed)
        );
    }

    /// An engagement that has not launched yet counts on one missile.
    #[test]
    fn a_missile_is_promised_once() {
        let mut battery = battery(salvo(1), 3, 2);
        assert!(battery.ready());
        let first = battery.begin(0, TARGET, PERMIT, Millis::ZERO);
        assert!(battery.ready());
        let second = battery.begin(1, TARGET, PERMIT, Millis::ZERO);
        assert_ne!(first, second);
        assert!(!battery.ready(), "both missiles are promised");
        battery.launch(first, 1, 1);
        assert!(!battery.ready(), "one left, and promised");
        assert_eq!(battery.release(second), Some(1));
        assert!(battery.ready(), "the second engagement came to nothing");
        assert!(battery.engagement(second).is_none() && battery.engagement(first).is_some());
    }
}
