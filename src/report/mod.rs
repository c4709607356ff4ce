//! Results and replications to look at: the page of a folder of results, and the replay of one replication on a map.
//!
//! Both are single HTML files that need no network and no server. The report has no script at all; its figures are
//! vector graphics whose colours come from one style sheet, by light and by dark, and are told apart by shape too. The
//! replay draws on a canvas from closed-form paths and the event log. Nothing here reaches a result: the report reads
//! the files that everybody else reads, and the replay flies a replication again.

mod coast;
mod figures;
mod history;
mod labels;
mod page;
mod replay;
mod stored;
mod svg;
mod tuning;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use replay::{Flown, ReplayNote, replay_page};

use crate::output::OutputError;
use figures::Figure;
use history::History;
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
}

/// Writes `report.html` into a folder of results, and each figure as SVG and CSV into `report/` beside it; an earlier
/// report gives way.
pub fn write_report(folder: &Path) -> Result<ReportPlace, OutputError> {
    let (page, figures) = if folder.join("study.json").is_file() {
        tuning::tuning_page(folder)?
    } else {
        results_page(folder)?
    };

    // The figures beside their place first, the page last: what a page links to is there.
    let place = folder.join("report");
    let beside = tempfile::Builder::new()
        .prefix(".unfinished-report-")
        .tempdir_in(folder)
        .map_err(OutputError::io("write in", folder))?;
    let fresh = beside.path().join("report");
    fs::create_dir(&fresh).map_err(OutputError::io("create", &fresh))?;
    for figure in &figures {
        let path = fresh.join(format!("{}.svg", figure.id));
        fs::write(&path, figure.svg.file(&figure.title))
            .map_err(OutputError::io("write", &path))?;
        let path = fresh.join(format!("{}.csv", figure.id));
        fs::write(&path, csv_text(&figure.header, &figure.rows))
            .map_err(OutputError::io("write", &path))?;
    }
    if place.symlink_metadata().is_ok() {
        fs::rename(&place, beside.path().join("replaced"))
            .map_err(OutputError::io("replace", &place))?;
    }
    fs::rename(&fresh, &place).map_err(OutputError::io("write", &place))?;
    let target = folder.join("report.html");
    write_page(&target, &page)?;
    Ok(ReportPlace {
        page: target,
        figures: place,
        count: figures.len(),
    })
}

/// The page of a run or a sweep, and its figures.
fn results_page(folder: &Path) -> Result<(String, Vec<Figure>), OutputError> {
    let results = Results::read(folder)?;
    let manifest = &results.manifest;
    let (record, history) = if results.sweep {
        History::of_sweep(folder, manifest.replications)
    } else {
        (None, History::of_run(folder, manifest.confidence)?)
    };
    let asked = record.map(|record| record.measures).unwrap_or_default();
    let mut report = Report::new(&results, &history, &asked);
    let page = report.page(&folder.display().to_string());
    Ok((page, report.figures))
}

/// Writes a page beside its place and renames it into it, so that a reader never sees half of one.
pub fn write_page(path: &Path, page: &str) -> Result<(), OutputError> {
    let absolute = std::path::absolute(path).map_err(OutputError::io("use", path))?;
    let parent = absolute.parent().unwrap_or(&absolute);
    fs::create_dir_all(parent).map_err(OutputError::io("create", parent))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    // As the umask has it: a page is made to be shown.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .tempfile_in(parent)
        .map_err(OutputError::io("write in", parent))?;
    file.write_all(page.as_bytes())
        .map_err(OutputError::io("write", path))?;
    file.persist(&absolute)
        .map_err(|error| OutputError::io("write", path)(error.error))?;
    Ok(())
}

fn csv_text(header: &[String], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        for (number, field) in row.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            if field.contains([',', '"', '\n']) {
                text.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
            } else {
                text.push_str(field);
            }
        }
        text.push('\n');
    }
    text
}
