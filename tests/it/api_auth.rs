//! Signing in, credentials and what they allow, through the real router.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use zaptor::auth::{KeyMode, Scope, Scopes};
use zaptor_actors::{domain::EngineKind, session::browser};

use crate::support::{
    node::{Node, Plan, read},
    wait,
};

/// Until something asked for has happened, on a loaded machine, too.
const DEADLINE: Duration = Duration::from_secs(30);

#[actix_rt::test]
async fn a_login_carries_on_until_its_token_comes_back() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let login = node.log_in(&tenant.client).await;
    assert_eq!(login["token_type"], "Bearer");
    assert_eq!(login["expires_in"], 900);
    assert_eq!(login["user"]["tenant"], tenant.id.to_string());
    let me = node
        .get("/v1/auth/me", login["access_token"].as_str().unwrap())
        .await;
    assert_eq!(
        (&me.body["kind"], &me.body["email"]),
        (&json!("user"), &json!(tenant.client))
    );
    let refresh = |token: &Value| json!({"refresh_token": token});
    let next = node
        .post("/v1/auth/refresh", "", refresh(&login["refresh_token"]))
        .await;
    assert_eq!(next.status, StatusCode::OK);
    let again = node
        .post("/v1/auth/refresh", "", refresh(&login["refresh_token"]))
        .await;
    again.assert_problem(401, "invalid_refresh_token", "replay");
    let ended = node
        .post("/v1/auth/refresh", "", refresh(&next.body["refresh_token"]))
        .await;
    ended.assert_problem(401, "invalid_refresh_token", "the replay ended the login");
    let login = node.log_in(&tenant.client).await;
    let out = node
        .post("/v1/auth/logout", "", refresh(&login["refresh_token"]))
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let over = node
        .post("/v1/auth/refresh", "", refresh(&login["refresh_token"]))
        .await;
    over.assert_problem(401, "invalid_refresh_token", "signed out");
    node.stop().await;
}

#[actix_rt::test]
async fn guessing_passwords_is_slowed_down() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let guess = json!({"email": tenant.client, "password": "guess"});
    for _ in 0..5 {
        let refused = node.post("/v1/auth/login", "", guess.clone()).await;
        refused.assert_problem(401, "invalid_credentials", "guess");
    }
    let slowed = node.post("/v1/auth/login", "", guess).await;
    slowed.assert_problem(429, "too_many_attempts", "sixth guess");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(!slowed.header("ratelimit").is_empty());
    assert_eq!(slowed.body["retryable"], true);
    node.stop().await;
}

#[actix_rt::test]
async fn bad_credentials_by_table() {
    let node = Node::start(Plan {
        access_lifetime: Duration::ZERO,
        ..Plan::default()
    })
    .await;
    let tenant = node.tenant("ana", 0).await;
    let expired = node.access_token(&tenant.client).await;
    let rows = [
        ("none", None, "unauthenticated"),
        ("another scheme", Some("Basic YTpi".to_owned()), "unauthenticated"),
        ("no token", Some("Bearer".to_owned()), "unauthenticated"),
        ("noise", Some("Bearer x.y.z".to_owned()), "invalid_token"),
        ("expired", Some(format!("Bearer {expired}")), "token_expired"),
        (
            "cut short",
            Some(format!("Bearer {}", &expired[..expired.len() - 2])),
            "invalid_token",
        ),
        (
            "unknown key",
            Some("Bearer zk_live_AAAA".to_owned()),
            "invalid_key",
        ),
        (
            "key cut short",
            Some(format!("Bearer {}", &tenant.key[..50])),
            "invalid_key",
        ),
    ];
    for (case, header, code) in rows {
        let mut request = node.request(Method::GET, "/v1/accounts", "");
        if let Some(header) = header {
            request = request.header("Authorization", header);
        }
        let answer = read(request).await;
        answer.assert_problem(401, code, case);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{case}");
    }
    let by_header = node
        .request(Method::GET, "/v1/accounts", "")
        .header("X-API-Key", &tenant.key);
    assert_eq!(read(by_header).await.status, StatusCode::OK);
    node.stop().await;
}

