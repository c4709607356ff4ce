//! Sums as a fixed fold over batches of 64 replications, the same whoever adds them up.
//!
//! Floating-point addition is not associative, so what a sum comes to depends on its brackets. They are fixed by the numbers of the
//! replications alone: batch b holds replications 64 b to 64 b + 63 and is added up one by one, in order; two neighbours `2 i` and
//! `2 i + 1` of one level make a node of the next, the left one first; and the whole is the nodes that are left, in order, and after
//! them the batch that has not ended. With n replications there are at most `log2(n / 64)` nodes.
//!
//! ```text
//! n = 450:   [ batches 0-3 ] [ 4-5 ] [ 6 ] [ 2 replications of 7 ]
//! ```
//!
//! So a run of batches can be added up anywhere and put in its place later ([`Folded::absorb`]), with the same last bit. A batch
//! that has not ended is kept as it stands, and goes on from there. Pairwise summation also loses less: an error of order
//! `log n` instead of `n` roundings (Higham, SIAM J. Scientific Computing 14 (1993) 783).

use std::slice::Iter;
use std::sync::Arc;

/// Replications of a batch.
pub const BATCH: u64 = 64;

/// What can be added up.
pub trait Sums: Clone {
    /// Adds what was added up of later replications.
    fn merge(&mut self, later: &Self);

    /// Appends all that it holds, as numbers; whole numbers are below 2^53.
    fn write(&self, numbers: &mut Vec<f64>);

    /// Takes what [`Sums::write`] gave; none if there are too few numbers.
    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()>;
}

impl Sums for f64 {
    fn merge(&mut self, later: &f64) {
        *self += later;
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(*self);
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        *self = *numbers.next()?;
        Some(())
    }
}

impl<T: Sums> Sums for Vec<T> {
    fn merge(&mut self, later: &Vec<T>) {
        for (sums, later) in self.iter_mut().zip(later) {
            sums.merge(later);
        }
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        for sums in self {
            sums.write(numbers);
        }
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.iter_mut().try_for_each(|sums| sums.read(numbers))
    }
}

/// A whole number among others.
pub fn whole(numbers: &mut Iter<'_, f64>) -> Option<u64> {
    let number = *numbers.next()?;
    let whole = number as u64;
    (whole as f64 == number && whole < 1 << 53).then_some(whole)
}

/// A run of `2^level` batches, the `at`th of its level.
#[derive(Debug, Clone, PartialEq)]
struct Node<T> {
    level: u32,
    at: u64,
    sums: T,
}

/// Sums of a run of replications.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded<T> {
    /// What nothing comes to; the same for all copies.
    empty: Arc<T>,
    nodes: Vec<Node<T>>,
    /// The batch that has not ended, with its number.
    open: Option<(u64, T)>,
}

impl<T: Sums> Folded<T> {
    /// Nothing added yet; this is what nothing comes to.
    pub fn new(empty: T) -> Folded<T> {
        Folded {
            empty: Arc::new(empty),
            nodes: Vec::new(),
            open: None,
        }
    }

    /// Adds a replication, which comes after those that were added.
    pub fn add(&mut self, index: u64, add: impl FnOnce(&mut T)) {
        let batch = index / BATCH;
        if self.open.as_ref().is_some_and(|(open, _)| *open != batch) {
            self.close();
        }
        let empty = &self.empty;
        let (_, open) = (self.open).get_or_insert_with(|| (batch, T::clone(empty)));
        add(open);
        if (index + 1).is_multiple_of(BATCH) {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some((batch, sums)) = self.open.take() {
            self.put(Node {
                level: 0,
                at: batch,
                sums,
            });
        }
    }

    fn put(&mut self, mut node: Node<T>) {
        let left_of = |left: &mut Node<T>, node: &Node<T>| {
            left.level == node.level && left.at.is_multiple_of(2) && left.at + 1 == node.at
        };
        while let Some(mut left) = self.nodes.pop_if(|left| left_of(left, &node)) {
            left.sums.merge(&node.sums);
            left.level += 1;
            left.at /= 2;
            node = left;
        }
        self.nodes.push(node);
    }

    /// Adds all of what comes after what was added; what both have begun of one batch is put together.
    pub fn absorb(&mut self, later: Folded<T>) {
        if !later.nodes.is_empty() {
            self.close();
        }
        for node in later.nodes {
            self.put(node);
        }
        let Some((batch, sums)) = later.open else {
            return;
        };
        match &mut self.open {
            Some((open, here)) if *open == batch => here.merge(&sums),
            _ => {
                self.close();
                self.open = Some((batch, sums));
            }
        }
    }

    /// The whole of a part of the sums.
    pub fn total<U: Sums>(&self, part: impl Fn(&T) -> &U) -> U {
        let nodes = self.nodes.iter().map(|node| &node.sums);
        let mut all = nodes.chain(self.open.iter().map(|(_, sums)| sums));
        let mut total = part(all.next().unwrap_or(&self.empty)).clone();
        for sums in all {
            total.merge(part(sums));
        }
        total
    }
}

impl<T: Sums> Sums for Folded<T> {
    fn merge(&mut self, later: &Folded<T>) {
        self.absorb(later.clone());
    }

    fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.nodes.len() as f64);
        for node in &self.nodes {
            numbers.extend([f64::from(node.level), node.at as f64]);
            node.sums.write(numbers);
        }
        match &self.open {
            None => numbers.push(0.0),
            Some((batch, sums)) => {
                numbers.push((batch + 1) as f64);
                sums.write(numbers);
            }
        }
    }

    fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.nodes.clear();
        for _ in 0..whole(numbers)? {
            let level = u32::try_from(whole(numbers)?).ok()?;
            let at = whole(numbers)?;
            let mut sums = T::clone(&self.empty);
            sums.read(numbers)?;
            self.nodes.push(Node { level, at, sums });
        }
        self.open = match whole(numbers)? {
            0 => None,
            after => {
                let mut sums = T::clone(&self.empty);
                sums.read(numbers)?;
                Some((after - 1, sums))
            }
        };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is added and in which brackets, as a text: no two ways of adding up look alike.
    #[derive(Debug, Clone, PartialEq)]
    struct Brackets(String);

    impl Sums for Brackets {
        fn merge(&mut self, later: &Brackets) {
            self.0 = format!("({}+{})", self.0, later.0);
        }

        fn write(&self, _: &mut Vec<f64>) {}

        fn read(&mut self, _: &mut Iter<'_, f64>) -> Option<()> {
            Some(())
        }
    }

    fn brackets(range: std::ops::Range<u64>) -> Folded<Brackets> {
        let mut folded = Folded::new(Brackets(String::new()));
        for index in range {
            folded.add(index, |sums| sums.0 += &format!("{index} "));
        }
        folded
    }

    /// By the definition on the page: the largest whole nodes from the left.
    fn by_definition(from: u64, to: u64) -> String {
        fn node(level: u32, at: u64) -> String {
            match level {
                0 => (at * BATCH..(at + 1) * BATCH)
                    .map(|index| format!("{index} "))
                    .collect(),
                _ => format!(
                    "({}+{})",
                    node(level - 1, 2 * at),
                    node(level - 1, 2 * at + 1)
                ),
            }
        }
        let (mut batch, end) = (from / BATCH, to / BATCH);
        let mut parts = Vec::new();
        while batch < end {
            let level = (0..20)
                .rev()
                .find(|&level| batch.is_multiple_of(1 << level) && batch + (1 << level) <= end)
                .unwrap();
            parts.push(node(level, batch >> level));
            batch += 1 << level;
        }
        if !to.is_multiple_of(BATCH) {
            parts.push((end * BATCH..to).map(|index| format!("{index} ")).collect());
        }
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |sum, part| format!("({sum}+{part})"))
    }

    #[test]
    fn the_brackets_are_those_of_the_page() {
        for (from, to) in [
            (0, 0),
            (0, 5),
            (0, 64),
            (0, 65),
            (0, 450),
            (0, 1_000),
            (192, 700),
        ] {
            let total = brackets(from..to).total(|sums| sums);
            assert_eq!(total.0, by_definition(from, to), "{from} to {to}");
        }
    }

    proptest! {
        #[test]
        fn however_it_is_split_at_borders_of_batches_the_brackets_are_the_same(
            end in 1_u64..2_000,
            mut cuts in prop::collection::vec(0_u64..31, 0..6),
        ) {
            cuts.sort_unstable();
            let mut whole = brackets(0..0);
            let mut from = 0;
            for cut in cuts.into_iter().map(|batch| batch * BATCH).chain([end]) {
                let to = cut.min(end);
                whole.absorb(brackets(from..to));
                from = to;
            }
            prop_assert_eq!(&whole, &brackets(0..end));
            prop_assert_eq!(whole.total(|sums| sums).0, by_definition(0, end));
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(-1e9_f64..1e9, 1..400), extra in 0_usize..3) {
            let mut folded = Folded::new(vec![0.0_f64; 2]);
            for (index, value) in values.iter().enumerate() {
                folded.add(index as u64, |sums| {
                    sums[0] += value;
                    sums[1] += 1.0;
                });
            }
            let mut numbers = Vec::new();
            folded.write(&mut numbers);
            let mut read = Folded::new(vec![0.0; 2]);
            prop_assert!(read.read(&mut numbers.iter()).is_some());
            prop_assert_eq!(&read, &folded);
            numbers.truncate(numbers.len() - 1 - extra.min(numbers.len() - 1));
            prop_assert!(read.read(&mut numbers.iter()).is_none());
        }
    }

    #[test]
    fn a_batch_left_in_the_middle_goes_on() {
        let mut whole = brackets(0..100);
        for index in 100..130 {
            whole.add(index, |sums| sums.0 += &format!("{index} "));
        }
        assert_eq!(whole, brackets(0..130));
    }
}
