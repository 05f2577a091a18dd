//! What people say about themselves, and what others see of it.

use serde_json::{Value, json};

use super::super::media::{MediaDraft, MediaHash, MediaKind};
use super::super::{ChatId, SocketId, Typing};
use super::{ANNA, BEN, ROBOT, Stage, number};

fn wid(digits: &str) -> String {
    number(digits).pn()
}

fn pair() -> (Stage, SocketId, SocketId) {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    stage.forget_what_was_heard();
    (stage, anna, ben)
}

fn media(stage: &mut Stage, kind: MediaKind, mimetype: &str) -> String {
    let draft = MediaDraft {
        hash: MediaHash([7; 32]),
        kind,
        mimetype: mimetype.to_owned(),
        size: 100,
    };
    stage.network.put_media(stage.now, &draft, u64::MAX).entry.id
}

#[test]
fn names_and_texts_are_told_to_those_who_know_the_phone() {
    let (mut stage, anna, ben) = pair();
    stage.done(anna, json!({"t": "set_name", "name": " Anna B. "}));
    stage.done(anna, json!({"t": "set_about", "about": "Away"}));
    for page in [anna, ben] {
        let contact = stage.told(page, "contact")[0];
        assert_eq!(
            (&contact["id"], &contact["name"]),
            (&json!(wid(ANNA)), &json!("Anna B."))
        );
        let about = stage.told(page, "about")[0];
        assert_eq!(
            (&about["id"], &about["about"]),
            (&json!(wid(ANNA)), &json!("Away"))
        );
    }
    let about = stage.done(ben, json!({"t": "about", "id": number(ANNA).lid()}));
    assert_eq!(about["about"], "Away");
    stage.forget_what_was_heard();
    // What is as it was is no news.
    stage.done(anna, json!({"t": "set_name", "name": "Anna B."}));
    assert_eq!(stage.told(ben, "contact").len(), 0);
    for (frame, error) in [
        (json!({"t": "set_name", "name": " "}), "bad-content"),
        (json!({"t": "set_name", "name": "x".repeat(101)}), "bad-content"),
        (json!({"t": "set_about", "about": "x".repeat(140)}), "bad-content"),
    ] {
        assert_eq!(stage.refused(anna, frame.clone()), error, "{frame}");
    }
}

#[test]
fn pictures_of_people_and_groups() {
    let (mut stage, anna, ben) = pair();
    let id = media(&mut stage, MediaKind::Image, "image/jpeg");
    let url = format!("https://web.whatsapp.com/media/{id}");
    let ask = json!({"t": "picture", "id": number(ANNA).lid()});
    let drawn = stage.done(ben, ask.clone())["url"].clone();
    assert_eq!(drawn, format!("https://web.whatsapp.com/pictures/{ANNA}.svg"));
    let set = stage.done(anna, json!({"t": "set_picture", "id": wid(ANNA), "mediaId": id}));
    assert_eq!(set["url"], json!(url));
    assert_eq!(stage.done(ben, ask.clone())["url"], json!(url));
    assert_eq!(stage.told(ben, "contact")[0]["picture"], json!(url));
    stage.done(anna, json!({"t": "set_picture", "id": wid(ANNA)}));
    assert_eq!(stage.done(ben, ask)["url"], Value::Null);
    assert_eq!(stage.told(ben, "contact")[1].get("picture"), None);

    let group = stage.group(&[ANNA, BEN]);
    let of_group = json!({"t": "picture", "id": group});
    assert_eq!(stage.done(ben, of_group.clone())["url"], Value::Null);
    stage.done(ben, json!({"t": "set_picture", "id": group, "mediaId": id}));
    assert_eq!(stage.done(anna, of_group)["url"], json!(url));
    assert_eq!(stage.told(anna, "group")[0]["action"], "picture");

    let page = media(&mut stage, MediaKind::Document, "text/html");
    for (id, media, error) in [
        (wid(ANNA), "0".repeat(32), "unknown-media"),
        (wid(ANNA), page, "unknown-media"),
        (wid(BEN), id.clone(), "not-yours"),
        ("120363000000000009@g.us".to_owned(), id, "unknown-group"),
    ] {
        let frame = json!({"t": "set_picture", "id": id, "mediaId": media});
        assert_eq!(stage.refused(anna, frame.clone()), error, "{frame}");
    }
}

