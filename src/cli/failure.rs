//! How a command fails: what to print, and with which exit code.

use std::fmt::Display;
use std::process::ExitCode;

use deconflict::output::OutputError;
use deconflict::scenario::LoadError;

/// A failure of a command.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be: exit code 2.
    BadInput(String),
    /// Anything else: exit code 1.
    Other(String),
    /// Ctrl-C: exit code 130, as shells have it.
    Interrupted(String),
}

impl Failure {
    /// What to print.
    pub fn message(&self) -> &str {
        match self {
            Failure::BadInput(message)
            | Failure::Other(message)
            | Failure::Interrupted(message) => message,
        }
    }

    /// 2 for bad input, 130 for an interruption, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::BadInput(_) => ExitCode::from(2),
            Failure::Other(_) => ExitCode::from(1),
            Failure::Interrupted(_) => ExitCode::from(130),
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

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let bad = error.is_bad_input();
        let text = format!("error: {:#}", anyhow::Error::new(error));
        if bad {
            Failure::BadInput(text)
        } else {
            Failure::Other(text)
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        // anstream takes the colour out again where nobody would see it.
        Failure::BadInput(error.render(true))
    }
}
