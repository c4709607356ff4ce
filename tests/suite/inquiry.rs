//! Inquiries: the chain of causes says what was arranged, counterfactuals find what was arranged to help, shares and splits
//! agree with closed forms.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deconflict::inquiry::{
    Change, Counted, Counterfactual, Game, Prevention, Trials, candidate_rules, chain, let_through,
    named, outcome, passage, wrong_shots,
};
use deconflict::output::{PassageStory, Story};
use deconflict::record::{Detail, EventLog, Fact, Reason, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

const ONE_PASS: &str = "scenarios/library/one_pass.toml";
const BUSY: &str = "scenarios/nov-2019-busy.toml";

fn load(path: &str, changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Scenario::load(&path, &changes).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn one_pass(changes: &[&str]) -> Scenario {
    load(ONE_PASS, &[&["title=\"One pass\""], changes].concat())
}

fn fly(scenario: &Scenario, index: u64) -> EventLog {
    simulate(scenario, Replication { seed: 1, index }, Detail::Full)
}

fn codes(scenario: &Scenario) -> Vec<String> {
    let log = fly(scenario, 0);
    let shots = wrong_shots(&log);
    let causes = chain(&log, *shots.first().expect("a wrong shot"));
    let told = causes
        .iter()
        .map(|cause| format!("{}:{}", cause.link.code(), cause.code));
    told.collect()
}

#[test]
fn the_chain_tells_what_was_arranged() {
    assert_eq!(
        codes(&one_pass(&[])),
        [
            "plan:unchecked",
            "identity:declarations:hostile",
            "permission:R1:hostile_identity"
        ]
    );
    // The track closes in on a site that may not fire at it, and has been asked about in vain.
    let defended = one_pass(&[
        "rules.weapons_control.status=hold",
        "rules.self_defence={ approach_m = 40_000, within_s = 600 }",
    ]);
    assert_eq!(
        codes(&defended).last().unwrap(),
        "permission:R5:self_defence"
    );
    let asked = one_pass(&["rules.hotline_query={ answers = 0, timeout_s = 30 }"]);
    assert!(codes(&asked).contains(&"enquiry:R7:did_not_protect_after_30s".to_owned()));
    // A plan that only others have.
    let busy = load(BUSY, &[]);
    let log = fly(&busy, 2);
    let shot = wrong_shots(&log)[0];
    let causes = chain(&log, shot);
    assert_eq!(causes[0].code, "filed_with_others");
    // What identified it adds up to the posterior: from even odds by the ledger's own steps.
    let moved: Vec<f64> = causes.iter().filter_map(|cause| cause.log_odds).collect();
    assert!(
        moved.len() >= 2 && moved.windows(2).all(|pair| pair[0] >= pair[1]),
        "{causes:?}"
    );
}

/// Plots that go over to another track carry its identity with them.
#[test]
fn a_swap_is_a_link_of_the_chain() {
    let swap = load("scenarios/association-swap.toml", &[]);
    let found = (0..60).any(|index| {
        let log = fly(&swap, index);
        wrong_shots(&log).into_iter().any(|shot| {
            chain(&log, shot)
                .iter()
                .any(|cause| cause.code == "association_swap")
        })
    });
    assert!(found, "no wrong shot after a swap in 60 replications");
}

#[test]
fn every_rule_is_offered_or_it_is_said_why_not() {
    for path in [
        BUSY,
        "scenarios/no-fly-zone.toml",
        "scenarios/alert-night.toml",
    ] {
        let scenario = load(path, &[]);
        let candidate_rules = candidate_rules(&scenario);
        for page in deconflict::coordination::RULES {
            let taken_away = format!("-{}", page.id);
            let named =
                |changes: &[Change], name: &str| changes.iter().any(|change| change.name == name);
            let there = named(&candidate_rules.added, page.id)
                || named(&candidate_rules.removed, &taken_away)
                || candidate_rules
                    .not_offered
                    .iter()
                    .any(|left| left.rule == page.id);
            assert!(there, "{path}: {} is nowhere", page.id);
        }
        // What is offered can be run.
        for change in candidate_rules.added.iter().chain(&candidate_rules.removed) {
            Change::apply(&scenario, &[change])
                .unwrap_or_else(|why| panic!("{path}: {}: {why}", change.name));
        }
    }
}

/// What is put in force, or taken out of it, is so for the sites of every side, whether it has rules of its own or not.
#[test]
fn a_rule_is_tried_on_the_sites_of_every_side() {
    let scenario = load("scenarios/two-sides.toml", &[]);
    let candidate_rules = candidate_rules(&scenario);
    let named = |rules: &deconflict::coordination::RulesSpec, key: &str| {
        let rules = serde_json::to_value(rules).expect("rules");
        rules.get(key).cloned()
    };
    let mut tried = 0;
    for change in candidate_rules.added.iter().chain(&candidate_rules.removed) {
        let id = change.name.trim_start_matches('-');
        let rules = deconflict::coordination::RULES;
        let page = rules.iter().find(|page| page.id == id).expect("a rule");
        if deconflict::coordination::binds_all(page.key) || page.id == "R6" {
            continue;
        }
        let changed = Change::apply(&scenario, &[change]).expect("sound");
        let (all, own) = (&changed.file.rules, &changed.file.rules_of["gna"]);
        assert_eq!(
            named(all, page.key),
            named(own, page.key),
            "{}",
            change.name
        );
        tried += 1;
    }
    assert!(tried >= 6, "{tried}");
}

fn change(base: &Scenario, name: &str, sets: &[&str]) -> Change {
    named(name, base, &one_pass(sets)).expect("a change")
}

/// The track is identified as hostile and closes in: to hold fire leaves self-defence, to do without self-defence leaves the hostile
/// identity; it takes both.
#[test]
fn the_smallest_set_is_found() {
    let base = one_pass(&["rules.self_defence={ approach_m = 40_000, within_s = 600 }"]);
    let candidate_rules = candidate_rules(&base);
    let pick = |from: &[Change], name: &str| -> Change {
        let found = from.iter().find(|change| change.name == name);
        found.expect("it is offered").clone()
    };
    let changes = [
        pick(&candidate_rules.added, "R1"),
        named(
            "idle",
            &base,
            &one_pass(&[
                "rules.self_defence={ approach_m = 40_000, within_s = 600 }",
                "rules.altitude_blocks={}",
            ]),
        )
        .unwrap(),
        pick(&candidate_rules.removed, "-R5"),
    ];
    let replication = Replication { seed: 1, index: 0 };
    let counterfactual = Counterfactual::hold(&base, replication, "passer", &changes);
    assert_eq!(counterfactual.before.wrong_shots, 1);
    assert!(counterfactual.alone.iter().all(|trial| !trial.prevented()));
    let sets: Vec<_> = counterfactual
        .smallest
        .iter()
        .map(|trial| trial.changes.clone())
        .collect();
    assert_eq!(sets, [vec![0, 2]]);
    // A single change that does is found alone.
    let alone = pick(&candidate_rules.added, "R7");
    let counterfactual = Counterfactual::hold(&one_pass(&[]), replication, "passer", &[alone]);
    assert_eq!(counterfactual.smallest.len(), 1);
}

/// The class takes a type that is seen for a friend's or a neutral's in six of ten looks, for an enemy's in four.
const LOOK: &str = "rules.optical_confirmation={ ifov_mrad = 0.001, correct = 0.2 }";
/// The plan of half the flights has come to whom the site asks.
const LINE: &str = "rules.hotline_query={ nodes = [\"headquarters\"] }";
/// What both rest on, in force for all.
const GROUND: &str =
    "flights.passer.plan={ addressees = [\"headquarters\"], notice_s = 3_600, filed = 0.5 }";

fn prevention(exact: usize, orders: u32, count: u64) -> Prevention {
    let base = one_pass(&[GROUND]);
    let players = vec![
        change(&base, "R16", &[GROUND, LOOK]),
        change(&base, "R7", &[GROUND, LINE]),
        change(&base, "idle", &[GROUND, "rules.altitude_blocks={}"]),
    ];
    let game = Game::new(base, players, Counted::Lost, exact, orders).expect("a game");
    let mut prevention = Prevention::new(&game);
    for index in 0..count {
        prevention.add(&game.play(Replication { seed: 3, index }).expect("flown"));
    }
    prevention
}

/// R16 saves a = .2 + .8 / 2 = .6, R7 saves b = .5, independently: alone a and b, together 1 - (1-a)(1-b) = .8; Shapley a (1 - b/2) = .45 and
/// b (1 - a/2) = .35. What does nothing gets nothing.
#[test]
fn shares_and_split_agree_with_the_closed_form() {
    let prevention_exact = prevention(3, 0, 2000);
    // 1 in 1000 intervals of a right program misses; there are nine here and the seed is fixed.
    let confidence = 0.9999;
    let shares = prevention_exact.shares(confidence);
    for (share, expected) in shares.iter().zip([0.6, 0.5]) {
        let value = share.prevented;
        assert!(
            value.low < expected && expected < value.high,
            "{value:?} against {expected}"
        );
        assert!(value.high - value.low < 0.1);
    }
    assert_eq!(shares[2].saved, 0.0);
    // All of it is knowledge: who is never let go by waiting is not saved by it. The parts add up, and what does not ask has none.
    for share in &shares[..2] {
        let [delay, default, knowledge] = share.parts.expect("it asks").map(|part| part.estimate);
        assert_eq!((delay, default), (0.0, 0.0));
        assert!((knowledge - share.prevented.estimate * share.of / 2000.0).abs() < 1e-9);
    }
    assert_eq!(shares[2].parts, None);
    let split = prevention_exact.split(confidence);
    for (part, expected) in split.iter().zip([0.45, 0.35, 0.0]) {
        let value = part.value;
        assert!(
            value.low <= expected && expected <= value.high,
            "{value:?} against {expected}"
        );
    }
    let [base, all] = prevention_exact
        .counted(confidence)
        .map(|value| value.estimate);
    let sum: f64 = split.iter().map(|part| part.value.estimate).sum();
    assert!((sum - (base - all)).abs() < 1e-9, "the parts add up");
    assert!((split.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9);
}

/// R7 as it is offered saves everybody; in its weakest form half of the calls are answered and half of the flights known, so one in four; in
/// its strongest all. What has but one form has no band, and the ends move nobody else's numbers.
#[test]
fn a_rule_is_tried_from_its_weakest_to_its_strongest_form() {
    let base = one_pass(&[]);
    let offered = candidate_rules(&base);
    let pick = |name: &str| {
        let found = offered.added.iter().find(|change| change.name == name);
        found.expect("it is offered").clone()
    };
    let game = Game::new(base, vec![pick("R7"), pick("R1")], Counted::Lost, 2, 0);
    let game = game.expect("a game");
    let mut prevention = Prevention::new(&game);
    for index in 0..1000 {
        prevention.add(&game.play(Replication { seed: 5, index }).expect("run"));
    }
    let shares = prevention.shares(0.9999);
    let [weak, strong] = shares[0].band.expect("it has a band");
    assert!(
        weak.low < 0.25 && 0.25 < weak.high && weak.high - weak.low < 0.15,
        "{weak:?}"
    );
    assert_eq!((shares[0].prevented.estimate, strong.estimate), (1.0, 1.0));
    assert_eq!(shares[1].band, None);
    // R1 saves everybody as well: each has one half of all, and the weakest R7 one half of the one in four that it saves when it is first.
    let split = prevention.split(0.9999);
    assert_eq!(
        (split[0].value.estimate, split[1].value.estimate),
        (0.5, 0.5)
    );
    let [weak, strong] = split[0].band.expect("it has a band");
    assert!(
        weak.low < 0.125 && 0.125 < weak.high && weak.high - weak.low < 0.1,
        "{weak:?}"
    );
    assert_eq!(strong.estimate, 0.5);
    assert_eq!(split[1].band, None);
}

/// Drawn orders give the same values but for their draw, and they add up too.
#[test]
fn drawn_orders_agree_with_all_combinations() {
    let count = 600;
    let (exact, drawn) = (prevention(3, 0, count), prevention(0, 2, count));
    for (one, other) in exact.split(0.9999).iter().zip(drawn.split(0.9999)) {
        let apart = (one.value.estimate - other.value.estimate).abs();
        let bound = (other.value.high - other.value.low) / 2.0;
        assert!(apart <= bound, "{one:?} {other:?}");
    }
    let [base, all] = drawn.counted(0.95).map(|value| value.estimate);
    let sum: f64 = drawn
        .split(0.95)
        .iter()
        .map(|part| part.value.estimate)
        .sum();
    assert!((sum - (base - all)).abs() < 1e-9);
}

#[test]
fn the_story_has_every_part() {
    let scenario = load(BUSY, &[]);
    let replication = Replication { seed: 1, index: 2 };
    let log = simulate(&scenario, replication, Detail::Full);
    let shot = wrong_shots(&log)[0];
    let candidate_rules = candidate_rules(&scenario);
    let changes = [
        candidate_rules.added.clone(),
        candidate_rules.removed.clone(),
    ]
    .concat();
    let who = log.events[shot].fact.aircraft().expect("an aircraft");
    let name = &log.sorties[who.index()].name;
    let counterfactual = Counterfactual::hold(&scenario, replication, name, &changes);
    let story = Story {
        scenario: &scenario,
        log: &log,
        shot,
        counterfactual: Some((&candidate_rules, &changes, &counterfactual)),
    };
    let text = story.tell();
    for part in [
        "neutral to lna",
        "By the clock",
        "+0.0 s",
        "The evidence",
        "P(hostile)",
        "What each rule in force said",
        "<- decided",
        "The chain of causes",
        "its plan: filed with others",
        "What would have prevented it",
        "R6   plans sent also to those who might shoot",
        "Smallest sets",
        "Not tried",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

fn deconflict(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("written")
}

#[test]
fn prevent_writes_the_same_with_any_number_of_threads() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = |name: &str| -> PathBuf { place.path().join(name) };
    for (name, jobs) in [("one", "1"), ("two", "2")] {
        let out = folder(name);
        let output = deconflict(&[
            "prevent",
            BUSY,
            "--replications",
            "12",
            "--jobs",
            jobs,
            "--rule",
            "R6",
            "--rule",
            "R7",
            "--out",
            out.to_str().expect("text"),
        ]);
        assert!(output.status.success(), "{}", said(&output));
        assert!(said(&output).contains("Shapley"), "{}", said(&output));
    }
    for name in ["prevention.csv", "prevention.json"] {
        assert_eq!(
            read(&folder("one"), name),
            read(&folder("two"), name),
            "{name}"
        );
    }
    let table = read(&folder("one"), "prevention.csv");
    let header: Vec<&str> = table.lines().next().expect("a header").split(',').collect();
    let documented: Vec<&str> = deconflict::output::PREVENTION
        .columns
        .iter()
        .map(|(name, _)| *name)
        // What stands for columns of scenarios that measure separation.
        .filter(|name| *name != "(quantities)")
        .collect();
    assert_eq!(header, documented);
    assert_eq!(table.lines().count(), 3);
    // It is not replaced unasked.
    let out = folder("one");
    let again = deconflict(&[
        "prevent",
        BUSY,
        "--replications",
        "2",
        "--out",
        out.to_str().expect("text"),
    ]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
}

#[test]
fn mistakes_are_told() {
    for (arguments, told) in [
        (
            vec!["prevent", BUSY, "--rule", "R99"],
            "there is no such rule here; expected one of",
        ),
        (vec!["prevent", BUSY, "--rule", "R10"], "cannot be offered"),
        (
            vec!["prevent", BUSY, "--try", "nonsense"],
            "expected a name, a colon",
        ),
        (
            vec![
                "explain",
                BUSY,
                "--try",
                "x: rules.hostile_criteria.threshold=7",
            ],
            "threshold",
        ),
        (
            vec!["explain", BUSY, "--flight", "nobody"],
            "there is no such flight; expected one of",
        ),
    ] {
        let output = deconflict(&arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains(told),
            "{arguments:?}: {}",
            said(&output)
        );
    }
    // Nothing wrong in a replication is no mistake: it is said where there is something.
    let calm = (0..20).any(|replication| {
        let replication = replication.to_string();
        let told = deconflict(&[
            "explain",
            BUSY,
            "--seed",
            "1",
            "--replication",
            &replication,
        ]);
        assert!(told.status.success());
        said(&told).contains("The next replication with one: deconflict explain")
    });
    assert!(calm, "no replication of 20 without a wrong shot");
    let mut through = (0, 0);
    for replication in 0..4 {
        let replication = replication.to_string();
        let told = deconflict(&[
            "explain",
            BUSY,
            "--replication",
            &replication,
            "--let-through",
        ]);
        assert!(told.status.success());
        let told = said(&told);
        let next = "No raid that comes through in replication";
        let found = told.contains("reaches its objective at");
        assert!(found != told.starts_with(next), "{told}");
        through.0 += usize::from(found);
        through.1 += usize::from(told.contains("--let-through"));
    }
    assert!(through.0 > 0 && through.1 > 0, "{through:?}");
}

/// With weapons on hold every raid comes through, for that reason and no other at every site that it comes into reach of; without the
/// rule that says so one of them does not. What is told of each site is what the log has.
#[test]
fn a_raid_that_came_through_is_told_where_and_why() {
    let held = load(BUSY, &["rules.weapons_control.status=hold"]);
    let candidate_rules = candidate_rules(&held);
    let (mut through, mut stopped, mut declined) = (0, 0, 0);
    for index in 0..6 {
        let log = fly(&held, index);
        for aircraft in let_through(&log) {
            through += 1;
            let name = &log.sorties[aircraft.index()].name;
            assert!(outcome(&log, name).reached.is_some());
            for made in passage(&log, aircraft) {
                let about = |fact: &Fact| {
                    fact.site() == Some(made.site) && fact.aircraft() == Some(aircraft)
                };
                let tracks = log.events.iter().filter(|event| about(&event.fact));
                let tracks =
                    tracks.filter(|event| matches!(event.fact, Fact::TrackConfirmed { .. }));
                assert_eq!(made.tracked, tracks.map(|event| event.time).next());
                assert_eq!((made.engagements, made.shots, made.destroyed), (0, 0, None));
                for (_, decision) in &made.declined {
                    declined += 1;
                    assert_eq!(
                        (decision.rule, decision.reason),
                        ("R1", Reason::WeaponsHold)
                    );
                }
            }
            let trials = Trials::hold(&held, log.replication, name, &candidate_rules.removed);
            stopped += usize::from(trials.alone.iter().any(|(at, outcome)| {
                candidate_rules.removed[*at].name == "-R1" && outcome.reached.is_none()
            }));
            let story = PassageStory {
                scenario: &held,
                log: &log,
                aircraft,
                trials: Some((&candidate_rules.removed, &trials)),
            };
            let told = story.tell();
            assert!(told.contains("reaches its objective at"), "{told}");
        }
    }
    assert!(
        through > 5 && stopped > 0 && declined > 0,
        "{through} {stopped} {declined}"
    );
}

/// A row of a sweep is explained and shown as the scenario behind its cell would be.
#[test]
fn rows_of_a_sweep_are_explained_and_replayed() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("agreement");
    let out = out.to_str().expect("text");
    let sweep = deconflict(&[
        "sweep",
        "tests/suite/support/agreement.toml",
        "--replications",
        "3",
        "--out",
        out,
    ]);
    assert!(sweep.status.success(), "{}", said(&sweep));
    let of_row = deconflict(&[
        "explain",
        "--from",
        out,
        "--cell",
        "baseline",
        "--replication",
        "2",
    ]);
    let of_file = deconflict(&["explain", BUSY, "--seed", "1", "--replication", "2"]);
    let story = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("Look at it"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(story(&of_file).len() > 20, "{}", said(&of_file));
    assert_eq!(story(&of_row), story(&of_file));
    // A change means the same in a folder as in the file.
    for change in [
        &["--set", "site_classes.class_a.weapon.kill_probability=0"][..],
        &["--try", "strict: rules.hostile_criteria.threshold=0.99"],
    ] {
        let row = [
            "explain",
            "--from",
            out,
            "--cell",
            "baseline",
            "--replication",
            "2",
        ];
        let changed_row = deconflict(&[&row[..], change].concat());
        let changed_file = deconflict(&[&["explain", BUSY, "--replication", "2"], change].concat());
        assert_ne!(story(&changed_file), story(&of_file), "{change:?}");
        assert_eq!(story(&changed_row), story(&changed_file), "{change:?}");
    }
    let pages = [
        place.path().join("row.html"),
        place.path().join("file.html"),
    ];
    let pages_text = pages
        .each_ref()
        .map(|page| page.to_str().expect("text").to_owned());
    let row = deconflict(&[
        "replay",
        "--from",
        out,
        "--cell",
        "baseline",
        "--replication",
        "2",
        "--out",
        &pages_text[0],
    ]);
    let file = deconflict(&[
        "replay",
        BUSY,
        "--seed",
        "1",
        "--replication",
        "2",
        "--out",
        &pages_text[1],
    ]);
    assert!(
        row.status.success() && file.status.success(),
        "{}",
        said(&row)
    );
    let shots = |page: &Path| {
        let text = std::fs::read_to_string(page).expect("a page");
        let from = text.find("\"shots\":").expect("shots");
        text[from..].chars().take(2000).collect::<String>()
    };
    assert_eq!(shots(&pages[0]), shots(&pages[1]));
    let page = std::fs::read_to_string(&pages[0]).expect("a page");
    assert!(page.contains("replay --from"), "how to make it again");
    // The ledger on the page is that of the story.
    let told = said(&of_file);
    let line = told
        .lines()
        .find(|line| line.contains("flight plan: no_match; P(hostile)"));
    let line = line.expect("a line of the ledger").trim();
    assert!(page.contains(line), "the page does not have {line:?}");
}
