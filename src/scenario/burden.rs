//! What a replication asks of the machine, estimated before one is run; and the bound beyond which none is.
//!
//! Values that are each allowed can have a product that is not: flights a day times days, aircraft times sites, hours over
//! seconds a scan. The estimate takes every aircraft for its planned time in the air, at every site whose sensor reaches
//! that far. Its constants are measured on scenarios of this
//! repository with more and more aircraft, sites and scans: it was between half and thirty times of what was needed, and
//! high above all where many aircraft share an orbit far from most sites.
//!
//! | quantity | estimate |
//! |---|---|
//! | aircraft | `count`, times the expected number of waves and four standard deviations more |
//! | legs | of the planned route; of a loop or a racetrack, as many as fit into the time |
//! | pairs | aircraft times sites, the most sites that each entry may have |
//! | scans | over all pairs within reach: time in the air / scan period |
//! | memory | 2 kB an aircraft, 200 B a leg, 40 B a pair, 500 B more within reach, 1 B a look, 24 B a live look, 100 B an event |
//! | time | 5 us an aircraft, 1 us a pair and leg of its route, 3 ns a look, 1 us a live look |
//!
//! The bound is [`MOST_BYTES`] of memory; `--limit` multiplies it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::Scenario;
use crate::geometry::Point;
use crate::platform::{Flight, Pattern, Route, Start, Waypoint};
use crate::sensing::detection::Law;
use crate::theatre::Position;

/// Memory that one replication may need by this estimate, bytes: 1 GB, so that one on every thread fits on usual machines.
pub const MOST_BYTES: f64 = 1e9;

/// Highest factor of the bound.
pub const HIGHEST_LIMIT: u64 = 1_000_000;

/// What the bound is multiplied with, for the whole process: it is a property of the machine, like its memory.
static LIMIT: AtomicU64 = AtomicU64::new(1);

/// Multiplies the bound.
pub fn raise_limit(times: u64) {
    LIMIT.store(times.clamp(1, HIGHEST_LIMIT), Ordering::Relaxed);
}

/// What the bound is multiplied with.
pub(crate) fn limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// What one replication asks of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Burden {
    /// Aircraft.
    pub aircraft: f64,
    /// Sites.
    pub sites: f64,
    /// Pairs of an aircraft and a site.
    pub pairs: f64,
    /// Looks of sites at aircraft within their reach.
    pub scans: f64,
    /// Facts written down.
    pub events: f64,
    /// Memory, bytes.
    pub memory_bytes: f64,
    /// Time on one processor, s.
    pub time_s: f64,
}

/// Of one flight.
struct Airborne {
    aircraft: f64,
    legs: f64,
    time_s: f64,
    /// A circle that its route stays in: centre and radius, m.
    center: Point,
    radius_m: f64,
}

impl Burden {
    /// Of a scenario.
    pub fn of(scenario: &Scenario) -> Burden {
        Burden::parts(scenario).0
    }

    /// The same, and the number of the flight that contributes most memory.
    fn parts(scenario: &Scenario) -> (Burden, Option<usize>) {
        let duration_s = scenario.duration.seconds();
        let mut sum = Burden::default();
        for site in &scenario.sites {
            sum.sites += f64::from(site.count.1);
        }
        let mut heaviest: Option<(usize, f64)> = None;
        for (number, flight) in scenario.flights.iter().enumerate() {
            let air = airborne(flight, scenario);
            let before = sum.memory_bytes;
            sum.aircraft += air.aircraft;
            sum.memory_bytes += air.aircraft * (2e3 + 200.0 * air.legs);
            sum.time_s += air.aircraft * (5e-6 + 1e-6 * air.legs);
            sum.events += 4.0 * air.aircraft;
            for (entry, site) in scenario.sites.iter().enumerate() {
                let pairs = air.aircraft * f64::from(site.count.1);
                sum.pairs += pairs;
                sum.memory_bytes += 40.0 * pairs;
                sum.time_s += 1e-6 * pairs * air.legs.max(1.0);
                let class = &scenario.classes[site.class.index()];
                let spec = &scenario.types[flight.type_id.index()].spec;
                // Three deviations of the cross-section more than usual.
                let rcs_m2 = spec.rcs_m2 * libm::exp10(0.3 * spec.rcs_spread_db);
                let (_, reach_m) = Law::new(&class.sensor, rcs_m2);
                let (center, spread_m) = circle(&site.position);
                let apart_m = (center - air.center).norm();
                if apart_m > reach_m + spread_m + air.radius_m {
                    continue;
                }
                let scans = pairs * air.time_s / class.sensor.scan_s;
                let (bytes, time_s) = match scenario.visits_every_scan(entry) {
                    true => (24.0, 1e-6),
                    false => (1.0, 3e-9),
                };
                sum.scans += scans;
                sum.events += 4.0 * pairs + 1e-4 * scans;
                sum.memory_bytes += bytes * scans + 500.0 * pairs;
                sum.time_s += time_s * scans;
            }
            let added = sum.memory_bytes - before;
            if heaviest.is_none_or(|(_, most)| added > most) {
                heaviest = Some((number, added));
            }
        }
        // A live picture turns with its antenna whether anybody is there or not, and clutter is plotted.
        for (entry, site) in scenario.sites.iter().enumerate() {
            if scenario.visits_every_scan(entry) {
                let class = &scenario.classes[site.class.index()];
                let clutter = class.tracker.false_alarms.as_ref();
                let scans = f64::from(site.count.1) * duration_s / class.sensor.scan_s;
                sum.time_s += 1e-6 * scans * (1.0 + clutter.map_or(0.0, |alarms| alarms.per_scan));
            }
        }
        if let Some(every) = scenario.sample_pictures_every {
            let samples = sum.sites * duration_s / every.seconds();
            sum.events += samples;
            sum.time_s += 1e-6 * samples * sum.aircraft.max(1.0);
        }
        sum.memory_bytes += 100.0 * sum.events + 1e7;
        (sum, heaviest.map(|(number, _)| number))
    }

