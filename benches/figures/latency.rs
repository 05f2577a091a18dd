//! From `Intake::submit` to the engine's `send`, and to `sent`, under light load: a message every ten milliseconds, one
//! account, the simulated engine, SQLite FULL. On the way lie two fsynced commits (acceptance and claim) and five
//! mailboxes; beside it stands one bare fsynced commit of the same store.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, AccountState, Clock, EngineKind, Jid, MessageId, MessageStatus, Phone,
        Timestamp, WaMessageId, message::Outgoing,
    },
    platform::{CreateAccount, Settings},
    session::{
        AgentBuild, Ending, Engine, InboundBatch, InboundKey, InboundList, LookUp, PageStatus, PhoneCode,
        PhoneCodeError, SendError, Session, SessionError, SessionEvent, SessionSpec,
        simulated::{self, SimulatedEngine},
    },
    store::accounts,
};

use crate::{
    Plan,
    node::folder,
    numbers::{Spread, millis, percentile, ratios},
    platforms::{House, on_system},
    table::{Aim, Table},
};

const MESSAGES: usize = 300;
const BETWEEN: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);

type Stamps = mpsc::UnboundedSender<(WaMessageId, Instant)>;

/// The simulated engine, with the moment of every send noted.
struct Stamping {
    engine: SimulatedEngine,
    stamps: Stamps,
}

#[async_trait]
impl Engine for Stamping {
    fn kind(&self) -> EngineKind {
        self.engine.kind()
    }

    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError> {
        Ok(Box::new(StampingSession {
            session: self.engine.open(spec, events).await?,
            stamps: self.stamps.clone(),
        }))
    }

    fn keeps_profile(&self) -> bool {
        self.engine.keeps_profile()
    }

    async fn shut_down(&self) {
        self.engine.shut_down().await;
    }
}

struct StampingSession {
    session: Box<dyn Session>,
    stamps: Stamps,
}

#[async_trait]
impl Session for StampingSession {
    async fn status(&mut self) -> Result<PageStatus, SessionError> {
        self.session.status().await
    }

    async fn probe(&mut self) -> Result<Duration, SessionError> {
        self.session.probe().await
    }

    async fn send(&mut self, message: &Outgoing) -> Result<(), SendError> {
        let _ = self.stamps.send((message.id.clone(), Instant::now()));
        self.session.send(message).await
    }

    async fn look_up(&mut self, chat: &Jid, id: &WaMessageId) -> Result<LookUp, SessionError> {
        self.session.look_up(chat, id).await
    }

    async fn look_up_many(&mut self, messages: &[(Jid, WaMessageId)]) -> Result<Vec<LookUp>, SessionError> {
        self.session.look_up_many(messages).await
    }

    async fn inbound_since(&mut self, since: Timestamp, most: usize) -> Result<InboundList, SessionError> {
        self.session.inbound_since(since, most).await
    }

    async fn fetch_inbound(&mut self, keys: &[InboundKey]) -> Result<InboundBatch, SessionError> {
        self.session.fetch_inbound(keys).await
    }

    async fn replace_agent(&mut self, build: &Arc<AgentBuild>) -> Result<(), SessionError> {
        self.session.replace_agent(build).await
    }

    async fn refresh_pairing(&mut self) -> Result<(), SessionError> {
        self.session.refresh_pairing().await
    }

    async fn pair_by_phone(&mut self, phone: &Phone) -> Result<PhoneCode, PhoneCodeError> {
        self.session.pair_by_phone(phone).await
    }

    async fn log_out(&mut self) -> Result<(), SessionError> {
        self.session.log_out().await
    }

    async fn screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.session.screenshot().await
    }

    async fn veiled_screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.session.veiled_screenshot().await
    }

    async fn dismiss_modal(&mut self) -> Result<(), SessionError> {
        self.session.dismiss_modal().await
    }

    async fn reload(&mut self) -> Result<(), SessionError> {
        self.session.reload().await
    }

    async fn new_page(&mut self) -> Result<(), SessionError> {
        self.session.new_page().await
    }

    fn console(&self) -> Vec<String> {
        self.session.console()
    }

    fn processes(&self) -> Vec<u32> {
        self.session.processes()
    }

    async fn close(self: Box<Self>) -> Ending {
        self.session.close().await
    }
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let folder = folder();
    on_system(rounds(plan, table, folder.path().to_owned()));
}

/// What one round came to, in seconds.
#[derive(Default)]
struct Round {
    accepted: Vec<f64>,
    engine: Vec<f64>,
    sent: Vec<f64>,
    commit: Vec<f64>,
}

