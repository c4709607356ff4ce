//! Which scans confirm a track and which drop it, for 64 scans at a time.
//!
//! Hits are bits: bit i of a block is scan 64 `block` + i. A window of N scans that ends at bit i is the block shifted
//! by 0, 1, ... N-1, so the count of hits in all 64 windows at once is N additions of one-bit numbers, done here on bit
//! planes. Golden value: 2-of-3 at p = .5 confirms after 4.667 scans on average, (1+p(2-p))/(p^2(2-p)).

use super::TrackerSpec;

/// The scans of one block and of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Hits of the present block.
    pub hits: u64,
    /// Hits of the block before.
    pub before: u64,
}

impl History {
    /// Bit i: whether scan i - `back` was a hit.
    fn back(&self, back: u32) -> u64 {
        if back == 0 {
            self.hits
        } else {
            self.hits << back | self.before >> (64 - back)
        }
    }

    /// The latest hit up to bit `at`, counted from the first of the block.
    pub fn last_hit(&self, at: u32) -> Option<i64> {
        let hits = self.hits & (u64::MAX >> (63 - at));
        match (hits.checked_ilog2(), self.before.checked_ilog2()) {
            (Some(bit), _) => Some(i64::from(bit)),
            (None, Some(bit)) => Some(i64::from(bit) - 64),
            (None, None) => None,
        }
    }

    /// The scans at which at least M of the last N scans were hits.
    pub fn confirms(&self, tracker: &TrackerSpec) -> u64 {
        if self.hits == 0 && self.before == 0 {
            return 0;
        }
        let mut planes = [0u64; 6];
        for back in 0..tracker.confirm_scans {
            let mut carry = self.back(back);
            for plane in &mut planes {
                let sum = *plane ^ carry;
                carry &= *plane;
                *plane = sum;
                if carry == 0 {
                    break;
                }
            }
        }
        at_least(&planes, tracker.confirm_hits)
    }

    /// The scans that end K misses in a row.
    pub fn drops(&self, tracker: &TrackerSpec) -> u64 {
        !(0..tracker.drop_misses).fold(0, |seen, back| seen | self.back(back))
    }

    /// The same without the hits at and before bit `last`.
    pub fn forget_through(&mut self, last: u32) {
        self.before = 0;
        self.hits = if last >= 63 {
            0
        } else {
            self.hits >> (last + 1) << (last + 1)
        };
    }
}

/// The lanes whose bit-plane number is at least `bound`.
fn at_least(planes: &[u64; 6], bound: u32) -> u64 {
    // number >= bound: compare from the highest bit down.
    let (mut greater, mut equal) = (0u64, u64::MAX);
    for (bit, plane) in planes.iter().enumerate().rev() {
        if bound >> bit & 1 == 1 {
            equal &= plane;
        } else {
            greater |= equal & plane;
            equal &= !plane;
        }
    }
    greater | equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The obvious reference: count the last N scans, one scan after the other.
        #[test]
        fn bit_planes_agree_with_counting(
            hits: u64, before: u64,
            thin: bool,
            n in 1u32..=32, m in 1u32..=32, k in 1u32..=32,
        ) {
            let m = m.min(n);
            let hits = if thin { hits & hits.rotate_left(7) & hits.rotate_left(29) } else { hits };
            let history = History { hits, before };
            let tracker = TrackerSpec::counting(m, n, k);
            let both = u128::from(hits) << 64 | u128::from(before);
            for i in 0..64u32 {
                let count = |length: u32| (0..length).filter(|j| both >> (64 + i - j) & 1 == 1).count() as u32;
                prop_assert_eq!(history.confirms(&tracker) >> i & 1 == 1, count(n) >= m);
                prop_assert_eq!(history.drops(&tracker) >> i & 1 == 1, count(k) == 0);
            }
        }

        #[test]
        fn forgetting_leaves_what_is_later(hits: u64, before: u64, last in 0u32..64) {
            let mut history = History { hits, before };
            history.forget_through(last);
            prop_assert_eq!(history.before, 0);
            for i in 0..64 {
                prop_assert_eq!(history.hits >> i & 1 == 1, i > last && hits >> i & 1 == 1);
            }
        }
    }
}
