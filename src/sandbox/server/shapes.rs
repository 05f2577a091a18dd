//! The control API's JSON shapes.

use serde_json::{Value, json};
use zaptor_actors::domain::clock::Timestamp;

use crate::sandbox::network::{ChatView, DeliveryView, MessageView, Millis, PhoneView, Timing, WaitingView};

fn moment(millis: Millis) -> String {
    Timestamp::from_millis(millis).to_string()
}

/// A phone with its linked pages.
pub(super) fn phone(phone: &PhoneView) -> Value {
    let linked: Vec<Value> = phone
        .linked
        .iter()
        .map(|link| {
            json!({
                "session": link.session, "linked_at": moment(link.linked_at), "connected": link.connected,
            })
        })
        .collect();
    json!({
        "phone": phone.number, "name": phone.name, "online": phone.online, "linked": linked,
        "created_at": moment(phone.created_at),
    })
}

/// A chat with its messages, oldest first.
pub(super) fn chat(chat: &ChatView) -> Value {
    let messages: Vec<Value> = chat.messages.iter().map(message).collect();
    json!({"peer": chat.peer, "name": chat.name, "unread": chat.unread, "messages": messages})
}

/// A chat as it stands in the list of chats: with its last message, or null.
pub(super) fn chat_head(chat: &ChatView) -> Value {
    let last = chat.messages.last().map(message);
    json!({"peer": chat.peer, "name": chat.name, "unread": chat.unread, "last": last})
}

fn message(message: &MessageView) -> Value {
    json!({
        "wa_message_id": message.id, "from_me": message.from_me, "type": message.kind,
        "body": message.body, "at": moment(message.at), "ack": message.ack,
    })
}

/// A page that waits to be linked.
pub(super) fn waiting(page: &WaitingView) -> Value {
    let typed = page
        .typed
        .as_ref()
        .map(|(code, phone)| json!({"code": code, "phone": phone}));
    json!({
        "page": page.page, "code": page.code, "expires_at": page.until.map(moment), "pairing": typed,
    })
}

/// A line of the delivery log.
pub(super) fn delivery(delivery: &DeliveryView) -> Value {
    json!({
        "wa_message_id": delivery.id, "from": delivery.from, "to": delivery.to, "type": delivery.kind,
        "body": delivery.body, "at": moment(delivery.at), "session": delivery.session,
        "times": delivery.times, "ack": delivery.ack,
    })
}

/// Timing and behaviour.
pub(super) fn timing(timing: &Timing, seed: u64) -> Value {
    json!({
        "ack_ms": timing.ack_ms, "deliver_ms": timing.deliver_ms, "read_ms": timing.read_ms,
        "auto_reply": timing.auto_reply, "loss": timing.loss, "seed": seed,
    })
}
