//! Waves of history matching, as a state machine that knows points and predictions, no scenario.
//!
//! The first wave fills the whole space (a Latin hypercube). Every later wave begins with a Latin hypercube of
//! 20 000 points, of which those are run that an emulator does not rule out; where they are too few, neighbours of
//! the worlds that are left make up for it. The emulator is a regression of each band's scale on the coordinates (ridge;
//! with squares where there are points enough) with its residual variance in the denominator, so where it knows little it
//! rules out little; it chooses where to look and rules nothing out by itself: only worlds that were run are in or out,
//! by what they did.

use nalgebra::{DMatrix, DVector};

use super::evidence::{Band, Found};
use crate::experiment::design::{self, Coordinate, Design, Domain, Point};

/// Points among which a later wave looks.
const CANDIDATES: u32 = 20_000;

/// How far neighbours lie at most, along each dimension, as a share of its range.
const NEAR: f64 = 0.15;

/// Pull of the regression towards no effect, as a share of the points.
const RIDGE: f64 = 1e-3;

/// Points that the regression needs for each of its terms before it takes squares too.
const POINTS_A_TERM: usize = 4;

/// What matching needs to know.
#[derive(Debug, Clone)]
pub struct Course {
    /// Of every dimension.
    pub domains: Vec<Domain>,
    /// What was seen.
    pub bands: Vec<Band>,
    /// Points of every wave.
    pub points: u32,
    /// Ruled out above.
    pub cutoff: f64,
    /// Of the designs.
    pub seed: u64,
}

/// A world that was run.
#[derive(Debug, Clone, PartialEq)]
pub struct Flown {
    /// Its wave, from 1.
    pub wave: usize,
    /// Its coordinates.
    pub point: Point,
    /// What it predicts for each band.
    pub found: Vec<Option<Found>>,
    /// Its implausibility for each band.
    pub implausibility: Vec<f64>,
}

impl Flown {
    /// The largest implausibility, and the band it is of.
    pub fn worst(&self) -> (f64, usize) {
        let each = self.implausibility.iter().enumerate();
        each.fold((0.0, 0), |worst, (band, &value)| match value > worst.0 {
            true => (value, band),
            false => worst,
        })
    }
}

/// Waves so far.
#[derive(Debug, Clone)]
pub struct Matching {
    course: Course,
    wave: usize,
    flown: Vec<Flown>,
}

impl Matching {
    /// Before the first wave.
    pub fn new(course: Course) -> Matching {
        Matching {
            course,
            wave: 0,
            flown: Vec::new(),
        }
    }

    /// What it began with.
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// All that was run, in order.
    pub fn flown(&self) -> &[Flown] {
        &self.flown
    }

    /// What is not ruled out, in order.
    pub fn left(&self) -> impl Iterator<Item = &Flown> {
        let cutoff = self.course.cutoff;
        self.flown.iter().filter(move |one| one.worst().0 <= cutoff)
    }

