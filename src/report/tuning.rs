//! The page of a tuning: the trade-off on fresh random numbers beside what the search had believed, what each finalist sets, how it
//! does in other worlds, and how it was made.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::document::{heads, table, without_places};
use super::figures::{
    Figure, Mark, Panel, as_told, bracket, capital, grouped, number, panels, scatter, unit_told,
    words,
};
use super::page::{figure_html, sectioned, shell};
use super::stored::{Interval, Note, Row, Table};
use crate::output::{Manifest, Notation, OutputError, Stored, one_in, readable};

/// The name of the scenario as it was written, among the finalists.
const AS_WRITTEN: &str = "as_written";

/// Most pairs of measures that get a picture of their own.
const PAIRS: usize = 3;

/// What one finalist does to one measure.
#[derive(Debug, Clone)]
struct Told {
    unit: String,
    search: f64,
    fresh: Interval,
    difference: Interval,
    /// Other worlds in which it was run, and in how many the difference is shown to be below and above 0.
    worlds: [f64; 3],
}

impl Told {
    /// In how many other worlds the difference is shown to be what it is here.
    fn holds(&self) -> String {
        let [worlds, lower, higher] = self.worlds;
        let same = match (self.difference.high < 0.0, self.difference.low > 0.0) {
            (true, _) => lower,
            (_, true) => higher,
            _ => return String::new(),
        };
        match worlds > 0.0 {
            true => format!(
                ", shown in {} of {} other worlds",
                grouped(same),
                grouped(worlds)
            ),
            false => String::new(),
        }
    }
}

#[derive(Debug, Clone)]
struct Finalist {
    name: String,
    feasible: String,
    on_front: bool,
    recommended: bool,
    settings: Vec<(String, String)>,
    told: BTreeMap<String, Told>,
}

/// A folder of a tuning, read back.
struct Tuned {
    manifest: Manifest,
    note: Note,
    /// In the order of the study.
    measures: Vec<String>,
    finalists: Vec<Finalist>,
    /// What the search found of each candidate, by measure.
    candidates: Vec<BTreeMap<String, f64>>,
    /// Finalist, measure, mean, worst, regret.
    worlds: Vec<[String; 5]>,
    /// Better below, better above, measure, uncertainty, at, low, high.
    break_even: Vec<[String; 7]>,
}

impl Tuned {
    fn read(stored: Stored) -> Result<Tuned, OutputError> {
        stored.verify()?;
        let note = Note::read(&stored)?;
        let front = Table::read(&stored, "front.csv")?;
        let names = front.names();
        let parameters: Vec<String> = (names.iter())
            .skip_while(|name| *name != "on_front")
            .skip(1)
            .take_while(|name| *name != "measure")
            .cloned()
            .collect();
        let mut measures: Vec<String> = Vec::new();
        let mut finalists: Vec<Finalist> = Vec::new();
        let rows = front.rows(|row| {
            let settings = parameters.iter().map(|name| (name.clone(), row.text(name)));
            let told = Told {
                unit: row.text("unit"),
                search: row.number("search"),
                fresh: row.interval(["fresh", "low", "high"]),
                difference: row.interval(["difference", "difference_low", "difference_high"]),
                worlds: ["worlds", "worlds_lower", "worlds_higher"].map(|name| row.number(name)),
            };
            let finalist = Finalist {
                name: row.text("finalist"),
                feasible: row.text("feasible"),
                on_front: row.text("on_front") == "1",
                recommended: row.text("choice") == "recommended",
                settings: settings.collect(),
                told: BTreeMap::new(),
            };
            (finalist, row.text("measure"), told)
        });
        for (finalist, measure, told) in rows {
            if !measures.contains(&measure) {
                measures.push(measure.clone());
            }
            if finalists
                .last()
                .is_none_or(|last| last.name != finalist.name)
            {
                finalists.push(finalist);
            }
            if let Some(last) = finalists.last_mut() {
                last.told.insert(measure, told);
            }
        }
        let candidates = Table::read(&stored, "candidates.csv")?.rows(|row| {
            let value = |measure: &String| (measure.clone(), row.number(measure));
            measures.iter().map(value).collect()
        });
        fn texts<const N: usize>(row: &Row<'_>, names: [&str; N]) -> [String; N] {
            names.map(|name| row.text(name))
        }
        let worlds = Table::read(&stored, "robustness.csv")?
            .rows(|row| texts(row, ["finalist", "measure", "mean", "worst", "regret"]));
        let break_even = Table::read(&stored, "break_even.csv")?.rows(|row| {
            let names = [
                "better_below",
                "better_above",
                "measure",
                "uncertainty",
                "at",
                "low",
                "high",
            ];
            texts(row, names)
        });
        Ok(Tuned {
            manifest: stored.manifest,
            note,
            measures,
            finalists,
            candidates,
            worlds,
            break_even,
        })
    }

