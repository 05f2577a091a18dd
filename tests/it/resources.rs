//! What accounts cost the machine, with a real Chromium: measured, shown by `/metrics` and the health route, and held within
//! the soft limit without anything that is sent noticing. The hard limit is a row of the fault matrix.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::journal;
use super::journey::{
    CUSTOMER, SOON, assert_settled, brisk, call, linked_account, send, until_state, until_tally,
};
use super::support::debugger::Debugger;
use super::support::processes::browser_on;
use super::support::wait;
use super::support::zaptor::Zaptor;

/// Takes 480 MiB and keeps them, and fails three times.
const SPOIL: &str = "globalThis.hoard = Array.from({ length: 30 }, () => new Uint8Array(2 ** 24).fill(1));
    for (let n = 0; n < 3; n += 1) setTimeout(() => { throw new Error('on purpose'); });";

/// Above what a browser takes on the sandbox, and below that and the hoard.
const SOFT_MIB: u64 = 500;

/// How long the server takes for an acknowledgement, in milliseconds: many looks at the browser, on a machine that is short of
/// memory, too; less than the 30 s after which a browser is killed over a send.
const ACK_MS: u64 = 20_000;

/// The metrics of an account's browser.
const METRICS: [&str; 4] = [
    "zaptor_browser_memory_bytes",
    "zaptor_browser_processes",
    "zaptor_browser_cpu_seconds_total",
    "zaptor_page_errors_total",
];

async fn health(zaptor: &Zaptor, account: &str) -> Value {
    let path = format!("/v1/accounts/{account}/health");
    call(zaptor, Method::GET, &path, None).await.1
}

/// The values of all series of the browsers' metrics, in the order above.
async fn metrics(zaptor: &Zaptor, account: &str) -> Vec<f64> {
    let answer = zaptor.anonymous(Method::GET, "/metrics").send().await.unwrap();
    let text = answer.text().await.unwrap();
    let series = |name: &&str| {
        let of_account = format!("{name}{{account=\"{account}\"}} ");
        let of_metric = text.lines().filter(|line| line.starts_with(*name));
        let found: Vec<f64> = of_metric
            .map(|line| {
                line.strip_prefix(&of_account)
                    .expect("one series for each account")
                    .parse()
                    .unwrap()
            })
            .collect();
        assert_eq!(found.len(), 1, "{name} in {text}");
        found[0]
    };
    METRICS.iter().map(series).collect()
}

/// Waits until the browser was measured above the soft limit, `looks` times.
async fn until_above(zaptor: &Zaptor, account: &str, looks: usize) -> Value {
    let mut seen = Vec::new();
    loop {
        let last = seen.last().cloned().unwrap_or(Value::Null);
        let health = wait::until("a look at a large browser", SOON, || async {
            let health = health(zaptor, account).await;
            let measured = &health["resources"];
            let above = measured["pss_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > SOFT_MIB << 20);
            if above && measured["measured_at"] != last {
                Ok(health)
            } else {
                Err(health)
            }
        })
        .await;
        seen.push(health["resources"]["measured_at"].clone());
        if seen.len() == looks {
            return health;
        }
    }
}

/// The health route and the metrics say what a large browser takes.
fn assert_shown(health: &Value, metrics: &[f64]) {
    assert_eq!(health["limits"]["soft_bytes"], SOFT_MIB << 20, "{health}");
    let resources = &health["resources"];
    // The browser itself and its page's renderer.
    assert!(resources["processes"].as_u64() >= Some(2), "{resources}");
    assert!(resources["cpu_seconds"].as_f64() > Some(0.0), "{resources}");
    let [memory, processes, seconds, errors] = metrics else {
        panic!("{metrics:?}")
    };
    assert!(*memory > (SOFT_MIB << 20) as f64, "{metrics:?}");
    assert!(
        *processes >= 2.0 && *seconds > 0.0 && *errors >= 3.0,
        "{metrics:?}"
    );
}

/// A Zaptor that looks at its browsers every second, on a server that takes its time for acknowledgements.
async fn slow_and_watchful() -> Zaptor {
    let plan = brisk()
        .setting("resources.soft_mib", SOFT_MIB.to_string())
        .setting("resources.measure_interval_s", "1")
        .setting("resources.measure_memory_s", "1");
    let zaptor = Zaptor::start_with(plan).await;
    let slow = json!({ "ack_ms": ACK_MS });
    let request = zaptor.sandbox(Method::PATCH, "/_/api/network").json(&slow);
    assert!(request.send().await.unwrap().status().is_success());
    zaptor
}

#[tokio::test]
async fn browser_an_account_above_the_soft_limit_is_made_anew_once_nothing_is_in_flight() {
    let zaptor = slow_and_watchful().await;
    let account = linked_account(&zaptor).await;
    let profile = std::fs::canonicalize(zaptor.data_dir())
        .unwrap()
        .join("profiles")
        .join(&account);
    let browser = |profile: &Path| browser_on(profile)[0];
    let (before, since) = (browser(&profile), journal::last(&zaptor).await);
    let message = send(&zaptor, &account, CUSTOMER, "slowly").await;
    let path = format!("/v1/messages/{message}");
    let status = async || call(&zaptor, Method::GET, &path, None).await.1["status"].clone();
    wait::until("the send", SOON, || async {
        let status = status().await;
        if status == "sending" { Ok(()) } else { Err(status) }
    })
    .await;
    Debugger::at(&profile).await.run(SPOIL).await;

    let large = until_above(&zaptor, &account, 2).await;
    assert_shown(&large, &metrics(&zaptor, &account).await);
    assert_eq!(status().await, "sending", "looked at twice, and left alone");
    assert_eq!(browser(&profile), before);
    let told = journal::until(&zaptor, "the restart", (since, SOON), |event| {
        event.says(&account) == Some("restarting")
    })
    .await;
    assert!(
        told.reason().contains("more than the soft limit of 500 MiB"),
        "{told:?}"
    );
    assert_eq!(told.data["evidence"]["asked"], "memory_over_soft_limit");
    assert_ne!(status().await, "sending", "not before it was sent");
    until_state(&zaptor, &account, "online", SOON).await;
    assert_ne!(browser(&profile), before);
    until_tally(&zaptor, "read", 1, SOON).await;
    let events = journal::after(&zaptor, since).await;
    let restarts = events
        .iter()
        .filter(|event| event.says(&account) == Some("restarting"));
    assert_eq!(restarts.count(), 1);
    wait::until("a look at the small one", SOON, || async {
        let measured = health(&zaptor, &account).await["resources"].clone();
        let small = measured["pss_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes < SOFT_MIB << 20);
        // What its pages did before is not forgotten.
        if small && measured["page_errors"].as_u64() >= Some(3) {
            Ok(())
        } else {
            Err(measured)
        }
    })
    .await;
    assert_settled(&zaptor, 1, 1).await;
}
