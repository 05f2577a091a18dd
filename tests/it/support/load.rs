//! A load client for the sandbox: many linked pages without a browser, each on a WebSocket of its own over TLS, writing to
//! one another in a ring with a bounded number of messages in flight. It checks what it hears while it counts.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// The longest that a page waits for its next frame while something is still to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pages that are linked at the same time, so that opening is not the measure.
const LINKING: usize = 16;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Messages of one page that are not acknowledged yet, at most.
    pub(crate) in_flight: usize,
    pub(crate) until: Until,
}

/// When a page has sent enough.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// So many messages.
    Messages(u64),
    /// So long.
    Time(Duration),
}

/// What came of it, over all pages.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) sent: u64,
    /// Acknowledged by the server.
    pub(crate) acked: u64,
    /// Heard by the page to which it went, each counted once.
    pub(crate) heard: u64,
    /// Heard again, or by a page to which it did not go.
    pub(crate) astray: u64,
    /// Told to its sender as delivered, and as read.
    pub(crate) delivered: u64,
    pub(crate) read: u64,
    /// From the first send until everything had come in.
    pub(crate) took: Duration,
    /// From each send to its acknowledgement, in milliseconds.
    pub(crate) ack_ms: Vec<f64>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Linked pages. Dropping them closes their sockets.
pub(crate) struct Pages {
    sockets: Vec<Socket>,
}

/// What a page is told, as far as the load client looks.
#[derive(Deserialize)]
struct Frame<'a> {
    t: Option<&'a str>,
    rid: Option<u64>,
    error: Option<String>,
    ids: Option<Vec<&'a str>>,
    ack: Option<u64>,
    #[serde(borrow)]
    raw: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    id: &'a str,
}

fn number_of(page: usize) -> String {
    format!("55119{page:08}")
}

impl Pages {
    /// Makes a phone for each page and links it.
    pub(crate) async fn link(url: &str, data_dir: &Path, tls_port: u16, pages: usize) -> Pages {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = Arc::new(trusting(&data_dir.join("tls/certificate.pem")));
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let linking = (0..pages).map(|page| link(&client, url, Arc::clone(&tls), tls_port, page));
        let mut linked: Vec<(usize, Socket)> = futures::stream::iter(linking)
            .buffer_unordered(LINKING)
            .collect()
            .await;
        linked.sort_by_key(|(page, _)| *page);
        Pages {
            sockets: linked.into_iter().map(|(_, socket)| socket).collect(),
        }
    }

    /// Sockets of a server that only gives back what it is sent; see [`Pages::echo`].
    pub(crate) async fn connect(certificate: &Path, tls_port: u16, pages: usize) -> Pages {
        let tls = Arc::new(trusting(certificate));
        let connecting = (0..pages).map(|_| connect(Arc::clone(&tls), tls_port));
        let sockets = futures::stream::iter(connecting).buffer_unordered(LINKING);
        Pages {
            sockets: sockets.collect().await,
        }
    }

    /// As [`Pages::run`], where each frame comes back and nothing else does.
    pub(crate) async fn echo(&mut self, plan: Plan) -> Outcome {
        self.all_talk(plan, 0, true).await
    }

    /// Lets every page write to the next one. `round` keeps the ids of one call from those of another.
    pub(crate) async fn run(&mut self, plan: Plan, round: u64) -> Outcome {
        self.all_talk(plan, round, false).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "real processes are measured here, in real time"
    )]
    async fn all_talk(&mut self, plan: Plan, round: u64, echoes: bool) -> Outcome {
        let begun = Instant::now();
        let pages = self.sockets.len();
        let each = self.sockets.iter_mut().enumerate().map(|(page, socket)| {
            let talk = Talk {
                page,
                before: (page + pages - 1) % pages,
                to: format!("{}@c.us", number_of((page + 1) % pages)),
                round,
                begun,
                plan,
                echoes,
                waits: Vec::new(),
                heard: HashSet::new(),
                outcome: Outcome::default(),
            };
            talk.run(socket)
        });
        let mut all = Outcome::default();
        for one in futures::future::join_all(each).await {
            all.sent += one.sent;
            all.acked += one.acked;
            all.heard += one.heard;
            all.astray += one.astray;
            all.delivered += one.delivered;
            all.read += one.read;
            all.ack_ms.extend(one.ack_ms);
        }
        all.took = begun.elapsed();
        all
    }
}

