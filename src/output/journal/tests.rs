//! Whole journals: written, interrupted, damaged, resumed.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;

use super::codec::{JournalHeader, Shape, decode, encode};
use super::*;
use crate::experiment::block::{Block, Outcome};
use crate::measure::{GridSquare, Summary};
use crate::output::OutputError;
use crate::units::Millis;

const SHAPES: [Shape; 2] = [
    Shape {
        columns: 5,
        confusion: 2,
    },
    Shape {
        columns: 3,
        confusion: 0,
    },
];

pub(super) fn header(first: u64) -> JournalHeader {
    JournalHeader {
        plan_sha256: [7; 32],
        first,
        cells: SHAPES.to_vec(),
    }
}

/// A block with a failure now and then.
pub(super) fn block(index: u64) -> Block {
    let x = index as f64;
    let second = if index % 3 == 2 {
        Outcome::Failed(format!("no such draw in {index}"))
    } else {
        Outcome::Flown(Summary {
            values: vec![0.0, -0.0, x],
            ..Summary::default()
        })
    };
    let first = Outcome::Flown(Summary {
        values: vec![x, 0.0, 0.0, x / 7.0, 0.0],
        confusion: vec![0, index],
        times_to_identify: vec![Millis(1234), Millis(-5)],
        wrong_shots_at: vec![GridSquare { east: -4, north: 5 }],
    });
    Block {
        index,
        outcomes: vec![first, second],
    }
}

pub(super) fn write(path: &Path, blocks: std::ops::Range<u64>) -> Vec<u8> {
    let mut journal = Journal::create(path, &header(blocks.start)).unwrap();
    for index in blocks {
        journal.append(&block(index)).unwrap();
    }
    journal.sync().unwrap();
    drop(journal);
    fs::read(path).unwrap()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.blocks");
    (folder, path)
}

fn blocks_of(path: &Path) -> Result<Vec<Block>, OutputError> {
    JournalReader::open(path)?.collect()
}

#[test]
fn what_was_written_is_read() {
    let (_folder, path) = place();
    write(&path, 5..12);
    let mut reader = JournalReader::open(&path).unwrap();
    assert_eq!(reader.header(), &header(5));
    let blocks: Vec<Block> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(blocks, (5..12).map(block).collect::<Vec<_>>());
    assert_eq!(reader.torn_bytes(), 0);
    let state = count_blocks(&path).unwrap();
    assert_eq!((state.blocks, state.torn_bytes), (7, 0));
}

#[test]
fn cut_anywhere_it_resumes_to_the_same_bytes() {
    let (_folder, path) = place();
    let whole = write(&path, 5..9);
    let ends: Vec<usize> = (5..=9)
        .map(|end| {
            let (_folder, path) = place();
            write(&path, 5..end).len()
        })
        .collect();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let expected = ends.iter().filter(|&&end| end <= length).count();
        match count_blocks(&path) {
            Ok(state) => {
                assert_eq!(state.blocks as usize + 1, expected);
                assert_eq!(state.torn_bytes as usize, length - ends[expected - 1]);
            }
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => assert_eq!(expected, 0),
            Err(other) => panic!("{other}"),
        }
        let mut seen = Vec::new();
        let resumed = Journal::resume(&path, &header(5), |block| seen.push(block)).unwrap();
        let kept = expected.saturating_sub(1);
        assert_eq!(seen, (5..5 + kept as u64).map(block).collect::<Vec<_>>());
        let end = if expected == 0 { 0 } else { ends[expected - 1] };
        assert_eq!(resumed.torn_bytes as usize, length - end);
        let mut journal = resumed.journal;
        for index in journal.next_block()..9 {
            journal.append(&block(index)).unwrap();
        }
        // Dropped without a sync, it still writes what it has.
        drop(journal);
        assert_eq!(
            fs::read(&path).unwrap(),
            whole,
            "after a cut to {length} bytes"
        );
    }
}

#[test]
fn zeros_at_the_end_are_cut_off() {
    let (_folder, path) = place();
    let whole = write(&path, 0..3);
    fs::write(&path, [&whole[..], &[0; 5000]].concat()).unwrap();
    let resumed = Journal::resume(&path, &header(0), |_| ()).unwrap();
    assert_eq!(resumed.torn_bytes, 5000);
    assert_eq!(resumed.journal.next_block(), 3);
    drop(resumed);
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (_folder, path) = place();
    let whole = write(&path, 0..4);
    let last = {
        let (_folder, path) = place();
        write(&path, 0..3).len()
    };
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let state = count_blocks(&path);
        let resumed = Journal::resume(&path, &header(0), |_| ());
        if bit / 8 < last {
            // Good blocks follow: nothing may be lost.
            assert!(state.is_err(), "bit {bit}");
            assert!(resumed.is_err(), "bit {bit}");
            assert_eq!(fs::read(&path).unwrap(), flipped);
        } else {
            let torn = (whole.len() - last) as u64;
            let state = state.unwrap();
            assert_eq!((state.blocks, state.torn_bytes), (3, torn), "bit {bit}");
            assert_eq!(resumed.unwrap().torn_bytes, torn);
        }
    }
}

