use serde_json::json;

use super::{ANNA, BEN, ROBOT, Stage, number};
use crate::sandbox::network::{Fault, FaultKind, Refusal, State, Timing};

fn fault(kind: FaultKind) -> Fault {
    Fault::of(kind, &number(ANNA))
}

#[test]
fn a_text_goes_all_the_way_to_a_robot() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let rid = stage.send(page, ROBOT, "3EB01");
    assert_eq!(stage.answer(rid), None, "acknowledged only after ack_ms");
    stage.wait(5);
    assert_eq!(stage.answer(rid).unwrap()["at"], json!(1000));
    stage.wait(40);
    assert_eq!(stage.receipts(page, "3EB01"), [2]);
    stage.wait(120);
    assert_eq!(stage.receipts(page, "3EB01"), [2, 3]);
    let log = stage.log(Some("3EB01"));
    assert_eq!(
        (log.len(), log[0].times, log[0].content.kind.public_name()),
        (1, 1, "text")
    );
}

#[test]
fn an_id_that_comes_again_is_acknowledged_and_not_delivered() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    stage.send(anna, BEN, "3EB01");
    stage.wait(1_000);
    let rid = stage.send(anna, BEN, "3EB01");
    stage.wait(1_000);
    assert!(stage.answer(rid).is_some());
    assert_eq!(stage.told(ben, "msg").len(), 1);
    assert_eq!(
        stage.receipts(anna, "3EB01"),
        [2, 3, 3],
        "the page is told again how far it is"
    );
    assert_eq!(stage.log(None)[0].times, 2);
}

#[test]
fn codes_expire_and_are_good_for_one_page() {
    let mut stage = Stage::new(1);
    let anna = stage.phone(ANNA);
    let page = stage.page(None);
    let refs = stage.told(page, "welcome")[0]["refs"].clone();
    assert_eq!(refs.as_array().unwrap().len(), 6);
    let first = refs[0].as_str().unwrap().to_owned();
    stage.wait(41_000);
    assert_eq!(
        stage.network.scan(stage.now, &anna, &first),
        Err(Refusal::UnknownCode)
    );
    let third = refs[2].as_str().unwrap().to_owned();
    assert_eq!(
        stage.network.scan(stage.now, &number(BEN), &third),
        Err(Refusal::UnknownPhone)
    );
    assert!(stage.network.scan(stage.now, &anna, &third).is_ok());
    assert_eq!(
        stage.network.scan(stage.now, &anna, &third),
        Err(Refusal::UnknownCode)
    );
}

#[test]
fn fresh_codes_replace_the_old_ones() {
    let mut stage = Stage::new(1);
    let anna = stage.phone(ANNA);
    let page = stage.page(None);
    let old = stage.told(page, "welcome")[0]["refs"][0]
        .as_str()
        .unwrap()
        .to_owned();
    stage.say(page, json!({"t": "refs"}));
    let new = stage.told(page, "refs")[0]["refs"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        stage.network.scan(stage.now, &anna, &old),
        Err(Refusal::UnknownCode)
    );
    assert!(stage.network.scan(stage.now, &anna, &new).is_ok());
}

#[test]
fn a_pairing_code_links_the_phone_it_was_made_for() {
    let mut stage = Stage::new(1);
    let (anna, ben) = (stage.phone(ANNA), stage.phone(BEN));
    let page = stage.page(None);
    let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
    let code = stage.answer(rid).unwrap()["code"].as_str().unwrap().to_owned();
    let typed = format!("{}-{}", &code[..4], code[4..].to_lowercase());
    assert_eq!(
        stage.network.link(stage.now, &ben, &typed),
        Err(Refusal::OtherPhone)
    );
    assert!(stage.network.link(stage.now, &anna, &typed).is_ok());
    stage.note();
    assert_eq!(stage.told(page, "paired").len(), 1);
}

#[test]
fn a_pairing_code_is_good_for_a_while_and_there_are_not_many() {
    let mut stage = Stage::new(1);
    let anna = stage.phone(ANNA);
    let page = stage.page(None);
    let mut code = String::new();
    for _ in 0..5 {
        let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
        code = stage.answer(rid).unwrap()["code"].as_str().unwrap().to_owned();
    }
    let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
    assert_eq!(stage.answer(rid).unwrap()["error"], "rate-overlimit");
    stage.wait(180_000);
    assert_eq!(
        stage.network.link(stage.now, &anna, &code),
        Err(Refusal::UnknownCode)
    );
    stage.wait(420_000);
    let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
    let code = stage.answer(rid).unwrap()["code"].as_str().unwrap().to_owned();
    stage.network.link(stage.now, &anna, &code).unwrap();
}

