//! The record of one replication: facts, appended and never changed. Statistics read nothing else.
//!
//! What happens by the hundred thousand (looks, detections, declarations) is a [`Tally`], counted as it happens; the
//! single events behind it are recorded only at [`Detail::Full`], with the same totals. Everything else is an
//! [`Event`]: a time, a place and a [`Fact`] from a closed list.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::ids::{AircraftId, ClassId, FlightId, SideId, SiteId, TypeId};
use crate::units::Millis;

/// The affiliation of an aircraft to a shooter, by the relation between the two sides.
///
/// Relative to the shooter: the same aircraft is a friend to one side and hostile to another.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Affiliation {
    /// Own side or ally.
    Friend,
    /// Neither.
    Neutral,
    /// Enemy.
    Hostile,
}

impl Affiliation {
    /// All three, in the order used by every table.
    pub const ALL: [Affiliation; 3] = [
        Affiliation::Friend,
        Affiliation::Neutral,
        Affiliation::Hostile,
    ];

    /// The word used in files.
    pub fn code(self) -> &'static str {
        match self {
            Affiliation::Friend => "friend",
            Affiliation::Neutral => "neutral",
            Affiliation::Hostile => "hostile",
        }
    }
}

/// What a site holds a track for, after STANAG 1241.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Not yet evaluated.
    #[default]
    Pending,
    /// Evaluated, no identity follows.
    Unknown,
    /// Probably a friend.
    AssumedFriend,
    /// A friend.
    Friend,
    /// A neutral.
    Neutral,
    /// Probably hostile.
    Suspect,
    /// Hostile.
    Hostile,
}

impl Identity {
    /// All seven, in the order used by every table.
    pub const ALL: [Identity; 7] = [
        Identity::Pending,
        Identity::Unknown,
        Identity::AssumedFriend,
        Identity::Friend,
        Identity::Neutral,
        Identity::Suspect,
        Identity::Hostile,
    ];

