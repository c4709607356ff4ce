//! The fast path held to a slow, obvious reference that does one scan after the other, and the closed forms to brute force.
//!
//! The reference is written from the definitions: the position at every scan, the detection law by libm, hits counted one by
//! one, the posterior as a product of probabilities. It shares with the product the keyed draws, the check of a flight
//! plan and the rules, which are no part of the fast path and have tests of their own. Its scenarios are drawn from fixed seeds, so
//! these tests have no false alarms: they hold or they do not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apart::{Pair as Product, PairScene};
use super::track::{Outlet, ScanContext};
use super::{Envelope, Observer, PairParams, Run, Runs, Situation};

use crate::airspace::{Corridor, Delay, FixedDelay, Zone};
use crate::coordination::{
    AltitudeBlockSpec, AltitudeBlocksSpec, AskedAbout, CommandLink, CommonOutages, CorridorsSpec,
    CrewDraws, EngagementRequest, EngagementZoneSpec, Enquiries, Fallback, FlightPlanNoticeSpec,
    HostileCriteriaSpec, HostileOn, HotlineQuerySpec, HoursSpec, IfUnclear, Inquiry, LostCommsSpec,
    Named, NodeQuery, OpticalConfirmationSpec, RestrictedOperationsZoneSpec, Rules, RulesSpec,
    SecondOperatorSpec, SelfDefenceSpec, TimeWindowsSpec, TrackView, WeaponEngagementZoneSpec,
    WeaponsControl, WeaponsControlSpec, ZoneStatusSpec,
};
use crate::geometry::{Area, Point, arc_within, quadratic_below};
use crate::identification::plan_check::{PlanOutcome, PlannedPaths};
use crate::identification::{
    AffiliationShares, AppearanceSpec, CivilRows, Combine, Criteria, CriteriaOn, Evidence,
    FlightPlanSourceSpec, Gathered, Glimpse, Hypotheses, IdSourceState, IdSources,
    IdentificationSpec, Identifier, IdentityThresholds, MatchBelief, NonNegative, Probability,
    Viewer,
};
use crate::ids::{AircraftId, ClassId, Key, SideId, SiteId, TypeId};
use crate::platform::trajectory::{Draws, Path, Trajectory, turn_radius_m};
use crate::platform::{AircraftSpec, Equipment, Flight, Pattern, Route, Start, Turns, Waypoint};
use crate::record::{
    Affiliation, Decision, Detail, Event, EventRecorder, Fact, Identity, NotReady, NoticeState,
    Rank, Reason, Replication, TrackEnd, TrackRecord,
};
use crate::sensing::coverage::{ScanClock, Sight, Window, horizon_m, look};
use crate::sensing::detection::Law;
use crate::sensing::readiness::{Absence, Absences};
use crate::sensing::{DiscSpec, FourthPowerSpec, RadarSpec, ScanPhase, SensorModel, SensorSpec};
use crate::streams::{OpenBlock, Streams};
use crate::tracking::TrackerSpec;
use crate::tracking::memory::MemorySpec;
use crate::units::Millis;
use nalgebra::Vector3;
use proptest::prelude::*;

// --- Chance for the tests: one word after the other from a fixed seed -----------------------------------------------

struct TestRng(u64);

impl TestRng {
    fn new(seed: u64) -> TestRng {
        TestRng(Key::NONE.nth(seed as u32).0)
    }

    /// Sure, or even.
    fn compliance(&mut self) -> f64 {
        if self.heads() { 1.0 } else { 0.5 }
    }

    fn word(&mut self) -> u64 {
        self.0 = Key(self.0).nth(7).0;
        self.0
    }

    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn below(&mut self, count: u64) -> u64 {
        self.word() % count
    }

    fn heads(&mut self) -> bool {
        self.below(2) == 0
    }
}

// --- Random flights ----------------------------------------------------------------------------------------------------

fn aircraft(rng: &mut TestRng) -> AircraftSpec {
    AircraftSpec {
        kind: Default::default(),
        cruise_mps: rng.within(30.0, 120.0),
        altitude_m: rng.within(100.0, 8000.0),
        min_speed_mps: None,
        max_speed_mps: None,
        ceiling_m: None,
        climb_mps: rng.heads().then(|| rng.within(2.0, 30.0)),
        bank_deg: Some(rng.within(10.0, 40.0)),
        endurance_h: (rng.below(3) == 0).then(|| rng.within(0.2, 1.0)),
        rcs_m2: rng.within(0.1, 5.0),
        rcs_spread_db: 0.0,
        critical_dimension_m: 15.0,
        source: None,
    }
}

fn waypoint(rng: &mut TestRng, reach_m: f64) -> Waypoint {
    Waypoint {
        at: Point::new(rng.within(-reach_m, reach_m), rng.within(-reach_m, reach_m)),
        altitude_m: rng.within(50.0, 8000.0),
    }
}

fn route(rng: &mut TestRng, reach_m: f64) -> Route {
    let level = rng.heads();
    let altitude_m = rng.within(100.0, 8000.0);
    let points = |least: u64, rng: &mut TestRng| -> Vec<Waypoint> {
        (0..least + rng.below(4))
            .map(|_| {
                let point = waypoint(rng, reach_m);
                Waypoint {
                    altitude_m: if level { altitude_m } else { point.altitude_m },
                    ..point
                }
            })
            .collect()
    };
    match rng.below(4) {
        0 => Route::Waypoints(points(2, rng)),
        1 => Route::Loop {
            points: points(3, rng),
            random_start: rng.heads(),
        },
        kind => {
            let radius_m = rng.within(2000.0, 8000.0);
            let (at, to) = (waypoint(rng, reach_m).at, waypoint(rng, reach_m).at);
            let right = rng.heads();
            Route::Station {
                ingress: points(if rng.heads() { 0 } else { 2 }, rng),
                pattern: if kind == 2 {
                    Pattern::Orbit {
                        center: at,
                        radius_m,
                        right,
                    }
                } else {
                    Pattern::Racetrack {
                        from: at,
                        to,
                        radius_m,
                        right,
                    }
                },
                altitude_m,
                station_s: rng.within(300.0, 4000.0),
                egress: points(0, rng),
            }
        }
    }
}

fn flight(rng: &mut TestRng, spec: &AircraftSpec, route: Route) -> Flight {
    Flight {
        name: "flight".into(),
        key: Key::of("flight"),
        type_id: TypeId(0),
        side: SideId(0),
        count: 1,
        spacing_s: 0.0,
        speed_mps: spec.cruise_mps,
        turns: if rng.heads() {
            Turns::Bank
        } else {
            Turns::Instant
        },
        start: Start::Airborne,
        route,
        home: waypoint(rng, 10_000.0).at,
        objective: None,
        cross_track_sigma_m: 0.0,
        plan: None,
        equipment: Default::default(),
    }
}

fn fly(
    flight: &Flight,
    spec: &AircraftSpec,
    departs_s: f64,
    loop_start: f64,
    aside_m: f64,
    until_s: f64,
) -> Trajectory {
    let draws = Draws {
        departs_s,
        loop_start,
        deviation_m: &mut |leg| if leg % 2 == 0 { aside_m } else { -aside_m },
    };
    Trajectory::fly(flight, spec, draws, false, until_s)
}

fn random_trajectory(rng: &mut TestRng, until_s: f64) -> (AircraftSpec, Flight, Trajectory) {
    let spec = aircraft(rng);
    let route = route(rng, 25_000.0);
    let flight = flight(rng, &spec, route);
    let aside_m = if rng.heads() {
        0.0
    } else {
        rng.within(-3000.0, 3000.0)
    };
    let trajectory = fly(
        &flight,
        &spec,
        rng.within(0.0, 600.0),
        rng.unit(),
        aside_m,
        until_s,
    );
    (spec, flight, trajectory)
}

fn clock(rng: &mut TestRng) -> ScanClock {
    let period_ms = 1000 + rng.below(11_000) as i64;
    ScanClock {
        first_ms: 1 + rng.below(period_ms as u64) as i64,
        period_ms,
    }
}

fn flying(trajectory: &Trajectory, time: Millis) -> bool {
    let (Some(first), Some(last)) = (trajectory.legs.first(), trajectory.legs.last()) else {
        return false;
    };
    (first.span.start_s..=last.span.end_s).contains(&time.seconds())
}

/// Whether a leg begins or ends within a microsecond of a scan: then it is a matter of rounding which one counts.
fn between_legs(trajectory: &Trajectory, time: Millis) -> bool {
    trajectory.legs.iter().any(|leg| {
        (leg.span.start_s - time.seconds()).abs() < 1e-6
            || (leg.span.end_s - time.seconds()).abs() < 1e-6
    })
}

// --- Windows and envelopes against brute force ----------------------------------------------------------------------

fn sensor(rng: &mut TestRng) -> SensorSpec {
    let model = match rng.below(3) {
        0 => SensorModel::Disc(DiscSpec {
            range_m: rng.within(3000.0, 40_000.0),
            detection: [0.3, 0.7, 1.0][rng.below(3) as usize],
        }),
        1 => SensorModel::Radar(RadarSpec {
            r50_m: rng.within(5000.0, 40_000.0),
            false_alarm: [1e-6, 1e-3][rng.below(2) as usize],
            max_range_m: rng.within(5000.0, 60_000.0),
        }),
        _ => SensorModel::FourthPower(FourthPowerSpec {
            r50_m: rng.within(5000.0, 40_000.0),
            cutoff_r50: 1.5,
        }),
    };
    SensorSpec {
        model,
        scan_s: 5.0,
        scan_phase: ScanPhase::Random,
        antenna_m: if rng.heads() {
            rng.within(0.0, 30.0)
        } else {
            rng.within(0.0, 1000.0)
        },
    }
}

fn sight(sensor: &SensorSpec, site: Point, rcs_m2: f64) -> Sight {
    let (law, blind_beyond_m) = Law::new(sensor, rcs_m2);
    let horizon = !matches!(sensor.model, SensorModel::Disc(_));
    Sight {
        site,
        antenna_m: sensor.antenna_m,
        law,
        blind_beyond_m,
        horizon,
    }
}

/// By how much, m, an aircraft at `place` is inside coverage; negative outside.
fn inside_coverage_by(sight: &Sight, place: Vector3<f64>) -> f64 {
    let ground_m = (place.xy() - sight.site).norm();
    let slant_m = libm::hypot(ground_m, place.z - sight.antenna_m);
    let within_range = sight.blind_beyond_m - slant_m;
    if sight.horizon {
        within_range.min(horizon_m(sight.antenna_m, place.z) - ground_m)
    } else {
        within_range
    }
}

