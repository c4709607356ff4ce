//! The pages of matching and of screening: what public evidence rules out and what of each range is left; which assumptions matter.

use maud::{Markup, html};

use super::document::{heads, table, without_places};
use super::figures::{Figure, Mark, Panel, grouped, number, panels, unit_told, words};
use super::page::{figure_html, sectioned, shell};
use super::stored::{Interval, Note, Row, Table};
use crate::measure::MEASURES;
use crate::output::{CAVEAT, Manifest, Notation, OutputError, Stored, between, readable};

/// Most ranges and effects that are drawn; the tables have all.
const DRAWN: usize = 24;

/// A piece of evidence.
struct Evidence {
    name: String,
    about: String,
    low: f64,
    high: f64,
    source: String,
    cutoff: f64,
    worlds: f64,
    ruled_out: f64,
    written: f64,
    far: f64,
    /// Least, median and most of the worlds left.
    left: [f64; 3],
    /// What each of them predicts.
    each: Vec<f64>,
}

/// What is left of a range.
struct Range {
    name: String,
    /// Lowest, median, highest setting.
    settings: [String; 3],
    places: [f64; 3],
    chance: f64,
    narrowed: bool,
}

/// A world that is left, or the nearest.
struct World {
    name: String,
    left: bool,
    implausibility: f64,
    against: String,
}

/// The page of a folder of a matching, and its figures.
pub(super) fn match_page(
    stored: Stored,
    folder: &str,
) -> Result<(String, Vec<Figure>), OutputError> {
    stored.verify()?;
    let note = Note::read(&stored)?;
    let flown = Table::read(&stored, "worlds.csv")?;
    let worlds = flown.rows(|row| World {
        name: row.text("world"),
        left: row.text("left") == "true",
        implausibility: row.number("implausibility"),
        against: row.text("against"),
    });
    let evidence = Table::read(&stored, "evidence.csv")?.rows(|row| {
        let name = row.text("evidence");
        let of_world = |world: &Row<'_>| (world.text("left") == "true", world.number(&name));
        let each = flown.rows(of_world).into_iter();
        let each = each.filter(|(left, value)| *left && value.is_finite());
        Evidence {
            about: row.text("about"),
            low: row.number("low"),
            high: row.number("high"),
            source: row.text("source"),
            cutoff: row.number("cutoff"),
            worlds: row.number("worlds"),
            ruled_out: row.number("ruled_out"),
            written: row.number("as_written"),
            far: row.number("as_written_implausibility"),
            left: ["left_least", "left_median", "left_most"].map(|end| row.number(end)),
            each: each.map(|(_, value)| value).collect(),
            name,
        }
    });
    // World, wave, left, implausibility, against; then one column an assumption and two a piece of evidence.
    let assumptions = flown.names().len().saturating_sub(5 + 2 * evidence.len());
    let mut ranges = Table::read(&stored, "ranges.csv")?.rows(|row| Range {
        name: row.text("assumption"),
        settings: ["low", "median", "high"].map(|end| row.text(end)),
        places: ["place_low", "place_median", "place_high"].map(|end| row.number(end)),
        chance: row.number("chance"),
        narrowed: row.text("narrowed") == "yes",
    });
    ranges.sort_by(|one, other| one.chance.total_cmp(&other.chance));
    let figures = vec![bands(&evidence), left_of(&ranges)];
    let drawn = |figure: &Figure, there: bool| html! { @if there { (figure_html(figure)) } };
    let sections = [
        (
            "short",
            "In short",
            match_in_short(&worlds, &evidence, &ranges),
        ),
        (
            "evidence",
            "What was seen, and what the model says",
            html! { (evidence_table(&evidence)) (drawn(&figures[0], true)) },
        ),
        (
            "ranges",
            "What is left of the ranges",
            html! {
                p {
                    "Each assumption at the worlds that are left, those least likely to be so narrow by chance first. An assumption that "
                    "keeps all of its range is not settled by this evidence, whatever is said of it elsewhere."
                }
                (drawn(&figures[1], !ranges.is_empty()))
                (ranges_table(&ranges))
            },
        ),
        ("worlds", "Worlds", worlds_table(&worlds)),
        (
            "made",
            "How it was made",
            made(&stored.manifest, &note, folder),
        ),
    ];
    let manifest = &stored.manifest;
    let header = html! {
        p.meta { (manifest.progress.words()) " of each world" }
        h1 { (manifest.title) }
        p.meta {
            (grouped(worlds.len() as f64)) " worlds, " (grouped(assumptions as f64)) " assumptions, seed "
            (manifest.seed) ", deconflict " (manifest.version)
        }
        div.warn { strong { "What this cannot say." } " " (CAVEAT) }
    };
    let page = sectioned(&manifest.title, &header, &sections);
    let figures = figures.into_iter().filter(|figure| !figure.rows.is_empty());
    Ok((page, figures.collect()))
}

