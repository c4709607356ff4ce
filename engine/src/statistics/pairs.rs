//! The same measures in two scenarios flown with the same luck.

use super::estimate::{Comparison, PairedSums};
use crate::measure::{Columns, Measure, Summary};

/// A measure that both scenarios have.
#[derive(Debug, Clone)]
struct Pair {
    name: String,
    measure: &'static Measure,
    numerators: [usize; 2],
    denominators: Option<[usize; 2]>,
    sums: PairedSums,
}

/// Paired sums of every measure that two scenarios share by name; fed pair by pair in the order of the replications.
///
/// Replication r of both must be flown from the same seed, so that what they share is drawn alike.
#[derive(Debug, Clone)]
pub struct Pairs {
    pairs: Vec<Pair>,
    n: u64,
}

impl Pairs {
    /// Nothing added yet.
    pub fn new(first: &Columns, second: &Columns) -> Pairs {
        let pairs = first
            .derived()
            .iter()
            .filter_map(|one| {
                let two = second.derived().iter().find(|two| two.name == one.name)?;
                Some(Pair {
                    name: one.name.clone(),
                    measure: one.measure,
                    numerators: [one.numerator, two.numerator],
                    denominators: match (one.denominator, two.denominator) {
                        (Some(one), Some(two)) => Some([one, two]),
                        _ => None,
                    },
                    sums: PairedSums::in_bursts(one.burst.max(two.burst)),
                })
            })
            .collect();
        Pairs { pairs, n: 0 }
    }

    /// Adds a replication of both.
    pub fn add(&mut self, first: &Summary, second: &Summary) {
        self.n += 1;
        for pair in &mut self.pairs {
            let [above, also_above] = pair.numerators;
            let (below, also_below) = match pair.denominators {
                Some([one, two]) => (first.values[one], second.values[two]),
                None => (1.0, 1.0),
            };
            pair.sums.add(
                (first.values[above], below),
                (second.values[also_above], also_below),
            );
        }
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
        let pair = self.pairs.iter().find(|pair| pair.name == name)?;
        Some(
            pair.sums
                .compare(pair.measure.kind, pair.denominators.is_none(), confidence),
        )
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
