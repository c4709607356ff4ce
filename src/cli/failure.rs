//! How a command fails: what to print, and with which exit code.

use std::fmt;
use std::fmt::Display;
use std::process::ExitCode;

use deconflict::experiment::replicate::ReplicateError;
use deconflict::experiment::sweep::SweepError;
use deconflict::experiment::tune::fly::FlyError;
use deconflict::output::{JournalError, OutputError};
use deconflict::safe;
use deconflict::scenario::LoadError;

/// A failure of a command.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be: exit code 2.
    BadInput(String),
    /// Problems of files, as the checker shows them, with its colours: exit code 2.
    Problems(String),
    /// A fault of the machine, which another time or another machine may not have: exit code 1.
    Machine(String),
    /// Anything else: exit code 1.
    Other(String),
    /// Ctrl-C: exit code 130, as shells have it.
    Interrupted(String),
    /// A task of a cluster that may go better the next time: exit code 75, EX_TEMPFAIL of sysexits.h.
    Temporary(String),
}

impl Failure {
    /// What to print.
    pub fn message(&self) -> &str {
        match self {
            Failure::BadInput(message)
            | Failure::Problems(message)
            | Failure::Machine(message)
            | Failure::Other(message)
            | Failure::Interrupted(message)
            | Failure::Temporary(message) => message,
        }
    }

    /// The same where whoever started the command may try again: exit code 75 for what may then go better.
    pub fn temporary(self) -> Failure {
        match self {
            Failure::Machine(message) | Failure::Interrupted(message) => {
                Failure::Temporary(message)
            }
            other => other,
        }
    }

    /// 2 for bad input, 75 for what may go better the next time, 130 for an interruption, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::BadInput(_) | Failure::Problems(_) => ExitCode::from(2),
            Failure::Machine(_) | Failure::Other(_) => ExitCode::from(1),
            Failure::Temporary(_) => ExitCode::from(75),
            Failure::Interrupted(_) => ExitCode::from(130),
        }
    }

    /// Says it on standard error.
    pub fn tell(&self) {
        match self {
            Failure::Problems(message) => super::tell_coloured(&safe::coloured(message)),
            other => super::tell_coloured(&safe::terminal(other.message())),
        }
    }

    /// A fault of the program, which has said where it is.
    pub fn fault() -> Failure {
        Failure::Other(format!(
            "error: this is a fault of deconflict {}: please report it, with the command line and its files",
            env!("CARGO_PKG_VERSION")
        ))
    }

    /// A replication failed: which, and how to repeat it; `name` is what names the scenario on a command line.
    pub fn replication(name: &str, seed: u64, index: u64, message: &str) -> Failure {
        Failure::Other(format!(
            "error: replication {index} of {name}, seed {seed}, failed: {message}\nRepeat it: deconflict run {name} --replication {index}"
        ))
    }

    /// Why replications ended early; `name` is what names the scenario on a command line.
    pub fn of_replications(error: ReplicateError<Failure>, name: &str) -> Failure {
        match error {
            ReplicateError::Sink(failure) => failure,
            ReplicateError::Threads { .. } => Failure::Machine(format!("error: {error}")),
            ReplicateError::Panicked {
                replication,
                message,
            } => Failure::replication(name, replication.seed, replication.index, &message),
        }
    }

    /// A wrong request.
    pub fn bad_input(message: impl Display) -> Failure {
        Failure::BadInput(format!("error: {message}"))
    }

    /// A fault, with what was attempted.
    pub fn other(error: impl Into<anyhow::Error>, context: &'static str) -> Failure {
        Failure::Other(format!("error: {:#}", error.into().context(context)))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Failure {}

impl From<SweepError<Failure>> for Failure {
    fn from(error: SweepError<Failure>) -> Self {
        match error {
            SweepError::Sink(failure) => failure,
            SweepError::Threads { .. } => Failure::Machine(format!("error: {error}")),
        }
    }
}

impl From<FlyError> for Failure {
    fn from(error: FlyError) -> Self {
        match error {
            FlyError::Interrupted => Failure::Interrupted(
                "interrupted: every finished generation is kept, --resume goes on".to_owned(),
            ),
            FlyError::Threads { .. } => Failure::Machine(format!("error: {error}")),
            FlyError::Failed { .. } => Failure::Other(format!("error: {error}")),
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let bad = error.is_bad_input();
        let passing = matches!(
            error,
            OutputError::Io { .. }
                | OutputError::Busy { .. }
                | OutputError::Journal(JournalError::Busy { .. })
        );
        let text = format!("error: {:#}", anyhow::Error::new(error));
        if passing {
            Failure::Machine(text)
        } else if bad {
            Failure::BadInput(text)
        } else {
            Failure::Other(text)
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        // anstream takes the colour out again where nobody would see it.
        Failure::Problems(error.render(true))
    }
}
