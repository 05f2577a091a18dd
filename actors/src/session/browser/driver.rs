//! chromedriver processes. Each serves a few accounts; when one dies, its sessions die with it and say so.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    process::{Child, ChildStdin},
    runtime::Handle,
};
use tokio_util::sync::CancellationToken;

use super::{
    garage::{Garage, Made, answers},
    guard,
    life::{House, Life},
    processes,
    shards::{Shards, Start},
    table::Named,
};
use crate::{
    domain::{AccountId, Clock},
    session::{EngineTree, SessionError, Shard},
    supervision::Begun,
};

/// How long a fresh chromedriver may take until it answers.
const START: Duration = Duration::from_secs(15);

/// How long a guard may take to end what is below it.
const GUARD_PATIENCE: Duration = Duration::from_secs(5);

/// Why a session ended, for people.
pub(super) const DRIVER_ENDED: &str = "chromedriver ended, and its browsers with it";

/// How long a chromedriver that has a seat free may take to say so; then another one is asked.
const ASKED: Duration = Duration::from_secs(2);

/// One chromedriver.
pub(super) struct Driver {
    begun: Begun,
    port: u16,
    /// The driver's own number, or its guard's. It leads a process group.
    pid: u32,
    /// The driver itself, where it is known.
    process: Option<Named>,
    /// Where its browsers run, under a guard.
    pub(super) house: Option<House>,
    /// Held as long as the driver shall live: the guard's standard input.
    leash: Mutex<Option<ChildStdin>>,
    seats: Mutex<Vec<Weak<Life>>>,
    /// It is ended because the engine is: that is no end to be counted.
    retired: AtomicBool,
    /// No more seats here.
    gone: CancellationToken,
    /// The process has ended.
    ended: CancellationToken,
}

impl Driver {
    fn new(begun: Begun, made: Made) -> (Child, Arc<Self>) {
        let mut child = made.child;
        let driver = Self {
            begun,
            port: made.port,
            pid: made.pid,
            process: made.process,
            house: made.house,
            leash: Mutex::new(child.stdin.take()),
            seats: Mutex::default(),
            retired: AtomicBool::new(false),
            gone: CancellationToken::new(),
            ended: CancellationToken::new(),
        };
        (child, Arc::new(driver))
    }

    /// Where fantoccini connects to.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Whether it has ended, told at once: a guard reaps it before it ends its browsers, so that a browser that was ended
    /// for it finds it ended.
    pub(super) fn has_ended(&self) -> bool {
        self.gone.is_cancelled() || self.process.is_some_and(Named::has_ended)
    }

    /// Completes once it is told to end, or has ended by itself.
    async fn is_ending(&self) {
        tokio::select! {
            () = self.gone.cancelled() => {}
            () = processes::ended(self.process.map_or(self.pid, |process| process.pid)) => {}
        }
    }

    /// Ends it, if it has not ended, and completes once nothing of it is left and its end is counted.
    pub(super) async fn over(&self) {
        self.end();
        self.ended.cancelled().await;
    }

    /// Whether one of `seats` is free.
    fn has_seat(&self, seats: usize) -> bool {
        let taken = self.seats.lock();
        let lives = |seat: &&Weak<Life>| seat.upgrade().is_some_and(|life| !life.over.is_cancelled());
        !self.gone.is_cancelled() && taken.iter().filter(lives).count() < seats
    }

    /// Takes a seat for a session, if one of `seats` is free.
    fn seat(self: &Arc<Self>, life: &Arc<Life>, seats: usize) -> bool {
        let mut taken = self.seats.lock();
        taken.retain(|seat| seat.upgrade().is_some_and(|life| !life.over.is_cancelled()));
        let free = !self.gone.is_cancelled() && taken.len() < seats;
        if free {
            taken.push(Arc::downgrade(life));
            life.move_in(Arc::clone(self));
        }
        free
    }

