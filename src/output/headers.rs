//! The columns of the result files of a sweep: names and meanings, from which the headers are made.

use super::events::EVENTS;

/// A result file.
#[derive(Debug, Clone, Copy)]
pub struct ResultFile {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub row: &'static str,
    /// Its columns, name and meaning; what stands in brackets is one column a factor, or one a measured quantity.
    pub columns: &'static [(&'static str, &'static str)],
}

/// Stands for one column a factor.
const FACTORS: &str = "(factors)";

/// Stands for one column a measured quantity.
const QUANTITIES: &str = "(quantities)";

impl ResultFile {
    /// The header, with these factors and quantities.
    pub(super) fn header<'a>(&self, factors: &[&'a str], quantities: &[&'a str]) -> Vec<&'a str> {
        let mut header = Vec::new();
        for &(name, _) in self.columns {
            match name {
                FACTORS => header.extend(factors),
                QUANTITIES => header.extend(quantities),
                name => header.push(name),
            }
        }
        header
    }
}

const CELL: (&str, &str) = ("cell", "name of the cell");
const CELL_FACTORS: (&str, &str) = (FACTORS, "one column a factor: its setting in the cell");
const SEED: (&str, &str) = ("seed", "seed of the sweep");
const CONFIDENCE: (&str, &str) = (
    "confidence",
    "two-sided confidence of the intervals of the row",
);

const FOR_HALF: (&str, &str) = (
    "replications_for_half",
    "replications that would show it halved with a chance of 80 %: of this scenario, and of another with random numbers of its own",
);

/// One row a world.
pub const WORLDS: ResultFile = ResultFile {
    name: "worlds.csv",
    row: "a world that `match` ran",
    columns: &[
        ("world", "name of the world: its wave and its number in it"),
        (
            "wave",
            "number of the wave, from 1; the scenario as written is in the first",
        ),
        ("left", "whether it is not ruled out"),
        ("implausibility", "the largest over all evidence"),
        ("against", "the evidence that this is of"),
        (
            FACTORS,
            "one column an assumption: its setting in the world",
        ),
        (
            QUANTITIES,
            "two columns a piece of evidence: what the world predicts, and its implausibility",
        ),
    ],
};

/// One row a piece of evidence.
pub const EVIDENCE: ResultFile = ResultFile {
    name: "evidence.csv",
    row: "a piece of evidence that `match` held worlds to",
    columns: &[
        ("evidence", "what it is called"),
        (
            "about",
            "the measure that it speaks about, or what is counted over what",
        ),
        ("low", "lowest value that the sources allow"),
        ("high", "highest value that the sources allow"),
        (
            "discrepancy",
            "what the model may be off by with all its numbers right, as a share",
        ),
        ("source", "where it comes from"),
        ("cutoff", "implausibility above which a world is ruled out"),
        ("worlds", "worlds that were run"),
        ("ruled_out", "worlds that it rules out"),
        (
            "as_written",
            "what the scenario as written predicts; empty where it does not occur there",
        ),
        (
            "as_written_implausibility",
            "how far that is from the band, in standard deviations of band, discrepancy and noise together",
        ),
        (
            "left_least",
            "the least that a world predicts which no evidence rules out",
        ),
        ("left_median", "the median of these"),
        ("left_most", "the most of these"),
    ],
};

/// One row an assumption with a range.
pub const RANGES: ResultFile = ResultFile {
    name: "ranges.csv",
    row: "an assumption with a range, over the worlds that `match` does not rule out",
    columns: &[
        ("assumption", "path of the value, or name of its table"),
        ("low", "lowest value among the worlds left"),
        ("median", "the median of them"),
        ("high", "highest value"),
        ("place_low", "place of the lowest along the range, 0 to 1"),
        ("place_median", "place of the median"),
        ("place_high", "place of the highest"),
        (
            "chance",
            "the chance that so many worlds lie within so little of the range if the evidence says nothing of it",
        ),
        (
            "narrowed",
            "whether that is too small to be chance: below .05 over the number of assumptions",
        ),
    ],
};

