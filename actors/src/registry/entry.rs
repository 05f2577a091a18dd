//! What is known of one account on this node, and how it is started and stopped.

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use actix::Addr;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Semaphore;

use super::{
    RegistryParts, Settings,
    drivers::{self, DriverCosts},
    parking::Sleep,
};
use crate::{
    account::{self, Account, Place, Shared},
    domain::{AccountId, Clock, EngineKind, TenantId},
    protocol::{
        account::AccountError,
        registry::{ActorReport, AgentReload, MemoryLimits, ProfileLoan, ROOT, Vitals},
    },
    session::{AgentFiles, Engine, Shard},
    store::{AccountRow, Store, StoreError},
    supervision::{
        Change, ChildId, ChildReport, ChildSpec, ChildState, Forget, Next, Observe, ObserveOne, RestartClass,
        Slot, Supervisor, starter,
    },
    vault::remove_profile,
};

/// The accounts of this node, by id. Cheap to clone; kept over the registry's own restarts.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    entries: HashMap<AccountId, Entry>,
    /// The process ends: nothing is started any more.
    closed: bool,
    /// The last exchange of the agent's files.
    reload: Option<AgentReload>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({} accounts)", self.0.lock().entries.len())
    }
}

impl Running {
    pub(super) fn find(&self, account: AccountId) -> Option<Entry> {
        self.0.lock().entries.get(&account).cloned()
    }

    pub(super) fn all(&self) -> Vec<Entry> {
        self.pick(|_| true)
    }

    /// Those that are wanted, asked one after the other under the lock: what is asked is short and takes no entry. Whoever
    /// looks often takes this: a list of thousands is dear to make and to give back.
    pub(super) fn pick(&self, mut wanted: impl FnMut(&Entry) -> bool) -> Vec<Entry> {
        let running = self.0.lock();
        let wanted = running.entries.values().filter(|entry| wanted(entry));
        wanted.cloned().collect()
    }

    /// The last exchange of the agent's files, to be read or written on.
    pub(super) fn reload<T>(&self, look: impl FnOnce(&mut Option<AgentReload>) -> T) -> T {
        look(&mut self.0.lock().reload)
    }

    pub(super) fn close(&self) {
        self.0.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }
}

/// What all entries work with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Office {
    pub(super) settings: Arc<Settings>,
    pub(super) shared: Shared,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) running: Running,
    /// For accounts that are woken because a message waits.
    pub(super) wakes: Arc<Semaphore>,
    /// For accounts that look for messages.
    pub(super) visits: Arc<Semaphore>,
    /// For accounts that are parked because they have nothing to do.
    pub(super) parkings: Arc<Semaphore>,
    pub(super) driver_costs: Arc<DriverCosts>,
    engines: Arc<HashMap<EngineKind, Arc<dyn Engine>>>,
    profiles: PathBuf,
}

impl Office {
    /// The agent's files of the engine that has any.
    pub(super) fn agent(&self) -> Option<Arc<AgentFiles>> {
        self.engines.values().find_map(|engine| engine.agent())
    }

    pub(super) fn new(parts: RegistryParts) -> Self {
        let shared = Shared {
            store: parts.store.clone(),
            clock: parts.clock.clone(),
            ids: parts.ids,
            settings: Arc::new(parts.account),
            node: parts.node.into(),
            vault: parts.vault,
            round_trips: Arc::default(),
            openings: parts.openings,
            forensics: parts.forensics,
            spoken: parts.spoken,
            ready: parts.ready,
            unready: parts.unready,
        };
        let at_once = parts.settings.start_at_once.max(1);
        Self {
            wakes: Arc::new(Semaphore::new(at_once)),
            visits: Arc::new(Semaphore::new(parts.settings.hibernation.wake_at_once.max(1))),
            parkings: Arc::new(Semaphore::new(at_once)),
            driver_costs: Arc::default(),
            settings: Arc::new(parts.settings),
            shared,
            store: parts.store,
            clock: parts.clock,
            supervisor: parts.supervisor,
            running: parts.running,
            engines: Arc::new(parts.engines),
            profiles: parts.profiles,
        }
    }

    /// The entry of an account, made from the database where it is not known yet.
    pub(super) async fn entry(&self, tenant: TenantId, account: AccountId) -> Result<Entry, AccountError> {
        if let Some(entry) = self.running.find(account) {
            return Ok(entry);
        }
        let row = self.store.reads().account(tenant, account).await;
        let row = row.map_err(|error| AccountError::Session(error.to_string()))?;
        let row = row.ok_or_else(|| AccountError::WrongState("there is no such account".to_owned()))?;
        self.entry_of(&row)
    }

