//! The simulated WhatsApp network as a pure model: inputs and the moment they come in,
//! effects out. It never does I/O, reads no clock, and draws all chance from its seed, so the
//! same seed and the same inputs always give the same log.
//!
//! Invariants, each with a test: a WhatsApp id reaches each phone to which it goes at most once however
//! often it is sent; acks never fall; a session hears of every message and receipt, be it late.

mod chance;
mod changes;
mod chat_id;
mod content;
mod content_fields;
mod content_public;
mod control;
mod delivery;
mod faults;
mod glances;
mod group_acts;
mod group_verbs;
mod groups;
mod history;
mod index;
mod input;
mod keeping;
mod media;
mod message;
mod message_verbs;
mod number;
mod owner;
mod pairing;
mod people;
mod people_verbs;
mod reading;
mod refusals;
mod routing;
mod schedule;
mod seeding;
mod state;
mod strikes;
#[cfg(test)]
mod tests;
mod traces;
mod verbs;
mod views;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::chat_id::{ChatId, GroupId};
pub(crate) use self::content::{Content, Kind};
pub(crate) use self::content_fields::TEXT_LIMIT;
pub(crate) use self::faults::{Drift, Fault, FaultKind, Nature};
pub(crate) use self::group_acts::{GroupAct, GroupDone};
pub(crate) use self::groups::{Group, GroupRefusal, PARTICIPANTS_LIMIT, PeopleAction, Role, Setting};
pub(crate) use self::input::{AnyInput, Input, inputs};
pub(crate) use self::media::{MediaDraft, MediaEntry, MediaHash, MediaKind};
pub(crate) use self::message::{Ack, Message, Receipt};
pub(crate) use self::number::Number;
pub(crate) use self::people::{ABOUT_LIMIT, NAME_LIMIT, Picture, Profile, Typing};
pub(crate) use self::refusals::Refusal;
use self::schedule::Due;
pub(crate) use self::seeding::{MOST_MESSAGES, Past};
pub(crate) use self::state::{Arrival, Millis, State, Timing};
pub(crate) use self::traces::Trace;
pub(crate) use self::views::{ChatView, DeliveryFilter, MessageView, PhoneView, SHOWN, WaitingView};

/// Names one live socket; never used twice, not even after a restart.
pub(crate) type SocketId = u64;

/// What the network asks its surroundings to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Send this frame to the page.
    Push(SocketId, Value),
    /// Close this socket; the network has forgotten it already.
    Close(SocketId),
    /// End the renderer of the browser behind this socket.
    Crash(SocketId),
    /// For so many milliseconds nothing goes between the browser behind this socket and anybody.
    Cut(SocketId, u64),
}

/// What is fixed when the network starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Source of all chance.
    pub(crate) seed: u64,
    /// How long a page takes to sync after it was linked or came back.
    pub(crate) sync_ms: u64,
    /// How long a page shows one QR code.
    pub(crate) ref_ms: u64,
}

/// One page that is connected now.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Socket {
    /// The linked session it speaks for.
    session: Option<String>,
    /// QR codes it may show, each with the moment it expires.
    refs: Vec<(String, Millis)>,
    /// The pairing code it shows and the phone it was made for.
    code: Option<(String, Number)>,
    /// Until when phones take it.
    #[serde(default)]
    code_until: Millis,
    /// When it asked for such codes, lately.
    #[serde(default)]
    codes_asked: Vec<Millis>,
    /// Whose presence it wants to hear of.
    watches: BTreeSet<Number>,
    /// Pieces of history that it still gets.
    #[serde(default)]
    history: history::Pending,
}

/// The network. Every input takes `now`, which must not go backwards.
///
/// Written down and read back (see [`Network::revived`]) it goes on exactly as it would have: live sockets, chance and
/// all. Only effects that nobody has taken yet are lost.
#[derive(Serialize, Deserialize)]
pub(crate) struct Network {
    rules: Rules,
    state: State,
    sockets: BTreeMap<SocketId, Socket>,
    /// The socket on which each session is connected.
    #[serde(skip)]
    seats: HashMap<String, SocketId>,
    /// The moment of what happens now.
    #[serde(skip)]
    now: Millis,
    /// What people are doing in a chat at the moment, and since when. Nothing else depends on it.
    #[serde(skip)]
    typing: BTreeMap<(ChatId, Number), (Typing, Millis)>,
    last_socket: SocketId,
    #[serde(with = "chance")]
    chance: ChaCha12Rng,
    #[serde(skip)]
    effects: Vec<Effect>,
    #[serde(skip)]
    revision: u64,
    #[serde(skip)]
    vital_revision: u64,
}

impl Network {
    /// A network that starts with `state` (a default one is an empty network).
    #[cfg(test)]
    pub(crate) fn new(rules: Rules, state: State) -> Network {
        let mut network = Network {
            state,
            ..Network::blank()
        }
        .revived();
        network.boot(rules);
        network
    }

    /// An empty network that has not started: [`Network::boot`] comes first.
    pub(crate) fn blank() -> Network {
        Network {
            rules: Rules {
                seed: 0,
                sync_ms: 0,
                ref_ms: 0,
            },
            state: State::default(),
            sockets: BTreeMap::new(),
            seats: HashMap::new(),
            now: 0,
            typing: BTreeMap::new(),
            last_socket: 0,
            chance: ChaCha12Rng::seed_from_u64(0),
            effects: Vec::new(),
            revision: 0,
            vital_revision: 0,
        }
    }

