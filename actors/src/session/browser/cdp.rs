//! One socket of the DevTools protocol: commands by number, events to a sink, and a new socket when one breaks.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::{
    WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    events::Intake,
    life::Life,
    media,
    signs::{Signs, Trouble},
};
use crate::domain::Clock;

type Socket = WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Orders that may wait for the socket. One command and one look for events are in flight at a time.
const ORDERS: usize = 16;

/// How often, and after which pause, a broken socket to a living browser is made anew.
const RECONNECTS: u32 = 10;
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// So many sockets in a row, none of which has lasted so long, and the session is over: what breaks them comes again with
/// every new one, such as a line on the page's console that is larger than a frame may be.
const BREAKS: u32 = 20;
const STEADY: Duration = Duration::from_secs(30);

/// The largest message that is taken, in bytes; Chromium sends each in one frame. The agent's answers have some 6 MB at
/// most (`ANSWER_CHARS` in `actors/agent/src/answers.ts`), a picture of the page a tenth of that.
const LARGEST_FRAME: usize = 64 << 20;

/// The page calls this to push an event.
const BINDING: &str = "__zaptorEvent";

/// Why an order brought no answer.
#[derive(Debug)]
pub(super) enum CdpError {
    /// The socket broke, or the page was replaced while it ran: nobody can tell what became of it.
    Lost(String),
    /// The browser refused it.
    Refused(String),
}

struct Order {
    method: &'static str,
    params: Value,
    answer: oneshot::Sender<Result<Value, CdpError>>,
}

/// A handle to the socket's task. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cdp {
    orders: mpsc::Sender<Order>,
    to: Arc<Target>,
}

/// The page that a socket leads to, and who hears what it tells.
struct Target {
    url: String,
    life: Arc<Life>,
    intake: Arc<Intake>,
    signs: Arc<Signs>,
    clock: Clock,
    /// Whether the page may fetch media.
    media: bool,
    /// Cancelled when another page has taken its place: nothing that happens to it counts any more.
    retired: CancellationToken,
}

#[derive(Deserialize)]
struct Frame {
    id: Option<u64>,
    result: Option<Value>,
    error: Option<Refusal>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Cdp {
    /// Connects to a page and serves it until the session is over. `url` is the page's socket on loopback; without `media`
    /// the page is kept from fetching any.
    pub(super) async fn connect(
        url: String,
        life: Arc<Life>,
        (intake, signs): (Arc<Intake>, Arc<Signs>),
        clock: Clock,
        media: bool,
    ) -> Result<Self, String> {
        let retired = life.over.child_token();
        Self::lead(Target {
            url,
            life,
            intake,
            signs,
            clock,
            media,
            retired,
        })
        .await
    }

    async fn lead(to: Target) -> Result<Self, String> {
        let socket = dial(&to.url).await?;
        let (orders, waiting) = mpsc::channel(ORDERS);
        let to = Arc::new(to);
        let line = Line {
            to: Arc::clone(&to),
            orders: waiting,
            waiting: HashMap::new(),
            last: 0,
        };
        tokio::spawn(line.serve(socket));
        Ok(Self { orders, to })
    }

    /// Connects to another page of the same session.
    pub(super) async fn beside(&self, url: String) -> Result<Self, String> {
        let to = &self.to;
        Self::lead(Target {
            url,
            life: Arc::clone(&to.life),
            intake: Arc::clone(&to.intake),
            signs: Arc::clone(&to.signs),
            clock: to.clock.clone(),
            media: to.media,
            retired: to.life.over.child_token(),
        })
        .await
    }

    /// Another page has taken the place of this one.
    pub(super) fn retire(&self) {
        self.to.retired.cancel();
    }

    /// Where the browser listens: `host:port`.
    pub(super) fn address(&self) -> Option<String> {
        let rest = self.to.url.strip_prefix("ws://")?;
        Some(rest.split_once('/')?.0.to_owned())
    }

    /// The page's id in the protocol.
    pub(super) fn page_id(&self) -> Option<String> {
        self.to.url.rsplit_once('/').map(|(_, id)| id.to_owned())
    }

    /// Runs a command of the protocol.
    pub(super) async fn run(&self, method: &'static str, params: Value) -> Result<Value, CdpError> {
        let gone = || CdpError::Lost("the browser's socket is closed".to_owned());
        let (answer, answered) = oneshot::channel();
        let order = Order {
            method,
            params,
            answer,
        };
        self.orders.send(order).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Evaluates an expression whose promise gives a text.
    pub(super) async fn evaluate(&self, expression: String) -> Result<String, CdpError> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.run("Runtime.evaluate", params).await?;
        if let Some(thrown) = answer.pointer("/exceptionDetails/exception/description") {
            return Err(CdpError::Refused(thrown.as_str().unwrap_or_default().to_owned()));
        }
        match answer.pointer_mut("/result/value").map(Value::take) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(CdpError::Refused("the page gave no text".to_owned())),
        }
    }
}

