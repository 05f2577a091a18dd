//! A message's way through the network: taken once, delivered once, acknowledged upwards only.

use rand::RngExt;
use serde_json::{Value, json};

use super::faults::{FaultKind, LATE_MS};
use super::number::Number;
use super::schedule::Due;
use super::state::{Ack, Arrival, BACKLOG_KEPT, Message, Millis, News};
use super::{Network, SocketId};

/// What someone wants to send.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) to: Number,
    pub(super) kind: String,
    pub(super) body: String,
    pub(super) automatic: bool,
}

/// Adds a length of time to a moment; absurd lengths end at the last moment there is.
pub(super) fn after(now: Millis, delay: u64) -> Millis {
    now.saturating_add(i64::try_from(delay).unwrap_or(i64::MAX))
}

impl Network {
    /// A page sends. The answer comes later, by the schedule, unless it is a refusal.
    pub(super) fn send_from_page(
        &mut self,
        now: Millis,
        socket: SocketId,
        rid: &str,
        draft: Draft,
    ) -> Option<Value> {
        let session = self.sockets.get(&socket)?.session.clone()?;
        let from = self.phone_of(socket)?;
        if !draft.to.is_on_whatsapp() {
            return Some(json!({"error": "not-on-whatsapp"}));
        }
        if let Some(known) = self.state.find(&from, &draft.id) {
            self.again(socket, rid, known);
            return None;
        }
        let fault = self.spring(now, &from);
        let kind = fault.as_ref().map(|fault| fault.kind);
        let ack_ms = match kind {
            Some(FaultKind::Reject463) => return Some(json!({"error": "463"})),
            Some(FaultKind::RateLimit) => return Some(json!({"error": "429"})),
            Some(FaultKind::LateAck) => fault.and_then(|fault| fault.after_ms).unwrap_or(LATE_MS),
            _ => self.state.timing.ack_ms,
        };
        // The server's clock may be off (fault `clock_skew`); what is planned goes by the true one.
        let told = now.saturating_add(self.skew_ms(now));
        let mut message = new_message(told, &from, draft, Some(session));
        message.muted = kind == Some(FaultKind::DropAck);
        message.forgotten = kind == Some(FaultKind::ForgetMessage);
        let muted = message.muted;
        self.accept(now, after(now, ack_ms), message);
        if !muted {
            let answer = Due::Answer {
                socket,
                rid: rid.to_owned(),
                at: told,
            };
            self.state.schedule.add(after(now, ack_ms), answer);
        }
        None
    }

    /// An id that came before: counted, acknowledged again, and told how far it is. Never
    /// delivered again.
    fn again(&mut self, socket: SocketId, rid: &str, known: Arrival) {
        let Some(message) = self.state.messages.get_mut(&known) else {
            return;
        };
        message.times = message.times.saturating_add(1);
        message.muted = false;
        let (at, ack) = (message.at, message.ack);
        self.answer_send(socket, rid, at);
        if let Some(session) = self.sockets.get(&socket).and_then(|held| held.session.clone()) {
            if let Some(link) = self.state.links.get_mut(&session) {
                // It hears the latest now; older receipts must not come after that.
                link.backlog
                    .retain(|news| !matches!(news, News::Receipt(about, _) if *about == known));
            }
            if ack > Ack::Server {
                self.push_news(socket, &session, News::Receipt(known, ack));
            }
        }
        self.touch();
    }

    /// Says to the page that sent: the server has it.
    pub(super) fn answer_send(&mut self, socket: SocketId, rid: &str, at: Millis) {
        if self.sockets.contains_key(&socket) {
            let rid: Value = serde_json::from_str(rid).unwrap_or(Value::Null);
            self.push(socket, json!({"rid": rid, "at": at / 1000}));
        }
    }

    /// Takes a message in and plans its delivery from the moment the server acknowledges it.
    pub(super) fn accept(&mut self, now: Millis, acked_at: Millis, message: Message) -> Arrival {
        let (from, to) = (message.from.clone(), message.to.clone());
        let lost = self.state.timing.loss > 0.0 && self.chance.random::<f64>() < self.state.timing.loss;
        let arrival = self.state.remember(message);
        self.state.file(&from, &to, arrival, false);
        let sender_session = self
            .state
            .messages
            .get(&arrival)
            .and_then(|message| message.session.clone());
        for session in self.state.sessions_of(&from) {
            if Some(&session) != sender_session.as_ref() {
                self.tell(&session, News::Message(arrival));
            }
        }
        if !lost {
            let due = after(acked_at.max(now), self.state.timing.deliver_ms);
            self.state.schedule.add(due, Due::Deliver(arrival));
        }
        self.touch();
        arrival
    }

