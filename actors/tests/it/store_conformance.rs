//! One suite over both databases: what is written together stands or falls together, numbers have no gaps, money adds
//! up, and a row is written only under the epoch that owns it.

use std::{sync::Arc, time::Duration};

use zaptor_actors::{
    domain::{
        AccountId, AccountState, Clock, Content, EngineKind, IdSource, Jid, MessageId, MessageStatus,
        Priority, TenantId, Timestamp, Tokens, WaMessageId,
        event::{EventType, NewEvent},
        message::Ack,
    },
    journal::{self, EventFilter},
    ledger::{self, Hold, Resolution},
    outbox::{self, InboundFields, NewMessage, Outcome},
    store::{Settings, StateChange, Store, StoreError, Tx, accounts, idempotency, people},
};

#[path = "../../../tests/it/support/servers.rs"]
#[expect(
    dead_code,
    reason = "the file serves several test binaries, each with what it needs"
)]
pub(crate) mod servers;

/// A database, a tenant with 100 tokens and an account.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) clock: Clock,
    pub(crate) tenant: TenantId,
    pub(crate) account: AccountId,
}

impl Bench {
    pub(crate) async fn on(url: String, seed: u64) -> Self {
        let settings = Settings {
            url,
            ..Settings::default()
        };
        let store = Store::open(&settings, |_| {}).await.unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let ids = Arc::new(IdSource::seeded(clock.clone(), seed));
        Self::with(store, ids, clock).await
    }

    pub(crate) async fn with(store: Store, ids: Arc<IdSource>, clock: Clock) -> Self {
        let (tenant, account, now) = (ids.next(), ids.next(), clock.now());
        let i = Arc::clone(&ids);
        store
            .write(move |tx| {
                Box::pin(async move {
                    people::create_tenant(tx, tenant, "Test", Tokens(10), now).await?;
                    ledger::top_up(tx, &i, tenant, Tokens(100), None, now).await?;
                    let new = accounts::NewAccount {
                        id: account,
                        tenant,
                        name: "Shop".to_owned(),
                        engine: EngineKind::Simulated,
                        labels: vec!["a".to_owned()],
                        at: now,
                    };
                    accounts::create(tx, new).await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
        Self {
            store,
            ids,
            clock,
            tenant,
            account,
        }
    }

    fn message(&self, chat: &str) -> NewMessage {
        let id: MessageId = self.ids.next();
        NewMessage {
            id,
            tenant: self.tenant,
            account: self.account,
            wa_id: WaMessageId::of(b"test", id),
            chat: Jid::parse(chat).unwrap(),
            recipient: chat.to_owned(),
            content: Content::text("Olá 'quoted' \"json\" \u{1f980} \\ \n"),
            priority: Priority::Normal,
            cost: Tokens(1),
            callback_data: None,
            send_at: None,
            expires_at: None,
        }
    }

    async fn accept(&self, messages: Vec<NewMessage>) -> Result<(), StoreError> {
        let (ids, now, tenant, account) =
            (Arc::clone(&self.ids), self.clock.now(), self.tenant, self.account);
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let total = messages.iter().map(|message| message.cost).sum();
                    ledger::reserve(tx, tenant, total)
                        .await?
                        .ok_or_else(|| StoreError::Conflict("too little".to_owned()))?;
                    outbox::accept(tx, &messages, "node", now).await?;
                    let holds: Vec<Hold> = messages
                        .iter()
                        .map(|m| Hold {
                            message: m.id,
                            amount: m.cost,
                        })
                        .collect();
                    ledger::record_holds(tx, &ids, tenant, &holds, now).await?;
                    let events: Vec<NewEvent> = messages
                        .iter()
                        .map(|m| NewEvent::new(tenant, Some(account), EventType::MessageQueued, &m.id))
                        .collect();
                    journal::append(tx, &ids, now, &events).await
                })
            })
            .await
    }

