//! `deconflict report`: the page of a folder of results.

use std::path::PathBuf;

use clap::Args;
use deconflict::report::write_report_to;
use serde_json::json;

use super::Failure;
use super::options::{AsJson, Out, Trusting};

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
  deconflict report results/worlds
      what public counts rule out (match), or which assumptions matter (screen)

Each figure is also in DIR/report as SVG, with its numbers as CSV beside it.
With --out the page is that file, and the figures are in a folder of its name beside it.
An earlier report in DIR is replaced; the results are only read.")]
pub struct ReportArguments {
    /// Folder of a run, a sweep, a tuning, a match or a screening.
    folder: PathBuf,
    /// Make replays beside the page: of the first N replications with a wrong shot, of every cell.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1", value_parser = clap::value_parser!(u16).range(1..=100))]
    replays: Option<u16>,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    form: AsJson,
    #[command(flatten)]
    out: Out,
}

/// Runs the command.
pub fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    arguments.out.refuse_taken()?;
    let out = arguments.out.out.as_deref();
    let (trust, replays) = (arguments.trusting.trust(), arguments.replays.unwrap_or(0));
    let place = write_report_to(&arguments.folder, trust, out, replays.into())?;
    let size = std::fs::metadata(&place.page).map_or(0, |file| file.len().div_ceil(1000));
    let (page, figures) = (place.page.display(), place.figures.display());
    arguments.form.print(
        || {
            format!(
                "{}\nWritten to {page} ({size} kB): open it in a browser.\n{} figures as SVG, with their numbers as CSV, in {figures}.\n",
                place.progress.words(),
                place.count,
            )
        },
        || {
            Ok(json!({
                "page": page.to_string(),
                "figures": figures.to_string(),
                "count": place.count,
                "progress": place.progress,
            }))
        },
    )
}