    /// Settings tried, without the scenario as written.
    fn tried(&self) -> usize {
        let about = self.manifest.tuning.as_ref();
        about.map_or(0, |about| about.candidates.saturating_sub(1))
    }

    fn title_of(finalist: &Finalist) -> String {
        match finalist.name.as_str() {
            AS_WRITTEN => "as written".to_owned(),
            name => name.to_owned(),
        }
    }

    /// What a measure is told in.
    fn unit(&self, measure: &str) -> &str {
        let mut told = (self.finalists.iter()).filter_map(|finalist| finalist.told.get(measure));
        told.next().map_or("", |told| told.unit.as_str())
    }

    /// The trade-off between two measures.
    fn trade_off(&self, one: &str, other: &str) -> Option<Figure> {
        let place = |finalist: &Finalist| {
            let (x, y) = (finalist.told.get(one)?, finalist.told.get(other)?);
            Some((finalist.clone(), x.clone(), y.clone()))
        };
        let told: Vec<_> = self.finalists.iter().filter_map(place).collect();
        let units = [&told.first()?.1.unit, &told.first()?.2.unit];
        let axes = [(one, units[0]), (other, units[1])]
            .map(|(measure, unit)| format!("{}, {}", words(measure), unit_told(measure, unit)));
        let told_at = |measure: &str, value: f64| Notation::of(measure).scaled(value);
        let cloud: Vec<(f64, f64)> = (self.candidates.iter())
            .filter_map(|candidate| {
                let (x, y) = (*candidate.get(one)?, *candidate.get(other)?);
                Some((told_at(one, x), told_at(other, y)))
            })
            .collect();
        let marks: Vec<scatter::Mark> = told
            .iter()
            .map(|(finalist, x, y)| scatter::Mark {
                label: Tuned::title_of(finalist),
                at: [as_told(one, x.fresh), as_told(other, y.fresh)],
                before: [told_at(one, x.search), told_at(other, y.search)],
                series: usize::from(finalist.name == AS_WRITTEN),
                full: finalist.on_front,
            })
            .collect();
        let rows = told.iter().map(|(finalist, x, y)| {
            let numbers = [
                x.search,
                x.fresh.estimate,
                x.fresh.low,
                x.fresh.high,
                y.search,
                y.fresh.estimate,
                y.fresh.low,
                y.fresh.high,
            ];
            let mut row = vec![
                finalist.name.clone(),
                u8::from(finalist.on_front).to_string(),
            ];
            row.extend(numbers.map(number));
            row
        });
        let mut header = vec!["finalist".to_owned(), "on_front".to_owned()];
        for measure in [one, other] {
            header.extend(["search", "fresh", "low", "high"].map(|end| format!("{measure}:{end}")));
        }
        Some(Figure {
            id: format!("front-{}-{}", id(one), id(other)),
            title: capital(&format!("{} against {}", words(other), words(one))),
            caption: "Full: on the front. Crosses: intervals on fresh random numbers for all finalists together. Names: the finalists; those in one place share a label. Small open dots: candidates as the search saw them; thin lines lead from what the search believed of a finalist to what fresh random numbers says.".to_owned(),
            svg: scatter::scatter(&cloud, &marks, &axes),
            header,
            rows: rows.collect(),
        })
    }

