//! What a test of the house may set.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use zaptor_actors::{
    account,
    domain::{Clock, Timestamp},
    protocol::registry::MemoryLimits,
    registry::{self, HibernationSettings},
    session::{AgentFiles, simulated},
    supervision,
};

use super::jumpy::Fright;

/// What a test may set.
pub(super) struct Plan {
    pub(super) network: simulated::Settings,
    pub(super) account: account::Settings,
    pub(super) supervision: supervision::Settings,
    /// So many times the account's actor panics in its own turn, just when it becomes ready.
    pub(super) panics: u32,
    /// So many times the pump panics in a future of its own, with a claimed message in hand.
    pub(super) pump_panics: u32,
    /// So many times whoever hears of commits panics, on the store's thread.
    pub(super) listener_panics: u32,
    /// Where an engine or a session panics first.
    pub(super) fright: Fright,
    /// The folder with the files of an agent, if pages have one.
    pub(super) agent: Option<PathBuf>,
    /// Whether profiles matter, and are kept in a vault.
    pub(super) keeps: bool,
    /// Whether sessions take room, so that not all can be opened together.
    pub(super) heavy: bool,
    /// So many sessions are opened at a time.
    pub(super) at_once: usize,
    /// What all sessions together may take; each takes one.
    pub(super) budget_bytes: u64,
    /// What a session's processes may take.
    pub(super) limits: MemoryLimits,
    /// How long it may be online without a snapshot.
    pub(super) first_snapshot_seconds: u64,
    pub(super) hibernation: HibernationSettings,
    /// Whether time leaps: it stands still but for `House::until`, which moves it on by so much with every look, and
    /// `House::leap`.
    pub(super) leaps: Option<Duration>,
}

/// How far time leaps while a test waits for something; a look takes about half as long.
pub(super) const STEP: Duration = Duration::from_millis(10);

impl Plan {
    pub(super) fn clock(&self) -> Clock {
        match self.leaps {
            Some(_) => Clock::manual(Timestamp::from_millis(1_800_000_000_000)),
            None => Clock::system(),
        }
    }

    /// The agent's files for pages; those in use are kept in this folder.
    pub(super) fn agent_files(&self, data: &Path) -> Option<Arc<AgentFiles>> {
        let folder = self.agent.clone()?;
        Some(Arc::new(AgentFiles::open(folder, data.join("agent")).unwrap()))
    }

    pub(super) fn registry(&self) -> registry::Settings {
        registry::Settings {
            sweep_interval_seconds: 1,
            measure_interval_seconds: 1,
            start_at_once: self.at_once,
            limits: self.limits,
            first_snapshot_seconds: self.first_snapshot_seconds,
            hibernation: self.hibernation.clone(),
            ..registry::Settings::default()
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            network: simulated::Settings {
                link_after_ms: 20,
                sync_ms: 10,
                ack_ms: 2,
                deliver_ms: 5,
                read_ms: 5,
                send_deadline_ms: 300,
                ..simulated::Settings::default()
            },
            account: account::Settings {
                look_up_interval_ms: 20,
                look_up_patience_seconds: 2,
                retry_base_ms: 10,
                stop_grace_seconds: 0,
                probe_interval_seconds: 1,
                ..account::Settings::default()
            },
            supervision: supervision::Settings {
                backoff_base_ms: 2,
                backoff_cap_seconds: 1,
                arbiters: 2,
                ..supervision::Settings::default()
            },
            panics: 0,
            pump_panics: 0,
            listener_panics: 0,
            fright: Fright::default(),
            agent: None,
            keeps: false,
            heavy: false,
            at_once: 4,
            budget_bytes: u64::MAX,
            limits: MemoryLimits::default(),
            first_snapshot_seconds: 3_600,
            hibernation: HibernationSettings::default(),
            leaps: None,
        }
    }
}
