//! What is written down gives the same network again, whatever happened.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{
    AnyInput, ChatId, Content, Fault, FaultKind, Input, Network, Number, Past, Rules, State, Timing, Typing,
    inputs,
};
use super::{ANNA, BEN, ROBOT, group_of, number, people_lives};

/// Something that happens: any page or phone does anything.
#[derive(Clone, Debug)]
pub(super) enum Happens {
    Wait(i64),
    Opens,
    Leaves(usize),
    Says(usize, Value),
    Scans(usize, usize),
    PhoneSends(usize, usize),
    Reads(usize, usize),
    Online(usize, bool),
    Unlinks(usize),
    Fault(usize, usize),
    /// One of the inputs that need nothing of the life so far.
    Given(Box<AnyInput>),
    Restarts(u64),
}

const PEOPLE: [&str; 3] = [ANNA, BEN, ROBOT];

fn chats() -> impl Strategy<Value = ChatId> {
    let group = ChatId::Group(group_of(&[ANNA]).0);
    let people = PEOPLE.map(|digits| ChatId::from(number(digits)));
    let [anna, ben, robot] = people;
    prop_oneof![
        1 => Just(anna), 2 => Just(ben), 1 => Just(robot), 3 => Just(group), 1 => Just(ChatId::Status),
    ]
}

fn ids() -> impl Strategy<Value = String> {
    (0..20_u8).prop_map(|id| format!("3EB0{id}"))
}

fn phones() -> impl Strategy<Value = Number> {
    (0..2_usize).prop_map(|who| number(PEOPLE[who]))
}

/// A phone, a chat and an id: a message, if there is one.
fn message() -> impl Strategy<Value = (Number, ChatId, String)> {
    (phones(), chats(), ids())
}

/// What people do on their phones with messages that are there already.
fn deeds() -> impl Strategy<Value = AnyInput> {
    prop_oneof![
        message().prop_map(|(phone, chat, id)| {
            let text = "new".to_owned();
            AnyInput::Edit(inputs::Edit {
                phone,
                chat,
                id,
                text,
            })
        }),
        message().prop_map(|(phone, chat, id)| AnyInput::Revoke(inputs::Revoke { phone, chat, id })),
        (message(), any::<bool>()).prop_map(|((phone, chat, id), away)| {
            let emoji = if away { String::new() } else { "👍".to_owned() };
            AnyInput::React(inputs::React {
                phone,
                chat,
                id,
                emoji,
            })
        }),
        message().prop_map(|(phone, chat, id)| {
            let options = vec!["a".to_owned()];
            AnyInput::Vote(inputs::Vote {
                phone,
                chat,
                id,
                options,
            })
        }),
        (message(), chats()).prop_map(|((phone, chat, id), to)| {
            AnyInput::Forward(inputs::Forward { phone, chat, id, to })
        }),
        (message(), any::<bool>()).prop_map(|((reader, chat, id), played)| {
            let id = Some(id);
            AnyInput::Read(inputs::Read {
                reader,
                chat,
                id,
                played,
            })
        }),
    ]
}

/// What else people do on their phones.
fn given() -> impl Strategy<Value = Happens> {
    let others = prop_oneof![
        (message(), any::<bool>()).prop_map(|((from, to, id), answers)| {
            let (content, quoted) = (Content::text("from the phone"), answers.then_some(id));
            AnyInput::PhoneSends(inputs::PhoneSends {
                from,
                to,
                content,
                quoted,
            })
        }),
        (phones(), chats()).prop_map(|(phone, chat)| {
            let typing = Typing::Composing;
            AnyInput::TypesOnPhone(inputs::TypesOnPhone { phone, chat, typing })
        }),
        (phones(), 1..40_usize).prop_map(|(phone, messages)| {
            let (chats, days) = (3, 9);
            let past = Past {
                messages,
                chats,
                days,
            };
            AnyInput::SeedHistory(inputs::SeedHistory { phone, past })
        }),
        (phones(), phones(), any::<bool>()).prop_map(|(phone, other, blocked)| {
            AnyInput::Block(inputs::Block {
                phone,
                other,
                blocked,
            })
        }),
    ];
    prop_oneof![3 => deeds(), 2 => others].prop_map(|input| Happens::Given(Box::new(input)))
}

