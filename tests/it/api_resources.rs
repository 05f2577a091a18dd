//! Accounts, keys, wallet, events and the calls for machines.

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use zaptor_actors::domain::event::EventType;

use crate::support::{
    node::{Node, Plan, Tenant, read},
    wait,
};

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(15);

#[actix_rt::test]
async fn an_account_from_its_creation_to_its_end() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let body = json!({"name": " Shop ", "engine": "simulated", "labels": ["till"]});
    let create = || {
        node.request(Method::POST, "/v1/accounts", &tenant.key)
            .header("Idempotency-Key", "shop")
    };
    let made = read(create().json(&body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(
        (&made.body["name"], &made.body["labels"]),
        (&json!("Shop"), &json!(["till"]))
    );
    let again = read(create().json(&body)).await;
    assert_eq!((again.status, &again.body), (made.status, &made.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = read(create().json(&json!({"name": "Other"}))).await;
    other.assert_problem(422, "idempotency_key_reused", "another body");
    let path = format!("/v1/accounts/{}", made.body["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    wait::until("pairing", DEADLINE, async || {
        let shown = node.get(&path, &tenant.key).await.body;
        if shown["state"] == "pairing" {
            Ok(())
        } else {
            Err(shown)
        }
    })
    .await;
    let pairing = format!("{path}/pairing");
    check_pictures(&node, &tenant, &pairing).await;
    let change = |body: serde_json::Value| read(node.request(Method::PATCH, &path, &tenant.key).json(&body));
    let renamed = change(json!({"name": "Till", "labels": []})).await.body;
    assert_eq!(
        (&renamed["name"], &renamed["labels"]),
        (&json!("Till"), &json!([]))
    );
    assert_eq!(
        change(json!({})).await.body["name"],
        "Till",
        "what is not named stays"
    );
    change(json!({"name": ""}))
        .await
        .assert_problem(422, "validation_failed", "no name");
    let stopped = node.post(&format!("{path}/stop"), &tenant.key, json!({})).await;
    assert_eq!(stopped.status, StatusCode::ACCEPTED);
    node.get(&pairing, &tenant.key)
        .await
        .assert_problem(409, "not_running", "stopped");
    let gone = read(node.request(Method::DELETE, &path, &tenant.key)).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    node.get(&path, &tenant.key)
        .await
        .assert_problem(404, "not_found", "deleted");
    assert_eq!(
        node.get("/v1/accounts", &tenant.key).await.body,
        json!({"data": [], "next": null})
    );
    node.stop().await;
}

/// The pairing code in each form that a client may ask for.
async fn check_pictures(node: &Node, tenant: &Tenant, pairing: &str) {
    let form = |accept: &'static str| {
        let request = node
            .request(Method::GET, pairing, &tenant.key)
            .header(header::ACCEPT, accept);
        async move { request.send().await.unwrap() }
    };
    assert_eq!(
        form("application/json")
            .await
            .json::<serde_json::Value>()
            .await
            .unwrap()["method"],
        "qr"
    );
    assert!(
        form("image/png")
            .await
            .bytes()
            .await
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    assert!(form("image/svg+xml").await.text().await.unwrap().contains("<svg"));
    assert!(form("text/plain").await.text().await.unwrap().contains('█'));
    let picture = form("image/png").await;
    assert_eq!(
        picture.headers()["cache-control"],
        "no-store",
        "a code is a secret while it lasts"
    );
}

#[actix_rt::test]
async fn lists_go_on_by_cursor_and_refuse_what_they_do_not_know() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    for _ in 0..3 {
        node.account(tenant.id).await;
    }
    let first = node.get("/v1/accounts?limit=2", &tenant.key).await;
    assert_eq!(first.body["data"].as_array().unwrap().len(), 2);
    let next = first.body["next"].as_str().unwrap();
    let second = node
        .get(&format!("/v1/accounts?limit=2&after={next}"), &tenant.key)
        .await;
    assert_eq!(second.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(second.body["next"], json!(null));
    for bad in [
        "limit=0",
        "limit=201",
        "limit=x",
        "after=x",
        "colour=red",
        "limit=1&limit=2",
    ] {
        let answer = node.get(&format!("/v1/accounts?{bad}"), &tenant.key).await;
        answer.assert_problem(422, "validation_failed", bad);
        let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with("/query/"), "{bad}: {pointer}");
    }
    for bad in [
        json!({"name": ""}),
        json!({"name": "x", "engine": "steam"}),
        json!({"name": "x", "labels": [""]}),
    ] {
        let answer = node.post("/v1/accounts", &tenant.key, bad.clone()).await;
        answer.assert_problem(422, "validation_failed", &bad.to_string());
    }
    node.stop().await;
}

#[actix_rt::test]
async fn a_top_up_happens_once_and_by_an_administrator() {
    let node = Node::start(Plan::default()).await;
    let (ana, bob) = (node.tenant("ana", 0).await, node.tenant("bob", 0).await);
    let admin = node.access_token(&ana.admin).await;
    let top_up = |body: serde_json::Value| {
        let request = node.request(Method::POST, "/v1/wallet/topups", &admin);
        read(request.header("Idempotency-Key", "march").json(&body))
    };
    let body = json!({"amount": 500, "tenant": bob.id, "note": "March"});
    let made = top_up(body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(
        (&made.body["kind"], &made.body["wallet"]["available"]),
        (&json!("top_up"), &json!(500))
    );
    assert_eq!(top_up(body).await.body, made.body);
    top_up(json!({"amount": 1}))
        .await
        .assert_problem(422, "idempotency_key_reused", "another body");
    assert_eq!(node.get("/v1/wallet", &bob.key).await.body["available"], 500);
    let events = node.get("/v1/events?types=wallet.topup", &bob.key).await;
    assert_eq!(
        events.body["data"][0]["data"],
        json!({"available": 500, "amount": 500})
    );
    for amount in [json!(0), json!(-5), json!(1.5), json!("5")] {
        let answer = node
            .post("/v1/wallet/topups", &admin, json!({"amount": amount}))
            .await;
        answer.assert_problem(422, "validation_failed", &amount.to_string());
    }
    let nobody = json!({"amount": 5, "tenant": "ten_00000000000000000000000000"});
    let answer = node.post("/v1/wallet/topups", &admin, nobody).await;
    assert_eq!(answer.body["errors"][0]["pointer"], "/tenant");
    node.stop().await;
}

#[actix_rt::test]
async fn a_key_is_shown_once_even_to_a_repeat() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let client = node.access_token(&tenant.client).await;
    let create = || {
        let request = node
            .request(Method::POST, "/v1/keys", &client)
            .header("Idempotency-Key", "till");
        read(request.json(&json!({"name": "till", "scopes": ["messages:read"], "mode": "test"})))
    };
    let (first, again) = (create().await, create().await);
    assert!(first.body["key"].as_str().unwrap().starts_with("zk_test_"));
    assert_eq!(again.body["id"], first.body["id"]);
    assert!(again.body["key"].is_null() && again.header("idempotent-replayed") == "true");
    let bad = node
        .post(
            "/v1/keys",
            &client,
            json!({"name": "x", "scopes": ["keys:write", "all"]}),
        )
        .await;
    bad.assert_problem(422, "validation_failed", "scopes that no key can carry");
    assert_eq!(bad.body["errors"][1]["pointer"], "/scopes/1");
    node.stop().await;
}

#[actix_rt::test]
async fn events_are_read_by_number_type_and_account() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let stranger = node.tenant("bob", 0).await;
    node.append(stranger.id, EventType::WalletLow, None, 3).await;
    node.append(tenant.id, EventType::WalletLow, None, 3).await;
    node.append(tenant.id, EventType::WalletExhausted, None, 2).await;
    let page = node.get("/v1/events?limit=2", &tenant.key).await;
    let numbers = |page: &serde_json::Value| -> Vec<i64> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["seq"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        (numbers(&page.body), &page.body["next"]),
        (vec![1, 2], &json!("2"))
    );
    let rest = node.get("/v1/events?after=2", &tenant.key).await;
    assert_eq!(
        (numbers(&rest.body), &rest.body["next"]),
        (vec![3, 4, 5], &json!(null))
    );
    let some = node.get("/v1/events?types=wallet.exhausted", &tenant.key).await;
    assert_eq!(numbers(&some.body), [4, 5]);
    assert_eq!(some.body["data"][0]["type"], "wallet.exhausted");
    let account = node
        .get("/v1/events?account=acc_00000000000000000000000000", &tenant.key)
        .await;
    assert!(numbers(&account.body).is_empty());
    let bad = node
        .get("/v1/events?types=wallet.low,nonsense", &tenant.key)
        .await;
    bad.assert_problem(422, "validation_failed", "an unknown type");
    node.stop().await;
}

#[actix_rt::test]
async fn a_tenant_sees_its_own_actors_only() {
    let node = Node::start(Plan::default()).await;
    let (ana, bob) = (node.tenant("ana", 0).await, node.tenant("bob", 0).await);
    let account = node.account(ana.id).await;
    let rows = |key: String| {
        let node = &node;
        async move {
            let body = node.get("/v1/system/actors", &key).await.body;
            let rows = body["data"].as_array().unwrap().clone();
            rows.iter().any(|row| row["account"] == account.to_string())
        }
    };
    wait::until("the account's actor", DEADLINE, async || {
        if rows(ana.key.clone()).await {
            Ok(())
        } else {
            Err("not there")
        }
    })
    .await;
    assert!(!rows(bob.key.clone()).await);
    assert!(
        rows(node.access_token(&bob.admin).await).await,
        "an administrator sees all"
    );
    let info = node.get("/v1/system/info", &ana.key).await;
    assert_eq!(info.body["sandbox_url"], json!(null));
    assert!(info.body["node"].as_str().unwrap().starts_with("nod_"));
    node.stop().await;
}
