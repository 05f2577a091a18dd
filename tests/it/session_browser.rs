//! The browser engine in a real Chromium on the sandbox: the suite that every engine passes, over both channels, and
//! what happens to processes that die.

use std::{collections::HashSet, future::Future, path::Path, process::Command, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zaptor::{
    config,
    sandbox::{self, Sandbox},
};
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock, Content, Jid, Phone, Timestamp, WaMessageId,
        message::{Ack, Outgoing},
    },
    session::{
        EVENT_QUEUE, Engine, InboundList, ProfileHold, Session, SessionError, SessionEvent, SessionSpec,
        browser::{BrowserEngine, ChannelKind, SandboxAccess, Settings, memory_bytes, reap_orphans},
    },
};

use crate::{
    session_conformance::{Outside, conforms},
    support::wait::until,
};

pub(crate) const ANA: &str = "5511987654321";

/// The sandbox's phones, by its control API.
pub(crate) struct Phones {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
}

impl Phones {
    async fn of(sandbox: &Sandbox) -> Self {
        let tls =
            rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .tls_backend_preconfigured(tls)
            .build()
            .unwrap();
        let phones = Self {
            url: format!("{}/_/api", sandbox.url()),
            client,
        };
        phones.post("/phones", json!({"phone": ANA, "name": "Ana"})).await;
        phones
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self
            .client
            .post(format!("{}{path}", self.url))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let value: Value = answer.json().await.unwrap_or(Value::Null);
        assert!(status.is_success(), "{path}: {status} {value}");
        value
    }
}

#[async_trait]
impl Outside for Phones {
    async fn scan(&self, _account: AccountId, code: &str) {
        self.post(&format!("/phones/{ANA}/scan"), json!({"code": code}))
            .await;
    }

    async fn type_code(&self, _account: AccountId, code: &str) {
        self.post(&format!("/phones/{ANA}/link"), json!({"code": code}))
            .await;
    }

    fn own_number(&self) -> Phone {
        Phone::parse(ANA).unwrap()
    }

    async fn write(&self, _account: AccountId, from: &Phone, text: &str) -> WaMessageId {
        let from = from.as_str();
        let known = self
            .client
            .post(format!("{}/phones", self.url))
            .json(&json!({"phone": from}));
        // A phone that is there already is as good.
        known.send().await.unwrap();
        let message = json!({"to": ANA, "type": "text", "text": {"body": text}});
        let sent = self.post(&format!("/phones/{from}/messages"), message).await;
        WaMessageId::from_wire(sent["wa_message_id"].as_str().unwrap())
    }

    async fn times_sent(&self, _account: AccountId, id: &WaMessageId) -> u32 {
        let url = format!("{}/deliveries?wa_message_id={id}", self.url);
        let log: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        let lines = log["data"].as_array().unwrap();
        lines
            .iter()
            .map(|line| u32::try_from(line["times"].as_u64().unwrap()).unwrap())
            .sum()
    }

    async fn refuse_next(&self, _account: AccountId) {
        self.post("/faults", json!({"kind": "reject_463", "phone": ANA}))
            .await;
    }

    async fn unlink(&self, _account: AccountId) {
        self.post("/faults", json!({"kind": "logout", "phone": ANA}))
            .await;
    }

    async fn kill(&self, _account: AccountId, processes: &[u32]) {
        kill(processes[0]);
    }
}

/// SIGKILL for one process.
pub(crate) fn kill(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// The engine as a node would set it up for this sandbox: browser and flags are those of the configuration.
pub(crate) fn settings(sandbox: &Sandbox) -> Settings {
    let engine = config::load(None, [], &config::Flags::default())
        .unwrap()
        .config
        .engine;
    let browser = config::browser(&engine).expect("a browser is installed");
    Settings {
        flags: engine.arguments(browser.headless_shell, config::chromium_sandbox(&engine)),
        chromium_path: browser.path,
        agent_dir: Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/agent/dist"),
        guard: env!("CARGO_BIN_EXE_zaptor").into(),
        sandbox: Some(SandboxAccess::new(sandbox.chromium_args()).unwrap()),
        ..Settings::default()
    }
}

/// The same with the full browser, which takes other arguments than the headless shell.
pub(crate) fn settings_of_full(sandbox: &Sandbox, browser: &str) -> Settings {
    let config = config::load(None, [], &config::Flags::default()).unwrap().config;
    let locked = config::chromium_sandbox(&config.engine);
    Settings {
        flags: config.engine.arguments(false, locked),
        chromium_path: browser.into(),
        ..settings(sandbox)
    }
}

/// A sandbox and an engine for it, in a folder of their own.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
    pub(crate) phones: Phones,
    pub(crate) engine: BrowserEngine,
}

