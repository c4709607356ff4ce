//! The page of a folder of results: what it says in words, what it rests on in figures, and how it was made.

use maud::{Markup, PreEscaped, html};

use super::averages::Averages;
use super::credibility::robust_words;
use super::document::{Document, heads, table, without_places};
use super::factors::by_factor;
use super::figures::{
    Chart, Curve, CurvePoint, Figure, Mark, Panel, Place, as_told, bracket, capital, change_told,
    curves, grouped, heat, interval_words, maps, number, panels, stacks, unit_told, words,
};
use super::history::{History, Line, Settled, Settling};
use super::laid::Laid;
use super::opening::{limits, told};
use super::replays;
use super::stored::{Confused, Interval, Measured, Paired, Prevented, Results, Split, Square};
use super::svg::{FIGURE_CSS, Scale, Svg};
use crate::geodesy::Frame;
use crate::measure::{MEASURES, Measure};
use crate::output::{
    ANSWERED, Notation, confidence_told, counted, folder_of_cell, readable, sentence,
    signed_interval, tally,
};
use crate::statistics::stop::{Goal, Sequential};

const PAGE_CSS: &str = include_str!("page.css");
const RESULTS_CSS: &str = include_str!("results.css");
/// What makes tables sort, filter and fold.
const TABLES_JS: &str = include_str!("tables.js");
/// A taller figure is folded, px: of many cells a page would be long and its end never read.
const TALL: f64 = 900.0;

/// Measures that are drawn for coordinated and for uncoordinated aircraft.
const COORDINATED: [&str; 3] = [
    "wrongly_lost_per_sortie",
    "wrong_shots_per_encounter",
    "protected_identified_hostile",
];

/// What is set otherwise in the cells of some pairs than in their references, as [`changed`](Report::changed) tells it, and the pairs.
type Group<'a> = ([String; 2], Vec<&'a (String, String)>);

/// Most rows of a panel, and cells shown in figures that need much room; the files have all.
const ROWS: usize = 40;
const LARGE: usize = 6;
/// Most replications that the page proposes to ask what would have prevented losses: it takes time.
const ASKED: u64 = 100;
/// Most lines of a chart.
const LINES: usize = 4;
/// So many pairs are told one by one.
const FEW_PAIRS: usize = 6;

/// A report in the making.
pub(super) struct Report<'a> {
    pub(super) results: &'a Results,
    history: &'a History,
    /// Replays made beside the page.
    replays: &'a [replays::Made],
    /// What maps show besides squares.
    laid: &'a Laid,
    /// The measures that the page is about.
    pub(super) main: Vec<String>,
    pub figures: Vec<Figure>,
    body: Vec<Markup>,
    sections: Vec<(&'static str, &'static str)>,
    /// Whether figures by factor show every cell.
    laid_out: bool,
}

