//! Groups, status posts, and what is done with messages that are there already.

use serde_json::{Value, json};

use super::{ANNA, BEN, ROBOT, Stage, number};
use crate::sandbox::network::{ChatId, MediaDraft, MediaHash, MediaKind, Timing};

/// A poll that Anna has asked in a group of Anna, Ben and a robot; both have a page, and Anna a second one.
struct Scene {
    stage: Stage,
    anna: u64,
    second: u64,
    ben: u64,
    ben_token: String,
    group: String,
}

fn scene() -> Scene {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (second, _) = stage.linked(ANNA);
    let (ben, ben_token) = stage.linked(BEN);
    let group = stage.group(&[ANNA, BEN, ROBOT]);
    let poll =
        json!({"type": "poll_creation", "pollName": "?", "pollOptions": [{"name": "a"}, {"name": "b"}]});
    stage.ask(anna, json!({"t": "send", "to": group, "id": "POLL", "msg": poll}));
    stage.send(anna, &group, "TEXT");
    stage.wait(1_000);
    Scene {
        stage,
        anna,
        second,
        ben,
        ben_token,
        group,
    }
}

fn target(group: &str, id: &str, from_me: bool, more: Value) -> Value {
    let mut frame = json!({"chat": group, "id": id, "fromMe": from_me});
    if !from_me {
        frame["author"] = json!(format!("{ANNA}@c.us"));
    }
    for (name, value) in more.as_object().unwrap() {
        frame[name] = value.clone();
    }
    frame
}

#[test]
fn a_group_message_reaches_everybody_once() {
    let Scene {
        stage,
        anna,
        second,
        ben,
        group,
        ..
    } = scene();
    let told = stage.told(ben, "msg");
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["chat"], json!(group));
    assert_eq!(told[0]["raw"]["author"], json!(format!("{ANNA}@c.us")));
    assert_eq!(stage.told(second, "msg")[1]["raw"]["fromMe"], json!(true));
    let receipts: Vec<_> = stage
        .told(anna, "receipt")
        .into_iter()
        .filter(|frame| frame["ids"][0] == "TEXT")
        .map(|frame| {
            (
                frame["participant"].as_str().unwrap().to_owned(),
                frame["ack"].clone(),
                frame["all"].clone(),
            )
        })
        .collect();
    let of = |who: &str, ack: u8, all: u8| (format!("{who}@c.us"), json!(ack), json!(all));
    assert_eq!(
        receipts,
        [of(BEN, 2, 1), of(ROBOT, 2, 2), of(BEN, 3, 2), of(ROBOT, 3, 3)]
    );
}

#[test]
fn who_is_no_participant_does_not_write() {
    let Scene {
        mut stage,
        ben,
        group,
        ..
    } = scene();
    let (stranger, _) = stage.linked("5511900000003");
    let send = |to: &str| json!({"t": "send", "to": to, "id": "X", "msg": {"type": "chat", "body": "x"}});
    assert_eq!(stage.refused(stranger, send(&group)), "not-a-member");
    assert_eq!(
        stage.refused(stranger, send("120363000000000009@g.us")),
        "unknown-group"
    );
    let id = ChatId::parse(&group).unwrap().group().unwrap().clone();
    stage.network.state.groups.get_mut(&id).unwrap().announce = true;
    assert_eq!(stage.refused(ben, send(&group)), "not-an-admin");
    assert_eq!(
        stage.refused(
            ben,
            json!({"t": "send", "to": group, "id": "X", "msg": {"type": "x"}})
        ),
        "not-an-admin"
    );
    assert_eq!(
        stage.refused(
            ben,
            json!({"t": "send", "to": "nobody", "id": "X", "msg": {"type": "x"}})
        ),
        "bad-recipient"
    );
    let bad = json!({"t": "send", "to": format!("{ANNA}@c.us"), "id": "X", "msg": {"type": "chat"}});
    assert_eq!(stage.refused(ben, bad), "bad-content");
}

