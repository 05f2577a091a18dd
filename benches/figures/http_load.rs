//! A load client that costs little: requests are bytes that exist already, one thread, keep-alive connections, answers
//! are read as far as their length and status.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream as BlockingStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// How long one answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Digits of the number that makes each request's idempotency key its own.
const KEY_DIGITS: usize = 16;

/// Numbers of idempotency keys, each used once in a run.
static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// A request, ready to be written.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// Where the number of its idempotency key stands.
    key_at: Option<usize>,
}

impl Request {
    /// A POST of JSON with an API key; with an `Idempotency-Key` of its own every time it is sent, if `keyed`.
    pub(crate) fn post(path: &str, api_key: &str, body: &Value, keyed: bool) -> Self {
        let body = body.to_string();
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api_key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        let mut key_at = None;
        if keyed {
            head.push_str("Idempotency-Key: bench-");
            key_at = Some(head.len());
            head.push_str(&"0".repeat(KEY_DIGITS));
            head.push_str("\r\n");
        }
        Self {
            bytes: format!("{head}\r\n{body}").into_bytes(),
            key_at,
        }
    }

    fn renew_key(&mut self) {
        if let Some(at) = self.key_at {
            let number = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
            let digits = format!("{number:0KEY_DIGITS$}");
            self.bytes[at..at + KEY_DIGITS].copy_from_slice(digits.as_bytes());
        }
    }
}

/// When a run is over.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// So long.
    Time(Duration),
    /// So many answers.
    Count(u64),
    /// So many answers, evenly so many a second.
    Paced(u64, u32),
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    pub(crate) elapsed: Duration,
    /// Of each answer, in seconds.
    pub(crate) times: Vec<f64>,
}

/// Sends from `connections` connections, one request in flight on each, from a thread of its own. Every answer must be
/// a 202.
pub(crate) fn run(server: SocketAddr, connections: usize, requests: &[Request], until: Until) -> Outcome {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(all(server, connections, requests, until))
    };
    thread::scope(|scope| scope.spawn(work).join()).expect("the load ran")
}

async fn all(server: SocketAddr, connections: usize, requests: &[Request], until: Until) -> Outcome {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(server).await);
    }
    let begun = Instant::now();
    let taken = AtomicU64::new(0);
    // Whether another request may go out, and when.
    let next = || -> Option<Duration> {
        let number = taken.fetch_add(1, Ordering::Relaxed);
        match until {
            Until::Time(limit) => (begun.elapsed() < limit).then_some(Duration::ZERO),
            Until::Count(count) => (number < count).then_some(Duration::ZERO),
            Until::Paced(count, per_second) => {
                let due = Duration::from_secs(1) / per_second * u32::try_from(number).unwrap_or(u32::MAX);
                (number < count).then(|| due.saturating_sub(begun.elapsed()))
            }
        }
    };
    let lanes = open.into_iter().enumerate().map(|(i, mut connection)| {
        let next = &next;
        async move {
            let mut request = requests[i % requests.len()].clone();
            let mut times = Vec::new();
            while let Some(pause) = next() {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                request.renew_key();
                let sent = Instant::now();
                let answer = tokio::time::timeout(PATIENCE, connection.exchange(&request.bytes)).await;
                answer.expect("an answer in time");
                times.push(sent.elapsed().as_secs_f64());
            }
            times
        }
    });
    let times = futures::future::join_all(lanes).await.concat();
    Outcome {
        answers: times.len() as u64,
        elapsed: begun.elapsed(),
        times,
    }
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::with_capacity(4_096),
        }
    }

    /// Writes a request and reads its whole answer.
    async fn exchange(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
        self.read.clear();
        loop {
            let read = self.stream.read_buf(&mut self.read).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            if let Some((status, _, end)) = parse(&self.read)
                && self.read.len() >= end
            {
                let text = || String::from_utf8_lossy(&self.read).into_owned();
                assert_eq!(status, 202, "{}", text());
                return;
            }
        }
    }
}

/// Status, where the body begins and where it ends, once the head is complete.
fn parse(answer: &[u8]) -> Option<(u16, usize, usize)> {
    let (head, body, end) = extent(answer)?;
    Some((head.get(9..12)?.parse().ok()?, body, end))
}

/// Where a request ends, once its head is complete.
pub(crate) fn parse_request(request: &[u8]) -> Option<usize> {
    extent(request).map(|(_, _, end)| end)
}

/// The head as text, where the body begins and where it ends.
fn extent(message: &[u8]) -> Option<(&str, usize, usize)> {
    let head = message.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&message[..head]).ok()?;
    let length: usize = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    Some((text, head + 4, head + 4 + length))
}

/// What a GET without any credentials is answered, head and body as one text.
pub(crate) fn text(server: SocketAddr, path: &str) -> String {
    let mut stream = BlockingStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// One request outside of any measurement: status and body.
pub(crate) fn call(
    server: SocketAddr,
    method: &str,
    path: &str,
    api_key: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut stream = BlockingStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api_key}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 8_192];
    loop {
        if let Some((status, from, end)) = parse(&answer)
            && answer.len() >= end
        {
            return (
                status,
                serde_json::from_slice(&answer[from..end]).unwrap_or(Value::Null),
            );
        }
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "{method} {path}: the server closed the connection");
        answer.extend_from_slice(&part[..read]);
    }
}