impl<'a> Report<'a> {
    pub fn new(
        results: &'a Results,
        history: &'a History,
        replays: &'a [replays::Made],
        laid: &'a Laid,
        asked: &[String],
    ) -> Report<'a> {
        let exists = |name: &str| results.measured.iter().any(|row| row.measure == name);
        let mut main: Vec<String> = asked.to_vec();
        if main.is_empty() {
            let usual = ["any_wrong_kill", "wrong_share_of_shots"].map(str::to_owned);
            let lost = results.measured.iter().map(|row| row.measure.clone());
            main.extend(usual);
            for name in lost.filter(|name| name.starts_with("lost_per_sortie[side=")) {
                if !main.contains(&name) {
                    main.push(name);
                }
            }
            main.extend(["leaked", "plan_deliveries_per_replication"].map(str::to_owned));
        }
        main.retain(|name| exists(name));
        Report {
            results,
            history,
            replays,
            laid,
            main,
            figures: Vec::new(),
            body: Vec::new(),
            sections: Vec::new(),
            laid_out: false,
        }
    }

    /// The whole page; `folder` is what the commands on it call the folder.
    pub fn page(&mut self, folder: &str) -> String {
        self.headline();
        self.averages();
        self.factors();
        self.cells();
        self.differences();
        self.waiting();
        self.wrong_fire();
        self.one_by_one(folder);
        self.prevention(folder);
        self.identification();
        self.uncertainties();
        self.convergence();
        self.credibility();
        self.made(folder);
        let manifest = &self.results.manifest;
        let progress = manifest.progress.words();
        let (cells, of_each) = match self.results.cells.len() {
            1 => (String::new(), ""),
            cells => (format!("{cells} cells, "), " of each"),
        };
        let header = html! {
            p.meta { (progress) }
            h1 { (manifest.title) }
            p.meta {
                (cells) (grouped(manifest.progress.done as f64)) " replications" (of_each)
                ", seed " (manifest.seed) ", deconflict " (manifest.version)
            }
            @if !manifest.progress.ended.is_whole() {
                div.warn { strong { (progress) "." } " These are not the results that were asked for." }
            }
        };
        Document {
            title: &manifest.title,
            styles: &[FIGURE_CSS, PAGE_CSS, RESULTS_CSS],
            class: "",
            body: laid_out(
                &header,
                &self.sections,
                &html! { @for part in &self.body { (part) "\n" } },
            ),
            script: Some(TABLES_JS),
        }
        .html()
    }

    pub(super) fn put(&mut self, part: Markup) {
        self.body.push(part);
    }

    pub(super) fn section(&mut self, id: &'static str, name: &'static str) {
        self.sections.push((id, name));
        self.put(html! { h2 id=(id) { (name) } });
    }

    fn figure(&mut self, figure: Figure) {
        self.put(figure_html(&figure));
        self.figures.push(figure);
    }

    /// A figure for those who look for it, however low it is.
    fn folded(&mut self, figure: Figure) {
        self.put(folded_html(&figure));
        self.figures.push(figure);
    }

    /// A figure whose numbers the page has in a table already: its files alone, as links.
    fn files(&mut self, figure: Figure) {
        self.put(html! { p.meta { "As a figure: " (links(&figure.id)) } });
        self.figures.push(figure);
    }

    /// A link to the first replay of a cell, where there is one.
    fn replay_link(&self, cell: &str) -> Markup {
        let made = self.replays.iter().find(|made| made.cell == cell);
        html! {
            @if let Some(made) = made {
                " " a href={ "report/" (made.file) } { "replay " (made.replication) }
            }
        }
    }

    /// Wrong shots one by one, each with the moment of its replay.
    fn one_by_one(&mut self, folder: &str) {
        let results = self.results;
        if self.replays.is_empty() {
            let command = ["deconflict", "report", folder, "--replays"].map(str::to_owned);
            self.put(html! {
                p.meta {
                    "To see wrong shots one by one, each with its replay: " code { (shell(&command)) } "."
                }
            });
            return;
        }
        if self.replays.iter().all(|made| made.shots.is_empty()) {
            self.put(html! { p.meta { "No replication has a wrong shot." } });
            return;
        }
        let query = |text: &str| {
            text.replace('%', "%25")
                .replace('&', "%26")
                .replace('+', "%2B")
                .replace('#', "%23")
                .replace(' ', "%20")
        };
        let rows = html! {
            @for (made, shot) in self.replays.iter().flat_map(|made| made.shots.iter().map(move |shot| (made, shot))) {
                @let seconds = shot.time as f64 / 1000.0;
                tr {
                    th scope="row" {
                        a href={ "report/" (made.file) "#t=" (seconds) "&track=" (query(&shot.aircraft)) } {
                            (readable(seconds / 3600.0)) " h"
                        }
                    }
                    td { (made.replication) }
                    td { (shot.aircraft) }
                    td { (shot.affiliation) }
                    td { (shot.site) }
                    td { (shot.end.replace('_', " ")) }
                    @if results.sweep { td.prose { (broken(&self.name(&made.cell))) } }
                }
            }
        };
        let mut columns = vec![
            "since the start",
            "replication",
            "aircraft",
            "is to the shooter",
            "site",
            "ended",
        ];
        if results.sweep {
            columns.push("cell");
        }
        self.put(html! {
            h3 { "One by one" }
            p { "Wrong shots of the replications that have a replay; the time leads to it." }
            (table("Wrong shots", &heads(&columns), &rows))
        });
    }

    /// Every measure of a run, to be sorted and searched.
    fn every_measure(&mut self) {
        let told = |name: &str| {
            let said = ANSWERED
                .iter()
                .any(|said| match said.ends_with(['[', '=']) {
                    true => name.starts_with(said),
                    false => name == *said,
                });
            let drawn = name.split_once('[').is_some_and(|(base, of)| {
                base.starts_with("wrong_shot_")
                    || COORDINATED.contains(&base) && of.ends_with("coordinated]")
            });
            said || drawn
        };
        let seen = |row: &&Measured| row.value.known() && row.events > 0.0 && !told(&row.measure);
        let rows = html! {
            @for row in self.results.measured.iter().filter(seen) {
                tr {
                    th scope="row" title=(definition(&row.measure)) { (words(&row.measure)) }
                    @let value = as_told(&row.measure, row.value);
                    td { (readable(value.estimate)) " " small { (bracket(&value)) } }
                    td { (unit_told(&row.measure, &row.unit)) }
                    td { (readable(row.events)) }
                    td { (readable(row.exposure)) }
                }
            }
        };
        let columns = heads(&["measure", "estimate", "unit", "events", "of"]);
        let confidence = self.confidence();
        self.put(html! {
            p {
                "What is neither said above nor drawn below and was seen at all, with its " (confidence)
                " % interval. All measures are in summary.csv."
            }
            (table("Measures", &columns, &rows))
        });
    }

    /// What a cell is called on the page: where its factors are many, by those in which it differs from the first, and the first of all.
    fn name(&self, cell: &str) -> String {
        const MANY: usize = 3;
        let first = self.results.cells.first().map_or("", String::as_str);
        let (pieces, usual): (Vec<&str>, Vec<&str>) =
            (cell.split(',').collect(), first.split(',').collect());
        if pieces.len() < MANY || pieces.len() != usual.len() {
            return called(cell);
        }
        let told = pieces.iter().zip(&usual).enumerate();
        let told = told.filter(|(number, (piece, usual))| *number == 0 || piece != usual);
        let told: Vec<&str> = told.map(|(_, (piece, _))| *piece).collect();
        told.join(",")
    }

    /// What a line is called: a cell, or one against another.
    fn line_name(&self, line: &Line) -> String {
        match line.name.split_once(" against ") {
            Some((cell, reference)) => {
                format!("{} against {}", self.name(cell), self.name(reference))
            }
            None => self.name(&line.name),
        }
    }

    /// That a figure shows the first of the cells alone, where it does.
    fn cut(&self, most: usize) -> String {
        match self.results.cells.len() > most {
            true => format!(
                " Drawn: the first {most} of {} cells; the data have all.",
                self.results.cells.len()
            ),
            false => String::new(),
        }
    }

    fn confidence(&self) -> String {
        readable(self.results.manifest.confidence * 100.0)
    }

    fn headline(&mut self) {
        self.section("short", "In short");
        let results = self.results;
        let cell = match results.paired.first() {
            Some(row) => row.reference.clone(),
            None => results.cells.first().cloned().unwrap_or_default(),
        };
        let averages = Averages::of(results, &self.main).map(|averages| averages.said());
        match &averages {
            // A point that was drawn says nothing by itself.
            Some(said) if results.settings.is_empty() => self.put(said.clone()),
            _ => {
                let said = told(results, &cell);
                if results.cells.len() > 1 {
                    self.put(html! { p { "At the reference, " strong { (cell) } ":" } });
                }
                self.put(html! { ul.say { (said) } });
                self.put(html! { @if let Some(said) = &averages { (said) } });
            }
        }
        if results.sweep {
            self.against();
        }
        let limits = limits(results, &self.confidence());
        self.put(limits);
    }

    /// What the cells do, compared with their reference.
    fn against(&mut self) {
        let results = self.results;
        let pairs = pairs_of(&results.paired);
        let compared = |row: &Paired| {
            let said = sentence(
                &words(&row.measure),
                Notation::of(&row.measure),
                &row.comparison,
            );
            let verb = said.split_once(' ');
            let verb = verb.filter(|(verb, _)| ["cuts", "raises"].contains(verb));
            html! {
                li {
                    @match verb {
                        Some((verb, rest)) => { b { (verb) } " " (rest) }
                        None => (said),
                    }
                }
            }
        };
        if pairs.is_empty() {
            self.put(html! {
                p { "Nothing is compared in this experiment: each cell stands for itself." }
            });
        } else if pairs.len() <= FEW_PAIRS {
            for (reference, cell) in &pairs {
                let rows: Vec<&Paired> = (self.main.iter())
                    .filter_map(|measure| find(&results.paired, reference, cell, measure))
                    .collect();
                let n = rows.last().map_or(0, |row| row.n);
                self.put(html! {
                    p {
                        strong { (cell) } " against " (reference) ", " (grouped(n as f64)) " paired replications:"
                    }
                    ul.say { @for row in rows { (compared(row)) } }
                });
            }
        } else if results.averages.is_empty() {
            // What is set otherwise, and at how many settings of all else.
            let mut groups: Vec<Group<'_>> = Vec::new();
            for pair in &pairs {
                let changed = self.changed(pair);
                match groups.iter_mut().find(|(key, _)| *key == changed) {
                    Some((_, members)) => members.push(pair),
                    None => groups.push((changed, vec![pair])),
                }
            }
            if groups.len() > FEW_PAIRS {
                let all = pairs.iter().collect();
                groups = vec![([String::new(), String::new()], all)];
            }
            for ([to, from], members) in &groups {
                let all = |measure: &String| -> Vec<_> {
                    let rows = members.iter().filter_map(|(reference, cell)| {
                        find(&results.paired, reference, cell, measure)
                    });
                    rows.map(|row| row.comparison).collect()
                };
                let count = members.len();
                self.put(html! {
                    p {
                        @if to.is_empty() {
                            "Over all " (count) " pairs of cells:"
                        } @else {
                            strong { (to) } " against " (from) ", " (count) " pairs of cells:"
                        }
                    }
                    ul.say {
                        @for measure in &self.main {
                            li { (tally(&words(measure), Notation::of(measure), &all(measure))) }
                        }
                    }
                });
            }
        }
        if let Some(words) = robust_words(results) {
            self.put(html! { p { (words) } });
        }
        if results.manifest.failed > 0 {
            self.put(html! {
                div.warn {
                    (results.manifest.failed)
                    " replications failed and were left out; failures.csv names them."
                }
            });
        }
    }

    /// What is set otherwise in a cell than in its reference: the levels of the factors that differ, of both.
    fn changed(&self, (reference, cell): &(String, String)) -> [String; 2] {
        let of = |name: &String| self.results.levels.get(name).cloned().unwrap_or_default();
        let (here, there) = (of(cell), of(reference));
        let differ = || here.iter().zip(&there).filter(|(one, other)| one != other);
        let told = |(factor, level): &(String, String)| format!("{factor}={level}");
        [
            differ()
                .map(|(one, _)| told(one))
                .collect::<Vec<_>>()
                .join(", "),
            differ()
                .map(|(_, other)| told(other))
                .collect::<Vec<_>>()
                .join(", "),
        ]
    }

    /// A pair by what is set otherwise in it, and by what is set otherwise than in the first pair in both of its cells.
    fn told_apart(&self, pair: &(String, String), first: &(String, String)) -> String {
        let [to, from] = self.changed(pair);
        if to.is_empty() {
            return format!("{} against {}", pair.1, pair.0);
        }
        let of = |name: &String| self.results.levels.get(name).cloned().unwrap_or_default();
        let (cell, reference, usual) = (of(&pair.1), of(&pair.0), of(&first.0));
        let both = cell.iter().zip(&reference).zip(&usual);
        let both = both.filter(|((one, other), usual)| one == other && other != usual);
        let at: Vec<String> = both
            .map(|((_, (factor, level)), _)| format!("{factor}={level}"))
            .collect();
        let at = match at.is_empty() {
            true => String::new(),
            false => format!(", at {}", at.join(", ")),
        };
        format!("{to} against {from}{at}")
    }

    /// What settings change by delay, default and knowledge, where they were run with arms.
    fn waiting(&mut self) {
        let split = &self.results.split;
        if split.is_empty() {
            return;
        }
        self.section("waiting", "Delay, default, knowledge");
        self.put(html! {
            p {
                "Every setting was run also with rules that ask or wait knowing nothing: what it changes is the sum of what their mere "
                "delay does (with all that other rules do), what holding fire for want of an answer does, and what they do by "
                "knowing something."
            }
        });
        const PARTS: [&str; 4] = ["difference", "delay", "default", "knowledge"];
        let mut list = Vec::new();
        for measure in &self.main {
            let of = |row: &&Split| row.measure == *measure;
            let rows: Vec<&Split> = split.iter().filter(of).take(ROWS).collect();
            for (at, part) in PARTS.iter().enumerate() {
                let mark = |row: &&Split| {
                    Mark::new(self.name(&row.cell), as_told(measure, row.changes[at]))
                };
                list.push(Panel {
                    title: format!("{}: {part}", words(measure)),
                    axis: (rows.first())
                        .map_or(String::new(), |row| change_told(measure, &row.unit)),
                    marks: rows.iter().map(mark).collect(),
                    neutral: Some(0.0),
                    logarithmic: false,
                });
            }
        }
        let line = |row: &Split| {
            let mut line = vec![row.cell.clone(), row.measure.clone(), row.unit.clone()];
            line.extend(row.changes.iter().flat_map(ends));
            line
        };
        let mut columns = header(&["cell", "measure", "unit"]);
        for part in PARTS {
            columns.extend(["", "_low", "_high"].map(|end| format!("{part}{end}")));
        }
        let figure = Figure {
            id: "waiting".to_owned(),
            title: "What settings change by delay, by default and by knowledge".to_owned(),
            caption: "Dot: paired difference. Line: its interval; all of the experiment hold together (Bonferroni).".to_owned(),
            svg: panels(&list),
            header: columns,
            rows: split.iter().map(line).collect(),
        };
        self.figure(figure);
    }

    /// Which rules would have prevented wrong losses, and at what price.
    fn prevention(&mut self, folder: &str) {
        let mut rows = self.results.prevented.clone();
        self.section("prevention", "What would have prevented them");
        if rows.is_empty() {
            let command = self.ask_prevention(folder);
            let page = ["deconflict", "report", folder].map(str::to_owned);
            let wrong = |row: &Measured| {
                row.measure.starts_with("wrong_shots_per_replication[") && row.events > 0.0
            };
            if !self.results.measured.iter().any(wrong) {
                self.put(html! { p { "No wrong shot was fired: there is nothing to prevent." } });
                return;
            }
            self.put(html! {
                p {
                    "Which rule would have prevented the wrong shots has not been asked yet: "
                    code { (shell(&command)) } ", then " code { (shell(&page)) } "."
                }
            });
            return;
        }
        rows.sort_by(|one, other| other.share.estimate.total_cmp(&one.share.estimate));
        let (first, confidence) = (rows[0].clone(), self.confidence());
        let as_many: Vec<&Prevented> = rows[1..]
            .iter()
            .take_while(|row| row.saved == first.saved)
            .take(LARGE)
            .collect();
        // What it saves, and at which price.
        let told = |row: &Prevented| {
            let Interval {
                estimate,
                low,
                high,
            } = row.leaked;
            let price = match low > 0.0 || high < 0.0 {
                true => format!(
                    "{} leakers a replication",
                    signed_interval(estimate, low, high)
                ),
                false => "no clear change of leakers".to_owned(),
            };
            let saved = match row.saved == first.saved && row.change != first.change {
                true => String::new(),
                false => format!(" would have saved {}", readable(row.saved)),
            };
            format!("by {} ({}){saved}, at {price}", row.change, row.words)
        };
        let of_cell = self.results.prevented_in.as_deref();
        self.put(html! {
            p {
                "The same replications" @if let Some(cell) = of_cell { " of " (cell) }
                " run again with one rule more and the same random numbers. Of " (counted(first.of, "sortie"))
                " wrongly lost (or fired at) in " (counted(first.n, "replication")) ", " (told(&first))
                @for other in &as_many { ", and as many " (told(other)) }
                ". Leakers are objectives that hostile aircraft reach; the part of all is the Shapley value: what a rule adds, "
                "in the mean over all orders of putting them in force."
            }
        });
        type Value = fn(&Prevented) -> Interval;
        let panel = |title: &str, axis: &str, value: Value, neutral: Option<f64>| Panel {
            title: title.to_owned(),
            axis: axis.to_owned(),
            marks: rows
                .iter()
                .map(|row| Mark {
                    label: format!("{}: {}", row.change, row.words),
                    value: value(row),
                    series: 0,
                    open: neutral.is_some_and(|at| {
                        let value = value(row);
                        value.low <= at && value.high >= at
                    }),
                    cloud: Vec::new(),
                })
                .collect(),
            neutral,
            logarithmic: false,
        };
        let mut list = vec![
            panel(
                "prevented alone",
                "share of wrong losses",
                |row| row.share,
                None,
            ),
            panel("leakers", "more a replication", |row| row.leaked, Some(0.0)),
            panel(
                "part of all",
                "sorties a replication",
                |row| row.part,
                Some(0.0),
            ),
        ];
        let waits = rows.iter().any(|row| row.parts[0].known());
        if waits {
            let parts: [(&str, Value); 3] = [
                ("by delay", |row| row.parts[0]),
                ("by default", |row| row.parts[1]),
                ("by knowledge", |row| row.parts[2]),
            ];
            let parts =
                parts.map(|(title, value)| panel(title, "sorties a replication", value, Some(0.0)));
            list.extend(parts);
            self.put(html! {
                p {
                    "What a rule that asks or waits does is split: what the mere delay does, what holding fire for want of an "
                    "answer does, and what is left, which it does by knowing something. The three add up to what it saves less "
                    "what it adds."
                }
            });
        }
        let line = |row: &Prevented| {
            let mut line = vec![row.change.clone(), row.words.clone()];
            let values = [&row.share, &row.leaked, &row.part];
            let parts = row.parts.iter().filter(|_| waits);
            for value in values.into_iter().chain(parts) {
                line.extend(ends(value));
            }
            line
        };
        let named = |what: &str| ["", "_low", "_high"].map(|end| format!("{what}{end}"));
        let mut columns = header(&["change", "words"]);
        for what in [
            "prevented_share",
            "leaked_per_replication",
            "shapley_per_replication",
        ] {
            columns.extend(named(what));
        }
        for what in ["delay", "default", "knowledge"].iter().filter(|_| waits) {
            columns.extend(named(&format!("{what}_per_replication")));
        }
        let figure = Figure {
            id: "prevention".to_owned(),
            title: "What each rule would have prevented, and its price".to_owned(),
            caption: format!("Dot: estimate. Line: {confidence} % interval."),
            svg: panels(&list),
            header: columns,
            rows: rows.iter().map(line).collect(),
        };
        self.figure(figure);
    }

    /// The command that asks which rules would have prevented the wrong losses of this folder.
    fn ask_prevention(&self, folder: &str) -> Vec<String> {
        let cell = self.results.cells.first();
        let from = folder_of_cell(folder, cell.map(String::as_str));
        let mut command = ["deconflict", "prevent", "--from", &from]
            .map(str::to_owned)
            .to_vec();
        let replications = self.results.manifest.progress.done.clamp(2, ASKED);
        command.push(format!("--replications={replications}"));
        command.extend(["--out".to_owned(), folder.to_owned()]);
        command
    }

    fn cells(&mut self) {
        self.section("cells", "Estimates");
        let results = self.results;
        let (confidence, one) = (self.confidence(), results.cells.len() == 1);
        if one {
            self.every_measure();
        } else {
            self.cell_by_cell();
        }
        let meanings = meanings(&self.main);
        self.put(html! {
            details { summary { "What these measures are" } dl.made { (meanings) } }
        });
        if results.cells.len() > ROWS || (self.laid_out && results.cells.len() > FEW_PAIRS) {
            return;
        }
        let mut list = Vec::new();
        for measure in &self.main {
            let rows: Vec<&Measured> = results
                .cells
                .iter()
                .filter_map(|cell| results.measured(cell, measure))
                .collect();
            list.push(Panel {
                title: words(measure),
                axis: rows
                    .first()
                    .map_or(String::new(), |row| unit_told(measure, &row.unit)),
                marks: rows
                    .iter()
                    .map(|row| Mark::new(self.name(&row.cell), as_told(measure, row.value)))
                    .collect(),
                neutral: None,
                logarithmic: false,
            });
        }
        list.retain(|panel| !panel.marks.is_empty());
        let rows = self.main.iter().flat_map(|measure| {
            results.cells.iter().filter_map(|cell| {
                let row = results.measured(cell, measure)?;
                let mut line = vec![cell.clone(), measure.clone(), row.unit.clone()];
                line.extend(ends(&row.value));
                Some(line)
            })
        });
        let figure = Figure {
            id: "estimates".to_owned(),
            title: "Estimates with intervals".to_owned(),
            caption: format!("Dot: estimate. Line: {confidence} % interval."),
            svg: panels(&list),
            header: header(&["cell", "measure", "unit", "estimate", "low", "high"]),
            rows: rows.collect(),
        };
        self.files(figure);
    }

    /// A row a cell.
    fn cell_by_cell(&mut self) {
        let results = self.results;
        let known = |measure: &String| -> Vec<&Measured> {
            let rows = results.measured.iter();
            rows.filter(|row| row.measure == *measure && row.value.known())
                .collect()
        };
        let columns: Vec<(&String, String, Scale)> = (self.main.iter())
            .map(|measure| {
                let rows = known(measure);
                let high = rows.iter().map(|row| as_told(measure, row.value).ends().1);
                let scale = Scale::linear(0.0, high.fold(0.0, f64::max), 2.0, 128.0);
                let unit = rows.first().map_or("", |row| row.unit.as_str());
                (measure, unit_told(measure, unit), scale)
            })
            .collect();
        let head = html! {
            th scope="col" { "cell" }
            @for (measure, unit, _) in &columns {
                th scope="col" title=(definition(measure)) { (words(measure)) br; small { (unit) } }
            }
        };
        let rows = html! {
            @for cell in &results.cells {
                tr {
                    th scope="row" { (broken(&self.name(cell))) (self.replay_link(cell)) }
                    @for (measure, _, scale) in &columns {
                        @if let Some(row) = results.measured(cell, measure) {
                            td title={ (readable(row.events)) " of " (readable(row.exposure)) ", " (row.method) } {
                                @let value = as_told(measure, row.value);
                                (readable(value.estimate)) small { (bracket(&value)) } (bar(&value, scale))
                            }
                        } @else {
                            td { "-" }
                        }
                    }
                }
            }
        };
        let file = if results.sweep {
            "cells.csv"
        } else {
            "summary.csv"
        };
        let confidence = self.confidence();
        self.put(html! {
            p {
                "Each cell of the experiment with its " (confidence)
                " % interval; bars of a column share one scale from zero. All measures are in " (file) "."
            }
            (table("Estimates by cell", &head, &rows))
        });
    }

    /// What settings of the levers come to over all points of the uncertainties.
    fn averages(&mut self) {
        let figure = Averages::of(self.results, &self.main).map(|averages| averages.figure());
        if let Some(figure) = figure {
            self.section("averages", "Over what is not known");
            self.figure(figure);
        }
    }

    /// The settings of the factors side by side, where they can be.
    fn factors(&mut self) {
        let Some(made) = by_factor(self.results) else {
            return;
        };
        self.section("settings", "By factor");
        let confidence = self.confidence();
        self.put(html! {
            p {
                (made.factors.join(" and ")) " at " (made.settings)
                " settings, uncertainties as at the reference. Intervals of values stand for themselves; differences hold "
                "together for all pairs and measures of the experiment (Bonferroni), contrasts for all of a measure, and the "
                "best setting is among those named with " (confidence) " %."
            }
            ul.say { @for line in &made.said { li { (line) } } }
        });
        self.laid_out = !made.figures.is_empty() && made.settings == self.results.cells.len();
        for figure in made.figures {
            self.figure(figure);
        }
    }

    fn differences(&mut self) {
        let results = self.results;
        let pairs = pairs_of(&results.paired);
        // Many pairs that are laid out by factor need no dots beside.
        if pairs.is_empty() || (self.laid_out && pairs.len() > FEW_PAIRS) {
            return;
        }
        self.section("pairs", "Compared on the same random numbers");
        let one_reference = pairs.iter().all(|pair| pair.0 == pairs[0].0);
        let label = |row: &Paired| match one_reference {
            true => row.cell.clone(),
            false => self.told_apart(&(row.reference.clone(), row.cell.clone()), &pairs[0]),
        };
        let against = match one_reference {
            true => format!(" Everything is compared with {}.", pairs[0].0),
            false => format!(
                " Where nothing else is said, all else is as in {}.",
                pairs[0].0
            ),
        };
        let mut differences = Vec::new();
        let mut ratios = Vec::new();
        let mut left_out = 0;
        for measure in &self.main {
            let rows: Vec<&Paired> = pairs
                .iter()
                .filter_map(|(reference, cell)| find(&results.paired, reference, cell, measure))
                .collect();
            left_out = rows.len().saturating_sub(ROWS);
            let shown = || rows.iter().take(ROWS);
            let mark = |row: &&&Paired, value: Interval, neutral: f64| Mark {
                label: label(row),
                value,
                series: usize::from(value.low <= neutral && value.high >= neutral) * 5,
                open: value.low <= neutral && value.high >= neutral,
                cloud: Vec::new(),
            };
            differences.push(Panel {
                title: words(measure),
                axis: match rows.first() {
                    Some(row) => format!("difference, {}", change_told(measure, &row.unit)),
                    None => String::new(),
                },
                marks: shown()
                    .map(|row| mark(&row, as_told(measure, row.difference), 0.0))
                    .collect(),
                neutral: Some(0.0),
                logarithmic: false,
            });
            ratios.push(Panel {
                title: words(measure),
                axis: "risk ratio, cell over reference (logarithmic)".to_owned(),
                marks: shown()
                    .filter(|row| {
                        row.ratio.known() && row.ratio.low > 0.0 && row.ratio.high.is_finite()
                    })
                    .map(|row| mark(&row, row.ratio, 1.0))
                    .collect(),
                neutral: Some(1.0),
                logarithmic: true,
            });
        }
        let more = match left_out {
            0 => String::new(),
            more => format!(" {more} more pairs are in pairs.csv."),
        };
        let lines = |value: fn(&Paired) -> Interval| {
            let rows = results
                .paired
                .iter()
                .filter(|row| self.main.contains(&row.measure));
            rows.map(|row| {
                let mut line = vec![
                    row.reference.clone(),
                    row.cell.clone(),
                    row.measure.clone(),
                    row.unit.clone(),
                ];
                line.extend(ends(&value(row)));
                line
            })
            .collect::<Vec<_>>()
        };
        let mut columns = header(&[
            "reference",
            "cell",
            "measure",
            "unit",
            "difference",
            "low",
            "high",
        ]);
        let key = "Full dots: the interval excludes no change. Open grey dots: it does not.";
        let figure = Figure {
            id: "differences".to_owned(),
            title: "Paired differences".to_owned(),
            caption: format!(
                "Cell less reference, replication by replication. Left of the dashed line: less. {key}{against}{more}"
            ),
            svg: panels(&differences),
            header: columns.clone(),
            rows: lines(|row| row.difference),
        };
        ratios.retain(|panel| !panel.marks.is_empty());
        columns[4] = "risk_ratio".to_owned();
        let ratio_rows = lines(|row| row.ratio);
        self.figure(figure);
        if !ratios.is_empty() {
            self.figure(Figure {
                id: "risk-ratios".to_owned(),
                title: "Risk ratios".to_owned(),
                caption: format!("Cell over reference; 1 is no change, 0.5 is half. Where an end is open there is none. {key}{against}{more}"),
                svg: panels(&ratios),
                header: columns,
                rows: ratio_rows,
            });
        }
    }

    fn wrong_fire(&mut self) {
        self.section("wrong", "Shots at friend or neutral");
        self.map();
        for (key, title, caption) in [
            (
                "wrong_shot_cause[cause=",
                "What had become of the flight plan",
                "What the shooter could know of the flight plan of the friend or neutral it fired at.",
            ),
            (
                "wrong_shot_reason[reason=",
                "Reasons given",
                "The reason for the decision to fire at friend or neutral.",
            ),
            (
                "wrong_shot_rule[rule=",
                "Rules that allowed it",
                "The rule that the decision to fire at friend or neutral rests on.",
            ),
        ] {
            self.parts(key, title, caption);
        }
        let mut list = Vec::new();
        let mut rows = Vec::new();
        for measure in COORDINATED {
            let names: Vec<String> = self
                .results
                .measured
                .iter()
                .map(|row| row.measure.clone())
                .filter(|name| {
                    name.starts_with(&format!("{measure}[")) && name.ends_with("coordinated]")
                })
                .collect();
            let mut marks = Vec::new();
            let mut unit = String::new();
            for (number, cell) in self.results.cells.iter().enumerate() {
                for open in [false, true] {
                    let wanted = if open {
                        "=uncoordinated]"
                    } else {
                        "=coordinated]"
                    };
                    let Some(row) = names
                        .iter()
                        .find(|name| name.ends_with(wanted))
                        .and_then(|name| self.results.measured(cell, name))
                    else {
                        continue;
                    };
                    unit = unit_told(measure, &row.unit);
                    let word = if open { "uncoordinated" } else { "coordinated" };
                    let mark = Mark {
                        label: match cell.is_empty() {
                            true => word.to_owned(),
                            false => format!("{}, {word}", self.name(cell)),
                        },
                        value: as_told(measure, row.value),
                        series: usize::from(open),
                        open,
                        cloud: Vec::new(),
                    };
                    marks.extend((number < ROWS / 2).then_some(mark));
                    let mut line = vec![
                        cell.clone(),
                        measure.to_owned(),
                        word.to_owned(),
                        row.unit.clone(),
                    ];
                    line.extend(ends(&row.value));
                    rows.push(line);
                }
            }
            if !marks.is_empty() {
                list.push(Panel {
                    title: words(measure),
                    axis: unit,
                    marks,
                    neutral: None,
                    logarithmic: false,
                });
            }
        }
        if list.is_empty() {
            return;
        }
        self.figure(Figure {
            id: "coordinated".to_owned(),
            title: "Coordinated and uncoordinated aircraft".to_owned(),
            caption: format!(
                "Coordinated (full dots): the addressees of the flight plan reach the shooter. Uncoordinated (open dots): they do not. What protects the first can endanger the second.{}",
                self.cut(ROWS / 2)
            ),
            svg: panels(&list),
            header: header(&["cell", "measure", "coordinated", "unit", "estimate", "low", "high"]),
            rows,
        });
    }

    fn map(&mut self) {
        let results = self.results;
        let mut cells: Vec<(String, Vec<&Square>)> = Vec::new();
        for cell in &results.cells {
            let squares = results.squares.iter().filter(|square| square.cell == *cell);
            let title = match cell.is_empty() {
                true => String::new(),
                false => self.name(cell),
            };
            cells.push((title, squares.collect()));
        }
        let count = cells.len();
        if count > LARGE {
            // From the most to the fewest: neighbours in a grid of cells look alike.
            let shots =
                |squares: &[&Square]| squares.iter().map(|s| s.wrong_shots / s.n).sum::<f64>();
            cells.sort_by(|one, other| shots(&other.1).total_cmp(&shots(&one.1)));
            let spread = (0..LARGE).map(|step| step * (count - 1) / (LARGE - 1));
            cells = spread.map(|number| cells[number].clone()).collect();
        }
        if results.squares.is_empty() {
            self.put(html! {
                p { "No shot was fired at friend or neutral: there is nothing to put on a map." }
            });
            return;
        }
        let frame = results
            .scenario()
            .map_or(Frame::nowhere(), |scenario| scenario.frame());
        let places: Vec<Place> = results
            .scenario()
            .into_iter()
            .flat_map(|scenario| &scenario.places)
            .filter_map(|(name, place)| {
                let point = frame.to_plane(place.on_earth().ok()?);
                Some(Place {
                    name: name.clone(),
                    east_m: point.x,
                    north_m: point.y,
                })
            })
            .collect();
        let more = match results.cells.len().saturating_sub(LARGE) {
            0 => String::new(),
            more => format!(
                " Shown: {LARGE} cells, from the one with the most wrong shots to the one with the fewest; {more} more are in grid.csv."
            ),
        };
        let laid = self.laid;
        let there: Vec<&str> = [
            (
                !laid.routes.is_empty(),
                "Lines: routes of the first replication.",
            ),
            (
                !laid.sectors.is_empty(),
                "Dashed, grey: where sites are drawn.",
            ),
            (!laid.sites.is_empty(), "Triangles: sites that stand fast."),
            (
                !laid.zones.is_empty(),
                "Dashed, ochre: zones and corridors.",
            ),
        ]
        .into_iter()
        .filter_map(|(there, words)| there.then_some(words))
        .collect();
        let there = there.join(" ");
        let rows = results.squares.iter().map(|square| {
            let mut row = vec![square.cell.clone(), square.mgrs.clone()];
            row.extend(
                [
                    square.east_m,
                    square.north_m,
                    square.side_m,
                    square.wrong_shots,
                    square.n,
                ]
                .map(number),
            );
            row
        });
        let figure = Figure {
            id: "map".to_owned(),
            title: "Where wrong shots happen".to_owned(),
            caption: format!(
                "Squares of 5 km by the place of the aircraft when the shot was fired; the stronger the colour, the more. Point at a square for its MGRS reference and its count. {there} North is up.{more}"
            ),
            svg: maps(&frame, &cells, &places, self.laid),
            header: header(&[
                "cell",
                "mgrs",
                "east_m",
                "north_m",
                "side_m",
                "wrong_shots",
                "replications",
            ]),
            rows: rows.collect(),
        };
        self.figure(figure);
    }

    /// Parts of a whole, as one bar a cell: the five largest, and the rest together.
    fn parts(&mut self, key: &str, title: &str, caption: &str) {
        let results = self.results;
        let mut names: Vec<(f64, String)> = Vec::new();
        for row in results
            .measured
            .iter()
            .filter(|row| row.measure.starts_with(key))
        {
            if row.value.known() && row.events > 0.0 {
                match names.iter_mut().find(|(_, name)| *name == row.measure) {
                    Some((events, _)) => *events += row.events,
                    None => names.push((row.events, row.measure.clone())),
                }
            }
        }
        if names.is_empty() {
            return;
        }
        if let [(events, name)] = names.as_slice() {
            let only = name[key.len()..].trim_end_matches(']').replace('_', " ");
            self.put(html! {
                p { (title) ": " (only) ", for " (counted(*events, "wrong shot")) "." }
            });
            return;
        }
        names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let rest = names.split_off(names.len().min(5));
        let plain = |name: &str| name[key.len()..].trim_end_matches(']').replace('_', " ");
        let mut parts: Vec<String> = names.iter().map(|(_, name)| plain(name)).collect();
        if !rest.is_empty() {
            parts.push("others".to_owned());
        }
        let mut bars = Vec::new();
        let mut rows = Vec::new();
        for (number, cell) in results.cells.iter().enumerate() {
            let share = |name: &String| {
                results
                    .measured(cell, name)
                    .map_or(0.0, |row| row.value.estimate)
            };
            let mut shares: Vec<f64> = names.iter().map(|(_, name)| share(name)).collect();
            if !rest.is_empty() {
                shares.push(rest.iter().map(|(_, name)| share(name)).sum());
            }
            if number < ROWS && shares.iter().sum::<f64>() > 0.0 {
                bars.push((self.name(cell), shares));
            }
            for (_, name) in names.iter().chain(&rest) {
                if let Some(row) = results.measured(cell, name) {
                    let mut line = vec![cell.clone(), plain(name)];
                    line.extend(ends(&row.value));
                    rows.push(line);
                }
            }
        }
        let id = key.split(['_', '[']).nth(2).unwrap_or("parts");
        let of = if results.sweep { " of a cell" } else { "" };
        self.figure(Figure {
            id: format!("{id}s"),
            title: title.to_owned(),
            caption: format!("{caption} Shares of the wrong shots{of}.{}", self.cut(ROWS)),
            svg: stacks(&bars, &parts, "% of wrong shots"),
            header: header(&["cell", id, "share", "low", "high"]),
            rows,
        });
    }

    fn identification(&mut self) {
        self.section("identification", "Identification");
        let results = self.results;
        let mut matrices: Vec<(String, Vec<&Confused>)> = Vec::new();
        for row in results
            .confused
            .iter()
            .filter(|row| row.declarations > 0.0 || row.share.is_finite())
        {
            let title = match row.cell.is_empty() {
                true => format!("site class {}", row.class),
                false => format!("{}: site class {}", row.cell, row.class),
            };
            match matrices.iter_mut().find(|(name, _)| *name == title) {
                Some((_, rows)) => rows.push(row),
                None => matrices.push((title, vec![row])),
            }
        }
        let left_out = matrices.len().saturating_sub(LARGE);
        matrices.truncate(LARGE);
        if !matrices.is_empty() {
            let more = match left_out {
                0 => String::new(),
                more => format!(" {more} more are in confusion.csv."),
            };
            let rows = results.confused.iter().map(|row| {
                let mut line = vec![
                    row.cell.clone(),
                    row.class.clone(),
                    row.truth.clone(),
                    row.declared.clone(),
                ];
                line.extend([row.declarations, row.share].map(number));
                line
            });
            let figure = Figure {
                id: "confusion".to_owned(),
                title: "What aircraft were declared as".to_owned(),
                caption: format!(
                    "Single declarations, as shares of those about aircraft of the true type; a row adds up to 1.{more}"
                ),
                svg: heat(&matrices),
                header: header(&[
                    "cell",
                    "site_class",
                    "truth",
                    "declared",
                    "declarations",
                    "share",
                ]),
                rows: rows.collect(),
            };
            self.figure(figure);
        }
        self.times();
    }

    fn times(&mut self) {
        let results = self.results;
        let mut marks = Vec::new();
        let mut rows = Vec::new();
        for cell in results.cells.iter().take(ROWS / 3) {
            for (series, (measure, word)) in [
                ("time_to_identify_median_s", "half of the tracks"),
                ("time_to_identify_mean_s", "mean"),
                ("time_to_identify_90_percent_s", "nine in ten"),
            ]
            .into_iter()
            .enumerate()
            {
                let Some(row) = results.measured(cell, measure) else {
                    continue;
                };
                marks.push(Mark {
                    label: match cell.is_empty() {
                        true => word.to_owned(),
                        false => format!("{cell}, {word}"),
                    },
                    value: row.value,
                    series,
                    open: false,
                    cloud: Vec::new(),
                });
                let mut line = vec![cell.clone(), measure.to_owned()];
                line.extend(ends(&row.value));
                rows.push(line);
            }
        }
        if !marks.is_empty() {
            let panel = Panel {
                title: "Time to the first identity".to_owned(),
                axis: "time since the track was confirmed, s".to_owned(),
                marks,
                neutral: None,
                logarithmic: false,
            };
            self.figure(Figure {
                id: "times".to_owned(),
                title: "Times to identify".to_owned(),
                caption: "From the confirmation of a track to its first identity, of the tracks that got one.".to_owned(),
                svg: panels(&[panel]),
                header: header(&["cell", "measure", "estimate_s", "low_s", "high_s"]),
                rows,
            });
        }
        let spread: Vec<Curve> = self
            .history
            .times
            .iter()
            .map(|(cell, quantiles)| Curve {
                name: self.name(cell),
                points: quantiles
                    .iter()
                    .map(|&(share, time_s)| CurvePoint {
                        x: time_s,
                        y: Interval::alone(share),
                        dot: false,
                    })
                    .collect(),
                bracket: 0.0,
            })
            .collect();
        let spreads = |curve: &Curve| {
            let times = || curve.points.iter().map(|point| point.x);
            curve.points.len() > 2 && times().any(|time_s| Some(time_s) != times().next())
        };
        if spread.iter().any(spreads) {
            let rows = self.history.times.iter().flat_map(|(cell, quantiles)| {
                quantiles
                    .iter()
                    .map(|&(share, time_s)| vec![cell.clone(), number(share), number(time_s)])
            });
            let figure = Figure {
                id: "times-spread".to_owned(),
                title: "How times to identify are spread".to_owned(),
                caption: format!(
                    "Share of the identified tracks that had their first identity by then; up to the 98th percentile.{}",
                    match results.cells.len().saturating_sub(spread.len()) {
                        0 => String::new(),
                        _ => format!(" The first {} cells of the experiment.", spread.len()),
                    }
                ),
                svg: curves(&Chart {
                    curves: &spread,
                    axes: [
                        "time since the track was confirmed, s",
                        "share of identified tracks",
                    ],
                    ..Chart::default()
                }),
                header: header(&["cell", "share", "time_s"]),
                rows: rows.collect(),
            };
            self.figure(figure);
        }
    }

    fn uncertainties(&mut self) {
        let results = self.results;
        let Some(levers) = results.moved.first().map(|row| row.levers.clone()) else {
            return;
        };
        let mut list = Vec::new();
        for measure in &self.main {
            let mut rows: Vec<_> = results
                .moved
                .iter()
                .filter(|row| row.measure == *measure && row.levers == levers && row.rank.is_some())
                .collect();
            rows.sort_by_key(|row| row.rank);
            let unit = rows.first().map_or("", |row| row.unit.as_str());
            list.push(Panel {
                title: words(measure),
                axis: format!("change, {}", change_told(measure, unit)),
                marks: rows
                    .iter()
                    .take(ROWS / 2)
                    .map(|row| Mark {
                        open: row.effect.low <= 0.0 && row.effect.high >= 0.0,
                        ..Mark::new(
                            format!("{}: {} to {}", row.factor, row.from, row.to),
                            as_told(measure, row.effect),
                        )
                    })
                    .collect(),
                neutral: Some(0.0),
                logarithmic: false,
            });
        }
        list.retain(|panel| !panel.marks.is_empty());
        if list.is_empty() {
            return;
        }
        let rows = results.moved.iter().map(|row| {
            let mut line = [
                &row.levers,
                &row.factor,
                &row.measure,
                &row.unit,
                &row.from,
                &row.to,
            ]
            .map(String::clone)
            .to_vec();
            line.extend(ends(&row.effect));
            line
        });
        let figure = Figure {
            id: "uncertainties".to_owned(),
            title: "What the uncertainties do".to_owned(),
            caption: format!(
                "Change of the measure from one end of an uncertainty to the other, at {levers}, the largest first. Open dots: the interval holds no change."
            ),
            svg: panels(&list),
            header: header(&[
                "levers", "factor", "measure", "unit", "from", "to", "effect", "low", "high",
            ]),
            rows: rows.collect(),
        };
        self.section("uncertainties", "What is not known");
        self.figure(figure);
    }

    fn convergence(&mut self) {
        let history = self.history;
        let Some(first) = history.settling.first() else {
            if self.results.sweep {
                self.section("convergence", "How it settled");
                self.put(html! {
                    p.meta { "Too few replications to show how the estimates settled." }
                });
            }
            return;
        };
        self.section("convergence", "How it settled");
        let stopping = self.stopping_words(first);
        self.put(html! { p { (stopping) } });
        for (number, settling) in history.settling.iter().enumerate() {
            self.settled(settling, if number == 0 { "" } else { "-other" });
        }
    }

    /// What ended it, and what that looked at.
    fn stopping_words(&self, settling: &Settling) -> String {
        let measure = words(&settling.measure);
        let flown = grouped(self.results.manifest.progress.done as f64);
        match settling.rule {
            None => format!(
                "The number of replications was set beforehand: {flown}. Shown is {measure}{}.",
                if self.results.sweep {
                    ", the first measure asked for"
                } else {
                    ""
                }
            ),
            Some(rule) => format!(
                "The stopping rule looked at {measure} and asked for {}, in every {} and with {} events at least; at most {} replications. It ended after {flown}. Dots: its interim analyses.",
                match rule.goal {
                    Goal::HalfWidth { .. } =>
                        format!("a half-width of {}", aim_words(&rule, &settling.measure)),
                    Goal::Resolved => "an interval without 0".to_owned(),
                },
                if settling.difference { "pair" } else { "cell" },
                rule.minimum_events,
                grouped(rule.maximum as f64)
            ),
        }
    }

    /// How estimates settled, and how the half-widths of their intervals fell.
    fn settled(&mut self, settling: &Settling, suffix: &str) {
        let (measure, notation) = (&settling.measure, Notation::of(&settling.measure));
        let unit = (self.results.measured.iter()).find(|row| row.measure == *measure);
        let unit = unit.map_or(String::new(), |row| match settling.difference {
            true => format!(", {}", notation.unit_of_change(&row.unit)),
            false => format!(", {}", notation.unit(&row.unit)),
        });
        let what = match settling.difference {
            true => format!("difference of {}", words(&settling.measure)),
            false => words(&settling.measure),
        };
        let aim = settling.rule.and_then(|rule| match rule.goal {
            Goal::HalfWidth { .. } => Some(rule),
            Goal::Resolved => None,
        });
        let shown = hardest(settling);
        let which = match settling.lines.len() {
            few if few <= LINES => String::new(),
            all if settling.rule.is_some() => format!(
                " Shown: the {LINES} of {all} that were hardest to settle; the file has all."
            ),
            all => format!(" Shown: the first {LINES} of {all}; the file has all."),
        };
        let across = "replications (logarithmic)";
        let estimates: Vec<Curve> = (shown.iter())
            .map(|line| {
                let last = line.points.last();
                let asked = aim
                    .zip(last)
                    .map_or(0.0, |(rule, last)| asked(&rule, &last.value));
                curve(
                    self.line_name(line),
                    line,
                    &|point| as_told(measure, point.value),
                    notation.scaled(asked),
                )
            })
            .collect();
        let rows = |value: &dyn Fn(&Settled) -> Vec<String>| {
            let mut rows = Vec::new();
            for line in &settling.lines {
                for point in &line.points {
                    let look = u8::from(point.look).to_string();
                    let mut row = vec![line.name.clone(), point.n.to_string(), look];
                    row.extend(value(point));
                    rows.push(row);
                }
            }
            rows
        };
        let confidence = confidence_told(settling.confidence);
        let brackets = match aim {
            Some(_) => " Brackets at the right: the width that the stopping rule asks for.",
            None => "",
        };
        let y = format!("{what}{unit}");
        let figure = Figure {
            id: format!("convergence{suffix}"),
            title: capital(&format!("{what} from the first replications on")),
            caption: format!(
                "Line: estimate from the first replications alone. Band: its {confidence} % interval.{brackets}{which}"
            ),
            svg: curves(&Chart {
                curves: &estimates,
                axes: [across, &y],
                logarithmic: [true, false],
                level: settling.difference.then_some((0.0, "no difference")),
            }),
            header: header(&[
                "line",
                "replications",
                "analysis",
                "estimate",
                "low",
                "high",
            ]),
            rows: rows(&|point| ends(&point.value).to_vec()),
        };
        self.figure(figure);

        // As a share of the estimate, or of what is asked for, if that is how it is asked for.
        let (of, title, level) = match aim.map(|rule| rule.goal) {
            Some(Goal::HalfWidth {
                absolute: Some(most),
                relative: None,
            }) => (
                Part::Whole,
                format!("half-width{unit}"),
                Some(notation.scaled(most)),
            ),
            Some(Goal::HalfWidth {
                absolute: None,
                relative: Some(most),
            }) => (
                Part::Estimate,
                "half-width, share of the estimate".to_owned(),
                Some(most),
            ),
            Some(Goal::HalfWidth { .. }) => (
                Part::Asked,
                "half-width, share of what is asked for".to_owned(),
                Some(1.0),
            ),
            _ => (Part::Whole, format!("half-width{unit}"), None),
        };
        let width = |point: &Settled| {
            let half = (point.value.high - point.value.low) / 2.0;
            half / match (of, aim) {
                (Part::Whole, _) | (_, None) => 1.0 / notation.scaled(1.0),
                (Part::Estimate, _) => point.value.estimate.abs(),
                (Part::Asked, Some(rule)) => asked(&rule, &point.value),
            }
        };
        let alone = |point: &Settled| Interval::alone(width(point));
        let widths: Vec<Curve> = shown
            .iter()
            .map(|line| curve(self.line_name(line), line, &alone, 0.0))
            .collect();
        let seen = |curve: &Curve| curve.points.iter().any(|point| point.y.estimate > 0.0);
        if !widths.iter().any(seen) {
            return;
        }
        let reached = level.map(|most| format!("asked for: {}", readable(most)));
        let figure = Figure {
            id: format!("half-widths{suffix}"),
            title: format!("Half-width of the interval of {what}"),
            caption: format!(
                "Half the {confidence} % interval. It falls with the square root of the replications: four times as many for half of it.{which}"
            ),
            svg: curves(&Chart {
                curves: &widths,
                axes: [across, &format!("{title} (logarithmic)")],
                logarithmic: [true, true],
                level: level.zip(reached.as_deref()),
            }),
            header: header(&[
                "line",
                "replications",
                "analysis",
                "half_width",
                "asked_for",
            ]),
            rows: rows(&|point| {
                let half = (point.value.high - point.value.low) / 2.0;
                let asked = aim.map_or(f64::NAN, |rule| asked(&rule, &point.value));
                vec![number(half), number(asked)]
            }),
        };
        // Where nothing was asked of them, they are what the intervals of the figure above have shown.
        match aim {
            Some(_) => self.figure(figure),
            None => self.folded(figure),
        }
    }

    fn made(&mut self, folder: &str) {
        self.section("made", "How it was made");
        let results = self.results;
        let manifest = &results.manifest;
        let note = &results.note;
        let command = shell(&without_places(&note.command_line));
        let took = note
            .elapsed_s
            .map(|elapsed_s| format!("{} s", readable(elapsed_s)));
        let first = manifest.first_replication;
        let last = first + manifest.progress.done.max(1) - 1;
        let entries = [
            ("Version", manifest.version.clone()),
            ("Seed", manifest.seed.to_string()),
            ("Replications", format!("{first} to {last} of every cell")),
            ("Ended", manifest.progress.words()),
            ("Machine", note.system.clone()),
            ("Started", note.started_utc.clone()),
            ("Took", took.unwrap_or_default()),
        ];
        let hashes = [
            ("Plan", &manifest.plan_sha256),
            ("Scenario", &manifest.scenario_sha256),
        ];
        let again = again(results, folder);
        let files = html! {
            @for (name, file) in &manifest.files {
                tr { th scope="row" { (name) } td { (file.rows) } td.hash { (file.sha256) } }
            }
            @for cell in &manifest.cells {
                tr {
                    th scope="row" { "scenario of " (cell.name) } td {} td.hash { (cell.scenario_sha256) }
                }
            }
        };
        let frame = results
            .scenario()
            .map_or(Frame::nowhere(), |scenario| scenario.frame());
        let credit = super::land::credit(&frame);
        self.put(html! {
            dl.made {
                @if !command.is_empty() { dt { "Command" } dd { code { (command) } } }
                @for (term, text) in entries.iter().filter(|(_, text)| !text.is_empty()) {
                    dt { (term) } dd { (text) }
                }
                @for (term, hash) in hashes {
                    @if let Some(hash) = hash { dt { (term) } dd { "SHA-256 " span.hash { (hash) } } }
                }
            }
            h3 { "To make it again" }
            p { "The same version makes the same bytes, on any machine and with any number of threads:" }
            pre { (again) }
            details {
                summary { "Files and their checksums" }
                (table("Files and their checksums", &heads(&["file", "rows", "SHA-256"]), &files))
            }
            p.meta { (credit) }
        });
    }
}

