//! Staged repair with the real actor on the simulated network: what helps is found, each stage is told, and nothing is lost
//! or sent twice.

use serde_json::Value;
use zaptor_actors::{
    account::{self, RepairSettings},
    domain::{AccountState, MessageStatus},
    forensics::{Ended, StageTried},
    session::simulated::{Cure, Fault, PageFault},
};

use super::{
    halts::Halted,
    house::{House, Plan, ids},
    jumpy::Verb,
};

fn plan() -> Plan {
    let plan = Plan::default();
    Plan {
        account: account::Settings {
            repair: RepairSettings {
                retry_seconds: 1,
                ..RepairSettings::default()
            },
            ..plan.account
        },
        ..plan
    }
}

/// The stages that were told, with what became of them.
async fn told(house: &House) -> Vec<String> {
    let events = house.events().await;
    let repairs = events
        .iter()
        .filter(|event| event.kind.as_str() == "account.repair");
    repairs
        .map(|event| {
            let data: Value = serde_json::from_str(event.data.get()).unwrap();
            let word = |name: &str| data[name].as_str().unwrap().to_owned();
            format!("{} {}", word("stage"), word("outcome"))
        })
        .collect()
}

/// What is wrong, what mends it, and what is told.
const TROUBLES: [(PageFault, Cure, &[&str]); 5] = [
    (
        PageFault::Modal,
        Cure::Dismiss,
        &["dismiss_modal begun", "dismiss_modal helped"],
    ),
    (
        PageFault::Modal,
        Cure::Reload,
        &[
            "dismiss_modal begun",
            "dismiss_modal failed",
            "reload_page begun",
            "reload_page helped",
        ],
    ),
    (
        PageFault::Hang,
        Cure::Reload,
        &["reload_page begun", "reload_page helped"],
    ),
    (
        PageFault::Crash,
        Cure::NewPage,
        &[
            "reload_page begun",
            "reload_page failed",
            "new_page begun",
            "new_page helped",
        ],
    ),
    (
        PageFault::Hang,
        Cure::NewSession,
        &[
            "reload_page begun",
            "reload_page failed",
            "new_page begun",
            "new_page failed",
            "new_browser begun",
            "new_browser helped",
        ],
    ),
];

#[actix::test]
async fn each_trouble_is_met_by_the_first_stage_that_helps() {
    for (what, cured_by, stages) in TROUBLES {
        let house = House::new(plan()).await;
        house.until_state(AccountState::Online).await;
        let account = house.bench.account;
        house.network.inflict(account, Fault::Page { what, cured_by });
        let count = stages.len();
        house
            .until("every stage is told", async || told(&house).await.len() >= count)
            .await;
        house.until_state(AccountState::Online).await;
        assert_eq!(told(&house).await, stages, "{what:?} cured by {cured_by:?}");
        house
            .until("the repair is over", async || house.row().await.repair.is_none())
            .await;
        house
            .until("a bundle is kept", async || {
                house.forensics.list(account).await.unwrap().len() == 1
            })
            .await;
        let bundle = house.forensics.list(account).await.unwrap().remove(0);
        assert_eq!(
            (bundle.record.ended, bundle.record.stages.len()),
            (Ended::Repaired, count / 2)
        );
        assert!(
            bundle.record.states.iter().any(|seen| seen.state == "degraded"),
            "{bundle:?}"
        );
        let messages = house.accept(3).await;
        house.until_status(&ids(&messages), &[MessageStatus::Read]).await;
        assert_eq!(house.sent_times(&messages), [1, 1, 1]);
    }
}

#[actix::test]
async fn a_message_in_flight_is_neither_lost_nor_sent_twice_by_a_repair() {
    let mut plan = plan();
    plan.network.ack_ms = 30;
    let house = House::new(plan).await;
    house.until_state(AccountState::Online).await;
    let messages = house.accept(40).await;
    let account = house.bench.account;
    for n in [4, 12, 25] {
        house
            .until("some are sent", async || {
                house.network.deliveries(account).len() > n
            })
            .await;
        let (what, cured_by) = (PageFault::Crash, Cure::Reload);
        house.network.inflict(account, Fault::Page { what, cured_by });
    }
    house.until_status(&ids(&messages), &[MessageStatus::Read]).await;
    assert_eq!(house.sent_times(&messages), vec![1; 40]);
    house.check(40, 0).await;
}

#[actix::test]
async fn a_stop_ends_a_repair_and_says_so() {
    let house = patient(3_600).await;
    let (account, halted) = (house.bench.account, hang_until(&house, Verb::Reload).await);
    house.stop(false).await;
    house
        .until("a bundle is kept", async || {
            house.forensics.list(account).await.unwrap().len() == 1
        })
        .await;
    house.until_state(AccountState::Stopped).await;
    assert!(house.row().await.repair.is_none());
    drop(halted);
}

