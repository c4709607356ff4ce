//! Results and replications to look at: the page of a folder of results, and the replay of one replication on a map.
//!
//! Both are single HTML files that need no network and no server. The report has one
//! small script, which sorts, filters and folds its tables: without it all rows are there. Its figures are vector graphics whose colours come from one style sheet, by light and by dark, and are told apart by shape too. The
//! replay draws on a canvas from closed-form paths and the event log. Nothing here reaches a result: the report reads
//! the files that everybody else reads, and the replay runs a replication again.

mod averages;
mod credibility;
mod document;
mod factors;
mod figures;
mod history;
mod labels;
mod laid;
mod land;
mod opening;
mod page;
mod replay;
mod replays;
mod stored;
mod svg;
mod tuning;
mod worlds;

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use document::without_places;
pub use replay::{AS_IT_IS, Flown, ReplayNote, replay_page};

use crate::output::{
    Made, Manifest, OutputError, Progress, Stored, StoredRun, Trust, whole_file, write_figures,
};
use crate::record::Replication;
use crate::safe;
use figures::Figure;
use history::History;
use laid::Laid;
use page::Report;
use stored::Results;

/// Where a report was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlace {
    /// The page.
    pub page: PathBuf,
    /// The folder with every figure as SVG and its numbers as CSV.
    pub figures: PathBuf,
    /// Figures in it.
    pub count: usize,
    /// How far the results came.
    pub progress: Progress,
}

/// Writes `report.html` into a folder of results, and each figure as SVG and CSV into `report/` beside it; an earlier
/// report gives way.
///
/// # Errors
/// No results, broken or changed ones; what the system refuses.
pub fn write_report(folder: &Path) -> Result<ReportPlace, OutputError> {
    write_report_to(folder, Trust::Verified, None, 0)
}

/// The same, also of results that were changed since they were written; to another place than the folder, if one is named: the
/// page there, its figures in a folder of its name beside it. With replays of so many replications of every cell, those with a
/// wrong shot, beside the figures.
///
/// # Errors
/// As [`write_report`]; an `out` that does not end in .html; `replays` of results that keep no rows.
pub fn write_report_to(
    folder: &Path,
    trust: Trust,
    out: Option<&Path>,
    replays: usize,
) -> Result<ReportPlace, OutputError> {
    let stored = Stored::open(folder, trust)?;
    let progress = stored.manifest.progress;
    let title = stored.manifest.title.clone();
    let seed = stored.manifest.seed;
    let name = document::name_of(folder);
    let (page, figures, mut files) = match stored.manifest.command {
        Made::Tune => {
            let (page, figures) = tuning::tuning_page(stored, &name)?;
            (page, figures, Vec::new())
        }
        Made::Match => {
            let (page, figures) = worlds::match_page(stored, &name)?;
            (page, figures, Vec::new())
        }
        Made::Screen => {
            let (page, figures) = worlds::screen_page(stored, &name)?;
            (page, figures, Vec::new())
        }
        Made::Run | Made::Sweep => results_page(stored, &name, trust, replays)?,
        Made::Report => {
            return Err(OutputError::NotResults {
                path: folder.to_owned(),
                why: "it holds the figures of a report; expected the folder of the results"
                    .to_owned(),
            });
        }
    };
    for figure in &figures {
        let svg = figure.svg.file(&figure.title);
        files.push((format!("{}.svg", figure.id), svg));
        let table = csv_text(&figure.header, &figure.rows);
        files.push((format!("{}.csv", figure.id), table));
    }
    let target = out.map_or_else(|| folder.join("report.html"), Path::to_owned);
    let figures_place = target.with_extension("");
    if figures_place == target {
        return Err(OutputError::Extension {
            path: target,
            expected: "reports end in .html",
        });
    }
    let page = match out {
        Some(_) => page.replace(
            "href=\"report/",
            &format!(
                "href=\"{}/",
                document::link(&document::name_of(&figures_place))
            ),
        ),
        None => page,
    };
    let page = match trust {
        Trust::Verified => page,
        Trust::Unverified => page.replacen("</header>", UNVERIFIED, 1),
    };
    let about = Manifest::new(Made::Report, &title, seed, progress);
    // The figures first, the page last: what a page links to is there.
    write_figures(&figures_place, about, &files)?;
    write_page(&target, &page, true)?;
    Ok(ReportPlace {
        page: target,
        figures: figures_place,
        count: figures.len(),
        progress,
    })
}

/// What stands on a page of files that may have been changed.
const UNVERIFIED: &str = "<div class=\"warn\"><strong>Not verified.</strong> The files of these results were not held to their \
checksums (--unverified): they may have been changed since they were written.</div></header>";

/// A page, its figures, and the files made beside it by name.
type Pages = (String, Vec<Figure>, Vec<(String, String)>);

/// The page of a run or a sweep, its figures, and the replays beside it.
fn results_page(
    stored: Stored,
    name: &str,
    trust: Trust,
    replays: usize,
) -> Result<Pages, OutputError> {
    let folder = stored.folder().to_owned();
    let (record, history) = match stored.manifest.command {
        Made::Sweep => {
            stored.verify()?;
            History::of_sweep(&stored, trust)?
        }
        _ => {
            let history = History::of_run(&folder, stored.manifest.confidence, trust)?;
            (None, history)
        }
    };
    let results = Results::read(stored, trust)?;
    let first = results.sweep.then(|| results.cells.first()).flatten();
    // What maps show besides is no part of the results: without it a page only shows less.
    let laid = StoredRun::open(&folder, first.map(String::as_str), trust).map_or_else(
        |_| Laid::default(),
        |run| {
            let replication = Replication {
                seed: run.seed,
                index: run.first_replication,
            };
            Laid::of(&run.scenario, replication)
        },
    );
    let made = match replays {
        0 => Vec::new(),
        most => replays::made(&folder, name, &results, most, trust)?,
    };
    let asked = record.map(|record| record.measures).unwrap_or_default();
    let mut report = Report::new(&results, &history, &made, &laid, &asked);
    let page = report.page(name);
    let figures = report.figures;
    let files = made.into_iter().map(|made| (made.file, made.page));
    Ok((page, figures, files.collect()))
}

/// Writes a page beside its place and moves it there, so that a reader never sees half of one.
///
/// # Errors
/// A file that is there already, without `force`; what the system refuses.
pub fn write_page(path: &Path, page: &str, force: bool) -> Result<(), OutputError> {
    whole_file(path, force, |writer| writer.write_all(page.as_bytes()))
}

fn csv_text(header: &[String], rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        let fields = row.iter().map(|field| safe::csv(field.as_bytes()));
        // Memory takes everything.
        writer
            .write_record(fields)
            .expect("memory takes everything");
    }
    let text = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}
