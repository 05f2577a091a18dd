//! The event stream on a real socket: replay and live in one unbroken line, filters, tickets, farewells.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, protocol::CloseFrame},
};
use zaptor_actors::domain::event::EventType;

use crate::support::node::{Node, Plan};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const DEADLINE: Duration = Duration::from_secs(20);

/// The next text frame; pings are answered on the way.
async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = timeout(DEADLINE, socket.next())
            .await
            .expect("a frame in time")
            .unwrap()
            .unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// The numbers of the next events, and the `ready` frames between them as negative numbers.
async fn numbers(socket: &mut Socket, until: i64) -> Vec<i64> {
    let mut numbers = Vec::new();
    loop {
        let frame = next(socket).await;
        match frame["control"].as_str() {
            Some("ready") => numbers.push(-frame["seq"].as_i64().unwrap()),
            Some(_) => {}
            None => {
                let seq = frame["seq"].as_i64().unwrap();
                numbers.push(seq);
                if seq >= until {
                    return numbers;
                }
            }
        }
    }
}

async fn close_frame(socket: &mut Socket) -> Option<CloseFrame> {
    loop {
        match timeout(DEADLINE, socket.next()).await.expect("an end in time") {
            Some(Ok(Message::Close(frame))) => return frame,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

#[actix_rt::test]
async fn a_replay_joins_the_live_stream_without_gap_or_repeat() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    node.append(tenant.id, EventType::WalletLow, None, 700).await;
    const TOTAL: i64 = 3_000;
    let writer = async {
        let mut written = 700;
        while written < TOTAL {
            let batch = (written % 37 + 1).min(TOTAL - written);
            node.append(tenant.id, EventType::WalletLow, None, batch).await;
            written += batch;
        }
    };
    let readers = futures::future::join_all([0, 1, 350, 699, 700].map(|after| {
        let (node, key) = (&node, &tenant.key);
        async move {
            let mut socket = node.listen(&format!("after={after}"), key).await;
            let seen = numbers(&mut socket, TOTAL).await;
            let events: Vec<i64> = seen.iter().copied().filter(|seq| *seq > 0).collect();
            assert_eq!(events, (after + 1..=TOTAL).collect::<Vec<_>>(), "after {after}");
            let ready: Vec<usize> = (0..seen.len()).filter(|i| seen[*i] < 0).collect();
            assert!(ready.len() <= 1, "ready is said once");
            if let Some(&at) = ready.first() {
                let before = if at == 0 { after } else { seen[at - 1] };
                assert_eq!(-seen[at], before, "ready names the last event before it");
            }
        }
    }));
    futures::join!(writer, readers);
    node.stop().await;
}

#[actix_rt::test]
async fn a_stream_without_a_cursor_begins_now_and_is_the_tenants_own() {
    let node = Node::start(Plan::default()).await;
    let (ana, bob) = (node.tenant("ana", 0).await, node.tenant("bob", 0).await);
    node.append(ana.id, EventType::WalletLow, None, 5).await;
    let mut socket = node.listen("", &ana.key).await;
    assert_eq!(next(&mut socket).await, json!({"control": "ready", "seq": 5}));
    node.append(bob.id, EventType::WalletLow, None, 9).await;
    node.append(ana.id, EventType::WalletExhausted, None, 1).await;
    let event = next(&mut socket).await;
    assert_eq!(
        (&event["seq"], &event["type"]),
        (&json!(6), &json!("wallet.exhausted"))
    );
    assert_eq!(event["tenant"], ana.id.to_string());
    let listed = node.get("/v1/events?after=5", &ana.key).await;
    assert_eq!(listed.body["data"][0], event, "one published form");
    let mut elsewhere = node.listen("after=900", &ana.key).await;
    assert_eq!(
        next(&mut elsewhere).await["seq"],
        6,
        "a cursor from another database is told where it is"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn filters_by_address_and_by_word() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    node.append(tenant.id, EventType::WalletLow, None, 300).await;
    node.append(tenant.id, EventType::WalletExhausted, None, 2).await;
    let mut socket = node.listen("after=0&types=wallet.exhausted", &tenant.key).await;
    assert_eq!(numbers(&mut socket, 302).await, [301, 302]);
    assert_eq!(next(&mut socket).await, json!({"control": "ready", "seq": 302}));
    socket
        .send(Message::text(r#"{"op":"subscribe","types":["wallet.low"]}"#))
        .await
        .unwrap();
    socket.send(Message::text(r#"{"op":"ping"}"#)).await.unwrap();
    assert_eq!(next(&mut socket).await, json!({"control": "pong"}));
    node.append(tenant.id, EventType::WalletLow, None, 1).await;
    assert_eq!(next(&mut socket).await["seq"], 303);
    socket
        .send(Message::text(r#"{"op":"unsubscribe","types":["wallet.low"]}"#))
        .await
        .unwrap();
    socket.send(Message::text(r#"{"op":"fly"}"#)).await.unwrap();
    let error = next(&mut socket).await;
    assert_eq!(
        (&error["control"], &error["code"]),
        (&json!("error"), &json!("invalid_frame"))
    );
    node.append(tenant.id, EventType::WalletLow, None, 3).await;
    node.append(tenant.id, EventType::WalletExhausted, None, 1).await;
    assert_eq!(next(&mut socket).await["seq"], 307);
    let bad = node.get("/v1/stream?types=nonsense", &tenant.key).await;
    bad.assert_problem(422, "validation_failed", "an unknown type");
    node.stop().await;
}

#[actix_rt::test]
async fn a_ticket_opens_one_stream() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let issued = node.post("/v1/stream/tickets", &tenant.key, json!({})).await;
    assert_eq!(issued.status, StatusCode::OK);
    let ticket = issued.body["ticket"].as_str().unwrap();
    let mut socket = node.listen(&format!("ticket={ticket}"), "").await;
    assert_eq!(next(&mut socket).await["control"], "ready");
    let again = node.get(&format!("/v1/stream?ticket={ticket}"), "").await;
    again.assert_problem(401, "invalid_ticket", "used");
    let noise = node.get("/v1/stream?ticket=zt_x", "").await;
    noise.assert_problem(401, "invalid_ticket", "noise");
    node.stop().await;
}

#[actix_rt::test]
async fn an_idle_stream_shows_that_it_lives_and_names_its_place() {
    let mut plan = Plan::default();
    // Three of them without a sign of life end a client: this one and its server share their threads with other tests.
    plan.stream.heartbeat = Duration::from_secs(1);
    let node = Node::start(plan).await;
    let tenant = node.tenant("ana", 0).await;
    node.append(tenant.id, EventType::WalletLow, None, 4).await;
    let mut socket = node.listen("types=wallet.topup", &tenant.key).await;
    assert_eq!(next(&mut socket).await, json!({"control": "ready", "seq": 4}));
    node.append(tenant.id, EventType::WalletLow, None, 3).await;
    // A client that answers pings outlives many times the silence that would end it.
    for _ in 0..6 {
        assert_eq!(next(&mut socket).await["control"], "heartbeat");
    }
    let beat = next(&mut socket).await;
    assert_eq!(
        beat,
        json!({"control": "heartbeat", "seq": 7}),
        "what was not asked for is behind us too"
    );
    node.stop().await;
}

#[actix_rt::test]
async fn a_stopping_node_says_so() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let mut socket = node.listen("", &tenant.key).await;
    assert_eq!(next(&mut socket).await["control"], "ready");
    let (_, farewell) = futures::join!(node.stop(), close_frame(&mut socket));
    assert_eq!(u16::from(farewell.expect("a close frame").code), 1012);
}

#[actix_rt::test]
async fn a_revoked_key_ends_its_stream() {
    let mut plan = Plan::default();
    plan.stream.heartbeat = Duration::from_millis(300);
    let node = Node::start(plan).await;
    let tenant = node.tenant("ana", 0).await;
    let mut socket = node.listen("", &tenant.key).await;
    assert_eq!(next(&mut socket).await["control"], "ready");
    let client = node.access_token(&tenant.client).await;
    let id = node.get("/v1/keys", &client).await.body["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/keys/{id}");
    crate::support::node::read(node.request(reqwest::Method::DELETE, &path, &client)).await;
    let farewell = close_frame(&mut socket).await.expect("a close frame");
    assert_eq!(u16::from(farewell.code), 1008);
    node.stop().await;
}

#[actix_rt::test]
async fn frames_that_are_none_end_the_stream_and_goodbyes_are_answered() {
    let node = Node::start(Plan::default()).await;
    let tenant = node.tenant("ana", 0).await;
    let mut polite = node.listen("", &tenant.key).await;
    assert_eq!(next(&mut polite).await["control"], "ready");
    polite.close(None).await.unwrap();
    assert_eq!(
        close_frame(&mut polite).await.map(|frame| u16::from(frame.code)),
        Some(1000)
    );
    let mut loud = node.listen("", &tenant.key).await;
    loud.send(Message::text("x".repeat(20_000))).await.unwrap();
    assert_eq!(
        close_frame(&mut loud).await.map(|frame| u16::from(frame.code)),
        Some(1009)
    );
    node.stop().await;
}
