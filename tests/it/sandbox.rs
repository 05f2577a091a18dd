//! The sandbox from outside: a page over TLS, people over its control API, and a restart in between.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::sandbox;
use zaptor_actors::domain::clock::{Clock, Timestamp};

use crate::support::control::{ANNA, BEN, Control, linked, run, settings};
use crate::support::page::Page;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_message_goes_from_one_linked_page_to_another() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut anna, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let (mut ben, _) = linked(folder.path(), &sandbox, &control, BEN).await;
        assert!(anna.send(BEN, "3EB0AA").await["at"].is_i64());
        assert_eq!(ben.hear("msg").await["raw"]["id"], "3EB0AA");
        assert_eq!(anna.hear("receipt").await["ack"], json!(2));
        assert_eq!(anna.hear("receipt").await["ack"], json!(3));
        let line = control.delivery("3EB0AA").await;
        assert_eq!(
            (&line["from"], &line["to"], &line["times"], &line["type"]),
            (&json!(ANNA), &json!(BEN), &json!(1), &json!("text"))
        );

        anna.send(BEN, "3EB0AA").await;
        let (status, sent) = control
            .post(
                &format!("/phones/{BEN}/messages"),
                json!({"to": ANNA, "type": "text", "text": {"body": "yo"}}),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(anna.hear("msg").await["raw"]["id"], sent["wa_message_id"]);
        assert_eq!(
            ben.hear("msg").await["raw"]["fromMe"],
            json!(true),
            "the repeated id was not delivered again"
        );
        assert_eq!(control.delivery("3EB0AA").await["times"], json!(2));
        let chats = control.get(&format!("/phones/{BEN}/chats")).await;
        assert_eq!(chats["data"][0]["messages"].as_array().unwrap().len(), 2);
        sandbox.stop().await;
    });
}

#[test]
fn a_restarted_sandbox_knows_its_pages() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let (port, args) = (sandbox.tls_port(), sandbox.chromium_args());
        let control = Control::of(folder.path(), &sandbox);
        let (mut page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        page.send(BEN, "3EB0AA").await;
        sandbox.stop().await;
        page.closed().await;

        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        assert_eq!(
            (sandbox.tls_port(), sandbox.chromium_args()),
            (port, args),
            "browsers find it again"
        );
        let control = Control::of(folder.path(), &sandbox);
        let mut page = Page::open(folder.path(), sandbox.tls_port(), Some(&token)).await;
        let welcome = page.hear("welcome").await;
        assert_eq!(welcome["chats"][0]["msgs"][0]["id"], "3EB0AA");
        page.wait_for("the read receipt", |frame| {
            frame["t"] == "receipt" && frame["ack"] == 3
        })
        .await;
        let phone = control.get(&format!("/phones/{ANNA}")).await;
        assert_eq!(phone["linked"][0]["connected"], json!(true));
        sandbox.stop().await;
    });
}

#[test]
fn a_link_is_on_disk_before_the_phone_says_so() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (_page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        // What lies on disk now is all that a sandbox elsewhere gets.
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::create_dir(elsewhere.path().join("tls")).unwrap();
        for part in ["", "tls"] {
            for file in std::fs::read_dir(folder.path().join(part)).unwrap().flatten() {
                if file.file_type().unwrap().is_file() && file.file_name() != "tls_port" {
                    std::fs::copy(file.path(), elsewhere.path().join(part).join(file.file_name())).unwrap();
                }
            }
        }
        let copy = sandbox::start(settings(elsewhere.path())).await.unwrap();
        let mut page = Page::open(elsewhere.path(), copy.tls_port(), Some(&token)).await;
        assert!(page.hear("welcome").await["me"].is_object());
        copy.stop().await;
        sandbox.stop().await;
    });
}

