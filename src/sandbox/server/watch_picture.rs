//! What one onlooker is told next: whole parts of the picture at first, then what has changed in them.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::shapes;
use crate::sandbox::network::{
    Arrival, ChatEnd, ChatId, ChatView, MessageView, Millis, Network, Number, PhoneView, Timing, Trace,
    WaitingView,
};

/// Messages of a chat that an onlooker is shown at first: the last ones.
const MESSAGES: usize = 100;

/// What an onlooker wants to see besides the phones, the waiting pages and the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Interest {
    /// Phones whose chats it follows.
    pub(super) phones: Vec<Number>,
    /// Chats whose messages it follows.
    pub(super) chats: Vec<(Number, ChatId)>,
}

/// What an onlooker knows already.
#[derive(Debug)]
pub(super) struct Knowledge {
    interest: Interest,
    /// The traces that it has followed; `None` until it was shown everything.
    mark: Option<u64>,
    /// The last message of each chat that it follows, as far as it was told.
    ends: HashMap<(Number, ChatId), Option<Arrival>>,
    /// The small parts that are compared as a whole, as they were told.
    told: HashMap<&'static str, String>,
}

/// Something to be told, taken out of the network under its lock; JSON is made of it afterwards.
enum Part {
    Phones(Vec<PhoneView>),
    PhonesChanged(Vec<PhoneView>),
    /// `None`: there is no such phone.
    Chats(Number, Option<Vec<ChatView>>),
    ChatsChanged(Number, Vec<ChatView>),
    /// `remade`: earlier messages that the onlooker has may be wrong.
    Chat(Number, Box<ChatEnd>, bool),
    ChatChanged(Number, ChatView, Vec<MessageView>, Vec<MessageView>),
}

/// What is told next.
pub(super) struct Picture {
    now: Millis,
    waiting: Option<Vec<WaitingView>>,
    timing: Timing,
    seed: u64,
    parts: Vec<Part>,
}

/// Which of an onlooker's parts the latest traces lead to.
#[derive(Default)]
struct Changed {
    phones: BTreeSet<Number>,
    pages: bool,
    /// Chats of the phones that it follows.
    heads: BTreeSet<(Number, ChatId)>,
    whole_lists: BTreeSet<Number>,
    /// Chats that it follows: their ends, or all of them.
    ends: BTreeSet<(Number, ChatId)>,
    remade: BTreeSet<(Number, ChatId)>,
    messages: BTreeSet<Arrival>,
}

impl Knowledge {
    /// That of somebody who has just come.
    pub(super) fn none(interest: Interest) -> Knowledge {
        Knowledge {
            interest,
            mark: None,
            ends: HashMap::new(),
            told: HashMap::new(),
        }
    }

    /// What is new, taken out of the network. `pages`: one of the waiting pages shows another code by now.
    pub(super) fn look(&mut self, network: &Network, now: Millis, pages: bool) -> Picture {
        let traces = self.mark.and_then(|mark| network.traces_since(mark));
        let (parts, pages) = match traces {
            Some(traces) => {
                let changed = self.changed(network, &traces);
                (self.news(network, &changed), pages || changed.pages)
            }
            None => (self.everything(network), true),
        };
        self.mark = Some(network.mark());
        let (timing, seed) = network.timing();
        Picture {
            now,
            waiting: pages.then(|| network.waiting(now)),
            timing: timing.clone(),
            seed,
            parts,
        }
    }

    fn everything(&mut self, network: &Network) -> Vec<Part> {
        let mut parts = vec![Part::Phones(network.phones())];
        for phone in &self.interest.phones {
            parts.push(Part::Chats(phone.clone(), network.chat_heads(phone).ok()));
        }
        for (owner, chat) in self.interest.chats.clone() {
            parts.extend(self.whole(network, &owner, &chat, false));
        }
        parts
    }

    fn whole(&mut self, network: &Network, owner: &Number, chat: &ChatId, remade: bool) -> Option<Part> {
        let end = network.chat_end(owner, chat, MESSAGES).ok()?;
        self.ends.insert((owner.clone(), chat.clone()), end.last);
        Some(Part::Chat(owner.clone(), Box::new(end), remade))
    }

    /// Where the traces lead. The work grows with the traces and with what this onlooker follows, and with nothing else.
    fn changed(&self, network: &Network, traces: &[&Trace]) -> Changed {
        let mut changed = Changed::default();
        for trace in traces {
            match trace {
                Trace::Message(arrival) => {
                    for owner in &self.interest.phones {
                        let chat = network.chat_of_message(owner, *arrival);
                        changed.heads.extend(chat.map(|chat| (owner.clone(), chat)));
                    }
                    changed.messages.insert(*arrival);
                }
                Trace::Chat(owner, chat) => {
                    changed.heads.insert((owner.clone(), chat.clone()));
                    changed.ends.insert((owner.clone(), chat.clone()));
                }
                Trace::Remade(owner, chat) => {
                    changed.heads.insert((owner.clone(), chat.clone()));
                    changed.remade.insert((owner.clone(), chat.clone()));
                }
                Trace::Chats(owner) => {
                    changed.whole_lists.insert(owner.clone());
                    let followed = self.interest.chats.iter().filter(|(one, _)| one == owner);
                    changed.remade.extend(followed.cloned());
                }
                Trace::Phone(phone) => {
                    changed.phones.insert(phone.clone());
                }
                Trace::Group(_) => {}
                Trace::Pages => changed.pages = true,
            }
        }
        changed
    }

