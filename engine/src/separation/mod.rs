//! Who comes too near to whom: the deconfliction between those who do not fire at each other.
//!
//! Every unordered pair of aircraft neither of whose sides holds the other for hostile is looked at while both are in the air. A
//! *loss of separation* is a longest interval in which both the lateral and the vertical distance are below the minima of the pair;
//! a *near mid-air collision* the same below 500 ft and 100 ft. Aircraft of one formation, that is of one flight and one arrival
//! no more than `formation_s` apart, are left out. An aerodrome is one that the scenario names or a place where a flight takes off from the ground; an aircraft
//! uses it if its flight begins or ends within `aerodrome_m` of it, and while one of two that use the same is that near,
//! nothing counts.
//!
//! The times are solved on straight legs and bracketed on arcs (`approach`). So that not every pair is solved, time is cut into slabs
//! of `SLAB_S`, and in each only those pairs are whose boxes, wider by half the minima, overlap: sorted by their western
//! edges and swept. Nothing is drawn; nothing that happens hangs on it.
//!
//! Source of the minima: ICAO Doc 4444 (PANS-ATM), 8.7.3.1 (5 NM) and 5.3.2 (300 m, which it gives for 1 000 ft). Near mid-air
//! collision, 500 ft and 100 ft: RTCA DO-185B and DO-365. Those of small drones are an assumption.

mod approach;
mod filed;

use std::collections::BTreeMap;

use crate::geometry::{Point, Span};
use crate::ids::{FlightId, SideId, TypeId};
use crate::platform::trajectory::{Leg, Path, Trajectory};
use crate::record::Affiliation;

use approach::{Approach, approaches};
pub use filed::FiledPlan;

/// How long a slab of time is, s.
const SLAB_S: f64 = 120.0;

/// What two aircraft should be apart: one of the two suffices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minima {
    /// Along the ground, m.
    pub lateral_m: f64,
    /// Above each other, m.
    pub vertical_m: f64,
}

/// Below both of these two aircraft nearly collide: 500 ft and 100 ft.
pub const NEAR_MIDAIR: Minima = Minima {
    lateral_m: 152.4,
    vertical_m: 30.48,
};

/// How separation is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Separation {
    /// The minima.
    pub minima: Minima,
    /// Those of two small drones.
    pub small_minima: Minima,
    /// Which types are small drones, by [`TypeId`].
    pub small: Vec<bool>,
    /// Aerodromes that are named.
    pub aerodromes: Vec<Point>,
    /// How near to an aerodrome that both use nothing counts, m.
    pub aerodrome_m: f64,
    /// Aircraft of one flight and arrival with at most this time between them are a formation, s.
    pub formation_s: f64,
    /// By how much longer a filed volume lasts, before and after, s.
    pub filed_time_s: f64,
}

impl Separation {
    /// The widest minima of any pair.
    fn widest(&self) -> Minima {
        let all = [self.minima, self.small_minima, NEAR_MIDAIR];
        Minima {
            lateral_m: all.iter().map(|one| one.lateral_m).fold(0.0, f64::max),
            vertical_m: all.iter().map(|one| one.vertical_m).fold(0.0, f64::max),
        }
    }
}

/// An aircraft that may come near to others.
#[derive(Debug, Clone, Copy)]
pub struct Airborne<'a> {
    /// Where it flies.
    pub trajectory: &'a Trajectory,
    /// When it is gone, s: landed, destroyed, or the scenario is over.
    pub until_s: f64,
    /// Its side.
    pub side: SideId,
    /// Its type.
    pub type_id: TypeId,
    /// Its flight, and which arrival of it, where its aircraft fly in formation.
    pub formation: Option<(FlightId, u32)>,
    /// Where it takes off from the ground, if it does.
    pub takes_off: Option<Point>,
}

/// A longest interval in which two aircraft were too near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encounter {
    /// The aircraft, by number, the lower one first.
    pub pair: (usize, usize),
    /// Whether it is a near mid-air collision, or a loss of separation.
    pub near_midair: bool,
    /// When.
    pub span: Span,
    /// When they were closest, s.
    pub closest_s: f64,
    /// How far apart along the ground they were then, m.
    pub lateral_m: f64,
    /// How far above each other, m.
    pub vertical_m: f64,
}

/// Which pairs count, and where.
pub struct Pairs<'a> {
    separation: &'a Separation,
    relations: &'a [Vec<Affiliation>],
    aircraft: &'a [Airborne<'a>],
    /// All aerodromes.
    bases: Vec<Point>,
    /// Which of them each aircraft uses, in order.
    uses: Vec<Vec<u32>>,
}