    /// The word used in files.
    pub fn code(self) -> &'static str {
        match self {
            Identity::Pending => "pending",
            Identity::Unknown => "unknown",
            Identity::AssumedFriend => "assumed_friend",
            Identity::Friend => "friend",
            Identity::Neutral => "neutral",
            Identity::Suspect => "suspect",
            Identity::Hostile => "hostile",
        }
    }

    /// Whether the site has said what the aircraft is (Pending and Unknown are undeclared).
    pub fn declared(self) -> bool {
        !matches!(self, Identity::Pending | Identity::Unknown)
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $meaning:literal])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $meaning])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every code, in the order used by every table.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The stable code written to files.
            pub fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $($name::$variant => concat!($($meaning),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// Why a site fired or did not. Stable: scripts may depend on the codes.
    Reason {
        /// Fired: the track is identified as hostile.
        HostileIdentity = "hostile_identity",
        /// Fired: weapons are free and the track is not identified as friend or neutral.
        WeaponsFree = "weapons_free",
        /// Fired: uncoordinated inside a restricted operations zone.
        ZoneViolation = "zone_violation",
        /// Fired: the track closes in on the site.
        SelfDefence = "self_defence",
        /// Declined: nothing has been declared about the track yet.
        IdentityPending = "identity_pending",
        /// Declined: the track is identified as hostile, but has not been for long enough.
        Dwell = "dwell",
        /// Declined: weapons tight, and the track is not identified as hostile.
        WeaponsTight = "weapons_tight",
        /// Declined: weapons on hold.
        WeaponsHold = "weapons_hold",
        /// Declined: the track is identified as friend, assumed friend or neutral.
        IdentifiedProtected = "identified_protected",
        /// Declined: the track matches a flight plan the site holds.
        PlanMatched = "plan_matched",
        /// Declined: the site has the track from a link alone, and may not fire at such.
        SharedTrackOnly = "shared_track_only",
        /// Declined: the track is inside a corridor.
        InCorridor = "in_corridor",
        /// Declined: the hotline has been asked and has not answered yet.
        AwaitingAnswer = "awaiting_answer",
        /// Declined: somebody on the hotline knows the track.
        HotlineConfirmed = "hotline_confirmed",
        /// Fired: the command link is lost, and the site acts on its own.
        LostCommsAutonomous = "lost_comms_autonomous",
        /// Declined: the command link is lost.
        LostCommsHold = "lost_comms_hold",
        /// Declined: a window of time agreed for others is open.
        AgreedWindow = "agreed_window",
        /// Declined: the track is outside the weapon engagement zone of the site.
        OutsideEngagementZone = "outside_engagement_zone",
        /// Declined: the track is at an agreed height.
        InAltitudeBlock = "in_altitude_block",
        /// Declined: somebody has reported his position close to the track.
        FriendlyForceReport = "friendly_force_report",
        /// Declined: the site looks first.
        AwaitingVisualIdentification = "awaiting_visual_identification",
        /// Declined: seen as friend or neutral.
        OpticallyCleared = "optically_cleared",
        /// Declined: the look did not tell what it is.
        NotRecognised = "not_recognised",
        /// Declined: the second operator has not answered yet.
        AwaitingConfirmation = "awaiting_confirmation",
        /// Declined: the second operator does not confirm.
        NotConfirmed = "not_confirmed",
        /// Declined: the authority has not answered yet.
        AwaitingApproval = "awaiting_approval",
        /// Declined: the authority refuses.
        ApprovalRefused = "approval_refused",
        /// Declined: the authority is too busy to take the request.
        ApprovalOverload = "approval_overload",
        /// Declined: the authority did not answer in time.
        ApprovalTimedOut = "approval_timed_out",
        /// Declined: the site has begun another engagement just before.
        CoolDown = "cool_down",
        /// Declined: an order to cease fire holds.
        CeaseFire = "cease_fire",
        /// Declined: the site has taken it for destroyed.
        TakenForDestroyed = "taken_for_destroyed",
        /// Declined: another site of the side has claimed it.
        Claimed = "claimed",
        /// Declined: another site of the side is better placed.
        BetterPlaced = "better_placed",
        /// Declined: every fire channel is busy.
        NoChannel = "no_channel",
        /// Declined: no missile is left, or none that an engagement has not been promised.
        MagazineEmpty = "magazine_empty",
    }
}

codes! {
    /// How an engagement ended.
    EngagementEnd {
        /// Its own shot destroyed the target.
        Destroyed = "destroyed",
        /// All its missiles missed.
        Missed = "missed",
        /// The target was destroyed by somebody else, or landed, before the (next) launch.
        TargetGone = "target_gone",
        /// The track was lost before the launch.
        TrackLost = "track_lost",
        /// The target left the envelope before the launch.
        OutOfEnvelope = "out_of_envelope",
        /// An order to cease fire came.
        Ceased = "ceased",
        /// A rule no longer allowed the launch.
        Forbidden = "forbidden",
        /// The magazine ran out.
        MagazineEmpty = "magazine_empty",
        /// The target, which lived, was taken for destroyed.
        TakenForDestroyed = "taken_for_destroyed",
        /// Another site of the side claimed the target before the launch.
        Claimed = "claimed",
        /// The site was not ready any more before the (next) launch.
        NotReady = "not_ready",
    }
}

codes! {
    /// Why a site is not ready.
    NotReady {
        /// It is ready and not ready by turns.
        ByTurns = "by_turns",
        /// It moves after it has fired.
        Relocating = "relocating",
        /// It is silent until it is cued.
        Silent = "silent",
        /// It was destroyed.
        Lost = "lost",
    }
}

codes! {
    /// How a track ended.
    TrackEnd {
        /// Dropped after too many misses, or when no more reports came.
        Dropped = "dropped",
        /// A reported track became one with a track of the site's own.
        Merged = "merged",
        /// The aircraft was destroyed.
        AircraftDestroyed = "aircraft_destroyed",
        /// The aircraft landed or left.
        AircraftLanded = "aircraft_landed",
        /// The scenario ended.
        EndOfRun = "end_of_run",
    }
}

codes! {
    /// What became of an aircraft's flight plan at one site: the states of the plan delivery chain, in its order.
    NoticeState {
        /// No plan was filed.
        NotFiled = "not_filed",
        /// The addressees' graph does not reach this site: filed with others.
        FiledWithOthers = "filed_with_others",
        /// Sent to the wrong addressee.
        Astray = "astray",
        /// Lost on the way.
        Lost = "lost",
        /// Not yet arrived.
        Late = "late",
        /// Held, but superseded by a version that has not arrived.
        Stale = "stale",
        /// Held; the aircraft is outside the time window.
        OffTime = "off_time",
        /// Held; the aircraft is outside the lateral or vertical gate.
        OffRoute = "off_route",
        /// Held and conforming, but the site failed to match it.
        Unmatched = "unmatched",
        /// Held, conforming, matched.
        Matched = "matched",
        /// Matched with somebody else's plan by chance.
        ChanceMatch = "chance_match",
        /// The site does not check plans.
        Unchecked = "unchecked",
    }
}

impl NoticeState {
    /// Whether the site sees a plan behind the track.
    pub fn matched(self) -> bool {
        matches!(self, NoticeState::Matched | NoticeState::ChanceMatch)
    }

    /// Whether a current plan was in the shooter's hands.
    pub fn held(self) -> bool {
        matches!(
            self,
            NoticeState::OffTime
                | NoticeState::OffRoute
                | NoticeState::Unmatched
                | NoticeState::Matched
        )
    }
}

impl Reason {
    /// Whether the site holds fire only until something asked for arrives.
    pub fn awaits(self) -> bool {
        matches!(
            self,
            Reason::AwaitingAnswer
                | Reason::AwaitingVisualIdentification
                | Reason::AwaitingConfirmation
                | Reason::AwaitingApproval
        )
    }
}

/// A decision to fire or not, and the rule it rests on (`R1`, `R2`, ...; `E` for the weapon itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Decision {
    /// The rule that decided.
    pub rule: &'static str,
    /// Why.
    pub reason: Reason,
}

