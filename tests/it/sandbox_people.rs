//! Groups, profiles and block lists over the control API, and what pages hear of it.

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::sandbox;

use crate::support::control::{ANNA, BEN, Control, linked, run, settings};

const CARL: &str = "5511900000003";
const ROBOT: &str = "5511955555555";

fn wid(digits: &str) -> String {
    format!("{digits}@c.us")
}

async fn phones(control: &Control, digits: &[&str]) {
    for phone in digits {
        control.post("/phones", json!({"phone": phone})).await;
    }
}

/// A group that Anna has made.
async fn group(control: &Control, others: &[&str]) -> Value {
    let body =
        json!({"creator": ANNA, "subject": "Friends", "participants": others, "description": "All of us"});
    let (status, group) = control.post("/groups", body).await;
    assert_eq!(status, StatusCode::CREATED, "{group}");
    group
}

#[test]
fn a_group_from_the_first_to_the_last_day() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut ben, _) = linked(folder.path(), &sandbox, &control, BEN).await;
        phones(&control, &[ANNA, CARL]).await;
        let made = group(&control, &[BEN, ROBOT]).await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(
            (&made["subject"], &made["description"]),
            (&json!("Friends"), &json!("All of us"))
        );
        assert_eq!(
            made["participants"][0],
            json!({"phone": ANNA, "name": format!("Phone {ANNA}"), "admin": true, "creator": true})
        );
        let news = ben.hear("group").await;
        assert_eq!(
            (&news["action"], &news["info"]["id"]),
            (&json!("create"), &json!(id))
        );
        assert_eq!(ben.hear("msg").await["raw"]["type"], "gp2");

        let people = format!("/groups/{id}/participants");
        let (_, results) = control
            .post(
                &people,
                json!({"by": ANNA, "action": "add", "phones": [CARL, BEN]}),
            )
            .await;
        let expected = json!([{"phone": CARL, "code": 200}, {"phone": BEN, "code": 409}]);
        assert_eq!(results["results"], expected);
        let (_, invite) = control
            .post(&format!("/groups/{id}/invite/revoke"), json!({"by": ANNA}))
            .await;
        assert_eq!(
            control.get(&format!("/groups/{id}/invite?by={ANNA}")).await,
            invite
        );
        control
            .post(&format!("/groups/{id}/leave"), json!({"phone": CARL}))
            .await;
        let join = json!({"phone": CARL, "code": invite["link"]});
        let (status, joined) = control.post("/groups/join", join).await;
        assert_eq!(
            (status, joined["participants"].as_array().unwrap().len()),
            (StatusCode::OK, 4)
        );
        let patch = json!({"by": ANNA, "subject": "Family", "announce": true, "members_add": true});
        let (status, changed) = control.patch(&format!("/groups/{id}"), patch).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            (&changed["subject"], &changed["announce"]),
            (&json!("Family"), &json!(true))
        );
        let phone = control.get(&format!("/phones/{CARL}")).await;
        assert_eq!(phone["groups"], json!([id]));
        assert_eq!(control.get("/groups").await["data"][0], changed);
        sandbox.stop().await;
    });
}

