//! When parked accounts are woken, what is kept of them in between, and what operators see of it.

use std::time::Duration;

use zaptor_actors::{
    domain::{AccountState as S, MessageStatus as M, SnapshotId},
    protocol::registry::MessagesWait,
    registry::HibernationSettings,
};

use super::{
    hibernation::{parked, parked_for},
    house::{House, Plan, STEP},
};

const SENT: &[M] = &[M::Sent, M::Delivered, M::Read];

#[actix::test]
async fn a_parked_account_is_online_when_a_scheduled_message_is_due_and_sends_it_not_before() {
    // In small steps: the wake has five seconds, however long the machine takes for it.
    let house = parked_for(Duration::from_millis(2)).await;
    let due = house.bench.clock.now().after(Duration::from_secs(300));
    let message = house.accept_at(due).await;
    let leap_to = |before: u64| {
        let to = due.before(Duration::from_secs(before));
        house.leap(to.since(house.bench.clock.now()));
    };
    leap_to(7);
    house.until("it was looked at", async || true).await;
    assert_eq!(house.row().await.state, S::Hibernated);
    leap_to(5);
    house.until_state(S::Online).await;
    assert!(house.bench.clock.now() < due, "ahead of it");
    leap_to(1);
    house.until("it was looked at", async || true).await;
    let sent = || house.sent_times(std::slice::from_ref(&message));
    assert_eq!(sent(), [0], "not before");
    leap_to(0);
    house.until_status(&[message.id], SENT).await;
    assert_eq!(sent(), [1]);
    let reasons = house.reasons().await;
    assert!(
        reasons.iter().any(|why| why.contains("ahead of a message")),
        "{reasons:?}"
    );
    house.check(1, 0).await;
}

#[actix::test]
async fn what_was_sent_meanwhile_wakes_nobody() {
    let house = parked().await;
    let epoch = house.row().await.epoch;
    let accounts = vec![house.bench.account];
    house.registry.send(MessagesWait { accounts }).await.unwrap();
    // Its next visit comes after that in any case.
    let written = house.hear("meanwhile");
    house.leap(Duration::from_secs(1_000));
    house
        .until("it looked for messages", async || {
            house.heard().await == [written.as_str()]
        })
        .await;
    house.until_state(S::Hibernated).await;
    assert_eq!(house.row().await.epoch, epoch + 1, "opened for the visit alone");
    let reasons = house.reasons().await;
    assert!(
        !reasons.iter().any(|why| why == "woken to send what waits"),
        "{reasons:?}"
    );
}

#[actix::test]
async fn a_lead_of_nothing_wakes_it_when_the_message_is_due() {
    let house = House::new(Plan {
        leaps: Some(STEP),
        hibernation: HibernationSettings {
            wake_lead_seconds: 0,
            ..HibernationSettings::default()
        },
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    house.hibernate().await.unwrap();
    let due = house.bench.clock.now().after(Duration::from_secs(300));
    let message = house.accept_at(due).await;
    house.leap(Duration::from_secs(298));
    house.until("it was looked at", async || true).await;
    assert_eq!(house.row().await.state, S::Hibernated);
    house.leap(Duration::from_secs(2));
    house.until_status(&[message.id], SENT).await;
}

/// Its newest snapshot, once everything is kept.
async fn newest(house: &House) -> SnapshotId {
    let vault = house.vault.as_ref().unwrap();
    vault.settled().await;
    vault.list(house.bench.account).await.unwrap()[0].id
}

/// Lets so much time pass, in which the parked account looks for messages once.
async fn visit(house: &House, seconds: u64) -> SnapshotId {
    look_for_messages(house, seconds).await;
    newest(house).await
}

async fn look_for_messages(house: &House, seconds: u64) {
    let naps = async || {
        let told = house.stations().await;
        told.iter().filter(|(to, _)| to == "hibernated").count()
    };
    let before = naps().await;
    house.leap(Duration::from_secs(seconds));
    house
        .until("it looked and sleeps again", async || naps().await > before)
        .await;
}

#[actix::test]
async fn a_visit_is_kept_in_a_snapshot_only_where_something_has_changed() {
    let house = House::new(Plan {
        leaps: Some(STEP),
        keeps: true,
        hibernation: HibernationSettings {
            visit_quiet_seconds: 1,
            ..HibernationSettings::default()
        },
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    house.plant_link();
    house.hibernate().await.unwrap();
    let first = newest(&house).await;
    assert_eq!(visit(&house, 1_000).await, first, "nothing came in");
    house.hear("good morning");
    let second = visit(&house, 1_000).await;
    assert!(second > first, "a message came in");
    assert_eq!(visit(&house, 1_000).await, second, "nothing more");
    house.set(serde_json::json!({"wake_every_s": 800})).await;
    let third = visit(&house, 1_000).await;
    assert!(third > second, "its settings changed");
    let sent = house.accept(1).await;
    house.until_status(&[sent[0].id], &[M::Read]).await;
    house.until_asleep().await;
    let fourth = newest(&house).await;
    assert!(fourth > third, "a message went out");
    assert_eq!(visit(&house, 1_000).await, fourth, "nothing more");
    assert!(visit(&house, 86_400).await > fourth, "it was a day old");
}

/// The value of a metric, of all series that have this label's value.
fn metric(name: &str, label: &str) -> f64 {
    let families = prometheus::gather();
    let family = families.iter().find(|family| family.name() == name);
    let series = family.map(|family| family.get_metric()).unwrap_or_default();
    let labelled = series
        .iter()
        .filter(|one| label.is_empty() || one.get_label().iter().any(|pair| pair.value() == label));
    labelled
        .map(|one| {
            let count = one.get_histogram().get_sample_count();
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let count = count as f64;
            one.get_gauge().get_value() + one.get_counter().get_value() + count
        })
        .sum()
}

#[actix::test]
async fn operators_see_who_sleeps_what_wakes_them_and_how_long_that_takes() {
    let house = parked().await;
    house
        .until("it is counted", async || {
            metric("zaptor_parked_accounts", "asked") == 1.0
        })
        .await;
    look_for_messages(&house, 1_000).await;
    house
        .until("the visit is counted", async || {
            metric("zaptor_visits_total", "done") == 1.0
        })
        .await;
    assert_eq!(metric("zaptor_wakes_total", "rotation"), 1.0);
    let sent = house.accept(1).await;
    house.until_status(&[sent[0].id], SENT).await;
    // Whoever opened it counts that once it is told so; the message may have gone by then.
    house
        .until("the wake is counted", async || {
            metric("zaptor_wakes_total", "message") == 1.0
        })
        .await;
    house.until_asleep().await;
    house.wake().await.unwrap();
    house.until_state(S::Online).await;
    house
        .until("all three were timed, and nobody sleeps", async || {
            metric("zaptor_wake_seconds", "") == 3.0 && metric("zaptor_parked_accounts", "asked") == 0.0
        })
        .await;
    assert_eq!(metric("zaptor_wakes_total", "asked"), 1.0);
}