#[test]
fn a_phone_links_four_devices_and_no_more() {
    let mut stage = Stage::new(1);
    let anna = stage.phone(ANNA);
    let mut sessions = Vec::new();
    for n in 0..5 {
        let page = stage.page(None);
        let code = stage.network.waiting(stage.now)[0].code.clone().unwrap();
        let linked = stage.network.scan(stage.now, &anna, &code);
        if n < 4 {
            sessions.push(linked.unwrap());
        } else {
            assert_eq!(linked, Err(Refusal::TooManyDevices), "page {page}");
            let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
            let typed = stage.answer(rid).unwrap()["code"].as_str().unwrap().to_owned();
            let linked = stage.network.link(stage.now, &anna, &typed);
            assert_eq!(linked, Err(Refusal::TooManyDevices));
            stage
                .network
                .unlink(stage.now, &anna, Some(&sessions[0]))
                .unwrap();
            stage.network.scan(stage.now, &anna, &code).unwrap();
        }
    }
}

#[test]
fn a_page_that_was_away_hears_what_it_missed() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage.phone(BEN);
    stage.send(page, BEN, "3EB01");
    stage.network.closed(stage.now, page);
    let id = stage
        .network
        .text_from_phone(stage.now, &number(BEN), &number(ANNA), "there?")
        .unwrap();
    stage.wait(1_000);
    let again = stage.page(Some(&token));
    let welcome = stage.told(again, "welcome")[0];
    let known: Vec<_> = welcome["chats"][0]["msgs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|raw| &raw["id"])
        .collect();
    assert_eq!(known, ["3EB01"], "history has what it sent, and not what is news");
    assert_eq!(welcome["chats"][0]["msgs"][0]["ack"], json!(3));
    assert_eq!(stage.told(again, "msg")[0]["raw"]["id"], json!(id));
    assert_eq!(stage.receipts(again, "3EB01"), [2, 3]);
}

#[test]
fn a_restarted_network_goes_on() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage.send(page, ROBOT, "3EB01");
    let saved = serde_json::to_string(stage.network.state()).unwrap();
    let state: State = serde_json::from_str(&saved).unwrap();
    let mut stage = Stage::from_state(1, state);
    stage.wait(5_000);
    let page = stage.page(Some(&token));
    assert_eq!(stage.receipts(page, "3EB01"), [2, 3]);
    stage.send(page, ROBOT, "3EB01");
    assert_eq!(stage.log(None)[0].times, 2);
    let stranger = stage.page(None);
    let code = &stage.told(stranger, "welcome")[0]["refs"][0];
    let other = Stage::new(1).page_code();
    assert_ne!(code.as_str().unwrap(), other, "a new start draws new codes");
}

impl Stage {
    fn page_code(&mut self) -> String {
        let page = self.page(None);
        self.told(page, "welcome")[0]["refs"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn the_phone_logs_its_pages_out() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage.network.unlink(stage.now, &number(ANNA), None).unwrap();
    stage.note();
    assert_eq!(stage.told(page, "logout").len(), 1);
    let again = stage.page(Some(&token));
    assert!(
        stage.told(again, "welcome")[0].get("refs").is_some(),
        "the token is worth nothing"
    );
    let rid = stage.send(page, ROBOT, "3EB01");
    assert_eq!(stage.answer(rid).unwrap()["error"], json!("not-linked"));
}

#[test]
fn a_dropped_ack_is_learned_by_asking_or_coming_back() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage
        .network
        .fault(
            stage.now,
            &Fault {
                count: Some(2),
                ..fault(FaultKind::DropAck)
            },
        )
        .unwrap();
    let rids = [stage.send(page, ROBOT, "3EB01"), stage.send(page, ROBOT, "3EB02")];
    stage.wait(5_000);
    assert!(rids.iter().all(|rid| stage.answer(*rid).is_none()));
    assert_eq!(stage.receipts(page, "3EB01"), [0_u64; 0]);
    let rid = stage.send(page, ROBOT, "3EB01");
    assert!(stage.answer(rid).is_some());
    assert_eq!(stage.receipts(page, "3EB01"), [3]);
    let again = stage.page(Some(&token));
    assert_eq!(stage.closed, [page], "the newer connection wins");
    assert_eq!(stage.receipts(again, "3EB01"), [0_u64; 0], "it was told already");
    assert_eq!(stage.receipts(again, "3EB02"), [2, 3]);
}

#[test]
fn a_late_ack_comes_late() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let late = Fault {
        after_ms: Some(3_000),
        ..fault(FaultKind::LateAck)
    };
    stage.network.fault(stage.now, &late).unwrap();
    let (slow, quick) = (stage.send(page, ROBOT, "3EB01"), stage.send(page, ROBOT, "3EB02"));
    stage.wait(2_999);
    assert!(stage.answer(slow).is_none() && stage.answer(quick).is_some());
    stage.wait(1);
    assert!(stage.answer(slow).is_some());
}

