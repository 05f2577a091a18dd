//! The sandbox's live picture: what an onlooker of `/_/api/watch` is told.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::page::Page;
use crate::support::zaptor::Sandbox;

const ANNA: &str = "5511900000001";
const BEN: &str = "5511900000002";
const SOON: Duration = Duration::from_secs(10);

/// One open stream, and what it has said and nobody has asked for yet.
struct Stream {
    answer: Response,
    read: String,
}

impl Stream {
    async fn open(sandbox: &Sandbox, query: &str) -> Stream {
        let url = format!("{}/_/api/watch?{query}", sandbox.url);
        let answer = client().get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Stream {
            answer,
            read: String::new(),
        }
    }

    /// The next event: its name and data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let Some((name, data)) = event.split_once('\n') else {
                    continue;
                };
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                return (
                    name,
                    serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap(),
                );
            }
            let chunk = tokio::time::timeout(SOON, self.answer.chunk()).await;
            let chunk = chunk
                .expect("an event comes in time")
                .unwrap()
                .expect("the stream goes on");
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for an event of this name that is as wanted.
    async fn until(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (heard, data) = self.next().await;
            if heard == name && wanted(&data) {
                return data;
            }
        }
    }
}

/// Gives up on a server that says nothing for longer than its signs of life are apart.
fn client() -> Client {
    Client::builder()
        .read_timeout(2 * SOON)
        .no_proxy()
        .build()
        .unwrap()
}

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> StatusCode {
    let url = format!("{}/_/api{path}", sandbox.url);
    client().post(url).json(&body).send().await.unwrap().status()
}

async fn get(sandbox: &Sandbox, path: &str) -> (StatusCode, Value) {
    let url = format!("{}/_/api{path}", sandbox.url);
    let answer = client().get(url).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn say(sandbox: &Sandbox, from: &str, to: &str, text: &str) {
    let message = json!({"to": to, "type": "text", "text": {"body": text}});
    let status = post(sandbox, &format!("/phones/{from}/messages"), message).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_onlooker_gets_the_whole_picture_and_then_what_changes() {
    let sandbox = Sandbox::start().await;
    post(&sandbox, "/phones", json!({"phone": ANNA, "name": "Anna"})).await;
    post(&sandbox, "/phones", json!({"phone": BEN, "name": "Ben"})).await;
    let query = format!("phone={ANNA}&phone=5511999999999&chat={ANNA}/{BEN}");
    let mut stream = Stream::open(&sandbox, &query).await;
    let mut first = Vec::new();
    for _ in 0..7 {
        first.push(stream.next().await);
    }
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["phones", "pages", "network", "faults", "chats", "chats", "chat"]
    );
    assert_eq!(first[0].1["data"][1]["name"], "Ben");
    assert_eq!(first[4].1, json!({"phone": ANNA, "data": []}));
    assert_eq!(first[5].1["data"], json!(null), "no such phone");
    assert_eq!(
        first[6].1["data"]["messages"],
        json!([]),
        "a chat that has not begun"
    );

    say(&sandbox, ANNA, BEN, "hello").await;
    let came = stream
        .until("chat_changed", |event| event["data"]["added"][0].is_object())
        .await;
    assert_eq!(
        (&came["phone"], &came["data"]["peer"]),
        (&json!(ANNA), &json!(BEN))
    );
    assert_eq!(came["data"]["added"][0]["body"], "hello");
    // Within one picture the list of chats comes before the chat.
    let head = stream
        .until("chats_changed", |event| event["data"][0]["last"]["ack"] == 3)
        .await;
    assert_eq!(head["data"][0]["peer"], BEN);
    let read = stream
        .until("chat_changed", |event| event["data"]["changed"][0]["ack"] == 3)
        .await;
    assert_eq!(read["data"]["changed"][0]["body"], "hello");
    assert_eq!(read["data"]["added"], json!([]), "it came before");
}

#[tokio::test]
async fn what_happens_to_others_is_not_told() {
    let sandbox = Sandbox::start().await;
    post(&sandbox, "/phones", json!({"phone": ANNA, "name": "Anna"})).await;
    post(&sandbox, "/phones", json!({"phone": BEN, "name": "Ben"})).await;
    let mut stream = Stream::open(&sandbox, "").await;
    stream.until("faults", |_| true).await;
    say(&sandbox, ANNA, BEN, "hello").await;
    post(
        &sandbox,
        "/phones",
        json!({"phone": "5511900000003", "name": "Carla"}),
    )
    .await;
    // The chats are not followed, and of the phones the new one alone is news.
    let (name, event) = stream.next().await;
    assert_eq!(name, "phones_changed");
    assert_eq!(event["data"].as_array().unwrap().len(), 1);
    assert_eq!(event["data"][0]["name"], "Carla");
}

#[tokio::test]
async fn pages_that_wait_are_shown_with_their_codes_until_they_are_linked() {
    let sandbox = Sandbox::start().await;
    post(&sandbox, "/phones", json!({"phone": ANNA})).await;
    let mut stream = Stream::open(&sandbox, "").await;
    let (_page, refs) = waiting_page(&sandbox).await;
    let shown = stream
        .until("pages", |event| event["data"][0]["code"].is_string())
        .await;
    assert_eq!(shown["data"][0]["code"], refs[0]);
    assert_eq!(get(&sandbox, "/pages").await.1["data"][0]["code"], refs[0]);
    let scanned = post(
        &sandbox,
        &format!("/phones/{ANNA}/scan"),
        json!({"code": refs[0]}),
    )
    .await;
    assert_eq!(scanned, StatusCode::OK);
    stream.until("pages", |event| event["data"] == json!([])).await;
}

/// A page that asks to be linked, and the codes that it will show.
async fn waiting_page(sandbox: &Sandbox) -> (Page, Value) {
    let mut page = Page::open(sandbox.data_dir(), sandbox.tls_port, None).await;
    let welcome = page.hear("welcome").await;
    (page, welcome["refs"].clone())
}

#[tokio::test]
async fn nonsense_is_refused() {
    let sandbox = Sandbox::start().await;
    let many = ["phone=5511900000001"; 17].join("&");
    let cases = [
        ("phone=abc", "/phone", "invalid_phone"),
        ("chat=5511900000001", "/chat", "invalid_phone"),
        ("colour=1", "/colour", "unknown_field"),
        (many.as_str(), "/phone", "out_of_range"),
    ];
    for (query, pointer, code) in cases {
        let (status, problem) = get(&sandbox, &format!("/watch?{query}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code))
        );
    }
}
