//! What was said before: pieces of a chat on demand, all of it for a page that was just loaded, and the end of status
//! posts.

use std::collections::{HashSet, VecDeque};

use serde_json::{Value, json};

use super::chat_id::ChatId;
use super::message::Message;
use super::number::Number;
use super::pairing::CHATS;
use super::schedule::Due;
use super::state::{Arrival, Chat, Link, Millis};
use super::traces::Trace;
use super::{Network, SocketId};

/// Messages of one chat that a page gets with the greeting.
pub(super) const GREETED: usize = 50;

/// Messages in one frame of history.
const FRAME: usize = 500;

/// From one frame of history to the next: others have their turn in between.
const FRAME_MS: Millis = 1;

/// Messages that one request may ask for.
const ASKED: usize = 500;

/// How long a status post can be seen.
pub(super) const STATUS_MS: u64 = 24 * 60 * 60 * 1_000;

/// Frames of history that a page still gets: pieces of chats, by arrivals.
pub(super) type Pending = VecDeque<Vec<(ChatId, Vec<Arrival>)>>;

impl Network {
    /// One chat's entry in the greeting, with its latest messages, without what the session has yet to hear as news.
    pub(super) fn chat_for_page(
        &self,
        owner: &Number,
        id: &ChatId,
        chat: &Chat,
        unheard: &HashSet<Arrival>,
    ) -> Value {
        let recent = chat.messages.iter().rev().copied();
        let mut recent: Vec<Value> = recent
            .take(GREETED)
            .filter(|arrival| !unheard.contains(arrival))
            .filter_map(|arrival| self.told_in_chat(owner, chat, arrival))
            .collect();
        recent.reverse();
        let mut entry = json!({
            "id": id.wid(), "name": self.title_of(id), "unread": chat.unread(), "msgs": recent,
        });
        if let Some(lid) = id.lid() {
            entry["lid"] = json!(lid);
        }
        chat.settings.entry(&mut entry);
        entry
    }

    /// What comes after the greeting: everything that was not in it, the later pieces of a chat first.
    pub(super) fn plan_history(&mut self, now: Millis, socket: SocketId, session: &str) -> usize {
        let pending = self.state.links.get(session).map(|link| self.pieces(link));
        let pending = pending.unwrap_or_default();
        let frames = pending.len();
        if let Some(held) = self.sockets.get_mut(&socket) {
            held.history = pending;
        }
        for turn in (0..).take(frames) {
            self.state
                .schedule
                .add(now + FRAME_MS * turn, Due::History(socket));
        }
        frames
    }

    fn pieces(&self, link: &Link) -> Pending {
        let unheard = unheard(link);
        let mut frames = Pending::new();
        let mut frame = Vec::new();
        let mut room = FRAME;
        for (place, (id, chat)) in self.latest_chats(&link.phone).into_iter().enumerate() {
            // The greeting has held only so many chats.
            let greeted = if place < CHATS { GREETED } else { 0 };
            let end = chat.messages.len().saturating_sub(greeted);
            let older = chat.messages.range(..end).rev().copied();
            let older: Vec<Arrival> = older.filter(|arrival| !unheard.contains(arrival)).collect();
            let mut rest = older.as_slice();
            while let Some((piece, left)) = rest
                .split_at_checked(room.min(rest.len()))
                .filter(|(piece, _)| !piece.is_empty())
            {
                frame.push((id.clone(), piece.iter().rev().copied().collect()));
                (room, rest) = (room - piece.len(), left);
                if room == 0 {
                    frames.push_back(std::mem::take(&mut frame));
                    room = FRAME;
                }
            }
        }
        if !frame.is_empty() {
            frames.push_back(frame);
        }
        frames
    }

