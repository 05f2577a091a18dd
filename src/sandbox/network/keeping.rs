//! What an account keeps of its own: stars, settings of chats, and what it has deleted for itself alone. The other
//! devices of the account hear of it; nobody else does.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Network;
use super::changes::Actor;
use super::chat_id::ChatId;
use super::state::{Arrival, ChatSettings, News};
use super::traces::Trace;

/// What is to be set; what is not mentioned stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ChatChange {
    /// Delete all messages.
    clear: bool,
    /// Delete the chat.
    remove: bool,
    archive: Option<bool>,
    pin: Option<i64>,
    #[serde(rename = "muteExpiration")]
    mute_expiration: Option<i64>,
    #[serde(rename = "markedUnread")]
    marked_unread: Option<bool>,
}

impl ChatChange {
    /// The push that tells of it.
    fn frame(&self, chat: &ChatId) -> Value {
        let mut frame = json!({"t": "chat_set", "chat": chat.wid()});
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                frame[name] = value;
            }
        };
        put("clear", self.clear.then_some(json!(true)));
        put("remove", self.remove.then_some(json!(true)));
        put("archive", self.archive.map(|archive| json!(archive)));
        put("pin", self.pin.map(|pin| json!(pin)));
        put("muteExpiration", self.mute_expiration.map(|until| json!(until)));
        put("markedUnread", self.marked_unread.map(|unread| json!(unread)));
        frame
    }
}

impl ChatSettings {
    /// What stands in a chat's entry; the default is left out.
    pub(super) fn entry(&self, entry: &mut Value) {
        if self.archived {
            entry["archive"] = json!(true);
        }
        if self.pinned != 0 {
            entry["pin"] = json!(self.pinned);
        }
        if self.muted_until != 0 {
            entry["muteExpiration"] = json!(self.muted_until);
        }
        if self.marked_unread {
            entry["markedUnread"] = json!(true);
        }
    }
}

impl Network {
    /// Sets what is mentioned, or empties the chat, or deletes it.
    pub(super) fn set_chat(&mut self, actor: Actor<'_>, chat: &ChatId, change: &ChatChange) {
        let Some(phone) = self.state.phones.get_mut(actor.person) else {
            return;
        };
        if change.remove {
            phone.chats.remove(chat);
        } else {
            let held = phone.chats.entry(chat.clone()).or_default();
            if change.clear {
                held.messages.clear();
                held.unseen.clear();
                held.starred.clear();
            }
            let settings = &mut held.settings;
            settings.archived = change.archive.unwrap_or(settings.archived);
            settings.pinned = change.pin.unwrap_or(settings.pinned);
            settings.muted_until = change.mute_expiration.unwrap_or(settings.muted_until);
            settings.marked_unread = change.marked_unread.unwrap_or(settings.marked_unread);
        }
        let owner = actor.person.clone();
        self.state.traces.leave(if change.remove {
            Trace::Chats(owner)
        } else if change.clear {
            Trace::Remade(owner, chat.clone())
        } else {
            Trace::Chat(owner, chat.clone())
        });
        self.touch();
        self.tell_others(actor.person, actor.session, &News::Frame(change.frame(chat)));
    }

    /// The chat is read: its other devices show it so.
    pub(super) fn mark_chat_seen(&mut self, actor: Actor<'_>, chat: &ChatId) {
        let seen = ChatChange {
            marked_unread: Some(false),
            ..ChatChange::default()
        };
        self.set_chat(actor, chat, &seen);
    }

    /// Gives messages a star, or takes it. Those that the account does not have are passed over.
    pub(super) fn star(&mut self, actor: Actor<'_>, chat: &ChatId, ids: &[String], star: bool) {
        let found = self.found(actor, chat, ids);
        let Some(held) = self.chat_mut(actor, chat) else {
            return;
        };
        for arrival in &found {
            if star {
                held.starred.insert(*arrival);
            } else {
                held.starred.remove(arrival);
            }
        }
        for arrival in found {
            self.state.traces.leave(Trace::Message(arrival));
        }
        self.touch();
        let news = json!({"t": "starred", "chat": chat.wid(), "ids": ids, "star": star});
        self.tell_others(actor.person, actor.session, &News::Frame(news));
    }

    /// Deletes messages for this account alone.
    pub(super) fn forget(&mut self, actor: Actor<'_>, chat: &ChatId, ids: &[String]) {
        let found = self.found(actor, chat, ids);
        let Some(held) = self.chat_mut(actor, chat) else {
            return;
        };
        held.messages.retain(|arrival| !found.contains(arrival));
        for arrival in found {
            held.lose(arrival);
        }
        let remade = Trace::Remade(actor.person.clone(), chat.clone());
        self.state.traces.leave(remade);
        self.touch();
        let news = json!({"t": "forgotten", "chat": chat.wid(), "ids": ids});
        self.tell_others(actor.person, actor.session, &News::Frame(news));
    }

    fn found(&self, actor: Actor<'_>, chat: &ChatId, ids: &[String]) -> Vec<Arrival> {
        let known = ids.iter();
        known
            .filter_map(|id| self.state.find_in_chat(actor.person, chat, id))
            .collect()
    }

    fn chat_mut(&mut self, actor: Actor<'_>, chat: &ChatId) -> Option<&mut super::state::Chat> {
        self.state.phones.get_mut(actor.person)?.chats.get_mut(chat)
    }
}
