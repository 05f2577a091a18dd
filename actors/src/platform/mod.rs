//! F6: the wiring. Opens what must be open, starts the actors under supervision, and hands the edge the few doors that
//! it uses.
//!
//! This room never decides anything about a message or an account: it connects those that do.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use actix::{Addr, Context, Handler, Message, dev::ToEnvelope};
use tokio_util::sync::CancellationToken;

use crate::{
    account::{self, Spoken},
    billing::{self},
    bus::{self, Bus},
    dispatcher::{self, Cancel, Intake, Pump},
    domain::{
        AccountId, Clock, EngineKind, EntryId, HibernationCause, IdSource, MessageId, NodeId, TenantId,
        Tokens, ids::NodeKind,
    },
    forensics::Forensics,
    ledger::Balance,
    protocol::{
        account::AccountError,
        registry::{
            ActorReport, HibernateAccount, ObserveAccount, ObserveActors, ROOT, RestartAccount,
            SettingsChanged, StartAccount, StopAccount, To, Vitals, WakeAccount,
        },
    },
    rate_limit::{self},
    registry::{self, Registry},
    session::Engine,
    store::{self, AccountRow, Store, StoreError, accounts},
    supervision::{self, ChildReport, Observe, Slot, Supervisor},
    vault::{Vault, VaultError},
};

mod agent;
mod create;
mod data_dir;
mod moving;
mod profiles;
mod secrets;
mod wiring;

pub use create::{CreateAccount, KeptAnswer};
pub use data_dir::DataDir;
pub use profiles::{Passphrase, ProfileError, VaultSettings};
pub use secrets::{SecretError, Secrets};
use wiring::{Wiring, nudge};

/// How long the edge waits for an account's answer.
const ASK_DEADLINE: Duration = Duration::from_secs(30);
/// How long stopping all accounts may take before the process ends anyway.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Everything that the rooms are told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The store.
    pub store: store::Settings,
    /// The intake and the pump.
    pub dispatcher: dispatcher::Settings,
    /// The price book.
    pub billing: billing::Settings,
    /// The pace.
    pub rate_limit: rate_limit::Settings,
    /// Budgets and pauses.
    pub supervision: supervision::Settings,
    /// Accounts.
    pub account: account::Settings,
    /// The registry.
    pub registry: registry::Settings,
    /// Snapshots of profiles.
    pub vault: VaultSettings,
    /// Redis, for several nodes.
    pub redis_url: Option<String>,
}

/// Why the platform could not start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {error}")]
    DataDir {
        /// Which folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another Zaptor uses the data folder.
    #[error("another Zaptor uses the data folder {0}: stop it, or give this one a folder of its own")]
    InUse(PathBuf),
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A secret cannot be read or kept.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The bus cannot be joined.
    #[error(transparent)]
    Bus(#[from] bus::redis::BusError),
    /// A thread could not be started.
    #[error("an actor thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The supervisor ended while starting.
    #[error("the supervisor does not answer")]
    Supervisor,
}

/// The running system, as the HTTP edge sees it.
pub struct Platform {
    /// Now and sleep.
    pub clock: Clock,
    /// Ids and random bytes.
    pub ids: Arc<IdSource>,
    /// Truth.
    pub store: Store,
    /// Wake-ups.
    pub bus: Bus,
    /// This process.
    pub node: NodeId,
    /// The door of every message.
    pub intake: Intake,
    /// Keys of this installation.
    pub secrets: Secrets,
    /// What was tried and seen in repairs of accounts.
    pub forensics: Forensics,
    vault: Option<Vault>,
    spoken: Spoken,
    supervisor: Addr<Supervisor>,
    registry: Slot<Registry>,
    stop: CancellationToken,
    _data: DataDir,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Platform({})", self.node)
    }
}

