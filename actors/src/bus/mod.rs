//! F2: the bus, wake-ups only. The journal is the truth: whoever misses a nudge finds the event at the next one, or at
//! its own poll. Flushing Redis loses nothing.
//!
//! This room never carries data: a nudge is a tenant and a number.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{mpsc, watch};

use crate::domain::TenantId;

pub mod redis;

/// How many nudges may wait for Redis; more are dropped, which costs latency on other nodes only.
const REMOTE_QUEUE: usize = 1_024;

/// Nudges within this process and, when Redis is configured, between nodes. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bus(Arc<Inner>);

#[derive(Default)]
struct Inner {
    journals: DashMap<TenantId, watch::Sender<i64>>,
    remote: std::sync::OnceLock<mpsc::Sender<(TenantId, i64)>>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bus")
    }
}

impl Bus {
    /// A bus within this process.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that the tenant's journal reaches to `seq`, here and on the other nodes. Never blocks.
    pub fn announce(&self, tenant: TenantId, seq: i64) {
        self.wake(tenant, seq);
        if let Some(remote) = self.0.remote.get() {
            let _ = remote.try_send((tenant, seq));
        }
    }

    /// Wakes the listeners of this process only.
    pub(self) fn wake(&self, tenant: TenantId, seq: i64) {
        if let Some(journal) = self.0.journals.get(&tenant) {
            journal.send_if_modified(|last| {
                let newer = seq > *last;
                *last = (*last).max(seq);
                newer
            });
        }
    }

    /// The number up to which the tenant's journal is known to reach; 0 before the first nudge. Changes wake the holder.
    pub fn journal(&self, tenant: TenantId) -> watch::Receiver<i64> {
        self.0
            .journals
            .entry(tenant)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe()
    }

    /// Forgets tenants to whom nobody listens.
    pub fn forget_idle(&self) {
        self.0.journals.retain(|_, journal| journal.receiver_count() > 0);
    }

    fn connect_remote(&self) -> Option<mpsc::Receiver<(TenantId, i64)>> {
        let (send, receive) = mpsc::channel(REMOTE_QUEUE);
        self.0.remote.set(send).ok().map(|()| receive)
    }
}
