//! What is written while things go wrong, and that each of it arrives once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Account, Stage};
use crate::journal;
use crate::journey::{CUSTOMER, call, send};
use crate::support::wait;

/// The messages of one account in a cell.
#[derive(Default)]
pub(super) struct Messages {
    /// Accepted by the API: ids of ours.
    out: Vec<String>,
    /// Written by the customer: ids of WhatsApp.
    inbound: BTreeSet<String>,
}

impl Messages {
    /// Accepts `count` texts to the customer.
    pub(super) async fn send(&mut self, stage: &Stage, account: &Account, count: usize) {
        for _ in 0..count {
            let text = format!("out {}", self.out.len());
            self.out
                .push(send(&stage.zaptor, &account.id, CUSTOMER, &text).await);
        }
    }

    /// The customer writes `count` texts.
    pub(super) async fn write(&mut self, stage: &Stage, account: &Account, count: usize) {
        for _ in 0..count {
            let text = format!("in {}", self.inbound.len());
            let body = json!({ "to": account.phone, "type": "text", "text": { "body": text } });
            let path = format!("phones/{CUSTOMER}/messages");
            let sent = stage.sandbox(Method::POST, &path, Some(body)).await;
            self.inbound
                .insert(sent["wa_message_id"].as_str().unwrap().to_owned());
        }
    }

    /// Waits until so many are acknowledged by the server.
    pub(super) async fn until_sent(&self, stage: &Stage, count: usize, within: Duration) {
        wait::until("messages to be sent", within, || async {
            let states = self.states(stage).await;
            let done = states.values().filter(|state| is_sent(state)).count();
            if done >= count { Ok(()) } else { Err(states) }
        })
        .await;
    }

    async fn states(&self, stage: &Stage) -> BTreeMap<String, String> {
        let mut states = BTreeMap::new();
        for message in listed(stage, "outbound").await {
            let id = message["id"].as_str().unwrap().to_owned();
            if self.out.contains(&id) {
                states.insert(id, message["status"].as_str().unwrap().to_owned());
            }
        }
        states
    }

    /// Waits until everything is where it belongs.
    pub(super) async fn until_all_arrived(&self, stage: &Stage, account: &Account, within: Duration) {
        self.until_sent(stage, self.out.len(), within).await;
        let ours = self.ids(stage).await;
        wait::until("all of it to arrive", within, || async {
            let (shown, heard) = (on_the_phone(stage, account).await, heard(stage, account).await);
            let mut missing: Vec<&String> = ours.iter().filter(|id| !shown.contains(id)).collect();
            missing.extend(self.inbound.iter().filter(|id| !heard.contains(id)));
            if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("{missing:?} of {shown:?} and {heard:?}"))
            }
        })
        .await;
    }

    /// The ids of WhatsApp under which our messages went.
    async fn ids(&self, stage: &Stage) -> Vec<String> {
        let listed = listed(stage, "outbound").await;
        let ours = listed
            .iter()
            .filter(|message| self.out.iter().any(|id| message["id"] == **id));
        ours.map(|message| message["wa_message_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Each message of ours went through the server once (or twice, where the page `repeats`) and is on the customer's
    /// phone once; each of the customer's was told once.
    pub(super) async fn assert_each_once(&self, stage: &Stage, account: &Account, repeats: bool) {
        let path = format!("deliveries?phone={}", account.phone);
        let log = stage.sandbox(Method::GET, &path, None).await;
        let rows = log["data"].as_array().unwrap().iter();
        let delivered: Vec<(&str, u64)> = rows
            .filter(|row| row["from"].as_str().unwrap().starts_with(account.phone))
            .map(|row| {
                (
                    row["wa_message_id"].as_str().unwrap(),
                    row["times"].as_u64().unwrap(),
                )
            })
            .collect();
        let shown = on_the_phone(stage, account).await;
        for id in self.ids(stage).await {
            let times: Vec<u64> = delivered
                .iter()
                .filter(|(known, _)| *known == id)
                .map(|(_, times)| *times)
                .collect();
            assert!(times == [1] || (repeats && times == [2]), "{id} {times:?}");
            assert_eq!(
                shown.iter().filter(|one| **one == id).count(),
                1,
                "{id} of {shown:?}"
            );
        }
        let heard = heard(stage, account).await;
        for id in &self.inbound {
            assert_eq!(
                heard.iter().filter(|one| *one == id).count(),
                1,
                "{id} of {heard:?}"
            );
        }
    }
}

fn is_sent(state: &str) -> bool {
    matches!(state, "sent" | "delivered" | "read")
}

async fn listed(stage: &Stage, direction: &str) -> Vec<Value> {
    let path = format!("/v1/messages?direction={direction}&limit=200");
    let (_, mut page) = call(&stage.zaptor, Method::GET, &path, None).await;
    page["data"].as_array_mut().map(std::mem::take).unwrap()
}

/// The ids of what the customer's phone shows of its chat with the account, as often as it shows them.
async fn on_the_phone(stage: &Stage, account: &Account) -> Vec<String> {
    let path = format!("phones/{CUSTOMER}/chats/{}/messages?limit=200", account.phone);
    let chat = stage.sandbox(Method::GET, &path, None).await;
    let rows = chat["data"].as_array().unwrap().iter();
    rows.map(|row| row["wa_message_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of all messages that the journal has told the account's reader of, as often as it told them.
async fn heard(stage: &Stage, account: &Account) -> Vec<String> {
    let events = journal::after(&stage.zaptor, 0).await;
    let ours = events
        .iter()
        .filter(|event| event.kind == "message.received" && event.account == account.id);
    ours.map(|event| event.data["wa_message_id"].as_str().unwrap().to_owned())
        .collect()
}
