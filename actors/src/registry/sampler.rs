//! Measures what the accounts' browsers and their drivers cost: one pass over `/proc` for all of them, on a thread that no actor waits for;
//! and acts on it. A browser above the hard limit is killed at once, one above the soft limit is made anew when nothing is
//! in flight or waits for it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::entry::{Entry, Office};
use crate::{
    account::{self, Gauges, Reading},
    domain::{AccountId, AccountState, Clock},
    outbox,
    protocol::{
        account::{MemoryOverLimit, Restart},
        registry::MemoryLimits,
    },
    session::browser::{ProcessTable, kill_all, memory_bytes},
};

/// Looks again and again. Ends with the registry. Without a browser on this node it costs nothing but the timer.
pub(super) async fn run(office: Office) {
    let settings = Arc::clone(&office.settings);
    let interval = Duration::from_secs(settings.measure_interval_seconds);
    let looks_until_pss = settings
        .measure_memory_seconds
        .div_ceil(settings.measure_interval_seconds.max(1))
        .max(1);
    let mut look: u64 = 0;
    let mut recycling = Recycling::default();
    loop {
        office.clock.sleep(interval).await;
        let entries = office
            .running
            .pick(|entry| entry.place().gauges.leader().is_some());
        let shards = office.shards();
        if entries.is_empty() && shards.is_empty() {
            continue;
        }
        look += 1;
        let gauges: Vec<Arc<Gauges>> = entries
            .iter()
            .map(|entry| Arc::clone(&entry.place().gauges))
            .collect();
        let (clock, exact) = (office.clock.clone(), look.is_multiple_of(looks_until_pss));
        let (limits, costs) = (settings.limits, Arc::clone(&office.driver_costs));
        let look = move || {
            let table = ProcessTable::read();
            measure(&gauges, &table, &clock, exact, limits);
            costs.measure(&shards, &table, &clock, exact);
        };
        let measured = tokio::task::spawn_blocking(look).await;
        if let Err(error) = measured {
            tracing::warn!(target: "zaptor::registry", %error, "the accounts' browsers could not be measured");
        }
        for entry in entries {
            recycling.judge(&office, entry).await;
        }
        office.shared.openings.review();
    }
}

/// One pass. What processes share is read for all only where `exact` asks for it: it costs a millisecond or more for
/// each process, against some microseconds for the rest. The first look at a browser is always exact, and so is one at a
/// browser that seems to be above a limit.
fn measure(gauges: &[Arc<Gauges>], table: &ProcessTable, clock: &Clock, exact: bool, limits: MemoryLimits) {
    let (at, told_at) = (clock.instant(), clock.now());
    for gauges in gauges {
        let Some(leader) = gauges.leader() else { continue };
        let processes = table.family(leader);
        let cost = table.cost(&processes);
        let exact = exact
            || gauges.resources().is_none()
            || [limits.soft_bytes, limits.hard_bytes]
                .iter()
                .any(|&limit| is_above(cost.resident_bytes, limit));
        gauges.note(&Reading {
            leader,
            processes: processes.len(),
            cost,
            pss_bytes: exact.then(|| memory_bytes(&processes)),
            at,
            told_at,
        });
    }
}

const fn is_above(bytes: u64, limit: u64) -> bool {
    limit > 0 && bytes > limit
}

/// Which browsers were made anew because of their size, and whether one is now: one at a time.
#[derive(Default)]
struct Recycling {
    last: HashMap<AccountId, Instant>,
    busy: Arc<AtomicBool>,
}

impl Recycling {
    async fn judge(&mut self, office: &Office, entry: Entry) {
        let limits = office.settings.limits;
        let gauges = &entry.place().gauges;
        let Some((session, resources)) = gauges.session().zip(gauges.resources()) else {
            return;
        };
        if is_above(resources.pss_bytes, limits.hard_bytes) {
            end_at_once(&entry, session, resources.pss_bytes, limits.hard_bytes);
        } else if is_above(resources.pss_bytes, limits.soft_bytes) && self.is_due(office, &entry).await {
            self.recycle(office, entry, resources.pss_bytes);
        }
    }

    /// Whether nothing is in flight or waits for it, and it was not made anew just now.
    async fn is_due(&self, office: &Office, entry: &Entry) -> bool {
        let pause = Duration::from_secs(office.settings.recycle_pause_seconds);
        let now = office.clock.instant();
        let rested = self
            .last
            .get(&entry.account())
            .is_none_or(|&last| now.saturating_duration_since(last) >= pause);
        let quiet = || entry.place().standing.state() == AccountState::Online && entry.is_quiet();
        if !rested || self.busy.load(Ordering::Acquire) || !quiet() {
            return false;
        }
        let waits = outbox::has_ready(office.store.reads(), entry.account(), office.clock.now()).await;
        waits.is_ok_and(|waits| !waits) && quiet()
    }

    fn recycle(&mut self, office: &Office, entry: Entry, bytes: u64) {
        tracing::warn!(target: "zaptor::registry", account = %entry.account(), mib = bytes >> 20,
            "its browser takes much memory and is made anew");
        account::note_restart("memory_over_soft_limit");
        let (running, now) = (&office.running, office.clock.instant());
        self.last.retain(|account, _| running.find(*account).is_some());
        self.last.insert(entry.account(), now);
        self.busy.store(true, Ordering::Release);
        let (office, busy) = (office.clone(), Arc::clone(&self.busy));
        let limit_bytes = office.settings.limits.soft_bytes;
        actix::spawn(async move {
            if let Err(error) = entry
                .restart(&office, Restart::Memory { bytes, limit_bytes })
                .await
            {
                tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not opened anew");
            }
            busy.store(false, Ordering::Release);
        });
    }
}

/// The account hears why before its browser is gone, so that the exit says it.
fn end_at_once(entry: &Entry, (generation, leader): (u64, u32), bytes: u64, limit_bytes: u64) {
    tracing::error!(target: "zaptor::registry", account = %entry.account(), mib = bytes >> 20,
        limit_mib = limit_bytes >> 20, "its browser takes more memory than it may and is killed");
    if let Some(account) = entry.address() {
        account.do_send(MemoryOverLimit {
            generation,
            bytes,
            limit_bytes,
        });
    }
    kill_all(&ProcessTable::read().family(leader));
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::{
        domain::{AccountId, Timestamp},
        session::Vitals,
    };

    #[test]
    fn every_browser_is_measured_in_one_pass_and_exactly_at_first() {
        let mut shell = Command::new("sh")
            .args(["-c", "read nothing"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let opened = |leader| {
            let gauges = Gauges::new(AccountId::from_bits(u128::from(leader)));
            let vitals = Vitals {
                leader: Some(leader),
                ..Vitals::default()
            };
            gauges.opened(1, vitals);
            Arc::new(gauges)
        };
        // Numbers of processes end far below this one.
        let all = [opened(shell.id()), opened(u32::MAX - 1)];
        let clock = Clock::manual(Timestamp::from_millis(9));
        measure(
            &all,
            &ProcessTable::read(),
            &clock,
            false,
            MemoryLimits::default(),
        );
        shell.kill().unwrap();
        shell.wait().unwrap();
        let [lives, ended] = all.map(|gauges| gauges.resources().unwrap());
        assert_eq!((lives.processes, lives.measured_at.millis()), (1, 9));
        let resident = ProcessTable::read().cost(&[std::process::id()]).resident_bytes;
        assert!((1..resident).contains(&lives.pss_bytes), "{lives:?}");
        assert_eq!((ended.processes, ended.pss_bytes), (0, 0));
    }
}