/// One row an assumption and a measure.
pub const SCREEN: ResultFile = ResultFile {
    name: "screen.csv",
    row: "an assumption, of one measure, that `screen` moved",
    columns: &[
        ("measure", "name of the measure"),
        ("assumption", "path of the value, or name of its table"),
        (
            "effect",
            "mean absolute elementary effect, in the unit of the measure over the whole range",
        ),
        ("effect_low", "lower end of its interval"),
        ("effect_high", "upper end"),
        (
            "noise",
            "what the effect would be on average by noise alone, the pairs of points on the same random numbers",
        ),
        ("mean_effect", "mean elementary effect, with its sign"),
        (
            "spread",
            "standard deviation of the elementary effects: large where it depends on the rest, or bends",
        ),
        ("n", "elementary effects"),
        (
            "told",
            "whether it is told from noise: at one place at least the change is shown, all assumptions and places together",
        ),
        (
            "first",
            "share of the variance that it explains alone; empty if it is not one of the few",
        ),
        ("first_low", "lower end of its interval"),
        ("first_high", "upper end"),
        (
            "total",
            "share of the variance that goes when all others are known",
        ),
        ("total_low", "lower end of its interval"),
        ("total_high", "upper end"),
    ],
};

/// One row an assumption.
pub const ASSUMPTIONS: ResultFile = ResultFile {
    name: "assumptions.csv",
    row: "an entry of the register of assumptions",
    columns: &[
        ("assumption", "path of the value, or name of its table"),
        (
            "paths",
            "the values that it sets alike, or, with alternatives, speaks about",
        ),
        (
            "value",
            "value that is run; empty where it is a default or there are several",
        ),
        ("low", "lowest value that cannot be ruled out"),
        ("high", "highest"),
        ("scale", "how values lie between them: linear or log"),
        ("choices", "values or alternatives, where there is no range"),
        ("kind", "public, derived or assumed"),
        ("source", "where it comes from"),
        ("date", "when that was looked up or decided"),
        ("meaning", "what it means"),
        (
            "in_use",
            "whether the scenario fields the class or flies the aircraft it is about",
        ),
        ("file", "file that states it"),
        ("line", "line of that file"),
    ],
};

