//! From the page's numbered events to the account's queue, in order, without gap or repeat.
//!
//! The page keeps every event until we acknowledge it. What it pushes is a shortcut: a push that finds our queue full
//! is dropped, the gap is noticed by the number, and the page is asked for everything from there on.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::page::{CallError, Page};
use crate::{
    domain::{Clock, Content, Jid, Lack, Phone, SelfTest, Timestamp, WaMessageId, message::Ack, redact},
    session::{EVENT_QUEUE, Identity, InboundMessage, LookUp, PhoneCode, SessionEvent},
};

/// How many events are asked for at once; of long ones fewer come.
const BATCH: usize = 200;

/// How often a page that cannot push is asked; also the pause after a page that did not answer.
const POLL: Duration = Duration::from_millis(200);

/// How long nothing must have happened before the page is asked to tidy its memory.
const IDLE: Duration = Duration::from_secs(10);

/// How many pages are remembered: the one that shows, and those whose events it carries on.
const PAGES: usize = 8;

/// How many missing functions are told at most: the agent's table is shorter.
const LACKS: usize = 64;

/// An event under its page's number.
#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    page: String,
    n: u64,
    event: Value,
}

/// What the agent reports; `actors/agent/src/events.ts` writes it.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PageEvent {
    Pairing {
        code: String,
        expires_at_ms: i64,
    },
    PhoneCode {
        code: String,
        expires_at_ms: i64,
    },
    PasskeyAsked,
    PairingIdle,
    Linked,
    Ready {
        phone: String,
        push_name: Option<String>,
    },
    Connection {
        up: bool,
    },
    LoggedOut {
        reason: String,
    },
    Acked {
        id: String,
        ack: u8,
    },
    Received(Inbound),
    Drift(Drift),
    Overflow {
        before: u64,
    },
}

/// A message that came in, as the agent describes it.
#[derive(Debug, Deserialize)]
pub(super) struct Inbound {
    id: String,
    chat: String,
    from: String,
    sender_name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    text: String,
    sent_at_s: i64,
}

impl Inbound {
    /// Nothing for a chat that is neither person nor group.
    pub(super) fn message(self) -> Option<InboundMessage> {
        Some(InboundMessage {
            id: WaMessageId::from_wire(self.id),
            chat: Jid::parse(&self.chat).ok()?,
            from: Jid::parse(&self.from).ok()?,
            sender_name: self.sender_name,
            content: if self.kind == "chat" {
                Content::text(self.text)
            } else {
                Content::unsupported(self.kind)
            },
            sent_at: Timestamp::from_millis(self.sent_at_s.saturating_mul(1_000)),
        })
    }
}

/// The agent's self-test.
#[derive(Debug, Deserialize)]
struct Drift {
    build: String,
    agent: String,
    wa_js: Option<String>,
    whatsapp_web: Option<String>,
    #[serde(default)]
    linked: bool,
    missing: Vec<Lack>,
}

impl Drift {
    fn test(self) -> SelfTest {
        let mut missing = self.missing;
        missing.truncate(LACKS);
        SelfTest {
            build: self.build,
            version: self.agent,
            wa_js: self.wa_js,
            whatsapp_web: self.whatsapp_web,
            missing,
            linked: self.linked,
        }
    }
}

/// Where pushed events wait for the forwarder. Bounded: what does not fit stays with the page.
pub(super) struct Intake {
    queue: mpsc::Sender<Numbered>,
    ask: Notify,
}

impl Intake {
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<Numbered>) {
        let (queue, events) = mpsc::channel(EVENT_QUEUE);
        let ask = Notify::new();
        (Arc::new(Self { queue, ask }), events)
    }

    /// Takes a pushed event, or has the page asked for it later.
    pub(super) fn push(&self, json: &str) {
        let fits = serde_json::from_str(json).is_ok_and(|event| self.queue.try_send(event).is_ok());
        if !fits {
            self.ask();
        }
    }

    /// Has the page asked for what it keeps.
    pub(super) fn ask(&self) {
        self.ask.notify_one();
    }
}

/// What has been seen of each page.
#[derive(Default)]
struct Seen(VecDeque<(String, u64)>);