fn match_in_short(worlds: &[World], evidence: &[Evidence], ranges: &[Range]) -> Markup {
    let left = worlds.iter().filter(|world| world.left).count();
    let narrowed: Vec<&Range> = ranges.iter().filter(|range| range.narrowed).collect();
    let harshest = evidence
        .iter()
        .max_by(|one, other| one.ruled_out.total_cmp(&other.ruled_out));
    let written_holds = evidence
        .iter()
        .all(|one| one.far.is_nan() || one.far <= one.cutoff);
    let against: Vec<&Evidence> = evidence.iter().filter(|one| one.far > 1.0).collect();
    html! {
        ul.say {
            li {
                b { (left) " of " (worlds.len()) " worlds" } " are not ruled out by what was publicly counted"
                @if let Some(one) = evidence.first() { ": none of it is more implausible there than " (readable(one.cutoff)) }
                "."
            }
            @if left == 0 && written_holds {
                li {
                    "The scenario as written is not ruled out: what holds lies near it, and is too little of these ranges for so few "
                    "worlds. More of them, or ranges about what is written, may find some."
                }
            } @else if left == 0 {
                li {
                    b { "No world is left:" } " within these ranges the model contradicts the evidence, or one piece of it another. What it "
                    "lacks, or which range is too narrow, is the next question; the nearest worlds stand first in the table."
                }
            }
            @if let Some(one) = harshest.filter(|one| one.ruled_out > 0.0) {
                li {
                    b { (one.name) } " rules out most: " (readable(one.ruled_out)) " of " (readable(one.worlds)) "."
                }
            }
            @for one in against {
                li {
                    b { "As written" } " the scenario says " (readable(one.written)) " where " (one.name) " was " (readable(one.low))
                    " to " (readable(one.high)) ": implausibility " (readable(one.far))
                    @if one.far > one.cutoff { ", " b { "which rules it out" } }
                    "."
                }
            }
            @if left == 0 {
            } @else if narrowed.is_empty() {
                li { "No range is narrower among the worlds left than it would be by chance." }
            } @else {
                @for range in narrowed {
                    @let [low, _, high] = range.settings.clone().map(|setting| short(&setting));
                    li { "Of " b { (range.name) } " " (low) " to " (high) " is left: less than by chance." }
                }
            }
        }
    }
}

/// A setting in three digits, where it is a number.
fn short(setting: &str) -> String {
    setting
        .parse()
        .map_or_else(|_| setting.to_owned(), readable)
}

/// The unit of what a piece of evidence speaks about, where it is a measure.
fn unit_of(about: &str) -> String {
    let base = about.split('[').next().unwrap_or(about);
    let found = MEASURES.iter().find(|known| known.name == base);
    found.map_or_else(|| about.to_owned(), |found| unit_told(about, found.unit))
}

