//! What must not change anything, and what may change things in one direction only.
//!
//! Exact comparisons are of the whole log, every digit. Comparisons of distributions are two-sample tests of means with
//! independent seeds; each has a false-alarm rate of 1e-6 (4.9 standard errors).

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{
    Moments, SEED, SIGMAS, count, dump, fly, kills, lines, load, power, repository, shots,
};
use std::sync::Arc;

use deconflict::geometry::{Area, Point, Polygon};
use deconflict::measure::Columns;
use deconflict::platform::{Pattern, Route, Waypoint};
use deconflict::record::{Detail, EventLog, Fact};
use deconflict::scenario::Scenario;
use deconflict::theatre::Position;
use tempfile::TempDir;

const BUSY: &str = "scenarios/nov-2019-busy.toml";
const TRIP: &str = "benches/trip-ref.toml";

/// A copy of the scenarios and benches with every file passed through `change`.
fn copied(change: impl Fn(&str) -> String) -> TempDir {
    fn copy(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) {
        fs::create_dir_all(to).expect("a folder to copy into");
        for entry in fs::read_dir(from).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target, change);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let text = fs::read_to_string(&path).expect("a scenario file");
                fs::write(target, change(&text)).expect("a copy");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["scenarios", "benches"] {
        copy(&repository(name), &folder.path().join(name), &change);
    }
    folder
}

/// The tables of a TOML file in reverse order, and the lines of tables that hold one entry a line.
fn reversed(text: &str) -> String {
    let mut tables: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines() {
        if line.starts_with('[') {
            tables.push(Vec::new());
        }
        tables.last_mut().expect("never empty").push(line);
    }
    let preamble = tables.remove(0);
    for table in &mut tables {
        if table[0] == "[sites]" {
            table[1..].reverse();
        }
    }
    tables.reverse();
    let mut all = preamble;
    all.extend(tables.into_iter().flatten());
    all.join("\n") + "\n"
}

#[test]
fn the_order_of_a_file_changes_nothing() {
    let folder = copied(reversed);
    for (file, n) in [(BUSY, 4), (TRIP, 2)] {
        let there = fs::read_to_string(folder.path().join(file)).expect("the copy");
        let here = fs::read_to_string(repository(file)).expect("the original");
        assert_ne!(here, there, "{file} is not reordered");
        let here = fly(&load(repository(file), &[]), SEED, n, Detail::Full, dump);
        let there = load(folder.path().join(file), &[]);
        assert!(here == fly(&there, SEED, n, Detail::Full, dump), "{file}");
    }
}

/// A scenario file beside a copy of the shipped ones: includes `base` and adds `text`.
fn with(folder: &TempDir, base: &str, text: &str) -> PathBuf {
    let path = folder.path().join("scenarios").join("more.toml");
    let text = format!("include = [\"../{base}\"]\n{text}");
    fs::write(&path, text).expect("a scenario file");
    path
}

/// Every line of every log that is not about `added` must be there without it, and the other way round.
fn nobody_else_notices(base: &str, n: u64, addition: &str, added: &str, least_lines: usize) {
    let without = fly(&load(repository(base), &[]), SEED, n, Detail::Full, lines);
    nobody_of_these_notices(&without, base, addition, added, least_lines);
}

/// The same where the logs without it are there.
fn nobody_of_these_notices(
    without: &[Vec<String>],
    base: &str,
    addition: &str,
    added: &str,
    least_lines: usize,
) {
    let folder = copied(str::to_owned);
    let more = with(&folder, base, addition);
    let n = without.len() as u64;
    let with = fly(&load(more, &[]), SEED, n, Detail::Full, lines);
    let mut about_it = 0;
    for (without, with) in without.iter().zip(&with) {
        let (its, others): (Vec<_>, Vec<_>) = with.iter().partition(|line| line.contains(added));
        about_it += its.len();
        assert_eq!(without.len(), others.len(), "{added} in {base}");
        for (line, same) in without.iter().zip(others) {
            assert_eq!(line, same, "{added} in {base}");
        }
    }
    assert!(about_it >= least_lines, "{about_it} lines about {added}");
}

