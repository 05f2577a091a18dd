//! What was seen in repairs, over HTTP and by the command line: who may see it, and what is there.

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::auth::{KeyMode, Scope, Scopes};
use zaptor_actors::{
    domain::Timestamp,
    forensics::{Ended, Record, StageTried},
};

use crate::support::node::{Node, Plan};

fn record() -> Record {
    Record {
        at: Timestamp::from_millis(1_764_000_000_000),
        trigger: "page_unresponsive".to_owned(),
        detail: "no answer for 6 s".to_owned(),
        stages: vec![StageTried {
            stage: "reload_page".to_owned(),
            began_at: Timestamp::from_millis(1_764_000_001_000),
            took_ms: 900,
            outcome: "helped".to_owned(),
            detail: None,
        }],
        ended: Ended::Repaired,
        states: Vec::new(),
        console: vec!["TypeError: …".to_owned()],
        no_picture: Some("the page gave no answer".to_owned()),
    }
}

#[actix_rt::test]
async fn a_repair_is_shown_to_its_tenant_alone() {
    let node = Node::start(Plan::default()).await;
    let (ana, bia) = (node.tenant("ana", 0).await, node.tenant("bia", 0).await);
    let account = node.account(ana.id).await;
    let path = format!("/v1/accounts/{account}/forensics");
    let none = node.get(&path, &ana.key).await;
    assert_eq!(
        (none.status, &none.body),
        (StatusCode::OK, &json!({"data": [], "next": null}))
    );
    let kept = node
        .platform
        .forensics
        .keep(account, record(), Some(b"\x89PNG picture".to_vec()));
    let id = kept.await.unwrap();
    let listed = node.get(&path, &ana.key).await;
    let bundle = &listed.body["data"][0];
    assert_eq!(bundle["id"], json!(id));
    assert_eq!(
        (&bundle["trigger"], &bundle["ended"], &bundle["has_screenshot"]),
        (&json!("page_unresponsive"), &json!("repaired"), &json!(true))
    );
    assert_eq!(bundle["no_screenshot"], Value::Null, "there is one");
    assert_eq!(bundle["stages"][0]["outcome"], "helped");
    let shown = node.get(&format!("{path}/{id}"), &ana.key).await;
    assert_eq!(&shown.body, bundle);
    let reader = [Scope::AccountsRead].into_iter().collect::<Scopes>();
    let reader = node.key(ana.id, KeyMode::Live, reader).await;
    assert_eq!(
        node.get(&format!("{path}/{id}"), &reader).await.status,
        StatusCode::OK
    );
    let picture = node.get(&format!("{path}/{id}/screenshot"), &reader).await;
    picture.assert_problem(403, "missing_scope", "a picture of the page");
    let other = node.account(ana.id).await;
    for path in [
        path.clone(),
        format!("{path}/{id}"),
        format!("{path}/{id}/screenshot"),
    ] {
        node.get(&path, "")
            .await
            .assert_problem(401, "unauthenticated", &path);
        node.get(&path, &bia.key)
            .await
            .assert_problem(404, "not_found", &path);
    }
    let elsewhere = format!("/v1/accounts/{other}/forensics/{id}");
    node.get(&elsewhere, &ana.key)
        .await
        .assert_problem(404, "not_found", "it is another account's");
    let none = format!("{path}/rep_01JD8ZK7X4M4T2Q6W9B3N5C8VF/screenshot");
    node.get(&none, &ana.key)
        .await
        .assert_problem(404, "not_found", "there is none");
    node.get(&format!("{path}/nonsense"), &ana.key)
        .await
        .assert_problem(404, "not_found", "no id");
    node.stop().await;
}