/// What a page says about messages that are there already.
fn says_of_messages() -> impl Strategy<Value = Value> {
    let target = || {
        (chats(), ids(), any::<bool>()).prop_map(|(chat, id, own)| {
            json!({"chat": chat.wid(), "id": id, "fromMe": own, "author": format!("{ANNA}@c.us"), "rid": 3})
        })
    };
    let of = move |more: Value| {
        target().prop_map(move |mut frame| {
            more.as_object()
                .unwrap()
                .iter()
                .for_each(|(name, value)| frame[name] = value.clone());
            frame
        })
    };
    let chat = || chats().prop_map(|chat| chat.wid());
    prop_oneof![
        of(json!({"t": "edit", "editId": "E", "body": "new"})),
        of(json!({"t": "revoke", "revokeId": "D"})),
        of(json!({"t": "react", "reactionId": "R", "emoji": "x"})),
        of(json!({"t": "vote", "voteId": "V", "options": ["a"]})),
        (chat(), ids(), any::<bool>())
            .prop_map(|(chat, id, star)| json!({"t": "star", "chat": chat, "ids": [id], "star": star})),
        (chat(), ids()).prop_map(|(chat, id)| json!({"t": "forget", "chat": chat, "ids": [id]})),
        (chat(), ids()).prop_map(|(chat, id)| json!({"t": "played", "chat": chat, "ids": [id]})),
        chat().prop_map(|chat| json!({"t": "history", "chat": chat, "count": 9, "rid": 4})),
        chat().prop_map(|chat| json!({"t": "seen", "id": chat})),
        (chat(), any::<bool>())
            .prop_map(|(chat, clear)| json!({"t": "chat_set", "chat": chat, "clear": clear, "pin": 5})),
        (chat(), ids()).prop_map(|(chat, id)| json!({
            "t": "send", "rid": 5, "to": chat, "id": id,
            "msg": {"type": "poll_creation", "pollName": "?", "pollOptions": [{"name": "a"}]},
        })),
    ]
}

fn says() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(json!({"t": "refs"})),
        1 => Just(json!({"t": "logout", "rid": 7})),
        2 => (0..3_usize).prop_map(|who| json!({"t": "presence_sub", "id": format!("{}@c.us", PEOPLE[who])})),
        2 => (0..3_usize).prop_map(|who| json!({"t": "seen", "id": format!("{}@c.us", PEOPLE[who])})),
        1 => (0..3_usize).prop_map(|who| json!({"t": "pairing_code", "phone": PEOPLE[who], "rid": 1})),
        8 => (0..3_usize, 0..20_u8).prop_map(|(who, id)| json!({
            "t": "send", "rid": id, "to": format!("{}@c.us", PEOPLE[who]), "id": format!("3EB0{id}"),
            "msg": {"type": "chat", "body": "hi"},
        })),
    ]
}

pub(super) fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0..500_i64).prop_map(Happens::Wait),
        2 => Just(Happens::Opens),
        1 => (0..4_usize).prop_map(Happens::Leaves),
        8 => (0..4_usize, says()).prop_map(|(page, frame)| Happens::Says(page, frame)),
        8 => (0..4_usize, says_of_messages()).prop_map(|(page, frame)| Happens::Says(page, frame)),
        8 => given(),
        6 => (0..4_usize, people_lives::says()).prop_map(|(page, frame)| Happens::Says(page, frame)),
        6 => people_lives::given().prop_map(|input| Happens::Given(Box::new(input))),
        3 => (0..2_usize, 0..4_usize).prop_map(|(phone, page)| Happens::Scans(phone, page)),
        3 => (0..2_usize, 0..3_usize).prop_map(|(from, to)| Happens::PhoneSends(from, to)),
        1 => (0..2_usize, 0..2_usize).prop_map(|(reader, from)| Happens::Reads(reader, from)),
        1 => (0..2_usize, any::<bool>()).prop_map(|(phone, online)| Happens::Online(phone, online)),
        1 => (0..2_usize).prop_map(Happens::Unlinks),
        1 => (0..2_usize, 0..FaultKind::NAMES.len()).prop_map(|(phone, kind)| Happens::Fault(phone, kind)),
        1 => (0..4_u64).prop_map(Happens::Restarts),
    ]
}

/// A life, with everything written down that a journal would write.
pub(super) struct Life {
    pub(super) network: Network,
    pub(super) now: i64,
    pages: Vec<u64>,
    written: Vec<(i64, String)>,
}

impl Life {
    pub(super) fn begin() -> Life {
        let mut life = Life {
            network: Network::blank(),
            now: 1_000_000,
            pages: Vec::new(),
            written: Vec::new(),
        };
        life.restarts(5);
        let timing = Timing {
            auto_reply: Some("ok".to_owned()),
            loss: 0.2,
            ..Timing::default()
        };
        life.give(&inputs::SetTiming { timing, seed: None });
        let (id, group) = group_of(&PEOPLE);
        life.network.state.put_group(&id, group);
        for digits in [ANNA, BEN] {
            let phone = number(digits);
            let name = Some(format!("Person {digits}"));
            life.give(&inputs::CreatePhone { phone, name }).unwrap();
        }
        life
    }