    fn news(&mut self, network: &Network, changed: &Changed) -> Vec<Part> {
        let mut parts = Vec::new();
        let phones = changed
            .phones
            .iter()
            .filter_map(|phone| network.phone(phone).ok());
        let phones: Vec<PhoneView> = phones.collect();
        if !phones.is_empty() {
            parts.push(Part::PhonesChanged(phones));
        }
        for owner in &self.interest.phones {
            if changed.whole_lists.contains(owner)
                || (changed.phones.contains(owner) && self.is_new(network, owner))
            {
                parts.push(Part::Chats(owner.clone(), network.chat_heads(owner).ok()));
                continue;
            }
            let heads = changed.heads.iter().filter(|(one, _)| one == owner);
            let heads: Vec<ChatView> = heads
                .filter_map(|(_, chat)| network.chat_head(owner, chat))
                .collect();
            if !heads.is_empty() {
                parts.push(Part::ChatsChanged(owner.clone(), heads));
            }
        }
        for (owner, chat) in self.interest.chats.clone() {
            parts.extend(self.chat_news(network, changed, &owner, &chat));
        }
        parts
    }

    /// A phone without any chat may have been made just now: until then the onlooker was told that there is none.
    fn is_new(&self, network: &Network, owner: &Number) -> bool {
        network.chat_heads(owner).is_ok_and(|chats| chats.is_empty())
    }

    fn chat_news(
        &mut self,
        network: &Network,
        changed: &Changed,
        owner: &Number,
        chat: &ChatId,
    ) -> Option<Part> {
        let key = (owner.clone(), chat.clone());
        if changed.remade.contains(&key) || !self.ends.contains_key(&key) {
            return self.whole(network, owner, chat, true);
        }
        let touched = changed
            .messages
            .iter()
            .filter_map(|arrival| network.message_at(owner, *arrival));
        let touched: Vec<MessageView> = touched
            .filter_map(|(place, message)| (place == *chat).then_some(message))
            .collect();
        if touched.is_empty() && !changed.ends.contains(&key) {
            return None;
        }
        let known = self.ends.get(&key).copied().flatten();
        let Some(added) = network.messages_after(owner, chat, known, MESSAGES) else {
            return self.whole(network, owner, chat, true);
        };
        if let Some((last, _)) = added.last() {
            self.ends.insert(key, Some(*last));
        }
        let head = network.chat_head(owner, chat)?;
        let added = added.into_iter().map(|(_, message)| message).collect();
        Some(Part::ChatChanged(owner.clone(), head, added, touched))
    }

    /// The events that tell it.
    pub(super) fn tell(&mut self, picture: &Picture) -> String {
        let mut news = String::new();
        let mut say = |name: &str, data: &Value| news.push_str(&format!("event: {name}\ndata: {data}\n\n"));
        let (phones, others): (Vec<&Part>, Vec<&Part>) = picture
            .parts
            .iter()
            .partition(|part| matches!(part, Part::Phones(_) | Part::PhonesChanged(_)));
        for part in phones {
            let (name, data) = part.event();
            say(name, &data);
        }
        let waiting = picture
            .waiting
            .as_ref()
            .map(|pages| json!({"data": pages.iter().map(shapes::waiting).collect::<Vec<_>>()}));
        let small = [
            ("pages", waiting),
            ("network", Some(shapes::timing(&picture.timing, picture.seed))),
        ];
        for (name, data) in small {
            let Some(data) = data else { continue };
            let written = data.to_string();
            if self.told.get(name) != Some(&written) {
                say(name, &data);
                self.told.insert(name, written);
            }
        }
        for part in others {
            let (name, data) = part.event();
            say(name, &data);
        }
        news
    }
}

impl Picture {
    /// How long until one of the waiting pages shows another code, in milliseconds. `None` where they were not looked at,
    /// or where none will.
    pub(super) fn next_turn(&self) -> Option<Option<Millis>> {
        let pages = self.waiting.as_ref()?;
        let next = pages.iter().filter_map(|page| page.until).min();
        Some(next.map(|until| (until - self.now).max(1)))
    }
}

impl Part {
    fn event(&self) -> (&'static str, Value) {
        let list =
            |phones: &[PhoneView]| json!({"data": phones.iter().map(shapes::phone).collect::<Vec<_>>()});
        let heads = |chats: &[ChatView]| chats.iter().map(shapes::chat_head).collect::<Vec<_>>();
        let messages = |all: &[MessageView]| all.iter().map(shapes::message).collect::<Vec<_>>();
        match self {
            Part::Phones(phones) => ("phones", list(phones)),
            Part::PhonesChanged(phones) => ("phones_changed", list(phones)),
            Part::Chats(owner, chats) => (
                "chats",
                json!({"phone": owner, "data": chats.as_deref().map(heads)}),
            ),
            Part::ChatsChanged(owner, chats) => {
                ("chats_changed", json!({"phone": owner, "data": heads(chats)}))
            }
            Part::Chat(owner, end, remade) => {
                let mut data = shapes::chat(&end.chat);
                data["more"] = json!(end.more);
                ("chat", json!({"phone": owner, "remade": remade, "data": data}))
            }
            Part::ChatChanged(owner, head, added, changed) => {
                let mut data = shapes::chat_head(head);
                data["added"] = json!(messages(added));
                data["changed"] = json!(messages(changed));
                ("chat_changed", json!({"phone": owner, "data": data}))
            }
        }
    }
}