impl<'a> Pairs<'a> {
    /// The pairs of a replication; `relations` as in [`Cast`](crate::record::Cast).
    pub fn new(
        separation: &'a Separation,
        relations: &'a [Vec<Affiliation>],
        aircraft: &'a [Airborne<'a>],
    ) -> Pairs<'a> {
        let mut bases = separation.aerodromes.clone();
        for place in aircraft.iter().filter_map(|one| one.takes_off) {
            if !bases.contains(&place) {
                bases.push(place);
            }
        }
        let limit2 = separation.aerodrome_m * separation.aerodrome_m;
        let uses = aircraft.iter().map(|one| {
            let legs = &one.trajectory.legs;
            let ends = [
                legs.first().map(|leg| leg.position(leg.span.start_s)),
                legs.last().map(|leg| leg.position(leg.span.end_s)),
            ];
            let near = |base: &Point| {
                let mut ends = ends.iter().flatten();
                ends.any(|end| (end.xy() - base).norm_squared() <= limit2)
            };
            let numbered = (0..).zip(&bases);
            let used = numbered.filter(|(_, base)| near(base));
            used.map(|(number, _)| number).collect()
        });
        Pairs {
            separation,
            relations,
            aircraft,
            uses: uses.collect(),
            bases,
        }
    }

    /// Whether a pair counts at all.
    fn counts(&self, one: usize, other: usize) -> bool {
        let (a, b) = (&self.aircraft[one], &self.aircraft[other]);
        let (x, y) = (a.side.index(), b.side.index());
        one != other
            && self.relations[x][y] != Affiliation::Hostile
            && self.relations[y][x] != Affiliation::Hostile
            && (a.formation.is_none() || a.formation != b.formation)
    }

    fn minima(&self, one: usize, other: usize) -> Minima {
        let small = |number: usize| {
            let type_id = self.aircraft[number].type_id;
            self.separation.small.get(type_id.index()) == Some(&true)
        };
        if small(one) && small(other) {
            self.separation.small_minima
        } else {
            self.separation.minima
        }
    }

    /// The aerodromes that both use.
    fn shared_bases(&self, one: usize, other: usize) -> Vec<u32> {
        let others = &self.uses[other];
        let shared = self.uses[one].iter().filter(|base| others.contains(base));
        shared.copied().collect()
    }

    /// When a trajectory is near one of these aerodromes.
    fn near_bases(&self, trajectory: &Trajectory, bases: &[u32]) -> Vec<Span> {
        let mut near = Vec::new();
        for &base in bases {
            let (place, limit_m) = (self.bases[base as usize], self.separation.aerodrome_m);
            for leg in &trajectory.legs {
                leg.within(place, limit_m, |span| near.push(span));
            }
        }
        near
    }

    /// Every loss of separation and near mid-air collision, in order of time.
    pub fn encounters(&self) -> Vec<Encounter> {
        let margin = self.separation.widest();
        let mut found: Vec<((usize, usize, bool), Approach)> = Vec::new();
        let mut closed: BTreeMap<(usize, usize), Vec<Span>> = BTreeMap::new();
        let starts = |number: usize| self.aircraft[number].trajectory.legs.first();
        let mut coming: Vec<(f64, usize)> = (0..self.aircraft.len())
            .filter_map(|number| Some((starts(number)?.span.start_s, number)))
            .filter(|&(start_s, number)| start_s < self.aircraft[number].until_s)
            .collect();
        coming.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let mut coming = coming.into_iter().peekable();
        let mut flying: Vec<usize> = Vec::new();
        // The leg of each aircraft that a slab begins with.
        let mut leg_at = vec![0; self.aircraft.len()];
        let mut boxes: Vec<Boxed> = Vec::new();
        let mut slab = 0_i64;
        loop {
            if flying.is_empty() {
                let Some(&(next_s, _)) = coming.peek() else {
                    break;
                };
                slab = slab.max(libm::floor(next_s / SLAB_S) as i64);
            }
            let time = Span {
                start_s: slab as f64 * SLAB_S,
                end_s: (slab + 1) as f64 * SLAB_S,
            };
            while let Some((_, number)) = coming.next_if(|&(start_s, _)| start_s < time.end_s) {
                flying.push(number);
            }
            boxes.clear();
            for &number in &flying {
                let one = &self.aircraft[number];
                let leg = &mut leg_at[number];
                let legs = &one.trajectory.legs;
                while *leg + 1 < legs.len() && legs[*leg].span.end_s <= time.start_s {
                    *leg += 1;
                }
                let until_s = one.until_s.min(time.end_s);
                let aside = margin.lateral_m / 2.0;
                let up = margin.vertical_m / 2.0;
                boxes.push(boxed(number, &legs[*leg..], time.start_s, until_s).wider(aside, up));
            }
            near_each_other(&mut boxes, |one, other| {
                let (one, other) = (one.min(other), one.max(other));
                if !self.counts(one, other) {
                    return;
                }
                let both = Span {
                    start_s: time.start_s,
                    end_s: (time.end_s)
                        .min(self.aircraft[one].until_s)
                        .min(self.aircraft[other].until_s),
                };
                let first = (leg_at[one], leg_at[other]);
                let shared = self.shared_bases(one, other);
                if shared.is_empty() {
                    self.solve((one, other), first, both, &mut found);
                    return;
                }
                let near = closed.entry((one, other)).or_insert_with(|| {
                    let of =
                        |number: usize| self.near_bases(self.aircraft[number].trajectory, &shared);
                    [of(one), of(other)].concat()
                });
                for part in outside(both, near) {
                    self.solve((one, other), first, part, &mut found);
                }
            });
            flying.retain(|&number| {
                let one = &self.aircraft[number];
                let last = one.trajectory.legs.last();
                one.until_s > time.end_s && last.is_some_and(|leg| leg.span.end_s > time.end_s)
            });
            slab += 1;
        }
        joined(found)
    }

    /// The approaches of two aircraft in a span; `first` are the legs to begin with.
    fn solve(
        &self,
        (one, other): (usize, usize),
        first: (usize, usize),
        span: Span,
        found: &mut Vec<((usize, usize, bool), Approach)>,
    ) {
        let legs = |number: usize| &self.aircraft[number].trajectory.legs;
        let minima = self.minima(one, other);
        // Who nearly collides has lost separation, unless the minima are very small.
        let nested = minima.lateral_m >= NEAR_MIDAIR.lateral_m
            && minima.vertical_m >= NEAR_MIDAIR.vertical_m;
        let (mut a, mut b) = first;
        while let (Some(leg), Some(beside)) = (legs(one).get(a), legs(other).get(b)) {
            if leg.span.start_s >= span.end_s || beside.span.start_s >= span.end_s {
                break;
            }
            let both = leg.span.within(beside.span);
            if let Some(both) = both.and_then(|both| both.within(span)) {
                let nearly = |span: Span, found: &mut Vec<_>| {
                    approaches(leg, beside, span, &NEAR_MIDAIR, |approach| {
                        found.push(((one, other, true), approach));
                    });
                };
                if !nested {
                    nearly(both, found);
                }
                approaches(leg, beside, both, &minima, |approach| {
                    found.push(((one, other, false), approach));
                    if nested {
                        nearly(approach.span, found);
                    }
                });
            }
            if leg.span.end_s <= beside.span.end_s {
                a += 1;
            } else {
                b += 1;
            }
        }
    }

    /// The pairs of filed plans that conflict, and when the first two volumes of each begin to share an instant, s.
    pub fn filed_conflicts(&self, plans: &[FiledPlan<'_>]) -> BTreeMap<(usize, usize), f64> {
        filed::conflicts(self, plans, self.separation.filed_time_s)
    }
}

