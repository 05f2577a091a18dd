//! The outbox: what is claimed by whom, in which order, and how it ends.

use std::time::Duration;

use std::collections::HashSet;

use zaptor_actors::{
    domain::{AccountState, MessageStatus, Priority, Tokens, message::Ack},
    outbox::{self, NewMessage, Outcome},
    store::{
        StateChange, accounts,
        round_trips::{self, RoundTrip},
    },
};

use super::Bench;

pub(super) async fn rows_are_claimed_by_lane_then_age_and_a_chat_keeps_its_order(bench: &Bench) {
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

pub(super) async fn a_stale_epoch_writes_nothing(bench: &Bench) {
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

pub(super) async fn what_a_dead_generation_left_is_adopted(bench: &Bench) {
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

pub(super) async fn acks_only_rise(bench: &Bench) {
    use MessageStatus::{Played, Read, Sending, Sent};
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
    assert_eq!(statuses, [Sending, Sent, Read, Played]);
}

pub(super) async fn expiry_and_cancel_end_only_what_was_not_tried(bench: &Bench) {
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

pub(super) async fn a_deleted_account_leaves_nothing_waiting(bench: &Bench) {
    let messages: Vec<NewMessage> = (0..3)
        .map(|i| bench.message(&format!("551198765432{i}")))
        .collect();
    bench.accept(messages.clone()).await.unwrap();
    let epoch = bench.epoch().await;
    let flying = bench.claim(epoch).await.unwrap().message;
    let (tenant, account, now) = (bench.tenant, bench.account, bench.clock.now());
    let stranger = bench.ids.next();
    let cancel = async |tenant| {
        let job = bench
            .store
            .write(move |tx| Box::pin(outbox::cancel_of_account(tx, tenant, account, 100, now)));
        job.await.unwrap()
    };
    assert!(cancel(stranger).await.is_empty());
    let cancelled = cancel(tenant).await;
    assert_eq!(cancelled.len(), 2);
    assert!(
        cancelled
            .iter()
            .all(|settled| settled.message != flying && settled.status == MessageStatus::Cancelled)
    );
    assert_eq!(bench.status(flying).await, MessageStatus::Sending);
    let existing = async || {
        let asked = HashSet::from([(tenant, account), (stranger, account), (tenant, bench.ids.next())]);
        let job = bench
            .store
            .write(move |tx| Box::pin(async move { accounts::existing(tx, &asked).await }));
        job.await.unwrap()
    };
    assert_eq!(existing().await, HashSet::from([(tenant, account)]));
    let delete = async |tenant| {
        let job = bench
            .store
            .write(move |tx| Box::pin(accounts::delete(tx, tenant, account, now)));
        job.await.unwrap()
    };
    assert!(!delete(stranger).await && delete(tenant).await && !delete(tenant).await);
    assert_eq!(existing().await, HashSet::new());
}

pub(super) async fn proofs_are_written_together_and_never_go_back(bench: &Bench) {
    let (tenant, account) = (bench.tenant, bench.account);
    let epoch = bench.epoch().await;
    let now = bench.clock.now();
    let proof = |after_ms: u64, epoch: i64, round_trip_ms: u64| RoundTrip {
        account,
        epoch,
        at: now.after(Duration::from_millis(after_ms)),
        evidence: Some(format!(r#"{{"round_trip_ms":{round_trip_ms}}}"#)),
    };
    let online = StateChange {
        state: AccountState::Online,
        reason: None,
        action: None,
        phone: None,
        push_name: None,
        evidence: Some(r#"{"round_trip_ms":1}"#.to_owned()),
        at: now.after(Duration::from_millis(5)),
    };
    // What is written, and after which time and by which round trip the account is known then.
    let rows: [(Vec<RoundTrip>, u64, u64); 4] = [
        (vec![proof(10, epoch, 10)], 10, 10),
        (vec![proof(20, epoch - 1, 20)], 10, 10),
        (vec![proof(9, epoch, 9)], 10, 10),
        (vec![proof(30, epoch, 30)], 30, 30),
    ];
    let said = bench
        .store
        .write(move |tx| Box::pin(async move { accounts::change_state(tx, account, epoch, &online).await }));
    said.await.unwrap();
    for (proofs, at, took) in rows {
        let noted = bench
            .store
            .write(move |tx| Box::pin(async move { round_trips::note_round_trips(tx, &proofs).await }));
        noted.await.unwrap();
        let row = bench
            .store
            .reads()
            .account(tenant, account)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.last_round_trip_at, Some(now.after(Duration::from_millis(at))));
        assert_eq!(row.evidence.unwrap()["round_trip_ms"], took);
    }
}

pub(super) async fn what_an_account_has_to_do_is_known_ahead(bench: &Bench) {
    let reads = bench.store.reads();
    let at = |seconds| bench.clock.now().after(Duration::from_secs(seconds));
    let has_work = async |by| outbox::has_work(reads, bench.account, by).await.unwrap();
    // Other tenants of this database have messages, too.
    let first = async |by| {
        let due = outbox::first_due(reads, by, 10_000).await.unwrap();
        let own = due.into_iter().find(|(account, _)| *account == bench.account);
        own.map(|(_, at)| at)
    };
    let now = bench.clock.now();
    assert!(!has_work(at(3_600)).await && first(at(3_600)).await.is_none());
    let (mut soon, mut later) = (bench.message("5511900000001"), bench.message("5511900000002"));
    (soon.send_at, later.send_at) = (Some(at(60)), Some(at(90)));
    bench.accept(vec![later, soon.clone()]).await.unwrap();
    assert!(!has_work(at(59)).await && has_work(at(60)).await);
    assert_eq!((first(at(59)).await, first(at(600)).await), (None, soon.send_at));
    let lone = bench.message("5511900000003");
    bench.accept(vec![lone.clone()]).await.unwrap();
    assert_eq!(first(now).await, Some(now));
    let epoch = bench.epoch().await;
    assert_eq!(bench.claim(epoch).await.unwrap().message, lone.id);
    assert!(has_work(now).await, "what is being sent is work");
    assert_eq!(first(now).await, None, "but not due any more");
    bench.settle(lone.id, epoch, Outcome::Sent).await.unwrap();
    assert!(!has_work(at(59)).await);
}