impl Stage {
    pub(crate) async fn set(channel: ChannelKind) -> Self {
        Self::set_with(channel, |_| {}).await
    }

    pub(crate) async fn set_with(channel: ChannelKind, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(sandbox::Settings::in_dir(&folder.path().join("sandbox")))
            .await
            .unwrap();
        let phones = Phones::of(&sandbox).await;
        let mut settings = Settings {
            channel,
            ..settings(&sandbox)
        };
        change(&mut settings);
        let engine = BrowserEngine::new(settings, folder.path(), Clock::system()).unwrap();
        Self {
            folder,
            sandbox,
            phones,
            engine,
        }
    }

    pub(crate) async fn strike(self) {
        self.engine.shut_down().await;
        self.sandbox.stop().await;
    }

    pub(crate) async fn open(&self, account: u128) -> (Box<dyn Session>, mpsc::Receiver<SessionEvent>) {
        self.open_with(account, EVENT_QUEUE).await
    }

    async fn open_with(
        &self,
        account: u128,
        queue: usize,
    ) -> (Box<dyn Session>, mpsc::Receiver<SessionEvent>) {
        let (sender, events) = mpsc::channel(queue);
        loop {
            match self.engine.open(self.spec(account), sender.clone()).await {
                Err(SessionError::Held(hold)) => Clock::system().sleep(hold.retry_in).await,
                opened => return (opened.unwrap(), events),
            }
        }
    }

    /// What a session of this account is opened with.
    pub(crate) fn spec(&self, account: u128) -> SessionSpec {
        let account = AccountId::from_bits(account);
        SessionSpec {
            account,
            generation: 1,
            profile: self.folder.path().join("profiles").join(account.to_string()),
            settings: AccountSettings::default(),
            hold: ProfileHold::default(),
        }
    }
}

/// The sandbox runs on actix, the engine on whatever runs it.
pub(crate) fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

async fn conforms_over(channel: ChannelKind) {
    let stage = Stage::set(channel).await;
    conforms(
        &stage.engine,
        &stage.phones,
        &stage.folder.path().join("profiles"),
    )
    .await;
    stage.strike().await;
}

#[test]
fn conforms_in_chromium_over_its_socket() {
    run(conforms_over(ChannelKind::Cdp));
}

#[test]
fn conforms_in_chromium_through_chromedriver() {
    run(conforms_over(ChannelKind::WebDriver));
}

/// How long a death may go unnoticed: a second is promised on a machine that is not busy, and tests share theirs with the
/// compiler and other browsers. How soon it is in fact, the fault matrix measures.
const DEATH_NOTICED: Duration = Duration::from_secs(10);

pub(crate) async fn died(events: &mut mpsc::Receiver<SessionEvent>) -> String {
    let death = async {
        loop {
            match events.recv().await {
                Some(SessionEvent::Died { reason }) => return reason,
                Some(_) => {}
                None => panic!("events ended without a death"),
            }
        }
    };
    tokio::time::timeout(DEATH_NOTICED, death)
        .await
        .expect("a death is noticed in time")
}

async fn gone(processes: &[u32]) {
    until("the processes to end", Duration::from_secs(10), || async {
        let left = memory_bytes(processes);
        if left == 0 { Ok(()) } else { Err(left) }
    })
    .await;
}

/// The parent of a process.
pub(crate) fn parent(process: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_chromedriver_that_dies_takes_its_chromium_along() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (ana, mut ana_events) = stage.open(1).await;
        let (bia, mut bia_events) = stage.open(2).await;
        let processes = [ana.processes(), bia.processes()].concat();
        assert!(memory_bytes(&processes) > 50 << 20, "two browsers cost something");
        let driver = parent(ana.processes()[0]);
        assert_eq!(driver, parent(bia.processes()[0]), "two accounts share a driver");
        kill(driver);
        for events in [&mut ana_events, &mut bia_events] {
            died(events).await;
        }
        gone(&processes).await;
        ana.close().await;
        // The next session gets a driver of its own.
        let (again, _events) = stage.open(1).await;
        again.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_chromium_that_hangs_is_killed_at_the_deadline() {
    run(async {
        let mut stage = Stage::set(ChannelKind::Cdp).await;
        let settings = Settings {
            // The page is opened under it, too.
            command_timeout_ms: 3_000,
            ..settings(&stage.sandbox)
        };
        stage.engine = BrowserEngine::new(settings, stage.folder.path(), Clock::system()).unwrap();
        let (mut session, mut events) = stage.open(1).await;
        let processes = session.processes();
        for process in &processes {
            Command::new("kill")
                .args(["-STOP", &process.to_string()])
                .status()
                .unwrap();
        }
        let answer = session.status().await;
        assert!(answer.as_ref().is_err_and(|error| error.is_fatal()), "{answer:?}");
        assert!(died(&mut events).await.contains("no answer"));
        gone(&processes).await;
        drop(session);
        stage.strike().await;
    });
}

#[test]
fn chromium_of_an_earlier_run_is_found_and_ended() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (session, mut events) = stage.open(1).await;
        let processes = session.processes();
        assert!(reap_orphans(stage.folder.path()).unwrap() >= 1);
        gone(&processes).await;
        died(&mut events).await;
        session.close().await;
        assert_eq!(reap_orphans(stage.folder.path()).unwrap(), 0);
        stage.strike().await;
    });
}