async fn rounds(plan: &Plan, table: &mut Table, folder: PathBuf) {
    let (stamps, mut stamped) = mpsc::unbounded_channel();
    let quick = simulated::Settings {
        link_after_ms: 1,
        sync_ms: 1,
        ack_ms: 0,
        ..simulated::Settings::default()
    };
    let engine = Stamping {
        engine: SimulatedEngine::new(quick, Clock::system()),
        stamps,
    };
    let engines = HashMap::from([(EngineKind::Simulated, Arc::new(engine) as Arc<dyn Engine>)]);
    let mut settings = Settings::default();
    settings.rate_limit.messages_per_minute = 100_000;
    settings.rate_limit.burst = 10_000;
    let house = House::start(&folder, settings, engines).await;
    let account = online_account(&house).await;
    let messages = MESSAGES / plan.divide;
    light_load(&house, account, 20, &mut stamped).await; // warm up
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        rounds.push(light_load(&house, account, messages, &mut stamped).await);
    }
    house.platform.stop().await;
    report(table, &rounds);
}

/// Picks one series of a round.
type Pick = fn(&Round) -> &Vec<f64>;

fn report(table: &mut Table, rounds: &[Round]) {
    let each = |pick: Pick, share| -> Vec<f64> {
        let values = rounds.iter().map(|round| percentile(pick(round), share));
        values.collect()
    };
    let millis_of = |pick, share| {
        let values: Vec<f64> = each(pick, share)
            .iter()
            .map(|seconds| seconds * 1_000.0)
            .collect();
        Spread::of(&values)
    };
    let rows: [(&str, Pick, f64, Aim); 6] = [
        (
            "accept → engine, p50",
            |round| &round.engine,
            0.5,
            Aim::AtMost(3.0),
        ),
        ("  p99", |round| &round.engine, 0.99, Aim::None),
        (
            "  accept alone (the 202), p50",
            |round| &round.accepted,
            0.5,
            Aim::None,
        ),
        ("  accept → sent, p50", |round| &round.sent, 0.5, Aim::None),
        ("  accept → sent, p99", |round| &round.sent, 0.99, Aim::None),
        ("  one bare commit, p50", |round| &round.commit, 0.5, Aim::None),
    ];
    for (name, pick, share, aim) in rows {
        table.alone(name, millis_of(pick, share), 2, "ms", aim);
    }
    let commits = ratios(
        &each(|round| &round.engine, 0.5),
        &each(|round| &round.commit, 0.5),
    );
    let name = "  accept → engine, in bare commits (two lie on the way)";
    table.alone(name, commits, 2, "commits", Aim::None);
    let all: Vec<f64> = rounds.iter().flat_map(|round| round.engine.clone()).collect();
    table.note(format!(
        "accept → engine: slowest of {} messages {} ms",
        all.len(),
        millis(percentile(&all, 1.0))
    ));
}

async fn online_account(house: &House) -> AccountId {
    let create = CreateAccount {
        tenant: house.tenant,
        name: "Bench".to_owned(),
        engine: EngineKind::Simulated,
        labels: Vec::new(),
        settings: AccountSettings::default(),
    };
    let account = house.platform.create_account(create, None).await.unwrap().id;
    let begun = Instant::now();
    loop {
        let row = house
            .platform
            .store
            .reads()
            .account(house.tenant, account)
            .await
            .unwrap()
            .unwrap();
        if row.state == AccountState::Online {
            return account;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "the account is {}, not online",
            row.state
        );
        tokio::time::sleep(BETWEEN).await;
    }
}

async fn light_load(
    house: &House,
    account: AccountId,
    messages: usize,
    stamped: &mut mpsc::UnboundedReceiver<(WaMessageId, Instant)>,
) -> Round {
    let mut round = Round::default();
    for i in 0..messages {
        let begun = Instant::now();
        let accepted = house.accept(house.text(account, i)).await;
        round.accepted.push(begun.elapsed().as_secs_f64());
        let stamp = tokio::time::timeout(PATIENCE, stamped.recv()).await;
        let (id, at) = stamp.expect("a send in time").unwrap();
        assert_eq!(id, accepted.wa_id);
        round.engine.push((at - begun).as_secs_f64());
        until_sent(house, accepted.id).await;
        round.sent.push(begun.elapsed().as_secs_f64());
        tokio::time::sleep(BETWEEN).await;
        let begun = Instant::now();
        // Another value each time: SQLite writes nothing where nothing changes.
        let (tenant, store, wanted) = (house.tenant, &house.platform.store, i % 2 == 1);
        store
            .write(move |tx| Box::pin(accounts::set_wanted(tx, tenant, account, wanted)))
            .await
            .unwrap();
        round.commit.push(begun.elapsed().as_secs_f64());
    }
    round
}

/// Waits until the message is seen as sent by whoever listens to the journal: woken by its nudges.
async fn until_sent(house: &House, message: MessageId) {
    let mut journal = house.platform.bus.journal(house.tenant);
    let wait = async {
        loop {
            let row = house
                .platform
                .store
                .reads()
                .message(house.tenant, message)
                .await
                .unwrap()
                .unwrap();
            if !matches!(row.status, MessageStatus::Queued | MessageStatus::Sending) {
                return;
            }
            journal.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("sent in time");
}