#[test]
fn windows_hold_every_scan_in_coverage_and_no_other() {
    let (mut seen, mut unseen, mut arcs, mut climbs) = (0u64, 0u64, 0, 0);
    for seed in 0..400 {
        let rng = &mut TestRng::new(seed);
        let (spec, _, trajectory) = random_trajectory(rng, 4000.0);
        let clock = clock(rng);
        let spot = waypoint(rng, 20_000.0).at;
        let sight = Sight {
            law: Law::Constant { detection: 1.0 },
            ..sight(&sensor(rng), spot, spec.rcs_m2)
        };
        for leg in &trajectory.legs {
            arcs += i32::from(matches!(leg.path, Path::Arc { .. }));
            climbs += i32::from(leg.altitudes_m().0 < leg.altitudes_m().1);
        }
        let mut windows = Vec::new();
        sight.windows(&trajectory, &clock, &mut windows);
        assert!(
            windows.windows(2).all(|pair| pair[0].from <= pair[1].from),
            "seed {seed}: in order of time"
        );
        let draws = Streams::new(Replication { seed, index: 0 }).looks(Key::of("s"), Key::of("a"));
        let mut open = OpenBlock::none();
        let last = clock.first_from(4_000_000);
        for block in 0..=last / 64 {
            let scans = look(
                &sight,
                &trajectory,
                &windows,
                &clock,
                block,
                &draws,
                &mut open,
            );
            assert_eq!(scans.looks, scans.hits, "a sensor that always detects");
            for lane in 0..64 {
                let time = Millis(clock.time_ms(64 * block + lane));
                let by_m = inside_coverage_by(&sight, trajectory.position(time));
                if by_m.abs() < 1e-3 || between_legs(&trajectory, time) {
                    continue;
                }
                let expected = by_m > 0.0 && flying(&trajectory, time);
                assert_eq!(
                    scans.looks >> lane & 1 == 1,
                    expected,
                    "seed {seed}, {time:?}, inside by {by_m} m"
                );
                if expected { seen += 1 } else { unseen += 1 }
            }
        }
    }
    assert!(
        seen > 20_000 && unseen > 20_000 && arcs > 100 && climbs > 100,
        "{seen} {unseen} {arcs} {climbs}"
    );
}

fn envelope(rng: &mut TestRng) -> Envelope {
    let dead_zone_m = if rng.heads() {
        0.0
    } else {
        rng.within(500.0, 4000.0)
    };
    Envelope {
        slant: rng.heads(),
        range_m: (dead_zone_m, rng.within(5000.0, 20_000.0)),
        altitude_m: if rng.heads() {
            (0.0, f64::INFINITY)
        } else {
            (rng.within(0.0, 1000.0), rng.within(3000.0, 9000.0))
        },
    }
}

fn runs(envelope: Envelope, site: Point, trajectory: &Trajectory, clock: &ScanClock) -> Vec<Run> {
    let mut runs = Vec::new();
    envelope.scans(site, trajectory, clock, &mut runs);
    runs
}

#[test]
fn envelopes_hold_every_scan_inside_and_exact_ones_no_other() {
    let (mut exact, mut dead) = (0u64, 0u64);
    for seed in 1000..1400 {
        let rng = &mut TestRng::new(seed);
        let (_, _, trajectory) = random_trajectory(rng, 4000.0);
        let (clock, envelope, site) = (clock(rng), envelope(rng), waypoint(rng, 15_000.0).at);
        let runs = runs(envelope, site, &trajectory, &clock);
        assert!(
            runs.iter().all(|run| run.from < run.end)
                && runs.windows(2).all(|pair| pair[0].end < pair[1].from)
        );
        for scan in 0..clock.first_from(4_000_000) {
            let time = Millis(clock.time_ms(scan));
            let place = trajectory.position(time);
            let ground_m = (place.xy() - site).norm();
            let range_m = if envelope.slant {
                libm::hypot(ground_m, place.z)
            } else {
                ground_m
            };
            let edges = [
                range_m - envelope.range_m.0,
                range_m - envelope.range_m.1,
                place.z - envelope.altitude_m.0,
            ];
            let edge = edges.iter().any(|by_m| by_m.abs() < 1e-3);
            if edge || between_legs(&trajectory, time) {
                continue;
            }
            let inside = range_m >= envelope.range_m.0
                && range_m <= envelope.range_m.1
                && place.z >= envelope.altitude_m.0
                && place.z <= envelope.altitude_m.1;
            assert_eq!(inside, envelope.contains(site, place), "seed {seed}");
            let run = runs.iter().find(|run| (run.from..run.end).contains(&scan));
            let here = inside && flying(&trajectory, time);
            match run {
                Some(run) if run.exact => {
                    assert!(
                        here,
                        "seed {seed}, scan {scan}: an exact run holds a scan outside"
                    );
                    exact += 1;
                }
                Some(_) => dead += u64::from(!here),
                None => assert!(!here, "seed {seed}, scan {scan}: inside, but in no run"),
            }
        }
    }
    assert!(exact > 5000 && dead > 500, "{exact} {dead}");
}

#[test]
fn a_plan_check_finds_what_was_foreseen() {
    let (mut straight, mut round) = (0u64, 0u64);
    for seed in 3000..3600 {
        let rng = &mut TestRng::new(seed);
        let (spec, route) = (aircraft(rng), route(rng, 25_000.0));
        let flight = flight(rng, &spec, route);
        let (departs_s, from, aside_m) = (rng.within(0.0, 600.0), rng.unit(), {
            [0.0, 150.0, 1500.0][rng.below(3) as usize]
        });
        let path =
            |later_s: f64, aside_m| fly(&flight, &spec, departs_s + later_s, from, aside_m, 4000.0);
        let later_s = [0.0, 40.0, -150.0][rng.below(3) as usize];
        let planned = [Some(path(0.0, 0.0)), Some(path(300.0, 0.0))];
        let flown = path(later_s, aside_m);
        let id_source = FlightPlanSourceSpec {
            lateral_gate_m: [300.0, 2000.0][rng.below(2) as usize],
            vertical_gate_m: [100.0, 1000.0][rng.below(2) as usize],
            window_s: [30.0, 100.0, 600.0][rng.below(3) as usize],
            correlation: 1.0,
            chance_match: 0.0,
            any_plan: false,
            assumed: None,
        };
        let amended = rng.heads();
        let plan = PlanOutcome {
            filed: true,
            astray: false,
            coordinated: true,
            amended,
            arrives: [
                Millis(-1),
                Millis(if amended { 1_500_000 } else { i64::MAX }),
            ],
            told: Vec::new(),
            correlates: rng.heads(),
            chance_match: false,
            others: Arc::default(),
        };
        let check = |time: Millis| plan.check(&id_source, &planned, time, flown.position(time));
        for time in (0..4_000_000).step_by(20_000).map(Millis) {
            if !flying(&flown, time) {
                continue;
            }
            let state = check(time);
            let until = plan.holds_on_course(&id_source, &planned, &flown, time, state);
            let until = until.min(Millis(4_000_000));
            for later in (time.0..until.0).step_by(1_700).map(Millis) {
                assert_eq!(check(later), state, "seed {seed}, {time:?} to {later:?}");
            }
            let leg = flown
                .legs
                .iter()
                .find(|leg| leg.span.end_s > time.seconds());
            let held = (until - time).0.max(0) as u64;
            match leg.map(|leg| leg.path) {
                Some(Path::Arc { .. }) => round += held,
                _ => straight += held,
            }
        }
    }
    let hours = |ms: u64| ms / 3_600_000;
    assert!(
        hours(straight) > 1000 && hours(round) > 1000,
        "{straight} {round}"
    );
}

// --- The scan-by-scan reference ------------------------------------------------------------------------------------------------

type Knows = dyn Fn(&NodeQuery) -> Option<Affiliation>;

/// One site, one aircraft, and what is between them.
struct Pair {
    post: Observer,
    subject: PairParams,
    windows: Vec<Window>,
    runs: Runs,
    situation: Situation,
    trajectory: Trajectory,
    planned: PlannedPaths,
    streams: Streams,
    spent_since: Millis,
    /// When the site is not ready: from when until before when.
    absent: Vec<(Millis, Millis)>,
    sensor: SensorSpec,
    rcs_m2: f64,
    spec: IdentificationSpec,
    criteria: Option<Criteria>,
    types: Vec<String>,
    end_scan: u64,
    /// What the node that is asked knows: from when on it holds a plan that fits anywhere.
    nodes: Box<Knows>,
}

/// The feed of positions that nobody has.
const NO_REPORTS: fn(Millis) -> Vec<Vector3<f64>> = |_| Vec::new();

impl Pair {
    fn scene(&self) -> PairScene<'_> {
        PairScene {
            cx: ScanContext {
                observer: &self.post,
                situation: &self.situation,
                streams: &self.streams,
                reported: &NO_REPORTS,
                nodes: &self.nodes,
            },
            params: &self.subject,
            windows: &self.windows,
            inside: &self.runs.inside,
            near: &self.runs.near,
            trajectory: &self.trajectory,
            planned: &self.planned,
            gone: Millis::NEVER,
        }
    }

    /// Has the product do all scans before `until`, the last of them visited or not.
    fn advance(
        &self,
        product: &mut Product,
        until: u64,
        visited: bool,
        recorder: &mut EventRecorder,
    ) -> bool {
        let mut outlet = Outlet {
            recorder,
            approval_queues: None,
            ended: &mut Vec::new(),
            end: Millis::NEVER,
        };
        product.advance(until, visited, &self.scene(), &mut outlet)
    }
}

fn confusion(
    rng: &mut TestRng,
    rows: &[&str],
    sharp: bool,
) -> BTreeMap<String, BTreeMap<String, Probability>> {
    rows.iter()
        .map(|row| {
            let columns: Vec<&str> = rows.iter().copied().chain(["unknown"]).collect();
            let weight: Vec<f64> = columns
                .iter()
                .map(|column| {
                    let weight = rng.unit();
                    if column == row {
                        weight + if sharp { 6.0 } else { 0.5 }
                    } else {
                        weight
                    }
                })
                .collect();
            let sum: f64 = weight.iter().sum();
            let row_of = columns
                .iter()
                .zip(&weight)
                .map(|(name, w)| (name.to_string(), Probability(w / sum)));
            (row.to_string(), row_of.collect())
        })
        .collect()
}

fn identification(rng: &mut TestRng) -> IdentificationSpec {
    let over = if rng.heads() {
        Hypotheses::Types
    } else {
        Hypotheses::Affiliations
    };
    let rows: &[&str] = match over {
        Hypotheses::Types => &["alpha", "bravo", "charlie"],
        Hypotheses::Affiliations => &["friend", "neutral", "hostile"],
    };
    let sharp = rng.heads();
    let shares = [(0.0, 0.0, 1.0), (0.2, 0.7, 0.1), (1.0, 0.0, 0.0)];
    let identity = if rng.heads() {
        IdentityThresholds::default()
    } else {
        IdentityThresholds {
            hostile: rng.within(0.6, 0.99),
            friend: rng.within(0.6, 0.99),
            neutral: rng.within(0.6, 0.99),
            suspect: rng.within(0.5, 0.8),
            assumed_friend: rng.within(0.5, 0.8),
        }
    };
    IdentificationSpec {
        over,
        interval_s: [3.0, 20.0, 90.5, 600.0][rng.below(4) as usize],
        combine: if rng.below(4) == 0 {
            Combine::Single
        } else {
            Combine::Fused
        },
        appearance: AppearanceSpec {
            tau_s: [0.0, 0.0, 60.0, 900.0][rng.below(4) as usize],
            gamma: 0.5,
            assumed_tau_s: [None, None, Some(0.0), Some(300.0)][rng.below(4) as usize],
            assumed_gamma: 0.0,
        },
        actual: confusion(rng, rows, sharp),
        assumed: rng.heads().then(|| confusion(rng, rows, true)),
        prior: if rng.heads() {
            BTreeMap::new()
        } else {
            rows.iter()
                .map(|row| (row.to_string(), NonNegative(rng.within(0.1, 3.0))))
                .collect()
        },
        affiliations: match over {
            Hypotheses::Affiliations => BTreeMap::new(),
            Hypotheses::Types => rows
                .iter()
                .zip(shares)
                .map(|(row, (friend, neutral, hostile))| {
                    (
                        row.to_string(),
                        AffiliationShares {
                            friend,
                            neutral,
                            hostile,
                        },
                    )
                })
                .collect(),
        },
        identity,
        flight_plan: rng.heads().then(|| FlightPlanSourceSpec {
            lateral_gate_m: rng.within(500.0, 4000.0),
            vertical_gate_m: rng.within(200.0, 3000.0),
            window_s: rng.within(10.0, 900.0),
            correlation: 0.9,
            chance_match: 0.1,
            any_plan: false,
            assumed: rng.heads().then_some(MatchBelief {
                friend: 0.8,
                neutral: 0.6,
                hostile: 0.05,
            }),
        }),
        iff: None,
        transponder: None,
        optical: None,
        profile: None,
        origin: None,
        faults: None,
        operator: None,
    }
}

