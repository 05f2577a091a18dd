//! The simulated engine: sessions without a browser on an in-process network, for load tests, demonstrations and every
//! test that is not about the browser. Thousands of sessions cost little: one task fires all timers.
//!
//! Never here: a thread or task per session or timer, a file, a real network.

mod line;
mod member;
mod network;
mod session;
mod settings;
mod timers;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

pub use network::{Cure, Fault, PageFault, SimulatedNetwork};
pub use settings::Settings;

use self::{network::Shared, session::SimulatedSession};
use super::{Engine, Session, SessionError, SessionEvent, SessionSpec};
use crate::domain::{Clock, EngineKind};

/// Opens simulated sessions. The link and the messages of an account outlive its sessions, not the process.
pub struct SimulatedEngine {
    shared: Arc<Shared>,
}

impl SimulatedEngine {
    /// Makes the network and starts its timers, which live until the engine and its sessions are dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime: it needs one that outlives the sessions.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let shared = Arc::new(Shared::new(settings, clock.clone()));
        tokio::spawn(timers::run(Arc::downgrade(&shared), clock));
        Self { shared }
    }

    /// The network, to be scripted.
    pub fn network(&self) -> SimulatedNetwork {
        SimulatedNetwork(Arc::clone(&self.shared))
    }
}

impl Drop for SimulatedEngine {
    fn drop(&mut self) {
        self.shared.timers.wake();
    }
}

#[async_trait]
impl Engine for SimulatedEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Simulated
    }

    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError> {
        let (member, line) = self
            .shared
            .pick_up(spec.account, events)
            .ok_or_else(|| SessionError::Open("the profile is in use by another session".to_owned()))?;
        Ok(Box::new(SimulatedSession::new(
            Arc::clone(&self.shared),
            spec.account,
            member,
            line,
        )))
    }

    /// What it keeps is in memory.
    fn keeps_profile(&self) -> bool {
        false
    }

    /// No process, no file, no page.
    fn is_light(&self) -> bool {
        true
    }

    async fn shut_down(&self) {}
}
