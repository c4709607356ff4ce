//! A site's air picture: what it knows of each aircraft, advanced only as far as somebody needs it.
//!
//! See [`TrackFile`] for how one file is advanced, and [`crate::tick`] for when.

mod file;
mod live;
mod sample;

use std::sync::Arc;

use bevy_ecs::prelude::*;
use nalgebra::Vector3;

use crate::coordination::{Line, Rules};
use crate::geometry::{Point, Span};
use crate::identification::{CueSet, Identifier};
use crate::ids::{AircraftId, ClassId, Key, SiteId};
use crate::platform::Planned;
use crate::platform::trajectory::Trajectory;
use crate::record::Identity;
use crate::sensing::coverage::{ScanClock, Window};
use crate::streams::Streams;
use crate::tick::{Clock, Due, Log, Phase, Roster};
use crate::tracking::TrackerSpec;
use crate::units::Millis;

pub use file::{Begun, ENCOUNTER_GAP, Permit, Scene, Subject, TrackFile, Verdict};
pub(crate) use live::keep_watch;
pub use live::{
    BlueFeed, Candidate, Carrier, Console, Desks, LivePicture, SharedIdentity, TrackLink,
    TrackLinks,
};
pub use sample::Sampler;

/// A site as an observer.
#[derive(Debug, Clone, Component)]
pub struct Post {
    /// Which site.
    pub id: SiteId,
    /// What its draws are keyed by.
    pub key: Key,
    /// Where it is.
    pub place: Point,
    /// When it scans.
    pub clock: ScanClock,
    /// How it keeps track.
    pub tracker: TrackerSpec,
    /// How it identifies.
    pub identifier: Arc<Identifier>,
    /// What it may ask besides declarations and plans, and the faults its looks share.
    pub cues: Arc<CueSet>,
    /// Where its weapon reaches, if it has one.
    pub envelope: Option<Envelope>,
    /// The rules it fires by.
    pub rules: Arc<Rules>,
    /// Its class.
    pub class: ClassId,
    /// Its line to its command.
    pub line: Arc<Line>,
}

impl Post {
    /// Scans from one declaration to the next: to the first scan that is at least the interval later.
    pub fn declares_every(&self) -> u64 {
        (self.identifier.interval_ms as u64).div_ceil(self.clock.period_ms as u64)
    }
}

/// Where a weapon reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// Whether ranges are along the line of sight, or along the ground.
    pub slant: bool,
    /// Nearest and farthest, m.
    pub range_m: (f64, f64),
    /// Lowest and highest, m above ground.
    pub altitude_m: (f64, f64),
}

impl Envelope {
    /// Whether a place is inside the envelope of a weapon at `site`.
    pub fn contains(&self, site: Point, place: Vector3<f64>) -> bool {
        let ground2 = (place.xy() - site).norm_squared();
        let range2 = if self.slant {
            ground2 + place.z * place.z
        } else {
            ground2
        };
        let (nearest_m, farthest_m) = self.range_m;
        (nearest_m * nearest_m..=farthest_m * farthest_m).contains(&range2)
            && (self.altitude_m.0..=self.altitude_m.1).contains(&place.z)
    }

    /// Collects the runs of scans in which an aircraft may be inside, solved leg by leg.
    pub fn scans(
        &self,
        site: Point,
        trajectory: &Trajectory,
        clock: &ScanClock,
        runs: &mut Vec<Run>,
    ) {
        runs.clear();
        for leg in &trajectory.legs {
            let (lowest_m, highest_m) = leg.altitudes_m();
            if highest_m < self.altitude_m.0 || lowest_m > self.altitude_m.1 {
                continue;
            }
            let height_m = if self.slant { lowest_m } else { 0.0 };
            let limit2 = self.range_m.1 * self.range_m.1 - height_m * height_m;
            if limit2 < 0.0 {
                continue;
            }
            let mut exact = lowest_m == highest_m;
            if self.range_m.0 > 0.0 {
                leg.within(site, self.range_m.0, |_| exact = false);
            }
            leg.within(site, libm::sqrt(limit2), |span: Span| {
                let (from, end) = clock.scans_in(span);
                match runs.last_mut() {
                    Some(last) if from <= last.end => {
                        last.end = last.end.max(end);
                        last.exact &= exact;
                    }
                    _ if from < end => runs.push(Run { from, end, exact }),
                    _ => {}
                }
            });
        }
    }
}