/// One row a rule that was asked about.
pub const PREVENTION: ResultFile = ResultFile {
    name: "prevention.csv",
    row: "a rule, or a change, that `prevent` was asked about",
    columns: &[
        ("change", "number of the rule, or name of the change"),
        ("words", "what it means in this scenario"),
        (
            "base_sorties",
            "sorties wrongly lost (or fired at) without any of the rules, over all replications",
        ),
        ("saved_sorties", "of these, not lost with this rule alone"),
        ("prevented_share", "saved over base sorties"),
        ("prevented_low", "lower end of its interval"),
        ("prevented_high", "upper end of its interval"),
        ("prevented_method", "how the interval was made"),
        (
            "added_per_replication",
            "sorties lost with this rule alone and not without it, a replication",
        ),
        ("added_low", "lower end of its interval"),
        ("added_high", "upper end of its interval"),
        ("added_method", "how the interval was made"),
        (
            "leaked_per_replication",
            "objectives reached by hostile aircraft, a replication: with the rule less without it",
        ),
        ("leaked_low", "lower end of its interval"),
        ("leaked_high", "upper end of its interval"),
        ("leaked_method", "how the interval was made"),
        (
            "cancelled_per_replication",
            "sorties that did not take off, a replication: with the rule less without it",
        ),
        ("cancelled_low", "lower end of its interval"),
        ("cancelled_high", "upper end of its interval"),
        ("cancelled_method", "how the interval was made"),
        (
            "shapley_per_replication",
            "its part of what all the rules together prevent, sorties a replication",
        ),
        ("shapley_low", "lower end of its interval"),
        ("shapley_high", "upper end of its interval"),
        ("shapley_method", "how the interval was made"),
        (
            "shapley_share",
            "the same as a share of the whole; empty if the whole is nothing",
        ),
        (
            "delay_per_replication",
            "of what a rule that asks or waits prevents alone, net of what it adds, sorties a replication: what its mere delay does; empty for other rules",
        ),
        ("delay_low", "lower end of its interval"),
        ("delay_high", "upper end of its interval"),
        ("delay_method", "how the interval was made"),
        (
            "default_per_replication",
            "the same: what holding fire for want of an answer does",
        ),
        ("default_low", "lower end of its interval"),
        ("default_high", "upper end of its interval"),
        ("default_method", "how the interval was made"),
        (
            "knowledge_per_replication",
            "the same: what is left, which the rule does by knowing something",
        ),
        ("knowledge_low", "lower end of its interval"),
        ("knowledge_high", "upper end of its interval"),
        ("knowledge_method", "how the interval was made"),
        (
            "band",
            "its weakest and its strongest form in words; nothing where it has but one",
        ),
        (
            "prevented_weakest",
            "the share that it prevents in its weakest form, alone",
        ),
        ("prevented_weakest_low", "lower end of its interval"),
        ("prevented_weakest_high", "upper end of its interval"),
        ("prevented_weakest_method", "how the interval was made"),
        ("prevented_strongest", "the same in its strongest form"),
        ("prevented_strongest_low", "lower end of its interval"),
        ("prevented_strongest_high", "upper end of its interval"),
        ("prevented_strongest_method", "how the interval was made"),
        (
            "shapley_weakest",
            "its part of all in its weakest form, all others as offered, sorties a replication",
        ),
        ("shapley_weakest_low", "lower end of its interval"),
        ("shapley_weakest_high", "upper end of its interval"),
        ("shapley_weakest_method", "how the interval was made"),
        ("shapley_strongest", "the same in its strongest form"),
        ("shapley_strongest_low", "lower end of its interval"),
        ("shapley_strongest_high", "upper end of its interval"),
        ("shapley_strongest_method", "how the interval was made"),
        (
            QUANTITIES,
            "where the scenario has `separation`: separation_losses_per_replication, losses of separation with the rule less without it, and _low, _high, _method",
        ),
        CONFIDENCE,
        ("n", "replications"),
    ],
};

/// One row a replication of a cell.
pub(super) const REPLICATIONS: ResultFile = ResultFile {
    name: "replications.csv",
    row: "a replication of a cell; blocks in order, cells in the order of the plan",
    columns: &[
        CELL,
        SEED,
        (
            "replication",
            "number of the replication, from 0; the same number has the same random numbers in every cell",
        ),
        CELL_FACTORS,
        (
            QUANTITIES,
            "one column a quantity; units are in the names, counts have none; `deconflict columns FILE` lists those of a scenario",
        ),
    ],
};

/// The same as Parquet.
pub(super) const PARQUET: ResultFile = ResultFile {
    name: "replications.parquet",
    ..REPLICATIONS
};

/// One row a measure of a cell.
pub(super) const CELLS: ResultFile = ResultFile {
    name: "cells.csv",
    row: "a measure of a cell",
    columns: &[
        CELL,
        CELL_FACTORS,
        (
            "measure",
            "name of the measure; `deconflict columns` defines them",
        ),
        ("unit", "unit of estimate, low and high"),
        (
            "estimate",
            "sum of events over sum of exposure; empty if there is nothing to divide by",
        ),
        ("low", "lower end of the interval; empty if there is none"),
        (
            "high",
            "upper end of the interval; `inf` where the replications cannot bound it",
        ),
        CONFIDENCE,
        ("method", "how the interval was made"),
        ("n", "replications"),
        ("events", "sum above the line"),
        ("exposure", "sum below the line"),
        FOR_HALF,
    ],
};

