//! The tenant's journal as a test follows it: by its numbers, with the moments at which things were written.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use zaptor_actors::domain::Timestamp;

use crate::journey::call;
use crate::support::wait;
use crate::support::zaptor::Zaptor;

/// An event of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) account: String,
    pub(crate) at: Timestamp,
    pub(crate) data: Value,
}

impl Event {
    fn of(value: &Value) -> Event {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Event {
            seq: value["seq"].as_i64().unwrap(),
            kind: text("type"),
            account: text("account"),
            at: text("timestamp").parse().unwrap(),
            data: value["data"].clone(),
        }
    }

    /// Whether this tells of a state of the account.
    pub(crate) fn says(&self, account: &str) -> Option<&str> {
        let said = self.kind == "account.state_changed" && self.account == account;
        said.then(|| self.data["to"].as_str().unwrap_or_default())
    }

    /// Why, where it says so.
    pub(crate) fn reason(&self) -> &str {
        self.data["reason"].as_str().unwrap_or_default()
    }
}

/// Everything after number `after`, in order.
pub(crate) async fn after(zaptor: &Zaptor, mut after: i64) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let path = format!("/v1/events?after={after}&limit=200");
        let (_, page) = call(zaptor, Method::GET, &path, None).await;
        events.extend(page["data"].as_array().unwrap().iter().map(Event::of));
        match events.last() {
            Some(last) if page["next"].is_string() => after = last.seq,
            _ => return events,
        }
    }
}

/// The number of the last event so far.
pub(crate) async fn last(zaptor: &Zaptor) -> i64 {
    after(zaptor, 0).await.last().map_or(0, |event| event.seq)
}

/// Waits for an event after number `since`. Fails with everything that was written since then.
pub(crate) async fn until(
    zaptor: &Zaptor,
    what: &str,
    (since, within): (i64, Duration),
    wanted: impl Fn(&Event) -> bool,
) -> Event {
    wait::until(what, within, || async {
        let events = after(zaptor, since).await;
        events.iter().find(|event| wanted(event)).cloned().ok_or_else(|| {
            let told = events.iter().filter(|event| event.kind.starts_with("account."));
            told.map(|event| (event.kind.clone(), event.account.clone(), event.data.to_string()))
                .collect::<Vec<_>>()
        })
    })
    .await
}
