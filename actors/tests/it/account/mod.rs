//! The whole account on a real database and the simulated network: linking, sending, every way to die, and what must
//! hold afterwards.

pub(crate) mod agent;
mod doubt;
mod gap;
mod halts;
mod hibernation;
mod house;
mod jumpy;
mod linking;
mod memory;
mod moody;
mod openings;
mod panics;
mod plan;
mod profile;
mod repair;
mod starting;
mod waking;

use std::{os::unix::fs::PermissionsExt as _, sync::atomic::Ordering, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use zaptor_actors::{
    domain::{AccountState as S, MessageStatus as M, Phone},
    protocol::account::{AccountError, GetPairing, LogOut, TakeScreenshot},
    session::simulated::Fault,
};

use self::house::{House, Plan, ids};

const READ: &[M] = &[M::Read];

#[actix::test]
async fn an_account_links_comes_online_sends_and_receives() {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    let house = House::new(plan).await;
    let account = house.bench.account;
    house.until_state(S::Pairing).await;
    let pairing = house.ask(GetPairing).await.unwrap();
    assert_eq!(pairing.attempt, 1);
    assert!(matches!(
        house.ask(LogOut).await,
        Err(AccountError::WrongState(_))
    ));
    assert!(house.ask(TakeScreenshot).await.unwrap().starts_with(b"\x89PNG"));
    let waiting = house.accept(20).await;
    assert!(
        house
            .network
            .scan(&pairing.code, &Phone::parse("5511912345678").unwrap(), "Ana")
    );
    house.until_status(&ids(&waiting), READ).await;
    for n in 0..20 {
        let from = Phone::parse("5511955555555").unwrap();
        house.network.write(account, &from, "Bia", &format!("{n}"));
    }
    house
        .until("20 messages came in", async || {
            let events = house.events().await;
            events
                .iter()
                .filter(|event| event.kind.as_str() == "message.received")
                .count()
                == 20
        })
        .await;
    let row = house.row().await;
    assert_eq!(row.phone.unwrap().as_str(), "5511912345678");
    assert_eq!(row.push_name.as_deref(), Some("Ana"));
    assert!(row.last_round_trip_at.is_some());
    assert_eq!(
        house.states().await,
        ["starting", "pairing", "syncing", "syncing", "online"]
    );
    assert!(house.sent_times(&waiting).iter().all(|&times| times == 1));
    assert!(matches!(
        house.ask(GetPairing).await,
        Err(AccountError::NotPairing)
    ));
    let profile = std::fs::metadata(house.profiles.join(account.to_string())).unwrap();
    assert_eq!(profile.permissions().mode() & 0o777, 0o700);
    let events = house.events().await;
    assert!(
        events
            .iter()
            .all(|event| !event.data.get().contains(&pairing.code)),
        "a code is never published"
    );
    for kind in ["message.sent", "message.delivered", "message.read"] {
        assert_eq!(
            events.iter().filter(|event| event.kind.as_str() == kind).count(),
            20,
            "{kind}"
        );
    }
    house.check(20, 0).await;
}

#[actix::test]
async fn a_panic_in_the_accounts_own_turn_costs_a_moment() {
    let house = House::new(Plan {
        panics: 2,
        ..Plan::default()
    })
    .await;
    let messages = house.accept(10).await;
    house.until_status(&ids(&messages), READ).await;
    let tree = house.tree().await;
    assert_eq!(
        (tree[0].state, tree[0].generation, tree[0].restarts),
        ("running", 3, 2)
    );
    let (reason, _) = tree[0].last_exit.clone().unwrap();
    assert!(reason.contains("panic"), "{reason}");
    assert!(house.states().await.contains(&"restarting".to_owned()));
    assert_eq!(house.sent_times(&messages), vec![1; 10]);
    house.check(10, 0).await;
}

#[actix::test]
async fn an_account_that_dies_while_nothing_can_be_written_is_not_shown_as_before() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    let blocked = house.block_writes().await;
    house.network.inflict(house.bench.account, Fault::Die);
    house
        .until("it is shown that it died", async || {
            house.known().await.state == S::Restarting
        })
        .await;
    let (row, known) = (house.row().await, house.known().await);
    assert_eq!(row.state, S::Online, "nothing can be written");
    assert!(known.since > row.since && known.reason.is_some(), "{known:?}");
    assert_eq!(known.evidence.unwrap()["generation"], 1);
    drop(blocked);
    house
        .until("it is back", async || {
            let row = house.row().await;
            row.epoch == 2 && row.state == S::Online
        })
        .await;
    let (row, known) = (house.row().await, house.known().await);
    assert_eq!((known.state, known.since), (row.state, row.since));
}

