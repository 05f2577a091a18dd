//! What the simulated network must not forget: plain data, written to the snapshot as it is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chat_id::{ChatId, GroupId};
use super::faults::{Fault, Standing};
use super::groups::Group;
use super::index::Index;
use super::media::MediaShelf;
use super::message::{Ack, Message};
use super::number::Number;
use super::people::Picture;
use super::schedule::Schedule;
use super::traces::{Trace, Traces};

/// Milliseconds since the Unix epoch. The model has no clock: every input brings its own.
pub(crate) type Millis = i64;

/// The place of a message in the order of arrival; names it inside the model.
pub(crate) type Arrival = u64;

/// Messages the server remembers at most; the oldest go first. An id older than that is new again.
pub(crate) const MESSAGES_KEPT: usize = 200_000;

/// Receipts of all messages together that the server remembers at most: a message to a large group has a thousand.
pub(crate) const RECEIPTS_KEPT: usize = 4_000_000;

/// Messages one chat of one phone remembers at most.
pub(crate) const CHAT_KEPT: usize = 20_000;

/// Frames kept for a linked session that is away. Beyond it the oldest go: the message itself is
/// still in the history that the session gets when it is back.
pub(crate) const BACKLOG_KEPT: usize = 5_000;

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
    /// How long a page takes to sync; `None`: as it was said when the sandbox started.
    #[serde(default)]
    pub(crate) sync_ms: Option<u64>,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            ack_ms: 5,
            deliver_ms: 40,
            read_ms: Some(120),
            auto_reply: None,
            loss: 0.0,
            sync_ms: None,
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
    pub(crate) chats: BTreeMap<ChatId, Chat>,
    /// Messages that wait for the phone to be online.
    pub(crate) waiting: Vec<Arrival>,
    /// Those from whom it wants to hear nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) blocked: BTreeSet<Number>,
    #[serde(default)]
    pub(crate) picture: Picture,
    /// Names of its own that it keeps for others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) contacts: BTreeMap<Number, String>,
}

/// One conversation as one phone has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Chat {
    /// In the order in which the phone got them.
    pub(crate) messages: VecDeque<Arrival>,
    /// Those that others wrote and nobody has seen yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unseen: BTreeSet<Arrival>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) starred: BTreeSet<Arrival>,
    #[serde(default)]
    pub(crate) settings: ChatSettings,
}

impl Chat {
    /// How many messages nobody has seen yet.
    pub(crate) fn unread(&self) -> u32 {
        u32::try_from(self.unseen.len()).unwrap_or(u32::MAX)
    }

    /// This phone has the message no longer.
    pub(super) fn lose(&mut self, arrival: Arrival) {
        self.unseen.remove(&arrival);
        self.starred.remove(&arrival);
    }
}

/// What an account keeps about a chat, on all of its devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChatSettings {
    pub(crate) archived: bool,
    /// When it was pinned, in Unix seconds; 0: it is not.
    pub(crate) pinned: i64,
    /// Until when it is muted, in Unix seconds; 0: it is not, -1: for ever.
    pub(crate) muted_until: i64,
    /// Marked as unread by hand.
    pub(crate) marked_unread: bool,
}

/// A page that a phone has linked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) phone: Number,
    pub(crate) token: String,
    pub(crate) linked_at: Millis,
    /// What happened while it was away, oldest first.
    pub(crate) backlog: VecDeque<News>,
    /// Some of it did not fit: only the history tells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) missed: bool,
}

/// Something a linked session has to hear of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// A message new to this session.
    Message(Arrival),
    /// A message of this account came further with one of those to whom it goes.
    Receipt {
        of: Arrival,
        by: Number,
        ack: Ack,
        at: Millis,
    },
    /// A group changed, and these people with it; told with the group as it is when it is told.
    Group {
        id: GroupId,
        action: String,
        by: Number,
        people: Vec<Number>,
    },
    /// Anything else, as the frame that says it.
    Frame(Value),
}

