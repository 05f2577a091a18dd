//! The browser engine: one Chromium per account on its own profile, started by chromedriver through fantoccini, driven
//! over one DevTools socket.
//!
//! fantoccini owns the life cycle (browser, navigation, screenshot, close); commands and events go over the socket, which
//! answers ten times faster and is never held up by chromedriver's one-at-a-time queue.
//!
//! Never here: a browser without a deadline on every word to it, a process that nobody will end, an argument that
//! weakens TLS outside the sandbox, a profile of the sandbox on the real site or the other way round, a page whose content
//! security policy is lifted.

mod asked;
mod cdp;
mod cgroup;
mod client_hints;
mod driver;
mod events;
mod garage;
mod guard;
mod heartbeat;
mod life;
mod machine;
mod media;
mod mending;
mod open;
mod owner;
mod page;
mod persona;
mod picture;
mod processes;
mod programs;
mod relay;
mod replace;
mod session;
mod settings;
mod shards;
mod signs;
mod still;
mod table;
mod temporary;
mod upstream;
mod webdriver;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    time::timeout,
};

pub use guard::{own_program, stand_in};
pub use machine::memory_limit_bytes;
pub use processes::{kill_all, memory_bytes, reap_orphans};
pub use settings::{ChannelKind, SandboxAccess, Settings, SettingsError};
pub use table::{Cost, ProcessTable};

use self::{
    cgroup::Groups,
    driver::Drivers,
    garage::{Garage, Guarding},
    life::Life,
    programs::Programs,
    shards::Shards,
    temporary::Temporary,
};
use super::{AgentFiles, Engine, EngineTree, Session, SessionError, SessionEvent, SessionSpec};
use crate::domain::{Clock, EngineKind};

/// Opens sessions in browsers. Dropping it ends every browser.
pub struct BrowserEngine {
    settings: Settings,
    page: url::Url,
    programs: Programs,
    drivers: Drivers,
    starts: Semaphore,
    runtime: Handle,
    clock: Clock,
}

impl BrowserEngine {
    /// Finds the programs and checks the settings; starts nothing yet. `data_dir` exists, is this process's own, and
    /// holds the profiles. Call [`reap_orphans`] on it first.
    ///
    /// # Panics
    /// Outside a tokio runtime: it needs one that outlives the sessions.
    pub fn new(settings: Settings, data_dir: &Path, clock: Clock) -> Result<Self, SessionError> {
        let page = settings
            .check()
            .map_err(|error| SessionError::Open(error.to_string()))?;
        let programs = Programs::find(&settings, data_dir)?;
        let runtime = Handle::current();
        let seats = settings.accounts_per_driver;
        let garage = Garage {
            program: programs.chromedriver.clone(),
            guard: guarding(&settings, &programs, data_dir)?,
            clock: clock.clone(),
        };
        Ok(Self {
            drivers: Drivers::new(
                garage,
                seats,
                Shards::new(&settings.supervision, clock.clone()),
                runtime.clone(),
            ),
            starts: Semaphore::new(usize::from(settings.concurrent_starts.max(1))),
            settings,
            page,
            programs,
            runtime,
            clock,
        })
    }
}

/// What guards need, where the settings name the program that is to be one.
fn guarding(
    settings: &Settings,
    programs: &Programs,
    data_dir: &Path,
) -> Result<Option<Guarding>, SessionError> {
    if settings.guard.as_os_str().is_empty() {
        return Ok(None);
    }
    let cannot = |error: std::io::Error| SessionError::Open(format!("the browsers' start: {error}"));
    let data_dir = data_dir.canonicalize().map_err(cannot)?;
    Ok(Some(Guarding {
        program: settings.guard.clone(),
        browser: programs.browser.clone(),
        temporary: Arc::new(Temporary::new(&data_dir)),
        groups: Groups::find(),
        memory_max: settings.memory_max_bytes,
    }))
}

#[async_trait]
impl Engine for BrowserEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Browser
    }

    async fn open(
        &self,
        spec: SessionSpec,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<Box<dyn Session>, SessionError> {
        let closed = || SessionError::Open("the engine has been shut down".to_owned());
        let _place = self.starts.acquire().await.map_err(|_| closed())?;
        let site = match self.settings.sandbox {
            Some(_) => open::Site::Sandbox,
            None => open::Site::Real,
        };
        let profile = open::claim_profile(&spec.profile, site)?;
        let life = Arc::new(Life::new(profile.clone()));
        let guard = self.unfinished(&life, &spec.hold);
        let opening = self.start(&spec, &profile, &life, events);
        let session = timeout(self.settings.start_timeout(), opening)
            .await
            .unwrap_or_else(|_| {
                Err(SessionError::Deadline {
                    command: "open",
                    after: self.settings.start_timeout(),
                })
            });
        let session = match session {
            Ok(session) => session,
            Err(error) => {
                guard.give_up().await;
                return Err(self.drivers.taken_along(&life).await.unwrap_or(error));
            }
        };
        guard.finished();
        tracing::debug!(account = %spec.account, generation = spec.generation, "session opened");
        Ok(Box::new(session))
    }

    fn agent(&self) -> Option<Arc<AgentFiles>> {
        Some(Arc::clone(&self.programs.agent))
    }

    fn tree(&self) -> Option<EngineTree> {
        Some(self.drivers.tree())
    }

    fn footprint_bytes(&self) -> u64 {
        self.settings.footprint_bytes
    }

    async fn shut_down(&self) {
        self.starts.close();
        self.drivers.shut_down().await;
    }
}
