//! One tenant's tail: reads the journal as it grows, once for all sockets of the tenant.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use zaptor_actors::{
    domain::{Clock, TenantId},
    journal::{self, EventFilter},
    store::StoreError,
};

use super::{
    hub::Inner,
    line::Line,
    ring::{Batch, Ring},
};

/// Events read at once.
const PAGE: u64 = 256;
/// The bus may lose a wake-up; the journal is looked at this often anyway.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The lines of a tail; `None` once the tail has ended.
type Lines = Option<HashMap<u64, Arc<Line>>>;

pub(super) struct Tail {
    pub(super) tenant: TenantId,
    pub(super) ring: RwLock<Ring>,
    lines: Mutex<Lines>,
    next: AtomicU64,
}

impl Tail {
    pub(super) fn new(tenant: TenantId, head: i64, ring_events: usize) -> Self {
        Self {
            tenant,
            ring: RwLock::new(Ring::new(head, ring_events)),
            lines: Mutex::new(Some(HashMap::new())),
            next: AtomicU64::new(1),
        }
    }

    /// Adds a line; `None` when the tail has ended and another one must be found.
    pub(super) fn enter(&self, line: &Arc<Line>) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lines.lock().as_mut()?.insert(number, Arc::clone(line));
        Some(number)
    }

    pub(super) fn leave(&self, number: u64) {
        if let Some(lines) = self.lines.lock().as_mut() {
            lines.remove(&number);
        }
    }

    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        self.lines
            .lock()
            .as_ref()
            .map_or_else(Vec::new, |lines| lines.values().cloned().collect())
    }

    /// Ends the tail if nobody listens.
    pub(super) fn end_if_idle(&self) -> bool {
        let mut lines = self.lines.lock();
        if lines.as_ref().is_some_and(HashMap::is_empty) {
            *lines = None;
        }
        lines.is_none()
    }

    fn wake_all(&self) {
        if let Some(lines) = self.lines.lock().as_ref() {
            lines.values().for_each(|line| line.wake());
        }
    }

    /// Follows the journal until nobody listens any more.
    pub(super) async fn run(self: Arc<Self>, hub: Arc<Inner>) {
        let mut nudge = hub.bus.journal(self.tenant);
        let mut flushed_at = None;
        loop {
            match self.read_on(&hub).await {
                // More waits already; the sockets are given a moment to write what they have.
                Ok(true) => {
                    flushed_at = Some(hub.clock.instant());
                    gather(
                        &hub.clock,
                        flushed_at,
                        hub.settings.flush.max(Duration::from_millis(1)),
                    )
                    .await;
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(target: "zaptor::stream", tenant = %self.tenant, %error, "the journal cannot be read");
                }
            }
            if hub.end_if_idle(&self) {
                return;
            }
            tokio::select! {
                changed = nudge.changed() => if changed.is_err() {
                    nudge = hub.bus.journal(self.tenant);
                },
                () = hub.clock.sleep(LOOK_EVERY) => {}
            }
            // A lone event goes out at once; in a crowd, what comes within the flush time goes together.
            gather(&hub.clock, flushed_at, hub.settings.flush).await;
            flushed_at = Some(hub.clock.instant());
        }
    }

    /// Reads the next page into the ring. Gives whether there is more.
    async fn read_on(&self, hub: &Inner) -> Result<bool, StoreError> {
        let head = self.ring.read().head();
        let events = journal::read(
            hub.store.reads(),
            self.tenant,
            head,
            &EventFilter::default(),
            PAGE,
        )
        .await?;
        if events.is_empty() {
            return Ok(false);
        }
        let batch = Arc::new(Batch::of(&events));
        self.ring.write().push(batch);
        self.wake_all();
        Ok(events.len() as u64 == PAGE)
    }
}

async fn gather(clock: &Clock, flushed_at: Option<std::time::Instant>, flush: Duration) {
    let Some(flushed_at) = flushed_at else { return };
    let rest = flush.saturating_sub(clock.instant().saturating_duration_since(flushed_at));
    if !rest.is_zero() {
        clock.sleep(rest).await;
    }
}
