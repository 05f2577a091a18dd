//! A run in virtual time: the pure network, the pages of the scenario and one clock that leaps from one event to the next.
//! Nothing here depends on anything but the scenario and its seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use super::cast::{Party, chat_of};
use super::page::{Later, Page, Wish};
use super::script::{Goes, Script, Switch};
use super::timetable::{Deed, What};
use crate::sandbox::network::{
    ChatId, Effect, GroupAct, Input, Millis, Network, Number, Refusal, Rules, SocketId, Timing, inputs,
};
use crate::sandbox::server::words;

/// Keeps the chance of the pages apart from that of the network and of the timetable.
const OWN_CHANCE: u64 = 0x7061_6765_735f_6f66;

/// How long pages sync and show a code, as in a sandbox that runs.
const SYNC_MS: u64 = 500;
const REF_MS: u64 = 20_000;

/// The run.
pub(super) struct Stage<'a> {
    script: &'a Script,
    network: Network,
    now: Millis,
    timing: Timing,
    pub(super) pages: Vec<Page>,
    /// The page behind each socket, and the other way round.
    sockets: BTreeMap<SocketId, usize>,
    seats: Vec<Option<SocketId>>,
    later: BinaryHeap<Reverse<(Millis, u64, usize)>>,
    plans: BTreeMap<u64, Later>,
    planned: u64,
    chance: ChaCha12Rng,
    effects: VecDeque<Effect>,
    /// Ids of the scenario's groups.
    pub(super) groups: Vec<String>,
    /// Messages that other steps name, with their ids.
    names: BTreeMap<String, String>,
    /// Steps that the network did not do, with its reason.
    pub(super) refused: Vec<(String, String)>,
}