fn rules(rng: &mut TestRng) -> (RulesSpec, Vec<Zone>, Vec<Corridor>) {
    let status = [
        WeaponsControl::Free,
        WeaponsControl::Free,
        WeaponsControl::Tight,
        WeaponsControl::Hold,
    ];
    let zone = Zone {
        name: "zone".into(),
        area: Area::Circle {
            center: waypoint(rng, 10_000.0).at,
            radius_m: rng.within(3000.0, 15_000.0),
        },
        floor_m: 0.0,
        top_m: rng.within(2000.0, 9000.0),
    };
    let entry = ZoneStatusSpec {
        zone: "zone".into(),
        status: status[rng.below(4) as usize],
        from_h: rng.within(0.0, 0.3),
        until_h: rng.heads().then_some(0.7),
    };
    let spec = RulesSpec {
        weapons_control: Some(WeaponsControlSpec {
            status: status[rng.below(4) as usize],
            zones: if rng.below(3) == 0 {
                vec![entry]
            } else {
                Vec::new()
            },
        }),
        hostile_criteria: (rng.below(4) > 0).then(|| HostileCriteriaSpec {
            threshold: rng.within(0.5, 0.97),
            id_sources: 1 + rng.below(2) as u32,
            declarations: rng.below(5) as u32,
            dwell_s: if rng.below(4) == 0 {
                0.0
            } else {
                rng.within(1.0, 300.0)
            },
            on: if rng.heads() {
                HostileOn::Hostile
            } else {
                HostileOn::Type("alpha".into())
            },
            placebo: None,
        }),
        flight_plan_notice: rng.heads().then(|| FlightPlanNoticeSpec {
            compliance: rng.compliance(),
        }),
        ..RulesSpec::default()
    };
    // Half of them without what changes with place and time.
    if rng.heads() {
        return (spec, vec![zone], Vec::new());
    }
    let corridor = Corridor {
        name: "lane".into(),
        points: (0..2 + rng.below(3))
            .map(|_| waypoint(rng, 20_000.0).at)
            .collect(),
        half_width_m: rng.within(2000.0, 6000.0),
        floor_m: rng.within(0.0, 1000.0),
        top_m: rng.within(4000.0, 9000.0),
        from: Millis(rng.below(500_000) as i64),
        until: Millis(1_000_000 + rng.below(4_000_000) as i64),
    };
    let spec = RulesSpec {
        self_defence: rng.heads().then(|| SelfDefenceSpec {
            approach_m: rng.within(1000.0, 9000.0),
            within_s: rng.within(10.0, 400.0),
            min_closing_mps: rng.within(0.0, 60.0),
        }),
        hotline_query: rng.heads().then(|| HotlineQuerySpec {
            nodes: vec!["node".into()],
            own_flights: 0.0,
            answers: rng.compliance(),
            latency: Delay::Fixed(FixedDelay {
                delay_s: rng.within(0.0, 100.0),
            }),
            timeout_s: rng.within(20.0, 300.0),
            valid_s: rng.within(10.0, 1000.0),
            gate_m: 0.0,
            gate_height_m: 0.0,
            gate_s: 0.0,
            placebo: None,
        }),
        corridors: rng.heads().then(|| CorridorsSpec {
            compliance: rng.compliance(),
        }),
        restricted_operations_zone: (rng.below(4) > 0).then(|| RestrictedOperationsZoneSpec {
            zone: "zone".into(),
            authority: "node".into(),
            from_h: rng.within(0.0, 0.3),
            until_h: rng.heads().then_some(0.7),
            exempt: Vec::new(),
            compliance: 1.0,
            stays_out: 0.0,
            notice_s: 0.0,
            dwell_s: if rng.heads() {
                0.0
            } else {
                rng.within(1.0, 300.0)
            },
            civil: rng.heads().then(|| vec!["bravo".into()]),
            placebo: None,
        }),
        lost_comms: rng.heads().then(|| LostCommsSpec {
            mtbf_h: 1.0,
            mttr_min: 0.0,
            common: CommonOutages::Site,
            outages: Vec::new(),
            timeout_s: rng.within(0.0, 200.0),
            fallback: [
                Fallback::Keep,
                Fallback::Hold,
                Fallback::SelfDefence,
                Fallback::Autonomous,
            ][rng.below(4) as usize],
        }),
        time_windows: rng.heads().then(|| TimeWindowsSpec {
            windows: vec![hours(rng)],
            zone: rng.heads().then(|| "zone".into()),
            status: WeaponsControl::Tight,
            clock_error_s: rng.within(0.0, 100.0),
            sides: Vec::new(),
            compliance: 1.0,
        }),
        altitude_blocks: rng.heads().then(|| AltitudeBlocksSpec {
            blocks: vec![AltitudeBlockSpec {
                floor_m: rng.within(0.0, 3000.0),
                top_m: rng.within(3000.0, 6000.0),
                from_h: rng.within(0.0, 0.3),
                until_h: None,
            }],
            height_sigma_m: 100.0,
            compliance: rng.compliance(),
            sides: Vec::new(),
            keeps: 1.0,
            level_m: 300.0,
        }),
        weapon_engagement_zone: rng.heads().then(|| WeaponEngagementZoneSpec {
            areas: vec![EngagementZoneSpec {
                zone: "zone".into(),
                classes: vec!["class".into()],
            }],
            margin_m: rng.within(0.0, 5000.0),
            compliance: rng.compliance(),
            self_defence: rng.heads(),
        }),
        optical_confirmation: rng.heads().then(|| OpticalConfirmationSpec {
            haze_per_hour: None,
            visual_identification_s: rng.within(0.0, 100.0),
            ifov_mrad: rng.within(0.05, 0.3),
            correct: rng.compliance(),
            threshold: 0.5,
            field_deg: rng.within(0.5, 10.0),
            placebo: None,
            day: None,
            night_factor: 1.0,
            visibility_km: rng.heads().then_some(20.0),
            if_unclear: if rng.heads() {
                IfUnclear::Hold
            } else {
                IfUnclear::Fire
            },
        }),
        second_operator: rng.heads().then(|| SecondOperatorSpec {
            time: Delay::Fixed(FixedDelay {
                delay_s: rng.within(0.0, 100.0),
            }),
            same_picture: rng.compliance(),
            threshold: 0.5,
            cool_down_s: 0.0,
            placebo: None,
        }),
        ..spec
    };
    (spec, vec![zone], vec![corridor])
}

/// A span within the first hour or so.
fn hours(rng: &mut TestRng) -> HoursSpec {
    let from_h = rng.within(0.0, 0.8);
    HoursSpec {
        from_h,
        until_h: rng.heads().then(|| from_h + rng.within(0.05, 0.5)),
    }
}

/// A command link that is down now and then.
fn command_link(rng: &mut TestRng) -> CommandLink {
    let outages: Vec<_> = (0..rng.below(4))
        .map(|_| serde_json::to_value(hours(rng)).expect("plain data"))
        .collect();
    let rules: RulesSpec = serde_json::from_value(serde_json::json!({
        "lost_comms": { "mttr_min": 0.0, "outages": outages }
    }))
    .expect("a rule");
    let streams = Streams::new(Replication { seed: 1, index: 0 });
    Rules::new(&rules, &Named::default())
        .command_link(&streams, Key::of("line"), None, Millis(10_000_000))
        .expect("the rule is on")
}

