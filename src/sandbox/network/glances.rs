//! What an onlooker who knows the rest looks at: single parts of the network, and what has changed in a chat.

use super::chat_id::ChatId;
use super::number::Number;
use super::state::{Arrival, Chat};
use super::traces::Trace;
use super::views::{ChatView, MessageView};
use super::{Network, Refusal};

/// A chat's last messages, for somebody who follows it from then on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChatEnd {
    pub(crate) chat: ChatView,
    /// There are earlier messages.
    pub(crate) more: bool,
    /// The last one; what comes after it is new.
    pub(crate) last: Option<Arrival>,
}

impl Network {
    /// How many traces there were so far; see [`Network::traces_since`].
    pub(crate) fn mark(&self) -> u64 {
        self.state.traces.mark()
    }

    /// What has changed since then, each once; `None` where too much has.
    pub(crate) fn traces_since(&self, mark: u64) -> Option<Vec<&Trace>> {
        self.state.traces.since(mark)
    }

    /// One chat with its last message alone, if the phone has it.
    pub(crate) fn chat_head(&self, owner: &Number, id: &ChatId) -> Option<ChatView> {
        let chat = self.state.phones.get(owner)?.chats.get(id)?;
        Some(self.chat_view(owner, id, chat, 1))
    }

    /// The last `limit` messages of a chat; one that has not begun yet is empty.
    pub(crate) fn chat_end(&self, owner: &Number, id: &ChatId, limit: usize) -> Result<ChatEnd, Refusal> {
        let phone = self.state.phones.get(owner).ok_or(Refusal::UnknownPhone)?;
        let messages = phone.chats.get(id).map(|chat| &chat.messages);
        Ok(ChatEnd {
            chat: self.chat(owner, id, limit)?,
            more: messages.is_some_and(|messages| messages.len() > limit),
            last: messages.and_then(|messages| messages.back().copied()),
        })
    }

    /// Whether a phone has no chat at all, or does not exist.
    pub(crate) fn has_no_chats(&self, owner: &Number) -> bool {
        let phone = self.state.phones.get(owner);
        phone.is_none_or(|phone| phone.chats.is_empty())
    }

    /// The messages of a chat that came after `last`, oldest first, and the last one of the chat; `None` where `last` is
    /// not among the latest `limit` any more.
    pub(crate) fn messages_after(
        &self,
        owner: &Number,
        id: &ChatId,
        last: Option<Arrival>,
        limit: usize,
    ) -> Option<(Vec<MessageView>, Option<Arrival>)> {
        let none = Chat::default();
        let chat = self.state.phones.get(owner)?.chats.get(id).unwrap_or(&none);
        let mut fresh = Vec::new();
        let mut latest = chat.messages.iter().rev().copied();
        let met = loop {
            match latest.next() {
                Some(arrival) if Some(arrival) == last => break true,
                Some(arrival) if fresh.len() < limit => fresh.push(arrival),
                Some(_) => break false,
                None => break last.is_none(),
            }
        };
        let views = fresh.iter().rev();
        let views = views.filter_map(|arrival| self.message_view(owner, chat, *arrival));
        met.then(|| (views.collect(), chat.messages.back().copied()))
    }

    /// A message as this phone has it; whether it has is not looked at.
    pub(crate) fn message_at(&self, owner: &Number, arrival: Arrival) -> Option<MessageView> {
        let id = self.chat_of_message(owner, arrival)?;
        let none = Chat::default();
        let chat = self.state.phones.get(owner)?.chats.get(&id).unwrap_or(&none);
        self.message_view(owner, chat, arrival)
    }

    /// The chat in which a phone has a message that it wrote or that goes to it.
    pub(crate) fn chat_of_message(&self, owner: &Number, arrival: Arrival) -> Option<ChatId> {
        let message = self.state.messages.get(&arrival)?;
        let concerned = &message.from == owner || message.receipt(owner).is_some();
        concerned.then(|| message.chat_of(owner))
    }
}
