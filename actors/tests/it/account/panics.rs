//! A panic anywhere restarts what panicked, and nothing else: the process lives, no message is lost or doubled, and other
//! accounts' generations stay what they were.
//!
//! | What panics | Held here or by |
//! |---|---|
//! | the account's own turn | `a_panic_costs_only_its_own_account_a_moment` (lines) |
//! | its session task: open, probe, send, look-up, gap, screenshot, log-out, close, drop | the same (sessions) |
//! | a future or the start of any actor | `supervision::tests::every_way_to_end…`, `…::a_panic_in_started…` |
//! | the dispatcher's pump, with a claimed message in hand | `a_panic_costs_only_its_own_account_a_moment` (pump) |
//! | the dispatcher's intake | `dispatcher::a_panic_in_the_intake_refuses_nobody_afterwards` |
//! | a write's own code, on the store's thread | `store_conformance::money::a_failing_job_undoes_itself_alone` |
//! | who hears of commits, on the store's thread | `a_panic_costs_only_its_own_account_a_moment` (listener) |
//! | the registry's background task | `a_registry_that_panics_while_it_starts_accounts_begins_again` |
//! | the registry, while a start waits for the supervisor | `registry::tests::a_start_that_nobody_waits_for_any_more_…` |
//! | the registry, with a claimed message on its way to it | `dispatcher::what_came_to_a_registry_that_had_ended_goes_out_through_the_next_one` |
//! | who hears of a child's end, on the supervisor's thread | `supervision::tests::a_listener_that_panics…` |

use zaptor_actors::{
    domain::{AccountId, AccountSettings, AccountState as S, EngineKind, MessageStatus as M},
    protocol::{
        account::{LogOut, TakeScreenshot},
        registry::StartAccount,
    },
    session::simulated::Fault,
    store::accounts,
};

use super::{
    house::{House, Plan, ids},
    jumpy::Verb,
};

const READ: &[M] = &[M::Read];

/// Where it panics.
#[derive(Clone, Copy, Debug)]
enum At {
    /// In the account's own turn.
    Turn,
    /// In its session's task.
    Session(Verb),
    /// In a future of the pump, with a claimed message in hand.
    Pump,
    /// In whoever hears of commits.
    Listener,
}

/// Where, and whether the account's actor is made anew by it.
const ROWS: [(At, bool); 12] = [
    (At::Turn, true),
    (At::Session(Verb::Open), true),
    (At::Session(Verb::Probe), true),
    (At::Session(Verb::Send), true),
    (At::Session(Verb::LookUp), true),
    (At::Session(Verb::Gap), true),
    (At::Session(Verb::Screenshot), true),
    (At::Session(Verb::LogOut), true),
    (At::Session(Verb::Close), true),
    (At::Session(Verb::Drop), true),
    (At::Pump, false),
    (At::Listener, false),
];

/// Another account of the same tenant, online.
async fn neighbour(house: &House) -> AccountId {
    let (tenant, account, at) = (
        house.bench.tenant,
        house.bench.ids.next(),
        house.bench.clock.now(),
    );
    let new = accounts::NewAccount {
        id: account,
        tenant,
        name: "Neighbour".to_owned(),
        engine: EngineKind::Simulated,
        labels: Vec::new(),
        settings: AccountSettings::default(),
        proxy_password: None,
        at,
    };
    let made = house
        .bench
        .store
        .write(move |tx| Box::pin(async move { accounts::create(tx, new).await.map(drop) }));
    made.await.unwrap();
    house
        .registry
        .send(StartAccount { tenant, account })
        .await
        .unwrap()
        .unwrap();
    let online = async || {
        let row = house.bench.store.reads().account(tenant, account).await;
        row.unwrap().unwrap().state == S::Online
    };
    house.until("the neighbour is online", online).await;
    account
}

async fn generation(house: &House, account: AccountId) -> u64 {
    let tree = house.tree().await;
    tree.iter()
        .find(|row| row.account == Some(account))
        .unwrap()
        .generation
}

/// Does what makes the session come to `verb`, if it does not come there by itself.
async fn lead_to(house: &House, verb: Verb) {
    let account = house.bench.account;
    match verb {
        Verb::Screenshot => drop(house.ask(TakeScreenshot).await),
        Verb::LogOut => drop(house.ask(LogOut).await),
        Verb::Open | Verb::Drop | Verb::Gap => house.network.inflict(account, Fault::Die),
        Verb::LookUp => house
            .network
            .inflict(account, Fault::DieInSend { delivered: true }),
        Verb::Status | Verb::Close | Verb::Closed => house.restart().await,
        Verb::Probe | Verb::Send | Verb::Weigh | Verb::Replace | Verb::Reload => {}
    }
}

#[actix::test]
async fn a_panic_costs_only_its_own_account_a_moment() {
    for (at, anew) in ROWS {
        println!("{at:?}");
        let mut plan = Plan::default();
        match at {
            At::Turn => plan.panics = 1,
            At::Pump => plan.pump_panics = 1,
            At::Listener => plan.listener_panics = 1,
            At::Session(_) => {}
        }
        let house = House::new(plan).await;
        let account = house.bench.account;
        house.until_state(S::Online).await;
        let other = neighbour(&house).await;
        let before = (generation(&house, account).await, generation(&house, other).await);
        if let At::Session(verb) = at {
            house.fright.set(account, verb);
            lead_to(&house, verb).await;
        }
        let messages = house.accept(3).await;
        house.until_status(&ids(&messages), READ).await;
        house
            .until("it has panicked", async || house.fright.is_over())
            .await;
        house.until_state(S::Online).await;
        assert_eq!(house.sent_times(&messages), vec![1; 3], "{at:?}");
        // One that panicked before it was online for the first time is the second generation already.
        let expected = if matches!(at, At::Turn) {
            2
        } else {
            before.0 + u64::from(anew)
        };
        house
            .until("it is made anew, if it is", async || {
                generation(&house, account).await >= expected
            })
            .await;
        house.until_state(S::Online).await;
        if !anew {
            assert_eq!(generation(&house, account).await, before.0, "{at:?}");
        }
        assert_eq!(generation(&house, other).await, before.1, "{at:?}");
        house.check(3, 0).await;
    }
}

#[actix::test]
async fn a_registry_that_panics_while_it_starts_accounts_begins_again() {
    let plan = Plan::default();
    plan.fright.set(AccountId::from_bits(1), Verb::Weigh);
    let fright = plan.fright.clone();
    let house = House::new(plan).await;
    house.until("it has panicked", async || fright.is_over()).await;
    let messages = house.accept(3).await;
    house.until_status(&ids(&messages), READ).await;
    assert_eq!(house.sent_times(&messages), vec![1; 3]);
    house.check(3, 0).await;
}