#[test]
fn edits_reactions_votes_and_revokes_reach_the_others_even_those_who_were_away() {
    let Scene {
        mut stage,
        anna,
        second,
        ben,
        ben_token,
        group,
    } = scene();
    stage.network.closed(stage.now, ben);
    stage.forget_what_was_heard();
    let frames = [
        target(
            &group,
            "TEXT",
            true,
            json!({"t": "edit", "editId": "E1", "body": "new"}),
        ),
        target(
            &group,
            "TEXT",
            true,
            json!({"t": "react", "reactionId": "R1", "emoji": "👍"}),
        ),
        target(
            &group,
            "POLL",
            true,
            json!({"t": "vote", "voteId": "V1", "options": ["b"]}),
        ),
        target(&group, "TEXT", true, json!({"t": "revoke", "revokeId": "D1"})),
    ];
    for frame in &frames {
        let first = stage.done(anna, frame.clone());
        let again = stage.done(anna, frame.clone());
        assert_eq!(first["at"], again["at"]);
    }
    let back = stage.page(Some(&ben_token));
    for (page, own) in [(second, true), (back, false)] {
        let told: Vec<&Value> = stage
            .heard
            .iter()
            .filter(|(to, _)| *to == page)
            .map(|(_, frame)| frame)
            .collect();
        let changes: Vec<&Value> = told
            .into_iter()
            .filter(|frame| ["edited", "reaction", "vote", "revoked"].contains(&frame["t"].as_str().unwrap()))
            .collect();
        let verbs: Vec<_> = changes.iter().map(|frame| frame["t"].as_str().unwrap()).collect();
        assert_eq!(verbs, ["edited", "reaction", "vote", "revoked"], "own: {own}");
        assert!(
            changes
                .iter()
                .all(|frame| frame["fromMe"] == json!(own) && frame["chat"] == json!(group))
        );
        assert_eq!(changes[0]["body"], json!("new"));
        assert_eq!(changes[1]["reaction"]["emoji"], json!("👍"));
        assert_eq!(changes[2]["vote"]["options"], json!(["b"]));
    }
    let welcome = stage.told(back, "welcome")[0];
    let msgs = &welcome["chats"][0]["msgs"];
    assert_eq!(msgs[0]["votes"][0]["options"], json!(["b"]));
    assert_eq!((&msgs[1]["type"], msgs[1].get("body")), (&json!("revoked"), None));
    assert_eq!(msgs[1]["revoked"]["by"], json!(format!("{ANNA}@c.us")));
}

#[test]
fn what_may_not_be_done_with_a_message() {
    let Scene {
        mut stage,
        anna,
        ben,
        group,
        ..
    } = scene();
    let edit = |from_me, body: &str| {
        target(
            &group,
            "TEXT",
            from_me,
            json!({"t": "edit", "editId": "E", "body": body}),
        )
    };
    let vote = |id: &str, option: &str| {
        target(
            &group,
            id,
            false,
            json!({"t": "vote", "voteId": "V", "options": [option]}),
        )
    };
    let revoke =
        |id: &str, by_ben: bool| target(&group, id, !by_ben, json!({"t": "revoke", "revokeId": "D"}));
    assert_eq!(stage.refused(ben, edit(false, "x")), "not-yours");
    assert_eq!(stage.refused(ben, edit(true, "x")), "unknown-message");
    assert_eq!(stage.refused(ben, vote("TEXT", "a")), "not-a-poll");
    assert_eq!(stage.refused(ben, vote("POLL", "c")), "unknown-option");
    assert_eq!(stage.refused(ben, revoke("TEXT", true)), "not-yours");
    let poll = target(
        &group,
        "POLL",
        true,
        json!({"t": "edit", "editId": "E", "body": "x"}),
    );
    assert_eq!(stage.refused(anna, poll), "bad-content");
    stage.send(ben, &group, "BENS");
    stage.wait(16 * 60_000);
    assert_eq!(stage.refused(anna, edit(true, "x")), "too-late");
    // Anna has made the group, so she may take back what Ben wrote.
    let mut bens = revoke("BENS", false);
    (bens["fromMe"], bens["author"]) = (json!(false), json!(format!("{BEN}@c.us")));
    stage.done(anna, bens);
    stage.wait(61 * 3_600_000);
    assert_eq!(stage.refused(anna, revoke("TEXT", false)), "too-late");
}

