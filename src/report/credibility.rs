//! How far to believe the results: marks over worlds, credibility factors with their evidence, use and misuse, known limits.
//!
//! The factors are those of NASA-STD-7009 (revision B, 5 March 2024), which asks for evidence and for what is missing, not for a grade.

use maud::{Markup, html};

use super::document::{heads, table};
use super::page::Report;
use super::stored::{Paired, Results};
use crate::experiment::worlds::file::{AS_WRITTEN, WORLD};
use crate::experiment::worlds::marks::Mark;
use crate::output::readable;
use crate::statistics::estimate::Comparison;

/// What is left out or simplified, and which way the results are off for it.
const LIMITS: &[(&str, &str)] = &[
    (
        "Beliefs of a site equal the world unless the scenario says otherwise",
        "wrong fire too rare: crews that misjudge their own errors err more often",
    ),
    (
        "Sites are where the scenario puts them, at work all day, unless it says otherwise",
        "losses of every side too many, leakage too low",
    ),
    (
        "No wind, and terrain only where the scenario has some",
        "low aircraft are seen too early: shots at them too many",
    ),
    (
        "No electronic warfare",
        "losses that jamming explains are put down to missiles or are missing; links work better than they would",
    ),
    (
        "Magazines are filled again only where the scenario says how long that takes",
        "without it in long scenarios late shots too few; in short ones none",
    ),
    (
        "Pilots and crews do not learn from what happened before",
        "repeated mistakes too many, over more than a day",
    ),
    (
        "Assumptions move independently of each other in worlds and screenings",
        "either way: combinations that never occur together are among the worlds",
    ),
];

/// The marks of one comparison of settings.
struct Row {
    setting: String,
    reference: String,
    measure: String,
    mark: Mark,
}

/// A setting, what it is compared with, and the measure.
type Compared = (String, String, String);

/// Every comparison that was run in worlds, with its mark.
fn marks(results: &Results) -> Vec<Row> {
    let levels = |cell: &str| results.levels.get(cell);
    let world = |cell: &str| -> Option<&str> {
        let mut levels = levels(cell)?.iter();
        let found = levels.find(|(factor, _)| factor == WORLD);
        found.map(|(_, level)| level.as_str())
    };
    let levers = |cell: &str| -> String {
        let of = levels(cell).into_iter().flatten();
        let others = of.filter(|(factor, _)| factor != WORLD);
        let words: Vec<String> = others
            .map(|(factor, level)| format!("{factor}={level}"))
            .collect();
        words.join(", ")
    };
    let mut groups: Vec<(Compared, Vec<&Paired>)> = Vec::new();
    for pair in &results.paired {
        if world(&pair.cell).is_none() || world(&pair.cell) != world(&pair.reference) {
            continue;
        }
        let key = (
            levers(&pair.cell),
            levers(&pair.reference),
            pair.measure.clone(),
        );
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(pair),
            None => groups.push((key, vec![pair])),
        }
    }
    let rows = groups
        .into_iter()
        .map(|((setting, reference, measure), members)| {
            let here = |pair: &&&Paired| world(&pair.cell) == Some(AS_WRITTEN);
            let said = members.iter().find(here).map(|pair| &pair.comparison);
            let others: Vec<Comparison> = members
                .iter()
                .filter(|pair| !here(pair))
                .map(|pair| pair.comparison)
                .collect();
            let mark = Mark::of(said, &others, &[], results.manifest.confidence);
            Row {
                setting,
                reference,
                measure,
                mark,
            }
        });
    rows.collect()
}

/// In how many comparisons that are shown the same is shown in every world; nothing where no other world was run.
pub(super) fn robust_words(results: &Results) -> Option<String> {
    let marks = marks(results);
    let said: Vec<&Row> = marks.iter().filter(|row| row.mark.said != 0).collect();
    let robust = said.iter().filter(|row| row.mark.holds() == row.mark.of);
    let worlds = marks.iter().map(|row| row.mark.of).max()?;
    Some(format!(
        "Of the {} comparisons shown in the world as written {} are robust: shown the same way block in each of the {worlds} other worlds.",
        said.len(),
        robust.count()
    ))
}

