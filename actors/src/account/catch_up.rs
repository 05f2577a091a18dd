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
/// How many messages are asked about, in one call for all of them.
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
    let mut rest = awaiting.as_slice();
    while !rest.is_empty() {
        let asked = rest
            .iter()
            .map(|message| (message.chat.clone(), message.wa_id.clone()));
        let answers = match kit.session.look_up_many(asked.collect()).await {
            Ok(answers) if !answers.is_empty() => answers,
            // A page that cannot tell of a single one within its time is not asked again.
            Ok(_) | Err(_) => return,
        };
        let (answered, later) = rest.split_at(answers.len().min(rest.len()));
        let moved = answered
            .iter()
            .zip(answers)
            .filter_map(|(message, found)| match found {
                LookUp::Found(ack) if ack.status().is_some_and(|now| message.status.can_become(now)) => {
                    let id = message.wa_id.clone();
                    Some(Data::Acked { id, ack })
                }
                _ => None,
            });
        let moved: Vec<Data> = moved.collect();
        if !moved.is_empty() {
            kit.scribe.note(Entry::Data(moved, None));
        }
        rest = later;
    }
}
