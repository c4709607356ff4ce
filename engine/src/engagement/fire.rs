//! From decision to hit: which track is engaged, when missiles leave, what they do, when the channel is free again.
//!
//! One observer for each thing that falls due, and one for a track that ends under its engagement. What they do to sites,
//! engagements and missiles is in [`FireControl`].

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use nalgebra::Vector3;

use super::battery::Next;
use super::cease_fire::CeaseFires;
use super::{
    Assessment, Battery, BestShooter, Doctrine, Engagement, Engagements, FireDistribution,
    FireDistributionSpec, FiredBy, HeldBy, LaunchCheck, Missile, Missiles, choice,
};
use crate::calendar::{
    AircraftGone, AssessmentDue, ChannelFreed, ClaimDue, DecisionDue, EventCalendar, ImpactDue,
    LaunchDue, Log, OrderDue, ReloadDue, SiteOff, SiteWithdraws, TrackEnded,
};
use crate::coordination::ApprovalQueues;
use crate::ids::AircraftId;
use crate::picture::{At, Begun, Claim, Observer, Outlet, Picture, Sky, Verdict};
use crate::record::{Decision, EngagementEnd, Fact, NotReady, Rank, Reason, TrackEnd};
use crate::streams::Purpose;
use crate::units::Millis;

/// Adds the observers of this module.
pub fn install(world: &mut World) {
    world.add_observer(|due: On<ClaimDue>, mut fire: FireControl| fire.heed_claims(due.entity));
    world.add_observer(|due: On<ReloadDue>, mut fire: FireControl| fire.reload(due.entity));
    world.add_observer(|off: On<SiteOff>, mut fire: FireControl| fire.stand_down(off.entity));
    world.add_observer(|due: On<OrderDue>, mut fire: FireControl| fire.obey(due.entity));
    world.add_observer(|due: On<LaunchDue>, mut fire: FireControl| fire.launch(due.entity));
    world.add_observer(|due: On<ImpactDue>, mut fire: FireControl| fire.impact(due.entity));
    world.add_observer(|due: On<AssessmentDue>, mut fire: FireControl| fire.assess(due.entity));
    world.add_observer(|due: On<DecisionDue>, mut fire: FireControl| fire.decide(due.entity));
    world.add_observer(|lost: On<TrackEnded>, mut fire: FireControl| {
        fire.lose(lost.entity, lost.end);
    });
}

/// All that engagements act on.
#[derive(SystemParam)]
struct FireControl<'w, 's> {
    sky: Sky<'w, 's>,
    calendar: ResMut<'w, EventCalendar>,
    log: ResMut<'w, Log>,
    orders: Option<ResMut<'w, CeaseFires>>,
    approval_queues: Option<ResMut<'w, ApprovalQueues>>,
    distribution: Option<Res<'w, FireDistribution>>,
    sites: Query<
        'w,
        's,
        (
            &'static Observer,
            &'static mut Picture,
            &'static mut Battery,
            Option<&'static Engagements>,
        ),
    >,
    engagements: Query<
        'w,
        's,
        (
            &'static mut Engagement,
            &'static HeldBy,
            Option<&'static Missiles>,
        ),
    >,
    missiles: Query<'w, 's, (&'static Missile, &'static FiredBy)>,
    commands: Commands<'w, 's>,
}

impl FireControl<'_, '_> {
    /// The engagement, if it still is one, and the site that holds it.
    fn engagement(&self, entity: Entity) -> Option<(Engagement, Entity)> {
        let (engagement, held_by, _) = self.engagements.get(entity).ok()?;
        Some((*engagement, held_by.0))
    }

    fn change(&mut self, entity: Entity, change: impl FnOnce(&mut Engagement)) {
        if let Ok((mut engagement, ..)) = self.engagements.get_mut(entity) {
            change(&mut engagement);
        }
    }

    /// Writes a fact of an engagement down: what was decided on at this very instant comes after the decision, what was before
    /// comes before the scans, and what comes of the end of a track with that.
    fn write(&mut self, engagement: &Engagement, place: Vector3<f64>, lost: bool, fact: Fact) {
        let now = self.sky.now();
        let rank = if lost {
            Rank::Closing
        } else if engagement.begun == now {
            Rank::PromptShot
        } else {
            Rank::DueShot
        };
        self.log.0.record(now, rank, place.into(), fact);
    }

