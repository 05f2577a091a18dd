//! `zaptor sandbox` as a process of its own.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::page::Page;
use crate::support::zaptor::Sandbox;

const ANNA: &str = "5511987654321";
const BEN: &str = "5511987654322";

fn client() -> Client {
    Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let url = format!("{}/_/api{path}", sandbox.url);
    client().get(url).send().await.unwrap().json().await.unwrap()
}

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> u16 {
    let url = format!("{}/_/api{path}", sandbox.url);
    client()
        .post(url)
        .json(&body)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn the_first_line_leads_to_its_control_and_its_page() {
    let sandbox = Sandbox::start().await;
    assert!(
        sandbox
            .chromium_args
            .iter()
            .any(|argument| argument.contains("web.whatsapp.com"))
    );
    assert_eq!(post(&sandbox, "/phones", json!({ "phone": ANNA })).await, 201);
    assert_eq!(get(&sandbox, "/phones").await["data"][0]["phone"], ANNA);
}

/// A phone with a linked page, and the page's token. Nothing waits for a disk in between.
async fn linked(sandbox: &Sandbox, phone: &str) -> (Page, String) {
    post(sandbox, "/phones", json!({ "phone": phone })).await;
    let mut page = Page::open(sandbox.data_dir(), sandbox.tls_port, None).await;
    let code = page.hear("welcome").await["refs"][0].clone();
    let path = format!("/phones/{phone}/scan");
    let scan = post(sandbox, &path, json!({ "code": code }));
    // The page may hear of it before the phone does, and believes from then on that it is linked.
    let paired = tokio::select! {
        paired = page.hear("paired") => paired,
        paired = async { scan.await; std::future::pending().await } => paired,
    };
    (page, paired["token"].as_str().unwrap().to_owned())
}

/// What a page has heard must be true after a crash: that it is linked, and that the server has its messages. The
/// process is killed the moment the page hears it, again and again, so that nothing saves it but the order of things.
#[tokio::test]
async fn a_killed_sandbox_remembers_what_it_has_told() {
    let mut sandbox = Sandbox::start().await;
    let (mut page, token) = linked(&sandbox, ANNA).await;
    post(&sandbox, "/phones", json!({ "phone": BEN })).await;
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        for number in 0..=round * 7 {
            let id = format!("3EB0{round:04}{number:04}");
            let answer = page.send(BEN, &id).await;
            assert!(answer["at"].is_i64(), "{answer}");
            acknowledged.push(id);
        }
        sandbox = sandbox.kill_and_restart().await;
        page = Page::open(sandbox.data_dir(), sandbox.tls_port, Some(&token)).await;
        let welcome = page.hear("welcome").await;
        assert!(welcome["me"].is_object(), "still linked: {welcome}");
        let log = get(&sandbox, "/deliveries").await;
        let kept: Vec<_> = log["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["wa_message_id"].as_str().unwrap())
            .collect();
        assert_eq!(kept, acknowledged);
    }
    let again = &acknowledged[3];
    page.send(BEN, again).await;
    let line = get(&sandbox, &format!("/deliveries?wa_message_id={again}")).await;
    assert_eq!(
        line["data"][0]["times"],
        json!(2),
        "it is the same message: {line}"
    );
}

#[tokio::test]
async fn a_page_killed_with_its_sandbox_at_the_moment_of_linking_is_linked() {
    let sandbox = Sandbox::start().await;
    let (_page, token) = linked(&sandbox, ANNA).await;
    let sandbox = sandbox.kill_and_restart().await;
    let mut page = Page::open(sandbox.data_dir(), sandbox.tls_port, Some(&token)).await;
    assert!(page.hear("welcome").await["me"].is_object());
}
