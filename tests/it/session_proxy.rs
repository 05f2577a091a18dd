//! Accounts behind proxies: a real Chromium goes through one that demands credentials, and no other way.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock,
        settings::{ProxySettings, Secret},
    },
    session::{
        EVENT_QUEUE, Engine, Session, SessionError, SessionSpec,
        browser::{BrowserEngine, ChannelKind, Settings},
    },
};

use crate::session_browser::{Stage, run, settings, shown};
use crate::session_conformance::Outside as _;

const NAME: &str = "ana";
const WORD: &str = "hunter2-of-the-proxy";

/// A small proxy that speaks both tongues, knows one person, and counts whom it lets through and where to.
struct Proxy {
    port: u16,
    through: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    places: Arc<parking_lot::Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start() -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Proxy {
            port: listener.local_addr().unwrap().port(),
            through: Arc::default(),
            refused: Arc::default(),
            places: Arc::default(),
        };
        let (through, refused) = (Arc::clone(&proxy.through), Arc::clone(&proxy.refused));
        let places = Arc::clone(&proxy.places);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (through, refused) = (Arc::clone(&through), Arc::clone(&refused));
                let places = Arc::clone(&places);
                tokio::spawn(async move {
                    let first = client.read_u8().await.ok()?;
                    let place = match first {
                        5 => socks(&mut client).await,
                        _ => http(&mut client).await,
                    };
                    let Some(place) = place else {
                        refused.fetch_add(1, Ordering::SeqCst);
                        return None;
                    };
                    let mut there = TcpStream::connect(&place).await.ok()?;
                    places.lock().push(place);
                    through.fetch_add(1, Ordering::SeqCst);
                    tokio::io::copy_bidirectional(&mut client, &mut there).await.ok()
                });
            }
        });
        proxy
    }

    fn settings(&self, scheme: &str, word: &str) -> AccountSettings {
        AccountSettings {
            proxy: Some(ProxySettings {
                url: format!("{scheme}://127.0.0.1:{}", self.port),
                username: Some(NAME.to_owned()),
                password: Some(Secret::new(word.to_owned())),
                has_password: true,
            }),
            ..AccountSettings::default()
        }
    }
}

/// CONNECT with credentials; gives where to.
async fn http(client: &mut TcpStream) -> Option<String> {
    let mut order = vec![b'C'];
    while !order.ends_with(b"\r\n\r\n") {
        order.push(client.read_u8().await.ok()?);
    }
    let order = String::from_utf8(order).ok()?;
    let pair = STANDARD.encode(format!("{NAME}:{WORD}"));
    if !order.contains(&format!("Proxy-Authorization: Basic {pair}\r\n")) {
        let no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        client.write_all(no).await.ok()?;
        return None;
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    Some(order.split(' ').nth(1)?.to_owned())
}

/// SOCKS5 with credentials, its first byte read; gives where to.
async fn socks(client: &mut TcpStream) -> Option<String> {
    let methods = client.read_u8().await.ok()?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await.ok()?;
    client.write_all(&[5, 2]).await.ok()?;
    let mut said = vec![0; 3 + NAME.len() + WORD.len()];
    client.read_exact(&mut said[..2]).await.ok()?;
    let name = usize::from(said[1]);
    let mut rest = vec![0; name + 1];
    client.read_exact(&mut rest).await.ok()?;
    let mut word = vec![0; usize::from(rest[name])];
    client.read_exact(&mut word).await.ok()?;
    if rest[..name] != *NAME.as_bytes() || word != WORD.as_bytes() {
        client.write_all(&[1, 1]).await.ok()?;
        return None;
    }
    client.write_all(&[1, 0]).await.ok()?;
    let mut order = [0; 10];
    client.read_exact(&mut order).await.ok()?;
    assert_eq!(
        order[..4],
        [5, 1, 0, 1],
        "an address: on the sandbox no name is looked up"
    );
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    let port = u16::from_be_bytes([order[8], order[9]]);
    Some(format!(
        "{}.{}.{}.{}:{port}",
        order[4], order[5], order[6], order[7]
    ))
}

fn engine(stage: &Stage, private: bool) -> BrowserEngine {
    let settings = Settings {
        proxies_in_private_networks: private,
        ..settings(&stage.sandbox)
    };
    BrowserEngine::new(settings, stage.folder.path(), Clock::system()).unwrap()
}

async fn refused(engine: &BrowserEngine, spec: &SessionSpec) -> String {
    let (sender, _events) = tokio::sync::mpsc::channel(EVENT_QUEUE);
    match engine.open(spec.clone(), sender).await {
        Err(SessionError::Proxy(reason)) => reason,
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
            crate::session_browser::next(&mut events, |event| {
                matches!(event, zaptor_actors::session::SessionEvent::Ready(_)).then_some(())
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
            let reason = refused(&open, &spec).await;
            assert!(reason.starts_with("proxy_refused: "), "{reason}");
            assert!(!reason.contains("wrong") && !reason.contains(NAME));
            let reason = refused(&strict, &spec).await;
            assert!(reason.starts_with("proxy_not_allowed: "), "{reason}");
            if let Some(proxy) = &mut spec.settings.proxy {
                proxy.url = format!("{scheme}://127.0.0.1:{dead}");
            }
            let reason = refused(&open, &spec).await;
            assert!(reason.starts_with("proxy_unreachable: "), "{reason}");
        }
        assert_eq!(proxy.through.load(Ordering::SeqCst), 0);
        stage.strike().await;
    });
}
