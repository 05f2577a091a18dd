//! What happens to a message on its way out, and what it costs.

use serde::{Deserialize, Serialize};

/// `[dispatcher]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispatcher {
    /// Messages that may wait for their commit.
    pub intake_queue_max: u32,
    /// Messages accepted together at most.
    pub intake_batch_max: u32,
    /// How long the account may take to answer for one message.
    pub deliver_timeout_s: u32,
    /// Pause between two looks for what no nudge has told.
    pub poll_interval_ms: u32,
    /// Life of a message that names no expiry.
    pub expiry_h: u32,
    /// How long answers are kept for their Idempotency-Key.
    pub idempotency_h: u32,
}

/// `[rate_limit]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Pace of each account.
    pub messages_per_minute: u32,
    /// Messages at once after a silence.
    pub burst: u32,
}

/// `[billing]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// Tokens for a text message.
    pub price_text: u32,
    /// Tokens below which a wallet runs low.
    pub low_threshold: u32,
    /// Tokens of a new tenant.
    pub trial_tokens: u32,
}