/// Method, path, body, and the status, code and pointer of the answer.
type BadRequest = (&'static str, String, Value, (u16, &'static str, &'static str));

fn invalid(pointer: &'static str) -> (u16, &'static str, &'static str) {
    (422, "validation", pointer)
}

fn bad_groups() -> Vec<BadRequest> {
    let make = |body, expected| ("POST", "/groups".to_owned(), body, expected);
    vec![
        make(json!({"creator": ANNA}), invalid("/subject")),
        make(json!({"subject": "x"}), invalid("/creator")),
        make(
            json!({"creator": CARL, "subject": "x"}),
            (404, "unknown_phone", ""),
        ),
        make(
            json!({"creator": ANNA, "subject": "x".repeat(101)}),
            invalid("/subject"),
        ),
        make(
            json!({"creator": ANNA, "subject": "x", "participants": [BEN, "x"]}),
            invalid("/participants/1"),
        ),
        make(
            json!({"creator": ANNA, "subject": "x", "participants": ["5500000001"]}),
            invalid("/participants/0"),
        ),
        make(
            json!({"creator": ANNA, "subject": "x", "colour": 1}),
            invalid("/colour"),
        ),
    ]
}

fn bad_changes_of(group: &str) -> Vec<BadRequest> {
    let at = |path: &str| format!("/groups/{group}{path}");
    let post = |path: &str, body, expected| ("POST", at(path), body, expected);
    let patch = |body, expected| ("PATCH", at(""), body, expected);
    let unknown = "/groups/120363999999999999@g.us".to_owned();
    let long = |length: usize| "x".repeat(length);
    vec![
        ("GET", unknown.clone(), Value::Null, (404, "unknown_group", "")),
        (
            "GET",
            "/groups/nonsense".to_owned(),
            Value::Null,
            (404, "unknown_group", ""),
        ),
        (
            "PATCH",
            unknown,
            json!({"by": ANNA, "subject": "x"}),
            (404, "unknown_group", ""),
        ),
        patch(json!({"subject": "x"}), invalid("/by")),
        patch(json!({"by": ANNA, "subject": long(101)}), invalid("/subject")),
        patch(
            json!({"by": ANNA, "description": long(2049)}),
            invalid("/description"),
        ),
        patch(json!({"by": ANNA, "announce": 1}), invalid("/announce")),
        patch(json!({"by": ANNA, "picture": "00"}), (404, "unknown_media", "")),
        patch(json!({"by": BEN, "announce": true}), (409, "not_an_admin", "")),
        patch(json!({"by": CARL, "subject": "x"}), (409, "not_a_member", "")),
        post(
            "/participants",
            json!({"by": ANNA, "action": "greet", "phones": []}),
            invalid("/action"),
        ),
        post(
            "/participants",
            json!({"by": ANNA, "action": "add", "phones": [7]}),
            invalid("/phones/0"),
        ),
        post(
            "/participants",
            json!({"by": BEN, "action": "add", "phones": [CARL]}),
            (409, "not_an_admin", ""),
        ),
        post("/leave", json!({"phone": CARL}), (409, "not_a_member", "")),
        post("/invite/revoke", json!({"by": BEN}), (409, "not_an_admin", "")),
        (
            "GET",
            at(&format!("/invite?by={BEN}")),
            Value::Null,
            (409, "not_an_admin", ""),
        ),
        (
            "POST",
            "/groups/join".to_owned(),
            json!({"phone": ANNA, "code": "nowhere"}),
            (404, "unknown_invite", ""),
        ),
    ]
}

fn bad_profiles_and_blocks() -> Vec<BadRequest> {
    let phone = |path: &str, body, expected| ("POST", format!("/phones/{ANNA}{path}"), body, expected);
    let profile = |body, expected| ("PATCH", format!("/phones/{ANNA}"), body, expected);
    vec![
        profile(json!({"name": " "}), invalid("/name")),
        profile(json!({"about": "x".repeat(140)}), invalid("/about")),
        profile(json!({"picture": 7}), invalid("/picture")),
        profile(json!({"picture": "00"}), (404, "unknown_media", "")),
        phone("/block", json!({}), invalid("/phone")),
        phone("/block", json!({"phone": ANNA}), invalid("/phone")),
        phone("/typing", json!({"to": "x"}), invalid("/to")),
        phone(
            "/typing",
            json!({"to": BEN, "state": "dreaming"}),
            invalid("/state"),
        ),
        phone(
            "/typing",
            json!({"to": "120363999999999999@g.us"}),
            (404, "unknown_group", ""),
        ),
        phone(
            "/unlink",
            json!({"session": "ses_0"}),
            (404, "unknown_session", ""),
        ),
        (
            "POST",
            format!("/phones/{CARL}/ban"),
            json!({}),
            (404, "unknown_phone", ""),
        ),
        (
            "PATCH",
            format!("/phones/{CARL}"),
            json!({"name": "x"}),
            (404, "unknown_phone", ""),
        ),
    ]
}

#[test]
fn bad_requests_about_people_say_what_is_wrong() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        phones(&control, &[ANNA, BEN]).await;
        let made = group(&control, &[BEN]).await;
        let mut requests = bad_groups();
        requests.extend(bad_changes_of(made["id"].as_str().unwrap()));
        requests.extend(bad_profiles_and_blocks());
        for (method, path, body, expected) in requests {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = control.client.request(method, format!("{}{path}", control.url));
            if !body.is_null() {
                request = request.json(&body);
            }
            let (answered, problem) = control.send(request).await;
            let wrong = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
            let code = problem["code"].as_str().unwrap_or_default();
            assert_eq!(
                (answered.as_u16(), code, wrong),
                expected,
                "{path} {body} {problem}"
            );
        }
        let after = control
            .get(&format!("/groups/{}", made["id"].as_str().unwrap()))
            .await;
        assert_eq!(after, made, "what was refused has changed nothing");
        sandbox.stop().await;
    });
}