/// How much the server remembers: beyond it the oldest messages go. The same for every network but those of tests.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) messages: usize,
    pub(super) receipts: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            messages: MESSAGES_KEPT,
            receipts: RECEIPTS_KEPT,
        }
    }
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
    /// Groups by their ids.
    #[serde(default)]
    pub(crate) groups: BTreeMap<GroupId, Group>,
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
    #[serde(default)]
    pub(crate) media: MediaShelf,
    #[serde(skip)]
    index: Index,
    /// Receipts of all messages.
    #[serde(skip)]
    receipts: usize,
    #[serde(skip)]
    pub(super) limits: Limits,
    /// What has changed lately; leave one wherever something changes that an onlooker may see.
    #[serde(skip)]
    pub(crate) traces: Traces,
}

impl State {
    /// Rebuilds what is derived; call once after reading a snapshot.
    pub(crate) fn reindex(&mut self) {
        self.index = Index::default();
        self.receipts = self.messages.values().map(|message| message.receipts.len()).sum();
        for (arrival, message) in &self.messages {
            self.index.add(*arrival, message);
        }
        for (session, link) in &self.links {
            self.index.link(session, link);
        }
        for (id, group) in &self.groups {
            self.index.group(id, None, group);
        }
    }

    /// The message that `from` sent under this WhatsApp id, if the server remembers it.
    pub(crate) fn find(&self, from: &Number, id: &str) -> Option<Arrival> {
        let mut known = self.index.of_id(id).iter();
        known
            .find(|(writer, _)| writer == from)
            .map(|(_, arrival)| *arrival)
    }

    /// The message of this id that `owner` has in that chat, whoever wrote it.
    pub(crate) fn find_in_chat(&self, owner: &Number, chat: &ChatId, id: &str) -> Option<Arrival> {
        self.find_of(owner, chat, id, None)
    }

    /// As [`State::find_in_chat`], of one writer if it is given.
    pub(crate) fn find_of(
        &self,
        owner: &Number,
        chat: &ChatId,
        id: &str,
        writer: Option<&Number>,
    ) -> Option<Arrival> {
        let held = self.phones.get(owner)?.chats.get(chat)?;
        let known = self.index.of_id(id).iter().rev();
        known
            .filter(|(by, _)| writer.is_none_or(|writer| writer == by))
            .map(|(_, arrival)| *arrival)
            .find(|arrival| held.messages.contains(arrival))
    }

    /// All messages of this WhatsApp id, whoever used it, in order of arrival.
    pub(crate) fn arrivals_of(&self, id: &str) -> Vec<Arrival> {
        self.index.of_id(id).iter().map(|(_, arrival)| *arrival).collect()
    }

    /// A stored message, to change it. All changes of messages go through here.
    pub(crate) fn message_mut(&mut self, arrival: Arrival) -> Option<&mut Message> {
        self.traces.leave(Trace::Message(arrival));
        self.messages.get_mut(&arrival)
    }

    /// A phone, to change who it is. All such changes go through here.
    pub(crate) fn phone_mut(&mut self, number: &Number) -> Option<&mut Phone> {
        self.traces.leave(Trace::Phone(number.clone()));
        self.phones.get_mut(number)
    }

    /// The page of this session comes or goes.
    pub(super) fn trace_session(&mut self, session: &str) {
        if let Some(link) = self.links.get(session) {
            self.traces.leave(Trace::Phone(link.phone.clone()));
        }
    }

    /// All pages are gone.
    pub(super) fn trace_boot(&mut self) {
        self.traces.leave(Trace::Pages);
        let linked: BTreeSet<Number> = self.links.values().map(|link| link.phone.clone()).collect();
        for phone in linked {
            self.traces.leave(Trace::Phone(phone));
        }
    }