/// What a rule has to say of a track, as a short code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleWord {
    /// The rule.
    pub rule: &'static str,
    /// What it says.
    pub word: &'static str,
}

/// A place in the local plane: east, north, up, m.
pub type Place = [f64; 3];

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub time: Millis,
    /// Where: the position of the aircraft it is about, or of the site where it is about none.
    pub place: Place,
    /// What.
    pub fact: Fact,
}

/// The closed list of what can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A flight plan was sent (time may be before the start: then at the start).
    PlanFiled {
        /// The aircraft it is for.
        aircraft: AircraftId,
        /// Version, from 1.
        version: u32,
        /// Whether it went astray.
        astray: bool,
    },
    /// A flight plan reached a site.
    PlanDelivered {
        /// The site.
        site: SiteId,
        /// The aircraft it is for.
        aircraft: AircraftId,
        /// Version, from 1.
        version: u32,
    },
    /// A sortie was cancelled; at the time at which it would have taken off.
    SortieCancelled {
        /// The aircraft that does not fly.
        aircraft: AircraftId,
    },
    /// An aircraft took off, or was in the air at the start.
    Departed {
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// It reached its station.
    StationBegun {
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// It left its station.
    StationEnded {
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// It reached its objective.
    ObjectiveReached {
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// It landed, or left the scenario at the end of its route.
    Landed {
        /// The aircraft.
        aircraft: AircraftId,
        /// Whether endurance cut the flight short.
        endurance: bool,
    },
    /// A site confirmed a track; recorded only at [`Detail::Decisive`] and above.
    TrackConfirmed {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
    },
    /// A track that was just confirmed is taken for one that was lost; recorded only at [`Detail::Decisive`] and above.
    TrackRecalled {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// Since when the site has known the track.
        known_since: Millis,
        /// For how long it had not seen it.
        lost: Millis,
        /// What is left of each logarithm of the evidence.
        kept: f64,
    },
    /// A single declaration; recorded only at [`Detail::Full`].
    Declared {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// Index into the rows of the site's class; one beyond the last is `unknown`.
        declared: u8,
        /// The site's posterior after it: friend, neutral, hostile.
        posterior: [f64; 3],
        /// What the plan check found.
        notice: NoticeState,
        /// How everything the site holds about the track added up.
        ledger: Box<[LedgerEntry]>,
    },
    /// A track was judged anew without a declaration: a plan came in, an answer, the declarations of others, or it was taken for one
    /// that was lost; recorded only at [`Detail::Full`].
    Reassessed {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// The site's posterior after it: friend, neutral, hostile.
        posterior: [f64; 3],
        /// What the plan check found.
        notice: NoticeState,
        /// How everything the site holds about the track added up.
        ledger: Box<[LedgerEntry]>,
    },
    /// The identity of a track changed; recorded only at [`Detail::Decisive`] and above.
    IdentityChanged {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// From.
        from: Identity,
        /// To.
        to: Identity,
        /// The declaration behind it, as in [`Fact::Declared`].
        declared: u8,
        /// What the plan check found.
        notice: NoticeState,
    },
    /// A confirmed track was fed by another aircraft than before, or by none.
    TrackSwapped {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track from now on.
        aircraft: AircraftId,
        /// The one before.
        before: AircraftId,
    },
    /// A track took over the identity that another site reported; recorded only at [`Detail::Decisive`] and above.
    IdentityAdopted {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// The site that reported it.
        reported_by: SiteId,
        /// From.
        from: Identity,
        /// To.
        to: Identity,
    },
    /// A confirmed track was inside the engagement envelope for the first time in more than five minutes.
    EncounterBegun {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
    },
    /// A site asked about a track before it fires, as a rule demands; once per track and rule.
    QuerySent {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// The rule.
        rule: &'static str,
    },
    /// The authority answered a request for release; at the time of the answer.
    RequestAnswered {
        /// The site that asked.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// How long it waited.
        waited: Millis,
        /// Whether fire was released.
        granted: bool,
    },
    /// A site was told that a flight is off its plan.
    DeviationNoticed {
        /// The site.
        site: SiteId,
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// The owner of an aircraft that was fired at by mistake called for a cease-fire; at the time of the call.
    CeaseFireCalled {
        /// The site that had fired.
        site: SiteId,
        /// The aircraft.
        aircraft: AircraftId,
    },
    /// An order to cease fire reached a site.
    CeaseFireReceived {
        /// The site.
        site: SiteId,
    },
    /// A site is ready again.
    SiteReady {
        /// The site.
        site: SiteId,
    },
    /// A site is not ready any more, or is not at the start.
    SiteNotReady {
        /// The site.
        site: SiteId,
        /// Why.
        cause: NotReady,
    },
    /// The magazine of a site is full again.
    Reloaded {
        /// The site.
        site: SiteId,
    },
    /// A missile in flight was destroyed by order.
    ShotAborted {
        /// The site.
        site: SiteId,
        /// The aircraft it flew at.
        aircraft: AircraftId,
        /// Its number among the site's shots at this aircraft.
        shot: u32,
    },
    /// A site could have fired and did not; once per track and reason.
    ShotDeclined {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// The rule and the reason.
        decision: Decision,
        /// Identity held.
        identity: Identity,
    },
    /// A site decided to fire.
    EngagementBegun {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// The rule and the reason.
        decision: Decision,
        /// Identity held.
        identity: Identity,
        /// What the plan check found.
        notice: NoticeState,
        /// What every rule in force had to say; only at [`Detail::Full`].
        words: Box<[RuleWord]>,
    },
    /// A missile was launched.
    ShotFired {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// Number of this shot among the site's shots at this aircraft, from 1.
        shot: u32,
        /// The rule and the reason.
        decision: Decision,
        /// Identity held when the site decided to fire.
        identity: Identity,
        /// What the plan check found.
        notice: NoticeState,
    },
    /// A missile missed.
    ShotMissed {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// As in [`Fact::ShotFired`].
        shot: u32,
    },
    /// A missile found its target already gone.
    ShotWasted {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// As in [`Fact::ShotFired`].
        shot: u32,
    },
    /// An aircraft was shot down.
    Destroyed {
        /// The aircraft hit.
        aircraft: AircraftId,
        /// The site whose missile it was.
        site: SiteId,
        /// As in [`Fact::ShotFired`].
        shot: u32,
    },
    /// An engagement ended; the channel may still be held for the assessment.
    EngagementEnded {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// How.
        end: EngagementEnd,
    },
    /// A track ended; its whole life in one row.
    TrackEnded {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track.
        aircraft: AircraftId,
        /// Its life.
        track: TrackRecord,
    },
    /// What a track was identified as over its life; only where air pictures are measured.
    IdentityHistory {
        /// The site.
        site: SiteId,
        /// The aircraft behind the track at its end.
        aircraft: AircraftId,
        /// What it was.
        history: IdentityHistory,
    },
    /// Two aircraft lost separation; at the time at which that began.
    SeparationLost {
        /// One of them.
        aircraft: AircraftId,
        /// The other.
        other: AircraftId,
        /// How close they came.
        approach: ApproachRecord,
    },
    /// Two aircraft nearly collided; at the time at which that began.
    NearMidair {
        /// One of them.
        aircraft: AircraftId,
        /// The other.
        other: AircraftId,
        /// How close they came.
        approach: ApproachRecord,
    },
    /// The filed plans of two aircraft share a volume; at the time at which both were filed.
    PlansConflict {
        /// One of them.
        aircraft: AircraftId,
        /// The other.
        other: AircraftId,
        /// When their volumes meet first.
        first: Millis,
    },
    /// A site's air picture was compared with the sky.
    PictureSampled {
        /// The site.
        site: SiteId,
        /// What was counted.
        sample: PictureSample,
    },
    /// How steadily a site's tracks followed aircraft from sample to sample, at the end.
    PictureContinuity {
        /// The site.
        site: SiteId,
        /// What was counted.
        continuity: PictureContinuity,
    },
}

/// The kinds of facts: variant, stable code, meaning.
macro_rules! kinds {
    ($($variant:ident $code:literal $meaning:literal,)*) => {
        impl Fact {
            /// The code of every kind, as files have it in the column `event`, and what it means.
            pub const KINDS: &[(&str, &str)] = &[$(($code, $meaning)),*];

            /// The stable code written to files.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Fact::$variant { .. } => $code,)*
                }
            }
        }
    };
}

kinds! {
    PlanFiled "plan_filed" "A flight plan was sent (time may be before the start: then at the start).",
    PlanDelivered "plan_delivered" "A flight plan reached a site.",
    SortieCancelled "sortie_cancelled" "A sortie was cancelled; at the time at which it would have taken off.",
    Departed "departed" "An aircraft took off, or was in the air at the start.",
    StationBegun "station_begun" "An aircraft reached its station.",
    StationEnded "station_ended" "An aircraft left its station.",
    ObjectiveReached "objective_reached" "An aircraft reached its objective.",
    Landed "landed" "An aircraft landed, or left the scenario at the end of its route.",
    TrackConfirmed "track_confirmed" "A site confirmed a track.",
    TrackRecalled "track_recalled" "A track that was just confirmed is taken for one that was lost.",
    Declared "declared" "A single declaration.",
    Reassessed "reassessed" "A track was judged anew without a declaration: a plan came in, an answer, the declarations of others, or it was taken for one that was lost.",
    IdentityChanged "identity_changed" "The identity of a track changed.",
    TrackSwapped "track_swapped" "A confirmed track was fed by another aircraft than before, or by none.",
    IdentityAdopted "identity_adopted" "A track took over the identity that another site reported.",
    EncounterBegun "encounter_begun" "A confirmed track was inside the engagement envelope for the first time in more than five minutes.",
    QuerySent "query_sent" "A site asked about a track before it fires, as a rule demands; once per track and rule.",
    RequestAnswered "request_answered" "The authority answered a request for release; at the time of the answer.",
    DeviationNoticed "deviation_noticed" "A site was told that a flight is off its plan.",
    CeaseFireCalled "cease_fire_called" "The owner of an aircraft that was fired at by mistake called for a cease-fire; at the time of the call.",
    CeaseFireReceived "cease_fire_received" "An order to cease fire reached a site.",
    SiteReady "site_ready" "A site is ready again.",
    SiteNotReady "site_not_ready" "A site is not ready any more, or is not at the start.",
    Reloaded "reloaded" "The magazine of a site is full again.",
    ShotAborted "shot_aborted" "A missile in flight was destroyed by order.",
    ShotDeclined "shot_declined" "A site could have fired and did not; once per track and reason.",
    EngagementBegun "engagement_begun" "A site decided to fire.",
    ShotFired "shot_fired" "A missile was launched.",
    ShotMissed "shot_missed" "A missile missed.",
    ShotWasted "shot_wasted" "A missile found its target already gone.",
    Destroyed "destroyed" "An aircraft was shot down.",
    EngagementEnded "engagement_ended" "An engagement ended; the channel may still be held for the assessment.",
    TrackEnded "track_ended" "A track ended; its whole life in one row.",
    SeparationLost "separation_lost" "Two aircraft lost separation; at the time at which that began.",
    NearMidair "near_midair" "Two aircraft nearly collided; at the time at which that began.",
    PlansConflict "plans_conflict" "The filed plans of two aircraft share a volume; at the time at which both were filed.",
    PictureSampled "picture_sampled" "A site's air picture was compared with the sky.",
    PictureContinuity "picture_continuity" "How steadily a site's tracks followed aircraft from sample to sample, at the end.",
    IdentityHistory "identity_history" "What a track was identified as over its life; only where air pictures are measured.",
}

impl Fact {
    /// The other of two aircraft that the fact is about, if it is about two.
    pub fn other_aircraft(&self) -> Option<AircraftId> {
        match *self {
            Fact::SeparationLost { other, .. }
            | Fact::NearMidair { other, .. }
            | Fact::PlansConflict { other, .. } => Some(other),
            _ => None,
        }
    }

    /// The aircraft the fact is about, one of them if it is about two; none if it is about a track with nobody behind.
    pub fn aircraft(&self) -> Option<AircraftId> {
        let aircraft = match *self {
            Fact::PlanFiled { aircraft, .. }
            | Fact::PlanDelivered { aircraft, .. }
            | Fact::SortieCancelled { aircraft }
            | Fact::Departed { aircraft }
            | Fact::StationBegun { aircraft }
            | Fact::StationEnded { aircraft }
            | Fact::ObjectiveReached { aircraft }
            | Fact::Landed { aircraft, .. }
            | Fact::TrackConfirmed { aircraft, .. }
            | Fact::TrackRecalled { aircraft, .. }
            | Fact::Declared { aircraft, .. }
            | Fact::Reassessed { aircraft, .. }
            | Fact::IdentityChanged { aircraft, .. }
            | Fact::TrackSwapped { aircraft, .. }
            | Fact::IdentityAdopted { aircraft, .. }
            | Fact::EncounterBegun { aircraft, .. }
            | Fact::QuerySent { aircraft, .. }
            | Fact::RequestAnswered { aircraft, .. }
            | Fact::DeviationNoticed { aircraft, .. }
            | Fact::CeaseFireCalled { aircraft, .. }
            | Fact::ShotAborted { aircraft, .. }
            | Fact::ShotDeclined { aircraft, .. }
            | Fact::EngagementBegun { aircraft, .. }
            | Fact::ShotFired { aircraft, .. }
            | Fact::ShotMissed { aircraft, .. }
            | Fact::ShotWasted { aircraft, .. }
            | Fact::Destroyed { aircraft, .. }
            | Fact::EngagementEnded { aircraft, .. }
            | Fact::SeparationLost { aircraft, .. }
            | Fact::NearMidair { aircraft, .. }
            | Fact::PlansConflict { aircraft, .. }
            | Fact::IdentityHistory { aircraft, .. }
            | Fact::TrackEnded { aircraft, .. } => aircraft,
            Fact::PictureSampled { .. }
            | Fact::PictureContinuity { .. }
            | Fact::CeaseFireReceived { .. }
            | Fact::SiteReady { .. }
            | Fact::SiteNotReady { .. }
            | Fact::Reloaded { .. } => AircraftId::NOBODY,
        };
        (aircraft != AircraftId::NOBODY).then_some(aircraft)
    }

    /// The site the fact is about, if any.
    pub fn site(&self) -> Option<SiteId> {
        match *self {
            Fact::PlanFiled { .. }
            | Fact::SortieCancelled { .. }
            | Fact::Departed { .. }
            | Fact::StationBegun { .. }
            | Fact::StationEnded { .. }
            | Fact::ObjectiveReached { .. }
            | Fact::SeparationLost { .. }
            | Fact::NearMidair { .. }
            | Fact::PlansConflict { .. }
            | Fact::Landed { .. } => None,
            Fact::PlanDelivered { site, .. }
            | Fact::TrackConfirmed { site, .. }
            | Fact::TrackRecalled { site, .. }
            | Fact::Declared { site, .. }
            | Fact::Reassessed { site, .. }
            | Fact::IdentityChanged { site, .. }
            | Fact::TrackSwapped { site, .. }
            | Fact::IdentityAdopted { site, .. }
            | Fact::EncounterBegun { site, .. }
            | Fact::QuerySent { site, .. }
            | Fact::RequestAnswered { site, .. }
            | Fact::DeviationNoticed { site, .. }
            | Fact::CeaseFireCalled { site, .. }
            | Fact::CeaseFireReceived { site }
            | Fact::SiteReady { site }
            | Fact::SiteNotReady { site, .. }
            | Fact::Reloaded { site }
            | Fact::ShotAborted { site, .. }
            | Fact::ShotDeclined { site, .. }
            | Fact::EngagementBegun { site, .. }
            | Fact::ShotFired { site, .. }
            | Fact::ShotMissed { site, .. }
            | Fact::ShotWasted { site, .. }
            | Fact::Destroyed { site, .. }
            | Fact::EngagementEnded { site, .. }
            | Fact::TrackEnded { site, .. }
            | Fact::IdentityHistory { site, .. }
            | Fact::PictureContinuity { site, .. }
            | Fact::PictureSampled { site, .. } => Some(site),
        }
    }
}

/// How two aircraft came too near to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ApproachRecord {
    /// Until when they were.
    pub until: Millis,
    /// When they were closest, as shares of the minima.
    pub closest: Millis,
    /// How far apart along the ground they were then, m.
    pub lateral_m: f64,
    /// How far above each other, m.
    pub vertical_m: f64,
}

/// One line of the account of an identity.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// What was added: `prior`, `expectancy`, `declarations`, `flight_plan`, or the name of an ID source.
    pub id_source: &'static str,
    /// What it said, as a short code.
    pub said: String,
    /// How old that is, s.
    pub age_s: f64,
    /// P(friend), P(neutral), P(hostile) after adding it.
    pub posterior: [f64; 3],
}

