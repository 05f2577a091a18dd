//! Parked accounts with a real Chromium on the sandbox: the memory is given back, what is written meanwhile comes in once
//! and in order, a message to send wakes, and a killed Zaptor changes nothing of it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use zaptor_actors::domain::Timestamp;

use super::journey::{
    CUSTOMER, SOON, assert_settled, brisk, call, linked_account, received, send, until_received, until_state,
    until_tally, write_from,
};
use super::session_browser::is_renderer;
use super::support::wait;
use super::support::zaptor::{Plan, Sandbox, Zaptor};

/// From a message that is accepted for a parked account until WhatsApp's server has it: promised are 4 s on a quiet
/// machine. The tests share theirs with others.
const WAKE_TO_SENT: Duration = Duration::from_secs(20);

/// Accounts that look for messages every few seconds, and do not stay awake for long; longer than the sandbox's page holds
/// back what came while it was away, which is a second from the moment at which it has synchronised.
fn restless() -> Plan {
    brisk()
        .setting("telemetry.log", "info,zaptor::access=warn")
        .setting("hibernation.wake_every_s", "6")
        .setting("hibernation.linger_s", "1")
        .setting("hibernation.visit_quiet_s", "2")
}

/// Accounts that are woken by messages and people alone, and then stay awake long enough to hear what became of them.
fn deep() -> Plan {
    restless()
        .setting("hibernation.wake_every_s", "0")
        .setting("hibernation.linger_s", "8")
}

async fn act(zaptor: &Zaptor, account: &str, verb: &str) -> Value {
    let path = format!("/v1/accounts/{account}/{verb}");
    let (status, answer) = call(zaptor, Method::POST, &path, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    answer
}

/// Every browser that runs on a profile of this Zaptor.
fn browsers(zaptor: &Zaptor) -> usize {
    let line = |pid: &rustix::process::Pid| {
        std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default()
    };
    let pids = zaptor.browser_processes();
    pids.iter()
        .filter(|pid| String::from_utf8_lossy(&line(pid)).contains("--user-data-dir"))
        .count()
}

/// How long after `since` the message was sent, by its timeline.
async fn sent_after(zaptor: &Zaptor, message: &str, since: Timestamp) -> Duration {
    let path = format!("/v1/messages/{message}");
    let at = wait::until("it is sent", WAKE_TO_SENT, || async {
        let (_, message) = call(zaptor, Method::GET, &path, None).await;
        let steps = message["timeline"].as_array().unwrap();
        let sent = steps.iter().find(|step| step["status"] == "sent");
        sent.map(|step| step["at"].as_str().unwrap().to_owned())
            .ok_or(message)
    })
    .await;
    at.parse::<Timestamp>().unwrap().since(since)
}

fn now() -> Timestamp {
    zaptor_actors::domain::Clock::system().now()
}

#[tokio::test]
async fn browser_a_parked_account_gives_its_memory_back_and_misses_nothing() {
    let zaptor = Zaptor::start_with(restless()).await;
    let account = linked_account(&zaptor).await;
    assert!(browsers(&zaptor) > 0);
    let parked = act(&zaptor, &account, "hibernate").await;
    assert_eq!(
        (&parked["state"], &parked["hibernation"]["why"]),
        (&"hibernated".into(), &"asked".into())
    );
    assert_eq!(browsers(&zaptor), 0, "its memory is given back");
    let mut written = Vec::new();
    for round in 0..3 {
        for n in 0..4 {
            // Some of them fall into the moment of a visit or a parking.
            written.push(write_from(&zaptor, CUSTOMER, &format!("{round}.{n}")).await);
        }
        until_received(&zaptor, &written).await;
        until_state(&zaptor, &account, "hibernated", SOON).await;
    }
    let path = format!("/v1/accounts/{account}/screenshot");
    let (status, refused) = call(&zaptor, Method::GET, &path, None).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::CONFLICT, &"wrong_state".into()),
        "{refused}"
    );
    act(&zaptor, &account, "wake").await;
    until_state(&zaptor, &account, "online", SOON).await;
    assert!(browsers(&zaptor) > 0);
    assert_eq!(received(&zaptor).await, written);
    assert!(zaptor.stop().await.success());
}

