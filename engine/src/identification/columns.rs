//! What is declared at a scan: the column of the confusion matrix in which a word drawn uniformly from 32 bits falls.
//!
//! Sixty-four scans at a time, and mostly by the leading halves of their words, in the widest vectors there are: a mask for
//! each limit between two columns. So declarations nobody must watch are counted by counting bits.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, mask16x32, u16x32};

use super::{MAX_COLUMNS, MAX_ROWS};
use crate::streams::BLOCK;

/// The columns of a row of the actual matrix, as bounds that a word of 32 bits passes or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// The first column that has any probability.
    first: usize,
    /// The column is the first, and one more for each of these that the word exceeds. In ascending order.
    limits: Vec<u32>,
}

impl Columns {
    /// From cumulated probabilities of all rows, times 2^32.
    pub(super) fn new(bounds: &[u64]) -> Columns {
        let limits = bounds.iter().filter_map(|bound| bound.checked_sub(1));
        Columns {
            first: bounds.iter().filter(|&&bound| bound == 0).count(),
            limits: limits
                .filter_map(|limit| u32::try_from(limit).ok())
                .filter(|&limit| limit < u32::MAX)
                .collect(),
        }
    }

    /// The column in which a word drawn uniformly from 32 bits falls.
    pub fn column(&self, word: u32) -> u8 {
        let exceeded = self.limits.iter().filter(|&&limit| word > limit);
        (self.first + exceeded.count()) as u8
    }

    /// The column in which a word falls of which the leading half is given; the whole word is asked for only where that
    /// cannot tell.
    pub fn column_by(&self, leading: u16, word: impl FnOnce() -> u32) -> u8 {
        let least = u32::from(leading) << 16;
        let column = self.column(least);
        if column == self.column(least | 0xffff) {
            column
        } else {
            self.column(word())
        }
    }

    /// Sorts the words of a block of scans, of which the leading halves are given, into columns; a whole word is asked for
    /// only where that cannot tell.
    #[inline(always)]
    pub fn sort(
        &self,
        leading: &[u16; BLOCK],
        word: impl Fn(usize) -> u32,
        block: &mut DeclaredBlock,
    ) {
        (block.first, block.limits) = (self.first, self.limits.len());
        let (limits, beyond) = (&self.limits, &mut block.beyond);
        let mut untold = dispatch!(Level::new(), simd => exceeding(simd, leading, limits, beyond));
        while untold != 0 {
            let scan = untold.trailing_zeros() as usize;
            self.sort_in(block, scan, word(scan));
            untold &= untold - 1;
        }
    }

    /// Sorts one word, drawn at all of some scans of a block, given as bits.
    pub fn spread(&self, word: u32, scans: u64, block: &mut DeclaredBlock) {
        (block.first, block.limits) = (self.first, self.limits.len());
        for (beyond, &limit) in block.beyond.iter_mut().zip(&self.limits) {
            *beyond = *beyond & !scans | if word > limit { scans } else { 0 };
        }
    }

    #[cold]
    fn sort_in(&self, block: &mut DeclaredBlock, scan: usize, word: u32) {
        for (beyond, &limit) in block.beyond.iter_mut().zip(&self.limits) {
            *beyond = *beyond & !(1 << scan) | u64::from(word > limit) << scan;
        }
    }
}

/// Notes by limit which words of a block exceed it as far as their leading halves tell; which words they do not tell of.
#[inline(always)]
fn exceeding<S: Simd>(
    simd: S,
    leading: &[u16; BLOCK],
    limits: &[u32],
    beyond: &mut [u64; MAX_ROWS],
) -> u64 {
    let words = |first| u16x32::from_slice(simd, &leading[first..first + BLOCK / 2]);
    let (low, high) = (words(0), words(BLOCK / 2));
    let both = |low: mask16x32<S>, high: mask16x32<S>| low.to_bitmask() | high.to_bitmask() << 32;
    let mut untold = 0;
    for (beyond, &limit) in beyond.iter_mut().zip(limits) {
        let limit = (limit >> 16) as u16;
        *beyond = both(low.simd_gt(limit), high.simd_gt(limit));
        untold |= both(low.simd_eq(limit), high.simd_eq(limit));
    }
    untold
}

/// What is declared at each of a block of scans, if anything is: the first column, and one more for each limit that the
/// word of the scan is beyond.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredBlock {
    first: usize,
    limits: usize,
    /// By limit: a bit for each scan.
    beyond: [u64; MAX_ROWS],
}

impl DeclaredBlock {
    /// Before the first.
    pub const NONE: DeclaredBlock = DeclaredBlock {
        first: 0,
        limits: 0,
        beyond: [0; MAX_ROWS],
    };