    async fn epoch(&self) -> i64 {
        let account = self.account;
        self.store
            .write(move |tx| Box::pin(accounts::take_over(tx, account)))
            .await
            .unwrap()
    }

    async fn claim(&self, epoch: i64) -> Option<outbox::Claim> {
        let (account, now) = (self.account, self.clock.now());
        self.store
            .write(move |tx| Box::pin(outbox::claim_next(tx, account, epoch, "node", now)))
            .await
            .unwrap()
    }

    async fn settle(&self, message: MessageId, epoch: i64, outcome: Outcome) -> Option<outbox::Settled> {
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let settled = outbox::settle(tx, message, epoch, &outcome, "node", now).await?;
                    if let Some(settled) = &settled {
                        let resolution = if settled.status == MessageStatus::Sent {
                            Resolution::Post
                        } else {
                            Resolution::Void
                        };
                        ledger::resolve(tx, &ids, settled.tenant, message, settled.cost, resolution, now)
                            .await?;
                    }
                    Ok(settled)
                })
            })
            .await
            .unwrap()
    }

    async fn status(&self, message: MessageId) -> MessageStatus {
        self.store
            .reads()
            .message(self.tenant, message)
            .await
            .unwrap()
            .unwrap()
            .status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    suite(format!("sqlite://{}/z.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_passes() {
    let server = tokio::task::spawn_blocking(servers::Postgres::start)
        .await
        .unwrap();
    suite(server.url()).await;
}

async fn suite(url: String) {
    // One database serves the whole suite: every case brings its own tenant, as customers do.
    let mut seed = 0;
    macro_rules! case {
        ($($name:ident),*) => {$(
            seed += 1;
            println!(concat!("  ", stringify!($name)));
            $name(&Bench::on(url.clone(), seed).await).await;
        )*};
    }
    case!(
        a_message_reads_back_as_it_was_accepted,
        events_are_numbered_without_gaps_whatever_fails_between,
        a_failing_job_undoes_itself_alone,
        money_is_held_then_posted_or_voided_exactly_once,
        a_wallet_never_goes_below_zero,
        rows_are_claimed_by_lane_then_age_and_a_chat_keeps_its_order,
        a_stale_epoch_writes_nothing,
        what_a_dead_generation_left_is_adopted,
        acks_only_rise,
        an_inbound_message_is_stored_once,
        expiry_and_cancel_end_only_what_was_not_tried,
        another_tenant_sees_nothing,
        an_account_changes_state_under_its_epoch_only,
        idempotency_records_live_until_they_expire
    );
}

async fn a_message_reads_back_as_it_was_accepted(bench: &Bench) {
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let row = bench
        .store
        .reads()
        .message(bench.tenant, message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.content, message.content);
    assert_eq!(
        (row.status, row.cost, &row.chat),
        (MessageStatus::Queued, Tokens(1), &message.chat)
    );
    let steps = bench.store.reads().steps(message.id).await.unwrap();
    assert_eq!(
        steps.len(),
        1,
        "the account is not online, and the timeline says so"
    );
    assert!(steps[0].cause.as_deref().unwrap().contains("created"));
}

async fn events_are_numbered_without_gaps_whatever_fails_between(bench: &Bench) {
    let mut tasks = Vec::new();
    for i in 0..60_i64 {
        let (store, ids, now) = (bench.store.clone(), Arc::clone(&bench.ids), bench.clock.now());
        let (tenant, account) = (bench.tenant, bench.account);
        tasks.push(tokio::spawn(async move {
            let job = store.write(move |tx: &Tx| {
                Box::pin(async move {
                    let event = NewEvent::new(tenant, Some(account), EventType::AccountStateChanged, &i);
                    journal::append(tx, &ids, now, &[event]).await?;
                    if i % 7 == 0 {
                        Err(StoreError::Failed("on purpose".to_owned()))
                    } else {
                        Ok(())
                    }
                })
            });
            job.await.is_ok()
        }));
    }
    let mut committed = 0;
    for task in tasks {
        committed += i64::from(task.await.unwrap());
    }
    assert_eq!(committed, 51);
    let events = journal::read(
        bench.store.reads(),
        bench.tenant,
        0,
        &EventFilter::default(),
        1_000,
    )
    .await
    .unwrap();
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=committed).collect::<Vec<_>>());
    assert_eq!(
        events
            .iter()
            .filter_map(|event| event.account_seq)
            .collect::<Vec<_>>(),
        seqs
    );
    assert_eq!(
        journal::head(bench.store.reads(), bench.tenant).await.unwrap(),
        committed
    );
    let page = journal::read(bench.store.reads(), bench.tenant, 10, &EventFilter::default(), 5)
        .await
        .unwrap();
    assert_eq!(
        page.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [11, 12, 13, 14, 15]
    );
}