const LOOKOUT: &str = r#"
[site_classes.lookout]
source = "invented: looks and does nothing"
sensor = { model.disc = { range_m = 40_000, detection = 0.9 }, scan_s = 3, antenna_m = 10 }
tracker = { confirm_hits = 3, confirm_scans = 5, drop_misses = 5 }
[site_classes.lookout.identification]
over = "affiliations"
interval_s = 30
[site_classes.lookout.identification.actual]
friend = { friend = 0.6, hostile = 0.4 }
neutral = { neutral = 0.6, hostile = 0.4 }
hostile = { neutral = 0.4, hostile = 0.6 }
"#;

#[test]
fn a_site_without_a_weapon_changes_nothing_for_others() {
    // It looks at everything: thousands of lines about it.
    let site = "class = \"lookout\"\nside = \"lna\"\nposition.at = \"tripoli\"";
    let text = format!("{LOOKOUT}\n[sites.aaa-lookout]\n{site}\n");
    nobody_else_notices(BUSY, 4, &text, "<aaa-lookout>", 1_000);
    let site =
        "class = \"lookout\"\nside = \"defender\"\nposition.at = { east_m = 0, north_m = 0 }";
    let text = format!("{LOOKOUT}\n[sites.aaa-lookout]\n{site}\n");
    nobody_else_notices(TRIP, 2, &text, "<aaa-lookout>", 1_000);
}

#[test]
fn a_far_site_changes_nothing_for_others() {
    let site = "class = \"class_a\"\nside = \"lna\"\nposition.at = { east_m = 400_000, north_m = -400_000 }";
    let text = format!("[sites.aaa-far]\n{site}\n");
    nobody_else_notices(BUSY, 4, &text, "<aaa-far>", 4);
}

#[test]
fn a_far_drone_changes_nothing_for_others() {
    for (base, aircraft, side, n) in [(BUSY, "tb2", "gna", 4), (TRIP, "trip_tb2", "owner_tb2", 2)] {
        let text = format!(
            "[flights.aaa-far]\naircraft = \"{aircraft}\"\nside = \"{side}\"\nturns = \"instant\"\n\
             route.loop = {{ points = [{{ east_m = 400_000, north_m = 400_000 }}, {{ east_m = 410_000, north_m = 400_000 }}] }}\n"
        );
        nobody_else_notices(base, n, &text, "<aaa-far>", 4);
    }
}

/// The scenarios of the repository, by their paths in it.
pub fn shipped() -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["scenarios", "scenarios/closed-form", "benches"] {
        for entry in fs::read_dir(repository(folder)).expect("a folder of the repository") {
            let name = entry.expect("an entry").file_name();
            let name = name.to_str().expect("a plain name");
            if name.ends_with(".toml") && name != "Cargo.toml" {
                all.push(format!("{folder}/{name}"));
            }
        }
    }
    all.sort();
    all
}

