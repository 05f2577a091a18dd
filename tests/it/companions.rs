//! One phone, several accounts: each is a companion device of its own, whosesoever it is.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor_actors::{
    domain::{AccountId, Phone},
    session::browser::ChannelKind,
};

use crate::session_browser::{Stage, run, settings};
use crate::session_conformance::Outside as _;
use crate::support::{
    node::{Node, Plan},
    wait,
};

const SOON: Duration = Duration::from_secs(60);

/// An account with the key of its tenant.
struct Ours {
    key: String,
    id: String,
}

impl Ours {
    /// Made, and linked with the one phone.
    async fn linked(node: &Node, stage: &Stage, key: &str) -> Ours {
        let body = json!({"name": "Shop", "engine": "browser"});
        let made = node.post("/v1/accounts", key, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let ours = Ours {
            key: key.to_owned(),
            id: made.body["id"].as_str().unwrap().to_owned(),
        };
        ours.until_state(node, "pairing").await;
        let path = format!("/v1/accounts/{}/pairing", ours.id);
        let shown = node.get(&path, key).await.body;
        let code = shown["code"].as_str().unwrap();
        stage.phones.scan(AccountId::from_bits(1), code).await;
        ours.until_state(node, "online").await;
        ours
    }

    async fn until_state(&self, node: &Node, state: &str) {
        let path = format!("/v1/accounts/{}", self.id);
        wait::until(state, SOON, || async {
            let account = node.get(&path, &self.key).await.body;
            if account["state"] == state {
                Ok(())
            } else {
                Err(account)
            }
        })
        .await;
    }

    /// What came in, once it is so many, the newest first.
    async fn heard(&self, node: &Node, count: usize) -> Vec<Value> {
        let path = format!("/v1/messages?direction=inbound&account={}", self.id);
        wait::until("messages", SOON, || async {
            let page = node.get(&path, &self.key).await.body;
            let heard = page["data"].as_array().unwrap().clone();
            if heard.len() == count {
                Ok(heard)
            } else {
                Err(heard)
            }
        })
        .await
    }
}

#[test]
fn accounts_of_one_phone_are_devices_of_their_own_in_chromium() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let plan = Plan {
            browser: Some(settings(&stage.sandbox)),
            ..Plan::default()
        };
        let node = Node::start(plan).await;
        let (ana, bia) = (node.tenant("ana", 100).await, node.tenant("bia", 100).await);
        let mut ours = Vec::new();
        for key in [&ana.key, &ana.key, &bia.key] {
            ours.push(Ours::linked(&node, &stage, key).await);
        }
        let customer = Phone::parse("5511987650001").unwrap();
        let wa_id = stage
            .phones
            .write(AccountId::from_bits(1), &customer, "to all")
            .await;
        let mut ids = Vec::new();
        for account in &ours {
            let heard = account.heard(&node, 1).await;
            assert_eq!(heard[0]["wa_message_id"], wa_id.as_str());
            ids.push(heard[0]["id"].as_str().unwrap().to_owned());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ours.len(), "each has it under an id of its own");

        let first = ours.remove(0);
        let path = format!("/v1/accounts/{}/logout", first.id);
        let asked = node.post(&path, &first.key, json!({})).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
        first.until_state(&node, "logged_out").await;
        stage
            .phones
            .write(AccountId::from_bits(1), &customer, "to those left")
            .await;
        for account in &ours {
            account.heard(&node, 2).await;
            account.until_state(&node, "online").await;
            let body = json!({
                "account": account.id, "to": customer.as_str(), "type": "text", "text": {"body": "from one of us"},
            });
            let sent = node.post("/v1/messages", &account.key, body).await;
            assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        }
        first.heard(&node, 1).await;
        node.stop().await;
        stage.strike().await;
    });
}
