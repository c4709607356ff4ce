//! From decision to hit: which track is engaged, when missiles leave, what they do, when the channel is free again.

use bevy_ecs::prelude::*;

use super::{Assessment, Battery, Doctrine, Engagement, LaunchCheck, Priority};
use crate::picture::{Picture, Post, SpentSince};
use crate::platform::trajectory::Trajectory;
use crate::platform::{Planned, Vitality};
use crate::record::{EngagementEnd, Fact, Place, Rank, Recorder, TrackEnd};
use crate::streams::{Purpose, Streams};
use crate::tick::{Agenda, Clock, Due, Entry, Log, Roster};
use crate::units::Millis;

type Aircraft<'w, 's> =
    Query<'w, 's, (&'static Trajectory, &'static Planned, &'static mut Vitality)>;
type Sites<'w, 's> = Query<
    'w,
    's,
    (
        &'static Post,
        &'static mut Picture,
        &'static mut Battery,
        &'static mut SpentSince,
    ),
>;

/// Launches, impacts and assessments that are due, in the order of sites and engagements.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters of a system are its access list"
)]
pub(super) fn resolve_shots(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut agenda: ResMut<Agenda>,
    mut log: ResMut<Log>,
    mut sites: Sites,
    mut aircraft: Aircraft,
) {
    for entry in std::mem::take(&mut due.shots) {
        let (Entry::Launch(site, number)
        | Entry::Impact(site, number, _)
        | Entry::Assess(site, number)) = entry
        else {
            continue;
        };
        let Ok((post, mut picture, mut battery, mut spent)) =
            sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        let mut firing = Firing {
            now: clock.now,
            streams: &streams,
            roster: &roster,
            due: &mut due,
            agenda: &mut agenda,
            log: &mut log,
            post,
            picture: &mut picture,
            battery: &mut battery,
            spent: &mut spent,
            aircraft: &mut aircraft,
        };
        match entry {
            Entry::Launch(..) => firing.launch(number),
            Entry::Impact(_, _, shot) => firing.impact(number, shot),
            _ => firing.assess(number),
        }
    }
}

/// One site at one instant, and all that its shots act on.
struct Firing<'a, 'w, 's> {
    now: Millis,
    streams: &'a Streams,
    roster: &'a Roster,
    due: &'a mut Due,
    agenda: &'a mut Agenda,
    log: &'a mut Log,
    post: &'a Post,
    picture: &'a mut Picture,
    battery: &'a mut Battery,
    spent: &'a mut SpentSince,
    aircraft: &'a mut Aircraft<'w, 's>,
}