#[test]
fn a_blocked_person_reaches_nobody_and_sees_nothing() {
    let (mut stage, anna, ben) = pair();
    stage.say(ben, json!({"t": "presence_sub", "id": wid(ANNA)}));
    let list = stage.done(anna, json!({"t": "block", "id": number(BEN).lid()}));
    assert_eq!(list["ids"], json!([wid(BEN)]));
    let presence: Vec<Value> = stage
        .told(ben, "presence")
        .iter()
        .map(|frame| frame["online"].clone())
        .collect();
    assert_eq!(presence, [json!(true), json!(false)]);
    stage.say(anna, json!({"t": "presence", "available": true}));
    stage.say(
        anna,
        json!({"t": "chatstate", "id": wid(BEN), "state": "composing"}),
    );
    assert_eq!(stage.told(ben, "presence").len(), 2, "nothing more");
    assert_eq!(
        stage.done(ben, json!({"t": "about", "id": wid(ANNA)}))["about"],
        Value::Null
    );
    assert_eq!(
        stage.done(ben, json!({"t": "picture", "id": wid(ANNA)}))["url"],
        Value::Null
    );

    let rid = stage.send(ben, ANNA, "3EB0AA");
    stage.wait(100_000);
    assert!(stage.answer(rid).unwrap()["at"].is_i64(), "the server takes it");
    assert_eq!(stage.receipts(ben, "3EB0AA"), [] as [u64; 0]);
    assert_eq!(stage.told(anna, "msg").len(), 0);

    stage.done(anna, json!({"t": "unblock", "id": wid(BEN)}));
    stage.send(ben, ANNA, "3EB0BB");
    stage.wait(100_000);
    assert_eq!(stage.receipts(ben, "3EB0BB"), [2, 3]);
    assert_eq!(stage.told(ben, "presence").last().unwrap()["online"], json!(true));
    for id in [wid(ANNA), "120363000000000009@g.us".to_owned(), "x".to_owned()] {
        assert_eq!(stage.refused(anna, json!({"t": "block", "id": id})), "bad-id");
    }
}

#[test]
fn other_devices_hear_of_the_blocklist_and_of_names_kept() {
    let (mut stage, anna, _) = pair();
    let (second, token) = stage.linked(ANNA);
    stage.forget_what_was_heard();
    stage.done(anna, json!({"t": "block", "id": wid(ROBOT)}));
    stage.done(anna, json!({"t": "block", "id": wid(ROBOT)}));
    let told = stage.told(second, "blocklist");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["ids"], json!([wid(ROBOT)]));
    assert_eq!(stage.told(anna, "blocklist").len(), 0, "it has its answer");
    stage
        .network
        .block(stage.now, &number(ANNA), &number(BEN), true)
        .unwrap();
    stage.note();
    assert_eq!(stage.told(anna, "blocklist").len(), 1, "blocked on the phone");

    stage.done(
        anna,
        json!({"t": "contact_save", "id": wid(BEN), "name": "Benny"}),
    );
    assert_eq!(stage.told(second, "contact")[0]["name"], "Benny");
    let again = stage.page(Some(&token));
    let welcome = stage.told(again, "welcome")[0].clone();
    assert_eq!(welcome["blocklist"], json!([wid(BEN), wid(ROBOT)]));
    let contacts = welcome["contacts"].as_array().unwrap();
    let ben = contacts
        .iter()
        .find(|contact| contact["id"] == json!(wid(BEN)))
        .unwrap();
    let pushname = json!(format!("Phone {BEN}"));
    assert_eq!((&ben["name"], &ben["pushname"]), (&json!("Benny"), &pushname));
    stage.done(anna, json!({"t": "contact_save", "id": wid(BEN)}));
    let name = stage.told(again, "contact")[0]["name"].clone();
    assert_eq!(name, format!("Phone {BEN}"));
    let frame = json!({"t": "contact_save", "id": wid(BEN), "name": "x".repeat(101)});
    assert_eq!(stage.refused(anna, frame), "bad-content");
}