    /// Free fire channels and missiles that no engagement counts on, once one of a site's engagements is over.
    fn means(&self, site: Entity, over: Option<Entity>) -> (u32, u32) {
        self.sites
            .get(site)
            .map_or((0, 0), |(_, _, battery, held)| {
                let held = held.into_iter().flat_map(|held| held.iter());
                let held = held.filter(|entity| Some(*entity) != over);
                let held = held.filter_map(|entity| self.engagements.get(entity).ok());
                battery.means(held.map(|(engagement, ..)| engagement))
            })
    }

    /// Where the target of an engagement is, and whether it is in the sky; what is not there cannot be gone.
    fn whereabouts(&mut self, entity: Entity) -> (Vector3<f64>, bool) {
        let nowhere = (Vector3::zeros(), false);
        let Some((engagement, site)) = self.engagement(entity) else {
            return nowhere;
        };
        if engagement.target != AircraftId::NOBODY {
            return self.sky.whereabouts(engagement.target).unwrap_or(nowhere);
        }
        let now = self.sky.now();
        let Ok((observer, mut picture, ..)) = self.sites.get_mut(site) else {
            return nowhere;
        };
        let held = picture.target_of((engagement.slot, entity), now);
        let place = held.map_or(observer.place.push(0.0), |(.., place)| place);
        (place, true)
    }

    /// The reaction time, or the time to the next missile of the salvo, is over.
    fn launch(&mut self, entity: Entity) {
        let Some((mut engagement, site)) = self.engagement(entity) else {
            return;
        };
        if engagement.over || engagement.cancelled {
            return;
        }
        let now = self.sky.now();
        let link = (engagement.slot, entity);
        if let Ok((_, mut picture, ..)) = self.sites.get_mut(site)
            && let Some((target, key, _)) = picture.target_of(link, now)
        {
            // The missile flies at what the track follows now.
            (engagement.target, engagement.key) = (target, key);
            self.change(entity, |engagement| {
                (engagement.target, engagement.key) = (target, key);
            });
        }
        let (place, flying) = self.whereabouts(entity);
        if let Some(end) = self.stopped(entity, &engagement, site, flying) {
            self.stop(entity, end, false);
            return;
        }
        self.send(entity, engagement, site, place);
    }

    /// Why nothing is launched, if nothing is.
    fn stopped(
        &mut self,
        entity: Entity,
        engagement: &Engagement,
        site: Entity,
        flying: bool,
    ) -> Option<EngagementEnd> {
        let Ok((observer, picture, battery, _)) = self.sites.get(site) else {
            return Some(EngagementEnd::TrackLost);
        };
        if !flying && observer.tracker.loss_seen {
            return Some(EngagementEnd::TargetGone);
        }
        if picture.is_off(self.sky.now()) {
            return Some(EngagementEnd::NotReady);
        }
        if picture.ceased(self.sky.now()) {
            return Some(EngagementEnd::Ceased);
        }
        if battery.magazine == 0 {
            return Some(EngagementEnd::MagazineEmpty);
        }
        if battery.weapon.launch_check == LaunchCheck::None {
            return None;
        }
        let link = (engagement.slot, entity);
        let verdict = self.looking(site, |picture, _, at, outlet| {
            picture.verdict_on(link, at, outlet)
        })?;
        match verdict {
            None => Some(EngagementEnd::TrackLost),
            Some(Verdict::Outside) => Some(EngagementEnd::OutOfEnvelope),
            Some(Verdict::Declined(_)) => Some(EngagementEnd::Forbidden),
            Some(Verdict::Permitted(_)) => None,
        }
    }