/// Who (0: a key that only reads messages, 1: a key with every scope, 2: the tenant's owner), what, and the refusal.
const FORBIDDEN: [(usize, &str, &str, &str); 11] = [
    (
        0,
        "POST /v1/messages",
        r#"{"account":"ACCOUNT","to":"5511987654321","text":{"body":"x"}}"#,
        "missing_scope",
    ),
    (0, "GET /v1/accounts", "", "missing_scope"),
    (0, "POST /v1/accounts", r#"{"name":"x"}"#, "missing_scope"),
    (0, "GET /v1/accounts/ACCOUNT/health", "", "missing_scope"),
    (0, "GET /v1/wallet", "", "missing_scope"),
    (0, "GET /v1/events", "", "missing_scope"),
    (0, "POST /v1/stream/tickets", "", "missing_scope"),
    (1, "GET /v1/keys", "", "missing_scope"),
    (
        1,
        "POST /v1/keys",
        r#"{"name":"x","scopes":["messages:read"]}"#,
        "missing_scope",
    ),
    (1, "POST /v1/wallet/topups", r#"{"amount":1}"#, "missing_role"),
    (2, "POST /v1/wallet/topups", r#"{"amount":1}"#, "missing_role"),
];

#[actix_rt::test]
async fn scopes_and_roles_by_table() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let reader = Scopes::from_iter([Scope::MessagesRead]);
    let reader = node.key(tenant.id, KeyMode::Live, reader).await;
    let client = node.access_token(&tenant.client).await;
    let account = node.account(tenant.id).await;
    let credentials = [&reader, &tenant.key, &client];
    for (who, call, body, code) in FORBIDDEN {
        let (method, path) = call.split_once(' ').unwrap();
        let path = path.replace("ACCOUNT", &account.to_string());
        let mut request = node.request(method.parse().unwrap(), &path, credentials[who]);
        if !body.is_empty() {
            let body = body.replace("ACCOUNT", &account.to_string());
            request = request.header("Content-Type", "application/json").body(body);
        }
        read(request).await.assert_problem(403, code, call);
    }
    assert_eq!(node.get("/v1/messages", &reader).await.status, StatusCode::OK);
    assert_eq!(
        node.get("/v1/wallet", &tenant.key).await.body["available"],
        10,
        "nothing was charged"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn a_revoked_key_is_refused_at_once() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let client = node.access_token(&tenant.client).await;
    let made = node
        .post(
            "/v1/keys",
            &client,
            json!({"name": "till", "scopes": ["messages:read"], "mode": "live"}),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let key = made.body["key"].as_str().unwrap();
    assert!(key.starts_with(made.body["prefix"].as_str().unwrap()));
    assert_eq!(node.get("/v1/messages", key).await.status, StatusCode::OK);
    let path = format!("/v1/keys/{}", made.body["id"].as_str().unwrap());
    let gone = read(node.request(Method::DELETE, &path, &client)).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    node.get("/v1/messages", key)
        .await
        .assert_problem(401, "invalid_key", "revoked");
    let again = read(node.request(Method::DELETE, &path, &client)).await;
    again.assert_problem(404, "not_found", "revoked twice");
    let keys = node.get("/v1/keys", &client).await;
    assert!(
        keys.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["key"].is_null())
    );
    node.stop().await;
}

/// What a test key may not do to an account on the real WhatsApp, and what it may not see of it.
const CONFINED: [(&str, &str); 20] = [
    (
        "POST /v1/messages",
        r#"{"account":"ACCOUNT","to":"5511987654321","text":{"body":"x"}}"#,
    ),
    (
        "POST /v1/messages?dry_run=true",
        r#"{"account":"ACCOUNT","to":"5511987654321","text":{"body":"x"}}"#,
    ),
    ("GET /v1/messages/MESSAGE", ""),
    ("DELETE /v1/messages/MESSAGE", ""),
    ("GET /v1/messages?account=ACCOUNT", ""),
    ("GET /v1/messages", ""),
    ("GET /v1/events?account=ACCOUNT", ""),
    ("GET /v1/events", ""),
    ("GET /v1/stream", ""),
    ("POST /v1/accounts", r#"{"name":"x","engine":"browser"}"#),
    ("GET /v1/accounts/ACCOUNT", ""),
    ("GET /v1/accounts/ACCOUNT/health", ""),
    ("GET /v1/accounts/ACCOUNT/forensics", ""),
    ("PATCH /v1/accounts/ACCOUNT", r#"{"name":"x"}"#),
    ("DELETE /v1/accounts/ACCOUNT", ""),
    ("POST /v1/accounts/ACCOUNT/start", ""),
    ("POST /v1/accounts/ACCOUNT/restart", ""),
    ("POST /v1/accounts/ACCOUNT/logout", ""),
    ("GET /v1/accounts/ACCOUNT/pairing", ""),
    ("GET /v1/accounts/ACCOUNT/screenshot", ""),
];

#[actix_rt::test]
async fn a_test_key_touches_accounts_of_the_sandbox_only() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 10).await;
    let real = node.account_on(tenant.id, EngineKind::Browser).await;
    let sandboxed = node.account(tenant.id).await;
    let test_key = node.key(tenant.id, KeyMode::Test, Scopes::of_keys()).await;
    let text = |account| json!({"account": account, "to": "5511987654321", "text": {"body": "x"}});
    let sent = node.post("/v1/messages", &tenant.key, text(real)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "a live key: {}", sent.body);
    let message = sent.body["id"].as_str().unwrap();
    let filled = |text: &str| {
        text.replace("ACCOUNT", &real.to_string())
            .replace("MESSAGE", message)
    };
    for (call, body) in CONFINED {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = node.request(method.parse().unwrap(), &filled(path), &test_key);
        if !body.is_empty() {
            request = request
                .header("Content-Type", "application/json")
                .body(filled(body));
        }
        read(request).await.assert_problem(403, "test_key", call);
    }
    let wallet = node.get("/v1/wallet", &tenant.key).await.body;
    assert_eq!(
        (&wallet["available"], &wallet["held"]),
        (&json!(9), &json!(1)),
        "what the live key held"
    );
    for (call, status) in [
        (format!("/v1/messages?account={sandboxed}"), 200),
        (format!("/v1/events?account={sandboxed}"), 200),
        (format!("/v1/events?account={sandboxed},{real}"), 403),
    ] {
        assert_eq!(node.get(&call, &test_key).await.status, status, "{call}");
    }
    node.stop().await;
}

/// The ids in a page of accounts, or of actors that are one.
fn accounts_in(page: &Value, field: &str) -> Vec<String> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.filter_map(|row| row[field].as_str().map(str::to_owned))
        .collect()
}

#[actix_rt::test]
async fn a_test_key_lists_accounts_of_the_sandbox_only() {
    // An engine for real accounts whose driver ends at once: it opens nothing, but what it shall serve is supervised.
    let browser = browser::Settings {
        chromium_path: "/bin/true".into(),
        chromedriver_path: "/bin/false".into(),
        ..browser::Settings::default()
    };
    let node = Node::start(Plan {
        browser: Some(browser),
        ..Plan::default()
    })
    .await;
    let tenant = node.tenant("ana", 10).await;
    let test_key = node.key(tenant.id, KeyMode::Test, Scopes::of_keys()).await;
    let (mut all, mut sandboxed) = (Vec::new(), Vec::new());
    for engine in [
        EngineKind::Browser,
        EngineKind::Simulated,
        EngineKind::Browser,
        EngineKind::Simulated,
    ] {
        let id = node.account_on(tenant.id, engine).await.to_string();
        if engine == EngineKind::Simulated {
            sandboxed.push(id.clone());
        }
        all.push(id);
    }
    for (key, expected) in [(&tenant.key, &all), (&test_key, &sandboxed)] {
        let whole = node.get("/v1/accounts", key).await.body;
        assert_eq!(
            (&accounts_in(&whole, "id"), &whole["next"]),
            (expected, &json!(null))
        );
    }
    let first = node.get("/v1/accounts?limit=1", &test_key).await.body;
    assert_eq!(accounts_in(&first, "id"), sandboxed[..1], "pages are full");
    let next = format!("/v1/accounts?limit=1&after={}", first["next"].as_str().unwrap());
    let second = node.get(&next, &test_key).await.body;
    assert_eq!(
        (accounts_in(&second, "id"), &second["next"]),
        (sandboxed[1..].to_vec(), &json!(null))
    );
    wait::until("all of them in the tree", DEADLINE, async || {
        let tree = node.get("/v1/system/actors", &tenant.key).await.body;
        let there = accounts_in(&tree, "account");
        if there == all { Ok(()) } else { Err(there) }
    })
    .await;
    let tree = node.get("/v1/system/actors", &test_key).await.body;
    assert_eq!(accounts_in(&tree, "account"), sandboxed);
    node.stop().await;
}

#[actix_rt::test]
async fn a_test_key_never_bills() {
    let on_sandbox = Plan {
        sandbox_url: Some("http://127.0.0.1:9".to_owned()),
        ..Plan::default()
    };
    let node = Node::start(on_sandbox).await;
    // Not one token: a live key sends nothing here.
    let tenant = node.tenant("ana", 0).await;
    let test_key = node.key(tenant.id, KeyMode::Test, Scopes::of_keys()).await;
    for engine in [EngineKind::Simulated, EngineKind::Browser] {
        let account = node.account_on(tenant.id, engine).await;
        let text = json!({"account": account, "to": "5511987654321", "text": {"body": "x"}});
        let refused = node.post("/v1/messages", &tenant.key, text.clone()).await;
        refused.assert_problem(402, "insufficient_tokens", engine.as_str());
        let dry = node
            .post("/v1/messages?dry_run=true", &test_key, text.clone())
            .await;
        assert_eq!(
            (&dry.body["cost"], &dry.body["refusals"]),
            (&json!(0), &json!([])),
            "{engine:?}"
        );
        let sent = node.post("/v1/messages", &test_key, text).await;
        assert_eq!(
            (sent.status, &sent.body["cost"]),
            (StatusCode::ACCEPTED, &json!(0)),
            "{engine:?}"
        );
        assert_eq!(
            sent.body["balance"],
            json!({"available": 0, "held": 0}),
            "{engine:?}"
        );
        let path = format!("/v1/messages/{}", sent.body["id"].as_str().unwrap());
        let cancelled = read(node.request(Method::DELETE, &path, &test_key)).await;
        assert_eq!(cancelled.body["status"], "cancelled", "{engine:?}");
    }
    let entries = node.get("/v1/wallet/entries", &tenant.key).await;
    assert_eq!(
        entries.body["data"],
        json!([]),
        "nothing was held, posted or voided"
    );
    assert_eq!(
        node.get("/v1/messages", &test_key).await.status,
        StatusCode::OK,
        "all are of the sandbox"
    );
    node.stop().await;
}
