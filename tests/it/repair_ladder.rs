//! The whole ladder of a repair with the real program and a real Chromium: a page that answers and says nothing, however it
//! is loaded, until a person does something about it. Also over a process that is killed on the way.

use std::fs;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::journey::{
    CUSTOMER, SOON, assert_settled, brisk, call, linked_account, send, until_state, until_tally,
};
use super::support::debugger::Debugger;
use super::support::wait;
use super::support::zaptor::{Plan, Sandbox, Zaptor};

/// In this language the page gets no wa-js, so that it never says where it stands.
const SPEECHLESS: &str = "eo";

/// The agent's files, of which wa-js stays out of pages in that language.
fn agent() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/agent/dist");
    fs::copy(built.join("agent.js"), folder.path().join("agent.js")).unwrap();
    let wa = fs::read_to_string(built.join("wa.js")).unwrap();
    let wa = format!("if (!navigator.language.startsWith('{SPEECHLESS}')) {{\n{wa}\n}}\n");
    fs::write(folder.path().join("wa.js"), wa).unwrap();
    folder
}

/// The silence is shorter than by default and long enough for the page that is well: it is held to it, too. A new browser
/// is given up over its silence, and over the stage's deadline only where even that does not come.
fn plan(agent: &Path) -> Plan {
    brisk()
        .setting("engine.agent_dir", agent.to_str().unwrap())
        .setting("repair.silence_s", "8")
        .setting("repair.reload_page_s", "6")
        .setting("repair.new_page_s", "6")
        .setting("repair.new_browser_s", "12")
        .setting("repair.restore_profile_s", "12")
        .setting("repair.attempts_max", "1")
}