    /// Missiles leave.
    fn send(&mut self, entity: Entity, engagement: Engagement, site: Entity, place: Vector3<f64>) {
        let now = self.sky.now();
        let Ok((observer, mut picture, mut battery, _)) = self.sites.get_mut(site) else {
            return;
        };
        let (id, target) = (observer.id, engagement.target);
        let weapon = battery.weapon.clone();
        let (salvo, spacing) = match &weapon.doctrine {
            Doctrine::Salvo(salvo) => (salvo.missiles, Millis::from_seconds(salvo.spacing_s)),
            Doctrine::ShootLookShoot(_) => (1, Millis::ZERO),
        };
        let together = if spacing == Millis::ZERO {
            salvo.min(battery.magazine)
        } else {
            1
        };
        let slant_m = (place - observer.place.push(0.0)).norm();
        let fly_out = weapon
            .missile_mps
            .map_or(Millis::ZERO, |mps| Millis::from_seconds(slant_m / mps));
        battery.magazine -= together;
        battery.shots += together;
        let left = battery.magazine;
        if left == 0
            && let Some(reload_s) = weapon.reload_s
        {
            let full = now + Millis::from_seconds(reload_s);
            self.calendar.reload(full, id, site);
        }
        let identity = engagement.authorization.identity;
        let calls = picture.owner_calls(target, observer, self.sky.streams());
        let mut shots = Vec::new();
        for _ in 0..together {
            shots.push(picture.note_shot((engagement.slot, entity), target, identity));
        }
        let mut more = false;
        self.change(entity, |engagement| {
            more = engagement.launch(together, &weapon.doctrine, left);
        });
        for (nth, &shot) in shots.iter().enumerate() {
            let fact = Fact::ShotFired {
                site: id,
                aircraft: target,
                shot,
                decision: engagement.authorization.decision,
                identity,
                notice: engagement.authorization.notice,
            };
            self.write(&engagement, place, false, fact);
            let number = engagement.launched + nth as u32;
            let missile = Missile {
                number,
                target,
                key: engagement.key,
                shot,
            };
            let missile = self.commands.spawn((missile, FiredBy(entity))).id();
            self.calendar
                .impact(now + fly_out, id, (engagement.number, number), missile);
        }
        if engagement.launched == 0 {
            self.claim(site, entity, engagement.slot);
        }
        if let Some(after) = calls {
            self.call(site, target, now + after, place);
        }
        if more {
            self.calendar
                .launch(now + spacing, id, engagement.number, entity);
        }
        self.set_ready(site, None);
    }

    /// The other sites of the side of a site, if they share out targets, and how.
    fn partners(&self, site: Entity) -> Option<(FireDistributionSpec, Vec<Entity>)> {
        let distribution = self.distribution.as_ref()?;
        let (observer, ..) = self.sites.get(site).ok()?;
        let spec = distribution.of(observer.side)?;
        let mut partners: Vec<(&Observer, Entity)> = (self.sites.iter())
            .filter(|(other, ..)| other.side == observer.side && other.id != observer.id)
            .filter_map(|(other, ..)| Some((other, self.sky.site(other.id)?)))
            .collect();
        partners.sort_by_key(|(other, _)| other.id);
        Some((
            spec,
            partners.into_iter().map(|(_, entity)| entity).collect(),
        ))
    }

    /// The first missile of an engagement has left: the site claims the target.
    fn claim(&mut self, site: Entity, engagement: Entity, slot: u32) {
        let Some((spec, partners)) = self.partners(site) else {
            return;
        };
        let course = self.looking(site, |picture, _, at, outlet| {
            picture.course_of((slot, engagement), at, outlet)
        });
        let Some(course) = course.flatten() else {
            return;
        };
        let now = self.sky.now();
        let claim = Claim {
            engagement,
            course,
            gate_m: spec.gate_m,
            from: now + spec.latency(),
            until: Millis::NEVER,
        };
        for partner in partners {
            if let Ok((observer, mut picture, ..)) = self.sites.get_mut(partner) {
                picture.claim(claim);
                self.calendar.claim(claim.from, observer.id, partner);
            }
        }
    }

    /// A claim has come: the reaction that still runs against what is claimed is stopped.
    fn heed_claims(&mut self, site: Entity) {
        let concerned = self.looking(site, |picture, _, at, outlet| {
            picture.heed_claims(at, outlet)
        });
        for entity in concerned.unwrap_or_default() {
            let Some((engagement, _)) = self.engagement(entity) else {
                continue;
            };
            if !engagement.over && engagement.launched == 0 {
                self.stop(entity, EngagementEnd::Claimed, false);
            }
        }
    }

