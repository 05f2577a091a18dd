//! A message's way through the network: taken once, delivered once to each, acknowledged upwards only.

use rand::RngExt;
use serde_json::{Value, json};

use super::chat_id::ChatId;
use super::content::Content;
use super::faults::{FaultKind, LATE_MS};
use super::history::STATUS_MS;
use super::message::{Ack, Draft, Message};
use super::number::Number;
use super::schedule::Due;
use super::state::{Arrival, BACKLOG_KEPT, Millis, News};
use super::{Network, SocketId};

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
        let mut message = Message::new(told, &from, draft, Some(session));
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
        self.state.mute(known, false);
        let Some(message) = self.state.message_mut(known) else {
            return;
        };
        message.times = message.times.saturating_add(1);
        let at = message.at;
        let receipts: Vec<News> = message
            .receipts
            .iter()
            .filter(|receipt| receipt.ack > Ack::Server)
            .map(|receipt| News::Receipt {
                of: known,
                by: receipt.by.clone(),
                ack: receipt.ack,
                at: receipt.at,
            })
            .collect();
        self.answer_send(socket, rid, at);
        if let Some(session) = self.sockets.get(&socket).and_then(|held| held.session.clone()) {
            if let Some(link) = self.state.links.get_mut(&session) {
                // It hears the latest now; older receipts must not come after that.
                link.backlog
                    .retain(|news| !matches!(news, News::Receipt { of, .. } if *of == known));
            }
            for receipt in receipts {
                self.push_news(socket, &session, receipt);
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
    pub(super) fn accept(&mut self, now: Millis, acked_at: Millis, mut message: Message) -> Arrival {
        let from = message.from.clone();
        let lost = self.state.timing.loss > 0.0 && self.chance.random::<f64>() < self.state.timing.loss;
        message.address(self.recipients(&from, &message.to));
        let (chat, session) = (message.to.clone(), message.session.clone());
        let to_status = chat == ChatId::Status;
        self.stops_typing(&from, &chat);
        let arrival = self.state.remember(message);
        self.state.file(&from, chat, arrival, false);
        self.tell_others(&from, session.as_deref(), &News::Message(arrival));
        if to_status {
            let over = after(now, STATUS_MS);
            self.state.schedule.add(over, Due::Expire(arrival));
        }
        if !lost {
            let due = after(acked_at.max(now), self.state.timing.deliver_ms);
            self.state.schedule.add(due, Due::Deliver(arrival));
        }
        self.touch();
        arrival
    }

    /// The message reaches all to whom it goes, and their pages.
    pub(super) fn deliver(&mut self, at: Millis, arrival: Arrival) {
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let waiting = message
            .receipts
            .iter()
            .filter(|receipt| receipt.ack < Ack::Delivered);
        let recipients: Vec<Number> = waiting.map(|receipt| receipt.by.clone()).collect();
        let mut reached = false;
        for person in recipients {
            reached |= self.reach(at, arrival, &person);
        }
        if let Some(read_ms) = self.state.timing.read_ms
            && reached
        {
            self.state.schedule.add(after(at, read_ms), Due::Read(arrival));
        }
    }

    /// The message reaches one of those to whom it goes, and who was not there before.
    pub(super) fn deliver_to(&mut self, at: Millis, arrival: Arrival, person: &Number) {
        if self.reach(at, arrival, person)
            && let Some(read_ms) = self.state.timing.read_ms
        {
            let due = Due::ReadBy(arrival, person.clone());
            self.state.schedule.add(after(at, read_ms), due);
        }
    }

    /// Answers whether it reached that person now.
    fn reach(&mut self, at: Millis, arrival: Arrival, person: &Number) -> bool {
        let Some(message) = self.state.messages.get(&arrival) else {
            return false;
        };
        if message
            .receipt(person)
            .is_none_or(|receipt| receipt.ack >= Ack::Delivered)
        {
            return false;
        }
        if message.to == ChatId::Status && after(message.at, STATUS_MS) <= at {
            return false;
        }
        let (chat, to_oneself) = (message.chat_of(person), person == &message.from);
        if let Some(phone) = self.state.phones.get_mut(person)
            && !phone.online
        {
            phone.waiting.push(arrival);
            return false;
        }
        let sessions = self.state.sessions_of(person);
        // A page is one device more; without one the phone needs no entry of its own.
        let phone_counts = !sessions.is_empty() && !to_oneself;
        self.raise(at, arrival, person, Ack::Delivered, phone_counts.then_some(None));
        // A note to oneself is in the chat already.
        if !to_oneself {
            self.state.file(person, chat, arrival, true);
            for session in sessions {
                self.tell(&session, News::Message(arrival));
            }
        }
        true
    }

    /// The robot's answer goes out as a message of its own.
    pub(super) fn auto_reply(&mut self, at: Millis, arrival: Arrival) {
        let Some(text) = self.state.timing.auto_reply.clone() else {
            return;
        };
        let Some(message) = self.state.messages.get(&arrival) else {
            return;
        };
        let Some(robot) = message.to.person().cloned() else {
            return;
        };
        let person = message.from.clone();
        let draft = Draft {
            id: self.phone_message_id(),
            to: ChatId::Person(person),
            content: Content::text(&text),
            automatic: true,
        };
        self.accept(at, at, Message::new(at, &robot, draft, None));
    }

    /// A message id as phones make them.
    pub(super) fn phone_message_id(&mut self) -> String {
        format!("3A{}", self.random_hex(9))
    }

    /// Lets a message come further with one person, never back, and tells its sender's pages. `device` is the one on
    /// which that happened, where it is kept.
    pub(super) fn raise(
        &mut self,
        at: Millis,
        arrival: Arrival,
        by: &Number,
        ack: Ack,
        device: Option<Option<&str>>,
    ) {
        let Some(message) = self.state.message_mut(arrival) else {
            return;
        };
        if let Some(session) = device
            && let Some(receipt) = message.receipt_mut(by)
        {
            receipt.on_device(session, ack, at);
        }
        if !message.raise(by, ack, at) {
            return;
        }
        let from = message.from.clone();
        let silent = message.muted.then(|| message.session.clone()).flatten();
        let news = News::Receipt {
            of: arrival,
            by: by.clone(),
            ack,
            at,
        };
        for session in self.state.sessions_of(&from) {
            if Some(&session) == silent.as_ref() {
                self.keep(&session, news.clone());
            } else {
                self.tell(&session, news.clone());
            }
        }
    }

    /// Tells all sessions of a phone, but not the one that did it.
    pub(super) fn tell_others(&mut self, phone: &Number, except: Option<&str>, news: &News) {
        for session in self.state.sessions_of(phone) {
            if Some(session.as_str()) != except {
                self.tell(&session, news.clone());
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
                link.missed = true;
            }
        }
    }

    pub(super) fn push_news(&mut self, socket: SocketId, session: &str, news: News) {
        let Some(owner) = self.state.links.get(session).map(|link| link.phone.clone()) else {
            return;
        };
        let frame = match news {
            News::Frame(frame) => frame,
            News::Group {
                id,
                action,
                by,
                people,
            } => match self.group_frame(&id, &action, &by, &people) {
                Some(frame) => frame,
                None => return,
            },
            News::Message(arrival) => {
                let now = self.now;
                if let Some(message) = self.state.message_mut(arrival)
                    && message.from != owner
                    && let Some(receipt) = message.receipt_mut(&owner)
                {
                    receipt.on_device(Some(session), Ack::Delivered, now);
                }
                let Some(message) = self.state.messages.get(&arrival) else {
                    return;
                };
                let chat = message.chat_of(&owner);
                let mut frame = json!({"t": "msg", "chat": chat.wid(), "raw": self.raw(&owner, message)});
                if let Some(lid) = chat.lid() {
                    frame["lid"] = json!(lid);
                }
                frame
            }
            News::Receipt { of, by, ack, at } => {
                let Some(message) = self.state.messages.get(&of) else {
                    return;
                };
                receipt_frame(message, &by, ack, at)
            }
        };
        self.push(socket, frame);
    }

    /// A message in the page's own form, as `owner` has it.
    pub(super) fn raw(&self, owner: &Number, message: &Message) -> Value {
        let mut raw = message.content.to_page();
        let mut put = |name: &str, value: Value| raw.insert(name.to_owned(), value);
        put("id", json!(message.id));
        put("fromMe", json!(&message.from == owner));
        put("t", json!(message.at / 1000));
        put("ack", json!(message.ack));
        put("notifyName", json!(self.name_of(&message.from)));
        if message.needs_author() {
            put("author", json!(message.from.pn()));
        }
        if let Some(edit) = &message.edit {
            put("edit", json!({"id": edit.id, "t": edit.at / 1000}));
        }
        if let Some(revoked) = &message.revoked {
            let by = revoked.by.pn();
            put(
                "revoked",
                json!({"id": revoked.id, "by": by, "t": revoked.at / 1000}),
            );
        }
        if !message.reactions.is_empty() {
            put("reactions", message.reactions.iter().map(raw_reaction).collect());
        }
        if !message.votes.is_empty() {
            put("votes", message.votes.iter().map(raw_vote).collect());
        }
        Value::Object(raw)
    }
}

/// A reaction in the page's own form.
pub(super) fn raw_reaction(reaction: &super::message::Reaction) -> Value {
    json!({
        "id": reaction.id, "by": reaction.by.pn(), "emoji": reaction.emoji, "t": reaction.at / 1000,
    })
}

/// A vote in the page's own form.
pub(super) fn raw_vote(vote: &super::message::Vote) -> Value {
    json!({"id": vote.id, "by": vote.by.pn(), "options": vote.options, "t": vote.at / 1000})
}

/// In a group each participant's receipt is told, and with it how far the message is with all of them.
fn receipt_frame(message: &Message, by: &Number, ack: Ack, at: Millis) -> Value {
    let mut frame = json!({
        "t": "receipt", "chat": message.to.wid(), "ids": [message.id], "ack": ack, "t2": at / 1000,
    });
    if message.needs_author() {
        frame["participant"] = json!(by.pn());
        frame["all"] = json!(message.ack);
    }
    frame
}
