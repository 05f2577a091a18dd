//! Scenarios through the real program: the same seed gives the same delivery log in every process, what is missed ends
//! with 1, what is written wrong is told with its key, and a sandbox that runs can be played on.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::support::zaptor::Sandbox;

async fn zaptor(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zaptor"))
        .args(arguments)
        // Whoever runs the tests may have a service of their own: a scenario must not wander off to it.
        .env("ZAPTOR_URL", "http://127.0.0.1:9")
        .output()
        .await
        .unwrap()
}

async fn log_of(scenario: &str, seed: &str, folder: &Path) -> Vec<u8> {
    let file = folder.join("log");
    let run = zaptor(&[
        "sandbox",
        "run",
        scenario,
        "--seed",
        seed,
        "--log",
        file.to_str().unwrap(),
    ])
    .await;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    std::fs::read(file).unwrap()
}

#[actix_rt::test]
async fn twenty_processes_write_the_same_log_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let first = log_of("flaky-network", "3", folder.path()).await;
    assert!(
        first.iter().filter(|byte| **byte == b'\n').count() > 300,
        "a log of some length"
    );
    for run in 2..=20 {
        let again = log_of("flaky-network", "3", folder.path()).await;
        assert!(again == first, "run {run} of 20 wrote another log");
    }
    assert!(
        log_of("flaky-network", "4", folder.path()).await != first,
        "another seed, another log"
    );
}

#[actix_rt::test]
async fn what_comes_with_the_program_comes_out_as_it_expects() {
    let list = zaptor(&["sandbox", "run", "--list", "--json"]).await;
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 5);
    for shipped in list {
        assert!(shipped["about"].as_str().unwrap().len() > 40, "{shipped}");
        let run = zaptor(&["sandbox", "run", shipped["name"].as_str().unwrap(), "--json"]).await;
        let report: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert!(run.status.success() && report["met"] == true, "{report}");
        assert!(report["expected"].as_array().unwrap().len() >= 5, "{report}");
        assert_eq!(report["refused"], Value::Array(Vec::new()), "{report}");
    }
}

const MISSED: &str = r#"
title = "Missed"
lasts = "1m"
[phones.ana]
phone = "5511900000001"
[phones.bob]
phone = "5511900000002"
[[steps]]
send = { from = "ana", to = "bob", text = "Hello" }
[[expect]]
deliveries = { from = "ana" }
is = 2
[[expect]]
deliveries = { from = "bob" }
is = 0
"#;

const WRONG: &str = r#"
title = "Wrong"
lasts = "soon"
[phones.ana]
phone = "5511900000001"
[[steps]]
send = { from = "anna", to = "ana", text = "Hello" }
[[steps]]
fault = { kind = "earthquake" }
[[expect]]
deliverys = { }
is = 1
"#;

#[actix_rt::test]
async fn a_missed_expectation_ends_with_1_and_a_mistake_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let missed = zaptor(&["sandbox", "run", &written("missed.toml", MISSED)]).await;
    assert_eq!(missed.status.code(), Some(1));
    let told = String::from_utf8_lossy(&missed.stdout).into_owned();
    assert!(told.contains("MISSED  messages from ana: 2, seen 1"), "{told}");
    assert!(told.contains("met     messages from bob: 0, seen 0"), "{told}");

    let wrong = zaptor(&["sandbox", "run", &written("wrong.toml", WRONG)]).await;
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    for line in [
        "wrong.toml is not in order",
        "lasts: must be a length of time such as",
        "steps[0].send.from: there is nobody called \"anna\": there are ana",
        "steps[1].fault.kind: must be one of: socket_drop",
        "expect[0]: must have exactly one of: deliveries",
        "expect[0].deliverys: there is no such key here",
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }

    let json = r#"{"title": "In JSON", "lasts": "1s", "phones": {"ana": {"phone": "5511900000001"}}}"#;
    let run = zaptor(&["sandbox", "run", &written("small.json", json)]).await;
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let none = zaptor(&["sandbox", "run", "no-such-scenario"]).await;
    assert_eq!(none.status.code(), Some(2));
    let unreachable = zaptor(&["sandbox", "run", "busy-shop", "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(unreachable.status.code(), Some(3));
}

const LIVE: &str = r#"
title = "On a sandbox that runs"
lasts = "2s"
[network]
deliver_ms = 5
read_ms = 5
[phones.shop]
phone = "5511900000001"
[phones.people]
phone = "5511900000010"
count = 3
[[steps]]
at = "100ms"
every = "50ms"
count = 6
send = { from = "people", to = "shop", text = "Number {n}" }
[[steps]]
at = "500ms"
phone = { who = "shop", goes = "offline" }
[[steps]]
at = "600ms"
send = { from = "people 1", to = "shop", text = "Still there?" }
[[expect]]
deliveries = { from = "people", to = "shop" }
is = 7
[[expect]]
acked = { to = "shop", ack = 3 }
at_least = 0.85
at_most = 0.86
[[expect]]
linked = { phone = "people" }
is = 0
"#;

#[actix_rt::test]
async fn a_scenario_plays_on_a_sandbox_that_runs() {
    let sandbox = Sandbox::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.toml");
    std::fs::write(&file, LIVE).unwrap();
    // Twice: what was there before does not count.
    for _ in 0..2 {
        let run = zaptor(&[
            "sandbox",
            "run",
            file.to_str().unwrap(),
            "--url",
            &sandbox.url,
            "--json",
        ])
        .await;
        let report: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert!(run.status.success(), "{report}");
        assert_eq!(report["deliveries"], 7, "{report}");
        sandbox_online(&sandbox).await;
    }
}

/// The scenario leaves its shop offline, and what waits for it must not be told in the next run.
async fn sandbox_online(sandbox: &Sandbox) {
    let url = format!("{}/_/api/phones/5511900000001/online", sandbox.url);
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(5))
        .build()
        .unwrap();
    assert!(client.post(url).send().await.unwrap().status().is_success());
}
