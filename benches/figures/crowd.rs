//! Thousands of accounts in one process, on the simulated engine: what each takes of memory, what all take of the
//! processor while nothing happens but their probes, how long all take to start, and what one that crashes again and
//! again costs the others.
//!
//! The crowd lives in a process of its own (this program again), so that nothing else is in its figures:
//!
//! - **Memory**: resident memory of that process before the first account was created and after all of them were online
//!   and at rest, divided by their number. Everything that grew is counted: the simulated phones, SQLite's caches, what
//!   the allocator keeps.
//! - **Processor**: user and system time of that process within the window, all accounts online and probing at the
//!   default interval.
//! - **Start**: a fresh process on the folder that the first one left, from before its platform is opened until the last
//!   account is online. The simulated phones are as new as the process, so every account is linked anew within it: more
//!   work than a browser account has, whose profile keeps the link.
//! - **Crash loop**: accept → sent of a few accounts under a steady load, in turns without and with an account whose
//!   session panics whenever it is opened, and which is restarted by hand so often that no pause ever holds it back.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{AccountId, AccountSettings, Clock, EngineKind, MessageId, MessageStatus},
    platform::{CreateAccount, Settings},
    session::{
        Engine, Session, SessionError, SessionEvent, SessionSpec,
        simulated::{self, SimulatedEngine},
    },
};

use crate::{
    Plan, children,
    node::folder,
    numbers::{Spread, percentile, ratios, real},
    platforms::{House, on_system},
    processes::{cpu_seconds, resident_mib},
    table::{Aim, Table},
};

/// Begins the role of such a process.
pub(crate) const CROWD: &str = "crowd";

const ACCOUNTS: usize = 5_000;
/// How many are created at the same time.
const AT_ONCE: usize = 64;
/// After which nothing of the start is under way any more.
const SETTLE: Duration = Duration::from_secs(8);
/// How long the processor's time is counted: two rounds of probes.
const WINDOW: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(300);
/// How many accounts send, each one message after the other.
const SENDERS: usize = 8;
/// How long a sender rests after each message: a load that leaves the machine idle most of the time.
const REST: Duration = Duration::from_millis(20);
/// How long they send before the account begins, or ends, to crash.
const SLICE: Duration = Duration::from_secs(2);
/// How often it does both in one round.
const SLICES: u32 = 5;
/// How often the account that crashes is restarted by hand.
const CRASH_EVERY: Duration = Duration::from_millis(100);

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let (folder, count) = (folder(), ACCOUNTS / plan.divide);
    let told = run(&format!(
        "create {count} {} {} {}",
        WINDOW.as_secs(),
        plan.rounds,
        folder.path().display()
    ));
    let of = |told: &HashMap<String, Value>, name: &str| -> Vec<f64> {
        let values = told.get(name).and_then(Value::as_array);
        let values = values.unwrap_or_else(|| panic!("the crowd did not tell its {name}"));
        values.iter().filter_map(Value::as_f64).collect()
    };
    let alone = |values: &[f64]| Spread::of(values);
    let title = format!("{count} simulated accounts");
    table.alone(
        &format!("{title}: memory of each"),
        alone(&of(&told, "kib_each")),
        1,
        "KiB",
        Aim::AtMost(64.0),
    );
    table.alone(
        &format!("{title}: processor while idle"),
        alone(&of(&told, "idle_percent")),
        2,
        "% of a core",
        Aim::AtMost(2.0),
    );
    let (quiet, crashing) = (of(&told, "quiet_p99_ms"), of(&told, "crashing_p99_ms"));
    table.ratio(
        &format!("{title}: accept → sent p99 (ms), one crash-looping, against quiet"),
        &crashing,
        &quiet,
        Aim::AtMost(1.2),
    );
    let start = || run(&format!("start {count} {}", folder.path().display()));
    let started: Vec<_> = (0..plan.rounds).map(|_| start()).collect();
    let seconds: Vec<f64> = started
        .iter()
        .flat_map(|told| of(told, "start_seconds"))
        .collect();
    table.alone(
        &format!("{title}: start of all"),
        alone(&seconds),
        2,
        "s",
        Aim::AtMost(10.0),
    );
    [Some(&told), started.first()]
        .into_iter()
        .flatten()
        .for_each(|told| pass_on(told, table));
    let p99 = ratios(&crashing, &quiet);
    table.note(format!(
        "crowd: the p99 of {SENDERS} senders, ratio {:.2} within a round",
        p99.median
    ));
}