    /// The points of the next wave; `sound` says which may be run.
    ///
    /// # Errors
    /// An axis with nothing to be set to, or too many points.
    pub fn ask(&self, sound: impl Fn(&Point) -> bool) -> Result<Vec<Point>, design::DesignError> {
        let Course {
            domains,
            points,
            seed,
            ..
        } = &self.course;
        let hypercube = |points: u32, seed: u64| {
            design::points(&Design::LatinHypercube { points }, domains, seed)
        };
        let wave_seed = seed.wrapping_add((self.wave as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let wanted = *points as usize;
        if self.wave == 0 {
            let points = hypercube(*points, wave_seed)?;
            return Ok(points.into_iter().filter(sound).collect());
        }
        let emulators: Vec<Option<Emulator>> = (0..self.course.bands.len())
            .map(|band| self.emulator(band))
            .collect();
        let expected = |point: &Point| -> f64 {
            let terms = self.units(point);
            let each = emulators.iter().zip(&self.course.bands);
            each.map(|(emulator, band)| {
                emulator.as_ref().map_or(0.0, |emulator| {
                    band.implausibility_of(emulator.at(&terms), emulator.variance)
                })
            })
            .fold(0.0, f64::max)
        };
        let mut chosen: Vec<Point> = Vec::new();
        let mut beside: Vec<(f64, Point)> = Vec::new();
        for point in hypercube(CANDIDATES, wave_seed)? {
            if chosen.len() == wanted {
                break;
            }
            match expected(&point) {
                far if far > self.course.cutoff => beside.push((far, point)),
                _ if sound(&point) => chosen.push(point),
                _ => {}
            }
        }
        // Neighbours of what is left; half of a wave at most has to be found so.
        let left: Vec<&Flown> = self.left().collect();
        if chosen.len() < wanted && !left.is_empty() {
            let steps = hypercube(CANDIDATES, wave_seed.wrapping_add(1))?;
            for (number, step) in steps.iter().enumerate() {
                if chosen.len() == wanted {
                    break;
                }
                // Levels move in one try of three.
                let moves = number % 3 == 0;
                let near = self.near(&left[number % left.len()].point, step, moves);
                let there =
                    chosen.contains(&near) || self.flown.iter().any(|one| one.point == near);
                if !there && expected(&near) <= self.course.cutoff && sound(&near) {
                    chosen.push(near);
                }
            }
        }
        beside.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (_, point) in beside {
            if chosen.len() == wanted {
                break;
            }
            if sound(&point) {
                chosen.push(point);
            }
        }
        Ok(chosen)
    }

    /// What a wave came to, in the order in which it was asked for.
    pub fn tell(&mut self, wave: Vec<(Point, Vec<Option<Found>>)>) {
        self.wave += 1;
        for (point, found) in wave {
            let bands = self.course.bands.iter().zip(&found);
            let implausibility = bands
                .map(|(band, found)| band.implausibility(*found))
                .collect();
            self.flown.push(Flown {
                wave: self.wave,
                point,
                found,
                implausibility,
            });
        }
    }

    /// A point near another: each coordinate moved by what a step of the unit cube says; levels where they may.
    fn near(&self, point: &Point, step: &Point, moves: bool) -> Point {
        let all = self.course.domains.iter().zip(point).zip(step);
        all.map(|((domain, &here), &by)| match (domain, here, by) {
            (Domain::Range { .. }, here, by) => {
                let (Some(u), Some(v)) = (domain.unit(here), domain.unit(by)) else {
                    return here;
                };
                let moved = u + NEAR * (2.0 * v - 1.0);
                let inside = if moved < 0.0 { -moved } else { moved };
                let inside = if inside > 1.0 { 2.0 - inside } else { inside };
                domain.at(inside.clamp(0.0, 1.0))
            }
            (Domain::Levels(_), _, by) if moves => by,
            (_, here, _) => here,
        })
        .collect()
    }

    /// The terms of a regression at a point, without squares.
    fn units(&self, point: &Point) -> Vec<f64> {
        let mut terms = Vec::new();
        for (domain, &at) in self.course.domains.iter().zip(point) {
            match (domain, at) {
                (Domain::Levels(levels), Coordinate::Level(level)) => {
                    terms.extend((1..*levels).map(|other| f64::from(u8::from(other == level))));
                }
                (domain, at) => terms.push(domain.unit(at).unwrap_or(0.5) - 0.5),
            }
        }
        terms
    }

    fn emulator(&self, band: usize) -> Option<Emulator> {
        let known: Vec<(Vec<f64>, f64)> = self
            .flown
            .iter()
            .filter_map(|one| {
                let (value, _) = self.course.bands[band].scaled(one.found[band]?);
                value.is_finite().then(|| (self.units(&one.point), value))
            })
            .collect();
        Emulator::fit(&known)
    }
}

/// A regression and what it leaves.
#[derive(Debug, Clone)]
struct Emulator {
    squares: bool,
    weights: DVector<f64>,
    variance: f64,
}

impl Emulator {
    fn row(terms: &[f64], squares: bool) -> Vec<f64> {
        let mut row = vec![1.0];
        row.extend(terms);
        if squares {
            row.extend(terms.iter().map(|term| term * term));
        }
        row
    }

    /// None where there are too few points to say anything.
    fn fit(known: &[(Vec<f64>, f64)]) -> Option<Emulator> {
        let terms = known.first()?.0.len();
        let squares = known.len() >= POINTS_A_TERM * (2 * terms + 1);
        let rows: Vec<Vec<f64>> = known
            .iter()
            .map(|(terms, _)| Emulator::row(terms, squares))
            .collect();
        let (n, p) = (rows.len(), rows[0].len());
        if n < p + 2 {
            return None;
        }
        let x = DMatrix::from_fn(n, p, |row, column| rows[row][column]);
        let y = DVector::from_fn(n, |row, _| known[row].1);
        let mut normal = x.transpose() * &x;
        for term in 1..p {
            normal[(term, term)] += RIDGE * n as f64;
        }
        let weights = normal.cholesky()?.solve(&(x.transpose() * &y));
        let residual = &y - &x * &weights;
        let variance = residual.norm_squared() / (n - p) as f64;
        Some(Emulator {
            squares,
            weights,
            variance,
        })
    }

    fn at(&self, terms: &[f64]) -> f64 {
        let row = Emulator::row(terms, self.squares);
        row.iter()
            .zip(self.weights.iter())
            .map(|(a, b)| a * b)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::design::Scale;

    const LOG: Domain = Domain::Range {
        low: 0.1,
        high: 10.0,
        scale: Scale::Log,
    };

    fn value(at: Coordinate) -> f64 {
        match at {
            Coordinate::Value(value) => value,
            Coordinate::Level(level) => level as f64,
        }
    }

    /// Two rates whose product was seen: f(x, y) = x y, without noise.
    fn product(point: &Point) -> Option<Found> {
        Some(Found {
            estimate: value(point[0]) * value(point[1]),
            variance: 0.0,
        })
    }

    fn waves(course: &Course, waves: usize, f: impl Fn(&Point) -> Vec<Option<Found>>) -> Matching {
        let mut matching = Matching::new(course.clone());
        for _ in 0..waves {
            let points = matching.ask(|_| true).unwrap();
            let told = points.into_iter().map(|point| (point.clone(), f(&point)));
            matching.tell(told.collect());
        }
        matching
    }

    fn course(bands: Vec<Band>) -> Course {
        Course {
            domains: vec![LOG; 2],
            bands,
            points: 200,
            cutoff: 3.0,
            seed: 7,
        }
    }

    #[test]
    fn on_an_analytic_model_the_set_found_is_the_true_one() {
        // ln z = 0, V_obs = (ln 2 / 4)^2: in are the points with |ln x + ln y| <= 3/4 ln 2, a band across the square.
        let (low, high) = (1.0 / std::f64::consts::SQRT_2, std::f64::consts::SQRT_2);
        let matching = waves(&course(vec![Band::new(low, high, 0.0)]), 4, |point| {
            vec![product(point)]
        });
        let half = 0.75 * std::f64::consts::LN_2;
        let truly = |point: &Point| (value(point[0]).ln() + value(point[1]).ln()).abs() <= half;
        let left: Vec<&Point> = matching.left().map(|one| &one.point).collect();
        // Nothing is in that is truly out, nothing out that is truly in.
        for one in matching.flown() {
            assert_eq!(left.contains(&&one.point), truly(&one.point), "{one:?}");
        }
        // The first wave finds the true share of the square, 2 h L - h^2 over L^2, within four standard errors.
        let side = 100.0_f64.ln();
        let share = (2.0 * half * side - half * half) / (side * side);
        let first = matching.left().filter(|one| one.wave == 1).count() as f64;
        let error = (share * (1.0 - share) / 200.0).sqrt();
        assert!(
            (first / 200.0 - share).abs() < 4.0 * error,
            "{first} {share}"
        );
        // Later waves look where it is: nearly all of what they run is in, and no part of the true set is left out.
        let later = matching.left().filter(|one| one.wave > 1).count() as f64;
        assert!(later > 0.6 * 600.0, "{later}");
        for step in 0..20 {
            let x = (f64::from(step) + 0.5) / 20.0 * side - side / 2.0;
            let near = |point: &&&Point| {
                let [a, b] = [value(point[0]).ln() - x, value(point[1]).ln() + x];
                a.abs() < side / 15.0 && b.abs() < side / 15.0
            };
            assert!(left.iter().any(|point| near(&point)), "nothing near {x}");
        }
    }

    #[test]
    fn a_band_that_says_nothing_rules_nothing_out() {
        let seen = Band::new(1.0, 1.1, 0.0);
        let matching = waves(&course(vec![seen]), 2, |_| vec![None]);
        assert_eq!(matching.left().count(), 400);
    }

    #[test]
    fn evidence_that_contradicts_itself_leaves_nothing() {
        let bands = vec![Band::new(0.9, 1.1, 0.0), Band::new(9.0, 11.0, 0.0)];
        let matching = waves(&course(bands), 3, |point| vec![product(point); 2]);
        assert_eq!(matching.left().count(), 0);
        assert_eq!(matching.flown().len(), 600);
    }

    #[test]
    fn the_same_seed_asks_for_the_same_points() {
        let ask = |seed: u64| {
            let mut course = course(vec![Band::new(0.5, 2.0, 0.0)]);
            course.seed = seed;
            let matching = waves(&course, 2, |point| vec![product(point)]);
            matching.ask(|_| true).unwrap()
        };
        assert_eq!(ask(3), ask(3));
        assert_ne!(ask(3), ask(4));
    }
}