    /// The chats of a phone, that with the latest message first.
    pub(super) fn latest_chats(&self, owner: &Number) -> Vec<(&ChatId, &Chat)> {
        let phone = self.state.phones.get(owner);
        let mut chats: Vec<_> = phone.into_iter().flat_map(|phone| &phone.chats).collect();
        chats.sort_by_key(|(_, chat)| {
            let last = chat.messages.back();
            let at = last.and_then(|arrival| self.state.messages.get(arrival));
            std::cmp::Reverse((at.map(|message| message.at), last.copied()))
        });
        chats
    }

    /// The next frame of history goes out.
    pub(super) fn tell_history(&mut self, socket: SocketId) {
        let Some(owner) = self.phone_of(socket) else {
            return;
        };
        let next = self
            .sockets
            .get_mut(&socket)
            .and_then(|held| held.history.pop_front());
        let Some(frame) = next else { return };
        let chats: Vec<Value> = frame
            .iter()
            .map(|(id, piece)| {
                let held = self
                    .state
                    .phones
                    .get(&owner)
                    .and_then(|phone| phone.chats.get(id));
                let told = piece
                    .iter()
                    .filter_map(|arrival| self.told_in_chat(&owner, held?, *arrival));
                let msgs: Vec<Value> = told.collect();
                json!({"id": id.wid(), "msgs": msgs})
            })
            .collect();
        self.push(socket, json!({"t": "history", "chats": chats}));
    }

    /// Older messages of a chat: those before the message `before`, or the latest.
    pub(super) fn older(&self, owner: &Number, chat: &ChatId, before: Option<&str>, count: usize) -> Value {
        let held = self
            .state
            .phones
            .get(owner)
            .and_then(|phone| phone.chats.get(chat));
        let Some(held) = held else {
            return json!({"msgs": [], "more": false});
        };
        let end = match before {
            None => held.messages.len(),
            Some(id) => {
                let place = self.place_in_chat(owner, chat, held, id);
                match place {
                    Some(place) => place,
                    None => return json!({"error": "unknown-message"}),
                }
            }
        };
        let mut older = held.messages.range(..end).rev();
        let mut msgs: Vec<Value> = older
            .by_ref()
            .filter_map(|arrival| self.told_in_chat(owner, held, *arrival))
            .take(count.clamp(1, ASKED))
            .collect();
        msgs.reverse();
        let more = older.any(|arrival| self.state.messages.get(arrival).is_some_and(is_told));
        json!({"msgs": msgs, "more": more})
    }

    /// Where a message stands in a chat.
    pub(super) fn place_in_chat(
        &self,
        owner: &Number,
        chat: &ChatId,
        held: &Chat,
        id: &str,
    ) -> Option<usize> {
        let arrival = self.state.find_in_chat(owner, chat, id)?;
        held.messages.iter().position(|known| *known == arrival)
    }

    /// A message as history has it.
    fn told_in_chat(&self, owner: &Number, chat: &Chat, arrival: Arrival) -> Option<Value> {
        let message = self
            .state
            .messages
            .get(&arrival)
            .filter(|message| is_told(message))?;
        let mut raw = self.raw(owner, message);
        if chat.starred.contains(&arrival) {
            raw["starred"] = json!(true);
        }
        Some(raw)
    }

    /// Nobody sees this status post any longer.
    pub(super) fn expire(&mut self, arrival: Arrival) {
        for (owner, phone) in &mut self.state.phones {
            if let Some(chat) = phone.chats.get_mut(&ChatId::Status) {
                chat.messages.retain(|known| *known != arrival);
                chat.lose(arrival);
                let remade = Trace::Remade(owner.clone(), ChatId::Status);
                self.state.traces.leave(remade);
            }
        }
        self.touch();
    }
}

/// Messages that were forgotten on purpose are in no history.
fn is_told(message: &Message) -> bool {
    !message.forgotten
}

/// The messages of which a session will hear as news.
pub(super) fn unheard(link: &Link) -> HashSet<Arrival> {
    let messages = link.backlog.iter().filter_map(|news| match news {
        super::state::News::Message(arrival) => Some(*arrival),
        _ => None,
    });
    messages.collect()
}
