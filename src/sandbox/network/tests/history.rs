//! How pages learn what was said before.

use std::collections::BTreeSet;

use serde_json::json;

use super::{ANNA, BEN, ROBOT, Stage, number};
use crate::sandbox::network::state::{BACKLOG_KEPT, Limits};
use crate::sandbox::network::{ChatId, Refusal, SocketId};

fn write(stage: &mut Stage, count: usize) {
    for _ in 0..count {
        stage
            .network
            .text_from_phone(stage.now, &number(BEN), &number(ANNA), "x")
            .unwrap();
        stage.wait(200);
    }
}

/// How many messages a page was greeted with, and the ids that came after.
fn told(stage: &Stage, page: SocketId, verb: &str) -> (usize, usize, BTreeSet<String>) {
    let greeting = stage.told(page, verb)[0];
    let mut ids = BTreeSet::new();
    let mut all = 0;
    let mut note = |raw: &serde_json::Value| {
        all += 1;
        ids.insert(raw["id"].as_str().unwrap().to_owned());
    };
    let greeted = greeting["chats"][0]["msgs"].as_array().unwrap();
    greeted.iter().for_each(&mut note);
    let frames = stage.told(page, "history");
    for frame in &frames {
        let msgs = frame["chats"][0]["msgs"].as_array().unwrap();
        assert!(msgs.len() <= 500);
        msgs.iter().for_each(&mut note);
    }
    assert_eq!(all, ids.len(), "each comes once");
    (greeted.len(), frames.len(), ids)
}

#[test]
fn a_page_that_was_just_loaded_gets_all_of_it() {
    let mut stage = Stage::new(1);
    let (_, token) = stage.linked(ANNA);
    stage.phone(BEN);
    write(&mut stage, 1_200);
    for resumes in [false, true] {
        let page = stage.network.open();
        stage.say(
            page,
            json!({"t": "hello", "token": token, "v": "2.3000.1", "resumes": resumes}),
        );
        let announced = stage.told(page, "welcome")[0]["historyFrames"].clone();
        stage.wait(100);
        let (greeted, frames, ids) = told(&stage, page, "welcome");
        let expected = if resumes { (50, 0, 50) } else { (50, 3, 1_200) };
        assert_eq!((greeted, frames, ids.len()), expected);
        assert_eq!(announced, json!(frames));
    }
    let (page, _) = stage.linked(ANNA);
    stage.wait(100);
    assert_eq!(told(&stage, page, "paired").2.len(), 1_200);
}

#[test]
fn a_page_that_was_away_for_too_long_gets_the_history_though_it_has_some() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage.phone(BEN);
    write(&mut stage, 60);
    stage.network.closed(stage.now, page);
    write(&mut stage, BACKLOG_KEPT + 10);
    let page = stage.network.open();
    stage.say(
        page,
        json!({"t": "hello", "token": token, "v": "2.3000.1", "resumes": true}),
    );
    stage.wait(100);
    let (_, _, mut ids) = told(&stage, page, "welcome");
    let news = stage.told(page, "msg");
    assert_eq!(news.len(), BACKLOG_KEPT);
    ids.extend(
        news.iter()
            .map(|frame| frame["raw"]["id"].as_str().unwrap().to_owned()),
    );
    assert_eq!(ids.len(), BACKLOG_KEPT + 70);
}

#[test]
fn older_messages_on_demand() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    stage.phone(BEN);
    write(&mut stage, 25);
    let chat = format!("{BEN}@c.us");
    let (mut before, mut seen, mut more) = (json!(null), Vec::new(), true);
    while more {
        let answer = stage.done(
            page,
            json!({"t": "history", "chat": chat, "before": before, "count": 10}),
        );
        let msgs = answer["msgs"].as_array().unwrap().clone();
        before = msgs[0]["id"].clone();
        more = answer["more"] == json!(true);
        seen.splice(0..0, msgs.into_iter().map(|raw| raw["id"].clone()));
    }
    let news: Vec<_> = stage
        .told(page, "msg")
        .iter()
        .map(|frame| frame["raw"]["id"].clone())
        .collect();
    assert_eq!(seen, news);
    let unknown = json!({"t": "history", "chat": chat, "before": "NONE", "count": 10});
    assert_eq!(stage.refused(page, unknown), "unknown-message");
    let empty = stage.done(
        page,
        json!({"t": "history", "chat": "120363000000000001@g.us", "count": 10}),
    );
    assert_eq!(empty["msgs"], json!([]));
}

#[test]
fn so_much_is_remembered_and_no_more() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    stage.phone(BEN);
    let group = stage.group(&[ANNA, BEN, ROBOT]);
    let left = |stage: &mut Stage, messages: usize, receipts: usize| {
        stage.network.state.limits = Limits { messages, receipts };
        for n in 0..9 {
            stage.send(page, &group, &format!("{messages}{receipts}{n}"));
        }
        stage.wait(1_000);
        let chats = [ANNA, BEN].map(|owner| stage.network.chats(&number(owner)).unwrap()[0].messages.len());
        assert_eq!(chats, [stage.log(None).len(); 2]);
        chats[0]
    };
    assert_eq!(left(&mut stage, 5, 100), 5);
    assert_eq!(left(&mut stage, 100, 8), 4, "each has two receipts");
    assert_eq!(left(&mut stage, 100, 1), 1, "one is always there");
}

#[test]
fn the_oldest_message_goes_without_a_trace() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let ben = stage.phone(BEN);
    stage.network.set_online(stage.now, &number(ANNA), false).unwrap();
    write(&mut stage, 1);
    stage.network.set_online(stage.now, &number(ANNA), true).unwrap();
    stage.note();
    let chat = ChatId::from(&number(ANNA));
    let id = stage.network.chats(&ben).unwrap()[0].messages[0].id.clone();
    stage.done(
        page,
        json!({"t": "star", "chat": format!("{BEN}@c.us"), "ids": [id], "star": true}),
    );
    stage.network.state.forget_oldest();
    for (owner, peer) in [(ANNA, BEN), (BEN, ANNA)] {
        let chat = stage
            .network
            .chat(&number(owner), &ChatId::from(&number(peer)), 9)
            .unwrap();
        assert_eq!((chat.unread, chat.messages), (0, vec![]), "{owner}");
    }
    assert_eq!(stage.network.state.find(&ben, &id), None, "the id is new again");
    let again = stage.network.read(stage.now, &ben, &chat, Some(&id), false);
    assert_eq!(again, Err(Refusal::UnknownMessage));
    stage.wait(10_000);
}
