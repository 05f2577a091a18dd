//! Profiles over HTTP: who may, when, and what is said when not. What they do is tried with a real browser.

use reqwest::{Method, StatusCode};
use serde_json::json;
use zaptor::auth::{KeyMode, Scope, Scopes};
use zaptor_actors::domain::EngineKind;

use crate::support::{
    node::{Node, Plan, read},
    wait,
};

const PHRASE: &str = "correct horse battery";
const UNKNOWN: &str = "snp_01JD8ZK7X4M4T2Q6W9B3N5C8VF";

#[actix_rt::test]
async fn each_call_is_for_whom_it_is_meant() {
    let node = Node::start(Plan::default()).await;
    let (ana, bia) = (node.tenant("ana", 0).await, node.tenant("bia", 0).await);
    let account = node.account(ana.id).await;
    let path = format!("/v1/accounts/{account}/profile");
    let reader = [Scope::AccountsRead].into_iter().collect::<Scopes>();
    let reader = node.key(ana.id, KeyMode::Live, reader).await;
    let calls = [
        (Method::GET, "snapshots", true),
        (Method::POST, "snapshots", false),
        (Method::POST, "restore", false),
        (Method::GET, "export", false),
        (Method::POST, "import", false),
    ];
    for (method, verb, reads) in calls {
        let call = |key: &str| {
            let body = if verb == "restore" {
                json!({ "snapshot": UNKNOWN })
            } else {
                json!({})
            };
            let request = node.request(method.clone(), &format!("{path}/{verb}"), key);
            read(request.header("Zaptor-Passphrase", PHRASE).json(&body))
        };
        call("").await.assert_problem(401, "unauthenticated", verb);
        call(&bia.key).await.assert_problem(404, "not_found", verb);
        let seen = call(&reader).await;
        if reads {
            assert_eq!(
                (seen.status, &seen.body),
                (StatusCode::OK, &json!({"data": [], "next": null}))
            );
        } else {
            seen.assert_problem(403, "missing_scope", verb);
        }
    }
    let rotate = node.post("/v1/system/vault/rotate", &ana.key, json!({})).await;
    rotate.assert_problem(403, "missing_role", "no administrator");
    let admin = node.access_token(&ana.admin).await;
    let rotated = node.post("/v1/system/vault/rotate", &admin, json!({})).await;
    assert_eq!(rotated.body, json!({"locked_anew": 0, "failed": 0, "keys": 1}));
    let test_key = node.key(ana.id, KeyMode::Test, Scopes::of_keys()).await;
    let real = node.account_on(ana.id, EngineKind::Browser).await;
    let listed = node
        .get(&format!("/v1/accounts/{real}/profile/snapshots"), &test_key)
        .await;
    listed.assert_problem(403, "test_key", "the profile of a real account");
    node.stop().await;
}

#[actix_rt::test]
async fn a_running_account_keeps_its_profile_to_itself() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let account = node.account(tenant.id).await;
    let path = format!("/v1/accounts/{account}");
    wait::until("pairing", std::time::Duration::from_secs(15), async || {
        let shown = node.get(&path, &tenant.key).await.body;
        if shown["state"] == "pairing" {
            Ok(())
        } else {
            Err(shown)
        }
    })
    .await;
    let call = |method: Method, verb: &str, phrase: &str, body: &str| {
        let request = node.request(method, &format!("{path}/profile/{verb}"), &tenant.key);
        read(
            request
                .header("Zaptor-Passphrase", phrase)
                .header("Content-Type", "application/json")
                .body(body.to_owned()),
        )
    };
    let order = json!({ "snapshot": UNKNOWN }).to_string();
    for (method, verb, body) in [
        (Method::POST, "snapshots", ""),
        (Method::POST, "restore", order.as_str()),
        (Method::GET, "export", ""),
        (Method::POST, "import", "x"),
    ] {
        call(method, verb, PHRASE, body)
            .await
            .assert_problem(409, "wrong_state", verb);
    }
    let stopped = node.post(&format!("{path}/stop"), &tenant.key, json!({})).await;
    assert_eq!(stopped.status, StatusCode::ACCEPTED);
    for (method, verb, body, status, code) in [
        (Method::POST, "snapshots", "", 409, "no_profile"),
        (Method::GET, "export", "", 409, "no_profile"),
        (Method::POST, "restore", order.as_str(), 404, "not_found"),
        (
            Method::POST,
            "restore",
            "{\"snapshot\": \"yesterday\"}",
            422,
            "validation_failed",
        ),
        (Method::POST, "restore", "{}", 422, "validation_failed"),
        (Method::POST, "import", "no export", 422, "not_whole"),
        (Method::POST, "import", "", 422, "not_whole"),
    ] {
        call(method, verb, PHRASE, body)
            .await
            .assert_problem(status, code, verb);
    }
    for (phrase, what) in [("too short", "short"), (&"x".repeat(257), "long")] {
        for (method, verb) in [(Method::GET, "export"), (Method::POST, "import")] {
            let refused = call(method, verb, phrase, "").await;
            refused.assert_problem(422, "validation_failed", what);
            assert_eq!(refused.body["errors"][0]["pointer"], "/header/Zaptor-Passphrase");
            assert!(!refused.body.to_string().contains(phrase), "it is not repeated");
        }
    }
    node.stop().await;
}
