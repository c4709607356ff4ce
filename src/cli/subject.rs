//! What a command is about: a scenario file with what the command line sets, or what a folder was run with.

use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::kind::FileKind;
use deconflict::output::{OutputError, StoredRun, SweepFolder, Trust};
use deconflict::scenario::{LoadError, Scenario};

use super::{Failure, did_you_mean};

/// The seed where none is given.
pub const DEFAULT_SEED: u64 = 1;

/// The arguments that say so.
#[derive(Debug, Args)]
pub struct SubjectArguments {
    /// Scenario file (TOML).
    #[arg(required_unless_present = "from")]
    pub scenario: Option<PathBuf>,
    /// Instead of a scenario: the run in DIR, or a cell of the sweep in it, with its scenario and its seed.
    #[arg(long, value_name = "DIR:CELL", conflicts_with_all = ["scenario", "seed"])]
    pub from: Option<PathBuf>,
    /// The cell of the sweep, apart from its folder.
    #[arg(long, value_name = "C", requires = "from", hide = true)]
    pub cell: Option<String>,
    /// Read results in DIR that were changed since they were written.
    #[arg(long, requires = "from")]
    pub unverified: bool,
    /// Seed of all random numbers; the same seed gives the same bytes.
    #[arg(
        long,
        value_name = "S",
        default_value_t = DEFAULT_SEED,
        allow_negative_numbers = true
    )]
    pub seed: u64,
    /// Set a value of the scenario by its path, `none` to take it away; may be repeated. Example: --set flights.us-recon.count=2
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub overrides: Vec<String>,
}

impl SubjectArguments {
    /// Whether results are held to their checksums.
    pub fn trust(&self) -> Trust {
        match self.unverified {
            true => Trust::Unverified,
            false => Trust::Verified,
        }
    }

    /// What they name.
    pub fn subject(&self) -> Result<Subject, Failure> {
        let mut subject = match (&self.from, &self.scenario) {
            (Some(from), _) => {
                let (folder, cell) = folder_and_cell(from);
                let cell = self.cell.as_deref().or(cell.as_deref());
                Subject::stored(&folder, cell, self.trust())?
            }
            (None, path) => Subject::typed(path.clone().unwrap_or_default(), self.seed),
        };
        subject.set = self.overrides.clone();
        for set in &self.overrides {
            subject.name.push_str(&format!(" --set {}", quoted(set)));
        }
        Ok(subject)
    }
}

/// So many cells are named where none or a wrong one was.
const SHOWN_CELLS: usize = 8;

/// What is run.
pub struct Subject {
    pub seed: u64,
    /// What names it on a command line.
    pub name: String,
    /// What the command line sets.
    set: Vec<String>,
    base: Base,
}

/// What that is set in.
enum Base {
    File(PathBuf),
    /// The scenario that a folder was run with.
    Stored {
        folder: PathBuf,
        scenario: Box<Scenario>,
    },
}

impl Subject {
    /// Its scenario.
    pub fn scenario(&self) -> Result<Scenario, Failure> {
        self.scenario_with(&[])
    }

    /// The same with more that is set.
    pub fn scenario_with(&self, more: &[String]) -> Result<Scenario, Failure> {
        let set = [&self.set, more].concat();
        match &self.base {
            Base::File(path) => {
                Scenario::load(path, &set).map_err(|error| instead(path, FileKind::Scenario, error))
            }
            Base::Stored { scenario, .. } if set.is_empty() => Ok((**scenario).clone()),
            Base::Stored { folder, scenario } => {
                Ok(scenario.with(&format!("the scenario of {}", folder.display()), &set)?)
            }
        }
    }

    /// A scenario file.
    fn typed(path: PathBuf, seed: u64) -> Subject {
        let mut name = quoted(&path.display().to_string());
        if seed != DEFAULT_SEED {
            name.push_str(&format!(" --seed {seed}"));
        }
        Subject {
            seed,
            name,
            set: Vec::new(),
            base: Base::File(path),
        }
    }

    /// What a folder of a run or a sweep was run with.
    fn stored(from: &Path, cell: Option<&str>, trust: Trust) -> Result<Subject, Failure> {
        let (scenario, seed, version) = match SweepFolder::open(from, trust) {
            Ok((_, record)) => {
                let names: Vec<&str> = record.cells.iter().map(|cell| cell.name.as_str()).collect();
                let number = match (cell, names.as_slice()) {
                    (Some(name), _) => record.cell(name),
                    (None, [_]) => Some(0),
                    (None, _) => None,
                };
                let Some(number) = number else {
                    let asked = cell.map_or("no cell named".to_owned(), |cell| {
                        let near = did_you_mean(cell, names.iter().copied());
                        format!("there is no cell {cell:?}{near}")
                    });
                    let from = from.display();
                    let shown = &names[..names.len().min(SHOWN_CELLS)];
                    let more = match names.len() - shown.len() {
                        0 => String::new(),
                        more => format!(" and {more} more, which {from}/cells.csv names"),
                    };
                    return Err(Failure::bad_input(format!(
                        "{from}: {asked}; expected {from}:CELL with one of {}{more}",
                        shown.join(" ")
                    )));
                };
                (record.scenario(number)?, record.seed, record.version)
            }
            Err(OutputError::NotASweep { .. }) => {
                let stored = StoredRun::open(from, cell, trust)?;
                (stored.scenario, stored.seed, stored.version)
            }
            Err(error) => return Err(error.into()),
        };
        let here = env!("CARGO_PKG_VERSION");
        if version != here {
            return Err(Failure::bad_input(format!(
                "{} was written by version {version}, this is {here}: the same random numbers may have other consequences",
                from.display()
            )));
        }
        let cell = cell.map_or(String::new(), |cell| format!(":{cell}"));
        Ok(Subject {
            seed,
            name: format!("--from {}", quoted(&format!("{}{cell}", from.display()))),
            set: Vec::new(),
            base: Base::Stored {
                folder: from.to_owned(),
                scenario: Box::new(scenario),
            },
        })
    }
}

/// A folder, and behind a colon a cell of the sweep in it; a folder whose own name has a colon is itself.
pub fn folder_and_cell(text: &Path) -> (PathBuf, Option<String>) {
    if !text.is_dir()
        && let Some(words) = text.to_str()
    {
        for (at, _) in words.match_indices(':') {
            let folder = Path::new(&words[..at]);
            if folder.is_dir() {
                return (folder.to_owned(), Some(words[at + 1..].to_owned()));
            }
        }
    }
    (text.to_owned(), None)
}

/// What is wrong with a file; one sentence where it is sound, or not a scenario, and something else than was wanted.
pub fn instead(path: &Path, wanted: FileKind, error: LoadError) -> Failure {
    let kind = FileKind::of(path);
    if kind == wanted || kind == FileKind::Scenario && Scenario::load(path, &[]).is_err() {
        return error.into();
    }
    let out = match kind {
        FileKind::Scenario => "",
        _ => " --out DIR",
    };
    Failure::bad_input(format!(
        "{} is {}, not {}; `deconflict {} {}{out}` runs it",
        path.display(),
        kind.word(),
        wanted.word(),
        kind.command(),
        quoted(&path.display().to_string())
    ))
}

/// As a shell takes it for one word.
pub fn quoted(word: &str) -> String {
    let safe = |letter: char| letter.is_alphanumeric() || "-_./=:,@+".contains(letter);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