impl<'a> Stage<'a> {
    /// The network with all phones in it, at the start of the scenario.
    pub(super) fn new(script: &'a Script, seed: u64) -> Stage<'a> {
        let mut stage = Stage {
            script,
            network: Network::blank(),
            now: script.start,
            timing: Timing::default(),
            pages: script.cast.pages.iter().cloned().map(Page::new).collect(),
            sockets: BTreeMap::new(),
            seats: vec![None; script.cast.pages.len()],
            later: BinaryHeap::new(),
            plans: BTreeMap::new(),
            planned: 0,
            chance: ChaCha12Rng::seed_from_u64(seed ^ OWN_CHANCE),
            effects: VecDeque::new(),
            groups: Vec::new(),
            names: BTreeMap::new(),
            refused: Vec::new(),
        };
        let rules = Rules {
            seed,
            sync_ms: SYNC_MS,
            ref_ms: REF_MS,
        };
        stage.give(&inputs::Boot { rules });
        stage.network_told("network", &script.network);
        for person in &script.cast.people {
            let (phone, name) = (person.number.clone(), Some(person.name.clone()));
            let made = stage.give(&inputs::CreatePhone { phone, name });
            stage.note_refusal("phones", made.err());
        }
        stage.make_groups();
        for past in &script.cast.pasts {
            let phone = script.cast.people[past.phone].number.clone();
            match words::seed(phone, &bytes(&past.body)) {
                Ok(seed) => {
                    let seeded = stage.give(&seed);
                    stage.note_refusal(&past.place, seeded.err());
                }
                Err(mistakes) => stage.note_mistakes(&past.place, mistakes),
            }
        }
        for page in 0..stage.pages.len() {
            let opens = script.start + stage.pages[page].plan.opens;
            stage.plan(page, opens, Later::Opens);
        }
        stage
    }

    fn make_groups(&mut self) {
        let people = &self.script.cast.people;
        for group in &self.script.cast.groups {
            let act = GroupAct::Create {
                subject: group.subject.clone(),
                description: String::new(),
                people: group
                    .members
                    .iter()
                    .map(|member| people[*member].number.clone())
                    .collect(),
            };
            let by = people[group.creator].number.clone();
            let id = match self.give(&inputs::ActOnGroup { by, act }) {
                Ok(done) => done.group.to_string(),
                Err(refusal) => {
                    let place = format!("groups.{}", group.name);
                    self.refused.push((place, refusal.to_string()));
                    String::new()
                }
            };
            self.groups.push(id);
        }
    }

    /// The chat with a party, as the control API names it.
    fn chat_of(&self, party: &Party) -> String {
        chat_of(&self.script.cast, &self.groups, party).unwrap_or_default()
    }

    /// The network as it is now.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Lets everything happen that is due until a moment, counted from the start; what `deeds` holds until then is taken
    /// out of it.
    pub(super) fn play(&mut self, deeds: &mut VecDeque<Deed>, until: Millis) {
        let until = self.script.start.saturating_add(until);
        loop {
            let deed = deeds
                .front()
                .map(|deed| self.script.start.saturating_add(deed.at));
            let page = self.later.peek().map(|Reverse((at, _, _))| *at);
            let network = self.network.next_due();
            let Some(next) = [network, page, deed].into_iter().flatten().min() else {
                break;
            };
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            // The network first: what it does at this moment was decided before.
            if network.is_some_and(|due| due <= self.now) {
                self.give(&inputs::Advance {});
            } else if page.is_some_and(|due| due <= self.now) {
                self.page_turn();
            } else if let Some(deed) = deeds.pop_front() {
                self.perform(deed);
            }
            self.settle();
        }
        self.now = self.now.max(until);
    }

    fn give<I: Input>(&mut self, input: &I) -> I::Answer {
        let answer = input.apply(&mut self.network, self.now);
        self.effects.extend(self.network.take_effects());
        answer
    }

    fn plan(&mut self, page: usize, at: Millis, later: Later) {
        self.planned += 1;
        self.plans.insert(self.planned, later);
        self.later.push(Reverse((at, self.planned, page)));
    }

    /// Hands on what the network wants done, until nothing is left.
    fn settle(&mut self) {
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::Push(socket, frame) => {
                    if let Some(&page) = self.sockets.get(&socket) {
                        let wishes = self.pages[page].hear(self.now, frame);
                        self.grant(page, wishes);
                    }
                }
                Effect::Close(socket) => self.lose(socket, false),
                // In virtual time a line that is cut is a connection that is lost.
                Effect::Cut(socket, _) => {
                    self.give(&inputs::Closed { socket });
                    self.lose(socket, false);
                }
                Effect::Crash(socket) => {
                    self.give(&inputs::Closed { socket });
                    self.lose(socket, true);
                }
            }
        }
    }

    fn lose(&mut self, socket: SocketId, crashed: bool) {
        if let Some(page) = self.sockets.remove(&socket) {
            self.seats[page] = None;
            let wishes = self.pages[page].closed(self.now, crashed);
            self.grant(page, wishes);
        }
    }

    fn grant(&mut self, page: usize, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Say(frame) => {
                    if let Some(socket) = self.seats[page] {
                        let text = frame.to_string();
                        self.give(&inputs::Frame { socket, text });
                    }
                }
                Wish::Scan(code) => {
                    let owner = self.pages[page].plan.owner;
                    let phone = self.script.cast.people[owner].number.clone();
                    let scanned = self.give(&inputs::Scan { phone, code });
                    let place = format!("pages.{}", self.pages[page].plan.name);
                    self.note_refusal(&place, scanned.err());
                }
                Wish::Later(at, later) => self.plan(page, at, later),
            }
        }
    }

    /// A page does what it wanted to do at this moment.
    fn page_turn(&mut self) {
        let Some(Reverse((_, plan, page))) = self.later.pop() else {
            return;
        };
        let Some(later) = self.plans.remove(&plan) else {
            return;
        };
        match later {
            Later::Opens => self.open(page),
            Later::Answers(chat, text) => {
                self.page_sends(page, &chat, json!({"type": "chat", "body": text}));
            }
            later => {
                let wishes = self.pages[page].does(self.now, later);
                self.grant(page, wishes);
            }
        }
    }

    fn open(&mut self, page: usize) {
        if self.seats[page].is_none() {
            let socket = self.give(&inputs::Open {});
            self.sockets.insert(socket, page);
            self.seats[page] = Some(socket);
            let wishes = self.pages[page].opened(self.now);
            self.grant(page, wishes);
        }
    }

    fn leave(&mut self, page: usize) {
        if let Some(socket) = self.seats[page] {
            self.give(&inputs::Closed { socket });
            self.sockets.remove(&socket);
            self.seats[page] = None;
            // Whoever closes a tab opens it again in a step of its own.
            drop(self.pages[page].closed(self.now, false));
        }
    }

    /// Answers the id of the message.
    fn page_sends(&mut self, page: usize, chat: &str, msg: Value) -> String {
        let id: String = (0..9)
            .map(|_| format!("{:02X}", self.chance.random::<u8>()))
            .collect();
        let id = format!("3EB0{id}");
        let wishes = self.pages[page].send(self.now, chat, id.clone(), msg);
        self.grant(page, wishes);
        id
    }

    fn perform(&mut self, deed: Deed) {
        let Deed { place, what, .. } = deed;
        match what {
            What::Send {
                from,
                to,
                mut body,
                name,
            } => {
                body.insert("to".to_owned(), json!(self.chat_of(&to)));
                let id = self.send(&place, &from, &body);
                self.names.extend(name.zip(id));
            }
            What::Does {
                verb,
                by,
                chat,
                message,
                body,
            } => self.does(place, (verb, &by), &chat, message, body),
            What::Read {
                by: Party::Page(page),
                from,
            } => {
                let chat = ChatId::parse(&self.chat_of(&from)).map_or_else(String::new, |chat| chat.wid());
                let wishes = self.pages[page].see(&chat);
                self.grant(page, wishes);
            }
            What::Read { by, from } => {
                let chat = ChatId::parse(&self.chat_of(&from));
                let Some((reader, chat)) = self.script.cast.number(&by).zip(chat) else {
                    return;
                };
                let read = self.give(&inputs::Read {
                    reader,
                    chat,
                    id: None,
                    played: false,
                });
                self.note_refusal(&place, read.err());
            }
            What::Switch { phone, switch } => {
                let switched = match switch {
                    Switch::Unlink => self.give(&inputs::Unlink { phone, session: None }),
                    switch => self.give(&inputs::SetOnline {
                        phone,
                        online: switch == Switch::Online,
                    }),
                };
                self.note_refusal(&place, switched.err());
            }
            What::Fault { body } => match words::fault(&bytes(&body)) {
                Ok(fault) => {
                    let planned = self.give(&inputs::PlanFault { fault });
                    self.note_refusal(&place, planned.err());
                }
                Err(mistakes) => self.note_mistakes(&place, mistakes),
            },
            What::ClearFaults => self.give(&inputs::ClearFaults {}),
            What::Network { body } => self.network_told(&place, &body),
            What::Page { page, goes } => {
                if goes != Goes::Returns {
                    self.leave(page);
                }
                if goes != Goes::Leaves {
                    self.open(page);
                }
            }
        }
    }

    /// Somebody does something in a chat, mostly to a message.
    fn does(
        &mut self,
        place: String,
        (verb, by): (&str, &Number),
        chat: &Party,
        message: Option<String>,
        mut body: Map<String, Value>,
    ) {
        body.insert("to".to_owned(), json!(self.chat_of(chat)));
        if let Some(name) = message {
            let Some(id) = self.names.get(&name) else {
                let why = format!("no message is called \"{name}\" yet");
                return self.refused.push((place, why));
            };
            body.insert("wa_message_id".to_owned(), json!(id));
        }
        match words::act(verb, by, &bytes(&body)) {
            Ok(act) => {
                let done = self.act(&act);
                self.note_refusal(&place, done.err());
            }
            Err(mistakes) => self.note_mistakes(&place, mistakes),
        }
    }

    fn act(&mut self, act: &words::Act) -> Result<(), Refusal> {
        match act {
            words::Act::React(react) => self.give(react),
            words::Act::Edit(edit) => self.give(edit),
            words::Act::Revoke(revoke) => self.give(revoke),
            words::Act::Vote(vote) => self.give(vote),
            words::Act::Types(types) => self.give(types),
        }
    }

    /// Answers the id of the message.
    fn send(&mut self, place: &str, from: &Party, body: &Map<String, Value>) -> Option<String> {
        let (to, content, quoted) = match words::message(&bytes(body)) {
            Ok(message) => message,
            Err(mistakes) => {
                self.note_mistakes(place, mistakes);
                return None;
            }
        };
        if let Party::Page(page) = from {
            return Some(self.page_sends(*page, &to.wid(), content.to_page().into()));
        }
        let from = self.script.cast.number(from)?;
        let sent = self.give(&inputs::PhoneSends {
            from,
            to,
            content,
            quoted,
        });
        sent.map_err(|refusal| self.note_refusal(place, Some(refusal)))
            .ok()
    }

    fn network_told(&mut self, place: &str, body: &Map<String, Value>) {
        match words::timing(&bytes(body), &self.timing) {
            Ok((timing, seed)) => {
                self.timing = timing.clone();
                self.give(&inputs::SetTiming { timing, seed });
            }
            Err(mistakes) => self.note_mistakes(place, mistakes),
        }
    }

    fn note_refusal(&mut self, place: &str, refusal: Option<Refusal>) {
        if let Some(refusal) = refusal {
            self.refused.push((place.to_owned(), refusal.to_string()));
        }
    }

    fn note_mistakes(&mut self, place: &str, mistakes: words::Mistakes) {
        for (pointer, detail) in mistakes {
            self.refused
                .push((place.to_owned(), format!("{pointer}: {detail}")));
        }
    }

    /// Whether a phone has at least one linked page.
    pub(super) fn is_linked(&self, number: &Number) -> bool {
        self.network
            .phone(number)
            .is_ok_and(|phone| !phone.linked.is_empty())
    }
}

fn bytes(body: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}
