//! How a command fails: four ways, each with its exit code.

use std::fmt::Display;
use std::process::ExitCode;

use serde_json::Value;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service said no: its problem document.
    Refused(Value),
    /// This machine said no, or what was awaited did not happen: a sentence.
    Here(String),
    /// The command line makes no sense: a sentence that says what to write.
    Usage(String),
    /// The service cannot be reached: a sentence that names it.
    Unreachable(String),
    /// Whoever read our output has gone. Nothing is wrong.
    ReaderGone,
}

impl Failure {
    /// A failure of this machine with its cause.
    pub(super) fn machine(what: impl Display, cause: impl Display) -> Self {
        Self::Here(format!("{what}: {cause}"))
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::ReaderGone => ExitCode::SUCCESS,
            Self::Refused(_) | Self::Here(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Unreachable(_) => ExitCode::from(3),
        }
    }

    /// The stable code of a refusal, or an empty text.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused(problem) => problem["code"].as_str().unwrap_or_default(),
            _ => "",
        }
    }
}