impl Report<'_> {
    /// The section.
    pub(super) fn credibility(&mut self) {
        self.section("credibility", "How far to believe it");
        let results = self.results;
        let manifest = &results.manifest;
        self.put(html! {
            p {
                strong { "Meant for" }
                " comparing rules of coordination in one world with common random numbers, and for asking which conclusions survive "
                "what is not known. " strong { "Not meant for" }
                " estimating how many aircraft were or will be lost anywhere, for judging a real system, site or crew, or for "
                "planning fire or flights."
            }
        });
        let marks = marks(results);
        let main = self.main.clone();
        let of_main: Vec<&Row> = marks
            .iter()
            .filter(|row| main.contains(&row.measure))
            .collect();
        if marks.is_empty() {
            self.put(html! {
                p {
                    "Every sentence on this page is said of one world, the scenario as written, or of the settings of the "
                    "uncertainties that were flown. In how many worlds that evidence does not rule out it holds was not asked: "
                    code { "deconflict match" } " finds such worlds, " code { "sweep --worlds" } " flies in them."
                }
            });
        } else {
            let rows = html! {
                @for row in &of_main {
                    tr {
                        th scope="row" { (row.setting) }
                        td { (row.reference) }
                        td { (row.measure) }
                        td { (row.mark.words(|_, _| String::new())) }
                    }
                }
            };
            let columns = heads(&["setting", "against", "measure", "in the worlds"]);
            self.put(html! {
                p {
                    "Robust: shown, the same way block, in every world that was not ruled out. Fragile: the contrary is shown in one. "
                    "Worlds not ruled out are not confirmed."
                }
                (table("Marks of the comparisons", &columns, &rows))
            });
        }
        let done = manifest.progress.done;
        let confidence = readable(manifest.confidence * 100.0);
        let intervals = html! {
            (done) " replications of every cell; intervals of " (confidence) " % on every number"
        };
        let robust = |row: &&Row| row.mark.said != 0 && row.mark.holds() == row.mark.of;
        let said = marks.iter().filter(|row| row.mark.said != 0).count();
        let robustness = match marks.is_empty() {
            true => html! { "not asked" },
            false => html! {
                (marks.iter().filter(robust).count()) " of " (said)
                " comparisons that are shown as written hold in every world run"
            },
        };
        let factors: [(&str, Markup, &str); 8] = [
            (
                "Data pedigree",
                html! {
                    "public, coarse and rounded figures of aircraft and classes of sites; each is in the register with its source: "
                    code { "deconflict assumptions SCENARIO" }
                },
                "no measurement of a real system; identification-error rates are assumptions throughout",
            ),
            (
                "Verification",
                html! {
                    "closed forms, a second implementation of what a site does, signs that must hold, the same bytes on any machine "
                    "(page " em { "tests" } " of the guide)"
                },
                "nobody outside of the project has repeated them",
            ),
            (
                "Validation",
                html! {
                    "six public bands for Libya in 2019 (" code { "scenarios/evidence" }
                    "), against which worlds are held"
                },
                "no case with known counts; bands are wide and from parties to the war",
            ),
            (
                "Input pedigree",
                html! {
                    "value, range, kind, source and date of every number of the shipped library; what a scenario adds is listed by "
                    code { "deconflict assumptions --missing" }
                },
                "ranges are judgements of their authors",
            ),
            (
                "Uncertainty characterization",
                intervals,
                "intervals hold the random numbers of replications alone; what is not known about the world is in the worlds, or nowhere",
            ),
            (
                "Results robustness",
                robustness,
                "worlds outside of the ranges, and structure that nobody thought of",
            ),
            (
                "History of the model",
                html! { "version " (manifest.version) "; what changed results is in the changelog" },
                "no earlier use in a decision that turned out right or wrong",
            ),
            (
                "Process and product management",
                html! { "sealed results, a command that runs them again and compares every byte, tests on every change" },
                "no independent review",
            ),
        ];
        let rows = html! {
            @for (factor, evidence, missing) in factors {
                tr { th scope="row" { (factor) } td.prose { (evidence) } td.prose { (missing) } }
            }
        };
        let limits = html! {
            @for (limit, direction) in LIMITS {
                tr { th scope="row" { (limit) } td.prose { (direction) } }
            }
        };
        let factors = heads(&["factor", "evidence", "missing"]);
        let directions = heads(&["limit", "expected direction"]);
        self.put(html! {
            h3 { "Factors of credibility" }
            p.meta { "After NASA-STD-7009B: evidence and what is missing, no grades." }
            (table("Factors of credibility", &factors, &rows))
            h3 { "Known limits, and which way they push" }
            (table("Known limits", &directions, &limits))
        });
    }
}