/// In everything shipped a flight or a site far away, whose name comes first, changes no line about anybody else: what is drawn is
/// addressed by what a thing is, never by where it stands in a list.
#[test]
fn whoever_is_far_away_changes_nobody_elses_draws() {
    let mut tried = 0;
    for base in shipped() {
        let scenario = load(repository(&base), &[]);
        let file = &scenario.file;
        let flown = file.flights.values().next();
        let Some((aircraft, side)) = flown.map(|flight| (&flight.aircraft, &flight.side)) else {
            continue;
        };
        // A plane that lies about the middle of what is there moves with it.
        let origin = file.origin.is_some() || scenario.file.places.is_empty();
        if !origin || base.ends_with("trip-1k.toml") {
            continue;
        }
        // A node that hears of every hostile aircraft has sites go live for this one too.
        let mut classes = file.site_classes.values();
        if classes.any(|class| {
            let go_live = class.readiness.go_live.as_ref();
            go_live.is_some_and(|go_live| go_live.node.is_some())
        }) {
            continue;
        }
        let flight = format!(
            "[flights.aaa-far]\naircraft = \"{aircraft}\"\nside = \"{side}\"\nturns = \"instant\"\n\
             route.loop = {{ points = [{{ east_m = 400_000, north_m = 400_000 }}, {{ east_m = 410_000, north_m = 400_000 }}] }}\n"
        );
        let without = fly(&scenario, SEED, 1, Detail::Full, lines);
        nobody_of_these_notices(&without, &base, &flight, "<aaa-far>", 1);
        tried += 1;
        // Of a side whose relations are written; where nobody looks on, nobody is to begin with it.
        let Some(side) = file.sites.values().next().map(|site| &site.side) else {
            continue;
        };
        let site = format!(
            "{LOOKOUT}\n[sites.aaa-far]\nclass = \"lookout\"\nside = \"{side}\"\n\
             position.at = {{ east_m = -400_000, north_m = -400_000 }}\n"
        );
        nobody_of_these_notices(&without, &base, &site, "<aaa-far>", 0);
    }
    assert!(tried > 40, "{tried} scenarios");
}

/// Another flight in everybody's sight, where nobody fires: whether and when the others are found, what is declared of them and when
/// they are told stays what it is, at every site that keeps its tracks apart.
#[test]
fn another_in_sight_changes_nobody_elses_draws() {
    let flight = "[flights.aaa-near]\naircraft = \"tb2\"\nside = \"gna\"\nroute.waypoints.points = [\"mitiga\", \"tarhuna\"]\n\
                  start.departs = { after_s = 600 }\n[rules.weapons_control]\nstatus = \"hold\"\n";
    let folder = copied(str::to_owned);
    for base in [
        BUSY,
        "scenarios/nov-2019-busy-agreement.toml",
        "scenarios/no-fly-zone.toml",
    ] {
        // Always ready, so that there is much to see.
        let hold = [
            "rules.weapons_control.status=hold",
            "site_classes.class_a.readiness.renewal.mean_off_h=0",
        ];
        let without = fly(&load(repository(base), &hold), SEED, 4, Detail::Full, lines);
        let more = load(with(&folder, base, flight), &hold);
        let with = fly(&more, SEED, 4, Detail::Full, lines);
        let (mut about, mut seen) = (0, 0);
        for (without, with) in without.iter().zip(&with) {
            let others: Vec<_> = (with.iter())
                .filter(|line| !line.contains("<aaa-near>"))
                .collect();
            about += with.len() - others.len();
            seen += others.len();
            assert!(without.iter().eq(others), "{base}");
        }
        assert!(
            about > 100 && seen > 1_000,
            "{base}: {about} and {seen} lines"
        );
    }
}

/// Means of the counts of two scenarios under independent seeds; counts with fewer than ten events are not judged.
fn same_distribution(what: &str, one: &Scenario, other: &Scenario, n: u64, least_judged: usize) {
    let rows = |scenario: &Scenario, seed| {
        let columns = Columns::new(&scenario.cast);
        let names: Vec<String> = columns
            .columns()
            .iter()
            .map(|column| column.name.clone())
            .collect();
        (
            names,
            fly(scenario, seed, n, Detail::Measures, |log| {
                columns.measure(log).values
            }),
        )
    };
    let (names, one) = rows(one, SEED);
    let (other_names, other) = rows(other, SEED + 1);
    assert_eq!(names.len(), other_names.len());
    assert_ne!(
        one, other,
        "independent seeds give different random numbers"
    );
    let mut judged = 0;
    for (column, name) in names.iter().enumerate() {
        let moments = |rows: &[Vec<f64>]| Moments::of(rows.iter().map(|row| row[column]));
        let events = |rows: &[Vec<f64>]| rows.iter().filter(|row| row[column] != 0.0).count();
        if events(&one).min(events(&other)) < 10 {
            continue;
        }
        let (one, other) = (moments(&one), moments(&other));
        judged += 1;
        let z = one.z(&other);
        let apart = (one.se() * one.se() + other.se() * other.se()).sqrt();
        power(one.mean, one.n, apart, SIGMAS);
        assert!(z.abs() < SIGMAS, "{what}: {name} {one:?} {other:?} z {z}");
    }
    assert!(
        judged >= least_judged,
        "{what}: only {judged} columns judged"
    );
}

