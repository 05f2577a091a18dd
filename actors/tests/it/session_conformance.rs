//! One suite that every engine passes: link, send, receive, look up, restart, log out, die. It speaks only through
//! [`Engine`] and [`Session`], and through [`Outside`] to the phones on the other end.

use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::{sync::mpsc, time::timeout};
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock, Content, IdSource, Jid, MessageId, Phone, Timestamp, WaMessageId,
        message::{Ack, Outgoing},
    },
    session::{
        EVENT_QUEUE, Engine, InboundList, InboundMessage, LookUp, PageStatus, PhoneCodeError, ProfileHold,
        REJECTED, SendError, Session, SessionError, SessionEvent, SessionSpec,
    },
};

/// How long any single thing may take before the suite calls it missing.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long a death may go unnoticed, and what has died be there: they are told, so it takes no time but on a busy machine.
const DEATH_NOTICED: Duration = Duration::from_secs(10);

/// What the suite needs besides the engine: phones, the network's log, and the power to kill.
#[async_trait]
pub(crate) trait Outside: Send + Sync {
    /// The phone scans the code that the account's page shows.
    async fn scan(&self, account: AccountId, code: &str);

    /// The code is typed on the phone that it was made for.
    async fn type_code(&self, account: AccountId, code: &str);

    /// The phone that links the account.
    fn own_number(&self) -> Phone;

    /// Somebody writes to the account.
    async fn write(&self, account: AccountId, from: &Phone, text: &str) -> WaMessageId;

    /// How often the network saw this id come from the account.
    async fn times_sent(&self, account: AccountId, id: &WaMessageId) -> u32;

    /// WhatsApp's server refuses the next message that the account sends.
    async fn refuse_next(&self, account: AccountId);

    /// The phone ends the account's link.
    async fn unlink(&self, account: AccountId);

    /// Kills the session from outside, as the kernel would.
    async fn kill(&self, account: AccountId, processes: &[u32]);

    /// A number that is not on WhatsApp.
    fn unknown_number(&self) -> Phone {
        Phone::parse("5500000123456").unwrap()
    }
}

/// Runs the whole suite on a fresh account.
pub(crate) async fn conforms(engine: &dyn Engine, outside: &dyn Outside, profiles: &Path) {
    let mut walk = Walk::new(engine, outside, profiles);
    walk.open().await;
    walk.links().await;
    walk.sends_and_sees_acks().await;
    walk.refuses_unknown_numbers().await;
    walk.tells_what_the_server_refused().await;
    walk.receives_once().await;
    walk.looks_up().await;
    walk.remembers_what_came_in().await;
    walk.mends_its_page().await;
    walk.stays_linked_over_a_restart().await;
    walk.dies_loudly_and_leaves_nothing().await;
    walk.is_gone_when_dropped().await;
    walk.logs_out_and_pairs_anew().await;
    walk.is_unlinked_by_the_phone().await;
    walk.links_by_a_code_that_is_typed().await;
    walk.close().await;
}

/// The suite's way through one account's life.
struct Walk<'a> {
    engine: &'a dyn Engine,
    outside: &'a dyn Outside,
    spec: SessionSpec,
    ids: IdSource,
    session: Option<Box<dyn Session>>,
    events: mpsc::Receiver<SessionEvent>,
    sent: Vec<WaMessageId>,
    inbound: Vec<(WaMessageId, String)>,
}

impl<'a> Walk<'a> {
    fn new(engine: &'a dyn Engine, outside: &'a dyn Outside, profiles: &Path) -> Self {
        let ids = IdSource::random(Clock::system());
        let account: AccountId = ids.next();
        Self {
            engine,
            outside,
            spec: SessionSpec {
                account,
                generation: 0,
                profile: profiles.join(account.to_string()),
                settings: AccountSettings::default(),
                hold: ProfileHold::default(),
            },
            ids,
            session: None,
            events: mpsc::channel(1).1,
            sent: Vec::new(),
            inbound: Vec::new(),
        }
    }

    async fn open(&mut self) {
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        self.spec.generation += 1;
        self.events = events;
        let opening = self.engine.open(self.spec.clone(), sender);
        let session = timeout(PATIENCE, opening).await.expect("open ends").unwrap();
        self.session = Some(session);
    }

    async fn close(&mut self) {
        let session = self.session.take().unwrap();
        let processes = session.processes();
        timeout(PATIENCE, session.close()).await.expect("close ends");
        gone(&processes).await;
    }

    fn session(&mut self) -> &mut Box<dyn Session> {
        self.session.as_mut().expect("a session is open")
    }