/// Header, links to the sections, and what is in them.
fn laid_out(header: &Markup, sections: &[(&str, &str)], body: &Markup) -> Markup {
    html! {
        header { (header) }
        "\n"
        nav aria-label="Sections" {
            div { @for (id, name) in sections { a href={ "#" (id) } { (name) } } }
        }
        "\n"
        main { (body) }
    }
}

/// A whole page of sections, each with its id and name.
pub(super) fn sectioned(title: &str, header: &Markup, sections: &[(&str, &str, Markup)]) -> String {
    let body = html! {
        @for (id, name, part) in sections { h2 id=(id) { (name) } (part) }
    };
    let links: Vec<(&str, &str)> = sections.iter().map(|(id, name, _)| (*id, *name)).collect();
    Document {
        title,
        styles: &[FIGURE_CSS, PAGE_CSS, RESULTS_CSS],
        class: "",
        body: laid_out(header, &links, &body),
        script: Some(TABLES_JS),
    }
    .html()
}

/// A name that may be broken after its commas.
fn broken(name: &str) -> Markup {
    let mut parts = name.split(',');
    let first = parts.next().unwrap_or_default();
    html! { (first) @for part in parts { "," wbr; (part) } }
}

/// What a cell is called; that of a run has no name.
fn called(cell: &str) -> String {
    match cell.is_empty() {
        true => "this run".to_owned(),
        false => cell.to_owned(),
    }
}

