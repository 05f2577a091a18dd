//! Messages of every type over the sandbox's control API: sent, shown, answered, changed, taken back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::sandbox::{self, Sandbox};

use crate::support::control::{ANNA, BEN, Control, linked, run, settings};

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn started(folder: &std::path::Path) -> (Sandbox, Control) {
    let sandbox = sandbox::start(settings(folder)).await.unwrap();
    let control = Control::of(folder, &sandbox);
    for phone in [ANNA, BEN] {
        control.post("/phones", json!({"phone": phone})).await;
    }
    (sandbox, control)
}

async fn send(control: &Control, body: &Value) -> String {
    let (status, answer) = control
        .post(&format!("/phones/{ANNA}/messages"), body.clone())
        .await;
    assert_eq!(status, StatusCode::CREATED, "{body}: {answer}");
    answer["wa_message_id"].as_str().unwrap().to_owned()
}

/// A message, its type, and what its content is shown as.
fn each_type() -> [(Value, &'static str, Value); 8] {
    let voice = STANDARD.encode(b"OggS and more");
    [
        (
            json!({"type": "text", "text": "hi"}),
            "text",
            json!({"body": "hi"}),
        ),
        (
            json!({"type": "text", "text": {"body": "see http://a.b", "preview": {"title": "A", "url": "http://a.b"}}}),
            "text",
            json!({"body": "see http://a.b", "preview": {"title": "A", "url": "http://a.b"}}),
        ),
        (
            json!({"type": "image", "image": {"data": PNG, "caption": "one dot"}}),
            "image",
            json!({"mime_type": "image/png", "caption": "one dot", "width": 1, "height": 1}),
        ),
        (
            json!({"type": "audio", "audio": {"data": voice, "voice": true, "seconds": 2}}),
            "audio",
            json!({"mime_type": "audio/ogg; codecs=opus", "voice": true, "seconds": 2}),
        ),
        (
            json!({"type": "document", "document": {"data": voice, "mime_type": "text/plain", "filename": "a.txt"}}),
            "document",
            json!({"mime_type": "text/plain", "filename": "a.txt", "size": 13}),
        ),
        (
            json!({"type": "location", "location": {"latitude": -23.5, "longitude": -46.5, "name": "Sé", "address": "SP"}}),
            "location",
            json!({"latitude": -23.5, "longitude": -46.5, "name": "Sé", "address": "SP"}),
        ),
        (
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Eva"}, "phones": [{"phone": BEN}]}]}),
            "contacts",
            json!([{"name": {"formatted_name": "Eva"}, "phones": [{"phone": format!("+{BEN}")}]}]),
        ),
        (
            json!({"type": "poll", "poll": {"name": "When?", "options": ["now", "never"], "selectable_count": 1}}),
            "poll",
            json!({"name": "When?", "options": ["now", "never"], "selectable_count": 1}),
        ),
    ]
}

#[test]
fn every_type_is_sent_and_shown_as_it_was_asked_for() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, control) = started(folder.path()).await;
        for (mut body, kind, expected) in each_type() {
            body["to"] = json!(BEN);
            let id = send(&control, &body).await;
            let delivery = control.delivery(&id).await;
            assert_eq!(delivery["type"], json!(kind));
            holds(&delivery["content"], &expected);
        }
        let chat = control
            .get(&format!("/phones/{ANNA}/chats/{BEN}/messages?limit=3"))
            .await;
        assert_eq!(
            (chat["data"].as_array().unwrap().len(), &chat["more"]),
            (3, &json!(true))
        );
        let before = chat["data"][0]["wa_message_id"].as_str().unwrap();
        let earlier = format!("/phones/{ANNA}/chats/{BEN}/messages?limit=100&before={before}");
        let earlier = control.get(&earlier).await;
        assert_eq!(
            (earlier["data"].as_array().unwrap().len(), &earlier["more"]),
            (5, &json!(false))
        );
        sandbox.stop().await;
    });
}

/// Everything that is expected stands there; more may.
fn holds(there: &Value, expected: &Value) {
    match expected {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| holds(&there[name], value)),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .for_each(|(place, value)| holds(&there[place], value)),
        value => assert_eq!(there, value),
    }
}

#[test]
fn each_wrong_field_is_named() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, control) = started(folder.path()).await;
        for (mut body, pointer) in [
            (json!({"type": "hologram"}), "/type"),
            (json!({"type": "text"}), "/text"),
            (json!({"type": "text", "text": {"body": ""}}), "/text/body"),
            (
                json!({"type": "text", "text": {"body": "x", "preview": {"url": "u"}}}),
                "/text/preview/title",
            ),
            (json!({"type": "image"}), "/image"),
            (json!({"type": "image", "image": {}}), "/image/media"),
            (json!({"type": "image", "image": {"data": "%"}}), "/image/data"),
            (
                json!({"type": "image", "image": {"data": PNG, "filename": "x"}}),
                "/image/filename",
            ),
            (
                json!({"type": "image", "image": {"data": PNG, "mime_type": "image/gif"}}),
                "/image/mime_type",
            ),
            (
                json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}),
                "/location/latitude",
            ),
            (json!({"type": "contacts", "contacts": []}), "/contacts"),
            (
                json!({"type": "contacts", "contacts": [{"phones": []}]}),
                "/contacts/0/name",
            ),
            (
                json!({"type": "poll", "poll": {"name": "?", "options": ["a", "a"]}}),
                "/poll/options",
            ),
            (
                json!({"type": "text", "text": "x", "mentions": ["nobody"]}),
                "/mentions/0",
            ),
            (
                json!({"type": "text", "text": "x", "context": {}}),
                "/context/message_id",
            ),
        ] {
            body["to"] = json!(BEN);
            let (status, answer) = control
                .post(&format!("/phones/{ANNA}/messages"), body.clone())
                .await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {answer}");
            assert_eq!(answer["errors"][0]["pointer"], json!(pointer), "{body}");
        }
        for (to, status) in [
            ("12036302345678@g.us", 404),
            (ANNA, 422),
            ("0001234567", 422),
            ("me", 422),
        ] {
            let body = json!({"to": to, "type": "text", "text": "x"});
            let (answered, answer) = control.post(&format!("/phones/{ANNA}/messages"), body).await;
            assert_eq!(answered, status, "{to}: {answer}");
        }
        let body = json!({"to": BEN, "type": "image", "image": {"media": "none"}});
        let (status, _) = control.post(&format!("/phones/{ANNA}/messages"), body).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        sandbox.stop().await;
    });
}

