//! A broadcast without a framework: every event is encoded once, then written to every socket by a call of its own. What
//! it costs is what the kernel takes for one small write per socket and event, and nothing else.

use std::{
    net::TcpListener as BlockingListener,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::http_load::parse_request;

/// The answer to the handshake of RFC 6455, section 1.3, whose key our clients use.
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
/// As long as an event of Zaptor about an accepted message, frame included.
const FRAME_BYTES: usize = 414;

type Sockets = Arc<Mutex<Vec<TcpStream>>>;

/// Serves until it is killed: GET opens a socket, POST makes an event.
pub(crate) async fn serve(listener: BlockingListener) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let sockets = Sockets::default();
    let (events, queue) = mpsc::unbounded_channel();
    tokio::spawn(write_all(Arc::clone(&sockets), queue));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(answer(stream, Arc::clone(&sockets), events.clone()));
    }
}

async fn answer(mut stream: TcpStream, sockets: Sockets, events: mpsc::UnboundedSender<u64>) {
    let mut read = Vec::with_capacity(4_096);
    let mut number = 0;
    loop {
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let Some(end) = parse_request(&read).filter(|&end| read.len() >= end) else {
            continue;
        };
        if read.starts_with(b"GET") {
            stream.write_all(SWITCHING).await.unwrap();
            sockets.lock().unwrap().push(stream);
            return;
        }
        read.drain(..end);
        number += 1;
        let _ = events.send(number);
        if stream.write_all(ACCEPTED).await.is_err() {
            return;
        }
    }
}

async fn write_all(sockets: Sockets, mut queue: mpsc::UnboundedReceiver<u64>) {
    while let Some(number) = queue.recv().await {
        let frame = frame(number);
        let mut open = std::mem::take(&mut *sockets.lock().unwrap());
        for socket in &mut open {
            let _ = socket.write_all(&frame).await;
        }
        // Whoever joined meanwhile stands at the end.
        let mut shared = sockets.lock().unwrap();
        open.append(&mut shared);
        *shared = open;
    }
}

fn frame(number: u64) -> Vec<u8> {
    let payload = FRAME_BYTES - 4;
    let text = format!("{{\"seq\":{number}}}");
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&u16::try_from(payload).unwrap().to_be_bytes());
    frame.extend_from_slice(text.as_bytes());
    frame.resize(FRAME_BYTES, b' ');
    frame
}
