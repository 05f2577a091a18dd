//! The network from outside: frames in, frames out, and a clock that leaps.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod chats;
mod contents;
mod faults;
mod group_rules;
mod groups;
mod history;
mod people;
mod people_lives;
mod properties;
mod replay;
mod scenes;
mod traces;
mod views;

use serde_json::{Value, json};

use super::chat_id::GroupId;
use super::groups::{Group, Outcome, PeopleAction};
use super::{DeliveryFilter, Effect, Message, Millis, Network, Number, Rules, SocketId, State};

/// A network with a clock of its own and a record of what every page was told.
pub(super) struct Stage {
    pub(super) network: Network,
    pub(super) now: Millis,
    pub(super) heard: Vec<(SocketId, Value)>,
    pub(super) closed: Vec<SocketId>,
    pub(super) crashed: Vec<SocketId>,
    pub(super) cut: Vec<(SocketId, u64)>,
    requests: u64,
}

pub(super) const ANNA: &str = "5511900000001";
pub(super) const BEN: &str = "5511900000002";
pub(super) const ROBOT: &str = "5511955555555";

pub(super) fn number(digits: &str) -> Number {
    Number::parse(digits).unwrap()
}

/// A group of these people; the first one has made it.
pub(super) fn group_of(people: &[&str]) -> (GroupId, Group) {
    let [creator, others @ ..] = people else {
        panic!("a group without anybody");
    };
    let others: Vec<Number> = others.iter().map(|person| number(person)).collect();
    let mut group = Group::new(1_000_000, &number(creator), "Friends", "CODE".to_owned()).unwrap();
    group
        .change_people(&number(creator), PeopleAction::Add, &others, |_| Outcome::Done)
        .unwrap();
    (GroupId::of(1), group)
}

impl Stage {
    pub(super) fn new(seed: u64) -> Stage {
        Stage::from_state(seed, State::default())
    }

    pub(super) fn from_state(seed: u64, state: State) -> Stage {
        let rules = Rules {
            seed,
            sync_ms: 500,
            ref_ms: 20_000,
        };
        let network = Network::new(rules, state);
        Stage {
            network,
            now: 1_000_000,
            heard: Vec::new(),
            closed: Vec::new(),
            crashed: Vec::new(),
            cut: Vec::new(),
            requests: 0,
        }
    }

    /// Notes what the network wants done.
    pub(super) fn note(&mut self) {
        for effect in self.network.take_effects() {
            match effect {
                Effect::Push(socket, frame) => self.heard.push((socket, frame)),
                Effect::Close(socket) => self.closed.push(socket),
                Effect::Crash(socket) => self.crashed.push(socket),
                Effect::Cut(socket, for_ms) => self.cut.push((socket, for_ms)),
            }
        }
    }

    /// Lets time pass in one leap.
    pub(super) fn wait(&mut self, millis: Millis) {
        self.now += millis;
        self.network.advance(self.now);
        self.note();
    }

    pub(super) fn say(&mut self, socket: SocketId, frame: Value) {
        self.network.frame(self.now, socket, &frame.to_string());
        self.note();
    }

    /// A request; answers its rid.
    pub(super) fn ask(&mut self, socket: SocketId, mut frame: Value) -> u64 {
        self.requests += 1;
        frame["rid"] = json!(self.requests);
        self.say(socket, frame);
        self.requests
    }

    pub(super) fn answer(&self, rid: u64) -> Option<&Value> {
        self.heard
            .iter()
            .map(|(_, frame)| frame)
            .find(|frame| frame["rid"] == json!(rid))
    }

    /// What a page was told under one verb, in order.
    pub(super) fn told(&self, socket: SocketId, verb: &str) -> Vec<&Value> {
        let to_it = self
            .heard
            .iter()
            .filter(|(to, frame)| *to == socket && frame["t"] == verb);
        to_it.map(|(_, frame)| frame).collect()
    }

    /// The acks that a page was told of one message, in order.
    pub(super) fn receipts(&self, socket: SocketId, id: &str) -> Vec<u64> {
        let of_id = self
            .told(socket, "receipt")
            .into_iter()
            .filter(|frame| frame["ids"][0] == id);
        of_id.map(|frame| frame["ack"].as_u64().unwrap()).collect()
    }

    pub(super) fn phone(&mut self, digits: &str) -> Number {
        let number = number(digits);
        self.network.create_phone(self.now, &number, None).unwrap();
        number
    }

    /// A new page that says hello.
    pub(super) fn page(&mut self, token: Option<&str>) -> SocketId {
        let socket = self.network.open();
        self.say(socket, json!({"t": "hello", "token": token, "v": "2.3000.1"}));
        socket
    }

    /// A phone with one linked page; answers the page and its token.
    pub(super) fn linked(&mut self, digits: &str) -> (SocketId, String) {
        let phone = self.phone(digits);
        let socket = self.page(None);
        let code = self.told(socket, "welcome")[0]["refs"][0]
            .as_str()
            .unwrap()
            .to_owned();
        self.network
            .scan(self.now, &phone, &format!("{code},noise,identity,adv"))
            .unwrap();
        self.note();
        let token = self.told(socket, "paired")[0]["token"]
            .as_str()
            .unwrap()
            .to_owned();
        (socket, token)
    }

    /// The delivery log: all of it, or of one WhatsApp id.
    pub(super) fn log(&self, id: Option<&str>) -> Vec<Message> {
        let wanted = DeliveryFilter {
            id: id.map(str::to_owned),
            ..DeliveryFilter::default()
        };
        self.network.deliveries(&wanted, 0, usize::MAX).0
    }

    /// A group of these people; the first one has made it.
    pub(super) fn group(&mut self, people: &[&str]) -> String {
        let (id, group) = group_of(people);
        self.network.state.put_group(&id, group);
        id.to_string()
    }

    /// Asks for something that must be done.
    pub(super) fn done(&mut self, socket: SocketId, frame: Value) -> Value {
        let rid = self.ask(socket, frame.clone());
        let answer = self.answer(rid).unwrap().clone();
        assert_eq!(answer.get("error"), None, "{frame}");
        answer
    }

    /// Asks for something that is refused; answers why.
    pub(super) fn refused(&mut self, socket: SocketId, frame: Value) -> String {
        let rid = self.ask(socket, frame.clone());
        let answer = self.answer(rid).unwrap();
        answer["error"]
            .as_str()
            .unwrap_or_else(|| panic!("{frame}: {answer}"))
            .to_owned()
    }

    /// Everything that the page was told from now on counts.
    pub(super) fn forget_what_was_heard(&mut self) {
        self.heard.clear();
    }

    pub(super) fn send(&mut self, socket: SocketId, to: &str, id: &str) -> u64 {
        let to = if to.contains('@') {
            to.to_owned()
        } else {
            format!("{to}@c.us")
        };
        let frame = json!({"t": "send", "to": to, "id": id, "msg": {"type": "chat", "body": "hi"}});
        self.ask(socket, frame)
    }
}