#[test]
fn damage_says_which_round_and_where() {
    let (_folder, path) = place();
    let mut bytes = write(&path, 10..2000);
    let at = {
        let (_folder, path) = place();
        write(&path, 10..100).len()
    };
    // More than a window of the search.
    bytes[at..at + 70_000].fill(0);
    fs::write(&path, &bytes).unwrap();
    let error = blocks_of(&path).unwrap_err();
    assert!(!error.is_bad_input());
    let message = error.to_string();
    assert!(message.contains("block 100 in"), "{message}");
    assert!(message.contains(&format!("{at} bytes")), "{message}");
    // The advice works.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(at as u64).unwrap();
    let resumed = Journal::resume(&path, &header(10), |_| ()).unwrap();
    assert_eq!((resumed.journal.next_block(), resumed.torn_bytes), (100, 0));
}

#[test]
fn blocks_twice_are_damage() {
    let (_folder, path) = place();
    let whole = write(&path, 0..3);
    let two = {
        let (_folder, path) = place();
        write(&path, 0..2).len()
    };
    fs::write(&path, [&whole[..], &whole[two..]].concat()).unwrap();
    let error = Journal::resume(&path, &header(0), |_| ()).err().unwrap();
    assert!(
        matches!(
            error,
            OutputError::Journal(JournalError::Damaged { block: 3, .. })
        ),
        "{error}"
    );
}

#[test]
fn another_sweep_is_refused_with_both_sides() {
    let (_folder, path) = place();
    let bytes = write(&path, 3..5);
    let good = header(3);
    let mut fewer = good.clone();
    fewer.cells.pop();
    let mut columns = good.clone();
    columns.cells[1].columns = 4;
    let mut confusion = good.clone();
    confusion.cells[0].confusion = 6;
    let mut plan = good.clone();
    plan.plan_sha256[0] = 0xab;
    for (other, words) in [
        (fewer, "the number of cells is 2 there, 1 now"),
        (columns, "columns of a cell is 3 there, 4 now"),
        (confusion, "confusion matrices is 2 there, 6 now"),
        (
            plan,
            "the plan is 0707070707070707 there, ab07070707070707 now",
        ),
        (header(2), "the first block is 3 there, 2 now"),
    ] {
        let error = Journal::resume(&path, &other, |_| ()).err().unwrap();
        assert!(error.is_bad_input());
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert!(message.contains("all.blocks"), "{message}");
    }
    // Neither is the beginning of another sweep's header started over.
    let other = JournalHeader {
        plan_sha256: [8; 32],
        ..good.clone()
    };
    fs::write(&path, &bytes[..40]).unwrap();
    assert!(Journal::resume(&path, &other, |_| ()).is_err());
    assert_eq!(fs::read(&path).unwrap(), &bytes[..40]);
    assert!(Journal::resume(&path, &good, |_| ()).is_ok());
}

#[test]
fn one_writer_at_a_time() {
    let (_folder, path) = place();
    let mut journal = Journal::create(&path, &header(0)).unwrap();
    let error = Journal::resume(&path, &header(0), |_| ()).err().unwrap();
    let message = error.to_string();
    assert!(
        message.starts_with("another deconflict is writing"),
        "{message}"
    );
    // A reader may look meanwhile, and sees what is written.
    journal.append(&block(0)).unwrap();
    assert_eq!(count_blocks(&path).unwrap().blocks, 0);
    journal.sync().unwrap();
    assert_eq!(count_blocks(&path).unwrap().blocks, 1);
    drop(journal);
    assert!(Journal::resume(&path, &header(0), |_| ()).is_ok());
    let error = Journal::create(&path, &header(0)).err().unwrap();
    assert!(error.to_string().contains("--resume"), "{error}");
}