/// What a crowd noted goes into the table's notes.
fn pass_on(told: &HashMap<String, Value>, table: &mut Table) {
    let notes = told.get("notes").and_then(Value::as_array);
    for note in notes.into_iter().flatten().filter_map(Value::as_str) {
        table.note(format!("crowd: {note}"));
    }
}

/// Runs a crowd to its end and gives what it told.
fn run(role: &str) -> HashMap<String, Value> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    children::as_role(&mut child, &format!("{CROWD} {role}"));
    let mut child = child.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<(String, Value)>(&line).ok())
        .collect();
    let ended = child.wait().unwrap();
    assert!(ended.success(), "the crowd ended with {ended}");
    told
}

fn tell(name: &str, value: &Value) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{}", json!([name, value])).and_then(|()| out.flush());
}

/// The part of the process that lives with the crowd.
pub(crate) fn serve(role: &str) {
    let words: Vec<&str> = role.split(' ').skip(1).collect();
    let number = |at: usize| words[at].parse::<usize>().unwrap();
    match words[0] {
        "create" => {
            let window = Duration::from_secs(number(2) as u64);
            on_system(create(number(1), window, number(3), PathBuf::from(words[4])));
        }
        "start" => on_system(start(number(1), PathBuf::from(words[2]))),
        other => panic!("no such crowd: {other}"),
    }
}

/// The simulated engine, on which the sessions of one account panic while they are opened.
struct Doomed {
    engine: SimulatedEngine,
    account: Arc<parking_lot::Mutex<Option<AccountId>>>,
    crashes: Arc<AtomicU64>,
}

#[async_trait]
impl Engine for Doomed {
    fn kind(&self) -> EngineKind {
        self.engine.kind()
    }

    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError> {
        if *self.account.lock() == Some(spec.account) {
            self.crashes.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose");
        }
        self.engine.open(spec, events).await
    }

    fn keeps_profile(&self) -> bool {
        self.engine.keeps_profile()
    }

    fn is_light(&self) -> bool {
        self.engine.is_light()
    }

    async fn shut_down(&self) {
        self.engine.shut_down().await;
    }
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.rate_limit.messages_per_minute = 100_000;
    settings.rate_limit.burst = 10_000;
    settings
}

/// Phones scan and servers answer at once: what is measured is Zaptor, not the patience of people and networks.
fn engine() -> SimulatedEngine {
    let quick = simulated::Settings {
        link_after_ms: 0,
        sync_ms: 1,
        probe_ms: 0,
        ..simulated::Settings::default()
    };
    SimulatedEngine::new(quick, Clock::system())
}

fn engines(engine: impl Engine) -> HashMap<EngineKind, Arc<dyn Engine>> {
    HashMap::from([(EngineKind::Simulated, Arc::new(engine) as Arc<dyn Engine>)])
}

/// How many accounts of this process are online.
fn online() -> usize {
    let families = prometheus::gather();
    let states = families
        .iter()
        .filter(|family| family.name() == "zaptor_account_state");
    let online = states.flat_map(|family| family.get_metric()).find(|metric| {
        let labels = metric.get_label();
        labels.iter().any(|label| label.value() == "online")
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count"
    )]
    online.map_or(0, |metric| metric.get_gauge().get_value() as usize)
}