fn pair(seed: u64) -> Pair {
    let rng = &mut TestRng::new(seed);
    let until_s = rng.within(1500.0, 5000.0);
    let (aircraft, flight, trajectory) = random_trajectory(rng, until_s);
    let planned = [
        Some(fly(
            &flight,
            &aircraft,
            rng.within(0.0, 600.0),
            0.0,
            0.0,
            until_s,
        )),
        rng.heads().then(|| {
            fly(
                &flight,
                &aircraft,
                rng.within(0.0, 600.0),
                0.0,
                0.0,
                until_s,
            )
        }),
    ];
    let types: Vec<String> = ["alpha", "bravo", "charlie", "delta"]
        .map(String::from)
        .into();
    let spec = identification(rng);
    let (rules_spec, zones, corridors) = rules(rng);
    let rules = Rules::new(
        &rules_spec,
        &Named {
            zones: &zones,
            corridors: &corridors,
            types: &types,
            nodes: &[("node".to_owned(), SideId(0))],
            sides: &["side".to_owned()],
            classes: &["class".to_owned()],
            start_of_day_s: 0.0,
        },
    );
    let clock = clock(rng);
    let mut identifier = Identifier::new(&spec, &types, Millis(clock.period_ms));
    if let Some(criteria) = rules.hostile_criteria() {
        identifier = identifier.with_criteria(criteria);
    }
    let confirm_scans = 1 + rng.below(6) as u32;
    let site = waypoint(rng, 15_000.0).at;
    let sensor = sensor(rng);
    let memory = MemorySpec {
        tau_s: [0.0, 600.0, 3600.0][rng.below(3) as usize],
        reach_m: [2_000.0, 30_000.0][rng.below(2) as usize],
        gate_m: rng.within(0.0, 500.0),
        least: rng.within(0.05, 0.9),
    };
    let post = Observer {
        id: SiteId(0),
        key: Key::of("site").nth(seed as u32),
        // It enforces the zone of rule R10, mostly.
        side: SideId(u32::from(rng.below(8) == 0)),
        side_key: Key::NONE,
        approval_queue: Key::NONE,
        command: None,
        operator: None,
        asks_more: false,
        place: site,
        clock,
        tracker: TrackerSpec {
            memory,
            ..TrackerSpec::counting(
                1 + rng.below(u64::from(confirm_scans)) as u32,
                confirm_scans,
                1 + rng.below(12) as u32,
            )
        },
        id_sources: Arc::new(IdSources::new(&identifier.spec, &identifier.rows, &[], 0.0)),
        civil: rules
            .restricted_operations_zone()
            .map_or(CivilRows::NONE, |zone| {
                CivilRows::new(&identifier, zone.civil())
            }),
        identifier: Arc::new(identifier),
        envelope: (rng.below(5) > 0).then(|| envelope(rng)),
        masks: None,
        rules: Arc::new(rules),
        class: ClassId(0),
        go_live: None,
        cued: Vec::new(),
        command_link: Arc::new(command_link(rng)),
    };
    let sight = sight(&sensor, site, aircraft.rcs_m2);
    let mut windows = Vec::new();
    sight.windows(&trajectory, &clock, &mut windows);
    let mut reach = Runs::default();
    post.reach(&trajectory, &mut reach);
    let truth_row = match spec.over {
        Hypotheses::Types => post
            .identifier
            .truth_row(TypeId(rng.below(4) as u32), Affiliation::Neutral),
        Hypotheses::Affiliations => post
            .identifier
            .truth_row(TypeId(0), Affiliation::ALL[rng.below(3) as usize]),
    };
    let amended = planned[1].is_some();
    let plan = spec.flight_plan.as_ref().map(|_| PlanOutcome {
        filed: rng.below(5) > 0,
        astray: rng.below(5) == 0,
        coordinated: rng.below(5) > 0,
        amended,
        others: Arc::default(),
        told: (0..rng.below(3))
            .map(|_| {
                let from = rng.below(3_000_000) as i64;
                (Millis(from), Millis(from + rng.below(600_000) as i64))
            })
            .collect(),
        arrives: [
            if rng.heads() {
                Millis(-1)
            } else {
                Millis(rng.below(3_000_000) as i64)
            },
            if amended && rng.heads() {
                Millis(rng.below(3_000_000) as i64)
            } else {
                Millis::NEVER
            },
        ],
        correlates: rng.below(5) > 0,
        chance_match: rng.below(8) == 0,
    });
    let spent_since = match rng.below(4) {
        0 => Millis(i64::MIN),
        1 => Millis(1 + rng.below((until_s * 1000.0) as u64) as i64),
        _ => Millis::NEVER,
    };
    let mut absent = Vec::new();
    let mut absences = Absences::default();
    if rng.below(3) == 0 {
        for _ in 0..1 + rng.below(3) {
            let from = Millis((until_s * 1000.0 * rng.unit()) as i64);
            let until = from + Millis(rng.below(900_000) as i64);
            absent.push((from, until));
            let cause = NotReady::Relocating;
            absences.add(Absence { from, until, cause });
        }
    }
    let mut situation = Situation::new(1, absences);
    situation.change(spent_since);
    let criteria = post.rules.hostile_criteria();
    Pair {
        subject: PairParams {
            aircraft: AircraftId(0),
            key: Key::of("aircraft").nth(seed as u32),
            affiliation: Affiliation::Neutral,
            truth_row,
            side_key: Key::NONE,
            equipment: Equipment::NONE,
            critical_dimension_m: 15.0,
            side: SideId(0),
            sight,
            plan,
            detections: None,
        },
        windows,
        runs: reach,
        situation: Situation {
            spent: vec![(spent_since, Millis::NEVER)],
            ..situation
        },
        absent,
        trajectory,
        planned,
        streams: Streams::new(Replication {
            seed,
            index: seed / 3,
        }),
        spent_since,
        sensor,
        rcs_m2: aircraft.rcs_m2,
        spec,
        criteria,
        types,
        nodes: {
            let from = Millis(rng.below(4_000_000) as i64 - 1_000_000);
            Box::new(move |query| (query.answered >= from).then_some(Affiliation::Neutral))
        },
        end_scan: clock.first_from((until_s * 1000.0) as i64 + 60_000),
        post,
    }
}

/// Pd by the formula, with libm.
fn detection_probability(sensor: &SensorSpec, rcs_m2: f64, slant_m: f64) -> f64 {
    match &sensor.model {
        SensorModel::Disc(disc) => disc.detection,
        SensorModel::Radar(radar) => {
            let snr50 = libm::log(radar.false_alarm) / libm::log(0.5) - 1.0;
            let snr = snr50 * libm::pow(radar.r50_m / slant_m, 4.0) * rcs_m2;
            libm::pow(radar.false_alarm, 1.0 / (1.0 + snr))
        }
        SensorModel::FourthPower(law) => {
            libm::pow(0.5, libm::pow(slant_m / law.r50_m, 4.0) / rcs_m2)
        }
    }
}

/// What the reference holds of a track.
#[derive(Clone)]
struct TwinTrack {
    record: TrackRecord,
    known_since: Millis,
    next_declaration: Millis,
    /// Of each track that was taken for the same, this one last: what is left of what was known before it, and its declarations.
    lives: Vec<(f64, Vec<(u8, Millis)>)>,
    identity: Identity,
    hostile_since: Option<Millis>,
    violating_since: Option<Millis>,
    notice: NoticeState,
    checked: Millis,
    declined: Vec<Reason>,
    eligible_since: Option<Millis>,
    enquiries: Enquiries,
}

/// The reference: one scan after the other.
struct Reference<'a> {
    pair: &'a Pair,
    track: Option<TwinTrack>,
    /// The track that was dropped last, and its last plot.
    lost: Option<(TwinTrack, Vector3<f64>, Vector3<f64>, Millis)>,
    /// Whether each scan since the last drop was a hit, the latest last.
    history: Vec<bool>,
    last_inside: Option<Millis>,
    /// The latest plot: where and how fast the aircraft was, and when.
    plot: Option<(Vector3<f64>, Vector3<f64>, Millis)>,
    notebook: EventRecorder,
    looks: u64,
    detections: u64,
    /// Scans at which the rules would let it fire.
    permitted: Vec<u64>,
    /// Why.
    granted: Vec<Reason>,
    declared: Vec<u32>,
}

