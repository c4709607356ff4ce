//! What a site makes of one confirmed track: identity, verdict of the rules, and the record of its life.
//!
//! Nothing here reads the truth: `behind` is carried for the record, and to look up whose luck is drawn on.

use nalgebra::Vector3;

use super::super::{ENCOUNTER_GAP, Permit, Post, Verdict};
use super::SharedIdentity;
use crate::coordination::{Answer, ApprovalFile, Case, Crew, Enquiries};
use crate::identification::{CueState, Evidence};
use crate::ids::{AircraftId, SiteId};
use crate::record::{
    Decision, Detail, Fact, Identity, NoticeState, Place, Rank, Reason, Recorder, RuleWord,
    TrackEnd, TrackRecord,
};
use crate::units::Millis;

/// What another site reports of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shared {
    pub by: SiteId,
    pub identity: Identity,
    pub policy: SharedIdentity,
    pub engage: bool,
}

/// A confirmed track.
#[derive(Debug, Clone)]
pub(super) struct LiveTrack {
    /// Its number at the site.
    pub number: u32,
    /// The aircraft that last fed it; [`AircraftId::NOBODY`] after a false alarm.
    pub behind: AircraftId,
    /// Since when that is so, for the account of tracked time.
    pub behind_since: Millis,
    /// Who reports it, where the site has it from a link alone.
    pub source: Option<(SiteId, u32)>,
    /// What is reported about it: by whom, and how far that counts.
    pub shared: Option<Shared>,
    /// Where the site holds it to be, and its velocity, m and m/s, at a time.
    pub place: Vector3<f64>,
    pub velocity: Vector3<f64>,
    pub at: Millis,
    pub confirmed: Millis,
    /// The scan of the next declaration.
    pub next_declaration: u64,
    pub evidence: Evidence,
    /// What the cues have said about it.
    pub cues: CueState,
    /// Where the site first held it to be.
    pub first_seen: Vector3<f64>,
    /// The identity that follows from what the site itself knows.
    pub own: Identity,
    /// The identity that counts.
    pub identity: Identity,
    pub notice: NoticeState,
    /// How the crew handles the aircraft behind it.
    pub crew: Crew,
    enquiries: Enquiries,
    /// Whether the site is engaging it.
    pub engaged: bool,
    looks: u32,
    identified: Option<(Millis, Identity, u32)>,
    hostile: Option<Millis>,
    engageable: Option<Millis>,
    at_first_shot: Option<(Identity, AircraftId)>,
    declined: u64,
    permit: Option<Decision>,
    pub eligible_since: Option<Millis>,
    pub last_inside: Millis,
    /// Whether somebody has reported his position close to it.
    pub near_report: bool,
}

/// What holds for all tracks of a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Situation {
    /// When it last began an engagement, and of which track.
    pub engaged: Option<(Millis, u32)>,
    /// Until when an order to cease fire holds.
    pub ceased_until: Millis,
}

impl LiveTrack {
    pub fn new(
        number: u32,
        behind: AircraftId,
        (confirmed, scan): (Millis, u64),
        first_seen: Vector3<f64>,
    ) -> LiveTrack {
        LiveTrack {
            number,
            behind,
            behind_since: confirmed,
            source: None,
            shared: None,
            place: Vector3::zeros(),
            velocity: Vector3::zeros(),
            at: confirmed,
            confirmed,
            next_declaration: scan,
            evidence: Evidence::NONE,
            cues: CueState::default(),
            first_seen,
            own: Identity::Pending,
            identity: Identity::Pending,
            notice: NoticeState::Unchecked,
            crew: Crew::default(),
            enquiries: Enquiries::default(),
            engaged: false,
            looks: 0,
            identified: None,
            hostile: None,
            engageable: None,
            at_first_shot: None,
            declined: 0,
            permit: None,
            eligible_since: None,
            last_inside: Millis(i64::MIN / 2),
            near_report: false,
        }
    }

