//! What comes in: messages, stored once, and the acks that follow a send. And how the session's stream is held back to
//! the pace of the store.

use std::sync::Arc;

use futures::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{events, scribe::Data};
use crate::{
    domain::{AccountId, Timestamp, WaMessageId, event::NewEvent, message::Ack},
    outbox::{self, InboundFields},
    session::{InboundMessage, SessionEvent},
    store::{StoreError, Tx},
};

/// How many events the actor takes in one turn.
const CHUNK: usize = 64;
/// How many chunks may be under way between the session and the store.
const CHUNKS: usize = 2;

/// Events of the session, in order. As long as the permit lives, at most one more chunk is taken from the session.
pub(super) struct Chunk {
    pub(super) events: Vec<SessionEvent>,
    pub(super) permit: Arc<OwnedSemaphorePermit>,
}

/// The session's events as chunks, at the pace at which their permits are dropped.
pub(super) fn chunks(events: mpsc::Receiver<SessionEvent>) -> impl Stream<Item = Chunk> {
    let permits = Arc::new(Semaphore::new(CHUNKS));
    stream::unfold((events, permits), |(mut events, permits)| async move {
        let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
        let mut chunk = Vec::with_capacity(CHUNK);
        if events.recv_many(&mut chunk, CHUNK).await == 0 {
            return None;
        }
        let chunk = Chunk {
            events: chunk,
            permit: Arc::new(permit),
        };
        Some((chunk, (events, permits)))
    })
}

/// A message that came in, as the outbox stores it. `backfilled` if the page had told nobody of it.
pub(super) fn received(message: InboundMessage, backfilled: bool) -> Data {
    Data::Received {
        sent_at: message.sent_at,
        fields: InboundFields {
            backfilled,
            wa_id: message.id,
            chat: message.chat,
            from: message.from,
            sender_name: message.sender_name,
            content: message.content,
        },
    }
}

/// Writes an ack; gives its event, or nothing when it tells nothing new.
pub(super) async fn acknowledge(
    tx: &Tx,
    account: AccountId,
    id: &WaMessageId,
    ack: Ack,
    now: Timestamp,
) -> Result<Option<NewEvent>, StoreError> {
    let moved = outbox::acknowledge(tx, account, id, ack, now).await?;
    Ok(moved.and_then(|moved| events::message_moved(&moved, None)))
}
