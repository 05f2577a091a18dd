//! One heap of timers and one task for the whole network, however many sessions there are.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::network::Shared;
use crate::domain::{AccountId, Clock, WaMessageId, message::Ack};

/// What happens when a timer is due. `line` tells sessions of one account apart: a timer of an earlier one is void.
#[derive(Debug)]
pub(super) enum Due {
    /// The phone that scans by itself does so.
    Link { line: u64 },
    /// The shown pairing code is replaced.
    NextCode { line: u64, shown: u64 },
    /// The chats are loaded.
    Synced { line: u64 },
    /// The network acknowledges a message, whether or not a session listens.
    Ack { id: WaMessageId, ack: Ack },
}

struct Entry {
    at: Instant,
    order: u64,
    account: AccountId,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The heap. Timers of one moment fire in the order in which they were set.
pub(super) struct Timers {
    clock: Clock,
    heap: Mutex<(BinaryHeap<Reverse<Entry>>, u64)>,
    wake: Arc<Notify>,
}

impl Timers {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            heap: Mutex::new((BinaryHeap::new(), 0)),
            wake: Arc::new(Notify::new()),
        }
    }

    pub(super) fn set(&self, account: AccountId, delay: Duration, due: Due) {
        let at = self.clock.instant() + delay;
        let mut guard = self.heap.lock();
        let (heap, order) = &mut *guard;
        *order += 1;
        let first = heap.peek().is_none_or(|Reverse(head)| at < head.at);
        heap.push(Reverse(Entry {
            at,
            order: *order,
            account,
            due,
        }));
        drop(guard);
        if first {
            self.wake.notify_one();
        }
    }

    /// Takes the next timer that is due, or tells how long until there is one.
    fn take(&self) -> Result<(AccountId, Due), Option<Duration>> {
        let now = self.clock.instant();
        let heap = &mut self.heap.lock().0;
        match heap.peek() {
            None => Err(None),
            Some(Reverse(head)) if head.at > now => Err(Some(head.at - now)),
            Some(_) => heap
                .pop()
                .map(|Reverse(entry)| (entry.account, entry.due))
                .ok_or(None),
        }
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Fires timers until the network is gone.
pub(super) async fn run(network: Weak<Shared>, clock: Clock) {
    loop {
        let (wake, wait) = {
            let Some(network) = network.upgrade() else { return };
            let wait = loop {
                match network.timers.take() {
                    Ok((account, due)) => network.fire(account, due),
                    Err(wait) => break wait,
                }
            };
            (Arc::clone(&network.timers.wake), wait)
        };
        match wait {
            None => wake.notified().await,
            Some(wait) => tokio::select! {
                () = wake.notified() => {}
                () = clock.sleep(wait) => {}
            },
        }
    }
}
