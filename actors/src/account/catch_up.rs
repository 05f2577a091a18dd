//! Acks that came while nobody listened: the page has them in its store and does not repeat them. A reborn generation
//! asks for those of its recent messages that are not read yet, once, beside its other work.

use std::time::Duration;

use super::{
    outbound::Kit,
    scribe::{Data, Entry},
};
use crate::{
    domain::{AccountId, TenantId},
    outbox,
    session::LookUp,
};

/// How far back is asked: what is older is hardly read any more, and the page may have dropped it.
const SPAN: Duration = Duration::from_secs(48 * 3_600);
/// How many messages are asked about; one look-up takes about a millisecond.
const MOST: i64 = 500;

/// Asks, and writes down what has moved. Ends at once when the session is lost: the next generation asks again.
pub(super) async fn catch_up(kit: Kit, whose: (TenantId, AccountId)) {
    let shared = &kit.shared;
    let since = shared.clock.now().before(SPAN);
    let awaiting = match outbox::awaiting_acks(shared.store.reads(), whose, since, MOST).await {
        Ok(awaiting) => awaiting,
        Err(error) => {
            tracing::warn!(target: "zaptor::account", account = %whose.1, %error, "missed acks are not looked for");
            return;
        }
    };
    for message in awaiting {
        match kit.session.look_up(message.chat, message.wa_id.clone()).await {
            Ok(LookUp::Found(ack)) if ack.status().is_some_and(|now| message.status.can_become(now)) => {
                let data = vec![Data::Acked {
                    id: message.wa_id,
                    ack,
                }];
                kit.scribe.note(Entry::Data(data, None));
            }
            Err(error) if error.is_fatal() => return,
            Ok(_) | Err(_) => {}
        }
    }
}
