//! What each of Chromium's arguments saves: two browsers of the sandbox with the whole list, then two without the one
//! argument, in turns. Of an argument that names features, each of them is one.
//!
//! ```text
//! cargo bench --bench figures -- flags                        every argument of config/default.toml
//! ZAPTOR_BENCH_FLAGS='--a --b=c' cargo bench … -- flags        these instead, added to the list
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::sleep};
use tokio_tungstenite::{connect_async, tungstenite::Message};
use zaptor::{
    config,
    sandbox::{self, Sandbox},
};
use zaptor_actors::{
    domain::{AccountId, AccountSettings, Clock},
    session::{
        EVENT_QUEUE, Engine as _, ProfileHold, Session, SessionEvent, SessionSpec,
        browser::{BrowserEngine, SandboxAccess, Settings},
    },
};

use super::{OwnCopy, total_mib};
use crate::{Plan, http_load, node::folder, numbers::Spread, platforms::on_system, table::Table};

const PHONES: [&str; 2] = ["5511900000001", "5511900000002"];
/// Arguments to try, separated by blanks, in place of those that are in use.
const CANDIDATES: &str = "ZAPTOR_BENCH_FLAGS";
/// From ready to what is measured; what the page no longer needs is collected in between, as the engine does it when an
/// account is quiet.
const SETTLE: Duration = Duration::from_millis(1_200);
const PATIENCE: Duration = Duration::from_secs(60);
/// These name features, in a list with commas.
const FEATURES: [&str; 2] = ["--disable-features=", "--enable-features="];

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    on_system(run(plan, table));
}

/// A change of the list.
struct Variant {
    name: String,
    /// The list that is compared with the one in use.
    flags: Vec<String>,
    /// Whether something was added to it: then it is what saves.
    added: bool,
}

/// What two browsers cost, in MiB.
struct Cost {
    first: f64,
    further: f64,
}

async fn run(plan: &Plan, table: &mut Table) {
    let folder = folder();
    let engine = config::load(None, [], &config::Flags::default())
        .unwrap()
        .config
        .engine;
    let locked = config::chromium_sandbox(&engine);
    let in_use = engine.arguments(true, locked);
    let stage = Stage::set(folder.path()).await;
    stage.cost(&in_use).await; // links the accounts
    for variant in variants(&in_use) {
        let (mut first, mut further) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            let (with, other) = (stage.cost(&in_use).await, stage.cost(&variant.flags).await);
            // Without the argument it is dearer, by what it saves.
            let sign = if variant.added { -1.0 } else { 1.0 };
            first.push(sign * (other.first - with.first));
            further.push(sign * (other.further - with.further));
        }
        let (first, further) = (Spread::of(&first), Spread::of(&further));
        table.saving(&variant.name, first, further);
    }
    stage.sandbox.stop().await;
}

/// Each argument taken away, or each candidate added.
fn variants(in_use: &[String]) -> Vec<Variant> {
    if let Ok(candidates) = std::env::var(CANDIDATES) {
        let added = candidates.split_whitespace().map(|candidate| Variant {
            name: candidate.to_owned(),
            flags: with(in_use, candidate),
            added: true,
        });
        return added.collect();
    }
    let mut all = Vec::new();
    for (place, flag) in in_use.iter().enumerate() {
        // Without it nothing would start.
        if flag == "--no-sandbox" {
            continue;
        }
        let mut flags = in_use.to_vec();
        let removed = flags.remove(place);
        let features = FEATURES
            .iter()
            .find_map(|head| Some((head, removed.strip_prefix(head)?)));
        if let Some((head, features)) = features {
            let features: Vec<&str> = features.split(',').collect();
            for left_out in &features {
                let rest: Vec<&str> = features.iter().copied().filter(|name| name != left_out).collect();
                let mut flags = flags.clone();
                flags.push(format!("{head}{}", rest.join(",")));
                all.push(Variant {
                    name: format!("{head}{left_out}"),
                    flags,
                    added: false,
                });
            }
        } else {
            all.push(Variant {
                name: removed,
                flags,
                added: false,
            });
        }
    }
    all
}