    /// Every measure of every finalist, with what the search had said.
    fn finalists_figure(&self) -> Figure {
        let mut list = Vec::new();
        let mut rows = Vec::new();
        for measure in &self.measures {
            let mut marks = Vec::new();
            let mut unit = String::new();
            for finalist in &self.finalists {
                let Some(told) = finalist.told.get(measure) else {
                    continue;
                };
                unit = unit_told(measure, &told.unit);
                marks.push(Mark {
                    series: usize::from(finalist.name == AS_WRITTEN),
                    ..Mark::new(Tuned::title_of(finalist), as_told(measure, told.fresh))
                });
                if told.search.is_finite() {
                    marks.push(Mark {
                        open: true,
                        ..Mark::new(
                            "search said".to_owned(),
                            as_told(measure, Interval::alone(told.search)),
                        )
                    });
                }
                let numbers = [
                    told.search,
                    told.fresh.estimate,
                    told.fresh.low,
                    told.fresh.high,
                ];
                let mut row = vec![measure.clone(), finalist.name.clone()];
                row.extend(numbers.map(number));
                rows.push(row);
            }
            list.push(Panel {
                title: words(measure),
                axis: unit,
                marks,
                neutral: None,
                logarithmic: false,
            });
        }
        Figure {
            id: "finalists".to_owned(),
            title: "Finalists on fresh random numbers, and what the search said".to_owned(),
            caption: "Full: fresh random numbers, with the interval that holds for all finalists together. Open: the estimate that made it a finalist, too good on average.".to_owned(),
            svg: panels(&list),
            header: ["measure", "finalist", "search", "fresh", "low", "high"].map(str::to_owned).to_vec(),
            rows,
        }
    }
}

/// A measure as a part of a file's name.
fn id(measure: &str) -> String {
    let letters = measure.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '-',
    });
    letters.collect::<String>().trim_matches('-').to_owned()
}

/// The page of a folder of a tuning, and its figures.
pub(super) fn tuning_page(
    stored: Stored,
    folder: &str,
) -> Result<(String, Vec<Figure>), OutputError> {
    let tuned = Tuned::read(stored)?;
    let mut figures = Vec::new();
    for one in 0..tuned.measures.len() {
        for other in one + 1..tuned.measures.len() {
            if figures.len() < PAIRS {
                figures.extend(tuned.trade_off(&tuned.measures[one], &tuned.measures[other]));
            }
        }
    }
    let all = tuned.finalists_figure();
    let sections = [
        ("short", "In short", in_short(&tuned)),
        (
            "front",
            "The trade-off",
            html! { @for figure in &figures { (figure_html(figure)) } },
        ),
        (
            "finalists",
            "Finalists",
            html! { (settings(&tuned)) (figure_html(&all)) },
        ),
        ("worlds", "If the world is another", worlds(&tuned)),
        ("made", "How it was made", made(&tuned, folder)),
    ];
    figures.push(all);
    let Manifest {
        title,
        progress,
        seed,
        version,
        ..
    } = &tuned.manifest;
    let header = html! {
        p.meta { (progress.words()) }
        h1 { (title) }
        p.meta {
            (tuned.tried()) " settings tried, " (grouped(progress.done as f64)) " replications, seed " (seed)
            ", deconflict " (version)
        }
        div.warn {
            strong { "Absolute rates are not calibrated." }
            " No public count of sorties exists. Only comparisons between rule sets, in the same world and with common random numbers, "
            "mean something. The search exploits whatever the model gives it: read the settings before believing the numbers."
        }
    };
    let page = sectioned(title, &header, &sections);
    Ok((page, figures))
}

