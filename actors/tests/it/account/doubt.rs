//! Messages whose outcome nobody knows for a while: each is looked up, and none is lost, doubled or charged twice.

use std::sync::atomic::Ordering;

use zaptor_actors::{
    domain::{AccountState as S, MessageStatus as M},
    protocol::{account::TakeScreenshot, registry::StopAll},
    session::simulated::Fault,
    store::accounts,
};

use super::{
    READ,
    house::{House, Plan, ids},
    jumpy::Verb,
};

#[actix::test]
async fn sessions_that_die_in_the_middle_lose_and_double_nothing() {
    let mut plan = Plan::default();
    plan.supervision.max_restarts = 1_000;
    let house = House::new(plan).await;
    let account = house.bench.account;
    let messages = house.accept(60).await;
    for round in 0..6 {
        let sent = (round + 1) * 6;
        house
            .until("some more were sent", async || {
                house.network.deliveries(account).len() >= sent
            })
            .await;
        let fault = match round % 3 {
            0 => Fault::DieInSend { delivered: true },
            1 => Fault::DieInSend { delivered: false },
            _ => Fault::Die,
        };
        house.network.inflict(account, fault);
    }
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(
        house.sent_times(&messages),
        vec![1; 60],
        "each was looked up before it was sent again"
    );
    let row = house.row().await;
    assert!(row.restarts >= 1 && row.epoch > row.restarts);
    house.check(60, 0).await;
}

#[actix::test]
async fn a_message_that_the_page_forgot_is_sent_again_under_its_id() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(account, Fault::DieInSend { delivered: true });
    // Nobody can look it up before it is forgotten.
    let reborn = house.halts.arm(Verb::Open);
    let messages = house.accept(1).await;
    house
        .until("it left", async || {
            house.network.times_sent(account, &messages[0].wa_id) == 1
        })
        .await;
    house
        .network
        .inflict(account, Fault::Forget(messages[0].wa_id.clone()));
    drop(reborn);
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(
        house.sent_times(&messages),
        [2],
        "the network tells copies apart by their id"
    );
    house.check(1, 0).await;
}

#[actix::test]
async fn a_lost_server_ack_is_made_up_for_by_looking_up() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    house.network.inflict(house.bench.account, Fault::DropAck);
    let messages = house.accept(3).await;
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.sent_times(&messages), [1, 1, 1]);
    assert_eq!(house.row().await.restarts, 0, "the session was never in doubt");
    house.check(3, 0).await;
}

#[actix::test]
async fn a_log_out_in_the_middle_of_a_send_leaves_nothing_in_doubt() {
    let mut plan = Plan::default();
    plan.network.ack_ms = 60_000;
    plan.network.send_deadline_ms = 60_000;
    let house = House::new(plan).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    let messages = house.accept(2).await;
    house
        .until("one is under way", async || {
            !house.network.deliveries(account).is_empty()
        })
        .await;
    house.network.unlink(account);
    house.until_state(S::LoggedOut).await;
    house.until_status(&ids(&messages)[..1], &[M::Unknown]).await;
    let row = house.row().await;
    assert!(row.reason.unwrap().contains("unlinked_by_phone") && row.action.is_some());
    house
        .until("it rests", async || house.tree().await[0].state == "stopped")
        .await;
    assert_eq!(
        house.bench.status(messages[1].id).await,
        M::Queued,
        "what was not tried waits"
    );
    house.stop(false).await;
    assert_eq!(
        house.row().await.state,
        S::LoggedOut,
        "a stop does not hide that a person is needed"
    );
    let wallet = house
        .bench
        .store
        .reads()
        .wallet(house.bench.tenant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((wallet.held.0, wallet.spent.0), (1, 0));
}

#[actix::test]
async fn what_cannot_be_asked_in_time_is_unknown_and_not_charged() {
    let mut plan = Plan::default();
    plan.account.unknown_after_seconds = 1;
    plan.supervision.max_restarts = 1_000;
    plan.supervision.backoff_base_ms = 50;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house.failures.store(u32::MAX, Ordering::SeqCst);
    house
        .network
        .inflict(house.bench.account, Fault::DieInSend { delivered: false });
    let messages = house.accept(1).await;
    house.until_status(&ids(&messages), &[M::Unknown]).await;
    assert_eq!(house.sent_times(&messages), [0]);
    house.check(0, 1).await;
}

#[actix::test]
async fn a_lost_epoch_ends_the_session_and_loses_nothing() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    let store = house.bench.store.clone();
    store
        .write(move |tx| Box::pin(accounts::take_over(tx, account)))
        .await
        .unwrap();
    house.network.inflict(account, Fault::Connection { up: false });
    house.network.inflict(account, Fault::Connection { up: true });
    house
        .until("it was made anew", async || house.tree().await[0].generation == 2)
        .await;
    let (reason, _) = house.tree().await[0].last_exit.clone().unwrap();
    assert!(reason.contains("owner"), "{reason}");
    let messages = house.accept(3).await;
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.sent_times(&messages), [1, 1, 1]);
    house.check(3, 0).await;
}

