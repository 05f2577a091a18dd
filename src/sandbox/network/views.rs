//! What an onlooker may see of the network: read-only, times still in milliseconds.

use super::chat_id::{ChatId, GroupId};
use super::content::Kind;
use super::message::Message;
use super::number::Number;
use super::state::{Arrival, Chat, ChatSettings, Millis, Timing};
use super::{Network, Refusal, Socket, SocketId};

/// Messages that are shown of each chat where all chats are; more of one chat come on demand.
pub(crate) const SHOWN: usize = 200;

/// One page that a phone has linked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkView {
    pub(crate) session: String,
    pub(crate) linked_at: Millis,
    /// Whether the page is connected now.
    pub(crate) connected: bool,
}

/// A phone with its linked pages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PhoneView {
    pub(crate) number: Number,
    pub(crate) name: String,
    pub(crate) about: String,
    /// Media id of the picture that its owner has set.
    pub(crate) picture: Option<String>,
    pub(crate) online: bool,
    /// Whether WhatsApp has banned it.
    pub(crate) banned: bool,
    pub(crate) blocked: Vec<Number>,
    /// Those it is in.
    pub(crate) groups: Vec<GroupId>,
    pub(crate) linked: Vec<LinkView>,
    pub(crate) created_at: Millis,
}

/// A message as it stands in a chat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MessageView {
    pub(crate) from_me: bool,
    pub(crate) starred: bool,
    pub(crate) message: Message,
}

impl std::ops::Deref for MessageView {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// One chat of a phone, oldest message first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChatView {
    pub(crate) peer: ChatId,
    pub(crate) name: String,
    pub(crate) unread: u32,
    pub(crate) settings: ChatSettings,
    pub(crate) messages: Vec<MessageView>,
}

/// A page that waits for a phone to link it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaitingView {
    pub(crate) page: SocketId,
    /// The QR code it shows now; `None` once it has shown them all.
    pub(crate) code: Option<String>,
    /// When it turns to another code.
    pub(crate) until: Option<Millis>,
    /// The pairing code it shows, and the phone that may type it.
    pub(crate) typed: Option<(String, Number)>,
}

/// What is wanted of the delivery log: what one phone sent or was sent, one WhatsApp id, one chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeliveryFilter {
    pub(crate) phone: Option<Number>,
    pub(crate) id: Option<String>,
    pub(crate) to: Option<ChatId>,
}

impl Network {
    /// All phones, by number.
    pub(crate) fn phones(&self) -> Vec<PhoneView> {
        self.state
            .phones
            .keys()
            .filter_map(|number| self.phone(number).ok())
            .collect()
    }

    /// One phone.
    pub(crate) fn phone(&self, number: &Number) -> Result<PhoneView, Refusal> {
        let phone = self.state.phones.get(number).ok_or(Refusal::UnknownPhone)?;
        let sessions = self.state.sessions_of(number).into_iter();
        let linked = sessions.filter_map(|session| {
            Some(LinkView {
                linked_at: self.state.links.get(&session)?.linked_at,
                connected: self.socket_of(&session).is_some(),
                session,
            })
        });
        let mut linked: Vec<LinkView> = linked.collect();
        linked.sort_by_key(|link| link.linked_at);
        Ok(PhoneView {
            number: number.clone(),
            name: phone.name.clone(),
            about: phone.about.clone(),
            picture: phone.picture_id().cloned(),
            online: phone.online,
            banned: self.state.banned.contains(number),
            blocked: phone.blocked.iter().cloned().collect(),
            groups: self.groups_of(number),
            linked,
            created_at: phone.created_at,
        })
    }

    /// The chats of a phone, the one with the latest message first.
    pub(crate) fn chat_ids(&self, number: &Number) -> Result<Vec<ChatId>, Refusal> {
        if !self.state.phones.contains_key(number) {
            return Err(Refusal::UnknownPhone);
        }
        let chats = self.latest_chats(number).into_iter();
        Ok(chats.map(|(peer, _)| peer.clone()).collect())
    }

    /// The chats of a phone with their latest messages, the chat with the latest one first.
    #[cfg(test)]
    pub(crate) fn chats(&self, number: &Number) -> Result<Vec<ChatView>, Refusal> {
        self.chats_with(number, SHOWN)
    }

    /// The chats of a phone, each with its last message alone.
    pub(crate) fn chat_heads(&self, number: &Number) -> Result<Vec<ChatView>, Refusal> {
        self.chats_with(number, 1)
    }

    fn chats_with(&self, number: &Number, limit: usize) -> Result<Vec<ChatView>, Refusal> {
        if !self.state.phones.contains_key(number) {
            return Err(Refusal::UnknownPhone);
        }
        let chats = self.latest_chats(number).into_iter();
        Ok(chats
            .map(|(peer, chat)| self.chat_view(number, peer, chat, limit))
            .collect())
    }

