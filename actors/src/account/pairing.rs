//! The pairing code that is shown now, and those who wait for one. The code is a secret: it is never stored, published
//! or logged.

use tokio::sync::oneshot;

use crate::{domain::Timestamp, protocol::account::Pairing};

/// How many may wait for a code; more are refused at once.
const WAITING: usize = 64;

/// What the actor knows of codes.
#[derive(Default)]
pub(super) struct Codes {
    arrived: Option<(String, Timestamp)>,
    shown: Option<Pairing>,
    waiting: Vec<oneshot::Sender<Pairing>>,
}

impl Codes {
    /// The session shows a code; it counts once the machine has numbered it.
    pub(super) fn arrive(&mut self, code: String, expires_at: Timestamp) {
        self.arrived = Some((code, expires_at));
    }

    /// Numbers the code that arrived and gives it to those who wait; gives when it expires.
    pub(super) fn show(&mut self, attempt: u32) -> Option<Timestamp> {
        let (code, expires_at) = self.arrived.take()?;
        let pairing = Pairing {
            code,
            expires_at,
            attempt,
        };
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(pairing.clone());
        }
        self.shown = Some(pairing);
        Some(expires_at)
    }

    /// The code is void. Those who wait go on waiting for the next one.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// The code, unless it has expired at `now`.
    pub(super) fn current(&self, now: Timestamp) -> Option<Pairing> {
        self.shown.clone().filter(|shown| shown.expires_at > now)
    }

    /// When the code that was shown last expires, or did.
    pub(super) fn last_expiry(&self) -> Option<Timestamp> {
        self.shown.as_ref().map(|shown| shown.expires_at)
    }

    /// Waits for the next code. The receiver ends empty-handed when too many wait, or when the account ends.
    pub(super) fn wait(&mut self) -> oneshot::Receiver<Pairing> {
        let (tell, told) = oneshot::channel();
        self.waiting.retain(|waiting| !waiting.is_closed());
        if self.waiting.len() < WAITING {
            self.waiting.push(tell);
        }
        told
    }
}
