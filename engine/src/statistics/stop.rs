//! When a sweep has seen enough.
//!
//! A sweep flies blocks: one replication of every cell. After preset numbers of blocks, the *looks*, it asks whether its
//! goal is reached, in every cell or every pair of cells; all cells stop together. So the number of replications depends
//! on the results alone, never on threads or the clock.
//!
//! Looking has a price. Stopping at a half-width favours samples that happen to vary little; with rare events those are
//! the ones that saw too few (fixed-width rules: Frey, The American Statistician 64 (2010) 242). So under a half-width
//! rule that looks more than once, intervals are made at `1 - 0.8 (1 - confidence)`, 96 for 95 per cent. A rule that
//! stops when a difference is told from 0 would sooner or later stop by chance, so its K looks share the error:
//! repeated confidence intervals (Jennison and Turnbull, J. Royal Statistical Society B 51 (1989) 305), each at
//! `1 - (1 - confidence)/K` after Bonferroni. What decides is what is reported.
//!
//! How often intervals of nominally 95 per cent hold: the lowest of the cases of `coverage.rs`, 10 000 experiments each
//! (`cargo test -p deconflict-engine --lib -- --ignored in_10_000 --nocapture`).
//!
//! | measure | one look | half-width | told from 0 |
//! |---|---|---|---|
//! | share of replications, 10 events or more expected | | .958 | |
//! | share of replications, fewer | | .972 | |
//! | share of clustered units, 10 or more | .952 | .960 | |
//! | share of clustered units, fewer | .980 | .983 | |
//! | rate, bursts | .957 | .961 | |
//! | mean | .973 | .971 | |
//! | paired difference | .948 | | .976 |

use super::estimate::Estimate;

/// What a sweep is after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Half-width of the interval, `(high - low) / 2`, in every cell: at most `absolute`, in the unit of the measure, or
    /// at most `relative` times the estimate. With both, one of them is enough.
    HalfWidth {
        /// Largest half-width.
        absolute: Option<f64>,
        /// Largest half-width over the estimate.
        relative: Option<f64>,
    },
    /// The interval of the difference does not hold 0, in every pair.
    Resolved,
}

impl Goal {
    /// Whether one estimate is there.
    fn reached(&self, estimate: &Estimate) -> bool {
        match *self {
            Goal::HalfWidth { absolute, relative } => {
                let half = (estimate.high - estimate.low) / 2.0;
                absolute.is_some_and(|most| half <= most)
                    || relative.is_some_and(|most| {
                        estimate.estimate != 0.0 && half <= most * estimate.estimate.abs()
                    })
            }
            Goal::Resolved => estimate.low > 0.0 || estimate.high < 0.0,
        }
    }
}

/// Share of the chance of error that a half-width rule leaves to the interval; the rest pays for having looked.
const KEPT: f64 = 0.8;

/// A rule that looks now and then, and stops when its goal is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequential {
    /// What it is after.
    pub goal: Goal,
    /// Blocks before the first look.
    pub minimum: u64,
    /// Blocks at the last look, goal reached or not.
    pub maximum: u64,
    /// Events that every cell or pair must have shown; see [`Sequential::reached`].
    pub minimum_events: u64,
}

impl Sequential {
    /// When it looks.
    pub fn looks(&self) -> Looks {
        Looks {
            minimum: self.minimum.clamp(1, self.maximum.max(1)),
            maximum: self.maximum.max(1),
            growth: match self.goal {
                Goal::HalfWidth { .. } => (5, 4),
                Goal::Resolved => (3, 2),
            },
        }
    }

    /// The confidence at which to make the intervals that it looks at, and to report them, so that they hold with
    /// confidence `nominal` whenever it stops.
    pub fn confidence(&self, nominal: f64) -> f64 {
        let looks = self.looks().count();
        match self.goal {
            Goal::HalfWidth { .. } if looks == 1 => nominal,
            Goal::HalfWidth { .. } => 1.0 - (1.0 - nominal) * KEPT,
            Goal::Resolved => 1.0 - (1.0 - nominal) / looks as f64,
        }
    }

    /// Whether every estimate is there, with its events. No estimate at all is never enough.
    pub fn reached(&self, estimates: impl IntoIterator<Item = (Estimate, f64)>) -> bool {
        let mut any = false;
        for (estimate, events) in estimates {
            any = true;
            if events < self.minimum_events as f64 || !self.goal.reached(&estimate) {
                return false;
            }
        }
        any
    }
}

/// The numbers of rounds after which a rule looks: the minimum, then each the last times a factor, rounded up, and the
/// maximum. An iterator over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    minimum: u64,
    maximum: u64,
    growth: (u64, u64),
}

impl Looks {
    /// The first look after `blocks` blocks; none from the maximum on.
    pub fn next_after(&self, rounds: u64) -> Option<u64> {
        self.iter().find(|&look| look > rounds)
    }