impl<'a> Reference<'a> {
    fn new(pair: &'a Pair) -> Reference<'a> {
        Reference {
            pair,
            track: None,
            lost: None,
            history: Vec::new(),
            last_inside: None,
            plot: None,
            notebook: EventRecorder::new(Detail::Full),
            looks: 0,
            detections: 0,
            permitted: Vec::new(),
            granted: Vec::new(),
            declared: vec![0; pair.post.identifier.rows.len() + 1],
        }
    }

    fn scan(&mut self, scan: u64) {
        let pair = self.pair;
        let time = Millis(pair.post.clock.time_ms(scan));
        let place = pair.trajectory.position(time);
        let in_the_air = flying(&pair.trajectory, time);
        let word = || {
            let (site, aircraft) = (pair.post.key, pair.subject.key);
            let draws = pair.streams.looks(site, aircraft);
            draws.scan_word(scan, draws.leading(scan / 64).scans[(scan % 64) as usize])
        };
        let absent = (pair.absent.iter()).any(|(from, until)| *from <= time && time < *until);
        let covered =
            !absent && in_the_air && inside_coverage_by(&pair.subject.sight, place) >= 0.0;
        let mut hit = false;
        if covered {
            self.looks += 1;
            let ground_m = (place.xy() - pair.post.place).norm();
            let slant_m = libm::hypot(ground_m, place.z - pair.sensor.antenna_m);
            let detection = detection_probability(&pair.sensor, pair.rcs_m2, slant_m);
            hit = f64::from(word()) / 4_294_967_296.0 < detection;
            self.detections += u64::from(hit);
        }
        self.history.push(hit);
        if hit {
            let (place, velocity) = pair.trajectory.state(time);
            self.plot = Some((place, velocity, time));
        }
        let tracker = &pair.post.tracker;
        let latest = |scans: u32| {
            self.history
                .iter()
                .rev()
                .take(scans as usize)
                .filter(|&&hit| hit)
                .count() as u32
        };
        if self.track.is_none() {
            if latest(tracker.confirm_scans) < tracker.confirm_hits {
                return;
            }
            self.confirm(time, place);
        } else if latest(tracker.drop_misses) == 0 {
            self.drop_track(time, place);
            return;
        }
        if self.track.as_ref().unwrap().next_declaration <= time {
            let (streams, aircraft) = (&pair.streams, pair.subject.key);
            let law = &pair.post.identifier.appearance;
            let word = if pair.spec.appearance.tau_s > 0.0 {
                let viewer = Viewer {
                    streams,
                    site: pair.post.key,
                    side: pair.post.side_key,
                    aircraft,
                };
                law.look(&viewer, time, &mut Glimpse::none()).word
            } else {
                let draws = streams.looks(pair.post.key, aircraft);
                let leading = draws.leading(scan / 64).declarations[(scan % 64) as usize];
                draws.declaration_word(scan, leading)
            };
            self.declare(time, place, word);
        } else if let Some(plan) = &pair.subject.plan {
            let checked = self.track.as_ref().unwrap().checked;
            let versions = plan.arrives.iter().filter(|_| plan.filed);
            let mut news = versions.chain(plan.told.iter().map(|(from, _)| from));
            if news.any(|there| checked < *there && *there <= time) {
                self.assess(time, place);
            }
        }
        let (held, _) = self.held(time);
        let zone = pair.post.rules.restricted_operations_zone();
        let violates = pair.post.side == SideId(0)
            && zone.is_some_and(|zone| zone.closed(time, held))
            && !self.track.as_ref().unwrap().notice.matched();
        let track = self.track.as_mut().unwrap();
        if !violates {
            track.violating_since = None;
        } else if track.violating_since.is_none() {
            track.violating_since = Some(time);
        }
        // Here nobody hears that an aircraft has left the sky, and nobody fires at it.
        let inside = in_the_air
            && !absent
            && pair
                .post
                .envelope
                .is_some_and(|envelope| envelope.contains(pair.post.place, held));
        if inside {
            self.decide(scan, time, place);
        } else if let Some(track) = &mut self.track {
            track.eligible_since = None;
        }
    }

    /// Where the site holds the track to be, and how fast: straight on from the latest plot.
    fn held(&self, time: Millis) -> (Vector3<f64>, Vector3<f64>) {
        let (place, velocity, at) = self.plot.unwrap();
        (place + velocity * (time - at).seconds(), velocity)
    }

    fn write(&mut self, time: Millis, place: Vector3<f64>, rank: Rank, fact: Fact) {
        self.notebook.record(time, rank, place.into(), fact);
    }

    fn confirm(&mut self, time: Millis, place: Vector3<f64>) {
        self.track = Some(TwinTrack {
            record: TrackRecord {
                confirmed: time,
                identified: None,
                first_identity: Identity::Unknown,
                looks: 0,
                hostile: None,
                engageable: None,
                identity: Identity::Pending,
                shot_at: false,
                end: TrackEnd::Dropped,
            },
            known_since: time,
            next_declaration: time,
            lives: vec![(1.0, Vec::new())],
            identity: Identity::Pending,
            hostile_since: None,
            violating_since: None,
            notice: NoticeState::Unchecked,
            checked: time,
            declined: Vec::new(),
            eligible_since: None,
            enquiries: Enquiries::default(),
        });
        let fact = Fact::TrackConfirmed {
            site: SiteId(0),
            aircraft: AircraftId(0),
        };
        self.write(time, place, Rank::Observation, fact);
        self.remember(time, place);
    }

    /// Takes the track for the one that was lost, if it may be that.
    fn remember(&mut self, time: Millis, place: Vector3<f64>) {
        let memory = &self.pair.post.tracker.memory;
        let Some((lost, last, velocity, at)) = &self.lost else {
            return;
        };
        let gone_s = (time - *at).seconds();
        let ground = |v: Vector3<f64>| libm::hypot(v.x, v.y);
        let kept = libm::exp(-gone_s / memory.tau_s);
        let way_m = (memory.gate_m + ground(*velocity) * gone_s).min(memory.reach_m);
        if memory.tau_s == 0.0 || kept < memory.least || ground(place - last) > way_m {
            return;
        }
        let (known_since, lost_for) = (lost.known_since, time - *at);
        let track = self.track.as_mut().unwrap();
        track.known_since = known_since;
        track.next_declaration = lost.next_declaration;
        track.lives.clone_from(&lost.lives);
        track.lives.push((kept, Vec::new()));
        track.enquiries = self.pair.post.rules.recalled(lost.enquiries.clone());
        self.lost = None;
        let (site, aircraft) = (SiteId(0), AircraftId(0));
        let fact = Fact::TrackRecalled {
            site,
            aircraft,
            known_since,
            lost: lost_for,
            kept,
        };
        self.write(time, place, Rank::Observation, fact);
        if self.track.as_ref().unwrap().next_declaration > time {
            self.assess(time, place);
        }
    }

    fn drop_track(&mut self, time: Millis, place: Vector3<f64>) {
        let track = self.track.take().unwrap();
        self.history.clear();
        let (last, velocity, at) = self.plot.unwrap();
        self.lost = Some((track.clone(), last, velocity, at));
        let record = TrackRecord {
            identity: track.identity,
            ..track.record
        };
        let fact = Fact::TrackEnded {
            site: SiteId(0),
            aircraft: AircraftId(0),
            track: record,
        };
        self.write(time, place, Rank::Closing, fact);
    }

    fn declare(&mut self, time: Millis, place: Vector3<f64>, word: u32) {
        let (site, aircraft) = (SiteId(0), AircraftId(0));
        let pair = self.pair;
        let rows = &pair.post.identifier.rows;
        // The column in which the word falls, in the order rows, unknown.
        let (mut declared, mut sum) = (rows.len(), 0.0);
        if let Some(truth) = rows.get(usize::from(pair.subject.truth_row)) {
            for (column, name) in rows.iter().enumerate() {
                sum += pair.spec.actual[truth].get(name).map_or(0.0, |p| p.0);
                if f64::from(word) < sum * 4_294_967_296.0 {
                    declared = column;
                    break;
                }
            }
        }
        self.declared[declared] += 1;
        let track = self.track.as_mut().unwrap();
        track.next_declaration = time + Millis::from_seconds(pair.spec.interval_s);
        let life = track.lives.last_mut().unwrap();
        life.1.push((declared as u8, time));
        let (from, posterior) = self.judged(time);
        let (notice, declared) = (self.track.as_ref().unwrap().notice, declared as u8);
        self.write(
            time,
            place,
            Rank::Observation,
            Fact::Declared {
                site,
                aircraft,
                declared,
                posterior,
                notice,
                ledger: Box::default(),
            },
        );
        self.changed(time, place, from);
    }

    /// What is held of the track without another declaration.
    fn assess(&mut self, time: Millis, place: Vector3<f64>) {
        let (from, posterior) = self.judged(time);
        let fact = Fact::Reassessed {
            site: SiteId(0),
            aircraft: AircraftId(0),
            posterior,
            notice: self.track.as_ref().unwrap().notice,
            ledger: Box::default(),
        };
        self.write(time, place, Rank::Observation, fact);
        self.changed(time, place, from);
    }

    /// Judges the track; the identity before, and the posterior.
    fn judged(&mut self, time: Millis) -> (Identity, [f64; 3]) {
        let pair = self.pair;
        let (held, _) = self.held(time);
        let track = self.track.as_mut().unwrap();
        let matched = match (&pair.spec.flight_plan, &pair.subject.plan) {
            (Some(id_source), Some(plan)) => {
                track.notice = plan.check(id_source, &pair.planned, time, held);
                track.checked = time;
                Some(track.notice.matched())
            }
            _ => None,
        };
        let (identity, posterior) = judge(pair, &track.lives, matched);
        let from = std::mem::replace(&mut track.identity, identity);
        if identity != Identity::Hostile {
            track.hostile_since = None;
        } else if track.hostile_since.is_none() {
            track.hostile_since = Some(time);
        }
        if track.record.identified.is_none() {
            track.record.looks = track.lives.last().unwrap().1.len() as u32;
            if identity.declared() {
                track.record.identified = Some(time);
                track.record.first_identity = identity;
            }
        }
        if identity == Identity::Hostile && track.record.hostile.is_none() {
            track.record.hostile = Some(time);
        }
        (from, posterior)
    }

    fn changed(&mut self, time: Millis, place: Vector3<f64>, from: Identity) {
        let track = self.track.as_ref().unwrap();
        let declarations = track.lives.iter().flat_map(|life| &life.1);
        if from != track.identity {
            let fact = Fact::IdentityChanged {
                site: SiteId(0),
                aircraft: AircraftId(0),
                from,
                to: track.identity,
                declared: declarations.last().unwrap().0,
                notice: track.notice,
            };
            self.write(time, place, Rank::Observation, fact);
        }
    }

    fn decide(&mut self, scan: u64, time: Millis, place: Vector3<f64>) {
        let (site, aircraft) = (SiteId(0), AircraftId(0));
        if self
            .last_inside
            .is_none_or(|last| time - last > Millis(300_000))
        {
            self.write(
                time,
                place,
                Rank::Observation,
                Fact::EncounterBegun { site, aircraft },
            );
        }
        self.last_inside = Some(time);
        let pair = self.pair;
        let (held, velocity) = self.held(time);
        let track = self.track.as_mut().unwrap();
        track.record.engageable.get_or_insert(time);
        let request = EngagementRequest {
            track: TrackView {
                time,
                place: held,
                velocity_mps: velocity,
                identity: track.identity,
                hostile_since: track.hostile_since,
                first_hostile: track.record.hostile,
                declared_civil: declared_civil(pair, &track.lives),
                violating_since: track.violating_since,
                notice: track.notice,
            },
            site: pair.post.place,
            side: pair.post.side,
            class: pair.post.class,
            command_link: &pair.post.command_link,
            engaged_another: None,
            near_report: false,
            ceased_until: None,
            draws: CrewDraws::new(&pair.streams, pair.post.key, pair.subject.key),
        };
        let before = track.enquiries.count();
        let mut evidence = Evidence::NONE;
        evidence.latest = (track.lives.iter().flat_map(|life| &life.1).last()).map(|last| last.0);
        let (rules, id_sources) = (&pair.post.rules, IdSourceState::default());
        let mut put = |rule: &'static str, enquiries: &Enquiries| {
            let mut inquiry = Inquiry {
                request: &request,
                made: *enquiries.made(rule)?,
                streams: &pair.streams,
                site,
                site_key: pair.post.key,
                about: pair.subject.key,
                identifier: &pair.post.identifier,
                gathered: Gathered {
                    evidence: &evidence,
                    matched: None,
                    id_sources: &pair.post.id_sources,
                    state: &id_sources,
                    memory: None,
                    time,
                    shift_log_odds: 0.0,
                },
                subject: Some(AskedAbout {
                    truth_row: pair.subject.truth_row,
                    place,
                    critical_dimension_m: 15.0,
                    side: pair.subject.side,
                    equipment: &pair.subject.equipment,
                }),
                command: None,
                approval_queue: Key::NONE,
                approval_queues: None,
                nodes: &pair.nodes,
            };
            rules.answer(rule, &mut inquiry)
        };
        let verdict = (rules.consult(&request, &mut track.enquiries, &mut put)).decision;
        for made in track.enquiries.since(before) {
            let rule = made.rule;
            let fact = Fact::QuerySent {
                site,
                aircraft,
                rule,
            };
            self.notebook
                .record(time, Rank::Decision, place.into(), fact);
        }
        let decision = match verdict {
            Err(decision) => {
                track.eligible_since = None;
                decision
            }
            Ok(granted) => {
                track.eligible_since.get_or_insert(time);
                self.permitted.push(scan);
                self.granted.push(granted.reason);
                let spent = pair.spent_since <= time;
                Decision {
                    rule: "weapon",
                    reason: if spent {
                        Reason::MagazineEmpty
                    } else {
                        Reason::NoChannel
                    },
                }
            }
        };
        if !track.declined.contains(&decision.reason) {
            track.declined.push(decision.reason);
            let identity = track.identity;
            self.write(
                time,
                place,
                Rank::Decision,
                Fact::ShotDeclined {
                    site,
                    aircraft,
                    decision,
                    identity,
                },
            );
        }
    }
}

/// Whether the latest declaration is of a type that the zone takes for civil.
fn declared_civil(pair: &Pair, lives: &[(f64, Vec<(u8, Millis)>)]) -> bool {
    let latest = lives.iter().flat_map(|life| &life.1).last();
    let (Some(zone), Some(&(latest, _))) = (pair.post.rules.restricted_operations_zone(), latest)
    else {
        return false;
    };
    let Some(name) = pair.post.identifier.rows.get(usize::from(latest)) else {
        return false;
    };
    match (zone.civil(), pair.spec.over) {
        (Some(named), _) => named.contains(name),
        (None, Hypotheses::Affiliations) => name == "neutral",
        (None, Hypotheses::Types) => {
            let share = pair.spec.affiliations[name];
            share.neutral > share.friend.max(share.hostile)
        }
    }
}

