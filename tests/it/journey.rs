//! What a user does, step by step, through the public API and the sandbox's control.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::wait;
use super::support::zaptor::{Plan, Zaptor};

/// The number of the account that the journeys link.
pub(crate) const OURS: &str = "5511900000001";
/// A customer of ours; a phone on the sandbox.
pub(crate) const CUSTOMER: &str = "5511900000002";

/// Long enough for a browser to start on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A plan for tests that send much: no pace but a formal one.
pub(crate) fn brisk() -> Plan {
    Plan::default()
        .setting("sandbox.messages_per_minute", "60000")
        .setting("rate_limit.burst", "1000")
        .setting("sandbox.sync_ms", "200")
}

pub(crate) async fn call(
    zaptor: &Zaptor,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    answer(zaptor.request(method, path), body).await
}

async fn answer(request: reqwest::RequestBuilder, body: Option<Value>) -> (StatusCode, Value) {
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}

async fn sandbox(zaptor: &Zaptor, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, value) = answer(zaptor.sandbox(method, path), body).await;
    assert!(status.is_success(), "{path}: {status} {value}");
    value
}

/// Creates an account and gives its id.
pub(crate) async fn create_account(zaptor: &Zaptor, engine: &str) -> String {
    let body = json!({ "name": "Shop", "engine": engine });
    let (status, account) = call(zaptor, Method::POST, "/v1/accounts", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{account}");
    account["id"].as_str().unwrap().to_owned()
}

/// Waits until the account is in `state` and gives it.
pub(crate) async fn until_state(zaptor: &Zaptor, account: &str, state: &str, within: Duration) -> Value {
    wait::until(state, within, || async {
        let (_, account) = call(zaptor, Method::GET, &format!("/v1/accounts/{account}"), None).await;
        if account["state"] == state {
            Ok(account)
        } else {
            Err(account)
        }
    })
    .await
}

/// Links the account with the sandbox phone `phone` and waits until it is online.
pub(crate) async fn link(zaptor: &Zaptor, account: &str, phone: &str) {
    until_state(zaptor, account, "pairing", SOON).await;
    for number in [phone, CUSTOMER] {
        let phone = json!({ "phone": number, "name": "Test" });
        answer(zaptor.sandbox(Method::POST, "/_/api/phones"), Some(phone)).await;
    }
    let scan = format!("/_/api/phones/{phone}/scan");
    wait::until("a scanned code", SOON, || async {
        let (status, pairing) = call(
            zaptor,
            Method::GET,
            &format!("/v1/accounts/{account}/pairing"),
            None,
        )
        .await;
        if status != StatusCode::OK {
            return Err(pairing);
        }
        let code = json!({ "code": pairing["code"] });
        let (status, scanned) = answer(zaptor.sandbox(Method::POST, &scan), Some(code)).await;
        if status.is_success() { Ok(()) } else { Err(scanned) }
    })
    .await;
    until_state(zaptor, account, "online", SOON).await;
}

/// Creates an account, links it and gives its id.
pub(crate) async fn linked_account(zaptor: &Zaptor) -> String {
    let account = create_account(zaptor, "browser").await;
    link(zaptor, &account, OURS).await;
    account
}

/// Accepts a text and gives the message's id.
pub(crate) async fn send(zaptor: &Zaptor, account: &str, to: &str, text: &str) -> String {
    let body = json!({ "account": account, "to": to, "type": "text", "text": { "body": text } });
    let (status, message) = call(zaptor, Method::POST, "/v1/messages", Some(body)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{message}");
    message["id"].as_str().unwrap().to_owned()
}

/// Sends a text from a sandbox phone to the account's number and gives its WhatsApp id.
pub(crate) async fn write_from(zaptor: &Zaptor, phone: &str, text: &str) -> String {
    let body = json!({ "to": OURS, "type": "text", "text": { "body": text } });
    let sent = sandbox(
        zaptor,
        Method::POST,
        &format!("/_/api/phones/{phone}/messages"),
        Some(body),
    )
    .await;
    sent["wa_message_id"].as_str().unwrap().to_owned()
}

/// The messages of one direction, newest first.
pub(crate) async fn messages(zaptor: &Zaptor, direction: &str) -> Vec<Value> {
    let path = format!("/v1/messages?direction={direction}&limit=200");
    let (status, list) = call(zaptor, Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["data"].as_array().unwrap().clone()
}

/// How many messages stand in each status.
pub(crate) async fn tally(zaptor: &Zaptor, direction: &str) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for message in messages(zaptor, direction).await {
        *tally
            .entry(message["status"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    tally
}

/// Waits until `count` messages of ours are `status`.
pub(crate) async fn until_tally(zaptor: &Zaptor, status: &str, count: usize, within: Duration) {
    wait::until(&format!("{count} messages {status}"), within, || async {
        let tally = tally(zaptor, "outbound").await;
        if tally.get(status) == Some(&count) {
            Ok(())
        } else {
            Err(tally)
        }
    })
    .await;
}

/// Every id that reached the simulated server from our number, with how often.
pub(crate) async fn deliveries(zaptor: &Zaptor) -> BTreeMap<String, u64> {
    let list = sandbox(
        zaptor,
        Method::GET,
        &format!("/_/api/deliveries?phone={OURS}"),
        None,
    )
    .await;
    let ours = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["from"].as_str().unwrap().starts_with(OURS));
    ours.map(|row| {
        (
            row["wa_message_id"].as_str().unwrap().to_owned(),
            row["times"].as_u64().unwrap(),
        )
    })
    .collect()
}

/// What must hold whenever all is at rest: every message in one end, on the server once, and the money adds up.
pub(crate) async fn assert_settled(zaptor: &Zaptor, accepted: usize, sent: usize) {
    let ours = messages(zaptor, "outbound").await;
    assert_eq!(ours.len(), accepted);
    let delivered = deliveries(zaptor).await;
    assert!(
        delivered.values().all(|times| *times == 1),
        "an id came twice: {delivered:?}"
    );
    assert_eq!(delivered.len(), sent, "{delivered:?}");
    for message in &ours {
        let there = delivered.contains_key(message["wa_message_id"].as_str().unwrap());
        let status = message["status"].as_str().unwrap();
        assert_eq!(
            there,
            matches!(status, "sent" | "delivered" | "read"),
            "{message}"
        );
    }
    let (_, wallet) = call(zaptor, Method::GET, "/v1/wallet", None).await;
    assert_eq!(wallet["held"], 0, "{wallet}");
    assert_eq!(
        wallet["available"],
        1_000 - i64::try_from(sent).unwrap(),
        "{wallet}"
    );
    assert_gapless(zaptor).await;
}

/// The journal counts from 1 without gaps, and each message's events only move forward.
async fn assert_gapless(zaptor: &Zaptor) {
    let mut next = 1;
    let mut rank: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let path = format!("/v1/events?after={}&limit=200", next - 1);
        let (_, page) = call(zaptor, Method::GET, &path, None).await;
        let events = page["data"].as_array().unwrap();
        if events.is_empty() {
            break;
        }
        for event in events {
            assert_eq!(event["seq"], next, "{event}");
            next += 1;
            let steps = [
                "message.queued",
                "message.sent",
                "message.delivered",
                "message.read",
            ];
            let step = steps.iter().position(|step| event["type"] == *step);
            if let (Some(step), Some(message)) = (step, event["data"]["message"].as_str()) {
                let before = rank.insert(message.to_owned(), step);
                assert!(before.is_none_or(|before| before < step), "{event}");
            }
        }
    }
}

/// The ids of what came in, the oldest first.
pub(crate) async fn received(zaptor: &Zaptor) -> Vec<String> {
    let mut inbound = messages(zaptor, "inbound").await;
    inbound.reverse();
    let ids = inbound
        .iter()
        .map(|message| message["wa_message_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// Waits until as many have come in as were written; they have to be these.
pub(crate) async fn until_received(zaptor: &Zaptor, written: &[String]) {
    wait::until("what was written came in", SOON, || async {
        let received = received(zaptor).await;
        if received.len() >= written.len() {
            Ok(())
        } else {
            Err(received)
        }
    })
    .await;
    assert_eq!(received(zaptor).await, written, "all, once, in order");
}