#[actix::test]
async fn a_crash_loop_ends_in_failed_and_recovers() {
    let mut plan = Plan::default();
    plan.supervision.max_restarts = 3;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house.failures.store(6, Ordering::SeqCst);
    house.network.inflict(house.bench.account, Fault::Die);
    let messages = house.accept(1).await;
    house.until_status(&ids(&messages), READ).await;
    let states = house.states().await;
    assert!(states.contains(&"failed".to_owned()), "{states:?}");
    house.until_state(S::Online).await;
    house.check(1, 0).await;
}

#[actix::test]
async fn a_start_that_is_not_over_keeps_the_next_one_waiting_and_is_the_reason_told() {
    let mut plan = Plan::default();
    plan.account.open_deadline_seconds = 1;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    *house.doors.lingering.lock().unwrap() = Some(Vec::new());
    house.failures.store(1, Ordering::SeqCst);
    house.network.inflict(house.bench.account, Fault::Die);
    let told = async || {
        let reasons = house.reasons().await;
        reasons.iter().any(|reason| reason.contains("still in use"))
    };
    house.until("it says that the profile is in use", told).await;
    assert_eq!(
        house.doors.opened.lock().unwrap().len(),
        1,
        "nobody else was let in"
    );
    house.doors.lingering.lock().unwrap().take();
    house.until_state(S::Online).await;
}

#[actix::test]
async fn a_restart_by_hand_tries_a_failed_account_at_once() {
    let mut plan = Plan::default();
    plan.supervision.max_restarts = 1;
    plan.supervision.backoff_base_ms = 60_000;
    plan.supervision.backoff_cap_seconds = 3_600;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house.failures.store(1, Ordering::SeqCst);
    house.network.inflict(house.bench.account, Fault::Die);
    house.until_state(S::Restarting).await;
    house.restart().await;
    house
        .until("it backs off again", async || {
            house.tree().await[0].state == "backing_off"
        })
        .await;
    house.start().await;
    house.until_state(S::Online).await;
}

#[actix::test]
async fn a_stopped_account_keeps_its_messages_until_it_is_started() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    house.stop(false).await;
    assert_eq!(house.row().await.state, S::Stopped);
    assert_eq!(house.tree().await[0].state, "stopped");
    house.stop(false).await;
    let messages = house.accept(5).await;
    assert!(matches!(
        house.ask(TakeScreenshot).await,
        Err(AccountError::NotRunning)
    ));
    assert_eq!(house.sent_times(&messages), [0; 5]);
    house.start().await;
    house.start().await;
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.tree().await[0].restarts, 0, "a start by hand is no restart");
    let profile = house.profiles.join(house.bench.account.to_string());
    assert!(profile.exists());
    house.stop(true).await;
    assert!(!profile.exists() && house.tree().await.is_empty());
    house.check(5, 0).await;
}

#[actix::test]
async fn a_lost_connection_is_degraded_until_a_round_trip_is_proven() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    house.network.inflict(account, Fault::Connection { up: false });
    house.until_state(S::Degraded).await;
    let messages = house.accept(2).await;
    assert_eq!(house.sent_times(&messages), [0, 0]);
    house.network.inflict(account, Fault::Connection { up: true });
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.row().await.state, S::Online);
    assert_eq!(house.tree().await[0].generation, 1, "the session was kept");
    house.check(2, 0).await;
}

#[actix::test]
async fn a_hanging_session_is_replaced() {
    let mut plan = Plan::default();
    plan.network.command_deadline_ms = 200;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house.network.inflict(house.bench.account, Fault::Hang);
    house
        .until("it was made anew", async || house.tree().await[0].generation >= 2)
        .await;
    house.until_state(S::Online).await;
}