#[test]
fn what_the_owner_of_a_phone_shows_and_hides() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut anna, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let (mut ben, _) = linked(folder.path(), &sandbox, &control, BEN).await;
        let upload = control
            .client
            .post(format!("{}/media", control.url))
            .header("content-type", "image/jpeg")
            .body("no matter");
        let (_, media) = control.send(upload).await;
        let path = format!("/phones/{ANNA}");
        let (status, phone) = control
            .patch(
                &path,
                json!({"name": "Anna B.", "about": "Away", "picture": media["media"]}),
            )
            .await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            (&phone["name"], &phone["about"], &phone["picture"]),
            (&json!("Anna B."), &json!("Away"), &media["media"])
        );
        assert_eq!(
            phone["lid"],
            json!(format!("{}@lid", 5_511_900_000_001_u64 + 100_000_000_000))
        );
        let contact = ben.hear("contact").await;
        assert_eq!(
            (&contact["id"], &contact["name"]),
            (&json!(wid(ANNA)), &json!("Anna B."))
        );
        assert_eq!(ben.hear("about").await["about"], "Away");
        control.patch(&path, json!({"picture": null})).await;
        assert_eq!(ben.hear("contact").await.get("picture"), None);

        control.post(&format!("{path}/typing"), json!({"to": BEN})).await;
        let typing = ben
            .wait_for("typing", |frame| frame["state"] == "composing")
            .await;
        assert_eq!(typing["id"], json!(wid(ANNA)));
        control
            .post(&format!("{path}/block"), json!({"phone": phone_lid(BEN)}))
            .await;
        assert_eq!(anna.hear("blocklist").await["ids"], json!([wid(BEN)]));
        assert_eq!(control.get(&path).await["blocked"], json!([BEN]));
        ben.send(ANNA, "3EB0AA").await;
        assert_eq!(control.delivery("3EB0AA").await["ack"], json!(1));
        control
            .post(&format!("{path}/unblock"), json!({"phone": BEN}))
            .await;
        assert_eq!(anna.hear("blocklist").await["ids"], json!([]));
        control.post(&format!("{path}/ban"), json!({})).await;
        assert_eq!(anna.hear("logout").await["reason"], "account_banned");
        assert_eq!(control.get(&path).await["banned"], json!(true));
        sandbox.stop().await;
    });
}

fn phone_lid(digits: &str) -> String {
    let number: u64 = digits.parse().unwrap();
    format!("{}@lid", number + 100_000_000_000)
}

#[test]
fn one_of_two_sessions_is_unlinked() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut first, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let (mut second, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let path = format!("/phones/{ANNA}");
        let session = control.get(&path).await["linked"][0]["session"].clone();
        let (_, phone) = control
            .post(&format!("{path}/unlink"), json!({"session": session}))
            .await;
        assert_eq!(phone["linked"].as_array().unwrap().len(), 1);
        let gone = tokio::select! {
            _ = first.hear("logout") => 1,
            _ = second.hear("logout") => 2,
        };
        let stays = if gone == 1 { &mut second } else { &mut first };
        assert_eq!(stays.ask(json!({"t": "groups"})).await["groups"], json!([]));
        sandbox.stop().await;
    });
}