/// A site's air picture at one instant, counted against the sky.
///
/// The objects of undeclared, correct and incorrect identity are parts of the tracked ones; the tracks of the rest of these say
/// different things, or only some of them anything.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PictureSample {
    /// Aircraft in coverage.
    pub objects: u32,
    /// Of these, with at least one confirmed track: JT.
    pub tracked_objects: u32,
    /// Confirmed tracks.
    pub tracks: u32,
    /// Of these, with no aircraft behind them.
    pub spurious: u32,
    /// Tracked objects none of whose tracks has an identity: JU.
    pub undeclared: u32,
    /// Tracked objects whose tracks are all identified as what they are: JC.
    pub correct: u32,
    /// Tracked objects whose tracks are all identified as something else: JI.
    pub incorrect: u32,
    /// How far the tracks with an aircraft behind them are from it, summed, m: PA.
    pub position_error_m: f64,
    /// How far their velocities are from its velocity, summed, m/s: VA.
    pub velocity_error_mps: f64,
}

/// How steadily the tracks of a site followed aircraft, over all samples of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PictureContinuity {
    /// Aircraft that were in coverage at a sample, or tracked.
    pub objects: u32,
    /// The fewest tracks that follow an aircraft for as long as any does, less one, summed over the tracked aircraft: NU - 1.
    pub number_changes: u32,
    /// Time between samples at both of which one track followed an aircraft, summed over aircraft, s: TT.
    pub tracked_s: f64,
    /// The longest time for which one track followed it, summed over aircraft, s: TL.
    pub longest_s: f64,
    /// Time from the first sample at which it was an object to the last, summed over aircraft, s: T.
    pub lifetime_s: f64,
}

