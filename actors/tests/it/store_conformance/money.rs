//! Money and repeats: held once, resolved once, never below zero.

use std::{sync::Arc, time::Duration};

use zaptor_actors::{
    domain::{MessageStatus, Timestamp, Tokens},
    ledger::{self, Resolution},
    outbox::Outcome,
    store::{StoreError, idempotency},
};

use super::Bench;

pub(super) async fn money_is_held_then_posted_or_voided_exactly_once(bench: &Bench) {
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

pub(super) async fn a_wallet_never_goes_below_zero(bench: &Bench) {
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

pub(super) async fn idempotency_records_live_until_they_expire(bench: &Bench) {
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
            .write(move |tx| Box::pin(async move { idempotency::keep(tx, &[record], now) }))
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
pub(super) async fn a_failing_job_undoes_itself_alone(bench: &Bench) {
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
