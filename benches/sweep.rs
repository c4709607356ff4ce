//! What a sweep costs on top of its replications, and what an instant of the clock costs on its own.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deconflict::experiment::accounts::Accounts;
use deconflict::experiment::plan::{Overrides, Plan};
use deconflict::experiment::sweep::run_blocks;
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

/// Blocks of one measured sweep.
const BLOCKS: u64 = 20;

fn sweep(criterion: &mut Criterion) {
    let file = "scenarios/experiments/agreement.toml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let plan = Plan::load(&path, &Overrides::default()).unwrap_or_else(|error| panic!("{error}"));
    let cells = plan.record.cells.len();
    let fly = |cell: usize, index: u64| {
        let replication = Replication {
            seed: plan.record.seed,
            index,
        };
        let log = simulate(&plan.scenarios[cell], replication, Detail::Measures);
        plan.columns.measure(&log)
    };
    let mut group = criterion.benchmark_group("sweep");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8))
        .throughput(Throughput::Elements(BLOCKS * cells as u64));
    let mut first = 0;
    group.bench_function("agreement, one thread", |bencher| {
        bencher.iter(|| {
            let mut accounts = Accounts::new(&plan);
            let blocks = first..first + BLOCKS;
            first += BLOCKS;
            run_blocks::<()>(
                cells,
                blocks,
                1,
                || false,
                fly,
                |block| {
                    accounts.add(&block);
                    Ok(ControlFlow::Continue(()))
                },
            )
            .expect("nobody refuses");
            accounts
        });
    });
    group.bench_function("accounts of a block alone", |bencher| {
        let mut block = None;
        run_blocks::<()>(
            cells,
            0..1,
            1,
            || false,
            fly,
            |flown| {
                block = Some(flown);
                Ok(ControlFlow::Continue(()))
            },
        )
        .expect("nobody refuses");
        let block = block.expect("a block");
        let mut accounts = Accounts::new(&plan);
        bencher.iter(|| accounts.add(black_box(&block)));
    });
    group.finish();
}

/// A thousand transits past nobody: departures and landings, each an instant of the clock, and nothing else.
const TRANSITS: &str = r#"
include = ["library/aircraft.toml"]
title = "Transits past nobody"
start_utc = "2019-11-20T00:00:00Z"
duration_h = 24
[sides]
us = {}
[flights.transit]
aircraft = "mq9_recon"
side = "us"
count = 1000
spacing_s = 60
start.departs = { after_s = 60, at_altitude = true }
route.waypoints = { points = [{ east_m = 0, north_m = 0 }, { east_m = 50_000, north_m = 0 }] }
"#;

fn instants(criterion: &mut Criterion) {
    let name = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join("scenarios/transits.toml");
    let name = name.to_str().expect("a path in UTF-8");
    let scenario = Scenario::parse(TRANSITS, name, &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut group = criterion.benchmark_group("instant");
    group.throughput(Throughput::Elements(2_000));
    let mut index = 0;
    group.bench_function("1000 departures and landings", |bencher| {
        bencher.iter(|| {
            index += 1;
            simulate(
                black_box(&scenario),
                Replication { seed: 1, index },
                Detail::Measures,
            )
        });
    });
    group.finish();
}

criterion_group!(benches, sweep, instants);
criterion_main!(benches);