/// Each band beside what the scenario as written and the worlds left predict.
fn bands(evidence: &[Evidence]) -> Figure {
    let told = |one: &Evidence, value: f64| Notation::of(&one.about).scaled(value);
    let panel = |one: &Evidence| {
        let at = |[low, estimate, high]: [f64; 3]| Interval {
            estimate: told(one, estimate),
            low: told(one, low),
            high: told(one, high),
        };
        let mark = |label: &str, value: Interval, series: usize, cloud: &[f64]| Mark {
            label: label.to_owned(),
            value,
            series,
            open: series == 1,
            cloud: cloud.iter().map(|value| told(one, *value)).collect(),
        };
        let middle = f64::midpoint(one.low, one.high);
        let mut marks = vec![mark("seen", at([one.low, middle, one.high]), 1, &[])];
        if one.written.is_finite() {
            let alone = at([f64::NAN, one.written, f64::NAN]);
            marks.push(mark("as written", alone, 2, &[]));
        }
        if one.left[1].is_finite() {
            marks.push(mark("worlds left", at(one.left), 0, &one.each));
        }
        Panel {
            title: one.name.clone(),
            axis: unit_of(&one.about),
            marks,
            neutral: None,
            logarithmic: false,
        }
    };
    let panels_of: Vec<Panel> = evidence.iter().map(panel).collect();
    let header = [
        "evidence",
        "about",
        "low",
        "high",
        "as_written",
        "left_least",
        "left_median",
        "left_most",
    ];
    let row = |one: &Evidence| {
        let mut row = vec![one.name.clone(), one.about.clone()];
        row.extend([one.low, one.high, one.written].map(number));
        row.extend(one.left.map(number));
        row
    };
    Figure {
        id: "evidence".to_owned(),
        title: "Bands, the scenario as written, and the worlds left".to_owned(),
        caption: "Seen: the band that the sources allow, its middle open. Worlds left: median, least and most; faint rings, each. A world \
            may lie outside a band by as much as its noise, the band and the stated discrepancy allow together."
            .to_owned(),
        svg: panels(&panels_of),
        header: header.map(str::to_owned).to_vec(),
        rows: evidence.iter().map(row).collect(),
    }
}

fn evidence_table(evidence: &[Evidence]) -> Markup {
    let far = |one: &Evidence| match one.far.is_nan() {
        true => "does not occur".to_owned(),
        false => format!(
            "{} (implausibility {}{})",
            readable(one.written),
            readable(one.far),
            if one.far > one.cutoff {
                ", ruled out"
            } else {
                ""
            }
        ),
    };
    let rows = html! {
        @for one in evidence {
            tr {
                th scope="row" title=(one.source) { (one.name) }
                td { (readable(one.low)) " to " (readable(one.high)) }
                td { (far(one)) }
                td {
                    @if one.left[1].is_finite() {
                        (readable(one.left[1])) small { (between(one.left[0], one.left[2])) }
                    } @else { "-" }
                }
                td { (readable(one.ruled_out)) }
                td { (one.source) }
            }
        }
    };
    let columns = [
        "evidence",
        "seen",
        "as written",
        "worlds left: median, least and most",
        "worlds ruled out",
        "source",
    ];
    table("Evidence", &heads(&columns), &rows)
}

/// Where in their ranges the worlds left lie.
fn left_of(ranges: &[Range]) -> Figure {
    let mark = |range: &Range| Mark {
        label: range.name.clone(),
        value: Interval {
            estimate: range.places[1] * 100.0,
            low: range.places[0] * 100.0,
            high: range.places[2] * 100.0,
        },
        series: 0,
        open: !range.narrowed,
        cloud: Vec::new(),
    };
    let panel = Panel {
        title: "place along the range".to_owned(),
        axis: "% of the way from its low to its high end".to_owned(),
        marks: ranges.iter().take(DRAWN).map(mark).collect(),
        neutral: None,
        logarithmic: false,
    };
    let header = [
        "assumption",
        "place_low",
        "place_median",
        "place_high",
        "chance",
    ];
    let row = |range: &Range| {
        let mut row = vec![range.name.clone()];
        row.extend(range.places.map(number));
        row.push(number(range.chance));
        row
    };
    Figure {
        id: "ranges".to_owned(),
        title: "Places of the worlds left".to_owned(),
        caption: format!(
            "Line: from the lowest to the highest world left; dot: their median, full where less of the range is left than by chance. {}",
            match ranges.len() > DRAWN {
                true => format!("Drawn: {DRAWN} of {}; the table below has all.", ranges.len()),
                false => String::new(),
            }
        )
        .trim_end()
        .to_owned(),
        svg: panels(&[panel]),
        header: header.map(str::to_owned).to_vec(),
        rows: ranges.iter().map(row).collect(),
    }
}

