//! `GET /v1/accounts/{id}/health`: what an account says of itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    node::{Node, Plan, Tenant},
    wait,
};

const DEADLINE: Duration = Duration::from_secs(15);

/// What the contract names, whether or not it is known.
const FIELDS: [&str; 15] = [
    "state",
    "since",
    "reason",
    "action",
    "evidence",
    "last_round_trip_at",
    "probes",
    "restarts",
    "last_exit",
    "generation",
    "resources",
    "limits",
    "repair",
    "agent",
    "hibernation",
];

async fn until_state(node: &Node, tenant: &Tenant, path: &str, state: &str) -> Value {
    wait::until(state, DEADLINE, async || {
        let health = node.get(path, &tenant.key).await.body;
        if health["state"] == state {
            Ok(health)
        } else {
            Err(health)
        }
    })
    .await
}

#[actix_rt::test]
async fn health_says_how_an_account_lives_now() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let account = node.account(tenant.id).await;
    let path = format!("/v1/accounts/{account}");
    let health = format!("{path}/health");
    let pairing = until_state(&node, &tenant, &health, "pairing").await;
    for field in FIELDS {
        assert!(pairing.get(field).is_some(), "{field} is not in {pairing}");
    }
    assert_eq!(
        pairing.as_object().unwrap().len(),
        FIELDS.len(),
        "the list above names every field"
    );
    assert_eq!(
        (&pairing["generation"], &pairing["last_exit"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(
        (&pairing["resources"], &pairing["last_round_trip_at"]),
        (&json!(null), &json!(null)),
        "nothing was proven or measured yet"
    );
    node.post(&format!("{path}/restart"), &tenant.key, json!({}))
        .await;
    let again = wait::until("the next generation", DEADLINE, async || {
        let health = node.get(&health, &tenant.key).await.body;
        if health["generation"] == 2 && health["state"] == "pairing" {
            Ok(health)
        } else {
            Err(health)
        }
    })
    .await;
    assert!(again["last_exit"]["reason"].is_string(), "{again}");
    node.post(&format!("{path}/stop"), &tenant.key, json!({})).await;
    let stopped = until_state(&node, &tenant, &health, "stopped").await;
    assert_eq!(stopped["probes"], json!([]));
    let shown = node.get(&path, &tenant.key).await.body;
    for field in [
        "state",
        "since",
        "reason",
        "action",
        "restarts",
        "last_round_trip_at",
    ] {
        assert_eq!(stopped[field], shown[field], "{field}");
    }
    node.stop().await;
}
