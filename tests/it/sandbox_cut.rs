//! A network that is cut (fault `network_cut`), seen by a page of this process: silence, and then everything in its order.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::sandbox;

use crate::support::control::{ANNA, BEN, Control, linked, run, settings};
use crate::support::page::Page;

/// Long enough that what is done meanwhile is done meanwhile on a busy machine, too.
const CUT_MS: u64 = 4_000;

#[test]
fn a_cut_is_silent_and_loses_nothing() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (mut page, _) = linked(folder.path(), &sandbox, &control, ANNA).await;
        control.post("/phones", json!({"phone": BEN})).await;
        let cut = json!({"kind": "network_cut", "phone": ANNA, "for_ms": CUT_MS});
        assert_eq!(control.post("/faults", cut).await.0, StatusCode::ACCEPTED);
        let begin = zaptor_actors::domain::Clock::system();
        let began = begin.instant();

        // What the page says does not arrive, what is written to it does not come, and a new connection of the same
        // browser hears nothing.
        let message = json!({"t": "send", "rid": 1, "to": format!("{BEN}@c.us"), "id": "3EB0AA",
            "msg": {"type": "chat", "body": "hi"}});
        page.say(message).await;
        let text = json!({"to": ANNA, "type": "text", "text": {"body": "yo"}});
        let (status, _) = control.post(&format!("/phones/{BEN}/messages"), text).await;
        assert!(status.is_success());
        let log = control.get("/deliveries?wa_message_id=3EB0AA").await;
        assert_eq!(log["data"], json!([]));
        let mut second = Page::open(folder.path(), sandbox.tls_port(), None).await;
        let cut = Duration::from_millis(CUT_MS) - Duration::from_millis(500);
        assert!(begin.instant().duration_since(began) >= cut, "it had to wait");

        // Then everything goes on, on the same connection.
        let answer = page.wait_for("an answer", |frame| frame["rid"] == 1).await;
        assert!(answer["at"].is_i64(), "{answer}");
        assert_eq!(page.hear("msg").await["raw"]["type"], "chat");
        assert!(second.hear("welcome").await["refs"].is_array());
        assert_eq!(control.delivery("3EB0AA").await["times"], json!(1));
        sandbox.stop().await;
    });
}

#[test]
fn how_long_a_page_synchronises_can_be_changed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (_page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        for (said, told) in [(json!(7_000), 7_000), (Value::Null, 500)] {
            let (status, network) = control.patch("/network", json!({"sync_ms": said})).await;
            assert_eq!((status, &network["sync_ms"]), (StatusCode::OK, &said));
            let mut page = Page::open(folder.path(), sandbox.tls_port(), Some(&token)).await;
            assert_eq!(page.hear("welcome").await["syncMs"], json!(told));
        }
        sandbox.stop().await;
    });
}
