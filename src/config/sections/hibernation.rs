//! When accounts sleep.

use serde::{Deserialize, Serialize};

/// `[hibernation]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hibernation {
    /// How long an account may have nothing to do until it is parked; 0 means for ever.
    pub after_s: u32,
    /// Pause between two looks for messages of a parked account; 0 means never.
    pub wake_every_s: u32,
    /// Accounts that look for messages at the same time.
    pub wake_at_once: u32,
    /// How long an account that was woken to send stays awake without anything to do.
    pub linger_s: u32,
    /// How long the page of one that looks for messages must report nothing.
    pub visit_quiet_s: u32,
    /// How long one that looks for messages may keep the next one waiting.
    pub visit_max_s: u32,
    /// How long an account is woken before a message is due, until a wake of it was measured; 0 means never before.
    pub wake_lead_s: u32,
}
