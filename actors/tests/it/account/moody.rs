//! The simulated engine with bad days: it does not open, and profiles can matter as with a browser.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{AccountId, Clock, EngineKind},
    session::{
        AgentFiles, Engine, ProfileHold, Session, SessionError, SessionEvent, SessionSpec,
        simulated::SimulatedEngine,
    },
};

use super::{
    agent::Misfits,
    halts::Halts,
    jumpy::{Fright, Jumpy, Verb},
    plan::Plan,
};

/// The simulated engine, which fails to open so many times, or as long as it is told to.
pub(super) struct Moody {
    pub(super) inner: SimulatedEngine,
    pub(super) failures: Arc<AtomicU32>,
    /// Whether the link is in the profile, as with a browser: see [`House::plant_link`].
    pub(super) keeps: bool,
    pub(super) planted: Arc<AtomicBool>,
    /// Where it panics next.
    pub(super) fright: Fright,
    /// Where it stands still next.
    pub(super) halts: Halts,
    pub(super) doors: Arc<Doors>,
    /// The files of an agent for its pages, and whom they do not suit.
    pub(super) agent: Option<Arc<AgentFiles>>,
    pub(super) misfits: Misfits,
    /// Whether its sessions take room, as with a browser, so that not all can be opened together.
    pub(super) heavy: bool,
}

/// Who was opened, and how many at a time.
#[derive(Default)]
pub(super) struct Doors {
    pub(super) opened: Mutex<Vec<AccountId>>,
    now: AtomicU32,
    pub(super) most: AtomicU32,
    /// The process that the next session to be opened has.
    pub(super) leader: Mutex<Option<u32>>,
    /// The profiles of starts that failed, where something of them lingers.
    pub(super) lingering: Mutex<Option<Vec<ProfileHold>>>,
}

impl Doors {
    /// Opening takes some turns of the runtime, so that others could begin meanwhile.
    async fn pass(&self, account: AccountId) {
        self.opened.lock().unwrap().push(account);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where a profile that is kept has its link.
pub(super) const LINK: &str = "Default/link";
/// What stands there when a browser would not start on the profile.
pub(super) const GARBAGE: &str = "garbage";

impl Moody {
    /// As a test wants it. What its pages have in use of an agent is kept in `data`.
    pub(super) fn new(plan: &Plan, clock: &Clock, data: &Path) -> Self {
        let inner = SimulatedEngine::new(plan.network.clone(), clock.clone());
        Self {
            failures: Arc::default(),
            keeps: plan.keeps,
            planted: Arc::default(),
            fright: plan.fright.clone(),
            halts: Halts::default(),
            doors: Arc::default(),
            agent: plan.agent_files(data),
            misfits: Misfits::of(inner.network()),
            heavy: plan.heavy,
            inner,
        }
    }

    /// A kept profile without its link is a page that nobody has linked: another account, to the network.
    fn seen_as(&self, spec: &SessionSpec) -> Result<AccountId, SessionError> {
        if !self.planted.load(Ordering::SeqCst) {
            return Ok(spec.account);
        }
        match std::fs::read_to_string(spec.profile.join(LINK)) {
            Ok(text) if text == GARBAGE => Err(SessionError::Profile("it is garbage".to_owned())),
            Ok(_) => Ok(spec.account),
            Err(_) => Ok(AccountId::from_bits(4_711)),
        }
    }
}

#[async_trait]
impl Engine for Moody {
    fn kind(&self) -> EngineKind {
        EngineKind::Simulated
    }

    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError> {
        let left = self.failures.load(Ordering::SeqCst);
        if left > 0 {
            self.failures.store(left - 1, Ordering::SeqCst);
            if let Some(lingering) = self.doors.lingering.lock().unwrap().as_mut() {
                lingering.push(spec.hold);
            }
            return Err(SessionError::Open("the browser does not start".to_owned()));
        }
        self.doors.pass(spec.account).await;
        let account = self.seen_as(&spec)?;
        self.fright.meet(account, Verb::Open);
        self.halts.pass(Verb::Open).await;
        let inner = self.inner.open(SessionSpec { account, ..spec }, events).await?;
        Ok(Box::new(Jumpy {
            inner: Some(inner),
            account,
            fright: self.fright.clone(),
            halts: self.halts.clone(),
            misfits: self.misfits.clone(),
            leader: self.doors.leader.lock().unwrap().take(),
        }))
    }

    fn agent(&self) -> Option<Arc<AgentFiles>> {
        self.agent.clone()
    }

    fn footprint_bytes(&self) -> u64 {
        1
    }

    fn keeps_profile(&self) -> bool {
        self.keeps
    }

    fn is_light(&self) -> bool {
        self.fright.meet_anyone(Verb::Weigh);
        !self.heavy
    }

    async fn shut_down(&self) {}
}