#[tokio::test]
async fn browser_a_message_wakes_a_parked_account_and_is_sent_once() {
    let zaptor = Zaptor::start_with(deep()).await;
    let account = linked_account(&zaptor).await;
    let mut sent = 0;
    for round in 0..3 {
        act(&zaptor, &account, "hibernate").await;
        until_state(&zaptor, &account, "hibernated", SOON).await;
        let since = now();
        let message = send(&zaptor, &account, CUSTOMER, "wake up").await;
        // Whoever else wakes it at that moment opens no second browser.
        act(&zaptor, &account, "wake").await;
        sent += 1;
        let took = sent_after(&zaptor, &message, since).await;
        println!("round {round}: {took:?} from accepted to sent, of a parked account");
        until_tally(&zaptor, "read", sent, SOON).await;
    }
    assert_settled(&zaptor, sent, sent).await;
    assert!(zaptor.stop().await.success());
}

/// How far a parking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The order is on its way.
    Ordered,
    /// The page's process is gone, its browser may still write the profile.
    PageGone,
    /// The browser is gone.
    BrowserGone,
    /// The account says that it sleeps.
    Asleep,
}

async fn until_moment(zaptor: &Zaptor, account: &str, moment: Moment) {
    let has_come = || match moment {
        Moment::Ordered | Moment::Asleep => true,
        Moment::PageGone => {
            let pids = zaptor.browser_processes();
            !pids
                .iter()
                .any(|pid| is_renderer(pid.as_raw_nonzero().get().unsigned_abs()))
        }
        Moment::BrowserGone => browsers(zaptor) == 0,
    };
    wait::until("the parking has come so far", SOON, || async {
        if has_come() { Ok(()) } else { Err(moment) }
    })
    .await;
    if moment == Moment::Asleep {
        until_state(zaptor, account, "hibernated", SOON).await;
    }
}

#[tokio::test]
async fn browser_messages_at_the_moment_of_parking_are_neither_lost_nor_doubled() {
    let zaptor = Zaptor::start_with(deep()).await;
    let account = linked_account(&zaptor).await;
    let (mut written, mut sent) = (Vec::new(), 0);
    let moments = [
        Moment::Ordered,
        Moment::PageGone,
        Moment::BrowserGone,
        Moment::Asleep,
    ];
    for moment in moments {
        act(&zaptor, &account, "wake").await;
        until_state(&zaptor, &account, "online", SOON).await;
        let parking = act(&zaptor, &account, "hibernate");
        let speaking = async {
            written.push(write_from(&zaptor, CUSTOMER, "before").await);
            until_moment(&zaptor, &account, moment).await;
            send(&zaptor, &account, CUSTOMER, "in between").await;
            written.push(write_from(&zaptor, CUSTOMER, "after").await);
        };
        tokio::join!(parking, speaking);
        sent += 1;
        until_tally(&zaptor, "read", sent, SOON).await;
        until_received(&zaptor, &written).await;
    }
    assert_settled(&zaptor, sent, sent).await;
    assert!(zaptor.stop().await.success());
}

#[tokio::test]
async fn browser_a_killed_zaptor_leaves_a_parked_account_asleep_and_wakes_it_later() {
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(deep().on(&sandbox)).await;
    let account = linked_account(&zaptor).await;
    act(&zaptor, &account, "hibernate").await;
    let before = until_state(&zaptor, &account, "hibernated", SOON).await;
    let written = vec![write_from(&zaptor, CUSTOMER, "while it sleeps").await];
    let zaptor = zaptor.kill_and_restart().await;
    let (_, after) = call(&zaptor, Method::GET, &format!("/v1/accounts/{account}"), None).await;
    assert_eq!(after, before, "nothing has changed");
    assert_eq!(browsers(&zaptor), 0);
    send(&zaptor, &account, CUSTOMER, "wake up").await;
    until_tally(&zaptor, "read", 1, SOON).await;
    until_received(&zaptor, &written).await;
    until_state(&zaptor, &account, "hibernated", SOON).await;
    assert_settled(&zaptor, 1, 1).await;
    assert!(zaptor.stop().await.success());
}