/// A value of a line, over the replications.
fn curve(name: String, line: &Line, value: &dyn Fn(&Settled) -> Interval, bracket: f64) -> Curve {
    let point = |point: &Settled| CurvePoint {
        x: point.n as f64,
        y: value(point),
        dot: point.look,
    };
    Curve {
        name,
        points: line.points.iter().map(point).collect(),
        bracket,
    }
}

/// What a half-width is told as a part of.
#[derive(Debug, Clone, Copy)]
enum Part {
    Whole,
    Estimate,
    Asked,
}

/// The half-width that a rule asks for, given an estimate; 0 if it asks for none.
fn asked(rule: &Sequential, value: &Interval) -> f64 {
    match rule.goal {
        Goal::HalfWidth { absolute, relative } => {
            let relative = relative.map(|share| share * value.estimate.abs());
            // One of them is enough.
            absolute.into_iter().chain(relative).fold(0.0, f64::max)
        }
        Goal::Resolved => 0.0,
    }
}

fn aim_words(rule: &Sequential, measure: &str) -> String {
    let Goal::HalfWidth { absolute, relative } = rule.goal else {
        return String::new();
    };
    let notation = Notation::of(measure);
    let absolute = absolute.map(|most| {
        let most = readable(notation.scaled(most));
        format!("{most} {}", notation.unit_of_change(""))
            .trim_end()
            .to_owned()
    });
    let share = |share: f64| format!("{} % of the estimate", readable(share * 100.0));
    let both: Vec<String> = absolute.into_iter().chain(relative.map(share)).collect();
    both.join(" or of ")
}

