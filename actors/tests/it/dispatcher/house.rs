//! The dispatcher with its neighbours: a real store, billing and pace; the accounts are played.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{Actor, ActorContext as _, Addr, Context, Handler, ResponseFuture};
use dashmap::DashMap;
use tokio::sync::oneshot;
use zaptor_actors::{
    billing::{self, Billing},
    dispatcher::{self, Accepted, Answer, Intake, IntakeParts, Pump, PumpParts, Refusal, Submit},
    domain::{Clock, Content, IdSource, Jid, MessageId, MessageStatus, Priority, Timestamp},
    ledger::{self, Resolution},
    outbox::{self, Outcome},
    protocol::{
        Line,
        account::{AccountError, Deliver, Delivery},
        dispatcher::{AccountReady, OutboxGrew},
        registry::To,
    },
    rate_limit::{self, RateLimit},
    store::{Settings, Store, accounts},
    supervision::{self, ChildId, ChildSpec, RestartClass, Slot, Supervise, Supervisor, starter},
};

use crate::store_conformance::Bench;

/// Answers deliveries as the test says; those that it "sends" are settled as an account would settle them.
struct Phone {
    store: Store,
    ids: Arc<IdSource>,
    clock: Clock,
    script: Arc<Mutex<Vec<Result<Delivery, AccountError>>>>,
    seen: Arc<Mutex<Vec<(MessageId, i32)>>>,
    held: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl Actor for Phone {
    type Context = Context<Self>;
}

impl Handler<To<Deliver>> for Phone {
    type Result = ResponseFuture<Result<Delivery, AccountError>>;

    fn handle(&mut self, to: To<Deliver>, _: &mut Self::Context) -> Self::Result {
        let Deliver {
            message,
            attempt,
            epoch,
            ..
        } = to.command;
        self.seen.lock().unwrap().push((message, attempt));
        let next = self.script.lock().unwrap().pop().unwrap_or(Ok(Delivery::Sent));
        let (store, ids, now) = (self.store.clone(), Arc::clone(&self.ids), self.clock.now());
        let held = self.held.lock().unwrap().take();
        Box::pin(async move {
            if let Some(held) = held {
                let _ = held.await;
            }
            if next == Ok(Delivery::Sent) {
                let job = store.write(move |tx| {
                    Box::pin(async move {
                        let settled = outbox::settle(tx, message, epoch, &Outcome::Sent, "node", now)
                            .await?
                            .unwrap();
                        ledger::resolve(
                            tx,
                            &ids,
                            settled.tenant,
                            message,
                            settled.cost,
                            Resolution::Post,
                            now,
                        )
                        .await
                    })
                });
                job.await.unwrap();
            }
            next
        })
    }
}

/// A registry that has ended.
struct Gone;

impl Actor for Gone {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<To<Deliver>> for Gone {
    type Result = Result<Delivery, AccountError>;

    fn handle(&mut self, _: To<Deliver>, _: &mut Self::Context) -> Self::Result {
        unreachable!("it has ended")
    }
}

pub(super) struct House {
    pub(super) bench: Bench,
    pub(super) intake: Intake,
    /// Whether the intake's task panics when it tells billing of a balance next.
    pub(super) panics: Arc<AtomicBool>,
    pub(super) pump: Slot<Pump>,
    /// Whether the registry is found where it has ended, once.
    pub(super) down: Arc<AtomicBool>,
    pub(super) script: Arc<Mutex<Vec<Result<Delivery, AccountError>>>>,
    pub(super) seen: Arc<Mutex<Vec<(MessageId, i32)>>>,
    /// The next delivery is answered once the sender of this is gone.
    pub(super) held: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
    _supervisor: Addr<Supervisor>,
    _folder: tempfile::TempDir,
}

async fn supervise<A: Actor<Context = Context<A>>>(
    supervisor: &Addr<Supervisor>,
    slot: &Slot<A>,
    make: impl Fn(supervision::Life) -> A + Send + Clone + 'static,
) {
    let start = starter(slot.clone(), make);
    let (name, class) = ("test", RestartClass::Permanent);
    let spec = ChildSpec {
        name,
        class,
        start,
        listener: Box::new(|_| {}),
    };
    supervisor.send(Supervise(ChildId::fresh(), spec)).await.unwrap();
}

/// A store that wakes the pump.
async fn open_store(folder: &tempfile::TempDir, pump: Slot<Pump>) -> Store {
    let url = format!("sqlite://{}/z.db", folder.path().display());
    let settings = Settings {
        url,
        ..Settings::default()
    };
    let store = Store::open(&settings, move |notice| {
        if let Some(pump) = pump.get() {
            notice
                .outboxes
                .iter()
                .for_each(|&account| pump.do_send(OutboxGrew { account }));
        }
    });
    store.await.unwrap()
}

impl House {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pump = Slot::<Pump>::default();
        let store = open_store(&folder, pump.clone()).await;
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let ids = Arc::new(IdSource::seeded(clock.clone(), 1));
        let bench = Bench::with(store.clone(), Arc::clone(&ids), clock.clone()).await;
        let one_thread = supervision::Settings {
            arbiters: 1,
            ..supervision::Settings::default()
        };
        let supervisor = Supervisor::start_with(one_thread, Clock::system(), Arc::clone(&ids)).unwrap();
        let (script, seen, held) = (Arc::default(), Arc::default(), Arc::default());
        let phone = Phone {
            store,
            ids,
            clock,
            script: Arc::clone(&script),
            seen: Arc::clone(&seen),
            held: Arc::clone(&held),
        };
        let down = Arc::<AtomicBool>::default();
        start_pump(&bench, &supervisor, &pump, registry(phone.start(), &down)).await;
        let panics = Arc::<AtomicBool>::default();
        let intake = start_intake(&bench, &supervisor, Arc::clone(&panics)).await;
        Self {
            bench,
            intake,
            panics,
            pump,
            down,
            script,
            seen,
            held,
            _supervisor: supervisor,
            _folder: folder,
        }
    }

