//! Sending: what is refused and why, what a repeat gets, what it costs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use zaptor::auth::{KeyMode, Scopes};
use zaptor_actors::domain::{AccountId, Phone};

use crate::support::{
    node::{Answer, Node, Plan, read},
    wait,
};

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(15);

fn text(account: AccountId, body: &str) -> Value {
    json!({"account": account, "to": "5511987654321", "type": "text", "text": {"body": body}})
}

async fn keyed(node: &Node, key: &str, idempotency_key: &str, body: &Value) -> Answer {
    let request = node.request(Method::POST, "/v1/messages", key);
    read(request.header("Idempotency-Key", idempotency_key).json(body)).await
}

#[actix_rt::test]
async fn a_message_is_accepted_with_its_hold_and_waits_for_its_account() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let account = node.account(tenant.id).await;
    let mut body = text(account, "Olá");
    body["callback_data"] = json!("order-42");
    let sent = node.post("/v1/messages", &tenant.key, body).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    assert_eq!(sent.body["status"], "queued");
    assert_eq!(
        sent.body["to"],
        json!({"input": "5511987654321", "jid": "5511987654321@c.us"})
    );
    assert_eq!(sent.body["balance"], json!({"available": 9, "held": 1}));
    assert!(sent.body["wa_message_id"].as_str().unwrap().starts_with("3EB0"));
    let path = format!("/v1/messages/{}", sent.body["id"].as_str().unwrap());
    let shown = node.get(&path, &tenant.key).await;
    assert_eq!(shown.body["text"]["body"], "Olá");
    assert_eq!(shown.body["callback_data"], "order-42");
    assert_eq!(shown.body["timeline"][0]["status"], "queued");
    assert_eq!(shown.body["timeline"][0]["at"], shown.body["created_at"]);
    let cancelled = read(node.request(Method::DELETE, &path, &tenant.key)).await;
    assert_eq!(
        (cancelled.status, &cancelled.body["status"]),
        (StatusCode::OK, &json!("cancelled"))
    );
    let repeated = read(node.request(Method::DELETE, &path, &tenant.key)).await;
    assert_eq!(
        repeated.status,
        StatusCode::OK,
        "a repeated cancel finds what it asked for"
    );
    let wallet = node.get("/v1/wallet", &tenant.key).await;
    assert_eq!(
        (&wallet.body["available"], &wallet.body["held"]),
        (&json!(10), &json!(0))
    );
    node.stop().await;
}

#[actix_rt::test]
async fn a_linked_account_sends_it_and_it_is_too_late_to_cancel() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let account = node.account(tenant.id).await;
    let pairing = format!("/v1/accounts/{account}/pairing");
    let code = wait::until("a pairing code", DEADLINE, async || {
        let answer = node.get(&pairing, &tenant.key).await;
        let shown =
            (answer.status == StatusCode::OK).then(|| answer.body["code"].as_str().map(str::to_owned));
        shown.flatten().ok_or(answer.body)
    })
    .await;
    assert!(
        node.network
            .scan(&code, &Phone::parse("5511900000001").unwrap(), "Ana")
    );
    let sent = node.post("/v1/messages", &tenant.key, text(account, "Olá")).await;
    let path = format!("/v1/messages/{}", sent.body["id"].as_str().unwrap());
    let message = wait::until("read", DEADLINE, async || {
        let answer = node.get(&path, &tenant.key).await;
        if answer.body["status"] == "read" {
            Ok(answer.body)
        } else {
            Err(answer.body)
        }
    })
    .await;
    let steps = message["timeline"].as_array().unwrap();
    let mut way: Vec<&str> = steps
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect();
    // While its account is not online it is queued more than once, each time with the cause.
    way.dedup();
    assert!(
        way.starts_with(&["queued", "sending", "sent"]) && way.ends_with(&["read"]),
        "{way:?}"
    );
    let late = read(node.request(Method::DELETE, &path, &tenant.key)).await;
    late.assert_problem(409, "too_late", "cancel of a read message");
    let wallet = node.get("/v1/wallet", &tenant.key).await;
    assert_eq!(
        wallet.body,
        json!({"available": 9, "held": 0, "spent_today": 1, "low_threshold": 100})
    );
    let kinds: Vec<Value> = node.get("/v1/wallet/entries", &tenant.key).await.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].clone())
        .collect();
    assert_eq!(kinds, ["post", "hold", "top_up"]);
    node.stop().await;
}

