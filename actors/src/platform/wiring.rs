//! Who is started, in which order, and who finds whom.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use actix::{Actor, Addr, Context, Handler, Message};
use dashmap::DashMap;

use super::{PlatformError, Secrets, Settings};
use crate::{
    account::{Openings, Spoken},
    billing::Billing,
    bus::Bus,
    dispatcher::{Intake, IntakeParts, Pump, PumpParts},
    domain::{Clock, EngineKind, IdSource, NodeId},
    forensics::Forensics,
    protocol::{Line, dispatcher::OutboxGrew},
    rate_limit::RateLimit,
    registry::{self, Registry, RegistryParts},
    session::Engine,
    store::{CommitNotice, Store},
    supervision::{self, ChildId, ChildSpec, RestartClass, Slot, Supervise, Supervisor, starter},
    vault::Vault,
};

/// What a commit moved wakes whoever waits for it: readers of the journal, and the pump.
pub(super) fn nudge(bus: Bus, pump: Slot<Pump>) -> impl Fn(&CommitNotice) + Send + Sync + 'static {
    move |notice| {
        for &(tenant, seq) in &notice.journals {
            bus.announce(tenant, seq);
        }
        if let Some(pump) = pump.get() {
            notice
                .outboxes
                .iter()
                .for_each(|&account| pump.do_send(OutboxGrew { account }));
        }
    }
}

/// Finds the addressee in its slot.
fn line<A, M>(slot: &Slot<A>) -> Line<M>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result: Send> + Send + 'static,
{
    let slot = slot.clone();
    Arc::new(move || slot.get().map(Addr::recipient))
}

pub(super) struct Wiring {
    pub(super) profiles: PathBuf,
    pub(super) settings: Settings,
    pub(super) vault: Option<Vault>,
    pub(super) forensics: Forensics,
    pub(super) engines: HashMap<EngineKind, Arc<dyn Engine>>,
    pub(super) store: Store,
    pub(super) ids: Arc<IdSource>,
    pub(super) clock: Clock,
    pub(super) node: NodeId,
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) pump: Slot<Pump>,
    pub(super) spoken: Spoken,
}

impl Wiring {
    /// Starts the services under supervision, the registry last: it starts accounts at once.
    pub(super) async fn start_actors(
        self,
        secrets: &Secrets,
    ) -> Result<(Intake, Slot<Registry>), PlatformError> {
        let billing = self.start_billing().await?;
        let pace = self.start_rate_limit().await?;
        let registry = Slot::<Registry>::default();
        let pump = PumpParts {
            settings: self.settings.dispatcher.clone(),
            store: self.store.clone(),
            ids: Arc::clone(&self.ids),
            clock: self.clock.clone(),
            node: self.node.to_string(),
            pace: line(&pace),
            registry: line(&registry),
            waiting: line(&registry),
            ready: Arc::new(DashMap::new()),
        };
        self.supervise("dispatcher", &self.pump, move |life| {
            Pump::new(pump.clone(), life)
        })
        .await?;
        let parts = RegistryParts {
            settings: self.settings.registry.clone(),
            account: self.settings.account.clone(),
            profiles: self.profiles.clone(),
            vault: self.vault.clone(),
            forensics: self.forensics.clone(),
            engines: self.engines.clone(),
            store: self.store.clone(),
            ids: Arc::clone(&self.ids),
            clock: self.clock.clone(),
            node: self.node.to_string(),
            supervisor: self.supervisor.clone(),
            ready: line(&self.pump),
            unready: line(&self.pump),
            running: registry::Running::default(),
            openings: Openings::new(self.settings.registry.opening_rules()),
            spoken: self.spoken.clone(),
        };
        self.supervise("registry", &registry, move |life| {
            Registry::new(parts.clone(), life)
        })
        .await?;
        let intake = Intake::start(IntakeParts {
            settings: self.settings.dispatcher.clone(),
            store: self.store.clone(),
            ids: Arc::clone(&self.ids),
            clock: self.clock.clone(),
            wa_secret: secrets.derive("whatsapp message ids"),
            quote: line(&billing),
            balance_moved: line(&billing),
        });
        Ok((intake, registry))
    }

    async fn start_billing(&self) -> Result<Slot<Billing>, PlatformError> {
        let slot = Slot::default();
        let (settings, store) = (self.settings.billing.clone(), self.store.clone());
        let (ids, clock) = (Arc::clone(&self.ids), self.clock.clone());
        self.supervise("billing", &slot, move |life| {
            Billing::new(
                settings.clone(),
                store.clone(),
                Arc::clone(&ids),
                clock.clone(),
                life,
            )
        })
        .await?;
        Ok(slot)
    }

    async fn start_rate_limit(&self) -> Result<Slot<RateLimit>, PlatformError> {
        let slot = Slot::default();
        let (settings, clock) = (self.settings.rate_limit.clone(), self.clock.clone());
        self.supervise("rate_limit", &slot, move |life| {
            RateLimit::new(&settings, clock.clone(), life)
        })
        .await?;
        Ok(slot)
    }

    async fn supervise<A>(
        &self,
        name: &'static str,
        slot: &Slot<A>,
        make: impl Fn(supervision::Life) -> A + Send + Clone + 'static,
    ) -> Result<(), PlatformError>
    where
        A: Actor<Context = Context<A>>,
    {
        let spec = ChildSpec {
            name,
            class: RestartClass::Permanent,
            start: starter(slot.clone(), make),
            listener: Box::new(move |change| {
                if let supervision::Change::Down { exit, .. } = change {
                    tracing::error!(target: "zaptor::platform", name, %exit, "a service actor ended");
                }
            }),
        };
        self.supervisor
            .send(Supervise(ChildId::fresh(), spec))
            .await
            .map_err(|_| PlatformError::Supervisor)
    }
}