/// Joins what touches: one encounter is a longest interval.
fn joined(mut found: Vec<((usize, usize, bool), Approach)>) -> Vec<Encounter> {
    /// What is less than this apart, s, is one interval: ends of legs are rounded.
    const TOUCHING_S: f64 = 1e-6;
    // Sorted by small keys: what is found is large, and there is much of it.
    let pair = |one: usize, other: usize, near_midair: bool| {
        (one as u64) << 32 | (other as u64) << 1 | u64::from(near_midair)
    };
    found.sort_by_cached_key(|&((one, other, near_midair), approach)| {
        (
            pair(one, other, near_midair),
            in_order(approach.span.start_s),
        )
    });
    let mut all: Vec<((usize, usize, bool), Approach)> = Vec::new();
    for (key, approach) in found {
        match all.last_mut() {
            Some((last, before))
                if *last == key && approach.span.start_s <= before.span.end_s + TOUCHING_S =>
            {
                let span = Span {
                    start_s: before.span.start_s,
                    end_s: before.span.end_s.max(approach.span.end_s),
                };
                if approach.closeness < before.closeness {
                    *before = approach;
                }
                before.span = span;
            }
            _ => all.push((key, approach)),
        }
    }
    let mut all: Vec<Encounter> = all
        .into_iter()
        .map(|((one, other, near_midair), approach)| Encounter {
            pair: (one, other),
            near_midair,
            span: approach.span,
            closest_s: approach.closest_s,
            lateral_m: approach.lateral_m,
            vertical_m: approach.vertical_m,
        })
        .collect();
    all.sort_by_cached_key(|encounter| {
        let (one, other) = encounter.pair;
        let start = in_order(encounter.span.start_s);
        (start, pair(one, other, encounter.near_midair))
    });
    all
}

