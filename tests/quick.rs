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
