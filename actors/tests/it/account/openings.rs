//! Whose session is opened when not all can be at once: many accounts of one house.

use std::sync::atomic::Ordering;

use zaptor_actors::{
    domain::{AccountId, AccountSettings, AccountState as S, EngineKind},
    outbox::NewMessage,
    store::{
        AccountRow,
        accounts::{self, NewAccount},
    },
};

use super::house::{House, Plan};

impl House {
    /// More accounts, each with this priority.
    pub(super) async fn more_accounts(&self, count: usize, priority: u8) -> Vec<AccountId> {
        let mut made = Vec::new();
        for _ in 0..count {
            let new = NewAccount {
                proxy_password: None,
                id: self.bench.ids.next(),
                tenant: self.bench.tenant,
                name: "one of many".to_owned(),
                engine: EngineKind::Simulated,
                labels: Vec::new(),
                settings: AccountSettings {
                    priority: Some(priority),
                    ..AccountSettings::default()
                },
                at: self.bench.clock.now(),
            };
            made.push(new.id);
            let created = self
                .bench
                .store
                .write(move |tx| Box::pin(accounts::create(tx, new)));
            created.await.unwrap();
        }
        made
    }

    pub(super) async fn row_of(&self, account: AccountId) -> AccountRow {
        let row = self.bench.store.reads().account(self.bench.tenant, account).await;
        row.unwrap().unwrap()
    }
}

#[actix::test]
async fn two_hundred_start_few_at_a_time_and_those_with_messages_first() {
    const AT_ONCE: usize = 3;
    let mut house = House::new(Plan {
        heavy: true,
        at_once: AT_ONCE,
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    let usual = house.more_accounts(182, 0).await;
    let favoured = house.more_accounts(7, 9).await;
    let busy = house.more_accounts(10, 0).await;
    let messages = busy.iter().map(|&account| NewMessage {
        account,
        ..house.bench.message("5511987654321")
    });
    house.bench.accept(messages.collect()).await.unwrap();
    house.doors.opened.lock().unwrap().clear();
    house.next_registry(true).await;
    let opened = || house.doors.opened.lock().unwrap().clone();
    house
        .until("all are opened", async || {
            let opened = opened();
            usual.iter().all(|account| opened.contains(account))
        })
        .await;
    let (opened, most) = (opened(), house.doors.most.load(Ordering::SeqCst));
    assert!((2..=AT_ONCE as u32).contains(&most), "{most} openings at a time");
    // Those that are opened together may overtake one another.
    let among_first = |wanted: &[AccountId], count: usize| {
        let first = &opened[..count + AT_ONCE - 1];
        wanted.iter().all(|account| first.contains(account))
    };
    assert!(among_first(&busy, busy.len()), "messages wait for them");
    assert!(
        among_first(&favoured, busy.len() + favoured.len()),
        "their priority is 9"
    );
}

#[actix::test]
async fn what_the_memory_has_no_room_for_waits_until_somebody_idle_has_left() {
    let mut house = House::new(Plan {
        heavy: true,
        budget_bytes: 2,
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    let favoured = house.more_accounts(1, 5).await[0];
    let low = house.more_accounts(1, 1).await[0];
    house.next_registry(false).await;
    house
        .until("there is room for the last one, too", async || {
            house.row_of(low).await.state == S::Online
        })
        .await;
    let reasons = house.reasons().await;
    assert!(
        reasons
            .iter()
            .any(|reason| reason.starts_with("waits for memory")),
        "{reasons:?}"
    );
    let opened = house.doors.opened.lock().unwrap().clone();
    assert_eq!(opened, [house.bench.account, favoured, low], "by priority");
    let states = [house.row().await.state, house.row_of(favoured).await.state];
    assert!(
        states.contains(&S::Hibernated),
        "{states:?}: one of them has left"
    );
}
