//! F5: the registry, account id to actor. The only room that starts, finds and stops accounts.
//!
//! It forwards commands with a bounded number of permits for each account and a deadline, starts every account that
//! shall run (some at a time), and lets supervision make the generations. It never touches a session, never writes a
//! message, and never restarts anything itself. What it knows outlives a generation of its own actor, so that accounts
//! run on while it is made anew.

mod agent;
mod drivers;
mod entry;
mod forward;
mod hibernation;
mod metrics;
mod parking;
mod refresh;
mod room;
mod sampler;
mod starting;
mod startup;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use actix::{Actor, Addr, AsyncContext as _, Context, Handler, ResponseFuture, WrapFuture as _};
use futures::future;
use serde::Deserialize;

use self::entry::Office;
pub use self::{entry::Running, hibernation::Settings as HibernationSettings};
use crate::{
    account::{self, OpeningRules, Openings, Spoken},
    domain::{Clock, EngineKind, IdSource},
    forensics::Forensics,
    protocol::{
        Line,
        account::{AccountError, Restart},
        dispatcher::{AccountReady, AccountUnready},
        registry::{
            ActorReport, LendProfile, MemoryLimits, ObserveAccount, ObserveActors, ProfileLoan,
            RestartAccount, StartAccount, StopAccount, StopAll, Vitals,
        },
    },
    session::Engine,
    store::Store,
    supervision::{Life, Observe, Supervisor},
    vault::Vault,
};

/// Settings of the registry. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many accounts are opened at the same time when the process starts. 1 to 1,000.
    pub start_at_once: usize,
    /// How long each of them may hold up the next, in seconds. 1 to 600.
    pub start_wait_seconds: u64,
    /// How many commands may wait for one account; more are refused as busy. 1 to 10,000.
    pub permits_per_account: usize,
    /// How long an account may take to answer a command but a delivery, in seconds. 1 to 600.
    pub ask_deadline_seconds: u64,
    /// How long an account may take to deliver, in seconds. 1 to 3,600.
    pub deliver_deadline_seconds: u64,
    /// How long an account may take to stop, in seconds. 1 to 600.
    pub stop_deadline_seconds: u64,
    /// How often messages in doubt are looked for whose account does not run, in seconds. 1 to 3,600.
    pub sweep_interval_seconds: u64,
    /// How long an account may take to prove a round trip with new files of the agent, in seconds. 5 to 600.
    pub agent_proof_seconds: u64,
    /// What a browser may take.
    pub limits: MemoryLimits,
    /// How long an account is left alone after its browser was made anew because it took too much, in seconds. 60 to
    /// 86,400.
    pub recycle_pause_seconds: u64,
    /// What all browsers together may take, in bytes.
    pub budget_bytes: u64,
    /// How often the accounts' processes are looked at, in seconds. 1 to 300.
    pub measure_interval_seconds: u64,
    /// How often it is read what of their memory is shared, in seconds; that costs a millisecond or more for each
    /// process. 1 to 3,600.
    pub measure_memory_seconds: u64,
    /// How long an account may be online without any snapshot, in seconds. 10 to 86,400.
    pub first_snapshot_seconds: u64,
    /// When accounts sleep.
    pub hibernation: hibernation::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start_at_once: 4,
            start_wait_seconds: 60,
            permits_per_account: 64,
            ask_deadline_seconds: 45,
            deliver_deadline_seconds: 120,
            stop_deadline_seconds: 40,
            sweep_interval_seconds: 60,
            agent_proof_seconds: 60,
            first_snapshot_seconds: 300,
            limits: MemoryLimits::default(),
            recycle_pause_seconds: 600,
            budget_bytes: u64::MAX,
            measure_interval_seconds: 5,
            measure_memory_seconds: 30,
            hibernation: hibernation::Settings::default(),
        }
    }
}

impl Settings {
    /// The rules by which sessions are opened.
    pub const fn opening_rules(&self) -> OpeningRules {
        OpeningRules {
            at_once: self.start_at_once,
            budget_bytes: self.budget_bytes,
        }
    }
}

