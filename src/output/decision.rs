//! The page of a tuning for whoever decides, and its table of the finalists.

use std::fmt::Write as _;

use super::numbers::{Notation, one_in, readable};
use super::tuning_results::{as_written, called, name, turnings};
use crate::experiment::plan::study::Study;
use crate::experiment::tune::choice::{Alternative, Choice, Nearest, Why, choose, in_worlds};
use crate::experiment::tune::course::{Role, Tuning};
use crate::experiment::tune::idle::{Idle, idle};
use crate::experiment::tune::robust::over_worlds;
use crate::experiment::tune::verdict::{Feasible, Verdict, judge};
use crate::experiment::tune::{FRESH, OTHER_WORLDS};
use crate::safe::{markdown, markdown_code};
use crate::statistics::estimate::{Estimate, Method};

/// A table of bars, as Markdown has them and as people read them.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
        if number == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
    out
}

/// The trade-off: a row a finalist, its settings, and each watched measure on fresh random numbers with what the search believed.
pub fn tradeoff_table(study: &Study, tuning: &Tuning) -> String {
    tradeoff(study, tuning, str::to_owned, str::to_owned)
}

/// The same with names and settings made safe for where the table goes.
fn tradeoff(
    study: &Study,
    tuning: &Tuning,
    name_in: fn(&str) -> String,
    setting_in: fn(&str) -> String,
) -> String {
    let mut header = vec!["finalist".to_owned()];
    header.extend(study.parameters().map(name_in));
    for watched in &study.watched {
        header.push(name_in(&watched.derived.name));
        header.push("search said".to_owned());
    }
    let limited = (study.watched.iter()).any(|watched| !watched.role.is_objective());
    if limited {
        header.push("limits kept".to_owned());
    }
    header.push("front".to_owned());
    let mut rows = vec![header];
    let notations = study
        .watched
        .iter()
        .map(|watched| Notation::of(&watched.derived.name));
    let notations: Vec<Notation> = notations.collect();
    let spread = |value: Estimate, notation: Notation| {
        let ends = notation.ends(value.low, value.high);
        format!("{} {ends}", notation.value(value.estimate))
    };
    let mut written = vec!["as written".to_owned()];
    written.extend(study.parameters().map(|_| "-".to_owned()));
    for ((estimate, _), &notation) in as_written(study, tuning).into_iter().zip(&notations) {
        written.extend([spread(estimate, notation), "-".to_owned()]);
    }
    written.extend(vec!["-".to_owned(); 1 + usize::from(limited)]);
    rows.push(written);
    for (at, verdict) in judge(tuning).iter().enumerate() {
        let mut row = vec![name(at)];
        let settings = study.settings(tuning.candidates()[verdict.candidate].point.as_ref());
        row.extend(settings.iter().map(|setting| setting_in(setting)));
        let each = verdict.fresh.iter().zip(&verdict.search).zip(&notations);
        for ((fresh, search), &notation) in each {
            row.extend([spread(*fresh, notation), notation.value(*search)]);
        }
        if limited {
            row.push(verdict.feasible.code().to_owned());
        }
        row.push(if verdict.on_front { "yes" } else { "no" }.to_owned());
        rows.push(row);
    }
    aligned(&rows)
}