async fn until_online(count: usize) {
    let begun = Instant::now();
    while online() < count {
        assert!(begun.elapsed() < PATIENCE, "{} of {count} are online", online());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn create(count: usize, window: Duration, rounds: usize, folder: PathBuf) {
    let (account, crashes) = (Arc::default(), Arc::<AtomicU64>::default());
    let doomed = Doomed {
        engine: engine(),
        account: Arc::clone(&account),
        crashes: Arc::clone(&crashes),
    };
    let house = House::start(&folder, settings(), engines(doomed)).await;
    tokio::time::sleep(SETTLE / 4).await;
    let own = std::process::id();
    let before = resident_mib(own);
    let begun = Instant::now();
    let accounts = create_all(&house, count).await;
    until_online(count).await;
    let mut notes = vec![format!(
        "created and online after {:.1} s",
        begun.elapsed().as_secs_f64()
    )];
    tokio::time::sleep(SETTLE).await;
    let after = resident_mib(own);
    tell(
        "kib_each",
        &json!([(after - before) * 1_024.0 / real(count as u64)]),
    );
    notes.push(format!(
        "resident {before:.1} MiB without accounts, {after:.1} MiB with all of them"
    ));
    let (cpu, metrics) = (cpu_seconds(own), house.platform.store.metrics());
    let (commits, jobs) = (metrics.commits(), metrics.jobs());
    tokio::time::sleep(window).await;
    let percent = (cpu_seconds(own) - cpu) / window.as_secs_f64() * 100.0;
    tell("idle_percent", &json!([percent]));
    notes.push(format!(
        "{} commits with {} writes within {} idle seconds",
        metrics.commits() - commits,
        metrics.jobs() - jobs,
        window.as_secs()
    ));
    assert_eq!(online(), count, "all are still online");
    let victim = accounts[count - 1];
    let aim = |at: Option<AccountId>| *account.lock() = at;
    crash_loop(&house, &accounts[..SENDERS], rounds, victim, aim).await;
    notes.push(format!(
        "the crash-looping account crashed {} times in {} s",
        crashes.load(Ordering::Relaxed),
        (SLICE * SLICES).as_secs() * rounds as u64
    ));
    tell("notes", &json!(notes));
    house.platform.stop().await;
}

/// Tells the p99 of each round with nobody crashing, and with one that does, in turns so short that whatever else the
/// machine does falls on both.
async fn crash_loop(
    house: &House,
    senders: &[AccountId],
    rounds: usize,
    victim: AccountId,
    aim: impl Fn(Option<AccountId>),
) {
    load(house, senders, SLICE).await; // warm up
    let p99 = |times: Vec<f64>| percentile(&times, 0.99) * 1_000.0;
    let (mut quiet, mut crashing) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..SLICES {
            aim(None);
            without.extend(load(house, senders, SLICE).await);
            aim(Some(victim));
            let over = AtomicBool::new(false);
            let strike = async {
                with.extend(load(house, senders, SLICE).await);
                over.store(true, Ordering::Relaxed);
            };
            tokio::join!(strike, crash(house, victim, &over));
        }
        quiet.push(p99(without));
        crashing.push(p99(with));
    }
    tell("quiet_p99_ms", &json!(quiet));
    tell("crashing_p99_ms", &json!(crashing));
}

async fn create_all(house: &House, count: usize) -> Vec<AccountId> {
    stream::iter(0..count)
        .map(|number| {
            let create = CreateAccount {
                tenant: house.tenant,
                name: format!("Bench {number}"),
                engine: EngineKind::Simulated,
                labels: Vec::new(),
                settings: AccountSettings::default(),
            };
            async move { house.platform.create_account(create, None).await.unwrap().id }
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// Sends from every account in turns, gives accept → sent of each message in seconds.
async fn load(house: &House, senders: &[AccountId], time: Duration) -> Vec<f64> {
    let begun = Instant::now();
    let lanes = senders.iter().enumerate().map(|(lane, &account)| async move {
        let mut times = Vec::new();
        while begun.elapsed() < time {
            let sent = Instant::now();
            let accepted = house
                .accept(house.text(account, lane * 100 + times.len() % 100))
                .await;
            until_sent(house, accepted.id).await;
            times.push(sent.elapsed().as_secs_f64());
            tokio::time::sleep(REST).await;
        }
        times
    });
    futures::future::join_all(lanes).await.concat()
}

/// Restarts an account by hand again and again: whatever supervision would wait for is waited for by nobody.
async fn crash(house: &House, account: AccountId, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let _ = house.platform.restart_account(house.tenant, account).await;
        tokio::time::sleep(CRASH_EVERY).await;
    }
}

async fn until_sent(house: &House, message: MessageId) {
    let mut journal = house.platform.bus.journal(house.tenant);
    let wait = async {
        loop {
            let row = house.platform.store.reads().message(house.tenant, message).await;
            let status = row.unwrap().unwrap().status;
            if !matches!(status, MessageStatus::Queued | MessageStatus::Sending) {
                return;
            }
            journal.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("sent in time");
}

async fn start(count: usize, folder: PathBuf) {
    let begun = Instant::now();
    let house = House::start(Path::new(&folder), settings(), engines(engine())).await;
    let open = begun.elapsed();
    until_online(count).await;
    tell("start_seconds", &json!([begun.elapsed().as_secs_f64()]));
    let note = format!(
        "the platform was open after {:.2} s of the start",
        open.as_secs_f64()
    );
    tell("notes", &json!([note]));
    house.platform.stop().await;
}