    fn give<I: Input>(&mut self, input: &I) -> I::Answer {
        self.written.push((self.now, input.written()));
        let answer = input.apply(&mut self.network, self.now);
        self.network.take_effects();
        answer
    }

    fn restarts(&mut self, seed: u64) {
        let rules = Rules {
            seed,
            sync_ms: 500,
            ref_ms: 20_000,
        };
        self.give(&inputs::Boot { rules });
        self.pages.clear();
    }

    fn page(&self, which: usize) -> u64 {
        let there = self.pages.len().max(1);
        self.pages.get(which % there).copied().unwrap_or(99)
    }

    fn opens(&mut self) {
        let socket = self.give(&inputs::Open {});
        self.pages.push(socket);
        let text = json!({"t": "hello", "v": "2.3000.1"}).to_string();
        self.give(&inputs::Frame { socket, text });
    }

    fn scans(&mut self, phone: Number, page: usize) {
        let shown = self.network.sockets.get(&self.page(page));
        let code = shown
            .and_then(|page| page.refs.first())
            .map(|(code, _)| code.clone());
        let code = code.unwrap_or_default();
        let _ = self.give(&inputs::Scan { phone, code });
    }

    pub(super) fn happens(&mut self, what: &Happens) {
        let who = |which: &usize| number(PEOPLE[*which]);
        // Refusals are part of life, and are written down like everything else.
        match what {
            Happens::Wait(millis) => self.now += millis,
            Happens::Opens => self.opens(),
            Happens::Leaves(page) => self.give(&inputs::Closed {
                socket: self.page(*page),
            }),
            Happens::Says(page, frame) => self.give(&inputs::Frame {
                socket: self.page(*page),
                text: frame.to_string(),
            }),
            Happens::Scans(phone, page) => self.scans(who(phone), *page),
            Happens::PhoneSends(from, to) => {
                let (from, to) = (who(from), who(to));
                let _ = self.give(&inputs::PhoneSends {
                    from,
                    to: to.into(),
                    content: Content::text("hello"),
                    quoted: None,
                });
            }
            Happens::Reads(reader, from) => {
                let (reader, from) = (who(reader), who(from));
                let _ = self.give(&inputs::Read {
                    reader,
                    chat: from.into(),
                    id: None,
                    played: false,
                });
            }
            Happens::Online(phone, online) => {
                let (phone, online) = (who(phone), *online);
                let _ = self.give(&inputs::SetOnline { phone, online });
            }
            Happens::Unlinks(phone) => {
                let _ = self.give(&inputs::Unlink {
                    phone: who(phone),
                    session: None,
                });
            }
            Happens::Fault(phone, kind) => {
                let fault = Fault {
                    count: Some(2),
                    after_ms: Some(30),
                    for_ms: Some(50),
                    probability: 0.5,
                    ..Fault::of(FaultKind::NAMES[*kind].1, &who(phone))
                };
                let _ = self.give(&inputs::PlanFault { fault });
            }
            Happens::Given(input) => {
                self.written
                    .push((self.now, serde_json::to_string(input).unwrap()));
                input.replay(&mut self.network, self.now);
                self.network.take_effects();
            }
            Happens::Restarts(seed) => self.restarts(*seed),
        }
    }
}

/// Written down and read back.
fn through_a_file(network: &Network) -> Network {
    let bytes = serde_json::to_vec(network).unwrap();
    serde_json::from_slice::<Network>(&bytes).unwrap().revived()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_image_and_its_log_give_the_network_back(
        before in prop::collection::vec(happens(), 0..60), after in prop::collection::vec(happens(), 0..60),
    ) {
        let mut life = Life::begin();
        before.iter().for_each(|what| life.happens(what));
        let mut again = through_a_file(&life.network);
        let begin = life.written.len();
        after.iter().for_each(|what| life.happens(what));
        for (at, written) in &life.written[begin..] {
            let input: AnyInput = serde_json::from_str(written).unwrap();
            input.replay(&mut again, *at);
        }
        // Whatever is under way comes out the same, too.
        for network in [&mut life.network, &mut again] {
            network.advance(life.now + 1_000_000);
        }
        prop_assert_eq!(json!(life.network), json!(again));
    }
}

#[test]
fn a_blank_network_that_boots_is_an_empty_one() {
    let mut network = Network::blank();
    let rules = Rules {
        seed: 3,
        sync_ms: 1,
        ref_ms: 100,
    };
    network.boot(rules.clone());
    assert_eq!(json!(network), json!(Network::new(rules, State::default())));
}
