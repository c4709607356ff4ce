//! Closed forms: every file in `scenarios/closed-form/` is held to the value in its first comment.
//!
//! Means and shares are held within 4.9 standard errors of the run (the binomial one for shares), which a right
//! simulator fails with probability 1e-6 a comparison; seeds are fixed. What is exact is compared exactly.

use std::collections::BTreeSet;
use std::path::Path;

use deconflict::experiment::replicate::replicate;
use deconflict::ids::{AircraftId, SiteId};
use deconflict::measure::Columns;
use deconflict::record::{Detail, EventLog, Fact, Identity, NotReady, NoticeState, Reason};
use deconflict::scenario::Scenario;
use deconflict::simulation::{Engine, simulate};

use crate::support::power;
use deconflict::units::Millis;

/// Every file, in the order of the tests below.
const HELD: &[&str] = &[
    "challenge",
    "chord",
    "mean-chord",
    "n-looks",
    "track-2-of-3",
    "random-walk-identification",
    "plan-delivery-chain",
    "plan-in-between",
    "neutral-loss",
    "neutral-loss-q-428",
    "neutral-loss-q-900",
    "bayes-plan-source",
    "salvo",
    "shoot-look-shoot",
    "four-sites",
    "poisson-thinning",
    "competing-rates",
    "limit-hold",
    "limit-perfect-identification",
    "limit-no-kill",
    "limit-shoulder-fired",
    "self-defence",
    "hotline",
    "corridor",
    "restricted-operations-zone",
    "agreed-squawk",
    "coordination-paradox",
    "lost-comms",
    "weapon-engagement-zone",
    "altitude-blocks",
    "time-windows",
    "engagement-authority",
    "second-operator",
    "optical-confirmation",
    "friendly-force-tracking",
    "conformance-monitoring",
    "airspace-closure",
    "cease-fire",
    "crossing-flows",
    "dwell",
    "go-live",
    "identity-kept",
    "appearance",
    "memory",
    "memory-and-plan",
    "readiness",
    "claims",
    "false-assessment",
];

#[test]
fn every_file_is_held_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/closed-form");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| {
            entry
                .expect("readable")
                .path()
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let held: BTreeSet<String> = HELD.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(files, held);
    let this = std::fs::read_to_string(file!()).expect("this file");
    for name in HELD {
        let uses = this.matches(&format!("(\"{name}\"")).count();
        assert!(uses >= 1, "{name} is listed, and no test runs it");
    }
}

