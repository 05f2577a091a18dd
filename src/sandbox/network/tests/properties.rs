use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ANNA, BEN, ROBOT, Stage, number};
use crate::sandbox::network::{Fault, FaultKind, State, Timing};

/// One step of a random life of two linked phones and a robot.
#[derive(Clone, Debug)]
enum Step {
    Send {
        from_anna: bool,
        to: usize,
        id: u8,
    },
    /// In the group of Anna, Ben and a robot, or to the status.
    Post {
        from_anna: bool,
        to_status: bool,
        id: u8,
    },
    /// Something is done with a message of the group.
    Change {
        by_anna: bool,
        what: usize,
        id: u8,
    },
    PhoneSend {
        from_anna: bool,
    },
    Wait(i64),
    Reload {
        anna: bool,
    },
    Leave {
        anna: bool,
    },
    Fault(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<bool>(), 0..3_usize, 0..12_u8).prop_map(|(from_anna, to, id)| Step::Send { from_anna, to, id }),
        3 => (any::<bool>(), any::<bool>(), 20..26_u8)
            .prop_map(|(from_anna, to_status, id)| Step::Post { from_anna, to_status, id }),
        3 => (any::<bool>(), 0..6_usize, 20..26_u8).prop_map(|(by_anna, what, id)| Step::Change { by_anna, what, id }),
        2 => any::<bool>().prop_map(|from_anna| Step::PhoneSend { from_anna }),
        4 => (0..300_i64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(|anna| Step::Reload { anna }),
        1 => any::<bool>().prop_map(|anna| Step::Leave { anna }),
        1 => (0..FaultKind::NAMES.len()).prop_map(Step::Fault),
        1 => Just(Step::Restart),
    ]
}

/// Plays the steps to the end and lets everything settle.
fn play(seed: u64, steps: &[Step]) -> Stage {
    let mut stage = Stage::new(seed);
    let mut pages = BTreeMap::new();
    let mut tokens = BTreeMap::new();
    for (anna, digits) in [(true, ANNA), (false, BEN)] {
        let (page, token) = stage.linked(digits);
        pages.insert(anna, page);
        tokens.insert(anna, token);
    }
    stage.linked(ANNA);
    let group = stage.group(&[ANNA, BEN, ROBOT]);
    let timing = Timing {
        auto_reply: Some("ok".to_owned()),
        loss: 0.1,
        ..Timing::default()
    };
    stage.network.set_timing(stage.now, timing, None);
    for step in steps {
        match step {
            Step::Send { from_anna, to, id } => {
                stage.send(pages[from_anna], [ANNA, BEN, ROBOT][*to], &format!("3EB0{id}"));
            }
            Step::Post {
                from_anna,
                to_status,
                id,
            } => {
                let to = if *to_status {
                    "status@broadcast"
                } else {
                    group.as_str()
                };
                stage.send(pages[from_anna], to, &format!("3EB0{id}"));
            }
            Step::Change { by_anna, what, id } => {
                stage.ask(pages[by_anna], change(&group, *what, &format!("3EB0{id}")));
            }
            Step::PhoneSend { from_anna } => {
                let (from, to) = if *from_anna { (ANNA, BEN) } else { (BEN, ANNA) };
                stage
                    .network
                    .text_from_phone(stage.now, &number(from), &number(to), "x")
                    .unwrap();
            }
            Step::Wait(millis) => stage.wait(*millis),
            Step::Reload { anna } => {
                let page = stage.page(Some(&tokens[anna]));
                pages.insert(*anna, page);
            }
            Step::Leave { anna } => stage.network.closed(stage.now, pages[anna]),
            Step::Fault(which) => {
                let kind = FaultKind::NAMES[*which].1;
                let fault = Fault {
                    count: Some(2),
                    for_ms: Some(50),
                    ..Fault::of(kind, &number(ANNA))
                };
                stage.network.fault(stage.now, &fault).unwrap();
            }
            Step::Restart => stage = restarted(seed, stage),
        }
        stage.note();
    }
    stage.wait(100_000);
    stage
}

