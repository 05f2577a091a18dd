//! Who has seen a message, and who has listened to it.

use super::Network;
use super::changes::Actor;
use super::chat_id::ChatId;
use super::delivery::after;
use super::message::Ack;
use super::number::Number;
use super::schedule::Due;
use super::state::{Arrival, Millis};

impl Network {
    /// All whom the message has reached read it; robots then think of an answer.
    pub(super) fn read_by_all(&mut self, at: Millis, arrival: Arrival) {
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let reached = message.receipts.iter();
        let reached = reached.filter(|receipt| receipt.ack == Ack::Delivered);
        let readers: Vec<Number> = reached.map(|receipt| receipt.by.clone()).collect();
        for reader in &readers {
            self.mark_read(at, arrival, on_the_phone(reader));
        }
    }

    /// One person reads the message, on the phone or on a linked page; a robot then thinks of an answer.
    pub(super) fn mark_read(&mut self, at: Millis, arrival: Arrival, reader: Actor<'_>) {
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let receipt = message.receipt(reader.person);
        if receipt.is_none_or(|receipt| receipt.ack != Ack::Delivered) {
            return;
        }
        let answerable = !message.automatic && message.to.person().is_some();
        let chat = message.chat_of(reader.person);
        if let Some(phone) = self.state.phones.get_mut(reader.person)
            && let Some(chat) = phone.chats.get_mut(&chat)
        {
            chat.unseen.remove(&arrival);
        }
        let has_pages = !self.state.sessions_of(reader.person).is_empty();
        let device = has_pages.then_some(reader.session);
        self.raise(at, arrival, reader.person, Ack::Read, device);
        if !has_pages && answerable && self.state.timing.auto_reply.is_some() {
            self.state.schedule.add(after(at, 1), Due::Reply(arrival));
        }
    }

    /// The reader has seen what others wrote in a chat: all of it, or up to one message. Answers whether there was
    /// anything there under that id.
    pub(super) fn see(&mut self, now: Millis, reader: Actor<'_>, chat: &ChatId, id: Option<&str>) -> bool {
        let until = match id.map(|id| self.state.find_in_chat(reader.person, chat, id)) {
            Some(None) => return false,
            Some(Some(arrival)) => arrival,
            None => Arrival::MAX,
        };
        let phone = self.state.phones.get(reader.person);
        let Some(held) = phone.and_then(|phone| phone.chats.get(chat)) else {
            return false;
        };
        let unseen: Vec<Arrival> = held.unseen.range(..=until).copied().collect();
        let news = !unseen.is_empty() || held.settings.marked_unread;
        for arrival in unseen {
            self.mark_read(now, arrival, reader);
        }
        // The others of the account's devices are told once nothing is left: their count covers the whole chat.
        let held = self
            .state
            .phones
            .get(reader.person)
            .and_then(|phone| phone.chats.get(chat));
        if news && held.is_some_and(|held| held.unseen.is_empty()) {
            self.mark_chat_seen(reader, chat);
        }
        self.touch();
        true
    }

    /// The person has listened to a message, or has looked at a status post. Answers whether there is one.
    pub(super) fn play(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        chat: &ChatId,
        id: &str,
        author: Option<&Number>,
    ) -> bool {
        let Some(arrival) = self.state.find_of(actor.person, chat, id, author) else {
            return false;
        };
        self.mark_read(now, arrival, actor);
        let message = self.state.messages.get(&arrival);
        if message.is_some_and(|message| message.content.kind.is_media() && message.to != ChatId::Status) {
            let has_pages = !self.state.sessions_of(actor.person).is_empty();
            let device = has_pages.then_some(actor.session);
            self.raise(now, arrival, actor.person, Ack::Played, device);
        }
        self.touch();
        true
    }
}

/// The person acts on the phone itself.
pub(super) fn on_the_phone(person: &Number) -> Actor<'_> {
    Actor {
        person,
        session: None,
    }
}
