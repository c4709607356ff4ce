//! `deconflict report`: the page of a folder of results.

use std::path::PathBuf;

use clap::Args;
use deconflict::output::Trust;
use deconflict::report::write_report_of;

use super::{Failure, print};

/// Arguments of `deconflict report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict report results/agreement
      write results/agreement/report.html: one file, opens in any browser, needs no network
  deconflict report results/baseline
      the same for the folder of a run
  deconflict report results/tuned
      the trade-off of a tuning

Each figure is also in DIR/report as SVG, with its numbers as CSV beside it.
An earlier report in DIR is replaced; the results are only read.")]
pub struct ReportArguments {
    /// Folder of a run, of a sweep or of a tuning.
    folder: PathBuf,
    /// Read results that were changed since they were written.
    #[arg(long)]
    unverified: bool,
}

/// Runs the command.
pub fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let trust = match arguments.unverified {
        true => Trust::Unverified,
        false => Trust::Verified,
    };
    let place = write_report_of(&arguments.folder, trust)?;
    let size = std::fs::metadata(&place.page).map_or(0, |file| file.len().div_ceil(1000));
    print(&format!(
        "{}\nWritten to {} ({size} kB): open it in a browser.\n{} figures as SVG, with their numbers as CSV, in {}.\n",
        place.progress.words(),
        place.page.display(),
        place.count,
        place.figures.display()
    ))
}
