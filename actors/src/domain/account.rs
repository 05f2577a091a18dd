//! The states of an account and the kinds of engine.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which engine serves an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// A real Chromium with WhatsApp Web.
    #[default]
    Browser,
    /// In-process, seeded, without a browser: for load tests and demonstrations.
    Simulated,
}

/// Where an account stands. `Online` is only said after a proven round trip through the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Known, never started.
    Created,
    /// An engine is being opened.
    Starting,
    /// The page waits for a phone to scan or type a code.
    Pairing,
    /// Linked; the page loads its chats.
    Syncing,
    /// A round trip to WhatsApp's server and back was proven.
    Online,
    /// The session stands but the last proof failed; repair is under way.
    Degraded,
    /// The session died and a new one is being made.
    Restarting,
    /// Parked to save memory.
    Hibernated,
    /// Stopped by a person.
    Stopped,
    /// The phone ended the link; a person must link again.
    LoggedOut,
    /// WhatsApp refuses the number.
    Banned,
    /// Restarts were tried too often; they go on at long intervals.
    Failed,
}

impl AccountState {
    /// Every state, in the order of the contract.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Starting,
        Self::Pairing,
        Self::Syncing,
        Self::Online,
        Self::Degraded,
        Self::Restarting,
        Self::Hibernated,
        Self::Stopped,
        Self::LoggedOut,
        Self::Banned,
        Self::Failed,
    ];
}

/// How a phone is to link a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairingMethod {
    /// It scans a QR code.
    Qr,
    /// A code of eight signs is typed on it.
    Code,
}

/// A text that is none of the known words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of the known words")]
pub struct UnknownWord(pub String);

/// Gives an enum the text form that serde gives it, for the database and for labels of metrics.
macro_rules! words {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $name {
            /// The word in JSON, in the database and in metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $name {
            type Err = $crate::domain::account::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err($crate::domain::account::UnknownWord(other.to_owned())),
                }
            }
        }
    };
}
pub(crate) use words;

words!(EngineKind { Browser = "browser", Simulated = "simulated" });
words!(AccountState {
    Created = "created",
    Starting = "starting",
    Pairing = "pairing",
    Syncing = "syncing",
    Online = "online",
    Degraded = "degraded",
    Restarting = "restarting",
    Hibernated = "hibernated",
    Stopped = "stopped",
    LoggedOut = "logged_out",
    Banned = "banned",
    Failed = "failed",
});