/// A measure name in its parts.
const PARTS: [(&str, &str); 3] = [
    ("measure", "name of the measure, without brackets"),
    (
        "dimension",
        "what it is broken down by: side, type, affiliation, ...; empty if it is not",
    ),
    ("level", "which of these; empty if it is not"),
];

/// An experiment by its factors, for plots.
pub(super) const SETTINGS: ResultFile = ResultFile {
    name: "settings.csv",
    row: "a measure of the experiment at a setting of its factors, uncertainties as at the reference; empty where levels are sampled",
    columns: &[
        CELL,
        CELL_FACTORS,
        PARTS[0],
        PARTS[1],
        PARTS[2],
        ("unit", "unit of estimate and difference"),
        (
            "reference",
            "yes for the setting that all others are compared with, else no",
        ),
        ("estimate", "the measure at this setting"),
        ("low", "lower end of its interval"),
        ("high", "upper end of its interval"),
        CONFIDENCE,
        ("difference", "this setting less the reference"),
        ("difference_low", "lower end of its interval"),
        ("difference_high", "upper end of its interval"),
        (
            "difference_confidence",
            "confidence of that interval by itself: all of the experiment hold together (Bonferroni)",
        ),
        (
            "shown",
            "lower or higher, if that interval leaves out 0; same, if not one replication differs; else empty",
        ),
        (
            "may_be_best",
            "yes unless another setting is shown to be better; empty where nothing varies",
        ),
        (
            "best",
            "lowest or highest, whichever is better, at the best of the estimates; else empty",
        ),
        ("n", "replications"),
    ],
};

/// Whether factors act on each other.
pub(super) const INTERACTIONS: ResultFile = ResultFile {
    name: "interactions.csv",
    row: "two factors and a measure of the experiment: of all changes of both, the one that is farthest from the sum of its parts, in standard errors",
    columns: &[
        PARTS[0],
        PARTS[1],
        PARTS[2],
        ("unit", "unit of the contrast"),
        ("factor_one", "a factor"),
        ("one_from", "its setting at the reference"),
        ("one_to", "its other setting"),
        ("factor_two", "another"),
        ("two_from", "its setting at the reference"),
        ("two_to", "its other setting"),
        (
            "contrast",
            "what the first changes at the other setting of the second, less what it changes at the reference",
        ),
        ("low", "lower end of its interval"),
        ("high", "upper end of its interval"),
        (
            "confidence",
            "confidence of that interval by itself: those of all contrasts of the measure hold together (Bonferroni)",
        ),
        ("contrasts", "how many there are"),
        ("shown", "yes if the interval leaves out 0, else no"),
    ],
};

/// The columns of paired comparisons, wherever they stand.
pub(super) const COMPARISON: ResultFile = ResultFile {
    name: "pairs.csv",
    row: "a measure of a pair of cells, replication by replication with common random numbers",
    columns: &[
        ("reference", "name of the cell compared with"),
        CELL,
        ("measure", "name of the measure"),
        ("unit", "unit of the two estimates and of the difference"),
        ("reference_estimate", "estimate in the cell compared with"),
        ("cell_estimate", "estimate in the cell"),
        ("difference", "cell less reference"),
        ("difference_low", "lower end of its interval"),
        ("difference_high", "upper end of its interval"),
        ("difference_method", "how that interval was made"),
        ("risk_ratio", "cell over reference"),
        (
            "risk_ratio_low",
            "lower end of its interval; empty where nothing was seen in one of the two or no pair differs",
        ),
        (
            "risk_ratio_high",
            "upper end of its interval; inf where the reference may be 0",
        ),
        (
            "mcnemar_p",
            "exact p-value of McNemar's test; only for shares of replications",
        ),
        (
            "variance_reduction",
            "variance of the difference with independent random numbers over that with common random numbers; inf where no pair differs",
        ),
        CONFIDENCE,
        ("n", "paired replications"),
        (
            "pairs_for_half",
            "paired replications that would show a risk ratio of one half with a chance of 80 %, varying as these do",
        ),
    ],
};