#[test]
fn strangers_are_refused() {
    let (_folder, path) = place();
    for (bytes, words) in [
        (&b"seed,replication\n"[..], "is not a journal"),
        (b"deconflict blocks\n\x02\x00\x00\x00\x00\x00", "format 2"),
        // A length that must not be believed.
        (b"deconflict blocks\n\x01\x00\xff\xff\xff\xff", "damaged"),
    ] {
        fs::write(&path, bytes).unwrap();
        for error in [
            blocks_of(&path).unwrap_err(),
            Journal::resume(&path, &header(0), |_| ()).err().unwrap(),
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn blocks_of_other_shapes_do_not_fit() {
    let mut bytes = Vec::new();
    encode(&block(1), &mut bytes);
    assert_eq!(decode(&bytes, &SHAPES), Some(block(1)));
    for cells in [
        &SHAPES[..1],
        &[SHAPES[0], SHAPES[1], SHAPES[1]],
        &[SHAPES[1], SHAPES[1]],
    ] {
        assert_eq!(decode(&bytes, cells), None);
    }
}

#[test]
#[should_panic(expected = "the block that is due")]
fn blocks_are_not_left_out() {
    let (_folder, path) = place();
    let mut journal = Journal::create(&path, &header(0)).unwrap();
    let _ = journal.append(&block(1));
}

#[test]
fn merged_shards_are_the_journal_of_one_machine() {
    let (folder, path) = place();
    let whole = write(&path, 5..4000);
    let shards: Vec<PathBuf> = [3000..4000, 5..7, 7..7, 7..3000]
        .into_iter()
        .map(|blocks| {
            let shard = folder
                .path()
                .join(format!("shard-{}-{}", blocks.start, blocks.end));
            write(&shard, blocks);
            shard
        })
        .collect();
    let merged = folder.path().join("merged");
    let state = merge(&shards, &merged).unwrap();
    assert_eq!(fs::read(&merged).unwrap(), whole);
    assert_eq!(state, count_blocks(&path).unwrap());

    let refused = |shards: &[PathBuf], words: &str| {
        let before = fs::read_dir(folder.path()).unwrap().count();
        let error = merge(shards, &folder.path().join("other")).unwrap_err();
        assert!(error.is_bad_input());
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
        message
    };
    let [end, start, none, middle] = &shards[..] else {
        panic!()
    };
    let message = refused(
        &[end.clone(), start.clone(), none.clone()],
        "blocks 7 to 2999 are missing between",
    );
    assert!(
        message.contains("shard-5-7 and") && message.ends_with("shard-3000-4000"),
        "{message}"
    );
    let message = refused(&[path.clone(), middle.clone()], "block 7 is in both");
    assert!(
        message.contains("all.blocks") && message.contains("shard-7-3000"),
        "{message}"
    );
    refused(&[start.clone(), start.clone()], "block 5 is in both");
    refused(&[], "no journals");

    let mixed = folder.path().join("mixed");
    let other = JournalHeader {
        plan_sha256: [9; 32],
        ..header(7)
    };
    let open = Journal::create(&mixed, &other).unwrap();
    refused(
        &[start.clone(), mixed.clone()],
        "another deconflict is writing",
    );
    drop(open);
    let message = refused(
        &[start.clone(), mixed],
        "the plan is 0909090909090909 there",
    );
    assert!(message.ends_with("shard-5-7"), "{message}");

    let torn = folder.path().join("torn");
    let bytes = fs::read(middle).unwrap();
    fs::write(&torn, &bytes[..bytes.len() - 1]).unwrap();
    refused(&[start.clone(), torn], "ends within block 2999");

    // What stands there goes when the new one is whole, and not before.
    fs::write(&merged, "older").unwrap();
    refused(&[start.clone(), start.to_path_buf()], "block 5 is in both");
    assert_eq!(fs::read(&merged).unwrap(), b"older");
    merge(&shards, &merged).unwrap();
    assert_eq!(fs::read(&merged).unwrap(), whole);
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => Just(0.0),
        1 => Just(-0.0),
        4 => (0_u32..300).prop_map(f64::from),
        1 => prop_oneof![
            Just(9_007_199_254_740_991.0), Just(9_007_199_254_740_992.0), Just(1.8446744073709552e19),
            Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(f64::INFINITY), Just(-1.0)
        ],
        2 => any::<f64>().prop_filter("no NaN", |value| !value.is_nan()),
    ]
}

fn summary() -> impl Strategy<Value = Summary> {
    let count = prop_oneof![4 => Just(0), 2 => 0_u64..40, 1 => any::<u64>()];
    let times = vec(any::<i64>().prop_map(Millis), 0..5);
    let square = (any::<i32>(), any::<i32>());
    let squares = vec(
        square.prop_map(|(east, north)| GridSquare { east, north }),
        0..3,
    );
    (vec(value(), 0..40), vec(count, 0..20), times, squares).prop_map(
        |(values, confusion, times_to_identify, wrong_shots_at)| Summary {
            values,
            confusion,
            times_to_identify,
            wrong_shots_at,
        },
    )
}

proptest! {
    #[test]
    fn blocks_survive_to_the_last_bit(summaries in vec(summary(), 0..4), index: u64, words in ".*") {
        let shape = |summary: &Summary| Shape { columns: summary.values.len(), confusion: summary.confusion.len() };
        let mut cells: Vec<Shape> = summaries.iter().map(shape).collect();
        cells.push(SHAPES[0]);
        let mut outcomes: Vec<Outcome> = summaries.into_iter().map(Outcome::Flown).collect();
        outcomes.push(Outcome::Failed(words));
        let block = Block { index, outcomes };
        let mut bytes = Vec::new();
        prop_assert_eq!(encode(&block, &mut bytes), bytes.len());
        let back = decode(&bytes, &cells).unwrap();
        prop_assert_eq!(&back, &block);
        // Minus zero equals zero, so equality is not enough.
        let bits = |block: &Block| -> Vec<u64> {
            let summaries = block.outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Flown(summary) => Some(summary),
                Outcome::Failed(_) => None,
            });
            summaries.flat_map(|summary| summary.values.iter().map(|value| value.to_bits())).collect()
        };
        prop_assert_eq!(bits(&back), bits(&block));
    }

    #[test]
    fn nonsense_does_not_decode_into_panics(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, &SHAPES);
        let _ = JournalHeader::decode(&bytes);
    }
}
