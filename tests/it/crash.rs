//! What survives SIGKILL: of the browser, of its driver, of Zaptor itself, each in the middle of 50 sends.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::journey::{
    CUSTOMER, SOON, assert_settled, brisk, deliveries, linked_account, send, until_state, until_tally,
};
use super::support::wait;
use super::support::zaptor::{Sandbox, Zaptor};

const SENDS: usize = 50;
/// From a death to `online` again; the contract of the battery.
const BACK_WITHIN: Duration = Duration::from_secs(15);

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

/// The processes of this Zaptor whose command line has `word` in it.
fn processes(zaptor: &Zaptor, word: &str) -> Vec<Pid> {
    let mut pids = zaptor.browser_processes();
    pids.retain(|pid| {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    });
    pids
}

async fn survives_the_death_of(word: &str) {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    accept_many(&zaptor, &account).await;
    until_some_are_out(&zaptor).await;
    let victims = processes(&zaptor, word);
    assert!(!victims.is_empty(), "no process has `{word}` on its command line");
    for victim in victims {
        let _ = kill_process(victim, Signal::KILL);
    }
    wait::until("the death is seen", Duration::from_secs(10), || async {
        let path = format!("/v1/accounts/{account}");
        let (_, shown) = super::journey::call(&zaptor, reqwest::Method::GET, &path, None).await;
        if shown["restarts"].as_i64() > Some(0) || shown["state"] != "online" {
            Ok(())
        } else {
            Err(shown)
        }
    })
    .await;
    until_state(&zaptor, &account, "online", BACK_WITHIN).await;
    until_tally(&zaptor, "read", SENDS, SOON).await;
    assert_settled(&zaptor, SENDS, SENDS).await;
}

#[tokio::test]
async fn browser_killed_in_the_middle_of_sends() {
    survives_the_death_of("--user-data-dir").await;
}

#[tokio::test]
async fn browser_driver_killed_in_the_middle_of_sends() {
    survives_the_death_of("chromedriver").await;
}

#[tokio::test]
async fn browser_zaptor_killed_in_the_middle_of_sends() {
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(brisk().on(&sandbox)).await;
    let account = linked_account(&zaptor).await;
    accept_many(&zaptor, &account).await;
    until_some_are_out(&zaptor).await;
    let zaptor = zaptor.kill_and_restart().await;
    until_state(&zaptor, &account, "online", BACK_WITHIN).await;
    let before = deliveries(&zaptor).await.len();
    wait::until("held sends resume", Duration::from_secs(2), || async {
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