    /// Whether another site of the side is nearer to a track that a site may fire at, and engages it, or may and could.
    fn left_to_others(&mut self, site: Entity, place: Vector3<f64>) -> bool {
        let Some((spec, partners)) = self.partners(site) else {
            return false;
        };
        if spec.best_shooter != BestShooter::Nearest {
            return false;
        }
        let away = |observer: &Observer| (observer.place - place.xy()).norm();
        let Some(here_m) = self
            .sites
            .get(site)
            .ok()
            .map(|(observer, ..)| away(observer))
        else {
            return false;
        };
        let now = self.sky.now();
        partners.into_iter().any(|partner| {
            let partner = self.sites.get_mut(partner);
            partner.is_ok_and(|(observer, mut picture, ..)| {
                away(observer) < here_m && picture.fires_near(place, spec.gate_m, now)
            })
        })
    }

    /// Has a picture do something for which it must be brought up to now; of tracks that are engaged none can end by that.
    fn looking<T>(
        &mut self,
        site: Entity,
        does: impl FnOnce(&mut Picture, &Observer, &At<'_, '_, '_>, &mut Outlet<'_>) -> T,
    ) -> Option<T> {
        let (observer, mut picture, ..) = self.sites.get_mut(site).ok()?;
        let at = At::new(observer, &self.sky, &self.calendar);
        let mut ended = Vec::new();
        let mut outlet = Outlet {
            recorder: &mut self.log.0,
            approval_queues: self.approval_queues.as_deref_mut(),
            ended: &mut ended,
            end: self.sky.end(),
        };
        let done = does(&mut picture, observer, &at, &mut outlet);
        assert!(
            ended.is_empty(),
            "the end of a track that is engaged is visited"
        );
        Some(done)
    }

    /// The owner of an aircraft that is fired at by mistake calls at `time`, if nobody has called for that before.
    fn call(&mut self, site: Entity, target: AircraftId, time: Millis, place: Vector3<f64>) {
        let Ok((observer, picture, ..)) = self.sites.get(site) else {
            return;
        };
        let (Some(orders), Some(key)) = (&mut self.orders, picture.key_of(target)) else {
            return;
        };
        let Some(reached) = orders.call(observer.id, key, time) else {
            return;
        };
        for (site, there) in reached {
            if let Some(entity) = self.sky.site(site) {
                self.calendar.order(there, site, entity);
            }
        }
        if time <= self.sky.end() {
            let fact = Fact::CeaseFireCalled {
                site: observer.id,
                aircraft: target,
            };
            let log = &mut self.log.0;
            log.record(time, Rank::Notice, place.into(), fact);
        }
    }

    /// A missile reaches its target, or the place where it was.
    fn impact(&mut self, missile: Entity) {
        let Ok((&shot, fired_by)) = self.missiles.get(missile) else {
            return;
        };
        let entity = fired_by.0;
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        let Ok((observer, _, battery, _)) = self.sites.get(site) else {
            return;
        };
        let (id, site_key) = (observer.id, observer.key);
        let kill_probability = battery.weapon.kill_probability;
        let Missile {
            target, key, shot, ..
        } = shot;
        let (place, flying) = match target {
            AircraftId::NOBODY => self.whereabouts(entity),
            target => self
                .sky
                .whereabouts(target)
                .unwrap_or((Vector3::zeros(), false)),
        };
        let mut stream = self.sky.streams().about(Purpose::Hit, site_key, key);
        let hit = flying
            && target != AircraftId::NOBODY
            && stream.happens(u64::from(shot), kill_probability);
        let (site, aircraft) = (id, target);
        let fact = match (flying, hit) {
            (false, _) => Fact::ShotWasted {
                site,
                aircraft,
                shot,
            },
            (true, false) => Fact::ShotMissed {
                site,
                aircraft,
                shot,
            },
            (true, true) => Fact::Destroyed {
                aircraft,
                site,
                shot,
            },
        };
        self.write(&engagement, place, false, fact);
        self.commands.entity(missile).despawn();
        let gone = (hit || !flying) && self.taken_for_destroyed(entity, true);
        self.resolve(entity, hit, gone, None);
        if hit && let Some(entity) = self.sky.entity(target) {
            self.commands.trigger(AircraftGone {
                entity,
                aircraft: target,
                end: TrackEnd::AircraftDestroyed,
            });
        }
    }

    /// Whether the site takes the target of an engagement for destroyed that is, or is not.
    fn taken_for_destroyed(&self, entity: Entity, destroyed: bool) -> bool {
        let Some((engagement, site)) = self.engagement(entity) else {
            return destroyed;
        };
        let Ok((observer, _, battery, _)) = self.sites.get(site) else {
            return destroyed;
        };
        let streams = self.sky.streams();
        let mut stream = streams.about(Purpose::Assessment, observer.key, engagement.key);
        let assessment = &battery.weapon.assessment;
        let shot = u64::from(engagement.number) << 32 | u64::from(engagement.launched);
        assessment.takes_for_destroyed(&mut stream, shot, destroyed)
    }