fn load(name: &str, overrides: &[&str]) -> Scenario {
    assert!(HELD.contains(&name), "{name} is not listed");
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Scenario::load(
        format!("scenarios/closed-form/{name}.toml").as_ref(),
        &overrides,
    )
    .unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// One number from each of `replications` replications.
fn fly(
    name: &str,
    overrides: &[&str],
    replications: u64,
    read: impl Fn(&EventLog) -> f64 + Sync,
) -> Vec<f64> {
    let [numbers] = fly_once(name, overrides, replications, |log| [read(log)]);
    numbers
}

/// Some numbers from each of `replications` replications.
fn fly_once<const N: usize>(
    name: &str,
    overrides: &[&str],
    replications: u64,
    read: impl Fn(&EventLog) -> [f64; N] + Sync,
) -> [Vec<f64>; N] {
    let scenario = load(name, overrides);
    let jobs = std::thread::available_parallelism().map_or(1, |jobs| jobs.get());
    let mut numbers = [const { Vec::new() }; N];
    let engine = Engine::default();
    let work = |replication| read(&engine.simulate(&scenario, replication, Detail::Full));
    replicate(5, 0..replications, jobs, work, |_, found| {
        for (numbers, found) in numbers.iter_mut().zip(found) {
            numbers.push(found);
        }
        Ok::<(), std::convert::Infallible>(())
    })
    .expect("every replication ends");
    numbers
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// A mean within 4.9 standard errors of what is expected.
fn mean_is(numbers: &[f64], expected: f64) {
    let n = numbers.len() as f64;
    let mean = mean(numbers);
    let variance = numbers
        .iter()
        .map(|number| (number - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0);
    let z = (mean - expected) / (variance / n).sqrt();
    power(expected, n, (variance / n).sqrt(), 4.9);
    assert!(
        z.abs() < 4.9,
        "mean {mean}, expected {expected}, z = {z:.2}"
    );
}

/// A share within 4.9 binomial standard errors of what is expected: what is certain exactly.
fn share_is(numbers: &[f64], expected: f64) {
    assert!(
        numbers
            .iter()
            .all(|number| *number == 0.0 || *number == 1.0),
        "a share is made of zeros and ones"
    );
    if expected == 0.0 || expected == 1.0 {
        assert_eq!(mean(numbers), expected);
        return;
    }
    let n = numbers.len() as f64;
    let standard_error = (expected * (1.0 - expected) / n).sqrt();
    let z = (mean(numbers) - expected) / standard_error;
    power(expected, n, standard_error, 4.9);
    assert!(
        z.abs() < 4.9,
        "share {}, expected {expected}, z = {z:.2}",
        mean(numbers)
    );
}

fn count(log: &EventLog, of: impl Fn(&Fact) -> bool) -> f64 {
    log.events.iter().filter(|event| of(&event.fact)).count() as f64
}

fn shots(log: &EventLog) -> f64 {
    count(log, |fact| matches!(fact, Fact::ShotFired { .. }))
}

fn losses(log: &EventLog) -> f64 {
    count(log, |fact| matches!(fact, Fact::Destroyed { .. }))
}

fn declined(log: &EventLog, reason: Reason) -> f64 {
    count(
        log,
        |fact| matches!(fact, Fact::ShotDeclined { decision, .. } if decision.reason == reason),
    )
}

#[test]
fn chord() {
    let scenario = load("chord", &[]);
    let log = simulate(
        &scenario,
        deconflict::record::Replication { seed: 1, index: 0 },
        Detail::Full,
    );
    // 2 sqrt(20^2 - 12^2) km / 60 m/s = 533.3 s: that many whole seconds, and from the first to the last of them.
    let tally = &log.tallies[0];
    assert!(
        (tally.looks as f64 - 1600.0 / 3.0).abs() < 1.0,
        "{} looks",
        tally.looks
    );
    assert_eq!(tally.looks, tally.detections);
    assert!(
        (tally.tracked_s - 1600.0 / 3.0).abs() < 2.0,
        "{} s",
        tally.tracked_s
    );
}

#[test]
fn mean_chord() {
    let looks = fly("mean-chord", &[], 20_000, |log| {
        log.tallies
            .first()
            .map_or(0.0, |tally| tally.detections as f64)
    });
    mean_is(&looks, std::f64::consts::PI * 20_000.0 / 2.0 / 60.0);
}

/// Two flows cross at one level: losses per hour of the clock, and how near they come. Losses are counted by the instant of the least
/// distance within 100 h, which all come to that are there.
#[test]
fn crossing_flows() {
    let (limit_m, replications) = (9_260.0, 400);
    let mut laterals = Vec::new();
    let logs: Vec<Vec<f64>> = {
        let found = std::sync::Mutex::new(Vec::new());
        let counts = fly("crossing-flows", &[], replications, |log| {
            let hours = 1.0..101.0;
            let side = |aircraft: deconflict::ids::AircraftId| log.sorties[aircraft.index()].side;
            let lost = log.events.iter().filter_map(|event| match event.fact {
                Fact::SeparationLost {
                    aircraft,
                    other,
                    approach,
                } if side(aircraft) != side(other) && hours.contains(&approach.closest.hours()) => {
                    Some(approach.lateral_m)
                }
                _ => None,
            });
            let lost: Vec<f64> = lost.collect();
            let count = lost.len() as f64;
            found
                .lock()
                .expect("no panic")
                .push((log.replication.index, lost));
            count
        });
        let mut found = found.into_inner().expect("no panic");
        found.sort_by_key(|(index, _)| *index);
        let relative = (85.0_f64 * 85.0 + 60.0 * 60.0).sqrt();
        let rate = 2.0 * limit_m * relative / (85.0 * 60.0) / 3600.0;
        assert!((rate - 0.104_95).abs() < 5e-6);
        mean_is(&counts, 100.0 * rate);
        found.into_iter().map(|(_, lost)| lost).collect()
    };
    laterals.extend(logs.into_iter().flatten());
    mean_is(&laterals, limit_m / 2.0);
    let near = |share: f64| {
        laterals
            .iter()
            .filter(|&&lateral| lateral < share * limit_m)
            .count()
    };
    assert!(laterals.iter().all(|&lateral| lateral < limit_m));
    let (n, tenth) = (laterals.len() as f64, near(0.1) as f64);
    assert!((tenth / n - 0.1).abs() < 4.9 * (0.09 / n).sqrt());
}

#[test]
fn n_looks() {
    let seen = fly("n-looks", &[], 20_000, |log| {
        count(log, |fact| matches!(fact, Fact::TrackConfirmed { .. })).min(1.0)
    });
    share_is(&seen, 1.0 - 0.7f64.powi(5));
}

#[test]
fn two_of_three() {
    let scans = fly("track-2-of-3", &[], 20_000, |log| {
        let confirmed = log
            .events
            .iter()
            .find(|event| matches!(event.fact, Fact::TrackConfirmed { .. }));
        confirmed.expect("a track").time.seconds() / 10.0
    });
    let p = 0.5;
    mean_is(&scans, (1.0 + p * (2.0 - p)) / (p * p * (2.0 - p)));
}

#[test]
fn random_walk_identification() {
    let track = |log: &EventLog| {
        log.events
            .iter()
            .find_map(|event| match &event.fact {
                Fact::TrackEnded { track, .. } => Some(*track),
                _ => None,
            })
            .expect("a track")
    };
    let [wrong, looks] = fly_once("random-walk-identification", &[], 20_000, |log| {
        let track = track(log);
        let identity = track.first_identity;
        assert!(matches!(identity, Identity::Neutral | Identity::Hostile));
        let wrong = f64::from(identity == Identity::Neutral);
        [wrong, f64::from(track.looks)]
    });
    share_is(&wrong, 1.0 / 17.0);
    mean_is(&looks, 2.0 * (1.0 - 2.0 / 17.0) / 0.6);
}

/// .95 (1 - e^-2) (1 - e^-.75) erf(5 / (2 sqrt 2)).
const CHAIN: f64 = 0.428_03;

#[test]
fn notice_chain() {
    let state = |log: &EventLog, wanted: NoticeState| {
        count(
            log,
            |fact| matches!(fact, Fact::Declared { notice, .. } if *notice == wanted),
        )
        .min(1.0)
    };
    let [saved, unfiled, late, off_route] = fly_once("plan-delivery-chain", &[], 20_000, |log| {
        let (saved, lost) = (declined(log, Reason::PlanMatched), losses(log));
        assert_eq!(saved + lost, 1.0, "matched and spared, or shot down");
        let states = [
            NoticeState::NotFiled,
            NoticeState::Late,
            NoticeState::OffRoute,
        ];
        let [unfiled, late, off_route] = states.map(|wanted| state(log, wanted));
        [saved, unfiled, late, off_route]
    });
    let formula = 0.95 * (1.0 - (-2.0f64).exp()) * (1.0 - (-0.75f64).exp()) * 0.987_580_669;
    assert!((formula - CHAIN).abs() < 1e-5);
    share_is(&saved, formula);
    // Each link of the chain breaks as often as its factor says: not filed; late; then off time; then off route.
    share_is(&unfiled, 0.05);
    share_is(&late, 0.95 * (-2.0f64).exp());
    share_is(
        &off_route,
        0.95 * (1.0 - (-2.0f64).exp()) * (1.0 - 0.987_580_669),
    );
}

/// A plan is acted on at the scan after it comes, as a rule's word and as evidence, whenever the next declaration is.
#[test]
fn a_plan_that_comes_in_between_is_acted_on() {
    share_is(&fly("plan-in-between", &[], 10_000, losses), 0.5);
    let evidence = [
        "rules.flight_plan_notice=none",
        "site_classes.watch.identification.combine=fused",
        "site_classes.watch.identification.prior={ friend = 0, neutral = 1, hostile = 1 }",
        "site_classes.watch.identification.identity.hostile=0.8",
        "site_classes.watch.identification.flight_plan.assumed={ friend = 0.8, neutral = 0.8, hostile = 0.05 }",
    ];
    let lost = fly("plan-in-between", &evidence, 10_000, |log| {
        let mut came = 0.0;
        for event in &log.events {
            match event.fact {
                Fact::Declared {
                    posterior, notice, ..
                }
                | Fact::Reassessed {
                    posterior, notice, ..
                } => {
                    let hostile = if notice.matched() {
                        1.0 / 17.0
                    } else {
                        19.0 / 23.0
                    };
                    assert!((posterior[2] - hostile).abs() < 1e-9);
                    came += f64::from(u8::from(notice.matched()));
                }
                _ => {}
            }
        }
        assert_eq!(came + losses(log), 1.0, "it came in time, or not");
        losses(log)
    });
    share_is(&lost, 0.5);
}

#[test]
fn neutral_losses() {
    let loss = |q: f64| ((1.0 - q) * 0.5 + q * 0.02) * 0.84;
    share_is(&fly("neutral-loss", &[], 20_000, losses), loss(0.0));
    share_is(&fly("neutral-loss-q-428", &[], 20_000, losses), loss(CHAIN));
    share_is(&fly("neutral-loss-q-900", &[], 20_000, losses), loss(0.9));
    for (q, golden) in [(0.0, 0.42), (CHAIN, 0.2474), (0.9, 0.0571)] {
        assert!((loss(q) - golden).abs() < 5e-5);
    }
}

#[test]
fn bayes_and_the_coordination_paradox() {
    let posterior = |site: &'static str, aircraft: &'static str| {
        mean(&fly("bayes-plan-source", &[], 20, move |log| {
            log.events
                .iter()
                .find_map(|event| match event.fact {
                    Fact::Declared { posterior, .. }
                        if log.sites[event.fact.site()?.index()].name == site
                            && log.sorties[event.fact.aircraft()?.index()].name == aircraft =>
                    {
                        Some(posterior[2])
                    }
                    _ => None,
                })
                .expect("a declaration")
        }))
    };
    // .6 : .02 : .2; times .98 : .2 : .2 without a plan; times .02 : .8 : .8 with one.
    for (site, aircraft, expected, golden) in [
        ("no-service", "filed", 0.6 / 0.82, 0.7317),
        ("no-service", "unfiled", 0.6 / 0.82, 0.7317),
        ("service", "unfiled", 0.588 / (0.588 + 0.044), 0.9304),
        ("service", "filed", 0.012 / (0.012 + 0.176), 0.0638),
    ] {
        assert!(
            (posterior(site, aircraft) - expected).abs() < 1e-9,
            "{site} against {aircraft}"
        );
        assert!((expected - golden).abs() < 5e-5);
    }
}

/// The same with the missing reply asked for, and what it comes to: the neutral that the service does not know is fired at.
#[test]
fn whom_a_plan_service_does_not_cover_it_endangers() {
    let scenario = load("coordination-paradox", &[]);
    let replication = deconflict::record::Replication { seed: 1, index: 0 };
    let log = simulate(&scenario, replication, Detail::Full);
    let site_of = |fact: &Fact| Some(log.sites[fact.site()?.index()].name.clone());
    let aircraft_of = |fact: &Fact| Some(log.sorties[fact.aircraft()?.index()].name.clone());
    for (site, aircraft, golden) in [
        ("no-service", "covered-no-service", 0.7317),
        ("no-service", "uncovered-no-service", 0.7317),
        ("service", "uncovered-service", 0.9304),
        ("service", "covered-service", 0.0638),
    ] {
        let (posterior, ledger) = log
            .events
            .iter()
            .find_map(|event| match &event.fact {
                fact @ Fact::Declared {
                    posterior, ledger, ..
                } if site_of(fact).as_deref() == Some(site)
                    && aircraft_of(fact).as_deref() == Some(aircraft) =>
                {
                    Some((posterior[2], ledger))
                }
                _ => None,
            })
            .expect("a declaration");
        assert!((posterior - golden).abs() < 5e-5, "{aircraft}: {posterior}");
        let said: Vec<&str> = ledger.iter().map(|entry| entry.id_source).collect();
        let plan = ledger.iter().find(|entry| entry.id_source == "flight_plan");
        assert_eq!(said.last(), Some(&"iff"), "{said:?}");
        assert_eq!(plan.is_some(), site == "service");
    }
    let fired_at: Vec<String> = log
        .events
        .iter()
        .filter(|event| matches!(event.fact, Fact::ShotFired { .. }))
        .filter_map(|event| aircraft_of(&event.fact))
        .collect();
    assert_eq!(fired_at, ["uncovered-service"]);
}

#[test]
fn salvo() {
    share_is(&fly("salvo", &[], 20_000, losses), 0.84);
    assert!(
        fly("salvo", &[], 200, shots)
            .iter()
            .all(|shots| *shots == 2.0)
    );
}

#[test]
fn shoot_look_shoot() {
    let read = |log: &EventLog| [losses(log), shots(log)];
    let [losses, shots] = fly_once("shoot-look-shoot", &[], 20_000, read);
    share_is(&losses, 0.936);
    mean_is(&shots, 1.56);
}

#[test]
fn four_sites() {
    share_is(
        &fly("four-sites", &[], 20_000, losses),
        1.0 - 0.9f64.powi(4),
    );
}

/// Sites that are there a quarter of the time; and, of one with short turns that never misses, whether it is there at some time in a
/// stay of T: 1 - (1 - a) exp(-T / off).
#[test]
fn sites_that_are_not_always_there() {
    let lost = 1.0 - (1.0 - 0.25 * 0.5f64).powi(3);
    share_is(&fly("readiness", &[], 20_000, losses), lost);
    let one = [
        "sites.site-north.count=0",
        "sites.site-south.count=0",
        "site_classes.watch.weapon.kill_probability=1",
        "site_classes.watch.sensor.scan_s=0.05",
        "site_classes.watch.sensor.scan_phase.fixed.first_s=0.05",
        "site_classes.watch.readiness.renewal.mean_on_h=0.016666666666666666",
        "site_classes.watch.readiness.renewal.mean_off_h=0.05",
    ];
    let ever = 1.0 - 0.75 * (-1.0f64).exp();
    share_is(&fly("readiness", &one, 20_000, losses), ever);
}

/// Word from a node has silent sites live, all of them at once, and only of hostile aircraft.
#[test]
fn a_node_has_silent_sites_go_live() {
    let live = 0.6 * ((-151.0f64 / 600.0).exp() - (-549.0f64 / 600.0).exp());
    share_is(&fly("go-live", &[], 8000, losses), live);
    let neutral = ["relations.shooter.stranger=neutral"];
    assert_eq!(mean(&fly("go-live", &neutral, 200, shots)), 0.0);
    let ready_s = |log: &EventLog, number: u32| {
        let ready = Fact::SiteReady {
            site: SiteId(number),
        };
        let mut ready = log.events.iter().filter(move |event| event.fact == ready);
        ready.next().map_or(f64::NAN, |event| event.time.seconds())
    };
    let other = ["sites.site.count=2"];
    let apart = fly("go-live", &other, 200, |log| {
        let (one, other) = (ready_s(log, 0), ready_s(log, 1));
        f64::from(u8::from(one.to_bits() != other.to_bits()))
    });
    assert_eq!(mean(&apart), 0.0);
    // Live from the word on, within the scenario, and for 300 s.
    let sure = [
        "site_classes.watch.readiness.go_live.node.latency={fixed={delay_s=700}}",
        "site_classes.watch.readiness.go_live.node.hears=1",
    ];
    for (number, expected) in [(0, 700.0), (1, 1000.0)] {
        let at = fly("go-live", &sure, 3, |log| {
            let (ready, silent) = (
                Fact::SiteReady { site: SiteId(0) },
                Fact::SiteNotReady {
                    site: SiteId(0),
                    cause: NotReady::Silent,
                },
            );
            let wanted = [&ready, &silent][number];
            let last = log.events.iter().rfind(|event| event.fact == *wanted);
            last.map_or(f64::NAN, |event| event.time.seconds())
        });
        assert_eq!(at, vec![expected; 3]);
    }
}

/// A site that moves for a minute after each shot fires at 1, 61 and 121 s of 180, and so does one that reloads for as long; one that
/// does both goes by the later.
#[test]
fn a_site_fires_again_when_it_has_moved_and_reloaded() {
    let alone = [
        "sites.site-north.count=0",
        "sites.site-south.count=0",
        "site_classes.watch.readiness.renewal.mean_off_h=0",
        "site_classes.watch.weapon.kill_probability=0",
    ];
    let minute =
        "site_classes.watch.readiness.relocates={after_shots=1,hours=0.016666666666666666}";
    let reloads = "site_classes.watch.weapon.reload_s=60";
    let later = "site_classes.watch.weapon.reload_s=100";
    let many = "site_classes.watch.weapon.magazine=100";
    for (more, expected) in [
        (vec![minute, many], 3.0),
        (vec![reloads], 3.0),
        (vec![minute, reloads], 3.0),
        (vec![minute, later], 2.0),
        (vec![minute], 1.0),
    ] {
        let overrides = [&alone[..], &more].concat();
        let fired = fly("readiness", &overrides, 4, shots);
        assert_eq!(fired, vec![expected; 4], "{more:?}");
    }
}

/// Two sites that decide at once; a claim that takes no time leaves one shot, one that takes as long as reactions differ two.
#[test]
fn two_sites_claim_one_target() {
    let both = |overrides: &[&str], replications: u64| {
        fly("claims", overrides, replications, |log| shots(log) - 1.0)
    };
    let fraction = 5.0 / 15.0;
    share_is(
        &both(&[], 20_000),
        1.0 - (1.0 - fraction) * (1.0 - fraction),
    );
    let at_once = "fire_distribution.shooter.claim_latency_s=0";
    assert_eq!(both(&[at_once], 200), vec![0.0; 200]);
    let late = "fire_distribution.shooter.claim_latency_s=15.001";
    assert_eq!(both(&[late], 200), vec![1.0; 200]);
    // Whoever is nearest fires, although both could: the other leaves it to him from the start.
    let nearest = [
        "fire_distribution.shooter.claim_latency_s=3600",
        "fire_distribution.shooter.best_shooter=nearest",
        "sites.site-east.position.at={east_m=9000,north_m=0}",
    ];
    let fired = fly("claims", &nearest, 50, |log| {
        let near = log.sites.iter().position(|site| site.name == "site-north");
        count(
            log,
            |fact| matches!(fact, Fact::ShotFired { site, .. } if Some(site.index()) == near),
        ) * 10.0
            + shots(log)
    });
    assert_eq!(fired, vec![11.0; 50]);
}

/// A target that lives is taken for destroyed, one that is destroyed for living: with P_k = 1 and a miss seen in half of all hits
/// 1 + 1/2 + 1/4 + 1/8 missiles go of four, and 2 of many, where nothing else tells that it is gone.
#[test]
fn assessments_err() {
    let r: f64 = 0.7 * 0.8;
    let lost = 0.3 * (1.0 - r.powi(4)) / (1.0 - r);
    share_is(&fly("false-assessment", &[], 20_000, losses), lost);
    let wasted = [
        "site_classes.watch.weapon.kill_probability=1",
        "site_classes.watch.weapon.assessment.delayed.false_kill=0",
        "site_classes.watch.weapon.assessment.delayed.false_miss=0.5",
        "site_classes.watch.tracker.loss_seen=false",
        "site_classes.watch.tracker.drop_misses=32",
    ];
    mean_is(&fly("false-assessment", &wasted, 20_000, shots), 1.875);
    let many = [&wasted[..], &["site_classes.watch.weapon.magazine=100"]].concat();
    mean_is(&fly("false-assessment", &many, 20_000, shots), 2.0);
    // Where the loss is seen, nothing is wasted.
    assert_eq!(
        fly("false-assessment", &wasted[..3], 50, shots),
        vec![1.0; 50]
    );
}

#[test]
fn poisson_thinning() {
    let without = fly("poisson-thinning", &[], 4_000, |log| {
        f64::from(losses(log) == 0.0)
    });
    share_is(&without, (-1.8f64).exp());
}

#[test]
fn competing_rates() {
    let neutral = fly("competing-rates", &[], 4_000, |log| {
        assert_eq!(losses(log), 1.0);
        count(log, |fact| match fact {
            Fact::Destroyed { aircraft, site, .. } => {
                log.affiliation(*site, *aircraft) == deconflict::record::Affiliation::Neutral
            }
            _ => false,
        })
    });
    share_is(&neutral, 1.0 / 7.0);
}

#[test]
fn hold_holds() {
    let shots_and_declines = fly("limit-hold", &[], 200, |log| {
        shots(log) * 1000.0 + declined(log, Reason::WeaponsHold).min(1.0)
    });
    assert!(
        shots_and_declines.iter().all(|number| *number == 1.0),
        "no shot, and the status is why"
    );
}

#[test]
fn perfect_identification_makes_no_mistake() {
    let wrong = fly("limit-perfect-identification", &[], 200, |log| {
        count(log, |fact| match fact {
            Fact::ShotFired { aircraft, site, .. } => {
                log.affiliation(*site, *aircraft) != deconflict::record::Affiliation::Hostile
            }
            _ => false,
        })
    });
    assert!(wrong.iter().all(|wrong| *wrong == 0.0));
    assert!(
        fly("limit-perfect-identification", &[], 200, shots)
            .iter()
            .all(|shots| *shots > 0.0)
    );
}

/// Without kills nothing is lost, and until the first resolution the story is that of any other P_k.
#[test]
fn what_never_hits_never_kills() {
    assert!(
        fly("limit-no-kill", &[], 200, losses)
            .iter()
            .all(|losses| *losses == 0.0)
    );
    let first_salvo = |log: &EventLog| {
        let first = log
            .events
            .iter()
            .find(|event| matches!(event.fact, Fact::ShotFired { .. }));
        first.map_or(-1.0, |event| {
            event.time.seconds() * 1000.0 + event.fact.aircraft().map_or(-1.0, |id| f64::from(id.0))
        })
    };
    let never = fly("limit-no-kill", &[], 200, first_salvo);
    let often = fly(
        "limit-no-kill",
        &["site_classes.watch.weapon.kill_probability=0.9"],
        200,
        first_salvo,
    );
    assert!(
        never.iter().all(|first| *first >= 0.0),
        "every replication has a salvo"
    );
    assert_eq!(never, often);
}

#[test]
fn out_of_reach_is_out_of_danger() {
    assert!(
        fly("limit-shoulder-fired", &[], 200, shots)
            .iter()
            .all(|shots| *shots == 0.0)
    );
    let tracks = fly("limit-shoulder-fired", &[], 200, |log| {
        count(log, |fact| matches!(fact, Fact::TrackConfirmed { .. })).min(1.0)
    });
    assert!(mean(&tracks) > 0.5, "the site sees what it cannot reach");
}

/// Probability that a normal number lies within one sigma.
const ONE_SIGMA: f64 = 0.682_689_492_137_085_9;

fn cancelled(log: &EventLog) -> f64 {
    count(log, |fact| matches!(fact, Fact::SortieCancelled { .. }))
}

/// R5 alone causes the shots, at whoever passes near enough and at nobody else.
#[test]
fn self_defence() {
    share_is(&fly("self-defence", &[], 4000, losses), ONE_SIGMA);
    let wide = |log: &EventLog| {
        let shot =
            |event: &&deconflict::record::Event| matches!(event.fact, Fact::ShotFired { .. });
        let beyond = log
            .events
            .iter()
            .filter(shot)
            .filter(|event| event.place[1].abs() > 2000.0);
        beyond.count() as f64
    };
    assert_eq!(mean(&fly("self-defence", &[], 1000, wide)), 0.0);
    let nearer = ["rules.self_defence.approach_m=999"];
    assert_eq!(
        mean(&fly("self-defence", &nearer, 200, shots)),
        0.0,
        "all pass at 1000 m or more"
    );
    let faster = ["rules.self_defence.min_closing_mps=60.1"];
    assert_eq!(
        mean(&fly("self-defence", &faster, 200, shots)),
        0.0,
        "nobody is as fast"
    );
    // A protected identity is not overridden.
    let friend = ["site_classes.watch.identification.actual.neutral={neutral=1,unknown=0}"];
    assert_eq!(mean(&fly("self-defence", &friend, 200, shots)), 0.0);
    let by_r5 = |log: &EventLog| {
        count(
            log,
            |fact| matches!(fact, Fact::ShotFired { decision, .. } if decision.rule == "R5"),
        )
    };
    let all = fly(
        "self-defence",
        &["flights.passer.cross_track_sigma_m=0"],
        100,
        by_r5,
    );
    assert_eq!(mean(&all), 1.0);
}

/// R7 alone prevents the shots.
#[test]
fn hotline_query() {
    let kill = 0.6;
    let in_time = 1.0 - (-1.5f64).exp();
    let loss = (1.0 - 0.9 * 0.8 * in_time) * kill;
    assert!((loss - 0.26439).abs() < 1e-5);
    share_is(&fly("hotline", &[], 20_000, losses), loss);
    let queries = |log: &EventLog| count(log, |fact| matches!(fact, Fact::QuerySent { .. }));
    assert!(
        fly("hotline", &[], 500, queries)
            .iter()
            .all(|count| *count == 1.0)
    );
    let confirmed = |log: &EventLog| declined(log, Reason::HotlineConfirmed).min(1.0);
    share_is(&fly("hotline", &[], 4000, confirmed), 0.9 * 0.8 * in_time);
    // Nobody knows the owner; nobody answers; the answer comes too late: as if nobody had been asked, but later.
    for nothing in [
        "nodes=[]",
        "own_flights=0",
        "answers=0",
        "timeout_s=0",
        "placebo=delay",
        "placebo=defaults",
        // It knows flights of its own, and where they are.
        "nodes=[\"shooters\"]",
    ] {
        let nothing = format!("rules.hotline_query.{nothing}");
        share_is(&fly("hotline", &[&nothing], 4000, losses), kill);
    }
    // The node that answers holds the plan.
    let plan = [
        "rules.hotline_query.own_flights=0",
        "rules.hotline_query.nodes=[\"liaison\"]",
    ];
    let by_plan = (1.0 - 0.8 * in_time) * kill;
    share_is(&fly("hotline", &plan, 4000, losses), by_plan);
    // It goes by the place: off its plan nobody knows the aircraft, and where somebody else is announced a hostile is confirmed.
    let late = "flights.passer.start.departs.delay.fixed.delay_s=500";
    let off_time = [&plan[..], &[late, "rules.hotline_query.gate_s=400"]].concat();
    share_is(&fly("hotline", &off_time, 4000, losses), kill);
    let in_gate = [&plan[..], &[late, "rules.hotline_query.gate_s=600"]].concat();
    share_is(&fly("hotline", &in_gate, 4000, losses), by_plan);
    let raider = "flights={ raider = { aircraft = \"point\", side = \"enemy\", turns = \"instant\", \
        start.departs = { after_s = 30, at_altitude = true }, route.waypoints = { points = [\
        { east_m = -30_000, north_m = 1_000 }, { east_m = 30_000, north_m = 1_000 }] } } }";
    let enemy = [
        &plan[..],
        &[
            "sides={ enemy = {} }",
            "relations.shooter.enemy=hostile",
            // He takes whom the plan is for out of the sky, and not its plan.
            raider,
            "flights.passer.start.departs.delay.fixed.delay_s=1_700",
            "site_classes.watch.weapon.magazine=1",
        ],
    ]
    .concat();
    let raid_lost = |log: &EventLog| {
        count(log, |fact| match fact {
            Fact::Destroyed { aircraft, .. } => {
                let sortie = &log.sorties[aircraft.index()];
                log.cast.sides[sortie.side.index()] == "enemy"
            }
            _ => false,
        })
    };
    share_is(&fly("hotline", &enemy, 4000, raid_lost), by_plan);
    // A confirmation that lapses saves nobody who is still there.
    let lapsed = ["rules.hotline_query.valid_s=100"];
    share_is(&fly("hotline", &lapsed, 4000, losses), kill);
    // The decision is delayed to the answer or the timeout: E min(X, 90) = 60 (1 - e^-1.5), and scans on whole seconds.
    let always = [
        "rules.hotline_query.nodes=[]",
        "rules.hotline_query.answers=1",
        "rules.hotline_query.latency={fixed={delay_s=60}}",
    ];
    let delay = |log: &EventLog| {
        let first = |of: &dyn Fn(&Fact) -> bool| {
            let found = log.events.iter().find(|event| of(&event.fact));
            found.map_or(f64::NAN, |event| event.time.seconds())
        };
        first(&|fact| matches!(fact, Fact::ShotFired { .. }))
            - first(&|fact| matches!(fact, Fact::QuerySent { .. }))
    };
    assert!(
        fly("hotline", &always, 50, delay)
            .iter()
            .all(|delay| *delay == 60.0)
    );
}

/// R9 alone prevents the shots, also at a hostile.
#[test]
fn corridor() {
    let loss = 1.0 - 0.8 * ONE_SIGMA;
    assert!((loss - 0.45385).abs() < 1e-5);
    share_is(&fly("corridor", &[], 4000, losses), loss);
    let abused = ["relations.shooter.stranger=hostile"];
    assert_eq!(
        fly("corridor", &[], 500, losses),
        fly("corridor", &abused, 500, losses)
    );
    let heeded = "rules.corridors.compliance=1";
    let narrow = [heeded, "flights.passer.cross_track_sigma_m=0"];
    assert_eq!(mean(&fly("corridor", &narrow, 100, shots)), 0.0);
    for away in [
        "corridors.lane.top_m=999",
        "corridors.lane.from_h=0.45",
        "rules.corridors.compliance=0",
    ] {
        let overrides = [heeded, "flights.passer.cross_track_sigma_m=0", away];
        assert_eq!(
            mean(&fly("corridor", &overrides, 100, losses)),
            1.0,
            "{away}"
        );
    }
}

/// R10 alone causes the shots.
#[test]
fn restricted_operations_zone() {
    share_is(&fly("restricted-operations-zone", &[], 8000, losses), 0.2);
    share_is(
        &fly("restricted-operations-zone", &[], 8000, cancelled),
        0.2,
    );
    let all = ["rules.restricted_operations_zone.compliance=1"];
    assert_eq!(
        mean(&fly("restricted-operations-zone", &all, 500, losses)),
        0.0
    );
    assert_eq!(
        mean(&fly("restricted-operations-zone", &all, 500, cancelled)),
        0.0
    );
    let unaware = [
        "rules.restricted_operations_zone.compliance=0",
        "rules.restricted_operations_zone.stays_out=0",
    ];
    assert_eq!(
        mean(&fly("restricted-operations-zone", &unaware, 100, losses)),
        1.0
    );
    let out = [
        "rules.restricted_operations_zone.compliance=0",
        "rules.restricted_operations_zone.stays_out=1",
    ];
    assert_eq!(
        mean(&fly("restricted-operations-zone", &out, 100, cancelled)),
        1.0
    );
    // Who complies is coordinated, and nobody else: of those that fly .6 of .8, and none of those that are lost.
    let coordinated = |log: &EventLog| {
        let at = log.coordinated(SiteId(0), AircraftId(0));
        let lost = losses(log) > 0.0;
        assert!(!(at && lost));
        f64::from(u8::from(at))
    };
    share_is(
        &fly("restricted-operations-zone", &[], 8000, coordinated),
        0.6,
    );
    for harmless in [
        "rules.restricted_operations_zone.exempt=[\"harbour\"]",
        "rules.restricted_operations_zone.until_h=0.35",
        "rules.restricted_operations_zone.authority=embassy",
        "rules.weapons_control.status=hold",
        "zones.closed.floor_m=1001",
        "site_classes.watch.identification.actual.neutral={neutral=1,unknown=0}",
    ] {
        let overrides = [unaware[0], unaware[1], harmless];
        assert_eq!(
            mean(&fly("restricted-operations-zone", &overrides, 50, shots)),
            0.0,
            "{harmless}"
        );
    }
    // A hostile is not asked: it can neither comply nor stay out, and is fired at all the same.
    let hostile = ["relations.shooter.stranger=hostile"];
    assert_eq!(
        mean(&fly("restricted-operations-zone", &hostile, 100, losses)),
        1.0
    );
    let by_r10 = |log: &EventLog| {
        count(
            log,
            |fact| matches!(fact, Fact::ShotFired { decision, .. } if decision.rule == "R10"),
        )
    };
    assert_eq!(
        mean(&fly("restricted-operations-zone", &unaware, 50, by_r10)),
        1.0
    );
    // Inside from 1450 s to 1950 s, but for a strip from 1650 s to 1750 s: a dwell begins anew after it.
    let fired_s = |more: &[&str]| {
        let overrides = [&unaware[..], more].concat();
        let times = fly("restricted-operations-zone", &overrides, 5, first_shot_s);
        assert!(
            times
                .iter()
                .all(|time| time.to_bits() == times[0].to_bits())
        );
        times[0]
    };
    let strip = "zones.strip.area.box={ south_west = { east_m = -2999, north_m = -1000 }, north_east = { east_m = 2999, north_m = 1000 } }";
    let exempt = ["rules.restricted_operations_zone.exempt=[\"strip\"]", strip];
    for (dwell_s, whole_s, broken_s) in [
        ("0", 1450.0, 1450.0),
        ("99.5", 1550.0, 1550.0),
        ("150", 1600.0, 1600.0),
        ("250", 1700.0, f64::NAN),
        ("499", 1949.0, f64::NAN),
        ("501", f64::NAN, f64::NAN),
    ] {
        let dwell = format!("rules.restricted_operations_zone.dwell_s={dwell_s}");
        for (more, expected) in [(&[][..], whole_s), (&exempt, broken_s)] {
            let fired = fired_s(&[&[dwell.as_str()], more].concat());
            assert!(
                fired == expected || fired.is_nan() && expected.is_nan(),
                "{dwell_s} s: {fired}"
            );
        }
    }
    // Declared neutral, and held Unknown: not fired at while neutral is civil, which it is unless others are named.
    let declared = [
        "site_classes.watch.identification.actual.neutral={neutral=1,unknown=0}",
        "site_classes.watch.identification.identity.neutral=1",
    ];
    assert!(fired_s(&declared).is_nan());
    for civil in ["[]", "[\"hostile\"]"] {
        let named = format!("rules.restricted_operations_zone.civil={civil}");
        assert_eq!(fired_s(&[declared[0], declared[1], &named]), 1450.0);
    }
}

/// R2's dwell: a run of declarations, and what waits for what.
#[test]
fn dwell() {
    share_is(&fly("dwell", &[], 8000, losses), 0.65536);
    // Four in a row of ten: p^4 (1 + 6 q), less p^8 q (2 + q), as two such runs may fit (de Moivre).
    let shorter = [
        "site_classes.watch.identification.actual.neutral={hostile=0.6,unknown=0.4}",
        "rules.hostile_criteria.dwell_s=30",
    ];
    let p4 = 0.6f64.powi(4);
    let once = p4 * (1.0 + 6.0 * 0.4);
    let both = p4 * p4 * 0.4 * (2.0 + 0.4);
    share_is(&fly("dwell", &shorter, 8000, losses), once - both);
    let sure = "site_classes.watch.identification.actual.neutral={hostile=1,unknown=0}";
    let second = "rules.second_operator={ time = { fixed = { delay_s = 20 } }, same_picture = 1 }";
    let hotline = "rules.hotline_query={ answers = 0, timeout_s = 30 }";
    // First seen and declared at 451 s, last at 549 s, each 10 s.
    for (more, expected) in [
        (&["rules.hostile_criteria.dwell_s=0"][..], 451.0),
        (&[], 491.0),
        (&["rules.weapons_control.status=free"], 491.0),
        (&["rules.hostile_criteria.dwell_s=40.001"], 492.0),
        (&["rules.hostile_criteria.dwell_s=98"], 549.0),
        (&["rules.hostile_criteria.dwell_s=99"], f64::NAN),
        (&["rules.hostile_criteria.declarations=3"], 511.0),
        (&["rules.hostile_criteria.id_sources=2"], f64::NAN),
        (&[second], 511.0),
        (&[hotline], 521.0),
        (&[second, hotline], 541.0),
        (
            // At 1000 m it comes within 1100 m where |x| <= 458 m, 20 s before which it is fired at.
            &["rules.self_defence={ approach_m = 1100, within_s = 20 }"],
            473.0,
        ),
    ] {
        let overrides = [&[sure], more].concat();
        let fired = mean(&fly("dwell", &overrides, 5, first_shot_s));
        assert!(
            fired == expected || fired.is_nan() && expected.is_nan(),
            "{more:?}: {fired}"
        );
    }
}

/// The identity that is right and kept, of a neutral and of a hostile aircraft: what is said in the file, by the columns of a log.
#[test]
fn identity_kept() {
    let (q, n) = (0.3f64, 10);
    let kept_s = |k: i32| 10.0 * f64::from(k) * q * (1.0 - q).powi(n - k);
    let sum_s: f64 = (1..n).map(kept_s).sum();
    let names = [
        "identity_kept",
        "track_identity_kept",
        "identity_kept_s",
        "identity_changes",
        "identity_seen",
        "identity_track_hours",
        "suspect_hours",
    ];
    let hostile = "relations.shooter.stranger=hostile";
    for changes in [&[][..], &[hostile]] {
        let columns = Columns::new(&load("identity-kept", changes).cast);
        let at = names.map(|name| columns.position(name).expect("the column is there"));
        let read = |log: &EventLog| {
            let values = columns.measure(log).values;
            at.map(|position| values[position])
        };
        let [kept, track_kept, kept_s, changed, seen, hours, suspect] =
            fly_once("identity-kept", changes, 8000, read);
        share_is(&kept, 1.0 - q);
        share_is(&track_kept, 1.0 - q);
        mean_is(&kept_s, sum_s);
        mean_is(&changed, 1.0 + 9.0 * 2.0 * q * (1.0 - q));
        assert_eq!(mean(&seen), 1.0);
        let hours = mean(&hours);
        assert!((hours - 99.0 / 3600.0).abs() < 1e-9, "{hours}");
        assert_eq!(mean(&suspect), 0.0);
    }
    assert!((sum_s / (1.0 - q) - 67.61).abs() < 0.01, "{sum_s}");
}

/// R13 alone prevents the shots.
#[test]
fn agreed_squawk() {
    let lost = |side: &'static str| {
        move |log: &EventLog| {
            count(log, |fact| match fact {
                Fact::Destroyed { aircraft, .. } => {
                    let sortie = &log.sorties[aircraft.index()];
                    log.cast.sides[sortie.side.index()] == side
                }
                _ => false,
            })
        }
    };
    share_is(&fly("agreed-squawk", &[], 2000, lost("stranger")), 0.3);
    share_is(&fly("agreed-squawk", &[], 2000, lost("ally")), 0.18);
    let none = ["rules.agreed_squawk.sides=[]"];
    assert_eq!(mean(&fly("agreed-squawk", &none, 100, losses)), 2.0);
    let on = ["rules.agreed_squawk.squawk_on=1"];
    assert_eq!(mean(&fly("agreed-squawk", &on, 100, shots)), 0.0);
    let iff = ["rules.agreed_squawk.squawk=false"];
    share_is(&fly("agreed-squawk", &iff, 1000, lost("ally")), 0.6);
    assert_eq!(
        mean(&fly("agreed-squawk", &iff, 100, lost("stranger"))),
        1.0
    );
}

/// Time of the first shot, s; not a number without one.
fn first_shot_s(log: &EventLog) -> f64 {
    let fired = |fact: &Fact| matches!(fact, Fact::ShotFired { .. });
    let first = log.events.iter().find(|event| fired(&event.fact));
    first.map_or(f64::NAN, |event| event.time.seconds())
}

/// 1 if the first shot falls at the first scan, which is at 1 s.
fn at_once(log: &EventLog) -> f64 {
    f64::from(first_shot_s(log) == 1.0)
}

/// R4 alone holds fire, and alone lets it go.
#[test]
fn lost_comms() {
    let held = fly("lost-comms", &[], 4000, at_once);
    share_is(&held, 2.0 / 3.0);
    let autonomous = [
        "rules.lost_comms.fallback=autonomous",
        "rules.weapons_control.status=hold",
    ];
    share_is(&fly("lost-comms", &autonomous, 4000, at_once), 1.0 / 3.0);
    for fallback in ["hold", "self_defence"] {
        let fallback = format!("rules.lost_comms.fallback={fallback}");
        let all = [
            fallback.as_str(),
            "rules.lost_comms.outages=[{ until_h = 1 }]",
        ];
        assert_eq!(mean(&fly("lost-comms", &all, 50, shots)), 0.0, "{fallback}");
    }
    let defended = [
        "rules.lost_comms.fallback=self_defence",
        "rules.lost_comms.outages=[{ until_h = 1 }]",
        "rules.self_defence={ approach_m = 40_000, within_s = 600 }",
    ];
    assert_eq!(mean(&fly("lost-comms", &defended, 50, at_once)), 1.0);
    // An outage met at the first scan, after 1 s, is as old as T already with e^(-T / MTTR), T = 15 min.
    let patient = ["rules.lost_comms.timeout_s=900"];
    let waits = 1.0 / 3.0 * (-0.5f64).exp();
    share_is(&fly("lost-comms", &patient, 4000, at_once), 1.0 - waits);
    let rare = ["rules.lost_comms.mtbf_h=8784"];
    share_is(&fly("lost-comms", &rare, 4000, at_once), 8784.0 / 8784.5);
    for nothing in ["fallback=keep", "timeout_s=86_400", "mttr_min=0"] {
        let nothing = format!("rules.lost_comms.{nothing}");
        assert_eq!(
            mean(&fly("lost-comms", &[&nothing], 200, at_once)),
            1.0,
            "{nothing}"
        );
    }
    // While the command link is down nobody answers the hotline, and a plan comes when it is up again, at 0.1 h.
    let asked = [
        "rules.lost_comms.outages=[{ until_h = 0.1 }]",
        "rules.lost_comms.mttr_min=0",
        "rules.lost_comms.fallback=keep",
        "rules.hotline_query={ nodes = [\"embassy\"], timeout_s = 600, latency.fixed = { delay_s = 5 } }",
    ];
    let waiting = |log: &EventLog| declined(log, Reason::AwaitingAnswer);
    assert_eq!(mean(&fly("lost-comms", &asked, 20, shots)), 0.0);
    assert_eq!(mean(&fly("lost-comms", &asked, 20, waiting)), 1.0);
    let in_time = [
        &asked[..3],
        &["rules.hotline_query={ nodes = [\"embassy\"], timeout_s = 300 }"],
    ]
    .concat();
    assert_eq!(mean(&fly("lost-comms", &in_time, 20, first_shot_s)), 301.0);
    // The query gets through at 360 s and is answered 60 s later; nobody knows the aircraft, and it is fired at.
    let unknown = [
        &asked[..3],
        &["rules.hotline_query={ timeout_s = 600, latency.fixed = { delay_s = 60 } }"],
    ]
    .concat();
    assert_eq!(mean(&fly("lost-comms", &unknown, 20, first_shot_s)), 420.0);
    let planned = [
        &asked[..3],
        &[
            "site_classes.watch.identification.flight_plan={ lateral_gate_m = 2_000, window_s = 60 }",
            "flights.passer.plan={ addressees = [\"headquarters\"], notice_s = 0 }",
        ],
    ]
    .concat();
    let arrives = |log: &EventLog| {
        let notice = |fact: &Fact| matches!(fact, Fact::PlanDelivered { .. });
        let found = log.events.iter().find(|event| notice(&event.fact));
        found.map_or(f64::NAN, |event| event.time.seconds())
    };
    assert_eq!(mean(&fly("lost-comms", &planned, 20, arrives)), 360.0);
}

/// R12 alone prevents the shots outside.
#[test]
fn weapon_engagement_zone() {
    let outside = fly("weapon-engagement-zone", &[], 4000, losses);
    share_is(&outside, 0.3);
    for fired in [
        "margin_m=2_001",
        "areas=[{ zone = \"harbour\", classes = [\"far\"] }]",
        "compliance=0",
    ] {
        let fired = format!("rules.weapon_engagement_zone.{fired}");
        let all = fly("weapon-engagement-zone", &[&fired], 100, losses);
        assert_eq!(mean(&all), 1.0, "{fired}");
    }
    let nowhere = ["rules.weapon_engagement_zone.compliance=1"];
    assert_eq!(
        mean(&fly("weapon-engagement-zone", &nowhere, 100, shots)),
        0.0
    );
    let defended = [nowhere[0], "rules.weapon_engagement_zone.self_defence=true"];
    assert_eq!(
        mean(&fly("weapon-engagement-zone", &defended, 100, losses)),
        1.0
    );
}

/// R11 alone prevents the shots, as often as the measured height is inside.
#[test]
fn altitude_blocks() {
    let phi = normal_share;
    let inside = phi(2.0) - phi(-2.0 / 3.0);
    share_is(&fly("altitude-blocks", &[], 4000, losses), 1.0 - inside);
    // In the middle of the block; a block of two levels is flown a quarter off it, above or below.
    let middle = "rules.altitude_blocks.level_m=40_000";
    let keeps = ["rules.altitude_blocks.sides=[\"stranger\"]", middle];
    let inside = phi(4.0 / 3.0) - phi(-4.0 / 3.0);
    share_is(&fly("altitude-blocks", &keeps, 4000, losses), 1.0 - inside);
    // Whether a crew acts has nothing to do with how wrong it measures.
    let some = ["rules.altitude_blocks.compliance=0.25"];
    let inside = phi(2.0) - phi(-2.0 / 3.0);
    share_is(
        &fly("altitude-blocks", &some, 4000, losses),
        1.0 - 0.25 * inside,
    );
    for nothing in [
        "compliance=0",
        "blocks=[{ floor_m = 3_000, top_m = 4_000 }]",
    ] {
        let nothing = format!("rules.altitude_blocks.{nothing}");
        assert_eq!(mean(&fly("altitude-blocks", &[&nothing], 100, losses)), 1.0);
    }
}

/// The normal distribution function.
fn normal_share(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// R8: the window holds fire, by clocks that err; flights that keep to it come when it opens.
#[test]
fn time_windows() {
    let early = |log: &EventLog| f64::from(first_shot_s(log) < 1020.0);
    let expected = 1.0 - normal_share(0.5);
    share_is(&fly("time-windows", &[], 4000, early), expected);
    let exact = ["rules.time_windows.clock_error_s=0"];
    assert_eq!(mean(&fly("time-windows", &exact, 20, first_shot_s)), 1080.0);
    // 30 km out at 60 m/s the zone of 10 km begins after 333.3 s, at 933.3 s: shifted to 1080 s, by 146.667 s.
    let later = [
        exact[0],
        "rules.time_windows.windows=[{ from_h = 0.3, until_h = 0.5 }]",
        "rules.time_windows.zone=harbour",
        "rules.time_windows.sides=[\"stranger\"]",
        "rules.time_windows.compliance=0.6",
        "rules.weapons_control.status=hold",
    ];
    let departs = |log: &EventLog| {
        let off = |fact: &Fact| matches!(fact, Fact::Departed { .. });
        let found = log.events.iter().find(|event| off(&event.fact));
        found.map_or(f64::NAN, |event| event.time.seconds())
    };
    // The path is looked at every 100 m, 1.7 s.
    let waits = |log: &EventLog| f64::from((departs(log) - 746.667).abs() < 1.7);
    share_is(&fly("time-windows", &later, 4000, waits), 0.6);
    let past = [
        &later[..],
        &["rules.time_windows.windows=[{ until_h = 0.05 }]"],
    ]
    .concat();
    let cancelled =
        |log: &EventLog| count(log, |fact| matches!(fact, Fact::SortieCancelled { .. }));
    share_is(&fly("time-windows", &past, 4000, cancelled), 0.6);
}

/// R3 alone prevents and delays.
#[test]
fn engagement_authority() {
    share_is(&fly("engagement-authority", &[], 4000, losses), 0.4);
    let granted = ["rules.engagement_authority.threshold=0"];
    assert_eq!(
        mean(&fly("engagement-authority", &granted, 20, first_shot_s)),
        31.0
    );
    // Three requests at once: the k-th is answered after 30 k seconds; with nobody waiting only one is taken.
    let three = [granted[0], "flights.passer.count=3"];
    let answers = |log: &EventLog| {
        let waited = log.events.iter().filter_map(|event| match event.fact {
            Fact::RequestAnswered { waited, .. } => Some(waited.seconds()),
            _ => None,
        });
        waited.fold(0.0, |told: f64, waited| told * 1000.0 + waited)
    };
    let told = fly("engagement-authority", &three, 5, answers);
    assert_eq!(told, [30_060_090.0; 5]);
    let full = [&three[..], &["rules.engagement_authority.capacity=0"]].concat();
    assert_eq!(mean(&fly("engagement-authority", &full, 20, losses)), 1.0);
    let refused = |log: &EventLog| declined(log, Reason::ApprovalOverload);
    assert_eq!(mean(&fly("engagement-authority", &full, 20, refused)), 2.0);
    // Each site by itself has its own approval queue.
    let own = [
        &full[..],
        &[
            "rules.engagement_authority.level=site",
            "flights.passer.count=1",
        ],
    ]
    .concat();
    assert_eq!(mean(&fly("engagement-authority", &own, 20, losses)), 1.0);
    // Two sites ask about one aircraft: at one approval queue the second waits, at two neither.
    let two = [granted[0], "sites.site.count=2"];
    let other = "sites={ other = { class = \"watch\", side = \"shooter\", position.at = { east_m = 0, north_m = 0 }, command.node = \"second\" } }";
    let node = "nodes={ second = { side = \"shooter\" } }";
    let apart = [granted[0], node, other];
    for (level, sites, expected) in [
        ("joint", &two[..], 30_060.0),
        ("sector", &two, 30_060.0),
        ("site", &two, 30_030.0),
        ("joint", &apart, 30_060.0),
        ("sector", &apart, 30_030.0),
        ("site", &apart, 30_030.0),
    ] {
        let level_set = format!("rules.engagement_authority.level={level}");
        let set = [sites, &[level_set.as_str()]].concat();
        let told = fly("engagement-authority", &set, 5, answers);
        assert_eq!(told, [expected; 5], "{level}, {} of them", sites.len());
    }
    // What makes the authority refuse: a plan of whoever is no enemy where the track is said to be. A hostile there is safe, too.
    let raider = ["relations.shooter.stranger=hostile"];
    share_is(&fly("engagement-authority", &raider, 4000, losses), 1.0);
    let off = [
        "rules.engagement_authority.gate_s=1",
        "flights.passer.start.departs.delay.fixed.delay_s=10",
    ];
    share_is(&fly("engagement-authority", &off, 4000, losses), 1.0);
    // Refused at .43 and not at .42, by the authority's own prior: 9 / 2 odds of hostile become .375 with a plan, 10.7 without.
    for (more, expected) in [
        ("threshold=0.42", 1.0),
        ("threshold=0.43", 0.4),
        ("threshold=0.96", 0.0),
        ("prior={ friend = 0, neutral = 1, hostile = 0.5 }", 0.4),
        (
            "assumed={ friend = 0.5, neutral = 0.5, hostile = 0.5 }",
            1.0,
        ),
        ("placebo=delay", 1.0),
        ("placebo=defaults", 1.0),
    ] {
        let more = format!("rules.engagement_authority.{more}");
        share_is(
            &fly("engagement-authority", &[&more], 4000, losses),
            expected,
        );
    }
    // Two sites that see each for itself, one of which declares nothing, at one approval queue: the request of the second is weighed with what
    // the first has said. The odds are 81 with both, 81 * .05 / .6 = 6.75 with the plan: released, where 9 was not.
    let both = ["sites.site.count=2", "site_classes.watch.weapon.magazine=1"];
    let by_site = |log: &EventLog| {
        log.events
            .iter()
            .fold(0.0, |told: f64, event| match event.fact {
                Fact::RequestAnswered { granted, .. } => {
                    told * 10.0 + f64::from(u8::from(granted)) + 1.0
                }
                _ => told,
            })
    };
    let filed = [both[0], both[1], "flights.passer.plan.filed=1"];
    assert_eq!(fly("engagement-authority", &filed, 5, by_site), [12.0; 5]);
    let forgets = [&filed[..], &["rules.engagement_authority.level=site"]].concat();
    assert_eq!(fly("engagement-authority", &forgets, 5, by_site), [11.0; 5]);
    // Nobody answers: hold, or fire after the timeout.
    let silent = ["rules.engagement_authority.service={ fixed = { delay_s = 3_000 } }"];
    let timed_out = |log: &EventLog| declined(log, Reason::ApprovalTimedOut);
    assert_eq!(
        mean(&fly("engagement-authority", &silent, 20, timed_out)),
        1.0
    );
    let alone = [silent[0], "rules.engagement_authority.on_timeout=fire"];
    assert_eq!(
        mean(&fly("engagement-authority", &alone, 20, first_shot_s)),
        301.0
    );
    // Without a command link nobody can be asked.
    let lost = [
        granted[0],
        "rules.lost_comms={ mttr_min = 0, fallback = \"keep\", outages = [{ until_h = 0.05 }] }",
    ];
    assert_eq!(
        mean(&fly("engagement-authority", &lost, 20, first_shot_s)),
        210.0
    );
    // An answer that is there while the command link is down waits for it, too.
    let cut = [
        granted[0],
        "rules.lost_comms={ mttr_min = 0, fallback = \"keep\", outages = [{ from_h = 0.005, until_h = 0.05 }] }",
    ];
    assert_eq!(
        mean(&fly("engagement-authority", &cut, 20, first_shot_s)),
        180.0
    );
}

/// R20 alone prevents, by an answer; silence condemns.
#[test]
fn challenge() {
    share_is(&fly("challenge", &[], 4000, losses), 0.44);
    let silent = ["rules.challenge.answers.stranger=0"];
    assert_eq!(mean(&fly("challenge", &silent, 20, first_shot_s)), 31.0);
    let always = [
        "rules.challenge.answers.stranger=1",
        "flights.passer.equipment.guard.on=1",
    ];
    assert_eq!(mean(&fly("challenge", &always, 20, shots)), 0.0);
    for late in [
        &["rules.challenge.timeout_s=10"][..],
        &["rules.challenge.placebo=delay"],
        &["rules.challenge.assumed={ friend = 0.5, neutral = 0.5, hostile = 0.5 }"],
    ] {
        let late = [&always[..], late].concat();
        assert_eq!(mean(&fly("challenge", &late, 20, losses)), 1.0, "{late:?}");
    }
    // Combined: an answer is weighed with what is declared after it. Odds 9 * .05 / .9 = .5, and 4.5 with one more declaration,
    // P = .82; two more make it 40.5, P = .976.
    let again = [
        &always[..],
        &["site_classes.watch.identification.interval_s=60"],
    ]
    .concat();
    assert_eq!(mean(&fly("challenge", &again, 20, first_shot_s)), 121.0);
    // A hostile who answers is believed.
    let hostile = [&always[..], &["relations.shooter.stranger=hostile"]].concat();
    assert_eq!(mean(&fly("challenge", &hostile, 20, shots)), 0.0);
}

/// R17 alone prevents, by what the two see in common and what the second sees alone.
#[test]
fn second_operator() {
    share_is(&fly("second-operator", &[], 4000, losses), 0.12);
    let hostile = ["relations.shooter.stranger=hostile"];
    share_is(&fly("second-operator", &hostile, 4000, losses), 0.72);
    for (more, expected) in [
        ("same_picture=1", 0.2),
        ("same_picture=0", 0.04),
        ("placebo=delay", 0.2),
        ("threshold=0", 0.2),
    ] {
        let more = format!("rules.second_operator.{more}");
        share_is(&fly("second-operator", &[&more], 4000, losses), expected);
    }
    // Where what is seen lasts, the second's own picture does too; it is no other than before at the one instant that counts.
    let lasts = ["site_classes.watch.identification.appearance.tau_s=600"];
    share_is(&fly("second-operator", &lasts, 4000, losses), 0.12);
    let sure = [
        "rules.second_operator.same_picture=1",
        "site_classes.watch.identification.actual.neutral={hostile=1,neutral=0}",
    ];
    assert_eq!(mean(&fly("second-operator", &sure, 20, first_shot_s)), 21.0);
    // The second of two at once waits for the pause to be over.
    let pause = [
        sure[0],
        sure[1],
        "flights.passer.count=2",
        "rules.second_operator.cool_down_s=100",
    ];
    let last = |log: &EventLog| {
        let fired = |fact: &Fact| matches!(fact, Fact::ShotFired { .. });
        let found = log.events.iter().rev().find(|event| fired(&event.fact));
        found.map_or(f64::NAN, |event| event.time.seconds())
    };
    assert_eq!(mean(&fly("second-operator", &pause, 20, last)), 121.0);
    let none = [&pause[..3], &["rules.second_operator.cool_down_s=0"]].concat();
    assert_eq!(mean(&fly("second-operator", &none, 20, last)), 21.0);
}

/// R16 alone prevents, as often as the look recognises.
#[test]
fn optical_confirmation() {
    use deconflict::identification::id_sources::optical::{Task, cycles, success};
    // The site is on the ground, the aircraft at 1000 m, 29 940 m away after the first second.
    let range_m = (29_940.0f64.powi(2) + 1000.0f64.powi(2)).sqrt();
    let seen = success(cycles(15.0, range_m, 0.05), Task::Recognise);
    assert!((seen - 0.6906).abs() < 1e-4);
    share_is(
        &fly("optical-confirmation", &[], 4000, at_once),
        1.0 - 0.8 * seen,
    );
    let night = ["rules.optical_confirmation.day={ from_h = 12, to_h = 18 }"];
    share_is(
        &fly("optical-confirmation", &night, 4000, at_once),
        1.0 - 0.8 * seen / 2.0,
    );
    // It comes close enough to be recognised for certain.
    let hold = ["rules.optical_confirmation.if_unclear=hold"];
    share_is(&fly("optical-confirmation", &hold, 4000, losses), 0.2);
    let hostile = [hold[0], "relations.shooter.stranger=hostile"];
    share_is(&fly("optical-confirmation", &hostile, 4000, losses), 0.6);
    // The arm that only delays clears nobody; the one with defaults holds what is not recognised, until it is.
    let delay = [hold[0], "rules.optical_confirmation.placebo=delay"];
    assert_eq!(mean(&fly("optical-confirmation", &delay, 50, at_once)), 1.0);
    let defaults = [hold[0], "rules.optical_confirmation.placebo=defaults"];
    share_is(&fly("optical-confirmation", &defaults, 4000, at_once), seen);
    assert_eq!(
        mean(&fly("optical-confirmation", &defaults, 50, losses)),
        1.0
    );
    // Seen for a neutral overhead, at 501 s, it is not fired at when it is too far away to be recognised again.
    let gone = [
        "rules.optical_confirmation.correct=1",
        "rules.optical_confirmation.visual_identification_s=500",
        "rules.optical_confirmation.ifov_mrad=0.2",
    ];
    assert_eq!(mean(&fly("optical-confirmation", &gone, 20, losses)), 0.0);
    let slow = [
        "rules.optical_confirmation.threshold=0",
        "rules.optical_confirmation.visual_identification_s=45",
    ];
    assert_eq!(
        mean(&fly("optical-confirmation", &slow, 20, first_shot_s)),
        46.0
    );
}

/// R14 alone prevents, while reports are fresh.
#[test]
fn friendly_force_tracking() {
    share_is(&fly("friendly-force-tracking", &[], 4000, at_once), 0.3);
    let all = ["rules.friendly_force_tracking.delivery=1"];
    assert_eq!(
        mean(&fly("friendly-force-tracking", &all, 20, first_shot_s)),
        51.0
    );
    let wide = [all[0], "rules.friendly_force_tracking.gate_m=3_600"];
    assert_eq!(mean(&fly("friendly-force-tracking", &wide, 20, shots)), 0.0);
    for nothing in ["delivery=0", "compliance=0", "sides=[]"] {
        let nothing = format!("rules.friendly_force_tracking.{nothing}");
        assert_eq!(
            mean(&fly("friendly-force-tracking", &[&nothing], 100, at_once)),
            1.0,
            "{nothing}"
        );
    }
    // Who flies where somebody reports is as safe, friend or not.
    let abused = [wide[0], wide[1], "relations.shooter.stranger=hostile"];
    assert_eq!(
        mean(&fly("friendly-force-tracking", &abused, 20, shots)),
        0.0
    );
}

/// R15 alone prevents the shots, through the plan check, if the notice is in time.
#[test]
fn conformance_monitoring() {
    let saved = 0.9 * (1.0 - (-1.5f64).exp());
    share_is(
        &fly("conformance-monitoring", &[], 2000, losses),
        1.0 - saved,
    );
    for nothing in ["sides=[]", "delivery=0", "lateral_m=100_000"] {
        let nothing = format!("rules.conformance_monitoring.{nothing}");
        assert_eq!(
            mean(&fly("conformance-monitoring", &[&nothing], 100, losses)),
            1.0,
            "{nothing}"
        );
    }
    let prompt = [
        "rules.conformance_monitoring.delivery=1",
        "rules.conformance_monitoring.detection={ fixed = { delay_s = 60 } }",
    ];
    assert_eq!(
        mean(&fly("conformance-monitoring", &prompt, 100, losses)),
        0.0
    );
    // A notice that comes before the plan, 60 s after departure, waits for it; at 90 s it is too late.
    for (plan_s, lost) in [(680, 0.0), (695, 1.0)] {
        let late = format!("sites.site.command.latency={{ fixed = {{ delay_s = {plan_s} }} }}");
        let late = [
            prompt[0],
            prompt[1],
            "flights.passer.plan.notice_s=0",
            &late,
        ];
        assert_eq!(
            mean(&fly("conformance-monitoring", &late, 100, losses)),
            lost,
            "plan after {plan_s} s"
        );
    }
    // The authority takes a minute: too late.
    let busy = [&prompt[..], &["rules.conformance_monitoring.service_s=60"]].concat();
    assert_eq!(
        mean(&fly("conformance-monitoring", &busy, 100, losses)),
        1.0
    );
}

/// R18 keeps flights on the ground that read the notice and would enter below its top.
#[test]
fn airspace_closure() {
    let cancelled =
        |log: &EventLog| count(log, |fact| matches!(fact, Fact::SortieCancelled { .. }));
    share_is(&fly("airspace-closure", &[], 4000, cancelled), 0.72);
    for nothing in [
        "top_m=999",
        "latency={ fixed = { delay_s = 90_000 } }",
        "until_h=0.05",
        "from_h=0.5",
        "sides=[]",
    ] {
        let nothing = format!("rules.airspace_closure.{nothing}");
        assert_eq!(
            mean(&fly("airspace-closure", &[&nothing], 200, cancelled)),
            0.0,
            "{nothing}"
        );
    }
}

/// R19 alone saves what is already fired at.
#[test]
fn cease_fire() {
    let range_m = (29_940.0f64.powi(2) + 1000.0f64.powi(2)).sqrt();
    let aborted = 0.8 * 0.9 * 0.7 * (1.0 - (-range_m / 100.0 / 200.0f64).exp());
    assert!((aborted - 0.3913).abs() < 1e-4);
    share_is(&fly("cease-fire", &[], 4000, losses), 1.0 - aborted);
    let ended = |log: &EventLog| {
        let by = |fact: &Fact| matches!(fact, Fact::EngagementEnded { end, .. } if *end == deconflict::record::EngagementEnd::Ceased);
        count(log, by)
    };
    let stopped = fly("cease-fire", &[], 500, ended);
    let shot_down = fly("cease-fire", &[], 500, losses);
    let both: Vec<f64> = stopped
        .iter()
        .zip(&shot_down)
        .map(|(one, other)| one + other)
        .collect();
    assert_eq!(both, vec![1.0; 500], "each engagement ends one way");
    for nothing in ["order=cease_fire", "noticed=0", "delivery=0", "abort=0"] {
        let nothing = format!("rules.cease_fire.{nothing}");
        assert_eq!(
            mean(&fly("cease-fire", &[&nothing], 100, losses)),
            1.0,
            "{nothing}"
        );
    }
    // An order given beforehand holds fire altogether, in self-defence too.
    let ordered = [
        "rules.cease_fire={ ordered_h = [0], delivery = 1, latency = { fixed = { delay_s = 0 } } }",
        "rules.self_defence={ approach_m = 40_000, within_s = 600 }",
    ];
    assert_eq!(mean(&fly("cease-fire", &ordered, 20, shots)), 0.0);
    let lapses = [ordered[0], "rules.cease_fire.lasts_s=100"];
    assert_eq!(mean(&fly("cease-fire", &lapses, 20, first_shot_s)), 100.0);
}

/// Declarations of a site about the one aircraft there is: when, which column, and what the site then believes.
fn declarations(log: &EventLog, site: usize) -> Vec<(Millis, u8, [f64; 3])> {
    let of = |event: &deconflict::record::Event| match event.fact {
        Fact::Declared {
            declared,
            posterior,
            site: by,
            ..
        } if by.index() == site => Some((event.time, declared, posterior)),
        _ => None,
    };
    log.events.iter().filter_map(of).collect()
}

const HOSTILE: u8 = 2;

/// What is seen at least once in n looks, at one site and at one of two; how often the column changes.
#[test]
fn appearance_lasts() {
    let (p, n) = (0.05, 20);
    let at_least_once = |rho: f64| 1.0 - (1.0 - p) * (1.0 - (1.0 - rho) * p).powi(n - 1);
    let sees = |log: &EventLog, site: usize| {
        let declared = declarations(log, site);
        assert_eq!(declared.len() as i32, n);
        f64::from(u8::from(
            declared.iter().any(|(_, column, _)| *column == HOSTILE),
        ))
    };
    let tau = |tau_s: &str| format!("site_classes.watch.identification.appearance.tau_s={tau_s}");
    for (tau_s, rho, golden) in [("0", 0.0, 0.6415), ("2984.974884", 0.99, 0.0590)] {
        let expected = at_least_once(rho);
        assert!((expected - golden).abs() < 5e-5, "{expected}");
        let seen = fly("appearance", &[&tau(tau_s)], 10_000, |log| sees(log, 0));
        share_is(&seen, expected);
    }
    // Two sites of a side see the same with gamma; as shipped with a half, and with rho = .9.
    let q = at_least_once(0.9);
    assert!((q - 0.1363).abs() < 5e-5, "{q}");
    let either = |log: &EventLog| sees(log, 0).max(sees(log, 1));
    let shared = |gamma: f64| gamma * q + (1.0 - gamma) * (1.0 - (1.0 - q).powi(2));
    for gamma in [0.0, 1.0] {
        let shares = format!("site_classes.watch.identification.appearance.gamma={gamma}");
        share_is(
            &fly("appearance", &[&shares], 10_000, either),
            shared(gamma),
        );
    }
    let [one, both, changes] = fly_once("appearance", &[], 10_000, |log| {
        let declared = declarations(log, 0);
        let changes = declared.windows(2).filter(|two| two[0].1 != two[1].1);
        [sees(log, 0), either(log), changes.count() as f64]
    });
    share_is(&one, q);
    share_is(&both, shared(0.5));
    mean_is(&changes, 19.0 * 0.1 * (1.0 - 0.515));
}

/// P(declared | row): friend, neutral, hostile, unknown.
type Table = [[f64; 4]; 3];

/// The plain sum over a chain of declarations: each with its time and, where it is the first of a track that was recalled, what is
/// kept of those before it. By row, without prior.
fn chain(table: &Table, tau_s: f64, chain: &[(Millis, u8, f64)]) -> [f64; 3] {
    let mut likelihood = [1.0f64; 3];
    for (nth, &(time, column, kept)) in chain.iter().enumerate() {
        for (one, row) in likelihood.iter_mut().zip(table) {
            let anew = row[usize::from(column)];
            let factor = match nth.checked_sub(1).map(|before| chain[before]) {
                None => anew,
                Some((before, latest, _)) => {
                    let r = (-(time - before).seconds() / tau_s).exp();
                    f64::from(u8::from(latest == column)) * r + (1.0 - r) * anew
                }
            };
            *one = one.powf(kept) * factor;
        }
        let most = likelihood.iter().copied().fold(0.0, f64::max);
        likelihood = likelihood.map(|one| one / most);
    }
    likelihood
}

fn believes(posterior: [f64; 3], weights: [f64; 3]) {
    let sum: f64 = weights.iter().sum();
    for (found, weight) in posterior.iter().zip(weights) {
        let expected = weight / sum;
        assert!(
            (found - expected).abs() < 1e-9,
            "{posterior:?}, expected {weights:?}"
        );
    }
}

/// What a site believes of declarations that repeat themselves is Bayes over the chain.
#[test]
fn belief_allows_for_what_lasts() {
    let table = [
        [0.6, 0.1, 0.0, 0.3],
        [0.0, 0.65, 0.05, 0.3],
        [0.0, 0.1, 0.6, 0.3],
    ];
    for (believed, tau_s) in [("", 284.736_647_4), ("0", 1e-9), ("100", 100.0)] {
        let key = "site_classes.watch.identification.appearance.assumed_tau_s";
        let set = format!("{key}={believed}");
        let sets: Vec<&str> = if believed.is_empty() {
            Vec::new()
        } else {
            vec![&set]
        };
        let changed = fly("appearance", &sets, 200, |log| {
            let declared = declarations(log, 0);
            let whole: Vec<_> = declared.iter().map(|one| (one.0, one.1, 1.0)).collect();
            for (nth, (_, _, posterior)) in declared.iter().enumerate() {
                believes(*posterior, chain(&table, tau_s, &whole[..=nth]));
            }
            f64::from(u8::from(declared[0].2 != declared[19].2))
        });
        assert!(mean(&changed) > 0.9);
    }
}

/// Two sites that see the same with gamma and tell each other what they declare: each declaration counts once, wherever it was made.
#[test]
fn what_other_sites_declare_is_weighed_once() {
    let table = [
        [0.6, 0.1, 0.0, 0.3],
        [0.0, 0.65, 0.05, 0.3],
        [0.0, 0.1, 0.6, 0.3],
    ];
    let tau_s = 284.736_647_4;
    let there = r#"track_links.there.identity="fuse""#;
    let back = r#"track_links.back.identity="fuse""#;
    for (believed, counts) in [("0", 1.0), ("0.4", 0.6), ("1", 0.0)] {
        let key = "site_classes.watch.identification.appearance.assumed_gamma";
        let set = format!("{key}={believed}");
        let told = fly("appearance", &[there, back, &set], 300, |log| {
            let whole = [0, 1].map(|site| {
                let declared = declarations(log, site);
                let chain = declared.iter().map(|one| (one.0, one.1, 1.0));
                (declared.clone(), chain.collect::<Vec<_>>())
            });
            for (own, other) in [(0, 1), (1, 0)] {
                for (nth, (time, _, posterior)) in whole[own].0.iter().enumerate() {
                    let mine = chain(&table, tau_s, &whole[own].1[..=nth]);
                    // What was reported before the scan before this one.
                    let before = whole[other].1.iter().filter(|one| one.0 < *time);
                    let theirs = chain(&table, tau_s, &before.copied().collect::<Vec<_>>());
                    let weights = std::array::from_fn(|row| mine[row] * theirs[row].powf(counts));
                    believes(*posterior, weights);
                }
            }
            f64::from(u8::from(whole[0].0[19].2 != whole[1].0[19].2))
        });
        assert!(mean(&told) > 0.2, "the last one differs at the two");
    }
}

/// Of five tracks of one aircraft, each declared once or all of them once.
#[test]
fn what_is_remembered_is_wrong_once() {
    let memory = |tau_s: &str| format!("site_classes.watch.tracker.memory.tau_s={tau_s}");
    for (tau_s, recalled, expected) in [("1e9", 4.0, 0.2), ("0", 0.0, 0.672_32)] {
        let wrong = fly("memory", &[&memory(tau_s)], 10_000, |log| {
            let confirmed = count(log, |fact| matches!(fact, Fact::TrackConfirmed { .. }));
            let again = count(log, |fact| matches!(fact, Fact::TrackRecalled { .. }));
            assert_eq!((confirmed, again), (5.0, recalled));
            let hostile = |fact: &Fact| matches!(fact, Fact::IdentityChanged { to, .. } if *to == Identity::Hostile);
            count(log, hostile).min(1.0)
        });
        share_is(&wrong, expected);
    }
}

/// Memory, appearance, a drop and the plan check together: what is believed is the plain sum.
#[test]
fn what_is_remembered_fades_and_the_plan_is_checked_again() {
    let table = [
        [0.5, 0.2, 0.1, 0.2],
        [0.2, 0.35, 0.25, 0.2],
        [0.1, 0.2, 0.5, 0.2],
    ];
    let (prior, plan) = ([2.0, 1.0, 3.0], [0.8, 0.7, 0.05]);
    let repeats = fly("memory-and-plan", &[], 200, |log| {
        let recalled: Vec<(Millis, Millis, f64)> = (log.events.iter())
            .filter_map(|event| match event.fact {
                Fact::TrackRecalled { lost, kept, .. } => Some((event.time, lost, kept)),
                _ => None,
            })
            .collect();
        let [(again, lost, kept)] = recalled[..] else {
            panic!("one track is found again: {recalled:?}");
        };
        assert!((kept - (-lost.seconds() / 500.0).exp()).abs() < 1e-12);
        let mut whole: Vec<(Millis, u8, f64)> = Vec::new();
        let mut repeats = 0.0;
        for event in &log.events {
            let expected = if event.time >= again {
                NoticeState::Matched
            } else {
                NoticeState::Late
            };
            let (declared, posterior, notice) = match event.fact {
                Fact::Declared {
                    declared,
                    posterior,
                    notice,
                    ..
                } => (declared, posterior, notice),
                // Found again before the next declaration is due.
                Fact::Reassessed { notice, .. } => {
                    assert_eq!(notice, expected);
                    continue;
                }
                _ => continue,
            };
            let first = event.time >= again && whole.last().is_none_or(|last| last.0 < again);
            repeats += f64::from(u8::from(
                first && whole.last().is_some_and(|last| last.1 == declared),
            ));
            whole.push((event.time, declared, if first { kept } else { 1.0 }));
            assert_eq!(notice, expected);
            let likelihood = chain(&table, 300.0, &whole);
            let weights = std::array::from_fn(|row| {
                let says = if notice.matched() {
                    plan[row]
                } else {
                    1.0 - plan[row]
                };
                prior[row] * likelihood[row] * says
            });
            believes(posterior, weights);
        }
        repeats
    });
    assert!((0.2..0.95).contains(&mean(&repeats)), "both kinds occur");
}