impl Firing<'_, '_, '_> {
    /// Shots decided on at this very instant come after the decision, the others before the scans.
    fn rank(&self, engagement: &Engagement) -> Rank {
        if engagement.begun == self.now {
            Rank::PromptShot
        } else {
            Rank::DueShot
        }
    }

    fn write(&mut self, engagement: &Engagement, place: Place, fact: Fact) {
        let rank = self.rank(engagement);
        self.log.0.record(self.now, rank, place, fact);
    }

    /// The reaction time, or the time to the next missile of the salvo, is over.
    fn launch(&mut self, number: u32) {
        let Some(engagement) = self.battery.engagement(number).copied() else {
            return;
        };
        let index = engagement.file as usize;
        let (target, weapon) = (
            self.picture.subjects[index].aircraft,
            self.battery.weapon.clone(),
        );
        let Ok((trajectory, planned, vitality)) =
            self.aircraft.get(self.roster.aircraft[target.index()])
        else {
            return;
        };
        let place = trajectory.position(self.now);
        let stopped = if !vitality.flying {
            Some(if engagement.destroyed {
                EngagementEnd::Destroyed
            } else {
                EngagementEnd::TargetGone
            })
        } else if self.battery.magazine == 0 {
            Some(EngagementEnd::MagazineEmpty)
        } else if weapon.launch_check == LaunchCheck::Decision {
            let (file, scene) = self.picture.open(
                index,
                self.post,
                self.spent.0,
                self.streams,
                trajectory,
                planned,
            );
            file.advance_to(self.now, &scene, &mut self.log.0);
            match file.decide_at(self.now, &scene) {
                _ if !file.tracked_now() => Some(EngagementEnd::TrackLost),
                None => Some(EngagementEnd::OutOfEnvelope),
                Some(Err(_)) => Some(EngagementEnd::Forbidden),
                Some(Ok(_)) => None,
            }
        } else {
            None
        };
        if let Some(end) = stopped {
            if engagement.in_flight > 0 {
                // What is in the air decides; nothing more is launched.
                self.battery.hold_fire(number);
            } else {
                self.end(number, end, place.into());
                // Only the missiles of a salvo already resolved are still to be assessed; between the shots of
                // shoot-look-shoot that is done.
                let salvo = matches!(weapon.doctrine, Doctrine::Salvo(_));
                if salvo && engagement.launched > 0 {
                    self.await_assessment(number)
                } else {
                    self.free(number)
                }
            }
            return;
        }
        let (salvo, spacing) = match &weapon.doctrine {
            Doctrine::Salvo(salvo) => (salvo.missiles, Millis::from_seconds(salvo.spacing_s)),
            Doctrine::ShootLookShoot(_) => (1, Millis::ZERO),
        };
        let together = if spacing == Millis::ZERO {
            salvo.min(self.battery.magazine)
        } else {
            1
        };
        let ground = place.xy() - self.post.place;
        let slant_m = libm::sqrt(ground.norm_squared() + place.z * place.z);
        let fly_out = weapon
            .missile_mps
            .map_or(Millis::ZERO, |mps| Millis::from_seconds(slant_m / mps));
        let more = self.battery.launch(number, together, salvo);
        if self.battery.magazine == 0 {
            self.spent.0 = self.now;
        }
        let mut shots = Vec::with_capacity(together as usize);
        for _ in 0..together {
            let shot = self.picture.files[index].note_shot(engagement.permit.identity);
            let fact = Fact::ShotFired {
                site: self.post.id,
                aircraft: target,
                shot,
                decision: engagement.permit.decision,
                identity: engagement.permit.identity,
                notice: engagement.permit.notice,
            };
            self.write(&engagement, place.into(), fact);
            shots.push(shot);
        }
        if more {
            self.agenda
                .enter(self.now + spacing, Entry::Launch(self.post.id, number));
        }
        for shot in shots {
            if fly_out == Millis::ZERO {
                self.impact(number, shot);
            } else {
                self.agenda.enter(
                    self.now + fly_out,
                    Entry::Impact(self.post.id, number, shot),
                );
            }
        }
    }

    /// A missile reaches its target, or the place where it was.
    fn impact(&mut self, number: u32, shot: u32) {
        let Some(engagement) = self.battery.engagement(number).copied() else {
            return;
        };
        let subject = &self.picture.subjects[engagement.file as usize];
        let (site, target) = (self.post.id, subject.aircraft);
        let Ok((trajectory, _, mut vitality)) =
            self.aircraft.get_mut(self.roster.aircraft[target.index()])
        else {
            return;
        };
        let place: Place = trajectory.position(self.now).into();
        let mut luck = self.streams.about(Purpose::Hit, self.post.key, subject.key);
        let hit =
            vitality.flying && luck.happens(u64::from(shot), self.battery.weapon.kill_probability);
        let fact = match (vitality.flying, hit) {
            (false, _) => Fact::ShotWasted {
                site,
                aircraft: target,
                shot,
            },
            (true, false) => Fact::ShotMissed {
                site,
                aircraft: target,
                shot,
            },
            (true, true) => Fact::Destroyed {
                aircraft: target,
                site,
                shot,
            },
        };
        if hit {
            vitality.flying = false;
            self.due.gone.push((target, TrackEnd::AircraftDestroyed));
        }
        let gone = !vitality.flying;
        self.write(&engagement, place, fact);
        match self.battery.resolve(number, hit, gone) {
            super::battery::Next::Wait => {}
            super::battery::Next::LookAgain => self.await_assessment(number),
            super::battery::Next::End(end) => {
                self.end(number, end, place);
                self.await_assessment(number);
            }
        }
    }

    fn await_assessment(&mut self, number: u32) {
        match &self.battery.weapon.assessment {
            Assessment::Perfect => self.assess(number),
            Assessment::Delayed(delayed) => {
                let done = self.now + Millis::from_seconds(delayed.delay_s);
                self.agenda.enter(done, Entry::Assess(self.post.id, number));
            }
        }
    }

    /// The site knows what its shots did: it shoots again, or the channel is free.
    fn assess(&mut self, number: u32) {
        let Some(engagement) = self.battery.engagement(number).copied() else {
            return;
        };
        match &self.battery.weapon.doctrine {
            Doctrine::ShootLookShoot(series) if !engagement.over => {
                let next = self.now + Millis::from_seconds(series.spacing_s);
                self.agenda.enter(next, Entry::Launch(self.post.id, number));
            }
            _ => self.free(number),
        }
    }

    fn end(&mut self, number: u32, end: EngagementEnd, place: Place) {
        let Some(engagement) = self.battery.engagement(number) else {
            return;
        };
        engagement.over = true;
        let engagement = *engagement;
        let aircraft = self.picture.subjects[engagement.file as usize].aircraft;
        self.write(
            &engagement,
            place,
            Fact::EngagementEnded {
                site: self.post.id,
                aircraft,
                end,
            },
        );
    }

    fn free(&mut self, number: u32) {
        if let Some(file) = self.battery.release(number) {
            self.due.freed.push((self.post.id, file));
        }
    }
}

