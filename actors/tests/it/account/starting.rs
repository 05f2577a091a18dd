//! What a start, a stop and a restart do to each other, and that nothing says that it lives while nothing runs.

use std::time::Duration;

use zaptor_actors::{
    domain::AccountState as S,
    protocol::{
        account::AccountError,
        registry::{RestartAccount, StopAccount, StopAll},
    },
    store::accounts,
};

use super::{
    hibernation::parked,
    house::{House, Plan, STEP},
    jumpy::Verb,
};

impl House {
    async fn unwant(&self, account: zaptor_actors::domain::AccountId) {
        let tenant = self.bench.tenant;
        let write = self
            .bench
            .store
            .write(move |tx| Box::pin(accounts::set_wanted(tx, tenant, account, false)));
        write.await.unwrap();
    }

    /// Whether nothing of the account lives, or will by itself.
    async fn rests(&self) -> bool {
        self.tree().await.iter().all(|actor| actor.state == "stopped")
    }
}

#[actix::test]
async fn a_restart_that_nobody_waits_for_any_more_comes_back_all_the_same() {
    let mut plan = Plan {
        leaps: Some(STEP),
        ..Plan::default()
    };
    plan.account.close_deadline_seconds = 600;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    let epoch = house.row().await.epoch;
    let mut halted = house.halts.arm(Verb::Status);
    let (tenant, account) = (house.bench.tenant, house.bench.account);
    let (told, ()) = futures::join!(house.registry.send(RestartAccount { tenant, account }), async {
        halted.reached().await;
        house.leap(Duration::from_secs(41));
    });
    assert!(matches!(told.unwrap(), Err(AccountError::NoAnswer)));
    drop(halted);
    house
        .until("it is online again", async || {
            let row = house.row().await;
            row.state == S::Online && row.epoch > epoch
        })
        .await;
}

#[actix::test]
async fn a_stop_that_comes_while_an_account_is_restarted_has_its_way() {
    let mut plan = Plan::default();
    plan.account.close_deadline_seconds = 600;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    let mut halted = house.halts.arm(Verb::Status);
    let (tenant, account) = (house.bench.tenant, house.bench.account);
    let (restarted, stopped) =
        futures::join!(house.registry.send(RestartAccount { tenant, account }), async {
            halted.reached().await;
            house.unwant(account).await;
            let stop = house.registry.send(StopAccount {
                account,
                forget: false,
            });
            drop(halted);
            stop.await
        });
    restarted.unwrap().unwrap();
    stopped.unwrap().unwrap();
    assert_eq!(house.row().await.state, S::Stopped);
    assert!(house.rests().await);
}

#[actix::test]
async fn an_account_that_was_stopped_before_its_turn_is_not_started() {
    let mut house = House::new(Plan {
        heavy: true,
        at_once: 1,
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    house.stop(false).await;
    let first = house.more_accounts(1, 9).await[0];
    let stopped = house.more_accounts(1, 5).await[0];
    let last = house.more_accounts(1, 0).await[0];
    let mut halted = house.halts.arm(Verb::Open);
    house.next_registry(true).await;
    halted.reached().await;
    house.unwant(stopped).await;
    let told = house.registry.send(StopAccount {
        account: stopped,
        forget: false,
    });
    told.await.unwrap().unwrap();
    assert_eq!(house.row_of(stopped).await.state, S::Stopped);
    drop(halted);
    house
        .until("the others run", async || {
            let states = (house.row_of(first).await.state, house.row_of(last).await.state);
            states == (S::Online, S::Online)
        })
        .await;
    assert_eq!(house.row_of(stopped).await.state, S::Stopped);
    assert!(!house.doors.opened.lock().unwrap().contains(&stopped));
}

#[actix::test]
async fn a_parked_account_whose_wake_came_to_nothing_is_visited_all_the_same() {
    let mut house = parked().await;
    let account = house.bench.account;
    let mut meant = house.row().await.hibernation.unwrap();
    assert!(meant.wake_at.is_some());
    meant.wake_at = None;
    let lost = house
        .bench
        .store
        .write(move |tx| Box::pin(accounts::set_hibernation(tx, account, Some(meant))));
    lost.await.unwrap();
    // The last process still knows when it meant to look.
    house.registry.send(StopAll).await.unwrap();
    house.next_registry(true).await;
    let written = house.hear("while nobody runs");
    house
        .until("it looked for messages", async || {
            house.leap(Duration::from_secs(100));
            house.heard().await == [written.as_str().to_owned()]
        })
        .await;
}
