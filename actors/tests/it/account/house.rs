//! A house with everything but the browser: a real SQLite, the real dispatcher's pump, the real registry and accounts,
//! and the simulated network behind an engine that can be told to fail.

use std::{
    collections::HashMap,
    future::Future,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Actor, Addr, Context, Handler, MessageResult};
use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use zaptor_actors::{
    account::{OpeningRules, Openings, Spoken},
    dispatcher::{self, Pump, PumpParts},
    domain::{AccountState, EngineKind, IdSource, MessageId, MessageStatus, event::Event},
    forensics::Forensics,
    journal::{self, EventFilter},
    outbox::NewMessage,
    protocol::{
        Line,
        account::AccountError,
        dispatcher::OutboxGrew,
        rate_limit::{AskPace, Pace},
        registry::{ActorReport, ObserveActors, RestartAccount, StartAccount, StopAccount, To},
    },
    registry::{Registry, RegistryParts, Running},
    session::{Engine, simulated::SimulatedNetwork},
    store::{AccountRow, Settings, Store, accounts},
    supervision::{self, ChildId, ChildSpec, RestartClass, Slot, Supervise, Supervisor, starter},
    vault::{self, Directory, KeyRing, Vault},
};

pub(super) use super::plan::{Plan, STEP};
use super::{
    agent::Misfits,
    halts::Halts,
    jumpy::{Fright, panicking},
    moody::{Doors, LINK, Moody},
};
use crate::store_conformance::Bench;

/// How long anything may take before a test calls it missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lets every message go at once.
struct NoPace;

impl Actor for NoPace {
    type Context = Context<Self>;
}

impl Handler<AskPace> for NoPace {
    type Result = MessageResult<AskPace>;

    fn handle(&mut self, _: AskPace, _: &mut Context<Self>) -> Self::Result {
        MessageResult(Pace::Go)
    }
}

pub(super) struct House {
    pub(super) bench: Bench,
    pub(super) network: SimulatedNetwork,
    /// How often opening a session still fails.
    pub(super) failures: Arc<AtomicU32>,
    planted: Arc<AtomicBool>,
    pub(super) doors: Arc<Doors>,
    /// Where a session panics next.
    pub(super) fright: Fright,
    /// Where a session stands still next.
    pub(super) halts: Halts,
    /// Whose pages lack something with other files of the agent.
    pub(super) misfits: Misfits,
    pub(super) vault: Option<Vault>,
    pub(super) forensics: Forensics,
    pub(super) registry: Addr<Registry>,
    pub(super) profiles: PathBuf,
    slot: Slot<Registry>,
    parts: RegistryParts,
    supervisor: Addr<Supervisor>,
    leaps: Option<Duration>,
    _folder: tempfile::TempDir,
}

/// Finds the addressee in its slot.
fn line<A, M>(slot: &Slot<A>) -> Line<M>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: actix::Message<Result: Send> + Send + 'static,
{
    let slot = slot.clone();
    Arc::new(move || slot.get().map(Addr::recipient))
}

async fn supervise<A: Actor<Context = Context<A>>>(
    supervisor: &Addr<Supervisor>,
    slot: &Slot<A>,
    make: impl Fn(supervision::Life) -> A + Send + Clone + 'static,
) {
    let spec = ChildSpec {
        name: "test",
        class: RestartClass::Permanent,
        start: starter(slot.clone(), make),
        listener: Box::new(|_| {}),
    };
    supervisor.send(Supervise(ChildId::fresh(), spec)).await.unwrap();
}

fn pump_parts(bench: &Bench, registry: &Slot<Registry>, panics: u32) -> PumpParts {
    let pace = NoPace.start();
    PumpParts {
        settings: dispatcher::Settings {
            poll_interval: Duration::from_millis(100),
            ..dispatcher::Settings::default()
        },
        store: bench.store.clone(),
        ids: Arc::clone(&bench.ids),
        clock: bench.clock.clone(),
        node: "node".to_owned(),
        pace: Arc::new(move || Some(pace.clone().recipient())),
        registry: panicking(line(registry), panics),
        waiting: line(registry),
        ready: Arc::new(DashMap::new()),
    }
}

/// A store that wakes the pump.
async fn store(folder: &Path, nudged: Slot<Pump>, panics: u32) -> Store {
    let left = AtomicU32::new(panics);
    let settings = Settings {
        url: format!("sqlite://{}/z.db", folder.display()),
        ..Settings::default()
    };
    let store = Store::open(&settings, move |notice| {
        let panics = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(panics.is_err(), "on the store's thread, on purpose");
        if let Some(pump) = nudged.get() {
            notice
                .outboxes
                .iter()
                .for_each(|&account| pump.do_send(OutboxGrew { account }));
        }
    });
    store.await.unwrap()
}

