//! Which scans see an aircraft and which detect it, kept from one rule set to the next.
//!
//! That depends on where the aircraft flies, where the site stands, its sensor, its clock and the random numbers, and on nothing that
//! rules decide. So where one replication is run under several rule sets, whoever comes first works it out and the others look it up:
//! windows when a world is set up, detections block by block when somebody needs them, what the ground hides from a site that is drawn
//! once.
//!
//! What is kept is a pure function of what it is kept for, and all of that is compared before it is used ([`About`], a trajectory leg by
//! leg, elevations by their values): whether something was kept, and by whom, changes no byte.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::coverage::{ScanClock, Scans, Sight, Window};
use crate::geometry::Point;
use crate::ids::Key;
use crate::platform::trajectory::Trajectory;
use crate::record::Replication;
use crate::streams::BLOCK;
use crate::terrain::{Masks, Terrain};

/// What is kept of the replications that were run last.
#[derive(Debug)]
pub struct Detections {
    /// At most so many of them.
    most: usize,
    /// The one that was begun last at the end.
    kept: Mutex<VecDeque<Arc<ReplicationDetections>>>,
}

/// Different values are kept for one name at most so often; then the oldest gives way.
const VARIANTS: usize = 8;

impl Detections {
    /// Of at most `most` replications.
    pub fn new(most: usize) -> Detections {
        Detections {
            most,
            kept: Mutex::default(),
        }
    }

    /// Of one replication; the one that was begun first gives way where there are too many.
    pub fn of(&self, replication: Replication) -> Arc<ReplicationDetections> {
        let mut kept = locked(&self.kept);
        if let Some(found) = kept.iter().find(|one| one.replication == replication) {
            return Arc::clone(found);
        }
        while kept.len() >= self.most.max(1) {
            kept.pop_front();
        }
        let new = Arc::new(ReplicationDetections {
            replication,
            aircraft: Mutex::default(),
            pairs: Mutex::default(),
            grounds: Mutex::default(),
        });
        kept.push_back(Arc::clone(&new));
        new
    }
}

/// What is kept under a name: the same under one rule set and the next as a rule.
type Variants<T> = Vec<Arc<T>>;

/// What is kept of one replication.
#[derive(Debug)]
pub struct ReplicationDetections {
    replication: Replication,
    aircraft: Mutex<BTreeMap<Key, Variants<Trajectory>>>,
    pairs: Mutex<BTreeMap<(Key, Key), Variants<PairDetections>>>,
    grounds: Mutex<BTreeMap<Key, Vec<Ground>>>,
}

impl ReplicationDetections {
    /// The trajectory that is kept for an aircraft and equal to this one; from now on this one, if there is none.
    pub fn trajectory(&self, aircraft: Key, flown: &Trajectory) -> Arc<Trajectory> {
        let mut kept = locked(&self.aircraft);
        let variants = kept.entry(aircraft).or_default();
        let found = variants.iter().find(|one| ***one == *flown);
        match found {
            Some(found) => Arc::clone(found),
            None => add(variants, Arc::new(flown.clone())),
        }
    }

    /// What is kept of a site and an aircraft; `windows` appends when the site sees it, if nobody has found that out.
    pub fn pair(
        &self,
        (site, aircraft): (Key, Key),
        about: About,
        windows: impl FnOnce(&mut Vec<Window>),
    ) -> Arc<PairDetections> {
        let mut kept = locked(&self.pairs);
        let variants = kept.entry((site, aircraft)).or_default();
        if let Some(found) = variants.iter().find(|one| one.about == about) {
            return Arc::clone(found);
        }
        let mut found = Vec::new();
        windows(&mut found);
        let last = found.last().map_or(0, |window| window.end);
        let blocks = last.div_ceil(BLOCK as u64) as usize;
        let new = PairDetections {
            about,
            windows: found,
            scans: (0..blocks).map(|_| OnceLock::new()).collect(),
        };
        add(variants, Arc::new(new))
    }

    /// What the ground hides from a site at a place and with an antenna so high above the ground; `work_out` does that, if nobody has.
    pub fn masks(
        &self,
        site: Key,
        terrain: &Terrain,
        (place, antenna_m): (Point, f64),
        work_out: impl FnOnce() -> Arc<Masks>,
    ) -> Arc<Masks> {
        let mut kept = locked(&self.grounds);
        let variants = kept.entry(site).or_default();
        let same = |one: &&Ground| {
            let grids =
                Arc::ptr_eq(&one.terrain.grid, &terrain.grid) || one.terrain.grid == terrain.grid;
            let eyes = |terrain: &Terrain| [terrain.optics_m, terrain.weapon_m];
            (one.place, one.antenna_m) == (place, antenna_m)
                && eyes(&one.terrain) == eyes(terrain)
                && grids
        };
        if let Some(found) = variants.iter().find(same) {
            return Arc::clone(&found.masks);
        }
        let masks = work_out();
        let terrain = Terrain {
            known: Vec::new(),
            ..terrain.clone()
        };
        variants.truncate(VARIANTS - 1);
        variants.insert(
            0,
            Ground {
                terrain,
                place,
                antenna_m,
                masks: Arc::clone(&masks),
            },
        );
        masks
    }
}

/// What the ground hides from a site, and of which ground and site that is.
#[derive(Debug)]
struct Ground {
    terrain: Terrain,
    place: Point,
    antenna_m: f64,
    masks: Arc<Masks>,
}

/// What detections are kept for: all that they depend on, besides random numbers that the keys stand for.
#[derive(Debug, Clone)]
pub struct About {
    /// How the site sees the aircraft.
    pub sight: Sight,
    /// When it scans.
    pub clock: ScanClock,
    /// One beyond its last scan.
    pub end: u64,
    /// Where the aircraft flies, as [`ReplicationDetections::trajectory`] has it.
    pub trajectory: Arc<Trajectory>,
    /// What the ground hides.
    pub masks: Option<Arc<Masks>>,
}

impl PartialEq for About {
    /// Trajectories and masks by where they are kept: equal ones are kept once.
    fn eq(&self, other: &About) -> bool {
        let masks = match (&self.masks, &other.masks) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        (self.sight, self.clock, self.end) == (other.sight, other.clock, other.end)
            && Arc::ptr_eq(&self.trajectory, &other.trajectory)
            && masks
    }
}

/// What is kept of one site and one aircraft.
#[derive(Debug)]
pub struct PairDetections {
    about: About,
    windows: Vec<Window>,
    /// By block of scans.
    scans: Box<[OnceLock<Scans>]>,
}

impl PairDetections {
    /// When the site sees the aircraft.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// What the scans of a block found; `look` works it out, if nobody has.
    pub fn scans(&self, block: u64, look: impl FnOnce() -> Scans) -> Scans {
        match self.scans.get(block as usize) {
            Some(kept) => *kept.get_or_init(look),
            None => look(),
        }
    }
}

fn add<T>(variants: &mut Variants<T>, new: Arc<T>) -> Arc<T> {
    variants.truncate(VARIANTS - 1);
    variants.insert(0, Arc::clone(&new));
    new
}

/// What was kept by a thread that panicked is whole all the same: it is put in when it is.
fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
