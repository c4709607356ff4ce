//! How long one replication takes, for the two reference workloads and the busy end of the baseline.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use deconflict::record::{Detail, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::simulate;

fn replication(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replication");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(8));
    let separation = ["separation={}".to_owned()];
    for (name, file, sets) in [
        ("trip-ref", "benches/trip-ref.toml", &[][..]),
        ("trip-1k", "benches/trip-1k.toml", &[]),
        ("trip-1k, separation", "benches/trip-1k.toml", &separation),
        ("nov-2019-busy", "scenarios/nov-2019-busy.toml", &[]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(file);
        let scenario = Scenario::load(&path, sets).unwrap_or_else(|error| panic!("{error}"));
        // Another replication each time: the same one over and over would flatter the branch predictor.
        let mut index = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                index += 1;
                simulate(
                    black_box(&scenario),
                    Replication { seed: 1, index },
                    Detail::Measures,
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, replication);
criterion_main!(benches);
