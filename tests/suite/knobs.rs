//! Every tunable parameter of every rule is connected to something: moved across its range, it changes what happens.

use std::collections::BTreeSet;
use std::path::Path;

use deconflict::coordination::RULES;
use deconflict::record::{Detail, Event, Replication};
use deconflict::scenario::Scenario;
use deconflict::scenario::keys::parameters;
use deconflict::simulation::simulate;

/// A parameter, the scenario that shows it, and values across its range; overrides that hold throughout come last.
struct Knob {
    rule: &'static str,
    parameter: &'static str,
    scenario: &'static str,
    values: &'static [&'static str],
    throughout: &'static [&'static str],
}

const BUSY: &str = "scenarios/nov-2019-busy.toml";

const KNOBS: &[Knob] = &[
    Knob {
        rule: "weapons_control",
        parameter: "status",
        scenario: BUSY,
        values: &[r#""free""#, r#""tight""#, r#""hold""#],
        throughout: &[],
    },
    Knob {
        rule: "weapons_control",
        parameter: "zones",
        scenario: BUSY,
        values: &["[]", r#"[{ zone = "around", status = "hold" }]"#],
        throughout: &[
            "zones={around={area={circle={center={east_m=0,north_m=0},radius_m=100_000}}}}",
        ],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "threshold",
        scenario: BUSY,
        values: &["0.0", "0.5", "0.9", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "id_sources",
        scenario: BUSY,
        values: &["2", "8"],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "declarations",
        scenario: BUSY,
        values: &["1", "10", "100"],
        throughout: &[],
    },
    Knob {
        rule: "hostile_criteria",
        parameter: "dwell_s",
        scenario: "scenarios/closed-form/dwell.toml",
        values: &["0.0", "40.0", "98.0", "3600.0"],
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
        parameter: "compliance",
        scenario: "scenarios/closed-form/plan-delivery-chain.toml",
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
        parameter: "own_flights",
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
        parameter: "nodes",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["[]", r#"["elsewhere"]"#],
        throughout: &[],
    },
    Knob {
        rule: "hotline_query",
        parameter: "gate_m",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["100.0", "5000.0"],
        throughout: &[
            "rules.hotline_query.nodes=[\"liaison\"]",
            "rules.hotline_query.own_flights=0",
            "flights.passer.cross_track_sigma_m=2000",
        ],
    },
    Knob {
        rule: "hotline_query",
        parameter: "gate_height_m",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["10.0", "5000.0"],
        throughout: &[
            "rules.hotline_query.nodes=[\"liaison\"]",
            "rules.hotline_query.own_flights=0",
            "site_classes.watch.tracker.measurement={ range_sigma_m = 10, bearing_sigma_deg = 0.01, altitude_sigma_m = 500 }",
        ],
    },
    Knob {
        rule: "hotline_query",
        parameter: "gate_s",
        scenario: "scenarios/closed-form/hotline.toml",
        values: &["10.0", "600.0"],
        throughout: &[
            "rules.hotline_query.nodes=[\"liaison\"]",
            "rules.hotline_query.own_flights=0",
            "flights.passer.start.departs.delay.fixed.delay_s=200",
        ],
    },
    Knob {
        rule: "corridors",
        parameter: "compliance",
        scenario: "scenarios/closed-form/corridor.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "compliance",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "stays_out",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "notice_s",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["300.0", "600.0"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "from_h",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["0.0", "0.45", "0.9"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "until_h",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["0.3", "0.9"],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "zone",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &[r#""closed""#, r#""harbour""#],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "exempt",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["[]", r#"["strip"]"#, r#"["harbour"]"#],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "authority",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &[r#""headquarters""#, r#""embassy""#],
        throughout: &[],
    },
    Knob {
        rule: "restricted_operations_zone",
        parameter: "dwell_s",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["0.0", "100.0", "600.0"],
        throughout: &[],
    },
    // What is declared neutral is held Unknown, so that no identity protects it.
    Knob {
        rule: "restricted_operations_zone",
        parameter: "civil",
        scenario: "scenarios/closed-form/restricted-operations-zone.toml",
        values: &["[]", r#"["neutral"]"#, r#"["hostile"]"#],
        throughout: &[
            "site_classes.watch.identification.actual.neutral={ neutral = 1, unknown = 0 }",
            "site_classes.watch.identification.identity.neutral=1",
        ],
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
    Knob {
        rule: "engagement_authority",
        parameter: "level",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[r#""site""#, r#""joint""#],
        throughout: &["sites.site.count=2"],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "service",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[
            "{ fixed = { delay_s = 10 } }",
            "{ fixed = { delay_s = 60 } }",
            "{ exponential = { mean_s = 60 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "capacity",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["0", "8"],
        throughout: &[
            "flights.passer.count=3",
            "rules.engagement_authority.threshold=0",
        ],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "threshold",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "node",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[r#""headquarters""#, r#""embassy""#],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "gate_m",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["100.0", "5000.0"],
        throughout: &["flights.passer.cross_track_sigma_m=2000"],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "gate_s",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["10.0", "600.0"],
        throughout: &["flights.passer.start.departs.delay.fixed.delay_s=200"],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "reports_s",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["0.0", "600.0"],
        throughout: &[
            "sites.site.count=2",
            "sites.site.position={ drawn_in = { circle = { center = { east_m = 0, north_m = 0 }, radius_m = 10 } } }",
            "flights.passer.plan.filed=1",
            "site_classes.watch.sensor.scan_phase=\"random\"",
        ],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "prior",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[
            "{ friend = 0, neutral = 1, hostile = 1 }",
            "{ friend = 0, neutral = 0.1, hostile = 1 }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "assumed",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[
            "{ friend = 0.6, neutral = 0.6, hostile = 0.05 }",
            "{ friend = 0.6, neutral = 0.6, hostile = 0.6 }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "timeout_s",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &["10.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "engagement_authority",
        parameter: "on_timeout",
        scenario: "scenarios/closed-form/engagement-authority.toml",
        values: &[r#""hold""#, r#""fire""#],
        throughout: &["rules.engagement_authority.timeout_s=10"],
    },
    Knob {
        rule: "lost_comms",
        parameter: "mtbf_h",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &["0.1", "1.0", "100.0"],
        throughout: &[],
    },
    Knob {
        rule: "lost_comms",
        parameter: "mttr_min",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &["0.0", "5.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "lost_comms",
        parameter: "common",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &[r#""site""#, r#""node""#],
        throughout: &["sites.site.count=2"],
    },
    Knob {
        rule: "lost_comms",
        parameter: "outages",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &["[]", "[{ until_h = 0.1 }]", "[{ until_h = 0.2 }]"],
        throughout: &[],
    },
    Knob {
        rule: "lost_comms",
        parameter: "timeout_s",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &["0.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "lost_comms",
        parameter: "fallback",
        scenario: "scenarios/closed-form/lost-comms.toml",
        values: &[
            r#""keep""#,
            r#""hold""#,
            r#""autonomous""#,
            r#""self_defence""#,
        ],
        throughout: &[
            "rules.self_defence={ approach_m = 40000, within_s = 600 }",
            r#"rules.weapons_control.status="tight""#,
        ],
    },
    Knob {
        rule: "time_windows",
        parameter: "windows",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &[
            "[]",
            "[{ until_h = 0.3 }]",
            "[{ from_h = 0.05, until_h = 0.35 }]",
        ],
        throughout: &[],
    },
    Knob {
        rule: "time_windows",
        parameter: "zone",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &[r#""harbour""#, r#""desert""#],
        throughout: &[
            "rules.time_windows.windows=[{ until_h = 1 }]",
            "site_classes.watch.weapon.max_range_m=8000",
        ],
    },
    Knob {
        rule: "time_windows",
        parameter: "status",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &[r#""tight""#, r#""hold""#],
        throughout: &[],
    },
    Knob {
        rule: "time_windows",
        parameter: "clock_error_s",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &["0.0", "120.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "time_windows",
        parameter: "sides",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &["rules.time_windows.windows=[{ from_h = 0.3, until_h = 0.5 }]"],
    },
    Knob {
        rule: "time_windows",
        parameter: "compliance",
        scenario: "scenarios/closed-form/time-windows.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[
            "rules.time_windows.windows=[{ from_h = 0.3, until_h = 0.5 }]",
            r#"rules.time_windows.sides=["stranger"]"#,
        ],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "blocks",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &[
            "[]",
            "[{ floor_m = 900, top_m = 1300 }]",
            "[{ floor_m = 1100, top_m = 1300 }]",
        ],
        throughout: &[],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "height_sigma_m",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &["0.0", "150.0", "1000.0"],
        throughout: &[],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "compliance",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "sides",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &[],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "keeps",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[r#"rules.altitude_blocks.sides=["stranger"]"#],
    },
    Knob {
        rule: "altitude_blocks",
        parameter: "level_m",
        scenario: "scenarios/closed-form/altitude-blocks.toml",
        values: &["50.0", "40000.0"],
        throughout: &[r#"rules.altitude_blocks.sides=["stranger"]"#],
    },
    Knob {
        rule: "weapon_engagement_zone",
        parameter: "areas",
        scenario: "scenarios/closed-form/weapon-engagement-zone.toml",
        values: &[
            r#"[{ zone = "harbour", classes = ["watch"] }]"#,
            r#"[{ zone = "harbour", classes = ["far"] }]"#,
            r#"[{ zone = "desert", classes = ["watch"] }]"#,
        ],
        throughout: &[],
    },
    Knob {
        rule: "weapon_engagement_zone",
        parameter: "margin_m",
        scenario: "scenarios/closed-form/weapon-engagement-zone.toml",
        values: &["0.0", "3000.0"],
        throughout: &[],
    },
    Knob {
        rule: "weapon_engagement_zone",
        parameter: "compliance",
        scenario: "scenarios/closed-form/weapon-engagement-zone.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "weapon_engagement_zone",
        parameter: "self_defence",
        scenario: "scenarios/closed-form/weapon-engagement-zone.toml",
        values: &["true", "false"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "sides",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "interval_s",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["30.0", "60.0"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "latency",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 20 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "delivery",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "gate_m",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["0.0", "3000.0", "6000.0"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "max_age_s",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["10.0", "120.0"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "compliance",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "gap_mtbf_h",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["0.1", "10.0"],
        throughout: &[
            "rules.friendly_force_tracking.gap_mttr_min=5",
            "rules.friendly_force_tracking.delivery=1",
        ],
    },
    Knob {
        rule: "friendly_force_tracking",
        parameter: "gap_mttr_min",
        scenario: "scenarios/closed-form/friendly-force-tracking.toml",
        values: &["0.0", "30.0"],
        throughout: &[
            "rules.friendly_force_tracking.gap_mtbf_h=0.5",
            "rules.friendly_force_tracking.delivery=1",
        ],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "sides",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &[],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "lateral_m",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["3000.0", "50000.0"],
        throughout: &[],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "vertical_m",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["500.0", "100.0"],
        throughout: &[
            "rules.altitude_blocks={ blocks = [{ floor_m = 1, top_m = 2 }] }",
            "rules.conformance_monitoring.lateral_m=1000000",
            "flights.passer.start.departs.at_altitude=false",
            "flights.passer.start.departs.delay={ fixed = { delay_s = 100 } }",
            "aircraft.point.climb_mps=3",
        ],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "detection",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &[
            "{ fixed = { delay_s = 10 } }",
            "{ fixed = { delay_s = 100 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "service_s",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["0.0", "100.0"],
        throughout: &[],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "false_alerts_per_hour",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["0.0", "300.0"],
        throughout: &["rules.conformance_monitoring.service_s=10"],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "latency",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 100 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "conformance_monitoring",
        parameter: "delivery",
        scenario: "scenarios/closed-form/conformance-monitoring.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "visual_identification_s",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0", "60.0"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "ifov_mrad",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.01", "0.1"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "field_deg",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0001", "5.0"],
        throughout: &[
            "site_classes.watch.tracker.measurement={ range_sigma_m = 10, bearing_sigma_deg = 0.01, altitude_sigma_m = 10 }",
        ],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "correct",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "threshold",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0", "0.5"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "day",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &[
            "{ sun = {} }",
            "{ from_h = 0, to_h = 12 }",
            "{ from_h = 12, to_h = 18 }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "night_factor",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0", "1.0"],
        throughout: &["rules.optical_confirmation.day={ from_h = 12, to_h = 18 }"],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "visibility_km",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["10.0", "300.0"],
        throughout: &[],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "haze_per_hour",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &["0.0", "1.0"],
        throughout: &["rules.optical_confirmation.visibility_km=10"],
    },
    Knob {
        rule: "optical_confirmation",
        parameter: "if_unclear",
        scenario: "scenarios/closed-form/optical-confirmation.toml",
        values: &[r#""fire""#, r#""hold""#],
        throughout: &[],
    },
    Knob {
        rule: "second_operator",
        parameter: "time",
        scenario: "scenarios/closed-form/second-operator.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 60 } }",
        ],
        throughout: &[
            "site_classes.watch.identification.actual.neutral={ hostile = 1, neutral = 0 }",
        ],
    },
    Knob {
        rule: "second_operator",
        parameter: "threshold",
        scenario: "scenarios/closed-form/second-operator.toml",
        values: &["0.0", "0.5"],
        throughout: &[],
    },
    Knob {
        rule: "second_operator",
        parameter: "same_picture",
        scenario: "scenarios/closed-form/second-operator.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[
            "site_classes.watch.identification.actual.neutral={ neutral = 0.5, hostile = 0.5 }",
        ],
    },
    Knob {
        rule: "second_operator",
        parameter: "cool_down_s",
        scenario: "scenarios/closed-form/second-operator.toml",
        values: &["0.0", "100.0"],
        throughout: &[
            "flights.passer.count=2",
            "rules.second_operator.same_picture=1",
            "site_classes.watch.identification.actual.neutral={ hostile = 1, neutral = 0 }",
        ],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "zone",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &[r#""harbour""#, r#""desert""#],
        throughout: &["rules.airspace_closure.until_h=0.1"],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "top_m",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["2000.0", "900.0"],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "from_h",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["0.0", "0.5"],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "until_h",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["0.05", "0.5"],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "sides",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["[]", r#"["stranger"]"#],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "notice_h",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["0.5", "24.0"],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "latency",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 200000 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "compliance",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "airspace_closure",
        parameter: "cancels",
        scenario: "scenarios/closed-form/airspace-closure.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "ordered_h",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["[]", "[0.0]", "[0.01]"],
        throughout: &[
            "rules.cease_fire.after_wrong_shot=false",
            "rules.cease_fire.latency={ fixed = { delay_s = 0 } }",
        ],
    },
    Knob {
        rule: "cease_fire",
        parameter: "after_wrong_shot",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["true", "false"],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "noticed",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "noticing",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 60 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "latency",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &[
            "{ fixed = { delay_s = 0 } }",
            "{ fixed = { delay_s = 60 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "delivery",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "lasts_s",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["10.0", "3600.0"],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "order",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &[r#""hold_fire""#, r#""cease_fire""#],
        throughout: &[],
    },
    Knob {
        rule: "cease_fire",
        parameter: "abort",
        scenario: "scenarios/closed-form/cease-fire.toml",
        values: &["0.0", "0.5", "1.0"],
        throughout: &[],
    },
    Knob {
        rule: "challenge",
        parameter: "answers",
        scenario: "scenarios/closed-form/challenge.toml",
        values: &["{}", "{ stranger = 0.5 }"],
        throughout: &[],
    },
    Knob {
        rule: "challenge",
        parameter: "delay",
        scenario: "scenarios/closed-form/challenge.toml",
        values: &[
            "{ fixed = { delay_s = 10 } }",
            "{ fixed = { delay_s = 40 } }",
        ],
        throughout: &[],
    },
    Knob {
        rule: "challenge",
        parameter: "timeout_s",
        scenario: "scenarios/closed-form/challenge.toml",
        values: &["15.0", "30.0"],
        throughout: &[],
    },
    Knob {
        rule: "challenge",
        parameter: "assumed",
        scenario: "scenarios/closed-form/challenge.toml",
        values: &[
            "{ friend = 0.5, neutral = 0.5, hostile = 0.5 }",
            "{ friend = 0.6, neutral = 0.9, hostile = 0.05 }",
        ],
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
    let listed: BTreeSet<(&str, String)> = RULES
        .iter()
        .flat_map(|rule| {
            let all = parameters(rule.key).into_iter();
            let own = all.filter(|parameter| !parameter.path.contains('['));
            own.map(|parameter| (rule.key, parameter.name().to_owned()))
        })
        .collect();
    let cases: BTreeSet<(&str, String)> = KNOBS
        .iter()
        .map(|knob| (knob.rule, knob.parameter.to_owned()))
        .collect();
    assert_eq!(
        listed, cases,
        "left: parameters in the schema, right: cases of this test"
    );
}

#[test]
fn moving_a_knob_changes_what_happens() {
    let mut loose = Vec::new();
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
            if pair[0] == pair[1] {
                loose.push(format!(
                    "{name} from {} to {}: {} shows nothing of it",
                    values[0], values[1], knob.scenario
                ));
            }
        }
    }
    assert!(loose.is_empty(), "{}", loose.join("\n"));
}
