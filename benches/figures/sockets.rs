//! A thousand WebSocket clients on one thread that count frames and look at nothing else.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};

/// Frames with less than this many bytes tell of the stream itself: `ready`, heartbeats, pings.
const EVENT_BYTES_MIN: usize = 126;
/// Handshakes at a time: no server's backlog is the measure here.
const HANDSHAKES: usize = 32;
const PATIENCE: Duration = Duration::from_secs(120);
/// A masked pong without content, with a mask of zeros.
const PONG: [u8; 6] = [0x8A, 0x80, 0, 0, 0, 0];
const OPCODE_PING: u8 = 0x9;

#[derive(Default)]
struct Counts {
    events: AtomicU64,
    bytes: AtomicU64,
}

/// Open sockets. Dropping it closes them.
pub(crate) struct Sockets {
    counts: Arc<Counts>,
    stop: Arc<Notify>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sockets {
    /// Opens `count` sockets on `/v1/stream`; returns when every server's side has answered the handshake.
    pub(crate) fn open(server: SocketAddr, api_key: &str, count: usize) -> Self {
        let (counts, stop) = (Arc::new(Counts::default()), Arc::new(Notify::new()));
        let (opened, wait) = std::sync::mpsc::channel();
        let handshake = format!(
            "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer {api_key}\r\n\r\n"
        );
        let (counted, stopped) = (Arc::clone(&counts), Arc::clone(&stop));
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let sockets = open_all(server, &handshake, count).await;
                let _ = opened.send(());
                let readers = sockets
                    .into_iter()
                    .map(|(socket, rest)| read(socket, rest, &counted));
                tokio::select! {
                    _ = futures::future::join_all(readers) => {}
                    () = stopped.notified() => {}
                }
            });
        };
        let thread = thread::spawn(work);
        wait.recv().expect("the sockets open");
        Self {
            counts,
            stop,
            thread: Some(thread),
        }
    }

    /// Events that came in so far, over all sockets.
    pub(crate) fn events(&self) -> u64 {
        self.counts.events.load(Ordering::Relaxed)
    }

    /// Bytes that came in so far, over all sockets.
    pub(crate) fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    /// Waits until so many events have come in.
    pub(crate) fn until(&self, events: u64) {
        let begun = Instant::now();
        while self.events() < events {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {events} events came",
                self.events()
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn open_all(server: SocketAddr, handshake: &str, count: usize) -> Vec<(TcpStream, Vec<u8>)> {
    use futures::StreamExt as _;
    let opening = (0..count).map(|_| open_one(server, handshake));
    futures::stream::iter(opening)
        .buffer_unordered(HANDSHAKES)
        .collect()
        .await
}

/// Gives the socket and what came after the head of the answer.
async fn open_one(server: SocketAddr, handshake: &str) -> (TcpStream, Vec<u8>) {
    let mut socket = TcpStream::connect(server).await.unwrap();
    socket.write_all(handshake.as_bytes()).await.unwrap();
    let mut answer = Vec::with_capacity(1_024);
    loop {
        let read = socket.read_buf(&mut answer).await.unwrap();
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]);
            assert!(head.starts_with("HTTP/1.1 101"), "no WebSocket: {head}");
            return (socket, answer.split_off(end + 4));
        }
        assert!(read > 0, "the server closed the connection");
    }
}

async fn read(mut socket: TcpStream, rest: Vec<u8>, counts: &Counts) {
    let mut frames = Frames::default();
    let mut part = rest;
    part.reserve(64 * 1_024);
    loop {
        counts.bytes.fetch_add(part.len() as u64, Ordering::Relaxed);
        let seen = frames.count(&part);
        counts.events.fetch_add(seen.events, Ordering::Relaxed);
        for _ in 0..seen.pings {
            if socket.write_all(&PONG).await.is_err() {
                return;
            }
        }
        part.clear();
        match socket.read_buf(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[derive(Default)]
struct Seen {
    events: u64,
    pings: u64,
}

/// Where a socket stands between frames.
#[derive(Default)]
struct Frames {
    /// Bytes of a header that is not complete yet; a server's header has at most ten.
    header: Vec<u8>,
    /// Bytes of the current frame that are still to come.
    left: usize,
}

impl Frames {
    fn count(&mut self, mut bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let Some((&next, rest)) = bytes.split_first() else {
                break;
            };
            self.header.push(next);
            bytes = rest;
            if let Some(length) = self.length() {
                seen.events += u64::from(length >= EVENT_BYTES_MIN);
                seen.pings += u64::from(self.header[0] & 0x0F == OPCODE_PING);
                self.left = length;
                self.header.clear();
            }
        }
        seen
    }

    /// The length of the frame, once its header is complete. A server does not mask (RFC 6455, section 5.1).
    fn length(&self) -> Option<usize> {
        match *self.header.as_slice() {
            [_, short @ 0..126] => Some(usize::from(short)),
            [_, 126, a, b] => Some(usize::from(u16::from_be_bytes([a, b]))),
            [_, 127, a, b, c, d, e, f, g, h] => {
                usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).ok()
            }
            _ => None,
        }
    }
}