impl Platform {
    /// Opens the store, starts the actors, then starts every account that shall run. Needs a running actix system; the
    /// current tokio runtime carries the writer and the intake.
    ///
    /// # Errors
    /// See [`PlatformError`]; nothing is left running.
    pub async fn start(
        data: DataDir,
        settings: Settings,
        engines: HashMap<EngineKind, Arc<dyn Engine>>,
        secrets: Secrets,
        clock: Clock,
    ) -> Result<Arc<Self>, PlatformError> {
        let ids = Arc::new(IdSource::random(clock.clone()));
        let node = ids.next::<NodeKind>();
        let stop = CancellationToken::new();
        let bus = Bus::new();
        if let Some(url) = &settings.redis_url {
            bus::redis::join(&bus, url, clock.clone(), stop.clone())?;
        }
        let forensics = Forensics::new(data.path().join("forensics"), Arc::clone(&ids));
        let vault = profiles::open(&settings.vault, data.path(), &ids)?;
        let pump = Slot::<Pump>::default();
        let store = Store::open(&settings.store, nudge(bus.clone(), pump.clone())).await?;
        store.seal_with(profiles::sealing_keys(&secrets, vault.as_ref()));
        let supervisor =
            Supervisor::start_with(settings.supervision.clone(), clock.clone(), Arc::clone(&ids))?;
        let spoken = Spoken::default();
        let wiring = Wiring {
            profiles: data.path().join("profiles"),
            settings,
            vault: vault.clone(),
            forensics: forensics.clone(),
            engines,
            store: store.clone(),
            ids: Arc::clone(&ids),
            clock: clock.clone(),
            node,
            supervisor: supervisor.clone(),
            pump,
            spoken: spoken.clone(),
        };
        let (intake, registry) = wiring.start_actors(&secrets).await?;
        Ok(Arc::new(Self {
            clock,
            ids,
            store,
            bus,
            node,
            intake,
            secrets,
            forensics,
            vault,
            spoken,
            supervisor,
            registry,
            stop,
            _data: data,
        }))
    }

    /// Stops every account (sessions close, profiles stay linked) and ends the actors. Messages wait in the outbox.
    pub async fn stop(&self) {
        if let Some(registry) = self.registry.get() {
            let stopping = registry.send(crate::protocol::registry::StopAll);
            if tokio::time::timeout(STOP_DEADLINE, stopping).await.is_err() {
                tracing::warn!(target: "zaptor::platform", "some accounts did not stop in time");
            }
        }
        // Each account that ended in order leaves a snapshot.
        if let Some(vault) = &self.vault
            && tokio::time::timeout(STOP_DEADLINE, vault.settled())
                .await
                .is_err()
        {
            tracing::warn!(target: "zaptor::platform", "some snapshots were not taken in time");
        }
        self.stop.cancel();
    }

    /// Starts an account that the tenant has, and keeps it wanted.
    ///
    /// # Errors
    /// [`AccountError::NotRunning`] when the registry is down.
    pub async fn start_account(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        self.want(tenant, account, true).await?;
        self.tell(StartAccount { tenant, account }).await
    }

    /// Stops an account and keeps it stopped.
    ///
    /// # Errors
    /// [`AccountError::NotRunning`] when the registry is down.
    pub async fn stop_account(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        self.want(tenant, account, false).await?;
        self.tell(StopAccount {
            account,
            forget: false,
        })
        .await
    }

    /// Closes an account's session and opens a new one.
    ///
    /// # Errors
    /// [`AccountError::NotRunning`] when the registry is down.
    pub async fn restart_account(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        self.want(tenant, account, true).await?;
        self.tell(RestartAccount { tenant, account }).await
    }

    /// Parks an account: its session is closed in order, and opened again when there is something to do.
    ///
    /// # Errors
    /// [`AccountError::WrongState`] when it is not linked or does not run.
    pub async fn hibernate_account(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        let why = HibernationCause::Asked;
        self.tell(HibernateAccount { tenant, account, why }).await
    }

    /// Wakes a parked account; it stays awake.
    ///
    /// # Errors
    /// [`AccountError::NotRunning`] when the registry is down.
    pub async fn wake_account(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        self.tell(WakeAccount { tenant, account }).await
    }

    /// Tells that the settings of an account have changed, so that those of its sleep hold at once.
    ///
    /// # Errors
    /// [`AccountError::NotRunning`] when the registry is down: they hold from its next start on.
    pub async fn settings_changed(&self, tenant: TenantId, account: AccountId) -> Result<(), AccountError> {
        self.tell(SettingsChanged { tenant, account }).await
    }

    /// Logs an account out where that can be done, stops it, removes its profile, cancels what waits for it and marks it
    /// as deleted. Its messages and events stay. Gives false when the tenant has no such account.
    ///
    /// # Errors
    /// [`AccountError`] when the registry is down or the store refuses.
    pub async fn delete_account(&self, tenant: TenantId, account: AccountId) -> Result<bool, AccountError> {
        // Best effort: an account that is not online cannot log out, and the removed profile ends the link anyway.
        let _ = self.ask(account, crate::protocol::account::LogOut).await;
        let forget = StopAccount {
            account,
            forget: true,
        };
        self.tell(forget).await?;
        let deleted = dispatcher::delete_account(&self.store, &self.ids, &self.clock, tenant, account).await;
        let deleted = deleted.map_err(|error| AccountError::Session(error.to_string()))?;
        // Whoever started it between the two began a new profile; now nobody can any more.
        self.tell(forget).await?;
        Ok(deleted)
    }