    /// What it comes to, in words.
    pub fn words(&self) -> String {
        let Burden {
            aircraft,
            sites,
            pairs,
            scans,
            events,
            memory_bytes,
            time_s,
        } = *self;
        format!(
            "about {} aircraft, {} sites, {} pairs, {} scans, {} events, {}, {} a replication",
            rough(aircraft),
            rough(sites),
            rough(pairs),
            rough(scans),
            rough(events),
            bytes(memory_bytes),
            seconds(time_s)
        )
    }
}

/// Refuses a scenario beyond the bound: the number of the flight that is most of it, if one is, and what is wrong.
pub(super) fn refuse(scenario: &Scenario) -> Result<(), (Option<usize>, String)> {
    let (burden, heaviest) = Burden::parts(scenario);
    let most = MOST_BYTES * limit() as f64;
    if burden.memory_bytes <= most {
        return Ok(());
    }
    let mut said = format!(
        "one replication needs {}; expected at most {}",
        burden.words(),
        bytes(most)
    );
    let times = (burden.memory_bytes / MOST_BYTES).ceil();
    if times <= HIGHEST_LIMIT as f64 {
        let _ = write!(said, ", or --limit {times} on a machine that has as much");
    }
    Err((heaviest, said))
}

fn airborne(flight: &Flight, scenario: &Scenario) -> Airborne {
    let duration_s = scenario.duration.seconds();
    let spec = &scenario.types[flight.type_id.index()].spec;
    let speed_mps = flight.speed_mps.max(1e-3);
    let (waves, departs_s) = match &flight.start {
        Start::Airborne => (1.0, 0.0),
        Start::Departs { after_s, .. } => (1.0, *after_s),
        Start::Poisson { rate_per_day, .. } => {
            let mean = rate_per_day * duration_s / 86_400.0;
            (mean + 4.0 * libm::sqrt(mean), 0.0)
        }
    };
    let mut longest_s = (duration_s - departs_s).max(0.0);
    if let Some(hours) = spec.endurance_h {
        longest_s = longest_s.min(hours * 3600.0);
    }
    let mut points: Vec<Point> = vec![flight.home];
    let line = |waypoints: &[Waypoint]| -> Vec<Point> {
        waypoints.iter().map(|waypoint| waypoint.at).collect()
    };
    let (legs, time_s) = match &flight.route {
        Route::Waypoints(waypoints) => {
            let way = line(waypoints);
            let time_s = length_m(&way) / speed_mps;
            points.extend(&way);
            (2.0 * way.len() as f64, time_s)
        }
        Route::Loop {
            points: waypoints, ..
        } => {
            let way = line(waypoints);
            let first = way.first().copied();
            let round: Vec<Point> = way.iter().copied().chain(first).collect();
            let lap_s = (length_m(&round) / speed_mps).max(1e-3);
            points.extend(&way);
            let laps = longest_s / lap_s + 1.0;
            (2.0 * way.len() as f64 * laps, longest_s)
        }
        Route::Recorded(fixes) => {
            points.extend(fixes.iter().map(|fix| fix.at));
            let ends = (fixes.first(), fixes.last());
            let time_s = match ends {
                (Some(first), Some(last)) => last.after_s - first.after_s,
                _ => 0.0,
            };
            (fixes.len() as f64, time_s)
        }
        Route::Station {
            ingress,
            pattern,
            station_s,
            egress,
            ..
        } => {
            let on_station_s = station_s.min(longest_s);
            let (corners, lap_m) = match *pattern {
                Pattern::Orbit {
                    center, radius_m, ..
                } => {
                    let off = Point::new(radius_m, 0.0) - Point::new(0.0, 0.0);
                    (vec![center + off, center - off], f64::INFINITY)
                }
                Pattern::Racetrack {
                    from, to, radius_m, ..
                } => {
                    let off = Point::new(2.0 * radius_m, 2.0 * radius_m) - Point::new(0.0, 0.0);
                    let lap_m = 2.0 * (to - from).norm() + std::f64::consts::TAU * radius_m;
                    (vec![from + off, from - off, to + off, to - off], lap_m)
                }
            };
            let mut way = line(ingress);
            way.extend(&corners[..1]);
            way.extend(line(egress));
            way.push(flight.home);
            let laps = on_station_s * speed_mps / lap_m.max(1e-3);
            let legs = 2.0 * way.len() as f64 + 4.0 * laps;
            let time_s = length_m(&way) / speed_mps + station_s;
            points.extend(way);
            points.extend(corners);
            (legs, time_s)
        }
    };
    let (mut low, mut high) = (points[0], points[0]);
    for point in &points {
        low = Point::new(low.x.min(point.x), low.y.min(point.y));
        high = Point::new(high.x.max(point.x), high.y.max(point.y));
    }
    Airborne {
        aircraft: waves * f64::from(flight.count),
        legs,
        time_s: time_s.clamp(0.0, longest_s),
        center: low + (high - low) * 0.5,
        // Room for turns and for what is flown beside the line.
        radius_m: (high - low).norm() / 2.0 + 4.0 * flight.cross_track_sigma_m + 10_000.0,
    }
}