fn vault(folder: &Path, ids: &Arc<IdSource>) -> Vault {
    let storage = Directory::open(&folder.join("vault"), Arc::clone(ids)).unwrap();
    let ring = KeyRing::kept_in(&folder.join("vault.keys"), ids).unwrap();
    let scratch = folder.join("scratch");
    Vault::new(
        vault::Settings::default(),
        Arc::new(storage),
        ring,
        scratch,
        Arc::clone(ids),
    )
}

impl House {
    pub(super) async fn new(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (pump, registry) = (Slot::<Pump>::default(), Slot::<Registry>::default());
        let store = store(folder.path(), pump.clone(), plan.listener_panics).await;
        let clock = plan.clock();
        let ids = Arc::new(IdSource::random(clock.clone()));
        let bench = Bench::with(store.clone(), Arc::clone(&ids), clock.clone()).await;
        let supervisor =
            Supervisor::start_with(plan.supervision.clone(), clock.clone(), Arc::clone(&ids)).unwrap();
        let engine = Arc::new(Moody::new(&plan, &clock, folder.path()));
        let vault = plan.keeps.then(|| vault(folder.path(), &ids));
        let parts = pump_parts(&bench, &registry, plan.pump_panics);
        supervise(&supervisor, &pump, move |life| Pump::new(parts.clone(), life)).await;
        let profiles = folder.path().join("profiles");
        let forensics = Forensics::new(folder.path().join("forensics"), Arc::clone(&ids));
        let spoken = Spoken::default();
        let parts = RegistryParts {
            settings: plan.registry(),
            account: plan.account.clone(),
            profiles: profiles.clone(),
            vault: vault.clone(),
            forensics: forensics.clone(),
            engines: HashMap::from([(EngineKind::Simulated, Arc::clone(&engine) as Arc<dyn Engine>)]),
            store,
            ids,
            clock,
            node: "node".to_owned(),
            supervisor: supervisor.clone(),
            ready: panicking(line(&pump), plan.panics),
            unready: line(&pump),
            running: Running::default(),
            openings: Openings::new(OpeningRules {
                at_once: plan.at_once,
                budget_bytes: plan.budget_bytes,
            }),
            spoken: spoken.clone(),
        };
        let own = parts.clone();
        let make = move |life| Registry::new(own.clone(), life);
        supervise(&supervisor, &registry, make).await;
        Self {
            bench,
            network: engine.inner.network(),
            failures: Arc::clone(&engine.failures),
            planted: Arc::clone(&engine.planted),
            doors: Arc::clone(&engine.doors),
            fright: engine.fright.clone(),
            halts: engine.halts.clone(),
            misfits: engine.misfits.clone(),
            vault,
            forensics,
            registry: registry.get().unwrap(),
            profiles,
            slot: registry,
            parts,
            supervisor,
            leaps: plan.leaps,
            _folder: folder,
        }
    }

    /// Another registry takes the place of this one: a new generation, which knows what the last one knew, or the next
    /// process, which knows nothing but the database.
    pub(super) async fn next_registry(&mut self, next_process: bool) {
        let mut parts = self.parts.clone();
        if next_process {
            parts.running = Running::default();
        }
        supervise(&self.supervisor, &self.slot, move |life| {
            Registry::new(parts.clone(), life)
        })
        .await;
        self.registry = self.slot.get().unwrap();
    }

    /// The account as people are shown it: what is said and not written yet goes before what is written.
    pub(super) async fn known(&self) -> AccountRow {
        self.parts.spoken.over(self.row().await)
    }

    /// Keeps the database's writer busy until what it gives is dropped.
    pub(super) async fn block_writes(&self) -> oneshot::Sender<()> {
        let (free, freed) = oneshot::channel::<()>();
        let (tell_begun, begun) = oneshot::channel();
        let once = Arc::new(Mutex::new(Some((tell_begun, freed))));
        let store = self.parts.store.clone();
        actix::spawn(async move {
            let blocked = store.write(move |_| {
                let once = Arc::clone(&once);
                Box::pin(async move {
                    let Some((begun, freed)) = once.lock().take() else {
                        return Ok(());
                    };
                    let _ = begun.send(());
                    let _ = freed.await;
                    Ok(())
                })
            });
            blocked.await.unwrap();
        });
        begun.await.unwrap();
        free
    }

