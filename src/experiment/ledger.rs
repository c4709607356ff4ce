//! What a sweep has added up so far: the batches that have ended, and the one that has not.

use std::borrow::Cow;
use std::ops::Range;

use super::accounts::Accounts;
use super::block::Block;
use crate::statistics::fold::BATCH;

/// Sums of a run of replications that begins at the border of a batch.
#[derive(Debug, Clone)]
pub struct Ledger {
    empty: Accounts,
    whole: Accounts,
    tail: Accounts,
    first: u64,
    next: u64,
}

impl Ledger {
    /// Nothing added yet; `first` is the first replication of a batch.
    pub fn new(empty: Accounts, first: u64) -> Ledger {
        assert!(first.is_multiple_of(BATCH), "the border of a batch");
        Ledger {
            whole: empty.clone(),
            tail: empty.clone(),
            empty,
            first,
            next: first,
        }
    }

    /// Number of the block that is due.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Blocks added.
    pub fn blocks(&self) -> u64 {
        self.next - self.first
    }

    /// Adds the block that is due; the batch that ends with it is shown first.
    ///
    /// # Errors
    /// What `ends` says.
    pub fn add<E>(
        &mut self,
        block: &Block,
        ends: impl FnOnce(Range<u64>, &Accounts) -> Result<(), E>,
    ) -> Result<(), E> {
        assert_eq!(block.index, self.next, "the block that is due");
        self.tail.add(block);
        self.added(1, ends)
    }

    /// Adds the blocks that are due, all of one batch, on all processors.
    ///
    /// # Errors
    /// What `ends` says.
    pub fn add_together<E>(
        &mut self,
        blocks: &[Block],
        ends: impl FnOnce(Range<u64>, &Accounts) -> Result<(), E>,
    ) -> Result<(), E> {
        let due = self.next..self.next + blocks.len() as u64;
        assert!(
            blocks.iter().map(|block| block.index).eq(due),
            "the blocks that are due"
        );
        self.tail.add_together(blocks);
        self.added(blocks.len() as u64, ends)
    }

    fn added<E>(
        &mut self,
        count: u64,
        ends: impl FnOnce(Range<u64>, &Accounts) -> Result<(), E>,
    ) -> Result<(), E> {
        self.next += count;
        if self.next.is_multiple_of(BATCH) {
            ends(self.next - BATCH..self.next, &self.tail)?;
            let tail = std::mem::replace(&mut self.tail, self.empty.clone());
            self.whole.absorb(tail);
        }
        Ok(())
    }

    /// Adds the blocks that are due and were added up elsewhere, from their first batch on; those of a batch that has not ended take the
    /// place of what was there of it.
    ///
    /// # Errors
    /// Blocks that are not the ones due.
    pub fn absorb(&mut self, blocks: &Range<u64>, accounts: Accounts) -> Result<(), String> {
        let border = self.next / BATCH * BATCH;
        if blocks.start != border || blocks.end < self.next {
            return Err(format!(
                "sums of replications {} to {}, where {border} is due",
                blocks.start, blocks.end
            ));
        }
        let open = self.next > border;
        self.next = blocks.end;
        if blocks.end.is_multiple_of(BATCH) {
            if open {
                self.tail = self.empty.clone();
            }
            self.whole.absorb(accounts);
        } else {
            self.tail = accounts;
        }
        Ok(())
    }

    /// The batches that have ended, and what there is of the next; none of what is empty.
    pub fn parts(&self) -> impl Iterator<Item = (Range<u64>, &Accounts)> {
        let border = self.next / BATCH * BATCH;
        let parts = [
            (self.first..border, &self.whole),
            (border..self.next, &self.tail),
        ];
        parts.into_iter().filter(|(blocks, _)| !blocks.is_empty())
    }

    /// What there is of the batch that has not ended.
    pub fn tail(&self) -> Option<(Range<u64>, &Accounts)> {
        self.parts()
            .find(|(blocks, _)| !blocks.end.is_multiple_of(BATCH))
    }

    /// Nothing added up, for others who add up what comes next.
    pub fn empty(&self) -> &Accounts {
        &self.empty
    }

    /// All that was added up, without a copy of it.
    pub fn into_seen(self) -> Accounts {
        let mut seen = self.whole;
        seen.absorb(self.tail);
        seen
    }

    /// All that was added up; a copy only where a batch has not ended after others that have.
    pub fn seen(&self) -> Cow<'_, Accounts> {
        if self.next.is_multiple_of(BATCH) {
            return Cow::Borrowed(&self.whole);
        }
        if self.blocks() < BATCH {
            return Cow::Borrowed(&self.tail);
        }
        let mut seen = self.whole.clone();
        seen.absorb(self.tail.clone());
        Cow::Owned(seen)
    }
}
