//! An independent engine: the workloads of `benches/` against means measured with a plain time-step simulation.
//!
//! The reference moves every aircraft once a second, lets every site look at every aircraft when its scan falls due, and
//! draws from one running ChaCha8 stream; it shares no code with this crate. 18 means are compared. A count with fewer
//! than ten events is not judged. For each the bound is |z| < 3.5 on the difference of the means: with 18 comparisons,
//! a right engine fails with probability 0.8 %; the seed is fixed, so it fails always or never.

use std::path::Path;
use std::sync::Arc;

use deconflict::experiment::replicate::replicate;
use deconflict::measure::Columns;
use deconflict::record::Detail;
use deconflict::scenario::Scenario;
use deconflict::simulation::Engine;

/// Measure, mean, standard error of the mean.
type Reference = [(&'static str, f64, f64); 18];

/// 40 000 replications of the reference, seed 11, measured 22 November 2026.
const TRIP_REF: Reference = [
    ("detections[type=trip_tb2]", 6_558.053_5, 12.413_017),
    ("detections[type=trip_b]", 55_852.494_05, 15.436_483),
    ("detections[type=trip_c]", 39_409.215_5, 5.000_294),
    (
        "declarations_right[type=trip_tb2]",
        1_223.144_075,
        2.433_887,
    ),
    ("declarations_right[type=trip_b]", 9_695.737_875, 2.691_145),
    ("declarations_right[type=trip_c]", 8_278.057_175, 1.048_688),
    ("declarations_wrong[type=trip_tb2]", 509.596_775, 1.019_15),
    ("declarations_wrong[type=trip_b]", 4_936.090_325, 1.382_208),
    ("declarations_wrong[type=trip_c]", 1_910.251_75, 0.311_388),
    ("declarations_unknown[type=trip_tb2]", 305.715_05, 0.613_693),
    ("declarations_unknown[type=trip_b]", 2_996.423_45, 0.861_463),
    (
        "declarations_unknown[type=trip_c]",
        2_547.287_475,
        0.386_338,
    ),
    ("shots[type=trip_tb2]", 13.275_225, 0.014_64),
    ("shots[type=trip_b]", 0.386_95, 0.003_812),
    ("shots[type=trip_c]", 0.002_4, 0.000_26),
    ("kills[type=trip_tb2]", 7.970_05, 0.000_852),
    ("kills[type=trip_b]", 0.232_85, 0.002_36),
    ("kills[type=trip_c]", 0.001_675, 0.000_204),
];

/// 300 replications of the reference, seed 11, measured 22 November 2026.
const TRIP_1K: Reference = [
    (
        "detections[type=trip_tb2]",
        2_145_066.706_667,
        9_655.672_512,
    ),
    ("detections[type=trip_b]", 3_903_156.093_333, 2_658.901_031),
    ("detections[type=trip_c]", 2_680_645.12, 2_047.094_569),
    (
        "declarations_right[type=trip_tb2]",
        395_160.97,
        1_784.276_156,
    ),
    (
        "declarations_right[type=trip_b]",
        668_384.793_333,
        453.005_493,
    ),
    (
        "declarations_right[type=trip_c]",
        554_934.646_667,
        416.639_859,
    ),
    (
        "declarations_wrong[type=trip_tb2]",
        164_703.756_667,
        744.221_71,
    ),
    (
        "declarations_wrong[type=trip_b]",
        340_276.933_333,
        234.521_393,
    ),
    (
        "declarations_wrong[type=trip_c]",
        128_074.773_333,
        96.566_796,
    ),
    (
        "declarations_unknown[type=trip_tb2]",
        98_804.08,
        445.880_629,
    ),
    (
        "declarations_unknown[type=trip_b]",
        206_567.883_333,
        143.453_659,
    ),
    (
        "declarations_unknown[type=trip_c]",
        170_776.393_333,
        129.865_766,
    ),
    ("shots[type=trip_tb2]", 381.21, 0.265_475),
    ("shots[type=trip_b]", 18.643_333, 0.265_245),
    ("shots[type=trip_c]", 0.14, 0.024_563),
    ("kills[type=trip_tb2]", 228.41, 0.578_185),
    ("kills[type=trip_b]", 10.89, 0.179_102),
    ("kills[type=trip_c]", 0.09, 0.018_461),
];

fn agree(path: &str, replications: u64, reference: &Reference, reference_replications: f64) {
    let scenario = Scenario::load(Path::new(path), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let columns = Arc::new(Columns::new(&scenario.cast));
    let positions =
        reference.map(|(name, _, _)| columns.position(name).expect("the measure exists"));
    let mut sums = [(0.0, 0.0); 18];
    let jobs = std::thread::available_parallelism().map_or(1, |jobs| jobs.get());
    let engine = Engine::default();
    let work =
        |replication| columns.measure(&engine.simulate(&scenario, replication, Detail::Measures));
    replicate(1, 0..replications, jobs, work, |_, summary| {
        for (sum, &position) in sums.iter_mut().zip(&positions) {
            let value = summary.values[position];
            sum.0 += value;
            sum.1 += value * value;
        }
        Ok::<(), std::convert::Infallible>(())
    })
    .expect("every replication ends");
    let n = replications as f64;
    let mut judged = 0;
    let mut report = String::new();
    for ((name, expected, standard_error), (sum, squares)) in reference.iter().zip(sums) {
        let mean = sum / n;
        let variance = (squares / n - mean * mean).max(0.0) * n / (n - 1.0);
        // The spread a replication of the longer of the two runs: a rare count may show none in the shorter.
        let spread = if n >= reference_replications {
            variance
        } else {
            standard_error.powi(2) * reference_replications
        };
        let z = (mean - expected) / (spread / n + spread / reference_replications).sqrt();
        if sum >= 10.0 && expected * reference_replications >= 10.0 {
            judged += 1;
            if z.abs() >= 3.5 {
                report += &format!("{name}: {mean}, reference {expected}, z = {z:.2}\n");
            }
        }
    }
    assert!(
        report.is_empty(),
        "{path} disagrees with the reference:\n{report}"
    );
    assert!(judged >= 17, "only {judged} of 18 could be judged");
}

#[test]
fn trip_ref_agrees_with_the_reference() {
    agree("benches/trip-ref.toml", 20_000, &TRIP_REF, 40_000.0);
}

#[test]
fn trip_1k_agrees_with_the_reference() {
    agree("benches/trip-1k.toml", 80, &TRIP_1K, 300.0);
}
