//! What the simulated engine is told: delays, patience and bounds.

use serde::Deserialize;

/// Settings of the simulated engine. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The seed of pairing codes and inbound ids: the same seed and the same calls give the same ones.
    pub seed: u64,
    /// Whether a phone scans every pairing code by itself. Off: only [`super::SimulatedNetwork::scan`] links.
    pub auto_link: bool,
    /// How long that phone takes, in milliseconds.
    pub link_after_ms: u64,
    /// How long a pairing code is shown, in milliseconds.
    pub pairing_period_ms: u64,
    /// How many codes are shown before the page gives up; at least 1.
    pub pairing_codes: u32,
    /// How long loading chats takes, in milliseconds.
    pub sync_ms: u64,
    /// From a send to the server's ack, in milliseconds; 0 answers at once.
    pub ack_ms: u64,
    /// From the server's ack until the other phone has the message, in milliseconds.
    pub deliver_ms: u64,
    /// From delivery until the message is read, in milliseconds.
    pub read_ms: u64,
    /// How long a probe's round trip takes, in milliseconds; 0 answers at once.
    pub probe_ms: u64,
    /// How long a command may go unanswered before the session is given up, in milliseconds.
    pub command_deadline_ms: u64,
    /// How long a send waits for the server's ack before it says that nobody can tell, in milliseconds.
    pub send_deadline_ms: u64,
    /// How many messages of an account the network remembers for look-ups; the oldest are forgotten first.
    pub remembered_messages: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            auto_link: true,
            link_after_ms: 2_000,
            pairing_period_ms: 20_000,
            pairing_codes: 6,
            sync_ms: 300,
            ack_ms: 5,
            deliver_ms: 40,
            read_ms: 120,
            probe_ms: 1,
            command_deadline_ms: 20_000,
            send_deadline_ms: 30_000,
            remembered_messages: 10_000,
        }
    }
}