async fn dial(url: &str) -> Result<Socket, String> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_FRAME))
        .max_frame_size(Some(LARGEST_FRAME));
    connect_async_with_config(url, Some(config), false)
        .await
        .map(|(socket, _)| socket)
        .map_err(|error| format!("the browser's socket: {error}"))
}

/// The task behind a [`Cdp`].
struct Line {
    to: Arc<Target>,
    orders: mpsc::Receiver<Order>,
    waiting: HashMap<u64, oneshot::Sender<Result<Value, CdpError>>>,
    last: u64,
}

impl Line {
    async fn serve(mut self, mut socket: Socket) {
        let mut breaks = 0;
        loop {
            let begun = self.to.clock.instant();
            if self.attach(&mut socket).await.is_ok() {
                // What happened while nobody listened is asked for.
                self.to.intake.ask();
                self.pump(&mut socket).await;
            }
            for (_, answer) in self.waiting.drain() {
                let _ = answer.send(Err(CdpError::Lost("the browser's socket broke".to_owned())));
            }
            if self.to.retired.is_cancelled() || self.orders.is_closed() {
                let _ = socket.close(None).await;
                return;
            }
            let lasted = self.to.clock.instant().duration_since(begun);
            breaks = if lasted < STEADY { breaks + 1 } else { 0 };
            if breaks == BREAKS {
                return self.to.life.die("the browser's socket breaks again and again");
            }
            // Whatever the browser still wants to write there ends with it.
            drop(socket);
            match self.redial().await {
                Some(fresh) => socket = fresh,
                None if self.to.retired.is_cancelled() => return,
                None => return self.to.life.die("browser gone"),
            }
        }
    }

    /// Asks for what the session lives from: the binding (kept over navigations), and the news of crashes and dialogs.
    async fn attach(&mut self, socket: &mut Socket) -> Result<(), ()> {
        for (method, params) in [
            ("Inspector.enable", json!({})),
            ("Page.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Runtime.addBinding", json!({ "name": BINDING })),
        ] {
            self.write(socket, method, params).await.map_err(|_| ())?;
        }
        if !self.to.media {
            self.write(socket, "Fetch.enable", media::watched())
                .await
                .map_err(|_| ())?;
        }
        Ok(())
    }

    async fn write(&mut self, socket: &mut Socket, method: &str, params: Value) -> Result<u64, ()> {
        self.last += 1;
        let text = json!({ "id": self.last, "method": method, "params": params }).to_string();
        socket.send(Message::text(text)).await.map_err(|_| ())?;
        Ok(self.last)
    }

    /// Carries orders and frames until the socket breaks, the session is over, or nobody has orders any more.
    async fn pump(&mut self, socket: &mut Socket) {
        let to = Arc::clone(&self.to);
        loop {
            tokio::select! {
                () = to.retired.cancelled() => return,
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    match self.write(socket, order.method, order.params).await {
                        Ok(id) => {
                            self.waiting.insert(id, order.answer);
                            self.waiting.retain(|_, answer| !answer.is_closed());
                        }
                        Err(()) => return,
                    }
                }
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        if let Some((method, params)) = self.take(text.as_str())
                            && self.write(socket, method, params).await.is_err()
                        {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::debug!(target: "zaptor::session", %error, "the browser's socket broke");
                        return;
                    }
                    None => return,
                },
            }
        }
    }

    /// Takes a frame. Gives what is to be answered to the browser at once.
    fn take(&mut self, text: &str) -> Option<(&'static str, Value)> {
        let frame = serde_json::from_str::<Frame>(text).ok()?;
        if let Some(id) = frame.id {
            if let Some(answer) = self.waiting.remove(&id) {
                let _ = answer.send(match (frame.result, frame.error) {
                    (Some(result), _) => Ok(result),
                    (None, Some(Refusal { message })) => Err(classify(message)),
                    (None, None) => Err(CdpError::Refused("no result".to_owned())),
                });
            }
            return None;
        }
        match frame.method.as_deref() {
            Some("Runtime.bindingCalled") if frame.params["name"] == BINDING => {
                if let Some(payload) = frame.params["payload"].as_str() {
                    self.to.intake.push(payload);
                }
            }
            Some("Runtime.consoleAPICalled") => self.to.signs.note_console(&frame.params),
            Some("Runtime.exceptionThrown") => {
                self.to.life.note_page_error();
                self.to.signs.note_exception(&frame.params);
            }
            Some("Page.javascriptDialogOpening") => {
                let kind = frame.params["type"].as_str().unwrap_or("dialog");
                self.to
                    .signs
                    .note_dialog(kind, frame.params["message"].as_str().unwrap_or_default());
                if kind == "beforeunload" {
                    // Whoever leaves the page means it, and nothing that a person has typed is lost.
                    return Some(("Page.handleJavaScriptDialog", json!({ "accept": true })));
                }
                self.to.signs.report(Trouble::Dialog(kind.to_owned()));
            }
            Some("Page.javascriptDialogClosed") => self.to.signs.dialog_closed(),
            _ if self.to.retired.is_cancelled() => {}
            Some("Inspector.targetCrashed") => {
                self.to.life.note_page_error();
                self.to.signs.report(Trouble::Crashed);
            }
            Some("Inspector.detached") if frame.params["reason"] != "replaced_with_devtools" => {
                self.to.life.die("page gone");
            }
            Some("Fetch.requestPaused") => return media::verdict(&frame.params),
            _ => {}
        }
        None
    }

    async fn redial(&self) -> Option<Socket> {
        for _ in 0..RECONNECTS {
            if self.to.retired.is_cancelled() {
                return None;
            }
            if let Ok(socket) = dial(&self.to.url).await {
                return Some(socket);
            }
            self.to.clock.sleep(RECONNECT_PAUSE).await;
        }
        None
    }
}

