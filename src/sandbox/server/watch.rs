//! What an onlooker sees, live: server-sent events. Each carries one whole part of the picture (the phones, the chats
//! of one phone, the messages of one chat …) and comes when that part differs from what this onlooker has. So the
//! first events after every connect show all there is, and nothing is lost by a connection that broke.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::control::{Answer, State};
use super::hub::Hub;
use super::problem::{Problem, Wrong};
use super::shapes;
use crate::sandbox::network::{
    ChatId, ChatView, Millis, Network, Number, PhoneView, Refusal, Timing, WaitingView,
};

/// Changes that come faster than this are told together.
const GATHER: Duration = Duration::from_millis(80);

/// Share of the time that drawing may take: after a picture that took 10 ms, the next comes 100 ms later.
const DRAW_REST: u32 = 10;

/// A silent stream says this often that it lives, so that one nobody reads is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Phones and chats that one onlooker may follow at a time.
const FOLLOWED: usize = 16;

/// Messages of a chat that an onlooker sees: the last ones.
const MESSAGES: usize = 100;

/// What an onlooker wants to see besides the phones, the waiting pages and the network.
#[derive(Debug, Default, PartialEq)]
struct Interest {
    /// Phones whose chats it follows: `?phone=5511987654321`, any number of times.
    phones: Vec<Number>,
    /// Chats whose messages it follows: `?chat=5511987654321/5511900000001`.
    chats: Vec<(Number, ChatId)>,
}

