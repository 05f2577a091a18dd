//! The simulated engine: the suite that all engines pass, and what only it can do.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock, Content, Jid, Phone, Timestamp, WaMessageId,
        message::{Ack, Outgoing},
    },
    session::{
        EVENT_QUEUE, Engine, LookUp, ProfileHold, SendError, Session, SessionError, SessionEvent,
        SessionSpec,
        simulated::{Fault, Settings, SimulatedEngine, SimulatedNetwork},
    },
};

use crate::session_conformance::{Outside, conforms};

struct Network(SimulatedNetwork);

#[async_trait]
impl Outside for Network {
    async fn scan(&self, _account: AccountId, code: &str) {
        let phone = Phone::parse("5511987654321").unwrap();
        assert!(self.0.scan(code, &phone, "Ana"), "somebody shows this code");
    }

    async fn type_code(&self, _account: AccountId, code: &str) {
        assert!(self.0.type_code(code, &self.own_number(), "Ana"));
    }

    fn own_number(&self) -> Phone {
        Phone::parse("5511987654321").unwrap()
    }

    async fn write(&self, account: AccountId, from: &Phone, text: &str) -> WaMessageId {
        self.0.write(account, from, "Bia", text)
    }

    async fn times_sent(&self, account: AccountId, id: &WaMessageId) -> u32 {
        self.0.times_sent(account, id)
    }

    async fn refuse_next(&self, account: AccountId) {
        self.0.inflict(account, Fault::Refuse { dies: false });
    }

    async fn unlink(&self, account: AccountId) {
        self.0.unlink(account);
    }

    async fn kill(&self, account: AccountId, _processes: &[u32]) {
        self.0.inflict(account, Fault::Die);
    }
}

#[tokio::test]
async fn conforms_to_the_suite() {
    let settings = Settings {
        auto_link: false,
        sync_ms: 20,
        ..Settings::default()
    };
    let engine = SimulatedEngine::new(settings, Clock::system());
    let profiles = tempfile::tempdir().unwrap();
    conforms(&engine, &Network(engine.network()), profiles.path()).await;
    engine.shut_down().await;
}

/// An account on a clock that stands still, linked and ready.
struct Stage {
    engine: SimulatedEngine,
    clock: Clock,
    session: Box<dyn Session>,
    events: mpsc::Receiver<SessionEvent>,
}

const ACCOUNT: AccountId = AccountId::from_bits(7);

fn spec() -> SessionSpec {
    SessionSpec {
        account: ACCOUNT,
        generation: 1,
        profile: "/nowhere".into(),
        settings: AccountSettings::default(),
        hold: ProfileHold::default(),
    }
}

async fn stage() -> Stage {
    let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
    let engine = SimulatedEngine::new(Settings::default(), clock.clone());
    let (sender, mut events) = mpsc::channel(EVENT_QUEUE);
    let session = engine.open(spec(), sender).await.unwrap();
    assert!(matches!(events.recv().await, Some(SessionEvent::Pairing { .. })));
    leap(&clock, 2_000).await;
    assert!(matches!(events.recv().await, Some(SessionEvent::Linked)));
    leap(&clock, 300).await;
    assert!(matches!(events.recv().await, Some(SessionEvent::Tested(_))));
    assert!(matches!(events.recv().await, Some(SessionEvent::Ready(_))));
    Stage {
        engine,
        clock,
        session,
        events,
    }
}

/// Leaps once somebody sleeps: before that the leap would pass them by.
async fn leap(clock: &Clock, millis: u64) {
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    clock.leap(Duration::from_millis(millis));
}

fn text(id: &str) -> Outgoing {
    Outgoing {
        id: WaMessageId::from_wire(id),
        chat: Jid::parse("5511912345678").unwrap(),
        content: Content::text("Oi"),
    }
}

#[tokio::test]
async fn a_session_that_hangs_runs_into_its_deadline_and_dies_once() {
    let mut stage = stage().await;
    stage.engine.network().inflict(ACCOUNT, Fault::Hang);
    let clock = stage.clock.clone();
    let (answer, ()) = tokio::join!(stage.session.probe(), async {
        while clock.sleepers() < 2 {
            tokio::task::yield_now().await;
        }
        clock.leap(Duration::from_secs(20));
    });
    assert!(matches!(
        answer,
        Err(SessionError::Deadline { command: "probe", .. })
    ));
    assert!(matches!(
        stage.events.recv().await,
        Some(SessionEvent::Died { .. })
    ));
    assert!(matches!(stage.session.status().await, Err(SessionError::Dead(_))));
    drop(stage.session);
    assert!(stage.events.recv().await.is_none());
}

