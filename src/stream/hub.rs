//! The hub: finds the tail of a tenant, and watches over all sockets from outside.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use prometheus::{
    IntCounter, IntCounterVec, IntGauge, register_int_counter, register_int_counter_vec, register_int_gauge,
};
use zaptor_actors::{
    bus::Bus,
    domain::{Clock, TenantId},
    journal,
    store::{Reads, Store, StoreError},
};

use super::{Settings, connection::Cut, frames::Farewell, line::Line, tail::Tail};
use crate::auth::{Auth, Principal};

/// How often the hub looks at its sockets.
const WATCH_EVERY: Duration = Duration::from_millis(250);
/// A client that is silent for this many heartbeats is gone.
const SILENT_HEARTBEATS: u32 = 3;

pub(super) static SOCKETS: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("zaptor_stream_sockets", "Sockets that listen to events.")
        .expect("the metric is registered once, under a name of its own")
});
pub(super) static DELIVERED: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!("zaptor_stream_events_total", "Events given to sockets.")
        .expect("the metric is registered once, under a name of its own")
});
static DISMISSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "zaptor_stream_dismissed_total",
        "Sockets ended by us, by reason.",
        &["reason"]
    )
    .expect("the metric is registered once, under a name of its own")
});

/// Everything that streams share. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) bus: Bus,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    auth: Auth,
    began: Instant,
    tails: Mutex<HashMap<TenantId, Arc<Tail>>>,
    closing: AtomicBool,
    runtime: tokio::runtime::Handle,
}

/// A socket's place: its line and its tail. Dropping it leaves both.
pub(super) struct Seat {
    pub(super) hub: Arc<Inner>,
    pub(super) tail: Arc<Tail>,
    pub(super) line: Arc<Line>,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.tail.leave(self.number);
        SOCKETS.dec();
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hub")
    }
}

impl Hub {
    /// Starts the hub on the current tokio runtime, which carries its tails and its watch.
    pub fn start(settings: Settings, store: Store, bus: Bus, clock: Clock, auth: Auth) -> Self {
        let inner = Arc::new(Inner {
            store,
            bus,
            began: clock.instant(),
            clock,
            settings,
            auth,
            tails: Mutex::default(),
            closing: AtomicBool::new(false),
            runtime: tokio::runtime::Handle::current(),
        });
        inner.runtime.spawn(watch(Arc::downgrade(&inner)));
        Self(inner)
    }

    /// Tells every socket to close with 1012 and takes no new ones. Called when the node is asked to stop.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
        let now = self.0.now();
        for line in self.0.lines() {
            line.dismiss(Farewell::Restart, now);
        }
    }

    /// Whether [`Hub::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Relaxed)
    }

    pub(super) fn reads(&self) -> &Reads {
        self.0.store.reads()
    }

    /// Gives a socket its place at the tail of its tenant.
    pub(super) async fn join(
        &self,
        principal: Principal,
        cursor: i64,
        cut: Option<Cut>,
    ) -> Result<Seat, StoreError> {
        let line = Arc::new(Line::new(principal, cursor, self.0.now(), cut));
        loop {
            let tail = self.tail(principal.tenant).await?;
            if let Some(number) = tail.enter(&line) {
                SOCKETS.inc();
                return Ok(Seat {
                    hub: Arc::clone(&self.0),
                    tail,
                    line,
                    number,
                });
            }
        }
    }

    async fn tail(&self, tenant: TenantId) -> Result<Arc<Tail>, StoreError> {
        if let Some(tail) = self.0.tails.lock().get(&tenant) {
            return Ok(Arc::clone(tail));
        }
        let head = journal::head(self.reads(), tenant).await?;
        let mut tails = self.0.tails.lock();
        if let Some(tail) = tails.get(&tenant) {
            return Ok(Arc::clone(tail));
        }
        let tail = Arc::new(Tail::new(tenant, head, self.0.settings.ring_events));
        tails.insert(tenant, Arc::clone(&tail));
        self.0.runtime.spawn(Arc::clone(&tail).run(Arc::clone(&self.0)));
        Ok(tail)
    }
}

impl Inner {
    /// Milliseconds since the hub began, from 1.
    pub(super) fn now(&self) -> u64 {
        let since = self.clock.instant().saturating_duration_since(self.began);
        u64::try_from(since.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }

    /// Forgets a tail to which nobody listens.
    pub(super) fn end_if_idle(&self, tail: &Tail) -> bool {
        let mut tails = self.tails.lock();
        let ended = tail.end_if_idle();
        if ended {
            tails.remove(&tail.tenant);
        }
        ended
    }

    fn tails(&self) -> Vec<Arc<Tail>> {
        self.tails.lock().values().cloned().collect()
    }

    fn lines(&self) -> Vec<Arc<Line>> {
        self.tails().iter().flat_map(|tail| tail.lines()).collect()
    }

    /// Ends who is gone or too slow, and cuts who was told to end and does not.
    fn look(&self) {
        let now = self.now();
        let silent = millis(self.settings.heartbeat * SILENT_HEARTBEATS);
        let (lag, patience) = (
            millis(self.settings.lag_patience),
            millis(self.settings.close_patience),
        );
        for tail in self.tails() {
            for line in tail.lines() {
                line.cut_if_overdue(now, patience);
                if line.behind_for(now, |cursor| tail.ring.read().covers(cursor)) > lag {
                    dismiss(&line, Farewell::TryAgain, "slow", now);
                } else if line.silent_for(now) > silent {
                    dismiss(&line, Farewell::Policy, "silent", now);
                }
            }
        }
    }

    /// Ends the sockets of those whose credential was taken back meanwhile.
    async fn check_credentials(&self) {
        let mut checked: Vec<(crate::auth::Identity, bool)> = Vec::new();
        for line in self.lines() {
            let known = checked
                .iter()
                .find(|(identity, _)| *identity == line.principal.identity);
            let good = match known {
                Some((_, good)) => *good,
                None => {
                    let good = self.auth.still_good(&line.principal).await;
                    checked.push((line.principal.identity, good));
                    good
                }
            };
            if !good {
                dismiss(&line, Farewell::Policy, "signed_out", self.now());
            }
        }
    }
}

fn dismiss(line: &Line, farewell: Farewell, reason: &str, now: u64) {
    if line.dismiss(farewell, now) {
        DISMISSED.with_label_values(&[reason]).inc();
        tracing::info!(target: "zaptor::stream", tenant = %line.principal.tenant, reason, "a stream was ended");
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Looks after the sockets for as long as the hub is there.
async fn watch(hub: std::sync::Weak<Inner>) {
    let mut beat_at = None;
    while let Some(inner) = hub.upgrade() {
        inner.look();
        let now = inner.clock.instant();
        let beat = *beat_at.get_or_insert(now + inner.settings.heartbeat);
        if now >= beat {
            beat_at = Some(now + inner.settings.heartbeat);
            inner.lines().iter().for_each(|line| line.demand_heartbeat());
            inner.check_credentials().await;
        }
        let sleep = inner.clock.sleep(WATCH_EVERY.min(inner.settings.heartbeat));
        drop(inner);
        sleep.await;
    }
}