/// The page for whoever decides, in Markdown: every number in it stands in front.csv, robustness.csv or break_even.csv.
pub fn decision(study: &Study, tuning: &Tuning) -> String {
    let verdicts = judge(tuning);
    let choice = choose(tuning, &verdicts);
    let file = &study.record.study;
    let mut out = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(out, "{words}");
    };
    line(&format!("# {}\n", markdown(&file.title)));
    line("## What to do\n");
    match (choice.recommended, &choice.nearest) {
        (Some(chosen), _) => recommendation(study, tuning, &verdicts, &choice, chosen)
            .iter()
            .for_each(|words| line(words)),
        (None, Some(nearest)) => line(&forbidden(study, tuning, &verdicts, nearest)),
        (None, None) => line("**Nothing was examined**: there is nothing to choose from."),
    }
    line(&format!(
        "\n{} settings of {} parameters were tried; {} finalists were run again on random numbers that the search never saw.",
        tuning.candidates().len().saturating_sub(1),
        study.parameters().count(),
        verdicts.len(),
    ));
    for words in idle_words(study, tuning, markdown_code) {
        line(&format!("\n{words}"));
    }
    let front: Vec<usize> = (0..verdicts.len())
        .filter(|&at| verdicts[at].on_front)
        .collect();
    line("\n## The finalists\n");
    line(tradeoff(study, tuning, markdown_code, markdown).trim_end());
    let limits = match study
        .watched
        .iter()
        .all(|watched| watched.role.is_objective())
    {
        true => "",
        false => {
            " \"Limits kept\" is `shown` where the interval keeps every limit at the confidence asked for, divided by the number of limits and of settings on the shortlist; `open` where it merely looks so."
        }
    };
    line(&format!(
        "\nNumbers in brackets are intervals on fresh random numbers that hold together with {} % confidence, for all {} settings that stood on the shortlist, run or not. \"Search said\" is what made them finalists: it is too good on average, and is there to show by how much; where it is \"-\" the search tried neighbours alone.{limits}",
        readable(file.confidence * 100.0),
        tuning.listed()
    ));
    for watched in &study.watched {
        match watched.role {
            Role::AtMost(limit) => line(&format!(
                "Limit: {} at most {}.",
                markdown_code(&watched.derived.name),
                Notation::of(&watched.derived.name).value(limit)
            )),
            Role::AtLeast(limit) => line(&format!(
                "Limit: {} at least {}.",
                markdown_code(&watched.derived.name),
                Notation::of(&watched.derived.name).value(limit)
            )),
            Role::Minimise | Role::Maximise => {}
        }
    }
    line("\n## The price of each step\n");
    if front.len() < 2 {
        line(match front.is_empty() {
            true => "There is no step: no finalist is left.",
            false => "There is no step: one finalist is left.",
        });
    }
    for two in front.windows(2) {
        let (one, other) = (
            &tuning.candidates()[verdicts[two[0]].candidate],
            &tuning.candidates()[verdicts[two[1]].candidate],
        );
        let steps: Vec<String> = study
            .watched
            .iter()
            .enumerate()
            .map(|(measure, watched)| {
                let (step, error) = other.fresh.above(&one.fresh, measure);
                let notation = Notation::of(&watched.derived.name);
                format!(
                    "{} {} (standard error {})",
                    markdown_code(&watched.derived.name),
                    notation.change(step),
                    notation.bound(error)
                )
            })
            .collect();
        line(&format!(
            "- From {} to {}: {}.",
            name(two[0]),
            name(two[1]),
            steps.join(", ")
        ));
    }
    if !study.worlds.is_empty() {
        line("\n## If the world is another\n");
        let drawn: Vec<usize> = (0..study.drawn).collect();
        let mut rows = vec![
            ["finalist", "measure", "mean", "worst", "regret"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for row in over_worlds(tuning, &drawn) {
            let name = &study.watched[row.measure].derived.name;
            let notation = Notation::of(name);
            rows.push(vec![
                called(tuning, row.candidate),
                markdown_code(name),
                notation.value(row.mean),
                notation.value(row.worst),
                notation
                    .change(row.regret)
                    .trim_start_matches('+')
                    .to_owned(),
            ]);
        }
        line(aligned(&rows).trim_end());
        line(&format!(
            "\nOver {} settings of what is not known, all with the same weight. Regret: by how much it is worse than the best of these in the same world, at most.\n",
            study.drawn
        ));
        let turning = turnings(study, tuning);
        for found in &turning {
            line(&format!(
                "- In {}, {} beats {} until {} exceeds {} [{}, {}].",
                markdown_code(&found.measure),
                found.better_below,
                found.better_above,
                markdown_code(&found.uncertainty),
                readable(found.at),
                readable(found.low),
                readable(found.high)
            ));
        }
        if turning.is_empty() && tuning.re_evaluated().len() > 1 {
            line(
                "No two of them change places along any one uncertainty, as far as these replications can tell.",
            );
        }
    }
    line("\n## What this rests on\n");
    line(&format!(
        "- {} replications, seed {}; replication r of every candidate has the same random numbers. Fresh ones begin at replication {FRESH}, those of other worlds at {OTHER_WORLDS}.",
        tuning.spent(),
        file.seed
    ));
    line(
        "- The scenario, its site classes and above all its identification errors are assumptions. The search optimises what it is given: a rule that exploits a weakness of the model looks good here.",
    );
    line(
        "- **Absolute rates are uncalibrated**: no public count of sorties exists. Only comparisons between rule sets mean something.",
    );
    if verdicts
        .iter()
        .any(|verdict| verdict.feasible == Feasible::Open)
    {
        line("- Where it says `open`, more replications would decide.");
    }
    out
}

/// A sentence on each parameter that seems to do nothing, with names as `code` writes them.
pub fn idle_words(study: &Study, tuning: &Tuning, code: fn(&str) -> String) -> Vec<String> {
    let names: Vec<&str> = study.parameters().collect();
    let words = |idle: Idle| {
        format!(
            "{} seems to do nothing: nothing seen in {} replications of {} pairs of settings that differ in it alone.",
            code(names[idle.parameter]),
            idle.replications,
            idle.pairs
        )
    };
    idle(tuning).into_iter().map(words).collect()
}

/// A candidate as a sentence calls it.
fn spoken(tuning: &Tuning, candidate: usize) -> String {
    match candidate {
        0 => "the scenario as written".to_owned(),
        _ => format!("finalist {}", called(tuning, candidate)),
    }
}

/// What is recommended and why, against the scenario as written; and what else could be chosen.
fn recommendation(
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
    choice: &Choice,
    chosen: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    if chosen == 0 {
        lines.push(
            "**Leave the scenario as it is.** No finalist that keeps the limits is shown to be better in one objective before it is shown to be worse in an earlier one."
                .to_owned(),
        );
    } else {
        lines.push(format!(
            "**Take finalist {0}**, which is `finalists/{0}.toml`:\n",
            called(tuning, chosen)
        ));
        lines.push(settings_table(study, tuning, chosen).trim_end().to_owned());
        lines.push(format!("\n{}", reason(study)));
    }
    lines.push("\n| measure | as written | recommended | change |".to_owned());
    lines.push("|---|---|---|---|".to_owned());
    let written = as_written(study, tuning);
    for (measure, watched) in study.watched.iter().enumerate() {
        let value = |candidate: usize| told(study, tuning, verdicts, candidate, measure);
        let change = match chosen {
            0 => "-".to_owned(),
            _ => verdicts
                .iter()
                .find(|verdict| verdict.candidate == chosen)
                .and_then(|verdict| verdict.against_reference.get(measure))
                .map_or("-".to_owned(), |compared| {
                    changed(&watched.derived.name, &compared.difference)
                }),
        };
        let known = written[measure].1 > 0;
        lines.push(format!(
            "| {} | {} | {} | {change} |",
            markdown_code(&watched.derived.name),
            if known { value(0) } else { "-".to_owned() },
            value(chosen)
        ));
    }
    let [here, there] = [0, chosen].map(|candidate| tuning.candidates()[candidate].fresh.n());
    if chosen != 0 && here != there {
        lines.push(format!(
            "\nRun {here} times as written and {there} times as recommended; the change is that of the {there} replications that both have."
        ));
    }
    lines.extend(in_other_worlds(study, tuning, verdicts, chosen));
    lines.push("\nWhat the measures are:\n".to_owned());
    for watched in &study.watched {
        lines.push(format!(
            "- {}: {}",
            markdown_code(&watched.derived.name),
            markdown(watched.derived.measure.definition)
        ));
    }
    lines.push("\n## What else could be chosen, and what it costs\n".to_owned());
    if choice.alternatives.is_empty() {
        lines.push("Nothing else that was examined keeps the limits.".to_owned());
    }
    for alternative in &choice.alternatives {
        lines.extend(other(study, tuning, verdicts, alternative, chosen));
    }
    lines.push(
        "\nChanges are from the recommended, replication by replication on the same random numbers; their intervals hold for every two of the shortlist together. \"Open\" is what they do not show to be more or less."
            .to_owned(),
    );
    lines
}

/// Whether what the recommended changes holds in the worlds drawn over all that is not known.
fn in_other_worlds(
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
    chosen: usize,
) -> Vec<String> {
    let found = verdicts.iter().find(|verdict| verdict.candidate == chosen);
    let Some(verdict) = found else {
        return Vec::new();
    };
    let marks = study
        .watched
        .iter()
        .enumerate()
        .filter_map(|(measure, watched)| {
            let mark = in_worlds(tuning, verdict, measure, study.drawn)?;
            Some(format!(
                "- {}: {}",
                markdown_code(&watched.derived.name),
                mark.words(|_, _| String::new())
            ))
        });
    let marks: Vec<String> = marks.collect();
    if marks.is_empty() {
        return vec!["\nIn other worlds nothing is known of these changes: the study names nothing that is not known, or what it names was not asked about.".to_owned()];
    }
    let mut lines = vec!["\nIn the other worlds of the study the changes are\n".to_owned()];
    lines.extend(marks);
    lines
}

/// By which rule the recommended was chosen.
fn reason(study: &Study) -> String {
    let objectives: Vec<String> = (study.watched.iter())
        .filter(|watched| watched.role.is_objective())
        .map(|watched| markdown_code(&watched.derived.name))
        .collect();
    let order = match objectives.as_slice() {
        [only] => format!("by {only} alone"),
        [first, rest @ ..] => format!(
            "by {first} first, then, among those that are not shown to be worse in it than the best, by {}",
            rest.join(", then by ")
        ),
        [] => String::new(),
    };
    format!(
        "Chosen among all that are shown to keep every limit and that nothing beats, the scenario as written among them: {order}. The order is that of the study's objectives: another order may choose otherwise."
    )
}

/// The settings of a candidate with what they mean.
fn settings_table(study: &Study, tuning: &Tuning, candidate: usize) -> String {
    let settings = study.settings(tuning.candidates()[candidate].point.as_ref());
    let mut rows = vec![
        ["parameter", "set to", "which is"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (parameter, setting) in study.parameters().zip(&settings) {
        let typed = study.record.study.parameters.get(parameter);
        let meaning = typed.and_then(|typed| typed.meaning.as_deref());
        rows.push(vec![
            markdown_code(parameter),
            markdown(setting),
            markdown(meaning.unwrap_or("-")),
        ]);
    }
    aligned(&rows)
}

/// A measure of a candidate on fresh random numbers: `5.63 % [3.68, 8.31], 1 in 18; 0.39 of 6.94 protected sorties a run`.
fn told(
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
    candidate: usize,
    measure: usize,
) -> String {
    let watched = &study.watched[measure];
    let value = match tuning.finalists().contains(&candidate) {
        true => verdicts
            .iter()
            .find(|verdict| verdict.candidate == candidate)
            .map_or_else(Estimate::unknown, |verdict| verdict.fresh[measure]),
        false => as_written(study, tuning)[measure].0,
    };
    let mut words = Notation::of(&watched.derived.name).estimate(&value);
    let below = watched.derived.measure.denominator;
    if below.is_empty() {
        let _ = write!(words, " {}", watched.derived.measure.unit);
        return words;
    }
    if let Some(odds) =
        one_in(value.estimate).filter(|_| Notation::of(&watched.derived.name).is_share())
    {
        let _ = write!(words, ", {odds}");
    }
    let (counted, of) = tuning.candidates()[candidate].fresh.means(measure);
    let below = below.split('[').next().unwrap_or(below).replace('_', " ");
    let _ = write!(
        words,
        "; {} of {} {below} a run",
        readable(counted),
        readable(of)
    );
    words
}

/// A difference with its interval, and whether it is shown: `-2.06 points [-4.11, -0.30]`.
fn changed(measure: &str, difference: &Estimate) -> String {
    let words = Notation::of(measure).changed(difference.estimate, difference.low, difference.high);
    if difference.method == Method::EqualPairs {
        return format!("{words}, the same in every replication");
    }
    match difference.estimate == 0.0 || !(difference.low > 0.0 || difference.high < 0.0) {
        true => format!("{words}, open"),
        false => words,
    }
}

/// An alternative: why it is one, where its settings differ, and what it costs.
fn other(
    study: &Study,
    tuning: &Tuning,
    verdicts: &[Verdict],
    alternative: &Alternative,
    chosen: usize,
) -> Vec<String> {
    let named = |measure: usize| markdown_code(&study.watched[measure].derived.name);
    let why = match alternative.why {
        Why::AsWritten => "nothing to change".to_owned(),
        Why::Best(measure) => format!(
            "{} {} of all that is shown to keep the limits",
            match study.watched[measure].role {
                Role::Maximise => "most",
                _ => "least",
            },
            named(measure)
        ),
        Why::Front => "keeps the limits, and nothing beats it".to_owned(),
        Why::Keeps => "keeps the limits".to_owned(),
        Why::Open => "seems to keep the limits, which is open".to_owned(),
    };
    let mut settings = String::new();
    if alternative.candidate != 0 {
        let of = |candidate: usize| study.settings(tuning.candidates()[candidate].point.as_ref());
        let (mine, theirs) = (of(alternative.candidate), of(chosen));
        let unlike = study.parameters().zip(mine.iter().zip(&theirs));
        let unlike: Vec<String> = unlike
            .filter(|(_, (mine, theirs))| mine != theirs)
            .map(|(name, (mine, _))| format!("{} = {}", markdown_code(name), markdown(mine)))
            .collect();
        settings = format!(" ({})", unlike.join(", "));
    }
    let spoken = spoken(tuning, alternative.candidate);
    let mut letters = spoken.chars();
    let first: String = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    let mut lines = vec![format!(
        "- **{first}{}**: {why}{settings}.",
        letters.as_str()
    )];
    for (measure, difference) in alternative.against.iter().enumerate() {
        lines.push(format!(
            "  - {}: {}; change {}",
            named(measure),
            told(study, tuning, verdicts, alternative.candidate, measure),
            changed(&study.watched[measure].derived.name, difference)
        ));
    }
    lines
}

/// What comes nearest where nothing is shown to keep the limits, and which limits forbid it.
fn forbidden(study: &Study, tuning: &Tuning, verdicts: &[Verdict], nearest: &Nearest) -> String {
    let code = |measure: usize| markdown_code(&study.watched[measure].derived.name);
    let notation = |measure: usize| Notation::of(&study.watched[measure].derived.name);
    let said = |measure: usize, value: Estimate| {
        let notation = notation(measure);
        let ends = notation.ends(value.low, value.high);
        format!("{} {ends}", notation.value(value.estimate))
    };
    let who = spoken(tuning, nearest.candidate);
    let mut out = format!(
        "**Nothing that was tried is shown to keep the limits.** Nearest to them is {who}: what it comes to beyond them is least, in shares of each limit. What forbids it:\n\n"
    );
    let mut enough = Vec::new();
    for forbids in &nearest.forbid {
        let (measure, value) = (forbids.measure, forbids.fresh);
        let (bound, limit, end) = match study.watched[measure].role {
            Role::AtLeast(limit) => ("at least", limit, value.low),
            Role::AtMost(limit) => ("at most", limit, value.high),
            Role::Minimise | Role::Maximise => continue,
        };
        let verdict = match forbids.open {
            true => "it seems to keep that, which is open: more replications would decide",
            false => "it does not keep that",
        };
        let _ = writeln!(
            out,
            "- {}: {}, and it must be {bound} {}; {verdict}",
            code(measure),
            said(measure, value),
            notation(measure).value(limit)
        );
        let words = format!("{} {}", notation(measure).value(end), code(measure));
        enough.push(format!("{bound} {words}"));
    }
    let _ = writeln!(
        out,
        "\nWith {} it would be let through.\n\n{}",
        enough.join(" and "),
        settings_table(study, tuning, nearest.candidate).trim_end()
    );
    let fresh = |candidate: usize, measure: usize| {
        let verdict = verdicts.iter().find(|one| one.candidate == candidate);
        verdict.map_or_else(String::new, |one| said(measure, one.fresh[measure]))
    };
    let limits: Vec<usize> = nearest.by_limit.iter().map(|&(limit, _)| limit).collect();
    for (number, &(limit, candidate)) in nearest.by_limit.iter().enumerate() {
        if number == 0 {
            out.push_str("\nNearest to each limit by itself, of those that were run again:\n\n");
        }
        let others = limits.iter().filter(|&&other| other != limit);
        let others = others.map(|&other| format!("{} {}", code(other), fresh(candidate, other)));
        let others: Vec<String> = others.collect();
        let _ = writeln!(
            out,
            "- {}: {} with {}, which has {}",
            code(limit),
            fresh(candidate, limit),
            spoken(tuning, candidate),
            others.join(", ")
        );
    }
    out.trim_end().to_owned()
}
