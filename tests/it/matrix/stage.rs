//! What a cell stands on: the real program with its sandbox, one account that is struck and one beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use zaptor_actors::domain::{Clock, Timestamp};

use super::cell::Moment;
use super::faults::Fault;
use crate::journey::{CUSTOMER, OURS, SOON, brisk, call, create_account, link, until_state};
use crate::support::wait;
use crate::support::zaptor::Zaptor;

/// The number of the account beside.
const BESIDE: &str = "5511900000003";

/// How long the page of a cell synchronises that is struck while it does, in milliseconds.
const SYNC_MS: u64 = 8_000;

/// How long the server takes for an acknowledgement while messages are sent, in milliseconds: one is always on its way.
const ACK_MS: u64 = 150;

/// An account with its number.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) phone: &'static str,
    pub(super) profile: PathBuf,
}

/// A running program with two accounts on browsers of their own, each with a chromedriver of its own.
pub(super) struct Stage {
    pub(super) zaptor: Zaptor,
    pub(super) struck: Account,
    pub(super) beside: Account,
    pub(super) clock: Clock,
}

impl Stage {
    /// Starts everything, brings the account beside online and the other one to its moment.
    pub(super) async fn set(fault: Fault, moment: Moment) -> Stage {
        let mut plan = brisk()
            .setting("engine.accounts_per_driver", "1")
            .temp_folder_of_its_own();
        for (key, value) in fault.settings() {
            plan = plan.setting(key, value);
        }
        let zaptor = Zaptor::start_with(plan).await;
        let (struck, beside) = (
            Account::new(&zaptor, OURS).await,
            Account::new(&zaptor, BESIDE).await,
        );
        let stage = Stage {
            zaptor,
            struck,
            beside,
            clock: Clock::system(),
        };
        tokio::join!(
            link(&stage.zaptor, &stage.beside.id, BESIDE),
            stage.prepare(fault, moment)
        );
        stage.reach(moment).await;
        stage
    }

    /// What needs no particular moment: both accounts may do it at once.
    async fn prepare(&self, fault: Fault, moment: Moment) {
        let id = &self.struck.id;
        until_state(&self.zaptor, id, "pairing", SOON).await;
        if moment == Moment::Pairing || (moment == Moment::Syncing && !fault.needs_snapshot()) {
            return;
        }
        link(&self.zaptor, id, OURS).await;
        if fault.needs_snapshot() {
            self.act(id, "stop").await;
            let path = format!("/v1/accounts/{id}/profile/snapshots");
            wait::until("a snapshot", SOON, || async {
                let (_, page) = call(&self.zaptor, Method::GET, &path, None).await;
                let kept = page["data"].as_array().is_some_and(|all| !all.is_empty());
                if kept { Ok(()) } else { Err(page) }
            })
            .await;
            if moment != Moment::Syncing {
                self.act(id, "start").await;
                until_state(&self.zaptor, id, "online", SOON).await;
            }
        }
    }

    async fn reach(&self, moment: Moment) {
        match moment {
            Moment::Idle | Moment::Pairing => {}
            Moment::Sending => self.network(json!({ "ack_ms": ACK_MS })).await,
            Moment::Syncing => {
                self.network(json!({ "sync_ms": SYNC_MS })).await;
                let account = self.show(&self.struck).await;
                if account["state"] == "pairing" {
                    self.scan(&self.pairing_code().await).await;
                    until_state(&self.zaptor, &self.struck.id, "syncing", SOON).await;
                } else {
                    // A page that was linked before says nothing of its chats until they are there.
                    self.act(&self.struck.id, "start").await;
                    self.until_connected().await;
                }
            }
        }
    }

    /// Waits until the page of the struck account has found its server.
    async fn until_connected(&self) {
        wait::until("the page's connection", SOON, || async {
            let phone = self.sandbox(Method::GET, &format!("phones/{OURS}"), None).await;
            match phone["linked"][0]["connected"].as_bool() {
                Some(true) => Ok(()),
                _ => Err(phone),
            }
        })
        .await;
    }

    /// Now, by the clock of this machine: that of the journal's events, too.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The account as the API shows it.
    pub(super) async fn show(&self, account: &Account) -> Value {
        let path = format!("/v1/accounts/{}", account.id);
        call(&self.zaptor, Method::GET, &path, None).await.1
    }

    /// The code that the struck account shows, as soon as it shows one.
    pub(super) async fn pairing_code(&self) -> String {
        self.other_code("", SOON).await
    }

    /// A code other than `than`.
    pub(super) async fn other_code(&self, than: &str, within: Duration) -> String {
        let path = format!("/v1/accounts/{}/pairing", self.struck.id);
        wait::until("a pairing code", within, || async {
            let (status, pairing) = call(&self.zaptor, Method::GET, &path, None).await;
            match pairing["code"].as_str() {
                Some(code) if status == StatusCode::OK && code != than => Ok(code.to_owned()),
                _ => Err(pairing),
            }
        })
        .await
    }

    /// The struck account's phone scans this code.
    pub(super) async fn scan(&self, code: &str) {
        for number in [OURS, CUSTOMER] {
            let phone = json!({ "phone": number, "name": "Test" });
            self.sandbox(Method::POST, "phones", Some(phone)).await;
        }
        let path = format!("phones/{OURS}/scan");
        self.sandbox(Method::POST, &path, Some(json!({ "code": code })))
            .await;
    }

    /// Changes the simulated network.
    pub(super) async fn network(&self, change: Value) {
        self.sandbox(Method::PATCH, "network", Some(change)).await;
    }

    /// Has the simulated server do something wrong.
    pub(super) async fn order(&self, fault: Value) {
        self.sandbox(Method::POST, "faults", Some(fault)).await;
    }

    /// A call of the sandbox's control; it must succeed.
    pub(super) async fn sandbox(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.zaptor.sandbox(method, &format!("/_/api/{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let value = answer.json().await.unwrap_or(Value::Null);
        assert!(status.is_success(), "{path}: {status} {value}");
        value
    }

    async fn act(&self, account: &str, verb: &str) {
        let path = format!("/v1/accounts/{account}/{verb}");
        let (status, answer) = call(&self.zaptor, Method::POST, &path, None).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    }
}

impl Account {
    async fn new(zaptor: &Zaptor, phone: &'static str) -> Account {
        let id = create_account(zaptor, "browser").await;
        let profile = canonical(zaptor.data_dir()).join("profiles").join(&id);
        Account { id, phone, profile }
    }
}

fn canonical(folder: &Path) -> PathBuf {
    std::fs::canonicalize(folder).unwrap()
}
