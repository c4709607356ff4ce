//! Every tunable parameter of every rule is connected to something: moved across its range, it changes what happens.

use std::collections::BTreeSet;
use std::path::Path;

use deconflict::coordination::RULES;
use deconflict::record::{Detail, Event, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

/// A parameter, the scenario that shows it, and values across its range; overrides that hold throughout come last.
struct Knob {
    rule: &'static str,
    parameter: &'static str,
    scenario: &'static str,
    values: &'static [&'static str],
    throughout: &'static [&'static str],
}

const BASELINE: &str = "scenarios/nov-2019-baseline.toml";

const KNOBS: &[Knob] = &[
    Knob {
        rule: "weapons_control",
        parameter: "status",
        scenario: BASELINE,
        values: &[r#""free""#, r#""tight""#, r#""hold""#],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "threshold",
        scenario: BASELINE,
        values: &["0.0", "0.5", "0.9", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "cues",
        scenario: BASELINE,
        values: &["1", "10", "100"],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "on",
        scenario: "benches/trip-ref.toml",
        values: &[
            r#""hostile""#,
            r#"{ type = "trip_b" }"#,
            r#"{ type = "trip_tb2" }"#,
        ],
        throughout: &[],
    },
    // Plans that arrive and are matched, of aircraft that would be fired at.
    Knob {
        rule: "flight_plan_notice",
        parameter: "honour",
        scenario: "scenarios/closed-form/notice-chain.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "self_defence",
        parameter: "approach_m",
        scenario: "scenarios/closed-form/self-defence.toml",
        values: &["500.0", "1500.0", "3000.0"],
        throughout: &[],
    },
    Knob {
        rule: "self_defence",
        parameter: "within_s",
        scenario: "scenarios/closed-form/self-defence.toml",
        values: &["0.0", "30.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "self_defence",
        parameter: "min_closing_mps",
        scenario: "scenarios/closed-form/self-defence.toml",
        values: &["0.0", "58.0", "100.0"],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "coverage",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "answers",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "latency",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &[
            "{ fixed = { delay_s = 10 } }",
            "{ fixed = { delay_s = 60 } }",
            "{ exponential = { mean_s = 60 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "timeout_s",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["0.0", "90.0", "600.0"],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "valid_s",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["0.0", "60.0", "3600.0"],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "sides",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "node",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &[r#""elsewhere""#, r#""liaison""#],
        throughout: &["rules.hotline_query.sides=[]"],
    },
    Knob {
        rule: "corridors",
        parameter: "honour",
        scenario: "scenarios/closed-form/corridor.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "coordinates",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "stays_out",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "notice_s",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["300.0", "600.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "from_h",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["0.0", "0.45", "0.9"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "until_h",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["0.3", "0.9"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "zone",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &[r#""closed""#, r#""harbour""#],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "exempt",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &["[]", r#"["strip"]"#, r#"["harbour"]"#],
        throughout: &[],
    },
    Knob {
        rule: "restricted_zone",
        parameter: "authority",
        scenario: "scenarios/closed-form/restricted-zone.toml",
        values: &[r#""headquarters""#, r#""embassy""#],
        throughout: &[],
    },
    Knob {
        rule: "agreed_squawk",
        parameter: "sides",
        scenario: "scenarios/closed-form/agreed-squawk.toml",
        values: &["[]", r#"["stranger"]"#, r#"["ally"]"#],
        throughout: &[],
    },
    Knob {
        rule: "agreed_squawk",
        parameter: "squawk",
        scenario: "scenarios/closed-form/agreed-squawk.toml",
        values: &["true", "false"],
        throughout: &[],
    },
    Knob {
        rule: "agreed_squawk",
        parameter: "squawk_on",
        scenario: "scenarios/closed-form/agreed-squawk.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "agreed_squawk",
        parameter: "iff_on",
        scenario: "scenarios/closed-form/agreed-squawk.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
];

fn logs(knob: &Knob, value: &str) -> Vec<Vec<Event>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(knob.scenario);
    let mut overrides = vec![format!("rules.{}.{}={value}", knob.rule, knob.parameter)];
    overrides.extend(knob.throughout.iter().map(|text| text.to_string()));
    let scenario = Scenario::load(&path, &overrides)
        .unwrap_or_else(|error| panic!("{}: {error}", knob.scenario));
    let fly = |index| {
        simulate(
            &scenario,
            Replication { seed: 2019, index },
            Detail::Decisive,
        )
        .events
    };
    (0..12).map(fly).collect()
}

#[test]
fn every_parameter_of_every_rule_has_a_knob() {
    let listed: BTreeSet<(&str, &str)> = RULES
        .iter()
        .flat_map(|rule| {
            rule.parameters
                .iter()
                .map(|parameter| (rule.key, parameter.key))
        })
        .collect();
    let cases: BTreeSet<(&str, &str)> = KNOBS
        .iter()
        .map(|knob| (knob.rule, knob.parameter))
        .collect();
    assert_eq!(
        listed, cases,
        "left: parameters in RULES, right: cases of this test"
    );
}

#[test]
fn moving_a_knob_changes_what_happens() {
    for knob in KNOBS {
        let name = format!("{}.{}", knob.rule, knob.parameter);
        let by_value: Vec<Vec<Vec<Event>>> =
            knob.values.iter().map(|value| logs(knob, value)).collect();
        assert!(
            by_value[0].iter().any(|events| !events.is_empty()),
            "{name}: nothing happens in {}",
            knob.scenario
        );
        assert!(
            by_value[0] == logs(knob, knob.values[0]),
            "{name}: two runs of one value differ"
        );
        for (at, pair) in by_value.windows(2).enumerate() {
            let values = &knob.values[at..at + 2];
            assert!(
                pair[0] != pair[1],
                "{name} from {} to {}: {} shows nothing of it",
                values[0],
                values[1],
                knob.scenario
            );
        }
    }
}