    /// Asks an account itself.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn ask<M, T>(&self, account: AccountId, command: M) -> Result<T, AccountError>
    where
        To<M>: Message<Result = Result<T, AccountError>> + Send,
        Registry: Handler<To<M>>,
        Context<Registry>: ToEnvelope<Registry, To<M>>,
        M: Send + 'static,
        T: Send + 'static,
    {
        self.tell(To { account, command }).await
    }

    /// Cancels a message that was not tried yet.
    ///
    /// # Errors
    /// As the store says.
    pub async fn cancel_message(&self, tenant: TenantId, message: MessageId) -> Result<Cancel, StoreError> {
        dispatcher::cancel(&self.store, &self.ids, &self.clock, tenant, message).await
    }

    /// Adds tokens to a wallet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant does not exist or the amount is not positive.
    pub async fn top_up(
        &self,
        tenant: TenantId,
        amount: Tokens,
        note: Option<String>,
    ) -> Result<(EntryId, Balance), StoreError> {
        billing::top_up(&self.store, &self.ids, &self.clock, tenant, amount, note).await
    }

    /// The supervision tree: the root, services, what accounts hang on, accounts.
    pub async fn observe_actors(&self) -> Vec<ActorReport> {
        let children = self.supervisor.send(Observe).await.unwrap_or_default();
        let services = children
            .into_iter()
            .filter(|child| child.name != "account")
            .map(service);
        let mut all = vec![ActorReport::root()];
        all.extend(services);
        if let Some(dispatcher) = all.iter_mut().find(|report| report.name == "dispatcher") {
            dispatcher.queue_depth = Some(self.intake.waiting());
        }
        if let Some(registry) = self.registry.get() {
            all.extend(registry.send(ObserveActors).await.unwrap_or_default());
        }
        all
    }

    /// How one account lives on this node; nothing where it was never started here, or cannot say now.
    pub async fn observe_account(&self, account: AccountId) -> Option<Vitals> {
        let asked = self.registry.get()?.send(ObserveAccount { account });
        tokio::select! {
            vitals = asked => vitals.ok().flatten(),
            () = self.clock.sleep(ASK_DEADLINE) => None,
        }
    }

    /// A tenant's account as this node knows it: what is said of it and not written yet goes before what is written.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be read.
    pub async fn account(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = self.store.reads().account(tenant, account).await?;
        Ok(row.map(|row| self.spoken.over(row)))
    }

    /// As [`Platform::account`], for a page of a tenant's accounts: oldest first, behind `after`, `limit` at most, of one
    /// engine where it is named.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be read.
    pub async fn accounts(
        &self,
        tenant: TenantId,
        engine: Option<EngineKind>,
        after: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<AccountRow>, StoreError> {
        let rows = self.store.reads().accounts(tenant, engine, after, limit).await?;
        Ok(rows.into_iter().map(|row| self.spoken.over(row)).collect())
    }

    async fn want(&self, tenant: TenantId, account: AccountId, wanted: bool) -> Result<(), AccountError> {
        self.store
            .write(move |tx| Box::pin(accounts::set_wanted(tx, tenant, account, wanted)))
            .await
            .map(drop)
            .map_err(|error| AccountError::Session(error.to_string()))
    }

    async fn tell<M, T>(&self, message: M) -> Result<T, AccountError>
    where
        M: Message<Result = Result<T, AccountError>> + Send + 'static,
        Registry: Handler<M>,
        Context<Registry>: ToEnvelope<Registry, M>,
        T: Send + 'static,
    {
        let registry = self.registry.get().ok_or(AccountError::NotRunning)?;
        tokio::select! {
            answer = registry.send(message) => answer.unwrap_or(Err(AccountError::NoAnswer)),
            () = self.clock.sleep(ASK_DEADLINE) => Err(AccountError::NoAnswer),
        }
    }
}

fn service(child: ChildReport) -> ActorReport {
    ActorReport {
        name: child.name.into(),
        parent: Some(ROOT.into()),
        class: Some(child.class.as_str()),
        strategy: None,
        queue_depth: None,
        account: None,
        tenant: None,
        engine: None,
        state: child.state.as_str(),
        generation: child.generation,
        restarts: child.restarts,
        last_exit: child.last_exit.map(|(exit, at)| (exit.to_string(), at)),
        permits_in_use: 0,
        resources: None,
        limits: None,
    }
}
