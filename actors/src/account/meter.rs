//! What processes cost, from one look at them to the next: an account's browser, or a driver that accounts share.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    domain::{Resources, Timestamp},
    session::browser::Cost,
};

/// One look at the processes of a browser, or of a driver.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The leader that was looked for: a reading of a browser that was replaced meanwhile counts nothing.
    pub leader: u32,
    /// How many processes live.
    pub processes: usize,
    /// What they have cost.
    pub cost: Cost,
    /// Their proportional share of memory in bytes, where it was read this time.
    pub pss_bytes: Option<u64>,
    /// When, by the clock that never steps back.
    pub at: Instant,
    /// When, for people.
    pub told_at: Timestamp,
}

/// Adds up what is spent over all that is measured by it, and remembers the last look.
#[derive(Debug, Default)]
pub struct Meter {
    at: Option<Instant>,
    taken: BTreeMap<(u32, u64), f64>,
    cpu_seconds: f64,
    pss_bytes: Option<u64>,
    last: Option<Resources>,
}

impl Meter {
    /// Other processes are measured from now on; what was spent stays.
    pub fn begin(&mut self) {
        self.at = None;
        self.taken.clear();
        self.pss_bytes = None;
    }

    /// Nothing runs any more.
    pub fn end(&mut self) {
        self.last = None;
    }

    /// What was seen last.
    pub const fn last(&self) -> Option<Resources> {
        self.last
    }

    /// Takes a reading; gives what is known now, and the seconds of processor time since the last one.
    pub fn note(&mut self, reading: &Reading, page_errors: u64) -> (Resources, f64) {
        // Of a browser that was killed nothing is left to be held against whoever comes next.
        let last = self.pss_bytes.map(|last| last.min(reading.cost.resident_bytes));
        self.pss_bytes = reading.pss_bytes.or(last);
        let spent = self.take_cpu(&reading.cost);
        let passed = self.at.replace(reading.at);
        let passed = passed.map_or(Duration::ZERO, |before| {
            reading.at.saturating_duration_since(before)
        });
        let percent = if passed.is_zero() {
            0.0
        } else {
            spent / passed.as_secs_f64() * 100.0
        };
        let resources = Resources {
            pss_bytes: self.pss_bytes.unwrap_or(reading.cost.resident_bytes),
            cpu_seconds: self.cpu_seconds,
            cpu_percent: percent,
            processes: u32::try_from(reading.processes).unwrap_or(u32::MAX),
            page_errors,
            measured_at: reading.told_at,
        };
        self.last = Some(resources);
        (resources, spent)
    }

    /// Adds what the processes have spent since the last look; one that has ended meanwhile takes its last bit along.
    fn take_cpu(&mut self, cost: &Cost) -> f64 {
        let before = &self.taken;
        let since =
            |(process, now): (&(u32, u64), &f64)| (now - before.get(process).unwrap_or(&0.0)).max(0.0);
        let spent = cost.cpu_seconds.iter().map(since).sum();
        self.taken.clone_from(&cost.cpu_seconds);
        self.cpu_seconds += spent;
        spent
    }
}
