//! How often chromedrivers end, and when the next one may be started: each with its accounts is a group of supervision,
//! and the engine as a whole is the parent of all.

use parking_lot::Mutex;

use crate::{
    domain::{Clock, IdSource},
    supervision::{Begun, GroupReport, Groups, Hold, Settings},
};

/// What begins a group, as people call it.
const WHAT: &str = "chromedriver";

/// The groups of one engine.
pub(super) struct Shards {
    groups: Mutex<Groups>,
    clock: Clock,
    chance: IdSource,
    shortest: Hold,
}

impl Shards {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Self {
        let backoff = settings.backoff();
        Self {
            groups: Mutex::new(Groups::new(WHAT, settings.budget(), backoff)),
            chance: IdSource::random(clock.clone()),
            clock,
            shortest: Hold {
                what: WHAT,
                retry_in: backoff.base.min(backoff.cap),
                ..Hold::default()
            },
        }
    }

    /// A group whose driver may be started now.
    fn begin(&self, home: Option<u64>) -> Result<Begun, Hold> {
        self.groups.lock().begin(home, self.clock.instant())
    }

    /// Whether a group has ended, and its driver was not started anew.
    pub(super) fn is_down(&self, number: u64) -> bool {
        self.groups.lock().is_down(number)
    }

    /// Its driver answers.
    fn works(&self, begun: Begun) {
        if self.groups.lock().works(begun) {
            tracing::info!(target: "zaptor::supervision", driver = begun.number, generation = begun.generation,
                "chromedriver works again; accounts are opened again");
        }
    }

    /// Nobody waited for its driver to answer.
    fn abandon(&self, begun: Begun) {
        self.groups.lock().abandon(begun, self.clock.instant());
    }

    /// Its driver has ended, or never answered. Counted once for each generation.
    pub(super) fn ended(&self, begun: Begun, why: &str) -> Hold {
        let (at, fraction) = ((self.clock.instant(), self.clock.now()), self.chance.fraction());
        let counted = self.groups.lock().ended(begun, why, at, fraction);
        let Some(hold) = counted else {
            return self.hold(begun.number);
        };
        let (driver, generation) = (begun.number, begun.generation);
        if hold.escalated {
            tracing::error!(target: "zaptor::supervision", driver, generation, ends = hold.ends,
                retry_in_ms = u64::try_from(hold.retry_in.as_millis()).unwrap_or(u64::MAX), why,
                "chromedriver ends again and again: no browser is opened on a new one until the pause is over; see \
                 whether engine.chromedriver_path names one that fits the browser, and whether memory suffices");
        } else {
            tracing::warn!(target: "zaptor::supervision", driver, generation, why,
                "a chromedriver has ended; its accounts are opened anew on another one");
        }
        hold
    }

    /// What an opening waits for whose driver, of this group, has ended.
    pub(super) fn hold(&self, number: u64) -> Hold {
        let hold = self.groups.lock().hold(Some(number), self.clock.instant());
        hold.unwrap_or_else(|| self.shortest.clone())
    }

    /// The engine as a whole, and its groups.
    pub(super) fn report(&self) -> (GroupReport, Vec<GroupReport>) {
        self.groups.lock().report(self.clock.instant())
    }
}

/// A start under way: given up, it charges nobody.
pub(super) struct Start<'a> {
    shards: &'a Shards,
    pub(super) begun: Begun,
    told: bool,
}

impl<'a> Start<'a> {
    pub(super) fn of(shards: &'a Shards, home: Option<u64>) -> Result<Self, Hold> {
        Ok(Self {
            begun: shards.begin(home)?,
            shards,
            told: false,
        })
    }

    pub(super) fn works(mut self) {
        self.told = true;
        self.shards.works(self.begun);
    }

    pub(super) fn failed(mut self, why: &str) -> Hold {
        self.told = true;
        self.shards.ended(self.begun, why)
    }
}

impl Drop for Start<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.shards.abandon(self.begun);
        }
    }
}