/// A run of scans in which an aircraft may be inside an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub from: u64,
    /// One beyond the last.
    pub end: u64,
    /// Whether it is inside at every one of them. If not (near a dead zone, on a climbing leg), [`Envelope::contains`] decides
    /// scan by scan.
    pub exact: bool,
}

/// Short lists, one after another in one place.
#[derive(Debug, Clone)]
struct Lists<T> {
    items: Vec<T>,
    ends: Vec<u32>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists {
            items: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl<T: Copy> Lists<T> {
    fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
    }

    fn push(&mut self, list: &[T]) {
        self.items.extend_from_slice(list);
        self.ends.push(self.items.len() as u32);
    }

    fn get(&self, index: usize) -> &[T] {
        let from = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[from as usize..self.ends[index] as usize]
    }
}

/// What looking ahead in a file has found. It stays true: what the rules say of a track does not hang on whether somebody
/// fired at it in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    /// Of the scans that were to come none before this one lets the site fire.
    pub unripe_before: u64,
    /// Whether this one does.
    pub ripe: bool,
}

impl Ahead {
    /// The first scan at which the rules let the site fire, of those from `scan` on and before `until`, if that is known:
    /// nothing if there is none.
    pub fn first_ripe(self, scan: u64, until: u64) -> Option<Option<u64>> {
        let Ahead {
            unripe_before,
            ripe,
        } = self;
        if ripe {
            (scan..until)
                .contains(&unripe_before)
                .then_some(Some(unripe_before))
        } else {
            (unripe_before >= until).then_some(None)
        }
    }
}

/// A site's files, one for each aircraft it may ever see, in the order of [`Subject::aircraft`].
#[derive(Debug, Clone, Default, Component)]
pub struct Picture {
    /// What is fixed for each.
    pub subjects: Vec<Subject>,
    /// By file: when the sensor sees it.
    windows: Lists<Window>,
    /// By file: the scans in which it may be inside the envelope.
    envelopes: Lists<Run>,
    /// What is known of each that was ever looked into.
    files: Vec<Option<Box<TrackFile>>>,
    /// What was found when somebody last looked ahead in each.
    ahead: Vec<Ahead>,
    /// Files of aircraft that came into the envelope, and some that have left it since.
    entered: Vec<u32>,
    /// By file: the aircraft.
    aircraft: Vec<AircraftId>,
}

impl Picture {
    /// Forgets all aircraft and keeps its room.
    pub fn clear(&mut self) {
        let Picture {
            subjects,
            windows,
            envelopes,
            files,
            ahead,
            entered,
            aircraft,
        } = self;
        subjects.clear();
        windows.clear();
        envelopes.clear();
        files.clear();
        ahead.clear();
        entered.clear();
        aircraft.clear();
    }

    /// Adds an aircraft that the site may see, after those before it: when it does, and the scans in which the aircraft
    /// may be inside the envelope.
    pub fn add(&mut self, subject: Subject, windows: &[Window], envelope: &[Run]) {
        self.aircraft.push(subject.aircraft);
        self.subjects.push(subject);
        self.windows.push(windows);
        self.envelopes.push(envelope);
        self.files.push(None);
        self.ahead.push(Ahead::default());
    }

    /// The scans in which the aircraft of a file may be inside the envelope.
    pub fn envelope(&self, file: usize) -> &[Run] {
        self.envelopes.get(file)
    }

    /// The file on an aircraft, if the site may ever see it.
    pub fn file_of(&self, aircraft: AircraftId) -> Option<usize> {
        self.aircraft.binary_search(&aircraft).ok()
    }

