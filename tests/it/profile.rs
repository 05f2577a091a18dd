//! What links an account to its phone, through the real program and a real Chromium on the sandbox: kept, put back after
//! damage, moved to another Zaptor, and never told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::journey::{
    CUSTOMER, OURS, SOON, brisk, call, create_account, linked_account, send, until_state, until_tally,
};
use super::support::wait;
use super::support::zaptor::{Sandbox, Zaptor};

const PHRASE: &str = "correct horse battery";

fn profile_of(zaptor: &Zaptor, account: &str) -> PathBuf {
    zaptor.data_dir().join("profiles").join(account)
}

async fn snapshots(zaptor: &Zaptor, account: &str) -> Vec<Value> {
    let path = format!("/v1/accounts/{account}/profile/snapshots");
    let (status, mut page) = call(zaptor, Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["data"].as_array_mut().map(std::mem::take).unwrap()
}

async fn act(zaptor: &Zaptor, account: &str, verb: &str) {
    let path = format!("/v1/accounts/{account}/{verb}");
    let (status, answer) = call(zaptor, Method::POST, &path, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
}

/// Stops the account and waits until so many snapshots of it are kept.
async fn stop_and_keep(zaptor: &Zaptor, account: &str, count: usize) {
    act(zaptor, account, "stop").await;
    wait::until("the snapshot", SOON, || async {
        let kept = snapshots(zaptor, account).await.len();
        if kept == count { Ok(()) } else { Err(kept) }
    })
    .await;
}

/// What the account's states were published with, the oldest first, and which states they were.
async fn told(zaptor: &Zaptor) -> (Vec<String>, Vec<String>) {
    let path = "/v1/events?types=account.state_changed&limit=200";
    let (_, page) = call(zaptor, Method::GET, path, None).await;
    let data = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["data"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    data.map(|data| (text(&data["to"]), text(&data["reason"])))
        .unzip()
}

fn overwrite(path: &Path) {
    fs::write(path, [0xA5; 4_096]).unwrap();
}

/// What happens to a profile on a bad day, and what Chromium does about it by itself: starts with a page that nobody has
/// linked, or not at all.
type Damage = fn(&Path);

const DATABASE: &str = "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb";
const DAMAGES: [(&str, Damage); 4] = [
    ("everything is gone", |profile| {
        fs::remove_dir_all(profile).unwrap()
    }),
    ("the page's database is unreadable", |profile| {
        for entry in fs::read_dir(profile.join(DATABASE)).unwrap() {
            overwrite(&entry.unwrap().path());
        }
    }),
    ("the browser's own state is unreadable", |profile| {
        overwrite(&profile.join("Local State"))
    }),
    ("a file stands in the profile's place", |profile| {
        fs::remove_dir_all(profile).unwrap();
        fs::write(profile, "lost+found").unwrap();
    }),
];

#[tokio::test]
async fn browser_a_damaged_profile_is_put_back_and_nobody_scans_again() {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    send(&zaptor, &account, CUSTOMER, "before").await;
    until_tally(&zaptor, "read", 1, SOON).await;
    let (states, _) = told(&zaptor).await;
    let scans = states.iter().filter(|state| *state == "pairing").count();
    for (round, (what, damage)) in DAMAGES.into_iter().enumerate() {
        stop_and_keep(&zaptor, &account, (round + 1).min(3)).await;
        damage(&profile_of(&zaptor, &account));
        act(&zaptor, &account, "start").await;
        until_state(&zaptor, &account, "online", SOON).await;
        let (states, reasons) = told(&zaptor).await;
        assert_eq!(
            states.iter().filter(|state| *state == "pairing").count(),
            scans,
            "{what}"
        );
        let restored = reasons
            .iter()
            .filter(|reason| reason.contains("was put in its place"))
            .count();
        assert_eq!(restored, round + 1, "{what}: {reasons:?}");
        send(&zaptor, &account, CUSTOMER, what).await;
        until_tally(&zaptor, "read", round + 2, SOON).await;
    }
    assert!(zaptor.stop().await.success());
}

#[tokio::test]
async fn browser_the_end_of_the_process_keeps_every_profile() {
    let sandbox = Sandbox::start().await;
    let zaptor = Zaptor::start_with(brisk().on(&sandbox)).await;
    let account = linked_account(&zaptor).await;
    assert!(
        snapshots(&zaptor, &account).await.is_empty(),
        "never under a running browser"
    );
    let zaptor = zaptor.stop_and_restart().await;
    assert_eq!(snapshots(&zaptor, &account).await.len(), 1);
    until_state(&zaptor, &account, "online", SOON).await;
}

#[tokio::test]
async fn browser_a_snapshot_is_taken_while_the_account_stays_online_and_is_as_good() {
    // One late answer on a busy machine would be noticed, too: it is waited for.
    let plan = brisk()
        .setting("vault.first_after_s", "10")
        .setting("engine.probe_timeout_ms", "12000")
        .setting("engine.heartbeat_timeout_ms", "20000");
    let zaptor = Zaptor::start_with(plan).await;
    let account = linked_account(&zaptor).await;
    send(&zaptor, &account, CUSTOMER, "before").await;
    until_tally(&zaptor, "read", 1, SOON).await;
    let (before, _) = told(&zaptor).await;
    let kept = wait::until("a snapshot", SOON, || async {
        snapshots(&zaptor, &account).await.pop().ok_or("none")
    })
    .await;
    send(&zaptor, &account, CUSTOMER, "after").await;
    until_tally(&zaptor, "read", 2, SOON).await;
    assert_eq!(told(&zaptor).await.0, before, "nobody has noticed");
    // The session goes on, but the profile that it leaves is replaced by the one from before.
    stop_and_keep(&zaptor, &account, 2).await;
    let path = format!("/v1/accounts/{account}/profile/restore");
    let body = json!({ "snapshot": kept["id"] });
    let (status, restored) = call(&zaptor, Method::POST, &path, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{restored}");
    act(&zaptor, &account, "start").await;
    until_state(&zaptor, &account, "online", SOON).await;
    send(&zaptor, &account, CUSTOMER, "from a copy").await;
    until_tally(&zaptor, "read", 3, SOON).await;
    let (states, _) = told(&zaptor).await;
    let scans = |states: &[String]| states.iter().filter(|state| *state == "pairing").count();
    assert_eq!(scans(&states), scans(&before), "nobody was asked to scan again");
}

/// Has the account's browser look like somebody's in Brazil; gives the settings.
async fn dressed(zaptor: &Zaptor, account: &str) -> Value {
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150.0.0.0 Safari/537.36";
    let looks = json!({"user_agent": agent, "locale": "pt-BR", "time_zone": "America/Sao_Paulo"});
    let change = json!({ "settings": looks });
    let path = format!("/v1/accounts/{account}");
    let (status, changed) = call(zaptor, Method::PATCH, &path, Some(change)).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    looks
}

#[tokio::test]
async fn browser_a_profile_moves_to_another_zaptor_under_a_passphrase() {
    let sandbox = Sandbox::start().await;
    let here = Zaptor::start_with(brisk().on(&sandbox)).await;
    let account = linked_account(&here).await;
    let looks = dressed(&here, &account).await;
    let path = format!("/v1/accounts/{account}/profile/export");
    let export = || {
        here.request(Method::GET, &path)
            .header("Zaptor-Passphrase", PHRASE)
    };
    let running = export().send().await.unwrap();
    assert_eq!(running.status(), StatusCode::CONFLICT);
    stop_and_keep(&here, &account, 1).await;
    let answer = export().send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let file = answer.bytes().await.unwrap();
    assert!(here.stop().await.success());

    let there = Zaptor::start_with(brisk().on(&sandbox)).await;
    let other = create_account(&there, "browser").await;
    until_state(&there, &other, "pairing", SOON).await;
    act(&there, &other, "stop").await;
    let import = |phrase: &'static str, body: Vec<u8>| {
        let path = format!("/v1/accounts/{other}/profile/import");
        let request = there
            .request(Method::POST, &path)
            .header("Zaptor-Passphrase", phrase)
            .body(body);
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap()["code"].clone())
        }
    };
    let mut flipped = file.to_vec();
    flipped[file.len() / 2] ^= 1;
    assert_eq!(
        import("wrong horse battery", file.to_vec()).await,
        (422, json!("wrong_passphrase"))
    );
    assert_eq!(import(PHRASE, flipped).await, (422, json!("not_whole")));
    assert_eq!(
        import(PHRASE, file[..file.len() - 1].to_vec()).await,
        (422, json!("not_whole"))
    );
    assert_eq!(
        import(PHRASE, b"nothing of ours".to_vec()).await,
        (422, json!("not_whole"))
    );
    assert_eq!(import(PHRASE, file.to_vec()).await, (201, Value::Null));
    assert_eq!(snapshots(&there, &other).await.len(), 1);
    act(&there, &other, "start").await;
    let online = until_state(&there, &other, "online", SOON).await;
    assert_eq!(
        online["phone"], OURS,
        "linked as the other one was, without a scan"
    );
    for (name, value) in looks.as_object().unwrap() {
        assert_eq!(online["settings"][name], *value, "its browser looks as it did");
    }
    send(&there, &other, CUSTOMER, "from a new home").await;
    until_tally(&there, "read", 1, SOON).await;
}

/// What nobody may find outside of the vault's own files.
fn secrets(zaptor: &Zaptor) -> Vec<String> {
    let ring = fs::read_to_string(zaptor.data_dir().join("vault.keys")).unwrap();
    let keys = ring
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(_, key)| key.to_owned());
    keys.chain([PHRASE.to_owned()]).collect()
}