/// What one track was identified as, from its confirmation to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentityHistory {
    /// When it was confirmed.
    pub confirmed: Millis,
    /// How often another identity came to count.
    pub changes: u32,
    /// Since when it has been Hostile without a break, if it is at the end.
    pub hostile_since: Option<Millis>,
    /// Since when it has been neither Suspect nor Hostile without a break, if it is neither at the end.
    pub unsuspected_since: Option<Millis>,
    /// How long it was Suspect.
    pub suspect: Millis,
}

impl IdentityHistory {
    /// Of a track that is confirmed at a time: Pending.
    pub fn begin(confirmed: Millis) -> IdentityHistory {
        IdentityHistory {
            confirmed,
            changes: 0,
            hostile_since: None,
            unsuspected_since: Some(confirmed),
            suspect: Millis::ZERO,
        }
    }

    /// Another identity counts from `time` on than the one that has since `since`.
    pub fn change(&mut self, (from, since): (Identity, Millis), to: Identity, time: Millis) {
        self.changes += 1;
        self.end((from, since), time);
        self.hostile_since = (to == Identity::Hostile).then_some(time);
        let suspected = matches!(to, Identity::Suspect | Identity::Hostile);
        self.unsuspected_since = match suspected {
            true => None,
            false => self.unsuspected_since.or(Some(time)),
        };
    }

