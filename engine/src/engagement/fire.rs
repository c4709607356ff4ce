//! From decision to hit: which track is engaged, when missiles leave, what they do, when the channel is free again.

use bevy_ecs::prelude::*;

use nalgebra::Vector3;

use super::cease_fire::CeaseFires;
use super::{Assessment, Battery, Doctrine, Engagement, LaunchCheck, Missile, Priority};
use crate::geometry::quadratic_below;
use crate::ids::AircraftId;
use crate::picture::{
    Begun, Candidate, LivePicture, Picture, Post, SpentSince, TrackFile, Verdict,
};
use crate::platform::trajectory::Trajectory;
use crate::platform::{Planned, Vitality};
use crate::record::{Decision, EngagementEnd, Fact, Place, Rank, Reason, Recorder, TrackEnd};
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
        AnyOf<(&'static mut Picture, &'static mut LivePicture)>,
        &'static mut Battery,
        &'static mut SpentSince,
    ),
>;

/// The tracks of a site: kept on demand, or in step with the clock.
enum Tracks<'a> {
    OnDemand(&'a mut Picture),
    Live(&'a mut LivePicture),
}

impl<'a> Tracks<'a> {
    fn of(
        pictures: (Option<Mut<'a, Picture>>, Option<Mut<'a, LivePicture>>),
    ) -> Option<Tracks<'a>> {
        match pictures {
            (Some(picture), _) => Some(Tracks::OnDemand(picture.into_inner())),
            (_, Some(live)) => Some(Tracks::Live(live.into_inner())),
            _ => None,
        }
    }
}

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
    mut orders: Option<ResMut<CeaseFires>>,
    mut sites: Sites,
    mut aircraft: Aircraft,
) {
    for entry in std::mem::take(&mut due.shots) {
        let (site, number) = match entry {
            Entry::Launch(site, number)
            | Entry::Impact(site, number, _)
            | Entry::Assess(site, number) => (site, number),
            Entry::CeaseFire(site) => (site, 0),
            _ => continue,
        };
        let Ok((post, pictures, mut battery, mut spent)) =
            sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        let Some(tracks) = Tracks::of(pictures) else {
            continue;
        };
        let mut firing = Firing {
            now: clock.now,
            end: clock.end,
            streams: &streams,
            roster: &roster,
            due: &mut due,
            agenda: &mut agenda,
            log: &mut log,
            post,
            tracks,
            battery: &mut battery,
            spent: &mut spent,
            aircraft: &mut aircraft,
            orders: orders.as_deref_mut(),
        };
        match entry {
            Entry::CeaseFire(_) => firing.obey(),
            Entry::Launch(..) => firing.launch(number),
            Entry::Impact(_, _, missile) => firing.impact(number, missile),
            _ => firing.assess(number),
        }
    }
}

