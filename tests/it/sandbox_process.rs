//! `zaptor sandbox` as a process of its own.

use serde_json::{Value, json};

use crate::support::zaptor::Sandbox;

#[tokio::test]
async fn the_first_line_leads_to_its_control_and_its_page() {
    let sandbox = Sandbox::start().await;
    assert!(
        sandbox
            .chromium_args
            .iter()
            .any(|argument| argument.contains("web.whatsapp.com"))
    );
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .unwrap();
    let phones = format!("{}/_/api/phones", sandbox.url);
    let made = client
        .post(&phones)
        .json(&json!({ "phone": "5511987654321" }))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let listed: Value = client.get(&phones).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["data"][0]["phone"], "5511987654321");
}
