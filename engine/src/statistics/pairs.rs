//! The same measures in two scenarios flown with common random numbers.

use std::slice::Iter;
use std::sync::Arc;

use super::estimate::{Comparison, PairedSums};
use super::fold::{Folded, Sums, whole};
use crate::measure::{Columns, Measure, Summary};

/// A measure that both scenarios have.
#[derive(Debug, Clone)]
struct Pair {
    name: String,
    measure: &'static Measure,
    numerators: [usize; 2],
    denominators: Option<[usize; 2]>,
}

/// Paired sums of every measure that two scenarios share by name; fed pair by pair in the order of the replications.
///
/// Replication r of both must be flown from the same seed, so that what they share is drawn alike.
#[derive(Debug, Clone)]
pub struct Pairs {
    pairs: Arc<[Pair]>,
    n: u64,
    sums: Folded<Vec<PairedSums>>,
}

impl Pairs {
    /// Nothing added yet.
    pub fn new(first: &Columns, second: &Columns) -> Pairs {
        let mut sums = Vec::new();
        let pairs = first
            .derived()
            .iter()
            .filter_map(|one| {
                let two = second.derived().iter().find(|two| two.name == one.name)?;
                sums.push(PairedSums::in_bursts(one.burst.max(two.burst)));
                Some(Pair {
                    name: one.name.clone(),
                    measure: one.measure,
                    numerators: [one.numerator, two.numerator],
                    denominators: match (one.denominator, two.denominator) {
                        (Some(one), Some(two)) => Some([one, two]),
                        _ => None,
                    },
                })
            })
            .collect();
        Pairs {
            pairs,
            n: 0,
            sums: Folded::new(sums),
        }
    }

    /// Adds the next replication of both.
    pub fn add(&mut self, first: &Summary, second: &Summary) {
        self.add_at(self.n, first, second);
    }

    /// Adds a replication of both, of this number.
    pub fn add_at(&mut self, index: u64, first: &Summary, second: &Summary) {
        self.n += 1;
        let pairs = &self.pairs;
        self.sums.add(index, |sums| {
            for (pair, sums) in pairs.iter().zip(sums) {
                let [above, also_above] = pair.numerators;
                let (below, also_below) = match pair.denominators {
                    Some([one, two]) => (first.values[one], second.values[two]),
                    None => (1.0, 1.0),
                };
                sums.add(
                    (first.values[above], below),
                    (second.values[also_above], also_below),
                );
            }
        });
    }

    /// Goes past a replication that one of the two left out.
    pub fn pass(&mut self, index: u64) {
        self.sums.add(index, |_| ());
    }

    /// Adds what another has added up of later replications.
    pub fn absorb(&mut self, later: Pairs) {
        self.n += later.n;
        self.sums.absorb(later.sums);
    }

    /// Appends all that was added up, as numbers.
    pub fn write(&self, numbers: &mut Vec<f64>) {
        numbers.push(self.n as f64);
        self.sums.write(numbers);
    }

    /// Takes what [`Pairs::write`] gave; none if it does not fit.
    pub fn read(&mut self, numbers: &mut Iter<'_, f64>) -> Option<()> {
        self.n = whole(numbers)?;
        self.sums.read(numbers)
    }

    /// Replications added.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Names of the measures, in the order of the tables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|pair| pair.name.as_str())
    }

    /// The measures with their names, in the order of the tables.
    pub fn measures(&self) -> impl Iterator<Item = (&str, &'static Measure)> {
        self.pairs
            .iter()
            .map(|pair| (pair.name.as_str(), pair.measure))
    }

    /// The comparison of a measure: second against first.
    pub fn compare(&self, name: &str, confidence: f64) -> Option<Comparison> {
        let at = self.pairs.iter().position(|pair| pair.name == name)?;
        let pair = &self.pairs[at];
        let sums = self.sums.total(|sums| &sums[at]);
        Some(sums.compare(pair.measure.kind, pair.denominators.is_none(), confidence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::handwritten;

    #[test]
    fn a_scenario_does_not_differ_from_itself() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let mut pairs = Pairs::new(&columns, &columns);
        let summary = columns.measure(&log);
        for _ in 0..10 {
            pairs.add(&summary, &summary);
        }
        assert_eq!(pairs.names().count(), columns.derived().len());
        let compared = pairs.compare("lost_per_sortie[side=us]", 0.95).unwrap();
        assert_eq!(compared.difference.estimate, 0.0);
        assert_eq!(compared.ratio.estimate, 1.0);
        assert!(compared.difference.low < 0.0 && compared.difference.high > 0.0);
        assert!(pairs.compare("no_such_measure", 0.95).is_none());
    }
}
