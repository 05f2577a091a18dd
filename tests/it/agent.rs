//! The agent in the pages of the real program: what it finds missing there, and how other files come into the page of a
//! browser that runs on.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::journal;
use super::journey::{
    CUSTOMER, SOON, brisk, call, create_account, deliveries, link, linked_account, send, until_received,
    until_state, until_tally, write_from,
};
use super::support::debugger::Debugger;
use super::support::wait;
use super::support::zaptor::{Sandbox, Zaptor};

/// The module of the sandbox's page without which nothing can be sent.
const SENDING: &str = "WAWebSendMsgChatAction";

/// A folder with the agent's files as they were built.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["wa.js", "agent.js"] {
        let built = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("actors/agent/dist")
            .join(name);
        fs::copy(built, folder.path().join(name)).unwrap();
    }
    folder
}

/// Puts another agent.js into the folder, as a person would: beside it, then in its place.
fn put(folder: &Path, change: impl FnOnce(String) -> String) {
    let file = folder.join("agent.js");
    let fresh: PathBuf = folder.join("agent.js.new");
    fs::write(&fresh, change(fs::read_to_string(&file).unwrap())).unwrap();
    fs::rename(fresh, file).unwrap();
}

fn as_version(version: &'static str) -> impl FnOnce(String) -> String {
    move |text| {
        let (_, rest) = text.split_once(" protocol ").unwrap();
        format!("/*! zaptor-agent {version} protocol {rest}")
    }
}

struct Admin<'a> {
    zaptor: &'a Zaptor,
    token: String,
}

