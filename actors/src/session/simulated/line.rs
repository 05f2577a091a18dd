//! The line between the network and one session: its events, and its death.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::session::SessionEvent;

/// How many events a session keeps for an account that does not read; past it the session dies.
const BACKLOG: usize = 10_000;

/// One session's line. Events never overtake one another, and nothing follows `Died`.
pub(super) struct Line {
    /// Tells the sessions of one account apart.
    pub(super) number: u64,
    /// Cancelled when the session is dead.
    pub(super) dead: CancellationToken,
    reason: OnceLock<String>,
    events: mpsc::Sender<SessionEvent>,
    backlog: Mutex<Backlog>,
    runtime: Handle,
}

#[derive(Default)]
struct Backlog {
    waiting: VecDeque<SessionEvent>,
    draining: bool,
}

impl Line {
    pub(super) fn new(number: u64, events: mpsc::Sender<SessionEvent>, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            number,
            dead: CancellationToken::new(),
            reason: OnceLock::new(),
            events,
            backlog: Mutex::default(),
            runtime,
        })
    }

    /// Why the session died, if it did.
    pub(super) fn death(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Reports an event. A reader that is behind gets it later and in order; one that stopped reading ends the session.
    pub(super) fn emit(self: &Arc<Self>, event: SessionEvent) {
        if self.death().is_none() && self.push(event) > BACKLOG {
            self.die(&format!("{BACKLOG} events went unread"));
        }
    }

    /// Ends the session and reports it, once.
    pub(super) fn die(self: &Arc<Self>, reason: &str) {
        if self.reason.set(reason.to_owned()).is_ok() {
            self.push(SessionEvent::Died {
                reason: reason.to_owned(),
            });
            self.dead.cancel();
        }
    }

    fn push(self: &Arc<Self>, event: SessionEvent) -> usize {
        let mut backlog = self.backlog.lock();
        if !backlog.draining {
            match self.events.try_send(event) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => return 0,
                Err(mpsc::error::TrySendError::Full(event)) => backlog.waiting.push_back(event),
            }
            backlog.draining = true;
            // A task of its own only while the reader is behind.
            self.runtime.spawn(Arc::clone(self).drain());
        } else {
            backlog.waiting.push_back(event);
        }
        backlog.waiting.len()
    }

    async fn drain(self: Arc<Self>) {
        loop {
            let event = {
                let mut backlog = self.backlog.lock();
                let Some(event) = backlog.waiting.pop_front() else {
                    backlog.draining = false;
                    return;
                };
                event
            };
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }
}