    /// Takes a message in; the oldest one is forgotten when there are too many.
    pub(crate) fn remember(&mut self, message: Message) -> Arrival {
        self.arrivals += 1;
        self.index.add(self.arrivals, &message);
        self.receipts += message.receipts.len();
        self.messages.insert(self.arrivals, message);
        let Limits { messages, receipts } = self.limits;
        // The one that has just come stays, however many it is for.
        while self.messages.len() > messages || (self.receipts > receipts && self.messages.len() > 1) {
            self.forget_oldest();
        }
        self.arrivals
    }

    /// The oldest message of all is gone, and whatever leads to it.
    pub(super) fn forget_oldest(&mut self) {
        if let Some((arrival, oldest)) = self.messages.pop_first() {
            self.receipts = self.receipts.saturating_sub(oldest.receipts.len());
            self.drop_from_chats(arrival, &oldest);
            self.index.remove(arrival, &oldest);
        }
    }

    fn drop_from_chats(&mut self, arrival: Arrival, message: &Message) {
        let recipients = message.receipts.iter().map(|receipt| &receipt.by);
        for owner in recipients.chain([&message.from]) {
            let Some(phone) = self.phones.get_mut(owner) else {
                continue;
            };
            if let Some(chat) = phone.chats.get_mut(&message.chat_of(owner)) {
                // What arrived before it is gone already. One that came late does not stand in front; readers pass over
                // it then.
                while chat.messages.front().is_some_and(|front| *front <= arrival) {
                    chat.messages.pop_front();
                }
                chat.lose(arrival);
                self.traces
                    .leave(Trace::Chat(owner.clone(), message.chat_of(owner)));
            }
        }
    }

    /// Puts a message into the chat of one phone. Robots keep no chats.
    pub(crate) fn file(&mut self, owner: &Number, chat: ChatId, arrival: Arrival, unseen: bool) {
        let Some(phone) = self.phones.get_mut(owner) else {
            return;
        };
        self.traces.leave(Trace::Chat(owner.clone(), chat.clone()));
        let chat = phone.chats.entry(chat).or_default();
        chat.messages.push_back(arrival);
        if unseen {
            chat.unseen.insert(arrival);
        }
        if chat.messages.len() > CHAT_KEPT
            && let Some(oldest) = chat.messages.pop_front()
        {
            chat.lose(oldest);
        }
    }

    /// From now on this session's page hears of the message's receipts again, or not.
    pub(crate) fn mute(&mut self, arrival: Arrival, muted: bool) {
        if let Some(message) = self.messages.get_mut(&arrival) {
            message.muted = muted;
            self.index.mute(arrival, message);
        }
    }

    /// The messages whose receipts wait for this session's page to come anew.
    pub(crate) fn muted_for(&self, session: &str) -> Vec<Arrival> {
        self.index.muted_for(session)
    }

    /// A phone has linked a page.
    pub(crate) fn link(&mut self, session: &str, link: Link) {
        self.index.link(session, &link);
        self.links.insert(session.to_owned(), link);
        self.trace_session(session);
    }

    /// A session has ended.
    pub(crate) fn unlink(&mut self, session: &str) {
        self.trace_session(session);
        if let Some(link) = self.links.remove(session) {
            self.index.unlink(session, &link);
        }
    }

    /// A group is new, or is as it is from now on. All changes of groups go through here.
    pub(crate) fn put_group(&mut self, id: &GroupId, group: Group) {
        self.index.group(id, self.groups.get(id), &group);
        self.groups.insert(id.clone(), group);
    }

    /// The groups that somebody is in, by their ids.
    pub(crate) fn groups_of(&self, person: &Number) -> Vec<GroupId> {
        self.index.groups_of(person)
    }

    /// The session a token belongs to.
    pub(crate) fn session_of(&self, token: &str) -> Option<&String> {
        self.index.session_of(token)
    }

    /// The sessions that a phone has linked, oldest name first.
    pub(crate) fn sessions_of(&self, phone: &Number) -> Vec<String> {
        self.index.sessions_of(phone)
    }
}