/// The lines that were hardest to settle, as the stopping rule sees it, in their order; without one the first.
fn hardest(settling: &Settling) -> Vec<&Line> {
    let far = |line: &Line| {
        let Some((last, rule)) = line.points.last().zip(settling.rule) else {
            return 0.0;
        };
        let half = (last.value.high - last.value.low) / 2.0;
        match rule.goal {
            Goal::HalfWidth { .. } => half / asked(&rule, &last.value),
            Goal::Resolved => half / last.value.estimate.abs(),
        }
    };
    let mut order: Vec<(usize, &Line)> = settling.lines.iter().enumerate().collect();
    // What has no interval at all is the farthest.
    let sort = |line: &Line| match far(line) {
        far if far.is_nan() => f64::INFINITY,
        far => far,
    };
    order.sort_by(|one, other| sort(other.1).total_cmp(&sort(one.1)));
    order.truncate(LINES);
    order.sort_by_key(|(number, _)| *number);
    order.into_iter().map(|(_, line)| line).collect()
}

/// A command that makes the same results in another folder, one that repeats a row, one that makes this page.
fn again(results: &Results, folder: &str) -> String {
    let manifest = &results.manifest;
    let mut lines = Vec::new();
    let given = &results.note.command_line;
    let flies = given
        .get(1)
        .is_some_and(|word| word == "run" || word == "sweep");
    let shard = given.iter().any(|word| word.starts_with("--shard"));
    let repeats = given.iter().any(|word| word.starts_with("--from"));
    if flies && !shard && !repeats {
        let mut kept = vec!["deconflict".to_owned()];
        let mut words = given.iter().skip(1);
        while let Some(word) = words.next() {
            let own_value = word.contains('=') && word.starts_with("--");
            match word.split('=').next().unwrap_or(word) {
                "--out" | "-o" | "--replications" | "-n" | "--seed" | "--jobs" | "-j"
                | "--events"
                    if !own_value =>
                {
                    words.next();
                }
                "--out" | "--replications" | "--seed" | "--jobs" | "--events" | "--resume"
                | "--force" => {}
                _ => kept.push(word.clone()),
            }
        }
        let one = kept.iter().any(|word| word.starts_with("--replication"));
        if !one {
            kept.push(format!("--replications={}", manifest.progress.done));
        }
        kept.push(format!("--seed={}", manifest.seed));
        kept.push("--out=results/again".to_owned());
        lines.push(shell(&kept));
    }
    let row = vec![
        "deconflict".to_owned(),
        "run".to_owned(),
        "--from".to_owned(),
        folder_of_cell(folder, results.cells.last().map(String::as_str)),
        "--replication".to_owned(),
        manifest.first_replication.to_string(),
    ];
    lines.push(format!("{}   # one row, told by the clock", shell(&row)));
    lines.push(format!(
        "{}   # this page",
        shell(&[
            "deconflict".to_owned(),
            "report".to_owned(),
            folder.to_owned()
        ])
    ));
    lines.join("\n")
}