    /// Makes a network that was just read back ready for use: what is derived is not written down.
    #[must_use]
    pub(crate) fn revived(mut self) -> Network {
        self.state.reindex();
        let seated = self.sockets.iter();
        self.seats = seated
            .filter_map(|(id, socket)| Some((socket.session.clone()?, *id)))
            .collect();
        self
    }

    /// The process that carries this network starts: no page is connected, and chance begins anew.
    pub(crate) fn boot(&mut self, rules: Rules) {
        self.state.boots += 1;
        self.chance = ChaCha12Rng::seed_from_u64(rules.seed ^ self.state.boots.rotate_left(32));
        self.last_socket = self.state.boots << 32;
        self.rules = rules;
        self.sockets.clear();
        self.seats.clear();
        self.effects.clear();
        self.state.trace_boot();
        self.touch_vital();
    }

    /// A page connected. Nothing happens until it says hello.
    pub(crate) fn open(&mut self) -> SocketId {
        self.last_socket += 1;
        self.sockets.insert(self.last_socket, Socket::default());
        self.last_socket
    }

    /// A page's connection ended. A socket that is not known any more is fine.
    pub(crate) fn closed(&mut self, now: Millis, socket: SocketId) {
        self.advance(now);
        let Some(gone) = self.forget_socket(socket) else {
            return;
        };
        self.touch();
        if let Some(session) = gone.session {
            self.tell_presence(&session);
        }
    }

    /// Lets everything happen that is due by `now`, each thing at its own moment.
    pub(crate) fn advance(&mut self, now: Millis) {
        while let Some((at, what)) = self.state.schedule.take(now) {
            self.touch();
            self.now = at;
            match what {
                Due::Answer {
                    socket,
                    rid,
                    at: sent_at,
                } => self.answer_send(socket, &rid, sent_at),
                Due::Deliver(arrival) => self.deliver(at, arrival),
                Due::DeliverTo(arrival, person) => self.deliver_to(at, arrival, &person),
                Due::Read(arrival) => self.read_by_all(at, arrival),
                Due::ReadBy(arrival, person) => self.mark_read(at, arrival, reading::on_the_phone(&person)),
                Due::Reply(arrival) => self.auto_reply(at, arrival),
                Due::History(socket) => self.tell_history(socket),
                Due::Expire(arrival) => self.expire(arrival),
                Due::Strike(fault) => self.strike(at, fault),
                Due::ModalIgnored(dialog) => self.modal_ignored(&dialog),
            }
        }
        self.now = now;
    }

    /// When [`Network::advance`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.state.schedule.next()
    }

    /// What is to be done since the last call, in order.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What outlives a start.
    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Rises with every change that someone may want to see.
    pub(crate) fn revision(&self) -> u64 {
        self.revision + self.state.traces.mark()
    }

    /// The revision of the last change that must reach the disk before anybody hears of it: who is linked, what
    /// media there is.
    pub(crate) fn vital_revision(&self) -> u64 {
        self.vital_revision
    }

    fn touch(&mut self) {
        self.revision += 1;
    }

    fn touch_vital(&mut self) {
        self.revision += 1;
        self.vital_revision = self.revision;
    }

    fn push(&mut self, socket: SocketId, frame: Value) {
        self.effects.push(Effect::Push(socket, frame));
    }

    /// Closes a socket from this side.
    fn hang_up(&mut self, socket: SocketId) {
        if let Some(gone) = self.forget_socket(socket) {
            self.effects.push(Effect::Close(socket));
            self.touch();
            if let Some(session) = gone.session {
                self.tell_presence(&session);
            }
        }
    }

    /// The socket on which a session is connected now; there is at most one.
    fn socket_of(&self, session: &str) -> Option<SocketId> {
        self.seats.get(session).copied()
    }

    /// A socket is gone.
    fn forget_socket(&mut self, socket: SocketId) -> Option<Socket> {
        let gone = self.sockets.remove(&socket)?;
        if let Some(session) = &gone.session {
            self.seats.remove(session);
            self.state.trace_session(session);
        } else {
            self.state.traces.leave(Trace::Pages);
        }
        Some(gone)
    }

    /// The phone for which a socket speaks.
    fn phone_of(&self, socket: SocketId) -> Option<Number> {
        let session = self.sockets.get(&socket)?.session.as_ref()?;
        self.state.links.get(session).map(|link| link.phone.clone())
    }

    /// Whether people see this number as online: a page is connected, or it is a robot.
    fn seems_online(&self, number: &Number) -> bool {
        let Some(phone) = self.state.phones.get(number) else {
            return number.is_on_whatsapp();
        };
        let sessions = self.state.sessions_of(number);
        phone.online && sessions.iter().all(|session| self.socket_of(session).is_some())
    }

    /// Tells those who watch the phone of this session whether it is online.
    fn tell_presence(&mut self, session: &str) {
        if let Some(link) = self.state.links.get(session) {
            let phone = link.phone.clone();
            let online = self.seems_online(&phone);
            self.push_presence(&phone, online);
        }
    }

    /// Tells those who watch `phone` and may see it whether it is online.
    fn push_presence(&mut self, phone: &Number, online: bool) {
        let frame = json!({"t": "presence", "id": phone.pn(), "online": online});
        for socket in self.sockets_watching(phone) {
            let viewer = self.phone_of(socket);
            if viewer.is_some_and(|viewer| !self.is_hidden(phone, &viewer)) {
                self.push(socket, frame.clone());
            }
        }
    }

    /// `length` random bytes as hexadecimal capitals.
    fn random_hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| format!("{:02X}", self.chance.random::<u8>()))
            .collect()
    }
}
