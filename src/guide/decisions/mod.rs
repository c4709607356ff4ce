//! Decisions that would be argued again if they were not written down: context, decision, consequences.

pub mod d0001_two_packages {
    #![doc = include_str!("0001-two-packages.md")]
}
pub mod d0002_facts_and_measures {
    #![doc = include_str!("0002-facts-and-measures.md")]
}
pub mod d0003_draws_are_looked_up {
    #![doc = include_str!("0003-draws-are-looked-up.md")]
}
pub mod d0004_clock_jumps {
    #![doc = include_str!("0004-clock-jumps.md")]
}
pub mod d0006_truth_is_fenced_off {
    #![doc = include_str!("0006-truth-is-fenced-off.md")]
}
pub mod d0007_allegiance_is_relative {
    #![doc = include_str!("0007-allegiance-is-relative.md")]
}
pub mod d0008_actual_and_assumed {
    #![doc = include_str!("0008-actual-and-assumed.md")]
}
pub mod d0009_whole_milliseconds {
    #![doc = include_str!("0009-whole-milliseconds.md")]
}
pub mod d0010_identification_apart_from_hardware {
    #![doc = include_str!("0010-identification-apart-from-hardware.md")]
}
pub mod d0011_a_record_a_block {
    #![doc = include_str!("0011-a-record-a-block.md")]
}
pub mod d0012_levers_and_uncertainties {
    #![doc = include_str!("0012-levers-and-uncertainties.md")]
}
pub mod d0013_tuning_judged_on_fresh_random_numbers {
    #![doc = include_str!("0013-tuning-judged-on-fresh-random-numbers.md")]
}
pub mod d0014_skipping_has_no_meaning {
    #![doc = include_str!("0014-skipping-has-no-meaning.md")]
}
pub mod d0015_looks_depend_on_each_other {
    #![doc = include_str!("0015-looks-depend-on-each-other.md")]
}
pub mod d0016_nobody_who_is_asked_reads_the_truth {
    #![doc = include_str!("0016-nobody-who-is-asked-reads-the-truth.md")]
}
pub mod d0017_sums_are_a_fixed_fold {
    #![doc = include_str!("0017-sums-are-a-fixed-fold.md")]
}
