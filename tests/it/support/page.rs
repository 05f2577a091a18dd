//! What stands in for a browser page: a client of the sandbox's TLS door that speaks the page's side of the wire.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

const SOON: Duration = Duration::from_secs(10);

/// A client that trusts the sandbox's certificate and no other.
pub(crate) fn tls(data_dir: &Path) -> rustls::ClientConfig {
    let certificate = CertificateDer::from_pem_file(data_dir.join("tls/certificate.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// One page. Waiting for something has a deadline of ten seconds.
pub(crate) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Frames that came while another was awaited.
    heard: Vec<Value>,
    asked: u64,
}

impl Page {
    /// Connects to the sandbox of this data directory and says hello, with the token of its link if it has one.
    pub(crate) async fn open(data_dir: &Path, tls_port: u16, token: Option<&str>) -> Page {
        let stream = TcpStream::connect(("127.0.0.1", tls_port)).await.unwrap();
        let connector = Connector::Rustls(Arc::new(tls(data_dir)));
        let url = "wss://web.whatsapp.com/ws/chat";
        let connect = client_async_tls_with_config(url, stream, None, Some(connector));
        let (socket, _) = tokio::time::timeout(SOON, connect).await.unwrap().unwrap();
        let mut page = Page {
            socket,
            heard: Vec::new(),
            asked: 0,
        };
        page.say(json!({"t": "hello", "token": token, "v": "2.3000.1"}))
            .await;
        page
    }

    /// Sends a frame.
    pub(crate) async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, mut frame: Value) -> Value {
        self.asked += 1;
        let rid = json!(self.asked);
        frame["rid"] = rid.clone();
        self.say(frame).await;
        self.wait_for("an answer", |frame| frame["rid"] == rid).await
    }

    /// Waits for a frame of this verb.
    pub(crate) async fn hear(&mut self, verb: &str) -> Value {
        self.wait_for(verb, |frame| frame["t"] == verb).await
    }

    /// Waits for the first frame that is `wanted`; the others are kept.
    pub(crate) async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.heard.iter().position(&wanted) {
            return self.heard.remove(place);
        }
        loop {
            let message = tokio::time::timeout(SOON, self.socket.next()).await;
            let message = message
                .unwrap_or_else(|_| panic!("no {what} in time"))
                .unwrap()
                .unwrap();
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if wanted(&frame) {
                return frame;
            }
            self.heard.push(frame);
        }
    }

    /// Waits for the end of the connection.
    pub(crate) async fn closed(&mut self) {
        let end = async { while let Some(Ok(_)) = self.socket.next().await {} };
        tokio::time::timeout(SOON, end).await.unwrap();
    }

    /// Sends a text under this id; answers the server's acknowledgement.
    pub(crate) async fn send(&mut self, to: &str, id: &str) -> Value {
        self.ask(
            json!({"t": "send", "to": format!("{to}@c.us"), "id": id, "msg": {"type": "chat", "body": "hi"}}),
        )
        .await
    }
}