    /// The parts of engines that run.
    pub(super) fn shards(&self) -> Vec<Shard> {
        let trees = self.engines.values().filter_map(|engine| engine.tree());
        trees.flat_map(|tree| tree.shards).collect()
    }

    /// What sessions depend on together, as rows of the tree; whoever hangs on one of them is told so.
    pub(super) fn engines(&self, accounts: &mut [ActorReport]) -> Vec<ActorReport> {
        let trees = self.engines.values().filter_map(|engine| engine.tree());
        let rows = trees.map(|tree| drivers::rows(tree, &self.driver_costs, accounts));
        rows.collect::<Vec<_>>().concat()
    }

    /// The entry of a stored account.
    pub(super) fn entry_of(&self, row: &AccountRow) -> Result<Entry, AccountError> {
        let engine = self.engine(row.engine).cloned().ok_or_else(|| {
            AccountError::WrongState(format!("this node has no engine of the kind `{}`", row.engine))
        })?;
        let heavy = !engine.is_light();
        let mut known = self.running.0.lock();
        let entry = known.entries.entry(row.id).or_insert_with(|| {
            let entry = Entry(Arc::new(Inner {
                place: Place::new(row, engine, self.profile(row.id)),
                slot: Slot::default(),
                permits: Arc::new(Semaphore::new(self.settings.permits_per_account)),
                bound: self.settings.permits_per_account,
                limits: heavy.then_some(self.settings.limits),
                child: Arc::default(),
                seen_child: Mutex::new(None),
                sleep: Mutex::default(),
            }));
            entry.adopt(row);
            entry
        });
        Ok(entry.clone())
    }

    /// Who serves accounts of this kind.
    pub(super) fn engine(&self, kind: EngineKind) -> Option<&Arc<dyn Engine>> {
        self.engines.get(&kind)
    }

    fn profile(&self, account: AccountId) -> PathBuf {
        self.profiles.join(account.to_string())
    }

    /// Forgets a stopped account and removes its profile with every snapshot: whoever had one would be linked to the phone.
    pub(super) async fn forget(&self, account: AccountId, entry: Option<Entry>) -> Result<(), AccountError> {
        self.running.0.lock().entries.remove(&account);
        if let Some(entry) = entry {
            if let Some(child) = entry.0.child.lock().await.take() {
                self.supervisor.do_send(Forget(child));
            }
            let limit = Duration::from_secs(self.settings.stop_deadline_seconds);
            tokio::select! {
                _ = entry.0.place.hold_profile() => {}
                () = self.clock.sleep(limit) => return Err(AccountError::NoAnswer),
            }
        }
        match account::give_up_all(&self.shared, account).await {
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(AccountError::Session(error.to_string())),
        }
        if let Some(vault) = &self.shared.vault {
            let forgotten = vault.forget(account).await;
            forgotten.map_err(|error| AccountError::Session(error.to_string()))?;
        }
        let forgotten = self.shared.forensics.forget(account).await;
        forgotten.map_err(|error| AccountError::Session(format!("what was seen in repairs: {error}")))?;
        let profile = self.profile(account);
        let removed = tokio::task::spawn_blocking(move || remove_profile(&profile)).await;
        let failed = |error: &dyn fmt::Display| {
            AccountError::Session(format!("the profile could not be removed: {error}"))
        };
        match removed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(error) => Err(failed(&error)),
        }
    }

    pub(super) fn spec(&self, entry: &Entry) -> ChildSpec {
        let (shared, place) = (self.shared.clone(), entry.0.place.clone());
        let make = move |life| Account::new(life, shared.clone(), place.clone());
        let (shared, place) = (self.shared.clone(), entry.0.place.clone());
        ChildSpec {
            name: "account",
            class: RestartClass::Transient,
            start: starter(entry.0.slot.clone(), make),
            // Needs no registry, so that an end is recorded even while that one is made anew.
            listener: Box::new(move |change| {
                let Change::Down {
                    generation,
                    exit,
                    next,
                } = change.clone()
                else {
                    return;
                };
                if next != Next::Rest {
                    account::note_restart(exit.kind());
                }
                let (shared, place) = (shared.clone(), place.clone());
                actix::spawn(account::record_end(shared, place, generation, exit, next));
            }),
        }
    }
}

/// One account on this node. Cheap to clone.
#[derive(Clone)]
pub(super) struct Entry(Arc<Inner>);

struct Inner {
    place: Place,
    slot: Slot<Account>,
    permits: Arc<Semaphore>,
    bound: usize,
    /// What its browser may take; nothing where it has none.
    limits: Option<MemoryLimits>,
    /// Its number under supervision. Held while it is started or stopped: one at a time.
    child: Arc<tokio::sync::Mutex<Option<ChildId>>>,
    /// The same number, for those who only look.
    seen_child: Mutex<Option<ChildId>>,
    sleep: Mutex<Sleep>,
}

