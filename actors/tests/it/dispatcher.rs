//! Intake, billing, pace and pump together, on a real SQLite: what is accepted, what is refused, what goes out when.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use dashmap::DashMap;
use zaptor_actors::{
    billing::{self, Billing},
    dispatcher::{
        self, Accepted, Answer, Cancel, IdempotencyKey, Intake, IntakeParts, Pump, PumpParts, Refusal, Submit,
    },
    domain::{Clock, Content, Jid, MessageId, MessageStatus, Priority, Tokens, event::EventType},
    journal::{self, EventFilter},
    ledger::{self, Resolution},
    outbox::{self, Outcome},
    protocol::{
        account::{AccountError, Deliver, Delivery},
        dispatcher::{AccountReady, OutboxGrew},
        registry::To,
    },
    rate_limit::{self, RateLimit},
    store::{Settings, Store, accounts},
    supervision::{self, ChildSpec, RestartClass, Slot, Supervise, Supervisor, starter},
};

use crate::store_conformance::Bench;

/// Answers deliveries as the test says; those that it "sends" are settled as an account would settle them.
struct Phone {
    store: Store,
    ids: Arc<zaptor_actors::domain::IdSource>,
    clock: Clock,
    script: Arc<Mutex<Vec<Result<Delivery, AccountError>>>>,
    seen: Arc<Mutex<Vec<(MessageId, i32)>>>,
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
        Box::pin(async move {
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

struct House {
    bench: Bench,
    intake: Intake,
    pump: Slot<Pump>,
    script: Arc<Mutex<Vec<Result<Delivery, AccountError>>>>,
    seen: Arc<Mutex<Vec<(MessageId, i32)>>>,
    _supervisor: Addr<Supervisor>,
    _folder: tempfile::TempDir,
}

async fn supervise<A: Actor<Context = Context<A>>>(
    supervisor: &Addr<Supervisor>,
    make: impl Fn(supervision::Life) -> A + Send + Clone + 'static,
) -> Slot<A> {
    let slot = Slot::default();
    let start = starter(slot.clone(), make);
    let spec = ChildSpec {
        name: "test",
        class: RestartClass::Permanent,
        start,
        listener: Box::new(|_| {}),
    };
    supervisor.send(Supervise(spec)).await.unwrap();
    slot
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/z.db", folder.path().display());
        let pump = Slot::<Pump>::default();
        let nudged = pump.clone();
        let settings = Settings {
            url,
            ..Settings::default()
        };
        let store = Store::open(&settings, move |notice| {
            if let Some(pump) = nudged.get() {
                notice
                    .outboxes
                    .iter()
                    .for_each(|&account| pump.do_send(OutboxGrew { account }));
            }
        });
        let store = store.await.unwrap();
        let clock = Clock::manual(zaptor_actors::domain::Timestamp::from_millis(1_000_000));
        let ids = Arc::new(zaptor_actors::domain::IdSource::seeded(clock.clone(), 1));
        let bench = Bench::with(store.clone(), Arc::clone(&ids), clock.clone()).await;
        let one_thread = supervision::Settings {
            arbiters: 1,
            ..supervision::Settings::default()
        };
        let supervisor = Supervisor::start_with(one_thread, Clock::system(), Arc::clone(&ids)).unwrap();
        let parts = (store.clone(), Arc::clone(&ids), clock.clone());
        let billing = supervise(&supervisor, move |life| {
            let (store, ids, clock) = parts.clone();
            Billing::new(
                billing::Settings {
                    price_text: 1,
                    low_threshold: 10,
                },
                store,
                ids,
                clock,
                life,
            )
        })
        .await;
        let pace_clock = clock.clone();
        let pace = supervise(&supervisor, move |life| {
            let settings = rate_limit::Settings {
                messages_per_minute: 60,
                burst: 3,
            };
            RateLimit::new(&settings, pace_clock.clone(), life)
        })
        .await;
        let (script, seen) = (Arc::default(), Arc::default());
        let phone = Phone {
            store: store.clone(),
            ids: Arc::clone(&ids),
            clock: clock.clone(),
            script: Arc::clone(&script),
            seen: Arc::clone(&seen),
        }
        .start();
        let parts = PumpParts {
            settings: dispatcher::Settings::default(),
            store: store.clone(),
            ids: Arc::clone(&ids),
            clock: clock.clone(),
            node: "node".to_owned(),
            pace: Arc::new(move || pace.get().map(Addr::recipient)),
            registry: Arc::new(move || Some(phone.clone().recipient())),
            ready: Arc::new(DashMap::new()),
        };
        let pump = {
            let start = starter(pump.clone(), move |life| Pump::new(parts.clone(), life));
            let spec = ChildSpec {
                name: "pump",
                class: RestartClass::Permanent,
                start,
                listener: Box::new(|_| {}),
            };
            supervisor.send(Supervise(spec)).await.unwrap();
            pump
        };
        let (quote, moved) = (billing.clone(), billing);
        let intake = Intake::start(IntakeParts {
            settings: dispatcher::Settings::default(),
            store,
            ids,
            clock,
            wa_secret: [7; 32],
            node: "node".to_owned(),
            quote: Arc::new(move || quote.get().map(Addr::recipient)),
            balance_moved: Arc::new(move || moved.get().map(Addr::recipient)),
        });
        Self {
            bench,
            intake,
            pump,
            script,
            seen,
            _supervisor: supervisor,
            _folder: folder,
        }
    }

    fn submit(&self, to: &str) -> Submit {
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

    async fn ready(&self) {
        let account = self.bench.account;
        let epoch = self
            .bench
            .store
            .write(move |tx| Box::pin(accounts::take_over(tx, account)))
            .await
            .unwrap();
        self.pump.get().unwrap().do_send(AccountReady { account, epoch });
    }

    /// Waits until the condition holds, for 10 seconds at most. The store and the actors run on real threads, so there
    /// is nothing to leap here but the clock that they read.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..2_000 {
            if holds().await {
                return;
            }
            self.bench.clock.leap(Duration::from_millis(100));
            Clock::system().sleep(Duration::from_millis(5)).await;
        }
        panic!("never came true: {what}");
    }

    async fn statuses(&self) -> HashMap<MessageStatus, usize> {
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

fn accepted(answer: Result<Answer, Refusal>) -> Accepted {
    match answer.unwrap() {
        Answer::Accepted { accepted, .. } => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

#[actix::test]
async fn many_share_a_commit_and_the_wallet_decides_who_fits() {
    let house = House::new().await;
    let commits = house.bench.store.metrics().commits();
    let submits = (0..150).map(|i| house.intake.submit(house.submit(&format!("55119876{i:05}"))));
    let answers = futures::future::join_all(submits).await;
    let fits = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(fits, 100, "100 tokens, 100 messages");
    let refused = answers
        .iter()
        .filter(|a| matches!(a, Err(Refusal::InsufficientTokens { .. })))
        .count();
    assert_eq!(refused, 50);
    let spent = house.bench.store.metrics().commits() - commits;
    assert!(spent <= 20, "150 submissions took {spent} commits");
    let wallet = house
        .bench
        .store
        .reads()
        .wallet(house.bench.tenant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(0), Tokens(100)));
    let mut balances: Vec<i64> = answers
        .into_iter()
        .flatten()
        .map(|a| accepted(Ok(a)).balance.available.0)
        .collect();
    balances.sort_unstable();
    assert_eq!(
        balances,
        (0..100).collect::<Vec<_>>(),
        "each answer shows the wallet right after its own hold"
    );
    let warned = EventFilter {
        kinds: vec![EventType::WalletExhausted],
        accounts: vec![],
    };
    house
        .until("the tenant is warned once", async || {
            let reads = house.bench.store.reads();
            journal::read(reads, house.bench.tenant, 0, &warned, 10)
                .await
                .unwrap()
                .len()
                == 1
        })
        .await;
}

#[actix::test]
async fn a_key_gives_one_message_however_often_it_comes() {
    let house = House::new().await;
    let keyed = |fingerprint: &str| {
        let idempotency = IdempotencyKey {
            key: "order-1".to_owned(),
            fingerprint: fingerprint.to_owned(),
        };
        Submit {
            idempotency: Some(idempotency),
            ..house.submit("5511987654321")
        }
    };
    let answers = futures::future::join_all((0..50).map(|_| house.intake.submit(keyed("a")))).await;
    let mut bodies = Vec::new();
    for answer in answers {
        match answer {
            Ok(Answer::Accepted { body, .. } | Answer::Replayed { body, status: 202 }) => bodies.push(body),
            Err(Refusal::IdempotencyInProgress) => {}
            other => panic!("{other:?}"),
        }
    }
    for _ in 0..50 {
        match house.intake.submit(keyed("a")).await.unwrap() {
            Answer::Replayed { body, .. } => bodies.push(body),
            Answer::Accepted { .. } => panic!("a second message"),
        }
    }
    assert!(bodies.len() > 50 && bodies.iter().all(|body| *body == bodies[0]));
    assert!(matches!(
        house.intake.submit(keyed("b")).await,
        Err(Refusal::IdempotencyKeyReused)
    ));
    assert_eq!(house.statuses().await.values().sum::<usize>(), 1);
    house.bench.clock.leap(Duration::from_secs(24 * 3_600 + 1));
    accepted(house.intake.submit(keyed("b")).await);
}

#[actix::test]
async fn a_stranger_cannot_use_an_account() {
    let house = House::new().await;
    let stranger = Submit {
        tenant: house.bench.ids.next(),
        ..house.submit("5511987654321")
    };
    assert!(matches!(
        house.intake.submit(stranger).await,
        Err(Refusal::NoSuchAccount)
    ));
    accepted(house.intake.submit(house.submit("5511987654321")).await);
    let again = Submit {
        tenant: house.bench.ids.next(),
        ..house.submit("5511987654321")
    };
    assert!(matches!(
        house.intake.submit(again).await,
        Err(Refusal::NoSuchAccount)
    ));
}

#[actix::test]
async fn what_waits_goes_out_in_order_and_at_its_pace_once_the_account_is_ready() {
    let house = House::new().await;
    let mut order = Vec::new();
    for i in 0..8 {
        order.push(
            accepted(
                house
                    .intake
                    .submit(house.submit(&format!("551198765432{i}")))
                    .await,
            )
            .id,
        );
    }
    assert!(house.seen.lock().unwrap().is_empty());
    let start = house.bench.clock.now();
    house.ready().await;
    house
        .until("all are sent", async || {
            house.statuses().await.get(&MessageStatus::Sent) == Some(&8)
        })
        .await;
    assert_eq!(
        house
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|(id, _)| *id)
            .collect::<Vec<_>>(),
        order
    );
    let took = house.bench.clock.now().since(start);
    assert!(
        took >= Duration::from_secs(5),
        "3 at once, then one each second: {took:?}"
    );
    let wallet = house
        .bench
        .store
        .reads()
        .wallet(house.bench.tenant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (wallet.available, wallet.held, wallet.spent),
        (Tokens(92), Tokens(0), Tokens(8))
    );
}

#[actix::test]
async fn what_an_account_did_not_take_comes_back() {
    let house = House::new().await;
    house
        .script
        .lock()
        .unwrap()
        .push(Err(AccountError::WrongState("it is degraded".to_owned())));
    let id = accepted(house.intake.submit(house.submit("5511987654321")).await).id;
    house.ready().await;
    house
        .until("it is sent", async || {
            house.statuses().await.get(&MessageStatus::Sent) == Some(&1)
        })
        .await;
    assert_eq!(*house.seen.lock().unwrap(), [(id, 1), (id, 2)]);
    let steps = house.bench.store.reads().steps(id).await.unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step.cause.as_deref() == Some("it is degraded")),
        "{steps:?}"
    );
}

#[actix::test]
async fn a_doubt_closes_the_lane_until_the_account_is_ready_again() {
    let house = House::new().await;
    house.script.lock().unwrap().push(Ok(Delivery::InDoubt));
    let doubtful = accepted(house.intake.submit(house.submit("5511987654321")).await).id;
    house.ready().await;
    house
        .until("it was tried", async || !house.seen.lock().unwrap().is_empty())
        .await;
    let later = accepted(house.intake.submit(house.submit("5511987654322")).await).id;
    for _ in 0..30 {
        house.bench.clock.leap(Duration::from_secs(1));
        Clock::system().sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        house.seen.lock().unwrap().len(),
        1,
        "nothing passes while there is doubt"
    );
    house.ready().await;
    house
        .until("the later one is sent", async || {
            house.statuses().await.get(&MessageStatus::Sent) == Some(&1)
        })
        .await;
    assert_eq!(
        *house.seen.lock().unwrap(),
        [(doubtful, 1), (later, 1)],
        "the doubtful one is left to its account"
    );
}

#[actix::test]
async fn what_waits_too_long_expires_and_costs_nothing() {
    let house = House::new().await;
    let mut submit = house.submit("5511987654321");
    submit.expires_at = Some(house.bench.clock.now().after(Duration::from_secs(30)));
    let id = accepted(house.intake.submit(submit).await).id;
    house
        .until("it expired", async || {
            house.statuses().await.get(&MessageStatus::Expired) == Some(&1)
        })
        .await;
    let wallet = house
        .bench
        .store
        .reads()
        .wallet(house.bench.tenant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(100), Tokens(0)));
    let Bench {
        store,
        ids,
        clock,
        tenant,
        ..
    } = &house.bench;
    let again = dispatcher::cancel(store, ids, clock, *tenant, id).await.unwrap();
    assert_eq!(again, Cancel::TooLate(MessageStatus::Expired));
    let kept = accepted(house.intake.submit(house.submit("5511987654321")).await).id;
    assert_eq!(
        dispatcher::cancel(store, ids, clock, *tenant, kept)
            .await
            .unwrap(),
        Cancel::Done
    );
    let ended = EventFilter {
        kinds: vec![EventType::MessageExpired, EventType::MessageCancelled],
        accounts: vec![],
    };
    assert_eq!(
        journal::read(store.reads(), *tenant, 0, &ended, 10)
            .await
            .unwrap()
            .len(),
        2
    );
}
