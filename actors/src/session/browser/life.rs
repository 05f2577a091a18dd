//! The life of one session: who may end it, how, and that its end is told once.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    cgroup::Groups,
    driver::{DRIVER_ENDED, Driver},
    guard, processes,
    table::ProcessTable,
};
use crate::{
    domain::{AccountId, Clock},
    session::{ProfileHold, SessionError, Vitals},
};

/// How often, and after which pause, a session's processes are looked for after they were killed. A killed process is
/// gone within milliseconds, on a busy machine within some more.
const LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(10);

/// How many openings this process has begun.
static OPENINGS: AtomicU64 = AtomicU64::new(0);

/// What a session's browser runs in.
#[derive(Clone, Debug)]
pub(super) struct House {
    /// The guard of its driver, from which every process of the session descends as long as it lives.
    pub(super) guard: u32,
    /// The room of its driver.
    pub(super) room: PathBuf,
    pub(super) groups: Option<Groups>,
}

/// Shared by everything that works for a session.
pub(super) struct Life {
    profile: PathBuf,
    /// Which opening of this process it came from.
    opening: u64,
    browser: AtomicU32,
    driver: OnceLock<Arc<Driver>>,
    /// Why what it shares with others took it along, if that is how it died.
    taken_along: Arc<OnceLock<String>>,
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
            opening: OPENINGS.fetch_add(1, Ordering::Relaxed),
            browser: AtomicU32::new(0),
            driver: OnceLock::new(),
            taken_along: Arc::default(),
            page_errors: Arc::default(),
            death: OnceLock::new(),
            over: CancellationToken::new(),
        }
    }

    /// The browser will be started by this driver. Told once.
    pub(super) fn move_in(&self, driver: Arc<Driver>) {
        let _ = self.driver.set(driver);
    }

    pub(super) fn driver(&self) -> Option<&Driver> {
        self.driver.get().map(Arc::as_ref)
    }

    fn house(&self) -> Option<&House> {
        self.driver()?.house.as_ref()
    }

    /// The arguments by which its browser is known.
    pub(super) fn arguments(&self) -> [String; 2] {
        [
            processes::profile_argument(&self.profile),
            guard::mark(self.opening),
        ]
    }

    /// Its browser's temporary folder, where browsers have some.
    fn folder(&self) -> Option<PathBuf> {
        Some(guard::folder(&self.house()?.room, self.opening))
    }

    pub(super) fn set_browser(&self, pid: u32) {
        self.browser.store(pid, Ordering::Release);
    }

    pub(super) fn browser(&self) -> Option<u32> {
        Some(self.browser.load(Ordering::Acquire)).filter(|&pid| pid != 0)
    }

    /// Whose session it is: profiles are named after their account.
    pub(super) fn account(&self) -> Option<AccountId> {
        self.profile.file_name()?.to_str()?.parse().ok()
    }

    pub(super) fn note_page_error(&self) {
        self.page_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// What can be measured of the session from outside.
    pub(super) fn vitals(&self) -> Vitals {
        Vitals {
            leader: self.browser(),
            page_errors: Arc::clone(&self.page_errors),
            taken_along: Arc::clone(&self.taken_along),
        }
    }

    /// The browser, everything below it, and whatever is left in its process group.
    pub(super) fn processes(&self) -> Vec<u32> {
        match self.browser() {
            Some(pid) if !self.over.is_cancelled() => ProcessTable::read().family(pid),
            _ => self.survivors(),
        }
    }

    /// The same for a session that is over. Found by its own mark and below the guard, never by a remembered number alone:
    /// numbers are used again. Nor by the profile alone: another session may have it by now.
    fn survivors(&self) -> Vec<u32> {
        let mut found = processes::of_opening(&self.profile, &guard::mark(self.opening));
        if let (Some(browser), Some(house)) = (self.browser(), self.house()) {
            let table = ProcessTable::read();
            let guarded = table.family(house.guard);
            let family = table.family(browser).into_iter();
            found.extend(family.filter(|pid| *pid != house.guard && guarded.contains(pid)));
        }
        found.extend(self.folder().iter().flat_map(|folder| processes::in_room(folder)));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Ends the session as a death. The first reason counts; later ones, and those after an orderly end, do nothing. Where
    /// its driver has ended, that is the reason, whatever was noticed first.
    pub(super) fn die(&self, reason: impl Into<String>) {
        if self.death.get().is_some() {
            return;
        }
        let mut reason = reason.into();
        if self.driver().is_some_and(Driver::has_ended) {
            DRIVER_ENDED.clone_into(&mut reason);
            let _ = self.taken_along.set(reason.clone());
        }
        if self.death.set(Some(reason)).is_ok() {
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

    /// Kills every process of the session.
    pub(super) fn kill(&self) {
        if let (Some(browser), Some(groups)) = (self.browser(), self.groups()) {
            groups.kill(browser);
        }
        processes::kill(&self.survivors());
    }

    fn groups(&self) -> Option<&Groups> {
        self.house()?.groups.as_ref()
    }

    /// Buries it, and keeps the profile as long as that takes.
    pub(super) async fn laid_to_rest(self: Arc<Self>, clock: Clock, hold: ProfileHold) {
        self.bury(&clock).await;
        drop(hold);
    }

    /// Kills what is left of the session until nothing is, then removes what it left: its temporary folder, its cgroup,
    /// its marks on the profile. Called after its end, by whoever frees the profile for the next one.
    pub(super) async fn bury(&self, clock: &Clock) {
        for _ in 0..LOOKS {
            let left = self.survivors();
            if left.is_empty() {
                break;
            }
            processes::kill(&left);
            clock.sleep(LOOK).await;
        }
        // Also where chromedriver told of no browser: one that it refused has been there all the same.
        if let Some(folder) = self.folder() {
            // A browser that made none has none.
            let _ = tokio::fs::remove_dir_all(folder).await;
        }
        if let Some(groups) = self.groups() {
            groups.remove(self.browser());
        }
        processes::unlock_dead(&self.profile);
    }
}