#[actix::test]
async fn the_next_process_goes_on_where_this_one_stopped() {
    let mut house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    house.registry.send(StopAll).await.unwrap();
    assert_eq!(house.row().await.state, S::Restarting);
    assert!(house.ask(TakeScreenshot).await.is_err());
    let messages = house.accept(5).await;
    assert!(
        house.try_start().await.is_err(),
        "a process that ends starts nothing any more"
    );
    house.next_registry(true).await;
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.sent_times(&messages), [1; 5]);
    house.check(5, 0).await;
}

#[actix::test]
async fn what_a_stopped_account_left_in_doubt_is_swept() {
    let mut plan = Plan::default();
    plan.account.unknown_after_seconds = 1;
    plan.supervision.backoff_base_ms = 60_000;
    plan.supervision.backoff_cap_seconds = 3_600;
    let house = House::new(plan).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(account, Fault::DieInSend { delivered: true });
    let messages = house.accept(1).await;
    house.until_state(S::Restarting).await;
    house.stop(false).await;
    assert_eq!(house.row().await.state, S::Stopped);
    house.until_status(&ids(&messages), &[M::Unknown]).await;
    house.check(0, 1).await;
}

#[actix::test]
async fn deleting_an_account_leaves_nothing_in_doubt() {
    let mut plan = Plan::default();
    plan.supervision.backoff_base_ms = 60_000;
    plan.supervision.backoff_cap_seconds = 3_600;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(house.bench.account, Fault::DieInSend { delivered: true });
    let messages = house.accept(1).await;
    house.until_state(S::Restarting).await;
    house.stop(true).await;
    assert_eq!(house.bench.status(messages[0].id).await, M::Unknown);
    house.check(0, 1).await;
}

/// With a patience that outlasts the test: whoever looks the message up instead of believing the refusal never comes to
/// the next one.
#[actix::test]
async fn a_refusal_ends_its_message_at_once_and_holds_up_nobody() {
    let mut plan = Plan::default();
    plan.account.look_up_patience_seconds = 100_000;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(house.bench.account, Fault::Refuse { dies: false });
    let messages = house.accept(2).await;
    house.until_status(&ids(&messages)[..1], &[M::Failed]).await;
    house.until_status(&ids(&messages)[1..], READ).await;
    assert_eq!(house.sent_times(&messages), [0, 1]);
    house.check(1, 1).await;
}

#[actix::test]
async fn a_refusal_that_a_generation_did_not_live_to_hear_is_found_by_the_next() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(house.bench.account, Fault::Refuse { dies: true });
    let messages = house.accept(2).await;
    house.until_status(&ids(&messages)[..1], &[M::Failed]).await;
    house.until_status(&ids(&messages)[1..], READ).await;
    assert_eq!(house.sent_times(&messages), [0, 1], "nobody sent it again");
    house.check(1, 1).await;
}