#[tokio::test]
async fn browser_keys_and_passphrases_stay_out_of_logs_and_off_others_eyes() {
    let loud = brisk().setting("telemetry.log", "trace,hyper=info,h2=info");
    let zaptor = Zaptor::start_with(loud).await;
    let account = linked_account(&zaptor).await;
    stop_and_keep(&zaptor, &account, 1).await;
    let mut known = secrets(&zaptor);
    let path = format!("/v1/accounts/{account}/profile");
    let (status, taken) = call(&zaptor, Method::POST, &format!("{path}/snapshots"), None).await;
    assert_eq!(status, StatusCode::CREATED, "{taken}");
    let newest = snapshots(&zaptor, &account).await[0].clone();
    assert_eq!(newest, taken);
    let body = json!({ "snapshot": taken["id"] });
    let (status, restored) = call(&zaptor, Method::POST, &format!("{path}/restore"), Some(body)).await;
    assert_eq!(
        (status, &restored["snapshot"]),
        (StatusCode::OK, &taken["id"]),
        "{restored}"
    );
    let exported = zaptor
        .request(Method::GET, &format!("{path}/export"))
        .header("Zaptor-Passphrase", PHRASE);
    let exported = exported.send().await.unwrap().bytes().await.unwrap();
    let (status, rotated) = call_as_admin(&zaptor, "/v1/system/vault/rotate").await;
    assert_eq!(
        (status, &rotated["locked_anew"], &rotated["keys"]),
        (StatusCode::OK, &json!(2), &json!(1))
    );
    known.extend(secrets(&zaptor));
    act(&zaptor, &account, "start").await;
    until_state(&zaptor, &account, "online", SOON).await;
    let everything = fs::read(zaptor.data_dir().join("stderr.log")).unwrap();
    let log = String::from_utf8_lossy(&everything);
    assert!(
        log.contains("a snapshot of the profile was taken") && log.contains("TRACE"),
        "it was loud"
    );
    for secret in &known {
        assert!(!log.contains(secret.as_str()), "a secret in the log");
    }
    for (inside, name) in walk(zaptor.data_dir()) {
        let mode = inside.symlink_metadata().unwrap().permissions().mode() & 0o077;
        assert!(
            !name.starts_with("vault") || mode == 0,
            "{name} is open to others"
        );
    }
    assert!(
        !exported.windows(12).any(|window| window == b"web.whatsapp"),
        "it is encrypted"
    );
    let (status, _) = call(&zaptor, Method::DELETE, &format!("/v1/accounts/{account}"), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let left: Vec<String> = walk(zaptor.data_dir())
        .into_iter()
        .map(|(_, name)| name)
        .filter(|name| name.contains(&account))
        .collect();
    assert!(left.is_empty(), "of a deleted account nothing is left: {left:?}");
}

/// Every path below a folder, with its name inside it.
fn walk(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut next = vec![folder.to_owned()];
    while let Some(at) = next.pop() {
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                next.push(path.clone());
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.push((path, name));
        }
    }
    found
}