/// One site at one instant, and all that its shots act on.
struct Firing<'a, 'w, 's> {
    now: Millis,
    end: Millis,
    streams: &'a Streams,
    roster: &'a Roster,
    due: &'a mut Due,
    agenda: &'a mut Agenda,
    log: &'a mut Log,
    post: &'a Post,
    tracks: Tracks<'a>,
    battery: &'a mut Battery,
    spent: &'a mut SpentSince,
    aircraft: &'a mut Aircraft<'w, 's>,
    orders: Option<&'a mut CeaseFires>,
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

    /// Where the target is, and whether it is in the sky; what is not there cannot be gone.
    fn whereabouts(&self, target: AircraftId, track: u32) -> (Vector3<f64>, bool) {
        if target == AircraftId::NOBODY {
            let place = match &self.tracks {
                Tracks::OnDemand(_) => None,
                Tracks::Live(live) => live.place(track),
            };
            return (place.unwrap_or(self.post.place.push(0.0)), true);
        }
        self.aircraft
            .get(self.roster.aircraft[target.index()])
            .map_or((Vector3::zeros(), false), |(trajectory, _, vitality)| {
                (trajectory.position(self.now), vitality.flying)
            })
    }

    /// The reaction time, or the time to the next missile of the salvo, is over.
    fn launch(&mut self, number: u32) {
        let Some(mut engagement) = self.battery.engagement(number).copied() else {
            return;
        };
        let weapon = self.battery.weapon.clone();
        if let Tracks::Live(live) = &self.tracks
            && let Some(behind) = live.behind(engagement.track)
        {
            // The missile flies at what the track follows now.
            engagement.target = behind;
            if let Some(engagement) = self.battery.engagement(number) {
                engagement.target = behind;
            }
        }
        let target = engagement.target;
        let (place, flying) = self.whereabouts(target, engagement.track);
        let ceased = match &self.tracks {
            Tracks::Live(live) => live.ceased(self.now),
            Tracks::OnDemand(_) => false,
        };
        let stopped = if !flying {
            Some(if engagement.destroyed {
                EngagementEnd::Destroyed
            } else {
                EngagementEnd::TargetGone
            })
        } else if ceased {
            Some(EngagementEnd::Ceased)
        } else if self.battery.magazine == 0 {
            Some(EngagementEnd::MagazineEmpty)
        } else if weapon.launch_check == LaunchCheck::Decision {
            match self.verdict(&engagement) {
                Verdict::NoTrack => Some(EngagementEnd::TrackLost),
                Verdict::Outside => Some(EngagementEnd::OutOfEnvelope),
                Verdict::Declined(_) => Some(EngagementEnd::Forbidden),
                Verdict::Permitted(_) => None,
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
        for nth in 0..together {
            let identity = engagement.permit.identity;
            let (key, shot) = match &mut self.tracks {
                Tracks::OnDemand(picture) => {
                    let index = engagement.track as usize;
                    (
                        picture.subjects[index].key,
                        picture.note_shot(index, identity),
                    )
                }
                Tracks::Live(live) => {
                    let calls = live.owner_calls(target);
                    if let (Some(orders), Some(after)) = (self.orders.as_deref_mut(), calls) {
                        let called = self.now + after;
                        if let Some(reached) = orders.call(self.post.id, target, called) {
                            for (site, order) in reached {
                                self.agenda.enter(order, Entry::CeaseFire(site));
                            }
                            let site = self.post.id;
                            let fact = Fact::CeaseFireCalled {
                                site,
                                aircraft: target,
                            };
                            if called <= self.end {
                                let log = &mut self.log.0;
                                log.record(called, Rank::Notice, place.into(), fact);
                            }
                        }
                    }
                    live.note_shot(engagement.track, target, identity)
                }
            };
            let fact = Fact::ShotFired {
                site: self.post.id,
                aircraft: target,
                shot,
                decision: engagement.permit.decision,
                identity,
                notice: engagement.permit.notice,
            };
            self.write(&engagement, place.into(), fact);
            self.battery.send(Missile {
                of: (number, engagement.launched + nth),
                target,
                key,
                shot,
            });
        }
        if more {
            self.agenda
                .enter(self.now + spacing, Entry::Launch(self.post.id, number));
        }
        for missile in engagement.launched..engagement.launched + together {
            if fly_out == Millis::ZERO {
                self.impact(number, missile);
            } else {
                self.agenda.enter(
                    self.now + fly_out,
                    Entry::Impact(self.post.id, number, missile),
                );
            }
        }
    }

    /// What the rules say of the engaged track now.
    fn verdict(&mut self, engagement: &Engagement) -> Verdict {
        match &mut self.tracks {
            Tracks::Live(live) => live.verdict(engagement.track, self.now, self.post),
            Tracks::OnDemand(picture) => {
                let target = self.roster.aircraft[engagement.target.index()];
                let Ok((trajectory, planned, _)) = self.aircraft.get(target) else {
                    return Verdict::NoTrack;
                };
                let (file, scene) = picture.open(
                    engagement.track as usize,
                    self.post,
                    self.spent.0,
                    self.streams,
                    trajectory,
                    planned,
                );
                file.advance_to(self.now, &scene, &mut self.log.0);
                file.decide_at(self.now, &scene)
            }
        }
    }

    /// A missile reaches its target, or the place where it was.
    fn impact(&mut self, number: u32, missile: u32) {
        let Some(engagement) = self.battery.engagement(number).copied() else {
            return;
        };
        let Some(Missile {
            target, key, shot, ..
        }) = self.battery.arrive(number, missile)
        else {
            return;
        };
        let site = self.post.id;
        let (place, flying) = self.whereabouts(target, engagement.track);
        let mut luck = self.streams.about(Purpose::Hit, self.post.key, key);
        let hit = flying
            && target != AircraftId::NOBODY
            && luck.happens(u64::from(shot), self.battery.weapon.kill_probability);
        let fact = match (flying, hit) {
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
        if hit
            && let Ok((_, _, mut vitality)) =
                self.aircraft.get_mut(self.roster.aircraft[target.index()])
        {
            vitality.flying = false;
            self.due.gone.push((target, TrackEnd::AircraftDestroyed));
        }
        self.write(&engagement, place.into(), fact);
        match self.battery.resolve(number, hit, hit || !flying) {
            super::battery::Next::Wait => {}
            super::battery::Next::LookAgain => self.await_assessment(number),
            super::battery::Next::End(end) => {
                self.end(number, end, place.into());
                self.await_assessment(number);
            }
        }
    }

    /// An order to cease fire has come: nothing more is launched, and what is in the air is stopped if it can be.
    fn obey(&mut self) {
        let Some(orders) = self.orders.as_deref() else {
            return;
        };
        let spec = orders.spec.clone();
        if let Tracks::Live(live) = &mut self.tracks {
            live.cease(self.now + spec.lasts());
        }
        let site = self.post.id;
        let here = self.post.place.push(0.0);
        let fact = Fact::CeaseFireReceived { site };
        self.log.0.record(self.now, Rank::Notice, here.into(), fact);
        for missile in self.battery.in_flight() {
            let Missile {
                of: (number, nth),
                target,
                key,
                shot,
            } = missile;
            let Some(engagement) = self.battery.engagement(number).copied() else {
                continue;
            };
            if !spec.aborts(self.streams, self.post.key, key, shot) {
                continue;
            }
            self.battery.arrive(number, nth);
            let (place, flying) = self.whereabouts(target, engagement.track);
            let fact = Fact::ShotAborted {
                site,
                aircraft: target,
                shot,
            };
            self.write(&engagement, place.into(), fact);
            match self.battery.resolve(number, false, !flying) {
                super::battery::Next::Wait => {}
                super::battery::Next::LookAgain => self.await_assessment(number),
                super::battery::Next::End(_) => {
                    self.end(number, EngagementEnd::Ceased, place.into());
                    self.await_assessment(number);
                }
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
        self.write(
            &engagement,
            place,
            Fact::EngagementEnded {
                site: self.post.id,
                aircraft: engagement.target,
                end,
            },
        );
    }

    fn free(&mut self, number: u32) {
        if let Some(track) = self.battery.release(number) {
            self.due.freed.push((self.post.id, track));
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
        let Ok((post, pictures, mut battery, spent)) = sites.get_mut(roster.sites[site.index()])
        else {
            continue;
        };
        let Some(mut tracks) = Tracks::of(pictures) else {
            continue;
        };
        let mut candidates = Vec::new();
        for &(_, track) in at_site {
            let priority = battery.weapon.priority;
            match &mut tracks {
                Tracks::Live(live) => {
                    if let Some(candidate) = live.candidate(track, now) {
                        let urgency = urgency_of(priority, &candidate, post);
                        candidates.push((urgency, candidate.target, track));
                    }
                }
                Tracks::OnDemand(picture) => {
                    let index = track as usize;
                    let target = picture.aircraft(index);
                    let Ok((trajectory, planned, vitality)) =
                        aircraft.get(roster.aircraft[target.index()])
                    else {
                        continue;
                    };
                    let engaged = picture.file(index).is_some_and(|file| file.engaged);
                    let ahead = picture.ahead(index);
                    let ripe_at = post.clock.time_ms(ahead.unripe_before);
                    let due_now = ahead.ripe && ripe_at == now.0 && !engaged;
                    if vitality.flying && due_now && battery.ready() {
                        let (file, scene) =
                            picture.open(index, post, spent.0, &streams, trajectory, planned);
                        file.advance_to(now, &scene, &mut log.0);
                        let urgency = urgency(priority, picture, index, post, trajectory, now);
                        candidates.push((urgency, target, track));
                    }
                }
            }
        }
        // Aircraft are in the order of their names, so ties go by name.
        candidates.sort_by(|one, other| {
            one.0
                .total_cmp(&other.0)
                .then(one.1.cmp(&other.1))
                .then(one.2.cmp(&other.2))
        });
        let mut begun_here = false;
        for (_, target, track) in candidates {
            let chosen = battery.ready();
            let entity = roster.aircraft.get(target.index());
            let flight = entity.and_then(|&entity| aircraft.get(entity).ok());
            let begun = match &mut tracks {
                Tracks::Live(live) => {
                    let whereabouts = match (flight, live.place(track)) {
                        (Some((trajectory, ..)), _) => trajectory.position(now).into(),
                        (None, Some(place)) => place.into(),
                        (None, None) => continue,
                    };
                    // An engagement of this very scan may stand in the way of the next (rule R17).
                    let now_declined = match live.verdict(track, now, post) {
                        Verdict::Declined(decision) if begun_here => Some(decision),
                        _ => None,
                    };
                    if let Some(decision) = now_declined {
                        live.decline(track, now, decision, post, whereabouts, &mut log.0);
                        None
                    } else if chosen {
                        live.engage(track, now, post, whereabouts, log.0.detail())
                    } else {
                        let reason = if spent.0 <= now {
                            Reason::MagazineEmpty
                        } else {
                            Reason::NoChannel
                        };
                        let decision = Decision { rule: "E", reason };
                        live.decline(track, now, decision, post, whereabouts, &mut log.0);
                        None
                    }
                }
                Tracks::OnDemand(picture) => {
                    let index = track as usize;
                    let Some((trajectory, planned, _)) = flight else {
                        continue;
                    };
                    let (file, scene) =
                        picture.open(index, post, spent.0, &streams, trajectory, planned);
                    file.engage(chosen, now, &scene, &mut log.0)
                }
            };
            let Some(Begun {
                permit,
                key,
                nth,
                place,
                words,
            }) = begun
            else {
                continue;
            };
            begun_here = true;
            let mut luck = streams.about(Purpose::Reaction, post.key, key);
            let reaction_s = luck.delay_s(nth, &battery.weapon.reaction);
            let number = battery.begin(track, target, permit, now);
            agenda.enter(
                now + Millis::from_seconds(reaction_s),
                Entry::Launch(site, number),
            );
            let fact = Fact::EngagementBegun {
                site,
                aircraft: target,
                decision: permit.decision,
                identity: permit.identity,
                notice: permit.notice,
                words,
            };
            log.0.record(now, Rank::Decision, place, fact);
        }
    }
}

/// What a priority orders the tracks of a live picture by: least first.
fn urgency_of(priority: Priority, candidate: &Candidate, post: &Post) -> f64 {
    match priority {
        Priority::ByName => 0.0,
        Priority::FirstEligible => candidate.eligible_since.seconds(),
        Priority::Nearest => (candidate.place.xy() - post.place).norm(),
        Priority::LeastTimeLeft => {
            let Some(envelope) = post.envelope else {
                return f64::INFINITY;
            };
            // Straight on from here until the farthest range is passed.
            let (arm, velocity) = (candidate.place.xy() - post.place, candidate.velocity.xy());
            let height_m = if envelope.slant {
                candidate.place.z
            } else {
                0.0
            };
            let inside = quadratic_below(
                arm.norm_squared() + height_m * height_m,
                2.0 * arm.dot(&velocity),
                velocity.norm_squared(),
                envelope.range_m.1 * envelope.range_m.1,
            );
            inside.map_or(f64::INFINITY, |span| span.end_s)
        }
    }
}

/// What a priority orders files by: least first.
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
        Priority::FirstEligible => {
            let since = picture.file(file).and_then(TrackFile::eligible_since);
            since.unwrap_or(now).seconds()
        }
        Priority::Nearest => (trajectory.position(now).xy() - post.place).norm(),
        Priority::LeastTimeLeft => {
            // The run of scans in the envelope that the present scan belongs to ends when the aircraft leaves.
            let scan = post.clock.first_from(now.0);
            let run =
                (picture.envelope(file).iter()).find(|run| (run.from..run.end).contains(&scan));
            run.map_or(f64::INFINITY, |run| post.clock.time_ms(run.end) as f64)
        }
    }
}
