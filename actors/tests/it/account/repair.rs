//! Staged repair with the real actor on the simulated network: what helps is found, each stage is told, and nothing is lost
//! or sent twice.

use serde_json::Value;
use zaptor_actors::{
    account::{self, RepairSettings},
    domain::{AccountState, MessageStatus},
    forensics::Ended,
    session::simulated::{Cure, Fault, PageFault},
};

use super::house::{House, Plan, ids};

fn plan() -> Plan {
    let plan = Plan::default();
    Plan {
        account: account::Settings {
            repair: RepairSettings {
                dismiss_modal_seconds: 1,
                reload_page_seconds: 1,
                new_page_seconds: 1,
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
    let house = House::new(plan()).await;
    house.until_state(AccountState::Online).await;
    let account = house.bench.account;
    let (what, cured_by) = (PageFault::Hang, Cure::NewPage);
    house.network.inflict(account, Fault::Page { what, cured_by });
    house
        .until("it is repaired", async || house.row().await.repair.is_some())
        .await;
    house.stop(false).await;
    house
        .until("a bundle is kept", async || {
            house.forensics.list(account).await.unwrap().len() == 1
        })
        .await;
    house.until_state(AccountState::Stopped).await;
    assert!(house.row().await.repair.is_none());
}