#[test]
fn pages_lose_their_socket_and_their_link() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let (status, _) = control
            .post("/faults", json!({"kind": "socket_drop", "phone": ANNA}))
            .await;
        assert_eq!(status, StatusCode::ACCEPTED);
        page.closed().await;
        let mut page = Page::open(folder.path(), sandbox.tls_port(), Some(&token)).await;
        assert!(page.hear("welcome").await["me"].is_object());
        let (status, phone) = control.post(&format!("/phones/{ANNA}/unlink"), json!({})).await;
        assert_eq!((status, &phone["linked"]), (StatusCode::OK, &json!([])));
        page.hear("logout").await;
        let mut page = Page::open(folder.path(), sandbox.tls_port(), Some(&token)).await;
        assert_eq!(page.hear("welcome").await["refs"].as_array().unwrap().len(), 6);
        drop(page);
        let (_, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        until("the dropped page to be seen as gone", SOON, || async {
            let phone = control.get(&format!("/phones/{ANNA}")).await;
            if phone["linked"][0]["connected"] == json!(false) {
                Ok(())
            } else {
                Err(phone)
            }
        })
        .await;
        sandbox.stop().await;
    });
}

/// Path, body, and the status, code and pointer of the answer.
fn bad_requests() -> [(String, Value, (u16, &'static str, &'static str)); 11] {
    let invalid = |pointer| (422, "validation", pointer);
    let phone = format!("/phones/{ANNA}");
    let at = |path: &str| path.to_owned();
    [
        (at("/phones"), json!({"phone": "abc"}), invalid("/phone")),
        (at("/phones"), json!({"phone": "0001234567"}), invalid("/phone")),
        (
            at("/phones"),
            json!({"phone": BEN, "colour": 1}),
            invalid("/colour"),
        ),
        (
            at("/phones/5511999999999/scan"),
            json!({"code": "2@x"}),
            (404, "unknown_phone", ""),
        ),
        (
            phone.clone() + "/scan",
            json!({"code": "2@x"}),
            (404, "unknown_code", ""),
        ),
        (phone.clone() + "/scan", json!({}), invalid("/code")),
        (
            phone.clone() + "/messages",
            json!({"to": "5500000123", "text": "x"}),
            invalid("/to"),
        ),
        (
            phone + "/messages",
            json!({"to": BEN, "type": "hologram", "text": "x"}),
            invalid("/type"),
        ),
        (
            at("/faults"),
            json!({"kind": "flood", "phone": ANNA}),
            invalid("/kind"),
        ),
        (at("/nothing"), json!({}), (404, "not_found", "")),
        (at("/info"), json!({}), (405, "method_not_allowed", "")),
    ]
}

#[test]
fn bad_requests_say_what_is_wrong() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        control.post("/phones", json!({"phone": ANNA})).await;
        for (path, body, expected) in bad_requests() {
            let (answered, problem) = control.post(&path, body.clone()).await;
            let wrong = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
            let seen = (
                answered.as_u16(),
                problem["code"].as_str().unwrap_or_default(),
                wrong,
            );
            assert_eq!(seen, expected, "{path} {body} {problem}");
            assert_eq!(problem["instance"], json!(format!("/_/api{path}")));
        }
        sandbox.stop().await;
    });
}

