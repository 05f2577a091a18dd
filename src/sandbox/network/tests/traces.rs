//! Whoever follows the traces misses nothing that the views show.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::views::{ChatView, PhoneView, WaitingView};
use super::super::{ChatId, Network, Number, Trace};
use super::replay::{Life, happens};

/// Everything that an onlooker may follow.
struct Views {
    phones: BTreeMap<Number, PhoneView>,
    chats: BTreeMap<(Number, ChatId), ChatView>,
    waiting: Vec<WaitingView>,
}

impl Views {
    fn of(network: &Network, now: i64) -> Views {
        let phones: BTreeMap<_, _> = network
            .phones()
            .into_iter()
            .map(|phone| (phone.number.clone(), phone))
            .collect();
        let mut chats = BTreeMap::new();
        for owner in phones.keys() {
            for chat in network.chats(owner).unwrap() {
                chats.insert((owner.clone(), chat.peer.clone()), chat);
            }
        }
        Views {
            phones,
            chats,
            waiting: network.waiting(now),
        }
    }
}

/// Places where the traces lead.
#[derive(Debug, Default)]
struct Led {
    phones: BTreeSet<Number>,
    chats: BTreeSet<(Number, ChatId)>,
    /// Chats of which more than the end, or single messages, may have changed.
    remade: BTreeSet<(Number, ChatId)>,
    lists: BTreeSet<Number>,
    pages: bool,
}

impl Led {
    fn by(network: &Network, mark: u64) -> Led {
        let mut led = Led::default();
        for trace in network.traces_since(mark).unwrap() {
            match trace {
                Trace::Message(arrival) => {
                    for phone in network.phones() {
                        let chat = network.chat_of_message(&phone.number, *arrival);
                        led.chats.extend(chat.map(|chat| (phone.number, chat)));
                    }
                }
                Trace::Chat(owner, chat) => {
                    led.chats.insert((owner.clone(), chat.clone()));
                }
                Trace::Remade(owner, chat) => {
                    led.remade.insert((owner.clone(), chat.clone()));
                }
                Trace::Chats(owner) => {
                    led.lists.insert(owner.clone());
                }
                Trace::Phone(phone) => {
                    led.phones.insert(phone.clone());
                }
                Trace::Group(group) => {
                    let chat = ChatId::Group(group.clone());
                    let phones = network.phones().into_iter();
                    led.chats.extend(phones.map(|phone| (phone.number, chat.clone())));
                }
                Trace::Typing(..) => {}
                Trace::Pages => led.pages = true,
            }
        }
        led
    }
}

/// Whether the messages of `after` are those of `before` with some more at the end.
fn only_grew(before: &ChatView, after: &ChatView) -> bool {
    let ids = |chat: &ChatView| -> Vec<(bool, String)> {
        let messages = chat.messages.iter();
        messages
            .map(|message| (message.from_me, message.id.clone()))
            .collect()
    };
    ids(after).starts_with(&ids(before))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_shown_otherwise_has_left_a_trace(steps in prop::collection::vec(happens(), 0..60)) {
        let mut life = Life::begin();
        for step in &steps {
            let (mark, now) = (life.network.mark(), life.now);
            let before = Views::of(&life.network, now);
            life.happens(step);
            life.network.advance(life.now);
            let after = Views::of(&life.network, now);
            let led = Led::by(&life.network, mark);
            for (number, phone) in &after.phones {
                let same = before.phones.get(number) == Some(phone);
                prop_assert!(same || led.phones.contains(number), "{step:?}: {phone:?}, {led:?}");
            }
            for (place, chat) in &after.chats {
                let (known, remade) = (before.chats.get(place), led.remade.contains(place) || led.lists.contains(&place.0));
                let same = known == Some(chat);
                prop_assert!(same || remade || led.chats.contains(place), "{step:?}: {chat:?}, {led:?}");
                let grew = known.is_none_or(|known| only_grew(known, chat));
                prop_assert!(grew || remade, "{step:?}: {chat:?}, {led:?}");
            }
            let gone = before.chats.keys().find(|place| !after.chats.contains_key(*place));
            prop_assert!(gone.is_none_or(|(owner, _)| led.lists.contains(owner)), "{step:?}: {gone:?}");
            prop_assert!(before.waiting == after.waiting || led.pages, "{step:?}: {:?}", after.waiting);
        }
    }
}
