//! The events of the stream that onlookers follow, as JSON: made of what was taken out of the network, outside its lock.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::shapes::{self, GroupPart};
use crate::sandbox::network::{
    ChatView, MessageView, Millis, Number, PhoneView, Timing, Typing, WaitingView,
};

/// Receipts of a message that are told with it. Those of large groups are to be asked for: with a thousand people, each
/// who reads would have the receipts of all others told again.
const RECEIPTS: usize = 16;

/// A chat with some of its messages, and who types in it.
pub(super) struct Head {
    pub(super) chat: ChatView,
    pub(super) typing: Vec<(Number, Typing)>,
    /// Media id of a group's picture.
    pub(super) picture: Option<String>,
}

/// Something to be told.
pub(super) enum Part {
    Phones(Vec<PhoneView>),
    PhonesChanged(Vec<PhoneView>),
    /// `None`: there is no such phone.
    Chats(Number, Option<Vec<Head>>),
    ChatsChanged(Number, Vec<Head>),
    Chat {
        owner: Number,
        head: Head,
        /// There are earlier messages.
        more: bool,
        /// Messages that the onlooker has of it may be wrong.
        remade: bool,
    },
    ChatChanged {
        owner: Number,
        head: Head,
        added: Vec<MessageView>,
        changed: Vec<MessageView>,
    },
    Group(Box<GroupPart>),
}

/// What is told next.
pub(super) struct Picture {
    pub(super) now: Millis,
    /// `None`: nothing about them has changed.
    pub(super) waiting: Option<Vec<WaitingView>>,
    pub(super) timing: Timing,
    pub(super) seed: u64,
    /// Faults that wait or last; there are never many.
    pub(super) faults: Vec<Value>,
    pub(super) parts: Vec<Part>,
}

impl Picture {
    /// All of it: phones first, then what belongs to no phone, then chats. `told` holds the small parts as they were told
    /// last; they come only if they differ.
    pub(super) fn events(&self, told: &mut HashMap<&'static str, String>) -> String {
        let is_phones = |part: &&Part| matches!(part, Part::Phones(_) | Part::PhonesChanged(_));
        let (phones, others): (Vec<&Part>, Vec<&Part>) = self.parts.iter().partition(is_phones);
        let mut events: Vec<(&'static str, Value)> = phones.into_iter().map(Part::event).collect();
        let waiting = self.waiting.as_ref().map(|pages| {
            let pages: Vec<Value> = pages.iter().map(shapes::waiting).collect();
            json!({"data": pages})
        });
        let network = Some(shapes::timing(&self.timing, self.seed));
        let faults = Some(json!({"data": self.faults}));
        for (name, data) in [("pages", waiting), ("network", network), ("faults", faults)] {
            let Some(data) = data else { continue };
            let written = data.to_string();
            if told.get(name) != Some(&written) {
                told.insert(name, written);
                events.push((name, data));
            }
        }
        events.extend(others.into_iter().map(Part::event));
        let written = events.into_iter();
        written
            .map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"))
            .collect()
    }

    /// How long until one of the waiting pages shows another code, in milliseconds. `None` where they were not looked at;
    /// `Some(None)` where none will.
    pub(super) fn next_turn(&self) -> Option<Option<Millis>> {
        let pages = self.waiting.as_ref()?;
        let next = pages.iter().filter_map(|page| page.until).min();
        Some(next.map(|until| (until - self.now).max(1)))
    }
}

impl Part {
    fn event(&self) -> (&'static str, Value) {
        match self {
            Part::Phones(phones) => ("phones", json!({"data": list(phones, shapes::phone)})),
            Part::PhonesChanged(phones) => ("phones_changed", json!({"data": list(phones, shapes::phone)})),
            Part::Chats(owner, heads) => {
                let heads = heads.as_ref().map(|heads| list(heads, Head::shape));
                ("chats", json!({"phone": owner, "data": heads}))
            }
            Part::ChatsChanged(owner, heads) => (
                "chats_changed",
                json!({"phone": owner, "data": list(heads, Head::shape)}),
            ),
            Part::Chat {
                owner,
                head,
                more,
                remade,
            } => {
                let mut data = head.shape();
                data["messages"] = list(&head.chat.messages, message);
                data["more"] = json!(more);
                ("chat", json!({"phone": owner, "remade": remade, "data": data}))
            }
            Part::ChatChanged {
                owner,
                head,
                added,
                changed,
            } => {
                let mut data = head.shape();
                data["added"] = list(added, message);
                data["changed"] = list(changed, message);
                ("chat_changed", json!({"phone": owner, "data": data}))
            }
            Part::Group(group) => ("group", json!({"data": shapes::group(group)})),
        }
    }
}

fn list<T>(of: &[T], shape: impl Fn(&T) -> Value) -> Value {
    of.iter().map(shape).collect()
}

/// A message of a chat that is followed.
fn message(message: &MessageView) -> Value {
    let mut shape = shapes::message(message);
    if shape["receipts"]
        .as_array()
        .is_some_and(|receipts| receipts.len() > RECEIPTS)
        && let Some(fields) = shape.as_object_mut()
    {
        fields.remove("receipts");
    }
    shape
}

impl Head {
    /// As it stands in the list of chats: with as much of the last message as is shown there.
    fn shape(&self) -> Value {
        let mut shape = shapes::chat_head(&self.chat);
        let typing = |(phone, typing): &(Number, Typing)| json!({"phone": phone, "state": typing.name()});
        shape["typing"] = list(&self.typing, typing);
        shape["picture"] = json!(self.picture);
        if let Some(last) = shape["last"].as_object_mut() {
            for left_out in ["receipts", "reactions", "votes", "quoted"] {
                last.remove(left_out);
            }
            if let Some(content) = last.get_mut("content").and_then(Value::as_object_mut) {
                content.remove("thumbnail");
            }
        }
        shape
    }
}