/// A page that is replaced takes what ran in it along: that is not a refusal.
fn classify(message: String) -> CdpError {
    let lost = [
        "context was destroyed",
        "navigated or closed",
        "Cannot find context",
        "Promise was collected",
    ];
    if lost.iter().any(|sign| message.contains(sign)) {
        CdpError::Lost(message)
    } else {
        CdpError::Refused(message)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;

    /// A browser of few words: it answers every command with `pong`, or with as many MiB as `Test.long` asks for, and breaks
    /// the socket at `Test.break`.
    async fn browser(listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = accept_async(stream).await.unwrap();
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                let order: Value = serde_json::from_str(text.as_str()).unwrap();
                if order["method"] == "Test.break" {
                    break;
                }
                let word = order["params"]["mib"]
                    .as_u64()
                    .map_or_else(|| "pong".to_owned(), |mib| "x".repeat(mib as usize * MIB));
                let answer = format!(
                    r#"{{"id":{},"result":{{"result":{{"value":"{word}"}}}}}}"#,
                    order["id"]
                );
                if socket.send(Message::text(answer)).await.is_err() {
                    break;
                }
            }
        }
    }

    const MIB: usize = 1 << 20;

    /// A browser, and a socket to it.
    async fn connected() -> (tokio::task::JoinHandle<()>, Arc<Life>, Cdp) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}/devtools/page/1", listener.local_addr().unwrap());
        let browser = tokio::spawn(browser(listener));
        let life = Arc::new(Life::new("/nowhere/at/all".into()));
        let (intake, _pushed) = Intake::new();
        let (signs, _told) = Signs::new();
        let cdp = Cdp::connect(url, Arc::clone(&life), (intake, signs), Clock::system(), true)
            .await
            .unwrap();
        (browser, life, cdp)
    }

    #[tokio::test]
    async fn a_long_answer_arrives_and_one_that_never_fits_ends_the_session() {
        let (_browser, life, cdp) = connected().await;
        let long = |mib: usize| cdp.run("Test.long", json!({ "mib": mib }));
        let answer = long(17).await.unwrap();
        let word = answer.pointer("/result/value").and_then(Value::as_str);
        assert_eq!(word.map(str::len), Some(17 * MIB));
        for _ in 0..BREAKS {
            assert!(life.alive().is_ok());
            let lost = long(65).await;
            assert!(matches!(lost, Err(CdpError::Lost(_))), "a socket is not for ever");
        }
        life.over.cancelled().await;
        assert_eq!(life.death(), Some("the browser's socket breaks again and again"));
    }

    #[tokio::test]
    async fn a_socket_that_breaks_is_made_anew_until_the_browser_is_gone() {
        let (browser, life, cdp) = connected().await;
        assert_eq!(cdp.evaluate("1".to_owned()).await.unwrap(), "pong");
        let lost = cdp.run("Test.break", json!({})).await;
        assert!(
            matches!(lost, Err(CdpError::Lost(_))),
            "nobody can tell what became of it"
        );
        assert_eq!(cdp.evaluate("1".to_owned()).await.unwrap(), "pong");
        assert!(life.alive().is_ok());

        browser.abort();
        let _ = browser.await;
        let _ = cdp.run("Test.break", json!({})).await;
        life.over.cancelled().await;
        assert_eq!(life.death(), Some("browser gone"));
    }
}