async fn a_failing_job_undoes_itself_alone(bench: &Bench) {
    let good = bench.message("5511987654321");
    let bad = bench.message("5511987654322");
    let panicking = bench
        .store
        .write::<(), _>(|_| Box::pin(async { panic!("on purpose") }));
    let twice = bench.accept(vec![bad.clone(), bad.clone()]);
    let (first, second, third) = tokio::join!(bench.accept(vec![good.clone()]), twice, panicking);
    first.unwrap();
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
    assert!(matches!(third, Err(StoreError::Failed(_))), "{third:?}");
    assert_eq!(bench.status(good.id).await, MessageStatus::Queued);
    assert!(
        bench
            .store
            .reads()
            .message(bench.tenant, bad.id)
            .await
            .unwrap()
            .is_none()
    );
    let wallet = bench.store.reads().wallet(bench.tenant).await.unwrap().unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(99), Tokens(1)));
}

async fn money_is_held_then_posted_or_voided_exactly_once(bench: &Bench) {
    let (a, b) = (bench.message("5511987654321"), bench.message("5511987654322"));
    bench.accept(vec![a.clone(), b.clone()]).await.unwrap();
    let epoch = bench.epoch().await;
    for _ in 0..2 {
        bench.claim(epoch).await.unwrap();
    }
    assert!(bench.settle(a.id, epoch, Outcome::Sent).await.is_some());
    let failed = Outcome::Failed {
        code: "not_on_whatsapp".to_owned(),
        detail: "no".to_owned(),
    };
    assert!(bench.settle(b.id, epoch, failed).await.is_some());
    assert!(
        bench.settle(a.id, epoch, Outcome::Sent).await.is_none(),
        "settled once"
    );
    let wallet = bench.store.reads().wallet(bench.tenant).await.unwrap().unwrap();
    assert_eq!(
        (wallet.available, wallet.held, wallet.spent),
        (Tokens(99), Tokens(0), Tokens(1))
    );
    let (ids, tenant, now) = (Arc::clone(&bench.ids), bench.tenant, bench.clock.now());
    let again = bench
        .store
        .write(move |tx| {
            Box::pin(async move {
                ledger::resolve(tx, &ids, tenant, a.id, Tokens(1), Resolution::Void, now).await
            })
        })
        .await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let kinds: Vec<String> = bench
        .store
        .reads()
        .ledger(bench.tenant, None, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|e| e.kind)
        .collect();
    assert_eq!(kinds, ["void", "post", "hold", "hold", "top_up"]);
    assert_eq!(
        bench
            .store
            .reads()
            .spent_since(bench.tenant, Timestamp::from_millis(0))
            .await
            .unwrap(),
        Tokens(1)
    );
}

