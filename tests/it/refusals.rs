//! A message that WhatsApp's server refuses, through the whole house: it fails at once with WhatsApp's reason, costs
//! nothing, and the next one goes.

use reqwest::Method;
use serde_json::json;

use super::journey::{CUSTOMER, OURS, SOON, assert_settled, brisk, call, linked_account, send, until_tally};
use super::support::zaptor::Zaptor;

/// Whoever takes a refusal for a doubt looks the message up, and holds the account's other messages back meanwhile: here
/// for longer than the test waits.
#[tokio::test]
async fn browser_a_refused_message_fails_at_once_and_the_next_one_is_sent() {
    let zaptor = Zaptor::start_with(brisk().setting("account.look_up_patience_s", "600")).await;
    let account = linked_account(&zaptor).await;
    let fault = json!({ "kind": "reject_463", "phone": OURS });
    let planned = zaptor.sandbox(Method::POST, "/_/api/faults").json(&fault);
    assert!(planned.send().await.unwrap().status().is_success());

    let refused = send(&zaptor, &account, CUSTOMER, "too many first contacts").await;
    let next = send(&zaptor, &account, CUSTOMER, "and on it goes").await;
    until_tally(&zaptor, "read", 1, SOON).await;
    until_tally(&zaptor, "failed", 1, SOON).await;
    let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/messages/{refused}"), None).await;
    assert_eq!(shown["error"]["code"], "rejected", "{shown}");
    let detail = shown["error"]["detail"].as_str().unwrap();
    assert!(
        detail.contains("ERROR_UNKNOWN"),
        "WhatsApp Web's own word: {detail}"
    );
    let (_, sent) = call(&zaptor, Method::GET, &format!("/v1/messages/{next}"), None).await;
    assert_eq!(sent["status"], "read", "{sent}");
    assert_settled(&zaptor, 2, 1).await;
}
