//! What an onlooker sees, live: server-sent events. The first ones after every connect carry whole parts of the picture
//! (the phones, the chats of one phone, the last messages of one chat …), so nothing is lost by a connection that
//! broke; then comes what changes in them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::control::{Answer, State};
use super::hub::Hub;
use super::problem::{Problem, Wrong};
use super::watch_picture::{Interest, Knowledge};
use crate::sandbox::network::{ChatId, Number};

/// Changes that come faster than this are told together.
const GATHER: Duration = Duration::from_millis(80);

/// Share of the time that drawing may take: after a picture that took 10 ms, the next comes 100 ms later.
const DRAW_REST: u32 = 10;

/// A silent stream says this often that it lives, so that one nobody reads is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Phones and chats that one onlooker may follow at a time.
const FOLLOWED: usize = 16;

/// `GET /_/api/watch`
pub(super) async fn open(hub: State, request: HttpRequest) -> Answer {
    let interest = Interest::read(request.query_string()).map_err(Problem::invalid)?;
    let (changes, stop) = hub.watch();
    let onlooker = Onlooker {
        hub: Arc::clone(&hub),
        knowledge: Knowledge::none(interest),
        begun: false,
        changes,
        stop,
        rests_until: hub.clock().instant(),
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
    knowledge: Knowledge,
    /// It was shown everything once.
    begun: bool,
    changes: watch::Receiver<u64>,
    stop: CancellationToken,
    /// Before that no further picture is drawn.
    rests_until: Instant,
    /// When a waiting page turns to its next code: that changes the picture, and is no change of the network.
    turn: Option<Instant>,
}

impl Onlooker {
    /// The next events, or a sign of life; `None` when the sandbox ends.
    async fn next(&mut self) -> Option<Bytes> {
        let clock = self.hub.clock().clone();
        loop {
            let mut turned = false;
            if self.begun {
                let turn = async {
                    match self.turn {
                        Some(turn) => clock.sleep(turn.saturating_duration_since(clock.instant())).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    changed = self.changes.changed() => changed.ok()?,
                    () = turn => turned = true,
                    () = clock.sleep(SIGN_OF_LIFE) => return Some(Bytes::from_static(b": still here\n\n")),
                    () = self.stop.cancelled() => return None,
                }
                let pause = GATHER.max(self.rests_until.saturating_duration_since(clock.instant()));
                tokio::select! {
                    () = clock.sleep(pause) => {}
                    () = self.stop.cancelled() => return None,
                }
            }
            self.begun = true;
            self.changes.borrow_and_update();
            let news = self.draw(turned);
            if !news.is_empty() {
                return Some(Bytes::from(news));
            }
        }
    }

    /// What this onlooker does not know yet, as events.
    fn draw(&mut self, turned: bool) -> String {
        let clock = self.hub.clock();
        let begun = clock.instant();
        let knowledge = &mut self.knowledge;
        let picture = self
            .hub
            .look_now(|network, now| knowledge.look(network, now, turned));
        let news = self.knowledge.tell(&picture);
        if let Some(turn) = picture.next_turn() {
            let until = |turn| clock.instant() + Duration::from_millis(u64::try_from(turn).unwrap_or(1));
            self.turn = turn.map(until);
        }
        let took = clock.instant().duration_since(begun);
        self.rests_until = clock.instant() + took.saturating_mul(DRAW_REST);
        news
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
                let detail = "must be a phone number, or one and a chat with a slash between them".to_owned();
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
