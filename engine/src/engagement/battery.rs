//! The means of one site, its engagements and its missiles.

use std::sync::Arc;

use bevy_ecs::prelude::*;

use super::{Doctrine, WeaponSpec};
use crate::ids::{AircraftId, Key};
use crate::picture::Authorization;
use crate::record::EngagementEnd;
use crate::units::Millis;

/// A site's weapon and its missiles.
#[derive(Debug, Clone, Component)]
pub struct Battery {
    /// The weapon.
    pub weapon: Arc<WeaponSpec>,
    /// Missiles left.
    pub magazine: u32,
    /// Engagements begun.
    pub begun: u32,
    /// After how many shots it moves, and for how long.
    pub relocates: Option<(u32, Millis)>,
    /// Shots since it last moved.
    pub shots: u32,
}

impl Battery {
    /// A full battery, which moves after so many shots for so long.
    pub fn new(weapon: Arc<WeaponSpec>, relocates: Option<(u32, Millis)>) -> Battery {
        Battery {
            magazine: weapon.magazine,
            weapon,
            begun: 0,
            relocates,
            shots: 0,
        }
    }

    /// For how long it moves now that an engagement is over, if it does.
    pub fn moves(&mut self) -> Option<Millis> {
        let (after, lasts) = self.relocates?;
        (self.shots >= after).then(|| {
            self.shots = 0;
            lasts
        })
    }

    /// Fire channels that are free beside these engagements, and missiles that none of them counts on.
    pub fn means<'a>(&self, engagements: impl Iterator<Item = &'a Engagement>) -> (u32, u32) {
        let (mut held, mut promised) = (0, 0);
        for engagement in engagements {
            held += 1;
            promised += u32::from(engagement.launched == 0);
        }
        (
            self.weapon.channels.saturating_sub(held),
            self.magazine.saturating_sub(promised),
        )
    }
}

/// An engagement of a site holds one of its fire channels.
#[derive(Debug, Component)]
#[relationship(relationship_target = Engagements)]
pub struct HeldBy(pub Entity);

/// The engagements that hold the fire channels of a site.
#[derive(Debug, Default, Component)]
#[relationship_target(relationship = HeldBy, linked_spawn)]
pub struct Engagements(Vec<Entity>);

/// A missile was fired by an engagement.
#[derive(Debug, Component)]
#[relationship(relationship_target = Missiles)]
pub struct FiredBy(pub Entity);

/// The missiles of an engagement that are in the air.
#[derive(Debug, Default, Component)]
#[relationship_target(relationship = FiredBy, linked_spawn)]
pub struct Missiles(Vec<Entity>);

/// A missile in the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Component)]
pub struct Missile {
    /// Its number in the engagement.
    pub number: u32,
    /// What it flies at: who was behind the track when it left.
    pub target: AircraftId,
    /// What the draws about that are keyed by.
    pub key: Key,
    /// Number of the shot among those of the site at this target, from 1.
    pub shot: u32,
}

/// One engagement of one track.
#[derive(Debug, Clone, Copy, Component)]
pub struct Engagement {
    /// Number among the site's engagements.
    pub number: u32,
    /// What the site's picture calls the track.
    pub slot: u32,
    /// Who was behind the track at the decision, or at the latest launch.
    pub target: AircraftId,
    /// What draws about the target are keyed by.
    pub key: Key,
    /// What allowed it.
    pub authorization: Authorization,
    /// When it was decided.
    pub begun: Millis,
    /// Missiles launched.
    pub launched: u32,
    /// Missiles not yet resolved.
    pub in_flight: u32,
    /// Whether one of them destroyed the target.
    pub destroyed: bool,
    /// Whether nothing more of the salvo is launched.
    pub holding: bool,
    /// Whether nothing more is launched at all: what is in the air decides.
    pub cancelled: bool,
    /// Whether an assessment is on its way.
    pub assessing: bool,
    /// Whether its end is recorded, and only the assessment is waited for.
    pub over: bool,
}

/// What follows when a missile is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Other missiles are in the air, or about to leave.
    Wait,
    /// The site looks what it did, and may shoot again.
    LookAgain,
    /// That was the last.
    End(EngagementEnd),
}

impl Engagement {
    /// So many missiles leave, of which `left` stay in the magazine; whether more of a salvo are to follow.
    pub(super) fn launch(&mut self, missiles: u32, doctrine: &Doctrine, left: u32) -> bool {
        let salvo = match doctrine {
            Doctrine::Salvo(salvo) => salvo.missiles,
            Doctrine::ShootLookShoot(_) => 1,
        };
        self.launched += missiles;
        self.in_flight += missiles;
        let more = self.launched < salvo && left > 0;
        self.holding = !more;
        more
    }

