//! Parked accounts: who sleeps, what wakes them, and that nothing is lost or doubled over it, in either direction.

use std::time::Duration;

use zaptor_actors::{
    domain::{AccountState as S, HibernationCause, MessageStatus as M, Phone, Timestamp, WaMessageId},
    outbox::NewMessage,
    protocol::{
        account::{AccountError, LogOut, TakeScreenshot},
        registry::{HibernateAccount, MakeRoom, SettingsChanged, WakeAccount},
    },
    registry::HibernationSettings,
    session::simulated::Fault,
    store::accounts::{self, Description},
};

use super::{
    house::{House, Plan, STEP, ids},
    jumpy::Verb,
};

const SENT: &[M] = &[M::Sent, M::Delivered, M::Read];

impl House {
    pub(super) async fn hibernate(&self) -> Result<(), AccountError> {
        self.park(HibernationCause::Asked).await
    }

    pub(super) async fn park(&self, why: HibernationCause) -> Result<(), AccountError> {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        let hibernate = HibernateAccount { tenant, account, why };
        self.registry.send(hibernate).await.unwrap()
    }

    /// Lets time pass until it sleeps, however late what it did last is noted.
    pub(super) async fn until_asleep(&self) {
        self.until("it sleeps", async || {
            let asleep = self.row().await.state == S::Hibernated;
            if !asleep {
                self.leap(Duration::from_secs(1));
            }
            asleep
        })
        .await;
    }

    pub(super) async fn wake(&self) -> Result<(), AccountError> {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        self.registry.send(WakeAccount { tenant, account }).await.unwrap()
    }

    /// Changes the account's own settings, as the API does.
    pub(super) async fn set(&self, settings: serde_json::Value) {
        let (tenant, account) = (self.bench.tenant, self.bench.account);
        let description = Description {
            settings: Some(serde_json::from_value(settings).unwrap()),
            name: None,
            labels: None,
            proxy_password: None,
            at: self.bench.clock.now(),
        };
        let change = self
            .bench
            .store
            .write(move |tx| Box::pin(accounts::describe(tx, tenant, account, description)));
        change.await.unwrap();
        let changed = SettingsChanged { tenant, account };
        self.registry.send(changed).await.unwrap().unwrap();
    }

    /// A customer writes.
    pub(super) fn hear(&self, text: &str) -> WaMessageId {
        let from = Phone::parse("5511955555555").unwrap();
        self.network.write(self.bench.account, &from, "Bia", text)
    }

    /// The ids of what came in, in the order in which it was told.
    pub(super) async fn heard(&self) -> Vec<String> {
        let events = self.events().await;
        let received = events
            .iter()
            .filter(|event| event.kind.as_str() == "message.received");
        let ids = received.map(|event| {
            let data: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
            data["wa_message_id"].as_str().unwrap().to_owned()
        });
        ids.collect()
    }

    /// Every state since this many, with its reason.
    pub(super) async fn stations(&self) -> Vec<(String, String)> {
        let events = self.events().await;
        let changes = events
            .iter()
            .filter(|event| event.kind.as_str() == "account.state_changed");
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        changes
            .map(|event| {
                let data: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
                (text(&data["to"]), text(&data["reason"]))
            })
            .collect()
    }

    pub(super) async fn accept_at(&self, send_at: Timestamp) -> NewMessage {
        let mut message = self.bench.message("5511987654321");
        message.send_at = Some(send_at);
        self.bench.accept(vec![message.clone()]).await.unwrap();
        message
    }
}