/// The scenario turned clockwise about the origin and then shifted.
fn moved(mut scenario: Scenario, turn_deg: f64, shift: Point) -> Scenario {
    let (sin, cos) = turn_deg.to_radians().sin_cos();
    let there =
        |p: &mut Point| *p = Point::new(cos * p.x + sin * p.y, cos * p.y - sin * p.x) + shift;
    let along =
        |points: &mut Vec<Waypoint>| points.iter_mut().for_each(|point| there(&mut point.at));
    for flight in &mut scenario.flights {
        there(&mut flight.home);
        if let Some((at, _)) = &mut flight.objective {
            there(at);
        }
        match &mut flight.route {
            Route::Waypoints(points) => along(points),
            Route::Loop { points, .. } => along(points),
            Route::Recorded(fixes) => fixes.iter_mut().for_each(|fix| there(&mut fix.at)),
            Route::Station {
                ingress,
                pattern,
                egress,
                ..
            } => {
                along(ingress);
                along(egress);
                match pattern {
                    Pattern::Orbit { center, .. } => there(center),
                    Pattern::Racetrack { from, to, .. } => {
                        there(from);
                        there(to);
                    }
                }
            }
        }
    }
    for site in &mut scenario.sites {
        match &mut site.position {
            Position::At(at) => there(at),
            Position::DrawnIn(Area::Circle { center, .. }) => there(center),
            Position::DrawnIn(Area::Sector {
                center, from_deg, ..
            }) => {
                there(center);
                *from_deg += turn_deg;
            }
            Position::DrawnIn(Area::Box { .. }) => panic!("a box cannot be turned"),
            Position::DrawnIn(Area::Polygon(polygon)) => {
                let mut corners = polygon.corners().to_vec();
                corners.iter_mut().for_each(there);
                *polygon =
                    Arc::new(Polygon::new(&corners).expect("what encloses does so anywhere"));
            }
        }
    }
    assert!(scenario.zones.is_empty(), "zones are not moved");
    scenario
}

#[test]
fn a_world_turned_and_shifted_is_the_same_world() {
    let shift = Point::new(12_345.0, -6_789.0);
    let busy = load(repository(BUSY), &[]);
    let turned = moved(busy.clone(), 137.0, shift);
    same_distribution("busy end moved", &busy, &turned, 200, 40);
    let trip = load(repository(TRIP), &[]);
    let turned = moved(trip.clone(), 137.0, shift);
    same_distribution("trip moved", &trip, &turned, 1_000, 20);
}

#[test]
fn a_world_turned_under_the_same_luck_tells_the_same_story() {
    // Only the last bits of positions differ, so a replication may differ where a scan falls on an edge to the bit.
    let story = |log: &EventLog| {
        let deeds = log.events.iter().filter(|event| {
            matches!(
                event.fact,
                Fact::ShotFired { .. } | Fact::Destroyed { .. } | Fact::TrackConfirmed { .. }
            )
        });
        deeds
            .map(|event| (event.time.0, event.fact.clone()))
            .collect::<Vec<_>>()
    };
    let trip = load(repository(TRIP), &[]);
    let turned = moved(trip.clone(), 90.0, Point::new(0.0, 0.0));
    let here = fly(&trip, SEED, 200, Detail::Decisive, story);
    let there = fly(&turned, SEED, 200, Detail::Decisive, story);
    let same = here
        .iter()
        .zip(&there)
        .filter(|(here, there)| here == there)
        .count();
    assert!(here.iter().all(|story| !story.is_empty()));
    assert!(same >= 190, "{same} of 200 replications are the same");
}

