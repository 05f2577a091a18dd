//! A second hand at the page, through the browser's own debugger port: for what no person and no server can do to it.

use std::path::Path;
use std::time::Duration;

use futures::SinkExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const SOON: Duration = Duration::from_secs(10);

/// A connection to the page of a browser. Whatever it has asked for goes on only as long as it lives.
pub(super) struct Debugger(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Debugger {
    /// Connects to the page of the browser on this profile, which has written its port there.
    pub(super) async fn at(profile: &Path) -> Debugger {
        let file = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap();
        let port = file.lines().next().unwrap();
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
    pub(super) async fn run(&mut self, expression: &str) {
        let order = json!({"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression}});
        self.0.send(Message::text(order.to_string())).await.unwrap();
    }
}