impl Seen {
    fn last(&self, page: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == page).map(|(_, n)| *n)
    }

    /// The page that reported last, and how far.
    fn latest(&self) -> (&str, u64) {
        self.0.back().map_or(("", 0), |(page, n)| (page, *n))
    }

    fn note(&mut self, page: String, n: u64) {
        self.0.retain(|(known, _)| *known != page);
        self.0.push_back((page, n));
        if self.0.len() > PAGES {
            self.0.pop_front();
        }
    }
}

/// Carries a session's events to its account; the last thing it sends is [`SessionEvent::Died`], if the session died.
pub(super) struct Forwarder {
    pub(super) page: Arc<Page>,
    pub(super) intake: Arc<Intake>,
    pub(super) pushed: mpsc::Receiver<Numbered>,
    pub(super) events: mpsc::Sender<SessionEvent>,
    /// Cancelled before the session is closed in order: the page is asked once more, and then nothing is carried.
    pub(super) leaving: CancellationToken,
    /// What is told of the page beside what it reports itself.
    pub(super) told: mpsc::Receiver<SessionEvent>,
    pub(super) clock: Clock,
}

impl Forwarder {
    pub(super) async fn run(mut self) {
        let mut seen = Seen::default();
        let life = Arc::clone(&self.page.life);
        tokio::select! {
            biased;
            () = life.over.cancelled() => {}
            () = self.carry(&mut seen) => {}
        }
        if let Some(reason) = life.death() {
            // What came in before the death is still told, as far as the account's queue takes it.
            while let Ok(event) = self.pushed.try_recv() {
                if seen.last(&event.page).is_some_and(|last| event.n == last + 1) {
                    seen.note(event.page, event.n);
                    if let Some(event) = read(event.event).and_then(translate) {
                        let _ = self.events.try_send(event);
                    }
                }
            }
            let reason = reason.to_owned();
            let _ = self.events.send(SessionEvent::Died { reason }).await;
        }
    }

    /// Carries on until the account no longer listens or the session is about to be closed; cancelled when it is over.
    async fn carry(&mut self, seen: &mut Seen) {
        let can_push = self.page.can_push();
        // A page that has to be asked every moment is never idle; it has no socket to be tidied through either.
        let mut tidy = !can_push;
        loop {
            let clock = self.clock.clone();
            let poll = async {
                if can_push {
                    std::future::pending::<()>().await;
                }
                clock.sleep(POLL).await;
            };
            let idle = async {
                if tidy {
                    std::future::pending::<()>().await;
                }
                clock.sleep(IDLE).await;
            };
            let listening = tokio::select! {
                event = self.pushed.recv() => match event {
                    Some(event) => {
                        tidy = !can_push;
                        self.pushed(seen, event).await
                    }
                    None => return,
                },
                () = self.leaving.cancelled() => {
                    // What the page has taken in is told before it is closed: later it would come after what is newer.
                    self.pull(seen).await;
                    return;
                }
                Some(event) = self.told.recv() => self.events.send(event).await.is_ok(),
                () = self.intake.ask.notified() => self.pull(seen).await,
                () = poll => self.pull(seen).await,
                () = idle => {
                    tidy = true;
                    self.page.collect_garbage().await;
                    true
                }
            };
            if !listening {
                return;
            }
        }
    }

    /// Takes a pushed event. False when the account no longer listens.
    async fn pushed(&self, seen: &mut Seen, event: Numbered) -> bool {
        match seen.last(&event.page) {
            Some(last) if event.n <= last => true,
            Some(last) if event.n == last + 1 => {
                let listening = self.deliver(seen, event).await;
                if self.pushed.is_empty() {
                    let (page, n) = seen.latest();
                    let order = json!({ "page": page, "n": n });
                    // An ack that is lost is made good by the next one.
                    let _ = self.page.call("acknowledge", &order).await;
                }
                listening
            }
            // A gap, or a page that may carry on what an earlier one did not get rid of.
            _ => self.pull(seen).await,
        }
    }