fn in_short(tuned: &Tuned) -> Markup {
    let on_front: Vec<&Finalist> = (tuned.finalists.iter())
        .filter(|finalist| finalist.on_front)
        .collect();
    let tried = tuned.finalists.iter();
    let tried = tried.filter(|finalist| finalist.name != AS_WRITTEN).count();
    let changes = |finalist: &Finalist| {
        let mut changes = Vec::new();
        for name in &tuned.measures {
            let Some(told) = finalist.told.get(name) else {
                continue;
            };
            let (measure, difference, holds) = (words(name), &told.difference, told.holds());
            let notation = Notation::of(name);
            let Interval {
                estimate,
                low,
                high,
            } = *difference;
            let said = notation.changed(estimate, low, high);
            changes.push(if low > 0.0 {
                format!("raises {measure}: {said}{holds}")
            } else if high < 0.0 {
                format!("cuts {measure}: {said}{holds}")
            } else {
                format!("no clear change of {measure}: {said}")
            });
        }
        changes.join("; ")
    };
    let recommended = tuned.finalists.iter().find(|one| one.recommended);
    let written = tuned.finalists.iter().find(|one| one.name == AS_WRITTEN);
    // `3.20 % [2.79, 3.65], 1 in 31`.
    let value = |finalist: &Finalist, measure: &str| {
        let told = finalist.told.get(measure)?;
        let notation = Notation::of(measure);
        let ends = notation.ends(told.fresh.low, told.fresh.high);
        let odds = one_in(told.fresh.estimate).filter(|_| notation.is_share());
        let odds = odds.map_or(String::new(), |odds| format!(", {odds}"));
        Some(format!(
            "{} {ends}{odds}",
            notation.value(told.fresh.estimate)
        ))
    };
    html! {
        @match recommended {
            Some(finalist) if finalist.name == AS_WRITTEN => p {
                strong { "Leave the scenario as it is." }
                " No finalist that keeps the limits is shown to be better in one objective before it is shown to be worse in an earlier one."
            },
            Some(finalist) => {
                p {
                    strong { "Take finalist " (finalist.name) ":" } " "
                    (finalist.settings.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", "))
                    ". Why, and what else could be chosen: decision.md in the folder."
                }
                ul.say {
                    @for measure in &tuned.measures {
                        @if let Some(here) = value(finalist, measure) {
                            li {
                                (capital(&words(measure))) ": " (here)
                                @if let Some(there) = written.and_then(|written| value(written, measure)) {
                                    "; as written " (there)
                                }
                                "."
                            }
                        }
                    }
                }
            },
            None => p {
                strong { "Nothing that was tried is shown to keep the limits." }
                " What comes nearest, and which limits forbid it: decision.md in the folder."
            },
        }
        p {
            (tuned.tried()) " settings were tried; " (tried)
            " finalists were run again on random numbers that the search never saw. "
            @match on_front.len() {
                0 => "None of them is on the front.",
                1 => "One is left: it is better than the others in everything.",
                left => { (left) " of them are on the front: by its estimates none is beaten by another in every objective." }
            }
        }
        @if !on_front.is_empty() {
            p.meta {
                "Changes are of the same replications, and what the scenario as written does in longer runs is taken off: they are "
                "narrower than, and need not equal, the difference of two values above."
            }
        }
        ul.say {
            @for finalist in &on_front {
                li { "Finalist " (finalist.name) " against the scenario as written: " (changes(finalist)) "." }
            }
        }
    }
}

/// What each finalist sets and does.
fn settings(tuned: &Tuned) -> Markup {
    let parameters: Vec<&String> = (tuned.finalists.first()).map_or(Vec::new(), |first| {
        first.settings.iter().map(|(name, _)| name).collect()
    });
    let head = html! {
        th scope="col" { "finalist" }
        @for name in &parameters { th scope="col" { (name) } }
        @for measure in &tuned.measures {
            th scope="col" { (words(measure)) br; small { (unit_told(measure, tuned.unit(measure))) } }
        }
        (heads(&["limits kept", "front"]))
    };
    let shown = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    let rows = html! {
        @for finalist in &tuned.finalists {
            tr {
                th scope="row" { (Tuned::title_of(finalist)) }
                @for (_, value) in &finalist.settings { td { (shown(value)) } }
                @for measure in &tuned.measures {
                    td {
                        @if let Some(Told { fresh, .. }) = finalist.told.get(measure) {
                            @let fresh = as_told(measure, *fresh);
                            (readable(fresh.estimate)) small { (bracket(&fresh)) }
                        } @else {
                            "-"
                        }
                    }
                }
                td { (shown(&finalist.feasible)) }
                td { @if finalist.on_front { "yes" } }
            }
        }
    };
    html! {
        (table("Finalists", &head, &rows))
        p.meta {
            "In brackets: intervals on fresh random numbers that hold for all finalists together. Each is a complete scenario: "
            "finalists/NN.toml."
        }
    }
}