#[test]
fn typing_is_seen_in_chats_and_groups() {
    let (mut stage, anna, ben) = pair();
    let typing_of_anna =
        |stage: &Stage, chat: &ChatId| stage.network.typing_in(&number(BEN), chat, stage.now);
    let chat = ChatId::from(number(ANNA));
    stage.say(
        anna,
        json!({"t": "chatstate", "id": number(BEN).lid(), "state": "recording"}),
    );
    let told = stage.told(ben, "presence")[0].clone();
    assert_eq!((&told["state"], told.get("chat")), (&json!("recording"), None));
    assert_eq!(typing_of_anna(&stage, &chat), [(number(ANNA), Typing::Recording)]);
    assert_eq!(
        stage
            .network
            .typing_in(&number(ANNA), &ChatId::from(number(BEN)), stage.now),
        [],
        "nobody sees themselves"
    );
    stage.send(anna, BEN, "3EB0AA");
    assert_eq!(typing_of_anna(&stage, &chat), [], "it is sent");
    stage.say(
        anna,
        json!({"t": "chatstate", "id": wid(BEN), "state": "composing"}),
    );
    stage.wait(26_000);
    assert_eq!(typing_of_anna(&stage, &chat), [], "long ago");

    let group = stage.group(&[ANNA, BEN]);
    let chat = ChatId::parse(&group).unwrap();
    stage.forget_what_was_heard();
    stage.say(anna, json!({"t": "chatstate", "id": group, "state": "composing"}));
    let told = stage.told(ben, "presence")[0];
    assert_eq!((&told["id"], &told["chat"]), (&json!(wid(ANNA)), &json!(group)));
    assert_eq!(stage.told(anna, "presence").len(), 0);
    assert_eq!(typing_of_anna(&stage, &chat), [(number(ANNA), Typing::Composing)]);
    stage
        .network
        .types_on_phone(stage.now, &number(ANNA), &chat, Typing::Paused)
        .unwrap();
    assert_eq!(typing_of_anna(&stage, &chat), []);
    let (carl, _) = stage.linked("5511900000003");
    stage.forget_what_was_heard();
    stage.say(carl, json!({"t": "chatstate", "id": group, "state": "composing"}));
    assert_eq!(stage.told(ben, "presence").len(), 0, "a stranger types nowhere");
}

#[test]
fn people_are_found_under_either_id() {
    let (mut stage, anna, _) = pair();
    let group = stage.group(&[ANNA, BEN]);
    for id in [wid(BEN), number(BEN).lid(), format!("{BEN}:7@s.whatsapp.net")] {
        let found = stage.done(anna, json!({"t": "exists", "id": id}));
        assert_eq!(
            (&found["wid"], &found["lid"]),
            (&json!(wid(BEN)), &json!(number(BEN).lid()))
        );
    }
    for (id, wid) in [
        (group.clone(), json!(group)),
        ("120363999999999999@g.us".to_owned(), Value::Null),
        ("5500000123@c.us".to_owned(), Value::Null),
        ("x".to_owned(), Value::Null),
    ] {
        assert_eq!(stage.done(anna, json!({"t": "exists", "id": id}))["wid"], wid);
    }
}

#[test]
fn devices_are_the_phone_and_its_pages() {
    let (mut stage, anna, _) = pair();
    stage.linked(BEN);
    for (id, devices) in [(wid(BEN), 3), (wid(ROBOT), 1), (wid("5500000001"), 0)] {
        let counted = stage.done(anna, json!({"t": "devices", "id": id}));
        assert_eq!(counted["devices"], json!(devices), "{id}");
    }
}

#[test]
fn nobody_asks_without_a_link() {
    let mut stage = Stage::new(1);
    let page = stage.page(None);
    for frame in [
        json!({"t": "set_name", "name": "x"}),
        json!({"t": "block", "id": wid(BEN)}),
        json!({"t": "group_create", "subject": "x"}),
        json!({"t": "groups"}),
    ] {
        assert_eq!(stage.refused(page, frame.clone()), "not-linked", "{frame}");
    }
}