/// Who does what with Anna's text and her poll, and what Ben's page is told of it.
fn deeds(text: &str, poll: &str) -> [(&'static str, &'static str, Value, &'static str); 5] {
    [
        (
            ANNA,
            "edit",
            json!({"to": BEN, "wa_message_id": text, "text": "second"}),
            "edited",
        ),
        (
            ANNA,
            "react",
            json!({"to": BEN, "wa_message_id": text, "emoji": "👍"}),
            "reaction",
        ),
        (
            BEN,
            "vote",
            json!({"to": ANNA, "wa_message_id": poll, "options": ["b"]}),
            "vote",
        ),
        (
            ANNA,
            "revoke",
            json!({"to": BEN, "wa_message_id": poll}),
            "revoked",
        ),
        (
            ANNA,
            "typing",
            json!({"to": BEN, "state": "recording"}),
            "presence",
        ),
    ]
}

#[test]
fn people_answer_react_vote_edit_forward_and_take_back() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, control) = started(folder.path()).await;
        let (mut page, _) = linked(folder.path(), &sandbox, &control, BEN).await;
        let text = send(&control, &json!({"to": BEN, "type": "text", "text": "first"})).await;
        let poll = json!({"to": BEN, "type": "poll", "poll": {"name": "?", "options": ["a", "b"]}});
        let poll = send(&control, &poll).await;
        for _ in 0..2 {
            page.hear("msg").await;
        }
        for (who, deed, body, told) in deeds(&text, &poll) {
            let (status, answer) = control.post(&format!("/phones/{who}/{deed}"), body).await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{deed}: {answer}");
            page.hear(told).await;
        }
        let first = control.delivery(&text).await;
        assert_eq!(first["body"], json!("second"));
        assert_eq!(first["reactions"][0]["by"], json!(ANNA));
        assert!(first["edited_at"].is_string());
        let devices = first["receipts"][0]["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2, "{devices:?}");
        assert_eq!(control.delivery(&poll).await["revoked"], json!(true));
        let answer = json!({"to": ANNA, "type": "text", "text": "yes", "context": {"message_id": text}, "mentions": [ANNA]});
        let (_, answer) = control.post(&format!("/phones/{BEN}/messages"), answer).await;
        let answer = control.delivery(answer["wa_message_id"].as_str().unwrap()).await;
        holds(
            &answer["quoted"],
            &json!({"wa_message_id": text, "author": ANNA, "body": "second", "type": "text"}),
        );
        assert_eq!(answer["mentions"], json!([ANNA]));
        let on = json!({"chat": ANNA, "wa_message_id": text, "to": "status@broadcast"});
        let (status, on) = control.post(&format!("/phones/{BEN}/forward"), on).await;
        assert_eq!(status, StatusCode::CREATED);
        let on = control.delivery(on["wa_message_id"].as_str().unwrap()).await;
        assert_eq!(
            (&on["forwarded"], &on["to"]),
            (&json!(true), &json!("status@broadcast"))
        );
        let refused = json!({"to": ANNA, "wa_message_id": text, "text": "mine"});
        let (status, refused) = control.post(&format!("/phones/{BEN}/edit"), refused).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::CONFLICT, &json!("not_yours"))
        );
        sandbox.stop().await;
    });
}

#[test]
fn an_invented_past_is_there_when_a_page_is_linked() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, control) = started(folder.path()).await;
        let past = json!({"messages": 700, "chats": 3, "days": 10});
        let (status, answer) = control.post(&format!("/phones/{ANNA}/history"), past).await;
        assert_eq!(
            (status, answer),
            (StatusCode::CREATED, json!({"chats": 3, "messages": 700}))
        );
        let chats = control.get(&format!("/phones/{ANNA}/chats")).await;
        assert_eq!(chats["data"].as_array().unwrap().len(), 3);
        assert!(
            chats["data"]
                .as_array()
                .unwrap()
                .iter()
                .all(|chat| chat["unread"] == json!(0))
        );
        let (mut page, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let mut heard = 0;
        while heard < 550 {
            let frame = page.hear("history").await;
            let chats = frame["chats"].as_array().unwrap();
            heard += chats
                .iter()
                .map(|chat| chat["msgs"].as_array().unwrap().len())
                .sum::<usize>();
        }
        assert_eq!(heard, 550, "the other 150 came with the greeting");
        for (body, pointer) in [(json!({}), "/messages"), (json!({"messages": 0}), "/messages")] {
            let (_, answer) = control.post(&format!("/phones/{ANNA}/history"), body).await;
            assert_eq!(answer["errors"][0]["pointer"], json!(pointer));
        }
        sandbox.stop().await;
    });
}