#[actix::test]
async fn a_page_that_hangs_while_it_shows_a_code_is_replaced() {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    plan.network.pairing_period_ms = 200;
    plan.network.command_deadline_ms = 200;
    let house = House::new(plan).await;
    house.until_state(S::Pairing).await;
    house.network.inflict(house.bench.account, Fault::Hang);
    house
        .until("it was made anew", async || house.tree().await[0].generation >= 2)
        .await;
    house.until_state(S::Pairing).await;
}

#[actix::test]
async fn a_page_that_hangs_while_it_loads_its_chats_is_replaced() {
    let mut plan = Plan::default();
    plan.network.sync_ms = 60_000;
    plan.network.command_deadline_ms = 200;
    let house = House::new(plan).await;
    house.until_state(S::Syncing).await;
    house.network.inflict(house.bench.account, Fault::Hang);
    house
        .until("it was made anew", async || house.tree().await[0].generation >= 2)
        .await;
}

#[actix::test]
async fn a_number_that_is_not_on_whatsapp_fails_and_is_not_charged() {
    let house = House::new(Plan::default()).await;
    let message = house.bench.message("5500000123456");
    house.bench.accept(vec![message.clone()]).await.unwrap();
    house.until_status(&[message.id], &[M::Failed]).await;
    let row = house
        .bench
        .store
        .reads()
        .message(house.bench.tenant, message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.error.unwrap().0, "not_on_whatsapp");
    house.check(0, 1).await;
}

#[actix::test]
async fn pairing_codes_renew_and_then_wait_for_somebody_who_asks() {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    plan.network.pairing_codes = 1;
    plan.network.pairing_period_ms = 100;
    plan.account.pairing_refreshes = 1;
    let house = House::new(plan).await;
    house
        .until("nobody scanned", async || {
            house
                .row()
                .await
                .reason
                .is_some_and(|reason| reason.contains("no code is shown"))
        })
        .await;
    let pairing = house.ask(GetPairing).await.unwrap();
    assert_eq!(pairing.attempt, 3);
    assert!(
        house
            .network
            .scan(&pairing.code, &Phone::parse("5511912345678").unwrap(), "Ana")
    );
    house.until_state(S::Online).await;
}

#[actix::test]
async fn too_many_commands_are_refused_as_busy() {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    plan.network.pairing_codes = 1;
    plan.network.pairing_period_ms = 50;
    plan.network.command_deadline_ms = 60_000;
    plan.account.pairing_refreshes = 0;
    let house = House::new(plan).await;
    house.until_state(S::Pairing).await;
    house.network.inflict(house.bench.account, Fault::Hang);
    // One too many: of 64 nobody is answered, since the session hangs.
    let mut asked: FuturesUnordered<_> = (0..65).map(|_| house.ask(TakeScreenshot)).collect();
    let limit = Duration::from_secs(30);
    let first = tokio::time::timeout(limit, asked.next())
        .await
        .expect("one is answered");
    assert!(matches!(first, Some(Err(AccountError::Busy))), "{first:?}");
    drop(asked);
    assert_eq!(
        house.tree().await[0].permits_in_use,
        64,
        "an asker that left does not take the command back"
    );
}

#[actix::test]
async fn accounts_run_on_while_the_registry_is_made_anew() {
    let mut house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    let epoch = house.row().await.epoch;
    house.next_registry(false).await;
    let messages = house.accept(3).await;
    house.until_status(&ids(&messages), READ).await;
    assert!(house.ask(TakeScreenshot).await.is_ok());
    assert_eq!(house.tree().await[0].generation, 1);
    assert_eq!(
        house.row().await.epoch,
        epoch,
        "nobody else took the account over"
    );
}

#[actix::test]
async fn operators_see_accounts_by_state() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    let messages = house.accept(1).await;
    house.until_status(&ids(&messages), READ).await;
    for line in [
        "zaptor_account_state{state=\"online\"} 1",
        "zaptor_account_state{state=\"syncing\"} 0",
        "zaptor_session_open_seconds_count 1",
        "zaptor_send_ack_seconds_count 1",
        "zaptor_actor_permits_in_use{actor=\"account\"} 0",
    ] {
        // Some are counted a moment after what they count is written.
        let counted = async || {
            let gathered = prometheus::TextEncoder::new()
                .encode_to_string(&prometheus::gather())
                .unwrap();
            gathered.lines().any(|seen| seen == line)
        };
        house.until(line, counted).await;
    }
}
