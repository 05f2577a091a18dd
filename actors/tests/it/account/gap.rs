//! What came in while nobody listened: found in the page's store, told once, in order, and marked.

use serde_json::Value;
use zaptor_actors::{
    domain::{AccountState as S, Lack, MessageStatus as M, Phone, WaMessageId, message::TEXT_MAX_CHARS},
    session::simulated::Fault,
};

use super::house::{House, Plan, ids};

fn bia() -> Phone {
    Phone::parse("5511955555555").unwrap()
}

impl House {
    fn hears(&self, text: &str) -> WaMessageId {
        self.network.write(self.bench.account, &bia(), "Bia", text)
    }

    /// What was told of messages that came in, in order: the id, and whether it was told late.
    async fn told_messages(&self) -> Vec<(String, bool)> {
        let data = self.data_of("message.received").await;
        data.iter()
            .map(|data| {
                let id = data["wa_message_id"].as_str().unwrap().to_owned();
                (id, data["backfilled"] == Value::Bool(true))
            })
            .collect()
    }

    async fn data_of(&self, kind: &str) -> Vec<Value> {
        let events = self.events().await;
        let ours = events.iter().filter(|event| event.kind.as_str() == kind);
        ours.map(|event| serde_json::from_str(event.data.get()).unwrap())
            .collect()
    }
}

fn late(ids: &[WaMessageId]) -> Vec<(String, bool)> {
    ids.iter().map(|id| (id.to_string(), true)).collect()
}

#[actix::test]
async fn what_the_page_took_in_without_a_word_is_told_once_after_the_next_start() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    house.network.inflict(account, Fault::Mute { on: true });
    let missed: Vec<WaMessageId> = (0..70).map(|n| house.hears(&n.to_string())).collect();
    house.network.inflict(account, Fault::Mute { on: false });
    house.restart().await;
    house
        .until("all of them are told", async || {
            house.told_messages().await.len() == 70
        })
        .await;
    assert_eq!(house.told_messages().await, late(&missed), "in order, and marked");
    house
        .until("it is told that the gap is closed", async || {
            !house.data_of("account.gap_closed").await.is_empty()
        })
        .await;
    let closed = house.data_of("account.gap_closed").await;
    assert_eq!(
        (closed.len(), &closed[0]["found"]),
        (1, &Value::from(70)),
        "{closed:?}"
    );
    // From here on there is nothing to be found, however often it is looked for.
    let live = house.hears("now");
    house
        .until("the next one is told", async || {
            house.told_messages().await.len() == 71
        })
        .await;
    assert_eq!(house.told_messages().await[70], (live.to_string(), false));
    for _ in 0..2 {
        house.restart().await;
        house.until_state(S::Online).await;
    }
    let last = house.accept(1).await;
    house.until_status(&ids(&last), &[M::Read]).await;
    assert_eq!(house.told_messages().await.len(), 71);
    assert_eq!(house.data_of("account.gap_closed").await.len(), 1);
    house.check(1, 0).await;
}

/// Long texts come a few at a time, and none of them is left out.
#[actix::test]
async fn long_texts_that_were_missed_are_told_all_the_same() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    house.network.inflict(account, Fault::Mute { on: true });
    let long = "\u{436}".repeat(TEXT_MAX_CHARS);
    let missed: Vec<WaMessageId> = (0..14).map(|_| house.hears(&long)).collect();
    house.network.inflict(account, Fault::Mute { on: false });
    house.restart().await;
    house
        .until("all of them are told", async || {
            house.told_messages().await.len() == missed.len()
        })
        .await;
    assert_eq!(house.told_messages().await, late(&missed), "in order, and marked");
}

#[actix::test]
async fn an_account_that_stays_online_is_compared_now_and_then() {
    let mut plan = Plan::default();
    plan.account.gap_check_interval_seconds = 1;
    let house = House::new(plan).await;
    house.until_state(S::Online).await;
    house
        .network
        .inflict(house.bench.account, Fault::Mute { on: true });
    let missed = [house.hears("one"), house.hears("two")];
    house
        .until("both are told", async || house.told_messages().await.len() == 2)
        .await;
    assert_eq!(house.told_messages().await, late(&missed));
}

#[actix::test]
async fn a_page_that_cannot_list_its_messages_serves_all_the_same() {
    let house = House::new(Plan::default()).await;
    let lack = Lack {
        name: "chat.getMessages".to_owned(),
        needed_for: vec!["backfill".to_owned()],
    };
    house
        .network
        .inflict(house.bench.account, Fault::Drift(vec![lack]));
    house.until_state(S::Online).await;
    let sent = house.accept(3).await;
    house.until_status(&ids(&sent), &[M::Read]).await;
    let report = house.row().await.agent.unwrap();
    assert_eq!(report.test.missing[0].name, "chat.getMessages");
    let drifts = house.data_of("account.drift").await;
    assert_eq!(drifts[0]["missing"][0]["needed_for"][0], "backfill");
}

#[actix::test]
async fn a_page_that_lacks_what_sending_needs_keeps_messages_waiting_until_it_is_mended() {
    let house = House::new(Plan::default()).await;
    let account = house.bench.account;
    house.until_state(S::Online).await;
    let lack = Lack {
        name: "whatsapp.functions.addAndSendMsgToChat".to_owned(),
        needed_for: vec!["send".to_owned()],
    };
    house.network.inflict(account, Fault::Drift(vec![lack]));
    house.until_state(S::Degraded).await;
    let waiting = house.accept(3).await;
    // What comes in is told all the same.
    house.hears("still here");
    house
        .until("it is told", async || house.told_messages().await.len() == 1)
        .await;
    // A new session on the same WhatsApp Web does not help.
    house.restart().await;
    house.until_state(S::Degraded).await;
    let row = house.row().await;
    assert!(row.reason.unwrap().contains("needed to send"));
    assert_eq!(
        row.evidence.unwrap()["missing"][0],
        "whatsapp.functions.addAndSendMsgToChat"
    );
    assert!(row.action.unwrap().contains("zaptor agent reload"));
    assert_eq!(house.sent_times(&waiting), [0, 0, 0], "none was tried");
    house.network.inflict(account, Fault::Drift(Vec::new()));
    house.until_state(S::Online).await;
    house.until_status(&ids(&waiting), &[M::Read]).await;
    assert_eq!(house.sent_times(&waiting), [1, 1, 1]);
    let drifts = house.data_of("account.drift").await;
    assert_eq!(
        (drifts.len(), drifts[1]["missing"].as_array().unwrap().len()),
        (2, 0)
    );
    house.check(3, 0).await;
}
