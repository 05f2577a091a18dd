//! What time ends: messages that expired before they could be sent.

use std::sync::Arc;

use crate::{
    domain::{
        Clock, IdSource, Timestamp,
        event::{EventType, MessageEvent, NewEvent},
    },
    journal,
    ledger::{self, Resolution},
    outbox::{self, Settled},
    store::{Store, StoreError, Tx},
};

/// How many messages one commit expires.
const CHUNK: i64 = 500;

/// Expires what is due. Gives how many. Costs one read when nothing is.
pub(super) async fn expire(store: &Store, ids: &Arc<IdSource>, clock: &Clock) -> Result<usize, StoreError> {
    let mut all = 0;
    while outbox::any_expired(store.reads(), clock.now()).await? {
        let (ids, now) = (Arc::clone(ids), clock.now());
        let expired = store
            .write(move |tx| {
                Box::pin(async move {
                    let expired = outbox::expire_due(tx, CHUNK, now).await?;
                    end_unsent(
                        tx,
                        &ids,
                        &expired,
                        Some("it could not be sent before it expired"),
                        now,
                    )
                    .await?;
                    Ok(expired.len())
                })
            })
            .await?;
        if expired == 0 {
            break;
        }
        all += expired;
    }
    Ok(all)
}

/// Releases the holds of messages that ended unsent and tells of each.
pub(super) async fn end_unsent(
    tx: &Tx,
    ids: &IdSource,
    ended: &[Settled],
    cause: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut events = Vec::with_capacity(ended.len());
    for settled in ended {
        ledger::resolve(
            tx,
            ids,
            settled.tenant,
            settled.message,
            settled.cost,
            Resolution::Void,
            now,
        )
        .await?;
        let Some(kind) = EventType::of_status(settled.status) else {
            continue;
        };
        let particulars = MessageEvent {
            message: settled.message,
            wa_message_id: &settled.wa_id,
            status: settled.status,
            chat: &settled.chat,
            kind: &settled.kind,
            cost: settled.cost,
            cause,
            callback_data: settled.callback_data.as_deref(),
        };
        events.push(NewEvent::new(
            settled.tenant,
            Some(settled.account),
            kind,
            &particulars,
        ));
    }
    journal::append(tx, ids, now, &events).await
}