/// A house in which time leaps and accounts sleep after ten minutes.
async fn house() -> House {
    let house = House::new(Plan {
        leaps: Some(STEP),
        hibernation: HibernationSettings {
            after_seconds: 600,
            ..HibernationSettings::default()
        },
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    house
}

/// A house whose account was parked by request; it does not sleep by itself.
pub(super) async fn parked() -> House {
    parked_for(STEP).await
}

/// The same, where time leaps by so much while it is waited for.
pub(super) async fn parked_for(step: Duration) -> House {
    let house = House::new(Plan {
        leaps: Some(step),
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    house.hibernate().await.unwrap();
    assert_eq!(house.row().await.state, S::Hibernated);
    house
}

fn as_text(ids: &[WaMessageId]) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

#[actix::test]
async fn an_account_with_nothing_to_do_sleeps_and_looks_for_messages_from_time_to_time() {
    let house = house().await;
    house.leap(Duration::from_secs(590));
    assert_eq!(house.row().await.state, S::Online, "not yet");
    house.leap(Duration::from_secs(11));
    house.until_state(S::Hibernated).await;
    let meant = house.row().await.hibernation.unwrap();
    assert_eq!(meant.why, HibernationCause::Idle);
    let wait = meant.wake_at.unwrap().since(house.bench.clock.now());
    assert!((800..=1_000).contains(&wait.as_secs()), "{wait:?}");

    let written: Vec<WaMessageId> = (0..30).map(|n| house.hear(&n.to_string())).collect();
    assert_eq!(house.heard().await.len(), 0, "it sleeps");
    for round in 1..=2 {
        house.leap(Duration::from_secs(1_000));
        house
            .until("it looked and sleeps again", async || {
                let told = house.stations().await;
                let slept = told.iter().filter(|(to, _)| to == "hibernated").count();
                slept == 1 + round
            })
            .await;
        assert_eq!(house.heard().await, as_text(&written), "all, once, in order");
    }
    let told = house.stations().await;
    let visit: Vec<&str> = told[told.len() - 4..].iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(visit, ["starting", "syncing", "online", "hibernated"]);
    let why: Vec<&str> = told[told.len() - 4..]
        .iter()
        .map(|(_, why)| why.as_str())
        .collect();
    assert!(
        why[0].contains("look for messages")
            && why[2].contains("look for messages")
            && why[3].contains("nothing to do"),
        "{why:?}"
    );
    house.check(0, 0).await;
}

#[actix::test]
async fn a_message_wakes_the_account_and_it_sleeps_again() {
    let house = parked().await;
    let epoch = house.row().await.epoch;
    let messages = house.accept(5).await;
    house.until_status(&ids(&messages), SENT).await;
    assert_eq!(house.sent_times(&messages), [1; 5]);
    assert_eq!(
        house.row().await.epoch,
        epoch + 1,
        "opened once, under a new epoch"
    );
    let reasons = house.reasons().await;
    assert!(
        reasons.iter().any(|why| why == "woken to send what waits"),
        "{reasons:?}"
    );
    assert_eq!(
        house.row().await.hibernation.unwrap().wake_at,
        None,
        "awake for a moment"
    );
    house.until_asleep().await;
    assert_eq!(
        house.row().await.hibernation.unwrap().why,
        HibernationCause::Asked
    );
    house.check(5, 0).await;
}

#[actix::test]
async fn a_scheduled_message_wakes_the_account_when_it_is_due() {
    let house = parked().await;
    let now = house.bench.clock.now();
    let message = house.accept_at(now.after(Duration::from_secs(300))).await;
    house.leap(Duration::from_secs(290));
    assert_eq!(house.row().await.state, S::Hibernated);
    house.leap(Duration::from_secs(11));
    house.until_status(&[message.id], SENT).await;
    assert_eq!(house.sent_times(&[message]), [1]);
}

#[actix::test]
async fn an_account_that_is_due_to_send_in_a_moment_does_not_sleep_by_itself() {
    let house = house().await;
    let now = house.bench.clock.now();
    let message = house.accept_at(now.after(Duration::from_secs(640))).await;
    house.leap(Duration::from_secs(610));
    house.leap(Duration::from_secs(31));
    house.until_status(&[message.id], SENT).await;
    assert!(!house.states().await.contains(&"hibernated".to_owned()));
}

#[actix::test]
async fn whoever_wakes_it_keeps_it_awake_and_many_wakes_open_it_once() {
    let house = parked().await;
    let epoch = house.row().await.epoch;
    let messages = house.accept(1).await;
    let wakes = futures::future::join_all((0..20).map(|_| house.wake())).await;
    assert!(wakes.iter().all(Result::is_ok), "{wakes:?}");
    house.until_status(&ids(&messages), SENT).await;
    house.until_state(S::Online).await;
    assert_eq!(house.row().await.epoch, epoch + 1);
    assert_eq!(house.row().await.hibernation, None);
    for _ in 0..5 {
        house.leap(Duration::from_secs(1_000));
        house.until("a moment", async || true).await;
    }
    assert_eq!(house.row().await.state, S::Online);
    house.wake().await.unwrap();
    assert_eq!(house.row().await.epoch, epoch + 1, "what is awake stays as it is");
}

/// The moments of a parking at which something may come: the session is asked whether its profile is worth keeping, is
/// about to be closed, is closed and the account has not said that it sleeps; it sleeps; it is being opened again.
const MOMENTS: [Option<Verb>; 5] = [
    Some(Verb::Status),
    Some(Verb::Close),
    Some(Verb::Closed),
    None,
    Some(Verb::Open),
];

#[actix::test]
async fn messages_that_come_while_it_falls_asleep_are_neither_lost_nor_doubled() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    let (mut sent, mut written) = (Vec::new(), Vec::new());
    for moment in MOMENTS {
        let halt = moment.map(|moment| house.halts.arm(moment));
        let parking = house.hibernate();
        let speaking = async {
            written.push(house.hear("before"));
            if moment == Some(Verb::Open) {
                house.until_state(S::Hibernated).await;
                sent.extend(house.accept(1).await);
            }
            match halt {
                Some(mut halt) => halt.reached().await,
                None => house.until_state(S::Hibernated).await,
            }
            sent.extend(house.accept(1).await);
            written.push(house.hear("after"));
        };
        let (parked, ()) = futures::join!(parking, speaking);
        parked.unwrap();
        house.until_status(&ids(&sent), SENT).await;
        house.wake().await.unwrap();
        house.until_state(S::Online).await;
        house
            .until("all came in", async || house.heard().await.len() >= written.len())
            .await;
    }
    assert_eq!(house.sent_times(&sent), [1; 6]);
    assert_eq!(house.heard().await, as_text(&written));
    house.check(6, 0).await;
}

#[actix::test]
async fn what_waits_to_be_sent_is_sent_before_it_sleeps() {
    let house = House::new(Plan::default()).await;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(house.bench.account, Fault::Connection { up: false });
    house.until_state(S::Degraded).await;
    let messages = house.accept(3).await;
    house.hibernate().await.unwrap();
    assert_eq!(house.row().await.state, S::Degraded);
    assert_eq!(
        house.row().await.hibernation.unwrap().why,
        HibernationCause::Asked
    );
    house
        .network
        .inflict(house.bench.account, Fault::Connection { up: true });
    house.until_status(&ids(&messages), SENT).await;
    house.hibernate().await.unwrap();
    house.until_state(S::Hibernated).await;
    assert_eq!(house.sent_times(&messages), [1; 3]);
}

#[actix::test]
async fn the_next_process_leaves_it_asleep_and_wakes_it_in_its_time() {
    let mut house = parked().await;
    let epoch = house.row().await.epoch;
    let written = house.hear("while nobody runs");
    house.next_registry(true).await;
    house
        .until("the new registry answers", async || house.tree().await.is_empty())
        .await;
    for _ in 0..3 {
        house.leap(Duration::from_secs(2));
        house.until("a moment", async || true).await;
    }
    let row = house.row().await;
    assert_eq!(
        (row.state, row.epoch),
        (S::Hibernated, epoch),
        "not opened at the start"
    );
    house.leap(Duration::from_secs(1_000));
    house
        .until("it looked for messages", async || {
            house.heard().await == as_text(std::slice::from_ref(&written))
        })
        .await;
    house.until_state(S::Hibernated).await;
    house.next_registry(true).await;
    let messages = house.accept(2).await;
    house.until_status(&ids(&messages), SENT).await;
    assert_eq!(house.sent_times(&messages), [1; 2]);
}

#[actix::test]
async fn a_session_that_dies_while_it_is_parked_sleeps_all_the_same() {
    let house = House::new(Plan::default()).await;
    for _ in 0..10 {
        house.wake().await.ok();
        house.until_state(S::Online).await;
        let (parked, ()) = futures::join!(house.hibernate(), async {
            house.network.inflict(house.bench.account, Fault::Die);
        });
        parked.unwrap();
        house.until_state(S::Hibernated).await;
    }
}

#[actix::test]
async fn only_a_linked_account_that_is_meant_to_run_can_be_parked() {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    let house = House::new(plan).await;
    house.until_state(S::Pairing).await;
    let refused = house.hibernate().await.unwrap_err().to_string();
    assert!(refused.contains("pairing: scan the code first"), "{refused}");
    house.stop(false).await;
    let refused = house.hibernate().await.unwrap_err().to_string();
    assert!(refused.contains("start it first"), "{refused}");
    assert_eq!(house.row().await.hibernation, None);
}

#[actix::test]
async fn a_stop_ends_the_sleep_and_asking_twice_changes_nothing() {
    let house = parked().await;
    let before = house.row().await.hibernation;
    house.hibernate().await.unwrap();
    assert_eq!(house.row().await.hibernation, before);
    assert!(matches!(
        house.ask(TakeScreenshot).await,
        Err(AccountError::WrongState(why)) if why.contains("hibernated") && why.contains("/wake")
    ));
    house.stop(false).await;
    let row = house.row().await;
    assert_eq!((row.state, row.hibernation), (S::Stopped, None));
    let messages = house.accept(1).await;
    house.leap(Duration::from_secs(1_000));
    house.until("a moment", async || true).await;
    assert_eq!(
        house.row().await.state,
        S::Stopped,
        "a message wakes nobody who was stopped"
    );
    house.start().await;
    house.until_status(&ids(&messages), SENT).await;
}

#[actix::test]
async fn a_parked_account_is_woken_to_be_logged_out() {
    let house = parked().await;
    let (out, ()) = futures::join!(house.ask(LogOut), async {
        house.until_state(S::LoggedOut).await;
    });
    out.unwrap();
    assert_eq!(house.row().await.hibernation, None);
}

#[actix::test]
async fn room_is_made_by_those_that_have_nothing_to_send() {
    let house = House::new(Plan {
        leaps: Some(STEP),
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    let soon = house.bench.clock.now().after(Duration::from_secs(20));
    let message = house.accept_at(soon).await;
    let parked = house.registry.send(MakeRoom { accounts: 3 }).await.unwrap();
    assert!(parked.is_empty(), "it is about to send");
    house.leap(Duration::from_secs(21));
    house.until_status(&[message.id], SENT).await;
    // The delivery's permit is given back a moment after the message is sent.
    house
        .until("it was parked", async || {
            house.registry.send(MakeRoom { accounts: 3 }).await.unwrap() == [house.bench.account]
        })
        .await;
    assert_eq!(
        house.row().await.hibernation.unwrap().why,
        HibernationCause::Memory
    );
    // At its next turn it is tried again, and stays awake as long as nobody needs the room.
    house.leap(Duration::from_secs(1_000));
    house.until_state(S::Online).await;
    house
        .until("it is meant to stay awake", async || {
            house.row().await.hibernation.is_none()
        })
        .await;
}

#[actix::test]
async fn an_accounts_own_settings_go_before_the_nodes_and_hold_at_once() {
    let house = house().await;
    house.set(serde_json::json!({"hibernate_after_s": 0})).await;
    house.leap(Duration::from_secs(5_000));
    house.until("a moment", async || true).await;
    assert_eq!(house.row().await.state, S::Online, "never");
    house
        .set(serde_json::json!({"hibernate_after_s": 60, "wake_every_s": 300}))
        .await;
    house.leap(Duration::from_secs(61));
    house.until_state(S::Hibernated).await;
    let wait = |at: Option<Timestamp>| at.map(|at| at.since(house.bench.clock.now()).as_secs());
    let wake_at = async || house.row().await.hibernation.unwrap().wake_at;
    assert!((260..=330).contains(&wait(wake_at().await).unwrap()));
    house.set(serde_json::json!({"wake_every_s": 50_000})).await;
    assert!((45_000..=55_000).contains(&wait(wake_at().await).unwrap()));
    house.set(serde_json::json!({"wake_every_s": 0})).await;
    assert_eq!(wake_at().await, None, "only a message or a person wakes it");
    house.set(serde_json::json!({"hibernate_after_s": 0})).await;
    house.until_state(S::Online).await;
    assert_eq!(
        house.row().await.hibernation,
        None,
        "it is not to sleep by itself any more"
    );
}
