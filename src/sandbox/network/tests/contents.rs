//! What messages may say: the table of types and fields.

use serde_json::{Map, Value, json};

use super::super::content::{BadContent, Content, Kind};

fn page(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// One message of each type, as a page sends it.
pub(in crate::sandbox::network) fn one_of_each() -> Vec<Value> {
    vec![
        json!({"type": "chat", "body": "hi", "mentionedJidList": ["5511900000001@c.us"], "font": 2}),
        json!({"type": "image", "mediaId": "m1", "mimetype": "image/jpeg", "body": "aGk=", "caption": "see", "width": 4}),
        json!({"type": "video", "mediaId": "m1", "mimetype": "video/mp4", "duration": 3, "isGif": true}),
        json!({"type": "audio", "mediaId": "m1", "mimetype": "audio/mpeg", "size": 3}),
        json!({"type": "ptt", "mediaId": "m1", "mimetype": "audio/ogg; codecs=opus", "waveform": [1, 2, 3]}),
        json!({"type": "document", "mediaId": "m1", "mimetype": "application/pdf", "filename": "a.pdf"}),
        json!({"type": "sticker", "mediaId": "m1", "mimetype": "image/webp", "isAnimated": false}),
        json!({"type": "location", "lat": -23.5, "lng": -46.6, "loc": "Sé\nSão Paulo"}),
        json!({"type": "vcard", "body": "BEGIN:VCARD", "vcardFormattedName": "Ana"}),
        json!({"type": "multi_vcard", "vcardList": [{"displayName": "Ana", "vcard": "BEGIN:VCARD"}]}),
        json!({"type": "poll_creation", "pollName": "When?", "pollSelectableOptionsCount": 1,
            "pollOptions": [{"name": "today", "localId": 0}, {"name": "never", "localId": 1}]}),
    ]
}

#[test]
fn every_type_keeps_its_fields_and_no_others() {
    for sent in one_of_each() {
        let mut given = page(&sent);
        given.insert("messageSecret".to_owned(), json!("x"));
        let content = Content::from_page(&given).unwrap();
        assert_eq!(Value::Object(content.to_page()), sent);
        let written = serde_json::to_string(&content).unwrap();
        assert_eq!(serde_json::from_str::<Content>(&written).unwrap(), content);
    }
}

#[test]
fn what_may_not_stand_there_is_named() {
    let long = "x".repeat(65_537);
    let options = |names: &[&str]| -> Value { names.iter().map(|name| json!({"name": name})).collect() };
    let many: Vec<String> = (0..13).map(|place| place.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (sent, field) in [
        (json!({"type": "chat"}), "body"),
        (json!({"type": "chat", "body": 7}), "body"),
        (json!({"type": "chat", "body": long}), "body"),
        (
            json!({"type": "chat", "body": "x", "thumbnail": "not base64!"}),
            "thumbnail",
        ),
        (
            json!({"type": "chat", "body": "x", "mentionedJidList": ["nobody"]}),
            "mentionedJidList",
        ),
        (
            json!({"type": "chat", "body": "x", "quotedMsg": {"body": "y".repeat(9_000)}}),
            "quotedMsg",
        ),
        (
            json!({"type": "chat", "body": "x", "forwardingScore": 128}),
            "forwardingScore",
        ),
        (json!({"type": "image", "mimetype": "image/jpeg"}), "mediaId"),
        (
            json!({"type": "image", "mediaId": "m", "mimetype": "image/gif"}),
            "mimetype",
        ),
        (
            json!({"type": "audio", "mediaId": "m", "mimetype": "video/mp4"}),
            "mimetype",
        ),
        (
            json!({"type": "document", "mediaId": "m", "mimetype": "pdf"}),
            "mimetype",
        ),
        (json!({"type": "location", "lat": 91, "lng": 0}), "lat"),
        (json!({"type": "multi_vcard", "vcardList": []}), "vcardList"),
        (
            json!({"type": "poll_creation", "pollName": "?", "pollOptions": options(&["a", "a"])}),
            "pollOptions",
        ),
        (
            json!({"type": "poll_creation", "pollName": "?", "pollOptions": options(&many)}),
            "pollOptions",
        ),
    ] {
        let refused = Content::from_page(&page(&sent));
        assert_eq!(refused, Err(BadContent::Field(field)), "{field}");
    }
    for kind in ["gp2", "revoked", "hologram"] {
        let refused = Content::from_page(&page(&json!({"type": kind, "subtype": "add"})));
        assert_eq!(refused, Err(BadContent::Type), "{kind}");
    }
}

#[test]
fn edited_forwarded_and_quoted() {
    let contents = one_of_each()
        .into_iter()
        .map(|sent| Content::from_page(&page(&sent)).unwrap());
    for content in contents {
        let editable = matches!(
            content.kind,
            Kind::Chat | Kind::Image | Kind::Video | Kind::Document
        );
        let mut edited = content.clone();
        assert_eq!(edited.edit("anew"), editable, "{:?}", content.kind);
        assert_eq!(edited.body() == "anew", editable);
        let answer = Content::text("yes").quoting("3EB0", "5511900000001@c.us", None, &content);
        let quoted = answer.field("quotedMsg").unwrap();
        assert_eq!(quoted["type"], json!(content.kind.name()));
        let twice = answer.forwarded().forwarded();
        assert_eq!(twice.field("quotedMsg"), None);
        assert_eq!(twice.field("forwardingScore"), Some(&json!(2)));
        assert!(
            Content::from_page(&twice.to_page()).is_ok() && Content::from_page(&answer.to_page()).is_ok()
        );
    }
}