    /// The identity that has counted since `since` counts up to `time`.
    pub fn end(&mut self, (identity, since): (Identity, Millis), time: Millis) {
        if identity == Identity::Suspect {
            self.suspect = self.suspect + (time - since);
        }
    }

    /// Since when it has been right without a break, if it is at the end: a hostile aircraft Hostile, any other neither Suspect nor
    /// Hostile.
    pub fn right_since(&self, affiliation: Affiliation) -> Option<Millis> {
        match affiliation {
            Affiliation::Hostile => self.hostile_since,
            Affiliation::Friend | Affiliation::Neutral => self.unsuspected_since,
        }
    }
}

/// The life of one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRecord {
    /// When it was confirmed.
    pub confirmed: Millis,
    /// When it first had an identity other than Pending and Unknown.
    pub identified: Option<Millis>,
    /// That first identity; Unknown without one.
    pub first_identity: Identity,
    /// Declarations made up to and including the one that first gave it an identity, or all without one.
    pub looks: u32,
    /// When it was first identified as hostile.
    pub hostile: Option<Millis>,
    /// When it was first inside the engagement envelope of an armed site.
    pub engageable: Option<Millis>,
    /// Identity held when the site first decided to fire at it, or else at its end.
    pub identity: Identity,
    /// Whether this site fired at it.
    pub shot_at: bool,
    /// How it ended.
    pub end: TrackEnd,
}