async fn act(zaptor: &Zaptor, account: &str, verb: &str) {
    let path = format!("/v1/accounts/{account}/{verb}");
    let (status, answer) = call(zaptor, Method::POST, &path, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
}

async fn speak(zaptor: &Zaptor, account: &str, language: Option<&str>) {
    let path = format!("/v1/accounts/{account}");
    let change = json!({"settings": {"locale": language}});
    let (status, answer) = call(zaptor, Method::PATCH, &path, Some(change)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

/// What was told of repairs: each attempt with what became of it.
async fn told(zaptor: &Zaptor) -> Vec<String> {
    let path = "/v1/events?types=account.repair&limit=200";
    let (_, page) = call(zaptor, Method::GET, path, None).await;
    let word = |event: &Value, name: &str| event["data"][name].as_str().unwrap().to_owned();
    let events = page["data"].as_array().unwrap().iter();
    events
        .map(|event| format!("{} {}", word(event, "stage"), word(event, "outcome")))
        .collect()
}

async fn until_told(zaptor: &Zaptor, last: &str) -> Vec<String> {
    wait::until(last, SOON, || async {
        let told = told(zaptor).await;
        if told.last().is_some_and(|told| told == last) {
            Ok(told)
        } else {
            Err(told)
        }
    })
    .await
}

/// Links an account, and has its page say nothing from its next browser on.
async fn speechless(zaptor: &Zaptor) -> String {
    let account = linked_account(zaptor).await;
    send(zaptor, &account, CUSTOMER, "before").await;
    until_tally(zaptor, "read", 1, SOON).await;
    speak(zaptor, &account, Some(SPEECHLESS)).await;
    // Closed in order: there is a snapshot of its profile.
    act(zaptor, &account, "restart").await;
    account
}

/// A person puts right what was wrong: everything that was accepted meanwhile goes out, once.
async fn put_right(zaptor: &Zaptor, account: &str, sent: usize) {
    speak(zaptor, account, None).await;
    act(zaptor, account, "restart").await;
    until_state(zaptor, account, "online", SOON).await;
    until_tally(zaptor, "read", sent, SOON).await;
    assert_settled(zaptor, sent, sent).await;
}

fn stages(bundle: &Value) -> Vec<String> {
    let tried = bundle["stages"].as_array().unwrap().iter();
    tried
        .map(|tried| {
            format!(
                "{} {}",
                tried["stage"].as_str().unwrap(),
                tried["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn browser_a_page_that_says_nothing_goes_through_every_stage_until_a_person_helps() {
    let agent = agent();
    let zaptor = Zaptor::start_with(plan(agent.path())).await;
    let account = speechless(&zaptor).await;
    until_told(&zaptor, "reload_page begun").await;
    send(&zaptor, &account, CUSTOMER, "meanwhile").await;
    send(&zaptor, &account, CUSTOMER, "and another").await;
    let told = until_told(&zaptor, "ask_user begun").await;
    let expected = [
        "reload_page begun",
        "reload_page failed",
        "new_page begun",
        "new_page failed",
        "new_browser begun",
        "new_browser failed",
        "restore_profile begun",
        "restore_profile failed",
        "ask_user begun",
    ];
    assert_eq!(told, expected, "each once, in order");
    let shown = until_state(&zaptor, &account, "degraded", SOON).await;
    assert!(shown["action"].as_str().unwrap().contains("forensics"), "{shown}");
    assert_eq!(shown["repair"]["stage"], "ask_user");
    let kept = until_kept(&zaptor, &account, 1).await;
    assert_eq!(
        (&kept["trigger"], &kept["ended"]),
        (&json!("page_silent"), &json!("gave_up"))
    );
    assert_eq!(
        stages(&kept),
        [
            "reload_page failed",
            "new_page failed",
            "new_browser failed",
            "restore_profile failed",
            "ask_user begun"
        ]
    );
    assert_eq!(kept["has_screenshot"], true, "the page can be seen: {kept}");
    put_right(&zaptor, &account, 3).await;
    assert!(zaptor.stop().await.success());
}

#[tokio::test]
async fn browser_a_killed_zaptor_goes_on_with_a_repair_where_it_was() {
    let (agent, sandbox) = (agent(), Sandbox::start().await);
    let zaptor = Zaptor::start_with(plan(agent.path()).on(&sandbox)).await;
    let account = speechless(&zaptor).await;
    until_told(&zaptor, "new_page begun").await;
    let zaptor = zaptor.kill_and_restart().await;
    send(&zaptor, &account, CUSTOMER, "meanwhile").await;
    let told = until_told(&zaptor, "restore_profile begun").await;
    let expected = [
        "reload_page begun",
        "reload_page failed",
        "new_page begun",
        "new_page failed",
        "new_browser begun",
        "new_browser failed",
        "restore_profile begun",
    ];
    assert_eq!(told, expected, "nothing was free because the process was killed");
    until_told(&zaptor, "ask_user begun").await;
    let kept = until_kept(&zaptor, &account, 1).await;
    assert!(
        kept["stages"][1]["detail"]
            .as_str()
            .unwrap()
            .contains("Zaptor ended"),
        "{kept}"
    );
    put_right(&zaptor, &account, 2).await;
    assert!(zaptor.stop().await.success());
}

/// A second hand at the account's page.
async fn debugger(zaptor: &Zaptor, account: &str) -> Debugger {
    let data = fs::canonicalize(zaptor.data_dir()).unwrap();
    Debugger::at(&data.join("profiles").join(account)).await
}

#[tokio::test]
async fn browser_a_dialog_and_a_page_that_hangs_are_mended_and_their_bundles_say_what_was_seen() {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    let order = "setTimeout(() => alert('5511987654321 is busy'))";
    debugger(&zaptor, &account).await.run(order).await;
    let told = until_told(&zaptor, "dismiss_modal helped").await;
    assert_eq!(told, ["dismiss_modal begun", "dismiss_modal helped"]);
    let kept = until_kept(&zaptor, &account, 1).await;
    let console = kept["console"].as_array().unwrap();
    assert!(
        console.contains(&json!("dialog (alert): … is busy")),
        "{console:?}"
    );
    assert_eq!(kept["has_screenshot"], false);
    let why = kept["no_screenshot"].as_str().unwrap();
    assert!(why.contains("dialog"), "{why}");
    send(&zaptor, &account, CUSTOMER, "after the dialog").await;
    until_tally(&zaptor, "read", 1, SOON).await;

    let mut hand = debugger(&zaptor, &account).await;
    hand.run("for (;;) {}").await;
    send(&zaptor, &account, CUSTOMER, "while it hangs").await;
    until_told(&zaptor, "reload_page helped").await;
    let kept = until_kept(&zaptor, &account, 2).await;
    let why = kept["no_screenshot"].as_str().unwrap();
    assert!(
        why.contains("no answer") || why.contains("did not answer"),
        "{why}"
    );
    until_tally(&zaptor, "read", 2, SOON).await;
    assert_settled(&zaptor, 2, 2).await;
    assert!(zaptor.stop().await.success());
}

/// The newest bundle, once there are so many.
async fn until_kept(zaptor: &Zaptor, account: &str, count: usize) -> Value {
    let path = format!("/v1/accounts/{account}/forensics");
    wait::until("a bundle", SOON, || async {
        let (_, page) = call(zaptor, Method::GET, &path, None).await;
        let kept = page["data"].as_array().unwrap();
        if kept.len() == count {
            Ok(kept[0].clone())
        } else {
            Err(kept.len())
        }
    })
    .await
}