/// What the registry is made of; the same for each of its generations.
#[derive(Clone)]
pub struct RegistryParts {
    /// Its own settings.
    pub settings: Settings,
    /// The accounts' settings.
    pub account: account::Settings,
    /// The folder of all profiles; each account has one in it, by its id.
    pub profiles: PathBuf,
    /// Where snapshots of profiles are kept; nowhere where that is turned off.
    pub vault: Option<Vault>,
    /// Where what was tried and seen in repairs is kept.
    pub forensics: Forensics,
    /// Who serves accounts.
    pub engines: HashMap<EngineKind, Arc<dyn Engine>>,
    /// The database.
    pub store: Store,
    /// Ids and chance.
    pub ids: Arc<IdSource>,
    /// Time.
    pub clock: Clock,
    /// The name of this node, for timelines.
    pub node: String,
    /// Who supervises accounts.
    pub supervisor: Addr<Supervisor>,
    /// Hears that a lane may run.
    pub ready: Line<AccountReady>,
    /// Hears that it may not.
    pub unready: Line<AccountUnready>,
    /// What is known of accounts on this node: empty at first, kept over the registry's own restarts.
    pub running: Running,
    /// Whose session is opened next: kept likewise.
    pub openings: Openings,
    /// What is said of accounts and not written yet: kept likewise.
    pub spoken: Spoken,
}

impl std::fmt::Debug for RegistryParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RegistryParts(node {})", self.node)
    }
}

/// The registry's actor.
pub struct Registry {
    life: Life,
    office: Office,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({:?})", self.life)
    }
}

impl Registry {
    /// A generation of the registry.
    pub fn new(parts: RegistryParts, life: Life) -> Self {
        Self {
            life,
            office: Office::new(parts),
        }
    }

    fn seconds(&self, seconds: impl Fn(&Settings) -> u64) -> Duration {
        Duration::from_secs(seconds(&self.office.settings))
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.life.mark_healthy();
        ctx.spawn(startup::start_wanted(self.office.clone()).into_actor(self));
        ctx.spawn(startup::sweep(self.office.clone()).into_actor(self));
        ctx.spawn(refresh::run(self.office.clone()).into_actor(self));
        ctx.spawn(room::run(self.office.clone()).into_actor(self));
        ctx.spawn(sampler::run(self.office.clone()).into_actor(self));
        ctx.spawn(hibernation::keep(self.office.clone()).into_actor(self));
    }
}

impl Handler<StartAccount> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, start: StartAccount, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(start.tenant, start.account).await?;
            entry.intend(&office, None).await?;
            entry.start(&office).await
        })
    }
}

impl Handler<StopAccount> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, stop: StopAccount, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.running.find(stop.account);
            if let Some(entry) = &entry {
                entry.intend(&office, None).await?;
                entry.stop(&office, false).await?;
            }
            if stop.forget {
                office.forget(stop.account, entry).await?;
            }
            Ok(())
        })
    }
}

impl Handler<RestartAccount> for Registry {
    type Result = ResponseFuture<Result<(), AccountError>>;

    fn handle(&mut self, restart: RestartAccount, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(restart.tenant, restart.account).await?;
            entry.intend(&office, None).await?;
            entry.restart(&office, Restart::Asked).await
        })
    }
}

impl Handler<LendProfile> for Registry {
    type Result = ResponseFuture<Result<ProfileLoan, AccountError>>;

    fn handle(&mut self, lend: LendProfile, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            let entry = office.entry(lend.tenant, lend.account).await?;
            entry.lend_profile(&office).await
        })
    }
}

impl Handler<StopAll> for Registry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: StopAll, _: &mut Context<Self>) -> Self::Result {
        let office = self.office.clone();
        Box::pin(async move {
            office.running.close();
            let stops = office.running.all().into_iter().map(|entry| {
                let office = office.clone();
                async move {
                    if let Err(error) = entry.stop(&office, true).await {
                        tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not stopped");
                    }
                }
            });
            future::join_all(stops).await;
        })
    }
}

impl Handler<ObserveActors> for Registry {
    type Result = ResponseFuture<Vec<ActorReport>>;

    fn handle(&mut self, _: ObserveActors, _: &mut Context<Self>) -> Self::Result {
        let (office, entries) = (self.office.clone(), self.office.running.all());
        Box::pin(async move {
            let tree = office.supervisor.send(Observe).await.unwrap_or_default();
            let mut reports: Vec<ActorReport> =
                entries.iter().filter_map(|entry| entry.report(&tree)).collect();
            reports.sort_by_key(|report| report.account);
            let mut rows = office.engines(&mut reports);
            rows.append(&mut reports);
            rows
        })
    }
}

impl Handler<ObserveAccount> for Registry {
    type Result = ResponseFuture<Option<Vitals>>;

    fn handle(&mut self, ObserveAccount { account }: ObserveAccount, _: &mut Context<Self>) -> Self::Result {
        let supervisor = self.office.supervisor.clone();
        let entry = self.office.running.find(account);
        Box::pin(async move { entry?.vitals(&supervisor).await })
    }
}