#[test]
fn bad_faults_say_which_field_and_plan_nothing() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        control.post("/phones", json!({"phone": ANNA})).await;
        let rows = [
            (json!({}), 422, "/kind"),
            (json!({"kind": 7}), 422, "/kind"),
            (json!({"kind": "ban"}), 422, "/phone"),
            (json!({"kind": "logout", "phone": null}), 422, "/phone"),
            (json!({"kind": "drop_ack", "phone": "12"}), 422, "/phone"),
            (json!({"kind": "drop_ack", "account": "x"}), 422, "/account"),
            (json!({"kind": "drop_ack", "phone": BEN}), 404, ""),
            (json!({"kind": "drop_ack", "count": 0}), 422, "/count"),
            (json!({"kind": "drop_ack", "count": 1.5}), 422, "/count"),
            (json!({"kind": "late_ack", "after_ms": -1}), 422, "/after_ms"),
            (json!({"kind": "page_hang", "for_ms": "1s"}), 422, "/for_ms"),
            (json!({"kind": "modal", "for_ms": 86_400_001}), 422, "/for_ms"),
            (
                json!({"kind": "rate_limit", "probability": 2}),
                422,
                "/probability",
            ),
            (json!({"kind": "module_missing"}), 422, "/module"),
            (
                json!({"kind": "module_renamed", "module": "x".repeat(201)}),
                422,
                "/module",
            ),
            (json!({"kind": "clock_skew"}), 422, "/skew_ms"),
            (
                json!({"kind": "clock_skew", "skew_ms": 86_400_001}),
                422,
                "/skew_ms",
            ),
            (
                json!({"kind": "socket_drop", "module": "WAWebCmd"}),
                422,
                "/module",
            ),
            (json!({"kind": "socket_drop", "colour": 1}), 422, "/colour"),
            (json!({"kind": "ban", "code": "2@x"}), 422, "/code"),
            (
                json!({"kind": "modal", "code": "2@x", "phone": ANNA}),
                422,
                "/code",
            ),
            (json!({"kind": "modal", "code": "2@x"}), 404, ""),
            (json!(["socket_drop"]), 422, ""),
        ];
        for (body, status, pointer) in rows {
            let (answered, problem) = control.post("/faults", body.clone()).await;
            let wrong = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
            assert_eq!((answered.as_u16(), wrong), (status, pointer), "{body} {problem}");
        }
        assert_eq!(control.get("/faults").await["data"], json!([]));
        sandbox.stop().await;
    });
}

#[test]
fn only_this_machine_and_its_pages_may_command() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let url = format!("{}/phones", control.url);
        for (origin, status) in [("http://localhost:5173", 200), ("https://evil.example", 403)] {
            let answer = control
                .client
                .get(&url)
                .header("origin", origin)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), status);
            let allowed = answer.headers().get("access-control-allow-origin");
            assert_eq!(allowed.is_some_and(|allowed| allowed == origin), status == 200);
        }
        let preflight = control
            .client
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", "http://localhost:1");
        assert_eq!(preflight.send().await.unwrap().status(), StatusCode::NO_CONTENT);
        assert_eq!(sandbox::fetch_info(sandbox.url()).await.unwrap(), *sandbox.info());
        let page = control
            .client
            .get(format!("{}/_/", sandbox.url()))
            .send()
            .await
            .unwrap();
        assert!(page.text().await.unwrap().contains("<script"));
        let second = sandbox::start(settings(folder.path())).await;
        assert!(second.is_err(), "one sandbox per data directory");
        sandbox.stop().await;
        assert!(sandbox::fetch_info("http://127.0.0.1:9").await.is_err());
    });
}

#[test]
fn time_can_leap() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        let sandbox = sandbox::start_on(settings(folder.path()), clock.clone())
            .await
            .unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let url = format!("{}/network", control.url);
        let slow = json!({"read_ms": 3_600_000, "ack_ms": 0, "deliver_ms": 0});
        let changed = control.client.patch(url).json(&slow).send().await.unwrap();
        assert_eq!(changed.status(), StatusCode::OK);
        let (mut page, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        page.say(json!({"t": "send", "to": format!("{BEN}@c.us"), "id": "3EB0AA", "rid": 9, "msg": {"type": "chat", "body": "hi"}}))
            .await;
        until("the message to be read an hour later", SOON, || async {
            clock.leap(Duration::from_secs(600));
            // It may be on its way to the sandbox still.
            let log = control.get("/deliveries?wa_message_id=3EB0AA").await;
            let ack = log["data"][0]["ack"].clone();
            if ack == json!(3) { Ok(()) } else { Err(ack) }
        })
        .await;
        sandbox.stop().await;
    });
}