/// Counts of what one site did about one aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// The site.
    pub site: SiteId,
    /// The aircraft.
    pub aircraft: AircraftId,
    /// Scans in which it was within coverage.
    pub looks: u64,
    /// Scans that detected it.
    pub detections: u64,
    /// Time with a confirmed track, s.
    pub tracked_s: f64,
    /// The row of the class's confusion matrix that is true of it.
    pub truth: u8,
    /// Declarations by row index; the last is `unknown`.
    pub declared: SmallVec<[u32; 8]>,
}

/// How much a replication records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Detail {
    /// What the measures need.
    #[default]
    Measures,
    /// Also every change of identity: what the time line tells.
    Decisive,
    /// Also every single declaration.
    Full,
}

/// One replication: which seed and which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Replication {
    /// The seed of the whole run.
    pub seed: u64,
    /// Number of the replication, from 0.
    pub index: u64,
}

/// The names behind the indices of a log; the same for all replications of a scenario.
#[derive(Clone, PartialEq, Default)]
pub struct Cast {
    /// Side names.
    pub sides: Vec<String>,
    /// Aircraft type names.
    pub types: Vec<String>,
    /// Flight names.
    pub flights: Vec<String>,
    /// Site classes.
    pub classes: Vec<ClassCast>,
    /// `relations[shooter side][other side]`.
    pub relations: Vec<Vec<Affiliation>>,
    /// `coordinated[flight][site entry]`: whether the addressees' graph reaches the site for this flight; of an aircraft whose plan a
    /// rule had sent to others its [`Sortie`] says it.
    pub coordinated: Vec<Vec<bool>>,
    /// Missiles that the site with the most to spend spends on one target in the mean; 0 without weapons.
    pub missiles_per_target: f64,
    /// Sides that have sites, in order.
    pub shooters: Vec<SideId>,
    /// Whether separation is measured.
    pub separation: bool,
    /// Whether air pictures are measured, and with them what tracks are identified as over their lives.
    pub air_picture: bool,
}

/// The names, as a log shows them: what is spent on a target, and what is measured, is no part of what happened.
impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cast {
            sides,
            types,
            flights,
            classes,
            relations,
            coordinated,
            missiles_per_target: _,
            shooters: _,
            separation: _,
            air_picture: _,
        } = self;
        f.debug_struct("Cast")
            .field("sides", sides)
            .field("types", types)
            .field("flights", flights)
            .field("classes", classes)
            .field("relations", relations)
            .field("coordinated", coordinated)
            .finish()
    }
}

/// The names of a site class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassCast {
    /// Its name.
    pub name: String,
    /// The rows of its confusion matrix; one beyond the last is `unknown`.
    pub rows: Vec<String>,
}

/// One aircraft of one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct Sortie {
    /// Its name: the flight's, with a number where the flight has several.
    pub name: String,
    /// The flight it belongs to.
    pub flight: FlightId,
    /// Its type.
    pub type_id: TypeId,
    /// Its side.
    pub side: SideId,
    /// Whether it has an objective.
    pub has_objective: bool,
    /// When it takes off, if nothing happens to it; [`Millis::NEVER`] if after the end.
    pub departs: Millis,
    /// When it would land, if nothing happens to it.
    pub lands: Millis,
    /// Time on station if nothing happens to it, s; the whole flight for a route without station.
    pub station_planned_s: f64,
    /// When its time on station begins and ends.
    pub station: [Millis; 2],
    /// Which site entries the addressees of its plan reach, where a rule had its plan sent to others than its flight's.
    pub coordinated: Option<Vec<bool>>,
}