fn trusting(certificate: &Path) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn connect(tls: Arc<rustls::ClientConfig>, tls_port: u16) -> Socket {
    let stream = TcpStream::connect(("127.0.0.1", tls_port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let connector = Connector::Rustls(tls);
    let url = "wss://web.whatsapp.com/ws/chat";
    let (socket, _) = client_async_tls_with_config(url, stream, None, Some(connector))
        .await
        .unwrap();
    socket
}

async fn link(
    client: &reqwest::Client,
    url: &str,
    tls: Arc<rustls::ClientConfig>,
    tls_port: u16,
    page: usize,
) -> (usize, Socket) {
    let number = number_of(page);
    let post = |path: String, body: Value| async move {
        let answer = client
            .post(format!("{url}/_/api/{path}"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };
    post(
        "phones".to_owned(),
        json!({"phone": number, "name": format!("Page {page}")}),
    )
    .await;
    let mut socket = connect(tls, tls_port).await;
    let hello = json!({"t": "hello", "v": "2.3000.1"});
    socket.send(Message::text(hello.to_string())).await.unwrap();
    let welcome = next_with(&mut socket, "welcome").await;
    post(
        format!("phones/{number}/scan"),
        json!({"code": welcome["refs"][0]}),
    )
    .await;
    next_with(&mut socket, "paired").await;
    (page, socket)
}

async fn next_text(socket: &mut Socket) -> String {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await;
        match next
            .expect("a frame in time")
            .expect("the connection lasts")
            .unwrap()
        {
            Message::Text(text) => return text.as_str().to_owned(),
            _ => continue,
        }
    }
}

async fn next_with(socket: &mut Socket, verb: &str) -> Value {
    loop {
        let frame: Value = serde_json::from_str(&next_text(socket).await).unwrap();
        if frame["t"] == verb {
            return frame;
        }
    }
}

/// One page at work.
struct Talk {
    page: usize,
    /// Who writes to it.
    before: usize,
    to: String,
    round: u64,
    begun: Instant,
    plan: Plan,
    /// The other side is no sandbox.
    echoes: bool,
    /// When each message was sent.
    waits: Vec<Instant>,
    heard: HashSet<String>,
    outcome: Outcome,
}

impl Talk {
    async fn run(mut self, socket: &mut Socket) -> Outcome {
        loop {
            let mut wrote = false;
            while self.may_send() {
                let frame = self.next_send();
                socket.feed(Message::text(frame)).await.unwrap();
                wrote = true;
            }
            if wrote {
                socket.flush().await.unwrap();
            }
            if self.is_done() {
                return self.outcome;
            }
            let text = next_text(socket).await;
            self.hear(&text);
        }
    }

    fn may_send(&self) -> bool {
        let window = self.outcome.sent - self.outcome.acked < self.plan.in_flight as u64;
        window && !self.has_sent_all()
    }

    fn has_sent_all(&self) -> bool {
        match self.plan.until {
            Until::Messages(count) => self.outcome.sent >= count,
            Until::Time(time) => self.begun.elapsed() >= time,
        }
    }

    /// With a count every page knows what is still to come to it; with a time it is done when its own are.
    fn is_done(&self) -> bool {
        let Outcome {
            sent,
            acked,
            read,
            heard,
            ..
        } = self.outcome;
        let own = self.has_sent_all() && acked == sent && (read == sent || self.echoes);
        match self.plan.until {
            Until::Messages(count) => own && heard == count,
            Until::Time(_) => own,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "real processes are measured here, in real time"
    )]
    fn next_send(&mut self) -> String {
        let n = self.outcome.sent;
        self.outcome.sent += 1;
        self.waits.push(Instant::now());
        let id = self.id(self.page, n);
        let msg = json!({"type": "chat", "body": "Hello, this is a message of a usual length."});
        json!({"t": "send", "rid": n, "to": self.to, "id": id, "msg": msg}).to_string()
    }

    fn id(&self, page: usize, n: u64) -> String {
        format!("3EB0{:02X}{page:04X}{n:010X}", self.round)
    }

    fn hear(&mut self, text: &str) {
        let frame: Frame<'_> = serde_json::from_str(text).unwrap();
        match frame.t {
            // What an echo gives back is the request itself.
            None | Some("send") => {
                assert_eq!(frame.error, None, "a message was refused");
                let n = usize::try_from(frame.rid.unwrap()).unwrap();
                self.outcome.acked += 1;
                self.outcome
                    .ack_ms
                    .push(self.waits[n].elapsed().as_secs_f64() * 1_000.0);
            }
            Some("msg") => {
                let id = frame.raw.unwrap().id;
                let own = id.starts_with(&self.id(self.before, 0)[..10]);
                if own && self.heard.insert(id.to_owned()) {
                    self.outcome.heard += 1;
                } else {
                    self.outcome.astray += 1;
                }
            }
            Some("receipt") => {
                let ids = frame.ids.map_or(0, |ids| ids.len() as u64);
                match frame.ack {
                    Some(2) => self.outcome.delivered += ids,
                    Some(3) => self.outcome.read += ids,
                    _ => {}
                }
            }
            Some(_) => {}
        }
    }
}