#[test]
fn a_forgotten_message_is_missing_from_history_and_still_not_doubled() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage
        .network
        .fault(stage.now, &fault(FaultKind::ForgetMessage))
        .unwrap();
    stage.send(page, ROBOT, "3EB01");
    stage.wait(1_000);
    let page = stage.page(Some(&token));
    assert_eq!(stage.told(page, "welcome")[0]["chats"][0]["msgs"], json!([]));
    stage.send(page, ROBOT, "3EB01");
    assert_eq!(stage.log(None).len(), 1);
}

#[test]
fn a_dropped_socket_stays_out_for_a_while() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    let drop = Fault {
        after_ms: Some(100),
        for_ms: Some(2_000),
        ..fault(FaultKind::SocketDrop)
    };
    stage.network.fault(stage.now, &drop).unwrap();
    stage.wait(100);
    assert_eq!(stage.closed, [page]);
    let refused = stage.page(Some(&token));
    assert_eq!(stage.closed, [page, refused]);
    stage.wait(2_001);
    let welcome = stage.page(Some(&token));
    assert_eq!(
        stage.told(welcome, "welcome")[0]["me"]["pn"],
        json!(format!("{ANNA}@c.us"))
    );
}

#[test]
fn robots_answer_people_and_not_each_other() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    stage.phone(BEN);
    let timing = Timing {
        auto_reply: Some("Thanks".to_owned()),
        ..Timing::default()
    };
    stage.network.set_timing(stage.now, timing, None);
    stage.send(page, BEN, "3EB01");
    stage.wait(60_000);
    assert_eq!(stage.told(page, "msg")[0]["raw"]["body"], json!("Thanks"));
    stage
        .network
        .text_from_phone(stage.now, &number(BEN), &number(ROBOT), "hello")
        .unwrap();
    stage.wait(60_000);
    assert_eq!(stage.log(None).len(), 4, "no endless talk");
}

#[test]
fn an_offline_phone_gets_its_messages_when_it_is_back() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let ben = stage.phone(BEN);
    stage.network.set_online(stage.now, &ben, false).unwrap();
    stage.send(page, BEN, "3EB01");
    stage.wait(60_000);
    assert_eq!(stage.receipts(page, "3EB01"), [0_u64; 0]);
    stage.network.set_online(stage.now, &ben, true).unwrap();
    stage.wait(1_000);
    assert_eq!(stage.receipts(page, "3EB01"), [2, 3]);
}

#[test]
fn seen_is_told_to_the_sender() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    stage.network.set_timing(
        stage.now,
        Timing {
            read_ms: None,
            ..Timing::default()
        },
        None,
    );
    stage.send(anna, BEN, "3EB01");
    stage.wait(60_000);
    assert_eq!(stage.receipts(anna, "3EB01"), [2]);
    assert_eq!(stage.network.chats(&number(BEN)).unwrap()[0].unread, 1);
    stage.say(ben, json!({"t": "seen", "id": format!("{ANNA}@c.us")}));
    assert_eq!(stage.receipts(anna, "3EB01"), [2, 3]);
    assert_eq!(stage.network.chats(&number(BEN)).unwrap()[0].unread, 0);
}

#[test]
fn what_a_page_may_ask() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let cases = [
        (
            json!({"t": "exists", "id": "5511955555555@c.us"}),
            "wid",
            json!("5511955555555@c.us"),
        ),
        (
            json!({"t": "exists", "id": "0005555555@c.us"}),
            "wid",
            json!(null),
        ),
        (
            json!({"t": "about", "id": "5511955555555@c.us"}),
            "about",
            json!("Available"),
        ),
        (json!({"t": "set_about", "about": "Busy"}), "status", json!(200)),
        (
            json!({"t": "send", "to": "0005555555@c.us", "id": "3EB1", "msg": {"type": "chat"}}),
            "error",
            json!("not-on-whatsapp"),
        ),
        (json!({"t": "nonsense"}), "error", json!("unknown")),
    ];
    for (frame, field, expected) in cases {
        let rid = stage.ask(page, frame.clone());
        assert_eq!(stage.answer(rid).unwrap()[field], expected, "{frame}");
    }
    stage.network.frame(stage.now, page, "not json");
    stage.network.frame(stage.now, 999, "{}");
    assert_eq!(stage.network.take_effects(), []);
}