#[tokio::test]
async fn nobody_can_tell_about_a_send_in_which_the_session_died() {
    for delivered in [false, true] {
        let mut stage = stage().await;
        stage
            .engine
            .network()
            .inflict(ACCOUNT, Fault::DieInSend { delivered });
        let answer = stage.session.send(&text("3EB0AA")).await;
        assert!(
            matches!(answer, Err(SendError::Unknown(SessionError::Dead(_)))),
            "{answer:?}"
        );

        let (sender, mut events) = mpsc::channel(EVENT_QUEUE);
        stage.session.close().await;
        let mut session = stage.engine.open(spec(), sender).await.unwrap();
        leap(&stage.clock, 300).await;
        assert!(matches!(events.recv().await, Some(SessionEvent::Tested(_))));
        assert!(matches!(events.recv().await, Some(SessionEvent::Ready(_))));
        let found = session
            .look_up(&text("3EB0AA").chat, &text("3EB0AA").id)
            .await
            .unwrap();
        let expected = if delivered {
            LookUp::Found(Ack::Read)
        } else {
            LookUp::NotFound
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_lost_ack_is_unknown_and_the_session_lives() {
    let mut stage = stage().await;
    stage.engine.network().inflict(ACCOUNT, Fault::DropAck);
    let clock = stage.clock.clone();
    let message = text("3EB0AB");
    let (answer, ()) = tokio::join!(stage.session.send(&message), async {
        while clock.sleepers() < 2 {
            tokio::task::yield_now().await;
        }
        clock.leap(Duration::from_secs(30));
    });
    assert!(
        matches!(&answer, Err(SendError::Unknown(error)) if !error.is_fatal()),
        "{answer:?}"
    );
    stage.session.status().await.unwrap();
}

#[tokio::test]
async fn an_id_sent_twice_is_counted_twice_and_delivered_once() {
    let mut stage = stage().await;
    let clock = stage.clock.clone();
    for _ in 0..2 {
        let message = text("3EB0AC");
        let (answer, ()) = tokio::join!(stage.session.send(&message), leap(&clock, 5));
        answer.unwrap();
    }
    let network = stage.engine.network();
    assert_eq!(
        network.deliveries(ACCOUNT),
        [(WaMessageId::from_wire("3EB0AC"), 2)]
    );
    network.inflict(ACCOUNT, Fault::Forget(WaMessageId::from_wire("3EB0AC")));
    let message = text("3EB0AC");
    let found = stage.session.look_up(&message.chat, &message.id).await.unwrap();
    assert_eq!(found, LookUp::NotFound);
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_order_and_a_second_session_is_refused() {
    let engine = Arc::new(SimulatedEngine::new(
        Settings {
            link_after_ms: 0,
            sync_ms: 0,
            ..Settings::default()
        },
        Clock::system(),
    ));
    let (sender, mut events) = mpsc::channel(2);
    let _session = engine.open(spec(), sender.clone()).await.unwrap();
    assert!(matches!(
        engine.open(spec(), sender).await,
        Err(SessionError::Open(_))
    ));
    while !matches!(events.recv().await, Some(SessionEvent::Ready(_))) {}
    let from = Phone::parse("5511912345678").unwrap();
    let written: Vec<WaMessageId> = (0..500)
        .map(|n| engine.network().write(ACCOUNT, &from, "Bia", &n.to_string()))
        .collect();
    for id in written {
        let Some(SessionEvent::Received(message)) = events.recv().await else {
            panic!("only messages are under way")
        };
        assert_eq!(message.id, id);
    }
}

#[tokio::test]
async fn codes_are_replaced_until_the_page_gives_up_and_a_refresh_starts_anew() {
    let clock = Clock::manual(Timestamp::from_millis(0));
    let settings = Settings {
        auto_link: false,
        pairing_codes: 2,
        ..Settings::default()
    };
    let engine = SimulatedEngine::new(settings, clock.clone());
    let (sender, mut events) = mpsc::channel(EVENT_QUEUE);
    let mut session = engine.open(spec(), sender).await.unwrap();
    let mut codes = Vec::new();
    for _ in 0..2 {
        let Some(SessionEvent::Pairing { code, expires_at }) = events.recv().await else {
            panic!("a code is shown")
        };
        assert_eq!(expires_at, clock.now().after(Duration::from_secs(20)));
        codes.push(code);
        leap(&clock, 20_000).await;
    }
    assert!(matches!(events.recv().await, Some(SessionEvent::PairingIdle)));
    assert_ne!(codes[0], codes[1]);
    session.refresh_pairing().await.unwrap();
    assert!(matches!(events.recv().await, Some(SessionEvent::Pairing { .. })));
}