/// The list with one more argument: of two of the same name Chromium takes the last, and features are one argument.
fn with(in_use: &[String], candidate: &str) -> Vec<String> {
    let mut flags = in_use.to_vec();
    let head = FEATURES.iter().find(|head| candidate.starts_with(**head));
    match head.and_then(|head| {
        flags
            .iter_mut()
            .find(|flag| flag.starts_with(head))
            .map(|flag| (head, flag))
    }) {
        Some((head, flag)) => {
            flag.push(',');
            flag.push_str(&candidate[head.len()..]);
        }
        None => flags.push(candidate.to_owned()),
    }
    flags
}

/// A sandbox with two phones, and a browser of our own.
struct Stage {
    folder: PathBuf,
    sandbox: Sandbox,
    program: PathBuf,
}

impl Stage {
    async fn set(folder: &Path) -> Self {
        let sandbox = sandbox::start(sandbox::Settings::in_dir(&folder.join("sandbox")))
            .await
            .unwrap();
        let stage = Self {
            program: OwnCopy::below(folder).headless_shell(),
            folder: folder.to_owned(),
            sandbox,
        };
        for phone in PHONES {
            stage
                .post("/phones".to_owned(), json!({"phone": phone, "name": "Bench"}))
                .await;
        }
        stage
    }

    /// A request to the sandbox, which runs on the threads that would be held up by waiting for it.
    async fn post(&self, path: String, body: Value) {
        let address = self
            .sandbox
            .url()
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap();
        let path = format!("/_/api{path}");
        let call = move || http_load::call(address, "POST", &path, "", Some(&body));
        tokio::task::spawn_blocking(call).await.unwrap();
    }

    /// Opens two accounts with these arguments, one after the other.
    async fn cost(&self, flags: &[String]) -> Cost {
        let settings = Settings {
            chromium_path: self.program.clone(),
            guard: env!("CARGO_BIN_EXE_zaptor").into(),
            agent_dir: Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/agent/dist"),
            flags: flags.to_vec(),
            sandbox: Some(SandboxAccess::new(self.sandbox.chromium_args()).unwrap()),
            ..Settings::default()
        };
        let engine = BrowserEngine::new(settings, &self.folder, Clock::system()).unwrap();
        let (mut sessions, mut totals) = (Vec::new(), Vec::new());
        for (number, phone) in (1_u128..).zip(PHONES) {
            sessions.push(self.open(&engine, AccountId::from_bits(number), phone).await);
            sleep(SETTLE).await;
            let processes: Vec<u32> = sessions.iter().flat_map(|session| session.processes()).collect();
            totals.push(total_mib(&processes));
        }
        for session in sessions {
            session.close().await;
        }
        engine.shut_down().await;
        Cost {
            first: totals[0],
            further: totals[1] - totals[0],
        }
    }

    async fn open(&self, engine: &BrowserEngine, account: AccountId, phone: &str) -> Box<dyn Session> {
        let profile = self.folder.join("profiles").join(account.to_string());
        let (sender, mut events) = mpsc::channel(EVENT_QUEUE);
        let spec = SessionSpec {
            account,
            generation: 1,
            profile: profile.clone(),
            settings: AccountSettings::default(),
            hold: ProfileHold::default(),
        };
        let session = engine.open(spec, sender).await.unwrap();
        let ready = async {
            loop {
                match events.recv().await.expect("the session lives") {
                    SessionEvent::Pairing { code, .. } => {
                        self.post(format!("/phones/{phone}/scan"), json!({ "code": code }))
                            .await;
                    }
                    SessionEvent::Ready(_) => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("it links");
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        sleep(SETTLE).await;
        tidy(&profile).await;
        session
    }
}

/// Has the page give back what it no longer needs, as the engine does.
async fn tidy(profile: &Path) {
    let port = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
    let address = format!("127.0.0.1:{}", port.lines().next().unwrap());
    let target = address.parse().unwrap();
    let pages = move || http_load::call(target, "GET", "/json/list", "", None);
    let (_, pages) = tokio::task::spawn_blocking(pages).await.unwrap();
    let mut pages = pages.as_array().unwrap().iter();
    let page = pages.find(|target| target["type"] == "page").unwrap();
    let socket = format!("ws://{address}/devtools/page/{}", page["id"].as_str().unwrap());
    let (mut socket, _) = connect_async(socket).await.unwrap();
    let order = json!({ "id": 1, "method": "HeapProfiler.collectGarbage" });
    socket.send(Message::text(order.to_string())).await.unwrap();
    let _ = socket.next().await;
}