    /// A missile is resolved: it destroyed the target (`hit`), or found or left it `gone` or flying; `left` are in the magazine.
    pub(super) fn resolve(
        &mut self,
        hit: bool,
        gone: bool,
        doctrine: &Doctrine,
        left: u32,
    ) -> Next {
        let series = match doctrine {
            Doctrine::ShootLookShoot(series) => series.max_missiles,
            Doctrine::Salvo(_) => 0,
        };
        self.in_flight -= 1;
        self.destroyed |= hit;
        if self.in_flight > 0 || !self.holding {
            Next::Wait
        } else if !gone && left > 0 && self.launched < series && !self.cancelled {
            Next::LookAgain
        } else if self.destroyed {
            Next::End(EngagementEnd::Destroyed)
        } else if gone {
            Next::End(EngagementEnd::TargetGone)
        } else {
            Next::End(EngagementEnd::Missed)
        }
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

    fn engagement() -> Engagement {
        Engagement {
            number: 0,
            slot: 0,
            target: AircraftId(0),
            key: Key::NONE,
            authorization: Authorization {
                decision: Decision {
                    rule: "R1",
                    reason: Reason::HostileIdentity,
                },
                identity: Identity::Hostile,
                notice: NoticeState::Unchecked,
            },
            begun: Millis::ZERO,
            launched: 0,
            in_flight: 0,
            destroyed: false,
            holding: false,
            cancelled: false,
            assessing: false,
            over: false,
        }
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
        let (mut one, three) = (engagement(), salvo(3));
        assert!(one.launch(1, &three, 9) && one.launch(1, &three, 8));
        let wait = one.resolve(false, false, &three, 8);
        assert_eq!(wait, Next::Wait, "the third has not left");
        assert!(!one.launch(1, &three, 7), "that was the third");
        let wait = one.resolve(true, true, &three, 7);
        assert_eq!(wait, Next::Wait, "one is in the air");
        let last = one.resolve(false, true, &three, 7);
        assert_eq!(last, Next::End(EngagementEnd::Destroyed));
    }

    #[test]
    fn how_an_engagement_ended_is_told_apart() {
        for (hit, gone, end) in [
            (false, false, EngagementEnd::Missed),
            (false, true, EngagementEnd::TargetGone),
            (true, true, EngagementEnd::Destroyed),
        ] {
            let (mut one, two) = (engagement(), salvo(2));
            assert!(!one.launch(2, &two, 0), "both at once");
            assert_eq!(one.resolve(hit, gone, &two, 0), Next::Wait);
            assert_eq!(one.resolve(false, gone, &two, 0), Next::End(end));
        }
    }

    #[test]
    fn a_salvo_stops_at_the_last_missile() {
        let (mut short, four) = (engagement(), salvo(4));
        assert!(short.launch(1, &four, 1));
        assert!(!short.launch(1, &four, 0), "the magazine is empty");
        assert_eq!(short.resolve(false, false, &four, 0), Next::Wait);
        let last = short.resolve(false, false, &four, 0);
        assert_eq!(last, Next::End(EngagementEnd::Missed));
    }

    #[test]
    fn shoot_look_shoot_looks_after_each_shot_up_to_its_number() {
        let (mut one, three) = (engagement(), shoot_look_shoot(3));
        for shot in 1..=3 {
            one.launch(1, &three, 10 - shot);
            let expected = if shot < 3 {
                Next::LookAgain
            } else {
                Next::End(EngagementEnd::Missed)
            };
            let next = one.resolve(false, false, &three, 10 - shot);
            assert_eq!(next, expected, "shot {shot}");
        }
    }

    #[test]
    fn shoot_look_shoot_ends_with_the_kill_the_magazine_and_the_track() {
        let three = shoot_look_shoot(3);
        let mut kill = engagement();
        kill.launch(1, &three, 9);
        let end = kill.resolve(true, true, &three, 9);
        assert_eq!(end, Next::End(EngagementEnd::Destroyed));
        let mut last = engagement();
        last.launch(1, &three, 0);
        let end = last.resolve(false, false, &three, 0);
        assert_eq!(end, Next::End(EngagementEnd::Missed));
        let mut lost = engagement();
        lost.launch(1, &three, 9);
        lost.cancelled = true;
        let end = lost.resolve(false, false, &three, 9);
        assert_eq!(end, Next::End(EngagementEnd::Missed));
    }

    /// An engagement that has not launched yet counts on one missile.
    #[test]
    fn a_missile_is_promised_once() {
        let mut battery = Battery::new(
            Arc::new(WeaponSpec {
                reload_s: None,
                max_range_m: 10_000.0,
                min_range_m: 0.0,
                range: RangeMeasure::Ground,
                min_altitude_m: 0.0,
                max_altitude_m: None,
                reaction: Delay::Fixed(FixedDelay { delay_s: 0.0 }),
                channels: 3,
                doctrine: salvo(1),
                missile_mps: None,
                kill_probability: 0.5,
                magazine: 2,
                assessment: Assessment::Perfect,
                priority: Priority::ByName,
                launch_check: LaunchCheck::Decision,
            }),
            None,
        );
        let waiting = engagement();
        let launched = Engagement {
            launched: 1,
            ..waiting
        };
        let means = |battery: &Battery, held: &[Engagement]| battery.means(held.iter());
        assert_eq!(means(&battery, &[]), (3, 2));
        assert_eq!(means(&battery, &[waiting]), (2, 1));
        assert_eq!(means(&battery, &[waiting; 2]), (1, 0), "both promised");
        battery.magazine = 1;
        assert_eq!(
            means(&battery, &[launched, waiting]),
            (1, 0),
            "one left, and promised"
        );
        assert_eq!(means(&battery, &[launched]), (2, 1));
        assert_eq!(means(&battery, &[launched; 3]), (0, 1), "no channel");
    }
}
