//! Accounts behind proxies: a real Chromium goes through one that demands credentials, and no other way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use zaptor_actors::{
    domain::{AccountId, Clock},
    session::{
        EVENT_QUEUE, Engine, ProxyTrouble, Session, SessionError, SessionEvent, SessionSpec,
        browser::{BrowserEngine, ChannelKind, Settings},
    },
};

use crate::journey::{CUSTOMER, OURS, SOON, brisk, call, link, send, until_state, until_tally};
use crate::session_browser::{Stage, next, run, settings, shown};
use crate::session_conformance::Outside as _;
use crate::support::proxy::{Mood, NAME, Proxy, WORD};
use crate::support::wait;
use crate::support::zaptor::Zaptor;

fn engine(stage: &Stage, private: bool) -> BrowserEngine {
    let settings = Settings {
        proxies_in_private_networks: private,
        ..settings(&stage.sandbox)
    };
    BrowserEngine::new(settings, stage.folder.path(), Clock::system()).unwrap()
}

async fn refused(engine: &BrowserEngine, spec: &SessionSpec) -> ProxyTrouble {
    let (sender, _events) = tokio::sync::mpsc::channel(EVENT_QUEUE);
    match engine.open(spec.clone(), sender).await {
        Err(SessionError::Proxy(trouble)) => trouble,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

/// Everything that a process was started with.
fn command_line(process: u32) -> String {
    let line = std::fs::read_to_string(format!("/proc/{process}/cmdline"));
    line.unwrap_or_default().replace('\0', " ")
}

#[test]
fn a_browser_goes_through_its_proxy_in_chromium_and_nobody_else_does() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let proxy = Proxy::start().await;
        let engine = engine(&stage, true);
        for (account, scheme) in [(1, "http"), (2, "socks5")] {
            let (sender, mut events) = tokio::sync::mpsc::channel(EVENT_QUEUE);
            let spec = SessionSpec {
                settings: proxy.settings(scheme, WORD),
                ..stage.spec(account)
            };
            let before = proxy.through.load(Ordering::SeqCst);
            let mut session = engine.open(spec, sender).await.unwrap();
            let code = shown(&mut events).await;
            stage.phones.scan(AccountId::from_bits(account), &code).await;
            next(&mut events, |event| {
                matches!(event, SessionEvent::Ready(_)).then_some(())
            })
            .await;
            session.probe().await.unwrap();
            assert!(proxy.through.load(Ordering::SeqCst) > before + 1, "{scheme}");
            only_the_browser_may(&*session).await;
            session.close().await;
        }
        // The page, its socket and nothing else: all of it to the sandbox's port.
        let places = proxy.places.lock().clone();
        assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
        assert_eq!(proxy.refused.load(Ordering::SeqCst), 0);
        engine.shut_down().await;
        stage.strike().await;
    });
}

/// The relay closes the connection of a process that is not its browser, and no credential is on any command line.
async fn only_the_browser_may(session: &dyn Session) {
    let lines: Vec<String> = session.processes().into_iter().map(command_line).collect();
    assert!(
        !lines
            .iter()
            .any(|line| line.contains(WORD) || line.contains(NAME))
    );
    let port = lines
        .iter()
        .find_map(|line| line.split("--proxy-server=socks5://127.0.0.1:").nth(1))
        .and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok())
        .unwrap();
    let mut stranger = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stranger.write_all(&[5, 1, 0]).await.unwrap();
    let mut answer = [0; 2];
    let told = timeout(Duration::from_secs(10), stranger.read(&mut answer))
        .await
        .expect("it is closed");
    assert!(matches!(told, Ok(0) | Err(_)), "nothing is said to a stranger");
}

#[test]
fn a_proxy_that_is_of_no_use_is_told_as_such() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let proxy = Proxy::start().await;
        let (open, strict) = (engine(&stage, true), engine(&stage, false));
        let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let dead = nobody.local_addr().unwrap().port();
        drop(nobody);
        for scheme in ["http", "socks5"] {
            let mut spec = SessionSpec {
                settings: proxy.settings(scheme, "wrong"),
                ..stage.spec(1)
            };
            let trouble = refused(&open, &spec).await;
            assert_eq!(trouble.as_str(), "proxy_refused");
            assert!(!trouble.detail().contains("wrong") && !trouble.detail().contains(NAME));
            assert_eq!(refused(&strict, &spec).await.as_str(), "proxy_not_allowed");
            if let Some(proxy) = &mut spec.settings.proxy {
                proxy.url = format!("{scheme}://127.0.0.1:{dead}");
            }
            assert_eq!(refused(&open, &spec).await.as_str(), "proxy_unreachable");
        }
        assert_eq!(proxy.through.load(Ordering::SeqCst), 0);
        stage.strike().await;
    });
}