    /// A missile is resolved; the engagement ends so if it was the last, or in the way that is given.
    fn resolve(&mut self, entity: Entity, hit: bool, gone: bool, end: Option<EngagementEnd>) {
        let Some((_, site)) = self.engagement(entity) else {
            return;
        };
        let Ok((_, _, battery, _)) = self.sites.get(site) else {
            return;
        };
        let (weapon, left) = (battery.weapon.clone(), battery.magazine);
        let mut next = Next::Wait;
        self.change(entity, |engagement| {
            next = engagement.resolve(hit, gone, &weapon.doctrine, left);
        });
        match next {
            Next::Wait => {}
            Next::LookAgain => self.await_assessment(entity),
            Next::End(found) => {
                self.end(entity, end.unwrap_or(found), false);
                self.await_assessment(entity);
            }
        }
    }

    /// The magazine is full again.
    fn reload(&mut self, site: Entity) {
        let now = self.sky.now();
        let Ok((observer, _, mut battery, _)) = self.sites.get_mut(site) else {
            return;
        };
        battery.magazine = battery.weapon.magazine;
        let (id, here) = (observer.id, observer.place.push(0.0));
        let fact = Fact::Reloaded { site: id };
        self.log.0.record(now, Rank::Notice, here.into(), fact);
        self.set_ready(site, None);
        let Ok((observer, mut picture, ..)) = self.sites.get_mut(site) else {
            return;
        };
        let at = At::new(observer, &self.sky, &self.calendar);
        if let Some(time) = picture.look_again(&at) {
            self.calendar.scan(time, id, site);
        }
    }

    /// The engagements of a site, in the order in which they began.
    fn held(&self, site: Entity) -> Vec<Entity> {
        let held = self.sites.get(site).ok().and_then(|(.., held)| held);
        let mut held: Vec<Entity> = held.into_iter().flat_map(|held| held.iter()).collect();
        held.sort_by_key(|entity| {
            self.engagement(*entity)
                .map(|(engagement, _)| engagement.number)
        });
        held
    }

    /// The site is not ready any more: what it has not launched it does not launch, what is in the air flies on.
    fn stand_down(&mut self, site: Entity) {
        for entity in self.held(site) {
            if let Some((engagement, _)) = self.engagement(entity)
                && !engagement.over
            {
                self.stop(entity, EngagementEnd::NotReady, false);
            }
        }
    }

    /// An order to cease fire has come: nothing more is launched, and what is in the air is stopped if it can be.
    fn obey(&mut self, site: Entity) {
        let Some(spec) = self.orders.as_ref().map(|orders| orders.spec.clone()) else {
            return;
        };
        let now = self.sky.now();
        let Ok((observer, mut picture, ..)) = self.sites.get_mut(site) else {
            return;
        };
        picture.cease(now, now + spec.lasts());
        let (id, site_key, here) = (observer.id, observer.key, observer.place.push(0.0));
        let fact = Fact::CeaseFireReceived { site: id };
        self.log.0.record(now, Rank::Notice, here.into(), fact);
        for entity in self.held(site) {
            let Ok((&engagement, _, missiles)) = self.engagements.get(entity) else {
                continue;
            };
            let missiles = missiles.into_iter().flat_map(|missiles| missiles.iter());
            let flying = |missile: Entity| Some((missile, *self.missiles.get(missile).ok()?.0));
            let mut missiles: Vec<(Entity, Missile)> = missiles.filter_map(flying).collect();
            missiles.sort_by_key(|(_, missile)| missile.number);
            for (
                missile,
                Missile {
                    target, key, shot, ..
                },
            ) in missiles
            {
                if !spec.aborts(self.sky.streams(), site_key, key, shot) {
                    continue;
                }
                let (place, flying) = match target {
                    AircraftId::NOBODY => self.whereabouts(entity),
                    target => self.sky.whereabouts(target).unwrap_or((here, false)),
                };
                let fact = Fact::ShotAborted {
                    site: id,
                    aircraft: target,
                    shot,
                };
                self.write(&engagement, place, false, fact);
                self.commands.entity(missile).despawn();
                self.resolve(entity, false, !flying, Some(EngagementEnd::Ceased));
            }
        }
    }