    /// One chat with its last `limit` messages; one that has not begun yet is empty.
    pub(crate) fn chat(&self, number: &Number, peer: &ChatId, limit: usize) -> Result<ChatView, Refusal> {
        let phone = self.state.phones.get(number).ok_or(Refusal::UnknownPhone)?;
        let none = Chat::default();
        let chat = phone.chats.get(peer).unwrap_or(&none);
        Ok(self.chat_view(number, peer, chat, limit))
    }

    pub(super) fn chat_view(&self, owner: &Number, peer: &ChatId, chat: &Chat, limit: usize) -> ChatView {
        let skipped = chat.messages.len().saturating_sub(limit);
        ChatView {
            peer: peer.clone(),
            name: self.title_of(peer),
            unread: chat.unread(),
            settings: chat.settings.clone(),
            messages: chat
                .messages
                .iter()
                .skip(skipped)
                .filter_map(|arrival| self.message_view(owner, chat, *arrival))
                .collect(),
        }
    }

    /// The pages that nobody has linked yet, in the order in which they came.
    pub(crate) fn waiting(&self, now: Millis) -> Vec<WaitingView> {
        let unlinked = self.sockets.iter().filter(|(_, socket)| socket.session.is_none());
        unlinked
            .filter(|(_, socket)| !socket.refs.is_empty() || socket.code.is_some())
            .map(|(page, socket)| self.waiting_view(now, *page, socket))
            .collect()
    }

    /// A code is taken for one turn longer than the page shows it, so its turn ends that much earlier.
    fn waiting_view(&self, now: Millis, page: SocketId, socket: &Socket) -> WaitingView {
        let turn = i64::try_from(self.rules.ref_ms).unwrap_or(i64::MAX / 16);
        let shown = socket.refs.iter().find(|(_, until)| *until - turn > now);
        WaitingView {
            page,
            code: shown.map(|(code, _)| code.clone()),
            until: shown.map(|(_, until)| *until - turn),
            typed: socket.code.clone(),
        }
    }

    /// A message as `owner` has it in this chat.
    pub(super) fn message_view(&self, owner: &Number, chat: &Chat, arrival: Arrival) -> Option<MessageView> {
        let message = self.state.messages.get(&arrival)?;
        Some(MessageView {
            from_me: &message.from == owner,
            starred: chat.starred.contains(&arrival),
            message: message.clone(),
        })
    }

    /// The latest `limit` messages of a chat before the message `before`, oldest first, and whether there are more.
    pub(crate) fn messages(
        &self,
        number: &Number,
        peer: &ChatId,
        before: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<MessageView>, bool), Refusal> {
        let phone = self.state.phones.get(number).ok_or(Refusal::UnknownPhone)?;
        let none = Chat::default();
        let chat = phone.chats.get(peer).unwrap_or(&none);
        let end = match before {
            None => chat.messages.len(),
            Some(id) => self
                .place_in_chat(number, peer, chat, id)
                .ok_or(Refusal::UnknownMessage)?,
        };
        let begin = end.saturating_sub(limit);
        let piece = chat.messages.range(begin..end);
        let views = piece.filter_map(|arrival| self.message_view(number, chat, *arrival));
        Ok((views.collect(), begin > 0))
    }

    /// The delivery log in order of arrival, as far as it is wanted: what stands after `after` and has `limit` entries
    /// looked at. Answers where to go on.
    pub(crate) fn deliveries(
        &self,
        wanted: &DeliveryFilter,
        after: Arrival,
        limit: usize,
    ) -> (Vec<Message>, Option<Arrival>) {
        let fits = |message: &&Message| {
            let phone = wanted.phone.as_ref();
            phone.is_none_or(|phone| phone == &message.from || message.receipt(phone).is_some())
                && wanted.id.as_ref().is_none_or(|id| id == &message.id)
                && wanted.to.as_ref().is_none_or(|to| to == &message.to)
                // Nobody has sent what the server says about a group.
                && message.content.kind != Kind::Notice
        };
        if let Some(id) = &wanted.id {
            let found = self.state.arrivals_of(id).into_iter();
            let found = found.filter_map(|arrival| self.state.messages.get(&arrival));
            return (found.filter(fits).cloned().collect(), None);
        }
        let piece = self.state.messages.range(after + 1..).take(limit);
        let last = piece.clone().last().map(|(arrival, _)| *arrival);
        let found = piece.map(|(_, message)| message).filter(fits).cloned();
        (found.collect(), last)
    }

    /// Timing and behaviour now, and the seed.
    pub(crate) fn timing(&self) -> (&Timing, u64) {
        (&self.state.timing, self.rules.seed)
    }
}