fn ranges_table(ranges: &[Range]) -> Markup {
    let rows = html! {
        @for range in ranges {
            tr {
                th scope="row" { (range.name) }
                @for setting in &range.settings { td { (short(setting)) } }
                td { (readable((range.places[2] - range.places[0]) * 100.0)) }
                td { @if range.narrowed { "narrowed" } }
            }
        }
    };
    let columns = [
        "assumption",
        "lowest",
        "median",
        "highest",
        "% of its range",
        "by the evidence",
    ];
    table("Ranges", &heads(&columns), &rows)
}

fn worlds_table(worlds: &[World]) -> Markup {
    let mut order: Vec<&World> = worlds.iter().collect();
    order.sort_by(|one, other| one.implausibility.total_cmp(&other.implausibility));
    let rows = html! {
        @for world in order {
            tr {
                th scope="row" { (world.name) }
                td { (readable(world.implausibility)) }
                td { (world.against) }
                td { @if world.left { "yes" } @else { "no" } }
            }
        }
    };
    let columns = ["world", "largest implausibility", "of", "left"];
    html! {
        p { "Every world that was run, the least implausible first; worlds.csv has its settings and all that it predicts." }
        (table("Worlds", &heads(&columns), &rows))
    }
}

fn made(manifest: &Manifest, note: &Note, folder: &str) -> Markup {
    let report = ["deconflict", "report", folder].map(str::to_owned);
    let entries = [
        ("Version", manifest.version.clone()),
        ("Seed", manifest.seed.to_string()),
        ("Started", note.started_utc.clone()),
    ];
    html! {
        dl.made {
            dt { "Command" } dd { code { (shell(&without_places(&note.command_line))) } }
            dt { "This page" } dd { code { (shell(&report)) } }
            @for (term, text) in entries.iter().filter(|(_, text)| !text.is_empty()) {
                dt { (term) } dd { (text) }
            }
        }
    }
}

/// What screening says of an assumption.
struct Screened {
    measure: String,
    assumption: String,
    effect: Interval,
    floor: f64,
    told: bool,
    mean: f64,
    first: Interval,
    total: Interval,
}

impl Screened {
    /// Whether its shares are not contradicted by themselves: alone it cannot explain more than in all.
    fn shared_out(&self) -> bool {
        self.total.known() && self.first.low <= self.total.high
    }
}