    /// Waits for the event that `pick` takes; others pass by.
    async fn expect<T>(&mut self, what: &str, pick: impl Fn(SessionEvent) -> Option<T>) -> T {
        let wait = async {
            loop {
                let Some(event) = self.events.recv().await else {
                    panic!("events ended while waiting for {what}");
                };
                let died = matches!(event, SessionEvent::Died { .. }).then(|| format!("{event:?}"));
                match pick(event) {
                    Some(found) => return found,
                    None => assert_eq!(died, None, "while waiting for {what}"),
                }
            }
        };
        timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("no {what} came"))
    }

    /// Waits for an event of which nothing more is to be known.
    async fn hears(&mut self, what: &str, is: impl Fn(&SessionEvent) -> bool) {
        self.expect(what, |event| is(&event).then_some(())).await;
    }

    async fn ready(&mut self) {
        let who = self
            .expect("Ready", |event| match event {
                SessionEvent::Ready(who) => Some(who),
                _ => None,
            })
            .await;
        let status = self.session().status().await.unwrap();
        assert_eq!(status, PageStatus::Ready(who), "Ready means ready");
        self.session().probe().await.unwrap();
    }

    async fn code(&mut self) -> String {
        self.expect("a pairing code", |event| match event {
            SessionEvent::Pairing { code, .. } => Some(code),
            _ => None,
        })
        .await
    }

    async fn pair(&mut self) {
        let code = self.code().await;
        assert!(!code.is_empty());
        self.outside.scan(self.spec.account, &code).await;
        self.hears("Linked", |event| matches!(event, SessionEvent::Linked))
            .await;
        self.ready().await;
    }

    fn message(&self, to: &Phone, text: &str) -> Outgoing {
        let id: MessageId = self.ids.next();
        Outgoing {
            id: WaMessageId::of(b"conformance", id),
            chat: Jid::of_phone(to),
            content: Content::text(text),
        }
    }

    async fn links(&mut self) {
        // The page may still be loading right after open; once it shows a code it is unlinked.
        self.code().await;
        assert_eq!(self.session().status().await.unwrap(), PageStatus::Unlinked);
        let early = self.message(&peer(), "too early");
        let refused = self.session().send(&early).await;
        assert!(matches!(refused, Err(SendError::NotSent(_))), "{refused:?}");
        let refused = self.session().probe().await;
        assert!(
            matches!(&refused, Err(error @ SessionError::Refused { .. }) if !error.is_fatal()),
            "{refused:?}"
        );
        // The code shown may have been replaced meanwhile; a renewed one is as good.
        self.session().refresh_pairing().await.unwrap();
        self.pair().await;
        assert!(self.session().screenshot().await.unwrap().starts_with(b"\x89PNG"));
        self.session().refresh_pairing().await.unwrap_err();
    }

    async fn sends_and_sees_acks(&mut self) {
        let messages: Vec<Outgoing> = (0..5)
            .map(|n| self.message(&peer(), &format!("Olá {n} \u{1F44B} \"quoted\" <b>\\n")))
            .collect();
        for message in &messages {
            self.session().send(message).await.unwrap();
        }
        let mut missing: HashSet<(WaMessageId, Ack)> = messages
            .iter()
            .flat_map(|message| [Ack::Server, Ack::Device, Ack::Read].map(|ack| (message.id.clone(), ack)))
            .collect();
        while !missing.is_empty() {
            let seen = self
                .expect("the acks of what was sent", |event| match event {
                    SessionEvent::Acked { id, ack } => Some((id, ack)),
                    _ => None,
                })
                .await;
            missing.remove(&seen);
        }
        for message in &messages {
            assert_eq!(self.times_sent(&message.id).await, 1);
        }
        self.sent = messages.into_iter().map(|message| message.id).collect();
    }

    async fn refuses_unknown_numbers(&mut self) {
        let message = self.message(&self.outside.unknown_number(), "nobody there");
        assert_eq!(self.rejection(&message).await, "not_on_whatsapp");
        assert_eq!(self.times_sent(&message.id).await, 0);
    }

    /// A refusal is told at once, and stays one: the message is not sent by anybody, and the next one is.
    async fn tells_what_the_server_refused(&mut self) {
        let (refused, next) = (self.message(&peer(), "not to be"), self.message(&peer(), "next"));
        self.outside.refuse_next(self.spec.account).await;
        for _ in 0..2 {
            assert_eq!(self.rejection(&refused).await, REJECTED);
        }
        self.session().send(&next).await.unwrap();
        let asked = [&refused, &next].map(|message| (message.chat.clone(), message.id.clone()));
        let many = self.session().look_up_many(&asked).await.unwrap();
        let one = self.session().look_up(&refused.chat, &refused.id).await.unwrap();
        assert!(
            matches!(many[..], [LookUp::GivenUp, LookUp::Found(_)]),
            "{many:?}"
        );
        assert_eq!((one, self.times_sent(&refused.id).await), (LookUp::GivenUp, 0));
    }

    /// The word for which a message is refused for good.
    async fn rejection(&mut self, message: &Outgoing) -> &'static str {
        match self.session().send(message).await {
            Err(SendError::Rejected { code, .. }) => code,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn receives_once(&mut self) {
        let account = self.spec.account;
        let mut waiting = Vec::new();
        for n in 0..20 {
            let text = format!("Oi {n} \u{2603}");
            waiting.push((self.outside.write(account, &peer(), &text).await, text));
        }
        for (id, text) in &waiting {
            let message = self.received().await;
            assert_eq!((&message.id, &message.content), (id, &Content::text(text)));
            assert_eq!(
                (&message.chat, &message.from),
                (&Jid::of_phone(&peer()), &Jid::of_phone(&peer()))
            );
            assert!(message.sent_at.millis() > 1_600_000_000_000);
        }
        // Nothing comes twice: the next one to arrive is the next one to be written.
        let last = self.outside.write(account, &peer(), "last").await;
        assert_eq!(self.received().await.id, last);
        waiting.push((last, "last".to_owned()));
        self.inbound = waiting;
    }

    /// The page's store has everything that came in, whoever was told of it.
    async fn remembers_what_came_in(&mut self) {
        let expected = self.inbound.clone();
        let long_ago = Timestamp::from_millis(1_600_000_000_000);
        let list = self.session().inbound_since(long_ago, 100).await.unwrap();
        let ids: Vec<&WaMessageId> = list.messages.iter().map(|message| &message.id).collect();
        assert_eq!(ids, expected.iter().map(|(id, _)| id).collect::<Vec<_>>());
        assert!(!list.more);
        let some = self.session().inbound_since(long_ago, 5).await.unwrap();
        assert_eq!(
            (&some.messages[..], some.more),
            (&list.messages[..5], true),
            "the oldest first"
        );
        let newest = list.messages.last().unwrap().sent_at;
        let later = newest.after(Duration::from_secs(2));
        let none = self.session().inbound_since(later, 5).await.unwrap();
        assert_eq!(none, InboundList::default());
        let wanted = [list.messages[20].clone(), list.messages[3].clone()];
        let fetched = self.session().fetch_inbound(&wanted).await.unwrap();
        for (message, (id, text)) in fetched.messages.iter().zip([&expected[20], &expected[3]]) {
            assert_eq!((&message.id, &message.content), (id, &Content::text(text)));
            assert_eq!(message.from, Jid::of_phone(&peer()));
        }
        assert_eq!((fetched.messages.len(), fetched.answered), (2, 2));
    }

    async fn received(&mut self) -> InboundMessage {
        self.expect("an inbound message", |event| match event {
            SessionEvent::Received(message) => Some(message),
            _ => None,
        })
        .await
    }

    async fn looks_up(&mut self) {
        let is_there = |found: &LookUp| matches!(found, LookUp::Found(ack) if *ack >= Ack::Server);
        let chat = Jid::of_phone(&peer());
        for id in self.sent.clone() {
            let found = self.session().look_up(&chat, &id).await.unwrap();
            assert!(is_there(&found), "{found:?}");
        }
        let mut asked: Vec<(Jid, WaMessageId)> =
            self.sent.iter().map(|id| (chat.clone(), id.clone())).collect();
        asked.push((chat.clone(), self.message(&peer(), "not sent").id));
        let answers = self.session().look_up_many(&asked).await.unwrap();
        let (unknown, known) = answers.split_last().unwrap();
        assert_eq!((known.len(), *unknown), (self.sent.len(), LookUp::NotFound));
        assert!(known.iter().all(is_there), "{known:?}");
        let never = self.message(&peer(), "never sent").id;
        let found = self.session().look_up(&chat, &never).await.unwrap();
        assert_eq!(found, LookUp::NotFound);
    }

    /// The page is uncovered, loaded anew and replaced; the link, the messages and the way to it stay.
    async fn mends_its_page(&mut self) {
        match self.session().reload().await {
            // Over chromedriver alone no page can be mended; then another session has to do.
            Err(SessionError::Refused { detail, .. }) if detail.contains("socket") => return,
            done => done.unwrap(),
        }
        self.ready().await;
        self.looks_up().await;
        self.session().dismiss_modal().await.unwrap();
        for _ in 0..2 {
            self.session().new_page().await.unwrap();
            self.ready().await;
            self.looks_up().await;
            let message = self.message(&peer(), "from the new page");
            self.session().send(&message).await.unwrap();
            self.sent.push(message.id);
            let written = self.outside.write(self.spec.account, &peer(), "to it").await;
            assert_eq!(self.received().await.id, written);
        }
        let veiled = self.session().veiled_screenshot().await.unwrap();
        assert!(veiled.starts_with(b"\x89PNG"));
    }

    async fn stays_linked_over_a_restart(&mut self) {
        self.close().await;
        // What is written meanwhile waits on the network.
        let waited = self
            .outside
            .write(self.spec.account, &peer(), "while closed")
            .await;
        self.open().await;
        let test = self
            .expect("the self-test", |event| match event {
                SessionEvent::Tested(test) => Some(test),
                _ => None,
            })
            .await;
        assert_eq!(test.missing, [], "told before the page is ready");
        assert!(!test.version.is_empty() && !test.build.is_empty());
        self.ready().await;
        assert_eq!(self.received().await.id, waited);
        self.looks_up().await;
        let message = self.message(&peer(), "after the restart");
        self.session().send(&message).await.unwrap();
        self.sent.push(message.id);
    }

    async fn dies_loudly_and_leaves_nothing(&mut self) {
        let processes = self.session().processes();
        self.outside.kill(self.spec.account, &processes).await;
        let clock = Clock::system();
        let killed: Instant = clock.instant();
        self.hears("Died", |event| matches!(event, SessionEvent::Died { .. }))
            .await;
        assert!(clock.instant() - killed < DEATH_NOTICED, "Died came late");
        let refused = self.session().status().await;
        assert!(matches!(&refused, Err(error) if error.is_fatal()), "{refused:?}");
        let message = self.message(&peer(), "to a dead session");
        let refused = self.session().send(&message).await;
        assert!(
            matches!(refused, Err(SendError::Unknown(_) | SendError::NotSent(_))),
            "{refused:?}"
        );
        self.close().await;
        gone(&processes).await;
        let after = timeout(PATIENCE, self.events.recv()).await.expect("events end");
        assert!(after.is_none(), "nothing follows Died: {after:?}");
        assert_eq!(self.times_sent(&message.id).await, 0);
        self.open().await;
        self.ready().await;
        self.looks_up().await;
    }

    async fn is_gone_when_dropped(&mut self) {
        let processes = self.session().processes();
        self.session = None;
        gone(&processes).await;
        self.open().await;
        self.ready().await;
    }

    async fn logs_out_and_pairs_anew(&mut self) {
        self.session().log_out().await.unwrap();
        self.logged_out().await;
        self.pair().await;
        let message = self.message(&peer(), "linked again");
        self.session().send(&message).await.unwrap();
    }

    async fn is_unlinked_by_the_phone(&mut self) {
        self.outside.unlink(self.spec.account).await;
        self.logged_out().await;
        assert!(!self.code().await.is_empty());
        assert_eq!(self.session().status().await.unwrap(), PageStatus::Unlinked);
    }

    async fn links_by_a_code_that_is_typed(&mut self) {
        let own = self.outside.own_number();
        let asked = self.session().pair_by_phone(&own).await.unwrap();
        assert_eq!(asked.code.len(), 8);
        assert!(asked.expires_at > Clock::system().now());
        let again = self.session().pair_by_phone(&own).await.unwrap();
        assert_eq!(again.code, asked.code, "as long as it is good");
        self.outside.type_code(self.spec.account, &asked.code).await;
        self.hears("Linked", |event| matches!(event, SessionEvent::Linked))
            .await;
        self.ready().await;
        let refused = self.session().pair_by_phone(&own).await;
        assert!(
            matches!(&refused, Err(PhoneCodeError::Session(error)) if !error.is_fatal()),
            "{refused:?}"
        );
    }

    async fn logged_out(&mut self) {
        self.hears("LoggedOut", |event| {
            matches!(event, SessionEvent::LoggedOut { .. })
        })
        .await;
    }

    async fn times_sent(&self, id: &WaMessageId) -> u32 {
        self.outside.times_sent(self.spec.account, id).await
    }
}

/// The one that the account talks to.
fn peer() -> Phone {
    Phone::parse("5511912345678").unwrap()
}

/// Waits until none of these processes is left, zombies aside.
async fn gone(processes: &[u32]) {
    let clock = Clock::system();
    let end = clock.instant() + DEATH_NOTICED;
    while let Some(left) = processes.iter().find(|process| is_running(**process)) {
        assert!(clock.instant() < end, "process {left} is still there");
        clock.sleep(Duration::from_millis(20)).await;
    }
}

fn is_running(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start());
        !state.starts_with('Z')
    })
}
