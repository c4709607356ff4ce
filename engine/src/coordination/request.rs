//! What a rule may read when a site asks whether it may fire, and how long what the rules say holds.
//!
//! A [`TrackView`] is all that a decision sees of a track: numbers that the site believes, with no way to the aircraft. The
//! truth lives elsewhere and cannot be reached from here: nothing in this type names an aircraft, its key or its path.

use nalgebra::Vector3;

use super::{Line, PairDraws};
use crate::geometry::Point;
use crate::ids::ClassId;
use crate::record::{Decision, Identity, NoticeState};
use crate::units::Millis;

/// A track as a site holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackView {
    /// Now.
    pub time: Millis,
    /// Where the site holds it to be, m.
    pub place: Vector3<f64>,
    /// Its present course as the site holds it, m/s.
    pub velocity_mps: Vector3<f64>,
    /// Identity held.
    pub identity: Identity,
    /// Since when it has been Hostile without a break; nothing if it is not.
    pub hostile_since: Option<Millis>,
    /// Whether what was last declared about it is a type that rule R10 takes for civil.
    pub declared_civil: bool,
    /// Since when it has been where rule R10 closes the airspace, and matched no plan, without a break; nothing if it is not so,
    /// or the rule asks for no dwell.
    pub violating_since: Option<Millis>,
    /// What the plan check found.
    pub notice: NoticeState,
}

/// The question whether a site may fire at a track.
#[derive(Debug, Clone, Copy)]
pub struct EngagementRequest<'a> {
    /// The track.
    pub track: TrackView,
    /// Where the site is.
    pub site: Point,
    /// The class of the site.
    pub class: ClassId,
    /// Its line to its command.
    pub line: &'a Line,
    /// When the site last began an engagement of another track.
    pub engaged_another: Option<Millis>,
    /// Whether a position reported on the feed of rule R14 is close to the track.
    pub near_report: bool,
    /// Until when an order to cease fire holds at the site, if one does.
    pub ceased_until: Option<Millis>,
    /// What was drawn of how the crew handles this track.
    pub draws: &'a PairDraws,
}

/// What the rules say of a track, and how long that holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling {
    /// `Ok`: fire; `Err`: do not; with the rule that decides.
    pub decision: Result<Decision, Decision>,
    /// Before this time it stays so while identity and plan check stay what they are and nothing happens at the site.
    pub until: Millis,
    /// What could have the site fire before that.
    pub opens: Opens,
}

/// What could turn a verdict against firing before it ends to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// Another identity, or another result of the plan check.
    Another,
    /// That the track is held Hostile.
    Hostile,
    /// Nothing.
    Nothing,
}

/// How long what has been said so far holds: until the earliest time that any part names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holds {
    now: Millis,
    pub until: Millis,
    pub opens: Opens,
}

impl Holds {
    pub fn new(now: Millis) -> Holds {
        Holds {
            now,
            until: Millis::NEVER,
            opens: Opens::Another,
        }
    }

    /// It holds no longer than this.
    pub fn until(&mut self, time: Millis) {
        if time > self.now {
            self.until = self.until.min(time);
        }
    }

    /// It depends on where the track is, or on anything else that may be different at the next scan.
    pub fn next_scan(&mut self) {
        self.until = self.until.min(self.now + Millis(1));
    }
}
