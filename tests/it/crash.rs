//! What survives SIGKILL: of the browser, of its driver, of Zaptor itself, of the database, each in the middle of 50
//! sends.

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::journey::{
    CUSTOMER, SOON, assert_settled, brisk, call, deliveries, linked_account, send, until_state, until_tally,
};
use super::session_browser::parent;
use super::support::servers::Postgres;
use super::support::wait;
use super::support::zaptor::{Sandbox, Zaptor};

const SENDS: usize = 50;

async fn accept_many(zaptor: &Zaptor, account: &str) {
    for i in 0..SENDS {
        send(zaptor, account, CUSTOMER, &format!("text {i}")).await;
    }
}

async fn until_some_are_out(zaptor: &Zaptor) {
    wait::until("the middle of the sends", SOON, || async {
        let count = deliveries(zaptor).await.len();
        if count >= 10 { Ok(()) } else { Err(count) }
    })
    .await;
}

/// The browsers of this Zaptor: they name its data directory.
fn browsers(zaptor: &Zaptor) -> Vec<Pid> {
    zaptor.browser_processes()
}

/// The drivers of this Zaptor: chromedrivers whose guard is a child of it.
fn drivers(zaptor: &Zaptor) -> Vec<Pid> {
    let own = zaptor.pid().as_raw_nonzero().get().cast_unsigned();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.trim() == "chromedriver" && parent(parent(*pid)) == own
    })
    .filter_map(|pid| Pid::from_raw(pid.cast_signed()))
    .collect()
}

async fn survives_the_death_of(find: impl Fn(&Zaptor) -> Vec<Pid>) {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    accept_many(&zaptor, &account).await;
    until_some_are_out(&zaptor).await;
    let victims = find(&zaptor);
    assert!(!victims.is_empty(), "nothing to kill");
    for victim in victims {
        let _ = kill_process(victim, Signal::KILL);
    }
    wait::until("the death is seen", SOON, || async {
        let path = format!("/v1/accounts/{account}");
        let (_, shown) = call(&zaptor, Method::GET, &path, None).await;
        if shown["restarts"].as_i64() > Some(0) || shown["state"] != "online" {
            Ok(())
        } else {
            Err(shown)
        }
    })
    .await;
    until_state(&zaptor, &account, "online", SOON).await;
    until_tally(&zaptor, "read", SENDS, SOON).await;
    assert_settled(&zaptor, SENDS, SENDS).await;
}

#[tokio::test]
async fn browser_killed_in_the_middle_of_sends() {
    survives_the_death_of(browsers).await;
}

#[tokio::test]
async fn browser_driver_killed_in_the_middle_of_sends() {
    survives_the_death_of(drivers).await;
}

#[tokio::test]
async fn browser_zaptor_killed_in_the_middle_of_sends() {
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(brisk().on(&sandbox)).await;
    let account = linked_account(&zaptor).await;
    accept_many(&zaptor, &account).await;
    until_some_are_out(&zaptor).await;
    let zaptor = zaptor.kill_and_restart().await;
    until_state(&zaptor, &account, "online", SOON).await;
    let before = deliveries(&zaptor).await.len();
    wait::until("held sends resume", SOON, || async {
        let count = deliveries(&zaptor).await.len();
        if count > before || count == SENDS {
            Ok(())
        } else {
            Err(count)
        }
    })
    .await;
    until_tally(&zaptor, "read", SENDS, SOON).await;
    assert_settled(&zaptor, SENDS, SENDS).await;
    let status = zaptor.stop().await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn browser_database_killed_in_the_middle_of_sends() {
    let database = spawn_blocking(Postgres::start).await.unwrap();
    let zaptor = Zaptor::start_with(brisk().setting("store.url", database.url())).await;
    let account = linked_account(&zaptor).await;
    accept_many(&zaptor, &account).await;
    until_some_are_out(&zaptor).await;
    let mut database = spawn_blocking(move || {
        let mut database = database;
        database.crash();
        database
    })
    .await
    .unwrap();
    // Nobody says yes to what cannot be kept.
    let body =
        json!({ "account": account, "to": CUSTOMER, "type": "text", "text": { "body": "while it is away" } });
    let (status, refused) = call(&zaptor, Method::POST, "/v1/messages", Some(body)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    assert_eq!(refused["retryable"], true, "{refused}");
    let _database = spawn_blocking(move || {
        database.revive();
        database
    })
    .await
    .unwrap();
    until_tally(&zaptor, "read", SENDS, SOON).await;
    assert_settled(&zaptor, SENDS, SENDS).await;
}