#[test]
fn a_reaction_replaces_the_one_before_and_an_empty_one_takes_it_away() {
    let Scene {
        mut stage,
        anna,
        ben,
        group,
        ..
    } = scene();
    let react = |id: &str, emoji: &str| {
        target(
            &group,
            "TEXT",
            false,
            json!({"t": "react", "reactionId": id, "emoji": emoji}),
        )
    };
    for (id, emoji, left) in [("R1", "👍", 1), ("R2", "❤️", 1), ("R3", "", 0)] {
        stage.done(ben, react(id, emoji));
        let log = stage.network.state.find(&number(ANNA), "TEXT").unwrap();
        assert_eq!(stage.network.state.messages[&log].reactions.len(), left);
    }
    assert_eq!(stage.told(anna, "reaction").len(), 3);
}

#[test]
fn the_other_devices_hear_what_the_account_keeps() {
    let Scene {
        mut stage,
        anna,
        second,
        ben,
        group,
        ..
    } = scene();
    stage.forget_what_was_heard();
    stage.done(
        anna,
        json!({"t": "star", "chat": group, "ids": ["TEXT"], "star": true}),
    );
    stage.done(
        anna,
        json!({"t": "chat_set", "chat": group, "archive": true, "pin": 7, "muteExpiration": -1}),
    );
    stage.done(anna, json!({"t": "forget", "chat": group, "ids": ["POLL"]}));
    assert_eq!(stage.told(second, "starred").len(), 1);
    assert_eq!(stage.told(second, "chat_set")[0]["muteExpiration"], json!(-1));
    assert_eq!(stage.told(second, "forgotten")[0]["ids"], json!(["POLL"]));
    assert!(
        stage.heard.iter().all(|(page, _)| *page != ben),
        "it is nobody else's business"
    );
    let page = stage.linked(ANNA).0;
    let chat = stage.told(page, "paired")[0]["chats"][0].clone();
    assert_eq!((&chat["archive"], &chat["pin"]), (&json!(true), &json!(7)));
    assert_eq!(chat["msgs"].as_array().unwrap().len(), 1);
    assert_eq!(chat["msgs"][0]["starred"], json!(true));
    stage.done(anna, json!({"t": "chat_set", "chat": group, "remove": true}));
    assert_eq!(stage.network.chats(&number(ANNA)).unwrap(), []);
    assert_eq!(stage.network.chats(&number(BEN)).unwrap().len(), 1);
}

#[test]
fn seen_and_played_on_one_device() {
    let mut stage = Stage::new(1);
    let timing = Timing {
        read_ms: None,
        ..Timing::default()
    };
    stage.network.set_timing(stage.now, timing, None);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    let (other, _) = stage.linked(BEN);
    let draft = MediaDraft {
        hash: MediaHash([1; 32]),
        kind: MediaKind::Audio,
        mimetype: "audio/ogg".to_owned(),
        size: 1,
    };
    let media = stage.network.put_media(stage.now, &draft, u64::MAX).entry.id;
    let note = json!({"type": "ptt", "mediaId": media, "mimetype": "audio/ogg"});
    stage.ask(
        anna,
        json!({"t": "send", "to": format!("{BEN}@c.us"), "id": "NOTE", "msg": note}),
    );
    stage.wait(1_000);
    stage.say(ben, json!({"t": "seen", "id": format!("{ANNA}@c.us")}));
    assert_eq!(stage.told(other, "chat_set")[0]["markedUnread"], json!(false));
    stage.say(
        ben,
        json!({"t": "played", "chat": format!("{ANNA}@c.us"), "ids": ["NOTE"]}),
    );
    assert_eq!(stage.receipts(anna, "NOTE"), [2, 3, 4]);
    let arrival = stage.network.state.find(&number(ANNA), "NOTE").unwrap();
    let receipt = &stage.network.state.messages[&arrival].receipts[0];
    let devices: Vec<u8> = receipt.devices.iter().map(|device| device.ack.into()).collect();
    let mut sorted = devices.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [2, 2, 4],
        "the phone, and its two pages of which one has played it"
    );
}