/// Sites with a track they may fire at in this very scan, and the means to, choose and begin.
#[expect(
    clippy::too_many_arguments,
    reason = "the parameters of a system are its access list"
)]
pub(super) fn open_fire(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut agenda: ResMut<Agenda>,
    mut log: ResMut<Log>,
    mut sites: Sites,
    aircraft: Query<(&Trajectory, &Planned, &Vitality)>,
) {
    let now = clock.now;
    let mut ripe = std::mem::take(&mut due.ripe);
    ripe.sort_unstable();
    ripe.dedup();
    for at_site in ripe.chunk_by(|one, other| one.0 == other.0) {
        let site = at_site[0].0;
        let Ok((post, mut picture, mut battery, spent)) = sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        let mut candidates = Vec::new();
        for &(_, index) in at_site {
            let index = index as usize;
            let target = picture.subjects[index].aircraft;
            let Ok((trajectory, planned, vitality)) = aircraft.get(roster.aircraft[target.index()])
            else {
                continue;
            };
            let due_now = picture.ripe_at[index] == now && !picture.files[index].engaged;
            if vitality.flying && due_now && battery.ready() {
                let (file, scene) =
                    picture.open(index, post, spent.0, &streams, trajectory, planned);
                file.advance_to(now, &scene, &mut log.0);
                let urgency = urgency(
                    battery.weapon.priority,
                    &picture,
                    index,
                    post,
                    trajectory,
                    now,
                );
                candidates.push((urgency, index, trajectory, planned));
            }
        }
        // Files are in the order of aircraft names, so ties go by name.
        candidates.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        for (_, index, trajectory, planned) in candidates {
            let chosen = battery.ready();
            let (file, scene) = picture.open(index, post, spent.0, &streams, trajectory, planned);
            file.engaged = chosen;
            let scan = post.clock.first_from(now.0);
            file.advance(scan + 1, &scene, &mut log.0);
            let Some(permit) = file.permit().filter(|_| chosen) else {
                file.engaged = false;
                continue;
            };
            let nth = u64::from(file.engagements);
            file.engagements += 1;
            let subject = &picture.subjects[index];
            let mut luck = streams.about(Purpose::Reaction, post.key, subject.key);
            let reaction_s = luck.delay_s(nth, &battery.weapon.reaction);
            let number = battery.begin(index as u32, permit, now);
            agenda.enter(
                now + Millis::from_seconds(reaction_s),
                Entry::Launch(site, number),
            );
            let fact = Fact::EngagementBegun {
                site,
                aircraft: subject.aircraft,
                decision: permit.decision,
                identity: permit.identity,
                notice: permit.notice,
            };
            log.0
                .record(now, Rank::Decision, trajectory.position(now).into(), fact);
        }
    }
}

/// What a priority orders tracks by: least first.
fn urgency(
    priority: Priority,
    picture: &Picture,
    file: usize,
    post: &Post,
    trajectory: &Trajectory,
    now: Millis,
) -> f64 {
    match priority {
        Priority::ByName => 0.0,
        Priority::FirstEligible => picture.files[file]
            .eligible_since()
            .unwrap_or(now)
            .seconds(),
        Priority::Nearest => (trajectory.position(now).xy() - post.place).norm(),
        Priority::LeastTimeLeft => {
            // The run of scans in the envelope that the present scan belongs to ends when the aircraft leaves.
            let scan = post.clock.first_from(now.0);
            let run = picture.subjects[file]
                .envelope
                .iter()
                .find(|run| (run.from..run.end).contains(&scan));
            run.map_or(f64::INFINITY, |run| post.clock.time_ms(run.end) as f64)
        }
    }
}