    /// The column declared at a scan of the block.
    #[inline(always)]
    pub fn column(&self, scan: usize) -> u8 {
        let beyond = self.beyond.iter().take(self.limits);
        let exceeded = beyond.map(|beyond| beyond >> scan & 1).sum::<u64>();
        self.first as u8 + exceeded as u8
    }

    /// The scans of the block that declare this column.
    pub(super) fn declares(&self, column: u8) -> u64 {
        let nth = usize::from(column).wrapping_sub(self.first);
        let beyond = &self.beyond[..self.limits];
        let reach = beyond
            .iter()
            .take(nth)
            .fold(u64::MAX, |all, beyond| all & beyond);
        match beyond.get(nth) {
            _ if nth > self.limits => 0,
            Some(further) => reach & !further,
            None => reach,
        }
    }

    /// Adds to `counts` how many of some scans declare each of the columns.
    #[inline(always)]
    pub(super) fn count(&self, scans: Bits, counts: &mut [u32; MAX_COLUMNS]) {
        let Bits {
            bits,
            count: mut left,
        } = scans;
        let columns = &mut counts[self.first..];
        for (count, beyond) in columns.iter_mut().zip(&self.beyond[..self.limits]) {
            let further = (beyond & bits).count_ones();
            *count += left - further;
            left = further;
        }
        if let Some(count) = columns.get_mut(self.limits) {
            *count += left;
        }
    }
}

/// Some scans of a block: a bit for each, and how many they are, lest they be counted again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bits {
    pub(super) bits: u64,
    pub(super) count: u32,
}

impl Bits {
    pub(super) fn new(bits: u64) -> Bits {
        Bits {
            bits,
            count: bits.count_ones(),
        }
    }

    /// Takes the lowest `most` out.
    #[inline(always)]
    pub(super) fn take_lowest(&mut self, most: u32) -> Bits {
        if most >= self.count {
            return std::mem::replace(self, Bits { bits: 0, count: 0 });
        }
        let above = (0..most).fold(self.bits, |above, _| above & above.wrapping_sub(1));
        let lowest = Bits {
            bits: self.bits & !above,
            count: most,
        };
        self.bits = above;
        self.count -= most;
        lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_leading_half_tells_the_column_or_asks_for_the_word() {
        let bounds = [0, 1 << 20, 0x4000_0000, 0x4000_0001, 0xffff_1234, 1 << 32];
        let columns = Columns::new(&bounds);
        let (mut asked, asked_in_blocks) = (0, Cell::new(0));
        for trailing in [0, 1, 0x1233, 0x1234, 0xffff] {
            for block in 0..1 << 10 {
                let halves: [u16; BLOCK] = std::array::from_fn(|scan| block << 6 | scan as u16);
                let words = halves.map(|leading| u32::from(leading) << 16 | trailing);
                let word = |scan: usize| {
                    asked_in_blocks.set(asked_in_blocks.get() + 1);
                    words[scan]
                };
                let mut sorted = DeclaredBlock::NONE;
                columns.sort(&halves, word, &mut sorted);
                for (scan, &word) in words.iter().enumerate() {
                    let told = columns.column_by(halves[scan], || {
                        asked += 1;
                        word
                    });
                    assert_eq!(told, columns.column(word), "{word:x}");
                    assert_eq!(sorted.column(scan), told, "{word:x} in a block");
                }
            }
        }
        assert_eq!(asked, 2 * 5, "only where a bound is among the words");
        assert_eq!(asked_in_blocks.get(), 4 * 5, "or where one begins");
    }

    #[test]
    fn vectors_of_every_width_sort_the_same() {
        let limits = [0x0012_ffff, 0x8000_0000, 0xffff_fffe];
        let mut state = 1u32;
        for _ in 0..1000 {
            let leading: [u16; BLOCK] = std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let word = (state >> 16) as u16;
                if word.is_multiple_of(7) { 0x8000 } else { word }
            });
            let sorted = |level| {
                let mut beyond = [0; MAX_ROWS];
                let untold =
                    dispatch!(level, simd => exceeding(simd, &leading, &limits, &mut beyond));
                (untold, beyond)
            };
            assert_eq!(sorted(Level::baseline()), sorted(Level::new()));
        }
    }

    #[test]
    fn the_lowest_bits_are_taken_out() {
        for (bits, most, kept) in [
            (0b1011_0100, 0, 0),
            (0b1011_0100, 2, 0b1_0100),
            (0b1011_0100, 4, 0b1011_0100),
            (u64::MAX, 63, u64::MAX >> 1),
            (u64::MAX, 64, u64::MAX),
            (0, 5, 0),
        ] {
            let mut left = Bits::new(bits);
            let lowest = left.take_lowest(most);
            assert_eq!(lowest, Bits::new(kept), "{most} of {bits:b}");
            assert_eq!(left, Bits::new(bits & !kept), "what is left");
        }
    }
}