/// Anna has written the message; Ben may do less with it than she.
fn change(group: &str, what: usize, id: &str) -> Value {
    let author = format!("{ANNA}@c.us");
    let target = |more: Value| {
        let mut frame = json!({"chat": group, "id": id, "fromMe": false, "author": author});
        more.as_object()
            .unwrap()
            .iter()
            .for_each(|(name, value)| frame[name] = value.clone());
        frame
    };
    match what {
        0 => target(json!({"t": "edit", "editId": "E1", "body": "new"})),
        1 => target(json!({"t": "revoke", "revokeId": "D1"})),
        2 => target(json!({"t": "react", "reactionId": "R1", "emoji": "👍"})),
        3 => json!({"t": "played", "chat": group, "ids": [id]}),
        4 => json!({"t": "forget", "chat": group, "ids": [id]}),
        _ => json!({"t": "seen", "id": group}),
    }
}

fn restarted(seed: u64, before: Stage) -> Stage {
    let saved = serde_json::to_vec(before.network.state()).unwrap();
    let state: State = serde_json::from_slice(&saved).unwrap();
    let mut stage = Stage::from_state(seed, state);
    (stage.now, stage.heard, stage.closed) = (before.now, before.heard, before.closed);
    stage
}

/// How often each message id was told as news of one writer to each socket.
fn told_as_news(stage: &Stage) -> BTreeMap<(u64, String, String), u32> {
    let mut counts = BTreeMap::new();
    for (socket, frame) in stage.heard.iter().filter(|(_, frame)| frame["t"] == "msg") {
        let key = (
            *socket,
            frame["raw"]["notifyName"].to_string(),
            frame["raw"]["id"].to_string(),
        );
        *counts.entry(key).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_id_is_delivered_at_most_once(seed: u64, steps in prop::collection::vec(step(), 1..80)) {
        let stage = play(seed, &steps);
        for (what, count) in told_as_news(&stage) {
            prop_assert_eq!(count, 1, "{:?}", what);
        }
        for digits in [ANNA, BEN] {
            for chat in stage.network.chats(&number(digits)).unwrap() {
                let mut ids: Vec<_> = chat.messages.iter().map(|message| (message.from_me, message.id.clone())).collect();
                let all = ids.len();
                ids.sort_unstable();
                ids.dedup();
                prop_assert!(ids.len() == all, "{:?}", chat);
            }
        }
    }

    #[test]
    fn receipts_only_rise(seed: u64, steps in prop::collection::vec(step(), 1..80)) {
        let stage = play(seed, &steps);
        let mut highest = BTreeMap::new();
        for (socket, frame) in stage.heard.iter().filter(|(_, frame)| frame["t"] == "receipt") {
            let ack = frame["ack"].as_u64().unwrap();
            let of = (frame["chat"].to_string(), frame["ids"].to_string(), frame["participant"].to_string());
            let before = highest.insert((*socket, of.clone()), ack);
            prop_assert!(before.is_none_or(|before| before <= ack), "{} after {:?}", frame, before);
            if let Some(all) = frame["all"].as_u64() {
                let of = (of.0, of.1, "all".to_owned());
                let before = highest.insert((*socket, of), all);
                prop_assert!(before.is_none_or(|before| before <= all), "{} after {:?}", frame, before);
            }
        }
    }

    #[test]
    fn the_same_seed_and_script_give_the_same_log(seed: u64, steps in prop::collection::vec(step(), 1..40)) {
        let (one, two) = (play(seed, &steps), play(seed, &steps));
        prop_assert_eq!(one.log(None), two.log(None));
        prop_assert_eq!(one.heard, two.heard);
        prop_assert_eq!(json!(one.network.state().timing), json!(two.network.state().timing));
    }
}
