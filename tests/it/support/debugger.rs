//! A second hand at the page, through the browser's own debugger port: for what no person and no server can do to it.

use std::path::Path;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const SOON: Duration = Duration::from_secs(10);

/// A connection to the page of a browser. Whatever it has asked for goes on only as long as it lives.
pub(crate) struct Debugger(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Debugger {
    /// Connects to the page of the browser on this profile, which has written its port there.
    pub(crate) async fn at(profile: &Path) -> Debugger {
        let file = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
        let port = file.lines().next().unwrap();
        // Nothing here speaks TLS; the client wants to know how it would.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(SOON)
            .no_proxy()
            .build()
            .unwrap();
        let list = client.get(format!("http://127.0.0.1:{port}/json/list"));
        let targets: Vec<Value> = list.send().await.unwrap().json().await.unwrap();
        let page = targets.iter().find(|target| target["type"] == "page").unwrap();
        let url = page["webSocketDebuggerUrl"].as_str().unwrap();
        Debugger(connect_async(url).await.unwrap().0)
    }

    /// Has the page run something, and does not wait for it.
    pub(crate) async fn run(&mut self, expression: &str) {
        let order = json!({"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression}});
        self.0.send(Message::text(order.to_string())).await.unwrap();
    }

    /// Has the page run something as if a person had touched it.
    pub(crate) async fn touch(&mut self, expression: &str) {
        let params = json!({"expression": expression, "userGesture": true});
        let order = json!({"id": 3, "method": "Runtime.evaluate", "params": params});
        self.0.send(Message::text(order.to_string())).await.unwrap();
        self.evaluate("'touched'").await;
    }

    /// What an expression gives, once its promise is kept.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let order = json!({"id": 2, "method": "Runtime.evaluate", "params": params});
        self.0.send(Message::text(order.to_string())).await.unwrap();
        let answered = async {
            loop {
                let Some(Ok(Message::Text(text))) = self.0.next().await else {
                    panic!("the browser is gone");
                };
                let answer: Value = serde_json::from_str(&text).unwrap();
                if answer["id"] == 2 {
                    return answer;
                }
            }
        };
        let answer = tokio::time::timeout(SOON, answered)
            .await
            .expect("the page answers");
        answer["result"]["result"]["value"].clone()
    }
}