async fn a_wallet_never_goes_below_zero(bench: &Bench) {
    let mut tasks = Vec::new();
    for i in 0..150 {
        let message = bench.message(&format!("55119876{i:05}"));
        let store = bench.store.clone();
        let tenant = bench.tenant;
        let _ = message;
        tasks.push(tokio::spawn(async move {
            store
                .write(move |tx| Box::pin(ledger::reserve(tx, tenant, Tokens(1))))
                .await
                .unwrap()
                .is_some()
        }));
    }
    let mut held = 0;
    for task in tasks {
        held += i64::from(task.await.unwrap());
    }
    assert_eq!(held, 100);
    let wallet = bench.store.reads().wallet(bench.tenant).await.unwrap().unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(0), Tokens(100)));
}

async fn rows_are_claimed_by_lane_then_age_and_a_chat_keeps_its_order(bench: &Bench) {
    let first = bench.message("5511900000001");
    let second = bench.message("5511900000001");
    let other = bench.message("5511900000002");
    let mut urgent = bench.message("5511900000003");
    urgent.priority = Priority::High;
    let mut later = bench.message("5511900000004");
    later.send_at = Some(bench.clock.now().after(Duration::from_secs(60)));
    bench
        .accept(vec![
            first.clone(),
            second.clone(),
            other.clone(),
            urgent.clone(),
            later.clone(),
        ])
        .await
        .unwrap();
    let epoch = bench.epoch().await;
    assert_eq!(bench.claim(epoch).await.unwrap().message, urgent.id);
    let claim = bench.claim(epoch).await.unwrap();
    assert_eq!((claim.message, claim.attempt), (first.id, 1));
    assert_eq!(bench.status(first.id).await, MessageStatus::Sending);
    assert_eq!(
        bench.claim(epoch).await.unwrap().message,
        other.id,
        "the chat's second waits for its first"
    );
    assert!(bench.claim(epoch).await.is_none());
    let (now, wait) = (bench.clock.now(), bench.clock.now().after(Duration::from_secs(5)));
    bench
        .store
        .write(move |tx| Box::pin(outbox::give_back(tx, first.id, epoch, "no network", wait, now)))
        .await
        .unwrap();
    assert!(
        bench.claim(epoch).await.is_none(),
        "the first rests, and so does its chat"
    );
    bench.clock.leap(Duration::from_secs(6));
    let again = bench.claim(epoch).await.unwrap();
    assert_eq!((again.message, again.attempt), (first.id, 2));
    bench.settle(first.id, epoch, Outcome::Sent).await.unwrap();
    assert_eq!(bench.claim(epoch).await.unwrap().message, second.id);
    bench.clock.leap(Duration::from_secs(60));
    assert_eq!(bench.claim(epoch).await.unwrap().message, later.id);
}

async fn a_stale_epoch_writes_nothing(bench: &Bench) {
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let old = bench.epoch().await;
    let new = bench.epoch().await;
    assert!(bench.claim(old).await.is_none());
    bench.claim(new).await.unwrap();
    assert!(bench.settle(message.id, old, Outcome::Sent).await.is_none());
    let now = bench.clock.now();
    let back = bench
        .store
        .write(move |tx| Box::pin(outbox::give_back(tx, message.id, old, "x", now, now)))
        .await;
    assert!(!back.unwrap());
    assert_eq!(bench.status(message.id).await, MessageStatus::Sending);
}

async fn what_a_dead_generation_left_is_adopted(bench: &Bench) {
    let (a, b) = (bench.message("5511987654321"), bench.message("5511987654322"));
    bench.accept(vec![a.clone(), b]).await.unwrap();
    let old = bench.epoch().await;
    bench.claim(old).await.unwrap();
    let new = bench.epoch().await;
    let account = bench.account;
    let adopted = bench
        .store
        .write(move |tx| Box::pin(outbox::adopt(tx, account, new)))
        .await
        .unwrap();
    assert_eq!(
        adopted.iter().map(|claim| claim.message).collect::<Vec<_>>(),
        [a.id]
    );
    assert_eq!(adopted[0].outgoing.id, a.wa_id);
    assert!(bench.settle(a.id, old, Outcome::Sent).await.is_none());
    assert!(
        bench
            .settle(
                a.id,
                new,
                Outcome::Unknown {
                    cause: "nobody knows".to_owned()
                }
            )
            .await
            .is_some()
    );
    let wallet = bench.store.reads().wallet(bench.tenant).await.unwrap().unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(99), Tokens(1)));
}

