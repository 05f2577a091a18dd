//! The sandbox's control API, and phones with linked pages.

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use zaptor::sandbox::{Sandbox, Settings};

use super::page::{Page, tls};

pub(crate) const ANNA: &str = "5511900000001";
pub(crate) const BEN: &str = "5511900000002";
const SOON: Duration = Duration::from_secs(10);

/// The control API as a test uses it.
pub(crate) struct Control {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
}

impl Control {
    pub(crate) fn of(data_dir: &Path, sandbox: &Sandbox) -> Control {
        let client = reqwest::Client::builder()
            .timeout(SOON)
            .tls_backend_preconfigured(tls(data_dir))
            .build()
            .unwrap();
        Control {
            url: format!("{}/_/api", sandbox.url()),
            client,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(&body);
        self.send(request).await
    }

    /// What a request is answered: its status, and its body or null.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.client.patch(format!("{}{path}", self.url)).json(&body);
        self.send(request).await
    }

    pub(crate) async fn scan(&self, phone: &str, code: &Value) -> (StatusCode, Value) {
        let code = format!("{},noise,identity,adv", code.as_str().unwrap());
        self.post(&format!("/phones/{phone}/scan"), json!({"code": code}))
            .await
    }

    pub(crate) async fn delivery(&self, id: &str) -> Value {
        let log = self.get(&format!("/deliveries?wa_message_id={id}")).await;
        assert_eq!(log["data"].as_array().unwrap().len(), 1, "{log}");
        log["data"][0].clone()
    }
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

pub(crate) fn settings(folder: &Path) -> Settings {
    Settings {
        seed: Some(1),
        ..Settings::in_dir(folder)
    }
}

/// A phone with one linked page, and the page's token.
pub(crate) async fn linked(
    folder: &Path,
    sandbox: &Sandbox,
    control: &Control,
    phone: &str,
) -> (Page, String) {
    control.post("/phones", json!({"phone": phone})).await;
    let mut page = Page::open(folder, sandbox.tls_port(), None).await;
    let welcome = page.hear("welcome").await;
    let (status, link) = control.scan(phone, &welcome["refs"][0]).await;
    assert_eq!(status, StatusCode::OK, "{link}");
    let paired = page.hear("paired").await;
    assert_eq!(paired["me"]["pn"], json!(format!("{phone}@c.us")));
    (page, paired["token"].as_str().unwrap().to_owned())
}