/// Identity and posterior of the affiliations, as a plain product of probabilities over all declarations.
fn judge(
    pair: &Pair,
    lives: &[(f64, Vec<(u8, Millis)>)],
    matched: Option<bool>,
) -> (Identity, [f64; 3]) {
    let (spec, rows) = (&pair.spec, &pair.post.identifier.rows);
    let assumed = spec.assumed.as_ref().unwrap_or(&spec.actual);
    let declarations: Vec<u8> = lives
        .iter()
        .flat_map(|life| &life.1)
        .map(|one| one.0)
        .collect();
    let latest = usize::from(*declarations.last().unwrap());
    let mut weight: Vec<f64> = rows
        .iter()
        .map(|row| {
            if spec.prior.is_empty() {
                1.0
            } else {
                spec.prior[row].0
            }
        })
        .collect();
    if spec.combine == Combine::Single {
        if latest < rows.len() {
            weight = (0..rows.len())
                .map(|k| if k == latest { 1.0 } else { 0.0 })
                .collect();
        }
    } else {
        let tau_s = (spec.appearance.assumed_tau_s).unwrap_or(spec.appearance.tau_s);
        // Logarithms: what has been forgotten for the most part may matter again, however small it was.
        let mut likelihood = vec![0.0; rows.len()];
        let mut before: Option<(u8, Millis)> = None;
        for (kept, declarations) in lives {
            for one in &mut likelihood {
                *one *= kept;
            }
            for &(declared, time) in declarations {
                let column = rows
                    .get(usize::from(declared))
                    .map_or("unknown", String::as_str);
                for (likelihood, row) in likelihood.iter_mut().zip(rows) {
                    let anew = assumed[row].get(column).map_or(0.0, |p| p.0);
                    *likelihood += libm::log(match before {
                        Some((latest, at)) if tau_s > 0.0 => {
                            let stays = libm::exp(-(time - at).seconds() / tau_s);
                            let same = if latest == declared { stays } else { 0.0 };
                            same + (1.0 - stays) * anew
                        }
                        _ => anew,
                    });
                }
                before = Some((declared, time));
            }
        }
        let most = (likelihood.iter().copied()).fold(f64::NEG_INFINITY, f64::max);
        for (weight, likelihood) in weight.iter_mut().zip(likelihood) {
            *weight *= libm::exp(likelihood - most);
        }
    }
    let belief = spec
        .flight_plan
        .as_ref()
        .and_then(|id_source| id_source.assumed);
    let id_source = match (belief, matched) {
        (
            Some(MatchBelief {
                friend,
                neutral,
                hostile,
            }),
            Some(true),
        ) => [friend, neutral, hostile],
        (
            Some(MatchBelief {
                friend,
                neutral,
                hostile,
            }),
            Some(false),
        ) => [1.0 - friend, 1.0 - neutral, 1.0 - hostile],
        _ => [1.0; 3],
    };
    let (mut affiliation, mut of_row) = ([0.0; 3], vec![0.0; rows.len()]);
    for (k, row) in rows.iter().enumerate() {
        let shares = match spec.over {
            Hypotheses::Affiliations => std::array::from_fn(|a| if a == k { 1.0 } else { 0.0 }),
            Hypotheses::Types => [
                spec.affiliations[row].friend,
                spec.affiliations[row].neutral,
                spec.affiliations[row].hostile,
            ],
        };
        for a in 0..3 {
            affiliation[a] += weight[k] * shares[a] * id_source[a];
            of_row[k] += weight[k] * shares[a] * id_source[a];
        }
    }
    let sum: f64 = affiliation.iter().sum();
    let [friend, neutral, hostile] = affiliation.map(|part| part / sum);
    if spec.combine == Combine::Single && latest == rows.len() {
        return (Identity::Unknown, [friend, neutral, hostile]);
    }
    let criteria = pair.criteria.unwrap_or(Criteria {
        on: CriteriaOn::Hostile,
        threshold: spec.identity.hostile,
        id_sources: 1,
        declarations: 0,
    });
    let of_criteria = match criteria.on {
        CriteriaOn::Hostile => hostile,
        CriteriaOn::Type(type_id) => {
            let row = pair
                .types
                .get(type_id.index())
                .and_then(|name| rows.iter().position(|row| row == name));
            row.map_or(0.0, |row| of_row[row] / sum)
        }
    };
    let spoken = declarations
        .iter()
        .filter(|&&declared| usize::from(declared) < rows.len())
        .count() as u32;
    let sources = u32::from(spoken > 0) + u32::from(belief.is_some() && matched.is_some());
    let enough = sources >= criteria.id_sources && spoken >= criteria.declarations;
    let limits = &spec.identity;
    let identity = if enough && of_criteria > criteria.threshold {
        Identity::Hostile
    } else if friend > limits.friend {
        Identity::Friend
    } else if neutral > limits.neutral {
        Identity::Neutral
    } else if hostile > limits.suspect.min(limits.hostile) {
        Identity::Suspect
    } else if friend > limits.assumed_friend {
        Identity::AssumedFriend
    } else {
        Identity::Unknown
    };
    (identity, [friend, neutral, hostile])
}

/// Declarations by column, of tracks that have ended and of the one that has not.
fn declared(product: &Product) -> Vec<u32> {
    let now = product.track.as_ref().map(|track| track.declared());
    let sums = product.counts.declared.iter().zip(now.unwrap_or_default());
    sums.map(|(ended, now)| ended + now).collect()
}

/// Whether two lists of events are the same; posteriors within 1e-9, for they are sums in another order.
fn assert_same(seed: u64, fast: Vec<Event>, slow: Vec<Event>) {
    let plain = |event: &Event| {
        let mut event = event.clone();
        if let Fact::Declared {
            posterior, ledger, ..
        }
        | Fact::Reassessed {
            posterior, ledger, ..
        } = &mut event.fact
        {
            // The account of the product must end where it does.
            let last = ledger.last().map(|entry| entry.posterior);
            let ends = last.is_none_or(|last| {
                let mut pairs = last.iter().zip(*posterior);
                pairs.all(|(one, other)| (one - other).abs() < 1e-9)
            });
            assert!(ends, "seed {seed}: {posterior:?} and {ledger:?}");
            *posterior = [0.0; 3];
            *ledger = Box::default();
        }
        event
    };
    for (at, (fast, slow)) in fast.iter().zip(&slow).enumerate() {
        assert_eq!(
            plain(fast),
            plain(slow),
            "seed {seed}, event {at}: left the product, right the reference"
        );
        let judged = |event: &Event| match event.fact {
            Fact::Declared { posterior, .. } | Fact::Reassessed { posterior, .. } => {
                Some(posterior)
            }
            _ => None,
        };
        if let (Some(one), Some(other)) = (judged(fast), judged(slow)) {
            assert!(
                one.iter()
                    .zip(&other)
                    .all(|(one, other)| (one - other).abs() < 1e-9),
                "{one:?} {other:?}"
            );
        }
    }
    assert_eq!(
        fast.len(),
        slow.len(),
        "seed {seed}: {:?}",
        fast.get(slow.len()).or(slow.get(fast.len()))
    );
}

#[test]
fn the_fast_path_does_what_the_twin_does() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..5000 {
        let pair = pair(seed);
        let mut reference = Reference::new(&pair);
        let mut file = Product::new();
        let mut notebook = EventRecorder::new(Detail::Full);
        let rng = &mut TestRng::new(seed + 50_000);
        let mut done = 0;
        while done < pair.end_scan {
            // As far as somebody happens to ask: a scan, some, or hundreds.
            let step = [1, 7, 64, 500][rng.below(4) as usize];
            let until = (done + 1 + rng.below(step)).min(pair.end_scan);
            pair.advance(&mut file, until, false, &mut notebook);
            (done..until).for_each(|scan| reference.scan(scan));
            done = until;
            assert_eq!(
                file.track.is_some(),
                reference.track.is_some(),
                "seed {seed}, before scan {done}"
            );
        }
        assert_eq!(
            (file.counts.looks, file.counts.detections),
            (reference.looks, reference.detections),
            "seed {seed}"
        );
        assert_eq!(
            &declared(&file)[..reference.declared.len()],
            &reference.declared[..],
            "seed {seed}"
        );
        let (fast, slow) = (notebook.into_events(), reference.notebook.into_events());
        for reason in reference.granted {
            *counts
                .entry(format!("granted {}", reason.code()))
                .or_default() += 1;
        }
        for event in &slow {
            let reason = match event.fact {
                Fact::ShotDeclined { decision, .. } => decision.reason.code(),
                _ => "",
            };
            *counts
                .entry(format!("{} {reason}", event.fact.code()))
                .or_default() += 1;
        }
        assert_same(seed, fast, slow);
    }
    // The scenarios show all there is to compare.
    for (what, least) in [
        ("track_confirmed ", 1000),
        ("track_ended ", 1000),
        ("declared ", 10_000),
        ("identity_changed ", 1000),
        ("encounter_begun ", 300),
        ("shot_declined weapons_tight", 30),
        ("shot_declined dwell", 100),
        ("shot_declined weapons_hold", 30),
        ("shot_declined identified_protected", 30),
        ("shot_declined plan_matched", 10),
        ("shot_declined no_channel", 30),
        ("shot_declined magazine_empty", 30),
        ("shot_declined in_corridor", 20),
        ("shot_declined awaiting_answer", 30),
        ("shot_declined hotline_confirmed", 10),
        ("query_sent ", 30),
        ("granted self_defence", 300),
        ("granted zone_violation", 15),
        ("granted lost_comms_autonomous", 100),
        ("shot_declined lost_comms_hold", 100),
        ("shot_declined agreed_window", 50),
        ("shot_declined outside_engagement_zone", 50),
        ("shot_declined in_altitude_block", 50),
        ("shot_declined awaiting_visual_identification", 50),
        ("shot_declined optically_cleared", 15),
        ("shot_declined not_recognised", 15),
        ("shot_declined awaiting_confirmation", 50),
        ("shot_declined not_confirmed", 10),
    ] {
        let count = counts.get(what).copied().unwrap_or(0);
        assert!(count >= least, "only {count} times `{what}`: {counts:?}");
    }
}

/// Under rule R10 with a dwell, and little else: since when a track is in the zone is known at every scan, however many are done
/// at once, inside the envelope or not, while it coasts, and after it was out of the zone or matched a plan.
#[test]
fn a_dwell_in_a_closed_zone_is_what_the_twin_counts() {
    let mut fired = 0;
    for seed in 30_000..31_500 {
        let mut pair = pair(seed);
        let rng = &mut TestRng::new(seed + 60_000);
        let zone = |name: &str, rng: &mut TestRng| Zone {
            name: name.into(),
            area: Area::Circle {
                center: waypoint(rng, 8000.0).at,
                radius_m: rng.within(3000.0, 25_000.0),
            },
            floor_m: 0.0,
            top_m: rng.within(2000.0, 20_000.0),
        };
        let zones = [zone("zone", rng), zone("strip", rng)];
        let spec: RulesSpec = serde_json::from_value(serde_json::json!({
            "restricted_operations_zone": {
                "zone": "zone",
                "exempt": if rng.heads() { vec!["strip"] } else { Vec::new() },
                "authority": "node",
                "dwell_s": rng.within(1.0, 250.0),
                "civil": ["neutral", "bravo"],
            }
        }))
        .expect("a rule");
        let named = Named {
            zones: &zones,
            nodes: &[("node".to_owned(), SideId(0))],
            ..Named::default()
        };
        pair.post.rules = Arc::new(Rules::new(&spec, &named));
        let civil = ["neutral".to_owned(), "bravo".to_owned()];
        pair.post.civil = CivilRows::new(&pair.post.identifier, Some(&civil));
        pair.post.side = SideId(0);
        let mut reference = Reference::new(&pair);
        (0..pair.end_scan).for_each(|scan| reference.scan(scan));
        let mut file = Product::new();
        let mut notebook = EventRecorder::new(Detail::Full);
        let mut done = 0;
        while done < pair.end_scan {
            done = (done + 1 + rng.below(200)).min(pair.end_scan);
            pair.advance(&mut file, done, false, &mut notebook);
        }
        fired += reference.granted.len();
        assert_same(
            seed,
            notebook.into_events(),
            reference.notebook.into_events(),
        );
        if let (Some(one), Some(other)) = (&file.track, &reference.track) {
            let last = Millis(pair.post.clock.time_ms(pair.end_scan - 1));
            let view = one.view(last, &pair.post);
            assert_eq!(view.violating_since, other.violating_since, "seed {seed}");
        }
    }
    assert!(fired > 1000, "{fired} scans");
}

/// Where nobody wants a record of each declaration, they are made in runs: what is recorded, and counted, is the same.
#[test]
fn runs_of_declarations_do_what_the_twin_does_one_by_one() {
    let mut runs = 0;
    for seed in 20_000..21_500 {
        let pair = pair(seed);
        let mut reference = Reference::new(&pair);
        (0..pair.end_scan).for_each(|scan| reference.scan(scan));
        let mut file = Product::new();
        let mut notebook = EventRecorder::new(Detail::Measures);
        let rng = &mut TestRng::new(seed + 50_000);
        let mut done = 0;
        while done < pair.end_scan {
            let step = [7, 64, 500, 5000][rng.below(4) as usize];
            done = (done + 1 + rng.below(step)).min(pair.end_scan);
            pair.advance(&mut file, done, false, &mut notebook);
        }
        assert_eq!(
            &declared(&file)[..reference.declared.len()],
            &reference.declared[..],
            "seed {seed}"
        );
        runs += u32::from(pair.subject.plan.is_none() && pair.spec.combine == Combine::Fused);
        let recorded = |event: &Event| {
            !matches!(
                event.fact,
                Fact::TrackConfirmed { .. }
                    | Fact::TrackRecalled { .. }
                    | Fact::Declared { .. }
                    | Fact::Reassessed { .. }
                    | Fact::IdentityChanged { .. }
            )
        };
        let mut slow = reference.notebook.into_events();
        slow.retain(recorded);
        assert_same(seed, notebook.into_events(), slow);
    }
    assert!(runs > 300, "only {runs} pairs without plan checks");
}