#[test]
fn what_a_page_has_not_got_yet_is_not_seen_by_it() {
    let mut stage = Stage::new(1);
    let timing = Timing {
        read_ms: None,
        ..Timing::default()
    };
    stage.network.set_timing(stage.now, timing, None);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    let (other, _) = stage.linked(BEN);
    let (from, to) = (format!("{ANNA}@c.us"), format!("{BEN}@c.us"));
    for id in ["FIRST", "SECOND"] {
        let text = json!({"type": "chat", "body": id});
        stage.ask(anna, json!({"t": "send", "to": to, "id": id, "msg": text}));
        stage.wait(1_000);
    }
    // The second one is on its way to the page when the person looks at the first.
    stage.say(ben, json!({"t": "seen", "id": from, "last": "FIRST"}));
    assert_eq!(stage.receipts(anna, "FIRST"), [2, 3]);
    assert_eq!(stage.receipts(anna, "SECOND"), [2]);
    assert_eq!(stage.network.chats(&number(BEN)).unwrap()[0].unread, 1);
    assert!(stage.told(other, "chat_set").is_empty());
    stage.say(other, json!({"t": "seen", "id": from, "last": "SECOND"}));
    assert_eq!(stage.receipts(anna, "SECOND"), [2, 3]);
    assert_eq!(stage.told(ben, "chat_set")[0]["markedUnread"], json!(false));
}

#[test]
fn a_status_post_goes_to_all_phones_and_is_gone_after_a_day() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, token) = stage.linked(BEN);
    let hater = stage.phone("5511900000003");
    stage
        .network
        .state
        .phones
        .get_mut(&hater)
        .unwrap()
        .blocked
        .insert(number(ANNA));
    stage.send(anna, "status@broadcast", "POST");
    stage.wait(1_000);
    assert_eq!(stage.told(ben, "msg")[0]["chat"], json!("status@broadcast"));
    let log = stage.log(Some("POST"));
    assert_eq!((&log[0].to, u8::from(log[0].ack)), (&ChatId::Status, 3));
    assert_eq!(stage.network.chats(&hater).unwrap(), []);
    stage.wait(24 * 3_600_000);
    let page = stage.page(Some(&token));
    assert_eq!(stage.told(page, "welcome")[0]["chats"][0]["msgs"], json!([]));
}

#[test]
fn a_message_from_someone_blocked_stays_on_the_server() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let ben = stage.phone(BEN);
    stage
        .network
        .state
        .phones
        .get_mut(&ben)
        .unwrap()
        .blocked
        .insert(number(ANNA));
    let rid = stage.send(anna, BEN, "3EB01");
    stage.wait(60_000);
    assert!(stage.answer(rid).unwrap().get("at").is_some());
    assert_eq!(stage.receipts(anna, "3EB01"), [0_u64; 0]);
    assert_eq!(stage.network.chats(&ben).unwrap(), []);
}

#[test]
fn a_phone_that_links_a_page_later_stays_a_device() {
    let mut stage = Stage::new(1);
    let timing = Timing {
        read_ms: None,
        ..Timing::default()
    };
    stage.network.set_timing(stage.now, timing, None);
    let (anna, _) = stage.linked(ANNA);
    stage.phone(BEN);
    stage.send(anna, BEN, "3EB01");
    stage.wait(1_000);
    let (ben, _) = stage.linked(BEN);
    stage.say(ben, json!({"t": "seen", "id": format!("{ANNA}@c.us")}));
    let devices = stage.log(Some("3EB01"))[0].receipts[0].devices.clone();
    let acks: Vec<_> = devices
        .iter()
        .map(|device| (device.session.is_some(), u8::from(device.ack)))
        .collect();
    assert_eq!(acks, [(false, 2), (true, 3)]);
}