/// The page of a folder of a screening, and its figures.
pub(super) fn screen_page(
    stored: Stored,
    folder: &str,
) -> Result<(String, Vec<Figure>), OutputError> {
    stored.verify()?;
    let note = Note::read(&stored)?;
    let mut rows = Table::read(&stored, "screen.csv")?.rows(|row| Screened {
        measure: row.text("measure"),
        assumption: row.text("assumption"),
        effect: row.interval(["effect", "effect_low", "effect_high"]),
        floor: row.number("noise"),
        told: row.text("told") == "yes",
        mean: row.number("mean_effect"),
        first: row.interval(["first", "first_low", "first_high"]),
        total: row.interval(["total", "total_low", "total_high"]),
    });
    rows.sort_by(|one, other| other.effect.estimate.total_cmp(&one.effect.estimate));
    let mut measures: Vec<&str> = Vec::new();
    for row in &rows {
        if !measures.contains(&row.measure.as_str()) {
            measures.push(&row.measure);
        }
    }
    let of = |measure: &str| -> Vec<&Screened> {
        rows.iter().filter(|row| row.measure == measure).collect()
    };
    let mut figures = Vec::new();
    let effects = measures.iter().enumerate();
    figures.extend(effects.map(|(at, measure)| effects_figure(at, measure, &of(measure))));
    let shares = measures.iter().enumerate();
    figures.extend(shares.filter_map(|(at, measure)| shares_figure(at, measure, &of(measure))));
    let (effects, shares) = figures.split_at(measures.len());
    let sections = [
        (
            "short",
            "In short",
            html! { @for measure in &measures { (screen_in_short(measure, &of(measure))) } },
        ),
        (
            "effects",
            "What moving one assumption does",
            html! { @for figure in effects { (figure_html(figure)) } },
        ),
        (
            "shares",
            "Shares of the variance",
            html! {
                @if shares.is_empty() { p { "The variance was not shared out (--few 0), or there is none." } }
                @for figure in shares { (figure_html(figure)) }
            },
        ),
        ("all", "All assumptions", screen_table(&rows)),
        (
            "made",
            "How it was made",
            made(&stored.manifest, &note, folder),
        ),
    ];
    let manifest = &stored.manifest;
    let header = html! {
        p.meta { (manifest.progress.words()) " of every point" }
        h1 { (manifest.title) }
        p.meta { "seed " (manifest.seed) ", deconflict " (manifest.version) }
        div.warn {
            strong { "What this cannot say." }
            " What matters here is what moves the model over the ranges of its register. A range that is too narrow hides what it is of, "
            "and what is not in the register is not moved."
        }
    };
    let page = sectioned(&manifest.title, &header, &sections);
    Ok((page, figures))
}

fn screen_in_short(measure: &str, rows: &[&Screened]) -> Markup {
    let notation = Notation::of(measure);
    let told: Vec<&&Screened> = rows.iter().filter(|row| row.told).collect();
    let rest = rows.len() - told.len();
    html! {
        p {
            b { (words(measure)) } ": "
            @if told.is_empty() {
                "no assumption of " (rows.len()) " is told from noise."
            } @else {
                (told.len()) " of " (rows.len()) " assumptions are told from noise"
                @if rest > 0 { "; the other " (rest) " are not, or do nothing" }
                "."
            }
        }
        @if !told.is_empty() {
            ul.say {
                @for row in told.iter().take(5) {
                    li {
                        b { (row.assumption) } " moves it by " (notation.value(row.effect.estimate)) " "
                        (notation.ends(row.effect.low, row.effect.high))
                        " over its range, "
                        (match row.mean > 0.0 { true => "more often upward", false => "more often downward" })
                        @if row.shared_out() {
                            "; with all that it acts together with, " (readable(row.total.estimate * 100.0))
                            " % of the variance of the few"
                        }
                        "."
                    }
                }
            }
        }
    }
}

fn effects_figure(at: usize, measure: &str, rows: &[&Screened]) -> Figure {
    let notation = Notation::of(measure);
    let mark = |row: &&&Screened| Mark {
        label: row.assumption.clone(),
        value: Interval {
            estimate: notation.scaled(row.effect.estimate),
            low: notation.scaled(row.effect.low),
            high: notation.scaled(row.effect.high),
        },
        series: 0,
        open: !row.told,
        cloud: Vec::new(),
    };
    let base = measure.split('[').next().unwrap_or(measure);
    let unit = MEASURES.iter().find(|known| known.name == base);
    let unit = unit.map_or(String::new(), |found| notation.unit_of_change(found.unit));
    let panel = Panel {
        title: words(measure),
        axis: format!("mean size of the change over the range, {unit}"),
        marks: rows.iter().take(DRAWN).map(|row| mark(&row)).collect(),
        neutral: None,
        logarithmic: false,
    };
    let line = |row: &&Screened| {
        let mut line = vec![row.assumption.clone(), row.measure.clone()];
        let Interval {
            estimate,
            low,
            high,
        } = row.effect;
        line.extend([estimate, low, high, row.floor, row.mean].map(number));
        line
    };
    let header = [
        "assumption",
        "measure",
        "effect",
        "low",
        "high",
        "noise",
        "mean",
    ];
    Figure {
        id: format!("effects-{}", at + 1),
        title: format!("Elementary effects on {}", words(measure)),
        caption: format!(
            "Dot: mean of absolute changes when one assumption is moved over its range from several places; open: not told from noise. \
             Line: its interval. {}",
            match rows.len() > DRAWN {
                true => format!("Drawn: {DRAWN} of {}.", rows.len()),
                false => String::new(),
            }
        )
        .trim_end()
        .to_owned(),
        svg: panels(&[panel]),
        header: header.map(str::to_owned).to_vec(),
        rows: rows.iter().map(line).collect(),
    }
}

