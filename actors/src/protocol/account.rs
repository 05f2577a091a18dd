//! What an account is told.

use std::time::Duration;

use actix::Message;

use crate::domain::{HibernationCause, MessageId, PairingMethod, Phone, Timestamp, message::Outgoing};

/// Send this message. The outbox row was claimed (`sending`, with attempt and epoch, committed) before. Answered when
/// the account has settled it or knows that it cannot.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Delivery, AccountError>")]
pub struct Deliver {
    /// The message.
    pub message: MessageId,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The epoch under which the row was claimed. An account that owns another epoch sends nothing: the row is then
    /// looked up by whoever adopts it.
    pub epoch: i64,
    /// What goes over the wire.
    pub outgoing: Outgoing,
}

/// How a delivery ended, as committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Acknowledged by WhatsApp's server and settled: the message is `sent`, its hold posted.
    Sent,
    /// Refused for good and settled: the message is `failed`, its hold voided.
    Failed,
    /// Surely not sent; the row is ready again (the pump may try later).
    Returned,
    /// Nobody can tell yet; the row stays `sending` and the account looks it up once it is online again.
    InDoubt,
}

/// Give the pairing code that is shown now.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Pairing, AccountError>")]
pub struct GetPairing;

/// Get a code that is typed on the phone of this number instead of scanning one. Asked again, the same number gets the
/// same code while it is good.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Pairing, AccountError>")]
pub struct PairByPhone {
    /// The number.
    pub phone: Phone,
}

/// A pairing code. A secret while it lasts.
#[derive(Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Whether it is scanned or typed.
    pub method: PairingMethod,
    /// The content of the QR code, or the eight signs to be typed.
    pub code: String,
    /// When the page replaces it.
    pub expires_at: Timestamp,
    /// The how-manieth code of this pairing it is, from 1.
    pub attempt: u32,
}

impl std::fmt::Debug for Pairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pairing(attempt {})", self.attempt)
    }
}

/// Take a picture of the page (PNG).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<u8>, AccountError>")]
pub struct TakeScreenshot;

/// Put the agent's files of this name into the page and load it anew, in place. Answered once their agent answers; what
/// they are worth shows afterwards.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct ReplaceAgent {
    /// As the engine's files name it.
    pub build: String,
}

/// End the link on WhatsApp's side, keep the account.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), AccountError>")]
pub struct LogOut;

/// Close the session and end the actor. `state` is where the account then stands (`stopped`, or `restarting` when a new
/// generation follows at once).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Stop {
    /// Why a new generation follows; nothing when none does.
    pub restart: Option<Restart>,
}

/// Why a session is closed in order, to be opened anew at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Somebody asked for it.
    Asked,
    /// Its browser takes more than the soft limit.
    Memory {
        /// What it took, in bytes (PSS).
        bytes: u64,
        /// The soft limit in bytes.
        limit_bytes: u64,
    },
}

/// Close the session in order and end the actor: the account is parked, and says so with this reason.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Park {
    /// Why.
    pub why: HibernationCause,
    /// The same, for people.
    pub reason: String,
}

/// Why an account could not do as told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// It is not in a state for it; the text names the state and what would help. Nothing was done.
    #[error("{0}")]
    WrongState(String),
    /// No pairing code is shown.
    #[error("the account is not pairing")]
    NotPairing,
    /// WhatsApp gives no pairing code for this number.
    #[error("WhatsApp gives no pairing code for this number")]
    PhoneRefused,
    /// Too many pairing codes were asked for.
    #[error("too many pairing codes were asked for; try again in {retry_after:?}")]
    TooManyCodes {
        /// When the next one may be asked for.
        retry_after: Duration,
    },
    /// The session failed; the text says how.
    #[error("{0}")]
    Session(String),
    /// The account is not running on this node. Nothing was done.
    #[error("the account is not running")]
    NotRunning,
    /// So many commands wait for this account that one more is refused; trying again later is right.
    #[error("too many commands wait for this account; try again in a moment")]
    Busy,
    /// The answer did not come in time, or the actor died over it.
    #[error("the account did not answer in time")]
    NoAnswer,
}

/// How one probe of a round trip went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSeen {
    /// When its answer came, or was given up.
    pub at: Timestamp,
    /// How long the round trip took, in milliseconds; nothing when it failed.
    pub took_ms: Option<u64>,
    /// Why it failed, at most 200 bytes.
    pub error: Option<String>,
}

/// A generation's browser takes more memory than it may: it is about to be killed, and the generation ends.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct MemoryOverLimit {
    /// Whose browser. It may still be there when the next generation has begun, which has no part in it.
    pub generation: u64,
    /// What it takes, in bytes.
    pub bytes: u64,
    /// What it may take, in bytes.
    pub limit_bytes: u64,
}
