//! What the dispatcher is told. All of it are nudges: losing one costs latency only, the outbox is the truth.

use actix::Message;

use crate::domain::AccountId;

/// Messages of this account were committed to the outbox.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct OutboxGrew {
    /// Whose.
    pub account: AccountId,
}

/// The account is online and has resolved its in-doubt messages: its lane may run. `epoch` is written into every claim.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct AccountReady {
    /// Which.
    pub account: AccountId,
    /// The epoch under which it owns its outbox rows.
    pub epoch: i64,
}

/// The account can send no more (not online, stopped, dead).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct AccountUnready {
    /// Which.
    pub account: AccountId,
}