/// A number that is in the order of [`f64::total_cmp`].
fn in_order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The parts of a span that lie in none of others, in order; parts without length are none.
fn outside(span: Span, others: &[Span]) -> Vec<Span> {
    let mut others: Vec<Span> = others.to_vec();
    others.sort_by(|one, other| one.start_s.total_cmp(&other.start_s));
    let mut parts = Vec::new();
    let mut from_s = span.start_s;
    for other in others {
        if other.start_s >= span.end_s {
            break;
        }
        if other.start_s > from_s {
            parts.push(Span {
                start_s: from_s,
                end_s: other.start_s,
            });
        }
        from_s = from_s.max(other.end_s);
    }
    if from_s < span.end_s {
        parts.push(Span {
            start_s: from_s,
            end_s: span.end_s,
        });
    }
    parts
}

/// A box that something stays in.
#[derive(Debug, Clone, Copy)]
struct Boxed {
    x: (f64, f64),
    y: (f64, f64),
    z: (f64, f64),
    number: usize,
}

impl Boxed {
    fn wider(self, aside: f64, up: f64) -> Boxed {
        let wider = |(low, high): (f64, f64), by: f64| (low - by, high + by);
        Boxed {
            x: wider(self.x, aside),
            y: wider(self.y, aside),
            z: wider(self.z, up),
            number: self.number,
        }
    }
}

/// The box of the legs between two times.
fn boxed(number: usize, legs: &[Leg], from_s: f64, until_s: f64) -> Boxed {
    let mut all = Boxed {
        x: (f64::INFINITY, f64::NEG_INFINITY),
        y: (f64::INFINITY, f64::NEG_INFINITY),
        z: (f64::INFINITY, f64::NEG_INFINITY),
        number,
    };
    let grow = |(low, high): &mut (f64, f64), least: f64, most: f64| {
        *low = low.min(least);
        *high = high.max(most);
    };
    for leg in legs {
        if leg.span.start_s > until_s {
            break;
        }
        let (start_s, end_s) = (leg.span.start_s.max(from_s), leg.span.end_s.min(until_s));
        let ends = [start_s, end_s].map(|time_s| leg.position(time_s));
        for end in ends {
            grow(&mut all.x, end.x, end.x);
            grow(&mut all.y, end.y, end.y);
            grow(&mut all.z, end.z, end.z);
        }
        if let Path::Arc {
            center,
            radius_m,
            rate_radps,
            ..
        } = leg.path
        {
            // No point of it is further from both ends than half its length, nor from the centre than the radius.
            let reach = radius_m * (rate_radps * (end_s - start_s)).abs() / 2.0;
            for (axis, range) in [(0, &mut all.x), (1, &mut all.y)] {
                let low = ends[0][axis].min(ends[1][axis]) - reach;
                let high = ends[0][axis].max(ends[1][axis]) + reach;
                grow(
                    range,
                    low.max(center[axis] - radius_m),
                    high.min(center[axis] + radius_m),
                );
            }
        }
    }
    all
}

/// Calls `found` with the numbers of every two boxes that overlap.
fn near_each_other(boxes: &mut [Boxed], mut found: impl FnMut(usize, usize)) {
    boxes.sort_unstable_by(|one, other| {
        (one.x.0.total_cmp(&other.x.0)).then(one.number.cmp(&other.number))
    });
    for (at, one) in boxes.iter().enumerate() {
        for other in &boxes[at + 1..] {
            if other.x.0 > one.x.1 {
                break;
            }
            if other.y.0 <= one.y.1
                && other.y.1 >= one.y.0
                && other.z.0 <= one.z.1
                && other.z.1 >= one.z.0
            {
                found(one.number, other.number);
            }
        }
    }
}