    /// Whether it looks after so many blocks.
    pub fn is_look(&self, rounds: u64) -> bool {
        self.iter().any(|look| look == rounds)
    }

    /// How often it looks if it never stops early.
    pub fn count(&self) -> u64 {
        self.iter().count() as u64
    }

    /// All looks, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        let Looks {
            minimum,
            maximum,
            growth: (above, below),
        } = *self;
        std::iter::successors(Some(minimum), move |&last| {
            let next = last
                .saturating_mul(above)
                .div_ceil(below)
                .max(last.saturating_add(1));
            (last < maximum).then_some(next.min(maximum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::estimate::Method;

    fn estimate(estimate: f64, low: f64, high: f64) -> Estimate {
        Estimate {
            estimate,
            low,
            high,
            method: Method::ClopperPearson,
        }
    }

    fn rule(goal: Goal) -> Sequential {
        Sequential {
            goal,
            minimum: 100,
            maximum: 1000,
            minimum_events: 10,
        }
    }

    const RELATIVE: Goal = Goal::HalfWidth {
        absolute: None,
        relative: Some(0.2),
    };

    #[test]
    fn looks_grow_from_the_minimum_to_the_maximum() {
        let looks = rule(RELATIVE).looks();
        let all: Vec<u64> = looks.iter().collect();
        assert_eq!(
            all,
            [100, 125, 157, 197, 247, 309, 387, 484, 605, 757, 947, 1000]
        );
        assert_eq!(looks.count(), 12);
        assert_eq!(looks.next_after(0), Some(100));
        assert_eq!(looks.next_after(157), Some(197));
        assert_eq!(looks.next_after(1000), None);
        assert!(looks.is_look(605) && !looks.is_look(606));
        let paired: Vec<u64> = rule(Goal::Resolved).looks().iter().collect();
        assert_eq!(paired, [100, 150, 225, 338, 507, 761, 1000]);
    }

    #[test]
    fn looks_of_odd_rules() {
        let looks = |minimum, maximum| -> Vec<u64> {
            let rule = Sequential {
                minimum,
                maximum,
                ..rule(RELATIVE)
            };
            rule.looks().iter().collect()
        };
        assert_eq!(looks(7, 7), [7]);
        assert_eq!(looks(9, 7), [7]);
        assert_eq!(looks(0, 5), [1, 2, 3, 4, 5]);
        assert_eq!(looks(u64::MAX - 1, u64::MAX), [u64::MAX - 1, u64::MAX]);
    }

    #[test]
    fn looking_has_its_price_and_one_look_has_none() {
        let many = rule(RELATIVE);
        assert!((many.confidence(0.95) - 0.96).abs() < 1e-15);
        let once = Sequential {
            minimum: 1000,
            ..many
        };
        assert_eq!(once.confidence(0.95), 0.95);
    }

    #[test]
    fn half_widths_are_absolute_or_relative_in_every_cell() {
        let narrow = estimate(0.10, 0.08, 0.11);
        let wide = estimate(0.10, 0.05, 0.15);
        let relative = rule(RELATIVE);
        assert!(relative.reached([(narrow, 30.0), (narrow, 10.0)]));
        assert!(!relative.reached([(narrow, 30.0), (wide, 30.0)]));
        assert!(!relative.reached([(narrow, 9.0)]));
        assert!(!relative.reached([]));
        let both = rule(Goal::HalfWidth {
            absolute: Some(0.06),
            relative: Some(0.2),
        });
        assert!(both.reached([(narrow, 30.0), (wide, 30.0)]));
    }

    #[test]
    fn nothing_seen_is_never_precise_relative_to_itself() {
        let nothing = estimate(0.0, 0.0, 0.003);
        let relative = Sequential {
            minimum_events: 0,
            ..rule(RELATIVE)
        };
        assert!(!relative.reached([(nothing, 0.0)]));
        let constant = estimate(0.0, 0.0, 0.0);
        assert!(!relative.reached([(constant, 0.0)]));
        let none = estimate(0.5, f64::NAN, f64::NAN);
        assert!(!relative.reached([(none, 50.0)]));
    }

    #[test]
    fn a_difference_is_resolved_when_its_interval_leaves_out_0() {
        let resolved = rule(Goal::Resolved);
        assert!(resolved.reached([(estimate(0.1, 0.01, 0.2), 20.0)]));
        assert!(resolved.reached([(estimate(-0.1, -0.2, -0.01), 20.0)]));
        assert!(!resolved.reached([(estimate(0.1, 0.0, 0.2), 20.0)]));
        assert!(!resolved.reached([(estimate(0.1, f64::NAN, f64::NAN), 20.0)]));
        // Seven looks share the error.
        assert!((resolved.confidence(0.95) - (1.0 - 0.05 / 7.0)).abs() < 1e-15);
    }
}
