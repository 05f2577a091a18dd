//! Measures what the accounts' browsers cost: one pass over `/proc` for all of them, on a thread that no actor waits for.

use std::{sync::Arc, time::Duration};

use super::entry::Office;
use crate::{
    account::{Gauges, Reading},
    domain::Clock,
    session::browser::{ProcessTable, memory_bytes},
};

/// Looks again and again. Ends with the registry. Without a browser on this node it costs nothing but the timer.
pub(super) async fn run(office: Office) {
    let interval = Duration::from_secs(office.settings.measure_interval_seconds);
    let looks_until_pss = office
        .settings
        .measure_memory_seconds
        .div_ceil(office.settings.measure_interval_seconds.max(1))
        .max(1);
    let mut look: u64 = 0;
    loop {
        office.clock.sleep(interval).await;
        let gauges = office.running.all().into_iter();
        let gauges: Vec<Arc<Gauges>> = gauges
            .map(|entry| Arc::clone(&entry.place().gauges))
            .filter(|gauges| gauges.leader().is_some())
            .collect();
        if gauges.is_empty() {
            continue;
        }
        look += 1;
        let (clock, exact) = (office.clock.clone(), look.is_multiple_of(looks_until_pss));
        let measured = tokio::task::spawn_blocking(move || measure(&gauges, &clock, exact)).await;
        if let Err(error) = measured {
            tracing::warn!(target: "zaptor::registry", %error, "the accounts' browsers could not be measured");
        }
    }
}

/// One pass. What processes share is read for all only where `exact` asks for it: it costs a millisecond or more for
/// each process, against some microseconds for the rest. The first look at a browser is always exact.
fn measure(gauges: &[Arc<Gauges>], clock: &Clock, exact: bool) {
    let table = ProcessTable::read();
    let (at, told_at) = (clock.instant(), clock.now());
    for gauges in gauges {
        let Some(leader) = gauges.leader() else { continue };
        let processes = table.family(leader);
        let exact = exact || gauges.resources().is_none();
        gauges.note(&Reading {
            leader,
            processes: processes.len(),
            cost: table.cost(&processes),
            pss_bytes: exact.then(|| memory_bytes(&processes)),
            at,
            told_at,
        });
    }
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
            gauges.opened(Vitals {
                leader: Some(leader),
                ..Vitals::default()
            });
            Arc::new(gauges)
        };
        // Numbers of processes end far below this one.
        let all = [opened(shell.id()), opened(u32::MAX - 1)];
        let clock = Clock::manual(Timestamp::from_millis(9));
        measure(&all, &clock, false);
        shell.kill().unwrap();
        shell.wait().unwrap();
        let [lives, ended] = all.map(|gauges| gauges.resources().unwrap());
        assert_eq!((lives.processes, lives.measured_at.millis()), (1, 9));
        let resident = ProcessTable::read().cost(&[std::process::id()]).resident_bytes;
        assert!((1..resident).contains(&lives.pss_bytes), "{lives:?}");
        assert_eq!((ended.processes, ended.pss_bytes), (0, 0));
    }
}