/// A house whose stages have time, so that they end by what happens to them alone.
async fn patient(remember_seconds: u64) -> House {
    let mut plan = plan();
    plan.account.repair = RepairSettings {
        remember_seconds,
        ..RepairSettings::default()
    };
    let house = House::new(plan).await;
    house.until_state(AccountState::Online).await;
    house
}

/// The page hangs until there is another session; its repair stands still there.
async fn hang_until(house: &House, at: Verb) -> Halted {
    let mut halted = house.halts.arm(at);
    let (what, cured_by) = (PageFault::Hang, Cure::NewSession);
    house
        .network
        .inflict(house.bench.account, Fault::Page { what, cured_by });
    halted.reached().await;
    let stage = match at {
        Verb::Reload => "reload_page",
        _ => "new_browser",
    };
    house
        .until("it is written", async || {
            let repair = house.row().await.repair;
            repair.is_some_and(|repair| repair["stage"] == stage)
        })
        .await;
    halted
}

/// This process is killed where it stands, and the next one begins.
async fn kill_and_restart(house: &mut House) {
    house.network.inflict(house.bench.account, Fault::Vanish);
    house.next_registry(true).await;
}

/// The account's only bundle: how the repair ended, and the stages with what became of them and why.
async fn kept(house: &House) -> (Ended, Vec<String>) {
    let account = house.bench.account;
    house
        .until("a bundle is kept", async || {
            house.forensics.list(account).await.unwrap().len() == 1
        })
        .await;
    let record = house.forensics.list(account).await.unwrap().remove(0).record;
    let told = |tried: &StageTried| {
        let why = tried.detail.as_deref().unwrap_or_default();
        format!("{} {} {why}", tried.stage, tried.outcome)
    };
    (record.ended, record.stages.iter().map(told).collect())
}

#[actix::test]
async fn the_next_process_goes_on_with_a_repair_and_what_was_tried_is_not_free() {
    let mut house = patient(3_600).await;
    let halted = hang_until(&house, Verb::Reload).await;
    let messages = house.accept(3).await;
    kill_and_restart(&mut house).await;
    house.until_status(&ids(&messages), &[MessageStatus::Read]).await;
    let (ended, stages) = kept(&house).await;
    assert_eq!(ended, Ended::Repaired);
    assert_eq!(
        stages,
        [
            "reload_page failed Zaptor ended in the middle of it",
            "new_browser helped "
        ]
    );
    let events = [
        "reload_page begun",
        "reload_page failed",
        "new_browser begun",
        "new_browser helped",
    ];
    assert_eq!(told(&house).await, events);
    house
        .until("the repair is over", async || house.row().await.repair.is_none())
        .await;
    assert_eq!(house.sent_times(&messages), [1, 1, 1]);
    drop(halted);
}

#[actix::test]
async fn a_process_that_ends_again_and_again_comes_to_a_person() {
    let mut house = patient(3_600).await;
    let mut halts = vec![hang_until(&house, Verb::Open).await];
    for process in 1..=2 {
        let mut halted = house.halts.arm(Verb::Open);
        kill_and_restart(&mut house).await;
        halted.reached().await;
        halts.push(halted);
        house
            .until("a person is asked", async || {
                let row = house.row().await;
                let repair = row.repair.unwrap();
                repair["stage"] == "ask_user" && row.action.is_some_and(|action| action.contains("forensics"))
            })
            .await;
        let row = house.row().await;
        assert_eq!(row.state, AccountState::Starting, "process {process}");
        assert!(row.reason.unwrap().contains("everything was tried"));
    }
    let (ended, stages) = kept(&house).await;
    assert_eq!((ended, stages.len()), (Ended::GaveUp, 4), "{stages:?}");
    assert_eq!(stages[2], "new_browser failed Zaptor ended in the middle of it");
    let last = ["new_browser begun", "new_browser failed", "ask_user begun"];
    assert_eq!(told(&house).await[4..], last);
    drop(halts.pop());
    house.until_state(AccountState::Online).await;
    house
        .until("the repair is over", async || house.row().await.repair.is_none())
        .await;
}

#[actix::test]
async fn what_was_tried_too_long_ago_is_forgotten() {
    let mut house = patient(0).await;
    let halted = hang_until(&house, Verb::Reload).await;
    kill_and_restart(&mut house).await;
    house
        .until("the repair is forgotten", async || {
            house.row().await.repair.is_none()
        })
        .await;
    house.until_state(AccountState::Online).await;
    assert_eq!(told(&house).await, ["reload_page begun"]);
    assert!(
        house
            .forensics
            .list(house.bench.account)
            .await
            .unwrap()
            .is_empty()
    );
    drop(halted);
}
