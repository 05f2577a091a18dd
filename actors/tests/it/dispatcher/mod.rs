//! Intake, billing, pace and pump together, on a real SQLite: what is accepted, what is refused, what goes out when.

mod house;

use std::{sync::atomic::Ordering, time::Duration};

use tokio::sync::oneshot;
use zaptor_actors::{
    dispatcher::{self, Answer, Cancel, IdempotencyKey, Refusal, Submit},
    domain::{MessageStatus, Tokens, event::EventType},
    journal::{self, EventFilter},
    protocol::{
        account::{AccountError, Delivery},
        dispatcher::AccountUnready,
    },
};

use crate::store_conformance::Bench;

use house::{House, accepted};

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
    assert!(spent <= 75, "150 submissions took {spent} commits");
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
async fn a_panic_in_the_intake_refuses_nobody_afterwards() {
    let house = House::new().await;
    house.panics.store(true, Ordering::SeqCst);
    // The one in hand was committed and answered before the panic; the next ones find the intake at work.
    for n in 0..3 {
        accepted(
            house
                .intake
                .submit(house.submit(&format!("551198765432{n}")))
                .await,
        );
    }
    assert!(!house.panics.load(Ordering::SeqCst), "it has panicked");
    assert_eq!(house.statuses().await.values().sum::<usize>(), 3);
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
async fn a_deleted_account_takes_nothing_and_keeps_nothing_waiting() {
    let house = House::new().await;
    let Bench {
        store,
        ids,
        clock,
        tenant,
        account,
    } = &house.bench;
    accepted(house.intake.submit(house.submit("5511987654321")).await);
    let submits = (0..50).map(|i| house.intake.submit(house.submit(&format!("55119876543{i:02}"))));
    let (answers, deleted) = futures::future::join(
        futures::future::join_all(submits),
        dispatcher::delete_account(store, ids, clock, *tenant, *account),
    )
    .await;
    assert!(deleted.unwrap());
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = |answer: &Result<Answer, Refusal>| matches!(answer, Err(Refusal::NoSuchAccount));
    assert_eq!(
        answers.iter().filter(|answer| refused(answer)).count(),
        50 - taken
    );
    assert!(refused(&house.intake.submit(house.submit("5511987654321")).await));
    assert_eq!(
        house.statuses().await,
        [(MessageStatus::Cancelled, 1 + taken)].into(),
        "what was taken before the mark went with it"
    );
    let wallet = store.reads().wallet(*tenant).await.unwrap().unwrap();
    assert_eq!((wallet.available, wallet.held), (Tokens(100), Tokens(0)));
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
async fn what_came_to_a_registry_that_had_ended_goes_out_through_the_next_one() {
    let house = House::new().await;
    house.down.store(true, Ordering::SeqCst);
    let id = accepted(house.intake.submit(house.submit("5511987654321")).await).id;
    house.ready().await;
    house
        .until("it is sent", async || {
            house.statuses().await.get(&MessageStatus::Sent) == Some(&1)
        })
        .await;
    assert_eq!(*house.seen.lock().unwrap(), [(id, 2)]);
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
    house.let_pass().await;
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
async fn a_connection_that_comes_back_during_a_send_lets_nothing_pass_before_its_end_is_known() {
    for (answer, sent) in [(Delivery::Sent, 2), (Delivery::InDoubt, 0)] {
        let house = House::new().await;
        let (release, held) = oneshot::channel();
        *house.held.lock().unwrap() = Some(held);
        house.script.lock().unwrap().push(Ok(answer));
        let first = accepted(house.intake.submit(house.submit("5511987654321")).await).id;
        let epoch = house.ready().await;
        let seen = || house.seen.lock().unwrap().clone();
        house
            .until("it is on its way", async || seen() == [(first, 1)])
            .await;
        let second = accepted(house.intake.submit(house.submit("5511987654322")).await).id;
        let account = house.bench.account;
        house.pump.get().unwrap().do_send(AccountUnready { account });
        house.say_ready(epoch);
        house.let_pass().await;
        assert_eq!(seen(), [(first, 1)]);
        drop(release);
        house.let_pass().await;
        let all = house.statuses().await.remove(&MessageStatus::Sent).unwrap_or(0);
        assert_eq!(all, sent, "{answer:?}");
        // After a doubt the account says once more that it can send.
        house.say_ready(epoch);
        house
            .until("the second one is sent", async || {
                seen() == [(first, 1), (second, 1)]
            })
            .await;
    }
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