/// A figure on a page, with its title, its caption and where its files are.
pub(super) fn figure_html(figure: &Figure) -> Markup {
    if figure.svg.height > TALL {
        return folded_html(figure);
    }
    html! { h3 { (figure.title) } (drawn_html(figure)) }
}

/// A figure that opens when its title is chosen.
fn folded_html(figure: &Figure) -> Markup {
    html! { details.figure { summary { (figure.title) } (drawn_html(figure)) } }
}

fn drawn_html(figure: &Figure) -> Markup {
    let Figure {
        id,
        title,
        caption,
        svg,
        ..
    } = figure;
    html! {
        figure {
            div.wide tabindex="0" role="group" aria-label=(title) { (PreEscaped(svg.inline(title))) }
            figcaption { (caption) " " (links(id)) }
        }
    }
}

/// Where the files of a figure are.
fn links(id: &str) -> Markup {
    html! {
        a href={ "report/" (id) ".svg" } { "SVG" }
        " \u{b7} "
        a href={ "report/" (id) ".csv" } { "data" }
    }
}

/// Words as one types them; the program by its name alone.
pub(super) fn shell(arguments: &[String]) -> String {
    let mut typed = Vec::new();
    for (number, word) in arguments.iter().enumerate() {
        let word = match number {
            0 => word.rsplit(['/', '\\']).next().unwrap_or(word),
            _ => word,
        };
        let safe = |letter: char| letter.is_alphanumeric() || "-_./=:,@+".contains(letter);
        if !word.is_empty() && word.chars().all(safe) {
            typed.push(word.to_owned());
        } else {
            typed.push(format!("'{}'", word.replace('\'', "'\\''")));
        }
    }
    typed.join(" ")
}