/// What settings change by delay, by default and by knowledge.
pub(super) const ARMS: ResultFile = ResultFile {
    name: "arms.csv",
    row: "a measure of the experiment and a setting that was run with its arms too (placebo = true): what of the change against the reference is which; no file without arms",
    columns: &[
        ("reference", "name of the cell compared with"),
        CELL,
        ("measure", "name of the measure"),
        ("unit", "unit of the changes"),
        (
            "difference",
            "the cell less the reference; the sum of the next three",
        ),
        ("difference_low", "lower end of its interval"),
        ("difference_high", "upper end of its interval"),
        ("difference_method", "how that interval was made"),
        ("delay", "the arm that only delays, less the reference"),
        ("delay_low", "lower end of its interval"),
        ("delay_high", "upper end of its interval"),
        ("delay_method", "how that interval was made"),
        (
            "default",
            "the arm that also holds fire for want of an answer, less the one that only delays",
        ),
        ("default_low", "lower end of its interval"),
        ("default_high", "upper end of its interval"),
        ("default_method", "how that interval was made"),
        ("knowledge", "the cell less the arm that knows nothing"),
        ("knowledge_low", "lower end of its interval"),
        ("knowledge_high", "upper end of its interval"),
        ("knowledge_method", "how that interval was made"),
        CONFIDENCE,
        ("n", "paired replications"),
    ],
};

/// What settings of the levers come to over the uncertainties.
pub(super) const AVERAGES: ResultFile = ResultFile {
    name: "averages.csv",
    row: "a measure of the experiment and a setting of the levers, over all points of the uncertainties; no file where there is one point, or one factor is moved at a time",
    columns: &[
        ("levers", "setting of the levers"),
        ("measure", "name of the measure"),
        ("unit", "unit of all values"),
        ("points", "points at which there is a value"),
        ("mean", "mean over the points"),
        (
            "mean_low",
            "lower end of its interval: the choice of points, where they are drawn from ranges, and chance",
        ),
        ("mean_high", "upper end of it"),
        CONFIDENCE,
        ("least", "the least value at a point"),
        ("least_cell", "the cell there"),
        ("most", "the greatest value at a point"),
        ("most_cell", "the cell there"),
        (
            "reference",
            "setting of the levers compared with; empty for itself, and so is what follows",
        ),
        (
            "difference",
            "mean over the points of the change against the reference",
        ),
        ("difference_low", "lower end of its interval"),
        ("difference_high", "upper end of its interval"),
        (
            "difference_confidence",
            "confidence of that interval: those of all settings and measures hold together (Bonferroni)",
        ),
        ("difference_least", "the lowest change at a point"),
        ("difference_least_cell", "the cell there"),
        ("difference_most", "the highest change at a point"),
        ("difference_most_cell", "the cell there"),
        ("lower", "points at which it is shown to be lower"),
        ("higher", "points at which it is shown to be higher"),
        ("n", "replications of each point"),
    ],
};

/// What the uncertainties do.
pub(super) const EFFECTS: ResultFile = ResultFile {
    name: "effects.csv",
    row: "an uncertainty and a measure of the experiment, at a setting of the levers",
    columns: &[
        ("levers", "setting of the levers"),
        ("factor", "the uncertainty"),
        ("measure", "name of the measure"),
        ("unit", "unit of the effect; none for rank_correlation"),
        (
            "method",
            "main_effect, mean_difference, regression or rank_correlation",
        ),
        (
            "from",
            "level or end of the range from which the effect is counted",
        ),
        ("to", "level or end of the range to which"),
        ("effect", "change of the measure, or the correlation"),
        ("low", "lower end of its interval; empty if there is none"),
        ("high", "upper end of its interval"),
        CONFIDENCE,
        (
            "points",
            "settings of the uncertainties, or pairs of them, that it rests on",
        ),
        (
            "rank",
            "place of the uncertainty by its largest change, from 1; empty for rank_correlation",
        ),
    ],
};