    /// The driver and its guard, without the browsers, which are their accounts'.
    fn processes(&self) -> Vec<u32> {
        let driver = self
            .process
            .map(|process| process.pid)
            .filter(|pid| *pid != self.pid);
        std::iter::once(self.pid).chain(driver).collect()
    }

    fn accounts(&self) -> Vec<AccountId> {
        let seats = self.seats.lock();
        let lives = seats.iter().filter_map(Weak::upgrade);
        lives
            .filter(|life| !life.over.is_cancelled())
            .filter_map(|life| life.account())
            .collect()
    }

    /// Its sessions die, and whatever is left of its process group is killed: browsers outlive their driver otherwise.
    fn end(&self) {
        self.gone.cancel();
        for life in self.seats.lock().iter().filter_map(Weak::upgrade) {
            life.die(DRIVER_ENDED);
        }
        match &self.house {
            // The guard kills them, and tidies up behind them.
            Some(_) => drop(self.leash.lock().take()),
            None => processes::kill_group(self.pid),
        }
    }
}

/// All chromedrivers of the engine.
pub(super) struct Drivers {
    garage: Garage,
    seats: usize,
    runtime: Handle,
    shards: Arc<Shards>,
    all: tokio::sync::Mutex<Vec<Arc<Driver>>>,
    /// The group in which an account was last. Some bytes for each that was ever opened.
    homes: Mutex<HashMap<AccountId, u64>>,
    /// The same drivers, for those who only look.
    seen: Mutex<Vec<Weak<Driver>>>,
}

