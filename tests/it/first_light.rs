//! The first path through the whole house, on real parts: the program, its database, a real Chromium on the sandbox.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::journey::{
    CUSTOMER, OURS, SOON, assert_settled, brisk, call, create_account, link, linked_account, messages, send,
    until_state, until_tally, write_from,
};
use super::support::servers::Postgres;
use super::support::wait;
use super::support::zaptor::{Plan, Zaptor};

#[tokio::test]
async fn browser_link_send_and_receive() {
    link_send_and_receive(brisk()).await;
}

#[tokio::test]
async fn browser_link_send_and_receive_on_postgres() {
    let database = spawn_blocking(Postgres::start).await.unwrap();
    link_send_and_receive(brisk().setting("store.url", database.url())).await;
}

async fn link_send_and_receive(plan: Plan) {
    let zaptor = Zaptor::start_with(plan).await;
    let account = linked_account(&zaptor).await;
    for i in 0..20 {
        send(&zaptor, &account, CUSTOMER, &format!("text {i}")).await;
    }
    until_tally(&zaptor, "read", 20, SOON).await;

    let mut written = BTreeSet::new();
    for i in 0..20 {
        written.insert(write_from(&zaptor, CUSTOMER, &format!("answer {i}")).await);
    }
    wait::until("20 inbound messages", SOON, || async {
        let count = messages(&zaptor, "inbound").await.len();
        if count >= 20 { Ok(()) } else { Err(count) }
    })
    .await;
    let inbound = messages(&zaptor, "inbound").await;
    let ids: BTreeSet<String> = inbound
        .iter()
        .map(|m| m["wa_message_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((inbound.len(), ids), (20, written), "each came once");
    let texts: BTreeSet<&str> = inbound
        .iter()
        .map(|m| m["text"]["body"].as_str().unwrap())
        .collect();
    assert!(texts.contains("answer 0") && texts.contains("answer 19"));

    assert_settled(&zaptor, 20, 20).await;
    let one = messages(&zaptor, "outbound").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/messages/{one}"), None).await;
    let steps: Vec<&str> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["status"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["queued", "sending", "sent", "delivered", "read"]);

    let status = zaptor.stop().await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn browser_a_message_waits_for_its_account_and_a_wrong_number_costs_nothing() {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = create_account(&zaptor, "browser").await;
    until_state(&zaptor, &account, "pairing", SOON).await;
    let waiting = send(&zaptor, &account, CUSTOMER, "as soon as you can").await;
    let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/messages/{waiting}"), None).await;
    assert_eq!(shown["status"], "queued");
    assert!(shown["timeline"].to_string().contains("pairing"), "{shown}");
    let nobody = send(&zaptor, &account, "55000001234", "is anybody there").await;
    link(&zaptor, &account, OURS).await;
    until_tally(&zaptor, "read", 1, SOON).await;
    wait::until("the refusal", SOON, || async {
        let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/messages/{nobody}"), None).await;
        if shown["status"] == "failed" {
            Ok(shown)
        } else {
            Err(shown)
        }
    })
    .await;
    let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/messages/{nobody}"), None).await;
    assert_eq!(shown["error"]["code"], "not_on_whatsapp", "{shown}");
    assert_settled(&zaptor, 2, 1).await;
}

#[tokio::test]
async fn browser_the_phone_ends_the_link_and_the_account_says_so() {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    let fault = json!({ "kind": "logout", "phone": OURS });
    let ended = zaptor
        .sandbox(Method::POST, "/_/api/faults")
        .json(&fault)
        .send()
        .await
        .unwrap();
    assert!(ended.status().is_success(), "{}", ended.text().await.unwrap());
    let shown = until_state(&zaptor, &account, "logged_out", SOON).await;
    assert!(shown["action"].is_string(), "{shown}");
    // A restart asks for a new link, in place: the account keeps its id and its history.
    let (status, _) = call(
        &zaptor,
        Method::POST,
        &format!("/v1/accounts/{account}/restart"),
        None,
    )
    .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    link(&zaptor, &account, OURS).await;
}