/// Counts of declarations.
pub(super) const CONFUSION: ResultFile = ResultFile {
    name: "confusion.csv",
    row: "a cell of the confusion matrix of a site class",
    columns: &[
        CELL,
        ("site_class", "class of the sites that declared"),
        ("truth", "what the aircraft was"),
        ("declared", "what it was declared as, or unknown"),
        ("declarations", "how often"),
        ("share", "share of the declarations about such aircraft"),
    ],
};

/// Where wrong shots were fired at aircraft.
pub(super) const GRID: ResultFile = ResultFile {
    name: "grid.csv",
    row: "a square of the local plane with wrong shots, by the place of the aircraft when the shot was fired",
    columns: &[
        CELL,
        ("east_m", "south-west corner, east of 32.60 N 13.30 E, m"),
        ("north_m", "south-west corner, north of it, m"),
        ("side_m", "side of the square, m"),
        ("center_lat_deg", "latitude of the centre, degrees north"),
        ("center_lon_deg", "longitude of the centre, degrees east"),
        ("center_mgrs", "1 km MGRS square of the centre"),
        ("wrong_shots", "shots at friend or neutral"),
        (
            "replications_with_wrong_shots",
            "replications with at least one",
        ),
        ("n", "replications"),
    ],
};

/// What was left out.
pub(super) const FAILURES: ResultFile = ResultFile {
    name: "failures.csv",
    row: "a replication that failed and was left out",
    columns: &[
        CELL,
        SEED,
        ("replication", "number of the replication"),
        ("message", "what it said"),
    ],
};

/// How times to identify are spread, of a run.
pub const TIMES: ResultFile = ResultFile {
    name: "times.csv",
    row: "a share of the tracks that got an identity, of a run",
    columns: &[
        ("share", "share of these tracks"),
        (
            "time_s",
            "time since the confirmation of the track within which as many had their first identity, s",
        ),
        ("tracks", "tracks that got an identity"),
    ],
};

/// All of a sweep, in the order they are written.
pub const RESULT_FILES: [ResultFile; 12] = [
    REPLICATIONS,
    PARQUET,
    CELLS,
    COMPARISON,
    SETTINGS,
    INTERACTIONS,
    ARMS,
    AVERAGES,
    EFFECTS,
    CONFUSION,
    GRID,
    FAILURES,
];

/// The measures of a run.
pub(super) const SUMMARY: ResultFile = ResultFile {
    name: "summary.csv",
    row: "a measure of a run",
    columns: &[
        (
            "measure",
            "name of the measure; `deconflict columns` defines them",
        ),
        ("unit", "unit of estimate, low and high"),
        (
            "estimate",
            "sum of events over sum of exposure; empty if there is nothing to divide by",
        ),
        ("low", "lower end of the interval; empty if there is none"),
        (
            "high",
            "upper end of the interval; `inf` where the replications cannot bound it",
        ),
        CONFIDENCE,
        ("method", "how the interval was made"),
        ("n", "replications"),
        ("events", "sum above the line"),
        ("exposure", "sum below the line"),
        FOR_HALF,
        ("definition", "what the measure says"),
    ],
};

const FINALIST: (&str, &str) = (
    "finalist",
    "number of the finalist, or as_written: the scenario without the study",
);
const PARAMETERS: (&str, &str) = (FACTORS, "one column a parameter: its setting");