    /// The track of an engagement has ended. Before a launch so has the engagement, after one nothing more is launched; but
    /// not where a decision once taken is carried out.
    fn lose(&mut self, entity: Entity, end: TrackEnd) {
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        let checks = self
            .sites
            .get(site)
            .is_ok_and(|(_, _, battery, _)| battery.weapon.launch_check == LaunchCheck::Decision);
        if engagement.over || !checks {
            return;
        }
        let end = match end {
            TrackEnd::Dropped | TrackEnd::Merged => EngagementEnd::TrackLost,
            TrackEnd::AircraftDestroyed | TrackEnd::AircraftLanded => EngagementEnd::TargetGone,
            TrackEnd::EndOfRun => return,
        };
        self.stop(entity, end, true);
    }

    /// Nothing more is launched in an engagement.
    fn stop(&mut self, entity: Entity, end: EngagementEnd, lost: bool) {
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        if engagement.in_flight > 0 {
            // What is in the air decides.
            self.change(entity, |engagement| {
                engagement.holding = true;
                engagement.cancelled = true;
            });
            return;
        }
        let end = if engagement.destroyed {
            EngagementEnd::Destroyed
        } else {
            end
        };
        self.end(entity, end, lost);
        if engagement.assessing {
            return;
        }
        let salvo = self
            .sites
            .get(site)
            .is_ok_and(|(_, _, battery, _)| matches!(battery.weapon.doctrine, Doctrine::Salvo(_)));
        // Only the missiles of a salvo already resolved are still to be assessed; between the shots of shoot-look-shoot that is
        // done.
        if engagement.launched > 0 && salvo {
            self.await_assessment(entity);
        } else {
            self.free(entity);
        }
    }

    fn await_assessment(&mut self, entity: Entity) {
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        let Ok((observer, _, battery, _)) = self.sites.get(site) else {
            return;
        };
        match &battery.weapon.assessment {
            Assessment::Perfect => self.assess(entity),
            Assessment::Delayed(delayed) => {
                let done = self.sky.now() + Millis::from_seconds(delayed.delay_s);
                self.calendar
                    .assessment(done, observer.id, engagement.number, entity);
                self.change(entity, |engagement| engagement.assessing = true);
            }
        }
    }

    /// The site knows what its shots did: it shoots again, or the channel is free.
    fn assess(&mut self, entity: Entity) {
        self.change(entity, |engagement| engagement.assessing = false);
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        let (_, flying) = self.whereabouts(entity);
        let destroyed = self.taken_for_destroyed(entity, engagement.destroyed || !flying);
        if destroyed {
            self.looking(site, |picture, _, at, outlet| {
                picture.take_for_destroyed((engagement.slot, entity), at, outlet);
            });
        }
        let Ok((observer, _, battery, _)) = self.sites.get(site) else {
            return;
        };
        match &battery.weapon.doctrine {
            Doctrine::ShootLookShoot(series) if !engagement.over && !destroyed => {
                let next = self.sky.now() + Millis::from_seconds(series.spacing_s);
                self.calendar
                    .launch(next, observer.id, engagement.number, entity);
            }
            _ if !engagement.over => {
                self.end(entity, EngagementEnd::TakenForDestroyed, false);
                self.free(entity);
            }
            _ => self.free(entity),
        }
    }

    fn end(&mut self, entity: Entity, end: EngagementEnd, lost: bool) {
        let (place, _) = self.whereabouts(entity);
        let Some((engagement, site)) = self.engagement(entity) else {
            return;
        };
        let Ok((observer, ..)) = self.sites.get(site) else {
            return;
        };
        let fact = Fact::EngagementEnded {
            site: observer.id,
            aircraft: engagement.target,
            end,
        };
        self.write(&engagement, place, lost, fact);
        self.change(entity, |engagement| engagement.over = true);
    }