/// A site that could fire visits the scans that are named to it, and no other. At the first of all scans at which the rules let it
/// fire it is there; and where it comes at another time, because a channel is free again, it finds what is so then.
#[test]
fn no_scan_is_passed_over_at_which_the_rules_come_to_let_the_site_fire() {
    let (mut visits, mut scans, mut found) = (0, 0, 0);
    for seed in 5000..7000 {
        let pair = pair(seed);
        let mut reference = Reference::new(&pair);
        (0..pair.end_scan).for_each(|scan| reference.scan(scan));
        let rng = &mut TestRng::new(seed);
        let mut product = Product::new();
        let mut silent = EventRecorder::new(Detail::Measures);
        let near = |scan: u64| pair.runs.near.iter().find(|run| run.end > scan);
        let mut next = near(0).map(|run| run.from);
        while let Some(scan) = next.filter(|scan| *scan < pair.end_scan) {
            let candidate = pair.advance(&mut product, scan + 1, true, &mut silent);
            let permitted = reference.permitted.binary_search(&scan).is_ok();
            assert_eq!(candidate, permitted, "seed {seed}, scan {scan}");
            visits += 1;
            if candidate {
                // It is engaged; later a channel is free again.
                found += 1;
                next = near(scan + 1 + rng.below(300)).map(|run| run.from.max(scan + 1));
                continue;
            }
            let planned = product.next_visit(true, &pair.scene());
            next = planned.or_else(|| near(scan + 1).map(|run| run.from.max(scan + 1)));
            let before = next.unwrap_or(pair.end_scan);
            let missed = reference
                .permitted
                .iter()
                .find(|at| (scan..before).contains(*at));
            assert_eq!(missed, None, "seed {seed}: from {scan} on to {next:?}");
            scans += before - scan;
        }
    }
    assert!(found > 500, "{found}");
    assert!(3 * visits < scans, "{visits} visits in {scans} scans");
}

/// Where two tracks are worth a shot, the one that has been eligible longest comes first: without a break.
#[test]
fn a_track_that_left_the_envelope_begins_anew() {
    let (mut compared, mut again) = (0, 0);
    for seed in 8000..8600 {
        let pair = pair(seed);
        let mut reference = Reference::new(&pair);
        let mut file = Product::new();
        let mut silent = EventRecorder::new(Detail::Measures);
        let mut before = None;
        for scan in 0..pair.end_scan {
            reference.scan(scan);
            if reference.permitted.last() == Some(&scan) {
                pair.advance(&mut file, scan + 1, true, &mut silent);
                let since = reference.track.as_ref().unwrap().eligible_since;
                let held = file.track.as_ref().unwrap().eligible_since;
                assert_eq!(held, since, "seed {seed}, scan {scan}");
                compared += 1;
                again += i32::from(before.is_some() && before != since);
                before = since;
            }
        }
    }
    assert!(compared > 1000 && again > 20, "{compared} {again}");
}

/// At the scan on which the altitude jumps into the envelope, the position is still the one before. That must not
/// settle the verdict on all that follows.
#[test]
fn a_scan_on_the_edge_settles_nothing() {
    let mut pair = (0..)
        .map(pair)
        .find(|pair| pair.post.envelope.is_some())
        .unwrap();
    let rng = &mut TestRng::new(1);
    let spec = AircraftSpec {
        climb_mps: None,
        endurance_h: None,
        ..aircraft(rng)
    };
    let at = |east_m, altitude_m| Waypoint {
        at: Point::new(east_m, 0.0),
        altitude_m,
    };
    let route = Route::Waypoints(vec![
        at(-6000.0, 1000.0),
        at(0.0, 1000.0),
        at(6000.0, 5000.0),
    ]);
    let mut flight = flight(rng, &spec, route);
    (flight.speed_mps, flight.turns) = (60.0, Turns::Instant);
    pair.trajectory = fly(&flight, &spec, 0.0, 0.0, 0.0, 1000.0);
    pair.post.clock = ScanClock {
        first_ms: 1000,
        period_ms: 1000,
    };
    pair.post.tracker = TrackerSpec::counting(1, 1, 3);
    pair.post.place = Point::zeros();
    let envelope = Envelope {
        slant: false,
        range_m: (0.0, 20_000.0),
        altitude_m: (3000.0, 9000.0),
    };
    pair.post.envelope = Some(envelope);
    pair.spec.interval_s = 1e6;
    pair.post.identifier = Arc::new(Identifier::new(&pair.spec, &pair.types, Millis(1000)));
    pair.criteria = None;
    pair.post.rules = Arc::new(Rules::default());
    pair.sensor = SensorSpec {
        model: SensorModel::Disc(DiscSpec {
            range_m: 20_000.0,
            detection: 1.0,
        }),
        ..pair.sensor.clone()
    };
    let sight = sight(&pair.sensor, Point::zeros(), pair.rcs_m2);
    let mut windows = Vec::new();
    let clock = pair.post.clock;
    sight.windows(&pair.trajectory, &clock, &mut windows);
    pair.subject.sight = sight;
    pair.windows = windows;
    pair.post.reach(&pair.trajectory, &mut pair.runs);
    pair.end_scan = 300;
    let mut reference = Reference::new(&pair);
    (0..pair.end_scan).for_each(|scan| reference.scan(scan));
    let mut notebook = EventRecorder::new(Detail::Full);
    pair.advance(&mut Product::new(), pair.end_scan, false, &mut notebook);
    let slow = reference.notebook.into_events();
    assert!(
        slow.iter()
            .any(|event| matches!(event.fact, Fact::EncounterBegun { .. })
                && event.time == Millis(101_000))
    );
    assert_same(0, notebook.into_events(), slow);
}

// --- Geometry against sampling ---------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_quadratic_is_below_its_limit_inside_the_span_and_nowhere_else(
        a in -1e6f64..1e6, b in -1e3f64..1e3, c in 0.0f64..10.0, limit in -1e6f64..1e6, flat: bool, t in -500f64..500.0,
    ) {
        let c = if flat { 0.0 } else { c + 1e-3 };
        let b = if flat { 0.0 } else { b };
        let value = a + b * t + c * t * t;
        prop_assume!((value - limit).abs() > 1e-4);
        let inside = quadratic_below(a, b, c, limit).is_some_and(|span| (span.start_s..=span.end_s).contains(&t));
        prop_assert_eq!(inside, value < limit);
    }

    #[test]
    fn an_arc_is_within_its_limit_inside_the_spans_and_nowhere_else(
        x in -2e4f64..2e4, y in -2e4f64..2e4, at_center: bool, radius in 100f64..1e4, angle in -10f64..10.0,
        rate in -0.1f64..0.1, limit in 0f64..3e4, duration in 1f64..2000.0,
    ) {
        let center = if at_center { Point::zeros() } else { Point::new(x, y) };
        let mut spans = Vec::new();
        arc_within(center, radius, angle, rate, limit, duration, |span| spans.push(span));
        for pair in spans.windows(2) {
            prop_assert!(pair[0].end_s <= pair[1].start_s, "in order, without overlap");
        }
        for span in &spans {
            prop_assert!(span.start_s >= 0.0 && span.end_s <= duration && span.start_s <= span.end_s);
        }
        for step in 0..200 {
            let t = (duration * f64::from(step) / 199.0).min(duration);
            let (sin, cos) = libm::sincos(angle + rate * t);
            let distance = (center + Point::new(cos, sin) * radius).norm();
            if (distance - limit).abs() < 1e-4 {
                continue;
            }
            let inside = spans.iter().any(|span| (span.start_s..=span.end_s).contains(&t));
            prop_assert_eq!(inside, distance < limit, "t {}, distance {}", t, distance);
        }
    }
}

// --- Flight ------------------------------------------------------------------------------------------------------------------

#[test]
fn turn_radii_have_their_known_values() {
    for (speed_mps, bank_deg, radius_m) in [
        (40.0, 30.0, 283.0),
        (60.0, 25.0, 787.0),
        (85.0, 25.0, 1580.0),
    ] {
        let radius = turn_radius_m(speed_mps, bank_deg);
        assert!(
            (radius - radius_m).abs() < 1.0,
            "{speed_mps} m/s at {bank_deg} degrees: {radius} m"
        );
    }
}

#[test]
fn a_flight_is_continuous_at_constant_speed_within_its_turn_and_climb_limits() {
    let (mut arcs, mut climbs, mut home) = (0, 0, 0);
    for seed in 20_000..20_800 {
        let rng = &mut TestRng::new(seed);
        let spec = aircraft(rng);
        let route = route(rng, 25_000.0);
        let on_station = matches!(route, Route::Station { .. });
        let mut flight = flight(rng, &spec, route);
        if rng.heads() {
            flight.speed_mps = rng.within(30.0, 120.0);
        }
        let until_s = 6000.0;
        let departs_s = rng.within(0.0, 600.0);
        let trajectory = fly(&flight, &spec, departs_s, rng.unit(), 0.0, until_s);
        assert!(!trajectory.legs.is_empty(), "seed {seed}");
        assert_eq!(trajectory.legs[0].span.start_s, departs_s);
        for leg in &trajectory.legs {
            assert!(
                leg.span.start_s <= leg.span.end_s && leg.span.end_s <= until_s + 1e-9,
                "seed {seed}"
            );
            match leg.path {
                Path::Line {
                    velocity,
                    climb_mps,
                    ..
                } => {
                    assert!(
                        (velocity.norm() - flight.speed_mps).abs() < 1e-6,
                        "seed {seed}"
                    );
                    assert!(
                        climb_mps == 0.0 || Some(climb_mps.abs()) == spec.climb_mps,
                        "seed {seed}"
                    );
                    climbs += i32::from(climb_mps != 0.0);
                }
                Path::Arc {
                    radius_m,
                    rate_radps,
                    ..
                } => {
                    assert!(
                        (radius_m * rate_radps.abs() - flight.speed_mps).abs() < 1e-6,
                        "seed {seed}"
                    );
                    let bank_m = turn_radius_m(flight.speed_mps, spec.bank_deg.unwrap());
                    if flight.turns == Turns::Instant {
                        assert!(
                            on_station,
                            "seed {seed}: an arc without bank-limited turns or pattern"
                        );
                    } else {
                        assert!(
                            on_station || (radius_m - bank_m).abs() < 1e-6,
                            "seed {seed}"
                        );
                    }
                    arcs += 1;
                }
            }
        }
        for leg in &trajectory.legs {
            // The velocity is the difference quotient of the position, within its error of the second order.
            let middle_s = 0.5 * (leg.span.start_s + leg.span.end_s);
            let quotient = (leg.position(middle_s + 0.01) - leg.position(middle_s - 0.01)) / 0.02;
            assert!(
                (leg.velocity(middle_s) - quotient).norm() < 1e-3,
                "seed {seed}"
            );
        }
        for pair in trajectory.legs.windows(2) {
            let boundary_s = pair[0].span.end_s;
            assert!(
                (boundary_s - pair[1].span.start_s).abs() < 1e-9,
                "seed {seed}: a gap"
            );
            let (before, after) = (pair[0].position(boundary_s), pair[1].position(boundary_s));
            assert!(
                (before.xy() - after.xy()).norm() < 0.01,
                "seed {seed}: a jump of {}",
                (before - after).norm()
            );
            // Without a climb rate altitude changes are instantaneous.
            assert!(
                spec.climb_mps.is_none() || (before.z - after.z).abs() < 1e-6,
                "seed {seed}: an altitude jump"
            );
        }
        if trajectory.cut_short {
            let back_by_s = departs_s + spec.endurance_h.unwrap() * 3600.0;
            let end_s = trajectory.legs.last().unwrap().span.end_s;
            if end_s < until_s - 1e-6 {
                let last = trajectory.position(Millis::from_seconds(end_s + 1.0));
                assert!(
                    (last.xy() - flight.home).norm() < 0.01,
                    "seed {seed}: not home"
                );
                let needed_s = (trajectory.legs[0].position(departs_s).xy() - flight.home).norm()
                    / flight.speed_mps;
                let due_s = back_by_s.max(departs_s + needed_s);
                assert!(
                    (end_s - due_s).abs() < 1e-3,
                    "seed {seed}: home at {end_s}, due at {due_s}"
                );
                home += 1;
            }
        } else if let Some(hours) = spec.endurance_h {
            // Long enough for the whole route: at its end there was time left.
            let last = trajectory.legs.last().unwrap();
            let way_home_s =
                (last.position(last.span.end_s).xy() - flight.home).norm() / flight.speed_mps;
            assert!(
                last.span.end_s + way_home_s <= departs_s + hours * 3600.0 + 1e-6,
                "seed {seed}"
            );
        }
        // The hint of a reader that goes forward finds the same leg.
        let mut hint = 0;
        for step in 0..300 {
            let time = Millis::from_seconds(f64::from(step) * 23.0);
            assert_eq!(
                trajectory.position_from(time, &mut hint),
                trajectory.position(time),
                "seed {seed}, {time:?}"
            );
        }
    }
    assert!(
        arcs > 300 && climbs > 300 && home > 50,
        "{arcs} {climbs} {home}"
    );
}

