//! What an account costs its machine.

use super::Timestamp;

/// What an account's browser cost when it was measured last. Counters run over all sessions of the account on this node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resources {
    /// Memory in bytes: the proportional share of what its processes share with others (PSS).
    pub pss_bytes: u64,
    /// Processor time so far, in seconds.
    pub cpu_seconds: f64,
    /// Processor time since the last measurement, in percent of one core.
    pub cpu_percent: f64,
    /// Processes that live.
    pub processes: u32,
    /// Uncaught exceptions and crashes of the page so far.
    pub page_errors: u64,
    /// When.
    pub measured_at: Timestamp,
}