#[test]
fn names_are_only_names() {
    // The order of names stays, because it settles who is fired at first. Only the random numbers changes.
    let renamed = copied(|text| {
        let names = [
            ("drone-", "uncrewed-"),
            ("site-0", "station-0"),
            ("us-recon", "us-scout"),
        ];
        names
            .iter()
            .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    });
    for (file, n, least) in [(TRIP, 1_000, 20), (BUSY, 200, 40)] {
        let here = load(repository(file), &[]);
        let there = load(renamed.path().join(file), &[]);
        assert_ne!(here.cast.flights, there.cast.flights);
        same_distribution(file, &here, &there, n, least);
    }
}

/// Holds a sequence of runs to "never down" in every replication, and to "up at least once" overall.
fn never_down(what: &str, steps: &[Vec<usize>]) {
    for pair in steps.windows(2) {
        assert_eq!(pair[0].len(), pair[1].len());
        for (replication, (before, after)) in pair[0].iter().zip(&pair[1]).enumerate() {
            assert!(
                before <= after,
                "{what}: {before} to {after} in replication {replication}"
            );
        }
    }
    let total = |step: &Vec<usize>| step.iter().sum::<usize>();
    let (first, last) = (&steps[0], &steps[steps.len() - 1]);
    assert!(total(first) < total(last), "{what}: nothing changes");
}

/// What `look` counts in each replication, for each value of a key of a closed-form scenario.
fn swept(
    file: &str,
    key: &str,
    values: &[&str],
    look: impl Fn(&EventLog) -> usize + Sync,
) -> Vec<Vec<usize>> {
    let path = repository(&format!("scenarios/closed-form/{file}.toml"));
    let fly_with = |value: &&str| {
        let scenario = load(&path, &[&format!("{key}={value}")]);
        fly(&scenario, SEED, 1_000, Detail::Measures, &look)
    };
    values.iter().map(fly_with).collect()
}

#[test]
fn worse_identification_never_spares_a_neutral() {
    // One site, one aircraft: path by path.
    let errors = [0.05, 0.2, 0.5, 0.8, 1.0]
        .map(|error| format!("{{ hostile = {error}, unknown = {} }}", 1.0 - error));
    let errors: Vec<&str> = errors.iter().map(String::as_str).collect();
    let key = "site_classes.watch.identification.actual.neutral";
    never_down(
        "identification error",
        &swept("neutral-loss", key, &errors, shots),
    );
}

#[test]
fn worse_identification_spares_no_neutrals_in_expectation() {
    // One site, three aircraft, eight missiles: shots at one may spare another, so only the mean is held, by pairs.
    let path = repository("scenarios/closed-form/limit-perfect-identification.toml");
    let wrong_shots = |error: f64| {
        let world = "site_classes.watch.identification.actual";
        let right = 1.0 - error;
        let scenario = load(
            &path,
            &[
                &format!("{world}.friend={{ friend = {right}, hostile = {error} }}"),
                &format!("{world}.neutral={{ neutral = {right}, hostile = {error} }}"),
                "site_classes.watch.identification.combine=\"single\"",
            ],
        );
        let columns = Columns::new(&scenario.cast);
        let column = columns.position("wrong_shots").expect("a column");
        fly(&scenario, SEED, 1_000, Detail::Measures, |log| {
            columns.measure(log).values[column]
        })
    };
    let steps = [0.0, 0.1, 0.3, 0.6].map(wrong_shots);
    for pair in steps.windows(2) {
        let more = Moments::of(
            pair[1]
                .iter()
                .zip(&pair[0])
                .map(|(after, before)| after - before),
        );
        power(more.mean, more.n, more.se(), SIGMAS);
        assert!(more.mean > SIGMAS * more.se(), "{more:?}");
    }
}

