//! How a sweep is split: into waves, and each wave into tiles of cells and batches.
//!
//! A unit of work is a cell and a batch of 64 of its replications, and no unit is split. A wave of `count` shards over C cells and
//! B batches is cut into `groups` groups of cells and `runs` runs of batches, `groups * runs <= count`, each as equal as can be; shard
//! `run * groups + group` runs one tile. Where a group has cells that are compared with one outside, it runs that one as well,
//! so that it can add up what the two have in common. Of all such cuts the one whose largest tile is the smallest, and of
//! those the one with the fewest groups; to prepare a cell counts as four replications.
//!
//! A later wave goes on where the one before ended, be it within a batch: it keeps the blocks up to the border as rows.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::experiment::rows::KeptRows;
use crate::statistics::fold::BATCH;

/// Most shards, and most replications of all together.
pub const MOST_SHARDS: u64 = 1_000_000;
const MOST_REPLICATIONS: u64 = 1_000_000_000;

/// What a batch of a cell costs, and what it costs to prepare a cell: as much as four replications.
const UNIT: u64 = 16;
const PREPARING: u64 = 1;

/// How a sweep is split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// Which rows are kept.
    #[serde(default, skip_serializing_if = "KeptRows::is_usual")]
    pub rows: KeptRows,
    /// One wave after the other.
    pub waves: Vec<Wave>,
}

/// Replications of every cell that are run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// The first.
    pub first: u64,
    /// The one after the last: replications of every cell, of all waves so far.
    pub replications: u64,
    /// Shards, numbered from 0.
    pub count: u64,
    /// Groups of cells.
    pub groups: u64,
    /// Runs of batches.
    pub runs: u64,
}

/// What a shard runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Of these cells.
    pub cells: Range<usize>,
    /// These replications.
    pub blocks: Range<u64>,
}

fn share(whole: u64, part: u64, parts: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(parts)) as u64
}

impl Wave {
    /// The replications from `first` to below `replications` of so many cells in so many shards; `paired` where cells are compared.
    pub fn new(first: u64, replications: u64, count: u64, cells: usize, paired: bool) -> Wave {
        let cells = cells as u64;
        let batches = replications.div_ceil(BATCH).saturating_sub(first / BATCH);
        let cut = |groups: u64| {
            let runs = (count / groups).clamp(1, batches.max(1));
            let others = u64::from(paired && groups > 1);
            let work = batches.div_ceil(runs) * UNIT + PREPARING;
            let largest = (cells.div_ceil(groups) + others) * work;
            (largest, groups, runs)
        };
        let most = cells.min(count).max(1);
        let (_, groups, runs) = (1..=most).map(cut).min().unwrap_or((0, 1, 1));
        Wave {
            first,
            replications,
            count,
            groups,
            runs,
        }
    }

    /// What a shard runs; none where there are more shards than units of work.
    pub fn tile(&self, shard: u64, cells: usize) -> Option<Tile> {
        let (run, group) = (shard / self.groups, shard % self.groups);
        if run >= self.runs {
            return None;
        }
        let (before, after) = (self.first / BATCH, self.replications.div_ceil(BATCH));
        let border = |run: u64| {
            let batch = before + share(after - before, run, self.runs);
            (batch * BATCH).clamp(self.first, self.replications)
        };
        let cell = |group: u64| share(cells as u64, group, self.groups) as usize;
        let tile = Tile {
            cells: cell(group)..cell(group + 1),
            blocks: border(run)..border(run + 1),
        };
        (!tile.cells.is_empty() && !tile.blocks.is_empty()).then_some(tile)
    }

    /// The shards that have something to run, with their tiles, by run and then by group.
    pub fn tiles(&self, cells: usize) -> impl Iterator<Item = (u64, Tile)> + use<> {
        let wave = *self;
        (0..wave.groups * wave.runs)
            .filter_map(move |shard| Some((shard, wave.tile(shard, cells)?)))
    }

    /// What its shards are called.
    pub fn name(&self, shard: u64) -> String {
        match self.first {
            0 => format!("{shard}-of-{}", self.count),
            first => format!("{shard}-of-{}-from-{first}", self.count),
        }
    }
}

impl Shards {
    /// Replications of every cell, of all waves.
    pub fn replications(&self) -> u64 {
        self.waves.last().map_or(0, |wave| wave.replications)
    }

    /// Whether somebody may have typed this.
    pub(super) fn sound(&self, cells: usize) -> Result<(), String> {
        let mut first = 0;
        if self.waves.is_empty() {
            return Err("it has no waves".to_owned());
        }
        for wave in &self.waves {
            for (what, number, most) in [
                ("count", wave.count, MOST_SHARDS),
                ("replications", wave.replications, MOST_REPLICATIONS),
                ("groups", wave.groups, cells as u64),
                ("runs", wave.runs, MOST_SHARDS),
                (
                    "groups times runs",
                    wave.groups.saturating_mul(wave.runs),
                    wave.count,
                ),
            ] {
                if !(1..=most).contains(&number) {
                    return Err(format!("{what} is {number}; expected 1 to {most}"));
                }
            }
            if wave.first != first || wave.replications <= first {
                return Err(format!(
                    "a wave of replications {} to {} follows one that ends at {first}",
                    wave.first, wave.replications
                ));
            }
            first = wave.replications;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every replication of every cell is in one tile, no batch in two, and no shard has more than its share by much.
        #[test]
        fn tiles_cover_every_unit_once(
            first in 0_u64..300,
            more in 1_u64..3_000,
            count in 1_u64..90,
            cells in 1_usize..40,
            paired: bool,
        ) {
            let wave = Wave::new(first, first + more, count, cells, paired);
            let shards = Shards { rows: KeptRows::default(), waves: vec![wave] };
            if first == 0 {
                prop_assert!(shards.sound(cells).is_ok());
            }
            let mut seen = vec![0; more as usize * cells];
            let mut shards = 0;
            for (shard, tile) in wave.tiles(cells) {
                prop_assert!(shard < count);
                shards += 1;
                for cell in tile.cells {
                    for block in tile.blocks.clone() {
                        seen[(block - first) as usize * cells + cell] += 1;
                    }
                }
                let border = |at: u64| at.is_multiple_of(BATCH) || at == first || at == first + more;
                prop_assert!(border(tile.blocks.start) && border(tile.blocks.end));
            }
            prop_assert!(shards >= 1 && seen.iter().all(|&times| times == 1));
        }
    }

    #[test]
    fn cuts_are_the_best_there_are() {
        let cut = |replications, count, cells| {
            let wave = Wave::new(0, replications, count, cells, true);
            (wave.groups, wave.runs)
        };
        // Many batches: every shard has all cells.
        assert_eq!(cut(1_000_000, 1_000, 3), (1, 1_000));
        // One batch: every shard has some cells.
        assert_eq!(cut(30, 1_000, 10_000), (1_000, 1));
        // In between: 100 batches of 10 000 cells, and no shard prepares a thousand of them for one batch.
        assert_eq!(cut(6_400, 1_000, 10_000), (100, 10));
        assert_eq!(cut(40, 3, 6), (3, 1));
        assert_eq!(cut(64, 5, 1), (1, 1));
    }
}
