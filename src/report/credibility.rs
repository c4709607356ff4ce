//! How far to believe the results: marks over worlds, credibility factors with their evidence, use and misuse, known limits.
//!
//! The factors are those of NASA-STD-7009 (revision B, 5 March 2024), which asks for evidence and for what is missing, not for a grade.

use std::fmt::Write as _;

use super::page::Report;
use super::stored::{Paired, Results};
use crate::experiment::worlds::file::{AS_WRITTEN, WORLD};
use crate::experiment::worlds::marks::Mark;
use crate::output::readable;
use crate::safe::markup as escape;
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
        "Magazines are not filled again",
        "in long scenarios late shots too few; in short ones none",
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
        self.put(
            "<p><strong>Meant for</strong> comparing rules of coordination in one world with common random numbers, and for asking which \
             conclusions survive what is not known. <strong>Not meant for</strong> estimating how many aircraft were or will be \
             lost anywhere, for judging a real system, site or crew, or for planning fire or flights.</p>",
        );
        let marks = marks(results);
        let main = self.main.clone();
        let of_main: Vec<&Row> = marks
            .iter()
            .filter(|row| main.contains(&row.measure))
            .collect();
        if marks.is_empty() {
            self.put(
                "<p>Every sentence on this page is said of one world, the scenario as written, or of the settings of the \
                 uncertainties that were flown. In how many worlds that evidence does not rule out it holds was not asked: \
                 <code>deconflict match</code> finds such worlds, <code>sweep --worlds</code> flies in them.</p>",
            );
        } else {
            let mut rows = String::new();
            for row in &of_main {
                let _ = write!(
                    rows,
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                    escape(&row.setting),
                    escape(&row.reference),
                    escape(&row.measure),
                    escape(&row.mark.words(|_, _| String::new()))
                );
            }
            self.put(&format!(
                "<p>Robust: shown, the same way block, in every world that was not ruled out. Fragile: the contrary is shown in \
                 one. Worlds not ruled out are not confirmed.</p><div class=\"wide\" tabindex=\"0\" role=\"group\" \
                 aria-label=\"Marks of the comparisons\"><table><thead><tr><th scope=\"col\">setting</th><th \
                 scope=\"col\">against</th><th scope=\"col\">measure</th><th scope=\"col\">in the worlds</th></tr></thead>\
                 <tbody>{rows}</tbody></table></div>"
            ));
        }
        let done = manifest.progress.done;
        let intervals = format!(
            "{done} replications of every cell; intervals of {} % on every number",
            readable(manifest.confidence * 100.0)
        );
        let robust = |row: &&Row| row.mark.said != 0 && row.mark.holds() == row.mark.of;
        let said = marks.iter().filter(|row| row.mark.said != 0).count();
        let robustness = match marks.is_empty() {
            true => "not asked".to_owned(),
            false => format!(
                "{} of {said} comparisons that are shown as written hold in every world run",
                marks.iter().filter(robust).count()
            ),
        };
        let factors: [(&str, String, &str); 8] = [
            (
                "Data pedigree",
                "public, coarse and rounded figures of aircraft and classes of sites; each is in the register with its source: \
                 <code>deconflict assumptions SCENARIO</code>"
                    .to_owned(),
                "no measurement of a real system; identification-error rates are assumptions throughout",
            ),
            (
                "Verification",
                "closed forms, a second implementation of what a site does, signs that must hold, the same bytes on any machine \
                 (page <em>tests</em> of the guide)"
                    .to_owned(),
                "nobody outside of the project has repeated them",
            ),
            (
                "Validation",
                "six public bands for Libya in 2019 (<code>scenarios/evidence</code>), against which worlds are held".to_owned(),
                "no case with known counts; bands are wide and from parties to the war",
            ),
            (
                "Input pedigree",
                "value, range, kind, source and date of every number of the shipped library; what a scenario adds is listed by \
                 <code>deconflict assumptions --missing</code>"
                    .to_owned(),
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
                format!("version {}; what changed results is in the changelog", escape(&manifest.version)),
                "no earlier use in a decision that turned out right or wrong",
            ),
            (
                "Process and product management",
                "sealed results, a command that runs them again and compares every byte, tests on every change".to_owned(),
                "no independent review",
            ),
        ];
        let mut rows = String::new();
        for (factor, evidence, missing) in factors {
            let _ = write!(
                rows,
                "<tr><th scope=\"row\">{factor}</th><td>{evidence}</td><td>{missing}</td></tr>"
            );
        }
        let mut limits = String::new();
        for (limit, direction) in LIMITS {
            let _ = write!(
                limits,
                "<tr><th scope=\"row\">{limit}</th><td>{direction}</td></tr>"
            );
        }
        self.put(&format!(
            "<h3>Factors of credibility</h3><p class=\"meta\">After NASA-STD-7009B: evidence and what is missing, no grades.</p>\
             <div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Factors of credibility\"><table><thead><tr><th \
             scope=\"col\">factor</th><th scope=\"col\">evidence</th><th scope=\"col\">missing</th></tr></thead><tbody>{rows}\
             </tbody></table></div><h3>Known limits, and which way they push</h3><div class=\"wide\" tabindex=\"0\" \
             role=\"group\" aria-label=\"Known limits\"><table><thead><tr><th scope=\"col\">limit</th><th \
             scope=\"col\">expected direction</th></tr></thead><tbody>{limits}</tbody></table></div>"
        ));
    }
}