/// Chromium's children write their arguments as one text.
pub(crate) fn is_renderer(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/cmdline"))
        .is_ok_and(|line| line.contains("--type=renderer"))
}

/// More events than all queues on the way hold.
const FLOOD: usize = 500;

#[test]
fn a_reader_that_comes_late_gets_every_event_of_chromium_once() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open_with(1, 1).await;
        let account = AccountId::from_bits(1);
        let code = shown(&mut events).await;
        stage.phones.scan(account, &code).await;
        next(&mut events, |event| {
            matches!(event, SessionEvent::Ready(_)).then_some(())
        })
        .await;
        let chat = Jid::parse("5511912345678").unwrap();
        let mut missing = HashSet::new();
        for n in 0..FLOOD {
            let message = Outgoing {
                id: WaMessageId::from_wire(format!("3EB0{n:018X}")),
                chat: chat.clone(),
                content: Content::text("flood"),
            };
            // Nobody reads events meanwhile: commands still go through.
            session.send(&message).await.unwrap();
            missing.extend([Ack::Server, Ack::Device, Ack::Read].map(|ack| (message.id.clone(), ack)));
        }
        while !missing.is_empty() {
            let seen = next(&mut events, |event| match event {
                SessionEvent::Acked { id, ack } => Some((id, ack)),
                _ => None,
            })
            .await;
            assert!(missing.remove(&seen), "{seen:?} came twice");
        }
        session.close().await;
        stage.strike().await;
    });
}

/// The next code to be scanned.
pub(crate) async fn shown(events: &mut mpsc::Receiver<SessionEvent>) -> String {
    let code = |event| match event {
        SessionEvent::Pairing { code, .. } => Some(code),
        _ => None,
    };
    next(events, code).await
}

pub(crate) async fn next<T>(
    events: &mut mpsc::Receiver<SessionEvent>,
    mut pick: impl FnMut(SessionEvent) -> Option<T>,
) -> T {
    let wait = async {
        loop {
            let event = events.recv().await.expect("the session lives");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("the event comes")
}

/// Waits until the page's store has these messages and no others.
async fn has_taken_in(session: &mut dyn Session, since: Timestamp, written: &[WaMessageId]) -> InboundList {
    let clock = Clock::system();
    let end = clock.instant() + Duration::from_secs(20);
    loop {
        let list = session.inbound_since(since, 100).await.unwrap();
        if list.messages.iter().map(|message| &message.id).eq(written) {
            return list;
        }
        assert!(clock.instant() < end, "{list:?} is not {written:?}");
        clock.sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn what_a_killed_chromium_had_received_is_in_the_store_of_the_next_one() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let account = AccountId::from_bits(1);
        let (session, mut events) = stage.open(1).await;
        let code = shown(&mut events).await;
        stage.phones.scan(account, &code).await;
        let ready = |event| matches!(event, SessionEvent::Ready(_)).then_some(());
        next(&mut events, ready).await;
        // An orderly end puts the link on the disk.
        session.close().await;

        let began = Clock::system().now();
        let (mut session, mut events) = stage.open_with(1, 1).await;
        next(&mut events, ready).await;
        let writer = Phone::parse("5511912345678").unwrap();
        let mut written = Vec::new();
        for n in 0..5 {
            written.push(stage.phones.write(account, &writer, &n.to_string()).await);
        }
        // Nobody reads the events: the page has them all, and nobody was told.
        has_taken_in(session.as_mut(), began, &written).await;
        kill(session.processes()[0]);
        session.close().await;
        drop(events);
        let (mut session, mut events) = stage.open(1).await;
        next(&mut events, ready).await;
        let list = has_taken_in(session.as_mut(), began, &written).await;
        let fetched = session.fetch_inbound(&list.messages).await.unwrap();
        let said: Vec<Content> = fetched
            .messages
            .into_iter()
            .map(|message| message.content)
            .collect();
        assert_eq!(said, ["0", "1", "2", "3", "4"].map(Content::text));
        session.close().await;
        stage.strike().await;
    });
}