/// What was found by tuning.
pub(super) const FRONT: ResultFile = ResultFile {
    name: "front.csv",
    row: "a measure of a finalist of a tuning",
    columns: &[
        FINALIST,
        ("candidate", "its number in candidates.csv"),
        (
            "feasible",
            "whether it keeps every limit: shown, open or broken",
        ),
        (
            "on_front",
            "whether it keeps the limits, no other that does is shown to be better in one objective while it is better in none, and none before it is told from it in nothing",
        ),
        PARAMETERS,
        ("measure", "name of the measure"),
        ("unit", "unit of search, fresh and difference"),
        (
            "search",
            "the measure on the random numbers of the search: too good on average",
        ),
        ("n_search", "replications of that"),
        ("fresh", "the measure on fresh random numbers"),
        ("low", "lower end of its interval"),
        ("high", "upper end of its interval"),
        ("method", "how the interval was made"),
        ("n_fresh", "replications of that"),
        (
            "difference",
            "on fresh random numbers, less the scenario as written",
        ),
        ("difference_low", "lower end of its interval"),
        ("difference_high", "upper end of its interval"),
        (
            "worlds",
            "other worlds of the study in which both were run; nothing where none were",
        ),
        (
            "worlds_lower",
            "in how many of them the difference is shown to be below 0",
        ),
        (
            "worlds_higher",
            "in how many of them it is shown to be above 0",
        ),
        (
            "choice",
            "what decision.md makes of it: recommended, alternative, or nothing",
        ),
        (
            "against_recommended",
            "on fresh random numbers, less the recommended; of the scenario as written where it is an alternative",
        ),
        (
            "against_recommended_low",
            "lower end of its interval, which holds for every two finalists together",
        ),
        ("against_recommended_high", "upper end of its interval"),
        ("numerator", "mean of what is counted, a replication"),
        (
            "denominator",
            "mean of what it is a share of, a replication; 1 where that is the replication",
        ),
    ],
};

/// What was searched by tuning.
pub(super) const CANDIDATES: ResultFile = ResultFile {
    name: "candidates.csv",
    row: "a setting of the parameters that a tuning ran",
    columns: &[
        ("candidate", "number of the candidate"),
        ("generation", "generation of the search that asked for it"),
        ("n", "replications in the search"),
        PARAMETERS,
        (
            QUANTITIES,
            "two columns a measure that is watched: its value in the search, and _se, the standard error of that",
        ),
    ],
};

/// How finalists do in other worlds.
pub(super) const ROBUSTNESS: ResultFile = ResultFile {
    name: "robustness.csv",
    row: "a measure of a finalist of a tuning, over the other worlds",
    columns: &[
        FINALIST,
        ("measure", "name of the measure"),
        ("mean", "mean over the worlds, all with the same weight"),
        ("worst", "the worst of them"),
        ("worst_point", "the world of that"),
        (
            "regret",
            "by how much it is worse than the best finalist in the same world, at most",
        ),
        ("regret_point", "the world of that"),
        ("n", "replications in each world"),
    ],
};

/// Where finalists change places.
pub(super) const BREAK_EVEN: ResultFile = ResultFile {
    name: "break_even.csv",
    row: "a place along an uncertainty at which two finalists change places",
    columns: &[
        ("better_below", "the finalist that is better below it"),
        ("better_above", "the one that is better above it"),
        ("measure", "in which measure"),
        ("uncertainty", "along what"),
        ("at", "where"),
        ("low", "lower end of its interval"),
        ("high", "upper end of its interval"),
        CONFIDENCE,
    ],
};

/// Every table that a command writes, and its columns: what `deconflict columns` and `deconflict help` say of them.
pub const FILES: &[&ResultFile] = &[
    &SUMMARY,
    &REPLICATIONS,
    &PARQUET,
    &CELLS,
    &COMPARISON,
    &SETTINGS,
    &INTERACTIONS,
    &ARMS,
    &AVERAGES,
    &EFFECTS,
    &CONFUSION,
    &GRID,
    &TIMES,
    &FAILURES,
    &EVENTS,
    &FRONT,
    &CANDIDATES,
    &ROBUSTNESS,
    &BREAK_EVEN,
    &PREVENTION,
    &ASSUMPTIONS,
    &WORLDS,
    &EVIDENCE,
    &RANGES,
    &SCREEN,
];
