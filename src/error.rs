//! One public error, by cause: what the command line needs to choose words and exit code.

use std::path::{Path, PathBuf};

use crate::scenario::LoadError;

/// Why the library could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Scenario(#[from] LoadError),
    #[error("{}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// A file could not be read or written.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Error(Kind::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// The problems, if a scenario is at fault: bad input, not a failure of the machine.
    pub fn scenario(&self) -> Option<&LoadError> {
        match &self.0 {
            Kind::Scenario(error) => Some(error),
            Kind::Io { .. } => None,
        }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Error(Kind::Scenario(error))
    }
}
