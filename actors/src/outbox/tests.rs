//! How SQLite finds what each account asks for when it comes online: it has no statistics, and a plan that it guesses wrong
//! is seen only with many messages.

use super::{end::AWAITING, inbound::find_known};
use crate::store::{Store, stage};

async fn plan(sql: impl FnOnce(&Store) -> String) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let store = stage::empty(folder.path()).await;
    let explained = format!("EXPLAIN QUERY PLAN {}", sql(&store));
    let steps = store.reads().all(explained, []).await.unwrap();
    steps
        .iter()
        .map(|row| row.try_get("", "detail").unwrap())
        .collect()
}

#[actix::test]
async fn messages_whose_acks_are_awaited_are_found_among_the_accounts_own() {
    let steps = plan(|_| AWAITING.to_owned()).await;
    assert_eq!(
        steps,
        ["SEARCH messages USING INDEX messages_awaiting (account_id=? AND id>?)"]
    );
}

#[actix::test]
async fn what_is_known_of_a_page_is_looked_up_by_its_ids() {
    let steps = plan(|store| find_known(store.reads().dialect())).await;
    assert!(steps[0].starts_with("SCAN e "), "{steps:?}");
    assert_eq!(
        steps[1..],
        ["SEARCH m USING INDEX messages_wa (account_id=? AND wa_id=?)"]
    );
}