async fn call_as_admin(zaptor: &Zaptor, path: &str) -> (StatusCode, Value) {
    let admin = zaptor.ready.admin.as_ref().unwrap();
    let login = json!({ "email": admin.email, "password": admin.password });
    let login = zaptor.anonymous(Method::POST, "/v1/auth/login").json(&login);
    let token: Value = login.send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let answer = zaptor
        .anonymous(Method::POST, path)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn browser_the_command_line_lists_exports_and_imports() {
    let zaptor = Zaptor::start_with(brisk()).await;
    let account = linked_account(&zaptor).await;
    assert_eq!(zaptor.command(&["account", "stop", &account], "").await.0, 0);
    wait::until("the snapshot", Duration::from_secs(20), || async {
        let (_, shown) = zaptor.command(&["account", "snapshots", &account], "").await;
        if shown.contains("snp_") {
            Ok(())
        } else {
            Err(shown)
        }
    })
    .await;
    let (code, taken) = zaptor
        .command(&["account", "snapshots", &account, "--take"], "")
        .await;
    assert!(code == 0 && taken.contains("snp_"), "{taken}");
    let file = zaptor.data_dir().join("moving");
    let name = file.to_str().unwrap();
    let export = ["account", "export", &account, "-o", name, "--passphrase-stdin"];
    assert_eq!(zaptor.command(&export, "short\n").await.0, 1);
    assert!(!file.exists(), "half a file is none");
    assert_eq!(zaptor.command(&export, &format!("{PHRASE}\n")).await.0, 0);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        zaptor.command(&export, &format!("{PHRASE}\n")).await.0,
        1,
        "never written over"
    );
    fs::remove_dir_all(profile_of(&zaptor, &account)).unwrap();
    let import = ["account", "import", &account, name, "--passphrase-stdin"];
    let (code, imported) = zaptor.command(&import, &format!("{PHRASE}\n")).await;
    assert!(code == 0 && imported.contains("snp_"), "{imported}");
    assert_eq!(zaptor.command(&["account", "start", &account], "").await.0, 0);
    until_state(&zaptor, &account, "online", SOON).await;
}
