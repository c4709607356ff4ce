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
  deconflict report results/agreement --replays
      the same, with a replay of the first replication with a wrong shot of every cell;
      cells and wrong shots lead to them (--replays=5 makes five of each)
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
    /// Make replays beside the page: of the first N replications with a wrong shot, of every cell.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = clap::value_parser!(u16).range(1..=100))]
    replays: Option<u16>,
}

/// Runs the command.
pub fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let trust = match arguments.unverified {
        true => Trust::Unverified,
        false => Trust::Verified,
    };
    let place = write_report_of(
        &arguments.folder,
        trust,
        arguments.replays.unwrap_or(0).into(),
    )?;
    let size = std::fs::metadata(&place.page).map_or(0, |file| file.len().div_ceil(1000));
    print(&format!(
        "{}\nWritten to {} ({size} kB): open it in a browser.\n{} figures as SVG, with their numbers as CSV, in {}.\n",
        place.progress.words(),
        place.page.display(),
        place.count,
        place.figures.display()
    ))
}