impl Sortie {
    /// Whether the addressees of its plan reach a site entry, before any draw of what is delivered.
    pub fn reaches(&self, cast: &Cast, entry: usize) -> bool {
        match &self.coordinated {
            Some(reached) => reached[entry],
            None => cast.coordinated[self.flight.index()][entry],
        }
    }
}

/// One site of one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRecord {
    /// Its name: the entry's, with a number where the entry stands for several.
    pub name: String,
    /// Index of the entry in the scenario.
    pub entry: u32,
    /// Its class.
    pub class: ClassId,
    /// Its side.
    pub side: SideId,
    /// Where it is.
    pub place: Place,
}

/// All that is known of one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLog {
    /// Which replication.
    pub replication: Replication,
    /// The end of the scenario.
    pub end: Millis,
    /// The names.
    pub cast: Arc<Cast>,
    /// The aircraft, by [`AircraftId`].
    pub sorties: Vec<Sortie>,
    /// The sites, by [`SiteId`].
    pub sites: Vec<SiteRecord>,
    /// What happened, in order of time.
    pub events: Vec<Event>,
    /// What was counted, by site and aircraft.
    pub tallies: Vec<Tally>,
}

impl EventLog {
    /// The affiliation of `aircraft` to `site`.
    pub fn affiliation(&self, site: SiteId, aircraft: AircraftId) -> Affiliation {
        let shooter = self.sites[site.index()].side;
        let other = self.sorties[aircraft.index()].side;
        self.cast.relations[shooter.index()][other.index()]
    }

    /// Whether the addressees' graph of the plan of `aircraft` reaches `site`, before the fact.
    pub fn coordinated(&self, site: SiteId, aircraft: AircraftId) -> bool {
        let entry = self.sites[site.index()].entry;
        self.sorties[aircraft.index()].reaches(&self.cast, entry as usize)
    }
}

/// Order of facts at one instant: the order of the stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Samples of air pictures, which see nothing of the instant.
    Sample,
    /// Plans and notices.
    Notice,
    /// Take-off, station, objective, landing.
    Movement,
    /// Shots decided on at an earlier instant.
    DueShot,
    /// Tracks, declarations, encounters.
    Observation,
    /// Decisions.
    Decision,
    /// Shots decided on at this instant.
    PromptShot,
    /// The end of a track.
    Closing,
}

/// Where facts are written while a replication runs, in any order; put in order once at its end.
#[derive(Debug, Default)]
pub struct EventRecorder {
    detail: Detail,
    /// Whether the identity history of every track is written down.
    histories: bool,
    /// As written; none where one has been put in order already.
    events: Vec<Option<Event>>,
    /// By which they are put in order, see [`EventRecorder::key`].
    order: Vec<u128>,
}

impl EventRecorder {
    /// An empty recorder.
    pub fn new(detail: Detail) -> EventRecorder {
        EventRecorder {
            detail,
            ..EventRecorder::default()
        }
    }

    /// The same with as much detail as this.
    pub fn with_detail(self, detail: Detail) -> EventRecorder {
        EventRecorder { detail, ..self }
    }

    /// The same, with the identity history of every track if that is wanted.
    pub fn with_histories(self, histories: bool) -> EventRecorder {
        EventRecorder { histories, ..self }
    }

    /// Whether the identity history of every track is written down.
    pub fn histories(&self) -> bool {
        self.histories
    }

    /// The facts in order of time, rank, site and aircraft; within these, as written.
    pub fn into_events(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.put_in_order(&mut events);
        events
    }

    /// Moves the facts to the end of `events`, in the order of [`EventRecorder::into_events`]. The recorder is empty after that
    /// and keeps its memory.
    pub fn put_in_order(&mut self, events: &mut Vec<Event>) {
        self.order.sort_unstable();
        events.reserve_exact(self.order.len());
        let in_order = self.order.drain(..);
        events.extend(in_order.filter_map(|key| self.events[key as u32 as usize].take()));
        self.events.clear();
    }

    /// One number for each fact: 45 bits of time, 3 of rank, 24 of site and of aircraft, 32 of where it was written.
    #[inline(always)]
    fn key(time: Millis, rank: Rank, fact: &Fact, written: usize) -> u128 {
        let site = fact.site().map_or(0, |site| u128::from(site.0) + 1);
        let aircraft = fact.aircraft();
        let aircraft = aircraft.map_or(0, |aircraft| u128::from(aircraft.0) + 1);
        let time = time.0 as u128;
        assert!(time >> 45 == 0 && site >> 24 == 0 && aircraft >> 24 == 0);
        time << 83 | (rank as u128) << 80 | site << 56 | aircraft << 32 | written as u128
    }

    /// How much is wanted.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Writes a fact down.
    pub fn record(&mut self, time: Millis, rank: Rank, place: Place, fact: Fact) {
        let key = EventRecorder::key(time, rank, &fact, self.events.len());
        self.order.push(key);
        self.events.push(Some(Event { time, place, fact }));
    }
}