async fn acks_only_rise(bench: &Bench) {
    use MessageStatus::{Played, Queued, Read, Sending, Sent};
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let epoch = bench.epoch().await;
    bench.claim(epoch).await.unwrap();
    let acknowledge = async |ack| {
        let (account, id, now) = (bench.account, message.wa_id.clone(), bench.clock.now());
        let job = bench
            .store
            .write(move |tx| Box::pin(async move { outbox::acknowledge(tx, account, &id, ack, now).await }));
        job.await.unwrap().map(|settled| settled.status)
    };
    assert_eq!(acknowledge(Ack::Read).await, None, "not sent yet");
    bench.settle(message.id, epoch, Outcome::Sent).await.unwrap();
    assert_eq!(acknowledge(Ack::Read).await, Some(Read));
    assert_eq!(acknowledge(Ack::Device).await, None);
    assert_eq!(acknowledge(Ack::Read).await, None);
    assert_eq!(acknowledge(Ack::Played).await, Some(Played));
    let steps = bench.store.reads().steps(message.id).await.unwrap();
    let statuses: Vec<MessageStatus> = steps.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [Queued, Sending, Sent, Read, Played]);
}

async fn an_inbound_message_is_stored_once(bench: &Bench) {
    let fields = InboundFields {
        wa_id: WaMessageId::from_wire("3A0011"),
        chat: Jid::parse("5511987654321").unwrap(),
        from: Jid::parse("5511987654321").unwrap(),
        sender_name: Some("Ana".to_owned()),
        content: Content::text("Oi"),
    };
    let mut stored = Vec::new();
    for _ in 0..2 {
        let (ids, tenant, account) = (Arc::clone(&bench.ids), bench.tenant, bench.account);
        let (fields, now) = (fields.clone(), bench.clock.now());
        let job = bench.store.write(move |tx| {
            Box::pin(async move { outbox::receive(tx, &ids, tenant, account, &fields, now).await })
        });
        stored.push(job.await.unwrap());
    }
    assert!(stored[0].is_some() && stored[1].is_none());
    let row = bench
        .store
        .reads()
        .message(bench.tenant, stored[0].unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.status, row.sender_name.as_deref()),
        (MessageStatus::Received, Some("Ana"))
    );
}

async fn expiry_and_cancel_end_only_what_was_not_tried(bench: &Bench) {
    let mut messages: Vec<NewMessage> = (0..3)
        .map(|i| bench.message(&format!("551198765432{i}")))
        .collect();
    for message in &mut messages {
        message.expires_at = Some(bench.clock.now().after(Duration::from_secs(10)));
    }
    bench.accept(messages.clone()).await.unwrap();
    let epoch = bench.epoch().await;
    let claimed = bench.claim(epoch).await.unwrap().message;
    assert_eq!(claimed, messages[0].id);
    let (tenant, now) = (bench.tenant, bench.clock.now());
    let cancel = async |id| {
        bench
            .store
            .write(move |tx| Box::pin(outbox::cancel(tx, tenant, id, now)))
            .await
            .unwrap()
    };
    assert!(cancel(messages[0].id).await.is_none(), "in flight");
    assert_eq!(
        cancel(messages[1].id).await.unwrap().status,
        MessageStatus::Cancelled
    );
    assert!(!outbox::any_expired(bench.store.reads(), now).await.unwrap());
    bench.clock.leap(Duration::from_secs(11));
    let now = bench.clock.now();
    assert!(outbox::any_expired(bench.store.reads(), now).await.unwrap());
    let expired = bench
        .store
        .write(move |tx| Box::pin(outbox::expire_due(tx, 10_000, now)))
        .await
        .unwrap();
    assert!(
        expired
            .iter()
            .any(|settled| settled.message == messages[2].id && settled.status == MessageStatus::Expired)
    );
    assert!(
        expired.iter().all(|settled| settled.message != messages[0].id),
        "in flight is left to its account"
    );
}