/// Sobol' indices, where the variance was shared out.
fn shares_figure(at: usize, measure: &str, rows: &[&Screened]) -> Option<Figure> {
    let few: Vec<&&Screened> = rows.iter().filter(|row| row.first.known()).collect();
    if few.is_empty() {
        return None;
    }
    let percent = |value: Interval| Interval {
        estimate: value.estimate * 100.0,
        low: value.low * 100.0,
        high: value.high * 100.0,
    };
    let panel = |title: &str, of: fn(&Screened) -> Interval| Panel {
        title: title.to_owned(),
        axis: "% of the variance".to_owned(),
        marks: few
            .iter()
            .map(|row| Mark::new(row.assumption.clone(), percent(of(row))))
            .collect(),
        neutral: None,
        logarithmic: false,
    };
    let list = [
        panel("alone (first order)", |row| row.first),
        panel("with all that it acts together with (total)", |row| {
            row.total
        }),
    ];
    let line = |row: &&&Screened| {
        let mut line = vec![row.assumption.clone(), row.measure.clone()];
        for value in [row.first, row.total] {
            line.extend([value.estimate, value.low, value.high].map(number));
        }
        line
    };
    let header = [
        "assumption",
        "measure",
        "first",
        "first_low",
        "first_high",
        "total",
        "total_low",
        "total_high",
    ];
    Some(Figure {
        id: format!("shares-{}", at + 1),
        title: format!("What the variance of {} is due to", words(measure)),
        caption: "Sobol' indices of the few that matter most to the first measure, over their ranges, the others as written. Where total is more than alone, they act together; where it is clearly less, the rows are too few (`--rows`).".to_owned(),
        svg: panels(&list),
        header: header.map(str::to_owned).to_vec(),
        rows: few.iter().map(line).collect(),
    })
}

fn screen_table(rows: &[Screened]) -> Markup {
    let told = |row: &Screened, value: f64| readable(Notation::of(&row.measure).scaled(value));
    let ends = |row: &Screened, value: &Interval| {
        let notation = Notation::of(&row.measure);
        between(notation.scaled(value.low), notation.scaled(value.high))
    };
    let share = |value: &Interval| match value.known() {
        true => html! {
            (readable(value.estimate * 100.0)) small { (between(value.low * 100.0, value.high * 100.0)) }
        },
        false => html! { "-" },
    };
    let body = html! {
        @for row in rows {
            tr {
                th scope="row" { (row.assumption) }
                td { (words(&row.measure)) }
                td { (told(row, row.effect.estimate)) small { (ends(row, &row.effect)) } }
                td { @if row.told { "yes" } @else { "no" } }
                @if row.shared_out() || !row.total.known() {
                    td { (share(&row.first)) }
                    td { (share(&row.total)) }
                } @else {
                    td { "more rows" } td { "more rows" }
                }
            }
        }
    };
    let columns = [
        "assumption",
        "measure",
        "moves it by (points of a share)",
        "told from noise",
        "% of variance alone",
        "% in all",
    ];
    table("Assumptions", &heads(&columns), &body)
}
