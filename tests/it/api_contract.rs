//! What holds for every answer: ids, headers, methods, problems, the document.

use std::{fs, path::Path};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use zaptor_actors::domain::BundleId;

use crate::support::node::{Node, Plan, read};

#[actix_rt::test]
async fn every_answer_carries_its_id_and_its_headers() {
    let node = Node::start(Plan::default()).await;
    let given = read(
        node.request(Method::GET, "/healthz", "")
            .header("X-Request-Id", "abc-123"),
    )
    .await;
    assert_eq!(given.header("x-request-id"), "abc-123");
    for bad in ["with space", "ä", &"x".repeat(129)] {
        let answer = read(
            node.request(Method::GET, "/v1/nothing", "")
                .header("X-Request-Id", bad),
        )
        .await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{bad}");
        answer.assert_problem(404, "not_found", bad);
    }
    for path in ["/healthz", "/v1/accounts", "/nothing.png", "/"] {
        let answer = node.get(path, "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    assert_eq!(
        node.get("/v1/accounts", "").await.header("cache-control"),
        "no-store"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn other_methods_are_named_and_unknown_paths_are_missing() {
    let node = Node::start(Plan::default()).await;
    let rows = [
        (Method::PUT, "/v1/messages", "POST, GET"),
        (Method::DELETE, "/v1/wallet", "GET"),
        (Method::GET, "/v1/auth/login", "POST"),
        (Method::PATCH, "/v1/messages/msg_1", "GET, DELETE"),
    ];
    for (method, path, allow) in rows {
        let answer = read(node.request(method, path, "")).await;
        answer.assert_problem(405, "method_not_allowed", path);
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v2/messages.json",
        "/v1/accounts/acc_1/fly",
    ] {
        node.get(path, "").await.assert_problem(404, "not_found", path);
    }
    node.get("/v1/stream?after=1", "")
        .await
        .assert_problem(401, "unauthenticated", "stream");
    let tenant = node.tenant("ana", 0).await;
    let plain = node.get("/v1/stream", &tenant.key).await;
    plain.assert_problem(426, "websocket_required", "not a WebSocket");
    node.stop().await;
}

#[actix_rt::test]
async fn machines_find_health_readiness_metrics_and_the_document() {
    let node = Node::start(Plan::default()).await;
    assert_eq!(node.get("/healthz", "").await.status, StatusCode::OK);
    assert_eq!(node.get("/readyz", "").await.status, StatusCode::OK);
    let metrics = node.get("/metrics", "").await;
    let text = metrics.body.as_str().unwrap();
    for name in [
        "zaptor_http_request_duration_seconds_bucket{method=\"GET\",route=\"/healthz\",status=\"200\"",
        "zaptor_store_commits_total ",
        "zaptor_intake_waiting 0",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    let served = node.get("/openapi.json", "").await;
    assert_eq!(served.body["info"]["title"], "Zaptor");
    let docs = node.get("/docs", "").await;
    let page = docs.body.as_str().unwrap();
    assert!(
        page.contains("swagger-ui") && !page.contains("https://"),
        "the pages need no network"
    );
    node.stop().await;
}

/// The document is part of the contract: a change of it is seen in the review of its copy.
#[test]
fn the_document_is_the_one_that_was_agreed() {
    let document = zaptor::api::openapi::document();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi.json");
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let agreed = parse(&fs::read_to_string(&path).unwrap_or_default());
    if parse(&document) != agreed {
        let new = path.with_extension("json.new");
        fs::write(&new, format!("{document}\n")).unwrap();
        panic!(
            "the API has changed: look at {}, and put it in the place of {}",
            new.display(),
            path.display()
        );
    }
}

/// Every path of the document answers; none is a left-over, none is missing.
#[actix_rt::test]
async fn what_the_document_names_is_there() {
    let node = Node::start(Plan::default()).await;
    let document: Value = serde_json::from_str(&zaptor::api::openapi::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "x")
            .replace("{bundle}", "y")
            .replace("{action}", "start");
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = read(node.request(method.clone(), &path, "")).await;
            let there = !matches!(
                answer.status,
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
            );
            assert!(there, "{method} {path}: {}", answer.status);
        }
    }
    node.stop().await;
}

/// What a call takes, so that it is the account that it fails for.
fn body_of(path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "code" => json!({"phone": "5511987654321"}),
        "restore" => json!({"snapshot": "snp_00000000000000000000000001"}),
        _ => json!({}),
    }
}

/// No call about an account tells whether another tenant has it, and none does anything to it. A new route is tried by itself:
/// the document names it.
#[actix_rt::test]
async fn an_account_of_another_tenant_is_not_there_whatever_is_called() {
    let node = Node::start(Plan::default()).await;
    let (ana, bia) = (node.tenant("ana", 0).await, node.tenant("bia", 0).await);
    let account = node.account(bia.id).await;
    let before = node.get(&format!("/v1/accounts/{account}"), &bia.key).await;
    assert_eq!(before.status, StatusCode::OK);
    let document: Value = serde_json::from_str(&zaptor::api::openapi::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let mut tried = 0;
    for (path, methods) in paths.filter(|(path, _)| path.starts_with("/v1/accounts/{id}")) {
        for action in ["start", "stop", "restart", "logout", "hibernate", "wake"] {
            let filled = path
                .replace("{id}", &account.to_string())
                .replace("{bundle}", &BundleId::from_bits(1).to_string())
                .replace("{action}", action);
            for method in methods.as_object().unwrap().keys() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = node
                    .request(method.clone(), &filled, &ana.key)
                    .header("Zaptor-Passphrase", "correct horse battery");
                let request = match method {
                    Method::GET | Method::DELETE => request,
                    _ => request.json(&body_of(path)),
                };
                read(request)
                    .await
                    .assert_problem(404, "not_found", &format!("{method} {filled}"));
                tried += 1;
            }
            if !path.contains("{action}") {
                break;
            }
        }
    }
    assert!(tried > 15, "{tried}");
    let after = node.get(&format!("/v1/accounts/{account}"), &bia.key).await;
    assert_eq!(after.body["name"], before.body["name"], "it is as it was");
    node.stop().await;
}