    /// Where it is at `time`, on a straight line from where it was last seen.
    pub fn place_at(&self, time: Millis) -> Vector3<f64> {
        self.place + self.velocity * (time - self.at).seconds()
    }

    /// Takes note of a declaration and of the site's own identity that follows; the one that counted before.
    pub fn declare(&mut self, time: Millis, own: Identity) -> Identity {
        self.looks += 1;
        self.own = own;
        self.identify(time)
    }

    /// Takes note of what is reported, if anything is; the identity that counted before.
    pub fn hear(&mut self, time: Millis, shared: Option<Shared>) -> Identity {
        self.shared = shared;
        self.identify(time)
    }

    fn identify(&mut self, time: Millis) -> Identity {
        let identity = match (self.shared, self.source) {
            (None, _) => self.own,
            (Some(shared), None) => shared.policy.of(self.own, shared.identity),
            (Some(shared), Some(_)) => shared.identity,
        };
        if identity.declared() && self.identified.is_none() {
            self.identified = Some((time, identity, self.looks));
        }
        if identity == Identity::Hostile {
            self.hostile.get_or_insert(time);
        }
        std::mem::replace(&mut self.identity, identity)
    }

    /// What the rules say of it at `time`. Nothing is asked that has not been asked before.
    pub fn verdict(&self, time: Millis, post: &Post, situation: &Situation) -> Verdict {
        self.judge(time, post, situation, &mut { self.enquiries })
    }

    /// The same with what has been asked about the track, to which the rules may add.
    fn judge(
        &self,
        time: Millis,
        post: &Post,
        situation: &Situation,
        enquiries: &mut Enquiries,
    ) -> Verdict {
        let place = self.place_at(time);
        if !post
            .envelope
            .is_some_and(|envelope| envelope.contains(post.place, place))
        {
            return Verdict::Outside;
        }
        if self.source.is_some() && !self.shared.is_some_and(|shared| shared.engage) {
            return Verdict::Declined(Decision {
                rule: "E",
                reason: Reason::SharedTrackOnly,
            });
        }
        let case = self.case(time, post, situation);
        post.rules.decide(&case, enquiries).into()
    }