    /// Asks the page for everything that is not acknowledged. False when the account no longer listens.
    async fn pull(&self, seen: &mut Seen) -> bool {
        loop {
            let (page, n) = seen.latest();
            let order = json!({ "page": page, "n": n, "limit": BATCH });
            let batch = match self.page.call("events", &order).await {
                Ok(answer) => serde_json::from_value::<Vec<Numbered>>(answer).unwrap_or_default(),
                // A page on its way to the next one: asked again in a moment.
                Err(CallError::Absent | CallError::Lost(_) | CallError::Refused(_)) => {
                    self.clock.sleep(POLL).await;
                    self.intake.ask();
                    return true;
                }
                Err(CallError::Late | CallError::Dead(_)) => return true,
            };
            let mut fresh = false;
            for event in batch {
                if seen.last(&event.page).is_none_or(|last| event.n > last) {
                    fresh = true;
                    if !self.deliver(seen, event).await {
                        return false;
                    }
                }
            }
            if !fresh {
                return true;
            }
        }
    }

    async fn deliver(&self, seen: &mut Seen, Numbered { page, n, event }: Numbered) -> bool {
        seen.note(page, n);
        let Some(event) = read(event) else {
            return true;
        };
        if let PageEvent::Overflow { before } = event {
            self.page.life.die(format!(
                "the page dropped its events before number {before}: nobody read them"
            ));
            return true;
        }
        match translate(event) {
            Some(event) => self.events.send(event).await.is_ok(),
            None => true,
        }
    }
}

/// An event of the agent; one that cannot be read is passed over, so that it does not hold up those behind it.
fn read(event: Value) -> Option<PageEvent> {
    let kind = event["kind"].as_str().unwrap_or_default().to_owned();
    let event = serde_json::from_value(event);
    event
        .inspect_err(|error: &serde_json::Error| {
            // What the page has put there is told by neither.
            let (kind, error) = (redact(&kind), redact(&error.to_string()));
            tracing::warn!(target: "zaptor::session", kind, error, "an event of the page is passed over");
        })
        .ok()
}

/// The account's words for what the page reports. What cannot be an event of ours (a chat that is neither person nor
/// group) is passed over.
fn translate(event: PageEvent) -> Option<SessionEvent> {
    Some(match event {
        PageEvent::Pairing { code, expires_at_ms } => SessionEvent::Pairing {
            code,
            expires_at: Timestamp::from_millis(expires_at_ms),
        },
        PageEvent::PhoneCode { code, expires_at_ms } => SessionEvent::PhoneCode(PhoneCode {
            code,
            expires_at: Timestamp::from_millis(expires_at_ms),
        }),
        PageEvent::PasskeyAsked => SessionEvent::PasskeyAsked,
        PageEvent::PairingIdle => SessionEvent::PairingIdle,
        PageEvent::Linked => SessionEvent::Linked,
        PageEvent::Ready { phone, push_name } => SessionEvent::Ready(identity(&phone, push_name)?),
        PageEvent::Connection { up } => SessionEvent::Connection { up },
        PageEvent::LoggedOut { reason } => SessionEvent::LoggedOut { reason },
        PageEvent::Acked { id, ack } => SessionEvent::Acked {
            id: WaMessageId::from_wire(id),
            ack: ack_of(ack),
        },
        PageEvent::Received(inbound) => SessionEvent::Received(inbound.message()?),
        PageEvent::Drift(drift) => SessionEvent::Tested(drift.test()),
        PageEvent::Overflow { .. } => return None,
    })
}

/// Who is linked, from the page's words.
pub(super) fn identity(phone: &str, push_name: Option<String>) -> Option<Identity> {
    let phone = Phone::parse(phone).ok()?;
    Some(Identity { phone, push_name })
}

/// What the page's store has of a message, from its ack number there: below zero the page has given up on it.
pub(super) fn looked_up(found: Option<i8>) -> LookUp {
    match found.map(u8::try_from) {
        Some(Ok(number)) => LookUp::Found(ack_of(number)),
        Some(Err(_)) => LookUp::GivenUp,
        None => LookUp::NotFound,
    }
}

/// The page's ack number as ours; the page never reports one below zero.
fn ack_of(number: u8) -> Ack {
    match number {
        0 => Ack::Pending,
        1 => Ack::Server,
        2 => Ack::Device,
        3 => Ack::Read,
        _ => Ack::Played,
    }
}
