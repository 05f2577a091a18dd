//! F4: the dispatcher. The intake commits what clients submit, many in one commit; the pump hands what waits to its
//! accounts, one at a time and account.
//!
//! This room never says yes before the commit has, never sends what it has not claimed, and never keeps a message in
//! memory only: it may die at any time and nothing is lost.

use std::time::Duration;

use crate::{
    domain::{
        AccountId, Content, Jid, MessageId, MessageStatus, Priority, TenantId, Timestamp, Tokens, WaMessageId,
    },
    ledger::Balance,
    store::StoreError,
};

mod batch;
mod cancel;
mod intake;
mod pump;
mod sweep;

pub use cancel::{Cancel, cancel, delete_account};
pub use intake::{Intake, IntakeParts};
pub use pump::{Pump, PumpParts};

/// How the dispatcher works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many submissions may wait for their commit; more are refused with 503. 1 to 1,000,000.
    pub intake_queue: usize,
    /// How many submissions one commit may take, 1 to 4,096.
    pub intake_batch_max: usize,
    /// How long the pump waits for an account's answer to one delivery; must exceed the engine's send deadline.
    pub deliver_timeout: Duration,
    /// How often the pump looks for what nudges missed: schedules, retries, expiry.
    pub poll_interval: Duration,
    /// How long a message may wait before it expires, when the client does not say.
    pub default_expiry: Duration,
    /// How long an answer is kept for its `Idempotency-Key`, at least 24 hours.
    pub keep_answers: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        Self {
            intake_queue: 8_192,
            intake_batch_max: 512,
            deliver_timeout: Duration::from_secs(60),
            poll_interval: Duration::from_secs(1),
            default_expiry: DAY,
            keep_answers: DAY,
        }
    }
}

/// A message that a client submits. Everything is validated; the account may still turn out not to exist.
#[derive(Clone, Debug)]
pub struct Submit {
    /// Whose.
    pub tenant: TenantId,
    /// Which account sends it.
    pub account: AccountId,
    /// The recipient as the client wrote it.
    pub recipient: String,
    /// Where to.
    pub chat: Jid,
    /// What it says.
    pub content: Content,
    /// Who goes first.
    pub priority: Priority,
    /// Not before.
    pub send_at: Option<Timestamp>,
    /// Not after; `None` takes the default.
    pub expires_at: Option<Timestamp>,
    /// The client's own word for it.
    pub callback_data: Option<String>,
    /// Whether tokens are charged: a test key never bills.
    pub billed: bool,
    /// The client's key for repeats.
    pub idempotency: Option<IdempotencyKey>,
    /// Makes the body of the answer, which is kept with the key in the same commit. HTTP shapes live in the edge, so the
    /// edge brings it.
    pub render: fn(&Accepted) -> String,
}

/// A client's key for repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 1 to 255 visible characters.
    pub key: String,
    /// A digest of method, path and body: the same key with another body is refused.
    pub fingerprint: String,
}

/// A message that was accepted, durably, with its hold and its event.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its id.
    pub id: MessageId,
    /// Its id on WhatsApp, for every attempt.
    pub wa_id: WaMessageId,
    /// `queued` or `scheduled`.
    pub status: MessageStatus,
    /// Which account sends it.
    pub account: AccountId,
    /// The recipient as the client wrote it.
    pub recipient: String,
    /// Where to.
    pub chat: Jid,
    /// What is held for it.
    pub cost: Tokens,
    /// The wallet right after its hold.
    pub balance: Balance,
}

/// The answer to a submission.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Committed.
    Accepted {
        /// What was committed.
        accepted: Accepted,
        /// The rendered body.
        body: String,
    },
    /// The same key and body came before: the first answer again.
    Replayed {
        /// The first answer's HTTP status.
        status: u16,
        /// The first answer's body, byte for byte.
        body: String,
    },
}

/// Why a submission was refused. Nothing was stored and nothing held.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The wallet has too little.
    #[error("the message costs {needed} tokens, {available} are available")]
    InsufficientTokens {
        /// What it costs.
        needed: Tokens,
        /// What is there.
        available: Tokens,
    },
    /// Too much is waiting already.
    #[error("too many messages are waiting to be stored")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The key came before with another body.
    #[error("the idempotency key was used with another request")]
    IdempotencyKeyReused,
    /// The first request with this key is not answered yet.
    #[error("the first request with this idempotency key is still being answered")]
    IdempotencyInProgress,
    /// The tenant has no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The database could not commit.
    #[error(transparent)]
    Store(#[from] StoreError),
}