/// Waits until the account's reason begins with this word, and gives the account.
async fn until_blamed(zaptor: &Zaptor, account: &str, word: &str) -> Value {
    wait::until(word, SOON, || async {
        let (_, account) = call(zaptor, Method::GET, &format!("/v1/accounts/{account}"), None).await;
        let reason = account["reason"].as_str().unwrap_or_default();
        if reason.starts_with(word) {
            Ok(account)
        } else {
            Err(account)
        }
    })
    .await
}

/// An account that the command line made, with its proxy's password from stdin, and a phone has linked.
async fn behind(zaptor: &Zaptor, proxy: &Proxy) -> String {
    let url = proxy.url("http");
    let create = [
        "account",
        "create",
        "Shop",
        "--json",
        "--proxy",
        &url,
        "--proxy-user",
        NAME,
    ];
    let create = [&create[..], &["--proxy-password-stdin"]].concat();
    let (code, made) = zaptor.command(&create, &format!("{WORD}\n")).await;
    assert!(code == 0 && !made.contains(WORD), "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let shown = json!({"url": url, "username": NAME, "has_password": true});
    assert_eq!(made["settings"]["proxy"], shown);
    let account = made["id"].as_str().unwrap();
    link(zaptor, account, OURS).await;
    account.to_owned()
}

#[tokio::test]
async fn a_proxys_death_and_return_are_told_by_the_account_in_chromium() {
    let plan = brisk().setting("engine.proxies_in_private_networks", "true");
    let (zaptor, proxy) = (Zaptor::start_with(plan).await, Proxy::start().await);
    let account = behind(&zaptor, &proxy).await;
    assert!(proxy.through.load(Ordering::SeqCst) > 1);
    for (mood, word) in [
        (Mood::Dead, "proxy_unreachable"),
        (Mood::Strange, "proxy_refused"),
    ] {
        proxy.set(mood);
        let told = until_blamed(&zaptor, &account, &format!("{word}: ")).await;
        assert_eq!(told["state"], "degraded");
        assert_eq!(told["evidence"]["proxy"], word);
        assert!(
            told["action"].as_str().unwrap().contains("the account's proxy"),
            "{told}"
        );
        assert_eq!(
            told["repair"],
            Value::Null,
            "nothing of the account's own is repaired: {told}"
        );
        proxy.set(Mood::Open);
        until_state(&zaptor, &account, "online", SOON).await;
    }
    send(&zaptor, &account, CUSTOMER, "through it").await;
    until_tally(&zaptor, "read", 1, SOON).await;
}

#[tokio::test]
async fn a_session_that_its_proxy_does_not_let_begin_tells_why_in_chromium() {
    let plan = brisk().setting("engine.proxies_in_private_networks", "true");
    let (zaptor, proxy) = (Zaptor::start_with(plan).await, Proxy::start().await);
    let account = behind(&zaptor, &proxy).await;
    let url = proxy.url("socks5");
    let set = [
        "account",
        "set",
        &account,
        "--restart",
        "--proxy",
        &url,
        "--proxy-user",
        NAME,
    ];
    let set = [&set[..], &["--proxy-password-stdin"]].concat();
    assert_eq!(zaptor.command(&set, "of yesterday\n").await.0, 0);
    let told = until_blamed(&zaptor, &account, "proxy_refused: ").await;
    assert!(
        told["evidence"]["exit"].as_str().unwrap().contains("proxy"),
        "{told}"
    );
    assert!(
        told["action"].as_str().unwrap().contains("username and password"),
        "{told}"
    );
    assert_eq!(zaptor.command(&set, &format!("{WORD}\n")).await.0, 0);
    until_state(&zaptor, &account, "online", SOON).await;
    let none = ["account", "set", &account, "proxy="];
    assert_eq!(zaptor.command(&none, "").await.0, 0);
    let (_, shown) = call(&zaptor, Method::GET, &format!("/v1/accounts/{account}"), None).await;
    assert_eq!(shown["settings"]["proxy"], Value::Null);
}