/// `GET /_/api/watch`
pub(super) async fn open(hub: State, request: HttpRequest) -> Answer {
    let interest = Interest::read(request.query_string()).map_err(Problem::invalid)?;
    let (changes, stop) = hub.watch();
    let onlooker = Onlooker {
        hub: Arc::clone(&hub),
        interest,
        changes,
        stop,
        sent: HashMap::new(),
        rest: Duration::ZERO,
        turn: None,
    };
    let events = futures::stream::unfold(onlooker, |mut onlooker| async move {
        let news = onlooker.next().await?;
        Some((Ok::<Bytes, Infallible>(news), onlooker))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .streaming(events))
}

struct Onlooker {
    hub: Arc<Hub>,
    interest: Interest,
    changes: watch::Receiver<u64>,
    stop: CancellationToken,
    /// The last event of each part, as it was sent.
    sent: HashMap<String, String>,
    /// How long to wait before the next picture is drawn.
    rest: Duration,
    /// When a waiting page turns to its next code: that changes the picture, and is no change of the network.
    turn: Option<Duration>,
}

impl Onlooker {
    /// The next events, or a sign of life; `None` when the sandbox ends.
    async fn next(&mut self) -> Option<Bytes> {
        let clock = self.hub.clock().clone();
        loop {
            if !self.sent.is_empty() {
                let turn = async {
                    match self.turn {
                        Some(turn) => clock.sleep(turn).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    changed = self.changes.changed() => changed.ok()?,
                    () = turn => {}
                    () = clock.sleep(SIGN_OF_LIFE) => return Some(Bytes::from_static(b": still here\n\n")),
                    () = self.stop.cancelled() => return None,
                }
                tokio::select! {
                    () = clock.sleep(self.rest) => {}
                    () = self.stop.cancelled() => return None,
                }
            }
            self.changes.borrow_and_update();
            let news = self.draw();
            if !news.is_empty() {
                return Some(Bytes::from(news));
            }
        }
    }

    /// The parts that differ from what was sent, as events.
    fn draw(&mut self) -> String {
        let begun = self.hub.clock().instant();
        let (now, picture) = self
            .hub
            .look_now(|network, now| (now, Picture::of(network, now, &self.interest)));
        self.turn = picture.next_turn(now);
        let mut news = String::new();
        for (name, key, data) in picture.parts() {
            let event = format!("event: {name}\ndata: {data}\n\n");
            let known = self.sent.entry(format!("{name} {key}")).or_default();
            if *known != event {
                news.push_str(&event);
                *known = event;
            }
        }
        let took = self.hub.clock().instant().duration_since(begun);
        self.rest = took.saturating_mul(DRAW_REST).max(GATHER);
        news
    }
}

/// What is taken out of the network under its lock; JSON is made of it afterwards.
struct Picture {
    phones: Vec<PhoneView>,
    waiting: Vec<WaitingView>,
    timing: Timing,
    seed: u64,
    chats: Vec<(Number, Result<Vec<ChatView>, Refusal>)>,
    messages: Vec<(Number, Result<ChatView, Refusal>)>,
}

impl Picture {
    fn of(network: &Network, now: Millis, interest: &Interest) -> Picture {
        let (timing, seed) = network.timing();
        let chats = interest.phones.iter();
        let messages = interest.chats.iter();
        Picture {
            phones: network.phones(),
            waiting: network.waiting(now),
            timing: timing.clone(),
            seed,
            chats: chats
                .map(|phone| (phone.clone(), network.chat_heads(phone)))
                .collect(),
            messages: messages
                .map(|(phone, peer)| (phone.clone(), network.chat(phone, peer, MESSAGES)))
                .collect(),
        }
    }

    /// Each part with the name of its event, and what tells it from others of that name.
    fn parts(&self) -> Vec<(&'static str, String, Value)> {
        let list = |values: Vec<Value>| json!({"data": values});
        let mut parts = vec![
            (
                "phones",
                String::new(),
                list(self.phones.iter().map(shapes::phone).collect()),
            ),
            (
                "pages",
                String::new(),
                list(self.waiting.iter().map(shapes::waiting).collect()),
            ),
            ("network", String::new(), shapes::timing(&self.timing, self.seed)),
        ];
        // A phone that does not exist has null, so that the onlooker can tell it from one without chats.
        for (phone, chats) in &self.chats {
            let data = chats
                .as_ref()
                .ok()
                .map(|chats| chats.iter().map(shapes::chat_head).collect::<Vec<_>>());
            parts.push(("chats", phone.to_string(), json!({"phone": phone, "data": data})));
        }
        for (phone, chat) in &self.messages {
            if let Ok(chat) = chat {
                let key = format!("{phone}/{}", chat.peer);
                parts.push(("chat", key, json!({"phone": phone, "data": shapes::chat(chat)})));
            }
        }
        parts
    }

    /// How long until one of the waiting pages shows another code.
    fn next_turn(&self, now: Millis) -> Option<Duration> {
        let next = self.waiting.iter().filter_map(|page| page.until).min()?;
        Some(Duration::from_millis(
            u64::try_from(next - now).unwrap_or(0).max(1),
        ))
    }
}

impl Interest {
    fn read(query: &str) -> Result<Interest, Vec<Wrong>> {
        let mut interest = Interest::default();
        let mut wrong = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let understood = match name.as_ref() {
                "phone" => Number::parse(&value).map(|phone| interest.phones.push(phone)),
                "chat" => read_chat(&value).map(|chat| interest.chats.push(chat)),
                _ => {
                    wrong.push(complaint(
                        &name,
                        "unknown_field",
                        "there is no such field".to_owned(),
                    ));
                    continue;
                }
            };
            if understood.is_none() {
                let detail = "must be a phone number, or two with a slash between them for a chat".to_owned();
                wrong.push(complaint(&name, "invalid_phone", detail));
            }
        }
        for (name, followed) in [("phone", interest.phones.len()), ("chat", interest.chats.len())] {
            if followed > FOLLOWED {
                wrong.push(complaint(
                    name,
                    "out_of_range",
                    format!("at most {FOLLOWED} of them"),
                ));
            }
        }
        if wrong.is_empty() {
            Ok(interest)
        } else {
            Err(wrong)
        }
    }
}

fn read_chat(text: &str) -> Option<(Number, ChatId)> {
    let (phone, peer) = text.split_once('/')?;
    Some((Number::parse(phone)?, ChatId::parse(peer)?))
}

fn complaint(name: &str, code: &'static str, detail: String) -> Wrong {
    Wrong {
        pointer: format!("/{name}"),
        code,
        detail,
    }
}