    /// The aircraft of a file.
    pub fn aircraft(&self, file: usize) -> AircraftId {
        self.aircraft[file]
    }

    /// What was found when somebody last looked ahead in a file.
    pub fn ahead(&self, file: usize) -> Ahead {
        self.ahead[file]
    }

    /// Notes what is found now.
    pub fn note_ahead(&mut self, file: usize, found: Ahead) {
        self.ahead[file] = found;
    }

    /// Notes that an aircraft has come into the envelope.
    pub fn enter(&mut self, file: u32) {
        if !self.entered.contains(&file) {
            self.entered.push(file);
        }
    }

    /// The files of aircraft that came into the envelope and may be inside at a scan.
    pub fn inside(&mut self, scan: u64) -> &[u32] {
        let envelopes = &self.envelopes;
        self.entered.retain(|&file| {
            let envelope = envelopes.get(file as usize);
            let next = envelope.partition_point(|run| run.end <= scan);
            envelope.get(next).is_some_and(|run| run.from <= scan)
        });
        &self.entered
    }

    /// One file, and the scene in which it can be advanced.
    pub fn open<'a>(
        &'a mut self,
        file: usize,
        post: &'a Post,
        spent_since: Millis,
        streams: &Streams,
        trajectory: &'a Trajectory,
        planned: &'a Planned,
    ) -> (&'a mut TrackFile, Scene<'a>) {
        let scene = Scene {
            post,
            spent_since,
            streams: *streams,
            subject: &self.subjects[file],
            windows: self.windows.get(file),
            envelope: self.envelopes.get(file),
            trajectory,
            planned: &planned.0,
        };
        (self.files[file].get_or_insert_default(), scene)
    }

    /// One file, if it was ever looked into.
    pub fn file(&self, file: usize) -> Option<&TrackFile> {
        self.files[file].as_deref()
    }

    /// Notes that a shot was fired at the track of a file while this identity was held; how many that makes.
    pub fn note_shot(&mut self, file: usize, identity: Identity) -> u32 {
        self.files[file].get_or_insert_default().note_shot(identity)
    }

    /// Puts one file away, for which nobody will ask any more.
    pub fn put_away(&mut self, file: usize) {
        self.files[file] = None;
    }
}

/// Adds the systems of this room.
pub fn install(schedule: &mut Schedule) {
    schedule.add_systems((
        (live::close_live, close_files)
            .chain()
            .run_if(Due::any(|due| &due.gone))
            .in_set(Phase::Observe),
        keep_watch
            .run_if(Due::any(|due| &due.scans))
            .after(close_files)
            .in_set(Phase::Observe),
    ));
}

/// Ends the tracks of aircraft that left the sky at this instant.
pub(crate) fn close_files(
    clock: Res<Clock>,
    streams: Res<Streams>,
    roster: Res<Roster>,
    mut due: ResMut<Due>,
    mut log: ResMut<Log>,
    mut sites: Query<(&Post, &mut Picture, Option<&SpentSince>)>,
    aircraft: Query<(&Trajectory, &Planned)>,
) {
    for (gone, end) in std::mem::take(&mut due.gone) {
        let Ok((trajectory, planned)) = aircraft.get(roster.aircraft[gone.index()]) else {
            continue;
        };
        for &site in &roster.sites {
            let Ok((post, mut picture, spent)) = sites.get_mut(site) else {
                continue;
            };
            let Some(index) = picture.file_of(gone) else {
                continue;
            };
            let spent = spent.map_or(Millis::NEVER, |spent| spent.0);
            let (file, scene) = picture.open(index, post, spent, &streams, trajectory, planned);
            file.advance_to(clock.now, &scene, &mut log.0);
            file.close(clock.now, end, &scene, &mut log.0);
            file.stop();
        }
    }
}

/// When a site's last missile left; [`Millis::NEVER`] while it has any. Kept apart from the battery, because the
/// picture needs no more of it than this.
#[derive(Debug, Clone, Copy, Component)]
pub struct SpentSince(pub Millis);
