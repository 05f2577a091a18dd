//! What an account is told about itself: created, shown, changed field by field, refused.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::node::{Node, Plan, read};

#[actix_rt::test]
async fn settings_are_merged_field_by_field() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let plain = json!({
        "user_agent": null, "locale": null, "time_zone": null, "hibernate_after_s": null, "wake_every_s": null,
        "allow_other_number": null, "media_downloads": null,
        "priority": null, "proxy": null
    });
    let body = json!({"name": "Shop", "engine": "simulated", "settings": {"locale": "pt-BR"}});
    let made = node.post("/v1/accounts", &tenant.key, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let with = |more: Value| {
        let mut settings = plain.clone();
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        settings
    };
    assert_eq!(made.body["settings"], with(json!({"locale": "pt-BR"})));
    let path = format!("/v1/accounts/{}", made.body["id"].as_str().unwrap());
    let change = |body: Value| read(node.request(Method::PATCH, &path, &tenant.key).json(&body));

    let zone = json!({"settings": {"time_zone": "America/Sao_Paulo"}});
    let changed = change(zone.clone()).await.body;
    let both = with(json!({"locale": "pt-BR", "time_zone": "America/Sao_Paulo"}));
    assert_eq!(changed["settings"], both, "what is not named stays");
    assert_eq!(changed["settings_take_effect"], "next_session");
    assert_eq!(change(zone).await.body["settings_take_effect"], json!(null));
    let sleep = json!({"settings": {"hibernate_after_s": 3600}});
    assert_eq!(
        change(sleep).await.body["settings_take_effect"],
        "now",
        "it is not the browser's"
    );
    let reset = json!({"settings": {"locale": null, "hibernate_after_s": null}, "restart": true});
    let changed = change(reset).await.body;
    assert_eq!(changed["settings"]["locale"], json!(null));
    assert_eq!(changed["settings_take_effect"], "now");

    node.post(&format!("{path}/stop"), &tenant.key, json!({})).await;
    let changed = change(json!({"settings": {"user_agent": "Shop/1"}})).await.body;
    assert_eq!(changed["settings_take_effect"], "now", "nothing runs");
    let shown = node.get(&path, &tenant.key).await.body;
    assert_eq!(
        shown["settings"],
        with(json!({"time_zone": "America/Sao_Paulo", "user_agent": "Shop/1"}))
    );
    node.stop().await;
}

#[actix_rt::test]
async fn the_password_of_a_proxy_is_kept_and_never_shown() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let account = node.account(tenant.id).await;
    let path = format!("/v1/accounts/{account}");
    let set = |proxy: Value| {
        let body = json!({"settings": {"proxy": proxy}});
        read(node.request(Method::PATCH, &path, &tenant.key).json(&body))
    };
    let store = &node.platform.store;
    let kept = async || {
        let kept = store.secret(account, "proxy_password").await.unwrap();
        kept.map(|kept| kept.reveal().to_owned())
    };
    let given = json!({"url": "socks5://p.example:1080", "username": "ana", "password": "hunter2"});
    let shown = json!({"url": "socks5://p.example:1080", "username": "ana", "has_password": true});
    let answer = set(given.clone()).await;
    assert_eq!(answer.body["settings"]["proxy"], shown);
    assert_eq!(kept().await.as_deref(), Some("hunter2"));
    assert_eq!(
        set(shown.clone()).await.body["settings"]["proxy"],
        shown,
        "what was shown may be given back"
    );
    assert_eq!(kept().await.as_deref(), Some("hunter2"));
    // Whoever does not know the password cannot have it told to another proxy.
    let other = json!({"url": "socks5://other.example:1080", "username": "ana", "has_password": true});
    assert_eq!(set(other).await.body["settings"]["proxy"]["has_password"], false);
    assert_eq!(kept().await, None);
    set(given).await;
    assert_eq!(set(json!(null)).await.body["settings"]["proxy"], json!(null));
    assert_eq!(kept().await, None);
    for (proxy, pointer) in [
        (
            json!({"url": "http://ana:hunter2@p.example:80"}),
            "/settings/proxy/url",
        ),
        (json!({"url": "https://p.example:443"}), "/settings/proxy/url"),
        (
            json!({"url": "http://p.example:80", "password": "x"}),
            "/settings/proxy/password",
        ),
    ] {
        let answer = set(proxy).await;
        answer.assert_problem(422, "validation_failed", pointer);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
        assert!(!answer.body.to_string().contains("hunter2"));
    }
    node.stop().await;
}

#[actix_rt::test]
async fn the_password_of_a_proxy_outlives_the_key_that_it_was_sealed_with() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let admin = node.access_token(&tenant.admin).await;
    let account = node.account(tenant.id).await;
    let proxy = json!({"url": "http://p.example:3128", "username": "ana", "password": "hunter2"});
    let body = json!({"settings": {"proxy": proxy}});
    let path = format!("/v1/accounts/{account}");
    read(node.request(Method::PATCH, &path, &tenant.key).json(&body)).await;
    for round in 1..=2 {
        let rotated = node.post("/v1/system/vault/rotate", &admin, json!({})).await;
        let told = json!({"locked_anew": 1, "failed": 0, "keys": 1});
        assert_eq!(rotated.body, told, "the old key is gone, round {round}");
        let kept = node
            .platform
            .store
            .secret(account, "proxy_password")
            .await
            .unwrap();
        assert_eq!(kept.unwrap().reveal(), "hunter2");
    }
    node.stop().await;
}

#[actix_rt::test]
async fn settings_that_nothing_understands_are_refused_where_they_stand() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let account = node.account(tenant.id).await;
    let path = format!("/v1/accounts/{account}");
    let rows = [
        (json!({"locale": "german"}), "/settings/locale"),
        (json!({"time_zone": "Mars/Olympus"}), "/settings/time_zone"),
        (json!({"user_agent": "a\nb"}), "/settings/user_agent"),
        (json!({"user_agent": 7}), "/settings/user_agent"),
        (
            json!({"hibernate_after_s": 2_592_001}),
            "/settings/hibernate_after_s",
        ),
        (json!({"wake_every_s": -1}), "/settings/wake_every_s"),
        (json!({"priority": 10}), "/settings/priority"),
        (json!({"colour": "red"}), "/settings/colour"),
        (json!([]), "/settings"),
    ];
    for (settings, pointer) in rows {
        let body = json!({"name": "Shop", "engine": "simulated", "settings": settings});
        let made = node.post("/v1/accounts", &tenant.key, body).await;
        let change = json!({ "settings": settings });
        let changed = read(node.request(Method::PATCH, &path, &tenant.key).json(&change)).await;
        for answer in [made, changed] {
            answer.assert_problem(422, "validation_failed", pointer);
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{settings}");
        }
    }
    node.stop().await;
}
