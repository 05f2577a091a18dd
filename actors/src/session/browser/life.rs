//! The life of one session: who may end it, how, and that its end is told once.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use super::{processes, table::ProcessTable};
use crate::session::{SessionError, Vitals};

/// Shared by everything that works for a session.
pub(super) struct Life {
    profile: PathBuf,
    browser: AtomicU32,
    /// Uncaught exceptions and crashes of the page.
    page_errors: Arc<AtomicU64>,
    death: OnceLock<Option<String>>,
    /// Cancelled when the session is over, however it ended.
    pub(super) over: CancellationToken,
}

impl Life {
    /// `profile` is absolute: the browser is known by it.
    pub(super) fn new(profile: PathBuf) -> Self {
        Self {
            profile,
            browser: AtomicU32::new(0),
            page_errors: Arc::default(),
            death: OnceLock::new(),
            over: CancellationToken::new(),
        }
    }

    pub(super) fn set_browser(&self, pid: u32) {
        self.browser.store(pid, Ordering::Release);
    }

    pub(super) fn browser(&self) -> Option<u32> {
        Some(self.browser.load(Ordering::Acquire)).filter(|&pid| pid != 0)
    }

    pub(super) fn note_page_error(&self) {
        self.page_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// What can be measured of the session from outside.
    pub(super) fn vitals(&self) -> Vitals {
        Vitals {
            leader: self.browser(),
            page_errors: Arc::clone(&self.page_errors),
        }
    }

    /// The browser and everything below it.
    pub(super) fn processes(&self) -> Vec<u32> {
        match self.browser() {
            Some(pid) if !self.over.is_cancelled() => ProcessTable::read().family(pid),
            _ => processes::of_profile(&self.profile),
        }
    }

    /// Ends the session as a death. The first reason counts; later ones, and those after an orderly end, do nothing.
    pub(super) fn die(&self, reason: impl Into<String>) {
        if self.death.set(Some(reason.into())).is_ok() {
            self.kill();
            self.over.cancel();
        }
    }

    /// Ends the session in order: nothing is reported.
    pub(super) fn finish(&self) {
        if self.death.set(None).is_ok() {
            self.over.cancel();
        }
    }

    /// Why the session died, if it did.
    pub(super) fn death(&self) -> Option<&str> {
        self.death.get()?.as_deref()
    }

    /// An error once the session is over.
    pub(super) fn alive(&self) -> Result<(), SessionError> {
        match self.death.get() {
            None => Ok(()),
            Some(reason) => Err(SessionError::Dead(
                reason.clone().unwrap_or_else(|| "closed".to_owned()),
            )),
        }
    }

    /// Kills every process of the session. Found by the profile's name, never by a remembered number alone: numbers are
    /// used again.
    pub(super) fn kill(&self) {
        processes::kill(&processes::of_profile(&self.profile));
    }
}
