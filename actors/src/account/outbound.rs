//! How a message goes out, and how it ends: outbox, ledger and journal in one write.

use super::{
    Shared, events, metrics,
    recovery::{self, Doubt, Resolution},
    scribe::{GiveBack, ScribeHandle, Settle, Settlement},
    session_task::SessionHandle,
};
use crate::{
    domain::{MessageId, Timestamp, WaMessageId, event::NewEvent, message::Ack},
    ledger::{self, Resolution as Hold},
    outbox::{self, Outcome},
    protocol::account::{Deliver, Delivery},
    session::SendError,
    store::{StoreError, Tx},
};

/// Settles messages inside somebody's transaction.
pub(super) struct Writer<'a> {
    pub(super) shared: &'a Shared,
    pub(super) epoch: i64,
    pub(super) now: Timestamp,
}

impl Writer<'_> {
    /// Ends a send: the row leaves the outbox, the hold is posted or voided; gives the event. Nothing when the epoch is
    /// stale or the message was settled before.
    pub(super) async fn settle(
        &self,
        tx: &Tx,
        message: MessageId,
        outcome: &Outcome,
    ) -> Result<Option<NewEvent>, StoreError> {
        let settled = outbox::settle(tx, message, self.epoch, outcome, &self.shared.node, self.now).await?;
        let Some(settled) = settled else { return Ok(None) };
        let (hold, cause) = match outcome {
            Outcome::Sent => (Hold::Post, None),
            Outcome::Failed { code, .. } => (Hold::Void, Some(code.as_str())),
            Outcome::Unknown { cause } => (Hold::Void, Some(cause.as_str())),
        };
        let ids = &self.shared.ids;
        ledger::resolve(tx, ids, settled.tenant, message, settled.cost, hold, self.now).await?;
        Ok(events::message_moved(&settled, cause))
    }
}

/// What a delivery works with: the session, the scribe, and what all share.
#[derive(Clone)]
pub(super) struct Kit {
    pub(super) session: SessionHandle,
    pub(super) scribe: ScribeHandle,
    pub(super) shared: Shared,
}

/// What the actor has to know of a delivery that did not end well.
pub(super) enum Aftermath {
    /// Nothing.
    None,
    /// Nobody can tell yet.
    InDoubt(Box<Doubt>),
    /// Nobody can tell yet, and the session is lost.
    SessionLost(Box<Doubt>, String),
}

/// Sends a message and settles it.
pub(super) async fn deliver(kit: Kit, deliver: Deliver) -> (Delivery, Aftermath) {
    let doubt = Doubt {
        message: deliver.message,
        attempt: deliver.attempt,
        outgoing: deliver.outgoing,
        since: kit.shared.clock.now(),
    };
    // Before the send, so that an ack which is faster than the answer finds it.
    kit.scribe.watch(doubt.outgoing.id.clone(), doubt.message).await;
    match send(&kit, &doubt).await {
        Sent::Settled(delivery) => (delivery, Aftermath::None),
        Sent::Lost(reason) => (Delivery::InDoubt, Aftermath::SessionLost(Box::new(doubt), reason)),
        Sent::Unclear => match recovery::resolve(&kit, &doubt).await {
            Resolution::Settled(delivery) => (delivery, Aftermath::None),
            Resolution::Open => (Delivery::InDoubt, Aftermath::InDoubt(Box::new(doubt))),
            Resolution::Lost(reason) => (Delivery::InDoubt, Aftermath::SessionLost(Box::new(doubt), reason)),
        },
    }
}

/// How one send went.
pub(super) enum Sent {
    /// Settled, or put back.
    Settled(Delivery),
    /// Nobody can tell; the session can be asked.
    Unclear,
    /// Nobody can tell, and the session is lost.
    Lost(String),
}

/// Sends once, and settles what can be settled.
pub(super) async fn send(kit: &Kit, doubt: &Doubt) -> Sent {
    let clock = &kit.shared.clock;
    let started = clock.instant();
    let error = match kit.session.send(doubt.outgoing.clone()).await {
        Ok(()) => {
            metrics::acknowledged(clock.instant().duration_since(started).as_secs_f64());
            return Sent::Settled(settle(kit, doubt, Outcome::Sent, None).await);
        }
        Err(error) => error,
    };
    match error {
        SendError::Rejected { code, detail } => {
            let outcome = Outcome::Failed {
                code: code.to_owned(),
                detail,
            };
            Sent::Settled(settle(kit, doubt, outcome, None).await)
        }
        SendError::NotSent(cause) => Sent::Settled(
            give_back(
                kit.clone(),
                doubt.message,
                &doubt.outgoing.id,
                doubt.attempt,
                cause,
            )
            .await,
        ),
        SendError::Unknown(error) if error.is_fatal() => Sent::Lost(error.to_string()),
        SendError::Unknown(_) => Sent::Unclear,
    }
}

/// Settles; what an ack has settled meanwhile was sent.
pub(super) async fn settle(kit: &Kit, doubt: &Doubt, outcome: Outcome, ack: Option<Ack>) -> Delivery {
    let wanted = if outcome == Outcome::Sent {
        Delivery::Sent
    } else {
        Delivery::Failed
    };
    let settle = Settle {
        message: doubt.message,
        wa_id: doubt.outgoing.id.clone(),
        outcome,
        ack,
    };
    match kit.scribe.settle(settle).await {
        Settlement::Done => wanted,
        Settlement::Before => Delivery::Sent,
        Settlement::Refused => Delivery::InDoubt,
    }
}

/// Puts a message that was surely not sent back, for a later attempt.
pub(super) async fn give_back(
    kit: Kit,
    message: MessageId,
    wa_id: &WaMessageId,
    attempt: i32,
    cause: String,
) -> Delivery {
    let pause = kit
        .shared
        .settings
        .retry_pause(attempt, kit.shared.ids.fraction());
    let back = GiveBack {
        message,
        wa_id: wa_id.clone(),
        cause,
        run_at: kit.shared.clock.now().after(pause),
    };
    if kit.scribe.give_back(back).await {
        Delivery::Returned
    } else {
        Delivery::InDoubt
    }
}
