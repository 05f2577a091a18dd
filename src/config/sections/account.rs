//! One account, what restarts it, and what it may cost.

use serde::{Deserialize, Serialize};

/// `[account]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Pause between two proofs that an account is online.
    pub probe_interval_s: u32,
    /// The same while it is degraded.
    pub probe_interval_degraded_s: u32,
    /// Pause between two comparisons with what the page has received.
    pub gap_check_interval_s: u32,
    /// How long a page may take to prove a round trip with new files of the agent.
    pub agent_proof_s: u32,
    /// Failed proofs in a row until the session is replaced.
    pub probe_failures_max: u32,
    /// How long opening a session may take.
    pub open_deadline_s: u32,
    /// How long a command but a send may take.
    pub command_deadline_s: u32,
    /// How long a send may take.
    pub send_deadline_s: u32,
    /// How long closing a session may take.
    pub close_deadline_s: u32,
    /// How long a stop waits for a send in flight.
    pub stop_grace_s: u32,
    /// Commands that may wait for the session.
    pub command_queue_max: u32,
    /// Pause between two looks at a message that the page holds back.
    pub look_up_interval_ms: u32,
    /// How long such a message holds up those behind it.
    pub look_up_patience_s: u32,
    /// How long the outcome of a send may stay in doubt.
    pub unknown_after_s: u32,
    /// Longest first pause before a message is tried again.
    pub retry_base_ms: u32,
    /// Longest such pause.
    pub retry_cap_s: u32,
    /// Renewals of a pairing code that nobody asks for.
    pub pairing_refreshes: u32,
    /// How long somebody waits for a pairing code.
    pub pairing_wait_s: u32,
}

/// `[repair]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// How long a page may say nothing after it was opened.
    pub silence_s: u32,
    /// From closing what covers a page to a proven round trip.
    pub dismiss_modal_s: u32,
    /// From loading the page anew to a proven round trip.
    pub reload_page_s: u32,
    /// From another page to a proven round trip.
    pub new_page_s: u32,
    /// From another browser to a proven round trip.
    pub new_browser_s: u32,
    /// From putting a snapshot back to a proven round trip.
    pub restore_profile_s: u32,
    /// How often each stage is tried.
    pub attempts_max: u32,
    /// Pause between two loads of the page after everything was tried.
    pub retry_s: u32,
    /// How long a repair that was under way when the process ended is remembered.
    pub remember_s: u32,
}

/// `[supervision]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervision {
    /// Restarts allowed within the window.
    pub restarts_max: u32,
    /// The window of the restart budget.
    pub window_s: u32,
    /// Longest first pause before a restart.
    pub backoff_base_ms: u32,
    /// Longest pause between two attempts.
    pub backoff_cap_s: u32,
    /// Threads on which accounts run; 0 means one for each processor.
    pub threads: u32,
}

/// `[resources]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Browsers that are opened at a time.
    pub start_at_once: u32,
    /// What all browsers may take; 0: a share of the machine.
    pub budget_mib: u32,
    /// That share.
    pub budget_percent: u32,
    /// What a browser is expected to take.
    pub browser_mib: u32,
    /// Above it, a browser is made anew at a quiet moment; 0: never.
    pub soft_mib: u32,
    /// Pause between two such times.
    pub soft_pause_s: u32,
    /// Above it, a browser is killed; 0: never.
    pub hard_mib: u32,
    /// Pause between two looks at the browsers' processes.
    pub measure_interval_s: u32,
    /// Pause between two looks at what they share of their memory.
    pub measure_memory_s: u32,
}