    fn free(&mut self, engagement: Entity) {
        let Some((_, site)) = self.engagement(engagement) else {
            return;
        };
        self.set_ready(site, Some(engagement));
        if let Some((spec, partners)) = self.partners(site) {
            let known = self.sky.now() + spec.latency();
            for partner in partners {
                if let Ok((_, mut picture, ..)) = self.sites.get_mut(partner) {
                    picture.release_claim(engagement, known);
                }
            }
        }
        self.commands.entity(engagement).despawn();
        self.commands.trigger(ChannelFreed {
            entity: site,
            engagement,
        });
        let now = self.sky.now();
        let moves = |(_, _, mut battery, _): (_, _, Mut<'_, Battery>, _)| battery.moves();
        if let Some(lasts) = self.sites.get_mut(site).ok().and_then(moves) {
            self.commands.trigger(SiteWithdraws {
                entity: site,
                until: now + lasts,
                cause: NotReady::Relocating,
            });
        }
    }

    fn set_ready(&mut self, site: Entity, over: Option<Entity>) {
        let (now, (channels, missiles)) = (self.sky.now(), self.means(site, over));
        if let Ok((_, mut picture, battery, _)) = self.sites.get_mut(site) {
            picture.set_means(channels, missiles, battery.magazine, now);
        }
    }

    /// A site with tracks that the rules let it fire at chooses, and begins.
    fn decide(&mut self, site: Entity) {
        let now = self.sky.now();
        let (mut channels, mut missiles) = self.means(site, None);
        let Ok((observer, mut picture, battery, _)) = self.sites.get_mut(site) else {
            return;
        };
        let mut candidates = picture.take_candidates(now, observer);
        choice::put_in_order(battery.weapon.priority, &mut candidates, observer);
        let left: Vec<bool> = candidates
            .iter()
            .map(|candidate| self.left_to_others(site, candidate.view.place))
            .collect();
        let Ok((observer, mut picture, mut battery, _)) = self.sites.get_mut(site) else {
            return;
        };
        let at = At::new(observer, &self.sky, &self.calendar);
        let mut begun_here = false;
        for (candidate, left) in candidates.iter().zip(left) {
            let slot = candidate.slot;
            if left {
                let reason = Reason::BetterPlaced;
                let decision = Decision {
                    rule: "weapon",
                    reason,
                };
                picture.decline(slot, Some(decision), &at, &mut self.log.0);
                picture.leave_to_others(slot, now);
                continue;
            }
            // An engagement of this very scan may stand in the way of the next (rule R17).
            if begun_here && let Some(Verdict::Declined(decision)) = picture.verdict(slot, &at) {
                picture.decline(slot, Some(decision), &at, &mut self.log.0);
                continue;
            }
            if channels == 0 || missiles == 0 {
                picture.set_means(channels, missiles, battery.magazine, now);
                picture.decline(slot, None, &at, &mut self.log.0);
                continue;
            }
            let entity = self.commands.spawn_empty().id();
            let detail = self.log.0.detail();
            let Some(begun) = picture.engage(slot, entity, &at, detail) else {
                self.commands.entity(entity).despawn();
                continue;
            };
            begun_here = true;
            channels -= 1;
            missiles -= 1;
            let Begun {
                authorization,
                target,
                key,
                nth,
                place,
                words,
            } = begun;
            let number = battery.begun;
            battery.begun += 1;
            self.commands.entity(entity).insert((
                Engagement {
                    number,
                    slot,
                    target,
                    key,
                    authorization,
                    begun: now,
                    launched: 0,
                    in_flight: 0,
                    destroyed: false,
                    holding: false,
                    cancelled: false,
                    assessing: false,
                    over: false,
                },
                HeldBy(site),
            ));
            let streams = self.sky.streams();
            let mut stream = streams.about(Purpose::Reaction, observer.key, key);
            let reaction_s = stream.delay_s(nth, &battery.weapon.reaction);
            let launch = now + Millis::from_seconds(reaction_s);
            self.calendar.launch(launch, observer.id, number, entity);
            let fact = Fact::EngagementBegun {
                site: observer.id,
                aircraft: target,
                decision: authorization.decision,
                identity: authorization.identity,
                notice: authorization.notice,
                words,
            };
            self.log.0.record(now, Rank::Decision, place, fact);
        }
        picture.set_means(channels, missiles, battery.magazine, now);
        let decided: Vec<u32> = candidates.iter().map(|candidate| candidate.slot).collect();
        picture.plan(&decided, &at);
        if let Some(time) = picture.enter_next(&at) {
            self.calendar.scan(time, observer.id, site);
        }
    }
}
