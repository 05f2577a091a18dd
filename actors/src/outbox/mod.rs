//! F3: the outbox, the truth about what still has to be sent. A row lives from acceptance to settlement.
//!
//! This room never opens a transaction, never moves money and never appends events: whoever settles a message does that
//! in the same transaction. A row in `sending` is written only under the epoch that claimed or adopted it.

use serde::Serialize;

use crate::{
    domain::{
        AccountId, Content, Direction, IdSource, Jid, MessageId, MessageStatus, Priority, TenantId,
        Timestamp, Tokens, WaMessageId,
        message::{Ack, Outgoing},
    },
    store::{StoreError, Tx, messages::TRIED, parsed},
};

mod accept;
mod claim;
mod end;
mod inbound;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests;

pub use accept::{NewMessage, Row, accept, first_status};
pub use claim::{
    Claim, adopt, claim_next, due_accounts, first_due, give_back, has_ready, has_work, overdue_accounts,
};
pub use end::{
    AwaitingAck, Outcome, Settled, acknowledge, any_expired, awaiting_acks, cancel, cancel_of_account,
    expire_due, settle,
};
pub use inbound::{InboundFields, known, receive};

/// Row states of the outbox.
const READY: i16 = 0;
const SENDING: i16 = 1;

/// A step of a message's timeline, written beside the change that it tells.
struct Step<'a> {
    status: MessageStatus,
    at: Timestamp,
    attempt: i32,
    node: Option<&'a str>,
    cause: Option<&'a str>,
}

fn add_step(tx: &Tx, message: MessageId, step: Step<'_>) {
    tx.defer(
        "INSERT INTO message_steps (message_id, n, status, at, attempt, node, cause)
         SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5, $6 FROM message_steps WHERE message_id = $1",
        [
            message.to_string().into(),
            step.status.as_str().into(),
            step.at.millis().into(),
            step.attempt.into(),
            step.node.map(str::to_owned).into(),
            step.cause.map(str::to_owned).into(),
        ],
    );
}