impl<'a> Admin<'a> {
    async fn of(zaptor: &'a Zaptor) -> Self {
        let admin = zaptor.ready.admin.as_ref().unwrap();
        let login = json!({ "email": admin.email, "password": admin.password });
        let login = zaptor.anonymous(Method::POST, "/v1/auth/login").json(&login);
        let token: Value = login.send().await.unwrap().json().await.unwrap();
        Self {
            zaptor,
            token: token["access_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn ask(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let request = self
            .zaptor
            .anonymous(method.clone(), path)
            .bearer_auth(&self.token);
        let request = if method == Method::POST {
            request.json(&json!({}))
        } else {
            request
        };
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Reloads, and gives how it ended.
    async fn reload(&self) -> Value {
        let (status, answer) = self.ask(Method::POST, "/v1/system/agent/reload").await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        wait::until("the end of the reload", SOON, || async {
            let (_, status) = self.ask(Method::GET, "/v1/system/agent").await;
            if status["reload"]["ended_at"].is_null() {
                Err(status)
            } else {
                Ok(status["reload"].clone())
            }
        })
        .await
    }
}

async fn account_of(zaptor: &Zaptor, account: &str) -> Value {
    call(zaptor, Method::GET, &format!("/v1/accounts/{account}"), None)
        .await
        .1
}

async fn events(zaptor: &Zaptor, kind: &str) -> Vec<Value> {
    let path = format!("/v1/events?types={kind}&limit=200");
    let (_, page) = call(zaptor, Method::GET, &path, None).await;
    let all = page["data"].as_array().unwrap();
    all.iter().map(|event| event["data"].clone()).collect()
}

#[tokio::test]
async fn browser_a_new_version_that_lacks_a_function_is_degraded_until_it_is_mended_in_place() {
    let folder = folder();
    let agent_dir = folder.path().display().to_string();
    let zaptor = Zaptor::start_with(brisk().setting("engine.agent_dir", agent_dir)).await;
    let account = linked_account(&zaptor).await;
    let whole = account_of(&zaptor, &account).await;
    assert_eq!(whole["agent"]["missing"], json!([]), "{whole}");
    assert!(whole["agent"]["wa_js"].is_string() && whole["agent"]["whatsapp_web"].is_string());
    let fault = json!({ "kind": "module_missing", "module": SENDING, "for_ms": 600_000 });
    let planned = zaptor.sandbox(Method::POST, "/_/api/faults").json(&fault);
    assert!(planned.send().await.unwrap().status().is_success());
    // As WhatsApp Web does for a new version of itself: nobody has asked for it.
    let profiles = fs::canonicalize(zaptor.data_dir()).unwrap().join("profiles");
    let mut page = Debugger::at(&profiles.join(&account)).await;
    page.run("location.reload()").await;
    let lacking = until_state(&zaptor, &account, "degraded", SOON).await;
    let name = "whatsapp.functions.addAndSendMsgToChat";
    assert_eq!(lacking["evidence"]["missing"], json!([name]), "{lacking}");
    assert_eq!(
        lacking["agent"]["missing"],
        json!([{ "name": name, "needed_for": ["send"] }])
    );
    let (code, shown) = zaptor.command(&["account", "show", &account], "").await;
    for said in ["degraded", name, "zaptor agent reload"] {
        assert!(code == 0 && shown.contains(said), "{said} is not in {shown}");
    }
    let waiting = send(&zaptor, &account, CUSTOMER, "waits").await;
    // What comes in is told all the same, and nothing was tried meanwhile.
    write_from(&zaptor, CUSTOMER, "hello").await;
    wait::until("what came in", SOON, || async {
        let told = events(&zaptor, "message.received").await;
        if told.len() == 1 { Ok(()) } else { Err(told) }
    })
    .await;
    let (_, message) = call(&zaptor, Method::GET, &format!("/v1/messages/{waiting}"), None).await;
    assert_eq!(message["status"], "queued", "{message}");
    let cleared = zaptor
        .sandbox(Method::DELETE, "/_/api/faults")
        .send()
        .await
        .unwrap();
    assert!(cleared.status().is_success());
    let browsers = zaptor.browser_processes();
    put(folder.path(), as_version("0.2.1-mended"));
    let (code, printed) = zaptor.command(&["agent", "status"], "").await;
    assert_ne!(code, 0, "a tenant's key is no administrator's: {printed}");
    let reload = Admin::of(&zaptor).await.reload().await;
    assert_eq!(
        (&reload["state"], &reload["canary"]),
        (&json!("done"), &json!(account)),
        "{reload}"
    );
    let mended = until_state(&zaptor, &account, "online", SOON).await;
    assert_eq!(mended["agent"]["build"], reload["files"]["build"], "{mended}");
    assert_eq!(reload["files"]["version"], "0.2.1-mended");
    until_tally(&zaptor, "read", 1, SOON).await;
    assert_eq!(browsers[0], zaptor.browser_processes()[0], "the browser ran on");
    let drifts = events(&zaptor, "account.drift").await;
    assert_eq!(
        (drifts.len(), &drifts[1]["missing"]),
        (2, &json!([])),
        "{drifts:?}"
    );
    assert_eq!(
        events(&zaptor, "account.agent_reloaded").await[0]["outcome"],
        "kept"
    );
}

#[tokio::test]
async fn browser_files_that_do_not_serve_are_put_back_and_never_taken_again() {
    let folder = folder();
    let agent_dir = folder.path().display().to_string();
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(brisk().on(&sandbox).setting("engine.agent_dir", agent_dir)).await;
    let account = linked_account(&zaptor).await;
    let good = account_of(&zaptor, &account).await["agent"]["build"].clone();
    let admin = Admin::of(&zaptor).await;
    let browsers = zaptor.browser_processes();
    let original = fs::read_to_string(folder.path().join("agent.js")).unwrap();

    put(folder.path(), |text| text[..text.len() / 2].to_owned());
    let (status, refused) = admin.ask(Method::POST, "/v1/system/agent/reload").await;
    assert_eq!(
        (status.as_u16(), &refused["code"]),
        (422, &json!("agent_files")),
        "{refused}"
    );

    let broken = original.replace("/*! zaptor-agent end */", "if (\n/*! zaptor-agent end */");
    put(folder.path(), move |_| broken);
    let reload = admin.reload().await;
    assert_eq!(reload["state"], "put_back", "{reload}");
    assert_eq!(
        account_of(&zaptor, &account).await["agent"]["build"],
        good,
        "it was not even loaded"
    );

    let lacking = original.replace("whatsapp.functions.getStatus", "whatsapp.functions.getStatusAnew");
    put(folder.path(), move |_| lacking);
    let reload = admin.reload().await;
    assert_eq!(reload["state"], "put_back", "{reload}");
    assert!(
        reload["why"].as_str().unwrap().contains("getStatusAnew"),
        "{reload}"
    );
    let account_now = until_state(&zaptor, &account, "online", SOON).await;
    assert_eq!(account_now["agent"]["build"], good);
    let (status, again) = admin.ask(Method::POST, "/v1/system/agent/reload").await;
    assert_eq!(status.as_u16(), 422, "{again}");
    assert!(
        again["detail"].as_str().unwrap().contains("tried and failed"),
        "{again}"
    );
    assert_eq!(
        browsers[0],
        zaptor.browser_processes()[0],
        "the browser ran on through all of it"
    );
    send(&zaptor, &account, CUSTOMER, "all is well").await;
    until_tally(&zaptor, "read", 1, SOON).await;
    let outcomes = events(&zaptor, "account.agent_reloaded").await;
    assert!(
        outcomes.len() == 2 && outcomes.iter().all(|data| data["outcome"] == "put_back"),
        "{outcomes:?}"
    );

    // Nor does the next process take them, and one without a folder does not need it.
    let zaptor = zaptor.stop_and_restart().await;
    let account_now = until_state(&zaptor, &account, "online", SOON).await;
    assert_eq!(account_now["agent"]["build"], good);
    drop(folder);
    let zaptor = zaptor.stop_and_restart().await;
    let account_now = until_state(&zaptor, &account, "online", SOON).await;
    assert_eq!(account_now["agent"]["build"], good);
}

#[tokio::test]
async fn browser_broken_files_degrade_the_first_account_alone_and_mended_ones_lose_no_message() {
    const BROKEN: &str = "whatsapp.functions.getStatusAnew";
    let folder = folder();
    let agent_dir = folder.path().display().to_string();
    let zaptor = Zaptor::start_with(brisk().setting("engine.agent_dir", agent_dir)).await;
    let ours = linked_account(&zaptor).await;
    let second = create_account(&zaptor, "browser").await;
    link(&zaptor, &second, "5511900000003").await;
    let admin = Admin::of(&zaptor).await;
    let original = fs::read_to_string(folder.path().join("agent.js")).unwrap();
    let good = account_of(&zaptor, &ours).await["agent"]["build"].clone();

    let since = journal::last(&zaptor).await;
    let broken = original.replace("whatsapp.functions.getStatus", BROKEN);
    put(folder.path(), move |_| broken);
    let reload = admin.reload().await;
    assert_eq!(reload["state"], "put_back", "{reload}");
    let canary = reload["canary"].as_str().unwrap().to_owned();
    let other = if canary == ours { &second } else { &ours };
    until_state(&zaptor, &canary, "online", SOON).await;
    let told = journal::after(&zaptor, since).await;
    assert!(told.iter().all(|event| event.account != *other), "{told:?}");
    let degraded = told
        .iter()
        .find(|event| event.says(&canary) == Some("degraded"))
        .unwrap();
    assert_eq!(
        degraded.data["evidence"]["missing"],
        json!([BROKEN]),
        "{degraded:?}"
    );
    let (code, printed) = zaptor.command_as(&admin.token, &["agent", "status"], "").await;
    for said in [&canary, BROKEN, "zaptor agent reload"] {
        assert!(code == 0 && printed.contains(said), "{said} is not in {printed}");
    }

    // Mended, they go to both, while messages come and go.
    let mended = as_version("0.2.1-mended")(original);
    put(folder.path(), move |_| mended);
    let traffic = async {
        let mut written = Vec::new();
        for n in 0..30 {
            written.push(write_from(&zaptor, CUSTOMER, &format!("in {n}")).await);
            send(&zaptor, [&ours, &second][n % 2], CUSTOMER, &format!("out {n}")).await;
        }
        written
    };
    let (reload, written) = tokio::join!(admin.reload(), traffic);
    assert_eq!(reload["state"], "done", "{reload}");
    assert_eq!(reload["reloaded"].as_array().unwrap().len(), 2, "{reload}");
    until_tally(&zaptor, "read", 30, SOON).await;
    assert!(deliveries(&zaptor).await.values().all(|times| *times == 1));
    until_received(&zaptor, &written).await;
    for account in [&ours, &second] {
        let build = account_of(&zaptor, account).await["agent"]["build"].clone();
        assert!(build == reload["files"]["build"] && build != good, "{build}");
    }
}

#[tokio::test]
async fn browser_what_came_in_before_a_kill_and_after_it_is_told_once_and_in_order() {
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(brisk().on(&sandbox)).await;
    let account = linked_account(&zaptor).await;
    // An orderly end puts the link on the disk.
    let zaptor = zaptor.stop_and_restart().await;
    until_state(&zaptor, &account, "online", SOON).await;
    let mut written = Vec::new();
    for n in 0..5 {
        written.push(write_from(&zaptor, CUSTOMER, &format!("before {n}")).await);
    }
    let zaptor = zaptor.kill_and_restart().await;
    for n in 0..5 {
        written.push(write_from(&zaptor, CUSTOMER, &format!("after {n}")).await);
    }
    let ids = |told: &[Value]| -> Vec<String> {
        told.iter()
            .map(|data| data["wa_message_id"].as_str().unwrap().to_owned())
            .collect()
    };
    wait::until("all of them", SOON, || async {
        let told = events(&zaptor, "message.received").await;
        if told.len() == written.len() {
            Ok(())
        } else {
            Err(told)
        }
    })
    .await;
    until_state(&zaptor, &account, "online", SOON).await;
    let told = events(&zaptor, "message.received").await;
    let (mut told, mut expected) = (ids(&told), written.clone());
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "each once");
}
