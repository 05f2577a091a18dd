//! chromedrivers that end: before they are of use, and under their accounts.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use zaptor::config;
use zaptor_actors::session::browser::ChannelKind;

use super::{
    journey::{OURS, SOON, brisk, call, create_account, link, until_state},
    session_browser::{Stage, kill, parent, run},
    support::{wait, zaptor::Zaptor},
};

/// The number of a second account.
const ALSO_OURS: &str = "5511900000003";

/// The rows of the tree.
async fn tree(zaptor: &Zaptor) -> Vec<Value> {
    let (status, page) = call(zaptor, Method::GET, "/v1/system/actors", None).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["data"].as_array().unwrap().clone()
}

/// The row of an actor, or of an account.
async fn row(zaptor: &Zaptor, who: &str) -> Value {
    let tree = tree(zaptor).await;
    let found = tree
        .iter()
        .find(|row| row["account"] == who || (row["account"].is_null() && row["name"] == who));
    found.cloned().unwrap_or_default()
}

async fn until_row(zaptor: &Zaptor, who: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait::until(who, SOON, || async {
        let row = row(zaptor, who).await;
        if is(&row) { Ok(row) } else { Err(row) }
    })
    .await
}

/// The chromedriver that has started the account's browser.
fn driver_of(zaptor: &Zaptor, account: &str) -> u32 {
    let leads = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("--user-data-dir=") && line.contains(account) && !line.contains("--type=")
    };
    let pids = zaptor.browser_processes();
    let mut pids = pids.iter().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    parent(pids.find(leads).expect("it has a browser"))
}

/// A program that stands in for chromedriver: this script, with the real one as `$DRIVER` and a folder of its own as
/// `$HERE`.
pub(crate) fn driver(folder: &Path, script: &str) -> std::path::PathBuf {
    let real = config::load(None, [], &config::Flags::default()).unwrap().config;
    let real = config::chromedriver(&real.engine).expect("chromedriver is installed");
    let path = folder.join("driver.sh");
    let text = format!(
        "#!/bin/sh\nHERE={}\nDRIVER={}\n{script}\n",
        folder.display(),
        real.display()
    );
    // In one step: a program that is being written cannot be started.
    let fresh = folder.join("driver.new");
    fs::write(&fresh, text).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&fresh, &path).unwrap();
    path
}

#[test]
fn a_chromedriver_whose_port_is_taken_is_started_anew_before_anybody_hears_of_chromium() {
    run(async {
        let own = tempfile::tempdir().unwrap();
        let script = "echo start >> $HERE/starts\n\
            [ $(wc -l < $HERE/starts) -lt 3 ] && { echo 'IPv4 port not available. Exiting...'; exit 1; }\n\
            exec $DRIVER \"$@\"";
        let chromedriver = driver(own.path(), script);
        let stage = Stage::set_with(ChannelKind::Cdp, |settings| {
            settings.chromedriver_path = chromedriver;
        })
        .await;
        let (session, _events) = stage.open(1).await;
        session.close().await;
        assert_eq!(
            fs::read_to_string(own.path().join("starts"))
                .unwrap()
                .lines()
                .count(),
            3
        );
        stage.strike().await;
    });
}

