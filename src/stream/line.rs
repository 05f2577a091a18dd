//! What the hub and a socket know of each other. The socket writes, the hub reads, and the other way round for the
//! farewell: no lock, no queue.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicU64, Ordering};

use futures::task::AtomicWaker;

use super::{connection::Cut, frames::Farewell};
use crate::auth::Principal;

/// One socket, as both sides see it. Times are milliseconds since the hub began, from 1.
pub(super) struct Line {
    pub(super) principal: Principal,
    waker: AtomicWaker,
    cursor: AtomicI64,
    live: AtomicBool,
    heartbeat_due: AtomicBool,
    heard_at: AtomicU64,
    behind_since: AtomicU64,
    farewell: AtomicU16,
    told_at: AtomicU64,
    cut: Option<Cut>,
}

impl Line {
    pub(super) fn new(principal: Principal, cursor: i64, now: u64, cut: Option<Cut>) -> Self {
        Self {
            principal,
            waker: AtomicWaker::new(),
            cursor: AtomicI64::new(cursor),
            live: AtomicBool::new(false),
            heartbeat_due: AtomicBool::new(false),
            heard_at: AtomicU64::new(now),
            behind_since: AtomicU64::new(0),
            farewell: AtomicU16::new(0),
            told_at: AtomicU64::new(0),
            cut,
        }
    }

    /// The socket waits: wake this when there is something.
    pub(super) fn wait(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// The socket has given everything up to `cursor` to the connection.
    pub(super) fn moved(&self, cursor: i64) {
        self.cursor.store(cursor, Ordering::Relaxed);
    }

    /// The socket has reached the newest event.
    pub(super) fn caught_up(&self) {
        self.live.store(true, Ordering::Relaxed);
        self.behind_since.store(0, Ordering::Relaxed);
    }

    /// The client gave a sign of life.
    pub(super) fn heard(&self, now: u64) {
        self.heard_at.store(now, Ordering::Relaxed);
    }

    pub(super) fn silent_for(&self, now: u64) -> u64 {
        now.saturating_sub(self.heard_at.load(Ordering::Relaxed))
    }

    pub(super) fn demand_heartbeat(&self) {
        self.heartbeat_due.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn take_heartbeat(&self) -> bool {
        self.heartbeat_due.load(Ordering::Relaxed) && self.heartbeat_due.swap(false, Ordering::Relaxed)
    }

    /// For how long a socket that was live once has been behind the ring; `covered` says whether the ring has what it
    /// needs next.
    pub(super) fn behind_for(&self, now: u64, covered: impl Fn(i64) -> bool) -> u64 {
        if !self.live.load(Ordering::Relaxed) {
            return 0;
        }
        match self.behind_since.load(Ordering::Relaxed) {
            0 => {
                if !covered(self.cursor.load(Ordering::Relaxed)) {
                    self.behind_since.store(now, Ordering::Relaxed);
                }
                0
            }
            since => now.saturating_sub(since),
        }
    }

    /// Tells the socket to end; the first reason counts.
    pub(super) fn dismiss(&self, farewell: Farewell, now: u64) -> bool {
        let first = self
            .farewell
            .compare_exchange(0, farewell.code(), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if first {
            self.told_at.store(now, Ordering::Relaxed);
            self.wake();
        }
        first
    }

    pub(super) fn farewell(&self) -> Option<Farewell> {
        Farewell::of_code(self.farewell.load(Ordering::Relaxed))
    }

    /// Ends the connection under a socket that was told to end and does not: it cannot, as its peer does not read.
    pub(super) fn cut_if_overdue(&self, now: u64, patience: u64) {
        let told = self.told_at.load(Ordering::Relaxed);
        if told > 0
            && now.saturating_sub(told) >= patience
            && let Some(cut) = &self.cut
        {
            cut.now();
        }
    }
}