/// The pairs of cells, in order.
fn pairs_of(rows: &[Paired]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for row in rows {
        let same = |pair: &(String, String)| pair.0 == row.reference && pair.1 == row.cell;
        // Rows of a pair stand together.
        if !pairs.last().is_some_and(same) {
            pairs.push((row.reference.clone(), row.cell.clone()));
        }
    }
    pairs
}

fn find<'a>(rows: &'a [Paired], reference: &str, cell: &str, measure: &str) -> Option<&'a Paired> {
    rows.iter()
        .find(|row| row.reference == reference && row.cell == cell && row.measure == measure)
}

/// What a measure says.
fn definition(name: &str) -> &'static str {
    let base = name.split('[').next().unwrap_or(name);
    let found = MEASURES
        .iter()
        .find(|measure: &&Measure| measure.name == base);
    found.map_or("", |measure| measure.definition)
}

/// What measures say, once for those that differ in their subject alone: heads of columns tell it to a mouse only.
fn meanings(measures: &[String]) -> Markup {
    let mut bases: Vec<&str> = Vec::new();
    for base in measures.iter().filter_map(|name| name.split('[').next()) {
        if !bases.contains(&base) {
            bases.push(base);
        }
    }
    html! { @for base in bases { dt { (words(base)) } dd { (definition(base)) } } }
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ends(value: &Interval) -> [String; 3] {
    [value.estimate, value.low, value.high].map(number)
}

/// A dot and a line, small enough for a table.
fn bar(value: &Interval, scale: &Scale) -> Markup {
    let mut svg = Svg::new(130.0, 12.0);
    let (low, high) = value.ends();
    svg.line("gr", (2.0, 6.0), (128.0, 6.0));
    svg.line("bar0 whisk", (scale.px(low), 6.0), (scale.px(high), 6.0));
    svg.circle("dot0", (scale.px(value.estimate), 6.0), 4.0, "");
    PreEscaped(svg.inline(&interval_words(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_again() {
        let words = [
            "target/release/deconflict",
            "run",
            "my night.toml",
            "--set",
            "a.b='x'",
        ]
        .map(str::to_owned);
        assert_eq!(
            shell(&words),
            r"deconflict run 'my night.toml' --set 'a.b='\''x'\'''"
        );
    }
}