/// A good message with one field made bad: the case, the field, its value, and the flaw that is told.
const BAD_FIELDS: [(&str, &str, &str, &str, &str); 17] = [
    ("unknown field", "/colour", "1", "unknown_field", "/colour"),
    (
        "unknown field inside",
        "/text/bold",
        "true",
        "unknown_field",
        "/text/bold",
    ),
    ("wrong type", "/to", "5511987654321", "wrong_type", "/to"),
    (
        "wrong type inside",
        "/text/body",
        "[1]",
        "wrong_type",
        "/text/body",
    ),
    ("not an id", "/account", "\"acc_1\"", "invalid_value", "/account"),
    (
        "another kind of id",
        "/account",
        "\"ten_00000000000000000000000000\"",
        "invalid_value",
        "/account",
    ),
    ("not a number", "/to", "\"call me\"", "invalid_recipient", "/to"),
    ("too short a number", "/to", "\"123\"", "invalid_recipient", "/to"),
    (
        "foreign address",
        "/to",
        "\"551198@example.org\"",
        "invalid_recipient",
        "/to",
    ),
    ("no text", "/text", "null", "missing_field", "/text"),
    ("empty text", "/text/body", "\"\"", "invalid_length", "/text/body"),
    ("unknown type", "/type", "\"smoke\"", "invalid_value", "/type"),
    ("later type", "/type", "\"image\"", "unsupported", "/type"),
    (
        "reply",
        "/context",
        "{\"message_id\": \"msg_00000000000000000000000000\"}",
        "unsupported",
        "/context",
    ),
    ("no time", "/send_at", "\"soon\"", "invalid_value", "/send_at"),
    (
        "past expiry",
        "/expires_at",
        "\"2020-01-01T00:00:00Z\"",
        "invalid_value",
        "/expires_at",
    ),
    ("priority", "/priority", "\"vip\"", "invalid_value", "/priority"),
];

fn with(mut body: Value, place: &str, value: Value) -> Value {
    let (parent, field) = place.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[field] = value;
    body
}

