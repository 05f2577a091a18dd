//! Readers that do not read: they cost nobody else anything, are ended, and come back where they were.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;
use zaptor_actors::domain::event::EventType;

use crate::support::{
    node::{Node, Plan, Tenant},
    wait,
};

const DEADLINE: Duration = Duration::from_secs(30);

fn plan() -> Plan {
    let mut plan = Plan::default();
    plan.stream.ring_events = 64;
    plan.stream.lag_patience = Duration::from_millis(300);
    plan.stream.close_patience = Duration::from_millis(300);
    plan
}

/// A WebSocket by hand, with a small receive buffer, so that it stalls soon.
async fn listen_by_hand(node: &Node, tenant: &Tenant) -> TcpStream {
    let address = node.url.trim_start_matches("http://");
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut socket = socket.connect(address.parse().unwrap()).await.unwrap();
    let request = format!(
        "GET /v1/stream HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {}\r\n\r\n",
        tenant.key
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\"ready\"") {
        assert!(
            timeout(DEADLINE, socket.read_buf(&mut answer))
                .await
                .unwrap()
                .unwrap()
                > 0
        );
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    socket
}

async fn sockets(node: &Node) -> i64 {
    let metrics = node.get("/metrics", "").await;
    let text = metrics.body.as_str().unwrap_or_default().to_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("zaptor_stream_sockets "))
        .unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[actix_rt::test]
async fn a_reader_that_does_not_read_is_cut_and_resumes() {
    let mut plan = plan();
    // Longer than a reader that reads may need for what was written at once, on a busy machine, too.
    plan.stream.lag_patience = Duration::from_secs(5);
    let node = Node::start(plan).await;
    let tenant = node.tenant("ana", 0).await;
    let stalled = listen_by_hand(&node, &tenant).await;
    let mut brisk = node.listen("after=0", &tenant.key).await;
    assert_eq!(sockets(&node).await, 2);
    // Some 8 MiB: more than the kernel keeps for somebody who does not read.
    const TOTAL: i64 = 20_000;
    let mut last = 0;
    while last < TOTAL {
        // More than the ring has, and no more: one who reads it is not behind for longer than that takes.
        node.append(tenant.id, EventType::WalletLow, None, 500).await;
        let written = last + 500;
        while last < written {
            let message = timeout(DEADLINE, brisk.next())
                .await
                .expect("in time")
                .unwrap()
                .unwrap();
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["control"].is_null() {
                assert_eq!(
                    frame["seq"].as_i64(),
                    Some(last + 1),
                    "the other reader misses nothing"
                );
                last += 1;
            }
        }
    }
    wait::until("the stalled reader is cut", DEADLINE, async || {
        match sockets(&node).await {
            1 => Ok(()),
            more => Err(more),
        }
    })
    .await;
    // What the kernel had taken is still there, then the connection is over.
    let mut stalled = stalled;
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, stalled.read_to_end(&mut rest))
        .await
        .expect("it is over");
    let got = rest.windows(6).filter(|part| part == b"\"seq\":").count();
    assert!((got as i64) < TOTAL, "{got} events");
    let mut again = node.listen(&format!("after={got}"), &tenant.key).await;
    let mut last = got as i64;
    while last < TOTAL {
        let message = timeout(DEADLINE, again.next())
            .await
            .expect("in time")
            .unwrap()
            .unwrap();
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["control"].is_null() {
            assert_eq!(frame["seq"].as_i64(), Some(last + 1));
            last += 1;
        }
    }
    node.stop().await;
}

#[actix_rt::test]
async fn a_reader_that_gives_no_sign_of_life_is_cut() {
    let mut plan = plan();
    plan.stream.heartbeat = Duration::from_millis(200);
    let node = Node::start(plan).await;
    let tenant = node.tenant("ana", 0).await;
    let mut mute = listen_by_hand(&node, &tenant).await;
    let mut bytes = Vec::new();
    timeout(DEADLINE, mute.read_to_end(&mut bytes))
        .await
        .expect("it is ended")
        .unwrap();
    let close = [0x88, 2 + "signed out or silent".len() as u8, 0x03, 0xf0];
    assert!(bytes.windows(4).any(|part| part == close), "closed with 1008");
    node.stop().await;
}

/// Told to end, it still gets what it was given, then the reason: it knows that it may come back.
#[actix_rt::test]
async fn a_slow_reader_that_reads_again_is_told_to_come_back() {
    let mut plan = plan();
    plan.stream.close_patience = DEADLINE;
    let node = Node::start(plan).await;
    let tenant = node.tenant("ana", 0).await;
    let mut slow = listen_by_hand(&node, &tenant).await;
    wait::until("it is too slow", DEADLINE, async || {
        node.append(tenant.id, EventType::WalletLow, None, 500).await;
        let metrics = node.get("/metrics", "").await;
        let told = "zaptor_stream_dismissed_total{reason=\"slow\"} 1";
        if metrics.body.as_str().unwrap_or_default().contains(told) {
            Ok(())
        } else {
            Err("not yet")
        }
    })
    .await;
    let mut bytes = Vec::new();
    timeout(DEADLINE, slow.read_to_end(&mut bytes))
        .await
        .expect("it is over")
        .unwrap();
    let reason = b"\x03\xf5connect again with ?after=";
    assert!(bytes.ends_with(reason), "the last frame closes with 1013");
    node.stop().await;
}
