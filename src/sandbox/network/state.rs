//! What the simulated network must not forget: plain data, written to the snapshot as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::faults::{Fault, Standing};
use super::number::Number;
use super::schedule::Schedule;

/// Milliseconds since the Unix epoch. The model has no clock: every input brings its own.
pub(crate) type Millis = i64;

/// The place of a message in the order of arrival; names it inside the model.
pub(crate) type Arrival = u64;

/// Messages the server remembers at most; the oldest go first. An id older than that is new again.
pub(crate) const MESSAGES_KEPT: usize = 50_000;

/// Messages one chat of one phone remembers at most.
pub(crate) const CHAT_KEPT: usize = 200;

/// Frames kept for a linked session that is away. Beyond it the oldest go: the message itself is
/// still in the history that the session gets when it is back.
pub(crate) const BACKLOG_KEPT: usize = 5_000;

/// How far a message came, as WhatsApp counts it. Only ever rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub(crate) enum Ack {
    /// The server has it.
    Server,
    /// The other phone has it.
    Delivered,
    /// The other person has seen it.
    Read,
}

impl From<Ack> for u8 {
    fn from(ack: Ack) -> u8 {
        match ack {
            Ack::Server => 1,
            Ack::Delivered => 2,
            Ack::Read => 3,
        }
    }
}

impl TryFrom<u8> for Ack {
    type Error = String;

    fn try_from(number: u8) -> Result<Ack, String> {
        match number {
            1 => Ok(Ack::Server),
            2 => Ok(Ack::Delivered),
            3 => Ok(Ack::Read),
            other => Err(format!("{other} is no ack")),
        }
    }
}

/// Timing and behaviour, changed by `PATCH /_/api/network`. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Timing {
    /// From a send to the server's acknowledgement.
    pub(crate) ack_ms: u64,
    /// From the acknowledgement to the other phone.
    pub(crate) deliver_ms: u64,
    /// From there until it is read; `None`: nobody reads unless told to.
    pub(crate) read_ms: Option<u64>,
    /// What a phone without a linked page answers once it has read.
    pub(crate) auto_reply: Option<String>,
    /// Share of messages, 0 to 1, that the server takes and the other phone never gets.
    pub(crate) loss: f64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            ack_ms: 5,
            deliver_ms: 40,
            read_ms: Some(120),
            auto_reply: None,
            loss: 0.0,
        }
    }
}

/// A simulated phone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Phone {
    pub(crate) name: String,
    pub(crate) about: String,
    /// Off: what is sent to it waits at [`Ack::Server`].
    pub(crate) online: bool,
    pub(crate) created_at: Millis,
    pub(crate) chats: BTreeMap<Number, Chat>,
    /// Messages that wait for the phone to be online.
    pub(crate) waiting: Vec<Arrival>,
}

/// One conversation as one phone has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(crate) unread: u32,
    pub(crate) messages: VecDeque<Arrival>,
}

/// A message as the server has it; one for both sides of the chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) from: Number,
    pub(crate) to: Number,
    /// WhatsApp's word: `chat` is a text.
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) at: Millis,
    /// The linked session that sent it; `None`: the phone itself.
    pub(crate) session: Option<String>,
    /// How often this id arrived.
    pub(crate) times: u32,
    pub(crate) ack: Ack,
    /// Left out of the history that pages get (fault `forget_message`).
    pub(crate) forgotten: bool,
    /// Its receipts wait until the sender's page comes anew or asks again (fault `drop_ack`).
    pub(crate) muted: bool,
    /// A robot wrote it; robots do not answer robots.
    pub(crate) automatic: bool,
}

/// A page that a phone has linked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) phone: Number,
    pub(crate) token: String,
    pub(crate) linked_at: Millis,
    /// What happened while it was away, oldest first.
    pub(crate) backlog: VecDeque<News>,
}

/// Something a linked session has to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// A message new to this session.
    Message(Arrival),
    /// A message of this account came further.
    Receipt(Arrival, Ack),
}

/// All of it. The live sockets are not here: they end with the process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Starts of this network so far; keeps the seeded ids of one start from coming again in the next.
    pub(crate) boots: u64,
    pub(crate) timing: Timing,
    pub(crate) phones: BTreeMap<Number, Phone>,
    /// By session name.
    pub(crate) links: BTreeMap<String, Link>,
    pub(crate) messages: BTreeMap<Arrival, Message>,
    pub(crate) arrivals: Arrival,
    /// Faults that wait or last, in the order in which they were planned.
    #[serde(default)]
    pub(crate) faults: Vec<Standing>,
    /// Faults whose moment is still to come, by their numbers.
    #[serde(default)]
    pub(crate) planned: BTreeMap<u64, Fault>,
    /// Numbers of faults given so far.
    #[serde(default)]
    pub(crate) faults_planned: u64,
    /// Phones that WhatsApp has banned: they link nothing any more (fault `ban`).
    #[serde(default)]
    pub(crate) banned: BTreeSet<Number>,
    /// "What's new" dialogs that are open: session, and the fault that has opened it.
    #[serde(default)]
    pub(crate) modals: BTreeSet<(String, u64)>,
    /// Phones whose pages are refused until the given moment (fault `socket_drop` with `for_ms`).
    pub(crate) barred: BTreeMap<Number, Millis>,
    pub(crate) schedule: Schedule,
    #[serde(skip)]
    index: HashMap<(Number, String), Arrival>,
}

impl State {
    /// Rebuilds what is derived; call once after reading a snapshot.
    pub(crate) fn reindex(&mut self) {
        self.index = self
            .messages
            .iter()
            .map(|(arrival, message)| ((message.from.clone(), message.id.clone()), *arrival))
            .collect();
    }

    /// The message that `from` sent under this WhatsApp id, if the server remembers it.
    pub(crate) fn find(&self, from: &Number, id: &str) -> Option<Arrival> {
        self.index.get(&(from.clone(), id.to_owned())).copied()
    }

    /// Takes a message in; the oldest one is forgotten when there are too many.
    pub(crate) fn remember(&mut self, message: Message) -> Arrival {
        self.arrivals += 1;
        self.index
            .insert((message.from.clone(), message.id.clone()), self.arrivals);
        self.messages.insert(self.arrivals, message);
        if self.messages.len() > MESSAGES_KEPT
            && let Some((_, oldest)) = self.messages.pop_first()
        {
            self.index.remove(&(oldest.from, oldest.id));
        }
        self.arrivals
    }

    /// Puts a message into the chat of one phone with another. Robots keep no chats.
    pub(crate) fn file(&mut self, owner: &Number, peer: &Number, arrival: Arrival, unread: bool) {
        let Some(phone) = self.phones.get_mut(owner) else {
            return;
        };
        let chat = phone.chats.entry(peer.clone()).or_default();
        chat.messages.push_back(arrival);
        if chat.messages.len() > CHAT_KEPT {
            chat.messages.pop_front();
        }
        chat.unread = if unread {
            chat.unread.saturating_add(1)
        } else {
            chat.unread
        };
    }

    /// The session a token belongs to.
    pub(crate) fn session_of(&self, token: &str) -> Option<&String> {
        self.links
            .iter()
            .find(|(_, link)| link.token == token)
            .map(|(session, _)| session)
    }

    /// The sessions that a phone has linked, oldest name first.
    pub(crate) fn sessions_of(&self, phone: &Number) -> Vec<String> {
        let of_phone = self.links.iter().filter(|(_, link)| &link.phone == phone);
        of_phone.map(|(session, _)| session.clone()).collect()
    }
}
