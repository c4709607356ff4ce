//! Options that several commands share: each is described here, and nowhere else.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use deconflict::experiment::rows::{KeptRows, RowForm};
use deconflict::measure::Columns;
use deconflict::output::{OutputError, Trust, can_write};
use serde_json::Value as Json;

use super::host::processors;
use super::json::print_json;
use super::subject::quoted;
use super::{Failure, did_you_mean, print};

/// On how many threads.
#[derive(Debug, Args)]
pub struct Jobs {
    /// Threads; without it what the scheduler gives, or one a processor. Results do not depend on it.
    #[arg(short, long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=4096))]
    jobs: Option<u16>,
}

impl Jobs {
    /// So many.
    pub fn count(&self) -> usize {
        self.jobs.map_or_else(processors, usize::from)
    }
}

/// How often.
#[derive(Debug, Args)]
pub struct Count {
    /// Replications; without it as many as the file says.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub replications: Option<u64>,
}

/// With which random numbers, where a file says it as well.
#[derive(Debug, Args)]
pub struct FileSeed {
    /// Seed of all random numbers, instead of the one in the file.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    pub seed: Option<u64>,
}

/// What is changed in a scenario.
#[derive(Debug, Args)]
pub struct Set {
    /// Set a value of the scenario by its path, `none` to take it away; may be repeated. Example: --set flights.us-recon.count=2
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub overrides: Vec<String>,
}

/// How sure intervals are.
#[derive(Debug, Args)]
pub struct Level {
    /// Confidence of the intervals.
    #[arg(long, value_name = "C", default_value_t = 0.95, value_parser = confidence)]
    pub confidence: f64,
}

fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.5..1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.5 to below 1, such as 0.95".to_owned()),
    }
}

/// In which other worlds.
#[derive(Debug, Args)]
pub struct InWorlds {
    /// Also in each of the worlds of this file (see `deconflict match`): what holds there.
    #[arg(long, value_name = "FILE")]
    pub worlds: Option<PathBuf>,
}

/// A folder of results that grows.
#[derive(Debug, Args)]
pub struct Growing {
    /// Folder of the results.
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Go on with what is in DIR.
    #[arg(long)]
    pub resume: bool,
}

/// Where something is written, if it is to be kept.
#[derive(Debug, Args)]
pub struct Out {
    /// Write the result to this file.
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
}

impl Out {
    /// Refuses a place that is taken: before anything is run.
    pub fn refuse_taken(&self) -> Result<(), Failure> {
        match &self.out {
            Some(path) => refuse_taken(path, self.force),
            None => Ok(()),
        }
    }
}

/// Refuses a place that is taken, unless it may be replaced.
pub fn refuse_taken(path: &Path, force: bool) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() && !force {
        return Err(OutputError::Exists {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(())
}

/// Results that were changed.
#[derive(Debug, Args)]
pub struct Trusting {
    /// Read results that were changed since they were written.
    #[arg(long)]
    pub unverified: bool,
}

impl Trusting {
    /// Whether results are held to their checksums.
    pub fn trust(&self) -> Trust {
        match self.unverified {
            true => Trust::Unverified,
            false => Trust::Verified,
        }
    }
}

/// For people or for programs.
#[derive(Debug, Args)]
pub struct AsJson {
    /// Print one JSON object on one line instead (its shape: `deconflict help json`).
    #[arg(long)]
    pub json: bool,
}

impl AsJson {
    /// Prints one or the other.
    pub fn print(
        &self,
        text: impl FnOnce() -> String,
        object: impl FnOnce() -> Result<Json, Failure>,
    ) -> Result<(), Failure> {
        match self.json {
            true => print_json(&object()?),
            false => print(&text()),
        }
    }
}

/// Which rows of replications are kept.
#[derive(Debug, Args)]
pub struct Kept {
    /// Keep rows as csv, as parquet (of shards a file each, not joined), or none: sums alone, nothing grows with N. Without it csv.
    #[arg(long, value_name = "FORM", value_parser = RowForm::from_str)]
    rows: Option<RowForm>,
    /// Keep in the rows the columns of measures (and of columns) whose names hold one of PATTERNS alone: shots,leaked (* stands
    /// for anything). All else is as ever.
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    columns: Vec<String>,
}

impl Kept {
    /// Whether anything is said of them.
    pub fn is_said(&self) -> bool {
        self.rows.is_some() || !self.columns.is_empty()
    }

    /// What is asked for; where nothing is said what is `usual`.
    pub fn or(&self, usual: &KeptRows) -> Result<KeptRows, Failure> {
        let form = self.rows.unwrap_or(usual.form);
        if form == RowForm::None && !self.columns.is_empty() {
            return Err(Failure::bad_input(
                "--columns says what rows have, and none are kept: expected --columns or --rows none",
            ));
        }
        let columns = match (self.columns.as_slice(), form) {
            (_, RowForm::None) => Vec::new(),
            ([], _) => usual.columns.clone(),
            (columns, _) => columns.to_vec(),
        };
        can_write(form)?;
        Ok(KeptRows::new(form, columns))
    }

    /// What is asked for of something new; a pattern that names none of these columns is refused.
    pub fn checked(&self, columns: &Columns) -> Result<KeptRows, Failure> {
        let kept = self.or(&KeptRows::default())?;
        let Some(pattern) = kept.unmatched(columns) else {
            return Ok(kept);
        };
        let own = columns.columns().iter().map(|column| column.name.as_str());
        let measures = columns.derived().iter();
        let near = did_you_mean(pattern, own.chain(measures.map(|one| one.name.as_str())));
        Err(Failure::bad_input(format!(
            "--columns: no measure and no column is named like {pattern:?}{near}; `deconflict columns SCENARIO` lists them"
        )))
    }

    /// The same again, for another command line.
    pub fn words(&self) -> Vec<String> {
        let form = self.rows.map(|form| format!("--rows {}", form.word()));
        let columns = self.columns.join(",");
        let columns = (!columns.is_empty()).then(|| format!("--columns {}", quoted(&columns)));
        form.into_iter().chain(columns).collect()
    }
}

/// How measures are printed.
#[derive(Debug, Args)]
pub struct Shown {
    /// Print the measures whose names hold PATTERN (* stands for anything), as a table; may be repeated.
    #[arg(short, long = "measure", value_name = "PATTERN")]
    pub measures: Vec<String>,
    /// Print the whole table of measures.
    #[arg(long)]
    pub all: bool,
}