fn worlds(tuned: &Tuned) -> Markup {
    let value = |text: &String| text.parse().map_or("-".to_owned(), readable);
    let told = |measure: &str, text: &String| {
        let value = text.parse().unwrap_or(f64::NAN);
        readable(Notation::of(measure).scaled(value))
    };
    let spaced = |name: &String| name.replace('_', " ");
    let rows = html! {
        @for [finalist, measure, mean, worst, regret] in &tuned.worlds {
            tr {
                th scope="row" { (spaced(finalist)) }
                td { (words(measure)) small { (unit_told(measure, tuned.unit(measure))) } }
                td { (told(measure, mean)) }
                td { (told(measure, worst)) }
                td { (told(measure, regret)) }
            }
        }
    };
    let columns = heads(&["finalist", "measure", "mean", "worst", "regret"]);
    html! {
        @if tuned.worlds.is_empty() {
            p { "The study names nothing that is not known." }
        } @else {
            (table("Other worlds", &columns, &rows))
            p.meta {
                "Over worlds drawn from what is not known. Regret: by how much it is worse than the best of these in the same world, at "
                "most."
            }
        }
        ul.say {
            @for [below, above, measure, uncertainty, at, low, high] in &tuned.break_even {
                li {
                    "In " (words(measure)) ", " (spaced(below)) " is better than " (spaced(above)) " until " (uncertainty)
                    " exceeds " (value(at)) " [" (value(low)) ", " (value(high)) "]."
                }
            }
            @if tuned.break_even.is_empty() {
                li {
                    "No two of them change places along any one uncertainty, as far as these replications can tell."
                }
            }
        }
    }
}

fn made(tuned: &Tuned, folder: &str) -> Markup {
    let mut commands = vec![("Command", shell(&without_places(&tuned.note.command_line)))];
    let typed = |words: &[&str]| {
        let words = ["deconflict"].iter().chain(words);
        shell(&words.map(ToString::to_string).collect::<Vec<_>>())
    };
    // The best of those on the front, or else the first that was examined.
    let on_front = tuned.finalists.iter().find(|finalist| finalist.on_front);
    let flown = |finalist: &&Finalist| finalist.name != AS_WRITTEN;
    if let Some(finalist) = on_front.or_else(|| tuned.finalists.iter().find(flown)) {
        let file = format!("{folder}/finalists/{}.toml", finalist.name);
        commands.extend([
            ("Run a finalist", typed(&["run", &file])),
            (
                "Watch it",
                typed(&["replay", &file, "--out", "replay.html"]),
            ),
            (
                "What would prevent its wrong losses",
                typed(&["prevent", &file, "--replications", "50"]),
            ),
        ]);
    }
    commands.push(("This page", typed(&["report", folder])));
    let entries = [
        ("Version", tuned.manifest.version.clone()),
        ("Seed", tuned.manifest.seed.to_string()),
        ("Started", tuned.note.started_utc.clone()),
    ];
    html! {
        dl.made {
            @for (term, command) in &commands { dt { (term) } dd { code { (command) } } }
            @for (term, text) in entries.iter().filter(|(_, text)| !text.is_empty()) {
                dt { (term) } dd { (text) }
            }
            @if let Some(about) = &tuned.manifest.tuning {
                dt { "Study" } dd { "SHA-256 " span.hash { (about.study_sha256) } }
            }
        }
    }
}