#[test]
fn better_missiles_never_kill_less() {
    let values = ["0.0", "0.2", "0.5", "0.8", "1.0"];
    let key = "site_classes.watch.weapon.kill_probability";
    for file in ["salvo", "shoot-look-shoot", "four-sites"] {
        never_down(file, &swept(file, key, &values, kills));
    }
}

#[test]
fn better_missiles_kill_more_in_expectation() {
    let lost = |p: &str| {
        let key = format!("site_classes.trip_site.weapon.kill_probability={p}");
        let scenario = load(repository(TRIP), &[&key]);
        fly(&scenario, SEED, 200, Detail::Measures, |log| {
            kills(log) as f64
        })
    };
    let steps = ["0.1", "0.3", "0.6"].map(lost);
    for pair in steps.windows(2) {
        let more = Moments::of(
            pair[1]
                .iter()
                .zip(&pair[0])
                .map(|(after, before)| after - before),
        );
        power(more.mean, more.n, more.se(), SIGMAS);
        assert!(more.mean > SIGMAS * more.se(), "{more:?}");
    }
}

#[test]
fn more_missiles_never_mean_fewer_shots() {
    let key = "site_classes.watch.weapon.magazine";
    never_down(
        "magazine",
        &swept("shoot-look-shoot", key, &["0", "1", "2", "3"], shots),
    );
}

#[test]
fn heeding_plans_more_never_fires_more() {
    let key = "rules.flight_plan_notice.compliance";
    let values = ["1.0", "0.9", "0.5", "0.0"];
    never_down("honour", &swept("neutral-loss-q-900", key, &values, shots));
}

#[test]
fn a_better_notice_chain_never_costs_the_announced() {
    let spared = |log: &EventLog| 1 - count(log, |fact| matches!(fact, Fact::Destroyed { .. }));
    let id_source = "site_classes.watch.identification.flight_plan";
    for (key, values) in [
        (format!("{id_source}.window_s"), ["10", "60", "200", "2000"]),
        (
            format!("{id_source}.lateral_gate_m"),
            ["100", "2000", "5000", "20000"],
        ),
        (
            format!("{id_source}.correlation"),
            ["0.1", "0.5", "0.9", "1.0"],
        ),
        (
            "flights.passer.plan.filed".to_owned(),
            ["0.0", "0.3", "0.7", "1.0"],
        ),
        (
            "sites.site.command.delivery".to_owned(),
            ["0.0", "0.3", "0.7", "1.0"],
        ),
        (
            "flights.passer.plan.notice_s".to_owned(),
            ["0", "36000", "360000", "3600000"],
        ),
    ] {
        never_down(&key, &swept("plan-delivery-chain", &key, &values, spared));
    }
}

// --- What results must not hang on -----------------------------------------------------------------------------------------

/// Share of the busy end's MQ-9 sorties that are fired at, and shot down, over the same random numbers whatever is set.
fn neutrals_fired_at(sets: &[&str], n: u64) -> [f64; 2] {
    let scenario = load(repository(BUSY), sets);
    let neutral = |log: &EventLog, fact: &Fact| {
        fact.aircraft().is_some_and(|aircraft| {
            let side = log.sorties[aircraft.index()].side;
            ["us", "italy"].contains(&log.cast.sides[side.index()].as_str())
        })
    };
    let seen = fly(&scenario, SEED, n, Detail::Measures, |log| {
        let mut fired_at = std::collections::BTreeSet::new();
        let mut lost = 0;
        for event in log.events.iter().filter(|event| neutral(log, &event.fact)) {
            match event.fact {
                Fact::ShotFired { aircraft, .. } => drop(fired_at.insert(aircraft)),
                Fact::Destroyed { .. } => lost += 1,
                _ => {}
            }
        }
        let flown = log.sorties.iter().filter(|sortie| {
            ["us", "italy"].contains(&log.cast.sides[sortie.side.index()].as_str())
        });
        [fired_at.len(), lost, flown.count()]
    });
    let sum = |at: usize| seen.iter().map(|counts| counts[at] as f64).sum::<f64>();
    [sum(0) / sum(2), sum(1) / sum(2)]
}

