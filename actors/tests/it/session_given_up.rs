//! Starts of a browser that nobody waits for any more, on a stand-in for chromedriver that answers when it is told.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use super::account::agent::put;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};
use zaptor_actors::{
    domain::{AccountId, AccountSettings, Clock, Timestamp},
    session::{
        EVENT_QUEUE, Engine as _, ProfileHold, SessionSpec,
        browser::{BrowserEngine, Settings},
    },
};

/// How long a start may take.
const START: Duration = Duration::from_secs(60);

/// A browser that was asked for: its arguments, and the way to the answer.
struct Request {
    arguments: Vec<String>,
    answer: oneshot::Sender<()>,
}

impl Request {
    /// A process with the arguments that the browser would have.
    fn browser(&self) -> Child {
        let mut command = Command::new("sh");
        // It lives as long as somebody holds its standard input.
        command
            .args(["-c", "read -r line", "browser"])
            .args(&self.arguments);
        command.stdin(Stdio::piped()).spawn().unwrap()
    }
}

/// An engine whose chromedriver is a script that names this test's own port.
struct Stage {
    folder: tempfile::TempDir,
    engine: Arc<BrowserEngine>,
    requests: mpsc::Receiver<Request>,
    /// The account's profile.
    lock: Arc<Mutex<()>>,
}

impl Stage {
    async fn set(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::channel(4);
        tokio::spawn(serve(listener, sender));
        let agent = folder.path().join("agent");
        put(&agent, "1.0.0", "1.0.0");
        let settings = Settings {
            chromium_path: "/bin/sh".into(),
            chromedriver_path: driver(folder.path(), port),
            agent_dir: agent,
            start_timeout_ms: u32::try_from(START.as_millis()).unwrap().into(),
            ..Settings::default()
        };
        let engine = BrowserEngine::new(settings, folder.path(), clock).unwrap();
        Self {
            folder,
            engine: Arc::new(engine),
            requests,
            lock: Arc::default(),
        }
    }

    /// Opens a session, as the account does: with its profile held.
    async fn open(&mut self) -> (JoinHandle<()>, Request) {
        let hold = ProfileHold::new(Arc::clone(&self.lock).lock_owned().await);
        self.open_with(hold).await
    }

    async fn open_with(&mut self, hold: ProfileHold) -> (JoinHandle<()>, Request) {
        let account = AccountId::from_bits(1);
        let spec = SessionSpec {
            account,
            generation: 1,
            profile: self.folder.path().join(account.to_string()),
            settings: AccountSettings::default(),
            hold,
        };
        let (engine, events) = (Arc::clone(&self.engine), mpsc::channel(EVENT_QUEUE).0);
        let opening = tokio::spawn(async move { drop(engine.open(spec, events).await) });
        (opening, self.requests.recv().await.unwrap())
    }
}

/// Gives up waiting.
async fn give_up(opening: JoinHandle<()>) {
    opening.abort();
    let _ = opening.await;
}

fn driver(folder: &Path, port: u16) -> std::path::PathBuf {
    let path = folder.join("driver.sh");
    let text =
        format!("#!/bin/sh\necho 'ChromeDriver was started successfully on port {port}.'\nexec sleep 600\n");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn serve(listener: TcpListener, requests: mpsc::Sender<Request>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, requests.clone()));
    }
}

/// Says that it is ready; says that there is no browser once it is told to.
async fn answer(mut stream: TcpStream, requests: mpsc::Sender<Request>) {
    let (head, body) = read(&mut stream).await;
    let (status, text) = if head.starts_with("GET /status") {
        ("200 OK", r#"{"value":{"ready":true}}"#)
    } else {
        let order: Value = serde_json::from_str(&body).unwrap();
        let arguments = &order["capabilities"]["alwaysMatch"]["goog:chromeOptions"]["args"];
        let (answer, told) = oneshot::channel();
        let request = Request {
            arguments: serde_json::from_value(arguments.clone()).unwrap(),
            answer,
        };
        if requests.send(request).await.is_err() || told.await.is_err() {
            // Nobody will ever say what became of it.
            return std::future::pending().await;
        }
        (
            "500 Internal Server Error",
            r#"{"value":{"error":"session not created","message":"no","stacktrace":""}}"#,
        )
    };
    let length = text.len();
    let head = "Content-Type: application/json; charset=utf-8";
    let answer = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{text}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// A request: its head and its body.
async fn read(stream: &mut TcpStream) -> (String, String) {
    let mut text = String::new();
    loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.unwrap();
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_lowercase().lines().find_map(|line| {
            let length = line.strip_prefix("content-length:")?;
            length.trim().parse::<usize>().ok()
        });
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[tokio::test]
async fn a_start_that_was_given_up_kills_its_own_browser_and_no_other_on_the_profile() {
    let mut stage = Stage::set(Clock::system()).await;
    let (first, asked) = stage.open().await;
    give_up(first).await;
    let (second, asked_again) = stage.open_with(ProfileHold::default()).await;
    assert_ne!(asked.arguments, asked_again.arguments);
    let (mut late, mut other) = (asked.browser(), asked_again.browser());
    asked.answer.send(()).unwrap();
    // Free once everything is done that is done about the first one.
    drop(stage.lock.lock().await);
    assert!(late.wait().unwrap().code().is_none(), "it was killed");
    assert!(
        other.try_wait().unwrap().is_none(),
        "another opening's browser lives"
    );
    drop(other.stdin.take());
    assert!(other.wait().unwrap().code().is_some(), "it ended by itself");
    give_up(second).await;
}

#[tokio::test]
async fn nobody_gets_the_profile_before_it_is_known_what_became_of_a_start() {
    let mut stage = Stage::set(Clock::system()).await;
    let (opening, asked) = stage.open().await;
    give_up(opening).await;
    assert!(stage.lock.try_lock().is_err(), "its browser may still come");
    asked.answer.send(()).unwrap();
    drop(stage.lock.lock().await);
}

#[tokio::test]
async fn a_chromedriver_that_never_says_what_became_of_a_start_is_ended() {
    let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
    let mut stage = Stage::set(clock.clone()).await;
    let (opening, _asked) = stage.open().await;
    give_up(opening).await;
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    let engine = Arc::clone(&stage.engine);
    let driver_lives = || !engine.tree().unwrap().shards[0].processes.is_empty();
    // As long again as the start itself may take.
    clock.leap(START - Duration::from_secs(1));
    tokio::task::yield_now().await;
    assert!(driver_lives() && stage.lock.try_lock().is_err());
    clock.leap(Duration::from_secs(1));
    drop(stage.lock.lock().await);
    assert!(!driver_lives());
}
