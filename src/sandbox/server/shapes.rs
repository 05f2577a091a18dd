//! The control API's JSON shapes.

use serde_json::{Value, json};
use zaptor_actors::domain::clock::Timestamp;

use crate::sandbox::network::{
    Ack, ChatView, Group, GroupId, GroupRefusal, Message, MessageView, Millis, Network, Number, PhoneView,
    Receipt, Role, Timing, WaitingView,
};

/// A moment in RFC 3339.
pub(super) fn moment(millis: Millis) -> String {
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
        "phone": phone.number, "lid": phone.number.lid(), "name": phone.name, "about": phone.about,
        "picture": phone.picture, "online": phone.online, "banned": phone.banned, "blocked": phone.blocked,
        "groups": phone.groups, "linked": linked, "created_at": moment(phone.created_at),
    })
}

/// A chat with its messages, oldest first.
pub(super) fn chat(chat: &ChatView) -> Value {
    let mut shape = chat_base(chat);
    shape["messages"] = chat.messages.iter().map(message).collect();
    shape
}

/// A chat as it stands in the list of chats: with its last message, or null.
pub(super) fn chat_head(chat: &ChatView) -> Value {
    let mut shape = chat_base(chat);
    shape["last"] = json!(chat.messages.last().map(message));
    shape
}

fn chat_base(chat: &ChatView) -> Value {
    let settings = &chat.settings;
    let muted_until = match settings.muted_until {
        0 => Value::Null,
        -1 => json!("forever"),
        until => json!(moment(until.saturating_mul(1_000))),
    };
    json!({
        "peer": chat.peer, "name": chat.name, "unread": chat.unread, "archived": settings.archived,
        "pinned": settings.pinned != 0, "muted_until": muted_until, "marked_unread": settings.marked_unread,
    })
}

/// A message as a phone has it.
pub(super) fn message(message: &MessageView) -> Value {
    let mut shape = common(message);
    shape["from_me"] = json!(message.from_me);
    shape["author"] = json!(message.from);
    shape["starred"] = json!(message.starred);
    shape
}

/// A line of the delivery log.
pub(super) fn delivery(message: &Message) -> Value {
    let mut shape = common(message);
    shape["from"] = json!(message.from);
    shape["to"] = json!(message.to);
    shape["chat"] = json!(message.to);
    shape["session"] = json!(message.session);
    shape["times"] = json!(message.times);
    shape
}

/// What is told of a message wherever it is shown.
fn common(message: &Message) -> Value {
    let content = &message.content;
    let reactions = message.reactions.iter();
    let reactions: Vec<Value> = reactions
        .map(|reaction| json!({"by": reaction.by, "emoji": reaction.emoji, "at": moment(reaction.at)}))
        .collect();
    let votes = message.votes.iter();
    let votes: Vec<Value> = votes
        .map(|vote| json!({"by": vote.by, "options": vote.options, "at": moment(vote.at)}))
        .collect();
    json!({
        "wa_message_id": message.id, "type": content.kind.public_name(), "body": content.body(),
        "content": content.to_public(), "mentions": content.mentions(), "quoted": content.quoted(),
        "forwarded": content.is_forwarded(), "at": moment(message.at), "ack": message.ack,
        "edited_at": message.edit.as_ref().map(|edit| moment(edit.at)),
        "revoked": message.revoked.is_some(), "reactions": reactions, "votes": votes,
        "receipts": message.receipts.iter().map(receipt).collect::<Vec<_>>(),
    })
}

/// How far a message came with one person: a phone without pages is its own one device.
fn receipt(receipt: &Receipt) -> Value {
    let mut devices: Vec<Value> = receipt
        .devices
        .iter()
        .map(|device| {
            let name = device.session.as_deref().unwrap_or("phone");
            json!({"device": name, "ack": device.ack, "at": moment(device.at)})
        })
        .collect();
    if devices.is_empty() && receipt.ack > Ack::Server {
        devices.push(json!({"device": "phone", "ack": receipt.ack, "at": moment(receipt.at)}));
    }
    json!({"phone": receipt.by, "ack": receipt.ack, "at": moment(receipt.at), "devices": devices})
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

/// Timing and behaviour.
pub(super) fn timing(timing: &Timing, seed: u64) -> Value {
    json!({
        "ack_ms": timing.ack_ms, "deliver_ms": timing.deliver_ms, "read_ms": timing.read_ms,
        "auto_reply": timing.auto_reply, "loss": timing.loss, "sync_ms": timing.sync_ms,
        "seed": seed,
    })
}

/// A group, and those who are in it: number, name, role.
pub(super) struct GroupPart {
    pub(super) id: GroupId,
    pub(super) group: Group,
    pub(super) people: Vec<(Number, String, Role)>,
}

impl GroupPart {
    /// Taken out of the network.
    pub(super) fn of(network: &Network, id: &GroupId) -> Result<GroupPart, GroupRefusal> {
        let group = network.group(id)?.clone();
        let people = group.in_order().into_iter();
        let people = people.map(|(person, role)| (person.clone(), network.name_of(person), role));
        Ok(GroupPart {
            id: id.clone(),
            people: people.collect(),
            group,
        })
    }
}

/// A group with those who are in it, in the order in which they came.
pub(super) fn group(part: &GroupPart) -> Value {
    let GroupPart { id, group, people } = part;
    let people: Vec<Value> = people
        .iter()
        .map(|(phone, name, role)| {
            json!({
                "phone": phone, "name": name, "admin": *role != Role::Member, "creator": *role == Role::Creator,
            })
        })
        .collect();
    let description = group.description.as_ref().map(|description| &description.text);
    json!({
        "id": id, "subject": group.subject, "description": description, "owner": group.owner,
        "created_at": moment(group.created_at), "announce": group.announce, "restrict": group.restrict,
        "members_add": group.all_add, "picture": group.picture, "participants": people,
    })
}