    /// The track as the rules see it at `time`.
    fn case<'a>(&self, time: Millis, post: &'a Post, situation: &Situation) -> Case<'a> {
        let another = |(_, number): &(Millis, u32)| *number != self.number && !self.engaged;
        Case {
            time,
            place: self.place_at(time),
            velocity_mps: Some(self.velocity),
            site: post.place,
            identity: self.identity,
            notice: self.notice,
            crew: self.crew,
            class: post.class,
            line: &post.line,
            engaged_another: situation.engaged.filter(another).map(|(time, _)| time),
            near_report: self.near_report,
            ceased: time < situation.ceased_until,
        }
    }

    /// What its authority will do about the request for release that is to be made now, if one is.
    pub fn requests(&self, time: Millis, post: &Post) -> Option<ApprovalFile> {
        let reached = post.line.down_since(time).is_none();
        (reached && self.enquiries.wants_release()).then_some(self.crew.approval)
    }

    /// Takes note of the answer.
    pub fn answered(&mut self, answer: Answer) {
        self.enquiries.answer = Some(answer);
    }

    /// What the rules have to say of it at `time`.
    pub fn words(&self, time: Millis, post: &Post, situation: &Situation) -> Vec<RuleWord> {
        let case = self.case(time, post, situation);
        post.rules.words(&case, &self.enquiries)
    }

    /// The verdict at a scan, kept and written down; `inside_before` is when a track on the same aircraft was last inside the
    /// envelope. Whether it is inside now, and may be fired at.
    pub fn consider<R: Recorder>(
        &mut self,
        time: Millis,
        post: &Post,
        situation: &Situation,
        whereabouts: Place,
        inside_before: Millis,
        recorder: &mut R,
    ) -> (bool, bool) {
        let mut enquiries = self.enquiries;
        let verdict = self.judge(time, post, situation, &mut enquiries);
        let (permit, declined) = match verdict {
            Verdict::Permitted(decision) => (Some(decision), None),
            Verdict::Declined(decision) => (None, Some(decision)),
            Verdict::NoTrack | Verdict::Outside => {
                self.permit = None;
                self.eligible_since = None;
                return (false, false);
            }
        };
        if time - inside_before > ENCOUNTER_GAP {
            let fact = Fact::EncounterBegun {
                site: post.id,
                aircraft: self.behind,
            };
            recorder.record(time, Rank::Observation, whereabouts, fact);
        }
        if time - self.last_inside > Millis(post.clock.period_ms) {
            self.eligible_since = None;
        }
        self.last_inside = time;
        self.engageable.get_or_insert(time);
        for enquiry in enquiries.since(&self.enquiries) {
            let fact = Fact::QuerySent {
                site: post.id,
                aircraft: self.behind,
                rule: enquiry.rule(),
            };
            recorder.record(time, Rank::Decision, whereabouts, fact);
        }
        self.enquiries = enquiries;
        self.permit = permit;
        if self.engaged {
            return (true, false);
        }
        match declined {
            Some(decision) => {
                self.eligible_since = None;
                self.decline(time, decision, post, whereabouts, recorder);
            }
            None => {
                self.eligible_since.get_or_insert(time);
            }
        }
        (true, permit.is_some())
    }

    /// Writes down that the site could have fired and did not, once a reason.
    pub fn decline<R: Recorder>(
        &mut self,
        time: Millis,
        decision: Decision,
        post: &Post,
        whereabouts: Place,
        recorder: &mut R,
    ) {
        let bit = 1u64 << decision.reason as u32;
        if self.declined & bit == 0 {
            self.declined |= bit;
            let fact = Fact::ShotDeclined {
                site: post.id,
                aircraft: self.behind,
                decision,
                identity: self.identity,
            };
            recorder.record(time, Rank::Decision, whereabouts, fact);
        }
    }

    /// What the site holds of the track, if it may fire at it.
    pub fn permit(&self) -> Option<Permit> {
        Some(Permit {
            decision: self.permit?,
            identity: self.identity,
            notice: self.notice,
        })
    }

    /// Notes a shot at it while this identity was held.
    pub fn note_shot(&mut self, identity: Identity) {
        self.at_first_shot.get_or_insert((identity, self.behind));
    }

    /// Ends it.
    pub fn close<R: Recorder>(
        &self,
        time: Millis,
        end: TrackEnd,
        post: &Post,
        whereabouts: Place,
        recorder: &mut R,
    ) {
        let (identified, first_identity, looks) = match self.identified {
            Some((time, identity, looks)) => (Some(time), identity, looks),
            None => (None, Identity::Unknown, self.looks),
        };
        let (identity, aircraft) = self.at_first_shot.unwrap_or((self.identity, self.behind));
        let fact = Fact::TrackEnded {
            site: post.id,
            aircraft,
            track: TrackRecord {
                confirmed: self.confirmed,
                identified,
                first_identity,
                looks,
                hostile: self.hostile,
                engageable: self.engageable,
                identity,
                shot_at: self.at_first_shot.is_some(),
                end,
            },
        };
        recorder.record(time, Rank::Closing, whereabouts, fact);
    }

    /// Writes down that it was confirmed, if that is wanted.
    pub fn announce<R: Recorder>(&self, post: &Post, whereabouts: Place, recorder: &mut R) {
        if recorder.detail() >= Detail::Decisive {
            let fact = Fact::TrackConfirmed {
                site: post.id,
                aircraft: self.behind,
            };
            recorder.record(self.confirmed, Rank::Observation, whereabouts, fact);
        }
    }
}
