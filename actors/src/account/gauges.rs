//! What is measured of an account's browser, kept over all its sessions on this node. The registry's sampler measures,
//! on a thread of its own; an actor never waits for `/proc`.

use std::sync::{Arc, OnceLock, atomic::Ordering};

use parking_lot::Mutex;

use super::{
    meter::{Meter, Reading},
    metrics,
};
use crate::{
    domain::{AccountId, Resources},
    session::Vitals,
};

/// The gauges of one account.
pub struct Gauges {
    account: AccountId,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    vitals: Option<Vitals>,
    /// Whose session it is, or was.
    generation: u64,
    /// Why the session that was opened last was taken along; kept over its end.
    taken_along: Arc<OnceLock<String>>,
    /// Of the session's own counter of page errors, what was taken already.
    taken_errors: u64,
    page_errors: u64,
    meter: Meter,
}

impl Gauges {
    /// The gauges of an account without a session.
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            inner: Mutex::default(),
        }
    }

    /// This generation's session is open.
    pub fn opened(&self, generation: u64, vitals: Vitals) {
        let mut inner = self.inner.lock();
        inner.generation = generation;
        inner.taken_errors = 0;
        inner.meter.begin();
        inner.taken_along = Arc::clone(&vitals.taken_along);
        inner.vitals = Some(vitals).filter(|vitals| vitals.leader.is_some());
    }

    /// The session is closed; what it cost since the last look is not known, its page's errors are.
    pub fn closed(&self) {
        let mut inner = self.inner.lock();
        let errors = inner.take_page_errors();
        if let (true, Some(last)) = (errors > 0, inner.meter.last()) {
            metrics::browser(self.account, &last, 0.0, errors);
        }
        inner.vitals = None;
        inner.meter.end();
        metrics::browser_gone(self.account);
    }

    /// Why the session ended with what it shares with others, if it did.
    pub fn taken_along(&self) -> Option<String> {
        self.inner.lock().taken_along.get().cloned()
    }

    /// The process that leads the browser, while one runs.
    pub fn leader(&self) -> Option<u32> {
        self.session().map(|(_, leader)| leader)
    }

    /// The generation whose browser runs, and the process that leads it. A generation may be over before its browser is
    /// closed.
    pub fn session(&self) -> Option<(u64, u32)> {
        let inner = self.inner.lock();
        let leader = inner.vitals.as_ref()?.leader?;
        Some((inner.generation, leader))
    }

    /// What the browser that runs now cost when it was measured last. Nothing before the first look, and without a
    /// browser.
    pub fn resources(&self) -> Option<Resources> {
        self.inner.lock().meter.last()
    }

    /// Takes a reading.
    pub fn note(&self, reading: &Reading) -> Option<Resources> {
        let mut inner = self.inner.lock();
        if inner.vitals.as_ref()?.leader != Some(reading.leader) {
            return None;
        }
        let errors = inner.take_page_errors();
        let page_errors = inner.page_errors;
        let (resources, spent) = inner.meter.note(reading, page_errors);
        metrics::browser(self.account, &resources, spent, errors);
        Some(resources)
    }
}

impl Inner {
    fn take_page_errors(&mut self) -> u64 {
        let now = self
            .vitals
            .as_ref()
            .map_or(0, |vitals| vitals.page_errors.load(Ordering::Relaxed));
        let more = now.saturating_sub(self.taken_errors);
        self.taken_errors = now;
        self.page_errors += more;
        more
    }
}

impl Drop for Gauges {
    fn drop(&mut self) {
        metrics::account_gone(self.account);
    }
}

impl std::fmt::Debug for Gauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gauges({}, {:?})", self.account, self.resources())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{domain::Timestamp, session::browser::Cost};

    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can only be made from the machine's clock"
    )]
    fn reading(leader: u32, cpu: &[(u32, f64)], pss_bytes: Option<u64>) -> Reading {
        let cpu = cpu.iter().map(|&(pid, seconds)| ((pid, 7), seconds));
        Reading {
            leader,
            processes: 2,
            cost: Cost {
                cpu_seconds: cpu.collect(),
                resident_bytes: 900,
            },
            pss_bytes,
            at: Instant::now(),
            told_at: Timestamp::from_millis(5),
        }
    }

    fn series(account: AccountId) -> usize {
        let account = account.to_string();
        let of_account = |metric: &prometheus::proto::Metric| {
            metric.get_label().iter().any(|label| label.value() == account)
        };
        prometheus::gather()
            .iter()
            .map(|family| {
                family
                    .get_metric()
                    .iter()
                    .filter(|metric| of_account(metric))
                    .count()
            })
            .sum()
    }

    #[test]
    fn figures_add_up_over_sessions_and_are_gone_with_the_account() {
        let account = AccountId::from_bits(0x9a06e5);
        let gauges = Gauges::new(account);
        assert_eq!(
            gauges.note(&reading(4, &[(4, 1.0)], None)),
            None,
            "no browser runs"
        );
        let vitals = Vitals {
            leader: Some(4),
            ..Vitals::default()
        };
        gauges.opened(1, vitals.clone());
        let first = gauges.note(&reading(4, &[(4, 1.0), (5, 0.5)], None)).unwrap();
        assert_eq!((first.pss_bytes, first.cpu_percent), (900, 0.0));
        vitals.page_errors.store(3, Ordering::Relaxed);
        let mut later = reading(4, &[(4, 2.0), (6, 1.0)], Some(700));
        later.at += Duration::from_secs(4);
        let second = gauges.note(&later).unwrap();
        assert!((second.cpu_seconds - 3.5).abs() < 1e-9, "{second:?}");
        assert_eq!((second.pss_bytes, second.page_errors), (700, 3));
        assert!(second.cpu_percent > 25.0, "{second:?}");
        assert_eq!(
            gauges.note(&reading(9, &[(9, 1.0)], None)),
            None,
            "another browser's"
        );
        assert_eq!(series(account), 4);

        gauges.closed();
        assert_eq!((gauges.resources(), gauges.leader()), (None, None));
        assert_eq!(series(account), 2, "what was spent stays, what is held is gone");
        let vitals = Vitals {
            leader: Some(8),
            ..Vitals::default()
        };
        gauges.opened(2, vitals);
        assert_eq!(gauges.session(), Some((2, 8)));
        let third = gauges.note(&reading(8, &[(8, 1.0)], None)).unwrap();
        assert!((third.cpu_seconds - 4.5).abs() < 1e-9, "{third:?}");
        assert_eq!(third.page_errors, 3);
        drop(gauges);
        assert_eq!(series(account), 0);
    }

    #[test]
    fn what_is_shared_is_never_more_than_what_is_there() {
        let gauges = Gauges::new(AccountId::from_bits(0x9a06e7));
        let vitals = Vitals {
            leader: Some(4),
            ..Vitals::default()
        };
        gauges.opened(1, vitals);
        let pss = |resident_bytes, pss_bytes| {
            let mut reading = reading(4, &[], pss_bytes);
            reading.cost.resident_bytes = resident_bytes;
            gauges.note(&reading).unwrap().pss_bytes
        };
        assert_eq!(pss(900, Some(800)), 800);
        assert_eq!(pss(850, None), 800, "not read this time");
        assert_eq!(pss(300, None), 300, "it has shrunk since");
        assert_eq!(pss(0, None), 0, "it was killed");
    }

    #[test]
    fn an_engine_without_processes_leaves_no_figure() {
        let gauges = Gauges::new(AccountId::from_bits(0x9a06e6));
        gauges.opened(1, Vitals::default());
        assert_eq!(gauges.leader(), None);
    }
}