fn plain(route: Route, turns: Turns) -> (AircraftSpec, Flight) {
    let rng = &mut TestRng::new(1);
    let spec = AircraftSpec {
        climb_mps: Some(5.0),
        bank_deg: Some(25.0),
        endurance_h: None,
        ..aircraft(rng)
    };
    let mut flight = flight(rng, &spec, route);
    (flight.speed_mps, flight.turns, flight.home) = (60.0, turns, Point::zeros());
    (spec, flight)
}

#[test]
fn altitude_is_reached_at_the_climb_rate() {
    let at = |east_m, altitude_m| Waypoint {
        at: Point::new(east_m, 0.0),
        altitude_m,
    };
    let (spec, flight) = plain(
        Route::Waypoints(vec![at(0.0, 500.0), at(60_000.0, 2500.0)]),
        Turns::Instant,
    );
    let trajectory = fly(&flight, &spec, 0.0, 0.0, 0.0, 1e5);
    for (time_s, altitude_m) in [
        (0.0, 500.0),
        (200.0, 1500.0),
        (400.0, 2500.0),
        (900.0, 2500.0),
    ] {
        assert!((trajectory.position(Millis::from_seconds(time_s)).z - altitude_m).abs() < 1e-6);
    }
    let draws = Draws {
        departs_s: 0.0,
        loop_start: 0.0,
        deviation_m: &mut |_| 0.0,
    };
    let grounded = Trajectory::fly(&flight, &spec, draws, true, 1e5);
    assert_eq!(grounded.position(Millis::ZERO).z, 0.0);
    assert!((grounded.position(Millis::from_seconds(100.0)).z - 500.0).abs() < 1e-6);
    assert_eq!(trajectory.lands(), Millis::from_seconds(1000.0));
}

/// 5 km at 3 m/s: 27 min 47 s up, and down as long before the end, on arcs level; on a flight of half an hour up and down meet in the
/// middle at 2 700 m.
#[test]
fn what_takes_off_lands_where_it_ends() {
    let point = |east_m: f64, altitude_m: f64| Waypoint {
        at: Point::new(east_m, 0.0),
        altitude_m,
    };
    let points = vec![point(0.0, 5000.0), point(200_000.0, 5000.0)];
    let (mut spec, mut flight) = plain(Route::Waypoints(points), Turns::Instant);
    spec.climb_mps = Some(3.0);
    flight.speed_mps = 50.0;
    let land = |flight: &Flight, until_s: f64| {
        let draws = Draws {
            departs_s: 0.0,
            loop_start: 0.0,
            deviation_m: &mut |_| 0.0,
        };
        Trajectory::fly(flight, &spec, draws, true, until_s)
    };
    let height =
        |trajectory: &Trajectory, time_s: f64| trajectory.position(Millis::from_seconds(time_s)).z;
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 0.1, "{found} {expected}");
    let flown = land(&flight, 10_000.0);
    for (time_s, height_m) in [
        (0.0, 0.0),
        (1000.0, 3000.0),
        (1700.0, 5000.0),
        (2300.0, 5000.0),
    ] {
        close(height(&flown, time_s), height_m);
        close(height(&flown, 4000.0 - time_s), height_m);
    }
    // It is still under way at the end.
    close(height(&land(&flight, 3900.0), 3900.0), 5000.0);
    flight.route = Route::Waypoints(vec![point(0.0, 5000.0), point(90_000.0, 5000.0)]);
    let flown = land(&flight, 10_000.0);
    close(height(&flown, 900.0), 2700.0);
    close(height(&flown, 1800.0), 0.0);
    // Random flights come down without a jump, at no more than their rate, on station at its height.
    let mut landed = 0;
    for seed in 0..300 {
        let rng = &mut TestRng::new(seed);
        let (mut spec, flight, _) = random_trajectory(rng, 1e6);
        let rate_mps = rng.within(2.0, 30.0);
        spec.climb_mps = Some(rate_mps);
        let flown = |grounded: bool| {
            let draws = Draws {
                departs_s: 0.0,
                loop_start: 0.3,
                deviation_m: &mut |_| 0.0,
            };
            Trajectory::fly(&flight, &spec, draws, grounded, 100_000.0)
        };
        if matches!(flight.route, Route::Loop { .. }) {
            continue;
        }
        let flown = flown(true);
        let end_s = flown.legs.last().unwrap().span.end_s;
        for pair in flown.legs.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            assert_eq!(before.span.end_s, after.span.start_s);
            let jump = before.position(before.span.end_s) - after.position(after.span.start_s);
            assert!(jump.norm() < 1e-3, "seed {seed}: {jump}");
        }
        for leg in &flown.legs {
            assert!(leg.velocity(leg.span.start_s).z.abs() <= rate_mps + 1e-9);
        }
        landed += u32::from(flown.position(Millis::from_seconds(end_s)).z < 0.1);
    }
    assert!(landed > 100, "{landed}");
}

#[test]
fn a_loop_with_instant_turns_is_periodic_and_starts_anywhere() {
    let at = |x, y| Waypoint {
        at: Point::new(x, y),
        altitude_m: 1000.0,
    };
    let points = vec![at(0.0, 0.0), at(9000.0, 0.0), at(9000.0, 12_000.0)];
    let (spec, flight) = plain(
        Route::Loop {
            points,
            random_start: true,
        },
        Turns::Instant,
    );
    let period_s = 36_000.0 / 60.0;
    for step in 0..20 {
        let share = f64::from(step) / 20.0;
        let trajectory = fly(&flight, &spec, 0.0, share, 0.0, 7200.0);
        let reference = fly(&flight, &spec, 0.0, 0.0, 0.0, 7200.0);
        for look in 0..50 {
            let time_s = f64::from(look) * 17.0;
            let place = |trajectory: &Trajectory, time_s| {
                trajectory.position(Millis::from_seconds(time_s)).xy()
            };
            let here = place(&trajectory, time_s);
            assert!(
                (here - place(&trajectory, time_s + period_s)).norm() < 1e-6,
                "share {share}, {time_s} s"
            );
            assert!(
                (here - place(&reference, time_s + share * period_s)).norm() < 1e-6,
                "share {share}, {time_s} s"
            );
        }
    }
}

#[test]
fn orbit_and_racetrack_keep_to_their_pattern_for_their_time() {
    let way_in = vec![
        Waypoint {
            at: Point::new(-40_000.0, 3000.0),
            altitude_m: 2000.0,
        },
        Waypoint {
            at: Point::new(-20_000.0, 0.0),
            altitude_m: 2000.0,
        },
    ];
    let (from, to) = (Point::new(0.0, 0.0), Point::new(10_000.0, 5000.0));
    for (turns, right, ingress) in [
        (Turns::Instant, true, way_in.clone()),
        (Turns::Bank, false, way_in.clone()),
        (Turns::Bank, true, Vec::new()),
        (Turns::Instant, false, Vec::new()),
    ] {
        let station = |pattern| Route::Station {
            ingress: ingress.clone(),
            pattern,
            altitude_m: 2000.0,
            station_s: 5000.0,
            egress: Vec::new(),
        };
        let center = Point::new(1000.0, 2000.0);
        let (spec, orbit) = plain(
            station(Pattern::Orbit {
                center,
                radius_m: 3000.0,
                right,
            }),
            turns,
        );
        let (_, racetrack) = plain(
            station(Pattern::Racetrack {
                from,
                to,
                radius_m: 2000.0,
                right,
            }),
            turns,
        );
        let along = (to - from).normalize();
        // The middle between the two straights.
        let aside = Point::new(-along.y, along.x) * if right { -2000.0 } else { 2000.0 };
        for (flight, is_orbit) in [(&orbit, true), (&racetrack, false)] {
            let trajectory = fly(flight, &spec, 100.0, 0.0, 0.0, 1e6);
            let span = trajectory.station;
            assert!(
                (span.end_s - span.start_s - 5000.0).abs() < 1e-6,
                "time on station {span:?}"
            );
            let mut turned = 0.0;
            for step in 0..1000 {
                let time_s = span.start_s + 0.01 + 4999.9 * f64::from(step) / 1000.0;
                let leg = trajectory
                    .legs
                    .iter()
                    .find(|leg| leg.span.end_s >= time_s)
                    .unwrap();
                let (place, next) = (leg.position(time_s).xy(), leg.position(time_s + 0.001).xy());
                if is_orbit {
                    assert!(
                        ((place - center).norm() - 3000.0).abs() < 1e-3,
                        "{time_s}: {place}"
                    );
                    turned += (place - center).perp(&(next - place)).signum();
                } else {
                    // Distance from the segment between the centres of the two half circles is the radius.
                    let arm = place - (from + aside);
                    let foot = arm.dot(&along).clamp(0.0, (to - from).norm());
                    let distance = (arm - along * foot).norm();
                    assert!(
                        (distance - 2000.0).abs() < 1e-3,
                        "{time_s}: {place}, {distance} m"
                    );
                    turned += (arm - along * foot).perp(&(next - place)).signum();
                }
            }
            assert_eq!(
                turned,
                if right { -1000.0 } else { 1000.0 },
                "always the same way round"
            );
            let home = trajectory.position(trajectory.lands());
            assert!(home.xy().norm() < 0.1, "home: {home}");
        }
    }
}
