#[path = "suite/support/mod.rs"]
mod support;
#[path = "suite/differential.rs"]
mod differential;
#[test]
fn show() {
    for seed in std::env::var("SEEDS").unwrap().split(',') {
        let seed: u64 = seed.parse().unwrap();
        let text = differential::scenario(seed);
        println!("== {seed}\n{}", &text[text.find("[rules]").unwrap()..]);
        if std::env::var("ALL").is_ok() { println!("{text}"); }
    }
}
#[test]
fn debug() {
    use deconflict::record::*;
    let seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    let scenario = deconflict::scenario::Scenario::parse(&differential::scenario(seed), "x.toml", &[]).unwrap();
    let r = Replication { seed, index: 0 };
    for log in [deconflict::simulation::simulate(&scenario, r, Detail::Decisive), deconflict::simulation::simulate_every_scan(&scenario, r, Detail::Decisive)] {
        println!("-----");
        for e in &log.events {
            if e.fact.site().is_some_and(|s| s.0 == 2) && e.fact.aircraft().is_some_and(|a| a.0 == 3) && !matches!(e.fact, Fact::IdentityChanged{..}) { println!("{} {:?} {:?}", e.time.0, e.place, e.fact); }
        }
    }
}
#[test]
fn path() {
    use deconflict::record::*;
    let seed = 1325;
    let scenario = deconflict::scenario::Scenario::parse(&differential::scenario(seed), "x.toml", &[]).unwrap();
    let t = &deconflict::simulation::trajectories(&scenario, Replication { seed, index: 0 })[3];
    for l in &t.legs { println!("{:?}", l); }
    for k in 330..382 { let ms = 318103 + 8000*k; let p = t.position(deconflict::units::Millis(ms)); let d = ((p.x+2591.0).powi(2)+(p.y-7849.0).powi(2)+p.z*p.z).sqrt(); println!("{ms} {p:?} {d}"); }
}