impl Entry {
    pub(super) fn account(&self) -> AccountId {
        self.0.place.account
    }

    pub(super) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(super) fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.permits)
    }

    /// Whether nobody asks anything of it now.
    pub(super) fn is_quiet(&self) -> bool {
        self.permits_in_use() == 0
    }

    /// The actor that lives now.
    pub(super) fn address(&self) -> Option<Addr<Account>> {
        self.0.slot.get().filter(Addr::connected)
    }

    /// Whether it was ever started by this process; one that somebody has only asked about was not.
    pub(super) fn was_started(&self) -> bool {
        self.0.seen_child.lock().is_some()
    }

    /// It has got its number under supervision.
    pub(super) fn show_child(&self, child: ChildId) {
        *self.0.seen_child.lock() = Some(child);
    }

    /// Held while the account is started, stopped, parked or woken: one at a time.
    pub(super) fn child(&self) -> &tokio::sync::Mutex<Option<ChildId>> {
        &self.0.child
    }

    pub(super) fn sleep(&self) -> MutexGuard<'_, Sleep> {
        self.0.sleep.lock()
    }

    /// Lends the profile: no generation lives, and none is started as long as the loan lives.
    pub(super) async fn lend_profile(&self, office: &Office) -> Result<ProfileLoan, AccountError> {
        let child = Arc::clone(&self.0.child).lock_owned().await;
        let tree = office.supervisor.send(Observe).await;
        let tree = tree.map_err(|_| AccountError::NotRunning)?;
        if !self.rests(&tree) {
            let state = self.0.place.standing.state();
            return Err(AccountError::WrongState(format!(
                "the account is {state}; its profile can be touched once it is stopped"
            )));
        }
        let profile = self.0.place.hold_profile().await;
        self.0.place.note_change();
        Ok(ProfileLoan {
            path: self.0.place.profile.clone(),
            guards: Box::new((child, profile)),
        })
    }

    /// Whether no generation lives or is about to.
    pub(super) fn rests(&self, tree: &[ChildReport]) -> bool {
        self.child_report(tree)
            .is_none_or(|report| report.state == ChildState::Stopped)
    }

    /// The same, as it is now: for whoever holds the lock of [`Entry::child`].
    pub(super) async fn rests_now(&self, office: &Office) -> bool {
        let Some(child) = *self.0.seen_child.lock() else {
            return true;
        };
        let seen = office.supervisor.send(ObserveOne(child)).await;
        let rests = seen.is_ok_and(|seen| seen.is_none_or(|report| report.state == ChildState::Stopped));
        rests && self.0.place.all_written()
    }

    fn child_report<'a>(&self, tree: &'a [ChildReport]) -> Option<&'a ChildReport> {
        let child = (*self.0.seen_child.lock())?;
        // The tree is in the order of these numbers; a search from its head for each of n accounts would take n² steps.
        let found = tree.binary_search_by_key(&child, |report| report.child);
        found.ok().map(|at| &tree[at])
    }

    pub(super) fn report(&self, tree: &[ChildReport]) -> Option<ActorReport> {
        self.child_report(tree).map(|child| self.report_of(child))
    }

    /// How it lives; nothing while it was never started.
    pub(super) async fn vitals(&self, supervisor: &Addr<Supervisor>) -> Option<Vitals> {
        let child = (*self.0.seen_child.lock())?;
        let child = supervisor.send(ObserveOne(child)).await.ok()??;
        Some(Vitals {
            probes: self.0.place.probes(),
            actor: self.report_of(&child),
        })
    }

    fn report_of(&self, child: &ChildReport) -> ActorReport {
        let last_exit = child.last_exit.as_ref();
        ActorReport {
            name: child.name.into(),
            parent: Some(ROOT.into()),
            class: Some(child.class.as_str()),
            strategy: None,
            queue_depth: Some(self.permits_in_use().saturating_sub(1)),
            account: Some(self.0.place.account),
            tenant: Some(self.0.place.tenant),
            engine: Some(self.0.place.engine.kind()),
            state: child.state.as_str(),
            generation: child.generation,
            restarts: child.restarts,
            last_exit: last_exit.map(|(exit, at)| (exit.to_string(), *at)),
            permits_in_use: self.permits_in_use(),
            resources: self.0.place.gauges.resources(),
            limits: self.0.limits,
        }
    }

    fn permits_in_use(&self) -> usize {
        self.0.bound.saturating_sub(self.0.permits.available_permits())
    }
}
