//! A session that panics where it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use zaptor_actors::{
    domain::{AccountId, Jid, Phone, Timestamp, WaMessageId, message::Outgoing},
    protocol::Line,
    session::{
        AgentBuild, Ending, InboundBatch, InboundKey, InboundList, LookUp, PageStatus, PhoneCode,
        PhoneCodeError, SendError, Session, SessionError, Vitals,
    },
};

use super::{agent::Misfits, halts::Halts};

/// Where an engine or a session is when it panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// The registry asks the engine what a session costs: in the registry's own background task.
    Weigh,
    Open,
    /// It is asked where it stands, as before it is closed.
    Status,
    Probe,
    Send,
    LookUp,
    /// It is asked what came in unnoticed.
    Gap,
    Replace,
    Reload,
    Screenshot,
    LogOut,
    Close,
    /// It is closed, and nobody has heard of it.
    Closed,
    Drop,
}

/// The next panic: of which account's session, and where.
#[derive(Clone, Default)]
pub(super) struct Fright(Arc<Mutex<Option<(AccountId, Verb)>>>);

impl Fright {
    pub(super) fn set(&self, account: AccountId, verb: Verb) {
        *self.0.lock() = Some((account, verb));
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.lock().is_none()
    }

    pub(super) fn meet(&self, account: AccountId, verb: Verb) {
        let mut next = self.0.lock();
        if *next == Some((account, verb)) {
            *next = None;
            drop(next);
            panic!("in {verb:?}, on purpose");
        }
    }

    pub(super) fn meet_anyone(&self, verb: Verb) {
        let account = self
            .0
            .lock()
            .filter(|(_, next)| *next == verb)
            .map(|(account, _)| account);
        if let Some(account) = account {
            self.meet(account, verb);
        }
    }
}

/// A line that panics so many times when it is used: in the turn, or the future, of whoever uses it.
pub(super) fn panicking<M>(line: Line<M>, times: u32) -> Line<M>
where
    M: actix::Message<Result: Send> + Send + 'static,
{
    let left = AtomicU32::new(times);
    Arc::new(move || {
        let panics = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(panics.is_err(), "where the line is used, on purpose");
        line()
    })
}

pub(super) struct Jumpy {
    pub(super) inner: Option<Box<dyn Session>>,
    pub(super) account: AccountId,
    pub(super) fright: Fright,
    pub(super) halts: Halts,
    pub(super) misfits: Misfits,
    /// The process that it has, as a browser would.
    pub(super) leader: Option<u32>,
}

impl Jumpy {
    fn at(&mut self, verb: Verb) -> &mut dyn Session {
        self.fright.meet(self.account, verb);
        self.inner.as_deref_mut().expect("it is open")
    }
}

#[async_trait]
impl Session for Jumpy {
    async fn status(&mut self) -> Result<PageStatus, SessionError> {
        self.halts.pass(Verb::Status).await;
        self.at(Verb::Status).status().await
    }

    async fn probe(&mut self) -> Result<Duration, SessionError> {
        self.at(Verb::Probe).probe().await
    }

    async fn send(&mut self, message: &Outgoing) -> Result<(), SendError> {
        self.at(Verb::Send).send(message).await
    }

    async fn look_up(&mut self, chat: &Jid, id: &WaMessageId) -> Result<LookUp, SessionError> {
        self.at(Verb::LookUp).look_up(chat, id).await
    }

    async fn look_up_many(&mut self, messages: &[(Jid, WaMessageId)]) -> Result<Vec<LookUp>, SessionError> {
        self.at(Verb::LookUp).look_up_many(messages).await
    }

    async fn inbound_since(&mut self, since: Timestamp, most: usize) -> Result<InboundList, SessionError> {
        self.at(Verb::Gap).inbound_since(since, most).await
    }

    async fn fetch_inbound(&mut self, keys: &[InboundKey]) -> Result<InboundBatch, SessionError> {
        self.at(Verb::Gap).fetch_inbound(keys).await
    }

    async fn replace_agent(&mut self, build: &Arc<AgentBuild>) -> Result<(), SessionError> {
        self.halts.pass(Verb::Replace).await;
        self.misfits.put(self.account, build);
        self.at(Verb::Replace).replace_agent(build).await
    }

    async fn refresh_pairing(&mut self) -> Result<(), SessionError> {
        self.inner
            .as_deref_mut()
            .expect("it is open")
            .refresh_pairing()
            .await
    }

    async fn pair_by_phone(&mut self, phone: &Phone) -> Result<PhoneCode, PhoneCodeError> {
        self.inner
            .as_deref_mut()
            .expect("it is open")
            .pair_by_phone(phone)
            .await
    }

    async fn log_out(&mut self) -> Result<(), SessionError> {
        self.at(Verb::LogOut).log_out().await
    }

    async fn screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.at(Verb::Screenshot).screenshot().await
    }

    async fn veiled_screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.at(Verb::Screenshot).veiled_screenshot().await
    }

    async fn dismiss_modal(&mut self) -> Result<(), SessionError> {
        self.at(Verb::Screenshot).dismiss_modal().await
    }

    async fn reload(&mut self) -> Result<(), SessionError> {
        self.halts.pass(Verb::Reload).await;
        self.at(Verb::Reload).reload().await
    }

    async fn new_page(&mut self) -> Result<(), SessionError> {
        self.at(Verb::Screenshot).new_page().await
    }

    fn console(&self) -> Vec<String> {
        Vec::new()
    }

    fn processes(&self) -> Vec<u32> {
        Vec::new()
    }

    fn vitals(&self) -> Vitals {
        Vitals {
            leader: self.leader,
            ..Vitals::default()
        }
    }

    async fn close(mut self: Box<Self>) -> Ending {
        self.fright.meet(self.account, Verb::Close);
        self.halts.pass(Verb::Close).await;
        let ending = match self.inner.take() {
            Some(inner) => inner.close().await,
            None => Ending::Killed,
        };
        self.halts.pass(Verb::Closed).await;
        ending
    }
}

impl Drop for Jumpy {
    fn drop(&mut self) {
        // A second panic while one unwinds would end the process, as it does everywhere in Rust.
        if !std::thread::panicking() {
            self.fright.meet(self.account, Verb::Drop);
        }
    }
}