async fn another_tenant_sees_nothing(bench: &Bench) {
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let stranger: TenantId = bench.ids.next();
    let reads = bench.store.reads();
    assert!(reads.message(stranger, message.id).await.unwrap().is_none());
    assert!(
        reads
            .messages(stranger, &Default::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(reads.account(stranger, bench.account).await.unwrap().is_none());
    assert!(reads.accounts(stranger, None, 10).await.unwrap().is_empty());
    assert!(reads.wallet(stranger).await.unwrap().is_none());
    assert!(
        journal::read(reads, stranger, 0, &EventFilter::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let (account, now) = (bench.account, bench.clock.now());
    let deleted = bench
        .store
        .write(move |tx| Box::pin(accounts::delete(tx, stranger, account, now)))
        .await;
    assert!(!deleted.unwrap());
    let cancelled = bench
        .store
        .write(move |tx| Box::pin(outbox::cancel(tx, stranger, message.id, now)))
        .await;
    assert!(cancelled.unwrap().is_none());
}

async fn an_account_changes_state_under_its_epoch_only(bench: &Bench) {
    let old = bench.epoch().await;
    let epoch = bench.epoch().await;
    let change = |state, epoch| {
        let (account, at) = (bench.account, bench.clock.now());
        let change = StateChange {
            state,
            reason: Some("because".to_owned()),
            action: None,
            phone: Some(Some("5511987654321".parse().unwrap())),
            push_name: None,
            at,
        };
        bench.store.write(move |tx| {
            Box::pin(async move { accounts::change_state(tx, account, epoch, &change).await })
        })
    };
    assert_eq!(change(AccountState::Online, old).await.unwrap(), None);
    assert_eq!(
        change(AccountState::Online, epoch).await.unwrap(),
        Some(AccountState::Created)
    );
    let row = bench
        .store
        .reads()
        .account(bench.tenant, bench.account)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.state, row.reason.as_deref(), row.labels),
        (AccountState::Online, Some("because"), vec!["a".to_owned()])
    );
    assert!(
        bench
            .store
            .reads()
            .accounts_wanted()
            .await
            .unwrap()
            .iter()
            .any(|wanted| wanted.id == bench.account)
    );
}

async fn idempotency_records_live_until_they_expire(bench: &Bench) {
    let record = idempotency::IdempotencyRecord {
        tenant: bench.tenant,
        key: "key \"1\"".to_owned(),
        fingerprint: "f".to_owned(),
        status: 202,
        body: "{\"a\":\"é\"}".to_owned(),
        expires_at: bench.clock.now().after(Duration::from_secs(60)),
    };
    let keep = |record: idempotency::IdempotencyRecord| {
        let now = bench.clock.now();
        bench
            .store
            .write(move |tx| Box::pin(async move { idempotency::keep(tx, &[record], now).await }))
    };
    keep(record.clone()).await.unwrap();
    let find = async || {
        bench
            .store
            .reads()
            .idempotency_record(bench.tenant, &record.key, bench.clock.now())
            .await
            .unwrap()
    };
    assert_eq!(find().await.as_ref(), Some(&record));
    assert!(matches!(keep(record.clone()).await, Err(StoreError::Conflict(_))));
    bench.clock.leap(Duration::from_secs(61));
    assert_eq!(find().await, None);
    let renewed = idempotency::IdempotencyRecord {
        expires_at: bench.clock.now().after(Duration::from_secs(60)),
        ..record.clone()
    };
    keep(renewed.clone()).await.unwrap();
    assert_eq!(find().await, Some(renewed));
}