    pub(super) fn submit(&self, to: &str) -> Submit {
        Submit {
            tenant: self.bench.tenant,
            account: self.bench.account,
            recipient: to.to_owned(),
            chat: Jid::parse(to).unwrap(),
            content: Content::text("hello"),
            priority: Priority::Normal,
            send_at: None,
            expires_at: None,
            callback_data: None,
            billed: true,
            idempotency: None,
            render: |accepted: &Accepted| format!("{} {}", accepted.id, accepted.balance.available),
        }
    }

    /// The account comes online in a new generation; gives its epoch.
    pub(super) async fn ready(&self) -> i64 {
        let account = self.bench.account;
        let epoch = self
            .bench
            .store
            .write(move |tx| Box::pin(accounts::take_over(tx, account)))
            .await
            .unwrap();
        self.say_ready(epoch);
        epoch
    }

    pub(super) fn say_ready(&self, epoch: i64) {
        let account = self.bench.account;
        self.pump.get().unwrap().do_send(AccountReady { account, epoch });
    }

    /// Gives whatever is to happen the time to.
    pub(super) async fn let_pass(&self) {
        for _ in 0..30 {
            self.bench.clock.leap(Duration::from_secs(1));
            Clock::system().sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the condition holds, for 10 seconds at most. The store and the actors run on real threads, so there
    /// is nothing to leap here but the clock that they read.
    pub(super) async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..2_000 {
            if holds().await {
                return;
            }
            self.bench.clock.leap(Duration::from_millis(100));
            Clock::system().sleep(Duration::from_millis(5)).await;
        }
        panic!("never came true: {what}");
    }

    pub(super) async fn statuses(&self) -> HashMap<MessageStatus, usize> {
        let rows = self
            .bench
            .store
            .reads()
            .messages(self.bench.tenant, &Default::default(), 1_000)
            .await
            .unwrap();
        rows.iter().fold(HashMap::new(), |mut all, row| {
            *all.entry(row.status).or_default() += 1;
            all
        })
    }
}

pub(super) fn accepted(answer: Result<Answer, Refusal>) -> Accepted {
    match answer.unwrap() {
        Answer::Accepted { accepted, .. } => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

fn registry(phone: Addr<Phone>, down: &Arc<AtomicBool>) -> Line<To<Deliver>> {
    let (gone, down) = (Gone.start(), Arc::clone(down));
    Arc::new(move || {
        if down.swap(false, Ordering::SeqCst) {
            Some(gone.clone().recipient())
        } else {
            Some(phone.clone().recipient())
        }
    })
}

async fn start_pump(
    bench: &Bench,
    supervisor: &Addr<Supervisor>,
    pump: &Slot<Pump>,
    registry: Line<To<Deliver>>,
) {
    let (pace, clock) = (Slot::default(), bench.clock.clone());
    supervise(supervisor, &pace, move |life| {
        let settings = rate_limit::Settings {
            messages_per_minute: 60,
            burst: 3,
        };
        RateLimit::new(&settings, clock.clone(), life)
    })
    .await;
    let parts = PumpParts {
        settings: dispatcher::Settings::default(),
        store: bench.store.clone(),
        ids: Arc::clone(&bench.ids),
        clock: bench.clock.clone(),
        node: "node".to_owned(),
        pace: Arc::new(move || pace.get().map(Addr::recipient)),
        registry,
        waiting: Arc::new(|| None),
        ready: Arc::new(DashMap::new()),
    };
    supervise(supervisor, pump, move |life| Pump::new(parts.clone(), life)).await;
}

async fn start_intake(bench: &Bench, supervisor: &Addr<Supervisor>, panics: Arc<AtomicBool>) -> Intake {
    let billing = Slot::default();
    let (store, ids, clock) = (bench.store.clone(), Arc::clone(&bench.ids), bench.clock.clone());
    supervise(supervisor, &billing, move |life| {
        let settings = billing::Settings {
            price_text: 1,
            low_threshold: 10,
        };
        Billing::new(settings, store.clone(), Arc::clone(&ids), clock.clone(), life)
    })
    .await;
    let (quote, moved) = (billing.clone(), billing);
    Intake::start(IntakeParts {
        settings: dispatcher::Settings::default(),
        store: bench.store.clone(),
        ids: Arc::clone(&bench.ids),
        clock: bench.clock.clone(),
        wa_secret: [7; 32],
        quote: Arc::new(move || quote.get().map(Addr::recipient)),
        balance_moved: Arc::new(move || {
            assert!(
                !panics.swap(false, Ordering::SeqCst),
                "in the intake's task, on purpose"
            );
            moved.get().map(Addr::recipient)
        }),
    })
}