impl Drivers {
    /// `runtime` outlives every session: on Linux a child that asked to die with its parent dies with the thread that
    /// started it.
    pub(super) fn new(garage: Garage, seats: u16, shards: Shards, runtime: Handle) -> Self {
        Self {
            garage,
            seats: usize::from(seats.max(1)),
            runtime,
            shards: Arc::new(shards),
            all: tokio::sync::Mutex::new(Vec::new()),
            homes: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// A driver with a seat for this session; starts one when none has, where supervision lets it. Whoever was on a driver
    /// that has ended goes to the one that takes its place: if it was to blame, no other group hears of it.
    pub(super) async fn seat(&self, life: &Arc<Life>) -> Result<Arc<Driver>, SessionError> {
        let mut all = self.all.lock().await;
        for driver in all.iter().filter(|driver| driver.has_ended()) {
            // Its guard still tidies up; then its end is counted, and its place is free.
            driver.over().await;
        }
        all.retain(|driver| !driver.gone.is_cancelled());
        let home = life.account().and_then(|account| self.home_of(account));
        all.sort_by_key(|driver| (Some(driver.begun.number) != home, driver.begun.number));
        let may_sit = home.is_none_or(|home| !self.shards.is_down(home));
        for driver in all.iter().filter(|_| may_sit) {
            if driver.has_seat(self.seats) && self.is_ready(driver).await && driver.seat(life, self.seats) {
                self.note_home(life, driver.begun);
                return Ok(Arc::clone(driver));
            }
        }
        let start = Start::of(&self.shards, home).map_err(SessionError::Held)?;
        let begun = start.begun;
        self.note_home(life, begun);
        let starting = tokio::time::timeout(START, self.garage.clone().start());
        let why = match self.runtime.spawn(starting).await {
            Ok(Ok(Ok(made))) => {
                start.works();
                let (child, driver) = Driver::new(begun, made);
                driver.seat(life, self.seats);
                let (shards, clock) = (Arc::clone(&self.shards), self.garage.clock.clone());
                self.runtime
                    .spawn(watch(child, Arc::clone(&driver), shards, clock));
                all.push(Arc::clone(&driver));
                self.seen.lock().push(Arc::downgrade(&driver));
                return Ok(driver);
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => format!("it did not answer within {START:?}"),
            Err(_) => {
                return Err(SessionError::Open(
                    "the runtime of the engine has ended".to_owned(),
                ));
            }
        };
        Err(SessionError::Held(start.failed(&why)))
    }

    fn home_of(&self, account: AccountId) -> Option<u64> {
        self.homes.lock().get(&account).copied()
    }

    fn note_home(&self, life: &Life, begun: Begun) {
        if let Some(account) = life.account() {
            self.homes.lock().insert(account, begun.number);
        }
    }

    /// Whether a driver takes sessions. One that takes none is ended; one that is slow, or cannot be asked for lack of
    /// descriptors, is left to those it has.
    async fn is_ready(&self, driver: &Driver) -> bool {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset};
        let takes_none = match tokio::time::timeout(ASKED, answers(driver.port)).await {
            Ok(Ok(ready)) if ready => return true,
            Ok(Ok(_)) => true,
            Ok(Err(error)) => matches!(error.kind(), ConnectionRefused | ConnectionReset),
            Err(_) => false,
        };
        if takes_none {
            driver.over().await;
        }
        false
    }

    /// Why a session could not be opened, if that was because its driver has ended.
    pub(super) async fn taken_along(&self, life: &Life) -> Option<SessionError> {
        let driver = life.driver().filter(|driver| driver.has_ended())?;
        driver.over().await;
        Some(SessionError::Held(self.shards.hold(driver.begun.number)))
    }

    /// The drivers with the accounts of their sessions, and those that are to be started again.
    pub(super) fn tree(&self) -> EngineTree {
        let mut seen = self.seen.lock();
        seen.retain(|driver| driver.upgrade().is_some_and(|driver| !driver.gone.is_cancelled()));
        let drivers: Vec<Arc<Driver>> = seen.iter().filter_map(Weak::upgrade).collect();
        let (whole, groups) = self.shards.report();
        let shards = groups.into_iter().map(|group| {
            let lives = |driver: &&Arc<Driver>| driver.begun.number == group.number;
            let driver = drivers.iter().find(lives);
            Shard {
                accounts: driver.map(|driver| driver.accounts()).unwrap_or_default(),
                processes: driver.map(|driver| driver.processes()).unwrap_or_default(),
                group,
            }
        });
        EngineTree {
            shards: shards.collect(),
            whole,
        }
    }

    /// Ends every driver and everything that it started.
    pub(super) async fn shut_down(&self) {
        for driver in self.all.lock().await.drain(..) {
            driver.retired.store(true, Ordering::Release);
            driver.over().await;
        }
        if let Some(guard) = &self.garage.guard {
            guard.temporary.clear();
            if let Some(groups) = &guard.groups {
                groups.clear();
            }
        }
    }
}

impl Drop for Drivers {
    fn drop(&mut self) {
        for driver in self.all.get_mut() {
            driver.retired.store(true, Ordering::Release);
            driver.end();
        }
    }
}

/// Waits for the end of a driver, or of its guard, and sees to it that nothing of it is left.
async fn watch(mut child: Child, driver: Arc<Driver>, shards: Arc<Shards>, clock: Clock) {
    let status = tokio::select! {
        status = child.wait() => status,
        () = driver.is_ending() => {
            // Its sessions hear of it now, not once its guard has tidied up.
            driver.end();
            // A guard kills by itself what is below it, and cannot be late but on a machine that stands still.
            let late = clock.sleep(GUARD_PATIENCE);
            tokio::select! {
                status = child.wait() => status,
                () = late => {
                    processes::kill_group(driver.pid);
                    child.wait().await
                }
            }
        }
    };
    // However it ended, it is gone.
    driver.end();
    if let Some(House { room, .. }) = &driver.house {
        // Only a guard that was killed itself leaves something.
        processes::kill(&processes::in_room(room));
        guard::clear(room);
    }
    if !driver.retired.load(Ordering::Acquire) {
        let why = status.map_or_else(|error| error.to_string(), guard::ending);
        shards.ended(driver.begun, &why);
    }
    driver.ended.cancel();
}