    /// Polls a condition until it holds, within the patience of all tests.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that waits, bounded and in real time"
    )]
    pub(super) async fn until<F: Future<Output = bool>>(&self, what: &str, mut holds: impl FnMut() -> F) {
        let begin = Instant::now();
        while !holds().await {
            if begin.elapsed() > PATIENCE {
                let (row, tree) = (self.row().await, self.tree().await);
                panic!("waited {PATIENCE:?} until {what}; the account is {row:?}, its actor {tree:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(step) = self.leaps {
                self.leap(step);
            }
        }
    }

    /// Lets this much time pass at once.
    pub(super) fn leap(&self, time: Duration) {
        self.bench.clock.leap(time);
    }

    pub(super) async fn row(&self) -> AccountRow {
        let row = self
            .bench
            .store
            .reads()
            .account(self.bench.tenant, self.bench.account)
            .await;
        row.unwrap().unwrap()
    }

    /// Writes the link into the profile, as a browser does once it is linked. From now on it is looked for there.
    pub(super) fn plant_link(&self) {
        self.planted.store(true, Ordering::SeqCst);
        let link = self.profile().join(LINK);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::fs::write(link, "linked").unwrap();
    }

    pub(super) fn profile(&self) -> PathBuf {
        self.profiles.join(self.bench.account.to_string())
    }

    /// The reason that every state was published with.
    pub(super) async fn reasons(&self) -> Vec<String> {
        let events = self.events().await;
        let data = events.iter().map(|event| event.data.get());
        data.filter_map(|data| {
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            Some(data["reason"].as_str()?.to_owned())
        })
        .collect()
    }

    pub(super) async fn tree(&self) -> Vec<ActorReport> {
        self.registry.send(ObserveActors).await.unwrap()
    }

    pub(super) async fn until_state(&self, state: AccountState) {
        self.until(state.as_str(), async || self.row().await.state == state)
            .await;
    }

    pub(super) async fn until_status(&self, messages: &[MessageId], wanted: &[MessageStatus]) {
        for &message in messages {
            let what = format!("{message} is one of {wanted:?}");
            self.until(&what, async || wanted.contains(&self.bench.status(message).await))
                .await;
        }
    }

    pub(super) async fn try_start(&self) -> Result<(), AccountError> {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        self.registry
            .send(StartAccount { tenant, account })
            .await
            .unwrap()
    }

    pub(super) async fn start(&self) {
        self.try_start().await.unwrap();
    }

    pub(super) async fn restart(&self) {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        self.registry
            .send(RestartAccount { tenant, account })
            .await
            .unwrap()
            .unwrap();
    }

    /// Stops the account, as the API does: it shall not run, and does not.
    pub(super) async fn stop(&self, forget: bool) {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        let unwanted = self
            .bench
            .store
            .write(move |tx| Box::pin(accounts::set_wanted(tx, tenant, account, false)));
        unwanted.await.unwrap();
        self.registry
            .send(StopAccount { account, forget })
            .await
            .unwrap()
            .unwrap();
    }

    pub(super) async fn ask<M, T>(&self, command: M) -> Result<T, AccountError>
    where
        To<M>: actix::Message<Result = Result<T, AccountError>> + Send,
        Registry: Handler<To<M>>,
        Context<Registry>: actix::dev::ToEnvelope<Registry, To<M>>,
        M: Send + 'static,
        T: Send + 'static,
    {
        let account = self.bench.account;
        self.registry.send(To { account, command }).await.unwrap()
    }

    /// Accepts so many messages, to chats in turn.
    pub(super) async fn accept(&self, count: usize) -> Vec<NewMessage> {
        let messages: Vec<NewMessage> = (0..count)
            .map(|n| self.bench.message(&format!("55119876543{:02}", n % 7)))
            .collect();
        self.bench.accept(messages.clone()).await.unwrap();
        messages
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let all = EventFilter::default();
        journal::read(self.bench.store.reads(), self.bench.tenant, 0, &all, 10_000)
            .await
            .unwrap()
    }

    /// The states that were published, in order.
    pub(super) async fn states(&self) -> Vec<String> {
        let events = self.events().await;
        let changes = events
            .iter()
            .filter(|event| event.kind.as_str() == "account.state_changed");
        changes
            .map(|event| {
                let data: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
                data["to"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// What must hold after every test: numbers without gaps, every hold resolved once, money that adds up.
    pub(super) async fn check(&self, charged: i64, released: i64) {
        let events = self.events().await;
        for (n, event) in (1..).zip(&events) {
            assert_eq!(event.seq, n, "the journal has a gap");
        }
        let reads = self.bench.store.reads();
        let entries = reads.ledger(self.bench.tenant, None, 10_000).await.unwrap();
        let count = |kind: &str| entries.iter().filter(|entry| entry.kind == kind).count();
        assert_eq!(count("post") as i64, charged, "charged messages");
        assert_eq!(count("void") as i64, released, "released messages");
        assert_eq!(count("hold") as i64, charged + released, "every hold is resolved");
        let wallet = reads.wallet(self.bench.tenant).await.unwrap().unwrap();
        assert_eq!((wallet.held.0, wallet.spent.0), (0, charged));
        assert_eq!(wallet.available.0 + wallet.spent.0, wallet.issued.0);
    }

    /// The network saw each of these so many times.
    pub(super) fn sent_times(&self, messages: &[NewMessage]) -> Vec<u32> {
        let times = |message: &NewMessage| self.network.times_sent(self.bench.account, &message.wa_id);
        messages.iter().map(times).collect()
    }
}

pub(super) fn ids(messages: &[NewMessage]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}
