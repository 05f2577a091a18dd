//! What one onlooker is told next: whole parts of the picture at first, then what has changed in them.

use std::collections::{BTreeSet, HashMap};

use super::faults;
use super::shapes::GroupPart;
use super::watch_events::{Head, Part, Picture};
use crate::sandbox::network::{
    Arrival, ChatId, ChatView, GroupId, MessageView, Millis, Network, Number, PhoneView, Trace,
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

/// The network at a moment.
#[derive(Clone, Copy)]
struct Scene<'a> {
    network: &'a Network,
    now: Millis,
}

/// Which of an onlooker's parts the latest traces lead to.
#[derive(Default)]
struct Changed {
    phones: BTreeSet<Number>,
    pages: bool,
    /// Chats in the lists of the phones that it follows.
    heads: BTreeSet<(Number, ChatId)>,
    lists: BTreeSet<Number>,
    /// Chats that it follows: something about them, or everything.
    chats: BTreeSet<(Number, ChatId)>,
    remade: BTreeSet<(Number, ChatId)>,
    messages: BTreeSet<Arrival>,
    groups: BTreeSet<GroupId>,
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
        let scene = Scene { network, now };
        let traces = self.mark.and_then(|mark| network.traces_since(mark));
        let (parts, pages) = match traces {
            Some(traces) => {
                let changed = self.changed(network, &traces);
                (self.news(scene, &changed), pages || changed.pages)
            }
            None => (self.everything(scene), true),
        };
        self.mark = Some(network.mark());
        let (timing, seed) = network.timing();
        Picture {
            now,
            waiting: pages.then(|| network.waiting(now)),
            timing: timing.clone(),
            seed,
            faults: faults::standing(network),
            parts,
        }
    }

    /// The events that tell it.
    pub(super) fn tell(&mut self, picture: &Picture) -> String {
        picture.events(&mut self.told)
    }

    fn everything(&mut self, scene: Scene<'_>) -> Vec<Part> {
        let mut parts = vec![Part::Phones(scene.network.phones())];
        for phone in &self.interest.phones {
            parts.push(scene.list(phone));
        }
        for (owner, chat) in self.interest.chats.clone() {
            parts.extend(scene.group(&chat));
            parts.extend(self.whole(scene, &owner, &chat, false));
        }
        parts
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
                Trace::Chat(owner, chat) => changed.chat(owner, chat.clone()),
                Trace::Remade(owner, chat) => {
                    changed.heads.insert((owner.clone(), chat.clone()));
                    changed.remade.insert((owner.clone(), chat.clone()));
                }
                Trace::Chats(owner) => {
                    changed.lists.insert(owner.clone());
                    let followed = self.interest.chats.iter().filter(|(one, _)| one == owner);
                    changed.remade.extend(followed.cloned());
                }
                Trace::Phone(phone) => {
                    changed.phones.insert(phone.clone());
                }
                Trace::Group(group) => {
                    changed.groups.insert(group.clone());
                    self.everywhere(&mut changed, &ChatId::Group(group.clone()));
                }
                // In a chat with one person it is that person's chat with whoever types.
                Trace::Typing(ChatId::Person(reader), typist) => changed.chat(reader, ChatId::from(typist)),
                Trace::Typing(chat, _) => self.everywhere(&mut changed, chat),
                Trace::Pages => changed.pages = true,
            }
        }
        changed
    }

    /// A chat that many have changes on all phones that this onlooker follows.
    fn everywhere(&self, changed: &mut Changed, chat: &ChatId) {
        for owner in &self.interest.phones {
            changed.chat(owner, chat.clone());
        }
    }

    fn news(&mut self, scene: Scene<'_>, changed: &Changed) -> Vec<Part> {
        let mut parts = Vec::new();
        let phones = changed.phones.iter();
        let phones: Vec<PhoneView> = phones
            .filter_map(|phone| scene.network.phone(phone).ok())
            .collect();
        if !phones.is_empty() {
            parts.push(Part::PhonesChanged(phones));
        }
        for owner in &self.interest.phones {
            // Until a phone was made the onlooker has been told that there is none, so its empty list is news.
            let born = changed.phones.contains(owner) && scene.network.has_no_chats(owner);
            if born || changed.lists.contains(owner) {
                parts.push(scene.list(owner));
                continue;
            }
            let heads = changed.heads.iter().filter(|(one, _)| one == owner);
            let heads = heads.filter_map(|(_, chat)| scene.network.chat_head(owner, chat));
            let heads: Vec<Head> = heads.map(|chat| scene.head(owner, chat)).collect();
            if !heads.is_empty() {
                parts.push(Part::ChatsChanged(owner.clone(), heads));
            }
        }
        for (owner, chat) in self.interest.chats.clone() {
            if chat.group().is_some_and(|group| changed.groups.contains(group)) {
                parts.extend(scene.group(&chat));
            }
            parts.extend(self.chat_news(scene, changed, &owner, &chat));
        }
        parts
    }

    fn whole(&mut self, scene: Scene<'_>, owner: &Number, chat: &ChatId, remade: bool) -> Option<Part> {
        let end = scene.network.chat_end(owner, chat, MESSAGES).ok()?;
        self.ends.insert((owner.clone(), chat.clone()), end.last);
        let (more, head) = (end.more, scene.head(owner, end.chat));
        Some(Part::Chat {
            owner: owner.clone(),
            head,
            more,
            remade,
        })
    }

    fn chat_news(
        &mut self,
        scene: Scene<'_>,
        changed: &Changed,
        owner: &Number,
        chat: &ChatId,
    ) -> Option<Part> {
        let key = (owner.clone(), chat.clone());
        if changed.remade.contains(&key) || !self.ends.contains_key(&key) {
            return self.whole(scene, owner, chat, true);
        }
        let touched = changed.messages.iter();
        let touched: Vec<MessageView> = touched
            .filter(|arrival| scene.network.chat_of_message(owner, **arrival).as_ref() == Some(chat))
            .filter_map(|arrival| scene.network.message_at(owner, *arrival))
            .collect();
        if touched.is_empty() && !changed.chats.contains(&key) {
            return None;
        }
        let known = self.ends.get(&key).copied().flatten();
        let Some((added, last)) = scene.network.messages_after(owner, chat, known, MESSAGES) else {
            return self.whole(scene, owner, chat, true);
        };
        self.ends.insert(key, last);
        let head = scene.head(owner, scene.network.chat_head(owner, chat)?);
        Some(Part::ChatChanged {
            owner: owner.clone(),
            head,
            added,
            changed: touched,
        })
    }
}

impl Changed {
    /// Something about a chat, but no message that is there already.
    fn chat(&mut self, owner: &Number, chat: ChatId) {
        self.heads.insert((owner.clone(), chat.clone()));
        self.chats.insert((owner.clone(), chat));
    }
}

impl Scene<'_> {
    fn head(self, owner: &Number, chat: ChatView) -> Head {
        let typing = self.network.typing_in(owner, &chat.peer, self.now);
        let group = chat.peer.group().and_then(|group| self.network.group(group).ok());
        let picture = group.and_then(|group| group.picture.clone());
        Head {
            chat,
            typing,
            picture,
        }
    }

    /// The list of chats of a phone.
    fn list(self, owner: &Number) -> Part {
        let chats = self.network.chat_heads(owner).ok();
        let heads = chats.map(|chats| chats.into_iter().map(|chat| self.head(owner, chat)).collect());
        Part::Chats(owner.clone(), heads)
    }

    fn group(self, chat: &ChatId) -> Option<Part> {
        let id = chat.group()?;
        let part = GroupPart::of(self.network, id).ok()?;
        Some(Part::Group(Box::new(part)))
    }
}