#[tokio::test]
async fn browser_a_killed_chromedriver_is_one_restart_of_its_group_and_none_of_its_accounts() {
    let plan = brisk()
        .setting("engine.accounts_per_driver", "2")
        .setting("resources.measure_interval_s", "1");
    let zaptor = Zaptor::start_with(plan).await;
    let (first, second) = (
        create_account(&zaptor, "browser").await,
        create_account(&zaptor, "browser").await,
    );
    for (account, phone) in [(&first, OURS), (&second, ALSO_OURS)] {
        link(&zaptor, account, phone).await;
    }
    let beside = create_account(&zaptor, "browser").await;
    until_state(&zaptor, &beside, "pairing", SOON).await;
    for (account, driver) in [(&first, "driver-1"), (&second, "driver-1"), (&beside, "driver-2")] {
        assert_eq!(row(&zaptor, account).await["parent"], driver);
    }
    let measured = until_row(&zaptor, "driver-1", |row| {
        row["pss_bytes"].as_u64() > Some(1 << 20)
    })
    .await;
    assert_eq!(
        (
            &measured["parent"],
            &measured["strategy"],
            &measured["generation"]
        ),
        (&"browsers".into(), &"rest_for_one".into(), &1.into())
    );

    let driver = driver_of(&zaptor, &first);
    assert_eq!(driver, driver_of(&zaptor, &second), "two accounts share a driver");
    kill(driver);
    for account in [&first, &second] {
        until_row(&zaptor, account, |row| row["generation"] == 2).await;
        let shown = until_state(&zaptor, account, "online", SOON).await;
        assert_eq!(shown["restarts"], 0, "{shown}");
        let row = row(&zaptor, account).await;
        assert_eq!(
            (&row["restarts"], &row["parent"]),
            (&0.into(), &"driver-1".into()),
            "{row}"
        );
        let exit = row["last_exit"]["reason"].as_str().unwrap();
        assert!(exit.starts_with("chromedriver ended"), "{exit}");
    }
    let group = row(&zaptor, "driver-1").await;
    assert_eq!(
        (&group["state"], &group["generation"], &group["restarts"]),
        (&"running".into(), &2.into(), &1.into()),
        "{group}"
    );
    assert_eq!(group["last_exit"]["reason"], "it was ended by signal 9");
    for untouched in [beside.as_str(), "driver-2", "browsers"] {
        let row = row(&zaptor, untouched).await;
        assert_eq!(
            (&row["state"], &row["generation"], &row["restarts"]),
            (&"running".into(), &1.into(), &0.into()),
            "{row}"
        );
    }
    zaptor.stop().await;
}

#[tokio::test]
async fn browser_a_chromedriver_that_always_dies_holds_openings_back_until_it_works_again() {
    let own = tempfile::tempdir().unwrap();
    let script = "[ -e $HERE/works ] && exec $DRIVER \"$@\"\necho 'no such library'; exit 3";
    let chromedriver = driver(own.path(), script);
    let plan = brisk()
        .setting("engine.chromedriver_path", chromedriver.to_str().unwrap())
        .setting("supervision.restarts_max", "2")
        .setting("supervision.backoff_base_ms", "50")
        .setting("supervision.backoff_cap_s", "1");
    let zaptor = Zaptor::start_with(plan).await;
    let account = create_account(&zaptor, "browser").await;
    for (group, parent) in [("driver-1", "browsers"), ("browsers", "supervisor")] {
        let row = until_row(&zaptor, group, |row| row["state"] == "failed").await;
        assert_eq!(row["parent"], parent);
        let exit = row["last_exit"]["reason"].as_str().unwrap();
        assert!(exit.contains("no such library"), "{exit}");
    }
    let path = format!("/v1/accounts/{account}");
    let shown = wait::until("it says what it waits for", SOON, || async {
        let (_, shown) = call(&zaptor, Method::GET, &path, None).await;
        let asks = shown["action"]
            .as_str()
            .is_some_and(|action| action.contains("zaptor doctor"));
        if asks { Ok(shown) } else { Err(shown) }
    })
    .await;
    assert_eq!(
        (&shown["state"], &shown["restarts"]),
        (&"starting".into(), &0.into())
    );
    let reason = shown["reason"].as_str().unwrap();
    assert!(reason.starts_with("waits: chromedriver ended "), "{reason}");
    assert_eq!(shown["evidence"]["waits_for"], "chromedriver", "{shown}");
    // Accounts that need no driver are none of its business.
    let simulated = create_account(&zaptor, "simulated").await;
    until_state(&zaptor, &simulated, "pairing", SOON).await;

    fs::write(own.path().join("works"), "").unwrap();
    until_state(&zaptor, &account, "pairing", SOON).await;
    let actor = row(&zaptor, &account).await;
    assert_eq!(
        (&actor["generation"], &actor["restarts"], &actor["parent"]),
        (&1.into(), &0.into(), &"driver-1".into()),
        "{actor}"
    );
    let whole = row(&zaptor, "browsers").await;
    assert_eq!(whole["state"], "running");
    assert!(whole["restarts"].as_u64() > Some(0), "{whole}");
    zaptor.stop().await;
}
