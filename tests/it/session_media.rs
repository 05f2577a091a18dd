//! Files that come in messages: fetched by the page where its account asks for it, and nowhere else.

use std::{path::Path, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::{connect_async, tungstenite::Message};
use zaptor_actors::session::{EVENT_QUEUE, Engine as _, Session, SessionEvent, browser::ChannelKind};

use crate::{
    session_browser::{ANA, Phones, Stage, next, run},
    support::wait::until,
};

const BEN: &str = "5511912345678";
const ACCOUNT: u128 = 1;
const SOON: Duration = Duration::from_secs(10);

/// Uploads a picture of its own, whose number tells it from the others, and sends it to the account's phone.
async fn send_picture(phones: &Phones, number: u8) -> String {
    // The smallest JPEG that is taken for one; what follows its end is nobody's business.
    let bytes = [
        &b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9"[..],
        &[number],
    ]
    .concat();
    let upload = phones.client.post(format!("{}/media", phones.url));
    let upload = upload.header("content-type", "image/jpeg").body(bytes);
    let stored: Value = upload.send().await.unwrap().json().await.unwrap();
    let media = stored["media"].as_str().expect("it is stored").to_owned();
    let message = json!({"to": ANA, "type": "image", "image": {"media": media}});
    phones.post(&format!("/phones/{BEN}/messages"), message).await;
    media
}

async fn fetches(phones: &Phones, media: &str) -> u64 {
    let answer = phones.client.get(format!("{}/media/{media}/fetches", phones.url));
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    answer["fetches"].as_u64().unwrap()
}

/// Sends a text and waits until the account has it: the page has dealt with everything that was sent before.
async fn text_comes(phones: &Phones, events: &mut mpsc::Receiver<SessionEvent>) {
    let message = json!({"to": ANA, "type": "text", "text": {"body": "after it"}});
    phones.post(&format!("/phones/{BEN}/messages"), message).await;
    next(events, |event| {
        matches!(event, SessionEvent::Received(_)).then_some(())
    })
    .await;
}

/// Evaluates an expression in the page of a browser, as somebody with a debugger would.
async fn evaluate(phones: &Phones, profile: &Path, expression: &str) -> Value {
    let port = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
    let port = port.lines().next().unwrap();
    let pages = phones.client.get(format!("http://127.0.0.1:{port}/json/list"));
    let pages: Value = pages.send().await.unwrap().json().await.unwrap();
    let page = pages
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["type"] == "page");
    let url = page.unwrap()["webSocketDebuggerUrl"].as_str().unwrap().to_owned();
    let (mut socket, _) = connect_async(url).await.unwrap();
    let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
    let order = json!({"id": 1, "method": "Runtime.evaluate", "params": params});
    socket.send(Message::text(order.to_string())).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
    answer["result"]["result"]["value"].clone()
}

/// Opens the account with or without what makes its page fetch media.
async fn open(stage: &Stage, wanted: Option<bool>) -> (Box<dyn Session>, mpsc::Receiver<SessionEvent>) {
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    let mut spec = stage.spec(ACCOUNT);
    spec.settings.media_downloads = wanted;
    (stage.engine.open(spec, sender).await.unwrap(), events)
}

async fn link(phones: &Phones, events: &mut mpsc::Receiver<SessionEvent>) {
    phones.post("/phones", json!({"phone": BEN, "name": "Ben"})).await;
    let code = next(events, |event| match event {
        SessionEvent::Pairing { code, .. } => Some(code),
        _ => None,
    })
    .await;
    phones
        .post(&format!("/phones/{ANA}/scan"), json!({"code": code}))
        .await;
}

#[test]
fn chromium_fetches_media_only_where_its_account_asks_for_it() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (phones, profile) = (&stage.phones, stage.spec(ACCOUNT).profile);
        let ready = |event| matches!(event, SessionEvent::Ready(_)).then_some(());
        let (session, mut events) = open(&stage, None).await;
        link(phones, &mut events).await;
        next(&mut events, ready).await;
        let preference = "WPP.conn.getAutoDownloadSettings().photos";
        until("the page's own preference to be off", SOON, || async {
            match evaluate(phones, &profile, preference).await {
                Value::Bool(false) => Ok(()),
                other => Err(other),
            }
        })
        .await;
        let quiet = send_picture(phones, 1).await;
        text_comes(phones, &mut events).await;
        // A page that no longer knows this preference, or has another one, is kept from it by the browser.
        evaluate(phones, &profile, "WPP.whatsapp.setAutoDownloadPhotos(true)").await;
        let refused = send_picture(phones, 2).await;
        text_comes(phones, &mut events).await;
        let tried = format!(
            "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/media/{refused}')).length"
        );
        until("the page to have tried", SOON, || async {
            match evaluate(phones, &profile, &tried).await.as_u64() {
                None | Some(0) => Err(()),
                Some(_) => Ok(()),
            }
        })
        .await;
        // Whatever it had asked for before it ended, it would have got.
        session.close().await;
        assert_eq!(fetches(phones, &quiet).await, 0);
        assert_eq!(fetches(phones, &refused).await, 0);

        let (session, mut events) = open(&stage, Some(true)).await;
        next(&mut events, ready).await;
        let wanted = send_picture(phones, 3).await;
        until("the page to fetch it", SOON, || async {
            match fetches(phones, &wanted).await {
                0 => Err(()),
                _ => Ok(()),
            }
        })
        .await;
        session.close().await;
        stage.strike().await;
    });
}
