//! `zaptor tail`: the event stream, one line an event, resumed by number after every break.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{self, Message};
use url::Url;
use zaptor_actors::domain::Clock;

use super::args::Tail;
use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, plain};

const SUBPROTOCOL: &str = "zaptor.v1";
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// The service shows a sign of life at least every 15 seconds unless it is told otherwise.
const SILENCE_MAX: Duration = Duration::from_secs(90);

pub(super) async fn run(tail: Tail, client: &Client, printer: Printer) -> Result<(), Failure> {
    let account = match &tail.account {
        Some(which) => Some(client.account_id(which).await?),
        None => None,
    };
    let mut reader = Reader {
        seq: tail.after,
        left: tail.count,
        account,
        types: tail.types.join(","),
        printer,
    };
    let clock = Clock::system();
    let mut backoff = BACKOFF_FIRST;
    let mut was_connected = false;
    loop {
        match reader.follow(client).await {
            Ok(End::Enough) => return Ok(()),
            Ok(End::Broken(why)) => {
                was_connected = true;
                backoff = BACKOFF_FIRST;
                printer.say(&format!("stream interrupted ({why}), resuming"));
            }
            // The first connection tells whether address and key are right; later ones are tried until they work.
            Err(failure @ Failure::Unreachable(_)) if was_connected => {
                if let Failure::Unreachable(why) = &failure {
                    printer.say(&format!("{why}; trying again"));
                }
            }
            Err(failure) => return Err(failure),
        }
        clock.sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// Why one connection ended without an error of ours.
enum End {
    /// As many events as were asked for.
    Enough,
    /// The connection broke or was closed; the reason in words.
    Broken(String),
}

struct Reader {
    /// Number of the last event printed.
    seq: Option<i64>,
    /// Events still to print, if they are counted.
    left: Option<u64>,
    account: Option<String>,
    types: String,
    printer: Printer,
}

impl Reader {
    /// Reads one connection to its end.
    async fn follow(&mut self, client: &Client) -> Result<End, Failure> {
        if self.left == Some(0) {
            return Ok(End::Enough);
        }
        // An access token may have run out since the last connection; this renews it.
        client.get("/v1/auth/me", &[]).await?;
        let request = self.request(client)?;
        let (mut socket, _) = tokio_tungstenite::connect_async(request)
            .await
            .map_err(|error| refused(client, error))?;
        loop {
            let frame = match tokio::time::timeout(SILENCE_MAX, socket.next()).await {
                Err(_) => return Ok(End::Broken("the service is silent".to_owned())),
                Ok(None) => return Ok(End::Broken("connection lost".to_owned())),
                Ok(Some(Err(error))) => return Ok(End::Broken(error.to_string())),
                Ok(Some(Ok(frame))) => frame,
            };
            match frame {
                Message::Text(text) => {
                    let enough = self.take(&text)?;
                    if enough {
                        // The service closes as well; whether it hears us no longer matters.
                        let _ = socket.close(None).await;
                        return Ok(End::Enough);
                    }
                }
                Message::Close(close) => {
                    let why = close.map_or_else(
                        || "closed".to_owned(),
                        |close| format!("closed with {}", close.code),
                    );
                    return Ok(End::Broken(why));
                }
                Message::Ping(data) => {
                    if let Err(error) = socket.send(Message::Pong(data)).await {
                        return Ok(End::Broken(error.to_string()));
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes one frame: prints an event, remembers its number. `true` once enough were printed.
    fn take(&mut self, text: &str) -> Result<bool, Failure> {
        let frame: Value =
            serde_json::from_str(text).map_err(|error| Failure::machine("the stream sent no JSON", error))?;
        let seq = frame["seq"].as_i64();
        match frame["control"].as_str() {
            Some("error") => return Err(Failure::Refused(frame)),
            // An interruption before the first event resumes where we came in.
            Some("ready") if self.seq.is_none() => {
                self.seq = seq;
                return Ok(false);
            }
            Some(_) => return Ok(false),
            None => {}
        }
        if seq.is_some() && seq <= self.seq {
            return Ok(false); // repeated after a break: it was printed already
        }
        self.seq = seq.or(self.seq);
        self.printer.line(&if self.printer.is_json() {
            frame.to_string()
        } else {
            line(&frame)
        })?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
        Ok(self.left == Some(0))
    }

    fn request(&self, client: &Client) -> Result<tungstenite::handshake::client::Request, Failure> {
        let bad = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", client.url()));
        let mut url = Url::parse(&format!("{}/v1/stream", client.url().replacen("http", "ws", 1)))
            .map_err(|e| bad(&e))?;
        let filters = [
            ("after", self.seq.map(|seq| seq.to_string())),
            (
                "types",
                Some(self.types.clone()).filter(|types| !types.is_empty()),
            ),
            ("account", self.account.clone()),
        ];
        for (name, value) in filters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let mut request = url.as_str().into_client_request().map_err(|error| bad(&error))?;
        let headers = request.headers_mut();
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
        if let Some(token) = client.bearer() {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            headers.insert(header::AUTHORIZATION, value.map_err(|error| bad(&error))?);
        }
        Ok(request)
    }
}

/// Why the stream could not be opened.
fn refused(client: &Client, error: tungstenite::Error) -> Failure {
    let tungstenite::Error::Http(answer) = error else {
        return Failure::Unreachable(format!("cannot open the stream of {}: {error}", client.url()));
    };
    let status = answer.status();
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::BAD_GATEWAY {
        return Failure::Unreachable(format!("{} answers {status}", client.url()));
    }
    let body = answer.body().as_deref().unwrap_or_default();
    let problem = serde_json::from_slice(body).unwrap_or_else(|_| {
        json!({ "status": status.as_u16(), "detail": format!("the stream was refused: {status}"), "code": "http_error" })
    });
    Failure::Refused(problem)
}

/// An event for people: number, time, type, account, and what matters of its data.
fn line(event: &Value) -> String {
    let data = &event["data"];
    let fields = [
        "message",
        "status",
        "chat",
        "from",
        "to",
        "state",
        "reason",
        "amount",
        "available",
        "attempt",
        "cause",
    ];
    let known = fields
        .iter()
        .filter(|name| !data[**name].is_null() && **name != "state");
    let mut parts: Vec<String> = known
        .map(|name| format!("{name}={}", plain(&data[*name])))
        .collect();
    if let Some(text) = data["text"]["body"].as_str() {
        parts.push(format!("text={text:?}"));
    }
    let head = [
        &event["seq"],
        &event["timestamp"],
        &event["type"],
        &event["account"],
    ]
    .map(plain);
    format!(
        "{:>6} {} {:<22} {} {}",
        head[0],
        head[1],
        head[2],
        head[3],
        parts.join(" ")
    )
    .trim_end()
    .to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn reader(after: Option<i64>, count: Option<u64>) -> Reader {
        Reader {
            seq: after,
            left: count,
            account: None,
            types: String::new(),
            printer: Printer::new(true),
        }
    }

    #[test]
    fn events_are_counted_once_and_the_number_is_kept() {
        let mut reader = reader(Some(4), Some(2));
        assert!(!reader.take(r#"{"seq":5,"type":"message.sent"}"#).unwrap());
        assert!(!reader.take(r#"{"seq":5,"type":"message.sent"}"#).unwrap());
        assert!(!reader.take(r#"{"control":"heartbeat","seq":5}"#).unwrap());
        assert!(reader.take(r#"{"seq":6,"type":"message.read"}"#).unwrap());
        assert_eq!(reader.seq, Some(6));
    }

    #[test]
    fn an_event_is_one_line() {
        let event = json!({
            "seq": 7, "type": "message.received", "timestamp": "2026-01-01T00:00:00.000Z", "account": "acc_1",
            "data": { "from": "5511", "text": { "body": "two\nlines" } },
        });
        let line = line(&event);
        assert_eq!(line.lines().count(), 1);
        assert!(line.contains("message.received") && line.contains("from=5511"));
    }
}