#[actix_rt::test]
async fn bad_messages_by_table() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let account = node.account(tenant.id).await;
    for (case, place, value, code, pointer) in BAD_FIELDS {
        let value = serde_json::from_str(value).unwrap();
        let body = with(text(account, "x"), place, value);
        let answer = node.post("/v1/messages", &tenant.key, body).await;
        answer.assert_problem(422, "validation_failed", case);
        let flaw = &answer.body["errors"][0];
        assert_eq!(
            (&flaw["code"], &flaw["pointer"]),
            (&json!(code), &json!(pointer)),
            "{case}: {flaw}"
        );
        assert_eq!(answer.body["instance"], "/v1/messages");
    }
    let long = with(text(account, "x"), "/text/body", json!("x".repeat(65_537)));
    let callback = with(text(account, "x"), "/callback_data", json!("x".repeat(513)));
    let wholes = [
        (json!([1]), ""),
        (json!({"to": "5511987654321", "text": {"body": "x"}}), "/account"),
        (long, "/text/body"),
        (callback, "/callback_data"),
    ];
    for (body, pointer) in wholes {
        let answer = node.post("/v1/messages", &tenant.key, body).await;
        answer.assert_problem(422, "validation_failed", pointer);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
    let several = json!({"account": account, "to": "x", "type": "text", "text": {"body": ""}});
    let several = node.post("/v1/messages", &tenant.key, several).await;
    assert_eq!(several.body["errors"].as_array().unwrap().len(), 2, "all at once");
    assert_eq!(several.body["outcome"], "not_sent");
    let wallet = node.get("/v1/wallet", &tenant.key).await;
    assert_eq!(
        (&wallet.body["available"], &wallet.body["held"]),
        (&json!(10), &json!(0)),
        "nothing charged"
    );
    assert_eq!(
        node.get("/v1/messages", &tenant.key).await.body["data"],
        json!([]),
        "nothing stored"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn bad_bodies_by_table() {
    let node = Node::start(Plan {
        body_bytes_max: 2_048,
        ..Plan::default()
    })
    .await;
    let tenant = node.tenant("ana", 10).await;
    let long = format!("{{\"to\":\"{}\"}}", "5".repeat(4_000));
    let rows = [
        (
            "cut short",
            "application/json",
            "{\"account\":",
            400,
            "malformed_json",
        ),
        ("empty", "application/json", "", 400, "malformed_json"),
        ("no JSON", "application/json", "hello", 400, "malformed_json"),
        (
            "a form",
            "application/x-www-form-urlencoded",
            "to=1",
            415,
            "unsupported_media_type",
        ),
        ("text", "text/plain", "{}", 415, "unsupported_media_type"),
        ("too large", "application/json", &long, 413, "body_too_large"),
    ];
    for (case, kind, body, status, code) in rows {
        let request = node.request(Method::POST, "/v1/messages", &tenant.key);
        let request = request.header("Content-Type", kind).body(body.to_owned());
        read(request).await.assert_problem(status, code, case);
    }
    node.stop().await;
}

#[actix_rt::test]
async fn the_same_key_sends_once() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let account = node.account(tenant.id).await;
    let first = keyed(&node, &tenant.key, "order-42", &text(account, "Olá")).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = keyed(&node, &tenant.key, "order-42", &text(account, "Olá")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = keyed(&node, &tenant.key, "order-42", &text(account, "Tchau")).await;
    other.assert_problem(422, "idempotency_key_reused", "another body");
    let at_once = futures::future::join_all((0..8).map(|_| {
        let (node, key) = (&node, &tenant.key);
        async move { keyed(node, key, "rush", &text(account, "once")).await }
    }))
    .await;
    let ids: std::collections::HashSet<String> = at_once
        .iter()
        .filter(|answer| answer.status == StatusCode::ACCEPTED)
        .map(|answer| answer.body["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "eight at once make one message");
    for refused in at_once
        .iter()
        .filter(|answer| answer.status != StatusCode::ACCEPTED)
    {
        refused.assert_problem(409, "idempotency_in_progress", "at once");
    }
    for bad in ["", "with space", &"k".repeat(256)] {
        let answer = keyed(&node, &tenant.key, bad, &text(account, "x")).await;
        answer.assert_problem(422, "validation_failed", "a key that is none");
        assert_eq!(answer.body["errors"][0]["pointer"], "/header/Idempotency-Key");
    }
    assert_eq!(node.get("/v1/wallet", &tenant.key).await.body["held"], 2);
    node.stop().await;
}

#[actix_rt::test]
async fn too_few_tokens_refuse_and_a_dry_run_changes_nothing() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 1).await;
    let account = node.account(tenant.id).await;
    let dry = node
        .post("/v1/messages?dry_run=true", &tenant.key, text(account, "x"))
        .await;
    assert_eq!(dry.status, StatusCode::OK);
    assert_eq!(
        (&dry.body["cost"], &dry.body["refusals"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(
        node.get("/v1/messages", &tenant.key).await.body["data"],
        json!([])
    );
    node.post("/v1/messages?dryrun=true", &tenant.key, text(account, "x"))
        .await
        .assert_problem(422, "validation_failed", "a misspelt parameter does not send");
    assert_eq!(
        node.post("/v1/messages", &tenant.key, text(account, "x"))
            .await
            .status,
        StatusCode::ACCEPTED
    );
    let refused = node.post("/v1/messages", &tenant.key, text(account, "x")).await;
    refused.assert_problem(402, "insufficient_tokens", "an empty wallet");
    assert_eq!(refused.body["outcome"], "not_sent");
    let dry = node
        .post("/v1/messages?dry_run=true", &tenant.key, text(account, "x"))
        .await;
    assert_eq!(dry.body["refusals"][0]["code"], "insufficient_tokens");
    let test_key = node.key(tenant.id, KeyMode::Test, Scopes::of_keys()).await;
    let free = node.post("/v1/messages", &test_key, text(account, "x")).await;
    assert_eq!(
        (free.status, &free.body["cost"]),
        (StatusCode::ACCEPTED, &json!(0)),
        "a test key never bills"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn another_tenants_objects_answer_as_missing_ones() {
    let node = Node::start(Plan::default()).await;
    let (ana, bob) = (node.tenant("ana", 10).await, node.tenant("bob", 10).await);
    let account = node.account(ana.id).await;
    let sent = node.post("/v1/messages", &ana.key, text(account, "x")).await;
    let message = sent.body["id"].as_str().unwrap().to_owned();
    let missing = "00000000000000000000000000";
    let strip = |mut answer: Answer| {
        for own in ["instance", "request_id"] {
            answer.body.as_object_mut().unwrap().remove(own);
        }
        (answer.status, answer.body)
    };
    let pairs = [
        (
            Method::GET,
            format!("/v1/accounts/{account}"),
            format!("/v1/accounts/acc_{missing}"),
        ),
        (
            Method::DELETE,
            format!("/v1/accounts/{account}"),
            format!("/v1/accounts/acc_{missing}"),
        ),
        (
            Method::POST,
            format!("/v1/accounts/{account}/stop"),
            format!("/v1/accounts/acc_{missing}/stop"),
        ),
        (
            Method::GET,
            format!("/v1/accounts/{account}/pairing"),
            format!("/v1/accounts/acc_{missing}/pairing"),
        ),
        (
            Method::GET,
            format!("/v1/accounts/{account}/health"),
            format!("/v1/accounts/acc_{missing}/health"),
        ),
        (
            Method::GET,
            format!("/v1/messages/{message}"),
            format!("/v1/messages/msg_{missing}"),
        ),
        (
            Method::DELETE,
            format!("/v1/messages/{message}"),
            format!("/v1/messages/msg_{missing}"),
        ),
        (
            Method::GET,
            "/v1/accounts/nonsense".to_owned(),
            format!("/v1/accounts/acc_{missing}"),
        ),
    ];
    for (method, foreign, nobodys) in pairs {
        let foreign_answer = read(node.request(method.clone(), &foreign, &bob.key)).await;
        foreign_answer.assert_problem(404, "not_found", &foreign);
        let nobodys_answer = read(node.request(method, &nobodys, &bob.key)).await;
        assert_eq!(strip(foreign_answer), strip(nobodys_answer), "{foreign}");
    }
    let through = node.post("/v1/messages", &bob.key, text(account, "x")).await;
    through.assert_problem(404, "not_found", "sending through another's account");
    assert_eq!(node.get("/v1/wallet", &bob.key).await.body["held"], 0);
    assert_eq!(node.get("/v1/messages", &bob.key).await.body["data"], json!([]));
    node.stop().await;
}
