//! What a file is: a scenario, or one of the files that name one.

use std::path::Path;

use crate::scenario::load::Loader;

/// What a TOML file is, by the keys that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A scenario, or anything that names none: its reader says what is wrong with it.
    Scenario,
    /// An experiment, which names a scenario.
    Experiment,
    /// A study, which has parameters or objectives besides.
    Study,
    /// A file of evidence, which has counts to be met besides.
    Evidence,
}

impl FileKind {
    /// What a file is; what cannot be read is taken for a scenario.
    pub fn of(path: &Path) -> FileKind {
        let document = Loader::default().plain(path);
        let has = |key: &str| {
            let document = document.as_ref();
            document.is_some_and(|document| document.get(&[key]).is_some())
        };
        if !has("scenario") {
            FileKind::Scenario
        } else if has("evidence") {
            FileKind::Evidence
        } else if has("parameters") || has("objectives") {
            FileKind::Study
        } else {
            FileKind::Experiment
        }
    }

    /// The command that it is for.
    pub fn command(self) -> &'static str {
        match self {
            FileKind::Scenario => "run",
            FileKind::Experiment => "sweep",
            FileKind::Study => "tune",
            FileKind::Evidence => "match",
        }
    }

    /// What it is called, with its article.
    pub fn word(self) -> &'static str {
        match self {
            FileKind::Scenario => "a scenario",
            FileKind::Experiment => "an experiment",
            FileKind::Study => "a study",
            FileKind::Evidence => "a file of evidence",
        }
    }
}