/// The largest of some numbers over the least.
fn spread(numbers: &[f64]) -> f64 {
    let most = numbers.iter().copied().fold(0.0, f64::max);
    most / numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

const CLASS: &str = "site_classes.class_a";
const FOR_EVER: [&str; 2] = [
    "site_classes.class_a.identification.appearance.tau_s=1e9",
    "site_classes.class_a.tracker.memory.tau_s=1e9",
];

/// How often one asks does not decide what one sees, and how long one waits for a lost track does not decide what one knows.
#[test]
fn results_do_not_hang_on_clocks() {
    let lost =
        |key: &str, value: &str| neutrals_fired_at(&[&format!("{CLASS}.{key}={value}")], 150)[1];
    let interval = ["5", "30", "120"].map(|s| lost("identification.interval_s", s));
    assert!(spread(&interval) < 1.5, "{interval:?}");
    let misses = ["3", "8", "32"].map(|n| lost("tracker.drop_misses", n));
    assert!(spread(&misses) < 2.0, "{misses:?}");
}

/// A neutral that is easier to see, or a better radar, is not much safer; where nothing that was seen is ever forgotten, not at all.
#[test]
fn to_be_seen_better_does_not_protect() {
    let radar = |r50_m: &str| format!("{CLASS}.sensor.model.radar.r50_m={r50_m}");
    let fired_at = |sets: &[&str]| neutrals_fired_at(sets, 150)[0];
    for (least, most) in [
        (
            "aircraft.mq9_recon.rcs_m2=0.5".to_owned(),
            "aircraft.mq9_recon.rcs_m2=20".to_owned(),
        ),
        (radar("20_000"), radar("75_000")),
    ] {
        let (seldom, often) = (fired_at(&[&least]), fired_at(&[&most]));
        assert!(seldom < 1.3 * often, "{least}: {seldom}, {most}: {often}");
        let [tau, memory] = FOR_EVER;
        let (seldom, often) = (
            fired_at(&[tau, memory, &least]),
            fired_at(&[tau, memory, &most]),
        );
        assert!(
            seldom <= often * 1.02,
            "{least}: {seldom}, {most}: {often} for ever"
        );
    }
}

/// Arms that wait and learn nothing.
const PLACEBOS: [(&str, &str); 6] = [
    (
        "nobody answers the hotline",
        "rules.hotline_query={answers=0}",
    ),
    (
        "who answers knows nothing",
        "rules.hotline_query={placebo=\"delay\"}",
    ),
    (
        "a second operator who agrees",
        "rules.second_operator={placebo=\"delay\"}",
    ),
    (
        "optics that recognise nothing",
        "rules.optical_confirmation={visibility_km=0.1,if_unclear=\"fire\"}",
    ),
    (
        "an authority that releases everything",
        "rules.engagement_authority={level=\"joint\",placebo=\"delay\"}",
    ),
    (
        "a call to which nobody listens",
        "rules.challenge={placebo=\"delay\"}",
    ),
];

fn placebos_are_worth_little(n: u64, least: f64) {
    for interval_s in ["5", "30", "120"] {
        let interval = format!("{CLASS}.identification.interval_s={interval_s}");
        let [_, without] = neutrals_fired_at(&[&interval], n);
        for (name, placebo) in PLACEBOS {
            let [_, with] = neutrals_fired_at(&[&interval, placebo], n);
            println!("placebo | {interval_s} s | {name} | {:.3}", with / without);
            assert!(
                with > least * without,
                "{interval_s} s, {name}: {with}, {without} without"
            );
        }
    }
}

/// Whoever waits and learns nothing is worth little, whatever the interval between declarations.
#[test]
fn waiting_is_worth_little() {
    placebos_are_worth_little(100, 0.75);
}

/// The same with the size that tells .85.
#[test]
#[ignore = "twenty minutes on two cores"]
fn waiting_is_worth_little_in_20_000_replications() {
    placebos_are_worth_little(20_000, 0.85);
}
