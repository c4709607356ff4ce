//! Chance for tests that make up their input: one word after the other from a fixed seed, so that what passes once passes always.

use deconflict::ids::Key;

pub struct TestRng(u64);

impl TestRng {
    pub fn new(seed: u64) -> TestRng {
        TestRng(Key::of("rng").nth(seed as u32).0)
    }

    fn word(&mut self) -> u64 {
        self.0 = Key(self.0).nth(7).0;
        self.0
    }

    /// A number from `low` to `high`.
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.word() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A whole number from 0 to below `count`.
    pub fn below(&mut self, count: u64) -> u64 {
        self.word() % count
    }

    /// True once in so many.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// One of some.
    pub fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len() as u64) as usize]
    }

    /// A whole coordinate from -`most` to `most`.
    pub fn place(&mut self, most: i64) -> i64 {
        self.below(2 * most as u64 + 1) as i64 - most
    }
}