    /// The message reaches the other phone and its pages.
    pub(super) fn deliver(&mut self, at: Millis, arrival: Arrival) {
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        if message.ack >= Ack::Delivered {
            return;
        }
        let (from, to) = (message.from.clone(), message.to.clone());
        if let Some(phone) = self.state.phones.get_mut(&to)
            && !phone.online
        {
            phone.waiting.push(arrival);
            return;
        }
        self.raise(arrival, Ack::Delivered);
        // A note to oneself is in the chat already.
        if from != to {
            self.state.file(&to, &from, arrival, true);
            for session in self.state.sessions_of(&to) {
                self.tell(&session, News::Message(arrival));
            }
        }
        if let Some(read_ms) = self.state.timing.read_ms {
            self.state.schedule.add(after(at, read_ms), Due::Read(arrival));
        }
    }

    /// The other person reads the message; a robot then thinks of an answer.
    pub(super) fn mark_read(&mut self, at: Millis, arrival: Arrival) {
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        if message.ack != Ack::Delivered {
            return;
        }
        let (from, to, automatic) = (message.from.clone(), message.to.clone(), message.automatic);
        if let Some(phone) = self.state.phones.get_mut(&to)
            && let Some(chat) = phone.chats.get_mut(&from)
        {
            chat.unread = chat.unread.saturating_sub(1);
        }
        self.raise(arrival, Ack::Read);
        let robot = self.state.sessions_of(&to).is_empty();
        if robot && !automatic && self.state.timing.auto_reply.is_some() {
            self.state.schedule.add(after(at, 1), Due::Reply(arrival));
        }
    }

    /// The robot's answer goes out as a message of its own.
    pub(super) fn auto_reply(&mut self, at: Millis, arrival: Arrival) {
        let Some(text) = self.state.timing.auto_reply.clone() else {
            return;
        };
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let (robot, person) = (message.to.clone(), message.from.clone());
        let draft = Draft {
            id: self.phone_message_id(),
            to: person,
            kind: "chat".to_owned(),
            body: text,
            automatic: true,
        };
        self.accept(at, at, new_message(at, &robot, draft, None));
    }

    /// A message id as phones make them.
    pub(super) fn phone_message_id(&mut self) -> String {
        format!("3A{}", self.random_hex(9))
    }

    /// Lets a message come further, never back, and tells its sender's pages.
    fn raise(&mut self, arrival: Arrival, ack: Ack) {
        let Some(message) = self.state.messages.get_mut(&arrival) else {
            return;
        };
        if message.ack >= ack {
            return;
        }
        message.ack = ack;
        let from = message.from.clone();
        let silent = message.muted.then(|| message.session.clone()).flatten();
        for session in self.state.sessions_of(&from) {
            if Some(&session) == silent.as_ref() {
                self.keep(&session, News::Receipt(arrival, ack));
            } else {
                self.tell(&session, News::Receipt(arrival, ack));
            }
        }
    }

    /// Tells a session now, or when it is back.
    pub(super) fn tell(&mut self, session: &str, news: News) {
        match self.socket_of(session) {
            Some(socket) => self.push_news(socket, session, news),
            None => self.keep(session, news),
        }
    }

    fn keep(&mut self, session: &str, news: News) {
        if let Some(link) = self.state.links.get_mut(session) {
            link.backlog.push_back(news);
            if link.backlog.len() > BACKLOG_KEPT {
                link.backlog.pop_front();
            }
        }
    }

    pub(super) fn push_news(&mut self, socket: SocketId, session: &str, news: News) {
        let (News::Message(arrival) | News::Receipt(arrival, _)) = news;
        let Some(link) = self.state.links.get(session) else {
            return;
        };
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let peer = if message.from == link.phone {
            &message.to
        } else {
            &message.from
        };
        let frame = match news {
            News::Message(_) => json!({
                "t": "msg", "chat": peer.pn(), "lid": peer.lid(), "raw": self.raw(&link.phone, message),
            }),
            News::Receipt(_, ack) => json!({
                "t": "receipt", "chat": peer.pn(), "ids": [message.id], "ack": ack, "t2": message.at / 1000,
            }),
        };
        self.push(socket, frame);
    }

    /// A message in the page's own form, as `owner` has it.
    pub(super) fn raw(&self, owner: &Number, message: &Message) -> Value {
        json!({
            "id": message.id,
            "fromMe": &message.from == owner,
            "t": message.at / 1000,
            "type": message.kind,
            "body": message.body,
            "ack": message.ack,
            "notifyName": self.name_of(&message.from),
        })
    }
}

/// A message the server has just got.
pub(super) fn new_message(now: Millis, from: &Number, draft: Draft, session: Option<String>) -> Message {
    Message {
        id: draft.id,
        from: from.clone(),
        to: draft.to,
        kind: draft.kind,
        body: draft.body,
        at: now,
        session,
        times: 1,
        ack: Ack::Server,
        forgotten: false,
        muted: false,
        automatic: draft.automatic,
    }
}