fn length_m(way: &[Point]) -> f64 {
    way.windows(2).map(|two| (two[1] - two[0]).norm()).sum()
}

/// A circle that the sites of an entry are in.
fn circle(position: &Position) -> (Point, f64) {
    match position {
        Position::At(point) => (*point, 0.0),
        Position::DrawnIn(area) => area.bounds(),
    }
}

/// Two digits.
fn rough(number: f64) -> String {
    match number {
        number if number < 9.95 => format!("{}", (number * 10.0).round() / 10.0),
        number if number < 1e6 => {
            let unit = libm::pow(10.0, (libm::log10(number).floor() - 1.0).max(0.0));
            format!("{}", (number / unit).round() * unit)
        }
        number => format!("{number:.1e}"),
    }
}

fn bytes(number: f64) -> String {
    match number {
        number if number < 1e9 => format!("{} MB of memory", rough((number / 1e6).max(1.0))),
        number => format!("{} GB of memory", rough(number / 1e9)),
    }
}

fn seconds(number: f64) -> String {
    match number {
        number if number < 1.0 => format!("{} ms", rough((number * 1e3).max(0.1))),
        number if number < 7200.0 => format!("{} s", rough(number)),
        number => format!("{} h", rough(number / 3600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(set: &[&str]) -> Result<Scenario, String> {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/nov-2019-busy.toml");
        let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        Scenario::load(&path, &set).map_err(|error| error.render(false))
    }

    #[test]
    fn what_is_flown_every_day_is_far_from_the_bound() {
        let burden = Burden::of(&load(&[]).unwrap());
        assert!(burden.memory_bytes < MOST_BYTES / 20.0, "{burden:?}");
        assert!(burden.aircraft > 5.0 && burden.sites >= 4.0, "{burden:?}");
    }

    #[test]
    fn products_of_what_is_allowed_are_refused_before_anything_is_made() {
        for set in [
            &["flights.raid-mitiga.start.poisson.rate_per_day=1e6"][..],
            &[
                "duration_h=8784",
                "site_classes.class_a.sensor.scan_s=0.001",
            ],
            &["flights.us-recon.count=100000", "sites.tarhuna.count=1000"],
        ] {
            let said = load(set).expect_err("refused");
            assert!(said.contains("--limit"), "{said}");
            assert!(said.contains("GB of memory"), "{said}");
        }
    }

    #[test]
    fn twice_as_many_ask_twice_as_much() {
        let one = Burden::of(&load(&["flights.us-recon.count=1000"]).unwrap());
        let two = Burden::of(&load(&["flights.us-recon.count=2000"]).unwrap());
        assert!((two.aircraft - one.aircraft - 1000.0).abs() < 1e-6);
        assert!(two.scans > 1.9 * one.scans && two.scans < 2.0 * one.scans);
        let slow = Burden::of(&load(&["site_classes.class_a.sensor.scan_s=30"]).unwrap());
        assert!(slow.scans < Burden::of(&load(&[]).unwrap()).scans / 2.0);
    }

    #[test]
    fn numbers_are_told_with_two_digits() {
        for (number, told) in [
            (3.13, "3.1"),
            (42.0, "42"),
            (123.0, "120"),
            (9876.0, "9900"),
            (2.34e7, "2.3e7"),
        ] {
            assert_eq!(rough(number), told);
        }
    }
}
