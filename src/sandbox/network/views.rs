//! What an onlooker may see of the network: read-only, times still in milliseconds.

use super::chat_id::ChatId;
use super::content::Kind;
use super::message::{Ack, Message};
use super::number::Number;
use super::state::{CHAT_KEPT, Chat, Millis, Timing};
use super::{Network, Refusal, Socket, SocketId};

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
    pub(crate) online: bool,
    pub(crate) linked: Vec<LinkView>,
    pub(crate) created_at: Millis,
}

/// A message as it stands in a chat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MessageView {
    pub(crate) id: String,
    pub(crate) from_me: bool,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) at: Millis,
    pub(crate) ack: Ack,
}

/// One chat of a phone, oldest message first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChatView {
    pub(crate) peer: ChatId,
    pub(crate) name: String,
    pub(crate) unread: u32,
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

/// One line of the delivery log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeliveryView {
    pub(crate) id: String,
    pub(crate) from: Number,
    pub(crate) to: ChatId,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) at: Millis,
    pub(crate) session: Option<String>,
    /// How often this id arrived at the server.
    pub(crate) times: u32,
    pub(crate) ack: Ack,
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
        let mut linked: Vec<LinkView> = self
            .state
            .links
            .iter()
            .filter(|(_, link)| &link.phone == number)
            .map(|(session, link)| LinkView {
                session: session.clone(),
                linked_at: link.linked_at,
                connected: self.socket_of(session).is_some(),
            })
            .collect();
        linked.sort_by_key(|link| link.linked_at);
        Ok(PhoneView {
            number: number.clone(),
            name: phone.name.clone(),
            online: phone.online,
            linked,
            created_at: phone.created_at,
        })
    }

    /// The chats of a phone with all their messages, the chat with the latest one first.
    pub(crate) fn chats(&self, number: &Number) -> Result<Vec<ChatView>, Refusal> {
        self.chats_with(number, CHAT_KEPT)
    }

    /// As [`Network::chats`], each chat with its last message alone.
    pub(crate) fn chat_heads(&self, number: &Number) -> Result<Vec<ChatView>, Refusal> {
        self.chats_with(number, 1)
    }

    fn chats_with(&self, number: &Number, limit: usize) -> Result<Vec<ChatView>, Refusal> {
        let phone = self.state.phones.get(number).ok_or(Refusal::UnknownPhone)?;
        let mut chats: Vec<_> = phone.chats.iter().collect();
        chats.sort_by_key(|(_, chat)| std::cmp::Reverse(chat.messages.back().copied()));
        Ok(chats
            .into_iter()
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

    fn chat_view(&self, owner: &Number, peer: &ChatId, chat: &Chat, limit: usize) -> ChatView {
        let skipped = chat.messages.len().saturating_sub(limit);
        ChatView {
            peer: peer.clone(),
            name: self.title_of(peer),
            unread: chat.unread(),
            messages: chat
                .messages
                .iter()
                .skip(skipped)
                .filter_map(|arrival| self.state.messages.get(arrival))
                .map(|message| message_view(owner, message))
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

    /// The delivery log in order of arrival: all of it, or what one phone sent or was sent, or
    /// one WhatsApp id.
    pub(crate) fn deliveries(&self, phone: Option<&Number>, id: Option<&str>) -> Vec<DeliveryView> {
        self.state
            .messages
            .values()
            .filter(|message| phone.is_none_or(|phone| phone == &message.from || message.receipt(phone).is_some()))
            // Nobody has sent what the server says about a group.
            .filter(|message| message.content.kind != Kind::Notice)
            .filter(|message| id.is_none_or(|id| id == message.id))
            .map(delivery_view)
            .collect()
    }

    /// Timing and behaviour now, and the seed.
    pub(crate) fn timing(&self) -> (&Timing, u64) {
        (&self.state.timing, self.rules.seed)
    }
}

fn message_view(owner: &Number, message: &Message) -> MessageView {
    MessageView {
        id: message.id.clone(),
        from_me: &message.from == owner,
        kind: message.content.kind.public_name().to_owned(),
        body: message.content.body().to_owned(),
        at: message.at,
        ack: message.ack,
    }
}

fn delivery_view(message: &Message) -> DeliveryView {
    DeliveryView {
        id: message.id.clone(),
        from: message.from.clone(),
        to: message.to.clone(),
        kind: message.content.kind.public_name().to_owned(),
        body: message.content.body().to_owned(),
        at: message.at,
        session: message.session.clone(),
        times: message.times,
        ack: message.ack,
    }
}
